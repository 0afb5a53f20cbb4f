"""Strategy frequencies and classes of rules, against definitions in words, closed forms and populations we make."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from comity.core.errors import BadParameter
from comity.corpora.human.dataset import read_human
from comity.corpora.human.importing import import_human
from comity.exact.automata import Automaton, sign
from comity.fidelity.automata_fits import (
    Agreements,
    agreements_with,
    common_groups,
    compared,
    frequencies,
    frequencies_of,
    joined,
)
from comity.fidelity.mixtures import (
    STATISTICS,
    chosen,
    class_distance,
    contexts,
    mixture,
    mixtures,
    strategy_distance,
)
from comity.fidelity.observations import FidelityError, Floats, Observations, Weighted, lagged
from comity.fidelity.repertoire import FIVE, SEVEN, TWENTY
from comity.fidelity.sequences import agreements, signs
from comity.fidelity.shares import mixed, shares_of, total_variation

pytestmark = pytest.mark.slow

Past = Sequence[tuple[bool, bool]]
"""Own and partner's acts so far."""


def partner_defected(past: Past, last: int, times: int) -> bool:
    """Whether the partner defected in so many rounds running, somewhere in the last ones."""
    theirs = [partner for _, partner in past[-last:]]
    return any(not any(theirs[at : at + times]) for at in range(len(theirs) - times + 1))


def broken(past: Past, times: int) -> bool:
    """Whether some rounds running, so many, were not cooperating on both sides."""
    bad = [not (own and partner) for own, partner in past]
    return any(all(bad[at : at + times]) for at in range(len(bad) - times + 1))


def two_win_stay(past: Past) -> bool:
    before, last = [(True, True), (True, True), *past][-2:]
    both, neither = (True, True), (False, False)
    return (before, last) in ((both, both), (neither, neither), (neither, both))


def two_rounds_of_punishment(past: Past) -> bool:
    left = 0
    for own, partner in past:
        left = left - 1 if left else 2 * (not (own and partner))
    return not left


WORDS: dict[str, Callable[[Past], bool]] = {
    "ALLC": lambda past: True,
    "TFT": lambda past: not partner_defected(past, 1, 1),
    "TF2T": lambda past: not partner_defected(past, 2, 2),
    "TF3T": lambda past: not partner_defected(past, 3, 3),
    "2TFT": lambda past: not partner_defected(past, 2, 1),
    "2TF2T": lambda past: not partner_defected(past, 3, 2),
    "GRIM": lambda past: not broken(past, 1),
    "GRIM2": lambda past: not broken(past, 2),
    "GRIM3": lambda past: not broken(past, 3),
    "ALLD": lambda past: False,
    "WSLS": lambda past: not past or past[-1][0] == past[-1][1],
    "2WSLS": two_win_stay,
    "T2": two_rounds_of_punishment,
    "CtoD": lambda past: not past,
    "DTFT": lambda past: bool(past) and past[-1][1],
    "DTF2T": lambda past: bool(past) and not partner_defected(past, 2, 2),
    "DTF3T": lambda past: bool(past) and not partner_defected(past, 3, 3),
    "DGRIM2": lambda past: bool(past) and not broken(past, 2),
    "DGRIM3": lambda past: bool(past) and not broken(past, 3),
    "DCALT": lambda past: len(past) % 2 == 1,
}
"""What each strategy does after a past, by its definition."""


@pytest.mark.parametrize("name", TWENTY)
@given(past=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12))
def test_automata_do_what_their_definitions_say(name: str, past: Past) -> None:
    automaton = TWENTY[name]
    state = automaton.start
    for own, partner in past:
        state = automaton.then[state][sign(own, partner)]
    assert automaton.cooperates[state] == WORDS[name](past)


