"""What a fake provider does wrong on purpose."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, get_args

from comity.llm.fake.chance import Chance
from comity.llm.fake.wires.wire import Refused, Result, Sample

Fault: TypeAlias = Literal[
    "rate_limit",
    "rate_limit_bare",
    "overloaded",
    "server_error",
    "bad_gateway_html",
    "unauthorized",
    "payment_required",
    "quota",
    "key_echo",
    "hang",
    "reset_before",
    "reset_during",
    "slow_drip",
    "truncated_json",
    "wrong_content_type",
    "no_usage",
    "duplicate_ids",
    "empty_text",
    "refusal",
    "wrong_schema",
    "length",
    "content_filter",
    "broken_off",
    "other_ending",
    "odd_usage",
    "odd_logprobs",
]
"""One way to fail.

Refused at once: `rate_limit` (429 that says when to come back), `rate_limit_bare` (429 that does not), `overloaded`
(503, at Anthropic 529), `server_error` (500), `bad_gateway_html` (502 with a page), `unauthorized` (401, at Google
400), `payment_required` (402), `quota` (the account is empty, as each provider says so), `key_echo` (500 that repeats
the key).
Broken on the way: `hang` (no answer, ever), `reset_before` and `reset_during` (the connection is reset before and in
the middle of the answer), `slow_drip` (the answer comes in small pieces), `truncated_json` (the body ends too soon),
`wrong_content_type` (200 with a page).
Answered, but badly: `no_usage`, `duplicate_ids`, `empty_text`, `refusal`, `wrong_schema` (JSON that does not fit),
`length` (cut in the middle), `content_filter`, `broken_off` and `other_ending` (a good answer that is said to have
ended with an error, or in a way that is no end of an answer), `odd_usage` (more tokens than there can be),
`odd_logprobs` (more alternatives, whose log-probabilities are none: infinity, no number, more than 0).
"""

FAULTS: tuple[Fault, ...] = get_args(Fault)

REFUSED: Mapping[Fault, Refused] = {
    "rate_limit": "rate_limit",
    "rate_limit_bare": "rate_limit",
    "overloaded": "overloaded",
    "server_error": "server_error",
    "unauthorized": "unauthorized",
    "payment_required": "payment_required",
    "quota": "quota",
    "key_echo": "server_error",
}
"""The faults that are told in a provider's own words for errors."""

UNANSWERED: frozenset[Fault] = frozenset({"hang", "reset_before", "bad_gateway_html"})
"""The other faults that strike before anything is answered."""

HARMLESS: frozenset[Fault] = frozenset({"slow_drip", "no_usage", "duplicate_ids", "odd_usage", "odd_logprobs"})
"""The faults that leave the answer itself as it would have been."""

_SORRY = "I am sorry, but I cannot help with that request."
_UNFIT = '{"unexpected": [null, {"nested": -1}]}'
_ODD = (-math.inf, math.inf, math.nan, 7.5)
_TOO_MANY = 10**30


@dataclass(frozen=True)
class Faults:
    """How often each fault happens: the share of requests that it strikes. At most one strikes a request.

    rates: the share of each. retry_after: the seconds that `rate_limit` asks for. drip: the seconds a `slow_drip`
    takes. Raises `ValueError` where there is no such fault, or the shares are none.
    """

    rates: Mapping[Fault, float] = field(default_factory=dict)
    retry_after: float = 1.0
    drip: float = 2.0

    def __post_init__(self) -> None:
        for fault, rate in self.rates.items():
            if fault not in FAULTS:
                raise ValueError(f"there is no fault {fault!r}; there are {', '.join(FAULTS)}")
            if not 0 <= rate <= 1:
                raise ValueError(f"the rate of {fault} must lie between 0 and 1, not {rate!r}")
        if sum(self.rates.values()) > 1 + 1e-9:
            raise ValueError("the rates of all faults together must be at most 1")

    def drawn(self, chance: Chance) -> Fault | None:
        """The fault that strikes the request whose draw lies there."""
        left = chance.uniform()
        for fault, rate in self.rates.items():
            left -= rate
            if left < 0:
                return fault
        return None


def spoiled(result: Result, fault: Fault | None) -> Result:
    """The answer as that fault makes it."""
    match fault:
        case "no_usage":
            return replace(result, usage=None)
        case "odd_usage":
            return replace(result, usage=result.usage and replace(result.usage, output=_TOO_MANY))
        case "duplicate_ids":
            return replace(result, identifier="duplicate")
        case None:
            return result
        case _:
            return replace(result, samples=[_spoiled(sample, fault) for sample in result.samples])


def _spoiled(sample: Sample, fault: Fault) -> Sample:
    match fault:
        case "empty_text":
            return Sample("")
        case "refusal":
            return Sample(_SORRY)
        case "wrong_schema":
            return Sample(_UNFIT)
        case "length":
            return Sample(sample.text[: len(sample.text) // 2], sample.reasoning, finish="length")
        case "content_filter":
            return Sample("", finish="filter")
        case "broken_off":
            return replace(sample, finish="error")
        case "other_ending":
            return replace(sample, finish="other")
        case "odd_logprobs":
            return replace(sample, alternatives=(*sample.alternatives, *_odd(sample)))
        case _:
            return sample


def _odd(sample: Sample) -> Iterator[tuple[str, float]]:
    """Alternatives that are none, to a token that has one, so that whoever believes them reads something else."""
    return ((token, log) for token, _ in sample.alternatives[:1] for log in _ODD)
