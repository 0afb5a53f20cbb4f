"""Endpoints, through the real client libraries, against a provider on this machine, in all four wire formats."""

from __future__ import annotations

import asyncio
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from comity.llm import offers
from comity.llm.answers import divided, likely
from comity.llm.endpoint import Endpoint, Price
from comity.llm.errors import (
    BadRequest,
    CallFailed,
    Filtered,
    KeyRefused,
    ModelError,
    OutOfMoney,
    Overloaded,
    RunStops,
    TimedOut,
    TooLong,
    Unavailable,
)
from comity.llm.providers import BACKENDS, SERVICES, endpoint
from comity.llm.request import Completion, Settings, Usage
from tests.llm.loopback import (
    ANTHROPIC,
    CHAT,
    FORMATS,
    GOOGLE,
    RESPONSES,
    Answer,
    Format,
    asking,
    reaching,
    saying,
    serving,
    talked,
)

pytestmark = pytest.mark.slow

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"action": {"type": "string", "enum": ["cooperate", "defect"]}},
        "required": ["action"],
        "additionalProperties": False,
    }
)
PRICE = Price(input=2.0, output=10.0, cached=0.5)

every_format = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {name for service in SERVICES.values() for name in service.keys}
    for name in list(os.environ):
        if name in names or name.lower().endswith(("_base_url", "_proxy")):
            monkeypatch.delenv(name)


def leaves(body: Any) -> list[Any]:
    """Every value in a JSON document that is no list or object."""
    if isinstance(body, Mapping):
        return [leaf for value in body.values() for leaf in leaves(value)]
    if isinstance(body, list):
        return [leaf for value in body for leaf in leaves(value)]
    return [body]


# What comes back


@every_format
def test_everything_that_came_is_kept(form: Format) -> None:
    before = time.time()
    (kept,) = talked(form, saying(form.plain), price=PRICE).completions
    assert kept.text == "cooperate"
    assert kept.finish == "stop"
    assert kept.identifier in ("chat-1", "resp-1", "msg-1", "google-1")
    assert kept.served in ("gpt-4o-mini-2024-07-18", "claude-haiku-4-5-20251001", "gemini-2.5-flash")
    reasoning = 0 if form is ANTHROPIC else 10  # it does not say
    assert kept.usage == Usage(input=100, cached=40, output=30, reasoning=reasoning)
    assert kept.cost == pytest.approx((60 * 2.0 + 40 * 0.5 + 30 * 10.0) / 1e6)
    assert kept.reasoning == ("" if form is CHAT else "thought")
    assert 0 < kept.seconds < 20
    assert before <= kept.at <= time.time()
    assert kept.attempts == 1


@every_format
def test_a_cut_answer_says_so(form: Format) -> None:
    (kept,) = talked(form, saying(form.cut)).completions
    assert (kept.text, kept.finish) == ("coop", "length")


@every_format
def test_an_empty_answer_is_an_answer(form: Format) -> None:
    empty = json.loads(json.dumps(form.plain).replace('"cooperate"', '""'))
    (kept,) = talked(form, saying(empty)).completions
    assert (kept.text, kept.finish) == ("", "stop")


@every_format
def test_without_usage_there_are_bounds(form: Format) -> None:
    silent = {name: value for name, value in form.plain.items() if name not in ("usage", "usageMetadata")}
    request = asking(form)
    try:
        (kept,) = talked(form, saying(silent), request).completions
    except Unavailable:
        assert form is ANTHROPIC  # whose library takes no message without it
        return
    assert kept.usage == Usage(input=request.size, output=200, known=False)
    (kept,) = talked(form, saying(silent), asking(form, Settings())).completions
    assert kept.usage.output == len(kept.text) + len(kept.reasoning)


@every_format
def test_the_conversation_and_the_settings_are_sent(form: Format) -> None:
    settings = Settings(temperature=0.25, top_p=0.75, max_tokens=123)
    if form is not RESPONSES:
        settings = Settings(temperature=0.25, top_p=0.75, max_tokens=123, stop=("END",))
    seen = talked(form, saying(form.plain), asking(form, settings)).provider
    assert seen.paths == [form.where]
    sent = leaves(seen.bodies[0])
    assert [text for text in sent if text in ("Which?", "Perhaps.", "Say it in one word: ä.")] == [
        "Which?", "Perhaps.", "Say it in one word: ä.",
    ]  # fmt: skip
    assert "You play." in sent
    assert {0.25, 0.75, 123, *settings.stop} <= {leaf for leaf in sent if isinstance(leaf, (float, int, str))}


@pytest.mark.parametrize("form", [CHAT, GOOGLE], ids=lambda form: form.name)
def test_a_seed_is_sent(form: Format) -> None:
    seen = talked(form, saying(form.plain), asking(form, Settings(seed=987_654))).provider
    assert 987_654 in leaves(seen.bodies[0])


@every_format
def test_a_schema_holds_the_answer_and_adds_no_words(form: Format) -> None:
    plain = talked(form, saying(form.plain)).provider.bodies[0]
    held = talked(form, saying(form.plain), asking(form, schema=SCHEMA)).provider.bodies[0]
    assert {"cooperate", "defect"} <= set(map(str, leaves(held)))
    for place in ("messages", "input", "contents", "system", "systemInstruction", "instructions"):
        assert held.get(place) == plain.get(place)


