"""Laws 2, 3 and 5: what changes nothing changes nothing, and in a symmetric game names do not matter."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.decision import Decision, Seats
from comity.core.errors import BadStack
from comity.core.flow import Choices, Decisions, Flow, Game, StageGame, relay, seated, together, told
from comity.core.match import tree
from comity.core.named import Named
from comity.core.outcome import Outcome
from comity.core.space import OneOf
from comity.exact.tree import InformationSet, drawn_at, expected_payoffs
from comity.games.normal_form import NormalForm, Profile
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.mediation import DELEGATE, Mediated
from comity.mechanisms.network import Networked
from comity.mechanisms.noise import Trembling
from comity.mechanisms.repetition import Continued, Repeated
from tests.generators import (
    BASES,
    SMALL,
    Attentive,
    Script,
    bimatrices,
    dilemmas,
    drawable,
    every_entry,
    games,
    keys,
    played,
    stacked,
    stacks,
    stage_games,
    symmetric_games,
)

ENTRIES = every_entry()
everywhere = pytest.mark.parametrize("game", ENTRIES.values(), ids=ENTRIES.keys())


def outcome_of(game: Game, decide: Callable[[Decision[Any]], Any], key: int) -> Outcome:
    outcome = played(game, decide, key)[0].outcome
    assert outcome is not None
    return outcome


@everywhere
def test_one_round_pays_as_the_game_itself(game: Game) -> None:
    once = outcome_of(game, Script(3), 3)
    for wrapped in (Repeated(game, rounds=1), Repeated(game, rounds=1, discount=1), Continued(game, most=1)):
        outcome = outcome_of(wrapped, Script(3), 3)
        assert outcome.payoffs == once.payoffs
        assert [part.outcome for part in outcome.parts] == [once]


@given(stacks(), keys, st.floats(0, 1))
def test_one_round_of_any_stack_pays_as_the_stack(game: Game, key: int, discount: float) -> None:
    once = outcome_of(game, Script(key), key)
    assert outcome_of(Repeated(game, rounds=1, discount=discount), Script(key), key).payoffs == once.payoffs
    assert outcome_of(Continued(game, chance=discount, most=1), Script(key), key).payoffs == once.payoffs


def acting_only(key: int, **others: Any) -> Callable[[Decision[Any]], Any]:
    """Acts by script and never delegates; answers decisions of the other kinds as told, the rest by script."""
    script, acts = Script(key), Script(key + 1)

    def decide(decision: Decision[Any]) -> Any:
        if decision.kind in others:
            return others[decision.kind]
        if decision.kind != "act":
            return script(decision)
        options = tuple(option for option in decision.options if option != DELEGATE)
        return acts(replace(decision, options=OneOf(options)))

    return decide


@given(stage_games() | dilemmas().map(Trembling), keys)
def test_an_empty_contract_and_an_unused_mediator_pay_as_the_game(game: StageGame, key: int) -> None:
    contracted = Contracted(game)
    nothing = (0,) * len(contracted.actions)
    signed = outcome_of(contracted, acting_only(key, propose=nothing, sign=True), 0)
    assert signed.payoffs == game_payoffs(game, signed)
    try:
        mediated = Mediated(game)
    except BadStack:
        return
    unused = outcome_of(mediated, acting_only(key), 0)
    assert unused.payoffs == game_payoffs(game, unused)


def game_payoffs(game: StageGame, outcome: Outcome) -> tuple[float, ...]:
    """What the actions that were executed pay in the base game."""
    base: Any = game
    while isinstance(base, Trembling):
        base = base.base
    return tuple(base.payoffs(outcome.actions))


@given(stage_games(), keys)
def test_an_unsigned_contract_pays_as_the_game(game: StageGame, key: int) -> None:
    outcome = outcome_of(Contracted(game), acting_only(key, sign=False), 0)
    assert outcome.payoffs == game.payoffs(outcome.actions)


@given(dilemmas() | bimatrices(2), st.sampled_from([0.0, 0.25, 0.5, 0.8]), st.integers(1, 3), keys)
def test_a_random_end_pays_on_average_as_discounting_does(game: Game, chance: float, most: int, key: int) -> None:
    decide = Attentive(key)

    def behaviour(within: InformationSet) -> dict[Any, Fraction]:
        decision = within.decision
        return dict(drawn_at(decision)) if decision.player < 0 else {decide(decision): Fraction(1)}

    continued = expected_payoffs(tree(Continued(game, chance=chance, most=most)), behaviour)
    repeated = expected_payoffs(tree(Repeated(game, rounds=most, discount=chance)), behaviour)
    assert [float(value) for value in continued] == pytest.approx([float(value) for value in repeated], abs=1e-12)


def driven(flow: Flow[Any], key: int, see: Callable[[Decision[Any]], Decision[Any]]) -> tuple[list[Decisions], Any]:
    """The decisions that a flow puts when it is answered by script, and its result."""
    script, put = Script(key), []
    try:
        decisions = next(flow)
        while True:
            put.append(tuple(map(see, decisions)))
            decisions = flow.send(tuple(map(script, decisions)))
    except StopIteration as end:
        return put, end.value


def as_it_is(decision: Decision[Any]) -> Decision[Any]:
    return decision


def unseated(decision: Decision[Any]) -> Decision[Any]:
    """The decision without the outermost change of seats, which changes none."""
    if decision.player < 0:
        return decision
    assert decision.sees[0] == Seats(tuple(range(len(decision.sees[0].players))))  # type: ignore[attr-defined]
    return replace(decision, sees=decision.sees[1:])


def unread(decisions: Decisions, choices: Choices) -> Choices:
    return choices


@everywhere
def test_joins_that_change_nothing(game: Game) -> None:
    alone = driven(game.play(), 4, as_it_is)
    put, [result] = driven(together([game.play()]), 4, as_it_is)
    assert (put, result) == alone
    assert driven(seated(game.play(), range(game.n_players)), 4, unseated) == alone
    assert driven(relay(game.play()), 4, as_it_is) == alone
    assert driven(relay(game.play(), as_it_is, unread), 4, as_it_is) == alone
    assert driven(told(game.play()), 4, as_it_is) == alone


@given(st.lists(games(), min_size=1, max_size=3), keys)
def test_side_by_side_each_flow_goes_as_it_goes_alone(several: list[Game], key: int) -> None:
    decide = Attentive(key)

    def answered(flow: Flow[Any]) -> Any:
        try:
            decisions = next(flow)
            while True:
                decisions = flow.send(tuple(map(decide, decisions)))
        except StopIteration as end:
            return end.value

    alone = [answered(game.play()) for game in several]
    assert answered(together([game.play() for game in several])) == alone


def interchangeable() -> st.SearchStrategy[NormalForm]:
    """Stage games whose seats all have the same role."""
    fixed = [game for game in BASES.values() if isinstance(game, NormalForm) and len(set(game.roles)) == 1]
    return st.sampled_from(fixed) | symmetric_games() | dilemmas()


def relabels(game: NormalForm, profile: Profile, order: Sequence[int]) -> bool:
    """Whether the players are paid the same when they sit in each other's seats and play as before."""
    relabelled = game.payoffs(tuple(profile[player] for player in order))
    return relabelled == pytest.approx([game.payoffs(profile)[player] for player in order])


