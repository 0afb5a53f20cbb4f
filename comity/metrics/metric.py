"""What a metric is.

It gives every player of every match a value: its occurrences. How these become one number is the same for all metrics
and stands in `table`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from comity.core.errors import ComityError
from comity.records.tables import Tables

WHERE = ["match", "mechanism", "game", "replicate", "role", "agent"]
"""The columns of occurrences, beside their value."""


class MetricError(ComityError):
    """A question that the tables do not answer; the message is one sentence that says what may be asked."""


@dataclass(frozen=True)
class Metric:
    """Something that can be measured.

    definition: one sentence. source: where it comes from.
    unit: "score", "share" and "rank" may be averaged over games, "points" are each game's own.
    per: whose the values are. Where all players of a match have the same one, a match counts once where nobody is
        singled out. Where they are worked out of a whole cell and replicate, single matches do not tell their spread.
    occurrences: the value of every player of every match (of every play, for cooperation), with the columns match,
        mechanism, game, replicate, role, agent and value. A value that should be there and is not is NaN; where the
        game defines none there is no row. A column `unit` says which values were drawn together, where these are not
        those of a match.
    weighted: whether the values belong to the agents of a whole cell, none of which has a role in it. Then occurrences
        have a column `weight`, by which agents are averaged.
    remarks: what a reader must know of these tables, one sentence each.
    best: whether the highest value or the lowest is the best, and stands first.
    decisions: whether it reads the table of decisions.
    """

    title: str
    definition: str
    unit: Literal["score", "share", "rank", "points"]
    source: str
    occurrences: Callable[[Tables], pd.DataFrame]
    per: Literal["player", "match", "cell"] = "player"
    weighted: bool = False
    remarks: Callable[[Tables], Iterable[str]] = lambda tables: ()
    best: Literal["high", "low"] = "high"
    decisions: bool = False

    def counted(self, occurrences: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
        """The occurrences as rows by these keys take them: once for a match whose players all have the same value."""
        if self.per != "match" or {"agent", "role"} & set(by):
            return occurrences
        return occurrences.drop_duplicates("match").assign(agent="")


def decisions_of(tables: Tables, why: str) -> pd.DataFrame:
    """The table of decisions. why: what it is read for. Raises `MetricError` where the tables were made without it."""
    if tables.decisions.empty and (tables.matches["decisions"] > 0).any():
        raise MetricError(f"these tables were made without decisions, and {why}")
    return tables.decisions
