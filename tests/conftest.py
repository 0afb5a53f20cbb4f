"""What holds for every test: it is hermetic, its examples are reproducible in CI, and shared data is optional."""

from __future__ import annotations

import os
import signal
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Two processes test at the same time, and threads of BLAS beside them cost small matrices a hundred times their time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tests.corpora.published import Published, imported_once

CHECKOUT = Path(__file__).resolve().parents[1]
SHARED_DATA = CHECKOUT.parent / "shared" / "data"

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", parent=settings.get_profile("dev"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of published data that lies beside the checkout; the test is skipped where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs the published data, in the folder shared/data beside the checkout")
    return SHARED_DATA


@pytest.fixture(scope="session")
def published(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The published CoopEval records, imported once."""
    base = tmp_path_factory.getbasetemp()
    return imported_once(shared_data / "coopeval", base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give neighbouring tests to one process, so that it alone makes what they share; who is done first takes over."""
    from xdist.scheduler import WorkStealingScheduling  # type: ignore[import-untyped]

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


class NetworkRefused(Exception):
    """A test reached for another machine."""


def refuse_network(event: str, args: tuple[Any, ...]) -> None:
    """An audit hook: sockets may reach this machine only. It sees every connection, whichever library makes it."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = args[1]
        host = address[0] if isinstance(address, tuple) else None  # a path is a socket of this machine
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    else:
        return
    if not is_loopback(host):
        raise NetworkRefused(f"a test tried to reach {host!r} ({event}); tests reach this machine only")


def is_loopback(host: str | bytes | None) -> bool:
    """Whether host names this machine; a name that would have to be looked up does not."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


sys.addaudithook(refuse_network)
# Interrupts are ignored in a job that was started in the background, and its children would ignore them too.
signal.signal(signal.SIGINT, signal.default_int_handler)
