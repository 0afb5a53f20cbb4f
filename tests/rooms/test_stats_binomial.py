"""Yes or no explained: closed forms of two-by-two tables, the sandwich written out, quadrature, and printed numbers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit

from comity.stats.binomial import NoEstimate, logistic, logistic_mixed, separating

Array = NDArray[Any]


def tabled(cells: tuple[int, int, int, int]) -> tuple[Array, Array]:
    """The rows of a table: no and yes without, no and yes with what explains."""
    yes = np.repeat([0.0, 1.0, 0.0, 1.0], cells)
    return yes, np.column_stack([np.ones(yes.size), np.repeat([0, 0, 1, 1], cells)])


def clustered(seed: int, clusters: int, each: int, spread: float) -> tuple[Array, Array, Array]:
    """Rounds of persons, each with a level of its own; half of the persons are treated."""
    rng = np.random.default_rng(seed)
    persons = np.repeat(np.arange(clusters), each)
    treated = persons % 2
    chances = expit(-0.2 + 0.8 * treated + spread * rng.normal(size=clusters)[persons])
    return (
        (rng.random(persons.size) < chances).astype(float),
        np.column_stack([np.ones(persons.size), treated]),
        persons,
    )


@given(st.tuples(*[st.integers(1, 30)] * 4))
def test_of_a_table_it_is_the_log_odds_ratio(cells: tuple[int, int, int, int]) -> None:
    a, b, c, d = cells
    found = logistic(*tabled(cells)).coefficients[1]
    assert found.value == pytest.approx(math.log(d * a / (b * c)), abs=1e-6)
    assert found.error == pytest.approx(math.sqrt(1 / a + 1 / b + 1 / c + 1 / d), rel=1e-6)
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(found.t)))


def test_clustered_errors_are_the_corrected_sandwich() -> None:
    yes, design, persons = clustered(1, 20, 6, 1.5)
    plain, found = logistic(yes, design), logistic(yes, design, persons)
    assert_allclose([one.value for one in found.coefficients], [one.value for one in plain.coefficients])
    chances = expit(design @ [one.value for one in plain.coefficients])
    bread = np.linalg.inv(design.T @ (design * (chances * (1 - chances))[:, None]))
    scores = pd.DataFrame(design * (yes - chances)[:, None]).groupby(persons).sum().to_numpy()
    n, clusters, columns = len(yes), 20, 2
    expected = bread @ scores.T @ scores @ bread * clusters / (clusters - 1) * (n - 1) / (n - columns)
    assert_allclose([one.error for one in found.coefficients], np.sqrt(np.diag(expected)), rtol=1e-6)
    effect = found.coefficients[1]
    assert (found.rows, found.clusters, effect.freedom) == (120, 20, 19)
    assert effect.p == pytest.approx(2 * stats.t.sf(abs(effect.t), 19))
    assert effect.high - effect.value == pytest.approx(stats.t.ppf(0.975, 19) * effect.error)


def test_rows_that_are_copied_do_not_look_like_more_evidence_within_clusters() -> None:
    yes, design, persons = clustered(2, 40, 1, 0.0)
    ten_yes, ten_design, ten_persons = (np.repeat(part, 10, axis=0) for part in (yes, design, persons))
    once = logistic(yes, design, persons).coefficients[1].error
    assert logistic(ten_yes, ten_design, ten_persons).coefficients[1].error == pytest.approx(once, rel=0.03)
    assert logistic(ten_yes, ten_design).coefficients[1].error < once / 3


@pytest.mark.parametrize("cells", [(5, 0, 3, 4), (5, 5, 0, 4), (5, 0, 0, 4)])
def test_separation_is_refused_in_words(cells: tuple[int, int, int, int]) -> None:
    yes, design = tabled(cells)
    assert separating(yes, design) is not None
    for fit in (lambda: logistic(yes, design), lambda: logistic_mixed(yes, design, np.arange(yes.size) // 2)):
        with pytest.raises(NoEstimate, match="the estimate would be infinite"):
            fit()


def test_clusters_that_are_all_alike_say_nothing_of_chance() -> None:
    episodes = np.repeat(np.arange(6), 10)
    with pytest.raises(NoEstimate, match="the clusters do not differ at all"):
        logistic(np.tile([0.0, 1.0], 30), np.column_stack([np.ones(60), episodes % 2]), episodes)


@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=4, max_size=10))
def test_separation_is_found_where_a_threshold_separates(rows: list[tuple[bool, int]]) -> None:
    """With one explaining number: all yes on one side of all no, up to a tie at one place."""
    yes, x = np.array(rows, dtype=float).T
    high, low = x[yes == 1], x[yes == 0]
    alone = not high.size or not low.size
    separates = alone or (np.ptp(x) > 0 and (high.min() >= low.max() or low.min() >= high.max()))
    assert (separating(yes, np.column_stack([np.ones(yes.size), x])) is not None) == separates


@pytest.mark.parametrize(
    ("yes", "columns", "clusters", "said"),
    [
        ([0, 1, 1], np.ones((2, 1)), None, "one row per outcome"),
        ([0, 1, 0.5], np.ones((3, 1)), None, "outcomes are 0 or 1"),
        ([1, 1, 1], np.ones((3, 1)), None, "all outcomes are 1"),
        ([0, 1, 1], np.ones((3, 2)), None, "sums of others"),
        ([0, 1, 1], np.ones((3, 1)), [1, 1], "one code per row"),
        ([0, 1, 1], np.ones((3, 1)), [1, 1, 1], "two clusters or more"),
    ],
)
def test_models_without_an_answer_are_refused(
    yes: list[float], columns: Array, clusters: list[int] | None, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        logistic(yes, columns, clusters)
    if clusters is not None:
        with pytest.raises(ValueError, match=said):
            logistic_mixed(yes, columns, clusters)


# A level for every cluster


def brute(yes: Array, design: Array, persons: Array, effects: Array, spread: float) -> float:
    """The log-likelihood by a sum over a fine grid of levels."""
    grid = np.linspace(-8, 8, 4_001)
    odds = (design @ effects)[:, None] + spread * grid
    logs = (
        pd.DataFrame(np.where(yes[:, None] == 1, -np.logaddexp(0, -odds), -np.logaddexp(0, odds)))
        .groupby(persons)
        .sum()
    )
    return float(np.log(np.exp(logs.to_numpy()) @ stats.norm.pdf(grid) * (grid[1] - grid[0])).sum())


@pytest.mark.slow
@settings(max_examples=5)
@given(st.integers(0, 1_000), st.sampled_from([1.0, 4.0]))
def test_the_mixed_likelihood_is_the_one_summed_out_and_at_its_top(seed: int, spread: float) -> None:
    yes, design, persons = clustered(seed, 60, 8, spread)
    found = logistic_mixed(yes, design, persons, nodes=51)
    effects = np.array([one.value for one in found.coefficients])
    top = brute(yes, design, persons, effects, found.spread)
    assert found.log_likelihood == pytest.approx(top, abs=1e-3)
    for step in ([0.05, 0], [-0.05, 0], [0, 0.05], [0, -0.05]):
        assert brute(yes, design, persons, effects + step, found.spread) <= top
    for factor in (0.95, 1.05):
        assert brute(yes, design, persons, effects, found.spread * factor) <= top


def test_clusters_that_do_not_differ_get_no_level() -> None:
    yes, persons = np.tile([0.0, 1.0, 0.0, 1.0, 1.0, 0.0], 20), np.repeat(np.arange(20), 6)
    design = np.column_stack([np.ones(120), np.tile([0, 0, 0, 1, 1, 1], 20)])
    found = logistic_mixed(yes, design, persons)
    assert found.spread == 0
    assert found.coefficients == logistic(yes, design).coefficients


# The public data


@pytest.fixture(scope="module")
def people(shared_data: Path) -> pd.DataFrame:
    rows = pd.read_parquet(shared_data / "repeatedgames/human_decisions.parquet")
    return rows.assign(
        treated=(rows["condition_label"] == "Prompted").astype(float),
        human=(rows["guess_after_game"] == "Human").astype(float),
        met=(rows["payoff"] > 0).astype(float),
        both_defect=(rows["payoff"] == 5).astype(float),
        both_cooperate=(rows["payoff"] == 8).astype(float),
    )


def asked(people: pd.DataFrame, outcome: str, game: str | None) -> tuple[Array, Array, Array]:
    rows = people if game is None else people[people["game_id"] == game]
    design = np.column_stack([np.ones(len(rows)), rows["treated"]])
    return rows[outcome].to_numpy(float), design, rows["participant"].to_numpy()


@pytest.mark.parametrize(
    ("outcome", "game", "value", "z", "ends", "clustered_z"),
    [
        ("met", "bos", 0.3305, 3.586, (0.150, 0.511), 2.85),
        ("both_defect", "pd", 0.2350, 2.538, (0.054, 0.416), 1.21),
        ("human", None, 0.5372, 8.310, (0.41, 0.66), None),
        ("both_cooperate", "pd", -0.043, -0.45, None, None),
    ],
)
def test_the_published_regressions(
    people: pd.DataFrame,
    outcome: str,
    game: str | None,
    value: float,
    z: float,
    ends: tuple[float, float] | None,
    clustered_z: float | None,
) -> None:
    yes, design, persons = asked(people, outcome, game)
    plain, robust = logistic(yes, design).coefficients[1], logistic(yes, design, persons).coefficients[1]
    assert plain.value == pytest.approx(value, abs=0.0006)
    assert plain.t == pytest.approx(z, abs=0.006)
    assert ends is None or (plain.low, plain.high) == pytest.approx(ends, abs=0.006)
    assert clustered_z is None or round(robust.t, 2) == clustered_z


def test_a_guess_is_made_once_and_not_ten_times(people: pd.DataFrame) -> None:
    once = people[people["round"] == 1]
    assert round(logistic(*asked(once, "human", None)[:2]).coefficients[1].t, 2) == 2.63


@pytest.mark.slow
def test_the_published_mixed_regressions(people: pd.DataFrame) -> None:
    """As R's glmer, by Laplace's approximation; with 25 nodes the second digit of z changes."""
    laplace = logistic_mixed(*asked(people, "met", "bos"), nodes=1).coefficients[1]
    assert (round(laplace.value, 3), round(laplace.t, 2)) == (0.354, 2.89)
    assert round(logistic_mixed(*asked(people, "met", "bos")).coefficients[1].t, 2) == 2.85
    assert logistic_mixed(*asked(people, "both_defect", "pd"), nodes=1).coefficients[1].p == pytest.approx(
        0.27, abs=0.006
    )


@pytest.mark.slow
def test_clusters_keep_the_level_that_rows_do_not() -> None:
    """Forty persons with ten rounds each and nothing between the conditions."""
    found = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        persons = np.repeat(np.arange(40), 10)
        yes = (rng.random(400) < expit(1.5 * rng.normal(size=40)[persons])).astype(float)
        design = np.column_stack([np.ones(400), persons % 2])
        found.append([logistic(yes, design, who).coefficients[1].p < 0.05 for who in (None, persons)])
    plain, robust = np.mean(found, axis=0)
    assert plain > 0.25
    assert robust == pytest.approx(0.05, abs=0.035)
