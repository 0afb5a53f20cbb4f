"""Plain repetitions between functions of the two histories: the shortest loop there is around somebody's Python.

The law of this file: what is played here is, to the last bit, what the flow plays under the same key when each seat is
taken by `strategies.functions.FromHistories` of the same function. Draws are made for a part of the matches at once,
and those of the acts only where somebody mixes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from comity.core.chance import bits, cut, streams
from comity.core.errors import PlayerError
from comity.core.flow import Choices
from comity.exact.plain import Lotteries, Pair, PlainRepetition

Rule: TypeAlias = Callable[[Sequence[bool], Sequence[bool]], bool | float]
"""A strategy as a function of what was done so far, by itself and by the other, oldest round first, True to cooperate.

It answers True to cooperate, False to defect, or the probability of cooperating. It must leave the histories as they
are, and remember nothing: equal histories are the same question.
"""
BySeat: TypeAlias = tuple[list[bool], list[bool]]
Words: TypeAlias = NDArray[np.uint64]

PART = 16
"""For how many matches draws are made at once."""


@dataclass(frozen=True)
class LeanPlay:
    """One match between two functions.

    cooperated: for each seat, round by round, whether it cooperated in the end.
    slipped: for each seat, round by round, whether its hand trembled.
    mixed: where an answer was drawn: (round, seat, probability of cooperating).
    """

    rules: PlainRepetition
    cooperated: BySeat
    slipped: BySeat
    mixed: list[tuple[int, int, float]]

    @property
    def payoffs(self) -> Pair:
        """What each seat is paid."""
        [[first, second]] = _paid(self.rules, [self]).tolist()
        return (first, second)

    @property
    def choices(self) -> tuple[Choices, ...]:
        """The choices as the record of the match has them, one tuple per step."""
        signs = [3 - 2 * mine - theirs for mine, theirs in zip(*self.cooperated, strict=True)]
        slips = [2 * mine + theirs for mine, theirs in zip(*self.slipped, strict=True)]
        return self.rules.choices([sign ^ slip for sign, slip in zip(signs, slips, strict=True)], slips)

    @property
    def lotteries(self) -> Lotteries:
        """The lotteries that acts were drawn from, by (step, slot)."""
        stride, act = self.rules.steps_per_round, self.rules.act_step
        return {(stride * t + act, seat): self.rules.lottery(seat, chance) for t, seat, chance in self.mixed}


def lean_play(rules: PlainRepetition, first: Rule, second: Rule, key: int) -> LeanPlay:
    """Play one match. Raises `PlayerError` where a function answers neither yes, no nor a probability."""
    return _played(rules, first, second, _Chance(rules, np.array([key], np.uint64)), 0)


def lean_plays(
    rules: PlainRepetition, players: Sequence[Rule], pairs: NDArray[np.intp], keys: Words
) -> Iterator[LeanPlay]:
    """Play match m between players[pairs[m, 0]] and players[pairs[m, 1]] under keys[m], one after the other."""
    return chain.from_iterable(_parts(rules, players, pairs, keys))


def lean_payoffs(
    rules: PlainRepetition, players: Sequence[Rule], pairs: NDArray[np.intp], keys: Words
) -> NDArray[np.float64]:
    """The payoffs [match, seat] of the matches that `lean_plays` plays, keeping nothing else."""
    paid = (_paid(rules, list(part)) for part in _parts(rules, players, pairs, keys))
    return np.concatenate([np.empty((0, 2)), *paid])


def chance_of(answer: object) -> float:
    """The probability of cooperating that a function's answer states. Raises `PlayerError` where it states none."""
    if isinstance(answer, (float, int)) and 0 <= answer <= 1:
        return float(answer)
    raise PlayerError(
        f"a strategy that is a function of histories answered {answer!r}; "
        "it must answer True, False or a probability between 0 and 1"
    )


