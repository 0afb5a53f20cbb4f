"""The base games: what follows from each payoff rule, against the published table, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.decision import Decision
from comity.core.errors import BadParameter
from comity.core.flow import Game, StageGame
from comity.core.match import Match
from comity.core.named import Named, named_game, scale_of
from comity.core.space import OneOf
from comity.games.catalogue import GAMES
from comity.games.matrix import (
    BattleOfTheSexes,
    Chicken,
    MatchingPennies,
    MatrixGame,
    PrisonersDilemma,
    StagHunt,
    TrustGame,
)
from comity.games.normal_form import NormalForm, Row, deviated, without
from comity.games.sequential import Moved, SequentialTrustGame
from comity.games.symmetric import PublicGoods, SymmetricGame
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.network import Networked, PerEdge
from comity.mechanisms.repetition import Repeated
from tests.generators import BASES, payoff_numbers, stage_games

PUBLISHED: dict[str, tuple[dict[tuple[str, ...], tuple[float, ...]], float, float, tuple[str, ...] | None]] = {
    "prisoners_dilemma": (
        {
            ("cooperate", "cooperate"): (2, 2),
            ("cooperate", "defect"): (0, 3),
            ("defect", "cooperate"): (3, 0),
            ("defect", "defect"): (1, 1),
        },
        1,
        2,
        ("cooperate",) * 2,
    ),
    "public_goods": (
        {
            ("contribute",) * 3: (1.5, 1.5, 1.5),
            ("contribute", "contribute", "free_ride"): (1, 1, 2),
            ("free_ride", "contribute", "free_ride"): (1.5, 0.5, 1.5),
            ("free_ride",) * 3: (1, 1, 1),
        },
        1,
        1.5,
        ("contribute",) * 3,
    ),
    "travellers_dilemma": (
        {("2", "2"): (2, 2), ("5", "5"): (5, 5), ("2", "5"): (4, 0), ("5", "4"): (2, 6), ("3", "4"): (5, 1)},
        2,
        5,
        ("5",) * 2,
    ),
    "trust_game": (
        {
            ("give", "give"): (10, 10),
            ("give", "keep"): (0, 20),
            ("keep", "give"): (6, 2),
            ("keep", "keep"): (4, 4),
        },
        4,
        10,
        ("give",) * 2,
    ),
    "stag_hunt": (
        {("stag", "stag"): (5, 5), ("stag", "hare"): (0, 3), ("hare", "stag"): (3, 0), ("hare", "hare"): (3, 3)},
        3,
        5,
        ("stag",) * 2,
    ),
    "matching_pennies": (
        {
            ("heads", "heads"): (1, -1),
            ("tails", "tails"): (1, -1),
            ("heads", "tails"): (-1, 1),
            ("tails", "heads"): (-1, 1),
        },
        -1,
        0,
        None,
    ),
}
"""CoopEval (2026), section 1: payoffs, the two ends of the scale, and what cooperates (heads there, arbitrarily)."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_games_by_default(name: str) -> None:
    game = GAMES[name]()
    cells, low, high, cooperative = PUBLISHED[name]
    assert isinstance(game, StageGame)
    assert isinstance(game, Named)
    for profile, paid in cells.items():
        assert game.payoffs(profile) == pytest.approx(paid)
    assert (game.scale.low, game.scale.high) == pytest.approx((low, high))
    assert game.cooperative == (cooperative or (None,) * game.n_players)


