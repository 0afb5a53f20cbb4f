"""Small studies played by models over real HTTP, and what they would have been without anything in between."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from comity.agents.brain import strategies
from comity.core.decision import NATURE, Decision
from comity.core.match import replaying
from comity.core.space import Lottery
from comity.llm.fake import Answered, Asked, Brain, FakeProvider, Fault, Faults
from comity.records.record import Record
from comity.records.store import RunFile
from comity.runs.spelling import build_strategy

KEY = "sk-planted/0123456789+abcdefghijklmnopqrstuvwxyz=="
"""The key in the environment of every test here; it changes under every encoding."""

PLAYED = {"kind": "tit_for_tat", "mixed": "random(p=0.4)"}
"""The strategy behind the model of each label."""

MECHANISMS = '["none", {name = "repetition", rounds = 3}, "mediation", "contracting"]'


def study(
    provider: FakeProvider,
    calls: str = "",
    *,
    games: str = '["prisoners_dilemma", {name = "public_goods", players = 2}]',
    mechanisms: str = MECHANISMS,
    agent: str = "",
    repeats: int = 1,
    base_url: str | None = None,
    proposals: str = "match",
) -> str:
    """A plan in which one model answers with choices and another with lotteries by a schema.

    agent: further fields of both. calls: the table of that name.
    """
    common = (
        f'name = "model", base_url = "{base_url or provider.url_openai}", key = "OPENAI_API_KEY", tagged = true,'
        " seed = 7, max_tokens = 200,"
        f" input_price = 10, output_price = 30{agent and ', '}{agent}"
    )
    return f"""
name = "study"
seed = 11
games = {games}
mechanisms = {mechanisms}
agents = [
  {{label = "kind", model = "openai-chat:{PLAYED["kind"]}", {common}}},
  {{label = "mixed", model = "openai-chat:{PLAYED["mixed"]}", form = "lottery", structured = true, {common}}},
]
[matching]
repeats = {repeats}
[run]
proposals = "{proposals}"
[calls]
{calls}
"""


def playing(**settings: Any) -> FakeProvider:
    """A provider whose models play the strategies they are called by."""
    return FakeProvider(strategies(build_strategy), **settings)


def written(folder: Path, plan: str) -> Path:
    """The plan as a file in that folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "plan.toml"
    path.write_text(plan, encoding="utf-8")
    return path


@dataclass(frozen=True)
class Found:
    """What a run holds.

    calls: how many answers; draws: how many different draws these are of. causes: those of the forfeited matches.
    """

    digest: str
    records: tuple[Record, ...]
    calls: int
    draws: int
    spent: float
    uncertain: float

    @property
    def causes(self) -> set[str]:
        return {record.failure.cause for record in self.records if record.failure}


def found(run: Path) -> Found:
    """What is in the run of that folder; every checksum is verified on the way."""
    with RunFile.open(run) as file:
        calls = list(file.calls())
        spent, uncertain = file.spending()
        return Found(
            file.digest(), tuple(file.records()), len(calls), len({call.draw for call in calls}), spent, uncertain
        )


def strange(
    records: tuple[Record, ...], played: Mapping[str, str] = PLAYED, draws: Collection[str] = ()
) -> Iterator[str]:
    """The recorded choices that the strategy of their player would not have made: there must be none.

    played: the strategy behind each label. draws: the labels that do not always say a lottery as one when they act.
    """
    for record in records:
        game = record.match.cell.built
        for step, match in enumerate(replaying(game, record.choices)):
            if step == len(record.choices):
                break
            for slot, (decision, choice) in enumerate(zip(match.pending, record.choices[step], strict=True)):
                if decision.player == NATURE:
                    continue
                label = record.match.agents[decision.player]
                said = _said(played[label], game, decision)
                recorded = record.lotteries.get((step, slot), choice)
                if not _agree(said, recorded, drawn=decision.kind != "act" or label in draws):
                    yield f"match {record.match.index}, step {step}, slot {slot}: {recorded!r} and not {said!r}"


def decisions(records: tuple[Record, ...]) -> int:
    """How many choices of players are recorded."""
    return sum(
        decision.player != NATURE
        for record in records
        for step, match in enumerate(replaying(record.match.cell.built, record.choices))
        if step < len(record.choices)
        for decision in match.pending
    )


def _said(strategy: str, game: Any, decision: Decision[Any]) -> Any:
    return build_strategy(strategy).begin(game, decision.player)(decision)


def _agree(said: Any, recorded: Any, *, drawn: bool) -> bool:
    """Whether the one is the other. drawn: whether what a strategy mixes is drawn before it is said."""
    if drawn and isinstance(said, Lottery) and not isinstance(recorded, Lottery):
        return recorded in said
    return _chances(said) == pytest.approx(_chances(recorded))


def _chances(reply: Any) -> dict[Any, float]:
    pairs = reply.chances() if isinstance(reply, Lottery) else [(reply, 1.0)]
    return {choice: chance for choice, chance in pairs if chance > 0}


def answered_again(provider: FakeProvider) -> int:
    """How many answers the provider gave, whole and sound, to what it had answered so before."""
    return sum(times - 1 for times in provider.account.repeated.values())


def from_then_on(provider: FakeProvider, fault: Fault, after: int) -> Brain:
    """After so many answers it fails in that way only; the brain that it had."""
    brain, answers = provider.brain, iter(range(after))

    def answer(asked: Asked) -> Answered:
        if next(answers, None) is None:
            provider.faults = Faults({fault: 1.0})
        return brain(asked)

    provider.brain = answer
    return brain
