"""What the page says: the numbers of the metrics, what they rest on, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from comity.metrics import table
from comity.records.store import Header, RunError, RunFile
from comity.records.tables import Tables, tables
from comity.report.sections.rounds import rounds
from comity.words.transcript import transcript
from tests.report.measured import results_of
from tests.report.reading import Element, grid, read, rests, value
from tests.report.runs import PLAN, SHORT, forfeited, records, renamed, write_run
from tests.report.written import write_report

pytestmark = pytest.mark.slow


def cell(page: Element, mechanism: str, game: str) -> Element:
    """What the page says of one cell."""
    under = ""
    for part in page.all("h3", "details"):
        if part.tag == "h3":
            under = part.text.removeprefix("Under ")
        elif part.attributes.get("class") == "cell" and under == mechanism and part.one("h4").text == game:
            return part
    raise AssertionError(f"there is no cell {mechanism} × {game}")


@pytest.fixture(scope="session")
def measured(whole: Path) -> Tables:
    with RunFile.open(whole) as run:
        return tables(run.records(), decisions=False)


def test_the_leaderboard_is_the_metric(read_page: Element, measured: Tables) -> None:
    found = grid(read_page, "Agents by mean payoff")
    dilemmas = ["prisoners_dilemma", "public_goods"]
    overall = table(measured, "mean", ["agent"], dilemmas).rows
    assert list(found) == [row["agent"] for row in overall]
    for row in overall:
        entry = found[row["agent"]]["All mechanisms"]
        assert value(entry) == row["value"]
        assert rests(entry) == [f"{row['matches']} matches"]
    for row in table(measured, "mean", ["agent", "mechanism"], dilemmas).rows:
        assert value(found[row["agent"]][row["mechanism"].replace("_", " ")]) == row["value"]


@pytest.mark.parametrize("metric", ["mean", "cooperation"])
def test_the_maps_are_the_metric(read_page: Element, measured: Tables, metric: str) -> None:
    caption = {"mean": "Mean payoff by mechanism and game", "cooperation": "Cooperation by mechanism and game"}[metric]
    found = grid(read_page, caption)
    figure = next(each for each in read_page.all("figure") if each.one("figcaption").text.startswith(caption))
    overall = table(measured, metric, ["mechanism"], ["prisoners_dilemma", "public_goods"]).rows
    rows = [
        *(row | {"game": "social dilemmas"} for row in overall),
        *table(measured, metric, ["mechanism", "game"]).rows,
    ]
    for row in rows:
        entry = found[row["mechanism"].replace("_", " ")][row["game"].replace("_", " ")]
        assert value(entry) == row["value"]
        assert row["value"] is None or rests(entry) == [f"{row['matches']} match" + "es" * (row["matches"] > 1)]
    printed = sorted(text.text for text in figure.one("svg").all("text") if "." in text.text)
    assert printed == sorted(f"{row['value']:.2f}" for row in rows if row["value"] is not None)


def test_nothing_cooperates_in_matching_pennies(read_page: Element) -> None:
    entry = grid(read_page, "Cooperation by mechanism and game")["none"]["matching pennies"]
    assert entry.text.startswith("–")
    assert "nothing: no action of this game means it" in cell(read_page, "none", "matching pennies").text


def test_how_each_agent_did_is_the_metric(read_page: Element, measured: Tables) -> None:
    for metric, head in (("payoff", "Payoff"), ("mean", "On the scale"), ("cooperation", "Cooperation")):
        for row in table(measured, metric, ["mechanism", "game", "agent"]).rows:
            mechanism, game = row["mechanism"].replace("_", " "), row["game"].replace("_", " ")
            if row["value"] is not None:
                found = grid(cell(read_page, mechanism, game), "How each agent did")
                assert value(found[row["agent"]][head]) == row["value"]


def test_the_prisoners_dilemma_pays_what_it_pays(read_page: Element) -> None:
    found = grid(cell(read_page, "none", "prisoners dilemma"), "Payoff of the row against the column")
    paid = {row: {column: value(entry) for column, entry in entries.items()} for row, entries in found.items()}
    assert paid == {
        "saint": {"saint": 2, "rogue": 0, "turncoat": 2},
        "rogue": {"saint": 3, "rogue": 1, "turncoat": 3},
        "turncoat": {"saint": 2, "rogue": 0, "turncoat": 2},
    }


def test_cooperation_over_the_rounds_is_drawn_and_tabled(read_page: Element) -> None:
    found = grid(cell(read_page, "repetition", "prisoners dilemma"), "Cooperation over rounds, by agent")
    shares = {agent: [value(entry) for entry in entries.values()] for agent, entries in found.items()}
    assert shares == {"saint": [1, 1, 1, 1], "rogue": [0, 0, 0, 0], "turncoat": [1, 0, 0, 0]}
    overall = grid(read_page, "Cooperation over rounds under repetition")["prisoners dilemma"]
    assert [value(entry) for entry in overall.values()] == pytest.approx([2 / 3, 1 / 3, 1 / 3, 1 / 3])
    once = cell(read_page, "none", "prisoners dilemma").all("figure")
    assert not [figure for figure in once if "over rounds" in figure.one("figcaption").text]


def test_mechanisms_with_one_game_share_a_figure_over_the_rounds(tmp_path: Path) -> None:
    made = [one for one in records() if one.match.cell.game_label == "prisoners_dilemma"]
    with results_of(write_run(tmp_path, made)) as results:
        [figure] = rounds(results)
    assert figure.title == "Cooperation over rounds in prisoners dilemma"
    assert [head for head, _ in figure.table.rows] == ["repetition", "reputation first order"]


def test_every_cell_tells_a_match_between_different_agents(read_page: Element, whole: Path) -> None:
    with RunFile.open(whole) as run:
        record = run.record(1)
    told = transcript(record.match.cell.built, record.choices, dict(enumerate(record.match.agents)), record.lotteries)
    shown = cell(read_page, "none", "prisoners dilemma").one("details", class_="aside")
    assert shown.one("summary").text == "Match 1 in words: saint, rogue"
    assert shown.one("pre").text == " ".join(told.split())
    assert all(part.one("pre").text for part in read_page.all("details", class_="cell"))


def test_the_facts_of_a_game_are_its_own(read_page: Element) -> None:
    facts = cell(read_page, "repetition", "prisoners dilemma").one("dl").text
    assert "prisoners_dilemma(reward=2, sucker=0, temptation=3, punishment=1)" in facts
    assert 'repetition(rounds=4, discount=0.8, memory=3, horizon="chance")' in facts
    assert "0 is a payoff of 1, 1 a payoff of 2" in facts
    assert "(defect, defect)" in facts


def test_a_whole_run_says_so(read_page: Element, whole: Path) -> None:
    with RunFile.open(whole) as run:
        matches, decisions = run.header.matches, int(tables(run.records()).matches["decisions"].sum())
    header = read_page.one("header")
    assert f"3 agents played 3 games under 4 mechanism settings in 1 replicate: {matches} matches" in header.text
    assert f"{decisions} decisions" in header.text
    assert f"Complete. All {matches} matches of the design are recorded." in header.text
    assert "NOT COMPLETE" not in header.text
    assert "Nothing: every match of the design was played to its end." in read_page.one("main").text


@pytest.mark.slow
def test_a_run_that_lacks_matches_says_so_first(broken: Element) -> None:
    header = broken.one("header").text
    wanted = len(records())
    assert f"NOT COMPLETE. 60 of {wanted} matches are recorded; every number rests on those alone." in header
    assert "Complete." not in header.replace("NOT COMPLETE.", "")
    assert f"{wanted - 60} matches of the design are not recorded." in broken.one("main").text
    assert "Nothing: every match" not in broken.one("main").text


def test_what_is_missing_stands_beside_the_number(broken: Element) -> None:
    """Of the nine matches of the prisoner's dilemma without a mechanism the second (saint, rogue) is forfeited."""
    part = cell(broken, "none", "prisoners dilemma")
    assert "1 match of this cell, forfeited or not played: no mean counts them." in part.text
    entry = grid(part, "How each agent did")["rogue"]["Payoff"]
    assert rests(entry) == ["4 matches", "1 missing"]
    assert "mean – · 0 matches" in next(cell(broken, "cheap talk", "matching pennies").all("summary")).text


