"""What a reader of the page adds to it: how capable agents are, whether published figures stand beside them, people."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from comity.core.errors import ComityError
from comity.report.held import Held
from comity.words.phrases import listed


class CapabilityError(ComityError):
    """Capabilities cannot be read; one sentence says what was found and what is wanted."""


@dataclass(frozen=True)
class Beside:
    """What stands beside the runs.

    capability: a number for each agent by its label. published: whether published figures do. people: what was found
    when agents were held against people; None where nobody asked.
    """

    capability: Mapping[str, float] = field(default_factory=dict)
    published: bool = False
    people: Held | None = None


NOTHING_BESIDE = Beside()


def read_capability(path: Path, agents: Collection[str]) -> dict[str, float]:
    """The numbers in that TOML file, one `label = number` for each agent, such as the rating of a public leaderboard.

    agents: the labels there are. Raises `CapabilityError`.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CapabilityError(f"{path}: the capabilities cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CapabilityError(f"{path}: the capabilities cannot be read: this is not text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise CapabilityError(f"{path}: this is not TOML: {error}") from None
    if not document:
        raise CapabilityError(f"{path}: there is no capability in it; it needs lines like label = 1250")
    found = {label: _number(path, label, value) for label, value in document.items()}
    unknown = [label for label in found if label not in agents]
    if unknown:
        raise CapabilityError(f"{path}: no agent is called {unknown[0]!r}; there are {listed(list(map(repr, agents)))}")
    return found


def _number(path: Path, label: str, value: Any) -> float:
    if isinstance(value, dict):
        raise CapabilityError(
            f"{path}: {label!r} is a table and must be a number; a label with a dot or a space stands in quotes"
        )
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise CapabilityError(f"{path}: {label!r} must be a finite number, not {value!r}")
    return float(value)
