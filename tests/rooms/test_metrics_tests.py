"""Tests of what agents got: which values become draws, what is paired with what, and what a reader is told."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from comity.games.matrix import PrisonersDilemma, StagHunt
from comity.metrics import METRICS, MetricError
from comity.metrics.scores import score_metrics
from comity.metrics.standards import SCORES, STANDARDS, standards
from comity.metrics.tests import Answers, Question, answers
from comity.metrics.units import averaged, episode_values
from comity.records.spec import Cell, Spec
from comity.records.tables import Tables, tables
from comity.stats.bayes import jzs_of
from comity.stats.means import one_sample, paired, two_sample
from comity.stats.mixed import mixed
from comity.stats.multiplicity import holm

Match = tuple[str, str, str, Sequence[tuple[str, float]]]
"""Mechanism, game, replicate, and the agent and score of every seat."""
MEAN = METRICS["mean"]


def told(matches: Iterable[Match], *, drawn: bool = True, shared: bool = False) -> Tables:
    """Tables of these matches; a score that is NaN stands for a match that was forfeited."""
    outcomes, heads = [], []
    for match, (mechanism, game, replicate, seats) in enumerate(matches):
        where = {"match": match, "mechanism": mechanism, "game": game, "replicate": replicate}
        lost = any(math.isnan(score) for _, score in seats)
        status = "forfeited" if lost else "finished"
        heads.append({**where, "repeat": 0, "drawn": drawn, "shared": shared, "status": status})
        for seat, (agent, score) in enumerate(seats):
            who = {"player": seat, "seat": seat, "role": "player", "agent": agent, "status": status}
            outcomes.append({**where, **who, "payoff": score * 10, "score": score})
    empty = tables([])
    return Tables(pd.DataFrame(heads), pd.DataFrame(outcomes), empty.plays, empty.decisions)


def played(seed: int = 1, games: Sequence[str] = ("a", "b")) -> list[Match]:
    """Everybody against everybody and itself, in two mechanisms, two replicates."""
    rng, agents = np.random.default_rng(seed), ("x", "y", "z")
    levels = dict(zip(agents, (0.3, 0.5, 0.6), strict=True))
    return [
        (mechanism, game, replicate, [(agent, levels[agent] + float(rng.normal(0, 0.2))) for agent in pair])
        for mechanism, game, replicate in product(("m", "n"), games, ("0", "1"))
        for pair in product(agents, agents)
    ]


def ask(matches: Iterable[Match], *, drawn: bool = True, shared: bool = False, **asked: Any) -> Answers:
    return answers(told(matches, drawn=drawn, shared=shared), "mean", MEAN, Question(**asked))


def only(found: Answers) -> dict[str, Any]:
    [row] = found.rows
    return row


def scores(matches: Iterable[Match], agent: str, **where: str) -> list[float]:
    """The score of an agent in each of its matches, both seats averaged."""
    keys = ("mechanism", "game", "replicate")
    return [
        float(np.mean([score for name, score in seats if name == agent]))
        for *labels, seats in matches
        if agent in dict(seats) and all(dict(zip(keys, labels, strict=True))[key] == where[key] for key in where)
    ]


# What is a draw


def test_an_episode_is_one_value_whatever_happened_in_it() -> None:
    values = episode_values(
        told([("m", "a", "0", [("x", 0.2), ("x", 0.6)]), ("m", "a", "0", [("x", 1), ("y", 0)])]), MEAN, "mean"
    )
    assert values[["agent", "opponent", "pair", "seat", "value"]].to_numpy().tolist() == [
        ["x", "x", "x, x", "0, 1", 0.4],
        ["x", "y", "x, y", "0", 1.0],
        ["y", "x", "x, y", "1", 0.0],
    ]


def test_against_a_number_it_is_the_t_test_of_episodes() -> None:
    matches = played()
    found, exact = only(ask(matches, labels=("y",), value=0.4)), one_sample(scores(matches, "y"), 0.4)
    assert (found["agent"], found["against"], found["n"], found["n_against"]) == ("y", "0.4", 40, None)
    told_numbers = [found[name] for name in ("difference", "low", "high", "t", "df", "p", "d", "d_low", "d_high")]
    difference = exact.difference
    assert told_numbers == pytest.approx(
        [difference.value, difference.low, difference.high, exact.t, 39, exact.p, exact.d, exact.d_low, exact.d_high]
    )
    factor = jzs_of(exact)
    assert [10 ** found[f"log10_bf{side}"] for side in ("", "_above", "_below")] == pytest.approx(
        [factor.either, factor.above, factor.below]
    )


def test_against_another_it_is_welchs_and_says_who_met_whom() -> None:
    matches = played()
    found = ask(matches, labels=("x",), against=("y",))
    exact = two_sample(scores(matches, "x"), scores(matches, "y"))
    row = only(found)
    assert (row["t"], row["df"], row["n"], row["n_against"]) == pytest.approx((exact.t, exact.freedom, 40, 40))
    assert (row["mean"], row["mean_against"]) == pytest.approx(
        (np.mean(scores(matches, "x")), np.mean(scores(matches, "y")))
    )
    assert any("x against y: 16 are on both sides" in note for note in found.notes)


def test_rows_are_one_family() -> None:
    found = ask(played(), against=("all",), by=("game",))
    assert [(row["agent"], row["against"], row["game"]) for row in found.rows] == [
        (*pair, game) for game in ("a", "b") for pair in (("x", "y"), ("x", "z"), ("y", "z"))
    ]
    assert [row["p_holm"] for row in found.rows] == pytest.approx(holm([row["p"] for row in found.rows]).tolist())
    assert any("all 6 rows" in note for note in found.notes)


def test_where_two_met_they_are_compared_match_by_match() -> None:
    matches = played()
    found = only(ask(matches, labels=("x",), against=("y",), paired=("match",)))
    met = [dict(seats) for *_, seats in matches if {name for name, _ in seats} == {"x", "y"}]
    exact = paired([seats["x"] for seats in met], [seats["y"] for seats in met])
    assert (found["t"], found["df"], found["n"], found["n_against"]) == pytest.approx((exact.t, 15, 16, None))


def test_pairs_are_over_what_they_are_paired_by() -> None:
    matches = played()[:-1]
    found = ask(matches, labels=("x",), against=("y",), paired=("mechanism", "game", "replicate"))
    keys = [dict(zip(("mechanism", "game", "replicate"), key, strict=True)) for key in product("mn", "ab", "01")]
    first, second = ([np.mean(scores(matches, agent, **key)) for key in keys] for agent in ("x", "y"))
    exact = paired(first, second)
    assert (only(found)["t"], only(found)["n"]) == pytest.approx((exact.t, 8))
    lost = ask(
        [match for match in matches if match[0] == "m" or "x" not in dict(match[3])],
        labels=("x",),
        against=("y",),
        paired=("mechanism", "game"),
    )
    assert only(lost)["n"] == 2
    assert any("2 left out, for one side has none of that mechanism, game" in note for note in lost.notes)


@pytest.mark.parametrize(("unit", "n"), [("match", 40), ("replicate", 8), ("opponent", 3), ("pair", 3), ("game", 2)])
def test_what_is_one_draw_can_be_chosen(unit: Any, n: int) -> None:
    matches = played()
    found = only(ask(matches, labels=("x",), value=0.3, unit=unit))
    assert found["n"] == n
    if unit == "replicate":
        draws = [
            np.mean(scores(matches, "x", mechanism=m, game=g, replicate=r)) for m, g, r in product("mn", "ab", "01")
        ]
        assert found["t"] == pytest.approx(stats.ttest_1samp(draws, 0.3).statistic)


def test_mechanisms_are_compared_with_one_value_per_match() -> None:
    matches = played()
    found = only(ask(matches, between="mechanism", against=("n",), agents=("x", "y")))
    sides = [
        [np.mean(own) for m, *_, seats in matches if m == side and (own := [s for a, s in seats if a != "z"])]
        for side in "mn"
    ]
    exact = two_sample(*sides)
    assert (found["mechanism"], found["against"], found["n"]) == ("m", "n", 32)
    assert (found["t"], found["df"]) == pytest.approx((exact.t, exact.freedom))


# Models


def test_a_mixed_model_gives_games_opponents_and_replicates_levels() -> None:
    matches = played(games=("a", "b", "c"))
    found = ask(matches, labels=("x",), against=("y",), model="mixed")
    values = episode_values(told(matches), MEAN, "mean")
    rows = values[values["agent"].isin(("x", "y"))].sort_values("agent", kind="stable")
    kinds = {name: rows[name] for name in ("game", "opponent", "match")}
    kinds["replicate"] = rows["mechanism"] + rows["game"] + rows["replicate"]
    exact = mixed(rows["value"], np.column_stack([np.ones(len(rows)), rows["agent"] == "x"]), kinds, intervals=False)
    row, effect = only(found), exact.effects[1]
    assert (row["difference"], row["t"], row["df"]) == pytest.approx((effect.value, effect.t, effect.freedom), rel=1e-3)
    assert row["d"] is row["log10_bf"] is None
    [said] = [note for note in found.notes if "standard deviations" in note]
    assert all(name in said for name in (*kinds, "episode"))
    assert "BF" not in found.heads


def test_a_mixed_model_of_one_agent_is_held_against_a_number() -> None:
    found = only(ask(played(), labels=("x",), value=0.3, model="mixed"))
    assert found["difference"] == pytest.approx(np.mean(scores(played(), "x")) - 0.3, abs=0.03)
    assert found["n_against"] is None


def test_without_anything_to_give_levels_to_there_is_no_mixed_model() -> None:
    matches = [("m", "a", str(r), [("x", r / 10), ("y", r / 7)]) for r in range(5)]
    found = ask(matches, labels=("x",), value=0.3, model="mixed")
    assert only(found)["t"] is None
    assert any("x against 0.3: no test: there are no games, opponents or replicates" in note for note in found.notes)


# Standards that need no player

CELLS = [Cell(game, "none", Spec.of(game)) for game in ("prisoners_dilemma", "stag_hunt")]


def test_random_play_of_the_dilemma_is_the_mean_of_its_cells() -> None:
    found = standards(CELLS, "share_of_max", "random")
    for cell, game in zip(CELLS, (PrisonersDilemma(), StagHunt()), strict=True):
        most = max(game.payoffs(profile)[0] for profile in product(*game.actions))
        mean = np.mean([game.payoffs(profile)[0] for profile in product(*game.actions)]) / most
        assert found[cell.mechanism_label, cell.game_label, "player"] == pytest.approx(mean)


@pytest.mark.parametrize("standard", STANDARDS)
def test_every_standard_has_every_score(standard: str) -> None:
    assert set(SCORES) == set(score_metrics(CELLS))
    for metric in SCORES:
        found = standards(CELLS, metric, standard)
        assert len(found) == 2
        assert all(0 <= value <= 1 for value in found.values())
    assert set(standards(CELLS, "mutual_cooperation", "nash").values()) <= {0.0, 1 / 3, 0.5}


def test_a_standard_that_is_none_is_refused() -> None:
    with pytest.raises(MetricError, match="no baseline 'nope'; there are random"):
        standards(CELLS, "joint", "nope")
    with pytest.raises(MetricError, match="not of mean"):
        standards(CELLS, "mean", "random")


# What a reader is told


def test_what_is_no_draw_is_told() -> None:
    calm = ask(played(), labels=("x",), value=0.3, drawn=False)
    assert any("nothing was left to chance in 40 of 40 episodes" in note for note in calm.notes)
    assert any("20 of these are copies of others" in note for note in calm.notes)
    shared = ask(played(), labels=("x",), value=0.3, shared=True)
    assert any("40 of 40 episodes share" in note and "--unit replicate" in note for note in shared.notes)
    assert not any(
        "nothing was left" in note or "share" in note for note in ask(played(), labels=("x",), value=0.3).notes
    )


def test_what_has_no_value_is_left_out_and_counted() -> None:
    matches = [*played(), ("m", "a", "0", [("x", math.nan), ("y", math.nan)])]
    found = ask(matches, labels=("x",), value=0.3)
    assert only(found)["n"] == 40
    assert "episodes without a value: 1 forfeited" in found.notes


def test_what_does_not_vary_has_a_difference_and_no_test() -> None:
    found = ask([("m", "a", "0", [("x", 0.5), ("y", 0.1)])] * 3, labels=("x",), value=0.3)
    row = only(found)
    assert row["difference"] == pytest.approx(0.2)
    assert all(row[name] is None for name in ("low", "t", "df", "p", "p_holm", "d", "log10_bf"))
    assert any("no spread at all" in note for note in found.notes)
    assert json.loads(json.dumps(found.rows))[0]["t"] is None


def test_a_row_that_cannot_be_tested_does_not_hide_the_others() -> None:
    matches = [*played(), ("m", "c", "0", [("x", 0.5), ("y", 0.1)])]
    found = ask(matches, labels=("x",), value=0.3, by=("game",))
    assert [row["t"] is None for row in found.rows] == [False, False, True]
    assert any(
        "x against 0.3 c: no test: a t test needs two draws or more in each group; found 1" in n for n in found.notes
    )


def test_tables_are_read_in_markdown() -> None:
    found = ask(played(), labels=("x",), against=("y",))
    lines = found.as_markdown().splitlines()
    assert lines[0].startswith("| agent | against | difference | 95 % interval | t |")
    assert len(found.shown()[0]) == len(found.heads)
    assert set(found.columns) == set(found.rows[0])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "one of --against, --value and --baseline"),
        ({"value": 0.1, "against": ("x",)}, "one of --against"),
        ({"value": 0.1, "labels": ("nope",)}, "no agent 'nope' here; there are x, y, z"),
        ({"against": ("nope",)}, "no agent 'nope'"),
        ({"labels": ("x",), "against": ("x",)}, "x cannot be compared with itself"),
        ({"value": 0.1, "games": ("nope",)}, "no game 'nope' here; there are a, b"),
        ({"value": 0.1, "by": ("agent",)}, "--by takes different keys of match, mechanism, game, role"),
        ({"value": 0.1, "by": ("game", "game")}, "--by takes different keys"),
        ({"value": 0.1, "paired": ("game",)}, "leave --paired-by out"),
        ({"against": ("x",), "paired": ("game",), "model": "mixed"}, "leave --paired-by out"),
        ({"against": ("x",), "paired": ("game",), "unit": "game"}, "leave one of --paired-by and --unit out"),
        ({"against": ("x",), "paired": ("game",), "by": ("game",)}, "cannot pair episodes within a row"),
        ({"against": ("x",), "model": "mixed", "unit": "game"}, "leave --unit out"),
        ({"against": ("x",), "model": "binomial"}, "yes or no in every play"),
        ({"value": 1.5, "model": "binomial"}, "between 0 and 1; found 1.5"),
        ({"value": math.nan}, "--value is a number; found nan"),
        ({"value": math.inf}, "--value is a number; found inf"),
        ({"baseline": "random", "model": "binomial"}, "leave --model out"),
        ({"baseline": "random"}, "not of mean"),
        ({"between": "mechanism", "against": ("m",), "agents": ("nope",)}, "no agent 'nope'"),
    ],
)
def test_questions_without_sense_are_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(MetricError, match=said):
        ask(played(), **asked)


def test_metrics_that_single_episodes_do_not_have_are_refused() -> None:
    with pytest.raises(MetricError, match="fitness is worked out of a whole cell"):
        answers(told(played()), "fitness", METRICS["fitness"], Question(value=0.0))
    with pytest.raises(MetricError, match=r"points of each game, and a, b cannot be averaged"):
        answers(told(played()), "payoff", METRICS["payoff"], Question(value=0.0))
    by_game = answers(told(played()), "payoff", METRICS["payoff"], Question(value=0.0, by=("game",)))
    assert len(by_game.rows) == 6
    with pytest.raises(MetricError, match="no episode here has a value of mean"):
        ask([("m", "a", "0", [("x", math.nan), ("y", math.nan)])], value=0.0)


def test_averages_are_over_what_has_a_value() -> None:
    frame = pd.DataFrame({"game": ["a", "a", "b"], "value": [1.0, 3.0, math.nan]})
    assert averaged(frame, ["game"]).to_numpy().tolist() == [["a", 2.0]]
