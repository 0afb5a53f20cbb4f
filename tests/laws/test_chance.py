"""Chance has addresses: array and scalar draw alike, noise is as frequent as it says and pays what it says."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.chance import Address, stream_key, uniforms
from comity.core.flow import StageGame
from comity.core.match import tree
from comity.core.outcome import Outcome
from comity.exact.rational import exactly
from comity.exact.tree import InformationSet, drawn_at, expected_payoffs, leaves, probability
from comity.games.matrix import MatrixGame, PrisonersDilemma
from comity.mechanisms.noise import Meant, Misperceived, Trembling
from comity.mechanisms.repetition import Continued, Repeated
from tests.generators import Script, keys, played, stage_games


@given(st.lists(keys, min_size=1, max_size=20), st.integers(0, 2**31), st.integers(0, 1000))
def test_the_array_twin_draws_what_one_address_draws(several: list[int], step: int, slot: int) -> None:
    before = np.array(several, dtype=np.uint64)
    drawn = uniforms(before, step, slot)
    assert drawn.tolist() == [Address(key, step, slot).uniform() for key in several]
    assert before.tolist() == several


@given(keys, st.integers(0, 100), st.integers(0, 100))
def test_a_uniform_number_lies_in_the_unit_interval_on_its_grid(key: int, step: int, slot: int) -> None:
    number = Address(key, step, slot).uniform()
    assert 0 <= number < 1
    assert (number * 2**53).is_integer()


def test_uniform_numbers_are_spread_evenly_along_keys_steps_and_slots() -> None:
    n = 4096
    for along in (
        [Address(key, 0, 0).uniform() for key in range(n)],
        [Address(1, step, 0).uniform() for step in range(n)],
        [Address(1, 0, slot).uniform() for slot in range(n)],
    ):
        counts = np.bincount((np.array(along) * 16).astype(int), minlength=16)
        assert ((counts - n / 16) ** 2 / (n / 16)).sum() < 37.7  # the 0.999 quantile of chi-square with 15 degrees


def test_a_key_names_its_parts() -> None:
    parts: list[tuple[int | str, ...]] = [(1, 2), (12,), ("1", 2), (1, "2"), ("1\x1f", 2), (2, 1), (1, 2, ""), ()]
    assert len({stream_key(*part) for part in parts}) == len(parts)
    assert stream_key("seed", 3) == stream_key("seed", 3)


@given(stage_games(), st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.data())
def test_trembling_pays_what_its_tree_pays(game: StageGame, noise: float, data: st.DataObject) -> None:
    noisy = Trembling(game, noise)
    profile = data.draw(st.tuples(*map(st.sampled_from, game.actions)))

    def behaviour(within: InformationSet) -> dict[Any, Fraction]:
        decision = within.decision
        return dict(drawn_at(decision)) if decision.player < 0 else {profile[decision.player]: Fraction(1)}

    expected = expected_payoffs(tree(noisy), behaviour)
    assert noisy.payoffs(profile) == pytest.approx([float(value) for value in expected], abs=1e-9)
    if not noise:
        assert noisy.payoffs(profile) == pytest.approx(game.payoffs(profile))


THREE = MatrixGame(("a", "b", "c"), ("x", "y"), (((0, 1), (2, 3)), ((4, 5), (6, 7)), ((8, 9), (1, 2))))


def chance_that(game: Any, event: Any) -> Fraction:
    """The probability of an event of the outcome when everybody always plays its first action."""

    def behaviour(within: InformationSet) -> dict[Any, Fraction]:
        decision = within.decision
        return dict(drawn_at(decision)) if decision.player < 0 else {next(iter(decision.options)): Fraction(1)}

    ended = ((probability(leaf.trail), leaf.outcome) for leaf in leaves(tree(game), behaviour))
    return sum((share for share, outcome in ended if event(outcome)), Fraction(0))


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.25, 1.0])
def test_hands_tremble_as_often_as_they_say(noise: float) -> None:
    game = Trembling(THREE, noise)
    assert chance_that(game, lambda o: o.actions[0] != "a") == exactly(noise)
    assert chance_that(game, lambda o: o.actions[0] == "b") == exactly(noise) / 2
    assert chance_that(game, lambda o: o.actions[1] == "y") == exactly(noise)
    assert chance_that(game, lambda o: o.actions == ("c", "y")) == exactly(noise) ** 2 / 2


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.25, 1.0])
def test_eyes_deceive_as_often_as_they_say(noise: float) -> None:
    game = Misperceived(THREE, noise)

    def sees(viewer: int, player: int) -> Any:
        return lambda outcome: outcome.seen_by(viewer).actions[player] != outcome.actions[player]

    assert chance_that(game, sees(1, 0)) == exactly(noise)
    assert chance_that(game, sees(0, 1)) == exactly(noise)
    assert chance_that(game, sees(0, 0)) == 0
    assert chance_that(game, lambda o: sees(1, 0)(o) and sees(0, 1)(o)) == exactly(noise) ** 2
    assert chance_that(game, lambda o: o.seen_by(1).payoffs != ()) == 0


def test_noise_in_long_play_is_as_frequent_as_it_says() -> None:
    rounds, noise = 1500, 0.2
    outcome = played(Repeated(Trembling(PrisonersDilemma(), noise), rounds, memory=1), Script(4), 4)[0].outcome
    assert outcome is not None
    slips = [meant(part.outcome, seat) != part.outcome.actions[seat] for part in outcome.parts for seat in (0, 1)]
    n = len(slips)
    assert abs(sum(slips) - n * noise) <= 4 * (n * noise * (1 - noise)) ** 0.5


def meant(outcome: Outcome, seat: int) -> str:
    [note] = [note for note in outcome.seen_by(seat).notes if isinstance(note, Meant)]
    return note.action


def test_each_player_remembers_what_only_it_meant() -> None:
    outcome = played(Trembling(PrisonersDilemma(), 1), lambda d: ("cooperate", "defect")[d.player], 0)[0].outcome
    assert outcome is not None
    assert outcome.actions == ("defect", "cooperate")
    assert [meant(outcome, seat) for seat in (0, 1)] == ["cooperate", "defect"]
    assert outcome.seen_by(None).notes == ()


def test_a_random_end_comes_as_often_as_it_says() -> None:
    game = Continued(PrisonersDilemma(), chance=0.75, most=3)
    lengths = [chance_that(game, lambda o, n=n: len(o.parts) == n) for n in (1, 2, 3)]
    assert lengths == [Fraction(1, 4), Fraction(3, 16), Fraction(9, 16)]
