"""Every link between pages leads somewhere, every page is linked, every name of the package that is said exists."""

from __future__ import annotations

import pkgutil
import re

import pytest

from tests.docs.pages import CHECKOUT, PAGES

FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
NAME = re.compile(r"`(comity(?:\.\w+)+)(?:\(\))?`")
FILE_ENDINGS = (".toml", ".html", ".py", ".md", ".sqlite")


def prose(page: str) -> str:
    """The page without its code blocks."""
    return FENCED.sub("", (CHECKOUT / page).read_text(encoding="utf-8"))


def links(page: str) -> list[str]:
    """The targets of the page's links to files and headings here."""
    return [target for target in LINK.findall(prose(page)) if "://" not in target and not target.startswith("mailto:")]


def anchors(page: str) -> set[str]:
    """The headings of the page as links name them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(prose(page))}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (CHECKOUT / page).parent / path if path else CHECKOUT / page
        assert file.exists(), f"{page} links to {target}, and there is no such file"
        if anchor:
            there = file.resolve().relative_to(CHECKOUT).as_posix()
            assert anchor in anchors(there), f"{page} links to {target}, and {there} has no such heading"


def test_the_index_links_every_page() -> None:
    linked = {(CHECKOUT / "docs" / target.partition("#")[0]).resolve() for target in links("docs/index.md")}
    missing = [page for page in PAGES if page.startswith("docs/") and (CHECKOUT / page).resolve() not in linked]
    assert set(missing) <= {"docs/index.md"}, f"docs/index.md does not link {missing}"


@pytest.mark.parametrize("page", PAGES)
def test_names_of_the_package_exist(page: str) -> None:
    for name in NAME.findall(prose(page)):
        if not name.endswith(FILE_ENDINGS):
            pkgutil.resolve_name(name)


def test_a_link_and_a_heading_are_read() -> None:
    assert LINK.findall('see [this](a.md#b), ![that](<c.svg>) and [more](d.md "title")') == ["a.md#b", "c.svg", "d.md"]
    assert "why-this-abstraction-and-not-another" in anchors("docs/architecture.md")
