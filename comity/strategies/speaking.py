"""What to say before play, in free text or among listed messages.

A message says an action if the name of the action stands in it as a word. Among listed messages the first that says
what is to be said is taken, and the first of all if none does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.flow import Game
from comity.core.match import Decide, Reply
from comity.core.space import Lottery, Text
from comity.strategies.seen import meaning_of
from comity.strategies.strategy import Strategy, one_of, varies


@dataclass(frozen=True)
class Announce:
    """Says which action it is about to take, by asking the rule it acts by; of a lottery the likeliest action.

    act: the rule to ask. It is asked as it stands before the talk: what others say in the same round of messages, and
    whether a mediator will be there to delegate to, is not foreseen.
    """

    act: Strategy

    @property
    def varies(self) -> bool:
        """Whether the rule it asks is one of many."""
        return varies(self.act)

    def one(self, place: Address) -> Announce:
        """What the one of many that sits at that place says."""
        return replace(self, act=one_of(self.act, place))

    def begin(self, game: Game, player: int) -> Decide:
        intend = self.act.begin(game, player)
        return lambda decision: _saying(decision, _likeliest(intend(decision)))


@dataclass(frozen=True)
class Promise:
    """Promises to cooperate, whatever it will do."""

    def begin(self, game: Game, player: int) -> Decide:
        cooperative = meaning_of(game).cooperative
        return lambda decision: _saying(decision, cooperative[decision.seat % len(cooperative)])


@dataclass(frozen=True)
class Silent:
    """Says nothing: the empty text; among listed messages the first that says no action, else the last."""

    def begin(self, game: Game, player: int) -> Decide:
        meaning = meaning_of(game)
        named = {*meaning.cooperative, *meaning.defective}

        def decide(decision: Decision[Any]) -> str:
            if isinstance(decision.options, Text):
                return ""
            messages: list[str] = list(decision.options)
            return next((message for message in messages if not any(_says(message, a) for a in named)), messages[-1])

        return decide


def _likeliest(reply: Reply) -> str:
    if not isinstance(reply, Lottery):
        return str(reply)
    return str(max(reply.chances(), key=lambda chance: chance[1])[0])


def _saying(decision: Decision[Any], action: str) -> str:
    if isinstance(decision.options, Text):
        return f"I will play {action}."[: decision.options.most]
    return _first_saying(decision.options, action)


def _first_saying(options: Iterable[str], action: str) -> str:
    messages = list(options)
    return next((message for message in messages if _says(message, action)), messages[0])


def _says(message: str, action: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(action)}(?!\w)", message) is not None
