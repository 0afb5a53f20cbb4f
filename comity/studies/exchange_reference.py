"""Scripted agents in exchanges, and how many tasks they should hand in.

The expectations are means over 60 to 200 worlds of an independent model of the published rules: turns in a drawn order,
a directory of the beginning of the round, 100 pieces, two open tasks of four pieces each, ten agents, twenty rounds.
Where rounds are phased they are known exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from comity.core.match import play
from comity.games.exchange.conditions import Automation
from comity.games.exchange.game import Exchange
from comity.strategies.exchanging import Exchanging
from comity.strategies.misusing import Aimless, Exploiting
from comity.strategies.strategy import Strategy

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
    spread: its standard deviation over worlds, 0 where it is the same in every world. worlds: how many it was taken
    over; 0 where it is known, and not taken from an independent model. most: where no number but a range is expected,
    from expected to this.
    """

    name: str
    rule: str
    agents: tuple[Strategy, ...]
    expected: float
    spread: float
    game: Exchange = PUBLISHED
    worlds: int = 60
    most: float | None = None


def _all(name: str, rule: str, agent: Strategy, expected: float, spread: float, **more: Any) -> Reference:
    return Reference(name, rule, (agent,), expected, spread, **more)


def _willing() -> Iterator[Reference]:
    persistent = ((0.1, 17.6, 3.0), (0.25, 63.0, 6.6), (0.5, 126.7, 6.0), (0.75, 161.8, 4.5), (0.9, 174.2, 4.1))
    for p, expected, spread in persistent:
        rule = f"answers each open request with probability {p:g} at each turn"
        yield _all(f"R({p:g})", rule, replace(PERFECT, answers=p), expected, spread)
    once = (
        (0.1, 0.1, 0.3),
        (0.25, 0.3, 0.5),
        (0.5, 4.2, 3.3),
        (0.75, 40.3, 17.0),
        (0.9, 138.6, 15.7),
        (1.0, 180.8, 4.0),
    )
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
_ANSWERED = replace(PUBLISHED, automation=Automation(("share",)))


def _sizes() -> Iterator[Reference]:
    """P1 and P2 where the exchange has another size."""
    sizes: tuple[tuple[str, dict[str, Any], float, float], ...] = (
        ("10 rounds", {"rounds": 10}, 100.0, 0.2),
        ("30 rounds", {"rounds": 30}, 311.9, 3.2),
        ("20 agents", {"agents": 20}, 401.7, 1.3),
        ("200 pieces", {"pieces": 200}, 200.1, 0.2),
    )
    for name, size, expected, spread in sizes:
        yield _all(f"P1, {name}", "as P1", PERFECT, expected, spread, game=replace(_ANSWERED, **size))
    yield _all("P2, 20 agents", "as P2", PERFECT, 372.6, 3.7, game=replace(PUBLISHED, agents=20))


def _automated() -> Iterator[Reference]:
    """What perfect cooperators attain where one side is automated."""
    yield _all(
        "Auto-Request",
        "asked for by the system, of the first holder, at the end of the round",
        PERFECT,
        234.0,
        6.1,
        game=replace(PUBLISHED, automation=Automation(("request",), asks="first")),
    )
    yield _all(
        "Auto-Fulfil",
        "ask and hand in in one turn, answered by the system at once",
        replace(PERFECT, hopes=True),
        400.0,
        0.0,
        game=replace(_ANSWERED, delay="instant"),
    )


def _faulty() -> Iterator[Reference]:
    """Agents with one fault, and agents who are no policy."""
    for turns in (1, 3):
        rule = f"hand in {turns} turn{'s' * (turns > 1)} late, in phased rounds"
        yield _all(f"H({turns})", rule, replace(PERFECT, waits=turns), CLEAN.bound // (turns + 1), 0.0, game=CLEAN)
    helped = replace(CLEAN, automation=Automation(("request", "share")))
    turns, lost = CLEAN.agents * CLEAN.rounds, 0.25
    spread = CLEAN.open_tasks * sqrt(turns * lost * (1 - lost))
    rule = f"cannot be read in {lost:.0%} of turns; only handing in is left to them"
    garbling = replace(PERFECT, garbles=lost)
    yield _all(f"G({lost})", rule, garbling, CLEAN.bound * (1 - lost), spread, game=helped, worlds=0)
    yield _all("X", "do anything that is possible, three things a turn", Aimless(), 0.1, 0.0, game=CLEAN, most=40.0)
    yield _all("E", "as P2, and try all that must bring nothing", Exploiting(PERFECT), 180.8, 4.0)
    yield _all("E, phased", "as P5, and try all that must bring nothing", Exploiting(PERFECT), 400.0, 0.0, game=CLEAN)


REFERENCES: tuple[Reference, ...] = (
    _all(
        "P1",
        "perfect cooperators who are answered before anybody else's turn",
        PERFECT,
        201.3,
        1.1,
        game=_ANSWERED,
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
    *_faulty(),
    *_automated(),
    *_sizes(),
)
"""The table, in order."""


@dataclass(frozen=True)
class Compared:
    """What a reference was found to be.

    spread: over worlds. error: the standard error of the difference. most: the most that any agents could hand in.
    """

    reference: Reference
    found: float
    spread: float
    error: float
    most: float

    @property
    def errors(self) -> float | None:
        """The difference in standard errors; None where a range is expected, or nothing varies."""
        if self.reference.most is not None or not self.error:
            return None
        return (self.found - self.reference.expected) / self.error

    @property
    def within(self) -> bool:
        """Whether it is as expected: within four standard errors and the last printed digit, or within the range."""
        if self.reference.most is not None:
            return self.reference.expected <= self.found <= self.reference.most
        return abs(self.found - self.reference.expected) <= ERRORS * self.error + 0.05


ERRORS = 4
"""By so many standard errors what is found may differ from what is expected."""


def compared(reference: Reference, worlds: int) -> Compared:
    """Play the reference in so many worlds."""
    games = [replace(reference.game, world=world) for world in range(1, worlds + 1)]
    found = [_tasks(game, reference.agents) for game in games]
    spread = stdev(found) if worlds > 1 else 0.0
    of_expected = reference.spread**2 / reference.worlds if reference.worlds else 0.0
    own = max(spread, reference.spread)  # a few worlds that happen to agree do not make it certain
    error = sqrt(own**2 / worlds + of_expected)
    return Compared(reference, fmean(found), spread, error, fmean(game.most_tasks for game in games))


def _tasks(game: Exchange, agents: tuple[Strategy, ...]) -> int:
    seats = [agents[player % len(agents)].begin(game, player) for player in range(game.agents)]
    outcome = play(game, lambda decision: seats[decision.player](decision)).outcome
    assert outcome is not None
    return sum(map(int, outcome.actions))
