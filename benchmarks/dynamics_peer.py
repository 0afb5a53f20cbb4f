"""The peers of populations and ratings, in a process and an environment of their own (see dynamics_peer_env.sh)."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any

from benchmarks.measure import Timed
from benchmarks.peer import Peer
from comity.dynamics.payoffs import Array

PYTHON = "COMITY_DYNAMICS_PEER_PYTHON"
"""The environment variable that names the interpreter of the peers' environment."""
VERSIONS = {"egttools": "0.1.14.2", "nashpy": "0.0.43", "open-spiel": "2.0.2", "gurobipy": "13.0.3"}


@cache
def peer() -> Peer | None:
    """The peers, or None where their environment is not there or not the one asked for, and then why is printed."""
    python = os.environ.get(PYTHON)
    if not python:
        print(f"\nno peers: {PYTHON} is not set (benchmarks/dynamics_peer_env.sh makes their environment)")
        return None
    found = Peer(python, "dynamics_peer_worker.py")
    versions = found.do("versions").result
    if versions != VERSIONS:
        print(f"\nno peers: {PYTHON} has {versions}, not {VERSIONS}")
        return None
    return found


def knows(name: str, payoffs: Array) -> None:
    """Give the peers, if they are there, these payoffs under this name."""
    found = peer()
    if found is not None:
        found.do("keep", name=name, payoffs=payoffs.tolist())


def with_peer(work: str, **arguments: Any) -> Callable[[], Timed[Any]] | None:
    """What has a peer do this work once, if there is one."""
    found = peer()
    return None if found is None else lambda: found.do(work, **arguments)
