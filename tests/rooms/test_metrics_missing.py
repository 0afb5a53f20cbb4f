"""What is missing: bounds that hold what would have been played, and conventions held to closed forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from math import fsum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.chance import Address, stream_key
from comity.core.decision import Decision
from comity.core.flow import Flow, Game
from comity.core.match import play, tree
from comity.core.outcome import Outcome
from comity.core.space import Integer
from comity.exact.strategic_form import StrategicForm
from comity.exact.tree import leaves
from comity.games.matrix import BattleOfTheSexes, MatchingPennies, PrisonersDilemma, StagHunt, TrustGame
from comity.games.sequential import SequentialTrustGame
from comity.games.symmetric import PublicGoods
from comity.mechanisms.belief import Informed
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.network import Networked, PerEdge
from comity.mechanisms.noise import Misperceived, Trembling
from comity.mechanisms.observation import Observed
from comity.mechanisms.prediction import Predicted
from comity.mechanisms.repetition import Continued, Repeated
from comity.mechanisms.sanctions import Sanctioned
from comity.mechanisms.talk import CheapTalk
from comity.metrics import MetricError, table, with_unplayed
from comity.metrics.cells import cells_by_label
from comity.metrics.missing import BOUNDED, CONVENTIONS, Convention, bounds, filled, forfeits, unbounded
from comity.metrics.ranges import Mixed, actions_of, mixed_payoffs, ranges
from comity.records.record import Failure, Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.tables import Tables, tables

AGENTS = ("one", "two")
STACKS: Mapping[str, tuple[Spec, ...]] = {
    "none": (),
    "repetition": (Spec.of("repetition", {"rounds": 3, "discount": 0.7}),),
    "until": (Spec.of("random_continuation", {"chance": 0.6, "most": 4}),),
    "mediation": (Spec.of("mediation"),),
    "contracting": (Spec.of("contracting", {"low": -2, "high": 2}),),
    "sanctions": (Spec.of("sanctions", {"reward": 1}),),
    "trembling": (Spec.of("execution_noise", {"noise": 0.3}),),
}


def cell(game: str, mechanism: str) -> Cell:
    if mechanism == "reputation":
        population = len(AGENTS) * Cell(game, "none", Spec.of(game)).built.n_players
        return Cell(game, mechanism, Spec.of(game), (Spec.of(mechanism, {"population": population, "rounds": 2}),))
    if mechanism == "ring":
        return Cell(game, mechanism, Spec.of(game), (Spec.of("network_per_edge", {"players": 4}),))
    return Cell(game, mechanism, Spec.of(game), STACKS[mechanism])


GAMES = ("prisoners_dilemma", "trust_game", "public_goods")
CELLS = [
    *(cell(game, mechanism) for mechanism, game in product(STACKS, GAMES)),
    *(cell(game, mechanism) for mechanism, game in product(("reputation", "ring"), ("stag_hunt", "trust_game"))),
    Cell("in turn", "none", Spec.of("trust_game_sequential")),
]


def any_of(decision: Decision[Any], address: Address) -> Any:
    """Anything the player may choose."""
    options = list(decision.options)
    return options[int(address.uniform() * len(options))]


def at_random(spec: MatchSpec, seed: int) -> Record:
    key = spec.key(seed)
    asked = iter(range(10**6))
    match = play(spec.cell.built, lambda decision: any_of(decision, Address(key, next(asked), 1_000)), key)
    assert match.outcome is not None
    return Record(spec, "finished", tuple(match.choices), match.lotteries, match.outcome.payoffs)


def design(cells: Sequence[Cell], replicates: Sequence[str] = ("1", "2")) -> Iterator[MatchSpec]:
    index = 0
    for of, replicate in product(cells, replicates):
        seats = of.built.n_players
        everybody = [tuple(AGENTS[player * 2 // seats] for player in range(seats))]
        for agents in product(AGENTS, repeat=seats) if seats < 4 else everybody:
            yield MatchSpec(index, of, tuple(agents), replicate)
            index += 1


def forfeited(record: Record, kind: str = "act", player: int = 0) -> Record:
    return Record(record.match, "forfeited", failure=Failure(player, 0, player, kind, "no answer"))


def lost(records: Sequence[Record], fates: Sequence[str]) -> Tables:
    """The tables of what is left of these matches."""
    kept, unplayed = [], []
    for record, fate in zip(records, fates, strict=True):
        if fate == "kept":
            kept.append(record)
        elif fate == "payoffs":
            kept.append(Record(record.match, "payoffs_only", payoffs=record.payoffs))
        elif fate == "unplayed":
            unplayed.append(record.match)
        else:
            kept.append(forfeited(record, fate, record.match.index % 2))
    return with_unplayed(tables(kept, decisions=False), unplayed)


FATES = ("kept", "kept", "payoffs", "unplayed", "act", "propose")


# Bounds


def test_nothing_missing_is_nothing_filled() -> None:
    found = tables((at_random(spec, 1) for spec in design(CELLS)), decisions=False)
    for convention in CONVENTIONS:
        assert filled(found, CELLS, convention) is found
    for metric in BOUNDED:
        values = {(row["mechanism"], row["game"]): row["value"] for row in table(found, metric, KEYS[0]).rows}
        assert bounds(found, CELLS, metric, KEYS[0]) == {key: (value, value) for key, value in values.items()}


KEYS = (("mechanism", "game"), ("game", "agent"), ("mechanism", "game", "role", "replicate"))


def values(found: Tables, metric: str, by: Sequence[str]) -> dict[tuple[str, ...], float]:
    """The rows that have a value: on a network nobody acts in the role that an outcome is of."""
    rows = table(found, metric, by).rows
    return {tuple(row[key] for key in by): row["value"] for row in rows if row["value"] is not None}


@pytest.mark.slow
@settings(max_examples=15)
@given(st.integers(0, 2**32), st.data())
def test_the_bounds_hold_what_was_played_and_every_convention(seed: int, data: st.DataObject) -> None:
    taken = data.draw(st.lists(st.sampled_from(CELLS), min_size=1, max_size=3, unique=True))
    records = [at_random(spec, seed) for spec in design(taken)]
    fates = [FATES[Address(stream_key(seed, index), 0, 0).order(len(FATES))[0]] for index in range(len(records))]
    whole, left = tables(records, decisions=False), lost(records, fates)
    metric, by = data.draw(st.sampled_from(BOUNDED)), data.draw(st.sampled_from(KEYS))
    ends = bounds(left, CELLS, metric, by)
    truth = values(whole, metric, by)
    assert set(truth) == set(ends)
    for found in (truth, *(values(filled(left, CELLS, convention), metric, by) for convention in CONVENTIONS)):
        for key, (low, high) in ends.items():
            assert key not in found or low - 1e-9 <= found[key] <= high + 1e-9


def test_with_everything_missing_the_bounds_are_those_of_the_rules() -> None:
    records = [at_random(spec, 1) for spec in design([cell("trust_game", "none")])]
    left = lost(records, ["act"] * len(records))
    assert bounds(left, CELLS, "payoff", ("role",), ["trust_game"]) == {("truster",): (0, 10), ("trustee",): (2, 20)}
    assert bounds(left, CELLS, "cooperation", ("mechanism",)) == {("none",): (0, 1)}


def test_only_what_rises_with_payoffs_or_cooperation_is_bounded() -> None:
    found = tables((at_random(spec, 1) for spec in design([cell("stag_hunt", "none")])), decisions=False)
    assert bounds(found, CELLS, "fitness") == {}


def test_payments_without_bounds_are_left_out_and_that_is_said() -> None:
    free = Cell("pd", "free", Spec.of("prisoners_dilemma"), (Spec.of("contracting"),))
    spec = MatchSpec(0, free, AGENTS)
    left = with_unplayed(tables([]), [spec])
    assert bounds(left, [free], "payoff", ("game",)) == {("pd",): (0, 3)}
    assert list(unbounded(left, [free])) == [
        "contracts may pay any sum in free on pd: the bounds there leave such payments out"
    ]
    bounded = cell("prisoners_dilemma", "contracting")
    assert list(unbounded(with_unplayed(tables([]), [MatchSpec(0, bounded, AGENTS)]), [bounded])) == []


# Conventions


def dilemmas(*played: tuple[str, str]) -> list[Record]:
    """One prisoner's dilemma between "one" and "two" for each pair of actions."""
    of = cell("prisoners_dilemma", "none")
    paid = [PrisonersDilemma().payoffs(profile) for profile in played]
    return [Record(MatchSpec(i, of, AGENTS), "finished", (played[i],), {}, paid[i]) for i in range(len(played))]


