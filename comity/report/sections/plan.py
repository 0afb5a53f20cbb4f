"""What the run was made from, so that the page alone is enough to play it again."""

from __future__ import annotations

from comity.report.contents import Head, Part, Prose, Section, Source
from comity.report.results import Results


def section(results: Results) -> Section:
    """The plan of every run, or the source of imported records."""
    title = "What was imported" if results.is_imported else "The plan"
    note = "The source of the records." if results.is_imported else "The same plan and seed give the same matches."
    parts: list[Part] = [Prose((note,))]
    for name, run in results.runs.items():
        parts += [] if results.only else [Head(name)]
        parts.append(Source(run.header.plan))
    return Section("plan", title, tuple(parts))
