"""How a game ended: payoffs, what was finally played, and the plays it is made of.

An outcome is a tree. The outcome of a stage game is a leaf with one action per seat; a mechanism that settles
afterwards (a contract, sanctions) keeps the leaf as its only part and repeats the actions; repetition and matching have
no actions of their own and one part per play.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import is_
from typing import Any

from comity.core.decision import Fact


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one play of a game ended.

    payoffs: one number per player, in the game's own units; empty in a `view` that hides them.
    actions: what was finally played, one per player; empty where several plays were made.
    parts: the plays this outcome is made of, in order.
    notes: what everybody learned on the way (the contract, who delegated, what was said).
    views: what each player gets to see of this outcome, one per player; empty when everybody sees it as it is.
    """

    payoffs: tuple[float, ...]
    actions: tuple[Any, ...] = ()
    parts: tuple[Play, ...] = ()
    notes: tuple[Fact, ...] = ()
    views: tuple[Outcome, ...] = ()

    def seen_by(self, player: int | None) -> Outcome:
        """This outcome as that player sees it; None is an onlooker, who sees what is public."""
        if self.views and player is not None:
            return self.views[player]
        parts = tuple([part.seen_by(player) for part in self.parts])
        unchanged = not self.views and all(map(is_, parts, self.parts))
        return self if unchanged else replace(self, parts=parts, views=())

    def noted(self, *notes: Fact, private: Sequence[tuple[Fact, ...]] = ()) -> Outcome:
        """This outcome with public notes added, and for each player those in private[player] beside them."""
        if not private:
            views = tuple(replace(view, notes=view.notes + notes) for view in self.views)
            return replace(self, notes=self.notes + notes, views=views)
        seen = [self.seen_by(player) for player in range(len(self.payoffs))]
        views = tuple(replace(view, notes=view.notes + notes + own) for view, own in zip(seen, private, strict=True))
        return replace(self, notes=self.notes + notes, views=views)


@dataclass(frozen=True, slots=True)
class Play:
    """One part of a larger outcome: in which round, by whom (seat i by players[i]), and how it ended."""

    round: int
    players: tuple[int, ...]
    outcome: Outcome

    def seen_by(self, player: int | None) -> Play:
        """This play as that player (counted outside the play) sees it; an onlooker sees what was public."""
        seat = self.players.index(player) if player in self.players else None
        outcome = self.outcome.seen_by(seat)
        return self if outcome is self.outcome else replace(self, outcome=outcome)


@dataclass(frozen=True, slots=True)
class StagePlay:
    """One play of the stage game inside an outcome, in the coordinates of the outermost game.

    rounds: the round of each enclosing play, outermost first.
    players: who sat in each seat.
    outcome: with the payoffs as settled; `base` has them before anything was settled.
    """

    rounds: tuple[int, ...]
    players: tuple[int, ...]
    outcome: Outcome
    base: Outcome


def stage_plays(outcome: Outcome) -> Iterator[StagePlay]:
    """Every play of the stage game in this outcome, in order."""
    n = len(outcome.payoffs)
    yield from _stage_plays(outcome, (), tuple(range(n)))


def _stage_plays(outcome: Outcome, rounds: tuple[int, ...], players: tuple[int, ...]) -> Iterator[StagePlay]:
    if outcome.actions or not outcome.parts:
        yield StagePlay(rounds, players, outcome, _base(outcome))
        return
    for play in outcome.parts:
        inside = tuple(players[seat] for seat in play.players)
        yield from _stage_plays(play.outcome, (*rounds, play.round), inside)


def _base(outcome: Outcome) -> Outcome:
    while outcome.parts:
        outcome = outcome.parts[0].outcome
    return outcome
