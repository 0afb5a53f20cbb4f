"""When a provider seems to be down: one attempt at a time finds out, and patience has an end."""

from __future__ import annotations

FAILURES = 8
"""Consecutive failures of a line that open its circuit."""
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


class Circuit:
    """Whether a line may be used, by how its attempts ended; times are seconds of one clock.

    Closed, it lets everything through. After `FAILURES` failures in a row it opens, if the last of them was sent when
    the first had failed: what one hiccup does to all that is in flight says nothing of what comes after. Open, it lets
    one attempt at a time find out, after pauses that double. The first success closes it. It is down when nothing has
    succeeded for `patience` seconds.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.is_open = False
        self.next_probe = 0.0
        self._failures = 0
        self._since = 0.0
        self._opened = 0.0
        self._pause = FIRST_PAUSE

    @property
    def down_at(self) -> float:
        """When patience ends if nothing succeeds; only an open circuit has such an end."""
        return max(self._since + self.patience, self._opened)

    def succeeded(self) -> None:
        """An attempt was answered."""
        self._failures = 0
        self.is_open = False

    def failed(self, sent_at: float, now: float, retry_after: float = 0.0) -> None:
        """An attempt that was sent then failed now, and its provider asked for so many seconds of patience."""
        if not self._failures:
            self._since = now
        self._failures += 1
        if self.is_open and sent_at >= self._opened:
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            self.next_probe = now + max(self._pause, retry_after)
        elif not self.is_open and self._failures >= FAILURES and sent_at >= self._since:
            self._open(now)

    def _open(self, now: float) -> None:
        self.is_open = True
        self._opened = now
        self._pause = FIRST_PAUSE
        self.next_probe = now + FIRST_PAUSE