SEEN = dilemmas(("cooperate", "cooperate"), ("cooperate", "defect"), ("defect", "defect"), ("defect", "defect"))
"""Here agent "one" cooperates half the time and agent "two" a quarter of the time."""


def put(left: Tables, convention: Convention, match: int) -> tuple[list[float], list[float]]:
    """The payoffs and the cooperation rates that are put there."""
    found = filled(left, [*CELLS, cell("stag_hunt", "repetition")], convention)
    of = [frame[frame["match"] == match] for frame in (found.outcomes, found.plays)]
    return of[0]["payoff"].tolist(), of[1]["cooperated"].tolist()


@pytest.mark.parametrize(
    ("convention", "own", "payoffs"),
    [("cooperation", 1.0, (0.5, 2.75)), ("defection", 0.0, (1.5, 0.75)), ("random", 0.5, (1.0, 1.75))],
)
def test_who_fails_does_as_assumed_and_its_partner_as_usual(
    convention: Convention, own: float, payoffs: tuple[float, float]
) -> None:
    """Against one who cooperates a quarter of the time, cooperating pays 2 p and defecting 1 + 2 p."""
    left = tables([*SEEN, Record(MatchSpec(4, SEEN[0].match.cell, AGENTS), "forfeited", failure=FAILED)])
    paid, cooperated = put(left, convention, 4)
    assert paid == pytest.approx(payoffs)
    assert cooperated == [own, 0.25]


