"""Populations of which it is known what must be said: people against people, and impostors made from people.

Each impostor has something of people and lacks the rest: their mean, their courses, their rates, their rule. A
validation that passes one of them where it lacks what is claimed is fooled. `villages` draws people of our own making,
with traits, moods and slopes, so that all of this can be tried without data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from comity.fidelity.catalogue import STATISTICS
from comity.fidelity.comparison import compare, reference
from comity.fidelity.floors import FLOORS
from comity.fidelity.linked import ALWAYS, degrees, links_of_graphs
from comity.fidelity.moody import Fit, Form
from comity.fidelity.observations import Codes, Floats, Observations
from comity.fidelity.resampling import split_sessions
from comity.fidelity.simulate import Constant, Moody, moody_rule, simulated, simulated_mix
from comity.fidelity.statistic import Level
from comity.fidelity.verdict import RULES, Verdicts, verdicts
from comity.mechanisms.graphs import ring

NEIGHBOURS = 4
"""How many neighbours everybody has in a village."""

COINS = 0.9
"""The share of coins in the mixture: as it grows, noise alone comes near people's rate after cooperation (1/2)."""


@dataclass(frozen=True)
class Known:
    """A population made from people.

    title: what it is. make: of people and chance. fails: the levels at which it must fail; passes: at which it must
    pass; at others it may be told as anything. keeps: what it has of people.
    """

    title: str
    make: Callable[[Observations, np.random.Generator], Observations]
    keeps: str
    fails: tuple[Level, ...] = ()
    passes: tuple[Level, ...] = ()


def villages(rng: np.random.Generator, sessions: int = 30, size: int = 16, rounds: int = 20) -> dict[str, Observations]:
    """People of our own making in two conditions, "lasting" and "changing": [sessions] each, no agent in both.

    Everybody has four neighbours on a ring, for good or drawn anew every round, and decides by a moody rule with a
    trait of its own (`PEOPLE`): after cooperating more than after defecting, the more neighbours cooperated, falling
    over the rounds, and less where neighbours change.
    """
    return {
        name: simulated(rule, _village(name, rng, sessions, size, rounds), rng, "people")
        for name, rule in PEOPLE.items()
    }


def _moody(level: float) -> Moody:
    """People's rule at a level of log-odds."""
    form = Form(share=0.4, round=9.5)
    return Moody(Fit(level + 1.9, (level, 1.0, 0.5, 0.7, 0.5, -0.35), 0.9, form, float("nan")))


PEOPLE: Mapping[str, Moody] = {"lasting": _moody(-0.55), "changing": _moody(-1.35)}
"""The rule of people in each condition of `villages`."""


def _village(condition: str, rng: np.random.Generator, sessions: int, size: int, rounds: int) -> Observations:
    """The design: who plays when, and who is whose neighbour."""
    agents, session = sessions * size, np.repeat(np.arange(sessions), size)
    agent, round = np.repeat(np.arange(agents), rounds), np.tile(np.arange(rounds), agents)
    unknown = np.full(len(agent), np.nan)
    circle = np.array(ring(size, NEIGHBOURS))
    if condition == "lasting":
        graphs = [(0, ALWAYS, number * size + circle) for number in range(sessions)]
    else:
        graphs = [
            (0, when, number * size + rng.permutation(size)[circle])
            for number in range(sessions)
            for when in range(rounds)
        ]
    design = Observations(
        population="nobody",
        condition=condition,
        sessions=tuple(f"{condition} {number}" for number in range(sessions)),
        agents=tuple(f"{condition} {number}" for number in range(agents)),
        session_of=session,
        unit_of=np.arange(agents),
        agent=agent,
        stretch=np.zeros(len(agent), dtype=np.intp),
        round=round,
        action=unknown,
        own=unknown,
        neighbours=unknown,
        degree=unknown,
        pay=unknown,
        best=unknown,
        links=links_of_graphs(graphs),
    )
    return replace(design, degree=degrees(design))


def _same(people: Observations, rng: np.random.Generator) -> Observations:
    return replace(people, population="other people")


def _coins(people: Observations, rng: np.random.Generator) -> Observations:
    return simulated(Constant(0.5), people, rng, "coins")


def _one_rate(people: Observations, rng: np.random.Generator) -> Observations:
    return simulated(Constant(float(np.nanmean(people.action))), people, rng, "one rate")


def _own_rates(people: Observations, rng: np.random.Generator) -> Observations:
    chance = people.rates[people.agent]
    return people.with_actions(_kept(people, rng.random(len(chance)) < chance), "own rates")


def _own_rounds_shuffled(people: Observations, rng: np.random.Generator) -> Observations:
    return people.with_actions(_permuted(people.action, [_course(people)], rng), "own rounds shuffled")


def _subjects_shuffled(people: Observations, rng: np.random.Generator) -> Observations:
    within = [people.session_of[people.agent], people.stretch, people.round]
    return people.with_actions(_permuted(people.action, within, rng), "subjects shuffled")


