"""How far off a number may be: closed forms, what was drawn and what was not, and which differences count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import isnan, nan, sqrt
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from comity.metrics import METRICS, MetricError, contrasts, table
from comity.metrics.planning import NotPlannable, needed
from comity.metrics.strata import strata
from comity.records.tables import Tables, tables

Row = tuple[str, str, str, str, float]
"""Mechanism, game, replicate, agent, score."""


def told(rows: Iterable[Row], *, drawn: bool = True, shared: bool = False, per_match: int = 1) -> Tables:
    """Tables in which each row is one player; so many rows after each other make a match."""
    outcomes, matches = [], []
    for place, (mechanism, game, replicate, agent, score) in enumerate(rows):
        match, seat = divmod(place, per_match)
        where = {"match": match, "mechanism": mechanism, "game": game, "replicate": replicate}
        who = {"player": seat, "seat": seat, "role": "player", "agent": agent, "status": "finished"}
        outcomes.append({**where, **who, "payoff": score * 10, "score": score})
        if not seat:
            matches.append({**where, "drawn": drawn, "shared": shared})
    empty = tables([])
    return Tables(pd.DataFrame(matches), pd.DataFrame(outcomes), empty.plays, empty.decisions)


def row(found: Any, *key: str) -> dict[str, Any]:
    [only] = [row for row in found.rows if tuple(row[name] for name in found.by) == key]
    return dict(only)


SCORES = {"a": (0.2, 0.5, 0.3), "b": (0.8, 0.7, 0.9)}


def by_game(scores: Mapping[str, tuple[float, ...]], mechanism: str = "m", agent: str = "x") -> list[Row]:
    return [
        (mechanism, game, str(replicate), agent, score)
        for game, of_game in scores.items()
        for replicate, score in enumerate(of_game)
    ]


# Intervals


def test_the_interval_of_one_cell_is_students_over_its_replicates() -> None:
    found = row(table(told(by_game(SCORES)), "mean", ["game"]), "a")
    error = stdev(SCORES["a"]) / sqrt(3)
    low, high = stats.t.interval(0.95, 2, fmean(SCORES["a"]), error)
    assert (found["low"], found["high"], found["error"]) == pytest.approx((low, high, error))
    assert found["error_over_games"] is None


def test_games_are_strata_with_draws_of_their_own_and_their_differences_are_no_error() -> None:
    found = row(table(told(by_game(SCORES)), "mean", ["mechanism"], ["all"]), "m")
    variances = [stdev(scores) ** 2 / 3 / 4 for scores in SCORES.values()]
    freedom = sum(variances) ** 2 / sum(variance**2 / 2 for variance in variances)
    half = float(stats.t.ppf(0.975, freedom)) * sqrt(sum(variances))
    assert (found["value"] - found["low"], found["high"] - found["value"]) == pytest.approx((half, half))
    means = [fmean(scores) for scores in SCORES.values()]
    assert found["error_over_games"] == pytest.approx(stdev(means) / sqrt(2))
    assert found["error_over_games"] > 3 * found["error"]


def test_where_nothing_was_drawn_numbers_are_exact() -> None:
    same = by_game({"a": (0.5, 0.5), "b": (0.25, 0.25)})
    result = table(told(same, drawn=False), "mean", ["mechanism"], ["all"])
    found = row(result, "m")
    assert (found["low"], found["high"], found["error"]) == (0.375, 0.375, 0.0)
    assert "where nothing was left to chance, numbers are exact" in result.notes


def test_replicates_that_differ_were_drawn_whatever_is_said_of_them() -> None:
    found = row(table(told(by_game({"a": (0.5, 0.7)}), drawn=False), "mean", ["game"]), "a")
    assert found["low"] < 0.5
    assert found["high"] > 0.7


def test_drawn_replicates_that_happen_to_agree_are_not_taken_for_certain() -> None:
    rows = [("m", "a", str(replicate), "x", score) for replicate in range(3) for score in (0.0, 1.0, 1.0, 0.0)]
    found = row(table(told(rows), "mean", ["game"]), "a")
    step = 1 / 4
    half = float(stats.t.ppf(0.975, 2)) * sqrt(step**2 / 12 / 3)
    assert (found["value"], found["high"] - 0.5) == (0.5, pytest.approx(half))


def test_with_one_replicate_its_matches_are_resampled() -> None:
    rng = np.random.default_rng(1)
    scores = rng.uniform(size=400)
    result = table(told([("m", "a", "1", "x", float(score)) for score in scores]), "mean", ["game"])
    found = row(result, "a")
    assert found["error"] == pytest.approx(scores.std(ddof=1) / 20, rel=0.1)
    assert any("resampled" in note for note in result.notes)


def test_with_one_replicate_whose_proposals_were_made_once_there_is_no_interval() -> None:
    rows = [("m", "a", "1", "x", score) for score in (0.1, 0.6, 0.9)]
    result = table(told(rows, shared=True), "mean", ["game"])
    found = row(result, "a")
    assert (found["low"], found["high"], found["error"]) == (None, None, None)
    assert any(note.startswith("no interval") for note in result.notes)


def test_with_one_replicate_a_whole_match_is_resampled_and_never_a_player() -> None:
    """Two players who are always paid the same are one draw, not two."""
    scores = np.random.default_rng(2).uniform(size=200)
    twice = [("m", "a", "1", "x", float(score)) for score in scores for _ in range(2)]
    once = [("m", "a", "1", "x", float(score)) for score in scores]
    errors = [
        row(table(told(rows, per_match=n), "mean", ["game"]), "a")["error"] for rows, n in ((twice, 2), (once, 1))
    ]
    assert errors[0] == pytest.approx(errors[1])


@settings(max_examples=10)
@given(st.permutations(range(6)))
def test_the_order_of_records_does_not_matter(order: list[int]) -> None:
    rows = by_game(SCORES)
    first = row(table(told(rows), "mean", ["mechanism"], ["all"]), "m")
    again = row(table(told([rows[place] for place in order]), "mean", ["mechanism"], ["all"]), "m")
    for column in ("value", "low", "high", "error", "error_over_games"):
        assert again[column] == pytest.approx(first[column])


def test_rounds_are_no_draws() -> None:
    """Fifteen equal values of one player of one match weigh as much as one."""
    often = [
        ("m", "a", str(replicate), "x", score) for replicate in range(3) for score in (0.0, 1.0) for _ in range(15)
    ]
    once = [("m", "a", str(replicate), "x", score) for replicate in range(3) for score in (0.0, 1.0)]
    rounds = told(often, per_match=15)
    first = rounds.outcomes.drop_duplicates("match")
    spread = strata(
        rounds.outcomes.assign(value=rounds.outcomes["score"]), METRICS["mean"], (), replace(rounds, outcomes=first)
    )
    plain = told(once)
    single = strata(plain.outcomes.assign(value=plain.outcomes["score"]), METRICS["mean"], (), plain)
    assert spread[0].part({(): 1.0}) == single[0].part({(): 1.0})


def test_a_payoff_that_all_but_equals_another_is_no_step() -> None:
    whole = [("m", "a", str(replicate), "x", score) for replicate in range(3) for score in (0.0, 1.0, 1.0, 0.0)]
    slip = [("m", "a", "0", "x", 0.004), *whole[1:]]
    plain, slipped = (row(table(told(rows), "mean", ["game"]), "a")["error"] for rows in (whole, slip))
    assert slipped == pytest.approx(plain, rel=0.05)


def test_drawn_payoffs_that_all_agree_are_not_certain() -> None:
    same = told(by_game({"a": (0.5, 0.5, 0.5)}))
    assert row(table(same, "mean", ["game"]), "a")["error"] == pytest.approx(sqrt(1 / 12 / 3))
    assert row(table(same, "payoff", ["game"]), "a")["error"] is None


def test_what_differs_by_rounding_only_is_no_step() -> None:
    same = [("m", "a", str(replicate), "x", score) for replicate, score in enumerate((0.3, 0.1 + 0.2, 0.3))]
    assert row(table(told(same), "mean", ["game"]), "a")["error"] == pytest.approx(sqrt(1 / 12 / 3))


def test_an_agent_with_one_match_has_no_interval() -> None:
    scores = [("m", "a", "1", "x", score) for score in (0.1, 0.5, 0.7)]
    found = table(told([*scores, ("m", "a", "1", "y", 0.4)]), "mean", ["game", "agent"])
    assert row(found, "a", "y")["error"] is None
    assert row(found, "a", "x")["error"] > 0


# Contrasts


def agents(**scores: tuple[float, ...]) -> list[Row]:
    """Every agent's score in each replicate of one game."""
    return [
        ("m", "a", str(replicate), agent, score)
        for agent, of_agent in scores.items()
        for replicate, score in enumerate(of_agent)
    ]


