"""Equilibria: known ones, Nashpy as an oracle, and certificates found another way."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import nashpy
import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from comity.core.decision import Decision, Fact
from comity.core.errors import NotEnumerable, NotSolvable
from comity.core.flow import Flow, Game, StageGame, ask, draw, told
from comity.core.match import play
from comity.core.outcome import Outcome
from comity.core.space import Lottery, OneOf
from comity.exact.deviation import deviation_gains
from comity.exact.equilibria import (
    Mixed,
    backward_induction,
    dominant_actions,
    dominated_actions,
    mixed_equilibria,
    payoff_array,
    pure_equilibria,
    security_levels,
    table,
)
from comity.exact.rational import exactly
from comity.exact.strategic_form import StrategicForm
from comity.games.matrix import (
    BattleOfTheSexes,
    Chicken,
    MatchingPennies,
    MatrixGame,
    PrisonersDilemma,
    StagHunt,
    TrustGame,
)
from comity.games.normal_form import NormalForm
from comity.games.sequential import SequentialTrustGame
from comity.games.symmetric import PublicGoods, SymmetricGame
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.contracting import Contract, Contracted, Signatures, settled
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import DELEGATE, Mediated, Mediator
from comity.mechanisms.noise import Misperceived, Trembling
from comity.mechanisms.repetition import Continued, Repeated
from comity.mechanisms.sanctions import Sanctioned
from comity.mechanisms.talk import CheapTalk
from tests.generators import Attentive, bimatrices, dilemmas, stage_games

pytestmark = pytest.mark.slow

PD = PrisonersDilemma()
HALF = Fraction(1, 2)


def exact(*numbers: float) -> tuple[Fraction, ...]:
    return tuple(map(exactly, numbers))


@dataclass(frozen=True)
class Under:
    """A game of which only a part is played: the delegation stage under a mediator, or play under a signed contract."""

    base: Any
    part: Callable[[], Flow[Outcome]]
    n_players: int = 2

    @property
    def rules(self) -> tuple[Fact, ...]:
        return tuple(self.base.rules)

    def play(self) -> Flow[Outcome]:
        return self.part()


def under_mediator(plan: tuple[str, ...]) -> StageGame:
    mediated = Mediated(PD)
    return StrategicForm(Under(mediated, lambda: told(mediated.under(Mediator(plan, 0)))))


def under_contract(cooperation: int, defection: int) -> StageGame:
    def signed() -> Flow[Outcome]:
        contract = Contract(("cooperate", "defect"), (cooperation, defection), 0)
        return settled((yield from PD.play()), contract, Signatures((True, True)))

    return StrategicForm(Under(PD, signed))


def test_delegation_under_the_mediator_that_cooperates_if_both_delegate() -> None:
    game = under_mediator(("defect", "cooperate"))
    assert len(table(game).paid) == 9
    assert pure_equilibria(game) == (("defect", "defect"), (DELEGATE, DELEGATE))
    assert [game.payoffs(profile) for profile in pure_equilibria(game)] == [(1, 1), (2, 2)]
    assert dominated_actions(game, 0, strictly=False) == ("cooperate", "defect")


def test_a_contract_that_pays_for_cooperation_leaves_only_cooperation() -> None:
    game = under_contract(2, -2)
    assert [(mixed.shares, mixed.values) for mixed in mixed_equilibria(game)] == [
        ((exact(1, 0), exact(1, 0)), exact(2, 2))
    ]
    assert pure_equilibria(under_contract(0, 0)) == (("defect", "defect"),)


@pytest.mark.parametrize(
    ("game", "pure", "mixed"),
    [
        (PD, [("defect", "defect")], []),
        (StagHunt(), [("stag", "stag"), ("hare", "hare")], [((Fraction(3, 5), Fraction(2, 5)),) * 2]),
        (Chicken(), [("swerve", "straight"), ("straight", "swerve")], [((HALF, HALF),) * 2]),
        (
            BattleOfTheSexes(),
            [("ballet", "ballet"), ("fight", "fight")],
            [((Fraction(10, 17), Fraction(7, 17)), (Fraction(7, 17), Fraction(10, 17)))],
        ),
        (MatchingPennies(), [], [((HALF, HALF),) * 2]),
        (TrustGame(), [("keep", "keep")], []),
        (TravellersDilemma(), [("2", "2")], []),
    ],
    ids=lambda part: type(part).__name__,
)
def test_the_equilibria_of_the_classic_games(game: StageGame, pure: list[Any], mixed: list[Any]) -> None:
    found = list(mixed_equilibria(game))
    assert list(pure_equilibria(game)) == pure
    assert [one.shares for one in found if max(one.shares[0]) < 1] == mixed
    assert len(found) == len(pure) + len(mixed)


def is_equilibrium(game: StageGame, mixed: Mixed) -> bool:
    """Whether no pure deviation gains, computed from the payoffs afresh."""
    first, second = game.actions
    for player, shares in enumerate(mixed.shares):
        worth = []
        for action in game.actions[player]:
            others = zip((second, first)[player], mixed.shares[1 - player], strict=True)
            worth.append(
                sum(s * exactly(game.payoffs((action, o) if player == 0 else (o, action))[player]) for o, s in others)
            )
        if sum(shares) != 1 or min(shares) < 0 or max(worth) != mixed.values[player]:
            return False
        if sum(share * value for share, value in zip(shares, worth, strict=True)) != mixed.values[player]:
            return False
    return True


@given(bimatrices())
def test_every_bimatrix_has_an_equilibrium_and_all_found_are_some(game: MatrixGame) -> None:
    found = list(mixed_equilibria(game))
    assert found
    assert all(is_equilibrium(game, mixed) for mixed in found)
    assert len({mixed.shares for mixed in found}) == len(found)
    pure = [
        tuple(actions[shares.index(1)] for actions, shares in zip(game.actions, mixed.shares, strict=True))
        for mixed in found
        if all(max(shares) == 1 for shares in mixed.shares)
    ]
    assert pure == list(game.pure_equilibria()) == list(pure_equilibria(game))


def rounded(pairs: Any) -> set[Any]:
    return {tuple(tuple(round(float(share), 6) + 0.0 for share in shares) for shares in pair) for pair in pairs}


def bimatrix(first: Any, second: Any) -> MatrixGame:
    cells = tuple(tuple(zip(*row, strict=True)) for row in zip(first, second, strict=True))
    return MatrixGame(tuple(map(str, range(len(first)))), tuple(map(str, range(len(first[0])))), cells)


def same(ours: list[Mixed], theirs: list[Any]) -> bool:
    """Whether the two lists hold the same equilibria, up to rounding and order."""
    found = [np.concatenate([np.array(shares, dtype=float) for shares in mixed.shares]) for mixed in ours]
    expected = [np.concatenate(pair) for pair in theirs]
    return len(found) == len(expected) and all(any(np.allclose(a, b, atol=1e-6) for b in expected) for a in found)


def gain(first: Any, second: Any, row: Any, column: Any) -> float:
    """What the better of two deviations gains: rounding makes Nashpy take some pairs for equilibria that are none."""
    return float(max((first @ column).max() - row @ first @ column, (row @ second).max() - row @ second @ column))


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(2, 4))
def test_nashpy_finds_the_same_equilibria(seed: int, rows: int, columns: int) -> None:
    """By vertex enumeration: Nashpy's support enumeration loses mixed equilibria of such payoffs to rounding."""
    first, second = np.random.default_rng(seed).integers(-500, 500, (2, rows, columns))
    theirs = [pair for pair in nashpy.Game(first, second).vertex_enumeration() if gain(first, second, *pair) < 1e-6]
    assert same(list(mixed_equilibria(bimatrix(first.tolist(), second.tolist()))), theirs)


