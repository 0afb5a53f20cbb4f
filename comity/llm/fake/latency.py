"""How long an answer takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from comity.llm.fake.chance import Chance

_NORMAL = NormalDist()
_SMALLEST = 2.0**-54
"""Half of the smallest draw: where the draw is zero, whose quantile is not finite."""


@dataclass(frozen=True)
class Latency:
    """The seconds from the arrival of a request to its answer.

    They are lognormal with this median, where sigma is the standard deviation of their logarithm: 0 makes them fixed.
    per_token: seconds more for each token of the answer, and then the answer is sent piece by piece as it is made.
    """

    median: float = 0.0
    sigma: float = 0.0
    per_token: float = 0.0

    def __post_init__(self) -> None:
        if min(self.median, self.sigma, self.per_token) < 0:
            raise ValueError("a latency has no negative parts")

    def seconds(self, chance: Chance) -> float:
        """How long the answer at that place takes to begin."""
        if not self.sigma:
            return self.median
        return self.median * math.exp(self.sigma * _NORMAL.inv_cdf(chance.uniform() or _SMALLEST))
