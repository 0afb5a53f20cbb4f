"""All statistics of fidelity in one tuple, in the order in which they are told."""

from __future__ import annotations

from comity.fidelity import heterogeneity, joint, macro, mixtures, rules
from comity.fidelity.observations import FidelityError
from comity.fidelity.statistic import LEVELS, Statistic

STATISTICS: tuple[Statistic, ...] = tuple(
    sorted(
        (
            *macro.STATISTICS,
            *heterogeneity.STATISTICS,
            *rules.STATISTICS,
            *mixtures.STATISTICS,
            *joint.STATISTICS,
        ),
        key=lambda statistic: LEVELS.index(statistic.level),
    )
)
"""Level by level. Contrasts between conditions (M7) are no statistic of one condition: see `comparison.CONTRAST`."""


def statistic(key: str) -> Statistic:
    """The statistic of that key. Raises `FidelityError` where there is none."""
    for each in STATISTICS:
        if each.key == key:
            return each
    raise FidelityError(f"{key!r} is not a statistic; there are {', '.join(each.key for each in STATISTICS)}")
