"""JSON that knows where it stands, so that whatever is wrong with it is said in one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

from comity.corpora.errors import CorpusError

T = TypeVar("T")

_WORDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}


@dataclass(frozen=True, slots=True)
class Located:
    """A JSON value and where it stands: the file (and line), and the way to it inside."""

    value: Any
    where: str
    way: str = ""

    def __getitem__(self, key: str) -> Located:
        """The entry of that key. Raises `CorpusError` where this is no object, or has no such entry."""
        entries = self.as_a(dict)
        if key not in entries:
            raise self.wrong(f"{key!r} is missing")
        return Located(entries[key], self.where, f"{self.way}.{key}")

    def __iter__(self) -> Iterator[Located]:
        """The elements of a list. Raises `CorpusError` where this is none."""
        for place, element in enumerate(self.as_a(list)):
            yield Located(element, self.where, f"{self.way}[{place}]")

    def key(self, name: str) -> Located:
        """The name of an entry, as a value that stands where this object does."""
        return Located(name, self.where, self.way)

    def has(self, key: str) -> bool:
        """Whether this is an object with that entry."""
        return isinstance(self.value, dict) and key in self.value

    def as_a(self, kind: type[T]) -> T:
        """The value, which must be of that kind (a whole number is a number; true is neither)."""
        value = self.value
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind or (isinstance(value, float) and not isfinite(value)):
            raise self.wrong(f"found {_shortened(value)} where {_WORDS[kind]} belongs")
        return value

    def some(self, count: int, what: str) -> list[Located]:
        """The elements of a list that must have so many. Raises `CorpusError` where it has not."""
        elements = list(self)
        if len(elements) != count:
            raise self.wrong(f"found {len(elements)} where there should be {what}")
        return elements

    def wrong(self, what: str) -> CorpusError:
        """The error that says so of this place."""
        inside = f", at {self.way.removeprefix('.')}" if self.way else ""
        return CorpusError(f"{self.where}{inside}: {what}")


def read_json(path: Path) -> Located:
    """The JSON of that file. Raises `CorpusError` where it cannot be read."""
    return Located(_parsed(read_text(path), str(path)), str(path))


def json_lines(path: Path) -> Iterator[Located]:
    """The JSON of each line of that file that is not empty, read as it is asked for."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    where = f"{path}, line {number}"
                    yield Located(_parsed(line, where), where)
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} cannot be read: {_reason(error)}") from error


def read_text(path: Path) -> str:
    """The text of that file. Raises `CorpusError` where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} cannot be read: {_reason(error)}") from error


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error.strerror)


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"column {error.colno}"
        raise CorpusError(f"{where} is not JSON: {error.msg} at {place}") from error
    except RecursionError as error:
        raise CorpusError(f"{where} is not JSON that can be read: it is nested too deep") from error


def _shortened(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
