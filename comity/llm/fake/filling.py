"""A value that fits a JSON schema, at random.

Read are: `$ref` within the schema, `anyOf`, `oneOf`, `enum`, `const`, the types, bounds of numbers, lengths of text,
and `items`, `minItems`, `maxItems`, `uniqueItems` of lists.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from comity.llm.fake.chance import Chance

Schema: TypeAlias = Mapping[str, Any]
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SPAN = 100
"""How far a number may lie from the one end it is given."""
_DEEPEST = 40


def filled_at_random(schema: Schema, chance: Chance) -> Any:
    """A value that fits. Raises `ValueError` where the schema says something that is not read here."""
    return _value(schema, chance, schema, 0)


def _value(schema: Schema, chance: Chance, root: Schema, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError(f"the schema is more than {_DEEPEST} levels deep")
    if "$ref" in schema:
        return _value(_referred(schema["$ref"], root), chance, root, depth + 1)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            among = schema[word]
            return _value(among[chance.at(word).below(len(among))], chance, root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][chance.below(len(schema["enum"]))]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[chance.at("type").below(len(kind))]
    if kind not in _MAKERS:
        raise ValueError(f"the schema asks for the type {kind!r}; known are {', '.join(_MAKERS)}")
    return _MAKERS[kind](schema, chance, root, depth)


def _referred(reference: str, root: Schema) -> Schema:
    if not reference.startswith("#"):
        raise ValueError(f"the schema refers to {reference!r}, which lies outside it")
    found: Any = root
    for part in reference.removeprefix("#").split("/")[1:]:
        if not isinstance(found, Mapping) or part not in found:
            raise ValueError(f"the schema refers to {reference!r}, which it does not have")
        found = found[part]
    return found  # type: ignore[no-any-return]


def _object(schema: Schema, chance: Chance, root: Schema, depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    return {name: _value(each, chance.at("property", name), root, depth + 1) for name, each in properties.items()}


def _array(schema: Schema, chance: Chance, root: Schema, depth: int) -> list[Any]:
    low = schema.get("minItems", 0)
    size = low + chance.at("size").below(schema.get("maxItems", low + 2) - low + 1)
    found: list[Any] = []
    seen: set[str] = set()
    for attempt in range(100 * size):
        if len(found) == size:
            break
        value = _value(schema.get("items", {}), chance.at("item", attempt), root, depth + 1)
        text = json.dumps(value, sort_keys=True)
        if not (schema.get("uniqueItems") and text in seen):
            found.append(value)
            seen.add(text)
    return found


def _string(schema: Schema, chance: Chance, root: Schema, depth: int) -> str:
    low = schema.get("minLength", 0)
    size = low + chance.at("size").below(min(schema.get("maxLength", low + 20), low + 20) - low + 1)
    return "".join(_LETTERS[chance.at("letter", i).below(len(_LETTERS))] for i in range(size))


def _integer(schema: Schema, chance: Chance, root: Schema, depth: int) -> int:
    low, high = _ends(schema)
    return int(low) + chance.below(int(high) - int(low) + 1)


def _number(schema: Schema, chance: Chance, root: Schema, depth: int) -> float:
    low, high = _ends(schema)
    return low + chance.uniform() * (high - low)


def _ends(schema: Schema) -> tuple[float, float]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None:
        low = 0 if high is None else high - _SPAN
    return low, low + _SPAN if high is None else high


_MAKERS: dict[str, Callable[[Schema, Chance, Schema, int], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": lambda schema, chance, root, depth: chance.below(2) == 1,
    "null": lambda schema, chance, root, depth: None,
}
