"""Curves over what is at stake: parameters come back, intervals hold them, and a default is told from a trade-off."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from scipy.special import expit

from comity.core.flow import Game
from comity.corpora.people import import_people
from comity.fidelity.curves import Curve, psychometric
from comity.fidelity.observations import FidelityError
from comity.fidelity.swept import ALL, curves_of, level_of, swept
from comity.games.matrix import Chicken, MatchingPennies, PrisonersDilemma, StagHunt
from comity.games.symmetric import PublicGoods
from comity.records.spec import Cell, Spec
from comity.records.store import RunFile
from comity.records.tables import tables
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from comity.strategies.trading import Trading, indices
from comity.studies.trade_off import TRADE_OFF
from tests.commands import called

LEVELS = np.linspace(2, 8, 7)
THRESHOLD, WIDTH, LOW, HIGH = 5.0, -0.7, 0.05, 0.08
SCRIPTS = [
    {"label": "weighs", "name": "trading", "threshold": 0.5, "width": 0.04, "low": 0.05, "high": 0.1},
    {"label": "kind", "name": "random", "p": 0.8},
    {"label": "sharp", "name": "trading", "threshold": 0.5, "width": 1e-6},
]


def chances(x: np.ndarray) -> np.ndarray:
    return np.asarray(LOW + (1 - LOW - HIGH) * expit((x - THRESHOLD) / WIDTH))


def drawn(seed: int, times: int) -> Curve:
    rng, x = np.random.default_rng(seed), np.repeat(LEVELS, times)
    return psychometric(x, rng.random(len(x)) < chances(x), np.ones(len(x)), np.arange(len(x)))


def test_with_many_choices_all_parameters_come_back() -> None:
    curve = drawn(1, 20_000)
    assert curve.seen == "trade-off"
    assert curve.threshold.value == pytest.approx(THRESHOLD, abs=0.03)
    assert curve.width.value == pytest.approx(WIDTH, abs=0.04)
    assert (curve.low.value, curve.high.value) == pytest.approx((LOW, HIGH), abs=0.01)
    assert curve.slope.value == pytest.approx((1 - LOW - HIGH) / (4 * WIDTH), rel=0.05)
    assert curve.at(LEVELS) == pytest.approx(chances(LEVELS), abs=0.015)
    assert "falls" in curve.says


@pytest.mark.slow
def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    found = [drawn(seed, 25) for seed in range(100)]
    assert all(curve.seen == "trade-off" for curve in found)
    truths = {"threshold": THRESHOLD, "width": WIDTH, "low": LOW, "high": HIGH, "slope": (1 - LOW - HIGH) / 4 / WIDTH}
    for name, truth in truths.items():
        held = np.mean([(part := getattr(curve, name)).low <= truth <= part.high for curve in found])
        assert held >= 0.9, name  # 0.95 less more than two standard errors of 100 simulations


@pytest.mark.slow
def test_a_constant_rate_is_seldom_taken_for_a_trade_off() -> None:
    rng, x = np.random.default_rng(3), np.repeat(LEVELS, 20)
    made, clusters = np.ones(len(x)), np.arange(len(x))
    seen = [psychometric(x, rng.random(len(x)) < 0.6, made, clusters).seen for _ in range(200)]
    assert np.mean([one == "trade-off" for one in seen]) <= 0.06
    # Clusters that differ are no trade-off either, and would be without the dispersion: each has a rate of its own.
    rates = [rng.beta(0.4, 0.4, 42) for _ in range(100)]
    levels, groups = np.repeat(LEVELS, 6), np.arange(42)
    worn = [psychometric(levels, rng.binomial(10, own), np.full(42, 10), groups) for own in rates]
    blind = [psychometric(levels, curve.cooperated[groups // 6] / 6, np.full(42, 10), groups) for curve in worn]
    assert np.mean([curve.seen == "trade-off" for curve in worn]) <= 0.08
    assert np.mean([curve.p < 0.05 for curve in blind]) > 0.3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("agents", "often"),
    [(5, 0.15), (14, 0.1)],
)
def test_agents_who_change_in_opposite_ways_are_no_trade_off_of_all(agents: int, often: float) -> None:
    """Each has a slope of its own around 0, so that their means are alike and only slopes differ."""
    rng, x = np.random.default_rng(5), np.linspace(-1, 1, 6)
    groups, levels, made = np.repeat(np.arange(agents), 6), np.tile(x, agents), np.full(6 * agents, 20)
    drawn = [rng.binomial(20, expit(np.outer(rng.normal(0, 3, agents), x))).ravel() for _ in range(120)]
    found = [psychometric(levels, cooperated, made, groups) for cooperated in drawn]
    assert np.mean([curve.seen == "trade-off" for curve in found]) < often
    assert np.median([curve.dispersion for curve in found]) > 5
    # With a slope that all share, it is seen, however much their means differ.
    means = [rng.binomial(20, expit(rng.normal(0, 1.5, (agents, 1)) + 2 * x)).ravel() for _ in range(20)]
    assert np.mean([psychometric(levels, one, made, groups).seen == "trade-off" for one in means]) > 0.9


@pytest.mark.slow
def test_where_every_level_is_one_cluster_the_curve_must_beat_what_it_leaves_over() -> None:
    rng, x = np.random.default_rng(6), np.linspace(0, 1, 6)
    drawn = [rng.binomial(20, expit(rng.normal(0, 1.5, 6))) for _ in range(150)]
    found = [psychometric(x, cooperated, np.full(6, 20), np.arange(6)) for cooperated in drawn]
    assert np.mean([curve.seen == "trade-off" for curve in found]) < 0.1
    clear = psychometric(x, np.array([19, 18, 14, 7, 3, 1]), np.full(6, 20), np.arange(6))
    assert (clear.seen, clear.dispersion) == ("trade-off", 1.0)


def test_dispersion_is_that_of_clusters_by_the_formula() -> None:
    """Three agents at three levels, worked out by hand: residuals times distances from the mean level, squared."""
    shares = np.array([[0.1, 0.2, 0.9], [0.3, 0.5, 0.6], [0.5, 0.5, 0.9]])
    curve = psychometric(np.tile([1.0, 2, 3], 3), (10 * shares).ravel(), np.full(9, 10), np.repeat([0, 1, 2], 3))
    level = shares.mean(axis=0)
    slopes = 10 * (shares - level) @ np.array([-1, 0, 1])
    coins = 30 * (level * (1 - level)) @ np.array([1, 0, 1]) * (1 - 1 / 3)
    assert curve.dispersion == pytest.approx(max(1, (slopes**2).sum() / coins))
    assert curve.dispersion > 1.05
    assert curve.p == pytest.approx(scipy.stats.f.sf(curve.ratio, 1, 2))


def test_of_many_choices_a_small_difference_is_no_trade_off_unless_bic_agrees() -> None:
    x = np.repeat([1.0, 2, 3], 4_000)
    acted = np.tile(np.arange(4_000), 3) < np.repeat([1_950, 2_000, 2_050], 4_000)
    curve = psychometric(x, acted, np.ones(len(x)), np.arange(len(x)))
    assert curve.p < 0.05
    assert curve.bic == pytest.approx(curve.ratio - math.log(12_000 / curve.dispersion))
    assert curve.seen == "no trade-off seen"


def test_with_five_agents_or_more_they_are_what_varies_in_the_curve_of_all() -> None:
    """Half of them change one way and half the other; each match taken by itself is as sure as can be."""
    rows = pd.DataFrame(
        [
            {"agent": f"a{agent}", "match": f"{agent}.{match}.{x}", "x": float(x), "cooperated": did, "chosen": 10}
            for agent in range(6)
            for match in range(10)
            for x, did in enumerate((9, 5, 1) if agent % 2 else (1, 5, 9))
        ]
    )
    assert curves_of(rows)[ALL].dispersion > 20
    assert curves_of(rows[rows["agent"] < "a4"])[ALL].dispersion < 20
    assert {curve.seen for name, curve in curves_of(rows).items() if name != ALL} == {"trade-off"}


def test_where_none_is_seen_no_threshold_is_told() -> None:
    x = np.repeat(LEVELS, 4)
    always = psychometric(x, np.ones(len(x)), np.ones(len(x)), np.arange(len(x)))
    assert (always.seen, always.rate, always.p) == ("no trade-off seen", 1.0, 1.0)
    assert math.isnan(always.threshold.value)
    assert math.isnan(always.slope.value)
    assert always.at(3.0) == pytest.approx(1.0)
    assert "a constant rate says as much" in always.says


def test_a_step_lies_between_two_levels_and_its_slope_is_open() -> None:
    x = np.repeat(LEVELS, 6)
    step = psychometric(x, x > 5, np.ones(len(x)), np.arange(len(x)))
    assert step.seen == "trade-off"
    assert 5 <= step.threshold.value <= 6
    assert 4.9 <= step.threshold.low < step.threshold.high <= 6.1
    assert step.slope.high == math.inf
    assert step.width.low == 0


def test_two_levels_tell_a_difference_and_no_threshold() -> None:
    x = np.repeat([1.0, 2.0], 50)
    two = psychometric(x, x == 2, np.ones(100), np.arange(100))
    assert two.seen == "too few levels"
    assert math.isnan(two.threshold.value)
    assert psychometric([1.0], [3], [9], [0]).seen == "too few levels"


def test_c_and_d_exchanged_turn_the_curve_over() -> None:
    rng, x = np.random.default_rng(5), np.repeat(LEVELS, 40)
    acted = rng.random(len(x)) < chances(x)
    falls, rises = (psychometric(x, one, np.ones(len(x)), np.arange(len(x))) for one in (acted, ~acted))
    assert falls.threshold == rises.threshold
    assert falls.width.value == -rises.width.value
    assert (falls.low, falls.high) == (rises.high, rises.low)
    assert falls.p == pytest.approx(rises.p)


def test_what_is_no_curve_is_refused() -> None:
    with pytest.raises(FidelityError, match="there are none"):
        psychometric([], [], [], [])
    with pytest.raises(FidelityError, match="from 0 to all choices"):
        psychometric([1.0], [2], [1], [0])


def cell(game: Spec, *stack: Spec) -> Cell:
    return Cell(game.name, "stack", game, stack)


def test_levels_are_fields_or_follow_from_them() -> None:
    giving = Spec.of("prisoners_dilemma", {"reward": 6, "sucker": 0, "temptation": 8, "punishment": 2})
    going_on = cell(giving, Spec.of("random_continuation", {"chance": 0.75}))
    assert level_of(going_on, "temptation") == 8
    assert level_of(going_on, "continuation") == level_of(going_on, "chance") == 0.75
    assert (level_of(going_on, "benefit"), level_of(going_on, "cost"), level_of(going_on, "benefit_to_cost")) == (
        6,
        2,
        3,
    )
    assert level_of(going_on, "multiplier") is None
    usual = cell(Spec.of("prisoners_dilemma", {}))
    assert level_of(usual, "temptation") == PrisonersDilemma().temptation
    assert level_of(cell(Spec.of("prisoners_dilemma", {"temptation": 9})), "benefit") is None
    goods = cell(Spec.of("public_goods", {"players": 4, "multiplier": 2.0}))
    assert (level_of(goods, "group_size"), level_of(goods, "return")) == (4, 0.5)


@pytest.mark.parametrize(
    ("game", "index"),
    [
        (PrisonersDilemma(reward=6, sucker=0, temptation=8, punishment=2), 0.5),
        (StagHunt(), math.inf if StagHunt().alone >= StagHunt().hare else 2 / 3),
        (Chicken(), (3 - 0) / (4 - 1)),
        (PublicGoods(4, 2.0), (2 - 1) / (2.5 - 0.5)),
    ],
)
def test_the_index_of_cooperation_is_that_of_rapoport(game: Game, index: float) -> None:
    assert indices(game) == pytest.approx((index,) * game.n_players)


def test_trading_has_no_index_where_defecting_alone_pays_nothing_more() -> None:
    assert set(indices(MatchingPennies())) != {0.0}
    assert Trading(threshold=0.5).chance(math.inf) == 1.0


@pytest.fixture(scope="module")
def swept_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten levels of temptation, each played by scripts whose thresholds are known: K = 1/2 is a temptation of 8."""
    folder = tmp_path_factory.mktemp("swept") / "run"
    run(parsed_plan(TRADE_OFF.plan(SCRIPTS, full=True, replicates=120)), folder, workers=1)
    return folder


