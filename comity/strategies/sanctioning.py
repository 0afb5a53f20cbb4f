"""To whom to give points after play, within the bounds of the mechanism.

Whoever did not cooperate in every play of the stage game that it took part in has defected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from comity.core.decision import Decision
from comity.core.errors import BadStack
from comity.core.flow import Game
from comity.core.match import Decide, Reply
from comity.core.outcome import Outcome, Play
from comity.mechanisms.sanctions import Ended, Sanctioning
from comity.strategies.seen import Meaning, deeds, meaning_of


@dataclass(frozen=True)
class NoSanctions:
    """Gives no points, as whoever counts only its own payoff does where points cost something."""

    def begin(self, game: Game, player: int) -> Decide:
        return _giving(game, lambda cooperated, rule: 0)


@dataclass(frozen=True)
class PunishDefectors:
    """Gives everyone who defected `points` against (Fehr and Gächter 2000), as far as the rule allows them."""

    points: int = 1

    def begin(self, game: Game, player: int) -> Decide:
        return _giving(game, lambda cooperated, rule: 0 if cooperated else -min(self.points, rule.punish))


@dataclass(frozen=True)
class RewardCooperators:
    """Gives everyone who cooperated `points` for it (Sefton et al. 2007), as far as the rule allows them."""

    points: int = 1

    def begin(self, game: Game, player: int) -> Decide:
        return _giving(game, lambda cooperated, rule: min(self.points, rule.reward) if cooperated else 0)


def _giving(game: Game, points: Callable[[bool, Sanctioning], int]) -> Decide:
    meaning = meaning_of(game)

    def decide(decision: Decision[Any]) -> Reply:
        rule, ended = decision.fact(Sanctioning), decision.fact(Ended)
        if rule is None or ended is None:
            raise BadStack(f"there is nothing to sanction at a decision of kind {decision.kind!r}")
        defected = _defectors(ended.outcome, meaning)
        others = (other for other in range(ended.outcome.n_players) if other != decision.seat)
        return tuple(points(other not in defected, rule) for other in others)

    return decide


def _defectors(outcome: Outcome, meaning: Meaning) -> set[int]:
    whole = Play(0, tuple(range(outcome.n_players)), outcome)
    return {
        player
        for deed in deeds(whole)
        for player, action, cooperative in zip(deed.players, deed.actions, meaning.cooperative, strict=True)
        if action != cooperative
    }
