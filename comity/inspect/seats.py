"""Who sits in the seats of a match that Inspect plays, and how one match goes."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from inspect_ai.model import ChatMessage, Model, get_model, model_roles
from inspect_ai.model._generate_config import active_generate_config
from inspect_ai.util import collect, span

from comity.agents.agent import ScriptedAgent
from comity.agents.function import FunctionAgent, PythonFunction
from comity.agents.model import LanguageModel, ModelAgent
from comity.core.chance import Address
from comity.core.decision import NATURE, Decision
from comity.core.errors import BadParameter, NoAnswer, NotSolvable, PlayerError
from comity.inspect.arguments import EVALUATED
from comity.inspect.measures import role_of
from comity.llm import secrets
from comity.llm.endpoint import Endpoint
from comity.llm.inspecting import PREFIX, InspectEndpoint, chat, completions, generate_config
from comity.llm.request import Completion, Draw, Request
from comity.records.catalogues import strategies
from comity.records.record import Record
from comity.records.spec import MatchSpec, Spec
from comity.runs.drive import Answer, playing
from comity.runs.fields import FUNCTION, MODEL
from comity.runs.wordings import wording_called

Answering: TypeAlias = Callable[[Decision[Any], Address], Awaitable[Answer]]


@dataclass(frozen=True)
class Seat:
    """One player of a match: its role in Inspect, who answers, and what was said between it and its model."""

    role: str
    answer: Answering
    said: list[ChatMessage] = field(default_factory=list)
    is_model: bool = False


@dataclass(frozen=True)
class SeatClient:
    """Asks the model of one seat through Inspect, which limits, retries and logs as its user has told it to.

    Its cache stays off: it knows neither seats nor draws, and would answer equal prompts with one answer.
    """

    model: Model
    said: list[ChatMessage]

    async def complete(self, endpoint: Endpoint, request: Request, draw: Draw) -> Completion:
        """Ask. What Inspect raises is let through: a provider that fails is an error of the sample, not of a player."""
        messages, started = chat(request.messages), time.monotonic()
        output = await self.model.generate(messages, config=generate_config(request), cache=False)
        [completion] = completions(endpoint.name, output, request, 1, time.monotonic() - started)
        self.said.extend([*messages, output.message])
        return completion


def seats_of(spec: MatchSpec, seed: int, agents: Mapping[str, Spec], wordings: Mapping[str, str]) -> list[Seat]:
    """Everybody in that match. Raises `BadParameter` where it is not known which model is meant."""
    key = spec.key(seed)
    return [_seat(spec, key, player, label, agents[label], wordings) for player, label in enumerate(spec.agents)]


def _seat(spec: MatchSpec, key: int, player: int, label: str, behind: Spec, wordings: Mapping[str, str]) -> Seat:
    role, game = role_of(spec, player), spec.cell.built
    if behind.name == FUNCTION:
        own = PythonFunction(**behind.parameters)
        function = FunctionAgent(label, own, own.found(), wording_called(own.wording, wordings))
        return Seat(role, _in_words(function.sit_down(game, player)))
    if behind.name != MODEL:
        script = ScriptedAgent(label, strategies()[behind.name](**behind.parameters))
        return Seat(role, _at_once(script.sit(game, player, key)))
    asked = LanguageModel(**behind.parameters)
    model, said = _model(role, label, asked), list[ChatMessage]()
    endpoint = InspectEndpoint(f"{PREFIX}{model}", model, None, None)
    agent = ModelAgent(label, asked, wording_called(asked.wording, wordings), endpoint, SeatClient(model, said))
    return Seat(role, _in_words(agent.sit_down(game, player)), said, is_model=True)


def _model(role: str, label: str, asked: LanguageModel) -> Model:
    """The model in a seat: the one bound to its role or label, or else the one the plan names, or the evaluated one."""
    if role in model_roles():
        return get_model(role=role)
    if label in model_roles():
        return get_model(role=role, default=get_model(role=label))
    if asked.model != EVALUATED:
        return get_model(role=role, default=_named(label, asked))
    model = get_model(role=role, default=get_model())
    # Inspect gives what was set for the whole evaluation to the evaluated model, but not to that model in a role.
    model.config = model.config.merge(active_generate_config())
    return model


def _named(label: str, asked: LanguageModel) -> Model:
    """The model that a plan names. Raises `BadParameter` where that is no name of Inspect's."""
    if not asked.model.startswith(PREFIX):
        raise BadParameter(
            f"the plan asks {asked.model!r} behind {label!r}, which is no name of Inspect's: write "
            f'"inspect:provider/model" there, or bind the role with --model-role {label}=provider/model'
        )
    key = None if asked.key is None else secrets.key(asked.key)
    return get_model(asked.model.removeprefix(PREFIX), base_url=asked.base_url, api_key=key)


def _at_once(decide: Callable[[Decision[Any]], Any]) -> Answering:
    async def answer(decision: Decision[Any], address: Address) -> Answer:
        try:
            return decide(decision)
        except NotSolvable as error:
            return NoAnswer(str(error))
        except PlayerError as error:
            return error

    return answer


def _in_words(decide: Callable[[Decision[Any], Address], Awaitable[Any]]) -> Answering:
    async def answer(decision: Decision[Any], address: Address) -> Answer:
        try:
            return await decide(decision, address)
        except PlayerError as error:
            return error

    return answer


async def played(spec: MatchSpec, seed: int, seats: Sequence[Seat]) -> Record:
    """Play the match to its end; the decisions of one step are put at once."""
    asking, key, step = playing(spec, seed), spec.key(seed), 0
    try:
        decisions = next(asking)
        while True:
            answers = await _answers(seats, decisions, key, step)
            decisions, step = asking.send(answers), step + 1
    except StopIteration as end:
        record: Record = end.value
        return record


async def _answers(seats: Sequence[Seat], decisions: Sequence[Decision[Any]], key: int, step: int) -> list[Answer]:
    async def answer(slot: int, decision: Decision[Any]) -> Answer:
        if decision.player == NATURE:
            return None
        seat = seats[decision.player]
        async with span(seat.role, type="seat"):
            return await seat.answer(decision, Address(key, step, slot))

    return await collect(*(answer(slot, decision) for slot, decision in enumerate(decisions)))
