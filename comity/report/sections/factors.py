"""What the factors of a design explain, and what each level of them goes with."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from comity.metrics import MetricError
from comity.metrics.factors import Variance, variance, varied
from comity.report.contents import Head, Part, Prose, Section
from comity.report.figures import dots
from comity.report.grid import grid_of_intervals
from comity.report.results import Results
from comity.report.text import number, prose
from comity.words.phrases import listed, sentence

LEAD = (
    "Episodes were played in different conditions. For each factor it is told what share of the variance between "
    "episodes it explains (omega squared, with its 95 % interval), all other factors being accounted for, and the mean "
    "at each of its levels with the other factors as they are. What a player did in one match is one value, and the "
    "values of one match are not taken for independent."
)
METRICS = ("cooperation", "mean")
SHARE = "Share of variance"
MEAN = "Mean"


def section(results: Results) -> Section | None:
    """The share of each factor and the mean at each level; None where no field of a mechanism varies."""
    if not results.has_decisions or not varied(results.cells.values()):
        return None
    parts = [part for metric in METRICS for part in _of(results, metric)]
    return Section("factors", "Factors of the design", (Prose((LEAD,)), *parts)) if parts else None


def _of(results: Results, metric: str) -> Iterator[Part]:
    try:
        found = variance(results.tables, results.cells.values(), metric, metrics=results.metrics)
    except MetricError:  # no episode has a value
        return
    title = results.metrics[metric].title
    shares = _frame([(prose(one.factor), one.omega, one.low, one.high) for one in found.shares if one.freedom])
    if shares["value"].notna().any():
        yield Head(title)
        table = grid_of_intervals(
            shares, f"{title}: what explains it", _note(found), "Factor", SHARE, key=f"factors-{metric}"
        )
        yield dots(f"factors-{metric}", shares, table, references=(0.0,))
    means = [(f"{prose(one.factor)}: {one.level}", one.value, one.low, one.high) for one in found.means]
    told = _frame([row for row in means if not math.isnan(row[1])])
    if not told.empty:
        note = f"Over {found.matches:,} matches. A level that cannot be told from other factors has no row."
        caption = f"{title} at each level of each factor"
        yield grid_of_intervals(told, caption, note, "Level", MEAN, key=f"levels-{metric}")


def _frame(rows: list[tuple[str, float, float, float]]) -> pd.DataFrame:
    index = pd.Index([head for head, *_ in rows])
    return pd.DataFrame([numbers for _, *numbers in rows], index=index, columns=["value", "low", "high"])


def _note(found: Variance) -> str:
    """What is left, what cannot be told, and what else must be known."""
    silent = [prose(one.factor) for one in found.shares if not one.freedom]
    told = [f"{number(found.residual, 2)} of the variance in these episodes is explained by none of the factors"]
    if silent:
        told.append(f"nothing can be said of {listed(silent)}: what other factors say tells all of it")
    told += [note for note in found.notes if not note.startswith(("eta squared", "a factor without"))]
    return " ".join(f"{sentence(each)}." for each in told)
