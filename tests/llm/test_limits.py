"""What goes over a line: as many as may, never more, in order, and as the provider bears it."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.llm.breaker import FAILURES
from comity.llm.errors import CallFailed, Overloaded, ProviderDown, TimedOut, Unavailable
from comity.llm.limits import ANSWER_TOKENS, DECREASE, MOST, START, Bucket, Limits, Line, Place, Ticket
from tests.llm.virtual import now, virtually

Outcome = CallFailed | None


def made(limits: Limits, down: Callable[[ProviderDown], None] | None = None) -> Line:
    return Line("test:model", limits, down or unexpected)


def unexpected(error: ProviderDown) -> None:
    pytest.fail(f"the provider was given up: {error}")


async def through(line: Line, outcome: Outcome = None, seconds: float = 1.0, tokens: float = 0.0) -> float:
    """One request that takes so long and ends so. The time when it was sent."""
    place = await line.enter(Ticket(tokens))
    assert place is not None
    sent_at = now()
    await asyncio.sleep(seconds)
    end(line, place, outcome)
    return sent_at


def end(line: Line, place: Place, outcome: Outcome = None, tokens: int = 0) -> None:
    if outcome is None:
        line.succeeded(place, tokens, tokens, 1)
    else:
        line.failed(place, outcome)


async def at_once(line: Line, number: int, outcome: Outcome = None) -> list[float]:
    return await asyncio.gather(*(through(line, outcome) for _ in range(number)))


@pytest.mark.parametrize("bad", [{"in_flight": 0}, {"pause": 0.0}, {"tokens_per_minute": float("nan")}])
def test_what_is_no_limit_is_refused_by_name(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        Limits(**bad)  # type: ignore[arg-type]


@given(
    per_minute=st.floats(1.0, 5_000.0),
    waits=st.lists(st.floats(0.0, 20.0), min_size=1, max_size=300),
)
def test_law_no_minute_sees_more_requests_than_it_may(per_minute: float, waits: list[float]) -> None:
    bucket, clock, sent = Bucket(per_minute, 0.0), 0.0, list[float]()
    for idle in waits:
        clock += idle if random.Random(idle).random() < 0.2 else 0.0
        clock += bucket.wait(1.0, clock)
        bucket.take(1.0)
        sent.append(clock)
    for start in sent:
        assert sum(start <= at < start + 59.999 for at in sent) <= math.ceil(per_minute)


@given(per_minute=st.floats(2.0, 100_000.0))
def test_law_whoever_always_has_something_to_send_gets_all_of_the_rate_but_a_sixtieth(per_minute: float) -> None:
    bucket, clock = Bucket(per_minute, 0.0), 0.0
    for _ in range(500):
        clock += bucket.wait(1.0, clock)
        bucket.take(1.0)
    expected = 500 * 60.0 / per_minute
    assert clock <= expected * 61 / 60 + 1e-6


def test_what_is_larger_than_the_bucket_goes_when_it_is_full_and_leaves_a_debt() -> None:
    bucket = Bucket(600.0, 0.0)
    assert bucket.wait(100.0, 0.0) == 0.0
    bucket.take(100.0)
    assert bucket.wait(1.0, 0.0) == pytest.approx(91.0 / ((600.0 - 9.0) / 60.0))
    bucket.take(-100.0)
    assert bucket.wait(10.0, 0.0) == 0.0


def test_exactly_the_given_number_is_in_flight() -> None:
    async def main() -> None:
        sent = await at_once(made(Limits(in_flight=7)), 70)
        assert [sent.count(float(second)) for second in range(10)] == [7] * 10

    virtually(main())


def test_first_come_first_served_and_who_comes_first_again_goes_before_all() -> None:
    async def main() -> None:
        line, order = made(Limits(in_flight=1)), list[str]()

        async def one(name: str, first: bool = False) -> None:
            place = await line.enter(Ticket(0.0), first=first)
            assert place is not None
            order.append(name)
            await asyncio.sleep(1.0)
            line.left(place)

        await asyncio.gather(*(one(name) for name in "abc"), one("again", first=True))
        assert order == ["a", "again", "b", "c"]

    virtually(main())


def test_an_overload_takes_a_fifth_once_for_its_whole_burst_and_successes_bring_it_back() -> None:
    async def main() -> None:
        line = made(Limits(in_flight=50, pause=5.0))
        sent = await at_once(line, 50, Overloaded("429"))
        assert line.width == 50 * DECREASE
        assert sent == [0.0] * 50
        assert await through(line) == 6.0  # the refusals came after one second, and the pause takes five
        for expected in (41, 42, 43):
            await at_once(line, line.width)
            assert line.width == expected
        for _ in range(20):
            await at_once(line, 50)
        assert line.width == 50

    virtually(main())


def test_a_second_burst_counts_again_down_to_one() -> None:
    async def main() -> None:
        line = made(Limits(in_flight=3, pause=1.0, patience=10_000.0))
        for _ in range(20):
            await at_once(line, 3, Overloaded("429"))
        assert line.width == 1
        await through(line)

    virtually(main())


def test_retry_after_is_the_pause_and_the_longest_of_a_burst_counts() -> None:
    async def main() -> None:
        line = made(Limits(in_flight=2, pause=5.0))
        await asyncio.gather(
            through(line, Overloaded("429", retry_after=30.0)), through(line, Overloaded("429", retry_after=40.0))
        )
        assert await through(line) == 41.0

    virtually(main())


@pytest.mark.parametrize("failure", [Unavailable("500"), TimedOut("slow")])
def test_other_failures_only_stop_the_growth(failure: CallFailed) -> None:
    async def main() -> None:
        line = made(Limits(pause=5.0))
        await at_once(line, START)
        assert line.width == START + 1
        await through(line, failure, seconds=0.0)
        await at_once(line, START + 1)
        assert line.width == START + 1
        await asyncio.sleep(5.0)
        await at_once(line, START + 1)
        assert line.width == START + 2

    virtually(main())


@pytest.mark.slow
def test_without_a_given_number_the_window_is_found_up_to_its_bound() -> None:
    async def main() -> None:
        line = made(Limits())
        await at_once(line, START // 2)
        assert line.width == START  # it was not filled, so nothing is known of more
        await asyncio.gather(*(through(line, seconds=0.1) for _ in range(20_000)))
        assert START < line.width <= MOST

    virtually(main())


def test_requests_per_minute_hold_for_any_number_in_flight() -> None:
    async def main() -> None:
        sent = await at_once(made(Limits(in_flight=100, requests_per_minute=120.0)), 400)
        assert max(sum(start <= at < start + 60 for at in sent) for start in sent) <= 120
        assert sent[-1] <= 400 / 120 * 60 * 61 / 60

    virtually(main())


def test_tokens_are_reserved_by_estimate_and_corrected_by_usage() -> None:
    async def main() -> None:
        line = made(Limits(in_flight=100, tokens_per_minute=60_000.0))
        estimate = line.estimate(4_000)
        assert estimate == 1_000 + ANSWER_TOKENS
        for used in (1_300, 300, 6_000):
            place = await line.enter(Ticket(estimate))
            assert place is not None
            line.succeeded(place, used, 100, 1)
            before = now()
            after = await line.enter(Ticket(1_000.0))  # needs a full bucket again
            assert after is not None
            assert now() - before == pytest.approx(used / (60_000 - 999) * 60)
            line.unused(after)
            await asyncio.sleep(30.0)
        assert line.estimate(4_000) < estimate  # answers were shorter than thought

    virtually(main())


def test_a_request_for_more_samples_takes_more_tokens() -> None:
    async def main() -> None:
        line = made(Limits(in_flight=100, tokens_per_minute=60_000.0))
        place = await line.enter(Ticket(line.estimate(0)))
        assert place is not None
        line.widen(place, 3)
        assert place.tokens == line.estimate(0, 4) == 4 * ANSWER_TOKENS
        assert await line.enter(Ticket(1_000.0)) is not None
        assert now() == pytest.approx(4 * ANSWER_TOKENS / (60_000 - 999) * 60)

    virtually(main())


def test_a_withdrawn_ticket_gets_no_place_and_takes_none() -> None:
    async def main() -> None:
        line = made(Limits(in_flight=1))
        held = await line.enter(Ticket(0.0))
        assert held is not None
        ticket = Ticket(0.0)
        waiting = asyncio.create_task(line.enter(ticket))
        behind = asyncio.create_task(line.enter(Ticket(0.0)))
        await asyncio.sleep(0)
        ticket.withdraw()
        assert await waiting is None
        assert line.waiting == 1
        line.left(held)
        assert await behind is not None
        assert line.in_flight == 1

    virtually(main())


def test_how_many_wait_is_known_however_they_leave_the_queue() -> None:
    async def main() -> None:
        line = made(Limits(in_flight=1))
        held = await line.enter(Ticket(0.0))
        assert held is not None
        assert line.waiting == 0
        withdrawn = Ticket(0.0)
        leaving = asyncio.create_task(line.enter(withdrawn))
        served, cancelled, last = (asyncio.create_task(line.enter(Ticket(0.0))) for _ in range(3))
        await asyncio.sleep(0)
        assert line.waiting == 4
        withdrawn.withdraw()
        cancelled.cancel()
        await asyncio.wait((leaving, cancelled))
        assert line.waiting == 2
        line.left(held)
        place = await served
        assert place is not None
        assert line.waiting == 1
        line.left(place)
        await last
        assert line.waiting == 0

    virtually(main())


@pytest.mark.parametrize("given_first", [False, True])
def test_who_is_cancelled_in_the_queue_holds_nothing(given_first: bool) -> None:
    async def main() -> None:
        line = made(Limits(in_flight=1, requests_per_minute=1.0))
        held = await line.enter(Ticket(0.0))
        assert held is not None
        line.unused(held)
        held = await line.enter(Ticket(0.0))
        assert held is not None
        waiting, behind = (asyncio.create_task(line.enter(Ticket(0.0))) for _ in range(2))
        await asyncio.sleep(0)
        if given_first:
            line.unused(held)  # its place is given, and it does not know yet
        waiting.cancel()
        if not given_first:
            await asyncio.sleep(0)
            line.unused(held)
        assert await behind is not None
        assert now() == 0.0  # the rate was given back each time
        assert waiting.cancelled()
        assert line.in_flight == 1

    virtually(main())


async def fail(line: Line, failure: CallFailed) -> None:
    """Failures in a row until the circuit opens, half a second each."""
    for _ in range(FAILURES):
        await through(line, failure, seconds=0.5)
    assert line.is_open


def test_an_open_circuit_lets_one_try_at_a_time_and_a_success_opens_the_line() -> None:
    async def main() -> None:
        line = made(Limits(in_flight=10))
        await fail(line, Unavailable("500"))
        opened, sent = now(), list[float]()

        async def one(number: int) -> None:
            sent.append(await through(line, Unavailable("500") if number < 3 else None, seconds=1.0) - opened)

        await asyncio.gather(*(one(number) for number in range(20)))
        assert sent[:4] == pytest.approx([1.0, 1.0 + 1 + 2, 4.0 + 1 + 4, 9.0 + 1 + 8])
        assert sent[4:14] == pytest.approx([sent[3] + 1.0] * 10)
        assert not line.is_open

    virtually(main())


def test_one_that_hangs_from_before_does_not_keep_others_from_finding_out() -> None:
    async def main() -> None:
        line = made(Limits(in_flight=2))
        hanging = await line.enter(Ticket(0.0))
        assert hanging is not None
        await fail(line, Unavailable("500"))
        opened = now()
        assert await through(line) == opened + 1.0
        assert not line.is_open

    virtually(main())


def test_when_patience_ends_the_provider_is_down() -> None:
    async def main() -> None:
        downs: list[tuple[float, str]] = []
        line = made(Limits(in_flight=1, patience=100.0), lambda error: downs.append((now(), str(error))))
        await fail(line, Unavailable("HTTP 500, so sorry"))
        await forever(lambda: through(line, Unavailable("HTTP 500, still sorry")), downs)
        at, words = downs[0]
        assert at == 100.5  # the first failed at 0.5
        assert words == (
            "test:model: the provider has given no answer for 100 seconds. What it said last: HTTP 500, still sorry"
        )

    virtually(main())


def test_a_success_in_time_starts_patience_anew() -> None:
    async def main() -> None:
        downs: list[ProviderDown] = []
        line = made(Limits(in_flight=1, patience=100.0), downs.append)
        for _ in range(3):
            await fail(line, Unavailable("500"))
            await asyncio.sleep(60.0)
            await through(line)
        await asyncio.sleep(1_000.0)
        assert not downs

    virtually(main())


def test_a_provider_that_asks_for_more_than_patience_is_down_at_once() -> None:
    async def main() -> None:
        downs: list[str] = []
        line = made(Limits(patience=100.0), lambda error: downs.append(str(error)))
        await through(line, Overloaded("HTTP 429", retry_after=3_600.0))
        assert downs == [
            "test:model: the provider asks to wait for 3600 seconds, more than the 100 it is given. "
            "What it said last: HTTP 429"
        ]

    virtually(main())


async def forever(again: Callable[[], Awaitable[object]], until: list[tuple[float, str]]) -> None:
    while not until:
        trying = asyncio.ensure_future(again())
        while not trying.done() and not until:
            await asyncio.sleep(0.5)
        trying.cancel()
