"""The language models of a plan: who they are, what stands against asking them, and the client they share."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import tomli_w

from comity.agents.agent import Agent
from comity.agents.function import FunctionAgent, FunctionRefused, PythonFunction
from comity.agents.model import LanguageModel, ModelAgent
from comity.core.errors import ComityError
from comity.llm.client import Client, Traffic
from comity.llm.endpoint import Endpoint
from comity.llm.errors import KeyRefused, RunStops
from comity.llm.ledger import Ledger, worst_case
from comity.llm.limits import Limits
from comity.llm.providers import endpoint, keyless
from comity.llm.request import Request
from comity.llm.retry import Retries
from comity.llm.store import Memory
from comity.records.calls import Calls
from comity.records.store import RunFile
from comity.runs.design import Calling, Plan
from comity.runs.drive import agents_of
from comity.runs.fields import FUNCTION, MODEL
from comity.runs.graph_files import files_beside
from comity.runs.plan import PlanError, parsed_plan
from comity.runs.wordings import beside, wording_called

CHECK = 30.0
"""A provider that says nothing for so many seconds before the first match is given up."""


class ModelRefused(ComityError):
    """Models of a plan cannot be asked as it says; one line for each reason."""


def models_of(plan: Plan) -> dict[str, LanguageModel]:
    """The language models that a plan names, by label."""
    return {label: LanguageModel(**spec.parameters) for label, spec in plan.agents if spec.name == MODEL}


def functions_of(plan: Plan) -> dict[str, FunctionAgent]:
    """The functions that a plan names, by label. Raises `ModelRefused` where one cannot be called."""
    texts, refused, agents = dict(plan.wordings), list[str](), dict[str, FunctionAgent]()
    for label, spec in plan.agents:
        if spec.name == FUNCTION:
            asked = PythonFunction(**spec.parameters)
            try:
                agents[label] = FunctionAgent(label, asked, asked.found(), wording_called(asked.wording, texts))
            except FunctionRefused as error:
                refused.append(_of(label, str(error)))
    _refuse(refused)
    return agents


def with_models(path: Path, models: Sequence[str]) -> Plan:
    """The plan in that file with these models in place of its agents. Raises `PlanError`."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlanError(f"{path}: the plan cannot be read: {error}") from None
    document["agents"] = [{"name": MODEL, "model": model} for model in models]
    folder = path.parent
    return parsed_plan(tomli_w.dumps(document), f"{path} with --model", beside(folder), files_beside(folder))


@dataclass(frozen=True)
class Models:
    """The models of a plan, each with the endpoint it is reached at; agents that are asked alike share one.

    functions: the functions of the user's own that it names beside them.
    """

    plan: Plan
    asked: Mapping[str, LanguageModel]
    endpoints: Mapping[str, Endpoint]
    functions: Mapping[str, FunctionAgent]

    @property
    def waits(self) -> bool:
        """Whether anybody has to be waited for."""
        return bool(self.asked or self.functions)

    @classmethod
    def of(cls, plan: Plan) -> Models:
        """The models of the plan. Raises `ModelRefused` where one cannot be asked as the plan says; nothing is sent."""
        asked = models_of(plan)
        found: dict[tuple[object, ...], Endpoint] = {}
        endpoints: dict[str, Endpoint] = {}
        refused: list[str] = []
        for label, model in asked.items():
            reached = (model.model, model.base_url, model.key, model.price)
            try:
                if reached not in found:
                    found[reached] = _endpoint(model)
                refusals = list(_refusals(model, found[reached], plan.calling))
            except RunStops as error:
                refusals = [str(error)]
            else:
                endpoints[label] = found[reached]
            refused += [_of(label, sentence) for sentence in refusals]
        _refuse(refused)
        return cls(plan, asked, endpoints, functions_of(plan))

    def agents(self, client: Client) -> dict[str, Agent]:
        """Everybody the plan names, by label; the models ask through that client."""
        texts = dict(self.plan.wordings)
        models = {
            label: ModelAgent(label, model, wording_called(model.wording, texts), self.endpoints[label], client)
            for label, model in self.asked.items()
        }
        return {**agents_of(self.plan), **models, **self.functions}

    def client(self, file: RunFile) -> Client:
        """The client of a run: it keeps what it gets in the run's file, and has spent what that file says."""
        calling = self.plan.calling
        limits = Limits(calling.in_flight, calling.requests_per_minute, calling.tokens_per_minute)
        traffic = Traffic(limits, Retries(calling.deadline, calling.timeout, calling.attempts), grace=calling.timeout)
        spent, uncertain = file.spending()
        return Client(
            Calls(file), Ledger(calling.cap, spent, uncertain, file.keep_loss), traffic, coalesce=calling.coalesce
        )

    async def check(self) -> None:
        """Find out for as little as possible whether every model can be asked. Raises `ModelRefused`.

        Connections are given back, so that it may be done on a loop of its own, before anything is written.
        """
        client = Client(Memory(), Ledger(None))
        try:
            await client.check(self.endpoints.values(), min(CHECK, self.plan.calling.timeout))
        except RunStops as error:
            raise ModelRefused(str(error)) from error
        finally:
            await client.close()
            await self.close()

    async def close(self) -> None:
        """Give every connection back."""
        for reached in dict.fromkeys(self.endpoints.values()):
            await reached.close()


def check_without_keys(plan: Plan) -> None:
    """Raise `ModelRefused` as `Models.of` does, except for keys: they may be set when the plan is run."""
    _refuse(
        [
            _of(label, sentence)
            for label, model in models_of(plan).items()
            for sentence in refusals_without_key(model, plan.calling)
        ]
    )


def refusals_without_key(model: LanguageModel, calling: Calling) -> list[str]:
    """One sentence for each thing that stands against asking that model so, except for its key; nothing is sent."""
    try:
        return list(_refusals(model, keyless(model.model, base_url=model.base_url, price=model.price), calling))
    except KeyRefused:
        return []  # Inspect says nothing of a model whose key it has not
    except RunStops as error:
        return [str(error)]


def _refuse(sentences: Sequence[str]) -> None:
    if sentences:
        raise ModelRefused("\n".join(sentences))


def _endpoint(model: LanguageModel) -> Endpoint:
    return endpoint(model.model, base_url=model.base_url, key=model.key, price=model.price)


def _of(label: str, sentence: str) -> str:
    """The sentence about the agent of that label, which is named once."""
    return sentence if sentence.startswith(label) else f"{label}: {sentence}"


def _refusals(model: LanguageModel, reached: Endpoint, calling: Calling) -> Iterator[str]:
    form = model.answers
    alternatives = 20 if form.answer == "token" else 0
    yield from reached.refusals(model.settings, schema=form.structured, alternatives=alternatives, samples=1)
    if calling.cap is not None and reached.price is None:
        yield f"no price of {model.model} is known, and the run has a cap: give it input_price and output_price"
    if calling.cap is not None and model.max_tokens is None:
        yield "the run has a cap, so the longest answer must be known: give it max_tokens"
    least = worst_case(Request(model.model, (), model.settings), reached.price)
    if calling.cap is not None and least is not None and least > calling.cap:
        yield f"the cap (${calling.cap:g}) is less than one answer of {model.max_tokens:,} tokens costs (${least:g})"


def with_calling(plan: Plan, cap: float | None, in_flight: int | None) -> Plan:
    """The plan with models called under this cap, and so many at a time; None leaves what the plan says."""
    calling = plan.calling
    cap = calling.cap if cap is None else cap
    in_flight = calling.in_flight if in_flight is None else in_flight
    return replace(plan, calling=replace(calling, cap=cap, in_flight=in_flight))
