"""What a model does not offer, found by looking at the request that would be sent, without sending it.

Client libraries leave out what a model does not take, some with a warning and some without a word. So each setting is
taken away in turn, and if the request does not change, the setting would not have been sent. This needs no table of
models, and holds for every wire format and for whatever pydantic-ai learns next.
"""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from typing import Any, TypeAlias

from comity.llm.request import Message, Request, Settings

Rendering: TypeAlias = Callable[[Request, int], Awaitable[Any]]
"""The body that would be sent for so many samples of a request. Raises `NotRendered`."""

MOST_ALTERNATIVES = 20
EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})
TRIAL = (Message("system", "Answer in one word."), Message("user", "Which?"))
TRIAL_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"answer": {"type": "string"}},
        "required": ["answer"],
        "additionalProperties": False,
    }
)


class NotRendered(Exception):
    """The client library refuses to make the request; the message says why."""


def refusals(rendering: Rendering, settings: Settings, *, schema: bool, alternatives: int, samples: int) -> list[str]:
    """One sentence for each thing that the model does not offer."""
    request = Request("", TRIAL, settings, schema=TRIAL_SCHEMA if schema else None, alternatives=alternatives)
    with ThreadPoolExecutor(1) as thread:  # there may be a loop running in this one
        return thread.submit(asyncio.run, _refused(rendering, request, samples)).result()


async def _refused(rendering: Rendering, request: Request, samples: int) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they warn of is what is looked for
        if request.schema is not None:
            try:
                await rendering(replace(request, settings=Settings(), alternatives=0), 1)
            except NotRendered:
                rest = await _refused(rendering, replace(request, schema=None), samples)
                return ["it does not hold its answer to a schema (structured)", *rest]
        try:
            whole = await rendering(request, samples)
        except NotRendered as reason:
            return [str(reason)]
        found = [sentence async for sentence in _left_out(rendering, request, samples, whole)]
        bare = await _without(rendering, request, samples, "effort")
        return [*found, *_effort(whole, bare, request.settings), *_contradictions(whole)]


async def _left_out(rendering: Rendering, request: Request, samples: int, whole: Any) -> AsyncIterator[str]:
    """A sentence for each thing whose absence would change nothing."""
    for name, value in _asked(request.settings).items():
        if name == "effort" and value == "none":
            continue  # a model that has no hidden reasoning is sent nothing, and does none
        if await _without(rendering, request, samples, name) == whole:
            yield f"it does not take {name} = {_shown(value)} with these settings"
    if request.alternatives > MOST_ALTERNATIVES:
        yield f"it gives at most {MOST_ALTERNATIVES} alternatives to a token, not {request.alternatives}"
    elif request.alternatives and await rendering(_with_others(request), samples) == whole:
        yield "it does not give the probabilities of tokens (alternatives) with these settings"
    if samples > 1 and await rendering(request, 1) == whole:
        yield "it does not give several samples for one request (coalesce)"


def _with_others(request: Request) -> Request:
    """The request for another number of alternatives; some libraries drop the number and go on asking."""
    return replace(request, alternatives=request.alternatives - 1 or 2)


def _asked(settings: Settings) -> Mapping[str, Any]:
    """The settings that are not left to the provider."""
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return {name: value for name, value in values.items() if value is not None and value != ()}


async def _without(rendering: Rendering, request: Request, samples: int, name: str) -> Any:
    """The body without that setting; with another longest answer, since some libraries have one of their own."""
    longest = request.settings.max_tokens
    other: Any = () if name == "stop" else None
    if name == "max_tokens" and longest is not None:
        other = longest - 1 if longest > 1 else 2
    changed = replace(request.settings, **{name: other})
    return await rendering(replace(request, settings=changed), samples)


def _effort(whole: Any, bare: Any, settings: Settings) -> Iterator[str]:
    """A sentence if another effort would be sent than the one asked for, the nearest that the model has."""
    sent = (set(_words(whole)) - set(_words(bare))) & EFFORTS
    if settings.effort is not None and sent and settings.effort not in sent:
        yield f"it has no effort {settings.effort!r}; the nearest is {min(sent)!r}"


def _contradictions(body: Any) -> Iterator[str]:
    """A sentence for what Anthropic takes each by itself but not with a budget for hidden reasoning."""
    thinking = body.get("thinking") if isinstance(body, Mapping) else None
    budget = thinking.get("budget_tokens") if isinstance(thinking, Mapping) else None
    if budget is None:
        return
    if body.get("temperature", 1) != 1:
        yield "with hidden reasoning (effort) it takes no temperature but 1"
    if body["max_tokens"] <= budget:
        yield f"this effort is {budget} tokens of hidden reasoning, and max_tokens must be more than that"


def _words(body: Any) -> Iterator[str]:
    """Every text in a body, but for the messages and for lists."""
    if isinstance(body, Mapping):
        for name, value in body.items():
            if name not in ("messages", "input", "contents"):
                yield from _words(value)
    elif isinstance(body, str):
        yield body.lower()


def _shown(value: Any) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value)
