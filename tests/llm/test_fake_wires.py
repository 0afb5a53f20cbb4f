"""The real client libraries accept what the fake provider says, driven as the laboratory drives them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from comity.llm.fake import Answered, Asked, Brain, FakeProvider, schema_filler

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),  # google-genai
]

SCHEMA = {
    "type": "object",
    "properties": {"reasoning": {"type": "string"}, "answer": {"enum": ["left", "right"]}},
    "required": ["reasoning", "answer"],
    "additionalProperties": False,
}
WIRES = ("chat", "responses", "anthropic", "google")
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "chat": {"temperature": 0.5, "top_p": 0.9, "seed": 4, "max_tokens": 900, "stop_sequences": ["zzz"]},
    "responses": {"temperature": 0.5, "top_p": 0.9, "max_tokens": 900},
    "anthropic": {"temperature": 0.5, "max_tokens": 900, "stop_sequences": ["zzz"]},
    "google": {"temperature": 0.5, "top_p": 0.9, "seed": 4, "max_tokens": 900, "stop_sequences": ["zzz"]},
}


class Listener:
    """A brain that keeps what it was asked."""

    def __init__(self, brain: Brain) -> None:
        self.brain = brain
        self.heard: list[Asked] = []

    def __call__(self, asked: Asked) -> Answered:
        self.heard.append(asked)
        return self.brain(asked)


@asynccontextmanager
async def model(wire: str, provider: FakeProvider) -> AsyncIterator[Any]:
    """The model of that protocol as pydantic-ai makes it, on the provider's own client library without its retries."""
    async with AsyncExitStack() as stack:
        if wire in ("chat", "responses"):
            from openai import AsyncOpenAI
            from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
            from pydantic_ai.providers.openai import OpenAIProvider

            client = AsyncOpenAI(base_url=provider.url_openai, api_key="planted-key", max_retries=0)
            await stack.enter_async_context(client)
            kind = OpenAIChatModel if wire == "chat" else OpenAIResponsesModel
            yield kind("gpt-4o", provider=OpenAIProvider(openai_client=client))
        elif wire == "anthropic":
            from anthropic import AsyncAnthropic
            from pydantic_ai.models.anthropic import AnthropicModel
            from pydantic_ai.providers.anthropic import AnthropicProvider

            other = AsyncAnthropic(base_url=provider.url_anthropic, api_key="planted-key", max_retries=0)
            await stack.enter_async_context(other)
            yield AnthropicModel("claude-opus-4-6", provider=AnthropicProvider(anthropic_client=other))
        else:
            from google import genai
            from pydantic_ai.models.google import GoogleModel
            from pydantic_ai.providers.google import GoogleProvider

            google = genai.Client(api_key="planted-key", http_options={"base_url": provider.url_google})
            yield GoogleModel("gemini-3-pro", provider=GoogleProvider(client=google))
            await google.aio.aclose()
            google.close()


async def put(wire: str, provider: FakeProvider, settings: Mapping[str, Any], schema: Any = None) -> Any:
    """One question, put through pydantic-ai."""
    from pydantic_ai.direct import model_request
    from pydantic_ai.messages import ModelRequest
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition

    asked = [ModelRequest.user_text_prompt("Left or right?", instructions="You choose.")]
    parameters = None
    if schema is not None:
        form = OutputObjectDefinition(json_schema=schema, name="answer", strict=True)
        parameters = ModelRequestParameters(output_mode="native", output_object=form)
    async with model(wire, provider) as reached:
        return await model_request(
            reached,
            asked,
            model_settings=dict(settings),  # type: ignore[arg-type]
            model_request_parameters=parameters,
        )


@pytest.mark.parametrize("wire", WIRES)
def test_a_real_client_reads_text_reasoning_usage_and_finish(wire: str) -> None:
    brain = Listener(lambda asked: Answered("left, I say", reasoning="Both are alike."))

    async def ask() -> Any:
        async with FakeProvider(brain) as provider:
            first = await put(wire, provider, SETTINGS[wire])
            return first, await put(wire, provider, SETTINGS[wire])

    first, second = asyncio.run(ask())
    assert first.text == "left, I say"
    assert first.thinking == "Both are alike."
    assert first.finish_reason == "stop"
    assert (first.usage.input_tokens, first.usage.cache_read_tokens) == (7, 0)
    assert (first.usage.output_tokens, first.usage.output_reasoning_tokens) == (7, 4)
    assert second.usage.cache_read_tokens == 3
    assert first.model_name == {"anthropic": "claude-opus-4-6", "google": "gemini-3-pro"}.get(wire, "gpt-4o")
    heard = brain.heard[0]
    assert [tuple(message) for message in heard.messages] == [("system", "You choose."), ("user", "Left or right?")]
    assert heard.settings.max_tokens == 900
    assert heard.settings.temperature == 0.5
    assert heard.settings.stop == tuple(SETTINGS[wire].get("stop_sequences", ()))
    assert heard.settings.seed == SETTINGS[wire].get("seed")
    assert heard.schema is None


