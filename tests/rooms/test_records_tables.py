"""Tables say what the records say: row by row for small matches, and by counting for larger ones."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from comity.core.decision import Decision
from comity.core.errors import Diverged
from comity.core.match import play
from comity.core.space import Lottery
from comity.metrics.cells import cells_by_label
from comity.records.check import check
from comity.records.export import export
from comity.records.levels import levels
from comity.records.record import Failure, Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.store import SCHEMA, Header, RunError, RunFile
from comity.records.tables import BATCH, SCHEMAS, Origins, joined, tables
from comity.runs.drive import ScriptedPlay, agents_of
from comity.runs.origins import origins_of
from comity.runs.plan import parsed_plan

CHECKOUT = Path(__file__).resolve().parents[2]
PD = Cell("pd", "none", Spec.of("prisoners_dilemma"))
TWICE = Cell("pd", "twice", Spec.of("prisoners_dilemma"), (Spec.of("repetition", {"rounds": 2, "discount": 1.0}),))
MEDIATED = Cell("pd", "mediation", Spec.of("prisoners_dilemma"), (Spec.of("mediation"),))
PENNIES = Cell("pennies", "none", Spec.of("matching_pennies"))
REPUTATION = Cell(
    "trust", "reputation", Spec.of("trust_game"), (Spec.of("reputation", {"population": 4, "rounds": 3}),)
)
COIN = Lottery(("cooperate", "defect"), (0.25, 0.75))


def finished(cell: Cell, *choices: tuple[Any, ...], payoffs: tuple[float, ...], **others: Any) -> Record:
    return Record(MatchSpec(0, cell, ("ann", "bob")), "finished", choices, payoffs=payoffs, **others)


def rows(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return list(frame[list(columns)].itertuples(index=False, name=None))


def test_a_match_becomes_rows() -> None:
    record = finished(PD, ("cooperate", "defect"), payoffs=(0, 3), lotteries={(0, 1): COIN})
    told = tables([record])
    assert told.matches.drop(columns="failure").to_dict("records") == [
        {
            "match": 0,
            "game": "pd",
            "mechanism": "none",
            "replicate": "1",
            "repeat": 0,
            "agents": '["ann", "bob"]',
            "players": 2,
            "status": "finished",
            "plays": 1,
            "decisions": 2,
            "drawn": True,
            "shared": False,
        }
    ]
    assert rows(told.outcomes, "player", "seat", "role", "agent", "payoff", "score") == [
        (0, 0, "player", "ann", 0.0, -1.0),
        (1, 1, "player", "bob", 3.0, 2.0),
    ]
    assert rows(told.plays, "play", "round", "path", "player", "action", "cooperated", "payoff", "base_payoff") == [
        (0, 0, "", 0, "cooperate", True, 0.0, 0.0),
        (0, 0, "", 1, "defect", False, 3.0, 3.0),
    ]
    assert told.plays["delegated"].isna().all()
    assert rows(told.decisions, "step", "slot", "player", "agent", "kind", "choice") == [
        (0, 0, 0, "ann", "act", '"cooperate"'),
        (0, 1, 1, "bob", "act", '"defect"'),
    ]
    assert pd.isna(told.decisions["probability"][0])
    assert pd.isna(told.decisions["lottery"][0])
    assert told.decisions["probability"][1] == 0.75
    assert told.decisions["lottery"][1] == '[["cooperate", 0.25], ["defect", 0.75]]'


def test_rounds_are_counted_from_what_the_players_saw() -> None:
    record = finished(TWICE, ("cooperate", "defect"), ("defect", "defect"), payoffs=(0.5, 2.0))
    told = tables([record])
    assert list(told.plays["round"]) == [0, 0, 1, 1]
    assert list(told.plays["path"]) == ["0", "0", "1", "1"]
    assert list(told.decisions["round"]) == [0, 0, 1, 1]


def test_who_delegated_is_told_and_what_the_mediator_did() -> None:
    proposals = (("defect", "cooperate"), ("cooperate", "cooperate"))
    record = finished(
        MEDIATED, proposals, ((True, False), (True, False)), ("delegate", "defect"), payoffs=(1, 1), lotteries={}
    )
    told = tables([record])
    assert rows(told.plays, "agent", "action", "delegated", "cooperated") == [
        ("ann", "defect", True, False),
        ("bob", "defect", False, False),
    ]
    assert list(told.decisions["kind"]) == ["propose", "propose", "approve", "approve", "act", "act"]
    assert told.decisions["choice"][0] == '["defect", "cooperate"]'


def test_a_game_without_a_cooperative_action_says_nothing_about_cooperation() -> None:
    told = tables([finished(PENNIES, ("heads", "tails"), payoffs=(-1, 1))])
    assert told.plays["cooperated"].isna().all()
    assert list(told.plays["role"]) == ["matcher", "mismatcher"]


def test_a_forfeited_match_has_decisions_and_no_payoffs() -> None:
    failure = Failure(1, 1, 1, "IllegalChoice", "said nothing")
    spec = MatchSpec(0, TWICE, ("ann", "bob"))
    told = tables([Record(spec, "forfeited", (("cooperate", "defect"),), failure=failure)])
    assert json.loads(told.matches["failure"][0]) == vars(failure)
    assert told.outcomes["payoff"].isna().all()
    assert told.outcomes["score"].isna().all()
    assert list(told.outcomes["status"]) == ["forfeited"] * 2
    assert (len(told.plays), len(told.decisions)) == (0, 2)


def test_a_match_of_which_only_payoffs_are_known_has_outcomes_alone() -> None:
    told = tables([Record(MatchSpec(0, TWICE, ("ann", "bob")), "payoffs_only", payoffs=(1.5, 2.0))])
    assert list(told.outcomes["score"]) == [0.5, 1.0]
    assert (len(told.plays), len(told.decisions)) == (0, 0)


def test_in_a_population_players_count_on_and_seats_do_not() -> None:
    game = REPUTATION.built
    match = play(game, lambda decision: "give", key=5)
    assert match.outcome is not None
    agents = ("ann", "ann", "bob", "bob")
    record = Record(MatchSpec(0, REPUTATION, agents), "finished", tuple(match.choices), {}, match.outcome.payoffs)
    told = tables([record])
    assert list(told.outcomes["seat"]) == [0, 1, 0, 1]
    assert list(told.outcomes["role"]) == ["truster", "trustee"] * 2
    assert len(told.plays) == 3 * 4
    assert set(rows(told.plays, "player", "seat", "role", "agent")) == {
        (0, 0, "truster", "ann"),
        (1, 1, "trustee", "ann"),
        (2, 0, "truster", "bob"),
        (3, 1, "trustee", "bob"),
    }
    chance = told.decisions[told.decisions["player"] == -1]
    assert set(rows(chance, "seat", "role", "agent", "kind", "round")) == {(-1, "nature", "nature", "match", 0)}
    acts = told.decisions[told.decisions["kind"] == "act"]
    assert list(acts["round"]) == [round for round in range(3) for _ in range(4)]
    assert set(rows(acts, "seat", "role", "player")) == {
        (0, "truster", 0),
        (1, "trustee", 1),
        (0, "truster", 2),
        (1, "trustee", 3),
    }


@pytest.mark.parametrize(
    "wrong",
    [
        finished(PD, ("cooperate", "cooperate"), payoffs=(3, 3)),
        finished(PD, ("cooperate", "coöperate"), payoffs=(2, 2)),
        finished(TWICE, ("cooperate", "cooperate"), payoffs=(2, 2)),
        finished(PD, ("cooperate",), payoffs=(2, 2)),
    ],
)
def test_a_record_that_does_not_follow_becomes_no_table(wrong: Record) -> None:
    with pytest.raises(Diverged):
        tables([wrong])


def test_no_records_make_empty_tables_of_the_same_columns() -> None:
    one, none = tables([finished(PD, ("defect", "defect"), payoffs=(1, 1))]), tables([])
    for name in SCHEMAS:
        frame = getattr(none, name)
        assert len(frame) == 0
        assert list(frame.columns) == list(getattr(one, name).columns)


def test_decisions_can_be_left_out() -> None:
    told = tables([finished(PD, ("defect", "defect"), payoffs=(1, 1))], decisions=False)
    assert (len(told.plays), len(told.decisions)) == (2, 0)


def test_runs_are_joined_by_numbering_on() -> None:
    def part(indexes: Sequence[int]) -> Any:
        record = finished(PD, ("defect", "defect"), payoffs=(1, 1))
        return tables([replace(record, match=replace(record.match, index=index)) for index in indexes])

    whole = joined([part([0, 4]), part([]), part([2])])
    assert list(whole.matches["match"]) == [0, 4, 7]
    assert list(whole.outcomes["match"]) == [0, 0, 4, 4, 7, 7]
    assert list(whole.outcomes.index) == list(range(6))


PLAN = parsed_plan(
    """
    name = "mixed"
    seed = 11
    games = ["prisoners_dilemma", "public_goods", "trust_game"]
    mechanisms = ["none", {name = "repetition", rounds = 3}, "mediation", "contracting", "reputation",
                  ["execution_noise", {name = "repetition", rounds = 3}]]
    agents = ["tit_for_tat", "random", "rational"]
    """
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a plan with a bit of everything."""
    folder = tmp_path_factory.mktemp("run")
    play = ScriptedPlay(PLAN, agents_of(PLAN))
    records = [record for block in PLAN.blocks() for record in play.records(list(block.matches()))]
    with RunFile.create(folder, Header(PLAN.name, "plan", PLAN.text, PLAN.seed, PLAN.agents, PLAN.n_matches)) as file:
        file.append(records)
    return folder


