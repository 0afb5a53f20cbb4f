"""Which games are plain: those that the fast paths of `comity.exact` play and calculate instead of the flow."""

from __future__ import annotations

from itertools import product

from comity.core.flow import Game
from comity.core.named import NamedStage
from comity.exact.plain import PlainRepetition
from comity.mechanisms.noise import Trembling
from comity.mechanisms.repetition import Repeated, round_weights


def plain_repetition(game: Game) -> PlainRepetition | None:
    """The game as data, or None where it is not plain.

    Plain are `Repeated(base)` and `Repeated(Trembling(base))` when base is a stage game for two in which each seat has
    one action that cooperates, one that defects and no other, and the players are shown at least the last round.
    """
    if type(game) is not Repeated or game.memory == 0:
        return None
    base, noise = (game.base.base, game.base.noise) if type(game.base) is Trembling else (game.base, None)
    if not isinstance(base, NamedStage):
        return None
    actions = _actions(base)
    if actions is None:
        return None
    both, sucker, tempted, neither = (_pair(base.payoffs(profile)) for profile in product(*actions))
    weights = round_weights(game.rounds, game.discount)
    return PlainRepetition(actions, (both, sucker, tempted, neither), weights, noise)


def _actions(base: NamedStage) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """For both seats what cooperates and what defects; None unless there are two seats of just these."""
    if base.n_players != 2:
        return None
    found = []
    for names, cooperate, defect in zip(base.actions, base.cooperative, base.defective, strict=True):
        if cooperate is None or defect is None or cooperate == defect or set(names) != {cooperate, defect}:
            return None
        found.append((cooperate, defect))
    first, second = found
    return (first, second)


def _pair(payoffs: tuple[float, ...]) -> tuple[float, float]:
    first, second = payoffs
    return (first, second)
