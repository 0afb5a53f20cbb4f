"""Every number of agents held against people: with its interval, its ceiling, and the cheap rules beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from comity.fidelity.bounds import Number
from comity.fidelity.comparison import Against, Finding
from comity.fidelity.floors import FLOORS
from comity.fidelity.kept import Fidelity
from comity.fidelity.pictured import Coefficient
from comity.fidelity.statistic import LEVELS
from comity.report.contents import Head, Items, Part, Prose
from comity.report.figures import Figure, dots
from comity.report.grid import Entry, Grid, grid_of_intervals
from comity.report.text import number, prose

COLUMNS = ("Value", "Candidate", "People", "Ceiling", "Margin")
READ = (
    "Value: the statistic, with two bounds that hold with 95 % each. Candidate, People: the number of either side, "
    "where it has one of its own. Ceiling: how far two halves of people are from each other on average. Under the name "
    "of a cheap rule: how far it is from people, and the candidate's skill against it, 0 as near to people as the rule "
    "and 1 as near as people are, not clipped; no skill where the rule is as near to people as people are."
)
ELSEWHERE = "How the columns are read is told under Every statistic."
OWN = {
    "H3": "Excess variance of rates",
    "H3.icc": "Intraclass correlation",
    "H6.raw": "Persistence",
    "H6": "Excess persistence",
    "H7": "Trait reliability",
    "H8": "SD of traits in log-odds",
}
"""What is told of how individuals differ, and in which words."""
HEAD = 38
"""How many characters the head of a panel of slopes has at most."""
PARTS = {"D2.mood": "mood", "D2.after_C": "slope after C", "D2.after_D": "slope after D"}


def distances(kept: Fidelity, keys: Sequence[str], caption: str, name: str) -> Iterator[Grid]:
    """Some statistics in every condition, with their ceilings and cheap rules."""
    found = [each for key in keys for each in kept.comparison.findings if each.key == key and not _nothing(each)]
    if found:
        rows = {f"{each.key} in {prose(each.condition)}": each for each in found}
        titles = "; ".join(dict.fromkeys(f"{each.key}: {each.title}" for each in found))
        yield _grid(kept, rows, caption, f"{titles}. {ELSEWHERE}", "Statistic", name)


def statistics(kept: Fidelity) -> Iterator[Part]:
    """Every statistic, condition by condition, and why some are not known."""
    yield Head("Every statistic")
    yield Prose((READ, "An asterisk marks the primary statistics, on which verdicts rest; all others describe."))
    rules = dict.fromkeys(floor.name for each in kept.comparison.findings for floor in each.floors)
    known = tuple(f"{prose(name)}: {FLOORS[name].title}." for name in rules if name in FLOORS)
    if known:
        yield Items(known)
    found = kept.comparison.findings
    for place, condition in enumerate(dict.fromkeys(each.condition for each in found)):
        of = sorted((each for each in found if each.condition == condition), key=lambda one: LEVELS.index(one.level))
        rows = {f"{each.key}{'*' * each.primary} {each.title}": each for each in of if not _nothing(each)}
        if rows:
            caption = f"Every statistic in {prose(condition)}"
            yield _grid(kept, rows, caption, "", "Statistic", f"people-statistics-{place}")
    unknown = tuple(_unknown(found))
    if unknown:
        yield Items(unknown)


def _nothing(found: Finding) -> bool:
    return math.isnan(found.value.value)


def _unknown(found: Sequence[Finding]) -> Iterator[str]:
    """Each reason once, with what is not known for it."""
    reasons: dict[str, dict[str, None]] = {}
    for each in found:
        for reason in each.reasons:
            reasons.setdefault(prose(reason), {})[each.key] = None
    for reason, keys in reasons.items():
        yield f"{', '.join(keys)}: {reason}."


def _grid(kept: Fidelity, rows: Mapping[str, Finding], caption: str, note: str, corner: str, name: str) -> Grid:
    """One row for each finding; columns in which nothing is known are left out."""
    words = {(each.key, each.condition): each.verdict.word for each in kept.verdicts.statistics}
    rules = dict.fromkeys(floor.name for found in rows.values() for floor in found.floors)
    told = {
        head: (*_entries(found, words.get((found.key, found.condition), "")), *_floors(found, list(rules)))
        for head, found in rows.items()
    }
    columns = (*COLUMNS, *map(prose, rules))
    kept_places = [
        place for place in range(len(columns)) if any(not math.isnan(row[place].value) for row in told.values())
    ]
    return Grid(
        caption,
        note,
        corner,
        tuple(columns[place] for place in kept_places),
        tuple((head, tuple(row[place] for place in kept_places)) for head, row in told.items()),
        key=name,
    )


def _entries(found: Finding, word: str) -> Iterator[Entry]:
    yield _entry(found.value, word)
    for side in (found.candidate, found.people):
        yield Entry(math.nan) if side is None else _entry(side)
    yield Entry(found.ceiling.mean)
    yield Entry(found.margin)


def _entry(of: Number, rests: str = "") -> Entry:
    return Entry(of.value, rests, low=of.low, high=of.high)


def _floors(found: Finding, rules: Sequence[str]) -> Iterator[Entry]:
    by = {floor.name: floor for floor in found.floors}
    for rule in rules:
        yield _floor(by[rule]) if rule in by else Entry(math.nan)


def _floor(of: Against) -> Entry:
    skill = of.skill
    bounds = "" if math.isnan(skill.low) else f" [{number(skill.low, 2)}, {number(skill.high, 2)}]"
    return _entry(of.distance, "" if math.isnan(skill.value) else f"skill {number(skill.value, 2)}{bounds}")


def individuals(kept: Fidelity) -> Iterator[Grid]:
    """How much and how lastingly individuals differ, on both sides."""
    sides: dict[str, dict[str, Entry]] = {}
    for found in kept.comparison.findings:
        for who, of in (("candidate", found.candidate), ("people", found.people)):
            if found.key in OWN and of is not None and not math.isnan(of.value):
                sides.setdefault(f"{prose(found.condition)}: {who}", {})[found.key] = _entry(of)
    keys = [key for key in OWN if any(key in of for of in sides.values())]
    if not keys:
        return
    note = (
        "Excess variance is what individual rates vary beyond chance; persistence is how often an action is repeated, "
        "and excess persistence what of that no mean and no difference between individuals explains; reliability is "
        "the correlation of odd and even choices. Each bound holds with 95 % by itself."
    )
    rows = tuple((who, tuple(of.get(key, Entry(math.nan)) for key in keys)) for who, of in sides.items())
    columns = tuple(OWN[key] for key in keys)
    yield Grid("How individuals differ", note, "Who", columns, rows, key="people-individuals")


def slopes(kept: Fidelity) -> Iterator[Figure]:
    """Mood and slopes of the moody rule: the candidate's less people's, and the slopes of either."""
    rows: dict[tuple[str, str], Number] = {}
    moods: dict[str, Coefficient | Finding] = {
        each.condition: of for each in kept.comparison.pictured for of in each.rule if of.name == PARTS["D2.mood"]
    }
    for found in kept.comparison.findings:
        if found.key not in PARTS or _nothing(found):
            continue
        where, what = prose(found.condition), PARTS[found.key]
        sides = moods.get(found.condition, found) if found.key == "D2.mood" else found
        for who, of in (("candidate", sides.candidate), ("people", sides.people)):
            if of is not None and not math.isnan(of.value):
                rows[where, f"{what}: {who}"] = of
        rows[where, f"{what}: candidate less people"] = found.value
    if not rows:
        return
    frame = pd.DataFrame(
        [(of.value, of.low, of.high) for of in rows.values()],
        pd.MultiIndex.from_tuples(rows),
        columns=["value", "low", "high"],
    )
    note = (
        "Log-odds of a logit in own last action, the share of neighbours that cooperated, and the round (Grujić et "
        "al., 2010). Mood: how much more likely to cooperate after own cooperation, at people's mean share of "
        "neighbours. Slopes: how much more for all neighbours than for none, "
        "after own cooperation and after own defection. Each bound holds with 95 % by itself."
    )
    table = grid_of_intervals(frame, "Mood and slopes", note, "What", key="people-slopes", digits=2)
    yield dots("people-slopes", frame, table, references=(0.0,), head=HEAD)
