"""Designs on which rules are played: a torus, a torus that is drawn anew, sessions in which contexts are recorded."""

from __future__ import annotations

import numpy as np

from comity.fidelity.linked import ALWAYS, Links, links_of_graphs
from comity.fidelity.moody import Fit, Form
from comity.fidelity.observations import Observations
from comity.fidelity.simulate import Moody
from comity.mechanisms.graphs import lattice

FORM = Form(share=0.4, round=10.0)
PEOPLE = Fit(0.4, (-1.0, 1.2, 0.8, 0.5, 0.3, -0.2), 0.0, FORM, 0.0)
"""A rule as people have it: what was done last counts for more than what neighbours did."""
DIFFERENT = Fit(0.4, (-1.0, 1.2, 0.8, 0.5, 0.3, -0.2), 0.8, FORM, 0.0)
"""The same with traits."""

MOODY, TRAITS = Moody(PEOPLE), Moody(DIFFERENT)


def design(side: int = 6, rounds: int = 15, sessions: int = 1, drawn: bool = False) -> Observations:
    """So many tori of side * side agents; drawn: agents change places every round."""
    size = side * side
    n = size * sessions
    rng = np.random.default_rng(99)
    graphs = []
    for session in range(sessions):
        for when in range(rounds) if drawn else [ALWAYS]:
            at = rng.permutation(size) if drawn else np.arange(size)
            edges = [(session * size + at[a], session * size + at[b]) for a, b in lattice(side, side)]
            graphs.append((0, when, edges))
    return _laid_out(n, rounds, sessions, links_of_graphs(graphs))


def recorded(n: int, rounds: int, rng: np.random.Generator, sessions: int = 1) -> Observations:
    """Agents whose four neighbours cooperated as chance would have it; no links."""
    made = _laid_out(n, rounds, sessions, None)
    made.neighbours[:] = np.where(made.round > 0, rng.binomial(4, 0.4, n * rounds) / 4, np.nan)
    return made


def _laid_out(n: int, rounds: int, sessions: int, links: Links | None) -> Observations:
    nothing = np.full(n * rounds, np.nan)
    return Observations(
        population="design",
        condition="torus",
        sessions=tuple(f"session {number}" for number in range(sessions)),
        agents=tuple(f"agent {number}" for number in range(n)),
        session_of=np.arange(n) * sessions // n,
        unit_of=np.arange(n),
        agent=np.repeat(np.arange(n), rounds),
        stretch=np.zeros(n * rounds, dtype=np.intp),
        round=np.tile(np.arange(rounds), n),
        action=nothing.copy(),
        own=nothing.copy(),
        neighbours=nothing.copy(),
        degree=np.full(n * rounds, 4.0),
        pay=nothing.copy(),
        best=nothing.copy(),
        links=links,
    )
