"""Everybody can read the page: structure, words behind pictures, contrast in both schemes, phone and print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest

from comity.report.figures import STRONGEST
from tests.report.reading import Element

pytestmark = pytest.mark.slow

Colour = tuple[float, ...]


@pytest.fixture(scope="module")
def style(read_page: Element) -> str:
    return read_page.one("style").text


def test_the_page_has_landmarks_and_a_way_past_the_header(read_page: Element) -> None:
    assert read_page.one("html").attributes["lang"] == "en"
    for landmark in ("header", "nav", "main", "footer"):
        read_page.one(landmark)
    first = next(read_page.one("body").all("a"))
    assert first.attributes == {"class": "skip", "href": "#content"}
    assert read_page.one("main").attributes["id"] == "content"


def test_headings_go_down_one_level_at_a_time(read_page: Element) -> None:
    levels = [int(heading.tag[1]) for heading in read_page.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_link_leads_to_a_place_of_its_own(read_page: Element) -> None:
    places = [element.attributes["id"] for element in read_page.all() if "id" in element.attributes]
    assert len(set(places)) == len(places)
    links = {link.attributes["href"] for link in read_page.all("a")}
    assert links <= {f"#{place}" for place in places}


def test_every_figure_has_words_and_a_table(read_page: Element) -> None:
    figures = list(read_page.all("figure"))
    titles = [figure.one("figcaption").text for figure in figures]
    assert sum("by mechanism and game" in title for title in titles) >= 2  # the maps
    assert (
        sum("over rounds" in title for title in titles) == 2 + 4
    )  # mechanisms with rounds; cells in which one cooperates
    for figure in figures:
        svg = figure.one("svg")
        said = [svg.one("title"), svg.one("desc")]
        assert svg.attributes["role"] == "img"
        assert svg.attributes["aria-labelledby"].split() == [part.attributes["id"] for part in said]
        assert all(len(part.text) > 10 for part in said)
        assert figure.one("figcaption").text
        assert list(figure.one("table").all("data"))


def test_every_table_has_a_caption_and_scoped_heads(read_page: Element, broken: Element) -> None:
    for page in (read_page, broken):
        for table in page.all("table"):
            assert table.one("caption").text
            assert {head.attributes["scope"] for head in table.one("thead").all("th")} == {"col"}
            assert {head.attributes["scope"] for head in table.one("tbody").all("th")} == {"row"}


def test_every_tinted_square_carries_its_number(read_page: Element) -> None:
    for entry in read_page.all("td"):
        assert "style" not in entry.attributes or list(entry.all("data"))


def test_what_scrolls_can_be_reached_with_the_keyboard(read_page: Element) -> None:
    for element in (*read_page.all("div", class_="scroll"), *read_page.all("pre")):
        assert element.attributes["tabindex"] == "0"


def test_the_page_fits_a_phone_and_paper(read_page: Element, style: str) -> None:
    assert read_page.one("meta", name="viewport").attributes["content"] == "width=device-width, initial-scale=1"
    assert "@media (max-width" in style
    assert "details::details-content" in style.split("@media print")[1]
    assert not re.search(r"animation|transition", style)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_text_can_be_told_from_what_is_behind_it(style: str, scheme: str) -> None:
    colours = dict(variables(style, scheme))
    paper, ink = colours["paper"], colours["ink"]
    darkest = blend(colours["tint"], paper, STRONGEST)
    pairs = [(ink, paper), (ink, colours["raised"]), (colours["muted"], paper), (colours["accent"], paper)]
    pairs += [(colours["warning"], paper), (colours["warning"], colours["warned"]), (ink, darkest)]
    assert min(contrast(*pair) for pair in pairs) >= 4.5


def test_tables_are_tinted_no_darker_than_figures(read_page: Element) -> None:
    shades = [entry.attributes["style"] for entry in read_page.all("td") if "style" in entry.attributes]
    assert max(int(shade.removeprefix("--shade:").removesuffix("%")) for shade in shades) == STRONGEST * 100


def variables(style: str, scheme: str) -> Iterator[tuple[str, Colour]]:
    """The colours of the style sheet as they are in a scheme: those of `:root`, and then what the scheme changes."""
    blocks = [style[style.index(":root") :]]
    marks = {"dark": "@media (prefers-color-scheme: dark)", "print": "@media print"}
    if scheme in marks:
        blocks.append(style[style.index(marks[scheme]) :].split("{", 1)[1])
    for block in blocks:
        for name, digits in re.findall(r"--(\w+): #([0-9a-f]{3,6});", block[: block.index("}")]):
            full = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
            yield name, tuple(int(full[place : place + 2], 16) / 255 for place in (0, 2, 4))


def blend(above: Colour, below: Colour, share: float) -> Colour:
    return tuple(share * top + (1 - share) * ground for top, ground in zip(above, below, strict=True))


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours as WCAG 2.2 defines it."""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: Colour) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
