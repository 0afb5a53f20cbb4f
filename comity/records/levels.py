"""In which condition an episode was played: the level of every factor of it.

A factor is a field of a mechanism. Its level is what the cell says, the default where it says nothing; where the cell
leaves it to chance (`RANDOM`), it is what chance drew at the start of the match, which the decisions keep. So a level
is known for each match and not only for each cell.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from comity.core.chance import stream_key
from comity.core.decision import NATURE
from comity.core.space import from_json
from comity.records.catalogues import mechanisms
from comity.records.spec import Cell, Spec

if TYPE_CHECKING:
    import pandas as pd

PRESENTATION = "presentation"
"""The mechanism that tells a game; the kind of a draw that it leaves to chance is the name of the field."""
RANDOM = "random"
"""The level of a field of the presentation that chance draws anew in each match."""
COLUMNS = ("match", "factor", "level")
_LONGEST = 1_000
"""A level of more characters is told by its start."""
_FOLLOWS = "population"
"""A field that follows from the number of agents, and is no factor."""


def spelled_level(value: Any) -> str:
    """A level as labels and tables say it: text as it is, a list with strokes between, anything else as in a plan."""
    if isinstance(value, tuple | list):
        return "/".join(map(spelled_level, value))
    return value if isinstance(value, str) and value else json.dumps(value)


def shortened(text: str) -> str:
    """What labels and tables say of a value that is too long for them (a graph, say): its start, and a number that
    differs where the values do."""
    return text if len(text) <= _LONGEST else f"{text[:40]}... ({stream_key(text):016x})"


def cell_levels(cell: Cell) -> dict[str, str]:
    """The level of every field of every mechanism of a cell, by "mechanism.field".

    Where a mechanism stands in a stack more than once, the later ones are "mechanism#2", and so on.
    """
    found: dict[str, str] = {}
    seen: dict[str, int] = {}
    for spec in cell.stack:
        seen[spec.name] = seen.get(spec.name, 0) + 1
        name = spec.name if seen[spec.name] == 1 else f"{spec.name}#{seen[spec.name]}"
        fields = in_full(spec)
        named = {field: value for field, value in fields.items() if field != _FOLLOWS}
        found |= {f"{name}.{field}": shortened(spelled_level(value)) for field, value in named.items()}
    return found


def is_drawn(factor: str, level: str) -> bool:
    """Whether chance draws the level of that factor anew in each match."""
    return level == RANDOM and factor.startswith(f"{PRESENTATION}.")


def in_full(spec: Spec) -> dict[str, Any]:
    """The fields of a mechanism with the defaults of those that are not given; a field without default may be left."""
    return {**_defaults(spec.name), **spec.parameters}


@cache
def _defaults(name: str) -> dict[str, Any]:
    builder: Callable[..., Any] = mechanisms()[name]
    parameters = inspect.signature(builder).parameters.values()
    return {
        each.name: each.default
        for each in parameters
        if each.default is not inspect.Parameter.empty and each.name != "base"
    }


def levels(matches: pd.DataFrame, decisions: pd.DataFrame, cells: Mapping[tuple[str, str], Cell]) -> pd.DataFrame:
    """The level of every factor in every match, with the columns of `COLUMNS`, sorted by match.

    matches: with the columns match, mechanism and game. decisions: those of these matches, as in the tables; where they
    are missing, what chance drew is told as `RANDOM`. cells: by mechanism and game.
    """
    import pandas as pd

    of_cell = {key: cell_levels(cell) for key, cell in cells.items()}
    drawn = _drawn(decisions)
    where = zip(matches["match"].tolist(), matches["mechanism"].tolist(), matches["game"].tolist(), strict=True)
    rows = [
        (match, factor, drawn.get((match, factor), level) if is_drawn(factor, level) else level)
        for match, mechanism, game in where
        for factor, level in of_cell.get((mechanism, game), {}).items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _drawn(decisions: pd.DataFrame) -> dict[tuple[int, str], str]:
    """What chance drew of the presentation of each match, by match and factor; of several draws all, in their order."""
    draws = decisions[decisions["player"] == NATURE]
    found: dict[tuple[int, str], str] = {}
    for match, kind, choice in _in_order(draws):
        key, level = (match, f"{PRESENTATION}.{kind}"), spelled_level(from_json(json.loads(choice)))
        found[key] = f"{found[key]}/{level}" if key in found else level
    return found


def _in_order(draws: pd.DataFrame) -> Iterator[tuple[int, str, str]]:
    ordered = draws.sort_values(["match", "step", "slot"], kind="stable")
    return zip(ordered["match"].tolist(), ordered["kind"].tolist(), ordered["choice"].tolist(), strict=True)
