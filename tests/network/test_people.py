"""Scripted people: what they do follows from their formulas, and who sits where from an address of chance."""

from __future__ import annotations

from math import tanh
from statistics import fmean
from typing import Any

import pytest
from scipy import stats

from comity.agents.agent import ScriptedAgent
from comity.core.chance import Address
from comity.core.decision import NATURE, Decision
from comity.core.errors import BadParameter
from comity.core.flow import Game
from comity.core.match import Match, receive
from comity.core.space import Lottery, OneOf
from comity.games.matrix import WeakPrisonersDilemma
from comity.mechanisms.neighbourhood import Look, Met, Neighbourhood, Neighbouring, Surroundings
from comity.strategies.catalogue import STRATEGIES
from comity.strategies.people import Aspiration, Imitator, Individual, Moody, Persistent
from comity.strategies.strategy import Strategy, one_of, varies
from comity.strategies.traits import beta, normal, shifted
from tests.strategies.seats import chance_of

BASE = WeakPrisonersDilemma()
C, D = "cooperate", "defect"
OPTIONS = OneOf((C, D), missable=True)
TORUS = Neighbourhood(BASE, graph="lattice", size=(25, 25), rounds=51)
SMALL = Neighbourhood(BASE, graph="lattice", size=(4, 4), rounds=3)


def played(game: Game, strategy: Strategy, key: int = 1) -> list[tuple[str, ...]]:
    """What everybody did in each round where all seats are agents of that strategy."""
    agent, match = ScriptedAgent("it", strategy), Match(game)
    seats = [agent.sit(game, player, key) for player in range(game.n_players)]
    while match.pending:
        receive(match, [None if d.player == NATURE else seats[d.player](d) for d in match.pending], key)
    return [choices for choices in match.choices if len(choices) == game.n_players]


def seen(own: str | None, paid: float, *met: tuple[str | None, float | None], played: int = 1) -> Decision[Any]:
    """A decision after one visible round on a graph."""
    look = Look(played - 1, own, paid, tuple(Met(place, *one) for place, one in enumerate(met)))
    rule = Neighbouring(None, 1, "sum", "normalised", False)
    return Decision(0, "act", OPTIONS, (rule, BASE, Surroundings(len(met), played, (look,))))


FIRST = Decision(0, "act", OPTIONS, (Neighbouring(None, 1, "sum", "normalised", False), BASE, Surroundings(4, 0, ())))


def chance_at(strategy: Strategy, decision: Decision[Any]) -> float:
    return chance_of(strategy.begin(TORUS, 0)(decision))


# Traits


def test_normal_traits_are_standard_normal_and_beta_traits_are_beta() -> None:
    places = [Address(key, 0, 0) for key in range(3_000)]
    assert stats.kstest([normal(place) for place in places], "norm").pvalue > 0.001
    for a, b in ((0.3, 0.5), (1.0, 2.0), (7.0, 3.0)):
        drawn = [beta(a, b, place) for place in places]
        assert stats.kstest(drawn, stats.beta(a, b).cdf).pvalue > 0.001
    extreme = [beta(0.005, 0.005, place) for place in places]
    assert all(0 <= value <= 1 for value in extreme)
    assert 0.4 < fmean(extreme) < 0.6


def test_a_trait_moves_log_odds_and_leaves_what_is_certain() -> None:
    assert shifted(0.5, 1.0) == pytest.approx(0.7310585786300049)
    assert shifted(shifted(0.2, 3.0), -3.0) == pytest.approx(0.2)
    assert (shifted(0.0, 9.0), shifted(1.0, -9.0)) == (0.0, 1.0)


# Who sits where


@pytest.mark.parametrize(
    "strategy", [STRATEGIES["moody"](spread=1.0), STRATEGIES["persistent"](spread=1.0), STRATEGIES["individual"]()]
)
def test_who_sits_somewhere_follows_from_the_match_and_the_seat(strategy: Strategy) -> None:
    agent = ScriptedAgent("it", strategy)

    def person(player: int, key: int) -> float:
        return chance_of(agent.sit(SMALL, player, key)(FIRST))

    assert varies(strategy)
    assert person(3, 7) == person(3, 7)
    assert len({person(player, key) for player in range(4) for key in range(4)}) == 16
    assert person(3, 7) != chance_of(strategy.begin(SMALL, 3)(FIRST))


def test_who_says_what_it_will_do_is_the_one_who_does_it() -> None:
    noisy = STRATEGIES["noisy"](of=("moody", 0.6, 0, 0, 0, 0, 0, False, 2.0), p=0.0)
    place = Address(5, 0, 0)
    one = one_of(noisy, place)
    assert varies(noisy)
    assert one.act.act == one.speak.act == Moody(0.6, 0, 0, 0, 0, 0, False, 2.0).one(place)  # type: ignore[attr-defined]
    assert not varies(STRATEGIES["moody"]())
    assert not varies(STRATEGIES["tit_for_tat"]())


