"""The same players play again: a fixed number of rounds, or as long as chance lets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from comity.core.decision import Fact, Observer
from comity.core.errors import BadParameter
from comity.core.flow import Flow, Game, draw, told
from comity.core.outcome import Outcome, Play
from comity.core.space import Lottery
from comity.mechanisms.stacking import Memory, checked_memory, checked_rounds, checked_share

T = TypeVar("T")

Horizon: TypeAlias = Literal["chance", "announced", "hidden"]


@dataclass(frozen=True)
class Repetition:
    """The rule as the players are told it: how it goes on, and how far back they are shown.

    rounds: the number of rounds, where it is announced. chance: the probability that another round follows, where that
    is. memory: how many past rounds are shown, or "all".
    """

    rounds: int | None
    chance: float | None
    memory: Memory


@dataclass(frozen=True, slots=True)
class History:
    """What a player is shown of the rounds so far: the last ones inside its memory, and how many there were."""

    past: tuple[Play, ...]
    played: int


@dataclass(frozen=True)
class Repeated:
    """`rounds` rounds of base between the same players, always all of them.

    rounds, discount: payoffs are the weighted means of `round_weights`.
    memory: how many past rounds a player is shown, or "all".
    horizon: what the players are told: "chance" tells the discount as the probability of another round (as CoopEval
        does, although all rounds are played), "announced" tells the number of rounds, "hidden" tells neither.
    """

    base: Game
    rounds: int = 15
    discount: float = 0.8
    memory: Memory = 3
    horizon: Horizon = "chance"

    def __post_init__(self) -> None:
        checked_rounds(self.rounds)
        checked_share("discount", self.discount)
        checked_memory(self.memory)
        checked_horizon(self.horizon)

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @property
    def rule(self) -> Repetition:
        return Repetition(*announced(self.horizon, self.rounds, self.discount), self.memory)

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (self.rule, *self.base.rules)

    def play(self) -> Flow[Outcome]:
        everybody = tuple(range(self.n_players))
        rule = self.rule
        past: tuple[Play, ...] = ()
        seen = _nothing_seen(self.n_players)
        for round in range(self.rounds):
            outcome = yield from told(self.base.play(), rule, each=histories(seen, self.memory))
            past += (Play(round, everybody, outcome),)
            seen = _seen_also(seen, past[-1])
        return Outcome(weighted(past, round_weights(self.rounds, self.discount)), parts=past)


@dataclass(frozen=True)
class Continued:
    """Rounds of base between the same players; after each, chance lets them go on with probability `chance`.

    The payoff is (1 - chance) times the sum over the rounds played, so that its expectation is the discounted mean.
    most: play stops there at the latest, and that last round counts as if it went on for ever; hence behaviour that
        does not depend on the round earns on average exactly what it earns in `Repeated(base, most, chance)`.
    """

    base: Game
    chance: float = 0.8
    most: int = 200
    memory: Memory = 3

    def __post_init__(self) -> None:
        checked_rounds(self.most)
        checked_share("chance", self.chance)
        checked_memory(self.memory)

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @property
    def rule(self) -> Repetition:
        return Repetition(None, self.chance, self.memory)

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (self.rule, *self.base.rules)

    def play(self) -> Flow[Outcome]:
        everybody = tuple(range(self.n_players))
        goes_on = Lottery((True, False), (self.chance, 1 - self.chance))
        rule = self.rule
        past: tuple[Play, ...] = ()
        seen = _nothing_seen(self.n_players)
        while True:
            outcome = yield from told(self.base.play(), rule, each=histories(seen, self.memory))
            past += (Play(len(past), everybody, outcome),)
            seen = _seen_also(seen, past[-1])
            if len(past) == self.most or not (yield from draw("continue", goes_on)):
                return Outcome(weighted(past, self._weights(len(past))), parts=past)

    def _weights(self, rounds: int) -> tuple[float, ...]:
        if self.chance == 1:
            return round_weights(rounds, 1)
        last = 1.0 if rounds == self.most else 1 - self.chance
        return (*((1 - self.chance,) * (rounds - 1)), last)


def checked_horizon(horizon: str) -> None:
    """Raise `BadParameter` unless horizon is one of its three words."""
    if horizon not in ("chance", "announced", "hidden"):
        raise BadParameter(f'horizon must be "chance", "announced" or "hidden", not {horizon!r}')


def announced(horizon: Horizon, rounds: int, discount: float) -> tuple[int | None, float | None]:
    """What the players are told of the end: (number of rounds, chance of another round)."""
    return (rounds if horizon == "announced" else None, discount if horizon == "chance" else None)


def recent(past: tuple[T, ...], memory: Memory) -> tuple[T, ...]:
    """What of the past, round by round, lies inside the memory, oldest first."""
    return past if memory == "all" else past[max(len(past) - memory, 0) :]


Seen: TypeAlias = tuple[tuple[Play, ...], ...]
"""For each player the plays so far, as it has seen them."""


def _nothing_seen(n_players: int) -> Seen:
    return ((),) * n_players


def _seen_also(seen: Seen, play: Play) -> Seen:
    if play.outcome.is_public:
        return tuple([(*past, play) for past in seen])
    return tuple([(*past, play.seen_by(player)) for player, past in enumerate(seen)])


def histories(seen: Seen, memory: Memory) -> Observer:
    """For each player the history it is shown."""
    return [(History(recent(past, memory), len(past)),) for past in seen].__getitem__


def round_weights(rounds: int, discount: float) -> tuple[float, ...]:
    """How much each round counts: (1 - d) d^t, and the last d^(rounds - 1), as if it were repeated for ever.

    The weights sum to one. Without discounting (d = 1) every round counts the same. CoopEval (2026), section 5.1.
    """
    if discount == 1:
        return (1 / rounds,) * rounds
    return (*((1 - discount) * discount**t for t in range(rounds - 1)), discount ** (rounds - 1))


def weighted(past: Sequence[Play], weights: Sequence[float]) -> tuple[float, ...]:
    """The weighted sum of the payoffs of plays in which player i is always in seat i, added in the order of play.

    It is added by hand because the rounding of `sum` depends on the version of Python, and a payoff must not.
    """
    totals = (0.0,) * len(past[0].outcome.payoffs)
    for weight, play in zip(weights, past, strict=True):
        totals = tuple(total + weight * payoff for total, payoff in zip(totals, play.outcome.payoffs, strict=True))
    return totals
