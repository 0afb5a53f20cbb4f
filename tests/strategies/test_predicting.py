"""What scripts expect of others, and how they act on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.decision import Decision
from comity.core.errors import BadParameter
from comity.core.flow import Game
from comity.core.match import Match
from comity.core.outcome import Play
from comity.core.space import Lottery
from comity.games.matrix import BattleOfTheSexes, MatchingPennies, MatrixGame, PrisonersDilemma
from comity.games.sequential import SequentialTrustGame
from comity.games.symmetric import PublicGoods
from comity.mechanisms.matching import Rotated
from comity.mechanisms.noise import Trembling
from comity.mechanisms.observation import Observed
from comity.mechanisms.prediction import Predicted, Prediction
from comity.mechanisms.repetition import Repeated
from comity.strategies.catalogue import RULES, STRATEGIES
from comity.strategies.predicting import BestReply, Cooperates, Defects, Pattern, Repeats, Uniform
from comity.strategies.rational import PlayEquilibrium
from comity.strategies.scripted import Scripted
from tests.strategies.seats import Fixed, Recorder, match_of

PD = PrisonersDilemma()
SEXES = MatrixGame(("J", "F"), ("J", "F"), (((10, 7), (0, 0)), ((0, 0), (7, 10))), role_names=("one", "two"))
"""The battle of the sexes as Akata et al. (2025) have it: the first seat prefers J, the second F."""


def moves(text: str) -> tuple[tuple[str, str], ...]:
    """Rounds as they are written in the literature: "JF FJ"."""
    return tuple((pair[0], pair[1]) for pair in text.split())


def foreseen(predict: str, text: str, seat: int = 2) -> str:
    """What an observer expects of a seat, round by round."""
    recorder = Recorder(STRATEGIES["composed"](predict=predict))
    match_of(Observed(SEXES, moves(text), seat), recorder)
    return "".join(recorder.of("predict"))


def test_repeating_is_what_the_seat_did_last_and_at_first_what_cooperates() -> None:
    assert foreseen("repeats", "JF FJ FF JJ") == "JFJF"
    assert foreseen("repeats", "JF FJ FF JJ", seat=1) == "JJFF"


def test_a_pattern_goes_on_as_it_went_the_last_time() -> None:
    assert foreseen("pattern", "JJ JF JJ JF JJ JF") == "JJFFJF"
    # After (J, J), (F, F), (J, J) the longest ending that came before is (J, J), which (F, F) followed.
    assert foreseen("pattern", "JJ FF JJ FJ JJ FF") == "JJFFJJ"


# The ending "JJ JF" came before twice, and was followed by FF and later by FJ: the later one counts. The ending "JF"
# alone came again since, but a longer one counts more.
def test_the_longest_ending_counts_and_of_these_the_latest() -> None:
    assert foreseen("pattern", "JJ JF FF JJ JF FJ JF JJ JJ JF JJ")[-1] == "J"
    assert foreseen("pattern", "JJ JF FF JJ JF JJ")[-1] == "F"


@given(st.lists(st.tuples(st.sampled_from("JF"), st.sampled_from("JF")), min_size=1, max_size=9))
def test_a_pattern_is_that_of_its_definition(past: list[tuple[str, str]]) -> None:
    """By every length of ending, the longest first, and of each the latest occurrence."""
    expected = past[-1][1]
    for length in range(len(past) - 1, 0, -1):
        ends = [end for end in range(length, len(past)) if past[end - length : end] == past[-length:]]
        if ends:
            expected = past[ends[-1]][1]
            break
    recorder = Recorder(STRATEGIES["composed"](predict="pattern"))
    match_of(Observed(SEXES, (*past, ("J", "J"))), recorder)
    assert recorder.of("predict")[-1] == expected


def test_some_expect_the_same_whatever_was_done() -> None:
    game = Repeated(Predicted(PD), rounds=3)
    for predict, expected in (("cooperates", "cooperate"), ("defects", "defect")):
        recorder = Recorder(STRATEGIES["composed"](predict=predict))
        match_of(game, recorder, STRATEGIES["alternate"]())
        assert recorder.of("predict") == [expected] * 3
    recorder = Recorder(STRATEGIES["composed"](predict="uniform"))
    match_of(game, recorder, STRATEGIES["alternate"]())
    assert recorder.of("predict") == [Lottery(("cooperate", "defect"), (0.5, 0.5))] * 3


def test_by_default_a_script_expects_others_to_repeat() -> None:
    recorder = Recorder(STRATEGIES["grim"]())
    match_of(Repeated(Predicted(PD), rounds=4), recorder, Fixed("defect", "cooperate", "defect", "defect"))
    assert recorder.of("predict") == ["cooperate", "defect", "cooperate", "defect"]


def test_with_several_others_there_is_an_expectation_of_each() -> None:
    game = Repeated(Predicted(PublicGoods(), (2,)), rounds=2)
    recorder = Recorder(STRATEGIES["composed"](predict="repeats"))
    match_of(game, Fixed("free_ride"), recorder, Fixed("contribute"))
    assert recorder.of("predict") == [("contribute", "contribute"), ("free_ride", "contribute")]
    mixed = Recorder(STRATEGIES["composed"](predict="uniform"))
    match_of(game, Fixed("free_ride"), mixed, Fixed("contribute"))
    assert len(mixed.of("predict")[0].options) == 4


def _acts(part: Play) -> Iterator[tuple[int, str]]:
    return zip(part.players, part.outcome.actions, strict=True)


def test_where_partners_change_each_is_expected_to_do_what_it_did_last() -> None:
    game = Rotated(Predicted(PD), population=4, rounds=6)
    strategies = [Recorder(STRATEGIES["composed"](predict="pattern")) for _ in range(2)]
    outcome = match_of(game, *strategies, Fixed("defect")).outcome
    assert outcome is not None
    did = {(part.round, who): act for part in outcome.parts for who, act in _acts(part)}
    met = {(part.round, who): sum(part.players) - who for part in outcome.parts for who in part.players}
    for player, recorder in enumerate(strategies):
        last = [did.get((round - 1, met[round, player]), "cooperate") for round in range(6)]
        assert recorder.of("predict") == last
        assert set(last) == {"cooperate", "defect"}


# Best replies


def path(first: Any, second: Any, game: Game = SEXES, use: Any = "play", seats: Sequence[int] = (1, 2)) -> list[str]:
    repeated = Repeated(Predicted(game, tuple(seats), use), rounds=16, memory="all")  # type: ignore[arg-type]
    outcome = match_of(repeated, first, second).outcome
    assert outcome is not None
    return ["".join(part.outcome.actions) for part in outcome.parts]


@pytest.mark.parametrize("use", ["play", "probe"])
@pytest.mark.parametrize("alternating", ["JF", "FJ"])
def test_social_chain_of_thought_falls_into_step_with_an_alternating_partner(use: str, alternating: str) -> None:
    """Akata et al. (2025): predicting first brings alternation, in either seat."""
    alternate, scot = Fixed(*(alternating * 8)), STRATEGIES["best_reply_to_prediction"]()
    as_first = path(scot, alternate, use=use, seats=(1,))
    as_second = path(alternate, scot, use=use, seats=(2,))
    for played, own in ((as_first, 0), (as_second, 1)):
        assert "".join(profile[1 - own] for profile in played) == alternating * 8
        assert all(profile in ("JJ", "FF") for profile in played[8:])
        assert not all(profile in ("JJ", "FF") for profile in played[:8])


def test_without_predictions_it_acts_by_what_it_would_predict() -> None:
    asked = path(STRATEGIES["best_reply_to_prediction"](), Fixed(*"JF" * 8), seats=(2,))
    scot, alternate = STRATEGIES["best_reply_to_prediction"](), Fixed(*"JF" * 8)
    outcome = match_of(Repeated(SEXES, rounds=16, memory="all"), scot, alternate).outcome
    assert outcome is not None
    assert ["".join(part.outcome.actions) for part in outcome.parts] == asked


def test_the_prediction_that_is_shown_is_the_one_that_counts() -> None:
    act = STRATEGIES["best_reply_to_prediction"](predict="cooperates").begin(Predicted(SEXES), 0)
    match = Match(Predicted(SEXES))
    match.answer(("F", "J"))
    decision: Decision[Any] = match.pending[0]
    assert decision.fact(Prediction) == Prediction(0, ("F",))
    assert act(decision) == "F"


def test_a_lottery_is_replied_to_on_average() -> None:
    game = BattleOfTheSexes()  # its first seat is paid more for its own favourite, so that is best against a coin
    replies = {}
    for player in (0, 1):
        act = BestReply(Uniform()).begin(game, player)
        replies[player] = act(Match(game).pending[player])
    assert replies == {0: "ballet", 1: "fight"} or replies == {0: "fight", 1: "ballet"}
    favourite = max(game.profiles(), key=lambda profile: game.payoffs(profile)[0])
    assert replies[0] == favourite[0]


def test_rules_against_each_other_in_matching_pennies() -> None:
    """Who expects heads plays heads as the matcher, and tails as the other."""
    game = MatchingPennies()
    matcher, other = (BestReply(Cooperates()).begin(game, player)(Match(game).pending[player]) for player in (0, 1))
    assert {matcher, other} == {"heads", "tails"}
    assert BestReply(Defects()).begin(game, 0)(Match(game).pending[0]) != matcher


def test_in_turn_what_was_done_needs_no_prediction() -> None:
    game = SequentialTrustGame()
    match = Match(game)
    match.answer(("give",))
    act = BestReply(Repeats()).begin(game, 1)
    assert act(match.pending[0]) == "keep"


def test_an_equilibrium_player_takes_no_prediction_for_an_action() -> None:
    for game in (Predicted(PD), Trembling(Predicted(PD), 0.1), Repeated(Predicted(PD), rounds=2)):
        recorder = Recorder(Scripted(PlayEquilibrium(), predict=Cooperates()))
        match_of(game, recorder, STRATEGIES["always_cooperate"]())
        assert set(recorder.of("act")) == {"defect"}
        assert set(recorder.of("predict")) == {"cooperate"}


def test_every_rule_has_a_name() -> None:
    assert set(RULES["predict"].values()) == {Repeats, Pattern, Cooperates, Defects, Uniform}
    with pytest.raises(BadParameter, match="predict must be one of repeats, pattern, cooperates, defects, uniform"):
        STRATEGIES["best_reply_to_prediction"](predict="guess")