def paired(actions: Floats, sessions: int = 1, population: str = "made") -> Observations:
    """Pairs of neighbours in the list who play some supergames. actions: [agents, supergames, rounds]."""
    agents, games, rounds = actions.shape
    agent = np.repeat(np.arange(agents), games * rounds)
    stretch = np.tile(np.repeat(np.arange(games), rounds), agents)
    when = np.tile(np.arange(rounds), agents * games)
    partner = actions.reshape(agents // 2, 2, games, rounds)[:, ::-1].reshape(actions.shape)
    unknown = np.full(actions.size, np.nan)
    return Observations(
        population=population,
        condition="pairs",
        sessions=tuple(f"session {number}" for number in range(sessions)),
        agents=tuple(f"agent {number}" for number in range(agents)),
        session_of=np.arange(agents) // 2 % sessions,
        unit_of=np.arange(agents) // 2,
        agent=agent,
        stretch=stretch,
        round=when,
        action=actions.ravel(),
        own=lagged(agent, stretch, when, actions.ravel()),
        neighbours=lagged(agent, stretch, when, partner.ravel()),
        degree=np.ones(actions.size),
        pay=unknown,
        best=unknown,
    )


def played(who: Sequence[Automaton], beta: float, rng: np.random.Generator, games: int = 6, rounds: int = 8) -> Floats:
    """[agents, supergames, rounds]: what pairs of automata do that slip with probability 1 - beta."""
    size = max(len(automaton.cooperates) for automaton in who)
    then = np.array([[*each.then, *[(0, 0, 0, 0)] * (size - len(each.then))] for each in who])
    acts = np.array([[*each.cooperates, *[0] * (size - len(each.cooperates))] for each in who])
    found = np.zeros((len(who), games, rounds))
    every = np.arange(len(who))
    for game in range(games):
        state = np.array([each.start for each in who])
        for round in range(rounds):
            did = np.where(rng.random(len(who)) < beta, acts[every, state], 1 - acts[every, state])
            found[:, game, round] = did
            partner = did.reshape(-1, 2)[:, ::-1].ravel()
            state = then[every, state, (2 * (did == 0) + (partner == 0)).astype(int)]
    return found


def population(shares: dict[str, float], beta: float, agents: int, rng: np.random.Generator) -> Observations:
    names = rng.permutation(np.repeat(list(shares), [round(share * agents) for share in shares.values()]))
    return paired(played([TWENTY[name] for name in names], beta, rng), sessions=4)


MIX = {"TFT": 0.4, "ALLD": 0.3, "GRIM": 0.2, "TF2T": 0.1}


@pytest.fixture(scope="module")
def made() -> Observations:
    return population(MIX, 0.93, 300, np.random.default_rng(5))


def test_a_known_mixture_is_found(made: Observations) -> None:
    found = frequencies(made, SEVEN)
    for estimate in found.table():
        truth = 0.93 if estimate.name == "beta" else MIX.get(estimate.name, 0.0)
        spread = 0.01 if np.isnan(estimate.error) else 3.5 * estimate.error
        assert abs(estimate.value - truth) < spread, estimate
    assert found.gap < 1e-4
    assert found.posterior.sum(axis=1) == pytest.approx(1)
    assert found.icl >= found.bic


def test_shares_are_the_top_of_the_likelihood(made: Observations) -> None:
    """Against a general optimiser, on weights that are not all one."""
    data = agreements_with(made, FIVE)
    weights = np.random.default_rng(1).poisson(1, made.n_agents).astype(float)
    logs = data.log_likelihoods(0.9)
    solved = shares_of(logs, weights, 1e-10)

    def cost(odds: Floats) -> float:
        shares = np.exp(odds - odds.max())
        return -float(weights @ mixed(logs, shares / shares.sum()))

    best = min(
        float(minimize(cost, start, method="BFGS").fun) for start in np.random.default_rng(0).normal(size=(3, 5))
    )
    assert -solved.log_likelihood[0] <= best + 1e-6
    assert solved.gap[0] <= 1e-10
    found = frequencies_of(data, weights)
    for beta in (found.beta - 0.01, found.beta + 0.01):
        assert shares_of(data.log_likelihoods(beta), weights).log_likelihood[0] < found.log_likelihood


def test_standard_errors_and_criteria_are_those_of_the_formulas(made: Observations) -> None:
    """Errors against second differences of the likelihood in all shares but the last, and in beta."""
    found = frequencies(made, {name: TWENTY[name] for name in ("ALLD", "TFT", "GRIM")})
    data, n = found.data, made.n_agents

    def height(at: Floats) -> float:
        shares = np.array([at[0], at[1], 1 - at[0] - at[1]])
        return float(mixed(data.log_likelihoods(float(at[2])), shares).sum())

    top, step = np.array([*found.shares[:2], found.beta]), 1e-4 * np.eye(3)
    bends = [
        [(height(top + a + b) - height(top + a - b) - height(top - a + b) + height(top - a - b)) / 4e-8 for b in step]
        for a in step
    ]
    errors = np.sqrt(np.diag(np.linalg.inv(-np.array(bends))))
    assert found.errors[[0, 1, 3]] == pytest.approx(errors, rel=1e-3)
    assert found.bic == pytest.approx(-2 * found.log_likelihood + 3 * np.log(n))
    unsure = -(found.posterior * np.log(np.maximum(found.posterior, 1e-300))).sum()
    assert found.icl == pytest.approx(found.bic + 2 * unsure)


def test_draws_are_solved_as_one_by_one(made: Observations) -> None:
    found = frequencies(made, FIVE)
    rng = np.random.default_rng(3)
    weights = rng.multinomial(made.n_agents, np.full(made.n_agents, 1 / made.n_agents), 200).astype(float)
    shares, betas = found.redrawn(weights)
    for draw in range(4):
        alone = frequencies_of(found.data, weights[draw])
        assert shares[draw] == pytest.approx(alone.shares, abs=5e-3)
        assert betas[draw] == pytest.approx(alone.beta, abs=1e-3)
    # Two ways to one standard error: the curvature of the likelihood, and drawing agents again.
    inner = found.shares > 0.05
    assert shares.std(axis=0)[inner] == pytest.approx(found.errors[:-1][inner], rel=0.2)
    by_draws = found.table((shares, betas))
    assert all(row.low <= row.value <= row.high for row in by_draws)


def test_a_draw_without_agents_is_not_known() -> None:
    solved = shares_of(np.log([[0.9, 0.1], [0.2, 0.8]]), [[0, 0], [1, 0]])
    assert np.isnan(solved.shares[0]).all()
    assert solved.shares[1] == pytest.approx([1, 0], abs=1e-4)


def test_what_nobody_can_know_is_left_out() -> None:
    """A round without an own act: the state is unknown from the next round to the end of the supergame."""
    actions = np.ones((2, 1, 5))
    actions[0, 0, 1] = np.nan
    observed = paired(actions)
    moves = signs(observed)
    assert moves.left_out == 6
    agree, differ = agreements(moves, TWENTY["TFT"])
    assert (agree + differ).tolist() == [1, 2]
    assert (agree - differ).tolist() == [1, 2]


def test_what_automata_cannot_read_is_refused(made: Observations) -> None:
    shares = replace(made, neighbours=np.where(np.isnan(made.neighbours), np.nan, 0.25))
    with pytest.raises(FidelityError, match=r"shares of several neighbours, such as 0\.25"):
        signs(shares)
    with pytest.raises(BadParameter, match="never mix"):
        agreements(signs(made), Automaton(0, (0.5,), ((0, 0, 0, 0),)))
    with pytest.raises(FidelityError, match="at least two"):
        frequencies(made, {"TFT": TWENTY["TFT"]})
    with pytest.raises(FidelityError, match="memory-one rules need one partner"):
        contexts(shares, "memory-one")
    assert np.isnan(strategy_distance(shares.once(), made.once())).all()


def test_no_slips_are_an_edge_and_not_an_error() -> None:
    rng = np.random.default_rng(2)
    observed = paired(played([TWENTY["TFT"], TWENTY["ALLD"]] * 10, 1.0, rng))
    found = frequencies(observed, FIVE)
    assert found.beta == pytest.approx(1, abs=1e-6)
    assert np.isnan(found.errors).all()
    assert all("edge" in row.note for row in found.table())
    # A mixture that never slips still scores people who do.
    people = population(MIX, 0.93, 40, rng)
    against = compared(frequencies(people, FIVE), found, people.session_of)
    assert against.own + 0.2 < against.loss
    most = 1 - 0.5 / (found.data.chosen.sum() + 1)  # as often as half a choice of its own
    scores = mixed(agreements_with(people, FIVE).log_likelihoods(most), found.shares)
    assert against.loss == pytest.approx(-scores.sum() / agreements_with(people, FIVE).chosen.sum())


def test_people_are_predicted_by_those_like_them(made: Observations) -> None:
    others = population(MIX, 0.93, 300, np.random.default_rng(6))
    strangers = population({"ALLC": 0.5, "WSLS": 0.5}, 0.8, 300, np.random.default_rng(7))
    people = frequencies(made, SEVEN)
    alike = compared(people, frequencies(others, SEVEN), made.session_of)
    unlike = compared(people, frequencies(strangers, SEVEN), made.session_of)
    assert alike.distance < 0.15 < 0.8 < unlike.distance
    assert alike.slips < 0.02 < 0.08 < unlike.slips
    assert alike.loss == pytest.approx(alike.own, abs=0.005)
    assert unlike.loss > unlike.own + 0.05
    with pytest.raises(FidelityError, match="different strategies"):
        compared(people, frequencies(others, FIVE), made.session_of)


def test_distance_of_mixtures_over_draws(made: Observations) -> None:
    assert [each.key for each in STATISTICS] == ["D7", "D7.classes"]
    other = population({"TFT": 0.7, "ALLD": 0.3}, 0.93, 300, np.random.default_rng(8))
    weights = np.random.default_rng(0).poisson(1, (50, made.n_agents)).astype(float)
    for distance in (strategy_distance, class_distance):
        assert distance(made.once(), made.once()) == pytest.approx(0, abs=1e-9)
        drawn = distance(other.once(), Weighted(made, weights))
        alone = [distance(other.once(), Weighted(made, weights[[draw]]))[0] for draw in range(5)]
        assert drawn.shape == (50,)
        assert drawn[:5] == pytest.approx(np.array(alone), abs=1e-3)
        assert ((drawn >= 0) & (drawn <= 1)).all()
    assert strategy_distance(other.once(), made.once())[0] == pytest.approx(0.3, abs=0.1)


def test_what_is_not_told_apart_counts_as_one() -> None:
    """Tit for tat among its own kind does as every nice strategy does: only the sum of their shares is known."""
    alike = frequencies(paired(played([TWENTY["TFT"]] * 20, 1.0, np.random.default_rng(0))), FIVE)
    assert [row.name for row in alike.table()] == ["ALLD", "ALLC or GRIM or TFT or WSLS", "beta"]
    assert alike.table()[1].value == pytest.approx(1)
    first, second = np.array([0, 1, 2, 2, 3]), np.array([0, 1, 1, 2, 3])
    assert common_groups(first, second).tolist() == [0, 1, 1, 1, 2]
    assert joined(np.array([0.1, 0.2, 0.3, 0.4, 0.0]), common_groups(first, second)) == pytest.approx([0.1, 0.9, 0.0])


def test_total_variation_of_shares() -> None:
    assert total_variation(np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])) == pytest.approx(0.5)


