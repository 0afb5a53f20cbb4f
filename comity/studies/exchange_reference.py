"""Scripted agents in exchanges, and how many tasks they should hand in.

The expectations are means over 60 to 200 worlds of an independent model of the published rules: turns in a drawn order, a
directory of the beginning of the round, 100 pieces, two open tasks of four pieces each, ten agents, twenty rounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from comity.core.match import play
from comity.games.exchange.game import Automation, Exchange
from comity.strategies.exchanging import Exchanging

PUBLISHED = Exchange(schedule="sequential", stale=True)
"""The published rules, but that nothing is shared unasked."""
CLEAN = Exchange()
PERFECT = Exchanging()
WITHHOLDER = replace(PERFECT, answers=0.0)
_OPEN = replace(PUBLISHED, unsolicited=True)


@dataclass(frozen=True)
class Reference:
    """Agents, rules, and the tasks that they should hand in.

    rule: what they do. agents: who sits in turn, and round again. expected: the mean number of tasks of all together.
    spread: its standard deviation over worlds, 0 where it is the same in every world. worlds: how many it was taken over.
    """

    name: str
    rule: str
    agents: tuple[Exchanging, ...]
    expected: float
    spread: float
    game: Exchange = PUBLISHED
    worlds: int = 60


def _all(name: str, rule: str, agent: Exchanging, expected: float, spread: float, **more: Any) -> Reference:
    return Reference(name, rule, (agent,), expected, spread, **more)


def _willing() -> Iterator[Reference]:
    persistent = ((0.1, 17.6, 3.0), (0.25, 63.0, 6.6), (0.5, 126.7, 6.0), (0.75, 161.8, 4.5), (0.9, 174.2, 4.1))
    for p, expected, spread in persistent:
        rule = f"answers each open request with probability {p:g} at each turn"
        yield _all(f"R({p:g})", rule, replace(PERFECT, answers=p), expected, spread)
    once = ((0.1, 0.1, 0.3), (0.25, 0.3, 0.5), (0.5, 4.2, 3.3), (0.75, 40.3, 17.0), (0.9, 138.6, 15.7), (1.0, 180.8, 4.0))
    for p, expected, spread in once:
        rule = f"answers each request with probability {p:g}, once"
        yield _all(f"R1({p:g})", rule, replace(PERFECT, answers=p, once=True), expected, spread)


def _withholders() -> Iterator[Reference]:
    by_copies = {
        1: ((0, 180.8, 4.0), (1, 50.0, 10.8), (2, 18.1, 5.5), (3, 8.6, 3.6), (5, 1.8, 1.5)),
        2: ((0, 191.9, 2.9), (1, 189.2, 3.3), (2, 133.4, 28.4), (3, 77.1, 21.2)),
        3: ((0, 199.5, 3.0), (1, 198.2, 3.2), (2, 196.6, 3.2), (3, 173.9, 23.0)),
    }
    for copies, rows in by_copies.items():
        for count, expected, spread in rows:
            agents = (WITHHOLDER,) * count + (PERFECT,) * (10 - count)
            held = "" if copies == 1 else f", each piece held by {copies}"
            rule = f"{count} who answer nobody among perfect cooperators{held}"
            yield Reference(
                f"D({count}), {copies} copies" if copies > 1 else f"D({count})",
                rule,
                agents,
                expected,
                spread,
                replace(PUBLISHED, copies=copies),
            )


_nothing = partial(_all, expected=0.0, spread=0.1)

REFERENCES: tuple[Reference, ...] = (
    _all(
        "P1",
        "perfect cooperators who are answered before anybody else's turn",
        PERFECT,
        201.3,
        1.1,
        game=replace(PUBLISHED, automation=Automation(("share",))),
    ),
    _all("P2", "perfect cooperators who ask every holder", PERFECT, 180.8, 4.0, worlds=200),
    _all("P3", "perfect cooperators who ask one holder", replace(PERFECT, asks="one"), 163.0, 3.3),
    _all(
        "P4",
        "perfect cooperators who act at the same time",
        PERFECT,
        121.6,
        1.0,
        game=replace(PUBLISHED, schedule="simultaneous"),
    ),
    _all("P5", "perfect cooperators in phased rounds", PERFECT, 400.0, 0.0, game=CLEAN),
    _all(
        "U1",
        "send everything to everybody, and ask for nothing",
        replace(PERFECT, asks="none", pushes=True),
        385.1,
        1.3,
        game=_OPEN,
    ),
    _nothing("Z1", "ask for nothing and answer nobody", replace(WITHHOLDER, asks="none")),
    _nothing("Z2", "answer nobody", WITHHOLDER),
    _nothing("Z3", "ask for nothing", replace(PERFECT, asks="none")),
    _all("Z4", "hand in nothing", replace(PERFECT, waits=None), 0.0, 0.0),
    _nothing("Z5", "answer only who has sent something", replace(PERFECT, reciprocal=True)),
    *_willing(),
    *_withholders(),
    _all(
        "L",
        "answer everything with a wrong code",
        replace(PERFECT, lies=True),
        180.8,
        4.0,
        game=replace(PUBLISHED, falsifiable=True),
    ),
    _all("S", "ask again and again, also for what they hold", replace(PERFECT, asks="again"), 180.8, 4.0),
    _all("B", "ask in public", replace(PERFECT, asks="public"), 180.8, 4.0),
    _all(
        "Auto-Request",
        "asked for by the system, of the first holder, at the end of the round",
        PERFECT,
        234.0,
        6.1,
        game=replace(PUBLISHED, automation=Automation(("request",), asks="first")),
    ),
    _all("P1, 10 rounds", "as P1", PERFECT, 100.0, 0.2, game=replace(PUBLISHED, rounds=10, automation=Automation(("share",)))),
    _all("P2, 20 agents", "as P2", PERFECT, 372.6, 3.7, game=replace(PUBLISHED, agents=20)),
)
"""The table, in order."""


@dataclass(frozen=True)
class Compared:
    """What a reference was found to be. error: of the difference. within: whether it is at most four of these."""

    reference: Reference
    found: float
    spread: float
    error: float

    @property
    def within(self) -> bool:
        """Whether expected and found differ by no more than four standard errors, and the last printed digit."""
        return abs(self.found - self.reference.expected) <= 4 * self.error + 0.05


def compared(reference: Reference, worlds: int) -> Compared:
    """Play the reference in so many worlds."""
    found = [_tasks(replace(reference.game, world=world), reference.agents) for world in range(1, worlds + 1)]
    spread = stdev(found) if worlds > 1 else 0.0
    error = sqrt(spread**2 / worlds + reference.spread**2 / reference.worlds)
    return Compared(reference, fmean(found), spread, error)


def _tasks(game: Exchange, agents: tuple[Exchanging, ...]) -> int:
    seats = [agents[player % len(agents)].begin(game, player) for player in range(game.agents)]
    outcome = play(game, lambda decision: seats[decision.player](decision)).outcome
    assert outcome is not None
    return sum(map(int, outcome.actions))