def test_a_schema_adds_no_words_where_the_library_would() -> None:
    async def through_vllm() -> object:
        async with serving(saying(CHAT.plain)) as provider, reaching("vllm:llama", provider.root + "/v1") as one:
            await one.send(asking(CHAT, schema=SCHEMA), 20)
            return provider.bodies[0]["messages"]

    assert asyncio.run(through_vllm()) == talked(CHAT, saying(CHAT.plain)).provider.bodies[0]["messages"]


def test_alternatives_of_the_first_token_in_chat() -> None:
    tops = [{"token": "co", "logprob": -0.25, "bytes": None}, {"token": "de", "logprob": -1.5, "bytes": None}]
    logs = [{**tops[0], "top_logprobs": tops}, {"token": "op", "logprob": 0.0, "bytes": None, "top_logprobs": []}]
    body = json.loads(json.dumps(CHAT.plain))
    body["choices"][0]["logprobs"] = {"content": logs, "refusal": None}
    call = talked(CHAT, saying(body), asking(CHAT, alternatives=2))
    assert call.completions[0].alternatives == (("co", -0.25), ("de", -1.5))
    assert (call.provider.bodies[0]["logprobs"], call.provider.bodies[0]["top_logprobs"]) == (True, 2)


def test_alternatives_of_the_first_token_in_responses() -> None:
    tops = [{"token": "co", "logprob": -0.25, "bytes": []}, {"token": "de", "logprob": -1.5, "bytes": []}]
    body = json.loads(json.dumps(RESPONSES.plain))
    body["output"][1]["content"][0]["logprobs"] = [{**tops[0], "top_logprobs": tops}]
    call = talked(RESPONSES, saying(body), asking(RESPONSES, alternatives=2))
    assert call.completions[0].alternatives == (("co", -0.25), ("de", -1.5))


def test_alternatives_of_the_first_token_from_google() -> None:
    tops = [{"token": "co", "logProbability": -0.25}, {"token": "de", "logProbability": -1.5}]
    body = json.loads(json.dumps(GOOGLE.plain))
    body["candidates"][0]["logprobsResult"] = {"topCandidates": [{"candidates": tops}], "chosenCandidates": tops[:1]}
    call = talked(GOOGLE, saying(body), asking(GOOGLE, alternatives=2))
    assert call.completions[0].alternatives == (("co", -0.25), ("de", -1.5))
    assert call.provider.bodies[0]["generationConfig"]["logprobs"] == 2


ODD: list[Any] = [None, "", "x", "-1", [], {}, -(10**400), float("-inf"), float("inf"), float("nan"), 7.5, 10**30]


@pytest.mark.parametrize("form", [RESPONSES, GOOGLE], ids=lambda form: form.name)
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:9])
@pytest.mark.filterwarnings("ignore::UserWarning:pydantic")
def test_log_probabilities_that_are_none_are_left_out(form: Format, odd: object) -> None:
    body = json.loads(json.dumps(form.plain))
    if form is GOOGLE:
        odds: Any = [{"token": "de", "logProbability": odd}, {"token": "no"}, {"token": "co", "logProbability": -0.25}]
        body["candidates"][0]["logprobsResult"] = {"topCandidates": [{"candidates": odds}]}
    else:
        tops: Any = [{"token": "de", "logprob": odd, "bytes": []}, {"token": "no"}, {"token": "co", "logprob": -0.25}]
        body["output"][1]["content"][0]["logprobs"] = [{**tops[0], "top_logprobs": tops}]
    try:
        (kept,) = talked(form, saying(body), asking(form, alternatives=3)).completions
    except Unavailable:
        assert odd == -(10**400) or (form is GOOGLE and not isinstance(odd, float))  # what the libraries do not read
        return
    assert kept.alternatives in ((("co", -0.25),), (("de", -1.0), ("co", -0.25)))
    assert (len(kept.alternatives) == 2) == (form is GOOGLE and odd == "-1")  # which its library reads as a number
    assert kept == Completion.from_json(json.loads(json.dumps(kept.to_json(), allow_nan=False)))


@given(st.lists(st.tuples(st.text() | st.none(), st.floats() | st.none() | st.integers() | st.text())))
def test_what_is_kept_as_likely_is_the_logarithm_of_a_probability(pairs: list[tuple[object, object]]) -> None:
    for token, log in likely(pairs):
        assert isinstance(token, str)
        assert type(log) is float
        assert 0 <= math.exp(log) < 1.02


@pytest.mark.filterwarnings("ignore")  # pydantic-ai warns that it could not read them
@every_format
@pytest.mark.parametrize("odd", [-1, 2.5, 1e308, 10**30, 2**53 + 1])
def test_numbers_of_tokens_that_are_none_count_as_not_told(form: Format, odd: float) -> None:
    names = {CHAT.name: "completion_tokens", GOOGLE.name: "candidatesTokenCount"}
    body = json.loads(json.dumps(form.plain))
    counts = body["usageMetadata" if form is GOOGLE else "usage"]
    name = names.get(form.name, "output_tokens")
    assert name in counts
    counts[name] = odd
    request = asking(form)
    try:
        (kept,) = talked(form, saying(body), request, price=PRICE).completions
    except Unavailable:
        assert odd == 2.5 or odd == 1e308  # a library takes whole numbers only
        return
    assert kept.usage == Usage(input=request.size, output=200, known=False)


