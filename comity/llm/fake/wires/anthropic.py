"""Anthropic's wire format, messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    message,
    named,
    number,
    rows,
    stops,
    table,
    text_of,
    whole,
)
from comity.llm.request import Message, Role, Settings, Usage

_ROLES: Mapping[str, Role] = {"user": "user", "assistant": "assistant"}
_FINISH: Mapping[Ending, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "filter": "refusal",
    "other": "pause_turn",
    "error": "error",
}
_REFUSALS: Mapping[Refused, tuple[int, str]] = {
    "bad_request": (400, "invalid_request_error"),
    "unauthorized": (401, "authentication_error"),
    "payment_required": (402, "billing_error"),
    "quota": (400, "invalid_request_error"),
    "not_found": (404, "not_found_error"),
    "rate_limit": (429, "rate_limit_error"),
    "overloaded": (529, "overloaded_error"),
    "server_error": (500, "api_error"),
}
"""For each refusal the status and the type. An empty account is told as a bad request, by its sentence alone."""


def _read(body: Mapping[str, Any], model: str) -> Asked:
    if body.get("tools") or body.get("stream"):
        raise BadCall("this provider offers no tools and does not stream")
    if body.get("max_tokens") is None:
        raise BadCall("max_tokens: Field required")
    system = body.get("system")
    first = [] if system is None else [Message("system", text_of(system))]
    said = [message(row.get("role"), _ROLES, row.get("content")) for row in rows(body.get("messages"), "messages")]
    wanted = table(body.get("output_config"), "output_config")
    form = table(wanted.get("format", body.get("output_format")), "format")
    settings = Settings(
        temperature=number(body.get("temperature"), "temperature"),
        top_p=number(body.get("top_p"), "top_p"),
        max_tokens=whole(body["max_tokens"], "max_tokens", 1),
        stop=stops(body.get("stop_sequences")),
        effort=effort(wanted.get("effort")),
    )
    return Asked(
        model=named(body.get("model")),
        messages=(*first, *said),
        schema=table(form.get("schema"), "schema") if form.get("type") == "json_schema" else None,
        settings=settings,
    )


def _write(result: Result) -> Json:
    (sample,) = result.samples
    body = {
        "id": f"msg_{result.identifier}",
        "type": "message",
        "role": "assistant",
        "model": result.model,
        "content": _blocks(sample),
        "stop_reason": _FINISH[sample.finish],
        "stop_sequence": None,
    }
    return body if result.usage is None else {**body, "usage": _usage(result.usage)}


def _blocks(sample: Sample) -> list[Json]:
    if sample.finish == "filter":
        return []
    said: Json = {"type": "text", "text": sample.text}
    thought: Json = {"type": "thinking", "thinking": sample.reasoning, "signature": "fake"}
    return [thought, said] if sample.reasoning else [said]


def _usage(usage: Usage) -> Json:
    return {
        "input_tokens": usage.input - usage.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
    }


def _refuse(why: Refused, sentence: str) -> tuple[int, Json]:
    status, kind = _REFUSALS[why]
    return status, {"type": "error", "error": {"type": kind, "message": sentence}, "request_id": None}


def _listed(names: Iterable[str]) -> Json:
    made = "1970-01-01T00:00:00Z"
    data = [{"type": "model", "id": name, "display_name": name, "created_at": made} for name in names]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
    return {"data": data, "has_more": False, **ends}


MESSAGES = Wire("anthropic messages", _read, _write, _refuse, _listed)
