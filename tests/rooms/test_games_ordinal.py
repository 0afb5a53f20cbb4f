"""The 144 ordinal games: all of them, each once, in their places, with their families, neighbours and twins."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.errors import BadParameter
from comity.core.match import Match
from comity.games.matrix import BattleOfTheSexes, Chicken, PrisonersDilemma, StagHunt
from comity.games.normal_form import Row, rows_of
from comity.games.ordinal import (
    FAMILIES,
    TITLES,
    OrdinalGame,
    Table,
    family,
    ordinal_class,
    ordinal_games,
    patterns,
)
from comity.mechanisms.repetition import Repeated
from comity.metrics.dilemmas import is_social_dilemma
from comity.words.render import render_rules, sections
from tests.generators import payoff_numbers

games = st.sampled_from(ordinal_games())


def bimatrices() -> list[Table]:
    """Every way in which two players can rank four cells without ties."""
    orders = list(itertools.permutations((1, 2, 3, 4)))
    return [(((a, e), (b, f)), ((c, g), (d, h))) for (a, b, c, d), (e, f, g, h) in itertools.product(orders, repeat=2)]


def rearranged(table: Table) -> frozenset[Table]:
    """The table with its rows and its columns in any order."""
    return frozenset(tuple(tuple(line[::columns]) for line in table[::rows]) for rows in (1, -1) for columns in (1, -1))


def test_all_576_rankings_are_four_orders_of_144_games() -> None:
    classes = {rearranged(table) for table in bimatrices()}
    assert len(classes) == 144
    assert all(len(orders) == 4 for orders in classes)
    assert {rearranged(game.table) for game in ordinal_games()} == classes
    found = Counter(ordinal_class(table) for table in bimatrices())
    assert found == dict.fromkeys(ordinal_games(), 4)
    assert all(game.table in rearranged(table) for table in bimatrices() for game in [ordinal_class(table)])


def test_the_patterns_are_a_walk_by_swaps_of_neighbouring_ranks() -> None:
    first_column = {order for order in itertools.permutations((1, 2, 3, 4)) if 4 in (order[0], order[2])}
    assert set(patterns()) == first_column
    assert len(patterns()) == 12
    swaps = []
    for before, after in itertools.pairwise(patterns()):
        moved = sorted({*before} & {b for b, a in zip(before, after, strict=True) if a != b})
        assert moved[1] - moved[0] == 1
        swaps.append(moved[0])
    assert swaps == [2, 1, 2, 1, 2, 3, 2, 1, 2, 1, 2]


@given(games)
def test_the_four_of_the_first_player_is_left_and_that_of_the_second_on_top(game: OrdinalGame) -> None:
    assert 4 in (game.table[0][0][0], game.table[1][0][0])
    assert 4 in (game.table[0][0][1], game.table[0][1][1])


def test_every_family_has_its_number_of_games() -> None:
    counts = Counter(game.family for game in ordinal_games())
    assert counts == {
        "Biased": 44,
        "Win-win": 36,
        "Unfair": 19,
        "Cyclic": 18,
        "Second Best": 12,
        "Tragic": 8,
        "PD family": 7,
    }
    assert set(counts) == set(FAMILIES)


def test_the_symmetric_games_are_the_ones_of_their_names() -> None:
    """Against what the literature calls so: temptation, reward, punishment and sucker in their order."""
    by_title = {game.title: game for game in ordinal_games() if game.is_symmetric}
    assert tuple(by_title) == TITLES
    for title, known in {
        "Prisoner's Dilemma": PrisonersDilemma(),
        "Chicken": Chicken(),
        "Stag Hunt": StagHunt(stag=5, hare=3, safe=2, alone=0),
    }.items():
        assert ordinal_class(known.table) == by_title[title]
    families = {title: game.family for title, game in by_title.items()}
    assert families["Prisoner's Dilemma"] == "PD family"
    assert families["Chicken"] == "Unfair"
    assert families["Stag Hunt"] == families["Assurance"] == families["Coordination"] == "Win-win"
    assert families["Battle"] == families["Hero"] == "Biased"
    assert families["Deadlock"] == "Second Best"


def test_an_asymmetric_game_is_named_by_the_two_that_it_joins() -> None:
    for game in ordinal_games():
        joined = [title for title in TITLES if title in game.title.split(" / ")]
        assert len(joined) == (1 if game.is_symmetric else 2)
    assert OrdinalGame(6, 6).title == "Prisoner's Dilemma / Stag Hunt"
    assert len({game.title for game in ordinal_games()}) == len({game.number for game in ordinal_games()}) == 144
    assert [game.number for game in ordinal_games()][::143] == ["rg001", "rg144"]


def test_only_where_it_is_a_dilemma_does_an_action_cooperate() -> None:
    named = {game.title: game.cooperative for game in ordinal_games() if game.cooperative != (None, None)}
    assert named == dict.fromkeys(["Chicken", "Prisoner's Dilemma", "Stag Hunt", "Assurance"], ("A", "A"))
    assert all((game.cooperative == (None, None)) == (game.defective == (None, None)) for game in ordinal_games())
    social = [game.title for game in ordinal_games() if is_social_dilemma(game)]
    assert social == ["Chicken", "Prisoner's Dilemma"]


# Twins


@pytest.mark.parametrize("game", ordinal_games(), ids=lambda game: game.number)
def test_seat_2_is_told_what_seat_1_is_told_in_the_twin(game: OrdinalGame) -> None:
    """So nobody is told another game than the one that is scored."""
    assert list(rows_of(game, 1)) == list(rows_of(game.twin, 0))
    assert list(rows_of(game, 0)) == list(rows_of(game.twin, 1))
    for mine, theirs in ((Repeated(game), Repeated(game.twin)), (game, game.twin)):
        second, first = Match(mine).pending[1], Match(theirs).pending[0]
        assert sections(second).rules == sections(first).rules
        assert sections(second).question == sections(first).question
        told, in_twin = (render_rules(of, player).split("\n") for of, player in ((mine, 1), (theirs, 0)))
        assert [line.replace("player 1", "player 2") for line in told[1:]] == in_twin[1:]


def test_a_game_that_both_rank_alike_is_told_alike() -> None:
    for game in ordinal_games():
        first, second = (sections(decision) for decision in Match(Repeated(game)).pending)
        assert (first.rules == second.rules) == game.is_symmetric
        assert first.question == second.question


@given(games)
def test_twins_are_each_others_and_keep_the_family(game: OrdinalGame) -> None:
    twin = game.twin
    assert twin.twin == game
    assert (twin == game) == game.is_symmetric
    assert twin.family == game.family
    assert all(
        game.payoffs((first, second)) == twin.payoffs((second, first))[::-1] for first in "AB" for second in "AB"
    )


# Neighbours


@given(games)
def test_neighbours_are_six_and_each_others(game: OrdinalGame) -> None:
    assert len(set(game.neighbours)) == 6
    assert game not in game.neighbours
    assert all(game in neighbour.neighbours for neighbour in game.neighbours)
    assert {neighbour.twin for neighbour in game.neighbours} == set(game.twin.neighbours)


@given(games)
def test_a_neighbour_differs_by_one_swap_of_one_player(game: OrdinalGame) -> None:
    for place, neighbour in enumerate(game.neighbours):
        player, lower = divmod(place, 3)
        nearest = min(rearranged(neighbour.table), key=lambda table: changed(game.table, table))
        assert changed(game.table, nearest) == 2
        cells = [(a, b) for a, b in zip(flat(game.table), flat(nearest), strict=True) if a != b]
        assert {ranks[player] for pair in cells for ranks in pair} == {lower + 1, lower + 2}
        assert all(before[1 - player] == after[1 - player] for before, after in cells)


def flat(table: Table) -> list[tuple[float, float]]:
    return [cell for line in table for cell in line]


def changed(table: Table, other: Table) -> int:
    return sum(a != b for a, b in zip(flat(table), flat(other), strict=True))


def test_by_swaps_any_game_is_reached_from_any_other() -> None:
    reached = {OrdinalGame()}
    ahead = [OrdinalGame()]
    while ahead:
        new = set(ahead.pop().neighbours) - reached
        reached |= new
        ahead += new
    assert reached == set(ordinal_games())


# Anybody's table


@given(games, st.data())
def test_any_payoffs_in_that_order_in_any_arrangement_are_that_game(game: OrdinalGame, data: st.DataObject) -> None:
    values = [sorted(data.draw(st.sets(payoff_numbers, min_size=4, max_size=4))) for _ in range(2)]
    arranged = data.draw(st.sampled_from(sorted(rearranged(game.table))))
    table = tuple(tuple((values[0][int(a) - 1], values[1][int(b) - 1]) for a, b in line) for line in arranged)
    assert ordinal_class(table) == game
    assert family(table) == game.family


def test_a_table_with_ties_or_of_another_shape_is_refused() -> None:
    with pytest.raises(BadParameter, match="seat 1 differently"):
        ordinal_class(BattleOfTheSexes().table)
    with pytest.raises(BadParameter, match="seat 2 differently"):
        family((((1, 1), (2, 1)), ((3, 2), (4, 3))))
    with pytest.raises(BadParameter, match="two rows of two cells"):
        family((((1, 1), (2, 2)),))


@pytest.mark.parametrize("places", [(0, 1), (13, 1), (1, 0), (1, 13)])
def test_a_place_outside_the_layout_is_refused(places: tuple[int, int]) -> None:
    with pytest.raises(BadParameter, match="1 to 12"):
        OrdinalGame(*places)


def test_a_row_is_told_from_the_seat() -> None:
    game = OrdinalGame(1, 11)
    assert next(rows_of(game, 1)) == Row("A", ("A",), 2, (3,))
