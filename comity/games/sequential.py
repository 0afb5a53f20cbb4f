"""The trust game played in turn: the trustee sees what the truster did."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from comity.core.decision import Decision, Fact
from comity.core.flow import Flow, ask
from comity.core.named import Scale
from comity.core.outcome import Outcome
from comity.core.space import OneOf
from comity.games.matrix import Pair, TrustGame


@dataclass(frozen=True)
class Moved:
    """What the player in that seat has just done, for all to see."""

    seat: int
    action: str


@dataclass(frozen=True)
class SequentialTrustGame:
    """The truster gives or keeps; the trustee sees it, then gives back or keeps (Berg, Dickhaut and McCabe 1995).

    Payoffs as in `TrustGame`. Not a stage game: put `strategic_form` on it before mediation or a contract.
    """

    give_give: Pair = (10, 10)
    give_keep: Pair = (0, 20)
    keep_give: Pair = (6, 2)
    keep_keep: Pair = (4, 4)

    def __post_init__(self) -> None:
        _ = self.at_once  # which checks the payoffs

    @cached_property
    def at_once(self) -> TrustGame:
        """The same payoffs with both acting at once."""
        return TrustGame(self.give_give, self.give_keep, self.keep_give, self.keep_keep)

    @property
    def n_players(self) -> int:
        return 2

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (self,)

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        """The names of the actions of each seat."""
        return self.at_once.actions

    @property
    def roles(self) -> tuple[str, ...]:
        return self.at_once.roles

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return self.at_once.cooperative

    @property
    def defective(self) -> tuple[str | None, ...]:
        return self.at_once.defective

    @property
    def scale(self) -> Scale:
        return self.at_once.scale

    def play(self) -> Flow[Outcome]:
        first, second = (OneOf(actions) for actions in self.at_once.actions)
        [given] = yield from ask(Decision(0, "act", first, (self,)))
        [returned] = yield from ask(Decision(1, "act", second, (self, Moved(0, given))))
        profile = (given, returned)
        return Outcome(self.at_once.payoffs(profile), profile)
