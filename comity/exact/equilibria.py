"""Equilibria, exactly: of games of one step by their table, of games of many steps backwards from the end.

All numbers are the fractions that the payoffs stand for (see `exact.rational`), so what ties is seen to tie.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from comity.core.decision import NATURE, Decision
from comity.core.errors import NotSolvable
from comity.core.flow import Choices, Decisions, Game, StageGame
from comity.core.match import Path, Reply, Tree, tree
from comity.core.outcome import Outcome
from comity.core.space import Lottery
from comity.exact.rational import Values, exactly, solved
from comity.exact.tree import MOST_NODES, Step, drawn_at, first_step

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Profile: TypeAlias = tuple[Any, ...]
Matrix: TypeAlias = Sequence[Sequence[Fraction]]


@dataclass(frozen=True)
class Table:
    """A game in normal form, exactly.

    actions: those of each player. paid: for every profile what each player is paid.
    """

    actions: tuple[tuple[Any, ...], ...]
    paid: Mapping[Profile, Values]

    def deviations(self, profile: Profile, player: int) -> Iterator[Fraction]:
        """What the player is paid for each of its actions while the others play as in the profile."""
        for action in self.actions[player]:
            yield self.paid[(*profile[:player], action, *profile[player + 1 :])][player]

    def is_equilibrium(self, profile: Profile) -> bool:
        """Whether no player gains by deviating alone."""
        return all(
            self.paid[profile][player] == max(self.deviations(profile, player)) for player in range(len(self.actions))
        )

    def dominates(self, player: int, better: Any, worse: Any, strictly: bool = True) -> bool:
        """Whether the action `better` always pays the player more than `worse`; weakly: never less and once more."""
        gains = [
            self.paid[(*rest[:player], better, *rest[player:])][player]
            - self.paid[(*rest[:player], worse, *rest[player:])][player]
            for rest in itertools.product(*self.actions[:player], *self.actions[player + 1 :])
        ]
        return min(gains) > 0 or (not strictly and min(gains) >= 0 and max(gains) > 0)

    def is_dominant(self, player: int, action: Any, strictly: bool = True) -> bool:
        """Whether the action dominates all the player's others."""
        others = (other for other in self.actions[player] if other != action)
        return all(self.dominates(player, action, other, strictly) for other in others)

    @cached_property
    def pure_equilibria(self) -> tuple[Profile, ...]:
        """Every equilibrium in pure actions, in the order of the actions."""
        return tuple(filter(self.is_equilibrium, itertools.product(*self.actions)))


def table(game: StageGame) -> Table:
    """The payoffs of a stage game, exactly."""
    profiles = itertools.product(*game.actions)
    return Table(game.actions, {profile: tuple(map(exactly, game.payoffs(profile))) for profile in profiles})


def payoff_array(game: StageGame) -> NDArray[np.float64]:
    """payoffs[a_0, ..., a_(n-1), i]: what player i is paid when player j plays its a_j-th action."""
    import numpy as np

    paid = [game.payoffs(profile) for profile in itertools.product(*game.actions)]
    return np.array(paid, dtype=np.float64).reshape(*map(len, game.actions), game.n_players)


def pure_equilibria(game: StageGame) -> tuple[tuple[str, ...], ...]:
    """Every Nash equilibrium in pure actions, in the order of the actions."""
    return table(game).pure_equilibria


def dominates(game: StageGame, seat: int, better: str, worse: str, strictly: bool = True) -> bool:
    """Whether the action `better` of that seat dominates `worse`: see `Table.dominates`."""
    return table(game).dominates(seat, better, worse, strictly)


def dominated_actions(game: StageGame, seat: int, strictly: bool = True) -> tuple[str, ...]:
    """The actions of that seat that another of its actions dominates."""
    exact, actions = table(game), game.actions[seat]
    return tuple(a for a in actions if any(exact.dominates(seat, b, a, strictly) for b in actions))


def dominant_actions(game: StageGame, seat: int, strictly: bool = True) -> tuple[str, ...]:
    """The action of that seat that dominates all its others, if there is one."""
    exact = table(game)
    return tuple(action for action in game.actions[seat] if exact.is_dominant(seat, action, strictly))


def security_levels(game: StageGame) -> Values:
    """What each seat can guarantee itself with a pure action, whatever the others do (maximin)."""
    exact = table(game)

    def level(seat: int) -> Fraction:
        worst: dict[str, list[Fraction]] = {action: [] for action in game.actions[seat]}
        for profile, paid in exact.paid.items():
            worst[profile[seat]].append(paid[seat])
        return max(map(min, worst.values()))

    return tuple(map(level, range(game.n_players)))


