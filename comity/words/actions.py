"""A turn of several actions as JSON: a list of objects, each with its kind under "do" and then what it needs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from comity.core.space import Schema
from comity.games.exchange.turns import Action, Kind, Turn

DO = "do"
_FIELDS: dict[Kind, tuple[str, ...]] = {
    "request": ("piece", "to"),
    "share": ("pieces", "to"),
    "submit": ("task",),
    "message": ("to", "text"),
    "broadcast": ("text",),
}
_SEVERAL = ("pieces", "codes")


def fields_of(kind: Kind, space: Turn) -> tuple[str, ...]:
    """What an action of that kind needs besides its kind, in the order of the action."""
    return (*_FIELDS[kind], "codes") if kind == "share" and space.codes else _FIELDS[kind]


@dataclass(frozen=True)
class Unfit(Exception):
    """What stands in place of an action, as a clause; allowed: whether it is an action, but none that may be taken."""

    found: str
    allowed: bool = False


def schema(space: Turn) -> Schema:
    """The JSON schema of the list."""
    return {"type": "array", "items": {"anyOf": [_schema(kind, space) for kind in space.kinds]}}


def _schema(kind: Kind, space: Turn) -> Schema:
    names = (DO, *fields_of(kind, space))
    properties = {name: _field(name) for name in names} | {DO: {"type": "string", "enum": [kind]}}
    return {"type": "object", "properties": properties, "required": list(names), "additionalProperties": False}


def _field(name: str) -> Schema:
    if name == "text":
        return {"type": "string"}
    return {"type": "array", "items": {"type": "integer"}} if name in _SEVERAL else {"type": "integer"}


def told(space: Turn) -> str:
    """The list as a pattern: what to fill in stands in angle brackets."""
    return "[" + ", ".join(_told(kind, space) for kind in space.kinds) + ", ...]"


def _told(kind: Kind, space: Turn) -> str:
    parts = (f'"{name}": {_pattern(kind, name, space)}' for name in fields_of(kind, space))
    return "{" + ", ".join([f'"{DO}": "{kind}"', *parts]) + "}"


def _pattern(kind: Kind, name: str, space: Turn) -> str:
    if name == "text":
        return f'"<text of 1 to {space.longest} characters>"'
    if name in _SEVERAL:
        return "[<numbers>]"
    return "<number, or 0 for all who hold it>" if (kind, name) == ("request", "to") else "<number>"


def read(value: Any, space: Turn) -> tuple[Action, ...]:
    """The turn that a value of JSON says. Raises `Unfit`."""
    if type(value) is not list:
        raise Unfit(f"{_seen(value)} stands where a list of actions belongs")
    if len(value) > space.most:
        raise Unfit(f"there are {len(value):,} actions, and {space.most:,} are the most", allowed=True)
    return tuple(_action(entry, space) for entry in value)


def _action(entry: Any, space: Turn) -> Action:
    if type(entry) is not dict:
        raise Unfit(f"{_seen(entry)} stands where an action belongs")
    kind = entry.get(DO)
    if type(kind) is not str or kind not in _FIELDS:
        raise Unfit(f'an action needs "{DO}" with one of {", ".join(space.kinds)}, and {_seen(entry)} has not')
    if kind not in space.kinds:
        raise Unfit(f"{kind} is no action of this turn, which has {', '.join(space.kinds)}", allowed=True)
    names = fields_of(kind, space)
    if set(entry) != {DO, *names}:
        raise Unfit(f"{kind} needs exactly {', '.join((DO, *names))}, and {_seen(entry)} has others")
    action: Action = (kind, *(_value(kind, name, entry[name]) for name in names))
    if (action,) not in space:
        raise Unfit(f"{_seen(entry)} is not allowed", allowed=True)
    return action


def _value(kind: str, name: str, value: Any) -> Any:
    if name == "text":
        if type(value) is not str or any("\ud800" <= sign <= "\udfff" for sign in value):
            raise Unfit(f"{kind} needs {name} as text, not {_seen(value)}")
        return value
    if name in _SEVERAL:
        if type(value) is not list or any(type(part) is not int for part in value):
            raise Unfit(f"{kind} needs {name} as a list of whole numbers, not {_seen(value)}")
        return tuple(value)
    if type(value) is not int:
        raise Unfit(f"{kind} needs {name} as a whole number, not {_seen(value)}")
    return value


_TYPED: dict[Kind, tuple[str, re.Pattern[str]]] = {
    "request": ("request PIECE from AGENT (or from all)", re.compile(r"(\d+) from (\d+|all)")),
    "share": ("share PIECE PIECE ... with AGENT", re.compile(r"(\d+(?: \d+)*) with (\d+)")),
    "submit": ("submit TASK", re.compile(r"(\d+)")),
    "message": ("message AGENT TEXT", re.compile(r"(\d+) (.+)")),
    "broadcast": ("broadcast TEXT", re.compile(r"(.+)")),
}
"""How a person types an action: its kind, and then this."""
_WITH_CODES = ("share PIECE:CODE PIECE:CODE ... with AGENT", re.compile(r"(\d+:\d+(?: \d+:\d+)*) with (\d+)"))


def typing(space: Turn) -> tuple[str, ...]:
    """How each action of such a turn is typed."""
    return tuple(_form(kind, space)[0] for kind in space.kinds)


def _form(kind: Kind, space: Turn) -> tuple[str, re.Pattern[str]]:
    return _WITH_CODES if kind == "share" and space.codes else _TYPED[kind]


def typed(text: str, space: Turn) -> tuple[Action, ...] | None:
    """The turn that a person typed, with a semicolon between actions; nothing is an empty one. None is no turn."""
    parts = [" ".join(part.split()) for part in text.split(";")] if text.strip() else []
    actions = tuple(action for part in parts if (action := _typed(part, space)))
    return actions if len(actions) == len(parts) and actions in space else None


def _typed(part: str, space: Turn) -> Action | None:
    word, _, rest = part.partition(" ")
    kind = next((kind for kind in space.kinds if kind == word.casefold()), None)
    found = _form(kind, space)[1].fullmatch(rest) if kind else None
    if kind is None or found is None:
        return None
    match kind:
        case "request":
            return (kind, int(found[1]), 0 if found[2] == "all" else int(found[2]))
        case "share":
            named = [tuple(map(int, piece.split(":"))) for piece in found[1].split()]
            columns = tuple(zip(*named, strict=True))
            return (kind, columns[0], int(found[2]), *columns[1:])
        case "submit":
            return (kind, int(found[1]))
        case "message":
            return (kind, int(found[1]), found[2])
        case _:
            return (kind, found[1])


def spelled(turn: tuple[Action, ...], space: Turn) -> list[dict[str, Any]]:
    """The turn as a value of JSON."""
    return [
        {DO: action[0], **{name: list(part) if type(part) is tuple else part for name, part in _parts(action, space)}}
        for action in turn
    ]


def _parts(action: Action, space: Turn) -> list[tuple[str, Any]]:
    return list(zip(fields_of(action[0], space), action[1:], strict=True))


def _seen(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 80 else f"{text[:77]}..."
