"""The same game in larger or smaller numbers: what should change nothing, and may be tested to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from comity.core.decision import Decision, Fact
from comity.core.errors import BadParameter, BadStack
from comity.core.flow import Decisions, Flow, ask
from comity.core.named import NamedStage, Scale
from comity.core.outcome import Outcome
from comity.core.space import OneOf
from comity.mechanisms.stacking import label

MOST = 1_000_000
"""Beyond this factor, and this shift, the difference of two payoffs may be lost in rounding."""


@dataclass(frozen=True)
class Rescaled:
    """base with every payoff turned into `times` x payoff + `plus`: a positive affine change of units.

    Such games are equivalent (von Neumann and Morgenstern 1944): best replies, equilibria and everything that is
    measured between the lowest and the highest payoff stay, and so do scores. A named stage game itself, told as a
    table of what it pays, and not as the rule that base may have. Raises `BadParameter` unless times lies between 1 in
    `MOST` and `MOST`, and plus between -`MOST` and `MOST`; and `BadStack` unless base is a base game in which all act
    once and at the same time.
    """

    base: NamedStage
    times: float = 1
    plus: float = 0

    def __post_init__(self) -> None:
        if not self.times > 0:
            raise BadParameter(f"times must be positive, or the game becomes another one; not {self.times:g}")
        if not 1 / MOST <= self.times <= MOST:
            raise BadParameter(f"times must lie between {1 / MOST:f} and {MOST:,}, not be {self.times:g}")
        if not abs(self.plus) <= MOST:
            raise BadParameter(f"plus must lie between -{MOST:,} and {MOST:,}, not be {self.plus:g}")
        if not isinstance(self.base, NamedStage) or len(self.base.rules) > 1:
            raise BadStack(
                f"rescaling stands on a base game in which all act once and at the same time, before any other "
                f"mechanism, and not on {label(self.base)}"
            )

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return self.base.actions

    @property
    def rules(self) -> tuple[Fact, ...]:
        """The game itself in its new units; base in its old ones is not told."""
        return (self,)

    @property
    def roles(self) -> tuple[str, ...]:
        return self.base.roles

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return self.base.cooperative

    @property
    def defective(self) -> tuple[str | None, ...]:
        return self.base.defective

    @cached_property
    def scale(self) -> Scale:
        """That of base in the new units, so that a play scores what it scores there."""
        return Scale(self._changed(self.base.scale.low), self._changed(self.base.scale.high))

    def payoffs(self, profile: tuple[str, ...]) -> tuple[float, ...]:
        return tuple(map(self._changed, self.base.payoffs(profile)))

    @cached_property
    def _decisions(self) -> Decisions:
        return tuple(Decision(seat, "act", OneOf(actions), (self,)) for seat, actions in enumerate(self.actions))

    def play(self) -> Flow[Outcome]:
        profile = yield from ask(*self._decisions)
        return Outcome(self.payoffs(profile), profile)

    def _changed(self, payoff: float) -> float:
        return self.times * payoff + self.plus
