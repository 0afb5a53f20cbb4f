"""Levels of factors in every episode, and what they explain."""

from __future__ import annotations

from math import isnan

import pandas as pd
import pytest

from comity.agents.agent import ScriptedAgent
from comity.core.match import play
from comity.metrics import METRICS, MetricError
from comity.metrics.factors import Variance, episode_values, levels, variance
from comity.records.record import Record
from comity.records.spec import MatchSpec
from comity.records.tables import Tables, tables
from comity.runs.design import Plan
from comity.runs.drive import agents_of
from comity.runs.plan import parsed_plan

pytestmark = pytest.mark.slow

PLAN = """\
name = "p"
seed = 3
replicates = 12
games = ["prisoners_dilemma"]
mechanisms = ["none", ["execution_noise", {name = "repetition", rounds = 4}, "presentation"]]
agents = [{name = "random", p = 0.5, label = "half"}, "always_defect"]
[factors.levels]
"execution_noise.noise" = [0.0, 0.4]
"repetition.horizon" = ["announced", "hidden"]
"presentation.labels" = ["random"]
"presentation.unit" = ["points", "random"]
"""


def measured(text: str) -> tuple[Plan, Tables]:
    """A plan, and the tables of all its matches."""
    plan = parsed_plan(text)
    agents = agents_of(plan)
    return plan, tables([_played(plan, agents, match) for match in plan.matches()])


def _played(plan: Plan, agents: dict[str, ScriptedAgent], match: MatchSpec) -> Record:
    game, key = match.cell.built, match.key(plan.seed)
    seats = [agents[agent].sit(game, player) for player, agent in enumerate(match.agents)]
    done = play(game, lambda decision: seats[decision.player](decision), key=key)
    assert done.outcome is not None
    return Record(match, "finished", tuple(done.choices), dict(done.lotteries), done.outcome.payoffs)


@pytest.fixture(scope="module")
def told() -> tuple[Plan, Tables]:
    return measured(PLAN)


def by_factor(found: Variance) -> dict[str, tuple[float, float, float]]:
    return {share.factor: (share.omega, share.low, share.high) for share in found.shares}


def test_every_episode_has_a_level_of_every_factor_of_its_stack(told: tuple[Plan, Tables]) -> None:
    plan, found = told
    logged = levels(found, plan.cells)
    assert list(logged.columns) == ["match", "factor", "level"]
    assert not logged.duplicated(["match", "factor"]).any()
    bare = set(found.matches.loc[found.matches["mechanism"] == "none", "match"])
    assert bare.isdisjoint(logged["match"])
    wide = logged.pivot(index="match", columns="factor", values="level")
    assert set(wide.index) == set(found.matches["match"]) - bare
    assert set(wide) == {"execution_noise.noise", "repetition.horizon", "presentation.labels", "presentation.unit"}
    assert wide.notna().all(axis=None)
    stacks = found.matches.set_index("match")["mechanism"].to_dict()
    for match, horizon in wide["repetition.horizon"].to_dict().items():
        assert f"horizon={horizon}" in stacks[match]


def test_what_chance_drew_is_the_level(told: tuple[Plan, Tables]) -> None:
    plan, found = told
    wide = levels(found, plan.cells).pivot(index="match", columns="factor", values="level")
    drawn = found.decisions[found.decisions["agent"] == "nature"]
    letters = drawn[drawn["kind"] == "labels"].groupby("match")["choice"].agg("/".join).str.replace('"', "")
    assert wide["presentation.labels"].to_dict() == letters.to_dict()
    units = drawn[drawn["kind"] == "unit"].set_index("match")["choice"].str.strip('"')
    assert wide["presentation.unit"][units.index].to_dict() == units.to_dict()
    assert "random" not in set(wide["presentation.unit"])
    assert set(wide["presentation.unit"]) > {"points", "dollars"}


def test_levels_that_were_drawn_need_the_decisions(told: tuple[Plan, Tables]) -> None:
    plan, found = told
    without = Tables(found.matches, found.outcomes, found.plays, found.decisions.iloc[:0])
    with pytest.raises(MetricError, match="made without decisions, and levels that chance drew"):
        levels(without, plan.cells)


def test_planted_effects_are_found_and_others_are_not(told: tuple[Plan, Tables]) -> None:
    plan, found = told
    analysis = variance(found, plan.cells, "cooperation")
    shares = by_factor(analysis)
    assert shares["agent"][1] > 0.1
    assert shares["execution_noise.noise"][1] > 0
    for nothing in ("repetition.horizon", "presentation.unit", "partner", "seat"):
        assert shares[nothing][1] == 0
        assert shares[nothing][2] < 0.05
    assert "presentation.labels" not in shares
    assert any("too few episodes for each of its levels: presentation.labels" in note for note in analysis.notes)
    means = {(mean.factor, mean.level): mean for mean in analysis.means}
    assert means["agent", "half"].value > means["agent", "always_defect"].value
    assert means["execution_noise.noise", "0.4"].low > means["execution_noise.noise", "0.0"].value
    assert sum(means["repetition.horizon", level].matches for level in ("announced", "hidden")) == 8 * 12 * 4


def test_every_player_of_a_match_has_one_value_whatever_it_was_asked(told: tuple[Plan, Tables]) -> None:
    plan, found = told
    [unit, *_] = variance(found, plan.cells, "cooperation").notes
    assert unit.startswith("the unit is the episode: 432 matches")
    assert "(864 in all)" in unit


