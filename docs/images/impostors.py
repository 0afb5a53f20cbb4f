"""Draws docs/images/impostors.png: people, other people and three impostors at the three levels.

`python docs/images/impostors.py` simulates them anew, always the same, and writes the picture beside itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from comity.fidelity.known import POPULATIONS, villages
from comity.fidelity.observations import Observations
from comity.fidelity.pictured import RATES, cumulative, response
from comity.fidelity.resampling import split_sessions

SHOWN = ("own_rates", "subjects_shuffled", "one_rule")
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
LEVELS = ("share that cooperates, by round", "share of agents up to a rate", "P(C) after C, by neighbours")


def populations() -> dict[str, Observations]:
    """Who is drawn, in the order of the key."""
    rng = np.random.default_rng(4)
    lasting = {"lasting": villages(rng, sessions=200, size=20, rounds=30)["lasting"]}
    other, people = (part["lasting"] for part in split_sessions(lasting, 0.5, rng))
    impostors = {POPULATIONS[name].title: POPULATIONS[name].make(other, rng) for name in SHOWN}
    return {"people": people, "other people": other, **impostors}


def points(name: str, population: Observations) -> Iterator[dict[str, Any]]:
    """Every point of the three lines of a population."""
    once = population.once()
    lines = (
        (range(population.n_rounds), once.trajectory),
        (RATES, cumulative(once)),
        (SHARES, response(once, SHARES, own=1)),
    )
    for level, (at, line) in zip(LEVELS, lines, strict=True):
        yield from ({"who": name, "level": level, "x": x, "y": y} for x, y in zip(at, line[0], strict=True))


def main() -> None:
    """Draw them and write the picture."""
    drawn = populations()
    table = pd.DataFrame([point for name, each in drawn.items() for point in points(name, each)])
    chart = (
        alt.Chart(table, width=260, height=220)
        .mark_line()
        .encode(
            x=alt.X("x", title=None),
            y=alt.Y("y", title=None),
            color=alt.Color("who", sort=list(drawn), title=None),
            column=alt.Column("level", sort=list(LEVELS), title=None),
        )
        .resolve_scale(x="independent", y="independent")
    )
    chart.save(Path(__file__).with_suffix(".png"), scale_factor=2)


if __name__ == "__main__":
    main()