@pytest.mark.parametrize("wire", WIRES)
def test_the_native_schema_reaches_the_brain(wire: str) -> None:
    brain = Listener(schema_filler(5))

    async def ask() -> Any:
        async with FakeProvider(brain) as provider:
            return await put(wire, provider, SETTINGS[wire], SCHEMA)

    response = asyncio.run(ask())
    (heard,) = brain.heard
    assert heard.schema is not None
    assert heard.schema["properties"] == SCHEMA["properties"]
    assert json.loads(response.text)["answer"] in ("left", "right")


@pytest.mark.parametrize("wire", ["chat", "responses", "google"])
def test_log_probabilities_are_given_where_they_are_asked_for(wire: str) -> None:
    alternatives = (("left", -0.25), ("right", -1.5), ("up", -5.0))
    settings = {
        **SETTINGS[wire],
        **(
            {"google_logprobs": True, "google_top_logprobs": 2}
            if wire == "google"
            else {"openai_logprobs": True, "openai_top_logprobs": 2}
        ),
    }

    async def ask() -> Any:
        async with FakeProvider(lambda asked: Answered("left", alternatives=alternatives)) as provider:
            return await put(wire, provider, settings)

    response = asyncio.run(ask())
    if wire == "google":
        found = response.provider_details["logprobs"]["top_candidates"][0]["candidates"]
        pairs = [(each["token"], each["log_probability"]) for each in found]
    else:
        details = response.provider_details if wire == "chat" else response.parts[-1].provider_details
        pairs = [(each["token"], each["logprob"]) for each in details["logprobs"][0]["top_logprobs"]]
    assert pairs == [("left", -0.25), ("right", -1.5)]


@pytest.mark.parametrize("wire", WIRES)
def test_an_answer_that_is_too_long_is_cut_and_says_so(wire: str) -> None:
    async def ask() -> Any:
        async with FakeProvider(lambda asked: Answered("a" * 400)) as provider:
            return await put(wire, provider, {"max_tokens": 20})

    response = asyncio.run(ask())
    assert response.text == "a" * 80
    assert response.finish_reason == "length"


def test_n_samples_are_separate_answers() -> None:
    brain = Listener(lambda asked: Answered(str(asked.chance.uniform())))

    async def ask() -> Any:
        from openai import AsyncOpenAI

        async with (
            FakeProvider(brain) as provider,
            AsyncOpenAI(base_url=provider.url_openai, api_key="any", max_retries=0) as client,
        ):
            return await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "Number?"}], n=5
            )

    completion = asyncio.run(ask())
    assert [choice.index for choice in completion.choices] == [0, 1, 2, 3, 4]
    assert len({choice.message.content for choice in completion.choices}) == 5
    assert [asked.occurrence for asked in brain.heard] == [0, 1, 2, 3, 4]


def test_models_are_listed_to_every_client() -> None:
    async def ask() -> Any:
        from anthropic import AsyncAnthropic
        from google import genai
        from openai import AsyncOpenAI

        async with FakeProvider(schema_filler(), models=("one", "two")) as provider:
            async with AsyncOpenAI(base_url=provider.url_openai, api_key="any", max_retries=0) as client:
                openai = [each.id async for each in client.models.list()]
            async with AsyncAnthropic(base_url=provider.url_anthropic, api_key="any", max_retries=0) as other:
                anthropic = [each.id async for each in other.models.list()]
            reached = genai.Client(api_key="any", http_options={"base_url": provider.url_google})
            google = [each.name async for each in await reached.aio.models.list()]
            await reached.aio.aclose()
            reached.close()
            return openai, anthropic, google

    assert asyncio.run(ask()) == (["one", "two"], ["one", "two"], ["models/one", "models/two"])
