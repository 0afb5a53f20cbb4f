"""What there is to play, each with its fields and the first sentence of its definition."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from comity.runs.fields import Kind, catalogue, fields_of


def described(kind: Kind) -> Iterator[tuple[str, str]]:
    """For every entry of that kind its spelling with default fields, and what it is in one sentence."""
    for name, entry in catalogue(kind).items():
        fields = ", ".join(_spelled(parameter) for parameter in fields_of(entry).values())
        yield (f"{name}({fields})" if fields else name), _first_sentence(entry)


def _spelled(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return parameter.name
    return f"{parameter.name}={parameter.default!r}"


def _first_sentence(entry: Callable[..., Any]) -> str:
    whole = inspect.getdoc(entry.func if isinstance(entry, partial) else entry) or ""
    return " ".join(whole.split("\n\n")[0].split())
