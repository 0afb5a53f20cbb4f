"""A Python function takes a seat: told the decision as plain data, and read as strictly as a model.

    def mine(decision):
        return decision["options"][0]

The function is called with one dictionary (see `told`) and returns the choice in its JSON form: the name of an option,
true or false, a number, a list, an object, as the `schema` in the dictionary says. It may be a coroutine function.
"""

from __future__ import annotations

import inspect
import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from importlib import import_module
from typing import Any, TypeAlias

from comity.agents.agent import DecideLater
from comity.core.chance import Address, stream_key
from comity.core.decision import Decision
from comity.core.errors import BadParameter, NoAnswer
from comity.core.flow import Game
from comity.core.match import Reply
from comity.core.outcome import Outcome
from comity.core.space import OneOf
from comity.games.matrix import MatrixGame
from comity.games.symmetric import SymmetricGame
from comity.words.phrases import joined
from comity.words.printable import printable_line
from comity.words.render import sections
from comity.words.shapes import Misfit, shape_of
from comity.words.wording import Wording

Function: TypeAlias = Callable[[dict[str, Any]], Any]

_PLACE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_SEEDS = 2**31
_SHOWN = 200
_UNTOLD: Mapping[type, frozenset[str]] = {
    Outcome: frozenset({"views"}),
    MatrixGame: frozenset({"cooperate", "defect", "role_names"}),
    SymmetricGame: frozenset({"cooperate", "defect"}),
}
"""What annotates a fact for its analysis, or is what others saw: nobody is told."""


class FunctionRefused(BadParameter):
    """A function of a plan that cannot be found or called; the message says which and why."""


@dataclass(frozen=True)
class PythonFunction:
    """A function of the user's own, as a plan names it.

    call: "package.module:function", found as Python finds modules, and in the folder where comity is started.
    wording: in which it is told the decision as text. re_asks: how often it is asked again when what it returns is no
    choice. Raises `BadParameter` for a call that is spelled otherwise; nothing is imported before the run.
    """

    call: str
    wording: str = "plain"
    re_asks: int = 0

    def __post_init__(self) -> None:
        if not _PLACE.fullmatch(self.call):
            raise BadParameter(f'call must be like "package.module:function", not {self.call!r}')
        if self.re_asks < 0:
            raise BadParameter(f"re_asks must be at least 0, not {self.re_asks}")

    def found(self) -> Function:
        """The function. Raises `FunctionRefused` where there is none, or its module cannot be imported."""
        module, _, name = self.call.partition(":")
        try:
            with _from_here():
                function = getattr(import_module(module), name, None)
        except Exception as error:
            raise FunctionRefused(f"{module} cannot be imported: {_said(error)}") from error
        if not callable(function):
            raise FunctionRefused(f"{module} has no function {name}")
        called: Function = function
        return called


@contextmanager
def _from_here() -> Iterator[None]:
    """Modules in the present folder are found too, after all others."""
    here = os.getcwd()
    sys.path.append(here)
    try:
        yield
    finally:
        sys.path.remove(here)


@dataclass(frozen=True)
class FunctionAgent:
    """A function behind the label of an agent.

    It answers from the decision alone. What it returns is a choice or is asked for again, with the reason; after the
    last time, and where it raises, there is no answer (`NoAnswer`, of the cause "malformed", "illegal" or "exception").
    A function that is no coroutine is called for one decision at a time.
    """

    name: str
    asked: PythonFunction
    function: Function
    wording: Wording

    def sit_down(self, game: Game, player: int) -> DecideLater:
        """Sit down as that player of one match."""

        async def decide(decision: Decision[Any], address: Address) -> Reply:
            return await self._answer(decision, address)

        return decide

    async def _answer(self, decision: Decision[Any], address: Address) -> Reply:
        shape = shape_of(decision.options, self.wording.answering(decision))
        before: dict[str, Any] | None = None
        for attempt in range(1 + self.asked.re_asks):
            seed = stream_key(address.key, "function", address.step, address.slot, self.name, attempt) % _SEEDS
            value = await self._called({**told(decision, self.wording), "seed": seed, "refused": before})
            try:
                _check_json(value)
                return shape.read(value)
            except Misfit as misfit:
                failure, before = misfit, {"answer": _shown(value), "why": misfit.found}
        raise NoAnswer(f"{self.name} returned what is no choice: {failure.found}", failure.cause)

    async def _called(self, decision: dict[str, Any]) -> Any:
        try:
            value = self.function(decision)
            return await value if inspect.isawaitable(value) else value
        except Exception as error:
            raise NoAnswer(f"{self.name} raised {_said(error)}", "exception") from error


def _said(error: Exception) -> str:
    return printable_line(f"{type(error).__name__}: {error}"[:_SHOWN])


def _shown(value: Any) -> str:
    return printable_line(repr(value)[:_SHOWN])


def _check_json(value: Any) -> None:
    """Raise `Misfit` unless the value is made of what JSON has, exactly: no subclasses, no tuples, no infinities."""
    try:
        fits = _is_json(value)
    except RecursionError:
        fits = False
    if not fits:
        raise Misfit("malformed", f"{_shown(value)} is no value of JSON")


def _is_json(value: Any) -> bool:
    if type(value) is list:
        return all(map(_is_json, value))
    if type(value) is dict:
        return all(type(key) is str and _is_json(part) for key, part in value.items())
    return value is None or type(value) in (str, bool, int) or (type(value) is float and math.isfinite(value))


def told(decision: Decision[Any], wording: Wording) -> dict[str, Any]:
    """The decision as data that JSON can say, made anew for each call.

    kind: of the decision. player: who is asked, from 1. text: all that the player knows, and the question, as a model
    reads it. options: the options by name, where they are one of several; else None. schema: the JSON schema of what is
    to be returned. sees: the facts that the text is made of, outermost first, each with its type under "fact".
    """
    answering = wording.answering(decision)
    shape = shape_of(decision.options, answering)
    parts = sections(decision, wording)
    return {
        "kind": decision.kind,
        "player": decision.player + 1,
        "text": joined("\n\n".join(filter(None, parts)).split("\n")),
        "options": _options(decision, answering),
        "schema": shape.schema(),
        "sees": [_plain(fact) for fact in decision.sees],
    }


def _options(decision: Decision[Any], wording: Wording) -> list[Any] | None:
    if not isinstance(decision.options, OneOf):
        return None
    shape = shape_of(decision.options, wording)
    return [shape.spelled(option) for option in decision.options]


def _plain(value: Any) -> Any:
    """A fact, or a part of one, in what JSON has."""
    kind: type = type(value)
    if is_dataclass(value):
        hidden = next((names for base, names in _UNTOLD.items() if isinstance(value, base)), frozenset())
        told = {field.name: _plain(getattr(value, field.name)) for field in fields(value) if field.name not in hidden}
        return {"fact": kind.__name__, **told}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, frozenset | set):
        return sorted(_plain(part) for part in value)
    if isinstance(value, Mapping):
        return [[_plain(key), _plain(part)] for key, part in value.items()]
    if isinstance(value, Fraction):
        return float(value)
    return value if value is None or kind in (str, bool, int, float) else str(value)