def test_agents_are_compared_replicate_by_replicate() -> None:
    """What all of them share in a replicate is no difference between them."""
    shifts = (0.013, 0.517, 0.9, 0.111, 0.4)
    noise = (0.41, 0.32, 0.5, 0.37, 0.45)
    rows = agents(x=shifts, y=tuple(map(sum, zip(shifts, noise, strict=True))))
    found, _ = contrasts(told(rows), "payoff", "agent", ["a"])
    [pair] = found.pairs
    paired = stats.ttest_rel(
        [10 * one for one in shifts], [10 * one for one in map(sum, zip(shifts, noise, strict=True))]
    )
    assert {pair.first, pair.second} == {"x", "y"}
    assert pair.p == pytest.approx(paired.pvalue)
    assert found.ranks == {"y": (1, 1), "x": (2, 2)}
    assert found.groups == (("y",), ("x",))


def test_mechanisms_are_compared_game_by_game_with_draws_of_their_own() -> None:
    first, second = (0.2, 0.5, 0.3), (0.6, 0.9, 0.65)
    rows = by_game({"a": first}, "m") + by_game({"a": second}, "n")
    found, _ = contrasts(told(rows), "mean", "mechanism", ["a"])
    [pair] = found.pairs
    welch = stats.ttest_ind(second, first, equal_var=False)
    assert (pair.first, pair.second) == ("n", "m")
    assert pair.p == pytest.approx(welch.pvalue)
    assert pair.difference.value == pytest.approx(fmean(second) - fmean(first))


