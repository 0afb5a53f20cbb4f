"""Finite populations, exactly: Moran and pairwise-comparison processes of two types, and of many when mutants are rare.

N players; in each step one of them changes at most. Co-players are drawn from the other N - 1 without return, so
nobody plays against itself. Products of N ratios leave the range of floats soon, so logarithms are added up instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from comity.dynamics.payoffs import Array, as_payoffs, unordered


class Process(Protocol):
    """How one player more or less comes to be of a type."""

    def log_ratio(self, mutants: Array, residents: Array) -> Array:
        """The logarithm of the odds that the mutants become one less rather than one more, given both payoffs."""
        ...

    def steps(self, mutants: Array, residents: Array, mutation: float) -> tuple[Array, Array]:
        """The probabilities of one mutant more and one less while there are k = 0 ... N of them.

        mutants, residents: what each is paid, [k]; of those of whom there are none, any number.
        """
        ...


@dataclass(frozen=True)
class Moran:
    """A player is chosen in proportion to 1 - w + w payoff and its offspring replaces anybody, w being the selection.

    With the probability `mutation` the offspring is of the other type. Raises `ValueError` where w is above 1 or some
    fitness is not positive. Source: Moran (1958); Nowak, Sasaki, Taylor and Fudenberg (2004) for games.
    """

    selection: float

    def __post_init__(self) -> None:
        if not 0 <= self.selection <= 1:
            raise ValueError(f"the selection of a Moran process lies between 0 and 1; found {self.selection}")

    def log_ratio(self, mutants: Array, residents: Array) -> Array:
        return np.asarray(np.log(self._fitness(residents)) - np.log(self._fitness(mutants)))

    def steps(self, mutants: Array, residents: Array, mutation: float) -> tuple[Array, Array]:
        size = len(mutants) - 1
        number = np.arange(size + 1)
        born = np.zeros((2, size + 1))
        born[0, 1:] = number[1:] * self._fitness(mutants[1:])
        born[1, :-1] = (size - number[:-1]) * self._fitness(residents[:-1])
        first, second = born / born.sum(0)
        more = (1 - mutation) * first + mutation * second
        return more * (size - number) / size, (1 - more) * number / size

    def _fitness(self, payoffs: Array) -> Array:
        found = 1 - self.selection + self.selection * payoffs
        if not (found > 0).all():
            raise ValueError(
                f"a Moran process needs positive fitness, 1 - w + w payoff; found {found.min():g} with w = "
                f"{self.selection:g}: weaken the selection or shift the payoffs"
            )
        return np.asarray(found)


@dataclass(frozen=True)
class Fermi:
    """A player meets another and takes its type with probability 1 / (1 + exp(-s difference)), s being the selection.

    With the probability `mutation` it changes to the other type instead. Source: Traulsen, Nowak and Pacheco (2006).
    """

    selection: float

    def __post_init__(self) -> None:
        if not self.selection >= 0:
            raise ValueError(f"the selection of a Fermi process must be 0 or more; found {self.selection}")

    def log_ratio(self, mutants: Array, residents: Array) -> Array:
        return self.selection * (residents - mutants)

    def steps(self, mutants: Array, residents: Array, mutation: float) -> tuple[Array, Array]:
        size = len(mutants) - 1
        number = np.arange(size + 1)
        pull = self.selection * (mutants - residents)
        taken, left = (np.exp(-np.logaddexp(0, -way)) for way in (pull, -pull))
        more = mutation + (1 - mutation) * number / (size - 1) * taken
        less = mutation + (1 - mutation) * (size - number) / (size - 1) * left
        return (size - number) / size * more, number / size * less


def pair_payoffs(payoffs: ArrayLike, size: int) -> Array:
    """What a player is paid on average where there are two types: [i, j, k], of type i among k of them and N - k of j.

    k runs from 0 to N = size; at k = 0 there is nobody who is paid, and the entry is NaN. Source: Gokhale and Traulsen
    (2010) for more than two seats. Raises `ValueError` where there are fewer players than seats.
    """
    tensor = unordered(as_payoffs(payoffs))
    others = tensor.ndim - 1
    if size <= others or size < 2:
        raise ValueError(f"a population needs at least {max(tensor.ndim, 2)} players to fill the seats; found {size}")
    paid = np.stack([_against(tensor, same) for same in range(others + 1)], axis=-1)
    return np.asarray(paid @ _hypergeometric(size, others).T)


def _against(payoffs: Array, same: int) -> Array:
    """[i, j]: what i is paid with that many co-players of its own type and the rest of type j."""
    own, other = np.indices(payoffs.shape[:2])
    return np.asarray(payoffs[(own, *[own] * same, *[other] * (payoffs.ndim - 1 - same))])


def _hypergeometric(size: int, draws: int) -> Array:
    """[k, s]: the probability that s of so many co-players are of one's own type when there are k of it."""
    odds = np.full((size + 1, draws + 1), np.nan)
    for k in range(1, size + 1):
        odds[k] = [comb(k - 1, s) * comb(size - k, draws - s) / comb(size - 1, draws) for s in range(draws + 1)]
    return odds


