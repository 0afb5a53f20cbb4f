"""How far a run is, and whom to tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Protocol

from comity.llm.account import Account


@dataclass(frozen=True)
class Reached:
    """How far a run is.

    done, total: matches. rate: matches a second. remaining: the seconds that are left at that rate. account: what
    models were asked by this process, if any. seconds: how long this process plays. played: the matches it has played.
    """

    done: int
    total: int
    rate: float
    remaining: float
    account: Account | None = None
    seconds: float = 0.0
    played: int = 0

    @property
    def forecast(self) -> float | None:
        """The US dollars that the rest will cost if it costs as much per match; None before the first match."""
        if self.account is None or not self.played:
            return None
        return self.account.total.spent / self.played * (self.total - self.done)


class Progress(Protocol):
    """Told how far a run is."""

    def __call__(self, reached: Reached) -> None: ...


@dataclass
class Count:
    """Counts the matches of a run as they are done."""

    total: int
    done: int
    progress: Progress | None
    _played: int = 0
    _since: float = field(default_factory=monotonic)

    def add(self, matches: int, account: Account | None = None) -> None:
        """So many more are done."""
        self.done += matches
        self._played += matches
        self.tell(account)

    def tell(self, account: Account | None = None) -> None:
        """Tell how far the run is."""
        if self.progress is not None:
            seconds = max(monotonic() - self._since, 1e-9)
            rate = self._played / seconds
            remaining = (self.total - self.done) / rate if rate else inf
            self.progress(Reached(self.done, self.total, rate, remaining, account, seconds, self._played))
