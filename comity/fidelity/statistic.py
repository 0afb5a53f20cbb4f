"""What a statistic of fidelity is: a function of what a candidate and people did, with its place in the verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from comity.fidelity.observations import Floats, Weighted

Level: TypeAlias = Literal["macro", "heterogeneity", "rule", "joint"]
"""At which level people and agents are compared: the aggregate, individual differences, the rule by which an
individual decides, and what becomes of rules that meet each other."""

LEVELS: tuple[Level, ...] = ("macro", "heterogeneity", "rule", "joint")

Need: TypeAlias = Literal["own", "neighbours", "degree", "pay", "links", "rounds"]
"""What observations must have: a column that is known, links, or at least ten rounds."""

Measure: TypeAlias = Callable[[Weighted, Weighted], Floats]
"""Of the candidate and of people: one number per draw. Either side may have one draw that is held against all draws of
the other."""


@dataclass(frozen=True)
class Statistic:
    """One way to hold a candidate against people.

    key: as in the reference of the docs, such as "M2"; parts and variants after a dot, "M2.mae". title: in words.
    level: where it belongs. kind: "distance" is 0 at best and never negative; "signed" is 0 at best; "score" is told
        beside people's own value and has no distance of its own.
    primary: whether verdicts rest on it; all others describe.
    of: the number. value: for "signed" and "score" statistics of one side alone, that side's number, else None.
    floors: the cheap rules it is held against, by name (see `comity.fidelity.floors`).
    needs: what observations must have for it to be known.
    """

    key: str
    title: str
    level: Level
    kind: Literal["distance", "signed", "score"]
    of: Measure
    primary: bool = False
    value: Callable[[Weighted], Floats] | None = None
    floors: tuple[str, ...] = ()
    needs: frozenset[Need] = frozenset()
