"""What can be named in a catalogue, the fields it takes, and what is wrong with those it is given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import Any, Literal, TypeAlias, get_args, get_origin

from pydantic import ConfigDict, PydanticSchemaGenerationError, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from comity.agents.function import PythonFunction
from comity.agents.model import LanguageModel
from comity.records.catalogues import games, mechanisms, strategies
from comity.records.spec import frozen
from comity.runs.shape import requirement, shown, unknown

Kind: TypeAlias = Literal["games", "mechanisms", "agents"]


MODEL = "model"
"""What the agents of a plan call a language model."""
FUNCTION = "function"
"""What they call a Python function of the user's own; every other agent is a strategy."""
WAITED_FOR = frozenset({MODEL, FUNCTION})
"""The agents that are no strategies: they are told the decision in words, and take their time."""


_ENTRIES = {str: "texts", int: "whole numbers", float: "numbers"}


def catalogue(kind: Kind) -> Mapping[str, Callable[..., Any]]:
    """What can be named of that kind."""
    return _CATALOGUES[kind]()


def _agents() -> Mapping[str, Callable[..., Any]]:
    return {**strategies(), MODEL: LanguageModel, FUNCTION: PythonFunction}


_CATALOGUES: Mapping[Kind, Callable[[], Mapping[str, Callable[..., Any]]]] = {
    "games": games,
    "mechanisms": mechanisms,
    "agents": _agents,
}


def fields_of(entry: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The fields that an entry of a catalogue takes, without the game a mechanism stands on."""
    parameters = inspect.signature(entry).parameters
    return {name: parameter for name, parameter in parameters.items() if name != "base"}


def problems_of(entry: str, fields: Mapping[str, Any], builder: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the fields that are given for an entry of a catalogue, by field."""
    parameters, types = fields_of(builder), _types(builder)
    for name, value in fields.items():
        if name not in parameters:
            yield name, unknown(f"field of {entry}", name, list(parameters))
        elif problem := _mistake(value, types.get(name, Any)):
            yield name, f"{problem}, not {shown(value)}"
    for name, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty and name not in fields:
            yield name, f"{entry} needs the field {name!r}"


def _types(builder: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        parameters = inspect.signature(builder, eval_str=True).parameters
    except NameError:  # a plugin whose types cannot be named from outside is checked when it is built
        return {}
    empty = inspect.Parameter.empty
    return {name: parameter.annotation for name, parameter in parameters.items() if parameter.annotation is not empty}


def _mistake(value: Any, wanted: Any) -> str | None:
    """What the value must be and is not."""
    if not _is_plain(value):
        return "must be text, a finite number, true or false, or a list of these"
    try:
        TypeAdapter(wanted, config=ConfigDict(strict=True)).validate_python(frozen(value))
    except ValidationError as error:
        return " or ".join(dict.fromkeys(_requirement(detail, wanted) for detail in error.errors(include_url=False)))
    except PydanticSchemaGenerationError:  # a type of a plugin's own
        return None
    return None


def _requirement(detail: ErrorDetails, wanted: Any) -> str:
    """What the value must be; a plan has lists where we have tuples."""
    if detail["type"] in ("missing", "too_long") and detail["loc"]:
        return "must have the right number of parts in each entry"
    if detail["type"] != "tuple_type":
        return requirement(detail)
    entries = {_ENTRIES.get(entry) for each in (wanted, *get_args(wanted)) for entry in _entries(each)}
    kind = entries.pop() if len(entries) == 1 else None
    return f"must be a list of {kind}" if kind else "must be a list"


def _entries(wanted: Any) -> tuple[Any, ...]:
    """What may stand in a tuple of that type."""
    return tuple(each for each in get_args(wanted) if each is not Ellipsis) if get_origin(wanted) is tuple else ()


def _is_table(value: Any) -> bool:
    """A table may stand in a list: a part of something, with fields of its own."""
    return isinstance(value, dict) and all(map(_is_plain, value.values()))


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_plain(each) or _is_table(each) for each in value)
    return isinstance(value, str | bool | int) or (isinstance(value, float) and isfinite(value))
