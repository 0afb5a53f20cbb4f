"""What strategies do besides acting: vote, sign, delegate, talk and sanction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.decision import Decision
from comity.core.errors import BadStack, NotSolvable
from comity.core.flow import Game, StageGame, ask
from comity.core.match import Match
from comity.core.outcome import Outcome
from comity.core.space import YES_NO, OneOf
from comity.exact.equilibria import backward_induction, security_levels
from comity.games.matrix import Chicken, MatchingPennies, PrisonersDilemma, StagHunt
from comity.games.normal_form import NormalForm
from comity.games.symmetric import PublicGoods
from comity.mechanisms.contracting import Contract, Contracted
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import DELEGATE, Mediated, Mediator
from comity.mechanisms.network import PerEdge
from comity.mechanisms.repetition import History, Repeated
from comity.mechanisms.sanctions import Sanctioned
from comity.mechanisms.talk import CheapTalk
from comity.mechanisms.voting import Proposals
from comity.strategies.accepting import (
    AcceptAll,
    AcceptByEquilibrium,
    AcceptByGuarantee,
    AcceptNone,
    AcceptOwn,
    ApproveBest,
)
from comity.strategies.catalogue import SCRIPTED
from comity.strategies.delegating import DelegateAlways, DelegateInEquilibrium, DelegateNever
from comity.strategies.negotiations import negotiation_in
from comity.strategies.sanctioning import NoSanctions, PunishDefectors, RewardCooperators
from comity.strategies.scripted import Scripted
from comity.strategies.speaking import Announce, Promise, Silent
from comity.strategies.stages import Delegating
from comity.strategies.strategy import Strategy
from tests.generators import dilemmas, symmetric_games
from tests.strategies.seats import Fixed, Recorder, match_of

DILEMMA = PrisonersDilemma()


def approves(rule: Strategy, game: Game, player: int, *proposals: Any) -> Any:
    decision: Decision[Any] = Decision(player, "approve", OneOf(()), (Proposals(proposals),))
    return rule.begin(game, player)(decision)


def signs(rule: Strategy, game: Contracted, player: int, transfers: tuple[int, ...], by: int = 0) -> Any:
    sees = (Contract(game.actions, transfers, by),)
    return rule.begin(game, player)(Decision(player, "sign", YES_NO, sees))


def test_some_accept_everything_nothing_or_their_own() -> None:
    game = Contracted(DILEMMA)
    for rule, approved, signed in (
        (AcceptAll(), (True, True), (True, True)),
        (AcceptNone(), (False, False), (False, False)),
        (AcceptOwn(), (False, True), (False, True)),
    ):
        assert approves(rule, game, 1, (0, 0), (0, 0)) == approved
        assert tuple(signs(rule, game, 1, (0, 0), by) for by in (0, 1)) == signed


# The guaranteed payoff of the dilemma is 1, by defecting. A fine of 2 on defection lowers what both can be sure of to 1
# (cooperating against a defector who pays 2) or less; a fine of 1 leaves it at 1; a fee of 2 on cooperation leaves it.
def test_by_guarantee_in_the_dilemma() -> None:
    game = Contracted(DILEMMA)
    assert [signs(AcceptByGuarantee(), game, 0, t) for t in ((0, 0), (0, -2), (-2, 0), (0, -1))] == [True] * 4
    assert signs(AcceptByGuarantee(), game, 0, (4, 0)) is True
    assert signs(AcceptByGuarantee(), Contracted(StagHunt()), 0, (0, -1)) is False  # to hunt hare is no longer safe


# In equilibrium the fine of 2 makes both cooperate (2 instead of 1), and any fee on cooperating leaves both at 1.
def test_by_equilibrium_in_the_dilemma_and_in_chicken() -> None:
    game = Contracted(DILEMMA)
    assert [signs(AcceptByEquilibrium(), game, 0, t) for t in ((0, 0), (0, -2), (-3, 0))] == [True] * 3
    assert signs(AcceptByEquilibrium(), Contracted(Chicken()), 1, (0, -1)) is False
    assert signs(AcceptByEquilibrium(), Contracted(Chicken()), 0, (0, -1)) is True
    assert approves(AcceptByEquilibrium(), Contracted(Chicken()), 1, (0, 0), (0, -1)) == (True, False)


@dataclass(frozen=True)
class Circling(NormalForm):
    """Three in a circle who each want to be unlike the next, and heads is worth a half: no pure equilibrium."""

    @property
    def n_players(self) -> int:
        return 3

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return (("heads", "tails"),) * 3

    def payoffs(self, profile: tuple[str, ...]) -> tuple[float, ...]:
        first, second, third = profile
        content = (first != second, second != third, third != first)
        return tuple(is_content + (act == "heads") / 2 for is_content, act in zip(content, profile, strict=True))


def test_without_an_equilibrium_to_go_by_the_guarantee_counts() -> None:
    with pytest.raises(NotSolvable):
        backward_induction(Circling())
    game = Contracted(Circling())
    assert signs(AcceptByEquilibrium(), game, 0, (0, 0)) is True
    assert signs(AcceptByEquilibrium(), game, 0, (0, -9)) is True  # heads is as good as before, or better
    assert signs(AcceptByEquilibrium(), game, 0, (0, 9)) is False  # neither action is sure of a half any more


@given(dilemmas() | symmetric_games(), st.data())
@settings(max_examples=25)
def test_a_mediator_lowers_no_guarantee(base: Any, data: st.DataObject) -> None:
    plan = data.draw(st.tuples(*(st.sampled_from(base.actions[0]),) * base.n_players))
    assert all(
        now >= before
        for now, before in zip(security_levels(Delegating(base, plan)), security_levels(base), strict=True)
    )
    assert approves(AcceptByGuarantee(), Mediated(base), 0, plan, plan) == (True, True)


def test_the_best_proposals_are_approved() -> None:
    mediated = Mediated(DILEMMA)
    useless, efficient = ("defect", "defect"), ("defect", "cooperate")
    assert approves(ApproveBest(), mediated, 0, useless, efficient) == (False, True)
    assert approves(ApproveBest(), mediated, 0, efficient, efficient) == (True, True)
    assert approves(ApproveBest(), Contracted(Chicken()), 0, (0, 0), (0, -1)) == (True, True)  # the other will not sign


def delegates(base: StageGame, plan: tuple[str, ...], rule: Strategy | None = None, player: int = 0) -> Any:
    options = OneOf((*base.actions[player], DELEGATE))
    decision: Decision[Any] = Decision(player, "act", options, (Mediator(plan, 0),))
    return (rule or DelegateInEquilibrium()).begin(Mediated(base), player)(decision)


def test_delegating_where_it_is_an_equilibrium_that_pays() -> None:
    assert delegates(DILEMMA, ("defect", "cooperate"))
    assert not delegates(DILEMMA, ("cooperate", "cooperate"))  # not an equilibrium
    assert not delegates(DILEMMA, ("defect", "defect"))  # pays what one can have alone
    assert delegates(StagHunt(), ("hare", "stag"))
    assert not delegates(StagHunt(), ("hare", "hare"))
    assert not delegates(MatchingPennies(), ("heads", "heads"))
    assert delegates(DILEMMA, ("cooperate", "cooperate"), DelegateAlways())
    assert not delegates(DILEMMA, ("defect", "cooperate"), DelegateNever())


class DelegateTwice:
    """Delegates in the first two rounds."""

    def begin(self, game: Game, player: int) -> Any:
        return lambda decision: decision.fact(History).played < 2


def test_who_delegates_keeps_count_meanwhile() -> None:
    """The defection of the first round, no longer to be seen in the third, is not forgotten."""
    grim = Recorder(Scripted(SCRIPTED["grim"]().act, delegate=DelegateTwice()))
    other = Scripted(SCRIPTED["defect_once"]().act, delegate=DelegateNever())
    match_of(Repeated(Mediated(DILEMMA), rounds=3, memory=1), grim, other)
    assert grim.of("act") == [DELEGATE, DELEGATE, "defect"]


TALKERS: dict[str, Strategy] = {
    "announce": Announce(SCRIPTED["tit_for_tat"]().act),
    "promise": Promise(),
    "silent": Silent(),
}


@pytest.mark.parametrize(
    ("talker", "text", "listed"),
    [
        ("announce", "I will play cooperate.", "cooperate with me"),
        ("promise", "I will play cooperate.", "cooperate with me"),
        ("silent", "", "hello"),
    ],
)
def test_what_is_said(talker: str, text: str, listed: str) -> None:
    messages = ("I defect", "cooperate with me", "hello")
    for game, said in ((CheapTalk(DILEMMA), text), (CheapTalk(DILEMMA, messages=messages), listed)):
        [decision, _] = Match(game).pending
        assert TALKERS[talker].begin(game, 0)(decision) == said


def test_what_is_said_has_room_in_few_letters_and_in_few_messages() -> None:
    short, strange = CheapTalk(DILEMMA, most=5), CheapTalk(DILEMMA, messages=("uncooperative", "red"))
    assert Promise().begin(short, 0)(Match(short).pending[0]) == "I wil"
    assert Promise().begin(strange, 0)(Match(strange).pending[0]) == "uncooperative"  # nothing says it: the first
    only = CheapTalk(DILEMMA, messages=("I cooperate", "I defect"))
    assert Silent().begin(only, 0)(Match(only).pending[0]) == "I defect"  # nothing says nothing: the last


def test_who_mixes_announces_the_likelier_action() -> None:
    for p, action in ((0.75, "cooperate"), (0.25, "defect")):
        game = CheapTalk(DILEMMA)
        recorder = Recorder(SCRIPTED["random"](p=p))
        match_of(game, recorder)
        assert set(recorder.of("speak")) == {f"I will play {action}."}


@pytest.mark.parametrize("outer", [CheapTalk, lambda game: Repeated(CheapTalk(game), rounds=2)])
@pytest.mark.parametrize("inner", [lambda: Rotated(DILEMMA, 4, rounds=2), lambda: PerEdge(DILEMMA, players=3)])
def test_talk_before_anybody_has_a_seat(outer: Any, inner: Any) -> None:
    recorder = Recorder(SCRIPTED["tit_for_tat"]())
    match_of(outer(inner()), *[SCRIPTED["tit_for_tat"]()] * 2, recorder)
    assert set(recorder.of("speak")) == {"I will play cooperate."}


def sanctions(game: Sanctioned, rule: Strategy, *acts: str) -> Any:
    recorder = Recorder(Scripted(Fixed(acts[0]), sanction=rule))
    match_of(game, recorder, *(Scripted(Fixed(act)) for act in acts[1:]))
    return recorder.of("sanction")[0]


def test_sanctions_within_bounds() -> None:
    acts = ("contribute", "free_ride", "contribute")
    for punish, reward, rule, points in (
        (3, 3, NoSanctions(), (0, 0)),
        (3, 0, PunishDefectors(2), (-2, 0)),
        (1, 0, PunishDefectors(2), (-1, 0)),
        (0, 1, PunishDefectors(2), (0, 0)),
        (1, 2, RewardCooperators(2), (0, 2)),
        (1, 1, RewardCooperators(2), (0, 1)),
        (1, 0, RewardCooperators(2), (0, 0)),
    ):
        assert sanctions(Sanctioned(PublicGoods(), punish, reward), rule, *acts) == points


def test_sanctions_after_several_rounds_fall_on_who_ever_defected() -> None:
    game = Sanctioned(Repeated(DILEMMA, rounds=3), punish=1)
    recorder = Recorder(SCRIPTED["composed"](act="always_cooperate", sanction="punish_defectors"))
    match_of(game, recorder, SCRIPTED["defect_once"]())
    assert recorder.of("sanction") == [(-1,)]
    faithful = Recorder(SCRIPTED["composed"](act="always_cooperate", sanction="punish_defectors"))
    match_of(game, faithful, SCRIPTED["tit_for_tat"]())
    assert faithful.of("sanction") == [(0,)]


class Unheard:
    """A game with a kind of decision that no scripted strategy knows."""

    n_players = 1
    rules = (DILEMMA,)

    def play(self) -> Any:
        [choice] = yield from ask(Decision(0, "dance", YES_NO, self.rules))
        return Outcome((float(choice),))


def test_an_unknown_kind_of_decision_is_an_error_and_not_a_move() -> None:
    with pytest.raises(BadStack, match="no rule for decisions of kind 'dance'"):
        match_of(Unheard(), SCRIPTED["tit_for_tat"]())


def test_proposals_are_made_only_where_there_is_something_to_propose() -> None:
    with pytest.raises(BadStack, match="neither a mediator nor a contract"):
        SCRIPTED["tit_for_tat"]().propose.begin(DILEMMA, 0)


def test_a_stage_game_under_a_proposal_pays_as_the_mechanism_does() -> None:
    """Law 7 for the stages: what proposers and voters calculate with is what is paid."""
    for negotiation, proposal in ((Mediated(DILEMMA), ("defect", "cooperate")), (Contracted(DILEMMA), (1, -2))):
        stage: Any = negotiation_in(negotiation).under(proposal)
        signed = ((True, True),) if isinstance(negotiation, Contracted) else ()
        for profile in stage.profiles():
            match = Match(negotiation)
            for choices in (((proposal,) * 2), ((True, False),) * 2, *signed, profile):
                match.answer(choices)
            assert match.outcome is not None
            assert match.outcome.payoffs == stage.payoffs(profile)
