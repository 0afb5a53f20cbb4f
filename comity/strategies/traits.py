"""Numbers that are drawn once per person, each at an address of chance of its own.

The formulas stand here and no library's, so that a plan with a seed has the same people tomorrow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from comity.core.chance import Address


def normal(place: Address) -> float:
    """A draw from the standard normal distribution (Box and Muller 1958)."""
    uniforms = _uniforms(place)
    return _box_muller(next(uniforms), next(uniforms))


def beta(a: float, b: float, place: Address) -> float:
    """A draw from the beta distribution with these two positive shapes: the share of one of two gamma draws."""
    one = _log_gamma_draw(a, place)
    other = _log_gamma_draw(b, Address(place.key, place.step + 1, place.slot))
    return expit(one - other)


def expit(log_odds: float) -> float:
    """The probability that has these log-odds."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)


def shifted(probability: float, by: float) -> float:
    """The probability whose log-odds are larger by so much; what is certain stays so."""
    if by == 0 or probability in (0, 1):
        return probability
    return expit(math.log(probability / (1 - probability)) + by)


def _log_gamma_draw(shape: float, place: Address) -> float:
    """The logarithm of a draw from the gamma distribution of that shape (Marsaglia and Tsang 2000).

    For shapes below 1 it is a draw of the next larger shape times a power of a uniform number; in logarithms, because
    for small shapes that power is smaller than any number a computer has.
    """
    uniforms = _uniforms(place)
    if shape < 1:
        return _log_of_large(shape + 1, uniforms) + math.log(1 - next(uniforms)) / shape
    return _log_of_large(shape, uniforms)


def _log_of_large(shape: float, uniforms: Iterator[float]) -> float:
    d = shape - 1 / 3
    c = 1 / math.sqrt(9 * d)
    while True:
        x = _box_muller(next(uniforms), next(uniforms))
        v = (1 + c * x) ** 3
        if v > 0 and math.log(1 - next(uniforms)) < x * x / 2 + d * (1 - v + math.log(v)):
            return math.log(d * v)


def _box_muller(one: float, other: float) -> float:
    return math.sqrt(-2 * math.log(1 - one)) * math.cos(2 * math.pi * other)


def _uniforms(place: Address) -> Iterator[float]:
    """As many numbers in [0, 1) as are wanted, at this address and those after it."""
    slot = place.slot
    while True:
        yield Address(place.key, place.step, slot).uniform()
        slot += 1
