"""No test reaches another machine, whichever library it tries with; nor does the command that tests start."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from comity.llm.endpoint import Endpoint
from comity.llm.errors import ModelError
from comity.llm.fake import serving
from comity.llm.providers import endpoint
from tests.conftest import NetworkRefused
from tests.models.studies import playing, study, written

pytestmark = pytest.mark.slow

ELSEWHERE = "192.0.2.1"
"""An address that belongs to nobody (RFC 5737)."""


def by_name() -> None:
    socket.create_connection(("example.org", 80), timeout=1)


def by_address() -> None:
    socket.create_connection((ELSEWHERE, 80), timeout=1)


def by_another_family() -> None:
    with socket.socket(socket.AF_INET6) as link:
        link.connect(("2001:db8::1", 80))


def without_waiting() -> None:
    with socket.socket() as link:
        link.setblocking(False)
        link.connect_ex((ELSEWHERE, 80))


def without_a_connection() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as link:
        link.sendto(b"hello", (ELSEWHERE, 53))


def in_a_message() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as link:
        link.sendmsg([b"hello"], [], 0, (ELSEWHERE, 53))


def by_a_loop() -> None:
    asyncio.run(_open())


async def _open() -> None:
    await asyncio.open_connection(ELSEWHERE, 80)


def by_a_library() -> None:
    urllib.request.urlopen(f"http://{ELSEWHERE}/", timeout=1)


@pytest.mark.parametrize(
    "reach",
    [
        by_name,
        by_address,
        by_another_family,
        without_waiting,
        without_a_connection,
        in_a_message,
        by_a_loop,
        by_a_library,
    ],
)
def test_another_machine_cannot_be_reached(reach: Callable[[], None]) -> None:
    with pytest.raises(NetworkRefused, match="tests reach this machine only"):
        reach()


@pytest.mark.parametrize("model", ["openai:gpt-5.2", "anthropic:claude-of-nobody", "google:gemini-3-flash"])
def test_no_provider_can_be_reached(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.setenv(name, "sk-of-nobody-0123456789")
    with pytest.raises(ModelError, match="tests reach this machine only"):
        asyncio.run(_check(endpoint(model)))


async def _check(reached: Endpoint) -> None:
    try:
        await reached.check(5.0)
    finally:
        await reached.close()


def test_nor_does_the_command_in_a_process_of_its_own(tmp_path: Path) -> None:
    with serving(playing()) as provider:
        path = written(tmp_path, study(provider, "timeout = 5", base_url=f"http://{ELSEWHERE}/v1"))
    command = [sys.executable, "-m", "tests.models.commanded", "run", str(path), "--out", str(tmp_path / "run")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ, check=False)
    assert ended.returncode == 2
    assert "tests reach this machine only" in ended.stderr
    assert not (tmp_path / "run").exists()


def test_this_machine_can_be_reached(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as link:
        server.bind(str(tmp_path / "socket"))
        server.listen()
        link.connect(str(tmp_path / "socket"))
