"""Graphs as values: who is whose neighbour, named, drawn or rewired.

A graph is a sorted tuple of edges, an edge a pair of different nodes, the smaller first; no edge stands there twice.
All here is a function of its arguments. Where a graph is random, a number decides (`word`, a whole number from 0 on),
so that a record which keeps the number keeps the graph.

A random graph with given degrees is one graph that has them (Hakimi 1962) after many double edge swaps: two edges
exchange an end each wherever that leaves the graph simple. A swap that would not is counted and not made up for, so
that in the long run every labelled graph with these degrees is equally likely (Fosdick et al. 2018).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from comity.core.chance import Address, bits, streams
from comity.core.errors import BadParameter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Edge: TypeAlias = tuple[int, int]
Edges: TypeAlias = tuple[Edge, ...]

SWAPS = 5
"""So many swaps are tried for each edge, and `MORE` beside: every edge is then taken some ten times."""
MOST_NODES = 1_000
"""Named graphs with more nodes than a match has players are not made."""
MORE = 100
"""Small graphs need more tries, because many of them are given up."""
SIZES: dict[str, tuple[int, ...]] = {
    "lattice": (25, 25),
    "moore": (25, 25),
    "ring": (625, 4),
    "complete": (4,),
    "star": (5,),
    "regular": (625, 4),
    "scale_free": (604, 2, 16),
}
"""The graphs that have a name, and how large each is unless something else is said; see `named_graph`."""


def sorted_edges(edges: Iterable[Sequence[int]]) -> Edges:
    """These edges in the one form that a graph has: each pair in order, all in order."""
    return tuple(sorted((min(a, b), max(a, b)) for a, b in edges))


def degrees_of(edges: Edges, players: int) -> tuple[int, ...]:
    """How many neighbours each node has."""
    found = [0] * players
    for a, b in edges:
        found[a] += 1
        found[b] += 1
    return tuple(found)


def neighbours_of(edges: Edges, players: int) -> tuple[tuple[int, ...], ...]:
    """The neighbours of each node, in the order of their numbers."""
    found: list[list[int]] = [[] for _ in range(players)]
    for a, b in edges:
        found[a].append(b)
        found[b].append(a)
    return tuple([tuple(sorted(each)) for each in found])


def checked_graph(edges: Edges, players: int) -> None:
    """Raise `BadParameter` unless these are edges of a simple graph on so many nodes in which none stands alone."""
    seen = set()
    for edge in edges:
        if len(edge) != 2 or edge[0] == edge[1] or not all(0 <= player < players for player in edge):
            raise BadParameter(f"the edge {list(edge)} does not join two of the players 0 to {players - 1}")
        if (pair := (min(edge), max(edge))) in seen:
            raise BadParameter(f"the edge {list(edge)} stands there twice")
        seen.add(pair)
    if 0 in (degrees := degrees_of(edges, players)):
        raise BadParameter(f"player {degrees.index(0)} has no neighbour")


# Named graphs


def named_graph(name: str, size: tuple[int, ...], word: int = 0) -> Edges:
    """The graph of that name and size; where it is random, `word` decides.

    "lattice" and "moore": (rows, columns). "ring" and "regular": (players, degree). "complete" and "star": (players,).
    "scale_free": (players, lowest degree, highest degree). Raises `BadParameter` where there is none.
    """
    if name not in SIZES:
        raise BadParameter(f"graph must be one of {', '.join(SIZES)}, not {name!r}")
    if len(size) != len(SIZES[name]):
        like = list(SIZES[name])
        raise BadParameter(f"the size of a graph {name!r} is {len(like)} whole numbers, like {like}, not {list(size)}")
    if math.prod(size[: 2 if name in ("lattice", "moore") else 1]) > MOST_NODES:
        raise BadParameter(f"a graph has {MOST_NODES:,} nodes at most, and the {name} of size {list(size)} has more")
    if name in ("lattice", "moore"):
        return lattice(*size, moore=name == "moore")
    if name == "regular":
        players, degree = size
        return random_regular(players, degree, word)
    if name == "scale_free":
        return configuration(scale_free_degrees(*size), word)
    return {"ring": ring, "complete": complete, "star": star}[name](*size)


def edges_of(graph: str, players: int) -> Edges:
    """The edges of a named graph of so many players: "ring", "complete" or "star" (player 0 in the middle)."""
    if graph == "ring":
        return ring(players)
    if graph == "complete":
        return complete(players)
    if graph == "star":
        return star(players)
    raise BadParameter(f'graph must be "ring", "complete" or "star", not {graph!r}')


def ring(players: int, degree: int = 2) -> Edges:
    """A ring lattice: every node with the `degree` / 2 next ones on either side.

    Raises `BadParameter` unless degree is even, positive and less than the number of nodes; two nodes make one edge.
    """
    _at_least(players, 2)
    if players == 2 and degree == 2:
        return ((0, 1),)
    if degree < 2 or degree % 2 or degree >= players:
        raise BadParameter(f"on a ring of {players} the degree must be even and from 2 to {players - 1}, not {degree}")
    steps = range(1, degree // 2 + 1)
    return sorted_edges({_pair(i, (i + step) % players) for i in range(players) for step in steps})


def complete(players: int) -> Edges:
    """Everybody is everybody's neighbour."""
    _at_least(players, 2)
    return tuple([(i, j) for i in range(players) for j in range(i + 1, players)])


