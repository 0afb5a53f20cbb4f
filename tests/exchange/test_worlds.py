"""What exchanges are measured by: worlds, however often they were played; and a second count that agrees."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from comity.core.errors import BadParameter
from comity.games.exchange.game import Exchange
from comity.games.exchange.world import World
from comity.mechanisms.exchanging import automation, instruction, transfer_bonus, visibility
from comity.metrics.exchange import gini
from comity.metrics.exchanges import by_condition, effects, played_by
from comity.metrics.ranges import actions_of, ranges
from comity.records.record import Record
from comity.records.store import RunFile
from comity.report.exchanges import exchanges_of
from comity.report.results import opened
from comity.runs.plan import read_plan
from comity.runs.run import run
from tests.commands import called
from tests.exchange.test_commands import rows

pytestmark = pytest.mark.slow

SIZE = "agents = 3, rounds = 4, pieces = 12, per_task = 3"
AGENTS = (
    "exchanger",
    '{label = "halting", name = "exchanger", answers = 0.4}',
    '{label = "late", name = "exchanger", waits = 1, asks = "again", forgets = 0.2}',
)


def raises(decision: Any) -> Any:
    raise RuntimeError("nothing to say")


def _plan(games: list[str], mechanisms: list[str], agents: tuple[str, ...] = AGENTS, replicates: int = 1) -> str:
    listed = [f"[{', '.join(one if one.startswith('{') else repr(one) for one in of)}]" for of in (mechanisms, agents)]
    return f"""
