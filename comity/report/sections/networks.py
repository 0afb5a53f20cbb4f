"""Networks by themselves: who cooperated when, population by population, and how individuals differ."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import bdtr

from comity.core.named import layers
from comity.fidelity.from_run import mixture_of
from comity.mechanisms.neighbourhood import Neighbourhood
from comity.metrics.behaviour import MOST_SEATS
from comity.report.contents import Part, Prose, Section
from comity.report.figures import Figure, overlaid
from comity.report.grid import Entry, Grid
from comity.report.overlaid import Kind, Line, table_of
from comity.report.results import Key, Results
from comity.report.text import counted, prose
from comity.report.told import SHARE, courses
from comity.stats.estimate import quantile

MOST_COURSES = 24
"""So many courses are drawn at most; tables and files have all."""
RATES = tuple(point / 25 for point in range(26))
LEAD = (
    "Everybody acts once a round towards all neighbours. A population is who sits at the nodes of a network; a draw is "
    "one match. `comity report RUN --against HUMAN` holds these agents against people."
)
LEFT_OUT = (
    "Networks of more than {seats} players have no regret, no meta-game, no table of who was paid what against whom "
    "and no match in words on this page: nobody meets all the others, and hundreds of seats tell a reader nothing."
)
ALIKE = "Dashes: where the rates would lie if all cooperated with the mean probability, whatever happens."
READ = "The solid line is the agents."


def section(results: Results) -> Section | None:
    """None where nothing was played on a network."""
    plays = _plays(results)
    if plays.empty:
        return None
    lead = [LEAD]
    if any(is_crowd(results, key) for key in results.cells):
        lead.append(LEFT_OUT.format(seats=MOST_SEATS))
    people = _people(plays)
    parts: list[Part] = [Prose(tuple(lead)), _courses(plays), _rates(people), _numbers(people)]
    return Section("networks", "On networks", tuple(parts))


def is_crowd(results: Results, key: Key) -> bool:
    """Whether so many act at once on a network that a match in words would be a list of seats."""
    return _is_network(results, key) and results.cells[key].built.n_players > MOST_SEATS


def _is_network(results: Results, key: Key) -> bool:
    return any(isinstance(layer, Neighbourhood) for layer in layers(results.cells[key].built))


def _plays(results: Results) -> pd.DataFrame:
    """What everybody did in each round on a network, with its condition and population; NaN where no answer came."""
    on = [key for key in results.cells if _is_network(results, key)]
    plays = results.tables.plays
    found = plays[pd.MultiIndex.from_frame(plays[["mechanism", "game"]]).isin(on)] if on else plays[:0]
    agents = results.tables.matches.set_index("match")["agents"]
    names = {text: mixture_of(json.loads(text)) for text in agents.unique()}
    paths = {path: path.split(".") for path in found["path"].unique()}
    part = found["path"].map({path: "" if len(steps) == 1 else steps[0] for path, steps in paths.items()})
    return pd.DataFrame(
        {
            "match": found["match"],
            "condition": _conditions(found, part),
            "population": found["match"].map(agents.map(names)),
            "agent": found["agent"],
            "player": found["player"],
            "round": found["path"].map({path: int(steps[-1]) + 1 for path, steps in paths.items()}),
            "cooperated": found["cooperated"].astype("Float64").to_numpy(dtype=float, na_value=math.nan),
        }
    )


def _conditions(plays: pd.DataFrame, part: pd.Series) -> NDArray[np.object_]:
    """The names of conditions: the mechanism, and the game and the part where there are several."""
    several = plays["game"].nunique() > 1
    keys = plays[["mechanism", "game"]].assign(part=part)
    names = ["".join(_name(*map(str, key), several=several)) for key in keys.drop_duplicates().to_numpy().tolist()]
    return np.array(names, dtype=object)[keys.groupby(list(keys), sort=False).ngroup()]


def _name(mechanism: str, game: str, part: str, *, several: bool) -> Iterator[str]:
    yield prose(mechanism)
    if several:
        yield f" in {prose(game)}"
    if part:
        yield f", part {int(part) + 1}"


def _courses(plays: pd.DataFrame) -> Figure:
    """Cooperation by condition and population."""
    keys = ["condition", "population", "round"]
    each = plays.groupby([*keys, "match"], sort=False)["cooperated"].agg(["mean", "count"])
    drawn = each.groupby(level=keys, sort=False).agg(
        mean=("mean", "mean"), variance=("mean", "var"), draws=("mean", "count"), nodes=("count", "min")
    )
    least = (1 / drawn["nodes"]) ** 2 / 12  # what the steps of a share hide
    variance = drawn["variance"].clip(lower=least)
    student = drawn["draws"].map(lambda n: quantile(n - 1) if n > 1 else math.nan)
    frames = [_wide(of) for of in (drawn["mean"], student * (variance / drawn["draws"]) ** 0.5)]
    names = frames[0].columns[:MOST_COURSES]
    more = len(frames[0].columns) - len(names)
    note = f"{SHARE}, of all nodes." + (f" The first {MOST_COURSES}; {more} more are not drawn." if more else "")
    caption = "Cooperation on networks, by condition and population"
    return courses("networks-rounds", caption, note, frames[0][names], "Condition and population", frames[1][names])


def _wide(of: pd.Series) -> pd.DataFrame:
    """Rounds down, conditions and populations across."""
    frame = of.unstack(["condition", "population"]).sort_index()
    return frame.set_axis([_called(*key) for key in frame.columns.tolist()], axis=1)


def _called(condition: str, who: str) -> str:
    return f"{condition} \u00b7 {who}"


def _people(plays: pd.DataFrame) -> pd.DataFrame:
    """For every node of every match its rate of cooperation, and how many of its answers count and are missing."""
    keys = ["condition", "population", "agent", "match", "player"]
    found = plays.groupby(keys, sort=False)["cooperated"].agg(["mean", "count", "size"])
    return found.rename(columns={"mean": "rate", "count": "choices", "size": "asked"}).reset_index()


def _groups(people: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """The nodes of each agent, by condition; an agent of a mixture is named with it."""
    for (condition, population, agent), of in people.groupby(["condition", "population", "agent"], sort=False):
        yield str(condition), str(agent if agent == population else f"{agent} in {population}"), of


def _rates(people: pd.DataFrame) -> Figure:
    """The cumulative distribution of individual rates, and where it would be if all were alike."""
    found: list[Line] = []
    for condition, who, of in _groups(people):
        if len(found) < 2 * MOST_COURSES and of["rate"].notna().any():
            panel = _called(condition, who)
            found.append(_line(panel, "agents", "candidate", _below(of["rate"].dropna().to_numpy(dtype=float))))
            found.append(_line(panel, "all alike", "other", _alike(of)))
    note = f"The share of nodes that cooperated in at most such a share of their rounds. {ALIKE}"
    caption = "Individual rates of cooperation on networks"
    table = table_of(found, caption, note, "networks-rates")
    return overlaid("networks-rates", found, table, "rate of cooperation of a node", READ, meet=True)


def _line(panel: str, name: str, kind: Kind, value: Sequence[float]) -> Line:
    unknown = (math.nan,) * len(RATES)
    return Line(panel, name, kind, RATES, value, unknown, unknown)


def _below(rates: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple((rates[:, None] <= np.array(RATES) + 1e-12).mean(axis=0).tolist())


def _alike(of: pd.DataFrame) -> tuple[float, ...]:
    """The same of a binomial with the mean of all, over as many choices as each node made."""
    mean = float((of["rate"] * of["choices"]).sum() / of["choices"].sum())
    counts = Counter(of.loc[of["choices"] > 0, "choices"].tolist())
    total = sum(counts.values())
    each = [share * bdtr(np.floor(np.array(RATES) * n + 1e-9), n, mean) for n, share in counts.items()]
    return tuple((np.sum(each, axis=0) / total).tolist())


def _numbers(people: pd.DataFrame) -> Grid:
    """How much individuals differ, and what of that is more than chance; and answers that are missing."""
    rows = []
    for condition, who, of in _groups(people):
        rates, choices = of["rate"].dropna(), float(of["choices"].mean())
        mean, variance = float(rates.mean()), float(rates.var())
        chance = mean * (1 - mean) / choices if choices else math.nan
        missing = int(of["asked"].sum() - of["choices"].sum())
        entries = (
            Entry(mean, counted(len(rates), "node")),
            Entry(math.sqrt(variance) if len(rates) > 1 else math.nan),
            Entry(math.sqrt(chance) if chance == chance else math.nan),
            Entry(missing / int(of["asked"].sum()), f"{missing:,} answers" if missing else ""),
        )
        rows.append((_called(condition, who), entries))
    note = (
        "A node of one match is one individual. SD by chance: the standard deviation of rates if all cooperated with "
        "the mean probability; what is more than that is difference between individuals, or habit. An answer that is "
        "missing is no action and in no rate."
    )
    columns = ("Mean rate", "SD of rates", "SD by chance", "Missing answers")
    return Grid(
        "Individuals on networks", note, "Condition and agent", columns, tuple(rows), key="networks-individuals"
    )
