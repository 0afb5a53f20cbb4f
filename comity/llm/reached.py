"""An endpoint that pydantic-ai reaches."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from comity.llm import answers, batching, offers
from comity.llm.asking import Address, Secret, asked, built, choices, with_choices
from comity.llm.endpoint import Price
from comity.llm.errors import BadRequest, CallFailed, KeyRefused, ModelError, TimedOut, Unavailable
from comity.llm.failures import cut_off, failure
from comity.llm.prices import cost, price_of
from comity.llm.request import Completion, Message, Request, Settings
from comity.llm.secrets import one_line

if TYPE_CHECKING:
    import httpx2
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.models import Model
    from pydantic_ai.models.batch import BatchResult

    from comity.llm.wire import Mirror

A_MINUTE = 60.0
CHECK = (Message("user", "Answer with the word yes."),)


class Reached:
    """An endpoint through pydantic-ai, with one pool of connections for all its calls."""

    def __init__(
        self,
        name: str,
        address: Address,
        secret: Secret,
        several: bool,
        price: Price | None,
        batch_price: Price | None = None,
    ) -> None:
        self._name = name
        self._address = address
        self._secret = secret
        self._several = several
        self._price = price
        self._batch_price = batch_price
        self._refused: dict[tuple[Settings, bool, int, int], Sequence[str]] = {}
        _ = self._model  # a library that is missing is told of now

    @property
    def name(self) -> str:
        """See `Endpoint`."""
        return self._name

    @property
    def line(self) -> str:
        """The provider and the model, and the server where that is not the provider's own."""
        where = self._address.base_url
        return self._address.identifier if where is None else f"{self._address.identifier} at {where}"

    @property
    def price(self) -> Price | None:
        """As it was given, or else as genai-prices lists it."""
        return self._price

    @cached_property
    def _http(self) -> httpx2.AsyncClient:
        from comity.llm.wire import Wire, client

        return client(Wire())

    @cached_property
    def _model(self) -> Model:
        return built(self._address, self._secret, self._http)

    @cached_property
    def _sampler(self) -> Model:
        """The same model, whose responses carry all their choices."""
        return with_choices(self._model)

    def refusals(self, settings: Settings, *, schema: bool, alternatives: int, samples: int) -> Sequence[str]:
        """See `Endpoint` and `comity.llm.offers`; what was found out once is not looked for again."""
        asked = settings, schema, alternatives, samples
        if asked not in self._refused:
            self._refused[asked] = tuple(self._refusals(*asked))
        return self._refused[asked]

    def _refusals(self, settings: Settings, schema: bool, alternatives: int, samples: int) -> Sequence[str]:
        from comity.llm.wire import Mirror, client

        mirror = Mirror()
        rendering = partial(self._rendered, built(self._address, self._secret, client(mirror)), mirror)
        refused = partial(offers.refusals, rendering, schema=schema, alternatives=alternatives, samples=samples)
        if settings.effort == "none" and self._model.profile.get("thinking_always_enabled", False):
            return [*refused(replace(settings, effort=None)), "it always reasons, and effort = 'none' is not for it"]
        return refused(settings)

    async def _rendered(self, model: Model, mirror: Mirror, request: Request, samples: int) -> Any:
        """The body that would be sent. Raises `offers.NotRendered`."""
        from pydantic_ai.exceptions import UserError

        mirror.body = None
        try:
            await asked(model, request, samples if self._several else 1, A_MINUTE)
        except UserError as error:
            raise offers.NotRendered(one_line(str(error))) from error
        except Exception:
            if mirror.body is None:  # else it is how the library says that nothing was sent
                raise
        return json.loads(mirror.body or b"null")

    async def send(self, request: Request, timeout: float, samples: int = 1) -> Sequence[Completion]:
        """See `Endpoint`. Several samples are asked for in one request, whose prompt is paid once.

        The usage of that request is divided over those that came, and its sum is exact; each has the seconds of the
        whole. Some servers take no notice of the number and give one.
        """
        if samples > 1 and not self._several:
            raise BadRequest(f"{self._name} does not give several samples for one request (coalesce).")
        model = self._model if samples == 1 else self._sampler
        start = time.monotonic()
        try:
            async with asyncio.timeout(timeout):
                response = await asked(model, request, samples, timeout)
            if response.finish_reason is None and not response.parts:
                raise Unavailable(f"{self._name}: the provider answered, but with nothing in it.")
            responses = [response] if samples == 1 else choices(response)
            return self._completions(responses[:samples], request, time.monotonic() - start, batch=False)
        except Exception as error:
            if cut_off(error):
                return [self._empty(request, time.monotonic() - start, self._price)] * samples
            raise self._meaning(error, timeout) from None

    def _meaning(self, error: Exception, timeout: float) -> ModelError:
        """See `comity.llm.failures`."""
        meaning = failure(error, self._name, timeout)
        if isinstance(meaning, KeyRefused) and self._secret.value is None:
            return KeyRefused(f"{self._name}: the server wants a key, and none was named: name its variable as key.")
        return meaning

    def _empty(self, request: Request, seconds: float, price: Price | None) -> Completion:
        """The answer that ended before it began."""
        usage = answers.bounds(request, "")
        paid = cost(usage, price)
        return Completion("", finish="length", usage=usage, seconds=seconds, cost=paid, at=time.time())

    def _completions(
        self, responses: Sequence[ModelResponse], request: Request, seconds: float, *, batch: bool
    ) -> list[Completion]:
        """What was answered. Raises `Unavailable` where an error broke all of it off."""
        usage, served = answers.usage_of(responses[0], request), answers.named(responses[0].model_name)
        if not usage.known:
            usage = replace(usage, output=usage.output * len(responses))
        responses = [response for response in responses if not answers.broken_off(response)]
        if not responses:
            raise Unavailable(f"{self._name}: the provider broke its answer off with an error.")
        price = (self._batch_price if batch else self._price) or price_of(self._name, served, batch=batch)
        shares = answers.divided(usage, [answers.text_of(response) for response in responses])
        return [
            Completion(
                text=answers.text_of(response),
                reasoning=answers.reasoning_of(response),
                finish=answers.finish_of(response),
                served=served,
                usage=share,
                alternatives=answers.alternatives_of(response),
                seconds=seconds,
                cost=cost(share, price),
                identifier=answers.named(response.provider_response_id),
                at=time.time(),
            )
            for response, share in zip(responses, shares, strict=True)
        ]

    @property
    def batch_price(self) -> Price | None:
        """As it was given, or else as genai-prices lists it for batches."""
        return self._batch_price

    def batch_refusals(self, settings: Settings) -> Sequence[str]:
        """See `BatchEndpoint`."""
        if batching.takes_batches(self._model):
            return ()
        known = '"openai:" (at OpenAI), "openai-responses:" and "anthropic:"'
        return (f"{self._name} has no batch endpoint that is known here; models of {known} have one.",)

    async def submit(self, asked: Mapping[str, Request], timeout: float) -> str:
        """See `BatchEndpoint`."""
        try:
            async with asyncio.timeout(timeout):
                return await batching.submit(self._model, asked)
        except Exception as error:
            raise self._meaning(error, timeout) from None

    async def collect(
        self, ticket: str, asked: Mapping[str, Request], timeout: float
    ) -> Mapping[str, Completion | ModelError] | None:
        """See `BatchEndpoint`. The seconds of an answer are those from the making of the batch until now."""
        try:
            async with asyncio.timeout(timeout):
                found = await batching.collect(self._model, ticket)
        except Exception as error:
            raise self._meaning(error, timeout) from None
        if found is None:
            return None
        seconds = max(0.0, time.time() - found[0].created_at.timestamp())
        return {name: self._came(found[1][name], asked[name], seconds) for name in asked.keys() & found[1].keys()}

    def _came(self, result: BatchResult, request: Request, seconds: float) -> Completion | ModelError:
        """What came of one request of a batch. Providers charge for what they answered, and for nothing else."""
        if result.status in ("expired", "canceled"):
            return TimedOut(f"{self._name}: the batch was {result.status} before the model was asked.", sent=False)
        try:
            return self._completions([batching.response(self._model, result, request)], request, seconds, batch=True)[0]
        except Exception as error:
            if cut_off(error):
                return self._empty(request, seconds, self._batch_price)
            meaning = self._meaning(error, A_MINUTE)
            if isinstance(meaning, CallFailed) and result.status == "errored":
                meaning.sent = False
            return meaning

    async def check(self, timeout: float) -> None:
        """See `Endpoint`: asks for one word of at most 16 tokens, since only a real call tells the whole truth.

        Lists of models are missing from many servers and name models that a key may not use. The call costs some
        20 tokens of prompt and 16 of answer, less than a hundredth of a cent with most models.
        """
        await self.send(Request(self._name, CHECK, Settings(max_tokens=16), self._address.base_url), timeout)

    async def close(self) -> None:
        """See `Endpoint`."""
        await self._http.aclose()
