"""What a run has asked of its models so far, line by line: plain numbers for whoever shows or keeps them."""

from __future__ import annotations

from asyncio import CancelledError
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from comity.llm.request import Completion


@dataclass(frozen=True)
class LineAccount:
    """What went over one line, or over all.

    calls: requests that were sent, each counted once.
    attempts: how often they were sent.
    completions: answers that came; unpriced: those of them whose cost nobody knows.
    kept: answers that were in the store.
    coalesced: answers that came as further samples of one request.
    failures: calls that ended without an answer, by class.
    troubles: attempts that failed, by class.
    input, cached, output, reasoning: tokens, as in `Usage`.
    spent, uncertain: US dollars, as in the ledger.
    answered: requests that were answered; seconds: how long all of these took together.
    in_flight: requests that are being answered now; peak: the most there were at a time; width: how many there may be
        now; waiting: requests that wait for their turn.
    """

    calls: int = 0
    attempts: int = 0
    completions: int = 0
    kept: int = 0
    coalesced: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    troubles: Mapping[str, int] = field(default_factory=dict)
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    spent: float = 0.0
    uncertain: float = 0.0
    unpriced: int = 0
    answered: int = 0
    seconds: float = 0.0
    in_flight: int = 0
    peak: int = 0
    width: int = 0
    waiting: int = 0

    @property
    def retries(self) -> int:
        """Attempts after the first."""
        return self.attempts - self.calls

    @property
    def latency(self) -> float:
        """The mean seconds from sending a request to its answer; 0 where none was answered."""
        return self.seconds / self.answered if self.answered else 0.0


@dataclass(frozen=True)
class Account:
    """What a run has asked of its models so far. stopped: why it can go no further, in one sentence."""

    lines: Mapping[str, LineAccount]
    peak: int = 0
    stopped: str | None = None

    @property
    def total(self) -> LineAccount:
        """All lines together; its peak is of all requests in flight at a time."""
        sums: Counter[str] = Counter()
        failures: Counter[str] = Counter()
        troubles: Counter[str] = Counter()
        for line in self.lines.values():
            numbers = dict(vars(line))
            failures.update(numbers.pop("failures"))
            troubles.update(numbers.pop("troubles"))
            sums.update(numbers)
        return LineAccount(**{**sums, "failures": dict(failures), "troubles": dict(troubles), "peak": self.peak})  # type: ignore[arg-type]


class Tally:
    """The account of one line, as it grows."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._counts: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._troubles: Counter[str] = Counter()
        self._spent = self._uncertain = self._seconds = 0.0
        self._peak = 0

    def kept(self) -> None:
        """An answer was in the store."""
        self._counts["kept"] += 1

    def sent(self, *, again: bool) -> None:
        """A request was sent, for the first time or again."""
        self.in_flight += 1
        self._peak = max(self._peak, self.in_flight)
        self._counts["attempts"] += 1
        if not again:
            self._counts["calls"] += 1

    def answered(self, completions: list[Completion], seconds: float) -> None:
        """A request was answered."""
        self._counts["answered"] += 1
        self._counts["coalesced"] += len(completions) - 1
        self._seconds += seconds
        for completion in completions:
            self._paid(completion)

    def _paid(self, completion: Completion) -> None:
        counts, usage = self._counts, completion.usage
        counts["completions"] += 1
        counts["input"] += usage.input
        counts["cached"] += usage.cached
        counts["output"] += usage.output
        counts["reasoning"] += usage.reasoning
        counts["unpriced"] += completion.cost is None
        self._spent += completion.cost or 0.0

    def batched(self, completion: Completion | None) -> None:
        """A request went in a batch, with an answer or without; how long that took says nothing about the line."""
        self._counts["calls"] += 1
        self._counts["attempts"] += 1
        if completion is not None:
            self._paid(completion)

    def troubled(self, trouble: BaseException, uncertain: float) -> None:
        """An attempt failed, or was given up by us, and may have cost that much."""
        if not isinstance(trouble, CancelledError):
            self._troubles[type(trouble).__name__] += 1
        self._uncertain += uncertain

    def failed(self, failure: BaseException, calls: int) -> None:
        """So many calls ended without an answer, where it was not we who gave them up."""
        if not isinstance(failure, CancelledError):
            self._failures[type(failure).__name__] += calls

    def snapshot(self, width: int, waiting: int) -> LineAccount:
        """The account as it stands."""
        return LineAccount(
            **self._counts,
            failures=dict(self._failures),
            troubles=dict(self._troubles),
            spent=self._spent,
            uncertain=self._uncertain,
            seconds=self._seconds,
            in_flight=self.in_flight,
            peak=self._peak,
            width=width,
            waiting=waiting,
        )
