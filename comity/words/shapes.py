"""Every space as a shape of JSON: its schema, how it is told to a model, how a choice is spelled in it and read.

One of several is a string, one of the names that the wording gives the options. Yes or no is true or false. Several
named parts are an object with these names as its keys. A lottery is an object with a whole percentage for each option.
Reading is exact in type, as membership in a space is: "70" is not 70, 70.0 is not, and true is not 1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from comity.core.match import Reply
from comity.core.space import Each, Integer, Lottery, OneOf, Ordering, Schema, Space, Text, to_json
from comity.games.exchange.turns import Turn
from comity.words import actions
from comity.words.phrases import listed
from comity.words.printable import printable_line
from comity.words.wording import BadWording, NoWords, Wording

Cause: TypeAlias = Literal["refusal", "truncated", "malformed", "illegal", "filtered"]
"""Why a reply is no answer: it declines; is cut off; cannot be read; can, and is not allowed; or is withheld."""

BLANK = " \t\r\n"
"""What JSON calls white space. No other sign is taken off an answer."""
_SHOWN = 60
_SMALL = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


class Misfit(Exception):
    """What was found in place of an answer: its class, and a clause that says so."""

    def __init__(self, cause: Cause, found: str) -> None:
        super().__init__(found)
        self.cause: Cause = cause
        self.found = found


class Shape(Protocol):
    """How the choices of one space are written in JSON."""

    @property
    def depth(self) -> int:
        """How many levels of objects and lists lie in it."""
        ...

    def schema(self) -> Schema:
        """The JSON schema of what is written."""
        ...

    def told(self, most: int, wording: Wording) -> str:
        """The shape as a pattern: what to fill in stands in angle brackets, of long lists at most so many entries."""
        ...

    def read(self, value: Any) -> Any:
        """The choice that a value of JSON says. Raises `Misfit`."""
        ...

    def spelled(self, choice: Any) -> Any:
        """A choice of the space as a value of JSON."""
        ...


def small(text: str) -> str:
    """The text with A to Z made small, and nothing else: other alphabets have letters that only look like these."""
    return text.translate(_SMALL)


@dataclass(frozen=True)
class Names:
    """One of several, by its name."""

    options: tuple[Any, ...]
    names: tuple[str, ...]
    depth: int = 0

    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.names)}

    def told(self, most: int, wording: Wording) -> str:
        names, rest = list(map(_json, self.names[:most])), len(self.names) - most
        more = f" {wording.say('forms.more', rest=rest)}" if rest > 0 else ""
        return f"<{wording.say('forms.one_of', options=', '.join(names) + more)}>"

    def read(self, value: Any) -> Any:
        if type(value) is not str:
            raise Misfit("malformed", f"{_seen(value)} stands where the name of an option belongs")
        place = self.place(value)
        if place is None:
            raise Misfit("illegal", f"{_seen(value)} is none of the options")
        return self.options[place]

    def place(self, text: str) -> int | None:
        """Which name the text is: exactly, or else the only one that differs from it in large and small letters."""
        for typed in (text, text.strip(BLANK)):
            if typed in self.names:
                return self.names.index(typed)
        typed = small(text.strip(BLANK))
        alike = [place for place, name in enumerate(self.names) if small(name) == typed]
        return alike[0] if len(alike) == 1 else None

    def spelled(self, choice: Any) -> Any:
        return next(name for option, name in zip(self.options, self.names, strict=True) if choice in OneOf((option,)))


@dataclass(frozen=True)
class YesNo:
    """True or false, with what the wording calls them."""

    yes: str
    no: str
    depth: int = 0

    def schema(self) -> Schema:
        return {"type": "boolean"}

    def told(self, most: int, wording: Wording) -> str:
        return f"<{wording.say('forms.yes_no', yes=self.yes, no=self.no)}>"

    def read(self, value: Any) -> Any:
        if type(value) is not bool:
            raise Misfit("malformed", f"{_seen(value)} stands where true or false belongs")
        return value

    def spelled(self, choice: Any) -> Any:
        return choice


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    space: Integer
    allowed: str
    depth: int = 0

    def schema(self) -> Schema:
        return self.space.schema()

    def told(self, most: int, wording: Wording) -> str:
        return f"<{self.allowed}>"

    def read(self, value: Any) -> Any:
        if type(value) is not int:
            raise Misfit("malformed", f"{_seen(value)} stands where a whole number in digits belongs")
        return _legal(value, self.space)

    def spelled(self, choice: Any) -> Any:
        return choice


@dataclass(frozen=True)
class Words:
    """Free text."""

    space: Text
    allowed: str
    depth: int = 0

    def schema(self) -> Schema:
        return self.space.schema()

    def told(self, most: int, wording: Wording) -> str:
        return f'"<{self.allowed}>"'

    def read(self, value: Any) -> Any:
        if type(value) is not str:
            raise Misfit("malformed", f"{_seen(value)} stands where text in quotation marks belongs")
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            raise Misfit("malformed", "the text holds half a character (an unpaired surrogate)")
        return _legal(value, self.space)

    def spelled(self, choice: Any) -> Any:
        return choice


@dataclass(frozen=True)
class Order:
    """The numbers from 0 on, in some order."""

    space: Ordering
    depth: int = 1

    def schema(self) -> Schema:
        return self.space.schema()

    def told(self, most: int, wording: Wording) -> str:
        return f"[<{wording.say('forms.order', last=self.space.size - 1)}>]"

    def read(self, value: Any) -> Any:
        if type(value) is not list or any(type(part) is not int for part in value):
            raise Misfit("malformed", f"{_seen(value)} stands where a list of whole numbers belongs")
        return _legal(tuple(value), self.space)

    def spelled(self, choice: Any) -> Any:
        return to_json(choice)


@dataclass(frozen=True)
class Actions:
    """A turn of several actions."""

    space: Turn
    depth: int = 3

    def schema(self) -> Schema:
        return actions.schema(self.space)

    def told(self, most: int, wording: Wording) -> str:
        return actions.told(self.space)

    def read(self, value: Any) -> Any:
        try:
            return actions.read(value, self.space)
        except actions.Unfit as unfit:
            raise Misfit("illegal" if unfit.allowed else "malformed", printable_line(unfit.found)) from None

    def spelled(self, choice: Any) -> Any:
        return actions.spelled(choice, self.space)


@dataclass(frozen=True)
class Parts:
    """One choice for each of several names."""

    names: tuple[str, ...]
    shapes: tuple[Shape, ...]

    @property
    def depth(self) -> int:
        return 1 + max((shape.depth for shape in self.shapes), default=0)

    def schema(self) -> Schema:
        return keyed({name: shape.schema() for name, shape in zip(self.names, self.shapes, strict=True)})

    def told(self, most: int, wording: Wording) -> str:
        return pattern([(name, shape.told(most, wording)) for name, shape in zip(self.names, self.shapes, strict=True)])

    def read(self, value: Any) -> Any:
        parts = fields(value, self.names)
        return tuple(shape.read(part) for shape, part in zip(self.shapes, parts, strict=True))

    def spelled(self, choice: Any) -> Any:
        named = zip(self.names, self.shapes, choice, strict=True)
        return {name: shape.spelled(part) for name, shape, part in named}


@dataclass(frozen=True)
class Percents:
    """A lottery over options, by a whole percentage for each of their names."""

    options: tuple[Any, ...]
    names: tuple[str, ...]
    depth: int = 1

    def schema(self) -> Schema:
        return keyed({name: {"type": "integer", "minimum": 0, "maximum": 100} for name in self.names})

    def told(self, most: int, wording: Wording) -> str:
        return pattern([(name, f"<{wording.say('forms.percent')}>") for name in self.names])

    def read(self, value: Any) -> Any:
        percents = fields(value, self.names)
        for percent in percents:
            if type(percent) is not int:
                raise Misfit("malformed", f"{_seen(percent)} stands where a whole percentage in digits belongs")
            if not 0 <= percent <= 100:
                raise Misfit("illegal", f"{_seen(percent)} is no percentage from 0 to 100")
        if sum(percents) != 100:
            raise Misfit("illegal", f"the percentages sum to {sum(percents)}, not to 100")
        return Lottery(self.options, tuple(percent / 100 for percent in percents))

    def spelled(self, choice: Any) -> Any:
        """The lottery, or the choice as the lottery that is certain of it, in whole percentages that sum to 100."""
        return dict(zip(self.names, percentages(choice, self.options), strict=True))


def percentages(reply: Reply, options: Sequence[Any]) -> list[int]:
    """The whole percentages, with the sum 100, next to the probabilities of a lottery, or of one certain choice.

    All are rounded down, and what is missing goes to those that lost most by it.
    """
    lottery = reply if isinstance(reply, Lottery) else Lottery((reply,), (1.0,))
    shares = [100 * sum(p for other, p in lottery.chances() if other in OneOf((own,))) for own in options]
    whole = [int(share + 1e-9) for share in shares]
    by_loss = sorted(range(len(shares)), key=lambda place: whole[place] - shares[place])
    for place in by_loss[: 100 - sum(whole)]:
        whole[place] += 1
    return whole


def keyed(properties: dict[str, Schema]) -> Schema:
    """The schema of an object with exactly these keys."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def pattern(entries: Sequence[tuple[str, str]]) -> str:
    """An object as it is told: its keys with the patterns of their values."""
    return "{" + ", ".join(f"{_json(key)}: {value}" for key, value in entries) + "}"


