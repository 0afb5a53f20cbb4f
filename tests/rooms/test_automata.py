"""Automata as data, and what they earn exactly: against the game tree, exact fractions, closed forms and play."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.decision import NATURE
from comity.core.errors import BadParameter
from comity.core.flow import Game
from comity.core.match import Node, Tree, tree
from comity.core.space import Drawable
from comity.exact import automata_payoffs
from comity.exact.automata import BOTH, NEITHER, SUCKER, TEMPTED, Automaton, memory_one, sign
from comity.exact.automata_payoffs import (
    as_memory_one,
    expected_payoffs,
    expected_signs,
    memory_one_signs,
    signs_by_round,
)
from comity.exact.bulk import bulk_payoffs, every_pair, match_keys
from comity.exact.plain import PlainRepetition
from comity.games.matrix import MatrixGame, PrisonersDilemma
from comity.mechanisms.noise import Trembling
from comity.mechanisms.repetition import History, Repeated, round_weights
from comity.strategies.plain import plain_repetition

TIT_FOR_TAT = Automaton(0, (1, 0), ((0, 1, 0, 1), (0, 1, 0, 1)))
GRIM = Automaton(0, (1, 0), ((0, 1, 0, 1), (1, 1, 1, 1)))
ALWAYS = Automaton(0, (1,), ((0, 0, 0, 0),))
NEVER = Automaton(0, (0,), ((0, 0, 0, 0),))
COIN = Automaton(0, (0.5,), ((0, 0, 0, 0),))
SHARES = st.integers(0, 8).map(lambda eighths: eighths / 8)
PD = ((2.0, 2.0), (0.0, 3.0), (3.0, 0.0), (1.0, 1.0))


@st.composite
def automata(draw: st.DrawFn) -> Automaton:
    n = draw(st.integers(1, 4))
    states = st.integers(0, n - 1)
    row = st.tuples(states, states, states, states)
    chances = tuple(draw(st.lists(SHARES, min_size=n, max_size=n)))
    return Automaton(draw(states), chances, tuple(draw(st.lists(row, min_size=n, max_size=n))))


def dilemma(weights: tuple[float, ...], noise: float | None = None) -> PlainRepetition:
    return PlainRepetition((("c", "d"), ("c", "d")), PD, weights, noise)


def test_a_round_has_four_signs() -> None:
    assert (sign(True, True), sign(True, False), sign(False, True), sign(False, False)) == (
        BOTH,
        SUCKER,
        TEMPTED,
        NEITHER,
    )


@pytest.mark.parametrize(
    ("start", "cooperates", "then", "reason"),
    [
        (1, (1.0,), ((0, 0, 0, 0),), "start in one of them"),
        (0, (1.0, 0.0), ((0, 0, 0, 0),), "one row of transitions for each state"),
        (0, (1.0,), ((0, 0, 0),), "names four of its states"),
        (0, (1.0,), ((0, 0, 0, 1),), "names four of its states"),
        (0, (1.5,), ((0, 0, 0, 0),), "between 0 and 1"),
    ],
)
def test_an_impossible_automaton_is_refused(start: int, cooperates: Any, then: Any, reason: str) -> None:
    with pytest.raises(BadParameter, match=reason):
        Automaton(start, cooperates, then)


def test_only_an_automaton_that_mixes_nowhere_is_deterministic() -> None:
    assert TIT_FOR_TAT.is_deterministic
    assert not COIN.is_deterministic


@given(st.lists(SHARES, min_size=5, max_size=5))
def test_memory_one_is_known_again(chances: list[float]) -> None:
    assert as_memory_one(memory_one(*chances)) == tuple(chances)
    assert as_memory_one(TIT_FOR_TAT) == (1, 1, 0, 1, 0)
    assert as_memory_one(GRIM) is None


def state_after(automaton: Automaton, rounds: Sequence[Any], player: int) -> int:
    state = automaton.start
    for played in rounds:
        did = [action == "cooperate" for action in played.outcome.actions]
        state = automaton.then[state][sign(did[player], did[1 - player])]
    return state


def expectation(node: Tree, pair: Sequence[Automaton]) -> tuple[float, ...]:
    """The expected payoffs of the tree of a prisoner's dilemma between these automata."""
    if not isinstance(node, Node):
        return node.payoffs
    decision = node.decision
    if decision.player == NATURE:
        assert isinstance(decision.options, Drawable)
        chances = dict(decision.options.chances())
    else:
        history = decision.fact(History)
        assert history is not None
        automaton = pair[decision.player]
        cooperates = automaton.cooperates[state_after(automaton, history.past, decision.player)]
        chances = {"cooperate": cooperates, "defect": 1 - cooperates}
    totals = [0.0, 0.0]
    for choice, branch in node.branches.items():
        if chances[choice] > 0:
            for seat, payoff in enumerate(expectation(branch, pair)):
                totals[seat] += chances[choice] * payoff
    return tuple(totals)


