"""Mechanisms make games from games, so they stack; what cannot stand says why."""

from comity.core.errors import BadStack
from comity.games.matrix import PrisonersDilemma
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.repetition import Repeated

game = Rotated(Repeated(Mediated(PrisonersDilemma()), rounds=3), population=6, rounds=2)
print(f"{game.n_players} players know: {', '.join(type(fact).__name__ for fact in game.rules)}")
try:
    Mediated(Repeated(PrisonersDilemma()))
except BadStack as reason:
    print(reason)
