"""From published records to a run of ours.

The source is read and played again, one tournament at a time, into a temporary file, and the run is made when all that
is to be said of it is known. So a source that is broken in its last line leaves no run behind.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, TypeVar

from comity.corpora.coopeval import folders, parquet
from comity.corpora.coopeval.account import Tournament
from comity.corpora.coopeval.check import Disagreement, Reading, readings
from comity.corpora.disagreements import FILE_NAME as DISAGREEMENTS
from comity.corpora.disagreements import write_disagreements
from comity.corpora.ends import checked_out, checked_source
from comity.corpora.errors import CorpusError
from comity.records.record import Record
from comity.records.store import Header, Row, RunFile, stored

T = TypeVar("T")

_SHOWN = 20
_BATCH = 500


@dataclass(frozen=True)
class Import:
    """What lies in a folder of published records, not yet read through.

    notes: what the source as a whole lacks, in words.
    """

    path: Path
    tournaments: tuple[Tournament, ...]
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the run is called."""
        return f"coopeval {self.path.resolve().name}"

    @property
    def agents(self) -> tuple[str, ...]:
        """Every agent that plays in any of the tournaments."""
        rosters = (tournament.names.roster for tournament in self.tournaments)
        return tuple(dict.fromkeys(agent for roster in rosters for agent in roster))

    @property
    def matches(self) -> int:
        """How many matches there should be."""
        return sum(tournament.matches for tournament in self.tournaments)

    def readings(self) -> Iterator[Reading]:
        """Every match that is told, played again; one tournament after another."""
        first = 0
        for tournament in self.tournaments:
            yield from readings(tournament, first)
            first += tournament.matches

    def records(self) -> Iterator[Record]:
        """Our record of every match that can be played by our rules, or of which payoffs are told."""
        return (reading.record for reading in self.readings() if reading.record is not None)


@dataclass(frozen=True)
class Imported:
    """What became of an import.

    recorded: how many matches are in the run. payoffs_only: how many of them without their choices.
    disagreements: all places where the source and our rules differ; they also stand in `DISAGREEMENTS` beside the run.
    """

    header: Header
    recorded: int
    payoffs_only: int
    disagreements: tuple[Disagreement, ...]

    @property
    def left_out(self) -> int:
        """How many matches are not in the run, because they are not told or cannot be played by our rules."""
        return self.header.matches - self.recorded

    def summary(self) -> tuple[str, ...]:
        """What a person is told of it, one line each."""
        known = f", {self.payoffs_only} of them by their payoffs only" if self.payoffs_only else ""
        counts = f"{self.recorded} of {self.header.matches} matches imported{known}"
        return (counts, *self.header.notes)


def read_coopeval(path: Path) -> Import:
    """What lies there: a tournament, a replicate, any tree of replicates, or the tables as Parquet.

    Raises `CorpusError` where path holds none of these, or a configuration cannot be understood.
    """
    checked_source(path)
    if parquet.is_parquet(path):
        found, notes = parquet.tournaments(path)
    else:
        found, notes = _from_folders(path), []
    _refuse_twins(found)
    return Import(path, tuple(found), tuple(notes))


def _from_folders(path: Path) -> list[Tournament]:
    places = folders.tournament_folders(path)
    if not places:
        raise CorpusError(f"{path} holds no records of CoopEval: neither its Parquet tables nor any {folders.CONFIG}")
    return [folders.tournament(place, name) for place, name in folders.replicates(places).items()]


def _refuse_twins(found: Iterable[Tournament]) -> None:
    seen: dict[Any, str] = {}
    for tournament in found:
        terms = tournament.names.terms
        other = seen.setdefault((tournament.replicate, terms.cell), tournament.name)
        if other is not tournament.name:
            raise CorpusError(
                f"{other} and {tournament.name} are the same game under the same mechanism in one replicate; "
                "import them into separate runs"
            )


def import_coopeval(path: Path, out: Path) -> Imported:
    """Read what lies at path into a new run in the folder `out`.

    Raises `CorpusError` where the source cannot be read, and `RunError` where the run cannot be written.
    """
    source = read_coopeval(path)
    checked_out(out)
    tally = Tally()
    with TemporaryFile("w+", encoding="utf-8") as spool:
        for reading in source.readings():
            tally.count(reading)
            if reading.record is not None:
                spool.write(json.dumps(stored(reading.record)) + "\n")
        header = _header(source, tally)
        _write(out, header, spool)
    write_disagreements(out, tally.disagreements)
    return Imported(header, tally.recorded, tally.payoffs_only, tuple(tally.disagreements))


@dataclass
class Tally:
    """What has been read so far.

    told, restored: by tournament how many matches the source tells, and how many had their moves restored.
    unknown: by tournament and what is lacking how many have payoffs only. recorded, refused: how many became a record,
        and how many cannot be played by our rules.
    """

    told: Counter[str] = field(default_factory=Counter)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    restored: Counter[str] = field(default_factory=Counter)
    recorded: int = 0
    refused: int = 0
    disagreements: list[Disagreement] = field(default_factory=list)

    @property
    def payoffs_only(self) -> int:
        """How many matches are recorded without their choices."""
        return sum(self.unknown.values())

    def count(self, reading: Reading) -> None:
        """Add one match."""
        self.told[reading.tournament] += 1
        self.restored[reading.tournament] += reading.restored
        self.recorded += reading.record is not None
        self.refused += reading.record is None
        self.disagreements += reading.disagreements
        if reading.unknown:
            self.unknown[reading.tournament, reading.unknown] += 1


def _header(source: Import, tally: Tally) -> Header:
    told = {"imported": "coopeval", "from": str(source.path), "tournaments": [t.name for t in source.tournaments]}
    agents = tuple((agent, None) for agent in source.agents)
    notes = (*source.notes, *_lacking(source, tally), *_differing(tally))
    return Header(source.name, "import", json.dumps(told, indent=1), 0, agents, source.matches, notes=notes)


def _lacking(source: Import, tally: Tally) -> Iterator[str]:
    """What each tournament lacks, in words."""
    for tournament in source.tournaments:
        for note in (*tournament.notes, *_gaps(tournament, tally)):
            yield f"{tournament.name}: {note}"


def _gaps(tournament: Tournament, tally: Tally) -> Iterator[str]:
    absent = tournament.matches - tally.told[tournament.name]
    if absent > 0:
        yield f"{absent} of its {tournament.matches} matches are not told"
    if restored := tally.restored[tournament.name]:
        yield f"the moves of {restored} matches are not told, and are taken from payoffs that admit no others"
    for (name, unknown), count in tally.unknown.items():
        if name == tournament.name:
            yield f"{count} of its matches have payoffs only, because the source lacks {unknown}"


def _differing(tally: Tally) -> Iterator[str]:
    """How often the source and our rules differ, and the first places where they do."""
    found = tally.disagreements
    if not found:
        yield "every match that is told with its choices replays by our rules to the recorded payoffs"
        return
    yield (
        f"disagreements of the source with our rules: {len(found)} (all in {DISAGREEMENTS}); "
        f"matches left out because our rules cannot play them so: {tally.refused}"
    )
    yield from map(str, found[:_SHOWN])


def _write(out: Path, header: Header, spool: IO[str]) -> None:
    spool.seek(0)
    with RunFile.create(out, header) as run:
        for lines in _batches(spool, _BATCH):
            run.append_rows(Row(*json.loads(line)) for line in lines)


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