def test_forfeited_matches_are_listed_with_the_reason(broken: Element) -> None:
    listed = next(each for each in broken.all("table") if each.one("caption").text == "Forfeited matches")
    rows = [[part.text for part in row.all("th", "td")] for row in listed.one("tbody").all("tr")]
    assert [row[0] for row in rows] == ["1", "20", "50"]
    assert rows[0] == ["1", "1", "none", "prisoners dilemma", "saint, asked to act: no valid answer after 6 attempts"]


@pytest.mark.slow
def test_a_long_list_of_forfeited_matches_is_cut_and_says_so(tmp_path: Path) -> None:
    made = [forfeited(record, f"lost at {'x' * place}") for place, record in enumerate(records())]
    page = read(write_report(write_run(tmp_path, made)).read_text(encoding="utf-8"))
    captioned = [each for each in page.all("table") if each.one("caption").text.startswith("Forfeited matches")]
    listed = captioned[-1]  # the one before counts causes
    assert len(list(listed.one("tbody").all("tr"))) == 100
    assert f"The first 100; {len(records()) - 100} more are not listed." in listed.one("caption").text
    assert not list(page.all("details", class_="aside"))


def test_a_long_reason_is_cut(tmp_path: Path) -> None:
    page = write_report(write_run(tmp_path, [forfeited(records(SHORT)[0], "word " * 10_000)], SHORT)).read_text(
        encoding="utf-8"
    )
    assert 10 < page.count("word ") < 100


