"""The file of judgements: what was judged by what definitions, every answer that was paid for, and every labelling.

It lies in a folder of its own or beside a run, which it never touches. It is made under another name and renamed when
its terms are in it, every row carries a checksum, and what has been written outlives the process that wrote it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from comity.judge.asking import VERSION
from comity.judge.errors import JudgeError
from comity.judge.reason import LEVELS, Level, Reason
from comity.judge.taxonomy import Taxonomy
from comity.llm.request import Completion, Draw, Request
from comity.llm.secrets import redacted
from comity.llm.store import Submitted
from comity.records.calls import CALLS, CallTable
from comity.records.database import Kind, Values, connected, locked, summed

FILE_NAME = "judgements.sqlite"
SCHEMA_VERSION = 1

JUDGED = """
CREATE TABLE terms (
    taxonomy TEXT NOT NULL,
    context TEXT NOT NULL,
    question INTEGER NOT NULL,
    source TEXT NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE TABLE reasons (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    game TEXT NOT NULL,
    mechanism TEXT NOT NULL,
    agent TEXT NOT NULL,
    match TEXT NOT NULL,
    length INTEGER NOT NULL,
    digest TEXT NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE TABLE judges (
    judge TEXT PRIMARY KEY,
    how TEXT NOT NULL,
    checksum INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE verdicts (
    id TEXT NOT NULL,
    judge TEXT NOT NULL,
    pass INTEGER NOT NULL,
    labels TEXT NOT NULL,
    confidence TEXT NOT NULL,
    cause TEXT NOT NULL,
    said TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (id, judge, pass)
) WITHOUT ROWID;
CREATE TABLE batches (
    name TEXT PRIMARY KEY,
    line TEXT NOT NULL,
    ticket TEXT NOT NULL,
    worst TEXT NOT NULL,
    checksum INTEGER NOT NULL
);
"""
SCHEMA = f"{JUDGED}{CALLS}"
"""Every table of the file. What was asked in a call follows from the terms and the reason."""

JUDGEMENTS = Kind(b"comj", SCHEMA_VERSION, SCHEMA, "a file of judgements", "these judgements", "judging", JudgeError)
"""The kind of file that judgements are."""


@dataclass(frozen=True)
class Terms:
    """By what reasons are judged. source: where the reasons come from. question: the version of its words."""

    taxonomy: Taxonomy
    level: Level
    source: str
    question: int = VERSION


class Listed(NamedTuple):
    """A reason without its text. length: of the text, in characters. digest: of the text."""

    place: int
    id: str
    game: str
    mechanism: str
    agent: str
    match: str
    length: int
    digest: str


class Judged(NamedTuple):
    """What one judge made of one reason in one pass (from 1).

    labels: None where there is no labelling; `cause` and `said` then say why.
    """

    id: str
    judge: str
    number: int
    labels: tuple[str, ...] | None
    confidence: float | None = None
    cause: str = ""
    said: str = ""


class Judgements:
    """An open file of judgements. Made by `create` or `open`; a context manager that closes it.

    Every method raises `JudgeError` where the file or the disk does not do what is asked.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, opened: ExitStack) -> None:
        self.path = path
        self._database = database
        self.terms = self._read_terms()
        self._calls = CallTable(JUDGEMENTS, path, database)
        self._opened = opened.pop_all()  # from here on it is this object that closes the file

    @classmethod
    def create(cls, folder: Path, terms: Terms) -> Judgements:
        """Make the folder if need be, and a file without judgements in it.

        A file there in which nothing was judged yet gives way. Raises `JudgeError` where something was.
        """
        path = folder / FILE_NAME
        with JUDGEMENTS.in_words(path), ExitStack() as opened:
            folder.mkdir(parents=True, exist_ok=True)
            opened.enter_context(locked(path.with_suffix(".lock")))
            if cls.are_in(folder):
                raise JudgeError(f"{folder} holds judgements already: go on with them (--resume), or move {FILE_NAME}")
            _write_empty(path, terms)
            return cls(path, opened.enter_context(connected(path, writable=True)), opened)

    @classmethod
    def open(cls, folder: Path, *, writable: bool = False) -> Judgements:
        """Open the judgements in that folder. Raises `JudgeError` where there are none, or they are damaged."""
        path = folder / FILE_NAME
        if not path.is_file():
            raise JudgeError(f"{folder} holds no judgements (there is no {FILE_NAME} in it)")
        with JUDGEMENTS.in_words(path), ExitStack() as opened:
            if writable:
                opened.enter_context(locked(path.with_suffix(".lock")))
            database = opened.enter_context(connected(path, writable))
            JUDGEMENTS.refuse_strangers(path, database)
            return cls(path, database, opened)

    @classmethod
    def are_in(cls, folder: Path) -> bool:
        """Whether something was judged, or asked, in that folder. Raises `JudgeError` where the file is damaged."""
        if not (folder / FILE_NAME).exists():
            return False
        with cls.open(folder) as file, JUDGEMENTS.in_words(file.path):
            tables = ("calls", "verdicts", "batches")
            return any(file._database.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name in tables)

    def __enter__(self) -> Judgements:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was written to it becomes one file that needs no other beside it."""
        self._opened.close()

    def agree(self, terms: Terms) -> None:
        """Raises `JudgeError` where these reasons were judged by other terms than these."""
        for what, kept, asked in (
            ("the taxonomy", self.terms.taxonomy.digest, terms.taxonomy.digest),
            ("the context", self.terms.level, terms.level),
            ("the source", self.terms.source, terms.source),
            ("the wording of the question", self.terms.question, terms.question),
        ):
            if kept != asked:
                raise JudgeError(
                    f"{self.path}: these reasons were judged by other terms ({what} differs), and judgements by "
                    "different terms are not mixed: judge into another folder, or move the file"
                )

    # Reasons

    def add(self, reasons: Iterable[Reason]) -> None:
        """List reasons, in their order; one that is listed stays. Raises `JudgeError` where its text is another now."""
        with JUDGEMENTS.in_words(self.path), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            known = {listed.id: listed for listed in self.reasons()}
            for reason in reasons:
                if reason.id not in known:
                    values = (reason.id, reason.game, reason.mechanism, reason.agent, reason.match)
                    row = summed((len(known), *values, len(reason.text), reason.digest))
                    self._database.execute("INSERT INTO reasons VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
                    known[reason.id] = Listed(*row[:-1])
                elif known[reason.id].digest != reason.digest:
                    raise JudgeError(
                        f"{self.path}: the reason {reason.id!r} was judged with another text than it has now"
                    )

    def reasons(self) -> Iterator[Listed]:
        """Every reason that is listed, in order."""
        with JUDGEMENTS.in_words(self.path):
            for values in self._database.execute("SELECT * FROM reasons ORDER BY place"):
                yield Listed(*JUDGEMENTS.whole(self.path, "a reason", values))

    # Labellings

    def introduce(self, judge: str, how: str) -> None:
        """List a judge with how it judges. Raises `JudgeError` where one of that name judged otherwise before."""
        with JUDGEMENTS.in_words(self.path), self._database:
            row = self._database.execute("SELECT * FROM judges WHERE judge = ?", (judge,)).fetchone()
            if row is None:
                self._database.execute("INSERT INTO judges VALUES (?, ?, ?)", summed((judge, how)))
            elif JUDGEMENTS.whole(self.path, "a judge", row)[1] != how:
                raise JudgeError(
                    f"{self.path}: {judge} has judged with other settings before: ask for the same, or judge into "
                    "another folder"
                )

    def keep(self, judged: Judged) -> None:
        """Keep a labelling, or why there is none; it takes the place of an earlier one of the same judge and pass."""
        labels = "" if judged.labels is None else json.dumps(judged.labels)
        confidence = "" if judged.confidence is None else repr(judged.confidence)
        values = (judged.id, judged.judge, judged.number, labels, confidence, judged.cause, redacted(judged.said))
        with JUDGEMENTS.in_words(self.path), self._database:
            self._database.execute("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", summed(values))

    def judged(self) -> Iterator[Judged]:
        """Every labelling, by reason, judge and pass."""
        with JUDGEMENTS.in_words(self.path):
            for values in self._database.execute("SELECT * FROM verdicts ORDER BY id, judge, pass"):
                yield _judged(JUDGEMENTS.whole(self.path, "a judgement", values))

    # Calls

    def reply(self, request: Request, draw: Draw) -> Completion | None:
        """What a model answered to that draw from that request, if it was asked."""
        return self._calls.get(request, draw)

    def keep_reply(self, request: Request, draw: Draw, completion: Completion) -> None:
        """Keep what a model answered; what is kept already for that draw from that request stays as it is."""
        self._calls.put(request, draw, completion)

    def keep_loss(self, dollars: float) -> None:
        """Keep what a call may have cost that failed after it was sent."""
        self._calls.put_loss(dollars)

    def lost(self) -> float:
        """What calls that failed after they were sent may have cost, in US dollars."""
        return self._calls.lost()

    def spent(self) -> tuple[int, float]:
        """How many calls were answered, and what they cost in US dollars as far as prices are known."""
        costs = [kept.completion.cost or 0.0 for kept in self._calls.kept()]
        return len(costs), sum(costs)

    # Batches

    def batches(self) -> tuple[Submitted, ...]:
        """Every batch of calls whose answers are not all here, in the order they were sent in."""
        with JUDGEMENTS.in_words(self.path):
            rows = self._database.execute("SELECT * FROM batches ORDER BY rowid").fetchall()
            found = [JUDGEMENTS.whole(self.path, "a batch", row) for row in rows]
            return tuple(Submitted(name, line, ticket, json.loads(worst)) for name, line, ticket, worst in found)

    def keep_batch(self, batch: Submitted) -> None:
        """Keep a batch, in the place of the one of that name."""
        asked = (
            "INSERT INTO batches VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
            "line = excluded.line, ticket = excluded.ticket, worst = excluded.worst, checksum = excluded.checksum"
        )
        values = (batch.name, batch.line, batch.ticket, json.dumps(dict(batch.worst), allow_nan=False))
        with JUDGEMENTS.in_words(self.path), self._database:
            self._database.execute(asked, summed(values))

    def drop_batch(self, name: str) -> None:
        """Forget the batch of that name."""
        with JUDGEMENTS.in_words(self.path), self._database:
            self._database.execute("DELETE FROM batches WHERE name = ?", (name,))

    def _read_terms(self) -> Terms:
        rows = self._database.execute("SELECT * FROM terms").fetchall()
        if len(rows) != 1:
            raise JudgeError(f"{self.path} is damaged: it has {len(rows)} rows of terms")
        taxonomy, level, question, source = JUDGEMENTS.whole(self.path, "its terms", rows[0])
        if level not in LEVELS:
            raise JudgeError(f"{self.path} is damaged: it names the context {level!r}")
        return Terms(Taxonomy.from_text(taxonomy), level, source, question)


@dataclass(frozen=True)
class Replies:
    """A `comity.llm.store.BatchStore` in the file of judgements."""

    file: Judgements

    def get(self, request: Request, draw: Draw) -> Completion | None:
        """The completion kept for that draw from that request, if there is one."""
        return self.file.reply(request, draw)

    def put(self, request: Request, draw: Draw, completion: Completion) -> None:
        """Keep a completion; it is in the file when this returns."""
        self.file.keep_reply(request, draw, completion)

    def batches(self) -> tuple[Submitted, ...]:
        """See `BatchStore`."""
        return self.file.batches()

    def keep_batch(self, batch: Submitted) -> None:
        """See `BatchStore`."""
        self.file.keep_batch(batch)

    def drop_batch(self, name: str) -> None:
        """See `BatchStore`."""
        self.file.drop_batch(name)


def _judged(values: Values) -> Judged:
    id_, judge, number, labels, confidence, cause, said = values
    found = tuple(json.loads(labels)) if labels else None
    return Judged(id_, judge, number, found, float(confidence) if confidence else None, cause, said)


def _write_empty(path: Path, terms: Terms) -> None:
    def begin(database: sqlite3.Connection) -> None:
        values = summed((terms.taxonomy.text, terms.level, terms.question, terms.source))
        database.execute("INSERT INTO terms VALUES (?, ?, ?, ?, ?)", values)

    JUDGEMENTS.write_empty(path, begin)
