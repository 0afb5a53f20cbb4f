"""What the fake provider does besides speaking protocols: faults, latency, chance, keys, and its account."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

import comity.cli.serving  # noqa: F401 (puts the command where it is found)
from comity.llm.fake import (
    FAULTS,
    HARMLESS,
    Answered,
    Chance,
    FakeProvider,
    Fault,
    Faults,
    Latency,
    canned,
    schema_filler,
    serving,
)
from comity.llm.fake.filling import filled_at_random
from tests.commands import called

BRIEF = aiohttp.ClientTimeout(total=5)


def number(asked: Any) -> Answered:
    """A brain that answers with its own draw."""
    return Answered(str(asked.chance.uniform()))


def body(text: str = "Hello.", **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


async def post(
    provider: FakeProvider, asked: Mapping[str, Any], seconds: float = 5, headers: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, str], bytes]:
    timeout = aiohttp.ClientTimeout(total=seconds)
    url = f"{provider.url_openai}/chat/completions"
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(url, json=asked, headers=headers) as it,
    ):
        return it.status, it.headers, await it.read()


def said(answer: bytes) -> str:
    return str(json.loads(answer)["choices"][0]["message"]["content"])


def once(fault: Fault, headers: Mapping[str, str] | None = None) -> tuple[int, Any, bytes]:
    """What a client meets when that fault strikes for certain."""

    async def ask() -> tuple[int, Any, bytes]:
        brain, faults = canned('{"answer": "left"}'), Faults({fault: 1.0}, retry_after=0.25, drip=0.1)
        async with FakeProvider(brain, faults=faults) as provider:
            return await post(provider, body(), headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("rate_limit", 429, "rate_limit_exceeded"),
        ("rate_limit_bare", 429, "rate_limit_exceeded"),
        ("overloaded", 503, "overloaded"),
        ("server_error", 500, None),
        ("unauthorized", 401, "invalid_api_key"),
        ("payment_required", 402, "payment_required"),
        ("quota", 429, "insufficient_quota"),
    ],
)
def test_refusals_have_their_status_and_code(fault: Fault, status: int, code: str | None) -> None:
    found, headers, answer = once(fault)
    assert (found, json.loads(answer)["error"]["code"]) == (status, code)
    assert headers.get("Retry-After") == ("0.25" if fault == "rate_limit" else None)


def test_an_echo_repeats_the_key() -> None:
    status, _, answer = once("key_echo", {"Authorization": "Bearer planted-key"})
    assert status == 500
    assert b"planted-key" in answer


@pytest.mark.parametrize(("fault", "status"), [("bad_gateway_html", 502), ("wrong_content_type", 200)])
def test_a_page_comes_instead_of_an_answer(fault: Fault, status: int) -> None:
    found, headers, answer = once(fault)
    assert (found, headers["Content-Type"]) == (status, "text/html")
    assert answer.startswith(b"<html>")


@pytest.mark.parametrize("fault", ["reset_before", "reset_during"])
def test_connections_are_reset(fault: Fault) -> None:
    with pytest.raises(aiohttp.ClientError):
        once(fault)


def test_a_hang_lasts_until_the_client_gives_up_and_is_then_over() -> None:
    async def ask() -> FakeProvider:
        async with FakeProvider(canned("x"), faults=Faults({"hang": 1.0})) as provider:
            with pytest.raises(TimeoutError):
                await post(provider, body(), seconds=0.1)
            for _ in range(200):
                if not provider.account.in_flight:
                    break
                await asyncio.sleep(0.005)
            assert provider.account.in_flight == 0
            return provider

    (served,) = asyncio.run(ask()).account.log
    assert (served.status, served.fault, served.whole) == (0, "hang", False)


def test_a_truncated_body_is_no_json_and_no_completed_answer() -> None:
    _, _, answer = once("truncated_json")
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer)


def test_a_drip_is_slow_and_whole() -> None:
    start = time.monotonic()
    status, _, answer = once("slow_drip")
    assert time.monotonic() - start >= 0.09
    assert (status, said(answer)) == (200, '{"answer": "left"}')


@pytest.mark.parametrize(
    ("fault", "text", "finish"),
    [
        ("empty_text", "", "stop"),
        ("refusal", "I am sorry, but I cannot help with that request.", "stop"),
        ("wrong_schema", '{"unexpected": [null, {"nested": -1}]}', "stop"),
        ("length", '{"answer"', "length"),
        ("content_filter", "", "content_filter"),
        ("no_usage", '{"answer": "left"}', "stop"),
        ("duplicate_ids", '{"answer": "left"}', "stop"),
        ("odd_usage", '{"answer": "left"}', "stop"),
        ("odd_logprobs", '{"answer": "left"}', "stop"),
        ("broken_off", '{"answer": "left"}', "error"),
        ("other_ending", '{"answer": "left"}', "tool_calls"),
    ],
)
def test_bad_answers(fault: Fault, text: str, finish: str) -> None:
    status, _, answer = once(fault)
    read = json.loads(answer)
    assert (status, said(answer), read["choices"][0]["finish_reason"]) == (200, text, finish)
    assert ("usage" in read) == (fault != "no_usage")
    assert (read["id"] == "chatcmpl-duplicate") == (fault == "duplicate_ids")


@pytest.mark.parametrize("wire", ["responses", "messages", "google"])
@pytest.mark.parametrize("fault", [each for each in FAULTS if each not in ("hang", "slow_drip")])
def test_every_fault_strikes_in_every_protocol(wire: str, fault: Fault) -> None:
    paths = {"responses": "/v1/responses", "messages": "/v1/messages", "google": "/v1beta/models/m:generateContent"}
    bodies: dict[str, dict[str, Any]] = {
        "responses": {"model": "m", "input": "Hello."},
        "messages": {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello."}]},
        "google": {"contents": [{"role": "user", "parts": [{"text": "Hello."}]}]},
    }

    async def ask() -> FakeProvider:
        async with (
            FakeProvider(canned("left, surely"), faults=Faults({fault: 1.0})) as provider,
            aiohttp.ClientSession(timeout=BRIEF) as session,
        ):
            try:
                async with session.post(provider.url + paths[wire], json=bodies[wire]) as answer:
                    text = await answer.text()
                    assert (answer.status == 200) == (provider.account.log[-1].status == 200)
                    if fault != "truncated_json":  # which may hold the text, or not yet
                        looks_good = fault in HARMLESS or fault in ("broken_off", "other_ending")
                        assert ("left, surely" in text) == looks_good
            except aiohttp.ClientError:
                assert fault in ("reset_before", "reset_during")
            return provider

    provider = asyncio.run(ask())
    assert [served.fault for served in provider.account.log] == [fault]
    assert provider.account.completed.total() == (fault in HARMLESS)


def attempts(provider: FakeProvider, times: int, ask: Callable[[int], dict[str, Any]]) -> list[tuple[int, bytes]]:
    async def asking() -> list[tuple[int, bytes]]:
        async with provider:
            found = [await post(provider, ask(place)) for place in range(times)]
            return [(status, answer) for status, _, answer in found]

    return asyncio.run(asking())


def test_trying_again_can_succeed_and_the_run_can_be_repeated() -> None:
    def run(seed: int) -> list[int]:
        provider = FakeProvider(number, faults=Faults({"server_error": 0.5}), seed=seed)
        return [status for status, _ in attempts(provider, 40, lambda place: body())]

    first = run(1)
    assert 8 <= first.count(500) <= 32
    assert first == run(1)
    assert first != run(2)


def test_faults_do_not_shift_the_answers() -> None:
    def answers(faults: Faults) -> list[str]:
        found = attempts(FakeProvider(number, faults=faults, seed=3), 60, lambda place: body())
        return [said(answer) for status, answer in found if status == 200]

    undisturbed, disturbed = answers(Faults()), answers(Faults({"server_error": 0.4}))
    assert len(disturbed) < len(undisturbed)
    assert disturbed == undisturbed[: len(disturbed)]
    assert len(set(undisturbed)) == len(undisturbed)


def test_a_sampling_seed_or_an_idempotency_key_fixes_the_answer() -> None:
    seeded = attempts(FakeProvider(number), 3, lambda place: body(seed=5))
    assert len({said(answer) for _, answer in seeded}) == 1
    other = attempts(FakeProvider(number), 1, lambda place: body(seed=6))
    assert said(other[0][1]) != said(seeded[0][1])

    async def keyed() -> list[str]:
        async with FakeProvider(number) as provider:
            found = [await post(provider, body(), headers={"Idempotency-Key": key}) for key in ("a", "b", "a")]
            assert provider.account.repeated == {("m", provider.account.log[0].question[1], "a"): 2}
            return [said(answer) for _, _, answer in found]

    first, second, third = asyncio.run(keyed())
    assert first == third != second


def test_latency_is_lognormal_and_lasts_from_the_arrival() -> None:
    drawn = sorted(Latency(0.2, 0.5).seconds(Chance.of(place)) for place in range(2001))
    assert drawn[1000] == pytest.approx(0.2, rel=0.05)
    assert drawn[1682] / drawn[1000] == pytest.approx(2.718281828**0.5, rel=0.1)  # one standard deviation up

    def slow(asked: Any) -> Answered:
        time.sleep(0.05)
        return Answered("x")

    async def ask() -> FakeProvider:
        async with FakeProvider(slow, latency=Latency(0.1)) as provider:
            await post(provider, body())
            return provider

    (served,) = asyncio.run(ask()).account.log
    assert 0.1 <= served.end - served.start < 0.145


def test_the_account_tells_what_was_served() -> None:
    async def ask() -> Any:
        async with FakeProvider(canned("x"), latency=Latency(0.05)) as provider:
            await asyncio.gather(*(post(provider, body(f"Number {place % 4}.")) for place in range(12)))
            async with aiohttp.ClientSession() as session, session.get(f"{provider.url}/fake/account?log=1") as told:
                return provider.account, await told.json()

    account, told = asyncio.run(ask())
    assert (told["requests"], told["completed"], told["peak"], told["in_flight"]) == (12, 12, 12, 0)
    assert told["by_status"] == {"200": 12}
    assert sorted(account.completed.values()) == [3, 3, 3, 3]
    assert told["repeated"] == 8
    assert len(told["log"]) == 12
    assert all(0 <= row["start"] < row["end"] for row in told["log"])


def test_what_is_beyond_the_capacity_is_refused() -> None:
    async def ask() -> list[int]:
        async with FakeProvider(canned("x"), latency=Latency(0.1), capacity=3) as provider:
            found = await asyncio.gather(*(post(provider, body(str(place))) for place in range(8)))
            return sorted(status for status, _, _ in found)

    assert asyncio.run(ask()) == [200] * 3 + [429] * 5


def test_only_the_right_key_is_admitted_wherever_it_stands() -> None:
    async def ask() -> list[int]:
        async with FakeProvider(canned("x"), key="right") as provider:
            headers = [
                {"Authorization": "Bearer right"},
                {"x-api-key": "right"},
                {"x-goog-api-key": "right"},
                {"Authorization": "Bearer wrong"},
                {},
            ]
            found = [await post(provider, body(), headers=each) for each in headers]
            assert all(b"right" not in answer for _, _, answer in found)
            return [status for status, _, _ in found]

    assert asyncio.run(ask()) == [200, 200, 200, 401, 401]


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ({}, "messages must be a list"),
        (body(temperature="warm"), "temperature must be a number"),
        (body(n=0), "n must be a whole number from 1"),
        (body(stream=True), "does not stream"),
        (body(tools=[{"type": "function"}]), "no tools"),
        (body(reasoning_effort="huge"), "'huge' is none of"),
        ({"model": "m", "messages": [{"role": "tool", "content": "x"}]}, "the role 'tool' is none of"),
        (body(response_format={"type": "xml"}), "'xml', which is none of"),
    ],
)
def test_a_bad_request_gets_a_sentence(asked: dict[str, Any], part: str) -> None:
    ((status, answer),) = attempts(FakeProvider(canned("x")), 1, lambda place: asked)
    assert status == 400
    assert part in json.loads(answer)["error"]["message"]


def test_models_that_are_not_there_are_refused() -> None:
    ((status, answer),) = attempts(FakeProvider(canned("x"), models=("other",)), 1, lambda place: body())
    assert (status, json.loads(answer)["error"]["code"]) == (404, "model_not_found")


def test_a_thread_serves_clients_without_a_loop() -> None:
    with serving(FakeProvider(canned("x"))) as provider:
        request = urllib.request.Request(
            f"{provider.url_openai}/chat/completions", json.dumps(body()).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            assert said(answer.read()) == "x"
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{provider.url}/fake/account")


@pytest.mark.slow
def test_the_command_prints_where_it_is_reached() -> None:
    arguments = ["fake-provider", "--text", "fine", "--latency", "1ms", "--fault", "server_error=0", "--seed", "1"]
    command = [sys.executable, "-c", "import comity.cli.serving; from comity.cli import main; main()", *arguments]
    with subprocess.Popen(
        [*command, "--require-key", "FAKE_KEY"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "FAKE_KEY": "planted-key"},
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        urls = dict(each.split("=", 1) for each in line.split())
        assert list(urls) == ["openai", "anthropic", "google", "account"]
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", urls["openai"])
        with urllib.request.urlopen(urls["account"]) as account:
            assert json.load(account)["requests"] == 0
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=20)
        assert "planted-key" not in line + told


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--fault", "nonsense=1"], "there is no fault 'nonsense'"),
        (["--fault", "hang=often"], "a number from 0 to 1"),
        (["--fault", "hang=2"], "between 0 and 1"),
        (["--latency", "5"], "a number with its unit"),
        (["--latency", "nans"], "a number with its unit"),
        (["--batch-time", "5"], "--batch-time 5: a time is a number with its unit"),
        (["--strategy", "nope"], "no agent called 'nope'"),
        (["--random", "--text", "x"], "answers in one way"),
        (["--random", "--noise", "0.1"], "--noise is for strategies"),
        (["--require-key", "NOT_THERE"], "has no variable NOT_THERE"),
    ],
)
def test_the_command_refuses_bad_input_in_a_sentence(arguments: list[str], part: str) -> None:
    ended = called(["fake-provider", *arguments])
    assert ended.returncode == 2
    assert part in ended.stderr


@pytest.mark.parametrize(
    ("rates", "part"), [({"nonsense": 0.1}, "there is no fault 'nonsense'"), ({"hang": 0.7, "quota": 0.6}, "at most 1")]
)
def test_faults_that_cannot_be_are_refused(rates: Any, part: str) -> None:
    with pytest.raises(ValueError, match=part):
        Faults(rates)


def test_each_fault_has_its_rate() -> None:
    faults = Faults({"hang": 0.1, "quota": 0.3})
    drawn = [faults.drawn(Chance.of("place", place)) for place in range(4000)]
    assert drawn.count("hang") / 4000 == pytest.approx(0.1, abs=0.02)
    assert drawn.count("quota") / 4000 == pytest.approx(0.3, abs=0.03)


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether the value fits a schema of those below."""
    match schema:
        case {"anyOf": among}:
            return any(fits(value, each) for each in among)
        case {"enum": options}:
            return value in options
        case {"const": only}:
            return bool(value == only)
        case {"type": "array", "items": items}:
            return isinstance(value, list) and 1 <= len(value) <= 3 and all(fits(each, items) for each in value)
        case {"type": "object", "properties": parts}:
            return (
                isinstance(value, dict)
                and list(value) == list(parts)
                and all(fits(value[name], part) for name, part in parts.items())
            )
        case {"type": "integer", "minimum": low, "maximum": high}:
            return type(value) is int and low <= value <= high
        case {"type": "string"}:
            return isinstance(value, str) and len(value) <= schema["maxLength"]
        case {"type": "boolean"}:
            return isinstance(value, bool)
        case _:
            return value is None


