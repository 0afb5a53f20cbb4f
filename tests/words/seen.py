"""What decisions show, taken apart: games that show every type of fact, and each fact with one thing changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from comity.core.decision import NATURE, Decision
from comity.core.errors import BadParameter
from comity.core.flow import Game
from comity.core.outcome import Outcome
from comity.games.matrix import MatrixGame, PrisonersDilemma
from comity.games.symmetric import PublicGoods, SymmetricGame
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.matching import Rotated
from comity.mechanisms.network import Networked, PerEdge
from comity.mechanisms.repetition import Repeated
from comity.mechanisms.sanctions import Sanctioned
from comity.mechanisms.talk import CheapTalk
from comity.words.outcomes import settles
from tests.generators import BASES, NESTED, SMALL, Script, played, stacked

_DILEMMA = PrisonersDilemma()
VARIED = {
    **BASES,
    **{name: game for name in SMALL if (game := stacked(_DILEMMA, name)) is not None},
    **NESTED,
    "repeated sanctioned contracted": Repeated(Sanctioned(Contracted(_DILEMMA), reward=2), rounds=2),
    "sanctioned repeated": Sanctioned(Repeated(_DILEMMA, rounds=2)),
    "sanctioned rotated": Sanctioned(Rotated(_DILEMMA, population=4, rounds=2)),
    "repeated per edge": Repeated(PerEdge(_DILEMMA, players=3), rounds=2),
    "talk before rotated public goods": CheapTalk(Rotated(PublicGoods(), population=6, rounds=2)),
    "talk before rotated network": CheapTalk(Rotated(Networked(_DILEMMA, players=3), population=6, rounds=2)),
}
"""Games that between them show every type of fact."""


def decisions_of(game: Game, key: int = 5) -> list[Decision[Any]]:
    _, put = played(game, Script(key), key)
    return [decision for step in put for decision in step if decision.player != NATURE]


def types_in(value: Any) -> Iterator[type]:
    """The types of all that is in a value, outermost first."""
    if isinstance(value, tuple):
        for part in value:
            yield from types_in(part)
    elif is_dataclass(value):
        yield type(value)
        for field in fields(value):
            yield from types_in(getattr(value, field.name))


UNSAID = {
    MatrixGame: {"cooperate", "defect", "role_names"},
    SymmetricGame: {"cooperate", "defect"},
    Outcome: {"views"},  # what others saw is no part of what one sees
}
"""What annotates a game for its analysis and is shown to nobody."""


def changed(value: Any) -> Iterator[Any]:
    """The value with one thing in it changed, for every thing in it that is to be said."""
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
        case str():
            yield f"{value}x"
        case None:
            yield 7
        case tuple():
            for place, part in enumerate(value):
                yield from ((*value[:place], other, *value[place + 1 :]) for other in changed(part))
        case Outcome() if settles(value):
            yield from _changed_fields(value, {"payoffs", "actions", "notes"})
            before = value.parts[0].outcome
            yield from (_settled(value, inner) for inner in _changed_fields(before, {"payoffs"}))
        case _ if is_dataclass(value):
            yield from _changed_fields(value, {field.name for field in fields(value)} - UNSAID.get(type(value), set()))


def _changed_fields(value: Any, names: set[str]) -> Iterator[Any]:
    for name in sorted(names):
        for other in changed(getattr(value, name)):
            try:
                yield replace(value, **{name: other})
            except BadParameter:
                continue


def _settled(outcome: Outcome, before: Outcome) -> Outcome:
    return replace(outcome, parts=(replace(outcome.parts[0], outcome=before),))
