"""What the client libraries raise, as what it means to us (`comity.llm.errors`), in one sentence without keys."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from comity.llm.errors import (
    BadRequest,
    Filtered,
    KeyRefused,
    ModelError,
    OutOfMoney,
    Overloaded,
    TimedOut,
    TooLong,
    Unavailable,
)
from comity.llm.secrets import one_line

_WITHHELD = ("content_filter", "content_policy", "content management policy", "usage policy", "flagged", "moderation")
"""How providers say that they refuse a prompt for what it says, and not for how it is asked."""

_MOMENTS = (408, 409, 423, 425)
"""Statuses for a request that took too long, met another one, or came too early: another time it may pass."""


def failure(error: Exception, name: str, timeout: float) -> ModelError:
    """What it means that asking the model of that name raised this.

    timeout: the seconds the call was given. Whatever is not known to be ours is theirs: `Unavailable`.
    """
    from pydantic_ai import exceptions

    match error:
        case ModelError():
            return error
        case TimeoutError() | exceptions.ModelRequestTimeout():
            return TimedOut(f"{name}: no answer came within {timeout:g} seconds.")
        case exceptions.ModelConnectionError():
            return _connection(error, name, timeout)
        case exceptions.ModelAPIError():
            return _reply(error, name)
        case exceptions.UnexpectedModelBehavior():
            first, *_ = str(error).splitlines()  # what follows is pydantic's, line by line
            return Unavailable(f"{name}: what the provider answered is no answer: {one_line(first)}")
        case exceptions.UserError():
            return BadRequest(f"{name}: {one_line(str(error))}")
        case _:
            return Unavailable(
                f"{name}: the provider's answer could not be read ({type(error).__name__}: {one_line(str(error))})."
            )


def cut_off(error: Exception) -> bool:
    """Whether OpenAI says by an error, and not by an empty answer, that hidden reasoning took all of max_tokens."""
    told = str(error) if getattr(error, "status_code", None) == 400 else ""
    return "model output limit was reached" in told


def _connection(error: Any, name: str, timeout: float) -> ModelError:
    """The answer to a connection that was never made, was lost, or said nothing for too long."""
    from pydantic_ai.exceptions import ModelTimeoutError

    if error.phase in ("connect", "pool"):
        return Unavailable(f"{name}: no connection to the provider: {one_line(_root(error))}", sent=False)
    if isinstance(error, ModelTimeoutError):
        return TimedOut(f"{name}: no answer came within {timeout:g} seconds.")
    return Unavailable(f"{name}: the connection to the provider was lost: {one_line(_root(error))}")


def _root(error: BaseException) -> str:
    """What began it, since the libraries on the way say little."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__


def _reply(error: Any, name: str) -> ModelError:
    """The meaning of a reply that says that something went wrong."""
    from pydantic_ai import exceptions

    status = _status(error)
    answered = error.__cause__ is None  # no client library complains of a status: an answer came that says so
    said = f"HTTP {status}, {_said(error)}" if status is not None else _said(error)
    match error:
        case exceptions.ModelQuotaExceededError():
            return OutOfMoney(f"{name}: the provider's account has no money or quota left: {said}", sent=answered)
        case exceptions.ModelAuthenticationError():
            return KeyRefused(f"{name}: the provider does not accept the key for this model: {said}", sent=answered)
        case exceptions.ModelContextWindowExceededError():
            return TooLong(f"{name}: the prompt is longer than the model can read: {said}", sent=False)
        case exceptions.ModelNotFoundError():
            return BadRequest(f"{name}: the provider does not know this model or address: {said}", sent=answered)
        case exceptions.ModelRateLimitError() | exceptions.ModelOverloadedError():
            return Overloaded(f"{name}: the provider asks for patience: {said}", retry_after=retry_after(error))
        case _ if status is not None and 300 <= status < 400:
            return BadRequest(f"{name}: the server redirects to another address; give that one as base_url: {said}")
        case _ if status is not None and _ours(status):
            return _rejected(error, name, said)
        case _:
            return Unavailable(f"{name}: the provider failed: {said}", retry_after=retry_after(error))


def _ours(status: int) -> bool:
    """Whether that status blames the request; some in the four hundreds blame the moment."""
    return 400 <= status < 500 and status not in _MOMENTS


def _rejected(error: Any, name: str, said: str) -> ModelError:
    told = f"{error.provider_error_code} {error.provider_error_type} {_said(error)}".lower()
    if any(words in told for words in _WITHHELD):
        return Filtered(f"{name}: the provider withheld the answer for what the prompt says: {said}")
    if error.status_code == 413:
        return TooLong(f"{name}: the request is larger than the provider takes: {said}", sent=False)
    return BadRequest(f"{name}: the provider refuses the request: {said}", sent=error.__cause__ is None)


def _status(error: Any) -> int | None:
    """The HTTP status, which below 400 only the client library's own error has."""
    cause = error.__cause__
    found = (getattr(error, "status_code", None), getattr(cause, "status_code", None), getattr(cause, "code", None))
    return next((status for status in found if isinstance(status, int)), None)


def _said(error: Any) -> str:
    """The provider's own words, as far as they fit on a line."""
    body = error.body
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        body = inner.get("message", inner) if isinstance(inner, Mapping) else inner
    if body is None or body == "":
        body = error.message if _status(error) is None else "without a word"
    return one_line(str(body))


def retry_after(error: Any) -> float | None:
    """The seconds a provider asks to wait, if it does; a `Retry-After` with a fraction is read here."""
    if error.retry_after is not None:
        return float(error.retry_after)
    try:
        seconds = float((getattr(error, "headers", None) or {}).get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None
