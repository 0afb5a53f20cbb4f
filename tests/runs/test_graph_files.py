"""Graphs from files: read beside the plan, kept with the run, and one sentence for whatever is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.core.errors import BadParameter
from comity.mechanisms.neighbourhood import Neighbourhood, graphs_of
from comity.metrics.cells import cells_by_label
from comity.records.check import check
from comity.records.levels import cell_levels, shortened
from comity.records.store import RunFile
from comity.runs.graph_files import edges_in, sequence_in
from comity.runs.plan import PlanError, plan_of, read_plan
from comity.runs.run import run

PLAN = """name = "drawn elsewhere"
seed = 1
games = ["weak_prisoners_dilemma"]
mechanisms = [
  {label = "still", stack = [{name = "neighbourhood", graph_file = "edges.csv", rounds = 2}]},
  {label = "changing", stack = [{name = "neighbourhood", sequence_file = "rounds.csv", rewired = true, rounds = 2}]},
  {label = "network", stack = [{name = "network", players = 4, graph_file = "edges.csv"}]},
]
agents = ["random"]
"""
SQUARE = "a,b\n0,1\n1,2\n\n2,3\n3,0\n"
ROUNDS = "1,0,1\n1,2,3\n2,0,2\n2,1,3\n"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    (tmp_path / "edges.csv").write_text(SQUARE)
    (tmp_path / "rounds.csv").write_text(ROUNDS)
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return path


def test_a_graph_is_read_beside_the_plan(plan: Path) -> None:
    still, changing, network = (cell.built for cell in read_plan(plan).cells)
    assert isinstance(still, Neighbourhood)
    assert still.links == ((0, 1), (0, 3), (1, 2), (2, 3))
    assert [tied.edges for tied in graphs_of(changing)] == [((0, 1), (2, 3)), ((0, 2), (1, 3))]
    assert network.rules[0].edges == ((0, 1), (1, 2), (2, 3), (3, 0))  # type: ignore[attr-defined]


def test_a_run_needs_the_files_no_more(plan: Path, tmp_path: Path) -> None:
    played = read_plan(plan)
    run(played, tmp_path / "run")
    for name in ("edges.csv", "rounds.csv"):
        (tmp_path / name).unlink()
    with RunFile.open(tmp_path / "run") as file:
        assert list(check(file)) == []
        assert plan_of(file.header, "kept") == played
        assert dict(file.header.graphs) == {"edges.csv": SQUARE, "rounds.csv": ROUNDS}
        assert len(cells_by_label(file.cells())) == 3
    run(played, tmp_path / "run", resume=True)
    with pytest.raises(PlanError, match=r"line 5.*graph_file: the file 'edges.csv' cannot be read"):
        read_plan(plan)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0,1\n1;2\n", 'e.csv, line 2: an edge is two numbers of nodes, with commas between, not "1;2"'),
        ("0,1,2\n", "e.csv, line 1: an edge is two numbers of nodes"),
        ("0,1\n-1,2\n", "e.csv, line 2: an edge is two numbers"),
        ("-1,-2\n0,1\n", "e.csv, line 1: an edge is two numbers"),
        ("0.0,1.0\n", "e.csv, line 1: an edge is two numbers"),
        (f"0,{'9' * 5_000}\n", "e.csv, line 1: an edge is two numbers"),
        ("0,1\n1,1000\n", "e.csv, line 2: nodes are numbered from 0 to 999, not 1,000"),
        ("0,1\n1,1\n", "e.csv, line 2: the edge 1,1 joins a node to itself"),
        ("a,b\n0,1\n1,0\n", "e.csv, line 3: the edge 1,0 stands on line 2 too"),
        ("0,1\n1,3\n", "e.csv: node 2 has no edge; nodes are numbered from 0, and the last is 3"),
        ("a,b\nc,d\n", "e.csv, line 2: an edge is two numbers"),
        ("a,b\n", "e.csv: there is no edge in it"),
        ("", "e.csv: there is no edge in it"),
    ],
)
def test_what_is_no_edge_is_named_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence):
        edges_in(text, "e.csv")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0,1\n", "s.csv, line 1: an edge is the number of a round and two of nodes"),
        ("1,0,1\n3,0,1\n", "s.csv: round 2 has no edges; rounds are counted from 0 or from 1, up to 3"),
        ("2,0,1\n", "s.csv: round 1 has no edges"),
        ("1,0,1\n2,0,1\n2,1,0\n", "s.csv, line 3: the edge 1,0 stands on line 2 too"),
        ("round,a,b\n", "s.csv: there is no edge in it"),
    ],
)
def test_what_is_no_sequence_is_named_too(text: str, sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence):
        sequence_in(text, "s.csv")


@pytest.mark.parametrize("text", ["0,1\n1,2", "\ufeffa, b\r\n0,1\r\n\r\n1, 2\r\n", '"from","to"\n0,1\n1,2\n'])
def test_a_file_may_have_names_blank_lines_and_the_ends_of_lines_of_any_system(text: str) -> None:
    assert edges_in(text, "e.csv") == ((0, 1), (1, 2))


def test_rounds_are_counted_from_nought_or_from_one() -> None:
    assert sequence_in("0,0,1\n1,1,2\n", "s") == sequence_in("1,0,1\n2,1,2\n", "s") == (((0, 1),), ((1, 2),))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            '"edges.csv", rounds',
            "3, rounds",
            "line 5, mechanisms, entry 1, stack, entry 1, graph_file: must be the name",
        ),
        (
            'graph_file = "edges.csv", rounds',
            'graph_file = "edges.csv", edges = [[0, 1]], rounds',
            "cannot stand beside",
        ),
        ('graph_file = "edges.csv", rounds', "edges = [[0]], rounds", "the right number of parts in each entry"),
        ('"rounds.csv"', '"../edges.csv"', "the file '../edges.csv' cannot be read"),
        ('"rounds.csv"', '"edges.csv"', "an edge is the number of a round and two of nodes"),
        ('"network", players = 4, graph_file', '"mediation", graph_file', "field of mediation"),
    ],
)
def test_what_is_wrong_in_the_plan_is_said(old: str, new: str, sentence: str, plan: Path) -> None:
    plan.write_text(PLAN.replace(old, new))
    with pytest.raises(PlanError, match=sentence):
        read_plan(plan)


def test_parts_are_tables_in_a_plan(plan: Path) -> None:
    plan.write_text(PLAN.replace("rounds = 2}]},\n", "parts = [{rounds = 3}, {rounds = 2, rewired = true}]}]},\n", 1))
    cell = read_plan(plan).cells[0]
    assert isinstance(cell.built, Neighbourhood)
    assert [tuple(stretch) for stretch in cell.built.stretches] == [(3, False), (2, True)]
    assert hash(cell) == hash(type(cell).from_json(cell.to_json()))
    plan.write_text(PLAN.replace("rounds = 2}]},\n", 'parts = [{rounds = 3, until = "dawn"}]}]},\n', 1))
    with pytest.raises(PlanError, match="until"):
        read_plan(plan)


def test_a_long_level_is_told_by_its_start() -> None:
    text = ",".join(map(str, range(2_000)))
    assert len(shortened(text)) < 70
    assert shortened(text) != shortened(f"{text},1")
    assert shortened("ring") == "ring"


def test_levels_of_cells_with_large_graphs_are_short(plan: Path, tmp_path: Path) -> None:
    (tmp_path / "edges.csv").write_text("\n".join(f"{node},{node + 1}" for node in range(300)))
    plan.write_text(PLAN.replace("players = 4", "players = 301"))
    levels = cell_levels(read_plan(plan).cells[0])
    assert levels["neighbourhood.edges"].startswith("0/1/1/2")
    assert max(map(len, levels.values())) <= 1_000
