"""A number that was printed, what the records give for it, and whether the two agree.

The verdict is worked out from the digits that were printed and from nothing else, so no number can be declared right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal, TypeAlias

EXACT: Literal["exact"] = "exact"
LAST_DIGIT: Literal["last digit"] = "last digit"
NOT_REPRODUCED: Literal["not reproduced"] = "not reproduced"

Verdict: TypeAlias = Literal["exact", "last digit", "not reproduced"]
VERDICTS: tuple[Verdict, ...] = (EXACT, LAST_DIGIT, NOT_REPRODUCED)

UNEXPLAINED = "The records give another number, and it is not known why."
"""What is said of a number that is not reproduced, where nothing better is known."""

_HUGE = 1e7
_ROUNDING = 1e-9
"""So far apart are numbers that differ by the rounding of floating-point numbers alone."""


def verdict_on(printed: str, found: float | str) -> Verdict:
    """Whether what was found is what was printed.

    Exact is what rounds to the printed digits; of two numbers that a half lies between, both are. Last digit is what
    rounds to a number one unit beside, provided that two digits or more are printed: of a single digit the last is the
    whole. A bound such as "< .001" is exact where it holds. What is no number is exact where it is spelled the same.
    """
    if isinstance(found, str):
        return EXACT if found == printed else NOT_REPRODUCED
    bound = printed.removeprefix("<").strip()
    try:
        number = Decimal(bound)
    except InvalidOperation:
        return NOT_REPRODUCED
    if bound != printed:
        return EXACT if found < float(number) else NOT_REPRODUCED
    distance = abs(found - float(number)) / unit(number) - _ROUNDING
    if distance <= 0.5:
        return EXACT
    return LAST_DIGIT if distance <= 1.5 and len(number.as_tuple().digits) > 1 else NOT_REPRODUCED


def unit(printed: Decimal) -> float:
    """What one more in the last printed digit is worth: 0.01 for 3.91."""
    return float(Decimal(1).scaleb(int(printed.as_tuple().exponent)))


@dataclass(frozen=True)
class Figure:
    """One published number, or one that should have been published, beside what the records give.

    key: its name, unlike any other. chapter, table: where it belongs; figures of one table stand together. claim: what
    is claimed, in our words. where: the place in the source. printed: as it is printed there, empty where it is not.
    expected: what an independent recomputation gave, empty where there was none. found: what the records give, NaN
    where they give nothing; a text where no number is meant. digits: how many of it are shown after the point.
    because: why it is not reproduced. remark: what else to know of it. at: its row and column, where the table has
    both.
    """

    key: str
    chapter: str
    table: str
    claim: str
    where: str
    found: float | str
    digits: int
    printed: str = ""
    expected: str = ""
    because: str = ""
    remark: str = ""
    at: tuple[str, str] | None = None

    @property
    def verdict(self) -> Verdict | None:
        """Whether the printed number is reproduced; None where nothing is printed."""
        return verdict_on(self.printed, self.found) if self.printed else None

    @property
    def agreement(self) -> Verdict | None:
        """The same of the independent recomputation."""
        return verdict_on(self.expected, self.found) if self.expected else None

    @property
    def why(self) -> str:
        """Why it is not reproduced, in a sentence; empty where it is."""
        return (self.because or UNEXPLAINED) if self.verdict == NOT_REPRODUCED else ""

    @property
    def text(self) -> str:
        """What was found, with so many digits, huge numbers by their power of ten; empty where there is nothing."""
        if isinstance(self.found, str):
            return self.found
        if abs(self.found) >= _HUGE:
            return f"{self.found:.2e}"
        return "" if math.isnan(self.found) else f"{round(self.found, self.digits) + 0.0:.{self.digits}f}"


@dataclass(frozen=True)
class Table:
    """Figures that stand together. key: what their keys begin with. where: the place in the source, for all of them."""

    key: str
    chapter: str
    caption: str
    where: str

    def figure(
        self,
        key: str,
        claim: str,
        found: float | str,
        digits: int = 2,
        *,
        printed: str = "",
        expected: str = "",
        because: str = "",
        remark: str = "",
    ) -> Figure:
        """A figure of this table; the rest as `Figure` has it."""
        name = f"{self.key}-{key}"
        return Figure(
            name, self.chapter, self.caption, claim, self.where, found, digits, printed, expected, because, remark
        )

    def cell(
        self,
        row: str,
        column: str,
        found: float,
        digits: int,
        *,
        printed: str = "",
        expected: str = "",
        because: str = "",
    ) -> Figure:
        """A figure of a table with rows and columns, whose caption says what is claimed."""
        return Figure(
            f"{self.key}:{row}:{column}",
            self.chapter,
            self.caption,
            f"{row}, {column}",
            self.where,
            found,
            digits,
            printed,
            expected,
            because,
            at=(row, column),
        )
