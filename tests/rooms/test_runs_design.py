"""What a plan plays: every way to seat the agents, or a sample, each match with a number and a key of its own."""

from __future__ import annotations

from collections import Counter
from itertools import islice, permutations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.records.spec import Cell, Spec
from comity.runs.design import Block, Matching, Plan, Seatings

PD = Cell("pd", "none", Spec.of("prisoners_dilemma"))
GOODS = Cell("goods", "none", Spec.of("public_goods"))
SPEC = Spec.of("grim")


def block(
    agents: int = 3, seats: int = 2, first: int = 0, seed: int = 1, replicate: str = "1", **matching: Any
) -> Block:
    names = tuple("abcdefghij"[:agents])
    rules = Matching(**matching)
    return Block(PD, replicate, first, Seatings(names, seats, rules.self_play), rules, seed)


def seated(drawn: Block) -> list[tuple[str, ...]]:
    return [drawn[place].agents for place in range(drawn.count)]


@given(agents=st.integers(1, 4), seats=st.integers(1, 4))
def test_the_product_is_every_way_in_lexicographic_order(agents: int, seats: int) -> None:
    names = "abcd"[:agents]
    assert seated(block(agents, seats)) == list(product(names, repeat=seats))
    assert seated(block(agents, seats, self_play=False)) == list(permutations(names, seats))


def test_an_agent_sits_in_all_seats_or_in_all_but_the_first() -> None:
    alike, guests = Seatings(("a", "b"), 4, alike=True), Seatings(("a", "b"), 4, guest=True)
    assert [alike[place] for place in range(alike.count)] == [("a",) * 4, ("b",) * 4]
    assert ["".join(guests[place]) for place in range(guests.count)] == ["aaaa", "baaa", "abbb", "bbbb"]


def test_repeats_stand_side_by_side_and_are_told_apart() -> None:
    repeated = block(agents=2, first=10, repeats=3)
    matches = [repeated[place] for place in range(repeated.count)]
    assert [match.index for match in matches] == list(range(10, 22))
    assert [match.repeat for match in matches] == [0, 1, 2] * 4
    assert len({match.key(1) for match in matches}) == 12


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 100), st.integers(1, 3), st.booleans())
def test_a_sample_takes_every_way_about_equally_often(
    agents: int, seats: int, matches: int, repeats: int, self_play: bool
) -> None:
    drawn = block(agents, seats, matches=matches, repeats=repeats, self_play=self_play)
    ways = drawn.seatings.count
    if ways == 0:
        return
    counts = Counter(seated(drawn))
    assert drawn.count == sum(counts.values()) == matches * repeats
    assert {count // repeats for count in counts.values()} <= {matches // ways, -(-matches // ways)}
    played = [drawn[place] for place in range(drawn.count)]
    assert len({(match.agents, match.repeat) for match in played}) == len(played)


def test_a_sample_is_a_function_of_seed_cell_and_replicate() -> None:
    def sample(**others: Any) -> list[tuple[str, ...]]:
        return seated(block(10, 3, matches=20, **others))

    assert sample() == sample()
    assert len({str(sample(seed=seed, replicate=label)) for seed in (1, 2) for label in ("1", "2")}) == 4


def test_every_way_is_drawn_equally_often() -> None:
    counts = Counter(way for seed in range(3_000) for way in seated(block(3, 2, matches=4, seed=seed)))
    expected, spread = 3_000 * 4 / 9, (3_000 * 4 / 9 * 5 / 9) ** 0.5
    assert len(counts) == 9
    assert all(abs(count - expected) < 4 * spread for count in counts.values())


def test_a_sample_of_more_ways_than_a_machine_number_counts() -> None:
    drawn = block(10, 30, matches=500)
    ways = seated(drawn)
    assert len(set(ways)) == 500
    last, first = Counter(way[-1] for way in ways), Counter(way[0] for way in ways)
    assert all(20 <= counts[name] <= 90 for counts in (first, last) for name in "abcdefghij")


def test_a_population_is_one_match_of_all_in_every_seat() -> None:
    everyone = Seatings(("a", "b", "c"), 12, population=2)
    assert everyone.count == 1
    assert "".join(everyone[0]) == "aabbcc" * 2


PLAN = Plan("p", 1, (PD, GOODS), (("a", SPEC), ("b", SPEC)), replicates=("x", "y"), matching=Matching(repeats=2))


def test_matches_are_numbered_through_the_plan() -> None:
    matches = list(PLAN.matches())
    assert [match.index for match in matches] == list(range(PLAN.n_matches)) == list(range(2 * 2 * (4 + 8)))
    assert [(match.cell.game_label, match.replicate) for match in matches[::8]][:3] == [
        ("pd", "x"),
        ("pd", "y"),
        ("goods", "x"),
    ]
    assert list(PLAN.matches()) == matches
    assert len({match.key(PLAN.seed) for match in matches}) == len(matches)


def test_matches_are_not_listed_before_they_are_asked_for() -> None:
    huge = Plan("p", 1, (GOODS,), tuple((str(i), SPEC) for i in range(10_000)))
    assert huge.n_matches == 10**12
    assert [match.agents[-1] for match in islice(huge.matches(), 3)] == ["0", "1", "2"]
    [everything] = huge.blocks()
    assert everything[10**12 - 1].agents == ("9999",) * 3


@pytest.mark.parametrize("cell", [PD, GOODS])
def test_what_is_added_to_a_plan_changes_no_match_that_was_there(cell: Cell) -> None:
    alone = Plan("p", 1, (cell,), (("a", SPEC), ("b", SPEC)))
    more = Plan("q", 1, (PD, GOODS), (("z", SPEC), ("a", SPEC), ("b", SPEC)), replicates=("1", "2"))
    keys = {(match.cell, match.replicate, match.agents): match.key(more.seed) for match in more.matches()}
    for match in alone.matches():
        assert keys[match.cell, match.replicate, match.agents] == match.key(alone.seed)