SCHEMAS = st.recursive(
    st.one_of(
        st.builds(
            lambda low, span: {"type": "integer", "minimum": low, "maximum": low + span},
            st.integers(-9, 9),
            st.integers(0, 9),
        ),
        st.builds(lambda options: {"enum": options}, st.lists(st.text(max_size=3), min_size=1, max_size=4)),
        st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": "string", "maxLength": 4}, {"const": 5}]),
    ),
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items, "minItems": 1, "maxItems": 3}, inner),
        st.builds(
            lambda parts: {"type": "object", "properties": parts},
            st.dictionaries(st.text(max_size=3), inner, max_size=3),
        ),
        st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)


@given(SCHEMAS, st.integers())
def test_what_is_filled_in_fits_the_schema(schema: dict[str, Any], seed: int) -> None:
    value = filled_at_random(schema, Chance.of(seed))
    assert fits(value, schema)
    assert value == filled_at_random(schema, Chance.of(seed))


def test_a_filler_without_a_schema_says_a_word_and_a_strange_schema_is_refused() -> None:
    ((_, answer),) = attempts(FakeProvider(schema_filler()), 1, lambda place: body())
    assert said(answer) == "Fine."
    strange = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "colour"}}}
    ((status, answer),) = attempts(FakeProvider(schema_filler()), 1, lambda place: body(response_format=strange))
    assert status == 400
    assert "'colour'" in json.loads(answer)["error"]["message"]
