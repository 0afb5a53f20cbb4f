"""Rest points of the replicator equation, how stable they are, and how large their basins are."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from comity.dynamics.infinite import LIMIT, TOLERANCE, Ends, replicator, uniform_starts
from comity.dynamics.payoffs import Array, as_payoffs, as_shares, fitness, marginal_fitness, spread

Stability: TypeAlias = Literal["stable", "neutral", "unstable"]

NEAR = 1e-4
"""Ends that differ by no more than this in any share are one end."""
_ZERO = 1e-9
_ROOT = 1e-6
"""A double root is found to half as many digits."""


def jacobian(payoffs: ArrayLike, shares: ArrayLike) -> Array:
    """The derivatives [i, k] of x_i (f_i - f) by x_k, where f is the mean fitness."""
    tensor = as_payoffs(payoffs)
    x = as_shares(shares, len(tensor))
    paid, slopes = fitness(tensor, x), marginal_fitness(tensor, x)
    return np.asarray(np.diag(paid - x @ paid) + x[:, None] * (slopes - paid - x @ slopes))


def eigenvalues(payoffs: ArrayLike, shares: ArrayLike) -> NDArray[np.complex128]:
    """Of the Jacobian along the simplex (in directions that sum to zero), by falling real part."""
    tensor = as_payoffs(payoffs)
    along = _directions(len(tensor))
    values = np.linalg.eigvals(along.T @ jacobian(tensor, shares) @ along).astype(complex)
    return np.asarray(values[np.argsort(-values.real, kind="stable")])


def _directions(types: int) -> Array:
    """An orthonormal basis of the vectors that sum to zero, [type, direction]."""
    whole = np.linalg.qr(np.column_stack([np.ones(types), np.eye(types)[:, 1:]]))[0]
    return np.asarray(whole[:, 1:])


def stability(payoffs: ArrayLike, shares: ArrayLike) -> Stability:
    """What the Jacobian says of a rest point.

    Stable where all eigenvalues have a negative real part, unstable where one has a positive one, else neutral: then
    the linear part does not decide. Source: Hofbauer and Sigmund (1998).
    """
    tensor = as_payoffs(payoffs)
    leading = max(eigenvalues(tensor, shares).real, default=-1.0) / spread(tensor)
    return "neutral" if abs(leading) <= _ZERO else "unstable" if leading > 0 else "stable"


@dataclass(frozen=True)
class RestPoint:
    """A population at which the replicator equation stands still.

    shares: [type]. nash: whether no type, there or not, is paid more than the mean: a symmetric Nash equilibrium.
    """

    shares: Array
    stability: Stability
    nash: bool


def rest_points(payoffs: ArrayLike) -> tuple[RestPoint, ...]:
    """Every isolated rest point of a game of two seats, or of two types in any number of seats; smallest support first.

    Two seats: for each support the solution of equal payoffs, if it is unique. Two types: the roots of a polynomial.
    Points that lie in a continuum of rest points are left out. Raises `ValueError` for three or more types in three
    or more seats, where equal payoffs are systems of polynomials; `basins` finds what attracts there.
    """
    tensor = as_payoffs(payoffs)
    if tensor.ndim > 2 and len(tensor) > 2:
        raise ValueError(
            f"rest points are listed for two seats or for two types; found {tensor.ndim} seats and {len(tensor)} types"
        )
    found = _of_two_types(tensor) if tensor.ndim > 2 else _of_two_seats(tensor)
    return tuple(RestPoint(x, stability(tensor, x), _is_nash(tensor, x)) for x in found)


def _is_nash(payoffs: Array, shares: Array) -> bool:
    paid = fitness(payoffs, shares)
    return bool(paid.max() - shares @ paid <= _ZERO * spread(payoffs))


def _of_two_seats(payoffs: Array) -> Iterator[Array]:
    types = len(payoffs)
    for size in range(1, types + 1):
        for support in itertools.combinations(range(types), size):
            inside = _equalised(payoffs[np.ix_(support, support)] / spread(payoffs))
            if inside is not None:
                shares = np.zeros(types)
                shares[list(support)] = inside
                yield shares


def _equalised(payoffs: Array) -> Array | None:
    """The only shares, all positive, at which all types are paid the same; None where there are none or many."""
    size = len(payoffs)
    system = np.block([[payoffs, -np.ones((size, 1))], [np.ones((1, size)), np.zeros((1, 1))]])
    if np.linalg.matrix_rank(system, tol=_ZERO) <= size:
        return None
    shares = np.linalg.solve(system, np.eye(size + 1)[-1])[:size]
    return shares / shares.sum() if (shares > _ZERO).all() else None


def _of_two_types(payoffs: Array) -> Iterator[Array]:
    yield from np.eye(2)
    difference = _polynomial(payoffs[0] - payoffs[1])
    if np.abs(difference.coef).max() > _ZERO * spread(payoffs):
        roots = difference.roots()
        real = np.sort(roots[np.abs(roots.imag) < _ROOT].real)
        inside = real[(real > _ZERO) & (real < 1 - _ZERO)]
        yield from (np.array([share, 1 - share]) for share in inside[np.diff(inside, prepend=-1) > _ROOT])


def _polynomial(values: Array) -> np.polynomial.Polynomial:
    """The expected value when every co-player is of type 0 with probability p, as a polynomial in p."""
    first, second = np.polynomial.Polynomial([0, 1]), np.polynomial.Polynomial([1, -1])
    total = np.polynomial.Polynomial([0])
    for index, value in np.ndenumerate(values):
        total = total + value * first ** index.count(0) * second ** index.count(1)
    return total.trim(_ZERO * float(np.abs(values).max() or 1))


@dataclass(frozen=True)
class Basin:
    """Where populations end.

    shares: [type], the mean of those ends. share: of all starts, how many end here.
    """

    shares: Array
    share: float
    stability: Stability


@dataclass(frozen=True)
class Basins:
    """All ends, the largest basin first.

    ends: where every start ended. restless: the share of starts that did not come to rest (cycles, or too slow).
    """

    basins: tuple[Basin, ...]
    restless: float
    ends: Ends


def basins(
    payoffs: ArrayLike,
    rng: np.random.Generator,
    starts: int = 1_000,
    *,
    tolerance: float = TOLERANCE,
    limit: int = LIMIT,
) -> Basins:
    """The replicator dynamics from so many starts, drawn evenly from the simplex, and the shares of where they end.

    Ends belong together where each is within `NEAR` of the first found; on a continuum of rest points, such as when
    types do not differ, there may be as many as starts.
    """
    tensor = as_payoffs(payoffs)
    ends = replicator(tensor, uniform_starts(rng, starts, len(tensor)), tolerance=tolerance, limit=limit)
    groups = _grouped(ends.shares[ends.at_rest])
    found = [Basin(shares, number / starts, stability(tensor, shares)) for shares, number in groups]
    found.sort(key=lambda basin: -basin.share)
    return Basins(tuple(found), float(np.mean(~ends.at_rest)), ends)


def _grouped(ends: Array) -> Iterator[tuple[Array, int]]:
    while len(ends):
        near = np.abs(ends - ends[0]).max(-1) <= NEAR
        yield ends[near].mean(0), int(near.sum())
        ends = ends[~near]
