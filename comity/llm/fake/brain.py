"""What answers behind the wire: a function from what is asked to what is answered, which knows no protocol."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from comity.llm.fake.chance import Chance
from comity.llm.fake.filling import filled_at_random
from comity.llm.request import Message, Settings


class Unanswerable(Exception):
    """What is asked cannot be answered; the message says why, and the client is told so with status 400."""


@dataclass(frozen=True)
class Asked:
    """One request as every wire format says it.

    schema: the JSON schema that the answer is held to, if the request names one. alternatives: for how many
    alternatives to the first token the log-probability is asked. samples: how many answers.
    occurrence: how many answers this exact prompt got before. chance: where this answer's own draws lie; it is the same
    for every repetition of a request that carries a sampling seed or an idempotency key, and new for every other.
    """

    model: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    settings: Settings = field(default_factory=Settings)
    alternatives: int = 0
    samples: int = 1
    occurrence: int = 0
    chance: Chance = field(default_factory=Chance)

    @cached_property
    def digest(self) -> str:
        """A name for model, messages, schema and settings: equal for equal prompts, in hexadecimal."""
        prompt = [self.model, self.messages, self.schema, asdict(self.settings), self.alternatives]
        text = json.dumps(prompt, sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Answered:
    """One answer: the visible text, the hidden reasoning, and the first token's alternatives with log-probabilities."""

    text: str
    reasoning: str = ""
    alternatives: tuple[tuple[str, float], ...] = ()


Brain: TypeAlias = Callable[[Asked], Answered]


def canned(text: str, reasoning: str = "") -> Brain:
    """Answers everything with this text."""
    answer = Answered(text, reasoning)
    return lambda asked: answer


def schema_filler(seed: int = 0) -> Brain:
    """Fills the schema it is held to with legal values at random, and answers with a word where there is none."""

    def answer(asked: Asked) -> Answered:
        if asked.schema is None:
            return Answered("Fine.")
        chance = asked.chance.at("filling", seed)
        try:
            return Answered(json.dumps(filled_at_random(asked.schema, chance), ensure_ascii=False))
        except ValueError as error:
            raise Unanswerable(str(error)) from None

    return answer
