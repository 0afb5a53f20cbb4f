"""Who is paid what against whom: parts of what the page says of a cell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from comity.core.named import named_game, seated_game
from comity.metrics import MetaGame
from comity.report.contents import Prose
from comity.report.figures import Figure, tensor
from comity.report.grid import Grid, grid_of, tinted
from comity.report.results import Key, Results
from comity.words.phrases import some

CAPTION = "Payoff of the row against the column"
MOST_DRAWN = 30
"""The payoffs of more agents than this are tabled and not drawn."""
MOST_NAMED = 6
"""So many missing meetings are named."""
_ORDINALS = {3: "third seat", 4: "third and fourth seat"}


def against(results: Results, key: Key) -> Iterator[Grid | Figure | Prose]:
    """The payoffs of all against all. Where somebody never met some others, that is named.

    A run of one replicate is a first look: its payoffs are tabled and tinted, and not drawn.
    """
    known = results.meta_games.get((key[0], key[1]))
    if known is None or known.missing or len(known.agents) < 2:
        yield from _tabled(results, key)
        yield from _holes(known)
        return
    square = _square(results, known)
    table = grid_of(square, CAPTION, _averaged(known), "Agent", key=f"{results.place(key)}-against")
    is_drawn = len(square) <= MOST_DRAWN and results.is_replicated
    yield tensor(f"{results.place(key)}-against", square, table) if is_drawn else tinted(table)


def by_role(results: Results, key: Key) -> Iterator[Grid]:
    """Where seats have different roles, the payoffs of each; the column is in the seat after that of the row."""
    known = results.role_meta_games.get((key[0], key[1]))
    if known is None or known.missing or len(known.agents) < 2:
        return
    roles = seated_game(results.cells[key].built).roles
    order = _order(results, known.agents)
    for seat, paid in enumerate(known.payoffs):
        other = (seat + 1) % len(roles)
        square = np.moveaxis(paid, (seat, other), (0, 1)).reshape(*[len(known.agents)] * 2, -1).mean(-1)
        frame = pd.DataFrame(square, known.agents, list(known.agents)).loc[order, order]
        caption = f"Payoff of the row as {roles[seat]} against the column as {roles[other]}"
        note = "The same matches, with the roles kept apart."
        yield tinted(grid_of(frame, caption, note, "Agent", digits=2, key=f"{results.place(key)}-against-{seat + 1}"))


def _square(results: Results, known: MetaGame) -> pd.DataFrame:
    """What the row is paid against the column, in the mean over who sits in the other seats."""
    agents, order = list(known.agents), _order(results, known.agents)
    paid = known.payoffs.reshape(len(agents), len(agents), -1).mean(-1)
    return pd.DataFrame(paid, agents, agents).loc[order, order]


def _order(results: Results, agents: tuple[str, ...]) -> list[str]:
    return [agent for agent in results.agents if agent in agents]


def _averaged(known: MetaGame) -> str:
    if known.payoffs.ndim == 2:
        return "Mean over their matches, in both seats."
    others = _ORDINALS.get(known.payoffs.ndim, "other seats")
    return f"Mean over all seats, and over who sits in the {others}: every agent there counts the same."


def _holes(known: MetaGame | None) -> Iterator[Prose]:
    if known is not None and known.missing:
        named = some(known.missing, MOST_NAMED, "; ")
        yield Prose((f"Nobody was paid as {named}: so there is no population to follow.",))


def _tabled(results: Results, key: Key) -> Iterator[Grid]:
    if key in results.against:
        paid = results.against[key]
        agents = [agent for agent in results.agents if agent in paid.index]
        square = paid.reindex(index=agents, columns=agents)
        yield tinted(grid_of(square, CAPTION, _how_paid(results, key), "Agent", key=f"{results.place(key)}-against"))


def _how_paid(results: Results, key: Key) -> str:
    tint = "The stronger the tint, the more."
    if key in results.populations:
        return f"Mean per meeting of the two, each round the same; a dash where they did not meet. {tint}"
    if named_game(results.cells[key].built).n_players > 2:
        return f"Mean over the matches in which the column takes part, whoever else does. {tint}"
    return f"Mean over their matches, in both seats. {tint}"
