"""Numbers in words, by the words that a wording has for them."""

from __future__ import annotations

import re
from typing import Protocol

_SAYABLE = re.compile(r"(-?)(\d{1,6})(?:\.(\d{1,4}))?")
"""Below a million, with up to four decimals: what is longer is not read more easily in words."""


class Saying(Protocol):
    """Fills a template."""

    def __call__(self, key: str, /, **values: object) -> str: ...


def in_words(figures: str, say: Saying) -> str | None:
    """The number in words, said with the templates of the table `[numbers]`; None where it has none."""
    found = _SAYABLE.fullmatch(figures)
    if found is None:
        return None
    minus, whole, decimals = found.groups()
    said = _whole(int(whole), say)
    if decimals:
        digits = " ".join(say(f"numbers.{digit}") for digit in decimals)
        said = say("numbers.point", whole=said, digits=digits)
    return say("numbers.minus", number=said) if minus else said


def _whole(value: int, say: Saying) -> str:
    thousands, rest = divmod(value, 1000)
    if not thousands:
        return _hundreds(rest, say)
    said = say("numbers.thousands", count=_hundreds(thousands, say, joined=True))
    return say("numbers.thousands_and", thousands=said, rest=_hundreds(rest, say)) if rest else said


def _hundreds(value: int, say: Saying, joined: bool = False) -> str:
    """A number below a thousand; joined: whether another word of the number follows at once."""
    hundreds, rest = divmod(value, 100)
    if not hundreds:
        return _tens(rest, say, joined)
    said = say("numbers.hundreds", count=_tens(hundreds, say, joined=True))
    return say("numbers.hundreds_and", hundreds=said, rest=_tens(rest, say, joined)) if rest else said


def _tens(value: int, say: Saying, joined: bool) -> str:
    if value < 20 or not value % 10:
        return say("numbers.one_joined" if value == 1 and joined else f"numbers.{value}")
    ones = _tens(value % 10, say, joined=True)
    return say("numbers.tens", tens=say(f"numbers.{value // 10 * 10}"), ones=ones)
