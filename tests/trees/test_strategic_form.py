"""The strategic form: whole plans as actions, and mechanisms on games that are not played in one step."""

from __future__ import annotations

import itertools
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.decision import NATURE, Decision
from comity.core.errors import BadStack, NotNamed
from comity.core.flow import Game, StageGame
from comity.core.match import Match, play, tree
from comity.core.named import NamedStage, layers, named_game
from comity.exact.equilibria import pure_equilibria
from comity.exact.strategic_form import StrategicForm, StrategicFormRule
from comity.exact.tree import counts
from comity.games.matrix import MatchingPennies, MatrixGame, PrisonersDilemma
from comity.games.sequential import SequentialTrustGame
from comity.games.symmetric import PublicGoods
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.network import Networked, PerEdge
from comity.mechanisms.noise import Misperceived, Trembling
from comity.mechanisms.repetition import Continued, Repeated
from comity.mechanisms.sanctions import Sanctioned
from comity.mechanisms.talk import CheapTalk
from tests.generators import Script, bimatrices, played, stage_games

pytestmark = pytest.mark.slow

TRUST = SequentialTrustGame()
PD = PrisonersDilemma()


@given(stage_games(), st.data())
def test_the_strategic_form_of_a_stage_game_is_that_game(game: StageGame, data: st.DataObject) -> None:
    form = StrategicForm(game)
    assert form.actions == game.actions
    profile = data.draw(st.tuples(*map(st.sampled_from, game.actions)))
    assert form.payoffs(profile) == pytest.approx(game.payoffs(profile))


def test_the_plans_of_the_sequential_trust_game() -> None:
    form = StrategicForm(TRUST)
    assert form.actions == (
        ("give", "keep"),
        (
            "give after give; give after keep",
            "give after give; keep after keep",
            "keep after give; give after keep",
            "keep after give; keep after keep",
        ),
    )
    for given_first in ("give", "keep"):
        for plan in form.actions[1]:
            reply = dict(part.split(" after ")[::-1] for part in plan.split("; "))[given_first]
            assert form.payoffs((given_first, plan)) == TRUST.at_once.payoffs((given_first, reply))
    assert pure_equilibria(form) == (("keep", "keep after give; keep after keep"),)


def test_the_strategic_form_names_what_cooperates() -> None:
    form = StrategicForm(TRUST)
    assert isinstance(form, NamedStage)
    assert form.roles == ("truster", "trustee")
    assert form.cooperative == ("give", "give after give; give after keep")
    assert form.defective == ("keep", "keep after give; keep after keep")
    assert form.scale == TRUST.scale
    assert named_game(Contracted(form)) == form
    assert list(layers(Contracted(form))) == [Contracted(form), form, form.base]
    twice = StrategicForm(Repeated(PD, 2))
    assert {part.split(" ")[0] for plan in twice.cooperative for part in str(plan).split("; ")} == {"cooperate"}
    assert StrategicForm(MatchingPennies()).cooperative == (None, None)
    assert StrategicForm(CheapTalk(PD, messages=("hello",))).cooperative == (None, None)


def test_the_seats_of_a_population_keep_their_roles() -> None:
    form = StrategicForm(Rotated(TRUST, 4, 1))
    assert form.roles == ("truster", "trustee") * 2
    assert form.cooperative[0] == "give after the start (1); give after the start (2)"  # whichever trustee it meets


def test_it_is_played_in_one_step_and_shows_the_rules_below() -> None:
    form = StrategicForm(TRUST)
    match = Match(form)
    assert [decision.kind for decision in match.pending] == ["act", "act"]
    for decision, plans in zip(match.pending, form.actions, strict=True):
        assert tuple(decision.options) == plans
        assert decision.sees == form.rules == (StrategicFormRule(form.actions), TRUST)
    match.answer(("give", "keep after give; give after keep"))
    assert match.outcome is not None
    assert match.outcome.payoffs == (0, 20)
    assert match.outcome.actions == ("give", "keep after give; give after keep")


def small() -> st.SearchStrategy[Game]:
    """Games of several steps in which nobody has many plans."""
    base = bimatrices(2)
    return st.one_of(
        st.just(TRUST),
        base.map(lambda game: Repeated(game, 2)),
        base.map(lambda game: Repeated(game, 2, memory=0)),
        base.map(lambda game: CheapTalk(game, messages=("a", "b"))),
        base.map(lambda game: Sanctioned(game, punish=1)),
    )


@given(small(), st.data())
def test_following_a_plan_pays_what_the_plan_pays(game: Game, data: st.DataObject) -> None:
    form = StrategicForm(game, most=1024)
    profile = data.draw(st.tuples(*map(st.sampled_from, form.actions)))
    plans = [form.plans[player][name] for player, name in enumerate(profile)]
    chosen = {within.decision: choice for plan in plans for within, choice in plan.items()}
    outcome = play(game, lambda decision: chosen[decision]).outcome
    assert outcome is not None
    assert form.payoffs(profile) == pytest.approx(outcome.payoffs)


