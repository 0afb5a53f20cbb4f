"""Populations in plans: how many seats of each agent, which they are, and every mistake in one sentence."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from comity.records.store import RunFile
from comity.records.tables import tables
from comity.runs.complaints import PlanError
from comity.runs.design import Plan, Population
from comity.runs.plan import parsed_plan
from comity.runs.run import run

TORUS = '{name = "neighbourhood", graph = "lattice", size = [4, 4], rounds = 2}'
MIXED = """
    {label = "half", shares = {people = 0.5, coin = 0.5}},
    {label = "a fifth", shares = {people = 0.8, coin = 0.2}},
"""


def plan_text(populations: str = MIXED, *, torus: str = TORUS, more: str = "", kind: str = "populations") -> str:
    listed = f"populations = [{populations}]" if populations else ""
    return f"""
name = "peopled"
seed = 3
replicates = 3
games = ["weak_prisoners_dilemma"]
mechanisms = [{torus}]
agents = [{{label = "people", name = "moody", spread = 1.0}}, {{label = "coin", name = "random"}}]
[matching]
kind = "{kind}"
{more}
{listed}
"""


def plan_of(populations: str = MIXED, **fields: Any) -> Plan:
    return parsed_plan(plan_text(populations, **fields))


@pytest.mark.parametrize(
    ("share", "coins"), [(0.0, 0), (0.1, 62), (0.2, 125), (0.3, 187), (0.5, 312), (0.7, 437), (0.9, 562)]
)
def test_so_many_seats_are_taken_as_the_share_of_the_whole_rounded_down(share: float, coins: int) -> None:
    population = Population("it", (("people", round(1 - share, 6)), ("coin", share)))
    seats = population.seated(625, 1)
    assert Counter(seats)["coin"] == coins
    assert len(seats) == 625


def test_largest_remainders_take_what_is_left() -> None:
    thirds = Population("it", (("a", 1 / 3), ("b", 1 / 3), ("c", 1 / 3)))
    assert Counter(thirds.seated(10, 1)) == {"a": 4, "b": 3, "c": 3}
    assert Counter(Population("it", (("a", 0.55), ("b", 0.27), ("c", 0.18))).seated(10, 1)) == {"a": 5, "b": 3, "c": 2}


def test_every_population_plays_in_every_replicate_in_seats_of_its_own() -> None:
    plan = plan_of(more="repeats = 2")
    matches = list(plan.matches())
    assert len(matches) == plan.n_matches == 3 * 2 * 2
    assert [plan.population_of(one.index) for one in matches] == ["half", "half", "a fifth", "a fifth"] * 3
    for match in matches:
        assert Counter(match.agents)["coin"] == (8 if plan.population_of(match.index) == "half" else 3)
    seated = {(match.agents, match.repeat) for match in matches}
    assert len(seated) == len(matches)  # drawn anew in every replicate, and the same in every repeat
    assert len({agents for agents, _ in seated}) == 6
    assert matches == list(parsed_plan(plan_text(more="repeats = 2")).matches())
    assert plan_of(MIXED).population_of(0) == "half"
    assert parsed_plan(plan_text("", kind="alike")).population_of(0) is None


def test_seats_are_taken_by_each_agent_equally_often() -> None:
    population = Population("it", (("a", 0.25), ("b", 0.75)))
    taken = Counter(seat for key in range(800) for seat, agent in enumerate(population.seated(8, key)) if agent == "a")
    assert all(abs(taken[seat] - 200) < 4 * (800 * 0.25 * 0.75) ** 0.5 for seat in range(8))


def test_nodes_are_taken_as_they_are_given() -> None:
    nodes = ["people"] * 15 + ["coin"]
    [match, *_] = plan_of(f'{{label = "by node", nodes = {nodes}}}').matches()
    assert match.agents == tuple(nodes)


@pytest.mark.parametrize(
    ("populations", "sentence"),
    [
        (
            '{label = "x", shares = {people = 0.5, coins = 0.5}}',
            "there is no agent called 'coins'; did you mean 'coin'?",
        ),
        ('{label = "x", shares = {people = 0.5, coin = 0.4}}', "the shares must sum to 1, and they sum to 0.9"),
        ('{label = "x", shares = {people = 1.5, coin = 0.5}}', "must be less than or equal to 1, not 1.5"),
        (
            '{label = "x", nodes = ["people", "coin"]}',
            "it has 2 agents, and weak_prisoners_dilemma under neighbourhood has 16",
        ),
        ('{label = "x", nodes = ["people", "nobody"]}', "there is no agent called 'nobody'"),
        ('{label = "x"}', "either shares, of each agent its share of the seats, or nodes"),
        ('{label = "x", shares = {people = 1}, nodes = ["coin"]}', "either shares, of each agent its share"),
        ("{shares = {people = 1}}", "the field 'label' is missing"),
        ('{label = "x", share = {people = 1}}', "there is no field called 'share'; did you mean 'shares'?"),
        ('{label = "x", shares = {people = 1}}', "the agent 'coin' is in none of them"),
        (MIXED + '{label = "half", shares = {coin = 1}}', "the label 'half' is used twice"),
        (MIXED + '{label = "again", shares = {people = 0.5, coin = 0.5}}', "it is the same population as 'half'"),
        ("", "a matching of \"populations\" needs the field 'populations'"),
    ],
)
def test_a_mistake_is_said_in_one_sentence_with_its_line(populations: str, sentence: str) -> None:
    with pytest.raises(PlanError) as refused:
        plan_of(populations)
    [line] = str(refused.value).split("\n")
    assert sentence in line
    assert ", line " in line


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "alike"}, 'only a matching of the kind "populations" has this field'),
        ({"more": "matches = 2"}, 'only a matching of the kind "sampled" has this field'),
        ({"more": "self_play = false"}, 'must be true where the matching is "populations"'),
    ],
)
def test_fields_of_other_kinds_are_refused(fields: dict[str, str], sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        plan_of(**fields)


def test_every_way_to_seat_agents_on_hundreds_of_seats_is_refused_in_words() -> None:
    large = '{name = "neighbourhood", rounds = 1}'
    with pytest.raises(PlanError) as refused:
        plan_of("", torus=large, kind="product")
    [line] = str(refused.value).split("\n")
    assert "more than 1,000,000,000,000,000 matches" in line
    assert 'ways to seat 2 agents on 625 seats; take kind = "populations"' in line
    assert 'or "alike"' in line
    assert plan_of("", torus=large, kind="alike").n_matches == 6


def test_a_run_of_populations_is_the_same_again(tmp_path: Path) -> None:
    def played(folder: Path) -> list[Any]:
        with RunFile.open(folder) as file:
            return [(one.match.agents, one.choices, one.lotteries, one.payoffs) for one in file.records()]

    plan = plan_of()
    run(plan, tmp_path / "whole")
    run(plan, tmp_path / "again")
    whole = played(tmp_path / "whole")
    assert whole == played(tmp_path / "again")
    assert len({choices for _, choices, _, _ in whole}) == len(whole) == 6
    with RunFile.open(tmp_path / "whole") as file:
        assert tables(file.records()).matches["drawn"].all()
