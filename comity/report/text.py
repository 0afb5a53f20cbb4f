"""Words and numbers as the page prints them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from itertools import chain, count

from comity.words.printable import printable

MINUS = "\u2212"
NOTHING = "\u2013"
"""What stands where there is no number."""


def number(value: float, digits: int = 3) -> str:
    """The number with so many digits after the point and a true minus sign; a dash where there is none."""
    if math.isnan(value):
        return NOTHING
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", MINUS)  # adding zero turns -0 into 0


def counted(n: int, one: str, many: str = "") -> str:
    """So many of something: "1 agent", "2,628 matches"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def matches(n: int) -> str:
    """So many matches."""
    return counted(n, "match", "matches")


def prose(label: str) -> str:
    """The label of a game or mechanism as prose has it, without its underscores."""
    return label.replace("_", " ")


def slug(text: str) -> str:
    """The text as the name of a file or a place: small letters, digits and hyphens, at most 60, and never empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:60].strip("-") or "unnamed"


def distinct(labels: Iterable[object]) -> list[str]:
    """The labels as they can be printed, those that then look the same told apart by a number."""
    shown: dict[str, None] = {}
    for label in map(printable, map(str, labels)):
        names = chain([label], (f"{label} #{twin}" for twin in count(2)))
        shown[next(name for name in names if name not in shown)] = None
    return list(shown)
