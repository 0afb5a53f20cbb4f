"""What would have been seen, had sessions been drawn again: resamples, halves and the parts that judge and that tune.

What is independent is a session (of people) or a run (of a candidate); inside it units are drawn again, which are
agents unless partners stay together. Rounds are never drawn: a round follows from those before it. With one session
only units are drawn, and what differs between sessions is not seen. Conditions that have the same sessions are drawn
together, so that a contrast between them keeps its pairing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from comity.fidelity.observations import Codes, FidelityError, Floats, Observations, Weighted

FEW = 10
"""Up to so many clusters all balanced splits are listed (252); with more they are drawn."""

_AT_ONCE = 4_000_000
"""How many units are drawn again at a time, so that memory stays small."""


@dataclass(frozen=True, eq=False)
class _Clusters:
    """What is drawn first, and what is drawn inside it.

    of_unit: [units], the cluster of each unit. unit_of: [agents]. n: how many clusters. inner: whether units are drawn
    again inside clusters; false where units are the clusters.
    """

    of_unit: Codes
    unit_of: Codes
    n: int
    inner: bool

    @property
    def agents(self) -> float:
        """How many agents a cluster has on average."""
        return len(self.unit_of) / self.n


def _clusters(of: Observations) -> _Clusters:
    _, unit_of = np.unique(of.unit_of, return_inverse=True)
    n_units = int(unit_of.max()) + 1 if len(unit_of) else 0
    if len(of.sessions) < 2:
        return _Clusters(np.arange(n_units), unit_of, n_units, inner=False)
    of_unit = np.zeros(n_units, dtype=np.intp)
    of_unit[unit_of] = of.session_of
    return _Clusters(of_unit, unit_of, len(of.sessions), inner=True)


def resampled(parts: Mapping[str, Observations], draws: int, rng: np.random.Generator) -> dict[str, Weighted]:
    """Each condition drawn again: sessions with replacement, then units inside every session that was drawn.

    parts: by condition. With one session units alone are drawn. As many are drawn as there are.
    """
    found: dict[str, Weighted] = {}
    for group in _paired(parts):
        clusters = {name: _clusters(parts[name]) for name in group}
        n = clusters[group[0]].n
        counts = rng.multinomial(n, np.full(n, 1 / n), size=draws)
        found |= {name: Weighted(parts[name], _weights(clusters[name], counts, rng)) for name in group}
    return {name: found[name] for name in parts}


def halves(
    parts: Mapping[str, Observations], sizes: Mapping[str, tuple[float, float]], draws: int, rng: np.random.Generator
) -> dict[str, tuple[Weighted, Weighted]]:
    """Two halves of each condition in every draw, each brought to a size by drawing again inside it.

    sizes: by condition, how many agents the first and the second half are to stand for; nearest whole number of
    sessions. Halves are made of whole sessions, of units where there is one session. All balanced splits take turns
    where clusters are few (`FEW`), else each draw has its own. A half that was drawn again varies as a sample of half
    the sessions that was itself resampled; a candidate's resamples vary in the same two ways. Raises `FidelityError`
    where there are less than two to split.
    """
    found: dict[str, tuple[Weighted, Weighted]] = {}
    for group in _paired(parts):
        clusters = {name: _clusters(parts[name]) for name in group}
        first = _splits(clusters[group[0]].n, draws, rng, parts[group[0]])
        for name in group:
            made = [
                Weighted(parts[name], _weights(clusters[name], _within(half, size / clusters[name].agents, rng), rng))
                for half, size in zip((first, ~first), sizes[name], strict=True)
            ]
            found[name] = (made[0], made[1])
    return {name: found[name] for name in parts}


def split_sessions(
    people: Mapping[str, Observations], share: float, rng: np.random.Generator
) -> tuple[dict[str, Observations], dict[str, Observations]]:
    """(calibration, confirmation): whole sessions, drawn at random, for tuning and for judging.

    people: by condition; a session that is in several conditions is in the same part of all. share: between 0 and 1,
    how much is for tuning; nearest whole number of sessions, at least one in each part. With a share of 0, or with one
    session, both parts are everything, and a verdict is in-sample. Raises `FidelityError` where share is not from 0 to
    below 1, or conditions share too few sessions for all of them to have some for tuning.
    """
    if not 0 <= share < 1:
        raise FidelityError(f"the share of sessions for calibration lies from 0 to below 1; found {share:g}")
    calibration, confirmation = dict(people), dict(people)
    for group in _overlapping(people):
        if share == 0 or len(people[group[0]].sessions) < 2:
            continue
        tuned = _tuned([people[name].sessions for name in group], share, rng)
        for name in group:
            part = people[name]
            chosen = np.array([label in tuned for label in part.sessions])[part.session_of]
            if not chosen.any():
                raise FidelityError(
                    f"no session of {part.population} in {name} is left for calibration; split otherwise"
                )
            calibration[name], confirmation[name] = part.taking(chosen), part.taking(~chosen)
    return calibration, confirmation


def _tuned(sessions: Sequence[tuple[str, ...]], share: float, rng: np.random.Generator) -> set[str]:
    """The sessions for tuning, of those that all conditions have as far as they suffice. sessions: by condition."""
    fewest = min(map(len, sessions))
    common = [label for label in sessions[0] if all(label in other for other in sessions)]
    others = sorted(set().union(*sessions).difference(common))
    order = [common[place] for place in rng.permutation(len(common))]
    order += [others[place] for place in rng.permutation(len(others))]
    return set(order[: min(max(1, round(share * fewest)), fewest - 1)])


def _overlapping(parts: Mapping[str, Observations]) -> list[list[str]]:
    """The conditions, those that have sessions in common together; with one session each alone."""
    groups: list[list[str]] = []
    for name, part in parts.items():
        several = [each for each in groups if len(part.sessions) > 1 < len(parts[each[0]].sessions)]
        met = [each for each in several if any(set(parts[other].sessions) & set(part.sessions) for other in each)]
        groups = [each for each in groups if each not in met] + [[*chain.from_iterable(met), name]]
    return groups


def _paired(parts: Mapping[str, Observations]) -> list[tuple[str, ...]]:
    """The conditions, those with the same several sessions together."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, part in parts.items():
        alone = len(part.sessions) < 2
        groups.setdefault((name, *part.sessions) if alone else part.sessions, []).append(name)
    return [tuple(group) for group in groups.values()]


