"""What was to be played, as plain data from which the game can be built again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from comity.core.chance import stream_key
from comity.core.errors import BadParameter
from comity.core.flow import Game
from comity.core.space import to_json
from comity.records.catalogues import games, mechanisms

JSON = Any
Entry = TypeVar("Entry")


def frozen(value: Any) -> Any:
    """A value of a plan as one that can be hashed: a list is a tuple, a table the tuple of its pairs sorted by name."""
    if isinstance(value, Mapping):
        return tuple([(key, frozen(each)) for key, each in sorted(value.items())])
    return tuple([frozen(each) for each in value]) if isinstance(value, list) else value


@dataclass(frozen=True)
class Spec:
    """An entry of a catalogue and its parameters, sorted by name; values are plain (numbers, text, tuples)."""

    name: str
    fields: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, name: str, fields: Mapping[str, Any] | None = None) -> Spec:
        """The spec with these parameters, `frozen`."""
        return cls(name, tuple(sorted((key, frozen(value)) for key, value in (fields or {}).items())))

    @property
    def parameters(self) -> dict[str, Any]:
        return dict(self.fields)

    def to_json(self) -> JSON:
        return {"name": self.name, **{key: to_json(value) for key, value in self.fields}}

    @classmethod
    def from_json(cls, data: JSON) -> Spec:
        return cls.of(data["name"], {key: value for key, value in data.items() if key != "name"})


@dataclass(frozen=True)
class Cell:
    """One game under one stack of mechanisms: what a table has one entry for.

    game_label, mechanism_label: what tables call them. stack: innermost mechanism first; empty is no mechanism.
    """

    game_label: str
    mechanism_label: str
    game: Spec
    stack: tuple[Spec, ...] = ()

    @cached_property
    def built(self) -> Game:
        """The game that is played. Raises `BadParameter` or `BadStack` where there is no such game."""
        game: Game = _entry(games(), "game", self.game)(**self.game.parameters)
        for mechanism in self.stack:
            game = _entry(mechanisms(), "mechanism", mechanism)(game, **mechanism.parameters)
        return game

    def __reduce__(self) -> tuple[type[Cell], tuple[Any, ...]]:
        """Another process builds the game for itself."""
        return Cell, (self.game_label, self.mechanism_label, self.game, self.stack)

    def to_json(self) -> JSON:
        return {
            "game_label": self.game_label,
            "mechanism_label": self.mechanism_label,
            "game": self.game.to_json(),
            "stack": [mechanism.to_json() for mechanism in self.stack],
        }

    @classmethod
    def from_json(cls, data: JSON) -> Cell:
        stack = tuple(Spec.from_json(mechanism) for mechanism in data["stack"])
        return cls(data["game_label"], data["mechanism_label"], Spec.from_json(data["game"]), stack)


def _entry(catalogue: Mapping[str, Entry], kind: str, spec: Spec) -> Entry:
    if spec.name not in catalogue:
        raise BadParameter(f"there is no {kind} called {spec.name!r} here; is the plugin that has it installed?")
    return catalogue[spec.name]


_NAMED = 12
"""More agents than this are not named in a sentence."""


@dataclass(frozen=True)
class MatchSpec:
    """One match to be played.

    index: its place in the plan, counted from 0; it names the match in the run.
    agents: the label of the agent of each player, in the order of the players of cell.built.
    replicate: which independent repetition of the whole design it belongs to.
    repeat: which of several matches of the same agents in the same cell and replicate, counted from 0.
    """

    index: int
    cell: Cell
    agents: tuple[str, ...]
    replicate: str = "1"
    repeat: int = 0

    @property
    def who(self) -> str:
        """Who plays, as a sentence says it."""
        if len(self.agents) > _NAMED:
            return f"a population of {len(self.agents)}"
        return " and ".join(self.agents)

    def key(self, seed: int) -> int:
        """The key of the stream of this match's draws: a function of what it is, not of its place in the plan."""
        cell = self.cell
        return stream_key(
            seed, cell.game_label, cell.mechanism_label, self.replicate, self.repeat, "\x1e".join(self.agents)
        )
