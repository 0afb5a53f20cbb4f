"""The file of a run: what is written is read back, and what is not whole is refused in one sentence."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.core.space import Lottery
from comity.records.record import RULES_VERSION, Failure, Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.store import Header, RunError, RunFile, stored

PD = Cell("pd", "none", Spec.of("prisoners_dilemma"))
TALK = Cell("pd", "talk", Spec.of("prisoners_dilemma"), (Spec.of("cheap_talk", {"messages": ["yes", "no"]}),))
HEADER = Header("small", "plan", 'name = "small"\n', 7, (("a", Spec.of("random", {"p": 0.5})), ("b", None)), 3)

FINISHED = Record(
    MatchSpec(1, PD, ("a", "b"), "2", 3),
    "finished",
    (("cooperate", "defect"),),
    {(0, 1): Lottery(("cooperate", "defect"), (0.25, 0.75))},
    (0, 3),
)
FORFEITED = Record(
    MatchSpec(0, TALK, ("b", "a")), "forfeited", (("yes", "no"),), failure=Failure(1, 1, 1, "IllegalChoice", "said “x”")
)
PAID = Record(MatchSpec(2, PD, ("b", "b")), "payoffs_only", payoffs=(0.1 + 0.2, -1.5))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFile]:
    with RunFile.create(tmp_path / "run", HEADER) as file:
        yield file


def test_records_come_back_in_the_order_of_the_matches(run: RunFile) -> None:
    run.append([FINISHED])
    assert (run.done(), run.count(), run.is_complete()) == ({1}, 1, False)
    run.append([PAID, FORFEITED])
    assert list(run.records()) == [FORFEITED, FINISHED, PAID]
    assert [run.record(index) for index in (2, 1, 0)] == [PAID, FINISHED, FORFEITED]
    assert run.done(1, 2) == {1}
    assert run.is_complete()


def test_a_file_read_by_another_has_the_same_header_and_records(run: RunFile, tmp_path: Path) -> None:
    run.append([FINISHED, FORFEITED])
    with RunFile.open(tmp_path / "run") as while_it_is_written:
        assert list(while_it_is_written.records()) == [FORFEITED, FINISHED]
        run.append([replace(PAID, match=replace(PAID.match, cell=TALK))])
        assert while_it_is_written.record(2).match.cell == TALK
    run.close()
    with RunFile.open(tmp_path / "run" / "run.sqlite") as again:
        assert again.header == HEADER
        assert again.is_complete()


def test_a_closed_file_stands_alone(run: RunFile, tmp_path: Path) -> None:
    run.append([FINISHED])
    run.close()
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["run.lock", "run.sqlite"]
    copy = shutil.copy(tmp_path / "run" / "run.sqlite", tmp_path / "copy.sqlite")
    with RunFile.open(Path(copy)) as file:
        assert file.record(1) == FINISHED


def test_replies_are_journaled_by_place(run: RunFile) -> None:
    lottery = Lottery((True, False), (0.5, 0.5))
    run.journal(4, 0, 1, ("cooperate", 3, (True, None)))
    run.journal(4, 1, 0, lottery)
    run.journal(-1, 0, 0, 2.5)
    assert run.journaled(4) == {(0, 1): ("cooperate", 3, (True, None)), (1, 0): lottery}
    assert run.journaled(-1) == {(0, 0): 2.5}
    assert run.journaled(5) == {}


def test_a_batch_is_written_whole_or_not_at_all(run: RunFile) -> None:
    run.append([FINISHED])
    with pytest.raises(RunError, match="recorded twice"):
        run.append([PAID, FINISHED])
    assert run.done() == {1}
    run.append([PAID, FORFEITED])
    assert list(run.records()) == [FORFEITED, FINISHED, PAID]


def test_two_cannot_write_at_once(run: RunFile, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="another process is writing"):
        RunFile.open(tmp_path / "run", writable=True)
    run.close()
    RunFile.open(tmp_path / "run", writable=True).close()


def test_a_folder_holds_one_run(run: RunFile, tmp_path: Path) -> None:
    run.close()
    with pytest.raises(RunError, match="holds a run already"):
        RunFile.create(tmp_path / "run", HEADER)


def test_what_was_left_by_a_run_killed_at_birth_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "run.unfinished").write_bytes(b"half a header")
    with RunFile.create(tmp_path, HEADER) as file:
        assert file.header == HEADER
    assert not (tmp_path / "run.unfinished").exists()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def made_a_text(path: Path) -> None:
    path.write_text("not a database " * 1_000)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5_000])


def executed(statement: str) -> Callable[[Path], None]:
    def execute(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database:
            database.execute(statement)
            database.commit()

    return execute


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (Path.unlink, "holds no run"),
        (emptied, "is not a run of comity"),
        (made_a_text, "the file is damaged"),
        (cut, "damaged"),
        (executed("PRAGMA application_id = 0"), "is not a run of comity"),
        (executed("PRAGMA user_version = 99"), "has version 99 of the schema"),
        (executed("DELETE FROM run"), "is damaged: it has 0 headers"),
        (executed("UPDATE run SET seed = 8"), "its header is not what was written"),
        (executed("DELETE FROM cells"), "what was played in some matches is missing"),
        (executed("UPDATE cells SET spec = replace(spec, 'pd', 'dp')"), "a cell is not what was written"),
        (executed("UPDATE matches SET payoffs = '[9,9]' WHERE match = 1"), "a match is not what was written"),
        (executed("UPDATE matches SET choices = x'00' WHERE match = 1"), "a match is not what was written"),
        (executed("DROP TABLE matches"), "no such table"),
    ],
)
def test_what_is_not_whole_is_refused(
    run: RunFile, tmp_path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    run.append([FORFEITED, FINISHED, PAID])
    run.close()
    spoil(tmp_path / "run" / "run.sqlite")
    with pytest.raises(RunError, match=sentence), RunFile.open(tmp_path / "run") as file:
        list(file.records())


def test_a_run_of_other_rules_is_refused(tmp_path: Path) -> None:
    RunFile.create(tmp_path, replace(HEADER, rules_version="0")).close()
    with pytest.raises(
        RunError, match=f"played by version 0 of the rules, and this comity has version {RULES_VERSION}"
    ):
        RunFile.open(tmp_path)


def test_a_match_that_is_not_there_is_named(run: RunFile) -> None:
    with pytest.raises(RunError, match="match 2 is not recorded"):
        run.record(2)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="file/below"):
        RunFile.create(tmp_path / "file" / "below", HEADER)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    with RunFile.create(folder, HEADER) as file:
        file.append([FORFEITED, FINISHED, PAID])
    return folder / "run.sqlite"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_spoilt_byte_is_noticed_or_changes_nothing(tmp_path: Path, whole: Path, where: float, flip: int) -> None:
    spoilt = bytearray(whole.read_bytes())
    spoilt[int(where * len(spoilt))] ^= flip
    path = tmp_path / "spoilt.sqlite"
    path.write_bytes(spoilt)
    try:
        with RunFile.open(path) as file:
            records, complete = list(file.records()), file.is_complete()
    except RunError:
        return
    assert complete
    assert records == [FORFEITED, FINISHED, PAID]


def fill_the_disk(folder: Path, room: int) -> None:
    """Write records into the run there until there is no more room, which must be said in one sentence."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    rows = [stored(replace(PAID, match=replace(PAID.match, index=index))) for index in range(3, 30_000)]
    try:
        with RunFile.open(folder, writable=True) as file:
            for start in range(0, len(rows), 250):
                file.append_rows(rows[start : start + 250])
    except RunError as error:
        raise SystemExit(0 if "is it full?" in str(error) or "no more room" in str(error) else 1) from None
    raise SystemExit(2)


