"""Many questions at once: p-values adjusted so that a whole family of answers may be trusted.

An adjusted p-value is compared with the same threshold as a single one. A question without an answer, NaN, is not part
of the family.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values for the chance of any false finding at all, whatever the dependence between them.

    The k-th smallest of m becomes the largest of (m - i + 1) p_i over i <= k, at most 1. Same shape as `p`; NaN stays
    NaN and does not count. Raises `ValueError` where a p-value lies outside 0 to 1. Source: Holm (1979).
    """
    values, known, order = _family(p)
    ranked = values[known][order]
    raised = np.maximum.accumulate(ranked * np.arange(len(ranked), 0, -1))
    return _placed(raised, values, known, order)


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values for the expected share of false findings among the findings.

    The k-th smallest of m becomes the smallest of p_i m / i over i >= k, at most 1; right where the p-values are
    independent or positively dependent. Same shape as `p`; NaN stays NaN and does not count. Raises `ValueError` where
    a p-value lies outside 0 to 1. Source: Benjamini and Hochberg (1995).
    """
    values, known, order = _family(p)
    ranked = values[known][order]
    size = len(ranked)
    lowered = np.minimum.accumulate((ranked * size / np.arange(1, size + 1))[::-1])[::-1]
    return _placed(lowered, values, known, order)


def _family(p: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.intp]]:
    """The p-values, which of them are known, and the order of those."""
    values = np.asarray(p, dtype=float)
    known = ~np.isnan(values)
    if ((values[known] < 0) | (values[known] > 1)).any():
        raise ValueError(f"p-values lie between 0 and 1; found {values[known].min():g} to {values[known].max():g}")
    return values, known, np.argsort(values[known], kind="stable")


def _placed(
    adjusted: NDArray[np.float64], values: NDArray[np.float64], known: NDArray[np.bool_], order: NDArray[np.intp]
) -> NDArray[np.float64]:
    """The adjusted p-values where they came from."""
    back = np.empty(len(order))
    back[order] = np.minimum(adjusted, 1)
    found = np.full(values.shape, np.nan)
    found[known] = back
    return found
