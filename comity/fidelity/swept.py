"""What a game was like in the one respect that was varied, and how often each agent cooperated there.

The respect is a field of the game or of a mechanism as the game was built, or a number that follows from its fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from comity.core.errors import BadParameter
from comity.core.named import NamedStage, layers
from comity.fidelity.curves import Curve, curves_by, psychometric
from comity.fidelity.observations import FidelityError, Observations
from comity.games.matrix import PrisonersDilemma
from comity.games.symmetric import PublicGoods
from comity.records.spec import Cell, Spec
from comity.records.tables import Tables
from comity.strategies.trading import indices

ALL = "all"
"""What the curve of all agents together is called."""
OF_POPULATIONS = 5
"""With so many agents they, and not their matches, are the clusters of the curve of all."""
ALIASES = {"continuation": "chance", "group_size": "players"}
"""Other words for fields."""


def _of_donation(take: Callable[[PrisonersDilemma], float]) -> Callable[[Any], float | None]:
    """A number of the prisoner's dilemmas in which cooperating costs the same whatever the other does."""

    def found(game: Any) -> float | None:
        if not isinstance(game, PrisonersDilemma):
            return None
        alike = abs(game.temptation - game.reward - game.punishment + game.sucker) < 1e-9
        return take(game) if alike else None

    return found


def _index(game: Any) -> float | None:
    return indices(game)[0] if isinstance(game, NamedStage) else None


def _return(game: Any) -> float | None:
    return game.multiplier / game.players if isinstance(game, PublicGoods) else None


DERIVED: Mapping[str, Callable[[Any], float | None]] = {
    "cost": _of_donation(lambda game: game.punishment - game.sucker),
    "benefit": _of_donation(lambda game: game.reward - game.sucker),
    "benefit_to_cost": _of_donation(lambda game: (game.reward - game.sucker) / (game.punishment - game.sucker)),
    "return": _return,
    "cooperation_index": _index,
}
"""Numbers that follow from fields: of donation games what a cooperator pays and the other gets, and the ratio of the
two (Fudenberg, Rand and Dreber 2012); of public goods what one gets of what one gives, multiplier / players; of the
first seat of any stage game K = (R - P) / (T - S) (Rapoport 1967)."""


def level_of(cell: Cell, over: str) -> float | None:
    """The number that a cell has in that respect; None where it has none.

    over: a field of the game or of a mechanism, such as "temptation" or "chance"; one of `ALIASES`; or one of
    `DERIVED`. Where several layers have the field, the outermost counts.
    """
    game = cell.built
    if over in DERIVED:
        return next((value for layer in layers(game) if (value := DERIVED[over](layer)) is not None), None)
    name = ALIASES.get(over, over)
    for layer in layers(game):
        value = getattr(layer, name, None)
        if isinstance(value, Real) and not isinstance(value, bool):
            return float(value)
    return None


def swept(tables: Tables, cells: Iterable[Cell], over: str, where: Mapping[str, float] | None = None) -> pd.DataFrame:
    """How often each agent cooperated in each match, and the level there.

    where: other respects, with the only level that counts. Columns: agent, match, replicate, x, cooperated, chosen,
    game, mechanism. Raises `FidelityError` where no cell has such a number, or nothing was chosen that means to
    cooperate.
    """
    listed = list(cells)
    level = {(cell.game_label, cell.mechanism_label): level_of(cell, over) for cell in listed if _fits(cell, where)}
    known = {key: value for key, value in level.items() if value is not None}
    if not known:
        raise FidelityError(_lacking(listed, over, where or {}))
    plays = tables.plays[tables.plays["cooperated"].notna()]
    keys = pd.MultiIndex.from_frame(plays[["game", "mechanism"]])
    plays = plays.assign(x=pd.Series(keys.map(known), index=plays.index, dtype=float))
    plays = plays[plays["x"].notna()]
    if plays.empty:
        raise FidelityError(f"no play of a game with {over!r} has an action that means to cooperate")
    columns = ["agent", "match", "replicate", "game", "mechanism", "x"]
    counted = plays.assign(cooperated=plays["cooperated"].astype(float)).groupby(columns, sort=False)["cooperated"]
    return counted.agg(cooperated="sum", chosen="count").reset_index()


