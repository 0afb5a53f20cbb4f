"""Trade-off sweeps: what cooperation costs and brings is varied step by step, so that a default can be told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from comity.studies.study import Part, Study

REPLICATES = 5
REPLICATES_IN_FULL = 20
COST = 2
"""What cooperating costs where the benefit is varied."""
BENEFIT = 10
"""What cooperating brings the other where the cost is varied."""
RETURN = 0.6
"""What one gets of what one gives where the size of the group is varied."""
GROUP = 4
"""How many are in a group where the return is varied."""

Levels: TypeAlias = tuple[Sequence[float], Sequence[float]]
"""A few, and as many as a curve with lapses wants."""

TEMPTATIONS: Levels = ((6.5, 7.5, 8.5, 10, 11.5), (6.25, 6.5, 7, 7.5, 8, 8.5, 9, 10, 11, 11.75))
BENEFITS: Levels = ((2.5, 3, 4, 6, 10), (2.25, 2.5, 3, 3.5, 4, 5, 6, 8, 12, 20))
COSTS: Levels = ((1, 3, 5, 7, 9), (0.5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9.5))
SIZES: Levels = ((2, 3, 4, 6, 8), (2, 3, 4, 5, 6, 8, 10, 12))
RETURNS: Levels = ((0.3, 0.45, 0.6, 0.75, 0.9), (0.28, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95))
CHANCES: Levels = ((0.1, 0.3, 0.5, 0.7, 0.9), (0.05, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9, 0.95))


def _listed(name: str, levels: Levels, entry: Callable[[float], str]) -> Callable[[bool], Mapping[str, str]]:
    """What a template leaves open: the name, and one line for each level."""
    return lambda full: {"name": name, "levels": "\n".join(f"    {{{entry(level)}}}," for level in levels[full])}


def _dilemma(label: str, reward: float, sucker: float, temptation: float, punishment: float) -> str:
    paid = {"reward": reward, "sucker": sucker, "temptation": temptation, "punishment": punishment}
    return ", ".join(
        [f'label = "{label}"', 'name = "prisoners_dilemma"', *(f"{name} = {value:g}" for name, value in paid.items())]
    )


def _group(label: str, players: int, back: float) -> str:
    return f'label = "{label}", name = "public_goods", players = {players}, multiplier = {round(back * players, 6):g}'


def _continued(chance: float) -> str:
    going_on = f'{{name = "random_continuation", chance = {chance:g}, memory = "all"}}'
    return f'label = "goes on {100 * chance:g} %", stack = [{going_on}, {{name = "presentation", labels = "random"}}]'


def _part(name: str, about: str, template: str, levels: Levels, entry: Callable[[float], str]) -> Part:
    return Part(name, about, f"trade-off_{template}", REPLICATES, REPLICATES_IN_FULL, _listed(name, levels, entry))


TRADE_OFF = Study(
    name="trade-off",
    about="What cooperation costs and brings is varied step by step; comity curve tells a default from a trade-off.",
    parts=(
        _part(
            "temptation",
            "The one-shot prisoner's dilemma with ever more for who defects alone: comity curve RUN --over temptation.",
            "once",
            TEMPTATIONS,
            lambda level: _dilemma(f"temptation {level:g}", 6, 0, level, 2),
        ),
        _part(
            "benefit",
            "One-shot giving at a fixed cost, which brings the other ever more: comity curve RUN --over benefit.",
            "once",
            BENEFITS,
            lambda level: _dilemma(f"benefit {level:g}", level, 0, level + COST, COST),
        ),
        _part(
            "cost",
            "One-shot giving that brings the other the same at an ever higher cost: comity curve RUN --over cost.",
            "once",
            COSTS,
            lambda level: _dilemma(f"cost {level:g}", BENEFIT, 0, BENEFIT + level, level),
        ),
        _part(
            "group",
            "One-shot public goods in ever larger groups, each with the same return: comity curve RUN --over players.",
            "once",
            SIZES,
            lambda level: _group(f"{level:g} players", int(level), RETURN),
        ),
        _part(
            "return",
            "One-shot public goods of four with ever more back for what one gives: comity curve RUN --over return.",
            "once",
            RETURNS,
            lambda level: _group(f"return {level:g}", GROUP, level),
        ),
        _part(
            "continuation",
            "The prisoner's dilemma that goes on ever more likely: comity curve RUN --over chance.",
            "continuation",
            CHANCES,
            _continued,
        ),
    ),
    settings={"form": "choice", "reasoning": True, "temperature": 1.0, "re_asks": 3},
    differs=(
        "Nobody published it: it is a sweep of comity's own, and who plays it is an example. Each agent meets itself, "
        "as in a one-shot game it does not matter whom it meets. One thing is varied in each part, all else is held, "
        "and labels of options are drawn anew in each match. People's choices over the reward and the chance to go on "
        "are in the data of Dal Bó and Fréchette (2011): comity curve RUN --over chance --against PEOPLE."
    ),
)
"""Every model answers with a choice, after its reasons, at temperature 1."""
