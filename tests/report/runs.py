"""Small runs to report on, played by deciders that are one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from comity.core.decision import Decision
from comity.core.match import play
from comity.core.named import named_game
from comity.core.space import Each, Text
from comity.records.record import Failure, Record
from comity.records.spec import MatchSpec
from comity.records.store import Header, RunFile
from comity.runs.plan import parsed_plan

PLAN = """\
name = "small"
seed = 3
games = ["prisoners_dilemma", "public_goods", "matching_pennies"]
mechanisms = [
    "none",
    { name = "repetition", rounds = 4 },
    { name = "reputation_first_order", rounds = 4 },
    { name = "cheap_talk", rounds = 1 },
]
agents = [
    { name = "always_cooperate", label = "saint" },
    { name = "always_defect", label = "rogue" },
    { name = "tit_for_tat", label = "turncoat" },
]
"""
SHORT = """\
name = "short"
seed = 3
games = ["prisoners_dilemma"]
mechanisms = ["none", { name = "repetition", rounds = 4 }]
agents = [
    { name = "always_cooperate", label = "saint" },
    { name = "always_defect", label = "rogue" },
    { name = "tit_for_tat", label = "turncoat" },
]
"""
"""For a page of which no more is read than a sentence."""
HOSTILE = '</pre><script>alert("x")</script>\x1b[31mred\x1b[0m & \u202ebackwards'
"""A message as a language model might send it."""

Decide = Callable[[Decision[Any]], Any]


def records(plan: str = PLAN, seed: int | None = None) -> list[Record]:
    """Every match of a plan: "saint" cooperates, "rogue" defects, anybody else cooperates in round 0 only.

    With a seed anybody else decides by the toss of a coin.
    """
    return [_played(match, seed) for match in parsed_plan(plan).matches()]


def write_run(folder: Path, played: Iterable[Record], plan: str = PLAN, header: Header | None = None) -> Path:
    """A run folder with these records."""
    read = parsed_plan(plan)
    header = header or Header(read.name, "plan", plan, read.seed, read.agents, read.n_matches)
    with RunFile.create(folder, header) as run:
        run.append(list(played))
    return folder


def forfeited(record: Record, reason: str = "no valid answer after 6 attempts") -> Record:
    """The match as it ends when its first player cannot answer the first question."""
    return Record(record.match, "forfeited", failure=Failure(0, 0, 0, "act", reason))


def renamed(record: Record, names: dict[str, str]) -> Record:
    """The same match between agents of other names."""
    agents = tuple(names.get(agent, agent) for agent in record.match.agents)
    return replace(record, match=replace(record.match, agents=agents))


def _played(match: MatchSpec, seed: int | None) -> Record:
    done = play(match.cell.built, _decider(match, seed), key=match.index)
    assert done.outcome is not None
    return Record(match, "finished", tuple(done.choices), payoffs=done.outcome.payoffs)


def _decider(match: MatchSpec, seed: int | None) -> Decide:
    named = named_game(match.cell.built)
    coin = None if seed is None else Random(f"{seed} {match.index}")
    asked = [0] * match.cell.built.n_players

    def decide(decision: Decision[Any]) -> Any:
        if isinstance(decision.options, Text):
            return HOSTILE
        assert not isinstance(decision.options, Each)
        agent, seat = match.agents[decision.player], decision.player % named.n_players
        asked[decision.player] += 1
        at_first = asked[decision.player] == 1 if coin is None else coin.random() < 0.5
        kind = agent == "saint" or (agent != "rogue" and at_first)
        return (named.cooperative if kind else named.defective)[seat] or next(iter(decision.options))

    return decide
