"""The file of a run: one SQLite database that holds what was to be played and a record of every match that was.

A file is whole or it is refused: it is made under another name and renamed when its header is in it, every row carries
a checksum, and a run that lacks matches says so (`RunFile.is_complete`). What has been written outlives the process
that wrote it, however that ends.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from comity.core.errors import ComityError, NoAnswer, PlayerError
from comity.core.space import Lottery, from_json
from comity.llm.request import Completion, Draw, Request
from comity.records.calls import CALLS, REQUESTS, Call, RequestedCallTable, Spending
from comity.records.database import Kind, Values, connected, dumps, locked, summed
from comity.records.record import RULES_VERSION, Failure, Record, Status
from comity.records.spec import Cell, MatchSpec, Spec

FILE_NAME = "run.sqlite"
SCHEMA_VERSION = 3

MATCHES = """
CREATE TABLE run (
    name TEXT NOT NULL,
    origin TEXT NOT NULL,
    plan TEXT NOT NULL,
    seed INTEGER NOT NULL,
    agents TEXT NOT NULL,
    matches INTEGER NOT NULL,
    rules_version TEXT NOT NULL,
    notes TEXT NOT NULL,
    wordings TEXT NOT NULL,
    graphs TEXT NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE TABLE cells (
    cell INTEGER PRIMARY KEY,
    spec TEXT NOT NULL UNIQUE,
    checksum INTEGER NOT NULL
);
CREATE TABLE matches (
    match INTEGER PRIMARY KEY,
    cell INTEGER NOT NULL REFERENCES cells (cell),
    replicate TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    agents TEXT NOT NULL,
    status TEXT NOT NULL,
    choices TEXT NOT NULL,
    lotteries TEXT NOT NULL,
    payoffs TEXT NOT NULL,
    failure TEXT NOT NULL,
    misses TEXT NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE TABLE journal (
    match INTEGER NOT NULL,
    step INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    reply TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (match, step, slot)
) WITHOUT ROWID;
"""
SCHEMA = f"{MATCHES}{REQUESTS}{CALLS}"
"""Every table of the file; `docs/reference/run-schema.md` says what the columns hold."""


class RunError(ComityError):
    """A run cannot be read, written or continued; the message is one sentence for whoever asked."""


RUN = Kind(b"comi", SCHEMA_VERSION, SCHEMA, "a run of comity", "this run", "the run", RunError)
"""The kind of file that a run is."""


@dataclass(frozen=True)
class Header:
    """What a run is, written once when its file is made.

    name: of the plan or of the import.
    plan: the text of the plan; for an import a text that says what was imported from where.
    agents: the strategy behind each label; None for agents that exist only in imported records.
    matches: how many matches the whole design has.
    notes: what an import left out, in words.
    wordings: the text of every wording of the user's own that agents of the plan are asked in, by its name there.
    graphs: the text of every file of edges that the plan names, by its name there.
    """

    name: str
    origin: Literal["plan", "import"]
    plan: str
    seed: int
    agents: tuple[tuple[str, Spec | None], ...]
    matches: int
    rules_version: str = RULES_VERSION
    notes: tuple[str, ...] = ()
    wordings: tuple[tuple[str, str], ...] = ()
    graphs: tuple[tuple[str, str], ...] = ()


class Row(NamedTuple):
    """A record as it is stored: plain values, with the cell still spelled out."""

    match: int
    cell: str
    replicate: str
    repeat: int
    agents: str
    status: str
    choices: str
    lotteries: str
    payoffs: str
    failure: str
    misses: str = "[]"


class RunFile:
    """An open run. Made by `create` or `open`; a context manager that closes it.

    Every method raises `RunError` where the file or the disk does not do what is asked.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, opened: ExitStack) -> None:
        self.path = path
        self.header = _read_header(path, database)
        self._database = database
        self._cells = _read_cells(path, database)
        self._numbers = {_spelled(cell): number for number, cell in self._cells.items()}
        self._calls = RequestedCallTable(RUN, path, database)
        self._opened = opened.pop_all()  # from here on it is this object that closes the file

    @classmethod
    def create(cls, folder: Path, header: Header) -> RunFile:
        """Make the folder if need be, and an empty run in it. Raises `RunError` where there is a run already."""
        path = folder / FILE_NAME
        _make(folder)
        with RUN.in_words(path), ExitStack() as opened:
            opened.enter_context(locked(folder / "run.lock"))
            if path.exists():
                raise RunError(taken(folder))
            _write_empty(path, header)
            database = opened.enter_context(connected(path, writable=True))
            return cls(path, database, opened)

    @classmethod
    def open(cls, folder: Path, *, writable: bool = False) -> RunFile:
        """Open the run in that folder (or in that file).

        Raises `RunError` where there is none, it is damaged, or it was made by other rules than this version's.
        """
        path = folder if folder.is_file() else folder / FILE_NAME
        if not path.is_file():
            raise RunError(f"{folder} holds no run (there is no {FILE_NAME} in it)")
        with RUN.in_words(path), ExitStack() as opened:
            if writable:
                opened.enter_context(locked(path.parent / "run.lock"))
            database = opened.enter_context(connected(path, writable))
            _refuse_strangers(path, database)
            return cls(path, database, opened)

    def __enter__(self) -> RunFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was written to it becomes one file that needs no other beside it."""
        self._opened.close()

    def append(self, records: Sequence[Record]) -> None:
        """Write these records, all or none of them."""
        self.append_rows(map(stored, records))

    def append_rows(self, rows: Iterable[Row]) -> None:
        """Write these stored records, all or none of them."""
        with RUN.in_words(self.path), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            known = dict(self._numbers)
            self._database.executemany(
                "INSERT INTO matches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [summed((row.match, self._number(row.cell, known), *row[2:])) for row in rows],
            )
        self._numbers = known

    def _number(self, spec: str, known: dict[str, int]) -> int:
        number = known.get(spec)
        if number is None:
            number = known[spec] = len(known)
            self._database.execute("INSERT INTO cells VALUES (?, ?, ?)", summed((number, spec)))
        return number

    def records(self) -> Iterator[Record]:
        """Every record, in the order of the matches, read as it is asked for."""
        with RUN.in_words(self.path):
            for values in self._database.execute("SELECT * FROM matches ORDER BY match"):
                yield self._record(values)

    def cells(self) -> Iterator[Cell]:
        """The cells of which there are records."""
        return iter(self._cells.values())

    def record(self, index: int) -> Record:
        """The record of that match. Raises `RunError` where there is none."""
        with RUN.in_words(self.path):
            values = self._database.execute("SELECT * FROM matches WHERE match = ?", (index,)).fetchone()
            if values is None:
                raise RunError(
                    f"{self.path}: match {index} is not recorded (the run has {self.header.matches} matches)"
                )
            return self._record(values)

    def done(self, first: int = 0, end: int | None = None) -> set[int]:
        """The matches that are recorded, of those from first up to and without end."""
        until = self.header.matches if end is None else end
        asked = "SELECT match FROM matches WHERE match >= ? AND match < ?"
        with RUN.in_words(self.path):
            return {index for (index,) in self._database.execute(asked, (first, until))}

    def count(self) -> int:
        """How many matches are recorded."""
        with RUN.in_words(self.path):
            [count] = self._database.execute("SELECT count(*) FROM matches").fetchone()
        return int(count)

    def count_of(self, status: Status) -> int:
        """How many recorded matches ended so."""
        with RUN.in_words(self.path):
            [count] = self._database.execute("SELECT count(*) FROM matches WHERE status = ?", (status,)).fetchone()
        return int(count)

    def is_complete(self) -> bool:
        """Whether every match of the design is recorded."""
        return self.count() == self.header.matches

    def digest(self) -> str:
        """The SHA-256 of all records, in hexadecimal: the same for runs whose records are the same.

        Hashed is a line for each record, in the order of the matches: its `Row` as a JSON list without spaces, in
        UTF-8, ended by a line feed. So neither the order in which matches were written counts, nor the name of the run,
        its place and its journal. Every checksum is verified on the way.
        """
        found = hashlib.sha256()
        with RUN.in_words(self.path):
            spelled = {number: spec for spec, number in self._numbers.items()}
            for values in self._database.execute("SELECT * FROM matches ORDER BY match"):
                match, number, *rest = RUN.whole(self.path, "the record of a match", values)
                spec = spelled[number] if number in spelled else _spelled(self._cell(number))
                found.update(f"{dumps((match, spec, *rest))}\n".encode())
        return found.hexdigest()

    def journal(self, index: int, step: int, slot: int, reply: Any) -> None:
        """Keep a reply before its match goes on, or why there is none (a `PlayerError`).

        Raises `TypeError` unless it is that, a choice or a `Lottery` of choices.
        """
        with RUN.in_words(self.path), self._database:
            values = summed((index, step, slot, _written(reply)))
            self._database.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", values)

    def journaled(self, index: int) -> dict[tuple[int, int], Any]:
        """The replies kept for that match, by (step, slot); a `NoAnswer` where there was none."""
        with RUN.in_words(self.path):
            found = self._database.execute("SELECT * FROM journal WHERE match = ?", (index,))
            whole = (RUN.whole(self.path, f"the journal of match {index}", values) for values in found)
            return {(step, slot): _read(reply) for _, step, slot, reply in whole}

    def keep_call(self, request: Request, draw: Draw, completion: Completion) -> None:
        """Keep what a model answered; what is kept already for that draw from that request stays as it is."""
        self._calls.put(request, draw, completion)

    def kept_call(self, request: Request, draw: Draw) -> Completion | None:
        """What a model answered to that draw from that request, if it was asked."""
        return self._calls.get(request, draw)

    def calls(self) -> Iterator[Call]:
        """Every call that was answered, by its draw, read as it is asked for."""
        return self._calls.calls()

    def keep_loss(self, dollars: float) -> None:
        """Keep what a call may have cost that failed after it was sent."""
        self._calls.put_loss(dollars)

    def spending(self) -> Spending:
        """What the calls of this run have cost so far."""
        return self._calls.spending()

    def _record(self, values: Values) -> Record:
        index, number, replicate, repeat, agents, status, *texts = RUN.whole(self.path, "the record of a match", values)
        choices, lotteries, payoffs, failure, misses = (from_json(json.loads(text)) for text in texts)
        return Record(
            MatchSpec(index, self._cell(number), from_json(json.loads(agents)), replicate, repeat),
            status,
            choices,
            {(step, slot): Lottery(options, odds) for step, slot, options, odds in lotteries},
            payoffs,
            Failure(**failure) if failure else None,
            tuple([Failure(**miss) for miss in misses]),
        )

    def _cell(self, number: int) -> Cell:
        if number not in self._cells:  # another process may have written it since
            self._cells = _read_cells(self.path, self._database)
        if number not in self._cells:
            raise RunError(f"{self.path} is damaged: what was played in some matches is missing from it")
        return self._cells[number]


def taken(folder: Path) -> str:
    """The sentence about a folder in which no other run can be made."""
    return f"{folder} holds a run already: resume it, or choose another folder"


def stored(record: Record) -> Row:
    """The record as it is stored. It needs no open file, so that whoever plays a match may do it."""
    match = record.match
    lotteries = [
        [step, slot, lottery.options, lottery.probabilities] for (step, slot), lottery in record.lotteries.items()
    ]
    failure = vars(record.failure) if record.failure else None
    return Row(
        match.index,
        _spelled(match.cell),
        match.replicate,
        match.repeat,
        dumps(match.agents),
        record.status,
        dumps(record.choices),
        dumps(sorted(lotteries, key=lambda entry: entry[:2])),
        dumps(record.payoffs),
        dumps(failure),
        dumps([vars(miss) for miss in record.misses]),
    )


@lru_cache(maxsize=1_000)
def _spelled(cell: Cell) -> str:
    return dumps(cell.to_json())


def _written(reply: Any) -> str:
    if isinstance(reply, PlayerError):
        return dumps({"missing": str(reply), "cause": reply.cause})
    if isinstance(reply, Lottery):
        text = dumps({"options": reply.options, "probabilities": reply.probabilities})
    else:
        text = dumps(reply)
    if _read(text) != reply:
        raise TypeError(f"the reply {reply!r} is not a choice: text, a number, true, false, None or a tuple of these")
    return text


def _read(reply: str) -> Any:
    data = json.loads(reply)
    if isinstance(data, dict) and "missing" in data:
        return NoAnswer(data["missing"], data["cause"])
    if isinstance(data, dict):
        return Lottery(from_json(data["options"]), from_json(data["probabilities"]))
    return from_json(data)


def _write_empty(path: Path, header: Header) -> None:
    def begin(database: sqlite3.Connection) -> None:
        database.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", summed(_header_values(header)))

    RUN.write_empty(path, begin)


def _header_values(header: Header) -> Values:
    agents = [[label, spec and spec.to_json()] for label, spec in header.agents]
    return (
        header.name,
        header.origin,
        header.plan,
        header.seed,
        dumps(agents),
        header.matches,
        header.rules_version,
        dumps(header.notes),
        dumps(header.wordings),
        dumps(header.graphs),
    )


def _read_header(path: Path, database: sqlite3.Connection) -> Header:
    rows = database.execute("SELECT * FROM run").fetchall()
    if len(rows) != 1:
        raise RunError(f"{path} is damaged: it has {len(rows)} headers")
    told = RUN.whole(path, "its header", rows[0])
    name, origin, plan, seed, agents, matches, rules_version, notes, wordings, graphs = told
    specs = tuple((label, spec and Spec.from_json(spec)) for label, spec in json.loads(agents))
    return Header(
        name,
        origin,
        plan,
        seed,
        specs,
        matches,
        rules_version,
        tuple(json.loads(notes)),
        from_json(json.loads(wordings)),
        from_json(json.loads(graphs)),
    )


def _read_cells(path: Path, database: sqlite3.Connection) -> dict[int, Cell]:
    found = (RUN.whole(path, "a cell", values) for values in database.execute("SELECT * FROM cells"))
    return {number: Cell.from_json(json.loads(spec)) for number, spec in found}


def _refuse_strangers(path: Path, database: sqlite3.Connection) -> None:
    RUN.refuse_strangers(path, database)
    made_by = _read_header(path, database).rules_version
    if made_by != RULES_VERSION:
        raise RunError(
            f"{path} was played by version {made_by} of the rules, and this comity has version {RULES_VERSION}"
        )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"the folder {folder} cannot be made: {error.strerror}") from error
