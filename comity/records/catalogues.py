"""Every game and mechanism that can be named: ours, and those that plugins add.

A plugin is an installed distribution with entry points in the groups `comity.games`, `comity.mechanisms` or
`comity.agents`; the name of the entry point is the name in a plan. A plugin may add names, never replace one of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from comity.core.errors import BadParameter
from comity.core.flow import Game
from comity.exact.strategic_form import StrategicForm
from comity.games.catalogue import GAMES
from comity.mechanisms.catalogue import MECHANISMS
from comity.strategies.catalogue import STRATEGIES
from comity.strategies.strategy import Strategy


@cache
def games() -> Mapping[str, Callable[..., Game]]:
    """The base games by name."""
    return with_plugins(GAMES, "comity.games")


@cache
def mechanisms() -> Mapping[str, Callable[..., Game]]:
    """The mechanisms by name; each is called with the game it stands on."""
    return with_plugins({**MECHANISMS, "strategic_form": StrategicForm}, "comity.mechanisms")


@cache
def strategies() -> Mapping[str, Callable[..., Strategy]]:
    """The scripted strategies by name."""
    return with_plugins(STRATEGIES, "comity.agents")


def with_plugins(ours: Mapping[str, Callable[..., Any]], group: str) -> Mapping[str, Callable[..., Any]]:
    """Our catalogue and what entry points of the group add. Raises `BadParameter` where a plugin takes our name."""
    found = dict(ours)
    for entry in entry_points(group=group):
        if entry.name in found:
            raise BadParameter(f"the plugin {entry.value} takes the name {entry.name!r}, which {group} has already")
        found[entry.name] = entry.load()
    return found
