"""P9: deviation ratings, beside the published algorithm with Gurobi; and how large a meta-game may be."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.dynamics_peer import knows, with_peer
from benchmarks.dynamics_replicator import symmetric
from benchmarks.measure import Check, Row, Timed, in_turn, timed
from comity.dynamics.certificate import flaw
from comity.dynamics.payoffs import Array
from comity.dynamics.rating import deviation_ratings

SOUND = 1e-9
ROUNDED = 1e-6
"""The peer rounds, and stops within its own tolerance."""


def main() -> None:
    row(6, 3, pairs=9, target=10, repeat=20)
    row(12, 3, pairs=5, target=100, repeat=10)
    row(6, 2, pairs=9, repeat=20)
    row(30, 2, pairs=3, repeat=10)
    for types, seats in ((30, 2), (12, 3), (100, 2), (30, 3), (20, 4)):
        alone(types, seats)


def row(types: int, seats: int, *, pairs: int, target: float | None = None, repeat: int) -> None:
    name = f"P9  deviation ratings, {types} types, {seats} seats"
    payoffs = symmetric(types, seats)
    knows(name, payoffs)
    theirs = with_peer("ratings", name=name)
    checks = [sound(payoffs)]
    if theirs is not None:
        checks.append(no_larger(deviation_ratings(payoffs).ratings, theirs().result))
    mine, peers = in_turn(pairs, partial(deviation_ratings, payoffs), theirs, repeat=repeat)
    Row(name, checks, mine, peers, types, "ratings", target).print()


def alone(types: int, seats: int) -> None:
    """How long the largest take; the peer's licence ends below most of them."""
    payoffs = symmetric(types, seats)
    checks = [sound(payoffs)] if types**seats <= 30_000 else []
    runs: list[Timed[Any]] = [timed(lambda: deviation_ratings(payoffs)) for _ in range(3)]
    Row(f"P9  deviation ratings, {types} types, {seats} seats, alone", checks, runs, [], types, "ratings").print()


def sound(payoffs: Array) -> Check:
    off = flaw(payoffs, deviation_ratings(payoffs))
    return Check(f"the certificate: ratings at most {off:.1e} of the range of payoffs off the optimum", off <= SOUND)


def no_larger(ours: Array, theirs: list[float]) -> Check:
    """Sorted, ours come first in lexicographic order, or both are the same."""
    gaps = np.sort(theirs)[::-1] - np.sort(ours)[::-1]
    differ = np.flatnonzero(np.abs(gaps) > ROUNDED)
    if not differ.size:
        return Check("the peer's ratings are the same", True)
    what = f"the peer's ratings are no optimum: its number {differ[0] + 1} is {gaps[differ[0]]:.2g} too large"
    return Check(what, bool(gaps[differ[0]] > 0))


if __name__ == "__main__":
    main()
