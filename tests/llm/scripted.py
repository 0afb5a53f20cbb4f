"""Endpoints in this process that do what a test tells them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from comity.llm.endpoint import Price
from comity.llm.request import Completion, Draw, Message, Request, Settings, Usage
from tests.llm.virtual import now

PRICE = Price(input=1.0, output=10.0)
MAX_TOKENS = 1_000


class Sending(NamedTuple):
    """One request as an endpoint saw it: how many it had seen before, when it came, what was asked."""

    number: int
    at: float
    request: Request
    timeout: float
    samples: int


Script: TypeAlias = Callable[[Sending], Awaitable[Sequence[Completion] | BaseException]]


def request(text: str = "question", *, max_tokens: int | None = MAX_TOKENS) -> Request:
    """A request whose worst case at `PRICE` is about a cent."""
    return Request("test:model", (Message("user", text),), Settings(max_tokens=max_tokens))


def draw(number: int = 0) -> Draw:
    return Draw(7, number, 0)


def completion(text: str = "answer", cost: float | None = 0.001, *, known: bool = True) -> Completion:
    return Completion(text, usage=Usage(100, 20, 50, 10, known=known), cost=cost)


def steps(*outcomes: Sequence[Completion] | BaseException, seconds: float = 1.0) -> Script:
    """The n-th request takes so long and gets the n-th outcome; all after the last get the last."""

    async def script(sending: Sending) -> Sequence[Completion] | BaseException:
        await asyncio.sleep(seconds)
        return outcomes[min(sending.number, len(outcomes) - 1)]

    return script


async def answers(sending: Sending) -> Sequence[Completion]:
    """Each sample its own text, after a second."""
    await asyncio.sleep(1.0)
    return [completion(f"{sending.number}.{sample}") for sample in range(sending.samples)]


@dataclass
class Scripted:
    """An endpoint. samples: how many it offers at a time. checks: what `check` raises, by its number."""

    script: Script = answers
    line: str = "test:model"
    price: Price | None = PRICE
    samples: int = 1
    checks: Sequence[BaseException | None] = (None,)
    seen: list[Sending] = field(default_factory=list)
    in_flight: int = 0
    peak: int = 0
    paid: int = 0
    checked: int = 0
    closed: int = 0

    @property
    def name(self) -> str:
        return self.line

    def refusals(self, settings: Settings, *, schema: bool, alternatives: int, samples: int) -> Sequence[str]:
        return () if samples <= self.samples else (f"{self.name} gives at most {self.samples} samples at a time.",)

    async def send(self, request: Request, timeout: float, samples: int = 1) -> Sequence[Completion]:
        sending = Sending(len(self.seen), now(), request, timeout, samples)
        self.seen.append(sending)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            outcome = await self.script(sending)
        finally:
            self.in_flight -= 1
        if isinstance(outcome, BaseException):
            raise outcome
        self.paid += len(outcome)
        return outcome

    async def check(self, timeout: float) -> None:
        self.checked += 1
        outcome = self.checks[min(self.checked, len(self.checks)) - 1]
        await asyncio.sleep(1.0)
        if outcome is not None:
            raise outcome

    async def close(self) -> None:
        self.closed += 1
