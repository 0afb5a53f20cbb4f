"""Exchanges of a run in tables: one row for each condition, or for each agent under it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import fsum
from typing import Any

from comity.core.errors import ComityError
from comity.games.exchange.game import Exchange, Log
from comity.metrics.exchange import Measures, logs
from comity.metrics.helpfulness import helpfulness, reference
from comity.records.spec import Cell
from comity.records.tables import Tables


class NoExchange(ComityError):
    """These runs hold no finished exchange."""


def by_condition(tables: Tables, cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """For every mechanism and composition of agents the means of all measures over its worlds.

    Beside them `score` (see `Reference.share`, None where undefined) and `helpfulness`. Raises `NoExchange`.
    """
    agents = tables.outcomes.sort_values("player").groupby("match")["agent"].agg(tuple)
    mechanisms = tables.matches.set_index("match")["mechanism"]
    groups: dict[tuple[str, tuple[str, ...]], list[tuple[Exchange, Log]]] = defaultdict(list)
    for match, game, log in logs(tables, cells):
        groups[mechanisms[match], agents[match]].append((game, log))
    if not groups:
        raise NoExchange("there is no finished exchange in these runs")
    return [
        {"mechanism": mechanism, "agents": _called(who), "worlds": len(found), **_summary(found)}
        for (mechanism, who), found in groups.items()
    ]


def _summary(found: Sequence[tuple[Exchange, Log]]) -> dict[str, float | None]:
    each = [Measures(game, log).all() for game, log in found]
    tasks = [float(measures["tasks"] or 0) for measures in each]
    shares = [reference(game).share(count) for (game, _), count in zip(found, tasks, strict=True)]
    return {
        **{name: _mean([measures[name] for measures in each]) for name in each[0]},
        "score": _mean(shares),
        "helpfulness": helpfulness([game for game, _ in found], tasks),
    }


def by_agent(tables: Tables, cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """For every mechanism and agent the means of its own measures over its seats and worlds. Raises `NoExchange`."""
    labels = tables.outcomes.set_index(["match", "player"])["agent"]
    mechanisms = tables.matches.set_index("match")["mechanism"]
    groups: dict[tuple[str, str], list[dict[str, float | None]]] = defaultdict(list)
    for match, game, log in logs(tables, cells):
        for player in range(game.agents):
            groups[mechanisms[match], labels[match, player]].append(Measures(game, log, player + 1).all())
    if not groups:
        raise NoExchange("there is no finished exchange in these runs")
    return [
        {
            "mechanism": mechanism,
            "agent": agent,
            "seats": len(each),
            **{name: _mean([measures[name] for measures in each]) for name in each[0] if name != "inequality"},
        }
        for (mechanism, agent), each in groups.items()
    ]


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean of the values that are defined."""
    known = [value for value in values if value is not None]
    return fsum(known) / len(known) if known else None


def _called(agents: Sequence[str]) -> str:
    counts = {agent: agents.count(agent) for agent in dict.fromkeys(agents)}
    return ", ".join(agent if count == 1 else f"{agent} x{count}" for agent, count in counts.items())
