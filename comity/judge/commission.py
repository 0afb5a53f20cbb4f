"""Judging as it is ordered: by which models, how often, at what cost at most; begun, or gone on with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from comity.agents.agent import Halted
from comity.judge.at_once import ask_at_once
from comity.judge.errors import JudgeError
from comity.judge.estimate import Estimated, estimated
from comity.judge.human import human_labels
from comity.judge.judging import SETTINGS, Judge, ModelJudge, Progress, Questions, Task, judge_all, wanted
from comity.judge.keeping import Judgements, Replies, Terms
from comity.judge.reason import Reason
from comity.judge.scripted import KEYWORDS, keywords
from comity.llm import batch
from comity.llm.account import Account
from comity.llm.client import Client, Traffic
from comity.llm.endpoint import Endpoint, Price
from comity.llm.errors import ModelError
from comity.llm.ledger import Ledger, worst_case
from comity.llm.limits import Limits
from comity.llm.request import Request, Settings
from comity.llm.store import Memory

Watch = Callable[[Progress, Account], None]


class Reached(NamedTuple):
    """How far judging is, and what it has cost."""

    progress: Progress
    account: Account


@dataclass(frozen=True)
class Commission:
    """What is asked of whom.

    judges: model strings, and "keywords" for the judge without a model. passes: how often each judges each reason.
    cap: the most US dollars that all judging in the folder may cost. in_flight: how many calls of one model may wait at
    a time. base_url, key, price: of the endpoint, where they are not the provider's own; key names a variable of the
    environment. batch: whether models are asked in batches at first, which are cheaper and answered within a day.
    """

    terms: Terms
    judges: tuple[str, ...]
    passes: int = 1
    settings: Settings = SETTINGS
    cap: float | None = None
    in_flight: int = 16
    base_url: str | None = None
    key: str | None = None
    price: Price | None = None
    batch: bool = False

    @property
    def questions(self) -> tuple[Questions, ...]:
        """What each of the models is asked."""
        terms = self.terms
        return tuple(
            Questions(name, terms.taxonomy, terms.level, self.settings, self.base_url)
            for name in self.judges
            if name != KEYWORDS
        )

    def priced(self, model: str) -> Price | None:
        """The price of a model as it is asked: the one that is stated, or the listed one."""
        from comity.llm.prices import price_of

        return self.price or price_of(model, batch=self.batch)


def foreseen(commission: Commission, reasons: Sequence[Reason], folder: Path) -> tuple[Estimated, ...]:
    """What is left to be asked of each model, and what that will take; nothing is written and nothing sent.

    Raises `JudgeError` where judgements in the folder are by other terms, or judges are named wrongly.
    """
    return estimated(_left(commission, reasons, folder)[0], commission.questions, commission.priced)


def _left(commission: Commission, reasons: Sequence[Reason], folder: Path) -> tuple[list[Task], set[str]]:
    """The judgements that are left to be made, and the ids of all reasons there are or will be in the folder."""
    judged, ids = [], {reason.id for reason in reasons}
    if Judgements.are_in(folder):
        with Judgements.open(folder) as file:
            file.agree(commission.terms)
            judged = list(file.judged())
            ids |= {listed.id for listed in file.reasons()}
    return wanted(judged, reasons, commission.judges, commission.passes), ids


async def tried(commission: Commission, reasons: Sequence[Reason], folder: Path, people: Path | None) -> None:
    """Find out whether what is left can be judged: nothing is written, and each model is sent next to nothing.

    Raises `JudgeError` where a model, a key or a setting is refused, the cap cannot be kept, or `people` cannot be
    read.
    """
    tasks, ids = _left(commission, reasons, folder)
    if people is not None:
        list(human_labels(people, commission.terms.taxonomy, ids))
    client, names = Client(Memory(), Ledger(None)), {task.judge for task in tasks}
    endpoints: list[Endpoint] = []
    try:
        for asked in commission.questions:
            endpoints.append(_endpoint(commission, asked))
        await client.check([endpoint for endpoint in endpoints if endpoint.name in names])
    except ModelError as error:
        raise JudgeError(str(error)) from error
    finally:
        await client.close()
        await _close(endpoints)


async def _close(endpoints: Iterable[Endpoint]) -> None:
    for endpoint in endpoints:
        await endpoint.close()


async def carried_out(
    commission: Commission,
    reasons: Sequence[Reason],
    file: Judgements,
    people: Path | None,
    watch: Watch | None,
    waiting: batch.Watch | None = None,
) -> Reached:
    """Judge what is left to be judged. Whether keys and models are accepted is found out by `tried`, before.

    people: a table of what people labelled (`human.human_labels`), kept beside. waiting: told now and then what batch
    is waited for. Raises `JudgeError` where judging cannot begin, and `Halted` where no model can be asked any more;
    what was judged by then is kept.
    """
    file.agree(commission.terms)
    file.add(reasons)
    if people is not None:
        for judged in list(human_labels(people, commission.terms.taxonomy, {listed.id for listed in file.reasons()})):
            file.keep(judged)
    tasks = wanted(file.judged(), reasons, commission.judges, commission.passes)
    traffic = Traffic(Limits(in_flight=commission.in_flight))
    uncertain = batch.uncertain(file.batches()) + file.lost()
    ledger = Ledger(commission.cap, file.spent()[1], uncertain, file.keep_loss)
    client = Client(Replies(file), ledger, traffic)
    models: list[ModelJudge] = []
    try:
        judges = _judges(commission, client)
        models += [judge for judge in judges if isinstance(judge, ModelJudge)]
        if not commission.batch:
            _refuse_to_ask_again(file, models)
        if commission.batch:
            await ask_at_once(file, tasks, models, client, waiting)
        shown = None if watch is None else lambda progress: watch(progress, client.account)
        places = commission.in_flight * len(commission.judges)
        progress = await judge_all(file, tasks, judges, in_flight=places, watch=shown)
        return Reached(progress, client.account)
    except ModelError as error:
        raise Halted(str(error)) from error
    finally:
        await client.close()
        await _close(judge.endpoint for judge in models)


def _judges(commission: Commission, client: Client) -> list[Judge]:
    """Raises `JudgeError` where a model does not offer what is asked, and `ModelError` where it cannot be named."""
    judges: list[Judge] = [ModelJudge(asked, _endpoint(commission, asked), client) for asked in commission.questions]
    return [*judges, *([keywords(commission.terms.taxonomy)] if KEYWORDS in commission.judges else [])]


def _endpoint(commission: Commission, asked: Questions) -> Endpoint:
    from comity.llm.providers import endpoint

    found = endpoint(asked.model, base_url=asked.base_url, key=commission.key, price=commission.price)
    refused = [*found.refusals(asked.settings, schema=False, alternatives=0, samples=1)]
    if commission.batch:
        refused += batch.refusals(found, asked.settings)
    refused += Ledger(commission.cap).refusals(found, asked.settings)
    least = worst_case(Request(asked.model, (), asked.settings), commission.priced(asked.model))
    if commission.cap is not None and least is not None and least > commission.cap:
        refused.append(f"{asked.model}: the cap (${commission.cap:g}) is less than one answer may cost (${least:g}).")
    if refused:
        raise JudgeError(" ".join(refused))
    return found


def _refuse_to_ask_again(file: Judgements, models: Sequence[ModelJudge]) -> None:
    """Raises `JudgeError` where a batch to one of these models is out: its answers would be paid for twice."""
    lines = {judge.endpoint.line for judge in models}
    out = sum(len(one.worst) for one in file.batches() if one.ticket and one.line in lines)
    if out:
        raise JudgeError(
            f"{file.path}: a batch with {out:,} of these questions was sent, and its answers are still to come: "
            "go on with --batch, or they are paid for twice"
        )
