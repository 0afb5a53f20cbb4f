"""One request and how it is answered: at once, slowly, in part, or not at all."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from comity.llm.fake.account import Visit
from comity.llm.fake.wires.wire import Refused, Wire

if TYPE_CHECKING:
    from aiohttp import web

_PIECES = 20
"""In how many pieces an answer drips."""
_MOMENT = 0.01
"""How long the beginning of an answer is given to arrive before the connection is reset, in seconds."""


class Exchange:
    """A request in a protocol, with the visit that accounts for it; it arrived when this was made."""

    def __init__(self, request: web.Request, wire: Wire, visit: Visit) -> None:
        self.request = request
        self.wire = wire
        self.visit = visit
        self.arrived = time.monotonic()

    async def refuse(self, why: Refused, sentence: str, headers: Mapping[str, str] | None = None) -> web.StreamResponse:
        """Answer with an error, in the words of the protocol."""
        status, body = self.wire.refuse(why, sentence)
        return await self.deliver(status, json.dumps(body).encode(), headers=headers)

    async def deliver(
        self, status: int, body: bytes, kind: str = "application/json", headers: Mapping[str, str] | None = None
    ) -> web.StreamResponse:
        """Answer at once; returns when all of it is handed over."""
        from aiohttp import web

        self.visit.status = status
        response = web.Response(status=status, body=body, content_type=kind, headers=headers)
        await response.prepare(self.request)
        await response.write_eof()
        return response

    async def drip(self, body: bytes, seconds: float) -> web.StreamResponse:
        """Answer in small pieces over that time; returns when all of it is handed over."""
        response = await self._begun(len(body))
        size = -(-len(body) // _PIECES)
        for start in range(0, len(body), size):
            await asyncio.sleep(seconds / _PIECES)
            await response.write(body[start : start + size])
        await response.write_eof()
        return response

    async def break_off(self, body: bytes) -> NoReturn:
        """Answer half, and reset the connection."""
        response = await self._begun(len(body))
        await response.write(body[: len(body) // 2])
        await asyncio.sleep(_MOMENT)
        await self.reset()

    async def reset(self) -> NoReturn:
        """Reset the connection: what is still on its way is thrown away."""
        if self.request.transport is not None:
            link = self.request.transport.get_extra_info("socket")
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.request.transport.abort()
        await forever()

    async def _begun(self, size: int) -> web.StreamResponse:
        from aiohttp import web

        self.visit.status = 200
        response = web.StreamResponse()
        response.content_type = "application/json"
        response.content_length = size
        await response.prepare(self.request)
        return response


async def forever() -> NoReturn:
    """Wait until the client has gone, which ends the waiting from outside."""
    await asyncio.Event().wait()
    raise AssertionError("nothing sets this event")


def key_of(request: web.Request) -> str:
    """The key that a request carries, in any of the places where the protocols put it."""
    for name in ("x-api-key", "x-goog-api-key"):
        if name in request.headers:
            return request.headers[name]
    return request.headers.get("Authorization", request.query.get("key", "")).removeprefix("Bearer ")
