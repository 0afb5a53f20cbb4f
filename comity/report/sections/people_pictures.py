"""What agents and people did, over each other: courses over rounds, distributions of rates, responses to neighbours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from comity.fidelity.kept import Fidelity
from comity.fidelity.pictured import PEOPLE, Course, Pictured
from comity.report.contents import Head, Part
from comity.report.figures import Figure, overlaid
from comity.report.overlaid import Kind, Line, table_of
from comity.report.sections.people_numbers import distances
from comity.report.text import prose

MOST = 30
"""So many points of a line are drawn and tabled; more are taken together, or each second one is left out."""
OF_COURSES = ("M2", "M3", "M7")
OF_RATES = ("H1", "H2", "H2.location", "H3", "H7", "H8")
"""The statistics that stand under each picture."""
BOUNDS = (
    "Each bound holds with 95 % by itself, if sessions and their agents are drawn again; where it rests on one "
    "session, or on aggregates, what differs between sessions is not in it, or there is none."
)
BLOCKS = "Rounds are taken together in blocks of {size}, named by the first."
OF_BLOCKS = "A bound of a block is the mean of those of its rounds."
NEVER = "Rounds that no person reached are left out."
CO_PLAYERS = "In games without a network the neighbours are the co-players."
SIMULATED = (
    "The others are cheap rules, simulated several times in the design of people: the mean, with the least and the "
    "greatest in brackets."
)
CEILING = "The band is where people lie if they themselves are drawn again."

UNBOUNDED = "Nothing has bounds, as too little is known to draw sessions or agents again."

KINDS: dict[str, Kind] = {"candidate": "candidate", "people": "people"}


def courses(kept: Fidelity) -> Iterator[Part]:
    """Cooperation over the rounds, and how far apart the courses are."""
    yield Head("Courses of cooperation")
    caption = "Cooperation over rounds, of the candidate and of people"
    pictured = kept.comparison.pictured
    reached = {each.condition: _reached(each) for each in pictured}
    size = block(max(reached.values(), default=1))
    found = [
        line
        for each in pictured
        for line in _lines(each, each.trajectories, partial(in_rounds, size=size, last=reached[each.condition]))
    ]
    note = ["The share that cooperated in each round."]
    note += [BLOCKS.format(size=size)] if size > 1 else []
    note += [OF_BLOCKS] if size > 1 and _bounded(found) else []
    note += [NEVER] if any(_goes_on(each, reached[each.condition]) for each in pictured) else []
    yield from _figure("people-courses", found, caption, " ".join((*note, *_rests(found))), "round")
    yield from distances(kept, OF_COURSES, "How far apart the courses are", "people-courses-distances")


def rates(kept: Fidelity) -> Iterator[Part]:
    """The distribution of individual rates, and how far apart the distributions are."""
    yield Head("Individual rates")
    caption = "Share of agents that cooperated at most so often"
    found = [line for each in kept.comparison.pictured for line in _lines(each, each.rates, _thinned)]
    note = " ".join(("The cumulative distribution of individual rates of cooperation.", *_rests(found)))
    yield from _figure("people-rates", found, caption, note, "rate of cooperation of an agent", meet=True)
    yield from distances(kept, OF_RATES, "How far apart individuals are", "people-rates-distances")


def responses(kept: Fidelity) -> Iterator[Part]:
    """P(C) by what one did oneself and what neighbours did."""
    found = [
        line
        for each in kept.comparison.pictured
        for words, surface in (("after C", each.after_c), ("after D", each.after_d))
        for line in _lines(each, surface, lambda course: course, f", {words}")
    ]
    if not found:
        return
    yield Head("Responses to neighbours")
    caption = "Cooperation by own last action and what neighbours did"
    note = (
        "The share that cooperated, by the share of neighbours that cooperated in the round before, after own "
        f"cooperation and after own defection. A gap: nobody was there. {CO_PLAYERS} {' '.join(_rests(found))}"
    )
    yield from _figure("people-responses", found, caption, note, "share of neighbours that cooperated")


def _bounded(found: Sequence[Line]) -> set[Kind]:
    """Which kinds of lines have bounds."""
    return {line.kind for line in found if not all(map(math.isnan, line.low))}


def _rests(found: Sequence[Line]) -> Iterator[str]:
    """What bands, dashes and bounds are, as far as there are any."""
    bounded = _bounded(found)
    if "people" in bounded:
        yield CEILING
    if any(line.kind == "other" for line in found):
        yield SIMULATED
    yield BOUNDS if bounded else UNBOUNDED


def _figure(
    key: str, found: Sequence[Line], caption: str, note: str, over: str, *, meet: bool = False
) -> Iterator[Figure]:
    if found:
        yield overlaid(key, found, table_of(found, caption, note, key), over, meet=meet)


def _lines(of: Pictured, courses: Sequence[Course], put: Callable[[Course], Course], words: str = "") -> Iterator[Line]:
    for course in map(put, courses):
        name, kind = prose(course.name), KINDS.get(course.name, "other")
        yield Line(f"{prose(of.condition)}{words}", name, kind, course.at, course.value, course.low, course.high)


def block(rounds: int) -> int:
    """How many rounds are taken together, where there are so many."""
    return max(1, -(-rounds // MOST))


def _reached(of: Pictured) -> int:
    """How many rounds people reached."""
    people = next(course for course in of.trajectories if course.name == PEOPLE)
    return max((place + 1 for place, value in enumerate(people.value) if not math.isnan(value)), default=0)


def _goes_on(of: Pictured, last: int) -> bool:
    """Whether anybody acted after that round."""
    return any(not math.isnan(value) for course in of.trajectories for value in course.value[last:])


def in_rounds(course: Course, size: int, last: int) -> Course:
    """The first rounds, from 1 to the last that is wanted, in blocks of that size that are named by their first.

    A block counts the rounds whose value is known.
    """
    starts = range(0, min(last, len(course.at)), size)
    known = ~np.isnan(course.value)

    def blocked(values: Sequence[float]) -> tuple[float, ...]:
        places = [np.arange(start, min(start + size, last))[known[start : min(start + size, last)]] for start in starts]
        return tuple(float(np.mean(np.take(values, at))) if len(at) else math.nan for at in places)

    at = tuple(course.at[start] + 1 for start in starts)
    return Course(course.name, at, blocked(course.value), blocked(course.low), blocked(course.high))


def _thinned(course: Course) -> Course:
    """As many points as are drawn, the first and the last among them."""
    keep = slice(None, None, max(1, -(-(len(course.at) - 1) // (MOST - 1))))
    return Course(course.name, course.at[keep], course.value[keep], course.low[keep], course.high[keep])
