"""Cells that the page takes together because there are too many of them to be shown one by one."""

from __future__ import annotations

from collections.abc import Iterable

from comity.core.errors import BadParameter
from comity.core.named import layers
from comity.games.matrix import MatrixGame
from comity.games.ordinal import OrdinalGame, family
from comity.records.spec import Cell
from comity.report.results import Key, Results
from comity.report.text import counted, prose

LEFT_OUT = (
    "There are {cells}, too many to show each: this page takes games together, and has no part, no map and no course "
    "for every game by itself. `comity table RUN --by game,mechanism,agent` has every number, `comity memory RUN --by "
    "game,mechanism` what agents did after what they saw, and `comity report RUN --files DIR` writes the tables that "
    "are left out here."
)


def left_out(results: Results) -> str:
    """The sentence that says what the page leaves out."""
    return LEFT_OUT.format(cells=counted(len(results.cells), "cell"))


def groups(results: Results, keys: Iterable[Key], most: int) -> dict[str, list[Key]]:
    """These cells in at most so many groups, by what the groups are called, as fine as that allows.

    Each by itself; or those of one game together, and of strict 2x2 games those of one family; or those of one entry of
    the catalogue instead of one game; or all.
    """
    wanted = list(keys)
    alone = {_called(results, key): [key] for key in wanted}
    if len(alone) <= most:
        return alone
    cells = {key: results.cells[key] for key in wanted}
    for called in (lambda cell: prose(cell.game_label), _entry):
        found: dict[str, list[Key]] = {}
        for key, cell in cells.items():
            found.setdefault(_family(cell) or called(cell), []).append(key)
        if len(found) <= most:
            return {f"{name} ({counted(len(of), 'cell')})": of for name, of in found.items()}
    return {f"all {counted(len(wanted), 'cell')}": wanted}


def _called(results: Results, key: Key) -> str:
    mechanism, game = key
    several = len(results.mechanisms) > 1
    return f"{prose(game)} under {prose(mechanism)}" if several else prose(game)


def _entry(cell: Cell) -> str:
    return "other tables" if cell.game.name == "matrix" else prose(cell.game.name)


def _family(cell: Cell) -> str:
    """The family of an ordinal game, or of a table that ranks as one; empty for others, and for games with a name."""
    game = list(layers(cell.built))[-1]
    if not isinstance(game, OrdinalGame | MatrixGame):
        return ""
    try:
        return f"{family(game.table)} games"
    except BadParameter:  # a table that is larger, or pays somebody the same in two cells
        return ""
