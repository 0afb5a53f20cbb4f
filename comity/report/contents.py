"""What the page says, in the order it says it: values only, so that the template has nothing to decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from comity.report.figures import Figure
from comity.report.grid import Grid


@dataclass(frozen=True)
class Warned:
    """Something the reader must know before the numbers."""

    head: str
    text: str


@dataclass(frozen=True)
class Transcript:
    """One match in words. title: which match it is, and whose. cut: how many lines are left out at the end."""

    title: str
    text: str
    cut: int


@dataclass(frozen=True)
class CellPart:
    """One game under one mechanism.

    key: its place in the page. digest: the numbers of its headline. gap: what is missing, in words. parts: its tables
    and figures. transcript: one match, where one is known move by move.
    """

    key: str
    game: str
    digest: str
    gap: str
    facts: tuple[tuple[str, str], ...]
    parts: tuple[Grid | Figure | Words | Prose, ...]
    transcript: Transcript | None


@dataclass(frozen=True)
class Prose:
    """Paragraphs."""

    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """A table of text. rows: as many entries as there are columns; the first is the head of its row."""

    caption: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Source:
    """Text that is shown as it is, such as a plan."""

    text: str


@dataclass(frozen=True)
class Head:
    """The head of what follows inside a section."""

    text: str


Part: TypeAlias = Grid | Figure | Prose | Items | Words | Source | Head | CellPart


@dataclass(frozen=True)
class Section:
    """A part of the page with a head of its own.

    key: its place in the page. beside: tables that are too long for the page, and go into the files alone.
    """

    key: str
    title: str
    parts: tuple[Part, ...]
    beside: tuple[Grid, ...] = ()


@dataclass(frozen=True)
class Contents:
    """The whole page. complete: the sentence that says so, empty where the run is not."""

    name: str
    kind: str
    lead: str
    warnings: tuple[Warned, ...]
    complete: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]

    def pictured(self) -> Iterator[Figure | Grid]:
        """Every figure and table of numbers, in the order of the page."""
        for section in self.sections:
            for part in section.parts:
                yield from (one for one in _inside(part) if isinstance(one, Figure | Grid))
            yield from section.beside


def _inside(part: Part) -> tuple[Part, ...]:
    return part.parts if isinstance(part, CellPart) else (part,)
