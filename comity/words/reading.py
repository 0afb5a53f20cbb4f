"""What a model wrote, as a choice; or why it is none.

Reading is strict and total: every text is an answer or raises `Unread`, and nothing is guessed. What counts is the JSON
object that ends the reply. A name that is mentioned, a number among the reasons, an object in the middle of a sentence
are not answers, however plainly they seem to tell what was meant. The rules are in docs/reference/replies.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from math import exp
from typing import Any, Literal, TypeAlias

from comity.core.decision import Decision
from comity.core.errors import PlayerError
from comity.core.match import Reply
from comity.core.space import Lottery
from comity.words.forms import ANSWER, REASONING, Form, Kind, answer_shape, form_at, whole
from comity.words.objects import NotStrict, Span, own_lines, strict
from comity.words.refusals import is_refusal
from comity.words.shapes import BLANK, Cause, Misfit, Names, Shape, fields, small
from comity.words.wording import Wording

Finish: TypeAlias = Literal["stop", "length", "filter", "other"]
Alternatives: TypeAlias = Sequence[tuple[str, float]]

MASS = 0.5
"""How much of the probability of the first token must lie on tokens that begin one option's name."""
_ROUNDING = 0.01
"""By how much a log-probability may pass zero; more is no log-probability."""
_BYTE_ORDER_MARK = "\ufeff"
_SOME = 6
_TAG = re.compile(r"<(/?)(think|thinking)>", re.IGNORECASE | re.ASCII)
_FENCE = re.compile(r"^[ \t]*+```", re.MULTILINE)
_FENCE_OPENS = ("```", "```json", "```JSON")


class Unread(PlayerError):
    """A reply that is no answer; the message is one sentence that says what was found and what is wanted.

    cause: its class. found: what was found, as a clause. shape: the shape of an answer. asked: the kind of answer that
    the decision was asked for.
    """

    def __init__(self, cause: Cause, found: str, shape: str, asked: Kind) -> None:
        super().__init__(f"{found}; wanted is {shape}")
        self.cause: Cause = cause
        self.found = found
        self.shape = shape
        self.asked: Kind = asked


def read_answer(
    text: str,
    decision: Decision[Any],
    wording: Wording,
    form: Form,
    *,
    finish: Finish = "stop",
    alternatives: Alternatives = (),
) -> Reply:
    """The choice that the reply gives, or the lottery.

    finish: why the reply ends. alternatives: (token, log-probability) of what the first token might have been; where
    the form is "token" they make the reply a lottery over the options. Raises `Unread`.
    """
    asked = form_at(decision, wording, form)
    shape = answer_shape(decision, wording, asked)
    try:
        _check_finish(finish)
        body = _without_thinking(text.removeprefix(_BYTE_ORDER_MARK).strip(BLANK))
        if isinstance(shape, Names) and asked.answer == "token":
            return _named(body, shape, alternatives)
        return shape.read(_answer(body, shape, asked))
    except Misfit as misfit:
        raise Unread(misfit.cause, misfit.found, whole(shape, asked, _SOME), asked.answer) from None


def _check_finish(finish: Finish) -> None:
    if finish == "length":
        raise Misfit("truncated", "the reply was cut off at the longest length allowed")
    if finish == "filter":
        raise Misfit("filtered", "the reply was withheld by the provider")


def _without_thinking(body: str) -> str:
    """The reply without the thinking that it begins with."""
    opened = _TAG.match(body)
    if opened is None or opened[1]:
        return body
    for tag in _TAG.finditer(body, opened.end()):
        if tag[1] and tag[2].lower() == opened[2].lower():
            return body[tag.end() :].strip(BLANK)
    raise Misfit("truncated", f"the reply ends before its {opened[0]} is closed")


def _check_thinking(before: str) -> None:
    """Nothing counts that stands inside thinking which is not closed."""
    tags = list(_TAG.finditer(before))
    if tags and not tags[-1][1]:
        raise Misfit("truncated", f"the reply ends before its {tags[-1][0]} is closed")


