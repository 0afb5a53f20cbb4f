"""What a model answered, from pydantic-ai's form to ours; everything that came is kept."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from comity.llm.request import Finish, Request, Usage
from comity.llm.secrets import redacted

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse

_ENDINGS: Mapping[str, Finish] = {
    **dict.fromkeys(("stop", "stop_sequence", "end_turn", "completed", "complete", "eos", "eos_token"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length", "incomplete"), "length"),
    **dict.fromkeys(("model_context_window_exceeded", "continuation"), "length"),
    **dict.fromkeys(("content_filter", "content_filtered", "refusal", "guardrail_intervened"), "filter"),
    **dict.fromkeys(("safety", "recitation", "blocklist", "prohibited_content", "spii", "sensitive"), "filter"),
}
"""How the providers, and the libraries, call the ends that an answer can have; all else is "other"."""
_ERRORS = frozenset({"error", "failed", "insufficient_system_resource", "network_error"})
_NO_ERRORS = frozenset({"cancelled", "language", "malformed_function_call", "unexpected_tool_call", "no_image"})
"""What pydantic-ai calls an error, and is something that was answered: asked again, it may well come again."""

LIKELIEST = 0.01
"""The greatest log-probability there is, with what rounding may add to 0."""
MOST_TOKENS = 2**53
"""No count is greater that every reader of JSON reads as it was written."""


def text_of(response: ModelResponse) -> str:
    """The visible answer. Where the provider says in words that it refuses, these are the answer."""
    refusal = (response.provider_details or {}).get("refusal")
    texts = [part.content for part in response.parts if part.part_kind == "text"]
    return _kept("".join(texts) or (refusal if isinstance(refusal, str) else ""))


def _kept(text: str) -> str:
    """The text without keys, and without halves of characters, which JSON can hold and files cannot."""
    return redacted(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def reasoning_of(response: ModelResponse) -> str:
    """The hidden reasoning, as far as the provider shows it: as it was, or in summary."""
    return _kept(
        "\n\n".join(text for part in response.parts if part.part_kind == "thinking" for text in _thoughts(part))
    )


def _thoughts(part: Any) -> Iterator[str]:
    raw = (part.provider_details or {}).get("raw_content") or ()
    yield from (text for text in (part.content, *raw) if text)


def named(value: object) -> str:
    """A name that the provider gave, or none: not all libraries see to it that it is text."""
    return _kept(value) if isinstance(value, str) else ""


def broken_off(response: ModelResponse) -> bool:
    """Whether the provider says that an error ended the answer, whatever of it came before."""
    stated = _stated(response)
    return stated in _ERRORS or (response.finish_reason == "error" and stated not in _NO_ERRORS)


def finish_of(response: ModelResponse) -> Finish:
    """Why the answer ends. Where the provider does not say, it ends as it should."""
    if response.finish_reason in ("stop", "length", "content_filter"):
        return ending(response.finish_reason)
    return ending(_stated(response) or response.finish_reason or "stop")


def ending(reason: str) -> Finish:
    """The end that is called so."""
    return _ENDINGS.get(reason.lower(), "other")


def _stated(response: ModelResponse) -> str:
    """The end in the provider's own word, in small letters; empty where there is none."""
    stated = (response.provider_details or {}).get("finish_reason")
    return stated.lower() if isinstance(stated, str) else ""


def alternatives_of(response: ModelResponse) -> tuple[tuple[str, float], ...]:
    """The alternatives to the first token with their log-probabilities, none where none came."""
    kept = [response.provider_details, *(getattr(part, "provider_details", None) for part in response.parts)]
    logs = next((details["logprobs"] for details in kept if details and details.get("logprobs")), ())
    if isinstance(logs, Mapping):  # Google
        steps = [step["candidates"] or () for step in logs.get("top_candidates") or ()]
        return likely((one.get("token"), one.get("log_probability")) for one in (steps or [()])[0])
    return likely((one.get("token"), one.get("logprob")) for step in logs[:1] for one in step["top_logprobs"])


def likely(pairs: Iterable[tuple[object, object]]) -> tuple[tuple[str, float], ...]:
    """Those of the pairs that are a token and the logarithm of a probability.

    Servers write infinity, null and worse for what they hold to be impossible; no file holds it, and it says no more
    than its absence.
    """
    return tuple(
        (_kept(token), float(log))
        for token, log in pairs
        if isinstance(token, str) and isinstance(log, int | float) and -sys.float_info.max <= log <= LIKELIEST
    )


def counted(*numbers: object) -> bool:
    """Whether these can be numbers of tokens."""
    return all(type(number) is int and 0 <= number <= MOST_TOKENS for number in numbers)


def usage_of(response: ModelResponse, request: Request) -> Usage:
    """The tokens as the provider counted them, or bounds of our own where it did not."""
    usage = response.usage
    reasoning = usage.output_reasoning_tokens or _reasoning(usage.details)
    told = counted(usage.input_tokens, usage.cache_read_tokens, usage.output_tokens, reasoning)
    if usage.unmeasured_requests or not told or not usage.input_tokens:
        return bounds(request, text_of(response) + reasoning_of(response))
    return Usage(
        input=usage.input_tokens,
        cached=min(usage.cache_read_tokens, usage.input_tokens),
        output=usage.output_tokens,
        reasoning=min(reasoning, usage.output_tokens),
    )


def _reasoning(details: Mapping[str, int]) -> int:
    """How the providers call it that pydantic-ai hands on as they are."""
    return details.get("reasoning_tokens") or details.get("thoughts_tokens") or 0


def bounds(request: Request, seen: str) -> Usage:
    """No tokenizer makes more tokens than bytes; without a longest answer, what was not seen has no bound."""
    longest = request.settings.max_tokens
    return Usage(input=request.size, output=len(seen.encode()) if longest is None else longest, known=False)


def divided(usage: Usage, texts: Sequence[str]) -> list[Usage]:
    """The tokens of one request for several samples, over these samples, so that nothing is lost or counted twice.

    The prompt was paid once, and each sample bears an equal part of it. Of the answers only the sum is known; each
    sample bears a part in proportion to its length.
    """
    equal, lengths = [1] * len(texts), [len(text) + 1 for text in texts]
    fresh, cached = _parts(usage.input - usage.cached, equal), _parts(usage.cached, equal)
    seen, hidden = _parts(usage.output - usage.reasoning, lengths), _parts(usage.reasoning, equal)
    return [
        Usage(new + old, old, answer + thought, thought, usage.known)
        for new, old, answer, thought in zip(fresh, cached, seen, hidden, strict=True)
    ]


def _parts(total: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of a total, in proportion to the weights up to one, whose sum is the total."""
    ends = [total * weight // sum(weights) for weight in accumulate(weights, initial=0)]
    return [end - start for start, end in pairwise(ends)]
