"""Crossed scores: unbiased by counting every case, by simulation and against closed forms; never less precise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.chance import Address, stream_key
from comity.core.flow import StageGame
from comity.core.match import play
from comity.core.named import scale_under
from comity.core.space import Lottery
from comity.metrics import Metric, MetricError, table
from comity.metrics.crossed import expected_metrics, variances
from comity.records.record import Failure, Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.tables import Tables, tables

pytestmark = pytest.mark.slow

AGENTS = ("one", "two")
TRUST = Cell("trust", "none", Spec.of("trust_game"))
STAG = Cell("stag", "none", Spec.of("stag_hunt"))
PD = Cell("pd", "none", Spec.of("prisoners_dilemma"))
PAID = ((9, 4, 1), (0, 3, 5))
TRIO = Cell(
    "trio",
    "none",
    Spec.of("symmetric", {"players": 3, "names": ("a", "b"), "table": PAID, "cooperate": "a", "defect": "b"}),
)

Agent: TypeAlias = tuple[str, int]
"""An agent in a seat."""


def share_of_first(cell: Cell, seat: int, share: float) -> Lottery[str]:
    game = cell.built
    assert isinstance(game, StageGame)
    return Lottery(game.actions[seat], (share, 1 - share))


def stated(spec: MatchSpec, shares: Sequence[float]) -> Record:
    """The match in which the players state these shares of their first action, and its draws fall as they may."""
    lotteries = [share_of_first(spec.cell, seat, share) for seat, share in enumerate(shares)]
    match = play(spec.cell.built, lambda decision: lotteries[decision.player], spec.key(1))
    assert match.outcome is not None
    return Record(spec, "finished", tuple(match.choices), match.lotteries, match.outcome.payoffs)


def design(cell: Cell, agents: Sequence[str] = AGENTS, repeats: int = 1) -> Iterator[MatchSpec]:
    meetings = product(range(repeats), product(agents, repeat=cell.built.n_players))
    for index, (repeat, seated) in enumerate(meetings):
        yield MatchSpec(index, cell, seated, repeat=repeat)


def expected(cell: Cell) -> Metric:
    return expected_metrics([cell])["expected"]


def by_agent(cell: Cell, found: Tables) -> dict[str, float]:
    means = expected(cell).occurrences(found).groupby("agent")["value"].mean()
    return dict(zip(means.index.tolist(), means.tolist(), strict=True))


def closed_form(cell: Cell, means: Mapping[Agent, float], agents: Sequence[str]) -> dict[str, float]:
    """What each agent scores on average in the whole tournament, where it plays those shares of its first actions."""
    game, scale = cell.built, scale_under(cell.built)
    assert isinstance(game, StageGame)
    scores: dict[str, list[float]] = {agent: [] for agent in agents}
    for seated in product(agents, repeat=game.n_players):
        paid = np.zeros(game.n_players)
        for profile in product(range(2), repeat=game.n_players):
            shares = [means[agent, seat] for seat, agent in enumerate(seated)]
            chance = np.prod([1 - share if action else share for share, action in zip(shares, profile, strict=True)])
            paid += chance * np.array(game.payoffs(tuple(game.actions[s][a] for s, a in enumerate(profile))))
        for agent, payoff in zip(seated, paid, strict=True):
            scores[agent].append(scale.normalised(float(payoff)))
    return {agent: float(np.mean(listed)) for agent, listed in scores.items()}


# Unbiased


@pytest.mark.slow
@pytest.mark.parametrize("cell", [TRUST, STAG], ids=lambda cell: cell.game_label)
def test_over_all_that_may_be_stated_the_average_is_the_closed_form(cell: Cell) -> None:
    """Each of the eight decisions of a tournament is one of two lotteries: 256 tournaments, self-play included."""
    may = {("one", 0): (0.9, 0.2), ("one", 1): (0.5, 0.1), ("two", 0): (1.0, 0.4), ("two", 1): (0.3, 0.0)}
    specs = list(design(cell))
    places = [(spec, seat) for spec in specs for seat in range(2)]
    totals = dict.fromkeys(AGENTS, 0.0)
    for said in product(range(2), repeat=len(places)):
        shares = {place: may[place[0].agents[place[1]], place[1]][one] for place, one in zip(places, said, strict=True)}
        found = tables(stated(spec, [shares[spec, 0], shares[spec, 1]]) for spec in specs)
        for agent, score in by_agent(cell, found).items():
            totals[agent] += score / 2 ** len(places)
    assert totals == pytest.approx(closed_form(cell, {who: sum(two) / 2 for who, two in may.items()}, AGENTS))


def test_an_agent_against_itself_in_three_seats_is_not_counted_against_its_own_decisions() -> None:
    """Two matches of one agent with itself: 64 tournaments."""
    may = ((0.9, 0.2), (0.8, 0.0), (1.0, 0.1))
    specs = list(design(TRIO, ("one",), repeats=2))
    total = 0.0
    for said in product(product(range(2), repeat=3), repeat=2):
        found = tables(
            stated(spec, [may[seat][one] for seat, one in enumerate(of_match)])
            for spec, of_match in zip(specs, said, strict=True)
        )
        total += by_agent(TRIO, found)["one"] / 64
    means = {("one", seat): sum(two) / 2 for seat, two in enumerate(may)}
    assert total == pytest.approx(closed_form(TRIO, means, ("one",))["one"])


@pytest.mark.slow
def test_in_simulated_tournaments_it_is_unbiased_and_varies_less_than_what_is_sampled() -> None:
    """Agents state another share every time, about their own mean; the truth is what the means earn."""
    centres = {("one", 0): 0.6, ("one", 1): 0.3, ("two", 0): 0.5, ("two", 1): 0.7}
    truth = closed_form(STAG, centres, AGENTS)
    estimates: dict[str, list[float]] = {"expected": [], "mean": []}
    for seed in range(300):
        rng = np.random.default_rng(seed)
        records = []
        for spec in design(STAG):
            shares = [centres[agent, seat] + rng.uniform(-0.3, 0.3) for seat, agent in enumerate(spec.agents)]
            records.append(drawn(stated(spec, shares), stream_key(seed, spec.index)))
        found = tables(records)
        estimates["expected"].append(by_agent(STAG, found)["one"])
        estimates["mean"].append(float(found.outcomes.groupby("agent")["score"].mean()["one"]))
    for values in estimates.values():
        assert abs(np.mean(values) - truth["one"]) < 4 * np.std(values) / np.sqrt(len(values))
    assert np.var(estimates["expected"]) < np.var(estimates["mean"]) / 10


def drawn(record: Record, key: int) -> Record:
    """The same match with its actions drawn under another key."""
    lotteries = record.lotteries
    actions = tuple(lotteries[0, seat].draw(Address(key, 0, seat)) for seat in range(2))
    game = record.match.cell.built
    assert isinstance(game, StageGame)
    return Record(record.match, "finished", (actions,), lotteries, game.payoffs(actions))


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_constant_strategies_score_the_closed_form_without_error(shares: list[float]) -> None:
    fixed = dict(zip(product(AGENTS, range(2)), shares, strict=True))
    found = tables(stated(s, [fixed[agent, seat] for seat, agent in enumerate(s.agents)]) for s in design(TRUST))
    assert by_agent(TRUST, found) == pytest.approx(closed_form(TRUST, fixed, AGENTS), abs=1e-9)


@settings(max_examples=20)
@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=8, max_size=8))
def test_in_an_additive_game_the_mean_is_that_of_what_was_stated(shares: list[float]) -> None:
    """In the prisoner's dilemma, whatever pure actions were taken, crossing moves nothing for all agents together."""
    specs = list(design(PD))
    found = tables(stated(spec, shares[2 * i : 2 * i + 2]) for i, spec in enumerate(specs))
    crossed = table(found, expected(PD), ["mechanism"], ["pd"]).rows[0]["value"]
    assert crossed == pytest.approx(float(np.mean(shares)))


