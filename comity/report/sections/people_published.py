"""The series that were recovered from published figures, and the published numbers worked out again from them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from comity.corpora.human.recovered import CONDITIONS, MODEL, PEOPLE, Series, recovered
from comity.fidelity.pictured import CANDIDATE, Course
from comity.fidelity.published import Row, published_table
from comity.report.contents import Head, Items, Part, Prose, Words
from comity.report.figures import Figure, overlaid
from comity.report.held import Held
from comity.report.overlaid import Kind, Line, table_of
from comity.report.sections.people_pictures import BLOCKS, block, in_rounds
from comity.report.text import NOTHING
from comity.words.phrases import sentence

DRAWS = 2_000
"""Behind what is simulated: stars, nulls, halves."""
SEED = 1
READ = (
    "The same code that judges agents works out what was printed of people and of the published model (Ferraz de "
    "Arruda et al., 2026), or was recomputed by others from the same figures. In a cell stands what the series give, "
    "and then the printed number; a word follows where the two are not exactly the same. Histograms are known up to "
    "bins, so that numbers of distributions may be off within them."
)
VERDICTS = ("exact", "last digit", "within bins", "not reproduced", "not reproducible here")


def published(held: Held) -> Iterator[Part]:
    """Nothing where people are not the recovered series."""
    if not held.recovered:
        return
    series = recovered()
    people, model = ({of: series[who, of] for of in CONDITIONS} for who in (PEOPLE, MODEL))
    rows = published_table(people, model, np.random.default_rng(SEED), DRAWS)
    tables: dict[str, list[Row]] = {}
    for row in rows:
        tables.setdefault(row.table, []).append(row)
    yield Head("Published network figures")
    yield Prose((READ,))
    yield _courses(held, people, model)
    yield _tally(tables)
    yield from (_table(name, of) for name, of in tables.items())
    because = dict.fromkeys(row.because for row in rows if row.verdict.startswith("not") and row.because)
    if because:
        yield Items(tuple(f"{sentence(reason)}." for reason in because))


def _courses(held: Held, people: Mapping[str, Series], model: Mapping[str, Series]) -> Figure:
    """People and the published model in all conditions, and the candidate where it is compared."""
    size = block(max(each.rounds for each in people.values()))
    lines = [line for of in CONDITIONS for line in _lines(of, people[of], model[of], size)]
    for pictured in held.fidelity.comparison.pictured:
        if pictured.condition in people:
            own = next(course for course in pictured.trajectories if course.name == CANDIDATE)
            lines.append(_line(pictured.condition, "this candidate", "candidate", own, size))
    caption = "Recovered series of people and of the published model"
    note = (
        f"The share that cooperated in each round, as read from published vector figures; the published model is "
        f"{MODEL}. {BLOCKS.format(size=size)} Nothing has bounds, as each network was played once."
    )
    return overlaid("people-recovered", lines, table_of(lines, caption, note, "people-recovered"), "round")


def _lines(condition: str, people: Series, model: Series, size: int) -> Iterator[Line]:
    yield _line(condition, "people", "people", _course(people), size)
    yield _line(condition, "published model", "other", _course(model), size)


def _course(of: Series) -> Course:
    unknown = (math.nan,) * of.rounds
    return Course(of.population, tuple(map(float, range(of.rounds))), tuple(of.trajectory.tolist()), unknown, unknown)


def _line(condition: str, name: str, kind: Kind, course: Course, size: int) -> Line:
    of = in_rounds(course, size, len(course.at))
    unknown = (math.nan,) * len(of.at)
    return Line(condition, name, kind, of.at, of.value, unknown, unknown)


def _tally(tables: Mapping[str, Sequence[Row]]) -> Words:
    """How many numbers of each table have which verdict."""
    counts = {name: Counter[str](row.verdict for row in of) for name, of in tables.items()}
    rows = [(sentence(name), *(str(of[verdict]) for verdict in VERDICTS)) for name, of in counts.items()]
    whole = sum(counts.values(), Counter[str]())
    rows.append(("All", *(str(whole[verdict]) for verdict in VERDICTS)))
    return Words("Published numbers by verdict", "", ("Table", *map(sentence, VERDICTS)), tuple(rows))


def _table(name: str, found: Sequence[Row]) -> Words:
    """A row for each quantity and a column for each condition."""
    at = {(_head(row), row.condition): _cell(row) for row in found}
    columns = tuple(dict.fromkeys(row.condition for row in found))
    rows = tuple(
        (head, *(at.get((head, column), "") for column in columns)) for head in dict.fromkeys(map(_head, found))
    )
    return Words(f"Published numbers: {name}", "Found, then printed.", ("Number", *columns), rows)


def _head(row: Row) -> str:
    return f"{row.quantity} ({row.source})"


def _cell(row: Row) -> str:
    word = "" if row.verdict == "exact" else f" ({row.verdict})"
    return f"{row.recomputed or NOTHING} / {row.printed}{word}"
