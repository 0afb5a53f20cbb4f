"""Rounds on a graph: what is paid and seen against a second reckoning, parts, ties that change, missing answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from comity.core.chance import Address
from comity.core.decision import NATURE, Decision
from comity.core.errors import BadParameter, BadStack
from comity.core.match import Match, play, replay
from comity.core.outcome import stage_plays
from comity.core.space import Lottery, OneOf
from comity.games.matrix import PrisonersDilemma, TrustGame, WeakPrisonersDilemma
from comity.mechanisms.graphs import degrees_of, lattice, neighbours_of
from comity.mechanisms.neighbourhood import (
    ORDER,
    REWIRE,
    Look,
    Met,
    Neighbourhood,
    Neighbouring,
    Surroundings,
    Tied,
    graphs_of,
)
from comity.mechanisms.presentation import presented
from comity.mechanisms.repetition import Repeated
from comity.metrics.dilemmas import is_social_dilemma
from comity.metrics.ranges import mixed_payoffs, ranges
from tests.generators import Script, played

WEAK = WeakPrisonersDilemma()
C, D = "cooperate", "defect"
COIN = Lottery((C, D), (0.5, 0.5))
LINE = ((0, 1), (1, 2))
"""Node 1 between 0 and 2."""
REWIRED = (("rewired", True),)


def by_turns(*rounds: str) -> Callable[[Decision[Any]], str | None]:
    """Each round as one letter per node: c, d, or - for no answer."""
    meaning = {"c": C, "d": D, "-": None}

    def decide(decision: Decision[Any]) -> str | None:
        seen = decision.fact(Surroundings)
        assert seen is not None
        return meaning[rounds[seen.played][decision.player]]

    return decide


def shown(game: Neighbourhood, decide: Callable[[Decision[Any]], Any], key: int = 0) -> list[tuple[Surroundings, ...]]:
    """What every node was shown, round by round."""
    _, put = played(game, decide, key)
    acts = [step for step in put if step[0].player != NATURE]
    return [tuple(cast(Surroundings, decision.fact(Surroundings)) for decision in step) for step in acts]


def test_nodes_are_paid_by_every_neighbour_and_see_what_these_are_paid_as_if_they_had_as_many() -> None:
    game = Neighbourhood(WEAK, edges=LINE, rounds=2)
    first, second = shown(game, by_turns("ccd", "ccc"))
    assert first == tuple(Surroundings(degree, 0, ()) for degree in (1, 2, 1))
    assert second == (
        Surroundings(1, 1, (Look(0, C, 7.0, (Met(0, C, 7.0 * 1 / 2),)),)),
        Surroundings(2, 1, (Look(0, C, 7.0, (Met(0, C, 14.0), Met(1, D, 20.0))),)),
        Surroundings(1, 1, (Look(0, D, 10.0, (Met(0, C, 3.5),)),)),
    )
    outcome = play(game, by_turns("ccd", "ccc")).outcome
    assert outcome is not None
    assert outcome.payoffs == (7.0, (7 + 14) / 2, (10 + 7) / 2)
    assert [each.rounds for each in stage_plays(outcome)] == [(0,), (1,)]
    assert [each.outcome.payoffs for each in stage_plays(outcome)] == [(7, 7, 10), (7, 14, 7)]


@pytest.mark.parametrize(("tell", "told"), [("sum", (7.0, 10.0)), ("none", (None, None))])
def test_how_a_neighbours_payoff_is_told(tell: Any, told: tuple[float | None, ...]) -> None:
    game = Neighbourhood(WEAK, edges=LINE, rounds=2, shown=tell)
    [look] = shown(game, by_turns("ccd", "ccc"))[1][1].past
    assert tuple(met.payoff for met in look.met) == told


def test_the_mean_is_over_all_neighbours() -> None:
    outcome = play(Neighbourhood(WEAK, edges=LINE, rounds=1, pay="mean", shown="sum"), by_turns("ccd")).outcome
    assert outcome is not None
    assert outcome.payoffs == (7.0, 3.5, 10.0)


def test_a_node_without_an_answer_is_not_there() -> None:
    """Its ties pay nothing on either side, the round is played, and its neighbours see that it had no answer."""
    game = Neighbourhood(WEAK, edges=LINE, rounds=2)
    match = play(game, by_turns("-cd", "ccc"))
    assert match.choices[0] == (None, C, D)
    assert match.outcome is not None
    first = match.outcome.parts[0].outcome
    assert (first.actions, first.payoffs) == ((None, C, D), (0.0, 0.0, 10.0))
    seen = shown(game, by_turns("-cd", "ccc"))[1]
    assert seen[1].past[0].met == (Met(0, None, 0.0), Met(1, D, 20.0))
    assert seen[0].past[0] == Look(0, None, 0.0, (Met(0, C, 0.0),))
    assert replay(game, match.choices).outcome == match.outcome


def test_a_missing_answer_is_in_the_space_and_nowhere_listed() -> None:
    space: OneOf[str] = OneOf((C, D), missable=True)
    assert None in space
    assert None not in OneOf((C, D))
    assert (list(space), len(space), space.schema()) == ([C, D], 2, {"enum": [C, D]})
    assert {space.draw(Address(1, step, 0)) for step in range(50)} == {C, D}
    assert None in space | "delegate"
    assert space != OneOf((C, D))


def test_neighbours_are_shown_inside_the_memory() -> None:
    game = Neighbourhood(WEAK, edges=LINE, rounds=5, memory=2)
    last = shown(game, by_turns("ccc", "cdc", "ddd", "dcd", "ccc"))[-1][0]
    assert (last.played, [look.round for look in last.past], [look.met[0].action for look in last.past]) == (
        4,
        [2, 3],
        [D, C],
    )


def reckoned(game: Neighbourhood, match: Match) -> list[tuple[float, ...]]:
    """What every round pays, from the graphs and the choices alone."""
    acts = [choices for choices in match.choices if len(choices) > 1]
    pays = {(C, C): 7.0, (C, D): 0.0, (D, C): 10.0, (D, D): 0.0}
    found = []
    for tied, actions in zip(graphs_of(game, match), acts, strict=True):
        around = neighbours_of(tied.edges, game.n_players)
        found.append(
            tuple(sum(pays.get((actions[i], actions[j]), 0.0) for j in others) for i, others in enumerate(around))
        )
    return found


def at_times(decision: Decision[Any]) -> Lottery[str] | None:
    """A coin that has no answer in some rounds, in one of them nowhere."""
    seen = cast(Surroundings, decision.fact(Surroundings))
    return None if seen.played == 4 or (decision.player + seen.played) % 5 == 0 else COIN


@pytest.mark.parametrize(
    "fields", [{}, {"rewired": True}, {"order": "shuffled"}, {"order": "shuffled", "rewired": True}]
)
def test_who_met_whom_is_recovered_from_the_record_alone(fields: dict[str, Any]) -> None:
    game = Neighbourhood(WEAK, graph="scale_free", size=(40, 2, 8), graph_word=3, rounds=6, **fields)
    match = play(game, at_times, 9)
    assert match.outcome is not None
    assert [part.outcome.payoffs for part in match.outcome.parts] == reckoned(game, match)
    assert match.outcome.parts[4].outcome.payoffs == (0.0,) * 40
    graphs = graphs_of(game, match.choices)
    assert [(tied.part, tied.round) for tied in graphs] == [(0, round) for round in range(6)]
    assert all(degrees_of(tied.edges, 40) == game.degrees for tied in graphs)
    assert len({tied.edges for tied in graphs}) == (6 if game.rewired else 1)
    kinds = {put[0].kind for put in played(game, lambda _: C, 9)[1] if put[0].player == NATURE}
    assert kinds == ({REWIRE} if game.rewired else set()) | ({ORDER} if game.order == "shuffled" else set())


def test_a_node_is_shown_those_that_it_met_in_the_round_just_played() -> None:
    """In any order: the actions and payoffs shown are those of its neighbours of that round, on that round's graph."""
    for order in ("fixed", "shuffled"):
        game = Neighbourhood(WEAK, graph="scale_free", size=(16, 2, 5), rounds=5, rewired=True, order=order)
        match, put = played(game, Script(3, mixes=True), 3)
        graphs, acts = graphs_of(game, match), [choices for choices in match.choices if len(choices) > 1]
        views = [step for step in put if step[0].player != NATURE]
        for round, step in enumerate(views[1:]):
            around = neighbours_of(graphs[round].edges, 16)
            paid = reckoned(game, match)[round]
            for decision in step:
                own = game.degrees[decision.player]
                [look] = cast(Surroundings, decision.fact(Surroundings)).past
                told = [(met.action, met.payoff) for met in look.met]
                acted = [
                    (acts[round][other], paid[other] * own / game.degrees[other]) for other in around[decision.player]
                ]
                assert [met.neighbour for met in look.met] == list(range(own))
                assert Counter(told) == Counter(acted)
                assert order == "shuffled" or told == acted


