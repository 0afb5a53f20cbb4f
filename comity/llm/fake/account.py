"""What a fake provider has served, for those who measure the client."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from comity.llm.request import Usage

Question: TypeAlias = tuple[str, str, str]
"""What is paid for once: the model, the digest of the prompt, and the idempotency key ("" where there is none)."""


class Served(NamedTuple):
    """One request, when it was over.

    start, end: in seconds since the provider began. status: of the answer, 0 if the connection ended before there was
    one. fault: what was done wrong on purpose. whole: whether all of an answer with status 200 was handed over.
    """

    start: float
    end: float
    status: int
    fault: str
    question: Question
    whole: bool


@dataclass
class Visit:
    """One request while it is served; whoever serves it fills this in."""

    status: int = 0
    fault: str = ""
    question: Question = ("", "", "")
    usage: Usage = field(default_factory=Usage)
    whole: bool = False
    sound: bool = False


class Account:
    """What was served so far.

    requests: how many came. in_flight, peak: how many are being served, and the most there were at once.
    completed: sound answers handed over whole, by question. spoiled: answers with status 200 that were handed over
    whole and whose content was wrong on purpose. input, output: the tokens of every answer that was worked out, however
    it was delivered: what a provider could charge for. log: every request that is over, in the order of their ends.
    """

    def __init__(self) -> None:
        self.requests = 0
        self.in_flight = 0
        self.peak = 0
        self.completed: Counter[Question] = Counter()
        self.spoiled: Counter[Question] = Counter()
        self.input = self.output = 0
        self.log: list[Served] = []
        self._began = time.monotonic()

    @contextmanager
    def visit(self) -> Iterator[Visit]:
        """Count a request while it is served."""
        visit, start = Visit(), self._now()
        self.requests += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            yield visit
        finally:
            self.in_flight -= 1
            self.input += visit.usage.input
            self.output += visit.usage.output
            if visit.whole:
                (self.completed if visit.sound else self.spoiled)[visit.question] += 1
            served = Served(start, self._now(), visit.status, visit.fault, visit.question, visit.whole)
            self.log.append(served)

    def batched(self, question: Question, usage: Usage) -> None:
        """Count the answer to one request of a batch, once, however often it is fetched."""
        self.completed[question] += 1
        self.input += usage.input
        self.output += usage.output

    @property
    def repeated(self) -> dict[Question, int]:
        """The questions that got more than one sound answer, and how many."""
        return {question: times for question, times in self.completed.items() if times > 1}

    def to_json(self, *, log: bool = False) -> dict[str, Any]:
        """The account as JSON holds it; `log` adds every request."""
        told = {
            "requests": self.requests,
            "in_flight": self.in_flight,
            "peak": self.peak,
            "completed": self.completed.total(),
            "spoiled": self.spoiled.total(),
            "input": self.input,
            "output": self.output,
            "repeated": sum(times - 1 for times in self.repeated.values()),
            "by_status": dict(sorted(Counter(str(served.status) for served in self.log).items())),
            "by_fault": dict(sorted(Counter(served.fault for served in self.log if served.fault).items())),
            "by_model": dict(sorted(Counter(served.question[0] for served in self.log).items())),
            "questions": [[*question, times] for question, times in self.completed.items()],
        }
        return {**told, "log": [served._asdict() for served in self.log]} if log else told

    def _now(self) -> float:
        return time.monotonic() - self._began
