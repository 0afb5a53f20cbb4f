"""The small change of every sentence: numbers, points, lists and quotations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from unicodedata import category

from comity.core.space import Choice
from comity.words.printable import printable_line


def number(value: float) -> str:
    """The number as it is read aloud: whole numbers without a point, others to twelve significant digits."""
    return str(value) if isinstance(value, int) else f"{value + 0.0:.12g}"  # adding zero turns -0 into 0


def points(value: float, unit: Sequence[str] = ("point", "points")) -> str:
    """An amount with its unit, which has a form for one and a form for several."""
    amount = number(value)
    return f"{amount} {unit[0] if amount == '1' else unit[1]}"


def listed(items: Sequence[str], last: str = "and") -> str:
    """The items as a sentence lists them: "a, b and c"."""
    return f" {last} ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def some(items: Sequence[str], most: int = 6, between: str = ", ") -> str:
    """Up to so many items, and how many more there are: "a, b and 3 more", "a; b; and 3 more"."""
    rest = len(items) - most
    more = f"{between.strip(', ')} and {rest} more" if rest > 0 else ""
    return f"{between.join(items[:most])}{more}"


def sentence(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def indented(lines: Iterable[str]) -> list[str]:
    """The lines one level further in."""
    return [f"  {line}" for line in lines]


def chosen(choice: Choice) -> str:
    """A choice as its player would say it: yes and no, numbers, names, lists of these."""
    match choice:
        case bool():
            return "yes" if choice else "no"
        case int() | float():
            return number(choice)
        case tuple():
            return ", ".join(map(chosen, choice))
        case _:
            return str(choice)


def quoted(message: str) -> str:
    """What somebody said, as a JSON string on one line: quotation marks that it cannot close itself.

    What steers, hides or joins the mark before it is written as an escape, so that it is seen and two messages that
    differ read differently. All kinds of space that are not line breaks become the plain one.
    """
    text = json.dumps(message, ensure_ascii=False)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written(sign, after) for after, sign in zip(f" {text}", text, strict=False))


_UNSEEN = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0e\uffa0\U000e0100-\U000e01ef]"
)
"""Printable signs that nobody sees: fillers, joiners, and the variation selectors but the one that colours emoji."""


def _written(sign: str, after: str) -> str:
    if category(sign) == "Zs":
        return " "
    joins = after == '"' and category(sign).startswith("M")
    if sign.isprintable() and not joins and not _UNSEEN.match(sign):
        return sign
    return json.dumps(sign)[1:-1]


def joined(lines: Iterable[str]) -> str:
    """The lines as one text. Every text leaves this room through here."""
    return "\n".join(map(printable_line, lines))
