"""What is true of a cell before anybody plays it, worked out from its game."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import islice, product
from math import prod
from typing import Any

from comity.core.flow import Game, StageGame
from comity.core.named import Named, layers, named_game, scale_under
from comity.core.space import to_json
from comity.exact.equilibria import pure_equilibria
from comity.games.normal_form import NormalForm
from comity.mechanisms.rescaling import Rescaled
from comity.records.levels import shortened
from comity.records.spec import Cell, Spec
from comity.report.text import counted

MOST_PROFILES = 5_000
"""In a game with more profiles than this the equilibria are not looked for."""
MOST_EQUILIBRIA = 6


def facts_of(cell: Cell) -> Iterator[tuple[str, str]]:
    """Names and sentences: the rules with every parameter, the scale, what cooperates, the equilibria."""
    game = named_game(cell.built)
    base, stacked = _layers(cell)
    yield "Game", spelled(cell.game.name, _parameters(base, cell.game))
    stack = zip(stacked, cell.stack, strict=True)
    yield "Mechanism", ", then ".join(spelled(spec.name, _parameters(layer, spec)) for layer, spec in stack) or "none"
    scale = scale_under(cell.built)
    yield "Scale", f"0 is a payoff of {scale.low:g}, 1 a payoff of {scale.high:g}"
    yield "To cooperate is", _by_role(game)
    if isinstance(game, NormalForm | Rescaled):
        yield "Equilibria of the game alone, in pure actions", _equilibria(game)


def _layers(cell: Cell) -> tuple[Game, list[Game | None]]:
    """The base game, and the layer of each mechanism of the stack; None where it has none of its own."""
    base, *stacked = reversed(list(islice(layers(cell.built), len(cell.stack) + 1)))  # a plugin's game may have a base
    return base, [*stacked, *[None] * (len(cell.stack) - len(stacked))]


def is_constant_sum(cell: Cell) -> bool:
    """Whether the players of the base game are together paid the same whatever they do."""
    game = named_game(cell.built)
    if not isinstance(game, NormalForm | Rescaled) or prod(map(len, game.actions)) > MOST_PROFILES:
        return False
    return len({sum(game.payoffs(profile)) for profile in product(*game.actions)}) == 1


def spelled(name: str, parameters: Mapping[str, Any]) -> str:
    """An entry of a catalogue on one line, as a plan spells it."""
    written = ", ".join(
        f"{key}={shortened(json.dumps(to_json(value), default=str))}" for key, value in parameters.items()
    )
    return f"{name}({written})" if written else name


def _parameters(layer: Game | None, spec: Spec) -> dict[str, Any]:
    """Every field with its value, defaults too; what is absent stays absent."""
    if layer is None or not is_dataclass(layer):
        return spec.parameters
    found = {field.name: getattr(layer, field.name) for field in fields(layer) if field.init and field.name != "base"}
    return {name: value for name, value in found.items() if value not in (None, ())}


def _by_role(game: Named) -> str:
    meant = dict(zip(game.roles, game.cooperative, strict=True))
    if not any(meant.values()):
        return "nothing: no action of this game means it"
    if len(set(meant.values())) == 1:
        return f"{next(iter(meant.values()))}"
    return "; ".join(f"{action or 'nothing'} for {role}" for role, action in meant.items())


def _equilibria(game: StageGame) -> str:
    profiles = prod(map(len, game.actions))
    if profiles > MOST_PROFILES:
        return f"not looked for among {profiles:,} profiles"
    found = pure_equilibria(game)
    listed = ["(" + ", ".join(profile) + ")" for profile in found[:MOST_EQUILIBRIA]]
    more = [f"and {counted(len(found) - MOST_EQUILIBRIA, 'other')}"] if len(found) > MOST_EQUILIBRIA else []
    return ", ".join(listed + more) or "none"
