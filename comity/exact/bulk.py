"""Whole round robins of automata at once: every match in lock step, one array operation for all of them.

The law of this file: whatever is played here is, choice by choice and to the last bit of each payoff, what the flow
plays under the same key. Only the order of work differs, and it does not matter: chance has addresses (`core.chance`).

An automaton's states lie in one table with those of all others, and a seat's state is the place of its row there, so
that adding the sign of a round gives the place of the next state. Draws are made for a block of rounds and of the
matches of a part at once, small enough to stay in a core's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from comity.core.chance import bits, cut, streams, words
from comity.core.flow import Choices
from comity.core.space import Lottery
from comity.exact.automata import Automaton
from comity.exact.plain import Lotteries, PlainRepetition

PART = 1 << 13
"""How many matches are played in lock step at most; memory is bounded by it."""
BLOCK = 1 << 15
"""How many draws are worked on at once."""

Bits: TypeAlias = NDArray[np.bool_]
Words: TypeAlias = NDArray[np.uint64]
Places: TypeAlias = NDArray[np.intp]
Payoffs: TypeAlias = Callable[[Places, Words], NDArray[np.float64]]
"""Plays matches: given who sits where [match, seat] and their keys, the payoffs [match, seat]."""


@dataclass(frozen=True)
class BulkPlay:
    """Matches played in bulk, each as the flow would have played it. Arrays are [round, match, seat] or [match, seat].

    meant: where a seat meant to defect. slips: where its hand trembled. payoffs: what it was paid in the end.
    cooperates: with which probability it meant to cooperate.
    """

    rules: PlainRepetition
    meant: Bits
    slips: Bits
    cooperates: NDArray[np.float64]
    payoffs: NDArray[np.float64]

    @property
    def executed(self) -> NDArray[np.uint8]:
        """What was done in the end: 1 is to defect, 0 to cooperate."""
        return (self.meant ^ self.slips).view(np.uint8)

    def choices(self, match: int) -> tuple[Choices, ...]:
        """The choices of a match as its record has them, one tuple per step."""
        return self.rules.choices(_codes(self.meant[:, match]), _codes(self.slips[:, match]))

    def lotteries(self, match: int) -> Lotteries:
        """The lotteries that a match's acts were drawn from, by (step, slot)."""
        chances = self.cooperates[:, match]
        mixed = np.argwhere((chances > 0) & (chances < 1)).tolist()
        stride, act = self.rules.steps_per_round, self.rules.act_step
        return {(stride * t + act, seat): self._lottery(seat, float(chances[t, seat])) for t, seat in mixed}

    def _lottery(self, seat: int, chance: float) -> Lottery[str]:
        known = self._lotteries.get((seat, chance))
        if known is None:
            known = self._lotteries[seat, chance] = self.rules.lottery(seat, chance)
        return known

    @cached_property
    def _lotteries(self) -> dict[tuple[int, float], Lottery[str]]:
        return {}


def bulk_play(rules: PlainRepetition, automata: Sequence[Automaton], pairs: Places, keys: Words) -> BulkPlay:
    """Play match m between automata[pairs[m, 0]] and automata[pairs[m, 1]] under the key keys[m], and keep everything.

    pairs: [matches, 2]. Memory: 20 bytes per match and round, so play many matches in several calls.
    """
    table = _Table.of(automata)
    shape = (rules.rounds, len(keys), 2)
    meant, slips, cooperates = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_), np.zeros(shape)
    payoffs = np.zeros(shape[1:])
    for part in _parts(table, pairs):
        till = _Till(rules, len(part))
        for t, played in enumerate(_rounds(rules, table, pairs[part].T, keys[part])):
            till.pay(t, played)
            meant[t, part], cooperates[t, part] = played.meant.T, table.cooperates[played.rows].T
            if played.slips is not None:
                slips[t, part] = played.slips.T
        payoffs[part] = till.totals
    return BulkPlay(rules, meant, slips, cooperates, payoffs)


def bulk_payoffs(
    rules: PlainRepetition, automata: Sequence[Automaton], pairs: Places, keys: Words
) -> NDArray[np.float64]:
    """The payoffs [match, seat] of the matches that `bulk_play` plays, keeping nothing else."""
    table = _Table.of(automata)
    payoffs = np.empty((len(keys), 2))
    for part in _parts(table, pairs):
        till = _Till(rules, len(part))
        for t, played in enumerate(_rounds(rules, table, pairs[part].T, keys[part])):
            till.pay(t, played)
        payoffs[part] = till.totals
    return payoffs


def every_pair(n: int) -> NDArray[np.intp]:
    """Every unordered pair of n, with itself too: [n (n + 1) / 2, 2], the smaller number first."""
    return np.stack(np.triu_indices(n), axis=1)


def round_robin(payoffs: Payoffs, n: int, repetitions: int, key: int) -> NDArray[np.float64]:
    """Everybody of n against everybody and itself, so many times: mean payoffs [player, opponent].

    payoffs: what plays the matches, such as `bulk_payoffs` with its rules and automata, or `lean_payoffs`.
    A pair is played in one order, the lower number in the first seat; match m has the key `match_keys(key, ...)[m]`.
    """
    once = every_pair(n)
    keys = match_keys(key, repetitions * len(once))
    means = payoffs(np.repeat(once, repetitions, axis=0), keys).reshape(len(once), repetitions, 2).mean(axis=1)
    first, second = once.T
    matrix = np.empty((n, n))
    matrix[first, second], matrix[second, first] = means.T
    matrix[np.diag_indices(n)] = means[first == second].mean(axis=1)
    return matrix


