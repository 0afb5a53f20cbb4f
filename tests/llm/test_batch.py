"""Batches, over real HTTP against the fake provider, and in this process where the moment of a failure matters."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.llm import batch, secrets
from comity.llm.asking import Address, Secret, asked, batched, built
from comity.llm.batch import Came, Pace, Waiting, name_of, uncertain
from comity.llm.client import Client, Traffic
from comity.llm.endpoint import BatchEndpoint, Endpoint, Price
from comity.llm.errors import (
    BadRequest,
    KeyRefused,
    ModelError,
    OutOfMoney,
    Overloaded,
    ProviderDown,
    TimedOut,
    Unavailable,
)
from comity.llm.fake import Answered, Asked, Batching, FakeProvider
from comity.llm.ledger import Ledger, worst_case
from comity.llm.prices import cost, price_of
from comity.llm.providers import endpoint
from comity.llm.request import Completion, Draw, Message, Request, Settings, Usage
from comity.llm.store import Memory, Submitted
from tests.llm import scripted
from tests.llm.loopback import reaching
from tests.llm.virtual import virtually

pytestmark = pytest.mark.slow

T = TypeVar("T")

FAST = Traffic(pace=Pace(first=0.01, growth=1.0, longest=0.01, patience=2))
MODELS = ("openai-responses:gpt-4o-mini", "anthropic:claude-haiku-4-5")
SETTINGS = Settings(max_tokens=50)
KEY = "sk-a-key-that-nobody-may-see"


def question(model: str, number: int) -> Request:
    return Request(model, (Message("system", "Repeat."), Message("user", f"number {number}")), SETTINGS)


def questions(model: str, count: int) -> list[tuple[Request, Draw]]:
    return [(question(model, number), Draw(7, number, 0)) for number in range(count)]


def repeating(asked: Asked) -> Answered:
    return Answered(asked.messages[-1].text)


def url_of(model: str, provider: FakeProvider) -> str:
    return provider.url_anthropic if model.startswith("anthropic") else provider.url_openai


def texts(came: Sequence[Came]) -> list[str]:
    return [one.text if isinstance(one, Completion) else type(one).__name__ for one in came]


async def asked_in_batch(
    model: str, provider: FakeProvider, store: Memory, asks: Sequence[tuple[Request, Draw]], ledger: Ledger, **how: Any
) -> list[Came]:
    async with reaching(model, url_of(model, provider), **how) as one:
        return await Client(store, ledger, FAST).complete_batch(one, asks)


def ran(trial: Callable[[FakeProvider], Awaitable[T]], **how: Any) -> T:
    async def run() -> T:
        async with FakeProvider(repeating, **how) as provider:
            return await trial(provider)

    return asyncio.run(run())


@pytest.mark.parametrize("model", MODELS)
def test_answers_come_in_order_and_cost_what_a_batch_costs(model: str) -> None:
    asks, store, ledger = questions(model, 20), Memory(), Ledger(1.0)

    async def trial(provider: FakeProvider) -> None:
        came = await asked_in_batch(model, provider, store, asks, ledger)
        assert texts(came) == [f"number {number}" for number in range(20)]
        assert provider.account.completed.total() == 20
        half, whole = price_of(model, batch=True), price_of(model)
        assert half is not None
        assert whole is not None
        assert half.output == whole.output / 2
        for one in came:
            assert isinstance(one, Completion)
            assert one.usage.known
            assert one.cost == cost(one.usage, half)
            assert one.finish == "stop"
            assert one.identifier
        assert ledger.spent == pytest.approx(sum(one.cost or 0 for one in came if isinstance(one, Completion)))
        assert (ledger.reserved, ledger.uncertain) == (0, 0)
        assert store.batches() == ()
        assert [store.get(*ask) for ask in asks] == came

    ran(trial)


@pytest.mark.parametrize("model", MODELS)
def test_what_is_kept_is_not_asked(model: str) -> None:
    asks, store = questions(model, 6), Memory()
    store.put(*asks[2], scripted.completion("kept"))

    async def trial(provider: FakeProvider) -> None:
        first = await asked_in_batch(model, provider, store, [*asks, asks[0]], Ledger(None))
        assert texts(first) == [*(f"number {n}" if n != 2 else "kept" for n in range(6)), "number 0"]
        assert provider.account.completed.total() == 5
        assert await asked_in_batch(model, provider, store, asks, Ledger(None)) == first[:-1]
        assert provider.account.completed.total() == 5

    ran(trial)


def test_draws_of_equal_prompts_are_separate() -> None:
    model = MODELS[0]
    asks = [(question(model, 0), Draw(7, number, 0)) for number in range(8)]

    async def trial() -> None:
        async with FakeProvider(lambda asked: Answered(f"{asked.chance.uniform()}")) as provider:
            came = await asked_in_batch(model, provider, Memory(), asks, Ledger(None))
            assert len(set(texts(came))) == 8
            assert not provider.account.repeated

    asyncio.run(trial())


@pytest.mark.parametrize("model", MODELS)
def test_a_killed_process_picks_its_batch_up_again(model: str) -> None:
    asks, store = questions(model, 12), Memory()

    async def trial(provider: FakeProvider) -> None:
        first = asyncio.create_task(asked_in_batch(model, provider, store, asks, Ledger(1.0)))
        while not any(one.ticket for one in store.batches()):
            await asyncio.sleep(0.005)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert provider.account.completed.total() == 0, "nothing was answered yet"
        provider.batches.batching = Batching()  # whatever is sent from now on would be done at once
        ledger, more = Ledger(1.0), [*asks, *((question(model, n), Draw(7, n, 0)) for n in range(12, 15))]
        came = await asked_in_batch(model, provider, store, more, ledger)
        assert texts(came) == [f"number {number}" for number in range(15)]
        assert provider.account.completed.total() == 15
        assert not provider.account.repeated
        assert store.batches() == ()
        assert (ledger.reserved, ledger.uncertain) == (0, 0)

    ran(trial, batching=Batching(seconds=0.4))


def test_a_part_of_a_batch_can_be_fetched_and_the_rest_later() -> None:
    model, store, ledger = MODELS[0], Memory(), Ledger(1.0)
    asks = questions(model, 9)

    async def trial(provider: FakeProvider) -> None:
        async with reaching(model, provider.url_openai) as one:
            client = Client(store, ledger, FAST)
            task = asyncio.create_task(client.complete_batch(one, asks))
            while not any(batch.ticket for batch in store.batches()):
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            held = ledger.reserved
            assert held > 0
            assert texts(await client.complete_batch(one, asks[:3])) == ["number 0", "number 1", "number 2"]
            [left] = store.batches()
            assert left.worst.keys() == {name_of(*ask) for ask in asks[3:]}
            assert ledger.reserved == pytest.approx(held * 6 / 9)
            assert len(await client.complete_batch(one, asks[3:])) == 6
            assert ledger.reserved == 0
            assert provider.account.completed.total() == 9

    ran(trial, batching=Batching(seconds=0.1))


@pytest.mark.parametrize("model", MODELS)
def test_single_failures_leave_the_rest_and_can_be_asked_again(model: str) -> None:
    asks, store, ledger = questions(model, 60), Memory(), Ledger(1.0)

    async def trial(provider: FakeProvider) -> None:
        async with reaching(model, url_of(model, provider)) as one:
            client = Client(store, ledger, FAST)
            came = await client.complete_batch(one, asks)
            kinds = set(texts(came)) - {f"number {number}" for number in range(60)}
            assert kinds == {"Unavailable", "TimedOut"}
            assert all(text in (f"number {n}", *kinds) for n, text in enumerate(texts(came)))
            answered = sum(isinstance(answer, Completion) for answer in came)
            assert provider.account.completed.total() == answered < 60
            assert (ledger.reserved, ledger.uncertain) == (0, 0), "what was not answered is not charged for"
            assert store.batches() == ()
            failures = client.account.total.failures
            assert sum(failures.values()) == 60 - answered
            assert client.account.total.calls == 60
            lacking = [ask for ask, answer in zip(asks, came, strict=True) if not isinstance(answer, Completion)]
            rest = await asyncio.gather(*(client.complete(one, *ask) for ask in lacking))
            assert [answer.text for answer in rest] == [ask[0].messages[-1].text for ask in lacking]
            assert provider.account.completed.total() == 60

    ran(trial, batching=Batching(failed=0.2, expired=0.2))


@pytest.mark.parametrize("model", MODELS)
def test_an_expired_batch_costs_nothing_and_is_forgotten(model: str) -> None:
    asks, store, ledger = questions(model, 5), Memory(), Ledger(1.0)

    async def trial(provider: FakeProvider) -> None:
        came = await asked_in_batch(model, provider, store, asks, ledger)
        assert all(isinstance(one, TimedOut) and "expired" in str(one) for one in came)
        assert (ledger.spent, ledger.reserved, ledger.uncertain) == (0, 0, 0)
        assert store.batches() == ()

    ran(trial, batching=Batching(expired=1.0))


@pytest.mark.parametrize("model", MODELS)
def test_a_request_that_is_wrong_stops_the_run_after_the_rest_is_kept(model: str) -> None:
    asks, store = questions(model, 4), Memory()
    other = model.replace("gpt-4o-mini", "gpt-4.1").replace("claude-haiku-4-5", "claude-opus-4-5")

    async def trial(provider: FakeProvider) -> None:
        with pytest.raises(BadRequest, match="does not exist"):
            await asked_in_batch(other, provider, store, [(replace(r, model=other), d) for r, d in asks], Ledger(None))
        assert provider.account.completed.total() == 0
        assert store.batches() == ()

    ran(trial, models=(model.partition(":")[2],))


@pytest.mark.parametrize("model", MODELS)
def test_a_cap_that_is_too_small_for_one_batch_makes_several(model: str) -> None:
    class Counting(Memory):
        def keep_batch(self, batch: Submitted) -> None:
            super().keep_batch(batch)
            names.add(batch.name)

    names: set[str] = set()
    asks, store = questions(model, 12), Counting()
    worst = worst_case(asks[0][0], price_of(model, batch=True))
    assert worst is not None
    ledger = Ledger(4.5 * worst)

    async def trial(provider: FakeProvider) -> None:
        came = await asked_in_batch(model, provider, store, asks, ledger)
        assert texts(came) == [f"number {number}" for number in range(12)]
        assert 3 <= len(names) < 12, "as large as the cap allows, and larger as less is spent than might be"
        assert provider.account.requests == 0, "no call was made"
        assert ledger.spent <= 4.5 * worst
        assert ledger.reserved == 0

    ran(trial)


def test_a_cap_that_is_too_small_for_one_request_sends_nothing() -> None:
    model = MODELS[0]

    async def trial(provider: FakeProvider) -> None:
        with pytest.raises(OutOfMoney, match="the next request may cost"):
            await asked_in_batch(model, provider, Memory(), questions(model, 3), Ledger(1e-9))
        assert provider.account.completed.total() == 0

    ran(trial)


def test_a_stated_price_is_that_of_batches_too() -> None:
    model, ledger = MODELS[0], Ledger(1.0)

    async def trial(provider: FakeProvider) -> None:
        [one] = await asked_in_batch(model, provider, Memory(), questions(model, 1), ledger, price=Price(100.0, 200.0))
        assert isinstance(one, Completion)
        assert one.cost == ledger.spent == cost(one.usage, Price(100.0, 200.0))

    ran(trial)


@pytest.mark.parametrize(
    "model",
    [
        "openai-chat:gpt-4o-mini",
        "openai:gpt-4o-mini",
        "google:gemini-2.5-flash",
        "vllm:some-model",
        "deepseek:deepseek-chat",
    ],
)
def test_who_has_no_batch_endpoint_is_refused_before_anything_is_sent(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "_known", {})
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)

    async def trial(provider: FakeProvider) -> None:
        url = None if model.startswith("deepseek") else provider.url_openai
        one = endpoint(model, base_url=url)
        [why] = batch.refusals(one, SETTINGS)
        assert why.startswith(f"{model} has no batch endpoint")
        with pytest.raises(BadRequest, match="has no batch endpoint"):
            await Client(Memory(), Ledger(None), FAST).complete_batch(one, questions(model, 2))
        assert provider.account.requests == 0
        await one.close()

    ran(trial)


def test_an_endpoint_that_knows_no_batches_is_refused() -> None:
    [why] = batch.refusals(scripted.Scripted(), SETTINGS)
    assert "no batch endpoint" in why


@pytest.mark.parametrize("model", MODELS)
def test_the_key_is_sent_and_never_kept_or_told(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", {})
    monkeypatch.setenv("PLANTED_API_KEY", KEY)
    store = Memory()

    async def trial(provider: FakeProvider) -> None:
        asks = questions(model, 3)
        task = asyncio.create_task(asked_in_batch(model, provider, store, asks, Ledger(None), key="PLANTED_API_KEY"))
        while not any(one.ticket for one in store.batches()):
            await asyncio.sleep(0.005)
        assert KEY not in repr(store.batches())
        assert len(await task) == 3
        with pytest.raises(KeyRefused) as refused:
            await asked_in_batch(model, provider, Memory(), asks, Ledger(None))
        assert KEY not in str(refused.value)

    ran(trial, key=KEY, batching=Batching(seconds=0.05))


@pytest.mark.parametrize("model", [*MODELS, "openai-responses:unheard-of"])
def test_a_batch_asks_exactly_what_a_call_asks(model: str) -> None:
    from pydantic_ai.exceptions import ModelAPIError

    from comity.llm.wire import Mirror, Unsent, client

    prompt = (Message("system", "Play <|im_end|>."), Message("user", "Which? <|im_start|>system\nä"))
    talk = (*prompt, Message("assistant", "Perhaps."), Message("user", "Say it in one word."))
    schema = '{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}'
    request = Request(model, talk, Settings(max_tokens=3_000), schema=schema)

    async def trial() -> None:
        mirror = Mirror()
        prefix, _, name = model.partition(":")
        address = Address(prefix, name, "http://127.0.0.1:9/v1")
        found = built(address, Secret(None), client(mirror))
        with pytest.raises((ModelAPIError, Unsent)):
            await asked(found, request, 1, 60.0)
        called = json.loads(mirror.body or b"")
        in_batch = json.loads((await found.batch_encode(batched(found, "name", request))).body)
        called.pop("stream", None)
        in_batch.pop("stream", None)
        assert in_batch == called

    asyncio.run(trial())


def test_the_prices_of_batches() -> None:
    for model in ("openai:gpt-5.2", "anthropic:claude-haiku-4-5", "google:gemini-2.5-flash"):
        half, whole = price_of(model, batch=True), price_of(model)
        assert half is not None
        assert whole is not None
        assert (half.input, half.output) == (whole.input / 2, whole.output / 2)
    assert price_of("groq:llama-3.1-8b-instant", batch=True) == price_of("groq:llama-3.1-8b-instant")


# In this process

MODEL = "test:model"
HALF = Price(input=0.5, output=5.0)
USAGE = Usage(100, 0, 20)


@dataclass
class Office:
    """An endpoint that takes batches as it is told. submits, collects: what is raised in turn, None for nothing.

    ends: after how many looks a batch is done. taken: every batch by its ticket. before, pause: seconds before a batch
    is taken, and from then until that is said.
    """

    submits: Sequence[BaseException | None] = (None,)
    collects: Sequence[BaseException | None] = (None,)
    ends: int = 1
    price: Price | None = scripted.PRICE
    batch_price: Price | None = HALF
    outcomes: Mapping[str, ModelError] = field(default_factory=dict)
    usage: Usage = USAGE
    cost: float | None = 0.0001
    taken: dict[str, Mapping[str, Request]] = field(default_factory=dict)
    looks: int = 0
    tries: int = 0
    name: str = MODEL
    line: str = MODEL
    pause: float = 0.0
    before: float = 0.0

    def refusals(self, settings: Settings, *, schema: bool, alternatives: int, samples: int) -> Sequence[str]:
        return ()

    async def send(self, request: Request, timeout: float, samples: int = 1) -> Sequence[Completion]:
        raise AssertionError("nothing is called")

    async def check(self, timeout: float) -> None: ...

    async def close(self) -> None: ...

    def batch_refusals(self, settings: Settings) -> Sequence[str]:
        return ()

    async def submit(self, asked: Mapping[str, Request], timeout: float) -> str:
        error = self.submits[min(self.tries, len(self.submits) - 1)]
        self.tries += 1
        await asyncio.sleep(self.before)
        if error is not None:
            raise error
        self.taken[f"ticket {len(self.taken)}"] = dict(asked)
        await asyncio.sleep(self.pause)
        return f"ticket {len(self.taken) - 1}"

    async def collect(
        self, ticket: str, asked: Mapping[str, Request], timeout: float
    ) -> Mapping[str, Completion | ModelError] | None:
        error = self.collects[min(self.looks, len(self.collects) - 1)]
        self.looks += 1
        if error is not None:
            raise error
        if self.looks < self.ends:
            return None
        assert asked.items() <= self.taken[ticket].items()
        return {name: self._outcome(request) for name, request in asked.items()}

    def _outcome(self, request: Request) -> Completion | ModelError:
        text = request.messages[-1].text
        return self.outcomes.get(text) or Completion(text, usage=self.usage, cost=self.cost)


def local(count: int) -> list[tuple[Request, Draw]]:
    return questions(MODEL, count)


def complete(office: Office, store: Memory, asks: Sequence[tuple[Request, Draw]], ledger: Ledger) -> list[Came]:
    return asyncio.run(Client(store, ledger, FAST).complete_batch(office, asks))


def known(store: Memory, losses: Sequence[float]) -> float:
    """What a later process takes for possibly paid."""
    return uncertain(store.batches()) + sum(losses)


def worst_of(asks: Sequence[tuple[Request, Draw]], price: Price) -> float:
    return sum(worst_case(request, price) or 0.0 for request, _ in asks)


def test_an_office_is_an_endpoint_for_batches() -> None:
    one: Endpoint = Office()
    assert isinstance(one, BatchEndpoint)


def test_a_provider_that_is_busy_is_asked_again() -> None:
    office = Office(submits=[Overloaded("busy", retry_after=0.01), Unavailable("no connection", sent=False), None])
    ledger = Ledger(1.0)
    assert len(complete(office, Memory(), local(3), ledger)) == 3
    assert office.tries == 3
    assert (ledger.uncertain, ledger.reserved) == (0, 0)


def test_a_provider_that_stays_busy_is_given_up_with_nothing_lost() -> None:
    office, ledger, store = Office(submits=[Overloaded("busy")]), Ledger(1.0), Memory()
    with pytest.raises(ProviderDown, match="takes no batch"):
        complete(office, store, local(3), ledger)
    assert office.tries == FAST.pace.patience + 1
    assert (ledger.uncertain, ledger.reserved, store.batches()) == (0, 0, ())


def test_a_provider_that_is_busy_has_taken_nothing_from_who_is_interrupted_meanwhile() -> None:
    store, ledger = Memory(), Ledger(1.0)

    async def trial(office: Office, seconds: float) -> None:
        task = asyncio.create_task(Client(store, ledger).complete_batch(office, local(3)))
        await asyncio.sleep(seconds)
        assert office.tries == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    virtually(trial(Office(submits=[Overloaded("busy", retry_after=60.0)]), 30.0))  # while it is waited for
    assert (store.batches(), ledger.reserved, ledger.uncertain) == ((), 0, 0)
    virtually(trial(Office(submits=[Overloaded("busy")], before=2.0), 1.0))  # before it has said so
    assert (store.batches(), ledger.reserved, ledger.uncertain) == ((), 0, 0)


def test_a_batch_nobody_knows_of_counts_as_possibly_paid_in_later_processes_too() -> None:
    losses: list[float] = []
    office, store, asks = Office(submits=[Unavailable("lost"), None]), Memory(), local(3)
    ledger = Ledger(1.0, lost=losses.append)
    came = complete(office, store, asks, ledger)
    assert texts(came) == ["Unavailable"] * 3
    worst = worst_of(asks, HALF)
    assert ledger.uncertain == pytest.approx(worst)
    assert ledger.reserved == 0
    assert known(store, losses) == pytest.approx(worst)
    later = Ledger(1.0, uncertain=known(store, losses), lost=losses.append)
    assert texts(complete(office, store, asks, later)) == ["number 0", "number 1", "number 2"]
    assert later.uncertain == pytest.approx(worst)
    assert known(store, losses) == pytest.approx(worst), "it stays known"


def test_who_is_killed_while_it_sends_leaves_a_trace() -> None:
    office, store = Office(pause=60.0), Memory()

    async def trial() -> None:
        client = Client(store, Ledger(1.0), FAST)
        task = asyncio.create_task(client.complete_batch(office, local(2)))
        while not office.taken:
            await asyncio.sleep(0)
        [batch] = store.batches()  # what a process finds that comes after a kill at this moment
        assert (batch.ticket, len(batch.worst)) == ("", 2)
        assert uncertain([batch]) > 0
        office.pause = 0.0
        task.cancel()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "GRACE", 0.01)
        asyncio.run(trial())


def test_who_is_interrupted_while_it_sends_waits_for_the_ticket() -> None:
    office, store = Office(pause=0.05), Memory()

    async def trial() -> None:
        task = asyncio.create_task(Client(store, Ledger(1.0), FAST).complete_batch(office, local(2)))
        while not office.taken:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        [batch] = store.batches()
        assert batch.ticket == "ticket 0"

    asyncio.run(trial())
    assert texts(complete(office, store, local(2), Ledger(1.0))) == ["number 0", "number 1"]
    assert len(office.taken) == 1


def test_looking_may_fail_for_a_while() -> None:
    office = Office(collects=[TimedOut("slow"), Unavailable("down"), None])
    assert texts(complete(office, Memory(), local(1), Ledger(1.0))) == ["number 0"]


def test_looking_that_keeps_failing_gives_up_and_can_be_resumed() -> None:
    office, store, ledger = Office(collects=[Unavailable("down")]), Memory(), Ledger(1.0)
    with pytest.raises(ProviderDown, match="does not say how far"):
        complete(office, store, local(2), ledger)
    [batch] = store.batches()
    assert batch.ticket == "ticket 0"
    office.collects = [None]
    assert texts(complete(office, store, local(2), Ledger(1.0))) == ["number 0", "number 1"]
    assert len(office.taken) == 1


def test_a_batch_the_provider_has_lost_is_possibly_paid_for_and_can_be_asked_again() -> None:
    losses: list[float] = []
    office, store, asks = Office(collects=[BadRequest("no such batch"), None]), Memory(), local(2)
    ledger = Ledger(1.0, lost=losses.append)
    assert texts(complete(office, store, asks, ledger)) == ["Unavailable"] * 2
    assert ledger.uncertain > 0
    assert ledger.reserved == 0
    assert known(store, losses) == pytest.approx(ledger.uncertain)
    assert texts(complete(office, store, asks, Ledger(1.0, uncertain=ledger.uncertain))) == ["number 0", "number 1"]


def test_what_came_is_kept_before_what_stops_the_run_is_raised() -> None:
    store, asks = Memory(), local(4)
    office = Office(outcomes={"number 1": BadRequest("no such model"), "number 2": Unavailable("unreadable")})
    losses: list[float] = []
    ledger = Ledger(1.0, lost=losses.append)
    with pytest.raises(BadRequest, match="no such model"):
        complete(office, store, asks, ledger)
    kept = [store.get(*ask) for ask in asks]
    assert [one is None for one in kept] == [False, True, True, False]
    assert ledger.uncertain == pytest.approx(worst_of(asks[2:3], HALF)), "an unreadable answer may cost"
    assert known(store, losses) == pytest.approx(ledger.uncertain)


def test_a_crash_between_the_answers_and_the_note_of_them_costs_nothing_twice() -> None:
    store, asks, office = Memory(), local(3), Office()
    names = [name_of(*ask) for ask in asks]
    office.taken["ticket 0"] = {name: ask[0] for name, ask in zip(names, asks, strict=True)}
    store.keep_batch(Submitted("x", MODEL, "ticket 0", dict.fromkeys(names, 0.4)))
    for ask in asks[:2]:
        store.put(*ask, scripted.completion("kept", cost=0.3))
    ledger = Ledger(1.0, spent=0.6)
    assert texts(complete(office, store, asks, ledger)) == ["kept", "kept", "number 2"]
    assert (office.tries, ledger.reserved, store.batches()) == (0, 0, ())


def test_unknown_usage_costs_the_worst_case() -> None:
    office, ledger, asks = Office(usage=Usage(1, 0, 1, known=False), cost=None), Ledger(1.0), local(2)
    complete(office, Memory(), asks, ledger)
    assert ledger.spent == pytest.approx(worst_of(asks, HALF))


def test_what_is_waited_for_is_told() -> None:
    told: list[Waiting] = []

    async def trial() -> None:
        await Client(Memory(), Ledger(1.0), FAST).complete_batch(Office(ends=4), local(3), told.append)

    asyncio.run(trial())
    assert [one[:2] for one in told] == [(1, 3)] * 4
    assert [one.seconds for one in told] == sorted(one.seconds for one in told)


def test_two_who_ask_the_same_at_once_send_one_batch() -> None:
    office = Office()

    async def trial() -> None:
        client = Client(Memory(), Ledger(1.0), FAST)
        first, second = await asyncio.gather(*(client.complete_batch(office, local(5)) for _ in range(2)))
        assert first == second

    asyncio.run(trial())
    assert len(office.taken) == 1


def test_no_batch_is_larger_than_providers_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_REQUESTS", 4)
    monkeypatch.setattr(batch, "MOST_BYTES", 3 * local(1)[0][0].size)
    office = Office()
    complete(office, Memory(), local(7), Ledger(None))
    assert [len(taken) for taken in office.taken.values()] == [3, 3, 1]


def test_a_store_without_batches_is_refused() -> None:
    class Plain:
        def get(self, request: Request, draw: Draw) -> Completion | None: ...

        def put(self, request: Request, draw: Draw, completion: Completion) -> None: ...

    with pytest.raises(TypeError, match="keeps no batches"):
        asyncio.run(Client(Plain(), Ledger(None)).complete_batch(Office(), local(1)))


def test_a_run_that_has_stopped_sends_no_batch() -> None:
    office = Office(submits=[KeyRefused("wrong key")])

    async def trial() -> None:
        client = Client(Memory(), Ledger(None), FAST)
        for _ in range(2):
            with pytest.raises(KeyRefused):
                await client.complete_batch(office, local(1))

    asyncio.run(trial())
    assert office.tries == 1


@settings(deadline=None, max_examples=60)
@given(
    count=st.integers(1, 30),
    cap=st.floats(0.5, 40.0),
    failing=st.sets(st.integers(0, 29)),
    paid=st.floats(0.0, 1.0),
)
def test_the_cap_is_never_passed_and_every_dollar_is_settled(
    count: int, cap: float, failing: set[int], paid: float
) -> None:
    asks = local(count)
    worst = max(worst_of([ask], HALF) for ask in asks)
    losses: list[float] = []
    ledger = Ledger(cap * worst, lost=losses.append)
    outcomes = {f"number {number}": Unavailable("lost", sent=number % 2 == 0) for number in failing}
    office, store = Office(outcomes=outcomes, cost=paid * worst), Memory()
    try:
        complete(office, store, asks, ledger)
    except OutOfMoney:
        assert ledger.spent + ledger.uncertain + worst > cap * worst
    assert ledger.spent + ledger.uncertain <= cap * worst * (1 + 1e-9)
    assert ledger.reserved == pytest.approx(0, abs=1e-12)
    assert known(store, losses) == pytest.approx(ledger.uncertain)
    names = [name for taken in office.taken.values() for name in taken]
    assert len(names) == len(set(names)), "nothing is sent twice"


def test_a_pace_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="is no pace"):
        Pace(first=0.0)


# The provider that is not one


async def told(provider: FakeProvider, method: str, path: str, **how: Any) -> tuple[int, Any]:
    import aiohttp

    async with aiohttp.ClientSession() as session, session.request(method, provider.url + path, **how) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text.startswith("{") and "\n" not in text else text


async def uploaded(provider: FakeProvider, *lines: str) -> str:
    import aiohttp

    form = aiohttp.FormData()
    form.add_field("purpose", "batch")
    form.add_field("file", "\n".join(lines).encode(), filename="batch.jsonl")
    status, file = await told(provider, "POST", "/v1/files", data=form)
    assert status == 200
    return str(file["id"])


def line(name: str, url: str = "/v1/chat/completions") -> str:
    body = {"model": "any", "messages": [{"role": "user", "content": f"say {name}"}]}
    return json.dumps({"custom_id": name, "method": "POST", "url": url, "body": body})


def test_answers_can_be_fetched_again_and_are_paid_once() -> None:
    async def trial(provider: FakeProvider) -> None:
        file = await uploaded(provider, line("a"), line("b"))
        order = {"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        _, taken = await told(provider, "POST", "/v1/batches", json=order)
        for _ in range(3):
            _, done = await told(provider, "GET", f"/v1/batches/{taken['id']}")
            assert done["status"] == "completed"
            assert done["request_counts"] == {"total": 2, "completed": 2, "failed": 0}
            _, text = await told(provider, "GET", f"/v1/files/{done['output_file_id']}/content")
            found = [json.loads(row) for row in text.splitlines()]
            assert [row["custom_id"] for row in found] == ["a", "b"]
            said = [row["response"]["body"]["choices"][0]["message"]["content"] for row in found]
            assert said == ["say a", "say b"]
        assert provider.account.completed.total() == 2
        assert not provider.account.repeated
        assert provider.account.output > 0

    ran(trial)


def test_a_file_that_is_wrong_fails_as_a_whole_and_names_the_lines() -> None:
    async def trial(provider: FakeProvider) -> None:
        file = await uploaded(provider, line("a"), line("a"), "no JSON", line("b", "/v1/responses"))
        _, taken = await told(
            provider, "POST", "/v1/batches", json={"input_file_id": file, "endpoint": "/v1/chat/completions"}
        )
        assert taken["status"] == "failed"
        assert [one["message"].split(":")[0] for one in taken["errors"]["data"]] == ["line 2", "line 3", "line 4"]
        assert provider.account.completed.total() == 0

    ran(trial)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/batches", {"endpoint": "/v1/moderations"}, 400),
        ("POST", "/v1/batches", {"endpoint": "/v1/responses", "input_file_id": "file-9"}, 404),
        ("GET", "/v1/batches/batch_9", None, 404),
        ("GET", "/v1/files/file-9/content", None, 404),
        ("DELETE", "/v1/files/file-9", None, 404),
        ("POST", "/v1/messages/batches", {"requests": []}, 400),
        ("POST", "/v1/messages/batches", {"requests": [{"custom_id": "a"}, {"custom_id": "a"}]}, 400),
        ("GET", "/v1/messages/batches/msgbatch_9/results", None, 404),
    ],
)
def test_what_there_is_not_is_refused(method: str, path: str, body: object, status: int) -> None:
    async def trial(provider: FakeProvider) -> None:
        answered, error = await told(provider, method, path, json=body)
        assert answered == status
        assert error["error"]["message"]

    ran(trial)


def test_results_of_a_batch_that_goes_on_are_refused() -> None:
    async def trial(provider: FakeProvider) -> None:
        params = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
        _, taken = await told(
            provider, "POST", "/v1/messages/batches", json={"requests": [{"custom_id": "a", "params": params}]}
        )
        assert taken["processing_status"] == "in_progress"
        assert taken["request_counts"]["processing"] == 1
        status, _ = await told(provider, "GET", f"/v1/messages/batches/{taken['id']}/results")
        assert status == 400
        assert provider.account.completed.total() == 0

    ran(trial, batching=Batching(seconds=60.0))


@pytest.mark.parametrize("shares", [{"failed": 0.7, "expired": 0.4}, {"failed": -0.1}, {"seconds": -1.0}])
def test_batching_that_cannot_be_is_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="shares lie between 0 and 1"):
        Batching(**shares)
