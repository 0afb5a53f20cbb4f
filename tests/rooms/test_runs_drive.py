"""Matches become records, whoever decides: at once or later, whether it answers, mixes, breaks a rule or fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from comity.agents.agent import Agent, DecideLater, ScriptedAgent
from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.errors import NotEnumerable, NotSolvable, PlayerError
from comity.core.flow import Game
from comity.core.match import Decide, Reply
from comity.core.space import Lottery
from comity.records.check import check
from comity.records.record import Failure, Record
from comity.records.store import Header, RunFile
from comity.runs.design import Plan
from comity.runs.drive import PlayStopped, ScriptedPlay, WaitingPlay, agents_of
from comity.runs.plan import parsed_plan

MIXED = parsed_plan(
    """
    name = "mixed"
    seed = 5
    games = ["prisoners_dilemma", "public_goods"]
    mechanisms = ["none", {name = "repetition", rounds = 3}, "mediation", "contracting",
                  {name = "reputation", rounds = 3}, ["cheap_talk", {name = "sanctions"}]]
    agents = ["generous_tit_for_tat", {name = "random", p = 0.4}]
    """
)
ONCE = parsed_plan(
    """
    name = "once"
    seed = 5
    games = ["prisoners_dilemma"]
    mechanisms = [{name = "repetition", rounds = 3}]
    agents = ["tit_for_tat", "always_defect"]
    [matching]
    self_play = false
    """
)
PROPOSING = parsed_plan(
    """
    name = "proposing"
    seed = 5
    games = ["prisoners_dilemma"]
    mechanisms = [["mediation", {name = "repetition", rounds = 2}]]
    replicates = 2
    agents = ["tit_for_tat", "always_defect", "grim"]
    [run]
    proposals = "tournament"
    """
)

Rule = Callable[[Decision[Any]], Reply]


@dataclass(frozen=True)
class Ruled:
    """A strategy that is one function of the decision."""

    rule: Rule

    def begin(self, game: Game, player: int) -> Decide:
        return self.rule


def failing(decision: Decision[Any]) -> Reply:
    raise PlayerError("no answer after 6 attempts")


@dataclass
class Slow:
    """A waiting agent around a strategy; it counts what it is asked, and answers out of turn."""

    name: str
    agent: ScriptedAgent
    asked: list[Decision[Any]] = field(default_factory=list)

    def sit_down(self, game: Game, player: int) -> DecideLater:
        decide = self.agent.sit(game, player)

        async def later(decision: Decision[Any], address: Address) -> Reply:
            self.asked.append(decision)
            for _ in range(3 - decision.player % 3):
                await asyncio.sleep(0)
            return decide(decision)

        return later


def scripted(name: str, rule: Rule) -> ScriptedAgent:
    return ScriptedAgent(name, Ruled(rule))


def slowed(plan: Plan) -> dict[str, Slow]:
    return {label: Slow(label, agent) for label, agent in agents_of(plan).items()}


def at_once(plan: Plan, agents: Mapping[str, ScriptedAgent] | None = None) -> list[Record]:
    play = ScriptedPlay(plan, agents or agents_of(plan))
    return [record for block in plan.blocks() for record in play.records(list(block.matches()))]


def later(plan: Plan, agents: Mapping[str, Agent], file: RunFile) -> list[Record]:
    async def play() -> list[Record]:
        waiting = WaitingPlay(plan, agents, file)
        return list(await asyncio.gather(*map(waiting.record, plan.matches())))

    return asyncio.run(play())


def played(plan: Plan, agents: Mapping[str, ScriptedAgent], file: RunFile, waits: bool) -> list[Record]:
    """The records of a plan whose agents answer at once, or take their time."""
    if not waits:
        return at_once(plan, agents)
    return later(plan, {label: Slow(label, agent) for label, agent in agents.items()}, file)


def file_of(plan: Plan, folder: Path) -> RunFile:
    return RunFile.create(folder, Header(plan.name, "plan", plan.text, plan.seed, plan.agents, plan.n_matches))


@pytest.fixture
def file(tmp_path: Path) -> Iterator[RunFile]:
    with file_of(MIXED, tmp_path / "run") as opened:
        yield opened


def test_records_follow_from_the_rules_and_the_seed(file: RunFile) -> None:
    records = at_once(MIXED)
    file.append(records)
    assert [record.status for record in records] == ["finished"] * MIXED.n_matches
    assert list(check(file)) == []
    assert any(record.lotteries for record in records)


@pytest.mark.parametrize("plan", [MIXED, PROPOSING], ids=["match", "tournament"])
def test_agents_that_wait_play_the_same(plan: Plan, tmp_path: Path) -> None:
    with file_of(plan, tmp_path) as opened:
        assert later(plan, slowed(plan), opened) == at_once(plan)


def test_agents_that_wait_can_sit_beside_those_that_do_not(tmp_path: Path) -> None:
    scripted_agents = agents_of(MIXED)
    mixed: dict[str, Agent] = {**scripted_agents, "random": Slow("random", scripted_agents["random"])}
    with file_of(MIXED, tmp_path) as opened:
        assert later(MIXED, mixed, opened) == at_once(MIXED)


@pytest.mark.parametrize("plan", [MIXED, PROPOSING], ids=["match", "tournament"])
def test_what_is_in_the_journal_is_never_asked_again(plan: Plan, tmp_path: Path) -> None:
    with file_of(plan, tmp_path) as opened:
        first = later(plan, slowed(plan), opened)
        again = slowed(plan)
        assert later(plan, again, opened) == first
        assert [agent.asked for agent in again.values()] == [[]] * len(again)


def test_a_match_goes_on_from_any_place_in_the_journal(tmp_path: Path) -> None:
    with file_of(ONCE, tmp_path / "whole") as whole:
        expected = later(ONCE, slowed(ONCE), whole)
        replies = {match.index: whole.journaled(match.index) for match in ONCE.matches()}
    for known in range(7):
        agents = slowed(ONCE)
        with file_of(ONCE, tmp_path / str(known)) as half:
            for index, slots in replies.items():
                for slot in sorted(slots)[:known]:
                    half.journal(index, *slot, slots[slot])
            assert later(ONCE, agents, half) == expected
        assert sum(len(agent.asked) for agent in agents.values()) == 2 * (6 - known)


def test_the_decisions_of_a_step_are_put_at_once(tmp_path: Path) -> None:
    waiting = 0
    most = 0

    class Crowd(Slow):
        def sit_down(self, game: Game, player: int) -> DecideLater:
            async def decide(decision: Decision[Any], address: Address) -> Reply:
                nonlocal waiting, most
                waiting += 1
                most = max(most, waiting)
                await asyncio.sleep(0.001)
                waiting -= 1
                return "cooperate"

            return decide

    with file_of(ONCE, tmp_path) as opened:
        agents = {label: Crowd(label, agent) for label, agent in agents_of(ONCE).items()}
        later(ONCE, agents, opened)
    assert most == 2 * ONCE.n_matches


ILLEGAL = {
    "a choice": lambda decision: "sulk",
    "a lottery": lambda decision: Lottery(("cooperate", "sulk"), (0.5, 0.5)),
    "nothing": lambda decision: None,
}


@pytest.mark.parametrize("rule", ILLEGAL.values(), ids=ILLEGAL)
@pytest.mark.parametrize("waits", [False, True])
def test_an_illegal_choice_forfeits_the_match(rule: Rule, waits: bool, tmp_path: Path) -> None:
    def sulks_in_the_second_round(decision: Decision[Any]) -> Reply:
        return rule(decision) if "played=1" in repr(decision.sees) else "cooperate"

    agents = {**agents_of(ONCE), "always_defect": scripted("always_defect", sulks_in_the_second_round)}
    with file_of(ONCE, tmp_path) as opened:
        first, second = played(ONCE, agents, opened, waits)
        opened.append([first, second])
        assert list(check(opened)) == []
        assert list(opened.records()) == [first, second]
    assert (first.status, first.payoffs, first.choices) == ("forfeited", (), (("cooperate", "cooperate"),))
    assert first.failure is not None
    assert (first.failure.player, first.failure.step, first.failure.slot) == (1, 1, 1)
    assert first.failure.kind == "act"
    assert second.failure is not None
    assert (second.failure.player, second.failure.slot) == (0, 0)


@pytest.mark.parametrize("waits", [False, True])
def test_an_agent_that_fails_forfeits_the_match(waits: bool, tmp_path: Path) -> None:
    agents = {**agents_of(ONCE), "always_defect": scripted("always_defect", failing)}
    with file_of(ONCE, tmp_path) as opened:
        first, second = played(ONCE, agents, opened, waits)
    reason = "no answer after 6 attempts"
    assert first.failure == Failure(1, 0, 1, "act", reason)
    assert second.failure == Failure(0, 0, 0, "act", reason)
    assert first.choices == second.choices == ()


@pytest.mark.parametrize("waits", [False, True])
def test_a_strategy_that_finds_no_equilibrium_forfeits_the_match(waits: bool, tmp_path: Path) -> None:
    def unsolved(decision: Decision[Any]) -> Reply:
        raise NotSolvable("no equilibrium was found")

    agents = {**agents_of(ONCE), "always_defect": scripted("always_defect", unsolved)}
    with file_of(ONCE, tmp_path) as opened:
        first, _ = played(ONCE, agents, opened, waits)
    assert first.failure == Failure(1, 0, 1, "act", "no equilibrium was found")


def test_when_two_fail_the_first_in_the_step_is_named_whoever_failed_first(tmp_path: Path) -> None:
    agents = {label: Slow(label, scripted(label, failing)) for label in agents_of(ONCE)}
    with file_of(ONCE, tmp_path) as opened:
        records = later(ONCE, agents, opened)
    assert [record.failure and record.failure.slot for record in records] == [0, 0]


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(
    ("error", "raised"), [(NotEnumerable("too many"), PlayStopped), (ZeroDivisionError("ours"), ZeroDivisionError)]
)
def test_what_is_no_players_fault_stops_the_run_and_names_the_match(
    waits: bool, error: Exception, raised: type[Exception], tmp_path: Path
) -> None:
    def breaks(decision: Decision[Any]) -> Reply:
        raise error

    agents = {**agents_of(ONCE), "always_defect": scripted("always_defect", breaks)}
    with file_of(ONCE, tmp_path) as opened, pytest.raises(raised) as caught:
        played(ONCE, agents, opened, waits)
    told = " ".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert "match 0 (prisoners_dilemma under repetition, tit_for_tat and always_defect)" in told


def test_a_reply_that_is_no_choice_is_an_error_and_not_a_record(tmp_path: Path) -> None:
    agents = {label: Slow(label, scripted(label, lambda decision: ["cooperate"])) for label in agents_of(ONCE)}
    with file_of(ONCE, tmp_path) as opened, pytest.raises(TypeError, match="is not a choice"):
        later(ONCE, agents, opened)


def proposed(record: Record) -> list[tuple[Any, ...]]:
    """What was proposed in each round of a repeated mediated match."""
    return [step for step in record.choices if isinstance(step[0], tuple) and isinstance(step[0][0], str)]


def counting(count: list[int]) -> Rule:
    """A rule that proposes something else each time it is asked."""
    plans = [("cooperate", "cooperate"), ("defect", "cooperate"), ("cooperate", "defect"), ("defect", "defect")]

    def rule(decision: Decision[Any]) -> Reply:
        if decision.kind == "propose":
            count.append(decision.player)
            return plans[len(count) % 4]
        return (True, True) if decision.kind == "approve" else "delegate"

    return rule


@pytest.mark.parametrize("waits", [False, True])
def test_in_a_tournament_proposals_are_made_once_per_agent_seat_cell_and_replicate(waits: bool, tmp_path: Path) -> None:
    counts: dict[str, list[int]] = {label: [] for label, _ in PROPOSING.agents}
    agents = {label: scripted(label, counting(count)) for label, count in counts.items()}
    with file_of(PROPOSING, tmp_path) as opened:
        records = played(PROPOSING, agents, opened, waits)
    assert all(sorted(count) == [0, 0, 1, 1] for count in counts.values())
    made: dict[tuple[str, str, int], set[Any]] = {}
    for record in records:
        for proposals in proposed(record):
            for seat, (agent, proposal) in enumerate(zip(record.match.agents, proposals, strict=True)):
                made.setdefault((record.match.replicate, agent, seat), set()).add(proposal)
    assert len(made) == 2 * 3 * 2
    assert all(len(proposals) == 1 for proposals in made.values())


def test_a_lottery_over_proposals_is_drawn_once() -> None:
    lottery = Lottery((("cooperate", "cooperate"), ("defect", "defect")), (0.5, 0.5))

    def mixes(decision: Decision[Any]) -> Reply:
        return lottery if decision.kind == "propose" else counting([])(decision)

    records = at_once(PROPOSING, {label: scripted(label, mixes) for label, _ in PROPOSING.agents})
    assert all(not record.lotteries for record in records)
    drawn = {
        (record.match.replicate, agent, seat): proposal
        for record in records
        for proposals in proposed(record)
        for seat, (agent, proposal) in enumerate(zip(record.match.agents, proposals, strict=True))
    }
    assert set(drawn.values()) == set(lottery.options)
    assert all(
        proposals[seat] == drawn[record.match.replicate, agent, seat]
        for record in records
        for proposals in proposed(record)
        for seat, agent in enumerate(record.match.agents)
    )


@pytest.mark.parametrize("waits", [False, True])
def test_an_agent_that_fails_to_propose_forfeits_every_match_it_is_in(waits: bool, tmp_path: Path) -> None:
    agents = {**agents_of(PROPOSING), "grim": scripted("grim", failing)}
    with file_of(PROPOSING, tmp_path) as opened:
        records = played(PROPOSING, agents, opened, waits)
    for record in records:
        assert (record.status == "forfeited") == ("grim" in record.match.agents)
