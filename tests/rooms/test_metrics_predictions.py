"""What is measured of predictions: matches played by hand, whose numbers can be counted on fingers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isnan
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.decision import Decision
from comity.core.match import Match, Reply, play
from comity.core.named import named_game
from comity.core.outcome import stage_plays
from comity.core.space import Lottery
from comity.metrics import MetricError, metrics_of, table
from comity.metrics.metagame import NoMetaGame, meta_game, meta_games
from comity.metrics.predictions import COLUMNS, accuracy_by_round, first_right, prediction_metrics, predictions
from comity.metrics.ranges import actions_of, mixed_payoffs
from comity.records.record import Failure, Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.tables import Tables, tables
from comity.stats.estimate import combined, mean_of
from tests.generators import Script

LETTERS = {"C": "cooperate", "D": "defect"}
REPEATED = Spec.of("repetition", {"rounds": 4, "memory": "all"})


def cell(label: str, *stack: Spec, game: Spec | None = None) -> Cell:
    of = game or Spec.of("prisoners_dilemma")
    return Cell(of.name, label, of, stack)


PREDICTED = cell("asked", Spec.of("prediction"), REPEATED)
ONE_SEAT = cell("one seat", Spec.of("prediction", {"seats": [2], "use": "probe"}), REPEATED)
WATCHED = cell(
    "watched", Spec.of("observation", {"moves": [["cooperate", "defect"], ["defect", "cooperate"]] * 2, "seat": 1})
)


def record(
    of: Cell,
    answers: Mapping[tuple[int, str], Sequence[Reply]],
    agents: str = "xy",
    index: int = 0,
    replicate: str = "1",
) -> Record:
    """The match in which each player gives its answers of each kind in their order."""
    left = {key: iter(replies) for key, replies in answers.items()}

    def decide(decision: Decision[Any]) -> Reply:
        return next(left[decision.player, decision.kind])

    spec = MatchSpec(index, of, tuple(agents), replicate)
    match = play(of.built, decide, spec.key(1))
    assert match.outcome is not None
    return Record(spec, "finished", tuple(match.choices), match.lotteries, match.outcome.payoffs)


def named(letters: str) -> list[Reply]:
    return [LETTERS[letter] for letter in letters]


def of_both(acts: Sequence[str], predicted: Sequence[str], **where: Any) -> Record:
    """What both did and what both expected, as letters by round."""
    answers = {(player, "act"): named(acts[player]) for player in (0, 1)}
    return record(PREDICTED, answers | {(player, "predict"): named(predicted[player]) for player in (0, 1)}, **where)


def found_in(*records: Record) -> tuple[Tables, pd.DataFrame]:
    read = tables(records)
    return read, predictions(read, {one.match.cell for one in records})


HAND = of_both(["CCDD", "CDCD"], ["CDCC", "CCCD"])
"""The first is right about C, D and C, and wrong in the last round; the second about C, C and, in the end, D."""


def test_a_prediction_is_right_if_it_names_what_the_other_did() -> None:
    _, found = found_in(HAND)
    assert list(found.columns) == list(COLUMNS)
    first, second = (found[found["player"] == player] for player in (0, 1))
    assert first["right"].tolist() == [True, True, True, False]
    assert second["right"].tolist() == [True, True, False, True]
    assert first["predicted"].tolist() == named("CDCC")
    assert first["actual"].tolist() == named("CDCD")
    assert second["actual"].tolist() == named("CCDD")
    assert (first["round"].tolist(), set(first["of"]), set(second["of"])) == ([0, 1, 2, 3], {1}, {0})
    assert first["brier"].tolist() == [0, 0, 0, 1]
    assert found["probability"].isna().all()
    assert not found["observer"].any()
    assert set(found["agent"]) == {"x", "y"}


def test_a_stated_lottery_has_a_probability_and_a_brier_score() -> None:
    stated = [Lottery(("cooperate", "defect"), odds) for odds in ((0.7, 0.3), (0.2, 0.8), (1.0, 0.0), (0.5, 0.5))]
    answers = {(0, "act"): named("CCCC"), (1, "act"): named("CCDD"), (1, "predict"): stated}
    _, found = found_in(record(ONE_SEAT, answers))
    assert found["player"].tolist() == [1] * 4
    assert found["probability"].tolist() == [0.7, 0.2, 1.0, 0.5]
    assert found["brier"].tolist() == pytest.approx([0.3**2, 0.8**2, 0, 0.5**2])  # of two actions the squared error
    assert (found["right"] == (found["predicted"] == "cooperate")).all()


def test_with_three_actions_the_score_is_half_the_squared_distance() -> None:
    game = Spec.of("travellers_dilemma")
    of = cell("once", Spec.of("prediction", {"seats": [1]}), game=game)
    stated = Lottery(("2", "3", "5"), (0.5, 0.25, 0.25))
    answers: dict[tuple[int, str], Sequence[Reply]] = {(0, "predict"): [stated], (0, "act"): ["2"], (1, "act"): ["3"]}
    _, found = found_in(record(of, answers))
    assert found["probability"].tolist() == [0.25]
    assert found["brier"].tolist() == pytest.approx([(0.5**2 + 0.75**2 + 0.25**2) / 2])
    missed = answers | {(1, "act"): ["4"]}  # to which nothing was given
    _, found = found_in(record(of, missed))
    assert found["probability"].tolist() == [0]
    assert found["brier"].tolist() == pytest.approx([(0.5**2 + 0.25**2 + 0.25**2 + 1) / 2])


def test_of_several_others_each_is_a_prediction_and_lotteries_are_taken_apart() -> None:
    of = cell("group", Spec.of("prediction", {"seats": [2]}), game=Spec.of("public_goods"))
    give, keep = "contribute", "free_ride"
    stated = Lottery(((give, give), (give, keep), (keep, keep)), (0.5, 0.25, 0.25))
    acts: dict[tuple[int, str], Sequence[Reply]] = {(0, "act"): [give], (1, "act"): [keep], (2, "act"): [keep]}
    _, found = found_in(record(of, acts | {(1, "predict"): [stated]}, "xyz"))
    assert found["of"].tolist() == [0, 2]
    assert found["actual"].tolist() == [give, keep]
    assert found["probability"].tolist() == [0.75, 0.5]
    assert found["brier"].tolist() == pytest.approx([0.25**2, 0.5**2])


def test_an_observer_is_held_against_the_recorded_game() -> None:
    _, found = found_in(record(WATCHED, {(0, "predict"): named("CDDD")}, "o"))
    assert found["observer"].all()
    assert set(found["role"]) == {"observer"}
    assert found["actual"].tolist() == named("CDCD")
    assert found["right"].tolist() == [True, True, False, True]
    assert found["of"].tolist() == [0] * 4


def test_an_observer_who_watches_again_is_held_against_the_same_rounds() -> None:
    of = cell("again", *WATCHED.stack, Spec.of("repetition", {"rounds": 2}))
    _, found = found_in(record(of, {(0, "predict"): named("CDDDCCCC")}, "o"))
    assert found["actual"].tolist() == named("CDCDCDCD")
    assert found["right"].tolist() == [True, True, False, True, True, False, True, False]


def test_what_was_executed_counts_and_not_what_was_meant() -> None:
    of = cell("slips", Spec.of("prediction"), Spec.of("execution_noise", {"noise": 1}), REPEATED)
    answers = {(player, "act"): named("CCCC") for player in (0, 1)}
    _, found = found_in(record(of, answers | {(player, "predict"): named("DDDC") for player in (0, 1)}))
    assert found["right"].tolist() == [True] * 6 + [False] * 2
    assert set(found["actual"]) == {"defect"}


@pytest.mark.parametrize(
    "stack",
    [
        (Spec.of("prediction"), Spec.of("network_per_edge", {"players": 4}), REPEATED),
        (Spec.of("prediction", {"seats": [1]}), Spec.of("reputation", {"rounds": 3})),
        (Spec.of("prediction"), REPEATED, Spec.of("reputation_first_order", {"rounds": 2})),
        (Spec.of("prediction"), Spec.of("mediation")),
    ],
    ids=["edges", "partners", "rounds in rounds", "mediation"],
)
def test_every_prediction_is_held_against_the_play_it_was_about(stack: tuple[Spec, ...]) -> None:
    """Whoever predicts, at each moment of the match, what the one it meets then does, is always right."""
    of = cell("any", *stack)
    index = next((place for place, spec in enumerate(stack) if spec.name.startswith("reputation")), None)
    if index is not None:
        changed = Spec.of(stack[index].name, {**stack[index].parameters, "population": 4})
        of = cell("any", *stack[:index], changed, *stack[index + 1 :])
    script = Script(3)
    match = Match(of.built)
    while match.pending:
        drawn = [None if d.player == -1 else script(d) for d in match.pending]
        match.answer(
            tuple(next(iter(d.options)) if c is None else c for d, c in zip(match.pending, drawn, strict=True))
        )
    assert match.outcome is not None
    truth = [play.outcome.actions for play in stage_plays(match.outcome)]
    spec = MatchSpec(0, of, ("x",) * of.built.n_players)
    _, found = found_in(Record(spec, "finished", tuple(match.choices), {}, match.outcome.payoffs))
    predicting = of.stack[0].parameters.get("seats", (1, 2))
    assert len(found) == len(truth) * len(predicting)
    # Each play is predicted once from each predicting seat: the actions and predictions add up, play by play.
    assert sorted(found["actual"]) == sorted(acts[1 - (seat - 1)] for acts in truth for seat in predicting)
    assert (found["right"] == (found["predicted"] == found["actual"])).all()


def test_accuracy_over_rounds_is_the_mean_over_replicates_with_their_interval() -> None:
    records = [
        of_both(["CCDD", "CDCD"], ["CDCC", "CCCD"]),
        of_both(["CCDD", "CDCD"], ["DDCC", "CCDD"], index=1),
        of_both(["CCDD", "CDCD"], ["DDDD", "CCDD"], index=2, replicate="2"),
    ]
    _, found = found_in(*records)
    courses = accuracy_by_round(found)
    first = courses[courses["agent"] == "x"]
    assert first["round"].tolist() == [0, 1, 2, 3]
    assert first["share"].tolist() == [0.25, 1, 0.5, 0.5]  # (1/2 + 0) / 2, ..., (0 + 1) / 2
    assert first["replicates"].tolist() == [2] * 4
    assert first["predictions"].tolist() == [3] * 4
    spread = combined([mean_of([0.5, 0.0], 1.0)], [1.0])
    assert (first["low"].iloc[0], first["high"].iloc[0]) == (max(spread.low, 0), min(spread.high, 1))
    assert first["half"].iloc[0] == pytest.approx(spread.high - spread.value)
    single = accuracy_by_round(found[found["replicate"] == "2"])
    assert single["low"].isna().all()


@pytest.mark.parametrize(
    ("predicted", "first"), [("CDCD", 1), ("DDCD", 2), ("CDDD", 4), ("CDCC", None), ("DCDC", None), ("DCDD", 4)]
)
def test_from_when_on_it_stays_right(predicted: str, first: int | None) -> None:
    _, found = found_in(of_both(["CCCC", "CDCD"], [predicted, "CCCC"]))
    lasting = first_right(found).set_index("agent")["first"]
    assert (None if pd.isna(lasting["x"]) else lasting["x"]) == first
    assert lasting["y"] == 1


@given(st.lists(st.booleans(), min_size=4, max_size=4))
def test_staying_right_is_that_of_its_definition(right: list[bool]) -> None:
    predicted = "".join("C" if one else "D" for one in right)
    _, found = found_in(of_both(["CCCC", "CCCC"], [predicted, "CCCC"]))
    [told] = first_right(found[found["player"] == 0])["first"]
    expected = next((round + 1 for round in range(4) if all(right[round:])), None)
    assert (None if pd.isna(told) else told) == expected


# As metrics


def test_the_metrics_are_the_means_of_predictions() -> None:
    read, _ = found_in(HAND, record(WATCHED, {(0, "predict"): named("CDDD")}, "o", index=1))
    known = prediction_metrics([PREDICTED, WATCHED])
    for metric, expected in (
        ("prediction", {"x": 0.75, "y": 0.75, "o": 0.75}),
        ("brier", {"x": 0.25, "y": 0.25, "o": 0.25}),
    ):
        rows = table(read, known[metric], ["agent", "mechanism"], ["all"]).rows
        assert {row["agent"]: row["value"] for row in rows} == expected
    assert {"prediction", "brier"} <= set(metrics_of([PREDICTED]))


def test_who_was_to_predict_and_did_not_is_missing_and_who_was_not_is_not() -> None:
    answers = {(0, "act"): named("CCCC"), (1, "act"): named("CCCC"), (1, "predict"): named("CCCC")}
    whole = record(ONE_SEAT, answers)
    broken = Record(
        replace(whole.match, index=1), "forfeited", whole.choices[:2], failure=Failure(0, 2, 0, "act", "none")
    )
    read, found = found_in(whole, broken)
    assert set(found["match"]) == {0}
    occurrences = prediction_metrics([ONE_SEAT])["prediction"].occurrences(read)
    assert set(occurrences["agent"]) == {"y"}
    assert occurrences[occurrences["match"] == 1]["value"].isna().tolist() == [True]
    rows = {row["agent"]: row for row in table(read, prediction_metrics([ONE_SEAT])["prediction"], ["agent"]).rows}
    assert (rows["y"]["value"], rows["y"]["matches"], rows["y"]["missing"]) == (1, 1, 1)
    assert (rows["x"]["value"], rows["x"]["matches"], rows["x"]["missing"]) == (None, 0, 0)


def test_without_predictions_there_is_nothing() -> None:
    plain = cell("plain", REPEATED)
    read, found = found_in(record(plain, {(player, "act"): named("CCCC") for player in (0, 1)}))
    assert found.empty
    assert accuracy_by_round(found).empty
    assert first_right(found).empty
    assert prediction_metrics([plain])["brier"].occurrences(read).empty


def test_without_decisions_it_cannot_be_said() -> None:
    read = tables([HAND], decisions=False)
    with pytest.raises(MetricError, match="predictions are decisions"):
        predictions(read, [PREDICTED])


def test_an_observer_who_mixes_is_right_as_often_as_the_moves_are_likely() -> None:
    game = WATCHED.built
    assert actions_of(named_game(game)) == (("cooperate", "defect"),)
    assert mixed_payoffs(game, [{0: {"cooperate": 0.75, "defect": 0.25}}]) == pytest.approx((0.5,))
    lopsided = cell("s", Spec.of("observation", {"moves": [["cooperate", "defect"]] * 3, "seat": 1})).built
    assert mixed_payoffs(lopsided, [{0: {"cooperate": 0.75, "defect": 0.25}}]) == pytest.approx((0.75,))


def test_one_who_plays_alone_meets_nobody() -> None:
    read, _ = found_in(record(WATCHED, {(0, "predict"): named("CDDD")}, "o"))
    assert meta_games(read) == {}
    with pytest.raises(NoMetaGame, match="one player, who meets nobody"):
        meta_game(read.outcomes)
    fitness = table(read, "fitness", ["mechanism"], ["all"])
    assert all(row["value"] is None or isnan(row["value"]) for row in fitness.rows)
    assert any("one player, who meets nobody" in note for note in fitness.notes)
