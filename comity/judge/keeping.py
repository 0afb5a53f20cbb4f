"""The file of judgements: what was judged by what definitions, every answer that was paid for, and every labelling.

It lies in a folder of its own or beside a run, which it never touches. It is made under another name and renamed when
its terms are in it, every row carries a checksum, and what has been written outlives the process that wrote it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from zlib import crc32

from comity.judge.asking import VERSION
from comity.judge.errors import JudgeError
from comity.judge.reason import LEVELS, Level, Reason
from comity.judge.taxonomy import Taxonomy
from comity.llm.request import Completion, Draw, Request
from comity.llm.secrets import redacted

FILE_NAME = "judgements.sqlite"
SCHEMA_VERSION = 1
_APPLICATION = int.from_bytes(b"comj", "big")

SCHEMA = """
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
CREATE TABLE calls (
    digest TEXT NOT NULL,
    who TEXT NOT NULL,
    key TEXT NOT NULL,
    step INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    ask INTEGER NOT NULL,
    completion TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (key, step, slot, who, ask, digest)
) WITHOUT ROWID;
"""
"""Every table of the file. A call is named by the digest of its request and by its draw; the request itself follows
from the terms and the reason."""


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


Values: TypeAlias = tuple[Any, ...]


class Judgements:
    """An open file of judgements. Made by `create` or `open`; a context manager that closes it.

    Every method raises `JudgeError` where the file or the disk does not do what is asked.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, writable: bool, opened: ExitStack) -> None:
        self.path = path
        self._database = database
        self._writable = writable
        self.terms = self._read_terms()
        self._opened = opened.pop_all()  # from here on it is this object that closes the file

    @classmethod
    def create(cls, folder: Path, terms: Terms) -> Judgements:
        """Make the folder if need be, and a file without judgements in it.

        A file there in which nothing was judged yet gives way. Raises `JudgeError` where something was.
        """
        path = folder / FILE_NAME
        with _in_words(path), ExitStack() as opened:
            folder.mkdir(parents=True, exist_ok=True)
            opened.enter_context(_locked(path))
            if cls.are_in(folder):
                raise JudgeError(f"{folder} holds judgements already: go on with them (--resume), or move {FILE_NAME}")
            _write_empty(path, terms)
            return cls(path, opened.enter_context(_connected(path, writable=True)), True, opened)

    @classmethod
    def open(cls, folder: Path, *, writable: bool = False) -> Judgements:
        """Open the judgements in that folder. Raises `JudgeError` where there are none, or they are damaged."""
        path = folder / FILE_NAME
        if not path.is_file():
            raise JudgeError(f"{folder} holds no judgements (there is no {FILE_NAME} in it)")
        with _in_words(path), ExitStack() as opened:
            if writable:
                opened.enter_context(_locked(path))
            database = opened.enter_context(_connected(path, writable))
            _refuse_strangers(path, database)
            return cls(path, database, writable, opened)

    @classmethod
    def are_in(cls, folder: Path) -> bool:
        """Whether something was judged, or asked, in that folder. Raises `JudgeError` where the file is damaged."""
        if not (folder / FILE_NAME).exists():
            return False
        with cls.open(folder) as file, _in_words(file.path):
            tables = ("calls", "verdicts")
            return any(file._database.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name in tables)

    def __enter__(self) -> Judgements:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was written to it becomes one file that needs no other beside it."""
        if self._writable:
            with suppress(sqlite3.Error):  # somebody may still be reading: then the log stays beside the file
                self._database.execute("PRAGMA journal_mode = DELETE")
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
        with _in_words(self.path), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            known = {listed.id: listed for listed in self.reasons()}
            for reason in reasons:
                if reason.id not in known:
                    values = (reason.id, reason.game, reason.mechanism, reason.agent, reason.match)
                    row = _summed((len(known), *values, len(reason.text), reason.digest))
                    self._database.execute("INSERT INTO reasons VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
                    known[reason.id] = Listed(*row[:-1])
                elif known[reason.id].digest != reason.digest:
                    raise JudgeError(
                        f"{self.path}: the reason {reason.id!r} was judged with another text than it has now"
                    )

    def reasons(self) -> Iterator[Listed]:
        """Every reason that is listed, in order."""
        with _in_words(self.path):
            for values in self._database.execute("SELECT * FROM reasons ORDER BY place"):
                yield Listed(*_whole(self.path, "a reason", values))

    # Labellings

    def introduce(self, judge: str, how: str) -> None:
        """List a judge with how it judges. Raises `JudgeError` where one of that name judged otherwise before."""
        with _in_words(self.path), self._database:
            row = self._database.execute("SELECT * FROM judges WHERE judge = ?", (judge,)).fetchone()
            if row is None:
                self._database.execute("INSERT INTO judges VALUES (?, ?, ?)", _summed((judge, how)))
            elif _whole(self.path, "a judge", row)[1] != how:
                raise JudgeError(
                    f"{self.path}: {judge} has judged with other settings before: ask for the same, or judge into "
                    "another folder"
                )

    def keep(self, judged: Judged) -> None:
        """Keep a labelling, or why there is none; it takes the place of an earlier one of the same judge and pass."""
        labels = "" if judged.labels is None else json.dumps(judged.labels)
        confidence = "" if judged.confidence is None else repr(judged.confidence)
        values = (judged.id, judged.judge, judged.number, labels, confidence, judged.cause, redacted(judged.said))
        with _in_words(self.path), self._database:
            self._database.execute("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _summed(values))

    def judged(self) -> Iterator[Judged]:
        """Every labelling, by reason, judge and pass."""
        with _in_words(self.path):
            for values in self._database.execute("SELECT * FROM verdicts ORDER BY id, judge, pass"):
                yield _judged(_whole(self.path, "a judgement", values))

    # Calls

    def reply(self, request: Request, draw: Draw) -> Completion | None:
        """What a model answered to that draw from that request, if it was asked."""
        asked = "SELECT * FROM calls WHERE key = ? AND step = ? AND slot = ? AND who = ? AND ask = ? AND digest = ?"
        place = (str(draw.key), draw.step, draw.slot, draw.who, draw.ask, request.digest)
        with _in_words(self.path):
            values = self._database.execute(asked, place).fetchone()
        return None if values is None else Completion.from_json(json.loads(_whole(self.path, "a call", values)[-1]))

    def keep_reply(self, request: Request, draw: Draw, completion: Completion) -> None:
        """Keep what a model answered; what is kept already for that draw from that request stays as it is."""
        text = redacted(json.dumps(completion.to_json(), allow_nan=False))
        values = (request.digest, draw.who, str(draw.key), draw.step, draw.slot, draw.ask, text)
        with _in_words(self.path), self._database:
            self._database.execute("INSERT OR IGNORE INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _summed(values))

    def spent(self) -> tuple[int, float]:
        """How many calls were answered, and what they cost in US dollars as far as prices are known."""
        with _in_words(self.path):
            rows = [_whole(self.path, "a call", row) for row in self._database.execute("SELECT * FROM calls")]
        return len(rows), sum(json.loads(row[-1])["cost"] or 0.0 for row in rows)

    def _read_terms(self) -> Terms:
        rows = self._database.execute("SELECT * FROM terms").fetchall()
        if len(rows) != 1:
            raise JudgeError(f"{self.path} is damaged: it has {len(rows)} rows of terms")
        taxonomy, level, question, source = _whole(self.path, "its terms", rows[0])
        if level not in LEVELS:
            raise JudgeError(f"{self.path} is damaged: it names the context {level!r}")
        return Terms(Taxonomy.from_text(taxonomy), level, source, question)


@dataclass(frozen=True)
class Replies:
    """A `comity.llm.store.ReplyStore` in the file of judgements."""

    file: Judgements

    def get(self, request: Request, draw: Draw) -> Completion | None:
        """The completion kept for that draw from that request, if there is one."""
        return self.file.reply(request, draw)

    def put(self, request: Request, draw: Draw, completion: Completion) -> None:
        """Keep a completion; it is in the file when this returns."""
        self.file.keep_reply(request, draw, completion)


def _judged(values: Values) -> Judged:
    id_, judge, number, labels, confidence, cause, said = values
    found = tuple(json.loads(labels)) if labels else None
    return Judged(id_, judge, number, found, float(confidence) if confidence else None, cause, said)


def _summed(values: Values) -> Values:
    return (*values, _sum(values))


def _whole(path: Path, what: str, values: Values) -> Values:
    *content, checksum = values
    if any(type(value) not in (int, str) for value in content) or _sum(content) != checksum:
        raise JudgeError(f"{path} is damaged: {what} is not what was written")
    return tuple(content)


def _sum(values: Sequence[Any]) -> int:
    return crc32(json.dumps(values, separators=(",", ":")).encode())


def _write_empty(path: Path, terms: Terms) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished)) as database:
        database.execute(f"PRAGMA application_id = {_APPLICATION}")
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        database.executescript(SCHEMA)
        values = _summed((terms.taxonomy.text, terms.level, terms.question, terms.source))
        database.execute("INSERT INTO terms VALUES (?, ?, ?, ?, ?)", values)
        database.commit()
    for log in ("-wal", "-shm"):
        path.with_name(f"{path.name}{log}").unlink(missing_ok=True)
    unfinished.rename(path)


@contextmanager
def _connected(path: Path, writable: bool) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)) as database:
        if writable:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
        else:  # opened as if to write nevertheless: what a killed process left half written has to be taken back
            database.execute("PRAGMA query_only = ON")
        yield database


def _refuse_strangers(path: Path, database: sqlite3.Connection) -> None:
    [application], [schema] = (
        database.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
    )
    if application != _APPLICATION:
        raise JudgeError(f"{path} is not a file of judgements")
    if schema != SCHEMA_VERSION:
        raise JudgeError(f"{path} has version {schema} of the schema, and this comity reads version {SCHEMA_VERSION}")
    [verdict] = database.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise JudgeError(f"{path} is damaged: {' '.join(verdict.split())}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The one right to write to that file; it ends with the process at the latest. Readers need none."""
    with closing(sqlite3.connect(path.with_suffix(".lock"), timeout=0, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield


_WORDS = {
    "SQLITE_FULL": "there is no more room on its disk; what was finished is kept, and judging can be resumed",
    "SQLITE_BUSY": "another process is writing to these judgements",
    "SQLITE_READONLY": "it may be read but not written",
    "SQLITE_CANTOPEN": "it cannot be opened there; is the folder writable?",
    "SQLITE_IOERR": "the disk does not take what is written to it; is it full?",
    "SQLITE_CORRUPT": "the file is damaged",
    "SQLITE_NOTADB": "the file is damaged, or it holds no judgements",
}


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """What the database or the system says about this file, as one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        raise JudgeError(f"{path}: {_WORDS.get(name, 'the database reports an error')} ({error})") from error
    except (UnicodeError, json.JSONDecodeError) as error:
        raise JudgeError(f"{path}: the file is damaged ({error})") from error
    except OSError as error:
        raise JudgeError(f"{path}: {error.strerror}") from error
