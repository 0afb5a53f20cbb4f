"""Agents held against people: verdicts with their reasons, pictures, every number, and what was the same experiment."""

from __future__ import annotations

from comity.fidelity.kept import Fidelity
from comity.report.contents import Head, Part, Prose, Section
from comity.report.results import Results
from comity.report.sections.people_fits import mixtures
from comity.report.sections.people_numbers import individuals, slopes, statistics
from comity.report.sections.people_pictures import courses, rates, responses
from comity.report.sections.people_published import published
from comity.report.sections.people_verdicts import audited, compared, parity, verdicts
from comity.report.text import counted, prose
from comity.words.phrases import listed


def section(results: Results) -> Section | None:
    """All that was found when agents were held against people; None where nobody asked."""
    held = results.beside.people
    if held is None:
        return None
    kept = held.fidelity
    parts: list[Part] = [Prose((_lead(kept),)), *verdicts(kept), *audited(kept)]
    parts += [*courses(kept), *rates(kept), *individuals(kept), *responses(kept), *slopes(kept)]
    parts += [
        *mixtures(held),
        *statistics(kept),
        Head("Were they in the same experiment?"),
        compared(kept),
        parity(kept),
    ]
    parts += published(held)
    return Section("people", "Agents against people", tuple(parts))


def _lead(kept: Fidelity) -> str:
    found = kept.comparison
    names = listed([prose(name) for name in found.conditions])
    runs, sessions = counted(found.runs, "run"), counted(found.clusters, "independent session")
    tuned = (
        f", and {counted(found.calibration, 'more', 'more')} that only tuned the cheap rules"
        if found.calibration
        else ""
    )
    return (
        f"{found.candidate} ({runs}) is held against people ({found.people}: {sessions}{tuned}) in {names}. Three "
        "questions have three answers, and there is no score over them: whether the aggregate is as people's, whether "
        "individuals differ as people do, and whether choices follow from what was seen as people's do."
    )
