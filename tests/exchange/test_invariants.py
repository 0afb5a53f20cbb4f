"""What holds in every exchange, whatever its agents do; the numbers are those of the invariants it was built to.

State: 1-6. Money: 7-10. Information: 11-14. Dynamics: 15-21. Scores: 22-27. That refusals of exploits change nothing is
in `test_reference`, what words say of a hidden section in `tests/words`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields
from functools import cached_property
from math import fsum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.decision import Decision
from comity.core.match import play, replay
from comity.core.space import from_json, to_json
from comity.games.exchange.conditions import SIDES, Automation, Bonus
from comity.games.exchange.game import Exchange
from comity.games.exchange.state import EVERYBODY, State, Terms
from comity.games.exchange.views import Sight, Visibility
from comity.games.exchange.world import World
from comity.metrics.exchange import Measures, gini
from tests.exchange.players import PERFECT, Anything, log_of, mixed, played, tasks

pytestmark = pytest.mark.slow

SECTIONS = ("scores", "ranks", "completions", "exchanges", "memory", "receipts")
SHOWN = ("scores", "ranks", "completions", "exchanges", "did", "receipts")
"""The field of a sight that each switch rules."""


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    agents = draw(st.integers(2, 5))
    pieces = draw(st.integers(4, 16))
    schedule: Any = draw(st.sampled_from(["phased", "sequential", "simultaneous"]))
    return Exchange(
        world=draw(st.integers(1, 10**6)),
        agents=agents,
        rounds=draw(st.integers(1, 4)),
        pieces=pieces,
        per_task=draw(st.integers(1, min(4, pieces))),
        open_tasks=draw(st.integers(1, 3)),
        copies=draw(st.integers(1, agents)),
        schedule=schedule,
        delay=draw(st.sampled_from(["instant", "same_round", "next_round"])),
        stale=draw(st.booleans()),
        unsolicited=draw(st.booleans()),
        falsifiable=draw(st.booleans()),
        memory=draw(st.sampled_from(["all", 1, 2])),
        visibility=Visibility(*draw(st.tuples(*[st.booleans()] * 6))),
        automation=Automation(
            tuple(side for side in SIDES if draw(st.booleans())), asks=draw(st.sampled_from(["all", "first"]))
        ),
        bonus=Bonus(draw(st.sampled_from([0.0, 0.25])), draw(st.booleans()), draw(st.booleans())),
    )


class Watched:
    """A state that is acted on at random, with what it was before."""

    def __init__(self, game: Exchange) -> None:
        world = World(game.world, game.agents, game.pieces, game.copies, game.per_task)
        self.state = State(world, Terms(game.open_tasks, game.unsolicited))


def states(game: Exchange, seed: int, turns: int = 60) -> Iterator[tuple[State, int, Any, Any, Any]]:
    """A state after each of many actions, with who did what, what became of it, and a picture of it before."""
    state = Watched(game).state
    space = replace(game, schedule="sequential", automation=Automation())
    decide = [Anything(seed + agent, most=1).begin(space, agent) for agent in range(game.agents)]
    decision: Decision[Any] = next(iter(_first(space)))
    for turn in range(turns):
        agent = turn % game.agents + 1
        state.tick()
        for action in decide[agent - 1](decision):
            before = picture(state)
            yield state, agent, action, before, state.do(agent, action)


def _first(game: Exchange) -> Iterator[Decision[Any]]:
    yield from next(game.play())


def picture(state: State) -> Any:
    held = tuple(tuple(sorted(of.items())) for of in state.held)
    inbox = tuple(tuple(sorted(of.items())) for of in state.inbox)
    lists = (state.transfers, state.messages, state.completions, state.asked, state.answers)
    return held, tuple(tuple(of) for of in state.open), inbox, tuple(tuple(of) for of in lists)


@given(exchanges(), st.integers(0, 10**6))
@settings(deadline=None, max_examples=60)
def test_pieces_are_neither_made_nor_lost(game: Exchange, seed: int) -> None:
    """1, 2: what is held was dealt or sent; whoever sends keeps; nothing is ever lost."""
    dealt = World(game.world, game.agents, game.pieces, game.copies, game.per_task).deal
    for state, _, _, before, _ in states(game, seed):
        sent = {(sent.to, sent.piece) for sent in state.transfers}
        for agent, held in enumerate(state.held, start=1):
            assert set(held) == dealt[agent - 1] | {piece for to, piece in sent if to == agent}
            assert set(held) <= set(range(1, game.pieces + 1))
            assert {piece for piece, _ in before[0][agent - 1]} <= set(held)
    assert sum(map(len, dealt)) == game.pieces * game.copies


@given(exchanges(), st.integers(0, 10**6))
@settings(deadline=None, max_examples=60)
def test_a_code_is_the_true_one_unless_somebody_on_its_way_stated_another(game: Exchange, seed: int) -> None:
    """3: without false statements all copies are equal."""
    for state, *_ in states(game, seed):
        false = {(sent.to, sent.piece) for sent in state.transfers if not sent.true}
        ways = {(sent.to, sent.piece): (sent.by, sent.piece) for sent in state.transfers}
        for agent, held in enumerate(state.held, start=1):
            for piece, code in held.items():
                place, honest = (agent, piece), True
                while place in ways:
                    honest = honest and place not in false
                    place = ways[place]
                if honest:
                    assert code == state.world.codes[piece - 1]


@given(exchanges(), st.integers(0, 10**6))
@settings(deadline=None, max_examples=60)
def test_every_agent_always_has_its_number_of_open_tasks(game: Exchange, seed: int) -> None:
    """5, 6: numbers are never used again, and as many tasks were made as are open and done."""
    for state, *_ in states(game, seed):
        done = [completion.task for completion in state.completions]
        everything = [task.number for open in state.open for task in open]
        assert all(len(open) == game.open_tasks for open in state.open)
        assert len({*done, *everything}) == len(done) + len(everything) == game.agents * game.open_tasks + len(done)
        for task in (task for open in state.open for task in open):
            assert len(set(task.pieces)) == game.per_task
            assert set(task.pieces) <= set(range(1, game.pieces + 1))


@given(exchanges(), st.integers(0, 10**6))
@settings(deadline=None, max_examples=60)
def test_what_is_refused_changes_nothing_and_blocks_nothing(game: Exchange, seed: int) -> None:
    """18, 19: a refusal has a reason, leaves no mark, and the same action may be done later."""
    for state, agent, action, before, result in states(game, seed):
        if result.refused is not None:
            assert picture(state) == before
            assert state.do(agent, action).refused == result.refused
        if action[0] in ("message", "broadcast"):
            assert picture(state)[0] == before[0]  # 14: messages move no pieces


@given(exchanges(), st.integers(0, 10**6))
@settings(deadline=None, max_examples=60)
def test_a_task_is_paid_only_to_who_held_all_of_it(game: Exchange, seed: int) -> None:
    """10: at most one completion for a task, and not without its pieces."""
    for _, agent, action, before, result in states(game, seed, turns=80):
        if action[0] == "submit" and result.refused is None:
            held = {piece for piece, _ in before[0][agent - 1]}
            [task] = [task for task in before[1][agent - 1] if task.number == action[1]]
            assert set(task.pieces) <= held


@given(exchanges(), st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_revenue_is_what_the_log_says(game: Exchange, seed: int) -> None:
    """7, 9: tasks, halved for each false code, and a bonus for each piece that somebody had lacked."""
    match = played(game, *mixed(seed, game.agents))
    log = log_of(match)
    assert match.outcome is not None
    for agent, paid in enumerate(match.outcome.payoffs, start=1):
        own = fsum(game.pay * 0.5 ** len(done.false) for done in log.completions if done.by == agent)
        sent = [one for one in log.transfers if one.by == agent and (one.asked or not game.bonus.asked)]
        assert paid == pytest.approx(own + game.bonus.each * len(sent))
        assert paid >= 0
    assert len(log.transfers) <= game.agents * game.pieces - game.pieces * game.copies  # each piece reaches each once
    assert len({(sent.to, sent.piece) for sent in log.transfers}) == len(log.transfers)
    assert all(sent.by != sent.to for sent in log.transfers)


@given(exchanges(), st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_the_bound_is_never_exceeded(game: Exchange, seed: int) -> None:
    """25: nobody hands in more than every open task at every chance."""
    match = played(game, *mixed(seed, game.agents))
    assert match.outcome is not None
    assert sum(map(int, match.outcome.actions)) <= game.most_tasks <= game.agents * game.open_tasks * game.rounds
    turns = Counter((done.by, done.round) for done in log_of(match).completions)
    assert max(turns.values(), default=0) <= game.open_tasks


@given(exchanges(), st.sampled_from(["all", "everything", "public", "one"]), st.booleans())
@settings(deadline=None, max_examples=60)
def test_no_script_exceeds_the_most_that_can_be_handed_in(game: Exchange, asks: Any, pushes: bool) -> None:
    """25: neither who asks for everything in advance nor who sends everything unasked, under any automation."""
    assert tasks(game, replace(PERFECT, asks=asks, pushes=pushes, hopes=True)) <= game.most_tasks


@given(exchanges(), st.booleans())
@settings(deadline=None, max_examples=60)
def test_who_does_all_that_can_be_done_attains_the_most(game: Exchange, unsolicited: bool) -> None:
    """25: the bound is true and not loose: in turns that see the present, with all sections shown, it is attained."""
    seen = replace(
        game, unsolicited=unsolicited, delay="same_round", stale=False, memory="all", automation=Automation()
    )
    agent = replace(PERFECT, asks="none", pushes=True) if unsolicited else replace(PERFECT, asks="everything")
    assert tasks(seen, agent) == seen.most_tasks


@given(exchanges())
@settings(deadline=None, max_examples=40)
def test_in_phases_perfect_cooperators_hand_in_every_open_task_in_every_round(game: Exchange) -> None:
    """25: exactly agents x open tasks x rounds, for any sizes, whether or not anything may be sent unasked."""
    for unsolicited in (False, True):
        clean = replace(game, schedule="phased", delay="same_round", stale=False, unsolicited=unsolicited)
        assert tasks(clean, PERFECT) == clean.most_tasks == game.agents * game.open_tasks * game.rounds
    assert (
        tasks(replace(clean, automation=Automation()), replace(PERFECT, asks="none", pushes=True)) == clean.most_tasks
    )


@given(exchanges(), st.integers(0, 10**6), st.integers(0, 10**6))
@settings(deadline=None, max_examples=30)
def test_how_often_agents_are_asked_does_not_depend_on_what_they_do(game: Exchange, seed: int, other: int) -> None:
    """17, 27: once in every phase or turn in which something is left to them, and never besides."""
    counts = [
        Counter((asked.player, asked.kind) for asked in sights(game, *mixed(number, game.agents)))
        for number in (seed, other)
    ]
    assert counts[0] == counts[1]
    kinds = {"phased": ("request", "share", "submit"), "sequential": ("turn",), "simultaneous": ("turn",)}[
        game.schedule
    ]
    left = {
        kind: kind not in game.automation.sides if kind != "turn" else not set(SIDES[:3]) <= set(game.automation.sides)
        for kind in kinds
    }
    assert counts[0] == {(p, kind): game.rounds for p in range(game.agents) for kind in kinds if left[kind]}


@given(exchanges(), st.integers(0, 10**6), st.integers(0, 40))
@settings(deadline=None, max_examples=30)
def test_a_record_that_is_cut_short_is_the_play_until_then(game: Exchange, seed: int, step: int) -> None:
    """21: the same decisions are pending after the same choices."""
    whole = played(game, *mixed(seed, game.agents))
    cut = whole.choices[: min(step, len(whole.choices))]
    one, other = replay(game, cut), replay(game, cut)
    assert one.pending == other.pending
    if len(cut) < len(whole.choices):
        assert len(one.pending) == len(whole.choices[len(cut)]) > 0


@dataclass(frozen=True)
class OtherTasks(World):
    """The same world in which the first agent has other tasks."""

    def task(self, agent: int, number: int) -> tuple[int, ...]:
        return super().task(agent, number + 1_000 * (agent == 1))


@dataclass(frozen=True)
class Changed(Exchange):
    """An exchange in that world."""

    @cached_property
    def drawn(self) -> World:
        return OtherTasks(self.world, self.agents, self.pieces, self.copies, self.per_task)


@given(exchanges(), st.integers(0, 10**6))
@settings(deadline=None, max_examples=30)
def test_what_others_need_is_seen_by_nobody(game: Exchange, seed: int) -> None:
    """11: as long as nobody hands anything in, another's tasks make no difference to what one sees."""
    game = replace(game, automation=Automation())
    changed = Changed(**{field.name: getattr(game, field.name) for field in dataclass_fields(game)})
    agents = [_Restless(Anything(seed + place)) for place in range(game.agents)]
    for one, other in zip(sights(game, *agents), sights(changed, *agents), strict=True):
        if one.player > 0:
            assert one == other


