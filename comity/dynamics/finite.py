"""Finite populations, exactly: Moran and pairwise-comparison processes of two types, and of many when mutants are rare.

N players; in each step one of them changes at most. Co-players are drawn from the other N - 1 without return, so
nobody plays against itself. Products of N ratios leave the range of floats soon, so logarithms are added up instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, perm
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from comity.dynamics.payoffs import Array, as_payoffs, unordered

Types: TypeAlias = NDArray[np.intp]
"""One type for each population."""

_EXPONENT = 700.0
"""The exponential of more leaves the range of floats."""


class Process(Protocol):
    """How one player more or less comes to be of a type."""

    def log_ratio(self, mutants: Array, residents: Array) -> Array:
        """The logarithm of the odds that the mutants become one less rather than one more, given both payoffs."""
        ...

    def transitions(self, counts: Array, payoffs: Array, mutation: float) -> Array:
        """[i, j, population]: the probability that the next step makes a player of type i one of type j; 0 for i = j.

        counts, payoffs: [type, population]; of a type of which there is nobody, any finite payoff. mutation: the
        probability that a player comes to be of another type than the process says; all others are as likely.
        """
        ...

    def change(self, counts: Array, payoffs: Array, mutation: float, rng: np.random.Generator) -> Change:
        """The next change of each population, drawn by the law of `transitions`; arguments as there."""
        ...


@dataclass(frozen=True)
class Change:
    """That a player of one type comes to be of another.

    chance: [population], the probability that a step changes anything. lost, won: [population], the type of one player
    before and after the next change; without meaning where the chance is 0.
    """

    chance: Array
    lost: Types
    won: Types


@dataclass(frozen=True)
class Moran:
    """A player is chosen in proportion to 1 - w + w payoff and its offspring replaces anybody, w being the selection.

    With the probability `mutation` the offspring is of another type than its parent. Raises `ValueError` where w is
    above 1 or some fitness is not positive. Source: Moran (1958); Nowak, Sasaki, Taylor and Fudenberg (2004) for games.
    """

    selection: float

    def __post_init__(self) -> None:
        if not 0 <= self.selection <= 1:
            raise ValueError(f"the selection of a Moran process lies between 0 and 1; found {self.selection}")

    def log_ratio(self, mutants: Array, residents: Array) -> Array:
        return np.asarray(np.log(self._fitness(residents)) - np.log(self._fitness(mutants)))

    def transitions(self, counts: Array, payoffs: Array, mutation: float) -> Array:
        return _between(counts[:, None] / counts.sum(0) * self._offspring(counts, payoffs, mutation))

    def change(self, counts: Array, payoffs: Array, mutation: float, rng: np.random.Generator) -> Change:
        size = counts.sum(0)
        elsewhere = self._offspring(counts, payoffs, mutation) * (1 - counts / size)
        won, chance = _picked(elsewhere, rng)
        return Change(chance, _another(counts, won, rng), won)

    def _offspring(self, counts: Array, payoffs: Array, mutation: float) -> Array:
        """[type, population]: the probability that the next offspring is of the type."""
        births = counts * self._fitness(payoffs, counts > 0)
        births /= births.sum(0)
        return np.asarray((1 - mutation) * births + _shared_out(mutation, counts) * (1 - births))

    def _fitness(self, payoffs: Array, there: NDArray[np.bool_] | bool = True) -> Array:
        found = 1 - self.selection + self.selection * payoffs
        if not (found > 0).all(where=there):
            least = found.min(where=there, initial=np.inf)
            raise ValueError(
                f"a Moran process needs positive fitness, 1 - w + w payoff; found {least:g} with w = "
                f"{self.selection:g}: weaken the selection or shift the payoffs"
            )
        return np.asarray(found)


@dataclass(frozen=True)
class Fermi:
    """A player meets another and takes its type with probability 1 / (1 + exp(-s difference)), s being the selection.

    With the probability `mutation` it changes to another type instead. Source: Traulsen, Nowak and Pacheco (2006).
    """

    selection: float

    def __post_init__(self) -> None:
        if not self.selection >= 0:
            raise ValueError(f"the selection of a Fermi process must be 0 or more; found {self.selection}")

    def log_ratio(self, mutants: Array, residents: Array) -> Array:
        return self.selection * (residents - mutants)

    def transitions(self, counts: Array, payoffs: Array, mutation: float) -> Array:
        size = counts.sum(0)
        lead = self.selection * (payoffs[:, None] - payoffs)
        odds = np.exp(np.minimum(lead, _EXPONENT, out=lead), out=lead)
        copied = (1 - mutation) / (size - 1) * counts / (1 + odds)
        return _between(counts[:, None] / size * (copied + _shared_out(mutation, counts)))

    def change(self, counts: Array, payoffs: Array, mutation: float, rng: np.random.Generator) -> Change:
        """Whoever meets whom, one of two different types is as likely to be the other's model: so a pair of types is
        drawn by their numbers, and their payoffs decide which of the two loses a player.
        """
        size = counts.sum(0)
        mutated = mutation if len(counts) > 1 else 0.0
        first, mixed = _picked(counts * (size - counts), rng)
        second = _another(counts, first, rng)
        lead = self.selection * (_of(payoffs, first) - _of(payoffs, second))
        yields = rng.random(len(size)) * (1 + np.exp(np.minimum(lead, _EXPONENT))) < 1
        lost, won = np.where(yields, first, second), np.where(yields, second, first)
        chance = (1 - mutated) * mixed / (2 * size * (size - 1)) + mutated
        mutants = np.flatnonzero(rng.random(len(size)) * chance < mutated)
        lost[mutants] = _picked(counts[:, mutants], rng)[0]
        won[mutants] = _any_but(lost[mutants], len(counts), rng)
        return Change(chance, lost, won)


def _shared_out(mutation: float, counts: Array) -> float:
    """The probability of a mutation to each of the other types."""
    return mutation / max(1, len(counts) - 1)


def _between(flows: Array) -> Array:
    """The same, [i, j, ...], with nothing from a type to itself."""
    flows[np.diag_indices(len(flows))] = 0
    return flows


def _picked(weights: Array, rng: np.random.Generator) -> tuple[Types, Array]:
    """For each population a type drawn by the weights [type, population], and the sum of the weights."""
    below = _accumulated(weights)
    return _place(below, rng.random(weights.shape[1]) * below[-1]), below[-1]


def _another(counts: Array, types: Types, rng: np.random.Generator) -> Types:
    """For each population the type of a player drawn from those of all types but one."""
    below, own = _accumulated(counts), _of(counts, types)
    drawn = rng.random(len(types)) * (below[-1] - own)
    drawn += np.where(drawn < _of(below, types) - own, 0, own)
    return _place(below, drawn)


def _any_but(types: Types, number: int, rng: np.random.Generator) -> Types:
    drawn = rng.integers(0, max(1, number - 1), len(types))
    return np.asarray(drawn + (drawn >= types))


def _accumulated(weights: Array) -> Array:
    """The sums of the first weights, [type, population]; type by type, which is faster than `numpy.cumsum`."""
    below = weights.copy()
    for row in range(1, len(below)):
        below[row] += below[row - 1]
    return below


def _place(below: Array, drawn: Array) -> Types:
    """The first type whose sum is above what was drawn."""
    return np.asarray((below[:-1] <= drawn).sum(0))


def _of(values: Array, types: Types) -> Array:
    """The values [type, population] of one type in each population."""
    return np.asarray(np.take(values, types * values.shape[1] + np.arange(values.shape[1])))


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
    own = np.arange(size, dtype=float)  # of the others, when there are one more
    chosen = [
        comb(draws, s) * _falling(own, s) * _falling(size - 1 - own, draws - s) / perm(size - 1, draws)
        for s in range(draws + 1)
    ]
    return np.pad(np.transpose(chosen), ((1, 0), (0, 0)), constant_values=np.nan)


def _falling(numbers: Array, factors: int) -> Array:
    """n (n - 1) (n - 2) ..., so many factors."""
    return np.asarray(np.prod([numbers - gone for gone in range(factors)], axis=0) * np.ones_like(numbers))


def mixed_payoffs(payoffs: ArrayLike, counts: Array) -> Array:
    """What a player is paid on average, [type, population], in populations with these counts [type, population].

    Co-players are drawn without return from all others. Of types of which there is nobody, numbers without meaning.
    """
    tensor = as_payoffs(payoffs)
    left = counts.sum(0) - 1
    drawn = (np.tensordot(tensor, counts, 1) - _drawn_before(tensor[..., None])) / left
    for number in range(1, tensor.ndim - 1):
        drawn = ((drawn * counts).sum(-2) - _drawn_before(drawn)) / (left - number)
    return np.asarray(drawn)


def _drawn_before(payoffs: Array) -> Array:
    """What the last co-player would add by being who already sits in a seat before it: [type, ..., population]."""
    seats = range(payoffs.ndim - 2)
    return np.asarray(sum(np.moveaxis(np.diagonal(payoffs, 0, seat, -2), -1, seat) for seat in seats))


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
    counts = np.array([np.arange(size + 1), np.arange(size, -1, -1)], dtype=float)
    flows = process.transitions(counts, np.nan_to_num([paid[0, 1], paid[1, 0, ::-1]]), mutation)
    more, less = flows[1, 0], flows[0, 1]
    with np.errstate(divide="ignore"):
        weights = np.concatenate([[0.0], np.cumsum(np.log(more[:-1]) - np.log(less[1:]))])
    shares = np.exp(weights - weights.max())
    return np.asarray(shares / shares.sum())
