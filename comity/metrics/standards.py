"""What a score would be if nobody played: the expectation of a metric under a standard of `exact.baselines`."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from comity.core.errors import NotSolvable
from comity.core.named import NamedStage, named_game
from comity.exact.baselines import Baseline, baselines
from comity.metrics.metric import MetricError
from comity.metrics.scores import Rules, Score, rules_of
from comity.records.spec import Cell

SCORES: Mapping[str, Score] = {
    "share_of_max": Rules.share_of_max,
    "range_share": Rules.range_share,
    "hindsight_regret": Rules.hindsight_regret,
    "joint": Rules.joint,
    "coordination": Rules.coordination,
    "mutual_cooperation": Rules.mutual_cooperation,
    "mutual_defection": Rules.mutual_defection,
}
"""The metrics that are functions of one play, as `comity.metrics.scores` has them."""
STANDARDS = ("random", "first", "nash", "maximin", "alternation", "joint")


def standards(cells: Iterable[Cell], metric: str, name: str) -> dict[tuple[str, str, str], float]:
    """What the standard of that name brings, by mechanism, game and role; the mean over the seats of a role.

    Games that have no such standard, or do not define the metric for a seat, are left out. Raises `MetricError` where
    there is no standard of that name, or the metric is not of single plays.
    """
    if name not in STANDARDS:
        raise MetricError(f"there is no baseline {name!r}; there are {', '.join(STANDARDS)}")
    if metric not in SCORES:
        raise MetricError(f"a baseline is of what single plays bring: {', '.join(SCORES)}; not of {metric}")
    found: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
    for cell in cells:
        game = named_game(cell.built)
        standard = _standard(game, name) if isinstance(game, NamedStage) else None
        if isinstance(game, NamedStage) and standard is not None:
            for seat, role in enumerate(game.roles):
                found[cell.mechanism_label, cell.game_label, role].append(
                    _expected(game, standard, SCORES[metric], seat)
                )
    return {key: math.fsum(values) / len(values) for key, values in found.items() if not any(map(math.isnan, values))}


def _standard(game: NamedStage, name: str) -> Baseline | None:
    try:
        return next((standard for standard in baselines(game) if standard.name == name), None)
    except NotSolvable:
        return None


def _expected(game: NamedStage, standard: Baseline, score: Score, seat: int) -> float:
    """The mean score of a seat; NaN where the game defines none for it."""
    rules = rules_of(game)
    scores = [(share, score(rules, profile, seat)) for profile, share in standard.chances.items() if share]
    if any(value is None for _, value in scores):
        return math.nan
    return math.fsum(float(share) * float(value) for share, value in scores if value is not None)
