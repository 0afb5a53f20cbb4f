"""Models behind Inspect: `inspect:<provider>/<model>` is whatever `inspect_ai.model.get_model` can reach.

Inspect's cache, its retries and its limits are switched off: draws, deadlines and limits are ours. What Inspect would
leave out of a request without a word is refused here, by what its documentation says each provider is sent.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from comity.llm import secrets
from comity.llm.answers import counted, divided, ending, likely
from comity.llm.endpoint import Price
from comity.llm.errors import (
    BadRequest,
    Filtered,
    KeyRefused,
    ModelError,
    OutOfMoney,
    Overloaded,
    TimedOut,
    Unavailable,
)
from comity.llm.prices import cost as paid
from comity.llm.prices import price_of
from comity.llm.request import Completion, Message, Request, Settings, Usage

if TYPE_CHECKING:
    from inspect_ai.model import (
        ChatCompletionChoice,
        ChatMessage,
        GenerateConfig,
        Model,
        ModelOutput,
        ModelUsage,
        ResponseSchema,
    )

PREFIX = "inspect:"

_OPENAI_LIKE = ("openai", "openai-api", "vllm", "sglang", "mockllm")
_OFFERED: Mapping[str, frozenset[str]] = {
    "seed": frozenset((*_OPENAI_LIKE, "google", "mistral", "groq", "grok", "hf", "azureai", "together", "ollama")),
    "reasoning effort": frozenset(
        (*_OPENAI_LIKE, "anthropic", "bedrock", "deepseek", "google", "grok", "groq", "mistral", "ollama", "openrouter")
    ),
    "structured answers": frozenset(
        (*_OPENAI_LIKE, "anthropic", "bedrock", "google", "grok", "groq", "mistral", "openrouter")
    ),
    "log-probabilities": frozenset((*_OPENAI_LIKE, "google", "grok", "hf", "together")),
    "several samples of one request": frozenset((*_OPENAI_LIKE, "google", "groq", "together")),
}
"""To which providers Inspect passes what not every provider is sent (its `GenerateConfig` and its provider modules).

