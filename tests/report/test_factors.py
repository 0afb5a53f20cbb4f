"""What the factors of a design explain, on the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.metrics.factors import variance
from comity.report.contents import Items, Prose
from comity.report.figures import Figure
from comity.report.results import Results
from comity.report.sections import factors, methods
from comity.report.text import number
from tests.report.measured import entries, played, results_of, table

PLAN = """\
name = "varied"
seed = 6
replicates = 5
games = ["prisoners_dilemma"]
mechanisms = [["execution_noise", {name = "repetition", rounds = 3}, "presentation"]]
agents = [{name = "random", p = 0.5, label = "half"}, "always_defect"]
[factors.levels]
"execution_noise.noise" = [0.0, 0.3]
"presentation.question" = ["given", "random"]
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    with results_of(played(tmp_path_factory.mktemp("varied") / "run", PLAN)) as found:
        yield found


def test_each_factor_has_its_share_with_an_interval(results: Results) -> None:
    section = factors.section(results)
    shares = entries(table(section, "Cooperation rate: what explains it"))
    analysis = variance(results.tables, results.cells.values(), "cooperation")
    assert list(shares) == [share.factor.replace("_", " ") for share in analysis.shares]
    agent = shares["agent"]["Share of variance"]
    [told] = [share for share in analysis.shares if share.factor == "agent"]
    assert (agent.value, agent.low, agent.high) == (told.omega, told.low, told.high)
    note = table(section, "Cooperation rate: what explains it").note
    assert note.startswith(f"{number(analysis.residual, 2)} of the variance in these episodes")
    assert "The unit is the episode: 80 matches" in note


def test_each_level_has_its_mean(results: Results) -> None:
    means = entries(table(factors.section(results), "Cooperation rate at each level"))
    assert {"execution noise.noise: 0.0", "presentation.question: given", "presentation.question: reversed"} < set(
        means
    )
    assert means["agent: half"]["Mean"].value > means["agent: always_defect"]["Mean"].value


def test_there_is_a_figure_for_each_metric(results: Results) -> None:
    section = factors.section(results)
    assert section is not None
    figures = [part for part in section.parts if isinstance(part, Figure)]
    assert [figure.key for figure in figures] == ["factors-cooperation", "factors-mean"]
    assert all("othing can be said" not in figure.table.note for figure in figures)


def test_the_methods_say_what_was_varied_and_how_it_was_judged(results: Results) -> None:
    section = methods.section(results)
    assert section is not None
    told, _, references, *_ = section.parts
    assert isinstance(told, Prose)
    assert isinstance(references, Items)
    paragraphs = " ".join(told.paragraphs)
    assert (
        "these were varied: execution_noise.noise (0.0, 0.3) and presentation.question (given, random)." in paragraphs
    )
    assert "sum of squares of type II (Langsrud, 2003)" in paragraphs
    assert any(reference.startswith("Langsrud, Ø. (2003)") for reference in references.sentences)


def test_where_no_factor_varies_there_is_no_section(whole: Path) -> None:
    with results_of(whole) as found:
        assert factors.section(found) is None
        told = methods.section(found)
        assert told is not None
        assert "Langsrud" not in str(told.parts)


def test_factors_that_change_together_are_named_and_have_no_row(tmp_path: Path) -> None:
    together = PLAN.replace('"presentation.question" = ["given", "random"]', "").replace(
        '[["execution_noise", {name = "repetition", rounds = 3}, "presentation"]]',
        '[["execution_noise", {name = "repetition", rounds = 3}], {name = "repetition", rounds = 2}]',
    )
    with results_of(played(tmp_path / "run", together)) as found:
        shares = table(factors.section(found), "Cooperation rate: what explains it")
        assert "stack" not in entries(shares)
        assert "Nothing can be said of repetition.rounds and stack: what other factors say tells all" in shares.note
