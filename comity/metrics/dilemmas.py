"""Which games are social dilemmas: worked out from what a game pays."""

from __future__ import annotations

import re
from collections.abc import Iterable

from comity.core.flow import Game
from comity.core.match import Match, play
from comity.core.named import Named, named_game
from comity.mechanisms.neighbourhood import Neighbourhood
from comity.records.catalogues import games
from comity.records.spec import Cell

_NAME = re.compile(r"\w+")


def is_social_dilemma(game: Game) -> bool:
    """Whether all are paid more when all cooperate than when all defect, and yet somebody gains by not cooperating.

    So defined by Dawes (1980), with the second condition weakened from dominance to best replies: all cooperating is no
    Nash equilibrium. A game in which some seat has no cooperative or no defective action is none. On a graph the game
    along its ties decides: all who defect alone gain from every neighbour.
    """
    named: Named = named_game(game)
    if isinstance(named, Neighbourhood):
        named = named.base
    cooperative, defective = (_complete(profile) for profile in (named.cooperative, named.defective))
    if cooperative is None or defective is None:
        return False
    together, apart = _paid(named, cooperative), _paid(named, defective)
    return all(more > less for more, less in zip(together, apart, strict=True)) and _somebody_gains(named, cooperative)


def social_dilemmas(cells: Iterable[Cell]) -> frozenset[str]:
    """The labels of the games that are social dilemmas; where one label stands for several games, all must be."""
    verdicts: dict[str, bool] = {}
    for cell in cells:
        verdicts[cell.game_label] = verdicts.get(cell.game_label, True) and is_social_dilemma(cell.built)
    return frozenset(label for label, is_one in verdicts.items() if is_one)


def dilemmas_by_name(labels: Iterable[str]) -> frozenset[str]:
    """Those labels that begin with the name of a game of the catalogue that, with its usual payoffs, is one.

    For tables whose cells are not at hand: a label is all that tables know of a game.
    """
    return frozenset(label for label in labels if _usual_is_one(label))


def _usual_is_one(label: str) -> bool:
    name = _NAME.match(label)
    game = games().get(name[0]) if name else None
    try:
        return game is not None and is_social_dilemma(game())
    except TypeError:  # it has no usual payoffs
        return False


def _complete(profile: tuple[str | None, ...]) -> tuple[str, ...] | None:
    named = tuple(action for action in profile if action is not None)
    return named if len(named) == len(profile) else None


def _somebody_gains(game: Named, profile: tuple[str, ...]) -> bool:
    paid = _paid(game, profile)
    return any(
        _paid(game, (*profile[:seat], action, *profile[seat + 1 :]))[seat] > paid[seat]
        for seat, actions in _actions(game, profile).items()
        for action in actions
    )


def _paid(game: Named, profile: tuple[str, ...]) -> tuple[float, ...]:
    outcome = play(game, lambda decision: profile[decision.player]).outcome
    assert outcome is not None  # `play` goes to the end
    return outcome.payoffs


def _actions(game: Named, profile: tuple[str, ...]) -> dict[int, list[str]]:
    """For each seat what it may do while the others play the profile, at once or in turn."""
    actions: dict[int, list[str]] = {}
    match = Match(game)
    while match.pending:
        actions |= {decision.player: list(decision.options) for decision in match.pending}
        match.answer(tuple(profile[decision.player] for decision in match.pending))
    return actions
