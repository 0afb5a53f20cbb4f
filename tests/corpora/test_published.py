"""The published CoopEval records, read into ours: the paper's numbers come out of our tables.

The expected numbers were worked out from the published data by a program that shares nothing with this one.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from numpy.testing import assert_allclose

from comity.core.named import named_game
from comity.corpora.coopeval import import_coopeval, read_coopeval
from comity.dynamics.published import exponential_weights
from comity.metrics import contrasts, table
from comity.metrics.metagame import is_population, meta_game
from comity.records.tables import Tables
from tests.corpora.identities import frequencies
from tests.corpora.published import DILEMMAS, Published

pytestmark = pytest.mark.slow


HEADLINE = {
    "contracting": (0.8014, (0.8009, 0.7998, 0.8036)),
    "mediation": (0.6950, (0.6767, 0.7400, 0.6682)),
    "repetition": (0.5866, (0.5861, 0.5988, 0.5748)),
    "reputation_first_order": (0.3211, (0.3506, 0.3166, 0.2961)),
    "reputation": (0.2272, (0.2364, 0.1925, 0.2527)),
    "none": (0.0716, (0.1146, 0.0617, 0.0386)),
}
"""The Mean of each mechanism over the four dilemmas, and that of each replicate."""

PER_GAME = {
    "none": (0.0972, 0.0350, 0.0617, 0.0926),
    "repetition": (0.7696, 0.3324, 0.3590, 0.8852),
    "reputation_first_order": (0.4073, 0.1718, 0.0394, 0.6659),
    "reputation": (0.3581, 0.1024, 0.0232, 0.4251),
    "mediation": (0.8333, 0.4743, 0.6667, 0.8056),
    "contracting": (0.8426, 0.8755, 0.7099, 0.7778),
}
"""The same by game, in the order of `DILEMMAS`."""

FITNESS = {"none": 0.021, "repetition": 0.992, "mediation": 1.0, "contracting": 0.999}
"""The Fitness of each mechanism over the four dilemmas; populations have none."""

ERRORS = {
    "contracting": (0.0110, 0.037),
    "mediation": (0.0155, 0.082),
    "repetition": (0.0088, 0.141),
    "reputation_first_order": (0.0174, 0.138),
    "reputation": (0.0146, 0.097),
    "none": (0.0165, 0.015),
}
"""The standard error of the headline over replicates, and the one over games that the source prints."""

PER_GAME_ERRORS = {
    "none": (0.0139, 0.0052, 0.0387, 0.0516),
    "repetition": (0.0267, 0.0030, 0.0206, 0.0093),
    "reputation_first_order": (0.0101, 0.0160, 0.0275, 0.0611),
    "reputation": (0.0429, 0.0025, 0.0082, 0.0388),
    "mediation": (0.0526, 0.0095, 0.0267, 0.0160),
    "contracting": (0.0282, 0.0054, 0.0294, 0.0160),
}
"""The standard errors of `PER_GAME` over replicates."""

ABLATIONS = {
    "repetition[memory=2]": 0.849,
    "repetition[discount=0.7]": 0.864,
    "repetition[discount=0.9]": 0.840,
    "repetition[memory=4]": 0.847,
    "reputation_first_order[memory=2]": 0.494,
    "reputation_first_order[discount=0.7]": 0.536,
    "reputation_first_order[discount=0.9]": 0.321,
    "reputation_first_order[memory=4]": 0.422,
    "reputation[memory=2,depth=2]": 0.540,
    "reputation[discount=0.7]": 0.467,
    "reputation[discount=0.9]": 0.406,
    "reputation[memory=4,depth=4]": 0.414,
}

COOPERATION = {
    "none": (0.097, 0.035, 0.102, 0.176, 0.718),
    "repetition": (0.764, 0.240, None, 0.886, 0.965),
    "reputation_first_order": (0.283, 0.068, 0.052, 0.650, 0.998),
    "reputation": (0.198, 0.037, 0.037, 0.409, 0.993),
    "mediation": (0.833, 0.474, 0.653, 0.815, 0.926),
    "contracting": (0.843, 0.876, 0.681, 0.713, 0.838),
}
"""Cooperation rates in the dilemmas and the stag hunt. In one replicate of the repeated traveller's dilemma the records
are lost, so its published rate rests on an incomplete sample and is not asked for here."""

DELEGATION = {
    "prisoners_dilemma": 0.87,
    "public_goods": 0.72,
    "travellers_dilemma": 0.74,
    "trust_game": 0.82,
    "stag_hunt": 0.92,
    "matching_pennies": 0.24,
}


@pytest.fixture(scope="module")
def third(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The third replicate, from the source's own layout."""
    out = tmp_path_factory.mktemp("coopeval") / "run"
    return Published(import_coopeval(shared_data / "coopeval_raw", out), out)


