"""Rules are compared by what they are: closed forms, peers, golden tables, and populations whose rule is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.regression.linear_model import OLS

from comity.fidelity import rules
from comity.fidelity.contexts import (
    N_CONTEXTS,
    before_last,
    block_rounds,
    clusters_of,
    context_cells,
    folds_of,
    round_bands,
    round_blocks,
    share_cells,
)
from comity.fidelity.floors import FLOORS
from comity.fidelity.learners import learnt_skill, told_apart_by_learning
from comity.fidelity.moody import coefficients, covariance, form_of, lines
from comity.fidelity.observations import Codes, FidelityError, Floats, Observations, Weighted, pooled
from comity.fidelity.reading import read_observations
from comity.fidelity.rules import (
    STATISTICS,
    forced_scores,
    memory_gain,
    payoff_answer,
    payoff_slope,
    responses,
    rule_of,
    scrambled,
    skill,
    told_apart,
)
from comity.fidelity.simulate import Constant, Table, shrunk, simulated
from comity.fidelity.statistic import Statistic
from tests.fidelity.designs import MOODY, PEOPLE, TRAITS, design, recorded

MEASURES = {statistic.key: statistic.of for statistic in STATISTICS}
GOLDEN = {
    "r32_delta0.5": (0.028, 0.581, 0.194, 1.000),
    "r32_delta0.75": (0.027, 0.393, 0.352, 0.962),
    "r40_delta0.5": (0.084, 0.419, 0.280, 0.844),
    "r40_delta0.75": (0.094, 0.481, 0.407, 0.978),
    "r48_delta0.5": (0.026, 0.160, 0.440, 1.000),
    "r48_delta0.75": (0.167, 0.588, 0.412, 0.984),
}
"""P(C) after (own, other) DD, DC, CD, CC of Dal Bó and Fréchette 2011."""


def played(seed: int, side: int = 15, rounds: int = 30) -> Observations:
    return simulated(MOODY, design(side, rounds), np.random.default_rng(seed), f"people {seed}")


@pytest.fixture(scope="module")
def people() -> Observations:
    return played(1)


@pytest.fixture(scope="module")
def same() -> Observations:
    """Others who follow the people's rule."""
    return played(2)


@pytest.fixture(scope="module")
def coins(people: Observations) -> Observations:
    return FLOORS["coin"](people, people, np.random.default_rng(3), 1)


def of(key: str, candidate: Observations, human: Observations) -> float:
    found = MEASURES[key](candidate.once(), human.once())
    assert found.shape == (1,)
    return float(found[0])


def draws(observed: Observations, number: int, seed: int) -> Weighted:
    n = observed.n_agents
    return Weighted(observed, np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), number).astype(float))


def row_design(observed: Observations, human: Observations) -> tuple[Floats, Floats, Floats]:
    """The rows that have a context, as anybody would write them: (outcomes, columns, agents)."""
    rows = observed.known & (context_cells(observed) >= 0)
    rounds = block_rounds(round_blocks(observed.round[rows]))
    columns = form_of(observed, human).columns(observed.own[rows], observed.neighbours[rows], rounds)
    return observed.action[rows], columns, observed.agent[rows].astype(float)


# D1


def test_responses_are_the_shares_of_a_table(people: Observations) -> None:
    frame = pd.DataFrame({"z": people.own, "m": people.neighbours, "y": people.action}).dropna()
    np.testing.assert_allclose(responses(people.once())[0], frame.groupby(["z", "m"])["y"].mean())


def test_published_tables_of_pairs_are_recovered(shared_data: Path) -> None:
    table = pd.read_parquet(shared_data / "human" / "dal_bo_frechette_2011_subjects.parquet")
    for treatment, golden in GOLDEN.items():
        part = table[table["treatment"] == treatment].sort_values(["participant", "supergame", "round"])
        other = (part["opponent_action"] == "C").astype(float).groupby([part["participant"], part["supergame"]])
        long = pd.DataFrame(
            {
                "population": "people",
                "condition": treatment,
                "session": "one",
                "agent": part["participant"],
                "stretch": part["supergame"],
                "round": part["round"] - 1,
                "action": part["action"],
                "neighbours": other.shift(1),
            }
        )
        found = responses(read_observations(long).once())[0]
        np.testing.assert_allclose(found[[0, 4, 5, 9]], golden, atol=0.0005)
        assert np.isnan(found[[1, 2, 3, 6, 7, 8]]).all()


