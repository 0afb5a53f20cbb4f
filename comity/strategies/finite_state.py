"""Strategies that are finite automata: the table is the definition, and playing it is the same for all.

The classic strategies for repeated dilemmas stand here as data (states, probabilities, transitions), so that what is
played decision by decision, what is played in bulk and what is worked out exactly are one and the same thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from comity.core.decision import Decision, Fact, Seats
from comity.core.flow import Game
from comity.core.match import Decide, Reply
from comity.core.space import Lottery
from comity.exact.automata import Automaton, sign
from comity.mechanisms.matching import Standings
from comity.mechanisms.neighbourhood import Surroundings
from comity.mechanisms.repetition import History
from comity.strategies.seen import Circle, Meaning, Progress, around, circle_of, last_actions, meaning_of

ALWAYS_COOPERATE = Automaton(0, (1,), ((0, 0, 0, 0),))
ALWAYS_DEFECT = Automaton(0, (0,), ((0, 0, 0, 0),))
TIT_FOR_TAT = Automaton(0, (1, 0), ((0, 1, 0, 1),) * 2)
SUSPICIOUS_TIT_FOR_TAT = Automaton(1, (1, 0), ((0, 1, 0, 1),) * 2)
REVERSE_TIT_FOR_TAT = Automaton(1, (1, 0), ((1, 0, 1, 0),) * 2)
TWO_TITS_FOR_TAT = Automaton(0, (1, 0, 0), ((0, 1, 0, 1), (2, 1, 2, 1), (0, 1, 0, 1)))
TIT_FOR_TWO_TATS = Automaton(0, (1, 1, 0), ((0, 1, 0, 1), (0, 2, 0, 2), (0, 2, 0, 2)))
HARD_TIT_FOR_TAT = Automaton(0, (1, 0, 0, 0), ((0, 1, 0, 1), (2, 1, 2, 1), (3, 1, 3, 1), (0, 1, 0, 1)))
SUSPICIOUS_HARD_TIT_FOR_TAT = Automaton(
    4, (*HARD_TIT_FOR_TAT.cooperates, 0), (*HARD_TIT_FOR_TAT.then, HARD_TIT_FOR_TAT.then[0])
)
GRIM = Automaton(0, (1, 0), ((0, 1, 0, 1), (1, 1, 1, 1)))
WIN_STAY_LOSE_SHIFT = Automaton(0, (1, 0), ((0, 1, 1, 0),) * 2)
ALTERNATE = Automaton(0, (1, 0), ((1, 1, 0, 0),) * 2)
DEFECT_ONCE = Automaton(0, (0, 1), ((1, 1, 1, 1),) * 2)


def random(p: float) -> Automaton:
    """Cooperates with probability p in every round."""
    return Automaton(0, (p,), ((0, 0, 0, 0),))


def generous_tit_for_tat(p: float) -> Automaton:
    """Tit for tat that forgives a defection with probability p."""
    return Automaton(0, (1, p), ((0, 1, 0, 1),) * 2)


def naive_prober(p: float) -> Automaton:
    """Tit for tat that from the second round on defects with probability p where tit for tat would cooperate."""
    return Automaton(2, (1 - p, 0, 1), ((0, 1, 0, 1),) * 3)


@dataclass(frozen=True)
class FiniteState:
    """Acts as an automaton.

    The state begins anew with each innermost repetition (or matching), and among neighbours who play in pairs for each
    of them; it moves on once per round by the sign of the last actions (see `seen`): what was executed counts, and with
    several others they cooperated if all did. Where the last actions are not to be seen, as with a memory of 0, the
    state stays. Under `Standings` there is one state towards the whole population, moved by what the present partners
    did last: so `grim` is the contagious strategy of Kandori (1992).
    """

    automaton: Automaton

    def begin(self, game: Game, player: int) -> Decide:
        meaning = meaning_of(game)
        runs: dict[tuple[Seats, ...], _Run] = {}

        def decide(decision: Decision[Any]) -> Reply:
            fixed, seats, progress = _reading(decision.sees)
            run = runs.get(fixed)
            if run is None:
                run = runs[fixed] = _Run(self.automaton, meaning)
            if run.seats != seats:
                run.sit(seats, decision)
            return run.answer(progress)

        return decide


def _reading(sees: Sequence[Fact]) -> tuple[tuple[Seats, ...], tuple[Seats, ...], Progress | None]:
    """All that acting needs of what is seen, in one pass: the seats that belong to one state, all seats, the progress.

    The seats right after `Standings` are those of a group that was matched for one round; the state outlives it.
    """
    fixed: tuple[Seats, ...] = ()
    seats: tuple[Seats, ...] = ()
    progress: Progress | None = None
    matched = False
    for fact in sees:
        if type(fact) is History or type(fact) is Surroundings:
            progress = fact
        elif type(fact) is Standings:
            progress, matched = fact, True
        elif type(fact) is Seats:
            seats += (fact,)
            fixed, matched = (fixed if matched else (*fixed, fact)), False
    return fixed, seats, progress


class _Run:
    """An automaton at play. Asked twice in a round it answers the same."""

    __slots__ = (
        "_answers",
        "_automaton",
        "_circle",
        "_circles",
        "_in_place",
        "_meaning",
        "_moved",
        "_place",
        "_signs",
        "_state",
        "seats",
    )

    def __init__(self, automaton: Automaton, meaning: Meaning) -> None:
        self._automaton = automaton
        self._meaning = meaning
        self._state = automaton.start
        self._moved = 0
        self._circles: dict[tuple[Seats, ...], Circle] = {}
        self._place: tuple[int, tuple[int, ...]] | None = None
        self.seats: tuple[Seats, ...] | None = None

    def sit(self, seats: tuple[Seats, ...], decision: Decision[Any]) -> None:
        """Take these seats, which are those of the decision, from now on."""
        circle = self._circles.get(seats)
        if circle is None:
            circle = self._circles[seats] = circle_of(decision, self._meaning.n_seats)
        place = (circle.seat, circle.others)
        if place != self._place:
            self._place = place
            actions = (self._meaning.cooperative[circle.seat], self._meaning.defective[circle.seat])
            self._answers = [mixed(actions, p) for p in self._automaton.cooperates]
            self._signs: dict[tuple[str, ...], int] = {}
        self._circle = circle
        self._in_place = circle.group == tuple(range(self._meaning.n_seats))
        self.seats = seats

    def answer(self, progress: Progress | None) -> Reply:
        """What to do in the round that comes after this progress."""
        if progress is None or not progress.played:
            self._state, self._moved = self._automaton.start, 0
        elif progress.played != self._moved:
            self._moved = progress.played
            self._move(progress)
        return self._answers[self._state]

    def _move(self, progress: Progress) -> None:
        actions = self._last_actions(progress)
        if actions is not None:
            seen = self._signs.get(actions)
            seen = self._sign(actions, progress) if seen is None else seen
            self._state = self._automaton.then[self._state][seen]

    def _last_actions(self, progress: Progress) -> tuple[str, ...] | None:
        if self._in_place and type(progress) is History and progress.past:
            actions = progress.past[-1].outcome.actions
            if actions:  # the common case, and five times as fast as the general one
                return actions
        return last_actions(progress, self._circle)

    def _sign(self, actions: tuple[str, ...], progress: Progress) -> int:
        circle = around(progress) if isinstance(progress, Surroundings) else self._circle
        cooperative = self._meaning.cooperative
        together = all(actions[other] == cooperative[other] for other in circle.others)
        self._signs[actions] = sign(actions[circle.seat] == cooperative[circle.seat], together)
        return self._signs[actions]


def mixed(actions: tuple[str, str], chance: float) -> Reply:
    """The first action with that probability, else the second; no lottery where there is nothing to draw."""
    if chance in (0, 1):
        return actions[0] if chance else actions[1]
    return Lottery(actions, (chance, 1 - chance))
