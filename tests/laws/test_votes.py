"""Elections and what the elected do: most approvals win, ties are even, and a mediator counts who delegates."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from comity.core.chance import Address
from comity.core.decision import NATURE, Decision
from comity.core.flow import StageGame
from comity.core.match import Match, receive, settle
from comity.core.outcome import Outcome
from comity.core.space import OneOf
from comity.games.matrix import PrisonersDilemma
from comity.games.symmetric import PublicGoods
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.mediation import DELEGATE, Delegated, Mediated, Mediator
from comity.mechanisms.voting import Ballot, Proposals, approvals, leaders
from tests.generators import keys, symmetric_games

ballots_of_three = st.tuples(*(st.tuples(*(st.booleans(),) * 3),) * 3)


@given(ballots_of_three)
def test_leaders_have_most_approvals(ballots: tuple[tuple[bool, ...], ...]) -> None:
    tally = [sum(ballot[proposer] for ballot in ballots) for proposer in range(3)]
    assert approvals(ballots) == tuple(tally)
    assert leaders(ballots) == tuple(p for p in range(3) if tally[p] == max(tally))


@given(ballots_of_three, keys, st.booleans())
def test_the_elected_proposal_has_most_approvals(
    ballots: tuple[tuple[bool, ...], ...], key: int, contract: bool
) -> None:
    game = Contracted(PublicGoods()) if contract else Mediated(PublicGoods())
    plans: list[Any] = [(0, 1), (2, 3), (4, 5)]
    if not contract:
        plans = [("contribute",) * 3, ("free_ride",) * 3, ("contribute", "free_ride", "contribute")]
    match = Match(game)
    match.answer(tuple(plans))
    match.answer(ballots)
    tied = leaders(ballots)
    if len(tied) > 1:
        [decision] = match.pending
        assert (decision.player, decision.kind, decision.options) == (NATURE, "tie", OneOf(tied))
        receive(match, [None], key)
        winner = OneOf(tied).draw(Address(key, 2, 0))
    else:
        [winner] = tied
    elected: Any = match.pending[0].sees
    [found] = [fact for fact in elected if getattr(fact, "by", None) is not None]
    assert found.by == winner
    assert (found.transfers if contract else found.plan) == plans[winner]


def test_ties_are_broken_evenly() -> None:
    def winner(key: int) -> int:
        match = Match(Mediated(PublicGoods()))
        match.answer((("contribute",) * 3,) * 3)
        match.answer(((True, False, True), (True, False, True), (False, False, False)))
        settle(match, _first, key)
        mediator = match.pending[0].fact(Mediator)
        assert mediator is not None
        return mediator.by

    n = 1000
    counted = Counter(map(winner, range(n)))
    assert set(counted) == {0, 2}
    assert abs(counted[0] - n / 2) < 4 * (n / 4) ** 0.5


def _first(decision: Decision[Any]) -> Any:
    return next(iter(decision.options))


@given(symmetric_games(), st.data())
def test_the_mediator_plays_by_the_count_of_those_who_delegate(game: StageGame, data: st.DataObject) -> None:
    names = game.actions[0]
    plan = data.draw(st.tuples(*(st.sampled_from(names) for _ in range(game.n_players))))
    answers = data.draw(st.tuples(*(st.sampled_from((*names, DELEGATE)) for _ in range(game.n_players))))
    match = Match(Mediated(game))
    match.answer((plan,) * game.n_players)
    match.answer(((True,) + (False,) * (game.n_players - 1),) * game.n_players)
    assert all(set(decision.options) == {*names, DELEGATE} for decision in match.pending)
    match.answer(answers)
    outcome = match.outcome
    assert isinstance(outcome, Outcome)
    count = answers.count(DELEGATE)
    expected = tuple(plan[count - 1] if answer == DELEGATE else answer for answer in answers)
    assert outcome.actions == expected
    assert outcome.payoffs == game.payoffs(expected)
    assert Delegated(tuple(p for p, answer in enumerate(answers) if answer == DELEGATE)) in outcome.notes


def test_recall_shows_the_proposals_and_the_own_ballot_and_forgetting_neither() -> None:
    plans = (("cooperate", "defect"), ("defect", "defect"))
    ballots = ((True, False), (True, True))
    for recall in (True, False):
        match = Match(Mediated(PrisonersDilemma(), recall=recall))
        match.answer(plans)
        assert [decision.fact(Proposals) for decision in match.pending] == [Proposals(plans)] * 2
        match.answer(ballots)
        seen = [(decision.fact(Proposals), decision.fact(Ballot)) for decision in match.pending]
        remembered = [(Proposals(plans), Ballot(ballot)) for ballot in ballots]
        assert seen == (remembered if recall else [(None, None)] * 2)
        match.answer(("cooperate", "cooperate"))
        assert match.outcome is not None
        for player in (0, 1):
            notes = match.outcome.seen_by(player).notes
            assert (Ballot(ballots[player]) in notes) == recall
            assert Ballot(ballots[1 - player]) not in notes
        assert not any(isinstance(note, Ballot | Proposals) for note in match.outcome.seen_by(None).notes)