def test_parts_follow_one_another_with_and_without_what_was_before() -> None:
    parts = ((("rounds", 2),), (*REWIRED, ("rounds", 3)))
    for carry_over in (True, False):
        game = Neighbourhood(WEAK, size=(3, 3), parts=parts, carry_over=carry_over, horizon="announced")
        match, put = played(game, Script(1), 4)
        assert match.outcome is not None
        plays = list(stage_plays(match.outcome))
        assert [each.rounds for each in plays] == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
        assert graphs_of(game, match)[2] == Tied(1, 0, lattice(3, 3))
        total = [sum(each.outcome.payoffs[node] for each in plays) / 5 for node in range(9)]
        assert match.outcome.payoffs == pytest.approx(total, rel=1e-12)
        acts = [step[0] for step in put if step[0].player != NATURE]
        told = [decision.fact(Neighbouring) for decision in acts]
        counted = (5, 5) if carry_over else (2, 3)  # an announced number is one to which the rounds played can grow
        assert [(rule.rounds, rule.rewired) for rule in told if rule] == (
            [(counted[0], False)] * 2 + [(counted[1], True)] * 3
        )
        seen = [cast(Surroundings, decision.fact(Surroundings)) for decision in acts]
        assert [each.played for each in seen] == ([0, 1, 2, 3, 4] if carry_over else [0, 1, 0, 1, 2])
        assert [len(each.past) for each in seen] == ([0, 1, 1, 1, 1] if carry_over else [0, 1, 0, 1, 1])


