"""Whether verdicts hold if the question is put otherwise: labels swapped, neighbours in another order, another persona,
another temperature, a paraphrase.

How a question is put is a third thing that is drawn, after runs and agents. What it adds to the uncertainty of a number
is the standard deviation between perturbations, which no interval of one wording holds; a level whose word turns under
a perturbation is not steady, and no candidate stands in for people without steady levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from comity.fidelity.bounds import Number
from comity.fidelity.comparison import Comparison, Progress, Reference, compare
from comity.fidelity.observations import Observations
from comity.fidelity.statistic import Level
from comity.fidelity.verdict import RULES, Word, verdicts

AS_IT_IS = "as it is"
"""What is audited, among its perturbations."""


@dataclass(frozen=True)
class Shaken:
    """One statistic in one condition under all perturbations.

    value: unperturbed, with its own bounds. spread: the standard deviation between perturbations, the unperturbed one
    among them. words: by perturbation. turns: whether they are not all the same.
    """

    key: str
    condition: str
    value: Number
    spread: float
    words: Mapping[str, Word]

    @property
    def turns(self) -> bool:
        return len(set(self.words.values())) > 1


@dataclass(frozen=True)
class Audit:
    """What perturbations change.

    perturbations: their names, the unperturbed first. statistics: those that have a verdict. levels: by level, the word
    under each perturbation.
    """

    perturbations: tuple[str, ...]
    statistics: tuple[Shaken, ...]
    levels: Mapping[Level, Mapping[str, Word]]


def audited(
    unperturbed: Comparison,
    perturbed: Mapping[str, Mapping[str, Observations]],
    people: Reference,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> Audit:
    """Hold every perturbation of a candidate against the same people.

    unperturbed: the comparison that is audited, made with the same reference. perturbed: by name of the perturbation
    and condition; a condition that lacks is not in that comparison.
    """
    comparisons = {AS_IT_IS: unperturbed} | {
        name: compare(each, people, rng, pictures=False, progress=progress) for name, each in perturbed.items()
    }
    return audit_of(comparisons)


def audit_of(comparisons: Mapping[str, Comparison]) -> Audit:
    """The audit of comparisons with the same people, by name; the first is what is audited."""
    said = {name: verdicts(each) for name, each in comparisons.items()}
    words = {
        name: {(judged.key, judged.condition): judged.verdict.word for judged in each.statistics}
        for name, each in said.items()
    }
    values = {
        name: {(found.key, found.condition): found.value for found in each.findings}
        for name, each in comparisons.items()
    }
    first = next(iter(comparisons))
    shaken = tuple(
        Shaken(
            key=key,
            condition=condition,
            value=values[first][key, condition],
            spread=_spread([of[key, condition].value for of in values.values() if (key, condition) in of]),
            words={name: of[key, condition] for name, of in words.items() if (key, condition) in of},
        )
        for key, condition in words[first]
    )
    levels: dict[Level, Mapping[str, Word]] = {
        level: {name: each.of(level) for name, each in said.items()} for level in RULES
    }
    return Audit(tuple(comparisons), shaken, levels)


def _spread(values: list[float]) -> float:
    """The standard deviation, n - 1; NaN with one value or one that is not known."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
