"""What a comparison allows to be said: four words per statistic and per level, each with its reasons, never one score.

PASS: certainly no farther from people than the margin, and certainly better than every cheap rule that can be told from
people. FAIL: certainly beyond the margin, certainly worse than a cheap rule, or an effect of opposite sign.
INCONCLUSIVE: neither. NOT ASSESSABLE: there is no ceiling, or the data do not hold what it takes. A level passes where
all its primary statistics pass, which needs no correction for their number; any single failure sinks it, so failures
are corrected by Holm over all statistics that can sink a level.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from comity.fidelity.comparison import LEAST_CLUSTERS, LEAST_RUNS, Against, Comparison, Finding
from comity.fidelity.statistic import Level
from comity.stats.multiplicity import holm

Word: TypeAlias = Literal["PASS", "FAIL", "INCONCLUSIVE", "NOT ASSESSABLE"]

MARKS: dict[Word, str] = {"PASS": "✓", "FAIL": "✗", "INCONCLUSIVE": "?", "NOT ASSESSABLE": "–"}

ODDS = 0.05
"""How seldom a failure may be found where there is none, among all that can sink a level."""


@dataclass(frozen=True)
class Rule:
    """What a level rests on, by keys of statistics.

    passes: must pass. stands: must not fail. skills: scores that must certainly be above 0. parts: told beside it.
    """

    passes: tuple[str, ...]
    stands: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


RULES: dict[Level, Rule] = {
    "macro": Rule(passes=("M2", "M7"), stands=("M3",)),
    "heterogeneity": Rule(passes=("H2", "H3"), stands=("H2.location", "H7", "H8")),
    "rule": Rule(
        passes=("D2", "D3"),
        skills=("D3.over_persistence", "D3.over_marginal"),
        parts=("D2.mood", "D2.after_C", "D2.after_D"),
    ),
}
"""The rules of the levels that have a verdict. H2 is a pair, so where the means differ the level does not pass."""

LICENCES: dict[Level, str] = {
    "macro": "the course of cooperation and the listed contrasts between conditions, under this protocol",
    "heterogeneity": "how much and how lastingly individuals differ, under this protocol",
    "rule": "how choices follow from an agent's own last action and its neighbours', under this protocol",
}
"""What a PASS of a level licenses a claim about."""


@dataclass(frozen=True)
class Verdict:
    """A word and why, in sentences."""

    word: Word
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judged:
    """The verdict on one statistic in one condition. p: of failing, corrected where it can sink a level."""

    key: str
    condition: str
    primary: bool
    verdict: Verdict
    p: float


@dataclass(frozen=True)
class LevelVerdict:
    """The verdict on one level. rests: the statistics it rests on. parts: verdicts that are told beside it."""

    level: Level
    verdict: Verdict
    rests: tuple[Judged, ...]
    parts: tuple[Judged, ...] = ()


@dataclass(frozen=True)
class Verdicts:
    """All that may be said.

    levels: in order. statistics: everything that has a distance from people. pattern: the levels side by side.
    surrogate: whether the candidate may stand in for people under this protocol; PASS needs all levels and an audit.
    in_sample: why all of it is in-sample; empty where it is not. unsaid: what may not be said, and why.
    """

    candidate: str
    people: str
    levels: tuple[LevelVerdict, ...]
    statistics: tuple[Judged, ...]
    pattern: str
    surrogate: Verdict
    in_sample: tuple[str, ...]
    unsaid: tuple[str, ...]

    def of(self, level: Level) -> Word:
        """The word on a level."""
        return next(each.verdict.word for each in self.levels if each.level == level)


def verdicts(comparison: Comparison, audited: Mapping[Level, Mapping[str, Word]] | None = None) -> Verdicts:
    """What a comparison allows to be said.

    audited: from a perturbation audit, the words on each level by perturbation; None without one.
    """
    judged = tuple(_judged(comparison))
    levels = tuple(_level(level, rule, judged, comparison) for level, rule in RULES.items())
    return Verdicts(
        candidate=comparison.candidate,
        people=comparison.people,
        levels=levels,
        statistics=judged,
        pattern=_pattern(levels, comparison.in_sample),
        surrogate=_surrogate(levels, audited, comparison.in_sample),
        in_sample=comparison.in_sample,
        unsaid=tuple(_unsaid(comparison)),
    )


def _pattern(levels: Sequence[LevelVerdict], in_sample: Sequence[str]) -> str:
    told = " / ".join(f"{each.level} {MARKS[each.verdict.word]}" for each in levels)
    return f"{told} (IN-SAMPLE)" if in_sample else told


def _judged(comparison: Comparison) -> Iterator[Judged]:
    """The verdict on everything that has a distance from people, and on skills that a level rests on."""
    sinking = {key for rule in RULES.values() for key in (*rule.passes, *rule.stands)}
    held = [finding for finding in comparison.findings if finding.kind != "score"]
    raw = {id(finding): _p(finding) for finding in held}
    family = [finding for finding in held if finding.key in sinking]
    corrected = holm([raw[id(finding)] for finding in family])
    p = raw | {id(finding): float(value) for finding, value in zip(family, corrected, strict=True)}
    for finding in held:
        verdict = _verdict(finding, p[id(finding)], comparison.clusters, comparison.runs)
        yield Judged(finding.key, finding.condition, finding.primary, verdict, p[id(finding)])
    skills = {key for rule in RULES.values() for key in rule.skills}
    for finding in comparison.findings:
        if finding.key in skills:
            verdict = _skilled(finding, comparison.clusters, comparison.runs)
            yield Judged(finding.key, finding.condition, finding.primary, verdict, math.nan)


def _skilled(finding: Finding, clusters: int, runs: int) -> Verdict:
    """The verdict on a score that is 0 for a cheap rule and 1 for people."""
    if finding.reasons or clusters < LEAST_CLUSTERS:
        return Verdict("NOT ASSESSABLE", finding.reasons or (_few_clusters(clusters),))
    value = finding.value
    if math.isnan(value.low):
        return Verdict("NOT ASSESSABLE", ("people themselves are not certainly better than the cheap rule",))
    if value.high < 0:
        return Verdict("FAIL", (f"skill is at most {_n(value.high)}: worse than the cheap rule",))
    if value.low <= 0:
        return Verdict("INCONCLUSIVE", (f"skill may be anything from {_n(value.low)} to {_n(value.high)}",))
    if runs < LEAST_RUNS:
        return Verdict("INCONCLUSIVE", (f"a pass takes {LEAST_RUNS} runs; there {_count(runs)}",))
    return Verdict("PASS", (f"skill is at least {_n(value.low)}",))


def _p(finding: Finding) -> float:
    """The smallest p-value of the ways to fail; NaN where nothing is known."""
    return min([finding.beyond, *(floor.worse for floor in _bars(finding))])


def _verdict(finding: Finding, p: float, clusters: int, runs: int) -> Verdict:
    if finding.reasons:
        return Verdict("NOT ASSESSABLE", finding.reasons)
    if clusters < LEAST_CLUSTERS:
        return Verdict("NOT ASSESSABLE", (_few_clusters(clusters),))
    if math.isnan(finding.margin) or math.isnan(finding.distance.high):
        return Verdict("NOT ASSESSABLE", ("it is not known for these data",))
    failed = tuple(_failures(finding, p))
    if failed:
        return Verdict("FAIL", failed)
    open_ = tuple(_open(finding, runs, p))
    if open_:
        return Verdict("INCONCLUSIVE", open_)
    return Verdict("PASS", tuple(_passed(finding)))


def _failures(finding: Finding, p: float) -> Iterator[str]:
    distance, margin = finding.distance, finding.margin
    if distance.low > margin and p <= ODDS:
        yield f"the distance from people is at least {_n(distance.low)}, beyond the margin of {_n(margin)}"
    for floor in _bars(finding):
        if floor.gain.high < 0 and p <= ODDS:
            yield f"it is farther from people than the cheap rule {floor.name} ({_n(floor.distance.value)})"
    if finding.opposite and finding.candidate and finding.people:
        yield (
            f"the effect has the opposite sign: {_signed(finding.candidate.value)} against people's "
            f"{_signed(finding.people.value)}"
        )


def _open(finding: Finding, runs: int, p: float) -> Iterator[str]:
    distance, margin = finding.distance, finding.margin
    if distance.low > margin:
        yield (
            f"the distance from people is at least {_n(distance.low)}, beyond the margin of {_n(margin)}, but not "
            f"certainly so among all that is tested (p = {_n(p)} after Holm)"
        )
    elif distance.high > margin:
        yield (f"the distance from people may be anything up to {_n(distance.high)}, and the margin is {_n(margin)}")
    for floor in _bars(finding):
        if not floor.gain.low > 0:
            yield f"it is not certainly nearer to people than the cheap rule {floor.name} ({_n(floor.distance.value)})"
    for floor in finding.floors:
        if floor.bar and math.isnan(floor.distance.low):
            why = floor.why or "how far that is from people is not known"
            yield f"it cannot be held against the cheap rule {floor.name}: {why}"
    if runs < LEAST_RUNS:
        yield f"a pass takes {LEAST_RUNS} runs; there {_count(runs)}"


def _passed(finding: Finding) -> Iterator[str]:
    yield f"the distance from people is at most {_n(finding.distance.high)}, and the margin is {_n(finding.margin)}"
    for floor in finding.floors:
        if floor.bar and not floor.apart:
            yield (
                f"the cheap rule {floor.name} is as near to people as people are, so passing shows no more than that "
                "rule has"
            )


def _bars(finding: Finding) -> Iterator[Against]:
    """The floors that a verdict rests on: those that can be told from people."""
    return (floor for floor in finding.floors if floor.bar and floor.apart)


def _level(level: Level, rule: Rule, judged: Sequence[Judged], comparison: Comparison) -> LevelVerdict:
    keys = (*rule.passes, *rule.skills, *rule.stands, *rule.parts)
    found = {key: [each for each in judged if each.key == key] for key in keys}
    must = [each for key in (*rule.passes, *rule.skills) for each in found[key]]
    may = [each for key in rule.stands for each in found[key]]
    absent = [_absent(key, comparison) for key in (*rule.passes, *rule.skills) if not found[key]]
    return LevelVerdict(
        level=level,
        verdict=_of_level(level, must, may, absent, judged),
        rests=(*must, *may),
        parts=tuple(each for key in rule.parts for each in found[key]),
    )


def _of_level(
    level: Level, must: Sequence[Judged], may: Sequence[Judged], absent: Sequence[str], judged: Sequence[Judged]
) -> Verdict:
    failed = [each for each in (*must, *may) if each.verdict.word == "FAIL"]
    if failed:
        noted = _noise_match(judged) if level == "heterogeneity" else ()
        return Verdict("FAIL", (*_named(failed), *noted))
    unknown = [each for each in must if each.verdict.word == "NOT ASSESSABLE"]
    if unknown or absent:
        stands = [each for each in must if each.verdict.word == "PASS"]
        told = (f"what passes by itself: {_keys(stands)}",) if stands else ()
        return Verdict("NOT ASSESSABLE", (*absent, *_named(unknown), *told))
    open_ = [each for each in must if each.verdict.word == "INCONCLUSIVE"]
    if open_:
        return Verdict("INCONCLUSIVE", _named(open_))
    licence = (f"a claim may be made about {LICENCES[level]}",)
    shaky = [each for each in may if each.verdict.word in ("INCONCLUSIVE", "NOT ASSESSABLE")]
    noted = (f"not failed, but not passed either: {_keys(shaky)}",) if shaky else ()
    return Verdict("PASS", (*licence, *noted, *_caveats(must)))


def _caveats(must: Sequence[Judged]) -> Iterator[str]:
    """What qualifies the passes of a level; the first reason of a pass is the pass itself."""
    qualified = [replace(each, verdict=Verdict("PASS", each.verdict.reasons[1:])) for each in must]
    return iter(_named(qualified))


def _noise_match(judged: Sequence[Judged]) -> tuple[str, ...]:
    """What is to be said where rates look alike although individuals do not differ as people do."""
    words = {(each.key, each.condition): each.verdict.word for each in judged}
    alike = sorted(
        {
            condition
            for (key, condition), word in words.items()
            if key in ("H1", "H2") and word == "PASS" and words.get(("H3", condition)) == "FAIL"
        }
    )
    return tuple(
        f"location match / noise match in {condition}: rates look alike, but not by traits" for condition in alike
    )


def _absent(key: str, comparison: Comparison) -> str:
    if key == "M7":
        return f"M7 is not assessable: there is one condition ({comparison.conditions[0]}), so there is no contrast"
    return f"{key} was not measured"


def _named(judged: Sequence[Judged]) -> tuple[str, ...]:
    """Every reason once, with what it holds for."""
    holds: dict[str, dict[str, list[str]]] = {}
    for each in judged:
        for reason in each.verdict.reasons:
            holds.setdefault(reason, {}).setdefault(each.key, []).append(each.condition)
    return tuple(f"{_places(where)}: {reason}" for reason, where in holds.items())


def _places(where: Mapping[str, Sequence[str]]) -> str:
    """Statistics by the conditions in which something holds, those with the same conditions together."""
    together: dict[tuple[str, ...], list[str]] = {}
    for key, conditions in where.items():
        together.setdefault(tuple(conditions), []).append(key)
    return "; ".join(f"{', '.join(keys)} in {', '.join(conditions)}" for conditions, keys in together.items())


def _keys(judged: Sequence[Judged]) -> str:
    return ", ".join(f"{each.key} in {each.condition}" for each in judged)


def _surrogate(
    levels: Sequence[LevelVerdict], audited: Mapping[Level, Mapping[str, Word]] | None, in_sample: Sequence[str]
) -> Verdict:
    words = [each.verdict.word for each in levels]
    if any(word == "FAIL" for word in words):
        failed = ", ".join(each.level for each in levels if each.verdict.word == "FAIL")
        return Verdict("FAIL", (f"a stand-in for people must pass every level; it fails: {failed}",))
    if any(word != "PASS" for word in words):
        short = ", ".join(f"{each.level} ({each.verdict.word})" for each in levels if each.verdict.word != "PASS")
        word: Word = "NOT ASSESSABLE" if "NOT ASSESSABLE" in words else "INCONCLUSIVE"
        return Verdict(word, (f"a stand-in for people must pass every level; it does not pass: {short}",))
    if in_sample:
        return Verdict("INCONCLUSIVE", ("all levels pass, but IN-SAMPLE: nobody was held against people unseen",))
    if audited is None:
        return Verdict("INCONCLUSIVE", ("all levels pass, but no perturbation audit was made",))
    turned = [level for level in RULES if "FAIL" in audited[level].values()]
    if turned:
        return Verdict("FAIL", (f"under a perturbation it fails: {', '.join(turned)}",))
    open_ = [level for level in RULES if set(audited[level].values()) != {"PASS"}]
    if open_:
        return Verdict("INCONCLUSIVE", (f"it does not pass under every perturbation: {', '.join(open_)}",))
    return Verdict("PASS", ("all levels pass, under every perturbation of the audit",))


def _unsaid(comparison: Comparison) -> Iterator[str]:
    """What may not be said of these data, whatever the numbers."""
    if comparison.clusters < LEAST_CLUSTERS:
        yield f"{_few_clusters(comparison.clusters)}: neither a pass nor a failure may be claimed"
    if comparison.clusters < 2:
        yield "the ceiling is a lower bound: how sessions of people differ from each other is not seen"
    if comparison.runs < LEAST_RUNS:
        yield f"the candidate has {_things(comparison.runs, 'run')}; with fewer than {LEAST_RUNS} no pass is claimed"
    if comparison.runs < 2:
        yield "with one run its intervals hold agents apart only, not what differs between runs"
    if comparison.in_sample:
        yield "verdicts are IN-SAMPLE: they say nothing of people who were not looked at"


def _few_clusters(clusters: int) -> str:
    return f"people are {_things(clusters, 'independent session')}, and a ceiling takes {LEAST_CLUSTERS}"


def _things(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _count(number: int) -> str:
    return f"is {number}" if number == 1 else f"are {number}"


def _n(value: float) -> str:
    return f"{value:.3f}"


def _signed(value: float) -> str:
    return f"{value:+.3f}"
