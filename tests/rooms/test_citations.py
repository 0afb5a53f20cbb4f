"""Every entry of the catalogues is accounted for, and a plan is told its papers once each."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.games.catalogue import GAMES
from comity.records.catalogues import mechanisms
from comity.records.spec import Cell, Spec
from comity.runs.citations import METHODS, REFERENCES, SOURCES, behind, cited
from comity.runs.fields import Kind
from comity.runs.plan import read_plan
from comity.strategies.catalogue import STRATEGIES


@pytest.mark.parametrize(
    ("kind", "names"), [("games", set(GAMES)), ("mechanisms", set(mechanisms())), ("agents", set(STRATEGIES))]
)
def test_every_entry_says_its_sources(kind: Kind, names: set[str]) -> None:
    assert set(SOURCES[kind]) == names


def test_every_source_is_a_reference_and_every_reference_is_used() -> None:
    used = {key for entries in (*SOURCES.values(), METHODS) for keys in entries.values() for key in keys}
    assert used == set(REFERENCES)


def test_a_plan_is_told_each_paper_once(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        'name = "p"\nseed = 1\ngames = ["chicken", "prisoners_dilemma"]\nmechanisms = ["mediation", "contracting"]\n'
        'agents = ["tit_for_tat", "random"]\n'
    )
    keys = [reference.key for reference in cited(read_plan(path))]
    assert len(keys) == len(set(keys))
    assert {"rapoport1965", "rapoport1966", "monderer2009", "haupt2024", "axelrod1980"} <= set(keys)
    assert "skyrms2004" not in keys


def test_records_without_a_plan_are_told_the_papers_of_their_cells() -> None:
    cell = Cell("pd", "repeated", Spec.of("prisoners_dilemma"), (Spec.of("repetition"),))
    assert [reference.key for reference in behind([cell, cell])] == ["rapoport1965", "coopeval2026"]


def test_bibtex_has_one_entry_a_reference() -> None:
    for reference in REFERENCES.values():
        assert reference.bibtex.startswith(f"@{reference.kind}{{{reference.key},")
        assert reference.bibtex.count("{") == reference.bibtex.count("}")
