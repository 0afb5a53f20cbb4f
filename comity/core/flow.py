"""Rules as generators: a flow yields the decisions of one step, is sent one choice for each, and returns its result.

`ask` holds the only bare `yield` a rule needs; rules say `yield from`. There are four ways to join flows and no
others: `relay` translates what passes, `told` adds facts, `seated` renames players, `together` runs side by side. No
flow waits, reads a clock, draws a random number or knows who plays.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from itertools import islice
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from comity.core.decision import NATURE, Decision, Fact, Observer, Seats
from comity.core.outcome import Outcome
from comity.core.space import Drawable, Space

T = TypeVar("T")
C = TypeVar("C")

Decisions: TypeAlias = tuple[Decision[Any], ...]
Choices: TypeAlias = tuple[Any, ...]
Flow: TypeAlias = Generator[Decisions, Choices, T]


@runtime_checkable
class Game(Protocol):
    """Something that, when played, puts decisions and ends in an outcome."""

    @property
    def n_players(self) -> int: ...

    @property
    def rules(self) -> tuple[Fact, ...]:
        """What every player knows of the game before it starts, outermost first."""
        ...

    def play(self) -> Flow[Outcome]: ...


@runtime_checkable
class StageGame(Game, Protocol):
    """A game of one step in which every player acts once: what mediation, contracts and noise speak about."""

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        """The names of the actions of each seat."""
        ...

    def payoffs(self, profile: tuple[str, ...]) -> tuple[float, ...]:
        """What each seat is paid when seat i plays profile[i]."""
        ...


def ask(*decisions: Decision[C]) -> Flow[tuple[C, ...]]:
    """Put these decisions in one step; the answer is one choice for each. Nothing to decide takes no step."""
    return (yield decisions) if decisions else ()


def ask_all(n_players: int, kind: str, options: Space[C], *facts: Fact) -> Flow[tuple[C, ...]]:
    """Put the same decision to every player at once."""
    return ask(*(Decision(player, kind, options, facts) for player in range(n_players)))


def draw(kind: str, options: Drawable[C]) -> Flow[C]:
    """Let chance choose."""
    [choice] = yield from ask(Decision(NATURE, kind, options))
    return choice


def _unchanged(decisions: Decisions, choices: Choices) -> Choices:
    return choices


def relay(
    flow: Flow[T],
    show: Callable[[Decision[Any]], Decision[Any]] | None = None,
    read: Callable[[Decisions, Choices], Choices] = _unchanged,
) -> Flow[T]:
    """Run flow, passing its decisions out through show and the choices back through read.

    read is given the decisions as flow put them and the choices as they came.
    """
    try:
        decisions = next(flow)
        while True:
            choices = yield decisions if show is None else tuple(map(show, decisions))
            decisions = flow.send(read(decisions, choices))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def told(flow: Flow[T], *facts: Fact, each: Observer | None = None) -> Flow[T]:
    """Every player sees these facts first, and what `each` gives for it, at each decision of flow."""

    def show(decision: Decision[Any]) -> Decision[Any]:
        player = decision.player
        if player == NATURE:
            return decision
        seen = facts if each is None else facts + each(player)
        return Decision(player, decision.kind, decision.options, seen + decision.sees)

    return relay(flow, show)


def seated(flow: Flow[T], players: Sequence[int]) -> Flow[T]:
    """Player i of flow is players[i] outside; the players see the change of coordinates."""
    seats = Seats(tuple(players))

    def show(decision: Decision[Any]) -> Decision[Any]:
        if decision.player == NATURE:
            return decision
        outside = seats.players[decision.player]
        return Decision(outside, decision.kind, decision.options, (seats, *decision.sees))

    return relay(flow, show)


def together(flows: Sequence[Flow[T]]) -> Flow[list[T]]:
    """Run flows side by side: each step puts every pending decision of every flow at once."""
    results: dict[int, T] = {}
    answers: dict[int, Any] = dict.fromkeys(range(len(flows)))  # to send None to a flow is to start it
    while True:
        pending: dict[int, Decisions] = {}
        for i, choices in answers.items():
            try:
                pending[i] = flows[i].send(choices)
            except StopIteration as end:
                results[i] = end.value
        if not pending:
            return [results[i] for i in range(len(flows))]
        given = iter((yield tuple([decision for decisions in pending.values() for decision in decisions])))
        answers = {i: tuple(islice(given, len(decisions))) for i, decisions in pending.items()}
