"""A record as Inspect's logs keep it, and what is measured of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from math import nan
from typing import Any, TypeAlias

from inspect_ai.scorer import Score

from comity.records.record import Record
from comity.records.spec import MatchSpec
from comity.records.store import Row, stored
from comity.records.tables import tables

STORE = "comity"
"""Under this name the store of a sample holds the record of its match."""

MEASURES = ("payoff", "score", "cooperation")
Measures: TypeAlias = Mapping[str, Sequence[float | None]]
"""The number of each player, by the name of the measure."""


def kept(record: Record, seed: int, measures: Measures) -> dict[str, Any]:
    """The record as JSON, with all that is needed to play the match again, and what it measures."""
    return {"seed": seed, "record": stored(record)._asdict(), "measures": measures}


def row_of(data: Mapping[str, Any]) -> Row:
    """The stored record in what `kept` gave. Raises `KeyError` or `TypeError` where it is not that."""
    return Row(**data["record"])


def measured(records: Iterable[Record]) -> dict[int, Measures]:
    """What each match measures, by its index; a number is None where there is none, as in a forfeited match."""
    found = tables(records, decisions=False)
    keys = ["match", "player"]
    outcomes = found.outcomes.set_index(keys)
    cooperated = found.plays.dropna(subset=["cooperated"]).astype({"cooperated": float})
    columns = {
        "payoff": outcomes["payoff"].to_dict(),
        "score": outcomes["score"].to_dict(),
        "cooperation": cooperated.groupby(keys)["cooperated"].mean().to_dict(),
    }
    sizes = zip(found.matches["match"], found.matches["players"], strict=True)
    return {
        int(match): {
            name: [_number(column.get((match, player), nan)) for player in range(players)]
            for name, column in columns.items()
        }
        for match, players in sizes
    }


def _number(value: Any) -> float | None:
    return None if value != value else float(value)


def score_of(held: Mapping[str, Any], measure: str, players: int) -> Score:
    """That measure of what `kept` gave, one value for each of so many players.

    A forfeited match has none, and says why; a match that was not scored for another reason has NaN for each player.
    """
    failure = json.loads(held["record"]["failure"])
    if failure:
        return Score.unscored(reason=failure["cause"], explanation=failure["reason"])
    numbers: Sequence[float | None] = held["measures"][measure]
    told = [nan if number is None else number for number in numbers]
    return Score(value={f"player_{n + 1}": told[n] if n < len(told) else nan for n in range(players)})


def identifier(match: MatchSpec) -> str:
    """What the sample of a match is called; Inspect sorts samples by it, as text."""
    return f"match-{match.index:05d}"


def told(match: MatchSpec) -> str:
    """What is played by whom, in one line."""
    who = ", ".join(f"player {player + 1} {label}" for player, label in enumerate(match.agents))
    return f"{match.cell.game_label} under {match.cell.mechanism_label}: {who}"


def metadata_of(match: MatchSpec) -> dict[str, Any]:
    """What tells one match from another, by the names that our tables use."""
    return {
        "game": match.cell.game_label,
        "mechanism": match.cell.mechanism_label,
        "replicate": match.replicate,
        "repeat": match.repeat,
        "players": list(match.agents),
    }


def role_of(match: MatchSpec, player: int) -> str:
    """The label of the agent; with the player where it sits in several seats, so that these stay apart."""
    label = match.agents[player]
    return label if match.agents.count(label) == 1 else f"{label} ({player + 1})"
