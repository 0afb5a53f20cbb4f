"""Timing two sides in turn, and printing what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Timed(Generic[T]):
    """What a piece of work gave, and what it took in seconds."""

    result: T
    cpu: float
    wall: float


def timed(work: Callable[[], T]) -> Timed[T]:
    """Do the work once."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return Timed(result, time.process_time() - cpu, time.perf_counter() - wall)


@dataclass(frozen=True)
class Check:
    """What was compared before anything was timed. A check that fails stops the benchmark."""

    what: str
    holds: bool

    def __post_init__(self) -> None:
        if not self.holds:
            raise SystemExit(f"check failed, so nothing is timed: {self.what}")


@dataclass(frozen=True)
class Row:
    """One line of results: seconds of CPU and of wall of both sides, pair by pair, and the work done in each.

    target: the least ratio asked for, if one was.
    """

    name: str
    checks: Sequence[Check]
    ours: Sequence[Timed[Any]]
    peers: Sequence[Timed[Any]]
    amount: float
    unit: str
    target: float | None = None

    @property
    def ratios(self) -> list[float]:
        """Peer's CPU time over ours, pair by pair."""
        return [peer.cpu / our.cpu for our, peer in zip(self.ours, self.peers, strict=True)]

    def print(self) -> None:
        print(f"\n{self.name}")
        for check in self.checks:
            print(f"  checked  {check.what}")
        print(f"  ours     {self._side(self.ours)}")
        if self.peers:
            ratios = self.ratios
            asked = "" if self.target is None else f"; at least {self.target:g}x asked for"
            print(f"  peer     {self._side(self.peers)}")
            print(
                f"  ratio    {median(ratios):.3g}x CPU (from {min(ratios):.3g} to {max(ratios):.3g}, "
                f"{len(ratios)} pairs in turn){asked}"
            )

    def _side(self, runs: Sequence[Timed[Any]]) -> str:
        cpu, wall = median(run.cpu for run in runs), median(run.wall for run in runs)
        return f"{seconds(cpu)} CPU, {seconds(wall)} wall; {self.amount / cpu:,.0f} {self.unit} per CPU second"


def in_turn(pairs: int, ours: Callable[[], T], peers: Callable[[], Timed[Any]] | None, repeat: int = 1) -> Any:
    """Time ours and the peer's work in turn, so many pairs. Ours is done `repeat` times a pair and its mean is taken.

    Gives (ours, peers); without a peer the second list is empty.
    """
    mine: list[Timed[Any]] = []
    theirs: list[Timed[Any]] = []
    ours()  # what is done once per process is not timed
    for _ in range(pairs):
        many = timed(lambda: [ours() for _ in range(repeat)])
        mine.append(Timed(many.result[-1], many.cpu / repeat, many.wall / repeat))
        if peers is not None:
            theirs.append(peers())
    return mine, theirs


def seconds(duration: float) -> str:
    """A duration as one reads it."""
    unit, size = next(
        ((unit, size) for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)) if duration >= size), ("ns", 1e-9)
    )
    return f"{duration / size:.3g} {unit}"
