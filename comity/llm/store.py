"""Where completions are kept: by what was asked, and by which draw of it this one is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from comity.llm.request import Completion, Draw, Request


class ReplyStore(Protocol):
    """Completions by request and draw. What `put` has taken is on disk when it returns."""

    def get(self, request: Request, draw: Draw) -> Completion | None:
        """The completion kept for that draw from that request, if there is one."""
        ...

    def put(self, request: Request, draw: Draw, completion: Completion) -> None:
        """Keep a completion. What is kept already under the same request and draw stays as it is."""
        ...


@dataclass(frozen=True)
class Submitted:
    """A batch that was sent, as far as its answers are not here.

    name: ours. line: of the endpoint. ticket: what the provider is asked for its answers with; empty while, or if,
    nobody knows whether the provider took or charged it. worst: the most that each of its requests can cost, in US
    dollars, by the name the request has in it.
    """

    name: str
    line: str
    ticket: str
    worst: Mapping[str, float]


@runtime_checkable
class BatchStore(ReplyStore, Protocol):
    """A store that also keeps what batches are out. What it was told is on disk when it returns."""

    def batches(self) -> Sequence[Submitted]:
        """Every batch that is kept, in the order they were first kept in."""
        ...

    def keep_batch(self, batch: Submitted) -> None:
        """Keep a batch, in the place of the one of that name."""
        ...

    def drop_batch(self, name: str) -> None:
        """Forget the batch of that name."""
        ...


class Memory:
    """A store that lasts as long as the process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, Draw], Completion] = {}
        self._batches: dict[str, Submitted] = {}

    def get(self, request: Request, draw: Draw) -> Completion | None:
        """See `ReplyStore`."""
        return self._kept.get((request.digest, draw))

    def put(self, request: Request, draw: Draw, completion: Completion) -> None:
        """See `ReplyStore`."""
        self._kept.setdefault((request.digest, draw), completion)

    def batches(self) -> Sequence[Submitted]:
        """See `BatchStore`."""
        return tuple(self._batches.values())

    def keep_batch(self, batch: Submitted) -> None:
        """See `BatchStore`."""
        self._batches[batch.name] = batch

    def drop_batch(self, name: str) -> None:
        """See `BatchStore`."""
        self._batches.pop(name, None)