# Moody conditional cooperators


def test_a_trend_counts_rounds_and_a_trait_counts_from_the_first() -> None:
    falling = Moody(trend=-0.1)
    assert chance_at(falling, seen(C, 14, (C, 7), (D, 10), played=11)) == falling.chance((True, 1, 2), 11)
    assert falling.chance((True, 1, 2), 11) < falling.chance((True, 1, 2), 1) < Moody().chance((True, 1, 2), 1)
    assert chance_at(Moody(trait=1.0), FIRST) == shifted(0.6, 1.0)


def test_who_had_no_answer_is_not_among_the_others() -> None:
    moody = Moody()
    assert chance_at(moody, seen(C, 7, (C, 7), (None, None), (None, None))) == moody.chance((True, 1, 1))
    assert chance_at(moody, seen(C, 0, (None, None))) == moody.first
    assert chance_at(moody, seen(None, 0, (C, 7))) == moody.first


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Moody(first=1.2), "first must lie between 0 and 1"),
        (lambda: Moody(slope=float("inf")), "slope must be a finite number"),
        (lambda: Moody(spread=-1), "spread must be a finite number that is not negative"),
        (lambda: Persistent(stay=2), "stay must lie between 0 and 1"),
        (lambda: Individual(a=0), "a must be positive"),
        (lambda: Aspiration(sensitivity=-1), "sensitivity must not be negative"),
        (lambda: Imitator(rule="worst"), 'rule must be "best" or "proportional"'),  # type: ignore[arg-type]
    ],
)
def test_impossible_people_are_refused(make: Any, sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence):
        make()


# Learners and imitators


def test_an_aspiration_is_learned_by_as_the_formula_says() -> None:
    learner = Aspiration(first=0.6, aspiration=0.3, sensitivity=2.0, habituation=0.5, tremble=0.1)
    decide = learner.begin(TORUS, 0)
    assert chance_of(decide(FIRST)) == pytest.approx(0.6 * 0.9 + 0.4 * 0.1)
    once = seen(C, 14, (C, 7), (C, 7), (D, 10), (D, 10))  # half of what mutual cooperation pays: 0.5
    p = 0.6 + 0.4 * tanh(2 * (0.5 - 0.3))
    assert chance_of(decide(once)) == pytest.approx(p * 0.9 + (1 - p) * 0.1)
    assert chance_of(decide(once)) == pytest.approx(p * 0.9 + (1 - p) * 0.1)  # asked twice it has learned once
    twice = seen(D, 0, (D, 0), (D, 0), (D, 0), (D, 0), played=2)
    p = 1 - ((1 - p) + (1 - p) * tanh(2 * (0 - 0.4)))  # what it aspires to went half of the way
    assert chance_of(decide(twice)) == pytest.approx(p * 0.9 + (1 - p) * 0.1)
    thrice = seen(None, 0, (D, 0), played=3)
    assert chance_of(decide(thrice)) == pytest.approx(p * 0.9 + (1 - p) * 0.1)


@pytest.mark.parametrize(
    ("decision", "chance"),
    [
        (FIRST, 0.25),
        (seen(C, 14, (C, 7), (C, 13), (D, 10)), 1.0),  # nobody was paid more
        (seen(C, 7, (C, 7), (D, 10), (D, 10)), 0.0),
        (seen(C, 10, (D, 10), (D, 10)), 1.0),  # as much is not more
        (seen(D, 0, (C, 9), (D, 9), (C, 9), (None, None)), 2 / 3),  # of several best each equally likely
        (seen(D, 0, (C, None), (C, None)), 0.0),  # where payoffs are not shown it goes on
    ],
)
def test_the_best_paid_is_imitated(decision: Decision[Any], chance: float) -> None:
    assert chance_at(Imitator(first=0.25), decision) == pytest.approx(chance)


def test_imitation_in_proportion_to_what_is_paid_more() -> None:
    # the largest difference between four neighbours is 4 times 10; one of the four is looked at
    found = chance_at(Imitator("proportional"), seen(C, 7, (D, 27), (D, 17), (C, 30), (C, 7)))
    assert found == pytest.approx(1 - (20 / 40 + 10 / 40) / 4)


def test_lotteries_are_shared_and_not_made_anew() -> None:
    one, other = (Moody().begin(TORUS, 0)(seen(C, 7, (C, 7), (D, 10))) for _ in range(2))
    assert isinstance(one, Lottery)
    assert one is other