def match_keys(key: int, matches: int) -> Words:
    """A key for each of so many matches: match m has `Address(key, m, 0).word`."""
    return words(streams(np.array([key], np.uint64), np.arange(matches, dtype=np.uint64)), 0)


@dataclass(frozen=True)
class _Table:
    """Automata side by side. A state is known by its row: four times its number among all states.

    starts: the row of each automaton's first state. mixes: whether it mixes anywhere.
    cuts: by row (with gaps) where to cut a draw; cooperates: the probability that belongs to it.
    then: then[row + sign], the next row.
    """

    starts: Places
    mixes: Bits
    cuts: Words
    cooperates: NDArray[np.float64]
    then: Places

    @classmethod
    def of(cls, automata: Sequence[Automaton]) -> _Table:
        offsets = np.cumsum([0, *(len(automaton.cooperates) for automaton in automata)])
        chances = [chance for automaton in automata for chance in automaton.cooperates]
        then = [
            4 * (offset + state)
            for automaton, offset in zip(automata, offsets.tolist(), strict=False)
            for row in automaton.then
            for state in row
        ]
        return cls(
            starts=4 * (offsets[:-1] + np.array([automaton.start for automaton in automata], np.intp)),
            mixes=np.array([not automaton.is_deterministic for automaton in automata]),
            cuts=np.repeat(np.array([cut(chance) for chance in chances], np.uint64), 4),
            cooperates=np.repeat(np.array(chances, np.float64), 4),
            then=np.array(then, np.intp),
        )


@dataclass(frozen=True)
class _Round:
    """One round of all matches of a part, arrays [seat, match].

    rows: in which state each seat was. meant: whether it meant to defect. slips: whether its hand trembled.
    signs: the sign it gives to what was executed.
    """

    rows: Places
    meant: Bits
    slips: Bits | None
    signs: Places


class _Till:
    """Adds up what a part's matches are paid: totals [match, seat], in the order of the rounds, as the rules add."""

    def __init__(self, rules: PlainRepetition, matches: int) -> None:
        self.totals = np.zeros((matches, 2))
        self._weights = rules.weights
        self._paid = np.array(rules.paid, np.float64)

    def pay(self, t: int, played: _Round) -> None:
        self.totals += np.take(self._weights[t] * self._paid, played.signs[0], axis=0, mode="clip")


def _parts(table: _Table, pairs: Places) -> Iterator[Places]:
    """The matches in parts, sorted by who mixes: in `_ORDER`, so that those for whom is drawn lie together."""
    first, second = table.mixes[pairs].T
    order = np.argsort(_ORDER[first.astype(np.intp), second.astype(np.intp)], kind="stable")
    return (order[start : start + PART] for start in range(0, len(order), PART))


_ORDER = np.array([[3, 2], [0, 1]])
"""_ORDER[first mixes, second mixes]: first only, both, second only, none."""


def _rounds(rules: PlainRepetition, table: _Table, pairs: Places, keys: Words) -> Iterator[_Round]:
    """Play the matches of a part in lock step; pairs is [seat, match]."""
    rows = table.starts[pairs]
    mixing = [_extent(mixes) for mixes in table.mixes[pairs]]
    block = max(1, BLOCK // max(1, len(keys)))
    for start in range(0, rules.rounds, block):
        rounds = np.arange(start, min(start + block, rules.rounds), dtype=np.uint64)[:, None]
        slips = None if rules.noise is None else _slips(rules.noise, keys, rounds * np.uint64(2))
        draws = _draws(keys, rounds * np.uint64(rules.steps_per_round) + np.uint64(rules.act_step), mixing)
        for t in range(len(rounds)):
            meant = draws[t] >= np.take(table.cuts, rows, mode="clip")
            slipped = None if slips is None else slips[t]
            signs = _signs(meant if slipped is None else meant ^ slipped)
            yield _Round(rows, meant, slipped, signs)
            rows = np.take(table.then, rows + signs, mode="clip")


def _extent(mixes: Bits) -> slice:
    """From the first match in which this seat mixes to the last: `_parts` has put them side by side."""
    places = np.flatnonzero(mixes)
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 0)


def _slips(noise: float, keys: Words, steps: Words) -> Bits:
    """Whose hand trembles: [step, seat, match]."""
    stream = streams(keys, steps)
    steady = np.uint64(cut(1 - noise))
    return np.stack([bits(stream, seat) >= steady for seat in (0, 1)], axis=1)


def _draws(keys: Words, steps: Words, mixing: Sequence[slice]) -> Words:
    """The draws of the acts: [step, seat, match]; 0 where nothing is drawn, on the right side of either pure cut."""
    draws = np.zeros((len(steps), 2, len(keys)), np.uint64)
    stream = streams(keys[: max(part.stop for part in mixing)], steps)
    for seat, part in enumerate(mixing):
        draws[:, seat, part] = bits(stream[:, part], seat)
    return draws


def _signs(defects: Bits) -> Places:
    """The sign each seat gives to a round: [seat, match] of who defected in the end."""
    codes = defects.view(np.uint8)
    return (2 * codes + codes[::-1]).astype(np.intp)


def _codes(seats: Bits) -> list[int]:
    codes: list[int] = (2 * seats[:, 0].astype(np.intp) + seats[:, 1]).tolist()
    return codes
