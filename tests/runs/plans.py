"""Plans that are played whole, waiting agents that keep a log, and a process that plays until it is killed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comity.agents.agent import DecideLater, ScriptedAgent
from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.flow import Game
from comity.core.match import Decide, Reply
from comity.core.space import Lottery
from comity.mechanisms.repetition import History
from comity.runs.design import Plan
from comity.runs.plan import read_plan
from comity.runs.run import run

SMALL = """
name = "small"
seed = 3
games = ["prisoners_dilemma", "public_goods"]
mechanisms = ["none", {name = "repetition", rounds = 4}, "mediation", {name = "reputation", rounds = 3}]
agents = ["tit_for_tat", {name = "random", p = 0.4}, "grim"]
[matching]
repeats = 2
"""
MANY = """
name = "many"
seed = 4
games = ["public_goods", "prisoners_dilemma"]
mechanisms = ["none", "repetition", ["execution_noise", {name = "repetition", rounds = 5}]]
agents = ["tit_for_tat", {name = "random", p = 0.4}, "grim", "win_stay_lose_shift"]
[matching]
repeats = 40
"""
ASKED = """
name = "asked"
seed = 5
games = ["prisoners_dilemma", "stag_hunt"]
mechanisms = [{name = "repetition", rounds = 6}]
agents = ["tit_for_tat", {name = "random", p = 0.4}, "grim"]
[matching]
repeats = 8
"""


@dataclass(frozen=True)
class Forgetful:
    """A strategy that decides from what it is shown and remembers nothing, as an agent that waits must."""

    name: str

    def begin(self, game: Game, player: int) -> Decide:
        return self.decide

    def decide(self, decision: Decision[Any]) -> Reply:
        history, options = decision.fact(History), tuple(decision.options)
        if self.name == "random":
            return Lottery(options, (0.4, 0.6))
        if history is None or not history.past:
            return options[0]
        seen = [action for play in history.past for action in play.outcome.actions]
        return options[seen.count(options[1]) % 2] if self.name == "grim" else seen[-1 - decision.player]


def forgetful(plan: Plan) -> dict[str, ScriptedAgent]:
    """An agent that remembers nothing behind each label of the plan."""
    return {label: ScriptedAgent(label, Forgetful(label)) for label, _ in plan.agents}


@dataclass(frozen=True)
class Logged:
    """A waiting agent around a strategy, which writes each question into a file before it takes its time."""

    name: str
    agent: ScriptedAgent
    log: Path

    def sit_down(self, game: Game, player: int) -> DecideLater:
        decide = self.agent.sit(game, player)

        async def later(decision: Decision[Any], address: Address) -> Reply:
            history = decision.fact(History)
            question = f"{self.name} {player} {history.played if history else 0} {type(decision.sees[-1]).__name__}\n"
            with self.log.open("a") as log:
                log.write(question)
            await asyncio.sleep(0.001)
            return decide(decision)

        return later


def started(folder: Path, workers: int, *log: str) -> subprocess.Popen[bytes]:
    """A process of its own session that plays plan.toml of the folder into run, if need be on; it has begun."""
    command = [sys.executable, "-m", "tests.runs.plans", f"{folder}/plan.toml", f"{folder}/run", str(workers), *log]
    player = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    assert player.stdout is not None
    assert player.stdout.readline() == b"ready\n"
    player.stdout.close()
    return player


def ended(session: int) -> bool:
    """Whether every process of the session has ended, or does within ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(ProcessLookupError):
            os.killpg(session, 0)
            time.sleep(0.05)
            continue
        return True
    return False


def main() -> None:
    """Play the plan in a file into a folder, going on if there is something there; say when it begins."""
    plan, folder, workers, log = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    read = read_plan(plan)
    agents = {label: Logged(label, agent, Path(log[0])) for label, agent in forgetful(read).items()} if log else None
    os.write(1, b"ready\n")
    run(read, folder, workers=workers, resume=True, agents=agents)


if __name__ == "__main__":
    main()
