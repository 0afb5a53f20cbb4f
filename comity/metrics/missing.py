"""What is missing, how far it could move a number, and how the table would read if failures were counted as moves.

A match that failed stays failed in every record and every table; nothing here changes that. A convention is a what-if:
it fills what is missing in a copy of the tables, of which the ordinary table is then taken. Two of them ask for the
worst case (Manski 1990; Horowitz and Manski 2000): whatever would have been played, the number lies between theirs. The
other three count failures as others do who let a failure pass for a move.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeAlias, get_args

import pandas as pd

from comity.core.named import Named, named_game, scale_under
from comity.metrics.cells import Cells, cell_of, cells_by_label
from comity.metrics.metric import MetricError
from comity.metrics.missed import missed
from comity.metrics.ranges import Mixed, Ranges, Shares, actions_of, has_unbounded_payments, mixed_payoffs, ranges
from comity.metrics.result import ResultTable
from comity.metrics.table import table
from comity.records.spec import Cell
from comity.records.tables import Tables
from comity.stats.proportions import exact

Convention: TypeAlias = Literal["lowest", "highest", "cooperation", "defection", "random"]

CONVENTIONS: tuple[Convention, ...] = get_args(Convention)
"""The ways to fill what is missing; see `filled`."""

BOUNDED = ("mean", "payoff", "welfare", "cooperation")
"""The metrics that `bounds` bounds: they rise and fall with what is filled in."""

_CELL = ["mechanism", "game"]
_MATCH = ["match", *_CELL, "replicate"]


def forfeits(tables: Tables) -> pd.DataFrame:
    """Who took part in how many matches that could not be finished, and by whose failure.

    One row for each mechanism, game and agent, with the columns mechanism, game, agent, matches (that it was in and
    that were begun), forfeited (those among them without an end), share (forfeited of matches), low and high (the exact
    95 % interval of that share, after Clopper and Pearson 1934, as if matches were independent) and failures (those in
    which the decision that failed was its own).
    """
    keys = [*_CELL, "agent"]
    begun = tables.outcomes[tables.outcomes["status"] != "unfinished"]
    own = begun.assign(
        failures=begun["player"] == begun["match"].map(_failed(tables)), forfeited=begun["status"] == "forfeited"
    )
    once = own.groupby(["match", *keys], sort=False, as_index=False)[["forfeited", "failures"]].max()
    counted = once.groupby(keys, sort=False, as_index=False).agg(
        matches=("match", "size"), forfeited=("forfeited", "sum"), failures=("failures", "sum")
    )
    ends = [exact(int(k), int(n)) for k, n in zip(counted["forfeited"], counted["matches"], strict=True)]
    counted = counted.assign(
        share=counted["forfeited"] / counted["matches"], low=[low for low, _ in ends], high=[high for _, high in ends]
    )
    return counted[[*keys, "matches", "forfeited", "share", "low", "high", "failures"]]


def assumed(
    tables: Tables,
    cells: Iterable[Cell],
    convention: Convention,
    metric: str = "mean",
    by: Sequence[str] = ("mechanism",),
    games: Sequence[str] | None = None,
    *,
    dilemmas: Collection[str] | None = None,
) -> ResultTable:
    """How `table` would read if what is missing were counted by that convention.

    Without intervals and ranks, because what is filled in was never drawn. Raises `MetricError` for a metric that is
    not among `BOUNDED`, and as `filled` does.
    """
    if metric not in BOUNDED:
        raise MetricError(f"what is missing can be filled in for {', '.join(BOUNDED)}; not for {metric}")
    known = list(cells)
    read = table(filled(tables, known, convention), metric, by, games, dilemmas=dilemmas, intervals=False)
    said = f"a what-if ({convention}): what is missing is filled in, and what is filled in was never measured"
    return replace(read, notes=(said, *unbounded(tables, known), *read.notes))


def bounds(
    tables: Tables,
    cells: Iterable[Cell],
    metric: str = "mean",
    by: Sequence[str] = ("mechanism",),
    games: Sequence[str] | None = None,
    *,
    dilemmas: Collection[str] | None = None,
) -> dict[tuple[str, ...], tuple[float, float]]:
    """For each row of `table`, by its keys, the lowest and the highest value it could have if nothing were missing.

    cells: those the matches were played in. The other parameters are those of `table`. Every player is taken to be at
    its worst (or best) by itself, so a row over several players of a match has bounds somewhat wider than what one
    match can do; they always hold what would have been found. Where nothing is missing both are the value. Payments of
    contracts without bounds are left out (see `unbounded`).

    Only for `BOUNDED`. The others neither rise nor fall with what is filled in (the fitness of one agent may fall when
    another is paid more), or are not about payoffs and actions: for these there are no bounds, and no row.
    """
    if metric not in BOUNDED:
        return {}
    known = list(cells)
    low, high = (
        table(filled(tables, known, convention), metric, by, games, dilemmas=dilemmas, intervals=False).rows
        for convention in ("lowest", "highest")
    )
    ends = [{tuple(row[key] for key in by): row["value"] for row in rows} for rows in (low, high)]
    return {key: (value, ends[1][key]) for key, value in ends[0].items() if None not in (value, ends[1][key])}


def unbounded(tables: Tables, cells: Iterable[Cell]) -> Iterator[str]:
    """What a reader must know of bounds: where matches are missing in which payments could have been of any size."""
    known = cells_by_label(cells)
    lost = tables.outcomes[tables.outcomes["payoff"].isna()][_CELL].drop_duplicates()
    named = [
        f"{mechanism} on {game}"
        for mechanism, game in lost.itertuples(index=False)
        if has_unbounded_payments(cell_of(known, mechanism, game).built)
    ]
    if named:
        yield f"contracts may pay any sum in {', '.join(named)}: the bounds there leave such payments out"


def filled(tables: Tables, cells: Iterable[Cell], convention: Convention) -> Tables:
    """The tables with what is missing filled in; the same object where nothing is.

    cells: those the matches were played in. Matches that were forfeited or never played get payoffs and scores, and
    rows of plays with a cooperation rate. Matches of which only the payoffs are known (as recorded or as worked out)
    get rows of plays in the two bounds only, for what was lost there was no failure. In `plays`, `cooperated` is then a
    share, and the new rows have no action. Nothing else changes, the status of a match included.

    - lowest, highest: every player is paid the least or the most that the rules can pay it (`ranges`), and cooperates
      never or always, as often as it can have played.
    - cooperation, defection, random: the player that failed to act is taken to play its cooperative action, its
      defective action, or each action equally often, in the whole match; its co-players do what they did in that cell
      and seat on average over all replicates (realised actions; each action equally often if they were never seen
      there). All are paid what the stage game then pays on average (`mixed_payoffs`). Where it is another decision that
      failed (a proposal, a vote, a message), or the match was never begun, all players are taken to do what is assumed
      of failures. They play as often as was usual in that cell, else as often as they could.

    Answers that are missing in matches that went on without them are filled in `plays` alone, as cooperation, as
    defection, or half and half; what was paid stays.

    A seat of which the game names no cooperative (or defective) action cannot be filled so, and the whole match stays
    missing. What a forfeited match had shown before it broke off is not used. Raises `MetricError` where there is no
    such convention, the cell of a missing match is not among the cells, or its payoffs cannot be listed.
    """
    if convention not in CONVENTIONS:
        raise MetricError(f"there is no convention {convention!r}; there are {', '.join(CONVENTIONS)}")
    known = cells_by_label(cells)
    answered = replace(tables, plays=_answered(tables.plays, convention)) if len(missed(tables)) else tables
    missing = _Missing(answered, known, convention)
    return answered if missing.gaps.empty else replace(answered, outcomes=missing.outcomes(), plays=missing.plays())


def _answered(plays: pd.DataFrame, convention: Convention) -> pd.DataFrame:
    """The plays with the cooperation of answers that are missing, where the game has a cooperative action."""
    rated = plays["cooperated"].astype("Float64")
    named = rated.notna().groupby([plays[key] for key in (*_CELL, "role")], sort=False).transform("any")
    share = {"lowest": 0.0, "defection": 0.0, "highest": 1.0, "cooperation": 1.0}.get(convention, 0.5)
    return plays.assign(cooperated=rated.mask(plays["action"].isna() & rated.isna() & named, share))


def _failed(tables: Tables, kind: str | None = None) -> Mapping[int, int]:
    """By match the player whose decision failed. kind: only decisions of that kind."""
    lost = tables.matches[tables.matches["failure"].notna()]
    failures = zip(lost["match"].tolist(), map(json.loads, lost["failure"]), strict=True)
    return {match: failure["player"] for match, failure in failures if kind in (None, failure["kind"])}


@dataclass(frozen=True)
class _Missing:
    """What is missing, and what a convention puts there."""

    tables: Tables
    cells: Cells
    convention: Convention

    @property
    def is_bound(self) -> bool:
        return self.convention in ("lowest", "highest")

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """The matches with something to fill: their labels, the player that failed to act, and its agents.

        Where none failed to act (-1) it does not matter who played, and no agents are told.
        """
        outcomes = self.tables.outcomes
        lost = outcomes["payoff"].isna()
        if self.is_bound:
            lost |= ~outcomes["match"].isin(self.tables.plays["match"])
        players = outcomes[lost].sort_values(["match", "player"], kind="stable")
        if players.empty:
            return players
        found = players.groupby(_MATCH, sort=False)["agent"].agg(tuple).reset_index(name="agents")
        failures = {} if self.is_bound else _failed(self.tables, "act")
        failed = [failures.get(match, -1) for match in found["match"].tolist()]
        agents = [() if who == -1 else told for who, told in zip(failed, found["agents"], strict=True)]
        return found.assign(failed=failed, agents=pd.Series(agents, dtype=object))

    @cached_property
    def fills(self) -> pd.DataFrame:
        """For each player of each gap: match, player, payoff, score, and of each of its plays (seat, role, share)."""
        alike = [*_CELL, "agents", "failed"]
        kinds = self.gaps[alike].drop_duplicates()
        rows = [(*kind, *row) for kind in kinds.itertuples(index=False, name=None) for row in self._of(*kind)]
        known = pd.DataFrame(rows, columns=[*alike, "player", "payoff", "score", "plays"])
        return self.gaps.merge(known.astype(self.gaps[alike].dtypes), on=alike)

    def _of(self, mechanism: str, game: str, agents: tuple[str, ...], failed: int) -> Iterator[tuple[Any, ...]]:
        """Of each player: its number, payoff and score, and the seat, role and cooperation rate of its plays."""
        cell = cell_of(self.cells, mechanism, game)
        scale, named = scale_under(cell.built), named_game(cell.built)
        rows = self._extremes(cell) if self.is_bound else self._usual(cell, agents, failed)
        for player, (payoff, plays) in enumerate(rows):
            defined = [(seat, share) for seat, share in plays if named.cooperative[seat] is not None]
            told = tuple((seat, named.roles[seat], share) for seat, share in defined)
            yield player, float(payoff), scale.normalised(payoff), told

    def _extremes(self, cell: Cell) -> Iterator[_Filled]:
        for one in _ranges(cell):
            if self.convention == "lowest":
                yield one.low, [(seat, 0.0) for seat in one.seats]
            else:
                yield one.high, [(seat, 1.0) for seat in one.seats]

    # What is done on average

    def _usual(self, cell: Cell, agents: tuple[str, ...], failed: int) -> Iterator[_Filled]:
        """Nothing where the convention has no meaning in the game."""
        seats = [one.seats for one in _ranges(cell)]
        known = {player: agent for player, agent in enumerate(agents) if player != failed}
        mixed = [self._mixed(cell, own, known.get(player)) for player, own in enumerate(seats)]
        if not all(all(one.values()) for one in mixed):
            return
        for player, payoff in enumerate(mixed_payoffs(cell.built, mixed)):
            played = seats[player][: self._plays_of(cell, player)]
            yield payoff, [(seat, mixed[player][seat].get(_cooperative(cell, seat), 0.0)) for seat in played]

    def _mixed(self, cell: Cell, seats: Iterable[int], agent: str | None) -> Mixed:
        """What is assumed of a failure, or done by that agent."""
        if agent is None:
            return {seat: self._assumed(named_game(cell.built), seat) for seat in set(seats)}
        return {seat: self._done(cell, seat, agent) for seat in set(seats)}

    def _assumed(self, named: Named, seat: int) -> Shares:
        if self.convention == "random":
            return _any(actions_of(named)[seat])
        action = (named.cooperative if self.convention == "cooperation" else named.defective)[seat]
        return {} if action is None else {action: 1.0}

    def _done(self, cell: Cell, seat: int, agent: str) -> Shares:
        seen = self._seen.get((cell.mechanism_label, cell.game_label, agent, seat))
        return seen or _any(actions_of(named_game(cell.built))[seat])

    @cached_property
    def _seen(self) -> Mapping[tuple[str, str, str, int], Shares]:
        """What each agent did in each cell and seat, in shares."""
        keys = [*_CELL, "agent", "seat"]
        shares = self.tables.plays.groupby(keys, sort=False)["action"].value_counts(normalize=True)
        found: dict[tuple[str, str, str, int], dict[str, float]] = {}
        for (*key, action), share in zip(shares.index.tolist(), shares.tolist(), strict=True):
            found.setdefault(tuple(key), {})[action] = share
        return found

    def _plays_of(self, cell: Cell, player: int) -> int | None:
        """How many plays that player takes part in on average, rounded; None where none are known."""
        return self._counts.get((cell.mechanism_label, cell.game_label, player))

    @cached_property
    def _counts(self) -> Mapping[tuple[str, str, int], int]:
        keys = [*_CELL, "player"]
        counts = self.tables.plays.groupby([*keys, "match"], sort=False).size().groupby(level=keys).mean().round()
        return dict(zip(counts.index.tolist(), counts.astype(int).tolist(), strict=True))

    # The tables, filled

    def outcomes(self) -> pd.DataFrame:
        """The outcomes with payoffs and scores where there were none."""
        outcomes = self.tables.outcomes
        known = self.fills.set_index(["match", "player"])[["payoff", "score"]]
        put = known.reindex(pd.MultiIndex.from_frame(outcomes[["match", "player"]]))
        lost = outcomes["payoff"].isna()
        columns = {name: outcomes[name].where(~lost, put[name].to_numpy()) for name in ("payoff", "score")}
        return outcomes.assign(**columns)

    def plays(self) -> pd.DataFrame:
        """The plays with a row for each that is missing and has a cooperation rate, behind those of its match."""
        plays = self.tables.plays.assign(cooperated=self.tables.plays["cooperated"].astype("Float64"))
        added = self._added()
        if added.empty:
            return plays
        both = pd.concat([plays, added.reindex(columns=plays.columns).astype(plays.dtypes.to_dict())])
        return both.sort_values("match", kind="stable", ignore_index=True)

    def _added(self) -> pd.DataFrame:
        silent = self.fills[~self.fills["match"].isin(self.tables.plays["match"])].explode("plays")
        silent = silent[silent["plays"].notna()]
        told = pd.DataFrame(silent["plays"].tolist(), columns=["seat", "role", "cooperated"], index=silent.index)
        who = self.tables.outcomes[["match", "player", "agent"]]
        number = silent.groupby(["match", "player"]).cumcount()
        return silent.assign(**told, play=number, round=number, path="").merge(who, on=["match", "player"])


_Filled: TypeAlias = tuple[float, list[tuple[int, float]]]
"""What a player is paid, and of each of its plays the seat and the share that cooperates."""


@lru_cache(maxsize=1_000)
def _ranges(cell: Cell) -> Ranges:
    return ranges(cell.built)


def _any(actions: Sequence[str]) -> Shares:
    return {action: 1 / len(actions) for action in actions}


def _cooperative(cell: Cell, seat: int) -> str:
    """The cooperative action of that seat; nothing where the game has none."""
    return named_game(cell.built).cooperative[seat] or ""
