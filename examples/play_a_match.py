"""Two scripted agents in a repeated prisoner's dilemma, told in words."""

from comity.core.match import play
from comity.games.matrix import PrisonersDilemma
from comity.mechanisms.repetition import Repeated
from comity.strategies.catalogue import STRATEGIES
from comity.words.transcript import transcript

game = Repeated(PrisonersDilemma(), rounds=4)
seats = [STRATEGIES[name]().begin(game, player) for player, name in enumerate(("tit_for_tat", "alternate"))]
match = play(game, lambda decision: seats[decision.player](decision))
print(transcript(game, match.choices, {0: "tit for tat", 1: "alternate"}))
