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
from comity.words.phrases import chosen, quoted
from comity.words.render import allowed
from comity.words.wording import NoWords

_SPELLINGS = {"y": "yes", "true": "yes", "n": "no", "false": "no"}
_SHOWN = 60


class Unreadable(PlayerError):
    """A reply that is no choice of its space; the message is one sentence that says what is."""

    def __init__(self, reply: str, space: Space[Any]) -> None:
        self.reply = reply
        self.space = space
        shown = reply if len(reply) <= _SHOWN else f"{reply[:_SHOWN]}..."
        super().__init__(f"{quoted(shown)} is not an answer here: answer with {allowed(space)}")


def read_reply(reply: str, space: Space[Any]) -> Any:
    """The choice that a person typed.

    One of several is typed by its name in any case, or by its place in the list (from 1) where no name is a number;
    several values are separated by commas, or by semicolons where there is one. Raises `Unreadable`, and `NoWords`
    for a type of space that cannot be typed.
    """
    reader = READERS.get(type(space))
    if reader is None:
        raise NoWords(f"no typed reply can be read as {type(space).__name__}: add a reader to READERS")
    choice = reader(reply, space)
    if choice not in space:
        raise Unreadable(reply, space)
    return choice


def _one_of(reply: str, space: OneOf[Any] | Lottery[Any]) -> Any:
    options = list(space)
    typed = reply.strip()
    if all(type(option) is bool for option in options):
        typed = _SPELLINGS.get(typed.casefold(), typed)
    names = [chosen(option) for option in options]
    places = _places(typed, names) or _places(typed.casefold(), [name.casefold() for name in names])
    if not places and typed.isdecimal() and not any(map(_is_number, names)):
        places = [place for place in [int(typed) - 1] if 0 <= place < len(options)]
    if len(places) != 1:
        raise Unreadable(reply, space)
    return options[places[0]]


def _places(typed: str, names: Iterable[str]) -> list[int]:
    return [place for place, name in enumerate(names) if name == typed]


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def _integer(reply: str, space: Space[Any]) -> int:
    typed = reply.strip().replace("\N{MINUS SIGN}", "-")
    if "_" in typed:
        raise Unreadable(reply, space)
    try:
        return int(typed)
    except ValueError:
        raise Unreadable(reply, space) from None


def _each(reply: str, space: Each[Any]) -> tuple[Any, ...]:
    parts = _separated(reply)
    if len(parts) != len(space.spaces):
        raise Unreadable(reply, space)
    return tuple(read_reply(part, each) for part, each in zip(parts, space.spaces, strict=True))


def _ordering(reply: str, space: Ordering) -> tuple[int, ...]:
    return tuple(_integer(part, space) for part in _separated(reply))


def _separated(reply: str) -> list[str]:
    return [part.strip() for part in reply.split(";" if ";" in reply else ",")]


def _turn(reply: str, space: Turn) -> tuple[Any, ...]:
    turn = actions.typed(reply, space)
    if turn is None:
        raise Unreadable(reply, space)
    return turn


def _text(reply: str, space: Text) -> str:
    return reply.rstrip("\r\n")


READERS: dict[type, Callable[[str, Any], Any]] = {
    OneOf: _one_of,
    Lottery: _one_of,
    Integer: _integer,
    Each: _each,
    Ordering: _ordering,
    Text: _text,
    Turn: _turn,
}
"""How a reply is read in each space. A plugin with a space of its own adds its reader here."""
