"""Structural parameters: closed forms, known equilibria, loops written out, and truths that are found again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, softmax

from comity.fidelity.likelihood import Fit, Grouping, Model, compared, fitted, held_out, redrawn
from comity.fidelity.observations import FidelityError, Floats, Observations, lagged
from comity.fidelity.reinforcement import AspirationLearning, ExperienceWeighted
from comity.fidelity.structural import (
    Bimatrix,
    CognitiveHierarchy,
    Menus,
    Plays,
    QuantalReply,
    QuantalResponse,
    SocialTaste,
    Stage,
    allocations,
    first_choices,
    hierarchy,
    quantal_equilibrium,
    replies,
)

DILEMMA = Stage(3, 0, 5, 1)
WEAK = Stage(7, 0, 10, 0)
PENNIES = Bimatrix(((9, 0), (0, 1)), ((0, 1), (1, 0)))
FOURS = Bimatrix(((4, 0), (0, 1)), ((0, 1), (1, 0)))
THREES = Bimatrix(((3, 0, 5), (5, 1, 0), (0, 5, 2)), ((3, 5, 0), (0, 1, 5), (5, 0, 2)))
GAMES = (PENNIES, FOURS, THREES)


def test_quantal_response_of_a_dominance_solvable_game() -> None:
    """Defecting pays one more whatever the other does: P(C) = 1 / (1 + e^λ), in closed form."""
    game = Stage(3, 0, 4, 1).bimatrix
    for sensitivity in (0.0, 0.3, 1.0, 4.0):
        row, column = quantal_equilibrium(game, sensitivity)
        assert row[0] == column[0] == pytest.approx(1 / (1 + math.exp(sensitivity)))


@pytest.mark.parametrize("game", [*GAMES, Stage(4, 0, 3, 3).bimatrix, WEAK.bimatrix])
@pytest.mark.parametrize("sensitivity", [0.05, 0.5, 3.0, 20.0])
def test_quantal_response_is_an_equilibrium(game: Bimatrix, sensitivity: float) -> None:
    row, column = quantal_equilibrium(game, sensitivity)
    assert row == pytest.approx(softmax(sensitivity * game.own(0) @ column), abs=1e-8)
    assert column == pytest.approx(softmax(sensitivity * game.own(1) @ row), abs=1e-8)


def test_quantal_response_ends_at_nash() -> None:
    """Matching pennies with 9 in a corner: the row player mixes evenly, the column player plays left one time in ten.

    On the way the row player takes the tempting row far more often (the own-payoff effect of the paper).
    """
    row, column = quantal_equilibrium(PENNIES, 300)
    assert row == pytest.approx(np.array([0.5, 0.5]), abs=0.01)
    assert column == pytest.approx(np.array([0.1, 0.9]), abs=0.01)
    assert quantal_equilibrium(PENNIES, 1.0)[0][0] > 0.85
    # In a stag hunt the branch from random play ends where risk is least.
    assert quantal_equilibrium(Stage(4, 0, 3, 3).bimatrix, 20.0)[0][0] < 1e-6


def test_hierarchy_of_a_dilemma_and_of_pennies() -> None:
    """In a dilemma all levels but 0 defect. In pennies level 1 goes for the 9, and who plays against it avoids that."""
    tau = 1.5
    row, column = hierarchy(DILEMMA.bimatrix, tau)
    assert row[0] == column[0] == pytest.approx(math.exp(-tau) / 2, rel=1e-6)
    at_random, first = math.exp(-tau), tau * math.exp(-tau)
    row, column = hierarchy(PENNIES, tau)
    # Level 1 of the column player is indifferent against a random row player.
    assert column[0] == pytest.approx((at_random + first) / 2, abs=1e-6)
    assert row[0] > at_random / 2 + first
    assert hierarchy(PENNIES, 0.0)[0] == pytest.approx(np.array([0.5, 0.5]))


def plays(chances: Callable[[Bimatrix], tuple[Floats, Floats]], agents: int, rng: np.random.Generator) -> Plays:
    """Every agent plays every game once, in the same seat."""
    agent, game = np.repeat(np.arange(agents), len(GAMES)), np.tile(np.arange(len(GAMES)), agents)
    found = [chances(each) for each in GAMES]
    action = np.array(
        [rng.choice(len(p), p=p) for who, which in zip(agent, game, strict=True) for p in [found[which][who % 2]]]
    )
    return Plays(GAMES, agent, game, agent % 2, action, Grouping(np.arange(agents) // 2 % 12, np.arange(agents)))


def assert_found(fit: Fit, truth: tuple[float, ...], within: float = 3.5) -> None:
    """Every parameter is so many standard errors from the truth, or in its interval where there is none."""
    assert fit.identified
    for estimate, value in zip(fit.estimates, truth, strict=True):
        if math.isnan(estimate.error):
            assert estimate.low <= value <= estimate.high, estimate
        else:
            assert abs(estimate.value - value) < within * estimate.error, estimate
            assert estimate.error < 0.5 * max(abs(value), 0.2)


def test_sensitivity_is_found() -> None:
    data = plays(lambda game: quantal_equilibrium(game, 0.8), 300, np.random.default_rng(1))
    fit = fitted(QuantalResponse(data))
    assert_found(fit, (0.8,))
    assert fit.loss < fit.model.blind


@pytest.mark.slow
def test_depth_of_thinking_is_found() -> None:
    rng = np.random.default_rng(2)
    data = plays(lambda game: hierarchy(game, 1.6), 300, rng)
    fit = fitted(CognitiveHierarchy(data))
    assert_found(fit, (1.6,))
    draws = redrawn(fit, rng.multinomial(300, np.full(300, 1 / 300), 200).astype(float))
    low, high = np.quantile(draws, [0.01, 0.99])
    assert low <= 1.6 <= high


def test_first_rounds_are_plays() -> None:
    observed = pairs(np.array([[1, 0], [0, 0], [np.nan, 1], [1, 1]], dtype=float))
    data = first_choices([(observed, DILEMMA), (observed, WEAK)])
    assert data.action.tolist() == [0, 1, 0, 0, 1, 0]
    assert data.agent.tolist() == [0, 1, 3, 4, 5, 7]
    assert data.game.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.grouping.session_of.tolist() == [0] * 4 + [1] * 4
    assert data.grouping.clusters.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def tastes(own: Floats, other: Floats, truth: tuple[float, float, float], rng: np.random.Generator) -> Menus:
    """Twenty choices each by people with Fehr-Schmidt tastes."""
    sensitivity, alpha, beta = truth
    utility = sensitivity * (own - alpha * np.maximum(other - own, 0) - beta * np.maximum(own - other, 0))
    chosen = (rng.random(len(own)) < expit(utility[:, 1] - utility[:, 0])).astype(np.intp)
    return allocations(own, other, chosen, np.arange(len(own)) // 20)


@pytest.mark.slow
def test_social_tastes_are_found_in_both_forms() -> None:
    rng = np.random.default_rng(3)
    own, other = rng.uniform(0, 10, (2, 3_000, 2))
    data = tastes(own, other, (0.8, 0.6, 0.3), rng)
    fehr_schmidt, charness_rabin = (fitted(SocialTaste(data, form)) for form in ("Fehr-Schmidt", "Charness-Rabin"))
    assert_found(fehr_schmidt, (0.8, 0.6, 0.3))
    assert_found(charness_rabin, (0.8, 0.3, -0.6))
    assert charness_rabin.log_likelihood == pytest.approx(fehr_schmidt.log_likelihood, abs=1e-6)
    with pytest.raises(FidelityError, match="cannot be compared"):
        compared(fehr_schmidt, charness_rabin, data.grouping.folds())


@pytest.mark.slow
def test_tastes_from_one_dilemma_are_refused_and_from_several_found() -> None:
    """One game gives two numbers for three parameters, and the fit says so instead of printing three."""
    rng = np.random.default_rng(4)

    def answers(stages: list[Stage]) -> Menus:
        parts = []
        for stage in stages:
            met = rng.integers(0, 2, (200, 21)).astype(float)
            gain = met * (stage.both - stage.tempted) + (1 - met) * (stage.sucker - stage.neither)
            gap = stage.tempted - stage.sucker
            odds = 0.3 * (gain - 0.5 * (1 - met) * gap + 0.2 * met * gap)
            parts.append((seeing(rng.random(met.shape) < expit(odds), met), stage))
        return replies(parts)

    alone = fitted(SocialTaste(answers([DILEMMA])))
    assert not alone.identified
    assert set(alone.unidentified) == {"lambda", "alpha", "beta"}
    assert all(math.isnan(row.value) and "only a combination of" in row.note for row in alone.estimates)
    several = fitted(SocialTaste(answers([DILEMMA, Stage(4, 0, 5, 1), Stage(3, 0, 8, 1), Stage(3, -2, 5, 2)])))
    assert_found(several, (0.3, 0.5, 0.2))
    # What cannot be told apart still predicts.
    assert alone.loss < math.log(2)


def test_nothing_to_tell_is_said() -> None:
    """A game that always pays the same says nothing of how sensitive people are."""
    observed = seeing(np.tile([1.0, 0.0, 1.0], (10, 1)), np.ones((10, 3)))
    fit = fitted(QuantalReply(replies([(observed, Stage(1, 1, 1, 1))])))
    assert fit.unidentified == ("lambda",)
    assert "say nothing of lambda" in fit.estimates[0].note
    defectors = fitted(QuantalReply(replies([(seeing(np.ones((10, 30)), np.ones((10, 30))), DILEMMA)])))
    assert defectors.edges == ("lambda",)
    assert defectors.values[0] == 0
    with pytest.raises(FidelityError, match="no choice that answers to neighbours"):
        replies([(pairs(np.ones((4, 1))), DILEMMA)])


def test_logit_reply_in_a_network_is_found() -> None:
    """The weak dilemma pays defectors 3 m more for each neighbour."""
    rng = np.random.default_rng(5)
    met = rng.integers(0, 5, (200, 30)) / 4
    observed = seeing(rng.random(met.shape) < expit(-0.5 * 3 * met), met)
    assert_found(fitted(QuantalReply(replies([(observed, WEAK)]))), (0.5,))


def test_choices_that_are_not_on_the_menu_are_refused() -> None:
    with pytest.raises(FidelityError, match="does not have"):
        allocations([[1, np.nan]], [[1, np.nan]], [1], [0])
    with pytest.raises(FidelityError, match="same shape"):
        Bimatrix(((1, 2),), ((1,),))


def pairs(actions: Floats, met: Floats | None = None) -> Observations:
    """Pairs of neighbours in the list, over one stretch. met: what was seen, the partner's last act unless given."""
    agents, rounds = actions.shape
    agent, when = np.repeat(np.arange(agents), rounds), np.tile(np.arange(rounds), agents)
    stretch = np.zeros(actions.size, dtype=np.intp)
    partner = actions.reshape(-1, 2, rounds)[:, ::-1].reshape(actions.shape)
    own = lagged(agent, stretch, when, actions.ravel())
    near = lagged(agent, stretch, when, partner.ravel()) if met is None else met.ravel()
    near[when == 0] = np.nan
    unknown = np.full(actions.size, np.nan)
    return Observations(
        population="made",
        condition="pairs",
        sessions=("one",),
        agents=tuple(map(str, range(agents))),
        session_of=np.zeros(agents, dtype=np.intp),
        unit_of=np.arange(agents) // 2,
        agent=agent,
        stretch=stretch,
        round=when,
        action=actions.ravel().astype(float),
        own=own,
        neighbours=near,
        degree=unknown,
        pay=unknown,
        best=unknown,
    )


