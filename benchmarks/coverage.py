"""Whether the intervals hold: simulated tournaments of agents that are all alike, so that every separation is false.

Six agents, every ordered pair (prisoner's dilemma) or triple (public goods), themselves included. All cooperate with
the same probability, but the matches of one replicate may share what was drawn once for it. The truth is known in
closed form. What `comity.stats.estimate` makes of the replicates stands beside what others make of the same payoffs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri, stdtr, stdtrit

from benchmarks.measure import Check, seconds, timed
from comity.stats import bootstrap
from comity.stats.estimate import LEVEL, combined, family, mean_of
from comity.stats.multiplicity import holm

Array = NDArray[np.floating[Any]]
Dependence = Literal["nothing", "a mood", "proposals", "a strong mood"]

AGENTS = 6
PAIRS = np.array(list(combinations(range(AGENTS), 2)))
REPLICATES = (2, 3, 5, 10)
NORMAL = float(ndtri((1 + LEVEL) / 2))
DRAWS = 20_000
"""So many replicates of every cell are simulated; a design with R of them gets DRAWS / R tournaments."""
COMPARED, RESAMPLES = 400, 500
"""So many tournaments are given to the other methods, and so often are they resampled."""


@dataclass(frozen=True)
class Stage:
    """A game with payoffs 1 + own * (I cooperate) + others * (number of others who do). gap: the least difference."""

    name: str
    seats: int
    own: float
    others: float
    gap: float

    @property
    def matches(self) -> NDArray[np.intp]:
        """Who sits where, [match, seat]."""
        return np.indices((AGENTS,) * self.seats).reshape(self.seats, -1).T

    def paid(self, cooperates: NDArray[np.bool_]) -> Array:
        """[replicate, match, seat]."""
        did = cooperates.astype(np.float32)
        return np.asarray(1 + (self.own - self.others) * did + self.others * _over_seats(did)[..., None])

    def expected(self, chance: float) -> float:
        return 1 + (self.own + self.others * (self.seats - 1)) * chance


STAGES = (Stage("prisoner's dilemma", 2, -1, 2, 1), Stage("public goods", 3, -0.5, 0.5, 0.5))
ORDINARY: tuple[Dependence, ...] = ("nothing", "a mood", "proposals")
"""What the matches of a replicate share.

