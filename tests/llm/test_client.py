"""Between an agent and an endpoint: nothing paid is lost or paid twice, and no failure looks like an answer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.llm.client import CHECKS, SLACK, Client, Traffic
from comity.llm.endpoint import Endpoint
from comity.llm.errors import (
    BadRequest,
    CallFailed,
    CapReached,
    Filtered,
    KeyRefused,
    ModelError,
    OutOfMoney,
    Overloaded,
    ProviderDown,
    RunStops,
    TimedOut,
    TooLong,
    Unavailable,
)
from comity.llm.ledger import Ledger, worst_case
from comity.llm.limits import Limits
from comity.llm.request import Completion, Draw, Request
from comity.llm.retry import Retries
from comity.llm.store import Memory
from tests.llm.scripted import PRICE, Scripted, Sending, answers, completion, draw, request, steps
from tests.llm.virtual import now, virtually

WORST = worst_case(request(), PRICE) or 0.0


def limited(in_flight: int | None = None, **retries: Any) -> Traffic:
    return Traffic(Limits(in_flight=in_flight), Retries(**retries))


def client(
    traffic: Traffic | None = None, *, cap: float | None = None, store: Memory | None = None, coalesce: bool = False
) -> Client:
    """A client whose backoff is always half of what it may be."""
    return Client(store or Memory(), Ledger(cap), traffic or Traffic(), coalesce=coalesce, chance=lambda: 0.5)


async def all_of(calls: Sequence[Any]) -> list[Any]:
    """What came of each call: a completion, or the error."""
    return await asyncio.gather(*calls, return_exceptions=True)


def assert_at_rest(used: Client) -> None:
    """No place, no money and no task is held."""
    total = used.account.total
    assert (total.in_flight, total.waiting) == (0, 0)
    assert all(line.in_flight == 0 for line, _ in used._lines.values())
    assert not used._asks
    assert not used._errands
    assert not used._fresh
    assert used._ledger.reserved == 0.0


def test_what_was_kept_costs_nothing_and_touches_no_limit() -> None:
    async def main() -> None:
        endpoint, store = Scripted(), Memory()
        store.put(request(), draw(), completion("kept"))
        used = client(limited(1), cap=0.0, store=store)
        assert (await used.complete(endpoint, request(), draw())).text == "kept"
        assert not endpoint.seen
        total = used.account.total
        assert (total.kept, total.calls, total.spent, total.completions) == (1, 0, 0.0, 0)

    virtually(main())


def test_equal_requests_are_separate_draws_and_each_is_kept() -> None:
    async def main() -> None:
        endpoint, store = Scripted(), Memory()
        used = client(store=store)
        first, second = await all_of([used.complete(endpoint, request(), draw(n)) for n in range(2)])
        assert first != second
        again = await all_of([used.complete(endpoint, request(), draw(n)) for n in range(2)])
        assert again == [first, second]
        assert len(endpoint.seen) == 2
        assert_at_rest(used)

    virtually(main())


def test_calls_for_the_same_draw_at_the_same_time_share_one() -> None:
    async def main() -> None:
        endpoint = Scripted()
        used = client()
        answered = await all_of([used.complete(endpoint, request(), draw()) for _ in range(5)])
        assert len({id(answer) for answer in answered}) == 1
        assert len(endpoint.seen) == 1

    virtually(main())


def test_who_stops_waiting_does_not_take_the_answer_from_others() -> None:
    async def main() -> None:
        endpoint = Scripted()
        used = client()
        leaving, staying = (asyncio.create_task(used.complete(endpoint, request(), draw())) for _ in range(2))
        await asyncio.sleep(0.5)
        leaving.cancel()
        assert (await staying).text == "0.0"
        assert leaving.cancelled()

    virtually(main())


def test_what_was_paid_is_kept_before_anybody_reads_it() -> None:
    async def main() -> None:
        events = list[str]()

        class Watched(Memory):
            def put(self, request: Request, draw: Draw, completion: Completion) -> None:
                super().put(request, draw, completion)
                events.append("kept")

        used = client(store=Watched())
        await used.complete(Scripted(), request(), draw())
        events.append("read")
        assert events == ["kept", "read"]

    virtually(main())


def test_the_end_of_the_event_loop_leaves_nothing_behind() -> None:
    used, endpoint = list[Client](), Scripted()

    async def main() -> None:
        used.append(client(limited(2), cap=1.0))
        calls = [asyncio.create_task(used[0].complete(endpoint, request(), draw(n))) for n in range(5)]
        await asyncio.sleep(0.5)
        assert not any(call.done() for call in calls)

    virtually(main())
    assert_at_rest(used[0])
    assert used[0]._ledger.uncertain == pytest.approx(2 * WORST, abs=1e-12)


def test_a_store_that_fails_is_told_and_nothing_stays_held() -> None:
    async def main() -> None:
        class Full(Memory):
            def put(self, request: Request, draw: Draw, completion: Completion) -> None:
                raise OSError("no space left")

        used = client(cap=1.0, store=Full())
        with pytest.raises(OSError, match="no space left"):
            await used.complete(Scripted(), request(), draw())
        assert used._ledger.spent == 0.001  # it was paid all the same
        assert_at_rest(used)

    virtually(main())


def test_the_ledger_is_settled_with_the_cost() -> None:
    async def main() -> None:
        used = client(cap=1.0)
        await used.complete(Scripted(), request(), draw())
        assert (used._ledger.spent, used._ledger.uncertain) == (0.001, 0.0)
        total = used.account.total
        assert (total.spent, total.uncertain, total.unpriced) == (0.001, 0.0, 0)
        assert (total.input, total.cached, total.output, total.reasoning) == (100, 20, 50, 10)
        assert total.latency == 1.0

    virtually(main())


@pytest.mark.parametrize("answer", [completion(known=False), completion(cost=None)], ids=["usage", "cost"])
def test_an_answer_of_unknown_cost_is_settled_and_kept_at_its_bound(answer: Completion) -> None:
    async def main() -> None:
        store = Memory()
        used = client(cap=1.0, store=store)
        await used.complete(Scripted(steps([answer])), request(), draw())
        assert used._ledger.spent == pytest.approx(WORST, abs=1e-12)
        kept = store.get(request(), draw())
        assert kept is not None
        assert kept.cost == pytest.approx(WORST, abs=1e-12)

    virtually(main())


def test_without_a_cap_an_answer_without_price_is_counted_as_such() -> None:
    async def main() -> None:
        used = client()
        answered = await used.complete(
            Scripted(steps([completion(cost=None)]), price=None), request(max_tokens=None), draw()
        )
        assert answered.cost is None
        assert used.account.total.unpriced == 1

    virtually(main())


def test_with_a_cap_what_has_no_bound_is_refused_before_it_is_sent() -> None:
    async def main() -> None:
        endpoint = Scripted()
        used = client(cap=1.0)
        with pytest.raises(BadRequest, match="max_tokens"):
            await used.complete(endpoint, request(max_tokens=None), draw())
        assert not endpoint.seen

    virtually(main())


def test_attempts_that_may_have_been_charged_count_as_uncertain() -> None:
    async def main() -> None:
        lost, free = Unavailable("reset"), Unavailable("no connection", sent=False)
        endpoint = Scripted(steps(lost, free, Overloaded("429"), [completion()]))
        used = client(cap=1.0)
        answered = await used.complete(endpoint, request(), draw())
        assert answered.attempts == 4
        assert used._ledger.spent == 0.001
        assert used._ledger.uncertain == pytest.approx(WORST, abs=1e-12)
        total = used.account.total
        assert total.uncertain == pytest.approx(WORST, abs=1e-12)
        assert total.troubles == {"Unavailable": 2, "Overloaded": 1}
        assert (total.calls, total.attempts, total.retries, total.failures) == (1, 4, 3, {})
        assert_at_rest(used)

    virtually(main())


def test_a_call_that_fails_each_time_it_is_sent_fails_after_four_attempts() -> None:
    async def main() -> None:
        endpoint = Scripted(steps(Unavailable("HTTP 500")))
        used = client(cap=1.0)
        with pytest.raises(Unavailable, match="HTTP 500"):
            await used.complete(endpoint, request(), draw())
        assert [sending.at for sending in endpoint.seen] == [0.0, 1 + 1, 3 + 2, 6 + 4]
        assert used.account.total.failures == {"Unavailable": 1}
        assert_at_rest(used)
        with pytest.raises(Unavailable):  # a failure is no answer, and is not kept as one
            await used.complete(endpoint, request(), draw())

    virtually(main())


@pytest.mark.parametrize("failure", [Filtered("withheld"), TooLong("too long", sent=False)])
def test_what_would_be_the_same_again_is_sent_once_and_others_go_on(failure: CallFailed) -> None:
    async def main() -> None:
        endpoint = Scripted(steps(failure, [completion()]))
        used = client(limited(1), cap=1.0)
        failed, answered = await all_of([used.complete(endpoint, request(), draw(n)) for n in range(2)])
        assert failed is failure
        assert answered.text == "answer"
        assert len(endpoint.seen) == 2
        assert used._ledger.uncertain == pytest.approx(WORST if failure.sent else 0.0, abs=1e-12)

    virtually(main())


def test_retry_after_holds_the_call_and_its_line() -> None:
    async def main() -> None:
        endpoint = Scripted(steps(Overloaded("429", retry_after=30.0), [completion()]))
        used = client(limited(1))
        await all_of([used.complete(endpoint, request(), draw(n)) for n in range(2)])
        assert [sending.at for sending in endpoint.seen] == [0.0, 31.0, 32.0]

    virtually(main())


def test_retry_after_beyond_the_deadline_fails_now() -> None:
    async def main() -> None:
        used = client(limited(1, deadline=100.0))
        with pytest.raises(Overloaded):
            await used.complete(Scripted(steps(Overloaded("429", retry_after=120.0))), request(), draw())
        assert now() == 1.0

    virtually(main())


def test_overloads_are_tried_again_until_the_deadline() -> None:
    async def main() -> None:
        endpoint = Scripted(steps(Overloaded("429"), seconds=0.0))
        used = Client(Memory(), Ledger(1.0), Traffic(Limits(pause=1.0), Retries(deadline=50.0)), chance=lambda: 0.1)
        with pytest.raises(Overloaded):
            await used.complete(endpoint, request(), draw())
        assert 20.0 < now() <= 50.0
        assert len(endpoint.seen) > used._traffic.retries.attempts
        assert used._ledger.uncertain == 0.0

    virtually(main())


def test_the_deadline_begins_with_the_first_attempt_and_not_in_the_queue() -> None:
    async def main() -> None:
        endpoint = Scripted(steps([completion()], seconds=9.0))
        used = client(limited(1, deadline=10.0))
        answered = await all_of([used.complete(endpoint, request(), draw(n)) for n in range(5)])
        assert [answer.text for answer in answered] == ["answer"] * 5
        assert {sending.timeout for sending in endpoint.seen} == {10.0}

    virtually(main())


@pytest.mark.parametrize("deaf", [False, True])
def test_an_endpoint_that_does_not_keep_its_time_is_cut_off(deaf: bool) -> None:
    async def main() -> None:
        async def hangs(sending: Sending) -> Sequence[Completion]:
            try:
                await asyncio.sleep(1e6)
            except asyncio.CancelledError:
                if not deaf:
                    raise
                await asyncio.sleep(1e4)
            return [completion()]

        used = client(limited(timeout=20.0, attempts=2), cap=1.0)
        with pytest.raises(TimedOut, match="within 20 seconds"):
            await used.complete(Scripted(hangs), request(), draw())
        assert now() <= 2 * (20.0 + 2 * SLACK) + 1.0
        assert used._ledger.uncertain == pytest.approx(2 * WORST, abs=1e-11)
        assert_at_rest(used)

    virtually(main())


@pytest.mark.parametrize("stop", [KeyRefused("no key"), BadRequest("no such model"), OutOfMoney("account is empty")])
def test_what_stops_the_run_is_raised_to_all_at_once(stop: RunStops) -> None:
    async def main() -> None:
        endpoint = Scripted(steps([completion()], stop, [completion()]))
        other = Scripted(steps([completion()], seconds=5.0), line="other:model")
        used = client(limited(2), cap=10.0)
        calls = [used.complete(endpoint, request(), draw(n)) for n in range(50)]
        calls += [used.complete(other, request("other"), draw(n)) for n in range(50)]
        came = await all_of(calls)
        assert now() == 1.0
        assert [type(one) for one in came[:2]] == [Completion, type(stop)]
        assert {str(one) for one in came[1:]} == {str(stop)}
        with pytest.raises(type(stop), match=str(stop)):
            await used.complete(other, request("later"), draw())
        assert (len(endpoint.seen), len(other.seen)) == (2, 2)
        assert (await used.complete(endpoint, request(), draw(0))).text == "answer"  # what is kept is still given
        assert used.account.stopped == str(stop)
        await used.close()
        assert now() == 5.0  # those in flight were let be, and kept
        assert (await used.complete(other, request("other"), draw(1))).text == "answer"
        assert_at_rest(used)

    virtually(main())


def test_after_a_stop_requests_in_flight_get_a_little_time_and_no_more() -> None:
    async def main() -> None:
        slow = Scripted(steps([completion()], seconds=100.0), line="slow:model")
        used = client(cap=1.0)
        came = await all_of(
            [
                used.complete(slow, request(), draw()),
                used.complete(Scripted(steps(KeyRefused("no key"))), request("x"), draw()),
            ]
        )
        assert [str(one) for one in came] == ["no key"] * 2
        await used.close()
        assert now() == 1.0 + used._traffic.grace
        assert used._ledger.uncertain == pytest.approx(WORST, abs=1e-12)
        assert_at_rest(used)

    virtually(main())


def test_the_cap_stops_the_run_when_nothing_in_flight_could_free_enough() -> None:
    async def main() -> None:
        endpoint = Scripted(steps([completion(cost=WORST / 2)]))
        used = client(limited(50), cap=10 * WORST)
        came = await all_of([used.complete(endpoint, request(), draw(n)) for n in range(100)])
        answered = [one for one in came if isinstance(one, Completion)]
        # A request is sent as long as its worst case is affordable: until less than one is left.
        assert len(answered) == 19
        assert {type(one) for one in came} == {Completion, CapReached}
        assert len({str(one) for one in came if isinstance(one, OutOfMoney)}) == 1
        assert endpoint.peak == 10
        assert_at_rest(used)

    virtually(main())


def test_a_provider_that_is_down_stops_the_run_after_patience_and_forfeits_little() -> None:
    async def main() -> None:
        endpoint = Scripted(steps(Unavailable("HTTP 503"), seconds=0.1))
        chance = random.Random(1)
        used = Client(Memory(), Ledger(None), limited(20), chance=chance.random)
        came = await all_of([used.complete(endpoint, request(), draw(n)) for n in range(500)])
        down = [one for one in came if isinstance(one, ProviderDown)]
        assert now() == pytest.approx(300.1)
        assert len(down) > 490
        assert len({str(one) for one in down}) == 1
        assert all(isinstance(one, Unavailable) for one in came if not isinstance(one, ProviderDown))
        assert len(endpoint.seen) < 60

    virtually(main())


def test_a_provider_that_comes_back_in_time_loses_few() -> None:
    async def main() -> None:
        async def back_after_two_minutes(sending: Sending) -> Sequence[Completion] | BaseException:
            await asyncio.sleep(0.1)
            return Unavailable("HTTP 503") if 10.0 < sending.at < 130.0 else await answers(sending)

        chance = random.Random(1)
        used = Client(Memory(), Ledger(None), limited(20), chance=chance.random)
        endpoint = Scripted(back_after_two_minutes)
        came = await all_of([used.complete(endpoint, request(), draw(n)) for n in range(1_000)])
        assert sum(isinstance(one, Completion) for one in came) >= 990
        assert not any(isinstance(one, RunStops) for one in came)
        assert now() < 300.0

    virtually(main())


@pytest.mark.slow
def test_as_many_are_in_flight_as_may_be_until_the_tail() -> None:
    async def main() -> None:
        chance, last_queued = random.Random(3), [0.0]

        async def lognormal(sending: Sending) -> Sequence[Completion]:
            last_queued[0] = sending.at
            await asyncio.sleep(chance.lognormvariate(-1.6, 0.5))
            busy.append((sending.at, now()))
            return [completion()]

        busy = list[tuple[float, float]]()
        endpoint = Scripted(lognormal)
        used = client(limited(200), cap=1e6)
        await all_of([used.complete(endpoint, request(), draw(n)) for n in range(5_000)])
        until = last_queued[0]
        mean = sum(min(end, until) - min(begin, until) for begin, end in busy) / until
        assert 0.99 * 200 <= mean <= 200
        assert endpoint.peak == used.account.peak == 200

    virtually(main())


def test_the_longest_waits_first_also_after_a_failure() -> None:
    async def main() -> None:
        endpoint = Scripted(steps(Unavailable("500", retry_after=0.5), [completion()]))
        used = client(limited(1))
        await all_of([used.complete(endpoint, request(f"{n}"), draw(n)) for n in range(4)])
        assert [sending.request.messages[0].text for sending in endpoint.seen] == ["0", "1", "0", "2", "3"]

    virtually(main())


def test_equal_requests_that_wait_are_sent_as_one_and_stay_separate_draws() -> None:
    async def main() -> None:
        endpoint, store = Scripted(samples=8), Memory()
        used = client(limited(1), cap=10.0, store=store, coalesce=True)
        busy = asyncio.create_task(used.complete(endpoint, request("busy"), draw(99)))
        await asyncio.sleep(0.5)
        came = await all_of([used.complete(endpoint, request(), draw(n)) for n in range(8)])
        await busy
        assert [sending.samples for sending in endpoint.seen] == [1, 8]
        assert [one.text for one in came] == [f"1.{n}" for n in range(8)]
        assert [store.get(request(), draw(n)) for n in range(8)] == came
        total = used.account.total
        assert (total.calls, total.completions, total.coalesced) == (2, 9, 7)
        assert total.spent == pytest.approx(0.009)
        assert used._ledger.spent == 0.009
        assert_at_rest(used)

    virtually(main())


def test_nobody_waits_for_partners() -> None:
    async def main() -> None:
        endpoint = Scripted(samples=8)
        used = client(limited(100), coalesce=True)
        await all_of([used.complete(endpoint, request(), draw(n)) for n in range(8)])
        assert [sending.at for sending in endpoint.seen] == [0.0] * len(endpoint.seen)
        assert now() == 1.0

    virtually(main())


@pytest.mark.parametrize(("offered", "coalesce", "expected"), [(1, True, [1] * 9), (8, False, [1] * 9)])
def test_only_what_is_offered_and_wanted_is_coalesced(offered: int, coalesce: bool, expected: list[int]) -> None:
    async def main() -> None:
        endpoint = Scripted(samples=offered)
        used = client(limited(1), coalesce=coalesce)
        await all_of([used.complete(endpoint, request(), draw(n)) for n in range(9)])
        assert [sending.samples for sending in endpoint.seen] == expected

    virtually(main())


def test_more_than_is_offered_at_a_time_is_sent_in_parts() -> None:
    async def main() -> None:
        endpoint = Scripted(samples=4)
        used = client(limited(1), coalesce=True)
        await all_of([used.complete(endpoint, request(), draw(n)) for n in range(13)])
        assert max(sending.samples for sending in endpoint.seen) <= 4
        assert sum(sending.samples for sending in endpoint.seen) == 13
        assert len(endpoint.seen) <= 6

    virtually(main())


def test_samples_that_did_not_come_are_asked_again() -> None:
    async def main() -> None:
        async def at_most_two(sending: Sending) -> Sequence[Completion]:
            return (await answers(sending))[:2]

        endpoint = Scripted(at_most_two, samples=8)
        used = client(limited(1), cap=10.0, coalesce=True)
        came = await all_of([used.complete(endpoint, request(), draw(n)) for n in range(6)])
        assert len({one.text for one in came}) == 6
        assert endpoint.paid == 6
        assert used.account.total.coalesced == 1
        await all_of([used.complete(endpoint, request(), draw(n)) for n in range(6, 12)])
        assert [sending.samples for sending in endpoint.seen] == [1, 5, *[1] * 9]  # and never together again
        assert_at_rest(used)

    virtually(main())


def test_an_answer_without_any_completion_is_a_failure() -> None:
    async def main() -> None:
        used = client(limited(attempts=1))
        with pytest.raises(Unavailable, match="without an answer"):
            await used.complete(Scripted(steps([])), request(), draw())

    virtually(main())


def test_what_has_failed_before_is_not_sent_together_with_what_has_not() -> None:
    async def main() -> None:
        async def script(sending: Sending) -> Sequence[Completion] | BaseException:
            await asyncio.sleep(10.0 if sending.number == 1 else 1.0)
            return Unavailable("500", retry_after=5.0) if sending.number == 0 else await answers(sending)

        endpoint = Scripted(script, samples=8)
        used = client(limited(1), coalesce=True)
        calls = [asyncio.create_task(used.complete(endpoint, request(text), draw())) for text in ("failed", "busy")]
        await asyncio.sleep(7.0)  # the first waits in the queue for its second attempt
        came = await all_of([*calls, *(used.complete(endpoint, request("failed"), draw(n)) for n in range(1, 4))])
        assert [sending.samples for sending in endpoint.seen] == [1, 1, 1, 3]
        assert [one.attempts for one in came] == [2, 1, 1, 1, 1]

    virtually(main())


def test_attempts_are_counted_anew_after_some_of_the_samples_came() -> None:
    async def main() -> None:
        async def script(sending: Sending) -> Sequence[Completion] | BaseException:
            came = (await answers(sending))[:1]
            return Unavailable("500") if sending.number in (1, 2, 3, 5) else came

        endpoint = Scripted(script, samples=8)
        used = client(limited(1), coalesce=True)
        busy = used.complete(endpoint, request("busy"), draw())
        came = await all_of([busy, *(used.complete(endpoint, request(), draw(n)) for n in range(3))])
        assert [sending.samples for sending in endpoint.seen] == [1, 3, 3, 3, 3, 1, 1, 1]
        assert [one.attempts for one in came] == [1, 4, 2, 1]

    virtually(main())


def test_a_call_whose_deadline_passes_in_the_queue_is_not_sent_again() -> None:
    async def main() -> None:
        async def script(sending: Sending) -> Sequence[Completion] | BaseException:
            await asyncio.sleep(9.5 if sending.number else 1.0)
            return [completion()] if sending.number else Unavailable("HTTP 500")

        endpoint = Scripted(script)
        used = client(limited(1, deadline=10.0), cap=1.0)
        came = await all_of([used.complete(endpoint, request(), draw(n)) for n in range(2)])
        assert str(came[0]) == "HTTP 500"
        assert isinstance(came[1], Completion)
        assert len(endpoint.seen) == 2
        assert_at_rest(used)

    virtually(main())


def test_where_money_reaches_for_some_samples_only_these_are_asked() -> None:
    async def main() -> None:
        endpoint = Scripted(steps([completion(cost=0.0)] * 8), samples=8)
        used = client(limited(1), cap=4.2 * WORST, coalesce=True)
        came = await all_of([used.complete(endpoint, request(), draw(n)) for n in range(9)])
        assert all(isinstance(one, Completion) for one in came)
        assert max(sending.samples for sending in endpoint.seen) == 4
        assert_at_rest(used)

    virtually(main())


def test_a_request_for_many_goes_on_as_long_as_one_of_them_is_wanted() -> None:
    async def main() -> None:
        endpoint, store = Scripted(samples=8), Memory()
        used = client(limited(1), store=store, coalesce=True)
        busy = asyncio.create_task(used.complete(endpoint, request("busy"), draw(99)))
        await asyncio.sleep(0)
        calls = [asyncio.create_task(used.complete(endpoint, request(), draw(n))) for n in range(3)]
        await busy
        await asyncio.sleep(0.5)
        for call in calls[:2]:
            call.cancel()
        await calls[2]
        assert [store.get(request(), draw(n)) is not None for n in range(3)] == [True] * 3
        assert_at_rest(used)

    virtually(main())


@pytest.mark.parametrize("sent", [False, True])
def test_what_stops_the_run_after_the_provider_worked_on_it_may_have_been_paid(sent: bool) -> None:
    async def main() -> None:
        used = client(cap=1.0)
        with pytest.raises(OutOfMoney, match="empty"):
            await used.complete(Scripted(steps(OutOfMoney("account is empty", sent=sent))), request(), draw())
        assert used._ledger.uncertain == pytest.approx(WORST if sent else 0.0, abs=1e-12)
        assert used.account.total.uncertain == used._ledger.uncertain
        assert_at_rest(used)

    virtually(main())


@pytest.mark.parametrize("error", [ZeroDivisionError("odd"), asyncio.CancelledError(), ModelError("odd")])
def test_an_unknown_error_is_handed_on_after_everything_was_given_back(error: BaseException) -> None:
    async def main() -> None:
        used = client(limited(1), cap=1.0)
        endpoint = Scripted(steps(error, [completion()]))
        with pytest.raises(type(error)):
            await used.complete(endpoint, request(), draw())
        assert used._ledger.uncertain == pytest.approx(WORST, abs=1e-12)
        assert_at_rest(used)
        assert (await used.complete(endpoint, request(), draw())).text == "answer"

    virtually(main())


@pytest.mark.parametrize("coalesce", [False, True])
@pytest.mark.parametrize("busy", [0, 1, 3])
def test_cancellation_at_any_moment_holds_nothing_and_loses_no_answer(busy: int, coalesce: bool) -> None:
    async def slow(sending: Sending) -> Sequence[Completion] | BaseException:
        for _ in range(4):
            await asyncio.sleep(0)
        if sending.number % 3 == 1:
            return Unavailable("500")
        return [completion(f"{sending.number}.{sample}") for sample in range(sending.samples)]

    async def main(moment: int) -> bool:
        endpoint, store = Scripted(slow, samples=8), Memory()
        used = Client(store, Ledger(2.5 * WORST), limited(2), coalesce=coalesce, chance=lambda: 0.0)
        others = [asyncio.create_task(used.complete(endpoint, request("other"), draw(n))) for n in range(busy)]
        call = asyncio.create_task(used.complete(endpoint, request(), draw(50)))
        for _ in range(moment):
            await asyncio.sleep(0)
        ended = call.done()
        call.cancel()
        came = await all_of([call, *others])
        await used.close()
        assert_at_rest(used)
        assert endpoint.paid == len(store._kept), "an answer was paid for and is not kept"
        assert all(isinstance(one, Completion | OutOfMoney) for one in came[1:])
        return ended

    ended = [virtually(main(moment)) for moment in range(60)]
    assert ended[-1]
    assert not ended[0]


@pytest.mark.parametrize("answer_first", [False, True])
def test_an_answer_that_arrives_with_the_cancellation_is_kept(answer_first: bool) -> None:
    async def main() -> None:
        arriving: asyncio.Future[Sequence[Completion]] = asyncio.get_running_loop().create_future()

        async def arrives(sending: Sending) -> Sequence[Completion]:
            return await arriving

        store = Memory()
        used = client(cap=1.0, store=store)
        call = asyncio.create_task(used.complete(Scripted(arrives), request(), draw()))
        await asyncio.sleep(1.0)
        if answer_first:
            arriving.set_result([completion()])
        call.cancel()
        if not answer_first:
            arriving.set_result([completion()])
        with pytest.raises(asyncio.CancelledError):
            await call
        await used.close()
        assert store.get(request(), draw()) == completion()
        assert (used._ledger.spent, used._ledger.uncertain) == (0.001, 0.0)
        assert_at_rest(used)

    virtually(main())


def test_who_asks_again_for_what_was_just_abandoned_gets_what_is_kept() -> None:
    async def main() -> None:
        async def stubborn(sending: Sending) -> Sequence[Completion]:
            try:
                await asyncio.sleep(10.0)
            except asyncio.CancelledError:
                await asyncio.sleep(0.5)  # the answer was being received
            return [completion("first")] if sending.number == 0 else [completion("second")]

        endpoint = Scripted(stubborn)
        used = client()
        call = asyncio.create_task(used.complete(endpoint, request(), draw()))
        await asyncio.sleep(1.0)
        call.cancel()
        await asyncio.sleep(0)
        assert (await used.complete(endpoint, request(), draw())).text == "first"
        assert len(endpoint.seen) == 1

    virtually(main())


def test_closing_ends_what_is_under_way_and_closes_each_endpoint_once() -> None:
    async def main() -> None:
        endpoint = Scripted()
        used = client(limited(1), cap=1.0)
        calls = [asyncio.create_task(used.complete(endpoint, request(), draw(n))) for n in range(3)]
        await asyncio.sleep(0.5)
        await used.close()
        assert [type(one) for one in await all_of(calls)] == [asyncio.CancelledError] * 3
        assert (endpoint.closed, len(endpoint.seen)) == (1, 1)
        assert used._ledger.uncertain == pytest.approx(WORST, abs=1e-12)
        assert_at_rest(used)

    virtually(main())


def test_a_check_asks_each_line_once_and_all_at_the_same_time() -> None:
    async def main() -> None:
        endpoints = [Scripted(line=f"test:{n}") for n in range(5)]
        await client().check([*endpoints, *endpoints])
        assert [endpoint.checked for endpoint in endpoints] == [1] * 5
        assert now() == 1.0

    virtually(main())


def test_a_check_finds_a_key_that_is_refused_without_waiting_for_who_hangs() -> None:
    async def main() -> None:
        refused = Scripted(checks=[KeyRefused("the key is wrong")])
        hanging: Endpoint = Scripted(line="slow", checks=[TimedOut("slow")])
        with pytest.raises(KeyRefused, match="the key is wrong"):
            await client().check([hanging, refused])
        assert now() == 1.0

    virtually(main())


@pytest.mark.parametrize("trouble", [Overloaded("429"), Filtered("no")])
def test_who_refuses_the_moment_or_the_text_has_accepted_key_and_model(trouble: CallFailed) -> None:
    virtually(client().check([Scripted(checks=[trouble])]))


def test_a_check_tries_again_and_then_says_that_nobody_answers() -> None:
    async def main() -> None:
        recovering = Scripted(checks=[Unavailable("HTTP 500"), None])
        await client().check([recovering])
        assert recovering.checked == 2
        dead = Scripted(line="dead:model", checks=[Unavailable("no connection", sent=False)])
        with pytest.raises(ProviderDown, match=r"dead:model.*cannot be reached.*no connection"):
            await client().check([dead])
        assert dead.checked == CHECKS

    virtually(main())


def test_the_account_counts_by_line_and_adds_up() -> None:
    async def main() -> None:
        first, second = Scripted(line="a:a"), Scripted(steps(Filtered("no")), line="b:b")
        used = client()
        await all_of([used.complete(first, request("a"), draw(n)) for n in range(3)])
        await all_of([used.complete(second, request("b"), draw(n)) for n in range(2)])
        lines, total = used.account.lines, used.account.total
        assert (lines["a:a"].completions, lines["b:b"].completions, total.completions) == (3, 0, 3)
        assert (lines["b:b"].failures, total.failures) == ({"Filtered": 2}, {"Filtered": 2})
        assert (lines["a:a"].peak, lines["b:b"].peak, total.peak) == (3, 2, 3)
        assert total.spent == pytest.approx(0.003)

    virtually(main())


def test_a_watcher_is_told_what_happens() -> None:
    async def main() -> None:
        events = list[str]()
        endpoint = Scripted(steps(Unavailable("500"), [completion()]))
        used = Client(Memory(), Ledger(None), watch=lambda line, event: events.append(f"{line} {event}"))
        await used.complete(endpoint, request(), draw())
        await used.complete(endpoint, request(), draw())
        assert events == [f"test:model {event}" for event in ("sent", "troubled", "sent", "answered", "kept")]

    virtually(main())


async def wild(sending: Sending, chance: random.Random) -> Sequence[Completion] | BaseException:
    """Every fault there is, at random."""
    await asyncio.sleep(chance.expovariate(1.0))
    match chance.randrange(12):
        case 0:
            return Unavailable("500")
        case 1:
            return Overloaded("429", retry_after=chance.choice([None, 3.0]))
        case 2:
            return Filtered("no")
        case 3:
            return Unavailable("no connection", sent=False)
        case 4:
            await asyncio.sleep(sending.timeout)
            return TimedOut("slow")
        case 5:
            return ZeroDivisionError("odd")
    return [
        completion(f"{sending.number}.{sample}", cost=WORST / 2, known=chance.random() < 0.9)
        for sample in range(chance.randint(1, sending.samples))
    ]


@pytest.mark.slow
@given(seed=st.integers(0, 2**32), coalesce=st.booleans())
def test_law_whatever_happens_the_cap_holds_and_every_paid_answer_is_kept(seed: int, coalesce: bool) -> None:
    async def main() -> None:
        chance, store = random.Random(seed), Memory()
        endpoint = Scripted(lambda sending: wild(sending, chance), samples=4)
        ledger = Ledger(chance.uniform(1.0, 120.0) * WORST)
        traffic = Traffic(Limits(in_flight=chance.choice([None, 3, 200])), Retries(timeout=20.0))
        used = Client(store, ledger, traffic, coalesce=coalesce, chance=chance.random)

        async def call(number: int) -> Completion:
            async with asyncio.timeout(chance.choice([None, 5.0])):
                return await used.complete(endpoint, request(f"{number % 20}"), draw(number))

        came = await all_of([call(number) for number in range(200)])
        await used.close()
        assert ledger.spent + ledger.uncertain <= (ledger.cap or 0.0) + 1e-9
        assert endpoint.paid == len(store._kept)
        assert all(isinstance(one, Completion | ModelError | TimeoutError | ZeroDivisionError) for one in came)
        for number, one in enumerate(came):
            if isinstance(one, Completion):
                assert store.get(request(f"{number % 20}"), draw(number)) == one
        assert_at_rest(used)

    virtually(main())
