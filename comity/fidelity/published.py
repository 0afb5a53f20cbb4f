"""What was printed about agents and people on a lattice and a heterogeneous network, worked out again.

The paper is Ferraz de Arruda et al. (2026). Its series and histograms were recovered from its figures and come in as
arguments; this module holds what was printed, and how it was worked out there, oddities included, so that the same code
that judges agents is seen to give the published numbers. Whether a number is reproduced is told from its printed digits
and, where only a histogram is known, from the width of its bins. What the figures do not hold is named, not guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from comity.fidelity.heterogeneity import Rates, centred_w1, distribution, w1
from comity.fidelity.macro import (
    EARLY,
    TAIL,
    carry_over,
    changes,
    correlation,
    decay_constant,
    fluctuation,
    mae,
    rmse,
    shapes,
)
from comity.fidelity.observations import FidelityError, Floats

NUMBER = 10_000
"""How many series, or populations, a null distribution is made of, as in the paper."""

CONDITIONS = ("lattice", "lattice control", "heterogeneous", "heterogeneous control")

BINS = 0.003
"""So much a distance of distributions may be off that are known up to bins of 1/27."""

CENTRED = 0.001
"""So much the mean of such a distribution is off, by which it is shifted when it is centred."""

Source: TypeAlias = Literal["printed", "recomputed"]
"""Where the other number is from: the paper, or an independent recomputation from the same figures."""

Verdict: TypeAlias = Literal["exact", "last digit", "within bins", "not reproduced", "not reproducible here"]


class Recovered(Protocol):
    """What is known of one population in one condition: X(t) [rounds], rates [agents], and how many agents."""

    @property
    def trajectory(self) -> Floats: ...

    @property
    def rates(self) -> Floats: ...

    @property
    def agents(self) -> int: ...


@dataclass(frozen=True)
class Row:
    """One number beside what the series give for it.

    table: what it belongs to. quantity, condition: which number. printed: its digits; stars as they were printed.
    found: what the series give, NaN where they give nothing; digits as many as printed. bins: whether it rests on a
    histogram. because: why it is not reproduced, or cannot be, if it is not.
    """

    table: str
    quantity: str
    condition: str
    source: Source
    printed: str
    found: float | str
    bins: float = 0.0
    because: str = ""

    @property
    def recomputed(self) -> str:
        """What was found, with as many digits as were printed; empty where nothing was."""
        if isinstance(self.found, str):
            return self.found
        return "" if math.isnan(self.found) else f"{self.found:.{_digits(self.printed)}f}"

    @property
    def verdict(self) -> Verdict:
        """Exact is what rounds to the printed digits; last digit is one unit beside."""
        words = not any(letter.isdigit() for letter in self.printed)
        if words or isinstance(self.found, str):
            return "exact" if self.found == self.printed else "not reproduced"
        if math.isnan(self.found):
            return "not reproducible here"
        units = abs(self.found - float(self.printed)) * 10.0 ** _digits(self.printed) - 1e-9
        if units <= 0.5:
            return "exact"
        if units <= 1.5:
            return "last digit"
        return "within bins" if abs(self.found - float(self.printed)) <= self.bins else "not reproduced"


def _digits(printed: str) -> int:
    return len(printed.partition(".")[2])


# How it was worked out in the paper


@dataclass(frozen=True)
class Macro:
    """The six numbers of the paper for two series: distances, differences of the AR(1) on changes, correlations."""

    rmse: float
    mae: float
    phi: float
    increment: float
    r: float
    r_changes: float


def macro(candidate: ArrayLike, human: ArrayLike) -> Macro:
    """candidate, human: [rounds], X(t) over the same rounds."""
    x, y = (np.asarray(part, dtype=float)[None] for part in (candidate, human))
    own, theirs = carry_over(x), carry_over(y)
    found = (
        rmse(x, y),
        mae(x, y),
        np.abs(own[0] - theirs[0]),
        np.abs(own[1] - theirs[1]),
        correlation(x, y),
        correlation(changes(x), changes(y)),
    )
    return Macro(*(float(number[0]) for number in found))


def scrambled_p(
    candidate: ArrayLike, human: ArrayLike, rng: np.random.Generator, number: int = NUMBER
) -> dict[str, float]:
    """The p-values behind the paper's stars, for `rmse`, `mae`, `phi` and `increment`.

    The null compares the candidate's own series with series whose rounds are drawn with replacement from people's;
    p is the share of these as far from their mean as the observed number is, in either direction. So a star does not
    say that two series agree: they may be farther apart than a scrambled one, or nearer.
    """
    x, y = (np.asarray(part, dtype=float)[None] for part in (candidate, human))
    null = y[0][rng.integers(y.shape[1], size=(number, y.shape[1]))]
    own, theirs = carry_over(x), carry_over(null)
    drawn = {
        "rmse": rmse(x, null),
        "mae": mae(x, null),
        "phi": np.abs(own[0] - theirs[0]),
        "increment": np.abs(own[1] - theirs[1]),
    }
    seen = macro(candidate, human)
    return {
        name: float((np.abs(values - values.mean()) >= abs(getattr(seen, name) - values.mean())).mean())
        for name, values in drawn.items()
    }


def correlation_p(r: float, n: int) -> float:
    """The two-sided p-value of a correlation of n pairs against none, for independent pairs, by Student's t."""
    from scipy.special import stdtr

    t = abs(r) * math.sqrt((n - 2) / max(1 - r * r, 1e-300))
    return float(2 * stdtr(n - 2, -t))


