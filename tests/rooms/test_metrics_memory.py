"""What is said of repeated play: automata give their own memory, planted agents lie in their intervals.

Matches are played by the strategies of the catalogue in games of the catalogue; what must come out is known from the
tables of the automata, or counted by hand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from comity.core.match import play
from comity.exact.automata import Automaton
from comity.metrics import MetricError, metrics_of, table
from comity.metrics.episodes import AFTER, rounds_of
from comity.metrics.memory import NAMED, forgiveness, median_of, memory_one, share_of
from comity.metrics.pairings import pairings, scores, scores_together, together
from comity.metrics.turns import in_step, turns
from comity.records.record import Failure, Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.tables import Tables, tables
from comity.stats.proportions import clustered, wilson
from comity.strategies.catalogue import STRATEGIES

pytestmark = pytest.mark.slow

C, D = "cooperate", "defect"
AGENTS: dict[str, dict[str, Any]] = {
    "mix": {"name": "memory_one", "first": 0.9, "both": 0.9, "sucker": 0.2, "tempted": 0.6, "neither": 0.3},
    "coin": {"name": "random", "p": 0.5},
}
"""Strategies with settings, by what they are called here; others are called as in the catalogue."""
PLANTED = (0.9, 0.9, 0.2, 0.6, 0.3)


def repeated(game: str, rounds: int = 10, **parameters: Any) -> Cell:
    return Cell(game, "repetition", Spec.of(game, parameters), (Spec.of("repetition", {"rounds": rounds}),))


PD = repeated("prisoners_dilemma")
MEETING = repeated(
    "matrix",
    6,
    first_actions=("left", "right"),
    second_actions=("left", "right"),
    cells=(((3, 2), (0, 0)), ((0, 0), (2, 3))),
)
"""A game in which both want to meet, and no action cooperates."""


def played(of: Cell, index: int, *agents: str, **where: Any) -> Record:
    spec = MatchSpec(index, of, agents, **where)
    deciding = [_strategy(name).begin(of.built, player) for player, name in enumerate(agents)]
    match = play(of.built, lambda decision: deciding[decision.player](decision), spec.key(1))
    assert match.outcome is not None
    return Record(spec, "finished", tuple(match.choices), match.lotteries, match.outcome.payoffs)


def _strategy(name: str) -> Any:
    settings = AGENTS.get(name, {"name": name})
    return STRATEGIES[settings["name"]](**{key: value for key, value in settings.items() if key != "name"})


def moves(of: Cell, index: int, agents: str, *sides: str, **where: Any) -> Record:
    """A match in which seat i takes the option whose place is the sign of `sides[i]` for the round."""
    asked = [0] * len(sides)

    def decide(decision: Any) -> Any:
        options, player = list(decision.options), decision.player
        asked[player] += 1
        return options[int(sides[player][asked[player] - 1])]

    spec = MatchSpec(index, of, tuple(agents), **where)
    match = play(of.built, decide, spec.key(1))
    assert match.outcome is not None
    return Record(spec, "finished", tuple(match.choices), match.lotteries, match.outcome.payoffs)


def rounds(*records: Record) -> pd.DataFrame:
    return rounds_of(tables(records), {record.match.cell for record in records})


def everybody(of: Cell, names: Sequence[str]) -> pd.DataFrame:
    return rounds(*(played(of, index, *pair) for index, pair in enumerate(product(names, repeat=2))))


# Memory-one


SOUNDING = [
    "always_cooperate",
    "always_defect",
    "alternate",
    "reverse_tit_for_tat",
    "win_stay_lose_shift",
    "defect_once",
]
"""Deterministic partners that together bring about every kind of last round."""


@pytest.mark.parametrize(
    ("name", "vector"),
    [
        ("tit_for_tat", (1, 1, 0, 1, 0)),
        ("grim", (1, 1, 0, 0, 0)),
        ("always_cooperate", (1, 1, 1, None, None)),
        ("always_defect", (0, None, None, 0, 0)),
        ("win_stay_lose_shift", (1, 1, 0, 0, 1)),
        ("alternate", (1, 0, 0, 1, 1)),
        ("reverse_tit_for_tat", (0, 0, 1, 0, 1)),
        ("suspicious_tit_for_tat", (0, 1, 0, 1, 0)),
    ],
)
def test_automata_give_their_own_memory_exactly(name: str, vector: tuple[float | None, ...]) -> None:
    found = rounds(*(played(PD, index, name, other) for index, other in enumerate(SOUNDING)))
    [fit] = memory_one(found[found["player"] == 0])
    assert fit.key == (name,)
    assert fit.basis == "cooperation"
    assert [share.value if share.rounds else None for share in fit.after] == list(vector)
    assert all(share.low == share.value == share.high for share in fit.after if share.rounds), "nothing was drawn"
    assert fit.predicted == fit.agreement == 1
    assert fit.likelihood == 0
    assert name in fit.nearest
    assert (fit.rounds, fit.episodes) == (10 * len(SOUNDING), len(SOUNDING))
    assert sum(share.rounds for share in fit.after) == fit.rounds
    assert fit.after[0].rounds == fit.after[0].episodes == len(SOUNDING)


@pytest.mark.parametrize("name", list(NAMED))
def test_each_named_strategy_is_nearest_to_itself(name: str) -> None:
    partners = [*SOUNDING, "tit_for_two_tats", "hard_tit_for_tat"]
    found = rounds(*(played(PD, index, name, other) for index, other in enumerate(partners)))
    [fit] = memory_one(found[found["player"] == 0])
    assert fit.nearest == (name,)


def test_a_strategy_with_longer_memory_is_not_predicted_by_one_round() -> None:
    found = rounds(*(played(PD, index, "tit_for_two_tats", other) for index, other in enumerate(SOUNDING)))
    [fit] = memory_one(found[found["player"] == 0])
    assert fit.agreement == 1
    assert fit.predicted < 1
    assert fit.constant < fit.likelihood < 0


def test_strategies_that_did_the_same_are_named_together() -> None:
    [fit] = memory_one(rounds(played(PD, 0, "tit_for_tat", "tit_for_tat")))
    assert {"always_cooperate", "tit_for_tat", "grim", "win_stay_lose_shift"} <= set(fit.nearest)
    assert "always_defect" not in fit.nearest


def test_with_several_others_they_cooperated_if_all_did() -> None:
    cell = repeated("public_goods", 3, players=3)
    found = rounds(moves(cell, 0, "abc", "000", "001", "010"))
    of_a = {AFTER[after] for after in found.loc[found["agent"] == "a", "after"]}
    assert of_a == {"first", "CC", "CD"}
    of_b = [AFTER[after] for after in found.loc[found["agent"] == "b", "after"]]
    assert of_b == ["first", "CC", "CD"]


def test_without_cooperative_actions_the_first_option_counts() -> None:
    found = rounds(moves(MEETING, 0, "ab", "001100", "000000"))
    fits = {fit.key: fit for fit in memory_one(found)}
    assert {fit.basis for fit in fits.values()} == {"first option"}
    first, after_cc, *_ = fits[("a",)].after
    assert (first.value, after_cc.value, after_cc.rounds) == (1, 2 / 3, 3)
    assert not forgiveness(found)


def test_a_named_and_an_unnamed_game_are_not_mixed() -> None:
    found = rounds(moves(MEETING, 0, "ab", "001100", "000000"), moves(PD, 1, "ab", "0" * 10, "1" * 10))
    fits = memory_one(found)
    assert sorted((fit.key, fit.basis, fit.rounds) for fit in fits) == [
        (("a",), "cooperation", 10),
        (("a",), "first option", 6),
        (("b",), "cooperation", 10),
        (("b",), "first option", 6),
    ]


def test_keys_make_rows_and_unknown_ones_are_refused() -> None:
    found = everybody(PD, ["tit_for_tat", "grim"])
    assert [fit.key for fit in memory_one(found, ["mechanism", "agent"])] == [
        ("repetition", "tit_for_tat"),
        ("repetition", "grim"),
    ]
    with pytest.raises(MetricError, match="'opponent' is not a key"):
        memory_one(found, ["opponent"])


def test_matches_of_one_round_and_populations_are_no_episodes() -> None:
    once = Cell("prisoners_dilemma", "none", Spec.of("prisoners_dilemma"))
    rotated = Cell(
        "prisoners_dilemma",
        "reputation_first_order",
        Spec.of("prisoners_dilemma"),
        (Spec.of("reputation_first_order", {"rounds": 3}),),
    )
    group = [played(once, 0, "grim", "grim"), played(rotated, 1, *["tit_for_tat"] * 12)]
    found = rounds(*group)
    assert found.empty
    assert not memory_one(found)
    assert not forgiveness(found)
    assert not turns(found)
    assert pairings(found, [once]).empty
    assert scores(found, [once]).empty


def test_planted_agents_lie_in_their_intervals() -> None:
    """Of 200 shares with 95 % intervals at least 184 hold; fewer would be a chance of one in a thousand."""
    held, wide = 0, []
    for study in range(40):
        partners = enumerate(["coin", "mix"] * 8)
        records = [played(PD, index, "mix", other, repeat=16 * study + index) for index, other in partners]
        [fit] = [fit for fit in memory_one(rounds(*records)) if fit.key == ("mix",)]
        held += sum(share.low <= true <= share.high for share, true in zip(fit.after, PLANTED, strict=True))
        wide += [share.high - share.low for share in fit.after]
    assert held >= 184
    assert 0.05 < np.median(wide) < 0.45


# Unforgiveness


def test_the_curve_of_grim_is_one_and_then_nothing() -> None:
    found = rounds(played(PD, 0, "grim", "defect_once"), played(PD, 1, "grim", "always_cooperate"))
    curves = {one.key: one for one in forgiveness(found)}
    grim = curves[("grim",)]
    assert [share.value for share in grim.after] == [1, 0]
    assert [share.rounds for share in grim.after] == [11, 9]
    assert (grim.again.value, grim.again.episodes) == (0, 1)
    assert math.isinf(grim.wait.value)
    assert len(curves[("always_cooperate",)].after) == 1


def test_tit_for_tat_forgives_after_two_rounds() -> None:
    [curve] = [
        one for one in forgiveness(rounds(played(PD, 0, "tit_for_tat", "defect_once"))) if one.key == ("tit_for_tat",)
    ]
    assert [share.value for share in curve.after] == [1, pytest.approx(8 / 9)]
    assert (curve.again.value, curve.wait.value) == (1, 2)


def test_defections_are_counted_before_the_round() -> None:
    found = rounds(moves(PD, 0, "ab", "0101010101", "0011110000"))
    [curve, _] = forgiveness(found)
    assert [share.rounds for share in curve.after] == [3, 1, 1, 1, 4]
    assert [share.value for share in curve.after] == [2 / 3, 0, 1, 0, 1 / 2]
    assert curve.wait.value == 2, "the partner defected first in the third round, and a cooperates in the fifth"


def test_forgiveness_is_a_metric_and_a_lost_match_is_missing() -> None:
    records = [played(PD, 0, "grim", "defect_once"), played(PD, 1, "tit_for_tat", "defect_once")]
    lost = Record(MatchSpec(2, PD, ("grim", "defect_once")), "forfeited", failure=Failure(0, 0, 0, "act", "no"))
    rows = _rows("forgiveness", [*records, lost])
    assert rows["grim"]["value"] == 0
    assert rows["grim"]["missing"] == 1
    assert rows["tit_for_tat"]["value"] == pytest.approx(8 / 9)
    # Of defect_once grim defects from the second round on, and tit for tat in the second.
    assert rows["defect_once"]["value"] == 1


def _rows(metric: str, records: Sequence[Record], by: Sequence[str] = ("agent",)) -> dict[str, dict[str, Any]]:
    cells = {record.match.cell for record in records}
    found = table(tables(records), metric, by, ["all"], metrics=metrics_of(cells))
    return {" ".join(row[key] for key in by): row for row in found.rows}


# Turns


def test_those_who_take_turns_alternate_from_first_to_last() -> None:
    [of_a, of_b] = turns(rounds(moves(MEETING, 0, "ab", "010101", "010101")))
    for one in (of_a, of_b):
        assert one.switching.value == one.alternation.value == one.coordination.value == one.in_step.value == 1
        assert one.since.value == 1


@pytest.mark.parametrize(
    ("first", "second", "alternation", "coordination", "since"),
    [
        ("000000", "000000", 0, 1, 1),
        ("010101", "101010", 0, 0, math.inf),
        ("000000", "010101", 0, 1 / 2, math.inf),
        ("110101", "010101", 4 / 5, 5 / 6, 2),
        ("001001", "001001", 3 / 5, 1, 1),
        ("111010", "110101", 0, 2 / 6, math.inf),
    ],
)
def test_turns_are_counted_in_coordinated_rounds_only(
    first: str, second: str, alternation: float, coordination: float, since: float
) -> None:
    found = rounds(moves(MEETING, 0, "ab", first, second))
    [one, _] = turns(found)
    assert one.alternation.value == pytest.approx(alternation)
    assert one.coordination.value == pytest.approx(coordination)
    assert one.since.value == since
    assert in_step(found)["ended"].tolist() == [math.isfinite(since)] * 2


@given(st.text("01", min_size=6, max_size=6), st.text("01", min_size=6, max_size=6))
@settings(max_examples=30, deadline=None)
def test_turns_do_not_hang_on_seats_or_the_order_of_options(first: str, second: str) -> None:
    turned = str.maketrans("01", "10")
    there, swapped, renamed = (
        turns(rounds(moves(MEETING, 0, "ab", *sides)))[0]
        for sides in ((first, second), (second, first), (first.translate(turned), second.translate(turned)))
    )
    assert there.alternation == swapped.alternation == renamed.alternation
    assert there.coordination == swapped.coordination == renamed.coordination
    assert 0 <= there.alternation.value <= 1


def test_alternation_and_switching_are_metrics() -> None:
    records = [moves(MEETING, 0, "ab", "110101", "010101")]
    assert _rows("alternation", records)["a"]["value"] == pytest.approx(4 / 5)
    switching = _rows("switching", records)
    assert (switching["a"]["value"], switching["b"]["value"]) == (pytest.approx(4 / 5), 1)
    assert _rows("alternation", records, ["mechanism"])["repetition"]["matches"] == 1


def test_three_players_change_but_take_no_turns() -> None:
    found = rounds(moves(repeated("public_goods", 4, players=3), 0, "abc", "0101", "0000", "0011"))
    [of_a, *_] = turns(found)
    assert of_a.switching.value == 1
    assert of_a.alternation.rounds == of_a.in_step.rounds == 0


# Pairings


def test_pairings_are_not_averaged_over_seats() -> None:
    records = [played(PD, 0, "always_cooperate", "always_defect"), played(PD, 1, "always_defect", "tit_for_tat")]
    found = together(pairings(rounds(*records), [PD]))
    assert found["defection_1", "always_cooperate", "always_defect"].value == 0
    assert found["defection_2", "always_cooperate", "always_defect"].value == 1
    assert found["score_1", "always_cooperate", "always_defect"].value == 0
    assert found["score_2", "always_cooperate", "always_defect"].value == 1
    assert ("defection_1", "always_defect", "always_cooperate") not in found
    assert found["coordination", "always_defect", "tit_for_tat"].value == pytest.approx(9 / 10)
    assert found["defection_2", "always_defect", "tit_for_tat"].value == pytest.approx(9 / 10)
    # Ten rounds: once the temptation of 3, then nine punishments of 1, over ten times 3.
    assert found["score_1", "always_defect", "tit_for_tat"].value == pytest.approx((3 + 9) / 30)
    assert all(one.low == one.value == one.high for one in found.values())


def test_scores_of_agents_count_an_episode_once() -> None:
    found = scores(rounds(played(PD, 0, "grim", "grim"), played(PD, 1, "grim", "always_defect")), [PD])
    assert found.set_index("agent")["episodes"].to_dict() == {"grim": 2, "always_defect": 1}
    together_ = scores_together(found)
    assert together_["grim"].value == pytest.approx((2 / 3 + 9 / 30) / 2)


def test_a_pairing_has_an_interval_over_replicates() -> None:
    records = [played(PD, index, "coin", "coin", replicate=str(index)) for index in range(6)]
    found = together(pairings(rounds(*records), [PD]))
    one = found["defection_1", "coin", "coin"]
    own = [tables([record]).plays.query("seat == 0")["cooperated"].astype(float).mean() for record in records]
    assert one.value == pytest.approx(1 - np.mean(own))
    spread = max(float(np.var(own, ddof=1)), 1 / 12) / 6
    assert one.error == pytest.approx(math.sqrt(spread))
    assert one.freedom == 5


# What intervals rest on


def test_shared_proposals_make_a_replicate_one_draw() -> None:
    found = rounds(*(played(PD, index, "coin", "coin", replicate=str(index // 3)) for index in range(6)))
    told = tables([played(PD, index, "coin", "coin", replicate=str(index // 3)) for index in range(6)])
    shared = Tables(told.matches.assign(shared=True), told.outcomes, told.plays, told.decisions)
    assert found["cluster"].nunique() == 6
    assert rounds_of(shared, [PD])["cluster"].nunique() == 2


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=12))
def test_clusters_make_an_interval_no_shorter_than_independent_draws(drawn: list[tuple[int, int]]) -> None:
    successes, failures = np.array(drawn).T
    counts = successes + failures
    if (counts > 0).sum() < 2:
        assert all(map(math.isnan, clustered(successes, counts)))
        return
    low, high = clustered(successes, counts)
    share = successes.sum() / counts.sum()
    assert 0 <= low <= share <= high <= 1
    alone = wilson(successes.sum(), counts.sum())
    assert low <= alone[0] + 1e-9 or share == 0
    assert high >= alone[1] - 1e-9 or share == 1


def test_clusters_that_agree_count_as_one_draw_each() -> None:
    assert clustered([9, 9, 9], [9, 9, 9]) == wilson(3, 3)
    assert clustered([4, 2], [8, 4]) == wilson(1, 2)
    assert clustered([0, 1, 1, 0] * 50, [1] * 200)[0] == pytest.approx(wilson(100, 200)[0], abs=0.001)
    with pytest.raises(ValueError, match="between 0 and its number"):
        clustered([2], [1])


def test_the_median_says_never_where_most_never_do() -> None:
    told = pd.DataFrame({"wait": [1.0, 2.0, math.inf, math.inf, math.inf], "drawn": True})
    assert math.isinf(median_of(told, "wait").value)
    assert math.isnan(median_of(told, "wait").low), "five episodes are too few"
    many = pd.DataFrame({"wait": [*range(1, 21)], "drawn": True})
    found = median_of(many, "wait")
    assert (found.value, found.low, found.high) == (10, 6, 15)  # ranks 6 and 15 of 20, as in the tables of David (1981)


def test_a_share_of_nothing_is_unknown() -> None:
    nothing = share_of(rounds(played(PD, 0, "grim", "grim")).iloc[:0])
    assert math.isnan(nothing.value)
    assert nothing.rounds == 0


def test_automata_are_followed_as_they_play() -> None:
    """What an automaton would have done, given the past, is what it did in its own matches."""
    found = everybody(PD, ["tit_for_two_tats", "alternate", "hard_tit_for_tat"])
    fits = {fit.key[0]: fit for fit in memory_one(found)}
    assert all(fits[name].agreement == 1 and name in fits[name].nearest for name in fits)
    assert isinstance(NAMED["grim"], Automaton)
    assert_allclose([fit.predicted <= 1 for fit in fits.values()], 1)
