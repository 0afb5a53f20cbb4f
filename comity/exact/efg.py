"""A game written down for other tools: its extensive form as text in Gambit's .efg format (version 2).

The file lists the nodes of the tree, each before what follows it. Decisions of one step follow one another; nodes that
their player cannot tell apart carry the same number. Payoffs and odds are written as the fractions they stand for, so
that odds sum to one exactly. The format is described in the manual of Gambit (Savani and Turocy).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from comity.core.decision import NATURE, Decision
from comity.core.flow import Game
from comity.core.match import Path, tree
from comity.core.named import layers
from comity.core.outcome import Outcome
from comity.exact.rational import exactly
from comity.exact.tree import MOST_NODES, AtLeaf, AtNode, InformationSet, drawn_at, labels, visits


def write_efg(game: Game, path: Path = (), title: str | None = None, most: int = MOST_NODES) -> str:
    """The game from that path on, in the .efg format; the title is by default how the game is stacked.

    Raises `NotEnumerable` where the tree cannot be listed or has more than `most` nodes, leaves included.
    """
    return "".join(f"{line}\n" for line in efg_lines(game, path, title, most))


def efg_lines(game: Game, path: Path = (), title: str | None = None, most: int = MOST_NODES) -> Iterator[str]:
    """The lines of `write_efg`, one by one."""
    players = " ".join(_quoted(f"player {player + 1}") for player in range(game.n_players))
    yield f"EFG 2 R {_quoted(_stack(game) if title is None else title)} {{ {players} }}"
    numbering = _Numbering()
    for place in visits(tree(game, path, most)):
        yield numbering.line(place)


class _Numbering:
    """Numbers for information sets (from 1 for each player), nodes of chance and leaves, in the order they come up."""

    def __init__(self) -> None:
        self._sets: dict[int, dict[InformationSet, int]] = {}
        self._drawn = 0
        self._leaves = 0

    def line(self, place: AtNode | AtLeaf) -> str:
        if isinstance(place, AtLeaf):
            return self._leaf(place.outcome)
        if place.within.player == NATURE:
            return self._chance(place.node.decision)
        return self._personal(place.within)

    def _leaf(self, outcome: Outcome) -> str:
        self._leaves += 1
        payoffs = " ".join(str(exactly(payoff)) for payoff in outcome.payoffs)
        return f't "" {self._leaves} "outcome {self._leaves}" {{ {payoffs} }}'

    def _chance(self, decision: Decision[Any]) -> str:
        self._drawn += 1
        shares = drawn_at(decision).values()
        branches = " ".join(f"{name} {share}" for name, share in zip(_names(decision), shares, strict=True))
        return f'c "" {self._drawn} {_quoted(f"{decision.kind} {self._drawn}")} {{ {branches} }} 0'

    def _personal(self, within: InformationSet) -> str:
        decision, known = within.decision, self._sets.setdefault(within.player, {})
        number = known.setdefault(within, len(known) + 1)
        name, choices = _quoted(f"{decision.kind} {number}"), " ".join(_names(decision))
        return f'p "" {within.player + 1} {number} {name} {{ {choices} }} 0'


def _names(decision: Decision[Any]) -> list[str]:
    return [_quoted(name) for name in labels(tuple(decision.options))]


def _quoted(text: str) -> str:
    """Text in double quotes on one line; the format can escape the quote, and nothing else."""
    plain = " ".join(text.replace("\\", "/").split())
    return '"' + plain.replace('"', '\\"') + '"'


def _stack(game: Game) -> str:
    """How a game is stacked, outermost first."""
    return " of ".join(type(layer).__name__ for layer in layers(game))
