"""Level 2: distances of distributions against a library, and populations whose traits are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.fidelity import heterogeneity as of
from comity.fidelity import macro, traits
from comity.fidelity.observations import Floats, Weighted
from comity.fidelity.resampling import resampled
from tests.fidelity.generated import coins, moody, observed

pytestmark = pytest.mark.slow

RATES = st.lists(st.integers(0, 20), min_size=2, max_size=25)
TWO = st.tuples(RATES, RATES)


def _distributions(pair: tuple[list[int], list[int]]) -> tuple[Floats, Floats, of.Rates, of.Rates]:
    x, y = (np.array(part, dtype=float) / 20 for part in pair)
    return x, y, of.distribution(x), of.distribution(y)


@given(TWO)
def test_distances_agree_with_a_library(pair: tuple[list[int], list[int]]) -> None:
    from scipy.stats import energy_distance, ks_2samp, wasserstein_distance

    x, y, first, second = _distributions(pair)
    assert of.w1(first, second)[0] == pytest.approx(wasserstein_distance(x, y), abs=1e-9)
    centred = wasserstein_distance(x - x.mean(), y - y.mean())
    assert of.centred_w1(first, second)[0] == pytest.approx(centred, abs=1e-9)
    assert of.ks(first, second)[0] == pytest.approx(ks_2samp(x, y, method="asymp").statistic, abs=1e-9)
    assert of.energy(first, second)[0] == pytest.approx(energy_distance(x, y) ** 2, abs=1e-9)
    assert first.variance[0] == pytest.approx(x.var(), abs=1e-9)
    assert of.location(first, second)[0] <= of.w1(first, second)[0] + 1e-9


def test_the_mean_squared_difference_agrees_with_a_library_where_nothing_ties() -> None:
    from scipy.stats import cramervonmises_2samp

    rng = np.random.default_rng(1)
    x, y = rng.random(30), rng.random(30) ** 2
    u = cramervonmises_2samp(x, y).statistic
    assert of.cramer_von_mises(of.distribution(x), of.distribution(y))[0] * 15 == pytest.approx(u, abs=1e-9)


@given(TWO, st.integers(0, 2**32 - 1))
def test_a_draw_is_the_distribution_of_agents_counted_so_often(pair: tuple[list[int], list[int]], seed: int) -> None:
    x, _, _, second = _distributions(pair)
    weights = np.random.default_rng(seed).integers(0, 4, size=(3, len(x)))
    weights[:, 0] += 1
    drawn = of.distribution(x, weights)
    for distance in (of.w1, of.centred_w1, of.ks, of.cramer_von_mises, of.energy):
        found = distance(drawn, second)
        for row, number in zip(weights, found, strict=True):
            assert number == pytest.approx(distance(of.distribution(np.repeat(x, row)), second)[0], abs=1e-9)


def test_every_statistic_has_a_number_per_draw_and_none_for_people_against_themselves() -> None:
    rng = np.random.default_rng(2)
    people, agents = moody(120, 24, rng, trait=1.0, sessions=4), moody(80, 20, rng, trait=0.3, sessions=2)
    everybody = Weighted(agents, np.ones((3, 80)))
    for statistic in of.STATISTICS:
        point = statistic.of(agents.once(), people.once())
        assert point.shape == (1,)
        assert np.isfinite(point).all(), statistic.key
        np.testing.assert_allclose(statistic.of(everybody, people.once()), np.repeat(point, 3), rtol=1e-6, atol=1e-9)
        assert statistic.of(people.once(), people.once())[0] == pytest.approx(0, abs=1e-9), statistic.key


def test_a_shift_is_location_and_no_shape() -> None:
    rates = np.linspace(0.2, 0.5, 31)
    near, far = of.distribution(rates), of.distribution(rates + 0.3)
    assert of.w1(near, far)[0] == pytest.approx(0.3)
    assert of.centred_w1(near, far)[0] == pytest.approx(0, abs=1e-12)


def test_dealing_agents_to_two_sides_keeps_its_level_and_finds_a_difference() -> None:
    rng = np.random.default_rng(3)
    alike = [of.permutation_p(rng.random(40), rng.random(30), of.ks, rng, 199) for _ in range(120)]
    assert 0.02 < np.mean(np.array(alike) <= 0.1) < 0.2
    assert of.permutation_p(rng.random(60), rng.random(60) ** 3, of.energy, rng, 999) < 0.01


@pytest.mark.parametrize(("alpha", "beta"), [(0.7, 1.7), (2.0, 3.0), (8.0, 8.0)])
def test_the_true_variance_of_rates_is_recovered(alpha: float, beta: float) -> None:
    """By moments and by likelihood, from agents with 10 to 40 choices; the mean of 20 samples of 400 agents."""
    rng = np.random.default_rng(4)
    truth = alpha * beta / ((alpha + beta) ** 2 * (alpha + beta + 1))
    moments, fits = [], []
    for _ in range(20):
        rates = rng.beta(alpha, beta, 400)
        chosen = rng.integers(10, 41, 400)
        cooperated = rng.binomial(chosen, rates)
        fits.append(traits.beta_binomial(cooperated, chosen))
        actions = np.full((400, 40), np.nan)
        for agent, (yes, size) in enumerate(zip(cooperated, chosen, strict=True)):
            actions[agent, :size] = rng.permutation(size) < yes
        moments.append(of.excess_variance(observed(actions).once())[0])
    assert np.mean(moments) == pytest.approx(truth, rel=0.05)
    assert np.mean([fit.icc[0] for fit in fits]) == pytest.approx(1 / (alpha + beta + 1), rel=0.05)
    assert np.mean([fit.sd[0] ** 2 for fit in fits]) == pytest.approx(truth, rel=0.05)


def test_the_beta_binomial_is_at_its_top_and_resamples_are_fits_of_their_own() -> None:
    from scipy.optimize import minimize
    from scipy.special import betaln

    rng = np.random.default_rng(5)
    yes = rng.binomial(20, rng.beta(0.6, 1.7, 150))
    weights = rng.multinomial(150, np.full(150, 1 / 150), size=3).astype(float)
    found = traits.beta_binomial(yes, np.full(150, 20), weights)
    for row, alpha, beta in zip(weights, found.alpha, found.beta, strict=True):

        def cost(at: Floats, row: Floats = row) -> float:
            a, b = np.exp(at)
            return -float((row * (betaln(yes + a, 20 - yes + b) - betaln(a, b))).sum())

        top = minimize(cost, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9})
        assert (alpha, beta) == pytest.approx(tuple(np.exp(top.x)), rel=1e-4)


def test_coins_that_are_all_alike_have_no_heterogeneity() -> None:
    rng = np.random.default_rng(6)
    even = np.tile([1.0, 0.0], (50, 10))  # each agent at exactly a half: less spread than coins
    alike = observed(even)
    people = coins(rng.beta(2, 2, 300), 30, rng)
    assert of.excess_variance(alike.once())[0] == pytest.approx(-0.25 / 19)
    assert of.variance_ratio(alike.once(), people.once())[0] == pytest.approx(-math.log(1000))
    assert math.isnan(of.variance_ratio(people.once(), alike.once())[0])
    assert "no detectable heterogeneity in ring" in of.without_heterogeneity(alike)
    assert not of.without_heterogeneity(people)
    assert traits.beta_binomial(even.sum(axis=1), np.full(50, 20)).icc[0] == pytest.approx(1e-4, rel=0.01)
    assert math.isnan(traits.beta_binomial(np.zeros(9), np.full(9, 5)).icc[0])


def test_ratios_of_variances_are_told_down_to_a_thousandth() -> None:
    rng = np.random.default_rng(7)
    wide, narrow = coins(rng.choice([0.1, 0.9], 600), 40, rng), coins(rng.choice([0.4, 0.6], 600), 40, rng)
    assert of.variance_ratio(narrow.once(), wide.once())[0] == pytest.approx(math.log(1 / 16), abs=0.25)


def test_extremes_and_modes() -> None:
    rng = np.random.default_rng(8)
    heaps = coins(np.repeat([0.0, 0.5, 1.0], [50, 100, 50]), 40, rng)
    one = coins(np.full(200, 0.5), 40, rng)
    assert of.low_mass(heaps.once())[0] == of.high_mass(heaps.once())[0] == 0.25
    assert (of.low_mass(one.once())[0], of.high_mass(one.once())[0]) == (0, 0)
    assert of.modes(heaps.once())[0] == 3
    assert of.modality(heaps, rng, 100).p < 0.05 < of.modality(one, rng, 100).p
    assert of.modes(observed(np.ones((5, 10))).once())[0] == 1


def test_agents_with_coins_of_their_own_repeat_themselves_as_often_as_their_rates_say() -> None:
    rng = np.random.default_rng(9)
    own = coins(rng.beta(1, 1, 1500), 40, rng)
    assert of.persistence(own.once())[0] == pytest.approx(2 / 3, abs=0.01)
    assert of.excess_persistence(own.once())[0] == pytest.approx(0, abs=0.005)
    habit = moody(600, 40, rng, trait=0.0, mood=2.0)
    assert of.excess_persistence(habit.once())[0] > 0.1


def test_a_trait_lasts_and_a_habit_does_not() -> None:
    rng = np.random.default_rng(10)
    trait = coins(rng.choice([0.3, 0.7], 800), 40, rng)
    habit = moody(800, 40, rng, trait=0.0, mood=2.5)
    noise = 0.21 / 20
    half = 0.04 / (0.04 + noise)  # both halves have 20 choices
    assert of.reliability(trait.once())[0] == pytest.approx(2 * half / (1 + half), abs=0.02)
    assert of.stability(trait.once())[0] == pytest.approx(half, abs=0.04)
    assert of.reliability(habit.once())[0] > 0.6
    assert of.stability(habit.once())[0] < 0.2


def test_halves_of_choices_correlate_as_a_library_says() -> None:
    actions = (np.random.default_rng(18).random((50, 20)) < np.linspace(0.1, 0.9, 50)[:, None]).astype(float)
    of_choices = observed(actions).once()
    r = np.corrcoef(actions[:, ::2].mean(axis=1), actions[:, 1::2].mean(axis=1))[0, 1]
    assert of.reliability(of_choices)[0] == pytest.approx(2 * r / (1 + r))
    halves = np.corrcoef(actions[:, :10].mean(axis=1), actions[:, 10:].mean(axis=1))[0, 1]
    assert of.stability(of_choices)[0] == pytest.approx(halves)


def test_the_trait_sd_of_agents_counted_twice_is_that_of_agents_counted_once() -> None:
    people = moody(60, 20, np.random.default_rng(19), trait=1.0)
    half = (np.arange(60) % 2 == 0).astype(float)
    once, twice = (traits.trait_sd(Weighted(people, weight * half[None]))[0] for weight in (1.0, 2.0))
    assert once == pytest.approx(twice)
    assert once != pytest.approx(traits.trait_sd(people.once())[0])


@pytest.mark.parametrize("sd", [0.6, 1.2])
def test_the_trait_sd_is_recovered_beside_mood_neighbours_and_trend(sd: float) -> None:
    """The mean of six populations of 240; the standard error of each, 0.05 and 0.08, is also right."""
    rng = np.random.default_rng(11)
    fits = [traits.traits(moody(240, 30, rng, trait=sd, sessions=6, trend=-0.02)) for _ in range(6)]
    found = [fit for fit in fits if fit is not None]
    assert len(found) == 6
    assert np.mean([fit.sd for fit in found]) == pytest.approx(sd, rel=0.08)
    moods = [dict(zip(fit.names, fit.coefficients, strict=True))["own"] for fit in found]
    assert np.mean(moods) == pytest.approx(1.3, abs=0.15)
    off = np.array([(fit.variance - sd**2) / fit.errors[-1] for fit in found])
    assert (np.abs(off) < 3.5).all()


def test_habits_are_no_traits() -> None:
    """Rates of agents without traits differ beyond coins where they have habits; the logit tells why."""
    rng = np.random.default_rng(12)
    habit = moody(400, 30, rng, trait=0.0, mood=2.5)
    assert of.excess_variance(habit.once())[0] > 0.01
    fit = traits.traits(habit)
    assert fit is not None
    assert fit.sd < 0.35
    assert fit.shares["context"] > 4 * fit.shares["trait"]
    assert sum(fit.shares.values()) == pytest.approx(1)


def test_the_likelihood_of_an_agent_is_its_integral() -> None:
    """Against a fine sum over the intercept, for agents without context."""
    rng = np.random.default_rng(13)
    people = coins(rng.beta(2, 3, 60), 12, rng)
    fit = traits.traits(people, ())
    assert fit is not None
    steps = np.linspace(-8, 8, 4001)
    weights = np.exp(-(steps**2) / (2 * fit.variance)) / math.sqrt(2 * math.pi * fit.variance) * (steps[1] - steps[0])
    phases = np.minimum(np.searchsorted((5, 15, 30), np.arange(12), side="right"), 1)
    logit = fit.coefficients[0] + np.append(0.0, fit.coefficients[1:])[phases][:, None] + steps
    total = 0.0
    for agent in range(60):
        choices = people.action[people.agent == agent][:, None]
        total += math.log((np.exp((choices * logit - np.logaddexp(0, logit)).sum(axis=0)) * weights).sum())
    assert fit.log_likelihood == pytest.approx(total, abs=1e-3)


def test_resamples_of_the_trait_sd_vary_as_new_samples_do() -> None:
    rng = np.random.default_rng(14)
    people = [moody(150, 25, rng, trait=1.0, sessions=5) for _ in range(30)]
    fresh = np.array([traits.trait_sd(each.once())[0] for each in people])
    drawn = resampled({"ring": people[0].taking(np.ones(150, dtype=bool))}, 300, rng)["ring"]
    one = [traits.trait_sd(resampled({"ring": each}, 100, rng)["ring"]).std() for each in people[:5]]
    assert traits.trait_sd(drawn).mean() == pytest.approx(fresh[0], abs=0.05)
    assert 0.7 < np.mean(one) / fresh.std() < 1.7  # two stages rather overstate


def test_the_trait_sd_is_not_known_of_people_who_all_do_the_same() -> None:
    assert math.isnan(traits.trait_sd(observed(np.ones((20, 12))).once())[0])


def _holes() -> Floats:
    actions = (np.random.default_rng(16).random((40, 24)) < 0.5).astype(float)
    actions[:10] = np.nan
    actions[20:, ::3] = np.nan
    return actions


@pytest.mark.parametrize(
    ("actions", "unknown"),
    [
        (np.ones((60, 24)), {"H3.icc", "H7", "H7.halves", "H8"}),
        (np.tile([1.0, 0.0], (60, 12)), {"H7", "H7.halves"}),
        (np.repeat(np.arange(60) % 2, 24).reshape(60, 24), set()),
        (np.tile([1.0, 0.0], 30)[:, None], {"H3", "H3.icc", "H6", "H6.raw", "H7", "H7.halves", "H8"}),
        (np.tile([1.0, 0.0, 1.0], (1, 8)), {"H7", "H7.halves"}),
        (_holes(), set()),
    ],
    ids=["always", "in turns", "each its own", "once", "alone", "with holes"],
)
def test_odd_populations_have_numbers_or_none(actions: Floats, unknown: set[str]) -> None:
    """Nothing is infinite, nothing warns, and what cannot be known of a population is not made up."""
    rng = np.random.default_rng(17)
    people, odd = moody(60, 24, rng, trait=1.0, sessions=6), observed(actions)
    drawn = resampled({"ring": odd}, 20, rng)["ring"]
    found = set()
    for statistic in (*macro.STATISTICS, *of.STATISTICS):
        for candidate, human in ((odd.once(), people.once()), (drawn, people.once()), (people.once(), odd.once())):
            assert not np.isinf(statistic.of(candidate, human)).any(), statistic.key
        if np.isnan(statistic.of(odd.once(), people.once())[0]):
            found.add(statistic.key)
    assert {key for key in found if key.startswith("H")} == unknown


def test_the_numbers_by_which_people_are_described() -> None:
    """Pairs of which one tosses its own coin; with a known table the other goes by the last round."""
    rng = np.random.default_rng(15)
    table = np.array([[0.1, 0.3], [0.6, 0.9]])
    n, rounds = 600, 60
    partner = (rng.random((n, rounds)) < 0.5).astype(float)
    actions = (rng.random((n, rounds)) < 0.5).astype(float)
    for when in range(1, rounds):
        past = actions[:, when - 1].astype(int), partner[:, when - 1].astype(int)
        actions[:, when] = rng.random(n) < table[past]
    seen = np.full((n, rounds), np.nan)
    seen[:, 1:] = partner[:, :-1]
    found = of.summary(observed(actions, neighbours=seen))
    assert found.memory_one == pytest.approx((0.1, 0.3, 0.6, 0.9), abs=0.02)
    steady = 0.2 / (0.2 + 0.25)  # comes to C with 0.2 and leaves it with 0.25, whatever the partner's coin
    assert found.mean == pytest.approx(steady, abs=0.02)
    assert found.persistence == pytest.approx(steady * 0.75 + (1 - steady) * 0.8, abs=0.01)
    assert found.icc == pytest.approx(1 / (found.alpha + found.beta + 1))
    people = of.summary(coins(rng.beta(0.677, 1.690, 4000), 100, rng))
    assert (people.alpha, people.beta, people.icc) == pytest.approx((0.677, 1.690, 0.297), rel=0.06)
    assert (people.mean, people.true_sd) == pytest.approx((0.286, 0.246), abs=0.01)
    assert people.excess == pytest.approx(0, abs=0.005)