@pytest.mark.parametrize(
    ("first", "second"),
    [([[1, 1], [1, 1]], [[1, 1], [1, 1]]), ([[3, 3], [2, 5], [0, 6]], [[3, 3], [2, 6], [3, 1]])],
)
def test_nashpy_finds_the_same_extreme_equilibria_of_degenerate_games(first: Any, second: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = list(nashpy.Game(np.array(first), np.array(second)).vertex_enumeration())
    assert same(list(mixed_equilibria(bimatrix(first, second))), theirs)


def test_the_extreme_equilibria_of_degenerate_games_by_hand() -> None:
    """The first player does not care in the one, the second in the other; Nashpy loses some or all of these."""
    even = bimatrix([[1, 0], [1, 0]], [[1, 0], [0, 1]])
    assert rounded(mixed.shares for mixed in mixed_equilibria(even)) == {
        ((1, 0), (1, 0)),
        ((0, 1), (0, 1)),
        ((0.5, 0.5), (1, 0)),
        ((0.5, 0.5), (0, 1)),
    }
    idle_at_the_best = bimatrix([[1, 0, 0], [1, 0, 0]], [[9, 1, 0], [9, 0, 1]])
    assert rounded(mixed.shares for mixed in mixed_equilibria(idle_at_the_best)) == {
        ((1, 0), (1, 0, 0)),
        ((0, 1), (1, 0, 0)),
    }
    second_idle = bimatrix([[0, 0, 1], [0, 1, 0]], [[0, 0, 0], [0, 0, 0]])
    assert rounded(mixed.shares for mixed in mixed_equilibria(second_idle)) == {
        *(((1, 0), column) for column in [(1, 0, 0), (0, 0, 1), (0, 0.5, 0.5)]),
        *(((0, 1), column) for column in [(1, 0, 0), (0, 1, 0), (0, 0.5, 0.5)]),
    }


@given(stage_games())
def test_pure_equilibria_are_those_the_games_derive_themselves(game: StageGame) -> None:
    assert isinstance(game, NormalForm)
    exact = {profile: tuple(map(exactly, game.payoffs(profile))) for profile in game.profiles()}
    unilateral = {
        profile
        for profile, paid in exact.items()
        if all(
            exact[(*profile[:i], action, *profile[i + 1 :])][i] <= paid[i]
            for i in range(game.n_players)
            for action in game.actions[i]
        )
    }
    assert set(pure_equilibria(game)) == unilateral


@given(stage_games())
def test_dominance_and_security_by_brute_force(game: StageGame) -> None:
    for seat in range(game.n_players):
        others = list(itertools.product(*(a for other, a in enumerate(game.actions) if other != seat)))
        paid = {
            action: [exactly(game.payoffs((*rest[:seat], action, *rest[seat:]))[seat]) for rest in others]
            for action in game.actions[seat]
        }
        beaten = [
            {a for a in paid for b in paid if all(y > x for x, y in zip(paid[a], paid[b], strict=True))},
            {
                a
                for a in paid
                for b in paid
                if paid[a] != paid[b] and all(y >= x for x, y in zip(paid[a], paid[b], strict=True))
            },
        ]
        for strictly, expected in zip((True, False), beaten, strict=True):
            assert set(dominated_actions(game, seat, strictly)) == expected
            dominant = dominant_actions(game, seat, strictly)
            if len(paid) > 1:
                assert len(dominant) <= 1
                assert set(dominant) <= set(paid) - expected
                assert not strictly or (len(dominant) == 1) == (len(expected) == len(paid) - 1 and bool(dominant))
        assert security_levels(game)[seat] == max(map(min, paid.values()))


def test_dominance_in_the_classic_games() -> None:
    assert [dominant_actions(PublicGoods(), seat) for seat in range(3)] == [("free_ride",)] * 3
    assert [dominant_actions(TrustGame(), seat) for seat in (0, 1)] == [(), ("keep",)]
    assert dominated_actions(TravellersDilemma(), 0, strictly=False) == ("5",)
    assert security_levels(MatchingPennies()) == exact(-1, -1)
    assert security_levels(StagHunt()) == exact(3, 3)


@given(stage_games())
def test_the_array_of_payoffs_holds_every_profile(game: StageGame) -> None:
    array = payoff_array(game)
    assert array.shape == (*map(len, game.actions), game.n_players)
    for places in itertools.product(*(range(len(actions)) for actions in game.actions)):
        profile = tuple(actions[place] for actions, place in zip(game.actions, places, strict=True))
        assert tuple(array[places].tolist()) == game.payoffs(profile)


def of_several_steps() -> st.SearchStrategy[Game]:
    """Games of perfect recall that are solved quickly."""
    base = bimatrices(2)
    return st.one_of(
        base,
        stage_games(),
        st.just(SequentialTrustGame()),
        base.map(lambda game: Repeated(game, 2, memory="all")),
        base.map(lambda game: Continued(game, 0.75, 2, memory="all")),
        base.map(lambda game: CheapTalk(game, messages=("a", "b"))),
        base.map(lambda game: Sanctioned(game, punish=1, reward=1)),
        base.map(lambda game: Repeated(Trembling(game, 0.2), 2, memory="all")),
        base.map(lambda game: Repeated(Misperceived(game, 0.2), 2, memory="all")),
        base.map(StrategicForm),
    )


@given(of_several_steps())
def test_backward_induction_gives_equilibria(game: Game) -> None:
    try:
        solution = backward_induction(game)
    except NotSolvable:  # refused with a reason, see below
        reject()
    gains = deviation_gains(game, solution.policy)
    tolerance = 1e-12 if any(isinstance(reply, Lottery) for reply in solution.policy.values()) else 0
    assert all(0 <= gain <= tolerance for gain in gains)


@pytest.mark.parametrize(
    ("game", "values"),
    [
        (PD, (1, 1)),
        (Repeated(PD, 3, memory="all"), (1, 1)),
        (SequentialTrustGame(), (4, 4)),
        (Mediated(PD), (2, 2)),
        (Trembling(PD, 0.1), (Fraction(11, 10),) * 2),
        (Repeated(MatchingPennies(), 2, memory="all"), (0, 0)),
        (Repeated(StagHunt(), 2, memory="all"), (5, 5)),
        (Sanctioned(PublicGoods(), punish=1), (1, 1, 1)),
        (Continued(PD, 0.8, 3, memory="all"), (1, 1)),
    ],
    ids=str,
)
def test_the_solutions_of_known_games(game: Game, values: tuple[Any, ...]) -> None:
    solution = backward_induction(game)
    assert solution.values == values
    assert set(deviation_gains(game, solution.policy)) == {0}
    paid = play(game, lambda decision: solution.policy[decision], 3).outcome
    assert paid is not None


def test_a_contract_solves_the_dilemma() -> None:
    game = Contracted(PD, -1, 0)
    solution = backward_induction(game)
    assert solution.values == exact(2, 2)
    assert set(deviation_gains(game, solution.policy)) == {0}


@settings(max_examples=8)
@given(dilemmas() | bimatrices(2))
def test_mediation_of_any_small_game_is_solved(base: Any) -> None:
    if len(set(base.actions)) == 1:
        game = Mediated(base)
        assert max(deviation_gains(game, backward_induction(game).policy)) <= Fraction(1, 10**12)


def test_the_tie_rule_takes_the_highest_total_then_the_highest_minimum_then_the_first() -> None:
    def chosen(*diagonal: tuple[int, int]) -> tuple[Fraction, ...]:
        names = tuple(f"a{i}" for i in range(len(diagonal)))
        cells = tuple(tuple(pay if i == j else (0, 0) for j in range(len(names))) for i, pay in enumerate(diagonal))
        return backward_induction(MatrixGame(names, names, cells)).values

    assert chosen((5, 5), (7, 4)) == exact(7, 4)
    assert chosen((7, 3), (5, 5), (6, 4)) == exact(5, 5)
    assert chosen((7, 3), (3, 7)) == exact(7, 3)
    assert backward_induction(BattleOfTheSexes()).values == exact(10, 7)


def test_a_policy_answers_every_decision_of_its_game_and_no_other() -> None:
    game = Repeated(PD, 2, memory="all")
    policy = backward_induction(game).policy
    assert len(policy) == 10
    with pytest.raises(KeyError):
        deviation_gains(game, dict(list(policy.items())[1:]))


def test_what_was_already_played_may_be_given() -> None:
    game = Mediated(PD)
    path = ((("defect", "cooperate"),) * 2, ((True, False), (True, False)))
    solution = backward_induction(game, path)
    assert solution.values == exact(2, 2)
    assert set(solution.policy.values()) == {DELEGATE}
    assert set(deviation_gains(game, solution.policy, path)) == {0}


def test_gains_from_leaving_a_policy() -> None:
    def always(action: str, game: Game) -> dict[Decision[Any], Any]:
        return dict.fromkeys(backward_induction(game).policy, action)

    assert deviation_gains(PD, always("cooperate", PD)) == exact(1, 1)
    assert deviation_gains(PD, always("defect", PD)) == exact(0, 0)
    twice = Repeated(PD, 2, memory="all")
    assert deviation_gains(twice, always("cooperate", twice)) == exact(1, 1)
    one_sided = {**always("defect", PD), **{d: "cooperate" for d in always("defect", PD) if d.player == 1}}
    assert deviation_gains(PD, one_sided) == exact(0, 1)


@given(
    st.sampled_from(
        [
            SequentialTrustGame(),
            Repeated(PD, 2, memory="all"),
            Repeated(StagHunt(), 2, 0.5, memory="all"),
            CheapTalk(PD, messages=("a", "b")),
            Trembling(StagHunt(), 0.25),
        ]
    ),
    st.integers(0, 10**6),
)
def test_the_best_deviation_is_the_best_plan(game: Game, key: int) -> None:
    """The strategic form lists every plan there is; the best of them gains what `deviation_gains` says."""
    decide, form = Attentive(key), StrategicForm(game)
    named = tuple(
        next(name for name, plan in plans.items() if all(decide(w.decision) == c for w, c in plan.items()))
        for plans in form.plans
    )
    policy = {within.decision: decide(within.decision) for plans in form.plans for within in next(iter(plans.values()))}
    gains = deviation_gains(game, policy)
    for player, plans in enumerate(form.actions):
        best = max(form.payoffs((*named[:player], plan, *named[player + 1 :]))[player] for plan in plans)
        assert float(gains[player]) == pytest.approx(best - form.payoffs(named)[player], abs=1e-12)


@dataclass(frozen=True)
class Coins:
    """Chance draws a coin; who is in `told` sees it; then both guess at once and are paid for a right guess."""

    told: tuple[int, ...]
    n_players: int = 2

    @property
    def rules(self) -> tuple[Fact, ...]:
        return ("coins",)

    def play(self) -> Flow[Outcome]:
        coin = yield from draw("coin", OneOf(("heads", "tails")))
        guesses = yield from ask(
            *(Decision(p, "act", OneOf(("heads", "tails")), ((coin,) if p in self.told else ())) for p in (0, 1))
        )
        return Outcome(tuple(float(guess == coin) for guess in guesses), guesses)


def test_what_nobody_has_seen_is_averaged() -> None:
    assert backward_induction(Coins(())).values == (HALF, HALF)
    assert backward_induction(Coins((0, 1))).values == exact(1, 1)
    assert set(deviation_gains(Coins(()), backward_induction(Coins(())).policy)) == {0}


def test_what_only_one_has_seen_is_refused() -> None:
    with pytest.raises(NotSolvable, match="player 2 cannot tell apart situations of kind 'act'"):
        backward_induction(Coins((0,)))


def test_what_these_methods_do_not_solve_is_refused() -> None:
    odd_one_out = SymmetricGame.from_rule(3, ("a", "b"), lambda own, others: float(others.count(own) == 1))
    cycle = MatrixGame(("a", "b"), ("x", "y"), (((1, 0), (0, 1)), ((0, 1), (1, 0))))
    assert pure_equilibria(odd_one_out)
    three = SymmetricGame.from_rule(3, ("a", "b"), lambda own, others: (own == "a") - 0.5 * others.count("a"))
    assert pure_equilibria(three)
    with pytest.raises(NotSolvable, match="support enumeration is for two players, and this game is for 3"):
        mixed_equilibria(three)
    with pytest.raises(NotSolvable, match="no equilibrium in pure choices"):
        backward_induction(Rotated(cycle, 4, 1))
    with pytest.raises(NotSolvable, match="forgets"):
        deviation_gains(Repeated(PD, 2, memory=0), backward_induction(Repeated(PD, 2, memory=0)).policy)
    with pytest.raises(NotEnumerable, match="more than 50 nodes"):
        backward_induction(Repeated(PD, 3), most=50)
    with pytest.raises(NotEnumerable):
        backward_induction(CheapTalk(PD))
