"""Everybody proposes, everybody approves or not, and the proposal with most approvals wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from comity.core.decision import Fact
from comity.core.flow import Flow, ask_all, draw
from comity.core.outcome import Outcome
from comity.core.space import YES_NO, Each, OneOf, Space


@dataclass(frozen=True)
class Proposals:
    """What each player has proposed, in the order of the players."""

    proposals: tuple[Any, ...]


@dataclass(frozen=True)
class Ballot:
    """Which proposals a player has approved, in the order of the proposers."""

    approvals: tuple[bool, ...]


@dataclass(frozen=True)
class Election:
    """How the vote went: every ballot, and the player whose proposal won."""

    proposals: tuple[Any, ...]
    ballots: tuple[tuple[bool, ...], ...]
    winner: int

    @property
    def elected(self) -> Any:
        return self.proposals[self.winner]

    def remembered(self, player: int) -> tuple[Fact, ...]:
        """What a player who forgets nothing knows of it besides who won."""
        return (Proposals(self.proposals), Ballot(self.ballots[player]))

    def kept(self, outcome: Outcome) -> Outcome:
        """The outcome as players look back on it who forget nothing of the election that led to it."""
        return outcome.noted(private=[self.remembered(player) for player in range(len(self.ballots))])


def approvals(ballots: Sequence[tuple[bool, ...]]) -> tuple[int, ...]:
    """How many approve each proposal."""
    return tuple(map(sum, zip(*ballots, strict=True)))


def leaders(ballots: Sequence[tuple[bool, ...]]) -> tuple[int, ...]:
    """The proposers with most approvals (all of them when nobody approves anything)."""
    tally = approvals(ballots)
    most = max(tally)
    return tuple(player for player, count in enumerate(tally) if count == most)


def nothing(player: int) -> tuple[Fact, ...]:
    """What a player remembers of an election when it forgets."""
    return ()


@cache
def ballots(n_players: int) -> Space[tuple[bool, ...]]:
    """Every way to approve the proposals of so many players."""
    return Each(tuple(f"player {player + 1}" for player in range(n_players)), (YES_NO,) * n_players)


def elect(n_players: int, space: Space[Any], *rules: Fact) -> Flow[Election]:
    """Propose and vote: approval voting, ties broken by chance with equal odds (CoopEval 2026)."""
    proposals = yield from ask_all(n_players, "propose", space, *rules)
    cast = yield from ask_all(n_players, "approve", ballots(n_players), *rules, Proposals(proposals))
    tied = leaders(cast)
    winner = tied[0] if len(tied) == 1 else (yield from draw("tie", OneOf(tied)))
    return Election(proposals, cast, winner)