@given(interchangeable(), st.data())
def test_relabelling_the_players_of_a_symmetric_game_relabels_its_payoffs(
    game: NormalForm, data: st.DataObject
) -> None:
    profile = data.draw(st.tuples(*map(st.sampled_from, game.actions)))
    assert relabels(game, profile, data.draw(st.permutations(range(game.n_players))))


@pytest.mark.parametrize("game", [game for game in BASES.values() if isinstance(game, NormalForm)], ids=str)
def test_seats_of_one_role_are_interchangeable_and_others_are_not(game: NormalForm) -> None:
    orders = list(itertools.permutations(range(game.n_players)))
    alike = len(set(game.actions)) == 1 and all(relabels(game, p, order) for p in game.profiles() for order in orders)
    assert alike == (len(set(game.roles)) == 1)


@given(dilemmas(), st.sampled_from(["repetition", "sanctions", "mediation", "contracting", "network"]), keys)
def test_mechanisms_keep_symmetry(game: Game, mechanism: str, key: int) -> None:
    """Equal answers from everybody are paid equally: no mechanism favours a player for its number."""
    stack = stacked(game, mechanism)
    assert stack is not None
    answers: dict[tuple[str, int], Any] = {}

    def decide(decision: Decision[Any]) -> Any:
        asked = len(decision.sees)
        return answers.setdefault((decision.kind, asked), Script(key + asked)(decision))

    payoffs = outcome_of(stack, decide, key).payoffs
    assert payoffs == pytest.approx([payoffs[0]] * len(payoffs))


@given(dilemmas(), st.sampled_from(["ring", "complete"]), st.integers(3, 5), st.data())
def test_turning_a_ring_turns_its_payoffs(game: Named, graph: Any, players: int, data: st.DataObject) -> None:
    network = Networked(game, players=players, graph=graph)  # type: ignore[arg-type]
    profile = data.draw(st.tuples(*(st.sampled_from(network.actions[0]) for _ in range(players))))
    turned = network.payoffs((*profile[1:], profile[0]))
    paid = network.payoffs(profile)
    assert turned == pytest.approx((*paid[1:], paid[0]))


def test_chance_is_drawn_from_what_it_may_draw() -> None:
    for game in ENTRIES.values():
        match, put = played(game, Script(2), 2)
        for decisions, choices in zip(put, match.choices, strict=True):
            for decision, choice in zip(decisions, choices, strict=True):
                if decision.player < 0:
                    assert choice in drawable(decision)
                    assert not decision.sees


def test_small_examples_stand_on_something() -> None:
    assert {name for name in SMALL if stacked(BASES["prisoners_dilemma"], name) is None} == set()


@given(dilemmas(), st.integers(1, 4), keys)
def test_without_an_end_by_chance_play_is_repeated_without_discounting(game: Game, rounds: int, key: int) -> None:
    endless = outcome_of(Continued(game, chance=1, most=rounds), Script(key), key)
    assert len(endless.parts) == rounds
    assert endless.payoffs == pytest.approx(
        [sum(part.outcome.payoffs[seat] for part in endless.parts) / rounds for seat in range(game.n_players)]
    )
