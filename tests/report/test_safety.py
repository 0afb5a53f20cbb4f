"""The page does nothing and fetches nothing, whatever a run brings along as text."""

from __future__ import annotations

import re

import pytest

from comity.records.store import Header
from tests.report.reading import Element, read
from tests.report.runs import HOSTILE, records, renamed, write_run
from tests.report.written import write_report

pytestmark = pytest.mark.slow

LABEL = '"><script>alert(1)</script>\x1b]0;title\x07\x1b[1mbold'
LOADING = {"src", "srcset", "href", "xlink:href", "action", "formaction", "data", "poster", "background", "style"}
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section", "footer", "div", "span"),
    *("h1", "h2", "h3", "h4", "p", "a", "b", "strong", "small", "ul", "li", "dl", "dt", "dd", "pre", "wbr", "data"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "details", "summary"),
    *("svg", "desc", "g", "path", "line", "text", "tspan"),
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of a run whose label, messages, name and notes try everything."""
    names = {"saint": LABEL, "rogue": LABEL + "\x1b[0m"}  # the same once it is printable
    played = [renamed(record, names) for record in records()]
    agents = tuple((label, None) for label in (*names.values(), "turncoat"))
    header = Header(f"name {HOSTILE}", "import", f"plan {HOSTILE}", 0, agents, len(played), notes=(HOSTILE,))
    folder = write_run(tmp_path_factory.mktemp("hostile"), played, header=header)
    return write_report(folder).read_text(encoding="utf-8")


def test_text_stays_text(hostile: str) -> None:
    page = read(hostile)
    assert {element.tag for element in page.all()} - {"document"} <= TAGS
    assert not [name for element in page.all() for name in element.attributes if name.startswith("on")]
    assert '<script>alert("x")</script>' in page.one("h1").text
    assert '"><script>alert(1)</script>bold' in page.one("section", **{"aria-labelledby": "agents"}).text


def test_messages_are_shown_in_the_transcript(hostile: str) -> None:
    told = [pre.text for pre in read(hostile).one("section", **{"aria-labelledby": "cells"}).all("pre")]
    assert any("<script>" in text and "backwards" in text for text in told)


def test_nothing_steers_a_terminal_or_turns_the_direction_of_writing(hostile: str) -> None:
    assert not [character for character in hostile if not character.isprintable() and character != "\n"]


def test_labels_that_print_alike_are_told_apart(hostile: str) -> None:
    board = next(read(hostile).one("section", **{"aria-labelledby": "agents"}).all("table"))
    shown = '"><script>alert(1)</script>bold'
    assert sorted(head.text for head in board.one("tbody").all("th")) == [shown, f"{shown} #2", "turncoat"]


@pytest.mark.parametrize("run", ["page", "hostile"])
def test_nothing_is_loaded_from_anywhere(run: str, request: pytest.FixtureRequest) -> None:
    text = request.getfixturevalue(run)
    for element in read(text).all():
        for name, value in element.attributes.items():
            assert name not in LOADING or "//" not in value, f"<{element.tag} {name}={value!r}>"
    style = read(text).one("style").text
    assert not re.search(r"url\(|@import|@font-face|expression\(", style)


def test_the_page_forbids_what_it_does_not_need(read_page: Element) -> None:
    policy = read_page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_demo_page_is_small(page: str) -> None:
    assert len(page.encode()) < 500_000
