"""From recorded games to a plan in which agents are asked, at every recorded history, what they would do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from comity.core.errors import BadParameter, BadStack, ComityError
from comity.core.space import to_json
from comity.records.record import Record
from comity.records.spec import Cell, Spec

FORCED = "forced"


class NotProbeable(ComityError):
    """Recorded matches at whose histories nobody can be asked."""


def probed(records: Iterable[Record], most: int | None = None) -> list[Record]:
    """The finished ones among the records, at most so many, in their order: those with the lowest digests.

    The same records give the same choice, and a smaller one is a part of a larger one.
    """
    found = [record for record in records if record.status == "finished"]
    if most is None or most >= len(found):
        return found
    kept = set(sorted((record.match.index for record in found), key=_lot)[:most])
    return [record for record in found if record.match.index in kept]


def _lot(index: int) -> bytes:
    return hashlib.sha256(str(index).encode()).digest()


def probing(
    source: str,
    records: Sequence[Record],
    agents: Sequence[dict[str, Any]],
    samples: int = 1,
    rounds: Sequence[int] = (),
) -> dict[str, Any]:
    """The plan that puts every decision of these matches to each of these agents, in all seats.

    source: what the run is called. records: finished matches of one cell. agents: as in a plan. samples: how often each
    decision is put. rounds: at which steps, counted from 1; all unless given. The session that a match belongs to is
    its replicate.

    Raises `NotProbeable` where matches are of several cells or cannot be played again as probes.
    """
    cells = list(dict.fromkeys(record.match.cell for record in records))
    if len(cells) != 1:
        raise NotProbeable(_several(cells))
    [cell] = cells
    return {
        "name": f"probes of {source}",
        "seed": 0,
        "replicates": samples,
        "games": [{**cell.game.to_json(), "label": cell.game_label}],
        "mechanisms": [_stack(record, rounds) for record in records],
        "agents": list(agents),
        "matching": {"kind": "alike"},
    }


def _several(cells: Sequence[Cell]) -> str:
    if not cells:
        return "there is no finished match to probe"
    named = "; ".join(f"{cell.game_label} under {cell.mechanism_label}" for cell in cells[:8])
    more = " and others" if len(cells) > 8 else ""
    return f"one plan probes one cell, and these matches are of several: {named}{more} (name one)"


def _stack(record: Record, rounds: Sequence[int]) -> dict[str, Any]:
    spec = record.match
    choices = json.dumps(to_json(record.choices), ensure_ascii=False, separators=(",", ":"))
    fields = {"choices": choices, "session": spec.replicate, **({"rounds": list(rounds)} if rounds else {})}
    forced = Spec.of(FORCED, fields)
    label = f"match {spec.index} of session {spec.replicate}"
    try:
        _ = Cell(spec.cell.game_label, label, spec.cell.game, (*spec.cell.stack, forced)).built
    except (BadParameter, BadStack) as error:
        raise NotProbeable(f"match {spec.index}: {error}") from None
    return {"label": label, "stack": [*(one.to_json() for one in spec.cell.stack), forced.to_json()]}
