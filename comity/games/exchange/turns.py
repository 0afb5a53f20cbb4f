"""What an agent may do, as plain choices: a turn is a tuple of actions, an action a tuple that begins with its kind.

    ("request", piece, to)            asks one agent for one piece; to = 0 asks everybody who holds it
    ("share", (piece, ...), to)       gives copies to one agent; with codes: ("share", (piece, ...), to, (code, ...))
    ("submit", task)                  hands in one task
    ("message", to, text)             tells one agent something
    ("broadcast", text)               tells everybody something

A turn is legal if it has this shape. Whether an action can be carried out is for the rules: one that cannot is refused
with a reason that its agent sees, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from comity.core.errors import NotEnumerable
from comity.core.space import Schema

Kind: TypeAlias = Literal["request", "share", "submit", "message", "broadcast"]
Action: TypeAlias = tuple[Any, ...]

KINDS: tuple[Kind, ...] = ("request", "share", "submit", "message", "broadcast")


@dataclass(frozen=True)
class Turn:
    """Any number of actions, up to `most`, of these kinds.

    codes: whether whoever shares states the code of each piece. longest: how many characters a text may have.
    """

    kinds: tuple[Kind, ...]
    codes: bool = False
    most: int = 1_000
    longest: int = 500

    def __contains__(self, choice: object) -> bool:
        return type(choice) is tuple and len(choice) <= self.most and all(map(self._admits, choice))

    def __iter__(self) -> Iterator[tuple[Action, ...]]:
        raise NotEnumerable("turns of several actions cannot be listed")

    def __str__(self) -> str:
        return f"a list of at most {self.most} actions, each one of {', '.join(self.kinds)}"

    def _admits(self, action: object) -> bool:
        if type(action) is not tuple or not action or action[0] not in self.kinds:
            return False
        match action:
            case ("request", piece, to):
                return _whole(piece) and _whole(to)
            case ("share", tuple() as pieces, to):
                return not self.codes and bool(pieces) and all(map(_whole, pieces)) and _whole(to)
            case ("share", tuple() as pieces, to, tuple() as codes):
                alike = len(pieces) == len(codes) > 0
                return self.codes and alike and all(map(_whole, (*pieces, *codes))) and _whole(to)
            case ("submit", task):
                return _whole(task)
            case ("message", to, text):
                return _whole(to) and self._text(text)
            case ("broadcast", text):
                return self._text(text)
            case _:
                return False

    def _text(self, text: object) -> bool:
        return type(text) is str and 0 < len(text) <= self.longest

    def schema(self) -> Schema:
        return {"type": "array", "maxItems": self.most, "items": {"anyOf": [self._action(kind) for kind in self.kinds]}}

    def _action(self, kind: Kind) -> Schema:
        whole: Schema = {"type": "integer"}
        text: Schema = {"type": "string", "minLength": 1, "maxLength": self.longest}
        several: Schema = {"type": "array", "items": whole, "minItems": 1}
        codes = [several] if self.codes else []
        parts: dict[Kind, list[Schema]] = {
            "request": [whole, whole],
            "share": [several, whole, *codes],
            "submit": [whole],
            "message": [whole, text],
            "broadcast": [text],
        }
        entries = [{"const": kind}, *parts[kind]]
        return {"type": "array", "prefixItems": entries, "minItems": len(entries), "maxItems": len(entries)}


def _whole(value: object) -> bool:
    return type(value) is int and abs(value) < 10**9
