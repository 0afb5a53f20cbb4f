"""Many requests at once whose answers nothing waits for: cheaper at many providers, and answered within a day.

What a batch may cost is set aside like that of a call, and that it is sent is on disk before it is sent; so is its
ticket as soon as there is one. A process that is killed while it waits has lost nothing: the next one with the same
store asks for the answers of the same batch. Only where a process ends, or the connection breaks, in the moment between
the provider's taking a batch and its saying so, nobody knows; then the batch counts as possibly paid for: what a killed
process was sending by its trace on disk, everything else as a loss of the ledger.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias
from uuid import uuid4

from comity.llm.account import Tally
from comity.llm.endpoint import BatchEndpoint, Endpoint
from comity.llm.errors import BadRequest, CallFailed, ModelError, ProviderDown, RunStops, Unavailable
from comity.llm.ledger import Ledger, Reservation, charged, worst_case
from comity.llm.request import Completion, Draw, Request, Settings
from comity.llm.retry import counts
from comity.llm.store import BatchStore, Submitted

MOST_REQUESTS = 10_000
MOST_BYTES = 30_000_000
"""The most requests in one batch, and bytes of their prompts: what every provider takes, however JSON spells it."""
TIMEOUT = 600.0
"""Seconds for sending a batch or fetching its answers."""
GRACE = 10.0
"""Seconds that a batch on its way is given to arrive when we are told to stop."""

Asked: TypeAlias = tuple[Request, Draw]
Came: TypeAlias = Completion | CallFailed


@dataclass(frozen=True)
class Pace:
    """How often a provider is asked whether it is done.

    first: seconds before the first time. growth: by which the pause grows each time. longest: the longest pause.
    patience: how often in a row it may fail to say so, or to take a batch, before it is given up.
    """

    first: float = 1.0
    growth: float = 1.25
    longest: float = 600.0
    patience: int = 5

    def __post_init__(self) -> None:
        if not (0 < self.first <= self.longest and self.growth >= 1 and self.patience >= 0):
            raise ValueError(f"{self} is no pace: pauses are above 0 and do not shrink")

    def pauses(self) -> Iterator[float]:
        """The pauses in turn, without end."""
        pause = self.first
        while True:
            yield pause
            pause = min(pause * self.growth, self.longest)


class Waiting(NamedTuple):
    """What is waited for: so many batches with so many requests, for so many seconds by now."""

    batches: int
    requests: int
    seconds: float


Watch: TypeAlias = Callable[[Waiting], None]


def refusals(endpoint: Endpoint, settings: Settings) -> Sequence[str]:
    """Why that model cannot be asked in batches with these settings, one sentence for each reason; nothing is sent."""
    if isinstance(endpoint, BatchEndpoint):
        return endpoint.batch_refusals(settings)
    return (f"{endpoint.name} has no batch endpoint that is known here; ask it by ordinary calls.",)


def uncertain(batches: Iterable[Submitted]) -> float:
    """US dollars that batches may have cost that a process was sending when it was killed.

    Whatever else may have been paid for without an answer is told to the ledger, which has it kept (`Ledger.lost`).
    """
    return sum(sum(batch.worst.values()) for batch in batches if not batch.ticket)


def name_of(request: Request, draw: Draw) -> str:
    """What a request is called in a batch: the same for the same draw from it, in whichever batch it is."""
    named = json.dumps([request.digest, *draw], ensure_ascii=True)
    return hashlib.blake2b(named.encode(), digest_size=16).hexdigest()


class Batches:
    """The batches of one client: what they have set aside outlives those who wait for them."""

    def __init__(self, store: BatchStore, ledger: Ledger, pace: Pace) -> None:
        self.store = store
        self.ledger = ledger
        self.pace = pace
        self.reserved: dict[str, Reservation] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._setting_aside = asyncio.Lock()

    async def complete(
        self, endpoint: BatchEndpoint, asked: Sequence[Asked], tally: Tally, watch: Watch | None = None
    ) -> list[Came]:
        """What came of each request, in order; see `comity.llm.client.Client.complete_batch`."""
        named = {name_of(*one): one for one in asked}
        async with self._turns.setdefault(endpoint.line, asyncio.Lock()):  # or else both would send what neither has
            async with self._setting_aside:
                await self._set_aside(named)
            came = await _Course(self, endpoint, named, tally, watch).run()
            return [_answer(came[name_of(*one)]) for one in asked]

    async def _set_aside(self, asked: Mapping[str, Asked]) -> None:
        """Set aside what batches of an earlier process may cost, for all lines."""
        for batch in self.store.batches():
            if batch.ticket and batch.name not in self.reserved:
                left = self._without_kept(batch, asked)
                self.reserved[batch.name] = await self.ledger.reserve(sum(left.worst.values()))

    def _without_kept(self, batch: Submitted, asked: Mapping[str, Asked]) -> Submitted:
        """The batch without what a process kept that was killed before it could say so here.

        What that cost is among what was spent when the ledger began.
        """
        here = batch.worst.keys() & asked.keys()
        kept = {name for name in here if self.store.get(*asked[name]) is not None}
        return batch if not kept else self.reduce(batch, kept)

    def reduce(self, batch: Submitted, settled: Iterable[str]) -> Submitted:
        """The batch without these requests, also on disk, where it is forgotten once nothing is left in it."""
        gone = set(settled)
        left = replace(batch, worst={name: worst for name, worst in batch.worst.items() if name not in gone})
        if left.worst:
            self.store.keep_batch(left)
        else:
            self.store.drop_batch(batch.name)
        return left


class _Course:
    """One call for completions by batch, from what is kept to the last answer.

    came: what came of each request, by its name.
    """

    def __init__(
        self,
        batches: Batches,
        endpoint: BatchEndpoint,
        asked: Mapping[str, Asked],
        tally: Tally,
        watch: Watch | None,
    ) -> None:
        self._batches = batches
        self._store = batches.store
        self._pace = batches.pace
        self._endpoint = endpoint
        self._asked = asked
        self._tally = tally
        self._watch = watch
        self._came: dict[str, Completion | ModelError] = {}
        self._collecting: dict[asyncio.Task[None], Submitted] = {}
        self._began = asyncio.get_running_loop().time()

    async def run(self) -> Mapping[str, Completion | ModelError]:
        """What came of each request, by its name; all that was paid for is kept."""
        try:
            self._recall()
            out = self._resume()
            await self._send_all([name for name in self._asked if name not in self._came and name not in out])
            while self._collecting:
                await self._collected()
        finally:
            for task in self._collecting:
                task.cancel()
            await asyncio.gather(*self._collecting, return_exceptions=True)
        return self._came

    def _recall(self) -> None:
        for name, (request, draw) in self._asked.items():
            kept = self._store.get(request, draw)
            if kept is not None:
                self._tally.kept()
                self._came[name] = kept

    def _resume(self) -> set[str]:
        """Wait for what was sent before. The names of the requests in it."""
        out: set[str] = set()
        for batch in self._store.batches():
            if not batch.ticket or batch.line != self._endpoint.line:
                continue
            wanted = batch.worst.keys() & self._asked.keys()
            if wanted:
                out |= wanted
                self._collect(batch, at_once=True)
        return out

    async def _send_all(self, left: list[str]) -> None:
        while left:
            portion = self._portion(left)
            if not portion and self._collecting:
                await self._collected()  # which frees what it does not cost
                continue
            portion = portion or left[:1]
            worst = {name: self._worst(name) for name in portion}
            reservation = await self._batches.ledger.reserve(sum(worst.values()))
            await self._send(Submitted(uuid4().hex, self._endpoint.line, "", worst), reservation)
            left = left[len(portion) :]

    def _portion(self, left: list[str]) -> list[str]:
        """As many of these as one batch holds and the money that is left allows, in order; it may be none."""
        money, size = self._batches.ledger.left * (1 - 1e-9), 0  # sums of so many amounts are not exact
        for place, name in enumerate(left[:MOST_REQUESTS]):
            money -= self._worst(name)
            size += self._asked[name][0].size
            if money < 0 or (size > MOST_BYTES and place):
                return left[:place]
        return left[:MOST_REQUESTS]

    def _worst(self, name: str) -> float:
        price = self._endpoint.batch_price or self._endpoint.price
        return worst_case(self._asked[name][0], price) or 0.0

    async def _send(self, batch: Submitted, reservation: Reservation) -> None:
        """Put on disk what is sent, send it, and put its ticket on disk."""
        self._batches.reserved[batch.name] = reservation
        pauses = self._pace.pauses()
        for failures in range(1, self._pace.patience + 2):
            self._store.keep_batch(batch)
            try:
                sent = await self._arrived(batch)
            except CallFailed as error:
                if counts(error):
                    return self._doubt(batch, error)
                if failures > self._pace.patience:
                    self._not_taken(batch)
                    raise ProviderDown(f"{self._endpoint.line}: the provider takes no batch. {error}") from error
                await self._rest(batch, error.retry_after or next(pauses))
            except RunStops:
                self._not_taken(batch)
                raise
            else:
                return self._collect(sent)
        return None

    async def _rest(self, batch: Submitted, seconds: float) -> None:
        """Wait before a batch is sent again that the provider did not take: meanwhile nothing is out."""
        self._store.drop_batch(batch.name)
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self._not_taken(batch)
            raise

    async def _arrived(self, batch: Submitted) -> Submitted:
        """The batch with its ticket, which is on disk. Who stops us waits a little for it."""
        sending = asyncio.create_task(self._submitted(batch))
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            await asyncio.wait((sending,), timeout=GRACE)
            sending.cancel()
            [came] = await asyncio.gather(sending, return_exceptions=True)
            if isinstance(came, RunStops) or (isinstance(came, CallFailed) and not counts(came)):
                self._not_taken(batch)
            raise

    async def _submitted(self, batch: Submitted) -> Submitted:
        requests = {name: self._asked[name][0] for name in batch.worst}
        sent = replace(batch, ticket=await self._endpoint.submit(requests, TIMEOUT))
        self._store.keep_batch(sent)
        return sent

    def _doubt(self, batch: Submitted, error: CallFailed) -> None:
        """Nobody knows what became of a batch: it counts as possibly paid for, which the ledger keeps from here on."""
        self._batches.reserved.pop(batch.name).lose()
        self._store.drop_batch(batch.name)
        for name in batch.worst.keys() & self._asked.keys():
            self._fail(name, error, batch.worst[name])

    def _collect(self, batch: Submitted, *, at_once: bool = False) -> None:
        task = asyncio.create_task(self._awaited(batch, at_once))
        self._collecting[task] = batch

    async def _collected(self) -> None:
        """Wait until one batch or more are done. Raises what ended one of them."""
        done, _ = await asyncio.wait(self._collecting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            del self._collecting[task]
        for task in done:
            task.result()

    async def _awaited(self, batch: Submitted, at_once: bool) -> None:
        """Ask now and then, until the provider is done."""
        wanted = {name: self._asked[name][0] for name in batch.worst.keys() & self._asked.keys()}
        pauses, failures = self._pace.pauses(), 0
        while True:
            if not at_once:
                self._tell()
                await asyncio.sleep(next(pauses))
            at_once = False
            try:
                found = await self._endpoint.collect(batch.ticket, wanted, TIMEOUT)
            except BadRequest as error:
                gone = Unavailable(f"{self._endpoint.line}: the provider does not know its batch any more. {error}")
                return self._doubt(batch, gone)
            except CallFailed as error:
                failures += 1
                if failures > self._pace.patience:
                    said = f"{self._endpoint.line}: the provider does not say how far a batch is. {error}"
                    raise ProviderDown(said) from error
            else:
                failures = 0
                if found is not None:
                    return self._keep(batch, wanted, found)

    def _tell(self) -> None:
        if self._watch is not None and self._collecting:
            requests = sum(len(batch.worst.keys() & self._asked.keys()) for batch in self._collecting.values())
            seconds = asyncio.get_running_loop().time() - self._began
            self._watch(Waiting(len(self._collecting), requests, seconds))

    def _keep(
        self, batch: Submitted, wanted: Mapping[str, Request], found: Mapping[str, Completion | ModelError]
    ) -> None:
        """Put what came on disk, then that it is not waited for any more; settle each request by itself."""
        missing = Unavailable(f"{self._endpoint.line}: a batch ended without an answer to this request.")
        for name in wanted:
            came = found.get(name, missing)
            if isinstance(came, Completion):
                self._put(batch, name, came)
            elif isinstance(came, CallFailed) and counts(came):
                self._part(batch, name).lose()
                self._fail(name, came, batch.worst[name])
            else:
                self._part(batch, name).release()
                self._fail(name, came, 0.0)
        if not self._batches.reduce(batch, wanted).worst:
            self._batches.reserved.pop(batch.name).release()

    def _put(self, batch: Submitted, name: str, came: Completion) -> None:
        request, draw = self._asked[name]
        completion = replace(came, cost=charged(came, batch.worst[name] or None))
        self._store.put(request, draw, completion)
        self._part(batch, name).settle(completion.cost or 0.0)
        self._tally.batched(completion)
        self._came[name] = completion

    def _fail(self, name: str, error: ModelError, lost: float) -> None:
        self._tally.batched(None)
        self._tally.troubled(error, lost)
        self._tally.failed(error, 1)
        self._came[name] = error

    def _part(self, batch: Submitted, name: str) -> Reservation:
        return self._batches.reserved[batch.name].split(batch.worst[name])

    def _not_taken(self, batch: Submitted) -> None:
        """The provider took nothing: forget that it was sent."""
        self._store.drop_batch(batch.name)
        self._batches.reserved.pop(batch.name).release()


def _answer(came: Completion | ModelError) -> Came:
    if isinstance(came, Completion | CallFailed):
        return came
    raise came
