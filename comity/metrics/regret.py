"""Regret: how much more an agent could have earned against what the others did.

Where all act once and at the same time, at the end, every match is replayed with another last action, the others and
chance as they were. Where the same players repeat a stage game, the others are taken for the policies that their
records show, and the best reply to these is found by dynamic programming. Both times the agent is credited with what
its own recorded frequencies earn against the same others. So regret is never negative, and luck is no regret.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise, product
from math import prod
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.core.decision import NATURE, Decision, Fact
from comity.core.errors import Diverged, NotEnumerable
from comity.core.flow import Choices, Decisions, Game, StageGame
from comity.core.match import Match, replay
from comity.core.named import layers, scale_under
from comity.core.space import from_json
from comity.mechanisms.belief import without_beliefs
from comity.mechanisms.matching import Rotated
from comity.mechanisms.neighbourhood import Neighbourhood
from comity.mechanisms.noise import Trembling
from comity.mechanisms.presentation import Presentation, without_presentation
from comity.mechanisms.repetition import Continued, Repeated, round_weights
from comity.metrics.cells import Cells, cell_of, cells_by_label
from comity.metrics.metric import WHERE, Metric, decisions_of
from comity.records.spec import Cell
from comity.records.tables import Tables

MOST_STATES = 256
"""So many profiles a repeated stage game has at most; with more, the policies of its players are not estimated."""

_CELL = ["mechanism", "game"]

_CHUNK = 4_000_000
"""So many numbers an array of the dynamic program holds at most."""

Array: TypeAlias = NDArray[np.float64]
_Found: TypeAlias = Mapping[tuple[int, int], float]
"""The regret in points of the players of a cell, by match and player."""


def regret_metrics(cells: Iterable[Cell]) -> dict[str, Metric]:
    """The metrics of regret for matches played in these cells, for `table`: regret and regret_points.

    *Played once.* In these cells every player acts once, all at the same time, and nobody but chance moves afterwards;
    proposals, votes, signatures and talk may come before. The matches of an agent in a seat, of one cell and replicate,
    in which it saw the same when it acted are one situation. For each of its options the payoff of every match of the
    situation is worked out by replay, the others and chance as they were. Regret is the highest mean over options, less
    their mean weighted by how often the agent took each: external regret by information set. An agent cannot choose by
    what it does not see, so it is not credited with matching by luck what the others did. Where every match is a
    situation of its own (free talk, remembered proposals) the best reply is known only in hindsight, and regret is
    larger for it.

    *Repeated.* Every agent in a seat is taken for the memory-one policy of its records there, over all its matches of
    the cell and replicate: how often it took each action in the first round, and after each profile of the last round;
    after a profile it never saw, its frequencies over all rounds. Regret is the value of the best reply to the policies
    of the others in the match, exactly, over all strategies, with the weights of the rounds; less the value of the
    agent's own policy. The best reply knows whom it meets, and it trusts the policies where they were rarely seen.

    Every match of a player has the value of its situation, or of its policies. A match without plays gives NaN. All
    other cells have no row, and a remark says why. Raises `MetricError` where one label stands for two games; measuring
    raises it where a cell played once has no decisions in the tables.
    """
    known = cells_by_label(cells)
    definition = (
        "what the best reply to the others' recorded behaviour would have earned beyond what the agent's own recorded "
        "behaviour earns against it"
    )
    source = "Hannan (1957), external regret, here by information set; repeated games by memory-one policies"
    return {
        "regret": Metric(
            "Regret",
            f"{definition}; divided by the distance from everybody defecting to everybody cooperating",
            "score",
            source,
            partial(_occurrences, known, _range_of),
            per="cell",
            remarks=partial(_without_regret, known),
            best="low",
            decisions=True,
        ),
        "regret_points": Metric(
            "Regret in points",
            f"{definition}; in the points of the game",
            "points",
            source,
            partial(_occurrences, known, lambda cell: 1.0),
            per="cell",
            remarks=partial(_without_regret, known),
            best="low",
            decisions=True,
        ),
    }


def _range_of(cell: Cell) -> float:
    """How many points a score of 1 is above one of 0; 0 where the game has no such scale."""
    scale = scale_under(cell.built)
    return scale.high - scale.low


def _occurrences(cells: Cells, unit: Callable[[Cell], float], tables: Tables) -> pd.DataFrame:
    """The regret of every player of every match, in units of so many points; NaN where the match has no plays."""
    rows = [
        outcomes[WHERE].assign(value=_valued(outcomes, _of_cell(cell, tables, outcomes)) / size)
        for cell, outcomes in _asked(cells, tables)
        if (size := unit(cell)) > 0 and _why_none(cell, tables, outcomes) is None
    ]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=[*WHERE, "value"])


def _valued(outcomes: pd.DataFrame, found: _Found) -> Array:
    keys = zip(outcomes["match"], outcomes["player"], strict=True)
    return np.array([found.get(key, np.nan) for key in keys], float)


def _without_regret(cells: Cells, tables: Tables) -> Iterator[str]:
    """Which cells have no regret, and why: one sentence for each reason."""
    asked: dict[str, int] = defaultdict(int)
    lacking: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for cell, outcomes in _asked(cells, tables):
        asked[cell.mechanism_label] += 1
        why = _why_none(cell, tables, outcomes)
        if why is not None:
            lacking[why][cell.mechanism_label].append(cell.game_label)
    for why, found in lacking.items():
        labels = [
            label if len(games) == asked[label] else f"{label} on {', '.join(games)}" for label, games in found.items()
        ]
        yield f"no regret under {'; '.join(labels)}: {why}"


def _asked(cells: Cells, tables: Tables) -> Iterator[tuple[Cell, pd.DataFrame]]:
    """Each cell and its outcomes."""
    for (mechanism, game), outcomes in tables.outcomes.groupby(_CELL, sort=False):
        yield cell_of(cells, str(mechanism), str(game)), outcomes


def _why_none(cell: Cell, tables: Tables, outcomes: pd.DataFrame) -> str | None:
    """Why there is no regret in that cell; None where there is."""
    game = _as_played(cell)
    if any(isinstance(layer, Rotated) for layer in layers(game)):
        return "who meets whom changes, and what the others do rests on what they know of everybody"
    if any(isinstance(layer, Neighbourhood) for layer in layers(game)):
        return "players meet their neighbours, and what these do rests on neighbours of their own"
    if isinstance(game, Repeated | Continued):
        return _why_no_policies(without_beliefs(game.base))
    if any(_turns(cell, choices) is None for _, choices in _chosen(tables, outcomes)):
        return "its players do not act once and at the same time, at the end"
    return None


def _of_cell(cell: Cell, tables: Tables, outcomes: pd.DataFrame) -> _Found:
    """The regret of every player of a cell that has it."""
    game = _as_played(cell)
    if isinstance(game, Repeated | Continued):
        return _repeatedly(game, tables, outcomes)
    return _once(cell, tables, outcomes)


def _as_played(cell: Cell) -> Game:
    """The game of a cell, however it is told and whatever players are told of each other."""
    return without_beliefs(without_presentation(cell.built))


# Played once


@dataclass(frozen=True)
class _Turn:
    """The one action of a player in a match: what it saw, its options, which of them it took, what each would earn."""

    player: int
    sees: tuple[Fact, ...]
    taken: int
    payoffs: tuple[float, ...]


def _once(cell: Cell, tables: Tables, outcomes: pd.DataFrame) -> _Found:
    """The regret of every player, situation by situation."""
    who = dict(zip(zip(outcomes["match"], outcomes["player"], strict=True), _identities(outcomes), strict=True))
    situations: dict[Any, list[tuple[int, _Turn]]] = defaultdict(list)
    for match, choices in _chosen(tables, outcomes):
        for turn in _turns(cell, choices) or ():
            situations[who[match, turn.player], turn.sees].append((match, turn))
    return {
        (match, turn.player): regret
        for turns_there in situations.values()
        for regret in [_regret([turn for _, turn in turns_there])]
        for match, turn in turns_there
    }


def _identities(outcomes: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    return outcomes[["replicate", "agent", "seat"]].itertuples(index=False, name=None)


def _regret(turns: Sequence[_Turn]) -> float:
    """What the best option earns on average beyond what the options earn as often as they were taken."""
    means = np.array([turn.payoffs for turn in turns]).mean(0)
    shares = np.bincount([turn.taken for turn in turns], minlength=len(means)) / len(turns)
    return float((means.max() - means) @ shares)


def _chosen(tables: Tables, outcomes: pd.DataFrame) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The choices, in order, of every match that was played to its end."""
    decisions = decisions_of(tables, "a best reply is found by replaying them")
    finished = outcomes.loc[outcomes["status"] == "finished", "match"]
    decisions = decisions[decisions["match"].isin(finished)]
    matches, choices = decisions["match"].to_numpy(), decisions["choice"].tolist()
    starts = [*np.flatnonzero(np.diff(matches, prepend=-1)).tolist(), len(matches)]
    for start, end in pairwise(starts):
        yield int(matches[start]), tuple(choices[start:end])


