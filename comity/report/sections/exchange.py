"""Exchanges: what was handed in, and whether more would have been if agents asked, or answered, as scripts do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from comity.report.contents import Part, Prose, Section
from comity.report.exchanges import Condition, Exchanges, exchanges_of
from comity.report.figures import Figure, dots
from comity.report.grid import Entry, Grid
from comity.report.results import Results
from comity.report.sections.exchange_capability import capability
from comity.report.sections.exchange_courses import courses
from comity.report.sections.exchange_effects import effects_of
from comity.report.sections.exchange_losses import split
from comity.report.sections.exchange_network import networks
from comity.report.sections.exchange_plane import willing_and_able
from comity.report.sections.exchange_published import published
from comity.report.sections.exchange_turns import turns
from comity.report.text import counted, prose
from comity.words.phrases import listed

SCALES = (
    "Of a score, 0 is what agents hand in who ask and hand in but answer nobody, and 1 the most that scripted "
    "cooperators hand in, in the same world under the same rules with the same sides automated; it can lie beyond "
    "both. Helpfulness is the p at which agents who answer every open request with probability p at each of their "
    "turns hand in as much. Output is far from linear in willingness, so read both."
)
OVER_WORLDS = "Means over worlds; brackets are 95 % intervals over worlds."
DONE = (
    ("tasks", "Tasks"),
    ("optimum", "Share of the bound"),
    ("score", "Score"),
    ("helpfulness", "Helpfulness"),
    ("inequality", "Gini"),
    ("of_204", "Share of 204"),
)
ACTED = (
    ("response", "Response"),
    ("response_1", "Response, at once"),
    ("coverage", "Coverage"),
    ("valid", "Valid requests"),
    ("fulfilment", "Fulfilled needs"),
    ("delay", "Rounds waited"),
    ("submission", "Handed in at once"),
    ("messages", "Messages per task"),
    ("unsolicited", "Sent unasked"),
    ("falsification", "False codes"),
    ("refused", "Refused actions"),
    ("malformed", "Unread replies"),
)
HOW = (
    "Response: requests that were truthfully answered by whom they were made to, ever and at the first chance. "
    "Coverage: of the pieces lacked at a chance to ask, those asked for. Valid: requests that could be made, for a "
    "piece that was needed. Fulfilled: pieces ever lacked that came. Rounds waited: the median, pieces that never came "
    "counted. Refused actions could not be carried out; unread replies said no turn. A dash stands where nothing is "
    "defined, such as a response where nobody asked."
)


def section(results: Results) -> Section | None:
    """Everything about exchanges; None where none was played to its end."""
    found = exchanges_of(results)
    if found is None:
        return None
    parts: list[Part] = [Prose((_lead(found), SCALES)), *_scores(found), _done(found), _acted(found)]
    beside: list[Grid] = []
    parts += willing_and_able(found, results.beside.published)
    parts += split(found, results)
    parts += effects_of(found)
    parts += published(found, results.beside.published)
    for over, all_of_it in (courses(found), networks(found)):
        parts += over
        beside += all_of_it
    parts += turns(found, results)
    parts += capability(found, results.beside.capability)
    return Section("exchange", "Exchange", tuple(parts), tuple(beside))


def _lead(found: Exchanges) -> str:
    games = list(found.games.values())
    sizes = dict.fromkeys((one.agents, one.open_tasks, one.rounds) for one in games)
    bounds = [
        f"{agents * tasks * rounds:,} tasks ({agents} agents, {counted(tasks, 'open task')} each, {rounds} rounds)"
        for agents, tasks, rounds in sizes
    ]
    rules = (
        "by the published rules" if any(one.schedule == "sequential" for one in games) else "in rounds of three phases"
    )
    rules = "in one turn a round at the same time" if any(one.schedule == "simultaneous" for one in games) else rules
    worlds = len({one.game.world for one in found.played})
    return (
        f"{counted(len(found.played), 'exchange')} in {counted(worlds, 'world')}, {rules}. "
        f"Nobody can hand in more than {listed(bounds)}: that is the bound. What a world is stays the same under every "
        "condition, so conditions are compared world by world."
    )


def _heads(found: Exchanges) -> dict[Condition, str]:
    """What each condition is called in a table of all; the mechanism only where there are several."""
    several = len(found.mechanisms) > 1
    return {
        (name, who): f"{found.names[who]} \u00b7 {prose(name)}" if several else found.names[who]
        for who in found.names
        for name in found.mechanisms
        if (name, who) in found.groups
    }


def _scores(found: Exchanges) -> Iterator[Figure]:
    """The score of each composition, one panel for each condition."""
    places = [
        (prose(name), title, found.entry(name, who, "score"))
        for name in found.mechanisms
        for who, title in found.names.items()
        if (name, who) in found.groups
    ]
    known = [place for place in places if not math.isnan(place[2].value)]
    if known:
        index = pd.MultiIndex.from_tuples([place[:2] for place in known])
        values = pd.DataFrame(
            [(entry.value, entry.low, entry.high) for *_, entry in known],
            index if len(found.mechanisms) > 1 else index.get_level_values(1),
            ["value", "low", "high"],
        )
        columns = tuple(dict.fromkeys(place[0] for place in known))
        at = {place[:2]: place[2] for place in known}
        rows = tuple(
            (title, tuple(at.get((column, title), Entry(math.nan)) for column in columns))
            for title in dict.fromkeys(place[1] for place in known)
        )
        note = f"0 is where nobody answers, 1 the most that scripts hand in. {OVER_WORLDS}"
        table = Grid("Score by condition and agent", note, "Agent", columns, rows, 2, "exchange-score")
        yield dots("exchange-score", values, table, across=3)


def _done(found: Exchanges) -> Grid:
    note = f"{OVER_WORLDS} Gini: inequality of what agents were paid, none where nothing was earned."
    if found.is_as_published:
        note += " 204 tasks are the published reference, which is what one policy did and no bound."
    return _table(found, "What was handed in", note, DONE, "exchange-done")


def _acted(found: Exchanges) -> Grid:
    return _table(found, "What agents did", f"{HOW} {OVER_WORLDS.split(';')[0]}.", ACTED, "exchange-acted")


def _table(found: Exchanges, caption: str, note: str, told: Sequence[tuple[str, str]], key: str) -> Grid:
    """Measures of every condition; those that none has are left out."""
    shown = [(name, head) for name, head in told if any(row.get(name) is not None for row in found.rows.values())]
    rows = tuple(
        (head, tuple(found.entry(*condition, name) for name, _ in shown)) for condition, head in _heads(found).items()
    )
    return Grid(caption, note, "Agent and condition", tuple(head for _, head in shown), rows, 2, key)
