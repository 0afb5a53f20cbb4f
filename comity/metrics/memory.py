"""What players in repeated games do after what they saw: memory-one fits, named strategies, and unforgiveness.

Everything here is a function of the rounds of `comity.metrics.episodes`. Shares are of all rounds of an agent that
qualify, whatever the episode; their intervals take whole episodes for draws (`comity.stats.proportions.clustered`), and
where nothing was left to chance there is nothing to be unsure of: the interval is the number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, xlogy

from comity.exact.automata import Automaton
from comity.metrics.episodes import AFTER, rounds_of
from comity.metrics.metric import WHERE, Metric, MetricError
from comity.records.spec import Cell
from comity.records.tables import Tables
from comity.stats.estimate import LEVEL
from comity.stats.proportions import clustered
from comity.strategies import finite_state

KEYS = ("mechanism", "game", "agent", "role")
"""What a row may be for."""

NAMED: dict[str, Automaton] = {
    "always_cooperate": finite_state.ALWAYS_COOPERATE,
    "always_defect": finite_state.ALWAYS_DEFECT,
    "tit_for_tat": finite_state.TIT_FOR_TAT,
    "suspicious_tit_for_tat": finite_state.SUSPICIOUS_TIT_FOR_TAT,
    "tit_for_two_tats": finite_state.TIT_FOR_TWO_TATS,
    "two_tits_for_tat": finite_state.TWO_TITS_FOR_TAT,
    "hard_tit_for_tat": finite_state.HARD_TIT_FOR_TAT,
    "reverse_tit_for_tat": finite_state.REVERSE_TIT_FOR_TAT,
    "grim": finite_state.GRIM,
    "win_stay_lose_shift": finite_state.WIN_STAY_LOSE_SHIFT,
    "alternate": finite_state.ALTERNATE,
    "defect_once": finite_state.DEFECT_ONCE,
}
"""The strategies that play is held against, all of the catalogue that are automata without chance."""

LAST = 9
"""Defections are counted up to this; rounds after more of them stand with the last."""


@dataclass(frozen=True)
class Share:
    """How often something was done, of all rounds (or episodes) in which it could be.

    low, high: the 95 % interval, NaN where it is not known. rounds: how many it is of. episodes: in how many.
    """

    value: float
    low: float
    high: float
    rounds: int
    episodes: int


@dataclass(frozen=True)
class Median:
    """How long something takes, or when it begins: the median over episodes, infinite where it mostly never comes.

    low, high: the 95 % interval, by order statistics; NaN with too few episodes.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class MemoryOne:
    """A memory-one strategy fitted to what an agent did (Nowak and Sigmund 1990).

    key: the labels it is for. basis: what counts as cooperating, see `comity.metrics.episodes.Basis`.
    after: the share that cooperates in the first round and after each sign of the last, as in `AFTER`.
    likelihood: the mean log-likelihood of a round under the fit, in nats; 0 is certainty. constant: that under one rate
    for all rounds. predicted: the share of rounds in which the agent did what the fit makes more likely; an even chance
    counts half. All three are of the rounds the fit was made from.
    nearest: the strategies of `NAMED` with the highest likelihood, where each errs in any round with one probability of
    its own, at most 1/2 (Dal Bó and Fréchette 2011); several where they cannot be told apart. agreement: the share of
    rounds in which they do what the agent did, given all that had happened before in the episode.
    """

    key: tuple[str, ...]
    basis: str
    after: tuple[Share, ...]
    rounds: int
    episodes: int
    likelihood: float
    constant: float
    predicted: float
    nearest: tuple[str, ...]
    agreement: float


def memory_one(rounds: pd.DataFrame, by: Sequence[str] = ("agent",)) -> tuple[MemoryOne, ...]:
    """The fits for each combination of the keys `by` and of basis, in the order of the rounds.

    rounds: of `rounds_of`. With several other players these cooperated if all did, as for automata. Raises
    `MetricError` for keys that are none.
    """
    keys = keys_of(by)
    if rounds.empty:
        return ()
    played = rounds.assign(**{f"as {name}": _as(rounds, automaton) for name, automaton in NAMED.items()})
    return tuple(_fit(key, part) for key, part in _grouped(played, [*keys, "basis"]))


