"""Results become the contents of their page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import TypeAlias

from comity.records.spec import Spec
from comity.report.contents import Contents, Section, Warned
from comity.report.facts import spelled
from comity.report.results import Results
from comity.report.sections import (
    agents,
    baselines,
    behaviour,
    calls,
    cells,
    compare,
    episodes,
    exchange,
    factors,
    games,
    headline,
    influence,
    mechanisms,
    memory,
    methods,
    missing,
    networks,
    pairings,
    people,
    plan,
    populations,
    predictions,
    proposals,
    published,
    reasons,
    regret,
    rounds,
)
from comity.report.text import counted, matches, prose
from comity.report.told import replicates
from comity.words.phrases import listed, sentence

SectionOf: TypeAlias = Callable[[Results], Section | None]

SECTIONS: tuple[SectionOf, ...] = (
    people.section,
    headline.section,
    published.section,
    agents.section,
    mechanisms.section,
    games.section,
    factors.section,
    exchange.section,
    behaviour.section,
    rounds.section,
    networks.section,
    pairings.section,
    baselines.section,
    memory.section,
    episodes.section,
    predictions.section,
    proposals.section,
    reasons.section,
    populations.section,
    regret.section,
    cells.section,
    influence.section,
    calls.section,
    missing.section,
    methods.section,
    plan.section,
)
"""The sections of the page, in order; each is None where it has nothing to say."""

COMPARED: tuple[SectionOf, ...] = (compare.section, missing.section, methods.section, plan.section)
"""The sections of a page that sets runs side by side."""

ENDS = (
    ("finished", "finished"),
    ("forfeited", "forfeited"),
    ("payoffs_only", "known by their payoffs only"),
    ("expected", "worked out and not played"),
)


def contents(results: Results, compare: bool = False) -> Contents:
    """Everything the page says. compare: of runs side by side, and not of all as one body of evidence.

    Raises `NotComparable` where runs are to be compared and cannot be.
    """
    found = (of(results) for of in (COMPARED if compare else SECTIONS))
    return Contents(
        name=" + ".join(dict.fromkeys(run.header.name for run in results.runs.values())),
        kind=f"Comparison of {len(results.runs)} runs" if compare else _kind(results),
        lead=_side_by_side(results) if compare else _lead(results),
        warnings=(*_warnings(results), *(() if compare else _pooled(results))),
        complete=_complete(results),
        facts=tuple(_facts(results)),
        sections=tuple(section for section in found if section is not None),
    )


def _kind(results: Results) -> str:
    if results.is_imported:
        return "Report of imported records"
    return "Report of a run" if results.only else f"Report of {len(results.runs)} runs"


def _lead(results: Results) -> str:
    played = results.tables.matches
    if played.empty:
        return "No match of this run is recorded yet."
    agents, games = counted(len(results.agents), "agent"), counted(len(results.games), "game")
    settings = counted(len(results.mechanisms), "mechanism setting")
    amount = f"{matches(len(played))}, {counted(int(played['decisions'].sum()), 'decision')}"
    return f"{agents} played {games} under {settings} in {replicates(results)}: {amount}."


def _side_by_side(results: Results) -> str:
    return f"{sentence(listed(list(results.each)))}, side by side: {matches(len(results.tables.matches))} in all."


def _warnings(results: Results) -> Iterator[Warned]:
    recorded, wanted = len(results.tables.matches), results.wanted
    if recorded != wanted:
        yield Warned(
            "NOT COMPLETE.", f"{recorded:,} of {matches(wanted)} are recorded; every number rests on those alone."
        )
    forfeited = results.count("forfeited")
    if forfeited:
        yield Warned("Forfeited.", f"{matches(forfeited)} ended without payoffs, and no mean counts them; see Missing.")
    notes = [note for run in results.runs.values() for note in run.header.notes]
    if notes:
        said = f"What was taken and what was left out is told under Missing ({counted(len(notes), 'note')})."
        yield Warned("Not everything is here.", said)


def _pooled(results: Results) -> Iterator[Warned]:
    """What counts as one on a page of several runs, and is not."""
    for said in results.mixed:
        yield Warned("Not the same.", f"{sentence(said)}.")


def _complete(results: Results) -> str:
    what = "that were found" if results.is_imported else "of the design"
    wanted = results.wanted
    return f"All {matches(wanted)} {what} are recorded." if len(results.tables.matches) == wanted else ""


def _facts(results: Results) -> Iterator[tuple[str, str]]:
    headers = [run.header for run in results.runs.values()]
    yield "Agents", "; ".join(dict.fromkeys(_introduced(*agent) for header in headers for agent in header.agents))
    yield "Games", ", ".join(map(prose, results.games))
    yield "Mechanisms", ", ".join(map(prose, results.mechanisms))
    yield (
        "Matches",
        ", ".join(f"{results.count(status):,} {words}" for status, words in ENDS if results.count(status)),
    )
    seeds = [str(header.seed) for header in headers if header.origin == "plan"]
    if seeds:
        yield ("Seed" if len(seeds) == 1 else "Seeds"), ", ".join(seeds)
    rules = ", ".join(dict.fromkeys(header.rules_version for header in headers))
    yield "Versions", f"rules {rules}, comity {version('comity')}"


def _introduced(label: str, spec: Spec | None) -> str:
    strategy = label if spec is None else spelled(spec.name, spec.parameters)
    return label if strategy == label else f"{label} = {strategy}"
