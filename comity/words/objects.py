"""JSON in the replies of models: where an object stands on lines of its own, and what it says, taken at its word.

Python's own reader is lenient: it takes NaN, lets the last of two equal keys win, and stops at a whole number that is
thousands of digits long. Here nothing is forgiven. Both functions take time in proportion to the text, whatever it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_TOKEN = re.compile(r'(^[ \t\r]*+[{\[])|([}\]])|([{\[])|"(?:[^"\\\n]++|\\[^\n])*+"?', re.MULTILINE)
"""What opens at the start of a line, what closes, what opens elsewhere, and a string as far as its line goes.

A string of JSON ends on the line it begins on, so a quotation mark in prose hides nothing beyond its line.
"""
_BLANK = re.compile(r"[ \t\r]*+(?:\n|\Z)")
_LONGEST = 20
"""Digits of the longest whole number that is read; every longer one is beyond 2**53, where no space has a choice."""


class NotStrict(ValueError):
    """A text that is no JSON, or that says more than one thing; the message is a clause that says where."""


class Span(NamedTuple):
    """Where an object stands: text[start:end].

    inside: whether it lies within something that a line began, and that was not closed before the object was.
    """

    start: int
    end: int
    inside: bool


def own_lines(text: str, depth: int) -> Iterator[Span]:
    """The objects that share their first and last line with no other text, in the order in which they end.

    Those that are nested more than `depth` levels deep, themselves counted, are left out. Whether they are JSON inside
    is not looked at.
    """
    starts, heights, lines = list[int](), list[int](), 0
    for token in _TOKEN.finditer(text):
        match token.lastindex:
            case 1:
                starts.append(token.end() - 1)
                heights.append(0)
                lines += 1
            case 3:
                starts.append(-1)
                heights.append(0)
            case 2 if starts:
                start, height = starts.pop(), heights.pop() + 1
                if heights:
                    heights[-1] = max(heights[-1], height)
                if start >= 0:
                    lines -= 1
                    if height <= depth and text[start] == "{" and _BLANK.match(text, token.end()):
                        yield Span(start, token.end(), inside=lines > 0)


def strict(text: str) -> Any:
    """The value that the text spells in JSON (RFC 8259), where no object has a key twice. Raises `NotStrict`."""
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotStrict(
            f"it is no JSON: {error.msg[:1].lower()}{error.msg[1:]}, at character {error.pos + 1}"
        ) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise NotStrict("one of its keys stands there twice")
    return value


def _whole(digits: str) -> int:
    return int(digits) if len(digits) <= _LONGEST else 10**_LONGEST


def _no_number(name: str) -> Any:
    raise NotStrict(f"{name} is no number in JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_whole, parse_constant=_no_number)
