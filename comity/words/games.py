"""The payoff rules in words, each from the seat it is described for: its own action first, its own pay first.

Every number comes from the rule that also scores: from `rows`, from `payoffs`, or from the parameters it is made of.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator

from comity.exact.strategic_form import StrategicFormRule
from comity.games.normal_form import NormalForm, Profile, Row, without
from comity.games.sequential import Moved, SequentialTrustGame
from comity.games.symmetric import PublicGoods, SymmetricGame
from comity.games.travellers import TravellersDilemma
from comity.words.phrases import listed, number, points, sentence
from comity.words.wording import Frame, Parties, Renderer


def normal_form(game: NormalForm, frame: Frame) -> Iterator[str]:
    """Any game in normal form: one line per profile."""
    parties = frame.parties(game.n_players)
    yield sentence(f"{_all(parties)} each choose one action, at the same time.")
    yield from _rows(game.rows(parties.seat), parties)


def sequential_trust(game: SequentialTrustGame, frame: Frame) -> Iterator[str]:
    """The trust game played in turn."""
    parties = frame.parties(game.n_players)
    yield sentence(
        f"{parties.does(0, 'choose')} an action first; then {parties.does(1, 'choose')}, knowing that action."
    )
    yield from _rows(game.at_once.rows(parties.seat), parties)


def moved(fact: Moved, frame: Frame) -> Iterator[str]:
    yield sentence(f"{frame.name(fact.seat)} chose {fact.action}.")


def strategic_form(rule: StrategicFormRule, frame: Frame) -> Iterator[str]:
    """The plans of everybody, before the game that they are plans for."""
    parties = frame.parties(len(rule.plans))
    yield sentence(f"{_all(parties)} each choose a plan, at the same time; the game below then runs as the plans say.")
    yield "Where chance has a part in it, the average is paid."
    for name, plans in zip(parties.names, rule.plans, strict=True):
        yield f"The plans of {name}: {' | '.join(plans)}."


def public_goods(game: PublicGoods, frame: Frame) -> Iterator[str]:
    """The formula in words, instead of a line for each of its profiles."""
    parties = frame.parties(game.n_players)
    give, keep = game.actions[parties.seat]
    times = number(game.multiplier)
    yield sentence(f"{_all(parties)} each have one point and choose {give} or {keep}, at the same time.")
    yield f"The points of those who choose {give} are added up, multiplied by {times} and shared equally among all."
    yield f"So if k players choose {give}, each player gets {times} times k divided by {game.players} points,"
    yield f"and each player who chooses {keep} gets 1 point more, its own."


def symmetric(game: SymmetricGame, frame: Frame) -> Iterator[str]:
    """One line for each action and each count of what the others choose; two players read the plain table."""
    if game.n_players == 2:
        yield from normal_form(game, frame)
        return
    parties = frame.parties(game.n_players)
    yield sentence(f"{_all(parties)} each choose one action, at the same time. The same rule pays each of them.")
    for own, others in itertools.product(
        game.names, itertools.combinations_with_replacement(game.names, game.players - 1)
    ):
        paid = game.payoffs((own, *others))[0]
        choose, get = parties.does(parties.seat, "choose"), parties.does(parties.seat, "get")
        yield f"If {choose} {own} and, of the others, {_counted(others)}: {get} {points(paid)}."


def travellers(game: TravellersDilemma, frame: Frame) -> Iterator[str]:
    """The rule in its three cases."""
    parties = frame.parties(game.n_players)
    own, other = parties.seat, 1 - parties.seat
    yield sentence(f"{_all(parties)} each claim {listed(game.actions[own], 'or')} points, at the same time.")
    yield "If both claim the same, each gets that claim."
    for compared, mine, theirs in (("less", "plus", "minus"), ("more", "minus", "plus")):
        yield (
            f"If {parties.does(own, 'claim')} {compared} than {parties.names[other]}: "
            f"{parties.does(own, 'get')} the lower claim {mine} {points(game.bonus)}, "
            f"{parties.does(other, 'get')} the lower claim {theirs} {points(game.bonus)}."
        )


def _all(parties: Parties) -> str:
    own = parties.names[parties.seat]
    return listed([own, *without(parties.names, parties.seat)])


def _rows(rows: Iterable[Row], parties: Parties) -> Iterator[str]:
    seats = (parties.seat, *without(tuple(range(len(parties.names))), parties.seat))
    for row in rows:
        chosen = zip(seats, (row.own, *row.others), strict=True)
        paid = zip(seats, (row.paid, *row.others_paid), strict=True)
        choices = listed([f"{parties.does(seat, 'choose')} {action}" for seat, action in chosen])
        gains = listed([f"{parties.does(seat, 'get')} {points(payoff)}" for seat, payoff in paid])
        yield f"If {choices}: {gains}."


def _counted(others: Profile) -> str:
    """How many of the others choose what: "2 choose stay, 1 chooses go"."""
    counts = Counter(others).items()
    return ", ".join(f"{count} {'chooses' if count == 1 else 'choose'} {action}" for action, count in counts)


GAMES: dict[type, Renderer] = {
    NormalForm: normal_form,
    PublicGoods: public_goods,
    SymmetricGame: symmetric,
    TravellersDilemma: travellers,
    SequentialTrustGame: sequential_trust,
    Moved: moved,
    StrategicFormRule: strategic_form,
}
"""The base games, and what is seen while they are played."""