@pytest.mark.slow
def test_a_run_without_a_match_says_so(tmp_path: Path) -> None:
    page = read(write_report(write_run(tmp_path, [], SHORT)).read_text(encoding="utf-8"))
    assert "No match of this run is recorded yet." in page.one("header").text
    assert "NOT COMPLETE." in page.one("header").text


@pytest.mark.slow
def test_an_import_shows_what_it_left_out(tmp_path: Path) -> None:
    played = [renamed(record, {"saint": "gpt \U0001f600"}) for record in records()[:9]]
    notes = ("Run1/repetition_trust_game: the folder has no records.jsonl", "Two <i>odd</i> lines")
    agents = tuple((label, None) for label in ("gpt \U0001f600", "rogue", "turncoat"))
    header = Header("published", "import", '{"from": "a folder"}', 0, agents, len(played), notes=notes)
    page = read(write_report(write_run(tmp_path, played, header=header)).read_text(encoding="utf-8"))
    assert page.one("p", class_="kind").text == "Report of imported records"
    assert "told under Missing (2 notes)" in page.one("header").text
    missing = page.one("section", **{"aria-labelledby": "missing"})
    assert [item.text for item in missing.all("li")] == list(notes)
    assert "gpt \U0001f600" in grid(page, "Agents by mean payoff")


@pytest.mark.slow
def test_matches_known_by_their_payoffs_count_in_payoffs_only(tmp_path: Path) -> None:
    played = [replace(record, status="payoffs_only", choices=()) for record in records()[:9]]
    agents = tuple((label, None) for label in ("saint", "rogue", "turncoat"))
    header = Header("published", "import", "{}", 0, agents, len(played))
    page = read(write_report(write_run(tmp_path, played, header=header)).read_text(encoding="utf-8"))
    part = cell(page, "none", "prisoners dilemma")
    assert next(part.all("summary")).one("span").text.startswith("mean 0.667 · 9 matches")
    assert "No match of this cell is known move by move" in part.text
    assert "Of 9 matches only the payoffs are known" in page.one("main").text


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes(whole: Path, page: str, tmp_path: Path) -> None:
    assert write_report(whole, tmp_path / "again.html").read_bytes() == page.encode()


@pytest.mark.slow
def test_the_report_goes_where_it_is_told(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", [], SHORT)
    assert write_report(folder) == folder / "report.html"
    assert write_report(folder / "run.sqlite") == folder / "report.html"
    with pytest.raises(RunError, match="the report cannot be written to"):
        write_report(folder, tmp_path)
    with pytest.raises(RunError, match="holds no run"):
        write_report(tmp_path)


@pytest.mark.slow
def test_nothing_but_a_report_is_written_over(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", [], SHORT)
    empty, notes = tmp_path / "empty.html", tmp_path / "notes.html"
    empty.touch()
    notes.write_text("<!doctype html><title>My notes</title>")
    for lost in (folder / "run.sqlite", notes):
        before = lost.read_bytes()
        with pytest.raises(RunError, match="this file is no report, and would be lost"):
            write_report(folder, lost)
        assert lost.read_bytes() == before
    assert write_report(folder, empty).read_bytes() == write_report(folder, empty).read_bytes()


def test_the_plan_is_in_the_page(read_page: Element) -> None:
    plan = read_page.one("section", **{"aria-labelledby": "plan"})
    assert plan.one("pre").text == " ".join(PLAN.split())
