"""All strict ordinal games of two players with two actions each: 144 of them, worked out and never copied.

Each player ranks the four cells from 1 (worst) to 4 (best) without ties. That gives 24 x 24 tables; tables that differ
only by the order of a player's actions are the same game, which leaves 144. They are laid out as by Robinson and
Goforth (2005): a row for each of the twelve patterns in which the first player may rank the cells, a column for each
of the second player's, and next to each other those that differ by one swap of two neighbouring ranks.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from comity.core.errors import BadParameter
from comity.games.matrix import Bimatrix, Pair

Table: TypeAlias = tuple[tuple[Pair, ...], ...]
"""table[i][j] pays (first player, second player) when they play their i-th and j-th action."""

Pattern: TypeAlias = tuple[int, int, int, int]
"""How a player ranks the cells, by the own action and then the other's: (1, 1), (1, 2), (2, 1), (2, 2)."""

TITLES = (
    "Chicken",
    "Battle",
    "Hero",
    "Pure Delight",
    "Deadlock",
    "Prisoner's Dilemma",
    "Stag Hunt",
    "Assurance",
    "Coordination",
    "Mixed Harmony",
    "Harmony",
    "No Conflict",
)
"""The games in which both players rank alike, in the order of the patterns; names as Akata et al. (2025) print them."""

FAMILIES = ("Win-win", "Biased", "Second Best", "Unfair", "PD family", "Tragic", "Cyclic")
"""The families of `family`, from the best of what their equilibria pay to those without any."""

_BY_SPLIT: dict[Pair, str] = {(2, 4): "Unfair", (3, 3): "Second Best", (2, 3): "Tragic"}

_CHICKEN: Pattern = (3, 2, 4, 1)
_RING = (2, 1, 2, 1, 2)
"""Swaps of 2-3 and 1-2 in turn lead through six patterns; the sixth such swap would lead back to the first."""
_WALK = (*_RING, 3, *_RING)
"""The lower of the two ranks swapped at each step: through one ring, by 3-4 over to the other, through that."""


@cache
def patterns() -> tuple[Pattern, ...]:
    """The twelve ways in which the first player may rank the cells with its 4 in column 1, in the order of the layout.

    They are met on a walk by swaps of neighbouring ranks that begins at Chicken: see `_WALK`.
    """
    walk = [_CHICKEN]
    for lower in _WALK:
        walk.append(_swapped(walk[-1], lower))
    return tuple(walk)


def _swapped(pattern: Pattern, lower: int) -> Pattern:
    """The pattern with the ranks `lower` and `lower` + 1 exchanged."""
    exchanged = {lower: lower + 1, lower + 1: lower}
    a, b, c, d = (exchanged.get(rank, rank) for rank in pattern)
    return (a, b, c, d)


@dataclass(frozen=True)
class OrdinalGame(Bimatrix):
    """A strict ordinal 2x2 game, named by its place in the layout of Robinson and Goforth (2005).

    row, column: from 1 to 12, the pattern of the first and of the second player; by default the prisoner's dilemma.
    The first player's 4 stands in the first column and the second player's 4 in the first row. Where row and column
    add up to 13 both rank alike. Pays the ranks themselves, 1 to 4.

    An action cooperates only where both rank alike and the game fits what Macy and Flache (2002) ask of a social
    dilemma, as far as ranks decide it: both are better off if both take it than if neither does, who takes it wants
    the other to take it too, it is either tempting to leave it or risky to take it, and who alone leaves it is better
    off than who alone takes it. That is the first action of Chicken, Prisoner's Dilemma, Stag Hunt and Assurance.
    Raises `BadParameter` where there is no such row or column.
    """

    row: int = 6
    column: int = 7

    def __post_init__(self) -> None:
        for field, place in (("row", self.row), ("column", self.column)):
            if not 1 <= place <= len(TITLES):
                raise BadParameter(f"the {field} of an ordinal game must be 1 to {len(TITLES)}, not {place}")

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return (("A", "B"), ("A", "B"))

    @property
    def is_symmetric(self) -> bool:
        """Whether both players rank alike."""
        return self.row + self.column == len(TITLES) + 1

    @property
    def roles(self) -> tuple[str, ...]:
        return ("player", "player") if self.is_symmetric else ("first", "second")

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return self._both("A")

    @property
    def defective(self) -> tuple[str | None, ...]:
        return self._both("B")

    def _both(self, action: str) -> tuple[str | None, ...]:
        """That action for both players, where the first cooperates and the second defects."""
        is_dilemma = self.is_symmetric and _is_dilemma(patterns()[self.row - 1])
        return (action, action) if is_dilemma else (None, None)

    @property
    def table(self) -> Table:
        own, other = patterns()[self.row - 1], patterns()[len(TITLES) - self.column]
        return tuple(tuple((own[2 * i + j], other[2 * j + i]) for j in (0, 1)) for i in (0, 1))

    @property
    def number(self) -> str:
        """Its number, row by row: rg001 to rg144."""
        return f"rg{(self.row - 1) * len(TITLES) + self.column:03d}"

    @property
    def title(self) -> str:
        """Its name: that of a symmetric game, or the two whose patterns it joins, the first player's first.

        After Bruns (2015), by whose system any other game is named by the symmetric ones.
        """
        first, second = TITLES[self.row - 1], TITLES[len(TITLES) - self.column]
        return first if first == second else f"{first} / {second}"

    @property
    def family(self) -> str:
        """The family of the game: see the function of that name."""
        return family(self.table)

    @property
    def twin(self) -> OrdinalGame:
        """The game with the players exchanged; a symmetric game is its own twin."""
        return OrdinalGame(len(TITLES) + 1 - self.column, len(TITLES) + 1 - self.row)

    @property
    def neighbours(self) -> tuple[OrdinalGame, ...]:
        """The six games that one swap away lie: for the first player 1-2, 2-3 and 3-4, then for the second."""
        return tuple(
            ordinal_class(_with_swapped(self.table, player, lower)) for player in (0, 1) for lower in (1, 2, 3)
        )


