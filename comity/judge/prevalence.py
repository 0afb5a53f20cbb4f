"""How many reasons carry a label, put right for what a judge misses and for what it sees where nothing is.

The judge's sensitivity and specificity come from reasons that people have labelled too, which are few. So the corrected
share has two uncertainties, of what was judged and of how the judge errs, and its interval carries both. All of it
supposes that people are right, that the reasons they labelled were drawn by chance, and that the judge errs alike
everywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from comity.judge.errors import JudgeError
from comity.judge.marks import Marks
from comity.stats.estimate import LEVEL


class NotCorrectable(JudgeError):
    """A share cannot be corrected; the message is a clause that says why."""


@dataclass(frozen=True)
class Corrected:
    """The share of reasons with a label, corrected.

    apparent: the share as judged. sensitivity, specificity: of the judge, as estimated. clipped: whether the corrected
    share came out below 0 or above 1 and was set there, which says that the judge errs otherwise than estimated.
    """

    value: float
    low: float
    high: float
    apparent: float
    sensitivity: float
    specificity: float
    clipped: bool


def corrected(
    apparent: float,
    n: float,
    sensitivity: float,
    positives: float,
    specificity: float,
    negatives: float,
    level: float = LEVEL,
) -> Corrected:
    """The corrected share (apparent + specificity - 1) / (sensitivity + specificity - 1), and its interval.

    apparent: the share of n reasons to which the judge gives the label. sensitivity: the share of `positives` reasons,
    with the label by people, to which the judge gives it; specificity: the share of `negatives` reasons, without it by
    people, to which the judge does not. All three counts may be effective ones (`effective`). The interval is
    approximate, with half a success and half a failure more per squared quantile, and one more of each kind in the two
    small samples; it and the value are clipped to [0, 1]. Raises `NotCorrectable` where one of the samples is empty, or
    where the judge is no better than chance: sensitivity + specificity <= 1, as estimated or after these additions.
    Sources: Rogan and Gladen (1978); Lang and Reiczigel (2014).
    """
    if min(n, positives, negatives) <= 0:
        raise NotCorrectable("people gave the label to all of the reasons, or to none")
    if sensitivity + specificity <= 1:
        raise NotCorrectable(
            f"with sensitivity {sensitivity:.2f} and specificity {specificity:.2f} the judge is no better than chance"
        )
    z = float(ndtri((1 + level) / 2))
    seen = (n * apparent + z**2 / 2) / (n + z**2)
    hit = (positives * sensitivity + 1) / (positives + 2)
    spared = (negatives * specificity + 1) / (negatives + 2)
    better = hit + spared - 1
    if better <= 0:
        raise NotCorrectable("too few reasons are labelled by people to tell how the judge errs")
    centre = (seen + spared - 1) / better
    missing, false = hit * (1 - hit) / (positives + 2), spared * (1 - spared) / (negatives + 2)
    variance = (seen * (1 - seen) / (n + z**2) + centre**2 * missing + (1 - centre) ** 2 * false) / better**2
    shifted = centre + 2 * z**2 * (centre * missing - (1 - centre) * false)
    half = z * math.sqrt(variance)
    value = (apparent + specificity - 1) / (sensitivity + specificity - 1)
    inside, low, high = (min(max(end, 0.0), 1.0) for end in (value, shifted - half, shifted + half))
    return Corrected(inside, low, high, apparent, sensitivity, specificity, not 0 <= value <= 1)


def effective(marks: ArrayLike, clusters: ArrayLike) -> float:
    """How many independent reasons would tell a share as well as these, which came in clusters; no more than these.

    marks: [reasons], 0 to 1. clusters: [reasons], what each was drawn with. n divided by the ratio of the variance
    between clusters to that of independent draws; n where every reason is a cluster of its own, and where the ratio
    cannot be told (one cluster, or no variation).
    """
    given, drawn = np.asarray(marks, dtype=float), np.asarray(clusters)
    if not given.size:
        return 0.0
    n, share = given.size, float(given.mean())
    _, codes = np.unique(drawn, return_inverse=True)
    size = int(codes.max()) + 1
    alone = share * (1 - share) / n
    if size in (1, n) or alone <= 0:
        return float(n)
    off = np.bincount(codes, given - share) / n
    together = float((off**2).sum()) * size / (size - 1)
    return n / max(together / alone, 1.0)


@dataclass(frozen=True)
class Refused:
    """Why a share is not corrected, in a sentence, beside the share as judged."""

    apparent: float
    why: str


def prevalences(marks: Marks, judge: str) -> dict[str, Corrected | Refused]:
    """For each label, the share of reasons with it as that judge has it, corrected by what people labelled.

    A label counts as given where more than half of the judge's passes give it. All counts are effective ones, by match.
    Empty where people labelled nothing that the judge has labelled too.
    """
    human, given = marks.human, marks.by(judge)
    if human is None:
        return {}
    read = ~np.isnan(given).any(axis=1)
    both = read & ~np.isnan(human).any(axis=1)
    if not both.any():
        return {}
    drawn, seen = marks.matches, given > 0.5
    return {
        name: _of(seen[read, place], drawn[read], seen[both, place], human[both, place] > 0.5, drawn[both])
        for place, name in enumerate(marks.names)
    }


def _of(
    every: NDArray[np.bool_],
    every_drawn: NDArray[np.intp],
    seen: NDArray[np.bool_],
    true: NDArray[np.bool_],
    drawn: NDArray[np.intp],
) -> Corrected | Refused:
    apparent = float(every.mean())
    if not true.any() or true.all():
        return Refused(apparent, "people gave the label to all of the reasons, or to none")
    try:
        return corrected(
            apparent,
            effective(every, every_drawn),
            float(seen[true].mean()),
            effective(seen[true], drawn[true]),
            float((~seen[~true]).mean()),
            effective(seen[~true], drawn[~true]),
        )
    except NotCorrectable as error:
        return Refused(apparent, str(error))
