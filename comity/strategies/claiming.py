"""Steps of reasoning and of undercutting, as in the traveller's dilemma.

These play any game whose named game is a stage game or has a strategic form; they reason about that game and look past
the mechanisms on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any, Literal, TypeAlias

from comity.core.decision import Decision
from comity.core.errors import BadParameter
from comity.core.flow import Game, StageGame
from comity.core.match import Decide, Reply
from comity.core.named import Named, named_game
from comity.core.space import Lottery
from comity.exact.strategic_form import StrategicForm
from comity.exact.tree import InformationSet
from comity.mechanisms.neighbourhood import Neighbourhood
from comity.strategies.once import once
from comity.strategies.seen import circle_of, last_actions, meaning_of, progress_of
from comity.strategies.stages import decided_inside, paid_in

Anchor: TypeAlias = Literal["cooperative", "uniform"]


@dataclass(frozen=True)
class LevelK:
    """Plays the best reply to others of level k - 1; level 0 is the anchor.

    Stahl and Wilson (1994), Nagel (1995). anchor: "cooperative", where level 0 plays its cooperative action, in the
    traveller's dilemma the highest claim, the salient one (as in the 11-20 money request game of Arad and Rubinstein
    2012); or "uniform", where it plays every action equally often (as Nagel and most of the literature since). With n
    players all others are of level k - 1, and on a graph with one action towards all neighbours each of these. Among
    several best replies it plays the one that is best against uniform play, then the first. Raises `BadParameter` if k
    is negative.
    """

    k: int = 1
    anchor: Anchor = "cooperative"

    def __post_init__(self) -> None:
        if self.k < 0:
            raise BadParameter(f"k must not be negative, not {self.k}")
        if self.anchor not in ("cooperative", "uniform"):
            raise BadParameter(f'anchor must be "cooperative" or "uniform", not {self.anchor!r}')

    def begin(self, game: Game, player: int) -> Decide:
        named = named_game(game)
        if isinstance(named, Neighbourhood):
            named = named.base
        if isinstance(named, StageGame):
            mixes = _level(named, self.k, self.anchor)
            return lambda decision: _reply(mixes[decision.seat % named.n_players])
        form = _strategic_form(named)
        plans = _level(form, self.k, self.anchor)
        return lambda decision: _follow(form, decided_inside(decision, named), plans)


Mix: TypeAlias = Mapping[str, Fraction]
"""How often each action is played; those left out are not."""


@once
def _strategic_form(game: Game) -> StrategicForm:
    return StrategicForm(game)


@once
def _level(stage: StageGame, k: int, anchor: Anchor) -> tuple[Mix, ...]:
    """How each seat plays at level k."""
    if k:
        below = _level(stage, k - 1, anchor)
        return tuple({_best_reply(stage, seat, below): Fraction(1)} for seat in range(stage.n_players))
    if anchor == "uniform":
        return _uniform(stage)
    return tuple({action: Fraction(1)} for action in meaning_of(stage).cooperative)


def _uniform(stage: StageGame) -> tuple[Mix, ...]:
    return tuple({action: Fraction(1, len(actions)) for action in actions} for actions in stage.actions)


def _best_reply(stage: StageGame, seat: int, others: Sequence[Mix]) -> str:
    best = _best(_expected(stage, seat, others), stage.actions[seat])
    return best[0] if len(best) == 1 else _best(_expected(stage, seat, _uniform(stage)), best)[0]


def _best(paid: Mapping[str, Fraction], among: Sequence[str]) -> list[str]:
    most = max(paid[action] for action in among)
    return [action for action in among if paid[action] == most]


def _expected(stage: StageGame, seat: int, mixes: Sequence[Mix]) -> Mapping[str, Fraction]:
    """What each action of a seat pays on average while the others mix so."""
    paid = dict.fromkeys(stage.actions[seat], Fraction(0))
    for profile, payoffs in paid_in(stage).paid.items():
        chance = prod(mix.get(profile[other], 0) for other, mix in enumerate(mixes) if other != seat)
        paid[profile[seat]] += chance * payoffs[seat]
    return paid


def _reply(mix: Mix) -> Reply:
    return next(iter(mix)) if len(mix) == 1 else Lottery(tuple(mix), tuple(map(float, mix.values())))


def _follow(form: StrategicForm, decision: Decision[Any], mixes: Sequence[Mix]) -> Reply:
    """What a mix of plans does at a decision; to one who asks before there is one, what it would do first."""
    seat = decision.player % form.n_players
    odds: dict[str, Fraction] = {}
    for name, share in mixes[seat].items():
        plan = form.plans[seat][name]
        choice = plan[InformationSet(decision)] if decision.kind == "act" else next(iter(plan.values()))
        odds[choice] = odds.get(choice, Fraction(0)) + share
    return _reply(odds)


@dataclass(frozen=True)
class Undercut:
    """Claims `by` steps less than the least that the others claimed last, and at first cooperates.

    The unravelling of the traveller's dilemma (Basu 1994) in slow motion: there one step less is the best reply to the
    last claims. The steps are the actions in the order in which the game lists them, from the defective end to the
    cooperative one; in a game of two actions it defects from the second round on. What the others did last is read as
    `seen` says, and without it the strategy does what it does at first. Raises `BadParameter` if `by` is negative.
    """

    by: int = 1

    def __post_init__(self) -> None:
        if self.by < 0:
            raise BadParameter(f"by must not be negative, not {self.by}")

    def begin(self, game: Game, player: int) -> Decide:
        meaning = meaning_of(game)
        ladders = _ladders(named_game(game))

        def decide(decision: Decision[Any]) -> Reply:
            circle = circle_of(decision, meaning.n_seats)
            actions = last_actions(progress_of(decision.sees), circle)
            if actions is None:
                return meaning.cooperative[circle.seat]
            lowest = min(ladders[other].index(actions[other]) for other in circle.others)
            own = ladders[circle.seat]
            return own[min(max(lowest - self.by, 0), len(own) - 1)]

        return decide


def _ladders(game: Named) -> tuple[tuple[str, ...], ...]:
    """The actions of every seat, from the defective end to the cooperative one."""
    meaning = meaning_of(game)
    ends = tuple(zip(meaning.defective, meaning.cooperative, strict=True))
    if not isinstance(game, StageGame):
        return ends
    return tuple(
        actions if actions.index(low) <= actions.index(high) else actions[::-1]
        for actions, (low, high) in zip(game.actions, ends, strict=True)
    )
