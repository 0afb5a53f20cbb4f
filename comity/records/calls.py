"""Calls of models in a file: every answer that was paid for, and what calls that failed may have cost.

Files of several kinds keep calls, and keep them alike. In that of a run a call stands with what was asked, so that it
can be read by itself; elsewhere the request follows from what else the file holds.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comity.llm.request import Completion, Draw, Request
from comity.llm.secrets import redacted
from comity.records.database import Kind, dumps, summed

if TYPE_CHECKING:
    from comity.records.store import RunFile

CALLS = """
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
);
CREATE TABLE losses (
    dollars TEXT NOT NULL,
    checksum INTEGER NOT NULL
);
"""
"""The tables of a `CallTable`: a call is named by the digest of its request and by its draw.

Long texts lie in the order in which they came. By their keys (WITHOUT ROWID) every call would write several pages more,
and the file would be half as large again.
"""
REQUESTS = """
CREATE TABLE requests (
    digest TEXT NOT NULL PRIMARY KEY,
    request TEXT NOT NULL,
    checksum INTEGER NOT NULL
);
"""
"""What a `RequestedCallTable` has besides; what is asked several times lies there once."""


class Kept(NamedTuple):
    """A completion as it is kept: by the digest of what was asked, and by its draw."""

    digest: str
    draw: Draw
    completion: Completion


class Call(NamedTuple):
    """One answer of a model: which draw it is, what was asked, and what came back."""

    draw: Draw
    request: Request
    completion: Completion


class Spending(NamedTuple):
    """US dollars: what completions have cost, and what calls that failed may have cost at the most."""

    spent: float
    uncertain: float


@dataclass(frozen=True)
class CallTable:
    """The calls in an open file of that kind. Every method raises the error of the kind where the file does."""

    kind: Kind
    path: Path
    database: sqlite3.Connection

    def get(self, request: Request, draw: Draw) -> Completion | None:
        """What a model answered to that draw from that request, if it was asked."""
        asked = "SELECT * FROM calls WHERE key = ? AND step = ? AND slot = ? AND who = ? AND ask = ? AND digest = ?"
        place = (str(draw.key), draw.step, draw.slot, draw.who, draw.ask, request.digest)
        with self.kind.in_words(self.path):
            values = self.database.execute(asked, place).fetchone()
            return None if values is None else _completion(self.kind.whole(self.path, "a call", values)[-1])

    def put(self, request: Request, draw: Draw, completion: Completion) -> None:
        """Keep what a model answered; what is kept already for that draw from that request stays as it is."""
        text = redacted(dumps(completion.to_json()))
        values = (request.digest, draw.who, str(draw.key), draw.step, draw.slot, draw.ask, text)
        with self.kind.in_words(self.path), self.database:
            self.database.execute("BEGIN IMMEDIATE")
            self._put_request(request)
            self.database.execute("INSERT OR IGNORE INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?)", summed(values))

    def _put_request(self, request: Request) -> None:
        """Keep what was asked, in the same transaction; here it is not."""

    def kept(self) -> Iterator[Kept]:
        """Every completion, by its draw, read as it is asked for."""
        with self.kind.in_words(self.path):
            for values in self.database.execute("SELECT * FROM calls ORDER BY key, step, slot, who, ask"):
                digest, who, key, step, slot, ask, text = self.kind.whole(self.path, "a call", values)
                yield Kept(digest, Draw(int(key), step, slot, who, ask), _completion(text))

    def put_loss(self, dollars: float) -> None:
        """Keep what a call may have cost that failed after it was sent."""
        with self.kind.in_words(self.path), self.database:
            self.database.execute("INSERT INTO losses VALUES (?, ?)", summed((repr(dollars),)))

    def lost(self) -> float:
        """What calls that failed may have cost at the most, in US dollars."""
        with self.kind.in_words(self.path):
            losses = self.database.execute("SELECT * FROM losses").fetchall()
            return sum(float(self.kind.whole(self.path, "what was spent", values)[0]) for values in losses)

    def spending(self) -> Spending:
        """What all calls have cost so far."""
        return Spending(sum(kept.completion.cost or 0.0 for kept in self.kept()), self.lost())


@dataclass(frozen=True)
class RequestedCallTable(CallTable):
    """A `CallTable` that keeps what was asked as well."""

    def _put_request(self, request: Request) -> None:
        values = summed((request.digest, request.canonical))
        self.database.execute("INSERT OR IGNORE INTO requests VALUES (?, ?, ?)", values)

    def calls(self) -> Iterator[Call]:
        """Every call that was answered, by its draw, read as it is asked for."""
        for digest, draw, completion in self.kept():
            yield Call(draw, self._request(digest), completion)

    def _request(self, digest: str) -> Request:
        with self.kind.in_words(self.path):
            values = self.database.execute("SELECT * FROM requests WHERE digest = ?", (digest,)).fetchone()
            if values is None:
                missing = "what was asked in some calls is missing from it"
                raise self.kind.error(f"{self.path} is damaged: {missing}")
            return Request.from_json(json.loads(self.kind.whole(self.path, "what was asked", values)[1]))


@dataclass(frozen=True)
class Calls:
    """A `comity.llm.store.ReplyStore` in the file of a run, so that a run is resumed from one place."""

    file: RunFile

    def get(self, request: Request, draw: Draw) -> Completion | None:
        """The completion kept for that draw from that request, if there is one."""
        return self.file.kept_call(request, draw)

    def put(self, request: Request, draw: Draw, completion: Completion) -> None:
        """Keep a completion; it is in the file when this returns."""
        self.file.keep_call(request, draw, completion)


def _completion(text: str) -> Completion:
    return Completion.from_json(json.loads(text))
