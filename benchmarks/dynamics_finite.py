"""P7 and P8: finite populations, simulated and by their fixation probabilities, beside EGTTools in C++."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.dynamics_peer import knows, with_peer
from benchmarks.dynamics_replicator import each
from benchmarks.measure import Check, Row, in_turn
from comity.dynamics.finite import Fermi, fixation
from comity.dynamics.payoffs import Array
from comity.dynamics.simulation import Simulated, simulate

MUTATION = 1e-3
MOST = 4.0
POPULATIONS = 4_000
STARTS = 100
"""So many different populations are followed: each of them once by the peer, and several times by us."""


def main() -> None:
    simulated(1_000, "settled", updates=25_000, settling=50_000)
    simulated(100_000, "settled", updates=3_000, settling=1_000_000)
    simulated(100_000, "from equally many of each type", updates=3_000, settling=0)
    fixations(6, pairs=7)
    fixations(30, pairs=3, target=1_000)


def simulated(size: int, how: str, *, updates: int, settling: int) -> None:
    """Pairwise comparison with mutation of six types, both sides from the same populations for as many updates.

    Settled are populations that had equally many of each type and then so many updates.
    """
    name = f"P7  pairwise comparison, 6 types, {size:,} players, mutation {MUTATION:g}, {how}"
    payoffs = np.random.default_rng(1).normal(size=(6, 6))
    rng = np.random.default_rng(2)
    starts = np.tile(np.diff(np.linspace(0, size, 7).round()).astype(int), (STARTS, 1))
    if settling:
        starts = simulate(payoffs, starts, settling, Fermi(1.0), MUTATION, rng).counts

    def ours() -> Simulated:
        many = np.repeat(starts, POPULATIONS // STARTS, axis=0)
        return simulate(payoffs, many, updates, Fermi(1.0), MUTATION, rng)

    knows(name, payoffs)
    orders = {"name": name, "selection": 1.0, "mutation": MUTATION, "starts": starts.tolist(), "updates": updates}
    theirs = with_peer("evolve", **orders)
    checks = []
    if theirs is not None:
        checks.append(alike(ours().counts.reshape(STARTS, -1, 6), np.array(theirs().result), updates))
    own, peers = in_turn(7, ours, theirs)
    Row(name, checks, each(own, POPULATIONS * updates), each(peers, STARTS * updates), 1, "updates", target=30).print()


def alike(ours: NDArray[np.int64], theirs: NDArray[np.int64], updates: int) -> Check:
    """The mean change of each type's number from the same starts, ours [start, repetition, type], theirs once each."""
    gap = theirs - ours.mean(1)
    error = gap.std(0, ddof=1) / len(gap) ** 0.5
    z = float(np.abs(gap.mean(0) / error).max())
    return Check(
        f"numbers after {updates:,} updates from {len(gap)} starts: at most {z:.2f} standard errors off", z <= MOST
    )


def fixations(types: int, pairs: int, target: float | None = None) -> None:
    """All fixation probabilities among so many types, 1,000 players."""
    name = f"P8  all fixation probabilities, {types} types, 1,000 players"
    payoffs: Array = np.random.default_rng(3).normal(size=(types, types))
    knows(name, payoffs)
    ours = partial(fixation, payoffs, 1_000, Fermi(0.01))
    theirs = with_peer("fixation", name=name, size=1_000, selection=0.01)
    checks = [] if theirs is None else [equal(ours(), np.array(theirs().result))]
    mine, peers = in_turn(pairs, ours, theirs, repeat=20)
    Row(name, checks, mine, peers, types * (types - 1), "probabilities", target).print()


def equal(ours: Array, theirs: Array) -> Check:
    """Off the diagonal, which the peer leaves at 0."""
    off = float(np.abs(ours - theirs)[~np.eye(len(ours), dtype=bool)].max())
    return Check(f"probabilities: at most {off:.1e} off", off <= 1e-6)


if __name__ == "__main__":
    main()