def test_from_a_published_layout_to_frequencies(tmp_path: Path) -> None:
    """A file as Romero and Rosokha (2018) keep theirs, of people whose strategies we know."""
    rng = np.random.default_rng(11)
    names = rng.permutation(["TFT"] * 48 + ["GRIM"] * 32 + ["ALLD"] * 40)
    actions = played([TWENTY[name] for name in names], 0.95, rng, games=8)
    agents, games, rounds = np.indices(actions.shape)
    partner = actions[agents + 1 - 2 * (agents % 2), games, rounds]
    table = pd.DataFrame(
        {
            "subject": [f"T1S{agent // 30 + 1}S{agent:03d}" for agent in agents.ravel()],
            "supergame": games.ravel() + 31,
            "period": rounds.ravel() + 1,
            "action": np.where(actions.ravel() == 1, "C", "D"),
            "opponentAction": np.where(partner.ravel() == 1, "C", "D"),
        }
    )
    table.to_csv(tmp_path / "rr.csv", index=False)
    import_human(str(tmp_path / "rr.csv"), tmp_path / "people")
    [observed] = read_human(tmp_path / "people").conditions().values()
    found = frequencies(observed, TWENTY)
    told = dict(zip(found.names, found.shares, strict=True))
    assert found.data.left_out == 0
    assert found.beta == pytest.approx(0.95, abs=0.01)
    assert told["TFT"] == pytest.approx(0.4, abs=0.05)
    assert told["GRIM"] == pytest.approx(4 / 15, abs=0.05)
    assert told["ALLD"] == pytest.approx(1 / 3, abs=0.05)
    # The same as from the actions themselves, which the importer never saw whole.
    assert found.log_likelihood == pytest.approx(frequencies(paired(actions), TWENTY).log_likelihood, abs=1e-3)


