"""Numbers as the fractions they stand for, so that equal payoffs are equal and odds sum to one exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from comity.core.space import Drawable

DENOMINATOR = 10**8
PRECISION = Fraction(1, 2**40)

Values = tuple[Fraction, ...]
"""One exact payoff per player."""


def exactly(number: float | Fraction) -> Fraction:
    """The fraction that a number stands for: 1/3 for 0.333..., 4/5 for 0.8.

    That is the nearest fraction with a denominator of at most 10**8 if it agrees with the number to twelve digits, and
    otherwise the number as it is.
    """
    if isinstance(number, int | Fraction):
        return Fraction(number)
    exact = Fraction(number)
    simple = exact.limit_denominator(DENOMINATOR)
    return simple if abs(simple - exact) <= PRECISION * abs(exact) else exact


def odds(space: Drawable[Any]) -> Mapping[Any, Fraction]:
    """Every choice that chance may make there, with its probability; they sum to one exactly."""
    shares = {choice: exactly(share) for choice, share in space.chances() if share > 0}
    total = sum(shares.values())
    return {choice: share / total for choice, share in shares.items()}


def solved(rows: Sequence[Sequence[Fraction]]) -> Values | None:
    """The one solution of the square linear system whose rows are (coefficients..., right-hand side), if there is one.

    Gauss-Jordan elimination without rounding.
    """
    work = [list(row) for row in rows]
    for column in range(len(work)):
        pivot = next((row for row in range(column, len(work)) if work[row][column]), None)
        if pivot is None:
            return None
        work[column], work[pivot] = work[pivot], work[column]
        work[column] = [entry / work[column][column] for entry in work[column]]
        for row in range(len(work)):
            if row != column and work[row][column]:
                factor = work[row][column]
                work[row] = [entry - factor * lead for entry, lead in zip(work[row], work[column], strict=True)]
    return tuple(row[-1] for row in work)
