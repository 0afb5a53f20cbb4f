"""The cheap rules that a candidate must beat: who adds nothing over them is not told apart from people by them.

A floor is made from people whose data may be used for tuning (calibration), and from the candidate where it says so.
It plays in the candidate's place: as many agents on the same links in the same rounds. Where the candidate's links are
not known it plays on the contexts that people met, for those of a poor candidate would be poor. Several copies are
played, so that what chance does to a floor is small beside what it does to a candidate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from comity.fidelity.observations import FidelityError, Observations
from comity.fidelity.simulate import Constant, Persistence, Rule, closed, moody_rule, simulated

COPIES = 10

Chooser: TypeAlias = Callable[[Observations, Observations], Rule]
"""From people and a candidate, the rule of a floor."""


@dataclass(frozen=True)
class Floor:
    """A cheap rule. name: its key in `FLOORS`. title: what it is, in words. numeral: its usual number,
    i to vi. rule: how it is made of people and candidate."""

    name: str
    title: str
    numeral: str
    rule: Chooser

    def __call__(
        self,
        people: Observations,
        candidate: Observations,
        rng: np.random.Generator,
        copies: int = COPIES,
        design: Observations | None = None,
    ) -> Observations:
        """The floor as a population.

        people: those it may be fitted to. design: on whose sessions and links it plays; the candidate's unless given,
        or people's where those are not known.
        Raises `FidelityError` where the people made no choice, or too few for the rule to be fitted.
        """
        place = design or (candidate if closed(candidate) else people)
        return simulated(self.rule(people, candidate), place, rng, self.name, copies)


def _mean(observed: Observations) -> float:
    cooperated, chosen = observed.by_round
    if not chosen.sum():
        raise FidelityError(f"{observed.population} made no choice in {observed.condition}, so it has no mean")
    return float(cooperated.sum() / chosen.sum())


def _first(observed: Observations) -> float:
    """The share that cooperated in the first round; of all rounds where nobody chose in the first."""
    cooperated, chosen = (part[:, 0].sum() for part in observed.by_round)
    return float(cooperated / chosen) if chosen else _mean(observed)


FLOORS: dict[str, Floor] = {
    floor.name: floor
    for floor in (
        Floor("coin", "a fair coin in every round", "i", lambda people, candidate: Constant(0.5)),
        Floor(
            "one_rate",
            "everybody cooperates with the people's mean probability, whatever happens",
            "ii",
            lambda people, candidate: Constant(_mean(people)),
        ),
        Floor(
            "own_mean",
            "everybody cooperates with the candidate's own mean probability, whatever happens",
            "iii",
            lambda people, candidate: Constant(_mean(candidate)),
        ),
        Floor(
            "persistence",
            "everybody repeats its last action for ever; first actions are cooperative as often as people's",
            "iv",
            lambda people, candidate: Persistence(_first(people)),
        ),
        Floor(
            "one_rule",
            "everybody follows one moody rule, the likeliest for all people together, with their trend over rounds",
            "v",
            lambda people, candidate: moody_rule(people),
        ),
        Floor(
            "fitted_people",
            "everybody follows the moody rule with a trait of its own, as different from each other as people are",
            "vi",
            lambda people, candidate: moody_rule(people, traits=True),
        ),
    )
}
"""By name, from the least to the most informed."""
