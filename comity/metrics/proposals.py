"""What the proposed contracts and mediators are worth: whether they make cooperation stable, exactly.

A proposal makes another game of the one it is proposed for. Under a contract that all have signed the target is that
all cooperate; under a mediator it is that all delegate and the mediator then cooperates for them. The payoffs of that
game are fractions, so a tie is seen to be one, and no tolerance is needed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product, takewhile
from typing import Any, TypeAlias

import pandas as pd

from comity.core.flow import Game, StageGame
from comity.core.named import layers, named_game
from comity.core.space import from_json
from comity.exact import equilibria
from comity.exact.equilibria import Profile, Table
from comity.exact.rational import Values
from comity.exact.strategic_form import StrategicForm
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.mediation import DELEGATE, Mediated
from comity.metrics.cells import Cells, cell_of, cells_by_label
from comity.metrics.metric import Metric, decisions_of
from comity.records.spec import Cell
from comity.records.tables import Tables

_CELL = ["mechanism", "game"]
_MADE = [*_CELL, "replicate", "agent", "seat", "role", "choice"]
_WHERE = ["match", "mechanism", "game", "replicate", "role", "agent"]
_Proposing: TypeAlias = Contracted | Mediated


@dataclass(frozen=True)
class Quality:
    """What a proposal achieves.

    equilibrium: whether the target is a Nash equilibrium. dominant: whether the target action of each seat weakly
    dominates every other action it has: never paid less, and once more. A mediator that does not cooperate when all
    delegate to it achieves neither.
    """

    equilibrium: bool
    dominant: bool


def quality(game: Game, proposal: Any) -> Quality | None:
    """What the proposal achieves in that game (CoopEval 2026, the quality of designs).

    game: a stack with a contract or a mediator to be proposed. proposal: the choice made there, one payment for each
    action or one action for each number of players who delegate. None where nothing is proposed, or where the game has
    no cooperative action for some seat.
    """
    mechanism = _proposing(game)
    target = None if mechanism is None else _cooperative(mechanism.base)
    if mechanism is None or target is None:
        return None
    if isinstance(mechanism, Contracted):
        return _achieved(under_contract(mechanism, proposal), target)
    if {proposal[-1]} != set(target):
        return Quality(equilibrium=False, dominant=False)
    return _achieved(under_mediator(mechanism, proposal), (DELEGATE,) * mechanism.n_players)


def under_contract(mechanism: Contracted, transfers: tuple[int, ...]) -> Table:
    """The base game, exactly, with what the contract transfers once all have signed it."""
    base, each = equilibria.table(mechanism.base), dict(zip(mechanism.actions, transfers, strict=True))
    others = mechanism.n_players - 1

    def settled(profile: Profile) -> Values:
        owed = [Fraction(each[action]) for action in profile]
        total = sum(owed)
        return tuple(paid + own - (total - own) / others for paid, own in zip(base.paid[profile], owed, strict=True))

    return Table(base.actions, {profile: settled(profile) for profile in base.paid})


def under_mediator(mechanism: Mediated, plan: tuple[str, ...]) -> Table:
    """The base game, exactly, in which each seat may also delegate to the mediator of that plan."""
    base = equilibria.table(mechanism.base)
    actions = tuple((*own, DELEGATE) for own in base.actions)

    def mediated(profile: Profile) -> Profile:
        delegating = profile.count(DELEGATE)
        return tuple(plan[delegating - 1] if action == DELEGATE else action for action in profile)

    return Table(actions, {profile: base.paid[mediated(profile)] for profile in product(*actions)})


def _proposing(game: Game) -> _Proposing | None:
    """The outermost part of the stack for which something is proposed; in a strategic form nothing is any more."""
    for layer in takewhile(lambda layer: not isinstance(layer, StrategicForm), layers(game)):
        if isinstance(layer, Contracted | Mediated):
            return layer
    return None


def _cooperative(base: StageGame) -> Profile | None:
    named = named_game(base).cooperative
    return None if None in named else named


def _achieved(exact: Table, target: Profile) -> Quality:
    dominant = all(exact.is_dominant(seat, action, strictly=False) for seat, action in enumerate(target))
    return Quality(exact.is_equilibrium(target), dominant)


# In tables


def proposals(tables: Tables, cells: Iterable[Cell]) -> pd.DataFrame:
    """Every proposal once, however many matches it was put to the vote in, and what it achieves.

    cells: those the matches were played in. What an agent proposes twice for a seat of a cell and replicate is one
        proposal.

    One row for each, with the columns mechanism, game, replicate, agent, seat, role, choice (as JSON), matches (how
    many it was made in), equilibrium and dominant (missing where cooperation is not defined). Raises `MetricError`
    where the tables were made without decisions.
    """
    made = _made(tables, cells_by_label(cells))
    counted = made.groupby(_MADE, sort=False, as_index=False).agg(
        matches=("match", "nunique"), equilibrium=("equilibrium", "first"), dominant=("dominant", "first")
    )
    return counted.astype({"equilibrium": "boolean", "dominant": "boolean"})


def design_metrics(cells: Iterable[Cell]) -> dict[str, Metric]:
    """The metrics of proposals for matches played in these cells, for `table`: design_equilibrium and design_dominance.

    A player of a match has the value 1 if what it proposed achieves this, and 0 if not.
    """
    known = cells_by_label(cells)
    source = "CoopEval (2026), the quality of designs"
    return {
        "design_equilibrium": Metric(
            "Proposals that make cooperation an equilibrium",
            "the share of proposed contracts under which all cooperating, and of proposed mediators under which all "
            "delegating to one that then cooperates, is a Nash equilibrium",
            "share",
            source,
            _occurrences(known, "equilibrium"),
            decisions=True,
        ),
        "design_dominance": Metric(
            "Proposals that make cooperation dominant",
            "the share of proposed contracts under which cooperating, and of proposed mediators under which delegating "
            "to one that cooperates when all do, weakly dominates every other action of each seat",
            "share",
            source,
            _occurrences(known, "dominant"),
            decisions=True,
        ),
    }


def _occurrences(cells: Cells, achieved: str) -> Callable[[Tables], pd.DataFrame]:
    """Whether it is achieved, for every player of every match in which something is proposed; NaN if nothing was."""

    def occurrences(tables: Tables) -> pd.DataFrame:
        made = _made(tables, cells)[["match", "player", "choice", achieved]]
        defined = [key for key, cell in cells.items() if _is_defined(cell)]
        outcomes = tables.outcomes
        asked = outcomes[pd.MultiIndex.from_frame(outcomes[_CELL]).isin(defined)]
        joined = asked.merge(made, how="left", on=["match", "player"])
        values = joined[achieved].astype("Float64").to_numpy(float, na_value=float("nan"))
        return joined[_WHERE].assign(value=values, unit=_units(tables, joined))

    return occurrences


def _units(tables: Tables, made: pd.DataFrame) -> pd.Series:
    """What was drawn together: where matches may share proposals, what an agent proposed for a seat; else a match."""
    shared = made["match"].isin(tables.matches.loc[tables.matches["shared"], "match"])
    proposed = made["agent"] + " " + made["seat"].astype(str) + " " + made["choice"].astype(str)
    return proposed.where(shared, made["match"].astype(str))


def _is_defined(cell: Cell) -> bool:
    mechanism = _proposing(cell.built)
    return mechanism is not None and _cooperative(mechanism.base) is not None


def _made(tables: Tables, cells: Cells) -> pd.DataFrame:
    """Every proposal of every match, and what it achieves."""
    decisions = decisions_of(tables, "proposals are decisions")
    where = tables.matches[["match", *_CELL, "replicate"]]
    made = decisions[decisions["kind"] == "propose"].merge(where, on="match")
    judged = [
        _judged(cell_of(cells, mechanism, game), choice)
        for mechanism, game, choice in zip(made["mechanism"], made["game"], made["choice"], strict=True)
    ]
    return made.assign(
        equilibrium=pd.array([None if one is None else one.equilibrium for one in judged], "boolean"),
        dominant=pd.array([None if one is None else one.dominant for one in judged], "boolean"),
    )


@lru_cache(maxsize=10_000)
def _judged(cell: Cell, choice: str) -> Quality | None:
    return quality(cell.built, from_json(json.loads(choice)))
