"""How far a run is, on standard error: lines that renew themselves on a terminal, lines now and then elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from time import monotonic
from typing import TextIO

from comity.llm.account import Account, LineAccount
from comity.runs.count import Progress, Reached
from comity.words.printable import printable_line

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


@dataclass
class Followed:
    """Passes on how far a run is, and keeps what models were asked."""

    progress: Progress | None = None
    account: Account | None = None

    def __call__(self, reached: Reached) -> None:
        self.account = reached.account or self.account
        if self.progress is not None:
            self.progress(reached)


class _Line:
    """What is said of a run, in one line; or in several, where models are asked, one for each of them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._renews = stream.isatty()
        self._next = monotonic() + (0 if self._renews else EVERY_ELSEWHERE)
        self._above = 0
        self._written = False

    def show(self, reached: Reached) -> None:
        now = monotonic()
        if now < self._next and not (reached.done == reached.total and self._renews):
            return
        self._next = now + (EVERY_ON_TERMINAL if self._renews else EVERY_ELSEWHERE)
        self._write([_matches(reached), *_models(reached)])

    def _write(self, lines: list[str]) -> None:
        if self._renews:
            up, width = f"\x1b[{self._above}A" if self._above else "", _width(self._stream)
            self._stream.write(f"{up}\r" + "\n".join(f"{line[:width]}\x1b[K" for line in lines))
        else:
            self._stream.write("".join(f"{line}\n" for line in lines))
        self._stream.flush()
        self._above, self._written = len(lines) - 1, True

    def end(self) -> None:
        if self._renews and self._written:
            self._stream.write("\n")
            self._stream.flush()


def _width(stream: TextIO) -> int | None:
    """How many signs fit on a line: one that is broken would not be renewed. None where that is not known."""
    try:
        return max(0, os.get_terminal_size(stream.fileno()).columns - 1) or None
    except OSError:
        return None


def _matches(reached: Reached) -> str:
    text = f"{reached.done:,} of {reached.total:,} matches, {_speed(reached.rate)} a second"
    return f"{text}, {_clock(reached.remaining)} left" if isfinite(reached.remaining) else text


def _models(reached: Reached) -> Iterator[str]:
    """What is asked of each model, and of all of them where they are several."""
    if reached.account is None:
        return
    for name, line in reached.account.lines.items():
        yield f"  {printable_line(name)}: {_asked(line, reached.seconds)}"
    if reached.account.stopped:
        left = reached.account.total.in_flight
        why = printable_line(reached.account.stopped).rstrip(".")
        yield f"  stopping: {why}; {left} in flight are waited for, and an interrupt ends that"
    if reached.account.lines:
        more = "" if reached.forecast is None else f", about {dollars(reached.forecast)} more to come"
        yield f"  in all: {_asked(reached.account.total, reached.seconds)}{more}"


def _asked(line: LineAccount, seconds: float) -> str:
    speed = _speed(line.calls / seconds) if seconds else "0"
    said = [
        f"{line.calls:,} calls, {speed} a second, {line.in_flight} in flight",
        f"{line.input + line.output:,} tokens",
        dollars(line.spent),
        *([f"{line.kept:,} from the store"] if line.kept else []),
        *([f"{line.retries:,} sent again"] if line.retries else []),
        *(f"{count:,} failed ({name})" for name, count in sorted(line.failures.items())),
    ]
    return ", ".join(said)


def dollars(amount: float) -> str:
    """US dollars, to the cent, or to two digits where it is less than a dollar."""
    return f"${amount:,.2f}" if amount >= 1 or amount == 0 else f"${amount:.2g}"


def _speed(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
