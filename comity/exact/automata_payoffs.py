"""What automata earn from each other, exactly: expectations worked out from their chain of joint states, not sampled.

Two automata in a plain repetition are a Markov chain on pairs of states. Many pairs are worked out at once: all their
joint states that can be reached lie in one row, and each round is one push of the probability through it. The result
is how much each sign of a round weighs (both, sucker, tempted, neither, as the first seat sees it); payoffs and rates
of cooperation are sums over it. Nothing here rounds more than floating point does (some 1e-14).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from comity.core.errors import BadParameter
from comity.exact.automata import BOTH, NEITHER, SUCKER, TEMPTED, Automaton
from comity.exact.plain import PlainRepetition

PART = 1 << 18
"""How many joint states are worked on at once at most (one pair always is); memory is bounded by it."""

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]


def expected_signs(rules: PlainRepetition, automata: Sequence[Automaton], pairs: Places) -> Floats:
    """The expected weight of each sign [pair, sign] between automata[pairs[:, 0]] and automata[pairs[:, 1]].

    A sign weighs in a round what `rules.weights` says of the round; with weights that sum to one, so do the signs.
    """
    chains = _chains(automata, pairs, rules.noise or 0)
    return np.concatenate([np.empty((0, 4)), *(_weighed(chain, rules.weights) for chain in chains)])


def expected_payoffs(rules: PlainRepetition, automata: Sequence[Automaton], pairs: Places) -> Floats:
    """The expected payoffs [pair, seat]."""
    return expected_signs(rules, automata, pairs) @ np.array(rules.paid, np.float64)


def signs_by_round(rules: PlainRepetition, automata: Sequence[Automaton], pairs: Places) -> Floats:
    """The probability of each sign in each round: [round, pair, sign]."""
    chains = _chains(automata, pairs, rules.noise or 0)
    parts = (np.stack(list(_round_by_round(chain, rules.rounds))) for chain in chains)
    return np.concatenate([np.empty((rules.rounds, 0, 4)), *parts], axis=1)


def memory_one_signs(first: Floats, second: Floats, discount: float, noise: float = 0) -> Floats:
    """The discounted weight of each sign [..., sign] when memory-one strategies play for ever (0 <= discount < 1).

    first, second: [..., 5], the probabilities of cooperating at first and after each sign, in the order in which
        `memory_one` takes them; leading axes broadcast, so first[:, None] and second[None] is everybody against all.

    With M the chain of signs and v its first distribution this is (1 - d) v (I - d M)^-1 (Nowak and Sigmund 1990;
    here with execution noise); `Repeated` and `Continued` come as near to it as one likes with more rounds.
    """
    if not 0 <= discount < 1:
        raise BadParameter(f"the discount of play without end must lie below 1 and not below 0, not {discount:g}")
    second = np.asarray(second, np.float64)[..., [0, 1, 3, 2, 4]]  # what tempts one is what the other suffers
    first, second = np.broadcast_arrays(np.asarray(first, np.float64), second)
    weights = np.empty((*first.shape[:-1], 4))
    for row in np.ndindex(first.shape[:-2]):  # a row at a time stays in a core's cache
        signs = _signs(first[row], second[row], noise)
        start, after = signs[..., 0, :], signs[..., 1:, :]
        system = np.eye(4) - discount * np.swapaxes(after, -1, -2)
        weights[row] = np.linalg.solve(system, (1 - discount) * start[..., None])[..., 0]
    return weights


def as_memory_one(automaton: Automaton) -> tuple[float, float, float, float, float] | None:
    """The probabilities of `memory_one` if the automaton looks back one round only, else None."""
    if len(set(automaton.then)) > 1:
        return None
    both, sucker, tempted, neither = (automaton.cooperates[state] for state in automaton.then[0])
    return (automaton.cooperates[automaton.start], both, sucker, tempted, neither)


def _signs(first: Floats, second: Floats, noise: float) -> Floats:
    """How likely each sign is [..., sign] where the two mean to cooperate with these probabilities and tremble."""
    mine, theirs = (
        (chance * (1 - noise) + (1 - chance) * noise, (1 - chance) * (1 - noise) + chance * noise)
        for chance in (first, second)
    )
    return np.stack([one * other for one in mine for other in theirs], axis=-1)


@dataclass(frozen=True)
class _Chain:
    """The joint states of some pairs in one row, those of a pair side by side.

    begins: for each pair the place of its first joint state. starts: of the one in which play starts.
    signs: [state, sign], how likely each sign is there. then: [state, sign], the place of the next joint state.
    """

    begins: Places
    starts: Places
    signs: Floats
    then: Places

    @classmethod
    def of(cls, automata: Sequence[Automaton], pairs: Places, noise: float) -> _Chain:
        """The chain of these pairs, with all their joint states."""
        first, second = pairs.T
        sizes = np.array([len(automaton.cooperates) for automaton in automata])
        chances = np.concatenate([automaton.cooperates for automaton in automata]).astype(np.float64)
        then = np.concatenate([automaton.then for automaton in automata])
        start = np.array([automaton.start for automaton in automata])
        offsets = np.cumsum(sizes) - sizes

        joint = sizes[first] * sizes[second]
        begins = np.cumsum(joint) - joint
        pair = np.repeat(np.arange(len(pairs)), joint)
        wide = sizes[second][pair]
        mine, theirs = np.divmod(np.arange(len(pair)) - begins[pair], wide)
        mine, theirs = mine + offsets[first][pair], theirs + offsets[second][pair]
        return cls(
            begins=begins,
            starts=begins + start[first] * sizes[second] + start[second],
            signs=_signs(chances[mine], chances[theirs], noise),
            then=begins[pair][:, None] + then[mine] * wide[:, None] + then[theirs][:, [BOTH, TEMPTED, SUCKER, NEITHER]],
        )

    def reached(self) -> _Chain:
        """The same chain without the joint states in which the pairs never are."""
        reached = np.zeros(len(self.signs), np.bool_)
        front = self.starts
        while len(front):
            reached[front] = True
            after = self.then[front][self.signs[front] > 0]
            front = np.unique(after[~reached[after]])
        place = np.cumsum(reached) - 1
        begins = np.concatenate([[0], np.cumsum(np.add.reduceat(reached, self.begins, dtype=np.intp))[:-1]])
        return _Chain(begins, place[self.starts], self.signs[reached], place[self.then[reached]])


def _chains(automata: Sequence[Automaton], pairs: Places, noise: float) -> Iterator[_Chain]:
    """The chains of the pairs, in parts of at most `PART` joint states or one pair."""
    sizes = np.array([len(automaton.cooperates) for automaton in automata])
    part = np.cumsum(sizes[pairs].prod(axis=1)) // PART
    parts = np.split(pairs, np.flatnonzero(np.diff(part)) + 1) if len(pairs) else []
    for pairs_of_part in parts:
        yield _Chain.of(automata, pairs_of_part, noise).reached()


def _weighed(chain: _Chain, weights: Sequence[float]) -> Floats:
    occupied = np.zeros(len(chain.signs))
    for weight, distribution in zip(weights, _distributions(chain), strict=False):
        occupied += weight * distribution
    return _by_pair(chain, occupied)


def _round_by_round(chain: _Chain, rounds: int) -> Iterator[Floats]:
    for _, distribution in zip(range(rounds), _distributions(chain), strict=False):
        yield _by_pair(chain, distribution)


def _by_pair(chain: _Chain, occupied: Floats) -> Floats:
    return np.add.reduceat(occupied[:, None] * chain.signs, chain.begins, axis=0)


def _distributions(chain: _Chain) -> Iterator[Floats]:
    """How probable each joint state is, round after round without end."""
    n = len(chain.signs)
    likely = chain.signs > 0
    origin, target, chance = np.nonzero(likely)[0], chain.then[likely], chain.signs[likely]
    distribution: Floats = np.zeros(n)
    distribution[chain.starts] = 1
    while True:
        yield distribution
        distribution = np.bincount(target, distribution[origin] * chance, n).astype(np.float64, copy=False)