Nothing; a shift of everybody's log-odds, normal with a standard deviation of 0.5 (a mood) or 1 (a strong one);
proposals: each agent drew one per seat, which moves the log-odds by 1.5 up or down, and a match elects one of its
players'.
"""
ALONE = ((0.1,), (0.5,), (0.9,))
FOUR = ((0.3, 0.4, 0.6, 0.7), (0.75, 0.85, 0.92, 0.96), (0.5, 0.98, 0.98, 0.98), (0.5, 0.995, 0.995, 0.995))
"""The chances of cooperating in the cells of a design; in the last two, one game is in doubt and three are decided."""
KINDS: Mapping[str, tuple[tuple[Dependence, ...], tuple[tuple[float, ...], ...]]] = {
    "one game": (ORDINARY, ALONE),
    "four games": (ORDINARY, FOUR),
    "one, strong mood": (("a strong mood",), ALONE),
    "four, strong mood": (("a strong mood",), FOUR),
    "one, 2 % defect": (ORDINARY, ((0.98,),)),
}
"""The designs by kind; those of the last three are hard."""
MOODS = {"a mood": 0.5, "a strong mood": 1.0}
PROPOSAL = 1.5


class Cell(NamedTuple):
    """One simulated cell.

    agents: mean payoffs of the agents, [replicate, agent]. kept: all payoffs of some replicates, [replicate, match,
    seat]. truth: what everybody earns on average.
    """

    agents: Array
    kept: Array
    truth: float


class Sums(NamedTuple):
    """Values with their errors and degrees of freedom, arrays of one shape."""

    value: Array
    error: Array
    freedom: Array


class Found(NamedTuple):
    """What came of one design: how often anything was falsely separated, how often intervals held, their lengths."""

    separated: dict[str, float]
    held: dict[str, float]
    length: dict[str, float]


def main() -> None:
    print("\ncoverage  six agents that are alike, tournaments simulated; 95 % intervals, Holm over the 15 pairs at 5 %")
    print(f"  checked  {as_the_package().what}")
    work = timed(all_found)
    _print(work.result)
    print(f"  took {seconds(work.cpu)} CPU, {seconds(work.wall)} wall")


def all_found() -> dict[tuple[str, int], list[Found]]:
    """What came of every design, by its kind and the number of replicates."""
    rng, found = np.random.default_rng(2_026), defaultdict(list)
    for kind, (dependences, designs) in KINDS.items():
        for stage, dependence, chances in product(STAGES, dependences, designs):
            cells = [simulated(stage, dependence, chance, rng) for chance in chances]
            for number in REPLICATES:
                found[kind, number].append(judged(stage, cells, number))
    return dict(found)


# Play


def simulated(stage: Stage, dependence: Dependence, chance: float, rng: np.random.Generator) -> Cell:
    """A cell in which everybody cooperates with that chance, but for what the matches of a replicate share."""
    who, batch = stage.matches, 1_000
    sums, kept = [], []
    for begin in range(0, DRAWS, batch):
        chances = _chances(stage, dependence, logit(chance), batch, rng)
        paid = stage.paid(rng.random((batch, *who.shape), dtype=np.float32) < chances)
        sums.append(paid.reshape(batch, -1) @ _mean_of_agents(stage))
        if begin < COMPARED * max(REPLICATES):
            kept.append(paid)
    return Cell(np.concatenate(sums), np.concatenate(kept), stage.expected(_on_average(dependence, logit(chance))))


def _chances(stage: Stage, dependence: Dependence, odds: float, number: int, rng: np.random.Generator) -> Array:
    """The chance that a seat cooperates, [replicate, match, seat] or what spreads to it."""
    who = stage.matches
    shifts = np.zeros((number, 1))
    if dependence in MOODS:
        shifts = rng.normal(scale=MOODS[dependence], size=(number, 1))
    if dependence == "proposals":
        made = rng.choice([-PROPOSAL, PROPOSAL], size=(number, AGENTS * stage.seats))
        elected = rng.integers(0, stage.seats, (number, len(who)))
        proposer = who[np.arange(len(who)), elected]
        shifts = np.take_along_axis(made, proposer * stage.seats + elected, axis=1)
    return np.asarray(expit(odds + shifts), dtype=np.float32)[:, :, None]


def _on_average(dependence: Dependence, odds: float) -> float:
    """The chance of cooperating over all replicates."""
    shifts, shares = np.zeros(1), np.ones(1)
    if dependence in MOODS:
        nodes, shares = np.polynomial.hermite_e.hermegauss(80)
        shifts = MOODS[dependence] * nodes
    if dependence == "proposals":
        shifts, shares = np.array([-PROPOSAL, PROPOSAL]), np.ones(2)
    return float(np.average(expit(odds + shifts), weights=shares))


@cache
def _mean_of_agents(stage: Stage) -> Array:
    """[match and seat, agent]: averages what an agent was paid over its seats."""
    seated = stage.matches.reshape(-1, 1) == np.arange(AGENTS)
    return np.asarray(seated / seated.sum(axis=0))


# Ours


def judged(stage: Stage, cells: Sequence[Cell], number: int) -> Found:
    """What the methods make of tournaments with so many replicates of these cells."""
    truth = float(np.mean([cell.truth for cell in cells]))
    draws = np.stack([_tournaments(cell.agents, number) for cell in cells], axis=1)
    step = stage.gap / (_mean_of_agents(stage)[:, 0] > 0).sum()
    apart = draws[..., PAIRS[:, 0]] - draws[..., PAIRS[:, 1]]
    pairs, rough = summed(apart, step), summed(apart, 0)
    tested = {"ours": jointly(pairs), "pair by pair": pairs, "no floor": jointly(rough)}
    held, length = {}, {}
    for whose, values in (("all", draws.mean(axis=-1, keepdims=True)), ("agent", draws)):
        ours = summed(values, step / (AGENTS if whose == "all" else 1))
        half = stdtrit(ours.freedom, (1 + LEVEL) / 2) * ours.error
        held[f"ours, {whose}"], length[f"ours, {whose}"] = _scored(ours.value - half, ours.value + half, truth)
        for name, (low, high) in others(stage, cells, number, whose == "all"):
            held[f"{name}, {whose}"], length[f"{name}, {whose}"] = _scored(low, high, truth)
    return Found({name: float(separated(sums).mean()) for name, sums in tested.items()}, held, length)


def _tournaments(replicates: Array, number: int) -> Array:
    """Replicates [n, ...] as tournaments of so many, [tournament, replicate, ...]."""
    whole = len(replicates) // number
    return replicates[: whole * number].reshape(whole, number, *replicates.shape[1:])


def summed(draws: Array, step: float) -> Sums:
    """`mean_of` in every cell and `combined` over the cells, of draws [tournament, cell, replicate, item]."""
    cells, number = draws.shape[1:3]
    variances = np.maximum(draws.var(axis=2, ddof=1), step**2 / 12) / number / cells**2
    variance = variances.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        spent = ((variances / variance[:, None]) ** 2).sum(axis=1) / (number - 1)
    freedom = np.where(variance > 0, 1 / np.where(spent > 0, spent, 1), np.inf)
    return Sums(draws.mean(axis=(1, 2)), np.sqrt(variance), freedom)


def jointly(sums: Sums) -> Sums:
    """`family` of the sums [tournament, pair]."""
    squares = sums.error**4
    spent = (squares / sums.freedom).sum(axis=1, keepdims=True)
    most = np.where(spent > 0, squares.sum(axis=1, keepdims=True) / np.where(spent > 0, spent, 1), np.inf)
    return sums._replace(freedom=np.minimum(sums.freedom, most))


def separated(sums: Sums) -> NDArray[np.bool_]:
    """Whether Holm separates any pair: whether the smallest p-value survives being one of fifteen."""
    return np.asarray(_p(sums).min(axis=1) * len(PAIRS) < 1 - LEVEL)


def _p(sums: Sums) -> Array:
    off = np.abs(sums.value) > 1e-9
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(off, np.abs(sums.value) / sums.error, 0)
    return np.asarray(2 * stdtr(np.minimum(sums.freedom, 1e9), -t))


def _scored(low: Array, high: Array, truth: float) -> tuple[float, float]:
    """How often intervals hold the truth, and how long they are on average."""
    return float(((low <= truth + 1e-9) & (truth - 1e-9 <= high)).mean()), float((high - low).mean())


# Others


def others(stage: Stage, cells: Sequence[Cell], number: int, whole: bool) -> Iterator[tuple[str, tuple[Array, Array]]]:
    """The intervals that others would give, of the mean over agents or of one agent's mean, by their names."""
    counted = np.ones_like(stage.matches, dtype=bool) if whole else stage.matches == 0
    seats = counted.sum(axis=1)
    paid = [_tournaments(cell.kept, number)[:COMPARED] for cell in cells]
    totals = [_over_seats(values * counted) for values in paid]
    yield "decisions", _normal([values[:, :, counted] for values in paid])
    yield "matches", _normal([values[:, :, seats > 0] / seats[seats > 0] for values in totals])
    for name, levels in (("nested bootstrap", 2), ("replicate bootstrap", 1)):
        means = np.mean([_resampled(values, seats, levels) for values in totals], axis=0)
        low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
        yield name, (low, high)
    if len(cells) > 1:
        by_game = np.stack([values.sum(axis=(1, 2)) / seats.sum() / number for values in totals])
        error = by_game.std(axis=0, ddof=1) / np.sqrt(len(cells))
        yield "± over games", (by_game.mean(axis=0) - error, by_game.mean(axis=0) + error)


