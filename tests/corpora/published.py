"""The published CoopEval records as a run: imported once in a session, however many processes test.

Reading them takes seconds, and many tests read them; nobody may change what all of them share.
"""

from __future__ import annotations

import fcntl
import pickle
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from comity.corpora.coopeval import Imported, import_coopeval
from comity.metrics import social_dilemmas
from comity.records.record import Record
from comity.records.spec import Cell
from comity.records.store import RunFile
from comity.records.tables import Tables, tables

DILEMMAS = ("prisoners_dilemma", "public_goods", "travellers_dilemma", "trust_game")
AGENTS = (
    "anthropic/claude-sonnet-4.5(CoT)",
    "google/gemini-3-flash-preview(CoT)",
    "google/gemini-3-flash-preview(IO)",
    "openai/gpt-5.2(CoT)",
    "openai/gpt-4o-2024-05-13(CoT)",
    "qwen/qwen3-30b-a3b-instruct-2507(CoT)",
)


@dataclass(frozen=True)
class Published:
    """All replicates and ablations, from the tidy tables: what the import said, and the folder of the run."""

    imported: Imported
    run: Path

    @cached_property
    def records(self) -> list[Record]:
        with RunFile.open(self.run) as run:
            return list(run.records())

    @cached_property
    def tables(self) -> Tables:
        """Every decision too."""
        return tables(self.records)

    @cached_property
    def cells(self) -> list[Cell]:
        return list(dict.fromkeys(record.match.cell for record in self.records))

    @cached_property
    def dilemmas(self) -> frozenset[str]:
        return social_dilemmas(self.cells)


def imported_once(source: Path, shared: Path) -> Published:
    """The import of the source, made by whichever process comes first; shared: a folder that all of them have."""
    run, said = shared / "published", shared / "published.pickle"
    with (shared / "published.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            said.write_bytes(pickle.dumps(import_coopeval(source, run)))
    return Published(pickle.loads(said.read_bytes()), run)
