"""What a number rests on: the replicates of a cell, each one draw.

A replicate of a cell is a whole tournament. Its matches share agents, often proposals, and the order of play, so they
are not independent draws, and neither are rounds. A stratum is one cell with the value of every group (an agent, a
role, or all agents together) in every replicate. With two replicates or more their spread says how far off a mean may
be. With one, matches are resampled where they were drawn one by one; where they were not, nothing can be said, and
nothing is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.metrics.metric import Metric
from comity.records.tables import Tables
from comity.stats.bootstrap import part_of, resampled_means, weights
from comity.stats.estimate import Part, certain, mean_of, seen

Array: TypeAlias = NDArray[np.float64]
Group: TypeAlias = tuple[str, ...]
"""The agent and role of a row, as far as rows are by these; empty for all agents together."""

RESAMPLES = 1_000
SEED = 20_200
"""Matches are resampled with the same draws each time, so that the same tables give the same numbers."""
_SAME = 1e-12
_WORTH = 0.01
"""Of the range of all values, how much a gap between two must be to count as a step."""
_STEPS = {"share": 1.0, "rank": 1.0}
"""In what steps some values move, whatever was seen."""


@dataclass(frozen=True)
class Stratum:
    """One cell: the value of each group in each replicate.

    values: [replicate, group], NaN where there is none. counts: how many units each rests on, that is things drawn one
    by one: the matches of a replicate, its proposals where they were made once, or the replicate itself. step: how far
    apart two units can be at least; NaN where that is not known. drawn: whether anything there was left to chance.
    alone: the matches of a cell with one replicate that may be resampled, else None.
    """

    mechanism: str
    game: str
    replicates: tuple[str, ...]
    groups: tuple[Group, ...]
    values: Array
    counts: Array
    step: float
    drawn: bool
    alone: Alone | None

    def key(self, group: Group, by: Sequence[str]) -> tuple[str, ...]:
        """The labels of a group by these keys, which must be those of the strata."""
        labels = {"mechanism": self.mechanism, "game": self.game, "replicate": self.replicates[0]}
        labels |= zip((key for key in ("agent", "role") if key in by), group, strict=True)
        return tuple(labels[key] for key in by)

    def part(self, weighed: Mapping[Group, float]) -> Part | None:
        """The weighted sum of those groups, over the replicates in which all have a value; None where there is none."""
        if not set(weighed) <= set(self.groups):
            return None
        places = [self.groups.index(group) for group in weighed]
        factors = np.array(list(weighed.values()))
        found = _summed(self.values[:, places] * factors)
        known = np.flatnonzero(~np.isnan(found))
        if not len(known):
            return None
        draws = found[known]
        if not self.drawn and np.ptp(draws) <= _SAME:
            return certain(float(draws.mean()), len(draws))
        units = int(self.counts[known][:, places].min())
        if len(draws) > 1:
            return mean_of(draws, self.step / units)
        return mean_of(draws) if self.alone is None else self.alone.part(float(draws[0]), places, factors, self.step)


def _summed(terms: Array) -> Array:
    """The sum of each row, where what is left of equal numbers but for rounding is zero."""
    sums = terms.sum(axis=1)
    return np.where(np.abs(sums) <= _SAME * np.abs(terms).max(axis=1), 0.0, sums)


@dataclass(frozen=True)
class Alone:
    """The matches of the only replicate of a cell.

    totals, counts: of the values of each agent (and role) in each match, [match, agent]. shares: [agent, group], 1
    where the agent belongs to the group.
    """

    totals: Array
    counts: Array
    shares: Array

    def part(self, value: float, places: Sequence[int], factors: Array, step: float) -> Part:
        """The weighted sum of those groups, with the variance that resampled matches give it.

        No less than what steps hide, as in `mean_of`.
        """
        matches = int(((self.counts @ self.shares)[:, places] > 0).sum(axis=0).min())
        found = part_of(self._resampled[:, places] @ factors, value, matches)
        return replace(found, variance=seen(found.variance, step / matches)) if matches > 1 else found

    @cached_property
    def _resampled(self) -> Array:
        """The values of the groups, [resample, group]; NaN where no match of the group was drawn."""
        means = resampled_means(self.totals, self.counts, _resampling(len(self.totals)))
        there = ~np.isnan(means)
        with np.errstate(invalid="ignore"):
            return np.asarray((np.where(there, means, 0) @ self.shares) / (there @ self.shares))


@lru_cache(maxsize=2)  # [resample, match] is large where there are many matches
def _resampling(matches: int) -> Array:
    """How often each of so many matches comes up, [resample, match]; the same wherever there are as many."""
    return weights([np.arange(matches)], np.random.default_rng(SEED), RESAMPLES)


def strata(valued: pd.DataFrame, measure: Metric, by: Sequence[str], tables: Tables) -> list[Stratum]:
    """The strata behind a table by these keys, in the order of their first occurrence.

    valued: occurrences with a value; those with the same entry in a column `unit` were drawn together, without it those
    of one player of one match. tables: of the matches they belong to; a match that it does not name counts as drawn.
    With replicates as a key every replicate is a stratum of its own.
    """
    if valued.empty:
        return []
    told = _Told(tables.matches)
    cell = ["mechanism", "game", *(["replicate"] if "replicate" in by else [])]
    grouped = [key for key in ("agent", "role") if key in by]
    values = _values(valued, measure, grouped, tables.outcomes).groupby(cell, sort=False)
    occurrences = dict(iter(valued.groupby(cell, sort=False)))
    return [_stratum(of_cell, occurrences[key], measure, grouped, told) for key, of_cell in values]


def _values(valued: pd.DataFrame, measure: Metric, grouped: list[str], outcomes: pd.DataFrame) -> pd.DataFrame:
    """The value of every group in every tournament, and how many units it rests on."""
    tournament = ["mechanism", "game", "replicate"]
    weight = {"weight": ("weight", "mean")} if measure.weighted else {}
    finest = valued.groupby([*tournament, *dict.fromkeys(["agent", *grouped])], sort=False).agg(
        value=("value", "mean"), **weight
    )
    if measure.weighted and "agent" not in grouped:
        finest["value"] *= finest["weight"]
        sums = finest.groupby(level=[*tournament, *grouped], sort=False).sum()
        found = sums["value"] / sums["weight"]
    else:
        found = finest["value"].groupby(level=[*tournament, *grouped], sort=False).mean()
    keys = [*tournament, *grouped]
    units = _units(valued, measure, keys, outcomes)
    return found.rename("value").to_frame().assign(count=units.reindex(found.index)).reset_index()


def _units(valued: pd.DataFrame, measure: Metric, keys: list[str], outcomes: pd.DataFrame) -> pd.Series:
    """How many units each group of each tournament rests on; a player of a match is one, however often it acts."""
    groups = valued.groupby(keys, sort=False)
    if measure.per == "cell":
        return groups.size().clip(upper=1)
    if "unit" in valued:
        return groups["unit"].nunique()
    players = outcomes.groupby(keys, sort=False).size()
    occurrences = groups.size()
    return occurrences.clip(upper=players.reindex(occurrences.index).fillna(occurrences))


def _stratum(
    values: pd.DataFrame, occurrences: pd.DataFrame, measure: Metric, grouped: list[str], told: _Told
) -> Stratum:
    names = list(values[grouped].itertuples(index=False, name=None)) if grouped else [()] * len(values)
    groups = tuple(dict.fromkeys(names))
    replicates, labels = pd.factorize(values["replicate"])
    places = [groups.index(name) for name in names]
    laid, counts = np.full((len(labels), len(groups)), np.nan), np.zeros((len(labels), len(groups)))
    matches = occurrences["match"].unique().tolist()
    units = values["count"].clip(upper=1) if told.is_crossed(matches) else values["count"]
    laid[replicates, places], counts[replicates, places] = values["value"], units
    drawn = told.is_drawn(matches)
    alone = drawn and len(labels) == 1 and measure.per != "cell" and not told.is_shared(matches)
    return Stratum(
        mechanism=str(values["mechanism"].iloc[0]),
        game=str(values["game"].iloc[0]),
        replicates=tuple(map(str, labels)),
        groups=groups,
        values=laid,
        counts=counts,
        step=_step(occurrences["value"].to_numpy(float), measure),
        drawn=drawn,
        alone=_alone(occurrences, grouped, groups) if alone else None,
    )


def _step(values: Array, measure: Metric) -> float:
    """How far apart two values can be at least: the smallest gap that is worth the name; NaN where that is not known.

    Payoffs that all but agree, as after a slip in the last round, do not make the others vary in small steps.
    """
    if measure.unit in _STEPS:
        return _STEPS[measure.unit]
    gaps = np.diff(np.unique(values))
    gaps = gaps[gaps > _SAME * np.abs(values).max()]
    wide = gaps[gaps >= _WORTH * np.ptp(values)]
    if len(gaps):
        return float(wide.min()) if len(wide) else 0.0
    return 1.0 if measure.unit == "score" else math.nan


def _alone(occurrences: pd.DataFrame, grouped: list[str], groups: tuple[Group, ...]) -> Alone:
    finest = list(dict.fromkeys(["agent", *grouped]))
    agents = occurrences.groupby(finest, sort=False).ngroup().to_numpy()
    matches, labels = pd.factorize(occurrences["match"])
    totals, counts = np.zeros((2, len(labels), int(agents.max()) + 1))
    np.add.at(totals, (matches, agents), occurrences["value"].to_numpy(float))
    np.add.at(counts, (matches, agents), 1.0)
    who = occurrences.drop_duplicates(finest)[grouped]
    of = list(who.itertuples(index=False, name=None)) if grouped else [()] * len(who)
    return Alone(totals, counts, np.array([[float(group == own) for group in groups] for own in of]))


def nested(strata: Sequence[Stratum]) -> list[float]:
    """What each stratum counts in a mean over games and then over mechanisms, each with equal weight."""
    games = Counter(stratum.mechanism for stratum in strata)
    return [1 / (len(games) * games[stratum.mechanism]) for stratum in strata]


class _Told:
    """What the table of matches says of each match; where it says nothing, a match is drawn and shares nothing."""

    def __init__(self, matches: pd.DataFrame) -> None:
        known = matches.reindex(columns=["match", "drawn", "shared", "status"])
        self._calm = frozenset(known.loc[known["drawn"].eq(False).fillna(False).to_numpy(bool), "match"])
        self._shared = frozenset(known.loc[known["shared"].eq(True).fillna(False).to_numpy(bool), "match"])
        self._crossed = self._shared & frozenset(known.loc[known["status"] == "expected", "match"])

    def is_drawn(self, matches: Iterable[Any]) -> bool:
        """Whether any of them was left to chance."""
        return not self._calm.issuperset(matches)

    def is_crossed(self, matches: Iterable[Any]) -> bool:
        """Whether any of them was worked out from answers that others were worked out from as well."""
        return not self._crossed.isdisjoint(matches)

    def is_shared(self, matches: Iterable[Any]) -> bool:
        """Whether some of them may share proposals or answers, so that they are not draws of their own."""
        return not self._shared.isdisjoint(matches)
