"""Law 7 for the plain case: what the fast paths play is, choice by choice and bit by bit, what the flow plays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.chance import Address, bits, cut, streams, uniforms, words
from comity.core.decision import Decision
from comity.core.errors import PlayerError
from comity.core.flow import Game
from comity.core.match import Match, Reply, play
from comity.core.space import Lottery
from comity.exact import bulk
from comity.exact.automata import Automaton, sign
from comity.exact.bulk import bulk_payoffs, bulk_play, every_pair, match_keys, round_robin
from comity.exact.lean import LeanPlay, Rule, lean_payoffs, lean_play, lean_plays
from comity.exact.plain import PlainRepetition
from comity.games.matrix import BattleOfTheSexes, Chicken, MatchingPennies, MatrixGame, PrisonersDilemma, StagHunt
from comity.games.symmetric import PublicGoods
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.noise import Misperceived, Trembling
from comity.mechanisms.repetition import Continued, History, Repeated
from comity.mechanisms.stacking import Memory
from comity.strategies.finite_state import FiniteState
from comity.strategies.functions import FromHistories
from comity.strategies.plain import plain_repetition

KEYS = st.integers(0, 2**64 - 1)
SHARES = st.one_of(st.sampled_from([0.0, 1.0, 0.5, 2**-53, 5e-324, 1 - 2**-53]), st.floats(0, 1))
MEMORIES: list[Memory] = ["all", 1, 2, 3]
PAY = st.one_of(st.integers(-10, 10), st.floats(-1e3, 1e3))


class Seat:
    """The plainest way to play an automaton: what the fast paths are held against."""

    def __init__(self, automaton: Automaton, rules: PlainRepetition, player: int) -> None:
        self.automaton, self.rules, self.player = automaton, rules, player
        self.state = automaton.start

    def __call__(self, decision: Decision[Any]) -> Reply:
        history = decision.fact(History)
        assert history is not None
        if history.past:
            did = [a == names[0] for a, names in zip(history.past[-1].outcome.actions, self.rules.actions, strict=True)]
            self.state = self.automaton.then[self.state][sign(did[self.player], did[1 - self.player])]
        chance = self.automaton.cooperates[self.state]
        cooperate, defect = self.rules.actions[self.player]
        if chance in (0, 1):
            return cooperate if chance else defect
        return Lottery((cooperate, defect), (chance, 1 - chance))


def seats(*deciders: Callable[[Decision[Any]], Reply]) -> Callable[[Decision[Any]], Reply]:
    return lambda decision: deciders[decision.player](decision)


def by_flow(game: Game, rules: PlainRepetition, pair: Sequence[Automaton], key: int) -> Match:
    return play(game, seats(*(Seat(automaton, rules, player) for player, automaton in enumerate(pair))), key)


@st.composite
def automata(draw: st.DrawFn) -> Automaton:
    n = draw(st.integers(1, 4))
    states = st.integers(0, n - 1)
    row = st.tuples(states, states, states, states)
    chances = tuple(draw(st.lists(SHARES, min_size=n, max_size=n)))
    return Automaton(draw(states), chances, tuple(draw(st.lists(row, min_size=n, max_size=n))))


@st.composite
def plain_games(draw: st.DrawFn) -> Repeated:
    """Any two by two game, its actions in any order, repeated, with or without trembling hands."""
    first, second = draw(st.permutations(["c", "d"])), draw(st.permutations(["give", "take"]))
    cells = tuple(tuple((draw(PAY), draw(PAY)) for _ in range(2)) for _ in range(2))
    base = MatrixGame(tuple(first), tuple(second), cells, ("c", "give"), ("d", "take"))
    noise = draw(st.none() | SHARES)
    stage = base if noise is None else Trembling(base, noise)
    return Repeated(stage, draw(st.integers(1, 12)), draw(SHARES), draw(st.sampled_from(MEMORIES)))


def plain(game: Game) -> PlainRepetition:
    rules = plain_repetition(game)
    assert rules is not None
    return rules


@given(
    plain_games(),
    st.lists(automata(), min_size=1, max_size=4),
    st.lists(KEYS, min_size=1, max_size=6),
    st.sampled_from([(1, 1), (3, 8), (bulk.PART, bulk.BLOCK)]),
    st.data(),
)
def test_bulk_plays_as_the_flow(
    game: Repeated, players: list[Automaton], keys: list[int], sizes: tuple[int, int], data: st.DataObject
) -> None:
    rules = plain(game)
    numbers = st.integers(0, len(players) - 1)
    pairs = np.array(data.draw(st.lists(st.tuples(numbers, numbers), min_size=len(keys), max_size=len(keys))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "PART", sizes[0])
        patch.setattr(bulk, "BLOCK", sizes[1])
        played = bulk_play(rules, players, pairs, np.array(keys, np.uint64))
        payoffs = bulk_payoffs(rules, players, pairs, np.array(keys, np.uint64))
    for m, (key, pair) in enumerate(zip(keys, pairs, strict=True)):
        match = by_flow(game, rules, [players[place] for place in pair], key)
        assert match.outcome is not None
        assert played.choices(m) == tuple(match.choices)
        assert played.lotteries(m) == match.lotteries
        assert tuple(played.payoffs[m]) == match.outcome.payoffs
        assert tuple(payoffs[m]) == match.outcome.payoffs
        done = [tuple(part.outcome.actions) for part in match.outcome.parts]
        assert done == [
            tuple(names[act] for names, act in zip(rules.actions, acts, strict=True)) for acts in played.executed[:, m]
        ]


@pytest.mark.parametrize("base", [PrisonersDilemma(), StagHunt(), Chicken(), BattleOfTheSexes(), PublicGoods(2, 1.5)])
@pytest.mark.parametrize("noise", [None, 0.1])
def test_bulk_plays_the_named_games_as_the_flow(base: PrisonersDilemma, noise: float | None) -> None:
    game = Repeated(base if noise is None else Trembling(base, noise), rounds=40, discount=0.9)
    rules = plain(game)
    tit_for_tat = Automaton(0, (1, 0), ((0, 1, 0, 1), (0, 1, 0, 1)))
    mixed = Automaton(0, (0.9, 0.3, 0), ((0, 1, 0, 2), (1, 1, 0, 2), (0, 0, 1, 2)))
    keys = match_keys(7, 20)
    pairs = np.array([[0, 1], [1, 0], [1, 1], [0, 0]] * 5)
    played = bulk_play(rules, [tit_for_tat, mixed], pairs, keys)
    for m, key in enumerate(keys.tolist()):
        match = by_flow(game, rules, [[tit_for_tat, mixed][place] for place in pairs[m]], key)
        assert match.outcome is not None
        assert (played.choices(m), played.lotteries(m)) == (tuple(match.choices), match.lotteries)
        assert tuple(played.payoffs[m]) == match.outcome.payoffs


@pytest.mark.parametrize(
    "game",
    [
        PrisonersDilemma(),
        Repeated(MatchingPennies()),
        Repeated(PrisonersDilemma(), memory=0),
        Repeated(PublicGoods(3)),
        Repeated(TravellersDilemma()),
        Repeated(Repeated(PrisonersDilemma())),
        Repeated(Misperceived(PrisonersDilemma())),
        Repeated(Trembling(Trembling(PrisonersDilemma()))),
        Continued(PrisonersDilemma()),
    ],
)
def test_what_is_not_plain_is_left_to_the_flow(game: Game) -> None:
    assert plain_repetition(game) is None


def test_a_plain_game_as_data() -> None:
    rules = plain(Repeated(Trembling(StagHunt(), 0.1), rounds=3, discount=0.5))
    assert rules.actions == (("stag", "hare"), ("stag", "hare"))
    assert rules.paid == ((5, 5), (0, 3), (3, 0), (3, 3))
    assert rules.weights == (0.5, 0.25, 0.25)
    assert rules.noise == 0.1


def test_a_round_robin_is_the_mean_of_its_matches() -> None:
    rules = plain(Repeated(Trembling(PrisonersDilemma()), rounds=10, discount=0.9))
    players = [Automaton(0, (0.3,), ((0, 0, 0, 0),)), Automaton(0, (1, 0), ((0, 1, 0, 1), (0, 1, 0, 1)))]
    matrix = round_robin(lambda pairs, keys: bulk_payoffs(rules, players, pairs, keys), 2, repetitions=3, key=5)
    pairs = every_pair(2).tolist()
    assert pairs == [[0, 0], [0, 1], [1, 1]]
    paid = [
        by_flow(
            Repeated(Trembling(PrisonersDilemma()), 10, 0.9), rules, [players[i], players[j]], Address(5, m, 0).word
        )
        for m, (i, j) in enumerate(pair for pair in pairs for _ in range(3))
    ]
    payoffs = np.array([match.outcome.payoffs for match in paid if match.outcome is not None]).reshape(3, 3, 2)
    assert matrix[0, 1] == pytest.approx(payoffs[1, :, 0].mean(), abs=1e-15)
    assert matrix[1, 0] == pytest.approx(payoffs[1, :, 1].mean(), abs=1e-15)
    assert matrix[0, 0] == pytest.approx(payoffs[0].mean(), abs=1e-15)
    assert matrix[1, 1] == pytest.approx(payoffs[2].mean(), abs=1e-15)


@given(st.lists(KEYS, min_size=1, max_size=5), st.integers(0, 10**6), st.integers(0, 3), SHARES)
def test_arrays_draw_what_addresses_draw(keys: list[int], step: int, slot: int, probability: float) -> None:
    array = np.array(keys, np.uint64)
    addresses = [Address(key, step, slot) for key in keys]
    stream = streams(array, np.uint64(step))
    assert array.tolist() == keys
    assert words(stream, slot).tolist() == [address.word for address in addresses]
    assert uniforms(array, step, slot).tolist() == [address.uniform() for address in addresses]
    below = bits(stream, slot) < np.uint64(cut(probability))
    assert below.tolist() == [address.uniform() < probability for address in addresses]


@dataclass(frozen=True)
class Looker:
    """A function of both histories whose answers hang on all of them: yes, no, whole numbers and shares."""

    salt: int

    def __call__(self, own: Sequence[bool], others: Sequence[bool]) -> bool | float:
        answers: tuple[bool | float, ...] = (True, False, 0, 1, 0.0, 1.0, 0.25, 0.7)
        return answers[hash((self.salt, tuple(own), tuple(others))) % len(answers)]


@given(plain_games(), st.integers(0, 99), st.integers(0, 99), KEYS)
def test_functions_play_as_the_flow(game: Repeated, one: int, two: int, key: int) -> None:
    rules, players = plain(game), (Looker(one), Looker(two))
    lean = lean_play(rules, *players, key)
    match = play(game, seats(*(FromHistories(rule).begin(game, seat) for seat, rule in enumerate(players))), key)
    assert match.outcome is not None
    assert lean.choices == tuple(match.choices)
    assert lean.lotteries == match.lotteries
    assert lean.payoffs == match.outcome.payoffs


@settings(max_examples=20)
@given(plain_games(), st.integers(1, 80))
def test_many_matches_of_functions_are_each_of_them(game: Repeated, matches: int) -> None:
    rules, players = plain(game), [Looker(1), Looker(2), Looker(3)]
    keys, pairs = match_keys(3, matches), np.arange(2 * matches).reshape(matches, 2) % 3
    one_by_one = [
        lean_play(rules, players[i], players[j], key) for (i, j), key in zip(pairs.tolist(), keys.tolist(), strict=True)
    ]
    assert list(lean_plays(rules, players, pairs, keys)) == one_by_one
    paid: list[list[float]] = lean_payoffs(rules, players, pairs, keys).tolist()
    assert list(map(tuple, paid)) == [match.payoffs for match in one_by_one]


@pytest.mark.parametrize("answer", [None, "cooperate", 1.5, -0.1, float("nan"), 2])
def test_an_answer_that_says_nothing_is_refused(answer: Any) -> None:
    game = Repeated(PrisonersDilemma(), rounds=2)
    silent: Rule = lambda own, others: answer  # noqa: E731
    with pytest.raises(PlayerError, match="must answer True, False or a probability"):
        lean_play(plain(game), silent, silent, 0)
    with pytest.raises(PlayerError, match="must answer True, False or a probability"):
        play(game, FromHistories(silent).begin(game, 0))


def test_functions_refuse_a_game_that_is_not_plain() -> None:
    with pytest.raises(ValueError, match="plays only repeated games for two"):
        FromHistories(Looker(1)).begin(Repeated(PublicGoods(3)), 0)


def test_a_match_of_functions_is_a_value() -> None:
    rules = plain(Repeated(PrisonersDilemma(), rounds=2))
    played = lean_play(rules, lambda own, others: True, lambda own, others: False, 0)
    assert played == LeanPlay(rules, ([True, True], [False, False]), ([False, False], [False, False]), [])


@given(plain_games(), automata(), automata(), KEYS)
def test_the_strategies_that_are_automata_are_played_in_bulk_as_they_play(
    game: Repeated, first: Automaton, second: Automaton, key: int
) -> None:
    rules = plain(game)
    match = play(game, seats(*(FiniteState(a).begin(game, player) for player, a in enumerate((first, second)))), key)
    played = bulk_play(rules, [first, second], np.array([[0, 1]]), np.array([key], np.uint64))
    assert match.outcome is not None
    assert played.choices(0) == tuple(match.choices)
    assert played.lotteries(0) == match.lotteries
    assert tuple(played.payoffs[0]) == match.outcome.payoffs
