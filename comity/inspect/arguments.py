"""From what is said on Inspect's command line to the matches that are played."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comity.core.errors import BadParameter
from comity.records.spec import Cell, MatchSpec, Spec
from comity.runs.design import Plan
from comity.runs.fields import MODEL
from comity.runs.plan import read_plan
from comity.runs.spelling import parse_spec
from comity.runs.wordings import beside
from comity.words.wordings import STANDARD

MOST = 20_000
"""Inspect holds every sample of a task in memory, so a task has no more of them."""

EVALUATED = "inspect"
"""In place of a model string: whatever model Inspect evaluates."""

_BETWEEN = re.compile(r",(?![^(]*\))")
"""A comma, but not one between the fields of a name."""


@dataclass(frozen=True)
class Design:
    """The matches of a task.

    agents: who is behind each label; wordings: the text of those of the user's own, by name. seed: of whatever is left
    to chance, and of nothing that a model does.
    """

    matches: Sequence[MatchSpec]
    agents: Mapping[str, Spec]
    wordings: Mapping[str, str]
    seed: int

    @property
    def players(self) -> int:
        """How many players the largest match has."""
        return max(len(match.agents) for match in self.matches)


def listed(value: str | Sequence[Any]) -> list[str]:
    """The names in a list, which Inspect has taken apart at every comma."""
    text = value if isinstance(value, str) else ",".join(map(str, value))
    return [name.strip() for name in _BETWEEN.split(text) if name.strip()]


def planned(path: str) -> Design:
    """The matches of a plan. Raises `PlanError`, and `BadParameter` where Inspect cannot play them."""
    plan = read_plan(Path(path))
    _refuse_what_samples_cannot_be(plan)
    return _checked(Design(tuple(plan.matches()), dict(plan.agents), dict(plan.wordings), plan.seed), path)


def _refuse_what_samples_cannot_be(plan: Plan) -> None:
    if plan.proposals != "match":
        raise BadParameter(
            "samples know nothing of one another, so proposals cannot be made once for all matches: "
            'set proposals = "match" in the plan'
        )
    if plan.n_matches > MOST:
        raise BadParameter(
            f"the plan has {plan.n_matches:,} matches, and a task {MOST:,} at most: play it with `comity run`"
        )


def arranged(
    game: str,
    mechanism: str | Sequence[Any],
    opponent: str | Sequence[Any],
    seat: int,
    matches: int,
    seed: int,
    asked: Mapping[str, Any],
) -> Design:
    """A model in one seat of a game against each of these opponents, so many times.

    asked: how models are asked, by the fields of `LanguageModel`. Raises `BadParameter`.
    """
    cell = _cell(game, [name for name in listed(mechanism) if name != "none"])
    players = cell.built.n_players
    if not 1 <= seat <= players:
        raise BadParameter(f"seat must be 1 to {players} in this game, not {seat}")
    if matches < 1:
        raise BadParameter(f"matches must be at least 1, not {matches}")
    model = Spec.of(MODEL, {"model": EVALUATED, **asked})
    behind = dict(_opponents(opponent, model))
    seats = [f"player_{player + 1}" for player in range(players)]
    agents = {**dict.fromkeys(seats, model), **{label: spec for label, spec in behind.items() if spec != model}}
    specs = [
        MatchSpec(index, cell, _seating(seats, seat - 1, None if behind[label] == model else label), "1", repeat)
        for index, (label, repeat) in enumerate((label, repeat) for label in behind for repeat in range(matches))
    ]
    used = {label for spec in specs for label in spec.agents}
    return _checked(
        Design(specs, {label: spec for label, spec in agents.items() if label in used}, _wordings(asked), seed), game
    )


def _cell(game: str, mechanisms: Sequence[str]) -> Cell:
    stack = tuple(parse_spec(mechanism, "mechanisms") for mechanism in mechanisms)
    return Cell(game, "+".join(mechanisms) or "none", parse_spec(game, "games"), stack)


def _opponents(opponent: str | Sequence[Any], model: Spec) -> Iterator[tuple[str, Spec]]:
    names = listed(opponent)
    if not names:
        raise BadParameter(f'an opponent is wanted: a strategy, like "tit_for_tat", or "{MODEL}"')
    for name in names:
        yield name, model if name == MODEL else parse_spec(name, "agents")


def _seating(seats: Sequence[str], model: int, opponent: str | None) -> tuple[str, ...]:
    """Who sits where: the model in its seat, the opponent in every other; no opponent leaves them all to models."""
    return tuple(seat if opponent is None or player == model else opponent for player, seat in enumerate(seats))


def _wordings(asked: Mapping[str, Any]) -> dict[str, str]:
    name = asked.get("wording", "plain")
    return {} if name in STANDARD else {name: beside(Path())(name)}


def _checked(design: Design, source: str) -> Design:
    if len(design.matches) > MOST:
        raise BadParameter(f"{source}: {len(design.matches):,} matches are asked for, and a task has {MOST:,} at most")
    return design