@pytest.mark.parametrize(
    ("game", "equilibria", "best_replies"),
    [
        (PrisonersDilemma(), [("defect", "defect")], {("cooperate", "cooperate"): (("defect",), ("defect",))}),
        (PublicGoods(), [("free_ride",) * 3], {("contribute",) * 3: (("free_ride",),) * 3}),
        (
            TravellersDilemma(),
            [("2", "2")],
            {("5", "5"): (("4",),) * 2, ("2", "3"): (("2",),) * 2, ("4", "2"): (("2",), ("3",))},
        ),
        (
            TrustGame(),
            [("keep", "keep")],
            {("give", "give"): (("give",), ("keep",)), ("keep", "keep"): (("keep",),) * 2},
        ),
        (StagHunt(), [("stag", "stag"), ("hare", "hare")], {("stag", "hare"): (("hare",), ("stag",))}),
        (Chicken(), [("swerve", "straight"), ("straight", "swerve")], {}),
        (BattleOfTheSexes(), [("ballet", "ballet"), ("fight", "fight")], {}),
        (MatchingPennies(), [], {("heads", "heads"): (("heads",), ("tails",))}),
        (PublicGoods(2, 1.999), [("free_ride",) * 2], {}),
    ],
    ids=lambda part: type(part).__name__,
)
def test_best_replies_and_equilibria(game: NormalForm, equilibria: Any, best_replies: Any) -> None:
    assert list(game.pure_equilibria()) == equilibria
    for profile, replies in best_replies.items():
        assert tuple(game.best_replies(seat, profile) for seat in range(game.n_players)) == replies


@given(stage_games())
def test_what_a_seat_is_shown_is_what_is_scored(game: StageGame) -> None:
    """Every seat's table, turned back into profiles, is the payoff rule: for every game and random ones."""
    assert isinstance(game, NormalForm)
    for seat in range(game.n_players):
        shown = list(game.rows(seat))
        profiles = [(*row.others[:seat], row.own, *row.others[seat:]) for row in shown]
        assert sorted(profiles) == sorted(game.profiles())
        assert [row.own for row in shown] == sorted((row.own for row in shown), key=game.actions[seat].index)
        for row, profile in zip(shown, profiles, strict=True):
            paid = game.payoffs(profile)
            assert row == Row(row.own, without(profile, seat), paid[seat], without(paid, seat))


@given(stage_games())
def test_an_equilibrium_is_a_profile_of_best_replies(game: StageGame) -> None:
    assert isinstance(game, NormalForm)
    for profile in game.profiles():
        stable = all(
            game.payoffs(profile)[seat] >= game.payoffs(deviated(profile, seat, action))[seat]
            for seat in range(game.n_players)
            for action in game.actions[seat]
        )
        assert game.is_equilibrium(profile) == stable == (profile in game.pure_equilibria())


@given(stage_games())
def test_a_scale_rises_and_is_derived(game: StageGame) -> None:
    """From the mean when all defect to the mean when all cooperate, where these are named and rise."""
    assert isinstance(game, NormalForm)
    assert game.scale == scale_of(game)
    means = [sum(game.payoffs(profile)) / game.n_players for profile in game.profiles()]
    lowest = min(min(game.payoffs(profile)) for profile in game.profiles())
    assert min(lowest, game.scale.low) == pytest.approx(lowest)  # the mean of equal numbers may be rounded down
    assert game.scale.low <= game.scale.high <= max(means)
    if game.scale.low < game.scale.high:
        assert game.scale.normalised(game.scale.low) == 0
        assert game.scale.normalised(game.scale.high) == 1
    else:
        assert len({payoff for profile in game.profiles() for payoff in game.payoffs(profile)}) == 1


@pytest.mark.parametrize("name", BASES)
def test_names_fit_the_game(name: str) -> None:
    game = BASES[name]
    assert isinstance(game, Named)
    actions = game.actions if isinstance(game, StageGame) else TrustGame().actions
    for meant in (game.cooperative, game.defective):
        assert len(meant) == len(game.roles) == game.n_players
        assert all(action is None or action in names for action, names in zip(meant, actions, strict=True))
    rules: tuple[object, ...] = game.rules
    assert rules == (game,)
    assert hash(game) == hash(type(game)(**{f: getattr(game, f) for f in game.__dataclass_fields__}))  # type: ignore[attr-defined]


