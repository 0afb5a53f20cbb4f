"""From a request to its completion: from the store if it was ever paid for, else within the limits and under the cap.

A call goes through these doors in turn: the store; a place in flight on its line; money for its worst case; the
endpoint; the store again, which has the completion on disk before anybody reads it. Failures lead back to the second
door, as long as retries allow. Whatever happens on the way, the place and the money are given back.

Who waits for an answer and who fetches it are different tasks, so that nobody who stops waiting can lose what was paid
for. When the last one stops waiting, a request that was not sent is not sent, and one that was sent is abandoned: an
answer that has reached this process is kept, one that has not is not waited for and counts as possibly spent.

What stops the run (`RunStops`) is raised to all who wait, and to all who come later; only what the store holds is still
given. Requests in flight go on in the meantime, and `close` gives them a little time, since they may be paid for.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal, TypeAlias

from comity.llm import batch
from comity.llm.account import Account, Tally
from comity.llm.batch import Batches, Came, Pace
from comity.llm.endpoint import BatchEndpoint, Endpoint
from comity.llm.errors import (
    BadRequest,
    CallFailed,
    OutOfMoney,
    ProviderDown,
    RunStops,
    TimedOut,
    Unavailable,
)
from comity.llm.ledger import Ledger, Reservation, charged, worst_case
from comity.llm.limits import Limits, Line, Place, Ticket
from comity.llm.request import Completion, Draw, Request, Settings
from comity.llm.retry import FIRST_BACKOFF, TRANSIENT, Retries, counts
from comity.llm.store import BatchStore, ReplyStore

Event: TypeAlias = Literal["kept", "sent", "answered", "troubled", "failed", "stopped"]
Watch: TypeAlias = Callable[[str, Event], None]
"""Told the line and what happened there; it is called very often and must be quick."""
_Came: TypeAlias = Sequence[Completion] | BaseException
_Name: TypeAlias = tuple[str, Draw]
"""The digest of a request, and the draw."""

SLACK = 1.0
"""Seconds after which an endpoint that does not keep its own time is cut off."""
MOST_SAMPLES = 128
"""No provider is known that gives more for one request."""
CHECKS = 3
"""How often an endpoint is checked that does not answer."""


@dataclass(frozen=True)
class Traffic:
    """How calls are sent: what each line may carry, and how often a call is tried.

    pace: how often a provider is asked whether a batch is done. grace: the seconds that requests in flight are given
    when a run stops.
    """

    limits: Limits = field(default_factory=Limits)
    retries: Retries = field(default_factory=Retries)
    pace: Pace = field(default_factory=Pace)
    grace: float = 10.0


@dataclass(slots=True, eq=False)
class _Ask:
    """One draw that is wanted, its answer to come, how many wait for it, and what fetches it."""

    name: _Name
    draw: Draw
    answer: asyncio.Future[Completion]
    errand: _Errand
    waiting: int = 0


@dataclass(slots=True, eq=False)
class _Errand:
    """A request on its way, for one draw or for several, by a task of its own.

    ticket: while it is in the queue. sending: while it is sent. failures, paid: attempts that failed, and those of them
    that may be charged for.
    """

    endpoint: Endpoint
    request: Request
    line: Line
    tally: Tally
    asks: list[_Ask] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    ticket: Ticket | None = None
    sending: asyncio.Task[Sequence[Completion]] | None = None
    deadline: float = 0.0
    attempts: int = 0
    failures: int = 0
    paid: int = 0
    trouble: CallFailed | None = None

    def abandon(self) -> None:
        """Nobody wants it any more. What has arrived, and waits to be read, is read before the end."""
        if self.sending is not None:
            asyncio.get_running_loop().call_soon(self.sending.cancel)
        elif self.task is not None:
            self.task.cancel()


class Client:
    """Completions for requests and draws; one for each run, used within one event loop.

    store: where completions are kept. ledger: the money of the run. coalesce: whether equal requests that wait at the
    same moment are sent as one request for several samples, where the endpoint offers that. chance: uniform on [0, 1),
    for the backoff.
    """

    def __init__(
        self,
        store: ReplyStore,
        ledger: Ledger,
        traffic: Traffic = Traffic(),
        *,
        coalesce: bool = False,
        watch: Watch | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._traffic = traffic
        self._coalesce = coalesce
        self._watch = watch
        self._chance = chance
        self._stopped: RunStops | None = None
        self._lines: dict[str, tuple[Line, Tally]] = {}
        self._asks: dict[_Name, _Ask] = {}
        self._errands: set[_Errand] = set()
        self._fresh: dict[str, dict[_Errand, None]] = {}
        self._alone: set[str] = set()
        self._endpoints: dict[int, Endpoint] = {}
        self._in_flight = self._peak = 0
        self._batches = Batches(store, ledger, traffic.pace) if isinstance(store, BatchStore) else None

    @property
    def account(self) -> Account:
        """What was asked so far."""
        lines = {name: tally.snapshot(line.width, line.waiting) for name, (line, tally) in self._lines.items()}
        return Account(lines, self._peak, None if self._stopped is None else str(self._stopped))

    async def complete(self, endpoint: Endpoint, request: Request, draw: Draw) -> Completion:
        """The completion of that draw from that request; equal calls at the same time share one.

        Raises `ModelError`: a `CallFailed` where this call has no answer, a `RunStops` where none can be expected any
        more. Whatever else the endpoint or the store raises is handed on.
        """
        name = (request.digest, draw)
        while (ask := self._asks.get(name)) is not None and ask.answer.cancelled():
            assert ask.errand.task is not None
            await asyncio.wait((ask.errand.task,))
        if ask is None:
            kept = self._store.get(request, draw)
            if kept is not None:
                self._tell(endpoint.line, "kept")
                self._line(endpoint)[1].kept()
                return kept
            self._admit(endpoint, request)
            ask = self._wanted(endpoint, request, name)
        return await self._awaited(ask)

    async def complete_batch(
        self, endpoint: Endpoint, asked: Sequence[tuple[Request, Draw]], watch: batch.Watch | None = None
    ) -> list[Came]:
        """What came of each of these draws, in order, asked in as few batches as the provider and the cap allow.

        It waits until the provider is done, which may take a day. What the store holds is not sent, and what a batch
        holds that is out, of this process or of one before, is waited for and not sent again. A request without an
        answer has its failure in its place and can be asked again. watch: told what is waited for, now and then.

        Raises `RunStops`, once all else is kept; `BadRequest` where the endpoint takes no batches, before anything is
        sent; `TypeError` where the store keeps none.
        """
        if self._batches is None:
            raise TypeError("the store of this client keeps no batches")
        if not asked:
            return []
        try:
            for settings in dict.fromkeys(request.settings for request, _ in asked):
                self._batchable(endpoint, settings)
            assert isinstance(endpoint, BatchEndpoint)
            self._endpoints.setdefault(id(endpoint), endpoint)
            return await self._batches.complete(endpoint, asked, self._line(endpoint)[1], watch)
        except RunStops as error:
            self.halt(error)
            raise

    def _batchable(self, endpoint: Endpoint, settings: Settings) -> None:
        """Raises what stopped the run, and `BadRequest` where these settings stop it."""
        reasons = [*batch.refusals(endpoint, settings), *self._ledger.refusals(endpoint, settings)]
        if self._stopped is not None:
            raise self._stopped.with_traceback(None)
        if reasons:
            raise BadRequest(" ".join(reasons))

    async def check(self, endpoints: Iterable[Endpoint], timeout: float = 30.0) -> None:
        """Find out, once per endpoint and all at the same time, whether keys and models are accepted.

        Raises the first `RunStops`, and `ProviderDown` where an endpoint does not answer within so many seconds, or
        fails, several times in a row.
        """
        asked = {id(endpoint): endpoint for endpoint in endpoints}
        self._endpoints.update(asked)
        tasks = [asyncio.create_task(self._checked(endpoint, timeout)) for endpoint in asked.values()]
        try:
            for task in asyncio.as_completed(tasks):
                await task
        finally:
            for unfinished in tasks:
                unfinished.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """End all calls, and give the connections of all endpoints back that were used.

        If the run was stopped, requests in flight first get the grace of the traffic to be answered, and kept.
        """
        try:
            if self._stopped is not None:
                await _ended([errand.sending for errand in self._errands], self._traffic.grace)
        finally:  # who does not want to wait so long still wants connections closed
            await self._end()

    async def _end(self) -> None:
        for errand in self._errands:
            errand.abandon()
        await _ended([errand.task for errand in self._errands], 2 * SLACK)
        for line, _ in self._lines.values():
            line.close()
        await asyncio.gather(*(endpoint.close() for endpoint in self._endpoints.values()))
        self._endpoints.clear()

    def _tell(self, line: str, event: Event) -> None:
        if self._watch is not None:
            self._watch(line, event)

    def _line(self, endpoint: Endpoint) -> tuple[Line, Tally]:
        found = self._lines.get(endpoint.line)
        if found is None:
            found = Line(endpoint.line, self._traffic.limits, self.halt), Tally()
            self._lines[endpoint.line] = found
        return found

    def _admit(self, endpoint: Endpoint, request: Request) -> None:
        """Raises what stopped the run, or stops it where the cap could not be kept."""
        if self._stopped is None and (reasons := self._ledger.refusals(endpoint, request.settings)):
            self.halt(BadRequest(" ".join(reasons)))
        if self._stopped is not None:
            raise self._stopped.with_traceback(None)

    def _wanted(self, endpoint: Endpoint, request: Request, name: _Name) -> _Ask:
        errand = self._errand(endpoint, request)
        ask = _Ask(name, name[1], asyncio.get_running_loop().create_future(), errand)
        errand.asks.append(ask)
        self._asks[name] = ask
        return ask

    def _errand(self, endpoint: Endpoint, request: Request) -> _Errand:
        self._endpoints.setdefault(id(endpoint), endpoint)
        errand = _Errand(endpoint, request, *self._line(endpoint))
        errand.task = asyncio.create_task(self._run(errand))
        errand.task.add_done_callback(lambda _: self._finish(errand))
        self._errands.add(errand)
        return errand

    async def _awaited(self, ask: _Ask) -> Completion:
        ask.waiting += 1
        try:
            return await asyncio.shield(ask.answer)
        finally:
            ask.waiting -= 1
            if not ask.waiting and ask.answer.cancel() and all(other.answer.done() for other in ask.errand.asks):
                ask.errand.abandon()

    async def _run(self, errand: _Errand) -> None:
        """Carry an errand to its end; whatever goes wrong is raised to those who wait."""
        try:
            await self._carry(errand)
        except RunStops as error:
            self.halt(error)
        except Exception as error:
            wanted = [ask for ask in errand.asks if not ask.answer.done()]
            if not wanted and not isinstance(error, CallFailed):
                raise  # nobody is left to hear it but the event loop
            errand.tally.failed(error, len(wanted))
            self._tell(errand.line.name, "failed")
            for ask in wanted:
                ask.answer.set_exception(error)

    def _finish(self, errand: _Errand) -> None:
        """The task has ended, in whatever way."""
        self._errands.discard(errand)
        self._forget(errand)
        for ask in errand.asks:
            ask.answer.cancel()
            self._drop(ask)

    def _drop(self, ask: _Ask) -> None:
        if self._asks.get(ask.name) is ask:
            del self._asks[ask.name]

    def halt(self, error: RunStops) -> None:
        """Stop the run: raise this to all who wait, send nothing any more, and let be what is in flight."""
        if self._stopped is not None:
            return
        self._stopped = error
        for errand in self._errands:
            for ask in errand.asks:
                self._drop(ask)
                if not ask.answer.done():
                    ask.answer.set_exception(error)
            if errand.sending is None and errand.task is not asyncio.current_task():
                errand.abandon()
        for name in self._lines:
            self._tell(name, "stopped")

    async def _carry(self, errand: _Errand) -> None:
        while self._still_wanted(errand):
            if errand.line.name in self._alone:
                self._part(errand, 1)
            place = await self._place(errand)
            if place is None:
                return
            self._join(errand, place)
            try:
                reservation = await self._reserve(errand)
            except BaseException:
                errand.line.unused(place)
                raise
            trouble = await self._attempt(errand, place, reservation)
            if trouble is not None and self._still_wanted(errand):
                await self._pause(errand, trouble)

    def _still_wanted(self, errand: _Errand) -> bool:
        for ask in errand.asks:
            if ask.answer.done():
                self._drop(ask)
        errand.asks = [ask for ask in errand.asks if not ask.answer.done()]
        return bool(errand.asks)

    async def _place(self, errand: _Errand) -> Place | None:
        """A place in flight. Who was there before goes first, unless the provider is down: then all try in turn."""
        limits, line, samples = self._traffic.limits, errand.line, len(errand.asks)
        tokens = 0.0 if limits.tokens_per_minute is None else line.estimate(errand.request.size, samples)
        errand.ticket = Ticket(tokens)
        fresh = self._coalesces(errand)
        if fresh:
            self._fresh.setdefault(errand.request.digest, {})[errand] = None
        try:
            return await line.enter(errand.ticket, first=errand.attempts > 0 and not line.is_open)
        finally:
            errand.ticket = None
            if fresh:
                self._forget(errand)

    def _coalesces(self, errand: _Errand) -> bool:
        """Whether it may go together with others: not once it was sent, nor where fewer answers came than asked for."""
        return self._coalesce and not errand.attempts and errand.line.name not in self._alone

    def _forget(self, errand: _Errand) -> None:
        """The errand is not in the queue any more, for others to join."""
        equal = self._fresh.get(errand.request.digest, {})
        equal.pop(errand, None)
        if not equal:
            self._fresh.pop(errand.request.digest, None)

    def _join(self, errand: _Errand, place: Place) -> None:
        """Take over equal requests that are waiting in the queue now, as many as the endpoint takes at a time."""
        if not self._coalesces(errand):
            return
        equal = self._fresh.get(errand.request.digest, {})
        waiting = list(islice(filter(_waits, equal), MOST_SAMPLES - 1))
        samples = _together(errand.endpoint, errand.request, 1 + len(waiting))
        for other in waiting[: samples - 1]:
            self._take_over(errand, other)
        if len(errand.asks) > 1:
            errand.line.widen(place, len(errand.asks) - 1)

    def _take_over(self, errand: _Errand, other: _Errand) -> None:
        for ask in other.asks:
            ask.errand = errand
        errand.asks += other.asks
        other.asks = []
        assert other.ticket is not None
        other.ticket.withdraw()

    async def _reserve(self, errand: _Errand) -> Reservation:
        """Money for the worst case; where it does not reach for all draws, half of them ask on their own."""
        while True:
            worst = worst_case(errand.request, errand.endpoint.price, len(errand.asks))
            try:
                return await self._ledger.reserve(worst or 0.0)
            except OutOfMoney:
                if len(errand.asks) == 1:
                    raise
                self._part(errand, len(errand.asks) // 2)

    def _part(self, errand: _Errand, most: int) -> None:
        """Leave it so many draws; each of the others asks on its own."""
        errand.asks, others = errand.asks[:most], errand.asks[most:]
        for ask in others:
            ask.errand = self._errand(errand.endpoint, errand.request)
            ask.errand.asks.append(ask)

    async def _attempt(self, errand: _Errand, place: Place, reservation: Reservation) -> CallFailed | None:
        """Send the request once, and give place and money back. The failure, where there was one."""
        now = place.sent_at = asyncio.get_running_loop().time()
        if errand.trouble is None:
            errand.deadline = now + self._traffic.retries.deadline
        elif now >= errand.deadline:
            reservation.release()
            errand.line.unused(place)
            raise errand.trouble
        timeout = min(self._traffic.retries.timeout, errand.deadline - now)
        flight = _Flight(place, reservation, tuple(errand.asks), now)
        sending = errand.sending = asyncio.create_task(_send(errand, timeout))
        self._depart(errand)
        try:
            late = await _cut_off(sending, timeout + SLACK)
        except asyncio.CancelledError:
            sending.cancel()
            self._land(errand, flight, _came(sending, errand))
            raise
        return self._land(errand, flight, _came(sending, errand, timeout if late else None))

    def _depart(self, errand: _Errand) -> None:
        errand.tally.sent(again=errand.attempts > 0)
        errand.attempts += 1
        self._in_flight += 1
        self._peak = max(self._peak, self._in_flight)
        self._tell(errand.line.name, "sent")

    def _land(self, errand: _Errand, flight: _Flight, came: _Came) -> CallFailed | None:
        """End a flight with what came of it; nothing is awaited here, so that nothing can come between."""
        errand.sending = None
        errand.tally.in_flight -= 1
        self._in_flight -= 1
        if not isinstance(came, BaseException):
            self._keep(errand, flight, came)
            return None
        lost = _charged(came)
        flight.reservation.lose() if lost else flight.reservation.release()
        errand.tally.troubled(came, flight.reservation.amount if lost else 0.0)
        self._tell(errand.line.name, "troubled")
        if not isinstance(came, CallFailed):
            errand.line.left(flight.place)
            raise came
        if isinstance(came, TRANSIENT):
            errand.line.failed(flight.place, came)
        else:
            errand.line.refused(flight.place)
        return came

    def _keep(self, errand: _Errand, flight: _Flight, came: Sequence[Completion]) -> None:
        """Settle what was paid and put it on disk before anybody reads it.

        What is missing is still to be asked, and nothing is asked of that line together any more.
        """
        if len(came) < len(flight.asks):
            self._alone.add(errand.line.name)
        bound = flight.reservation.amount / len(flight.asks) or None
        paid = [_finished(completion, bound, errand.failures + 1) for completion in came]
        flight.reservation.settle(sum(completion.cost or 0.0 for completion in paid))
        answers = sum(completion.usage.output for completion in paid)
        tokens = answers + sum(completion.usage.input for completion in paid)
        errand.line.succeeded(flight.place, tokens, answers, len(paid))
        errand.tally.answered(paid, asyncio.get_running_loop().time() - flight.sent_at)
        self._tell(errand.line.name, "answered")
        errand.failures, errand.paid, errand.trouble = 0, 0, None
        answered = list(zip(flight.asks, paid, strict=False))
        for ask, completion in answered:
            self._store.put(errand.request, ask.draw, completion)
        for ask, completion in answered:
            if not ask.answer.done():
                ask.answer.set_result(completion)

    async def _pause(self, errand: _Errand, trouble: CallFailed) -> None:
        """Wait before the next attempt. Raises the failure where there is none."""
        errand.trouble = trouble
        errand.failures += 1
        errand.paid += counts(trouble)
        left = errand.deadline - asyncio.get_running_loop().time()
        pause = self._traffic.retries.pause(trouble, errand.failures, errand.paid, left, self._chance())
        if pause is None:
            raise trouble
        await asyncio.sleep(pause)

    async def _checked(self, endpoint: Endpoint, timeout: float) -> None:
        """Who is overloaded, or has no answer for us, knows the key and the model."""
        for failures in range(1, CHECKS + 1):
            try:
                async with asyncio.timeout(timeout + SLACK):
                    return await endpoint.check(timeout)
            except (Unavailable, TimedOut, TimeoutError) as error:
                said = str(error) or f"{endpoint.name}: no answer came within {timeout:g} seconds."
            except CallFailed:
                return None
            if failures < CHECKS:
                await asyncio.sleep(self._chance() * FIRST_BACKOFF * failures)
        raise ProviderDown(
            f"{endpoint.line}: the provider cannot be reached, in {CHECKS} attempts. It said last: {said}"
        )


@dataclass(slots=True, eq=False)
class _Flight:
    """One attempt: what it occupies, and for whom it is."""

    place: Place
    reservation: Reservation
    asks: tuple[_Ask, ...]
    sent_at: float


async def _send(errand: _Errand, timeout: float) -> Sequence[Completion]:
    return await errand.endpoint.send(errand.request, timeout, len(errand.asks))


async def _ended(tasks: Iterable[asyncio.Task[Any] | None], seconds: float) -> None:
    """Wait for tasks to end, at most so long."""
    running = [task for task in tasks if task is not None]
    if running:
        await asyncio.wait(running, timeout=seconds)


async def _cut_off(sending: asyncio.Task[Any], seconds: float) -> bool:
    """Wait for a task at most so long, then end it. Whether it had to be ended."""
    await asyncio.wait((sending,), timeout=seconds)
    if sending.done():
        return False
    sending.cancel()
    await asyncio.wait((sending,), timeout=SLACK)
    return True


def _came(sending: asyncio.Task[Sequence[Completion]], errand: _Errand, cut_off: float | None = None) -> _Came:
    """What came of a request: completions, or what went wrong. cut_off: the seconds after which it was cut off."""
    ended = sending.done() and not sending.cancelled()
    if ended and (error := sending.exception()) is None:
        empty = f"{errand.endpoint.name}: the provider answered without an answer."
        return sending.result() or Unavailable(empty)
    if cut_off is not None:
        return TimedOut(f"{errand.endpoint.name}: no answer came within {cut_off:g} seconds.")
    return error if ended and error is not None else asyncio.CancelledError()


def _charged(came: BaseException) -> bool:
    """Whether the provider may charge for what came to this."""
    if isinstance(came, CallFailed):
        return counts(came)
    return came.sent if isinstance(came, RunStops) else True


def _finished(completion: Completion, bound: float | None, attempts: int) -> Completion:
    """The completion with its attempts, and with the most it can have cost where nobody says what it did."""
    cost = charged(completion, bound)
    if cost == completion.cost and attempts == completion.attempts:
        return completion
    return replace(completion, cost=cost, attempts=attempts)


def _waits(errand: _Errand) -> bool:
    wanted = any(not ask.answer.done() for ask in errand.asks)
    return wanted and errand.ticket is not None and errand.ticket.waits


def _together(endpoint: Endpoint, request: Request, most: int) -> int:
    """For how many samples the request can be sent at a time: as many as are wanted, or a half of that, and so on."""
    samples = most
    while samples > 1 and endpoint.refusals(
        request.settings, schema=request.schema is not None, alternatives=request.alternatives, samples=samples
    ):
        samples //= 2
    return samples
