"""The store of a run's replies: its own file, so that a run is resumed from one place."""

from __future__ import annotations

from dataclasses import dataclass

from comity.llm.request import Completion, Draw, Request
from comity.records.store import RunFile


@dataclass(frozen=True)
class Calls:
    """A `comity.llm.store.ReplyStore` in the file of a run."""

    file: RunFile

    def get(self, request: Request, draw: Draw) -> Completion | None:
        """The completion kept for that draw from that request, if there is one."""
        return self.file.kept_call(request, draw)

    def put(self, request: Request, draw: Draw, completion: Completion) -> None:
        """Keep a completion; it is in the file when this returns."""
        self.file.keep_call(request, draw, completion)