@pytest.mark.slow
def test_a_sweep_finds_thresholds_that_are_known_and_a_default(swept_run: Path) -> None:
    with RunFile.open(swept_run) as file:
        rows = swept(tables(file.records(), decisions=False), file.cells(), "temptation")
    found = curves_of(rows)
    assert list(found) == ["weighs", "kind", "sharp", ALL]
    weighs, sharp = found["weighs"], found["sharp"]
    assert weighs.threshold.low <= 8 <= weighs.threshold.high
    assert weighs.width.value < 0
    with RunFile.open(swept_run) as file:  # over K the script is a logistic curve with these very parameters
        exact = curves_of(swept(tables(file.records(), decisions=False), file.cells(), "cooperation_index"))["weighs"]
    for name, truth in {"threshold": 0.5, "width": 0.04, "low": 0.05, "high": 0.1}.items():
        part = getattr(exact, name)
        assert part.low <= truth <= part.high, name
    assert 7.85 <= sharp.threshold.low < sharp.threshold.high <= 8.6
    assert found["kind"].seen == "no trade-off seen"


@pytest.mark.slow
def test_the_command_prints_curves_and_refuses_in_a_sentence(swept_run: Path) -> None:
    printed = called(["curve", str(swept_run), "--over", "temptation"], environment={"COLUMNS": "200"})
    assert printed.returncode == 0, printed.stderr
    assert [line.split()[-1] for line in printed.stdout.splitlines()[2:6]] == ["seen", "none", "seen", "seen"]
    rows = {
        row["agent"]: row
        for row in json.loads(called(["curve", str(swept_run), "--over", "cooperation_index", "--json"]).stdout)
    }
    assert rows["weighs"]["threshold_low"] <= 0.5 <= rows["weighs"]["threshold_high"]
    assert rows["kind"]["threshold"] is None
    wrong = called(["curve", str(swept_run), "--over", "size"])
    assert wrong.returncode == 2
    assert "no game here has a number 'size'; there are: " in wrong.stderr
    assert "temptation" in wrong.stderr
    assert called(["curve", str(swept_run), "--over", "temptation", "--where", "reward"]).returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("part", [part.name for part in TRADE_OFF.parts])
