"""Whether people and agents were in the same experiment: a checklist that is printed with every verdict.

What neither a run nor a card says is unknown, and unknown is never taken for the same. Words are put side by side for
the reader to judge; only what is a number here is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal, TypeAlias

from comity.core.flow import Game, StageGame
from comity.core.named import Named, layers
from comity.fidelity.observations import Observations
from comity.mechanisms.neighbourhood import Neighbourhood
from comity.mechanisms.presentation import RANDOM, Presented
from comity.mechanisms.repetition import Repeated

UNKNOWN = "unknown"

_ALIKE = "the same for everybody"

Agreement: TypeAlias = Literal["same", "different", "unknown", "to be judged"]

ITEMS: dict[str, str] = {
    "payoffs": "payoffs, relative to each other",
    "information": "what players see",
    "horizon": "what they are told of the end",
    "agents": "players per session",
    "rounds": "rounds",
    "order": "order of parts and what is carried over",
    "time limit": "time limit",
    "labels": "labels counter-balanced",
    "comprehension": "comprehension check",
    "leakage": "what a model may have read about it",
}
"""What is asked, and in which words."""

COMPARED = ("payoffs", "agents", "rounds")
"""What can be compared without judgement."""


@dataclass(frozen=True)
class Item:
    """One line of the checklist. people, candidate: what is said of each, or "unknown"."""

    name: str
    people: str
    candidate: str
    agreement: Agreement


def checklist(people: Mapping[str, str], candidate: Mapping[str, str]) -> tuple[Item, ...]:
    """The whole list from what is known of both sides, by the names of `ITEMS`."""
    return tuple(_item(name, people.get(name, UNKNOWN), candidate.get(name, UNKNOWN)) for name in ITEMS)


def _item(name: str, people: str, candidate: str) -> Item:
    if UNKNOWN in (people, candidate):
        return Item(ITEMS[name], people, candidate, "unknown")
    if people == candidate:
        return Item(ITEMS[name], people, candidate, "same")
    return Item(ITEMS[name], people, candidate, "different" if name in COMPARED else "to be judged")


def of_observations(observations: Observations) -> dict[str, str]:
    """How large sessions are and how long stretches are, as text."""
    per_session = observations.n_agents / max(1, len(observations.sessions))
    return {"agents": f"{per_session:g}", "rounds": str(observations.n_rounds)}


def payoffs_of(reward: float, sucker: float, temptation: float, punishment: float) -> str:
    """The four payoffs of a symmetric game on a scale of its own, so that units and constants do not matter.

    Payoffs are told as multiples of the reward above the punishment, with the punishment as 0.
    """
    span = reward - punishment
    if span == 0:
        return f"R {reward:g}, S {sucker:g}, T {temptation:g}, P {punishment:g}"
    told = {"R": reward, "S": sucker, "T": temptation, "P": punishment}
    return ", ".join(f"{name} {(value - punishment) / span + 0.0:.3g}" for name, value in told.items())


def of_game(game: Game) -> dict[str, str]:
    """What a game under its mechanisms says of the experiment."""
    return dict(_said(game))


def _said(game: Game) -> Iterator[tuple[str, str]]:
    found = list(layers(game))
    base = found[-1]
    if isinstance(base, Named) and isinstance(base, StageGame) and base.n_players == 2:
        pays = _four(base)
        if pays:
            yield "payoffs", pays
    for layer in found:
        if isinstance(layer, Neighbourhood):
            yield "information", f"{_past(layer.memory)} of oneself and neighbours, payoffs shown: {layer.shown}"
            yield "horizon", "announced" if layer.horizon == "announced" else "not announced"
            if len(layer.stretches) > 1:
                carried = "the past is carried over" if layer.carry_over else "the past is not carried over"
                yield "order", f"{len(layer.stretches)} parts, {carried}"
            else:
                yield "order", "one part"
            break
        if isinstance(layer, Repeated):
            yield "information", _past(layer.memory)
            yield "order", "one part"
            break
    yield "labels", next((_labels(layer) for layer in found if isinstance(layer, Presented)), _ALIKE)
    yield "time limit", "none"


def _past(memory: int | str) -> str:
    """Which rounds are shown."""
    if memory == 1:
        return "the last round"
    return "all rounds" if memory == "all" else f"the last {memory} rounds"


def _labels(told: Presented) -> str:
    """What actions are called, and whether all are told the same."""
    if told.labels == RANDOM:
        return "drawn for every match"
    return _ALIKE if isinstance(told.labels, str) else f"{', '.join(told.labels)}; {_ALIKE}"


def _four(base: Named) -> str:
    """R, S, T and P of a two-player game in which one action cooperates and one defects."""
    if not isinstance(base, StageGame) or None in (*base.cooperative, *base.defective):
        return ""
    pays = {}
    for mine, yours in product((True, False), repeat=2):
        profile = tuple((base.cooperative if kind else base.defective)[seat] for seat, kind in enumerate((mine, yours)))
        pays[mine, yours] = float(base.payoffs(tuple(each for each in profile if each is not None))[0])
    return payoffs_of(pays[True, True], pays[True, False], pays[False, True], pays[False, False])