def test_cells_bands_and_blocks_begin_where_they_are_declared_to() -> None:
    shares = [0, 1 / 16, 1 / 4, 1 / 3, 3 / 8, 1 / 2, 5 / 8, 2 / 3, 3 / 4, 15 / 16, 1, np.nan]
    assert share_cells(shares).tolist() == [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, -1]
    assert round_bands([1, 4, 5, 9, 10, 24, 25]).tolist() == [0, 0, 1, 1, 2, 2, 3]
    assert round_blocks([0, 1, 4, 5, 9, 10]).tolist() == [-1, 0, 3, 4, 4, 5]
    assert block_rounds([0, 3, 4, 5]).tolist() == [1, 4, 7, 12]


def test_sessions_are_held_out_whole_and_are_what_errors_rest_on() -> None:
    """Whoever is foretold has nobody of its session, or of its unit, among those from whom it is foretold."""
    many, few, one = (design(3, 3, sessions) for sessions in (12, 3, 1))
    for held in (many, few):
        assert all(len(set(folds_of(held)[held.session_of == each])) == 1 for each in range(len(held.sessions)))
    assert len(set(folds_of(many).tolist())) == 10
    assert np.array_equal(clusters_of(many), many.session_of)
    assert np.array_equal(clusters_of(few), few.unit_of)
    pairs = replace(one, unit_of=np.arange(9) // 2)
    assert folds_of(pairs).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert clusters_of(pairs).tolist() == list(range(9))


def test_distances_of_tables_are_root_mean_squares() -> None:
    rng = np.random.default_rng(4)
    on = recorded(400, 20, rng)
    low, high = (Table(0.5, (rate,) * 5 + (0.6,) * 5, (0.5, 0.5)) for rate in (0.2, 0.5))
    candidate, human = simulated(low, on, rng, "low"), simulated(high, on, rng, "high")
    assert of("D1.after_D", candidate, human) == pytest.approx(0.3, abs=0.05)
    assert of("D1.after_C", candidate, human) < 0.06
    difference = (responses(candidate.once()) - responses(human.once()))[0]
    assert of("D1", candidate, human) == pytest.approx(np.sqrt(np.mean(difference**2)))
    counts = rules.context_counts(human)[1].sum(axis=0)
    assert of("D1.weighted", candidate, human) == pytest.approx(np.sqrt(np.average(difference**2, weights=counts)))


def test_contexts_nobody_came_into_are_not_known(people: Observations) -> None:
    never = simulated(Constant(0.0), design(15, 30), np.random.default_rng(0), "never")
    assert np.isnan(of("D1.after_C", never, people))
    assert of("D1.after_D", never, people) > 0.15
    assert np.isfinite(of("D2", never, people))


def test_the_published_null_is_a_permutation_of_actions(people: Observations, same: Observations) -> None:
    found = scrambled(same, people, np.random.default_rng(5), 4_000)
    assert found.after_d == pytest.approx(of("D1.after_D", same, people))
    cells, rng = context_cells(people), np.random.default_rng(6)
    rows = cells >= 0
    curve, nulls = responses(same.once())[0], []
    for _ in range(200):
        mixed = rng.permutation(people.action[rows])
        shares = np.bincount(cells[rows], mixed, N_CONTEXTS) / np.bincount(cells[rows], minlength=N_CONTEXTS)
        nulls.append(np.sqrt(np.mean((shares - curve)[:5] ** 2)))
    again = scrambled(people, people, np.random.default_rng(5), 4_000)
    assert found.p_d == pytest.approx(0, abs=0.001)
    assert again.after_d == 0
    # The mean of the null by hypergeometric draws is that of permutations made one by one.
    width = np.std(nulls)
    drawn = np.random.default_rng(7).multivariate_hypergeometric(
        np.bincount(cells[rows], minlength=N_CONTEXTS), int(people.action[rows].sum()), size=2_000
    )
    ours = np.sqrt(np.mean((drawn / np.bincount(cells[rows], minlength=N_CONTEXTS) - curve)[:, :5] ** 2, axis=1))
    assert ours.mean() == pytest.approx(np.mean(nulls), abs=4 * width / np.sqrt(200))


# D2


def test_the_logit_is_that_of_rows_with_errors_robust_to_clusters(people: Observations) -> None:
    acted, columns, who = row_design(people, people)
    peer = GLM(acted, columns, family=Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": who, "use_correction": False}
    )
    form = form_of(people, people)
    np.testing.assert_allclose(coefficients(people.once(), form)[0], peer.params, atol=0.003)
    n = people.n_agents
    errors = np.sqrt(np.diag(covariance(people, form)) * (n - 1) / n)
    np.testing.assert_allclose(errors, peer.bse, rtol=0.01)


def test_straight_lines_are_least_squares(people: Observations) -> None:
    acted, columns, who = row_design(people, people)
    peer = OLS(acted, columns).fit(cov_type="cluster", cov_kwds={"groups": who, "use_correction": False})
    form = form_of(people, people)
    np.testing.assert_allclose(lines(people.once(), form)[0], peer.params, atol=1e-9)
    n = people.n_agents
    errors = np.sqrt(np.diag(covariance(people, form, linear=True)) * (n - 1) / n)
    np.testing.assert_allclose(errors, peer.bse, rtol=1e-6)


def test_a_known_rule_is_recovered(people: Observations) -> None:
    found = rule_of(people, people)
    b = PEOPLE.coefficients
    shift = form_of(people, people).share - PEOPLE.form.share
    assert found["mood"].value == pytest.approx(b[1] + b[3] * shift, abs=3 * found["mood"].error)
    assert found["after D"].value == pytest.approx(b[2], abs=3 * found["after D"].error)
    assert found["after C"].value == pytest.approx(b[2] + b[3], abs=3 * found["after C"].error)
    assert found["mood"].low < found["mood"].value < found["mood"].high


@pytest.mark.slow
def test_intervals_robust_to_clusters_cover_what_they_promise() -> None:
    """Agents have traits, so that rows of one agent depend; the truth is the pooled logit of very many agents."""
    rng = np.random.default_rng(8)
    many = simulated(TRAITS, recorded(30_000, 15, rng), rng, "many")
    form = form_of(many)
    truth = coefficients(many.once(), form)[0, :4]
    on = recorded(120, 15, rng)
    covered = []
    for _ in range(250):
        few = simulated(TRAITS, on, rng, "few")
        errors = np.sqrt(np.diag(covariance(few, form)))[:4]
        covered.append(np.abs(coefficients(few.once(), form)[0, :4] - truth) < 1.96 * errors)
    shares = np.mean(covered, axis=0)
    assert (shares > 0.89).all(), shares
    assert (shares < 0.99).all(), shares


def test_the_wald_distance_of_equal_rules_is_that_of_chance() -> None:
    """Its square is chi-squared with four degrees of freedom, of mean 4, if both sides are drawn anew."""
    sides = [played(seed, side=8, rounds=20) for seed in range(40)]
    squares = [of("D2", one, other) ** 2 for one, other in zip(sides[::2], sides[1::2], strict=True)]
    assert np.mean(squares) == pytest.approx(4, abs=3 * np.sqrt(8 / 20))


def test_halves_brought_to_full_size_are_as_far_apart_as_wholes_drawn_again(people: Observations) -> None:
    half = np.arange(people.n_agents) % 2 == 0
    small, large = Weighted(people, half[None] * 1.0), Weighted(people, half[None] * 2.0)
    rest = Weighted(people, ~half[None] * 1.0)
    twice = Weighted(people, ~half[None] * 2.0)
    assert MEASURES["D2"](large, twice)[0] == pytest.approx(np.sqrt(2) * MEASURES["D2"](small, rest)[0], rel=0.01)


@pytest.mark.parametrize("part", ["mood", "after_C", "after_D"])
def test_parts_of_the_rule_are_told_apart(part: str, people: Observations) -> None:
    b = list(PEOPLE.coefficients)
    for place, change in {"mood": [(1, -1.2)], "after_C": [(3, 2.0)], "after_D": [(2, 2.0), (3, -2.0)]}[part]:
        b[place] += change
    other = replace(MOODY, fit=replace(PEOPLE, coefficients=tuple(b)))
    candidate = simulated(other, design(15, 30), np.random.default_rng(9), "other")
    gaps = {name: of(f"D2.{name}", candidate, people) for name in ("mood", "after_C", "after_D")}
    wanted = {"mood": -1.2, "after_C": 2.0, "after_D": 2.0}[part]
    assert gaps[part] == pytest.approx(wanted, abs=0.5)
    # The mood is taken where people are, so that a slope that turns about 0.4 moves it little.
    assert all(abs(gap) < 0.5 for name, gap in gaps.items() if name != part)


def test_what_choices_do_not_tell_is_not_made_up_by_the_prior(people: Observations) -> None:
    """Who never cooperates has no mood and no slope after C; its level is low, and nobody knows how low."""
    never = simulated(Constant(0.0), design(15, 30), np.random.default_rng(24), "never")
    found = rule_of(never, people)
    assert all(np.isnan(found[name].value) for name in ("mood", "more after C", "after C"))
    assert np.isnan(of("D2.mood", never, people))
    assert np.isnan(of("D2.linear.after_C", never, people))
    assert found["level"].high < -4
    assert found["level"].error > 1
    assert of("D2", never, people) > 10
    nobody = Weighted(people, np.vstack([np.zeros(people.n_agents), np.ones(people.n_agents)]))
    for key in ("D2", "D2.mood", "D2.linear", "D2.after_D"):
        assert np.isnan(MEASURES[key](nobody, people.once())).tolist() == [True, False]


# D3


def test_people_are_foretold_by_those_who_decide_as_they_do(people: Observations, same: Observations) -> None:
    for floor in ("marginal", "persistence"):
        assert skill(same.once(), people.once(), floor)[0] == pytest.approx(1, abs=0.1)
    assert 0 < of("D3", same, people) < 0.003


def test_coins_foretell_people_no_better_than_their_mean(people: Observations, coins: Observations) -> None:
    assert skill(coins.once(), people.once(), "marginal")[0] <= 0
    assert skill(coins.once(), people.once(), "persistence")[0] <= 0
    rate = FLOORS["one_rate"](people, people, np.random.default_rng(10), 10)
    assert skill(rate.once(), people.once(), "marginal")[0] == pytest.approx(0, abs=0.02)


def test_skill_is_against_people_of_other_sessions(coins: Observations) -> None:
    human = simulated(TRAITS, design(3, 12, 4), np.random.default_rng(26), "people")
    candidate = shrunk(*(part.sum(axis=0) for part in rules.context_counts(coins)))
    counts = rules.context_counts(human)
    lost = dict.fromkeys(("candidate", "people", "marginal"), 0.0)
    for session in range(4):
        inside = human.session_of == session
        (yes, number), others = ([part[who].sum(axis=0) for part in counts] for who in (inside, ~inside))
        mean = (others[0].sum() + 0.5) / (others[1].sum() + 1)
        stated = {"candidate": candidate, "people": shrunk(*others), "marginal": np.full(N_CONTEXTS, mean)}
        for name, p in stated.items():
            lost[name] -= float((yes * np.log(p) + (number - yes) * np.log(1 - p)).sum())
    expected = (lost["marginal"] - lost["candidate"]) / (lost["marginal"] - lost["people"])
    assert skill(coins.once(), human.once(), "marginal")[0] == pytest.approx(expected)


def test_the_excess_loss_is_the_loss_less_the_least_one(people: Observations, coins: Observations) -> None:
    cooperated, chosen = (part.sum(axis=0) for part in rules.context_counts(people))
    predicted = shrunk(*(part.sum(axis=0) for part in rules.context_counts(coins)))

    def loss(p: Floats) -> float:
        return float(-(cooperated * np.log(p) + (chosen - cooperated) * np.log(1 - p)).sum() / chosen.sum())

    assert of("D3", coins, people) == pytest.approx(loss(predicted) - loss(cooperated / chosen))


# D5


def test_equal_rules_are_not_told_apart_and_coins_are(
    people: Observations, same: Observations, coins: Observations
) -> None:
    assert of("D5", same, people) < 0.04
    assert of("D5", coins, people) > 0.08
    assert told_apart(people.once(), people.once())[0] == pytest.approx(0, abs=1e-12)
    half = np.random.default_rng(11).random((30, people.n_agents)) < 0.5
    halves = told_apart(Weighted(people, half.astype(float)), Weighted(people, (~half).astype(float)))
    assert np.quantile(halves, 0.95) < 0.04 < of("D5", coins, people)


def test_the_area_under_the_curve_is_that_of_a_library_where_scores_tie() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(25)
    score, (ones, others) = rng.integers(0, 3, 12) / 7, rng.integers(0, 4, (2, 12))
    truth = np.repeat([1, 0], [ones.sum(), others.sum()])
    area, pairs = rules._area(score, ones, others)
    assert area == pytest.approx(roc_auc_score(truth, np.concatenate([np.repeat(score, n) for n in (ones, others)])))
    assert pairs == ones.sum() * others.sum()


@pytest.mark.slow
def test_learners_find_what_tables_find(people: Observations, same: Observations, coins: Observations) -> None:
    weights = draws(people, 100, 12).weights
    equal, other = (learnt_skill(each, people, weights) for each in (same, coins))
    assert equal.over["marginal"][0] == pytest.approx(1, abs=0.1)
    assert (np.quantile(other.over["marginal"], [0.05, 0.95]) < 0).all()
    assert equal.features == ("own last action", "neighbours", "degree", "round", "action before the last")
    assert len(equal.over["marginal"]) == 101
    rng = np.random.default_rng(13)
    alike, apart = (told_apart_by_learning(each, people, rng, 2) for each in (same, coins))
    assert alike.area == pytest.approx(0.5, abs=0.03)
    assert apart.area > 0.6 > max(apart.halves)
    with pytest.raises(FidelityError, match="all the same"):
        learnt_skill(simulated(Constant(0.0), design(15, 30), rng, "never"), people, weights)


# D6


def test_memory_of_two_rounds_is_seen() -> None:
    rng = np.random.default_rng(14)
    one = simulated(MOODY, recorded(300, 20, rng), rng, "one")
    actions = np.zeros((300, 20))
    for when in range(20):
        older = actions[:, max(when - 2, 0)]
        actions[:, when] = rng.random(300) < 0.25 + 0.5 * older
    two = one.with_actions(actions.ravel(), "two")
    assert memory_gain(one.once())[0] == pytest.approx(0, abs=0.004)
    assert memory_gain(two.once())[0] > 0.05
    assert of("D6.memory", two, one) == pytest.approx(memory_gain(two.once())[0] - memory_gain(one.once())[0])
    known = ~np.isnan(before_last(two))
    assert (before_last(two)[known] == actions.ravel()[np.flatnonzero(known) - 2]).all()


def test_the_answer_to_payoffs_is_a_slope_within_contexts() -> None:
    rng = np.random.default_rng(15)
    on = simulated(MOODY, recorded(400, 20, rng), rng, "x")
    later = on.round > 0
    pay = np.where(later, rng.integers(0, 20, len(on.round)), np.nan)
    best = np.where(later, 10 * np.nan_to_num(on.neighbours) + rng.integers(0, 20, len(on.round)), np.nan)
    chance = 0.4 + 0.01 * np.nan_to_num(best - pay)
    answering = replace(on, action=(rng.random(len(chance)) < chance) * 1.0, pay=pay, best=best)
    cells = context_cells(answering)
    rows = cells >= 0
    dummies = np.eye(N_CONTEXTS)[cells[rows]]
    dummies = dummies[:, dummies.any(axis=0)]
    peer = OLS(answering.action[rows], np.column_stack([(best - pay)[rows], dummies])).fit()
    assert payoff_slope(answering.once())[0] == pytest.approx(peer.params[0])
    assert payoff_slope(answering.once())[0] == pytest.approx(0.01, abs=0.003)
    robust = OLS(answering.action[rows], np.column_stack([(best - pay)[rows], dummies])).fit(
        cov_type="cluster", cov_kwds={"groups": answering.agent[rows], "use_correction": False}
    )
    found = payoff_answer(answering)
    assert found.value == pytest.approx(peer.params[0])
    assert found.error == pytest.approx(robust.bse[0] * np.sqrt(400 / 399))
    assert np.isnan(payoff_slope(on.once())[0])
    assert np.isnan(payoff_answer(on).error)


# D9


def test_clones_are_as_far_apart_as_their_tables() -> None:
    rng = np.random.default_rng(16)
    on = recorded(2_000, 20, rng)
    sides = [simulated(Constant(rate), on, rng, "x") for rate in (0.3, 0.6)]
    exact = 0.3 * np.log(0.3 / 0.6) + 0.7 * np.log(0.7 / 0.4) + 0.6 * np.log(0.6 / 0.3) + 0.4 * np.log(0.4 / 0.7)
    for key in ("D9.people", "D9.candidate"):
        assert of(key, *sides) == pytest.approx(exact, rel=0.06)
        assert of(key, sides[0], sides[0]) == 0


def test_clones_are_compared_where_either_side_was(people: Observations, coins: Observations) -> None:
    counts = {"D9.people": rules.context_counts(people), "D9.candidate": rules.context_counts(coins)}
    p, q = (shrunk(*(part.sum(axis=0) for part in each)) for each in counts.values())
    apart = (p - q) * np.log(p / q) + (q - p) * np.log((1 - p) / (1 - q))
    for key, (_, chosen) in counts.items():
        met = chosen.sum(axis=0)
        assert of(key, coins, people) == pytest.approx(met @ apart / met.sum())


# All of them


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda statistic: statistic.key)
def test_each_draw_is_the_number_of_those_who_were_drawn(
    statistic: Statistic, people: Observations, coins: Observations
) -> None:
    """Agents who count twice are agents who are there twice; either side may have one draw against all of the other."""
    coins, people = paid(coins, 22), paid(people, 23)
    candidate, human = draws(coins, 5, 17), draws(people, 5, 18)
    together = statistic.of(candidate, human)
    assert together.shape == (5,)
    for one, other in ((candidate, people.once()), (coins.once(), human)):
        assert statistic.of(one, other).shape == (5,)
    alone = [
        statistic.of(Weighted(coins, candidate.weights[[row]]), Weighted(people, human.weights[[row]]))[0]
        for row in range(5)
    ]
    np.testing.assert_allclose(together, alone, rtol=1e-6, atol=1e-9)
    if statistic.key.split(".")[0] in ("D1", "D3", "D9") and "over" not in statistic.key:
        built = [_drawn(coins, candidate.weights[0]), _drawn(people, human.weights[0])]
        assert statistic.of(built[0].once(), built[1].once())[0] == pytest.approx(together[0])
    if statistic.kind == "distance":
        assert (together >= 0).all()


