"""What a model wrote, as a choice; or why it is none.

Reading is strict and total: every text is an answer or raises `Unread`, and nothing is guessed. What counts is the JSON
object that ends the reply. A name that is mentioned, a number among the reasons, an object in the middle of a sentence
are not answers, however plainly they seem to tell what was meant. The rules are in docs/reference/replies.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from math import exp, isfinite
from typing import Any, Literal, TypeAlias

from comity.core.decision import Decision
from comity.core.errors import PlayerError
from comity.core.match import Reply
from comity.core.space import Lottery
from comity.words.forms import ANSWER, REASONING, Form, Kind, asked_as, whole
from comity.words.objects import NotStrict, Span, own_lines, strict
from comity.words.printable import printable_line
from comity.words.refusals import is_refusal
from comity.words.shapes import BLANK, Cause, Misfit, Names, Shape, fields, small
from comity.words.wording import Wording
from comity.words.wordings import PLAIN

Finish: TypeAlias = Literal["stop", "length", "filter", "other"]
Alternatives: TypeAlias = Sequence[tuple[str, float | None]]

MASS = 0.5
"""How much of the probability of the first token must lie on tokens that count for an option."""
DOUBT = 0.05
"""How much of it may at most lie on tokens that begin a name, but may as well begin something else."""
WRITTEN = 0.01
"""How much of what counts must lie on the option that was written, since that is the one that was drawn."""
_PIECE = 2
"""Letters of the shortest piece of a name: "I" and "A" begin more than names."""
_ROUNDING = 0.01
"""By how much a log-probability may pass zero; more is no log-probability."""
_BYTE_ORDER_MARK = "\ufeff"
_SOME = 6
_TAG = re.compile(r"<(/?)(think|thinking)>", re.IGNORECASE | re.ASCII)
_NAMED = (
    "think|thinking|thought|thoughts|reasoning|reflection|analysis|rationale|scratchpad"
    "|antthinking|seed:think|longcat_think"
)
_APART = (
    (rf"<(?:{_NAMED})(?:\s[^<>]*+)?>", rf"</(?:{_NAMED})>"),
    (r"\[(?:think|thinking|reasoning)\]", r"\[/(?:think|thinking|reasoning)\]"),
    ("\u25c1think\u25b7", "\u25c1/think\u25b7"),
    (r"<\|(?:begin_of_thought|start_thinking)\|>", r"<\|(?:end_of_thought|end_thinking)\|>"),
    (r"<\|channel\|>(?:analysis|commentary)", r"<\|channel\|>final|<\|end\|>"),
    ("<!--", "-->"),
)
"""What opens and what closes text that is not said to whoever asked: thinking, as models mark it, and comments."""
_BY_NAME = ("0", "1")
"""Where in the table a tag is closed by one of its own name only."""
_SIGN = 30
_MARK = re.compile(
    "|".join(f"(?P<opens{n}>{opens})|(?P<closes{n}>{closes})" for n, (opens, closes) in enumerate(_APART)),
    re.IGNORECASE | re.ASCII,
)
_NAME = re.compile(r"[a-z_:]+", re.IGNORECASE | re.ASCII)
_FENCE = re.compile(r"^[ \t]*+```", re.MULTILINE)
_TILDES = re.compile(r"^[ \t]*+~~~", re.MULTILINE)
_FENCE_OPENS = ("```", "```json", "```JSON")


class Unread(PlayerError):
    """A reply that is no answer; the message is one sentence that says what was found and what is wanted.

    cause: its class. found: what was found, as a clause. shape: the shape of an answer. asked: the kind of answer that
    the decision was asked for. wording: the one that it was asked in.
    """

    def __init__(self, cause: Cause, found: str, shape: str, asked: Kind, wording: Wording = PLAIN) -> None:
        super().__init__(f"{found}; wanted is {shape}")
        self.cause: Cause = cause
        self.found = found
        self.shape = shape
        self.asked: Kind = asked
        self.wording = wording


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
    the form is "token" they make the reply a lottery over the options. What is no log-probability is left out. Raises
    `Unread`.
    """
    told, wording, asked, shape = asked_as(decision, wording, form)
    try:
        _check_finish(finish)
        body = _without_thinking(text.removeprefix(_BYTE_ORDER_MARK).strip(BLANK))
        if isinstance(shape, Names) and asked.answer == "token":
            return _in_own_order(_named(body, shape, alternatives), decision, told)
        return _in_own_order(shape.read(_answer(body, shape, asked)), decision, told)
    except Misfit as misfit:
        wanted = whole(shape, asked, _SOME, wording)
        raise Unread(misfit.cause, misfit.found, wanted, asked.answer, wording) from None


