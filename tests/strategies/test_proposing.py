"""What proposers claim, verified by the exact room and by going through whole spaces."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.decision import Decision
from comity.core.flow import StageGame
from comity.core.match import Match, Node, Path, Tree, tree
from comity.exact.deviation import deviation_gains
from comity.exact.equilibria import backward_induction, dominates, pure_equilibria
from comity.exact.tree import expected_payoffs, following
from comity.games.matrix import (
    BattleOfTheSexes,
    Chicken,
    MatchingPennies,
    MatrixGame,
    PrisonersDilemma,
    StagHunt,
    TrustGame,
)
from comity.games.symmetric import PublicGoods
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.contracting import Contract, Contracted
from comity.mechanisms.mediation import DELEGATE, Mediated
from comity.mechanisms.repetition import Repeated
from comity.strategies.contracts import efficient_profile, supporting
from comity.strategies.mediators import efficient_plan
from comity.strategies.proposing import EfficientProposal, GreedyProposal, RationalProposal, UselessProposal
from comity.strategies.stages import Delegating, UnderContract
from comity.strategies.strategy import Strategy
from tests.generators import dilemmas, symmetric_games

DILEMMAS: dict[str, Any] = {
    "prisoners_dilemma": PrisonersDilemma(),
    "public_goods": PublicGoods(),
    "public_goods_of_five": PublicGoods(5, 2),
    "travellers_dilemma": TravellersDilemma(),
    "trust_game": TrustGame(),
    "stag_hunt": StagHunt(),
    "chicken": Chicken(),
}


def proposed(proposer: Strategy, game: Mediated | Contracted, player: int = 0) -> Any:
    """What that player proposes at the first step of a match."""
    return proposer.begin(game, player)(Match(game).pending[player])


def elected(game: Mediated | Contracted, proposal: Any) -> Path:
    """The way to the step after all have proposed this and all approve the first."""
    n = game.n_players
    return ((proposal,) * n, ((True, *(False,) * (n - 1)),) * n)


def acting(tree: Tree) -> list[Decision[Any]]:
    """The decisions of the first step of a tree, which is its last."""
    found = []
    while isinstance(tree, Node):
        found.append(tree.decision)
        tree = next(iter(tree.branches.values()))
    return found


@pytest.mark.parametrize("name", DILEMMAS)
def test_under_the_efficient_contract_full_cooperation_is_a_dominant_equilibrium(name: str) -> None:
    base = DILEMMAS[name]
    game = Contracted(base)
    transfers = proposed(EfficientProposal(), game)
    path = (*elected(game, transfers), (True,) * base.n_players)
    policy = {decision: base.cooperative[decision.player] for decision in acting(tree(game, path))}
    assert set(deviation_gains(game, policy, path)) == {0}
    stage = UnderContract(base, Contract(game.actions, transfers, 0))
    for seat, action in enumerate(base.cooperative):
        assert all(dominates(stage, seat, action, o, strictly=False) for o in base.actions[seat] if o != action)
    assert backward_induction(stage).values == expected_payoffs(tree(game, path), following(policy))


@pytest.mark.parametrize("name", DILEMMAS)
def test_under_the_efficient_mediator_all_delegating_to_cooperate_is_an_equilibrium(name: str) -> None:
    base = DILEMMAS[name]
    game = Mediated(base)
    plan = proposed(EfficientProposal(), game)
    path = elected(game, plan)
    policy = dict.fromkeys(acting(tree(game, path)), DELEGATE)
    assert set(deviation_gains(game, policy, path)) == {0}
    assert (plan[-1],) * base.n_players == base.cooperative


@pytest.mark.parametrize(
    ("base", "contract", "plan"),
    [
        (PrisonersDilemma(), (0, -2), ("defect", "cooperate")),
        (PublicGoods(), (0, -1), ("free_ride", "free_ride", "contribute")),
        (TravellersDilemma(), (0, 0, 0, 3), ("2", "5")),
        (TrustGame(), (0, -10), ("keep", "give")),
        (StagHunt(), (0, -3), ("hare", "stag")),
        (BattleOfTheSexes(), (0, -10), ("ballet", "ballet")),
    ],
)
def test_the_efficient_proposals_worked_out_by_hand(
    base: Any, contract: tuple[int, ...], plan: tuple[str, ...]
) -> None:
    assert proposed(EfficientProposal(), Contracted(base)) == contract
    assert proposed(EfficientProposal(), Mediated(base)) == plan


def test_where_nothing_is_at_stake_nothing_is_proposed() -> None:
    pennies = MatchingPennies()
    for player in (0, 1):
        assert proposed(EfficientProposal(), Contracted(pennies), player) == (0, 0)
        assert proposed(EfficientProposal(), Mediated(pennies), player) == ("tails", "tails")


def contracts_within(game: Contracted, reach: int) -> list[tuple[int, ...]]:
    low = -reach if game.low is None else max(game.low, -reach)
    high = reach if game.high is None else min(game.high, reach)
    return list(itertools.product(range(low, high + 1), repeat=len(game.actions)))


def supports(
    base: StageGame, actions: tuple[str, ...], profile: tuple[str, ...], transfers: tuple[int, ...]
) -> tuple[bool, bool]:
    """Whether the profile is weakly dominant under the contract, and whether it is an equilibrium."""
    stage = UnderContract(base, Contract(actions, transfers, 0))
    dominant = all(
        dominates(stage, seat, action, other, strictly=False)
        for seat, action in enumerate(profile)
        for other in base.actions[seat]
        if other != action
    )
    return dominant, profile in pure_equilibria(stage)


small = st.integers(-1, 1)
pairs = st.tuples(small, small)
tables = st.tuples(*(st.tuples(pairs, pairs),) * 2)


@pytest.mark.slow
@given(
    tables,
    st.sampled_from([("a", "b"), ("b", "a"), ("x", "y")]),
    st.sampled_from([(None, None), (-1, 1), (0, 2), (1, 3), (-3, -1), (None, 0), (-2, None)]),
    st.data(),
)
@settings(max_examples=12)
def test_no_cheaper_contract_supports_a_profile(
    table: Any, second: tuple[str, str], bounds: tuple[int | None, int | None], data: st.DataObject
) -> None:
    """Gone through: every contract with payments further from zero than payoffs between -1 and 1 can ask for."""
    base = MatrixGame(("a", "b"), second, table)
    game = Contracted(base, *bounds)
    profile = data.draw(st.sampled_from(list(base.profiles())))
    support = {
        t: supports(base, game.actions, profile, t) for t in contracts_within(game, 3 if len(game.actions) > 2 else 6)
    }
    found = ([t for t, by_dominance in support.items() if by_dominance[rank]] for rank in (0, 1))
    cheapest = [min(contracts, key=lambda t: (sum(map(abs, t)), t)) for contracts in found if contracts]
    assert list(supporting(game, profile)) == cheapest


@given(symmetric_games().filter(lambda game: max(abs(p) for row in game.table for p in row) <= 9))
@settings(max_examples=25)
def test_supporting_contracts_support(base: Any) -> None:
    game = Contracted(base)
    profile = efficient_profile(base)
    found = [supports(base, game.actions, profile, transfers) for transfers in supporting(game, profile)]
    assert all(equilibrium for _, equilibrium in found)
    if len(set(profile)) == 1:  # whoever plays the same can always be paid for it
        assert [dominant for dominant, _ in found[:1]] == [True]
        assert len(found) == 2


@given(dilemmas() | symmetric_games())
@settings(max_examples=25)
def test_no_plan_does_better_than_the_efficient_one(base: Any) -> None:
    everybody = (DELEGATE,) * base.n_players
    totals = {}
    for plan in itertools.product(base.actions[0], repeat=base.n_players):
        stage = Delegating(base, plan)
        if everybody in pure_equilibria(stage):
            totals[plan] = sum(stage.payoffs(everybody))
    found = efficient_plan(base)
    assert (found is None) == (not totals)
    assert found is None or totals[found] == pytest.approx(max(totals.values()))


@pytest.mark.parametrize("base", [PrisonersDilemma(), StagHunt(), TrustGame(), Chicken(), MatchingPennies()])
@pytest.mark.parametrize("player", [0, 1])
def test_no_proposal_pays_the_greedy_more(base: Any, player: int) -> None:
    for game in (Mediated(base), Contracted(base, -4, 4)):
        space = game.plans if isinstance(game, Mediated) else game.contracts
        values = {proposal: _value(game, proposal)[player] for proposal in space}
        greedy, useless = (proposed(rule, game, player) for rule in (GreedyProposal(), UselessProposal()))
        if max(values.values()) > backward_induction(base).values[player]:
            assert values[greedy] == max(values.values())
        else:
            assert greedy == useless


def _value(game: Mediated | Contracted, proposal: Any) -> Any:
    if isinstance(game, Mediated):
        return backward_induction(Delegating(game.base, proposal)).values
    return backward_induction(UnderContract(game.base, Contract(game.actions, proposal, 0))).values


def test_the_greedy_trustee_pays_just_enough_to_be_trusted_and_keeps_the_rest() -> None:
    game = Contracted(TrustGame())
    greedy = proposed(GreedyProposal(), game, player=1)
    assert greedy == (0, -4)
    assert _value(game, greedy) == (4, 16)


def test_the_rational_ask_for_no_more_than_others_sign() -> None:
    """In chicken the greedy takes from one who goes straight; that one is worse off, and would not sign."""
    game = Contracted(Chicken())
    assert _value(game, proposed(GreedyProposal(), game, player=1))[0] < 3
    assert proposed(RationalProposal(), game, player=1) == (0, 0)


@given(tables, st.integers(0, 1))
@settings(max_examples=25)
def test_nobody_loses_by_what_the_rational_propose(table: Any, player: int) -> None:
    base = MatrixGame(("a", "b"), ("a", "b"), table)
    game = Contracted(base, -3, 3)
    without = backward_induction(base).values
    proposal = proposed(RationalProposal(), game, player)
    values = _value(game, proposal)
    assert all(now >= before for now, before in zip(values, without, strict=True))
    assert values[player] > without[player] or proposal == (0, 0)


@pytest.mark.parametrize("name", DILEMMAS)
def test_the_useless_change_nothing(name: str) -> None:
    base = DILEMMAS[name]
    assert set(proposed(UselessProposal(), Contracted(base))) == {0}
    assert set(proposed(UselessProposal(), Contracted(base, 2, 5))) == {2}
    assert set(proposed(UselessProposal(), Contracted(base, None, -3))) == {-3}
    plan = proposed(UselessProposal(), Mediated(base))
    assert plan == (base.defective[0],) * base.n_players


def test_bounds_are_kept_and_the_next_best_is_proposed() -> None:
    assert proposed(EfficientProposal(), Contracted(PrisonersDilemma(), -1, 1)) == (1, -1)
    assert proposed(EfficientProposal(), Contracted(PrisonersDilemma(), 0, 1)) == (1, 0)  # an equilibrium, not dominant
    assert proposed(EfficientProposal(), Contracted(TrustGame(), -2, 2)) == (0, 0)  # ten are needed


@pytest.mark.slow
def test_large_games_are_searched_too() -> None:
    """The traveller's dilemma as it was first told, with claims from 2 to 100, and seven contributors."""
    told = TravellersDilemma(claims=99)
    assert proposed(EfficientProposal(), Contracted(told)) == (*(0,) * 98, 3)
    assert proposed(EfficientProposal(), Mediated(told)) == ("2", "100")
    assert proposed(RationalProposal(), Mediated(PublicGoods(7, 2))) == ("free_ride",) * 6 + ("contribute",)


def test_under_repetition_the_same_is_proposed_every_round() -> None:
    game = Repeated(Mediated(PrisonersDilemma()), rounds=2)
    assert proposed(EfficientProposal(), game) == ("defect", "cooperate")  # type: ignore[arg-type]
