"""Predictions, observers and beliefs: what they change, what they leave as it was, and who learns of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.decision import NATURE, Decision
from comity.core.errors import BadParameter, BadStack
from comity.core.flow import Game, StageGame
from comity.core.match import Match
from comity.core.named import Scale, named_game
from comity.core.outcome import Outcome
from comity.core.space import Each, Lottery, OneOf
from comity.games.matrix import BattleOfTheSexes, MatchingPennies, PrisonersDilemma
from comity.games.sequential import SequentialTrustGame
from comity.games.symmetric import PublicGoods
from comity.mechanisms.belief import Belief, DefectsOnce, Errs, Informed, PersonOrProgram
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.noise import Misperceived, Trembling
from comity.mechanisms.observation import Observation, Observed
from comity.mechanisms.prediction import Predicted, Predicting, Prediction
from comity.mechanisms.repetition import History, Repeated
from comity.mechanisms.talk import CheapTalk
from comity.words.forms import Form, prompt
from comity.words.reading import read_answer
from comity.words.render import render, sections
from comity.words.wordings import PLAIN, STANDARD, standard
from tests.generators import Script, keys, played, stage_games

PD = PrisonersDilemma()
WATCHED = (("cooperate", "defect"), ("defect", "defect"), ("cooperate", "cooperate"))


def several(game: Game) -> bool:
    return game.n_players > 1


@st.composite
def seats_of(draw: st.DrawFn, game: Game) -> tuple[int, ...]:
    return tuple(draw(st.lists(st.integers(1, game.n_players), min_size=1, unique=True)))


def acting(key: int, predictions: int) -> Callable[[Decision[Any]], Any]:
    """Acts by one script, and predicts by another."""
    acts, others = Script(key), Script(predictions)
    return lambda decision: (acts if decision.kind == "act" else others)(decision)


def outcome_of(game: Game, decide: Callable[[Decision[Any]], Any], key: int = 0) -> Outcome:
    outcome = played(game, decide, key)[0].outcome
    assert outcome is not None
    return outcome


# Predictions


@given(stage_games().filter(several), st.data(), st.sampled_from(["play", "probe"]), keys, keys)
def test_whatever_is_predicted_the_game_ends_as_it_would_have(
    game: StageGame, data: st.DataObject, use: Any, key: int, predictions: int
) -> None:
    predicted = Predicted(game, data.draw(seats_of(game)), use)
    for rounds in (lambda base: base, lambda base: Repeated(base, rounds=3)):
        assert outcome_of(rounds(predicted), acting(key, predictions)) == outcome_of(rounds(game), acting(key, 0))


@given(stage_games().filter(several), st.data(), keys)
def test_it_is_a_stage_game_that_pays_as_its_base(game: StageGame, data: st.DataObject, key: int) -> None:
    predicted: StageGame = Predicted(game, data.draw(seats_of(game)), public=True)
    assert isinstance(predicted, StageGame)
    assert predicted.actions == game.actions
    outcome = outcome_of(predicted, Script(key))
    assert outcome.payoffs == predicted.payoffs(outcome.actions) == game.payoffs(outcome.actions)


def seen_by_others(game: Game, seat: int, predictions: int, key: int) -> list[Any]:
    """What everybody but that seat sees, where that seat predicts by this script and everything else is the same."""
    acts, own, others = Script(key), Script(predictions), Script(key + 1)

    def decide(decision: Decision[Any]) -> Any:
        if decision.kind == "act":
            return acts(decision)
        return (own if decision.player == seat else others)(decision)

    return [d for step in played(game, decide, 0)[1] for d in step if d.player not in (seat, NATURE)]


@given(st.sampled_from([PD, PublicGoods()]), st.booleans(), st.sampled_from(["play", "probe"]), keys, keys, keys)
def test_nobody_learns_what_another_predicts(
    game: StageGame, recall: bool, use: Any, key: int, one: int, other: int
) -> None:
    everybody = tuple(range(1, game.n_players + 1))
    repeated = Repeated(Predicted(game, everybody, use, recall=recall), rounds=3, memory="all")
    assert seen_by_others(repeated, 0, one, key) == seen_by_others(repeated, 0, other, key)


def test_unless_predictions_are_public_and_then_not_before_play() -> None:
    game = Repeated(Predicted(PD, public=True), rounds=2, memory="all")
    told = []
    for predicted in ("cooperate", "defect"):
        match = Match(game)
        match.answer((predicted, "cooperate"))
        told.append(match.pending[1])
        match.answer(("cooperate", "defect"))
        told.append(match.pending[1])
    before, after, before_too, after_too = told
    assert before == before_too
    assert after != after_too
    history = after.fact(History)
    assert history is not None
    assert history.past[0].outcome.notes == (Prediction(0, ("cooperate",)), Prediction(1, ("cooperate",)))
    assert game.rules[1:] == (Predicting((0, 1)), PD)


@given(stage_games().filter(several), st.data(), keys)
def test_a_probe_leaves_the_decision_to_act_as_it_is(game: StageGame, data: st.DataObject, key: int) -> None:
    probed = Repeated(Predicted(game, data.draw(seats_of(game)), "probe"), rounds=2)
    with_probe, without = played(probed, acting(key, 1), 0)[1], played(Repeated(game, rounds=2), acting(key, 1), 0)[1]
    assert [step for step in with_probe if step[0].kind == "act"] == without


def test_what_a_player_expects_is_shown_to_it_when_it_acts() -> None:
    match = Match(Predicted(PublicGoods(), (3, 1)))
    third, first = match.pending
    assert (third.player, first.player, first.kind) == (2, 0, "predict")
    assert isinstance(first.options, Each)
    assert first.options.names == ("player 2", "player 3")
    match.answer((("contribute", "free_ride"), ("free_ride", "contribute")))
    shown = [decision.fact(Prediction) for decision in match.pending]
    assert shown == [Prediction(0, ("free_ride", "contribute")), None, Prediction(2, ("contribute", "free_ride"))]
    assert Prediction(2, ("contribute", "free_ride")).of == (0, 1)
    assert "You predicted: contribute by player 1 and free_ride by player 2." in render(match.pending[2])


def test_a_player_recalls_its_own_predictions_alone() -> None:
    match = Match(Repeated(Predicted(PD, recall=True), rounds=2))
    match.answer(("defect", "cooperate"))
    match.answer(("cooperate", "cooperate"))
    for decision, prediction in zip(match.pending, ("defect", "cooperate"), strict=True):
        history = decision.fact(History)
        assert history is not None
        assert history.past[0].outcome.notes == (Prediction(decision.player, (prediction,)),)


def test_predictions_stand_below_mediation_noise_and_changing_partners() -> None:
    for game in (
        Mediated(Predicted(PD)),
        Repeated(Trembling(Predicted(PD), 0.4)),
        Rotated(Predicted(PD), population=4),
    ):
        match, put = played(game, Script(5), 5)
        kinds = [decision.kind for step in put for decision in step]
        assert kinds.count("predict") == kinds.count("act") > 0
        assert match.outcome is not None


REFUSED: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: Predicted(SequentialTrustGame()), BadStack, "put prediction nearer to the base game"),  # type: ignore[arg-type]
    (lambda: Predicted(Repeated(PD)), BadStack, "prediction speaks about the one action"),  # type: ignore[arg-type]
    (lambda: Predicted(Informed(PD)), BadStack, "put prediction nearer to the base game"),  # type: ignore[arg-type]
    (lambda: Predicted(Trembling(Predicted(PD))), BadStack, "prediction stands once in a stack"),
    (lambda: Predicted(PD, (3,)), BadParameter, r"one or more different ones of the seats 1 to 2, not \[3\]"),
    (lambda: Predicted(PD, ()), BadParameter, r"not \[\]"),
    (lambda: Predicted(PD, (1, 1)), BadParameter, r"not \[1, 1\]"),
    (lambda: Predicted(PD, use=cast(Any, "show")), BadParameter, 'use must be "play" or "probe", not \'show\''),
    (lambda: Observed(PD, ()), BadParameter, "the number of rounds must be 1 to 10,000, not 0"),
    (lambda: Observed(PD, WATCHED, 3), BadParameter, "seat must be 1 or 2, not 3"),
    (lambda: Observed(PD, WATCHED, memory=-1), BadParameter, "memory must be 0 or more rounds"),
    (lambda: Observed(PD, (("cooperate", "swerve"),)), BadParameter, "round 1 of moves has 'swerve' for seat 2"),
    (lambda: Observed(PD, (WATCHED[0], cast(Any, ("defect",)))), BadParameter, "round 2 of moves must be two actions"),
    (lambda: Observed(PublicGoods(), WATCHED), BadStack, "observation needs a game for 2 players"),
    (lambda: Observed(Trembling(PD), WATCHED), BadStack, "under noise the one does not tell the other"),
    (lambda: Observed(Misperceived(PD), WATCHED), BadStack, "observation speaks about the one action"),  # type: ignore[arg-type]
    (lambda: CheapTalk(Observed(PD, WATCHED)), BadStack, "talk needs somebody to talk to, and Observed is for one"),
    (lambda: Informed(PublicGoods()), BadStack, "belief needs a game for 2 players"),
    (lambda: Informed(PD, cast(Any, "cheats")), BadParameter, 'about must be "errs", "defects_once" or'),
    (lambda: Informed(PD, seats=(0,)), BadParameter, r"not \[0\]"),
    (lambda: Informed(MatchingPennies(), "defects_once"), BadStack, "player 2 defects once: MatchingPennies does not"),
]


@pytest.mark.parametrize(("build", "error", "sentence"), REFUSED)
def test_what_cannot_be_is_refused_in_a_sentence(
    build: Callable[[], object], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence) as refusal:
        build()
    assert "\n" not in str(refusal.value)


# Observers


def watching(game: Observed, *answers: str) -> Match:
    match = Match(game)
    for answer in answers:
        match.answer((answer,))
    return match


@given(
    st.lists(st.tuples(*(st.sampled_from(actions) for actions in PD.actions)), min_size=1, max_size=6),
    st.sampled_from([1, 2]),
    keys,
)
def test_an_observer_is_paid_the_share_of_what_it_foresaw(moves: list[tuple[str, str]], seat: int, key: int) -> None:
    game = Observed(PD, tuple(moves), seat)
    match, put = played(game, Script(key), key)
    right = [choice == profile[seat - 1] for (choice,), profile in zip(match.choices, moves, strict=True)]
    assert match.outcome is not None
    assert match.outcome.payoffs == (sum(right) / len(moves),)
    assert [part.outcome.payoffs for part in match.outcome.parts] == [(float(one),) for one in right]
    for round, [decision] in enumerate(put):
        history = decision.fact(History)
        assert history is not None
        assert [play.outcome.actions for play in history.past] == moves[:round]
        assert [play.outcome.payoffs for play in history.past] == [PD.payoffs(profile) for profile in moves[:round]]


def test_a_round_to_come_is_not_shown() -> None:
    one, other = Observed(PD, WATCHED), Observed(PD, (WATCHED[0], WATCHED[1], ("defect", "cooperate")))
    for answers in ((), ("cooperate",), ("cooperate", "defect")):
        assert watching(one, *answers).pending == watching(other, *answers).pending


def test_an_observer_names_a_game_of_its_own() -> None:
    game = Observed(PD, WATCHED, 1)
    assert named_game(game) is game
    assert (game.roles, game.cooperative, game.defective, game.scale) == (("observer",), (None,), (None,), Scale(0, 1))
    assert game.rules == (Observation(0, 3, "all"), PD)


@pytest.mark.parametrize("name", STANDARD)
def test_an_observer_is_told_of_players_and_never_addressed_as_one(name: str) -> None:
    wording = standard(name)
    for decision in watching(Observed(PD, WATCHED)).pending + watching(Observed(PD, WATCHED), "defect").pending:
        for text in (render(decision, wording), "\n".join(sections(decision, wording))):
            assert wording.listed([wording.player(0), wording.player(1)]).lower() in text.lower()
            assert wording.say("names.other") not in text
            assert not re.search(r"[Yy]ou are player|[Yy]ou (get|choose|played)|: P1\.", text)
            assert wording.say("questions.predict", who=wording.player(1)) in text
            assert wording.say("names.you_observe") in text


def test_an_observer_sees_as_far_as_its_memory_goes() -> None:
    [decision] = watching(Observed(PD, WATCHED, memory=1), "defect", "defect").pending
    text = render(decision)
    assert "Round 2: player 1 played defect (1 point) and player 2 played defect (1 point)." in text
    assert "Round 1" not in text
    assert "Rounds played so far: 2." in text


# Beliefs


@given(st.sampled_from(["errs", "defects_once", "person_or_program"]), st.sampled_from([(1,), (2,), (1, 2)]), keys)
def test_a_belief_changes_what_its_seats_see_and_nothing_else(about: Any, seats: tuple[int, ...], key: int) -> None:
    base = Repeated(Predicted(PD), rounds=2)
    match, put = played(Informed(base, about, seats), Script(key), 0)
    twin, without = played(base, Script(key), 0)
    assert match.outcome == twin.outcome
    for told, plain in zip((d for step in put for d in step), (d for step in without for d in step), strict=True):
        beliefs = [fact for fact in told.sees if isinstance(fact, Belief)]
        assert len(beliefs) == (told.player + 1 in seats)
        assert replace(told, sees=told.sees[len(beliefs) :]) == plain


def test_a_belief_is_about_the_partner_and_in_its_actions() -> None:
    game = BattleOfTheSexes()
    first, second = Match(Informed(game, "defects_once")).pending
    assert first.fact(Belief) == DefectsOnce("fight", "ballet") or first.fact(Belief) == DefectsOnce("ballet", "fight")
    for decision, other in ((first, 1), (second, 0)):
        assert decision.fact(Belief) == DefectsOnce(str(game.defective[other]), str(game.cooperative[other]))
    assert Match(Informed(game)).pending[0].fact(Belief) == Errs()
    assert Match(Informed(game, "person_or_program")).pending[0].fact(Belief) == PersonOrProgram()


def test_a_belief_is_told_with_labels_and_names() -> None:
    [_, decision] = Match(Informed(PD, "defects_once")).pending
    assert "Player 1 will choose defect once, and cooperate ever after." in render(decision)
    assert "The other player will choose A1 once, and A0 ever after." in sections(decision, standard("neutral")).rules
    [decision, _] = Match(Informed(PD, "errs", (1,))).pending
    assert "The other player sometimes makes mistakes." in sections(decision).rules


# The question and its answer


def asked(game: Game) -> Decision[Any]:
    return next(decision for decision in Match(game).pending if decision.kind == "predict")


def test_the_question_names_whose_move_it_is() -> None:
    assert sections(asked(Predicted(PD, (2,)))).question == "Which action do you expect player 1 to choose?"
    assert sections(asked(Observed(PD, WATCHED, 1))).question == "Which action do you expect player 1 to choose?"
    put = played(Rotated(Predicted(PD), population=4, rounds=1), Script(1), 1)[1]
    rotated = [decision for step in put for decision in step if decision.kind == "predict"]
    assert len(rotated) == 4
    for decision in rotated:
        assert sections(decision).question == f"Which action do you expect player {2 - decision.seat} to choose?"
    each = sections(asked(Predicted(PublicGoods()))).question
    assert each == "Which action do you expect each other player to choose?"


@pytest.mark.parametrize("game", [Predicted(PD), Observed(PD, WATCHED)], ids=["player", "observer"])
def test_a_prediction_is_answered_in_every_form(game: Game) -> None:
    decision = asked(game)
    assert isinstance(decision.options, OneOf)
    choice = Form("choice", reasoning=False)
    assert read_answer('{"answer": "defect"}', decision, PLAIN, choice) == "defect"
    lottery = read_answer(
        '{"answer": {"cooperate": 30, "defect": 70}}', decision, PLAIN, Form("lottery", reasoning=False)
    )
    assert lottery == Lottery(("cooperate", "defect"), (0.3, 0.7))
    token = Form("token", reasoning=False)
    assert prompt(decision, PLAIN, token).user.endswith("Answer with one word and nothing else: cooperate or defect.")
    assert read_answer("defect", decision, PLAIN, token) == "defect"
