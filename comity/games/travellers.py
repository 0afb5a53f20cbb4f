"""The traveller's dilemma (Basu 1994): the lower of two claims is paid, with a bonus for it, a fine for the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from comity.core.errors import BadParameter
from comity.games.normal_form import NormalForm, Payoffs, Profile


@dataclass(frozen=True)
class TravellersDilemma(NormalForm):
    """Equal claims are paid as they are; else both get the lower claim, plus the bonus if it was theirs, minus if not.

    The claims are min_claim, min_claim + spacing, ... (`claims` of them). Parameters by default as in CoopEval (2026).
    The highest claim cooperates and the lowest defects. Raises `BadParameter` unless there are two claims or more,
    the spacing is positive and the bonus larger than the spacing (else undercutting does not pay: there is no dilemma).
    """

    min_claim: float = 2
    claims: int = 4
    spacing: float = 1
    bonus: float = 2

    def __post_init__(self) -> None:
        if self.claims < 2 or not self.spacing > 0 or not self.bonus > self.spacing:
            raise BadParameter("a traveller's dilemma needs at least two claims and bonus > spacing > 0")

    @property
    def n_players(self) -> int:
        return 2

    @cached_property
    def values(self) -> dict[str, float]:
        """What each action claims."""
        claims = [self.min_claim + step * self.spacing for step in range(self.claims)]
        return {f"{claim:.12g}": claim for claim in claims}

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return (tuple(self.values),) * 2

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return (list(self.values)[-1],) * 2

    @property
    def defective(self) -> tuple[str | None, ...]:
        return (next(iter(self.values)),) * 2

    def payoffs(self, profile: Profile) -> Payoffs:
        mine, theirs = (self.values[claim] for claim in profile)
        low = min(mine, theirs)
        if mine == theirs:
            return (low, low)
        return (low + self.bonus, low - self.bonus) if mine < theirs else (low - self.bonus, low + self.bonus)
