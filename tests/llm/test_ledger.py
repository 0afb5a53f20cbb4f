"""The cap of a run is kept, and nobody is refused what might still be afforded."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.llm.endpoint import Price
from comity.llm.errors import OutOfMoney
from comity.llm.ledger import MESSAGE_TOKENS, SCHEMA_TOKENS, Ledger, Reservation, worst_case
from comity.llm.request import Message, Request, Settings
from tests.llm.scripted import Scripted, request
from tests.llm.virtual import virtually


async def settled(task: asyncio.Task[Any]) -> bool:
    """Whether a task has ended once everything that can happen at once has happened."""
    for _ in range(5):
        await asyncio.sleep(0)
    return task.done()


def test_the_worst_case_counts_bytes_messages_schema_and_every_sample() -> None:
    messages = (Message("system", "né"), Message("user", "abc"))
    asked = Request("m", messages, Settings(max_tokens=7), schema="{}")
    tokens = 3 + 3 + 2 + 2 * MESSAGE_TOKENS + SCHEMA_TOKENS
    assert worst_case(asked, Price(3.0, 5.0), 4) == pytest.approx((tokens * 3.0 + 4 * 7 * 5.0) / 1e6, rel=1e-12)


def test_a_cache_dearer_than_the_prompt_is_the_worst_case() -> None:
    dear, cheap = (worst_case(request(), Price(1.0, 1.0, cached)) for cached in (2.0, 0.1))
    assert dear is not None
    assert cheap is not None
    assert dear > cheap == worst_case(request(), Price(1.0, 1.0))


@pytest.mark.parametrize(
    ("asked", "price"), [(request(), None), (request(max_tokens=None), Price(1.0, 1.0))], ids=["price", "max_tokens"]
)
def test_without_a_price_or_a_longest_answer_there_is_no_worst_case(asked: Request, price: Price | None) -> None:
    assert worst_case(asked, price) is None


def test_a_reservation_ends_in_one_of_three_ways() -> None:
    async def main() -> None:
        ledger = Ledger(10.0, spent=1.0, uncertain=0.5)
        first, second, third = [await ledger.reserve(2.0) for _ in range(3)]
        assert (ledger.spent, ledger.uncertain, ledger.reserved) == (1.0, 0.5, 6.0)
        first.settle(0.25)
        second.release()
        third.lose()
        assert (ledger.spent, ledger.uncertain, ledger.reserved) == (1.25, 2.5, 0.0)
        with pytest.raises(RuntimeError, match="ended before"):
            first.release()
        assert (ledger.spent, ledger.uncertain, ledger.reserved) == (1.25, 2.5, 0.0)

    virtually(main())


def test_what_can_never_be_afforded_is_refused_at_once_in_words() -> None:
    async def main() -> None:
        ledger = Ledger(5.0, spent=4.0, uncertain=0.5)
        with pytest.raises(OutOfMoney) as refused:
            await ledger.reserve(0.75)
        assert str(refused.value) == (
            "The cap of $5.00 for this run could be passed: $4.00 spent, $0.50 possibly spent in calls that failed, "
            "and the next request may cost $0.75."
        )
        assert ledger.reserved == 0.0
        (await ledger.reserve(0.5)).settle(0.5)
        assert ledger.spent + ledger.uncertain == 5.0

    virtually(main())


def test_a_request_waits_as_long_as_those_in_flight_may_free_enough_and_not_longer() -> None:
    async def main() -> None:
        ledger = Ledger(10.0)
        dear, other = await ledger.reserve(6.0), await ledger.reserve(4.0)
        waiting = asyncio.create_task(ledger.reserve(5.0))
        assert not await settled(waiting)
        other.settle(4.0)
        assert not await settled(waiting)  # 4 spent and 6 reserved: the 6 may still cost nothing
        dear.settle(5.5)
        assert await settled(waiting)
        with pytest.raises(OutOfMoney):
            waiting.result()

    virtually(main())


def test_money_is_given_first_come_first_served() -> None:
    async def main() -> None:
        ledger = Ledger(10.0)
        held = await ledger.reserve(8.0)
        large = asyncio.create_task(ledger.reserve(9.0))
        await asyncio.sleep(0)
        small = asyncio.create_task(ledger.reserve(1.0))
        assert not await settled(small)  # it would fit beside the one in flight, and would starve the large one
        held.release()
        assert await settled(large)
        assert await settled(small)
        assert ledger.reserved == 10.0

    virtually(main())


@pytest.mark.parametrize("granted", [False, True])
def test_who_is_cancelled_leaves_nothing_reserved(granted: bool) -> None:
    async def main() -> None:
        ledger = Ledger(10.0)
        held = await ledger.reserve(8.0)
        waiting = asyncio.create_task(ledger.reserve(5.0))
        behind = asyncio.create_task(ledger.reserve(2.0))
        assert not await settled(waiting)
        if granted:
            held.release()  # the grant is on its way when the cancellation comes
        waiting.cancel()
        assert await settled(behind)
        assert waiting.cancelled()
        assert ledger.reserved == (2.0 if granted else 10.0)

    virtually(main())


def test_without_a_cap_nothing_waits() -> None:
    async def main() -> None:
        ledger = Ledger(None)
        (await ledger.reserve(1e6)).settle(1e5)
        assert (ledger.cap, ledger.spent) == (None, 1e5)
        assert not ledger.refusals(Scripted(price=None), Settings())

    virtually(main())


def test_a_cap_needs_a_price_and_a_longest_answer() -> None:
    ledger = Ledger(1.0)
    assert not ledger.refusals(Scripted(), Settings(max_tokens=5))
    price, longest = ledger.refusals(Scripted(price=None), Settings())
    assert "price" in price
    assert "max_tokens" in longest


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_amounts_are_sums_of_money(bad: float) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="US dollars"):
            Ledger(bad)
        ledger = Ledger(1.0)
        with pytest.raises(ValueError, match="US dollars"):
            await ledger.reserve(bad)
        reservation = await ledger.reserve(0.5)
        with pytest.raises(ValueError, match="US dollars"):
            reservation.settle(bad)
        reservation.release()

    virtually(main())


def test_sums_do_not_drift() -> None:
    async def main() -> None:
        ledger = Ledger(1.3)
        for _ in range(10_000):
            (await ledger.reserve(0.3)).settle(0.0001)
        assert ledger.spent == 1.0
        assert ledger.reserved == 0.0

    virtually(main())


async def spend(ledger: Ledger, chance: random.Random, refused: list[float]) -> None:
    """One call: some wait, some are cancelled, and they end in every way."""
    await asyncio.sleep(chance.random())
    worst = chance.choice([0.01, 0.1, 1.0]) * chance.random()
    try:
        async with asyncio.timeout(chance.choice([0.05, None])):
            reservation = await ledger.reserve(worst)
    except TimeoutError:
        return
    except OutOfMoney:
        refused.append(worst)
        assert ledger.spent + ledger.uncertain + worst > (ledger.cap or 0) - 1e-9, "refused without need"
        return
    await hold(ledger, reservation, worst, chance)


async def hold(ledger: Ledger, reservation: Reservation, worst: float, chance: random.Random) -> None:
    total = ledger.spent + ledger.uncertain + ledger.reserved
    assert total <= (ledger.cap or 0) + 1e-9, "the cap is passed"
    await asyncio.sleep(chance.random())
    match chance.randrange(4):
        case 0:
            reservation.release()
        case 1:
            reservation.lose()
        case _:
            reservation.settle(worst * chance.random())


@given(seed=st.integers(0, 2**32), cap=st.floats(0.1, 40.0))
def test_law_the_cap_holds_under_two_hundred_concurrent_calls(seed: int, cap: float) -> None:
    async def main() -> None:
        ledger, chance, refused = Ledger(cap), random.Random(seed), list[float]()
        await asyncio.gather(*(spend(ledger, chance, refused) for _ in range(200)))
        assert ledger.reserved == 0.0
        assert ledger.spent + ledger.uncertain <= cap + 1e-9

    virtually(main())
