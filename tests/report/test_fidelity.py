"""The part of the page in which agents are held against people, and that about networks by themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from comity.cli.validating import Asked, Found, worked_out
from comity.corpora.human.recovered import CONDITIONS, MODEL, PEOPLE, recovered
from comity.fidelity.aggregates import compare_aggregates
from comity.fidelity.catalogue import STATISTICS
from comity.fidelity.comparison import CONTRAST
from comity.fidelity.kept import Fidelity, write
from comity.fidelity.parity import checklist
from comity.fidelity.pictured import Course
from comity.fidelity.verdict import verdicts
from comity.metrics.metagame import NoMetaGame, meta_game
from comity.report.capability import Beside
from comity.report.contents import Contents, Items, Prose, Section, Words
from comity.report.figures import Figure
from comity.report.grid import Grid
from comity.report.held import Held, fitted, populations
from comity.report.overlaid import Line, table_of
from comity.report.page import render
from comity.report.results import Results
from comity.report.sections import cells, networks, people
from comity.report.sections.people_numbers import OWN, PARTS
from comity.report.sections.people_pictures import OF_COURSES, OF_RATES, courses
from comity.report.sections.people_published import published
from tests.commands import called
from tests.report.measured import entries, played, results_of
from tests.report.reading import Element, read
from tests.report.test_safety import LOADING, TAGS

pytestmark = pytest.mark.slow

HOSTILE = "</td><script>alert(1)</script>\x1b[1m"

PLAN = """
name = "small world"
seed = {seed}
games = [{{name = "weak_prisoners_dilemma", label = "weak"}}]
mechanisms = [
    {{label = "lasting", stack = [{{name = "neighbourhood", graph = "lattice", size = [3, 3], rounds = 10}}]}},
    {{label = "changing", stack = [{{name = "neighbourhood", graph = "lattice", size = [3, 3], rounds = 10, \
rewired = true}}]}},
]
agents = ["{agent}"]
replicates = {replicates}
[matching]
kind = "alike"
"""
CROWD = """
name = "crowd"
seed = 1
games = ["weak_prisoners_dilemma"]
mechanisms = [{label = "torus", stack = [{name = "neighbourhood", graph = "lattice", size = [25, 25], rounds = 4}]}]
agents = [{label = "coin", name = "random", p = 0.3}, "always_defect"]
replicates = 2
[matching]
kind = "populations"
populations = [{label = "mixed", shares = {coin = 0.8, always_defect = 0.2}}]
"""


def of(section: Section | None, key: str) -> Grid:
    """The table of that key, of a figure or not."""
    assert section is not None
    found = next(part for part in section.parts if isinstance(part, Figure | Grid) and part.key == key)
    return found.table if isinstance(found, Figure) else found


def told(section: Section, caption: str) -> Words:
    return next(part for part in section.parts if isinstance(part, Words) and part.caption == caption)


def sentences(section: Section) -> str:
    parts = [part.paragraphs if isinstance(part, Prose) else part.sentences for part in section.parts
             if isinstance(part, Prose | Items)]  # fmt: skip
    return " ".join(sentence for part in parts for sentence in part)


# Held against people


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run of agents who are alike, and one of people who differ."""
    root = tmp_path_factory.mktemp("held")
    agents = played(root / "agents", PLAN.format(seed=1, agent="moody", replicates=4))
    return agents, played(root / "people", PLAN.format(seed=2, agent="individual", replicates=10))


@pytest.fixture(scope="module")
def found(folders: tuple[Path, Path]) -> Found:
    return worked_out(Asked(*folders, draws=100))


@pytest.fixture(scope="module")
def section(folders: tuple[Path, Path], found: Found) -> Iterator[Section]:
    held = Held(found.kept, fitted(found.people, found.candidate))
    with results_of(folders[0]) as results:
        shown = people.section(replace(results, beside=Beside(people=held)))
        assert shown is not None
        yield shown


