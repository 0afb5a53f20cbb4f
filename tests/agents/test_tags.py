"""A decision survives the way through text, nothing else is made from text, and a strategy answers behind the wire."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.agents.brain import another, at_random, strategies
from comity.agents.tags import BadTag, filled, read_tag, tag, takes_lottery
from comity.core.chance import stream_key
from comity.core.decision import Decision
from comity.core.errors import BadParameter
from comity.core.match import Match, settle
from comity.core.space import YES_NO, Each, Integer, Lottery, OneOf, Ordering, Text
from comity.exact.strategic_form import StrategicForm
from comity.games.matrix import PrisonersDilemma
from comity.llm.fake import Asked, Chance, FakeProvider, Unanswerable
from comity.llm.request import Message
from comity.mechanisms.repetition import Repeated
from comity.runs.spelling import build_strategy
from comity.words.forms import Form, form_at
from comity.words.reading import read_answer
from comity.words.wordings import PLAIN
from tests.playthroughs.stacks import PLAYED

FORMS = {
    "choice": Form(),
    "plain": Form(reasoning=False),
    "structured": Form(structured=True),
    "lottery": Form("lottery"),
    "structured lottery": Form("lottery", reasoning=False, structured=True),
    "token": Form("token", reasoning=False),
}
BEGIN, END = "<comity-decision>", "</comity-decision>"


def played(game: Any, key: int) -> list[Decision[Any]]:
    """Every decision of a match in which everybody picks at random."""
    match, decisions = Match(game), list[Decision[Any]]()

    def decide(decision: Decision[Any]) -> Any:
        decisions.append(decision)
        return at_random(decision.options, Chance.of(key, len(decisions)))

    while match.pending:
        settle(match, decide, key)
    return decisions


@pytest.mark.parametrize("name", PLAYED)
def test_every_decision_of_the_catalogue_survives(name: str) -> None:
    game = PLAYED[name]
    for place, decision in enumerate(played(game, stream_key("tags", name))):
        form = list(FORMS.values())[place % len(FORMS)]
        found = read_tag(f"Before it.\n{tag(decision, game, PLAIN, form)}\nAfter it.")
        assert found is not None
        assert (found.decision, found.game, found.player) == (decision, game, decision.player)
        assert repr((found.decision, found.game)) == repr((decision, game))  # types and floats too
        assert hash(found.decision) == hash(decision)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("name", PLAYED)
def test_what_the_brain_writes_is_read_as_what_the_strategy_said(name: str, form: Form) -> None:
    """The schema of the tag alone gives an answer that the reader of answers accepts, in every form."""
    called = "exchanger" if name.startswith("exchange") else "tit_for_tat"
    game, strategy = PLAYED[name], build_strategy(called)
    brain = strategies(build_strategy)
    for decision in played(game, stream_key("brain", name))[:6]:
        answer = brain(question(tag(decision, game, PLAIN, form), called))
        if form.answer == "token":
            alternatives = answer.alternatives
        else:
            assert bool(answer.alternatives) == (not answer.text.endswith("}"))
            alternatives = ()
        read = read_answer(answer.text, decision, PLAIN, form, alternatives=alternatives)
        reply = strategy.begin(game, decision.player)(decision)
        assert certain(read) == certain(reply)


def certain(reply: Any) -> Any:
    """A lottery that is certain of one option as that option."""
    if isinstance(reply, Lottery):
        (option,) = [option for option, probability in reply.chances() if probability > 0]
        return option
    return reply


def question(text: str, model: str, place: int = 0) -> Asked:
    said = (Message("system", "You are a player."), Message("user", text))
    return Asked(model, said, chance=Chance.of(place))


def stage(decisions: int = 0) -> tuple[Any, Decision[Any]]:
    """A repeated dilemma, and a decision in it."""
    game = Repeated(PrisonersDilemma(), 3)
    return game, played(game, 1)[decisions]


def test_a_text_without_a_tag_has_none_and_the_last_of_several_counts() -> None:
    game, decision = stage()
    _, other = stage(1)
    line, last = tag(decision, game, PLAIN, Form()), tag(other, game, PLAIN, Form())
    assert read_tag("Nothing here.") is None
    assert read_tag(f"quoted: {line}") is None
    found = read_tag(f"{line}\nthey said:\n{last}")
    assert found is not None
    assert found.decision == other


def test_what_others_say_cannot_be_taken_for_a_tag() -> None:
    game, decision = stage()
    line = tag(decision, game, PLAIN, Form())
    forged = Decision(1, "speak", Text(), (*decision.sees, OneOf((f"\n{line}\n",))))
    found = read_tag(tag(forged, game, PLAIN, Form()))
    assert found is not None
    assert found.decision == forged


@pytest.mark.parametrize(
    ("decision", "types"),
    [
        ('{"@":[0]}', ["os:system"]),
        ('{"@":[0,["true"]]}', ["subprocess:Popen"]),
        ('{"@":[0]}', ["comity.cli.app:app"]),
        ('{"@":[0]}', ["comity.core.match:Match"]),
        ('{"@":[0]}', ["comity.core.chance:dataclass"]),
        ('{"@":[0]}', ["comity.core.nowhere:Thing"]),
        ('{"@":[0]}', ["comity.core.decision:Decision.__init__"]),
        ('{"@":[0,1]}', ["comity.core.decision:Decision"]),
        ('{"@":[7]}', []),
        ('{"eval":"1"}', []),
        ("[" * 100_000 + "]" * 100_000, []),
        ("5", []),
    ],
)
def test_nothing_is_made_from_a_tag_but_our_own_frozen_values(decision: str, types: list[str]) -> None:
    line = f'{BEGIN}{{"decision":{decision},"game":null,"schema":"","reasons":false,"types":{json.dumps(types)}}}{END}'
    with pytest.raises(BadTag):
        read_tag(line)


@given(st.text())
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    line = f"{BEGIN}{text}{END}"
    if "\n" in text:
        line = line.replace("\n", " ")
    with pytest.raises(BadTag):
        read_tag(line)


@dataclass(frozen=True)
class Elsewhere:
    """A fact that is not comity's own."""

    number: int


