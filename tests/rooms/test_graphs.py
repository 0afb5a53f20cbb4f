"""Graphs: named ones by what is known of them, random ones by their degrees and by how often each comes."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.errors import BadParameter
from comity.mechanisms.graphs import (
    Edges,
    checked_graph,
    complete,
    configuration,
    degrees_of,
    lattice,
    named_graph,
    neighbours_of,
    random_regular,
    realised,
    rewired,
    ring,
    scale_free_degrees,
    shuffled,
    star,
)

pytestmark = pytest.mark.slow

words = st.integers(0, 2**53 - 1)


@pytest.mark.parametrize(
    ("edges", "players", "degrees"),
    [
        (lattice(25, 25), 625, {4}),
        (lattice(3, 4), 12, {4}),
        (lattice(5, 6, moore=True), 30, {8}),
        (ring(7), 7, {2}),
        (ring(2), 2, {1}),
        (ring(9, 4), 9, {4}),
        (complete(5), 5, {4}),
        (star(6), 6, {1, 5}),
        (random_regular(20, 3, 11), 20, {3}),
        (named_graph("scale_free", (604, 2, 16)), 604, set(range(2, 17))),
        (named_graph("moore", (3, 3)), 9, {8}),
    ],
)
def test_named_graphs_are_simple_and_have_their_degrees(edges: Edges, players: int, degrees: set[int]) -> None:
    checked_graph(edges, players)
    assert set(degrees_of(edges, players)) == degrees
    assert edges == tuple(sorted(edges))


def test_a_lattice_has_no_border() -> None:
    around = neighbours_of(lattice(25, 25), 625)
    assert around[0] == (1, 24, 25, 600)
    assert around[624] == (24, 599, 600, 623)
    assert set(neighbours_of(lattice(4, 5, moore=True), 20)[0]) == {1, 4, 5, 6, 9, 15, 16, 19}


def test_the_degrees_that_stand_in_for_those_of_the_experiment() -> None:
    degrees = scale_free_degrees()
    assert (len(degrees), min(degrees), max(degrees), sum(degrees) % 2) == (604, 2, 16, 0)
    counts = Counter(degrees)
    assert counts[2] / counts[4] == pytest.approx(8, rel=0.05)  # about as frequent as 1 / k**3
    assert degrees_of(configuration(degrees, 5), 604) == degrees


@given(words, st.integers(3, 6), st.integers(3, 6))
def test_rewiring_keeps_degrees_and_is_a_function_of_its_number(word: int, rows: int, columns: int) -> None:
    edges = lattice(rows, columns)
    other = rewired(edges, word)
    checked_graph(other, rows * columns)
    assert degrees_of(other, rows * columns) == degrees_of(edges, rows * columns)
    rewired.cache_clear()
    assert rewired(edges, word) == other


def test_what_a_number_decides_stays_decided() -> None:
    """Golden: a record keeps the number and not the graph."""
    assert rewired(ring(6), 1) == ((0, 2), (0, 4), (1, 3), (1, 5), (2, 4), (3, 5))
    assert shuffled(neighbours_of(lattice(3, 3), 9), 2)[4] == (3, 7, 5, 1)


def test_rewiring_leaves_little_of_the_graph() -> None:
    edges = lattice(25, 25)
    kept = len(set(edges) & set(rewired(edges, 7)))
    assert kept < 0.03 * len(edges)


def _all_with(degrees: tuple[int, ...]) -> set[Edges]:
    """Every labelled simple graph with these degrees, by trying all."""
    players = len(degrees)
    every = combinations(combinations(range(players), 2), sum(degrees) // 2)
    return {edges for edges in every if degrees_of(edges, players) == degrees}


@pytest.mark.parametrize("degrees", [(2, 2, 2, 1, 1), (1, 1, 1, 1, 1, 1), (3, 2, 2, 2, 1), (2,) * 6])
def test_every_graph_with_given_degrees_comes_equally_often(degrees: tuple[int, ...]) -> None:
    possible, draws = _all_with(degrees), 3_000
    counts = Counter(configuration(degrees, word) for word in range(draws))
    assert counts.keys() == possible
    expected = draws / len(possible)
    chi_square = sum((count - expected) ** 2 / expected for count in counts.values())
    freedom = len(possible) - 1
    assert chi_square < freedom + 5 * (2 * freedom) ** 0.5


def test_every_order_of_neighbours_comes_equally_often() -> None:
    counts = Counter(shuffled(((1, 2, 3), (0,), (0,), (0,)), word)[0] for word in range(1_200))
    assert len(counts) == 6
    assert all(abs(count - 200) < 5 * 200**0.5 for count in counts.values())


@pytest.mark.parametrize("degrees", [(1,), (3, 1, 1), (2, 2, 1), (4, 4, 1, 1, 1, 1), (3, 3, 1, 1)])
def test_degrees_that_no_graph_has_are_refused(degrees: tuple[int, ...]) -> None:
    with pytest.raises(BadParameter, match="no simple graph has the degrees"):
        realised(degrees)


@given(st.integers(2, 8).flatmap(lambda n: st.sets(st.sampled_from(list(combinations(range(n), 2))), min_size=1)))
def test_the_degrees_of_any_graph_can_be_realised(edges: set[tuple[int, int]]) -> None:
    graph = tuple(sorted(edges))
    degrees = degrees_of(graph, 8)
    assert degrees_of(realised(degrees), 8) == degrees


@pytest.mark.parametrize(
    ("name", "size", "sentence"),
    [
        ("tree", (3,), "graph must be one of lattice, moore, ring, complete, star, regular, scale_free, not 'tree'"),
        ("lattice", (5,), r"the size of a graph 'lattice' is 2 whole numbers, like \[25, 25\], not \[5\]"),
        ("lattice", (2, 5), "a lattice needs three rows and three columns at least, not 2 and 5"),
        ("lattice", (1000, 1000), "a graph has 1,000 nodes at most"),
        ("ring", (6, 3), "on a ring of 6 the degree must be even and from 2 to 5, not 3"),
        ("star", (1,), "at least two players, not 1"),
        ("regular", (5, 3), "no simple graph has the degrees 3, 3, 3, 3, 3"),
        ("scale_free", (10, 3, 12), "degrees from 3 to 12 are none that 10 players can have"),
    ],
)
def test_graphs_that_are_none_are_refused(name: str, size: tuple[int, ...], sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence):
        named_graph(name, size)