name = "worlds"
seed = 1
replicates = {replicates}
games = [{", ".join(games)}]
mechanisms = {listed[0]}
agents = {listed[1]}
[matching]
kind = "alike"
"""


def _worlds(*numbers: int, more: str = "", said: str = "") -> list[str]:
    return [f'{{label = "world {n}{said}", name = "exchange", world = {n}, {SIZE}{more}}}' for n in numbers]


SHARED = '{label = "auto share", name = "automation", sides = ["share"]}'


def _played(folder: Path, plan: str) -> Path:
    folder.mkdir()
    (folder / "plan.toml").write_text(plan)
    run(read_plan(folder / "plan.toml"), folder / "run")
    return folder / "run"


def test_a_world_that_is_played_again_is_no_other_world(tmp_path: Path) -> None:
    """Scripts do the same again, so three times as many matches know nothing more."""
    plans = [_plan(_worlds(1, 2), ["none", SHARED], replicates=count) for count in (1, 3)]
    once, thrice = (_played(tmp_path / name, plan) for name, plan in zip("ab", plans, strict=True))
    for command in (["exchange"], ["exchange", "--against", "none"], ["exchange", "--by", "round"], ["decompose"]):
        name, *more = command
        first, again = (rows(called([name, str(folder), *more, "--json"])) for folder in (once, thrice))
        assert len(first) == len(again) > 0
        for one, other in zip(first, again, strict=True):
            assert other == pytest.approx(one)


def test_exchanges_of_other_rules_are_other_conditions(tmp_path: Path) -> None:
    games = [*_worlds(1, 2), *_worlds(1, 2, more=", copies = 3", said=", 3 held")]
    folder = _played(tmp_path / "a", _plan(games, ["none", SHARED]))
    found = {(row["mechanism"], row["agents"]): row for row in rows(called(["exchange", str(folder), "--json"]))}
    assert {name for name, _ in found} == {
        f"{name} (copies = {count})" for name in ("none", "auto share") for count in (1, 3)
    }
    assert {row["worlds"] for row in found.values()} == {2}
    few, many = (found[f"none (copies = {count})", "halting x3"]["tasks"] for count in (1, 3))
    assert few < many == 24  # everybody holds everything
    compared = rows(called(["exchange", str(folder), "--against", "none", "--json"]))
    assert {row["mechanism"] for row in compared} == {"auto share (copies = 1)", "auto share (copies = 3)"}


@pytest.mark.slow
def test_an_exchange_that_is_repeated_is_measured_play_by_play(tmp_path: Path) -> None:
    repeated = '{label = "twice", name = "repetition", rounds = 2}'
    folder = _played(tmp_path / "a", _plan(_worlds(1, 2), [repeated, "none", "sanctions", "cheap_talk"]))
    with RunFile.open(folder) as file:
        found = played_by([file])
        assert played_by([file], Record.replayed) == found
    assert sum(one.mechanism == "twice" for one in found) == 2 * sum(one.mechanism == "none" for one in found)
    told = {(row["mechanism"], row["agents"]): row for row in by_condition(found)}
    for who in ("exchanger x3", "halting x3"):
        assert {told[name, who]["tasks"] for name in ("twice", "none", "sanctions", "cheap_talk")} == {
            told["none", who]["tasks"]
        }
        assert told["twice", who]["worlds"] == 2
    with opened([folder]) as results:
        on_page = exchanges_of(results)
    assert on_page is not None
    assert on_page.baseline == "none"
    answer = called(["report", str(folder)])
    assert answer.returncode == 0, answer.stderr


def test_a_story_is_no_baseline(tmp_path: Path) -> None:
    story = '{label = "office", name = "instruction", stories = ["business"]}'
    folder = _played(tmp_path / "a", _plan(_worlds(1), [story, "none"]))
    with opened([folder]) as results:
        found = exchanges_of(results)
    assert found is not None
    assert found.baseline == "none"


def test_worlds_that_agree_are_not_certain(tmp_path: Path) -> None:
    """Two worlds that differ alike say much, and not that every other world does; nothing changed is nothing."""
    silent = '{label = "silent", name = "exchanger", answers = 0.0}'
    policy = '{label = "policy", name = "instruction", aims = ["policy"]}'
    folder = _played(tmp_path / "a", _plan(_worlds(1, 2), ["none", SHARED, policy], (silent,)))
    with RunFile.open(folder) as file:
        found = played_by([file])
    shared, told = effects(found)
    assert shared.difference.value == 24
    assert shared.difference.low < 24 < shared.difference.high
    assert 0 < shared.difference.p < 0.05
    assert (told.difference.low, told.difference.high, told.p_holm) == (0, 0, 1)
    [covered] = [one for one in effects(found, "auto share", "response") if one.mechanism == "none"]
    assert covered.difference.value == -1
    assert math.isnan(covered.difference.low)
    assert math.isnan(covered.p_holm)


@pytest.mark.slow
@pytest.mark.parametrize("convention", ["lowest", "highest", "cooperation", "defection", "random"])
def test_what_was_forfeited_has_bounds(tmp_path: Path, convention: str) -> None:
    function = f'{{label = "raises", name = "function", call = "{__name__}:raises"}}'
    folder = _played(tmp_path / "a", _plan(_worlds(1), ["none", SHARED, "sanctions"], ("exchanger", function)))
    answer = called(["table", str(folder), "--by", "mechanism,agent", "--missing", convention, "--json"])
    found = {(row["mechanism"], row["agent"]): row["value"] for row in rows(answer)}
    expected = {"lowest": 0.0, "highest": 1.0}.get(convention)
    assert found["none", "raises"] == expected
    assert called(["report", str(folder)]).returncode == 0


def test_what_an_exchange_can_pay() -> None:
    game = Exchange(agents=4, rounds=3, pieces=12, pay=2.0)
    assert {(one.low, one.high) for one in ranges(game)} == {(0, 12)}
    paid = transfer_bonus(game, 0.5, agents=(2,))
    assert [one.high for one in ranges(paid)] == [12, 12 + 0.5 * 36, 12, 12]
    assert actions_of(game) == ((),) * 4


@pytest.mark.parametrize(
    "twice",
    [
        lambda game: automation(automation(game, ("share",)), ("request",)),
        lambda game: visibility(visibility(game, ("scores",)), ("memory",)),
        lambda game: instruction(instruction(game, ("policy",)), stories=("business",)),
        lambda game: transfer_bonus(transfer_bonus(game), 0.2),
    ],
)
def test_no_condition_silently_takes_the_place_of_another(twice: Any) -> None:
    with pytest.raises(BadParameter, match="stands twice on one exchange"):
        twice(Exchange())


# A second count, from choices alone, of the clean rules


class _Count:
    """Who holds, asks, sends and hands in what, by the rules in the reference and by none of the house's code."""

    def __init__(self, game: Exchange, world: World, steps: Any) -> None:
        self.numbers = range(1, game.agents + 1)
        self.held = {agent: set(world.deal[agent - 1]) for agent in self.numbers}
        self.issued = dict.fromkeys(self.numbers, 0)
        self.tasks: dict[int, dict[int, frozenset[int]]] = {agent: {} for agent in self.numbers}
        self.world, self.game = world, game
        self.open: set[tuple[int, int, int]] = set()
        self.made: list[tuple[int, int, int]] = []
        self.answered: set[tuple[int, int, int]] = set()
        self.sent: dict[tuple[int, int], int] = defaultdict(int)
        self.done = dict.fromkeys(self.numbers, 0)
        self.tried = self.refused = self.said = self.lacked = self.asked = self.ripe = self.at_once = 0
        self.seen_ripe: set[tuple[int, int]] = set()
        for agent in self.numbers:
            self._issue(agent)
        for place in range(0, len(steps), 3):
            self._ask(steps[place])
            self._share(steps[place + 1])
            self._submit(steps[place + 2])

    def _issue(self, agent: int) -> None:
        while len(self.tasks[agent]) < self.game.open_tasks:
            number = self.issued[agent]
            self.tasks[agent][number * self.game.agents + agent] = frozenset(self.world.task(agent, number))
            self.issued[agent] += 1

    def _ask(self, turns: Any) -> None:
        needs = {
            agent: {piece for task in self.tasks[agent].values() for piece in task} - self.held[agent]
            for agent in self.numbers
        }
        for agent, actions in enumerate(turns, start=1):
            for _, piece, to in actions:
                self.tried += 1
                asked = (agent, to, piece)
                if piece in self.held[agent] or piece not in self.held[to] or to == agent or asked in self.open:
                    self.refused += 1
                    continue
                self.said += 1
                self.open.add(asked)
                self.made.append(asked)
            self.lacked += len(needs[agent])
            self.asked += len(needs[agent] & {piece for by, _, piece in self.open if by == agent})

    def _share(self, turns: Any) -> None:
        closing: set[tuple[int, int]] = set()
        for agent, actions in enumerate(turns, start=1):
            for _, pieces, to in actions:
                self.tried += 1
                assert all((to, agent, piece) in self.open for piece in pieces)  # these scripts send on request only
                for piece in pieces:
                    self.answered.add((to, agent, piece))
                    closing.add((to, piece))
        for to, piece in closing:
            self.held[to].add(piece)
            self.open = {one for one in self.open if (one[0], one[2]) != (to, piece)}

    def _submit(self, turns: Any) -> None:
        for agent, actions in enumerate(turns, start=1):
            ripe = [number for number, task in self.tasks[agent].items() if task <= self.held[agent]]
            handed_in = {number for _, number in actions}
            for number in ripe:
                if (agent, number) not in self.seen_ripe:
                    self.seen_ripe.add((agent, number))
                    self.ripe += 1
                    self.at_once += number in handed_in
            for _, number in actions:
                self.tried += 1
                assert number in ripe
                del self.tasks[agent][number]
                self.done[agent] += 1
            self._issue(agent)