@pytest.mark.parametrize("game", [game for game in BASES.values() if isinstance(game, StageGame)], ids=str)
def test_a_stage_game_is_one_step_of_one_act_each(game: StageGame) -> None:
    match = Match(game)
    assert match.pending == tuple(
        Decision(seat, "act", OneOf(actions), game.rules) for seat, actions in enumerate(game.actions)
    )
    profile = tuple(actions[-1] for actions in game.actions)
    match.answer(profile)
    assert match.outcome is not None
    assert (match.outcome.payoffs, match.outcome.actions) == (game.payoffs(profile), profile)


def test_the_sequential_trust_game_is_played_in_turn() -> None:
    game = SequentialTrustGame()
    match = Match(game)
    assert match.pending == (Decision(0, "act", match.pending[0].options, (game,)),)
    match.answer(("keep",))
    assert match.pending == (Decision(1, "act", match.pending[0].options, (game, Moved(0, "keep"))),)
    match.answer(("give",))
    assert match.outcome is not None
    assert match.outcome.payoffs == (6, 2)
    assert (game.roles, game.scale) == (TrustGame().roles, TrustGame().scale)


def test_a_public_good_multiplies_and_shares() -> None:
    game = PublicGoods(5, 2)
    for k in range(6):
        paid = game.payoffs(("contribute",) * k + ("free_ride",) * (5 - k))
        assert sum(paid) == pytest.approx(5 + (2 - 1) * k)
        assert paid == pytest.approx((2 * k / 5,) * k + (1 + 2 * k / 5,) * (5 - k))


@given(st.integers(0, 20), st.integers(2, 6), st.integers(1, 4), st.integers(1, 5), st.data())
def test_the_lower_claim_is_paid(low: int, claims: int, spacing: int, extra: int, data: st.DataObject) -> None:
    game = TravellersDilemma(low, claims, spacing, spacing + extra)
    assert game.actions[0] == tuple(str(low + k * spacing) for k in range(claims))
    mine, theirs = (data.draw(st.sampled_from(game.actions[0])) for _ in range(2))
    bonus = 0 if mine == theirs else spacing + extra if int(mine) < int(theirs) else -spacing - extra
    lower = min(int(mine), int(theirs))
    assert game.payoffs((mine, theirs)) == (lower + bonus, lower - bonus)
    assert game.pure_equilibria() == ((game.actions[0][0],) * 2,)


def test_claims_need_not_be_whole() -> None:
    assert TravellersDilemma(0.1, 3, 0.1, 0.2).actions[0] == ("0.1", "0.2", "0.3")


@given(payoff_numbers, payoff_numbers, st.data())
def test_a_symmetric_game_from_a_rule_pays_by_the_rule(base: float, step: float, data: st.DataObject) -> None:
    def rule(own: str, others: tuple[str, ...]) -> float:
        return base * (own == "a") + step * others.count("b")

    game = SymmetricGame.from_rule(3, ("a", "b"), rule, "a", "b")
    profile = data.draw(st.tuples(*map(st.sampled_from, game.actions)))
    assert game.payoffs(profile) == tuple(rule(own, without(profile, seat)) for seat, own in enumerate(profile))
    assert game.cooperative == ("a",) * 3


