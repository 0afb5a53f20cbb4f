"""Changing and taking turns: how often players of repeated games change their option, and whether two alternate.

Everything here is a function of the rounds of `comity.metrics.episodes`, as in `comity.metrics.memory`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from comity.metrics.episodes import rounds_of
from comity.metrics.memory import Median, Share, by_player, keys_of, median_of, share_of, with_silent
from comity.metrics.metric import Metric
from comity.records.spec import Cell
from comity.records.tables import Tables

_SOURCE = "Akata et al. (2025), of the battle of the sexes; there in words and pictures"


@dataclass(frozen=True)
class Turns:
    """How an agent changes its options, and how far it and its partner take turns.

    key: the labels it is for. switching: the share of the rounds after the first in which it takes another option than
    in the round before.
    alternation: of all pairs of successive rounds with a partner, the share in which they take turns: both rounds are
    coordinated, and on different options. coordination: the share of rounds in which both take the option of the same
    place. in_step: the share of episodes that end coordinated.
    since: from which round on both are coordinated to the end, counted from 1; episodes that do not end so never are.
    The last four are of episodes of two players; NaN where there are none.
    """

    key: tuple[str, ...]
    switching: Share
    alternation: Share
    coordination: Share
    in_step: Share
    since: Median


def turns(rounds: pd.DataFrame, by: Sequence[str] = ("agent",)) -> tuple[Turns, ...]:
    """How players change and take turns, for each combination of the keys `by`.

    rounds: of `rounds_of`. An episode of an agent with itself counts once for each seat. Raises `MetricError` for keys
    that are none.
    """
    keys = keys_of(by)
    if rounds.empty:
        return ()
    told = with_turns(rounds)
    return tuple(_turns(key, part) for key, part in _grouped(told, keys))


def _grouped(rounds: pd.DataFrame, keys: list[str]) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    for key, part in rounds.groupby(keys, sort=False):
        yield tuple(map(str, key)), part


def with_turns(rounds: pd.DataFrame) -> pd.DataFrame:
    """The rounds with two columns: whether the player changed its option, and whether the two took turns.

    changed: NaN in the first round. took_turns: also where there are not two players.
    """
    last = rounds.groupby(["match", "player"], sort=False)[["option", "coordinated"]].shift()
    later = last["option"].notna()
    changed = (rounds["option"] != last["option"]).astype(float).where(later)
    both = rounds["coordinated"].astype(bool) & (last["coordinated"] == True)  # noqa: E712  NaN is not coordinated
    took = (both & (changed == 1)).astype(float).where(later & (rounds["players"] == 2))
    return rounds.assign(changed=changed, took_turns=took)


def _turns(key: tuple[str, ...], rounds: pd.DataFrame) -> Turns:
    later, paired = rounds[rounds["changed"].notna()], rounds[rounds["took_turns"].notna()]
    of_two = rounds[rounds["players"] == 2]
    since = in_step(of_two)
    return Turns(
        key,
        share_of(later, "changed"),
        share_of(paired, "took_turns"),
        share_of(of_two, "coordinated"),
        share_of(since, "ended"),
        median_of(since, "since"),
    )


def in_step(rounds: pd.DataFrame) -> pd.DataFrame:
    """For every player of an episode of two: since when both coordinate to the end, and whether they do.

    Columns match, player, drawn, cluster, `since` (the round, from 1; infinite for never) and `ended`.
    """
    missed = rounds["turn"].where(~rounds["coordinated"].astype(bool), -1)
    told = rounds.assign(missed=missed).groupby(["match", "player"], sort=False)
    found = told.agg(
        last=("turn", "max"), missed=("missed", "max"), drawn=("drawn", "first"), cluster=("cluster", "first")
    )
    since = (found["missed"] + 2.0).where(found["missed"] < found["last"], math.inf)
    return found.assign(since=since, ended=np.isfinite(since)).reset_index()


# As metrics


def turn_metrics(cells: Iterable[Cell]) -> dict[str, Metric]:
    """The metrics alternation and switching, for `table`, of matches that were played in these cells."""
    known = tuple(cells)

    def of(column: str) -> Callable[[Tables], pd.DataFrame]:
        def values(tables: Tables) -> pd.DataFrame:
            told = with_turns(rounds_of(tables, known)).dropna(subset=column)
            return with_silent(tables, by_player(told, column))

        return values

    return {
        "alternation": Metric(
            "Alternation",
            "the share of pairs of successive rounds in which two players take turns: both rounds are coordinated, on "
            "different options",
            "share",
            _SOURCE,
            of("took_turns"),
            per="match",
        ),
        "switching": Metric(
            "Switching",
            "the share of the rounds after the first in which a player takes another option than in the round before",
            "share",
            _SOURCE,
            of("changed"),
        ),
    }
