"""Sessions dealt anew: exact where nothing differs, small where something does, and never smaller than it can be."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from comity.fidelity.observations import FidelityError, Floats, Observations, Weighted
from comity.fidelity.randomised import dealt_anew
from comity.fidelity.rules import part_gap, rule_distance
from comity.fidelity.simulate import Constant, simulated
from tests.fidelity.designs import TRAITS, design


def gap(candidate: Weighted, human: Weighted) -> Floats:
    return candidate.mean - human.mean


def played(sessions: int, rng: np.random.Generator, rate: float | None = None, side: int = 3) -> Observations:
    rule = TRAITS if rate is None else Constant(rate)
    return simulated(rule, design(side, 8, sessions), rng, "people" if rate is None else "flat")


def test_p_is_the_share_of_all_ways() -> None:
    rng = np.random.default_rng(1)
    one, other = played(2, rng, 0.9), played(3, rng, 0.1)
    found = dealt_anew(gap, one, other, rng)
    means = [side.action.reshape(len(side.sessions), -1).mean(axis=1) for side in (one, other)]
    every = np.concatenate(means)
    by_hand = [abs(every[[i, j]].mean() - np.delete(every, [i, j]).mean()) for i in range(5) for j in range(i + 1, 5)]
    np.testing.assert_allclose(np.sort(found.null), np.sort(by_hand))
    assert found.value == pytest.approx(means[0].mean() - means[1].mean())
    assert (found.p, found.least) == (0.1, 0.1)


def test_p_is_uniform_where_sessions_are_alike() -> None:
    rng = np.random.default_rng(2)
    p = np.array([dealt_anew(gap, played(3, rng), played(4, rng), rng).p for _ in range(150)])
    assert p.min() >= 1 / 35
    for level in (0.2, 0.5):
        assert np.mean(p <= level) == pytest.approx(level, abs=3.5 * np.sqrt(level * (1 - level) / 150))


def test_another_rule_is_seen_in_a_few_sessions() -> None:
    rng = np.random.default_rng(3)
    people, flat = played(5, rng, side=6), played(5, rng, 0.4, side=6)
    assert dealt_anew(partial(part_gap, part="mood"), flat, people, rng).p < 0.02
    assert dealt_anew(rule_distance, flat, people, rng).p < 0.02


def test_of_many_ways_some_are_dealt() -> None:
    rng = np.random.default_rng(4)
    found = dealt_anew(gap, played(10, rng), played(10, rng, 0.9), rng, deals=99)
    assert found.null.shape == (99,)
    assert (found.p, found.least) == (0.01, 0.01)


def test_two_sessions_cannot_be_dealt() -> None:
    rng = np.random.default_rng(5)
    with pytest.raises(FidelityError, match="one session each"):
        dealt_anew(gap, played(1, rng), played(1, rng), rng)