def paid(observed: Observations, seed: int) -> Observations:
    """The same, paid as chance would have it."""
    pay, best = np.random.default_rng(seed).integers(0, 40, (2, len(observed.round))).astype(float)
    return replace(observed, pay=pay, best=best)


def _drawn(observed: Observations, weights: Floats) -> Observations:
    """The observations in which an agent stands as often as it counts."""
    parts = [observed.taking(weights >= times) for times in range(1, int(weights.max()) + 1)]
    return pooled([replace(part, links=None) for part in parts])


# D4


def calibrated(seed: int, n: int = 4_000) -> tuple[Floats, Floats, Codes]:
    rng = np.random.default_rng(seed)
    stated = rng.uniform(0.05, 0.95, n)
    return stated, (rng.random(n) < stated).astype(float), np.arange(n, dtype=np.intp) % 100


def test_calibrated_probabilities_are_found_to_be() -> None:
    stated, chosen, who = calibrated(19)
    found = forced_scores(stated, chosen, who)
    assert found.slope[0] == pytest.approx(1, abs=0.1)
    assert found.intercept[0] == pytest.approx(0, abs=0.1)
    assert found.ece[0] < 0.03
    assert found.brier[0] == pytest.approx(np.mean((stated - chosen) ** 2))
    odds = np.log(stated / (1 - stated))
    too_sure = forced_scores(1 / (1 + np.exp(-2 * odds)), chosen, who)
    assert too_sure.slope[0] == pytest.approx(0.5, abs=0.06)
    assert too_sure.ece[0] > found.ece[0]
    assert too_sure.log_loss[0] > found.log_loss[0]