def test_verdicts_stand_with_their_reasons_and_with_what_they_license(found: Found, section: Section) -> None:
    table = told(section, "Verdict on each level")
    by = {row[0]: row for row in table.rows}
    assert list(by) == ["macro", "heterogeneity", "rule", "stand-in for people"]
    for level in found.kept.verdicts.levels:
        assert level.verdict.word in by[level.level][1]
        assert by[level.level][2]
        assert by[level.level][3].startswith("A claim about" if level.verdict.word == "PASS" else "Nothing")
    assert "with fewer than 20 no pass is claimed" in sentences(section)
    assert "IN-SAMPLE" in sentences(section), "with ten sessions none is left to tune on"
    assert found.kept.verdicts.pattern in sentences(section)
    rests = told(section, "Verdict on what levels rest on")
    assert len(rests.rows) == sum(len(each.rests) + len(each.parts) for each in found.kept.verdicts.levels)


def test_pictures_hold_the_candidate_people_and_every_floor_in_every_condition(found: Found, section: Section) -> None:
    pictured = found.kept.comparison.pictured
    for key, name in (("people-courses", "trajectories"), ("people-rates", "rates")):
        assert len(of(section, key).rows) == sum(len(getattr(each, name)) for each in pictured)
    course = dict(of(section, "people-courses").rows)["weak under lasting: people"]
    assert [entry.value for entry in course] == pytest.approx(list(pictured[0].trajectories[1].value))
    assert all(entry.low <= entry.value <= entry.high for entry in course)
    after = of(section, "people-responses").rows
    assert {head.split(": ")[0] for head, _ in after} == {
        f"weak under {condition}, after {action}" for condition in ("lasting", "changing") for action in "CD"
    }
    slopes = entries(of(section, "people-slopes"))
    where = "weak under lasting"
    gap = slopes["mood: candidate"][where].value - slopes["mood: people"][where].value
    assert slopes["mood: candidate less people"][where].value == pytest.approx(gap, abs=0.05)
    assert set(slopes["slope after D: people"]) == {"weak under lasting", "weak under changing"}


def test_every_statistic_has_its_ceiling_and_cheap_rules(found: Found, section: Section) -> None:
    rows = [head for place in range(3) for head, _ in of(section, f"people-statistics-{place}").rows]
    known = [each for each in found.kept.comparison.findings if not math.isnan(each.value.value)]
    assert len(rows) == len(known)
    course = next(each for each in known if each.key == "M2")
    table = of(section, "people-statistics-0")
    entry = entries(table)["M2* distance of the courses of cooperation (RMSE)"]
    assert entry["Value"].value == course.value.value
    assert entry["Ceiling"].value == course.ceiling.mean
    assert entry["Margin"].value == course.margin
    assert entry["coin"].value == next(floor for floor in course.floors if floor.name == "coin").distance.value
    assert any(one.rests.startswith("skill") for _, row in table.rows for one in row)


def test_classes_of_both_sides_add_up_and_are_told(section: Section) -> None:
    shares = entries(of(section, "people-fits-0"))
    for side in ("People", "Candidate"):
        assert sum(row[side].value for row in shares.values()) == pytest.approx(1)
    classes = of(section, "people-classes-0")
    assert len(classes.rows) == len(shares)
    assert "Mood" in classes.columns


def test_the_checklist_says_what_is_the_same(section: Section) -> None:
    rows = {row[0]: row for row in told(section, "Protocol parity").rows}
    assert rows["Rounds"][1:4] == ("10", "10", "same")
    assert rows["Comprehension check"][3] == "unknown"
    sides = {row[:2]: row[2:] for row in told(section, "Who was compared").rows}
    assert sides["weak under lasting", "people"] == ("90", "10", "10", "900", "0")
    assert sides["weak under lasting", "candidate"] == ("36", "4", "10", "360", "0")