def _fits(cell: Cell, where: Mapping[str, float] | None) -> bool:
    return all(level_of(cell, name) == value for name, value in (where or {}).items())


def _lacking(cells: list[Cell], over: str, where: Mapping[str, float]) -> str:
    held = "".join(f" and {name} = {value:g}" for name, value in where.items())
    names = sorted({name for cell in cells for name in _numbers(cell)})
    return f"no game here has a number {over!r}{held}; there are: {', '.join(names) or 'none'}"


def _numbers(cell: Cell) -> set[str]:
    fields = [*cell.game.fields, *(field for spec in cell.stack for field in spec.fields)]
    given = {name for name, value in fields if isinstance(value, Real) and not isinstance(value, bool)}
    return given | {name for name in DERIVED if level_of(cell, name) is not None}


PAYOFFS = {"R": "reward", "S": "sucker", "T": "temptation", "P": "punishment"}
"""What the letters of a data set's payoffs are called in a prisoner's dilemma."""


def swept_people(
    parts: Mapping[str, Observations],
    payoffs: Mapping[str, Mapping[str, float]],
    over: str,
    where: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """The same of a data set of people, of which conditions and payoffs are known: one row for each person.

    parts: by condition. payoffs: by condition, of R, S, T and P where they are known. A population counts as one agent,
    as people were mostly in one condition; what depends on each other is a session, or a unit where a condition has one
    session only. Raises `FidelityError` as `swept`.
    """
    rows, cells = list[dict[str, Any]](), list[Cell]()
    for condition, part in parts.items():
        cell = _paid(condition, payoffs.get(condition, {}))
        if cell is None:
            continue
        cells.append(cell)
        level = level_of(cell, over) if _fits(cell, where) else None
        if level is None:
            continue
        cooperated, chosen = (column.sum(axis=1) for column in part.by_round)
        for agent in (chosen > 0).nonzero()[0].tolist():
            session = f"{condition}/{part.sessions[part.session_of[agent]]}"
            together = session if len(part.sessions) > 1 else f"{session}/{part.unit_of[agent]}"
            row = {"agent": part.population, "match": f"{session}/{part.agents[agent]}", "replicate": together}
            counts = {"x": level, "cooperated": cooperated[agent], "chosen": chosen[agent]}
            rows.append({**row, "game": condition, "mechanism": "none", **counts})
    if not rows:
        raise FidelityError(_lacking(cells, over, where or {}))
    return pd.DataFrame(rows)


def _paid(condition: str, payoffs: Mapping[str, float]) -> Cell | None:
    """The prisoner's dilemma with these payoffs; None where they are not those of one."""
    fields = {PAYOFFS[letter]: value for letter, value in payoffs.items() if letter in PAYOFFS}
    cell = Cell(condition, "none", Spec.of("prisoners_dilemma", fields))
    try:
        _ = cell.built
    except BadParameter:
        return None
    return cell if len(fields) == len(PAYOFFS) else None


def mixed(rows: pd.DataFrame) -> tuple[str, ...]:
    """What else differs between cells of one level, in a sentence; empty where nothing does."""
    cells = rows[["x", "game", "mechanism"]].drop_duplicates()
    several = cells.groupby("x").size().max() > 1
    return (
        ("cells of one level differ in something else, and are taken together: hold it with --where",)
        if several
        else ()
    )


def curves_of(rows: pd.DataFrame, cluster: str = "match") -> dict[str, Curve]:
    """The curve of each agent, and with several agents of all together under `ALL`.

    rows: as `swept` gives them. cluster: the column that says what depends on each other, "match" or "replicate"; for
    all together it is the agent where there are at least `OF_POPULATIONS`.
    """
    found = curves_by(list(rows["agent"]), rows["x"], rows["cooperated"], rows["chosen"], _codes(rows, cluster))
    if len(found) > 1:
        together = "agent" if len(found) >= OF_POPULATIONS else cluster
        found[ALL] = psychometric(rows["x"], rows["cooperated"], rows["chosen"], _codes(rows, together))
    return found


def _codes(rows: pd.DataFrame, column: str) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.asarray(pd.factorize(rows[column])[0], dtype=np.intp)