def _splits(n: int, draws: int, rng: np.random.Generator, of: Observations) -> NDArray[np.bool_]:
    """[draws, clusters]: which are in the first half."""
    if n < 2:
        raise FidelityError(
            f"{of.population} in {of.condition}: it takes two sessions or agents to split; there is {n}"
        )
    size = n // 2
    if n <= FEW:
        listed = np.zeros((math.comb(n, size), n), dtype=bool)
        for row, chosen in enumerate(combinations(range(n), size)):
            listed[row, list(chosen)] = True
        return listed[rng.permutation(len(listed))][np.arange(draws) % len(listed)]
    return np.asarray(rng.random((draws, n)).argsort(axis=1) < size)


def _within(half: NDArray[np.bool_], clusters: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """[draws, clusters]: how often each cluster of a half is drawn, so many in all."""
    share = half / half.sum(axis=1, keepdims=True)
    return rng.multinomial(max(1, round(clusters)), share)


def _weights(of: _Clusters, counts: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """[draws, agents]: how often each agent counts if clusters were drawn so often.

    Inside a cluster that was drawn k times, k times as many units are drawn as it has.
    """
    if not of.inner:
        return counts[:, of.unit_of].astype(float)
    order = np.argsort(of.of_unit, kind="stable")
    sizes = np.bincount(of.of_unit, minlength=of.n)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    step = max(1, _AT_ONCE // max(1, len(order)))
    rows = [
        _drawn_units(counts[at : at + step], sizes, starts, order, rng)[:, of.unit_of]
        for at in range(0, len(counts), step)
    ]
    return np.concatenate(rows).astype(float)


def _drawn_units(
    counts: NDArray[np.int64], sizes: Codes, starts: Codes, order: Codes, rng: np.random.Generator
) -> NDArray[np.intp]:
    """[draws, units]: how often each unit is drawn."""
    wanted = (counts * sizes).ravel()
    size = np.repeat(np.tile(sizes, len(counts)), wanted)
    start = np.repeat(np.tile(starts, len(counts)), wanted)
    draw = np.repeat(np.repeat(np.arange(len(counts)), len(sizes)), wanted)
    place = start + (rng.random(len(size)) * size).astype(np.intp)
    flat = np.bincount(draw * len(order) + order[place], minlength=len(counts) * len(order))
    return flat.reshape(len(counts), len(order))
