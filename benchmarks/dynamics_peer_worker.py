"""Runs in the environment of the peers of populations and ratings: EGTTools, Nashpy, OpenSpiel and Gurobi.

Works like peer_worker.py. Payoffs are kept by name, so that reading them is not in any time. Libraries are used in the
fastest way found: their compiled functions, objects made before the clock starts, matrices instead of single terms.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from typing import Any

import egttools  # type: ignore[import-not-found]
import gurobipy  # type: ignore[import-not-found]
import numpy as np
from egttools.analytical import (  # type: ignore[import-not-found]
    PairwiseComparison,
    replicator_equation,
    replicator_equation_n_player,
)
from egttools.games import Matrix2PlayerGameHolder  # type: ignore[import-not-found]
from egttools.numerical import PairwiseComparisonNumerical  # type: ignore[import-not-found]
from nashpy.learning.replicator_dynamics import get_derivative_of_fitness
from open_spiel.python.egt.dynamics import SinglePopulationDynamics, replicator  # type: ignore[import-not-found]

PEERS = ("egttools", "nashpy", "open-spiel", "gurobipy")
KEPT: dict[str, Any] = {}
CACHE = 1
"""States whose payoffs EGTTools remembers. With 100, 10,000, 100,000 and 1,000,000, timed from the same states, it was
not faster beyond the scatter of its times."""
STEP = 1e-3
"""The time step of Euler's method."""

gurobi = gurobipy.Env(params={"OutputFlag": 0, "Threads": 1})


def versions() -> dict[str, str]:
    return {peer: version(peer) for peer in PEERS}


def keep(name: str, payoffs: Any) -> None:
    """Payoffs, one axis per seat, and what EGTTools makes of them."""
    tensor = np.array(payoffs)
    KEPT[name] = tensor
    if tensor.ndim == 2:
        KEPT[f"{name} game"] = Matrix2PlayerGameHolder(len(tensor), tensor)
        KEPT[f"{name} OpenSpiel"] = SinglePopulationDynamics(np.stack([tensor, tensor.T]), replicator)
    else:
        KEPT[f"{name} groups"] = by_group(tensor)


def by_group(tensor: Any) -> Any:
    """As EGTTools takes them: [type, group], a group being the numbers of all its members, the player included."""
    types, size = len(tensor), tensor.ndim
    groups = egttools.calculate_nb_states(size, types)
    table = np.zeros((types, groups))
    for column in range(groups):
        members = np.repeat(np.arange(types), np.asarray(egttools.sample_simplex(column, size, types), dtype=int))
        for own in set(members.tolist()):
            others = np.delete(members, int((members == own).argmax()))
            table[own, column] = tensor[(own, *others)]
    return table


def euler(name: str, peer: str, start: list[float], steps: int) -> list[float]:
    """So many steps of Euler's method with the derivative that a library computes; gives the last shares."""
    payoffs, shares = KEPT[name], np.array(start)
    if peer == "Nashpy":
        for _ in range(steps):
            shares = shares + STEP * get_derivative_of_fitness(shares, 0.0, payoffs)
    elif peer == "OpenSpiel":
        slope = KEPT[f"{name} OpenSpiel"]
        for _ in range(steps):
            shares = shares + STEP * slope(shares)
    elif payoffs.ndim == 2:
        for _ in range(steps):
            shares = shares + STEP * replicator_equation(shares, payoffs)
    else:
        groups, size = KEPT[f"{name} groups"], payoffs.ndim
        for _ in range(steps):
            shares = shares + STEP * replicator_equation_n_player(shares, groups, size)
    return [float(share) for share in shares]


def evolve(name: str, starts: list[list[int]], updates: int, selection: float, mutation: float) -> list[list[int]]:
    """Pairwise comparison with mutation from each start; gives where it ends."""
    size = sum(starts[0])
    process = PairwiseComparisonNumerical(size, KEPT[f"{name} game"], CACHE)
    ends = [process.evolve(updates, selection, mutation, np.array(start, dtype=np.uint64)) for start in starts]
    return [[int(count) for count in end] for end in ends]


def fixation(name: str, size: int, selection: float) -> list[list[float]]:
    """[i, j]: the probability that a mutant j takes over the others, of type i."""
    found = PairwiseComparison(size, KEPT[f"{name} game"]).calculate_transition_and_fixation_matrix_sml(selection)
    return [[float(chance) for chance in row] for row in np.asarray(found[1])]


def ratings(name: str) -> list[float]:
    """Deviation ratings as CoopEval (2026) describes its own: over all ordered profiles, with Gurobi.

    The largest gain is made as small as can be; every gain that comes within 1e-14 of the payoffs' range of it, at the
    solution found, keeps that value; and so on with the others, each time with a new program.
    """
    tensor = KEPT[name]
    seats, types = tensor.ndim, len(tensor)
    gains = np.array([gains_of(tensor, seat) for seat in range(seats)])
    alike = (gains[1:] - gains[0]).reshape((seats - 1) * types, -1)
    gains = gains.reshape(seats * types, -1)
    rated = np.full(len(gains), np.nan)
    while np.isnan(rated).any():
        found, worst = lowest(gains, alike, rated)
        reached = np.where(np.isnan(rated), gains @ found, -np.inf)
        near = worst - reached <= 1e-14 * np.ptp(tensor)
        rated[near if near.any() else reached == reached.max()] = worst
    return [float(value) for value in rated[:types].round(10)]


def gains_of(tensor: Any, seat: int) -> Any:
    """[type, profile]: what the player in a seat gains by being of that type instead."""
    own = np.moveaxis(tensor, 0, seat)
    instead = [np.broadcast_to(np.expand_dims(payoffs, seat), tensor.shape) for payoffs in tensor]
    return np.array([(other - own).ravel() for other in instead])


def lowest(gains: Any, alike: Any, rated: Any) -> tuple[Any, float]:
    """The distribution with the smallest largest gain among those not rated, and that gain."""
    free = np.isnan(rated)
    profiles = gains.shape[1]
    model = gurobipy.Model(env=gurobi)
    model.Params.Method = 2
    shares = model.addMVar(profiles)
    worst = model.addMVar(1, lb=-gurobipy.GRB.INFINITY)
    model.addConstr(shares.sum() == 1)
    model.addMConstr(alike, shares, "=", np.zeros(len(alike)))
    below = np.column_stack([gains[free], -np.ones(free.sum())])
    model.addMConstr(below, gurobipy.concatenate([shares, worst]), "<", np.zeros(free.sum()))
    if not free.all():
        model.addMConstr(gains[~free], shares, "=", rated[~free])
    model.setObjective(worst.sum())
    model.optimize()
    found, value = shares.X, float(worst.X[0])
    model.dispose()
    return found, value


WORK = {work.__name__: work for work in (versions, keep, euler, evolve, fixation, ratings)}


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # so that nothing but answers is among the answers
    for line in sys.stdin:
        order = json.loads(line)
        work: Any = WORK[order.pop("do")]
        cpu, wall = time.process_time(), time.perf_counter()
        result = work(**order)
        taken = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        print(json.dumps({**taken, "result": result}), file=answers, flush=True)


if __name__ == "__main__":
    main()
