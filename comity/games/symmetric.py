"""Games for any number of interchangeable players: public goods, and any other from a payoff rule."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from comity.core.errors import BadParameter
from comity.games.normal_form import NormalForm, Payoffs, Profile, without


@dataclass(frozen=True)
class PublicGoods(NormalForm):
    """Each contributes its endowment of one or keeps it; what is contributed is multiplied and shared by all.

    With k contributors of n and multiplier m, everybody gets m k / n and those who kept their endowment one more.
    Ledyard (1995); parameters by default as in CoopEval (2026). Raises `BadParameter` unless 1 < m < n.
    """

    players: int = 3
    multiplier: float = 1.5

    def __post_init__(self) -> None:
        if self.players < 2 or not 1 < self.multiplier < self.players:
            raise BadParameter("a public goods game needs at least two players and 1 < multiplier < players")

    @property
    def n_players(self) -> int:
        return self.players

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return (("contribute", "free_ride"),) * self.players

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return ("contribute",) * self.players

    @property
    def defective(self) -> tuple[str | None, ...]:
        return ("free_ride",) * self.players

    def payoffs(self, profile: Profile) -> Payoffs:
        share = self.multiplier * profile.count("contribute") / self.players
        return tuple(share + (action == "free_ride") for action in profile)


@dataclass(frozen=True)
class SymmetricGame(NormalForm):
    """Any game in which the players are interchangeable: pay depends on the own action and the count of the others'.

    players: how many.
    names: the actions.
    table: table[a][j] pays action a when the others play the j-th multiset of actions, in the order of
        `itertools.combinations_with_replacement(names, players - 1)`. With two actions that is: all others play the
        first action, all but one, ..., none.
    """

    players: int
    names: tuple[str, ...]
    table: tuple[tuple[float, ...], ...]
    cooperate: str | None = None
    defect: str | None = None

    def __post_init__(self) -> None:
        if self.players < 2 or len(set(self.names)) < max(len(self.names), 1):
            raise BadParameter("a symmetric game needs at least two players and different names for its actions")
        width = len(self._others)
        if len(self.table) != len(self.names) or any(len(row) != width for row in self.table):
            raise BadParameter(f"table needs {len(self.names)} rows of {width} payoffs, one row for each action")
        for field, action in (("cooperate", self.cooperate), ("defect", self.defect)):
            if action is not None and action not in self.names:
                raise BadParameter(f"{field} names {action!r}, which is not one of the actions {list(self.names)}")

    @classmethod
    def from_rule(
        cls,
        players: int,
        names: tuple[str, ...],
        rule: Callable[[str, Profile], float],
        cooperate: str | None = None,
        defect: str | None = None,
    ) -> SymmetricGame:
        """The game that pays rule(own action, the others' actions in the order of the names)."""
        multisets = list(itertools.combinations_with_replacement(names, players - 1))
        table = tuple(tuple(rule(own, others) for others in multisets) for own in names)
        return cls(players, names, table, cooperate, defect)

    @cached_property
    def _others(self) -> dict[Profile, int]:
        multisets = itertools.combinations_with_replacement(self.names, self.players - 1)
        return {others: place for place, others in enumerate(multisets)}

    @property
    def n_players(self) -> int:
        return self.players

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return (self.names,) * self.players

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return (self.cooperate,) * self.players

    @property
    def defective(self) -> tuple[str | None, ...]:
        return (self.defect,) * self.players

    def payoffs(self, profile: Profile) -> Payoffs:
        return tuple(self._paid(own, without(profile, seat)) for seat, own in enumerate(profile))

    def _paid(self, own: str, others: Profile) -> float:
        multiset = tuple(sorted(others, key=self.names.index))
        return self.table[self.names.index(own)][self._others[multiset]]
