"""Rescaling: other numbers, the same game."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from comity.core.errors import BadParameter, BadStack
from comity.core.flow import Game, StageGame
from comity.core.named import NamedStage, layers, named_game
from comity.exact.baselines import Extremes, baselines, extremes
from comity.exact.equilibria import Table, mixed_equilibria, table
from comity.games.matrix import MatrixGame, PrisonersDilemma, StagHunt
from comity.games.normal_form import rows_of
from comity.games.sequential import SequentialTrustGame
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.network import Networked, PerEdge
from comity.mechanisms.noise import Trembling
from comity.mechanisms.repetition import Repeated
from comity.mechanisms.rescaling import Rescaled
from comity.metrics.scores import rules_of
from comity.strategies.catalogue import STRATEGIES
from comity.words.render import render_rules
from tests.generators import stage_games
from tests.strategies.seats import match_of

factors = st.integers(1, 400).map(lambda hundredths: hundredths / 100)
shifts = st.integers(-2_000, 2_000).map(lambda hundredths: hundredths / 100)
games = stage_games().filter(lambda game: isinstance(game, NamedStage))


@given(games, factors, shifts)
def test_every_payoff_is_the_affine_image_of_itself(game: NamedStage, times: float, plus: float) -> None:
    rescaled = Rescaled(game, times, plus)
    assert (rescaled.n_players, rescaled.actions, rescaled.roles) == (game.n_players, game.actions, game.roles)
    assert (rescaled.cooperative, rescaled.defective) == (game.cooperative, game.defective)
    for profile in product(*game.actions):
        expected = [times * payoff + plus for payoff in game.payoffs(profile)]
        assert rescaled.payoffs(profile) == pytest.approx(expected)


@given(games, factors, shifts)
def test_scores_stay(game: NamedStage, times: float, plus: float) -> None:
    rescaled = Rescaled(game, times, plus)
    for profile in product(*game.actions):
        for before, after in zip(game.payoffs(profile), rescaled.payoffs(profile), strict=True):
            expected = game.scale.normalised(before)
            assert rescaled.scale.normalised(after) == pytest.approx(expected, abs=1e-6, nan_ok=True)


@given(games, factors, shifts)
def test_best_replies_and_equilibria_stay(game: NamedStage, times: float, plus: float) -> None:
    before, after = table(game), table(Rescaled(game, times, plus))
    assert after.pure_equilibria == before.pure_equilibria
    for profile, seat in product(product(*game.actions), range(game.n_players)):
        assert best(after, profile, seat) == best(before, profile, seat)
    if game.n_players == 2:
        mixed = [[found.shares for found in mixed_equilibria(of)] for of in (game, Rescaled(game, times, plus))]
        assert mixed[0] == mixed[1]


def best(of: Table, profile: tuple[str, ...], seat: int) -> list[bool]:
    """Which actions are best replies."""
    paid = list(of.deviations(profile, seat))
    return [payoff == max(paid) for payoff in paid]


@given(games, factors, shifts)
def test_shares_of_the_range_and_regret_stay(game: NamedStage, times: float, plus: float) -> None:
    before, after = rules_of(game), rules_of(Rescaled(game, times, plus))
    for profile, seat in product(product(*game.actions), range(game.n_players)):
        assert after.range_share(profile, seat) == before.range_share(profile, seat)
        assert after.hindsight_regret(profile, seat) == before.hindsight_regret(profile, seat)
        assert after.coordination(profile, seat) == before.coordination(profile, seat)


@given(games, factors)
def test_without_a_shift_shares_of_the_most_stay_too(game: NamedStage, times: float) -> None:
    assume(game.n_players == 2)
    rescaled = Rescaled(game, times)
    for before, after in zip(baselines(game), baselines(rescaled), strict=True):
        assert dict(after.chances) == dict(before.chances)
        assert shares(extremes(rescaled), after.payoffs) == shares(extremes(game), before.payoffs)


def shares(ends: Extremes, payoffs: tuple[Fraction, ...]) -> list[Fraction | None]:
    return [*(ends.share_of_max(seat, paid) for seat, paid in enumerate(payoffs)), ends.joint_share(payoffs)]


def test_as_it_is_it_pays_as_the_game_to_the_last_bit() -> None:
    game = MatrixGame(("u", "d"), ("l", "r"), (((0.1, 1), (2, 0.3)), ((1 / 3, 7), (0, 0))))
    assert all(Rescaled(game).payoffs(profile) == game.payoffs(profile) for profile in game.profiles())


def test_it_is_told_as_a_table_in_its_new_numbers() -> None:
    told = render_rules(Rescaled(TravellersDilemma(), times=10, plus=1), 0)
    assert told.count("\nIf ") == 16
    assert "If you choose 5 and player 2 chooses 5: you get 51 points and player 2 gets 51 points." in told
    table_of = Rescaled(StagHunt(), times=2)
    assert [row.paid for row in rows_of(table_of, 0)] == [10, 0, 6, 6]


def test_it_stands_under_the_other_mechanisms() -> None:
    game = Rescaled(PrisonersDilemma(), times=100, plus=7)
    stacks: list[Game] = [
        Repeated(game, rounds=4),
        Mediated(game),
        Contracted(game),
        Rotated(game, population=4, rounds=3),
    ]
    stacks += [Networked(game, players=3), PerEdge(game, players=3), Repeated(Trembling(game), rounds=3)]
    for stack in stacks:
        assert game in layers(stack)
        assert set(named_game(stack).cooperative) == {"cooperate"}
        match = match_of(stack, STRATEGIES["tit_for_tat"](), STRATEGIES["always_defect"]())
        assert match.outcome is not None
        assert all(7 <= paid <= 307 for paid in match.outcome.payoffs)


def test_play_of_a_repetition_is_paid_in_the_new_units() -> None:
    agents = (STRATEGIES["grim"](), STRATEGIES["alternate"]())
    plain, other = (match_of(Repeated(game, rounds=6), *agents) for game in (PrisonersDilemma(), rescaled_dilemma()))
    assert plain.choices == other.choices
    assert plain.outcome is not None
    assert other.outcome is not None
    assert other.outcome.payoffs == pytest.approx([3 * paid - 2 for paid in plain.outcome.payoffs])


def rescaled_dilemma() -> StageGame:
    return Rescaled(PrisonersDilemma(), times=3, plus=-2)


@pytest.mark.parametrize("times", [0, -1, float("nan")])
def test_what_would_be_another_game_is_refused(times: float) -> None:
    with pytest.raises(BadParameter, match="times must be positive"):
        Rescaled(PrisonersDilemma(), times)


@pytest.mark.parametrize(
    ("times", "plus", "sentence"),
    [
        (1e308, 0, "times must lie between 0.000001 and 1,000,000, not be 1e\\+308"),
        (1e-20, 1, "times must lie between 0.000001 and 1,000,000, not be 1e-20"),
        (1, -1e20, "plus must lie between -1,000,000 and 1,000,000, not be -1e\\+20"),
        (1, float("nan"), "plus must lie between -1,000,000 and 1,000,000, not be nan"),
    ],
)
def test_where_rounding_would_swallow_differences_is_refused(times: float, plus: float, sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence):
        Rescaled(PrisonersDilemma(), times, plus)


@pytest.mark.parametrize(
    "base", [SequentialTrustGame(), Repeated(PrisonersDilemma()), Trembling(PrisonersDilemma()), Mediated(StagHunt())]
)
def test_it_stands_on_base_games_only(base: NamedStage) -> None:
    with pytest.raises(BadStack, match="rescaling stands on a base game"):
        Rescaled(base)