def test_a_recorded_sequence_is_replayed_and_nothing_drawn() -> None:
    sequence = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
    game = Neighbourhood(WEAK, sequence=sequence, rewired=True, rounds=3)
    match = play(game, by_turns("ccdd", "ccdd", "ccdd"))
    assert match.outcome is not None
    assert [part.outcome.payoffs for part in match.outcome.parts] == [(7, 7, 0, 0), (0, 0, 10, 10), (0, 0, 10, 10)]
    assert [tied.edges for tied in graphs_of(game)] == list(sequence)


def test_graphs_are_found_under_other_mechanisms() -> None:
    inside = Neighbourhood(WEAK, size=(3, 3), rounds=3, rewired=True)
    told = presented(Repeated(inside, rounds=2), options="random", question="random")
    match = play(told, Script(5), 8)
    graphs = graphs_of(told, match)
    assert [(tied.part, tied.round) for tied in graphs] == [(0, round) for _ in range(2) for round in range(3)]
    assert graphs[0].edges == graphs[3].edges == inside.links
    assert len({tied.edges for tied in graphs}) == 5
    with pytest.raises(BadParameter, match="PrisonersDilemma has no neighbourhood"):
        graphs_of(PrisonersDilemma())


def test_what_can_be_paid_and_what_is_paid_on_average() -> None:
    game = Neighbourhood(WEAK, edges=LINE, parts=((("rounds", 2),), (*REWIRED, ("rounds", 1))))
    assert [(one.low, one.high, len(one.seats)) for one in ranges(game)] == [(0, 10, 3), (0, 20, 3), (0, 10, 3)]
    mixed = [{node: {C: share, D: 1 - share}} for node, share in enumerate((1.0, 0.5, 0.0))]
    still = Neighbourhood(WEAK, edges=LINE, rounds=1)
    expected = (0.5 * 7, 0.5 * 7 + 0.5 * 10, 0.5 * 10)
    assert mixed_payoffs(still, mixed) == pytest.approx(expected)
    rewired = Neighbourhood(WEAK, size=(4, 4), rounds=9, rewired=True)
    alike = [{node: {C: 0.3, D: 0.7}} for node in range(16)]
    assert mixed_payoffs(rewired, alike) == pytest.approx([4 * (0.3 * 0.3 * 7 + 0.7 * 0.3 * 10)] * 16)


