"""Endpoints by their model strings, through pydantic-ai, which speaks the providers' wire formats.

A model string is "provider:model" as pydantic-ai has it: "openai:gpt-5.2" is OpenAI's Responses format, and
"openai-chat:gpt-5.2" the older chat format, which nearly all compatible servers speak. So with a `base_url`, "openai:"
means chat as well; "openai-responses:" is always the Responses format.

An answer that the provider cut off or replaced for its content is a completion with the finish "filter", since it was
paid for and says something; a prompt that was refused for its content (HTTP 400 or 403) is the failure `Filtered`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from comity.llm import secrets
from comity.llm.asking import Address, Secret
from comity.llm.endpoint import Endpoint, Price
from comity.llm.errors import BadRequest, KeyRefused
from comity.llm.inspecting import inspect_endpoint
from comity.llm.prices import price_of
from comity.llm.reached import Reached


class Backend(Protocol):
    """Makes the endpoint of a model string; see `endpoint`."""

    def __call__(self, model: str, *, base_url: str | None, key: str | None, price: Price | None) -> Endpoint: ...


@dataclass(frozen=True)
class Service:
    """A provider that pydantic-ai reaches with a key.

    keys: the environment variables that hold it, the first that is set counts. home: whether it has an address of its
    own and wants a key; a server of the user's has neither. several: whether its wire format has several samples for
    one request.
    """

    keys: tuple[str, ...]
    home: bool = True
    several: bool = False


_OPENAI = Service(("OPENAI_API_KEY",))
_CHAT = replace(_OPENAI, several=True)
_GOOGLE = Service(("GOOGLE_API_KEY", "GEMINI_API_KEY"))

SERVICES: Mapping[str, Service] = {
    "openai": _OPENAI,
    "openai-chat": _CHAT,
    "openai-responses": _OPENAI,
    "anthropic": Service(("ANTHROPIC_API_KEY",)),
    "google": _GOOGLE,
    "google-gla": _GOOGLE,
    "openrouter": Service(("OPENROUTER_API_KEY",)),
    "ollama": Service(("OLLAMA_API_KEY",), home=False),
    "vllm": Service(("VLLM_API_KEY",), home=False, several=True),
    "litellm": Service(("LITELLM_API_KEY",), home=False, several=True),
    "alibaba": Service(("ALIBABA_API_KEY", "DASHSCOPE_API_KEY")),
    "cerebras": Service(("CEREBRAS_API_KEY",)),
    "cohere": Service(("CO_API_KEY",)),
    "crusoe": Service(("CRUSOE_API_KEY",)),
    "deepseek": Service(("DEEPSEEK_API_KEY",)),
    "fireworks": Service(("FIREWORKS_API_KEY",)),
    "groq": Service(("GROQ_API_KEY",)),
    "heroku": Service(("HEROKU_INFERENCE_KEY",)),
    "huggingface": Service(("HF_TOKEN",)),
    "mistral": Service(("MISTRAL_API_KEY",)),
    "moonshotai": Service(("MOONSHOTAI_API_KEY",)),
    "nebius": Service(("NEBIUS_API_KEY",)),
    "ovhcloud": Service(("OVHCLOUD_API_KEY",)),
    "sambanova": Service(("SAMBANOVA_API_KEY",)),
    "together": Service(("TOGETHER_API_KEY",)),
    "vercel": Service(("VERCEL_AI_GATEWAY_API_KEY", "VERCEL_OIDC_TOKEN")),
    "zai": Service(("ZAI_API_KEY",)),
}


def endpoint(
    model: str, *, base_url: str | None = None, key: str | None = None, price: Price | None = None
) -> Endpoint:
    """The endpoint of a model string; nothing is sent.

    base_url: of the server, where it is not the provider's own. key: the name of the environment variable with the key,
    where it is not the provider's usual one; with a base_url, no key is sent unless it is named here. price: counts
    more than any table. Raises `KeyRefused` where the key is missing and `BadRequest` where the rest makes no sense.
    """
    return _backend(model, base_url)(model, base_url=base_url, key=key, price=price)


def keyless(model: str, *, base_url: str | None = None, price: Price | None = None) -> Endpoint:
    """The same endpoint without its key: it says what it does not offer and what it charges, and cannot be asked.

    Raises as `endpoint` does, and `KeyRefused` only where Inspect makes no model without a key.
    """
    backend = _backend(model, base_url)
    if backend is not reached:
        return backend(model, base_url=base_url, key=None, price=price)
    return _made(model, base_url, price, lambda service, where: None)


def _backend(model: str, base_url: str | None) -> Backend:
    prefix, colon, name = model.partition(":")
    if not colon or not name:
        raise BadRequest(f'{model!r} names no model: it has the form "provider:model", such as "openai:gpt-5.2".')
    backend = BACKENDS.get(prefix)
    if backend is None:
        raise BadRequest(f"{model!r}: the provider {prefix!r} is unknown; known are {', '.join(BACKENDS)}.")
    if base_url is not None:
        _check_url(model, base_url)
    return backend


def _check_url(model: str, base_url: str) -> None:
    scheme, slashes, rest = base_url.partition("://")
    if not slashes or scheme not in ("http", "https") or not rest:
        raise BadRequest(
            f"{model}: base_url is {secrets.one_line(base_url)!r}, and must begin with http:// or https://."
        )
    if "@" in rest.partition("/")[0] or "?" in rest:
        raise BadRequest(f"{model}: base_url holds a password or a query; a key belongs in an environment variable.")


def reached(model: str, *, base_url: str | None, key: str | None, price: Price | None) -> Endpoint:
    """The endpoint of a model at one of the `SERVICES`; see `endpoint`."""
    return _made(model, base_url, price, lambda service, where: _key(model, service, where, key))


def _made(
    model: str, base_url: str | None, price: Price | None, key: Callable[[Service, str | None], str | None]
) -> Endpoint:
    """key: of that service at that address, or else its own."""
    prefix, _, name = model.partition(":")
    if prefix == "openai" and base_url is not None:
        prefix = "openai-chat"
    service = SERVICES[prefix]
    if not service.home:
        base_url = base_url or _server(model, prefix)
    secret = Secret(key(service, base_url))
    return Reached(
        name=model,
        address=Address(prefix.replace("google-gla", "google"), name, base_url),
        secret=secret,
        several=service.several,
        price=price if price is not None else price_of(model),
        batch_price=price if price is not None else price_of(model, batch=True),
    )


def _server(model: str, prefix: str) -> str:
    """The server of the user's. Raises `BadRequest` where none is named."""
    variable = f"{prefix.upper()}_BASE_URL"
    found = os.environ.get(variable)
    if not found:
        raise BadRequest(
            f"{model} needs the address of a server: a base_url such as http://127.0.0.1:8000/v1, or the environment"
            f" variable {variable}."
        )
    _check_url(model, found)
    return found


def _key(model: str, service: Service, base_url: str | None, named: str | None) -> str | None:
    """The key; None where none is needed. Raises `KeyRefused` where there is none and one is needed.

    The usual key of a provider is sent to that provider only: a plan that somebody else wrote must not be able to send
    it to another server without saying so.
    """
    elsewhere = service.home and base_url is not None
    if named is None and elsewhere:
        return None
    names = service.keys if named is None else (named,)
    found = next((value for value in map(secrets.key, names) if value), None)
    if found is None and (named is not None or service.home):
        raise KeyRefused(f"{model} needs a key: the environment variable {' or '.join(names)} is not set.")
    return found


BACKENDS: dict[str, Backend] = {**dict.fromkeys(SERVICES, reached), "inspect": inspect_endpoint}
"""What makes the endpoints of each prefix."""