def seeing(actions: Floats | np.ndarray[tuple[int, ...], np.dtype[np.bool_]], met: Floats) -> Observations:
    return pairs(np.asarray(actions, dtype=float), np.asarray(met, dtype=float).copy())


def earned(did: Floats, partner: Floats) -> tuple[Floats, Floats]:
    """What cooperating and defecting pay against the partner's acts in the dilemma."""
    return 3 * partner, 5 * partner + (1 - partner)


def aspiring(truth: tuple[float, float, float, float], agents: int, rng: np.random.Generator) -> Observations:
    sensitivity, aspiration, slips, first = truth
    acts = np.zeros((agents, 40))
    means = np.full(agents, first)
    for round in range(40):
        if round:
            did = acts[:, round - 1]
            paid = np.where(did == 1, *earned(did, swapped(did)))
            joy = np.tanh(sensitivity * (paid - aspiration))
            same = np.where(did == 1, means, 1 - means)
            same = np.where(joy >= 0, same + (1 - same) * joy, same * (1 + joy))
            means = np.where(did == 1, same, 1 - same)
        acts[:, round] = rng.random(agents) < means * (1 - slips) + (1 - means) * slips
    return pairs(acts)


def attracted(truth: tuple[float, float, float, float], agents: int, rng: np.random.Generator) -> Observations:
    memory, forgone, sensitivity, first = truth
    acts = np.zeros((agents, 40))
    odds = np.full(agents, math.log(first / (1 - first)))
    for round in range(40):
        if round:
            did = acts[:, round - 1]
            cooperating, defecting = earned(did, swapped(did))
            push = np.where(did == 1, cooperating - forgone * defecting, forgone * cooperating - defecting)
            odds = memory * odds + sensitivity * push
        acts[:, round] = rng.random(agents) < expit(odds)
    return pairs(acts)


