"""What is wrong with a plan, all of it at once, each thing with its file, line and field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from comity.core.errors import ComityError

Place: TypeAlias = tuple[str | int, ...]
"""Where a value stands in a document: keys of tables and numbers of elements, outermost first."""


class PlanError(ComityError):
    """A plan cannot be played as it is written; one line for each thing that is wrong with it."""


class Complaints:
    """What has been found wrong with a plan so far. A file is read to its end before anything is said."""

    def __init__(self, source: str, text: str) -> None:
        self._source = source
        self._lines = lines_of(text)
        self._found: list[tuple[Place, str]] = []

    def add(self, place: Place, sentence: str) -> None:
        """Complain about that place; what the text does not have (a missing field) lies where it would be."""
        self._found.append((self._known(place), sentence))

    def raise_any(self) -> None:
        """Raise `PlanError` if there is anything to complain about."""
        if self._found:
            raise self.error()

    def error(self) -> PlanError:
        """Everything found so far, in the order of the text."""
        ordered = sorted(dict.fromkeys(self._found), key=lambda found: self._lines.get(found[0], 0))
        return PlanError("\n".join(self._said(place, sentence) for place, sentence in ordered))

    def _said(self, place: Place, sentence: str) -> str:
        line = f", line {self._lines[place]}" if place else ""
        return f"{self._source}{line}{''.join(_in_words(place))}: {sentence}"

    def _known(self, place: Place) -> Place:
        known: Place = ()
        for part in place:
            if (*known, part) in self._lines:
                known = (*known, part)
        return known


def _in_words(place: Place) -> Iterator[str]:
    for part in place:
        yield f", entry {part + 1}" if isinstance(part, int) else f", {part}"


def lines_of(text: str) -> Mapping[Place, int]:
    """On which line every key and every element of a TOML document stands, counted from 1.

    The text must be valid TOML; its meaning is left to whoever parses it.
    """
    return _Scan(text).lines


_SPACE = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:\s|#[^\n]*)*")
_STRING = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]*")


class _Scan:
    """One walk through a document, left to right."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Place, int] = {}
        self._text = text
        self._at = 0
        self._elements: dict[Place, int] = {}
        self._document()

    def _document(self) -> None:
        table: Place = ()
        while self._next():
            if self._took("[["):
                table = self._resolved(self._keys())
                number = self._elements[table] = self._elements.get(table, -1) + 1
                table = (*table, number)
                self._note(table)
                self._take("]]")
            elif self._took("["):
                table = self._resolved(self._keys())
                self._note(table)
                self._take("]")
            else:
                self._pair(table)

    def _resolved(self, keys: Place) -> Place:
        table: Place = ()
        for key in keys:
            if table in self._elements:
                table = (*table, self._elements[table])
            table = (*table, key)
        return table

    def _pair(self, table: Place) -> None:
        place = table
        for key in self._keys():
            place = (*place, key)
            self._note(place)
        self._take("=")
        self._value(place)

    def _keys(self) -> Place:
        keys = [self._key()]
        while self._took("."):
            keys.append(self._key())
        return tuple(keys)

    def _key(self) -> str:
        self._match(_SPACE)
        quoted = self._text[self._at] in "\"'"
        key = self._match(_STRING if quoted else _BARE)
        self._match(_SPACE)
        return key[1:-1] if quoted else key

    def _value(self, place: Place) -> None:
        self._match(_SPACE)
        self._note(place)
        if self._took("["):
            self._array(place)
        elif self._took("{"):
            self._inline(place)
        elif self._text[self._at] in "\"'":
            self._match(_STRING)
        else:
            self._match(_SCALAR)

    def _array(self, place: Place) -> None:
        number = 0
        while self._next() and not self._took("]"):
            self._value((*place, number))
            number += 1
            self._next()
            self._took(",")

    def _inline(self, place: Place) -> None:
        while self._next() and not self._took("}"):
            self._pair(place)
            self._next()
            self._took(",")

    def _note(self, place: Place) -> None:
        line = self._text.count("\n", 0, self._at) + 1
        for length in range(1, len(place) + 1):
            self.lines.setdefault(place[:length], line)

    def _next(self) -> bool:
        self._match(_GAP)
        return self._at < len(self._text)

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        assert found is not None, "the text is not valid TOML"
        self._at = found.end()
        return found[0]

    def _took(self, mark: str) -> bool:
        here = self._text.startswith(mark, self._at)
        self._at += len(mark) * here
        return here

    def _take(self, mark: str) -> None:
        assert self._took(mark), "the text is not valid TOML"
