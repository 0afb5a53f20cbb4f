"""Any two-player game, cell by cell, and what each seat is shown of it."""

from comity.games.matrix import MatrixGame
from comity.words.render import render_rules

game = MatrixGame(
    first_actions=("inspect", "trust"),
    second_actions=("comply", "cheat"),
    cells=(((2, 3), (4, 0)), ((3, 3), (0, 5))),
    role_names=("inspector", "inspected"),
)
for seat in range(2):
    print(render_rules(game, seat), "\n")
