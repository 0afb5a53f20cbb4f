"""Strategies of agents and of people side by side: shares of automata, or of classes of moody rules."""

from __future__ import annotations

import math
from collections.abc import Iterator

from comity.fidelity.fits import TITLES, SideBySide
from comity.fidelity.likelihood import Estimate
from comity.report.contents import Head, Items, Part, Prose
from comity.report.grid import Entry, Grid
from comity.report.held import Fitted, Held
from comity.report.text import number, prose
from comity.words.phrases import sentence

COLUMNS = ("People", "Candidate", "Candidate less people")
FIT_TO_BOTH = (
    "Fitted to choices of {people:,} people and {candidate:,} agents, drawn where there were more. In brackets 95 % "
    "intervals, sessions and agents drawn again."
)
NOT_AT_HAND = (
    "They are fitted to choices, and a comparison that was kept in a file holds none: give the people themselves to "
    "`comity report --against`."
)
CLASSES = (
    "A class is a logit in own last action (mood) and the share of neighbours that cooperated (slopes), in log-odds; "
    "how many there are Schwarz's criterion says."
)


def mixtures(held: Held) -> Iterator[Part]:
    """A table for every condition, or why there is none."""
    yield Head("Strategies side by side")
    if not held.fitted:
        yield Prose((NOT_AT_HAND,))
    for place, each in enumerate(held.fitted):
        if each.found is not None:
            yield _grid(each, each.found, f"people-fits-{place}")
            yield from _classes(each, f"people-classes-{place}")
    lacking = tuple(f"{prose(each.condition)}: {each.why}." for each in held.fitted if each.found is None)
    if lacking:
        yield Items(lacking)


def _grid(of: Fitted, found: SideBySide, key: str) -> Grid:
    far = "" if math.isnan(found.distance) else f" Total variation between the shares: {number(found.distance)}."
    people, candidate = of.agents
    note = (
        f"{sentence(TITLES[found.model])}. {FIT_TO_BOTH.format(people=people, candidate=candidate)}{far} Loss of "
        f"people's choices, in nats: {number(found.own)} under their own fit (held out), {number(found.loss)} under "
        f"the candidate's, {number(found.blind)} at random."
    )
    rows = tuple((theirs.name, tuple(map(_entry, (theirs, own, gap)))) for theirs, own, gap in found.rows)
    return Grid(f"Strategies in {prose(of.condition)}", note, "Parameter", COLUMNS, rows, key=key)


def _entry(of: Estimate) -> Entry:
    return Entry(of.value, low=of.low, high=of.high)


def _classes(of: Fitted, key: str) -> Iterator[Grid]:
    """What people's classes are: a row for each, a column for each parameter."""
    names = [tuple(each.name.split(": ", 1)) for each in of.classes]
    if not names:
        return
    at = {name: _entry(each) for name, each in zip(names, of.classes, strict=True)}
    heads = dict.fromkeys(head for head, _ in names)
    columns = tuple(dict.fromkeys(column for _, column in names))
    rows = tuple((head, tuple(at[head, column] for column in columns)) for head in heads)
    caption = f"People's classes in {prose(of.condition)}"
    yield Grid(caption, CLASSES, "Class", tuple(map(sentence, columns)), rows, key=key)
