"""Models in this process: functions from a request to an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from comity.core.chance import Address, stream_key
from comity.judge.asking import REASON
from comity.judge.taxonomy import Taxonomy
from comity.llm.endpoint import Price
from comity.llm.request import Completion, Request, Settings, Usage

PRICE = Price(input=1.0, output=4.0)
Answer = Callable[[Request], Completion]


class Model:
    """An endpoint that answers by a function, counts what it is sent, and takes 1 dollar per million tokens read."""

    def __init__(self, answer: Answer, name: str = "test:model", price: Price | None = PRICE) -> None:
        self.name = name
        self.line = name
        self.price = price
        self.sent: list[Request] = []
        self._answer = answer

    def refusals(self, settings: Settings, *, schema: bool, alternatives: int, samples: int) -> Sequence[str]:
        return ()

    async def send(self, request: Request, timeout: float, samples: int = 1) -> Sequence[Completion]:
        self.sent.append(request)
        return [self._answer(request)]

    async def check(self, timeout: float) -> None:
        pass

    async def close(self) -> None:
        pass


def answering(text: str) -> Completion:
    """A completion of that text."""
    return Completion(text, usage=Usage(input=100, output=20), cost=0.00018, served="test")


def labelled(*labels: str) -> Completion:
    """A completion that gives these labels."""
    return answering(json.dumps({"labels": labels, "confidence": 0.9}))


def material(request: Request) -> str:
    """The reason that a request is about."""
    head, found = request.messages[-1].text.split(f"{REASON}\n")
    assert "labels" not in head
    text = json.loads(found.split("\n")[0])
    assert isinstance(text, str)
    return text


def erring(taxonomy: Taxonomy, hit: float, spared: float, seed: int = 0) -> Answer:
    """A model that gives the labels whose names occur in the text, and errs by chance: planted accuracy."""

    def answer(request: Request) -> Completion:
        text = material(request)
        key = stream_key(seed, request.digest)
        given = []
        for place, name in enumerate(taxonomy.names):
            drawn = Address(key, place, 0).uniform()
            if drawn < hit if name in text.split() else drawn >= spared:
                given.append(name)
        return labelled(*given)

    return answer
