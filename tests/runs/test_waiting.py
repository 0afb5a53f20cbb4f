"""Matches side by side: one that cannot be played loses nothing that was paid for, and Python is left as it was."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from comity.agents.agent import Agent, DecideLater
from comity.agents.model import ModelAgent
from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.errors import RuleError
from comity.core.flow import Game
from comity.core.match import Reply
from comity.llm.client import Client
from comity.llm.ledger import Ledger
from comity.llm.request import Completion, Usage
from comity.records.calls import Calls
from comity.records.spec import MatchSpec
from comity.records.store import Header, RunFile
from comity.runs.count import Count
from comity.runs.drive import PlayStopped
from comity.runs.models import Models, models_of
from comity.runs.plan import parsed_plan
from comity.runs.run import missing
from comity.runs.waiting import COLLECT_AFTER, _rarely_collecting, play_waiting, play_with_models
from comity.words.wordings import PLAIN
from tests.llm.scripted import Scripted, Sending
from tests.llm.virtual import now, virtually

PLAN = parsed_plan(
    """
name = "side by side"
seed = 1
games = ["prisoners_dilemma"]
mechanisms = ["none", {name = "repetition", rounds = 2}]
agents = [
  {name = "model", label = "a", model = "openai-chat:a", base_url = "http://127.0.0.1:9/v1", max_tokens = 50},
  {name = "model", label = "b", model = "openai-chat:b", base_url = "http://127.0.0.1:9/v1", max_tokens = 50},
]
[matching]
repeats = 20
""",
    "a plan",
)
IN_FLIGHT = 20
"""What a client sends at a time where nobody says how much."""


async def cooperating(sending: Sending) -> Sequence[Completion]:
    await asyncio.sleep(2.0)
    return [Completion('{"answer": "cooperate"}', usage=Usage(10, 0, 5), cost=0.01)]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[RunFile]:
    header = Header(PLAN.name, "plan", PLAN.text, PLAN.seed, PLAN.agents, PLAN.n_matches)
    with RunFile.create(tmp_path / "run", header) as made:
        yield made


class Reached(Scripted):
    """An endpoint of which a plan's models may share one."""

    __hash__ = object.__hash__


@dataclass
class Wordless:
    """An agent that breaks a match after half a second, and for which all others wait two seconds."""

    name: str
    breaks: bool
    asked: list[float] = field(default_factory=list)

    def sit_down(self, game: Game, player: int) -> DecideLater:
        async def decide(decision: Decision[object], address: Address) -> Reply:
            self.asked.append(now())
            await asyncio.sleep(0.5 if self.breaks else 2.0)
            if self.breaks:
                raise RuleError("no words for this")
            return "cooperate"

        return decide


def test_a_match_that_cannot_be_played_loses_no_call_in_flight(file: RunFile) -> None:
    endpoint = Reached(cooperating)
    models = Models(PLAN, models_of(PLAN), dict.fromkeys("ab", endpoint), {})

    async def broken(sending: Sending) -> Sequence[Completion]:
        if sending.number == 30:
            raise ZeroDivisionError("nobody foresaw this")
        return await cooperating(sending)

    endpoint.script = broken
    with pytest.raises(ZeroDivisionError):
        virtually(play_with_models(PLAN, models, file, missing(PLAN, file), Count(PLAN.n_matches, 0, None)))
    broke, last = endpoint.seen[30], endpoint.seen[-1]
    assert last.at <= broke.at + 2.0, "once the other player of that match has answered nothing is sent any more"
    assert len(endpoint.seen) < PLAN.n_matches
    assert len(list(file.calls())) == endpoint.paid == len(endpoint.seen) - 1
    spent, uncertain = file.spending()
    assert spent == pytest.approx(0.01 * endpoint.paid)
    assert 0 < uncertain < 0.01, "but for the call that broke nothing is in doubt"


def test_what_is_only_queued_is_not_sent_any_more(file: RunFile) -> None:
    endpoint = Scripted(cooperating)

    async def main() -> None:
        client = Client(Calls(file), Ledger(None, lost=file.keep_loss))
        model = ModelAgent("a", models_of(PLAN)["a"], PLAIN, endpoint, client)
        agents: dict[str, Agent] = {"a": model, "b": Wordless("b", breaks=True)}
        count = Count(PLAN.n_matches, 0, None)
        with pytest.raises(PlayStopped, match="no words for this"):
            await play_waiting(PLAN, agents, file, missing(PLAN, file), count, halt=client.halt)
        await client.close()
        assert client.account.stopped is not None
        assert "no words for this" in client.account.stopped
        assert now() == 2.0

    virtually(main())
    assert len(endpoint.seen) == len(list(file.calls())) == IN_FLIGHT
    spent, uncertain = file.spending()
    assert spent == pytest.approx(0.01 * IN_FLIGHT)
    assert uncertain == 0


def test_replies_that_were_asked_for_are_kept_and_none_is_asked_for_after(file: RunFile) -> None:
    agents = {"a": Wordless("a", breaks=False), "b": Wordless("b", breaks=True)}

    async def main() -> None:
        with pytest.raises(PlayStopped, match="no words for this"):
            await play_waiting(PLAN, agents, file, missing(PLAN, file), Count(PLAN.n_matches, 0, None))
        assert now() == 2.0

    virtually(main())
    assert set(agents["a"].asked) == {0.0}
    assert sum(len(file.journaled(index)) for index in range(PLAN.n_matches)) == len(agents["a"].asked)


def test_a_run_that_broke_goes_on_where_it_was(tmp_path: Path) -> None:
    for breaks in (True, False):
        agents = {"a": Wordless("a", breaks=False), "b": Wordless("b", breaks=breaks)}
        try:
            virtually(_played(tmp_path / "run", agents, resume=not breaks))
        except PlayStopped:
            assert breaks
    virtually(_played(tmp_path / "whole", agents, resume=False))
    with RunFile.open(tmp_path / "run") as one, RunFile.open(tmp_path / "whole") as other:
        assert one.is_complete()
        assert one.digest() == other.digest()


async def _played(folder: Path, agents: dict[str, Wordless], resume: bool) -> None:
    header = Header(PLAN.name, "plan", PLAN.text, PLAN.seed, PLAN.agents, PLAN.n_matches)
    with RunFile.open(folder, writable=True) if resume else RunFile.create(folder, header) as file:
        await play_waiting(PLAN, agents, file, missing(PLAN, file), Count(PLAN.n_matches, file.count(), None))


def test_matches_that_cannot_be_listed_end_a_run_like_one_that_cannot_be_played(file: RunFile) -> None:
    agents = {label: Wordless(label, breaks=False) for label in "ab"}

    def listed() -> Iterator[MatchSpec]:
        yield next(missing(PLAN, file))
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        virtually(play_waiting(PLAN, agents, file, listed(), Count(PLAN.n_matches, 0, None)))


@pytest.mark.parametrize("error", [None, ZeroDivisionError, KeyboardInterrupt])
def test_garbage_is_collected_as_before_once_a_run_is_over(error: type[BaseException] | None) -> None:
    before = gc.get_threshold()
    with nullcontext() if error is None else pytest.raises(error), _rarely_collecting():
        assert gc.get_threshold() == (COLLECT_AFTER, *before[1:])
        assert gc.get_freeze_count() > 0
        if error is not None:
            raise error
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