def values(found: Tables, metric: str, *by: str, games: tuple[str, ...] | None = None) -> dict[tuple[str, ...], float]:
    rows = table(found, metric, by, games).rows
    return {tuple(row[key] for key in by): row["value"] for row in rows}


def test_everything_replays_and_nothing_disagrees(published: Published, third: Published) -> None:
    assert published.imported.disagreements == third.imported.disagreements == ()
    assert (published.imported.recorded, published.imported.left_out) == (5244, 0)
    assert (third.imported.recorded, third.imported.left_out) == (1596, 0)
    assert published.imported.payoffs_only == 72
    assert set(published.tables.matches["status"]) == {"finished", "payoffs_only"}
    assert len(published.tables.plays) + 2 * 36 * 2 * 15 == 78_732


def test_what_is_missing_is_said(published: Published) -> None:
    notes = "\n".join(published.imported.summary())
    for tournament in ("run1/repetition_matching_pennies", "run1/repetition_travellers_dilemma"):
        assert f"{tournament}: 36 of its matches have payoffs only" in notes
    assert "run1/repetition_public_goods: the moves of 216 matches are not told" in notes


def test_the_headline(published: Published) -> None:
    found = table(published.tables, dilemmas=published.dilemmas)
    means = {row["mechanism"]: row["value"] for row in found.rows}
    assert {name: round(means[name], 4) for name in HEADLINE} == {name: mean for name, (mean, _) in HEADLINE.items()}
    assert [row["mechanism"] for row in found.rows][:6] == list(HEADLINE)
    assert [row["matches"] for row in found.rows][:6] == [972, 972, 972, 12, 12, 972]
    assert {row["replicates"] for row in found.rows} == {3}
    assert {row["missing"] for row in found.rows} == {0}
    assert any("1 of 4 games (prisoners_dilemma)" in note for note in found.notes)


def test_the_dilemmas_are_found_by_what_the_games_pay(published: Published) -> None:
    assert published.dilemmas == set(DILEMMAS)


def test_the_headline_of_each_replicate(published: Published, third: Published) -> None:
    found = values(published.tables, "mean", "mechanism", "replicate")
    for mechanism, (_, means) in HEADLINE.items():
        assert tuple(round(found[mechanism, f"run{number}"], 4) for number in (1, 2, 3)) == means
    alone = values(third.tables, "mean", "mechanism")
    assert {name: round(alone[name,], 4) for name in HEADLINE} == {name: m[2] for name, (_, m) in HEADLINE.items()}


def test_the_mean_by_game(published: Published) -> None:
    found = values(published.tables, "mean", "mechanism", "game")
    for mechanism, means in PER_GAME.items():
        assert tuple(round(found[mechanism, game], 4) for game in DILEMMAS) == means


def test_the_error_over_replicates_and_the_published_one_over_games(published: Published) -> None:
    rows = {row["mechanism"]: row for row in table(published.tables, dilemmas=published.dilemmas).rows}
    for mechanism, (over_replicates, over_games) in ERRORS.items():
        assert round(rows[mechanism]["error"], 4) == over_replicates
        assert round(rows[mechanism]["error_over_games"], 3) == over_games
    each = table(published.tables, "mean", ("mechanism", "game")).rows
    by_game = {(row["mechanism"], row["game"]): row["error"] for row in each}
    for mechanism, errors in PER_GAME_ERRORS.items():
        assert tuple(round(by_game[mechanism, game], 4) for game in DILEMMAS) == errors