def fields(value: Any, keys: Sequence[str]) -> list[Any]:
    """The values of an object that must have exactly these keys, in the order of the keys. Raises `Misfit`."""
    if type(value) is not dict:
        raise Misfit("malformed", f"{_seen(value)} stands where an object belongs")
    missing = [_json(key) for key in keys if key not in value]
    if missing:
        raise Misfit("malformed", f"the key {listed(missing[:3])} is missing")
    if len(value) > len(keys):
        extra = next(key for key in value if key not in keys)
        raise Misfit("malformed", f"there is no key {_seen(extra)} in an answer")
    return [value[key] for key in keys]


def _legal(choice: Any, space: Space[Any]) -> Any:
    if choice not in space:
        raise Misfit("illegal", f"{_seen(to_json(choice))} is not allowed")
    return choice


_AS_WRITTEN = json.JSONEncoder(ensure_ascii=False)


def _json(text: str) -> str:
    return _AS_WRITTEN.encode(text)


def _seen(value: Any) -> str:
    """A value of a reply, cut short and fit to be shown."""
    text = printable_line(json.dumps(value[:_SHOWN] if isinstance(value, str) else value, ensure_ascii=False))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def shape_of(space: Space[Any], wording: Wording) -> Shape:
    """The shape in which choices of the space are written.

    wording: the one in which the options are shown, `Wording.answering`. Raises `NoWords` for a type of space that has
    no shape, and `BadWording` where two options are called the same.
    """
    shape = SHAPES.get(type(space))
    if shape is None:
        raise NoWords(f"no reply of a model can be read as {type(space).__name__}: add a shape to SHAPES")
    return shape(space, wording)