def _one_rule(people: Observations, rng: np.random.Generator) -> Observations:
    return simulated(moody_rule(people), people, rng, "one rule")


def _moodless_with_coins(people: Observations, rng: np.random.Generator) -> Observations:
    """Coins among agents that imitate neighbours and have no mood, as a language model was found to be."""
    fit = moody_rule(people).fit
    moodless = Moody(replace(fit, coefficients=(fit.coefficients[0], -0.1, 2.5, 0.0, *fit.coefficients[4:])))
    coins = rng.random(people.n_agents) < COINS
    return simulated_mix([moodless, Constant(0.5)], coins.astype(np.intp), people, rng, "moodless agents and coins")


def _reversed(people: Observations, rng: np.random.Generator) -> Observations:
    order = np.lexsort((-people.round, _course(people)))
    return people.with_actions(people.action[order], "time reversed")


def _swapped(people: Observations, rng: np.random.Generator) -> Observations:
    return people.with_actions(1 - people.action, "labels swapped")


def _course(of: Observations) -> Codes:
    """[rows]: the agent and stretch of each row, as one code that rises with the rows."""
    return of.agent * (int(of.stretch.max(initial=0)) + 1) + of.stretch


def _kept(of: Observations, action: NDArray[np.bool_]) -> Floats:
    """Actions only where there were some."""
    return np.where(of.known, action.astype(float), np.nan)


def _permuted(values: Floats, within: list[Codes], rng: np.random.Generator) -> Floats:
    """Values in random order among rows that have all codes in common."""
    keys = tuple(reversed(within))
    found = np.empty_like(values)
    found[np.lexsort(keys)] = values[np.lexsort((rng.random(len(values)), *keys))]
    return found


ALL: tuple[Level, ...] = ("macro", "heterogeneity", "rule")

POPULATIONS: dict[str, Known] = {
    "people": Known("other people", _same, "everything", passes=ALL),
    "coins": Known("fair coins", _coins, "nothing", fails=ALL),
    "one_rate": Known("everybody at people's mean rate", _one_rate, "the mean", fails=ALL),
    "own_rates": Known("each at the rate of one person", _own_rates, "the mean, the rates", fails=("macro", "rule")),
    "own_rounds_shuffled": Known(
        "each person's rounds shuffled",
        _own_rounds_shuffled,
        "the mean, the rates",
        fails=("macro", "rule"),
        passes=("heterogeneity",),
    ),
    "subjects_shuffled": Known(
        "persons shuffled within each round",
        _subjects_shuffled,
        "the course",
        fails=("heterogeneity", "rule"),
        passes=("macro",),
    ),
    "one_rule": Known(
        "everybody by people's pooled rule",
        _one_rule,
        "the course, the mean rule",
        fails=("heterogeneity",),
        passes=("macro", "rule"),
    ),
    "moodless_and_coins": Known(
        "agents without a mood, nine in ten replaced by coins",
        _moodless_with_coins,
        "the rate after cooperation",
        fails=("rule",),
    ),
    "time_reversed": Known(
        "time reversed", _reversed, "the rates, nearly the rule", fails=("macro",), passes=("heterogeneity",)
    ),
    "labels_swapped": Known("labels swapped", _swapped, "how much persons differ", fails=ALL),
}
"""The ten populations, by name."""

SESSIONS, SIZE, ROUNDS, DRAWS = 60, 20, 24, 200
"""How large a trial is: of so many sessions two fifths make the candidates, the others are people."""

SMALLEST: Mapping[str, float] = {"M2": 0.095, "M7": 0.12, "H2": 0.05, "H3": 0.6, "D2": 9.0, "D3": 0.01}
"""The smallest effects of interest that trials declare: 9.5 points of cooperation in a round, 12 in a contrast,
variances within a factor of 1.8, a rule within nine of its own standard errors, and 0.01 nats a choice. Without them a
ceiling alone is the margin, and every other comparison of people with people is left open at some level."""

RESTING: frozenset[str] = frozenset(
    key for rule in RULES.values() for key in (*rule.passes, *rule.skills, *rule.stands)
)
"""What verdicts on levels rest on."""


def trial(
    rng: np.random.Generator,
    names: Iterable[str] = POPULATIONS,
    keys: frozenset[str] = RESTING,
    smallest: Mapping[str, float] = SMALLEST,
) -> dict[str, Verdicts]:
    """One trial: people are drawn, and candidates made from some of them are held against the others.

    names: of `POPULATIONS`. keys: the statistics that are measured.
    """
    candidates, people = split_sessions(villages(rng, SESSIONS, SIZE, ROUNDS), 0.4, rng)
    measured = [each for each in STATISTICS if each.key in keys]
    judges = reference(people, candidates, measured, FLOORS, rng, draws=DRAWS, smallest=smallest)
    made = {name: {where: POPULATIONS[name].make(part, rng) for where, part in candidates.items()} for name in names}
    return {name: verdicts(compare(each, judges, rng, pictures=False)) for name, each in made.items()}
