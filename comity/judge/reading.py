"""An answer becomes a labelling, or the sentence that says why it is none; nothing is guessed and nothing put right."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from comity.judge.errors import JudgeError
from comity.judge.taxonomy import Taxonomy
from comity.llm.request import Completion
from comity.words.printable import printable_line

Cause: TypeAlias = Literal["truncated", "filtered", "malformed", "illegal"]

MOST = 100_000
"""An answer of more characters is no list of labels."""
_FENCED = re.compile(r"```(?:json)?[ \t]*\n(?P<inside>.*)\n```", re.DOTALL | re.IGNORECASE)


class Unread(JudgeError):
    """An answer that is no labelling; the message is a clause that says why.

    cause: "truncated" (the longest answer was reached), "filtered" (the provider withheld it), "malformed" (it is not
    the one JSON object that was asked for, or did not end by itself) or "illegal" (it is, and holds what it may not).
    """

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause: Cause = cause


@dataclass(frozen=True)
class Verdict:
    """The labels of a reason, in the order of the taxonomy, and how sure the judge says it is (None if it does not)."""

    labels: tuple[str, ...]
    confidence: float | None = None


def read_verdict(completion: Completion, taxonomy: Taxonomy) -> Verdict:
    """The labelling in an answer: one JSON object with the fields "labels" and "confidence", alone or in one fence.

    Raises `Unread` for everything else: prose around it, another field, a name that no label has, a label twice.
    """
    if completion.finish == "length":
        raise Unread("truncated", "it ends before it is complete")
    if completion.finish == "filter":
        raise Unread("filtered", "the provider withheld it")
    if completion.finish != "stop":
        raise Unread("malformed", "the provider says that it did not end by itself")
    found = _object(completion.text)
    if set(found) != {"labels", "confidence"}:
        raise Unread(
            "illegal", f'it must have the fields "labels" and "confidence" and no other, not {_shown(list(found))}'
        )
    return Verdict(_labels(found["labels"], taxonomy), _confidence(found["confidence"]))


def _object(text: str) -> dict[str, Any]:
    stripped = text.strip()
    if len(stripped) > MOST:
        raise Unread("malformed", f"it has {len(stripped):,} characters, and a list of labels needs few")
    fenced = _FENCED.fullmatch(stripped)
    try:
        found = json.loads(
            fenced["inside"] if fenced else stripped, object_pairs_hook=_once, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise Unread("malformed", "it is not one JSON object and nothing else") from None
    if not isinstance(found, dict):
        raise Unread("malformed", f"it is JSON, but not an object: {_shown(found)}")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unread("malformed", "it has a field twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _labels(value: Any, taxonomy: Taxonomy) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise Unread("illegal", f'"labels" must be a list of names, not {_shown(value)}')
    for name in value:
        if name not in taxonomy.names:
            raise Unread("illegal", f"there is no label {_shown(name)}; the names are: {', '.join(taxonomy.names)}")
    if len(set(value)) != len(value):
        raise Unread("illegal", f"a label stands twice in {_shown(value)}")
    return tuple(name for name in taxonomy.names if name in value)


def _confidence(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise Unread("illegal", f'"confidence" must be a number from 0 to 1, not {_shown(value)}')
    return float(value)


def _shown(value: Any) -> str:
    text = printable_line(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= 80 else f"{text[:77]}..."
