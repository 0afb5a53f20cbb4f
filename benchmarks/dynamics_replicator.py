"""P5 and P6: a step of the replicator dynamics, beside the published update as one writes it down, and other libraries.

The update is x_i exp(rate (f_i - f)), divided by the sum of all. Ours takes it for many starts at once, so its time is
told per start and step; written down it is a loop over one population, and the libraries compute a derivative of one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.dynamics_peer import knows, peer, with_peer
from benchmarks.measure import Check, Row, Timed, in_turn, timed
from comity.dynamics.infinite import replicator, uniform_starts
from comity.dynamics.payoffs import Array, fitness, spread
from comity.dynamics.published import exponential_weights

RATE = 0.1
PAIRS = 9


def main() -> None:
    plain("P5  replicator step, 6 types, 2 seats, 1,000 starts", 6, 2, 1_000, 1_000, 1_000, 50)
    plain("P5  replicator step, 6 types, 3 seats, 1,000 starts", 6, 3, 1_000, 1_000, 1_000, 50)
    plain("P6  replicator step, 30 types, 4 seats, 256 starts", 30, 4, 256, 100, 20, 40)
    for library in ("Nashpy", "OpenSpiel", "EGTTools"):
        beside(f"P5  the same, 6 types, 2 seats, against Euler steps by {library}", library, 6, 2, 1_000, 1_000, 5_000)
    beside("P5  the same, 6 types, 3 seats, against Euler steps by EGTTools", "EGTTools", 6, 3, 1_000, 1_000, 500)
    beside("P6  the same, 30 types, 4 seats, against Euler steps by EGTTools", "EGTTools", 30, 4, 256, 100, 1, pairs=3)


def plain(name: str, types: int, seats: int, number: int, steps: int, theirs: int, target: float) -> None:
    """Against the update as one writes it down, for one population; `theirs` steps of that are timed."""
    payoffs = symmetric(types, seats)
    starts = uniform_starts(np.random.default_rng(2), number, types)
    many = partial(followed, payoffs, starts, steps)
    few = followed(payoffs, starts[:3], theirs)
    same = [
        float(np.abs(written_down(payoffs, start, theirs)[-1] - end).max())
        for start, end in zip(starts[:3], few, strict=True)
    ]
    published = exponential_weights(payoffs, starts[0], RATE, theirs, 0.0).final
    checks = [
        Check(f"3 starts after {theirs:,} steps: at most {max(same):.1e} off", max(same) <= 1e-12),
        Check("the same update as `exponential_weights`", bool(np.abs(published - few[0]).max() <= 1e-12)),
    ]
    mine, peers = in_turn(PAIRS, many, lambda: timed(lambda: written_down(payoffs, starts[0], theirs)))
    Row(name, checks, each(mine, number * steps), each(peers, theirs), 1, "steps", target).print()


def beside(
    name: str, library: str, types: int, seats: int, number: int, steps: int, theirs: int, pairs: int = PAIRS
) -> None:
    """Against Euler's method with the derivative of a library, one population."""
    if peer() is None:
        return
    payoffs = symmetric(types, seats)
    starts = uniform_starts(np.random.default_rng(2), number, types)
    knows(name, payoffs)
    order = {"name": name, "peer": library, "start": starts[0].tolist()}
    one = with_peer("euler", **order, steps=1)
    assert one is not None
    paid = fitness(payoffs, starts[0])
    slope = starts[0] * (paid - starts[0] @ paid)
    off = float(np.abs((np.array(one().result) - starts[0]) / 1e-3 - slope).max())
    mine, peers = in_turn(pairs, partial(followed, payoffs, starts, steps), with_peer("euler", **order, steps=theirs))
    checks = [Check(f"the derivative: at most {off:.1e} off", off <= 1e-9)]
    Row(name, checks, each(mine, number * steps), each(peers, theirs), 1, "steps").print()


def followed(payoffs: Array, starts: Array, steps: int) -> Array:
    """So many steps from each start, at rest or not."""
    return replicator(payoffs, starts, rate=RATE * spread(payoffs), tolerance=-1.0, limit=steps).shares


def written_down(payoffs: Array, start: Array, steps: int) -> list[Array]:
    """The published update for one population, as one writes it down; it stops where nothing moves."""
    letters = "ijklmnop"[: payoffs.ndim]
    formula = f"{letters},{','.join(letters[1:])}->i"
    course = [start]
    for _ in range(steps):
        shares = course[-1]
        paid = np.einsum(formula, payoffs, *[shares] * (payoffs.ndim - 1))
        mean = shares @ paid
        if np.abs(paid - mean).max() == 0:
            break
        weights = shares * np.exp(RATE * (paid - mean))
        course.append(weights / weights.sum())
    return course


def symmetric(types: int, seats: int) -> Array:
    """Random payoffs that do not depend on who of the co-players sits where."""
    payoffs = np.random.default_rng(1).normal(size=(types,) * seats)
    orders = list(itertools.permutations(range(1, seats)))
    return np.asarray(sum(payoffs.transpose(0, *order) for order in orders) / len(orders))


def each(runs: Sequence[Timed[Any]], amount: float) -> list[Timed[Any]]:
    """The times per piece of the work."""
    return [Timed(run.result, run.cpu / amount, run.wall / amount) for run in runs]


if __name__ == "__main__":
    main()
