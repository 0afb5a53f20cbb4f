"""How much a run may spend, has spent, and may have spent without knowing.

Before a request is sent its worst case is reserved; afterwards the reservation is settled with what was paid. So the
cap is kept however many requests are in flight. Only a provider that charges more than the bound of a request (more
tokens than bytes, an answer longer than allowed, a price that is not its own) could pass it.

Amounts come and go as US dollars, and are kept as whole numbers of a trillionth: sums of these do not drift.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from comity.llm.endpoint import Endpoint, Price
from comity.llm.errors import CapReached
from comity.llm.request import Completion, Request, Settings

MILLION = 1_000_000
UNIT = 10**12
"""The parts that a dollar is kept in."""
MESSAGE_TOKENS = 16
"""What a provider may wrap around a message: its role and its ends."""
SCHEMA_TOKENS = 600
"""What a provider may tell the model about answering by a schema, in words of its own (some hundreds of tokens)."""


def worst_case(request: Request, price: Price | None, samples: int = 1) -> float | None:
    """The most that a request can cost, in US dollars; None where no price or no longest answer is known.

    No tokenizer makes more tokens than there are bytes, and no answer is longer than `max_tokens`.
    """
    longest = request.settings.max_tokens
    if price is None or longest is None:
        return None
    prompt = request.size + MESSAGE_TOKENS * len(request.messages) + (SCHEMA_TOKENS if request.schema else 0)
    dearest = max(price.input, price.cached or 0.0)
    return (prompt * dearest + samples * longest * price.output) / MILLION


def charged(completion: Completion, bound: float | None) -> float | None:
    """What a completion has cost, or the most it can have cost where nobody says what it did."""
    known = completion.usage.known and completion.cost is not None
    return completion.cost if known else bound or completion.cost


class _Waiting(NamedTuple):
    amount: int
    granted: asyncio.Future[None]


class Ledger:
    """The money of one run, in US dollars.

    cap: the most that may be spent; None for no limit. spent, uncertain: where a resumed run begins. lost: told of each
    amount that becomes uncertain, so that it can be kept for that. At all times spent + uncertain + reserved <= cap.
    """

    def __init__(
        self,
        cap: float | None,
        spent: float = 0.0,
        uncertain: float = 0.0,
        lost: Callable[[float], None] | None = None,
    ) -> None:
        self._lost = lost
        self._cap = None if cap is None else math.floor(_checked(cap, "the cap of a run") * UNIT)
        self._spent = _units(_checked(spent, "what was spent"))
        self._uncertain = _units(_checked(uncertain, "what may have been spent"))
        self._reserved = 0
        self._queue: deque[_Waiting] = deque()

    @property
    def cap(self) -> float | None:
        """The most that may be spent."""
        return None if self._cap is None else self._cap / UNIT

    @property
    def spent(self) -> float:
        """What completions have cost."""
        return self._spent / UNIT

    @property
    def uncertain(self) -> float:
        """What failed calls may have cost at the most: nobody says whether a provider charged for them."""
        return self._uncertain / UNIT

    @property
    def reserved(self) -> float:
        """What the requests in flight can cost at the most."""
        return self._reserved / UNIT

    @property
    def left(self) -> float:
        """What may be set aside now; infinite without a cap."""
        return math.inf if self._cap is None else (self._cap - self._spent - self._uncertain - self._reserved) / UNIT

    def refusals(self, endpoint: Endpoint, settings: Settings) -> Sequence[str]:
        """Why the cap could not be kept with that model and these settings, one sentence for each reason."""
        if self._cap is None:
            return ()
        found = []
        if endpoint.price is None:
            found.append(
                f"{endpoint.name}: a run with a cap needs the price of every model, and none is known of this."
            )
        if settings.max_tokens is None:
            found.append(f"{endpoint.name}: a run with a cap needs max_tokens, the longest answer, for every model.")
        return tuple(found)

    async def reserve(self, worst: float) -> Reservation:
        """Set the worst case of a request aside; waits, first come first served, while others may still free enough.

        Raises `CapReached` once they cannot: what is spent stays spent.
        """
        amount = math.ceil(_checked(worst, "the worst case of a request") * UNIT)
        if self._queue or not self._fits(amount):
            await self._turn(_Waiting(amount, asyncio.get_running_loop().create_future()))
        else:
            self._reserved += amount
        return Reservation(self, amount)

    async def _turn(self, waiting: _Waiting) -> None:
        self._queue.append(waiting)
        self._serve()
        try:
            await waiting.granted
        except asyncio.CancelledError:
            if waiting.granted.done() and not waiting.granted.cancelled() and not waiting.granted.exception():
                self._reserved -= waiting.amount
            self._serve()
            raise

    def _serve(self) -> None:
        """Grant what fits, in the order of asking, and refuse what can never fit any more."""
        while self._queue:
            amount, granted = self._queue[0]
            if granted.done():
                self._queue.popleft()
            elif self._hopeless(amount):
                self._queue.popleft()
                granted.set_exception(CapReached(self._shortage(amount)))
            elif self._fits(amount):
                self._queue.popleft()
                self._reserved += amount
                granted.set_result(None)
            else:
                return

    def _fits(self, amount: int) -> bool:
        return self._cap is None or self._spent + self._uncertain + self._reserved + amount <= self._cap

    def _hopeless(self, amount: int) -> bool:
        return self._cap is not None and self._spent + self._uncertain + amount > self._cap

    def _shortage(self, amount: int) -> str:
        uncertain = f", {_dollars(self._uncertain)} possibly spent in calls that failed" if self._uncertain else ""
        return (
            f"The cap of {_dollars(self._cap or 0)} for this run could be passed: {_dollars(self._spent)} spent"
            f"{uncertain}, and the next request may cost {_dollars(amount)}."
        )

    def _end(self, reserved: int, *, spent: int = 0, uncertain: int = 0) -> None:
        if uncertain and self._lost is not None:
            self._lost(uncertain / UNIT)
        self._reserved -= reserved
        self._spent += spent
        self._uncertain += uncertain
        if self._queue:
            self._serve()


class Reservation:
    """Money set aside for one request. It ends once, in one of three ways; a second end raises `RuntimeError`."""

    __slots__ = ("_amount", "_ledger", "_open")

    def __init__(self, ledger: Ledger, amount: int) -> None:
        self._ledger = ledger
        self._amount = amount
        self._open = True

    @property
    def amount(self) -> float:
        """The worst case, in US dollars."""
        return self._amount / UNIT

    def split(self, worst: float) -> Reservation:
        """Take so much out of it, as far as it reaches, as a reservation of its own."""
        part = min(self._amount, math.ceil(_checked(worst, "the worst case of a request") * UNIT))
        self._amount -= part
        return Reservation(self._ledger, part)

    def settle(self, cost: float) -> None:
        """The request was answered, and cost that much."""
        self._end(spent=_units(_checked(cost, "what a request cost")))

    def release(self) -> None:
        """The request was not sent, or is not charged."""
        self._end()

    def lose(self) -> None:
        """The request failed after it was sent: it may have cost its worst case."""
        self._end(uncertain=self._amount)

    def _end(self, *, spent: int = 0, uncertain: int = 0) -> None:
        if not self._open:
            raise RuntimeError("this reservation has ended before")
        self._open = False
        self._ledger._end(self._amount, spent=spent, uncertain=uncertain)


def _checked(dollars: float, what: str) -> float:
    if not 0 <= dollars < math.inf:
        raise ValueError(f"{what} is {dollars!r}, and must be a number of US dollars from 0 on")
    return dollars


def _units(dollars: float) -> int:
    return round(dollars * UNIT)


def _dollars(units: int) -> str:
    """An amount as people read it: cents, and smaller parts where these would say nothing."""
    dollars = units / UNIT
    return f"${dollars:,.2f}" if units % (UNIT // 100) == 0 or dollars >= 100 else f"${dollars:,.6f}"
