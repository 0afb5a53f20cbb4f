"""What a wire format is: four functions between JSON and what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from comity.llm.fake.brain import Asked
from comity.llm.request import Effort, Finish, Message, Role, Usage

Json: TypeAlias = dict[str, Any]

Refused: TypeAlias = Literal[
    "bad_request",
    "unauthorized",
    "payment_required",
    "quota",
    "not_found",
    "rate_limit",
    "overloaded",
    "server_error",
]
"""Why a request is refused: ours, or a provider's own name for it."""

Ending: TypeAlias = Finish | Literal["error"]
"""Why an answer ends; an error is no end that a completion can have."""


class BadCall(Exception):
    """A request that the protocol does not allow; the message says what is wrong."""


@dataclass(frozen=True)
class Sample:
    """One of the answers to a request."""

    text: str
    reasoning: str = ""
    alternatives: tuple[tuple[str, float], ...] = ()
    finish: Ending = "stop"


@dataclass(frozen=True)
class Result:
    """All that an answer tells: its name, who answered, when (seconds since 1970), what, and for how many tokens.

    usage: None leaves it out.
    """

    identifier: str
    model: str
    created: int
    samples: Sequence[Sample]
    usage: Usage | None


@dataclass(frozen=True)
class Wire:
    """One wire format.

    read: a request's body, and the model where the address names it; raises `BadCall`. write: an answer. refuse: the
    status and the body of a refusal. listed: which models there are.
    """

    name: str
    read: Callable[[Mapping[str, Any], str], Asked]
    write: Callable[[Result], Json]
    refuse: Callable[[Refused, str], tuple[int, Json]]
    listed: Callable[[Iterable[str]], Json]


def message(role: object, roles: Mapping[str, Role], content: object) -> Message:
    """The message of that role. Raises `BadCall` where there is no such role, or anything but text in it."""
    if not isinstance(role, str) or role not in roles:
        raise BadCall(f"the role {role!r} is none of {', '.join(roles)}")
    return Message(roles[role], text_of(content))


def text_of(content: object) -> str:
    """The text of a message: text, or a list of parts; parts that carry a model's own reasoning are passed over."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise BadCall("the content of a message must be text or a list of parts")
    return "".join(_part(part) for part in content)


def _part(part: object) -> str:
    if isinstance(part, Mapping):
        if part.get("type") in ("thinking", "redacted_thinking") or part.get("thought"):
            return ""
        if isinstance(part.get("text"), str):
            return str(part["text"])
    raise BadCall("every part of a message must be text")


def stops(value: object) -> tuple[str, ...]:
    """The texts that end an answer."""
    if value is None:
        return ()
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        raise BadCall("what stops an answer must be text or a list of texts")
    return tuple(listed)


def effort(value: object) -> Effort | None:
    """The effort of that name."""
    for known in get_args(Effort):
        if known == value:
            return known  # type: ignore[no-any-return]
    if value is None:
        return None
    raise BadCall(f"the reasoning effort {value!r} is none of {', '.join(get_args(Effort))}")


def whole(value: object, name: str, low: int = 0) -> int | None:
    """The whole number that a field holds, if it holds one."""
    if value is None:
        return None
    if type(value) is not int or value < low:
        raise BadCall(f"{name} must be a whole number from {low}, not {value!r}")
    return value


def number(value: object, name: str) -> float | None:
    """The number that a field holds, if it holds one."""
    if value is None:
        return None
    if type(value) not in (int, float):
        raise BadCall(f"{name} must be a number, not {value!r}")
    return value  # type: ignore[return-value]


def table(value: object, name: str) -> Mapping[str, Any]:
    """The object that a field holds; where there is none, an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadCall(f"{name} must be an object")
    return value


def rows(value: object, name: str) -> list[Mapping[str, Any]]:
    """The list of objects that a field holds."""
    if not isinstance(value, list) or not value or not all(isinstance(row, Mapping) for row in value):
        raise BadCall(f"{name} must be a list of at least one object")
    return value


def named(value: object) -> str:
    """The model's name."""
    if not isinstance(value, str) or not value:
        raise BadCall("model must be the name of a model")
    return value


def first_token(sample: Sample) -> tuple[str, float]:
    """The token that the answer begins with and its log-probability: the longest alternative that fits."""
    begun = [(token, log) for token, log in sample.alternatives if sample.text.startswith(token)]
    return max(begun, key=lambda pair: len(pair[0]), default=(sample.text, 0.0))
