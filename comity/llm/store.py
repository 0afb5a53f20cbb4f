"""Where completions are kept: by what was asked, and by which draw of it this one is."""

from __future__ import annotations

from typing import Protocol

from comity.llm.request import Completion, Draw, Request


class ReplyStore(Protocol):
    """Completions by request and draw. What `put` has taken is on disk when it returns."""

    def get(self, request: Request, draw: Draw) -> Completion | None:
        """The completion kept for that draw from that request, if there is one."""
        ...

    def put(self, request: Request, draw: Draw, completion: Completion) -> None:
        """Keep a completion. What is kept already under the same request and draw stays as it is."""
        ...


class Memory:
    """A store that lasts as long as the process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, Draw], Completion] = {}

    def get(self, request: Request, draw: Draw) -> Completion | None:
        """See `ReplyStore`."""
        return self._kept.get((request.digest, draw))

    def put(self, request: Request, draw: Draw, completion: Completion) -> None:
        """See `ReplyStore`."""
        self._kept.setdefault((request.digest, draw), completion)
