"""Tests of two agents that are alike: how often a difference is found, by what is taken for a draw.

Both play episodes of ten rounds, once in each of six games against each of five opponents. Scores differ between games,
opponents, episodes and rounds. In the first design both meet the same opponents, in the second each has its own, and
they still differ in nothing. A test at 5 % should find a difference in 5 of 100 studies. Then cooperation, yes or no in
each of ten rounds, where every episode has a level of its own. Last, what a mixed model takes beside statsmodels.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from benchmarks.measure import Check, Row, in_turn, timed
from comity.stats.binomial import NoEstimate, logistic
from comity.stats.means import paired, two_sample
from comity.stats.mixed import Mixed, mixed

Array = NDArray[np.float64]

GAMES, OPPONENTS, ROUNDS = 6, 5, 10
SPREADS = {"game": 0.2, "opponent": 0.15, "episode": 0.1, "round": 0.4}
STUDIES, FITTED = 2_000, 500
CLUSTERS = (6, 10, 20, 40, 100)
LEVEL_SPREAD = 1.5


class Study(NamedTuple):
    """The episodes of both agents. scores: [agent, game, opponent, round]."""

    scores: Array
    nested: bool


def main() -> None:
    print("\nsizes  two agents that are alike; how often of 100 studies a test at 5 % finds a difference")
    work = timed(_sizes)
    for line in work.result:
        print(f"  {line}")
    print(f"  took {work.cpu:.0f} s CPU")
    fitting()


def _sizes() -> list[str]:
    rng = np.random.default_rng(5_000)
    lines = []
    for nested in (False, True):
        studies = [simulated(rng, nested) for _ in range(STUDIES)]
        shares = {name: np.mean([p(study) < 0.05 for study in studies[:number]]) for name, (p, number) in TESTS.items()}
        told = "opponents of their own" if nested else "the same opponents"
        lines.append(f"{told:24}" + "  ".join(f"{name} {100 * share:.1f}" for name, share in shares.items()))
    for clusters in CLUSTERS:
        found = np.array([cooperation(rng, clusters) for _ in range(FITTED * 2)])
        plain, robust = np.nanmean(found, axis=0)
        refused = np.isnan(found[:, 0]).mean()
        lines.append(
            f"cooperation, {clusters:3} episodes  rounds {100 * plain:.1f}  clustered {100 * robust:.1f}  "
            f"refused as separated {100 * refused:.1f}"
        )
    return lines


# Scores


def simulated(rng: np.random.Generator, nested: bool) -> Study:
    """Two agents of the same play."""
    games = rng.normal(0, SPREADS["game"], (1, GAMES, 1, 1))
    opponents = rng.normal(0, SPREADS["opponent"], (2 if nested else 1, 1, OPPONENTS, 1))
    episodes = rng.normal(0, SPREADS["episode"], (2, GAMES, OPPONENTS, 1))
    rounds = rng.normal(0, SPREADS["round"], (2, GAMES, OPPONENTS, ROUNDS))
    return Study(games + opponents + episodes + rounds, nested)


def by_rounds(study: Study) -> float:
    return two_sample(*(of_agent.ravel() for of_agent in study.scores)).p


def by_episodes(study: Study) -> float:
    return two_sample(*(of_agent.mean(axis=-1).ravel() for of_agent in study.scores)).p


def by_pairs(study: Study) -> float:
    return paired(*(of_agent.mean(axis=-1).ravel() for of_agent in study.scores)).p


def by_opponents(study: Study) -> float:
    return two_sample(*(of_agent.mean(axis=(0, 2)) for of_agent in study.scores)).p


def by_mixed_model(study: Study) -> float:
    agent, game, opponent = np.indices((2, GAMES, OPPONENTS)).reshape(3, -1)
    kinds = {"game": game, "opponent": opponent + OPPONENTS * agent if study.nested else opponent}
    design = np.column_stack([np.ones(agent.size), agent])
    return mixed(study.scores.mean(axis=-1).ravel(), design, kinds, intervals=False).effects[1].p


TESTS: Mapping[str, tuple[Callable[[Study], float], int]] = {
    "rounds as draws": (by_rounds, STUDIES),
    "episodes": (by_episodes, STUDIES),
    "episodes paired by game and opponent": (by_pairs, STUDIES),
    "opponents": (by_opponents, STUDIES),
    "mixed model": (by_mixed_model, FITTED),
}


# Yes or no


def cooperation(rng: np.random.Generator, episodes: int) -> tuple[float, float]:
    """Whether rows, and clusters of rows, find a difference between two halves of the episodes; NaN if separated."""
    episode = np.repeat(np.arange(episodes), ROUNDS)
    yes = rng.random(episode.size) < expit(rng.normal(0, LEVEL_SPREAD, episodes))[episode]
    design = np.column_stack([np.ones(episode.size), episode % 2])
    try:
        fits = [logistic(yes, design, clusters).coefficients[1] for clusters in (None, episode)]
    except NoEstimate:
        return np.nan, np.nan
    return tuple(float(fit.p < 0.05) for fit in fits)  # type: ignore[return-value]


# What a mixed model takes


def fitting() -> None:
    """7,200 episodes of 144 games, 25 pairs and 5 models."""
    rng = np.random.default_rng(1)
    game, pair = np.repeat(np.arange(144), 50), np.tile(np.repeat(np.arange(25), 2), 144)
    kinds, treated = {"game": game, "pair": pair, "model": pair // 5}, np.tile([0.0, 1.0], 3_600)
    scores = 0.6 + 0.03 * treated + rng.normal(0, 0.2, 7_200)
    for codes, spread in zip(kinds.values(), (0.15, 0.1, 0.05), strict=True):
        scores += rng.normal(0, spread, codes.max() + 1)[codes]
    design = np.column_stack([np.ones(7_200), treated])

    def ours() -> Mixed:
        return mixed(scores, design, kinds, intervals=False)

    def peer() -> float:
        from statsmodels.regression.mixed_linear_model import MixedLM

        frame = pd.DataFrame({"y": scores, "x": treated, "one": 1, **kinds})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parts = {name: f"0 + C({name})" for name in kinds}
            return float(MixedLM.from_formula("y ~ x", frame, groups="one", vc_formula=parts).fit(reml=True).llf)

    mine, theirs = in_turn(3, ours, lambda: timed(peer))
    same = Check("the same restricted likelihood", abs(mine[0].result.log_likelihood - theirs[0].result) < 1e-3)
    Row("mixed model of 7,200 rows, 144 + 25 + 5 groups", [same], mine, theirs, 7_200, "rows").print()
    whole = timed(lambda: mixed(scores, design, kinds))
    print(f"  with intervals of the variances: {whole.cpu:.1f} s CPU")
