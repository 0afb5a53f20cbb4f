"""Payoffs of symmetric populations: one player of a type, and co-players drawn from the same population.

T[i, j1, ..., jm] is the payoff of a player of type i among co-players j1 ... jm; a game of n seats has m = n - 1. In an
infinite population with shares x the co-players are independent draws from x, so only the mean over the orders of the
co-players matters.
"""

from __future__ import annotations

import itertools
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]


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
    orders = list(itertools.permutations(range(1, payoffs.ndim)))
    return np.asarray(np.mean([payoffs.transpose(0, *order) for order in orders], axis=0))
