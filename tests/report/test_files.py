"""The files beside the page: they say what the page says, and what a run brings along as text commands nothing."""

from __future__ import annotations

import csv
import io
import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.markdown import Markdown

from comity.records.store import RunError
from comity.report.figures import Figure, areas, bars, dots, heat_map, radar, stacked, tensor
from comity.report.files import alone, write_files
from comity.report.forms import csv_of, latex, latex_of, markdown, markdown_of
from comity.report.grid import Entry, Grid, grid_of, grid_of_intervals
from comity.report.text import slug
from comity.words.printable import printable_line
from tests.report.reading import read

LABELS = st.text(max_size=12) | st.text(alphabet="\\&%$#_{}~^<>|[]*`'\"-=+@!().: \n\tab1", max_size=12)
VALUES = st.floats(allow_nan=True, allow_infinity=False)
ENTRIES = st.builds(Entry, VALUES, LABELS, LABELS, low=VALUES, high=VALUES)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Any table, however it is labelled."""
    columns = draw(st.lists(LABELS, max_size=3))
    entries = st.lists(ENTRIES, min_size=len(columns), max_size=len(columns)).map(tuple)
    rows = draw(st.lists(st.tuples(LABELS, entries), max_size=3))
    return Grid(draw(LABELS), draw(LABELS), draw(LABELS), tuple(columns), tuple(rows))


SIGNS = re.compile(
    r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|textasciigrave|textquotesingle)\{\}"
    r"|\\([&%$#_{}])|\{([\[\]*])\}|(-)\{\}|\$(-)\$|([^\\&%$#_{}~^<>|`'\[\]*])"
)
NAMED = dict(
    zip(
        ("textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater", "textbar"),
        "\\~^<>|",
        strict=True,
    )
) | {"textasciigrave": "`", "textquotesingle": "'"}


def as_printed(text: str) -> str:
    """What LaTeX prints for it; fails where something in it is a command, or of a meaning that is not its own."""
    found, place = "", 0
    while place < len(text):
        sign = SIGNS.match(text, place)
        assert sign, f"{text[place:]!r} is not plain"
        command, escaped, braced, hyphen, minus, plain = sign.groups()
        found += NAMED[command] if command else "\u2212" if minus else escaped or braced or hyphen or plain
        place = sign.end()
    return found


@given(LABELS)
def test_any_text_is_printed_by_latex_as_it_is(text: str) -> None:
    assert as_printed(latex(text)) == printable_line(text)
    assert "--" not in latex(text)


def cells(line: str) -> list[str]:
    """The cells of a row, cut at the signs that LaTeX cuts at."""
    assert line.endswith(r" \\")
    return [cell.strip() for cell in re.split(r"(?<!\\)(?:\\\\)*&", line.removesuffix(r" \\"))]


@given(grids())
def test_a_latex_table_has_the_same_cells_in_every_row(grid: Grid) -> None:
    lines = latex_of(grid).splitlines()
    assert lines[0] == r"\begin{table}"
    assert lines[-2:] == [r"\end{tabular}", r"\end{table}"]
    top, middle, bottom = (lines.index(f"\\{rule}rule") for rule in ("top", "mid", "bottom"))
    assert (middle - top, bottom - middle) == (2, len(grid.rows) + 1)
    rows = [cells(line) for line in (lines[top + 1], *lines[middle + 1 : bottom])]
    assert {len(row) for row in rows} == {len(grid.columns) + 1}
    assert [as_printed(row[0]) for row in rows[1:]] == [printable_line(head).strip() for head, _ in grid.rows]
    bare = re.sub(r"\\[{}]", "", latex_of(grid))
    assert bare.count("{") == bare.count("}")


@given(grids())
def test_a_latex_caption_is_its_text(grid: Grid) -> None:
    [caption] = [line for line in latex_of(grid).splitlines() if line.startswith(r"\caption{")]
    said = as_printed(caption.removeprefix(r"\caption{").removesuffix("}"))
    assert said == printable_line(f"{grid.caption}. {grid.note}".strip())


def rendered(text: str) -> tuple[str, list[list[str]]]:
    """What Markdown makes of it: the text before the table, and the rows of the table; all of it plain."""
    before, rows, inside = "", list[list[str]](), False
    for token in Markdown(text).parsed:
        assert token.type.removesuffix("_open").removesuffix("_close") in KNOWN, token.type
        inside |= token.type == "table_open"
        if token.type == "tr_open":
            rows.append([])
        if token.type == "inline":
            kinds = {child.type for child in token.children or ()}
            assert (
                kinds <= {"text", "text_special"}
                if inside
                else kinds <= {"text", "text_special", "strong_open", "strong_close"}
            )
            said = "".join(child.content for child in token.children or ())
            if inside:
                rows[-1].append(said)
            else:
                before += said
    return before, rows


KNOWN = {"paragraph", "inline", "table", "thead", "tbody", "tr", "th", "td"}


@given(LABELS)
def test_any_text_is_printed_by_markdown_as_it_is(text: str) -> None:
    _, rows = rendered(f"| {markdown(text)} | second |\n| --- | --- |\n")
    assert rows == [[printable_line(text).strip(), "second"]]


@given(grids())
def test_a_markdown_table_says_what_the_grid_says(grid: Grid) -> None:
    before, (head, *rows) = rendered(markdown_of(grid))
    assert before.startswith(printable_line(grid.caption).strip())
    assert head == [printable_line(name).strip() for name in (grid.corner, *grid.columns)]
    assert [row[0] for row in rows] == [printable_line(head).strip() for head, _ in grid.rows]
    assert all(len(row) == len(head) for row in rows)


def lines_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@given(grids())
def test_a_csv_has_every_number_in_full(grid: Grid) -> None:
    found = lines_of(csv_of(grid))
    entries = [entry for _, entries in grid.rows for entry in entries]
    assert len(found) == len(entries)
    for line, entry in zip(found, entries, strict=True):
        for name in ("value", "low", "high"):
            number = getattr(entry, name)
            assert line.get(name, "") == "" if math.isnan(number) else float(line[name]) == number
        assert line.get("rests", "") == printable_line(entry.rests)
        assert line.get("missing", "") == printable_line(entry.gap)


def test_a_csv_has_no_column_in_which_nothing_is_known() -> None:
    plain = grid_of(pd.DataFrame([[1 / 3]], ["a"], ["b"]), "", "", "")
    assert csv_of(plain) == f"row,column,value\na,b,{1 / 3!r}\n"
    told = Grid("", "", "", ("b",), (("a", (Entry(0.5, "3 matches", "1 missing", low=0.25, high=0.75),)),))
    assert csv_of(told) == "row,column,value,low,high,rests,missing\na,b,0.5,0.25,0.75,3 matches,1 missing\n"


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_no_label_is_a_formula(label: str) -> None:
    grid = Grid("", "", "", (label,), ((label, (Entry(-1.0),)),))
    assert lines_of(csv_of(grid)) == [{"row": f"'{label}", "column": f"'{label}", "value": "-1.0"}]


def test_intervals_stand_beside_their_numbers() -> None:
    values = pd.DataFrame({"value": [-0.5, 0.75], "low": [-0.75, math.nan], "high": [0.25, math.nan]}, ["a_b", "c"])
    grid = grid_of_intervals(values, "Payoff", "Per match.", "Agent", "Mean", digits=2)
    assert r"a\_b & $-$0.50 {\scriptsize {[}$-$0.75, 0.25{]}} \\" in latex_of(grid)
    assert "| a\\_b | −0.50 \\[−0.75, 0.25\\] |\n| c | 0.75 |\n" in markdown_of(grid)


AGENTS = ["gemini-3-flash-preview(CoT)", "gpt-5.2_mini", "currentColor", "<b>&</b>"]


@pytest.fixture(scope="module")
def parts() -> list[Figure | Grid]:
    """One figure of each kind and some tables, two of which are called the same."""
    square = pd.DataFrame([[0.25 * (row + column) / 2 for column in range(4)] for row in range(4)], AGENTS, AGENTS)
    grid = grid_of(square, "Payoff of the row", "Per match.", "Agent")
    values = square.iloc[:, :3].set_axis(["low", "value", "high"], axis=1)
    course = square.T.set_axis([0, 1, 10, 100], axis=0)
    drawn = [heat_map("map", square, grid), tensor("Payoffs: ÄÖ/../x", square, grid), bars("map", square, grid)]
    drawn += [dots("dots", values, grid), stacked("parts", square / 4, grid), radar("radar", square, grid)]
    return [*drawn, areas("areas", course, grid), grid, Grid("Empty", "", "", (), (), key="../../etc")]


@pytest.fixture(scope="module")
def folder(parts: list[Figure | Grid], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("files") / "made" / "here"
    write_files(parts, out)
    return out


def figures(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.svg")):
        yield path.read_text(encoding="utf-8")


def test_every_figure_and_table_has_its_files(folder: Path) -> None:
    drawn = ["map", "payoffs-ao-x", "map-2", "dots", "parts", "radar", "areas"]
    wanted = {f"{name}.{kind}" for name in drawn for kind in ("svg", "png", "csv")}
    wanted |= {f"{name}.{kind}" for name in ("payoff-of-the-row", "etc") for kind in ("csv", "tex", "md")}
    assert {path.name for path in folder.iterdir()} == wanted | {"index.md"}


def test_the_index_lists_them_with_their_captions(folder: Path) -> None:
    index = (folder / "index.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([^)]*)\)", index))
    assert linked | {"index.md"} == {path.name for path in folder.iterdir()}
    assert "| Payoff of the row | [map.svg](map.svg), [map.png](map.png), [map.csv](map.csv) |" in index


def test_the_files_are_told_in_order(parts: list[Figure | Grid], tmp_path: Path) -> None:
    told = write_files(parts[-2:], tmp_path)
    assert [path.name for path in told] == [
        *(f"payoff-of-the-row.{kind}" for kind in ("csv", "tex", "md")),
        *(f"etc.{kind}" for kind in ("csv", "tex", "md")),
        "index.md",
    ]
    assert all(path.parent == tmp_path for path in told)


def test_the_same_parts_give_the_same_bytes(parts: list[Figure | Grid], folder: Path, tmp_path: Path) -> None:
    for path in write_files(parts, tmp_path):
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_a_drawing_by_itself_needs_no_page(folder: Path) -> None:
    for text in figures(folder):
        root = read(text).one("svg")
        colours = {
            element.attributes[part]
            for element in root.all()
            for part in ("fill", "stroke")
            if part in element.attributes
        }
        assert all(re.fullmatch(r"#[0-9a-f]{6}|none|transparent", colour) for colour in colours)
        assert not [element for element in root.all() if {"style", "href", "class"} & set(element.attributes)]
        assert root.one("title").text
        assert root.one("desc").text
        ground = root.one("rect").attributes
        assert (ground["fill"], ground["width"], ground["height"]) == (
            "#ffffff",
            *root.attributes["viewbox"].split()[2:],
        )


def test_labels_are_not_taken_for_colours(parts: list[Figure | Grid]) -> None:
    assert isinstance(parts[0], Figure)
    said = [text.text for text in read(alone(parts[0])).all("text")]
    assert {"currentColor", "<b>&</b>"} <= set(said)


def test_a_png_is_the_drawing_at_twice_its_size(folder: Path) -> None:
    for path in sorted(folder.glob("*.png")):
        content = path.read_bytes()
        size = struct.unpack(">II", content[16:24])
        drawn = read(path.with_suffix(".svg").read_text(encoding="utf-8")).one("svg").attributes
        assert content.startswith(b"\x89PNG\r\n")
        assert size == pytest.approx([2 * float(drawn["width"]), 2 * float(drawn["height"])], abs=1)


def test_a_figure_gives_the_numbers_of_its_table(folder: Path, parts: list[Figure | Grid]) -> None:
    found = lines_of((folder / "map.csv").read_text(encoding="utf-8"))
    table = parts[0].table if isinstance(parts[0], Figure) else parts[0]
    assert [float(line["value"]) for line in found] == [entry.value for _, entries in table.rows for entry in entries]


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(RunError, match="the files of the report cannot be written to"):
        write_files([], taken)


@given(st.text())
def test_a_slug_is_the_name_of_a_file_everywhere(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", slug(text))
    assert len(slug(text)) <= 60
    assert slug(slug(text)) == slug(text)
