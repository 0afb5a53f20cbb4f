"""Graphs that a plan reads from files: the edges of a mechanism, or those of each of its rounds.

In a plan `graph_file` stands in the place of `edges`, and `sequence_file` in that of `sequence`, in any mechanism that
has such a field; the name is that of a file beside the plan. A file is text in UTF-8 with one edge per line, two
numbers of nodes (from 0) with a comma between; in a sequence the number of the round stands before them, from 0 or
from 1. A first line of names is taken for those of the columns; empty lines are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from comity.core.errors import BadParameter
from comity.core.space import to_json
from comity.mechanisms.graphs import MOST_NODES, Edge, Edges
from comity.runs.shape import shown
from comity.runs.texts import Texts, text_of, texts_kept

FILES: Mapping[str, str] = {"graph_file": "edges", "sequence_file": "sequence"}
"""What in a plan names a file, and the field that is read from it."""


def files_beside(folder: Path) -> Texts:
    """Files are found from this folder."""
    return lambda name: text_of(folder / name, f"the file {name!r} cannot be read")


def files_kept(texts: Iterable[tuple[str, str]]) -> Texts:
    """Files as a run has kept them."""
    return texts_kept(
        texts, lambda name: f"there is no file {name!r}: what a plan names is found from the folder of the plan"
    )


def with_graphs(
    fields: Mapping[str, Any], taken: Iterable[str], texts: Texts, read: dict[str, str]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The fields of a mechanism with what stands in files put in, and what is wrong with these, by field.

    taken: the fields that the mechanism takes. read: is given the text of every file, by its name.
    """
    known, problems = dict(fields), list[tuple[str, str]]()
    for name, target in FILES.items():
        if name not in fields or target not in taken:
            continue
        file = known.pop(name)
        if not isinstance(file, str):
            problems.append((name, f"must be the name of a file, not {shown(file)}"))
        elif target in fields:
            problems.append((name, f"cannot stand beside {target!r}, which it gives: leave one of the two out"))
        else:
            try:
                read[file] = texts(file)
                found = edges_in(read[file], file) if target == "edges" else sequence_in(read[file], file)
                known[target] = to_json(found)  # as if it stood in the plan
            except BadParameter as error:
                problems.append((name, str(error)))
    return known, problems


def edges_in(text: str, name: str) -> Edges:
    """The edges in that text; the sentences call it `name`. Raises `BadParameter`, naming the line."""
    found = _Edges(name)
    for line, (a, b) in _lines(text, name, 2, "two numbers of nodes"):
        found.add(line, a, b)
    if not found.edges:
        raise BadParameter(f"{name}: there is no edge in it")
    nodes = {node for edge in found.edges for node in edge}
    alone = next((node for node in range(max(nodes)) if node not in nodes), None)
    if alone is not None:
        raise BadParameter(f"{name}: node {alone} has no edge; nodes are numbered from 0, and the last is {max(nodes)}")
    return tuple(found.edges)


def sequence_in(text: str, name: str) -> tuple[Edges, ...]:
    """The edges of each round in that text. Raises `BadParameter`, naming the line, and where a round has none."""
    rounds: dict[int, _Edges] = {}
    for line, (round, a, b) in _lines(text, name, 3, "the number of a round and two of nodes"):
        rounds.setdefault(round, _Edges(name)).add(line, a, b)
    if not rounds:
        raise BadParameter(f"{name}: there is no edge in it")
    first, last = min(rounds), max(rounds)
    lacking = next((round for round in range(min(first, 1), last + 1) if round not in rounds and round > 0), None)
    if lacking is not None:
        raise BadParameter(f"{name}: round {lacking} has no edges; rounds are counted from 0 or from 1, up to {last}")
    return tuple([tuple(rounds[round].edges) for round in range(first, last + 1)])


class _Edges:
    """The edges of one graph, line by line; each is checked where it stands."""

    def __init__(self, name: str) -> None:
        self.edges: list[Edge] = []
        self._name = name
        self._lines: dict[Edge, int] = {}

    def add(self, line: int, a: int, b: int) -> None:
        if max(a, b) >= MOST_NODES:
            raise BadParameter(
                f"{self._name}, line {line}: nodes are numbered from 0 to {MOST_NODES - 1:,}, not {max(a, b):,}"
            )
        if a == b:
            raise BadParameter(f"{self._name}, line {line}: the edge {a},{b} joins a node to itself")
        known = self._lines.setdefault((min(a, b), max(a, b)), line)
        if known != line:
            raise BadParameter(f"{self._name}, line {line}: the edge {a},{b} stands on line {known} too")
        self.edges.append((a, b))


_LONGEST = 9
"""Numbers with more digits are none of a node or a round."""


def _lines(text: str, name: str, width: int, wanted: str) -> Iterator[tuple[int, Sequence[int]]]:
    """The numbers on each line, with the number of the line."""
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        parts = [part.strip() for part in line.split(",")]
        if not line.strip() or (number == 1 and all(map(_names, parts))):
            continue
        if len(parts) != width or not all(
            part.isdecimal() and part.isascii() and len(part) <= _LONGEST for part in parts
        ):
            raise BadParameter(f"{name}, line {number}: an edge is {wanted}, with commas between, not {shown(line)}")
        yield number, [int(part) for part in parts]


def _names(part: str) -> bool:
    """Whether that can be the name of a column: it begins with a letter, in quotation marks or not."""
    return part.lstrip("\"'_")[:1].isalpha()