def check_page(page: Element) -> None:
    """Nothing is loaded, links lead somewhere, and tables and pictures have their words."""
    assert {element.tag for element in page.all()} - {"document"} <= TAGS
    for element in page.all():
        assert not [name for name, value in element.attributes.items() if name in LOADING and "//" in value]
    places = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
    assert len(set(places)) == len(places)
    assert {link.attributes["href"] for link in page.all("a")} <= {f"#{place}" for place in places}
    assert all(table.one("caption").text for table in page.all("table"))
    assert all(
        figure.one("svg").one("desc").text and list(figure.one("table").all("data")) for figure in page.all("figure")
    )
    levels = [int(heading.tag[1]) for heading in page.all("h1", "h2", "h3", "h4")]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_command_writes_the_page_and_shows_what_was_kept(
    folders: tuple[Path, Path], found: Found, tmp_path: Path
) -> None:
    kept, page = tmp_path / "kept.json", tmp_path / "page.html"
    write(found.kept, kept)
    done = called(["report", str(folders[0]), "--against", str(kept), "--out", str(page)])
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    assert '<h2 id="people">' in text
    assert "a comparison that was kept in a file holds none" in text
    check_page(read(text))
    one = "weak under lasting=weak under lasting"
    asked = ["--against", str(folders[1]), "--condition", one, "--draws", "100", "--out", str(page)]
    again = called(["report", str(folders[0]), *asked])
    assert again.returncode == 0, again.stderr
    assert "Strategies in weak under lasting" in page.read_text(encoding="utf-8")


def test_every_statistic_that_the_page_names_is_there() -> None:
    assert {*OF_COURSES, *OF_RATES, *OWN, *PARTS} <= {CONTRAST.key, *(each.key for each in STATISTICS)}


def refused(*arguments: str | Path) -> str:
    done = called(["report", *map(str, arguments)])
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_what_cannot_be_compared_is_refused_in_one_sentence(tmp_path: Path) -> None:
    run, other = tmp_path / "a", tmp_path / "b.json"
    assert "--against is missing" in refused(run, "--population", "coin")
    assert "the report of one run" in refused(run, tmp_path, "--against", other)
    assert "there is no such file" in refused(run, "--against", other)
    other.write_text("[]")
    assert "was not written by `comity fidelity --out`" in refused(run, "--against", other)
    assert "needs the people themselves" in refused(run, "--against", other, "--tuned")
    assert "--draws needs" in refused(run, "--against", other, "--draws", "200")


def test_what_was_kept_of_others_is_not_shown_with_a_run(empty: Results, tmp_path: Path) -> None:
    write(kept_of_recovered(), tmp_path / "kept.json")
    assert empty.only is not None
    said = refused(empty.only.path.parent, "--against", tmp_path / "kept.json", "--out", tmp_path / "page.html")
    assert f"is about {MODEL!r}, and nobody of that name played" in said
    assert not (tmp_path / "page.html").exists()


def test_agents_mixtures_and_parts_of_mixtures_can_be_candidates(crowd: Results) -> None:
    mixed = "80% coin + 20% always_defect"
    assert populations(crowd.tables.matches) == {
        *("coin", "always_defect", mixed),
        *(f"{label} in {mixed}" for label in ("coin", "always_defect")),
    }


# The recovered series


def kept_of_recovered(name: str = MODEL) -> Fidelity:
    """The published model against people, both known by their series."""
    sides = [{of: recovered()[who, of] for of in CONDITIONS[:1]} for who in (MODEL, PEOPLE)]
    rng = np.random.default_rng(1)
    comparison = replace(compare_aggregates(sides[0], sides[1], STATISTICS, rng, 100), candidate=name)
    parity = {CONDITIONS[0]: checklist({"rounds": "51"}, {"rounds": HOSTILE})}
    return Fidelity(comparison, verdicts(comparison), parity, notes=(f"{HOSTILE}: a note",))


