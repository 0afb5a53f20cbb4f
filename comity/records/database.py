"""A kind of file that is one SQLite database, and how it is opened, locked and read without a doubt.

A file is whole or it is refused: it is made under another name and renamed when it is complete, every row carries a
checksum, and whatever the database or the system says becomes one sentence.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from zlib import crc32

from comity.core.errors import ComityError

Values: TypeAlias = tuple[Any, ...]

_WORDS = {
    "SQLITE_FULL": "there is no more room on its disk; what was finished is kept, and {what} can be resumed",
    "SQLITE_BUSY": "another process is writing to {it}",
    "SQLITE_READONLY": "it may be read but not written",
    "SQLITE_CANTOPEN": "it cannot be opened there; is the folder writable?",
    "SQLITE_IOERR": "the disk does not take what is written to it; is it full?",
    "SQLITE_CONSTRAINT": "something was to be recorded twice",
    "SQLITE_CORRUPT": "the file is damaged",
    "SQLITE_NOTADB": "the file is damaged, or it is not {a}",
}

dumps = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    letters: four, by which SQLite tells applications apart. version: of the schema. schema: its tables, in SQL.
    a, it, what: what it is ("a run of comity"), how it is pointed at ("this run"), and what may be resumed ("the run").
    error: what is raised, with one sentence.
    """

    letters: bytes
    version: int
    schema: str
    a: str
    it: str
    what: str
    error: type[ComityError]

    @contextmanager
    def in_words(self, path: Path) -> Iterator[None]:
        """What the database or the system says about that file, as one sentence."""
        try:
            yield
        except sqlite3.Error as error:
            name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
            words = _WORDS.get(name, "the database reports an error").format(a=self.a, it=self.it, what=self.what)
            raise self.error(f"{path}: {words} ({error})") from error
        except (UnicodeError, json.JSONDecodeError) as error:
            raise self.error(f"{path}: the file is damaged ({error})") from error
        except OSError as error:
            raise self.error(f"{path}: {error.strerror}") from error

    def write_empty(self, path: Path, begin: Callable[[sqlite3.Connection], None]) -> None:
        """Make the file; `begin` writes what must be in it from its first moment."""
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(unfinished)) as database:
            database.execute(f"PRAGMA application_id = {self._application}")
            database.execute(f"PRAGMA user_version = {self.version}")
            database.executescript(self.schema)
            begin(database)
            database.commit()
        for log in ("-wal", "-shm"):  # of an earlier file of that name
            path.with_name(f"{path.name}{log}").unlink(missing_ok=True)
        unfinished.rename(path)

    def refuse_strangers(self, path: Path, database: sqlite3.Connection) -> None:
        """Raise unless the file is of this kind and version, and sound."""
        [application], [version] = (
            database.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
        )
        if application != self._application:
            raise self.error(f"{path} is not {self.a}")
        if version != self.version:
            raise self.error(
                f"{path} has version {version} of the schema, and this comity reads version {self.version}"
            )
        [verdict] = database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise self.error(f"{path} is damaged: {' '.join(verdict.split())}")

    def whole(self, path: Path, what: str, values: Values) -> Values:
        """The values of a row without their checksum. Raises unless they are what was written."""
        *content, checksum = values
        if any(type(value) not in (int, str) for value in content) or _sum(content) != checksum:
            raise self.error(f"{path} is damaged: {what} is not what was written")
        return tuple(content)

    @property
    def _application(self) -> int:
        return int.from_bytes(self.letters, "big")


def summed(values: Values) -> Values:
    """The values of a row, whole numbers and texts, with their checksum."""
    return (*values, _sum(values))


def _sum(values: Sequence[Any]) -> int:
    return crc32(dumps(values).encode())


@contextmanager
def connected(path: Path, writable: bool) -> Iterator[sqlite3.Connection]:
    """The database in that file. What was written becomes one file at the end that needs no other beside it."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)) as database:
        if writable:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
        else:  # opened as if to write nevertheless: what a killed process left half written has to be taken back
            database.execute("PRAGMA query_only = ON")
        try:
            yield database
        finally:
            if writable:
                with suppress(sqlite3.Error):  # somebody may still be reading: then the log stays beside the file
                    database.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def locked(lock: Path) -> Iterator[None]:
    """The one right to write what this lock stands for; it ends with the process at the latest. Readers need none."""
    with closing(sqlite3.connect(lock, timeout=0, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        yield
