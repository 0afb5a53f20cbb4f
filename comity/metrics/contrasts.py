"""Which differences are more than chance.

Agents meet in the same tournaments, so two agents are compared tournament by tournament; mechanisms are tournaments of
their own, so two mechanisms are compared game by game. All pairs are one family: a difference counts when it survives
Holm's correction. What follows for ranks is a set of ranks and not a place on a podium.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from statistics import median
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from comity.metrics.strata import Stratum, nested
from comity.stats.estimate import Estimate, Part, family
from comity.stats.multiplicity import benjamini_hochberg, holm
from comity.stats.power import detectable
from comity.stats.ranks import inseparable, rank_sets

Between = Literal["agent", "role", "mechanism"]

BETWEEN: tuple[Between, ...] = ("agent", "role", "mechanism")
"""What can be compared."""
SIGNIFICANT = 0.05
MOST = 60
"""More than so many are not compared pair by pair."""


class Spread(NamedTuple):
    """How far one replicate of a cell may be off, and what the cell counts in a difference."""

    weight: float
    variance: float


@dataclass(frozen=True)
class Contrast:
    """The difference of two values, first less second, over the cells that both have.

    difference: with the 95 % interval of this one difference; it has no more degrees of freedom than all pairs have on
    average (`comity.stats.estimate.family`). p: of no difference. p_holm, p_bh: the same after the corrections of Holm
    (1979) and of Benjamini and Hochberg (1995) over all pairs. NaN where nothing can be told. replicates: so many
    tournaments it rests on. spreads: of each cell it rests on.
    """

    first: str
    second: str
    difference: Estimate
    p_holm: float
    p_bh: float
    replicates: int
    spreads: tuple[Spread, ...]

    @property
    def p(self) -> float:
        return self.difference.p

    @property
    def is_separable(self) -> bool:
        """Whether the two are told apart when all pairs are looked at: Holm's p below 5 %."""
        return self.p_holm < SIGNIFICANT


@dataclass(frozen=True)
class Contrasts:
    """All pairs of some labels, which come best first."""

    labels: tuple[str, ...]
    pairs: tuple[Contrast, ...]
    best: Literal["high", "low"] = "high"

    @cached_property
    def _above(self) -> NDArray[np.bool_]:
        above = np.zeros((len(self.labels), len(self.labels)), dtype=bool)
        for pair in self.pairs:
            if pair.is_separable:
                better = (pair.first, pair.second)
                first_is_better = (pair.difference.value > 0) == (self.best == "high")
                winner, loser = better if first_is_better else better[::-1]
                above[self.labels.index(winner), self.labels.index(loser)] = True
        return above

    @cached_property
    def ranks(self) -> dict[str, tuple[int, int]]:
        """For each label the best and the worst rank it may have."""
        return dict(zip(self.labels, rank_sets(self._above), strict=True))

    @cached_property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The largest groups in which no two are told apart."""
        return tuple(tuple(self.labels[place] for place in group) for group in inseparable(self._above))

    @cached_property
    def detectable(self) -> float:
        """The difference that a typical pair must have to be found with a power of 80 %; NaN where nothing is known.

        Before the correction for many pairs.
        """
        known = [pair.difference for pair in self.pairs if pair.difference.error > 0]
        if not known:
            return math.nan
        return detectable(median(one.error for one in known), median(one.freedom for one in known))


def contrasts_of(
    strata: Sequence[Stratum], between: Between, labels: Sequence[str], best: Literal["high", "low"] = "high"
) -> Contrasts:
    """All pairs of the labels. strata: by that key alone."""
    pairs = list(combinations(labels, 2))
    told = _unpaired if between == "mechanism" else _paired
    found = [told(strata, *pair) for pair in pairs]
    differences = _differences(found)
    p = [difference.p for difference in differences]
    listed = [
        Contrast(*pair, difference, float(strict), float(mild), sum(term.part.draws for term in terms), _spreads(terms))
        for pair, terms, difference, strict, mild in zip(
            pairs, found, differences, holm(p), benjamini_hochberg(p), strict=True
        )
    ]
    return Contrasts(tuple(labels), tuple(listed), best)


class _Term(NamedTuple):
    """What one cell adds to a difference."""

    part: Part
    weight: float


def _differences(found: Sequence[Sequence[_Term]]) -> list[Estimate]:
    """The differences of all pairs, judged together; nothing is known of a pair that has no cell in common."""
    known = [terms for terms in found if terms]
    judged = iter(family([[t.part for t in terms] for terms in known], [[t.weight for t in terms] for terms in known]))
    unknown = Estimate(math.nan, math.nan, 0.0, math.nan, math.nan)
    return [next(judged) if terms else unknown for terms in found]


def _spreads(terms: Sequence[_Term]) -> tuple[Spread, ...]:
    return tuple(Spread(term.weight, _of_one(term.part)) for term in terms)


def _of_one(part: Part) -> float:
    """The variance of one replicate; NaN where there is one only, for its matches do not tell how replicates differ."""
    known = part.draws > 1 or math.isinf(part.freedom)
    return part.variance * part.draws if known else math.nan


def _paired(strata: Sequence[Stratum], first: str, second: str) -> list[_Term]:
    """Tournament by tournament."""
    parts = [(stratum, stratum.part({(first,): 1.0, (second,): -1.0})) for stratum in strata]
    both = [(stratum, part) for stratum, part in parts if part is not None]
    weights = nested([stratum for stratum, _ in both])
    return [_Term(part, weight) for (_, part), weight in zip(both, weights, strict=True)]


def _unpaired(strata: Sequence[Stratum], first: str, second: str) -> list[_Term]:
    """Game by game."""
    sides = [_by_game(strata, mechanism) for mechanism in (first, second)]
    games = [game for game in sides[0] if game in sides[1]]
    return [_Term(side[game], sign / len(games)) for side, sign in zip(sides, (1, -1), strict=True) for game in games]


def _by_game(strata: Iterable[Stratum], mechanism: str) -> dict[str, Part]:
    parts = {stratum.game: stratum.part({(): 1.0}) for stratum in strata if stratum.mechanism == mechanism}
    return {game: part for game, part in parts.items() if part is not None}