@pytest.mark.parametrize(
    "game",
    [
        Repeated(PrisonersDilemma(), rounds=3, discount=0.7),
        Repeated(Trembling(PrisonersDilemma(), 0.1), rounds=2, discount=0.6),
        Repeated(Trembling(PrisonersDilemma(), 0.3), rounds=2, discount=1),
    ],
)
def test_expected_payoffs_are_those_of_the_game_tree(game: Game) -> None:
    rules, whole = plain_repetition(game), tree(game)
    assert rules is not None

    @settings(max_examples=15)
    @given(automata(), automata())
    def check(first: Automaton, second: Automaton) -> None:
        [payoffs] = expected_payoffs(rules, [first, second], np.array([[0, 1]])).tolist()
        assert payoffs == pytest.approx(expectation(whole, (first, second)), abs=1e-12)

    check()


def in_fractions(rules: PlainRepetition, pair: Sequence[Automaton]) -> list[Fraction]:
    """The expected payoffs by the definition, without rounding."""
    noise = Fraction(rules.noise or 0)
    states = {(pair[0].start, pair[1].start): Fraction(1)}
    totals = [Fraction(0), Fraction(0)]
    for weight in rules.weights:
        after: dict[tuple[int, int], Fraction] = {}
        for (mine, theirs), likely in states.items():
            chances = [Fraction(pair[0].cooperates[mine]), Fraction(pair[1].cooperates[theirs])]
            one, two = (chance * (1 - noise) + (1 - chance) * noise for chance in chances)
            for did, chance in {
                (True, True): one * two,
                (True, False): one * (1 - two),
                (False, True): (1 - one) * two,
                (False, False): (1 - one) * (1 - two),
            }.items():
                seen = sign(*did)
                for seat in (0, 1):
                    totals[seat] += Fraction(weight) * likely * chance * Fraction(rules.paid[seen][seat])
                place = (pair[0].then[mine][seen], pair[1].then[theirs][sign(*did[::-1])])
                after[place] = after.get(place, Fraction(0)) + likely * chance
        states = after
    return totals


@settings(max_examples=30)
@given(
    st.lists(automata(), min_size=2, max_size=5),
    st.integers(1, 8),
    SHARES,
    st.none() | SHARES,
    st.sampled_from([1, 20, automata_payoffs.PART]),
)
def test_expected_payoffs_are_exact(
    players: list[Automaton], rounds: int, discount: float, noise: float | None, part: int
) -> None:
    rules = dilemma(round_weights(rounds, discount), noise)
    pairs = every_pair(len(players))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(automata_payoffs, "PART", part)
        paid = expected_payoffs(rules, players, pairs)
    for (i, j), payoffs in zip(pairs.tolist(), paid.tolist(), strict=True):
        assert payoffs == pytest.approx([float(x) for x in in_fractions(rules, (players[i], players[j]))], abs=1e-12)


@pytest.mark.slow
def test_two_hundred_rounds_are_exact() -> None:
    players = [memory_one(1, 1, 0, 1, 0.25), memory_one(0.5, 0.875, 0.25, 0.375, 0.125), GRIM]
    rules = dilemma((1 / 200,) * 200, 1 / 16)
    for (i, j), payoffs in zip(every_pair(3).tolist(), expected_payoffs(rules, players, every_pair(3)), strict=True):
        exact = [float(x) for x in in_fractions(rules, (players[i], players[j]))]
        assert payoffs.tolist() == pytest.approx(exact, abs=1e-12)


