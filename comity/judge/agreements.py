"""How far the judges of some reasons agree, label by label and on whole sets of labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from comity.judge.agreement import Agreement, Resampled, cohen, fleiss, krippendorff, masi, percent
from comity.judge.judging import HUMAN
from comity.judge.marks import Marks
from comity.stats.bootstrap import NUMBER

SETS = "whole sets of labels"
"""What the last row is about: Krippendorff's alpha with the distance MASI."""
MOST_SETS = 2_000
"""Each set is compared with each, which is too much where more sets than this differ; then fewer reasons are taken."""
_NOTHING = Agreement(math.nan, math.nan, math.nan, 0, 0)


class Agreed(NamedTuple):
    """How far the raters agree on a label, given or not: each judge by its first pass, and people where they labelled.

    percent: the share of agreeing pairs. alpha: Krippendorff's, nominal, over what two raters or more labelled. fleiss:
    Fleiss' kappa, over what all labelled. pairs: Cohen's kappa of each two. Of whole sets only alpha is told.
    """

    of: str
    percent: Agreement
    alpha: Agreement
    fleiss: Agreement
    pairs: Mapping[tuple[str, str], Agreement]


def agreed(marks: Marks, rng: np.random.Generator, number: int = NUMBER) -> tuple[Agreed, ...]:
    """A row for each label, and `SETS` last; intervals resample matches. Empty where there is one rater or none."""
    raters = (*marks.judges, *([HUMAN] if marks.human is not None else []))
    if len(raters) < 2:
        return ()
    given = np.stack([_first(marks, rater) for rater in raters], axis=1)
    drawn = Resampled(marks.matches, rng, number)

    def one(place: int, name: str) -> Agreed:
        ratings = given[:, :, place]
        share, alpha, kappa = (drawn.estimated(of(ratings)) for of in (percent, krippendorff, fleiss))
        pairs = {
            (raters[i], raters[j]): drawn.estimated(cohen(ratings[:, [i, j]]))
            for i, j in combinations(range(len(raters)), 2)
        }
        return Agreed(name, share, alpha, kappa, pairs)

    sets = Agreed(SETS, _NOTHING, drawn.estimated(masi(_few(given, rng))), _NOTHING, {})
    return (*(one(place, name) for place, name in enumerate(marks.names)), sets)


def _few(given: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The same, or no more than `MOST_SETS` sets of reasons drawn by chance, where more sets differ."""
    sets = given.reshape(-1, given.shape[2])
    known = sets[~np.isnan(sets).any(axis=1)]
    if len(known) <= MOST_SETS or len(np.unique(known.astype(bool), axis=0)) <= MOST_SETS:
        return given
    kept = rng.choice(len(given), MOST_SETS // given.shape[1], replace=False)
    fewer = np.full_like(given, math.nan)
    fewer[kept] = given[kept]
    return fewer


def _first(marks: Marks, judge: str) -> NDArray[np.float64]:
    """The labels of the first pass of a judge."""
    return marks.given[:, next(place for place, rater in enumerate(marks.raters) if rater.judge == judge)]
