"""Who is spoken to, in which coordinates, and in which words.

A `Wording` holds the words as data (templates, labels, the unit) and says which renderer puts each type of fact, each
kind of question and each space of answers into them. A `Frame` goes through a decision's facts from the outside in and
knows at each what the players are called there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple, TypeAlias, TypeVar
from unicodedata import normalize

from comity.core.decision import Decision, Fact, Seats
from comity.core.errors import BadParameter, RuleError
from comity.core.space import Choice, Each, Lottery, OneOf
from comity.mechanisms.contracting import Contract, Contracting
from comity.mechanisms.matching import Rotation
from comity.mechanisms.mediation import DELEGATE, Mediation, Mediator
from comity.mechanisms.neighbourhood import Neighbouring
from comity.mechanisms.network import Network
from comity.mechanisms.observation import Observation
from comity.mechanisms.presentation import Presentation
from comity.words.numerals import in_words
from comity.words.phrases import chosen, listed, number, points
from comity.words.printable import printable_line

Renderer: TypeAlias = Callable[[Any, "Frame"], Iterable[str]]
Question: TypeAlias = Callable[[Decision[Any], "Frame"], str]
Answer: TypeAlias = Callable[[Any, "Wording"], str]
T = TypeVar("T")

_TABLES = {
    "fact": "comity.words.wordings.FACTS",
    "question": "comity.words.questions.QUESTIONS",
    "answer": "comity.words.questions.ANSWERS",
}
"""Where the tables of the plain wording stand, for whoever has to add to one."""

_SEAT = re.compile(r"player (\d+)")
_DELEGATING = re.compile(r"(\d+) delegating")


class NoWords(RuleError):
    """A fact, a kind of decision, a space or a template that the wording has no entry for."""


class BadWording(BadParameter):
    """A wording that cannot be used as it is written, or not for the options it is asked to show."""


@dataclass(frozen=True)
class Wording:
    """How decisions are put into words.

    name: what the wording is called.
    templates: every sentence and phrase by its key, with `{placeholders}` for what the facts say.
    facts: for each type of fact (or a base class of it) a function from (fact, frame) to lines.
    questions: for each kind of decision a function from (decision, frame) to the question.
    answers: for each type of space a function from (space, wording) to a phrase that says what is allowed.
    rules: the types of facts that say a rule and so stand unchanged through a match; all others are news.
    labels: what options are called instead of their own names.
    unit: one of what is paid, and several; and how one of it is said in words, where that is not "one" and its name.
    units: other units that a presentation may name.
    players: what the first players are called; the others have a number.
    presented: the presentation that this wording tells, its labels, unit and sentences being in force already.
    strict: whether an amount that cannot be said in words is refused, and not shown in figures.

    Raises `NoWords` where a table has no entry.
    """

    name: str
    templates: Mapping[str, str]
    facts: Mapping[type, Renderer] = field(repr=False)
    questions: Mapping[str, Question] = field(repr=False)
    answers: Mapping[type, Answer] = field(repr=False)
    rules: frozenset[type] = field(default=frozenset(), repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)
    unit: tuple[str, ...] = ("point", "points")
    units: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    players: tuple[str, ...] = ()
    presented: Presentation | None = None
    strict: bool = False

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that is data here: templates, labels, units, players; not of the name nor of the code."""
        content = {
            "templates": dict(self.templates),
            "labels": dict(self.labels),
            "unit": self.unit,
            "units": dict(self.units),
            "players": self.players,
            "presented": repr(self.presented),
        }
        return sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()

    def say(self, key: str, /, **values: object) -> str:
        """The template of that key with its placeholders filled. What fills one is never read as a template."""
        try:
            return self.templates[key].format_map(values)
        except KeyError:
            raise NoWords(f"the wording {self.name!r} has no template {key!r} for {sorted(values)}") from None

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

    @cached_property
    def _rules(self) -> tuple[type, ...]:
        return tuple(self.rules)

    def is_rule(self, fact: Fact) -> bool:
        """Whether the fact is of a type that says a rule."""
        return isinstance(fact, self._rules)

    def shown(self, option: Choice) -> str:
        """What an option is called: its label, or as its player would say it; yes and no in this wording's words."""
        match option:
            case bool():
                return self.templates["words.yes" if option else "words.no"]
            case str():
                return self.labels.get(option) or printable_line(option)
            case tuple():
                return ", ".join(map(self.shown, option))
            case _:
                return chosen(option)

    def part(self, name: str) -> str:
        """What a part of an answer of several parts is called: a player, a count of who delegates, or an option."""
        if found := _SEAT.fullmatch(name):
            return self.player(int(found[1]) - 1)
        if found := _DELEGATING.fullmatch(name):
            return self.say("words.delegating", count=found[1], delegate=self.shown(DELEGATE))
        return self.shown(name)

    def named(self, options: Iterable[T]) -> dict[str, T]:
        """The options by what they are called here, which is how an answer is read back.

        Raises `BadWording` if labels give two of them names that are the same, or differ only in case or width.
        """
        options = tuple(options)
        names = [self.shown(option) for option in options]  # type: ignore[arg-type]
        self._apart(options, names)
        return dict(zip(names, options, strict=True))

    def parts(self, names: Sequence[str]) -> dict[str, str]:
        """The names of the parts of an answer by what they are called here. Raises `BadWording` as `named` does."""
        shown = [self.part(name) for name in names]
        self._apart(names, shown)
        return dict(zip(shown, names, strict=True))

    def _apart(self, options: Sequence[object], names: Sequence[str]) -> None:
        if not self.labels and not self.players:
            return
        owner: dict[str, object] = {}
        for option, name in zip(options, names, strict=True):
            other = owner.setdefault(normalize("NFKC", name).casefold(), option)
            if other != option:
                raise BadWording(
                    f"the wording {self.name!r} calls both {other!r} and {option!r} {name!r}; "
                    "options of one decision need different labels"
                )

    def answering(self, decision: Decision[Any]) -> Wording:
        """The wording in which the options of this decision are shown and its answer is read.

        What is said is shown as it was said, so among messages nothing has a label. Raises `BadWording` if two options
        cannot be told apart.
        """
        wording = self.without_labels if decision.kind == "speak" else self
        wording.tells_apart(decision.options)
        return wording

    @cached_property
    def without_labels(self) -> Wording:
        """The same wording with every option called by its own name."""
        return replace(self, labels={}) if self.labels else self

    def tells_apart(self, space: object) -> None:
        """Raise `BadWording` if labels give two options of the space, or of a part of it, the same name."""
        if not self.labels and not self.players:
            return
        match space:
            case OneOf() | Lottery():
                self.named(space)
            case Each(names, spaces):
                self.parts(names)
                for inside in dict.fromkeys(spaces):
                    self.tells_apart(inside)
            case _:
                pass

    def player(self, place: int) -> str:
        """What the player at that place is called by others."""
        name = self._names.get(place)
        if name is None:
            name = self._names[place] = self.say("names.player", number=place + 1)
        return name

    @cached_property
    def _names(self) -> dict[int, str]:
        """What players are called, as far as anybody asked."""
        return dict(enumerate(self.players))

    def points(self, value: float) -> str:
        """An amount with its unit."""
        if self.presented is None or self.presented.numbers == "figures":
            return points(value, self.unit)
        one, several, *whole = self.unit
        figures = number(value)
        if whole and figures in ("1", "-1"):
            return whole[0] if value > 0 else self.say("numbers.minus", number=whole[0])
        return f"{self.number(value)} {one if figures == '1' else several}"

    def number(self, value: float) -> str:
        """A number of the payoff rule: in figures, or in words where these are in force and can say it."""
        if self.presented is None or self.presented.numbers == "figures":
            return number(value)
        said = in_words(number(value), self.say)
        if said is None and self.strict:
            raise BadWording(
                f'numbers = "words" says amounts below a million with up to four decimals, and {number(value)} is none'
            )
        return number(value) if said is None else said

    def in_order(self, options: Iterable[T]) -> list[T]:
        """Options in the order in which the rules list them."""
        turned = self.presented is not None and self.presented.options == "reversed"
        return list(options)[:: -1 if turned else 1]

    def listed(self, items: Sequence[str], last: str = "words.and") -> str:
        """The items as a sentence lists them, by default with "and" before the last."""
        return listed(items, self.templates[last])


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

    wording: Wording
    seat: int
    names: tuple[str, ...]
    alike: bool
    """Whether the description is one that all seats of a symmetric game share."""

    def does(self, seat: int, key: str, **values: object) -> str:
        """That seat and what it does, in the form for the reader or the one for others: "you get", "player 2 gets"."""
        name = self.names[seat]
        person = "you" if name == self.wording.templates["names.you"] else "other"
        return self.wording.say(f"{key}_{person}", who=name, **values)

    def everybody(self) -> str:
        """All seats, the one it is described for first."""
        own, *others = (self.names[self.seat], *self.names[: self.seat], *self.names[self.seat + 1 :])
        return self.wording.listed([own, *others])

    def everybody_alike(self) -> str:
        """All seats of a symmetric game, in which the others need no names."""
        if not self.alike or len(self.names) == 2:
            return self.everybody()
        others = self.wording.say("names.others", count=len(self.names) - 1)
        return self.wording.listed([self.names[self.seat], others])


