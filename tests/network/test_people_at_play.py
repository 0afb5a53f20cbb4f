"""Scripted people on a torus of 625: from what they do the rule that they follow is recovered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from math import sqrt
from statistics import fmean, pvariance

import pytest
from scipy import stats

from comity.strategies.catalogue import STRATEGIES
from comity.strategies.people import Moody
from tests.network.test_people import TORUS, C, D, played

pytestmark = pytest.mark.slow


def rates(rounds: list[tuple[str, ...]]) -> list[float]:
    """How often each player cooperated."""
    return [fmean(action == C for action in one) for one in zip(*rounds, strict=True)]


@pytest.mark.parametrize("strategy", [Moody(), Moody(linear=True, intercept=0.2, mood=0.2, slope=0.05, mood_slope=0.3)])
def test_the_rule_of_the_moody_is_recovered_from_a_match(strategy: Moody) -> None:
    rounds = played(TORUS, strategy)
    neighbours: dict[int, list[int]] = defaultdict(list)
    for a, b in TORUS.links:
        neighbours[a].append(b)
        neighbours[b].append(a)
    cells: dict[tuple[bool, int], list[bool]] = defaultdict(list)
    for before, after in pairwise(rounds):
        for node, action in enumerate(after):
            cells[before[node] == C, sum(before[other] == C for other in neighbours[node])].append(action == C)
    assert len(cells) == 10
    assert fmean(action == C for action in rounds[0]) == pytest.approx(strategy.first, abs=4 * 0.5 / 25)
    for (own, cooperating), found in cells.items():
        p = strategy.chance((own, cooperating, 4))
        assert fmean(found) == pytest.approx(p, abs=4 * sqrt(p * (1 - p) / len(found)))


def test_by_default_the_moody_are_near_people() -> None:
    rounds = played(TORUS, STRATEGIES["moody"]())
    pairs = [(b == C, a == C) for before, after in pairwise(rounds) for b, a in zip(before, after, strict=True)]
    after_cooperation = fmean(a for b, a in pairs if b)
    after_defection = fmean(a for b, a in pairs if not b)
    assert 0.50 < after_cooperation < 0.54
    assert 0.19 < after_defection < 0.32
    assert 0.29 < fmean(map(fmean, ([action == C for action in one] for one in rounds))) < 0.41


def test_spread_is_variance_between_people_beyond_that_of_coins() -> None:
    alike, different = (pvariance(rates(played(TORUS, Moody(mood=0, mood_slope=0, slope=0, spread=s)))) for s in (0, 1))
    p = Moody(mood=0, mood_slope=0, slope=0).chance((True, 0, 4))
    of_coins = p * (1 - p) / 51
    assert alike == pytest.approx(of_coins, rel=0.5)
    assert different > 5 * of_coins


def test_persistence_is_what_was_asked_for_and_no_response() -> None:
    rounds = played(TORUS, STRATEGIES["persistent"](stay=0.4, cooperates=0.3))
    pairs = [(b == C, a == C) for before, after in pairwise(rounds) for b, a in zip(before, after, strict=True)]
    assert fmean(a for b, a in pairs if b) == pytest.approx(0.4 + 0.6 * 0.3, abs=0.02)
    assert fmean(a for b, a in pairs if not b) == pytest.approx(0.6 * 0.3, abs=0.02)


def test_individual_rates_are_those_of_the_beta_distribution() -> None:
    a, b, n = 2.0, 3.0, 51
    found = rates(played(TORUS, STRATEGIES["individual"](a=a, b=b)))
    of_trait = stats.beta(a, b)
    assert fmean(found) == pytest.approx(of_trait.mean(), abs=0.03)
    expected = of_trait.var() + (of_trait.mean() * (1 - of_trait.mean()) - of_trait.var()) / n  # the beta-binomial
    assert pvariance(found) == pytest.approx(expected, rel=0.2)
    counts = [round(rate * n) for rate in found]
    assert stats.kstest(counts, stats.betabinom(n, a, b).cdf).pvalue > 0.001


def test_imitation_comes_to_rest_where_all_do_the_same() -> None:
    last = played(replace(TORUS, rounds=3), STRATEGIES["imitator"](first=0.0))[-1]
    assert set(last) == {D}