def test_which_mechanisms_can_be_told_apart(published: Published) -> None:
    found, _ = contrasts(published.tables, "mean", "mechanism", dilemmas=published.dilemmas)
    assert found.groups == tuple((name,) for name in HEADLINE)
    fitness, _ = contrasts(published.tables, "fitness", "mechanism", dilemmas=published.dilemmas)
    assert fitness.groups == (("mediation", "contracting", "repetition"), ("none",))


def test_the_ablations(published: Published) -> None:
    found = values(published.tables, "mean", "mechanism")
    assert {name: round(found[name,], 3) for name in ABLATIONS} == ABLATIONS


def test_cooperation_rates(published: Published) -> None:
    found = values(published.tables, "cooperation", "mechanism", "game")
    for mechanism, rates in COOPERATION.items():
        for game, rate in zip((*DILEMMAS, "stag_hunt"), rates, strict=True):
            assert rate is None or round(found[mechanism, game], 3) == rate
    assert found["none", "matching_pennies"] is None


def test_lost_records_count_as_missing(published: Published) -> None:
    rows = table(published.tables, "cooperation", ("mechanism", "game")).rows
    [lost] = [row for row in rows if (row["mechanism"], row["game"]) == ("repetition", "travellers_dilemma")]
    assert (lost["matches"], lost["replicates"], lost["missing"]) == (72, 2, 36)


def test_delegation(published: Published) -> None:
    plays = published.tables.plays
    mediated = plays[plays["mechanism"] == "mediation"]
    shares = mediated.groupby("game")["delegated"].mean().astype(float).round(2)
    assert shares.to_dict() == DELEGATION


def test_payoffs_are_those_the_source_stored(published: Published, shared_data: Path) -> None:
    stored = pd.read_parquet(shared_data / "coopeval" / "stored_results.parquet")
    found = values(published.tables, "payoff", "mechanism", "game", "agent", "replicate")
    cells = {t.name: t.names.terms.cell for t in read_coopeval(shared_data / "coopeval").tournaments}
    assert len(stored) == len(found) == 864
    for exp_id, agent, mean in zip(stored["exp_id"], stored["agent"], stored["mean_payoff"], strict=True):
        cell = cells[exp_id]
        ours = found[cell.mechanism_label, cell.game_label, agent, exp_id.split("/")[0]]
        assert ours == pytest.approx(mean, abs=1e-12)


def test_the_fitness_of_the_headline_table(published: Published, third: Published) -> None:
    found = table(published.tables, "fitness", dilemmas=published.dilemmas)
    fitness = {row["mechanism"]: row for row in found.rows}
    assert {name: round(fitness[name]["value"], 3) for name in FITNESS} == FITNESS
    assert {fitness[name]["matches"] for name in FITNESS} == {972}
    assert fitness["reputation"]["value"] is None
    assert any(note.startswith("no fitness under reputation_first_order, reputation,") for note in found.notes)
    by_replicate = values(published.tables, "fitness", "mechanism", "replicate")
    alone = values(third.tables, "fitness", "mechanism")
    for name in FITNESS:
        assert alone[name,] == pytest.approx(by_replicate[name, "run3"], abs=1e-12)


def test_fitness_and_final_populations_are_those_the_source_stored(published: Published, shared_data: Path) -> None:
    stored = pd.read_parquet(shared_data / "coopeval" / "stored_results.parquet")
    cells = {t.name: t.names.terms.cell for t in read_coopeval(shared_data / "coopeval").tournaments}
    played = dict(list(published.tables.outcomes.groupby(["mechanism", "game", "replicate"])))
    scored = values(published.tables, "fitness", "mechanism", "game", "replicate", "agent")
    compared = 0
    for exp_id, rows in stored.groupby("exp_id"):
        cell, replicate = cells[str(exp_id)], str(exp_id).split("/")[0]
        key = (cell.mechanism_label, cell.game_label, replicate)
        if is_population(played[key]):
            assert rows["fitness"].isna().all()
            continue
        paid = meta_game(played[key])
        course, theirs = exponential_weights(paid.payoffs), rows.set_index("agent").loc[list(paid.agents)]
        assert_allclose(course.fitness, theirs["fitness"], rtol=0, atol=1e-9)
        assert_allclose(course.final, theirs["final_population"], rtol=0, atol=1e-9)
        scale = named_game(cell.built).scale
        ours = [scored[(*key, agent)] for agent in paid.agents]
        assert_allclose(ours, [scale.normalised(fitness) for fitness in theirs["fitness"]], rtol=0, atol=1e-9)
        compared += 1
    assert compared == 84