def names_of(options: Iterable[Any], called: Callable[[Any], str]) -> tuple[str, ...]:
    """What the options, or the parts of an answer, are called. Raises `BadWording` where two are called the same."""
    names = tuple(map(called, options))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadWording(f"two options of one decision are both called {_seen(twice)}, so no answer could tell which")
    return names


def _one_of(space: OneOf[Any] | Lottery[Any], wording: Wording) -> Shape:
    options = tuple(space)
    if set(map(type, options)) == {bool} and len(options) == 2:
        yes, no = names_of((True, False), wording.shown)
        return YesNo(yes, no)
    return Names(options, names_of(options, wording.shown))


def _each(space: Each[Any], wording: Wording) -> Shape:
    return Parts(names_of(space.names, wording.part), tuple(shape_of(part, wording) for part in space.spaces))


SHAPES: dict[type, Callable[[Any, Wording], Shape]] = {
    OneOf: _one_of,
    Lottery: _one_of,
    Integer: lambda space, wording: Whole(space, wording.allowed(space)),
    Text: lambda space, wording: Words(space, wording.allowed(space)),
    Ordering: lambda space, _: Order(space),
    Each: _each,
    Turn: lambda space, _: Actions(space),
}
"""How the choices of each space are written. A plugin with a space of its own adds its shape here."""
