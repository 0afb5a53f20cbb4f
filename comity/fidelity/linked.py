"""Who was whose neighbour, and what follows from it for every row: what its neighbours did in the round before.

Links are rows of four whole numbers: stretch, round (-1: all rounds of the stretch), agent, one neighbour of it. Every
edge stands there twice, once from each end. What an agent saw in a round are the neighbours of the round just played,
and so the share in round t is worked out with the links of round t - 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from comity.fidelity.observations import Codes, FidelityError, Floats, Observations

Links: TypeAlias = NDArray[np.int64]
Edges: TypeAlias = Iterable[tuple[int, int]] | NDArray[np.int64]

ALWAYS = -1
"""The round of a link that holds in all rounds of its stretch."""


def links_of_graphs(graphs: Iterable[tuple[int, int, Edges]]) -> Links:
    """Links from graphs: (stretch, round or `ALWAYS`, edges as pairs of agents' codes); each edge given once."""
    parts = [_both_ends(*graph) for graph in graphs]
    return np.concatenate(parts) if parts else np.empty((0, 4), dtype=np.int64)


def links_of_partners(stretch: ArrayLike, round: ArrayLike, agent: ArrayLike, partner: ArrayLike) -> Links:
    """Links from rows of which each names one partner, in a game of two: four arrays [rows] of codes.

    A negative partner is nobody. Raises `FidelityError` where somebody is not the partner of its partner.
    """
    columns = [np.asarray(each, dtype=np.int64) for each in (stretch, round, agent, partner)]
    rows = np.column_stack(columns)
    links = rows[rows[:, 3] >= 0]
    checked_mutual(links)
    return links


def checked_mutual(links: Links) -> None:
    """Raise `FidelityError` where a link is named twice, leads to its own agent, or is not there from the other end."""
    ahead, back = _sorted(links), _sorted(links[:, [0, 1, 3, 2]])
    if (links[:, 2] == links[:, 3]).any():
        raise FidelityError("links join an agent with itself; a neighbour is somebody else")
    if len(links) > 1 and (ahead[1:] == ahead[:-1]).all(axis=1).any():
        raise FidelityError("links name the same two agents twice for one round; each end of an edge stands there once")
    if not np.array_equal(ahead, back):
        raise FidelityError("links are not mutual; where one agent is a neighbour of another, the other is one of it")


def shares_of_neighbours(observations: Observations) -> Floats:
    """[rows]: the share of an agent's neighbours in the round before that cooperated in it, of those with an action.

    NaN in the first round of a stretch, where the agent had no neighbour, and where none of them had an action. Raises
    `FidelityError` where links are not known.
    """
    return shares_before(observations, observations.action)


def shares_before(observations: Observations, action: Floats) -> Floats:
    """As `shares_of_neighbours`, with these actions, [rows], in place of those that count."""
    grid = Grid(observations)
    cooperated = grid.over_neighbours(np.nan_to_num(action))
    acted = grid.over_neighbours((~np.isnan(action)).astype(float))
    share = np.divide(cooperated, acted, out=np.full(cooperated.shape, np.nan), where=acted > 0)
    return grid.just_before(share)


def degrees(observations: Observations) -> Floats:
    """[rows]: how many neighbours an agent had in the round before; in the first round of a stretch, in that round.

    Whoever is linked to nobody has 0. Raises `FidelityError` where links are not known.
    """
    grid = Grid(observations)
    count = grid.over_neighbours(np.ones(len(observations.round)))
    before = grid.just_before(count)
    first = observations.round == 0
    before[first] = grid.now(count)[first]
    return before


class Grid:
    """Observations laid out by course, an agent in a stretch, and round, so that links become sums over cells.

    Raises `FidelityError` where links are not known.
    """

    def __init__(self, observations: Observations) -> None:
        if observations.links is None:
            raise FidelityError("who was whose neighbour is not known for these observations")
        self.observations = observations
        self.n_stretches = int(max(observations.stretch.max(initial=0), observations.links[:, 0].max(initial=0))) + 1
        keys = observations.agent * self.n_stretches + observations.stretch
        self.courses, self.course = np.unique(keys, return_inverse=True)
        self.shape = (len(self.courses), max(observations.n_rounds, 1))
        self.links = self._placed(observations.links)

    def over_neighbours(self, values: Floats) -> Floats:
        """[courses, rounds]: the sum of a value, [rows], over the neighbours that each agent has in each round."""
        from scipy.sparse import csr_array

        cells = np.zeros(self.shape)
        cells[self.course, self.observations.round] = values
        round, focal, other = self.links.T
        always = round == ALWAYS
        ends = (focal[always], other[always])
        fixed = csr_array((np.ones(len(ends[0])), ends), shape=(self.shape[0], self.shape[0]))
        now, who, whom = round[~always], focal[~always], other[~always]
        moving = np.bincount(who * self.shape[1] + now, cells[whom, now], minlength=cells.size)
        return np.asarray(fixed @ cells) + moving.reshape(self.shape)

    def best_before(self, values: Floats, normalised: bool = False) -> Floats:
        """[rows]: the largest value, [rows], among an agent's neighbours in the round before; NaN where it had none.

        normalised: each times the number of the agent's neighbours over the number of the neighbour's.
        """
        cells = np.full(self.shape, -np.inf)
        cells[self.course, self.observations.round] = values
        count = self.over_neighbours(np.ones(len(values))) if normalised else np.ones(self.shape)
        weighted = np.divide(cells, count, out=np.full(self.shape, -np.inf), where=count > 0)
        best = np.full(self.shape, -np.inf)
        round, focal, other = self.links.T
        always = round == ALWAYS
        np.maximum.at(best, focal[always], weighted[other[always]])
        np.maximum.at(best, (focal[~always], round[~always]), weighted[other[~always], round[~always]])
        known = np.isfinite(best)
        return self.just_before(np.multiply(best, count, out=np.full(self.shape, np.nan), where=known))

    def now(self, cells: Floats) -> Floats:
        """[rows]: the cell of each row."""
        return np.asarray(cells[self.course, self.observations.round])

    def just_before(self, cells: Floats) -> Floats:
        """[rows]: the cell of the round before each row; NaN in the first round of a stretch."""
        round = self.observations.round
        return np.where(round > 0, cells[self.course, np.maximum(round - 1, 0)], np.nan)

    def _placed(self, links: Links) -> NDArray[np.int64]:
        """[links, 3]: round, course of the agent, course of its neighbour; of those whose ends are both observed."""
        (focal, known), (other, seen) = self._course_of(links[:, 2], links), self._course_of(links[:, 3], links)
        kept = known & seen & (links[:, 1] < self.shape[1])
        return np.column_stack([links[:, 1], focal, other])[kept]

    def _course_of(self, agent: NDArray[np.int64], links: Links) -> tuple[Codes, NDArray[np.bool_]]:
        keys = agent * self.n_stretches + links[:, 0]
        place = np.minimum(np.searchsorted(self.courses, keys), len(self.courses) - 1)
        return place, self.courses[place] == keys


def _both_ends(stretch: int, round: int, edges: Edges) -> Links:
    pairs = np.asarray(edges if isinstance(edges, np.ndarray) else list(edges), dtype=np.int64).reshape(-1, 2)
    ends = np.concatenate([pairs, pairs[:, ::-1]])
    return np.column_stack([np.full(len(ends), stretch), np.full(len(ends), round), ends]).astype(np.int64)


def _sorted(links: Links) -> Links:
    return links[np.lexsort(links.T[::-1])]