def swapped(did: Floats) -> Floats:
    return np.asarray(did.reshape(-1, 2)[:, ::-1].ravel())


ASPIRING = (0.4, 1.8, 0.1, 0.6)
ATTRACTED = (0.7, 0.4, 0.35, 0.6)


@pytest.mark.slow
def test_aspirations_are_found() -> None:
    assert_found(fitted(AspirationLearning(aspiring(ASPIRING, 120, np.random.default_rng(6)), DILEMMA)), ASPIRING)


def test_attractions_are_found() -> None:
    assert_found(fitted(ExperienceWeighted(attracted(ATTRACTED, 120, np.random.default_rng(7)), DILEMMA)), ATTRACTED)


def test_a_learner_is_scored_by_its_sequence() -> None:
    """Four rounds of one pair, worked out by hand: the chance to cooperate after each payoff."""
    observed = pairs(np.array([[1, 0, 0, 1], [0, 0, 1, 1]], dtype=float))
    model = AspirationLearning(observed, DILEMMA)
    joy = [math.tanh(0.5 * (paid - 2)) for paid in (0, 1, 5)]  # sucker, neither, tempted
    second = 0.5 + 0.5 * joy[0]  # cooperating did not please
    third = 1 - ((1 - second) + (1 - second) * joy[1])  # nor did defecting
    fourth = 1 - ((1 - third) + third * joy[2])  # but now it did
    hand = math.log(0.5) + math.log(1 - second) + math.log(1 - third) + math.log(fourth)
    assert model.log_likelihoods(np.array([0.5, 2.0, 0.0, 0.5]))[0] == pytest.approx(hand)
    assert model.choices.tolist() == [4, 4]


