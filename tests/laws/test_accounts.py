"""Law 4 and the weights of rounds: what is moved is moved from somewhere, and what is weighted is weighted to one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.flow import StageGame
from comity.core.outcome import stage_plays
from comity.games.symmetric import PublicGoods
from comity.mechanisms.contracting import Contract, Contracted, Signatures
from comity.mechanisms.matching import Rotated
from comity.mechanisms.repetition import Continued, Repeated, round_weights
from comity.mechanisms.sanctions import Sanctioned, Sanctions
from tests.generators import Script, games, keys, played, stage_games, symmetric_games


@given(st.lists(st.integers(-10, 10), min_size=2, max_size=4), st.data())
def test_a_settlement_sums_to_zero(transfers: list[int], data: st.DataObject) -> None:
    actions = tuple(f"a{place}" for place in range(len(transfers)))
    contract = Contract(actions, tuple(transfers), 0)
    profile = tuple(data.draw(st.lists(st.sampled_from(actions), min_size=2, max_size=5)))
    received = contract.settlement(profile)
    assert sum(received) == pytest.approx(0, abs=1e-12)
    for player, action in enumerate(profile):
        others = [transfers[actions.index(other)] for other in (*profile[:player], *profile[player + 1 :])]
        assert received[player] == pytest.approx(transfers[actions.index(action)] - sum(others) / len(others))


@given(stage_games(), keys)
def test_a_contract_moves_payoffs_and_makes_none(game: StageGame, key: int) -> None:
    outcome = played(Contracted(game), Script(key), key)[0].outcome
    assert outcome is not None
    [contract] = [note for note in outcome.notes if isinstance(note, Contract)]
    [signatures] = [note for note in outcome.notes if isinstance(note, Signatures)]
    moved = contract.settlement(outcome.actions) if signatures.binding else (0,) * game.n_players
    plain = game.payoffs(outcome.actions)
    assert outcome.payoffs == pytest.approx([paid + transfer for paid, transfer in zip(plain, moved, strict=True)])
    assert sum(outcome.payoffs) == pytest.approx(sum(plain))


@given(games(), st.integers(0, 2), st.integers(1, 2), st.floats(0, 3), st.floats(0, 3), keys)
def test_sanctions_cost_their_giver_and_move_their_receiver(
    base: Any, punish: int, reward: int, cost: float, effect: float, key: int
) -> None:
    game = Sanctioned(base, punish, reward, cost, effect)
    outcome = played(game, Script(key), key)[0].outcome
    assert outcome is not None
    [sanctions] = [note for note in outcome.notes if isinstance(note, Sanctions)]
    given_by = [sum(map(abs, points)) for points in sanctions.points]
    received = [0] * game.n_players
    for giver, points in enumerate(sanctions.points):
        for receiver, n in zip([p for p in range(game.n_players) if p != giver], points, strict=True):
            assert -punish <= n <= reward
            received[receiver] += n
    before = next(stage_plays(outcome)).base.payoffs
    expected = [before[p] - cost * given_by[p] + effect * received[p] for p in range(game.n_players)]
    assert outcome.payoffs == pytest.approx(expected)


def tail_weight(rounds: int, discount: float, now: int) -> float:
    """CoopEval (2026), section 5.1: the last round counts for itself and for all that would have followed."""
    own = (1 - discount) * discount**now
    return own if now < rounds - 1 else own + discount**rounds


@given(st.integers(1, 40), st.floats(0, 1))
def test_round_weights_sum_to_one_and_are_the_published_ones(rounds: int, discount: float) -> None:
    weights = round_weights(rounds, discount)
    assert sum(weights) == pytest.approx(1)
    assert len(weights) == rounds
    if discount < 1:
        assert weights == pytest.approx([tail_weight(rounds, discount, now) for now in range(rounds)], abs=1e-12)
    else:
        assert set(weights) == {1 / rounds}


def test_the_published_weights() -> None:
    weights = round_weights(15, 0.8)
    assert weights[0] == pytest.approx(0.2)
    assert weights[-1] == pytest.approx(0.8**14)
    assert round(weights[-1], 3) == 0.044


@given(symmetric_games(), st.integers(1, 4), st.floats(0, 1), keys)
def test_repetition_pays_the_weighted_rounds(base: Any, rounds: int, discount: float, key: int) -> None:
    outcome = played(Repeated(base, rounds, discount), Script(key), key)[0].outcome
    assert outcome is not None
    weights = round_weights(rounds, discount)
    for player in range(base.n_players):
        earned = sum(w * part.outcome.payoffs[player] for w, part in zip(weights, outcome.parts, strict=True))
        assert outcome.payoffs[player] == pytest.approx(earned, abs=1e-9)


@given(st.floats(0, 0.95), st.integers(1, 6), keys)
def test_a_random_end_pays_the_rounds_played(chance: float, most: int, key: int) -> None:
    outcome = played(Continued(PublicGoods(), chance, most), Script(key), key)[0].outcome
    assert outcome is not None
    assert [part.round for part in outcome.parts] == list(range(len(outcome.parts)))
    cut = len(outcome.parts) == most
    for player in range(3):
        paid = [part.outcome.payoffs[player] for part in outcome.parts]
        earned = (1 - chance) * sum(paid) + (chance * paid[-1] if cut else 0)
        assert outcome.payoffs[player] == pytest.approx(earned)


@given(st.sampled_from(["random", "balanced"]), st.floats(0, 1), keys)
def test_rotation_pays_each_player_the_weighted_rounds(matching: Any, discount: float, key: int) -> None:
    outcome = played(Rotated(PublicGoods(), 6, 4, discount, matching=matching), Script(key), key)[0].outcome
    assert outcome is not None
    weights, earned = round_weights(4, discount), [0.0] * 6
    for part in outcome.parts:
        for player, payoff in zip(part.players, part.outcome.payoffs, strict=True):
            earned[player] += weights[part.round] * payoff
    assert outcome.payoffs == pytest.approx(earned)