@lru_cache(maxsize=20_000)
def _turns(cell: Cell, choices: tuple[str, ...]) -> tuple[_Turn, ...] | None:
    """What every player of the match could have earned; None if not all act once and at the same time, at the end."""
    steps = list(_steps(cell, choices))
    last = max(step for step, (decisions, _) in enumerate(steps) if any(d.player != NATURE for d in decisions))
    decisions, profile = steps[last]
    if any(_acting(earlier) for earlier, _ in steps[:last]) or _acting(decisions) != list(range(cell.built.n_players)):
        return None
    before, after = (tuple(made for _, made in part) for part in (steps[:last], steps[last + 1 :]))
    try:
        return tuple(_turn(cell, before, profile, after, slot, decision) for slot, decision in enumerate(decisions))
    except (Diverged, NotEnumerable):  # what follows the last action depends on it, or it has no list of options
        return None


def _acting(decisions: Decisions) -> list[int]:
    """Who acts, in order; whoever acts more than once is listed so."""
    return sorted(decision.player for decision in decisions if decision.kind == "act")


def _steps(cell: Cell, choices: tuple[str, ...]) -> Iterator[tuple[Decisions, Choices]]:
    """What was asked in each step and what was answered."""
    match, made = Match(cell.built), iter(choices)
    while match.pending:
        pending = match.pending
        answers = tuple(_choice(next(made)) for _ in pending)
        match.answer(answers)
        yield pending, answers


