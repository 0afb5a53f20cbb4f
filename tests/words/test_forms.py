"""What a model is asked and what is read from it fit together, for every decision of every game."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from comity.core.decision import NATURE, Decision
from comity.core.errors import BadParameter, IllegalChoice
from comity.core.space import YES_NO, Each, Integer, Lottery, OneOf, Ordering, Text
from comity.mechanisms.observation import Observation
from comity.words.forms import MOST_OPTIONS, Form, again, form_at, prompt, spelled
from comity.words.presentation import as_told
from comity.words.reading import Unread, read_answer
from comity.words.render import sections
from comity.words.wording import BadWording, NoWords
from comity.words.wordings import PLAIN, STANDARD, standard, wording_from
from tests.generators import Script, pick, played, spaces
from tests.playthroughs.stacks import PLAYED
from tests.words.replies import DECISIONS, FORMS

pytestmark = pytest.mark.slow

LABELLED = wording_from(
    '[words]\nyes = "aye"\nno = "nay"\n[labels]\ncooperate = "J"\ndefect = "F"\ndelegate = "Hand over"\n', "jf.toml"
)
WORDINGS = {**{name: standard(name) for name in STANDARD}, "labelled": LABELLED}
in_every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
in_every_wording = pytest.mark.parametrize("wording", WORDINGS.values(), ids=WORDINGS.keys())


def put() -> Iterator[tuple[str, Decision[Any]]]:
    """The first decision of every kind that each game puts to a player."""
    for name, game in PLAYED.items():
        kinds = set()
        for step in played(game, Script(3), 3)[1]:
            for decision in step:
                if decision.player != NATURE and decision.kind not in kinds:
                    kinds.add(decision.kind)
                    yield f"{name}, {decision.kind}", decision


PUT = dict(put())


def replies(decision: Decision[Any], form: Form, key: int = 1) -> Iterator[Any]:
    """Some replies that are possible there: one legal choice after the other, or lotteries over them."""
    numbers = (n / 23 % 1 for n in range(7, 70, 3))
    asked = form_at(decision, PLAIN, form)
    if asked.answer == "lottery":
        options = tuple(decision.options)
        yield Lottery(options, (0.07, *[0.0] * (len(options) - 2), 0.93))
        yield Lottery(options, (1.0, *[0.0] * (len(options) - 1)))
    elif isinstance(decision.options, OneOf):
        yield from decision.options
    else:
        yield pick(decision.options, numbers)


def test_there_are_decisions_of_every_kind() -> None:
    assert {decision.kind for decision in PUT.values()} == {
        *("act", "propose", "approve", "sign", "speak", "sanction", "predict", "request", "share", "submit", "turn")
    }
    assert len(PUT) > 200


@in_every_wording
@in_every_form
def test_what_is_spelled_is_read(form: Form, wording: Any) -> None:
    for decision in PUT.values():
        for reply in replies(decision, form):
            assert read_answer(spelled(reply, decision, wording, form), decision, wording, form) == reply


@in_every_wording
@in_every_form
def test_the_schema_admits_what_is_spelled(form: Form, wording: Any) -> None:
    for decision in PUT.values():
        asked = prompt(decision, wording, form)
        assert (asked.schema is None) == (not form.structured)
        if asked.schema is not None:
            schema = json.loads(asked.schema)
            Draft202012Validator.check_schema(schema)
            for reply in replies(decision, form):
                Draft202012Validator(schema).validate(json.loads(spelled(reply, decision, wording, form)))


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for inside in schema.values():
            yield from objects(inside)


def test_schemas_are_strict() -> None:
    for decision in PUT.values():
        schema = json.loads(prompt(decision, PLAIN, Form(structured=True)).schema or "")
        for one in objects(schema):
            assert one["required"] == list(one["properties"])
            assert one["additionalProperties"] is False
        assert list(schema["properties"]) == ["reasoning", "answer"]


@in_every_form
def test_one_beginning_for_all_decisions_of_a_form(form: Form) -> None:
    watching = [decision for decision in PUT.values() if decision.fact(Observation)]
    playing = [decision for decision in PUT.values() if not decision.fact(Observation)]
    beginnings = [{prompt(decision, PLAIN, form).system for decision in put} for put in (watching, playing)]
    assert list(map(len, beginnings)) == [1, 1]
    assert beginnings[0] != beginnings[1]


def test_every_form_asks_in_its_own_way() -> None:
    systems = [
        prompt(DECISIONS["dilemma"], PLAIN, form).system for name, form in FORMS.items() if "lottery" not in name
    ]
    assert len(set(systems)) == 4  # with and without reasons, with reasons inside the object, and one word
    users = [prompt(DECISIONS["dilemma"], PLAIN, form).user for form in FORMS.values()]
    assert len(set(users)) == 6  # an object without reasons reads the same, held to a schema or not


@in_every_wording
@in_every_form
def test_the_prompt_holds_the_decision_and_its_options(form: Form, wording: Any) -> None:
    for decision in PUT.values():
        user = prompt(decision, wording, form).user
        rules, news, question = sections(decision, wording)
        assert user.startswith("\n\n".join(filter(None, (rules, news, question))))
        shape = user.removeprefix("\n\n".join(filter(None, (rules, news, question))))
        if isinstance(decision.options, OneOf) and decision.options != YES_NO:
            told, words = as_told(decision, wording)
            names = map(words.answering(told).shown, told.options)
            assert all(json.dumps(name, ensure_ascii=False).strip('"') in shape for name in names)


def test_a_prompt_reads() -> None:
    asked = prompt(DECISIONS["contract"], PLAIN, Form())
    assert asked.user.endswith(
        "Give your reasons, and then, alone on the last line, the JSON object "
        '{"answer": {"cooperate": <a whole number from -3 up to 3>, "defect": <a whole number from -3 up to 3>}}'
    )
    lottery = prompt(DECISIONS["dilemma"], PLAIN, FORMS["bare lottery"])
    assert lottery.user.endswith(
        "You may mix: your choice is drawn with the percentages that you give. Answer with the JSON object "
        '{"answer": {"cooperate": <percent>, "defect": <percent>}}, whole percentages from 0 to 100 that sum to 100'
    )
    word = prompt(DECISIONS["sign"], PLAIN, FORMS["token"])
    assert word.user.endswith("Answer with one word and nothing else: yes or no.")
    assert word.alternatives == 20
    assert asked.alternatives == 0


@given(spaces(), st.data())
def test_every_space_is_spelled_and_read(space: Any, data: st.DataObject) -> None:
    decision = Decision(0, "act", space)
    form = data.draw(st.sampled_from([form for form in FORMS.values() if form.answer == "choice"]))
    try:
        asked = prompt(decision, PLAIN, form)
    except BadWording:
        assume(False)
    for choice in space:
        text = spelled(choice, decision, PLAIN, form)
        assert repr(read_answer(text, decision, PLAIN, form)) == repr(choice)
        if asked.schema is not None:
            Draft202012Validator(json.loads(asked.schema)).validate(json.loads(text))


@given(st.text(max_size=40), st.integers())
def test_what_cannot_be_listed_is_spelled_and_read(text: str, number: int) -> None:
    for space, choice in ((Text(40), text), (Integer(), number % 2**53), (Integer(None, 5), 5 - number % 2**40)):
        decision = Decision(0, "speak", space)
        for form in (Form(), Form(structured=True)):
            assert read_answer(spelled(choice, decision, PLAIN, form), decision, PLAIN, form) == choice


@pytest.mark.parametrize(
    ("space", "lottery", "token"),
    [
        (OneOf(("cooperate", "defect")), True, True),
        (OneOf(("cooperate", "defect", "delegate")), True, False),
        (OneOf(("share it", "take it")), True, False),
        (OneOf(("Go", "go")), True, False),
        (OneOf(("only",)), False, True),
        (OneOf(("", "a")), True, False),
        (OneOf(tuple("abcdefghijklmnopqrst")), True, True),
        (OneOf(tuple("abcdefghijklmnopqrstu")), False, False),
        (YES_NO, False, True),
        (Lottery(("a", "b"), (0.5, 0.5)), False, False),
        (Integer(0, 1), False, False),
        (Text(9), False, False),
        (Ordering(2), False, False),
        (Each(("a",), (OneOf(("b", "c")),)), False, False),
    ],
)
def test_a_form_is_asked_where_the_options_admit_it(space: Any, lottery: bool, token: bool) -> None:
    decision = Decision(0, "act", space)
    assert form_at(decision, PLAIN, Form("lottery")) == (Form("lottery") if lottery else Form())
    asked = Form("token", reasoning=False)
    assert form_at(decision, PLAIN, asked) == (asked if token else Form(reasoning=False))
    assert prompt(decision, PLAIN, asked).asked == form_at(decision, PLAIN, asked)
    assert prompt(decision, PLAIN, asked).alternatives == (MOST_OPTIONS if token else 0)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"answer": "guess"}, '"choice", "lottery" or "token", not \'guess\''),
        ({"answer": "token"}, "it needs reasoning = false"),
        ({"answer": "token", "reasoning": False, "structured": True}, "it needs structured = false"),
    ],
)
def test_an_impossible_form_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(BadParameter, match=said):
        Form(**fields)


def test_a_lottery_is_spelled_in_whole_percentages() -> None:
    decision, form = DECISIONS["mediated"], FORMS["bare lottery"]
    third = Lottery(("delegate", "defect", "cooperate"), (1 / 3, 1 / 3, 1 / 3))
    assert json.loads(spelled(third, decision, PLAIN, form)) == {
        "answer": {"cooperate": 34, "defect": 33, "delegate": 33}
    }
    assert json.loads(spelled("defect", decision, PLAIN, form)) == {
        "answer": {"cooperate": 0, "defect": 100, "delegate": 0}
    }
    small = Lottery(("defect", "delegate"), (0.999, 0.001))
    assert json.loads(spelled(small, decision, PLAIN, form))["answer"] == {"cooperate": 0, "defect": 100, "delegate": 0}


@given(st.lists(st.integers(0, 1000), min_size=3, max_size=3).filter(any))
def test_percentages_sum_to_100_and_are_near(parts: list[int]) -> None:
    shares = [part / sum(parts) for part in parts]
    decision, form = DECISIONS["mediated"], FORMS["bare lottery"]
    text = spelled(Lottery(tuple(decision.options), tuple(shares)), decision, PLAIN, form)
    percents = json.loads(text)["answer"].values()
    assert sum(percents) == 100
    assert all(abs(percent - 100 * share) < 1 for percent, share in zip(percents, shares, strict=True))


@pytest.mark.parametrize(
    ("reply", "form"),
    [
        ("delegate", Form()),
        (True, Form()),
        (Lottery(("cooperate", "defect"), (0.5, 0.5)), Form()),
        (Lottery(("cooperate", "delegate"), (0.5, 0.5)), Form("lottery")),
    ],
)
def test_what_is_not_allowed_is_not_spelled(reply: Any, form: Form) -> None:
    with pytest.raises(IllegalChoice):
        spelled(reply, DECISIONS["dilemma"], PLAIN, form)


def test_two_options_of_one_name_are_refused() -> None:
    with pytest.raises(BadWording, match='are both called "1"'):
        prompt(Decision(0, "act", OneOf((1, "1"))), PLAIN, Form())
    with pytest.raises(BadWording):
        read_answer("1", Decision(0, "act", OneOf((1, "1"))), PLAIN, Form("lottery"))


def test_an_unknown_space_is_refused() -> None:
    class Odd(OneOf[str]):
        pass

    with pytest.raises(NoWords, match="read as Odd: add a shape to SHAPES"):
        prompt(Decision(0, "act", Odd(("a",))), PLAIN, Form())


def unread(text: str, form: Form) -> Unread:
    with pytest.raises(Unread) as failure:
        read_answer(text, DECISIONS["dilemma"], PLAIN, form)
    return failure.value


def test_asked_again() -> None:
    bad = "I cooperate, of course."
    assert again(bad, unread(bad, Form()), Form()) == (
        "Your reply was not taken: the reply does not end in a JSON object that stands on lines of its own. "
        'It ended with "I cooperate, of course.".\n\n'
        "Give your reasons, and then, alone on the last line, the JSON object "
        '{"answer": <one of "cooperate", "defect">}'
    )
    word = FORMS["token"]
    assert again("", unread("", word), word) == (
        "Your reply was not taken: the reply is empty.\n\nAnswer with one word and nothing else: cooperate or defect."
    )


@pytest.mark.parametrize("bad", ["x" * 200_000, '"' * 200_000, "\x1b[31m" * 40_000, "\u202e" * 200_000, "\n" * 9])
def test_a_bad_reply_is_quoted_shortly_and_as_data(bad: str) -> None:
    said = again(bad, unread(bad, Form()), Form())
    assert len(said) < 2500
    assert all(line.isprintable() for line in said.split("\n"))