def _normal(cells: Sequence[Array]) -> tuple[Array, Array]:
    """The normal interval of a mean over cells of values [tournament, ...], as if all were drawn one by one."""
    flat = [values.reshape(len(values), -1) for values in cells]
    centre = np.mean([values.mean(axis=1) for values in flat], axis=0)
    variance = np.sum([values.var(axis=1, ddof=1) / values.shape[1] for values in flat], axis=0)
    half = NORMAL * np.sqrt(variance) / len(cells)
    return centre - half, centre + half


def _over_seats(values: Array) -> Array:
    """The sums over the last, short axis."""
    return np.asarray(sum(np.moveaxis(values, -1, 0)))


def _resampled(totals: Array, seats: NDArray[np.intp], levels: int) -> Array:
    """Bootstrap means of totals [tournament, replicate, match]: [resample, tournament]."""
    tournaments, replicates, matches = totals.shape
    units = totals.reshape(tournaments, -1).T
    counts = np.tile(seats, replicates)[:, None]
    return bootstrap.resampled_means(units, counts, _weights(replicates, matches, levels))


@cache
def _weights(replicates: int, matches: int, levels: int) -> NDArray[np.float64]:
    """Replicates resampled, and (two levels) matches too; the same for all tournaments, of which each is one trial."""
    rng = np.random.default_rng(replicates)
    codes = [np.repeat(np.arange(replicates), matches), np.arange(replicates * matches)]
    return bootstrap.weights(codes[:levels], rng, RESAMPLES)


