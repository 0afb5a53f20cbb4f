"""Outcomes: what everybody learns, what only one learns, and the plays of the stage game inside."""

from __future__ import annotations

from typing import Any

from comity.core.outcome import Outcome, Play, stage_plays
from comity.games.matrix import PrisonersDilemma
from comity.games.symmetric import PublicGoods
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.network import PerEdge
from comity.mechanisms.noise import Meant, Misperceived, Trembling
from comity.mechanisms.repetition import Repeated
from comity.mechanisms.sanctions import Sanctioned
from comity.strategies.sanctioning import PunishDefectors
from tests.generators import Script, every_entry, played

PD = PrisonersDilemma()


def outcome_of(game: Any, key: int = 0) -> Outcome:
    outcome = played(game, Script(key), key)[0].outcome
    assert outcome is not None
    return outcome


def test_everybody_sees_an_outcome_as_it_is_unless_there_are_views() -> None:
    outcome = Outcome((1.0, 2.0), ("a", "b"))
    assert outcome.seen_by(0) is outcome
    assert outcome.seen_by(None) is outcome


def test_public_notes_reach_everybody_and_private_ones_their_player() -> None:
    outcome = Outcome((1.0, 2.0), ("a", "b")).noted("all", private=[("first",), ("second",)]).noted("later")
    assert outcome.notes == ("all", "later")
    assert outcome.seen_by(0).notes == ("all", "first", "later")
    assert outcome.seen_by(1).notes == ("all", "second", "later")
    assert outcome.seen_by(None) == Outcome((1.0, 2.0), ("a", "b"), notes=("all", "later"))


def test_private_notes_add_up() -> None:
    outcome = Outcome((0.0,)).noted(private=[("one",)]).noted(private=[("two",)])
    assert outcome.seen_by(0).notes == ("one", "two")
    assert outcome.notes == ()


def test_a_play_is_seen_from_outside_by_who_sat_in_it() -> None:
    inner = Outcome((1.0, 2.0)).noted(private=[("first",), ("second",)])
    play = Play(0, (5, 3), inner)
    assert play.seen_by(3).outcome.notes == ("second",)
    assert play.seen_by(5).outcome.notes == ("first",)
    assert play.seen_by(4).outcome == Outcome((1.0, 2.0))


def nothing_private(outcome: Outcome) -> bool:
    return not outcome.views and all(nothing_private(part.outcome) for part in outcome.parts)


def test_nobody_sees_the_views_of_others_however_deep_they_lie() -> None:
    for game in every_entry().values():
        outcome = outcome_of(game, 3)
        assert nothing_private(outcome.seen_by(None))
        assert all(nothing_private(outcome.seen_by(player)) for player in range(game.n_players))


def test_an_onlooker_of_a_settled_contract_does_not_learn_what_was_meant() -> None:
    outcome = outcome_of(Contracted(Trembling(PD, 1), -1, 1))
    assert "Meant" not in repr(outcome.seen_by(None))
    assert [note.action for note in outcome.seen_by(0).notes if isinstance(note, Meant)] != [outcome.actions[0]]


def test_settling_afterwards_keeps_the_play_before_it() -> None:
    outcome = outcome_of(Sanctioned(Contracted(PD, -2, 2)), 4)
    [found] = stage_plays(outcome)
    assert found.outcome is outcome
    assert found.base.payoffs == PD.payoffs(outcome.actions)
    assert found.base.parts == ()
    assert found.players == (0, 1)
    assert found.rounds == ()


def test_stage_plays_are_told_in_outermost_coordinates() -> None:
    game = Repeated(Rotated(Repeated(Mediated(PublicGoods()), 2), 6, 3), 2)
    found = list(stage_plays(outcome_of(game, 5)))
    assert len(found) == 2 * 3 * 2 * 2
    assert {play.rounds for play in found} == {(i, j, k) for i in range(2) for j in range(3) for k in range(2)}
    for rounds in {play.rounds for play in found}:
        assert sorted(p for play in found if play.rounds == rounds for p in play.players) == list(range(6))
    for play in found:
        assert play.base.payoffs == PublicGoods().payoffs(play.outcome.actions)
        assert all(player % 3 == seat for seat, player in enumerate(play.players))


def test_stage_plays_of_edges_name_their_ends() -> None:
    found = list(stage_plays(outcome_of(PerEdge(PD, players=4, graph="star"))))
    assert [play.players for play in found] == [(0, 1), (0, 2), (0, 3)]


def test_what_is_misperceived_hides_the_payoffs_and_the_truth_stays_in_the_record() -> None:
    outcome = outcome_of(Misperceived(PD, 1))
    assert outcome.payoffs == PD.payoffs(outcome.actions)
    for player in (0, 1):
        view = outcome.seen_by(player)
        assert view.payoffs == ()
        assert view.actions[player] == outcome.actions[player]
        assert view.actions[1 - player] != outcome.actions[1 - player]


def test_what_is_settled_or_added_up_later_does_not_give_away_hidden_payoffs() -> None:
    for game in (Sanctioned(Misperceived(PD, 1)), Repeated(Misperceived(PD, 1), 2)):
        outcome = outcome_of(game, 3)
        assert len(outcome.payoffs) == 2
        assert outcome.seen_by(0).payoffs == outcome.seen_by(1).payoffs == ()
    settled = outcome_of(Sanctioned(Trembling(PD, 1)), 3)
    assert settled.seen_by(0).payoffs == settled.payoffs


def test_who_took_part_is_known_where_totals_are_hidden() -> None:
    view = outcome_of(Repeated(Misperceived(PD, 1), 2), 3).seen_by(1)
    assert (view.payoffs, view.n_players) == ((), 2)
    assert [play.players for play in stage_plays(view)] == [(0, 1)] * 2


def test_sanctions_after_misperceived_rounds_find_everybody() -> None:
    game = Sanctioned(Repeated(Misperceived(PD, 0), 2))
    decide = PunishDefectors().begin(game, 0)
    acts = ("cooperate", "defect")
    match, _ = played(game, lambda d: decide(d) if d.kind == "sanction" else acts[max(d.player, 0)], 0)
    assert match.choices[-1] == ((-1,), (0,))
    assert match.outcome is not None
    assert match.outcome.payoffs == (0 - 1, 3 - 3)
