"""Parameters made as likely as they get: one engine for every structural model, with its intervals and its doubts.

A model says how likely what each agent chose is, given parameters. The engine tries many starts, climbs from the best,
and asks of the top whether it is one: where some direction of the parameters changes nothing (neither the score of any
agent nor the bend of the likelihood), the parameters on it are not identified. They are then told as not known, with
the reason, and never as a number. Errors are robust (Huber 1967; White 1982): sessions are the clusters where there
are ten or more, else units, which are agents unless partners stay together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, ndtri

from comity.fidelity.observations import Codes, FidelityError, Floats, Observations

LEVEL = 0.95
FEW = 10
"""With fewer sessions than this errors are not clustered by session."""
FLAT = 1e-6
"""An eigenvalue of the scaled outer product of scores below this changes nothing that agents could tell."""
BENT = 1e-3
"""Such a direction is flat only if the likelihood does not bend along it either; agents may all be alike."""
DEAD = 1e-7
"""A parameter that changes the log likelihood of a choice by less than this over its own size says nothing."""
STEP = 3e-4
"""The step of numerical derivatives, in sizes of the parameter."""
CLIMBS = 4
"""From so many of the best starts the likelihood is climbed."""


@dataclass(frozen=True)
class Estimate:
    """A parameter with its interval.

    error: the standard error. low, high: the interval. note: why there is none, or no value at all. All NaN where not
    known.
    """

    name: str
    value: float
    error: float
    low: float
    high: float
    note: str = ""

    @classmethod
    def unknown(cls, name: str, note: str) -> Estimate:
        """Not known, and why."""
        return cls(name, math.nan, math.nan, math.nan, math.nan, note)

    @classmethod
    def normal(
        cls, name: str, value: float, error: float, least: float, most: float, level: float = LEVEL, note: str = ""
    ) -> Estimate:
        """With the interval of the normal distribution, cut at the ends of what is possible."""
        half = float(ndtri((1 + level) / 2)) * error
        if math.isnan(error):
            return cls(name, value, error, math.nan, math.nan, note or "no interval: on the edge of what is possible")
        return cls(name, value, error, max(value - half, least), min(value + half, most), note)

    @classmethod
    def drawn(cls, name: str, value: float, draws: Floats, level: float = LEVEL) -> Estimate:
        """With the interval between two quantiles of what was found when clusters were drawn again."""
        known = draws[~np.isnan(draws)]
        if len(known) < 2:
            return cls(name, value, math.nan, math.nan, math.nan, "no interval: nothing to draw again")
        low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
        note = f"known in {len(known):,} of {len(draws):,} draws" if len(known) < len(draws) else ""
        return cls(name, value, float(known.std(ddof=1)), float(low), float(high), note)


@dataclass(frozen=True)
class Parameter:
    """One parameter of a model. low, high: between which it lies. starts: from where it is looked for, not all 0.

    jumps: whether the likelihood jumps where it is moved. It is then looked for at its starts alone, and its interval
    is what the likelihood ratio does not refuse; a model has it for its only parameter.
    """

    name: str
    low: float
    high: float
    starts: tuple[float, ...]
    jumps: bool = False


@dataclass(frozen=True, eq=False)
class Grouping:
    """Who may depend on whom. session_of, unit_of: [agents], codes; partners who stay together are of one unit."""

    session_of: Codes
    unit_of: Codes

    @classmethod
    def joint(cls, parts: Sequence[Observations]) -> Grouping:
        """Of several conditions, the agents, units and sessions of which are taken to be different ones."""
        sessions = np.cumsum([0, *(int(part.session_of.max()) + 1 for part in parts)])
        units = np.cumsum([0, *(int(part.unit_of.max()) + 1 for part in parts)])
        return cls(
            np.concatenate([part.session_of + sessions[place] for place, part in enumerate(parts)]),
            np.concatenate([part.unit_of + units[place] for place, part in enumerate(parts)]),
        )

    @property
    def n_agents(self) -> int:
        return len(self.session_of)

    @property
    def by_session(self) -> bool:
        """Whether there are so many sessions that they are the clusters; else units are."""
        return len(np.unique(self.session_of)) >= FEW

    @property
    def clusters(self) -> Codes:
        """[agents]: the cluster of each."""
        return np.unique(self.session_of if self.by_session else self.unit_of, return_inverse=True)[1].reshape(-1)

    def folds(self, number: int = 5) -> NDArray[np.intp]:
        """[agents]: who is left out together: sessions where there are two or more, else so many groups of units."""
        if len(np.unique(self.session_of)) > 1:
            return self.session_of
        return np.unique(self.unit_of, return_inverse=True)[1].reshape(-1) % number


class Model(Protocol):
    """A rule with parameters, together with the choices it is to explain."""

    @property
    def title(self) -> str:
        """What the model is called."""
        ...

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """In the order in which values are given."""
        ...

    @property
    def choices(self) -> Floats:
        """[agents]: how many choices of each agent it explains."""
        ...

    @property
    def grouping(self) -> Grouping:
        """Who may depend on whom."""
        ...

    @property
    def blind(self) -> float:
        """The mean negative log likelihood of choosing at random."""
        ...

    def log_likelihoods(self, values: Floats) -> Floats:
        """[agents]: how likely what each agent chose is."""
        ...


@dataclass(frozen=True, eq=False)
class Fit:
    """A model with the parameters that make the choices likeliest.

    values: [parameters]; they predict, but of those that are `unidentified` only some combination is known.
    errors: [parameters], NaN where not known. edges: parameters at an end of what is possible. ends: the interval of a
    parameter that jumps.
    """

    model: Model
    values: Floats
    errors: Floats
    log_likelihood: float
    unidentified: tuple[str, ...]
    edges: tuple[str, ...]
    ends: tuple[float, float] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.model.parameters)

    @property
    def identified(self) -> bool:
        """Whether the data tell every parameter."""
        return not self.unidentified

    @property
    def loss(self) -> float:
        """The mean negative log likelihood of a choice, in the data that it was fitted to."""
        return -self.log_likelihood / float(self.model.choices.sum())

    @property
    def bic(self) -> float:
        """−2 ln L + p ln N with N agents who chose; lower is better."""
        return -2 * self.log_likelihood + len(self.values) * math.log(int((self.model.choices > 0).sum()))

    @cached_property
    def estimates(self) -> tuple[Estimate, ...]:
        """One row for each parameter."""
        return tuple(map(self._told, range(len(self.values))))

    def _told(self, place: int) -> Estimate:
        parameter = self.model.parameters[place]
        if parameter.name in self.unidentified:
            return Estimate.unknown(parameter.name, _unknown(self.unidentified))
        value, error = float(self.values[place]), float(self.errors[place])
        if self.ends is not None:
            return Estimate(parameter.name, value, error, *self.ends, "interval by the likelihood ratio")
        return Estimate.normal(parameter.name, value, error, parameter.low, parameter.high)


def fitted(model: Model, weights: ArrayLike | None = None, start: ArrayLike | None = None) -> Fit:
    """The parameters that make the choices likeliest. weights: [agents], how often each counts; once unless given.

    start: from where to climb besides the starts of the model; what a fit to almost the same data found. Raises
    `FidelityError` where there is nothing to explain.
    """
    counted = np.ones(len(model.choices)) if weights is None else np.asarray(weights, dtype=float)
    if not (counted * model.choices).any():
        raise FidelityError(f"{model.title}: there is no choice to explain")
    if model.parameters[0].jumps:
        return _searched(model, counted)
    values = _climbed(model, counted, None if start is None else np.asarray(start, dtype=float))
    errors, unidentified, edges = _told(model, counted, values)
    return Fit(model, values, errors, _height(model, counted, values), unidentified, edges)


def redrawn(fit: Fit, weights: ArrayLike) -> Floats:
    """The parameters [draws, parameters] with agents counting as in each draw of weights [draws, agents]."""
    draws = np.atleast_2d(np.asarray(weights, dtype=float))
    parameter = fit.model.parameters[0]
    if not parameter.jumps:
        return np.stack([_climbed(fit.model, each, fit.values) for each in draws])
    places = np.asarray(parameter.starts)
    heights = np.stack([fit.model.log_likelihoods(np.array([place])) for place in places])
    return np.asarray(places[np.argmax(draws @ heights.T, axis=1)][:, None])


def held_out(fit: Fit, folds: NDArray[np.intp]) -> float:
    """The mean negative log likelihood of a choice by parameters fitted without the fold of its agent.

    folds: [agents], such as the sessions. NaN where there is one fold only.
    """
    model = fit.model
    found = np.zeros(len(folds))
    if len(np.unique(folds)) < 2:
        return math.nan
    for fold in np.unique(folds):
        inside = folds == fold
        outside = fitted(model, ~inside, fit.values)
        found[inside] = model.log_likelihoods(outside.values)[inside]
    return float(-found.sum() / model.choices.sum())


@dataclass(frozen=True)
class FitsCompared:
    """The same model fitted to people and to a candidate.

    differences: candidate minus people, with the interval of two independent estimates; not known where either is not
    identified. own: the loss of people's choices under people's parameters, fitted without the fold that they are
    scored on. loss: under the candidate's parameters, which never saw a person. blind: of choosing at random.
    """

    differences: tuple[Estimate, ...]
    own: float
    loss: float
    blind: float


def compared(people: Fit, candidate: Fit, folds: NDArray[np.intp]) -> FitsCompared:
    """Parameters and predictions of two fits of one model. folds: [agents of people], which are left out together.

    Raises `FidelityError` where they are fits of different models.
    """
    if people.names != candidate.names or people.model.title != candidate.model.title:
        raise FidelityError(f"{candidate.model.title} cannot be compared with {people.model.title}")
    pairs = zip(people.estimates, candidate.estimates, strict=True)
    total = people.model.choices.sum()
    return FitsCompared(
        differences=tuple(_difference(one, other) for one, other in pairs),
        own=held_out(people, folds),
        loss=float(-people.model.log_likelihoods(candidate.values).sum() / total),
        blind=people.model.blind,
    )


def summed(agent: Codes, values: Floats, agents: int) -> Floats:
    """[agents]: the sum of the values of each. agent: [values], whose each is."""
    return np.asarray(np.bincount(agent, values, minlength=agents), dtype=float)


def _difference(people: Estimate, candidate: Estimate) -> Estimate:
    note = people.note or candidate.note
    error = math.hypot(people.error, candidate.error)
    return Estimate.normal(
        people.name, candidate.value - people.value, error, -math.inf, math.inf, note=note if math.isnan(error) else ""
    )


def _unknown(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"not identified: the data say nothing of {names[0]}"
    return f"not identified: the data tell only a combination of {', '.join(names)}"


def _height(model: Model, counted: Floats, values: Floats) -> float:
    return float(counted @ np.where(counted > 0, model.log_likelihoods(values), 0))


def _climbed(model: Model, counted: Floats, start: Floats | None) -> Floats:
    from scipy.optimize import Bounds, minimize

    low = np.array([parameter.low for parameter in model.parameters])
    high = np.array([parameter.high for parameter in model.parameters])
    total = float(counted @ model.choices)
    size = np.array([max(map(abs, parameter.starts)) for parameter in model.parameters])

    def cost(scaled: Floats) -> float:
        height = _height(model, counted, np.clip(scaled * size, low, high))
        return -height / total if math.isfinite(height) else 1e6

    def climbed(scaled: Floats, steps: int) -> tuple[float, Floats]:
        found = minimize(
            cost,
            scaled,
            method="L-BFGS-B",
            jac="3-point",
            bounds=Bounds(low / size, high / size),
            options={"ftol": 1e-11, "gtol": 1e-6, "maxiter": steps},
        )
        return float(found.fun), np.asarray(found.x, dtype=float)

    if start is None:
        first = sorted((each / size for each in _starts(model)), key=cost)[:CLIMBS]
        start = size * min((climbed(each, 15) for each in first), key=lambda climb: climb[0])[1]
    return np.asarray(np.clip(climbed(start / size, 500)[1] * size, low, high))


def _searched(model: Model, counted: Floats) -> Fit:
    """The best of the values that a parameter that jumps is tried at, and those that the likelihood ratio leaves."""
    parameter = model.parameters[0]
    heights = np.array([_height(model, counted, np.array([place])) for place in parameter.starts])
    best = int(np.argmax(heights))
    left = np.asarray(parameter.starts)[heights >= heights[best] - chdtri(1, 1 - LEVEL) / 2]
    value = np.array([parameter.starts[best]])
    if np.ptp(heights) < DEAD * float(counted @ model.choices):
        return Fit(model, value, np.array([math.nan]), float(heights[best]), (parameter.name,), ())
    edges = (parameter.name,) if best in (0, len(heights) - 1) else ()
    ends = (float(left.min()), float(left.max()))
    return Fit(model, value, np.array([math.nan]), float(heights[best]), (), edges, ends)


def _starts(model: Model) -> list[Floats]:
    """Every combination of the starts of the parameters."""
    grids = np.meshgrid(*(parameter.starts for parameter in model.parameters), indexing="ij")
    return list(np.column_stack([grid.ravel() for grid in grids]))


def _told(model: Model, counted: Floats, values: Floats) -> tuple[Floats, tuple[str, ...], tuple[str, ...]]:
    """Robust standard errors, the parameters that are not identified, and those at an end."""
    parameters = model.parameters
    names = [parameter.name for parameter in parameters]
    size = np.array(
        [max(abs(value), min(map(abs, each.starts))) for value, each in zip(values, parameters, strict=True)]
    )
    step = STEP * np.maximum(size, 1e-6)
    room = [
        min(value - parameter.low, parameter.high - value) for value, parameter in zip(values, parameters, strict=True)
    ]
    inner = np.array([place for place, left in enumerate(room) if left > 2 * step[place]], dtype=np.intp)
    errors = np.full(len(values), np.nan)
    edges = tuple(name for place, name in enumerate(names) if place not in inner)
    if not len(inner):
        return errors, (), edges
    information = -_bends(model, counted, values, inner, step)
    scale = np.sqrt(np.maximum(np.diag(information), 0))
    flat = (scale * size[inner]) ** 2 < DEAD * float(counted @ model.choices)
    slopes = _slopes(model, values, inner, step)
    live = np.flatnonzero(~flat)
    if len(live):
        scaled = slopes[:, live] * np.sqrt(counted)[:, None] / scale[live]
        bent = information[np.ix_(live, live)] / np.outer(scale[live], scale[live])
        sizes, directions = np.linalg.eigh(scaled.T @ scaled)
        for direction in directions.T[sizes < FLAT]:
            if direction @ bent @ direction < BENT:
                flat[live[np.abs(direction) > 0.005]] = True
    keep = np.flatnonzero(~flat)
    if len(keep):
        inverse = np.linalg.pinv(information[np.ix_(keep, keep)])
        spread = _spread(model, slopes[:, keep] * counted[:, None])
        errors[inner[keep]] = np.sqrt(np.diag(inverse @ spread @ inverse))
    return errors, tuple(names[place] for place in inner[flat]), edges


def _spread(model: Model, slopes: Floats) -> Floats:
    """The sum of squares of scores over clusters."""
    clusters = model.grouping.clusters
    n = int(clusters.max()) + 1
    clustered = np.zeros((n, slopes.shape[1]))
    np.add.at(clustered, clusters, slopes)
    return np.asarray(clustered.T @ clustered) * (n / max(n - 1, 1))


def _slopes(model: Model, values: Floats, places: NDArray[np.intp], step: Floats) -> Floats:
    """[agents, places]: the score of each agent, by central differences."""
    return np.column_stack(
        [
            (model.log_likelihoods(_moved(values, place, step)) - model.log_likelihoods(_moved(values, place, -step)))
            / (2 * step[place])
            for place in places
        ]
    )


def _bends(model: Model, counted: Floats, values: Floats, places: NDArray[np.intp], step: Floats) -> Floats:
    """Second derivatives of the log likelihood, by central differences of its sums."""
    size = len(places)
    found = np.empty((size, size))
    top = _height(model, counted, values)
    for row, one in enumerate(places):
        for column, other in enumerate(places[: row + 1]):
            if one == other:
                ahead, behind = (_height(model, counted, _moved(values, one, sign * step)) for sign in (1, -1))
                bend = (ahead - 2 * top + behind) / step[one] ** 2
            else:
                corners = [
                    sign * turn * _height(model, counted, _moved(_moved(values, one, sign * step), other, turn * step))
                    for sign in (1, -1)
                    for turn in (1, -1)
                ]
                bend = sum(corners) / (4 * step[one] * step[other])
            found[row, column] = found[column, row] = bend
    return found


def _moved(values: Floats, place: int, step: Floats) -> Floats:
    moved = values.copy()
    moved[place] += step[place]
    return moved