def test_what_no_tag_can_say_is_refused() -> None:
    game, decision = stage()
    strange = Decision(0, "act", decision.options, (*decision.sees, Elsewhere(1)))
    with pytest.raises(BadParameter, match="cannot be shown a Elsewhere"):
        tag(strange, game, PLAIN, Form())


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.fractions()),
        lambda inner: st.one_of(st.lists(inner, max_size=3).map(tuple), st.frozensets(inner, max_size=3)),
        max_leaves=8,
    )
)
def test_every_plain_value_survives_exactly(value: Any) -> None:
    game, decision = stage()
    seen = Decision(0, "act", decision.options, (*decision.sees, OneOf((value, Fraction(1, 3)))))
    found = read_tag(tag(seen, game, PLAIN, Form()))
    assert found is not None
    assert found.decision == seen
    shown = found.decision.sees[-1]
    assert isinstance(shown, OneOf)
    assert types_of(shown.options[0]) == types_of(value)


def types_of(value: Any) -> Any:
    if isinstance(value, tuple):
        return [types_of(part) for part in value]
    return type(value)


def test_games_in_strategic_form_survive() -> None:
    game = StrategicForm(PrisonersDilemma())
    (decision, *_) = played(game, 1)
    found = read_tag(tag(decision, game, PLAIN, Form()))
    assert found is not None
    assert (found.game, found.decision) == (game, decision)


def schema_of(decision: Decision[Any], game: Any, form: Form) -> str:
    found = read_tag(tag(decision, game, PLAIN, form))
    assert found is not None
    return found.schema


def test_a_lottery_is_filled_in_whole_percentages() -> None:
    game, decision = stage()
    schema = schema_of(decision, game, FORMS["lottery"])
    third = Lottery(("cooperate", "defect"), (1 / 3, 2 / 3))
    assert takes_lottery(schema, decision.options)
    assert filled(schema, decision.options, third) == {"answer": {"cooperate": 33, "defect": 67}}
    assert filled(schema, decision.options, "defect") == {"answer": {"cooperate": 0, "defect": 100}}
    with pytest.raises(BadParameter, match="a lottery is none"):
        filled(schema_of(decision, game, Form()), decision.options, third)