def test_learning_needs_what_was_earned() -> None:
    alone = pairs(np.array([[1, 0], [0, 0]], dtype=float))
    with pytest.raises(FidelityError, match="learning needs rounds"):
        AspirationLearning(alone)
    with pytest.raises(FidelityError, match="payoffs of the game are needed"):
        fitted(ExperienceWeighted(with_pay(alone)))


def with_pay(observed: Observations) -> Observations:
    return replace(observed, pay=np.where(np.isnan(observed.own), np.nan, 1.0))


@pytest.mark.slow
def test_two_fits_side_by_side() -> None:
    """A candidate of the same kind predicts people as well as people do; another kind shows in parameters and loss."""
    rng = np.random.default_rng(8)
    people = fitted(ExperienceWeighted(attracted(ATTRACTED, 60, rng), DILEMMA))
    alike = fitted(ExperienceWeighted(attracted(ATTRACTED, 60, rng), DILEMMA))
    other = fitted(ExperienceWeighted(attracted((0.2, 1.0, 0.8, 0.9), 60, rng), DILEMMA))
    folds = people.model.grouping.folds()
    assert (folds[::2] == folds[1::2]).all(), "partners are left out together"
    same, unlike = compared(people, alike, folds), compared(people, other, folds)
    assert all(row.low - row.error <= 0 <= row.high + row.error for row in same.differences)
    assert same.loss == pytest.approx(same.own, abs=0.015)
    assert same.own < same.blind == math.log(2)
    assert unlike.loss > unlike.own + 0.03
    assert any(row.low > 0 or row.high < 0 for row in unlike.differences)
    assert held_out(people, folds) == same.own
    assert math.isnan(held_out(people, np.zeros(60, dtype=np.intp)))


