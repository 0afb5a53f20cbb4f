"""The tree of a game, and what each player can tell apart in it.

The nodes at which a player faces equal decisions, having made equal choices in the same step, are one information set:
what a player sees is all it knows, apart from what it is deciding together. A behaviour says what is done at each
information set; chance behaves as its odds say.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, TypeAlias, cast

from comity.core.decision import NATURE, Decision
from comity.core.flow import Choices, Decisions
from comity.core.match import Node, Reply, Tree
from comity.core.outcome import Outcome
from comity.core.space import Drawable, Lottery
from comity.exact.rational import Values, exactly, odds

MOST_NODES = 200_000
"""How many nodes, leaves included, an exact answer may look at unless its caller says otherwise."""


@dataclass(frozen=True)
class InformationSet:
    """All nodes at which a player faces this decision, having chosen `earlier` so far in the same step."""

    decision: Decision[Any]
    earlier: Choices = ()

    @property
    def player(self) -> int:
        """Who decides there."""
        return self.decision.player

    @cached_property
    def _hash(self) -> int:
        return hash((self.decision, self.earlier))

    def __hash__(self) -> int:
        return self._hash  # what is seen is deep, and asked for often


Policy: TypeAlias = Mapping[Decision[Any], Reply]
"""What is answered to every decision: a choice, or a `Lottery` over choices."""

Behaviour: TypeAlias = Callable[[InformationSet], Mapping[Any, Fraction]]
"""With which probability each choice is made at an information set; choices left out are not made."""


@dataclass(frozen=True, slots=True)
class Move:
    """A choice on the way to a place in the tree: in which step, at which information set, and how probable it is."""

    step: int
    at: InformationSet
    choice: Any
    share: Fraction


Trail: TypeAlias = tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class AtNode:
    """A node, what it belongs to, and the moves that lead there. A node of chance belongs to a set of chance's."""

    node: Node
    within: InformationSet
    trail: Trail


@dataclass(frozen=True, slots=True)
class AtLeaf:
    """A leaf, and the moves that lead there."""

    outcome: Outcome
    trail: Trail


def _anything(within: InformationSet) -> Mapping[Any, Fraction]:
    return {}


def visits(tree: Tree, behaviour: Behaviour = _anything) -> Iterator[AtNode | AtLeaf]:
    """Every node and leaf, each before what follows it, and branches in the order of the options.

    The moves that lead there are as probable as the behaviour says; without one, they are only told.
    """
    known: dict[InformationSet, InformationSet] = {}
    ahead: list[tuple[Tree, Trail]] = [(tree, ())]
    while ahead:
        place, trail = ahead.pop()
        if isinstance(place, Outcome):
            yield AtLeaf(place, trail)
            continue
        within = InformationSet(place.decision, _earlier(place, trail))
        within = known.setdefault(within, within)
        yield AtNode(place, within, trail)
        shares, step = behaviour(within), place.step
        onward = [
            (after, (*trail, Move(step, within, choice, shares.get(choice, Fraction(0)))))
            for choice, after in place.branches.items()
        ]
        ahead.extend(reversed(onward))


def _earlier(node: Node, trail: Trail) -> Choices:
    return tuple(m.choice for m in trail if m.step == node.step and m.at.player == node.decision.player)


def leaves(tree: Tree, behaviour: Behaviour = _anything) -> Iterator[AtLeaf]:
    """Every leaf, in order."""
    return (place for place in visits(tree, behaviour) if isinstance(place, AtLeaf))


def nodes(tree: Tree) -> Iterator[AtNode]:
    """Every node at which a player, and not chance, decides, in order."""
    return (place for place in visits(tree) if isinstance(place, AtNode) and place.within.player != NATURE)


@dataclass(frozen=True)
class Counts:
    """How large a tree is. Decision nodes and information sets are those of the players; chance has its own nodes."""

    decision_nodes: int
    chance_nodes: int
    leaves: int
    information_sets: int


def counts(tree: Tree) -> Counts:
    """How large this tree is."""
    decided = drawn = ended = 0
    sets = set()
    for place in visits(tree):
        if isinstance(place, AtLeaf):
            ended += 1
        elif place.within.player == NATURE:
            drawn += 1
        else:
            decided += 1
            sets.add(place.within)
    return Counts(decided, drawn, ended, len(sets))


def sequence(trail: Trail, player: int) -> tuple[tuple[InformationSet, Any], ...]:
    """What a player itself has met and done on the way (von Stengel 1996)."""
    return tuple((move.at, move.choice) for move in trail if move.at.player == player)


def is_perfect_recall(tree: Tree) -> bool:
    """Whether every player always still knows what it has known and done (Kuhn 1953).

    That is so if at all nodes of an information set its player has the same past: the same information sets of its own
    in the same order, and the same choices there.
    """
    past: dict[InformationSet, Hashable] = {}
    for place in nodes(tree):
        own = sequence(place.trail, place.within.player)
        if past.setdefault(place.within, own) != own:
            return False
    return True


@lru_cache(maxsize=1024)
def drawn_at(decision: Decision[Any]) -> Mapping[Any, Fraction]:
    """The odds of a decision of chance."""
    return odds(cast("Drawable[Any]", decision.options))


def following(policy: Policy) -> Behaviour:
    """The behaviour of players who all follow the policy. Raises `KeyError` at a decision it leaves open."""

    def behaviour(within: InformationSet) -> Mapping[Any, Fraction]:
        if within.player == NATURE:
            return drawn_at(within.decision)
        reply = policy[within.decision]
        return odds(reply) if isinstance(reply, Lottery) else {reply: Fraction(1)}

    return behaviour


def probability(trail: Trail, apart_from: int | None = None) -> Fraction:
    """How likely a trail is, where the moves of the player `apart_from` count as certain."""
    product = Fraction(1)
    for move in trail:
        if move.share != 1 and move.at.player != apart_from:
            product *= move.share
    return product


def expected_payoffs(tree: Tree, behaviour: Behaviour) -> Values:
    """What every player is paid on average under a behaviour, exactly."""
    weighted = [(probability(leaf.trail), leaf.outcome.payoffs) for leaf in leaves(tree, behaviour)]
    columns = zip(*([weight * exactly(payoff) for payoff in paid] for weight, paid in weighted if weight), strict=True)
    return tuple(sum(column, Fraction(0)) for column in columns)


def label(choice: Any) -> str:
    """A choice as a person would write it."""
    if isinstance(choice, bool):
        return "yes" if choice else "no"
    return ", ".join(map(label, choice)) if isinstance(choice, tuple) else str(choice)


def labels(choices: Sequence[Any]) -> tuple[str, ...]:
    """A different name for each of these different choices: its label, or where they are not different its spelling."""
    names = tuple(map(label, choices))
    return names if len(set(names)) == len(names) and all(map(str.strip, names)) else tuple(map(repr, choices))


@dataclass(frozen=True)
class Step:
    """The decisions put at once, and where each answer to all of them leads."""

    decisions: Decisions
    onward: Mapping[Choices, Tree]


def first_step(node: Node) -> Step:
    """The step of the match that begins at this node."""
    decisions: list[Decision[Any]] = []
    onward: dict[Choices, Tree] = {(): node}
    while isinstance(place := next(iter(onward.values())), Node) and place.step == node.step:
        decisions.append(place.decision)
        onward = {
            (*choices, choice): after
            for choices, here in onward.items()
            if isinstance(here, Node)
            for choice, after in here.branches.items()
        }
    return Step(tuple(decisions), onward)
