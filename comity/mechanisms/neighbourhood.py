"""Rounds on a graph: one action per node and round towards all its neighbours, and nobody sees further than them.

The graph stays, or its ties change from round to round; every node keeps its number of neighbours. A node that has no
answer is not there in that round: its ties are not played and pay nothing, and the others go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any, Literal, NamedTuple, TypeAlias

from comity.core.decision import NATURE, Decision, Fact
from comity.core.errors import BadParameter
from comity.core.flow import Choices, Flow, Game, ask, draw
from comity.core.match import Match, replaying
from comity.core.named import NamedStage, Scale, layers
from comity.core.outcome import Outcome, Play
from comity.core.space import Number, OneOf
from comity.mechanisms.graphs import (
    MOST_NODES,
    SIZES,
    Edges,
    checked_graph,
    degrees_of,
    named_graph,
    neighbours_of,
    rewired,
    shuffled,
    sorted_edges,
)
from comity.mechanisms.repetition import recent
from comity.mechanisms.stacking import Memory, checked_memory, checked_rounds, needs_interchangeable_seats

REWIRE = "rewire"
"""The kind of the draw that changes the ties (and, where it is shuffled, the order in which neighbours are shown)."""
ORDER = "order"
"""The kind of the draw of that order alone."""
WORDS: Number = Number(2**53)
"""From what the number is drawn that decides a round's graph."""

Part: TypeAlias = tuple[tuple[str, int | bool], ...]
"""The fields of one stretch of rounds, "rounds" and "rewired", as pairs."""


@dataclass(frozen=True)
class Neighbouring:
    """The rule as the players are told it.

    rounds: how many rounds there are, as players count them, where that is announced.
    memory: how many past rounds are shown, or "all".
    pay: whether pay is the "sum" or the "mean" over the neighbours.
    shown: a neighbour's payoff is shown as it is ("sum"), times the number of one's own neighbours over the number of
        its ("normalised"), or not at all ("none").
    rewired: whether the neighbours change from round to round.
    reordered: whether they are shown in another order in each round, so that their numbers tell nothing.
    """

    rounds: int | None
    memory: Memory
    pay: str
    shown: str
    rewired: bool
    reordered: bool = False


@dataclass(frozen=True, slots=True)
class Met:
    """A neighbour as it was seen in one past round: its place among the neighbours shown, from 0, what it did, and its
    payoff as shown. None where it had no answer, and where payoffs are not shown."""

    neighbour: int
    action: str | None
    payoff: float | None


