"""What a number would be without one of its matches.

A mean over few matches may be the work of one of them. So each is left out in turn, under the same nested mean as in
`table`, and what it moves is told; and of any match one sentence says what was special about it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from comity.core.match import replay
from comity.core.outcome import StagePlay, stage_plays
from comity.core.space import from_json
from comity.mechanisms.contracting import Contract, Signatures
from comity.mechanisms.mediation import Delegated, Mediator
from comity.metrics.catalogue import METRICS
from comity.metrics.cells import cell_of, cells_by_label
from comity.metrics.metric import Metric, MetricError
from comity.metrics.table import KEYS
from comity.records.spec import Cell
from comity.records.tables import Tables
from comity.words.phrases import listed, number, points

_CELL = ["mechanism", "game"]
_AVERAGED = ("agent", "replicate")
_NAMED = 6
"""So many players, or proposals, a sentence names before it counts the rest."""


def influence(
    tables: Tables, metric: str | Metric = "mean", by: Sequence[str] = ("mechanism", "game", "agent")
) -> pd.DataFrame:
    """How much each match moves the rows of `table`, the largest movement first.

    by: the keys of a row, mechanism and game among them: a match tells of its own cell only. One row for each row of
    the table and each match in it, with its keys and

    - match;
    - value: what the table says. without: what it would say if that match had not been played; NaN where nothing would
      be left;
    - difference: value less without, what the match adds;
    - relative: the difference in standard errors of the row, as leaving out one match after another shows them (the
      jackknife of Tukey 1958; the measure is after Belsley, Kuh and Welsch 1980, who look at what lies beyond 2 over
      the root of the number of matches). NaN where no match moves anything.

    A match is left out of everything it is averaged into: where it is the only one of an agent or a replicate, the mean
    is over the others. Raises `MetricError` for keys or metrics that are none, and for metrics that are worked out of a
    whole cell, such as fitness, which have no value for a single match.
    """
    measure, keys = _metric(metric), _keys(by)
    occurrences = measure.counted(measure.occurrences(tables), keys)
    rows = _left_out(occurrences[occurrences["value"].notna()], keys)
    rows["difference"] = rows["value"] - rows["without"]
    spread = rows.groupby(keys, sort=False)["without"].transform(_error)
    rows["relative"] = rows["difference"] / spread.where(spread > 0)
    order = rows["difference"].abs().sort_values(ascending=False, kind="stable").index
    return rows.loc[order, [*keys, "match", "value", "without", "difference", "relative"]].reset_index(drop=True)


def without(tables: Tables, matches: Iterable[int]) -> Tables:
    """The tables as if these matches had not been played."""
    gone = list(matches)
    return Tables(**{name: frame[~frame["match"].isin(gone)] for name, frame in vars(tables).items()})


def _metric(asked: str | Metric) -> Metric:
    if not isinstance(asked, Metric) and asked not in METRICS:
        raise MetricError(f"there is no metric {asked!r}; there are {', '.join(METRICS)}")
    measure = asked if isinstance(asked, Metric) else METRICS[asked]
    if measure.per == "cell":
        raise MetricError(f"{measure.title} is worked out of a whole cell: a single match has no value in it")
    return measure


def _keys(by: Sequence[str]) -> list[str]:
    if not {*_CELL} <= set(by) <= set(KEYS) or len(set(by)) < len(by):
        raise MetricError(
            f"the influence of matches is by mechanism, game and others of {', '.join(KEYS)}; found {', '.join(by)}"
        )
    return list(by)


def _left_out(valued: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """For each row and match in it: value and without.

    From the finest cell up: `whole` has the value of every mean, `parts` what it is without each of its matches.
    """
    keys = [*by, *(key for key in reversed(_AVERAGED) if key not in by)]
    whole = valued.groupby(keys, sort=False)["value"].agg(total="sum", count="count").reset_index()
    parts = valued.groupby([*keys, "match"], sort=False)["value"].agg(less="sum", fewer="count").reset_index()
    whole, parts = _means(whole, parts, keys)
    while len(keys) > len(by):
        keys = keys[:-1]
        totals = whole.groupby(keys, sort=False)["value"].agg(total="sum", count="count").reset_index()
        lost = parts.assign(less=parts["value"] - parts["without"].fillna(0.0), fewer=parts["without"].isna())
        moved = lost.groupby([*keys, "match"], sort=False)[["less", "fewer"]].sum().reset_index()
        whole, parts = _means(totals, moved, keys)
    return parts[[*by, "match", "value", "without"]].copy()


def _means(whole: pd.DataFrame, parts: pd.DataFrame, keys: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """total / count of every mean, and (total - less) / (count - fewer) of every mean without a match."""
    whole = whole.assign(value=whole["total"] / whole["count"])
    parts = parts.merge(whole, on=keys)
    left = (parts["count"] - parts["fewer"]).astype(float)
    return whole, parts.assign(without=(parts["total"] - parts["less"]) / left.where(left > 0))


def _error(left_out: pd.Series[float]) -> float:
    """The jackknife's standard error."""
    values = left_out.dropna().to_numpy(float)
    return float(np.sqrt(max(len(values) - 1, 0) * values.var())) if len(values) else float("nan")


