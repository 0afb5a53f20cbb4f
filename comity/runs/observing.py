"""From recorded games to a plan in which agents watch them and predict what is done next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import tomli_w

from comity.core.errors import ComityError
from comity.core.match import replay
from comity.core.outcome import stage_plays
from comity.records.record import Record
from comity.records.spec import Cell, Spec
from comity.runs.fields import MODEL
from comity.runs.spelling import parse_spec

_REPEATS = frozenset({"repetition", "random_continuation"})
_KEPT = frozenset({"rescaling", "presentation"})
"""What an observer is told as the players were; levels that a presentation leaves to chance are drawn anew."""
_PRIVATE = frozenset({"prediction", "belief", "personas"})
"""What changes nothing of what was played, and was no business of an onlooker."""


class NotObservable(ComityError):
    """A recorded match that cannot be watched round by round."""


def observing(
    source: str, records: Sequence[Record], seat: int, scripts: Sequence[str], models: Sequence[str]
) -> dict[str, Any]:
    """The plan in which these agents watch these matches: one mechanism for each match, and one match for each agent.

    source: what the run is called. records: finished matches of one game for two, repeated and otherwise as it is but
    for predictions, beliefs and personas, which are left out, and rescaling and presentation, which are kept. seat:
    whose actions are predicted, counted from 1. scripts: scripted agents as `parse_spec` reads them. models: model
    strings.

    Raises `NotObservable` for other matches, and `BadParameter` for an agent that there is not.
    """
    games = {record.match.cell.game: record.match.cell for record in records}
    if len(games) > 1:
        names = " and ".join(cell.game_label for cell in games.values())
        raise NotObservable(f"the matches are of different games ({names}), and one plan observes one: write several")
    [cell] = games.values()
    return {
        "name": f"observers of {source}",
        "seed": 0,
        "games": [{**cell.game.to_json(), "label": f"observed {cell.game_label}"}],
        "mechanisms": [{"label": _called(record, seat), "stack": list(_stack(record, seat))} for record in records],
        "agents": [*map(scripted, scripts), *({"name": MODEL, "model": model} for model in models)],
    }


def spelled(plan: Mapping[str, Any]) -> str:
    """The plan as its file has it."""
    return tomli_w.dumps(plan)


def scripted(text: str) -> dict[str, Any]:
    """A scripted agent that is spelled on one line, as a plan has it. Raises `BadParameter` where there is none."""
    fields: dict[str, Any] = parse_spec(text, "agents").to_json()
    return fields | ({"label": text} if len(fields) > 1 else {})


def _called(record: Record, seat: int) -> str:
    return f"match {record.match.index}, seat {seat}"


def _stack(record: Record, seat: int) -> Iterator[dict[str, Any]]:
    inside, outside = _around(record)
    yield from (spec.to_json() for spec in inside)
    yield {"name": "observation", "moves": [list(profile) for profile in _moves(record)], "seat": seat}
    yield from (spec.to_json() for spec in outside)


def _around(record: Record) -> tuple[list[Spec], list[Spec]]:
    """What stays below the observation, and what above it. Raises `NotObservable`."""
    stack = [spec for spec in record.match.cell.stack if spec.name not in _PRIVATE]
    places = [place for place, spec in enumerate(stack) if spec.name in _REPEATS]
    others = [spec.name for spec in stack if spec.name not in _REPEATS | _KEPT]
    if len(places) != 1 or others:
        raise NotObservable(
            f"match {record.match.index} was played under {_stacked(record.match.cell)}; observed can be a game "
            "that is repeated, and nothing else but predictions, beliefs, personas, rescaling and presentation"
        )
    [place] = places
    return stack[:place], stack[place + 1 :]


def _stacked(cell: Cell) -> str:
    return " of ".join(spec.name for spec in reversed(cell.stack)) or "no mechanism"


def _moves(record: Record) -> list[tuple[str, ...]]:
    """What was played, round by round. Raises `NotObservable`."""
    if record.status != "finished":
        raise NotObservable(f"match {record.match.index} is {record.status}, so there are no moves to observe")
    outcome = replay(record.match.cell.built, record.choices).outcome
    if outcome is None or outcome.n_players != 2:
        raise NotObservable(f"match {record.match.index} is of {len(record.match.agents)} players; observed are two")
    return [play.outcome.actions for play in stage_plays(outcome)]