def star(players: int) -> Edges:
    """Node 0 in the middle."""
    _at_least(players, 2)
    return tuple([(0, j) for j in range(1, players)])


def lattice(rows: int, columns: int, *, moore: bool = False) -> Edges:
    """A square lattice without borders (a torus), its nodes counted row by row.

    Neighbours are the four next ones (von Neumann's), with `moore` the eight around. Raises `BadParameter` for less
    than three rows or columns, where the next ones on both sides would be one.
    """
    if rows < 3 or columns < 3:
        raise BadParameter(f"a lattice needs three rows and three columns at least, not {rows} and {columns}")
    ways = ((0, 1), (1, 0), (1, 1), (1, -1)) if moore else ((0, 1), (1, 0))
    return sorted_edges(
        {
            _pair(row * columns + column, (row + down) % rows * columns + (column + right) % columns)
            for row in range(rows)
            for column in range(columns)
            for down, right in ways
        }
    )


# Random graphs


def random_regular(players: int, degree: int, word: int) -> Edges:
    """A random graph in which every node has `degree` neighbours.

    Raises `BadParameter` where there is none, or nobody has a neighbour.
    """
    _at_least(players, 2)
    if degree < 1:
        raise BadParameter(f"each player needs a neighbour at least, not {degree}")
    return configuration((degree,) * players, word)


def configuration(degrees: Sequence[int], word: int) -> Edges:
    """A random simple graph in which node i has degrees[i] neighbours.

    Raises `BadParameter` where there is no such graph.
    """
    return rewired(realised(degrees), word)


def realised(degrees: Sequence[int]) -> Edges:
    """One simple graph with these degrees: again and again the node that lacks most is joined to those that lack most
    after it (Hakimi 1962). Raises `BadParameter` where there is none."""
    lacking, edges = list(degrees), list[Edge]()
    while any(lacking):
        node, *others = sorted(range(len(lacking)), key=lambda each: (-lacking[each], each))
        wanted, lacking[node] = lacking[node], 0
        chosen = others[: max(wanted, 0)]
        for other in chosen:
            lacking[other] -= 1
            edges.append(_pair(node, other))
        if min(lacking) < 0 or len(chosen) < wanted:
            raise BadParameter(f"no simple graph has the degrees {_some(degrees)}")
    return tuple(sorted(edges))


