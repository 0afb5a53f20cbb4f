"""How much each of several parts contributes, where parts work together (Shapley 1953).

Values are given for every subset of the parts, in the order of binary numbers: bit i of the index says whether part i is
in the subset.
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray


def shapley(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The contribution of each part: its mean gain over all orders in which parts are added.

    values: shape (..., 2**k). The result has shape (..., k) and sums to the value of all parts less that of none.
    Raises `ValueError` where the last axis is no power of two.
    """
    parts = _parts(values)
    found = np.zeros((*values.shape[:-1], parts))
    for part in range(parts):
        for subset in _without(parts, part):
            size = subset.bit_count()
            weight = factorial(size) * factorial(parts - size - 1) / factorial(parts)
            found[..., part] += weight * (values[..., subset | 1 << part] - values[..., subset])
    return found


def interaction(values: NDArray[np.float64], one: int, other: int) -> NDArray[np.float64]:
    """How much more two parts gain together than each by itself (Grabisch and Roubens 1999); shape (...).

    Zero where the gain of one does not depend on the other.
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
    size = values.shape[-1]
    if size < 1 or size & (size - 1):
        raise ValueError(f"there must be a value for every subset, so a power of two of them, not {size}")
    return size.bit_length() - 1


def _without(parts: int, part: int) -> list[int]:
    return [subset for subset in range(1 << parts) if not subset & 1 << part]
