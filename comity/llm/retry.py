"""Whether a failed attempt is made again, and after how long."""

from __future__ import annotations

from dataclasses import dataclass

from comity.llm.errors import CallFailed, Overloaded, TimedOut, Unavailable

FIRST_BACKOFF = 2.0
LONGEST_BACKOFF = 60.0
TRANSIENT = (Unavailable, Overloaded, TimedOut)
"""What may be different the next time."""


@dataclass(frozen=True)
class Retries:
    """How long and how often a call is tried.

    deadline: seconds from its first attempt until a call is given up. timeout: seconds that one attempt may take.
    attempts: how often a request is sent that failed each time after it was sent; each of these may be charged for.
    Refusals for overload are not charged for, and not counted.

    Raises `ValueError` where there would be no attempt at all.
    """

    deadline: float = 600.0
    timeout: float = 300.0
    attempts: int = 4

    def __post_init__(self) -> None:
        for name in ("deadline", "timeout", "attempts"):
            value = getattr(self, name)
            if not value > 0:
                raise ValueError(f"{name} is {value}, and must be above 0")

    def pause(self, failure: CallFailed, failures: int, paid: int, left: float, chance: float) -> float | None:
        """The seconds to wait before the next attempt; None if there is none.

        failures: the attempts that failed so far, this one included. paid: those of them that may be charged for. left:
        the seconds until the deadline. chance: uniform on [0, 1). The backoff is "full jitter" (M. Brooker, Exponential
        Backoff And Jitter, AWS Architecture Blog, 2015): anything up to a bound that doubles.
        """
        if not isinstance(failure, TRANSIENT) or paid >= self.attempts:
            return None
        bound = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(failures - 1, 10))
        pause = max(chance * bound, failure.retry_after or 0.0)
        return pause if pause < left else None


def counts(failure: CallFailed) -> bool:
    """Whether an attempt that failed so may be charged for."""
    return failure.sent and not isinstance(failure, Overloaded)
