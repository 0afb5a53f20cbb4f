"""What goes over one line at a time, and how fast: places in flight that adapt, and rates per minute.

A line is what shares limits at a provider. Calls queue for it, first come first served; whoever has a place may send
one request. Nothing here waits by polling: a place is given when one is left, or when a timer says that one is free.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from comity.llm.breaker import Circuit
from comity.llm.errors import CallFailed, Overloaded, ProviderDown

START = 20
"""Places in flight at the beginning where nobody says how many. This and the decrease are as in Inspect AI."""
MOST = 1_000
DECREASE = 0.8
ANSWER_TOKENS = 300
"""How long answers are taken to be before the first has come."""
BYTES_PER_TOKEN = 4
_MINUTE = 60.0
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Limits:
    """What may go over each line.

    in_flight: the most requests at a time; None begins at 20 and finds out, up to 1,000.
    requests_per_minute, tokens_per_minute: as the provider allows; None for no limit.
    pause: seconds that a line rests when the provider asks for patience without saying how much.
    patience: seconds after which a provider that fails all the time is given up.

    Raises `ValueError` for what is no limit.
    """

    in_flight: int | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    pause: float = 5.0
    patience: float = 300.0

    def __post_init__(self) -> None:
        if self.in_flight is not None and self.in_flight < 1:
            raise ValueError(f"in_flight is {self.in_flight}, and must be at least 1")
        for name in ("requests_per_minute", "tokens_per_minute", "pause", "patience"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} is {value}, and must be above 0")


class Bucket:
    """So many of something a minute, in an even flow: no minute sees more than it may, its first one included.

    It holds what a second brings, and one at least. What is larger than it goes when it is full and leaves a debt.
    """

    def __init__(self, per_minute: float, now: float) -> None:
        self._room = max(1.0, per_minute / _MINUTE)
        self._rate = (per_minute - self._room + 1.0) / _MINUTE
        self._level = self._room
        self._at = now

    def wait(self, amount: float, now: float) -> float:
        """The seconds until so much may be taken."""
        self._level = min(self._room, self._level + (now - self._at) * self._rate)
        self._at = now
        missing = min(amount, self._room) - self._level
        return missing / self._rate if missing > _ROUNDING * self._room else 0.0

    def take(self, amount: float) -> None:
        """Take so much; a negative amount gives back."""
        self._level -= amount


class Window:
    """How many requests may be in flight: one more for each round of successes, a fifth less for each overload.

    All refusals of requests that were sent before the last decrease belong to it. Failures that are not for overload
    only stop the growth for a while.
    """

    def __init__(self, given: int | None, rest: float) -> None:
        self._most = float(given or MOST)
        self._width = float(given or START)
        self._rest = rest
        self._filled_at = -math.inf
        self._decreased_at = -math.inf
        self._rests_until = -math.inf

    @property
    def width(self) -> int:
        """How many requests may be in flight."""
        return int(self._width + _ROUNDING)

    def sent(self, in_flight: int, now: float) -> None:
        """A request was sent, and so many are in flight with it."""
        if in_flight >= self.width:
            self._filled_at = now

    def succeeded(self, sent_at: float, now: float) -> None:
        """A request was answered. If the window was not filled meanwhile, or has shrunk, that says nothing of more."""
        if self._filled_at >= sent_at >= self._decreased_at and now >= self._rests_until:
            self._width = min(self._most, self._width + 1.0 / self.width)

    def overloaded(self, sent_at: float, now: float) -> bool:
        """A request was refused for overload. Tells whether it is the first of its burst."""
        if sent_at < self._decreased_at:
            return False
        self._width = max(1.0, self._width * DECREASE)
        self._decreased_at = now
        return True

    def failed(self, now: float) -> None:
        """A request failed otherwise."""
        self._rests_until = now + self._rest


@dataclass(slots=True, eq=False)
class Place:
    """The right to have one request in flight.

    tokens: what was taken for it from the rate. sent_at: when the request was sent, or else when the place was given.
    probe: whether it finds out if the provider is back.
    """

    tokens: float
    sent_at: float
    probe: bool = False


class Ticket:
    """A place in the queue; it ends with a place in flight, or with None when it was withdrawn."""

    __slots__ = ("given", "tokens")

    def __init__(self, tokens: float) -> None:
        self.tokens = tokens
        self.given: asyncio.Future[Place | None] = asyncio.get_running_loop().create_future()

    @property
    def waits(self) -> bool:
        """Whether it is still in the queue."""
        return not self.given.done()

    def withdraw(self) -> None:
        """Leave the queue without a place."""
        self.given.set_result(None)


class Line:
    """The traffic of one line. Times are those of the running event loop.

    down: told when the provider is given up.
    """

    def __init__(self, name: str, limits: Limits, down: Callable[[ProviderDown], None]) -> None:
        self.name = name
        self.in_flight = 0
        self._limits = limits
        self._down = down
        self._clock = asyncio.get_running_loop().time
        self._window = Window(limits.in_flight, limits.pause)
        self._circuit = Circuit(limits.patience)
        self._requests = _bucket(limits.requests_per_minute, self._clock())
        self._tokens = _bucket(limits.tokens_per_minute, self._clock())
        self._answer = float(ANSWER_TOKENS)
        self._paused_until = -math.inf
        self._queue: deque[Ticket] = deque()
        self._waiting = 0
        self._alarm: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None
        self._trouble = ""
        self._probing = False

    @property
    def width(self) -> int:
        """How many requests may be in flight now."""
        return self._window.width

    @property
    def waiting(self) -> int:
        """How many requests are in the queue."""
        return self._waiting

    @property
    def is_open(self) -> bool:
        """Whether the circuit is open: the provider seems to be down."""
        return self._circuit.is_open

    def estimate(self, size: int, samples: int = 1) -> float:
        """The tokens that a prompt of so many bytes and its answers may take, going by the answers so far."""
        return size / BYTES_PER_TOKEN + samples * self._answer

    async def enter(self, ticket: Ticket, *, first: bool = False) -> Place | None:
        """Wait for a place: first come first served, or before all others. None where the ticket was withdrawn.

        Whoever is given a place owes one call of `succeeded`, `failed` or `left`.
        """
        if first:
            self._queue.appendleft(ticket)
        else:
            self._queue.append(ticket)
        self._waiting += 1
        self._serve()
        try:
            return await ticket.given
        except asyncio.CancelledError:
            self._give_up(ticket)
            raise
        finally:
            self._waiting -= 1

    def _give_up(self, ticket: Ticket) -> None:
        """Whoever held that ticket was cancelled, perhaps with a place already given."""
        place = None if ticket.given.cancelled() or ticket.waits else ticket.given.result()
        if place is not None:
            self.unused(place)
        else:
            self._serve()

    def widen(self, place: Place, samples: int) -> None:
        """The request will bring so many samples more than were reckoned with."""
        place.tokens += samples * self._answer
        self._take(0.0, samples * self._answer)

    def unused(self, place: Place) -> None:
        """Nothing was sent: what was taken from the rates is given back, too."""
        self._take(-1.0, -place.tokens)
        self.left(place)

    def succeeded(self, place: Place, tokens: int, answers: int, samples: int) -> None:
        """The request was answered: it took so many tokens in all, of which so many for the answers."""
        now = self._clock()
        self._answer += 0.1 * (answers / samples - self._answer)
        self._take(0.0, tokens - place.tokens)
        self._window.succeeded(place.sent_at, now)
        self._answered()
        self.left(place)

    def failed(self, place: Place, failure: CallFailed) -> None:
        """The request failed for reasons of the provider."""
        now = self._clock()
        asked = failure.retry_after or 0.0
        if isinstance(failure, Overloaded):
            first = self._window.overloaded(place.sent_at, now)
            self._paused_until = max(self._paused_until, now + (asked or (self._limits.pause if first else 0.0)))
        else:
            self._window.failed(now)
        self._circuit.failed(place.sent_at, now, asked)
        self._trouble = str(failure)
        self._set_end(now, asked)
        self.left(place)

    def refused(self, place: Place) -> None:
        """The provider works, and does not answer this request."""
        self._answered()
        self.left(place)

    def left(self, place: Place) -> None:
        """The request is no longer in flight."""
        self.in_flight -= 1
        if place.probe:
            self._probing = False
        self._serve()

    def close(self) -> None:
        """Give nothing any more."""
        for timer in (self._alarm, self._end):
            if timer is not None:
                timer.cancel()
        self._alarm = self._end = None

    def _answered(self) -> None:
        self._circuit.succeeded()
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def _set_end(self, now: float, asked: float) -> None:
        """An open circuit ends when patience does, and at once where the provider asks for more patience than that."""
        if asked > self._limits.patience:
            words = f"asks to wait for {asked:g} seconds, more than the {self._limits.patience:g} it is given"
            self._give_in(words)
        elif self._circuit.is_open and self._end is None:
            words = f"has given no answer for {self._limits.patience:g} seconds"
            later = max(0.0, self._circuit.down_at - now)
            self._end = asyncio.get_running_loop().call_later(later, self._give_in, words)

    def _give_in(self, words: str) -> None:
        self._down(ProviderDown(f"{self.name}: the provider {words}. What it said last: {self._trouble}"))

    def _serve(self) -> None:
        """Give places to the head of the queue as long as there are any, and else see to it that it is looked again."""
        now = self._clock()
        while self._queue:
            ticket = self._queue[0]
            if ticket.waits:
                wait = self._wait(ticket.tokens, now)
                if wait > 0:
                    self._look_again(now, wait)
                    return
                ticket.given.set_result(self._place(ticket.tokens, now))
            self._queue.popleft()

    def _wait(self, tokens: float, now: float) -> float:
        """The seconds until a request of so many tokens may go; infinite where that is not a question of time."""
        if self.in_flight >= self._window.width or (self._circuit.is_open and self._probing):
            return math.inf
        wait = max(self._paused_until, self._circuit.next_probe if self._circuit.is_open else now) - now
        if self._requests is not None:
            wait = max(wait, self._requests.wait(1.0, now))
        if self._tokens is not None:
            wait = max(wait, self._tokens.wait(tokens, now))
        return wait if wait > _ROUNDING else 0.0

    def _place(self, tokens: float, now: float) -> Place:
        self._take(1.0, tokens)
        self.in_flight += 1
        self._window.sent(self.in_flight, now)
        self._probing = self._circuit.is_open
        return Place(tokens, now, self._probing)

    def _take(self, requests: float, tokens: float) -> None:
        if self._requests is not None:
            self._requests.take(requests)
        if self._tokens is not None:
            self._tokens.take(tokens)

    def _look_again(self, now: float, wait: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if wait < math.inf:
            self._alarm = asyncio.get_running_loop().call_later(wait, self._serve)


def _bucket(per_minute: float | None, now: float) -> Bucket | None:
    return None if per_minute is None else Bucket(per_minute, now)
