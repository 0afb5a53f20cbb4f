"""What a player may choose from.

A space answers three questions: is this choice in it (`in`), which choices are there (iteration, or `NotEnumerable`),
and how would one write it down for a stranger (`schema`, a JSON schema). Spaces that chance may choose from also
`draw`, one choice from one address.

Choices are plain values: text, whole numbers, numbers, yes or no, and tuples of choices. In JSON a tuple is a list, and
`from_json` puts it back. Membership is exact in type: `True` is not 1, and 1 is not 1.0.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isclose, prod
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, cast, runtime_checkable

from comity.core.chance import Address
from comity.core.errors import BadParameter, NotEnumerable

Choice: TypeAlias = str | int | float | bool | tuple["Choice", ...] | None
Schema: TypeAlias = Mapping[str, Any]
_EXACT = 2**53
"""Whole numbers up to here are floating-point numbers too, each a different one."""
_LISTED = 1_000
"""More numbers than this that chance may draw are not listed."""
C = TypeVar("C")
C_co = TypeVar("C_co", covariant=True)


@runtime_checkable
class Space(Protocol[C_co]):
    """The legal choices of a decision."""

    def __contains__(self, choice: object) -> bool: ...

    def __iter__(self) -> Iterator[C_co]: ...

    def schema(self) -> Schema:
        """A JSON schema that admits exactly these choices (as far as JSON schema can say it)."""
        ...


@runtime_checkable
class Drawable(Space[C_co], Protocol[C_co]):
    """A space that chance can choose from."""

    def draw(self, address: Address) -> C_co: ...

    def chances(self) -> Iterator[tuple[C_co, float]]:
        """Every choice with its probability."""
        ...


def _same(a: object, b: object) -> bool:
    if type(a) is not type(b) or a != b:
        return False
    return not isinstance(a, tuple) or all(map(_same, a, cast("tuple[object, ...]", b)))


@dataclass(frozen=True)
class OneOf(Generic[C]):
    """One of the listed choices; chance takes each equally often.

    missable: whether the rules go on where a player has no answer. None is then in the space, but is no choice that is
    listed, drawn, or may be answered.
    """

    options: tuple[C, ...]
    missable: bool = False

    def __contains__(self, choice: object) -> bool:
        if choice is None and self.missable:
            return True
        for option in self.options:  # noqa: SIM110 (asked at every answer; `any` takes four times as long)
            if option == choice and _same(option, choice):
                return True
        return False

    def __iter__(self) -> Iterator[C]:
        return iter(self.options)

    def __len__(self) -> int:
        return len(self.options)

    def __or__(self, extra: C) -> OneOf[C]:
        return OneOf((*self.options, extra), self.missable)

    def __str__(self) -> str:
        return "one of " + ", ".join(map(str, self.options))

    def schema(self) -> Schema:
        return {"enum": [to_json(option) for option in self.options]}

    def draw(self, address: Address) -> C:
        return self.options[int(address.uniform() * len(self.options))]

    def chances(self) -> Iterator[tuple[C, float]]:
        return ((option, 1 / len(self.options)) for option in self.options)


def may_be_missing(space: object) -> bool:
    """Whether the rules go on where there is no answer from that space; None is then the choice."""
    return isinstance(space, OneOf) and space.missable


YES_NO: OneOf[bool] = OneOf((True, False))


@dataclass(frozen=True)
class Lottery(Generic[C]):
    """One of the listed choices, each with its own probability.

    It is what chance plays when the odds are not equal, and what an agent may answer with when it mixes.
    Raises `BadParameter` unless the probabilities are non-negative and sum to one (within 1e-9).
    """

    options: tuple[C, ...]
    probabilities: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.options) != len(self.probabilities) or not self.options:
            raise BadParameter("a lottery needs one probability for each of its options")
        if min(self.probabilities) < 0 or not isclose(sum(self.probabilities), 1, abs_tol=1e-9):
            raise BadParameter(f"the probabilities {list(self.probabilities)} are not shares of one")

    def __contains__(self, choice: object) -> bool:
        for option, p in self.chances():  # noqa: SIM110 (as in `OneOf`)
            if option == choice and p > 0 and _same(option, choice):
                return True
        return False

    def __iter__(self) -> Iterator[C]:
        return (option for option, p in self.chances() if p > 0)

    def __str__(self) -> str:
        return ", ".join(f"{option} with probability {p:g}" for option, p in self.chances())

    def schema(self) -> Schema:
        return {"enum": [to_json(option) for option in self]}

    @cached_property
    def _cumulative(self) -> tuple[float, ...]:
        return tuple(itertools.accumulate(self.probabilities))

    def draw(self, address: Address) -> C:
        place = bisect_right(self._cumulative, address.uniform())
        while place >= len(self.options) or self.probabilities[place] == 0:  # the sum may fall short of one by rounding
            place -= 1
        return self.options[place]

    def chances(self) -> Iterator[tuple[C, float]]:
        return zip(self.options, self.probabilities, strict=True)


@dataclass(frozen=True)
class Integer:
    """A whole number, within bounds where bounds are given (both belong to the space).

    Beyond 2**53 on either side there is none, bounds or not: payoffs could not hold it exactly.
    """

    low: int | None = None
    high: int | None = None

    def __contains__(self, choice: object) -> bool:
        if type(choice) is not int or abs(choice) > _EXACT:
            return False
        return (self.low is None or choice >= self.low) and (self.high is None or choice <= self.high)

    def __iter__(self) -> Iterator[int]:
        if self.low is None or self.high is None:
            raise NotEnumerable(
                "the whole numbers without bounds cannot be listed; give the space a low and a high end"
            )
        return iter(range(self.low, self.high + 1))

    def __str__(self) -> str:
        if self.low is None and self.high is None:
            return "a whole number"
        low = "" if self.low is None else f" from {self.low}"
        high = "" if self.high is None else f" up to {self.high}"
        return f"a whole number{low}{high}"

    def schema(self) -> Schema:
        bounds = {"minimum": self.low, "maximum": self.high}
        return {"type": "integer", **{key: bound for key, bound in bounds.items() if bound is not None}}


@dataclass(frozen=True)
class Number:
    """One of the numbers 0 .. below-1, for chance, which takes each equally often.

    It is what decides a thing too large to be drawn in one piece: a random graph, say. More than `_LISTED` are not
    listed. Raises `BadParameter` unless below is positive and at most 2**53.
    """

    below: int

    def __post_init__(self) -> None:
        if not 0 < self.below <= _EXACT:
            raise BadParameter(f"a number is drawn below some number from 1 to 2**53, not {self.below}")

    def __contains__(self, choice: object) -> bool:
        return type(choice) is int and 0 <= choice < self.below

    def __iter__(self) -> Iterator[int]:
        if self.below > _LISTED:
            raise NotEnumerable(f"the numbers below {self.below:,} are too many to be listed")
        return iter(range(self.below))

    def __str__(self) -> str:
        return f"a number below {self.below}"

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": 0, "maximum": self.below - 1}

    def draw(self, address: Address) -> int:
        return address.word * self.below >> 64

    def chances(self) -> Iterator[tuple[int, float]]:
        return ((number, 1 / self.below) for number in self)


@dataclass(frozen=True)
class Text:
    """Free text of at most `most` characters."""

    most: int = 500

    def __contains__(self, choice: object) -> bool:
        return type(choice) is str and len(choice) <= self.most

    def __iter__(self) -> Iterator[str]:
        raise NotEnumerable("free text cannot be listed; let the players speak from a list of messages instead")

    def __str__(self) -> str:
        return f"text of at most {self.most} characters"

    def schema(self) -> Schema:
        return {"type": "string", "maxLength": self.most}


@dataclass(frozen=True)
class Each(Generic[C]):
    """One choice from each of several named spaces, as a tuple in their order."""

    names: tuple[str, ...]
    spaces: tuple[Space[C], ...]

    def __post_init__(self) -> None:
        if len(self.names) != len(self.spaces):
            raise BadParameter("a space of several parts needs one name for each part")

    def __contains__(self, choice: object) -> bool:
        return (
            type(choice) is tuple
            and len(choice) == len(self.spaces)
            and all(part in space for part, space in zip(choice, self.spaces, strict=True))
        )

    def __iter__(self) -> Iterator[tuple[C, ...]]:
        return itertools.product(*self.spaces)

    def __str__(self) -> str:
        return "; ".join(f"{name}: {space}" for name, space in zip(self.names, self.spaces, strict=True))

    def schema(self) -> Schema:
        properties = {name: space.schema() for name, space in zip(self.names, self.spaces, strict=True)}
        return {
            "type": "object",
            "properties": properties,
            "required": list(self.names),
            "additionalProperties": False,
        }


@dataclass(frozen=True)
class Ordering:
    """All the numbers 0 .. size-1, in some order; chance takes each order equally often."""

    size: int

    def __contains__(self, choice: object) -> bool:
        if type(choice) is not tuple or len(choice) != self.size:
            return False
        return all(type(part) is int for part in choice) and sorted(choice) == list(range(self.size))

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        return itertools.permutations(range(self.size))

    def __str__(self) -> str:
        return f"an order of the numbers 0 to {self.size - 1}"

    def schema(self) -> Schema:
        numbers = {"type": "integer", "minimum": 0, "maximum": self.size - 1}
        return {"type": "array", "items": numbers, "uniqueItems": True, "minItems": self.size, "maxItems": self.size}

    def draw(self, address: Address) -> tuple[int, ...]:
        return address.order(self.size)

    def chances(self) -> Iterator[tuple[tuple[int, ...], float]]:
        share = 1 / prod(range(1, self.size + 1))
        return ((order, share) for order in self)


def to_json(choice: Any) -> Any:
    """The choice as JSON holds it: tuples become lists."""
    return [to_json(part) for part in choice] if isinstance(choice, tuple) else choice


def from_json(value: Any) -> Any:
    """The choice that `to_json` wrote: lists become tuples."""
    return tuple([from_json(part) for part in value]) if isinstance(value, list) else value
