"""A provider on this machine that answers as it is told, and the four wire formats it is told to answer in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from comity.llm.endpoint import Endpoint
from comity.llm.providers import endpoint
from comity.llm.request import Completion, Message, Request, Settings

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Provider:
    """What came in, and how many calls are and were at most in flight."""

    root: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    now: int = 0
    most: int = 0


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Provider]:
    """A provider that gives this answer to every call, whatever its address."""
    seen = Provider()

    async def handle(request: web.Request) -> web.StreamResponse:
        seen.bodies.append(await request.json())
        seen.headers.append(dict(request.headers))
        seen.paths.append(request.path)
        seen.now += 1
        seen.most = max(seen.most, seen.now)
        try:
            return await answer(request)
        finally:
            seen.now -= 1

    app = web.Application()
    app.router.add_post("/{path:.*}", handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    seen.root = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield seen
    finally:
        await runner.cleanup()


def saying(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None, kind: str = "application/json"
) -> Answer:
    """Always this body: JSON, or text as it stands."""
    text = body if isinstance(body, str) else json.dumps(body)

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status, headers=headers, content_type=kind)

    return answer


@dataclass(frozen=True)
class Format:
    """One wire format: a model that speaks it, where it is spoken, and a plain answer in it."""

    name: str
    model: str
    path: str
    where: str
    plain: Mapping[str, Any]
    cut: Mapping[str, Any]
    error: Callable[[str, str], Mapping[str, Any]]

    def url(self, provider: Provider) -> str:
        return provider.root + self.path


def _chat(text: str, finish: str) -> Mapping[str, Any]:
    return {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish, "logprobs": None}
        ],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": 30,
            "total_tokens": 130,
            "prompt_tokens_details": {"cached_tokens": 40},
            "completion_tokens_details": {"reasoning_tokens": 10},
        },
    }


def _responses(text: str, status: str) -> Mapping[str, Any]:
    cut = {"reason": "max_output_tokens"} if status == "incomplete" else None
    content = [{"type": "output_text", "text": text, "annotations": []}]
    summary = [{"type": "summary_text", "text": "thought"}]
    return {
        "id": "resp-1",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": status,
        "incomplete_details": cut,
        "error": None,
        "model": "gpt-4o-mini-2024-07-18",
        "output": [
            {"id": "rs-1", "type": "reasoning", "summary": summary},
            {"id": "msg-1", "type": "message", "role": "assistant", "status": "completed", "content": content},
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 40},
            "output_tokens": 30,
            "output_tokens_details": {"reasoning_tokens": 10},
            "total_tokens": 130,
        },
    }


def _anthropic(text: str, stop: str) -> Mapping[str, Any]:
    return {
        "id": "msg-1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5-20251001",
        "content": [{"type": "thinking", "thinking": "thought", "signature": "s"}, {"type": "text", "text": text}],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 60,
            "cache_read_input_tokens": 40,
            "cache_creation_input_tokens": 0,
            "output_tokens": 30,
        },
    }


def _google(text: str, finish: str) -> Mapping[str, Any]:
    return {
        "responseId": "google-1",
        "modelVersion": "gemini-2.5-flash",
        "candidates": [
            {
                "index": 0,
                "content": {"role": "model", "parts": [{"text": "thought", "thought": True}, {"text": text}]},
                "finishReason": finish,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 100,
            "cachedContentTokenCount": 40,
            "candidatesTokenCount": 20,
            "thoughtsTokenCount": 10,
            "totalTokenCount": 130,
        },
    }


def _openai_error(message: str, code: str) -> Mapping[str, Any]:
    return {"error": {"message": message, "type": code, "param": None, "code": code}}


def _anthropic_error(message: str, code: str) -> Mapping[str, Any]:
    return {"type": "error", "error": {"type": code, "message": message}}


def _google_error(message: str, code: str) -> Mapping[str, Any]:
    return {"error": {"code": 400, "message": message, "status": code}}


CHAT = Format(
    "chat", "openai-chat:gpt-4o-mini", "/v1", "/v1/chat/completions",
    _chat("cooperate", "stop"), _chat("coop", "length"), _openai_error,
)  # fmt: skip
RESPONSES = Format(
    "responses", "openai-responses:gpt-4o-mini", "/v1", "/v1/responses",
    _responses("cooperate", "completed"), _responses("coop", "incomplete"), _openai_error,
)  # fmt: skip
ANTHROPIC = Format(
    "anthropic", "anthropic:claude-haiku-4-5", "", "/v1/messages",
    _anthropic("cooperate", "end_turn"), _anthropic("coop", "max_tokens"), _anthropic_error,
)  # fmt: skip
GOOGLE = Format(
    "google", "google-gla:gemini-2.5-flash", "", "/v1beta/models/gemini-2.5-flash:generateContent",
    _google("cooperate", "STOP"), _google("coop", "MAX_TOKENS"), _google_error,
)  # fmt: skip
FORMATS = (CHAT, RESPONSES, ANTHROPIC, GOOGLE)

ASKED = (
    Message("system", "You play."),
    Message("user", "Which?"),
    Message("assistant", "Perhaps."),
    Message("user", "Say it in one word: ä."),
)


def asking(form: Format, settings: Settings | None = None, **changes: Any) -> Request:
    """A request in that format."""
    return Request(form.model, ASKED, settings or Settings(max_tokens=200), **changes)


@dataclass(frozen=True)
class Talk:
    """What came back and what the provider saw."""

    completions: tuple[Completion, ...]
    provider: Provider


async def talk(
    form: Format, answer: Answer, request: Request | None = None, samples: int = 1, timeout: float = 20.0, **how: Any
) -> Talk:
    """One call in that format to a provider with that answer."""
    async with serving(answer) as provider, reaching(form.model, form.url(provider), **how) as one:
        completions = await one.send(request or asking(form), timeout, samples)
        return Talk(tuple(completions), provider)


@asynccontextmanager
async def reaching(model: str, url: str, **how: Any) -> AsyncIterator[Endpoint]:
    """An endpoint that is closed in the end."""
    one = endpoint(model, base_url=url, **how)
    try:
        yield one
    finally:
        await one.close()


def talked(form: Format, answer: Answer, request: Request | None = None, **how: Any) -> Talk:
    """See `talk`."""
    return asyncio.run(talk(form, answer, request, **how))