def test_a_second_count_from_choices_alone_agrees(tmp_path: Path) -> None:
    """Of every match, and of the means that the command prints."""
    folder = _played(tmp_path / "a", _plan(_worlds(1, 2, 3, 4), ["none"]))
    with RunFile.open(folder) as file:
        records, found = list(file.records()), played_by([file])
    counts: dict[str, list[int]] = defaultdict(list)
    for record, one in zip(records, found, strict=True):
        game = one.game
        world = World(game.world, game.agents, game.pieces, game.copies, game.per_task)
        count, known = _Count(game, world, record.choices), one.measures()
        total = sum(count.done.values())
        counts[one.agents[0]].append(total)
        assert (known["tasks"], known["revenue"]) == (total, total)
        assert known["optimum"] == pytest.approx(total / 24)
        assert known["messages"] == (pytest.approx(count.said / total) if total else None)
        assert known["response"] == pytest.approx(len(count.answered) / len(set(count.made)))
        assert known["coverage"] == pytest.approx(count.asked / count.lacked)
        assert known["refused"] == pytest.approx(count.refused / count.tried)
        assert known["submission"] == pytest.approx(count.at_once / count.ripe)
        assert known["inequality"] == gini(count.done.values())
    told = {row["agents"]: row for row in rows(called(["exchange", str(folder), "--json"]))}
    for who, each in counts.items():
        row = told[f"{who} x3"]
        assert row["tasks"] == pytest.approx(sum(each) / 4)
        assert row["score"] == pytest.approx(sum(each) / 4 / 24)  # nothing without answers, everything with them