def test_scores_are_what_can_be_worked_out_by_hand() -> None:
    found = forced_scores([0.25, 0.25, 0.85, 0.85], [0, 1, 1, 1], [0, 0, 1, 1])
    assert found.log_loss[0] == pytest.approx(-np.log([0.75, 0.25, 0.85, 0.85]).mean())
    assert found.ece[0] == pytest.approx((2 * 0.25 + 2 * 0.15) / 4)
    np.testing.assert_allclose(found.bins[[2, 8]], [[2, 0.25, 0.5], [2, 0.85, 1.0]])
    assert np.isnan(found.bins[0, 1])


def test_skill_of_stated_probabilities_lies_between_floor_and_ceiling() -> None:
    stated, chosen, who = calibrated(20)
    flat = np.full(len(stated), 0.5)
    floors = {"mean": flat}
    assert forced_scores(stated, chosen, who, floors=floors, ceiling=stated).skill["mean"][0] == pytest.approx(1)
    assert forced_scores(flat, chosen, who, floors=floors, ceiling=stated).skill["mean"][0] == pytest.approx(0)
    worse = forced_scores(1 - stated, chosen, who, floors=floors, ceiling=stated)
    assert worse.skill["mean"][0] < 0


def test_draws_of_scores_are_those_of_the_people_drawn() -> None:
    stated, chosen, who = calibrated(21)
    weights = np.vstack([np.ones(100), np.arange(100) < 50])
    both = forced_scores(stated, chosen, who, weights)
    part = who < 50
    half = forced_scores(stated[part], chosen[part], who[part])
    for name in ("log_loss", "brier", "intercept", "slope", "ece"):
        assert getattr(both, name)[1] == pytest.approx(getattr(half, name)[0])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: forced_scores([0.5, 1.2], [0, 1], [0, 0]),
        lambda: forced_scores([0.5], [0, 1], [0, 0]),
        lambda: forced_scores([0.5, np.nan], [0, 1], [0, 0]),
        lambda: forced_scores([0.5, 0.5], [0, 2], [0, 0]),
        lambda: forced_scores([], [], []),
    ],
)
def test_what_cannot_be_scored_is_refused(wrong: Callable[[], object]) -> None:
    with pytest.raises(FidelityError, match=r"probabilities lie|choices to be scored"):
        wrong()


def test_stated_certainty_that_fails_costs_much_but_not_all() -> None:
    assert forced_scores([0.0], [1], [0]).log_loss[0] == pytest.approx(-np.log(0.001))
