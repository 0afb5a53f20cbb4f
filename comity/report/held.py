"""Agents held against people, as a page shows it: the comparison, and the strategies of both side by side.

Strategies given as automata take one partner; with several neighbours classes of moody rules stand in their place.
Fits of more agents than `MOST` rest on as many, drawn evenly: what a class is needs no more, and a page is waited for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from comity.fidelity.aggregates import Known
from comity.fidelity.fits import Name, Settings, SideBySide, fit, side_by_side
from comity.fidelity.from_run import mixture_of
from comity.fidelity.kept import Fidelity
from comity.fidelity.likelihood import Estimate
from comity.fidelity.observations import FidelityError, Observations
from comity.fidelity.repertoire import SEVEN

MOST = 1_000
"""So many agents of one side are fitted at most."""
SETTINGS = Settings(SEVEN, most=3, draws=100)

NO_CHOICES = "choices of individuals are not known on both sides"


@dataclass(frozen=True)
class Fitted:
    """Strategies or classes of people and of the candidate in one condition.

    agents: how many were fitted, of people and of the candidate. found: None where nothing could be fitted; why says
    why. classes: what people's classes are, where the fit is one of classes.
    """

    condition: str
    agents: tuple[int, int] = (0, 0)
    found: SideBySide | None = None
    classes: tuple[Estimate, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Held:
    """A candidate held against people.

    fitted: strategies side by side, by condition; empty where choices are not at hand. recovered: whether people are
    the series that were recovered from published figures.
    """

    fidelity: Fidelity
    fitted: tuple[Fitted, ...] = ()
    recovered: bool = False

    @property
    def candidate(self) -> str:
        """The population that is held against people."""
        return self.fidelity.comparison.candidate


def populations(matches: pd.DataFrame) -> set[str]:
    """Whoever of these matches can be a candidate: agents, mixtures of them, and agents of one mixture."""
    mixtures = {mixture_of(agents): set(agents) for agents in map(json.loads, matches["agents"].unique())}
    inside = {f"{label} in {name}" for name, labels in mixtures.items() for label in labels}
    return inside.union(mixtures, *mixtures.values())


def fitted(people: Mapping[str, Known], candidate: Mapping[str, Known], seed: int = 1) -> tuple[Fitted, ...]:
    """Strategies, or classes of rules, of both sides in every condition of the candidate."""
    rng = np.random.default_rng(seed)
    return tuple(_fitted(condition, people[condition], candidate[condition], rng) for condition in candidate)


def _fitted(condition: str, people: Known, candidate: Known, rng: np.random.Generator) -> Fitted:
    if not isinstance(people, Observations) or not isinstance(candidate, Observations):
        return Fitted(condition, why=NO_CHOICES)
    sides = _fewer(people, rng), _fewer(candidate, rng)
    agents = (sides[0].n_agents, sides[1].n_agents)
    refused: list[str] = []
    for name in _models(*sides):
        try:
            found = side_by_side(name, [(sides[0], None)], [(sides[1], None)], SETTINGS)
        except FidelityError as error:
            refused.append(str(error))
            continue
        classes = () if name == "sfem" else fit(name, [(sides[0], None)], SETTINGS).estimates
        return Fitted(condition, agents, found, classes)
    return Fitted(condition, agents, why="; ".join(refused))


def _models(*sides: Observations) -> Iterator[Name]:
    """The fits that such data may allow, the most telling first."""
    seen = np.concatenate([side.neighbours for side in sides])
    if np.isin(seen[~np.isnan(seen)], (0, 1)).all():
        yield "sfem"
    yield "moody"


def _fewer(side: Observations, rng: np.random.Generator) -> Observations:
    """As many agents at most as are fitted."""
    if side.n_agents <= MOST:
        return side
    stay = np.zeros(side.n_agents, dtype=bool)
    stay[rng.choice(side.n_agents, MOST, replace=False)] = True
    return side.taking(stay)