FAILED = Failure(0, 0, 0, "act", "no answer")


@pytest.mark.parametrize(
    ("convention", "each", "paid"), [("cooperation", 1, 2), ("defection", 0, 1), ("random", 0.5, 1.5)]
)
@pytest.mark.parametrize("kind", ["propose", "unplayed"])
def test_where_no_act_failed_all_do_as_assumed(convention: Convention, each: float, paid: float, kind: str) -> None:
    spec = MatchSpec(4, SEEN[0].match.cell, AGENTS)
    known = tables(SEEN) if kind == "unplayed" else tables([*SEEN, forfeited(Record(spec, "forfeited"), kind)])
    left = with_unplayed(known, [spec] if kind == "unplayed" else [])
    assert put(left, convention, 4) == ([paid, paid], [each, each])


def test_a_partner_who_was_never_seen_there_does_anything() -> None:
    of = cell("stag_hunt", "repetition")
    left = tables([Record(MatchSpec(0, of, AGENTS), "forfeited", failure=FAILED)])
    assert put(left, "cooperation", 0) == ([2.5, 4.0], [1.0] * 3 + [0.5] * 3)


def test_scores_follow_payoffs_and_the_rest_stays() -> None:
    left = tables([*SEEN, Record(MatchSpec(4, SEEN[0].match.cell, AGENTS), "forfeited", failure=FAILED)])
    found = filled(left, CELLS, "highest")
    assert found.outcomes["score"].tolist() == [payoff - 1 for payoff in found.outcomes["payoff"]]
    assert found.outcomes["status"].equals(left.outcomes["status"])
    assert found.matches is left.matches
    assert found.plays["action"].tolist()[:-2] == left.plays["action"].tolist()
    assert found.plays["action"].isna().tolist() == [False] * 8 + [True] * 2


def test_what_was_lost_and_not_failed_is_filled_in_bounds_only() -> None:
    left = lost(SEEN, ["kept"] * 3 + ["payoffs"])
    assert filled(left, CELLS, "cooperation") is left
    assert put(left, "highest", 3) == ([1.0, 1.0], [1.0, 1.0])
    assert filled(left, CELLS, "highest").outcomes["payoff"].equals(left.outcomes["payoff"])


def test_where_nothing_cooperates_a_match_stays_missing() -> None:
    of = Cell("mp", "none", Spec.of("matching_pennies"))
    left = with_unplayed(tables([]), [MatchSpec(0, of, AGENTS)])
    assert filled(left, [of], "cooperation").outcomes["payoff"].isna().all()
    assert filled(left, [of], "random").outcomes["payoff"].tolist() == [0, 0]
    assert filled(left, [of], "random").plays.empty
    assert bounds(left, [of], "payoff") == {("none",): (-1, 1)}


