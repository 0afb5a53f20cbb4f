"""The small change of every sentence: numbers, points, lists and quotations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from comity.core.space import Choice
from comity.words.printable import printable_line


def number(value: float) -> str:
    """The number as it is read aloud: whole numbers without a point, others to twelve significant digits."""
    return str(value) if isinstance(value, int) else f"{value + 0.0:.12g}"  # adding zero turns -0 into 0


def points(value: float) -> str:
    """An amount with its unit."""
    amount = number(value)
    return f"{amount} point" if amount == "1" else f"{amount} points"


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
    """What somebody said, in quotation marks that it cannot close itself."""
    return json.dumps(printable_line(message), ensure_ascii=False)


def joined(lines: Iterable[str]) -> str:
    """The lines as one text. Every text leaves this room through here."""
    return "\n".join(map(printable_line, lines))
