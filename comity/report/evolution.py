"""What becomes of populations of agents: as published, from many starts, and with rare mutants.

Each replicate has a meta-game of its own, and so a population of its own; what is told of a cell is the mean over them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.dynamics.continua import RestSet, rest_sets
from comity.dynamics.finite import Fermi, small_mutation
from comity.dynamics.infinite import Ends, replicator, uniform_starts
from comity.dynamics.payoffs import fitness, spread
from comity.dynamics.published import exponential_weights
from comity.metrics.metagame import MetaGame, NoMetaGame, meta_game
from comity.records.tables import Tables

STARTS, STEPS = 200, 20_000
"""From so many starts, drawn evenly, populations are followed for so many steps at most."""
RATE = 1.0
"""Of the steps, in units of the spread of the payoffs."""
TOLERANCE = 1e-6
"""Where nobody is paid more than the mean by more than this, in the same units, a population is at rest."""
PLAYERS, SELECTION = 50, 1.0
"""Of the finite population: its size, and how strongly differences of payoffs, in units of their spread, count."""
MOST_POPULATIONS = 200
"""So many populations are followed on a page at most: of every cell the first replicates, and at least one."""
MOST_PAYOFFS = 10_000
"""A meta-game with more entries than this is not followed."""

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Evolved:
    """The populations of one cell and replicate.

    payoffs, scores: the meta-game in points and on the scale of the game, without holes.
    """

    replicate: str
    payoffs: MetaGame
    scores: MetaGame

    @property
    def agents(self) -> tuple[str, ...]:
        return self.payoffs.agents

    @cached_property
    def course(self) -> Array:
        """[time, agent]: the shares in the published dynamics, from equal shares."""
        return exponential_weights(self.payoffs.payoffs).shares

    @cached_property
    def ends(self) -> Ends:
        """Where `STARTS` populations are after `STEPS` steps of the replicator dynamics, or at rest before."""
        starts = uniform_starts(np.random.default_rng(0), STARTS, len(self.agents))
        return replicator(self.payoffs.payoffs, starts, rate=RATE, tolerance=TOLERANCE, limit=STEPS)

    @cached_property
    def final(self) -> Array:
        """[start]: the mean score of each population where it is then."""
        return np.asarray((self.ends.shares * fitness(self.scores.payoffs, self.ends.shares)).sum(-1))

    @property
    def restless(self) -> float:
        """The share of starts that is not at rest then."""
        return float(np.mean(~self.ends.at_rest))

    @cached_property
    def sets(self) -> tuple[RestSet, ...]:
        """Where those that are at rest ended, the largest basin first."""
        return rest_sets(self.payoffs.payoffs, self.ends)

    @cached_property
    def rare(self) -> Array:
        """[agent]: the share of time for which a finite population consists of each, where mutants are rare."""
        paid = self.payoffs.payoffs
        return small_mutation(paid / spread(paid), PLAYERS, Fermi(SELECTION))


def evolved(tables: Tables, agents: Sequence[str]) -> dict[tuple[str, ...], tuple[Evolved, ...]]:
    """For every cell with populations those of its replicates, by mechanism and game.

    agents: in their order. A replicate has none where everybody plays in one match, where somebody was not paid for
    meeting some others, where there is one agent only, or where there are more than `MOST_PAYOFFS`.
    """
    by_cell = tables.outcomes.groupby(["mechanism", "game"], sort=False)
    most = max(1, MOST_POPULATIONS // max(1, by_cell.ngroups))
    found = {key: tuple(islice(_of_cell(outcomes, agents), most)) for key, outcomes in by_cell}
    return {tuple(map(str, key)): of for key, of in found.items() if of}


def _of_cell(outcomes: pd.DataFrame, agents: Sequence[str]) -> Iterator[Evolved]:
    there = set(outcomes["agent"])
    order = [agent for agent in agents if agent in there]
    for replicate, part in outcomes.groupby("replicate", sort=False):
        try:
            paid = meta_game(part, "payoff", order)
        except NoMetaGame:
            continue
        if len(order) > 1 and paid.payoffs.size <= MOST_PAYOFFS and not paid.missing:
            yield Evolved(str(replicate), paid, meta_game(part, "score", order))


def mean_course(populations: Sequence[Evolved]) -> pd.DataFrame:
    """The published course of the shares, [step, agent], in the mean over replicates; who is done stays as it is."""
    last = max(len(one.course) for one in populations)
    courses = [np.pad(one.course, ((0, last - len(one.course)), (0, 0)), "edge") for one in populations]
    return pd.DataFrame(np.mean(courses, axis=0), range(last), list(populations[0].agents))
