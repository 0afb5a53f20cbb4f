"""What a run with language models took, and how sure it made us: calls, tokens, money, widths of intervals."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from comity.report.results import Results
from comity.report.text import distinct
from comity.runs.account import Account, account_of, by_agent, by_mechanism, summed
from comity.runs.ended import asked
from comity.runs.plan import plan_of

Level: TypeAlias = Literal["agent", "mechanism"]


@dataclass(frozen=True)
class Line:
    """What one agent took, or one mechanism, or all together.

    name: of the agent or mechanism. failures: matches that models forfeited, by class. width: of the 95 % interval of
    the mean score over the games the leaderboard is about; None where there is no interval.
    """

    name: str
    account: Account
    failures: Mapping[str, int] = field(default_factory=dict)
    width: float | None = None


@dataclass(frozen=True)
class Took:
    """What was asked, by agent and by mechanism, and in all."""

    agents: tuple[Line, ...]
    mechanisms: tuple[Line, ...]
    total: Line


def took(results: Results) -> Took | None:
    """What the runs of these results took; None where no model was asked."""
    accounts = _accounts(results)
    if not accounts:
        return None
    failed = _failures(results, {account.agent for account in accounts})
    return Took(
        tuple(_lines(results, "agent", by_agent(accounts), failed)),
        tuple(_lines(results, "mechanism", by_mechanism(accounts), failed)),
        Line("together", summed(accounts), _counted(failed)),
    )


def _accounts(results: Results) -> tuple[Account, ...]:
    names = _names(results)
    calls = (
        call._replace(agent=names[call.agent])
        for run in results.runs.values()
        if run.header.origin == "plan"
        for call in asked(plan_of(run.header, f"the plan of {run.path}"), run)
    )
    return account_of(calls)


def _names(results: Results) -> dict[str, str]:
    """What the page calls each agent."""
    labels = dict.fromkeys(label for run in results.runs.values() for label, _ in run.header.agents)
    return dict(zip(labels, distinct(labels), strict=True))


_Failures: TypeAlias = Counter[tuple[str, str, str]]
"""Forfeited matches by the agent that failed, the mechanism, and the class."""


def _failures(results: Results, models: set[str]) -> _Failures:
    found: _Failures = Counter()
    names, matches = _names(results), results.tables.matches
    forfeited = matches.loc[matches["failure"].notna(), ["agents", "mechanism", "failure"]]
    for agents, mechanism, failure in forfeited.itertuples(index=False, name=None):
        told = json.loads(failure)
        agent = names[json.loads(agents)[told["player"]]]
        if agent in models:
            found[agent, mechanism, told["cause"]] += 1
    return found


def _counted(failed: _Failures, place: int | None = None, name: str = "") -> Counter[str]:
    causes: Counter[str] = Counter()
    for key, times in failed.items():
        if place is None or key[place] == name:
            causes[key[2]] += times
    return causes


def _lines(results: Results, level: Level, accounts: Iterable[Account], failed: _Failures) -> list[Line]:
    widths = _widths(results, level)
    place, order = (0, results.agents) if level == "agent" else (1, results.mechanisms)
    known = {getattr(account, level): account for account in accounts}
    return [Line(name, known[name], _counted(failed, place, name), widths.get(name)) for name in order if name in known]


def _widths(results: Results, level: Level) -> Mapping[str, float]:
    """How wide the interval of the mean score is, by name, where there is one."""
    measured = results.measured("mean", [level], results.dilemmas)
    widths: dict[str, float] = defaultdict(float)
    for (name,), measure in measured.items():
        if measure.high >= measure.low:  # which NaN is not
            widths[name] = measure.high - measure.low
    return dict(widths)
