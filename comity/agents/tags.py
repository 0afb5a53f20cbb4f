"""A decision as one line of text that a machine reads back exactly: what only the fake provider is shown.

The line says the decision, the game, the JSON schema of the answer and whether reasons come before it, so that a brain
behind the wire answers as a strategy would, and never by guessing from prose. Values are written as JSON: frozen
dataclasses and named tuples of comity's rooms below the desk by their path and their fields in order, other tuples as
lists. Nothing else is ever made from a tag, whoever wrote it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from functools import cache
from importlib import import_module
from typing import Any

from comity.core.decision import Decision
from comity.core.errors import BadParameter, ComityError
from comity.core.flow import Game
from comity.core.match import Reply
from comity.core.space import Each, Lottery, OneOf, Space, to_json
from comity.games.exchange.turns import Turn
from comity.words import actions
from comity.words.forms import ANSWER, REASONING, Form, asked_as
from comity.words.presentation import options_as_told
from comity.words.shapes import keyed, percentages
from comity.words.wording import Wording

_BEGIN, _END = "<comity-decision>", "</comity-decision>"
_ROOMS = ("core", "games", "mechanisms", "exact")
"""The rooms whose records a tag may name: games, facts and spaces are made of these."""
_REASONS = "Weighing what each option brings, this one follows from my rule."


class BadTag(ComityError):
    """A tag that is damaged, or names what no tag may name."""


@dataclass(frozen=True)
class Tagged:
    """What a tag says.

    schema: of the whole answer, as JSON text. reasons: whether text comes before the answer.
    """

    decision: Decision[Any]
    game: Game
    schema: str
    reasons: bool

    @property
    def player(self) -> int:
        """Who is asked."""
        return self.decision.player

    @property
    def space(self) -> Space[Any]:
        """What may be answered, in the order in which the schema has it."""
        return options_as_told(self.decision)


def tag(decision: Decision[Any], game: Game, wording: Wording, form: Form) -> str:
    """The line that says the decision. Raises `BadParameter` where it holds what no tag can say."""
    _, _, asked, shape = asked_as(decision, wording, form)
    answer = shape.schema()
    inside = {REASONING: {"type": "string"}} if asked.reasoning and asked.structured else {}
    types: dict[type, int] = {}
    said = {
        "decision": _encoded(decision, types),
        "game": _encoded(game, types),
        "schema": json.dumps(answer if asked.answer == "token" else keyed({**inside, ANSWER: answer})),
        "reasons": asked.reasoning and not asked.structured,
        "types": [f"{kind.__module__}:{kind.__name__}" for kind in types],
    }
    return f"{_BEGIN}{json.dumps(said, separators=(',', ':'), allow_nan=False)}{_END}"


def read_tag(text: str) -> Tagged | None:
    """What the last tag in a text says; None where no line is one. Raises `BadTag`."""
    lines = [line for line in text.split("\n") if line.startswith(_BEGIN) and line.endswith(_END)]
    if not lines:
        return None
    try:
        said = json.loads(lines[-1].removeprefix(_BEGIN).removesuffix(_END))
        types = [_named(path) for path in said["types"]]
        decision, game = _decoded(said["decision"], types), _decoded(said["game"], types)
        schema, reasons = said["schema"], said["reasons"]
    except BadTag:
        raise
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise BadTag(f"the tag is damaged: {error}") from None
    if not (isinstance(decision, Decision) and isinstance(game, Game) and type(schema) is str):
        raise BadTag("the tag is damaged: it says no decision in a game")
    return Tagged(decision, game, schema, reasons is True)


def filled(schema: str, space: Space[Any], reply: Reply, reasons: str = _REASONS) -> Any:
    """The value that fits the schema and says the reply: a choice from the space, or a lottery where there is room.

    Read from the schema alone: options stand in it in the order of the space (`Tagged.space`), a lottery is an object
    with one whole percentage for each of them. Raises `BadParameter` where a lottery is to fill a schema of a choice.
    """
    asked = json.loads(schema)
    properties = asked.get("properties", {})
    if ANSWER not in properties:
        return _filled(asked, space, reply)
    return {
        name: _filled(each, space, reply) if name == ANSWER else reasons
        for name, each in properties.items()
        if name in (ANSWER, REASONING)
    }


def takes_lottery(schema: str, space: Space[Any]) -> bool:
    """Whether the schema has room for a lottery over the space."""
    asked = json.loads(schema)
    answer = asked.get("properties", {}).get(ANSWER, asked)
    return isinstance(space, OneOf) and answer.get("type") == "object"


def _filled(schema: Any, space: Space[Any], reply: Reply) -> Any:
    if isinstance(space, OneOf) and schema.get("type") == "object":
        return dict(zip(schema["properties"], percentages(reply, space.options), strict=True))
    if isinstance(reply, Lottery):
        raise BadParameter("the schema asks for a choice, and a lottery is none")
    if isinstance(space, Turn):
        return actions.spelled(reply, space)
    if "enum" in schema:
        return schema["enum"][_place(reply, tuple(space))]
    if isinstance(space, Each):
        parts = zip(schema["properties"].items(), space.spaces, reply, strict=True)
        return {name: _filled(each, part, choice) for (name, each), part, choice in parts}
    return to_json(reply)


def _place(choice: Any, options: Sequence[Any]) -> int:
    return next(place for place, option in enumerate(options) if choice in OneOf((option,)))


def _encoded(value: Any, types: dict[type, int]) -> Any:
    """A value as JSON; `types` gathers the types that are named by number."""
    kind: type = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if kind is tuple:
        return [_encoded(part, types) for part in value]
    if kind in (list, frozenset):
        return {kind.__name__: [_encoded(part, types) for part in value]}
    if kind is dict:
        return {"dict": [[_encoded(key, types), _encoded(part, types)] for key, part in value.items()]}
    if kind is Fraction:
        return {"fraction": [value.numerator, value.denominator]}
    if not is_allowed(kind):
        raise BadParameter(
            f"the fake provider cannot be shown a {kind.__name__}: it is no frozen dataclass or named tuple of comity's"
        )
    number = types.setdefault(kind, len(types))
    return {"@": [number, *(_encoded(getattr(value, name), types) for name in _fields(kind))]}


def _decoded(value: Any, types: Sequence[type]) -> Any:
    if isinstance(value, list):
        return tuple([_decoded(part, types) for part in value])
    if not isinstance(value, dict):
        return value
    if "@" in value:
        number, *parts = value["@"]
        kind = types[number]
        return kind(**dict(zip(_fields(kind), [_decoded(part, types) for part in parts], strict=True)))
    ((name, said),) = value.items()
    if name not in _MADE:
        raise BadTag(f"the tag is damaged: it holds a {name!r}, which no tag may hold")
    return _MADE[name](_decoded(said, types))


_MADE: dict[str, Callable[[Any], Any]] = {
    "float": float,
    "list": list,
    "frozenset": frozenset,
    "dict": dict,
    "fraction": lambda parts: Fraction(*parts),
}


def is_allowed(kind: type) -> bool:
    """Whether a tag may name that type: a frozen dataclass or named tuple at the top of a module of these rooms."""
    package, _, rest = kind.__module__.partition(".")
    if package != "comity" or rest.split(".")[0] not in _ROOMS or kind.__qualname__ != kind.__name__:
        return False
    if _is_named_tuple(kind):
        return True
    return is_dataclass(kind) and bool(kind.__dataclass_params__.frozen)  # type: ignore[attr-defined]


def _is_named_tuple(kind: type) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


@cache
def _named(path: str) -> type:
    """The type of that path. Raises `BadTag` where no tag may name it; nothing outside the rooms is even imported."""
    module, _, name = path.partition(":")
    package, _, rest = module.partition(".")
    if package == "comity" and rest.split(".")[0] in _ROOMS and name.isidentifier():
        try:
            found = getattr(import_module(module), name, None)
        except ImportError:
            found = None
        if isinstance(found, type) and found.__module__ == module and is_allowed(found):
            return found
    raise BadTag(f"the tag names {path!r}, which no tag may name")


@cache
def _fields(kind: type) -> tuple[str, ...]:
    if _is_named_tuple(kind):
        return tuple(kind._fields)  # type: ignore[attr-defined]
    return tuple(field.name for field in fields(kind) if field.init)
