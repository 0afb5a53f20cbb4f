"""Who is spoken to, in which coordinates, and by which tables.

A `Wording` says how each type of fact, each kind of question and each space of answers is put into words. A `Frame`
goes through a decision's facts from the outside in and knows at each what the players are called there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias, TypeVar

from comity.core.decision import Decision, Fact, Seats
from comity.core.errors import RuleError
from comity.mechanisms.contracting import Contract, Contracting
from comity.mechanisms.matching import Rotation
from comity.mechanisms.mediation import Mediation, Mediator
from comity.mechanisms.network import Network
from comity.words.phrases import listed

Renderer: TypeAlias = Callable[[Any, "Frame"], Iterable[str]]
Question: TypeAlias = Callable[[Decision[Any], "Frame"], str]
Answer: TypeAlias = Callable[[Any, "Wording"], str]
T = TypeVar("T")

_TABLES = {
    "fact": "comity.words.render.FACTS",
    "question": "comity.words.questions.QUESTIONS",
    "answer": "comity.words.questions.ANSWERS",
}
"""Where the tables of the plain wording stand, for whoever has to add to one."""


class NoWords(RuleError):
    """A fact, a kind of decision or a space that the wording has no entry for."""


@dataclass(frozen=True)
class Wording:
    """How decisions are put into words.

    facts: for each type of fact (or a base class of it) a function from (fact, frame) to lines.
    questions: for each kind of decision a function from (decision, frame) to the question.
    answers: for each type of space a function from (space, wording) to a phrase that says what is allowed.

    Raises `NoWords` where a table has no entry.
    """

    facts: Mapping[type, Renderer]
    questions: Mapping[str, Question]
    answers: Mapping[type, Answer]

    def lines(self, fact: Fact, frame: Frame) -> list[str]:
        """The fact in words, one sentence or one entry per line."""
        return list(_entry(self.facts, type(fact), "fact")(fact, frame))

    def question(self, decision: Decision[Any], frame: Frame) -> str:
        """What is asked at the decision, frame being the one after its last fact."""
        if decision.kind not in self.questions:
            raise NoWords(
                f"this wording has no question of kind {decision.kind!r}: add one to its questions "
                f"(those of the plain wording are in {_TABLES['question']})"
            )
        return self.questions[decision.kind](decision, frame)

    def allowed(self, space: object) -> str:
        """What may be answered, as a phrase after "answer with"."""
        return _entry(self.answers, type(space), "answer")(space, self)


def _entry(table: Mapping[type, T], wanted: type, what: str) -> T:
    for base in wanted.__mro__:
        if base in table:
            return table[base]
    raise NoWords(
        f"this wording has no words for the {what} {wanted.__name__}: add a renderer to its {what}s "
        f"(those of the plain wording are in {_TABLES[what]})"
    )


class Parties(NamedTuple):
    """Who takes part in a game that is described: what each seat is called, and the seat it is described for."""

    seat: int
    names: tuple[str, ...]

    def does(self, seat: int, verb: str) -> str:
        """That seat and what it does: "you get", "player 2 gets"."""
        return conjugated(self.names[seat], verb)


@dataclass(frozen=True)
class Frame:
    """What the players are called while a fact is put into words.

    reader: the player called "you", in the present coordinates; None speaks to an onlooker.
    seats: where the facts speak of seats of a play within, seat i is player seats[i]; None where they are the same.
    agents: the names of who plays, by player, for an onlooker.
    met: False after a rule that brings players together, until the `Seats` say who they are.
    elected: what the proposals propose ("mediator" or "contract"); terms: the actions that a contract pays for.
    """

    wording: Wording
    reader: int | None = None
    seats: tuple[int, ...] | None = None
    agents: Mapping[int, str] = field(default_factory=dict)
    met: bool = True
    elected: str = ""
    terms: tuple[str, ...] = ()

    def name(self, player: int) -> str:
        """What that player is called."""
        place = player if self.seats is None else self.seats[player]
        if place == self.reader:
            return "you"
        return f"player {place + 1} ({self.agents[place]})" if place in self.agents else f"player {place + 1}"

    def names(self, players: Iterable[int]) -> str:
        """What those players are called, as a list."""
        return listed([self.name(player) for player in players])

    def parties(self, n_players: int) -> Parties:
        """What the seats of a game are called. Before the players have met, only the reader has a seat of its own."""
        seat = (self.reader or 0) % n_players
        if self.met:
            return Parties(seat, tuple(map(self.name, range(n_players))))
        other = "the other player" if n_players == 2 else "the player in seat {}"
        return Parties(seat, tuple("you" if i == seat else other.format(i + 1) for i in range(n_players)))

    def lines(self, fact: Fact) -> list[str]:
        """The fact in words."""
        return self.wording.lines(fact, self)

    def within(self, players: Sequence[int]) -> Frame:
        """The frame for what lies inside a play whose seat i was taken by players[i]."""
        seats = self.seats
        return replace(self, seats=tuple(players) if seats is None else tuple(seats[player] for player in players))

    def after(self, fact: Fact) -> Frame:
        """The frame for the facts that come after this one."""
        match fact:
            case Seats(players):
                return replace(self, reader=None if self.reader is None else players.index(self.reader), met=True)
            case Rotation() | Network():
                return replace(self, met=False)
            case Mediation() | Mediator():
                return replace(self, elected="mediator")
            case Contracting(actions) | Contract(actions):
                return replace(self, elected="contract", terms=actions)
            case _:
                return self


def conjugated(who: str, verb: str) -> str:
    """The subject with its verb: "you get", "player 2 gets"."""
    return f"you {verb}" if who == "you" else f"{who} {verb}s"
