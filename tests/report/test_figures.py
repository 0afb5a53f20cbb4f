"""Every kind of figure says its numbers in print, in words and in a table, and shows them where they belong."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.report.drawing import short
from comity.report.figures import (
    STRONGEST,
    SVG,
    Figure,
    areas,
    bars,
    curves,
    dots,
    heat_map,
    lines,
    network,
    overlaid,
    plane,
    radar,
    stacked,
    tensor,
    thinned,
)
from comity.report.grid import Entry, Grid, grid_of, grid_of_intervals
from comity.report.overlaid import Line
from comity.report.page import _environment
from comity.report.population import HEIGHT, NAMED, WIDTH, Axis, Name, Time
from comity.report.rows import STACK
from comity.report.text import number
from tests.report.reading import read

pytestmark = pytest.mark.slow

AGENTS = ["gemini-3-flash-preview(CoT)", "gemini-3-flash-preview", "gpt-5.2(CoT)", "qwen3-max_instruct"]
GAMES = ["prisoners dilemma", "public goods", "travellers dilemma", "trust game", "stag hunt"]
HOSTILE = '"><script>alert(1)</script>\x1b[1m\u202e & currentColor'
TABLE = Grid("How they did", "A note.", "Agent", (), ())
TAGS = {"svg", "title", "desc", "g", "path", "line", "text", "tspan"}
COLOURS = {"none", "transparent", "currentColor", *(f"var(--{name})" for name in ("paper", "tint", "accent", "rule"))}


def shares(rows: list[str], columns: list[str]) -> pd.DataFrame:
    """Some numbers between 0 and 1; those of a row add up to 1."""
    numbers = np.random.default_rng(3).dirichlet([1.0] * len(columns), len(rows))
    return pd.DataFrame(numbers, rows, columns)


def intervals(index: pd.Index) -> pd.DataFrame:
    values = np.random.default_rng(4).uniform(0, 1, len(index))
    return pd.DataFrame({"value": values, "low": values - 0.1, "high": values + 0.2}, index)


def population(agents: int) -> pd.DataFrame:
    """Shares that start alike and go to the first."""
    fitness = np.linspace(1, 0, agents)
    steps = np.exp(0.02 * np.arange(1001)[:, None] * fitness)
    names = [f"agent-with-a-long-name-{number}" for number in range(agents)]
    return pd.DataFrame(steps / steps.sum(axis=1, keepdims=True), columns=names)


def groups(rows: list[str]) -> pd.DataFrame:
    return intervals(pd.MultiIndex.from_product([["none", "repetition"], rows]))


def seats(rows: list[str]) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([rows, rows])
    return pd.DataFrame(np.random.default_rng(5).uniform(-2, 100, (len(index), len(rows))), index, rows)


def points(rows: list[str]) -> pd.DataFrame:
    """Points on a plane, with intervals and without."""
    x, y = (np.random.default_rng(seed).uniform(0, 1, len(rows)) for seed in (6, 7))
    ends = {"x": x, "x_low": x - 0.1, "x_high": x + 0.1, "y": y, "y_low": math.nan, "y_high": math.nan}
    return pd.DataFrame({**ends, "published": np.arange(len(rows)) % 2 == 1}, rows)


def over_each_other(panels: list[str]) -> list[Line]:
    """A candidate, people and two others in each panel; one of them is not known at the end."""
    at, nothing = (1.0, 2.0, 3.0), (math.nan,) * 3
    return [
        line
        for panel in panels
        for line in (
            Line(panel, "candidate", "candidate", at, (0.1, 0.2, 0.3), (0.0, 0.1, 0.2), (0.2, 0.3, 0.4)),
            Line(panel, "people", "people", at, (0.9, 0.8, 0.7), (0.8, 0.7, 0.6), (1.0, 0.9, 0.8)),
            Line(panel, "coin", "other", at, (0.5, 0.5, 0.5), nothing, nothing),
            Line(panel, "rule", "other", at, (0.6, 0.4, math.nan), nothing, nothing),
        )
    ]


def sent(rows: list[str]) -> pd.DataFrame:
    """What each of three gave to each in every group."""
    index = pd.MultiIndex.from_product([rows, [1, 2, 3]])
    return pd.DataFrame(np.random.default_rng(8).uniform(0, 9, (len(index), 3)), index, [1, 2, 3])


KINDS: dict[str, Callable[[list[str]], Figure]] = {
    "dots": lambda rows: dots("key", intervals(pd.Index(rows)), TABLE),
    "dots in groups": lambda rows: dots("key", groups(rows), TABLE),
    "bars": lambda rows: bars("key", shares(rows, GAMES), TABLE, shares(rows, GAMES) / 2, shares(rows, GAMES) * 2),
    "bars in parts": lambda rows: stacked("key", shares(rows, ["cooperate", "defect", "delegate"]), TABLE),
    "radar": lambda rows: radar("key", shares(rows, GAMES), TABLE),
    "areas": lambda rows: areas("key", shares(["0", "1", "2"], rows).set_axis([0, 1, 1000], axis=0), TABLE),
    "tensor": lambda rows: tensor("key", shares(rows, rows), TABLE),
    "tensor of three seats": lambda rows: tensor("key", seats(rows), TABLE),
    "heat map": lambda rows: heat_map("key", shares(rows, GAMES), TABLE),
    "lines": lambda rows: lines("key", shares([*"123"], rows).set_axis([1, 2, 3], axis=0), 3, TABLE),
    "curves": lambda rows: curves("key", 9 * shares([*"123"], rows).set_axis([1, 2, 3], axis=0), TABLE),
    "plane": lambda rows: plane("key", points(rows), TABLE, ("one", "other"), ("a", "b", "c", "d")),
    "network": lambda rows: network("key", sent(rows), TABLE),
    "overlaid": lambda rows: overlaid("key", over_each_other(rows), TABLE, "round"),
}
NAMES = {
    "agents": AGENTS,
    "one": ["x"],
    "hostile": [HOSTILE, HOSTILE + "\x00", ""],
    "ours": ["value", "row", "column", "panel", "printed", "step", "band", "2 others"],
}


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> Callable[[list[str]], Figure]:
    return KINDS[request.param]


@pytest.mark.slow
@pytest.mark.parametrize("names", NAMES)
def test_every_figure_is_a_still_drawing_with_words_inside(kind: Callable[[list[str]], Figure], names: str) -> None:
    figure = kind(NAMES[names])
    root = read(figure.svg).one("svg")
    assert root.attributes["role"] == "img"
    said = {part.attributes["id"]: part.text for part in root.all("title", "desc")}
    assert root.attributes["aria-labelledby"].split() == list(said) == ["key-title", "key-alt"]
    assert said["key-title"] == figure.title == "How they did"
    assert said["key-alt"] == " ".join(figure.alt.split())
    assert len(figure.alt) > 40
    assert {element.tag for element in root.all()} <= TAGS
    assert {
        element.attributes[part] for element in root.all() for part in ("fill", "stroke") if part in element.attributes
    } <= COLOURS
    assert not any("url" in value for element in root.all() for value in element.attributes.values())
    assert all(character.isprintable() for character in figure.svg if character != "\n")


@pytest.mark.slow
def test_a_figure_is_always_the_same(kind: Callable[[list[str]], Figure]) -> None:
    assert kind(AGENTS) == kind(AGENTS)


def test_text_never_stands_on_more_than_the_strongest_tint(kind: Callable[[list[str]], Figure]) -> None:
    for element in drawing(kind(AGENTS)).iter():
        if element.get("fill") == "var(--tint)":
            assert float(element.attrib["fill-opacity"]) * float(element.get("opacity", 1)) <= STRONGEST


@pytest.mark.parametrize("name", ["dots", "bars", "bars in parts", "radar", "tensor", "heat map", "lines", "areas"])
def test_labels_that_are_cut_are_still_told_apart(name: str) -> None:
    long = ["a" * 60 + "1", "a" * 60 + "2"]
    shown = [text for text in texts(KINDS[name](long)) if text.startswith("aaa")]
    assert len({text.replace(" ", "")[:44] for text in shown}) == 2
    assert all(len(text) < 50 and "…" in text for text in shown)


def test_a_long_label_keeps_its_end() -> None:
    labels = [f"google/gemini-3-flash-preview({how})" for how in ("CoT", "IO")]
    assert short(labels, 22) == ["google/gemi…eview(CoT)", "google/gemi…review(IO)"]


def drawing(figure: Figure) -> ET.Element:
    return ET.fromstring(figure.svg)


def texts(figure: Figure) -> list[str]:
    """What is printed in a figure, lines of one text joined."""
    return [" ".join(text.itertext()) for text in drawing(figure).iter(f"{{{SVG}}}text")]


def paths(figure: Figure, **attributes: str) -> list[ET.Element]:
    wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
    return [path for path in drawing(figure).iter(f"{{{SVG}}}path") if wanted.items() <= path.attrib.items()]


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", text)]


def across(element: ET.Element) -> float:
    """How far from the left an element stands in its panel."""
    return numbers(element.attrib["transform"])[0]


def test_dots_print_every_number_and_stand_where_it_is() -> None:
    values = pd.DataFrame({"value": [0.0, 0.25, 1.5], "low": [-0.5, 0.2, 1.0], "high": [0.5, 0.3, 2.0]}, [*"abc"])
    figure = dots("key", values, TABLE)
    assert [text for text in texts(figure) if text in ("0.00", "0.25", "1.50")] == ["0.00", "0.25", "1.50"]
    at = [across(path) for path in paths(figure, stroke="var(--accent)")]
    assert (at[1] - at[0]) / (at[2] - at[0]) == pytest.approx(0.25 / 1.5, abs=0.001)
    spans = [line for line in drawing(figure).iter(f"{{{SVG}}}line") if line.get("stroke") == "var(--accent)"]
    wide = [abs(float(span.get("x2", "0"))) for span in spans]
    assert wide == pytest.approx([at[2] * 0 + (at[2] - at[0]) / 1.5 * reach for reach in (1, 0.1, 1)], abs=0.02)


def test_a_ring_stands_where_the_interval_is_not_known_and_nothing_where_the_number_is_not() -> None:
    unknown = math.nan
    values = pd.DataFrame({"value": [0.5, 0.6, unknown], "low": [0.4, unknown, unknown], "high": [0.7] * 3}, [*"abc"])
    figure = dots("key", values, TABLE)
    assert [path.get("fill") for path in paths(figure, stroke="var(--accent)")] == ["var(--accent)", "var(--paper)"]
    assert "–" in texts(figure)
    assert figure.table.note == "A note. A ring stands where the interval is not known."
    assert figure.alt.endswith("A ring stands where the interval is not known.")


def test_those_that_cannot_be_told_apart_share_a_letter() -> None:
    values = intervals(pd.Index([*"xyz"])).assign(sets=["a", "ab", "b"])
    figure = dots("key", values, TABLE)
    printed = [
        f"{number(value, 2)} {letters}" for value, letters in zip(values["value"], ["a", "ab", "b"], strict=True)
    ]
    assert [text for text in texts(figure) if text in printed] == printed
    assert "Those that share a letter cannot be told apart." in figure.table.note


def test_dots_in_groups_have_a_panel_for_each_with_its_own_numbers() -> None:
    values = groups(AGENTS)
    figure = dots("key", values, TABLE)
    printed = [number(value, 2) for value in values["value"]]
    assert [text for text in texts(figure) if text in printed] == printed
    assert {"none", "repetition"} <= set(texts(figure))
    assert len(paths(figure, stroke="var(--accent)")) == len(values)


def test_references_may_be_others_or_none() -> None:
    def dashed(references: Sequence[float]) -> int:
        marks = drawing(dots("key", intervals(pd.Index(AGENTS)), TABLE, references)).iter(f"{{{SVG}}}line")
        return sum("stroke-dasharray" in mark.attrib for mark in marks)

    assert [dashed(references) for references in ([], [0.5], [0, 1, 2])] == [0, 1, 3]


def test_bars_are_as_long_as_their_shares() -> None:
    values = pd.DataFrame([[0.25, 1.0], [0.5, math.nan]], [*"ab"], ["cooperate", "defect"])
    figure = bars("key", values, TABLE)
    wide = [numbers(bar.attrib["d"].split("h")[1])[0] for bar in paths(figure, fill="var(--tint)")]
    assert [width / wide[2] for width in wide[:3]] == pytest.approx([0.25, 0.5, 1.0])
    assert [text for text in texts(figure) if text in ("0.25", "0.50", "1.00", "–")] == ["0.25", "0.50", "1.00", "–"]


def test_only_bars_with_an_interval_have_a_whisker() -> None:
    values = pd.DataFrame([[0.25, 0.75]], ["a"], ["cooperate", "defect"])
    low, high = values - 0.1, values + 0.1
    low.iloc[0, 1] = math.nan

    def whiskers(figure: Figure) -> int:
        return sum(line.get("stroke-width") == "1.5" for line in drawing(figure).iter(f"{{{SVG}}}line"))

    assert whiskers(bars("key", values, TABLE)) == 0
    assert whiskers(bars("key", values, TABLE, low, high)) == 1


def test_the_parts_of_a_bar_lie_side_by_side_and_carry_what_fits() -> None:
    values = pd.DataFrame([[0.5, 0.0, 0.25, 0.02]], ["a"], ["cooperate", "defect", "a very long name", "abstain"])
    figure = stacked("key", values, TABLE)
    parts = [numbers(part.attrib["d"].replace("h", " "))[::2][:2] for part in paths(figure, stroke="var(--paper)")]
    assert [part[0] for part in parts] == pytest.approx([0, 0.5 * STACK, 0.75 * STACK], abs=0.01)
    said = texts(figure)
    assert "cooperate 0.50" in said
    assert "0.25" in said
    assert "0.02" not in said
    assert {"cooperate", "defect", "a very long name", "abstain"} <= set(said)  # the key names all
    tints = [float(path.attrib["fill-opacity"]) for path in paths(figure, stroke="var(--rule)")]
    assert all(darker - lighter > 0.1 for lighter, darker in pairwise(tints))


def test_a_radar_prints_every_number_and_draws_what_is_beyond_at_the_end() -> None:
    values = pd.DataFrame([[0.5, 1.5, -0.5, 1.0], [0.2, 0.4, math.nan, 0.8]], [*"ab"], GAMES[:4])
    figure = radar("key", values, TABLE)
    wanted = {f"{game} {number(value, 2)}" for _, row in values.iterrows() for game, value in row.items()}
    assert wanted <= set(texts(figure))
    rings = [path.get("fill") for path in paths(figure, stroke="var(--accent)")]
    assert rings == ["var(--accent)", "var(--paper)", "var(--paper)", *["var(--accent)"] * 4]
    assert figure.table.note.endswith("A ring is a number beyond the scale, drawn where the scale ends.")
    edges = [line for line in drawing(figure).iter(f"{{{SVG}}}line") if line.get("stroke") == "var(--accent)"]
    assert len(edges) == 4 + 2  # closed; and open at the number that is not known
    assert len(paths(figure, fill="var(--tint)")) == 1


def test_the_corners_of_a_radar_are_as_far_out_as_their_numbers() -> None:
    figure = radar("key", pd.DataFrame([[1.0, 0.5, 0.25, 0.75]], ["a"], GAMES[:4]), TABLE)
    (top, right, bottom, left) = (
        numbers(path.attrib["transform"])[:2] for path in paths(figure, stroke="var(--accent)")
    )
    centre = (top[0], right[1])
    reach = [centre[1] - top[1], right[0] - centre[0], bottom[1] - centre[1], centre[0] - left[0]]
    assert [each / reach[0] for each in reach] == pytest.approx([1.0, 0.5, 0.25, 0.75], abs=0.001)


@pytest.mark.parametrize("axes", [1, 2])
def test_a_radar_of_few_axes_is_drawn_all_the_same(axes: int) -> None:
    assert len(paths(radar("key", shares(["a"], GAMES[:axes]), TABLE), stroke="var(--accent)")) == axes


@pytest.mark.parametrize("make", [dots, radar, tensor, bars, stacked, heat_map])
def test_where_nothing_is_known_nothing_is_drawn(make: Callable[[str, pd.DataFrame, Grid], Figure]) -> None:
    columns = ["value", "low", "high"]
    figure = make("key", pd.DataFrame(math.nan, ["a", "b"], columns), TABLE)
    assert "There are no numbers." in figure.alt
    assert not [path for path in paths(figure) if path.get("fill") == "var(--accent)"]


def test_payoffs_are_tinted_from_the_lowest_to_the_highest() -> None:
    figure = tensor("key", pd.DataFrame([[-1.0, 100.0], [49.5, math.nan]], [*"ab"], [*"ab"]), TABLE)
    tints = [float(path.attrib["fill-opacity"]) for path in paths(figure, fill="var(--tint)")]
    assert sorted(tints) == pytest.approx([0.03, 0.265, STRONGEST], abs=0.006)
    assert {"−1.00", "100.00", "49.50", "–"} <= set(texts(figure))
    assert "Lowest −1.00 for a and a; highest 100.00 for a and b." in figure.alt


def test_three_seats_have_a_panel_for_each_third_agent() -> None:
    payoffs = seats(AGENTS[:3])
    figure = tensor("key", payoffs, TABLE)
    said = texts(figure)
    assert [text for text in said if text.startswith("with ")] == [f"with {agent}" for agent in AGENTS[:3]]
    printed = sorted(number(value, 2) for value in payoffs.to_numpy().ravel())
    assert sorted(text for text in said if text in printed) == printed


def test_thirty_agents_against_each_other_can_be_read() -> None:
    names = [f"agent-{number}" for number in range(30)]
    figure = tensor("key", shares(names, names), TABLE)
    printed = [text for text in texts(figure) if "." in text]
    assert len(printed) == 900
    assert float(figure.svg.split('viewBox="')[1].split()[2]) / 30 > 7 * 4  # room for four characters in each column


def test_a_population_is_drawn_to_scale_and_named() -> None:
    course = pd.DataFrame({"rises": [0.5, 0.8], "falls": [0.3, 0.0], "stays": [0.2, 0.2]}, index=[0, 100])
    figure = areas("key", course, TABLE, time="linear")
    assert {"rises 0.80", "stays 0.20", "falls"} <= set(texts(figure))
    corners = [numbers(path.attrib["d"].replace("L", " "))[1::2] for path in paths(figure, fill="var(--tint)")]
    high = [(band[3] - band[0], band[2] - band[1]) for band in corners]  # at the first step, and at the last
    assert [share / HEIGHT for band in high for share in band] == pytest.approx([0.5, 0.8, 0.3, 0, 0.2, 0.2], abs=0.001)
    assert "Shares at the end: rises 0.80; stays 0.20; falls 0.00." in figure.alt


@pytest.mark.parametrize("agents", [1, 6, 12, 30])
def test_bands_that_can_be_seen_are_named_and_the_others_are_one(agents: int) -> None:
    course = population(agents)
    said = texts(areas("key", thinned(course), TABLE))
    high = [name for name in course if course[name].max() * HEIGHT >= NAMED]
    at_an_end = [name for name in high if max(course[name].iloc[[0, -1]]) * HEIGHT >= NAMED]
    assert all(any(text.startswith(str(name)) for text in said) for name in at_an_end)
    assert len([text for text in said if text.startswith("agent")]) > len(at_an_end) or high == at_an_end
    merged = [text for text in said if "others" in text]
    assert merged == ([f"{agents - len(high)} others"] if agents - len(high) > 1 else [])


@given(st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 1), st.floats(0, 1))
def test_names_cover_each_other_or_not_whichever_comes_first(
    step: float, other: float, high: float, low: float
) -> None:
    axis = Axis(0, 1000, "sqrt")
    one, two = Name(step, high, "inside", "one"), Name(other, low, "inside", "another")
    assert one.covers(two, axis) == two.covers(one, axis)
    assert one.covers(one, axis)


@given(st.integers(1, 2000), st.integers(2, 80), st.sampled_from(["linear", "sqrt", "symlog"]))
def test_a_thinned_course_has_the_first_the_last_and_no_more_than_asked(steps: int, most: int, time: Time) -> None:
    course = pd.DataFrame({"share": range(steps)}, dtype=float)
    kept = thinned(course, most, time)
    assert len(kept) <= most
    assert {kept.index[0], kept.index[-1]} == {0, steps - 1}
    pd.testing.assert_frame_equal(kept, course.loc[kept.index])


@given(st.integers(0, 50), st.integers(0, 10**6), st.sampled_from(["linear", "sqrt", "symlog"]))
def test_the_steps_on_the_axis_are_apart(first: int, more: int, time: Time) -> None:
    axis = Axis(first, first + more, time)
    places = axis.at(axis.ticks)
    assert places[0] == 0
    assert more == 0 or places[-1] == pytest.approx(WIDTH)
    assert all(after - before > 30 for before, after in pairwise(places)) or more == 0


def test_an_interval_is_printed_where_it_is_known() -> None:
    assert Entry(0.5, low=-0.25, high=0.75).interval(2) == "[−0.25, 0.75]"
    assert Entry(0.5).interval(2) == Entry(0.5, low=0.2).interval(2) == ""
    template = _environment().from_string('{% from "parts.html.j2" import grid %}{{ grid(table) }}')
    values = pd.DataFrame({"value": [0.5, 0.75], "low": [0.25, math.nan], "high": [0.625, math.nan]}, [*"ab"])
    page = read(template.render(table=grid_of_intervals(values, "caption", "note", "Agent", "Mean")))
    rows = [row.one("td") for row in page.one("tbody").all("tr")]
    assert [row.one("data").text for row in rows] == ["0.500", "0.750"]
    assert [small.text for row in rows for small in row.all("small", class_="interval")] == ["[0.250, 0.625]"]


def test_intervals_in_groups_become_a_table_with_a_column_for_each() -> None:
    values = groups(["a", "b"]).iloc[:3]
    found = grid_of_intervals(values, "caption", "note", "Agent", key="k")
    assert (found.columns, found.key) == (("none", "repetition"), "k")
    assert next([entry.value for entry in entries] for _, entries in found.rows) == [
        values.iloc[0, 0],
        values.iloc[2, 0],
    ]
    assert math.isnan(found.rows[1][1][1].value)
    assert [head for head, _ in found.rows] == ["a", "b"]
    assert grid_of(shares(["a"], GAMES), "", "", "", key="k").key == "k"


def test_lines_over_each_other_are_told_apart_without_colour_and_named_at_their_ends() -> None:
    figure = overlaid("key", over_each_other(["one"]), TABLE, "round")
    assert {"candidate 0.30", "people 0.70", "coin 0.50", "rule 0.40"} <= set(texts(figure))
    own = paths(figure, stroke="var(--accent)", stroke_width="2.5")
    theirs = paths(figure, stroke="currentColor", stroke_width="1.5")
    dashes = {path.get("stroke-dasharray") for path in paths(figure, stroke="currentColor", stroke_width="1")}
    assert len(own) == len(theirs) == 1
    assert len(dashes - {None}) == 2, "every other line has dashes of its own"
    assert len(paths(figure, fill="var(--tint)")) == 1, "people have a band, and nobody else"


def test_lines_that_meet_are_named_without_their_ends() -> None:
    figure = overlaid("key", over_each_other(["one"]), TABLE, "rate", meet=True)
    assert {"candidate", "people", "coin", "rule"} <= set(texts(figure))
    assert "Where they reach one half: one, candidate \u2013; one, people 1.00;" in figure.alt
