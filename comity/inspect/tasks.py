"""What `inspect eval comity/...` plays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import store

from comity.inspect.arguments import Design, arranged, planned
from comity.inspect.measures import STORE, identifier, kept, measured, metadata_of, score_of, told
from comity.inspect.seats import played, seats_of
from comity.records.spec import Cell, MatchSpec, Spec


@task
def cooperation(
    game: str = "prisoners_dilemma",
    mechanism: str | list[str] = "repetition(rounds=10)",
    opponent: str | list[str] = "tit_for_tat",
    seat: int = 1,
    matches: int = 10,
    seed: int = 1,
    form: str = "choice",
    reasoning: bool = True,
    structured: bool = False,
    wording: str = "plain",
    re_asks: int = 3,
) -> Task:
    """The evaluated model in one seat of a social dilemma, against scripts or against itself.

    Args:
        game: A game by name, like chicken or "public_goods(players=4)".
        mechanism: The mechanism it is played under, or several, innermost first; "none" for none.
        opponent: The strategy in every other seat, or several, each of which is met in matches of its own. "model" puts
            the evaluated model, or whatever is bound to the role of the seat (player_2, ...), in every seat.
        seat: Which seat the model takes against a strategy.
        matches: How many matches against each opponent.
        seed: The seed of whatever is left to chance.
        form: How the model answers: "choice", "lottery" or "token".
        reasoning: Whether it gives its reasons first.
        structured: Whether the provider holds its answers to a schema.
        wording: A wording by name, or a file with one.
        re_asks: How often it is asked again when its answer cannot be read.
    """
    asked = {
        "form": form,
        "reasoning": reasoning,
        "structured": structured,
        "wording": wording,
        "re_asks": re_asks,
    }
    return _task(arranged(game, mechanism, opponent, seat, matches, seed, asked))


@task
def match(plan: str) -> Task:
    """Every match of a plan. A model of the plan is the one bound to its label as a role, or an "inspect:..." there.

    Args:
        plan: The file of the plan.
    """
    return _task(planned(plan))


def _task(design: Design) -> Task:
    samples = [_sample(design, spec) for spec in design.matches]
    scorers = [payoff(design.players), score(design.players), cooperation_rate(design.players)]
    return Task(dataset=MemoryDataset(samples, name="matches"), solver=seats(), scorer=scorers)


def _sample(design: Design, spec: MatchSpec) -> Sample:
    return Sample(
        id=identifier(spec),
        input=told(spec),
        metadata={
            **metadata_of(spec),
            "match": {
                "index": spec.index,
                "cell": spec.cell.to_json(),
                "seed": design.seed,
                "agents": {label: design.agents[label].to_json() for label in dict.fromkeys(spec.agents)},
                "wordings": _texts(design, spec),
            },
        },
    )


def _texts(design: Design, spec: MatchSpec) -> dict[str, str]:
    named = {design.agents[label].parameters.get("wording") for label in spec.agents}
    return {name: text for name, text in design.wordings.items() if name in named}


@solver
def seats() -> Solver:
    """Plays one match. Each epoch is a replicate of its own, with draws of its own."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        described: Mapping[str, Any] = state.metadata["match"]
        spec = _spec(state)
        agents = {label: Spec.from_json(behind) for label, behind in described["agents"].items()}
        sitting = seats_of(spec, described["seed"], agents, described["wordings"])
        record = await played(spec, described["seed"], sitting)
        models = [seat for seat in sitting if seat.is_model]
        store().set(STORE, kept(record, described["seed"], measured([record])[spec.index]))
        store().set(
            "messages", {seat.role: [said.model_dump(exclude_none=True) for said in seat.said] for seat in models}
        )
        state.messages = models[0].said if models else state.messages
        return state

    return solve


def _spec(state: TaskState) -> MatchSpec:
    told = state.metadata
    replicate = told["replicate"] if state.epoch == 1 else f"{told['replicate']}, epoch {state.epoch}"
    cell = Cell.from_json(told["match"]["cell"])
    return MatchSpec(told["match"]["index"], cell, tuple(told["players"]), replicate, told["repeat"])


@scorer(metrics={"*": [mean(), stderr()]})
def payoff(players: int) -> Scorer:
    """What each player is paid for the match, in the points of the game."""
    return _measuring("payoff", players)


@scorer(metrics={"*": [mean(), stderr()]})
def score(players: int) -> Scorer:
    """The payoff of each player on the scale where 0 is everybody defecting and 1 everybody cooperating."""
    return _measuring("score", players)


@scorer(metrics={"*": [mean(), stderr()]}, name="cooperation")
def cooperation_rate(players: int) -> Scorer:
    """The share of the actions of each player that are the cooperative one of its seat."""
    return _measuring("cooperation", players)


def _measuring(measure: str, players: int) -> Scorer:
    async def scored(state: TaskState, target: Target) -> Score:
        return score_of(state.store.get(STORE), measure, players)

    return scored
