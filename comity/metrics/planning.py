"""How many replicates it takes, judged by a pilot."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from comity.core.errors import ComityError
from comity.metrics.contrasts import SIGNIFICANT, Contrast, Contrasts
from comity.stats.power import replicates_needed


class NotPlannable(ComityError):
    """A question about the size of a design that the pilot cannot answer."""


class Needed(NamedTuple):
    """How many replicates of every cell a pair takes; None where its spread is not known.

    alone: if it is the only pair that is looked at. among_all: if it is to be told apart among all pairs of the pilot,
    by the correction of Bonferroni, which that of Holm is never stricter than.
    """

    first: str
    second: str
    alone: int | None
    among_all: int | None


def needed(pilot: Contrasts, difference: float, power: float) -> list[Needed]:
    """For every pair the replicates that find a true difference with that power, two-sided at 5 %.

    The spread of one replicate is the pilot's. difference: in the units of the metric. Raises `NotPlannable` where the
    difference is not above 0, or too small for any number of replicates, or the power does not lie between 0.05 and 1.
    """
    if not (difference > 0 and math.isfinite(difference)):
        raise NotPlannable(f"the difference to be seen must be a number above 0; found {difference:g}")
    if not 0.05 < power < 1:
        raise NotPlannable(f"the power must lie between 0.05 and 1; found {power:g}")
    try:
        return list(_needed(pilot, difference, power))
    except OverflowError:
        raise NotPlannable(f"no countable number of replicates shows a difference of {difference:g}") from None


def _needed(pilot: Contrasts, difference: float, power: float) -> Iterator[Needed]:
    strict = 1 - SIGNIFICANT / max(len(pilot.pairs), 1)
    for pair in pilot.pairs:
        alone, among_all = (_of(pair, difference, power, level) for level in (1 - SIGNIFICANT, strict))
        yield Needed(pair.first, pair.second, alone, among_all)


def _of(pair: Contrast, difference: float, power: float, level: float) -> int | None:
    if not pair.spreads or any(math.isnan(spread.variance) for spread in pair.spreads):
        return None
    variances = [spread.variance for spread in pair.spreads]
    return replicates_needed(difference, variances, [spread.weight for spread in pair.spreads], power, level)
