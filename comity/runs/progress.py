"""How far a run is, on standard error: one line that renews itself on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TextIO

from comity.runs.run import Progress

EVERY_ON_TERMINAL = 0.1
EVERY_ELSEWHERE = 5.0
"""Seconds between two lines."""


@contextmanager
def shown(stream: TextIO | None = None) -> Iterator[Progress]:
    """A progress that writes to `stream` (standard error if there is none), and ends its line when the run ends."""
    line = _Line(stream or sys.stderr)
    try:
        yield line.show
    finally:
        line.end()


class _Line:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._renews = stream.isatty()
        self._next = monotonic() + (0 if self._renews else EVERY_ELSEWHERE)
        self._width = 0

    def show(self, done: int, total: int, rate: float, remaining: float) -> None:
        now = monotonic()
        if now < self._next and not (done == total and self._renews):
            return
        self._next = now + (EVERY_ON_TERMINAL if self._renews else EVERY_ELSEWHERE)
        speed = f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
        text = f"{done:,} of {total:,} matches, {speed} a second, {_clock(remaining)} left"
        self._stream.write(f"\r{text:<{self._width}}" if self._renews else f"{text}\n")
        self._stream.flush()
        self._width = len(text)

    def end(self) -> None:
        if self._renews and self._width:
            self._stream.write("\n")
            self._stream.flush()


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
