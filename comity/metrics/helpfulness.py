"""How helpful agents are that hand in so many tasks: compared with scripts in the very same worlds.

A group's output is far from linear in its willingness: one agent who never answers costs nine perfect ones most of theirs.
So beside the output stands the probability p at which agents who answer each open request with probability p at each turn
hand in as much, and where the output lies between agents who never answer and the best there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import fsum

import numpy as np

from comity.core.match import play
from comity.games.exchange.game import SIDES, Automation, Exchange
from comity.strategies.exchanging import Exchanging

GRID = tuple(number / 20 for number in range(21))
"""The probabilities at which willing agents are played; between them the number of tasks is interpolated."""


@dataclass(frozen=True)
class Reference:
    """Tasks in one world by scripts under the same rules.

    floor: where everybody asks and hands in and nobody answers. oracle: where every side is automated. bound: the most
    there can be.
    """

    floor: float
    oracle: float
    bound: float

    def share(self, tasks: float) -> float | None:
        """Where so many tasks lie between the floor (0) and the oracle (1); None where these are the same."""
        return (tasks - self.floor) / (self.oracle - self.floor) if self.oracle > self.floor else None


@lru_cache(maxsize=4_000)
def reference(game: Exchange) -> Reference:
    """The reference of that world and these rules; what the agents are told and what is automated is left out."""
    plain = _plain(game)
    automated = replace(plain, automation=Automation(SIDES))
    return Reference(
        _tasks(plain, Exchanging(answers=0.0)),
        max(_tasks(automated, Exchanging()), _tasks(plain, Exchanging())),
        game.agents * game.open_tasks * game.rounds,
    )


@lru_cache(maxsize=4_000)
def willing(game: Exchange, p: float) -> float:
    """Tasks in that world where everybody answers each open request with probability p at each chance."""
    return _tasks(_plain(game), Exchanging(answers=p))


def helpfulness(games: Sequence[Exchange], tasks: Sequence[float]) -> float | None:
    """The p at which willing agents hand in as many tasks over the same worlds; None where even p = 1 hands in fewer.

    Raises `ValueError` where there are not as many worlds as numbers.
    """
    if len(games) != len(tasks) or not games:
        raise ValueError("helpfulness needs one number of tasks for each world")
    wanted = fsum(tasks) / len(tasks)
    reached = [fsum(willing(game, p) for game in games) / len(games) for p in GRID]
    if wanted > reached[-1] + 1e-9:
        return None
    rising = np.maximum.accumulate(reached)
    place = int(np.searchsorted(rising, wanted))
    if place == 0:
        return 0.0
    low, high = rising[place - 1], rising[place]
    return GRID[place - 1] + (GRID[place] - GRID[place - 1]) * float((wanted - low) / (high - low))


def _plain(game: Exchange) -> Exchange:
    """The same world and rules, told in the usual way, with nothing automated."""
    usual = Exchange()
    return replace(game, instructions=usual.instructions, visibility=usual.visibility, automation=usual.automation)


def _tasks(game: Exchange, agent: Exchanging) -> float:
    seats = [agent.begin(game, player) for player in range(game.agents)]
    outcome = play(game, lambda decision: seats[decision.player](decision)).outcome
    assert outcome is not None
    return float(sum(map(int, outcome.actions)))
