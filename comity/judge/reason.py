"""What is judged: the words in which a player said why it acts, and where they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from comity.judge.errors import JudgeError

if TYPE_CHECKING:
    import pandas as pd

Level: TypeAlias = Literal["reason", "game", "prompt", "action"]

LEVELS: dict[Level, tuple[str, ...]] = {
    "reason": (),
    "game": ("rules",),
    "prompt": ("rules", "prompt"),
    "action": ("rules", "prompt", "action", "payoffs"),
}
"""What a judge sees besides the reason: nothing, the game and its mechanism, what the player was asked, and what it did
and was paid. Each level has what is in the one before."""


@dataclass(frozen=True)
class Reason:
    """One answer of a player, with what is known of it; empty text where something is not known.

    id: different from those of all others. game, mechanism, agent: the cell it was given in. match: what was drawn
    together with it; reasons without one stand for themselves. rules: game and mechanism in words. prompt: what the
    player was asked. action: what it did. payoffs: what it was paid for that.
    """

    id: str
    text: str
    game: str = ""
    mechanism: str = ""
    agent: str = ""
    match: str = ""
    rules: str = ""
    prompt: str = ""
    action: str = ""
    payoffs: str = ""

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


def checked(reasons: Iterable[Reason], level: Level, source: str) -> Iterator[Reason]:
    """The same reasons. Raises `JudgeError` at one without an id of its own, a text or what the level shows."""
    seen: set[str] = set()
    for reason in reasons:
        if not reason.id or reason.id in seen:
            raise JudgeError(f"{source}: every reason needs an id of its own; {reason.id or 'an empty one'!r} is not")
        seen.add(reason.id)
        if not reason.text.strip():
            raise JudgeError(f"{source}: the reason {reason.id!r} has no text")
        lacking = [field for field in LEVELS[level] if not getattr(reason, field)]
        if lacking:
            raise JudgeError(
                f"{source}: the context {level!r} shows {', '.join(LEVELS[level])}, and of the reason {reason.id!r} "
                f"nothing is known about: {', '.join(lacking)}"
            )
        yield reason


_NAMES = {"id": ("id", "trace_id"), "match": ("match", "match_id")}
"""Under which names a column may stand in a file; all others have one."""
_OPTIONAL = ("game", "mechanism", "agent", "match", "rules", "prompt", "action", "payoffs")


def reasons_in(path: Path) -> list[Reason]:
    """The reasons in a Parquet file, in its order.

    Columns: `id` (or `trace_id`) and `text`; and, where known, `game`, `mechanism`, `agent`, `match` (or `match_id`;
    numbered within `exp_id` where there is one), `rules`, `prompt`, `action` and `payoffs`. `rules` not given are the
    names of game and mechanism. Raises `JudgeError` where the file cannot be read or a column is missing.
    """
    import pandas as pd
    import pyarrow as pa

    try:
        frame = pd.read_parquet(path)
    except FileNotFoundError:
        raise JudgeError(f"{path}: there is no such file of reasons") from None
    except (OSError, pa.ArrowException, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise JudgeError(f"{path}: the reasons cannot be read as Parquet: {said}") from None
    columns = {name: _column(frame, name, path) for name in ("id", "text")}
    columns |= {name: _column(frame, name) for name in _OPTIONAL}
    if "exp_id" in frame:
        columns["match"] = [
            f"{one}/{match}" for one, match in zip(_column(frame, "exp_id"), columns["match"], strict=True)
        ]
    rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    return [Reason(**{**row, "rules": row["rules"] or _named(row["game"], row["mechanism"])}) for row in rows]


def _column(frame: pd.DataFrame, name: str, needed_in: Path | None = None) -> list[str]:
    found = next((column for column in _NAMES.get(name, (name,)) if column in frame), None)
    if found is None and needed_in is not None:
        there = ", ".join(map(str, frame.columns))
        raise JudgeError(f"{needed_in}: reasons need a column {name!r}; there are: {there}")
    if found is None:
        return [""] * len(frame)
    column = frame[found]
    return ["" if missing else str(value) for value, missing in zip(column, column.isna(), strict=True)]


def _named(game: str, mechanism: str) -> str:
    parts = [f"The game is called {game}." if game else "", f"It is played under: {mechanism}." if mechanism else ""]
    return " ".join(filter(None, parts))
