"""What is asked of a model and what comes back, as values.

Equal requests are equal questions and still separate draws: `Draw` says which of them one is. The digest of a request
and its draw name a completion for good, so a replay is exact and what was paid for is never asked again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

Role: TypeAlias = Literal["system", "user", "assistant"]
Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high"]
Finish: TypeAlias = Literal["stop", "length", "filter", "other"]

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


class Message(NamedTuple):
    """One message of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True)
class Settings:
    """How a model is to answer; None leaves a setting to the provider.

    temperature, top_p: of the sampling. seed: asks for reproducible sampling; equal draws send equal seeds, different
        draws different ones. max_tokens: the longest answer, hidden reasoning included. stop: ends the answer where one
        of these texts would come. effort: how much hidden reasoning.
    """

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    effort: Effort | None = None


@dataclass(frozen=True)
class Request:
    """One question to one model.

    model: the model string, such as "openai:gpt-5.2". base_url: of the endpoint where it is not the provider's own.
    schema: the JSON schema that the answer is held to by the provider, as JSON text; None asks for text.
    alternatives: for how many alternatives to the first token the log-probability is asked.
    """

    model: str
    messages: tuple[Message, ...]
    settings: Settings = Settings()
    base_url: str | None = None
    schema: str | None = None
    alternatives: int = 0

    @cached_property
    def canonical(self) -> str:
        """The request as JSON that is the same for equal requests and different for different ones."""
        content = {each.name: getattr(self, each.name) for each in fields(self)} | {"settings": vars(self.settings)}
        return _canonical(content)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the canonical request, in hexadecimal."""
        return hashlib.sha256(self.canonical.encode("utf-8", "surrogatepass")).hexdigest()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Request:
        """The request whose canonical text holds this."""
        messages = tuple(Message(role, text) for role, text in data["messages"])
        settings = {**data["settings"], "stop": tuple(data["settings"]["stop"])}
        return cls(**{**data, "messages": messages, "settings": Settings(**settings)})

    @property
    def size(self) -> int:
        """The length of all messages and of the schema, in bytes of UTF-8: no tokenizer makes more tokens of them."""
        texts = [*(message.text for message in self.messages), self.schema or ""]
        return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)


class Draw(NamedTuple):
    """Which of the draws from equal requests one is: an address of chance (`core.chance`), who asks, and how often yet.

    key, step, slot: the stream of a match, the step in it and the place in the step. who: the agent it is for.
    ask: counts the times that agent was asked there, from 0.
    """

    key: int
    step: int
    slot: int
    who: str = ""
    ask: int = 0


@dataclass(frozen=True)
class Usage:
    """Tokens as the provider counted them.

    input: of the prompt, the cached ones included. cached: of these, read from the provider's cache. output: of the
    answer, hidden reasoning included. reasoning: of these, hidden reasoning. known: False where the provider did not
    say, and the numbers are bounds of our own.
    """

    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    known: bool = True


@dataclass(frozen=True)
class Completion:
    """What a model answered, and how it came about.

    text: the visible answer. reasoning: hidden reasoning as far as the provider shows it. finish: why the answer ends
        ("length": the longest answer was reached; "filter": the provider withheld it). served: the model that answered,
        by the provider's own name. alternatives: (token, log-probability) of the alternatives to the first token.
    seconds: from the sending of the last attempt to the answer. attempts: how often it was sent, with this one.
    cost: in US dollars; None where no price is known. at: when it was answered, in seconds since 1970, UTC.
    """

    text: str
    reasoning: str = ""
    finish: Finish = "stop"
    served: str = ""
    usage: Usage = Usage()
    alternatives: tuple[tuple[str, float], ...] = ()
    seconds: float = 0.0
    attempts: int = 1
    cost: float | None = None
    identifier: str = ""
    at: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The completion as JSON holds it."""
        return {**vars(self), "usage": vars(self.usage)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Completion:
        """The completion that `to_json` wrote."""
        alternatives = tuple((token, log) for token, log in data["alternatives"])
        return cls(**{**data, "usage": Usage(**data["usage"]), "alternatives": alternatives})
