"""Mixed models: closed forms where designs are balanced, a dense likelihood, statsmodels, and printed numbers."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
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

from comity.stats.means import two_sample
from comity.stats.mixed import Mixed, mixed

pytestmark = pytest.mark.slow

Array = NDArray[Any]


def crossed(
    seed: int, sizes: tuple[int, ...], rows: int, spreads: tuple[float, ...]
) -> tuple[Array, Array, dict[str, Array]]:
    """An outcome, a design with one explaining column, and crossed kinds of groups."""
    rng = np.random.default_rng(seed)
    kinds = {f"kind{k}": np.append(np.arange(size), rng.integers(0, size, rows - size)) for k, size in enumerate(sizes)}
    x = np.column_stack([np.ones(rows), rng.normal(size=rows)])
    y = x @ [1.0, 0.5] + rng.normal(size=rows)
    for codes, size, spread in zip(kinds.values(), sizes, spreads, strict=True):
        y += rng.normal(0, spread, size)[codes]
    return y, x, kinds


def dense(y: Array, x: Array, kinds: Mapping[str, Array], found: Mixed) -> tuple[float, Array, Array]:
    """The restricted log-likelihood, effects and errors at the variances found, with the covariance of all rows."""
    v = np.eye(len(y)) * found.residual.variance
    for name, codes in kinds.items():
        v += found.components[name].variance * (codes[:, None] == codes)
    inverse = np.linalg.inv(v)
    normal = x.T @ inverse @ x
    effects = np.linalg.solve(normal, x.T @ inverse @ y)
    rest = y - x @ effects
    logs = np.linalg.slogdet(v)[1] + np.linalg.slogdet(normal)[1] + rest @ inverse @ rest
    constant = (len(y) - x.shape[1]) * math.log(2 * math.pi)
    return -(logs + constant) / 2, effects, np.sqrt(np.diag(np.linalg.inv(normal)))


@settings(max_examples=15)
@given(
    st.integers(0, 10_000),
    st.lists(st.integers(3, 9), min_size=1, max_size=3).map(tuple),
    st.sampled_from([(0.0, 0.5, 1.0), (1.0, 0.0, 0.0), (2.0, 1.0, 0.3)]),
)
def test_the_likelihood_is_the_dense_one_and_nothing_near_is_likelier(
    seed: int, sizes: tuple[int, ...], spreads: tuple[float, ...]
) -> None:
    y, x, kinds = crossed(seed, sizes, 60, spreads[: len(sizes)])
    found = mixed(y, x, kinds, intervals=False)
    top, effects, errors = dense(y, x, kinds, found)
    assert found.log_likelihood == pytest.approx(top, abs=1e-8)
    assert_allclose([one.value for one in found.effects], effects, atol=1e-9)
    assert_allclose([one.error for one in found.effects], errors, rtol=1e-9)
    for name in (*kinds, "residual"):
        for factor, more in ((1.05, 0.02), (0.95, 0.0)):
            components = dict(found.components)
            moved = components.get(name, found.residual)
            moved = type(moved)(moved.spread * factor + more, 0, 0, 0)
            if name in components:
                near = Mixed(found.effects, components | {name: moved}, found.residual, 60, 0)
            else:
                near = Mixed(found.effects, components, moved, 60, 0)
            assert dense(y, x, kinds, near)[0] <= top + 1e-7


@pytest.mark.parametrize("level", [0.95, 0.5])
def test_between_two_groups_of_persons_it_is_the_t_test_of_their_means(level: float) -> None:
    """Balanced rows in persons, persons in two groups: the exact test has n - 2 degrees of freedom."""
    rng = np.random.default_rng(3)
    persons, group = np.repeat(np.arange(24), 5), np.repeat(np.arange(24) % 2, 5)
    y = rng.normal(size=24)[persons] + rng.normal(size=120) + 0.4 * group
    found = mixed(y, np.column_stack([np.ones(120), group]), {"person": persons}, level, intervals=False).effects[1]
    means = y.reshape(24, 5).mean(axis=1)
    exact = two_sample(means[1::2], means[::2], pooled=True, level=level)
    assert (found.value, found.error) == pytest.approx((exact.difference.value, exact.difference.error))
    assert found.freedom == pytest.approx(22, abs=1e-3)
    assert (found.low, found.high, found.p) == pytest.approx(
        (exact.difference.low, exact.difference.high, exact.p), rel=1e-5
    )


def test_within_blocks_it_is_the_paired_test() -> None:
    rng = np.random.default_rng(4)
    block, treated = np.repeat(np.arange(15), 2), np.tile([0, 1], 15)
    y = 2 * rng.normal(size=15)[block] + rng.normal(size=30) + treated
    found = mixed(y, np.column_stack([np.ones(30), treated]), {"block": block}, intervals=False).effects[1]
    exact = stats.ttest_rel(y[1::2], y[::2])
    assert (found.t, found.p) == pytest.approx((exact.statistic, exact.pvalue), rel=1e-5)
    assert found.freedom == pytest.approx(14, abs=1e-3)


def test_balanced_variances_are_those_of_the_analysis_of_variance() -> None:
    rng = np.random.default_rng(5)
    rows, columns = np.repeat(np.arange(8), 12), np.tile(np.repeat(np.arange(6), 2), 8)
    y = 1.5 * rng.normal(size=8)[rows] + 0.8 * rng.normal(size=6)[columns] + rng.normal(size=96)
    found = mixed(y, np.ones((96, 1)), {"row": rows, "column": columns}, intervals=False)
    table = y.reshape(8, 6, 2)
    of_rows, of_columns = (12 * table.mean(axis=(1, 2)).var(ddof=1), 16 * table.mean(axis=(0, 2)).var(ddof=1))
    rest = (
        (table - table.mean(axis=(1, 2), keepdims=True) - table.mean(axis=(0, 2), keepdims=True) + y.mean()) ** 2
    ).sum()
    rest /= 96 - 8 - 6 + 1
    assert found.residual.variance == pytest.approx(rest, rel=1e-6)
    assert found.components["row"].variance == pytest.approx((of_rows - rest) / 12, rel=1e-5)
    assert found.components["column"].variance == pytest.approx((of_columns - rest) / 16, rel=1e-5)


def test_the_ends_of_the_intervals_are_as_unlikely_as_asked() -> None:
    """Of a balanced one-way design the restricted likelihood is known in closed form, and so is its profile."""
    rng = np.random.default_rng(6)
    groups, each = 12, 6
    codes = np.repeat(np.arange(groups), each)
    y = rng.normal(size=groups)[codes] + rng.normal(size=groups * each)
    found = mixed(y, np.ones((len(y), 1)), {"group": codes})
    table = y.reshape(groups, each)
    within = ((table - table.mean(axis=1, keepdims=True)) ** 2).sum()
    between = each * ((table.mean(axis=1) - y.mean()) ** 2).sum()

    def deviance(spread: float, residual: NDArray[np.float64]) -> NDArray[np.float64]:
        mean_square = residual + each * spread**2
        one = groups * (each - 1) * np.log(residual) + within / residual
        return np.asarray(one + (groups - 1) * np.log(mean_square) + between / mean_square)

    residuals = np.linspace(0.3, 4, 200_001)
    component = found.components["group"]
    top = deviance(component.spread, np.array([found.residual.variance]))[0]
    for end in (component.low, component.high):
        assert deviance(end, residuals).min() - top == pytest.approx(stats.chi2.ppf(0.95, 1), abs=1e-3)
    assert component.low < component.spread < component.high
    assert found.residual.low < found.residual.spread < found.residual.high


def test_what_explains_nothing_is_zero_and_said() -> None:
    """Groups whose means are all alike vary less than chance would have it."""
    rng = np.random.default_rng(7)
    codes, other = np.repeat(np.arange(10), 12), np.tile(np.arange(6), 20)
    y = rng.normal(size=120)
    y -= y.reshape(10, 12).mean(axis=1)[codes]
    y += 2 * rng.normal(size=6)[other]
    found = mixed(y, np.ones((120, 1)), {"game": codes, "model": other})
    assert found.nothing == ("game",)
    assert found.components["game"].spread == found.components["game"].low == 0
    assert 0 < found.components["game"].high < 0.5
    alone = mixed(y, np.ones((120, 1)), {"model": other})
    assert_allclose(
        [found.effects[0].value, found.effects[0].error, found.effects[0].freedom],
        [alone.effects[0].value, alone.effects[0].error, alone.effects[0].freedom],
        rtol=1e-4,
    )


def test_without_any_intercepts_it_is_least_squares() -> None:
    y, x, kinds = crossed(8, (5,), 40, (0.0,))
    y -= pd.Series(y - x @ [1.0, 0.5]).groupby(kinds["kind0"]).transform("mean").to_numpy()
    found = mixed(y, x, kinds, intervals=False)
    assert found.nothing == ("kind0",)
    exact = stats.linregress(x[:, 1], y)
    assert (found.effects[1].value, found.effects[1].error) == pytest.approx((exact.slope, exact.stderr))
    assert [one.freedom for one in found.effects] == pytest.approx([38, 38], abs=1e-3)


@given(st.floats(-50, 50).map(lambda x: round(x, 2)), st.floats(0.1, 50).map(lambda x: round(x, 2)))
@settings(max_examples=4)
def test_it_does_not_matter_in_what_units_outcomes_are(shift: float, scale: float) -> None:
    y, x, kinds = crossed(9, (8, 5), 80, (1.0, 0.5))
    here, there = mixed(y, x, kinds, intervals=False), mixed(shift + scale * y, x, kinds, intervals=False)
    assert there.effects[1].value == pytest.approx(scale * here.effects[1].value, rel=1e-5)
    assert there.effects[1].t == pytest.approx(here.effects[1].t, rel=1e-5)
    assert there.effects[1].freedom == pytest.approx(here.effects[1].freedom, rel=1e-4)
    for name, component in here.components.items():
        assert there.components[name].spread == pytest.approx(scale * component.spread, rel=1e-4, abs=1e-4 * scale)


def test_it_is_what_statsmodels_finds() -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM

    y, x, kinds = crossed(10, (12, 7), 300, (0.8, 0.5))
    data = pd.DataFrame({"y": y, "x": x[:, 1], "one": 1, **kinds})
    parts = {name: f"0 + C({name})" for name in kinds}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = MixedLM.from_formula("y ~ x", data, groups="one", vc_formula=parts).fit(reml=True)
    found = mixed(y, x, kinds, intervals=False)
    assert found.log_likelihood == pytest.approx(peer.llf, abs=1e-5)
    assert_allclose([one.value for one in found.effects], peer.fe_params, rtol=1e-5)
    assert_allclose([one.error for one in found.effects], peer.bse_fe, rtol=2e-3)  # there of all parameters together
    assert_allclose([found.components[name].variance for name in sorted(kinds)], peer.vcomp, rtol=1e-3)


@pytest.mark.parametrize(
    ("game", "printed", "exact"),
    [
        ("bos", (0.7363, 3.4846, 193.0), (0.322, 1.150)),
        ("pd", (0.0979, 0.4694, 193.0), (-0.311, 0.507)),
    ],
)
def test_the_published_scores_of_people(
    shared_data: Path, game: str, printed: tuple[float, ...], exact: tuple[float, float]
) -> None:
    """A random intercept per person, as R's lmer with lmerTest; the interval is the one without degrees of freedom."""
    people = pd.read_parquet(shared_data / "repeatedgames/human_decisions.parquet")
    rows = people[people["game_id"] == game]
    design = np.column_stack([np.ones(len(rows)), rows["condition_label"] == "Prompted"])
    found = mixed(rows["payoff"], design, {"person": rows["participant"]}, intervals=False)
    effect = found.effects[1]
    assert (round(effect.value, 4), round(effect.t, 4), round(effect.freedom, 1)) == printed
    assert tuple(round(end, 3) for end in found.wald()[1]) == exact


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outcome": [1.0, 2.0]}, "one row per outcome"),
        ({"outcome": [math.nan, *range(11)]}, "not finite"),
        ({"outcome": [1.0] * 12}, "explains every outcome"),
        ({"design": np.ones((12, 2))}, "sums of others"),
        ({"design": np.eye(12)}, "leave nothing"),
        ({"groups": {}}, "a kind of groups"),
        ({"groups": {"game": [0] * 12}}, "game has one$"),
        ({"groups": {"game": range(12)}}, "one per row"),
        ({"groups": {"game": [0, 1]}}, "game needs one code per row"),
        ({"groups": {"a": [0, 1] * 6, "b": ["y", "x"] * 6}}, "a and b are the same groups"),
        ({"outcome": [0.0, 1.0] * 6}, "do not vary within"),
        ({"outcome": [0.0, 1.0, 4.0, 9.0] * 3, "groups": {"game": [0, 1, 2, 3] * 3}}, "do not vary within"),
        ({"outcome": [0, 0, 1, 1, 4, 4], "groups": {"game": [0, 0, 1, 1, 2, 2]}, "design": np.ones((6, 1))}, "within"),
        ({"design": np.column_stack([np.ones(12), [0, 1] * 6])}, "the design tells which game each row is of"),
    ],
)
def test_models_without_an_answer_are_refused(change: dict[str, object], said: str) -> None:
    usual: dict[str, object] = {
        "outcome": np.random.default_rng(1).normal(size=12),
        "design": np.ones((12, 1)),
        "groups": {"game": [0, 1] * 6},
    }
    with pytest.raises(ValueError, match=said):
        mixed(**usual | change)  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_degrees_of_freedom_keep_the_level() -> None:
    """Few groups: five opponents in each of two conditions. With a normal quantile 13 of 100 would be found."""
    opponent, treated = np.repeat(np.arange(10), 6), np.repeat(np.arange(10) % 2, 6)
    design = np.column_stack([np.ones(60), treated])
    rng = np.random.default_rng(11)
    found = []
    for _ in range(400):
        y = rng.normal(size=10)[opponent] + rng.normal(size=60)
        found.append(mixed(y, design, {"opponent": opponent}, intervals=False).effects[1])
    assert np.mean([one.p < 0.05 for one in found]) == pytest.approx(0.05, abs=0.03)
    assert np.mean([abs(one.t) > 1.96 for one in found]) > 0.07
