"""Populations whose truth is known, made as observations."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from comity.fidelity.observations import Floats, Observations, lagged


def observed(
    actions: ArrayLike, sessions: int = 1, population: str = "made", neighbours: ArrayLike = 4
) -> Observations:
    """Agents on a ring, in sessions of one size that are cut from it, who all choose in every round.

    actions: [agents, rounds], 1, 0 or NaN. neighbours: how many there are, or the shares that cooperated in the round
    before, [agents, rounds].
    """
    chose = np.asarray(actions, dtype=float)
    n, rounds = chose.shape
    agent, when = np.repeat(np.arange(n), rounds), np.tile(np.arange(rounds), n)
    stretch = np.zeros(n * rounds, dtype=np.intp)
    known = np.asarray(neighbours, dtype=float)
    shares = known if known.ndim else shares_on_ring(chose, sessions, int(known))
    unknown = np.full(n * rounds, np.nan)
    return Observations(
        population=population,
        condition="ring",
        sessions=tuple(f"session {number}" for number in range(sessions)),
        agents=tuple(f"agent {number}" for number in range(n)),
        session_of=np.arange(n) * sessions // n,
        unit_of=np.arange(n),
        agent=agent,
        stretch=stretch,
        round=when,
        action=chose.ravel(),
        own=lagged(agent, stretch, when, chose.ravel()),
        neighbours=shares.ravel(),
        degree=np.full(n * rounds, 4.0),
        pay=unknown,
        best=unknown,
    )


def shares_on_ring(actions: Floats, sessions: int, degree: int) -> Floats:
    """[agents, rounds]: the share of neighbours on the ring of a session that cooperated in the round before."""
    n, rounds = actions.shape
    shares = np.full((n, rounds), np.nan)
    places = ring(n, sessions, degree)
    shares[:, 1:] = actions[places, :-1].mean(axis=1)
    return shares


def ring(n: int, sessions: int, degree: int) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """[agents, degree]: who is whose neighbour."""
    size = n // sessions
    steps = [step for step in range(-(degree // 2), degree // 2 + 1) if step]
    at = np.arange(n)
    return np.stack([at // size * size + (at + step) % size for step in steps], axis=1)


def moody(
    n: int,
    rounds: int,
    rng: np.random.Generator,
    *,
    trait: float,
    sessions: int = 1,
    level: float = -1.2,
    mood: float = 1.3,
    slope: float = 0.8,
    trend: float = 0.0,
) -> Observations:
    """Agents with a normal intercept of SD `trait` who go by their own last action, their neighbours and the round."""
    places, own = ring(n, sessions, 4), rng.normal(0, trait, n)
    actions = np.zeros((n, rounds))
    for when in range(rounds):
        logit = 0.4 + own
        if when:
            past = actions[:, when - 1]
            logit = level + own + mood * past + slope * (past[places].mean(axis=1) - 0.5) + trend * when
        actions[:, when] = rng.random(n) < 1 / (1 + np.exp(-logit))
    return observed(actions, sessions)


def coins(rates: ArrayLike, rounds: int, rng: np.random.Generator, sessions: int = 1) -> Observations:
    """Agents who cooperate at their own rates [agents], whatever happens."""
    chances = np.asarray(rates, dtype=float)
    return observed(rng.random((len(chances), rounds)) < chances[:, None], sessions)
