"""Who is good in whose eyes: norms against their definition, on pasts written by hand and on pasts that were played."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.decision import Decision, Seats
from comity.core.match import Reply
from comity.core.outcome import Outcome, Play
from comity.core.space import OneOf
from comity.games.matrix import PrisonersDilemma
from comity.games.symmetric import PublicGoods
from comity.mechanisms.matching import Encounter, Rotated, Standing, Standings
from comity.mechanisms.noise import Misperceived
from comity.strategies.catalogue import STRATEGIES
from comity.strategies.reputation import STANDING, STERN_JUDGING, Norm, standings_under
from comity.strategies.seen import Deed, meaning_of
from comity.strategies.strategy import Strategy
from tests.generators import keys
from tests.strategies.seats import LETTERS, Recorder, match_of

DILEMMA = PrisonersDilemma()


def play_of(round: int, players: tuple[int, int], letters: str) -> Play:
    actions = tuple(LETTERS[letter] for letter in letters)
    return Play(round, players, Outcome(DILEMMA.payoffs(actions), actions))


def answer(strategy: Strategy, partner: Standing, own: Standing = Standing(0, ())) -> Reply:  # noqa: B008 (a value)
    """What player 0 does to its partner, player 1."""
    sees = (Standings(3, own, (partner,)), Seats((0, 1)), DILEMMA)
    decision: Decision[Any] = Decision(0, "act", OneOf(DILEMMA.actions[0]), sees)
    return strategy.begin(Rotated(DILEMMA, population=4), 0)(decision)


@pytest.mark.parametrize("name", ["image_scoring", "standing", "stern_judging"])
def test_strangers_are_good(name: str) -> None:
    assert answer(STRATEGIES[name](), Standing(1, ())) == "cooperate"


def partner_past(letters: str, *, other_was_bad: bool = False, depth: int = 2) -> Standing:
    """Player 1 met player 2 in round 1; in round 0 player 2 had met player 3."""
    earlier = Encounter(play_of(0, (2, 3), "DC" if other_was_bad else "CC"))
    before = (Standing(2, (earlier,)),) if depth > 1 else ()
    return Standing(1, (Encounter(play_of(1, (2, 1), letters), before),))


@pytest.mark.parametrize(
    ("name", "on_good", "on_bad"),
    [  # what is done to a partner who has (cooperated, defected)
        ("image_scoring", "CD", "CD"),
        ("standing", "CD", "CC"),
        ("stern_judging", "CD", "DC"),
    ],
)
def test_what_a_partner_did_to_whom(name: str, on_good: str, on_bad: str) -> None:
    for did, good, bad in zip("CD", on_good, on_bad, strict=True):
        assert answer(STRATEGIES[name](), partner_past("C" + did)) == LETTERS[good]
        assert answer(STRATEGIES[name](), partner_past("C" + did, other_was_bad=True)) == LETTERS[bad]


@pytest.mark.parametrize("name", ["standing", "stern_judging"])
def test_at_depth_one_a_justified_defection_looks_like_any_other(name: str) -> None:
    past = partner_past("CD", other_was_bad=True, depth=1)
    assert answer(STRATEGIES[name](), past) == "defect"


def test_image_scores_add_up() -> None:
    past = Standing(1, tuple(Encounter(play_of(r, (2, 1), "C" + did)) for r, did in enumerate("CCD")))
    assert [answer(STRATEGIES["image_scoring"](threshold=k), past) for k in (0, 1, 2)] == ["cooperate"] * 2 + ["defect"]


def test_a_standing_once_lost_is_not_restored_by_a_justified_defection() -> None:
    deeds = [Deed((0, 1), ("cooperate", "defect")), Deed((0, 3), ("defect", "cooperate"))]
    meaning = meaning_of(DILEMMA)
    assert standings_under(STANDING, deeds, meaning) == {0: False, 1: False, 3: True}
    justified = [*deeds, Deed((0, 1), ("cooperate", "defect"))]
    assert standings_under(STANDING, justified, meaning)[1] is False
    assert standings_under(STERN_JUDGING, justified, meaning)[1] is True


def test_with_several_partners_all_must_be_good() -> None:
    game = Rotated(PublicGoods(), population=6, rounds=2, memory="all", matching="balanced")
    strategies = {name: Recorder(STRATEGIES[name]()) for name in ("image_scoring", "standing")}
    for recorder in strategies.values():
        match_of(game, recorder, *[STRATEGIES["always_cooperate"]()] * 4, STRATEGIES["always_defect"]())
        for decision, reply in recorder.replies:
            standings = decision.fact(Standings)
            assert standings is not None
            met_defector = standings.played and any(partner.player == 5 for partner in standings.partners)
            assert reply == ("free_ride" if met_defector else "contribute")


@given(keys, st.sampled_from(["image_scoring", "standing", "stern_judging"]), st.integers(1, 3))
def test_among_themselves_the_good_stay_good(key: int, name: str, depth: int) -> None:
    game = Rotated(DILEMMA, population=6, rounds=4, memory="all", depth=depth)
    match = match_of(game, STRATEGIES[name](), key=key)
    assert {choice for step in match.choices for choice in step if isinstance(choice, str)} == {"cooperate"}


def by_definition(norm: Norm, past: list[dict[int, tuple[int, bool]]]) -> dict[int, bool]:
    """The norm as one reads it in the paper: everybody is judged after every round, all at once.

    past: for each round and player whom it met and whether it cooperated.
    """
    good: dict[int, bool] = {}
    for met in past:
        before = dict(good)
        for player, (other, cooperated) in met.items():
            verdict = {
                (True, True): norm.cooperated_with_good,
                (True, False): norm.cooperated_with_bad,
                (False, True): norm.defected_on_good,
                (False, False): norm.defected_on_bad,
            }[cooperated, before.get(other, True)]
            good[player] = before.get(player, True) if verdict is None else verdict
    return good


@given(keys, st.sampled_from([STANDING, STERN_JUDGING]))
def test_with_all_to_be_seen_norms_judge_as_defined(key: int, norm: Norm) -> None:
    """At full depth and memory the judged standing of the present partner is that of the whole population's past."""
    name = "standing" if norm == STANDING else "stern_judging"
    recorder = Recorder(STRATEGIES[name]())
    game = Rotated(DILEMMA, population=6, rounds=5, memory="all", depth=5)
    outcome = match_of(game, recorder, *[STRATEGIES["random"](p=0.5)] * 5, key=key).outcome
    assert outcome is not None
    for round, (decision, reply) in enumerate(recorder.replies):
        past: list[dict[int, tuple[int, bool]]] = [{} for _ in range(round)]
        for play in outcome.parts:
            if play.round < round:
                for seat, player in enumerate(play.players):
                    past[play.round][player] = (play.players[1 - seat], play.outcome.actions[seat] == "cooperate")
        standings = decision.fact(Standings)
        assert standings is not None
        good = by_definition(norm, past).get(standings.partners[0].player, True)
        assert reply == ("cooperate" if good else "defect")


def test_what_is_seen_counts_and_not_what_was_done() -> None:
    """One's own meetings are seen wrongly here, so a cooperator is taken for a defector by whoever has met it."""
    game = Rotated(Misperceived(DILEMMA, noise=1.0), population=2, rounds=2, memory="all")
    recorder = Recorder(STRATEGIES["image_scoring"]())
    match_of(game, recorder, STRATEGIES["always_cooperate"]())
    assert recorder.of("act") == ["cooperate", "defect"]
