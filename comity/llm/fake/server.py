"""The fake provider: a server on this machine that speaks the providers' protocols, and misbehaves on demand."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from comity.llm.fake.account import Account
from comity.llm.fake.batches import Batches, Batching
from comity.llm.fake.brain import Asked, Brain, Unanswerable
from comity.llm.fake.chance import Chance
from comity.llm.fake.exchange import Exchange, forever, key_of
from comity.llm.fake.faults import HARMLESS, REFUSED, UNANSWERED, Fault, Faults, spoiled
from comity.llm.fake.latency import Latency
from comity.llm.fake.wires.anthropic import MESSAGES
from comity.llm.fake.wires.google import GENERATE
from comity.llm.fake.wires.openai import CHAT, RESPONSES
from comity.llm.fake.wires.wire import BadCall, Result, Sample, Wire
from comity.llm.request import Usage

if TYPE_CHECKING:
    from aiohttp import web

    Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LARGEST = 64 * 2**20
"""The longest request that is read, in bytes."""
_PAGE = b"<html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1><p>Try again later.</p></body></html>"
_SENTENCES: dict[Fault, str] = {
    "rate_limit": "Rate limit reached. Please try again later.",
    "rate_limit_bare": "Rate limit reached.",
    "overloaded": "The server is overloaded.",
    "server_error": "The server had an error while processing your request.",
    "unauthorized": "Incorrect API key provided.",
    "payment_required": "Payment is required to use this service.",
    "quota": "Your credit balance is too low: you exceeded your current quota, please check your plan and billing.",
}


class FakeProvider:
    """A provider on a free port of this machine, for as long as the context lasts: `async with FakeProvider(...)`.

    brain: what answers. faults, latency: may be set anew while it serves. seed: of everything random. models: the only
    models there are; empty for any. key: the only key that is accepted; None for any or none. capacity: how many
    requests are served at once; those beyond it are refused with 429, before any fault is drawn. batching: how batches
    go, whose requests meet no other faults.
    account: what was served.

    Faults are drawn anew for every attempt at a prompt, so that trying again can succeed, and equal runs meet equal
    faults. An answer's chance is that of the prompt and its idempotency key (header `Idempotency-Key`) or sampling
    seed; for a request with neither, that of the prompt and the number of answers it got before.
    """

    def __init__(
        self,
        brain: Brain,
        *,
        faults: Faults | None = None,
        latency: Latency | None = None,
        seed: int = 0,
        models: Sequence[str] = (),
        key: str | None = None,
        capacity: int | None = None,
        batching: Batching | None = None,
        port: int = 0,
    ) -> None:
        self.brain = brain
        self.faults = faults or Faults()
        self.latency = latency or Latency()
        self.account = Account()
        self._chance = Chance.of("fake provider", seed)
        self._models = tuple(models)
        self._key = key
        self._capacity = capacity
        self._port = port
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._answers: Counter[tuple[str, str]] = Counter()
        self._cached: set[tuple[str, str]] = set()
        self._runner: web.AppRunner | None = None
        self.batches = Batches(self._admits, self._in_batch, self._chance.at("batch"), batching or Batching())

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def url_openai(self) -> str:
        """The base URL for OpenAI's client, and for every client that speaks its protocol."""
        return f"{self.url}/v1"

    @property
    def url_anthropic(self) -> str:
        """The base URL for Anthropic's client."""
        return self.url

    @property
    def url_google(self) -> str:
        """The base URL for Google's client."""
        return self.url

    async def __aenter__(self) -> Self:
        from aiohttp import web

        app = web.Application(client_max_size=_LARGEST)
        app.add_routes(
            [
                web.post("/v1/chat/completions", self._speaking(CHAT)),
                web.post("/v1/responses", self._speaking(RESPONSES)),
                web.post("/v1/messages", self._speaking(MESSAGES)),
                web.post("/{version:v1(beta|alpha)?}/models/{model:.+}:generateContent", self._speaking(GENERATE)),
                web.get("/v1/models", self._list_models),
                web.get("/v1/models/{model:.+}", self._describe_model),
                web.get("/v1beta/models", self._list_models),
                web.get("/v1beta/models/{model:.+}", self._describe_model),
                web.get("/fake/account", self._tell_account),
                *self.batches.routes(),
            ]
        )
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=4096)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def _speaking(self, wire: Wire) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            with self.account.visit() as visit:
                return await self._serve(Exchange(request, wire, visit))

        return handle

    async def _serve(self, exchange: Exchange) -> web.StreamResponse:
        """Serve one request. What cannot be served is refused in the words of its protocol."""
        request, visit = exchange.request, exchange.visit
        if not self._admits(request):
            return await exchange.refuse("unauthorized", _SENTENCES["unauthorized"])
        try:
            asked = exchange.wire.read(_object(await request.read()), request.match_info.get("model", ""))
        except BadCall as error:
            return await exchange.refuse("bad_request", str(error))
        if self._models and asked.model not in self._models:
            return await exchange.refuse("not_found", f"The model `{asked.model}` does not exist.")
        draw = request.headers.get("Idempotency-Key", "")
        visit.question = (asked.model, asked.digest, draw)
        if self._capacity is not None and self.account.in_flight > self._capacity:
            return await self._strike(exchange, "rate_limit")
        asked, chance = self._placed(asked, draw)
        fault = self.faults.drawn(chance.at("fault"))
        if fault is not None and (fault in REFUSED or fault in UNANSWERED):
            return await self._strike(exchange, fault)
        return await self._answer(exchange, asked, fault, self.latency.seconds(chance.at("latency")))

    def _in_batch(self, wire: Wire, body: Mapping[str, Any], name: str) -> tuple[int, dict[str, Any]]:
        """Answer one request of a batch, whose name stands for its idempotency key. The status and the body."""
        try:
            asked = wire.read(body, "")
            if self._models and asked.model not in self._models:
                return wire.refuse("not_found", f"The model `{asked.model}` does not exist.")
            question = (asked.model, asked.digest, name)
            asked, _ = self._placed(asked, name)
            result = self._result(asked)
        except (BadCall, Unanswerable) as error:
            return wire.refuse("bad_request", str(error))
        self.account.batched(question, result.usage or Usage())
        return 200, wire.write(result)

    def _admits(self, request: web.Request) -> bool:
        return self._key is None or key_of(request) == self._key

    def _placed(self, asked: Asked, draw: str) -> tuple[Asked, Chance]:
        """What is asked, with its place in chance, and the place of this attempt at it."""
        identity = (asked.digest, draw)
        attempt, before = self._attempts[identity], self._answers[identity]
        self._attempts[identity] += 1
        here = self._chance.at(asked.model, asked.digest, draw)
        fixed = bool(draw) or asked.settings.seed is not None
        answering = here.at("answer") if fixed else here.at("answer", before)
        return replace(asked, occurrence=before, chance=answering), here.at("attempt", attempt)

    async def _strike(self, exchange: Exchange, fault: Fault) -> web.StreamResponse:
        """Let the request fail in a way that needs no answer."""
        exchange.visit.fault = fault
        match fault:
            case "hang":
                return await forever()
            case "reset_before":
                return await exchange.reset()
            case "bad_gateway_html":
                return await exchange.deliver(502, _PAGE, "text/html")
            case "key_echo":
                sentence = f"No upstream accepts the key {key_of(exchange.request)!r}."
                return await exchange.refuse(REFUSED[fault], sentence)
            case "rate_limit":
                patience = {"Retry-After": f"{self.faults.retry_after:g}"}
                return await exchange.refuse(REFUSED[fault], _SENTENCES[fault], patience)
            case _:
                return await exchange.refuse(REFUSED[fault], _SENTENCES[fault])

    async def _answer(
        self, exchange: Exchange, asked: Asked, fault: Fault | None, latency: float
    ) -> web.StreamResponse:
        visit = exchange.visit
        visit.fault, sound = fault or "", fault is None or fault in HARMLESS
        if sound:
            self._answers[asked.digest, visit.question[2]] += asked.samples
        try:
            result = self._result(asked)
        except Unanswerable as error:
            return await exchange.refuse("bad_request", str(error))
        visit.usage = result.usage or Usage()
        body = json.dumps(exchange.wire.write(spoiled(result, fault))).encode()
        await _until(exchange.arrived + latency)
        match fault:
            case "wrong_content_type":
                return await exchange.deliver(200, _PAGE, "text/html")
            case "truncated_json":
                return await exchange.deliver(200, body[: len(body) // 2])
            case "reset_during":
                await exchange.break_off(body)
            case "slow_drip":
                response = await exchange.drip(body, self.faults.drip)
            case _ if self.latency.per_token:
                response = await exchange.drip(body, self.latency.per_token * _spent(result))
            case _:
                response = await exchange.deliver(200, body)
        visit.whole, visit.sound = True, sound
        return response

    def _result(self, asked: Asked) -> Result:
        samples = [self._sample(asked, index) for index in range(asked.samples)]
        return Result(
            identifier=asked.chance.at("identifier").place.hex(),
            model=asked.model,
            created=int(time.time()),
            samples=samples,
            usage=self._usage(asked, samples),
        )

    def _sample(self, asked: Asked, index: int) -> Sample:
        here = replace(asked, occurrence=asked.occurrence + index, chance=asked.chance.at("sample", index))
        answer = self.brain(here)
        alternatives = answer.alternatives[: asked.alternatives]
        if asked.alternatives and not alternatives:
            alternatives = ((answer.text, 0.0),)
        sample = Sample(answer.text, answer.reasoning, alternatives)
        return _ended(sample, asked)

    def _usage(self, asked: Asked, samples: Sequence[Sample]) -> Usage:
        """The tokens. The first message counts as cached where the model was sent an equal one before."""
        first = (asked.model, asked.messages[0].text) if len(asked.messages) > 1 else None
        cached = _tokens(first[1]) if first in self._cached and first else 0
        if first:
            self._cached.add(first)
        reasoning = sum(_tokens(sample.reasoning) for sample in samples)
        return Usage(
            input=sum(_tokens(message.text) for message in asked.messages),
            cached=cached,
            output=reasoning + sum(_tokens(sample.text) for sample in samples),
            reasoning=reasoning,
        )

    async def _list_models(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        wire = _wire_of(request)
        if not self._admits(request):
            status, body = wire.refuse("unauthorized", _SENTENCES["unauthorized"])
            return web.json_response(body, status=status)
        return web.json_response(wire.listed(self._models))

    async def _describe_model(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        wire, name = _wire_of(request), request.match_info["model"]
        if not self._admits(request):
            status, body = wire.refuse("unauthorized", _SENTENCES["unauthorized"])
            return web.json_response(body, status=status)
        if self._models and name not in self._models:
            status, body = wire.refuse("not_found", f"The model `{name}` does not exist.")
            return web.json_response(body, status=status)
        listed = wire.listed([name])
        return web.json_response((listed.get("data") or listed["models"])[0])

    async def _tell_account(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        return web.json_response(self.account.to_json(log="log" in request.query))


@contextmanager
def serving(provider: FakeProvider) -> Iterator[FakeProvider]:
    """The provider served in a thread of its own, for clients that have no event loop."""
    ready, failure = threading.Event(), list[BaseException]()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with provider:
            ready.set()
            await over.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as error:
            failure.append(error)
        finally:
            loop.close()
            ready.set()

    thread = threading.Thread(target=run, name="fake provider", daemon=True)
    thread.start()
    ready.wait()
    try:
        if failure:
            raise failure[0]
        yield provider
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(over.set)
        thread.join()


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        raise BadCall("the body is not JSON") from None
    if not isinstance(found, dict):
        raise BadCall("the body must be a JSON object")
    return found


def _wire_of(request: web.Request) -> Wire:
    """The protocol in which a request for models is made."""
    if request.path.startswith("/v1beta"):
        return GENERATE
    return MESSAGES if "anthropic-version" in request.headers else CHAT


def _tokens(text: str) -> int:
    """About as many tokens as a tokenizer would make of it: one for four bytes."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // 4)


def _spent(result: Result) -> int:
    return result.usage.output if result.usage else 0


def _ended(sample: Sample, asked: Asked) -> Sample:
    """The answer, ended where the settings of the request end it."""
    ends = [place for text in asked.settings.stop if text and (place := sample.text.find(text)) >= 0]
    if ends:
        sample = replace(sample, text=sample.text[: min(ends)])
    most = asked.settings.max_tokens
    if most is None or _tokens(sample.reasoning) + _tokens(sample.text) <= most:
        return sample
    left = max(0, most - _tokens(sample.reasoning))
    return replace(sample, text=sample.text.encode()[: 4 * left].decode("utf-8", "ignore"), finish="length")


async def _until(moment: float) -> None:
    left = moment - time.monotonic()
    if left > 0:
        await asyncio.sleep(left)
