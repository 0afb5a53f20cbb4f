"""Whether the intervals of memory-one fits hold: planted agents, whose true shares are known or worked out at length.

An agent with the five probabilities `PLANTED` plays episodes of ten rounds against an opponent. In each episode all its
log-odds may be shifted by a mood that is drawn once, so that rounds of one episode are more alike than memory explains.
What `comity.stats.proportions.clustered` makes of some episodes stands beside what is made of them if rounds are taken
for draws of their own (Wilson's interval of all rounds).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from benchmarks.measure import Check
from comity.stats.proportions import clustered, wilson

Opponent = Literal["a coin", "tit for tat", "its like"]

PLANTED = np.array([0.9, 0.9, 0.2, 0.6, 0.3])
"""How often the agent cooperates at first, and after CC, CD, DC and DD."""
STEADY = np.array([0.95, 0.98, 0.03, 0.9, 0.05])
"""The same of an agent that is nearly sure of itself."""
ROUNDS = 10
EPISODES = (3, 5, 10, 20, 50, 200)
MOODS = (0.0, 0.5, 1.0)
OPPONENTS: tuple[Opponent, ...] = ("a coin", "tit for tat", "its like")
STUDIES, AT_LENGTH = 1_000, 400_000
"""So many studies of each design are simulated, and of so many episodes is the true share worked out."""
NAMES = ("first", "CC", "CD", "DC", "DD")


class Seen(NamedTuple):
    """Of every episode and condition, [episode, condition]: in how many rounds it occurred, and was answered by C."""

    counts: NDArray[np.float64]
    cooperated: NDArray[np.float64]


def main() -> None:
    """Print how often intervals hold the true share: of the opponents and conditions, the least and the most often."""
    Check("clusters that agree count as one draw each", clustered([3, 3], [3, 3]) == wilson(2, 2))
    for name, planted in (("an agent that mixes", PLANTED), ("an agent that is nearly sure", STEADY)):
        print(f"\n95 % intervals of the memory-one shares of {name}: how often they hold, lowest to highest, in %")
        print("  mood  episodes  clustered by episode   every round a draw")
        for mood, episodes in product(MOODS, EPISODES):
            print(row(tuple(planted), mood, episodes))


def row(planted: tuple[float, ...], mood: float, episodes: int) -> str:
    """The line of one design."""
    held = [share for opponent in OPPONENTS for share in holds(planted, mood, opponent, episodes)]
    told = (f"{100 * min(shares):5.1f} to {100 * max(shares):5.1f}" for shares in zip(*held, strict=True))
    return f"  {mood:4g}  {episodes:8d}  " + "         ".join(told)


def holds(planted: tuple[float, ...], mood: float, opponent: Opponent, episodes: int) -> list[tuple[float, float]]:
    """For each condition that occurs in nine of ten studies how often either interval holds the true share."""
    truth = shares_of(played(planted, mood, opponent, AT_LENGTH, seed=1))
    many = played(planted, mood, opponent, STUDIES * episodes, seed=2)
    found = []
    for place, true in enumerate(truth):
        counts, did = (part[:, place].reshape(STUDIES, episodes) for part in many)
        told = (counts > 0).sum(axis=1) > 1
        if told.mean() < 0.9:
            continue
        studies = np.flatnonzero(told)
        ours = [clustered(did[study], counts[study]) for study in studies]
        naive = [wilson(did[study].sum(), counts[study].sum()) for study in studies]
        found.append((_held(ours, true), _held(naive, true)))
    return found


def _held(ends: Sequence[tuple[float, float]], true: float) -> float:
    return float(np.mean([low <= true <= high for low, high in ends]))


def shares_of(seen: Seen) -> NDArray[np.float64]:
    """The share of C in each condition over all rounds."""
    return np.asarray(seen.cooperated.sum(axis=0) / seen.counts.sum(axis=0))


@cache
def played(planted: tuple[float, ...], mood: float, opponent: Opponent, episodes: int, seed: int) -> Seen:
    """So many episodes."""
    rng = np.random.default_rng(seed)
    shift = mood * rng.standard_normal((episodes, 1))
    chances = expit(logit(np.array(planted)) + shift)
    everybody = np.arange(episodes)
    counts, cooperated = np.zeros((2, episodes, len(planted)))
    condition = theirs = np.zeros(episodes, dtype=int)
    own = other = np.ones(episodes, dtype=bool)
    for number in range(ROUNDS):
        mine = rng.random(episodes) < chances[everybody, condition]
        if opponent == "a coin":
            other = rng.random(episodes) < 0.5
        elif opponent == "tit for tat":
            other = own if number else np.ones(episodes, dtype=bool)
        else:
            other = rng.random(episodes) < np.array(planted)[theirs]
        counts[everybody, condition] += 1
        cooperated[everybody, condition] += mine
        own = mine
        condition, theirs = 1 + 2 * ~own + ~other, 1 + 2 * ~other + ~own
    return Seen(counts, cooperated)
