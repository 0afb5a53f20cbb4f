"""Neighbours on a graph: one action towards all of them, or a different one towards each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

from comity.core.decision import Fact
from comity.core.errors import BadParameter
from comity.core.flow import Flow, Game, ask_all, seated, together, told
from comity.core.named import NamedStage, Scale, scale_of, seated_game
from comity.core.outcome import Outcome, Play
from comity.core.space import OneOf
from comity.mechanisms.graphs import Edges, edges_of
from comity.mechanisms.stacking import needs_interchangeable_seats, needs_players

Graph: TypeAlias = Literal["ring", "complete", "star"]


@dataclass(frozen=True)
class Network:
    """The rule as the players are told it: who is whose neighbour, and whether pay is the mean or the sum over them."""

    edges: Edges
    pay: str


@dataclass(frozen=True)
class _OnEdges:
    """What the two networks share: who plays whom, and how the pay of the edges adds up."""

    base: Any
    players: int = 4
    graph: Graph = "ring"
    edges: Edges = ()
    pay: Literal["mean", "sum"] = "mean"

    def __post_init__(self) -> None:
        needs_players("a network", self.base, 2)
        if self.pay not in ("mean", "sum"):
            raise BadParameter(f'pay must be "mean" or "sum", not {self.pay!r}')
        for edge in self.links:
            if len(edge) != 2 or edge[0] == edge[1] or not all(0 <= player < self.players for player in edge):
                raise BadParameter(f"the edge {list(edge)} does not join two of the players 0 to {self.players - 1}")
        if 0 in self._degrees:
            raise BadParameter(f"player {self._degrees.index(0)} has no neighbour")

    @property
    def n_players(self) -> int:
        return self.players

    @cached_property
    def links(self) -> Edges:
        """The edges in use: those given, else those of the named graph."""
        return self.edges or edges_of(self.graph, self.players)

    @cached_property
    def _degrees(self) -> tuple[int, ...]:
        return tuple(sum(player in edge for edge in self.links) for player in range(self.players))

    @property
    def rule(self) -> Network:
        return Network(self.links, self.pay)

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (self.rule, *self.base.rules)

    def _collected(self, paid: list[tuple[float, ...]]) -> tuple[float, ...]:
        totals = [0.0] * self.players
        for edge, payoffs in zip(self.links, paid, strict=True):
            for player, payoff in zip(edge, payoffs, strict=True):
                totals[player] += payoff
        if self.pay == "sum":
            return tuple(totals)
        return tuple(total / degree for total, degree in zip(totals, self._degrees, strict=True))


@dataclass(frozen=True)
class Networked(_OnEdges):
    """One action per player, played with each of its neighbours (Nowak and May 1992). A stage game itself.

    base: a two-player base game whose seats are interchangeable. edges: pairs of players, or else the named graph.
    pay: the mean or the sum over the neighbours.
    """

    base: NamedStage

    def __post_init__(self) -> None:
        needs_interchangeable_seats("a network with one action for all neighbours", self.base)
        super().__post_init__()

    @property
    def roles(self) -> tuple[str, ...]:
        return (self.base.roles[0],) * self.players

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return (self.base.cooperative[0],) * self.players

    @property
    def defective(self) -> tuple[str | None, ...]:
        return (self.base.defective[0],) * self.players

    @property
    def scale(self) -> Scale:
        return scale_of(self) if self.pay == "sum" else self.base.scale

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return (self.base.actions[0],) * self.players

    def payoffs(self, profile: tuple[str, ...]) -> tuple[float, ...]:
        return self._collected([self.base.payoffs((profile[i], profile[j])) for i, j in self.links])

    def play(self) -> Flow[Outcome]:
        acts = ask_all(self.players, "act", OneOf(self.actions[0]), *self.rules)
        profile = yield from acts
        return Outcome(self.payoffs(profile), profile)


@dataclass(frozen=True)
class PerEdge(_OnEdges):
    """base along every edge at once: a player meets each neighbour in a play of its own.

    What goes on along one edge is not shown along another while they are played; with a base of more than one step the
    game is therefore not of perfect recall.

    base: any game for two. edges, graph, pay: as in `Networked`.
    """

    base: Game

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """What each player is along its edges; where that differs, "truster and trustee"."""
        seats = seated_game(self.base).roles
        taken = [{seat: None for edge in self.links for seat in (0, 1) if edge[seat] == p} for p in range(self.players)]
        return tuple(" and ".join(dict.fromkeys(seats[seat % len(seats)] for seat in sorted(each))) for each in taken)

    @property
    def plays_paid(self) -> float:
        return 2 * len(self.links) / self.players if self.pay == "sum" else 1.0

    def play(self) -> Flow[Outcome]:
        flows = [told(seated(self.base.play(), edge), self.rule) for edge in self.links]
        outcomes = yield from together(flows)
        parts = tuple(Play(0, edge, outcome) for edge, outcome in zip(self.links, outcomes, strict=True))
        return Outcome(self._collected([outcome.payoffs for outcome in outcomes]), parts=parts)