@given(automata(), automata(), st.integers(1, 6), SHARES, st.none() | SHARES)
def test_signs_by_round_add_up_to_their_weighted_sum(
    first: Automaton, second: Automaton, rounds: int, discount: float, noise: float | None
) -> None:
    rules, pair = dilemma(round_weights(rounds, discount), noise), np.array([[0, 1]])
    by_round = signs_by_round(rules, [first, second], pair)
    assert by_round.shape == (rounds, 1, 4)
    assert by_round.sum(axis=2) == pytest.approx(1, abs=1e-12)
    weighed = (np.array(rules.weights)[:, None, None] * by_round).sum(axis=0)
    assert expected_signs(rules, [first, second], pair) == pytest.approx(weighed, abs=1e-12)


def test_known_meetings() -> None:
    players = [ALWAYS, NEVER, TIT_FOR_TAT, COIN]
    pairs = np.array([[0, 0], [0, 1], [2, 1], [3, 3]])
    signs = expected_signs(dilemma((0.25,) * 4), players, pairs)
    assert signs.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0.25, 0, 0.75], [0.25] * 4]


def test_simulation_agrees_with_expectation() -> None:
    game = Repeated(Trembling(PrisonersDilemma()), rounds=30, discount=0.95)
    rules = plain_repetition(game)
    assert rules is not None
    players = [TIT_FOR_TAT, GRIM, COIN, memory_one(0.5, 0.9, 0.2, 0.7, 0.3)]
    once, matches = every_pair(len(players)), 2_000
    keys = match_keys(11, matches * len(once))
    paid = bulk_payoffs(rules, players, np.repeat(once, matches, axis=0), keys).reshape(len(once), matches, 2)
    errors = paid.std(axis=1) / matches**0.5
    z = (paid.mean(axis=1) - expected_payoffs(rules, players, once)) / errors
    assert np.abs(z).max() < 4
    assert np.abs(z).max() > 0.1


@given(
    st.lists(SHARES, min_size=5, max_size=5),
    st.lists(SHARES, min_size=5, max_size=5),
    st.sampled_from([0, 0.3, 0.8, 0.95]),
    st.sampled_from([0, 0.05, 0.5, 1]),
)
def test_play_without_end_is_the_limit_of_many_rounds(
    first: list[float], second: list[float], discount: float, noise: float
) -> None:
    rules = dilemma(round_weights(700, discount), noise)
    long = expected_signs(rules, [memory_one(*first), memory_one(*second)], np.array([[0, 1]]))
    assert memory_one_signs(np.array(first), np.array(second), discount, noise) == pytest.approx(long[0], abs=1e-12)


def test_play_without_end_takes_whole_grids() -> None:
    grid = np.random.default_rng(1).random((6, 5))
    everybody = memory_one_signs(grid[:, None], grid[None], 0.9, 0.1)
    assert everybody.shape == (6, 6, 4)
    assert everybody.sum(axis=-1) == pytest.approx(1)
    assert everybody[2, 5] == pytest.approx(memory_one_signs(grid[2], grid[5], 0.9, 0.1), abs=1e-15)
    assert everybody[5, 2] == pytest.approx(everybody[2, 5, [BOTH, TEMPTED, SUCKER, NEITHER]], abs=1e-14)


@pytest.mark.parametrize("discount", [-0.1, 1, 1.5])
def test_play_without_end_needs_a_discount(discount: float) -> None:
    with pytest.raises(BadParameter, match="discount"):
        memory_one_signs(np.full(5, 0.5), np.full(5, 0.5), discount)


def test_expected_payoffs_where_the_seats_differ() -> None:
    base = MatrixGame(("a", "b"), ("x", "y"), (((1, 2), (3, 4)), ((5, 6), (7, 8))), ("a", "y"), ("b", "x"))
    rules = plain_repetition(Repeated(base, rounds=1))
    assert rules is not None
    assert expected_payoffs(rules, [ALWAYS, NEVER], np.array([[0, 0], [0, 1], [1, 0], [1, 1]])).tolist() == [
        [3, 4],
        [1, 2],
        [7, 8],
        [5, 6],
    ]


def test_no_pairs_have_no_payoffs() -> None:
    assert expected_payoffs(dilemma((1.0,)), [COIN], np.empty((0, 2), np.intp)).shape == (0, 2)
    assert signs_by_round(dilemma((1.0,)), [COIN], np.empty((0, 2), np.intp)).shape == (1, 0, 4)