def keys_of(by: Sequence[str]) -> list[str]:
    """The keys of rows. Raises `MetricError` where some are none, or there is none."""
    wrong = [key for key in by if key not in KEYS]
    if wrong or not by or len(set(by)) < len(by):
        found = f"{wrong[0]!r} is not a key" if wrong else f"found {', '.join(by) or 'none'}"
        raise MetricError(f"what agents do over rounds is by one or more different keys of {', '.join(KEYS)}; {found}")
    return list(by)


def _grouped(rounds: pd.DataFrame, keys: list[str]) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    for key, part in rounds.groupby(keys, sort=False):
        yield tuple(map(str, key if isinstance(key, tuple) else (key,))), part


def _fit(key: tuple[str, ...], rounds: pd.DataFrame) -> MemoryOne:
    own, after = rounds["own"].to_numpy(bool), rounds["after"].to_numpy(int)
    counts, did = np.bincount(after, minlength=len(AFTER)), np.bincount(after, own, minlength=len(AFTER))
    n = len(own)
    hits = {name: int((rounds[f"as {name}"].to_numpy(bool) == own).sum()) for name in NAMED}
    most = max(hits.values())
    return MemoryOne(
        key=key[:-1],
        basis=key[-1],
        after=tuple(share_of(rounds[after == place]) for place in range(len(AFTER))),
        rounds=n,
        episodes=rounds["match"].nunique(),
        likelihood=float(_log_likelihood(did, counts).sum()) / n,
        constant=float(_log_likelihood(did.sum(), n)) / n,
        predicted=float(np.maximum(did, counts - did).sum()) / n,
        nearest=tuple(name for name, found in hits.items() if found == most) if 2 * most > n else (),
        agreement=most / n if 2 * most > n else math.nan,
    )


def _log_likelihood(successes: ArrayLike, counts: ArrayLike) -> NDArray[np.float64]:
    """Of as many successes in as many draws, at the share that makes them most likely."""
    did, of = np.asarray(successes, dtype=float), np.asarray(counts, dtype=float)
    share = np.divide(did, of, out=np.zeros(did.shape), where=of > 0)
    return np.asarray(xlogy(did, share) + xlogy(of - did, 1 - share))


def share_of(rounds: pd.DataFrame, did: str = "own") -> Share:
    """How often something was done in these rounds. did: the column that says in which it was."""
    if rounds.empty:
        return Share(math.nan, math.nan, math.nan, 0, 0)
    done = rounds[did].to_numpy(float)
    value, episodes = float(done.mean()), rounds["match"].nunique()
    if not rounds["drawn"].any():
        return Share(value, value, value, len(done), episodes)
    _, cluster = np.unique(rounds["cluster"], return_inverse=True)
    low, high = clustered(np.bincount(cluster, done), np.bincount(cluster))
    return Share(value, low, high, len(done), episodes)


def _as(rounds: pd.DataFrame, automaton: Automaton) -> NDArray[np.bool_]:
    """What an automaton without chance would have done in each round, after all that had happened in the episode."""
    turns, after = rounds["turn"].to_numpy(int), rounds["after"].to_numpy(int)
    series = rounds.groupby(["match", "player"], sort=False).ngroup().to_numpy()
    then, cooperates = np.array(automaton.then), np.array(automaton.cooperates, dtype=bool)
    states = np.full(series.max() + 1, automaton.start)
    done = np.zeros(len(rounds), dtype=bool)
    order = np.argsort(turns, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(turns[order])) + 1):
        moved = rows[after[rows] > 0]
        states[series[moved]] = then[states[series[moved]], after[moved] - 1]
        done[rows] = cooperates[states[series[rows]]]
    return done


# Unforgiveness


@dataclass(frozen=True)
class Forgiveness:
    """How an agent goes on after its partner defected.

    key: the labels it is for. after: the share of rounds in which it cooperates after so many defections of its
    partner, from 0 to `LAST` or more; as many entries as there were defections.
    again: the share of those who saw a defection, each in an episode, that cooperated in a later round.
    wait: how many rounds it takes to the first cooperation after the first defection, 1 being the next one; those who
    never cooperate again wait longest.
    """

    key: tuple[str, ...]
    after: tuple[Share, ...]
    again: Share
    wait: Median


