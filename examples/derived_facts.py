"""What every game knows of itself, worked out from its payoff rule."""

from comity.games.catalogue import GAMES

for name in ("prisoners_dilemma", "stag_hunt", "chicken", "trust_game", "matching_pennies"):
    game = GAMES[name]()
    print(f"{name}: equilibria {game.pure_equilibria()}, scores between {game.scale.low:g} and {game.scale.high:g}")
