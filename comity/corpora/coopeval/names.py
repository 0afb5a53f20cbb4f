"""What the source calls players and actions: MODEL(STYLE)#P2 is an agent in a seat, TrustGameAction.GIVE an action."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from comity.corpora.coopeval.terms import Terms
from comity.corpora.located import Located

_PLAYER = re.compile(r"(?P<agent>.+)#P(?P<seat>[1-9]\d*)")


class Seated(NamedTuple):
    """An entry of the source that belongs to one seat: the agent that sits there, and the entry."""

    agent: str
    entry: Located


@dataclass(frozen=True)
class Names:
    """The names of one tournament. roster: its agents, in the order of its configuration."""

    terms: Terms
    roster: tuple[str, ...]

    @property
    def everybody(self) -> tuple[int, ...]:
        """The seats of one play."""
        return tuple(range(self.terms.seats))

    @property
    def population(self) -> tuple[str, ...]:
        """The agent of each player where all meet in one match: player i * seats + s is agent i in seat s."""
        return tuple(agent for agent in self.roster for _ in self.everybody)

    def place(self, agents: tuple[str, ...]) -> int:
        """The number of the match of these agents among all, counted with the last seat fastest."""
        place = 0
        for agent in agents:
            place = place * len(self.roster) + self.roster.index(agent)
        return place

    def players(self, agents: Iterable[str]) -> tuple[int, ...]:
        """Which players of the population these agents are, each in its seat."""
        return tuple(self.roster.index(agent) * self.terms.seats + seat for seat, agent in enumerate(agents))

    def player(self, at: Located, name: str) -> tuple[int, str]:
        """The seat (from 0) and the agent. Raises `CorpusError` where the name is of nobody in the configuration."""
        match = _PLAYER.fullmatch(name)
        if match is None or match["agent"] not in self.roster:
            raise at.wrong(f"{name!r} is none of the configured agents with a seat (such as {self.roster[0]}#P1)")
        return int(match["seat"]) - 1, match["agent"]

    def by_seat(self, at: Located, named: Iterable[tuple[str, Located]]) -> list[Seated]:
        """What belongs to each player, in the order of the seats; `at` is where it all stands."""
        found = [(*self.player(at, name), entry) for name, entry in named]
        found.sort(key=lambda entry: entry[0])
        if [seat for seat, _, _ in found] != list(self.everybody):
            raise at.wrong(f"each of the seats 1 to {self.terms.seats} must stand here once")
        return [Seated(agent, entry) for _, agent, entry in found]

    def action(self, seat: int, action: Located) -> str:
        """Our name of that action. Raises `CorpusError` where the game has none of that name."""
        name = action.as_a(str).rpartition(".")[2]
        if name not in self.terms.actions:
            raise action.wrong(f"{name!r} is no action of this game, which has {', '.join(self.terms.actions)}")
        return self.terms.action(seat, self.terms.actions.index(name))


def roster(agents: Located) -> tuple[str, ...]:
    """The agents of a configuration. Raises `CorpusError` where there is none, or two have the same name."""
    names = tuple(agent_name(agent) for agent in agents)
    if not names:
        raise agents.wrong("there are no agents")
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise agents.wrong(f"{count} agents are called {name}, so it cannot be said which of them played")
    return names


def agent_name(agent: Located) -> str:
    """What the source calls an agent: its model, and how it is asked to answer."""
    style = agent["type"].as_a(str).removesuffix("Agent")
    return f"{agent['llm']['model'].as_a(str)}({style})"