@dataclass(frozen=True)
class Mixed:
    """A profile of mixed actions of two players. shares[i][a]: how often player i plays its a-th action."""

    shares: tuple[Values, Values]
    values: Values


def mixed_equilibria(game: StageGame) -> Iterator[Mixed]:
    """The extreme equilibria of a two-player game, pure ones included; in a nondegenerate game these are all.

    Support enumeration (Nisan et al. 2007, algorithm 3.4), in which a mixed action may leave the opponent more best
    replies than are played, so that degenerate games lose none of their extreme equilibria, of which all others are
    mixtures (von Stengel 2002). Order: by the size of the larger support, then the supports of the first player, then
    those of the second, in the order of the actions. Raises `NotSolvable` unless there are two players.
    """
    if game.n_players != 2:
        raise NotSolvable(f"support enumeration is for two players, and this game is for {game.n_players}")
    return _mixed(table(game))


def _mixed(exact: Table) -> Iterator[Mixed]:
    first, second = exact.actions
    to_first = [[exact.paid[a, b][0] for b in second] for a in first]
    to_second = [[exact.paid[a, b][1] for a in first] for b in second]
    rows: list[_Vertex] = []
    columns: list[_Vertex] = []
    for size in range(1, min(len(first), len(second)) + 1):
        rows += _vertices(to_second, size)
        columns += _vertices(to_first, size)
        for x, y in itertools.product(rows, columns):
            if max(len(x.support), len(y.support)) == size and x.support <= y.replies and y.support <= x.replies:
                yield Mixed((x.shares, y.shares), (y.worth, x.worth))


@dataclass(frozen=True)
class _Vertex:
    """A mixed action that its own support and the best replies to it determine, and what those replies are worth."""

    shares: Values
    worth: Fraction
    replies: frozenset[int]

    @property
    def support(self) -> frozenset[int]:
        return frozenset(action for action, share in enumerate(self.shares) if share)


def _vertices(opponent: Matrix, size: int) -> list[_Vertex]:
    """Those with a support of that size; opponent[b][a] is paid to the opponent for its b against the action a."""
    found: dict[Values, _Vertex] = {}
    for support in itertools.combinations(range(len(opponent[0])), size):
        for replies in itertools.combinations(range(len(opponent)), size):
            shares = _indifferent(opponent, support, replies)
            if shares is not None and shares not in found:
                vertex = _vertex(opponent, shares)
                if vertex.replies.issuperset(replies):
                    found[shares] = vertex
    return list(found.values())


def _indifferent(opponent: Matrix, support: Sequence[int], replies: Sequence[int]) -> Values | None:
    """The mixture of exactly this support that makes these replies worth the same, if there is just one."""
    rows = [[*(opponent[reply][action] for action in support), Fraction(-1), Fraction(0)] for reply in replies]
    one = [*(Fraction(1) for _ in support), Fraction(0), Fraction(1)]
    solution = solved([*rows, one])
    if solution is None or min(solution[:-1]) <= 0:
        return None
    shares = dict(zip(support, solution, strict=False))
    return tuple(shares.get(action, Fraction(0)) for action in range(len(opponent[0])))


def _vertex(opponent: Matrix, shares: Values) -> _Vertex:
    worth = [sum((s * paid for s, paid in zip(shares, row, strict=True)), Fraction(0)) for row in opponent]
    best = max(worth)
    return _Vertex(shares, best, frozenset(reply for reply, value in enumerate(worth) if value == best))


@dataclass(frozen=True)
class Solution:
    """An equilibrium of a game of steps.

    values: what each player is paid on average.
    policy: what is answered to each decision that can come up, a choice or a `Lottery`.
    """

    values: Values
    policy: Mapping[Decision[Any], Reply]


def backward_induction(game: Game, path: Path = (), most: int = MOST_NODES) -> Solution:
    """An equilibrium of the finite game from that path on, found step by step from the end.

    Each step is a game in normal form: its payoffs are the values of what follows, averaged over chance, and over what
    chance has drawn before without anybody having seen it. Of the equilibria of a step the pure one is taken whose
    payoffs (of all players) have the highest total, among those the highest minimum, among those the first in the order
    of the options. If there is none and two players decide, each once, the first of `mixed_equilibria` is taken.

    The answer is checked to treat equal decisions equally; it is then an equilibrium (see `deviation_gains`).
    Raises `NotSolvable` where these rules find none, and `NotEnumerable` where the tree cannot be listed or has more
    than `most` nodes, leaves included.
    """
    solver = _Backwards({})
    return Solution(solver.values([(Fraction(1), tree(game, path, most))]), solver.policy)


