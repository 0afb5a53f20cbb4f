"""Designs over factors: which levels of which fields are played together.

A factor is a field of a mechanism, a condition one level for each factor. All conditions are played, or each level
alone against the first of every factor, or a fraction: so many conditions in which levels, and pairs of levels, come up
as equally often as can be found (the criterion is the J2 of Xu 2002, with the number of levels of a factor as its
weight; the search exchanges the levels of two conditions as long as that helps, from several starts). Chance has an
address here too: the same plan has the same conditions on every machine.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from comity.core.chance import Address, stream_key
from comity.records.levels import spelled_level

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.int64]

DesignKind: TypeAlias = Literal["factorial", "one_at_a_time", "fraction"]

MOST_FACTORS = 30
MOST_LEVELS = 50
MOST_CONDITIONS = 1_000
"""More conditions than these are refused, over all stacks."""
MOST_RUNS = 200
"""A fraction has so many conditions at most: every two of them are compared."""
STARTS = 100
"""A fraction is the best of so many searches, of fewer where it is large."""
_WORK = 60_000_000
BASE = "base"
"""What the condition with the first level of every factor is called where each other level stands alone."""


@dataclass(frozen=True)
class Factor:
    """A field of a mechanism that is varied, and its levels in the order of the plan."""

    mechanism: str
    field: str
    levels: tuple[Any, ...]

    @property
    def key(self) -> str:
        """What plans and tables call it."""
        return f"{self.mechanism}.{self.field}"


Condition: TypeAlias = tuple[int, ...]
"""The place of the level of each factor."""


@dataclass(frozen=True)
class Design:
    """How factors are combined. runs: how many conditions a fraction has. seed: of the plan."""

    kind: DesignKind = "factorial"
    runs: int | None = None
    seed: int = 0

    def conditions(self, factors: Sequence[Factor]) -> list[Condition]:
        """The conditions that are played, in the order of the plan; a fraction that would be everything is everything.

        Raises `ValueError` where a fraction has fewer conditions than some factor has levels.
        """
        sizes = [len(factor.levels) for factor in factors]
        if self.kind == "one_at_a_time":
            return list(_alone(sizes))
        if self.runs is None or self.runs >= math.prod(sizes):
            return list(product(*map(range, sizes)))
        if self.runs < max(sizes):
            raise ValueError(f"a fraction of {self.runs} conditions cannot have {max(sizes)} levels of a factor")
        return sorted(fraction(sizes, self.runs, stream_key(self.seed, "fraction", *(each.key for each in factors))))

    def count(self, factors: Sequence[Factor]) -> int:
        """How many conditions there are."""
        sizes = [len(factor.levels) for factor in factors]
        if self.kind == "one_at_a_time":
            return 1 + sum(size - 1 for size in sizes)
        return math.prod(sizes) if self.runs is None else min(self.runs, math.prod(sizes))

    def called(self, factors: Sequence[Factor], condition: Condition) -> str:
        """What a condition is called, without the stack: "story=cooking, unit=coins"; where levels stand alone, what
        differs from the base."""
        alone = self.kind == "one_at_a_time"
        fields = Counter(factor.field for factor in factors)
        told = [
            f"{factor.field if fields[factor.field] == 1 else factor.key}={spelled_level(factor.levels[place])}"
            for factor, place in zip(factors, condition, strict=True)
            if place or not alone
        ]
        return ", ".join(told) or BASE


def _alone(sizes: Sequence[int]) -> Iterator[Condition]:
    base = (0,) * len(sizes)
    yield base
    for number, size in enumerate(sizes):
        yield from ((*base[:number], level, *base[number + 1 :]) for level in range(1, size))


# Fractions


def fraction(sizes: Sequence[int], runs: int, key: int) -> list[Condition]:
    """So many different conditions of factors with so many levels, as balanced as the search finds them.

    Every level of a factor occurs as often as any other of it, or once more. key: of the stream of its draws.
    """
    starts = max(1, min(STARTS, _WORK // (runs**2 * len(sizes) ** 2)))
    found = [_searched(sizes, runs, stream_key(key, start)) for start in range(starts)]
    return min(found, key=lambda conditions: (runs - len(set(conditions)), *_disorder(sizes, conditions), conditions))


def _disorder(sizes: Sequence[int], conditions: Sequence[Condition]) -> tuple[int, int]:
    """How far pairs of levels are from equal frequencies: the weighed sum of their squares, and the most of a pair."""
    squares, most = 0, 0
    for first, second in combinations(range(len(sizes)), 2):
        counts = Counter((condition[first], condition[second]) for condition in conditions)
        squares += sizes[first] * sizes[second] * sum(count**2 for count in counts.values())
        most = max(most, *counts.values())
    return squares, most


def _searched(sizes: Sequence[int], runs: int, key: int) -> list[Condition]:
    """One search: from balanced columns in random order, swap entries of a column while that helps."""
    import numpy as np

    columns = np.array([_shuffled(size, runs, stream_key(key, place)) for place, size in enumerate(sizes)])
    twice = 4 * runs**2 * sum(sizes) ** 2  # a condition that is there twice weighs more than all disorder
    better = True
    while better:
        better = False
        for place, size in enumerate(sizes):
            same = columns[:, :, None] == columns[:, None, :]
            weights = np.array(sizes) * size
            weights[place] = 0
            others = np.delete(same, place, 0).all(axis=0)
            alike = np.tensordot(weights, same.astype(np.int64), 1) + twice * others
            better |= _swapped(columns[place], alike, size)
    return [tuple(row) for row in columns.T.tolist()]


def _shuffled(size: int, runs: int, key: int) -> list[int]:
    """Every level equally often, those that are there once more by chance, in random order."""
    first, second = Address(key, 0, 0).order(size), Address(key, 1, 0).order(runs)
    levels = [first[number % size] for number in range(runs)]
    return [levels[place] for place in second]


def _swapped(column: Matrix, alike: Matrix, size: int) -> bool:
    """Swap entries of a column, the best swap first, while the sum of `alike` over equal entries falls.

    alike: [run, run], how much it costs that two runs have the same entry. Whether anything was swapped.
    """
    import numpy as np

    swapped, rows, own = False, np.arange(len(column)), np.diag(alike)
    while True:
        cost = alike @ np.eye(size, dtype=np.int64)[column]  # [run, level]: of that entry in that run
        kept = cost[rows, column] - own
        moved = cost[:, column] - alike  # [run, other]: of the other's entry in that run, when the other has left it
        change = moved + moved.T - kept[:, None] - kept[None, :]
        change[column[:, None] == column[None, :]] = 0
        one, other = divmod(int(change.argmin()), len(column))
        if change[one, other] >= 0:
            return swapped
        column[[one, other]] = column[[other, one]]
        swapped = True


# How balanced a design is


@dataclass(frozen=True)
class Balance:
    """How evenly conditions cover levels and pairs of levels.

    conditions: how many there are. of: how many there could be. levels: for each factor how often its rarest and its
    most frequent level occur. balanced: how many of the `pairs` of factors have every pair of levels equally often.
    cramer: the largest association of two factors, Cramer's V, from 0 (none) to 1 (one tells the other).
    """

    conditions: int
    of: int
    levels: tuple[tuple[int, int], ...]
    balanced: int
    pairs: int
    cramer: float

    def sentence(self, factors: Sequence[Factor]) -> str:
        """The same in words."""
        uneven = [
            f"{factor.key} {low} to {high}"
            for factor, (low, high) in zip(factors, self.levels, strict=True)
            if low < high
        ]
        often = f"levels equally often but for {', '.join(uneven)} times" if uneven else "each level equally often"
        told = f"{self.conditions} of {self.of:,} conditions, {often}"
        if not self.pairs:
            return told
        return (
            f"{told}; {self.balanced} of {self.pairs} pairs of factors are balanced, "
            f"the strongest association of two is {self.cramer:.2f} (Cramer's V: 0 is none, 1 is the same)"
        )


def balance(factors: Sequence[Factor], conditions: Sequence[Condition]) -> Balance:
    """How balanced these conditions of these factors are."""
    sizes = [len(factor.levels) for factor in factors]
    counts = [Counter(condition[place] for condition in conditions) for place in range(len(sizes))]
    ranges = [
        (min(count[level] for level in range(size)), max(count.values()))
        for size, count in zip(sizes, counts, strict=True)
    ]
    pairs = list(combinations(range(len(sizes)), 2))
    tables = [Counter((condition[first], condition[second]) for condition in conditions) for first, second in pairs]
    even = [
        len({table[levels] for levels in product(range(sizes[first]), range(sizes[second]))}) == 1
        for (first, second), table in zip(pairs, tables, strict=True)
    ]
    associations = [
        _cramer(table, counts[first], counts[second], len(conditions))
        for (first, second), table in zip(pairs, tables, strict=True)
    ]
    return Balance(
        len(conditions), math.prod(sizes), tuple(ranges), sum(even), len(pairs), max(associations, default=0.0)
    )


def _cramer(table: Counter[tuple[int, int]], first: Counter[int], second: Counter[int], total: int) -> float:
    """Cramer's V of a table of counts; 0 where one of the two does not vary."""
    least = min(len(first), len(second)) - 1
    if not least:
        return 0.0
    spread = math.fsum(table[a, b] ** 2 / (first[a] * second[b]) for a in first for b in second) - 1
    return math.sqrt(max(spread, 0.0) / least)