def stars(p: float) -> str:
    """Three below .01, two below .05, one below .1: the rule under which the printed stars come out."""
    return "*" * sum(p < bound for bound in (0.1, 0.05, 0.01))


def homogeneous_w1(human: Rates, rounds: int, agents: int, rng: np.random.Generator, number: int = NUMBER) -> Floats:
    """[number]: W₁ of people's rates and of as many agents that all cooperate with people's mean, in every round."""
    return w1(Rates(np.arange(rounds + 1) / rounds, _coins(human, rounds, agents, rng, number)), human)


def _coins(human: Rates, rounds: int, agents: int, rng: np.random.Generator, number: int) -> Floats:
    from scipy.stats import binom

    chances = binom.pmf(np.arange(rounds + 1), rounds, float(human.mean[0]))
    return np.asarray(rng.multinomial(agents, chances / chances.sum(), size=number) / agents)


def apart_w1(human: Rates, agents: int, rng: np.random.Generator, number: int = NUMBER) -> Floats:
    """[number]: W₁ of two samples of so many agents each, both drawn from people's own rates."""
    drawn = [Rates(human.values, rng.multinomial(agents, human.shares[0], size=number) / agents) for _ in range(2)]
    return w1(drawn[0], drawn[1])


def true_variance(mean: float, sd: float, rounds: int) -> float:
    """σ²_true = SD² − μ(1 − μ)/T; (T − 1)/T of what `heterogeneity.excess_variance` gives."""
    return sd**2 - mean * (1 - mean) / rounds


def excess_persistence(persistence: float, mean: float, sd: float, rounds: int) -> float:
    """persistence − [1 − 2μ(1 − μ) + 2σ²_true]."""
    return persistence - (1 - 2 * mean * (1 - mean) + 2 * true_variance(mean, sd, rounds))


@dataclass(frozen=True)
class Mood:
    """P(C) after having cooperated and after having not, and the difference."""

    after_c: float
    after_d: float

    @property
    def gap(self) -> float:
        return self.after_c - self.after_d


def mood(trajectory: ArrayLike, persistence: float) -> Mood:
    """The mood that a course and a persistence imply, without anybody's choices: the balance of flows.

    a is the mean share that goes from C to D in a round, b that from D to C. a + b = 1 − persistence, and
    a − b = (X(1) − X(T))/(T − 1). P(C|C) = 1 − a/X̄, P(C|D) = b/(1 − X̄), with X̄ over the rounds that have a next one.
    """
    course = np.asarray(trajectory, dtype=float)
    both, net = 1 - persistence, (course[0] - course[-1]) / (len(course) - 1)
    leaving, coming = (both + net) / 2, (both - net) / 2
    mean = course[:-1].mean()
    return Mood(float(1 - leaving / mean), float(coming / (1 - mean)))


def flat_line(level: float, human: ArrayLike) -> float:
    """The RMSE of people's course and a straight line at a level."""
    return float(np.sqrt(((np.asarray(human, dtype=float) - level) ** 2).mean()))


# What was printed, and what an independent recomputation gave

_Cells: TypeAlias = Mapping[str, str]
"""The numbers of `CONDITIONS` by quantity, separated by blanks."""

