"""Losses are put down to the faults that were planted, and to nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from comity.games.exchange.conditions import SIDES, Automation, Side
from comity.games.exchange.game import Exchange
from comity.metrics.decomposition import Helped, Loss, NotDecomposable, helped, losses
from comity.records.spec import Spec
from comity.records.store import RunFile
from comity.report.results import Results
from comity.runs.plan import read_plan
from comity.runs.run import run
from comity.strategies.exchanging import Exchanging
from comity.strategies.strategy import Strategy
from tests.exchange.players import PERFECT, WITHHOLDER, tasks

SMALL = Exchange(agents=4, rounds=6, pieces=20, per_task=3)
FAULTS: Mapping[Side, Exchanging] = {
    "share": replace(PERFECT, answers=0.5),
    "request": replace(PERFECT, forgets=0.15),
    "submit": replace(PERFECT, waits=1),
    "perceive": replace(PERFECT, misreads=0.15),
}
"""For each side agents who fall short in it: they withhold, forget to ask, hand in late, take one thing for another."""


def subset(sides: Sequence[Side], number: int) -> tuple[Side, ...]:
    return tuple(side for place, side in enumerate(sides) if number >> place & 1)


def factorial(
    game: Exchange,
    agents: Sequence[Strategy],
    worlds: int,
    sides: Sequence[Side] = SIDES,
    whose: tuple[int, ...] = (),
) -> Loss:
    """The loss of these agents over worlds from 1 on, with every set of the sides automated."""
    named = tuple(sorted(sides))
    values = [
        [
            tasks(replace(game, world=world, automation=Automation(subset(named, number), whose)), *agents) / game.bound
            for number in range(1 << len(named))
        ]
        for world in range(1, worlds + 1)
    ]
    return Loss("none", ("agent",), whose, named, np.array(values))


def parts(loss: Loss) -> dict[str, float]:
    return {part.name: part.estimate.value for part in loss.parts}


@cache
def found(side: Side) -> Loss:
    return factorial(SMALL, [FAULTS[side]], 24)


@pytest.mark.slow
@pytest.mark.parametrize("side", SIDES)
def test_the_planted_fault_and_only_that_one_is_found(side: Side) -> None:
    loss = found(side)
    assert loss.whole.estimate.value == 1
    assert loss.total.estimate.value > 0.1
    for part in loss.parts:
        if part.name == side:
            assert part.estimate.low > 0
            assert part.estimate.value == pytest.approx(loss.total.estimate.value)
        else:
            assert (part.estimate.value, part.estimate.error) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("size", [5, 10])
def test_intervals_hold_the_truth_and_raise_no_false_alarm(side: Side, size: int) -> None:
    """Many studies of few worlds each, drawn from two dozen; the truth is the mean over all of them."""
    loss = found(side)
    rng = np.random.default_rng(6)
    truth = parts(loss)
    held, alarms, studies = dict.fromkeys(truth, 0), dict.fromkeys(truth, 0), 400
    for _ in range(studies):
        drawn = replace(loss, values=loss.values[rng.integers(0, loss.units, size)])
        for part in drawn.parts:
            inside = part.estimate.low - 1e-12 <= truth[part.name] <= part.estimate.high + 1e-12
            held[part.name] += inside
            alarms[part.name] += not part.estimate.low <= 0 <= part.estimate.high
    assert held[side] >= 0.9 * studies
    assert alarms[side] >= 0.9 * studies  # the fault that is there is found
    for other in set(SIDES) - {side}:
        assert held[other] >= 0.9 * studies
        assert alarms[other] <= 0.05 * studies


@pytest.mark.slow
def test_two_faults_at_once_are_both_found() -> None:
    loss = factorial(SMALL, [replace(PERFECT, answers=0.6, waits=1)], 10, ("request", "share", "submit"))
    by_name = {part.name: part.estimate for part in loss.parts}
    assert by_name["share"].low > 0
    assert by_name["submit"].low > 0
    assert (by_name["request"].value, by_name["request"].error) == (0, 0)
    assert sum(parts(loss).values()) == pytest.approx(loss.total.estimate.value, abs=1e-12)


@pytest.mark.slow
def test_one_faulty_agent_among_nine() -> None:
    """To automate it alone gains all there is to gain; to automate one of the others gains nothing."""
    agents = [WITHHOLDER, *[PERFECT] * 9]
    faulty = factorial(Exchange(rounds=10), agents, 3, ("request", "share", "submit"), (1,))
    other = factorial(Exchange(rounds=10), agents, 3, ("request", "share", "submit"), (2,))
    assert faulty.whole.estimate.value == 1
    assert parts(faulty)["share"] == pytest.approx(faulty.total.estimate.value)
    assert faulty.total.estimate.value > 0.5
    assert other.total.estimate.value == 0
    assert set(parts(other).values()) == {0.0}


@pytest.mark.slow
def test_scripts_stand_where_they_should_on_the_two_axes() -> None:
    """Willing is what is reached with asking automated, able what is reached with sharing automated."""
    game = Exchange(rounds=8)

    def reached(agent: Exchanging, side: Side) -> float:
        return tasks(replace(game, automation=Automation((side,))), agent) / game.bound

    asks_nothing = replace(PERFECT, asks="none")
    assert (reached(WITHHOLDER, "request"), reached(WITHHOLDER, "share")) == (0, 1)
    assert (reached(asks_nothing, "request"), reached(asks_nothing, "share")) == (1, 0)
    assert (reached(PERFECT, "request"), reached(PERFECT, "share")) == (1, 1)
    halting, forgetful = replace(PERFECT, answers=0.5), replace(PERFECT, forgets=0.2)
    assert reached(halting, "request") < 1 == reached(halting, "share")
    assert reached(forgetful, "share") < 1 == reached(forgetful, "request")
    late = replace(PERFECT, waits=2)  # moves both axes, which is why handing in is a side of its own
    assert max(reached(late, "request"), reached(late, "share")) < 1 == reached(late, "submit")


def random_loss(sides: int, units: int) -> Loss:
    values: NDArray[np.float64] = np.random.default_rng(3).normal(size=(units, 1 << sides))
    return Loss("none", ("agent",), (), SIDES[:sides], values)


def test_parts_sum_to_the_loss_exactly() -> None:
    loss = random_loss(4, 7)
    assert sum(part.estimate.value for part in loss.parts) == pytest.approx(loss.total.estimate.value, abs=1e-12)
    assert loss.total.estimate.value == pytest.approx(loss.whole.estimate.value - loss.own.estimate.value)
    assert len(loss.interactions) == 6


def test_perceiving_comes_first() -> None:
    """It gets what it adds to nothing; the others share what is left."""
    loss = random_loss(4, 5)
    assert parts(loss)["perceive"] == pytest.approx((loss.values[:, 0b1000] - loss.values[:, 0]).mean())


def test_one_environment_has_no_interval() -> None:
    assert all(np.isnan(part.estimate.low) for part in random_loss(3, 1).parts)


# Runs

WORLDS = ", ".join(
    f'{{label = "world {n}", name = "exchange", world = {n}, agents = 2, rounds = 6, pieces = 12, per_task = 3}}'
    for n in (1, 2, 3)
)
GOOD = '[[agents]]\nlabel = "good"\nname = "exchanger"\n'
BAD = '[[agents]]\nlabel = "bad"\nname = "exchanger"\nanswers = 0.3\n'


def automations(whose: tuple[int, ...] = (), sides: Sequence[Side] = ("request", "share")) -> str:
    stacks = [
        f'{{label = "auto {"+".join(chosen)} {whose}", name = "automation", '
        f"sides = {list(chosen)}, agents = {list(whose)}}}"
        for size in range(1, len(sides) + 1)
        for chosen in combinations(sides, size)
    ]
    return ", ".join(stacks).replace("'", '"')


def losses_of(folder: Path, games: str, mechanisms: str, agents: str, matching: str = "alike") -> list[Loss]:
    plan = folder / "plan.toml"
    plan.write_text(
        f'name = "x"\nseed = 1\ngames = [{games}]\nmechanisms = [{mechanisms}]\n'
        f'{agents}\n[matching]\nkind = "{matching}"\n'
    )
    run(read_plan(plan), folder / "run")
    with RunFile.open(folder / "run") as file:
        results = Results.of(file)
        return losses(results.tables, results.cells.values(), helped(file.header.agents))


def test_a_run_is_decomposed(tmp_path: Path) -> None:
    policy = '{label = "policy", stack = [{name = "instruction", aims = ["policy"]}]}'
    [good, bad] = losses_of(tmp_path, WORLDS, f'"none", {policy}, {automations()}', GOOD + BAD)
    assert (good.condition, good.agents, good.units, good.sides) == ("none", ("good",) * 2, 3, ("request", "share"))
    assert good.total.estimate.value == 0
    assert bad.agents == ("bad", "bad")
    assert parts(bad) == pytest.approx({"request": 0, "share": bad.total.estimate.value})
    assert bad.total.estimate.value > 0.1


def test_some_agents_are_automated_only(tmp_path: Path) -> None:
    mechanisms = f'"none", {automations((1,))}, {automations((2,))}'
    found = losses_of(tmp_path, WORLDS, mechanisms, GOOD + BAD, "product")
    by_key = {(loss.agents, loss.whose): parts(loss) for loss in found}
    assert len(by_key) == 8
    assert by_key[("bad", "good"), (1,)]["share"] > 0.1
    assert by_key[("bad", "good"), (2,)] == {"request": 0, "share": 0}
    assert by_key[("good", "bad"), (2,)]["share"] > 0.1
    assert by_key[("good", "bad"), (1,)] == {"request": 0, "share": 0}
    assert all(loss.units == 3 for loss in found)


def test_what_is_no_factorial_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotDecomposable, match="no side of any agent is automated"):
        losses_of(tmp_path, WORLDS, '"none"', GOOD)


def test_which_set_is_missing_is_said(tmp_path: Path) -> None:
    one = '{label = "auto share", name = "automation", sides = ["share"]}'
    both = '{label = "auto both", name = "automation", sides = ["request", "share"]}'
    with pytest.raises(NotDecomposable, match=r"1 of the 4 sets of request, share .* such as request automated"):
        losses_of(tmp_path, WORLDS, f'"none", {one}, {both}', GOOD)


def test_the_baseline_is_missed_in_words(tmp_path: Path) -> None:
    only = '{label = "auto share", name = "automation", sides = ["share"]}'
    with pytest.raises(
        NotDecomposable, match=r"nothing automated \(the stack without 'automation', or the agent without"
    ):
        losses_of(tmp_path, WORLDS, only, GOOD)


# Mechanisms of the engine

STEPS = ("propose", "approve", "sign", "act")
ROLES: Mapping[str, str] = {
    "able": '["composed", "rational", "in_equilibrium", "efficient"]',
    "cannot propose": '["composed", "rational", "in_equilibrium", "useless"]',
    "will not sign": '["composed", "rational", "in_equilibrium", "efficient", "by_equilibrium", "none"]',
    "will not delegate": '["composed", "always_defect", "never", "efficient"]',
}


def assisted(name: str) -> str:
    """The agent, and the agent with every set of its decisions made for it."""
    chosen = [one for size in range(len(STEPS) + 1) for one in combinations(STEPS, size)]
    return "\n".join(
        f'[[agents]]\nlabel = "{name} {"+".join(one)}"\nname = "assisted"\nof = {ROLES[name]}\nassists = {list(one)}'
        for one in chosen
    ).replace("'", '"')


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mechanism", "name", "side"),
    [
        ("contracting", "cannot propose", "propose"),
        ("contracting", "will not sign", "sign"),
        ("mediation", "cannot propose", "propose"),
        ("mediation", "will not delegate", "act"),
    ],
)
def test_cannot_and_will_not_are_told_apart(tmp_path: Path, mechanism: str, name: str, side: str) -> None:
    [loss] = losses_of(tmp_path, '"prisoners_dilemma"', f'"{mechanism}"', assisted(name))
    assert loss.agents == (f"{name} ",) * 2
    assert parts(loss) == pytest.approx({step: float(step == side) for step in STEPS})


@pytest.mark.slow
@pytest.mark.parametrize("mechanism", ["contracting", "mediation"])
def test_who_can_and_will_loses_nothing(tmp_path: Path, mechanism: str) -> None:
    [loss] = losses_of(tmp_path, '"prisoners_dilemma"', f'"{mechanism}"', assisted("able"))
    assert set(parts(loss).values()) == {0.0}


def test_one_environment_is_enough(tmp_path: Path) -> None:
    agents = (
        '[[agents]]\nname = "always_defect"\n[[agents]]\nname = "assisted"\nof = "always_defect"\nassists = ["sign"]'
    )
    [loss] = losses_of(tmp_path, '"prisoners_dilemma"', '"contracting"', agents)
    assert (loss.agents, loss.units, set(parts(loss))) == (("always_defect",) * 2, 1, {"sign"})


def test_whom_an_assisted_agent_is_otherwise() -> None:
    plain = Spec.of("assisted", {"of": "tit_for_tat"})
    signs = Spec.of("assisted", {"of": "tit_for_tat", "assists": ["sign"]})
    other = Spec.of("assisted", {"of": "grim", "assists": ["sign"]})
    found = helped([("own", plain), ("signs", signs), ("other", other), ("person", None)])
    assert found == {
        "signs": Helped("own", frozenset({"sign"})),
        "other": Helped("other", frozenset({"sign"})),
    }
    assert helped([("grim", Spec.of("grim")), ("other", other)])["other"].base == "grim"
