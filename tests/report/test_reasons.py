"""The section about reasons: there where reasons were judged, and its numbers are those of the judgements."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from comity.judge.aggregate import by, of_marks
from comity.judge.judging import Judge, judge_all, wanted
from comity.judge.keeping import Judged, Judgements, Terms
from comity.judge.marks import marks_of
from comity.judge.reason import Reason
from comity.judge.scripted import Scripted
from comity.judge.taxonomy import Label, Taxonomy
from comity.report.contents import Prose, Words
from comity.report.figures import Figure
from comity.report.sections import reasons as section_of
from tests.report.measured import entries, results_of, table
from tests.report.runs import HOSTILE, SHORT, records, write_run
from tests.report.written import write_report

pytestmark = pytest.mark.slow

KINDS = Taxonomy(
    "kinds",
    tuple(Label(name, name.title(), f"The player is {name}.") for name in ("selfish", "kind", "cautious")),
)


def judged(run: Path, taxonomy: Taxonomy = KINDS) -> Path:
    """The run with reasons that two scripted judges labelled, one of them a little otherwise; one answer is unread."""
    every = [
        Reason(
            f"{match}.0.{seat}",
            "kind" if (match + seat) % 3 else "selfish",
            "prisoners_dilemma",
            "none" if match < 9 else "repetition",
            ("saint", "rogue")[seat],
            str(match),
        )
        for match in range(18)
        for seat in range(2)
    ]
    names = taxonomy.names
    judges: list[Judge] = [
        Scripted("first", taxonomy, lambda text: [text]),
        Scripted("second", taxonomy, lambda text: [names[1]]),
    ]
    with Judgements.create(run, Terms(taxonomy, "reason", "a run")) as file:
        file.add(every)
        tasks = wanted(file.judged(), every, [judge.name for judge in judges], 1)
        asyncio.run(judge_all(file, tasks, judges))
        file.keep(Judged("0.0.0", "second", 1, None, cause="malformed", said="it is none"))
    return run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return judged(write_run(tmp_path, records(SHORT), SHORT))


def test_without_judgements_there_is_no_section(tmp_path: Path) -> None:
    with results_of(write_run(tmp_path, records(SHORT), SHORT)) as results:
        assert section_of.section(results) is None


def test_the_numbers_are_those_of_the_judgements(run: Path) -> None:
    with Judgements.open(run) as file:
        marks = marks_of(file)
    with results_of(run) as results:
        section = section_of.section(results)
    shares = entries(table(section, "Share of reasons with each label"))
    for label, equal, pooled in zip(
        marks.titles, of_marks(marks, equal=True), of_marks(marks, equal=False), strict=True
    ):
        assert (shares[label]["Cells alike"].value, shares[label]["Pooled"].value) == (equal.value, pooled.value)
        assert shares[label]["Cells alike"].low == equal.low
    found = entries(table(section, "Labels by mechanism"))
    for [mechanism], parts in by(marks, ["mechanism"]).items():
        assert found["Kind"][mechanism].value == parts[1].value
    agreement = entries(table(section, "How far judges agree"))
    assert agreement["Kind"]["κ first – second"].value == 0
    assert section is not None
    [unread] = [part for part in section.parts if isinstance(part, Words)]
    assert unread.rows == (("second", "malformed", "1"),)
    [lead, *_] = [part for part in section.parts if isinstance(part, Prose)]
    assert "36 reasons judged by first and second" in lead.paragraphs[0]
    keys = [part.key for part in section.parts if isinstance(part, Figure)]
    assert keys == ["reasons-mechanism", "reasons-mechanism-profile", "reasons-agent", "reasons-agent-profile"]


def test_the_page_has_it_and_is_the_same_twice(run: Path) -> None:
    first = write_report(run).read_text(encoding="utf-8")
    assert '<h2 id="reasons">Reasons</h2>' in first
    assert write_report(run).read_text(encoding="utf-8") == first


def test_labels_of_a_user_are_text(tmp_path: Path) -> None:
    hostile = replace(KINDS, labels=(replace(KINDS.labels[0], title=HOSTILE), *KINDS.labels[1:]), name=HOSTILE)
    page = write_report(judged(write_run(tmp_path, records(SHORT), SHORT), hostile)).read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "\x1b" not in page


def test_damaged_judgements_are_told_and_the_page_is_written(run: Path) -> None:
    (run / "judgements.sqlite").write_bytes(b"not at all" * 300)
    assert "The reasons are not told: " in write_report(run).read_text(encoding="utf-8")
