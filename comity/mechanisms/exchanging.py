"""Conditions of an exchange: each makes an exchange of an exchange in which one thing is otherwise.

The environment stays the same: what is drawn is a function of the world alone. So conditions are compared pair by pair,
world by world.
"""

from __future__ import annotations

from dataclasses import replace

from comity.core.errors import BadParameter, BadStack
from comity.core.flow import Game
from comity.games.exchange.game import SIDES, Automation, Bonus, Exchange
from comity.games.exchange.views import Visibility
from comity.mechanisms.stacking import label


def automation(
    base: Game, sides: tuple[str, ...], agents: tuple[int, ...] = (), asks: str = "all", told: bool = True
) -> Exchange:
    """The system takes over sides of agents: "request", "share", "submit", "perceive" (Yadav et al. 2026, and two more).

    agents: whose, by number from 1; empty is everybody's. asks: whether "all" holders of a piece are asked or the "first"
    by number. told: whether agents are told what is done for them. Raises `BadParameter` for a side there is not.
    """
    unknown = [side for side in sides if side not in SIDES]
    if unknown:
        raise BadParameter(f"sides must be some of {', '.join(SIDES)}, not {list(sides)}")
    if asks not in ("all", "first"):
        raise BadParameter(f'asks must be "all" or "first", not {asks!r}')
    ordered = tuple(side for side in SIDES if side in sides)
    taken = Automation(ordered, tuple(agents), "all" if asks == "all" else "first", told)
    return replace(_exchange("automation", base), automation=taken)


def visibility(base: Game, hide: tuple[str, ...] = (), show: tuple[str, ...] = ()) -> Exchange:
    """Sections of what agents see are hidden or shown, each by itself (Yadav et al. 2026 hid several at once).

    Usually shown: scores, completions, exchanges, memory, receipts; usually hidden: ranks.
    """
    return replace(_exchange("visibility", base), visibility=Visibility.hiding(hide, show))


def instruction(base: Game, aims: tuple[str, ...]) -> Exchange:
    """What agents are told to aim at: "neutral", "policy", "competitive", "saboteur", or a text of one's own.

    aims: one for all, or one for each agent, and round again (Yadav et al. 2026).
    """
    if not aims or not all(aim.strip() for aim in aims):
        raise BadParameter("aims must be at least one text that is not empty")
    return replace(_exchange("instruction", base), instructions=tuple(aims))


def transfer_bonus(base: Game, each: float = 0.1, asked: bool = True, counted: bool = True) -> Exchange:
    """Whoever sends a piece that the other lacked is paid for it (Yadav et al. 2026: a tenth of a task).

    asked: only for pieces that were asked for. counted: whether it is part of the total of all, or private.
    """
    if not each > 0:
        raise BadParameter(f"each must be positive, not {each:g}")
    return replace(_exchange("transfer_bonus", base), bonus=Bonus(each, asked, counted))


def _exchange(what: str, base: Game) -> Exchange:
    if not isinstance(base, Exchange):
        raise BadStack(f"{what} is a condition of an exchange, and {label(base)} is none")
    return base
