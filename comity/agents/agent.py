"""What an agent is: something that can be sat down as a player of a match."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias, runtime_checkable

from comity.core.chance import Address, stream_key
from comity.core.decision import Decision
from comity.core.errors import ComityError
from comity.core.flow import Game
from comity.core.match import Decide, Reply
from comity.strategies.strategy import Strategy, one_of, varies

DecideLater: TypeAlias = Callable[[Decision[Any], Address], Awaitable[Reply]]
"""Answers a decision. The address is that of the draws made there: it tells equal questions apart."""


class Halted(ComityError):
    """No agent that waits can be asked any more, so the run stops; the message says why."""


@dataclass(frozen=True)
class ScriptedAgent:
    """An agent that answers at once, by a strategy. Where that is one of many, who sits in a seat is drawn."""

    name: str
    strategy: Strategy

    def sit(self, game: Game, player: int, key: int = 0) -> Decide:
        """Sit down as that player of one match. key: that of the match, by which it is drawn who sits there."""
        if not self._varies:
            return self.strategy.begin(game, player)
        return one_of(self.strategy, Address(stream_key(key, "person", player), 0, 0)).begin(game, player)

    @cached_property
    def _varies(self) -> bool:
        return varies(self.strategy)


@runtime_checkable
class WaitingAgent(Protocol):
    """An agent whose answers take time: a person, a language model. Its replies are kept one by one as they come.

    It answers from the decision alone: when a match is resumed, it is not told again what it has answered before. An
    answer it cannot give raises `PlayerError`, and the match is forfeited unless its rules go on without.
    """

    @property
    def name(self) -> str: ...

    def sit_down(self, game: Game, player: int) -> DecideLater:
        """Sit down as that player of one match."""
        ...


Agent: TypeAlias = ScriptedAgent | WaitingAgent
