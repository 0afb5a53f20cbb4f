"""Models of what was got, where a t test would count as draws what hangs together.

One side against the other, or one side against a number. Mixed models take episodes; binomial ones single values that
are yes or no.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.metrics.result import Row
from comity.stats.binomial import FEW, logistic
from comity.stats.estimate import Estimate
from comity.stats.mixed import Component, Mixed, mixed

_KINDS = {
    "game": ["game"],
    "opponent": ["opponent"],
    "pair": ["pair"],
    "replicate": ["mechanism", "game", "replicate"],
    "match": ["match"],
}
"""What may have an intercept of its own, and the columns by which it is told."""


def mixed_fit(
    first: pd.DataFrame, second: pd.DataFrame | None, value: float | None, between: str
) -> tuple[Row, list[str]]:
    """A mixed model of episodes with random intercepts for whatever of game, opponent, replicate and match there is.

    Where mechanisms are compared, pairs stand for opponents. The effect is that of the first side. Raises `ValueError`
    where there is no such kind, or the model cannot be fitted.
    """
    rows, design = _rows(first, second)
    left_out = "pair" if between == "agent" else "opponent"
    kinds = _kinds(rows, [kind for kind in _KINDS if kind != left_out])
    if not kinds:
        raise ValueError("there are no games, opponents or replicates with several episodes to give intercepts to")
    outcome = rows["value"].to_numpy(float) - (value or 0.0)
    found = mixed(outcome, design, kinds, intervals=False)
    return _told(found.effects[-1], first, second), [_spreads(found)]


def binomial_fit(
    first: pd.DataFrame, second: pd.DataFrame | None, value: float | None, unit: list[str]
) -> tuple[Row, list[str]]:
    """A logistic regression of single values, clustered by these columns.

    value: a share between 0 and 1. Raises `ValueError` as `logistic`.
    """
    rows, design = _rows(first, second)
    clusters = rows.groupby(unit, sort=False).ngroup().to_numpy()
    found = logistic(rows["value"], design, clusters)
    shift = 0.0 if value is None else math.log(value / (1 - value))
    effect = found.coefficients[-1]
    moved = Estimate(effect.value - shift, effect.error, effect.freedom, effect.low - shift, effect.high - shift)
    said = f"{found.rows:,} values in {found.clusters:,} clusters"
    few = f"; with fewer than {FEW} clusters the error is rather too small" if (found.clusters or 0) < FEW else ""
    return _told(moved, first, second), [said + few]


def _rows(first: pd.DataFrame, second: pd.DataFrame | None) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Both sides together, and the columns of the design: all, and whether it is the first side."""
    sides = [side[side["value"].notna()] for side in (first, second) if side is not None]
    if not all(len(side) for side in sides):
        raise ValueError("one side has no episode with a value")
    rows = pd.concat(sides, ignore_index=True)
    ones = np.ones(len(rows))
    if second is None:
        return rows, ones[:, None]
    return rows, np.column_stack([ones, np.arange(len(rows)) < len(sides[0])])


def _kinds(rows: pd.DataFrame, asked: list[str]) -> Mapping[str, NDArray[np.intp]]:
    """Those that have several groups and several rows in some, and are not another one by another name."""
    found: dict[str, NDArray[np.intp]] = {}
    for kind in asked:
        codes = np.asarray(rows.groupby(_KINDS[kind], sort=False).ngroup(), dtype=np.intp)
        groups = codes.max() + 1
        if 1 < groups < len(rows) and not any(_same(codes, other) for other in found.values()):
            found[kind] = codes
    return found


def _same(codes: NDArray[np.intp], others: NDArray[np.intp]) -> bool:
    """Whether two kinds are the same groups; both are numbered in the order of their first rows."""
    return bool((codes == others).all())


def _spreads(found: Mixed) -> str:
    parts = [f"{name} {_component(component)}" for name, component in found.components.items() if component.spread]
    none = f"; none beyond chance: {', '.join(found.nothing)}" if found.nothing else ""
    return f"standard deviations (and groups): {', '.join([*parts, f'episode {_component(found.residual)}'])}{none}"


def _component(component: Component) -> str:
    return f"{component.spread:.3g} ({component.groups:,})"


def _told(effect: Estimate, first: pd.DataFrame, second: pd.DataFrame | None) -> Row:
    return {
        "difference": effect.value,
        "low": effect.low,
        "high": effect.high,
        "error": effect.error,
        "t": effect.t,
        "df": effect.freedom,
        "p": effect.p,
        "mean": float(first["value"].mean()),
        "mean_against": None if second is None else float(second["value"].mean()),
    }