# What is not on record


def test_where_no_lottery_was_stated_the_choice_counts_as_certain() -> None:
    [first, *rest] = design(STAG)
    plain = Record(first, "finished", (("stag", "hare"),), payoffs=(0.0, 3.0))
    found = tables([plain, *(stated(spec, (0.5, 0.5)) for spec in rest)])
    values = expected(STAG).occurrences(found).query("match == 0")["value"].tolist()
    # stag against the mean of "one" (0.25 stag) and of "two" (0.5): 5 * 0.375 points; hare: 3 points, always
    assert values == pytest.approx([(5 * 0.375 - 3) / 2, 0])
    assert "in 2 of 8 decisions no lottery was stated: the choice counts as certain" in expected(STAG).remarks(found)


def test_matches_without_decisions_are_missing_but_what_was_worked_out_stands() -> None:
    specs = list(design(STAG))
    found = tables(
        [
            stated(specs[0], (0.5, 0.5)),
            Record(specs[1], "forfeited", failure=Failure(0, 0, 0, "act", "no answer")),
            Record(specs[2], "payoffs_only", payoffs=(5.0, 5.0)),
            Record(specs[3], "expected", payoffs=(5.0, 4.0)),
        ]
    )
    values = expected(STAG).occurrences(found).groupby("match")["value"].apply(list)
    assert values[0] == pytest.approx([(0.5 * 2.5 + 0.5 * 3 - 3) / 2] * 2)
    assert np.isnan([*values[1], *values[2]]).all()
    assert values[3] == [1.0, 0.5]
    assert table(found, expected(STAG), ["mechanism"], ["stag"]).rows[0]["missing"] == 2


