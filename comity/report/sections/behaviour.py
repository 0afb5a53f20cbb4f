"""What was done: how often each action, and after what."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd

from comity.core.named import named_game
from comity.metrics.behaviour import OPENING
from comity.metrics.ranges import actions_of
from comity.report.contents import Part, Prose, Section
from comity.report.figures import Figure, heat_map, stacked
from comity.report.grid import Entry, Grid, tinted
from comity.report.results import ALL, Key, Results, Shares
from comity.report.text import number, prose

LEAD = (
    "How often each action was taken, by all agents together, and how often they cooperated after what their "
    "co-players had done the last time. What each agent did stands with each game below."
)
MOST_PARTS = 6
"""A bar in parts has so many parts at most; more actions are tabled."""
MOST_LISTED = 24
"""Games with more actions, or more that can have happened before, are left out."""


def section(results: Results) -> Section | None:
    """Actions game by game, and replies mechanism by mechanism; None where there are too many games to show each."""
    if results.is_large:
        return None
    found = (*_by_game(results), *_by_mechanism(results))
    return Section("behaviour", "Behaviour", (Prose((LEAD,)), *found)) if found else None


def _by_game(results: Results) -> Iterator[Part]:
    """For each game one bar per mechanism and role, in as many parts as there are actions."""
    for place, game in enumerate(results.games):
        by_actions: dict[tuple[str, ...], list[Key]] = {}
        for of in _of_game(results, game):
            by_actions.setdefault(tuple(_in_order(results, of)), []).append(of)
        for number_of, (order, found) in enumerate(by_actions.items()):
            if 1 < len(order) <= MOST_LISTED:
                yield _bars(results, f"actions-{place}-{number_of}", game, found, order)


def _of_game(results: Results, game: str) -> list[Key]:
    return [of for mechanism in results.mechanisms for of in _roles(results, (mechanism, game))]


def _bars(results: Results, key: str, game: str, found: Sequence[Key], order: Sequence[str]) -> Figure | Grid:
    heads = [f"{prose(of[0])}{_as(results, of)}" for of in found]
    rows = tuple(
        (head, tuple(_entry(results.actions[of], ALL, action) for action in order))
        for head, of in zip(heads, found, strict=True)
    )
    note = f"Share of each action among all plays of all agents.{errors(results)}"
    table = Grid(f"What was done in {prose(game)}", note, "Mechanism", tuple(order), rows, key=key)
    values = pd.DataFrame([[entry.value for entry in entries] for _, entries in rows], heads, list(order))
    return stacked(key, values, table) if len(order) <= MOST_PARTS else tinted(table)


def _by_mechanism(results: Results) -> Iterator[Figure]:
    """For each mechanism in which something can have happened before, cooperation after it, by agent."""
    for place, mechanism in enumerate(results.mechanisms):
        rows = [
            (f"{prose(game)}{_as(results, key)}: {_shown(condition)}", key, condition, cooperative)
            for key in results.replies
            if key[0] == mechanism and (cooperative := _cooperative(results, key))
            for game in [key[1]]
            for condition in _listed(results, key)
        ]
        if rows:
            yield _replies(results, f"replies-{place}", prose(mechanism), rows)


def _replies(results: Results, key: str, mechanism: str, rows: Sequence[tuple[str, Key, str, str]]) -> Figure:
    columns = (ALL, *results.agents)
    entries = tuple(
        (head, tuple(_entry(results.replies[of], agent, action, condition) for agent in columns))
        for head, of, condition, action in rows
    )
    caption = f"Cooperation under {mechanism}, after what co-players did"
    note = (
        "Share of cooperative actions among the plays that followed; a dash where it never came to that. "
        f"At first: no co-player had acted before.{errors(results)}"
    )
    table = Grid(caption, note, "After", columns, entries, key=key)
    values = pd.DataFrame([[one.value for one in row] for _, row in entries], [row[0] for row in rows], list(columns))
    return heat_map(key, values, table)


# In the part of a cell


def actions(results: Results, key: Key) -> Iterator[Grid]:
    """How often each agent took each action, role by role."""
    for of in _roles(results, key):
        order = _in_order(results, of)
        if 1 < len(order) <= MOST_LISTED:
            rows = tuple(
                (agent, tuple(_entry(results.actions[of], agent, action) for action in order))
                for agent in (ALL, *results.agents)
            )
            note = f"Share of each action among all plays of the agent.{errors(results)}"
            caption = f"What each agent did{_as(results, of)}"
            yield tinted(Grid(caption, note, "Agent", tuple(order), rows, key=_name(results, of, "actions")))


def replies(results: Results, key: Key) -> Iterator[Grid]:
    """How often each agent took each action after what its co-players did before, role by role.

    Where there are two actions only one is told, the cooperative one if there is any.
    """
    for of in _roles(results, key):
        conditions, order = _listed(results, of), _in_order(results, of)
        if conditions and 1 < len(order) <= MOST_LISTED:
            told = order[-1:] if len(order) == 2 else order
            rows = tuple(
                (agent if len(told) == 1 else f"{agent}: {action}", _replied(results, of, (agent, action), conditions))
                for agent in (ALL, *results.agents)
                for action in told
            )
            note = (
                f"Share of {told[0] if len(told) == 1 else 'each action'} among the plays of the agent, after the last "
                f"actions of its co-players; a dash where it never came to that.{errors(results)}"
            )
            caption = f"What each agent did after what its co-players did{_as(results, of)}"
            heads = tuple(map(_shown, conditions))
            yield tinted(Grid(caption, note, "Agent", heads, rows, key=_name(results, of, "replies")))


def _replied(results: Results, of: Key, who: tuple[str, str], conditions: Sequence[str]) -> tuple[Entry, ...]:
    return tuple(_entry(results.replies[of], *who, condition) for condition in conditions)


# What is counted


def errors(results: Results) -> str:
    """How errors are to be read, where there can be any."""
    return " \u00b1 is the standard error over replicates." if results.is_replicated else ""


def _roles(results: Results, key: Key) -> list[Key]:
    return [of for of in results.actions if of[:2] == key]


def _name(results: Results, of: Key, what: str) -> str:
    role = [one[2] for one in _roles(results, of[:2])].index(of[2]) + 1
    return f"{results.place(of[:2])}-{what}-{role}"


def _as(results: Results, of: Key) -> str:
    several = len(set(named_game(results.cells[of[:2]].built).roles)) > 1
    return f", as {of[2]}" if several else ""


def _entry(shares: Shares, *of: str) -> Entry:
    share, error = shares.get(of, (math.nan, math.nan))
    return Entry(share, "" if math.isnan(error) else f"\u00b1 {number(error)}")


def _in_order(results: Results, of: Key) -> list[str]:
    """The actions of that role in the order of the game, or the other way round so that the cooperative one is last."""
    order = _sorted(results, of, list(dict.fromkeys(action for _, action in results.actions[of])))
    return order[::-1] if order[0] == _cooperative(results, of) else order


def _sorted(results: Results, of: Key, labels: Sequence[str]) -> list[str]:
    """Labels of one or several actions, in the order of the game; unknown ones last."""
    known = [action for actions in actions_of(named_game(results.cells[of[:2]].built)) for action in actions]

    def place(label: str) -> list[int]:
        return [known.index(action) if action in known else len(known) for action in label.split(", ")]

    return sorted(labels, key=place)


def _listed(results: Results, of: Key) -> list[str]:
    """What can have happened before, the opening first; nothing where only that is known, or too much to list."""
    found = list(dict.fromkeys(condition for *_, condition in results.replies.get(of, {})))
    later = _sorted(results, of, [condition for condition in found if condition != OPENING])
    opening = [OPENING] if OPENING in found else []
    return [*opening, *later] if 0 < len(later) <= MOST_LISTED else []


def _shown(condition: str) -> str:
    """The actions before, each once: "contribute \u00d72"."""
    if condition == OPENING:
        return "at first"
    counts = Counter(condition.split(", "))
    return ", ".join(action if count == 1 else f"{action} \u00d7{count}" for action, count in counts.items())


def _cooperative(results: Results, of: Key) -> str:
    """The cooperative action of that role; nothing where there is none."""
    named = named_game(results.cells[of[:2]].built)
    return dict(zip(named.roles, named.cooperative, strict=True))[of[2]] or ""