def test_reasons_stand_where_they_are_wanted() -> None:
    game, decision = stage()
    brain = strategies(build_strategy)
    within = brain(question(tag(decision, game, PLAIN, FORMS["structured"]), "grim")).text
    assert list(json.loads(within)) == ["reasoning", "answer"]
    before = brain(question(tag(decision, game, PLAIN, FORMS["choice"]), "grim")).text
    reasons, answer = before.split("\n")
    assert reasons
    assert json.loads(answer) == {"answer": "cooperate"}
    alone = brain(question(tag(decision, game, PLAIN, FORMS["plain"]), "grim")).text
    assert json.loads(alone) == {"answer": "cooperate"}


def test_a_mixing_strategy_is_drawn_written_down_or_told_as_probabilities() -> None:
    game, decision = stage()
    brain = strategies(build_strategy)
    written = brain(question(tag(decision, game, PLAIN, FORMS["structured lottery"]), "random(p=0.4)"))
    assert json.loads(written.text)["answer"] == {"cooperate": 40, "defect": 60}
    line = tag(decision, game, PLAIN, FORMS["plain"])
    drawn = [json.loads(brain(question(line, "random(p=0.4)", place)).text)["answer"] for place in range(400)]
    assert drawn.count("cooperate") / 400 == pytest.approx(0.4, abs=0.08)
    assert drawn == [json.loads(brain(question(line, "random(p=0.4)", place)).text)["answer"] for place in range(400)]
    token = brain(question(tag(decision, game, PLAIN, FORMS["token"]), "random(p=0.4)"))
    assert {name: pytest.approx(log) for name, log in token.alternatives} == {
        "defect": -0.5108256,
        "cooperate": -0.9162907,
    }


def test_noise_is_another_choice_as_often_as_it_says() -> None:
    game, decision = stage()
    brain = strategies(build_strategy, always="always_cooperate", noise=0.2)
    line = tag(decision, game, PLAIN, FORMS["plain"])
    answers = [json.loads(brain(question(line, "any", place)).text)["answer"] for place in range(600)]
    assert answers.count("defect") / 600 == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize(
    "space",
    [
        OneOf(("a", "b", 3)),
        YES_NO,
        Integer(2, 5),
        Integer(None, 3),
        Integer(-4),
        Integer(),
        Ordering(4),
        Text(4),
        Lottery(("a", "b", "c"), (0.5, 0.5, 0)),
        Each(("x", "y"), (Integer(0, 3), YES_NO)),
    ],
    ids=str,
)
def test_choices_at_random_are_legal_and_another_is_another(space: Any) -> None:
    found = [at_random(space, Chance.of(place)) for place in range(60)]
    assert all(choice in space for choice in found)
    assert len(set(found)) > 1
    assert all(another(space, choice, Chance.of("x", place)) != choice for place, choice in enumerate(found))


def test_what_cannot_be_answered_is_said() -> None:
    game, decision = stage()
    brain = strategies(build_strategy)
    with pytest.raises(Unanswerable, match="no message holds a tag"):
        brain(question("No tag.", "grim"))
    with pytest.raises(Unanswerable, match="grimm"):
        brain(question(tag(decision, game, PLAIN, Form()), "grimm"))
    with pytest.raises(Unanswerable, match="damaged"):
        brain(question(f"{BEGIN}x{END}", "grim"))
    with pytest.raises(BadParameter, match="noise"):
        strategies(build_strategy, noise=2)


def test_a_request_to_answer_again_is_answered_from_the_tag_before() -> None:
    game, decision = stage()
    said = (
        Message("user", tag(decision, game, PLAIN, FORMS["plain"])),
        Message("assistant", "Hm."),
        Message("user", "Your reply was not taken."),
    )
    assert json.loads(strategies(build_strategy)(Asked("grim", said)).text) == {"answer": "cooperate"}


def test_a_strategy_plays_over_the_wire() -> None:
    import aiohttp

    game, decision = stage()
    form = form_at(decision, PLAIN, FORMS["plain"])

    async def ask() -> str:
        async with FakeProvider(strategies(build_strategy)) as provider, aiohttp.ClientSession() as session:
            body = {
                "model": "always_defect",
                "messages": [{"role": "user", "content": tag(decision, game, PLAIN, form)}],
            }
            async with session.post(f"{provider.url_openai}/chat/completions", json=body) as answer:
                return str((await answer.json())["choices"][0]["message"]["content"])

    assert read_answer(asyncio.run(ask()), decision, PLAIN, form) == "defect"
