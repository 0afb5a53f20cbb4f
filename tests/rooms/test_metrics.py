"""Metrics: hand-made tables with known answers, whole tournaments with exact identities, and questions refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from math import nan
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.match import play
from comity.games.matrix import BattleOfTheSexes, Chicken, MatchingPennies, PrisonersDilemma, StagHunt, TrustGame
from comity.games.normal_form import NormalForm
from comity.games.sequential import SequentialTrustGame
from comity.games.symmetric import PublicGoods
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.repetition import round_weights
from comity.metrics import (
    METRICS,
    MetricError,
    ResultTable,
    is_social_dilemma,
    social_dilemmas,
    table,
    told_apart,
    with_unplayed,
)
from comity.records.record import Failure, Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.tables import Tables, joined, tables
from tests.corpora.identities import frequencies

GAMES = ("prisoners_dilemma", "public_goods", "travellers_dilemma", "trust_game", "stag_hunt", "matching_pennies")
AGENTS = ("one", "two")
STACKS: dict[str, tuple[Spec, ...]] = {
    "none": (),
    "repetition": (Spec.of("repetition", {"rounds": 3, "discount": 0.7}),),
    "mediation": (Spec.of("mediation"),),
    "contracting": (Spec.of("contracting", {"low": -3, "high": 3}),),
}
WEIGHTS = {**dict.fromkeys(STACKS, (1.0,)), "repetition": round_weights(3, 0.7), "reputation": round_weights(3, 0.7)}


def cell(game: str, mechanism: str) -> Cell:
    base = Cell(game, mechanism, Spec.of(game))
    if mechanism != "reputation":
        return Cell(game, mechanism, Spec.of(game), STACKS[mechanism])
    population = len(AGENTS) * base.built.n_players
    return Cell(
        game,
        mechanism,
        Spec.of(game),
        (Spec.of("reputation", {"population": population, "rounds": 3, "discount": 0.7}),),
    )


def at_random(spec: MatchSpec, seed: int) -> Record:
    """The match, played by players who take anything they may, each equally often."""
    key = spec.key(seed)
    asked = iter(range(10**6))

    def decide(decision: Decision[Any]) -> Any:
        options = list(decision.options)
        return options[int(Address(key, next(asked), 1_000).uniform() * len(options))]

    match = play(spec.cell.built, decide, key)
    assert match.outcome is not None
    return Record(spec, "finished", tuple(match.choices), match.lotteries, match.outcome.payoffs)


def design(cells: Iterable[Cell], replicates: Sequence[str] = ("1",)) -> Iterator[MatchSpec]:
    """All agents against all in every seat, or one population of them."""
    index = 0
    for replicate, of in product(replicates, cells):
        seats = of.built.n_players
        population = of.mechanism_label == "reputation"
        everybody = tuple(AGENTS[player * len(AGENTS) // seats] for player in range(seats))
        for agents in [everybody] if population else product(AGENTS, repeat=seats):
            yield MatchSpec(index, of, tuple(agents), replicate)
            index += 1


def played(
    games: Sequence[str], mechanisms: Sequence[str], replicates: Sequence[str] = ("1",), seed: int = 1
) -> Tables:
    cells = [cell(game, mechanism) for mechanism, game in product(mechanisms, games)]
    return tables((at_random(spec, seed) for spec in design(cells, replicates)), decisions=False)


def value(found: ResultTable, *key: str) -> Any:
    [row] = [row for row in found.rows if tuple(row[name] for name in found.by) == key]
    return row["value"]


def resting(row: dict[str, Any]) -> tuple[Any, ...]:
    """The value of a row and what it rests on."""
    return tuple(row[column] for column in ("value", "matches", "replicates", "missing"))


# The average


def outcomes(*rows: tuple[int, str, str, str, str, float]) -> Tables:
    """Tables in which each row (match, game, mechanism, replicate, agent, payoff) is one player of a game for two."""
    seats: dict[int, int] = {}
    listed = []
    for match, game, mechanism, replicate, agent, payoff in rows:
        seat = seats[match] = seats.get(match, -1) + 1
        status = "forfeited" if payoff != payoff else "finished"
        where = {"match": match, "game": game, "mechanism": mechanism, "replicate": replicate}
        who = {"player": seat, "seat": seat, "role": "player", "agent": agent, "status": status}
        listed.append({**where, **who, "payoff": payoff, "score": payoff / 10})
    empty = tables([])
    return Tables(pd.DataFrame(listed).drop_duplicates("match"), pd.DataFrame(listed), empty.plays, empty.decisions)


def test_agents_then_replicates_then_games_weigh_the_same() -> None:
    found = outcomes(
        (0, "a", "m", "1", "x", 10.0),
        (0, "a", "m", "1", "y", 0.0),
        (1, "a", "m", "1", "x", 20.0),
        (1, "a", "m", "1", "x", 0.0),
        (2, "a", "m", "2", "x", 1.0),
        (2, "a", "m", "2", "y", 3.0),
        (3, "b", "m", "1", "y", 6.0),
        (3, "b", "m", "1", "y", 8.0),
    )
    # game a: replicate 1 has x at mean(10, 20, 0) = 10 and y at 0, so 5; replicate 2 has 2; game b has 7
    by_game = table(found, "payoff", ["game"])
    assert (value(by_game, "a"), value(by_game, "b")) == (3.5, 7.0)
    by_mechanism = table(found, "mean", ["mechanism"], ["all"])
    assert list(map(resting, by_mechanism.rows)) == [(pytest.approx(0.525), 4, 2, 0)]
    by_agent = table(found, "payoff", ["game", "agent"])
    assert value(by_agent, "a", "x") == 5.5  # mean of 10 in replicate 1 and 1 in replicate 2
    assert value(by_agent, "b", "y") == 7.0
    assert "averaged, each with equal weight, over agents, then replicates, then games" in by_mechanism.notes


def test_mechanisms_are_averaged_last() -> None:
    found = outcomes((0, "a", "m", "1", "x", 4.0), (1, "a", "n", "1", "x", 0.0), (2, "a", "n", "2", "x", 4.0))
    assert value(table(found, "payoff", ["agent"]), "x") == 3.0


def test_rows_by_one_key_are_ranked_and_thin_ones_come_last() -> None:
    found = outcomes(
        (0, "a", "low", "1", "x", 1.0),
        (1, "b", "low", "1", "x", 1.0),
        (2, "a", "thin", "1", "x", 9.0),
        (3, "a", "high", "1", "x", 5.0),
        (4, "b", "high", "1", "x", 5.0),
    )
    ranked = table(found, "mean", ["mechanism"], ["all"])
    assert [row["mechanism"] for row in ranked.rows] == ["high", "low", "thin"]
    assert "on 1 of 2 games (a) only, and therefore last: thin" in ranked.notes
    listed = table(found, "mean", ["mechanism", "game"])
    keys = [(row["mechanism"], row["game"]) for row in listed.rows]
    assert keys == [("low", "a"), ("low", "b"), ("thin", "a"), ("high", "a"), ("high", "b")]


def test_what_is_missing_is_counted_and_named() -> None:
    found = outcomes(
        (0, "a", "m", "1", "x", nan),
        (0, "a", "m", "1", "y", nan),
        (1, "a", "m", "1", "x", 4.0),
        (2, "a", "n", "1", "x", nan),
    )
    rows = table(found, "payoff", ["mechanism"]).rows
    assert [(row["mechanism"], *resting(row)) for row in rows] == [("m", 4.0, 1, 1, 1), ("n", None, 0, 0, 1)]
    assert "matches without a value: 2 forfeited" in table(found, "payoff", ["mechanism"]).notes
    last = table(found, "payoff", ["agent"]).rows[1]
    assert (last["agent"], *resting(last)) == ("y", None, 0, 0, 1)


def test_welfare_of_a_match_counts_once_whoever_played_it() -> None:
    found = outcomes(
        (0, "a", "m", "1", "x", 10.0),
        (0, "a", "m", "1", "x", 0.0),
        (1, "a", "m", "1", "x", 2.0),
        (1, "a", "m", "1", "y", 2.0),
    )
    assert value(table(found, "welfare", ["mechanism"]), "m") == 7.0
    by_agent = table(found, "welfare", ["agent"])
    assert (value(by_agent, "x"), value(by_agent, "y")) == (8.0, 4.0)


def test_welfare_of_a_match_with_an_unknown_payoff_is_missing() -> None:
    found = outcomes((0, "a", "m", "1", "x", 10.0), (0, "a", "m", "1", "y", nan))
    assert table(found, "welfare", ["mechanism"]).rows[0]["missing"] == 1


# Played tournaments


@pytest.mark.parametrize("mechanism", [*STACKS, "reputation"])
def test_welfare_is_comparable_between_matches_and_populations(mechanism: str) -> None:
    found = played(["public_goods"], [mechanism])
    welfare = value(table(found, "welfare", ["mechanism"]), mechanism)
    assert welfare == pytest.approx(3 * value(table(found, "payoff", ["mechanism"]), mechanism), abs=1e-12)


@settings(max_examples=12)
@given(st.integers(0, 2**32))
def test_the_mean_of_a_whole_tournament_is_a_frequency_of_actions(seed: int) -> None:
    games = GAMES[:4]
    found = played(games, list(WEIGHTS), seed=seed)
    means = table(found, "mean", ["mechanism", "game", "replicate"])
    expected = frequencies(found, WEIGHTS)
    assert len(expected) == len(games) * len(WEIGHTS)
    for key, frequency in expected.items():
        assert value(means, *key) == pytest.approx(frequency, abs=1e-12)


def test_cooperation_is_the_share_of_cooperative_actions() -> None:
    found = played(["trust_game", "stag_hunt"], ["repetition"], ("1", "2"))
    plays = found.plays
    for game in ("trust_game", "stag_hunt"):
        share = plays[plays["game"] == game]["cooperated"].mean()
        assert value(table(found, "cooperation", ["game"]), game) == pytest.approx(float(share), abs=1e-12)
    by_role = table(found, "cooperation", ["game", "role"])
    for role in ("truster", "trustee"):
        shares = plays[plays["role"] == role].groupby(["agent", "replicate"])["cooperated"].mean()
        assert value(by_role, "trust_game", role) == pytest.approx(float(shares.mean()), abs=1e-12)


def test_cooperation_where_no_action_means_that_is_neither_a_value_nor_missing() -> None:
    found = played(["prisoners_dilemma", "matching_pennies"], ["none"])
    result = table(found, "cooperation", ["game"])
    [pennies] = [row for row in result.rows if row["game"] == "matching_pennies"]
    assert resting(pennies) == (None, 0, 0, 0)
    assert "cooperation rate is not defined in matching_pennies" in result.notes


def test_matches_without_plays_are_missing_for_cooperation_only() -> None:
    specs = list(design([cell("prisoners_dilemma", "none")]))
    kept, lost, given_up, unplayed = specs
    records = [
        at_random(kept, 1),
        Record(lost, "payoffs_only", payoffs=(2.0, 2.0)),
        Record(given_up, "forfeited", failure=Failure(0, 0, 0, "act", "it said nothing")),
    ]
    found = with_unplayed(tables(records, decisions=False), [unplayed])
    [cooperation] = table(found, "cooperation", ["mechanism"]).rows
    [mean] = table(found, "mean", ["mechanism"]).rows
    assert (cooperation["matches"], cooperation["missing"]) == (1, 3)
    assert (mean["matches"], mean["missing"]) == (2, 2)
    notes = table(found, "cooperation", ["mechanism"]).notes
    assert "matches without a value: 1 known by their payoffs only, 1 forfeited, 1 not played" in notes


def test_without_unplayed_matches_the_tables_are_as_they_were() -> None:
    found = played(["stag_hunt"], ["none"])
    assert with_unplayed(found, []) is found


def test_no_matches_make_an_empty_table() -> None:
    empty = table(tables([]))
    assert empty.rows == []
    assert "there are no matches to measure" in empty.notes


# Several runs


def test_replicates_of_several_runs_are_told_apart() -> None:
    first, second = played(["stag_hunt"], ["none"], ("1", "2")), played(["stag_hunt"], ["none"], ("2", "3"), seed=2)
    both = joined(told_apart({"old": first, "new": second}))
    assert sorted(set(both.outcomes["replicate"])) == ["1", "3", "new:2", "old:2"]
    assert set(both.plays["replicate"]) == set(both.outcomes["replicate"])
    [row] = table(both, "mean", ["mechanism"], ["stag_hunt"]).rows
    assert (row["matches"], row["replicates"]) == (16, 4)


def test_replicates_of_different_cells_may_share_a_name() -> None:
    runs = {"old": played(["stag_hunt"], ["none"]), "new": played(["chicken"], ["none"])}
    assert told_apart(runs) == list(runs.values())


# Which games


@pytest.mark.parametrize(
    ("game", "is_one"),
    [
        (PrisonersDilemma(), True),
        (PublicGoods(), True),
        (PublicGoods(players=5, multiplier=4), True),
        (TravellersDilemma(), True),
        (TrustGame(), True),
        (SequentialTrustGame(), True),
        (Chicken(), True),
        (StagHunt(), False),
        (MatchingPennies(), False),
        (BattleOfTheSexes(), False),
    ],
)
def test_social_dilemmas(game: NormalForm, is_one: bool) -> None:
    assert is_social_dilemma(game) == is_one


def test_a_label_is_a_dilemma_if_all_its_games_are() -> None:
    mixed = Cell("mixed", "none", Spec.of("stag_hunt"))
    cells = [cell("trust_game", "none"), cell("stag_hunt", "none"), mixed, Cell("mixed", "none", Spec.of("chicken"))]
    assert social_dilemmas(cells) == {"trust_game"}


def test_the_dilemmas_are_taken_unless_games_are_asked_for() -> None:
    found = played(GAMES, ["none"])
    assert "games: prisoners_dilemma, public_goods, travellers_dilemma, trust_game (the social dilemmas; " in "".join(
        table(found).notes
    )
    assert table(found).rows[0]["matches"] == 4 + 8 + 4 + 4
    assert table(found, games=["all"]).rows[0]["matches"] == 28
    assert table(found, games=["stag_hunt"]).rows[0]["matches"] == 4
    assert table(found, dilemmas={"stag_hunt"}).rows == table(found, games=["stag_hunt"]).rows
    assert len(table(found, by=["game"]).rows) == 6


def test_where_there_is_no_dilemma_all_games_are_taken() -> None:
    found = table(played(["stag_hunt", "matching_pennies"], ["none"]))
    assert found.rows[0]["matches"] == 8
    assert any("none of the games is a social dilemma" in note for note in found.notes)


# Questions that make no sense


@pytest.mark.parametrize(
    ("metric", "by", "games", "words"),
    [
        ("fame", ["mechanism"], None, "there is no metric 'fame'; there are mean, cooperation, payoff, welfare"),
        ("mean", ["colour"], None, "'colour' is not a key"),
        ("mean", [], None, "found none"),
        ("mean", ["game", "game"], None, "found game, game"),
        ("mean", ["mechanism"], ["chess"], "there is no game 'chess' here; there are prisoners_dilemma, trust_game"),
        ("payoff", ["mechanism"], None, "prisoners_dilemma, trust_game cannot be averaged"),
        ("welfare", ["agent"], ["all"], "ask for it by game, or take one game"),
    ],
)
def test_questions_are_refused_in_a_sentence(metric: str, by: list[str], games: list[str] | None, words: str) -> None:
    found = played(["prisoners_dilemma", "trust_game"], ["none"])
    with pytest.raises(MetricError) as error:
        table(found, metric, by, games)
    assert words in str(error.value)


def test_points_of_one_game_may_be_averaged() -> None:
    found = played(["prisoners_dilemma", "trust_game"], ["none"])
    assert 0 <= value(table(found, "payoff", ["mechanism"], ["trust_game"]), "none") <= 20


# How a table leaves the program


def test_json_csv_and_markdown_hold_the_same_rows() -> None:
    found = table(played(["prisoners_dilemma", "matching_pennies"], ["none"]), "cooperation", ["game"])
    assert json.loads(found.as_json()) == found.rows
    read = list(csv.DictReader(io.StringIO(found.as_csv())))
    assert [row["game"] for row in read] == [row["game"] for row in found.rows]
    assert read[1]["value"] == ""
    assert float(read[0]["value"]) == found.rows[0]["value"]
    lines = found.as_markdown().splitlines()
    value, low, high = (f"{found.rows[0][column]:.3f}" for column in ("value", "low", "high"))
    assert lines[0] == "| game | value | 95 % interval | matches | replicates | missing |"
    assert lines[2] == f"| prisoners_dilemma | {value} | {low} to {high} | 4 | 1 | 0 |"
    assert lines[3] == "| matching_pennies | - | - | 0 | 0 | 0 |"


def test_every_metric_says_what_it_is() -> None:
    for metric in METRICS.values():
        assert metric.title
        assert metric.definition
        assert metric.source


def test_on_a_network_welfare_is_that_of_all_and_cooperation_is_known_by_the_role_that_was_played() -> None:
    of = Cell("trust", "ring", Spec.of("trust_game"), (Spec.of("network_per_edge", {"players": 4}),))
    match = play(of.built, lambda decision: "give" if decision.seat == 0 else "keep")
    assert match.outcome is not None
    record = Record(MatchSpec(0, of, ("a", "b", "c", "d")), "finished", tuple(match.choices), {}, match.outcome.payoffs)
    told = tables([record])
    assert table(told, "welfare").rows[0]["value"] == pytest.approx(sum(match.outcome.payoffs))
    rates = table(told, "cooperation", by=("agent", "role"))
    assert {role: value(rates, "b", role) for role in ("truster", "trustee")} == {"truster": 1, "trustee": 0}
