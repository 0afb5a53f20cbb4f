"""Whatever the package cites, by a docstring or by `comity cite`, is in the bibliography."""

from __future__ import annotations

import re

from comity.runs.citations import REFERENCES
from tests.docs.pages import CHECKOUT

ENTRIES = [
    " ".join(entry.split())
    for entry in (CHECKOUT / "docs/reference/bibliography.md").read_text(encoding="utf-8").split("\n- ")[1:]
]
CITED = re.compile(r"\b([A-ZÄÖÜ]\w*[a-zäöü])(?: et al\.)?,? \(?((?:17|18|19|20)\d\d)\b")


def test_every_reference_that_is_printed_is_an_entry() -> None:
    for reference in REFERENCES.values():
        assert any(f"({reference.year})" in entry and reference.title.lower() in entry.lower() for entry in ENTRIES), (
            reference.text
        )


def test_every_author_and_year_of_a_docstring_is_an_entry() -> None:
    sources = "\n".join(file.read_text(encoding="utf-8") for file in CHECKOUT.glob("comity/**/*.py"))
    found = set(CITED.findall(sources))
    assert ("Sigmund", "1990") in found
    for author, year in found:
        assert any(author in entry and f"({year})" in entry for entry in ENTRIES), f"{author} ({year})"