def memory_one(rules: Floats, rng: np.random.Generator, games: int = 4, rounds: int = 25) -> Observations:
    """Pairs whose chances to cooperate are: first, after CC, CD, DC, DD. rules: [agents, 5]."""
    agents = len(rules)
    found = np.zeros((agents, games, rounds))
    every = np.arange(agents)
    for game in range(games):
        last = np.zeros(agents, dtype=int)
        for round in range(rounds):
            did = (rng.random(agents) < rules[every, last]).astype(float)
            found[:, game, round] = did
            partner = did.reshape(-1, 2)[:, ::-1].ravel()
            last = 1 + (2 * (did == 0) + (partner == 0)).astype(int)
    return paired(found)


CLASSES = np.array([(0.3, 0.6, 0.2, 0.2, 0.1), (0.9, 0.95, 0.4, 0.4, 0.3)])


@pytest.fixture(scope="module")
def two_classes() -> Observations:
    rng = np.random.default_rng(4)
    return memory_one(CLASSES[rng.permutation(np.repeat([0, 1], [72, 48]))], rng)


def test_classes_of_memory_one_are_found(two_classes: Observations) -> None:
    rng = np.random.default_rng(0)
    fits = mixtures(two_classes, "memory-one", rng, most=3)
    best = chosen(fits)
    assert best.n_classes == 2
    assert [one.log_likelihood for one in fits] == sorted(one.log_likelihood for one in fits)
    assert best.shares == pytest.approx(np.array([0.6, 0.4]), abs=0.03)
    assert best.parameters == pytest.approx(CLASSES, abs=0.06)
    weights = rng.multinomial(120, np.full(120, 1 / 120), 60).astype(float)
    rows = best.table(best.redrawn(weights))
    truth = [0.6, *CLASSES[0], 0.4, *CLASSES[1]]
    assert len(rows) == len(truth)
    assert np.mean([row.low - 0.02 <= value <= row.high + 0.02 for row, value in zip(rows, truth, strict=True)]) > 0.8


