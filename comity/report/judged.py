"""A page about judged reasons that belong to no run."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from comity.judge.keeping import Judgements
from comity.judge.marks import marks_of
from comity.report.contents import Contents, Section
from comity.report.page import write_contents
from comity.report.sections.reasons import parts
from comity.report.text import counted


def write_judged(folder: Path, path: Path) -> Path:
    """Write what was judged in that folder as a page, and say where it is.

    Raises `JudgeError` where nothing was judged there or the file is damaged, `RunError` where the page cannot be
    written.
    """
    with Judgements.open(folder) as file:
        marks = marks_of(file)
    reasons = counted(len(marks.reasons), "reason")
    facts = (("Reasons", marks.terms.source), ("Taxonomy", marks.terms.taxonomy.name), ("comity", version("comity")))
    section = Section("reasons", "Reasons", tuple(parts(marks)))
    lead = f"{reasons} from {marks.terms.source}."
    found = Contents("Judged reasons", "Report of judged reasons", lead, (), "", facts, (section,))
    return write_contents(found, path)