The mock model of Inspect answers what it was made to answer, so it is taken to be sent everything.
"""

_UNLIMITED = 1_000_000
"""So many connections are never open at once: how many are is decided above the endpoint."""

_NO_MONEY = re.compile(r"insufficient_quota|credit balance is too low", re.IGNORECASE)
"""What OpenAI and Anthropic say; "quota" alone may mean the minute."""

_MARKUP = re.compile(r"\[/?(?:bold|blue|red|green|italic)\]")

_SMALLEST = 16
"""The fewest tokens of an answer that every provider accepts to be asked for."""


class InspectEndpoint:
    """One model behind Inspect; an `Endpoint`. Made by `inspect_endpoint`."""

    def __init__(self, name: str, model: Model, base_url: str | None, price: Price | None) -> None:
        self._name = name
        self._model = model
        self._base_url = base_url
        self._price = price

    @property
    def name(self) -> str:
        """The model string: "inspect:provider/model"."""
        return self._name

    @property
    def line(self) -> str:
        """The model string, and where it is served if that was said."""
        return self._name if self._base_url is None else f"{self._name} at {self._base_url}"

    @property
    def price(self) -> Price | None:
        """What it was said to cost, or else the list price of the provider; None where neither is known."""
        return self._price

    def refusals(self, settings: Settings, *, schema: bool, alternatives: int, samples: int) -> Sequence[str]:
        """What of this Inspect would not pass on to the provider, one sentence for each; nothing is sent."""
        asked = {
            "seed": settings.seed is not None,
            "reasoning effort": settings.effort is not None,
            "structured answers": schema,
            "log-probabilities": alternatives > 0,
            "several samples of one request": samples > 1,
        }
        return [
            f"Inspect passes no {what} to {self._provider} (only to {', '.join(sorted(_OFFERED[what]))})"
            for what, wanted in asked.items()
            if wanted and self._provider not in _OFFERED[what]
        ]

    @property
    def _provider(self) -> str:
        return _provider_of(self._name)

    async def send(self, request: Request, timeout: float, samples: int = 1) -> Sequence[Completion]:
        """Send the request once and give its completions, from one to as many as samples. Raises `ModelError`."""
        started = time.monotonic()
        try:
            output = await self._generated(request, timeout, samples)
        except ModelError:
            raise
        except Exception as error:
            raise failure(self._name, error) from None
        return completions(self._name, output, request, samples, time.monotonic() - started, self._price)

    async def _generated(self, request: Request, timeout: float, samples: int) -> ModelOutput:
        """What Inspect makes of it, in a context of its own: it keeps every call in the transcript of the context."""
        _send_once(self._model)
        config = generate_config(request, samples).merge(_unlimited())
        calling = self._model.generate(chat(request.messages), config=config, cache=False)
        task = asyncio.create_task(calling)
        try:
            async with asyncio.timeout(timeout):
                return await task
        except TimeoutError:
            raise TimedOut(f"{self._name}: no answer within {timeout:g} s") from None
        finally:
            task.cancel()

    async def check(self, timeout: float) -> None:
        """Ask for the shortest answer. Raises `ModelError`."""
        settings = Settings(max_tokens=_SMALLEST)
        await self.send(Request(self._name, (Message("user", "Answer with OK."),), settings, self._base_url), timeout)

    async def close(self) -> None:
        """Give connections back."""
        await self._model.api.aclose()


def inspect_endpoint(
    model: str, *, base_url: str | None = None, key: str | None = None, price: Price | None = None
) -> InspectEndpoint:
    """The model behind Inspect that is called "inspect:provider/model".

    key: the name of the environment variable that holds the key, where it is not the one that Inspect looks in.
    Raises `KeyRefused` where a key is missing, and `BadRequest` where Inspect is, or knows no such provider.
    """
    called = model.removeprefix(PREFIX)
    if "/" not in called:
        raise BadRequest(f"{model!r} is not spelled like inspect:provider/model, such as inspect:openai/gpt-5.2")
    secret = None if key is None else secrets.key(key)
    if key is not None and secret is None:
        raise KeyRefused(f"{model} needs a key: the environment variable {key} is not set.")
    name = PREFIX + called
    known = price if price is not None else price_of(called.replace("/", ":", 1))
    return InspectEndpoint(name, _model(name, base_url, secret), base_url, known)


def _provider_of(name: str) -> str:
    return name.removeprefix(PREFIX).partition("/")[0]


def _model(name: str, base_url: str | None, key: str | None) -> Model:
    try:
        from inspect_ai.model import get_model
    except ImportError:
        raise BadRequest(f"{name} needs Inspect, which is not installed: install comity[inspect]") from None
    try:
        return get_model(name.removeprefix(PREFIX), base_url=base_url, api_key=key, memoize=False)
    except Exception as error:  # Inspect raises its own, a provider's library what it likes
        sentence = _sentence(error)
        if "defined in the environment" in sentence or "api_key" in sentence.lower():
            raise KeyRefused(f"{name}: {sentence}") from None
        raise BadRequest(f"{name}: {sentence}") from None


def _send_once(model: Model) -> None:
    """Tell the client library of the provider not to retry by itself; Inspect may have made a new one at any time."""
    client = getattr(model.api, "client", None)
    if client is not None and hasattr(client, "max_retries"):
        client.max_retries = 0


def completions(
    name: str, output: ModelOutput, request: Request, samples: int, seconds: float, price: Price | None = None
) -> list[Completion]:
    """What Inspect hands over, as completions. Raises `Filtered` or `Unavailable` where there are none."""
    if not output.choices:
        if output.error:
            raise Filtered(f"{name}: the provider withheld the answer")
        raise Unavailable(f"{name}: no answer came for {samples} asked for")
    choices = output.choices[:samples]
    usages = divided(_usage(output, request), [choice.message.text for choice in choices])
    return [
        Completion(
            text=secrets.redacted(choice.message.text),
            reasoning=secrets.redacted(_reasoning(choice)),
            finish=ending(choice.stop_reason),
            served=output.model,
            usage=usage,
            alternatives=_alternatives(choice, request.alternatives),
            seconds=seconds,
            cost=paid(usage, price),
            identifier=output.response_id or "",
            at=time.time(),
        )
        for choice, usage in zip(choices, usages, strict=True)
    ]


def chat(messages: Sequence[Message]) -> list[ChatMessage]:
    """The messages as Inspect has them."""
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

    kinds = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
    return [kinds[message.role](content=message.text) for message in messages]


def generate_config(request: Request, samples: int = 1) -> GenerateConfig:
    """The settings of the request as Inspect has them, and nothing that limits or repeats calls."""
    from inspect_ai.model import GenerateConfig

    settings = request.settings
    return GenerateConfig(
        temperature=settings.temperature,
        top_p=settings.top_p,
        seed=settings.seed,
        max_tokens=settings.max_tokens,
        stop_seqs=list(settings.stop) or None,
        reasoning_effort=settings.effort,
        response_schema=_schema(request.schema),
        logprobs=True if request.alternatives else None,
        top_logprobs=request.alternatives or None,
        num_choices=samples if samples > 1 else None,
    )


def _unlimited() -> GenerateConfig:
    """One attempt, never out of a cache, as many at once as are asked for."""
    from inspect_ai.model import GenerateConfig

    return GenerateConfig(
        max_retries=0, max_connections=_UNLIMITED, adaptive_connections=False, cache=False, batch=False
    )


def _schema(schema: str | None) -> ResponseSchema | None:
    from inspect_ai.model import ResponseSchema
    from inspect_ai.util import JSONSchema

    if schema is None:
        return None
    return ResponseSchema(name="answer", json_schema=JSONSchema.model_validate(json.loads(schema)), strict=True)


def _reasoning(choice: ChatCompletionChoice) -> str:
    from inspect_ai.model import ContentReasoning

    content = choice.message.content
    parts = [] if isinstance(content, str) else [part for part in content if isinstance(part, ContentReasoning)]
    return "\n".join(part.summary or "" if part.redacted else part.reasoning for part in parts)


def _alternatives(choice: ChatCompletionChoice, most: int) -> tuple[tuple[str, float], ...]:
    """The alternatives to the first token, the likeliest first."""
    if not most or choice.logprobs is None or not choice.logprobs.content:
        return ()
    found = choice.logprobs.content[0].top_logprobs or []
    ordered = sorted(likely((each.token, each.logprob) for each in found), key=lambda pair: -pair[1])
    return tuple(ordered[:most])


def _usage(output: ModelOutput, request: Request) -> Usage:
    """The tokens of all answers together as the provider counted them, or bounds of our own where it did not."""
    usage = output.usage
    if usage is None or not counted(*(number or 0 for number in _numbers(usage))):
        seen = sum(len(f"{c.message.text}{_reasoning(c)}".encode("utf-8", "surrogatepass")) for c in output.choices)
        longest = request.settings.max_tokens
        return Usage(request.size, output=seen if longest is None else longest * len(output.choices), known=False)
    cached, written = usage.input_tokens_cache_read or 0, usage.input_tokens_cache_write or 0
    return Usage(
        input=usage.input_tokens + cached + written,
        cached=cached,
        output=usage.output_tokens,
        reasoning=min(usage.reasoning_tokens or 0, usage.output_tokens),
    )


def _numbers(usage: ModelUsage) -> tuple[int | None, ...]:
    cached = usage.input_tokens_cache_read, usage.input_tokens_cache_write
    return usage.input_tokens, usage.output_tokens, usage.reasoning_tokens, *cached


def _cause(error: Exception) -> Exception:
    """What went wrong at the one attempt that was made, out of what Inspect has wrapped it in."""
    from tenacity import RetryError

    if isinstance(error, RetryError):
        inner = error.last_attempt.exception()
        return inner if isinstance(inner, Exception) else error
    return error


def failure(name: str, raised: Exception) -> ModelError:
    """What a call of Inspect that raised this has come to."""
    error = _cause(raised)
    status = _status(error)
    told = f"{name}: {_sentence(error)}"
    if status in (401, 403):
        return KeyRefused(told)
    if status == 402 or _NO_MONEY.search(str(error)):
        return OutOfMoney(told)
    if status in (429, 529):
        return Overloaded(told, retry_after=_retry_after(error), sent=True)
    if status is not None and 400 <= status < 500 and status != 408:
        return BadRequest(told)
    if isinstance(error, TimeoutError) or "timeout" in type(error).__name__.lower():
        return TimedOut(told)
    if status is None and _is_ours(error):
        return BadRequest(told)
    return Unavailable(told, retry_after=_retry_after(error))


def _is_ours(error: Exception) -> bool:
    """Whether it went wrong before anything was sent: Inspect, or a client library, refuses what is asked."""
    from pydantic import ValidationError

    theirs = isinstance(error, json.JSONDecodeError | ValidationError | UnicodeError)
    refused = isinstance(error, ValueError | TypeError | NotImplementedError)
    return not theirs and (refused or type(error).__name__ == "PrerequisiteError")


def _status(error: BaseException | None) -> int | None:
    """The HTTP status that the error, or what it was raised from, carries."""
    while error is not None:
        for field in ("status_code", "code"):
            status = getattr(error, field, None)
            if isinstance(status, int):
                return status
        error = error.__cause__
    return None


def _retry_after(error: Exception) -> float | None:
    """The seconds in the header Retry-After, where they are a number."""
    headers = getattr(getattr(error.__cause__ or error, "response", None), "headers", None) or {}
    text = str(headers.get("retry-after", ""))
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else None


def _sentence(error: Exception) -> str:
    """What the error says, on one line, without keys and without Inspect's markup for terminals."""
    said = str(getattr(error, "message", None) or error)
    return f"{type(error).__name__}: {secrets.one_line(_MARKUP.sub('', said))}"
