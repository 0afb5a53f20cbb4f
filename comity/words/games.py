"""The payoff rules in words, each from the seat it is described for: its own action first, its own pay first.

Every number comes from the rule that also scores: from `rows`, from `payoffs`, or from the parameters it is made of.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter, itemgetter
from typing import TypeVar

from comity.core.flow import StageGame
from comity.exact.strategic_form import StrategicFormRule
from comity.games.normal_form import NormalForm, Profile, Row, rows_of, without
from comity.games.sequential import Moved, SequentialTrustGame
from comity.games.symmetric import PublicGoods, SymmetricGame
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.rescaling import Rescaled
from comity.words.phrases import sentence
from comity.words.wording import Frame, Parties, Renderer, Wording

S = TypeVar("S")


def normal_form(game: StageGame, frame: Frame) -> Iterator[str]:
    """Any game in normal form: one line per profile."""
    alike = not frame.roving or list(rows_of(game, 0)) == list(rows_of(game, 1))
    parties = frame.parties(game.n_players, alike)
    yield from _seat_by_seat(frame, alike)
    yield from _opening("games.normal_form", parties.everybody(), frame)
    yield from _rows(rows_of(game, parties.seat), parties)


def _seat_by_seat(frame: Frame, alike: bool) -> Iterator[str]:
    if frame.roving and not alike:
        yield from frame.tell("games.by_seat")


def _opening(key: str, everybody: str, frame: Frame, **values: object) -> Iterator[str]:
    first, *rest = frame.tell(key, everybody=everybody, **values)
    yield sentence(first)
    yield from rest


def sequential_trust(game: SequentialTrustGame, frame: Frame) -> Iterator[str]:
    """The trust game played in turn."""
    parties = frame.parties(game.n_players, alike=False)
    yield from _seat_by_seat(frame, alike=False)
    first, second = (parties.does(seat, "games.move") for seat in (0, 1))
    yield from map(sentence, frame.tell("games.in_turn", first=first, second=second))
    yield from _rows(game.at_once.rows(parties.seat), parties)


def moved(fact: Moved, frame: Frame) -> Iterator[str]:
    yield from map(sentence, frame.tell("games.moved", who=frame.name(fact.seat), action=frame.shown(fact.action)))


def strategic_form(rule: StrategicFormRule, frame: Frame) -> Iterator[str]:
    """The plans of everybody, before the game that they are plans for."""
    alike = len(set(rule.plans)) == 1
    parties = frame.parties(len(rule.plans), alike)
    yield from _seat_by_seat(frame, alike)
    yield from _opening("games.plans", parties.everybody(), frame)
    for name, plans in zip(parties.names, rule.plans, strict=True):
        shown = map(frame.shown, frame.wording.in_order(plans))
        yield from frame.tell("games.plans_of", who=name, plans=" | ".join(shown))


def public_goods(game: PublicGoods, frame: Frame) -> Iterator[str]:
    """The formula in words, instead of a line for each of its profiles."""
    parties = frame.parties(game.n_players)
    wording, actions = frame.wording, game.actions[parties.seat]
    give, keep = map(frame.shown, actions)
    yield from _opening(
        "games.public_goods",
        parties.everybody_alike(),
        frame,
        options=wording.listed(list(map(frame.shown, wording.in_order(actions))), "words.or"),
        give=give,
        keep=keep,
        times=wording.number(game.multiplier),
        players=wording.number(game.players),
        one=wording.points(1),
        unit=wording.unit[0],
        units=wording.unit[1],
    )


def symmetric(game: SymmetricGame, frame: Frame) -> Iterator[str]:
    """One line for each action and each count of what the others choose; two players read the plain table."""
    if game.n_players == 2:
        yield from normal_form(game, frame)
        return
    parties = frame.parties(game.n_players)
    yield from _opening("games.symmetric", parties.everybody_alike(), frame)
    profiles = itertools.product(game.names, itertools.combinations_with_replacement(game.names, game.players - 1))
    for own, others in _arranged(list(profiles), itemgetter(1), frame.wording):
        paid = game.payoffs((own, *others))[0]
        yield from frame.tell(
            "games.symmetric_row",
            choice=parties.does(parties.seat, "games.choose", action=frame.shown(own)),
            others=_counted(others, frame),
            payoff=parties.does(parties.seat, "games.get", points=frame.points(paid)),
        )


def travellers(game: TravellersDilemma, frame: Frame) -> Iterator[str]:
    """The rule in its three cases."""
    parties = frame.parties(game.n_players)
    own, other = parties.seat, 1 - parties.seat
    claims = frame.wording.listed(list(map(frame.shown, frame.wording.in_order(game.actions[own]))), "words.or")
    yield from _opening("games.travellers", parties.everybody(), frame, claims=claims, units=frame.wording.unit[1])
    claim, bonus = parties.does(own, "games.claim"), frame.points(game.bonus)
    for key, winner, loser in (("games.claimed_less", own, other), ("games.claimed_more", other, own)):
        gains = parties.does(winner, "games.gain", points=bonus)
        loses = parties.does(loser, "games.lose", points=bonus)
        yield from frame.tell(key, claim=claim, other=parties.names[other], gains=gains, loses=loses)


def _rows(rows: Iterable[Row], parties: Parties) -> Iterator[str]:
    wording = parties.wording
    seats = (parties.seat, *without(tuple(range(len(parties.names))), parties.seat))
    for row in _arranged(list(rows), attrgetter("others"), wording):
        chosen = zip(seats, (row.own, *row.others), strict=True)
        paid = zip(seats, (row.paid, *row.others_paid), strict=True)
        choices = [parties.does(seat, "games.choose", action=wording.shown(action)) for seat, action in chosen]
        payoffs = [parties.does(seat, "games.get", points=wording.points(payoff)) for seat, payoff in paid]
        yield wording.say("games.row", choices=wording.listed(choices), payoffs=wording.listed(payoffs))


def _arranged(sentences: Sequence[S], others: Callable[[S], Profile], wording: Wording) -> Sequence[S]:
    """Payoff sentences, which come by own action, in the order in which they are presented."""
    presented = wording.presented
    if presented is None:
        return sentences
    if presented.rules == "by_other":
        places = {profile: place for place, profile in enumerate(dict.fromkeys(map(others, sentences)))}
        sentences = sorted(sentences, key=lambda sentence: places[others(sentence)])
    sentences = wording.in_order(sentences)
    if presented.rules == "random":  # the order is of all profiles, of which some games tell several in one sentence
        return [sentences[place] for place in presented.order if place < len(sentences)]
    return sentences


def _counted(others: Profile, frame: Frame) -> str:
    """How many of the others choose what: "2 choose stay, 1 chooses go"."""
    return ", ".join(
        frame.say("games.count_one" if count == 1 else "games.count_many", count=count, action=frame.shown(action))
        for action, count in frame.wording.in_order(Counter(others).items())
    )


GAMES: dict[type, Renderer] = {
    NormalForm: normal_form,
    Rescaled: normal_form,
    PublicGoods: public_goods,
    SymmetricGame: symmetric,
    TravellersDilemma: travellers,
    SequentialTrustGame: sequential_trust,
    Moved: moved,
    StrategicFormRule: strategic_form,
}
"""The base games, and what is seen while they are played."""

RULES: frozenset[type] = frozenset({NormalForm, Rescaled, SequentialTrustGame, StrategicFormRule})
"""Those of them that say a rule."""