def scale_free_degrees(players: int = 604, low: int = 2, high: int = 16) -> tuple[int, ...]:
    """Degrees from low to high, of which k is about as frequent as 1 / k**3, largest first, with an even sum.

    They stand in for the network of 604 nodes with degrees 2 to 16 on which people played (Gracia-Lázaro et al. 2012),
    whose degrees are not at hand; cubes are the law of networks that grow by preferential attachment.
    They are the quantiles of that law, the last of them `high`, so that nothing is drawn. Where the sum is odd, one
    node of the lowest degree has one neighbour more. Raises `BadParameter` unless 1 <= low <= high < players.
    """
    if not 1 <= low <= high < players:
        raise BadParameter(f"degrees from {low} to {high} are none that {players} players can have")
    weights = [degree**-3.0 for degree in range(low, high + 1)]
    total, reached, cumulative = sum(weights), 0.0, []
    for weight in weights:
        reached += weight / total
        cumulative.append(reached)
    found = []
    for player in range(players):
        place = (player + 0.5) / players
        found.append(low + next((k for k, share in enumerate(cumulative) if place < share), high - low))
    found[-1] = high
    if sum(found) % 2:
        found[0] += 1 if low < high else 0
    if sum(found) % 2:
        raise BadParameter(f"{players} players cannot all have {low} neighbours: the sum of degrees must be even")
    return tuple(reversed(found))


@lru_cache(maxsize=256)  # a record is played again soon after it was played
def rewired(edges: Edges, word: int) -> Edges:
    """A random graph with the degrees of this one: `SWAPS` double edge swaps are tried for each edge, and `MORE`.

    A try takes two edges at random, (a, b) and (c, d), one of them turned round half the time, and makes (a, d) and
    (c, b) of them; it is given up where this would join a node to itself or two nodes twice. What is tried is a
    function of `word` alone.
    """
    if len(edges) < 2:
        return edges
    first, second, turned = _tries(word, len(edges))
    ends = [list(edge) for edge in edges]
    known = {a << 32 | b for a, b in edges}
    for one, other, turn in zip(first, second, turned, strict=True):
        a, b = ends[one]
        c, d = ends[other]
        if turn:
            c, d = d, c
        if a in (c, d) or b in (c, d):
            continue
        left = a << 32 | d if a < d else d << 32 | a
        right = c << 32 | b if c < b else b << 32 | c
        if left in known or right in known:
            continue
        known.remove(a << 32 | b if a < b else b << 32 | a)
        known.remove(c << 32 | d if c < d else d << 32 | c)
        known.add(left)
        known.add(right)
        ends[one], ends[other] = [a, d], [c, b]
    return sorted_edges(ends)


def shuffled(neighbours: Sequence[tuple[int, ...]], word: int) -> tuple[tuple[int, ...], ...]:
    """The neighbours of each node in an order of its own, all as `word` has it."""
    import numpy as np

    widths = [len(each) for each in neighbours]
    drawn = bits(_stream(word, 1, sum(widths)), 0)
    flat = np.fromiter((other for each in neighbours for other in each), np.int64, sum(widths))
    nodes = np.repeat(np.arange(len(widths)), widths)
    ordered = iter(flat[np.lexsort((drawn, nodes))].tolist())
    return tuple([tuple([next(ordered) for _ in range(width)]) for width in widths])


def _tries(word: int, size: int) -> tuple[list[int], list[int], list[bool]]:
    """Which two of so many edges each try takes, and whether the second is turned round."""
    import numpy as np

    number = SWAPS * size + MORE
    stream = _stream(word, 0, number)
    unit = [(bits(stream, slot) >> np.uint64(21)).astype(np.int64) for slot in range(2)]
    first, second = (each * size >> 32 for each in unit)
    turned = bits(stream, 2) & np.uint64(1)
    return first.tolist(), second.tolist(), turned.astype(bool).tolist()


def _stream(word: int, purpose: int, size: int) -> NDArray[np.uint64]:
    """So many streams of draws that the word and the purpose name."""
    import numpy as np

    key = Address(word, 0, purpose).word
    return streams(np.full(size, key, np.uint64), np.arange(size, dtype=np.uint64))


def _pair(a: int, b: int) -> Edge:
    return (a, b) if a < b else (b, a)


def _at_least(players: int, least: int) -> None:
    if players < least:
        raise BadParameter(f"a network needs at least two players, not {players}")


def _some(degrees: Sequence[int]) -> str:
    told = ", ".join(map(str, degrees[:10]))
    return f"{told}, ..." if len(degrees) > 10 else told
