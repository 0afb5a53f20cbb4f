"""Expected instead of sampled payoffs, wherever what a player would have done against anybody is on record.

Where all act once and at the same time, and are asked the same question in every match, what an agent answered to one
opponent it might as well have answered to any other. So the lottery that it states in one match is held against what
all its opponents state on average, and nothing is left to which of them it happened to meet, nor to any coin. Seats are
kept apart: each lottery is only ever multiplied by lotteries stated in other seats, which are other decisions. The mean
of a product of independent draws is the product of their means, so the estimate is unbiased, self-play included.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import inf, nan, prod
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.core.flow import StageGame
from comity.core.named import named_game, scale_under
from comity.metrics.cells import Cells, cell_of, cells_by_label
from comity.metrics.metric import WHERE, Metric, MetricError, decisions_of
from comity.records.spec import Cell
from comity.records.tables import Tables
from comity.words.phrases import some

MOST_PROFILES = 4_096
"""A stage game with more profiles than this is not crossed."""
MOST_MEETINGS = 10_000
"""So many matches a tournament has at most that is drawn again: agents to the power of seats."""
_CELL = ["mechanism", "game"]
_NAMED = 6
"""So many mechanisms a sentence names before it counts the rest."""
_CHUNK = 2_000_000
"""So many numbers are drawn at once."""

Array: TypeAlias = NDArray[np.float64]
Stated: TypeAlias = Sequence[Array]
"""For each seat the probability of each of its actions, [..., match, action]."""


def expected_metrics(cells: Iterable[Cell]) -> dict[str, Metric]:
    """The metric of crossed scores for matches played in these cells, for `table`: expected.

    Defined where the cell is a stage game: every player acts once, at the same time as all others, and sees the same in
    every match. A player of such a match has as its value what the lottery it stated there scores on average against
    the co-players that its agent meets in that seat, in that cell and replicate; each of them plays the mean of the
    lotteries it stated in its seat, over all its matches of the cell and replicate. Where no lottery was stated the
    choice counts as played with certainty. So the mean over an agent's matches in a seat is the payoff, linear in the
    strategy of each seat, of mean strategies; where all meet all equally often, it is that of the agents' mean
    strategies alone. Its expectation is that of the sampled mean, and its variance is no larger (see `variances`).

    A match without these decisions is missing, but for one that was worked out and not played: that one has the score
    it is recorded with. Values rest on a whole cell and replicate.
    """
    known = cells_by_label(cells)
    return {
        "expected": Metric(
            "Mean score, expected",
            "the mean score that the stated lotteries earn on average against the mean lotteries of all opponents; "
            "where none was stated, the choice",
            "score",
            "Casella and Robert (1996), Rao-Blackwellisation: what is known is integrated and not sampled",
            lambda tables: _occurrences(tables, known),
            per="cell",
            remarks=lambda tables: _remarks(tables, known),
            decisions=True,
        )
    }


def is_crossable(cell: Cell) -> bool:
    """Whether the cell is a stage game, of up to `MOST_PROFILES` profiles."""
    game = cell.built
    return isinstance(game, StageGame) and prod(map(len, game.actions)) <= MOST_PROFILES


def _occurrences(tables: Tables, cells: Cells) -> pd.DataFrame:
    outcomes = tables.outcomes
    crossable = [key for key in _labels(outcomes) if is_crossable(cell_of(cells, *key))]
    asked = outcomes[pd.MultiIndex.from_frame(outcomes[_CELL]).isin(crossable)]
    acts = _acts(tables, asked)
    tournaments = [part for _, part in acts.groupby([*_CELL, "replicate"], sort=False)]
    values = [_values(cell_of(cells, *_labels(acts)[0]), acts) for acts in tournaments]
    crossed = pd.concat(values) if values else pd.Series(dtype=float)
    found = crossed.reindex(pd.MultiIndex.from_frame(asked[["match", "player"]])).to_numpy(float)
    worked_out = np.where(asked["status"] == "expected", asked["score"], np.nan)
    return asked[WHERE].assign(value=np.where(np.isnan(found), worked_out, found))


def _remarks(tables: Tables, cells: Cells) -> Iterator[str]:
    outcomes = tables.outcomes
    other = [key for key in _labels(outcomes) if not is_crossable(cell_of(cells, *key))]
    if other:
        named = list(dict.fromkeys(mechanism for mechanism, _ in other))
        yield (
            f"no expected score under {some(named, _NAMED)}, where players do more than act once, all at "
            "the same time: what they would have done against others is not on record"
        )
    crossable = outcomes[~pd.MultiIndex.from_frame(outcomes[_CELL]).isin(other)]
    acts = _acts(tables, crossable)
    silent = int(acts["lottery"].isna().sum())
    if silent:
        yield f"in {silent} of {len(acts)} decisions no lottery was stated: the choice counts as certain"


def _labels(outcomes: pd.DataFrame) -> list[tuple[str, str]]:
    return list(outcomes[_CELL].drop_duplicates().itertuples(index=False, name=None))


def _acts(tables: Tables, outcomes: pd.DataFrame) -> pd.DataFrame:
    """What was done in these matches, one row for each player, in the order of the players."""
    decisions = decisions_of(tables, "stated lotteries are among them")
    acts = decisions[decisions["kind"] == "act"][["match", "player", "choice", "lottery"]]
    found = outcomes[["match", "player", "replicate", *_CELL, "agent", "status"]].merge(acts, on=["match", "player"])
    return found[found["status"] == "finished"]


def _values(cell: Cell, acts: pd.DataFrame) -> pd.Series[float]:
    """The crossed score of every player of every match of one cell and replicate, by match and player."""
    tournament = _Tournament.of(cell, acts)
    crossed = _crossed(tournament.paid, tournament.mixed, tournament.who)
    scale = scale_under(cell.built)
    index = pd.MultiIndex.from_product([tournament.matches, range(tournament.seats)])
    low, width = scale.low, scale.high - scale.low
    scores = (crossed - low) / width if width > 0 else np.full_like(crossed, np.nan)
    return pd.Series(scores.ravel(), index=index)


@dataclass(frozen=True)
class _Tournament:
    """The matches of a cell as arrays.

    paid: for each seat what it is paid, [an axis of actions for each seat]. who: which agent sits there, [match, seat].
    """

    matches: NDArray[np.int64]
    paid: Sequence[Array]
    mixed: Stated
    who: NDArray[np.int64]
    agents: tuple[str, ...]

    @property
    def seats(self) -> int:
        return len(self.paid)

    @classmethod
    def of(cls, cell: Cell, acts: pd.DataFrame) -> _Tournament:
        game = cell.built
        assert isinstance(game, StageGame)  # `is_crossable`
        acts = acts.sort_values(["match", "player"], kind="stable")
        codes, agents = pd.factorize(acts["agent"])
        who = codes.reshape(-1, game.n_players)
        seated = [acts.iloc[seat :: game.n_players] for seat in range(game.n_players)]
        mixed = [_stated(part, actions) for part, actions in zip(seated, game.actions, strict=True)]
        return cls(seated[0]["match"].to_numpy(), payoff_arrays(game), mixed, who, tuple(agents))


def payoff_arrays(game: StageGame) -> tuple[Array, ...]:
    """For each seat what it is paid, with an axis of actions for each seat."""
    shape = tuple(map(len, game.actions))
    paid = np.array([game.payoffs(profile) for profile in product(*game.actions)], float)
    return tuple(paid[:, seat].reshape(shape) for seat in range(game.n_players))


def _stated(acts: pd.DataFrame, actions: Sequence[str]) -> Array:
    """What was stated in a seat, [match, action]; a choice of which no lottery was stated is certain."""
    told = acts["lottery"].where(acts["lottery"].notna(), acts["choice"])
    codes, different = pd.factorize(told)
    return np.array([_shares(json.loads(one), actions) for one in different])[codes]


def _shares(told: Any, actions: Sequence[str]) -> list[float]:
    shares = dict(told) if isinstance(told, list) else {told: 1.0}
    return [float(shares.get(action, 0.0)) for action in actions]


# Three ways to tell what is paid


def _by_action(paid: Array, seat: int, others: Stated) -> Array:
    """What that seat is paid for each of its actions, [..., match, action], the others mixing as they do."""
    found = np.moveaxis(paid, seat, 0)[(np.newaxis,) * (others[seat].ndim - 1)]
    for mixed in reversed([*others[:seat], *others[seat + 1 :]]):
        laid = mixed.reshape(*mixed.shape[:-1], *(1,) * (found.ndim - mixed.ndim), mixed.shape[-1])
        found = (found * laid).sum(-1)
    return np.asarray(found)


def _per_match(paid: Sequence[Array], mixed: Stated) -> Array:
    """What each player is paid on average for the lotteries of its own match, [..., match, seat]."""
    return np.stack([(own * _by_action(paid[seat], seat, mixed)).sum(-1) for seat, own in enumerate(mixed)], -1)


def _crossed(paid: Sequence[Array], mixed: Stated, who: NDArray[np.int64]) -> Array:
    """What each lottery earns on average against the mean ones of all that its agent meets, [..., match, seat]."""
    means = [_mean_of_agent(one, who[:, seat]) for seat, one in enumerate(mixed)]
    worth = [_mean_of_agent(_by_action(paid[seat], seat, means), who[:, seat]) for seat in range(len(mixed))]
    return np.stack([(own * worth[seat]).sum(-1) for seat, own in enumerate(mixed)], -1)


def _mean_of_agent(values: Array, who: NDArray[np.int64]) -> Array:
    """In every match the mean of the agent who sits there, over all its matches: [..., match, action]."""
    own = (np.arange(who.max() + 1)[:, np.newaxis] == who).astype(float)
    means = own / np.maximum(own.sum(-1, keepdims=True), 1) @ values
    return np.asarray(means[..., who, :])


# How much is gained


@dataclass(frozen=True)
class Variances:
    """The variance of what agents are found to be paid in one tournament of all against all, added up over agents.

    sampled: of the actions that are drawn. per_match: of what the lotteries of each match earn on average. crossed: of
    what mean lotteries earn against mean lotteries.
    """

    sampled: float
    per_match: float
    crossed: float

    @property
    def ratio(self) -> float:
        """How many tournaments with sampled actions tell as much as one that is crossed; NaN where nothing varies."""
        if self.crossed > 0:
            return self.sampled / self.crossed
        return inf if self.sampled > 0 else nan


def variances(
    tables: Tables, cells: Iterable[Cell], mechanism: str, game: str, tournaments: int = 3_000, seed: int = 0
) -> Variances:
    """How much precision is gained in a cell by not drawing, from the lotteries stated there: a bootstrap.

    Every tournament is one of all ordered groups of the agents of the cell, self-play included. Each lottery of an
    agent is drawn anew, with replacement, from all that it stated in that cell and role, in any replicate; actions are
    drawn from the lotteries. An agent is paid the mean over its matches and seats, in points.

    Raises `MetricError` where the cell is not a stage game, an agent states nothing in some role, or the tournament
    would have more than `MOST_MEETINGS` matches.
    """
    pools = _Pools.of(tables, cell_of(cells_by_label(cells), mechanism, game))
    rng = np.random.default_rng(seed)
    size = max(1, _CHUNK // (pools.who.size * max(len(one) for one in pools.actions)))
    paid = [pools.drawn(rng, min(size, tournaments - start)) for start in range(0, tournaments, size)]
    totals = np.concatenate(paid, axis=1).var(axis=1, ddof=1).sum(-1)
    return Variances(*totals.tolist())


@dataclass(frozen=True)
class _Pools:
    """What the agents of a cell stated: pools[seat][agent] is [lottery, action]."""

    paid: Sequence[Array]
    actions: Sequence[Sequence[str]]
    pools: Sequence[Sequence[Array]]

    @classmethod
    def of(cls, tables: Tables, cell: Cell) -> _Pools:
        label = f"{cell.mechanism_label} on {cell.game_label}"
        if not is_crossable(cell):
            raise MetricError(
                f"there is nothing to cross in {label}, where players do more than act once, all at the same time"
            )
        game, named = cell.built, named_game(cell.built)
        assert isinstance(game, StageGame)  # `is_crossable`
        outcomes = tables.outcomes
        acts = _acts(tables, outcomes[(outcomes[_CELL] == [cell.mechanism_label, cell.game_label]).all(axis=1)])
        agents = acts["agent"].unique()
        if not len(agents) or len(agents) ** game.n_players > MOST_MEETINGS:
            raise MetricError(
                f"{len(agents)} agents in {game.n_players} seats make no tournament of 1 to {MOST_MEETINGS:,} matches: "
                f"{label} cannot be drawn again"
            )
        roles = acts["player"].map(dict(enumerate(named.roles)))
        by_role = dict(iter(acts.groupby([roles, "agent"], sort=False)))
        if missing := [(role, agent) for role, agent in product(named.roles, agents) if (role, agent) not in by_role]:
            role, agent = missing[0]
            raise MetricError(f"nothing was stated in {label} by {agent} as {role}, so it cannot be drawn again")
        pools = [
            [_stated(by_role[role, agent], actions) for agent in agents]
            for role, actions in zip(named.roles, game.actions, strict=True)
        ]
        return cls(payoff_arrays(game), game.actions, pools)

    @cached_property
    def who(self) -> NDArray[np.int64]:
        """All ordered groups of agents, [match, seat]."""
        return np.array(list(product(range(len(self.pools[0])), repeat=len(self.pools))))

    def drawn(self, rng: np.random.Generator, tournaments: int) -> Array:
        """What each agent is paid by each of the three estimators, [estimator, tournament, agent]."""
        mixed = [self._again(rng, tournaments, seat) for seat in range(len(self.pools))]
        taken = [_taken(rng, one) for one in mixed]
        found = (_per_match(self.paid, taken), _per_match(self.paid, mixed), _crossed(self.paid, mixed, self.who))
        return np.stack([self._of_agents(one) for one in found])

    def _again(self, rng: np.random.Generator, tournaments: int, seat: int) -> Array:
        """Lotteries of that seat, [tournament, match, action]."""
        drawn = np.empty((tournaments, len(self.who), len(self.actions[seat])))
        for agent, pool in enumerate(self.pools[seat]):
            places = np.flatnonzero(self.who[:, seat] == agent)
            drawn[:, places] = pool[rng.integers(len(pool), size=(tournaments, len(places)))]
        return drawn

    def _of_agents(self, paid: Array) -> Array:
        """The mean over the matches and seats of each agent, [tournament, agent]."""
        agents = np.arange(len(self.pools[0]))
        own = (self.who.reshape(-1) == agents[:, np.newaxis]).astype(float)
        return np.asarray(paid.reshape(len(paid), -1) @ (own / own.sum(-1, keepdims=True)).T)


def _taken(rng: np.random.Generator, mixed: Array) -> Array:
    """An action drawn from every lottery, as a lottery that is certain."""
    ends = mixed.cumsum(-1)
    places = (rng.random((*mixed.shape[:-1], 1)) * ends[..., -1:] >= ends).sum(-1)
    return np.asarray(np.eye(mixed.shape[-1])[places])
