"""What a person typed, as a choice.

A reply is read or it is not: what cannot be read raises `Unreadable`, with one sentence that says what is allowed, and
never becomes a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from comity.core.errors import PlayerError
from comity.core.space import Each, Integer, Lottery, OneOf, Ordering, Space, Text
from comity.games.exchange.turns import Turn
from comity.words import actions
from comity.words.phrases import quoted
from comity.words.render import allowed
from comity.words.wording import NoWords, Wording
from comity.words.wordings import PLAIN

_SPELLINGS = {"y": "yes", "true": "yes", "n": "no", "false": "no"}
_SHOWN = 60


class Unreadable(PlayerError):
    """A reply that is no choice of its space; the message is one sentence that says what is."""

    def __init__(self, reply: str, space: Space[Any], wording: Wording = PLAIN) -> None:
        self.reply = reply
        self.space = space
        shown = reply if len(reply) <= _SHOWN else f"{reply[:_SHOWN]}..."
        super().__init__(f"{quoted(shown)} is not an answer here: answer with {allowed(space, wording)}")


def read_reply(reply: str, space: Space[Any], wording: Wording = PLAIN) -> Any:
    """The choice that a person typed who was asked in that wording (see `as_told` for what a presentation makes of it).

    One of several is typed by its name in any case, or by its place in the list (from 1) where no name is a number;
    several values are separated by commas, or by semicolons where there is one. Raises `Unreadable`, and `NoWords`
    for a type of space that cannot be typed.
    """
    reader = READERS.get(type(space))
    if reader is None:
        raise NoWords(f"no typed reply can be read as {type(space).__name__}: add a reader to READERS")
    choice = reader(reply, space, wording)
    if choice not in space:
        raise Unreadable(reply, space, wording)
    return choice


def _one_of(reply: str, space: OneOf[Any] | Lottery[Any], wording: Wording) -> Any:
    options = list(space)
    typed = reply.strip()
    if all(type(option) is bool for option in options):
        typed = wording.say(f"words.{_SPELLINGS[typed.casefold()]}") if typed.casefold() in _SPELLINGS else typed
    names = [wording.shown(option) for option in options]
    places = _places(typed, names) or _places(typed.casefold(), [name.casefold() for name in names])
    if not places and typed.isdecimal() and not any(map(_is_number, names)):
        places = [place for place in [int(typed) - 1] if 0 <= place < len(options)]
    if len(places) != 1:
        raise Unreadable(reply, space, wording)
    return options[places[0]]


def _places(typed: str, names: Iterable[str]) -> list[int]:
    return [place for place, name in enumerate(names) if name == typed]


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def _integer(reply: str, space: Space[Any], wording: Wording) -> int:
    typed = reply.strip().replace("\N{MINUS SIGN}", "-")
    if "_" in typed:
        raise Unreadable(reply, space, wording)
    try:
        return int(typed)
    except ValueError:
        raise Unreadable(reply, space, wording) from None


def _each(reply: str, space: Each[Any], wording: Wording) -> tuple[Any, ...]:
    parts = _separated(reply)
    if len(parts) != len(space.spaces):
        raise Unreadable(reply, space, wording)
    return tuple(read_reply(part, each, wording) for part, each in zip(parts, space.spaces, strict=True))


def _ordering(reply: str, space: Ordering, wording: Wording) -> tuple[int, ...]:
    return tuple(_integer(part, space, wording) for part in _separated(reply))


def _separated(reply: str) -> list[str]:
    return [part.strip() for part in reply.split(";" if ";" in reply else ",")]


def _turn(reply: str, space: Turn, wording: Wording) -> tuple[Any, ...]:
    turn = actions.typed(reply, space)
    if turn is None:
        raise Unreadable(reply, space)
    return turn


def _text(reply: str, space: Text, wording: Wording) -> str:
    return reply.rstrip("\r\n")


READERS: dict[type, Callable[[str, Any, Wording], Any]] = {
    OneOf: _one_of,
    Lottery: _one_of,
    Integer: _integer,
    Each: _each,
    Ordering: _ordering,
    Text: _text,
    Turn: _turn,
}
"""How a reply is read in each space. A plugin with a space of its own adds its reader here."""
