"""What is asked at each kind of decision, and what may be answered in each space."""

from __future__ import annotations

from typing import Any

from comity.core.decision import Decision
from comity.core.space import Each, Integer, Lottery, OneOf, Ordering, Text
from comity.exact.strategic_form import StrategicFormRule
from comity.words.phrases import chosen, listed
from comity.words.wording import Answer, Frame, Question, Wording


def act(decision: Decision[Any], frame: Frame) -> str:
    if decision.fact(StrategicFormRule):
        return "Which plan do you choose?"
    if not frame.met:
        return "Which action do you choose, the same one with all your neighbours?"
    return "Which action do you choose?"


def propose(decision: Decision[Any], frame: Frame) -> str:
    match frame.elected:
        case "mediator":
            return "Which mediator do you propose: which action should it play, by the number of players delegating?"
        case "contract":
            return "Which contract do you propose: which payment should whoever plays an action receive?"
        case _:
            return "What do you propose?"


def approve(decision: Decision[Any], frame: Frame) -> str:
    return "Which proposals do you approve?"


def sign(decision: Decision[Any], frame: Frame) -> str:
    return "Do you sign the contract?"


def speak(decision: Decision[Any], frame: Frame) -> str:
    return "What do you say to the others?"


def sanction(decision: Decision[Any], frame: Frame) -> str:
    return "Which number do you set for each other player?"


QUESTIONS: dict[str, Question] = {
    "act": act,
    "propose": propose,
    "approve": approve,
    "sign": sign,
    "speak": speak,
    "sanction": sanction,
}
"""The question of each kind of decision. A plugin whose rules ask a new kind adds its question here."""


def _one_of(space: OneOf[Any] | Lottery[Any], wording: Wording) -> str:
    options = list(map(chosen, space))
    yes_no = all(type(option) is bool for option in space)
    return listed(options, "or") if yes_no else f"one of {', '.join(options)}"


def _integer(space: Integer, wording: Wording) -> str:
    return str(space)


def _each(space: Each[Any], wording: Wording) -> str:
    allowed = [wording.allowed(part) for part in space.spaces]
    if len(allowed) == 1:
        return f"a value for {space.names[0]}, {allowed[0]}"
    if len(set(allowed)) == 1:
        return f"values for {listed(space.names)}, in this order and separated by commas, each {allowed[0]}"
    parts = (f"for {name} {each}" for name, each in zip(space.names, allowed, strict=True))
    return f"values separated by commas: {'; '.join(parts)}"


def _text(space: Text, wording: Wording) -> str:
    return str(space)


def _ordering(space: Ordering, wording: Wording) -> str:
    return f"the numbers 0 to {space.size - 1}, each once, in any order and separated by commas"


ANSWERS: dict[type, Answer] = {
    OneOf: _one_of,
    Lottery: _one_of,
    Integer: _integer,
    Text: _text,
    Each: _each,
    Ordering: _ordering,
}
"""What each space allows. A plugin with a space of its own adds its phrase here."""
