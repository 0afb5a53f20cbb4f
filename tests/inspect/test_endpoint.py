"""Models behind Inspect as an endpoint of ours, proven with Inspect's own mock model and a server on this machine."""

from __future__ import annotations

import asyncio
import gc
import json
import math
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

pytest.importorskip("inspect_ai", reason="needs Inspect: install comity[inspect]")

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelOutput,
    ModelUsage,
    TopLogprob,
    get_model,
)

from comity.llm.client import Client
from comity.llm.endpoint import Endpoint, Price
from comity.llm.errors import (
    BadRequest,
    CallFailed,
    KeyRefused,
    ModelError,
    OutOfMoney,
    Overloaded,
    TimedOut,
    Unavailable,
)
from comity.llm.inspecting import InspectEndpoint, completions, inspect_endpoint
from comity.llm.ledger import Ledger
from comity.llm.request import Completion, Draw, Message, Request, Settings
from comity.llm.store import Memory

pytestmark = pytest.mark.slow

NAME = "inspect:mockllm/model"
ASKED = Request(NAME, (Message("system", "You play."), Message("user", "Which?")))


def mocked(*outputs: ModelOutput | Callable[..., Any], price: Price | None = None) -> InspectEndpoint:
    custom: Any = outputs[0] if callable(outputs[0]) else list(outputs)
    return InspectEndpoint(NAME, get_model("mockllm/model", custom_outputs=custom), None, price)


def said(text: str = "A", **fields: Any) -> ModelOutput:
    output = ModelOutput.from_content("mockllm/model", text, fields.pop("stop_reason", "stop"))
    usage = fields.pop("usage", ModelUsage(input_tokens=7, output_tokens=3, total_tokens=10))
    return output.model_copy(update={"usage": usage, **fields})


def sent(endpoint: Endpoint, request: Request = ASKED, *, timeout: float = 5.0, samples: int = 1) -> list[Completion]:
    return list(asyncio.run(endpoint.send(request, timeout, samples)))


def test_everything_an_answer_carries_is_kept() -> None:
    message = ChatMessageAssistant(
        content=[
            ContentReasoning(reasoning="It pays."),
            ContentReasoning(reasoning="x", redacted=True),
            ContentText(text="B"),
        ]
    )
    first = Logprob(
        token="B",
        logprob=-0.1,
        top_logprobs=[
            TopLogprob(token="A", logprob=-2.5),
            TopLogprob(token="B", logprob=-0.1),
            TopLogprob(token="C", logprob=-9),
        ],
    )
    output = ModelOutput(
        model="served-model-1",
        choices=[ChatCompletionChoice(message=message, stop_reason="max_tokens", logprobs=Logprobs(content=[first]))],
        usage=ModelUsage(
            input_tokens=5,
            output_tokens=9,
            total_tokens=20,
            input_tokens_cache_read=4,
            input_tokens_cache_write=2,
            reasoning_tokens=6,
        ),
        response_id="r-1",
    )
    endpoint = mocked(output, price=Price(input=1.0, output=10.0, cached=0.5))
    [found] = sent(endpoint, Request(NAME, ASKED.messages, alternatives=2))
    assert isinstance(endpoint, Endpoint)
    assert (found.text, found.reasoning, found.finish, found.served, found.identifier) == (
        "B", "It pays.\n", "length", "served-model-1", "r-1",
    )  # fmt: skip
    assert (found.usage.input, found.usage.cached, found.usage.output, found.usage.reasoning) == (11, 4, 9, 6)
    assert found.usage.known
    assert found.alternatives == (("B", -0.1), ("A", -2.5))
    assert found.cost == pytest.approx((7 * 1.0 + 4 * 0.5 + 9 * 10.0) / 1e6)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", "stop"),
        ("model_length", "length"),
        ("content_filter", "filter"),
        ("tool_calls", "other"),
        ("unknown", "other"),
    ],
)
def test_why_an_answer_ends(reason: str, finish: str) -> None:
    [found] = sent(mocked(said(stop_reason=reason)))
    assert found.finish == finish


def test_the_settings_reach_inspect_and_its_cache_and_retries_are_off() -> None:
    seen: list[tuple[list[ChatMessage], GenerateConfig]] = []

    def answer(input: list[ChatMessage], tools: Any, choice: Any, config: GenerateConfig) -> ModelOutput:
        seen.append((input, config))
        return said()

    schema = json.dumps({"type": "object", "properties": {"action": {"enum": ["A", "B"]}}, "required": ["action"]})
    settings = Settings(temperature=0.5, top_p=0.9, seed=3, max_tokens=100, stop=("END",), effort="low")
    endpoint = mocked(answer)
    asked = Request(
        NAME, (*ASKED.messages, Message("assistant", "?"), Message("user", "Again.")), settings, None, schema, 5
    )
    sent(endpoint, asked)
    sent(endpoint, asked)
    [(messages, config), _] = seen
    assert [(message.role, message.text) for message in messages] == [
        ("system", "You play."), ("user", "Which?"), ("assistant", "?"), ("user", "Again."),
    ]  # fmt: skip
    assert (config.temperature, config.top_p, config.seed, config.max_tokens) == (0.5, 0.9, 3, 100)
    assert (config.stop_seqs, config.reasoning_effort) == (["END"], "low")
    assert (config.logprobs, config.top_logprobs, config.num_choices) == (True, 5, None)
    assert config.response_schema is not None
    assert config.response_schema.json_schema.properties is not None
    assert config.response_schema.json_schema.properties["action"].enum == ["A", "B"]
    assert (config.max_retries, config.cache, config.batch, config.adaptive_connections) == (0, False, False, False)


