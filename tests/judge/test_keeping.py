"""Calls are kept alike in the file of a run and in that of judgements."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from comity.core.errors import ComityError
from comity.judge.errors import JudgeError
from comity.judge.keeping import Judgements, Replies, Terms
from comity.judge.taxonomy import PUBLISHED
from comity.llm.request import Completion, Draw
from comity.llm.store import ReplyStore
from comity.records.calls import Calls
from comity.records.store import Header, RunError, RunFile
from tests.llm.scripted import request

Kept: TypeAlias = RunFile | Judgements
QUESTION = request("a question")


@dataclass
class Shelf:
    """A file of one kind in a folder of its own. error: what it raises."""

    folder: Path
    error: type[ComityError]

    def made(self) -> Kept:
        if self.error is RunError:
            return RunFile.create(self.folder, Header("r", "plan", "", 1, (), 0))
        return Judgements.create(self.folder, Terms(PUBLISHED, "reason", "here"))

    def opened(self) -> Kept:
        return RunFile.open(self.folder) if self.error is RunError else Judgements.open(self.folder)

    @property
    def path(self) -> Path:
        [path] = self.folder.glob("*.sqlite")
        return path


def replies(file: Kept) -> ReplyStore:
    return Calls(file) if isinstance(file, RunFile) else Replies(file)


def spending(file: Kept) -> tuple[float, float]:
    return file.spending() if isinstance(file, RunFile) else (file.spent()[1], file.lost())


@pytest.fixture(params=[RunError, JudgeError])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    one = Shelf(tmp_path / "kept", request.param)
    with one.made() as file:
        store = replies(file)
        store.put(QUESTION, Draw(2**80, 3, 1, "a", 0), Completion("first", cost=0.25))
        store.put(QUESTION, Draw(2**80, 3, 1, "a", 0), Completion("second", cost=0.5))
        store.put(QUESTION, Draw(2**80, 3, 1, "a", 1), Completion("third"))
        file.keep_loss(0.125)
        file.keep_loss(0.5)
    return one


def test_what_is_kept_stays_and_is_added_up(shelf: Shelf) -> None:
    with shelf.opened() as file:
        found = [replies(file).get(QUESTION, Draw(2**80, 3, 1, "a", ask)) for ask in range(3)]
        assert [one and one.text for one in found] == ["first", "third", None]
        assert replies(file).get(request("another"), Draw(2**80, 3, 1, "a", 0)) is None
        assert spending(file) == (0.25, 0.625)


def test_a_file_that_is_closed_needs_no_other_beside_it(shelf: Shelf) -> None:
    assert not [path.name for path in shelf.folder.iterdir() if path.name.endswith(("-wal", "-shm"))]
    with closing(sqlite3.connect(shelf.path)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_long_texts_lie_in_the_order_in_which_they_came(shelf: Shelf) -> None:
    with closing(sqlite3.connect(shelf.path)) as database:
        assert [ask for (ask,) in database.execute("SELECT ask FROM calls ORDER BY rowid")] == [0, 1]


@pytest.mark.parametrize("changed", ["UPDATE calls SET completion = '{}'", "UPDATE losses SET dollars = '0.0'"])
def test_what_was_changed_from_outside_is_refused(shelf: Shelf, changed: str) -> None:
    with closing(sqlite3.connect(shelf.path)) as database, database:
        database.execute(changed)
    with shelf.opened() as file, pytest.raises(shelf.error, match="is not what was written"):
        spending(file)
