"""What a model answered, from pydantic-ai's form to ours; everything that came is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from comity.llm.request import Finish, Request, Usage
from comity.llm.secrets import redacted

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse

_FINISHES: Mapping[str | None, Finish] = {"stop": "stop", "length": "length", "content_filter": "filter"}


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


def finish_of(response: ModelResponse) -> Finish:
    """Why the answer ends."""
    return _FINISHES.get(response.finish_reason, "other")


def alternatives_of(response: ModelResponse) -> tuple[tuple[str, float], ...]:
    """The alternatives to the first token with their log-probabilities, none where none came."""
    kept = [response.provider_details, *(getattr(part, "provider_details", None) for part in response.parts)]
    logs = next((details["logprobs"] for details in kept if details and details.get("logprobs")), ())
    if isinstance(logs, Mapping):  # Google
        steps = [step["candidates"] or () for step in logs.get("top_candidates") or ()]
        return tuple((_kept(one["token"]), one["log_probability"]) for one in (steps or [()])[0])
    return tuple((_kept(one["token"]), one["logprob"]) for step in logs[:1] for one in step["top_logprobs"])


def usage_of(response: ModelResponse, request: Request) -> Usage:
    """The tokens as the provider counted them, or bounds of our own where it did not."""
    usage = response.usage
    if usage.unmeasured_requests or usage.input_tokens <= 0 or min(usage.output_tokens, usage.cache_read_tokens) < 0:
        return bounds(request, text_of(response) + reasoning_of(response))
    reasoning = usage.output_reasoning_tokens or _reasoning(usage.details)
    return Usage(
        input=usage.input_tokens,
        cached=min(usage.cache_read_tokens, usage.input_tokens),
        output=usage.output_tokens,
        reasoning=max(0, min(reasoning, usage.output_tokens)),
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
