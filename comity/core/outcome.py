"""How a game ended: payoffs, what was finally played, and the plays it is made of.

An outcome is a tree. The outcome of a stage game is a leaf with one action per seat; a mechanism that settles
afterwards (a contract, sanctions) keeps the leaf as its only part and repeats the actions; repetition and matching have
no actions of their own and one part per play.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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

    @property
    def n_players(self) -> int:
        """How many took part, told by the parts where payoffs are hidden and there is no one action each."""
        listed = len(self.payoffs or self.actions)
        return listed or 1 + max((player for part in self.parts for player in part.players), default=-1)

    @property
    def is_public(self) -> bool:
        """Whether everybody sees this outcome as it is, and all its parts."""
        return not self.views and (not self.parts or all(part.outcome.is_public for part in self.parts))

    def seen_by(self, player: int | None) -> Outcome:
        """This outcome as that player sees it; None is an onlooker, who sees what is public.

        Where the payoffs of a part are hidden from it, so are the totals, which would tell them.
        """
        if self.views and player is not None:
            return self.views[player]
        if self.is_public:
            return self
        parts = tuple([part.seen_by(player) for part in self.parts])
        payoffs = self.payoffs if all(part.outcome.payoffs for part in parts) else ()
        return Outcome(payoffs, self.actions, parts, self.notes)

    def noted(self, *notes: Fact, private: Sequence[tuple[Fact, ...]] = ()) -> Outcome:
        """This outcome with public notes added, and for each player those in private[player] beside them."""
        if private:
            seen = [self.seen_by(player) for player in range(len(self.payoffs))]
            views = tuple([view._with(notes + own) for view, own in zip(seen, private, strict=True)])
        else:
            views = tuple([view._with(notes) for view in self.views])
        return Outcome(self.payoffs, self.actions, self.parts, self.notes + notes, views)

    def views_paid(self, payoffs: tuple[float, ...]) -> tuple[Outcome, ...]:
        """The views with these payoffs in place of their own; a view that hides payoffs hides these too."""
        return tuple([view._paid(payoffs) if view.payoffs else view for view in self.views])

    def _paid(self, payoffs: tuple[float, ...]) -> Outcome:
        return Outcome(payoffs, self.actions, self.parts, self.notes, self.views)

    def _with(self, notes: tuple[Fact, ...]) -> Outcome:
        return Outcome(self.payoffs, self.actions, self.parts, self.notes + notes, self.views)


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
        return self if outcome is self.outcome else Play(self.round, self.players, outcome)


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
    yield from _stage_plays(outcome, (), tuple(range(outcome.n_players)))


def _stage_plays(outcome: Outcome, rounds: tuple[int, ...], players: tuple[int, ...]) -> Iterator[StagePlay]:
    if outcome.actions or not outcome.parts:
        yield StagePlay(rounds, players, outcome, _base(outcome))
        return
    for play in outcome.parts:
        yield from _stage_plays(play.outcome, (*rounds, play.round), inside(players, play.players))


def inside(players: tuple[int, ...], seated: tuple[int, ...]) -> tuple[int, ...]:
    """The players outside who take part in a play inside in which `seated` does, as players inside are counted."""
    return tuple([players[seat] for seat in seated])


def _base(outcome: Outcome) -> Outcome:
    while outcome.parts:
        outcome = outcome.parts[0].outcome
    return outcome
