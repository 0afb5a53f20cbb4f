"""The shape of a plan file: which fields there are, and of what type. What the names in it mean is not asked here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from comity.runs.complaints import Place
from comity.runs.design import ProposalPolicy, StagePolicy
from comity.runs.factors import MOST_FACTORS, MOST_LEVELS, MOST_RUNS, DesignKind

Label: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^\p{C}\p{Zl}\p{Zp}]*[^\p{C}\p{Z}][^\p{C}\p{Zl}\p{Zp}]*$")
]
"""What a table calls something: it can be seen, so that it may stand in a table and in the address of a draw."""


def _named(entry: Any) -> Any:
    return {"name": entry} if isinstance(entry, str) else entry


def _stacked(entry: Any) -> Any:
    if isinstance(entry, str):
        return {"stack": [] if entry == "none" else [entry]}
    if isinstance(entry, list):
        return {"stack": entry}
    if isinstance(entry, dict) and "stack" not in entry:
        fields = {key: value for key, value in entry.items() if key != "label"}
        return {"stack": [fields], **({"label": entry["label"]} if "label" in entry else {})}
    return entry


def _numbered(replicates: Any) -> Any:
    if type(replicates) is int and 1 <= replicates <= 1_000_000:
        return list(map(str, range(1, replicates + 1)))
    return replicates


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Entry(BaseModel):
    """A game, a mechanism or an agent: its name in the catalogue, a label, and whatever fields it takes."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    name: str
    label: Label | None = None

    @property
    def fields(self) -> Mapping[str, Any]:
        return self.model_extra or {}


AnyEntry: TypeAlias = Annotated[Entry, BeforeValidator(_named)]


class Stack(_Table):
    """Mechanisms on top of each other, innermost first. "none" is the stack with nothing in it."""

    stack: list[AnyEntry]
    label: Label | None = None


class PopulationTable(_Table):
    """See `comity.runs.design.Population`."""

    label: Label
    shares: Annotated[dict[str, Annotated[float, Field(ge=0, le=1)]], Field(min_length=1)] | None = None
    nodes: Annotated[list[str], Field(min_length=1)] | None = None


class MatchingTable(_Table):
    """See `comity.runs.design.Matching`."""

    kind: Literal["product", "sampled", "alike", "one_among", "populations"] = "product"
    matches: Annotated[int, Field(ge=1)] | None = None
    repeats: Annotated[int, Field(ge=1)] = 1
    self_play: bool = True
    populations: Annotated[list[PopulationTable], Field(min_length=1)] | None = None


class RunTable(_Table):
    """Policies of the run."""

    proposals: ProposalPolicy = "match"
    exact: bool = False
    stages: StagePolicy = "match"
    samples: Annotated[int, Field(ge=1, le=1_000)] | None = None
    skip_impossible: bool = False


class CallsTable(_Table):
    """See `comity.runs.design.Calling`."""

    cap: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    in_flight: Annotated[int, Field(ge=1, le=100_000)] | None = None
    requests_per_minute: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    tokens_per_minute: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    deadline: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 600.0
    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 300.0
    attempts: Annotated[int, Field(ge=1, le=1_000)] = 4
    coalesce: bool = False


class FactorsTable(_Table):
    """See `comity.runs.factors.Design`. levels: by "mechanism.field"."""

    design: DesignKind = "factorial"
    runs: Annotated[int, Field(ge=2, le=MOST_RUNS)] | None = None
    levels: Annotated[
        dict[str, Annotated[list[Any], Field(min_length=1, max_length=MOST_LEVELS)]],
        Field(min_length=1, max_length=MOST_FACTORS),
    ]


class Document(_Table):
    """A whole plan file."""

    name: Annotated[str, Field(max_length=100, pattern=r"^\w[\w .+-]*$")]
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    replicates: Annotated[list[Label], Field(min_length=1), BeforeValidator(_numbered)] = ["1"]
    games: Annotated[list[AnyEntry], Field(min_length=1)]
    mechanisms: Annotated[list[Annotated[Stack, BeforeValidator(_stacked)]], Field(min_length=1)]
    agents: Annotated[list[AnyEntry], Field(min_length=1)]
    matching: MatchingTable = MatchingTable()
    run: RunTable = RunTable()
    calls: CallsTable = CallsTable()
    factors: FactorsTable | None = None


def sentences(error: ValidationError) -> Iterator[tuple[Place, str]]:
    """What a validation found, each with its place and as a sentence in our words."""
    for detail in error.errors(include_url=False):
        yield detail["loc"], _sentence(detail)


def _sentence(detail: ErrorDetails) -> str:
    kind, place, found = detail["type"], detail["loc"], shown(detail["input"])
    if kind == "list_type" and place[:2] == ("factors", "levels"):
        return f'must be a list of levels, after a key in quotes such as "repetition.horizon", not {found}'
    if kind == "missing":
        return f"the field {place[-1]!r} is missing"
    if kind == "extra_forbidden":
        return unknown("field", str(place[-1]), _allowed(place))
    if place == ("replicates",):
        return f"must be how many (a number from 1 to 1,000,000) or a list of labels, not {found}"
    if kind == "string_pattern_mismatch":
        meaning = (
            "a word that can be a folder's name"
            if place == ("name",)
            else "text that can be seen, without control characters"
        )
        return f"must be {meaning}, not {found}"
    if kind == "too_short":
        return "must have at least one entry"
    if kind == "model_type":
        return f"must be a name or a table, not {found}"
    return f"{requirement(detail)}, not {found}"


def requirement(detail: ErrorDetails) -> str:
    """What a value must be, as the end of a sentence."""
    return re.sub("^[A-Z][a-z]+ should", "must", detail["msg"])


def _allowed(place: Place) -> list[str]:
    tables: dict[str | int, type[BaseModel]] = {
        "matching": MatchingTable,
        "run": RunTable,
        "mechanisms": Stack,
        "calls": CallsTable,
        "factors": FactorsTable,
    }
    table = tables[place[0]] if len(place) > 1 else Document
    if place[:2] == ("matching", "populations"):
        table = PopulationTable
    return list(table.model_fields)


def unknown(what: str, name: str, known: list[str]) -> str:
    """The sentence about a name there is not, with the nearest that there is."""
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known) or 'none'}"
    return f"there is no {what} called {name!r}; {hint}"


def shown(value: Any) -> str:
    """A value as a sentence says it."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