def test_an_agent_of_the_headline_table(published: Published) -> None:
    found = values(published.tables, "mean", "mechanism", "agent")
    assert found["contracting", "anthropic/claude-sonnet-4.5(CoT)"] == pytest.approx(0.557, abs=5e-4)
    for mechanism, (mean, _) in HEADLINE.items():
        agents = [value for (name, _), value in found.items() if name == mechanism]
        assert len(agents) == 6
        assert sum(agents) / 6 == pytest.approx(mean, abs=5e-5)


def test_the_mean_is_a_frequency_of_actions(published: Published, shared_data: Path) -> None:
    terms = [t.names.terms for t in read_coopeval(shared_data / "coopeval").tournaments]
    weights = {t.cell.mechanism_label: t.weights for t in terms}
    found = values(published.tables, "mean", "mechanism", "game", "replicate")
    expected = frequencies(published.tables, weights)
    assert len(expected) == 6 * 4 * 3 + 12 * 3 - 1  # all but the tournament whose moves are lost
    for key, frequency in expected.items():
        assert found[key] == pytest.approx(frequency, abs=1e-12)


def test_both_layouts_tell_the_same(shared_data: Path) -> None:
    told = {
        (record.match.cell, record.match.agents): (record.match.replicate, record.choices, record.payoffs)
        for record in read_coopeval(shared_data / "coopeval").records()
        if record.match.replicate == "run3"
    }
    read = {
        (record.match.cell, record.match.agents): (record.match.replicate, record.choices, record.payoffs)
        for record in read_coopeval(shared_data / "coopeval_raw").records()
    }
    assert told == read


def test_one_tournament_and_one_replicate_are_read_alone(shared_data: Path) -> None:
    [replicate] = (shared_data / "coopeval_raw" / "main_study").iterdir()
    assert read_coopeval(replicate).matches == 1596
    alone = read_coopeval(replicate / "reputation_trust_game")
    [record] = alone.records()
    assert record.match.replicate == "run3"
    assert len(record.match.agents) == 12
    assert record.replayed().outcome is not None


def test_stated_probabilities_are_kept(published: Published) -> None:
    stated = [lottery for record in published.records for lottery in record.lotteries.values()]
    assert len(stated) == 21_060
    pure = sum(max(lottery.probabilities) == 1 for lottery in stated) / len(stated)
    assert round(pure, 2) == 0.79


def test_moves_that_follow_from_payoffs_are_those_others_found(published: Published, shared_data: Path) -> None:
    moves = pd.read_parquet(shared_data / "coopeval" / "moves.parquet")
    lost = moves[moves["exp_id"] == "run1/repetition_public_goods"].sort_values(["match_id", "round", "seat"])
    plays = published.tables.plays
    cell = (plays["game"] == "public_goods") & (plays["mechanism"] == "repetition") & (plays["replicate"] == "run1")
    ours = plays[cell].assign(agents=plays["match"].map(published.tables.matches.set_index("match")["agents"]))
    theirs = lost.groupby("match_id").agg(agents=("agent", lambda agents: tuple(agents[:3])), actions=("action", tuple))
    by_agents = dict(zip(theirs["agents"], theirs["actions"], strict=True))
    for _, match in ours.groupby("match"):
        agents = tuple(match["agent"][:3])
        assert tuple((match["action"] == "free_ride").astype(int)) == by_agents[agents]