Bundle: TypeAlias = Sequence[tuple[Fraction, Tree]]
"""Trees that differ only by what chance has drawn and nobody has seen yet, each with its probability."""


@dataclass(frozen=True)
class _Backwards:
    """Solves bundles of trees; `policy` fills up on the way. Values are weighted by the probability of their bundle."""

    policy: dict[Decision[Any], Reply]

    def values(self, bundle: Bundle) -> Values:
        ended = [[weight * exactly(p) for p in place.payoffs] for weight, place in bundle if isinstance(place, Outcome)]
        steps: dict[Decisions, list[tuple[Fraction, Step]]] = {}
        for weight, place in bundle:
            if not isinstance(place, Outcome):
                step = first_step(place)
                steps.setdefault(step.decisions, []).append((weight, step))
        going_on = [self._solved(decisions, alike) for decisions, alike in steps.items()]
        return tuple(sum(column, Fraction(0)) for column in zip(*ended, *going_on, strict=True))

    def _solved(self, decisions: Decisions, steps: Sequence[tuple[Fraction, Step]]) -> Values:
        acting = _acting(decisions)
        bundles: dict[Profile, list[tuple[Fraction, Tree]]] = {}
        for weight, step in steps:
            for choices, after in step.onward.items():
                profile = tuple(tuple(choices[slot] for slot in slots) for slots in acting.values())
                bundles.setdefault(profile, []).append((weight * _drawn(decisions, choices), after))
        values = {profile: self.values(bundle) for profile, bundle in bundles.items()}
        return self._settled(decisions, acting, values) if acting else values[()]

    def _settled(
        self, decisions: Decisions, acting: Mapping[int, Sequence[int]], values: dict[Profile, Values]
    ) -> Values:
        """Choose an equilibrium of one step, given the values of what follows; keep it, and return its values."""
        seats = tuple(acting)
        actions = tuple(tuple(dict.fromkeys(profile[i] for profile in values)) for i in range(len(seats)))
        step = Table(actions, {p: tuple(paid[player] for player in seats) for p, paid in values.items()})
        if step.pure_equilibria:
            chosen = max(step.pure_equilibria, key=lambda profile: (sum(values[profile]), min(values[profile])))
            for slots, choices in zip(acting.values(), chosen, strict=True):
                for slot, choice in zip(slots, choices, strict=True):
                    self._keep(decisions[slot], choice)
            return values[chosen]
        mixed = _first_mixed(decisions, acting, step)
        for slots, options, shares in zip(acting.values(), actions, mixed.shares, strict=True):
            self._keep(decisions[slots[0]], _lottery([option for (option,) in options], shares))
        return _average(actions, mixed, values)

    def _keep(self, decision: Decision[Any], reply: Reply) -> None:
        if self.policy.setdefault(decision, reply) != reply:
            raise NotSolvable(
                f"player {decision.player + 1} cannot tell apart situations of kind {decision.kind!r} "
                f"in which {self.policy[decision]!r} and {reply!r} would be played"
            )


def _first_mixed(decisions: Decisions, acting: Mapping[int, Sequence[int]], step: Table) -> Mixed:
    if len(acting) != 2 or any(len(slots) > 1 for slots in acting.values()):
        raise NotSolvable(
            f"a step of kind {decisions[0].kind!r} has no equilibrium in pure choices, "
            "and mixed ones are looked for only where two players decide once each"
        )
    return next(_mixed(step))


def _acting(decisions: Decisions) -> dict[int, list[int]]:
    """Which slots each player answers; chance answers the others."""
    slots: dict[int, list[int]] = {}
    for slot, decision in enumerate(decisions):
        if decision.player != NATURE:
            slots.setdefault(decision.player, []).append(slot)
    return slots


def _drawn(decisions: Decisions, choices: Choices) -> Fraction:
    """The probability that chance makes its choices among these."""
    product = Fraction(1)
    for decision, choice in zip(decisions, choices, strict=True):
        if decision.player == NATURE:
            product *= drawn_at(decision)[choice]
    return product


def _lottery(options: Sequence[Any], shares: Values) -> Lottery[Any]:
    played = [(option, float(share)) for option, share in zip(options, shares, strict=True) if share]
    return Lottery(tuple(option for option, _ in played), tuple(share for _, share in played))


def _average(actions: tuple[tuple[Any, ...], ...], mixed: Mixed, values: Mapping[Profile, Values]) -> Values:
    first, second = (
        dict(zip(options, shares, strict=True)) for options, shares in zip(actions, mixed.shares, strict=True)
    )
    weighted = [[first[a] * second[b] * value for value in paid] for (a, b), paid in values.items()]
    return tuple(sum(column, Fraction(0)) for column in zip(*weighted, strict=True))