def test_other_cells_have_no_value_and_that_is_said() -> None:
    other = Cell("stag", "talk", Spec.of("stag_hunt"), (Spec.of("cheap_talk", {"messages": ["yes"]}),))
    records = [stated(spec, (0.5, 0.5)) for spec in design(STAG)]
    match = play(other.built, lambda decision: "yes" if decision.kind == "speak" else "hare")
    assert match.outcome is not None
    talked = Record(MatchSpec(9, other, AGENTS), "finished", tuple(match.choices), {}, match.outcome.payoffs)
    result = table(tables([*records, talked]), expected_metrics([STAG, other])["expected"], ["mechanism"], ["stag"])
    assert [(row["mechanism"], row["matches"]) for row in result.rows] == [("none", 4), ("talk", 0)]
    assert any("no expected score under talk, where players do more than act once" in note for note in result.notes)


def test_noise_in_execution_is_integrated_too() -> None:
    """Who always means stag executes it four times in five."""
    cell = Cell("stag", "noise", Spec.of("stag_hunt"), (Spec.of("execution_noise", {"noise": 0.2}),))
    match = play(cell.built, lambda decision: "stag", 1)
    assert match.outcome is not None
    spec = MatchSpec(0, cell, ("one", "one"))
    found = tables([Record(spec, "finished", tuple(match.choices), {}, match.outcome.payoffs)])
    paid = 0.8 * 0.8 * 5 + 0.2 * 3
    assert by_agent(cell, found)["one"] == pytest.approx((paid - 3) / 2)


def test_without_decisions_or_cells_there_is_a_sentence() -> None:
    records = [stated(spec, (0.5, 0.5)) for spec in design(STAG)]
    with pytest.raises(MetricError, match="made without decisions"):
        expected(STAG).occurrences(tables(records, decisions=False))
    with pytest.raises(MetricError, match="the rules of none on stag cannot be told"):
        expected(PD).occurrences(tables(records))
    assert expected(STAG).occurrences(tables([])).empty


# How much is gained


@pytest.mark.parametrize(("one", "two"), [(0.5, 0.5), (0.2, 0.7)])
def test_the_variance_of_sampled_actions_is_the_closed_form(one: float, two: float) -> None:
    """A match of the dilemma pays 1 + 2 theirs - own. An agent has four places, two of them against itself."""
    means = {"one": one, "two": two}
    found = tables(stated(spec, [means[agent] for agent in spec.agents]) for spec in design(PD))
    told = variances(found, [PD], "none", "pd", 20_000)
    drawn = {agent: p * (1 - p) for agent, p in means.items()}
    exactly = sum((2 * drawn[a] + 2 * (4 * drawn[b] + drawn[a])) / 16 for a, b in (("one", "two"), ("two", "one")))
    assert told.sampled == pytest.approx(exactly, rel=0.05)
    assert told.per_match == pytest.approx(0, abs=1e-20)
    assert told.crossed == pytest.approx(0, abs=1e-20)


def test_what_varies_between_lotteries_is_left_and_less_when_crossed() -> None:
    records = [stated(spec, (0.1, 0.9) if spec.repeat else (0.9, 0.1)) for spec in design(STAG, repeats=2)]
    told = variances(tables(records), [STAG], "none", "stag", 2_000)
    assert told.sampled > 1.5 * told.per_match > 1.5 * told.crossed > 0
    assert told.ratio == told.sampled / told.crossed


def test_where_nothing_varies_there_is_no_ratio() -> None:
    sure = tables(stated(spec, (1.0, 1.0)) for spec in design(STAG))
    assert np.isnan(variances(sure, [STAG], "none", "stag", 10).ratio)
    even = tables(stated(spec, (0.5, 0.5)) for spec in design(STAG))
    assert variances(even, [STAG], "none", "stag", 10).ratio > 1e12


def test_what_cannot_be_drawn_again_is_said() -> None:
    talk = Cell("stag", "talk", Spec.of("stag_hunt"), (Spec.of("cheap_talk"),))
    with pytest.raises(MetricError, match="nothing to cross in talk on stag"):
        variances(tables([]), [talk], "talk", "stag")
    with pytest.raises(MetricError, match="0 agents in 2 seats make no tournament"):
        variances(tables([]), [STAG], "none", "stag")
    found = tables([stated(MatchSpec(0, TRUST, AGENTS), (0.5, 0.5))])
    with pytest.raises(MetricError, match="nothing was stated in none on trust by two as truster"):
        variances(found, [TRUST], "none", "trust")
