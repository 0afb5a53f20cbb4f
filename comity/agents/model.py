"""A language model takes a seat: asked from the decision alone, asked again with the reason, and never guessed for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import Any, Literal, Protocol, cast

from comity.agents.agent import DecideLater, Halted
from comity.agents.tags import tag
from comity.core.chance import Address, stream_key
from comity.core.decision import Decision
from comity.core.errors import BadParameter, NoAnswer
from comity.core.flow import Game
from comity.core.match import Reply
from comity.llm.endpoint import Endpoint, Price
from comity.llm.errors import CallFailed, RunStops
from comity.llm.request import Completion, Draw, Effort, Message, Request, Settings
from comity.strategies.assisting import best_at, checked_assists
from comity.words.forms import Form, Prompt, again, prompt
from comity.words.reading import Unread, read_answer
from comity.words.wording import Wording


class Completing(Protocol):
    """Whoever gets completions: the client of a run, or something that stands in for it."""

    async def complete(self, endpoint: Endpoint, request: Request, draw: Draw) -> Completion:
        """The completion of that draw from that request. Raises `ModelError`."""
        ...


SEEDS = 2**31
"""Providers take seeds below this."""


_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_WHOLE = {"seed": 0, "max_tokens": 1, "re_asks": 0}
_FINITE = {"temperature": 0, "input_price": 0, "output_price": 0}


@dataclass(frozen=True)
class LanguageModel:
    """A language model, reached at a provider or at an endpoint of your own.

    model: the model string, such as "openai:gpt-5.2". base_url: of an endpoint that is not the provider's own. key: the
        name of the environment variable that holds the key, in capital letters; None for the provider's usual one.
    temperature, top_p, seed, max_tokens, stop, effort: see `comity.llm.request.Settings`; what is left out is left to
        the provider. Of a seed each draw has a seed of its own.
    form: how it answers: a "choice", a "lottery" in whole percent over its options where it acts, or one "token".
    reasoning: whether it gives its reasons before its answer. structured: whether the provider holds it to the schema.
    wording: the name of a wording, or a file with one, beside the plan.
    assists: the kinds of decisions that are made for it, as well as they can be made (see
        `comity.strategies.assisting`), and cost nothing.
    re_asks: how often it is asked again when its reply cannot be read.
    input_price, output_price: in US dollars per million tokens, where they are not the list prices.
    tagged: adds to each prompt a line from which the fake provider reads the decision; for tests only.
    """

    model: str
    base_url: str | None = None
    key: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    effort: Effort | None = None
    form: Literal["choice", "lottery", "token"] = "choice"
    reasoning: bool = True
    structured: bool = False
    wording: str = "plain"
    re_asks: int = 3
    input_price: float | None = None
    output_price: float | None = None
    tagged: bool = False
    assists: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, low in _WHOLE.items():
            self._check(name, low, "a whole number", type(getattr(self, name)) is int)
        for name, low in _FINITE.items():
            self._check(name, low, "a finite number", _is_finite(getattr(self, name)))
        if self.top_p is not None and not (_is_finite(self.top_p) and 0 < self.top_p <= 1):
            raise BadParameter(f"top_p must be above 0 and at most 1, not {self.top_p!r}")
        if self.key is not None and not _VARIABLE.fullmatch(self.key):  # it may be a key, so it is not repeated
            raise BadParameter("key is the name of an environment variable, in capital letters, such as OPENAI_API_KEY")
        if (self.input_price is None) != (self.output_price is None):
            raise BadParameter("input_price and output_price are given together or not at all")
        checked_assists(self.assists)
        if self.form == "token" and self.reasoning:
            raise BadParameter('form = "token" leaves no room for reasons: set reasoning = false')

    def _check(self, name: str, low: int, kind: str, is_kind: bool) -> None:
        """Only what nobody need say may be left out."""
        value = getattr(self, name)
        if value is None and name != "re_asks":
            return
        if not is_kind:
            raise BadParameter(f"{name} must be {kind}, not {value!r}")
        if value < low:
            raise BadParameter(f"{name} must be at least {low}, not {value}")

    @property
    def settings(self) -> Settings:
        """What the provider is asked to do."""
        return Settings(self.temperature, self.top_p, self.seed, self.max_tokens, self.stop, self.effort)

    @property
    def answers(self) -> Form:
        """The form of the answers."""
        return Form(self.form, self.reasoning, self.structured)

    @property
    def price(self) -> Price | None:
        """The price that the plan states."""
        if self.input_price is None or self.output_price is None:
            return None
        return Price(self.input_price, self.output_price)


def _is_finite(value: object) -> bool:
    return type(value) in (int, float) and isfinite(cast(float, value))


@dataclass(frozen=True)
class ModelAgent:
    """A language model behind the label of an agent.

    It answers from the decision and its address alone: asked again for the same draw it gives the answer that was paid
    for. A reply that cannot be read is asked for again with the reason; after the last time, or where the provider has
    no answer, it has none either (`NoAnswer`, whose cause says why). Where no call can succeed any more it raises
    `Halted`.
    """

    name: str
    model: LanguageModel
    wording: Wording
    endpoint: Endpoint
    client: Completing

    def sit_down(self, game: Game, player: int) -> DecideLater:
        """Sit down as that player of one match."""
        best = best_at(game).begin(game, player) if self.model.assists else None

        async def decide(decision: Decision[Any], address: Address) -> Reply:
            if best is not None and decision.kind in self.model.assists:
                return best(decision)
            return await self._answer(decision, address, self._prompt(game, decision))

        return decide

    def _prompt(self, game: Game, decision: Decision[Any]) -> Prompt:
        asked = prompt(decision, self.wording, self._form)
        if not self.model.tagged:
            return asked
        return replace(asked, user=f"{asked.user}\n\n{tag(decision, game, self.wording, self._form)}")

    async def _answer(self, decision: Decision[Any], address: Address, asked: Prompt) -> Reply:
        text = asked.user
        for ask in range(1 + self.model.re_asks):
            draw = Draw(address.key, address.step, address.slot, self.name, ask)
            completion = await self._completion(self._request(asked, text, draw), draw)
            try:
                return self._read(completion, decision)
            except Unread as error:
                failure, text = error, f"{asked.user}\n\n{again(completion.text, error, self._form)}"
        raise NoAnswer(f"{self.name} has no answer that can be read: {failure}", failure.cause)

    def _read(self, completion: Completion, decision: Decision[Any]) -> Reply:
        return read_answer(
            completion.text,
            decision,
            self.wording,
            self._form,
            finish=completion.finish,
            alternatives=completion.alternatives,
        )

    def _request(self, asked: Prompt, text: str, draw: Draw) -> Request:
        messages = (Message("system", asked.system), Message("user", text))
        return Request(
            self.model.model, messages, self._settings(draw), self.model.base_url, asked.schema, asked.alternatives
        )

    def _settings(self, draw: Draw) -> Settings:
        if self.model.seed is None:
            return self.model.settings
        return replace(self.model.settings, seed=stream_key(self.model.seed, *draw) % SEEDS)

    async def _completion(self, request: Request, draw: Draw) -> Completion:
        try:
            return await self.client.complete(self.endpoint, request, draw)
        except CallFailed as error:
            raise NoAnswer(f"{self.name} has no answer: {error}", error.cause) from error
        except RunStops as error:
            raise Halted(str(error)) from error

    @cached_property
    def _form(self) -> Form:
        return self.model.answers