# One match in a sentence


def named(tables: Tables, cells: Iterable[Cell], match: int) -> str:
    """What was special about a match, in one sentence: who was paid what, who did what, and under whose proposal.

    cells: those the matches were played in. Where the tables were made without decisions, nothing is told of proposals.
    Labels, and the reason why a match was forfeited, stand as they are in the tables; whoever prints the sentence makes
    them harmless. Raises `MetricError` where there is no such match.
    """
    players = tables.outcomes[tables.outcomes["match"] == match].sort_values("player")
    if players.empty:
        raise MetricError(f"there is no match {match} in these tables")
    mechanism, game, replicate = players[[*_CELL, "replicate"]].iloc[0]
    who = {
        int(player): f"{agent} in seat {int(seat) + 1}"
        for player, agent, seat in players[["player", "agent", "seat"]].itertuples(index=False)
    }
    plays = _plays(tables, cell_of(cells_by_label(cells), mechanism, game), match)
    told = [_paid(players, who, _acts(plays)), *_proposed(plays, who), *_failed(tables, match)]
    return f"match {match}, {mechanism} on {game} in replicate {replicate}: {'; '.join(told)}"


def _paid(players: pd.DataFrame, who: dict[int, str], acts: dict[int, str]) -> str:
    """Who was paid what; of many, those farthest from the mean."""
    payoffs = players.set_index("player")["payoff"]
    if payoffs.isna().all():
        return f"no payoffs are known for {listed(list(who.values()))}"
    far = (payoffs - payoffs.mean()).abs().sort_values(ascending=False, kind="stable").index[:_NAMED]
    shown = [
        f"{who[player]} {acts.get(player, '')}was paid {points(round(float(payoffs[player]), 3))}"
        for player in sorted(map(int, far))
    ]
    more = f", {len(who) - len(shown)} others less far from the mean" if len(who) > len(shown) else ""
    return f"{listed(shown)}{more}"


def _acts(plays: Sequence[StagePlay]) -> dict[int, str]:
    """What each player did, where it played once."""
    if len(plays) != 1:
        return {}
    [play] = plays
    return {
        player: "had no answer and " if action is None else f"played {action} and "
        for player, action in zip(play.players, play.outcome.actions, strict=True)
    }


def _failed(tables: Tables, match: int) -> Iterator[str]:
    failure = tables.matches.loc[tables.matches["match"] == match, "failure"].dropna()
    for told in map(json.loads, failure):
        yield f"it was forfeited by player {told['player'] + 1}, asked to {told['kind']}: {told['reason']}"


def _plays(tables: Tables, cell: Cell, match: int) -> list[StagePlay]:
    """Every play of the stage game, by replay; none where the match has no end or its decisions are not at hand."""
    decisions = tables.decisions[tables.decisions["match"] == match].sort_values(["step", "slot"])
    told = zip(decisions["step"].tolist(), decisions["choice"].tolist(), strict=True)
    steps = [tuple(_choice(choice) for _, choice in step) for _, step in groupby(told, lambda at: at[0])]
    outcome = replay(cell.built, steps).outcome if steps else None
    return [] if outcome is None else list(stage_plays(outcome))


def _choice(spelled: object) -> Any:
    """A choice as it stands in the tables; None where an answer was missing."""
    return from_json(json.loads(spelled)) if isinstance(spelled, str) else None


def _proposed(plays: Sequence[StagePlay], who: dict[int, str]) -> Iterator[str]:
    proposals = list(dict.fromkeys(told for play in plays for told in _in_force(play, who)))
    yield from proposals[:_NAMED]
    if len(proposals) > _NAMED:
        yield f"and {len(proposals) - _NAMED} other proposals in other rounds"


def _in_force(play: StagePlay, who: dict[int, str]) -> Iterator[str]:
    """The proposals that were elected for that play, and whether they held."""
    names = [who[player] for player in play.players]
    notes: dict[type, Any] = {type(note): note for note in play.outcome.notes}
    if Contract in notes:
        yield _contract(notes[Contract], notes[Signatures], names)
    if Mediator in notes:
        yield _mediator(notes[Mediator], notes[Delegated], names)


def _contract(contract: Contract, signatures: Signatures, names: Sequence[str]) -> str:
    terms = [f"{number(paid)} for {action}" for action, paid in zip(contract.actions, contract.transfers, strict=True)]
    held = "was in force" if signatures.binding else "was elected and not signed by all"
    return f"the contract proposed by {names[contract.by]}, {listed(terms)}, {held}"


def _mediator(mediator: Mediator, delegated: Delegated, names: Sequence[str]) -> str:
    plan = [f"{action} for {count}" for count, action in enumerate(mediator.plan, start=1)]
    trusting = listed([names[seat] for seat in delegated.players]) or "nobody"
    return f"the mediator proposed by {names[mediator.by]}, {listed(plan)} delegating, acted for {trusting}"
