"""How the bytes of a request travel: one pool of connections for one endpoint, or not at all, for a look at them.

Every client library is given an httpx2 client, and that client one of these transports. aiohttp carries the bytes since
it takes about half the processor time of httpx2's own pool, whose work for one call grows with the calls in flight.
"""

from __future__ import annotations

import aiohttp
import httpx2

CONNECT_SECONDS = 15.0
LONGEST_SECONDS = 3600.0
IDLE_SECONDS = 60.0


class Wire(httpx2.AsyncBaseTransport):
    """Carries requests over as many connections as are wanted; who calls sees to limits and to the time it takes.

    Raises `httpx2.ConnectError` and `httpx2.ConnectTimeout` only where nothing was sent, `httpx2.ReadError` otherwise.
    """

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[tuple[str, str], str | None] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it and read the whole answer."""
        try:
            async with self._opened().request(
                request.method,
                str(request.url),
                headers=request.headers.multi_items(),
                data=await request.aread(),
                allow_redirects=False,
                proxy=self._proxy(request.url),
            ) as answer:
                body = await answer.read()
                return httpx2.Response(answer.status, headers=answer.raw_headers, content=body, request=request)
        except aiohttp.ConnectionTimeoutError as error:
            raise httpx2.ConnectTimeout(str(error), request=request) from error
        except aiohttp.ClientConnectorError as error:
            raise httpx2.ConnectError(str(error), request=request) from error
        except (aiohttp.ClientError, OSError) as error:
            raise httpx2.ReadError(str(error) or type(error).__name__, request=request) from error

    def _opened(self) -> aiohttp.ClientSession:
        """The pool, which belongs to the loop that is running when it is first needed."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0, keepalive_timeout=IDLE_SECONDS, ssl=httpx2.create_ssl_context()
                ),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session

    def _proxy(self, url: httpx2.URL) -> str | None:
        """The proxy that the environment names for a server. Passwords of .netrc are not looked for: keys are sent."""
        server = (url.scheme, url.host)
        if server not in self._proxies:
            self._proxies[server] = _proxy_of(*server)
        return self._proxies[server]

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()


def _proxy_of(scheme: str, host: str) -> str | None:
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    return None if proxy_bypass(host) else proxies.get(scheme, proxies.get("all"))


class Unsent(Exception):
    """The request was looked at and not sent."""


class Mirror(httpx2.AsyncBaseTransport):
    """Sends nothing and keeps the body of the last request."""

    def __init__(self) -> None:
        self.body: bytes | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Keep the body; always raises `Unsent`."""
        self.body = await request.aread()
        raise Unsent


def client(transport: httpx2.AsyncBaseTransport) -> httpx2.AsyncClient:
    """The client for one endpoint. Redirects are not followed: a key goes where it was meant to go."""
    return httpx2.AsyncClient(transport=transport, timeout=httpx2.Timeout(LONGEST_SECONDS, connect=CONNECT_SECONDS))