@pytest.mark.slow
@pytest.mark.parametrize("room", [20_000, 50_000, 100_000, 333_333, 1_000_000])
def test_a_full_disk_keeps_what_was_written_before(run: RunFile, tmp_path: Path, room: int) -> None:
    run.append([FINISHED])
    run.close()
    child = multiprocessing.get_context("spawn").Process(target=fill_the_disk, args=(tmp_path / "run", room))
    child.start()
    child.join()
    assert child.exitcode == 0
    with RunFile.open(tmp_path / "run", writable=True) as file:
        assert (file.count() - 1) % 250 == 0
        assert sum(1 for _ in file.records()) == file.count()


def test_the_digest_is_of_the_records_and_of_nothing_else(tmp_path: Path) -> None:
    def digest(folder: str, header: Header, *batches: list[Record]) -> str:
        with RunFile.create(tmp_path / folder, header) as file:
            for batch in batches:
                file.append(batch)
            file.journal(2, 0, 0, "cooperate")
            return file.digest()

    whole = digest("a", HEADER, [FINISHED, PAID, FORFEITED])
    other = replace(HEADER, name="elsewhere", origin="import", plan="{}", seed=0)
    assert digest("b", other, [PAID], [FORFEITED], [FINISHED]) == whole
    assert digest("c", HEADER, [FINISHED, PAID]) != whole
    assert digest("d", HEADER, [FINISHED, replace(PAID, payoffs=(0.3, -1.5)), FORFEITED]) != whole
    assert digest("e", HEADER, [FINISHED, replace(PAID, match=replace(PAID.match, cell=TALK)), FORFEITED]) != whole
    with RunFile.open(tmp_path / "a") as again:
        assert again.digest() == whole


def test_the_digest_is_that_of_the_documented_lines(run: RunFile) -> None:
    run.append([FINISHED, FORFEITED])
    lines = (json.dumps(stored(record), separators=(",", ":")) + "\n" for record in (FORFEITED, FINISHED))
    assert run.digest() == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_a_damaged_record_has_no_digest(run: RunFile, tmp_path: Path) -> None:
    run.append([FINISHED])
    run.close()
    with closing(sqlite3.connect(tmp_path / "run" / "run.sqlite")) as database, database:
        database.execute("UPDATE matches SET payoffs = '[3,3]'")
    with RunFile.open(tmp_path / "run") as damaged, pytest.raises(RunError, match="is damaged"):
        damaged.digest()