@dataclass(frozen=True, slots=True)
class Look:
    """One past round as one node saw it: its number from 0, the node's own action and payoff, and its neighbours."""

    round: int
    action: str | None
    payoff: float
    met: tuple[Met, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a node is shown at a decision: how many neighbours it has, how many rounds were played, and the last of them
    inside its memory, oldest first."""

    degree: int
    played: int
    past: tuple[Look, ...]


class Tied(NamedTuple):
    """Who was whose neighbour in one round: the part and the round of it, both from 0, and the edges."""

    part: int
    round: int
    edges: Edges


class _Stretch(NamedTuple):
    """One part of a match: how many rounds, and whether the ties change between them."""

    rounds: int
    rewired: bool


@dataclass(frozen=True)
class Neighbourhood:
    """`rounds` rounds of a two-player game on a graph: a node acts once per round, towards all its neighbours.

    After Nowak and May (1992); as people played it in Grujić et al. (2010) and Gracia-Lázaro et al. (2012). A node
    sees itself and its neighbours, nobody else. The payoff of a match is the mean per round. What is made of it (a
    repetition, say) shows everybody how it ended.

    base: a two-player base game whose seats are interchangeable.
    graph, size: a graph by name and how large it is, as in `comity.mechanisms.graphs.named_graph`; a size that is left
        out is the usual one (`SIZES`). edges: pairs of nodes, in place of a named graph. graph_word: the number that
        decides a random one.
    rewired: whether, from the second round on, chance gives the nodes other neighbours, as many as they have: the ties
        of the round before are shuffled by double edge swaps, as a number has it that is drawn. What a node is shown
        are then those that it met in the round just played.
    sequence: the edges of each round of a rewired part, recorded elsewhere; nothing is then drawn.
    parts: several stretches of rounds one after another, each with `rounds` and `rewired` of its own (as pairs; in a
        plan as tables). Each begins on the same graph. carry_over: whether at the start of a part a node still sees
        the rounds before; if not, its rounds are counted anew.
    horizon: whether the number of rounds is "announced" or "hidden": that of all parts, or of each part where its
        rounds are counted anew. memory: how many past rounds a node is shown, or "all".
    pay: the "sum" or the "mean" over the neighbours. shown: how a neighbour's payoff is told, see `Neighbouring`; a
        mean does not grow with the number of neighbours, and is not "normalised".
    order: neighbours are shown in an order that stays ("fixed", that of their numbers), or by chance in another one
        each round ("shuffled").

    Raises `BadStack` on any other base, and `BadParameter` where a field has an impossible value.
    """

    base: NamedStage
    graph: str = "lattice"
    size: tuple[int, ...] = ()
    edges: tuple[tuple[int, int], ...] = ()
    graph_word: int = 0
    rounds: int = 51
    rewired: bool = False
    sequence: tuple[tuple[tuple[int, int], ...], ...] = ()
    parts: tuple[Part, ...] = ()
    carry_over: bool = True
    horizon: Literal["hidden", "announced"] = "hidden"
    memory: Memory = 1
    pay: Literal["sum", "mean"] = "sum"
    shown: Literal["normalised", "sum", "none"] = "normalised"
    order: Literal["fixed", "shuffled"] = "fixed"

    def __post_init__(self) -> None:
        needs_interchangeable_seats("a neighbourhood", self.base)
        checked_memory(self.memory)
        _one_of("horizon", self.horizon, "hidden", "announced")
        _one_of("pay", self.pay, "sum", "mean")
        _one_of("shown", self.shown, "normalised", "sum", "none")
        _one_of("order", self.order, "fixed", "shuffled")
        if self.pay == "mean" and self.shown == "normalised":
            raise BadParameter(
                'where pay is the "mean" over the neighbours there is nothing to rescale: shown must be "sum" '
                '(as it is) or "none", not "normalised"'
            )
        if not 0 <= self.graph_word < WORDS.below:
            raise BadParameter(f"graph_word must be 0 to 2**53 - 1, not {self.graph_word}")
        if self.n_players > MOST_NODES:
            raise BadParameter(f"a graph has {MOST_NODES:,} nodes at most, numbered from 0, not {self.n_players:,}")
        checked_graph(self.links, self.n_players)
        checked_rounds(sum(stretch.rounds for stretch in self.stretches))
        self._check_sequence()

    def _check_sequence(self) -> None:
        if not self.sequence:
            return
        if not any(stretch.rewired for stretch in self.stretches):
            raise BadParameter("a sequence of graphs needs rewired = true, in all rounds or in one of the parts")
        needed = max(stretch.rounds for stretch in self.stretches if stretch.rewired)
        if len(self.sequence) < needed:
            raise BadParameter(f"the sequence has {len(self.sequence)} graphs, and {needed} rounds need one each")
        for number, edges in enumerate(self.sequence):
            try:
                checked_graph(edges, self.n_players)
            except BadParameter as error:
                raise BadParameter(f"graph {number} of the sequence: {error}") from None
            if degrees_of(edges, self.n_players) != self.degrees:
                raise BadParameter(f"graph {number} of the sequence has other degrees than the graph")

    @cached_property
    def links(self) -> Edges:
        """The edges of the graph on which every part begins (but for a recorded sequence)."""
        if self.edges:
            return sorted_edges(self.edges)
        if self.sequence:
            return sorted_edges(self.sequence[0])
        return named_graph(self.graph, self.size or SIZES.get(self.graph, ()), self.graph_word)

    @cached_property
    def n_players(self) -> int:
        return 1 + max((max(edge) for edge in self.links), default=-1)

    @cached_property
    def degrees(self) -> tuple[int, ...]:
        """How many neighbours each node has, in every round."""
        return degrees_of(self.links, self.n_players)

    @cached_property
    def stretches(self) -> tuple[_Stretch, ...]:
        """The parts of a match, in order; one where none are given."""
        if not self.parts:
            checked_rounds(self.rounds)
            return (_Stretch(self.rounds, self.rewired),)
        return tuple(_stretch(number, part, self) for number, part in enumerate(self.parts))

    @property
    def total_rounds(self) -> int:
        """The rounds of all parts."""
        return sum(stretch.rounds for stretch in self.stretches)

    def rule_of(self, part: int) -> Neighbouring:
        """The rule as it is told in that part."""
        stretch = self.stretches[part]
        rounds = self.total_rounds if self.carry_over else stretch.rounds
        announced = rounds if self.horizon == "announced" else None
        return Neighbouring(announced, self.memory, self.pay, self.shown, stretch.rewired, self.order == "shuffled")

    @property
    def rules(self) -> tuple[Fact, ...]:
        """Those that hold in every part; where parts differ, each tells its own when it is played."""
        told = {self.rule_of(part) for part in range(len(self.stretches))}
        return (*(told if len(told) == 1 else ()), *self.base.rules)

    @cached_property
    def roles(self) -> tuple[str, ...]:
        return (self.base.roles[0],) * self.n_players

    @cached_property
    def cooperative(self) -> tuple[str | None, ...]:
        return (self.base.cooperative[0],) * self.n_players

    @cached_property
    def defective(self) -> tuple[str | None, ...]:
        return (self.base.defective[0],) * self.n_players

    @property
    def scale(self) -> Scale:
        """That of the base, times the mean number of neighbours where pay is their sum."""
        times = 2 * len(self.links) / self.n_players if self.pay == "sum" else 1.0
        return Scale(self.base.scale.low * times, self.base.scale.high * times)

    @cached_property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        """The names of the actions of each node."""
        return (self.base.actions[0],) * self.n_players

    def graphs(self, words: Sequence[int] = ()) -> Iterator[Tied]:
        """Who is whose neighbour in each round, as far as it is known; words: what was drawn to rewire, in order."""
        drawn = iter(words)
        for part, stretch in enumerate(self.stretches):
            edges = self.links
            for round in range(stretch.rounds):
                if stretch.rewired and self.sequence:
                    edges = sorted_edges(self.sequence[round])
                elif stretch.rewired and round:
                    word = next(drawn, None)
                    if word is None:
                        return
                    edges = rewired(edges, word)
                yield Tied(part, round, edges)

    def play(self) -> Flow[Outcome]:
        everybody = tuple(range(self.n_players))
        watch = _Watch(self)
        parts: list[Play] = []
        for number in range(len(self.stretches)):
            if not self.carry_over:
                watch = _Watch(self)
            rounds = yield from self._part(number, watch)
            outcome = Outcome(_mean(self.n_players, [rounds]), parts=rounds)
            parts.append(Play(number, everybody, outcome))
        if len(parts) == 1:
            return parts[0].outcome
        return Outcome(_mean(self.n_players, [part.outcome.parts for part in parts]), parts=tuple(parts))

    def _part(self, number: int, watch: _Watch) -> Flow[tuple[Play, ...]]:
        stretch, rules = self.stretches[number], (self.rule_of(number), *self.base.rules)
        everybody, options = tuple(range(self.n_players)), OneOf(self.base.actions[0], missable=True)
        edges, plays, past = self.links, list[Play](), watch.past
        neighbours = shown = neighbours_of(edges, self.n_players)
        for round in range(stretch.rounds):
            changes = stretch.rewired and round > 0 and not self.sequence
            word = 0
            if changes or self.order == "shuffled":
                word = yield from draw(REWIRE if changes else ORDER, WORDS)
            if stretch.rewired and (changes or self.sequence):
                edges = rewired(edges, word) if changes else sorted_edges(self.sequence[round])
                neighbours = shown = neighbours_of(edges, self.n_players)
            if self.order == "shuffled":
                shown = shuffled(neighbours, word)
            played = watch.played
            profile = yield from ask(
                *[
                    Decision(node, "act", options, (*rules, Surroundings(degree, played, past[node])))
                    for node, degree in enumerate(self.degrees)
                ]
            )
            payoffs = self._paid(profile, neighbours)
            plays.append(Play(round, everybody, Outcome(payoffs, profile)))
            watch.see(profile, payoffs, shown)
        return tuple(plays)

    @cached_property
    def _each(self) -> dict[str | None, dict[str | None, float]]:
        """What one tie pays by the own action and the neighbour's; nothing where one of the two is not there."""
        own = self.base.actions[0]
        paid: dict[str | None, dict[str | None, float]] = {None: dict.fromkeys((None, *own), 0.0)}
        for mine in own:
            paid[mine] = {None: 0.0}
        for mine, theirs in product(own, own):
            paid[mine][theirs] = float(self.base.payoffs((mine, theirs))[0])
        return paid

    def _paid(self, profile: Sequence[str | None], neighbours: Sequence[tuple[int, ...]]) -> tuple[float, ...]:
        """What every node is paid in a round. A mean is over all its neighbours, those that were not there included."""
        each, paid = self._each, []
        for mine, others in zip(profile, neighbours, strict=True):
            pays, total = each[mine], 0.0
            for other in others:  # by hand: how `sum` rounds depends on the version of Python
                total += pays[profile[other]]
            paid.append(total if self.pay == "sum" else total / len(others))
        return tuple(paid)


@dataclass
class _Watch:
    """What every node has seen so far.

    played: how many rounds. past: for each node the rounds inside its memory.
    """

    game: Neighbourhood
    played: int = 0
    past: list[tuple[Look, ...]] = field(default_factory=list)
    _known: dict[tuple[int, str | None, float | None], Met] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.past = [()] * self.game.n_players

    def see(
        self, profile: Sequence[str | None], payoffs: Sequence[float], neighbours: Sequence[tuple[int, ...]]
    ) -> None:
        """Everybody sees the round that was just played."""
        memory, number, past = self.game.memory, self.played, self.past
        for node, others in enumerate(neighbours):
            look = Look(number, profile[node], payoffs[node], self._met(node, others, profile, payoffs))
            past[node] = (look,) if memory == 1 else recent((*past[node], look), memory)
        self.played += 1

    def _met(
        self, node: int, others: tuple[int, ...], profile: Sequence[str | None], payoffs: Sequence[float]
    ) -> tuple[Met, ...]:
        known, degrees, shown = self._known, self.game.degrees, self.game.shown
        met, own, payoff = [], degrees[node], None
        for place, other in enumerate(others):
            if shown == "normalised":
                payoff = payoffs[other] * own / degrees[other]
            elif shown == "sum":
                payoff = payoffs[other]
            seen = (place, profile[other], payoff)
            found = known.get(seen)
            if found is None:
                found = known[seen] = Met(*seen)
            met.append(found)
        return tuple(met)


def graphs_of(game: Game, record: Sequence[Choices] | Match = ()) -> tuple[Tied, ...]:
    """Who was whose neighbour in which round of a match, from its choices (or the match) alone.

    game: one with a `Neighbourhood` in its stack, as it was played. The record is played again only where the ties were
    drawn. Where the neighbourhood itself is played several times, the graphs of each play follow those of the one
    before. Of a match that broke off the graphs end where the next ties were not drawn. Raises `BadParameter` where
    there is no neighbourhood in the game.
    """
    inside = next((layer for layer in layers(game) if isinstance(layer, Neighbourhood)), None)
    if inside is None:
        raise BadParameter(f"{type(game).__name__} has no neighbourhood: there are no graphs to be told")
    choices = record.choices if isinstance(record, Match) else record
    words = _rewirings(inside)
    if not words:
        return tuple(inside.graphs())
    drawn = [
        batch[0]
        for match, batch in zip(replaying(game, choices), choices, strict=False)
        if match.pending[0].player == NATURE and match.pending[0].kind == REWIRE
    ]
    found: list[Tied] = []
    for start in range(0, max(len(drawn), 1), words):
        found.extend(inside.graphs(drawn[start : start + words]))
    return tuple(found)


def _rewirings(game: Neighbourhood) -> int:
    """How often the ties are drawn in a play."""
    return 0 if game.sequence else sum(stretch.rounds - 1 for stretch in game.stretches if stretch.rewired)


def _stretch(number: int, part: Any, game: Neighbourhood) -> _Stretch:
    """One part, with the fields of the game where it has none of its own."""
    fields = {"rounds": game.rounds, "rewired": game.rewired}
    given = dict(part)
    for name, value in given.items():
        if name not in fields:
            raise BadParameter(f"part {number + 1} has the field {name!r}; a part has {' and '.join(fields)}")
        if type(value) is not type(fields[name]):
            wanted = "true or false" if name == "rewired" else "a whole number"
            raise BadParameter(f"{name} of part {number + 1} must be {wanted}, not {value!r}")
    stretch = _Stretch(**{**fields, **given})
    checked_rounds(stretch.rounds)
    return stretch


def _one_of(name: str, value: object, *allowed: str) -> None:
    if value not in allowed:
        *most, last = (f'"{each}"' for each in allowed)
        raise BadParameter(f"{name} must be {', '.join(most)} or {last}, not {value!r}")


def _mean(players: int, parts: Sequence[tuple[Play, ...]]) -> tuple[float, ...]:
    """The mean payoff per round of each player, added in the order of play."""
    totals = [0.0] * players
    rounds = 0
    for part in parts:
        for play in part:
            rounds += 1
            for player, payoff in enumerate(play.outcome.payoffs):
                totals[player] += payoff
    return tuple([total / rounds for total in totals])
