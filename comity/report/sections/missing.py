"""What is missing, and why."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from textwrap import shorten

from comity.metrics import MetricError, table
from comity.metrics.missed import missed, told
from comity.metrics.missing import CONVENTIONS, Convention, filled, forfeits, unbounded
from comity.records.record import Record
from comity.records.tables import Tables
from comity.report.contents import Items, Part, Prose, Section, Words
from comity.report.grid import Entry, Grid
from comity.report.results import NOTHING_MEASURED, Key, Results, measures
from comity.report.text import matches, prose
from comity.report.told import entry
from comity.stats.proportions import exact
from comity.words.phrases import sentence

READ: dict[Convention, str] = {
    "lowest": "Lowest",
    "highest": "Highest",
    "cooperation": "If cooperation",
    "defection": "If defection",
    "random": "If random",
}
"""What the conventions are called at the head of a column."""
BOUNDS: tuple[Convention, ...] = ("lowest", "highest")
"""The conventions that say something where nobody failed and values are lacking all the same."""
_WHAT_IF = {"mean": "Mean payoff", "cooperation": "Cooperation"}
KNOWN = "What each mean is over what is known; the least and the most that it could be, whatever is missing."
FAILED = (
    " Then what it would be if every failure were counted as cooperation, as defection or as each action equally "
    "often; nothing on this page counts failures so."
)
MOST_FORFEITS = 100
"""So many kinds of failures are listed."""
ALIKE = "Failures of one agent in one game under one mechanism that differ in numbers only stand in one row."
"""How the list is read where there are such."""
MOST_REASON = 300
"""So many characters of the reason are told."""
CAUSES = {
    "none": "had no answer",
    "illegal": "chose what is not allowed",
    "refusal": "refused to answer",
    "truncated": "the answer was cut off",
    "malformed": "the answer could not be read",
    "filtered": "the provider withheld the answer",
    "timeout": "no answer came in time",
    "provider": "the provider failed",
    "exception": "the function raised an error",
}
"""The causes of a `comity.records.record.Failure` in words."""


def section(results: Results) -> Section:
    """What the run lacks, and what it could change."""
    gaps = tuple(_gaps(results))
    nothing = Prose(("Nothing: every match of the design was played to its end.",))
    parts: list[Part] = [Items(gaps) if gaps else nothing]
    if results.count("forfeited"):
        parts += [_shares(results), _causes(results), _listed(results)]
    parts += _answers(results)
    parts += _what_if(results)
    return Section("missing", "Missing", tuple(parts))


def _answers(results: Results) -> Iterator[Words]:
    """The answers that are missing in matches that went on without them, by agent, with their causes if known."""
    found = missed(results.tables)
    if found.empty:
        return
    decisions = results.tables.decisions
    absent = decisions[decisions["missing"].notna()]
    causes = {agent: Counter(of["missing"].tolist()) for agent, of in absent.groupby("agent")}
    rows = tuple(
        (agent, f"{missing:,}", f"{asked:,}", _why_missed(causes.get(agent, Counter())))
        for agent, missing, asked in found.itertuples(index=False)
    )
    note = "Matches that went on without an answer; it counts neither as cooperation nor as defection."
    yield Words("Missing answers", note, ("Agent", "Missing", "Of its actions", "Causes"), rows)


def _why_missed(causes: Counter[str]) -> str:
    return ", ".join(f"{CAUSES.get(cause, cause)} ({number:,})" for cause, number in causes.most_common())


def _shares(results: Results) -> Grid:
    """How many matches of each agent under each mechanism were forfeited, and how often by its own failure."""
    lost = (
        forfeits(results.tables).groupby(["mechanism", "agent"], sort=False)[["matches", "forfeited", "failures"]].sum()
    )
    totals = dict(zip(lost.index.tolist(), lost.to_numpy(int).tolist(), strict=True))
    under = [name for name in results.mechanisms if any(of[0] == name and totals[of][1] for of in totals)]
    rows = tuple((agent, tuple(_share(totals.get((name, agent))) for name in under)) for agent in results.agents)
    note = (
        "Of the matches that an agent was in and that were begun, the share without an end, and how many of these by a "
        "decision of its own. Brackets are exact 95 % intervals after Clopper and Pearson, as if matches were "
        "independent. Mechanisms without forfeits are left out."
    )
    return Grid("Share of forfeited matches", note, "Agent", tuple(map(prose, under)), rows)


def _share(counts: list[int] | None) -> Entry:
    if counts is None:
        return Entry(math.nan)
    begun, lost, own = counts
    low, high = exact(lost, begun)
    share = lost / begun if begun else math.nan
    return Entry(share, f"{lost:,} of {begun:,}, {own:,} its own", low=low, high=high)


def _what_if(results: Results) -> Iterator[Part]:
    """The mean and cooperation, where they lack a value, if what is missing were this or that."""
    lacking = {metric: caption for metric, caption in _WHAT_IF.items() if _lacks(results, metric)}
    if not lacking:
        return
    cells = list(results.cells.values())
    has_failures = bool(results.tables.outcomes["payoff"].isna().any())
    try:
        put = {
            convention: filled(results.tables, cells, convention)
            for convention in (CONVENTIONS if has_failures else BOUNDS)
        }
    except MetricError as error:
        yield Prose((f"What could have been is not told: {error}.",))
        return
    without_bounds = "".join(f" {sentence(note)}." for note in unbounded(results.tables, cells))
    games = ", ".join(map(prose, results.dilemmas))
    note = f"{KNOWN}{FAILED if has_failures else ''} Over {games}.{without_bounds}"
    for metric, caption in lacking.items():
        yield _under(results, metric, put, f"{caption} by mechanism, whatever is missing", note)


def _lacks(results: Results, metric: str) -> bool:
    """Whether matches are missing from a mean that `_under` tells."""
    return any(one.missing for one in results.measured(metric, ["mechanism"], results.dilemmas).values())


def _under(results: Results, metric: str, put: Mapping[Convention, Tables], caption: str, note: str) -> Grid:
    found = [results.measured(metric, ["mechanism"], results.dilemmas)]
    found += [measures(table(tables, metric, ["mechanism"], results.dilemmas)) for tables in put.values()]
    rows = tuple(
        (
            prose(name),
            (
                entry(found[0], (name,)),
                *(Entry(each.get((name,), NOTHING_MEASURED).value) for each in found[1:]),
            ),
        )
        for name in results.mechanisms
    )
    return Grid(caption, note, "Mechanism", ("As it is", *(READ[convention] for convention in put)), rows)


def _causes(results: Results) -> Words:
    """By whose failure matches were forfeited, and of which class it was; the most frequent first."""
    played = results.tables.matches
    records = map(results.record, played.loc[played["status"] == "forfeited", "match"].tolist())
    counts = Counter(
        (record.match.agents[record.failure.player], record.failure.cause) for record in records if record.failure
    )
    rows = tuple((agent, CAUSES.get(cause, cause), f"{count:,}") for (agent, cause), count in counts.most_common())
    return Words("Forfeited matches by cause", "", ("Who failed", "Cause", "Matches"), rows)


def _listed(results: Results) -> Words:
    found = list(_forfeits(results))
    more = len(found) - MOST_FORFEITS
    notes = [ALIKE] if len(found) < results.count("forfeited") else []
    notes += [f"The first {MOST_FORFEITS}; {more} more are not listed."] if more > 0 else []
    columns = ("First match", "Matches", "Mechanism", "Game", "Who failed, and why")
    return Words("Forfeited matches", " ".join(notes), columns, tuple(islice(found, MOST_FORFEITS)))


def _gaps(results: Results) -> Iterator[str]:
    lacking = results.wanted - len(results.tables.matches)
    if lacking:
        yield f"{matches(lacking)} of the design are not recorded."
    if results.count("payoffs_only"):
        known = "only the payoffs are known: they count in every mean of payoffs, and not in cooperation."
        yield f"Of {matches(results.count('payoffs_only'))} {known}"
    if results.count("expected"):
        n = results.count("expected")
        were, have = ("was", "has") if n == 1 else ("were", "have")
        yield f"{matches(n)} {were} worked out from crossed answers and not played, and so {have} no cooperation."
    if results.count("forfeited"):
        yield f"{matches(results.count('forfeited'))} ended without payoffs because a player gave no valid answer."
    yield from (f"{sentence(note)}." for note in told(results.tables))
    yield from (sentence(note) for run in results.runs.values() for note in run.header.notes)


def _forfeits(results: Results) -> Iterator[tuple[str, ...]]:
    """Failures that are alike but for numbers, together: the first match, how many there are, and what happened."""
    played = results.tables.matches
    alike: dict[Key, list[tuple[int, str]]] = defaultdict(list)
    for match in played.loc[played["status"] == "forfeited", "match"].tolist():
        record = results.record(match)
        cell, why = record.match.cell, _why(record)
        where = prose(cell.mechanism_label), prose(cell.game_label)
        alike[*where, re.sub(r"\d+", "#", why)].append((match, why))
    for (mechanism, game, _), found in alike.items():
        first, why = found[0]
        yield str(first), f"{len(found):,}", mechanism, game, why


def _why(record: Record) -> str:
    if record.failure is None:
        return "no reason is recorded"
    failure = record.failure
    who = record.match.agents[failure.player]
    return f"{who}, asked to {failure.kind}: {shorten(failure.reason, MOST_REASON)}"
