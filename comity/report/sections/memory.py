"""What agents did over the rounds: memory-one fits, how they went on after defections, and whether they took turns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeVar

import pandas as pd

from comity.metrics.episodes import AFTER
from comity.metrics.memory import LAST, Forgiveness, Median, MemoryOne, Share, forgiveness, memory_one
from comity.metrics.turns import Turns, turns
from comity.report.contents import Part, Prose, Section
from comity.report.figures import dots, lines
from comity.report.grid import Entry, Grid
from comity.report.results import Results
from comity.report.text import counted, prose
from comity.words.phrases import some

MOST_ROWS = 30
"""Of more agents and mechanisms the mechanisms are taken together."""
MOST_TABLED, MOST_FILED = 60, 4_000
"""So many rows by game, mechanism and agent stand on the page at most, and so many go into the files."""
Found = TypeVar("Found", MemoryOne, Forgiveness, Turns)

HEADS = ("At first", "After CC", "After CD", "After DC", "After DD")
LEAD = (
    "Here the unit is the episode, a match of several rounds between the same players: intervals take whole episodes "
    "for draws, since the rounds of one follow from each other. Where nothing was left to chance numbers are exact."
)
FITTED = (
    "How often the agent cooperates in the first round, and after each kind of last round: its own act first, then its "
    "partner's (all partners', where there are several), C to cooperate and D not to. A memory-one strategy is these "
    "five numbers. Under each, the rounds and episodes it is of."
)
BY_OPTION = (
    " By first option: where no action means to cooperate, C is to take the option that stands first in one's list."
)
EXPLAINED = (
    "The mean log-likelihood of a round (0 is certainty, \u22120.693 the toss of a coin), first with one rate for all "
    "rounds, then with the five of the fit; the share of rounds in which the agent did what the fit makes likelier; "
    "and the share in which it did what the nearest named strategies do, given the same past. Nearest is what "
    "makes the play likeliest if it errs now and then; near one half it says nothing. All of the fitted rounds."
)
UNFORGIVING = (
    "Share of rounds in which the agent cooperates after so many defections of its partner before: at 0 there was none "
    "yet. A curve that falls to 0 at 1 and stays there is unforgiving."
)
AGAIN = (
    "Of the episodes in which the partner defected before the end: the share in which the agent cooperated later, and "
    "after how many rounds (1 is the next), the median, with those that never did as the longest."
)
TURNS = (
    "Changing: the share of rounds in which the agent takes another option than before. Coordination: both take the "
    "option of the same place in their lists. Taking turns: of pairs of successive rounds, those that are coordinated "
    "on different options; 1 is turn-taking from first to last. In step: the episodes that end coordinated, and the "
    "round from which they are so to the end, the median over episodes."
)


def section(results: Results) -> Section | None:
    """Fits, curves and turns; None where nothing was played over several rounds by the same players."""
    rounds = results.rounds
    if rounds.empty:
        return None
    by = _keys(results)
    each = tuple(_in_each_cell(results))
    is_short = sum(len(grid.rows) for grid in each) <= MOST_TABLED
    parts: tuple[Part, ...] = (
        Prose((LEAD,)),
        *_fits(_in_order(results, memory_one(rounds, by))),
        *(each if is_short else ()),
        *_unforgiving(_in_order(results, forgiveness(rounds, by))),
        _turns(_in_order(results, turns(rounds, by))),
    )
    return Section("memory", "After what they saw", parts, () if is_short else each)


def _keys(results: Results) -> tuple[str, ...]:
    """By agent, and by mechanism where there are several and not too many rows."""
    found = results.rounds[["mechanism", "agent", "basis"]].drop_duplicates()
    return ("mechanism", "agent") if found["mechanism"].nunique() > 1 and len(found) <= MOST_ROWS else ("agent",)


def _in_order(results: Results, found: Sequence[Found]) -> list[Found]:
    """By agent, as they are named everywhere on the page; what is left of the key in its own order."""
    places = {agent: place for place, agent in enumerate(results.agents)}
    return sorted(found, key=lambda one: places[one.key[-1]])


def _head(key: Sequence[str], basis: str = "cooperation") -> str:
    *where, agent = key
    told = " \u00b7 ".join([*map(prose, where), agent])
    return told if basis == "cooperation" else f"{told}, by first option"


def _note(found: Sequence[MemoryOne]) -> str:
    return FITTED + (BY_OPTION if any(fit.basis != "cooperation" for fit in found) else "")


def _fits(found: Sequence[MemoryOne]) -> Iterator[Part]:
    yield _fitted(found, "Memory-one fits", "memory-one")
    rows = tuple(
        (_head(fit.key, fit.basis), (*map(Entry, (fit.constant, fit.likelihood, fit.predicted)), _nearest(fit)))
        for fit in found
    )
    columns = ("One rate", "Memory-one", "Rounds predicted", "Nearest strategy")
    yield Grid("How far memory-one explains", EXPLAINED, "Agent", columns, rows, key="memory-one-explains")


def _fitted(found: Sequence[MemoryOne], caption: str, key: str) -> Part:
    """The five shares of each fit: as a figure, a panel for each, where there are not too many rows."""
    rows = tuple((_head(fit.key, fit.basis), tuple(map(_entry, fit.after))) for fit in found)
    table = Grid(caption, _note(found), "Agent", HEADS, rows, key=key)
    if len(rows) > MOST_ROWS:
        return table
    values = pd.DataFrame(
        [(one.value, one.low, one.high) for place in range(len(AFTER)) for _, row in rows for one in [row[place]]],
        index=pd.MultiIndex.from_product([HEADS, [head for head, _ in rows]]),
        columns=["value", "low", "high"],
    )
    return dots(key, values, table)


def _nearest(fit: MemoryOne) -> Entry:
    return Entry(fit.agreement, some([*map(prose, fit.nearest)], 3))


def _entry(share: Share) -> Entry:
    told = f"{counted(share.rounds, 'round')}, {counted(share.episodes, 'episode')}" if share.rounds else ""
    return Entry(share.value, told, low=share.low, high=share.high)


def _bare(share: Share) -> Entry:
    return Entry(share.value, low=share.low, high=share.high)


def _unforgiving(found: Sequence[Forgiveness]) -> Iterator[Part]:
    """The curve of everybody whose partner defected, and how long it took them to cooperate again."""
    met = [one for one in found if len(one.after) > 1]
    if not met:
        return
    yield _curves(met)
    rows = tuple((_head(one.key), (_entry_of_episodes(one.again), _time(one.wait))) for one in met)
    columns = ("Cooperates again", "Rounds until then")
    yield Grid("Going on after a first defection", AGAIN, "Agent", columns, rows, digits=2, key="forgiveness")


def _curves(found: Sequence[Forgiveness]) -> Part:
    most = max(len(one.after) for one in found)
    columns = tuple(map(str, range(most)))
    if most > LAST:
        columns = (*columns[:-1], f"{LAST} or more")
    nothing = Share(math.nan, math.nan, math.nan, 0, 0)
    padded = [(*one.after, *[nothing] * (most - len(one.after))) for one in found]
    heads = [_head(one.key) for one in found]
    rows = tuple((head, tuple(map(_entry, shares))) for head, shares in zip(heads, padded, strict=True))
    caption = "Cooperation after so many defections of the partner"
    table = Grid(caption, UNFORGIVING, "Agent", columns, rows, digits=2, key="unforgiveness")
    if len(found) > MOST_ROWS or most < 2:
        return table
    value, low, high = (
        pd.DataFrame([[getattr(one, name) for one in shares] for shares in padded], heads, range(most)).T
        for name in ("value", "low", "high")
    )
    return lines("unforgiveness", value, most - 1, table, low, high, over="count")


def _entry_of_episodes(share: Share) -> Entry:
    return Entry(share.value, counted(share.episodes, "episode"), low=share.low, high=share.high)


def _time(wait: Median) -> Entry:
    """A number of rounds; what never comes, or may never come, in words."""
    if math.isinf(wait.value):
        early = "" if math.isinf(wait.low) or math.isnan(wait.low) else f", at the earliest {wait.low:g}"
        return Entry(math.nan, f"never{early}")
    if math.isinf(wait.high):
        return Entry(wait.value, f"from {wait.low:g} to never")
    return Entry(wait.value, low=wait.low, high=wait.high)


def _turns(found: Sequence[Turns]) -> Grid:
    rows = tuple(
        (
            _head(one.key),
            (
                _bare(one.switching),
                _bare(one.coordination),
                _bare(one.alternation),
                _entry_of_episodes(one.in_step) if one.in_step.episodes else Entry(math.nan),
                _time(one.since),
            ),
        )
        for one in found
    )
    columns = ("Changing", "Coordination", "Taking turns", "In step at the end", "In step since round")
    return Grid("Changing and taking turns", TURNS, "Agent", columns, rows, digits=2, key="turns")


def _in_each_cell(results: Results) -> Iterator[Grid]:
    """The fits in every cell; none where that would be the same, or too much."""
    where = results.rounds[["mechanism", "game", "agent"]].drop_duplicates()
    if len(where) > len(results.rounds[[*_keys(results)]].drop_duplicates()) and len(where) <= MOST_FILED:
        fits = memory_one(results.rounds, ("game", "mechanism", "agent"))
        rows = tuple((_head(fit.key, fit.basis), tuple(map(_entry, fit.after))) for fit in fits)
        yield Grid("Memory-one, cell by cell", _note(fits), "Agent", HEADS, rows, key="memory-one-cells")