def forgiveness(rounds: pd.DataFrame, by: Sequence[str] = ("agent",)) -> tuple[Forgiveness, ...]:
    """How agents go on after defections, for each combination of the keys `by`.

    rounds: of `rounds_of`; only those in games whose actions mean cooperating. With several others one defection is a
    round in which not all of them cooperated. Raises `MetricError` for keys that are none.
    """
    keys = keys_of(by)
    named = _with_defections(rounds)
    return tuple(_forgiven(key, part) for key, part in _grouped(named, keys)) if len(named) else ()


def _with_defections(rounds: pd.DataFrame) -> pd.DataFrame:
    """The rounds of games with a meaning, with a column that says how often the others had defected before."""
    named = rounds[rounds["basis"] == "cooperation"]
    defected = (~named["others"].astype(bool)).astype(int)
    so_far = defected.groupby([named["match"], named["player"]], sort=False).cumsum()
    return named.assign(seen=(so_far - defected).astype(int))


def _forgiven(key: tuple[str, ...], rounds: pd.DataFrame) -> Forgiveness:
    seen = rounds["seen"].to_numpy(int)
    after = tuple(
        share_of(rounds[(seen == number) if number < LAST else (seen >= number)])
        for number in range(min(LAST, int(seen.max())) + 1)
    )
    waits = _waits(rounds)
    return Forgiveness(key, after, share_of(waits, "again"), median_of(waits, "wait"))


def _waits(rounds: pd.DataFrame) -> pd.DataFrame:
    """For everybody who saw a defection in an episode, after how many rounds it cooperated; infinite for never."""
    later = rounds[rounds["seen"] > 0]
    first = later.groupby(["match", "player"], sort=False).agg(
        start=("turn", "min"), drawn=("drawn", "first"), cluster=("cluster", "first")
    )
    kind = later[later["own"].astype(bool)].groupby(["match", "player"], sort=False)["turn"].min()
    wait = (kind.reindex(first.index) - first["start"] + 1).fillna(math.inf)
    return first.assign(wait=wait, again=np.isfinite(wait)).reset_index()


def median_of(episodes: pd.DataFrame, column: str, level: float = LEVEL) -> Median:
    """The middle one of a column, the earlier of the two middle ones of an even number; NaN of none.

    The interval goes from one order statistic to another, between which the median lies at least as often as said
    (David 1981). Where nothing was left to chance it is the median.
    """
    values = np.sort(episodes[column].to_numpy(float))
    n = len(values)
    if not n:
        return Median(math.nan, math.nan, math.nan)
    middle = float(values[(n - 1) // 2])
    if not episodes["drawn"].any():
        return Median(middle, middle, middle)
    below = int(np.searchsorted(bdtr(np.arange(n), n, 0.5), (1 - level) / 2))
    if below < 1:
        return Median(middle, math.nan, math.nan)
    return Median(middle, float(values[below - 1]), float(values[n - below]))


# As a metric


def memory_metrics(cells: Iterable[Cell]) -> dict[str, Metric]:
    """The metric forgiveness, for `table`, of matches that were played in these cells."""
    known = tuple(cells)

    def forgiven(tables: Tables) -> pd.DataFrame:
        later = _with_defections(rounds_of(tables, known))
        later = later[later["seen"] > 0]
        return with_silent(tables, by_player(later, "own"))

    return {
        "forgiveness": Metric(
            "Forgiveness",
            "the share of the rounds after the first defection of its partner in which an agent cooperates",
            "share",
            "Akata et al. (2025), of GPT-4 in the prisoner's dilemma; there in words",
            forgiven,
        )
    }


def by_player(rounds: pd.DataFrame, column: str) -> pd.DataFrame:
    """The mean of a column over the rounds of every player of every match, as the values of a metric."""
    means = rounds[column].astype(float).groupby([rounds[key] for key in (*WHERE, "player")], sort=False).mean()
    return means.rename("value").reset_index()


def with_silent(tables: Tables, values: pd.DataFrame) -> pd.DataFrame:
    """The values, and NaN for the players of matches without moves in cells in which others have a value."""
    cells = pd.MultiIndex.from_frame(values[["mechanism", "game"]].drop_duplicates())
    outcomes = tables.outcomes
    asked = pd.MultiIndex.from_frame(outcomes[["mechanism", "game"]]).isin(cells)
    silent = outcomes[asked & ~outcomes["match"].isin(tables.plays["match"])]
    return pd.concat([values[[*WHERE, "value"]], silent[WHERE].assign(value=np.nan)], ignore_index=True)