def _is_dilemma(pattern: Pattern) -> bool:
    """Whether in a game in which both rank so the first action cooperates: see `OrdinalGame`.

    The second action never does: with the 4 in the first column, either both gain by leaving it together or whoever
    takes it would rather have the other leave it.
    """
    reward, sucker, temptation, punishment = pattern
    wanted = reward > punishment and reward > sucker and temptation > sucker
    return wanted and (temptation > reward or punishment > sucker)


def _with_swapped(table: Table, player: int, lower: int) -> Table:
    """The table with two neighbouring ranks of one player exchanged."""
    exchanged: dict[float, float] = {lower: lower + 1, lower + 1: lower}

    def cell(pair: Pair) -> Pair:
        first, second = pair
        if player == 0:
            return (exchanged.get(first, first), second)
        return (first, exchanged.get(second, second))

    return tuple(tuple(map(cell, line)) for line in table)


@cache
def ordinal_games() -> tuple[OrdinalGame, ...]:
    """All 144, row by row."""
    places = range(1, len(TITLES) + 1)
    return tuple(OrdinalGame(row, column) for row, column in itertools.product(places, places))


def ordinal_class(table: Table) -> OrdinalGame:
    """The ordinal game that a table belongs to: its payoffs as ranks, its rows and columns in the order of the layout.

    Raises `BadParameter` unless there are two rows of two cells and no player is paid the same in two of them.
    """
    return _by_table()[_oriented(_ranked(table))]


@cache
def _by_table() -> dict[Table, OrdinalGame]:
    return {game.table: game for game in ordinal_games()}


def _ranked(table: Table) -> Table:
    """The table with every payoff as its rank among those of its player."""
    if len(table) != 2 or any(len(line) != 2 for line in table):
        raise BadParameter("an ordinal game has two rows of two cells, each a pair of payoffs")
    ranks = []
    for player in (0, 1):
        paid = sorted({cell[player] for line in table for cell in line})
        if len(paid) < 4:
            raise BadParameter(f"a strict ordinal game pays seat {player + 1} differently in each of its four cells")
        ranks.append({payoff: rank for rank, payoff in enumerate(paid, start=1)})
    return tuple(tuple((ranks[0][first], ranks[1][second]) for first, second in line) for line in table)


def _oriented(ranked: Table) -> Table:
    """The same game with the first player's 4 in the first column and the second player's 4 in the first row."""
    if any(line[1][0] == 4 for line in ranked):
        ranked = tuple(line[::-1] for line in ranked)
    return ranked if any(cell[1] == 4 for cell in ranked[0]) else ranked[::-1]


def family(table: Table) -> str:
    """The family of a strict 2x2 table, by what its pure Nash equilibria pay in ranks: one of `FAMILIES`.

    Without one it is "Cyclic"; with one that pays both their best "Win-win"; else with one that pays one player its
    best and the other its second best "Biased"; else, where a single equilibrium is worse for both than another cell,
    "PD family"; else "Unfair" (best and third best), "Second Best" (second best for both) or "Tragic" (second best and
    third best). The families of Akata et al. (2025), who print no rule; this one gives all their labels. Raises
    `BadParameter` as `ordinal_class` does.
    """
    ranked = _ranked(table)
    paid = [ranked[i][j] for i, j in itertools.product((0, 1), repeat=2) if _is_equilibrium(ranked, i, j)]
    split = {(min(pair), max(pair)) for pair in paid}
    if not paid:
        return "Cyclic"
    if (4, 4) in split:
        return "Win-win"
    if (3, 4) in split:
        return "Biased"
    if len(paid) == 1 and _is_dominated(ranked, paid[0]):
        return "PD family"
    [one] = split  # which the games that are left have in common
    return _BY_SPLIT[one]


def _is_equilibrium(ranked: Table, i: int, j: int) -> bool:
    """Whether no player gains by leaving that cell alone."""
    return ranked[i][j][0] > ranked[1 - i][j][0] and ranked[i][j][1] > ranked[i][1 - j][1]


def _is_dominated(ranked: Table, pair: Pair) -> bool:
    """Whether another cell is better for both."""
    return any(cell[0] > pair[0] and cell[1] > pair[1] for line in ranked for cell in line)
