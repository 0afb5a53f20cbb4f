"""A request as pydantic-ai takes it, and the models of pydantic-ai that take it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comity.llm.errors import BadRequest
from comity.llm.request import Message, Request, Settings
from comity.llm.secrets import one_line

if TYPE_CHECKING:
    import httpx2
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models import Model, ModelRequestParameters
    from pydantic_ai.models.batch import BatchRequest
    from pydantic_ai.settings import ModelSettings


@dataclass(frozen=True)
class Secret:
    """A key that does not show itself, None where there is none."""

    value: str | None

    @property
    def sent(self) -> str:
        """The key, or what is sent in its place because the libraries want one."""
        return self.value or "no-key-needed"

    def __repr__(self) -> str:
        return "Secret()"


@dataclass(frozen=True)
class Address:
    """A model as pydantic-ai calls it, and the server where that is not the provider's own."""

    prefix: str
    model: str
    base_url: str | None = None

    @property
    def identifier(self) -> str:
        """The model string of pydantic-ai."""
        return f"{self.prefix}:{self.model}"


def built(address: Address, secret: Secret, http: httpx2.AsyncClient) -> Model:
    """The pydantic-ai model that sends over that client and never retries. Raises `BadRequest`."""
    from pydantic_ai.exceptions import UserError
    from pydantic_ai.models import infer_model

    try:
        return infer_model(address.identifier, provider_factory=lambda _: _provider(address, secret, http))
    except ImportError:
        extra = f"pydantic-ai-slim[{address.prefix}]"
        raise BadRequest(
            f"{address.identifier} needs a library that is not installed: pip install '{extra}'."
        ) from None
    except (UserError, ValueError) as error:
        raise BadRequest(f"{address.identifier}: {one_line(str(error))}") from None


def _provider(address: Address, secret: Secret, http: httpx2.AsyncClient) -> Any:
    """The provider of pydantic-ai. Those that know one server only are given a client for another."""
    from pydantic_ai.providers import infer_provider_class

    known = infer_provider_class(address.prefix)
    takes = inspect.signature(known.__init__).parameters
    where = next((name for name in ("base_url", "api_base") if name in takes), None)
    if address.base_url is None:
        provider = known(api_key=secret.sent, http_client=http)  # type: ignore[call-arg]
    elif where is not None:
        provider = known(api_key=secret.sent, http_client=http, **{where: address.base_url})  # type: ignore[call-arg]
    elif "openai_client" in takes:
        from openai import AsyncOpenAI

        elsewhere = AsyncOpenAI(api_key=secret.sent, base_url=address.base_url, http_client=http)
        provider = known(openai_client=elsewhere)  # type: ignore[call-arg]
    else:
        raise ValueError(f"the provider {address.prefix} is reached at its own address only; leave base_url out")
    if hasattr(provider.client, "max_retries"):
        provider.client.max_retries = 0
    return provider


async def asked(model: Model, request: Request, samples: int, timeout: float) -> ModelResponse:
    """One request, sent once."""
    from pydantic_ai.direct import model_request

    return await model_request(
        model,
        _messages(request.messages),
        model_settings=_settings(model, request, samples, timeout),
        model_request_parameters=_parameters(request.schema),
    )


def batched(model: Model, name: str, request: Request) -> BatchRequest:
    """The same request as one of a batch, under that name."""
    from pydantic_ai.models.batch import BatchRequest

    parameters = _parameters(request.schema)
    messages = _messages(request.messages)
    if model.profile.get("may_tokenize_special_tokens_in_content", False):
        messages = model.prepare_messages(messages, parameters)  # a call has them broken up on its way
    settings = _settings(model, request, samples=1, timeout=None)
    return BatchRequest(custom_id=name, messages=messages, model_settings=settings, model_request_parameters=parameters)


def _messages(messages: Sequence[Message]) -> list[ModelMessage]:
    from pydantic_ai import messages as theirs

    parts: dict[str, Callable[[str], ModelMessage]] = {
        "system": lambda text: theirs.ModelRequest(parts=[theirs.SystemPromptPart(text)]),
        "user": lambda text: theirs.ModelRequest(parts=[theirs.UserPromptPart(text)]),
        "assistant": lambda text: theirs.ModelResponse(parts=[theirs.TextPart(text)]),
    }
    return [parts[message.role](message.text) for message in messages]


def _parameters(schema: str | None) -> ModelRequestParameters:
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition

    if schema is None:
        return ModelRequestParameters()
    held = OutputObjectDefinition(json_schema=json.loads(schema), name="answer", strict=True)
    # Some servers' models are told the schema in words of pydantic-ai; ours stand in the prompt already.
    return ModelRequestParameters(output_mode="native", output_object=held, prompted_output_template=False)


def _settings(model: Model, request: Request, samples: int, timeout: float | None) -> ModelSettings:
    """The settings as pydantic-ai calls them; what is left to the provider is left out."""
    ours = request.settings
    plain: dict[str, Any] = {
        "temperature": ours.temperature,
        "top_p": ours.top_p,
        "seed": ours.seed,
        "max_tokens": ours.max_tokens,
        "stop_sequences": list(ours.stop) or None,
        "timeout": timeout,
        "extra_body": {"n": samples} if samples > 1 else None,
    }
    sent = {**plain, **_thinking(model, ours), **_alternatives(model, request.alternatives)}
    return {name: value for name, value in sent.items() if value is not None}  # type: ignore[return-value]


def _thinking(model: Model, settings: Settings) -> Mapping[str, Any]:
    """The effort. To a server whose models pydantic-ai does not know it goes as OpenAI calls it."""
    if settings.effort is None:
        return {}
    profile = model.profile
    known = profile.get("supports_thinking", False) or profile.get("thinking_always_enabled", False)
    if not known and speaks(model, "openai") and "api.openai.com" not in (model.base_url or ""):
        return {"openai_reasoning_effort": settings.effort}
    return {"thinking": False if settings.effort == "none" else settings.effort}


def _alternatives(model: Model, count: int) -> Mapping[str, Any]:
    """How each wire format calls the log-probabilities; those that have none are sent nothing."""
    if not count:
        return {}
    family = next((family for family in ("openai", "google") if speaks(model, family)), None)
    return {} if family is None else {f"{family}_logprobs": True, f"{family}_top_logprobs": count}


def speaks(model: Model, family: str) -> bool:
    """Whether a model is of that family of wire formats, by the modules of its classes."""
    return any(kind.__module__.startswith(f"pydantic_ai.models.{family}") for kind in type(model).__mro__)


def with_choices(model: Model) -> Model:
    """A copy of an OpenAI chat model whose response has the others of its choices among its details.

    pydantic-ai reads the first choice only, so each is given to it as if it were alone.
    """
    kind = type(model)

    class EachChoice(kind):  # type: ignore[misc, valid-type]
        def _process_response(self, response: Any, **options: Any) -> Any:
            choices = getattr(response, "choices", None) or [None]
            alone = [response] if choices == [None] else [response.model_copy(update={"choices": [c]}) for c in choices]
            first, *others = [super(EachChoice, self)._process_response(one, **options) for one in alone]
            first.provider_details = {**(first.provider_details or {}), "others": others}
            return first

    sampler = copy(model)
    sampler.__class__ = EachChoice
    return sampler


def choices(response: ModelResponse) -> list[ModelResponse]:
    """All the choices of a response of such a model."""
    return [response, *(response.provider_details or {}).get("others", ())]