def test_a_match_is_filled_with_as_many_plays_as_was_usual() -> None:
    of = cell("prisoners_dilemma", "until")
    known = [at_random(spec, 3) for spec in design([of], ("1", "2", "3"))]
    played = tables(known, decisions=False)
    left = with_unplayed(played, [MatchSpec(99, of, AGENTS)])
    usual = round(played.matches["plays"].mean())
    assert 1 < usual < 4
    for convention, plays in (("random", usual), ("lowest", 4)):
        found = filled(left, [of], convention).plays  # type: ignore[arg-type]
        assert (found["match"] == 99).sum() == 2 * plays


def test_questions_are_refused_in_a_sentence() -> None:
    left = with_unplayed(tables([]), [MatchSpec(0, cell("stag_hunt", "none"), AGENTS)])
    with pytest.raises(MetricError, match="no convention 'kindness'; there are lowest, highest, cooperation"):
        filled(left, CELLS, "kindness")  # type: ignore[arg-type]
    with pytest.raises(MetricError, match="the rules of none on stag_hunt cannot be told"):
        filled(left, [], "random")
    with pytest.raises(MetricError, match="none on pd is not the same game in all runs"):
        cells_by_label([Cell("pd", "none", Spec.of("stag_hunt")), Cell("pd", "none", Spec.of("chicken"))])


# Who forfeits


def test_forfeits_are_counted_by_agent() -> None:
    records = [at_random(spec, 1) for spec in design([cell("prisoners_dilemma", "none")], ("1",))]
    # matches: one-one, one-two, two-one, two-two
    records[1], records[3] = forfeited(records[1], player=1), forfeited(records[3], player=0)
    found = forfeits(with_unplayed(tables(records), [MatchSpec(9, records[0].match.cell, AGENTS)]))
    rows = found.set_index("agent")[["matches", "forfeited", "share", "failures"]].to_dict("index")
    assert rows == {
        "one": {"matches": 3, "forfeited": 1, "share": pytest.approx(1 / 3), "failures": 0},
        "two": {"matches": 3, "forfeited": 2, "share": pytest.approx(2 / 3), "failures": 2},
    }
    [low, high] = found[found["agent"] == "one"][["low", "high"]].to_numpy()[0]
    assert 1 - (1 - low) ** 3 == pytest.approx(0.025)  # the tails of one in three, worked out by hand
    assert (1 - high) ** 3 + 3 * high * (1 - high) ** 2 == pytest.approx(0.025)


def test_without_matches_nobody_forfeits() -> None:
    assert forfeits(tables([])).empty


# What the rules can pay

SMALL: list[Game] = [
    PrisonersDilemma(),
    TrustGame(),
    SequentialTrustGame(),
    PublicGoods(players=3),
    Repeated(StagHunt(), 2),
    Repeated(Mediated(TrustGame()), 1),
    Continued(MatchingPennies(), 0.5, 3),
    Continued(MatchingPennies(), 0, 3),
    Continued(PrisonersDilemma(), 1, 2),
    Sanctioned(PrisonersDilemma(), reward=1),
    Trembling(TrustGame(), 0.2),
    Misperceived(TrustGame(), 0.2),
    CheapTalk(StagHunt(), messages=("yes", "no")),
    Networked(PrisonersDilemma(), players=3, graph="star"),
    PerEdge(TrustGame(), players=3, graph="star", pay="sum"),
    PerEdge(BattleOfTheSexes(), players=3),
    Rotated(TrustGame(), 2, 2),
    StrategicForm(SequentialTrustGame()),
    Predicted(TrustGame()),
    Informed(Repeated(Predicted(TrustGame(), (2,)), 2)),
    Observed(TrustGame(), (("give", "keep"), ("keep", "keep"), ("give", "give"))),
]


@pytest.mark.parametrize("game", SMALL, ids=str)
def test_ranges_are_attained_and_never_left(game: Game) -> None:
    """Held to every way these games can end."""
    ends = [leaf.outcome.payoffs for leaf in leaves(tree(game))]
    for player, one in enumerate(ranges(game)):
        paid = [payoffs[player] for payoffs in ends]
        assert one.low <= min(paid) + 1e-12
        assert one.high >= max(paid) - 1e-12
        if not isinstance(game, Continued):  # whose longest match is not its last round alone
            assert (min(paid), max(paid)) == pytest.approx((one.low, one.high))


