"""Whether the shares of variance hold: simulated designs whose true shares are known.

Two players a match. A factor with three levels that does nothing and one with two levels that does something are the
same for both players of a match; a third, with four levels, differs between them and does nothing. The players of a
match share a part of their error. Values are normal, or yes or no (then the true share is that of the chances of yes).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from comity.stats.variance import explained

TRIALS = 2_000
"""So many data sets of each design."""
MATCHES = (12, 30, 120)
SHARED = (0.0, 0.5, 0.9)
"""The correlation of the errors of two players of a match."""
EFFECT = 0.5
"""What the levels of the factor that does something add or take, in standard deviations of the error."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """One design. uneven: whether levels come up unequally often, at random."""

    matches: int
    shared: float
    binary: bool = False
    uneven: bool = False

    @property
    def truth(self) -> float:
        """The share of variance that the factor with an effect explains."""
        if not self.binary:
            return EFFECT**2 / (EFFECT**2 + 1)
        low, high = ndtr(-EFFECT), ndtr(EFFECT)
        mean = (low + high) / 2
        return float(((high - low) / 2) ** 2 / (mean * (1 - mean)))


@dataclass(frozen=True)
class Held:
    """In how many of 100 data sets the interval holds the truth: no effect of the factor that is the same in a match,
    none of the one that differs, the effect there is. found: in how many p is below 0.05 where there is nothing (of
    the first, and of the second). mean: how often the interval of the mean at a level holds. omega: its mean."""

    setting: Setting
    same: float
    differs: float
    effect: float
    found: tuple[float, float]
    mean: float
    omega: float


def settings() -> Iterator[Setting]:
    """The designs that are simulated."""
    for matches, shared in product(MATCHES, SHARED):
        yield Setting(matches, shared)
    yield from (Setting(30, 0.5, uneven=True), Setting(120, 0.5, uneven=True))
    yield from (Setting(30, 0.5, binary=True), Setting(120, 0.5, binary=True), Setting(120, 0.9, True, True))


def simulated(setting: Setting, trials: int = TRIALS, seed: int = 20261120) -> Held:
    """What becomes of so many data sets of a design."""
    rng = np.random.default_rng([seed, setting.matches, round(10 * setting.shared), setting.binary, setting.uneven])
    found = np.array([_one(setting, rng) for _ in range(trials)], dtype=float)
    same, differs, effect, first, second, mean = 100 * found[:, :6].mean(axis=0)
    return Held(setting, same, differs, effect, (first, second), mean, float(found[:, 6].mean()))


def _one(setting: Setting, rng: np.random.Generator) -> tuple[float, ...]:
    n = setting.matches
    nothing = rng.choice(3, n, p=(0.6, 0.25, 0.15)) if setting.uneven else rng.permutation(np.arange(n) % 3)
    something = rng.choice(2, n) if setting.uneven else rng.permutation(np.arange(n) % 2)
    own = rng.integers(0, 4, (n, 2))
    error = np.sqrt(setting.shared) * rng.normal(size=(n, 1)) + np.sqrt(1 - setting.shared) * rng.normal(size=(n, 2))
    latent = EFFECT * (2 * something - 1)[:, None] + error
    values = (latent > 0).astype(float) if setting.binary else latent
    alone = rng.random(n) < 0.25  # matches of an agent with itself have one value
    kept = np.column_stack([np.ones(n, dtype=bool), ~alone])
    factors = [np.broadcast_to(each[:, None], (n, 2))[kept] for each in (nothing, something)]
    done = explained(values[kept], [*factors, own[kept]], np.repeat(np.arange(n), 2)[kept.ravel()])
    none, some, other = done.effects
    at_low = next(mean for mean in done.means if (mean.factor, mean.level) == (1, 0))
    expected = float(ndtr(-EFFECT)) if setting.binary else -EFFECT
    return (
        none.low <= 0,
        other.low <= 0,
        some.low <= setting.truth <= some.high,
        none.p < 0.05,
        other.p < 0.05,
        at_low.low <= expected <= at_low.high,
        some.omega,
    )


def main() -> None:
    """Print how often the intervals hold."""
    print(f"\nshares of variance: {TRIALS:,} data sets a design; in how many of 100")
    print(
        "matches  shared  values   levels   no effect: 0 held (same, differs)  p < .05   effect held  mean held  omega"
    )
    for setting in settings():
        held = simulated(setting)
        print(
            f"{setting.matches:7}  {setting.shared:6}  {'yes/no' if setting.binary else 'normal':7}  "
            f"{'uneven' if setting.uneven else 'even':7}  {held.same:21.1f} {held.differs:11.1f}  "
            f"{held.found[0]:4.1f} {held.found[1]:4.1f}  {held.effect:11.1f}  {held.mean:9.1f}  "
            f"{held.omega:.3f} (true: {setting.truth:.3f})"
        )