@pytest.mark.parametrize("full", [False, True])
def test_every_part_of_the_study_is_a_plan_over_one_number(part: str, full: bool) -> None:
    over = {"group": "players", "continuation": "chance"}.get(part, part)
    plan = parsed_plan(TRADE_OFF.plan(SCRIPTS, part=part, full=full))
    levels = [level_of(cell, over) for cell in plan.cells]
    assert None not in levels
    assert len(set(levels)) == len(levels) >= 5
    assert levels == sorted(levels)  # type: ignore[type-var]
    assert f"--over {over}" in TRADE_OFF.plan(SCRIPTS, part=part)


@pytest.mark.slow
def test_people_weigh_the_reward_where_the_future_is_likely(shared_data: Path, tmp_path: Path) -> None:
    """Dal Bó and Fréchette (2011): shares .098 .180 .353 and .203 .587 .764 over R = 32, 40, 48 (all rounds)."""
    import_people(shared_data / "human", tmp_path / "people")
    shown = called(["curve", str(tmp_path / "people"), "--over", "reward", "--where", "chance=0.75", "--json"])
    [row] = json.loads(shown.stdout)
    assert (row["levels"], row["seen"]) == (3, "trade-off")
    assert (row["from"], row["to"]) == pytest.approx((0.203, 0.764), abs=0.001)
    assert 35 < row["threshold_low"] < 37 < row["threshold"] < 42 < row["threshold_high"] < 45  # nine sessions are few


@pytest.mark.slow
def test_a_data_set_of_people_has_the_same_curve(swept_run: Path, shared_data: Path, tmp_path: Path) -> None:
    """Fudenberg, Rand and Dreber (2012): more cooperate as the benefit rises from 1.5 to 4 times the cost."""
    source = shared_data / "human" / "fudenberg_rand_dreber_2012.parquet"
    assert called(["import", "human", str(source), "--out", str(tmp_path / "people")]).returncode == 0
    over = ("--over", "benefit_to_cost", "--against", str(tmp_path / "people"), "--json")
    *_, row = json.loads(called(["curve", str(swept_run), *over]).stdout)
    assert (row["agent"], row["levels"], row["seen"]) == ("against: people", 4, "trade-off")
    assert row["from"] < row["to"]
    assert row["slope_low"] > 0
    wrong = called(["curve", str(tmp_path / "people"), "--over", "chance"])
    assert (wrong.returncode, "no game here has a number 'chance'" in wrong.stderr) == (2, True)
