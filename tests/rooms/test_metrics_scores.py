"""Scores of plays: closed forms, an independent count over random play, and where there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from statistics import fmean
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.match import play
from comity.core.named import named_game
from comity.exact.baselines import baselines, extremes
from comity.games.matrix import BattleOfTheSexes
from comity.games.ordinal import ordinal_games
from comity.metrics import metrics_of, table
from comity.metrics.scores import is_coordinated, is_mutual, score_metrics
from comity.records.record import Failure, Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.tables import tables
from comity.strategies.catalogue import STRATEGIES
from comity.strategies.strategy import Strategy

pytestmark = pytest.mark.slow

NAMES = (
    "share_of_max",
    "range_share",
    "hindsight_regret",
    "joint",
    "coordination",
    "mutual_cooperation",
    "mutual_defection",
)
CANONICAL = {"reward": 8, "sucker": 0, "temptation": 10, "punishment": 5}
AB = (("A", "B"), ("A", "B"))


def cell(game: str, *stack: Spec, **parameters: Any) -> Cell:
    return Cell(game, "+".join(spec.name for spec in stack) or "none", Spec.of(game, parameters), stack)


def repeated(rounds: int, **parameters: Any) -> Spec:
    return Spec.of("repetition", {"rounds": rounds, **parameters})


def played(of: Cell, agents: Mapping[str, Strategy], *seated: str, index: int = 0) -> Record:
    spec = MatchSpec(index, of, seated)
    deciding = [agents[name].begin(of.built, player) for player, name in enumerate(seated)]
    match = play(of.built, lambda decision: deciding[decision.player](decision), spec.key(1))
    assert match.outcome is not None
    return Record(spec, "finished", tuple(match.choices), match.lotteries, match.outcome.payoffs)


def measured(records: Sequence[Record], metric: str) -> pd.DataFrame:
    known = score_metrics({record.match.cell for record in records})
    return known[metric].occurrences(tables(records))


def values(record: Record, metric: str) -> list[float]:
    return list(measured([record], metric)["value"])


def strategy(name: str, **parameters: Any) -> Strategy:
    return STRATEGIES[name](**parameters)


AGENTS = {
    "once": strategy("defect_once"),
    "grim": strategy("grim"),
    "c": strategy("always_cooperate"),
    "d": strategy("always_defect"),
    "1": strategy("always", option=1),
    "2": strategy("always", option=2),
    "turns": strategy("alternate"),
    "coin": strategy("random"),
}


# Functions of the two actions alone


def test_coordination_is_by_the_place_of_the_option() -> None:
    assert [is_coordinated(AB, (a, b)) for a, b in product("AB", "AB")] == [True, False, False, True]
    named = (("up", "down"), ("left", "right", "out"))
    assert is_coordinated(named, ("down", "right"))
    assert not is_coordinated(named, ("up", "out"))


def test_what_is_mutual_is_what_all_do_by_the_meaning_of_their_own_seat() -> None:
    battle = BattleOfTheSexes()
    assert is_mutual(battle.cooperative, ("fight", "ballet")) is True
    assert is_mutual(battle.cooperative, ("ballet", "ballet")) is False
    assert is_mutual(battle.defective, ("ballet", "fight")) is True
    assert is_mutual((None, "give"), ("keep", "give")) is None


@settings(max_examples=10)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_they_do_not_know_what_is_paid(a: int, b: int, c: int) -> None:
    """Payoffs that a score of 5 would give away as this or that change nothing."""
    dilemma = cell("prisoners_dilemma", repeated(4), punishment=a, reward=a + b, temptation=a + b + c, sucker=0)
    found = {name: values(played(dilemma, AGENTS, "once", "grim"), name)[0] for name in NAMES[4:]}
    assert found == {"coordination": 0.0, "mutual_cooperation": 0.0, "mutual_defection": 0.0}
    both = {name: values(played(dilemma, AGENTS, "once", "once"), name)[0] for name in NAMES[4:]}
    assert both == {"coordination": 1.0, "mutual_cooperation": 0.75, "mutual_defection": 0.25}


# Closed forms


def test_defect_once_against_grim_in_the_canonical_dilemma() -> None:
    """Grim meets a defection with nine: 0 and 10, then nine times 10 and 0 the other way round."""
    record = played(cell("prisoners_dilemma", repeated(10), **CANONICAL), AGENTS, "grim", "once")
    assert values(record, "share_of_max") == [0.9, 0.1]
    assert values(record, "range_share") == [0.9, 0.1]
    assert values(record, "hindsight_regret") == pytest.approx([0.1 * 5 / 10, 0.9 * 5 / 10])
    assert values(record, "joint") == pytest.approx([10 / 16] * 2)
    assert values(record, "mutual_cooperation") == [0.0, 0.0]


def test_taking_turns_in_the_battle_of_the_sexes() -> None:
    """Both begin with what the other prefers, and so never meet; against one option they meet every other time."""
    battle = cell("battle_of_the_sexes", repeated(10))
    assert values(played(battle, AGENTS, "turns", "turns"), "coordination") == [0.0, 0.0]
    record = played(battle, AGENTS, "1", "turns")
    assert values(record, "coordination") == [0.5, 0.5]
    assert values(record, "share_of_max") == pytest.approx([0.5, 0.35])
    assert values(record, "joint") == [0.5, 0.5]
    assert values(record, "hindsight_regret") == pytest.approx([0.35, 0.35])


def test_a_score_of_five_is_two_defections_and_counts_as_nothing_else() -> None:
    record = played(cell("prisoners_dilemma", repeated(3), **CANONICAL), AGENTS, "d", "d")
    assert values(record, "mutual_cooperation") == [0.0, 0.0]
    assert values(record, "mutual_defection") == [1.0, 1.0]
    assert values(record, "joint") == [10 / 16] * 2


def test_every_play_counts_the_same_whatever_the_discount() -> None:
    for discount in (0.1, 0.8, 1.0):
        repetition = repeated(10, discount=discount)
        record = played(cell("prisoners_dilemma", repetition, **CANONICAL), AGENTS, "grim", "once")
        assert values(record, "share_of_max") == [0.9, 0.1]


def test_what_a_mechanism_pays_besides_is_left_out() -> None:
    sanctioned = cell("prisoners_dilemma", Spec.of("sanctions", {"punish": 3}))
    punishing = {"p": strategy("composed", act="always_cooperate", sanction="punish_defectors"), "d": AGENTS["d"]}
    record = played(sanctioned, punishing, "p", "d")
    assert record.payoffs != (0, 3)
    assert values(record, "share_of_max") == [0.0, 1.0]


@pytest.mark.parametrize("name", ["random", "first", "nash", "maximin", "alternation", "joint"])
@pytest.mark.parametrize("place", [3, 66, 95])
def test_matches_that_play_a_baseline_score_as_it_says(place: int, name: str) -> None:
    """Every profile in as many matches of 144 as the baseline has it."""
    game = ordinal_games()[place]
    baseline = {one.name: one for one in baselines(game)}[name]
    of = cell("ordinal", row=game.row, column=game.column)
    profiles = [profile for profile, share in baseline.chances.items() for _ in range(int(share * 144))]
    assert len(profiles) == 144
    records = [
        Record(MatchSpec(index, of, ("a", "b")), "finished", (profile,), {}, game.payoffs(profile))
        for index, profile in enumerate(profiles)
    ]
    ends = extremes(game)
    for seat, paid in enumerate(baseline.payoffs):
        for metric, expected in {
            "share_of_max": ends.share_of_max(seat, paid),
            "range_share": ends.range_share(seat, paid),
            "joint": ends.joint_share(baseline.payoffs),
        }.items():
            found = measured(records, metric)
            assert expected is not None
            assert found.loc[found["agent"] == "ab"[seat], "value"].mean() == pytest.approx(float(expected))


# Any play


@settings(max_examples=12)
@given(st.sampled_from(ordinal_games()), st.integers(0, 100))
def test_an_independent_count_of_random_play(game: Any, index: int) -> None:
    of = cell("ordinal", repeated(6), row=game.row, column=game.column)
    record = played(of, AGENTS, "coin", "coin", index=index)
    paid = [game.payoffs(profile) for profile in record.choices]
    most = max(sum(game.payoffs(profile)) for profile in game.profiles())
    for seat in (0, 1):
        got = [pair[seat] for pair in paid]
        best = [max(game.payoffs(turned(p, seat, a))[seat] for a in "AB") for p in record.choices]
        assert values(record, "share_of_max")[seat] == pytest.approx(sum(got) / (6 * 4))
        assert values(record, "range_share")[seat] == pytest.approx(sum(got) / 18 - 1 / 3)
        assert values(record, "hindsight_regret")[seat] == pytest.approx((sum(best) - sum(got)) / 18)
        assert values(record, "joint")[seat] == pytest.approx(sum(map(sum, paid)) / (6 * most))
        same = [first == second for first, second in record.choices]
        assert values(record, "coordination")[seat] == pytest.approx(fmean(same))


def turned(profile: tuple[str, ...], seat: int, action: str) -> tuple[str, ...]:
    return (action, profile[1]) if seat == 0 else (profile[0], action)


def test_regret_in_hindsight_is_of_single_plays_and_not_of_frequencies() -> None:
    """Who wins by luck has none of it, and who loses has all, though both have taken both options as often."""
    of = cell("matching_pennies")
    records = [
        Record(MatchSpec(index, of, ("a", "b")), "finished", ((side, side),), {}, (1, -1))
        for index, side in enumerate(("heads", "tails"))
    ]
    found = measured(records, "hindsight_regret").groupby("agent")["value"].mean()
    assert found.to_dict() == {"a": 0.0, "b": 1.0}


# Stacks


def test_rescaling_changes_the_share_of_the_most_and_nothing_else() -> None:
    stack = (Spec.of("rescaling", {"times": 10, "plus": 20}), repeated(10))
    plain = played(cell("prisoners_dilemma", repeated(10), **CANONICAL), AGENTS, "grim", "once")
    rescaled = played(cell("prisoners_dilemma", *stack, **CANONICAL), AGENTS, "grim", "once")
    assert rescaled.choices == plain.choices
    for name in set(NAMES) - {"share_of_max", "joint"}:
        assert values(rescaled, name) == pytest.approx(values(plain, name)), name
    assert values(rescaled, "share_of_max") == pytest.approx([0.9 + 0.1 / 6, 0.1 + 0.9 / 6])


@pytest.mark.parametrize(
    "stack",
    [
        (Spec.of("mediation"), repeated(3)),
        (Spec.of("contracting"), repeated(3)),
        (Spec.of("execution_noise", {"noise": 0.5}), repeated(8)),
        (Spec.of("monitoring_noise", {"noise": 0.5}), repeated(8)),
        (Spec.of("cheap_talk"), repeated(2)),
        (Spec.of("reputation", {"population": 4, "rounds": 5}),),
        (Spec.of("network", {"players": 4}), repeated(3)),
        (Spec.of("network_per_edge", {"players": 4}), repeated(3)),
    ],
    ids=lambda stack: "+".join(spec.name for spec in stack),
)
def test_under_any_mechanism_they_are_of_what_was_finally_played(stack: tuple[Spec, ...]) -> None:
    of = cell("prisoners_dilemma", *stack)
    record = played(of, AGENTS, *["coin", "grim", "once", "d"][: of.built.n_players])
    plays = tables([record]).plays
    named: Any = named_game(of.built)
    by_play = [tuple(group["action"]) for _, group in plays.groupby("play")]
    assert values(record, "mutual_defection") == pytest.approx(
        [fmean(profile == named.defective for profile in by_play)] * of.built.n_players
    )
    low, high = extremes(named).low[0], extremes(named).high[0]
    share = (plays["base_payoff"] - float(low)) / float(high - low)
    assert values(record, "range_share") == pytest.approx(list(share.groupby(plays["player"]).mean()))


# Where there is none


def test_what_a_game_does_not_define_has_no_row_and_a_reason() -> None:
    record = played(cell("matching_pennies", repeated(4)), AGENTS, "1", "2")
    assert measured([record], "range_share")["value"].tolist() == [0.0, 1.0]
    for name, why in {
        "share_of_max": "a seat can be paid less than nothing",
        "joint": "a seat can be paid less than nothing",
        "mutual_cooperation": "a seat has no action that cooperates",
        "mutual_defection": "a seat has no action that defects",
    }.items():
        assert measured([record], name).empty
        [remark] = score_metrics([record.match.cell])[name].remarks(tables([record]))
        assert remark.startswith(f"not defined in matching_pennies: {why}")


def test_a_seat_that_is_always_paid_the_same_has_no_range() -> None:
    of = cell("matrix", first_actions=("u", "d"), second_actions=("l", "r"), cells=(((1, 2), (3, 2)), ((0, 2), (4, 2))))
    record = Record(MatchSpec(0, of, ("a", "b")), "finished", (("u", "r"),), {}, (3, 2))
    assert measured([record], "range_share")[["agent", "value"]].to_numpy().tolist() == [["a", 0.75]]
    assert measured([record], "share_of_max")["value"].tolist() == [0.75, 1.0]
    [remark] = score_metrics([of])["range_share"].remarks(tables([record]))
    assert "a seat is paid the same whatever is done" in remark


def test_a_game_in_turn_has_none_and_a_forfeited_match_is_missing() -> None:
    sequential = played(cell("trust_game_sequential"), AGENTS, "c", "c")
    assert measured([sequential], "joint").empty
    [remark] = score_metrics([sequential.match.cell])["joint"].remarks(tables([sequential]))
    assert "not played at once" in remark
    of = cell("prisoners_dilemma", repeated(2))
    failed = Record(MatchSpec(1, of, ("c", "d")), "forfeited", failure=Failure(0, 0, 0, "act", "no answer"))
    found = measured([played(of, AGENTS, "c", "d"), failed], "joint")
    assert found["value"].tolist()[:2] == [0.75, 0.75]
    assert found["value"].isna().tolist() == [False, False, True, True]


def test_tables_take_them_by_name_like_any_metric() -> None:
    of = cell("prisoners_dilemma", repeated(10), **CANONICAL)
    found = tables([played(of, AGENTS, "grim", "once"), played(of, AGENTS, "once", "grim", index=1)])
    metrics = metrics_of([of])
    assert set(NAMES) <= set(metrics)
    shown = table(found, "share_of_max", ["game", "agent"], metrics=metrics)
    assert {row["agent"]: row["value"] for row in shown.rows} == {"grim": 0.9, "once": 0.1}
    [row] = table(found, "joint", ["game"], metrics=metrics).rows
    assert (row["value"], row["matches"]) == (pytest.approx(0.625), 2)
    assert [metrics[name].best for name in NAMES] == ["high", "high", "low", "high", "high", "high", "low"]