@lru_cache(maxsize=10_000)
def _choice(spelled: str) -> Any:
    return from_json(json.loads(spelled))


_Path: TypeAlias = tuple[Choices, ...]


def _turn(cell: Cell, before: _Path, profile: Choices, after: _Path, slot: int, decision: Decision[Any]) -> _Turn:
    options = tuple(decision.options)
    payoffs = tuple(
        _paid(cell, before, (*profile[:slot], option, *profile[slot + 1 :]), after)[decision.player]
        for option in options
    )
    sees = tuple(fact for fact in decision.sees if not isinstance(fact, Presentation))  # which is no reason to act
    return _Turn(decision.player, sees, options.index(profile[slot]), payoffs)


@lru_cache(maxsize=100_000)
def _paid(cell: Cell, before: _Path, profile: Choices, after: _Path) -> tuple[float, ...]:
    outcome = replay(cell.built, (*before, profile, *after)).outcome
    if outcome is None:
        raise Diverged(len(before) + 1 + len(after), "the record ends before the match does")
    return outcome.payoffs


# Repeated


def _why_no_policies(base: Game) -> str | None:
    if not isinstance(base, StageGame) or any(isinstance(layer, Trembling) for layer in layers(base)):
        return "what is repeated is no plain stage game, so its players are no policies of the last profile"
    if prod(map(len, base.actions)) > MOST_STATES:
        return f"the stage game has more than {MOST_STATES} profiles"
    return None


def _repeatedly(game: Repeated | Continued, tables: Tables, outcomes: pd.DataFrame) -> _Found:
    """The regret of every player against the policies that the records of the others show."""
    base = without_beliefs(game.base)
    assert isinstance(base, StageGame)  # see `_why_no_policies`
    rounds = (game.most, game.chance) if isinstance(game, Continued) else (game.rounds, game.discount)
    stage, weights = _Stage.of(base), round_weights(*rounds)
    found: dict[tuple[int, int], float] = {}
    for _, part in outcomes.groupby("replicate", sort=False):
        found |= _in_replicate(stage, weights, tables.plays[tables.plays["match"].isin(part["match"])])
    return found


@dataclass(frozen=True)
class _Stage:
    """A stage game as arrays. actions: of each seat. payoffs: [seat, action of seat 0, action of seat 1, ...]."""

    actions: tuple[tuple[str, ...], ...]
    payoffs: Array

    @classmethod
    def of(cls, base: StageGame) -> _Stage:
        shape = tuple(map(len, base.actions))
        paid = np.array([base.payoffs(profile) for profile in product(*base.actions)], float)
        return cls(base.actions, np.moveaxis(paid.reshape(*shape, len(shape)), -1, 0))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(map(len, self.actions))


