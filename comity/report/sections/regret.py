"""What agents could have earned, and what they can expect to earn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from comity.report.contents import Prose, Section
from comity.report.grid import Grid
from comity.report.results import Key, Measure, Results
from comity.report.text import prose
from comity.report.told import entry
from comity.words.phrases import listed, sentence

LEAD = (
    "Regret is what the best reply to the others' recorded behaviour would have earned beyond what the agent's own "
    "recorded behaviour earns: 0 is a best reply. An expected score is a mean score without luck: stated lotteries are "
    "averaged over instead of drawn from, against all opponents and not only those of that match."
)
_BY = ("mechanism", "agent")


def section(results: Results) -> Section | None:
    """Regret, and expected beside sampled scores, by agent and mechanism; both are worked out from decisions."""
    if not results.has_decisions:
        return None
    found = (*_regret(results), *_expected(results))
    return Section("regret", "Regret and expected payoffs", (Prose((LEAD,)), *found)) if found else None


def _regret(results: Results) -> Iterator[Grid]:
    measured = results.measured("regret", _BY, results.dilemmas)
    told = _told(results, measured)
    if told:
        rows = tuple((agent, tuple(entry(measured, (name, agent)) for name in told)) for agent in results.agents)
        note = f"On each game's scale; 0 is the best that could have been done. {_resting(results, 'regret', told)}"
        yield Grid("Regret by agent and mechanism", note, "Agent", tuple(map(prose, told)), rows)


def _expected(results: Results) -> Iterator[Grid]:
    """Expected beside sampled mean scores."""
    expected, sampled = (results.measured(name, _BY, results.dilemmas) for name in ("expected", "mean"))
    told = _told(results, expected)
    if told:
        rows = tuple(
            (agent, tuple(entry(each, (name, agent)) for name in told for each in (expected, sampled)))
            for agent in results.agents
        )
        columns = tuple(f"{prose(name)}: {each}" for name in told for each in ("expected", "sampled"))
        note = f"The same mean score twice, on each game's scale. {_resting(results, 'expected', told)}"
        yield Grid("Expected and sampled mean scores", note, "Agent", columns, rows)


def _told(results: Results, measured: Mapping[Key, Measure]) -> list[str]:
    """The mechanisms in which some agent has a value."""
    known = {key[0] for key, measure in measured.items() if not math.isnan(measure.value)}
    return [name for name in results.mechanisms if name in known]


def _resting(results: Results, metric: str, told: Sequence[str]) -> str:
    """What the numbers rest on: the games, which mechanisms have fewer of them, and what has no value at all."""
    said = [f"Over {listed(list(map(prose, results.dilemmas)))}."]
    fewer: dict[tuple[str, ...], list[str]] = {}
    for name in told:
        fewer.setdefault(tuple(game for game in results.dilemmas if (name, game) in results.cells), []).append(name)
    said += [
        f"Under {listed(list(map(prose, names)))} only {listed(list(map(prose, games)))}."
        for games, names in fewer.items()
        if len(games) < len(results.dilemmas)
    ]
    said += [f"{sentence(remark)}." for remark in results.metrics[metric].remarks(results.tables)]
    return " ".join(said)