def test_reasoning_that_takes_all_of_the_answer_is_a_cut_answer() -> None:
    told = "Could not finish the message because max_tokens or model output limit was reached."
    request = asking(CHAT)
    (kept,) = talked(CHAT, saying(CHAT.error(told, "invalid_request_error"), 400), request, price=PRICE).completions
    assert (kept.text, kept.finish) == ("", "length")
    assert kept.usage == Usage(input=request.size, output=200, known=False)
    assert kept.cost == pytest.approx((request.size * 2.0 + 200 * 10.0) / 1e6)


def test_reasoning_of_compatible_servers_is_kept() -> None:
    body = json.loads(json.dumps(CHAT.plain))
    body["choices"][0]["message"]["reasoning_content"] = "I think so."
    (kept,) = talked(CHAT, saying(body)).completions
    assert (kept.text, kept.reasoning) == ("cooperate", "I think so.")


# Several samples


def several(texts: list[str]) -> Any:
    body = json.loads(json.dumps(CHAT.plain))
    (one,) = body["choices"]
    body["choices"] = [
        {**one, "index": place, "message": {"role": "assistant", "content": text}} for place, text in enumerate(texts)
    ]
    return body


def test_several_samples_are_one_request() -> None:
    call = talked(CHAT, saying(several(["a", "bb", ""])), samples=3, price=PRICE)
    assert [body["n"] for body in call.provider.bodies] == [3]
    assert [kept.text for kept in call.completions] == ["a", "bb", ""]
    assert sum(kept.usage.input for kept in call.completions) == 100
    assert sum(kept.usage.cached for kept in call.completions) == 40
    assert sum(kept.usage.output for kept in call.completions) == 30
    costs = [kept.cost for kept in call.completions]
    assert sum(cost for cost in costs if cost is not None) == pytest.approx((60 * 2.0 + 40 * 0.5 + 30 * 10.0) / 1e6)


def test_a_single_sample_asks_for_no_number() -> None:
    assert "n" not in talked(CHAT, saying(CHAT.plain)).provider.bodies[0]


@pytest.mark.parametrize("came", [1, 2, 4])
def test_another_number_of_samples_than_asked_for_is_what_it_is(came: int) -> None:
    call = talked(CHAT, saying(several(list("abcd")[:came])), samples=3, price=PRICE)
    assert [kept.text for kept in call.completions] == list("abc")[:came]
    assert sum(kept.usage.input for kept in call.completions) == 100
    assert sum(kept.usage.output for kept in call.completions) == 30


def test_samples_that_were_broken_off_take_no_others_with_them() -> None:
    body = several(["a", "b", "c"])
    body["choices"][0]["finish_reason"] = "error"
    kept = talked(CHAT, saying(body), samples=3, price=PRICE).completions
    assert [one.text for one in kept] == ["b", "c"]
    assert sum(one.usage.output for one in kept) == 30


@pytest.mark.parametrize("form", [RESPONSES, ANTHROPIC, GOOGLE], ids=lambda form: form.name)
def test_where_there_are_no_several_samples_nothing_is_sent(form: Format) -> None:
    with pytest.raises(BadRequest, match="several samples"):
        talked(form, saying(form.plain), samples=2)


@given(
    st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500),
    st.lists(st.text(max_size=20), min_size=1, max_size=9),
)  # fmt: skip
def test_divided_usage_loses_nothing(fresh: int, cached: int, seen: int, hidden: int, texts: list[str]) -> None:
    whole = Usage(fresh + cached, cached, seen + hidden, hidden)
    parts = divided(whole, texts)
    assert len(parts) == len(texts)
    for name in ("input", "cached", "output", "reasoning"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name)
    assert all(0 <= part.cached <= part.input and 0 <= part.reasoning <= part.output for part in parts)


# What goes wrong


def failing(form: Format, answer: Answer, **how: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        talked(form, answer, **how)
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()
    assert caught.value.__cause__ is None
    return caught.value


@every_format
@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (400, BadRequest),
        (401, KeyRefused),
        (402, OutOfMoney),
        (403, KeyRefused),
        (404, BadRequest),
        (408, Unavailable),
        (409, Unavailable),
        (413, TooLong),
        (422, BadRequest),
        (429, Overloaded),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (529, Overloaded),
    ],
)
def test_what_a_status_means(
    form: Format, status: int, meaning: type[ModelError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ITS_KEY", "planted-key-of-it")
    error = failing(form, saying(form.error("no such luck", "some_code"), status), key="ITS_KEY")
    assert type(error) is meaning
    assert "no such luck" in str(error)
    assert str(status) in str(error)


@every_format
def test_nothing_is_sent_twice(form: Format) -> None:
    async def sent() -> int:
        async with serving(saying(form.error("wait", "x"), 503)) as provider:
            async with reaching(form.model, form.url(provider)) as one:
                with pytest.raises(Unavailable):
                    await one.send(asking(form), 20)
            return len(provider.bodies)

    assert asyncio.run(sent()) == 1


@every_format
@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("1.5", 1.5), ("soon", None), ("-3", None), ("inf", None)])
def test_the_wait_that_is_asked_for(form: Format, header: str, seconds: float | None) -> None:
    error = failing(form, saying(form.error("wait", "rate_limit_error"), 429, {"Retry-After": header}))
    assert isinstance(error, Overloaded)
    assert error.retry_after == seconds