_MACRO: _Cells = {
    "rmse": ".098 .089 .107 .079",
    "mae": ".083 .074 .096 .051",
    "phi": ".217 .464 .071 .359",
    "increment": ".002 .002 .002 .004",
    "r": ".612 .583 .622 .440",
    "r_changes": ".276 .214 .151 .362",
}
_MACRO_FINER: _Cells = {
    "rmse": ".0981 .0889 .1070 .0787",
    "mae": ".0829 .0744 .0961 .0512",
    "phi": ".2171 .4643 .0710 .3592",
    "increment": ".0021 .0018 .0017 .0035",
    "r": ".6124 .5834 .6221 .4405",
    "r_changes": ".2758 .2142 .1505 .3619",
}
_STARS: _Cells = {
    "rmse": "** *** ** ***",
    "mae": "** * - -",
    "phi": "*** *** - -",
    "increment": "- *** - *",
    "r": "*** *** *** ***",
    "r_changes": "* - - ***",
}
_NAMED = {
    "rmse": "RMSE",
    "mae": "MAE",
    "phi": "Diff of φ",
    "increment": "Diff of the mean increment",
    "r": "r",
    "r_changes": "r of changes",
}
_MOMENTS: _Cells = {
    "mean of P, people": ".368 .292 .405 .322",
    "SD of P, people": ".170 .209 .158 .209",
    "mean of P, model": ".291 .238 .314 .361",
    "SD of P, model": ".069 .047 .148 .089",
}
_SHAPE: Mapping[str, _Cells] = {
    "people": {
        "X(1)": ".594 .394 .633 .407",
        "mean of rounds 2 to 5": ".474 .328 .500 .344",
        "mean of the last ten": ".306 .261 .356 .296",
        "decay constant": "14.1 - 10.6 -",
        "slope after round 10": "-.0026 -.0011 -.0022 -.0011",
        "tail SD over binomial SD": "1.0 1.0 0.9 0.9",
    },
    "model": {
        "X(1)": ".701 .722 .727 .765",
        "mean of rounds 2 to 5": ".322 .353 .373 .515",
        "mean of the last ten": ".273 .219 .310 .345",
        "decay constant": "0.8 1.6 1.1 2.5",
        "slope after round 10": ".0000 -.0004 .0005 .0003",
        "tail SD over binomial SD": "1.9 1.9 1.4 1.5",
    },
}
_LATE: _Cells = {"r from round 6": ".19 .28 -.08 -.02", "r from round 11": "-.03 .25 -.21 -.08"}
_FLAT: _Cells = {"line at the model's mean": ".098 .061 .108 .047", "line at people's mean": ".060 .030 .058 .025"}
_CONTRASTS = (
    ("lattice", "lattice control", ".076", ".053"),
    ("heterogeneous", "heterogeneous control", ".083", "-.047"),
    ("heterogeneous", "lattice", ".037", ".023"),
    ("heterogeneous control", "lattice control", ".030", ".123"),
)
_DISTANCES: Mapping[Source, _Cells] = {
    "printed": {
        "W1": ".101 .136 .091 .109",
        "W1 of identical agents": ".085 .125 .074 .126",
        "its 2.5 %": ".082 .123 .071 .123",
        "its 97.5 %": ".089 .128 .077 .129",
    },
    "recomputed": {
        "centred W1": ".080 .134 .019 .101",
        "W1 of identical agents": ".084 .125 .074 .125",
        "W1 of two halves of people": ".017 .019 .016 .020",
        "its 95 %": ".029 .034 .027 .035",
        "W1 of two full samples of people": ".012 .014 .011 .014",
    },
}
_PERSISTENCE = {"people": ".640 .724 .620 .693", "model": ".579 .610 .604 .578"}
_EXCESS: Mapping[str, _Cells] = {
    "people": {"true SD": ".156 .200 .142 .200", "excess persistence": ".056 .057 .061 .050"},
    "model": {"true SD": ".027 none .133 .063", "excess persistence": "-.010 -.025 -.001 .031"},
}
_RATIO = ".03 -.02 .87 .10"
_MOOD: Mapping[str, _Cells] = {
    "people": {"P(C|C)": ".505 .524 .525 .521", "P(C|D)": ".281 .193 .315 .225", "gap": ".224 .331 .210 .296"},
    "model": {"P(C|C)": ".262 .164 .355 .407", "P(C|D)": ".291 .250 .283 .325", "gap": "-.029 -.086 .073 .082"},
}
_SELECTION = {
    "llama4:16x17b": ".077",
    "smolLM2.1:7b": ".098",
    "qwen3:32b": ".100",
    "llama-3.1:70b ablated": ".166",
    "llama3.1:8b": ".225",
    "llama3.1:70b": ".235",
    "deepseek-llm:7b": ".274",
    "deepseek-llm:67b": ".328",
    "llama-3.1:8b ablated": ".366",
}
_RULE: _Cells = {"RMSE after D": ".237 .046 .177 .107", "RMSE after C": ".397 .341 .355 .217"}


