"""The aggregate tables, the ranks, the pairs and the games: the numbers of the metrics, with what is honest of them."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import stdev

import pytest

from comity.metrics import Contrasts, contrasts, table
from comity.metrics.contrasts import Contrast
from comity.metrics.design import under
from comity.records.store import Header, RunFile
from comity.records.tables import Tables, tables
from comity.report.ranking import MOST_PAIRS, chance, pairs
from comity.report.results import Results
from comity.report.text import number
from comity.stats.estimate import Estimate
from tests.report.reading import Element, grid, interval, read, rests, value
from tests.report.runs import PLAN, records, write_run
from tests.report.written import write_report

pytestmark = pytest.mark.slow

PLAN_OF_THREE = PLAN.replace("seed = 3", "seed = 3\nreplicates = 3")
DILEMMAS = ["prisoners_dilemma", "public_goods"]
MEANS = "Mean score by mechanism and agent"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three replicates, tossed; talking was tried in the prisoner's dilemma alone."""
    played = [
        record
        for record in records(PLAN_OF_THREE, seed=5)
        if (record.match.cell.mechanism_label, record.match.cell.game_label) != ("cheap_talk", "public_goods")
    ]
    agents = tuple((label, None) for label in ("saint", "rogue", "turncoat"))
    header = Header("tossed", "import", "{}", 0, agents, len(played))
    return write_run(tmp_path_factory.mktemp("tossed"), played, PLAN_OF_THREE, header)


