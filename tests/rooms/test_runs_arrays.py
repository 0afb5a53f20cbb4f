"""Law 7 at the seam where a run chooses: what arrays play is recorded as the flow would have recorded it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from comity.agents.agent import ScriptedAgent
from comity.core.flow import Game
from comity.core.match import Decide
from comity.records.record import Record
from comity.records.spec import MatchSpec
from comity.runs.arrays import Arrays
from comity.runs.design import Plan
from comity.runs.drive import ScriptedPlay, agents_of
from comity.runs.plan import read_plan
from comity.strategies.strategy import Strategy

PLAN = """
name = "bulk"
seed = 5
replicates = 2
games = ["prisoners_dilemma", "stag_hunt", "trust_game", "public_goods", "travellers_dilemma"]
mechanisms = ["none", "repetition", ["execution_noise", "repetition"], ["mediation", "repetition"]]
agents = ["tit_for_tat", "generous_tit_for_tat", {name = "random", p = 0.3}, "rational"]
"""


@dataclass(frozen=True)
class OnlyBegins:
    """The same play by a strategy that does not say it is an automaton."""

    strategy: Strategy

    def begin(self, game: Game, player: int) -> Decide:
        return self.strategy.begin(game, player)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    path: Path = tmp_path_factory.mktemp("bulk") / "plan.toml"
    path.write_text(PLAN)
    return read_plan(path)


def test_it_plays_plain_repetitions_between_automata_and_nothing_else(plan: Plan) -> None:
    arrays = Arrays(agents_of(plan), plan.seed)
    played = [spec for spec in plan.matches() if arrays.take(spec)]
    assert {spec.cell.game_label for spec in played} == {"prisoners_dilemma", "stag_hunt", "trust_game"}
    assert {spec.cell.mechanism_label for spec in played} == {"repetition", "execution_noise+repetition"}
    assert {label for spec in played for label in spec.agents} == {"tit_for_tat", "generous_tit_for_tat", "random"}


def test_its_records_are_those_of_the_flow(plan: Plan) -> None:
    agents = agents_of(plan)
    hidden = {label: ScriptedAgent(label, OnlyBegins(agent.strategy)) for label, agent in agents.items()}
    assert not any(Arrays(hidden, plan.seed).take(spec) for spec in plan.matches())
    for block in plan.blocks():
        if block.cell.game_label != "public_goods":
            batch = [block[place] for place in range(block.count)]
            assert _records(plan, agents, batch) == _records(plan, hidden, batch)


def test_what_is_exact_is_the_mean_of_what_is_played(plan: Plan) -> None:
    agents, exact = agents_of(plan), Arrays(agents_of(plan), plan.seed, exact=True)
    specs = [spec for spec in plan.matches() if exact.take(spec) and spec.replicate == "1"]
    for spec in specs[::7]:
        [worth] = exact.records([spec])
        assert (worth.status, worth.choices) == ("expected", ())
        played = Arrays(agents, plan.seed).records([replace(spec, repeat=repeat) for repeat in range(400)])
        earned = np.array([record.payoffs for record in played])
        error = earned.std(axis=0, ddof=1) / 20
        assert (abs(earned.mean(axis=0) - worth.payoffs) <= 4.5 * error + 1e-12).all()


def test_what_never_mixes_is_exactly_what_is_played(plan: Plan) -> None:
    agents = agents_of(plan)
    exact, arrays = Arrays(agents, plan.seed, exact=True), Arrays(agents, plan.seed)
    alike = [spec for spec in plan.matches() if set(spec.agents) == {"tit_for_tat"} and arrays.take(spec)]
    steady = [spec for spec in alike if spec.cell.mechanism_label == "repetition"]
    assert len(steady) == 6
    for spec in steady:
        [worth], [played] = exact.records([spec]), arrays.records([spec])
        assert worth.payoffs == pytest.approx(played.payoffs, abs=1e-12)


def _records(plan: Plan, agents: dict[str, ScriptedAgent], batch: list[MatchSpec]) -> list[Record]:
    return list(ScriptedPlay(plan, agents).records(batch))
