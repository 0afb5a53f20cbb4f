"""What the page says of predictions is what was measured, players and observers apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.metrics.predictions import accuracy_by_round, first_right, predictions
from comity.report.contents import Head
from comity.report.figures import Figure
from comity.report.grid import Grid
from comity.report.results import Results
from comity.report.sections import predictions as section_of
from tests.report.measured import entries, played, results_of, table

pytestmark = pytest.mark.slow

PLAN = """\
name = "foreseen"
seed = 5
replicates = 2
games = ["battle_of_the_sexes"]
mechanisms = [
    { label = "asked", stack = ["prediction", { name = "repetition", rounds = 8, memory = "all" }] },
    { label = "once", name = "prediction" },
    { label = "seen", name = "observation", moves = [
        ["ballet", "ballet"], ["fight", "fight"], ["ballet", "ballet"], ["fight", "fight"], ["ballet", "ballet"]] },
    "none",
]
agents = [
    { label = "scot", name = "best_reply_to_prediction" },
    { label = "turns", name = "alternate" },
    { label = "coin", name = "composed", predict = "uniform" },
]
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    with results_of(played(tmp_path_factory.mktemp("foreseen") / "run", PLAN)) as found:
        yield found


def test_accuracy_and_brier_scores_are_the_metrics(results: Results) -> None:
    section = section_of.section(results)
    for who, cells in (("players", ["asked", "once"]), ("observers", ["seen"])):
        rows = entries(table(section, f"How well {who} predict"))
        for metric, head in (("prediction", "right"), ("brier", "Brier")):
            for row in results.table(metric, ["mechanism", "agent"]).rows:
                if row["mechanism"] in cells:
                    told = rows[row["agent"]][f"battle of the sexes under {row['mechanism']}: {head}"]
                    assert told.value == row["value"]
    assert entries(table(section, "How well observers predict"))["coin"][
        "battle of the sexes under seen: Brier"
    ].value == pytest.approx(0.25)


def test_players_and_observers_stand_apart(results: Results) -> None:
    section = section_of.section(results)
    assert section is not None
    heads = [part.text for part in section.parts if isinstance(part, Head)]
    assert heads == ["Predictions of players", "Predictions of observers"]


def test_every_agent_has_its_course_over_the_rounds(results: Results) -> None:
    section = section_of.section(results)
    assert section is not None
    figures = [part for part in section.parts if isinstance(part, Figure)]
    assert len({figure.key for figure in figures}) == len(figures) == 6
    accuracy = accuracy_by_round(predictions(results.tables, results.cells.values()))
    for agent in results.agents:
        grid = table(section, f"Right predictions over rounds, {agent} among players")
        own = accuracy[(accuracy["agent"] == agent) & (accuracy["mechanism"] == "asked")]
        told = [entry.value for entry in entries(grid)["battle of the sexes under asked"].values()]
        assert told == own["share"].tolist()


def test_from_when_on_it_lasts_is_told_by_agent_and_game(results: Results) -> None:
    episodes = first_right(predictions(results.tables, results.cells.values()))
    section = section_of.section(results)
    for who, mechanism in (("players", "asked"), ("observers", "seen")):
        grid: Grid = table(section, f"From which round on {who} are right")
        for agent in results.agents:
            own = episodes[(episodes["agent"] == agent) & (episodes["mechanism"] == mechanism)]
            told = entries(grid)[f"{agent}: battle of the sexes under {mechanism}"]
            assert told["Share that ends right"].value == own["first"].notna().mean()
            if own["first"].notna().any():
                assert told["Earliest"].value == own["first"].min()
                assert told["Latest"].value == own["first"].max()
    scot = entries(table(section, "From which round on observers are right"))["scot: battle of the sexes under seen"]
    assert [entry.value for entry in scot.values()] == [1, 4, 4, 4]  # b f b f b: seen once, foreseen from then on


def test_without_predictions_or_decisions_there_is_no_section(results: Results, tmp_path: Path) -> None:
    plain = PLAN[: PLAN.index("mechanisms")] + 'mechanisms = ["none"]\n' + PLAN[PLAN.index("agents") :]
    with results_of(played(tmp_path / "plain", plain)) as none:
        assert section_of.section(none) is None
    assert results.only is not None
    assert section_of.section(Results.of(results.only)) is None


def test_many_cells_are_taken_together(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(section_of, "MOST_CELLS", 1)
    section = section_of.section(results)
    apart = {
        row["mechanism"]: row["value"]
        for row in results.table("prediction", ["mechanism", "agent"]).rows
        if row["agent"] == "turns"
    }
    rows = entries(table(section, "How well players predict"))["turns"]
    together = rows["battle of the sexes (2 cells): right"]
    assert together.value == pytest.approx((apart["asked"] + apart["once"]) / 2)
    episodes = first_right(predictions(results.tables, results.cells.values()))
    own = episodes[(episodes["agent"] == "turns") & ~episodes["observer"]]
    told = entries(table(section, "From which round on players are right"))["turns: battle of the sexes (2 cells)"]
    assert told["Share that ends right"].value == own["first"].notna().mean()
