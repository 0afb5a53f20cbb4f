"""Trees: how large they are, who forgets what, and what a behaviour earns in them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.decision import NATURE
from comity.core.errors import NotEnumerable
from comity.core.flow import Game
from comity.core.match import Node, tree
from comity.core.outcome import Outcome
from comity.core.space import Lottery
from comity.exact.rational import exactly, odds, solved
from comity.exact.tree import Counts, counts, expected_payoffs, first_step, following, is_perfect_recall, nodes, visits
from comity.games.matrix import MatrixGame, PrisonersDilemma
from comity.games.sequential import SequentialTrustGame
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.network import Networked, PerEdge
from comity.mechanisms.noise import Misperceived, Trembling
from comity.mechanisms.repetition import Continued, Repeated
from comity.mechanisms.sanctions import Sanctioned
from comity.mechanisms.talk import CheapTalk
from tests.generators import Attentive, Script, lotteries, payoff_numbers, played, stage_games

PD = PrisonersDilemma()
ONE = MatrixGame(("a",), ("a",), (((1, 1),),))
HALF = MatrixGame(("c", "d"), ("x",), (((1, 1),), ((0, 2),)))


@pytest.mark.parametrize(
    ("game", "expected"),
    [
        (PD, Counts(3, 0, 4, 2)),
        (Repeated(PD, 3, memory="all"), Counts(1 + 2 + 4 + 8 + 16 + 32, 0, 64, 2 * (1 + 4 + 16))),
        (Repeated(PD, 3, memory=0), Counts(63, 0, 64, 6)),
        (SequentialTrustGame(), Counts(3, 0, 4, 3)),
        # 1,589 nodes and 3,168 leaves in the prototype, where chance was counted among the decisions
        (Mediated(PD), Counts(1589 - 96, 96, 3168, 290)),
        (Mediated(PD, recall=False), Counts(1589 - 96, 96, 3168, 50)),
        (Trembling(PD, 0.1), Counts(4 * 3, 1 + 2, 16, 2)),
        (Continued(PD, 0.5, most=2), Counts(3 + 4 * 3, 4, 4 * (1 + 4), 2 * (1 + 4))),
        (PerEdge(PD, players=3), Counts(63, 0, 64, 3 * (1 + 2))),
    ],
    ids=str,
)
def test_the_size_of_trees(game: Game, expected: Counts) -> None:
    assert counts(tree(game)) == expected


@pytest.mark.slow
def test_the_size_of_a_contracted_dilemma() -> None:
    assert counts(tree(Contracted(PD, -1, 1))).leaves == 28_512


PERFECT: dict[str, tuple[Game, bool]] = {
    "repeated, all remembered": (Repeated(PD, 3, memory="all"), True),
    "repeated, one round remembered of one": (Repeated(PD, 2, memory=1), True),
    "repeated, one round remembered of two": (Repeated(PD, 3, memory=1), False),
    "repeated, nothing remembered": (Repeated(PD, 2, memory=0), False),
    "continued": (Continued(PD, 0.5, 3, memory="all"), True),
    "repeated in turn": (Repeated(SequentialTrustGame(), 2, memory="all"), True),
    "mediated": (Mediated(PD), True),
    "mediated as in CoopEval": (Mediated(PD, recall=False), False),
    "contracted": (Contracted(ONE, -1, 0), True),
    "contracted as in CoopEval": (Contracted(ONE, -1, 0, recall=False), False),
    "mediated, looked back on": (Sanctioned(Mediated(ONE)), True),
    "mediated, trembling, looked back on": (Sanctioned(Mediated(Trembling(ONE))), True),
    "mediated as in CoopEval, looked back on": (Sanctioned(Mediated(ONE, recall=False)), False),
    "contracted, looked back on": (Sanctioned(Contracted(ONE, 0, 0)), True),
    "repeated trembling": (Repeated(Trembling(PD), 2, memory="all"), True),
    "repeated misperceived": (Repeated(Misperceived(PD), 2, memory="all"), True),
    "repeated misperceived trembling": (Repeated(Misperceived(Trembling(HALF)), 2, memory="all"), True),
    "repeated talk": (Repeated(CheapTalk(HALF, 2, messages=("a", "b")), 2, memory="all"), True),
    "repeated sanctions": (Repeated(Sanctioned(HALF), 2, memory="all"), True),
    "network": (Repeated(Networked(PD, players=3), 2, memory="all"), True),
    "each neighbour apart": (PerEdge(PD, players=3), True),
    "each neighbour apart, in several steps": (PerEdge(CheapTalk(HALF, messages=("a", "b")), players=3), False),
    "rotated": (Rotated(HALF, 4, 2, memory="all"), True),
    "rotated, what partners had seen forgotten": (
        Rotated(HALF, 4, 4, memory="all", depth=1, matching="balanced"),
        False,
    ),
    "rotated, what partners had seen told": (Rotated(HALF, 4, 4, memory="all", depth=2, matching="balanced"), True),
}


@pytest.mark.parametrize(("game", "perfect"), PERFECT.values(), ids=PERFECT.keys())
def test_perfect_recall(game: Game, perfect: bool) -> None:
    assert is_perfect_recall(tree(game)) == perfect


@pytest.mark.slow
def test_repeated_mediation_is_of_perfect_recall() -> None:
    assert is_perfect_recall(tree(Repeated(Mediated(ONE), 2, memory="all")))
    assert not is_perfect_recall(tree(Repeated(Mediated(ONE, recall=False), 2, memory="all")))


def test_a_tree_from_a_path_on_is_that_branch_of_the_whole() -> None:
    whole = tree(Repeated(PD, 2))
    assert isinstance(whole, Node)
    after_both_defect = first_step(whole).onward["defect", "defect"]
    assert tree(Repeated(PD, 2), (("defect", "defect"),)) == after_both_defect
    assert isinstance(after_both_defect, Node)
    assert (whole.step, after_both_defect.step) == (0, 1)


def test_a_path_to_the_end_leaves_the_outcome() -> None:
    assert tree(PD, (("cooperate", "defect"),)) == Outcome((0, 3), ("cooperate", "defect"))


def test_a_tree_that_cannot_be_listed_is_refused() -> None:
    with pytest.raises(NotEnumerable, match="free text cannot be listed"):
        tree(CheapTalk(PD))
    with pytest.raises(NotEnumerable, match="more than 62 nodes"):
        tree(Repeated(PD, 3), most=62)
    with pytest.raises(NotEnumerable, match="more than 600 nodes"):
        tree(Continued(PD), most=600)  # some hundred rounds deep: deeper than a recursion would get
    assert tree(Repeated(PD, 3), most=127) == tree(Repeated(PD, 3))


@given(stage_games(), st.integers(0, 9))
def test_the_tree_of_a_stage_game_holds_its_payoffs(game: Any, key: int) -> None:
    decide = Attentive(key)
    match, put = played(game, decide, 0)
    policy = {decision: decide(decision) for decision in put[0]}
    assert match.outcome is not None
    assert expected_payoffs(tree(game), following(policy)) == tuple(map(exactly, match.outcome.payoffs))


def test_mixed_behaviour_earns_the_mean() -> None:
    [first, second] = played(PD, Script(0), 0)[1][0]
    mixed = Lottery(("cooperate", "defect"), (0.25, 0.75))
    earned = expected_payoffs(tree(PD), following({first: mixed, second: "cooperate"}))
    assert earned == (Fraction(1, 4) * 2 + Fraction(3, 4) * 3, Fraction(1, 4) * 2)


def test_chance_belongs_to_nobody_and_sees_nothing() -> None:
    for place in visits(tree(Misperceived(Trembling(PD)))):
        node = getattr(place, "node", None)
        if node is not None and node.decision.player == NATURE:
            assert node.decision.sees == ()


def test_choices_of_one_step_are_known_to_their_own_player_only() -> None:
    """On a triangle player 0 decides twice in one step, and knows at the second edge what it does at the first."""
    earlier: dict[Any, set[Any]] = {}
    for place in nodes(tree(PerEdge(PD, players=3))):
        earlier.setdefault(place.within.decision, set()).add(place.within.earlier)
    assert sorted(map(len, earlier.values())) == [1, 1, 1, 2, 2, 2]


@given(payoff_numbers, st.integers(1, 60))
def test_numbers_are_the_fractions_they_stand_for(number: float, denominator: int) -> None:
    assert exactly(number) == Fraction(str(number))
    assert exactly(number / denominator) == Fraction(str(number)) / denominator
    assert float(exactly(number * 1e-7)) == pytest.approx(number * 1e-7, rel=1e-12, abs=0)


@given(lotteries())
def test_odds_sum_to_one_exactly(lottery: Lottery[str]) -> None:
    assert sum(odds(lottery).values()) == 1
    assert all(float(odds(lottery).get(option, 0)) == pytest.approx(share) for option, share in lottery.chances())


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=5))
def test_odds_that_are_no_simple_fractions_sum_to_one_too(weights: list[float]) -> None:
    shares = tuple(weight / sum(weights) for weight in weights)
    drawn = odds(Lottery(tuple(range(len(shares))), shares))
    assert sum(drawn.values()) == 1
    assert [float(drawn[place]) for place in range(len(shares))] == pytest.approx(shares)


@given(st.integers(1, 4), st.data())
def test_linear_systems_are_solved_without_rounding(n: int, data: st.DataObject) -> None:
    numbers = st.integers(-3, 3).map(Fraction)
    rows = data.draw(st.lists(st.lists(numbers, min_size=n + 1, max_size=n + 1), min_size=n, max_size=n))
    solution = solved(rows)
    if solution is None:
        assert determinant([row[:-1] for row in rows]) == 0
    else:
        assert all(sum(a * x for a, x in zip(row, solution, strict=False)) == row[-1] for row in rows)


def determinant(matrix: list[list[Fraction]]) -> Fraction:
    if not matrix:
        return Fraction(1)
    minors = ([row[:j] + row[j + 1 :] for row in matrix[1:]] for j in range(len(matrix)))
    return sum(((-1) ** j * matrix[0][j] * determinant(minor) for j, minor in enumerate(minors)), Fraction(0))
