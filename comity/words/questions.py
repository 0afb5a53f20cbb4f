"""What is asked at each kind of decision, and what may be answered in each space."""

from __future__ import annotations

from typing import Any

from comity.core.decision import Decision
from comity.core.space import Each, Integer, Lottery, OneOf, Ordering, Text
from comity.exact.strategic_form import StrategicFormRule
from comity.games.exchange.turns import Turn
from comity.mechanisms.mediation import DELEGATE
from comity.mechanisms.observation import Observation
from comity.words import actions
from comity.words.exchange import QUESTIONS as OF_EXCHANGE
from comity.words.wording import Answer, Frame, Question, Wording


def act(decision: Decision[Any], frame: Frame) -> str:
    if decision.fact(StrategicFormRule):
        return frame.say("questions.act_plan")
    return frame.say("questions.act" if frame.met else "questions.act_everywhere")


def propose(decision: Decision[Any], frame: Frame) -> str:
    match frame.elected:
        case "mediator":
            return frame.say("questions.propose_mediator", delegate=frame.shown(DELEGATE))
        case "contract":
            return frame.say("questions.propose_contract")
        case _:
            return frame.say("questions.propose")


def approve(decision: Decision[Any], frame: Frame) -> str:
    return frame.say("questions.approve")


def sign(decision: Decision[Any], frame: Frame) -> str:
    return frame.say("questions.sign")


def speak(decision: Decision[Any], frame: Frame) -> str:
    return frame.say("questions.speak")


def sanction(decision: Decision[Any], frame: Frame) -> str:
    return frame.say("questions.sanction")


def predict(decision: Decision[Any], frame: Frame) -> str:
    """Whose action is to be predicted: that of the other of two, of each other player, or of the one who is watched."""
    if isinstance(decision.options, Each):
        return frame.say("questions.predict_each")
    watching = decision.fact(Observation)
    seat = 1 - decision.seat if watching is None else watching.seat
    return frame.say("questions.predict", who=frame.name(seat))


QUESTIONS: dict[str, Question] = {
    "act": act,
    "propose": propose,
    "approve": approve,
    "sign": sign,
    "speak": speak,
    "sanction": sanction,
    "predict": predict,
    **OF_EXCHANGE,
}
"""The question of each kind of decision. A plugin whose rules ask a new kind adds its question here."""


def _one_of(space: OneOf[Any] | Lottery[Any], wording: Wording) -> str:
    options = list(map(wording.shown, space))
    if all(type(option) is bool for option in space):
        return wording.listed(options, "words.or")
    return wording.say("answers.one_of", options=", ".join(options))


def _integer(space: Integer, wording: Wording) -> str:
    match space.low, space.high:
        case None, None:
            return wording.say("answers.integer")
        case low, None:
            return wording.say("answers.integer_from", low=low)
        case None, high:
            return wording.say("answers.integer_up_to", high=high)
        case low, high:
            return wording.say("answers.integer_between", low=low, high=high)


def _each(space: Each[Any], wording: Wording) -> str:
    names = list(map(wording.part, space.names))
    allowed = list(map(wording.allowed, space.spaces))
    if len(allowed) == 1:
        return wording.say("answers.one_part", part=names[0], allowed=allowed[0])
    if len(set(allowed)) == 1:
        return wording.say("answers.equal_parts", parts=wording.listed(names), allowed=allowed[0])
    each = (wording.say("answers.part", part=name, allowed=one) for name, one in zip(names, allowed, strict=True))
    return wording.say("answers.parts", parts="; ".join(each))


def _text(space: Text, wording: Wording) -> str:
    return wording.say("answers.text", most=space.most)


def _turn(space: Turn, wording: Wording) -> str:
    return wording.say("exchange.turn", actions=wording.listed(actions.typing(space), "words.or"))


def _ordering(space: Ordering, wording: Wording) -> str:
    return wording.say("answers.ordering", last=space.size - 1)


ANSWERS: dict[type, Answer] = {
    OneOf: _one_of,
    Lottery: _one_of,
    Integer: _integer,
    Text: _text,
    Each: _each,
    Ordering: _ordering,
    Turn: _turn,
}
"""What each space allows. A plugin with a space of its own adds its phrase here."""
