"""The peer, Axelrod 4.13.1, in a process and an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.measure import Timed
from benchmarks.roster import Entry

PYTHON = "COMITY_PEER_PYTHON"
"""The environment variable that names the interpreter of the peer's environment (see peer_env.sh)."""
VERSION = "4.13.1"


class Peer:
    """A running worker (see peer_worker.py)."""

    def __init__(self, python: str, worker: str = "peer_worker.py") -> None:
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name(worker))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def do(self, work: str, **arguments: Any) -> Timed[Any]:
        """Have it done once, timed by the worker itself."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": work, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the peer stopped while it did {work!r}")
        answer = json.loads(line)
        return Timed(answer["result"], answer["cpu"], answer["wall"])


@cache
def peer() -> Peer | None:
    """The peer, or None where its environment is not there or not the one asked for, and then why is printed."""
    python = os.environ.get(PYTHON)
    if not python:
        print(f"\nno peer: {PYTHON} is not set (benchmarks/peer_env.sh makes its environment); only our side is timed")
        return None
    found = Peer(python)
    version = found.do("version").result
    if version != VERSION:
        print(f"\nno peer: {PYTHON} has version {version}, not {VERSION}; only our side is timed")
        return None
    return found


def with_peer(work: str, **arguments: Any) -> Callable[[], Timed[Any]] | None:
    """What has the peer do this work once, if there is a peer."""
    found = peer()
    return None if found is None else lambda: found.do(work, **arguments)


def known_as(roster: tuple[Entry, ...]) -> list[tuple[str, list[Any]]]:
    """The roster as the worker takes it."""
    return [(entry.name, list(entry.arguments)) for entry in roster]