def test_what_is_not_set_is_left_to_the_provider() -> None:
    seen: list[GenerateConfig] = []

    def answer(input: Any, tools: Any, choice: Any, config: GenerateConfig) -> ModelOutput:
        seen.append(config)
        return said()

    sent(mocked(answer))
    operational = {"max_retries", "max_connections", "adaptive_connections", "cache", "batch", "max_tokens"}
    assert set(seen[0].model_dump(exclude_none=True)) <= operational


def test_several_samples_share_the_usage() -> None:
    choices = [ChatCompletionChoice(message=ChatMessageAssistant(content=text), stop_reason="stop") for text in "ABC"]
    usage = ModelUsage(input_tokens=10, output_tokens=8, total_tokens=18)
    found = sent(mocked(ModelOutput(model="m", choices=choices, usage=usage)), samples=3)
    assert [each.text for each in found] == ["A", "B", "C"]
    assert sum(each.usage.input for each in found) == 10
    assert sum(each.usage.output for each in found) == 8


def test_fewer_answers_than_asked_for_are_what_they_are() -> None:
    [found] = sent(mocked(said("A")), samples=2)
    assert found.text == "A"
    with pytest.raises(Unavailable, match="no answer came for 2"):
        completions("inspect:m/m", ModelOutput(model="m", choices=[]), ASKED, 2, 0.0)


@pytest.mark.parametrize("odd", [-math.inf, math.inf, math.nan, 7.5])
def test_log_probabilities_that_are_none_are_left_out(odd: float) -> None:
    tops = [TopLogprob(token="A", logprob=odd), TopLogprob(token="B", logprob=-0.5)]
    first = Logprob(token="B", logprob=-0.5, top_logprobs=tops)
    message = ChatMessageAssistant(content="B")
    choices = [ChatCompletionChoice(message=message, stop_reason="stop", logprobs=Logprobs(content=[first]))]
    request = replace(ASKED, alternatives=2)
    [found] = completions("inspect:m/m", ModelOutput(model="m", choices=choices), request, 1, 0.0)
    assert found.alternatives == (("B", -0.5),)


def test_numbers_of_tokens_that_are_none_count_as_not_told() -> None:
    output = said("four").model_copy(update={"usage": ModelUsage(input_tokens=9, output_tokens=10**30)})
    [found] = completions("inspect:m/m", output, ASKED, 1, 0.0)
    assert not found.usage.known
    assert found.usage.output < 10**9


def test_a_usage_that_is_not_said_is_bounded() -> None:
    endpoint = mocked(said("four"))
    model: Any = endpoint._model  # the mock model would count tokens itself, and fetch an encoding for it
    asking = model.api.generate

    async def generate(**arguments: Any) -> Any:
        output, call = await asking(**arguments)
        output.usage = None
        return output, call

    model.api.generate = generate
    [found] = sent(endpoint, Request(NAME, ASKED.messages, Settings(max_tokens=50)))
    assert not found.usage.known
    assert (found.usage.input, found.usage.output) == (ASKED.size, 50)


class Status(Exception):
    """What the client libraries raise, as far as Inspect and we look at it."""

    def __init__(self, status_code: int, said: str = "no") -> None:
        super().__init__(said)
        self.status_code = status_code


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (Status(401), KeyRefused),
        (Status(403), KeyRefused),
        (Status(402), OutOfMoney),
        (Status(429, "{'code': 'insufficient_quota'}"), OutOfMoney),
        (Status(400, "Your credit balance is too low"), OutOfMoney),
        (Status(429, "You exceeded your current quota of requests per minute"), Overloaded),
        (Status(429), Overloaded),
        (Status(529), Overloaded),
        (Status(400), BadRequest),
        (Status(404), BadRequest),
        (Status(408), Unavailable),
        (Status(500), Unavailable),
        (ConnectionError("reset"), Unavailable),
        (json.JSONDecodeError("broken", "{", 1), Unavailable),
        (TimeoutError("slow"), TimedOut),
        (ValueError("no such setting"), BadRequest),
    ],
)
def test_every_failure_has_its_class(raised: Exception, told: type[ModelError]) -> None:
    def fail(*arguments: Any) -> ModelOutput:
        raise raised

    with pytest.raises(told) as caught:
        sent(mocked(fail))
    assert type(caught.value) is told
    assert str(caught.value).startswith(NAME)
    assert "\n" not in str(caught.value)


def test_no_answer_in_time() -> None:
    async def sleep(*arguments: Any) -> ModelOutput:
        await asyncio.sleep(30)
        return said()

    with pytest.raises(TimedOut, match=r"within 0\.05 s"):
        sent(mocked(sleep), timeout=0.05)


