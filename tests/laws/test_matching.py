"""Who meets whom, and what each is shown of the others and of the past: told again, independently, and compared."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.flow import Game
from comity.core.outcome import Play
from comity.games.matrix import PrisonersDilemma, TrustGame
from comity.games.symmetric import PublicGoods
from comity.mechanisms.matching import Rotated, Standing, Standings
from comity.mechanisms.repetition import History, Repeated
from comity.mechanisms.stacking import Memory
from tests.generators import Script, games, keys, played

Matching = Literal["random", "balanced"]


def schedule(game: Rotated, key: int) -> list[list[tuple[int, ...]]]:
    """For each round the groups that meet."""
    outcome = played(game, Script(1), key)[0].outcome
    assert outcome is not None
    rounds: list[list[tuple[int, ...]]] = [[] for _ in range(game.rounds)]
    for part in outcome.parts:
        rounds[part.round].append(part.players)
    return rounds


@given(
    st.sampled_from([PrisonersDilemma(), PublicGoods()]),
    st.integers(1, 4),
    st.integers(1, 6),
    st.sampled_from(["random", "balanced"]),
    keys,
)
def test_every_player_plays_once_a_round_in_its_seat(
    base: Game, agents: int, rounds: int, matching: Matching, key: int
) -> None:
    seats = base.n_players
    for groups in schedule(Rotated(base, agents * seats, rounds, matching=matching), key):
        assert sorted(player for group in groups for player in group) == list(range(agents * seats))
        assert all(player % seats == seat for group in groups for seat, player in enumerate(group))


@given(st.integers(1, 5), st.integers(1, 12), keys)
def test_with_two_seats_balanced_partners_are_met_equally_often(agents: int, rounds: int, key: int) -> None:
    groups = schedule(Rotated(TrustGame(), 2 * agents, rounds, matching="balanced"), key)
    met = Counter(group for groups_of_round in groups for group in groups_of_round)
    counts = [met[first, second] for first, second in product(range(0, 2 * agents, 2), range(1, 2 * agents, 2))]
    assert max(counts) - min(counts) <= 1


@given(st.integers(2, 5), keys)
def test_with_three_seats_each_seat_meets_the_first_equally_often(agents: int, key: int) -> None:
    groups = schedule(Rotated(PublicGoods(), 3 * agents, agents, matching="balanced"), key)
    for seat in (1, 2):
        met = Counter((group[0], group[seat]) for groups_of_round in groups for group in groups_of_round)
        assert len(met) == agents**2
        assert set(met.values()) == {1}


def test_with_two_seats_random_partners_are_even_on_average_and_not_in_each_schedule() -> None:
    met = Counter(
        group for key in range(150) for groups in schedule(Rotated(TrustGame(), 6, 4), key) for group in groups
    )
    assert len(met) == 9
    assert all(abs(count - 200) <= 4 * (600 * (1 / 3) * (2 / 3)) ** 0.5 for count in met.values())
    once = Counter(group for groups in schedule(Rotated(TrustGame(), 6, 6), 0) for group in groups)
    assert max(once.values()) - min(once[i, j] for i in (0, 2, 4) for j in (1, 3, 5)) > 1


def test_random_partners_are_drawn_anew_each_round() -> None:
    rounds = schedule(Rotated(TrustGame(), 6, 12), 2)
    assert len({tuple(sorted(groups)) for groups in rounds}) > 3


@pytest.mark.parametrize("matching", ["random", "balanced"])
def test_distinct_keys_give_distinct_schedules(matching: Matching) -> None:
    game = Rotated(TrustGame(), 12, 15, matching=matching)
    schedules = {str(schedule(game, key)) for key in range(20)}
    assert len(schedules) == 20
    assert schedule(game, 3) == schedule(game, 3)


def told_again(player: int, plays: list[Play], before: int, since: int, depth: int) -> list[Any]:
    """What is shown of a player, from the description of CoopEval (2026), section 2.4, and not from our code.

    One entry for each of its plays from round `since` on and before round `before`: the round, who sat there, what they
    did and were paid, and with depth left the same for each partner as it stood before that play, in the same window.
    """
    shown = []
    for play in plays:
        if since <= play.round < before and player in play.players:
            others = [other for other in play.players if other != player]
            gossip = [told_again(other, plays, play.round, since, depth - 1) for other in others] if depth > 1 else []
            shown.append([play.round, play.players, play.outcome.actions, play.outcome.payoffs, gossip])
    return shown


def as_told(standing: Standing) -> list[Any]:
    return [
        [e.play.round, e.play.players, e.play.outcome.actions, e.play.outcome.payoffs, [as_told(s) for s in e.before]]
        for e in standing.encounters
    ]


@given(
    st.sampled_from([PrisonersDilemma(), PublicGoods()]),
    st.integers(1, 3),
    st.integers(1, 5),
    st.just("all") | st.integers(0, 4),
    st.integers(1, 4),
    st.sampled_from(["random", "balanced"]),
    keys,
)
def test_standings_show_what_the_published_description_says(
    base: Game, agents: int, rounds: int, memory: Memory, depth: int, matching: Matching, key: int
) -> None:
    game = Rotated(base, agents * base.n_players, rounds, memory=memory, depth=depth, matching=matching)
    match, put = played(game, Script(key), key)
    assert match.outcome is not None
    plays, acted = list(match.outcome.parts), 0
    for decision in (decision for decisions in put for decision in decisions if decision.kind == "act"):
        now, acted = acted // game.population, acted + 1
        since = 0 if memory == "all" else now - memory
        [group] = [play.players for play in plays if play.round == now and decision.player in play.players]
        standings = decision.fact(Standings)
        assert standings is not None
        assert standings.played == now
        assert standings.own.player == decision.player
        assert [p.player for p in standings.partners] == [other for other in group if other != decision.player]
        for standing in (standings.own, *standings.partners):
            assert as_told(standing) == told_again(standing.player, plays, now, since, depth)


def said(standing: Standing) -> list[Any]:
    """What a standing says, silence left out."""
    return [
        (encounter.play, [(other.player, said(other)) for other in encounter.before if other.encounters])
        for encounter in standing.encounters
    ]


def test_depth_beyond_the_memory_says_nothing_more() -> None:
    def all_said(depth: int) -> list[Any]:
        _, put = played(Rotated(PrisonersDilemma(), 6, 6, memory=2, depth=depth), Script(6), 6)
        seen = [decision.fact(Standings) for decisions in put for decision in decisions]
        return [[said(shown) for shown in (one.own, *one.partners)] for one in seen if one is not None]

    assert all_said(1) != all_said(2) == all_said(5)


@given(games(), st.integers(1, 5), st.just("all") | st.integers(0, 4), keys)
def test_history_shows_the_last_rounds_inside_the_memory(base: Game, rounds: int, memory: Memory, key: int) -> None:
    match, put = played(Repeated(base, rounds, memory=memory), Script(key), key)
    assert match.outcome is not None
    parts = match.outcome.parts
    steps = len(put) // rounds
    for step, decisions in enumerate(put):
        now = step // steps
        window = parts[:now] if memory == "all" else parts[max(now - memory, 0) : now]
        for decision in decisions:
            assert decision.fact(History) == History(tuple(play.seen_by(decision.player) for play in window), now)