# The table


@dataclass(frozen=True, eq=False)
class _Case:
    """One condition, both sides as one draw."""

    name: str
    candidate: Recovered
    human: Recovered

    @property
    def courses(self) -> dict[str, Floats]:
        return {"people": self.human.trajectory[None], "model": self.candidate.trajectory[None]}

    @property
    def rates(self) -> dict[str, Rates]:
        return {"people": distribution(self.human.rates), "model": distribution(self.candidate.rates)}

    @property
    def rounds(self) -> int:
        return len(self.human.trajectory)


def published_table(
    people: Mapping[str, Recovered], model: Mapping[str, Recovered], rng: np.random.Generator, number: int = NUMBER
) -> tuple[Row, ...]:
    """Every published number that the recovered series and histograms reach, beside what they give.

    people, model: by condition, all of `CONDITIONS`, over the same rounds. number: of draws behind what is simulated
    (stars, nulls, halves). Raises `FidelityError` where a condition is missing or the rounds differ.
    """
    cases = []
    for name in CONDITIONS:
        if name not in people or name not in model:
            raise FidelityError(f"the published table needs the condition {name!r} of people and of the model")
        cases.append(_Case(name, model[name], people[name]))
        if len(model[name].trajectory) != cases[-1].rounds:
            raise FidelityError(f"{name}: people and the model have {cases[-1].rounds} and "
                                f"{len(model[name].trajectory)} rounds")  # fmt: skip
    rows = [
        *_aggregate_rows(cases, rng, number),
        *_shape_rows(cases),
        *_contrast_rows({case.name: case for case in cases}),
        *_rate_rows(cases, rng, number),
        *_habit_rows(cases),
        *_beyond_reach(),
    ]
    return tuple(rows)


def _row(table: str, quantity: str, case: _Case, source: Source, printed: str, found: float, bins: float = 0.0) -> Row:
    return Row(table, quantity, case.name, source, printed, found, bins)


def _aggregate_rows(cases: list[_Case], rng: np.random.Generator, number: int) -> Iterator[Row]:
    for place, case in enumerate(cases):
        found = macro(case.candidate.trajectory, case.human.trajectory)
        p = scrambled_p(case.candidate.trajectory, case.human.trajectory, rng, 5 * number)  # one p is .048, by a border
        p["r"] = correlation_p(found.r, case.rounds)
        p["r_changes"] = correlation_p(found.r_changes, case.rounds - 1)
        for key, name in _NAMED.items():
            value = getattr(found, key)
            yield _row("macro", name, case, "printed", _MACRO[key].split()[place], value)
            yield _row("macro", name, case, "recomputed", _MACRO_FINER[key].split()[place], value)
            printed = _STARS[key].split()[place]
            because = f"p is {p[key]:.3f} in these draws, and stars begin at .01, .05 and .1"
            yield Row("stars", name, case.name, "printed", printed, stars(p[key]) or "-", because=because)
        for key, values in _flat(case).items():
            yield _row("flat lines", key, case, "recomputed", _FLAT[key].split()[place], values)


def _flat(case: _Case) -> dict[str, float]:
    human = case.human.trajectory
    levels = (case.candidate.trajectory.mean(), human.mean())
    return {key: flat_line(float(level), human) for key, level in zip(_FLAT, levels, strict=True)}


def _shape_rows(cases: list[_Case]) -> Iterator[Row]:
    for place, case in enumerate(cases):
        for side, course in case.courses.items():
            agents = (case.human if side == "people" else case.candidate).agents
            for key, printed in _SHAPE[side].items():
                digits, value = printed.split()[place], _SHAPES[key](course, agents)
                if digits != "-":
                    yield _row("shape", f"{key}, {side}", case, "recomputed", digits, value)
        model, human = case.courses["model"], case.courses["people"]
        for first, (key, printed) in zip((EARLY, TAIL), _LATE.items(), strict=True):
            value = float(correlation(model[:, first:], human[:, first:])[0])
            yield _row("shape", key, case, "recomputed", printed.split()[place], value)


