"""Matches that wait for replies are played side by side, in one process and on one loop.

Every match waits only for its own players; what limits them is how many calls a model takes, which the client knows.
When no call can succeed any more, a match cannot be played, or somebody interrupts, no further question is put, the
replies that are on their way are waited for and kept, and then the run ends.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress

from comity.agents.agent import Agent, Halted
from comity.llm.account import Account
from comity.llm.client import Client
from comity.llm.errors import RunStops
from comity.records.spec import MatchSpec
from comity.records.store import RunFile
from comity.runs.count import Count
from comity.runs.design import Plan
from comity.runs.drive import WaitingPlay
from comity.runs.models import Models

MATCHES_AT_ONCE = 1_000
"""How many matches may wait for replies at the same time."""
COLLECT_AFTER = 20_000
"""Garbage is looked for when there are so many more objects; a thousand calls that wait hold several times as many."""
TELL_EVERY = 0.5
"""Seconds between two tellings of how far a run is, where calls take longer than that."""


class Interrupted(RunStops):
    """Somebody wants the run to stop."""


class Broken(RunStops):
    """A match cannot be played."""


async def play_with_models(plan: Plan, models: Models, file: RunFile, specs: Iterable[MatchSpec], count: Count) -> None:
    """Play those matches with the models of the plan. Raises `Halted`, and `KeyboardInterrupt` after an interrupt."""
    client = models.client(file)
    async with _told(count, lambda: client.account):
        try:
            with _rarely_collecting(), _interruptible(client) as interrupted:
                try:
                    agents = models.agents(client)
                    await play_waiting(plan, agents, file, specs, count, lambda: client.account, client.halt)
                except Halted:
                    if interrupted():
                        raise KeyboardInterrupt from None
                    raise
        finally:
            await client.close()
            await models.close()


async def play_waiting(
    plan: Plan,
    agents: Mapping[str, Agent],
    file: RunFile,
    specs: Iterable[MatchSpec],
    count: Count,
    account: Callable[[], Account | None] = lambda: None,
    halt: Callable[[RunStops], None] = lambda stopped: None,
) -> None:
    """Play those matches side by side; each is recorded when it ends, and each reply before its match goes on.

    Where one cannot be played, no further question is put in any; `halt` is told why, to call back what is only queued,
    and what was asked is waited for. Then the first error is raised: `Halted` where no agent can be asked any more,
    `PlayStopped` where something other than a player goes wrong in a match, `RunError` where nothing can be written.
    """
    waiting = WaitingPlay(plan, agents, file)
    room = asyncio.Semaphore(MATCHES_AT_ONCE)
    ended: list[Exception] = []

    def end(error: Exception) -> None:
        if not (ended or isinstance(error, Halted)):
            waiting.halt(str(error))
            halt(Broken(str(error)))
        ended.append(error)

    async def play(spec: MatchSpec) -> None:
        try:
            file.append([await waiting.record(spec)])
            count.add(1, account())
        except Exception as error:
            end(error)
        finally:
            room.release()

    async with asyncio.TaskGroup() as group:
        try:
            for spec in specs:
                await room.acquire()
                if ended:
                    break
                group.create_task(play(spec))
        except Exception as error:
            end(error)
    if ended:
        raise ended[0]


@asynccontextmanager
async def _told(count: Count, account: Callable[[], Account]) -> AsyncIterator[None]:
    """Within, it is told now and then how far the run is, and at the end once more."""
    telling = asyncio.create_task(_telling(count, account))
    try:
        yield
    finally:
        telling.cancel()
        count.tell(account())


async def _telling(count: Count, account: Callable[[], Account]) -> None:
    while True:
        await asyncio.sleep(TELL_EVERY)
        count.tell(account())


@contextmanager
def _rarely_collecting() -> Iterator[None]:
    """Within, Python looks for garbage in cycles now and then only, and not among what was there before.

    A call leaves next to none, and to look through all that waits would take a third of the time of a call.
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


@contextmanager
def _interruptible(client: Client) -> Iterator[Callable[[], bool]]:
    """Within, the first interrupt lets no further call begin; the next one ends the process as interrupts do.

    Gives a function that says whether there was one.
    """
    loop, interrupts = asyncio.get_running_loop(), 0

    def interrupt() -> None:
        nonlocal interrupts
        interrupts += 1
        if interrupts > 1:
            raise KeyboardInterrupt
        client.halt(Interrupted("the run was interrupted"))

    with suppress(NotImplementedError, ValueError, RuntimeError):  # only the main thread of some systems has signals
        loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        yield lambda: interrupts > 0
    finally:
        with suppress(NotImplementedError, ValueError, RuntimeError):
            loop.remove_signal_handler(signal.SIGINT)
