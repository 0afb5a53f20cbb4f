"""A language model takes only what a provider can be asked for, and is asked again without its question growing."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from comity.agents.agent import DecideLater
from comity.agents.model import LanguageModel, ModelAgent
from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.errors import BadParameter, NoAnswer
from comity.core.match import Match
from comity.games.matrix import PrisonersDilemma
from comity.llm.endpoint import Endpoint
from comity.llm.request import Completion, Draw, Request
from comity.words.forms import prompt
from comity.words.wordings import PLAIN

GAME = PrisonersDilemma()
DECISION: Decision[Any] = Match(GAME).pending[0]


@pytest.mark.parametrize(
    ("field_", "value", "said"),
    [
        ("temperature", math.nan, "temperature must be a finite number, not nan"),
        ("temperature", math.inf, "temperature must be a finite number, not inf"),
        ("temperature", -0.1, "temperature must be at least 0, not -0.1"),
        ("temperature", True, "temperature must be a finite number, not True"),
        ("temperature", "1", "temperature must be a finite number, not '1'"),
        ("input_price", math.nan, "input_price must be a finite number, not nan"),
        ("output_price", math.inf, "output_price must be a finite number, not inf"),
        ("max_tokens", 10.5, "max_tokens must be a whole number, not 10.5"),
        ("max_tokens", 0, "max_tokens must be at least 1, not 0"),
        ("max_tokens", math.inf, "max_tokens must be a whole number, not inf"),
        ("re_asks", 1.0, "re_asks must be a whole number, not 1.0"),
        ("re_asks", None, "re_asks must be a whole number, not None"),
        ("re_asks", -1, "re_asks must be at least 0, not -1"),
        ("re_asks", True, "re_asks must be a whole number, not True"),
        ("seed", 1.5, "seed must be a whole number, not 1.5"),
        ("top_p", math.nan, "top_p must be above 0 and at most 1, not nan"),
        ("top_p", 0, "top_p must be above 0 and at most 1, not 0"),
        ("top_p", True, "top_p must be above 0 and at most 1, not True"),
    ],
)
def test_what_no_provider_can_be_asked_for_is_refused(field_: str, value: Any, said: str) -> None:
    prices = {"input_price": 1.0, "output_price": 1.0}
    with pytest.raises(BadParameter) as refused:
        LanguageModel("test:model", **{**prices, field_: value})
    assert str(refused.value) == said


def test_what_a_provider_can_be_asked_for_is_taken() -> None:
    model = LanguageModel("test:model", temperature=1, top_p=1, seed=0, max_tokens=1, re_asks=0)
    assert (model.settings.temperature, model.settings.max_tokens, model.price) == (1, 1, None)
    free = LanguageModel("test:model", input_price=0, output_price=0.5).price
    assert free is not None
    assert (free.input, free.output) == (0, 0.5)


@dataclass
class Said:
    """A client whose model says one thing after the other, and the last again and again; it keeps what was asked."""

    texts: list[str]
    asked: list[str] = field(default_factory=list)

    async def complete(self, endpoint: Endpoint, request: Request, draw: Draw) -> Completion:
        assert [message.role for message in request.messages] == ["system", "user"]
        self.asked.append(request.messages[1].text)
        return Completion(self.texts[min(draw.ask, len(self.texts) - 1)])


def decided(client: Said, **fields: Any) -> Any:
    model = LanguageModel("test:model", **fields)
    agent = ModelAgent("model", model, PLAIN, cast(Endpoint, None), client)
    decide: DecideLater = agent.sit_down(GAME, 0)

    async def once() -> Any:
        return await decide(DECISION, Address(1, 0, 0))

    return asyncio.run(once())


@pytest.mark.parametrize("tagged", [False, True], ids=["plain", "tagged"])
@pytest.mark.parametrize(
    "form", [{}, {"structured": True}, {"form": "lottery"}, {"form": "token", "reasoning": False}], ids=str
)
def test_every_question_ends_with_the_form_and_none_grows(form: dict[str, Any], tagged: bool) -> None:
    said = Said(["nothing " * 1_000])
    with pytest.raises(NoAnswer, match="no answer that can be read"):
        decided(said, re_asks=4, tagged=tagged, **form)
    first, *again = said.asked
    told = prompt(DECISION, PLAIN, LanguageModel("test:model", **form).answers).user
    wanted = told.rpartition("\n\n")[2]
    assert first.startswith(told)
    assert (first == told) == (not tagged)
    assert len(again) == 4
    assert set(again) == {again[0]}  # of the last reply alone, whatever came before it
    assert again[0].startswith(f"{first}\n\nYour reply was not taken: ")
    assert again[0].endswith(f"\n\n{wanted}")
    assert len(again[0]) < len(first) + 1_500


def test_a_question_is_about_the_last_reply_alone() -> None:
    said = Said(["the first slip", "the second slip", '{"answer": "defect"}'])
    assert decided(said) == "defect"
    assert ["the first slip" in text for text in said.asked] == [False, True, False]
    assert ["the second slip" in text for text in said.asked] == [False, False, True]


def test_an_answer_that_did_not_end_by_itself_is_asked_for_again() -> None:
    class Broken(Said):
        async def complete(self, endpoint: Endpoint, request: Request, draw: Draw) -> Completion:
            text = (await super().complete(endpoint, request, draw)).text
            return Completion(text, finish="stop" if draw.ask else "other")

    said = Broken(['{"answer": "cooperate"}', '{"answer": "defect"}'])
    assert decided(said) == "defect"
    assert "the provider says that the reply did not end by itself" in said.asked[1]


def test_the_tokens_of_another_text_are_no_lottery_over_the_options() -> None:
    class Weighed(Said):
        async def complete(self, endpoint: Endpoint, request: Request, draw: Draw) -> Completion:
            text = (await super().complete(endpoint, request, draw)).text
            return Completion(text, alternatives=(("c", math.log(0.9)), ("We", math.log(0.1))))

    with pytest.raises(NoAnswer) as failure:
        decided(Weighed(["defect"]), form="token", reasoning=False, re_asks=0)
    assert failure.value.cause == "malformed"
