"""Rules by which people have been seen to play networked dilemmas, and rules that are proposed for them.

Each is a strategy for any game whose actions have a meaning: what the others did is read as `seen` says, with any
number of others. A kind of people whose members differ is `Various`: who sits in a seat is drawn once per match, and
from then on a person stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from math import isfinite, tanh
from typing import Any, Literal, TypeAlias

from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.errors import BadParameter
from comity.core.flow import Game, StageGame
from comity.core.match import Decide, Reply
from comity.core.named import Named, Scale, layers
from comity.core.space import Lottery
from comity.exact.automata import Automaton, memory_one
from comity.mechanisms.stacking import checked_share
from comity.strategies.finite_state import FiniteState, mixed
from comity.strategies.finite_state import random as coin
from comity.strategies.once import once
from comity.strategies.seen import Latest, last_cooperation, latest, meaning_of, progress_of
from comity.strategies.traits import beta, expit, normal, shifted

Seen: TypeAlias = tuple[bool, int, int]
"""Whether a person cooperated last itself, how many of the others did, and of how many that is known."""

_mixed = once(mixed)
"""The same answers again and again: a lottery is made, and checked, once."""


@dataclass(frozen=True)
class Moody:
    """Cooperates by its mood, which is what it did last itself, and by the share of the others who cooperated last.

    Moody conditional cooperation (Grujić et al. 2010). With z = 1 after a cooperation of its own and else 0, and m the
    share of the others (of those who had an answer) who cooperated in the same round,

        log-odds of cooperating = intercept + mood z + (slope + mood_slope z) m + trend t + trait,

    t being how many rounds were played; with `linear` the same sum without the trait is the probability itself, cut off
    at 0 and 1, and the trait is added to its log-odds. As long as that is not to be seen: with probability `first`, to
    whose log-odds the trait is added too.

    spread: the standard deviation of the trait over people, which is normal around 0. trait: that of one person.
    Raises `BadParameter` unless first is a share, spread is not negative, and all are finite.
    """

    first: float = 0.6
    intercept: float = -1.14
    mood: float = 0.85
    slope: float = 0.25
    mood_slope: float = 0.75
    trend: float = 0.0
    linear: bool = False
    spread: float = 0.0
    trait: float = 0.0

    def __post_init__(self) -> None:
        checked_share("first", self.first)
        _checked_finite(
            intercept=self.intercept, mood=self.mood, slope=self.slope, mood_slope=self.mood_slope, trend=self.trend
        )
        _checked_spread(self.spread)

    @property
    def varies(self) -> bool:
        """Whether people of this kind differ."""
        return self.spread > 0

    def one(self, place: Address) -> Moody:
        """The person at that place: with a trait of its own."""
        return replace(self, trait=self.trait + self.spread * normal(place), spread=0.0)

    def chance(self, seen: Seen | None, played: int = 0) -> float:
        """How likely it cooperates after what it saw last, None being nothing yet, and so many rounds."""
        if seen is None:
            return shifted(self.first, self.trait)
        own, cooperating, known = seen
        score = self.intercept + self.trend * played + self.slope * cooperating / known
        if own:
            score += self.mood + self.mood_slope * cooperating / known
        return shifted(min(max(score, 0.0), 1.0), self.trait) if self.linear else expit(score + self.trait)

    def begin(self, game: Game, player: int) -> Decide:
        meaning = meaning_of(game)
        n_seats = meaning.n_seats
        answers: dict[tuple[int, Seen | None, int], Reply] = {}

        def decide(decision: Decision[Any]) -> Reply:
            seat, played = decision.seat % n_seats, 0
            seen = last_cooperation(decision, meaning)
            if self.trend:
                progress = progress_of(decision.sees)
                played = 0 if progress is None else progress.played
            asked = (seat, seen, played)
            answer = answers.get(asked)
            if answer is None:
                actions = (meaning.cooperative[seat], meaning.defective[seat])
                answer = answers[asked] = _mixed(actions, self.chance(seen, played))
            return answer

        return decide


@dataclass(frozen=True)
class Persistent:
    """Does again what it did last with probability `stay`, and else cooperates with a probability of its own.

    What it sees of others is nothing to it: a floor for claims about responses, with the persistence that people have.
    cooperates: that probability. spread: the standard deviation over people of its log-odds, which are normal.
    Raises `BadParameter` unless the first two are shares, and spread is not negative.
    """

    stay: float = 0.25
    cooperates: float = 0.35
    spread: float = 0.0

    def __post_init__(self) -> None:
        checked_share("stay", self.stay)
        checked_share("cooperates", self.cooperates)
        _checked_spread(self.spread)

    @property
    def varies(self) -> bool:
        """Whether people of this kind differ."""
        return self.spread > 0

    def one(self, place: Address) -> FiniteState:
        """The person at that place: an automaton that remembers its own last action."""
        return FiniteState(self._automaton(shifted(self.cooperates, self.spread * normal(place))))

    def begin(self, game: Game, player: int) -> Decide:
        return FiniteState(self._automaton(self.cooperates)).begin(game, player)

    def _automaton(self, cooperates: float) -> Automaton:
        after_own, after_none = self.stay + (1 - self.stay) * cooperates, (1 - self.stay) * cooperates
        return memory_one(cooperates, after_own, after_own, after_none, after_none)


@dataclass(frozen=True)
class Individual:
    """Cooperates with a probability of its own in every round, whatever happens.

    a, b: the positive shapes of the beta distribution from which each person's probability is drawn, so that people
    differ as much as one likes and respond to nothing. Raises `BadParameter` unless both are positive.
    """

    a: float = 1.0
    b: float = 2.0

    def __post_init__(self) -> None:
        for name, shape in (("a", self.a), ("b", self.b)):
            if not 0 < shape < float("inf"):
                raise BadParameter(f"{name} must be positive, not {shape:g}")

    @property
    def varies(self) -> bool:
        """Whether people of this kind differ."""
        return True

    def one(self, place: Address) -> FiniteState:
        """The person at that place."""
        return FiniteState(coin(beta(self.a, self.b, place)))

    def begin(self, game: Game, player: int) -> Decide:
        return FiniteState(coin(self.a / (self.a + self.b))).begin(game, player)


@dataclass(frozen=True)
class Aspiration:
    """Learns to do more of what paid more than it aspires to (Bush and Mosteller 1955; Macy and Flache 2002).

    It means to cooperate with probability p, and after each round with the payoff r moves it (Ezaki et al. 2016): with
    the stimulus s = tanh(sensitivity (r - A)), p grows by (1 - p) s where it cooperated and s is not negative, and by
    p s where s is; after defections 1 - p does the same. Payoffs are on the scale of the game between two, 0 where both
    defect and 1 where both cooperate, and per neighbour where they are added up.

    first: p at first. aspiration: A at first; it moves towards the payoff by the share `habituation` of the way per
    round. tremble: how often it does the other thing. A round whose action or payoff it does not see teaches nothing.
    Raises `BadParameter` unless first, habituation and tremble are shares, and sensitivity is not negative.
    """

    first: float = 0.6
    aspiration: float = 0.3
    sensitivity: float = 1.0
    habituation: float = 0.0
    tremble: float = 0.15

    def __post_init__(self) -> None:
        checked_share("first", self.first)
        checked_share("habituation", self.habituation)
        checked_share("tremble", self.tremble)
        _checked_finite(aspiration=self.aspiration, sensitivity=self.sensitivity)
        if self.sensitivity < 0:
            raise BadParameter(f"sensitivity must not be negative, not {self.sensitivity:g}")

    def begin(self, game: Game, player: int) -> Decide:
        meaning, scale = meaning_of(game), _scale_between_two(game)
        p, aspired, moved = self.first, self.aspiration, 0

        def decide(decision: Decision[Any]) -> Reply:
            nonlocal p, aspired, moved
            progress = progress_of(decision.sees)
            seat = decision.seat % meaning.n_seats
            if progress is None or not progress.played:
                p, aspired, moved = self.first, self.aspiration, 0
            elif progress.played != moved:
                moved = progress.played
                last = latest(decision, meaning.n_seats)
                if last is not None and last.paid is not None:
                    paid = scale.normalised(last.paid / last.shares)
                    if isfinite(paid):
                        p = self._learned(p, last.own == meaning.cooperative[seat], paid - aspired)
                        aspired += self.habituation * (paid - aspired)
            actions = (meaning.cooperative[seat], meaning.defective[seat])
            return _mixed(actions, p * (1 - self.tremble) + (1 - p) * self.tremble)

        return decide

    def _learned(self, p: float, cooperated: bool, surprise: float) -> float:
        stimulus = tanh(self.sensitivity * surprise)
        chosen = p if cooperated else 1 - p
        chosen += (1 - chosen) * stimulus if stimulus >= 0 else chosen * stimulus
        return chosen if cooperated else 1 - chosen


@dataclass(frozen=True)
class Imitator:
    """Does what somebody around it did who was paid more.

    rule: "best": what the best-paid among the others and itself did; if that is itself, what it did; of several others,
        each equally likely (Nowak and May 1992). "proportional": it looks at one of the others, each equally likely,
        and takes over its action with a probability in proportion to how much more that one was paid, 1 being the
        largest difference that the game between two admits (Schlag 1998).
    first: the probability of cooperating at first. Payoffs are compared as they are shown; where none are shown, it
    does what it did last. Raises `BadParameter` for another rule, and unless first is a share.
    """

    rule: Literal["best", "proportional"] = "best"
    first: float = 0.6

    def __post_init__(self) -> None:
        checked_share("first", self.first)
        if self.rule not in ("best", "proportional"):
            raise BadParameter(f'rule must be "best" or "proportional", not {self.rule!r}')

    def begin(self, game: Game, player: int) -> Decide:
        meaning = meaning_of(game)
        chances: Callable[[Latest], dict[str, float]] = _best_paid
        if self.rule == "proportional":
            widest = _widest(game)
            chances = lambda last: _in_proportion(last, widest)  # noqa: E731 (it needs what was worked out above)

        def decide(decision: Decision[Any]) -> Reply:
            last = latest(decision, meaning.n_seats)
            if last is None:
                seat = decision.seat % meaning.n_seats
                return mixed((meaning.cooperative[seat], meaning.defective[seat]), self.first)
            found = {action: chance for action, chance in chances(last).items() if action in decision.options}
            kept = 1 - sum(found.values())
            if kept > 0:
                found[last.own] = found.get(last.own, 0.0) + kept
            return Lottery(tuple(found), tuple(found.values())) if len(found) > 1 else next(iter(found))

        return decide


_EQUAL = 1e-9


def _best_paid(last: Latest) -> dict[str, float]:
    """How likely it takes over which action; what is left is its own."""
    paid = [(action, payoff) for action, payoff in last.others if payoff is not None]
    most = max((payoff for _, payoff in paid), default=None)
    if most is None or last.paid is None or last.paid >= most - _EQUAL:
        return {}
    best = Counter(action for action, payoff in paid if payoff >= most - _EQUAL)
    return {action: count / best.total() for action, count in best.items()}


def _in_proportion(last: Latest, widest: float) -> dict[str, float]:
    found: dict[str, float] = {}
    if last.paid is None or not widest:
        return found
    for action, payoff in last.others:
        more = 0.0 if payoff is None or action == last.own else max(payoff - last.paid, 0.0)
        if more:
            found[action] = found.get(action, 0.0) + min(more / (widest * last.shares), 1.0) / len(last.others)
    return found


def _innermost(game: Game) -> Game:
    *_, innermost = layers(game)
    return innermost


@once
def _scale_between_two(game: Game) -> Scale:
    """The scale of the game at the bottom of the stack; where it has none, payoffs as they are."""
    innermost = _innermost(game)
    return innermost.scale if isinstance(innermost, Named) else Scale(0.0, 1.0)


@once
def _widest(game: Game) -> float:
    """The difference between the most and the least that the game at the bottom of the stack pays anybody."""
    innermost = _innermost(game)
    if not isinstance(innermost, StageGame):
        scale = _scale_between_two(game)
        return scale.high - scale.low
    paid = [payoff for profile in product(*innermost.actions) for payoff in innermost.payoffs(profile)]
    return max(paid) - min(paid)


def _checked_finite(**values: float) -> None:
    for name, value in values.items():
        if not isfinite(value):
            raise BadParameter(f"{name} must be a finite number, not {value:g}")


def _checked_spread(spread: float) -> None:
    if not 0 <= spread < float("inf"):
        raise BadParameter(f"spread must be a finite number that is not negative, not {spread:g}")
