"""What plays strategies behind the fake provider: it reads the tag, asks the strategy, and fills the schema."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import cache
from typing import Any

from comity.agents.tags import BadTag, Tagged, filled, read_tag, takes_lottery
from comity.core.chance import Address
from comity.core.errors import BadParameter, BadStack
from comity.core.match import Reply
from comity.core.space import Each, Integer, Lottery, OneOf, Ordering, Space, Text
from comity.games.exchange.turns import Action, Turn
from comity.games.exchange.world import CODES
from comity.llm.fake import Answered, Asked, Brain, Chance, Unanswerable
from comity.llm.reached import CHECK
from comity.strategies.exchanging import Exchanging
from comity.strategies.strategy import Strategy

_REASONS = "I weigh what each option brings me and the others, and follow my rule."
_MESSAGES = ("Hello.", "I will see what the others do.", "Let us think it over.")
_ATTEMPTS = 50
_ACTIONS, _NAMED = 3, 10
"""A turn at random has so many actions at most, about pieces, tasks and agents of these numbers."""
_FAR = 5
"""How far from zero a number without bounds is, at random."""


def strategies(build: Callable[[str], Strategy], *, always: str | None = None, noise: float = 0.0) -> Brain:
    """A brain that plays the strategy that the request's model is called by, like `tit_for_tat` or `random(p=0.4)`.

    build: from such a name to the strategy; it raises `BadParameter` where there is none. always: the strategy for
    every model. noise: how often the answer is another legal choice instead, each as likely as any other.

    The strategy answers from the decision alone, begun anew for each; one that goes by what it remembers cannot play. A
    lottery is written down where the schema has room for one, and drawn otherwise; where one word is asked for, its
    probabilities are those of the alternatives. The brain raises `Unanswerable` where no message of the user holds a
    tag, there is no such strategy, or it would have to remember.
    """
    if not 0 <= noise <= 1:
        raise BadParameter(f"noise is a probability, not {noise!r}")
    built = cache(build)

    def answer(asked: Asked) -> Answered:
        if [message.text for message in asked.messages] == [message.text for message in CHECK]:
            return Answered("yes")
        tagged = _tagged(asked)
        try:
            strategy = built(asked.model if always is None else always)
            _refuse_memory(strategy)
            reply = strategy.begin(tagged.game, tagged.player)(tagged.decision)
        except (BadParameter, BadStack) as error:
            raise Unanswerable(str(error)) from None
        space = tagged.decision.options
        if asked.chance.at("noise").uniform() < noise:
            reply = another(space, reply, asked.chance.at("instead"))
        return _written(tagged, reply, asked.chance)

    return answer


def _refuse_memory(strategy: Strategy) -> None:
    if isinstance(strategy, Exchanging) and strategy.remembers:
        raise Unanswerable(
            "an exchanger that waits remembers when its tasks became complete, and here nobody remembers"
        )


def _tagged(asked: Asked) -> Tagged:
    """The tag of the last message of the user that has one: a request to answer again may have none."""
    try:
        for message in reversed(asked.messages):
            found = read_tag(message.text) if message.role == "user" else None
            if found is not None:
                return found
    except BadTag as error:
        raise Unanswerable(str(error)) from None
    raise Unanswerable("no message holds a tag, and a strategy answers nothing else: set tagged = true for this agent")


def _written(tagged: Tagged, reply: Reply, chance: Chance) -> Answered:
    space = tagged.space
    value, alternatives = reply, tuple[tuple[str, float], ...]()
    if isinstance(reply, Lottery) and not takes_lottery(tagged.schema, space):
        value = reply.draw(_address(chance.at("draw")))
    said = filled(tagged.schema, space, value, _REASONS)
    if isinstance(said, str):  # one word: how likely each was is told beside it
        chances = reply.chances() if isinstance(reply, Lottery) else [(reply, 1.0)]
        told = [(filled(tagged.schema, space, choice), math.log(p)) for choice, p in chances if p > 0]
        alternatives = tuple(sorted(told, key=lambda pair: -pair[1]))
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return Answered(f"{_REASONS}\n{text}" if tagged.reasons else text, alternatives=alternatives)


def _address(chance: Chance) -> Address:
    return Address(int.from_bytes(chance.place[:8], "little"), 0, 0)


def another(space: Space[Any], reply: Reply, chance: Chance) -> Any:
    """A choice at random that is not the reply; the reply where there is no other."""
    for attempt in range(_ATTEMPTS):
        choice = at_random(space, chance.at(attempt))
        if isinstance(reply, Lottery) or choice != reply:
            return choice
    return reply


def _action(space: Turn, chance: Chance) -> Action:
    """An action of the turn, possible or not."""
    kind = space.kinds[chance.below(len(space.kinds))]
    piece, agent = (1 + chance.at(part).below(_NAMED) for part in ("piece", "agent"))
    match kind:
        case "request":
            return (kind, piece, agent)
        case "share":
            return (kind, (piece,), agent, *(((chance.at("code").below(CODES),),) if space.codes else ()))
        case "submit":
            return (kind, piece)
        case "message":
            return (kind, agent, _MESSAGES[chance.at("text").below(len(_MESSAGES))])
        case _:
            return (kind, _MESSAGES[chance.at("text").below(len(_MESSAGES))])


def at_random(space: Space[Any], chance: Chance) -> Any:
    """A legal choice, each as likely as any other where they can be listed."""
    match space:
        case OneOf() | Lottery():
            return tuple(space)[chance.below(len(tuple(space)))]
        case Integer(low, high):
            first = low if low is not None else (-_FAR if high is None else high - _FAR)
            last = high if high is not None else first + 2 * _FAR
            return first + chance.below(last - first + 1)
        case Each(_, spaces):
            return tuple(at_random(part, chance.at(place)) for place, part in enumerate(spaces))
        case Ordering():
            return space.draw(_address(chance))
        case Text(most):
            return _MESSAGES[chance.below(len(_MESSAGES))][:most]
        case Turn():
            return tuple(_action(space, chance.at(place)) for place in range(chance.below(_ACTIONS + 1)))
        case _:
            listed = tuple(space)
            return listed[chance.below(len(listed))]
