"""An event loop whose clock jumps to whatever happens next: an hour takes no time, and is always the same hour."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Never waits: what would be a wait moves the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing is left to happen, and still somebody waits")
        events = super().select(0)
        if not events:
            self.now += max(0.0, timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time begins at 0."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time.

    Raises `RuntimeError` where all wait for each other, and where the loop complains of an error that nobody took.
    """
    complaints = list[dict[str, Any]]()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: complaints.append(context))
        result = runner.run(main)
    if complaints:
        raise RuntimeError(f"the event loop complains: {complaints}")
    return result


def now() -> float:
    """The time of the running loop."""
    return asyncio.get_running_loop().time()
