"""The section about exchanges: there where some were played, with the numbers of the records, drawn to scale."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from comity.agents.brain import strategies
from comity.cli.app import app
from comity.core.match import play
from comity.llm.fake import FakeProvider, serving
from comity.metrics.exchange import log_in
from comity.metrics.exchanges import effects
from comity.records.record import Record
from comity.report.capability import Beside, CapabilityError, read_capability
from comity.report.contents import Prose, Section, Words
from comity.report.exchanges import Exchanges, exchanges_of, open_by_round
from comity.report.figures import Figure
from comity.report.grid import Entry, Grid
from comity.report.plane import LINE, SIDE, apart, plane
from comity.report.results import Results
from comity.report.rows import stacked
from comity.report.sections import exchange
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from comity.runs.spelling import build_strategy
from comity.strategies.exchanging import Exchanging
from tests.report.measured import played, results_of
from tests.report.runs import HOSTILE, SHORT, records, write_run
from tests.report.test_calls import agent
from tests.report.test_figures import TABLE, numbers, paths, texts
from tests.report.written import write_report

pytestmark = pytest.mark.slow

SIZE = "agents = 4, rounds = 4, pieces = 16, per_task = 2, open_tasks = 1"
PLAN = f"""\
name = "given"
seed = 1
games = [
    {{label = "world 1", name = "exchange", world = 1, {SIZE}}},
    {{label = "world 2", name = "exchange", world = 2, {SIZE}}},
    {{label = "world 3", name = "exchange", world = 3, {SIZE}}},
]
mechanisms = [
    "none",
    {{label = "auto request", name = "automation", sides = ["request"]}},
    {{label = "auto share", name = "automation", sides = ["share"]}},
    {{label = "auto both", name = "automation", sides = ["request", "share"]}},
]
agents = [
    {{label = "perfect", name = "exchanger"}},
    {{label = "half", name = "exchanger", answers = 0.5}},
    {{label = "mute", name = "exchanger", answers = 0.0}},
    {{label = "shy", name = "exchanger", asks = "none"}},
]
[matching]
kind = "alike"
"""
ALONE = PLAN[: PLAN.index("mechanisms")] + 'mechanisms = ["none"]\n' + PLAN[PLAN.index("agents = [\n") :]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return played(tmp_path_factory.mktemp("exchange"), PLAN)


@pytest.fixture(scope="module")
def results(folder: Path) -> Iterator[Results]:
    with results_of(folder) as found:
        yield replace(found, beside=Beside({"perfect": 1300, "half": 1200, "mute": 1100, "shy": 1250}, published=True))


@pytest.fixture(scope="module")
def found(results: Results) -> Exchanges:
    told = exchanges_of(results)
    assert told is not None
    return told


@pytest.fixture(scope="module")
def section(results: Results) -> Section:
    told = exchange.section(results)
    assert told is not None
    return told


def grid(section: Section, key: str) -> Grid:
    tables = [part.table if isinstance(part, Figure) else part for part in (*section.parts, *section.beside)]
    return next(table for table in tables if isinstance(table, Grid) and table.key == key)


def picture(section: Section, key: str) -> Figure:
    return next(part for part in section.parts if isinstance(part, Figure) and part.key == key)


def row(table: Grid, head: str) -> dict[str, Entry]:
    return dict(zip(table.columns, dict(table.rows)[head], strict=True))


def test_other_runs_have_no_section(tmp_path: Path) -> None:
    with results_of(write_run(tmp_path, records(SHORT), SHORT)) as results:
        assert exchange.section(results) is None


def test_the_bound_is_printed_and_never_exceeded(section: Section) -> None:
    lead = section.parts[0]
    assert isinstance(lead, Prose)
    assert "16 tasks (4 agents, 1 open task each, 4 rounds)" in lead.paragraphs[0]
    done = grid(section, "exchange-done")
    assert max(row(done, head)["Tasks"].value for head, _ in done.rows) == 16
    assert row(done, "perfect · none")["Share of the bound"].value == 1


def test_scores_lie_between_who_answers_nobody_and_who_answers_everybody(section: Section) -> None:
    table = grid(section, "exchange-score")
    assert row(table, "perfect")["none"].value == 1
    assert row(table, "mute")["none"].value == 0
    assert row(table, "mute")["auto share"].value == 1
    assert 0 < row(table, "half")["none"].value < 1
    assert row(grid(section, "exchange-done"), "perfect · none")["Helpfulness"].value == 1
    assert row(grid(section, "exchange-done"), "mute · none")["Helpfulness"].value == 0


def test_what_is_not_defined_is_no_number(section: Section) -> None:
    acted = grid(section, "exchange-acted")
    assert math.isnan(row(acted, "shy · none")["Response"].value)
    assert row(acted, "mute · none")["Response"].value == 0
    assert "False codes" not in acted.columns


def test_the_plane_tells_cannot_from_will_not(section: Section) -> None:
    table = grid(section, "exchange-plane")
    assert [entry.value for entry in row(table, "perfect").values()] == [1, 1]
    assert [entry.value for entry in row(table, "mute").values()] == [0, 1]
    willing, able = (row(table, "shy")[name].value for name in ("Willing", "Able"))
    assert willing == 1
    assert able <= 0
    said = texts(picture(section, "exchange-plane"))
    assert {"neither", "willing, not able", "able, not willing", "willing and able"} <= set(said)


def test_published_figures_are_marked_and_there_only_if_asked_for(results: Results, section: Section) -> None:
    table = grid(section, "exchange-plane")
    assert row(table, "o3, published")["Willing"].value == pytest.approx(0.152)
    assert "not checked" in table.note
    assert "by other rules" in table.note
    assert "cannot be compared" in grid(section, "exchange-published").note
    plain = exchange.section(replace(results, beside=Beside()))
    assert plain is not None
    assert "published" not in " ".join(head for head, _ in grid(plain, "exchange-plane").rows)
    assert not [part for part in plain.parts if isinstance(part, Figure) and part.key == "exchange-published"]
    assert not [part for part in plain.parts if isinstance(part, Figure) and part.key == "exchange-capability"]


def test_the_parts_of_a_loss_sum_to_it(section: Section) -> None:
    table = grid(section, "exchange-losses")
    for head, _ in table.rows:
        of = {name: entry.value for name, entry in row(table, head).items()}
        assert of["its own"] + of["request"] + of["share"] == pytest.approx(of["all automated"])
        assert of["request"] + of["share"] == pytest.approx(of["loss"])
        alone = of["request alone"] + of["share alone"]
        assert alone + of["request with share"] == pytest.approx(of["loss"])
    assert row(table, "mute")["share"].value == pytest.approx(row(table, "mute")["loss"].value)
    assert row(table, "mute")["share"].value > 0.9
    assert row(table, "mute")["request"].value == pytest.approx(0)


def test_effects_are_those_of_the_records_with_holms_marks(found: Exchanges, section: Section) -> None:
    table = grid(section, "exchange-effects")
    known = {(one.mechanism, one.agents[0]): one for one in effects(list(found.played), "none")}
    for (mechanism, who), effect in known.items():
        entry = row(table, who)[mechanism]
        assert (entry.value, entry.low, entry.high) == tuple(
            getattr(effect.difference, name) for name in ("value", "low", "high")
        )
    marked = [text for text in texts(picture(section, "exchange-effects")) if text.endswith("*")]
    assert len(marked) == sum(effect.p_holm < 0.05 for effect in known.values()) > 0
    assert "share a letter" not in table.note


def test_courses_add_up_to_what_was_handed_in(section: Section) -> None:
    done, course = grid(section, "exchange-done"), grid(section, "exchange-tasks")
    for head, each in course.rows:
        assert sum(entry.value for entry in each) == pytest.approx(row(done, head)["Tasks"].value)


def test_requests_are_open_until_what_was_asked_for_has_come(found: Exchanges) -> None:
    for one in found.played:
        still = list(open_by_round(one.game, one.log))
        assert len(still) == one.game.rounds
        if one.agents[0] == "mute" and one.mechanism == "none":
            asked = [sum(request.round <= round for request in one.log.asked) for round in range(1, 5)]
            assert still == asked
            assert still[-1] > 0
        if one.agents[0] == "perfect":
            assert not any(still)


def test_the_network_holds_every_transfer(found: Exchanges, section: Section) -> None:
    sent = grid(section, "exchange-network").rows
    for who, title in found.names.items():
        group = found.groups["none", who]
        mean = sum(len(one.log.transfers) for one in group) / len(group)
        own = [entry.value for head, each in sent if head.startswith(f"{title}, ") for entry in each]
        assert sum(value for value in own if not math.isnan(value)) == pytest.approx(mean)
        assert sum(map(math.isnan, own)) == 4  # nobody sends to itself


def test_example_turns_say_what_was_seen_done_and_came_of_it(section: Section) -> None:
    tables = {part.caption: part for part in section.parts if isinstance(part, Words)}
    assert set(tables) == {f"Turns of {name}" for name in ("perfect", "half", "mute", "shy")}
    asked, shared, submitted = tables["Turns of mute"].rows
    assert [asked[0], shared[0], submitted[0]] == ["round 2, request", "round 2, share", "round 2, submit"]
    assert "open request" in shared[1]
    assert shared[2] == submitted[2] == "nothing"
    assert "It said" not in tables["Turns of mute"].columns


def test_eight_agents_tell_little_about_capability(section: Section) -> None:
    table = grid(section, "exchange-capability")
    assert row(table, "half")["Capability"].value == 1200
    assert "Over 4 agents: Pearson's r =" in table.note
    assert re.search(r"Spearman's ρ = .*\[.*\]", table.note)


def test_a_condition_alone_has_neither_plane_nor_effects(tmp_path: Path) -> None:
    with results_of(played(tmp_path, ALONE)) as results:
        told = exchange.section(results)
    assert told is not None
    keys = [part.key for part in told.parts if isinstance(part, Figure)]
    assert "exchange-score" in keys
    assert not {"exchange-plane", "exchange-effects", "exchange-losses", "exchange-tasks-conditions"} & set(keys)
    assert "perfect" in dict(grid(told, "exchange-done").rows)


def test_a_loss_that_cannot_be_split_says_why(tmp_path: Path) -> None:
    plan = re.sub(r"    \{label = \"auto both\".*\n", "", PLAN)
    with results_of(played(tmp_path, plan)) as results:
        told = exchange.section(results)
    assert told is not None
    said = [text for part in told.parts if isinstance(part, Prose) for text in part.paragraphs]
    assert any(text.startswith("The loss is not split into parts: ") for text in said)
    assert "exchange-plane" in [part.key for part in told.parts if isinstance(part, Figure)]


@pytest.mark.slow
def test_the_whole_page_opens_and_says_it_all(folder: Path) -> None:
    page = write_report(folder).read_text(encoding="utf-8")
    assert '<h2 id="exchange">' in page
    assert "Willing and able" in page


def test_what_agents_say_stays_text(tmp_path: Path) -> None:
    plan = parsed_plan(ALONE)
    said: list[Record] = []
    for match in plan.matches():
        seats = [Exchanging().begin(match.cell.built, player) for player in range(4)]

        def decide(decision, seats=seats):  # type: ignore[no-untyped-def]
            return (*seats[decision.player](decision), *([("broadcast", HOSTILE)] if decision.kind != "submit" else []))

        done = play(match.cell.built, decide)
        assert done.outcome is not None
        assert log_in(done).transfers
        said.append(Record(match, "finished", tuple(done.choices), payoffs=done.outcome.payoffs))
    page = write_report(write_run(tmp_path, said, ALONE)).read_text(encoding="utf-8")
    assert "told everybody: “&lt;/pre&gt;&lt;script&gt;" in page
    assert "<script>" not in page
    assert "\x1b" not in page


@pytest.mark.slow
def test_what_a_model_said_of_its_turns_stands_beside_them(tmp_path: Path) -> None:
    provider = FakeProvider(strategies(build_strategy))
    plan = ALONE[: ALONE.index("agents = [\n")].replace("matching", "")
    with pytest.MonkeyPatch.context() as patch, serving(provider):
        patch.setenv("OPENAI_API_KEY", "sk-for-tests")
        asked = agent("model", "exchanger", provider.url_openai).replace("max_tokens = 90", "max_tokens = 2000")
        run(parsed_plan(f'{plan}{asked}[matching]\nkind = "alike"\n'), tmp_path)
    with results_of(tmp_path) as results:
        told = exchange.section(results)
    assert told is not None
    [table] = [part for part in told.parts if isinstance(part, Words)]
    assert table.columns[-1] == "It said"
    assert all(row[-1] for row in table.rows)


# Drawings


def points(names: list[str]) -> pd.DataFrame:
    at = np.linspace(0, 1, len(names))
    return pd.DataFrame(
        {"x": at, "x_low": at - 0.1, "x_high": at + 0.1, "y": at, "y_low": math.nan, "y_high": math.nan}
        | {"published": [place == 0 for place in range(len(names))]},
        names,
    )


def test_points_stand_where_they_are_and_a_published_one_is_hollow() -> None:
    figure = plane("key", points([*"abc"]), TABLE, ("first", "second"), ("1", "2", "3", "4"))
    marks = paths(figure, stroke="var(--accent)")
    fills = [mark.get("fill") for mark in marks]
    assert sorted(str(fill) for fill in fills) == ["var(--accent)", "var(--accent)", "var(--paper)"]
    at = sorted(tuple(numbers(mark.attrib["transform"])[:2]) for mark in marks)
    assert at[1][0] - at[0][0] == pytest.approx(at[2][0] - at[1][0], abs=0.02)
    assert at[0][1] > at[1][1] > at[2][1]  # up is more
    assert "a 0.00, 0.00" in [" ".join(text.split()) for text in texts(figure)]
    assert figure.table.note.endswith("A diamond is a published number, from a secondary source.")


def test_where_there_are_no_points_it_says_so() -> None:
    figure = plane("key", points(["a"]).assign(x=math.nan), TABLE, ("first", "second"))
    assert "There are no numbers." in figure.alt


@given(st.lists(st.floats(0, SIDE), min_size=1, max_size=20))
def test_names_keep_their_order_and_their_distance(heights: list[float]) -> None:
    given_ = np.array(heights)
    order = np.argsort(given_, kind="stable")
    found = apart(given_, order, SIDE)[order]
    assert (np.diff(found) >= LINE - 1e-9).all()
    assert found[0] >= 0
    assert found[-1] <= SIDE + 1e-9


def test_a_part_below_nothing_goes_to_the_left() -> None:
    figure = stacked("key", pd.DataFrame([[0.5, -0.25, 0.5]], ["a"], ["own", "less", "more"]), TABLE)
    bars = [numbers(bar.attrib["d"].replace("h", " "))[::2][:2] for bar in paths(figure, stroke="var(--paper)")]
    (own, _), (less, wide), (more, _) = bars
    assert own == pytest.approx(less + wide, abs=0.01)
    assert more - own == pytest.approx(2 * wide, abs=0.01)
    assert less == pytest.approx(0, abs=0.01)


# Capabilities of the user


def test_capabilities_are_read(tmp_path: Path) -> None:
    path = tmp_path / "capability.toml"
    path.write_text('half = 1200\n"GPT-4.1" = 1.5\n', encoding="utf-8")
    assert read_capability(path, ["half", "GPT-4.1", "other"]) == {"half": 1200.0, "GPT-4.1": 1.5}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no capability in it; it needs lines like label = 1250"),
        ("half", "this is not TOML"),
        ('half = "high"', "'half' must be a finite number, not 'high'"),
        ("half = true", "'half' must be a finite number, not True"),
        ("half = nan", "'half' must be a finite number, not nan"),
        ("GPT-4.1 = 3", "'GPT-4' is a table and must be a number; a label with a dot or a space stands in quotes"),
        ("nobody = 3", "no agent is called 'nobody'; there are 'half' and 'perfect'"),
    ],
)
def test_bad_capabilities_are_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "capability.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CapabilityError, match=re.escape(said)) as refused:
        read_capability(path, ["half", "perfect"])
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CapabilityError, match="cannot be read: No such file"):
        read_capability(tmp_path / "none.toml", [])


def test_what_cannot_be_added_is_refused_in_a_sentence(tmp_path: Path) -> None:
    folder = write_run(tmp_path, records(SHORT), SHORT)
    told = [CliRunner().invoke(app, ["report", str(folder), "--published", *more]) for more in ([], ["--compare"])]
    assert [done.exit_code for done in told] == [2, 2]
    assert "about exchanges, and there is none in these runs" in told[0].output
    assert "side by side" in told[1].output
    assert not (folder / "report.html").exists()


@pytest.mark.slow
def test_the_command_takes_capabilities_and_published_figures(folder: Path, tmp_path: Path) -> None:
    path, page, files = tmp_path / "capability.toml", tmp_path / "page.html", tmp_path / "files"
    path.write_text("perfect = 3\nhalf = 2\nmute = 1\nshy = 2.5\n", encoding="utf-8")
    arguments = [
        "report",
        str(folder),
        "--out",
        str(page),
        "--files",
        str(files),
        "--capability",
        str(path),
        "--published",
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "Capability against cooperation" in page.read_text(encoding="utf-8")
    names = ("plane", "losses", "effects", "network", "score", "published", "capability", "open-agents")
    for name in names:
        for kind in ("svg", "png", "csv"):
            assert (files / f"exchange-{name}.{kind}").stat().st_size > 0
    assert (files / "exchange-pairs.csv").exists()
