"""Designs over factors, and what plans say of them."""

from __future__ import annotations

from itertools import combinations, product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.runs.factors import Design, Factor, balance, fraction
from comity.runs.plan import Plan, PlanError, parsed_plan

pytestmark = pytest.mark.slow

PLAN = """\
name = "p"
seed = 1
games = ["prisoners_dilemma"]
mechanisms = ["none", ["rescaling", {name = "repetition", rounds = 3}], "repetition"]
agents = ["tit_for_tat", "random"]
[factors]
design = "factorial"
[factors.levels]
"repetition.horizon" = ["announced", "hidden", "chance"]
"rescaling.times" = [1.0, 10.0]
"""
FACTORIAL = 'design = "factorial"'


def factors(*sizes: int) -> list[Factor]:
    return [Factor("m", f"f{place}", tuple(range(size))) for place, size in enumerate(sizes)]


def labels(plan: Plan) -> list[str]:
    return [cell.mechanism_label for cell in plan.cells]


def complaints(text: str) -> list[str]:
    with pytest.raises(PlanError) as raised:
        parsed_plan(text, "p.toml")
    return str(raised.value).splitlines()


# Designs


def test_a_factorial_design_is_every_combination() -> None:
    assert Design().conditions(factors(2, 3)) == list(product(range(2), range(3)))


def test_one_at_a_time_is_the_base_and_each_other_level_alone() -> None:
    found = Design("one_at_a_time").conditions(factors(2, 3))
    assert found == [(0, 0), (1, 0), (0, 1), (0, 2)]
    assert Design("one_at_a_time").count(factors(2, 3)) == len(found)


@pytest.mark.parametrize(("sizes", "runs"), [((3,) * 4, 9), ((2,) * 7, 8), ((2,) * 3, 4), ((3, 3, 3, 2), 18)])
def test_orthogonal_arrays_are_found_where_there_are_any(sizes: tuple[int, ...], runs: int) -> None:
    found = balance(factors(*sizes), Design("fraction", runs).conditions(factors(*sizes)))
    assert found.balanced == found.pairs == len(list(combinations(sizes, 2)))
    assert found.cramer == 0


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=5), data=st.data(), seed=st.integers(0, 2**63 - 1))
def test_a_fraction_has_different_conditions_and_every_level_as_often_as_it_can(
    sizes: list[int], data: st.DataObject, seed: int
) -> None:
    runs = data.draw(st.integers(max(2, *sizes), 20))
    design = Design("fraction", runs, seed)
    found = design.conditions(factors(*sizes))
    assert found == design.conditions(factors(*sizes))
    assert len(found) == len(set(found)) == design.count(factors(*sizes)) == min(runs, prod(sizes))
    for low, high in balance(factors(*sizes), found).levels:
        assert high - low <= 1
        assert low >= 1


def test_a_fraction_is_better_balanced_than_chance() -> None:
    sizes = (4, 3, 3, 2, 2)
    ours = balance(factors(*sizes), fraction(sizes, 24, 7))
    everything = list(product(*map(range, sizes)))
    by_chance = [balance(factors(*sizes), everything[start::6]).cramer for start in range(6)]
    assert ours.cramer < 0.2 < max(by_chance)
    assert ours.balanced >= 8


def test_another_seed_may_find_another_fraction() -> None:
    found = {tuple(Design("fraction", 5, seed).conditions(factors(4, 4, 3))) for seed in range(4)}
    assert len(found) > 1


def test_balance_is_told_in_words() -> None:
    two = factors(2, 2)
    told = balance(two, [(0, 0), (0, 1), (1, 0)]).sentence(two)
    assert told.startswith(
        "3 of 4 conditions, levels equally often but for m.f0 1 to 2, m.f1 1 to 2 times; 0 of 1 pairs"
    )
    assert "0.50 (Cramer's V" in told


# Plans


def test_every_stack_that_has_a_factor_is_played_in_its_conditions() -> None:
    plan = parsed_plan(PLAN)
    assert labels(plan)[0] == "none"
    assert labels(plan)[1:7] == [
        f"rescaling+repetition [horizon={horizon}, times={times}]"
        for horizon in ("announced", "hidden", "chance")
        for times in ("1.0", "10.0")
    ]
    assert labels(plan)[7:] == [f"repetition [horizon={each}]" for each in ("announced", "hidden", "chance")]
    scaled, repeated = plan.cells[4].stack
    assert scaled.parameters == {"times": 10.0}
    assert repeated.parameters == {"rounds": 3, "horizon": "hidden"}
    assert [factor.key for factor in plan.factors] == ["repetition.horizon", "rescaling.times"]
    assert not plan.balance


def test_one_at_a_time_names_what_differs_from_the_base() -> None:
    plan = parsed_plan(PLAN.replace("factorial", "one_at_a_time"))
    assert labels(plan)[1:5] == [
        f"rescaling+repetition [{each}]" for each in ("base", "horizon=hidden", "horizon=chance", "times=10.0")
    ]


def test_a_fraction_says_how_balanced_it_is() -> None:
    plan = parsed_plan(PLAN.replace(FACTORIAL, 'design = "fraction"\nruns = 5'))
    assert len([label for label in labels(plan) if label.startswith("rescaling")]) == 5
    assert len(labels(plan)) == 1 + 5 + 3
    assert [sentence.partition(":")[0] for sentence in plan.balance] == ["rescaling+repetition", "repetition"]
    assert "5 of 6 conditions" in plan.balance[0]
    assert plan == parsed_plan(plan.text)


