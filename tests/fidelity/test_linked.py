"""What neighbours did in the round before, by links that stay and links that change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.fidelity.linked import Grid, degrees, links_of_graphs, links_of_partners, shares_of_neighbours
from comity.fidelity.observations import FidelityError, Observations, observations, pooled


def played(actions: np.ndarray, graphs: list[tuple[int, int, list[tuple[int, int]]]]) -> Observations:
    """actions: [stretches, agents, rounds]; NaN for none."""
    stretches, agents, rounds = actions.shape
    places = [(s, i, t) for i in range(agents) for s in range(stretches) for t in range(rounds)]
    rows = pd.DataFrame(places, columns=["stretch", "agent", "round"])
    rows = rows.assign(population="p", condition="c", session="s", action=[actions[place] for place in places])
    return observations(rows, links_of_graphs(graphs))


@given(data=st.data())
def test_shares_and_degrees_are_those_that_a_loop_finds(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    stretches, agents, rounds = 2, data.draw(st.integers(2, 6)), data.draw(st.integers(1, 5))
    actions = rng.choice([0.0, 1.0, np.nan], size=(stretches, agents, rounds))
    pairs = [(a, b) for a in range(agents) for b in range(a)]

    def some() -> list[tuple[int, int]]:
        return [pair for pair in pairs if rng.random() < 0.5]

    fixed, moving = some(), [some() for _ in range(rounds)]
    found = played(actions, [(0, -1, fixed), *((1, t, edges) for t, edges in enumerate(moving))])
    shares, counts = shares_of_neighbours(found), degrees(found)
    for row, (i, s, t) in enumerate(zip(found.agent, found.stretch, found.round, strict=True)):
        before = max(t - 1, 0)
        edges = fixed if s == 0 else moving[before]
        near = [b if a == i else a for a, b in edges if i in (a, b)]
        assert counts[row] == len(near)
        seen = [actions[s, j, before] for j in near if not np.isnan(actions[s, j, before])] if t else []
        assert np.isnan(shares[row]) if not seen else shares[row] == pytest.approx(np.mean(seen))


def test_the_same_links_told_for_every_round_say_the_same() -> None:
    actions = np.random.default_rng(3).integers(0, 2, (1, 5, 6)).astype(float)
    ring = [(i, (i + 1) % 5) for i in range(5)]
    once, often = played(actions, [(0, -1, ring)]), played(actions, [(0, t, ring) for t in range(6)])
    assert np.array_equal(once.neighbours, often.neighbours, equal_nan=True)
    assert np.array_equal(once.degree, often.degree)


def test_the_best_payoff_among_neighbours_is_shown_as_the_rule_has_it() -> None:
    star = played(np.ones((1, 3, 2)), [(0, -1, [(0, 1), (0, 2)])])
    paid = np.array([20.0, 0, 6.0, 0, 8.0, 0])
    assert np.array_equal(Grid(star).best_before(paid)[1::2], [8, 20, 20])
    assert np.array_equal(Grid(star).best_before(paid, normalised=True)[1::2], [16, 10, 10])


def test_partners_are_links() -> None:
    links = links_of_partners([0, 0, 0, 0], [0, 0, 1, 1], [0, 1, 0, 1], [1, 0, -1, -1])
    assert links.tolist() == [[0, 0, 0, 1], [0, 0, 1, 0]]
    with pytest.raises(FidelityError, match="not mutual"):
        links_of_partners([0, 0], [0, 0], [0, 1], [1, 2])


def test_links_of_several_observations_stay_apart() -> None:
    one = played(np.array([[[1.0, 0.0], [0.0, 1.0]]]), [(0, -1, [(0, 1)])])
    both = pooled([one, one])
    assert np.array_equal(shares_of_neighbours(both), np.tile(one.neighbours, 2), equal_nan=True)
    assert both.unit_of.tolist() == [0, 1, 2, 3]
    assert both.session_of.tolist() == [0, 0, 1, 1]


def test_who_is_taken_keeps_the_links_among_those_taken() -> None:
    actions = np.eye(3).repeat(2, axis=0).reshape(2, 1, 3, 3)
    one, other = (played(each, [(0, -1, [(0, 1), (1, 2)])]) for each in actions)
    second = pooled([one, other]).taking([False] * 3 + [True] * 3)
    assert second.links is not None
    assert second.links[:, 2:].max() == 2
    assert np.array_equal(shares_of_neighbours(second), other.neighbours, equal_nan=True)
    ends = one.taking([True, False, True])
    assert ends.links is not None
    assert len(ends.links) == 0


def test_without_links_nothing_is_said_of_neighbours() -> None:
    rows = pd.DataFrame({"population": ["p"], "condition": "c", "session": "s", "agent": "a", "round": 0, "action": 1})
    with pytest.raises(FidelityError, match="not known"):
        shares_of_neighbours(observations(rows))
