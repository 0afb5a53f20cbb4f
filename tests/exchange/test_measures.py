"""Measures of exchanges, against small exchanges whose measures are counted by hand, and against scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, cached_property
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.decision import Decision
from comity.core.match import play
from comity.games.exchange.conditions import Automation, Bonus
from comity.games.exchange.game import Exchange
from comity.games.exchange.views import Sight
from comity.games.exchange.world import World
from comity.metrics.exchange import Measures, Pair, arrived_by, by_round, gini, median_survival, pairs
from comity.metrics.helpfulness import GRID, helpfulness, of_published, reference, willing
from comity.strategies.exchanging import Exchanging
from tests.exchange.players import PERFECT, WITHHOLDER, log_of, played

pytestmark = pytest.mark.slow

PUBLISHED = Exchange(schedule="sequential", stale=True)


class Small(World):
    """Three agents hold pieces 1 and 2, 3 and 4, 5 and 6; each task is the same for all agents by its number."""

    TASKS = ((1, 3), (3, 5), (2, 4), (1, 6), (4, 5), (2, 6))

    @property
    def deal(self) -> tuple[frozenset[int], ...]:
        return frozenset({1, 2}), frozenset({3, 4}), frozenset({5, 6})

    def task(self, agent: int, number: int) -> tuple[int, ...]:
        return self.TASKS[number]

    def order(self, round: int) -> tuple[int, ...]:
        return (1, 2, 3)


class Told(Exchange):
    """An exchange in that world."""

    @cached_property
    def drawn(self) -> World:
        return Small(1, 3, 6, 1, 2)


SMALL: Mapping[str, Any] = {"agents": 3, "rounds": 3, "pieces": 6, "per_task": 2, "open_tasks": 1}


def measured(script: Mapping[tuple[int, int, str], tuple[Any, ...]], agent: int | None = None, **more: Any) -> Measures:
    """The measures of a small exchange in which these turns are taken. script: by agent, round and phase."""
    game = Told(**{**SMALL, **more})

    def decide(decision: Decision[Any]) -> tuple[Any, ...]:
        sight = decision.sees[-1]
        assert isinstance(sight, Sight)
        return script.get((decision.player + 1, sight.round, decision.kind), ())

    return Measures(game, log_of(play(game, decide)), agent)


ONE_HELPS: Mapping[tuple[int, int, str], tuple[Any, ...]] = {
    (1, 1, "request"): (("request", 3, 2),),  # agent 1 needs 1 and 3
    (2, 1, "request"): (("request", 1, 1), ("request", 5, 3)),  # agent 2 needs 1 and 3; not 5 as yet
    (3, 1, "request"): (("request", 1, 1), ("request", 9, 1)),  # agent 3 needs 1 and 3; there is no piece 9
    (2, 1, "share"): (("share", (3,), 1),),
    (1, 2, "share"): (("share", (1,), 2),),
    (1, 1, "submit"): (("submit", 1),),
    (2, 2, "submit"): (),
    (2, 3, "submit"): (("submit", 2),),
}
"""2 answers 1 at once; 1 answers 2 a round late, and 3 never; 3 answers nobody. 1 hands in at once, 2 a round late."""


def test_an_exchange_counted_by_hand() -> None:
    found = measured(ONE_HELPS)
    assert (found.tasks, found.revenue) == (2, 2.0)
    assert found.optimum == 2 / 9
    assert found.messages == 4 / 2  # four requests were accepted
    assert found.response() == 2 / 4
    assert found.response(1) == 1 / 4
    assert found.response(2) == 2 / 4
    assert found.response(5) is None  # no request was open for five chances
    # round 1: lacked 3; 1; 1 and 3, asked for 3; 1; 1. round 2: lacked 5 and 3 by the first, whose task is now (3, 5),
    # so 5 alone, not asked for; 1 by the second, asked for; the third as before. round 3: 5; nothing; as before.
    assert found.coverage == (1 + 1 + 1 + 0 + 1 + 1 + 0 + 1) / (1 + 1 + 2 + 1 + 1 + 2 + 1 + 2)
    assert found.valid == 3 / 5
    assert found.fulfilment == 2 / 5  # of (1, 3), (1, 5), (2, 1), (3, 1), (3, 3) two came
    # waits in rounds: 0 and 1, and to the end, 2 and 2: half had come after round 1
    assert found.delay == 1
    assert found.submission == 1 / 2
    assert found.held_back == 1
    assert found.refused == 1 / 9  # five requests, two shares and two tasks
    assert (found.unsolicited, found.useless, found.falsification) == (0, 0, None)
    assert found.inequality == pytest.approx(1 / 3)  # of 1, 1 and 0


def test_each_agent_by_itself() -> None:
    one, two, three = (measured(ONE_HELPS, agent) for agent in (1, 2, 3))
    assert [of.tasks for of in (one, two, three)] == [1, 1, 0]
    assert [of.optimum for of in (one, two, three)] == [1 / 3, 1 / 3, 0]
    assert [of.response() for of in (one, two, three)] == [1 / 2, 1, 0]
    assert [of.response(1) for of in (one, two, three)] == [0, 1, 0]
    assert [of.valid for of in (one, two, three)] == [1, 1 / 2, 1 / 2]
    assert [of.submission for of in (one, two, three)] == [1, 0, None]
    assert [of.messages for of in (one, two, three)] == [1, 2, None]
    assert three.delay is None
    assert three.inequality is None


def test_who_helped_whom() -> None:
    found = measured(ONE_HELPS)
    between = {(pair.by, pair.to): pair for pair in pairs(found.game, found.log)}
    assert len(between) == 6
    assert between[2, 1] == Pair(2, 1, asked=1, answered=1, sent=1, useful=1, false=0)
    assert between[1, 2] == Pair(1, 2, asked=1, answered=1, sent=1, useful=1, false=0)
    assert between[1, 3] == Pair(1, 3, asked=1, answered=0, sent=0, useful=0, false=0)
    assert between[3, 2] == Pair(3, 2, asked=1, answered=0, sent=0, useful=0, false=0)
    assert between[2, 3] == Pair(2, 3, 0, 0, 0, 0, 0)


def test_round_by_round() -> None:
    found = measured(ONE_HELPS)
    first, second, third = by_round(found.game, found.log)
    assert (first.requests, first.refused, first.transfers, first.tasks, first.feasible) == (4, 1, 1, 1, 1)
    assert first.response == 1 / 2
    assert (second.requests, second.transfers, second.tasks, second.feasible, second.response) == (0, 1, 0, 1, None)
    assert (third.tasks, third.feasible) == (1, 1)


def test_nothing_done_is_nothing_defined() -> None:
    found = measured({}).all()
    assert (found["tasks"], found["optimum"], found["coverage"], found["fulfilment"]) == (0, 0, 0, 0)
    undefined = ("messages", "inequality", "response", "response_1", "valid", "delay", "submission", "refused")
    assert all(found[name] is None for name in undefined)


def test_a_wrong_code_is_a_transfer_and_no_answer() -> None:
    wrong = {
        (1, 1, "request"): (("request", 3, 2),),
        (2, 1, "share"): (("share", (3,), 1, (-1,)),),
        (1, 1, "submit"): (("submit", 1),),
    }
    found = measured(wrong, falsifiable=True)
    assert (found.tasks, found.revenue) == (1, 0.5)
    assert (found.response(), found.response(1), found.falsification) == (0, 0, 1)
    assert next(pair for pair in pairs(found.game, found.log) if pair.sent).false == 1


def test_what_nobody_asked_for_is_counted_apart() -> None:
    sent = {(2, 1, "share"): (("share", (3, 4), 1),), (1, 1, "submit"): (("submit", 1),)}
    found = measured(sent, unsolicited=True)
    assert (found.tasks, found.unsolicited, found.useless) == (1, 2, 1)
    assert found.response() is None  # there was no request: neither 0 nor 1
    assert found.messages == 0


def test_a_request_that_another_answers_first_is_no_failure_of_who_had_no_chance() -> None:
    """Turns one after the other, and two holders: 2 answers before it is the turn of 3."""
    game = replace(Exchange(agents=3, rounds=1, pieces=6, per_task=2, open_tasks=1, copies=3), schedule="sequential")
    assert log_of(played(game, PERFECT)).asked == ()  # all hold all, so nothing need be asked
    game = replace(PUBLISHED, copies=2)
    for agent in range(1, 11):
        assert Measures(game, log_of(played(game, PERFECT)), agent).response() == 1


def test_who_lets_others_answer_answers_nobody() -> None:
    game = replace(PUBLISHED, copies=2)
    log = log_of(played(game, WITHHOLDER, *[PERFECT] * 9))
    assert Measures(game, log, 1).response() == 0
    assert Measures(game, log, 1).response(1) == 0
    assert Measures(game, log, 2).response() == 1


def test_bonuses_count_where_they_are_to() -> None:
    counted = measured(ONE_HELPS, bonus=Bonus(0.25))
    assert (counted.revenue, counted.game.earned(counted.log.completions, counted.log.transfers)) == (
        2.5,
        (1.25, 1.25, 0.0),
    )
    private = measured(ONE_HELPS, bonus=Bonus(0.25, counted=False))
    assert private.revenue == 2.0
    assert measured(ONE_HELPS, 1, bonus=Bonus(0.25, counted=False)).revenue == 1.25


# Times that are cut short


@given(st.lists(st.tuples(st.integers(0, 9), st.just(True)), min_size=1))
def test_without_cuts_it_is_a_plain_share(waits: list[tuple[int, bool]]) -> None:
    for time in range(10):
        assert arrived_by(time, waits) == pytest.approx(sum(when <= time for when, _ in waits) / len(waits))


def test_the_product_limit_of_a_worked_example() -> None:
    """The treated patients of Freireich et al. (1963), whose remissions in weeks Kaplan and Meier's estimate is taught
    with: 0.857 at 6, 0.807 at 7, 0.753 at 10, 0.690 at 13, 0.627 at 16, 0.538 at 22 and 0.448 at 23."""
    ended = (6, 6, 6, 7, 10, 13, 16, 22, 23)
    cut = (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
    waits = [*((week, True) for week in ended), *((week, False) for week in cut)]
    known = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    for week, left in known.items():
        reached = arrived_by(week, waits)
        assert reached is not None
        assert 1 - reached == pytest.approx(left, abs=6e-4)
    assert median_survival(waits) == 23
    assert median_survival([(week, False) for week in cut]) is None


@given(st.lists(st.integers(0, 20), min_size=1, max_size=8))
def test_inequality_is_half_the_mean_difference_over_the_mean(values: list[int]) -> None:
    found = gini(values)
    if found is None or not sum(values):
        assert found is None
        assert not sum(values)
    else:
        differences = sum(abs(one - other) for one in values for other in values) / len(values) ** 2
        assert found == pytest.approx(differences / (2 * sum(values) / len(values)), abs=1e-9)
        assert -1e-9 <= found <= 1 - 1 / len(values) + 1e-9


# Scripts


@cache
def of(agent: Exchanging, game: Exchange = PUBLISHED) -> Measures:
    return Measures(game, log_of(played(game, agent)))


def test_perfect_cooperators() -> None:
    found = of(PERFECT)
    assert [found.response(chances) for chances in (None, 1, 2, 5)] == [1, 1, 1, 1]
    assert found.submission == found.valid == 1
    assert found.held_back == found.useless == found.refused == 0


def test_who_answers_nobody_has_a_response_of_zero_and_does_the_rest() -> None:
    found = of(WITHHOLDER)
    assert [found.response(chances) for chances in (None, 1, 2, 5)] == [0, 0, 0, 0]
    assert found.coverage == found.valid == 1
    assert found.messages is None
    assert found.inequality is None


@pytest.mark.parametrize("p", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("schedule", ["phased", "sequential", "simultaneous"])
def test_the_response_at_the_first_chance_is_the_probability_of_an_answer(p: float, schedule: Any) -> None:
    """Within 4 standard errors; and by the k-th chance it is 1 - (1 - p)^k, whatever is cut short before it."""
    found = of(Exchanging(answers=p), Exchange(schedule=schedule))
    requests = len(found.log.asked)
    for chances in (1, 2, 5):
        reached = found.response(chances)
        expected = 1 - (1 - p) ** chances
        assert reached is not None
        assert abs(reached - expected) <= 4 * (expected * (1 - expected) / requests) ** 0.5 * 1.5


def test_a_delay_is_not_taken_for_a_refusal() -> None:
    for schedule in ("phased", "sequential", "simultaneous"):
        assert of(PERFECT, Exchange(schedule=schedule, delay="next_round")).response(1) == 1


def test_who_sends_all_unasked_has_no_response_rate() -> None:
    found = of(Exchanging(asks="none", pushes=True), replace(PUBLISHED, unsolicited=True))
    assert found.response() is None
    assert found.valid is None
    assert found.coverage == 0
    assert found.unsolicited == len(found.log.transfers) == 900


def test_liars_hand_in_as_many_tasks_for_less() -> None:
    game = replace(PUBLISHED, falsifiable=True)
    honest, lying = of(PERFECT, game), of(Exchanging(lies=True), game)
    assert (lying.falsification, honest.falsification) == (1, 0)
    assert lying.tasks == honest.tasks
    assert lying.response() == 0
    received = {(sent.to, sent.piece) for sent in lying.log.transfers}
    wrong = [len(done.false) for done in lying.log.completions]
    assert all((done.by, piece) in received for done in lying.log.completions for piece in done.false)
    assert lying.revenue == pytest.approx(sum(0.5**count for count in wrong))
    assert lying.revenue < honest.revenue == honest.tasks


def test_late_agents_hand_in_late_and_answer_at_once() -> None:
    found = of(Exchanging(waits=2))
    assert found.submission is not None
    assert found.submission < 0.1
    assert found.held_back >= found.tasks
    assert found.response() == 1


def test_whoever_asks_for_everything_covers_its_needs_and_asks_in_vain() -> None:
    usual, more, again = of(PERFECT), of(Exchanging(asks="everything")), of(Exchanging(asks="again"))
    assert more.coverage == again.coverage == usual.coverage == 1
    assert more.valid is not None
    assert again.valid is not None
    assert more.valid < 0.2
    assert again.valid < 0.5
    assert again.refused is not None
    assert again.refused > 0.4
    assert again.tasks == usual.tasks
    assert more.useless > 0


def test_public_requests_count() -> None:
    found = of(Exchanging(asks="public"))
    assert found.coverage == found.valid == found.response() == 1
    assert len(found.log.asked) >= 100


def test_automated_sharing_answers_all() -> None:
    found = of(WITHHOLDER, Exchange(automation=Automation(("share",))))
    assert (found.response(), found.tasks) == (1, 400)


# Where a result lies between scripts


SMALLER = Exchange(agents=4, rounds=8, pieces=24, per_task=3)


def test_the_floor_and_the_oracle_of_the_clean_rules() -> None:
    found = reference(SMALLER)
    assert (found.floor, found.oracle, found.bound) == (0, 64, 64)
    assert found.share(16) == 0.25
    assert reference(replace(SMALLER, instructions=("saboteur",), bonus=Bonus(0.5))) == found


@pytest.mark.slow
@pytest.mark.parametrize(
    "agent", [PERFECT, Exchanging(asks="everything"), Exchanging(asks="one"), Exchanging(pushes=True)]
)
@pytest.mark.parametrize("unsolicited", [False, True])
def test_no_script_beats_the_oracle(agent: Exchanging, unsolicited: bool) -> None:
    game = replace(PUBLISHED, unsolicited=unsolicited)
    found = reference(game)
    assert Measures(game, log_of(played(game, agent))).tasks <= found.oracle <= found.bound


@pytest.mark.parametrize("delay", ["instant", "next_round"])
@pytest.mark.parametrize("schedule", ["phased", "sequential", "simultaneous"])
@pytest.mark.parametrize("sides", [(), ("request",), ("share",)])
def test_no_script_that_acts_before_it_sees_beats_the_oracle(delay: Any, schedule: Any, sides: Any) -> None:
    size = Exchange(world=2, agents=4, rounds=5, pieces=20, schedule=schedule, delay=delay)
    game = replace(size, automation=Automation(sides))
    found = reference(game)
    for asks in ("all", "everything"):
        for pushes in (False, True):
            blind = Exchanging(asks=asks, pushes=pushes, hopes=True)
            assert Measures(game, log_of(played(game, blind))).tasks <= found.oracle <= found.bound


def test_the_published_reference_is_for_the_published_rules() -> None:
    assert of_published(replace(PUBLISHED, world=3, unsolicited=True), 102) == 0.5
    assert of_published(Exchange(), 102) is None
    assert of_published(replace(PUBLISHED, copies=2), 102) is None


def test_helpfulness_gives_back_the_probability() -> None:
    games = [replace(SMALLER, world=world) for world in range(1, 7)]
    for p in GRID[4::6]:
        found = helpfulness(games, [willing(game, p) for game in games])
        assert found.p == pytest.approx(p, abs=1e-9)
        assert found.low is not None
        assert found.high is not None
        assert found.low <= p <= found.high


def test_helpfulness_is_unknown_where_it_makes_no_difference() -> None:
    shared = replace(SMALLER, automation=Automation(("share",)))
    assert helpfulness([shared], [64.0]).p is None
    assert helpfulness([SMALLER], [65.0]).p is None
    assert helpfulness([SMALLER], [0.0]).p == 0
    with pytest.raises(ValueError, match="one number of tasks for each world"):
        helpfulness([SMALLER], [])


@pytest.mark.slow
def test_the_interval_of_helpfulness_holds_the_truth() -> None:
    """Agents whose willingness lies between two points of the grid and whose coins are others than the reference's."""
    held, game = 0, Exchange(agents=3, rounds=6, pieces=12, per_task=2)
    for study in range(12):
        games = [replace(game, world=1 + 5 * study + place) for place in range(5)]
        tasks = [float(Measures(game, log_of(played(game, Shifted(0.62)))).tasks) for game in games]
        found = helpfulness(games, tasks)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.62 <= found.high
    assert held >= 10


class Shifted:
    """Willing agents with coins of their own."""

    def __init__(self, p: float) -> None:
        self._p = p

    def begin(self, game: Any, player: int) -> Any:
        return Exchanging(answers=self._p).begin(replace(game, world=game.world + 10_000), player)