@pytest.fixture(scope="module")
def tossed(folder: Path) -> Element:
    return read(write_report(folder).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def measured(folder: Path) -> Tables:
    """The same matches as tables, without the mechanism that was played in one of the dilemmas only."""
    with RunFile.open(folder) as run:
        found = tables(run.records(), decisions=False)
    found.matches["drawn"] = True  # what somebody else played was drawn, unless it says otherwise
    return under(found, ["none", "repetition", "reputation_first_order"])


def test_the_headline_is_the_metric_best_first_with_both_errors(tossed: Element, measured: Tables) -> None:
    found = grid(tossed, MEANS)
    rows = table(measured, "mean", ["mechanism"], DILEMMAS).rows
    assert list(found) == [row["mechanism"].replace("_", " ") for row in rows]
    for row in rows:
        entry = found[row["mechanism"].replace("_", " ")]["All agents"]
        assert value(entry) == row["value"]
        assert interval(entry) == f"[{number(row['low'])}, {number(row['high'])}]"
        assert rests(entry) == [f"± {number(row['error'])}, games ± {number(row['error_over_games'])}"]


@pytest.mark.parametrize("metric", ["mean", "fitness", "rating", "cooperation"])
def test_every_agent_has_its_number(tossed: Element, folder: Path, metric: str) -> None:
    with RunFile.open(folder) as run:
        results = Results.of(run).wide
        title = results.metrics[metric].title
        rows = table(results.tables, metric, ["mechanism", "agent"], DILEMMAS, metrics=results.metrics).rows
    found = grid(tossed, f"{title} by mechanism and agent")
    assert ("All agents" in next(iter(found.values()))) == (metric != "rating")  # all ranks together say nothing
    for row in rows:
        name = row["mechanism"].replace("_", " ")
        if row["value"] is None:
            assert name not in found
        else:
            assert value(found[name][row["agent"]]) == row["value"]


def test_what_was_played_in_some_games_only_weighs_in_no_average(tossed: Element, measured: Tables) -> None:
    assert "cheap talk" not in grid(tossed, MEANS)
    assert list(grid(tossed, "Mechanism settings that were played in some of these games only")) == ["cheap talk"]
    board = grid(tossed, "Agents by mean payoff")
    for row in table(measured, "mean", ["agent"], DILEMMAS).rows:
        assert value(board[row["agent"]]["All mechanisms"]) == row["value"]


def test_ranks_are_sets(tossed: Element, measured: Tables) -> None:
    found = grid(tossed, "Agents and the ranks they may have")
    rows = table(measured, "mean", ["agent"], DILEMMAS).rows
    assert [rests(entry) for entries in found.values() for entry in entries.values()] == [
        [f"rank {row['rank_low']}" + f" to {row['rank_high']}" * (row["rank_low"] != row["rank_high"])] for row in rows
    ]
    figure = next(f for f in tossed.all("figure") if f.one("figcaption").text.startswith("Agents and the ranks"))
    printed = [text.text for text in figure.one("svg").all("text")]
    assert sum("rank" in text for text in printed) == len(rows)


@pytest.mark.parametrize("between", ["agent", "mechanism"])
def test_pairs_are_the_contrasts(tossed: Element, measured: Tables, between: str) -> None:
    expected, _ = contrasts(measured, "mean", between, DILEMMAS)  # type: ignore[arg-type]
    found = grid(tossed, f"Differences between {between}s")
    assert len(found) == len(expected.pairs) == 3
    for pair, entries in zip(expected.pairs, found.values(), strict=True):
        numbers = [value(entry) for entry in entries.values()]
        assert numbers == [pair.difference.value, pair.p, pair.p_holm, pair.p_bh]


def test_many_pairs_are_cut_to_those_told_apart_and_the_files_have_all() -> None:
    labels = tuple(map(str, range(12)))
    flat = Estimate(0.1, 0.05, 5, -0.03, 0.23)
    listed = [
        Contrast(first, second, flat, 0.01 if first == "0" else 1.0, 0.01, 3, ())
        for place, first in enumerate(labels)
        for second in labels[place + 1 :]
    ]
    assert len(listed) > MOST_PAIRS
    [shown], [whole] = pairs(Contrasts(labels, tuple(listed)), "caption", "note.", "key")
    assert [head for head, _ in shown.rows] == [f"0 less {other}" for other in labels[1:]]
    assert "11 of 66 pairs told apart. Only these are shown here" in shown.note
    assert len(whole.rows) == 66
    assert pairs(Contrasts(labels[:2], tuple(listed[:1])), "caption", "note.", "key")[1] == ()


def test_pairs_of_which_nothing_can_be_told_are_in_the_files_only() -> None:
    unknown = Contrast("a", "b", Estimate(0.1, math.nan, 0, math.nan, math.nan), math.nan, math.nan, 1, ())
    shown, [whole] = pairs(Contrasts(("a", "b"), (unknown,)), "caption", "note.", "key")
    assert shown == ()
    assert "0 of 1 pair told apart." in whole.note


def test_small_chances_are_printed_as_small() -> None:
    assert [chance(p) for p in (0.0, 0.0009, 0.001, 0.25)] == ["< 0.001", "< 0.001", "0.001", "0.250"]


def test_every_game_has_its_table(tossed: Element, measured: Tables) -> None:
    for row in table(measured, "mean", ["mechanism", "game", "agent"]).rows:
        mechanism, game = row["mechanism"].replace("_", " "), row["game"].replace("_", " ")
        entry = grid(tossed, f"Mean score in {game}")[mechanism][row["agent"]]
        assert value(entry) == row["value"]
    assert "0 is a payoff of 1, 1 a payoff of 2" in tossed.one("section", **{"aria-labelledby": "games"}).text


def test_the_spread_between_games_is_told_beside_the_error(tossed: Element, measured: Tables) -> None:
    found = grid(tossed, "How much the games differ")
    per_game = {(row["mechanism"], row["game"]): row["value"] for row in table(measured, by=["mechanism", "game"]).rows}
    for row in table(measured, "mean", ["mechanism"], DILEMMAS).rows:
        values = [per_game[row["mechanism"], game] for game in DILEMMAS]
        mean, error, deviation, over_games, low, high = map(value, found[row["mechanism"].replace("_", " ")].values())
        assert mean == pytest.approx(row["value"])
        assert (error, deviation) == (row["error"], stdev(values))
        assert over_games == pytest.approx(row["error_over_games"])
        assert over_games == pytest.approx(stdev(values) / math.sqrt(2))
        assert (low, high) == (min(values), max(values))


def test_profiles_are_drawn_where_there_are_corners_enough(tossed: Element) -> None:
    captions = [figure.one("figcaption").text for figure in tossed.all("figure")]
    assert [caption for caption in captions if caption.startswith("Where each agent does well")]
    assert not [caption for caption in captions if caption.startswith("Where each mechanism works")]  # two dilemmas


def test_replicates_are_counted_per_cell(tossed: Element) -> None:
    assert "under 4 mechanism settings in 3 replicates:" in tossed.one("header").text
