"""Payoffs of symmetric populations: one player of a type, and co-players drawn from the same population.

T[i, j1, ..., jm] is the payoff of a player of type i among co-players j1 ... jm; a game of n seats has m = n - 1. In an
infinite population with shares x the co-players are independent draws from x, so only the mean over the orders of the
co-players matters: `Folded` keeps one payoff for each multiset of co-players, which is all that repeated steps read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]

_AT_ONCE = 2**20
"""So many products of shares are held at once, so that many populations in many seats fit into memory."""


def as_payoffs(payoffs: ArrayLike) -> Array:
    """The payoffs as an array with one axis per seat. Raises `ValueError` where they are none or not all finite."""
    tensor = np.asarray(payoffs, dtype=float)
    if tensor.ndim < 2 or len(set(tensor.shape)) > 1 or not tensor.size:
        raise ValueError(
            f"payoffs need two or more axes, all as long as there are types; found the shape {tensor.shape}"
        )
    if not np.isfinite(tensor).all():
        raise ValueError(f"payoffs must all be finite numbers; {int((~np.isfinite(tensor)).sum())} are not")
    return tensor


def as_shares(shares: ArrayLike, types: int) -> Array:
    """Shares of the types along the last axis. Raises `ValueError` where they are negative or do not sum to one."""
    found = np.asarray(shares, dtype=float)
    if not found.ndim or found.shape[-1] != types:
        raise ValueError(f"shares need a last axis of length {types}, one entry per type; found {found.shape}")
    if not ((found >= 0).all() and np.allclose(found.sum(-1), 1, rtol=0, atol=1e-9)):
        raise ValueError("shares of a population must not be negative and must sum to one")
    return found


def spread(payoffs: Array) -> float:
    """The highest payoff less the lowest, the scale of the payoffs; 1 where all are the same."""
    return float(np.ptp(payoffs)) or 1.0


def fitness(payoffs: Array, shares: Array) -> Array:
    """The expected payoff of each type: f_i(x) = sum over j1 ... jm of T[i, j1, ..., jm] x_j1 ... x_jm.

    payoffs: [type, ...]. shares: [..., type], any number of populations at once. Returns [..., type].
    """
    if shares.ndim == 1:
        return _contracted(payoffs, shares)
    rows = shares.reshape(-1, shares.shape[-1])
    expected = np.tensordot(rows, payoffs, axes=(1, payoffs.ndim - 1))
    while expected.ndim > 2:
        expected = np.einsum("b...k,bk->b...", expected, rows)
    return np.asarray(expected.reshape(shares.shape))


def _contracted(payoffs: Array, shares: Array) -> Array:
    while payoffs.ndim > 1:
        payoffs = payoffs @ shares
    return payoffs


def marginal_fitness(payoffs: Array, shares: Array) -> Array:
    """The derivatives of fitness, [i, k]: of f_i by x_k, of one population."""
    seats = range(1, payoffs.ndim)
    return np.asarray(np.sum([_all_but(np.moveaxis(payoffs, seat, 1), shares) for seat in seats], axis=0))


def _all_but(payoffs: Array, shares: Array) -> Array:
    while payoffs.ndim > 2:
        payoffs = payoffs @ shares
    return payoffs


def unordered(payoffs: Array) -> Array:
    """The mean over all orders of the co-players: the payoff for whom a player meets, whoever sits where."""
    places = _multisets(len(payoffs), payoffs.ndim - 1)
    means = _added_up(payoffs, places) / np.bincount(places)
    return np.asarray(means[:, places].reshape(payoffs.shape))


@dataclass(frozen=True)
class Folded:
    """Payoffs with one entry for each multiset of co-players, so that the fitness of many populations is one product.

    table[i, m]: what type i is paid in all orders of the multiset m together. Multisets are sorted tuples of types, in
    lexicographic order, as `itertools.combinations_with_replacement` gives them. degree: how many co-players.
    """

    table: Array
    degree: int

    def fitness(self, shares: Array) -> Array:
        """The expected payoff of each type, [type, population], of populations with the shares [type, population].

        It is what `fitness` gives; here populations lie along the last axis, where NumPy is fastest with few types.
        """
        block = max(1, _AT_ONCE // self.table.shape[1])
        blocks = range(0, max(1, shares.shape[1]), block)
        paid = [self.table @ _products(shares[:, first : first + block], self.degree) for first in blocks]
        return paid[0] if len(paid) == 1 else np.concatenate(paid, axis=1)


def folded(payoffs: ArrayLike) -> Folded:
    """The payoffs [type, ...], their orders of co-players added up."""
    tensor = as_payoffs(payoffs)
    degree = tensor.ndim - 1
    return Folded(_added_up(tensor, _multisets(len(tensor), degree)), degree)


def _multisets(types: int, degree: int) -> NDArray[np.intp]:
    """For each profile of co-players, their axes laid out as one, which multiset it is; these are counted in order."""
    profiles = np.sort(np.indices((types,) * degree).reshape(degree, -1), axis=0)
    laid_out = types ** np.arange(degree)[::-1] @ profiles
    return np.asarray(np.unique(laid_out, return_inverse=True)[1])


def _added_up(payoffs: Array, places: NDArray[np.intp]) -> Array:
    """[i, m]: what type i is paid in all profiles of the multiset m together."""
    table = np.zeros((len(payoffs), places.max() + 1))
    np.add.at(table.T, places, payoffs.reshape(len(payoffs), -1).T)
    return table


def _products(shares: Array, degree: int) -> Array:
    """[multiset, population]: the product of the shares of its members.

    Those whose first member is j are x_j times the shorter ones whose first member is j or later, and these lie
    together.
    """
    products, firsts = shares, np.arange(len(shares))
    for _ in range(degree - 1):
        sizes = len(products) - firsts
        ends = np.cumsum(sizes)
        longer = np.empty((ends[-1], shares.shape[1]))
        for share, first, end, size in zip(shares, firsts, ends, sizes, strict=True):
            np.multiply(products[first:], share, out=longer[end - size : end])
        products, firsts = longer, ends - sizes
    return products
