"""A run becomes the contents of its page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from textwrap import shorten

from comity.records.record import Failure
from comity.records.spec import Spec
from comity.report.cells import cell_part
from comity.report.contents import Contents, Forfeit, Warned
from comity.report.facts import spelled
from comity.report.overview import leaderboard, maps, rounds
from comity.report.results import Results
from comity.report.text import counted, matches, prose
from comity.words.phrases import sentence

ENDS = (
    ("finished", "finished"),
    ("forfeited", "forfeited"),
    ("payoffs_only", "known by their payoffs only"),
    ("expected", "worked out exactly and not played"),
)
MOST_FORFEITS = 100
"""So many forfeited matches are listed one by one."""
MOST_REASON = 300
"""So many characters of the reason are told."""


def contents(results: Results) -> Contents:
    """Everything the page of a run says."""
    run = results.run
    played, imported = bool(results.cells), run.header.origin == "import"
    return Contents(
        name=run.header.name,
        kind="Report of imported records" if imported else "Report of a run",
        lead=_lead(results),
        warnings=tuple(_warnings(results)),
        complete=_complete(results),
        facts=tuple(_facts(results)),
        agents=leaderboard(results) if played else None,
        maps=tuple(maps(results)) if played else (),
        rounds=tuple(rounds(results)),
        cells=tuple(
            (prose(name), tuple(cell_part(results, key) for key in results.cells if key[0] == name))
            for name in results.mechanisms
        ),
        gaps=tuple(_gaps(results)),
        forfeits=tuple(islice(_forfeits(results), MOST_FORFEITS)),
        forfeits_cut=max(results.count("forfeited") - MOST_FORFEITS, 0),
        plan_title="What was imported" if imported else "The plan",
        plan_note="The source of the records." if imported else "The same plan and seed give the same matches.",
        plan=run.header.plan,
    )


def _lead(results: Results) -> str:
    played = results.tables.matches
    if played.empty:
        return "No match of this run is recorded yet."
    agents, games = counted(len(results.agents), "agent"), counted(len(results.games), "game")
    settings = counted(len(results.mechanisms), "mechanism setting")
    replicates = counted(played["replicate"].nunique(), "replicate")
    amount = f"{matches(len(played))}, {counted(int(played['decisions'].sum()), 'decision')}"
    return f"{agents} played {games} under {settings} in {replicates}: {amount}."


def _warnings(results: Results) -> Iterator[Warned]:
    recorded, wanted = len(results.tables.matches), results.run.header.matches
    if recorded != wanted:
        yield Warned(
            "NOT COMPLETE.", f"{recorded:,} of {matches(wanted)} are recorded; every number rests on those alone."
        )
    forfeited = results.count("forfeited")
    if forfeited:
        yield Warned("Forfeited.", f"{matches(forfeited)} ended without payoffs, and no mean counts them; see Missing.")
    notes = results.run.header.notes
    if notes:
        said = f"What was taken and what was left out is told under Missing ({counted(len(notes), 'note')})."
        yield Warned("Not everything is here.", said)


def _complete(results: Results) -> str:
    wanted, imported = results.run.header.matches, results.run.header.origin == "import"
    what = "that were found" if imported else "of the design"
    return f"All {matches(wanted)} {what} are recorded." if len(results.tables.matches) == wanted else ""


def _facts(results: Results) -> Iterator[tuple[str, str]]:
    header = results.run.header
    yield "Agents", "; ".join(_introduced(label, spec) for label, spec in header.agents)
    yield "Games", ", ".join(map(prose, results.games))
    yield "Mechanisms", ", ".join(map(prose, results.mechanisms))
    yield (
        "Matches",
        ", ".join(f"{results.count(status):,} {words}" for status, words in ENDS if results.count(status)),
    )
    if header.origin == "plan":
        yield "Seed", str(header.seed)
    yield "Versions", f"rules {header.rules_version}, comity {version('comity')}"


def _introduced(label: str, spec: Spec | None) -> str:
    strategy = label if spec is None else spelled(spec.name, spec.parameters)
    return label if strategy == label else f"{label} = {strategy}"


def _gaps(results: Results) -> Iterator[str]:
    lacking = results.run.header.matches - len(results.tables.matches)
    if lacking:
        yield f"{matches(lacking)} of the design are not recorded."
    if results.count("payoffs_only"):
        known = "only the payoffs are known: they count in every mean of payoffs, and not in cooperation."
        yield f"Of {matches(results.count('payoffs_only'))} {known}"
    if results.count("forfeited"):
        yield f"{matches(results.count('forfeited'))} ended without payoffs because a player gave no valid answer."
    yield from map(sentence, results.run.header.notes)


def _forfeits(results: Results) -> Iterator[Forfeit]:
    played = results.tables.matches
    for match in played.loc[played["status"] == "forfeited", "match"].tolist():
        record = results.run.record(match)
        cell, agents = record.match.cell, record.match.agents
        why = _why(record.failure, agents) if record.failure else "no reason is recorded"
        yield Forfeit(match, prose(cell.mechanism_label), prose(cell.game_label), ", ".join(agents), why)


def _why(failure: Failure, agents: Sequence[str]) -> str:
    who = f"{agents[failure.player]} (player {failure.player + 1})"
    return f"{who}, asked to {failure.kind}: {shorten(failure.reason, MOST_REASON)}"
