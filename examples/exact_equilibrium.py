"""The equilibrium of a mediated dilemma, by backward induction over the same rules that are played."""

from comity.core.match import replay
from comity.exact.equilibria import backward_induction
from comity.games.matrix import PrisonersDilemma
from comity.mechanisms.mediation import Mediated

game = Mediated(PrisonersDilemma())
mutual = ("defect", "cooperate")  # defects for one who delegates, cooperates for two
path = ((mutual, mutual), ((True, True), (True, True)), (0,))  # proposed by both, approved by both, a tie drawn
print("to decide:", [decision.kind for decision in replay(game, path).pending])
solution = backward_induction(game, path)
print("worth:", solution.values)