def test_published_numbers_stand_beside_what_the_series_give() -> None:
    parts = list(published(Held(kept_of_recovered(), recovered=True)))
    tables = {part.caption: part for part in parts if isinstance(part, Words)}
    macro = {row[0]: row[1:] for row in tables["Published numbers: macro"].rows}
    assert tables["Published numbers: macro"].columns[1:] == (
        "lattice",
        "lattice control",
        "heterogeneous",
        "heterogeneous control",
    )
    assert macro["RMSE (printed)"] == ("0.098 / .098", "0.089 / .089", "0.107 / .107", "0.079 / .079")
    tally = tables["Published numbers by verdict"]
    whole = dict(zip(tally.columns, tally.rows[-1], strict=True))
    assert sum(int(count) for count in list(whole.values())[1:]) == 255
    assert whole["Not reproduced"] == "0"
    [figure] = [part for part in parts if isinstance(part, Figure)]
    course = dict(figure.table.rows)
    assert len(course) == 2 * 4 + 1
    first_two = course["lattice: people"][0].value
    assert first_two == pytest.approx((371 + 328) / 2 / 625), "51 rounds are drawn in blocks of two"
    assert list(published(Held(kept_of_recovered()))) == []


def test_aggregates_show_courses_and_rates_and_say_why_the_rest_is_missing(empty: Results) -> None:
    shown = people.section(replace(empty, beside=Beside(people=Held(kept_of_recovered()))))
    assert shown is not None
    keys = [part.key for part in shown.parts if isinstance(part, Figure)]
    assert keys == ["people-courses", "people-rates"]
    assert "choices of individuals are not known" in sentences(shown)
    assert {row[1] for row in told(shown, "Verdict on each level").rows} == {"– NOT ASSESSABLE"}
    note = of(shown, "people-courses").note
    assert "Nothing has bounds" in note
    assert not any(word in note for word in ("band", "dashes", "cheap rules")), "nothing is explained that is not drawn"
    sides = told(shown, "Who was compared")
    assert sides.rows[0] == ("lattice", "people", "625", "1", "51", "31,875", "–")
    assert entries(of(shown, "people-courses-distances"))["M2 in lattice"]["Value"].value == pytest.approx(
        0.0981, abs=5e-5
    )


def test_courses_end_where_people_end_and_a_block_counts_what_is_known() -> None:
    at, unknown = tuple(map(float, range(60))), (math.nan,) * 60
    theirs = Course("people", at, ((0.2, 0.4) * 20)[:33] + unknown[33:], unknown, unknown)
    own = Course("candidate", at, (0.5,) * 60, unknown, unknown)
    kept = kept_of_recovered()
    cut = replace(kept.comparison.pictured[0], trajectories=(own, theirs))
    figure = next(
        part
        for part in courses(replace(kept, comparison=replace(kept.comparison, pictured=(cut,))))
        if isinstance(part, Figure)
    )
    assert figure.table.columns == tuple(str(first) for first in range(1, 34, 2))
    course = [entry.value for entry in dict(figure.table.rows)["lattice: people"]]
    assert course == pytest.approx([0.3] * 16 + [0.2])
    assert "no person reached" in figure.table.note


def test_points_of_lines_of_different_lengths_stand_in_order() -> None:
    lines = [Line("a", str(n), "other", at, at, at, at) for n, at in enumerate([(1.0, 3.0, 5.0), (2.0, 4.0)])]
    assert table_of(lines, "caption", "note", "key").columns == ("1", "2", "3", "4", "5")


def test_what_data_say_stays_text(empty: Results) -> None:
    shown = people.section(replace(empty, beside=Beside(people=Held(kept_of_recovered(HOSTILE)))))
    assert shown is not None
    page = render(Contents("page", "kind", "lead", (), "", (), (shown,)))
    assert "<script>" not in page
    assert "\x1b" not in page
    assert {element.tag for element in read(page).all()} - {"document"} <= TAGS
    assert page.count("&lt;script&gt;") >= 3