@dataclass(frozen=True)
class Frame:
    """What the players are called while a fact is put into words.

    reader: the player called "you", in the present coordinates; None speaks to an onlooker.
    seats: where the facts speak of seats of a play within, seat i is player seats[i]; None where they are the same.
    agents: the names of who plays, by player, for an onlooker.
    met: False after a rule that brings players together, until the `Seats` say who they are.
    taken: the seats that the reader takes towards its neighbours in a network, until it has met one of them.
    shared: whether rules are put in words that hold for as many seats as possible, such as "the other player".
    elected: what the proposals propose ("mediator" or "contract"); terms: the actions that a contract pays for.
    """

    wording: Wording
    reader: int | None = None
    seats: tuple[int, ...] | None = None
    agents: Mapping[int, str] = field(default_factory=dict)
    met: bool = True
    taken: tuple[int, ...] = ()
    shared: bool = False
    elected: str = ""
    terms: tuple[str, ...] = ()

    def say(self, key: str, /, **values: object) -> str:
        """The template of that key with its placeholders filled."""
        return self.wording.say(key, **values)

    def tell(self, key: str, /, **values: object) -> Iterator[str]:
        """The same as lines: a template may have several."""
        return iter(self.wording.say(key, **values).split("\n"))

    def shown(self, option: Choice) -> str:
        """What an option is called."""
        return self.wording.shown(option)

    def points(self, value: float) -> str:
        """An amount with its unit."""
        return self.wording.points(value)

    def name(self, player: int) -> str:
        """What that player is called."""
        place = self.place(player)
        if place == self.reader:
            return self.wording.templates["names.you"]
        return self._called(place)

    def place(self, player: int) -> int:
        """Who that player is in the present coordinates."""
        return player if self.seats is None else self.seats[player]

    def _called(self, place: int) -> str:
        player = self.wording.player(place)
        if place not in self.agents:
            return player
        return self.say("names.agent", player=player, agent=printable_line(self.agents[place]))

    def names(self, players: Iterable[int]) -> str:
        """What those players are called, as a list."""
        return self.wording.listed([self.name(player) for player in players])

    @property
    def roving(self) -> bool:
        """Whether the reader sits now in one seat and now in the other: then it has none before it has met somebody."""
        return len(self.taken) > 1

    def parties(self, n_players: int, alike: bool = True) -> Parties:
        """What the seats of a game are called. Before the players have met, only the reader has a seat of its own.

        alike: whether the game is the same from all its seats; if not, a roving reader is told it seat by seat.
        """
        seat = (self.taken[0] if self.taken else self.reader or 0) % n_players
        if self.met and not (self.shared and n_players == 2):
            names = tuple(map(self.name, range(n_players)))
        elif self.roving and not alike:
            seat, names = 0, tuple(self.say("names.in_seat", number=i + 1) for i in range(n_players))
        else:
            own = self.wording.templates["names.you"]
            names = tuple(own if i == seat else self._unmet(i, n_players) for i in range(n_players))
        return Parties(self.wording, seat, names, self.shared)

    def _unmet(self, seat: int, n_players: int) -> str:
        if n_players == 2:
            return self.wording.templates["names.other"]
        return self.say("names.in_seat", number=seat + 1)

    def places(self, n_players: int) -> tuple[str, ...]:
        """What the places of a game are called where it is told to all at once, the reader among them."""
        if self.shared and self.met:
            return tuple(map(self.wording.player, range(n_players)))
        return self.parties(n_players).names

    def lines(self, fact: Fact) -> list[str]:
        """The fact in words."""
        return self.wording.lines(fact, self)

    def within(self, players: Sequence[int]) -> Frame:
        """The frame for what lies inside a play whose seat i was taken by players[i]."""
        seats = self.seats
        if seats is not None:
            return replace(self, seats=tuple(seats[player] for player in players))
        if all(seat == player for seat, player in enumerate(players)):
            return self  # as in repetition: there is no need to copy a frame for every round
        return replace(self, seats=tuple(players))

    def after(self, fact: Fact) -> Frame:
        """The frame for the facts that come after this one."""
        match fact:
            case Seats(players):
                reader = None if self.reader is None else players.index(self.reader)
                return replace(self, reader=reader, met=True, taken=())
            case Rotation():
                return replace(self, met=False, taken=())
            case Network(edges):
                taken = {edge.index(self.reader) for edge in edges if self.reader in edge}
                return replace(self, met=False, taken=tuple(sorted(taken)))
            case Neighbouring():
                return replace(self, met=False, taken=(0,))
            case Observation():
                return replace(self, reader=None, met=True, taken=(), shared=False)
            case Mediation() | Mediator():
                return replace(self, elected="mediator")
            case Contracting(actions) | Contract(actions):
                return replace(self, elected="contract", terms=actions)
            case _:
                return self

    def after_rule(self, fact: Fact) -> Frame:
        """The frame for the rules that come after this fact where rules are told before anybody has met.

        The reader's seat is that of the `Seats`; who sits in the others is news.
        """
        after = self.after(fact)
        return replace(after, met=False) if isinstance(fact, Seats) else after
