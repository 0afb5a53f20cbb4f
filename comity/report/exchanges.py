"""What the page knows of the exchanges in its runs, worked out once for all of its parts about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import nan
from typing import Any, TypeAlias

from comity.games.exchange.conditions import Automation
from comity.games.exchange.game import Exchange
from comity.games.exchange.log import Log
from comity.metrics.exchange import exchange_of
from comity.metrics.exchanges import NoExchange, Played, by_condition, called, played_by, replies
from comity.records.tables import replayed
from comity.report.grid import Entry
from comity.report.results import Results
from comity.report.text import distinct

Condition: TypeAlias = tuple[str, tuple[str, ...]]
"""A mechanism, and who sat where."""
_USUAL = Exchange()


@dataclass(frozen=True)
class Exchanges:
    """The finished exchanges of runs, with agents called as the page calls them."""

    played: tuple[Played, ...]
    read: Mapping[Condition, Mapping[str, tuple[int, int]]]
    alone: frozenset[str]
    """The mechanisms, by label, in which nothing but conditions of the exchange stands on it."""

    @cached_property
    def groups(self) -> dict[Condition, list[Played]]:
        """The exchanges of each condition, world by world."""
        found: dict[Condition, list[Played]] = {}
        for one in self.played:
            found.setdefault((one.mechanism, one.agents), []).append(one)
        return found

    @cached_property
    def rows(self) -> dict[Condition, dict[str, Any]]:
        """The measures of each condition (`by_condition`)."""
        return {condition: by_condition(group, self.read)[0] for condition, group in self.groups.items()}

    @cached_property
    def mechanisms(self) -> list[str]:
        return list(dict.fromkeys(one.mechanism for one in self.played))

    @cached_property
    def names(self) -> dict[tuple[str, ...], str]:
        """What every composition is called: by its agent where all are alike."""
        who = list(dict.fromkeys(one.agents for one in self.played))
        return dict(zip(who, distinct(_name(agents) for agents in who), strict=True))

    @cached_property
    def games(self) -> dict[str, Exchange]:
        """For each mechanism the first exchange that was played under it."""
        return {one.mechanism: one.game for one in reversed(self.played)}

    @property
    def baseline(self) -> str | None:
        """The first mechanism in which nothing is other than usual."""
        return self.automated()

    def automated(self, *sides: str) -> str | None:
        """The first mechanism in which these sides of everybody are automated, and nothing else is other than usual."""
        alone = dict.fromkeys(one.mechanism for one in self.played if one.under in self.alone)
        return next((name for name in alone if _is_only(self.games[name], sides)), None)

    @property
    def is_as_published(self) -> bool:
        """Whether rules and size are the published ones, so that shares of the published reference are known."""
        return any(row["of_204"] is not None for row in self.rows.values())

    def under(self, mechanism: str) -> dict[tuple[str, ...], list[Played]]:
        """The exchanges under that mechanism, by composition."""
        return {who: group for (name, who), group in self.groups.items() if name == mechanism}

    def entry(self, mechanism: str, who: tuple[str, ...], measure: str) -> Entry:
        """A measure of a condition with its interval, where it has one."""
        row = self.rows.get((mechanism, who), {})
        ends = (row.get(f"{measure}_low"), row.get(f"{measure}_high"))
        value, low, high = (nan if number is None else float(number) for number in (row.get(measure), *ends))
        return Entry(value, low=low, high=high)


def has_exchanges(results: Results) -> bool:
    """Whether any cell of these results is an exchange."""
    return any(exchange_of(cell) is not None for cell in results.cells.values())


def exchanges_of(results: Results) -> Exchanges | None:
    """The exchanges of these results; None where there is none."""
    if not has_exchanges(results):
        return None
    runs = list(results.runs.values())
    try:
        found = played_by(runs, replayed)
    except NoExchange:
        return None
    labels = list(dict.fromkeys(label for run in runs for label, _ in run.header.agents))
    shown = dict(zip(labels, distinct(labels), strict=True))
    beyond = {cell.mechanism_label for cell in results.cells.values() if not isinstance(cell.built, Exchange)}
    return Exchanges(
        tuple(replace(one, agents=_renamed(one.agents, shown)) for one in found),
        {(mechanism, _renamed(who, shown)): of for (mechanism, who), of in replies(runs).items()},
        frozenset({one.under for one in found} - beyond),
    )


def _renamed(agents: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(names.get(agent, agent) for agent in agents)


def _name(agents: tuple[str, ...]) -> str:
    return agents[0] if len(set(agents)) == 1 else called(agents)


def _is_only(game: Exchange, sides: Sequence[str]) -> bool:
    usual = (_USUAL.instructions, _USUAL.stories, _USUAL.visibility, _USUAL.bonus)
    told = (game.instructions, game.stories, game.visibility, game.bonus)
    everybody = replace(game.automation, sides=(), told=True, asks="all") == Automation()
    return told == usual and everybody and set(game.automation.sides) == set(sides)


def open_by_round(game: Exchange, log: Log) -> Iterator[int]:
    """How many requests are open at the end of each round: made, and the piece has not reached who asked for it."""
    arrived = {(sent.to, sent.piece): sent.round for sent in log.transfers}
    made = Counter(request.round for request in log.asked)
    over = Counter(arrived.get((request.by, request.piece), game.rounds + 1) for request in log.asked)
    still = 0
    for round in range(1, game.rounds + 1):
        still += made[round] - over[round]
        yield still