@dataclass(frozen=True)
class _Restless:
    """Does what another does, but hands nothing in."""

    of: Any

    def begin(self, game: Any, player: int) -> Any:
        own = self.of.begin(game, player)
        return lambda decision: tuple(action for action in own(decision) if action[0] != "submit")


@given(exchanges(), st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_the_same_world_and_agents_give_the_same_log_and_its_choices_give_it_again(game: Exchange, seed: int) -> None:
    """15, 17, 21: nothing is left to chance but the world, and a record is its choices."""
    one, other = (played(game, *mixed(seed, game.agents)) for _ in range(2))
    assert log_of(one) == log_of(other)
    choices = from_json(to_json(tuple(one.choices)))
    assert replay(game, choices).outcome == one.outcome
    assert len(log_of(one).feasible) == game.agents * game.rounds  # each has one chance to hand in, in every round


@given(exchanges())
@settings(deadline=None, max_examples=40)
def test_tasks_are_drawn_before_anybody_acts(game: Exchange) -> None:
    """16: the tasks of an agent are the same under every policy, however fast it is."""
    world = World(game.world, game.agents, game.pieces, game.copies, game.per_task)
    state = Watched(game).state
    for agent in range(1, game.agents + 1):
        assert [task.pieces for task in state.open[agent - 1]] == [
            world.task(agent, number) for number in range(game.open_tasks)
        ]


def sights(game: Exchange, *agents: Any) -> list[Decision[Any]]:
    """Every decision of a match, in the order in which it was put."""
    found: list[Decision[Any]] = []
    seats = [agents[player % len(agents)].begin(game, player) for player in range(game.agents)]

    def decide(decision: Decision[Any]) -> Any:
        found.append(decision)
        return seats[decision.player](decision)

    play(game, decide)
    return found


@given(exchanges(), st.integers(0, 10**6), st.sampled_from(range(6)))
@settings(deadline=None, max_examples=40)
def test_each_switch_changes_its_own_section_and_no_other(game: Exchange, seed: int, switch: int) -> None:
    """12: flipping one switch, players who look at nothing see the same but for that section."""
    section, field = SECTIONS[switch], SHOWN[switch]
    flipped = replace(game, visibility=replace(game.visibility, **{section: not getattr(game.visibility, section)}))
    for one, other in zip(sights(game, Anything(seed)), sights(flipped, Anything(seed)), strict=True):
        seen, changed = one.sees[-1], other.sees[-1]
        if not isinstance(seen, Sight) or not isinstance(changed, Sight):
            assert seen == changed
            continue
        assert (getattr(seen, field) is None) != (getattr(changed, field) is None)
        hidden: dict[str, Any] = {field: None}
        assert replace(seen, **hidden) == replace(changed, **hidden)


class Deaf:
    """Does what it would do, and besides tells one other agent something private."""

    def __init__(self, of: Any, text: str, to: int) -> None:
        self._of, self._text, self._to = of, text, to

    def begin(self, game: Any, player: int) -> Any:
        own = self._of.begin(game, player)

        def decide(decision: Decision[Any]) -> Any:
            said = (("message", self._to, self._text),) if "message" in decision.options.kinds else ()  # type: ignore[attr-defined]
            return (*own(decision), *said)

        return decide


@given(exchanges().filter(lambda game: game.agents > 2), st.integers(0, 10**6))
@settings(deadline=None, max_examples=30)
def test_a_private_message_is_seen_by_two_agents_only(game: Exchange, seed: int) -> None:
    """11, 13: what the first tells the second is nowhere in what the others see."""
    others = [Anything(seed + place) for place in range(game.agents - 1)]
    one, another = (sights(game, Deaf(Anything(seed - 1), text, 2), *others) for text in ("one thing", "another"))
    for seen, changed in zip(one, another, strict=True):
        if seen.player > 1:
            assert seen.sees == changed.sees


@given(exchanges(), st.integers(0, 10**6))
@settings(deadline=None, max_examples=30)
def test_the_directory_says_who_holds_what_and_nothing_else(game: Exchange, seed: int) -> None:
    """4: it is true at its time, which is now or the beginning of the round."""
    for decision in sights(replace(game, automation=Automation()), *mixed(seed, game.agents)):
        seen = decision.sees[-1]
        assert isinstance(seen, Sight)
        if not game.stale and game.delay != "next_round":
            assert seen.directory[seen.agent - 1] == seen.pieces
        assert set(seen.directory[seen.agent - 1]) <= set(seen.pieces)


@given(exchanges(), st.integers(0, 10**6))
@settings(deadline=None, max_examples=30)
def test_sending_pays_nobody_where_there_is_no_bonus(game: Exchange, seed: int) -> None:
    """8: to share costs nothing and brings nothing."""
    free = replace(game, bonus=Bonus())
    log = log_of(played(free, *mixed(seed, game.agents)))
    assert free.earned(log.completions, ()) == free.earned(log.completions, log.transfers)


@given(exchanges(), st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_shares_are_shares_and_what_is_not_defined_is_nothing(game: Exchange, seed: int) -> None:
    """22, 23."""
    log = log_of(played(game, *mixed(seed, game.agents)))
    found = Measures(game, log).all()
    for name in ("optimum", "response", "response_1", "coverage", "submission", "falsification", "refused"):
        value = found[name]
        assert value is None or 0 <= value <= 1
    assert (found["response"] is None) or log.asked
    assert found["inequality"] is None or 0 <= found["inequality"] <= 1 - 1 / game.agents + 1e-12
    assert (found["messages"] is None) == (found["tasks"] == 0)
    assert (found["falsification"] is None) == (not game.falsifiable or not log.transfers)


@dataclass(frozen=True)
class Renamed(World):
    """The same world with agents and pieces under other numbers; agents_as, pieces_as: the new one of each, less 1."""

    agents_as: tuple[int, ...] = ()
    pieces_as: tuple[int, ...] = ()

    @property
    def _plain(self) -> World:
        return World(self.seed, self.agents, self.pieces, self.copies, self.per_task)

    @cached_property
    def deal(self) -> tuple[frozenset[int], ...]:
        dealt = self._plain.deal
        own = {self.agents_as[agent]: pieces for agent, pieces in enumerate(dealt)}
        return tuple(frozenset(self._piece(piece) for piece in own[agent]) for agent in range(self.agents))

    def _piece(self, piece: int) -> int:
        return self.pieces_as[piece - 1] + 1

    def task(self, agent: int, number: int) -> tuple[int, ...]:
        was = self.agents_as.index(agent - 1) + 1
        return tuple(sorted(map(self._piece, self._plain.task(was, number))))

    def order(self, round: int) -> tuple[int, ...]:
        return tuple(self.agents_as[agent - 1] + 1 for agent in self._plain.order(round))


@dataclass(frozen=True)
class Elsewhere(Exchange):
    """An exchange in a world under other numbers."""

    agents_as: tuple[int, ...] = ()
    pieces_as: tuple[int, ...] = ()

    @cached_property
    def drawn(self) -> World:
        sizes = (self.world, self.agents, self.pieces, self.copies, self.per_task)
        return Renamed(*sizes, self.agents_as, self.pieces_as)


@given(exchanges(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_nothing_depends_on_what_agents_and_pieces_are_called(game: Exchange, random: Any) -> None:
    """20: under other numbers the same agents earn the same."""
    game = replace(game, automation=Automation())
    agents_as, pieces_as = list(range(game.agents)), list(range(game.pieces))
    random.shuffle(agents_as)
    random.shuffle(pieces_as)
    fields = {field.name: getattr(game, field.name) for field in dataclass_fields(game)}
    renamed = Elsewhere(**fields, agents_as=tuple(agents_as), pieces_as=tuple(pieces_as))
    paid, other = (played(one, PERFECT).outcome for one in (game, renamed))
    assert paid is not None
    assert other is not None
    assert [other.payoffs[agents_as[agent]] for agent in range(game.agents)] == pytest.approx(list(paid.payoffs))


@given(exchanges(), st.integers(0, 10**6))
@settings(deadline=None, max_examples=30)
def test_to_get_a_piece_never_makes_a_task_incomplete(game: Exchange, seed: int) -> None:
    """24: what is complete stays complete until it is handed in."""
    complete: dict[int, set[int]] = {}
    for state, agent, action, _, result in states(game, seed):
        for other in range(1, game.agents + 1):
            now = set(state.complete(other))
            gone = complete.get(other, set()) - now
            assert gone <= (
                {action[1]} if action[0] == "submit" and result.refused is None and other == agent else set()
            )
            complete[other] = now


def test_the_measure_of_inequality() -> None:
    assert gini([1.0, 1.0, 1.0]) == pytest.approx(0)
    assert gini([0.0, 0.0, 0.0]) is None
    assert gini([0.0, 0.0, 3.0]) == pytest.approx(2 / 3)


@given(exchanges(), st.integers(1, 5))
@settings(deadline=None, max_examples=30)
def test_automating_what_is_done_perfectly_changes_nothing(game: Exchange, world: int) -> None:
    """26: in phases, perfect agents lose nothing to any automation and gain nothing by it."""
    clean = Exchange(world, game.agents, game.rounds, game.pieces, game.per_task, game.open_tasks, copies=game.copies)
    best = tasks(clean, PERFECT)
    assert best == clean.bound
    for side in SIDES:
        assert tasks(replace(clean, automation=Automation((side,))), PERFECT) == best


@given(exchanges(), st.integers(0, 10**6), st.permutations(range(3)))
@settings(deadline=None, max_examples=20)
def test_no_request_reaches_an_agent_that_was_not_meant(game: Exchange, seed: int, order: list[int]) -> None:
    """A public request is heard by the holders of the piece, and by nobody else."""
    state = Watched(game).state
    agent = order[0] % game.agents + 1
    piece = seed % game.pieces + 1
    holders = state.holders(piece)
    result = state.do(agent, ("request", piece, EVERYBODY))
    assert (result.refused == "held_already") == (agent in holders)
    heard = [other for other, inbox in enumerate(state.inbox, start=1) if (agent, piece) in inbox]
    assert heard == ([] if agent in holders else list(holders))