def test_an_agent_in_both_seats_keeps_what_each_of_them_did() -> None:
    _, found = measured(
        'name = "p"\nseed = 1\nreplicates = 4\ngames = ["prisoners_dilemma"]\nmechanisms = ["none"]\n'
        'agents = [{name = "random", p = 0.5}]\n'
    )
    rows, missing = episode_values(found, METRICS["cooperation"], None)
    played = found.plays.sort_values(["match", "seat"])["cooperated"].astype(float)
    assert rows.sort_values(["match", "player"])["value"].tolist() == played.tolist()
    assert not missing


def test_of_values_of_whole_matches_it_matters_who_sits_where(told: tuple[Plan, Tables]) -> None:
    plan, found = told
    analysis = variance(found, plan.cells, "welfare")
    shares = by_factor(analysis)
    assert {"agent", "seat", "partner"}.isdisjoint(shares)
    assert shares["agent in seat 1"][1] > 0 < shares["agent in seat 2"][1]
    assert isnan(analysis.correlation)


def test_two_factors_together_have_a_share_of_their_own(told: tuple[Plan, Tables]) -> None:
    plan, found = told
    apart, together = (by_factor(variance(found, plan.cells, interactions=each)) for each in (False, True))
    assert set(apart) < set(together)
    # Noise lifts who never cooperates and lowers nobody else by as much: the two act together.
    assert together["execution_noise.noise x agent"][1] > 0
    assert together["repetition.horizon x agent"][1] == 0
    assert all(" x " in name for name in set(together) - set(apart))


def test_games_are_a_factor_and_can_be_chosen() -> None:
    plan, found = measured(PLAN.replace('["prisoners_dilemma"]', '["prisoners_dilemma", "stag_hunt"]'))
    assert by_factor(variance(found, plan.cells))["game"][2] < 0.02
    one = variance(found, plan.cells, "payoff", ["stag_hunt"])
    assert "game" not in by_factor(one)
    with pytest.raises(MetricError, match="Payoff is counted in the points of each game"):
        variance(found, plan.cells, "payoff")
    with pytest.raises(MetricError, match="there is no game 'chess' here"):
        variance(found, plan.cells, "payoff", ["chess"])


def test_what_cannot_be_asked_is_said(told: tuple[Plan, Tables]) -> None:
    plan, found = told
    with pytest.raises(MetricError, match="Fitness is worked out of a whole cell"):
        variance(found, plan.cells, "fitness")
    with pytest.raises(MetricError, match="there is no metric 'joy'; there are mean, cooperation"):
        variance(found, plan.cells, "joy")
    with pytest.raises(MetricError, match="no episode has a value of approvals given"):
        variance(found, plan.cells, "approval")
    same, alone = measured(
        'name = "p"\nseed = 1\ngames = ["prisoners_dilemma"]\nmechanisms = ["none"]\nagents = ["always_defect"]\n'
    )
    with pytest.raises(MetricError, match="all episodes were played in the same condition"):
        variance(alone, same.cells)


def test_where_nothing_is_left_to_chance_numbers_are_exact() -> None:
    plan, found = measured(
        'name = "p"\nseed = 1\nreplicates = 2\ngames = ["prisoners_dilemma"]\nmechanisms = ["repetition"]\n'
        'agents = ["always_defect", "always_cooperate"]\n[factors.levels]\n"repetition.rounds" = [2, 3]\n'
    )
    quiet = Tables(found.matches.assign(drawn=False), found.outcomes, found.plays, found.decisions)
    analysis = variance(quiet, plan.cells)
    assert by_factor(analysis)["repetition.rounds"] == (0, 0, 0)
    assert by_factor(analysis)["agent"] == pytest.approx((1, 1, 1))
    assert "nothing was left to chance, so numbers are exact" in analysis.notes


def test_levels_that_were_drawn_are_chance_to_sure_scripts_too() -> None:
    """Which of their episodes had which order is luck, so an order that no script reads has no sure share."""
    stack = '["repetition", {name = "presentation", options = "random", question = "random"}]'
    plan, tables = measured(
        f'name = "p"\nseed = 3\nreplicates = 8\ngames = ["prisoners_dilemma"]\nmechanisms = [{stack}]\n'
        'agents = ["tit_for_tat", "always_defect", "defect_once"]\n'
    )
    assert not tables.matches["drawn"].any()
    found = variance(tables, plan.cells)
    orders = [share for share in found.shares if share.factor.startswith("presentation.")]
    assert len(orders) == 2
    for share in orders:
        assert share.eta > 0
        assert share.p > 0.01
        assert share.low == 0


def test_replicates_that_share_answers_count_as_one_draw(told: tuple[Plan, Tables]) -> None:
    plan, found = told
    shared = Tables(found.matches.assign(shared=True), found.outcomes, found.plays, found.decisions)
    alone, together = (variance(each, plan.cells) for each in (found, shared))
    assert [each.eta for each in alone.shares] == pytest.approx([each.eta for each in together.shares], nan_ok=True)
    assert any("values of a replicate that share answers" in note for note in together.notes)


def test_levels_of_several_runs_may_be_put_together(told: tuple[Plan, Tables]) -> None:
    plan, found = told
    first = found.matches["match"] < 100
    part = Tables(found.matches[first], found.outcomes, found.plays, found.decisions)
    logged = levels(part, plan.cells)
    whole = levels(found, plan.cells)
    pd.testing.assert_frame_equal(logged, whole[whole["match"] < 100].reset_index(drop=True))
