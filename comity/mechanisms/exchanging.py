"""Conditions of an exchange: each makes an exchange of an exchange in which one thing is otherwise.

The environment stays the same: what is drawn is a function of the world alone. So conditions are compared pair by pair,
world by world. What each of them means is for the exchange to say, which is known here by what can be changed in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from comity.core.errors import BadStack
from comity.core.flow import Game
from comity.mechanisms.stacking import label


@runtime_checkable
class Conditional(Game, Protocol):
    """A game of which a part can be otherwise. Each raises `BadParameter` for what there is not."""

    def automated(self, sides: Sequence[str], agents: Sequence[int], asks: str, told: bool) -> Game:
        """The game in which the system does these sides of these agents."""
        ...

    def showing(self, hide: Sequence[str], show: Sequence[str]) -> Game:
        """The game in which agents see other sections."""
        ...

    def instructed(self, aims: Sequence[str], stories: Sequence[str]) -> Game:
        """The game in which agents are told to aim at this, and that it is so."""
        ...

    def rewarded(self, each: float, asked: bool, counted: bool, agents: Sequence[int]) -> Game:
        """The game in which whoever sends is paid for it."""
        ...


def automation(
    base: Game, sides: tuple[str, ...], agents: tuple[int, ...] = (), asks: str = "all", told: bool = True
) -> Game:
    """The system takes over sides of agents: "request" and "share" (Yadav et al. 2026), "submit" and "perceive".

    agents: whose, by number from 1; empty is everybody's. asks: whether "all" holders of a piece are asked or the
    "first" by number. told: whether agents are told what is done for them.
    """
    return _conditional("automation", base).automated(sides, agents, asks, told)


def visibility(base: Game, hide: tuple[str, ...] = (), show: tuple[str, ...] = ()) -> Game:
    """Sections of what agents see are hidden or shown, each by itself (Yadav et al. 2026 hid several at once).

    Usually shown: scores, completions, exchanges, memory, receipts; usually hidden: ranks.
    """
    return _conditional("visibility", base).showing(hide, show)


def instruction(base: Game, aims: tuple[str, ...] = ("neutral",), stories: tuple[str, ...] = ("points",)) -> Game:
    """What agents are told to aim at, and what the exchange is said to be (Yadav et al. 2026, and their ablations).

    aims: "neutral", "policy", "competitive", "saboteur", or texts of one's own. stories: "points" says no more than the
    rules, "business" makes it the work of a company, "score_board" a board on which all have points. Of each there is
    one for all, or one for each agent in turn, and round again.
    """
    return _conditional("instruction", base).instructed(aims, stories)


def transfer_bonus(
    base: Game, each: float = 0.1, asked: bool = True, counted: bool = True, agents: tuple[int, ...] = ()
) -> Game:
    """Whoever sends a piece that the other lacked is paid for it (Yadav et al. 2026: a tenth of a task).

    asked: only for pieces that were asked for. counted: whether it is part of the total of all, or private. agents: who
    is paid, by number from 1; empty is everybody.
    """
    return _conditional("transfer_bonus", base).rewarded(each, asked, counted, agents)


def _conditional(what: str, base: Game) -> Conditional:
    if not isinstance(base, Conditional):
        raise BadStack(f"{what} is a condition of an exchange, and {label(base)} is none; put it next to an exchange")
    return base