def _answer(body: str, shape: Shape, asked: Form) -> Any:
    """The value under "answer" in the object that ends the reply."""
    inside = asked.reasoning and asked.structured
    spans = list(own_lines(body, shape.depth + 3))  # two levels more than needed: what is too deep is told
    last = _last(body, spans, reasons=asked.reasoning and not asked.structured)
    reasons, answer = fields(last, (REASONING, ANSWER)) if inside else ("", *fields(last, (ANSWER,)))
    if type(reasons) is not str:
        raise Misfit("malformed", f'the value of "{REASONING}" is no text')
    _check_alone(body, [span for span in spans if span.end <= spans[-1].start], answer)
    return answer


def _last(body: str, spans: Sequence[Span], *, reasons: bool) -> Any:
    """The object that ends the reply, where it stands as it must."""
    if not spans or not _ends(body, spans[-1]):
        raise _no_object(body)
    start, end, inside = spans[-1]
    _check_thinking(body[:start])
    if inside:
        raise Misfit("malformed", "the JSON object stands inside a list or object that is not closed")
    _check_before(body[:start], fenced=end < len(body), reasons=reasons)
    return _parsed(body[start:end])


def _ends(body: str, last: Span) -> bool:
    """Whether nothing comes after the object but the end of a fence."""
    return body[last.end :].strip(BLANK) in ("", "```")


def _no_object(body: str) -> Misfit:
    _check_thinking(body)
    if not body:
        return Misfit("malformed", "the reply is empty")
    if is_refusal(body):
        return Misfit("refusal", "the reply declines to answer")
    return Misfit("malformed", "the reply does not end in a JSON object that stands on lines of its own")


def _check_before(before: str, *, fenced: bool, reasons: bool) -> None:
    """Before the object stand its reasons, where there may be any, and the fence that is closed after it."""
    line = before.rstrip(BLANK).rpartition("\n")[2].strip(BLANK)
    if fenced and line not in _FENCE_OPENS:
        raise Misfit("malformed", "the reply ends in a fence (```) that holds more than the JSON object")
    if len(_FENCE.findall(before)) % 2 != fenced:
        raise Misfit("malformed", "the JSON object stands inside a fence (```) that is not closed after it")
    if not reasons and before.strip(BLANK) not in ("", *_FENCE_OPENS):
        raise Misfit("malformed", "there is more in the reply than the JSON object")


def _parsed(text: str) -> Any:
    try:
        return strict(text)
    except NotStrict as error:
        raise Misfit("malformed", f"the object that ends the reply cannot be read: {error}") from None


def _check_alone(body: str, earlier: Sequence[Span], answer: Any) -> None:
    """There is no other answer among the reasons, on lines of its own."""
    said = json.dumps(answer, sort_keys=True)
    if any(_may_be_answer(body[span.start : span.end], said) for span in earlier):
        raise Misfit("malformed", "the reply holds two answers that differ")


def _may_be_answer(text: str, said: str) -> bool:
    """Whether this is an answer too, and another one than was said."""
    try:
        value = strict(text)
    except NotStrict:
        return False
    return set(value) == {ANSWER} and json.dumps(value[ANSWER], sort_keys=True) != said


def _named(body: str, shape: Names, alternatives: Alternatives) -> Reply:
    """The option whose name is the whole reply; or the lottery over all options that the alternatives to it tell."""
    place = shape.place(body)
    if place is None:
        raise _no_name(body)
    return _weighed(shape, alternatives) if alternatives else shape.options[place]


def _no_name(body: str) -> Misfit:
    _check_thinking(body)
    if is_refusal(body):
        return Misfit("refusal", "the reply declines to answer")
    return Misfit("malformed", "the reply is not the name of one option alone" if body else "the reply is empty")


def _weighed(shape: Names, alternatives: Alternatives) -> Lottery[Any]:
    """Each option with the probability of the tokens that begin its name; no two names begin with the same letter."""
    masses = [
        sum(exp(min(log, 0.0)) for token, log in alternatives if log < _ROUNDING and _begins(small(name), token))
        for name in shape.names
    ]
    mass = sum(masses)
    if mass < MASS:
        raise Misfit("malformed", f"only {mass:.0%} of the probability of the first token lies on the options")
    return Lottery(shape.options, tuple(part / mass for part in masses))


def _begins(name: str, token: str) -> bool:
    typed = small(token.strip())
    return bool(typed) and name.startswith(typed)
