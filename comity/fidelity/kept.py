"""A comparison as a file, so that a page can be made of it without working it out again: JSON without NaN."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from comity.fidelity.audit import Audit
from comity.fidelity.comparison import Comparison
from comity.fidelity.observations import FidelityError
from comity.fidelity.parity import Item
from comity.fidelity.verdict import Verdicts

VERSION = 1
"""Raised whenever the file comes to mean something else."""

_ENDS = {"infinite": math.inf, "minus infinite": -math.inf}


@dataclass(frozen=True)
class Fidelity:
    """All that was found out about one candidate.

    parity: the checklist of each condition. audit: None where none was made. notes: what the cards of the data say of
    their limits.
    """

    comparison: Comparison
    verdicts: Verdicts
    parity: Mapping[str, tuple[Item, ...]]
    audit: Audit | None = None
    notes: tuple[str, ...] = ()


def to_json(kept: Fidelity) -> str:
    """As JSON. What is not known is null, and an infinite number is a word."""
    return json.dumps({"version": VERSION, **_plain(kept)}, ensure_ascii=False, allow_nan=False)


def write(kept: Fidelity, path: Path) -> None:
    """Write it to a file."""
    path.write_text(to_json(kept) + "\n", encoding="utf-8")


def read(path: Path) -> Fidelity:
    """What `write` wrote. Raises `FidelityError` where it is something else."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FidelityError(f"{path} is no JSON ({error}); `comity fidelity --out` writes what is wanted") from error
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise FidelityError(f"{path} was not written by `comity fidelity --out` of this version (version {VERSION})")
    try:
        found: Fidelity = _typed(Fidelity, data)
    except (KeyError, TypeError, ValueError) as error:
        raise FidelityError(f"{path}: {error} is missing or not as `comity fidelity --out` writes it") from error
    return found


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "infinite" if value > 0 else "minus infinite"
    return value


def _typed(kind: Any, value: Any) -> Any:
    """A value of that type from what JSON holds."""
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{field.name: _typed(hints[field.name], value[field.name]) for field in fields(kind)})
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return None if value is None else _typed(next(each for each in inner if each is not NoneType), value)
    if origin is tuple:
        return tuple(_typed(inner[0], part) for part in value)
    if origin is Literal:
        if value not in inner:
            raise ValueError(f"{value!r}")
        return value
    if kind is float:
        return math.nan if value is None else _ENDS[value] if isinstance(value, str) else float(value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _typed(inner[1], part) for key, part in value.items()}
    if not isinstance(value, kind):
        raise ValueError(f"{value!r}")
    return value