def test_a_table_of_two_actions_runs_from_all_to_none_of_the_others() -> None:
    game = SymmetricGame(3, ("in", "out"), ((3, 2, 1), (6, 5, 4)))
    assert game.payoffs(("in", "in", "in")) == (3, 3, 3)
    assert game.payoffs(("out", "in", "out")) == (5, 1, 5)


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: PrisonersDilemma(reward=3), "temptation > reward > punishment > sucker"),
    (lambda: PrisonersDilemma(punishment=2), "temptation > reward > punishment > sucker"),
    (lambda: PrisonersDilemma(sucker=1), "temptation > reward > punishment > sucker"),
    (lambda: PrisonersDilemma(sucker=float("nan")), "temptation > reward > punishment > sucker"),
    (lambda: StagHunt(stag=3), "stag > hare >= safe > alone"),
    (lambda: StagHunt(safe=4), "stag > hare >= safe > alone"),
    (lambda: StagHunt(alone=3), "stag > hare >= safe > alone"),
    (lambda: Chicken(crash=1), "win > tie > lose > crash"),
    (lambda: Chicken(tie=4), "win > tie > lose > crash"),
    (lambda: BattleOfTheSexes(other=10), "preferred > other > apart"),
    (lambda: MatchingPennies(0), "positive stake"),
    (lambda: TrustGame(give_give=(4, 10)), "give_give > keep_keep > give_keep for the truster"),
    (lambda: TrustGame(give_keep=(4, 20)), "give_give > keep_keep > give_keep for the truster"),
    (lambda: TrustGame(give_keep=(0, 10)), "give_keep > give_give > keep_keep >= keep_give for the trustee"),
    (lambda: TrustGame(keep_give=(6, 5)), "give_keep > give_give > keep_keep >= keep_give for the trustee"),
    (lambda: SequentialTrustGame(keep_give=(6, 5)), "a trust game needs"),
    (lambda: PublicGoods(1), "at least two players and 1 < multiplier < players"),
    (lambda: PublicGoods(3, 1), "1 < multiplier < players"),
    (lambda: PublicGoods(3, 3), "1 < multiplier < players"),
    (lambda: TravellersDilemma(claims=1), "at least two claims"),
    (lambda: TravellersDilemma(spacing=0), "bonus > spacing > 0"),
    (lambda: TravellersDilemma(bonus=1), "bonus > spacing > 0"),
    (lambda: MatrixGame(("a", "a"), ("b",), (((0, 0),), ((0, 0),))), "the actions of seat 1 must be different names"),
    (lambda: MatrixGame(("a",), (), ((),)), "the actions of seat 2 must be different names"),
    (lambda: MatrixGame(("a",), ("b",), (((0, 0),), ((0, 0),))), "cells must have 1 rows of 1 cells"),
    (lambda: MatrixGame(("a",), ("b", "c"), (((0, 0),),)), "cells must have 1 rows of 2 cells"),
    (lambda: MatrixGame(("a",), ("b",), (((0, 0),),), cooperate=(None, "x")), "cooperate names 'x'.* seat 2"),
    (lambda: MatrixGame(("a",), ("b",), (((0, 0),),), defect=("b", None)), "defect names 'b'.* seat 1"),
    (lambda: SymmetricGame(1, ("a",), ((0,),)), "at least two players"),
    (lambda: SymmetricGame(2, (), ()), "different names for its actions"),
    (lambda: SymmetricGame(2, ("a", "a"), ((0, 0), (0, 0))), "different names for its actions"),
    (lambda: SymmetricGame(2, ("a", "b"), ((0, 0),)), "table needs 2 rows of 2 payoffs"),
    (lambda: SymmetricGame(3, ("a", "b"), ((0, 0), (0, 0))), "table needs 2 rows of 3 payoffs"),
    (lambda: SymmetricGame(2, ("a", "b"), ((0, 0), (0, 0)), "c"), "cooperate names 'c'"),
]


@pytest.mark.parametrize(("build", "sentence"), REFUSED)
def test_what_is_not_the_game_it_is_called_is_refused(build: Callable[[], object], sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence):
        build()


def test_the_name_of_a_stack_is_that_of_the_outermost_named_game() -> None:
    game = PrisonersDilemma()
    assert named_game(Repeated(Mediated(game))) is game
    network = Networked(game, players=4)
    assert named_game(Repeated(network)) is network
    assert named_game(PerEdge(game)) is game


@pytest.mark.parametrize(
    "game", [Networked(StagHunt(), 3, "complete"), Networked(StagHunt(), 4, "star", pay="sum")], ids=str
)
def test_a_network_has_a_scale_of_its_own_where_pay_adds_up(game: Any) -> None:
    paid = [game.payoffs((action,) * game.n_players) for action in ("hare", "stag")]
    means = [sum(payoffs) / game.n_players for payoffs in paid]
    assert [game.scale.low, game.scale.high] == pytest.approx(means)


def test_every_catalogue_entry_is_a_game() -> None:
    for name, game in BASES.items():
        assert isinstance(game, Game)
        assert isinstance(game, GAMES[name])  # type: ignore[arg-type]
