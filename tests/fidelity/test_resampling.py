"""Halves are balanced, disjoint and whole; what is drawn again varies as its two stages say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from comity.fidelity.resampling import halves, resampled
from tests.fidelity.generated import observed


@pytest.mark.parametrize("sessions", [6, 12])
def test_halves_are_made_of_half_the_sessions_each_and_share_none(sessions: int) -> None:
    people = observed(np.zeros((4 * sessions, 3)), sessions)
    size = float(people.n_agents)
    one, other = halves({"ring": people}, {"ring": (size, size)}, 400, np.random.default_rng(1))["ring"]
    of_session = np.eye(sessions)[people.session_of]
    ones, others = ((side.weights @ of_session > 0) for side in (one, other))
    assert not (ones & others).any()
    assert ones.sum(axis=1).max() == others.sum(axis=1).max() == sessions // 2
    assert (one.weights.sum(axis=1) == size).all()
    assert ones.mean(axis=0) == pytest.approx(others.mean(axis=0), abs=0.15)


def test_halves_of_one_session_do_not_cut_units() -> None:
    people = observed(np.zeros((20, 3)))
    pairs = replace(people, unit_of=np.arange(20) // 2)
    one, other = halves({"ring": pairs}, {"ring": (20.0, 20.0)}, 100, np.random.default_rng(2))["ring"]
    for side in (one, other):
        assert (side.weights[:, ::2] == side.weights[:, 1::2]).all()
    assert not ((one.weights > 0) & (other.weights > 0)).any()


def test_what_is_drawn_again_varies_by_sessions_and_by_agents_within_them() -> None:
    """The variance of the mean is that of session means over sessions, and that of agents within over all agents."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=40) + rng.normal(size=5).repeat(8)
    people = observed(np.zeros((40, 2)), sessions=5)
    drawn = resampled({"ring": people}, 8_000, rng)["ring"].weights @ values / 40
    groups = values.reshape(5, 8)
    expected = groups.mean(axis=1).var() / 5 + groups.var(axis=1).mean() / 40
    assert drawn.var() == pytest.approx(expected, rel=0.08)
    assert drawn.mean() == pytest.approx(values.mean(), abs=0.03)