def test_criteria_of_classes_count_parameters_and_agents_who_chose(two_classes: Observations) -> None:
    found = mixture(two_classes, "memory-one", 2, np.random.default_rng(0))
    n, uncertain = two_classes.n_agents, found.posterior * np.log(np.maximum(found.posterior, 1e-300))
    assert found.bic == pytest.approx(-2 * found.log_likelihood + (2 * 5 + 1) * np.log(n))
    assert found.icl == pytest.approx(found.bic - 2 * uncertain.sum())
    assert found.loss(found.data) == pytest.approx(-found.log_likelihood / found.data.chosen.sum())
    silent = replace(two_classes, action=np.where(two_classes.agent == 0, np.nan, two_classes.action))
    fewer = mixture(silent, "memory-one", 1, np.random.default_rng(0))
    assert fewer.bic == pytest.approx(-2 * fewer.log_likelihood + 5 * np.log(n - 1))


def test_what_few_of_a_class_met_has_no_interval_and_what_all_did_is_not_certain() -> None:
    """One pair of twenty cooperates, so what is done after CC rests on two people; the others never do."""
    actions = np.zeros((40, 1, 8))
    actions[:2] = 1
    found = mixture(paired(actions), "memory-one", 1, np.random.default_rng(0))
    assert found.witnesses[0] == pytest.approx([40, 2, 0, 0, 38])
    weights = np.random.default_rng(1).multinomial(40, np.full(40, 1 / 40), 100).astype(float)
    rows = {row.name.removeprefix("class 1: "): row for row in found.table(found.redrawn(weights))}
    assert rows["C after CC"].value > 0.99
    assert math.isnan(rows["C after CC"].low)
    assert "fewer than 5 agents" in rows["C after CC"].note
    assert rows["C after DD"].value < 0.01
    assert rows["C after DD"].high == pytest.approx(1 - 0.05 ** (1 / 38))
    assert rows["C first"].low < 0.05 < rows["C first"].high


