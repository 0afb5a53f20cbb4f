"""Repeated play on the page: what agents did after what they saw, pairing by pairing, episode by episode."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from comity.report.compose import contents
from comity.report.contents import Contents, Head, Prose
from comity.report.figures import Figure, lines
from comity.report.grid import Grid
from comity.report.numbers import cooperation_by_round, half_widths
from comity.report.page import render
from comity.report.results import ALL, Results
from comity.report.sections import baselines, episodes, memory, pairings, rounds
from comity.stats.estimate import quantile
from tests.report.measured import entries, played, results_of, table
from tests.report.reading import read
from tests.report.runs import forfeited, records, write_run

pytestmark = pytest.mark.slow

PLAN = """\
name = "repeated"
seed = 7
replicates = 3
games = ["prisoners_dilemma", "chicken"]
mechanisms = [{ name = "repetition", rounds = 6 }]
agents = ["grim", "tit_for_tat", "defect_once", { name = "random", label = "coin", p = 0.5 }]
"""
MEETING = """\
name = "meeting"
seed = 7
mechanisms = [{ name = "repetition", rounds = 4 }]
agents = ["always_cooperate", "always_defect"]

[[games]]
name = "matrix"
label = "meeting"
first_actions = ["left", "right"]
second_actions = ["left", "right"]
cells = [[[3, 2], [0, 0]], [[0, 0], [2, 3]]]
"""
ONCE = PLAN.replace('{ name = "repetition", rounds = 6 }', '"none"')
MANY = "\n".join(
    [
        'name = "many"\nseed = 2\nmechanisms = [{ name = "repetition", rounds = 3 }]',
        'agents = ["tit_for_tat", "always_defect"]',
        *(
            f'[[games]]\nname = "ordinal"\nlabel = "g{row}x{column}"\nrow = {row}\ncolumn = {column}'
            for row in range(1, 8)
            for column in range(1, 7)
        ),
    ]
)
"""A plan of 42 games."""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    with results_of(played(tmp_path_factory.mktemp("repeated"), PLAN)) as found:
        yield found


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    with results_of(played(tmp_path_factory.mktemp("many"), MANY)) as found:
        yield found


@pytest.fixture(scope="module")
def many_page(many: Results) -> Contents:
    return contents(many)


# Memory


def test_the_fits_of_automata_stand_in_a_table(results: Results) -> None:
    rows = entries(table(memory.section(results), "Memory-one fits"))
    grim = {head: entry.value for head, entry in rows["grim"].items()}
    assert grim == {"At first": 1, "After CC": 1, "After CD": 0, "After DC": 0, "After DD": 0}
    tit_for_tat = {head: entry.value for head, entry in rows["tit_for_tat"].items()}
    assert tit_for_tat == {"At first": 1, "After CC": 1, "After CD": 0, "After DC": 1, "After DD": 0}
    assert 0 < rows["coin"]["After CC"].low < 0.5 < rows["coin"]["After CC"].high < 1
    # Four agents in both seats: grim is in 8 seats of each game and replicate.
    assert rows["grim"]["At first"].rests == "48 rounds, 42 episodes"


def test_the_fits_of_each_cell_stand_below_them(results: Results) -> None:
    rows = entries(table(memory.section(results), "Memory-one, cell by cell"))
    assert len(rows) == 2 * 4
    whole = entries(table(memory.section(results), "Memory-one fits"))["coin"]["After CC"]
    each = [rows[f"{game} · repetition · coin"]["After CC"] for game in ("prisoners dilemma", "chicken")]
    counts = [int(entry.rests.split()[0]) for entry in (*each, whole)]
    assert sum(counts[:2]) == counts[2]
    assert whole.value == pytest.approx(sum(e.value * n for e, n in zip(each, counts, strict=False)) / counts[2])


def test_how_far_memory_one_explains(results: Results) -> None:
    rows = entries(table(memory.section(results), "How far memory-one explains"))
    assert rows["grim"]["Memory-one"].value == 0
    assert rows["grim"]["Rounds predicted"].value == rows["grim"]["Nearest strategy"].value == 1
    assert rows["grim"]["Nearest strategy"].rests == "grim"
    assert rows["coin"]["Memory-one"].value == pytest.approx(math.log(1 / 2), abs=0.03)


def test_grim_does_not_forgive_and_the_page_says_never(results: Results) -> None:
    section = memory.section(results)
    curve = entries(table(section, "Cooperation after so many defections"))
    assert curve["grim"]["0"].value == 1
    assert all(curve["grim"][str(k)].value == 0 for k in range(1, 5))
    rows = entries(table(section, "Going on after a first defection"))
    assert rows["grim"]["Cooperates again"].value == 0
    assert math.isnan(rows["grim"]["Rounds until then"].value)
    assert rows["grim"]["Rounds until then"].rests.startswith("never")
    assert rows["tit_for_tat"]["Rounds until then"].value == 2


def test_turns_are_tabled(tmp_path: Path) -> None:
    """In a game without cooperation the two scripts mix at random; what they did is counted from the plays."""
    with results_of(played(tmp_path, MEETING)) as results:
        section = memory.section(results)
        rows = entries(table(section, "Changing and taking turns"))
        told = results.tables.plays.pivot_table(
            index=["match", "play"], columns="seat", values="action", aggfunc="first"
        )
        assert set(rows) == {"always_cooperate", "always_defect"}
        both = (told[0] == told[1]).groupby(level="match").mean()
        for agent, row in rows.items():
            assert 0 <= row["Taking turns"].value <= 1
            assert row["Coordination"].value == pytest.approx(_weighed(results, both, agent))
        assert "by first option" in " ".join(entries(table(section, "Memory-one fits")))


def _weighed(results: Results, values: pd.Series, agent: str) -> float:
    outcomes = results.tables.outcomes
    return float(values[outcomes.loc[outcomes["agent"] == agent, "match"]].mean())


def test_what_was_played_once_has_no_such_sections(tmp_path: Path) -> None:
    with results_of(played(tmp_path, ONCE)) as results:
        for part in (memory, pairings, episodes, baselines):
            assert part.section(results) is None


def test_without_any_play_there_are_no_such_sections(tmp_path: Path) -> None:
    with results_of(write_run(tmp_path, map(forfeited, records()))) as results:
        for part in (memory, pairings, episodes, baselines, rounds):
            assert part.section(results) is None


# Pairings


def test_maps_have_seat_1_in_rows(results: Results) -> None:
    section = pairings.section(results)
    rows = entries(table(section, "Defection of seat 1 in prisoners dilemma"))
    assert list(rows) == list(rows["grim"]) == ["grim", "tit_for_tat", "defect_once", "coin"]
    assert rows["grim"]["defect_once"].value == pytest.approx(5 / 6)
    assert rows["defect_once"]["grim"].value == pytest.approx(1 / 6)
    other = entries(table(section, "Defection of seat 2 in prisoners dilemma"))
    assert other["grim"]["defect_once"].value == pytest.approx(1 / 6)
    score = entries(table(section, "Score of seat 1 in prisoners dilemma"))
    assert score["grim"]["grim"].value == pytest.approx(2 / 3)
    assert score["grim"]["grim"].low == score["grim"]["grim"].high, "nothing was drawn"
    assert rows["coin"]["coin"].low < rows["coin"]["coin"].value < rows["coin"]["coin"].high


def test_every_pairing_of_every_cell_is_in_the_files(results: Results) -> None:
    section = pairings.section(results)
    assert section is not None
    [whole] = section.beside
    assert len(whole.rows) == 2 * 4 * 4
    shown = entries(table(section, "Coordination in chicken"))
    told = entries(whole)["chicken under repetition: grim and defect_once"]["Coordination"]
    assert told == shown["grim"]["defect_once"]


# Episodes


def test_episodes_are_chosen_by_what_both_were_paid(results: Results) -> None:
    section = episodes.section(results)
    plays = results.tables.plays
    paid = plays[plays["game"] == "prisoners_dilemma"].groupby("match")["base_payoff"].sum()
    rows = entries(table(section, "Episodes of prisoners dilemma"))
    assert len(rows) == 6
    least, _, median, _, most, _ = rows
    ordered = paid.sort_values(kind="stable")
    assert [_match(head) for head in (least, median, most)] == [
        paid.index[paid == paid.min()][0],
        ordered.index[(len(ordered) - 1) // 2],
        paid.index[paid == paid.max()][0],
    ]
    assert [head.split(",")[0] for head in (least, median, most)] == ["Paid least", "Paid median", "Paid most"]


def _match(head: str) -> int:
    return int(head.split("match ")[1].split(",")[0])


def test_a_strip_is_what_was_played(results: Results) -> None:
    rows = entries(table(episodes.section(results), "Episodes of prisoners dilemma"))
    for head, row in rows.items():
        told, seat = results.tables.plays, int(head.split("seat ")[1][0]) - 1
        plays = told[(told["match"] == _match(head)) & (told["seat"] == seat)]
        assert [entry.rests for entry in row.values()] == [
            f"{'C' if kind else 'D'}, paid {paid:g}"
            for kind, paid in zip(plays["cooperated"], plays["payoff"], strict=True)
        ]
        assert head.endswith(f": {plays['payoff'].sum():g}")


# Standards


def test_standards_stand_beside_agents(results: Results) -> None:
    rows = entries(table(baselines.section(results), "Scores beside standards"))
    dilemma = {head: entry.value for head, entry in rows["prisoners dilemma"].items()}
    # Payoffs 2, 0, 3, 1 over the most, 3.
    assert dilemma["Random"] == pytest.approx(1.5 / 3)
    assert dilemma["First option"] == dilemma["Best turns"] == dilemma["Best together"] == pytest.approx(2 / 3)
    assert dilemma["Nash"] == dilemma["Maximin"] == pytest.approx(1 / 3)
    plays = results.tables.plays.query("game == 'prisoners_dilemma' and agent == 'grim'")
    by_match = plays.groupby(["replicate", "match"])["base_payoff"].mean().groupby("replicate").mean()
    assert dilemma["grim"] == pytest.approx(by_match.mean() / 3)


# Bands


def test_bands_are_students_over_replicates(results: Results) -> None:
    tables = results.tables
    half = half_widths(tables)
    key = ("repetition", "prisoners_dilemma", "coin", 3)
    plays = tables.plays.query("game == 'prisoners_dilemma' and agent == 'coin' and round == 2")
    draws = plays["cooperated"].astype(float).groupby(plays["replicate"]).mean()
    assert len(draws) == 3
    assert half[key] == pytest.approx(quantile(2) * math.sqrt(draws.var() / 3))
    assert cooperation_by_round(tables)[key] == pytest.approx(draws.mean())
    grid = table(rounds.section(results), "Cooperation over rounds")
    entry = entries(grid)["prisoners dilemma"]["3"]
    own = results.half_widths[key[:2]][ALL].loc[3]
    assert entry.low == pytest.approx(max(entry.value - own, 0))
    assert entry.high == pytest.approx(min(entry.value + own, 1))
    assert "over replicates" in grid.note


def test_where_nothing_was_drawn_there_is_no_band_and_the_page_says_so(whole: Path) -> None:
    with results_of(whole) as results:
        assert results.half_widths[("repetition", "prisoners_dilemma")].isna().all(axis=None)
        section = rounds.section(results)
        assert section is not None
        for part in section.parts:
            assert isinstance(part, Figure)
            assert "No bands: where there is one draw, or nothing was left to chance" in part.table.note
            assert "fill-opacity" not in part.svg.replace("transparent", "")


def test_a_band_is_drawn_from_its_low_to_its_high_end() -> None:
    values = pd.DataFrame({"a": [0.5, 0.5], "b": [0.2, 0.4]}, index=[1, 2])
    plain = lines("key", values, 2, Grid("c", "", "", (), ()))
    banded = lines("key", values, 2, Grid("c", "", "", (), ()), values - 0.1, values + 0.1)
    none = lines("key", values, 2, Grid("c", "", "", (), ()), values * np.nan, values * np.nan)
    assert plain.svg.count("var(--tint)") == none.svg.count("var(--tint)") == 0
    assert banded.svg.count("var(--tint)") == 2
    assert "with a band" in banded.alt
    assert "with a band" not in none.alt


# Many cells


@pytest.mark.slow
def test_of_many_cells_the_page_takes_games_together_and_says_so(many_page: Contents) -> None:
    sections = {section.key: section for section in many_page.sections}
    [prose] = sections["cells"].parts
    assert isinstance(prose, Prose)
    assert "There are 42 cells, too many to show each" in prose.paragraphs[0]
    assert not {"behaviour", "maps"} & set(sections)
    [filed] = sections["cells"].beside
    assert len(filed.rows) == 2 * 42
    heads = [part.text for part in sections["pairings"].parts if isinstance(part, Head)]
    assert any("Win-win games" in head for head in heads)
    assert sum(int(head.rpartition("(")[2].split()[0]) for head in heads) == 42


@pytest.mark.slow
def test_of_many_cells_no_link_leads_nowhere(many_page: Contents) -> None:
    text = render(many_page)
    page = read(text)
    places = {element.attributes["id"] for element in page.all() if "id" in element.attributes}
    links = [element.attributes["href"] for element in page.all("a") if element.attributes["href"].startswith("#")]
    assert {link.removeprefix("#") for link in links} <= places
    assert len(text.encode()) < 1_000_000


def test_the_mean_of_cells_taken_together_counts_each_the_same(many: Results) -> None:
    rows = entries(table(baselines.section(many), "Scores beside standards"))
    section = baselines.section(many)
    assert section is not None
    [each] = section.beside
    alone = entries(each)
    assert len(alone) == 42
    [(head, row)] = [(head, row) for head, row in rows.items() if head.startswith("Cyclic games")]
    families = {key: cell.built.base.family for key, cell in many.cells.items()}  # type: ignore[attr-defined]
    cyclic = [game for (_, game), family in families.items() if family == "Cyclic"]
    assert head == f"Cyclic games ({len(cyclic)} cells)"
    assert row["tit_for_tat"].value == pytest.approx(np.mean([alone[game]["tit_for_tat"].value for game in cyclic]))
    assert row["Random"].value == pytest.approx(0.625)
