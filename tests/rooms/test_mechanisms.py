"""The mechanisms, driven by hand: what each asks, shows and pays, and what it refuses to stand on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from comity.core.decision import NATURE, Decision, Seats
from comity.core.errors import BadParameter, BadStack
from comity.core.flow import Game
from comity.core.match import Match
from comity.core.outcome import Outcome, Play
from comity.core.space import YES_NO, Each, Integer, OneOf, Ordering, Text
from comity.games.matrix import BattleOfTheSexes, MatchingPennies, MatrixGame, PrisonersDilemma, StagHunt, TrustGame
from comity.games.sequential import Moved, SequentialTrustGame
from comity.games.symmetric import PublicGoods
from comity.mechanisms.contracting import Contract, Contracted, Contracting, Signatures
from comity.mechanisms.graphs import edges_of
from comity.mechanisms.matching import Encounter, Rotated, Rotation, Standing, Standings
from comity.mechanisms.mediation import DELEGATE, Delegated, Mediated, Mediation, Mediator
from comity.mechanisms.network import Network, Networked, PerEdge
from comity.mechanisms.noise import Meant, Misperceived, Noise, Trembling
from comity.mechanisms.repetition import Continued, History, Repeated, Repetition
from comity.mechanisms.rescaling import Rescaled
from comity.mechanisms.sanctions import Ended, Sanctioned, Sanctioning, Sanctions
from comity.mechanisms.talk import CheapTalk, Said, Talk
from comity.mechanisms.voting import Ballot, Proposals
from tests.generators import BASES, SMALL, Script, every_entry, played

PD = PrisonersDilemma()
C, D = "cooperate", "defect"


def through(game: Game, *steps: tuple[Any, ...]) -> Match:
    """The match after these answers."""
    match = Match(game)
    for choices in steps:
        match.answer(choices)
    return match


def ended(game: Game, *steps: tuple[Any, ...]) -> Outcome:
    """How the match ends with these answers."""
    outcome = through(game, *steps).outcome
    assert outcome is not None
    return outcome


# Repetition


def test_repetition_shows_the_rule_the_history_and_the_game() -> None:
    game = Repeated(PD, 3, 0.8, memory=1)
    rule = Repetition(rounds=None, chance=0.8, memory=1)
    assert game.rules == (rule, PD)
    match = Match(game)
    assert match.pending[0].sees == (rule, History((), 0), PD)
    match.answer((C, D))
    first = Play(0, (0, 1), Outcome((0, 3), (C, D)))
    assert match.pending[1].sees == (rule, History((first,), 1), PD)
    match.answer((D, D))
    second = Play(1, (0, 1), Outcome((1, 1), (D, D)))
    assert match.pending[0].sees == (rule, History((second,), 2), PD)
    match.answer((C, C))
    assert match.outcome is not None
    assert match.outcome.payoffs == pytest.approx((0.2 * 0 + 0.16 * 1 + 0.64 * 2, 0.2 * 3 + 0.16 * 1 + 0.64 * 2))
    assert [play.round for play in match.outcome.parts] == [0, 1, 2]


@pytest.mark.parametrize(
    ("horizon", "rounds", "chance"), [("chance", None, 0.8), ("announced", 3, None), ("hidden", None, None)]
)
def test_the_horizon_is_told_as_asked(horizon: Any, rounds: int | None, chance: float | None) -> None:
    assert Repeated(PD, 3, horizon=horizon).rule == Repetition(rounds, chance, 3)
    assert Rotated(PD, 4, 3, horizon=horizon).rule == Rotation(4, rounds, chance, 3, 1)


def test_a_random_end_is_drawn_after_each_round_but_the_last() -> None:
    match = through(Continued(PD, 0.8, most=2), (C, C))
    [decision] = match.pending
    assert (decision.player, decision.kind, list(decision.options)) == (NATURE, "continue", [True, False])
    match.answer((True,))
    assert match.pending[0].fact(Repetition) == Repetition(None, 0.8, 3)
    match.answer((D, D))
    assert match.outcome is not None
    assert match.outcome.payoffs == pytest.approx((0.2 * 2 + 1,) * 2)
    assert ended(Continued(PD, 0.8, most=2), (C, C), (False,)).payoffs == pytest.approx((0.4, 0.4))


def test_a_certain_end_or_none_is_no_choice_of_chance() -> None:
    assert list(through(Continued(PD, 0, most=2), (C, C)).pending[0].options) == [False]
    assert list(through(Continued(PD, 1, most=2), (C, C)).pending[0].options) == [True]


# Rotation


def test_rotation_draws_an_order_for_each_seat_and_shows_standings() -> None:
    game = Rotated(PD, 4, 2, discount=0.5, memory="all")
    rule = Rotation(4, None, 0.5, "all", 1)
    match = Match(game)
    for _ in range(2):
        assert match.pending == (Decision(NATURE, "match", Ordering(2)),)
        match.answer(((1, 0),))
    nothing = tuple(Standing(player, ()) for player in range(4))
    first = match.pending
    assert [d.player for d in first] == [2, 3, 0, 1]
    assert first[0].sees == (rule, Standings(0, nothing[2], (nothing[3],)), Seats((2, 3)), PD)
    match.answer((C, D, D, D))
    match.answer(((0, 1),))
    match.answer(((1, 0),))
    plays = [Play(0, (2, 3), Outcome((0, 3), (C, D))), Play(0, (0, 1), Outcome((1, 1), (D, D)))]
    own, partner = Standing(0, (Encounter(plays[1]),)), Standing(3, (Encounter(plays[0]),))
    assert match.pending[0].sees == (rule, Standings(1, own, (partner,)), Seats((0, 3)), PD)
    match.answer((C, C, D, C))
    assert match.outcome is not None
    assert match.outcome.payoffs == (0.5 * 1 + 0.5 * 2, 0.5 * 1 + 0.5 * 0, 0.5 * 0 + 0.5 * 3, 0.5 * 3 + 0.5 * 2)


def test_balanced_rotation_draws_once() -> None:
    match = through(Rotated(PD, 4, 2, matching="balanced"), ((0, 1),), ((0, 1),), (C,) * 4)
    assert [d.kind for d in match.pending] == ["act"] * 4
    assert [d.player for d in match.pending] == [0, 3, 2, 1]


def test_groups_of_unequal_length_wait_for_nobody() -> None:
    """A group whose play has ended takes no part in the steps of the others."""
    game = Rotated(Continued(PD, 0.5, most=2), 4, 1)
    match = through(game, ((0, 1),), ((0, 1),), (C,) * 4)
    assert [d.kind for d in match.pending] == ["continue", "continue"]
    match.answer((False, True))
    assert [d.player for d in match.pending] == [2, 3]


# Mediation


def test_mediation_from_proposal_to_delegation() -> None:
    game = Mediated(PD)
    match = Match(game)
    plans = Each(("1 delegating", "2 delegating"), (OneOf((C, D)),) * 2)
    assert match.pending == tuple(Decision(p, "propose", plans, (Mediation(), PD)) for p in (0, 1))
    proposals = ((D, C), (D, D))
    match.answer(proposals)
    ballot = Each(("player 1", "player 2"), (YES_NO,) * 2)
    seen = (Mediation(), PD, Proposals(proposals))
    assert match.pending == tuple(Decision(p, "approve", ballot, seen) for p in (0, 1))
    match.answer(((True, False), (True, True)))
    remembered = (Proposals(proposals), Ballot((True, False)), Mediator((D, C), 0))
    assert match.pending[0] == Decision(0, "act", OneOf((C, D, DELEGATE)), (Mediation(), *remembered, PD))
    match.answer((DELEGATE, C))
    assert match.outcome is not None
    assert match.outcome.actions == (D, C)
    assert match.outcome.payoffs == (3, 0)
    assert match.outcome.notes == (Mediator((D, C), 0), Delegated((0,)))


def test_all_who_delegate_do_the_same() -> None:
    approve_second = ((False, True),) * 2
    assert ended(Mediated(PD), ((D, D), (D, C)), approve_second, (DELEGATE, DELEGATE)).actions == (C, C)
    outcome = ended(Mediated(PD), ((D, D), (D, C)), approve_second, (C, D))
    assert (outcome.actions, outcome.notes) == ((C, D), (Mediator((D, C), 1), Delegated(())))


def test_a_tie_is_drawn_over_the_tied_only() -> None:
    none_approved = ((False,) * 3,) * 3
    match = through(Mediated(PublicGoods()), (("contribute",) * 3,) * 3, none_approved)
    assert match.pending == (Decision(NATURE, "tie", OneOf((0, 1, 2))),)
    two = ((True, False, True), (False, False, True), (True, False, False))
    match = through(Mediated(PublicGoods()), (("contribute",) * 3,) * 3, two)
    assert match.pending == (Decision(NATURE, "tie", OneOf((0, 2))),)


def test_a_mediator_may_tremble() -> None:
    game = Mediated(Trembling(PD, 0.5))
    outcome = ended(game, ((D, C), (D, C)), ((True, False),) * 2, (1, 0), (DELEGATE, DELEGATE))
    assert outcome.actions == (D, C)
    assert Meant(C) in outcome.seen_by(0).notes


# Contracting


def test_contracting_from_proposal_to_settlement() -> None:
    game = Contracted(PD)
    rule = Contracting((C, D), None, None)
    match = Match(game)
    assert match.pending[0] == Decision(0, "propose", Each((C, D), (Integer(),) * 2), (rule, PD))
    proposals = ((2, -2), (0, 0))
    match.answer(proposals)
    match.answer(((True, False), (True, True)))
    contract = Contract((C, D), (2, -2), 0)
    remembered = (Proposals(proposals), Ballot((True, False)), contract)
    assert match.pending[0] == Decision(0, "sign", YES_NO, (rule, *remembered, PD))
    match.answer((True, True))
    assert match.pending[0].sees == (rule, *remembered, Signatures((True, True)), PD)
    match.answer((C, D))
    assert match.outcome is not None
    assert match.outcome.payoffs == (0 + 2 + 2, 3 - 2 - 2)
    assert match.outcome.parts == (Play(0, (0, 1), Outcome((0, 3), (C, D))),)


def test_a_contract_that_one_refuses_binds_nobody() -> None:
    outcome = ended(Contracted(PD), ((2, -2), (0, 0)), ((True, False),) * 2, (True, False), (C, D))
    assert outcome.payoffs == (0, 3)
    assert Signatures((True, False)) in outcome.notes


def test_what_is_paid_is_shared_by_all_others() -> None:
    contract = Contract(("contribute", "free_ride"), (0, -3), 0)
    assert contract.settlement(("contribute", "contribute", "free_ride")) == (1.5, 1.5, -3)


def test_a_contract_names_the_actions_of_all_seats_once() -> None:
    game = MatrixGame(("a", "b"), ("b", "c"), (((0, 0),) * 2,) * 2)
    assert Contracted(game).actions == ("a", "b", "c")
    assert Contracted(PD, -1, 1).contracts == Each((C, D), (Integer(-1, 1),) * 2)


# Talk, sanctions, noise, networks


def test_talk_is_heard_by_all_before_play() -> None:
    game = CheapTalk(PD, rounds=2, messages=("hello", "bye"))
    match = Match(game)
    assert match.pending[0] == Decision(0, "speak", OneOf(("hello", "bye")), (Talk(2), Said(()), PD))
    match.answer(("hello", "bye"))
    assert match.pending[1].sees == (Talk(2), Said((("hello", "bye"),)), PD)
    match.answer(("bye", "bye"))
    said = Said((("hello", "bye"), ("bye", "bye")))
    assert match.pending[0] == Decision(0, "act", OneOf((C, D)), (Talk(2), said, PD))
    match.answer((C, C))
    assert match.outcome == Outcome((2, 2), (C, C), notes=(said,))
    assert Match(CheapTalk(PD, most=7)).pending[0].options == Text(7)


def test_talk_before_a_game_in_turn() -> None:
    match = through(CheapTalk(SequentialTrustGame(), messages=("a",)), ("a", "a"), ("give",))
    assert match.pending[0].sees == (Talk(1), Said((("a", "a"),)), SequentialTrustGame(), Moved(0, "give"))


def test_sanctions_follow_what_everybody_has_seen() -> None:
    game = Sanctioned(PublicGoods(), punish=2, reward=1, cost=1, effect=3)
    match = through(game, ("contribute", "contribute", "free_ride"))
    rule, before = Sanctioning(2, 1, 1, 3), Outcome((1.0, 1.0, 2.0), ("contribute", "contribute", "free_ride"))
    space = Each(("player 1", "player 3"), (Integer(-2, 1),) * 2)
    assert match.pending[1] == Decision(1, "sanction", space, (rule, PublicGoods(), Ended(before)))
    points = ((0, -2), (1, -1), (0, 0))
    match.answer(points)
    assert match.outcome is not None
    assert match.outcome.payoffs == (1 - 2 + 3, 1 - 1 - 1, 2 - 3 * 2 - 3 * 1)
    assert match.outcome.notes == (Sanctions(points),)


def test_sanctions_follow_what_each_has_seen() -> None:
    match = through(Sanctioned(Misperceived(PD, 0.5)), (C, C), (1, 0))
    ends = [decision.fact(Ended) for decision in match.pending]
    assert [end.outcome.actions for end in ends if end is not None] == [(C, D), (C, C)]


def test_hands_tremble_before_they_act_and_nobody_knows() -> None:
    game = Trembling(PD, 0.1)
    match = through(game, (1, 0))
    assert match.pending[0] == Decision(0, "act", OneOf((C, D)), (Noise(execution=0.1), PD))
    match.answer((C, C))
    assert match.outcome is not None
    assert (match.outcome.actions, match.outcome.payoffs) == ((D, C), (3, 0))
    assert match.outcome.seen_by(0) == Outcome((3, 0), (D, C), notes=(Meant(C),))


def test_trembling_twice_is_two_draws() -> None:
    game = Trembling(Trembling(PD, 0.5), 0.5)
    outcome = ended(game, (1, 0), (1, 1), (C, C))
    assert outcome.actions == (C, D)
    assert game.payoffs((C, C)) == pytest.approx((1.5, 1.5))


def test_eyes_err_each_on_their_own() -> None:
    match = through(Misperceived(PublicGoods(), 0.1), ("contribute",) * 3)
    assert [(d.player, d.kind) for d in match.pending] == [(NATURE, "misperceive")] * 6
    match.answer((1, 0, 0, 0, 0, 0))
    assert match.outcome is not None
    assert [match.outcome.seen_by(p).actions for p in range(3)] == [
        ("contribute", "free_ride", "contribute"),
        ("contribute",) * 3,
        ("contribute",) * 3,
    ]
    assert match.outcome.payoffs == (1.5, 1.5, 1.5)


@pytest.mark.parametrize(
    ("graph", "players", "edges"),
    [
        ("ring", 4, ((0, 1), (0, 3), (1, 2), (2, 3))),
        ("ring", 2, ((0, 1),)),
        ("complete", 3, ((0, 1), (0, 2), (1, 2))),
        ("star", 4, ((0, 1), (0, 2), (0, 3))),
    ],
)
def test_the_named_graphs(graph: Any, players: int, edges: Any) -> None:
    assert edges_of(graph, players) == edges


def test_one_action_for_all_neighbours_pays_their_mean_or_sum() -> None:
    mean, total = (Networked(PD, 4, "star", pay=pay) for pay in ("mean", "sum"))
    assert mean.payoffs((C, C, D, D)) == (2 / 3, 2, 3, 3)
    assert total.payoffs((C, C, D, D)) == (2, 2, 3, 3)
    assert Match(mean).pending[0].sees == (Network(((0, 1), (0, 2), (0, 3)), "mean"), PD)
    assert ended(mean, (C, C, D, D)).payoffs == (2 / 3, 2, 3, 3)


def test_each_neighbour_apart_is_met_in_a_play_of_its_own() -> None:
    game = PerEdge(TrustGame(), players=3, edges=((0, 1), (2, 0)))
    match = Match(game)
    assert [(d.player, d.seat) for d in match.pending] == [(0, 0), (1, 1), (2, 0), (0, 1)]
    assert match.pending[2].sees == (Network(((0, 1), (2, 0)), "mean"), Seats((2, 0)), TrustGame())
    match.answer(("give", "keep", "give", "give"))
    assert match.outcome is not None
    assert match.outcome.payoffs == ((0 + 10) / 2, 20, 10)


# What is refused


STACKS: list[tuple[Callable[[], object], str]] = [
    (
        lambda: Mediated(cast(Any, Repeated(PD))),
        "mediation speaks about the one action .*, and Repeated has no such action",
    ),
    (
        lambda: Contracted(cast(Any, SequentialTrustGame())),
        "contracting speaks about .* or take the strategic form first",
    ),
    (lambda: Trembling(cast(Any, Mediated(PD))), "execution noise speaks about the one action"),
    (lambda: Misperceived(cast(Any, Contracted(PD))), "monitoring noise speaks about the one action"),
    (lambda: Misperceived(cast(Any, Misperceived(PD))), "monitoring noise speaks about the one action"),
    (lambda: Mediated(BASES["matrix"]), "the seats of MatrixGame have different actions"),  # type: ignore[arg-type]
    (
        lambda: Mediated(MatrixGame((DELEGATE,), (DELEGATE,), (((0, 0),),))),
        "mediation adds the action 'delegate', which MatrixGame has already",
    ),
    (lambda: Networked(TrustGame()), "needs interchangeable seats, but the seats of TrustGame are paid differently"),
    (lambda: Networked(BattleOfTheSexes()), "interchangeable seats"),
    (lambda: Networked(MatchingPennies()), "interchangeable seats"),
    (lambda: Networked(PublicGoods()), "needs a game for 2 players, but PublicGoods is for 3"),
    (
        lambda: Networked(cast(Any, Trembling(PD))),
        "stands on a base game; put it before the other mechanisms, not on Trembling",
    ),
    (lambda: PerEdge(PublicGoods()), "a network needs a game for 2 players"),
]


@pytest.mark.parametrize(("build", "sentence"), STACKS)
def test_an_impossible_stack_is_refused_with_the_reason(build: Callable[[], object], sentence: str) -> None:
    with pytest.raises(BadStack, match=sentence) as refusal:
        build()
    assert str(refusal.value).count("\n") == 0


PARAMETERS: list[tuple[Callable[[], object], str]] = [
    (lambda: Repeated(PD, 0), "number of rounds must be 1 to 10,000, not 0"),
    (lambda: Rotated(PD, rounds=10**9), "number of rounds must be 1 to 10,000, not 1,000,000,000"),
    (lambda: Repeated(PD, discount=1.1), "discount must lie between 0 and 1, not 1.1"),
    (lambda: Repeated(PD, discount=float("nan")), "discount must lie between 0 and 1"),
    (lambda: Repeated(PD, memory=-1), 'memory must be 0 or more rounds, or "all", not -1'),
    (
        lambda: Repeated(PD, horizon=cast(Any, "soon")),
        'horizon must be "chance", "announced" or "hidden", not \'soon\'',
    ),
    (lambda: Continued(PD, chance=-0.1), "chance must lie between 0 and 1"),
    (lambda: Continued(PD, most=0), "number of rounds must be 1 to 10,000"),
    (lambda: Rotated(PD, 5), "the population must be a multiple of the 2 seats of the game, not 5"),
    (lambda: Rotated(PD, 0), "the population must be a multiple"),
    (lambda: Rotated(PD, depth=0), "depth must be at least 1, not 0"),
    (lambda: Rotated(PD, matching=cast(Any, "fair")), 'matching must be "random" or "balanced", not \'fair\''),
    (lambda: Contracted(PD, 2, 1), "the bounds of a payment must not cross: low is 2, high is 1"),
    (lambda: CheapTalk(PD, 0), "number of rounds must be 1 to 10,000"),
    (lambda: CheapTalk(PD, most=0), "most must be at least 1 character, not 0"),
    (lambda: Sanctioned(PD, 0, 0), "sanctions need punish or reward to be positive"),
    (lambda: Sanctioned(PD, -1, 2), "neither negative"),
    (lambda: Trembling(PD, 1.5), "noise must lie between 0 and 1, not 1.5"),
    (lambda: Misperceived(PD, -0.5), "noise must lie between 0 and 1, not -0.5"),
    (lambda: Networked(PD, 1), "at least two players, not 1"),
    (lambda: Networked(PD, 3, cast(Any, "tree")), 'graph must be "ring", "complete" or "star", not \'tree\''),
    (lambda: Networked(PD, 3, pay=cast(Any, "most")), 'pay must be "mean" or "sum", not \'most\''),
    (lambda: Networked(PD, 3, edges=((0, 3),)), r"the edge \[0, 3\] does not join two of the players 0 to 2"),
    (lambda: PerEdge(PD, 3, edges=((1, 1), (0, 2))), r"the edge \[1, 1\] does not join two"),
    (lambda: PerEdge(PD, 3, edges=((0, 1),)), "player 2 has no neighbour"),
]


@pytest.mark.parametrize(("build", "sentence"), PARAMETERS)
def test_an_impossible_parameter_is_refused_with_what_is_allowed(build: Callable[[], object], sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence) as refusal:
        build()
    assert str(refusal.value).count("\n") == 0


TELL_IN_PRIVATE = (
    "prediction of",
    "belief of",
    "personas of",
    "forced of",
    "maybe a program",
    "forgetful predictions",
    "neighbours that change",
    "forgotten parts",
)
"""Mechanisms that have no rule which all know, throughout."""


def test_every_mechanism_has_its_base_and_tells_its_rule_first() -> None:
    for name, game in every_entry().items():
        if name not in BASES:
            base = game.base  # type: ignore[attr-defined]
            if isinstance(game, Rescaled):  # which is told in place of its base
                assert game.rules == (game,)
                continue
            if game.rules == base.rules:
                assert name.startswith(TELL_IN_PRIVATE)
                continue
            assert game.rules[1:] == base.rules
            assert game.rules[0] not in base.rules or name.startswith(("execution", "monitoring"))
    assert set(SMALL) - {"rescaling"} == {name for name in SMALL if SMALL[name](StagHunt()).rules[-1] == StagHunt()}


def test_rules_are_known_at_every_decision() -> None:
    """Whatever the stack, every decision of a player shows every rule, outermost first."""
    for game in every_entry().values():
        for decision in (decision for decisions in played(game, Script(1), 1)[1] for decision in decisions):
            shown = iter(decision.sees)
            assert decision.player == NATURE or all(rule in shown for rule in game.rules), (game, decision)
