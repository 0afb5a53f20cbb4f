"""In which situation each reason of a run was given, and for which action."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from comity.core.match import replaying
from comity.fidelity.from_run import mixture_of, observations_of
from comity.fidelity.observations import Observations
from comity.fidelity.reasons import COLUMNS
from comity.records.record import Record


def circumstances(records: Iterable[Record]) -> pd.DataFrame:
    """One row for each decision to act, with the `COLUMNS` of `comity.fidelity.reasons`.

    id: match, step and slot with dots between them, as judged reasons of a run have it. population: the label of the
    agent. session: the match. Raises `FidelityError` where an action has no meaning, and `Diverged` where a record does
    not follow from the rules.
    """
    rows = [row for record in records if record.status == "finished" for row in _of(record)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of(record: Record) -> Iterator[tuple[object, ...]]:
    """The n-th decision of a player to act is the n-th row of it in the observations of the match."""
    agents, index = record.match.agents, record.match.index
    whole = [of for (name, _), of in observations_of([record]).items() if name == mixture_of(agents)]
    seen = {player: _rows(whole, player) for player in range(len(agents))}
    for step, match in enumerate(replaying(record.match.cell.built, record.choices)):
        for slot, decision in enumerate(match.pending if step < len(record.choices) else ()):
            if decision.kind == "act" and decision.player >= 0:
                action, own, neighbours, round = next(seen[decision.player])
                label = agents[decision.player]
                who = f"player {decision.player + 1}"
                yield (f"{index}.{step}.{slot}", label, str(index), who, round, action, own, neighbours)


def _rows(whole: Sequence[Observations], player: int) -> Iterator[tuple[float, float, float, int]]:
    """What a player did, what it had done, what its neighbours had, and in which round, in the order of its acts."""
    for of in whole:
        for row in (of.agent == player).nonzero()[0]:
            yield float(of.action[row]), float(of.own[row]), float(of.neighbours[row]), int(of.round[row])
