"""OpenAI's wire formats, chat completions and responses; many other providers speak the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from comity.llm.fake.brain import Asked
from comity.llm.fake.wires.wire import (
    BadCall,
    Ending,
    Json,
    Refused,
    Result,
    Sample,
    Wire,
    effort,
    first_token,
    message,
    named,
    number,
    rows,
    stops,
    table,
    whole,
)
from comity.llm.request import Message, Role, Settings, Usage

_ROLES: Mapping[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_FINISH: Mapping[Ending, str] = {
    "stop": "stop",
    "length": "length",
    "filter": "content_filter",
    "other": "tool_calls",
    "error": "error",
}
_STATUS: Mapping[Ending, str] = {
    "length": "incomplete",
    "filter": "incomplete",
    "other": "cancelled",
    "error": "failed",
}
_INCOMPLETE: Mapping[Ending, str] = {"length": "max_output_tokens", "filter": "content_filter"}
_REFUSALS: Mapping[Refused, tuple[int, str, str | None]] = {
    "bad_request": (400, "invalid_request_error", None),
    "unauthorized": (401, "invalid_request_error", "invalid_api_key"),
    "payment_required": (402, "billing_error", "payment_required"),
    "quota": (429, "insufficient_quota", "insufficient_quota"),
    "not_found": (404, "invalid_request_error", "model_not_found"),
    "rate_limit": (429, "requests", "rate_limit_exceeded"),
    "overloaded": (503, "server_error", "overloaded"),
    "server_error": (500, "server_error", None),
}
"""For each refusal the status, the type and the code."""
_BROKEN: Json = {"code": "server_error", "message": "The model broke off."}


def _without_tools(body: Mapping[str, Any]) -> None:
    if body.get("tools"):
        raise BadCall("this provider offers no tools")
    if body.get("stream"):
        raise BadCall("this provider does not stream")


def _read_chat(body: Mapping[str, Any], model: str) -> Asked:
    _without_tools(body)
    messages = [message(row.get("role"), _ROLES, row.get("content")) for row in rows(body.get("messages"), "messages")]
    wanted = body.get("max_completion_tokens", body.get("max_tokens"))
    settings = Settings(
        temperature=number(body.get("temperature"), "temperature"),
        top_p=number(body.get("top_p"), "top_p"),
        seed=whole(body.get("seed"), "seed"),
        max_tokens=whole(wanted, "max_tokens", 1),
        stop=stops(body.get("stop")),
        effort=effort(body.get("reasoning_effort")),
    )
    alternatives = whole(body.get("top_logprobs"), "top_logprobs") or 0
    return Asked(
        model=named(body.get("model")),
        messages=tuple(messages),
        schema=_chat_schema(table(body.get("response_format"), "response_format")),
        settings=settings,
        alternatives=max(alternatives, 1) if body.get("logprobs") else 0,
        samples=whole(body.get("n"), "n", 1) or 1,
    )


def _chat_schema(wanted: Mapping[str, Any]) -> Mapping[str, Any] | None:
    match wanted.get("type", "text"):
        case "text":
            return None
        case "json_object":
            return {"type": "object"}
        case "json_schema":
            return table(table(wanted.get("json_schema"), "json_schema").get("schema"), "schema")
        case other:
            raise BadCall(f"response_format has the type {other!r}, which is none of text, json_object, json_schema")


def _write_chat(result: Result) -> Json:
    body = {
        "id": f"chatcmpl-{result.identifier}",
        "object": "chat.completion",
        "created": result.created,
        "model": result.model,
        "choices": [_choice(index, sample) for index, sample in enumerate(result.samples)],
    }
    return body if result.usage is None else {**body, "usage": _chat_usage(result.usage)}


def _choice(index: int, sample: Sample) -> Json:
    said: Json = {"role": "assistant", "content": sample.text, "refusal": None}
    if sample.reasoning:
        said["reasoning_content"] = sample.reasoning
    log_probabilities = {"content": _tokens(sample), "refusal": None} if sample.alternatives else None
    return {
        "index": index,
        "message": said,
        "logprobs": log_probabilities,
        "finish_reason": _FINISH[sample.finish],
    }


def _tokens(sample: Sample) -> list[Json]:
    """The first token with its alternatives, and what follows as one token that was certain."""
    if not sample.text:
        return []
    token, log = first_token(sample)
    first = {**_token(token, log), "top_logprobs": [_token(*pair) for pair in sample.alternatives]}
    rest = sample.text.removeprefix(token)
    return [first, {**_token(rest, 0.0), "top_logprobs": []}] if rest else [first]


def _token(text: str, log: float) -> Json:
    return {"token": text, "logprob": log, "bytes": list(text.encode("utf-8", "replace"))}


def _chat_usage(usage: Usage) -> Json:
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning, "audio_tokens": 0},
    }


def _refuse(why: Refused, sentence: str) -> tuple[int, Json]:
    status, kind, code = _REFUSALS[why]
    return status, {"error": {"message": sentence, "type": kind, "param": None, "code": code}}


def _listed(names: Iterable[str]) -> Json:
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "fake"} for name in names]
    return {"object": "list", "data": data}


def _read_responses(body: Mapping[str, Any], model: str) -> Asked:
    _without_tools(body)
    form = table(table(body.get("text"), "text").get("format"), "format")
    settings = Settings(
        temperature=number(body.get("temperature"), "temperature"),
        top_p=number(body.get("top_p"), "top_p"),
        max_tokens=whole(body.get("max_output_tokens"), "max_output_tokens", 1),
        effort=effort(table(body.get("reasoning"), "reasoning").get("effort")),
    )
    return Asked(
        model=named(body.get("model")),
        messages=tuple(_inputs(body)),
        schema=table(form.get("schema"), "schema") if form.get("type") == "json_schema" else None,
        settings=settings,
        alternatives=whole(body.get("top_logprobs"), "top_logprobs") or 0,
    )


def _inputs(body: Mapping[str, Any]) -> Sequence[Message]:
    said = body.get("input")
    instructions = body.get("instructions")
    first = [Message("system", instructions)] if isinstance(instructions, str) else []
    if isinstance(said, str):
        return [*first, Message("user", said)]
    spoken = [row for row in rows(said, "input") if row.get("type", "message") == "message"]
    return [*first, *(message(row.get("role"), _ROLES, row.get("content")) for row in spoken)]


def _write_responses(result: Result) -> Json:
    (sample,) = result.samples
    incomplete = _INCOMPLETE.get(sample.finish)
    body = {
        "id": f"resp_{result.identifier}",
        "object": "response",
        "created_at": result.created,
        "status": _STATUS.get(sample.finish, "completed"),
        "error": _BROKEN if sample.finish == "error" else None,
        "incomplete_details": {"reason": incomplete} if incomplete else None,
        "model": result.model,
        "output": [*_thoughts(result, sample), *_spoken(result, sample)],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
    }
    return body if result.usage is None else {**body, "usage": _responses_usage(result.usage)}


def _thoughts(result: Result, sample: Sample) -> list[Json]:
    if not sample.reasoning:
        return []
    summary = [{"type": "summary_text", "text": sample.reasoning}]
    return [{"type": "reasoning", "id": f"rs_{result.identifier}", "summary": summary}]


def _spoken(result: Result, sample: Sample) -> list[Json]:
    if sample.finish == "filter":
        return []
    said: Json = {"type": "output_text", "text": sample.text, "annotations": []}
    if sample.alternatives:
        said["logprobs"] = _tokens(sample)
    status = "incomplete" if sample.finish in _INCOMPLETE else "completed"
    identifier = f"msg_{result.identifier}"
    return [{"type": "message", "id": identifier, "status": status, "role": "assistant", "content": [said]}]


def _responses_usage(usage: Usage) -> Json:
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }


CHAT = Wire("openai chat", _read_chat, _write_chat, _refuse, _listed)
RESPONSES = Wire("openai responses", _read_responses, _write_responses, _refuse, _listed)