def test_the_export_is_the_tables(run: Path, tmp_path: Path) -> None:
    with RunFile.open(run) as file:
        paths = export(file, tmp_path / "tables", origins_of(file))
        told = tables(file.records(), origins_of(file))
        logged = levels(told.matches, told.decisions, cells_by_label(file.cells()))
    assert [path.name for path in paths] == [f"{name}.parquet" for name in (*SCHEMAS, "levels")]
    assert pq.read_table(paths[-1]).to_pylist() == logged.to_dict("records")
    for path, (name, schema) in zip(paths, SCHEMAS.items(), strict=False):
        read = pq.read_table(path)
        assert read.schema.equals(schema)
        frame = read.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
        pd.testing.assert_frame_equal(frame, getattr(told, name))


def test_an_export_of_the_same_run_has_the_same_bytes(run: Path, tmp_path: Path) -> None:
    with RunFile.open(run) as file:
        once, twice = export(file, tmp_path / "once", Origins()), export(file, tmp_path / "twice", Origins())
    for first, second in zip(once, twice, strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_a_long_run_is_exported_piece_by_piece(tmp_path: Path) -> None:
    many = BATCH + 5
    record = finished(PD, ("defect", "defect"), payoffs=(1, 1))
    with RunFile.create(tmp_path, Header("long", "plan", "", 1, (("ann", None), ("bob", None)), many)) as file:
        file.append([replace(record, match=replace(record.match, index=index)) for index in range(many)])
        paths = export(file, tmp_path / "tables", Origins())
    read = pq.ParquetFile(paths[0])
    assert (read.metadata.num_rows, read.metadata.num_row_groups) == (many, 2)
    assert read.read(["match"])["match"].to_pylist() == list(range(many))


def test_a_run_that_lacks_matches_is_not_exported(tmp_path: Path) -> None:
    with RunFile.create(tmp_path, Header("half", "plan", "", 1, (), 2)) as file:
        file.append([finished(PD, ("defect", "defect"), payoffs=(1, 1))])
        with pytest.raises(RunError, match="has 1 of 2 matches"):
            export(file, tmp_path / "tables", Origins())
    assert not (tmp_path / "tables").exists()


def test_an_export_that_fails_leaves_nothing(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with RunFile.open(run) as file, pytest.raises(RunError, match="cannot be written"):
        export(file, tmp_path / "file" / "below", Origins())
    blocked = tmp_path / "blocked"
    (blocked / "plays.parquet" / "in the way").mkdir(parents=True)
    with RunFile.open(run) as file, pytest.raises(RunError, match="cannot be written"):
        export(file, blocked, Origins())
    assert not list(blocked.glob("*.unfinished"))


def test_a_played_run_follows_from_its_rules_and_its_seed(run: Path) -> None:
    with RunFile.open(run) as file:
        assert list(check(file)) == []
        assert file.count() == PLAN.n_matches


def spoilt(record: Record) -> Record:
    """The record with another draw of chance, or of a lottery, that the rules would allow."""
    slip = record.choices[0][0]
    return replace(record, choices=((1 - slip, *record.choices[0][1:]), *record.choices[1:]))


def test_divergences_are_found_each_at_its_first_step(run: Path, tmp_path: Path) -> None:
    with RunFile.open(run) as file:
        records = list(file.records())
    noisy = next(i for i, r in enumerate(records) if "noise" in r.match.cell.mechanism_label)
    lucky = next(i for i, r in enumerate(records) if r.lotteries and r.match.cell.mechanism_label == "none")
    [(place, lottery)] = list(records[lucky].lotteries.items())[:1]
    [step] = records[lucky].choices
    other = next(option for option in lottery.options if option != step[place[1]])
    turned = tuple(other if slot == place[1] else choice for slot, choice in enumerate(step))
    wrong = {
        noisy: spoilt(records[noisy]),
        lucky: replace(records[lucky], choices=(turned,)),
        0: replace(records[0], payoffs=(7, 7)),
        2: replace(records[2], choices=(("cooperate", 1),)),
    }
    with RunFile.create(tmp_path, Header("x", "plan", PLAN.text, PLAN.seed, PLAN.agents, len(records))) as file:
        file.append([wrong.get(index, record) for index, record in enumerate(records)])
        found = {divergence.match.index: divergence for divergence in check(file)}
    assert set(found) == set(wrong)
    assert "by the seed the draw 'tremble' is 0, the record says 1" in str(found[noisy])
    assert "by the seed the draw 'act' is" in str(found[lucky])
    assert found[0].step == 1
    assert "the rules pay" in found[0].reason
    assert str(found[2]).startswith("match 2 (prisoners_dilemma under none, tit_for_tat and rational), step 0: ")


def test_in_an_import_draws_need_not_follow_from_a_seed(run: Path, tmp_path: Path) -> None:
    with RunFile.open(run) as file:
        records = list(file.records())
    with RunFile.create(tmp_path, Header("x", "import", "", 999, PLAN.agents, len(records))) as file:
        file.append(records)
        assert list(check(file)) == []


def documented(page: str, heading: str) -> list[str]:
    """The columns in the table under that heading of the schema."""
    text = (CHECKOUT / "docs" / "reference" / page).read_text()
    [section] = re.findall(rf"^### {re.escape(heading)}\n(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def documented_types(heading: str) -> list[str]:
    text = (CHECKOUT / "docs" / "reference" / "run-schema.md").read_text()
    [section] = re.findall(rf"^### {re.escape(heading)}\n(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    return re.findall(r"^\| `\w+` \| (\w+) \|", section, re.MULTILINE)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_documented_columns_of_an_export_are_the_real_ones(name: str) -> None:
    assert documented("run-schema.md", f"{name}.parquet") == SCHEMAS[name].names
    assert documented_types(f"{name}.parquet") == [str(field.type) for field in SCHEMAS[name]]


@pytest.mark.parametrize("name", ["run", "cells", "matches", "journal"])
def test_the_documented_columns_of_the_file_are_the_real_ones(name: str) -> None:
    database = sqlite3.connect(":memory:")
    database.executescript(SCHEMA)
    columns = [column for _, column, *_ in database.execute(f"PRAGMA table_info({name})")]
    database.close()
    assert documented("run-schema.md", name) == columns


def always(action: str) -> Callable[[Decision[Any]], str]:
    return lambda decision: action


@pytest.mark.parametrize("mechanism", ["network", "network_per_edge"])
@pytest.mark.parametrize("graph", ["ring", "complete", "star"])
@pytest.mark.parametrize("pay", ["mean", "sum"])
def test_where_all_neighbours_cooperate_scores_are_one_on_average(mechanism: str, graph: str, pay: str) -> None:
    stack = (Spec.of(mechanism, {"players": 4, "graph": graph, "pay": pay}),)
    spec = MatchSpec(0, Cell("pd", mechanism, Spec.of("prisoners_dilemma"), stack), ("a", "b", "c", "d"))
    for action, score in (("cooperate", 1), ("defect", 0)):
        match = play(spec.cell.built, always(action))
        assert match.outcome is not None
        told = tables([Record(spec, "finished", tuple(match.choices), {}, match.outcome.payoffs)])
        assert told.outcomes["score"].mean() == pytest.approx(score)
        assert list(told.outcomes["seat"]) == [0, 1, 2, 3]


def test_on_a_network_a_player_has_the_roles_of_its_edges() -> None:
    cell = Cell("trust", "ring", Spec.of("trust_game"), (Spec.of("network_per_edge", {"players": 4}),))
    match = play(cell.built, lambda decision: "give")
    assert match.outcome is not None
    spec = MatchSpec(0, cell, ("a", "b", "c", "d"))
    told = tables([Record(spec, "finished", tuple(match.choices), {}, match.outcome.payoffs)])
    assert list(told.outcomes["role"]) == ["truster", *["truster and trustee"] * 2, "trustee"]
    assert rows(told.plays, "player", "role")[2:6] == [(0, "truster"), (3, "trustee"), (1, "truster"), (2, "trustee")]
