"""Matches of people become records: what was chosen comes back, and what is wrong is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from comity.core.outcome import stage_plays
from comity.corpora.errors import CorpusError
from comity.corpora.people import TABLE, ImportedPeople, import_people
from comity.games.matrix import PrisonersDilemma
from comity.mechanisms.repetition import Continued
from comity.metrics import table
from comity.records.check import check
from comity.records.record import Record
from comity.records.store import RunFile
from comity.records.tables import tables
from tests.commands import called

Row = dict[str, Any]
PAID = {"CC": 40, "CD": 12, "DC": 50, "DD": 25}

MATCHES = {7: ("s1", 1, ["CC", "CD", "DD"]), 9: ("s1", 2, ["DC"]), 4: ("s2", 1, ["DD", "CC"])}
"""By the number of a match its session, its place there, and what both did in each round."""


def rows() -> list[Row]:
    return [
        {
            "session": session, "match": match, "player_in_match": 10 * match + seat, "supergame": supergame,
            "round": number, "action": both[seat], "opponent_action": both[1 - seat],
            "payoff": PAID[both[seat] + both[1 - seat]], "payoff_R": 40, "payoff_S": 12, "payoff_T": 50, "payoff_P": 25,
            "continuation_probability": 0.75,
        }
        for match, (session, supergame, played) in MATCHES.items()
        for seat in (0, 1)
        for number, both in enumerate(played, 1)
    ]  # fmt: skip


def imported(tmp_path: Path, change: Callable[[list[Row]], None] = lambda rows: None) -> tuple[ImportedPeople, Path]:
    found = rows()
    change(found)
    (tmp_path / "source").mkdir()
    pq.write_table(pa.Table.from_pylist(found), tmp_path / "source" / TABLE)
    return import_people(tmp_path / "source", tmp_path / "run"), tmp_path / "run"


def records_of(run: Path) -> list[Record]:
    with RunFile.open(run) as file:
        return list(file.records())


def test_what_was_played_comes_back(tmp_path: Path) -> None:
    done, run = imported(tmp_path)
    assert (done.recorded, done.header.matches, done.disagreements) == (3, 3, ())
    assert "every match replays by our rules to the recorded payoffs, round by round" in done.header.notes
    words = {"C": "cooperate", "D": "defect"}
    for record, (session, _, played) in zip(records_of(run), MATCHES.values(), strict=True):
        outcome = record.replayed().outcome
        assert outcome is not None
        assert [play.outcome.actions for play in stage_plays(outcome)] == [
            tuple(words[letter] for letter in both) for both in played
        ]
        assert (record.match.replicate, record.match.agents) == (session, ("people", "people"))
        assert record.match.cell.built == Continued(PrisonersDilemma(40, 12, 50, 25), 0.75, memory="all")
        earned = [sum(PAID[both[seat] + both[1 - seat]] for both in played) for seat in (0, 1)]
        assert outcome.payoffs == pytest.approx([0.25 * sum_of for sum_of in earned])
    with RunFile.open(run) as file:
        assert list(check(file)) == []


def second_of(match: int) -> Callable[[list[Row]], Row]:
    """The second row of a match."""
    return lambda rows: [row for row in rows if row["match"] == match][1]


@pytest.mark.parametrize(
    ("match", "column", "value", "words", "left_out"),
    [
        (7, "payoff", 13, "round 2: player 1 is said to be paid 13, and our rules pay 12", 0),
        (7, "opponent_action", "C", "round 2: one is said to have done 'D', and the other to have met 'C'", 1),
        (7, "round", 5, "both players must have the same rounds, without a gap", 1),
        (7, "player_in_match", 3, "it has 3 players, and there should be 2", 1),
    ],
)
def test_what_cannot_be_so_is_listed(
    tmp_path: Path, match: int, column: str, value: Any, words: str, left_out: int
) -> None:
    done, run = imported(tmp_path, lambda rows: second_of(match)(rows).__setitem__(column, value))
    assert done.header.matches - done.recorded == left_out
    assert f"{TABLE}, match {match}: {words}" in map(str, done.disagreements)
    assert len(records_of(run)) == done.recorded
    assert (run / "disagreements.jsonl").read_text().count("\n") == len(done.disagreements)


def test_a_match_that_chance_cannot_have_ended_is_left_out(tmp_path: Path) -> None:
    def change(rows: list[Row]) -> None:
        for row in rows:
            row["continuation_probability"] = 1.0

    done, _ = imported(tmp_path, change)
    assert done.recorded == 0
    assert all("it cannot be played so" in str(disagreement) for disagreement in done.disagreements)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: [row.pop("session") for row in rows], f"{TABLE} has no column session"),
        (lambda rows: rows[0].update(session="s9"), "match 7: session must be the same in all rows of a match"),
        (lambda rows: [row.update(payoff_P=90) for row in rows], "its treatment cannot be played here: a prisoner's"),
        (lambda rows: [row.update(round="1") for row in rows], "the column round holds string, where whole numbers"),
    ],
)
def test_a_damaged_table_is_refused_in_a_sentence(
    tmp_path: Path, change: Callable[[list[Row]], None], words: str
) -> None:
    with pytest.raises(CorpusError) as error:
        imported(tmp_path, change)
    assert words in str(error.value)
    assert not (tmp_path / "run").exists()


def test_the_command_refuses_in_a_sentence(tmp_path: Path) -> None:
    ended = called(["import", "people", str(tmp_path), "--out", str(tmp_path / "run")])
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert f"{TABLE} is missing" in ended.stderr
    _, run = imported(tmp_path)
    again = called(["import", "people", str(tmp_path / "source"), "--out", str(run)])
    assert (again.returncode, "holds a run already" in again.stderr) == (2, True)


PUBLISHED = {
    (32, 50): (0.098, 1442),
    (32, 75): (0.203, 656),
    (40, 50): (0.180, 1792),
    (40, 75): (0.587, 671),
    (48, 50): (0.353, 1673),
    (48, 75): (0.764, 710),
}
"""By reward and chance of going on, in per cent, the share of all choices that cooperate, and how many matches."""


@pytest.mark.slow
def test_the_published_matches_replay_and_cooperate_as_published(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "human"
    if not (source / TABLE).is_file():
        pytest.skip("needs the published choices of people, in the folder shared/data/human beside the checkout")
    done = import_people(source, tmp_path / "run")
    assert (done.recorded, done.header.matches, done.disagreements) == (6_944, 6_944, ())
    found = tables(records_of(tmp_path / "run"), decisions=False)
    assert len(found.plays) == 37_042
    shares = found.plays.groupby(["game", "mechanism"])["cooperated"].mean()
    counts = found.matches.groupby(["game", "mechanism"]).size()
    for (reward, chance), (share, matches) in PUBLISHED.items():
        cell = (f"pd, R = {reward}", f"goes on {chance} %")
        assert float(shares[cell]) == pytest.approx(share, abs=5e-4)
        assert int(counts[cell]) == matches
    assert found.matches["replicate"].nunique() == 18
    assert all(row["replicates"] == 3 for row in table(found, "cooperation", ["mechanism", "game"]).rows)
