"""Learning from what was earned: aspiration learning and experience-weighted attraction, fitted to whole sequences.

The chance to cooperate is carried from round to round within a stretch and moved by what was done and earned, so the
likelihood of an agent is that of its sequence. Every stretch starts afresh. Rows after one whose past is not known are
left out, as for automata. Neighbours' payoffs are not asked for: both rules look at own payoffs only.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import log_expit

from comity.fidelity.likelihood import Grouping, Parameter, summed
from comity.fidelity.observations import Codes, FidelityError, Floats, Observations
from comity.fidelity.sequences import in_order
from comity.fidelity.structural import Stage

SURE = 1e-9
"""No choice is taken to be more certain than this leaves open."""


@dataclass(frozen=True, eq=False)
class _OfSequences(ABC):
    """What learning rules share: who did what after what, in order."""

    observed: Observations
    stage: Stage | None = None

    def __post_init__(self) -> None:
        if not any(len(part) for part in self._parts[1:]):
            raise FidelityError(
                f"{self.observed.population}, {self.observed.condition}: learning needs rounds after which own acts "
                "and what they earned are known (pay, or neighbours and the payoffs of the game)"
            )

    @property
    def grouping(self) -> Grouping:
        """Sessions and units as observed."""
        return Grouping(self.observed.session_of, self.observed.unit_of)

    @property
    def blind(self) -> float:
        """ln 2: a coin."""
        return math.log(2)

    @cached_property
    def earned(self) -> Floats:
        """[rows]: what the round before earned: per neighbour by the stage game where it is given, else as recorded."""
        if self.stage is None:
            return self.observed.pay
        cooperating, defecting = self._options
        return np.where(self.observed.own == 1, cooperating, defecting)

    @cached_property
    def _options(self) -> tuple[Floats, Floats]:
        """[rows] twice: what cooperating and what defecting would have earned in the round before, per neighbour."""
        stage, met = self.stage, self.observed.neighbours
        if stage is None:
            raise FidelityError("what was not done has no recorded payoff; the payoffs of the game are needed")
        return met * stage.both + (1 - met) * stage.sucker, met * stage.tempted + (1 - met) * stage.neither

    @cached_property
    def _parts(self) -> tuple[Codes, ...]:
        return in_order(self.observed, ~np.isnan(self.observed.own) & ~np.isnan(self.earned))

    @cached_property
    def _counting(self) -> Codes:
        """The rows with a choice that a rule speaks of."""
        rows = np.concatenate(self._parts)
        return np.asarray(rows[self.observed.known[rows]])

    @cached_property
    def choices(self) -> Floats:
        """[agents]"""
        return summed(self.observed.agent[self._counting], np.ones(len(self._counting)), self.observed.n_agents)

    @abstractmethod
    def log_odds(self, values: Floats) -> Floats:
        """[rows]: of cooperating, by the rule."""

    def log_likelihoods(self, values: Floats) -> Floats:
        """[agents]"""
        rows = self._counting
        odds = self.log_odds(values)[rows]
        logs = log_expit(np.where(self.observed.action[rows] == 1, odds, -odds))
        return summed(self.observed.agent[rows], logs, self.observed.n_agents)


@dataclass(frozen=True, eq=False)
class AspirationLearning(_OfSequences):
    """Bush-Mosteller learning with a fixed aspiration (Macy and Flache 2002; Ezaki, Horita, Takezawa and Masuda 2016).

    What was earned, r, pleases by s = tanh(β (r − A)). An act that pleased becomes more likely, p' = p + (1 − p) s, one
    that did not less likely, p' = p + p s, for the act that was done. One does what one means to but for a share ε.
    Parameters: sensitivity β per unit of payoff, aspiration A, slips ε, and the chance of the first round. Identified
    where payoffs lie on both sides of A; if all are above it, or β is so large that tanh is ±1, A moves nothing.
    """

    @property
    def title(self) -> str:
        return "aspiration learning"

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """β, A, ε and the first round."""
        seen = self.earned[np.concatenate(self._parts[1:])]
        low, high = float(seen.min()), float(seen.max())
        span = max(high - low, 1e-9)
        aspirations = tuple(low + span * part for part in (0.1, 0.3, 0.5, 0.8))
        return (
            Parameter("sensitivity", 0.0, 50 / span, (0.5 / span, 2 / span)),
            Parameter("aspiration", low - span, high + span, aspirations),
            Parameter("slips", 0.0, 0.5, (0.02, 0.2)),
            Parameter("first", 0.0, 1.0, (_first_rate(self.observed),)),
        )

    def log_odds(self, values: Floats) -> Floats:
        """[rows]: of cooperating, slips included."""
        sensitivity, aspiration, slips, first = values
        own = self.observed.own
        pleased = np.tanh(sensitivity * (self.earned - aspiration))
        means = np.full(len(own), first)
        for rows in self._parts[1:]:
            did, joy, before = own[rows] == 1, pleased[rows], means[rows - 1]
            same = np.where(did, before, 1 - before)
            same = np.where(joy >= 0, same + (1 - same) * joy, same + same * joy)
            means[rows] = np.where(did, same, 1 - same)
        chance = np.clip(means * (1 - slips) + (1 - means) * slips, SURE, 1 - SURE)
        return np.asarray(np.log(chance) - np.log1p(-chance))


@dataclass(frozen=True, eq=False)
class ExperienceWeighted(_OfSequences):
    """Experience-weighted attraction with attractions that add up (Camerer and Ho 1999, with N = 1).

    A_j' = φ A_j + (δ + (1 − δ) [j was done]) π_j, and P(C) is the logit of λ (A_C − A_D). φ: how much of the past is
    kept. δ: how much what was not done counts beside what was: 0 is reinforcement, 1 is fictitious play. λ: per unit of
    payoff. The chance of the first round is a parameter, whose log-odds fade with φ. Identified where payoffs vary;
    with λ at 0 nothing is known of φ but how fast the start fades, and nothing of δ.
    """

    @property
    def title(self) -> str:
        return "experience-weighted attraction"

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """φ, δ, λ and the first round."""
        seen = np.concatenate(self._parts[1:])
        largest = max(float(np.abs(part[seen]).max()) for part in self._options)
        unit = 1 / max(largest, 1e-9)
        return (
            Parameter("memory", 0.0, 1.0, (0.3, 0.8)),
            Parameter("forgone", -1.0, 2.0, (0.2, 0.8)),
            Parameter("lambda", 0.0, 100 * unit, (0.1 * unit, unit)),
            Parameter("first", 0.001, 0.999, (_first_rate(self.observed),)),
        )

    def log_odds(self, values: Floats) -> Floats:
        """[rows]: of cooperating."""
        memory, forgone, sensitivity, first = values
        cooperating, defecting = self._options
        did = self.observed.own == 1
        push = np.where(did, cooperating - forgone * defecting, forgone * cooperating - defecting)
        found = np.full(len(did), math.log(first / (1 - first)))
        for rows in self._parts[1:]:
            found[rows] = memory * found[rows - 1] + sensitivity * push[rows]
        return np.asarray(np.clip(found, -50, 50))


def _first_rate(observed: Observations) -> float:
    """The share that cooperated in first rounds, kept off the ends."""
    first = observed.action[(observed.round == 0) & observed.known]
    return float((first.sum() + 0.5) / (len(first) + 1))