_SHAPES: Mapping[str, Callable[[Floats, int], float]] = {
    "X(1)": lambda course, _: float(course[0, 0]),
    "mean of rounds 2 to 5": lambda course, _: float(course[0, 1:EARLY].mean()),
    "mean of the last ten": lambda course, _: float(course[0, -10:].mean()),
    "decay constant": lambda course, _: float(decay_constant(course)[0]),
    "slope after round 10": lambda course, _: float(shapes(course)[0, -1]),
    "tail SD over binomial SD": lambda course, agents: math.sqrt(float(fluctuation(course, agents)[0])),
}


def _contrast_rows(cases: Mapping[str, _Case]) -> Iterator[Row]:
    for first, second, people, model in _CONTRASTS:
        for side, printed in (("people", people), ("model", model)):
            value = float(cases[first].courses[side].mean() - cases[second].courses[side].mean())
            name = f"{first} - {second}"
            yield Row("contrasts", f"effect on cooperation, {side}", name, "recomputed", printed, value)


def _rate_rows(cases: list[_Case], rng: np.random.Generator, number: int) -> Iterator[Row]:
    for place, case in enumerate(cases):
        rates, agents = case.rates, case.human.agents
        moments = {}
        for side, of in rates.items():
            moments[f"mean of P, {side}"] = float(of.mean[0])
            moments[f"SD of P, {side}"] = math.sqrt(float(of.variance[0]))
        for key, value in moments.items():
            yield _row("rates", key, case, "printed", _MOMENTS[key].split()[place], value, BINS)
        null = homogeneous_w1(rates["people"], case.rounds, agents, rng, number)
        halves = apart_w1(rates["people"], agents // 2, rng, number)
        whole = apart_w1(rates["people"], agents, rng, number)
        found = {
            "W1": float(w1(rates["model"], rates["people"])[0]),
            "centred W1": float(centred_w1(rates["model"], rates["people"])[0]),
            "W1 of identical agents": float(null.mean()),
            "its 2.5 %": float(np.quantile(null, 0.025)),
            "its 97.5 %": float(np.quantile(null, 0.975)),
            "W1 of two halves of people": float(halves.mean()),
            "its 95 %": float(np.quantile(halves, 0.95)),
            "W1 of two full samples of people": float(whole.mean()),
        }
        for source, cells in _DISTANCES.items():
            for key, printed in cells.items():
                bins = BINS + CENTRED if key == "centred W1" else BINS
                yield _row("distances of rates", key, case, source, printed.split()[place], found[key], bins)


def _habit_rows(cases: list[_Case]) -> Iterator[Row]:
    """What follows from the printed means, SDs and persistences; a histogram is too coarse for so small variances."""
    for place, case in enumerate(cases):
        variances = {}
        for side, course in case.courses.items():
            mean, sd = (float(_MOMENTS[f"{name} of P, {side}"].split()[place]) for name in ("mean", "SD"))
            persistence = float(_PERSISTENCE[side].split()[place])
            variances[side] = true_variance(mean, sd, case.rounds)
            printed = _EXCESS[side]["true SD"].split()[place]
            spread: float | str = math.sqrt(variances[side]) if variances[side] > 0 else "none"
            yield Row("excess variance", f"true SD, {side}", case.name, "recomputed", printed, spread)
            excess = excess_persistence(persistence, mean, sd, case.rounds)
            printed = _EXCESS[side]["excess persistence"].split()[place]
            yield _row("excess persistence", f"excess, {side}", case, "recomputed", printed, excess)
            found = mood(course[0], persistence)
            values = (found.after_c, found.after_d, found.gap)
            for (key, cells), value in zip(_MOOD[side].items(), values, strict=True):
                yield _row("mood", f"{key}, {side}", case, "recomputed", cells.split()[place], value)
        ratio = variances["model"] / variances["people"]
        yield _row("excess variance", "variance ratio", case, "recomputed", _RATIO.split()[place], ratio)


def _beyond_reach() -> Iterator[Row]:
    """What was printed and cannot be worked out again from aggregates."""
    for name, printed in _SELECTION.items():
        because = "the series of the nine models of the selection were not recovered"
        yield Row("selection", f"RMSE, {name}", "lattice", "recomputed", printed, math.nan, because=because)
    for key, cells in _RULE.items():
        for condition, printed in zip(CONDITIONS, cells.split(), strict=True):
            because = "the choices of individuals are not published"
            yield Row("decision rule", key, condition, "printed", printed, math.nan, because=because)
