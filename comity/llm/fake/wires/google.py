"""Google's wire format, generateContent."""

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
    first_token,
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

_ROLES: Mapping[str, Role] = {"user": "user", "model": "assistant"}
_FINISH: Mapping[Ending, str] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "filter": "SAFETY",
    "other": "OTHER",
    "error": "ERROR",
}
"""Google has no word for an answer that an error ended; this one is unknown to its own library."""
_REFUSALS: Mapping[Refused, tuple[int, str]] = {
    "bad_request": (400, "INVALID_ARGUMENT"),
    "unauthorized": (400, "INVALID_ARGUMENT"),
    "payment_required": (402, "FAILED_PRECONDITION"),
    "quota": (429, "RESOURCE_EXHAUSTED"),
    "not_found": (404, "NOT_FOUND"),
    "rate_limit": (429, "RESOURCE_EXHAUSTED"),
    "overloaded": (503, "UNAVAILABLE"),
    "server_error": (500, "INTERNAL"),
}
"""For each refusal the status and its name. A wrong key is told as a bad request, whose details name the reason."""
_REASONS: Mapping[Refused, str] = {"unauthorized": "API_KEY_INVALID", "quota": "QUOTA_EXCEEDED"}


def _read(body: Mapping[str, Any], model: str) -> Asked:
    if body.get("tools"):
        raise BadCall("this provider offers no tools")
    wanted = table(body.get("generationConfig"), "generationConfig")
    system = table(body.get("systemInstruction"), "systemInstruction")
    first = [Message("system", text_of(system.get("parts")))] if system else []
    contents = rows(body.get("contents"), "contents")
    said = [message(row.get("role", "user"), _ROLES, row.get("parts")) for row in contents]
    level = table(wanted.get("thinkingConfig"), "thinkingConfig").get("thinkingLevel")
    settings = Settings(
        temperature=number(wanted.get("temperature"), "temperature"),
        top_p=number(wanted.get("topP"), "topP"),
        seed=whole(wanted.get("seed"), "seed"),
        max_tokens=whole(wanted.get("maxOutputTokens"), "maxOutputTokens", 1),
        stop=stops(wanted.get("stopSequences")),
        effort=effort(level.lower() if isinstance(level, str) else None),
    )
    schema = wanted.get("responseJsonSchema", wanted.get("responseSchema"))
    alternatives = whole(wanted.get("logprobs"), "logprobs") or 1
    return Asked(
        model=named(model),
        messages=(*first, *said),
        schema=None if schema is None else table(schema, "responseJsonSchema"),
        settings=settings,
        alternatives=alternatives if wanted.get("responseLogprobs") else 0,
    )


def _write(result: Result) -> Json:
    (sample,) = result.samples
    body = {
        "candidates": [_candidate(sample)],
        "modelVersion": result.model,
        "responseId": result.identifier,
    }
    return body if result.usage is None else {**body, "usageMetadata": _usage(result.usage)}


def _candidate(sample: Sample) -> Json:
    found: Json = {"finishReason": _FINISH[sample.finish], "index": 0}
    if sample.finish == "filter":
        return found
    thoughts: list[Json] = [{"text": sample.reasoning, "thought": True}] if sample.reasoning else []
    found["content"] = {"role": "model", "parts": [*thoughts, {"text": sample.text}]}
    if sample.alternatives:
        listed = [_token(*pair) for pair in sample.alternatives]
        chosen = [_token(*first_token(sample))]
        found["logprobsResult"] = {"topCandidates": [{"candidates": listed}], "chosenCandidates": chosen}
        found["avgLogprobs"] = chosen[0]["logProbability"]
    return found


def _token(text: str, log: float) -> Json:
    return {"token": text, "tokenId": 0, "logProbability": log}


def _usage(usage: Usage) -> Json:
    return {
        "promptTokenCount": usage.input,
        "cachedContentTokenCount": usage.cached,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "thoughtsTokenCount": usage.reasoning,
        "totalTokenCount": usage.input + usage.output,
    }


def _refuse(why: Refused, sentence: str) -> tuple[int, Json]:
    status, name = _REFUSALS[why]
    error: Json = {"code": status, "message": sentence, "status": name}
    if why in _REASONS:
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": _REASONS[why]}
        error["details"] = [info]
    return status, {"error": error}


def _listed(names: Iterable[str]) -> Json:
    methods = ["generateContent"]
    return {"models": [{"name": f"models/{name}", "supportedGenerationMethods": methods} for name in names]}


GENERATE = Wire("google generateContent", _read, _write, _refuse, _listed)