def test_a_stack_may_write_the_first_level_of_what_varies() -> None:
    written = parsed_plan(PLAN.replace("rounds = 3", 'rounds = 3, horizon = "announced"'))
    assert written.cells == parsed_plan(PLAN).cells


def test_fields_of_one_name_are_told_apart() -> None:
    levels = '"execution_noise.noise" = [0.1]\n"monitoring_noise.noise" = [0.2]'
    noisy = PLAN.replace('"rescaling.times" = [1.0, 10.0]', levels).replace(
        '["rescaling", {name', '["execution_noise", "monitoring_noise", {name'
    )
    told = "[horizon=announced, execution_noise.noise=0.1, monitoring_noise.noise=0.2]"
    assert labels(parsed_plan(noisy))[1].endswith(told)


def test_presentations_are_varied_and_labels_stay_names_for_commands() -> None:
    text = PLAN.replace('"rescaling.times" = [1.0, 10.0]', '"presentation.labels" = [["J", "F"], ["F", "J"], "random"]')
    found = labels(
        parsed_plan(text.replace('["rescaling", {name = "repetition", rounds = 3}]', '["repetition", "presentation"]'))
    )
    assert found[1] == "repetition+presentation [horizon=announced, labels=J/F]"
    assert len(found) == 1 + 9 + 3


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (FACTORIAL, 'design = "fraction"', "line 7, factors, design: a \"fraction\" needs the field 'runs'"),
        (FACTORIAL, f"{FACTORIAL}\nruns = 4", 'line 8, factors, runs: only a design of the kind "fraction"'),
        (FACTORIAL, 'design = "fraction"\nruns = 2', "line 8, factors, runs: must be at least 3, so that each level"),
        (FACTORIAL, 'design = "fraction"\nruns = 201', "line 8, factors, runs: must be less than or equal to 200"),
        (FACTORIAL, 'design = "latin"', "line 7, factors, design: must be 'factorial', 'one_at_a_time' or 'fraction'"),
        (FACTORIAL, "kind = 1", "line 7, factors, kind: there is no field called 'kind'"),
        ('"hidden"', '"hiden"', "levels, repetition.horizon, entry 2: must be 'chance', 'announced' or 'hidden'"),
        ('"hidden"', '"announced"', 'repetition.horizon, entry 2: the level "announced" is there twice'),
        ('"repetition.horizon"', '"repetition.horzon"', "line 9, factors, levels, repetition.horzon: there is no"),
        ('"repetition.horizon"', "repetition.horizon", "must be a list of levels, after a key in quotes such as"),
        ('"repetition.horizon"', '"repetition"', "a factor is called by its mechanism and its field"),
        ('"repetition.horizon"', '"repeating.horizon"', "there is no mechanism called 'repeating'"),
        ('"rescaling.times"', '"mediation.x"', "no stack of the plan has the mechanism 'mediation', so there is"),
        ("10.0]", "0.0]", "line 10, factors, levels, rescaling.times, entry 2: rescaling+repetition with times = 0.0"),
        ("10.0]", '"x"]', 'rescaling.times, entry 2: must be a valid number, not "x"'),
        ('"hidden"', '"hid\\u202eden"', "repetition.horizon, entry 2: must be 'chance', 'announced' or 'hidden'"),
        ("[1.0, 10.0]", "[]", "levels, rescaling.times: must have at least one entry"),
        ("[1.0, 10.0]", "3", "rescaling.times: must be a list of levels"),
        ("rounds = 3", 'horizon = "hidden"', "entry 2: horizon of repetition is varied under factors, and here it is"),
        ('"none", [', '["repetition", "repetition"], [', "entry 1: repetition stands in this stack 2 times"),
        ('"none", [', '["presentation", "repetition"], [', "entry 1: presentation tells the whole game, so it must be"),
        ("[1.0, 10.0]", f'{list(range(1, 51))}\n"repetition.memory" = {list(range(50))}', "would make 7,651"),
    ],
)  # fmt: skip
def test_what_cannot_be_varied_is_said_with_its_place(old: str, new: str, expected: str) -> None:
    assert old in PLAN
    found = complaints(PLAN.replace(old, new, 1))
    assert any(expected in line for line in found), found
    assert all(line.startswith("p.toml, line ") for line in found)


def test_what_no_level_allows_is_said_once_and_not_for_every_condition() -> None:
    found = complaints(PLAN.replace("[1.0, 10.0]", "[1.0, 0.0]"))
    assert len(found) == 1


def test_levels_that_cannot_be_seen_are_refused() -> None:
    levels = '"presentation.labels" = [["a", "b\\u202e"]]'
    text = PLAN.replace('"rescaling.times" = [1.0, 10.0]', levels).replace(", rounds = 3}]", '}, "presentation"]')
    [found] = complaints(text)
    assert "presentation.labels, entry 1: a level is told in labels, so it must be text that can be seen" in found


def test_stacks_without_factors_may_be_as_many_as_ever() -> None:
    stacks = ", ".join(f'{{name = "repetition", rounds = {number}}}' for number in range(1, 1_102))
    text = PLAN.partition("[factors]")[0].replace(
        '"none", ["rescaling", {name = "repetition", rounds = 3}], "repetition"', stacks
    )
    assert len(parsed_plan(text).cells) == 1_101


def test_labels_that_are_too_long_are_refused() -> None:
    text = PLAN.replace('"none", [', '{label = "' + "x" * 190 + '", stack = ["repetition"]}, [')
    [found] = complaints(text)
    assert "has 210 characters, and a label has 200 at most" in found