def _in_replicate(stage: _Stage, weights: Sequence[float], plays: pd.DataFrame) -> dict[tuple[int, int], float]:
    """The regret of every player of these matches, by match and player. Each group of agents is worked out once."""
    if plays.empty:
        return {}
    rounds = _Rounds.of(stage, plays)
    groups, group = np.unique(rounds.agents[rounds.opening], axis=0, return_inverse=True)
    policies = [_policies(stage, rounds, seat, groups[:, seat]) for seat in range(len(stage.shape))]
    chunk = max(1, _CHUNK // prod(stage.shape) ** 2)
    parts = [
        _regrets(stage, weights, [policy[start : start + chunk] for policy in policies])
        for start in range(0, len(groups), chunk)
    ]
    regrets = np.concatenate(parts, axis=1)[:, group.ravel()]
    places = enumerate(rounds.matches[rounds.opening].tolist())
    return {(match, seat): float(of[place]) for place, match in places for seat, of in enumerate(regrets)}


@dataclass(frozen=True)
class _Rounds:
    """The rounds of some matches, one after the other.

    matches: [round]. agents, actions: [round, seat], their labels and their numbers in the stage game. last: [round],
    the number of the profile before, or that of profiles where there is none. opening: [round], whether there is none.
    """

    matches: NDArray[np.int64]
    agents: NDArray[np.str_]
    actions: NDArray[np.int64]
    last: NDArray[np.int64]
    opening: NDArray[np.bool_]

    @classmethod
    def of(cls, stage: _Stage, plays: pd.DataFrame) -> _Rounds:
        wide = plays.pivot(index=["match", "play"], columns="seat", values=["agent", "action"])
        taken = zip(stage.actions, wide["action"].to_numpy(str).T, strict=True)
        actions = np.array([pd.Categorical(column, categories=list(each)).codes for each, column in taken], np.int64)
        opening = wide.index.get_level_values("play").to_numpy() == 0
        last = np.roll(np.ravel_multi_index(tuple(actions), stage.shape), 1)
        matches = wide.index.get_level_values("match").to_numpy()
        return cls(matches, wide["agent"].to_numpy(str), actions.T, np.where(opening, prod(stage.shape), last), opening)


def _policies(stage: _Stage, rounds: _Rounds, seat: int, agents: NDArray[np.str_]) -> Array:
    """[agent, profile of the last round or (last of all) none, action]: how often each of them acts so in that seat."""
    names, place = np.unique(rounds.agents[:, seat], return_inverse=True)
    counts = np.zeros((len(names), prod(stage.shape) + 1, stage.shape[seat]))
    np.add.at(counts, (place, rounds.last, rounds.actions[:, seat]), 1)
    return _frequencies(counts)[np.searchsorted(names, agents)]


def _frequencies(counts: Array) -> Array:
    """The shares of each action; where nothing was counted, those over all that was."""
    counted = counts.sum(-1, keepdims=True)
    overall = counts.sum(1, keepdims=True) / counts.sum((1, 2))[:, None, None]
    return np.asarray(np.where(counted > 0, counts / np.maximum(counted, 1), overall))


def _regrets(stage: _Stage, weights: Sequence[float], policies: Sequence[Array]) -> Array:
    """[seat, group]: what the best reply is worth beyond the seat's own policy. policies: of each seat, by group."""

    def best(values: Array, own: Array) -> Array:
        return np.asarray(values.max(-1))

    def as_recorded(values: Array, own: Array) -> Array:
        return np.asarray((values * own).sum(-1))

    regrets = [
        _worth(stage, weights, policies, seat, best) - _worth(stage, weights, policies, seat, as_recorded)
        for seat in range(len(policies))
    ]
    return np.maximum(regrets, 0)  # below 0 by rounding only


def _worth(
    stage: _Stage,
    weights: Sequence[float],
    policies: Sequence[Array],
    seat: int,
    chosen: Callable[[Array, Array], Array],
) -> Array:
    """[group]: what the seat earns over all rounds if it acts as `chosen` says.

    Going back from the last round, it is known what each state is worth from the next round on. So it is known what
    each action is worth now: what the round pays with its weight, and what the state it leads to is worth, over what
    the others do.
    """
    others = _joint(stage, policies, seat)
    paid = np.moveaxis(stage.payoffs[seat], seat, 0).reshape(stage.shape[seat], -1)
    ahead = np.zeros((len(others), prod(stage.shape)))
    for weight in reversed(weights):
        onward = np.moveaxis(ahead.reshape(-1, *stage.shape), seat + 1, 1).reshape(-1, *paid.shape)
        states = chosen(others @ (weight * paid + onward).swapaxes(1, 2), policies[seat])
        ahead = states[:, :-1]
    return np.asarray(states[:, -1])


def _joint(stage: _Stage, policies: Sequence[Array], seat: int) -> Array:
    """[group, state, profile of the others]: how likely the others are to act so."""
    groups, states, _ = policies[0].shape
    joint = np.ones((groups, states, 1))
    for other, policy in enumerate(policies):
        if other != seat:
            joint = (joint[..., None] * policy[:, :, None, :]).reshape(groups, states, -1)
    return joint
