"""A plugin for comity: the volunteer's dilemma (Diekmann 1985) and an agent that plays its mixed equilibrium."""

from dataclasses import dataclass

from comity.core.errors import BadParameter
from comity.core.space import Lottery
from comity.games.normal_form import NormalForm


@dataclass(frozen=True)
class VolunteersDilemma(NormalForm):
    """Everybody gets `benefit` if at least one player volunteers, and volunteering costs `cost`."""

    players: int = 3
    benefit: float = 4
    cost: float = 1

    def __post_init__(self):
        if not self.benefit > self.cost > 0:
            raise BadParameter("a volunteer's dilemma needs benefit > cost > 0")

    @property
    def n_players(self):
        return self.players

    @property
    def actions(self):
        return (("volunteer", "wait"),) * self.players

    cooperative = property(lambda self: ("volunteer",) * self.players)
    defective = property(lambda self: ("wait",) * self.players)

    def payoffs(self, profile):
        good = self.benefit if "volunteer" in profile else 0
        return tuple(good - self.cost * (action == "volunteer") for action in profile)


@dataclass(frozen=True)
class MixedVolunteer:
    """Waits with probability (cost / benefit) ** (1 / (players - 1)), where waiting pays what volunteering does."""

    def begin(self, game, player):
        dilemma = next(fact for fact in game.rules if isinstance(fact, VolunteersDilemma))
        wait = (dilemma.cost / dilemma.benefit) ** (1 / (dilemma.players - 1))
        return lambda decision: Lottery(("volunteer", "wait"), (1 - wait, wait))