def test_games_that_only_one_mechanism_has_do_not_count_in_the_difference() -> None:
    rows = by_game({"a": (0.1, 0.2, 0.3)}, "m") + by_game({"a": (0.2, 0.3, 0.1), "b": (5.0, 6.0, 7.0)}, "n")
    found, _ = contrasts(told(rows), "mean", "mechanism", ["all"])
    assert found.pairs == ()  # a mechanism on fewer games is not ranked


@given(st.integers(0, 10_000))
def test_corrections_never_make_a_difference_more_certain(seed: int) -> None:
    scores = np.random.default_rng(seed).uniform(size=(5, 4))
    found, _ = contrasts(
        told(agents(**{f"agent{i}": tuple(one) for i, one in enumerate(scores)})), "mean", "agent", ["a"]
    )
    for pair in found.pairs:
        assert pair.p <= pair.p_bh + 1e-12
        assert pair.p_bh <= pair.p_holm + 1e-12
        assert pair.p_holm <= 1
        assert pair.difference.low <= pair.difference.value <= pair.difference.high
    for best, worst in found.ranks.values():
        assert 1 <= best <= worst <= 5
    assert {label for group in found.groups for label in group} == set(found.labels)


def test_one_replicate_of_shared_proposals_separates_nobody() -> None:
    rows = [("m", "a", "1", agent, score) for agent, score in (("x", 0.1), ("y", 0.9)) for _ in range(3)]
    found, _ = contrasts(told(rows, shared=True), "mean", "agent", ["a"])
    [pair] = found.pairs
    assert isnan(pair.p)
    assert not pair.is_separable
    assert found.groups == (("y", "x"),)


def test_what_a_contrast_is_between_is_checked() -> None:
    with pytest.raises(MetricError, match="between one of agent, role, mechanism"):
        contrasts(told(by_game(SCORES)), "mean", "game", ["a"])  # type: ignore[arg-type]


def test_what_is_left_of_equal_numbers_is_no_difference() -> None:
    rows = [
        ("m", "a", str(match), agent, score)
        for agent, scores in (("x", (0.1, 0.2, 0.3)), ("y", (0.3, 0.2, 0.1)))
        for match, score in enumerate(scores)
    ]
    same = [(mechanism, game, "1", agent, score) for mechanism, game, _, agent, score in rows]
    found, _ = contrasts(told(same, drawn=False), "mean", "agent", ["a"])
    [pair] = found.pairs
    assert (pair.difference.value, pair.p, pair.is_separable) == (0.0, 1.0, False)


def test_only_replicates_that_both_played_count() -> None:
    both = agents(x=(0.1, 0.3, 0.2, 0.5), y=(0.2, 0.5))
    found, _ = contrasts(told(both), "mean", "agent", ["a"])
    [pair] = found.pairs
    assert pair.replicates == 2
    [spread] = pair.spreads
    assert spread.variance == pytest.approx(np.var([-0.1, -0.2], ddof=1), rel=0.5)


def test_mechanisms_on_fewer_games_do_not_count_where_they_are_averaged_away() -> None:
    wide = by_game(SCORES, "m", "x") + by_game(SCORES, "m", "y")
    ablation = by_game({"a": (9.0, 9.0, 9.0)}, "n", "x")
    result = table(told([*wide, *ablation]), "mean", ["agent"], ["all"])
    assert row(result, "x")["value"] == pytest.approx(row(result, "y")["value"])
    assert "not taken, because they are on fewer games: n" in result.notes


# How many replicates it takes


def test_the_replicates_needed_are_those_of_a_paired_t_test() -> None:
    """Differences with a standard deviation of 1 and a true mean of 1 take ten pairs at 80 % power, as tables say."""
    differences = np.array([-1.0, 1.0, -1.0, 1.0, 0.0])
    differences *= 1 / differences.std(ddof=1)
    found, _ = contrasts(told(agents(x=tuple(differences), y=(0.0,) * 5)), "mean", "agent", ["a"])
    [pair] = needed(found, 1.0, 0.8)
    assert (pair.alone, pair.among_all) == (10, 10)


@pytest.mark.parametrize(("difference", "power"), [(0.0, 0.8), (-1.0, 0.8), (nan, 0.8), (0.1, 1.0), (0.1, 0.01)])
def test_a_design_that_cannot_be_asked_for_is_refused(difference: float, power: float) -> None:
    found, _ = contrasts(told(by_game(SCORES)), "mean", "mechanism", ["a"])
    with pytest.raises(NotPlannable):
        needed(found, difference, power)
