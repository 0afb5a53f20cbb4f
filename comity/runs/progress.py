"""How far a run is, on standard error: lines that renew themselves on a terminal, lines now and then elsewhere."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from time import monotonic
from typing import TextIO

from comity.llm.account import Account, LineAccount
from comity.runs.count import Progress, Reached
from comity.words.printable import printable_line

NARROWEST = 16
"""A model's name keeps so many signs at least."""
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
        width = _width(self._stream) if self._renews else None
        self._write([_matches(reached), *_models(reached, width)], width)

    def _write(self, lines: list[str], width: int | None) -> None:
        if self._renews:
            up = f"\x1b[{self._above}A" if self._above else ""
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


def _models(reached: Reached, width: int | None) -> Iterator[str]:
    """What is asked of each model, and of all of them where they are several; what matters least gives way to width."""
    if reached.account is None:
        return
    names = names_of(reached.account.lines)
    for name, line in reached.account.lines.items():
        yield _row(printable_line(names[name]), _asked(line, reached.seconds), width)
    if reached.account.stopped:
        left = reached.account.total.in_flight
        why = printable_line(reached.account.stopped).rstrip(".")
        yield f"  stopping, {left} in flight (an interrupt ends the wait): {why}"
    if reached.account.lines:
        said = _asked(reached.account.total, reached.seconds)
        if reached.forecast is not None:
            said.insert(_needed(said), f"about {dollars(reached.forecast)} more to come")
        yield _row("in all", said, width)


def names_of(lines: Iterable[str]) -> dict[str, str]:
    """What each line is called: its model, and its server where several have that model."""
    models = {name: name.partition(" at ")[0] for name in lines}
    counts = Counter(models.values())
    return {name: model if counts[model] == 1 else name for name, model in models.items()}


def _asked(line: LineAccount, seconds: float) -> list[str]:
    """What is said of a line; what matters most stands first."""
    failed = "; ".join(f"{count:,} {kind}" for kind, count in sorted(line.failures.items()))
    return [
        f"{line.calls:,} calls",
        dollars(line.spent),
        *([f"failed: {failed}"] if failed else []),
        f"{line.in_flight} in flight",
        f"{_speed(line.calls / seconds) if seconds else 0} a second",
        *([f"{line.retries:,} sent again"] if line.retries else []),
        f"{line.input + line.output:,} tokens",
        *([f"{line.kept:,} from the store"] if line.kept else []),
    ]


def _needed(said: list[str]) -> int:
    """How much of it never gives way: calls, money and failures."""
    return 3 if said[2:] and said[2].startswith("failed") else 2


def _row(name: str, said: list[str], width: int | None) -> str:
    """The row of a model, as far as there is room: less of what matters least, and a shorter name."""
    if width is not None:
        while len(said) > _needed(said) and len(_spelled(name, said)) > width:
            said = said[:-1]
        over = len(_spelled(name, said)) - width
        name = _shortened(name, max(NARROWEST, len(name) - over)) if over > 0 else name
    return _spelled(name, said)


def _spelled(name: str, said: list[str]) -> str:
    return f"  {name}: {', '.join(said)}"


def _shortened(name: str, size: int) -> str:
    """Its beginning and its end."""
    head = (size - 2) // 2
    return name if len(name) <= size else f"{name[:head]}..{name[len(name) - (size - 2 - head) :]}"


def dollars(amount: float) -> str:
    """US dollars, to the cent, or to two digits where it is less than a dollar."""
    return f"${amount:,.2f}" if amount >= 1 or amount == 0 else f"${amount:.2g}"


def _speed(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
