"""What agents do: how often they act how, after what, and how they vote, sign and delegate.

A frequency is first a share in each replicate; then replicates weigh the same, and the standard error is over them. The
name of an agent is that of the outcomes; decisions only say which player decided.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.metrics.metric import WHERE, Metric, decisions_of
from comity.records.tables import Tables

OPENING = "opening"
"""What an action is conditional on where no co-player has acted before."""

NO_ANSWER = "no answer"
"""What stands for the last action of a co-player whose answer was missing."""

MOST_SEATS = 24
"""Where more than this act at once, an action is not told by what all the others did before."""

_CELL = ["mechanism", "game"]

_SPREAD = ["share", "error", "replicates"]
_ELECTION = ["match", "step", "group"]
_SOURCE = "CoopEval (2026), its figures of voting and adoption"

# Actions


def action_frequencies(tables: Tables, *, roles: bool = False) -> pd.DataFrame:
    """How often every agent takes every action of a game under each mechanism.

    One row for each, with the columns mechanism, game, agent, action, share, error, replicates and plays. share: of the
    agent's plays of the stage game, in the mean over replicates. error: its standard error over replicates, NaN with
    one. replicates: in which it played. plays: how many. The actions are those that anybody took in the game. roles:
    whether each role of an agent has rows of its own, with a column role.
    """
    return _frequencies(tables.plays, ["role", "agent"] if roles else ["agent"], roles)


def conditional_frequencies(tables: Tables, *, roles: bool = False) -> pd.DataFrame:
    """How often every agent takes every action after what its co-players did before.

    As `action_frequencies`, with a column condition: the last actions of the co-players of a play, sorted by name and
    joined by ", ", or `OPENING` where none of them had acted; `NO_ANSWER` is among them where an answer was missing. A
    co-player's last action is that of its previous play in the match, whoever it met there, as in CoopEval (2026);
    where players take part in several plays at once (edges of a network), that of the previous play of the same group.
    replicates: in which the condition occurred. Plays of more than `MOST_SEATS` are left out.
    """
    seats = tables.plays.groupby(["match", "play"], sort=False)["seat"].transform("size")
    few = tables.plays[seats <= MOST_SEATS]
    plays = few.sort_values(["match", "play", "seat"], ignore_index=True)
    conditional = plays.assign(condition=_conditions(plays))
    return _frequencies(conditional, ["role", "agent", "condition"] if roles else ["agent", "condition"], roles)


def _frequencies(everything: pd.DataFrame, keys: Sequence[str], roles: bool) -> pd.DataFrame:
    by = [*_CELL, *keys]
    plays = everything[everything["action"].notna()]  # an answer that is missing is no action
    possible = ["game", "role"] if roles else ["game"]
    totals = plays.groupby([*by, "replicate"], sort=False).size().rename("plays").reset_index()
    counts = plays.groupby([*by, "replicate", "action"], sort=False).size().rename("taken").reset_index()
    every = totals.merge(plays[[*possible, "action"]].drop_duplicates(), on=possible)
    every = every.merge(counts, how="left", on=[*by, "replicate", "action"])
    every = every.assign(share=every["taken"].fillna(0) / every["plays"])
    return _over_replicates(every, [*by, "action"], "plays")


def _over_replicates(shares: pd.DataFrame, keys: Sequence[str], counted: str) -> pd.DataFrame:
    """The mean share over replicates and its standard error, from one row for each; labels in their first order."""
    by_key = shares.groupby(list(keys), sort=False)
    spread = by_key.agg(
        share=("share", "mean"), error=("share", "sem"), replicates=("share", "size"), **{counted: (counted, "sum")}
    )
    found = spread.reset_index()
    return found.sort_values(list(keys), key=lambda labels: pd.factorize(labels)[0], ignore_index=True)


def _conditions(plays: pd.DataFrame) -> NDArray[np.object_]:
    """The condition of every row of plays, which are sorted by match, play and seat."""
    told = plays.assign(action=plays["action"].fillna(NO_ANSWER))
    actions = sorted(told["action"].unique())
    last = pd.Categorical(_last_actions(told), categories=actions).codes
    sizes = plays.groupby(["match", "play"], sort=False)["seat"].transform("size").to_numpy(int)
    conditions = np.full(len(plays), OPENING, dtype=object)
    for seats in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == seats).reshape(-1, seats)
        for seat in range(seats):
            others = np.sort(np.delete(last[rows], seat, 1), 1)
            conditions[rows[:, seat]] = _labels(actions, others)
    return conditions


def _last_actions(plays: pd.DataFrame) -> pd.Series:
    """The action of each player in its play before this one; missing in its first."""
    at_once = plays.duplicated(["match", "path", "player"]).groupby(plays["match"]).transform("any")
    together = plays[at_once].groupby(["match", "play"])["player"].agg(lambda players: str(tuple(players)))
    group = plays.join(together.rename("group"), on=["match", "play"])["group"].where(at_once, "")
    return plays["action"].groupby([plays["match"], plays["player"], group]).shift()


def _labels(actions: Sequence[str], codes: NDArray[np.int8]) -> list[str]:
    """The names of the actions in each row of codes; -1 is none."""
    known: dict[tuple[int, ...], str] = {}
    rows = [tuple(row) for row in codes.tolist()]
    for row in set(rows):
        known[row] = ", ".join(actions[code] for code in row if code >= 0) or OPENING
    return [known[row] for row in rows]


# Votes, signatures, delegation


def adoption(tables: Tables) -> pd.DataFrame:
    """How far proposals, contracts and mediators are taken up in each cell where there are any.

    One row for each cell and measure, with the columns mechanism, game, measure, share, error, replicates and of (how
    many the share is of); share, error and replicates as in `action_frequencies`. The measures:

    - "approvals": of all votes, each on one proposal, the voter's own included;
    - "signatures": of all decisions to sign; "all signed": of all contracts put to the players, those that took force;
    - "delegations": of all actions under a mediator; "somebody delegated": of all plays under one, those in which it
      acted; "all delegated": those in which it acted for everybody.

    Raises `MetricError` where the tables have no decisions.
    """
    frames = [
        values.assign(measure=measure).rename(columns={"value": "share"})
        for measure, values in _measures(tables)
        if not values.empty
    ]
    return _shares(frames, "measure")


def votes(tables: Tables) -> pd.DataFrame:
    """How many approve, sign and delegate, as distributions.

    One row for each cell, what is counted, and number from 0 to the number of players, with the columns mechanism,
    game, counted, number, share, error, replicates and of. Counted are "most approvals" (how many approve the proposal
    with most approvals), "signers" and "delegators"; share: how often it is that number, of all elections, contracts
    and plays under a mediator. Otherwise as `adoption`.
    """
    return _shares(
        [part for counted, found in _counts(tables) for part in _numbered(counted, found)], "counted", "number"
    )


def _numbered(counted: str, found: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """For each thing that is counted and each number it could come to, whether it comes to it."""
    for size in found["size"].unique().astype(int).tolist():
        numbers = pd.DataFrame({"number": range(size + 1), "counted": counted})
        rows = found[found["size"] == size].merge(numbers, how="cross")
        yield rows.assign(share=(rows["value"] == rows["number"]).astype(float))


def _shares(frames: Sequence[pd.DataFrame], *keys: str) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(columns=[*_CELL, *keys, *_SPREAD, "of"])
    by_replicate = pd.concat(frames).groupby([*_CELL, *keys, "replicate"], sort=False)["share"].agg(["mean", "size"])
    shares = by_replicate.rename(columns={"mean": "share", "size": "of"}).reset_index()
    return _over_replicates(shares, [*_CELL, *keys], "of")


def behaviour_metrics() -> dict[str, Metric]:
    """The metrics of voting and adoption, for `table`: approval, approved, signing, delegation and adopted.

    A player who was to vote, sign or act under a mediator and of whom nothing is recorded has the value NaN. Where
    nothing of that kind is ever recorded in a cell there is no row. Those that read decisions raise `MetricError` where
    the tables have none.
    """
    return {
        "approval": Metric(
            "Approvals given",
            "the share of the proposals put to the vote, its own included, that an agent approves",
            "share",
            _SOURCE,
            _occurrences(_approvals),
            decisions=True,
        ),
        "approved": Metric(
            "Approvals received",
            "the share of the players, itself included, who approve what an agent proposes",
            "share",
            _SOURCE,
            _occurrences(_received),
            decisions=True,
        ),
        "signing": Metric(
            "Signatures",
            "the share of the elected contracts that an agent signs",
            "share",
            _SOURCE,
            _occurrences(_signatures),
            decisions=True,
        ),
        "delegation": Metric(
            "Delegation",
            "the share of its plays under a mediator in which an agent lets it act",
            "share",
            _SOURCE,
            _occurrences(_delegations),
        ),
        "adopted": Metric(
            "Adopted by all",
            "the share of the elected contracts that all sign, and of the plays under a mediator in which all delegate",
            "share",
            _SOURCE,
            _occurrences(_adopted),
            per="match",
            decisions=True,
        ),
    }


_Values: TypeAlias = Callable[[Tables], pd.DataFrame]
"""From tables to rows with the columns of an occurrence and player."""


def _occurrences(values: _Values) -> _Values:
    """The values, and NaN for every player without one of a cell in which others have one."""

    def occurrences(tables: Tables) -> pd.DataFrame:
        found, outcomes = values(tables), tables.outcomes
        cells = pd.MultiIndex.from_frame(found[_CELL].drop_duplicates())
        heard = pd.MultiIndex.from_frame(found[["match", "player"]])
        asked = pd.MultiIndex.from_frame(outcomes[_CELL]).isin(cells)
        silent = outcomes[asked & ~pd.MultiIndex.from_frame(outcomes[["match", "player"]]).isin(heard)]
        return pd.concat([found[[*WHERE, "value"]], silent[WHERE].assign(value=np.nan)], ignore_index=True)

    return occurrences


def _made(tables: Tables, kind: str) -> pd.DataFrame:
    """The decisions of that kind and who made them. group: equal where the players of a step decide together.

    Those who decide together stand side by side in their step, in the order of their seats.
    """
    decisions = decisions_of(tables, "votes and signatures are decisions")
    decisions = decisions[decisions["kind"] == kind]
    made = decisions[["match", "step", "slot", "player", "seat", "choice"]]
    made = made.assign(group=made["slot"] - made["seat"])
    return made.merge(tables.outcomes[[*WHERE, "player"]], on=["match", "player"])


@lru_cache(maxsize=10_000)
def _ballot(choice: str) -> tuple[bool, ...]:
    return tuple(json.loads(choice))


def _approvals(tables: Tables) -> pd.DataFrame:
    cast = _made(tables, "approve")
    return cast.assign(value=[float(np.mean(_ballot(choice))) for choice in cast["choice"]])


def _ballots(tables: Tables) -> pd.DataFrame:
    """One row for each voter and proposal. proposer: the seat whose proposal it is; value: whether it is approved."""
    cast = _made(tables, "approve")
    ballots = [_ballot(choice) for choice in cast["choice"]]
    seats = [tuple(range(len(ballot))) for ballot in ballots]
    lists = cast.assign(value=pd.Series(ballots, cast.index), proposer=pd.Series(seats, cast.index))
    return lists.explode(["value", "proposer"], ignore_index=True).astype({"value": float, "proposer": int})


def _received(tables: Tables) -> pd.DataFrame:
    """For every proposer the share of those who approve."""
    shares = _ballots(tables).groupby([*_ELECTION, "proposer"], as_index=False)["value"].mean()
    return _made(tables, "approve").merge(shares, left_on=[*_ELECTION, "seat"], right_on=[*_ELECTION, "proposer"])


def _signatures(tables: Tables) -> pd.DataFrame:
    made = _made(tables, "sign")
    return made.assign(value=(made["choice"] == "true").astype(float))


def _delegations(tables: Tables) -> pd.DataFrame:
    plays = tables.plays[tables.plays["game"].isin(tables.outcomes["game"]) & tables.plays["delegated"].notna()]
    return plays[[*WHERE, "player", "play"]].assign(value=plays["delegated"].astype(float))


def _adopted(tables: Tables) -> pd.DataFrame:
    """For every player of a match the share of its contracts and mediators that all sign or delegate to."""
    signed, delegated = _signed_by(tables), _delegated_by(tables)
    agreements = pd.concat([frame.assign(value=_is_all(frame)) for frame in (signed, delegated)])
    shares = agreements.groupby("match", as_index=False)["value"].mean()
    return tables.outcomes[[*WHERE, "player"]].merge(shares, on="match")


def _signed_by(tables: Tables) -> pd.DataFrame:
    """For every contract put to the players, how many sign it (value) of how many (size)."""
    return _counted(_signatures(tables), _ELECTION)


def _delegated_by(tables: Tables) -> pd.DataFrame:
    """For every play under a mediator, how many delegate (value) of how many (size)."""
    return _counted(_delegations(tables), ["match", "play"])


def _counted(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    keys = [*_CELL, "replicate", *by]
    return rows.groupby(keys, sort=False, as_index=False).agg(value=("value", "sum"), size=("value", "size"))


def _is_all(counted: pd.DataFrame) -> pd.Series:
    return (counted["value"] == counted["size"]).astype(float)


def _most_approvals(tables: Tables) -> pd.DataFrame:
    """For every election how many approve the proposal with most approvals (value) of how many (size)."""
    tallies = _counted(_ballots(tables), [*_ELECTION, "proposer"])
    keys = [*_CELL, "replicate", *_ELECTION]
    return tallies.groupby(keys, sort=False, as_index=False).agg(value=("value", "max"), size=("size", "first"))


def _counts(tables: Tables) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "most approvals", _most_approvals(tables)
    yield "signers", _signed_by(tables)
    yield "delegators", _delegated_by(tables)


def _measures(tables: Tables) -> Iterator[tuple[str, pd.DataFrame]]:
    signed, delegated = _signed_by(tables), _delegated_by(tables)
    yield "approvals", _ballots(tables)
    yield "signatures", _signatures(tables)
    yield "all signed", signed.assign(value=_is_all(signed))
    yield "delegations", _delegations(tables)
    yield "somebody delegated", delegated.assign(value=(delegated["value"] > 0).astype(float))
    yield "all delegated", delegated.assign(value=_is_all(delegated))