@pytest.mark.slow
def test_errors_agree_with_drawing_again() -> None:
    rng = np.random.default_rng(9)
    own, other = rng.uniform(0, 10, (2, 2_000, 2))
    fit = fitted(SocialTaste(tastes(own, other, (0.5, 0.4, 0.2), rng)))
    weights = rng.multinomial(100, np.full(100, 0.01), 20).astype(float)
    assert redrawn(fit, weights).std(axis=0, ddof=1) == pytest.approx(fit.errors, rel=0.45)


def test_errors_are_the_sandwich_over_clusters_and_losses_are_held_out() -> None:
    """With one parameter in closed form: by agents, and by twelve sessions in each of which two agents do the same."""
    rng = np.random.default_rng(10)
    own = rng.uniform(0, 5, (240, 2))
    ahead = own[:, 0] - own[:, 1]
    took = (rng.random(240) > expit(0.4 * ahead)).astype(np.intp)
    agent = np.arange(240) // 20
    alone = fitted(QuantalReply(allocations(own, own, took, agent)))
    chance = expit(float(alone.values[0]) * ahead)
    scores = np.bincount(agent, ((took == 0) - chance) * ahead)
    error = np.sqrt(12 / 11 * (scores**2).sum()) / (ahead**2 * chance * (1 - chance)).sum()
    assert alone.errors[0] == pytest.approx(error, rel=1e-4)
    doubled = (np.tile(own, (2, 1)), np.tile(own, (2, 1)), np.tile(took, 2), np.concatenate([agent, agent + 12]))
    twice = fitted(QuantalReply(allocations(*doubled, session_of=np.tile(np.arange(12), 2))))
    assert twice.errors[0] == pytest.approx(alone.errors[0], rel=1e-4)
    assert Grouping(np.arange(12) // 3, np.arange(12)).folds().tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    # Each half by what was fitted to the other.
    folds = np.arange(12) % 2
    others = [fitted(alone.model, folds != fold) for fold in (0, 1)]
    under = [other.model.log_likelihoods(other.values)[folds == fold].sum() for fold, other in enumerate(others)]
    assert held_out(alone, folds) == pytest.approx(-sum(under) / 240, abs=1e-6)
    assert held_out(alone, folds) > alone.loss + 1e-5


@pytest.mark.parametrize("stage", [Stage(3, 0, 5, 1), Stage(3, 4, 1, 0)])
def test_replies_are_utilities_of_the_papers(stage: Stage) -> None:
    """Expected over a partner who cooperates with the chance m; in the second game the one who gives is ahead."""
    met = np.array([[0.0, 0.3, 0.8], [0.0, 1.0, 0.4]])
    data = replies([(seeing(np.array([[1.0, np.nan, 0.0], [1.0, 1.0, 0.0]]), met), stage)])
    assert data.chosen.tolist() == [1, 0, 1]  # where nothing was seen or chosen there is no menu
    shares, alpha, beta = np.array([0.8, 1.0, 0.4]), 0.7, 0.4

    def felt(mine: float, theirs: float) -> float:
        return mine - alpha * max(theirs - mine, 0) - beta * max(mine - theirs, 0)

    pays = [(felt(stage.both, stage.both), felt(stage.sucker, stage.tempted))]
    pays += [(felt(stage.tempted, stage.sucker), felt(stage.neither, stage.neither))]
    expected = np.column_stack([shares * one + (1 - shares) * other for one, other in pays])
    assert data.own - alpha * data.behind - beta * data.ahead == pytest.approx(expected)


def test_a_fit_needs_choices() -> None:
    model: Model = QuantalReply(replies([(seeing(np.ones((4, 3)), np.ones((4, 3))), DILEMMA)]))
    with pytest.raises(FidelityError, match="no choice to explain"):
        fitted(model, np.zeros(4))