def _in_own_order(reply: Reply, decision: Decision[Any], told: Decision[Any]) -> Reply:
    """The reply, a lottery over the options as the game orders them, in whichever order they were asked for."""
    if told is decision or not isinstance(reply, Lottery):
        return reply
    shares = dict(reply.chances())
    return Lottery(tuple(decision.options), tuple(shares[option] for option in decision.options))


def _check_finish(finish: Finish) -> None:
    if finish == "length":
        raise Misfit("truncated", "the reply was cut off at the longest length allowed")
    if finish == "filter":
        raise Misfit("filtered", "the reply was withheld by the provider")
    if finish != "stop":
        raise Misfit("malformed", "the provider says that the reply did not end by itself")


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
    """Nothing counts that stands inside thinking, or a comment, which is not closed."""
    opened = dict[str, str]()
    for mark in _MARK.finditer(before):
        kind = _kind(mark)
        if str(mark.lastgroup).startswith("opens"):
            opened[kind] = mark[0]
        else:
            opened.pop(kind, None)
    if opened:
        sign = printable_line(next(iter(opened.values()))[:_SIGN])
        raise Misfit("truncated", f"the reply ends before its {sign} is closed")


def _kind(mark: re.Match[str]) -> str:
    """What closes what: signs of the same place in the table, and tags of the same name."""
    place = str(mark.lastgroup).removeprefix("opens").removeprefix("closes")
    name = _NAME.search(mark[0]) if place in _BY_NAME else None
    return f"{place} {name[0].lower()}" if name else place


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
    if len(_TILDES.findall(before)) % 2:
        raise Misfit("malformed", "the JSON object stands inside a fence (~~~), and only ``` may hold it")
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
    return _weighed(shape, place, alternatives) if alternatives else shape.options[place]


def _no_name(body: str) -> Misfit:
    _check_thinking(body)
    if is_refusal(body):
        return Misfit("refusal", "the reply declines to answer")
    return Misfit("malformed", "the reply is not the name of one option alone" if body else "the reply is empty")


def _weighed(shape: Names, written: int, alternatives: Alternatives) -> Lottery[Any]:
    """Each option with the probability of the tokens that count for it, where these tell beyond doubt.

    The whole name of an option counts. A piece of at least two letters that a name begins with counts only where the
    written name itself was begun by a piece; for a model that has whole names as tokens it begins another sentence. All
    that begins a name and does not count is in doubt. No two names begin with the same letter.
    """
    tokens, names = _probabilities(alternatives), list(map(small, shape.names))
    whole = [sum(p for token, p in tokens if token == name) for name in names]
    pieces = [sum(p for token, p in tokens if _is_piece(token, name)) for name in names]
    in_pieces = pieces[written] > whole[written]
    masses = [a + b for a, b in zip(whole, pieces, strict=True)] if in_pieces else whole
    mass = sum(masses)
    doubtful = sum(p for token, p in tokens if any(name.startswith(token) for name in names)) - mass
    if mass < MASS:
        raise Misfit("malformed", f"only {mass:.0%} of the probability of the first token lies on the options")
    if doubtful > DOUBT:
        raise Misfit("malformed", f"{doubtful:.0%} of the probability of the first token may be of an option or not")
    if masses[written] < WRITTEN * mass:
        raise Misfit("malformed", "the probabilities of the first token are not those of this reply")
    return Lottery(shape.options, tuple(part / mass for part in masses))


def _probabilities(alternatives: Alternatives) -> list[tuple[str, float]]:
    """The tokens, blanks and case aside, with their probabilities; what is empty, or has none, is left out."""
    typed = [(small(token.strip()), log) for token, log in alternatives]
    return [(token, exp(min(log, 0.0))) for token, log in typed if token and log is not None and _is_log(log)]


def _is_log(log: float) -> bool:
    return isfinite(log) and log < _ROUNDING


def _is_piece(token: str, name: str) -> bool:
    return _PIECE <= len(token) < len(name) and name.startswith(token)
