"""How much each of several parts contributes, where parts work together (Shapley 1953).

Values are given for every subset of the parts, in the order of binary numbers: bit i of the index says whether part i
is in the subset.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray


def shapley(values: NDArray[np.float64], first: Collection[int] = ()) -> NDArray[np.float64]:
    """The contribution of each part: its mean gain over all orders in which parts are added.

    values: shape (..., 2**k). first: parts that are added before all others, because the others depend on them; the
    mean is then over the orders in which they are (the asymmetric Shapley value of Frye, Rowat and Feige 2020). The
    result has shape (..., k) and sums to the value of all parts less that of none. Raises `ValueError` where the last
    axis is no power of two, or a part is not there.
    """
    parts = _parts(values)
    if not set(first) <= set(range(parts)):
        raise ValueError(f"of {parts} parts none is numbered {max(first)}")
    before = [part for part in range(parts) if part in set(first)]
    after = [part for part in range(parts) if part not in set(first)]
    found = np.zeros((*values.shape[:-1], parts))
    for block, given in ((before, 0), (after, _mask(before))):
        for part in block:
            found[..., part] = _gain(values, part, [other for other in block if other != part], given)
    return found


def _gain(values: NDArray[np.float64], part: int, others: Sequence[int], given: int) -> NDArray[np.float64]:
    """What the part adds on average over all orders of it and the others, to what is given."""
    found = np.zeros(values.shape[:-1])
    for size in range(len(others) + 1):
        weight = factorial(size) * factorial(len(others) - size) / factorial(len(others) + 1)
        for chosen in combinations(others, size):
            subset = given | _mask(chosen)
            found += weight * (values[..., subset | 1 << part] - values[..., subset])
    return found


def _mask(parts: Sequence[int]) -> int:
    return sum(1 << part for part in parts)


def interaction(values: NDArray[np.float64], one: int, other: int) -> NDArray[np.float64]:
    """How much more two parts gain together than each by itself (Grabisch and Roubens 1999); shape (...).

    Zero where the gain of one does not depend on the other. Raises `ValueError` as `shapley` does.
    """
    parts = _parts(values)
    found = np.zeros(values.shape[:-1])
    first, second = 1 << one, 1 << other
    for subset in range(1 << parts):
        if subset & (first | second):
            continue
        size = subset.bit_count()
        weight = factorial(size) * factorial(parts - size - 2) / factorial(parts - 1)
        together = values[..., subset | first | second] + values[..., subset]
        found += weight * (together - values[..., subset | first] - values[..., subset | second])
    return found


def _parts(values: NDArray[np.float64]) -> int:
    size = int(values.shape[-1])
    if size < 1 or size & (size - 1):
        raise ValueError(f"there must be a value for every subset, so a power of two of them, not {size}")
    return size.bit_length() - 1