@every_format
def test_the_wait_that_is_asked_for_as_a_date(form: Format) -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    error = failing(form, saying(form.error("wait", "rate_limit_error"), 429, {"Retry-After": then}))
    assert isinstance(error, Overloaded)
    assert error.retry_after == pytest.approx(100, abs=10)


@pytest.mark.parametrize("form", [CHAT, RESPONSES], ids=lambda form: form.name)
def test_an_empty_account_is_no_matter_of_patience(form: Format) -> None:
    error = failing(form, saying(form.error("You exceeded your quota", "insufficient_quota"), 429))
    assert type(error) is OutOfMoney


def test_anthropics_empty_account() -> None:
    told = ANTHROPIC.error("Your credit balance is too low to access the API", "invalid_request_error")
    assert type(failing(ANTHROPIC, saying(told, 400))) is OutOfMoney


def test_googles_wrong_key() -> None:
    told = {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "API key not valid."}}
    told["error"]["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
    assert type(failing(GOOGLE, saying(told, 400))) is KeyRefused


@pytest.mark.parametrize("form", [CHAT, RESPONSES], ids=lambda form: form.name)
@pytest.mark.parametrize("code", ["content_filter", "content_policy_violation"])
def test_a_prompt_that_is_withheld(form: Format, code: str) -> None:
    assert type(failing(form, saying(form.error("not this prompt", code), 400))) is Filtered


@pytest.mark.parametrize(
    ("form", "message", "code"),
    [
        (CHAT, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"),
        (RESPONSES, "Your input exceeds the context window.", "context_length_exceeded"),
        (ANTHROPIC, "prompt is too long: 300000 tokens > 200000 maximum", "invalid_request_error"),
        (GOOGLE, "The input token count (2) exceeds the maximum number of tokens allowed (1).", "INVALID_ARGUMENT"),
    ],
    ids=lambda value: value.name if isinstance(value, Format) else "",
)
def test_a_prompt_that_is_too_long(form: Format, message: str, code: str) -> None:
    error = failing(form, saying(form.error(message, code), 400))
    assert type(error) is TooLong
    assert "longer than the model can read" in str(error)


@every_format
@pytest.mark.parametrize(
    "answer",
    [
        saying("<html><body><h1>502 Bad Gateway</h1></body></html>", 502, kind="text/html"),
        saying("<html>hello</html>", kind="text/html"),
        saying("hello", kind="text/plain"),
        saying('{"id": "x", "choices": [{"mess'),
        saying(""),
        saying("null"),
        saying("[1, 2]"),
        saying('"cooperate"'),
        saying({"detail": "nothing you know"}),
        saying({"choices": 7, "content": 7, "output": 7, "candidates": 7}),
        saying("\x00\x1b[31m\u202e" * 5000, 500, kind="text/plain"),
    ],
    ids=["html 502", "html 200", "text", "truncated", "nothing", "null", "list", "string", "other", "sevens", "noise"],
)
def test_what_is_no_answer(form: Format, answer: Answer) -> None:
    error = failing(form, answer)
    assert type(error) is Unavailable
    assert error.sent


GONE = object()


def changed(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value in that place, or without the place."""
    if not path:
        return value
    body = json.loads(json.dumps(body))
    inner = body
    for step in path[:-1]:
        inner = inner[step]
    if value is GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return body


def places(body: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = body.items() if isinstance(body, Mapping) else enumerate(body) if isinstance(body, list) else ()
    return [path, *(place for step, value in inner for place in places(value, (*path, step)))]


@pytest.mark.filterwarnings("ignore")  # libraries grumble about some of it, and that alone must not make it unreadable
@every_format
def test_whatever_a_provider_answers_is_a_sound_completion_or_no_answer(form: Format) -> None:
    values = [GONE, None, 7, -7, 1e400, 10**30, "x", "\ud800", "", True, [], {}, [None], {"a": 1}]
    sent: list[Any] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(sent[-1])

    async def outcomes() -> set[str]:
        found = set()
        async with serving(answer) as provider, reaching(form.model, form.url(provider)) as one:
            for path in places(form.plain):
                for value in values[0 if path else 1 :]:
                    sent.append(changed(form.plain, path, value))
                    try:
                        (kept,) = await one.send(asking(form), 20)
                    except Unavailable:
                        found.add("no answer")
                        continue
                    found.add(kept.finish)
                    assert kept == Completion.from_json(json.loads(json.dumps(kept.to_json())))
                    for text in (kept.text, kept.reasoning, kept.served, kept.identifier):
                        assert isinstance(text, str)
                        text.encode()
                    assert 0 <= kept.usage.cached <= kept.usage.input
                    assert 0 <= kept.usage.reasoning <= kept.usage.output
        return found

    assert {"no answer", "stop"} <= asyncio.run(outcomes())


@every_format
def test_a_lost_connection(form: Format) -> None:
    async def reset(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    error = failing(form, reset)
    assert type(error) is Unavailable
    assert error.sent


@every_format
def test_an_answer_that_breaks_off(form: Format) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"id": ')
        assert request.transport is not None
        request.transport.close()
        return response

    error = failing(form, cut)
    assert type(error) is Unavailable
    assert error.sent


@every_format
def test_an_answer_that_does_not_come(form: Format) -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    error = failing(form, hang, timeout=0.2)
    assert type(error) is TimedOut
    assert "0.2 seconds" in str(error)


def test_an_answer_that_drips_is_timed_as_a_whole() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for _ in range(600):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    assert type(failing(CHAT, drip, timeout=0.4)) is TimedOut


@every_format
def test_a_connection_that_is_never_made(form: Format) -> None:
    async def gone() -> CallFailed:
        async with serving(saying(form.plain)) as provider:
            url = form.url(provider)
        async with reaching(form.model, url) as one:
            with pytest.raises(Unavailable) as caught:
                await one.send(asking(form), 20)
        return caught.value

    error = asyncio.run(gone())
    assert not error.sent
    assert "no connection" in str(error)


def test_a_call_that_is_given_up_is_given_up() -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    async def given_up() -> None:
        async with serving(hang) as provider, reaching(CHAT.model, CHAT.url(provider)) as one:
            call = asyncio.create_task(one.send(asking(CHAT), 60))
            while not provider.now:
                await asyncio.sleep(0.005)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(given_up())


@pytest.mark.parametrize(
    ("form", "old", "new"),
    [
        (CHAT, '"stop"', '"content_filter"'),
        (ANTHROPIC, '"end_turn"', '"refusal"'),
        (GOOGLE, '"STOP"', '"SAFETY"'),
    ],
    ids=lambda value: value.name if isinstance(value, Format) else "",
)
def test_a_withheld_answer_is_a_completion(form: Format, old: str, new: str) -> None:
    body = json.loads(json.dumps(form.plain).replace(old, new))
    (kept,) = talked(form, saying(body)).completions
    assert (kept.text, kept.finish) == ("cooperate", "filter")


ENDINGS = [
    *((CHAT, '"stop"', word, "length") for word in ("max_tokens", "model_length")),
    *((CHAT, '"stop"', word, "other") for word in ("tool_calls", "function_call", "abort")),
    *((CHAT, '"stop"', word, "stop") for word in ("eos", None)),
    *((CHAT, '"stop"', word, "error") for word in ("error", "insufficient_system_resource")),
    *((RESPONSES, '"status": "completed", "inc', word, "other") for word in ("cancelled", "in_progress", "queued")),
    (RESPONSES, '"status": "completed", "inc', "incomplete", "length"),
    (RESPONSES, '"status": "completed", "inc', "failed", "error"),
    *((ANTHROPIC, '"end_turn"', word, "other") for word in ("pause_turn", "tool_use")),
    (ANTHROPIC, '"end_turn"', "stop_sequence", "stop"),
    (ANTHROPIC, '"end_turn"', "model_context_window_exceeded", "length"),
    *((GOOGLE, '"STOP"', word, "other") for word in ("OTHER", "LANGUAGE", "MALFORMED_FUNCTION_CALL")),
    *((GOOGLE, '"STOP"', word, "filter") for word in ("RECITATION", "BLOCKLIST")),
]


@pytest.mark.parametrize(("form", "old", "word", "finish"), ENDINGS, ids=lambda value: str(value)[:12])
def test_why_an_answer_ended(form: Format, old: str, word: str | None, finish: str) -> None:
    said = json.dumps(form.plain)
    assert said.count(old) == 1
    new = json.dumps(word)
    body = json.loads(said.replace(old, old.replace('"completed"', new) if form is RESPONSES else new))
    if finish == "error":
        with pytest.raises(Unavailable):
            talked(form, saying(body))
        return
    (kept,) = talked(form, saying(body)).completions
    assert (kept.text, kept.finish) == ("cooperate", finish)


@pytest.mark.parametrize("native", ["error", "stop", "whatever"])
def test_a_model_behind_openrouter_that_breaks_off_has_not_answered(native: str) -> None:
    body = json.loads(json.dumps(CHAT.plain).replace('"stop"', '"error"'))
    body["provider"], body["choices"][0]["native_finish_reason"] = "Somebody", native

    async def broken_off() -> None:
        model = "openrouter:maker/model-1"
        async with serving(saying(body)) as provider, reaching(model, provider.root + "/v1") as one:
            await one.send(asking(CHAT), 20)

    with pytest.raises(Unavailable, match="broke its answer off"):
        asyncio.run(broken_off())


@pytest.mark.parametrize(("status", "sent"), [(200, True), (402, False)])
def test_what_stops_the_run_says_whether_an_answer_came(status: int, sent: bool) -> None:
    body = {"error": {"code": 402, "message": "Insufficient credits"}}

    async def refused() -> None:
        model = "openrouter:maker/model-1"
        async with serving(saying(body, status)) as provider, reaching(model, provider.root + "/v1") as one:
            await one.send(asking(CHAT), 20)

    with pytest.raises(RunStops) as caught:
        asyncio.run(refused())
    assert caught.value.sent == sent


def test_a_refusal_in_words_is_kept() -> None:
    body = json.loads(json.dumps(CHAT.plain))
    body["choices"][0]["message"] = {"role": "assistant", "content": None, "refusal": "I won't."}
    (kept,) = talked(CHAT, saying(body)).completions
    assert (kept.text, kept.finish) == ("I won't.", "filter")


def test_a_prompt_that_google_blocks() -> None:
    body = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 9}}
    (kept,) = talked(GOOGLE, saying(body)).completions
    assert (kept.text, kept.finish) == ("", "filter")


# Keys


@every_format
def test_the_key_is_sent_and_never_shown(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "planted-0123456789-secret"
    monkeypatch.setenv("SOME_LABORATORY_VARIABLE", secret)

    async def echoed() -> tuple[str, str]:
        async with serving(saying(form.error(f"wrong key {secret}", "x"), 401)) as provider:
            async with reaching(form.model, form.url(provider), key="SOME_LABORATORY_VARIABLE") as one:
                with pytest.raises(KeyRefused) as caught:
                    await one.send(asking(form), 20)
                assert secret not in repr(vars(one))
            return str(caught.value), str(provider.headers)

    told, sent = asyncio.run(echoed())
    assert secret in sent
    assert secret not in told
    assert "[SOME_LABORATORY_VARIABLE]" in told


@every_format
def test_the_usual_key_goes_nowhere_else(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    for service in SERVICES.values():
        for name in service.keys:
            monkeypatch.setenv(name, "planted-usual-key")
    assert "planted-usual-key" not in str(talked(form, saying(form.plain)).provider.headers)
    with pytest.raises(KeyRefused, match="none was named"):
        talked(form, saying(form.error("who are you?", "x"), 401))


def test_a_server_of_the_users_is_sent_its_own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_API_KEY", "planted-vllm-key")

    async def headers() -> str:
        async with serving(saying(CHAT.plain)) as provider, reaching("vllm:llama", provider.root + "/v1") as one:
            await one.send(asking(CHAT), 20)
            return str(provider.headers)

    assert "planted-vllm-key" in asyncio.run(headers())


def test_a_missing_key_is_named() -> None:
    with pytest.raises(KeyRefused, match="OPENAI_API_KEY"):
        endpoint("openai:gpt-5.2")
    with pytest.raises(KeyRefused, match="GOOGLE_API_KEY or GEMINI_API_KEY"):
        endpoint("google-gla:gemini-2.5-flash")
    with pytest.raises(KeyRefused, match="MY_KEY"):
        endpoint("openai:gpt-5.2", base_url="http://127.0.0.1:9/v1", key="MY_KEY")


@pytest.mark.parametrize(
    ("model", "base_url", "told"),
    [
        ("gpt-5.2", None, 'the form "provider:model"'),
        ("openai:", None, 'the form "provider:model"'),
        ("nonesuch:gpt", None, "known are openai"),
        ("openai:gpt-5.2", "127.0.0.1:9", "http://"),
        ("openai:gpt-5.2", "http://me:secret@127.0.0.1:9", "password"),
        ("openai:gpt-5.2", "http://127.0.0.1:9/v1?key=abc", "query"),
        ("vllm:llama", None, "VLLM_BASE_URL"),
        ("litellm:llama", None, "LITELLM_BASE_URL"),
        ("groq:llama", "http://127.0.0.1:9/v1", r"pydantic-ai-slim\[groq\]"),
    ],
)
def test_what_makes_no_endpoint(model: str, base_url: str | None, told: str) -> None:
    with pytest.raises(BadRequest, match=told) as caught:
        endpoint(model, base_url=base_url)
    assert "secret" not in str(caught.value)


def test_openai_is_chat_at_other_servers_and_responses_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    async def path(model: str) -> str:
        async with serving(saying({})) as provider:
            monkeypatch.setenv("OPENAI_BASE_URL", provider.root + "/home")
            monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-openai")
            for url in (None, provider.root + "/v1"):
                one = endpoint(model, base_url=url)
                with pytest.raises(Unavailable):
                    await one.send(asking(CHAT), 20)
                await one.close()
            return " ".join(provider.paths)

    assert asyncio.run(path("openai:gpt-4o-mini")) == "/home/responses /v1/chat/completions"
    assert asyncio.run(path("openai-chat:gpt-4o-mini")) == "/home/chat/completions /v1/chat/completions"
    assert asyncio.run(path("openai-responses:gpt-4o-mini")) == "/home/responses /v1/responses"


OTHERS = sorted(set(SERVICES) - {"groq", "mistral", "cohere", "huggingface", "anthropic", "google", "google-gla"})


@pytest.mark.parametrize("prefix", OTHERS)
def test_every_compatible_provider_is_reached(prefix: str) -> None:
    form = RESPONSES if prefix == "openai-responses" else CHAT
    body = json.loads(json.dumps(form.plain))
    if prefix == "openrouter":
        body["provider"], body["choices"][0]["native_finish_reason"] = "Somebody", "stop"

    async def reached() -> str:
        async with serving(saying(body)) as provider:
            async with reaching(f"{prefix}:maker/model-1", provider.root + "/v1") as one:
                (kept,) = await one.send(asking(form), 20)
            return kept.text

    assert asyncio.run(reached()) == "cooperate"


def test_a_server_of_the_users_is_found_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_BASE_URL", "http://127.0.0.1:9/v1")
    assert endpoint("vllm:llama").line == "vllm:llama at http://127.0.0.1:9/v1"
    monkeypatch.setenv("VLLM_BASE_URL", "127.0.0.1:9")
    with pytest.raises(BadRequest, match="http://"):
        endpoint("vllm:llama")


def test_what_shares_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-openai")
    home, here = endpoint("openai:gpt-5.2"), endpoint("openai:gpt-5.2", base_url="http://127.0.0.1:9/v1")
    assert isinstance(home, Endpoint)
    assert home.name == here.name == "openai:gpt-5.2"
    assert home.line != here.line
    assert (
        endpoint("google:g", base_url="http://[::1]:9").line == endpoint("google-gla:g", base_url="http://[::1]:9").line
    )


def test_models_behind_inspect_are_endpoints_too() -> None:
    assert endpoint("inspect:mockllm/model").name == "inspect:mockllm/model"


def test_other_back_ends_can_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def back_end(model: str, *, base_url: str | None, key: str | None, price: Price | None) -> Endpoint:
        asked.append((model, base_url, key, price))
        return endpoint("openai:x", base_url="http://127.0.0.1:9/v1")

    monkeypatch.setitem(BACKENDS, "elsewhere", back_end)
    endpoint("elsewhere:a:b", key="K", price=PRICE)
    assert asked == [("elsewhere:a:b", None, "K", PRICE)]


# What is refused before the run


def refused(model: str, settings: Settings, **asks: Any) -> list[str]:
    one = endpoint(model, base_url="http://127.0.0.1:9/v1")
    return list(one.refusals(settings, **{"schema": False, "alternatives": 0, "samples": 1, **asks}))


FULL = Settings(temperature=0.7, top_p=0.9, seed=3, max_tokens=400, stop=("END",))


@pytest.mark.parametrize(
    ("model", "settings", "asks", "words"),
    [
        ("openai-chat:gpt-4o-mini", FULL, {"schema": True, "alternatives": 20, "samples": 4}, []),
        ("openai-chat:gpt-4o-mini", Settings(), {"alternatives": 21}, ["at most 20"]),
        ("openai-chat:gpt-4o-mini", Settings(max_tokens=1), {}, []),
        ("openai-responses:gpt-4o-mini", FULL, {"schema": True, "alternatives": 5}, ["seed", "stop"]),
        ("openai-responses:gpt-4o-mini", Settings(), {"samples": 2}, ["several samples"]),
        ("openai-chat:gpt-5", FULL, {"alternatives": 1}, ["temperature", "top_p", "probabilities"]),
        ("openai-chat:gpt-5", Settings(effort="low"), {}, []),
        ("openai-chat:gpt-5", Settings(effort="none"), {}, ["always reasons"]),
        ("openai-chat:gpt-5.2", Settings(effort="low", temperature=0.5), {}, ["temperature"]),
        ("openai-chat:gpt-5.2", Settings(effort="none", temperature=0.5), {}, []),
        ("anthropic:claude-haiku-4-5", FULL, {"schema": True}, ["seed"]),
        ("anthropic:claude-haiku-4-5", Settings(), {"alternatives": 3, "samples": 2}, ["probabilities", "several"]),
        ("anthropic:claude-sonnet-4-0", Settings(), {"schema": True}, ["schema"]),
        ("anthropic:claude-opus-4-8", Settings(temperature=0.5), {}, ["temperature"]),
        ("anthropic:claude-opus-4-8", Settings(effort="minimal"), {}, ["no effort 'minimal'"]),
        ("anthropic:claude-haiku-4-5", Settings(effort="low", max_tokens=50), {}, ["max_tokens must be more"]),
        ("anthropic:claude-haiku-4-5", Settings(effort="low", temperature=0.5), {}, ["temperature but 1"]),
        ("google:gemini-2.5-flash", FULL, {"schema": True, "alternatives": 5}, []),
        ("google:gemini-2.5-pro", Settings(effort="none"), {}, ["always reasons"]),
        ("google:gemini-3-pro-preview", Settings(effort="minimal"), {}, ["no effort 'minimal'"]),
        ("openrouter:openai/gpt-4o", Settings(), {"samples": 2}, ["several samples"]),
        ("deepseek:deepseek-chat", Settings(), {"schema": True}, ["schema"]),
        ("vllm:some/model", FULL, {"schema": True, "alternatives": 5, "samples": 3}, []),
        ("openai:my-own-model", Settings(effort="high", temperature=0.5), {}, []),
    ],
)  # fmt: skip
def test_what_a_model_does_not_offer(model: str, settings: Settings, asks: dict[str, Any], words: list[str]) -> None:
    found = refused(model, settings, **asks)
    assert len(found) == len(words), found
    for sentence, word in zip(found, words, strict=True):
        assert word in sentence


def test_efforts_at_openai_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-openai")
    one = endpoint("openai:gpt-4o-mini")
    (sentence,) = one.refusals(Settings(effort="high"), schema=False, alternatives=0, samples=1)
    assert "effort" in sentence
    assert not one.refusals(Settings(effort="none"), schema=False, alternatives=0, samples=1)


def test_refusals_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one = endpoint("vllm:some/model", base_url="http://127.0.0.1:9/v1")
    looked: list[int] = []
    find = offers.refusals

    def counted(rendering: Any, settings: Settings, *, samples: int, **rest: Any) -> list[str]:
        looked.append(samples)
        return find(rendering, settings, samples=samples, **rest)

    monkeypatch.setattr(offers, "refusals", counted)
    for samples in (2, 2, 3, 2):
        assert not one.refusals(Settings(), schema=False, alternatives=0, samples=samples)
        assert one.refusals(Settings(), schema=False, alternatives=99, samples=samples)
    assert looked == [2, 2, 3, 3]


def test_refusals_are_found_inside_a_running_loop() -> None:
    async def inside() -> list[str]:
        return refused("openai-responses:gpt-4o-mini", Settings(seed=1))

    assert "seed" in asyncio.run(inside())[0]


# Finding out, connections


@every_format
def test_check_asks_one_word(form: Format) -> None:
    async def checked(answer: Answer) -> list[dict[str, Any]]:
        async with serving(answer) as provider, reaching(form.model, form.url(provider)) as one:
            await one.check(20)
            return provider.bodies

    (sent,) = asyncio.run(checked(saying(form.cut)))
    assert 16 in leaves(sent)
    with pytest.raises(KeyRefused):
        asyncio.run(checked(saying(form.error("no", "x"), 401)))
    with pytest.raises(BadRequest):
        asyncio.run(checked(saying(form.error("no such model", "x"), 404)))


@every_format
def test_as_many_calls_are_in_flight_as_are_made(form: Format) -> None:
    calls = 250

    async def together() -> int:
        arrived = asyncio.Event()

        async def wait_for_all(request: web.Request) -> web.StreamResponse:
            if provider.now == calls:
                arrived.set()
            await arrived.wait()
            return web.json_response(form.plain)

        async with serving(wait_for_all) as provider, reaching(form.model, form.url(provider)) as one:
            await asyncio.gather(*(one.send(asking(form), 60) for _ in range(calls)))
            return provider.most

    assert asyncio.run(together()) == calls


def test_connections_are_used_again() -> None:
    async def ports() -> set[object]:
        seen: set[object] = set()

        async def note(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            seen.add(request.transport.get_extra_info("peername"))
            return web.json_response(CHAT.plain)

        async with serving(note) as provider, reaching(CHAT.model, CHAT.url(provider)) as one:
            for _ in range(5):
                await one.send(asking(CHAT), 20)
        return seen

    assert len(asyncio.run(ports())) == 1


def test_compressed_answers_are_read() -> None:
    async def small(request: web.Request) -> web.StreamResponse:
        response = web.json_response(CHAT.plain)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    (kept,) = talked(CHAT, small).completions
    assert kept.text == "cooperate"


def test_passwords_of_netrc_do_not_stand_in_the_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password mine\ndefault login me password mine\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-openai")
    call = talked(CHAT, saying(CHAT.plain), key="OPENAI_API_KEY")
    assert call.provider.headers[0]["Authorization"] == "Bearer a-key-of-openai"


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def through() -> str:
        async with serving(saying(CHAT.plain)) as proxy:
            monkeypatch.setenv("http_proxy", proxy.root)
            monkeypatch.setenv("no_proxy", "")
            async with reaching(CHAT.model, "http://model.invalid/v1") as one:
                await one.send(asking(CHAT), 20)
            return proxy.headers[0]["Host"]

    assert asyncio.run(through()) == "model.invalid"


@every_format
def test_redirects_are_not_followed(form: Format) -> None:
    async def elsewhere() -> int:
        async with serving(saying({}, 307, {"Location": "/v1/other"})) as provider:
            async with reaching(form.model, form.url(provider)) as one:
                with pytest.raises(BadRequest, match="redirects"):
                    await one.send(asking(form), 20)
            return len(provider.paths)

    assert asyncio.run(elsewhere()) == 1


def test_an_endpoint_that_was_not_used_is_closed_without_ado() -> None:
    async def closed() -> None:
        await endpoint("openai:x", base_url="http://127.0.0.1:9/v1").close()

    asyncio.run(closed())


def test_nothing_heavy_is_read_before_it_is_needed() -> None:
    heavy = ["pydantic_ai", "openai", "anthropic", "google.genai", "genai_prices", "aiohttp", "httpx2"]
    code = f"import sys, comity.llm.providers; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