# What is shown


def as_the_package() -> Check:
    """The arrays here against `comity.stats`, tournament by tournament."""
    rng = np.random.default_rng(7)
    off = 0.0
    for number in REPLICATES:
        draws = rng.integers(0, 4, (20, 4, number, AGENTS)) / 8 * np.array([1, 0.2, 0.2, 0])[:, None, None]
        apart = draws[..., PAIRS[:, 0]] - draws[..., PAIRS[:, 1]]
        one_by_one, together = summed(apart, 0.05), jointly(summed(apart, 0.05))
        for t in range(len(draws)):
            parts = [[mean_of(apart[t, c, :, k], 0.05) for c in range(4)] for k in range(len(PAIRS))]
            single = [combined(each, [0.25] * 4) for each in parts]
            joint = family(parts, [[0.25] * 4] * len(PAIRS))
            theirs = [[e.value, e.error, e.freedom, f.freedom, f.p] for e, f in zip(single, joint, strict=True)]
            ours = np.column_stack([*(a[t] for a in one_by_one), together.freedom[t], _p(together)[t]])
            off = max(off, float(np.abs(np.array(theirs) - ours).max()))
            off += bool(separated(together)[t] != (holm([e.p for e in joint]) < 1 - LEVEL).any())
    return Check(f"80 tournaments by arrays and by comity.stats: at most {off:.1e} apart", off < 1e-8)


SHOWN = ("ours", "decisions", "matches", "nested bootstrap", "replicate bootstrap", "± over games")


def _print(found: Mapping[tuple[str, int], Sequence[Found]]) -> None:
    print(f"  {DRAWS:,} / R tournaments a design; lowest to highest over the designs of a kind")
    tested = list(next(iter(found.values()))[0].separated)
    print("\n  in how many of 100 tournaments something is separated (in brackets the mean over designs)")
    _lines(found, tested, lambda each: each.separated, with_mean=True)
    for whose, words in (("all", "the mean over agents"), ("agent", "an agent's mean")):
        print(f"\n  how many of 100 intervals of {words} hold the truth")
        _lines(found, [f"{name}, {whose}" for name in SHOWN], lambda each: each.held)
    ratios = [each.length["± over games, all"] / each.length["ours, all"] for each in found["four games", 3]]
    print(f"\n  ± over games is {min(ratios):.2g} to {max(ratios):.2g} times as long as ours with 3 replicates")


def _lines(
    found: Mapping[tuple[str, int], Sequence[Found]],
    names: Sequence[str],
    of: Callable[[Found], Mapping[str, float]],
    with_mean: bool = False,
) -> None:
    print(f"  {'design':18}{'R':>3}   " + "".join(f"{name.split(', ')[0]:21}" for name in names))
    for (kind, number), designs in found.items():
        columns = [[of(each)[name] for each in designs if name in of(each)] for name in names]
        print(f"  {kind:18}{number:3}   " + "".join(f"{_range(column, with_mean):21}" for column in columns))


def _range(shares: Sequence[float], with_mean: bool) -> str:
    if not shares:
        return ""
    shown = f"{100 * min(shares):.1f} to {100 * max(shares):.1f}"
    return f"{shown} ({100 * float(np.mean(shares)):.1f})" if with_mean else shown


if __name__ == "__main__":
    main()
