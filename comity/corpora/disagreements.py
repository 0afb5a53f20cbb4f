"""Where a source and our rules differ: told in words, in the notes of a run and in a file beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

FILE_NAME = "disagreements.jsonl"
_SHOWN = 20


@dataclass(frozen=True)
class Disagreement:
    """The source says of a match what our rules do not, or contradicts itself. match: where it stands, and its name."""

    match: str
    what: str

    def __str__(self) -> str:
        return f"{self.match}: {self.what}"


def differing(found: Sequence[Disagreement], refused: int) -> Iterator[str]:
    """How often they differ, and the first places where they do. refused: how many matches are left out for it."""
    if not found:
        yield "every match replays by our rules to the recorded payoffs, round by round"
        return
    yield (
        f"disagreements of the source with our rules or with itself: {len(found)} (all in {FILE_NAME}); "
        f"matches left out because our rules cannot play them so: {refused}"
    )
    yield from map(str, found[:_SHOWN])


def write_disagreements(run: Path, found: Iterable[object]) -> None:
    """All of them, each a dataclass of texts, beside the run in that folder; no file where there is none."""
    lines = [json.dumps(vars(disagreement)) + "\n" for disagreement in found]
    if lines:
        (run / FILE_NAME).write_text("".join(lines), encoding="utf-8")