# Networks by themselves


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    with results_of(played(tmp_path_factory.mktemp("crowd"), CROWD)) as results:
        yield results


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    """A run of which no part of the page under test takes a number."""
    plan = 'name = "other"\nseed = 1\ngames = ["prisoners_dilemma"]\nmechanisms = ["none"]\nagents = ["tit_for_tat"]\n'
    with results_of(played(tmp_path_factory.mktemp("other"), plan)) as results:
        yield results


def test_without_people_and_networks_there_are_no_such_sections(empty: Results) -> None:
    assert people.section(empty) is None
    assert networks.section(empty) is None


def test_networks_show_populations_and_how_individuals_differ(crowd: Results) -> None:
    shown = networks.section(crowd)
    [(head, course)] = of(shown, "networks-rounds").rows
    assert head == "torus \u00b7 80% coin + 20% always_defect"
    assert len(course) == 4
    assert all(entry.low < 0.24 < entry.high or abs(entry.value - 0.24) < 0.06 for entry in course)
    individuals = entries(of(shown, "networks-individuals"))
    coins = individuals["torus \u00b7 coin in 80% coin + 20% always_defect"]
    assert coins["Mean rate"].rests == "1,000 nodes"
    assert coins["SD of rates"].value == pytest.approx(coins["SD by chance"].value, rel=0.1)
    others = individuals["torus \u00b7 always_defect in 80% coin + 20% always_defect"]
    assert (others["Mean rate"].value, others["SD of rates"].value) == (0, 0)


def test_parts_are_conditions_of_their_own(tmp_path: Path) -> None:
    plan = PLAN.replace("rounds = 10, rewired = true", "parts = [{{rounds = 2}}, {{rounds = 3, rewired = true}}]")
    with results_of(played(tmp_path, plan.format(seed=1, agent="always_cooperate", replicates=2))) as results:
        shown = networks.section(results)
    assert shown is not None
    courses = dict(of(shown, "networks-rounds").rows)
    lasting, first, second = "lasting", "changing, part 1", "changing, part 2"
    assert list(courses) == [f"{name} \u00b7 always_cooperate" for name in (lasting, first, second)]
    rounds = {head: sum(not math.isnan(entry.value) for entry in course) for head, course in courses.items()}
    assert list(rounds.values()) == [10, 2, 3]


def test_on_a_graph_nobody_replies_to_those_it_does_not_see(folders: tuple[Path, Path]) -> None:
    with results_of(folders[0]) as results:
        assert {mechanism for mechanism, *_ in results.actions} == {"lasting", "changing"}
        assert results.replies == {}


def test_the_line_of_nodes_that_are_all_alike_is_the_binomial(crowd: Results) -> None:
    table = of(networks.section(crowd), "networks-rates")
    rows = dict(table.rows)
    panel = "torus \u00b7 coin in 80% coin + 20% always_defect"
    mean = entries(of(networks.section(crowd), "networks-individuals"))[panel]["Mean rate"].value
    alike = [entry.value for entry in rows[f"{panel}: all alike"]]
    assert alike == pytest.approx(binom.cdf([int(float(at) * 4 + 1e-9) for at in table.columns], 4, mean))
    apart = max(abs(a.value - b) for a, b in zip(rows[f"{panel}: agents"], alike, strict=True))
    assert apart < 0.05, "coins are no individuals"


def test_a_crowd_has_no_meta_game_and_no_match_in_words_and_the_page_says_so(crowd: Results) -> None:
    with pytest.raises(NoMetaGame, match="625 seats"):
        meta_game(crowd.tables.outcomes)
    assert not crowd.meta_games
    part = cells.cell_part(crowd, next(iter(crowd.cells)))
    assert part.transcript is None
    shown = networks.section(crowd)
    assert shown is not None
    assert "no match in words" in sentences(shown)
