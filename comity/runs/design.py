"""What is to be played, as a value: cells, who sits where, how often, and the number of every match.

Nothing here is listed before it is asked for: the k-th match of a block is worked out from k.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import perm
from typing import Literal, TypeAlias

from comity.core.chance import Address, stream_key
from comity.mechanisms.personas import apportioned
from comity.records.spec import Cell, MatchSpec, Spec
from comity.runs.factors import Factor

ProposalPolicy: TypeAlias = Literal["match", "tournament"]
StagePolicy: TypeAlias = Literal["match", "crossed"]
Agents: TypeAlias = tuple[tuple[str, Spec], ...]


@dataclass(frozen=True)
class Calling:
    """How models are called while a plan is played; it changes what is spent and when, never what is asked.

    cap: US dollars that the whole run may spend at most. in_flight: how many calls may wait for one model at the same
        time; None finds out. requests_per_minute, tokens_per_minute: at most so many, for each model.
    deadline: how many seconds one call may take, retries included. timeout: how many seconds one attempt may take.
    attempts: how often a call is sent that failed after it was sent, each time perhaps for money.
    coalesce: whether equal prompts that wait at the same time are sent as one request for several samples, where the
        provider offers it.
    """

    cap: float | None = None
    in_flight: int | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    deadline: float = 600.0
    timeout: float = 300.0
    attempts: int = 4
    coalesce: bool = False


@dataclass(frozen=True)
class Population:
    """Which agents take which seats of a match, where a plan says so.

    shares: of each agent its share of the seats; which seats they are is drawn. As many as the shares say, what is left
        over by rounding going to the largest remainders, of equal ones to the agent that is named first.
    nodes: the agent of each seat, instead of shares.
    """

    label: str
    shares: tuple[tuple[str, float], ...] = ()
    nodes: tuple[str, ...] = ()

    @property
    def agents(self) -> tuple[str, ...]:
        """Whom it names."""
        return self.nodes or tuple(agent for agent, _ in self.shares)

    def seated(self, seats: int, key: int) -> tuple[str, ...]:
        """The agent in each seat; key: the stream of chance in which it is drawn who sits where."""
        if self.nodes:
            return self.nodes
        counts = apportioned([share for _, share in self.shares], seats)
        deck = (agent for (agent, _), count in zip(self.shares, counts, strict=True) for _ in range(count))
        dealt = dict(zip(Address(stream_key(key, self.label), 0, 0).order(seats), deck, strict=True))
        return tuple(dealt[seat] for seat in range(seats))


@dataclass(frozen=True)
class Matching:
    """Who meets whom in a cell: of all ways to seat the agents every one, or a sample.

    matches: how many ways are drawn for each cell and replicate; None takes every one once. They are drawn without
        replacement as far as there are any: 10 of 4 ways are each of them twice, and two of them a third time.
    repeats: how often each is played.
    self_play: whether one agent may sit in two seats of a match. alike: whether the same agent sits in all seats;
        guest: in all but the first, which each agent takes in turn.
    populations: where there are any, each is one way to seat the agents, and there are no others.
    """

    matches: int | None = None
    repeats: int = 1
    self_play: bool = True
    alike: bool = False
    guest: bool = False
    populations: tuple[Population, ...] = ()


@dataclass(frozen=True)
class Seatings:
    """All the ways to seat `agents` on so many seats, in lexicographic order of the agents.

    population: None, or the seats of the group game inside a population: then the only way is that everybody takes
        part, player i * population + s being agent i in seat s, and round again while there are places left.
    alike: whether each agent sits in all seats by itself, and there are no other ways; guest: whether it does so but
        for the first seat, which each agent takes in turn.
    populations: where there are any, they are the only ways, in their order; key: the stream of chance in which it is
        drawn who of a population sits where.
    """

    agents: tuple[str, ...]
    seats: int
    self_play: bool = True
    population: int | None = None
    alike: bool = False
    guest: bool = False
    populations: tuple[Population, ...] = ()
    key: int = 0

    @property
    def count(self) -> int:
        """How many ways there are."""
        if self.populations:
            return len(self.populations)
        if self.population is not None:
            return 1
        if self.alike or self.guest:
            return len(self.agents) ** (2 if self.guest else 1)
        return len(self.agents) ** self.seats if self.self_play else perm(len(self.agents), self.seats)

    def __getitem__(self, place: int) -> tuple[str, ...]:
        if self.populations:
            return self.populations[place].seated(self.seats, self.key)
        if self.population is not None:
            return tuple(self.agents[player // self.population % len(self.agents)] for player in range(self.seats))
        if self.alike:
            return (self.agents[place],) * self.seats
        if self.guest:
            host, guest = divmod(place, len(self.agents))
            return (self.agents[guest], *(self.agents[host],) * (self.seats - 1))
        remaining, seated = list(self.agents), []
        for seats_left in reversed(range(self.seats)):
            ways = len(remaining) ** seats_left if self.self_play else perm(len(remaining) - 1, seats_left)
            choice, place = divmod(place, ways)
            seated.append(remaining[choice] if self.self_play else remaining.pop(choice))
        return tuple(seated)


@dataclass(frozen=True)
class Block:
    """All the matches of one cell in one replicate, numbered on from `first`."""

    cell: Cell
    replicate: str
    first: int
    seatings: Seatings
    matching: Matching
    seed: int

    @property
    def _drawn(self) -> int:
        everyone = self.matching.matches is None or self.seatings.population is not None
        return self.seatings.count if everyone else self.matching.matches or 0

    @property
    def count(self) -> int:
        """How many matches it has."""
        return self._drawn * self.matching.repeats

    def __getitem__(self, place: int) -> MatchSpec:
        drawn, repeat = divmod(place, self.matching.repeats)
        passes, seating = divmod(drawn, self.seatings.count)
        if passes == self._drawn // self.seatings.count:
            seating = self._sample[seating]
        repeat += passes * self.matching.repeats
        return MatchSpec(self.first + place, self.cell, self.seatings[seating], self.replicate, repeat)

    def matches(self) -> Iterator[MatchSpec]:
        """Its matches, in the order of their index."""
        return (self[place] for place in range(self.count))

    @cached_property
    def _sample(self) -> tuple[int, ...]:
        """The seatings of the last, incomplete pass through them (algorithm F2 of Bentley and Floyd, CACM 1987)."""
        ways = self.seatings.count
        key = stream_key(self.seed, "sample", self.cell.game_label, self.cell.mechanism_label, self.replicate)
        chosen: set[int] = set()
        for number in range(self._drawn % ways):
            last = ways - self._drawn % ways + number
            place = _below(last + 1, key, number)
            chosen.add(last if place in chosen else place)
        return tuple(sorted(chosen))


def _below(bound: int, key: int, number: int) -> int:
    """A whole number in [0, bound), from 64 bits more than it takes to write it."""
    words = 2 + bound.bit_length() // 64
    drawn = sum(Address(key, number, slot).word << 64 * slot for slot in range(words))
    return drawn * bound >> 64 * words


@dataclass(frozen=True)
class Plan:
    """A whole design.

    cells: every game under every stack of mechanisms.
    agents: the strategy behind each label.
    proposals: "match" asks for proposals in each match; "tournament" asks each agent once for each seat, cell and
        replicate, before play, and uses that proposal in all its matches (the design stage of CoopEval 2026).
    exact: whether plain repetitions between finite automata are worked out and not played (`comity.runs.bulk`).
    stages: "match" asks every question in each match; "crossed" asks every distinct question of a cell and replicate
        `samples` times and works the matches of the cells in `crossed` out from the answers (`comity.runs.crossed`).
    uncrossed: the cells that are played all the same under "crossed", each with the reason.
    populations: for the cells that hold a population the seats of its group game.
    skipped: the cells that were left out because no such game can be built, each with the reason.
    factors: the fields that are varied, with their levels; the cells hold the conditions.
    balance: how evenly the conditions of each stack cover the levels, one sentence each.
    wordings: the text of every wording of the user's own, by the name that agents call it.
    graphs: the text of every file of edges that it names.
    calling: how models are called. It may change when a run is resumed.
    text: the TOML it was read from; plans that mean the same are equal.
    """

    name: str
    seed: int
    cells: tuple[Cell, ...]
    agents: Agents
    replicates: tuple[str, ...] = ("1",)
    matching: Matching = Matching()
    proposals: ProposalPolicy = "match"
    exact: bool = False
    stages: StagePolicy = "match"
    samples: int = 1
    crossed: tuple[Cell, ...] = ()
    uncrossed: tuple[str, ...] = ()
    populations: tuple[tuple[Cell, int], ...] = ()
    skipped: tuple[str, ...] = ()
    factors: tuple[Factor, ...] = ()
    balance: tuple[str, ...] = ()
    wordings: tuple[tuple[str, str], ...] = ()
    graphs: tuple[tuple[str, str], ...] = ()
    calling: Calling = field(default=Calling(), compare=False)
    text: str = field(default="", compare=False)

    @property
    def n_matches(self) -> int:
        """How many matches it has."""
        return sum(block.count for block in self.blocks())

    def blocks(self) -> Iterator[Block]:
        """The matches in blocks of one cell and replicate, in the order of the plan."""
        first = 0
        for cell in self.cells:
            for replicate in self.replicates:
                block = Block(cell, replicate, first, self.seatings(cell, replicate), self.matching, self.seed)
                first += block.count
                yield block

    def matches(self) -> Iterator[MatchSpec]:
        """Every match, in the order of its index."""
        for block in self.blocks():
            yield from block.matches()

    def seatings(self, cell: Cell, replicate: str = "1") -> Seatings:
        """Who may sit where in that cell and replicate."""
        labels = tuple(label for label, _ in self.agents)
        population = dict(self.populations).get(cell)
        who, seats = self.matching, cell.built.n_players
        key = stream_key(self.seed, "population", cell.game_label, cell.mechanism_label, replicate)
        return Seatings(labels, seats, who.self_play, population, who.alike, who.guest, who.populations, key)

    def population_of(self, index: int) -> str | None:
        """The label of the population that plays the match of that index, where the plan has populations."""
        populations, repeats = self.matching.populations, self.matching.repeats
        return populations[index // repeats % len(populations)].label if populations else None
