"""P13: 95 % intervals of two metrics in 216 groups over a million decisions, from a thousand resamples.

Two rows: as if decisions were independent, and by match. The peer is what is usually written: pandas, resample, group,
again and again. It is timed on few resamples (and, by match, few groups) and scaled up; both sides are given the same
decisions.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.measure import Check, Row, Timed, in_turn, timed
from comity.stats.bootstrap import cluster_means, draw_means, group_totals, interval

Array = NDArray[np.float64]

GROUPS, SIZE, DECISIONS, RESAMPLES = 216, 30, 1_000_000, 1_000
PAYOFFS = np.array([0.0, 1.0, 2.0, 3.0])
PEER_DRAWS, PEER_GROUPS = 5, 2


class Data(NamedTuple):
    """Decisions of matches of thirty, [decision] each."""

    group: NDArray[np.intp]
    match: NDArray[np.intp]
    cooperated: Array
    payoff: Array


@cache
def decisions() -> Data:
    """Groups and matches differ in how much they cooperate, so that decisions of one match are alike."""
    rng = np.random.default_rng(13)
    match = np.arange(DECISIONS) // SIZE
    group = match % GROUPS
    level = rng.normal(size=GROUPS)[group] + rng.normal(size=match[-1] + 1)[match]
    did, other = rng.random((2, DECISIONS)) < 1 / (1 + np.exp(-level))
    return Data(group, match, did.astype(float), PAYOFFS[1 - did + 2 * other])


def main() -> None:
    iid()
    by_match()


def iid() -> None:
    data = decisions()

    def ours() -> list[tuple[Array, Array]]:
        rng = np.random.default_rng(1)
        metrics = (data.cooperated, data.payoff)
        return [interval(draw_means(values, data.group, rng, RESAMPLES)) for values in metrics]

    frame = pd.DataFrame({"group": data.group, "cooperated": data.cooperated, "payoff": data.payoff})
    groups = frame.groupby("group")

    def peer() -> Timed[None]:
        return scaled(
            timed(
                lambda: [groups.sample(frac=1, replace=True, random_state=i).groupby("group").mean() for i in five()]
            ),
            RESAMPLES / PEER_DRAWS,
        )

    spread: list[Array] = [
        np.asarray(groups[name].std(ddof=0) / np.sqrt(groups.size())) for name in ("cooperated", "payoff")
    ]
    checks = [as_long("the bootstrap's own limit, s / √n", ours(), spread)]
    mine, theirs = in_turn(3, ours, peer, repeat=3)
    Row(f"P13 iid, {TITLE}", checks, mine, theirs, DECISIONS, "decisions", target=100).print()


def by_match() -> None:
    data = decisions()

    def ours() -> list[tuple[Array, Array]]:
        rng = np.random.default_rng(2)
        cooperated, counts, groups = group_totals(data.cooperated, data.group, data.match)
        payoffs, _, _ = group_totals(data.payoff, data.group, data.match)
        drawn = cluster_means(np.column_stack([cooperated, payoffs]), counts, groups, rng, RESAMPLES)
        return [interval(drawn[..., metric]) for metric in (0, 1)]

    frame = pd.DataFrame(data._asdict())
    few = [list(dict(iter(frame[frame["group"] == group].groupby("match"))).values()) for group in range(PEER_GROUPS)]

    def resample() -> None:
        rng = np.random.default_rng(3)
        for matches in few * PEER_DRAWS:
            pd.concat([matches[i] for i in rng.integers(0, len(matches), len(matches))])[
                ["cooperated", "payoff"]
            ].mean()

    def peer() -> Timed[None]:
        return scaled(timed(resample), GROUPS / PEER_GROUPS * RESAMPLES / PEER_DRAWS)

    means = frame.groupby(["group", "match"]).mean().groupby("group")
    spread: list[Array] = [
        np.asarray(means[name].std(ddof=0) / np.sqrt(means.size())) for name in ("cooperated", "payoff")
    ]
    checks = [as_long("the bootstrap's own limit, s / √n of the matches", ours(), spread)]
    mine, theirs = in_turn(3, ours, peer, repeat=1)
    Row(
        f"P13 by match, {TITLE} of {PEER_GROUPS} groups", checks, mine, theirs, DECISIONS, "decisions", target=1_000
    ).print()


TITLE = (
    f"intervals of 2 metrics in {GROUPS} groups, {DECISIONS:,} decisions, {RESAMPLES:,} resamples; "
    f"peer scaled up from {PEER_DRAWS} resamples"
)


def five() -> range:
    return range(PEER_DRAWS)


def scaled(work: Timed[object], factor: float) -> Timed[None]:
    """What the whole work would take."""
    return Timed(None, work.cpu * factor, work.wall * factor)


def as_long(what: str, found: list[tuple[Array, Array]], errors: list[Array]) -> Check:
    """Whether intervals are as long as many draws should make them: on average over groups to 1 %, each to 20 %."""
    ratios = np.stack([(high - low) / (2 * 1.96 * error) for (low, high), error in zip(found, errors, strict=True)])
    holds = bool((np.abs(ratios.mean(axis=1) - 1) < 0.01).all() and (np.abs(ratios - 1) < 0.2).all())
    return Check(f"lengths against {what}: {ratios.min():.2f} to {ratios.max():.2f} of it, on average", holds)


if __name__ == "__main__":
    main()
