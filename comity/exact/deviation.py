"""What a player would gain by leaving a policy alone: the certificate of an equilibrium, found independently of it.

A player's best reply is worked out over its own sequences of information sets and choices, which form a tree because it
forgets nothing (Koller, Megiddo and von Stengel 1996).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeAlias

from comity.core.errors import NotSolvable
from comity.core.flow import Game
from comity.core.match import Path, Tree, tree
from comity.exact.rational import Values, exactly
from comity.exact.tree import (
    MOST_NODES,
    Behaviour,
    InformationSet,
    Policy,
    expected_payoffs,
    following,
    is_perfect_recall,
    leaves,
    nodes,
    probability,
    sequence,
)

_Own: TypeAlias = tuple[tuple[InformationSet, Any], ...]


def deviation_gains(game: Game, policy: Policy, path: Path = (), most: int = MOST_NODES) -> Values:
    """The most that each player could gain, on average, by any other plan while all others follow the policy.

    All zero means that the policy is an equilibrium (Nash). policy: what is answered to each decision, a choice or a
    `Lottery`; a decision it leaves out raises `KeyError`. Raises `NotSolvable` unless the game is of perfect recall,
    and `NotEnumerable` where its tree cannot be listed or has more than `most` nodes, leaves included.
    """
    whole = tree(game, path, most)
    if not is_perfect_recall(whole):
        raise NotSolvable(
            "a player of this game forgets what it has known or done; a best reply is then not found exactly"
        )
    behaviour = following(policy)
    values = expected_payoffs(whole, behaviour)
    return tuple(_best_reply_value(whole, behaviour, player) - value for player, value in enumerate(values))


def _best_reply_value(whole: Tree, behaviour: Behaviour, player: int) -> Fraction:
    """What a player of perfect recall is paid on average if it replies best to the behaviour of all others."""
    paid: dict[_Own, Fraction] = {}
    for leaf in leaves(whole, behaviour):
        own = sequence(leaf.trail, player)
        share = probability(leaf.trail, apart_from=player)
        paid[own] = paid.get(own, Fraction(0)) + share * exactly(leaf.outcome.payoffs[player])
    following_on: dict[_Own, dict[InformationSet, None]] = {}
    for place in nodes(whole):
        if place.within.player == player:
            following_on.setdefault(sequence(place.trail, player), {})[place.within] = None

    def worth(own: _Own) -> Fraction:
        decided = following_on.get(own, {})
        best = (max(worth((*own, (within, choice))) for choice in within.decision.options) for within in decided)
        return paid.get(own, Fraction(0)) + sum(best, Fraction(0))

    return worth(())