def test_semi_grim_has_one_chance_after_mixed_rounds(two_classes: Observations) -> None:
    """True here, so it costs next to nothing and BIC takes it; not true of tit for tat, where it costs much."""
    rng = np.random.default_rng(0)
    free, bound = (mixture(two_classes, form, 2, rng) for form in ("memory-one", "semi-grim"))
    assert bound.n_parameters == free.n_parameters - 2
    assert 0 <= free.log_likelihood - bound.log_likelihood < 5
    assert bound.bic < free.bic
    assert bound.parameters[:, 2] == pytest.approx(CLASSES[:, 2], abs=0.05)
    reciprocal = memory_one(np.tile([0.8, 0.95, 0.1, 0.8, 0.1], (60, 1)), rng)
    free, bound = (mixture(reciprocal, form, 1, rng) for form in ("memory-one", "semi-grim"))
    assert bound.bic > free.bic + 100


def test_what_no_one_of_a_class_met_is_not_told() -> None:
    """Defectors who never cooperate say nothing of what they would do after cooperating."""
    rng = np.random.default_rng(0)
    observed = memory_one(np.tile([0.0, 0.5, 0.5, 0.0, 0.0], (20, 1)), rng)
    [row] = [row for row in mixture(observed, "memory-one", 1, rng).table() if row.name.endswith("C after CC")]
    assert np.isnan(row.value)
    assert "not identified" in row.note


def moody(classes: Floats, who: Sequence[int], rng: np.random.Generator, rounds: int = 30) -> Observations:
    """Agents with four neighbours drawn anew in each round. classes: first, level, mood, slope, more slope."""
    rules = classes[list(who)]
    agents = len(rules)
    acts = np.zeros((agents, rounds))
    near = np.full((agents, rounds), np.nan)
    acts[:, 0] = rng.random(agents) < rules[:, 0]
    for round in range(1, rounds):
        near[:, round] = acts[rng.integers(0, agents, (agents, 4)), round - 1].mean(axis=1)
        own, share = acts[:, round - 1], near[:, round]
        odds = rules[:, 1] + rules[:, 2] * own + (rules[:, 3] + rules[:, 4] * own) * share
        acts[:, round] = rng.random(agents) < expit(odds)
    made = paired(acts[:, None, :])
    return replace(made, neighbours=near.ravel(), unit_of=np.arange(agents))


MOODY = np.array([(0.2, -2.5, 0.5, 0.3, 0.5), (0.6, -1.2, 0.8, 0.5, 2.5)])


def test_classes_of_moody_cooperation_are_found() -> None:
    rng = np.random.default_rng(9)
    observed = moody(MOODY, [0] * 200 + [1] * 200, rng)
    best = chosen(mixtures(observed, "moody", rng, most=3, starts=4))
    assert best.n_classes == 2
    assert best.shares == pytest.approx(np.array([0.5, 0.5]), abs=0.06)
    assert best.parameters[1] == pytest.approx(MOODY[1], abs=0.35)
    assert best.parameters[0, :2] == pytest.approx(MOODY[0, :2], abs=0.2)
    # People's classes score people better than one rule for all, and see that half of them are missing.
    one = mixture(observed, "moody", 1, rng)
    other = contexts(moody(MOODY, [0] * 200 + [1] * 200, rng), "moody")
    assert best.loss(other) < one.loss(other) - 0.005
    only = moody(MOODY, [1] * 400, rng)
    assert class_distance(only.once(), observed.once())[0] == pytest.approx(0.5, abs=0.08)


def test_equal_seeds_give_equal_classes(two_classes: Observations) -> None:
    first, second = (mixture(two_classes, "memory-one", 3, np.random.default_rng(1)) for _ in range(2))
    assert np.array_equal(first.parameters, second.parameters)
    with pytest.raises(FidelityError, match="1 to 120 classes"):
        mixture(two_classes, "memory-one", 121, np.random.default_rng(1))


def test_counted_agreements_are_choices(made: Observations) -> None:
    data: Agreements = agreements_with(made, TWENTY)
    assert (data.agree + data.differ == data.chosen[:, None]).all()
    assert data.chosen.sum() == len(made.action)
