"""Players talk before they play, and nothing binds them (Farrell and Rabin 1996)."""

from __future__ import annotations

from dataclasses import dataclass

from comity.core.decision import Fact
from comity.core.errors import BadParameter, BadStack
from comity.core.flow import Flow, Game, ask_all, told
from comity.core.outcome import Outcome
from comity.core.space import OneOf, Space, Text
from comity.mechanisms.stacking import checked_rounds, label


@dataclass(frozen=True)
class Talk:
    """The rule as the players are told it: so many rounds of messages to all, before play."""

    rounds: int


@dataclass(frozen=True)
class Said:
    """What was said: for each round of talk one message per player."""

    messages: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class CheapTalk:
    """`rounds` rounds in which all send a message to all at once, then base.

    messages: what may be said; empty is free text of at most `most` characters.
    """

    base: Game
    rounds: int = 1
    messages: tuple[str, ...] = ()
    most: int = 500

    def __post_init__(self) -> None:
        checked_rounds(self.rounds)
        if self.most < 1:
            raise BadParameter(f"most must be at least 1 character, not {self.most}")
        if self.base.n_players < 2:
            raise BadStack(f"talk needs somebody to talk to, and {label(self.base)} is for one player")

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (Talk(self.rounds), *self.base.rules)

    def play(self) -> Flow[Outcome]:
        space: Space[str] = OneOf(self.messages) if self.messages else Text(self.most)
        said = Said(())
        for _ in range(self.rounds):
            messages = yield from told(
                ask_all(self.n_players, "speak", space, *self.base.rules), Talk(self.rounds), said
            )
            said = Said((*said.messages, messages))
        outcome = yield from told(self.base.play(), Talk(self.rounds), said)
        return outcome.noted(said)
