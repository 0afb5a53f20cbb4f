"""In which form a model is asked to answer, and the prompt that asks it.

A prompt is made of the decision alone. Its first part is the same for every decision of a form; then come the rules,
what has happened, the question, and the exact shape of the answer. So what prompts share stands first, where providers
can keep it.

A form may be asked for more than a decision can give: there is no lottery over payments, and no single word that is an
approval of three proposals. `form_at` says in which form a decision is asked then; it is always `choice`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from comity.core.decision import Decision
from comity.core.errors import BadParameter, IllegalChoice
from comity.core.match import Reply
from comity.core.space import Lottery, OneOf, Schema, Space
from comity.mechanisms.observation import Observation
from comity.words.phrases import quoted
from comity.words.presentation import as_told
from comity.words.render import sections_as_told
from comity.words.shapes import Names, Percents, Shape, keyed, names_of, pattern, shape_of, small
from comity.words.wording import Wording

if TYPE_CHECKING:
    from comity.words.reading import Unread

Kind: TypeAlias = Literal["choice", "lottery", "token"]

ANSWER = "answer"
REASONING = "reasoning"
MOST_OPTIONS = 20
"""Over more options nobody is asked for a lottery, and no provider gives the log-probabilities of more tokens."""
_QUOTED = 300
_ALL = 10**6


@dataclass(frozen=True)
class Form:
    """How a model is to answer.

    answer: "choice", one choice; "lottery", whole percentages over the options, where these are 2 to 20 and no yes or
        no; "token", the name of an option and nothing else, where the names are single words of which no two begin with
        the same letter.
    reasoning: whether reasons are asked for, before the answer.
    structured: whether the provider is to hold the answer to its JSON schema.

    Raises `BadParameter` for another answer, and for a token together with reasons or a schema.
    """

    answer: Kind = "choice"
    reasoning: bool = True
    structured: bool = False

    def __post_init__(self) -> None:
        if self.answer not in ("choice", "lottery", "token"):
            raise BadParameter(f'the form of an answer is "choice", "lottery" or "token", not {self.answer!r}')
        if self.answer == "token" and (self.reasoning or self.structured):
            given = "reasoning" if self.reasoning else "structured"
            raise BadParameter(f'the form "token" is one word and nothing else: it needs {given} = false')


@dataclass(frozen=True)
class Prompt:
    """What is sent to a model.

    system: who it is (a player, or an observer) and how it is to answer; the same for all its decisions of a form.
    user: the decision, and the shape of the answer. schema: the JSON schema of the whole reply, as JSON text; None asks
    for text. alternatives: for how many alternatives to the first token the log-probability is wanted. asked: the form
    that this decision is asked in.
    """

    system: str
    user: str
    schema: str | None
    alternatives: int
    asked: Form


def prompt(decision: Decision[Any], wording: Wording, form: Form) -> Prompt:
    """The prompt that puts the decision to a model.

    Raises `NoWords` where the wording does not cover the decision, and `BadWording` where two options are called the
    same.
    """
    decision, wording, asked, shape = asked_as(decision, wording, form)
    wanted = instruction(whole(shape, asked, _ALL, wording), asked, wording)
    parts = (*sections_as_told(decision, wording), wanted)
    return Prompt(
        system=_beginning(wording, form, watching=decision.fact(Observation) is not None),
        user="\n\n".join(filter(None, parts)),
        schema=json.dumps(_schema(shape, asked), ensure_ascii=False) if asked.structured else None,
        alternatives=MOST_OPTIONS if asked.answer == "token" else 0,
        asked=asked,
    )


class Asked(NamedTuple):
    """A decision as it is asked: both as they are told, the form that its options admit, the shape of the answer."""

    decision: Decision[Any]
    wording: Wording
    form: Form
    shape: Shape


def asked_as(decision: Decision[Any], wording: Wording, form: Form) -> Asked:
    """How the decision is asked, and its answer read. Raises as `prompt` does."""
    told, words = as_told(decision, wording)
    asked = _form_at(told, words, form)
    return Asked(told, words, asked, _shape(told, words, asked))


def form_at(decision: Decision[Any], wording: Wording, form: Form) -> Form:
    """The form in which this decision is asked: the one that is wanted where its options admit it, or else a choice."""
    return _form_at(*as_told(decision, wording), form)


def _form_at(decision: Decision[Any], wording: Wording, form: Form) -> Form:
    match form.answer:
        case "lottery" if not _admits_lottery(decision.options):
            return replace(form, answer="choice")
        case "token" if not _admits_token(decision.options, wording.answering(decision)):
            return replace(form, answer="choice")
        case _:
            return form


def _admits_lottery(space: Space[Any]) -> bool:
    return type(space) is OneOf and 2 <= len(space) <= MOST_OPTIONS and bool not in map(type, space)


def _admits_token(space: Space[Any], wording: Wording) -> bool:
    if type(space) is not OneOf or not 1 <= len(space) <= MOST_OPTIONS:
        return False
    names = names_of(space, wording.shown)
    return all(name.split() == [name] for name in names) and len({small(name)[0] for name in names}) == len(names)


def answer_shape(decision: Decision[Any], wording: Wording, asked: Form) -> Shape:
    """The shape of the answer itself, asked being the form that `form_at` gives.

    Raises `NoWords` for a type of space that has none, and `BadWording` where two options are called the same.
    """
    return _shape(*as_told(decision, wording), asked)


def _shape(decision: Decision[Any], wording: Wording, asked: Form) -> Shape:
    space, words = decision.options, wording.answering(decision)
    match asked.answer:
        case "lottery":
            return Percents(tuple(space), names_of(space, words.shown))
        case "token":
            return Names(tuple(space), names_of(space, words.shown))
        case _:
            return shape_of(space, words)


def whole(shape: Shape, asked: Form, most: int, wording: Wording) -> str:
    """The shape of the whole answer, as a pattern."""
    if isinstance(shape, Names) and asked.answer == "token":
        return wording.listed(shape.names, "words.or")
    reasons = [(REASONING, f'"<{wording.say("forms.reasons")}>"')] if asked.reasoning and asked.structured else []
    told = pattern([*reasons, (ANSWER, shape.told(most, wording))])
    return wording.say("forms.percentages", shape=told) if asked.answer == "lottery" else told


def instruction(told: str, asked: Form, wording: Wording) -> str:
    """What to answer, told being the pattern of the answer."""
    if asked.answer == "token":
        return wording.say("forms.word", options=told)
    first = asked.reasoning and not asked.structured
    wanted = wording.say("forms.reasons_then_object" if first else "forms.object", shape=told)
    return f"{wording.say('forms.mix')} {wanted}" if asked.answer == "lottery" else wanted


def spelled(reply: Reply, decision: Decision[Any], wording: Wording, form: Form, reasons: str = "...") -> str:
    """The text with which a model would give this reply: `read_answer` reads the reply from it.

    In a lottery form a choice is spelled as the lottery that is certain of it, and probabilities are rounded to whole
    percentages. Reasons that end in an answer of their own make the text ambiguous, and it is refused. Raises
    `IllegalChoice` for a reply that the decision, or the form, does not allow.
    """
    decision, wording, asked, shape = asked_as(decision, wording, form)
    given = list(reply) if isinstance(reply, Lottery) and asked.answer == "lottery" else [reply]
    if any(choice not in decision.options for choice in given):
        raise IllegalChoice(decision, reply)
    value = shape.spelled(reply)
    if asked.answer == "token":
        return str(value)
    head = {REASONING: reasons} if asked.reasoning and asked.structured else {}
    answer = json.dumps({**head, ANSWER: value}, ensure_ascii=False)
    return f"{reasons}\n{answer}" if asked.reasoning and not asked.structured else answer


def again(bad: str, error: Unread, form: Form) -> str:
    """What is said to a model whose reply could not be read: why, how the reply ended, and the shape that is wanted.

    It is said in the words in which the answer was asked for; only what was found is English in every wording.
    """
    wording = error.wording
    said = [wording.say("forms.not_taken", found=error.found)]
    if bad.strip():
        said.append(wording.say("forms.ended", text=quoted(bad[-_QUOTED:])))
    return f"{' '.join(said)}\n\n{instruction(error.shape, replace(form, answer=error.asked), wording)}"


def _schema(shape: Shape, asked: Form) -> Schema:
    reasons: dict[str, Schema] = {REASONING: {"type": "string"}} if asked.reasoning else {}
    return keyed({**reasons, ANSWER: shape.schema()})


@lru_cache(maxsize=1_000)
def _beginning(wording: Wording, form: Form, *, watching: bool) -> str:
    """Who is asked, and how to answer."""
    return f"{wording.say('forms.who_watches' if watching else 'forms.who')} {_how(form, wording)}"


def _how(form: Form, wording: Wording) -> str:
    """How to answer, for all decisions of the form, those that are asked for a choice instead included."""
    if form.answer == "token":
        return wording.say("forms.how_word")
    if form.reasoning and not form.structured:
        return wording.say("forms.how_reasons_first")
    inside = [wording.say("forms.how_reasons_inside")] if form.reasoning else []
    return " ".join([wording.say("forms.how_object"), *inside])