def _parts(
    rules: PlainRepetition, players: Sequence[Rule], pairs: NDArray[np.intp], keys: Words
) -> Iterator[Iterator[LeanPlay]]:
    for start in range(0, len(keys), PART):
        chance = _Chance(rules, keys[start : start + PART])
        seated = pairs[start : start + PART].tolist()
        yield (
            _played(rules, players[first], players[second], chance, match)
            for match, (first, second) in enumerate(seated)
        )


def _played(rules: PlainRepetition, first: Rule, second: Rule, chance: _Chance, match: int) -> LeanPlay:
    mine: list[bool] = []
    theirs: list[bool] = []
    acts = _Acts(chance, match)
    drawn = acts.drawn
    slipped = chance.slips(match)
    for t, slip, their_slip in zip(range(rules.rounds), *slipped, strict=True):
        a, b = first(mine, theirs), second(theirs, mine)
        if a is not True and a is not False:
            a = drawn(t, 0, a)
        if b is not True and b is not False:
            b = drawn(t, 1, b)
        mine.append(a ^ slip)
        theirs.append(b ^ their_slip)
    return LeanPlay(rules, (mine, theirs), slipped, acts.mixed)


def _paid(rules: PlainRepetition, plays: Sequence[LeanPlay]) -> NDArray[np.float64]:
    """The payoffs [match, seat], added from the first round to the last, as the rules add."""
    executed = b"".join(bytes(seat) for play in plays for seat in play.cooperated)
    cooperated = np.frombuffer(executed, np.uint8).reshape(len(plays), 2, rules.rounds)
    signs = (3 - 2 * cooperated[:, 0] - cooperated[:, 1]).astype(np.intp)
    added = [
        np.add.accumulate(np.array(rules.weights) * np.take(paid, signs, mode="clip"), axis=1)[:, -1]
        for paid in np.array(rules.paid, np.float64).T
    ]
    return np.stack(added, axis=1) + 0.0  # the rules begin at 0.0, so what they add is never -0.0


class _Chance:
    """The draws of a part of the matches; arrays are [seat, match, round]."""

    def __init__(self, rules: PlainRepetition, keys: Words) -> None:
        self._rules = rules
        self._keys = keys[:, None]

    def slips(self, match: int) -> BySeat:
        if self._rules.noise is None:
            return ([False] * self._rules.rounds, [False] * self._rules.rounds)
        first, second = self._slips[:, match].tolist()
        return (first, second)

    def uniforms(self, match: int) -> list[list[float]]:
        found: list[list[float]] = self._uniforms[:, match].tolist()
        return found

    @cached_property
    def _slips(self) -> NDArray[np.bool_]:
        return self._bits(0) >= np.uint64(cut(1 - (self._rules.noise or 0)))

    @cached_property
    def _uniforms(self) -> NDArray[np.float64]:
        return self._bits(self._rules.act_step).astype(np.float64) * 2.0**-53

    def _bits(self, step: int) -> Words:
        """The bits of what is drawn in that step of every round."""
        rounds = np.arange(self._rules.rounds, dtype=np.uint64)
        stream = streams(self._keys, rounds * np.uint64(self._rules.steps_per_round) + np.uint64(step))
        return np.stack([bits(stream, seat) for seat in (0, 1)])


class _Acts:
    """What becomes of one match's answers that are neither yes nor no."""

    __slots__ = ("_chance", "_match", "_uniforms", "mixed")

    def __init__(self, chance: _Chance, match: int) -> None:
        self.mixed: list[tuple[int, int, float]] = []
        self._chance = chance
        self._match = match
        self._uniforms: list[list[float]] = []

    def drawn(self, t: int, seat: int, answer: bool | float) -> bool:
        """Whether the seat cooperates that answered so in round t."""
        if not (type(answer) is float and 0 < answer < 1):
            answer = chance_of(answer)
            if answer in (0, 1):
                return answer == 1
        self.mixed.append((t, seat, answer))
        if not self._uniforms:
            self._uniforms = self._chance.uniforms(self._match)
        return self._uniforms[seat][t] < answer