def fixation(payoffs: ArrayLike, size: int, process: Process) -> Array:
    """[i, j]: the probability that one mutant j in a population of N - 1 residents i takes it over, without mutation.

    rho = 1 / (1 + sum over k = 1 ... N - 1 of the product over l = 1 ... k of T-(l) / T+(l)), where T+ and T- are the
    probabilities of one mutant more and one less. The diagonal is 1 / N. Source: Karlin and Taylor (1975); for games
    Nowak, Sasaki, Taylor and Fudenberg (2004).
    """
    return np.exp(log_fixation(payoffs, size, process))


def log_fixation(payoffs: ArrayLike, size: int, process: Process) -> Array:
    """The logarithms of `fixation`, which hold where selection is so strong that the probabilities themselves are 0."""
    paid = pair_payoffs(payoffs, size)
    mutants = paid.transpose(1, 0, 2)[:, :, 1:size]  # k of them
    residents = paid[:, :, size - 1 : 0 : -1]  # N - k of them
    products = np.cumsum(process.log_ratio(mutants, residents), axis=-1)
    highest = np.maximum(products.max(-1, initial=0), 0)
    total = np.exp(-highest) + np.exp(products - highest[..., None]).sum(-1)
    return np.asarray(-highest - np.log(total))


def small_mutation(payoffs: ArrayLike, size: int, process: Process) -> Array:
    """[type]: the share of time that all players are of one type, when mutants are so rare that one at a time is there.

    A mutant is of any other type alike, and takes over with the probability `fixation`. Source: Fudenberg and Imhof
    (2006).
    """
    return stationary(log_fixation(payoffs, size, process))


def stationary(log_rates: ArrayLike) -> Array:
    """The stationary distribution of a chain that goes from i to j at the rate exp(log_rates[i, j]).

    The diagonal does not count. By the elimination of Grassmann, Taksar and Heyman (1985), which subtracts nothing, so
    it can be done with logarithms and loses no digits to rates of different size. A rate of 0 is -inf. Raises
    `ValueError` where there is more than one such distribution, or the first state is left for good.
    """
    rates = np.array(log_rates, dtype=float)
    if rates.ndim != 2 or rates.shape[0] != rates.shape[1]:
        raise ValueError(f"rates need as many rows as columns; found the shape {rates.shape}")
    leaving = [_eliminated(rates, last) for last in range(len(rates) - 1, 0, -1)][::-1]
    weights = np.zeros(1)
    for last, out in enumerate(leaving, start=1):
        weights = np.append(weights, np.logaddexp.reduce(weights + rates[:last, last]) - out)
    shares = np.exp(weights - weights.max())
    return np.asarray(shares / shares.sum())


def _eliminated(rates: Array, last: int) -> float:
    """Leave out the last state: who went through it goes on at once. Returns the logarithm of the rate out of it."""
    out = float(np.logaddexp.reduce(rates[last, :last]))
    if out == -np.inf:
        raise ValueError("some states are never left for the first ones, so there is not one distribution to be told")
    through = rates[:last, last, None] + rates[last, :last] - out
    rates[:last, :last] = np.logaddexp(rates[:last, :last], through)
    return out


def occupation(payoffs: ArrayLike, size: int, process: Process, mutation: float) -> Array:
    """[k], k = 0 ... N: the share of time with k players of type 0, of two types, when mutants come at any rate.

    Only neighbouring k follow each other, so the flow from k to k + 1 is the flow back. Raises `ValueError` where there
    are not two types, or mutation is not above 0 and at most 1.
    """
    tensor = as_payoffs(payoffs)
    if len(tensor) != 2 or not 0 < mutation <= 1:
        raise ValueError(f"it takes two types and a mutation in (0, 1]; found {len(tensor)} types and {mutation}")
    paid = pair_payoffs(tensor, size)
    first, second = np.nan_to_num(paid[0, 1]), np.nan_to_num(paid[1, 0, ::-1])
    more, less = process.steps(first, second, mutation)
    with np.errstate(divide="ignore"):
        weights = np.concatenate([[0.0], np.cumsum(np.log(more[:-1]) - np.log(less[1:]))])
    shares = np.exp(weights - weights.max())
    return np.asarray(shares / shares.sum())