@given(st.sampled_from([Trembling(PD, 0.2), Misperceived(PD, 0.2), Continued(PD, 0.5, most=2)]), st.data())
def test_what_chance_does_is_paid_on_average(game: Any, data: st.DataObject) -> None:
    form = StrategicForm(game)
    profile = data.draw(st.tuples(*map(st.sampled_from, form.actions)))
    plans = [form.plans[player][name] for player, name in enumerate(profile)]
    chosen = {within.decision: choice for plan in plans for within, choice in plan.items()}
    paid = [play(game, lambda decision: chosen[decision], key).outcome for key in range(200)]
    for player in (0, 1):
        mean = sum(outcome.payoffs[player] for outcome in paid if outcome is not None) / len(paid)
        assert mean == pytest.approx(form.payoffs(profile)[player], abs=0.35)


def test_trembling_in_strategic_form_pays_as_trembling_itself() -> None:
    noisy = Trembling(PublicGoods(), 0.2)
    form = StrategicForm(noisy)
    for profile in [("contribute",) * 3, ("contribute", "free_ride", "free_ride")]:
        assert form.payoffs(profile) == pytest.approx(noisy.payoffs(profile))


@pytest.mark.parametrize(
    "stack",
    [
        Contracted(StrategicForm(TRUST)),
        Repeated(StrategicForm(TRUST), 3),
        Trembling(StrategicForm(TRUST), 0.1),
        Repeated(Misperceived(StrategicForm(TRUST), 0.1), 3),
        Mediated(StrategicForm(Repeated(PD, 2, memory=0))),
        Networked(StrategicForm(Sanctioned(PD)), players=3),
        PerEdge(StrategicForm(TRUST), players=3),
        StrategicForm(StrategicForm(TRUST)),
    ],
    ids=lambda stack: f"{type(stack).__name__} {type(stack.base).__name__}",
)
def test_mechanisms_stand_on_strategic_forms(stack: Game) -> None:
    match, _ = played(stack, Script(3), 3)
    assert match.outcome is not None
    assert len(match.outcome.payoffs) == stack.n_players


def test_a_contract_on_plans_makes_trust_safe() -> None:
    """Whoever keeps after having been given to pays all it gained: then giving and giving back is an equilibrium."""
    game = Contracted(StrategicForm(TRUST))
    transfers = tuple(-12 if action.startswith("keep after give") else 0 for action in game.actions)
    [none_kept, kept] = [
        Match_with_contract(game, transfers, ("give", plan))
        for plan in ("give after give; give after keep", "keep after give; give after keep")
    ]
    assert none_kept == (10, 10)
    assert kept == (12, 8)


def Match_with_contract(game: Contracted, transfers: tuple[int, ...], profile: tuple[str, str]) -> tuple[float, ...]:  # noqa: N802
    match = Match(game)
    match.answer((transfers, transfers))
    match.answer(((True, False), (True, False)))
    match.answer((True, True))
    match.answer(profile)
    assert match.outcome is not None
    return match.outcome.payoffs


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: StrategicForm(Mediated(PD)), "would give player 1 more than 256 plans"),
        (lambda: StrategicForm(Repeated(PD, 2), most=31), "would give player 1 more than 31 plans"),
        (lambda: StrategicForm(CheapTalk(PD)), "has no strategic form that can be listed: free text"),
        (lambda: StrategicForm(Contracted(PD)), "has no strategic form that can be listed: the whole numbers"),
        (
            lambda: StrategicForm(Repeated(PD)),
            "has no strategic form that can be listed: the tree of this game has more",
        ),
        (lambda: Mediated(StrategicForm(TRUST)), "the seats of StrategicForm have different actions"),
        (lambda: Mediated(cast("Any", TRUST)), "take the strategic form first"),
    ],
)
def test_what_has_no_strategic_form_is_refused(build: Any, sentence: str) -> None:
    with pytest.raises(BadStack, match=sentence):
        build()


def test_situations_called_the_same_are_numbered() -> None:
    """What was seen wrongly is not among the choices before, so the situations after it need numbers."""
    form = StrategicForm(Repeated(Misperceived(MatrixGame(("a",), ("x", "y"), (((0, 0), (1, 1)),)), 0.5), 2))
    assert form.actions == (
        ("a; a after a (1); a after a (2)",),
        tuple(f"{one}; {two} after x and a; {three} after y and a" for one in "xy" for two in "xy" for three in "xy"),
    )


def test_plans_are_named_from_the_own_point_of_view() -> None:
    """So that equal names mean equal plans where the seats are interchangeable, as mediation and networks need."""
    form = StrategicForm(Repeated(PD, 2))
    assert form.actions[0] == form.actions[1]
    for mine, theirs in itertools.product(form.actions[0][::5], form.actions[1][::3]):
        assert form.payoffs((mine, theirs)) == form.payoffs((theirs, mine))[::-1]


def test_a_player_who_decides_nothing_has_one_plan() -> None:
    class Alone:
        """A game in which only the first of two players decides, and which names nothing."""

        n_players = 2
        rules = ("alone",)

        def play(self) -> Any:
            return MatrixGame(("a", "b"), ("x",), (((1, 2),), ((3, 4),))).play()

    form = StrategicForm(Alone())
    assert form.actions == (("a", "b"), ("x",))
    with pytest.raises(NotNamed, match="Alone says neither"):
        _ = form.roles
    assert counts(tree(form)).leaves == 2
    assert not any(decision.player == NATURE for decision in Match(form).pending)
    assert all(isinstance(decision, Decision) for decision in Match(form).pending)
