"""Reasons are judged: by whom, how often and in which order is stated, and nothing that was paid for is asked again.

A judge answers with the names of labels, or its answer counts as none; it is told what was wrong and asked again, so
many times and no more. What a judge could not say stays unknown: no label is ever put in its place.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from time import monotonic
from typing import NamedTuple, Protocol, TypeAlias

from comity.core.chance import stream_key
from comity.judge.asking import again, question
from comity.judge.errors import JudgeError
from comity.judge.keeping import Judged, Judgements
from comity.judge.reading import Unread, Verdict, read_verdict
from comity.judge.reason import Level, Reason
from comity.judge.taxonomy import Taxonomy
from comity.llm.endpoint import Endpoint
from comity.llm.errors import CallFailed, RunStops
from comity.llm.request import Completion, Draw, Message, Request, Settings

HUMAN = "human"
"""The judge that people are."""
PASSING = frozenset({"provider", "timeout"})
"""Causes that another try may mend: such judgements are tried again when judging is resumed."""
SETTINGS = Settings(max_tokens=2_000)
"""How a judge answers unless said."""


class Judge(Protocol):
    """Whoever gives labels to reasons."""

    @property
    def name(self) -> str: ...

    @property
    def how(self) -> str:
        """How it judges, as text: what differs in this is not one judge."""
        ...

    async def judge(self, reason: Reason, number: int) -> Verdict:
        """The labels of a reason in a pass (from 1). Raises `Unread`, or `comity.llm.errors.ModelError`."""
        ...


class Completer(Protocol):
    """What of `comity.llm.client.Client` a judge needs."""

    async def complete(self, endpoint: Endpoint, request: Request, draw: Draw) -> Completion: ...


def is_reversed(number: int) -> bool:
    """Whether the labels are listed from the last to the first in that pass: so it is in every second one."""
    return number % 2 == 0


@dataclass(frozen=True)
class Questions:
    """What a model is asked that judges, and how it is to answer.

    model: the model string. re_asks: how often it is asked again, at most, after an answer that is no labelling.
    """

    model: str
    taxonomy: Taxonomy
    level: Level = "reason"
    settings: Settings = SETTINGS
    base_url: str | None = None
    re_asks: int = 3

    def request(self, reason: Reason, number: int) -> Request:
        """What is asked at first about a reason in a pass."""
        messages = question(reason, self.taxonomy, self.level, reverse=is_reversed(number))
        return Request(self.model, messages, self.settings, self.base_url)


@dataclass(frozen=True)
class ModelJudge:
    """A judge that is a language model."""

    questions: Questions
    endpoint: Endpoint
    client: Completer

    @property
    def name(self) -> str:
        return self.questions.model

    @property
    def how(self) -> str:
        asked = self.questions
        settings = {**asdict(asked.settings), "base_url": asked.base_url, "re_asks": asked.re_asks}
        return json.dumps(settings, sort_keys=True)

    def first(self, reason: Reason, number: int) -> tuple[Request, Draw]:
        """What it is asked at first about a reason in a pass."""
        return self.questions.request(reason, number), Draw(stream_key("judge", reason.id), number, 0, self.name)

    async def judge(self, reason: Reason, number: int) -> Verdict:
        """See `Judge`. Each ask is a draw of its own, so that a replay is exact."""
        first, draw = self.first(reason, number)
        asked, why = first, None
        for ask in range(self.questions.re_asks + 1):
            completion = await self.client.complete(self.endpoint, asked, draw._replace(ask=ask))
            try:
                return read_verdict(completion, self.questions.taxonomy)
            except Unread as error:
                why = error
                asked = replace(first, messages=_once_more(first.messages, completion.text, str(error)))
        assert why is not None
        raise why


def _once_more(messages: tuple[Message, ...], bad: str, why: str) -> tuple[Message, ...]:
    *before, (role, text) = messages
    return (*before, Message(role, f"{text}\n\n{again(bad, why)}"))


class Task(NamedTuple):
    """One judgement that is wanted, by the name of the judge."""

    reason: Reason
    judge: str
    number: int


class Progress(NamedTuple):
    """How far judging is: judgements done and wanted, how many of the done are unread, and the rate per second."""

    done: int
    total: int
    unread: int
    rate: float

    @property
    def remaining(self) -> float:
        """Seconds until the end, at this rate."""
        return (self.total - self.done) / self.rate if self.rate else float("inf")


Watch: TypeAlias = Callable[[Progress], None]


def wanted(judged: Iterable[Judged], reasons: Iterable[Reason], judges: Sequence[str], passes: int) -> list[Task]:
    """Every judgement that is asked for and not among those there are, reason by reason.

    Raises `JudgeError` where two judges have one name, or one is called as people are.
    """
    for name in judges:
        if judges.count(name) > 1:
            raise JudgeError(f"the judge {name!r} is named twice; to judge a reason several times, ask for passes")
        if name == HUMAN:
            raise JudgeError(f"no judge may be called {HUMAN!r}: that is what people's labels are called")
    there = {(one.id, one.judge, one.number) for one in judged if one.cause not in PASSING}
    every = (Task(*task) for task in product(reasons, judges, range(1, passes + 1)))
    return [task for task in every if (task.reason.id, task.judge, task.number) not in there]


async def judge_all(
    file: Judgements,
    tasks: Sequence[Task],
    judges: Iterable[Judge],
    *,
    in_flight: int = 16,
    watch: Watch | None = None,
) -> Progress:
    """Carry out all tasks, as many at once as `in_flight`, and keep each judgement when it is there.

    Raises `JudgeError` where a judge judged otherwise before; and what ends a run (`comity.llm.errors.RunStops`), after
    which what was finished is kept.
    """
    by_name = {judge.name: judge for judge in judges}
    for judge in by_name.values():
        file.introduce(judge.name, judge.how)
    course = _Course(file, tasks, by_name, watch)
    workers = [asyncio.create_task(course.work()) for _ in range(max(1, min(in_flight, len(tasks))))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    if course.stopped is not None:
        raise course.stopped
    return course.progress


class _Course:
    """The tasks that are left, shared by those who work on them. stopped: why no further one is begun."""

    def __init__(
        self, file: Judgements, tasks: Sequence[Task], judges: Mapping[str, Judge], watch: Watch | None
    ) -> None:
        self._file = file
        self._judges = judges
        self._tasks = iter(tasks)
        self._watch = watch
        self._began = monotonic()
        self.progress = Progress(0, len(tasks), 0, 0.0)
        self.stopped: RunStops | None = None

    async def work(self) -> None:
        for task in self._tasks:
            try:
                self._keep(await _carried_out(task, self._judges[task.judge]))
            except RunStops as error:
                self.stopped = self.stopped or error
            if self.stopped is not None:
                return

    def _keep(self, judged: Judged) -> None:
        self._file.keep(judged)
        done, unread = self.progress.done + 1, self.progress.unread + (judged.labels is None)
        rate = done / max(monotonic() - self._began, 1e-9)
        self.progress = Progress(done, self.progress.total, unread, rate)
        if self._watch is not None:
            self._watch(self.progress)


async def _carried_out(task: Task, judge: Judge) -> Judged:
    place = (task.reason.id, task.judge, task.number)
    try:
        verdict = await judge.judge(task.reason, task.number)
    except (Unread, CallFailed) as error:
        return Judged(*place, None, cause=error.cause, said=str(error))
    return Judged(*place, verdict.labels, verdict.confidence)


def sampled(reasons: Iterable[Reason], most: int | None) -> list[Reason]:
    """So many of the reasons, in their order: those whose ids have the lowest digests, which is as good as by chance.

    The same reasons give the same sample, and a smaller sample is a part of a larger one.
    """
    found = list(reasons)
    if most is None or most >= len(found):
        return found
    kept = set(sorted((reason.id for reason in found), key=_lot)[:most])
    return [reason for reason in found if reason.id in kept]


def _lot(id_: str) -> bytes:
    return hashlib.sha256(id_.encode("utf-8", "surrogatepass")).digest()
