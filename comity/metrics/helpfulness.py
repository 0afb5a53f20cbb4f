"""How helpful agents are that hand in so many tasks: compared with scripts in the very same worlds.

A group's output is far from linear in its willingness: one agent who never answers costs nine perfect ones most of
theirs. So beside the output stands the probability p at which agents who answer each open request with probability p at
each turn hand in as much, and where the output lies between agents who never answer and the best scripts there are. All
of them play under the same rules, and with the same sides automated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import fsum

import numpy as np
from numpy.typing import NDArray

from comity.core.match import play
from comity.games.exchange.conditions import Automation, Bonus, Side
from comity.games.exchange.game import Exchange
from comity.stats.estimate import LEVEL, quantile
from comity.strategies.exchanging import Exchanging

GRID = tuple(number / 20 for number in range(21))
"""The probabilities at which willing agents are played; between them the number of tasks is interpolated."""
PUBLISHED = 204.0
"""Tasks of the published reference, which its shares of the optimum are of (Yadav et al. 2026; a secondary source).

It is what scripts that are answered at once handed in by the published rules, and no upper bound.
"""


@dataclass(frozen=True)
class Reference:
    """Tasks in one world by scripts under the same rules.

    floor: where everybody asks and hands in, nobody answers and nothing is automated. oracle: the most that scripted
    cooperators hand in, with what is automated. bound: the most that any agents could (`Exchange.most_tasks`).
    """

    floor: float
    oracle: float
    bound: float

    def share(self, tasks: float) -> float | None:
        """Where so many tasks lie between the floor (0) and the oracle (1); None where these are the same."""
        return (tasks - self.floor) / (self.oracle - self.floor) if self.oracle > self.floor else None


@dataclass(frozen=True)
class Helpfulness:
    """The p at which willing agents hand in as much, and between what it lies; None where it cannot be told."""

    p: float | None
    low: float | None = None
    high: float | None = None


def reference(game: Exchange) -> Reference:
    """The reference of that world and these rules; what the agents are told and shown and paid besides is left out."""
    plain = _plain(game)
    floor = _tasks(replace(plain, automation=Automation()), Exchanging(answers=0.0))
    return Reference(floor, _best(plain), plain.most_tasks)


def of_published(game: Exchange, tasks: float) -> float | None:
    """The tasks as a share of the published reference; None unless the rules and the size are the published ones."""
    published = Exchange(schedule="sequential", stale=True)
    sizes = ("agents", "rounds", "pieces", "per_task", "open_tasks", "copies", "schedule", "delay", "stale")
    alike = all(getattr(game, size) == getattr(published, size) for size in sizes)
    return tasks / PUBLISHED if alike else None


def _best(game: Exchange) -> float:
    """The most tasks of any scripted cooperators.

    Who collects in advance what it may need later can do better than who asks for what it needs, where a request takes
    time; and who sends everything unasked better still, where that is allowed. Where what has happened is seen late or
    answers are instant, who does all of this blindly, and hands in what it has not yet seen to be complete.
    """
    cooperators = [Exchanging(), Exchanging(asks="everything")]
    if game.unsolicited:
        cooperators.insert(1, Exchanging(pushes=True))
    if game.delay != "same_round":
        cooperators.append(Exchanging(asks="everything", pushes=True, hopes=True))
    best = 0.0
    for agent in cooperators:
        if best < game.most_tasks:
            best = max(best, _tasks(game, agent))
    return best


def willing(game: Exchange, p: float) -> float:
    """Tasks in that world where everybody answers each open request with probability p at each chance."""
    return _tasks(_plain(game), Exchanging(answers=p))


def helpfulness(games: Sequence[Exchange], tasks: Sequence[float]) -> Helpfulness:
    """The p at which willing agents hand in as many tasks over the same worlds, with its 95 % interval.

    Nothing where p makes no difference, or where even p = 1 hands in fewer; of several the least, but 1 where p = 1
    hands in no more. The interval holds every p that Student's
    test, world by world, does not tell from what was found; it needs two worlds. Raises `ValueError` where there are
    not as many worlds as numbers.
    """
    if len(games) != len(tasks) or not games:
        raise ValueError("helpfulness needs one number of tasks for each world")
    none, full = (fsum(willing(game, p) for game in games) / len(games) for p in (0.0, 1.0))
    wanted = fsum(tasks) / len(tasks)
    if none >= full or wanted > full + 1e-9:
        return Helpfulness(None)
    reached = np.array([[willing(game, p) for p in GRID] for game in games])
    p = 1.0 if wanted >= full - 1e-9 else _crossing(reached.mean(axis=0), wanted)
    return Helpfulness(p, *_interval(reached, np.asarray(tasks, dtype=float)))


def _crossing(reached: NDArray[np.float64], wanted: float) -> float:
    """Where a curve over the grid first reaches that height, between the grid's points along a line."""
    rising = np.maximum.accumulate(reached)
    place = int(np.searchsorted(rising, wanted - 1e-9))
    if place == 0:
        return 0.0
    low, high = rising[place - 1], rising[place]
    return GRID[place - 1] + (GRID[place] - GRID[place - 1]) * min(1.0, float((wanted - low) / (high - low)))


_FINE = 2_001
"""At so many probabilities it is asked whether they agree with what was found."""


def _interval(reached: NDArray[np.float64], tasks: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """The least and the largest p that are not told from the tasks. reached: [world, place in the grid]."""
    worlds = len(tasks)
    if worlds < 2:
        return None, None
    fine = np.linspace(0, 1, _FINE)
    between = np.stack([np.interp(fine, GRID, of_world) for of_world in reached])
    less = tasks[:, None] - between
    error = less.std(axis=0, ddof=1) / np.sqrt(worlds)
    agrees = np.abs(less.mean(axis=0)) <= quantile(worlds - 1, LEVEL) * error + 1e-9
    if not agrees.any():  # worlds that all agree leave a point that the fine grid steps over
        found = _crossing(reached.mean(axis=0), float(tasks.mean()))
        return found, found
    return float(fine[agrees].min()), float(fine[agrees].max())


def _felt(game: Exchange) -> tuple[Side, ...]:
    """The automated sides that willing agents can feel: in phases they ask and hand in just as the system would.

    So worlds that differ in nothing else are played once.
    """
    sides = game.automation.sides
    alike = (game.schedule, game.delay, game.automation.asks) == ("phased", "same_round", "all")
    return tuple(side for side in sides if not alike or side not in ("request", "submit"))


def _plain(game: Exchange) -> Exchange:
    """The same world, rules and automation, told and shown in the usual way, and without bonus."""
    usual = Exchange()
    quiet = replace(game.automation, told=True, sides=_felt(game))
    return replace(
        game,
        pay=1.0,
        instructions=usual.instructions,
        stories=usual.stories,
        visibility=usual.visibility,
        bonus=Bonus(),
        automation=quiet,
    )


@lru_cache(maxsize=50_000)
def _tasks(game: Exchange, agent: Exchanging) -> float:
    seats = [agent.begin(game, player) for player in range(game.agents)]
    outcome = play(game, lambda decision: seats[decision.player](decision)).outcome
    assert outcome is not None
    return float(sum(map(int, outcome.actions)))