def answered(answers: Mapping[str, Any], decision: Decision[Any]) -> Any:
    """What is answered to that kind of decision; for acts, one for each player."""
    answer = answers[decision.kind]
    return answer[decision.player] if decision.kind == "act" else answer


def test_two_payments_of_a_contract_may_be_as_far_apart_as_its_bounds() -> None:
    game = Contracted(TrustGame(), -1, 2)
    for offered, profile in (((2, -1), ("keep", "give")), ((-1, 2), ("give", "keep"))):
        answers: dict[str, Any] = {"propose": offered, "approve": (True, True), "sign": True}
        outcome = play(game, partial(answered, answers | {"act": profile})).outcome
        assert outcome is not None
        for one, paid in zip(ranges(game), outcome.payoffs, strict=True):
            assert one.low <= paid <= one.high
    assert ranges(game)[0].low == -3  # 0 for giving to one who keeps, and 3 to pay


def test_many_interchangeable_seats_are_listed_by_how_many_do_what() -> None:
    one = ranges(PublicGoods(players=40, multiplier=2))[7]
    assert (one.low, one.high) == pytest.approx((2 / 40, 1 + 2 * 39 / 40))


def test_a_game_without_a_list_of_ends_is_refused() -> None:
    class Endless:
        n_players = 1
        rules = ()
        roles, cooperative, defective = ("player",), (None,), (None,)

        def play(self) -> Flow[Outcome]:
            yield (Decision(0, "act", Integer()),)
            return Outcome((0.0,))

    with pytest.raises(MetricError, match="what Endless can pay is not listed"):
        ranges(Endless())


# What they pay players who mix


def lotteries(game: Any, shares: Sequence[float]) -> list[Mixed]:
    """Each player plays the first action of any seat with that share."""
    return [
        {seat: {one[0]: share, one[-1]: 1 - share} for seat, one in enumerate(actions_of(game))} for share in shares
    ]


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_neighbours_who_mix_are_paid_the_sum_over_all_profiles(shares: list[float]) -> None:
    game = Networked(StagHunt(), players=4, graph="star")
    expected = [0.0] * 4
    for profile in product(*game.actions):
        chance = 1.0
        for action, share in zip(profile, shares, strict=True):
            chance *= share if action == "stag" else 1 - share
        expected = [e + chance * paid for e, paid in zip(expected, game.payoffs(profile), strict=True)]
    assert mixed_payoffs(game, lotteries(game, shares)) == pytest.approx(expected)


def test_in_a_population_one_meets_the_average_of_the_others() -> None:
    """Two trusters, who give with 1 and with 0.5, and two trustees, who give back with 0 and with 1."""
    paid = mixed_payoffs(Repeated(Rotated(TrustGame(), 4, 3), 2), lotteries(TrustGame(), (1, 0, 0.5, 1)))
    gives, keeps = fsum((0.5 * 0, 0.5 * 10)), fsum((0.5 * 4, 0.5 * 6))
    assert paid == pytest.approx((gives, 0.75 * 20 + 0.25 * 4, (gives + keeps) / 2, 0.75 * 10 + 0.25 * 2))


def test_each_edge_pays_the_seats_at_its_ends() -> None:
    """In a line of three the one in the middle is trustee of the first and truster of the last."""
    line = PerEdge(TrustGame(), players=3, edges=((0, 1), (1, 2)))
    paid = mixed_payoffs(line, [{0: {"give": 1.0}}, {0: {"give": 1.0}, 1: {"keep": 1.0}}, {1: {"keep": 1.0}}])
    assert paid == pytest.approx((0, (20 + 0) / 2, 20))


def test_games_in_turn_pay_by_what_was_played() -> None:
    game = SequentialTrustGame()
    shares = lotteries(game, (0.3, 0.6))
    assert mixed_payoffs(game, shares) == pytest.approx(mixed_payoffs(game.at_once, shares))


def test_missing_scores_stay_so_where_a_game_has_no_scale() -> None:
    flat = Cell(
        "flat", "none", Spec.of("matrix", {"first_actions": ["a"], "second_actions": ["a"], "cells": [[[1, 1]]]})
    )
    left = with_unplayed(tables([]), [MatchSpec(0, flat, AGENTS)])
    found = filled(left, [flat], "highest").outcomes
    assert found["payoff"].tolist() == [1, 1]
    assert found["score"].isna().all()