def test_giving_up_waiting_gives_the_call_up() -> None:
    given_up: list[bool] = []

    async def sleep(*arguments: Any) -> ModelOutput:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            given_up.append(True)
            raise
        return said()

    async def impatient() -> None:
        task = asyncio.create_task(mocked(sleep).send(ASKED, 60))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)

    asyncio.run(impatient())
    assert given_up == [True]


def test_many_calls_of_one_task_are_not_kept() -> None:
    """Inspect keeps every call in the transcript of its context; memory has to stay flat."""
    kept: list[weakref.ref[ModelOutput]] = []

    def answer(*arguments: Any) -> ModelOutput:
        output = said()
        kept.append(weakref.ref(output))
        return output

    async def many() -> int:
        endpoint = mocked(answer)
        for _ in range(20):
            await endpoint.send(ASKED, 5)
        await asyncio.sleep(0)
        gc.collect()
        return sum(each() is not None for each in kept)

    assert asyncio.run(many()) <= 1


def test_hundreds_are_in_flight_together() -> None:
    flying, most = 0, 0

    async def answer(*arguments: Any) -> ModelOutput:
        nonlocal flying, most
        flying, most = flying + 1, max(most, flying + 1)
        await asyncio.sleep(0.3)
        flying -= 1
        return said()

    async def many() -> None:
        endpoint = mocked(answer)
        await asyncio.gather(*(endpoint.send(ASKED, 30) for _ in range(150)))

    asyncio.run(many())
    assert most == 150


def test_our_client_retries_and_keeps_draws_apart() -> None:
    answers: Iterator[Exception | str] = iter([ConnectionError("reset"), "first", "second"])

    def answer(*arguments: Any) -> ModelOutput:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return said(found)

    async def three() -> list[Completion]:
        client = Client(Memory(), Ledger(None), chance=lambda: 0.0)
        endpoint = mocked(answer)
        draws = [Draw(1, 0, 0, "a"), Draw(1, 0, 1, "a"), Draw(1, 0, 0, "a")]
        found = [await client.complete(endpoint, ASKED, draw) for draw in draws]
        await client.close()
        return found

    first, second, again = asyncio.run(three())
    assert (first.text, first.attempts) == ("first", 2)
    assert second.text == "second"
    assert again == first


@pytest.mark.slow
def test_what_inspect_would_leave_out_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-none")
    anthropic = inspect_endpoint("inspect:anthropic/claude-sonnet-4-5")
    found = anthropic.refusals(Settings(seed=1, effort="low", temperature=1.0), schema=True, alternatives=3, samples=2)
    for what in ("seed", "log-probabilities", "several samples"):
        assert any(what in sentence for sentence in found)
    assert len(found) == 3
    assert not mocked(said()).refusals(Settings(seed=1, effort="low"), schema=True, alternatives=3, samples=2)


def test_a_missing_key_is_found_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_ORG_ID", raising=False)
    with pytest.raises(KeyRefused, match="OPENAI_API_KEY"):
        inspect_endpoint("inspect:openai/gpt-5.2")
    with pytest.raises(KeyRefused, match="MY_KEY"):
        inspect_endpoint("inspect:openai/gpt-5.2", key="MY_KEY")


@pytest.mark.parametrize("name", ["inspect:gpt", "inspect:nowhere/gpt"])
def test_what_is_no_model_is_refused(name: str) -> None:
    with pytest.raises(BadRequest, match=name):
        inspect_endpoint(name)


def test_without_inspect_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai.model", None)
    with pytest.raises(BadRequest, match=r"install comity\[inspect\]"):
        inspect_endpoint(NAME)


class Refusing(BaseHTTPRequestHandler):
    """Answers every call with the status that the path names."""

    calls: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.calls.append(self.path)  # type: ignore[attr-defined]
        status = int(self.path.split("/")[1])
        said = f"not now, and not with {self.headers['authorization']}"
        body = json.dumps({"error": {"message": said, "type": "busy", "code": "busy"}}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("retry-after", "7")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def refusing() -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    server.calls = []  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "told"), [(429, Overloaded), (503, Unavailable), (401, KeyRefused), (404, BadRequest)]
)
def test_a_real_client_library_sends_once(
    refusing: Any, status: int, told: type[ModelError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-planted-0123456789")
    base = f"http://127.0.0.1:{refusing.server_address[1]}/{status}"
    endpoint = inspect_endpoint("inspect:openai-api/mine/gpt", base_url=base, key="MY_KEY")

    async def once() -> None:
        try:
            await endpoint.send(Request(endpoint.name, ASKED.messages, base_url=base), 10)
        finally:
            await endpoint.close()

    with pytest.raises(told) as caught:
        asyncio.run(once())
    assert type(caught.value) is told
    assert len(refusing.calls) == 1
    assert "not now" in str(caught.value)
    assert "sk-planted" not in str(caught.value)
    if isinstance(caught.value, CallFailed):
        assert caught.value.retry_after == 7