def test_it_is_a_dilemma_where_its_base_is() -> None:
    assert is_social_dilemma(Neighbourhood(WEAK))
    assert Neighbourhood(WEAK).scale.high == 28
    assert Neighbourhood(WEAK, pay="mean", shown="sum").scale.high == 7
    assert Neighbourhood(WEAK).roles == ("player",) * 625


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: Neighbourhood(cast(Any, TrustGame())), BadStack, "a neighbourhood needs interchangeable seats"),
        (lambda: Neighbourhood(cast(Any, Repeated(WEAK))), BadStack, "a neighbourhood stands on a base game"),
        (lambda: Neighbourhood(WEAK, graph="tree"), BadParameter, "graph must be one of lattice, moore"),
        (lambda: Neighbourhood(WEAK, edges=((0, 2),)), BadParameter, "player 1 has no neighbour"),
        (lambda: Neighbourhood(WEAK, edges=((0, 0),)), BadParameter, r"the edge \[0, 0\] does not join two"),
        (lambda: Neighbourhood(WEAK, edges=((0, 1), (1, 0))), BadParameter, r"the edge \[0, 1\] stands there twice"),
        (lambda: Neighbourhood(WEAK, edges=((0, 10**9),)), BadParameter, "a graph has 1,000 nodes at most"),
        (lambda: Neighbourhood(WEAK, rounds=0), BadParameter, "the number of rounds must be 1 to 10,000, not 0"),
        (lambda: Neighbourhood(WEAK, horizon=cast(Any, "chance")), BadParameter, 'must be "hidden" or "announced"'),
        (lambda: Neighbourhood(WEAK, shown=cast(Any, "all")), BadParameter, 'must be "normalised", "sum" or "none"'),
        (lambda: Neighbourhood(WEAK, graph_word=-1), BadParameter, "graph_word must be 0 to 2"),
        (lambda: Neighbourhood(WEAK, pay="mean"), BadParameter, "nothing to rescale"),
        (lambda: Neighbourhood(WEAK, memory=cast(Any, -1)), BadParameter, "memory must be 0 or more rounds"),
        (lambda: Neighbourhood(WEAK, parts=((("steps", 2),),)), BadParameter, "part 1 has the field 'steps'"),
        (lambda: Neighbourhood(WEAK, parts=((("rounds", True),),)), BadParameter, "rounds of part 1 must be a whole"),
        (lambda: Neighbourhood(WEAK, sequence=(LINE,)), BadParameter, "a sequence of graphs needs rewired = true"),
        (
            lambda: Neighbourhood(WEAK, sequence=(LINE,), rewired=True, rounds=2),
            BadParameter,
            "the sequence has 1 graphs, and 2 rounds need one each",
        ),
        (
            lambda: Neighbourhood(WEAK, sequence=(LINE, ((0, 1), (0, 2))), rewired=True, rounds=2),
            BadParameter,
            "graph 1 of the sequence has other degrees than the graph",
        ),
        (
            lambda: Neighbourhood(WEAK, sequence=(LINE, ((0, 1), (0, 1))), rewired=True, rounds=2),
            BadParameter,
            r"graph 1 of the sequence: the edge \[0, 1\] stands there twice",
        ),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        make()


def test_a_player_sees_nothing_of_those_that_are_no_neighbours() -> None:
    """Whatever the others do, what a node sees is the same as long as its neighbours and their pay are."""
    game = Neighbourhood(WEAK, graph="ring", size=(8, 2), rounds=2)

    def seen(actions: Sequence[str]) -> tuple[object, ...]:
        return shown(game, by_turns("".join(actions), "c" * 8))[1][0].past

    assert seen("cccccccc") == seen("cccddccc")
    assert seen("cccccccc") != seen("ccdddccc")  # its neighbour's neighbour, which the payoff of that tells
