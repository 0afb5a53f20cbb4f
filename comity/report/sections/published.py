"""What was published on the records of a run, worked out again: of those imported from the study of repeated games."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import pandas as pd

from comity.report.contents import Head, Items, Part, Prose, Section, Words
from comity.report.figures import heat_map
from comity.report.grid import Entry, Grid
from comity.report.results import Results
from comity.report.text import MINUS, NOTHING
from comity.words.phrases import listed, sentence

if TYPE_CHECKING:
    from comity.corpora.repeatedgames.verdicts import Figure
    from comity.report.drawing import Figure as Picture

HEADLINE = (
    "Of {total} printed numbers {exact} are exact, {last} agree but for the last digit and {wrong} are not reproduced."
)
READ = (
    "Exact is what rounds to the printed digits, last digit what is one beside it; the verdict is worked out from the "
    "digits and from nothing else. Where nothing is printed a number stands here because it should have been. What is "
    "recomputed is what others got from the same records before; where that is not what is found here it says so."
)
LACKING = (
    "Nothing is said of {}: these records do not hold all of its episodes, and a number of less is another number."
)
BY_CHAPTER = "Printed numbers by verdict"


def section(results: Results) -> Section | None:
    """Every figure that was published on these records; None for all other runs."""
    run = results.only
    if run is None or run.header.origin != "import":
        return None
    from comity.corpora.repeatedgames.kept import is_imported

    if not is_imported(run.header):
        return None
    from comity.corpora.repeatedgames.figures import figures, left_out
    from comity.corpora.repeatedgames.frames import frames

    records = frames(results.tables, run.header)
    found, lacking = figures(records), left_out(records)
    if not found:
        return None
    told = (Prose((LACKING.format(listed(lacking)),)),) if lacking else ()
    return Section("published", "Published figures", (*told, *parts(found)))


def parts(found: Sequence[Figure]) -> Iterator[Part]:
    """The headline, and chapter by chapter the tables of figures and what is to be said of them."""
    from comity.corpora.repeatedgames.figures import tally

    exact, last, wrong = tally(found).values()
    yield Prose((HEADLINE.format(total=exact + last + wrong, exact=exact, last=last, wrong=wrong), READ))
    chapters = {name: list(chapter) for name, chapter in groupby(found, lambda figure: figure.chapter)}
    yield _by_chapter(chapters)
    for name, chapter in chapters.items():
        yield Head(name)
        for _, stand in groupby(chapter, lambda figure: figure.table):
            yield from _table(list(stand))


def _by_chapter(chapters: dict[str, list[Figure]]) -> Words:
    """How many printed numbers of each chapter have which verdict."""
    from comity.corpora.repeatedgames.figures import tally

    counts = {name: tally(chapter) for name, chapter in chapters.items()}
    rows = tuple((name, *(str(number) for number in of.values())) for name, of in counts.items())
    return Words(BY_CHAPTER, "", ("Chapter", *next(iter(counts.values()))), rows)


def _table(stand: Sequence[Figure]) -> Iterator[Part]:
    """Figures that stand together: a map where all are alike and have a row and a column, else a list; then the why."""
    if any(figure.at is None for figure in stand):
        yield _listed(stand)
    elif len({figure.digits for figure in stand}) == 1:
        yield _map(stand)
    else:
        yield _crossed(stand)
    said = tuple(_said(stand))
    if said:
        yield Items(said)


def _note(stand: Sequence[Figure]) -> str:
    """Where the numbers stand in the source, and how many of those in print are right."""
    from comity.corpora.repeatedgames.figures import tally

    counts = tally(stand)
    total = sum(counts.values())
    place = f"{sentence(stand[0].where)}."
    printed = f" {next(iter(counts.values()))} of {total} printed numbers are exact." if total else ""
    return f"{place}{printed}{_same(stand)}"


def _same(stand: Sequence[Figure]) -> str:
    """How many numbers that were recomputed before are found again, of figures that have no column for it."""
    known = [figure.agreement for figure in stand if figure.agreement and figure.at]
    return f" {known.count('exact')} of {len(known)} recomputed numbers are found again." if known else ""


def _listed(stand: Sequence[Figure]) -> Words:
    """One row each; columns that nothing stands in are left out."""
    rows = [
        {
            "Figure": figure.claim,
            "Printed": _minus(figure.printed),
            "From the records": _minus(figure.text) or NOTHING,
            "Verdict": figure.verdict or "",
            "Recomputed": _recomputed(figure),
        }
        for figure in stand
    ]
    columns = [name for name in rows[0] if any(row[name] for row in rows)]
    return Words(
        stand[0].table, _note(stand), tuple(columns), tuple(tuple(row[name] for name in columns) for row in rows)
    )


def _recomputed(figure: Figure) -> str:
    """What others got, with a word where it is not the same."""
    if not figure.expected:
        return ""
    said = "" if figure.agreement == "exact" else f" ({figure.agreement})"
    return f"{_minus(figure.expected)}{said}"


def _crossed(stand: Sequence[Figure]) -> Words:
    """Rows and columns of numbers that have different digits."""
    rows, columns, at = _places(stand)
    table = tuple(
        (row, *(_minus(at[row, column].text) if (row, column) in at else "" for column in columns)) for row in rows
    )
    return Words(stand[0].table, _note(stand), ("Figure", *columns), table)


def _map(stand: Sequence[Figure]) -> Picture:
    """A heat map of what was found; the table behind it has the printed numbers."""
    rows, columns, at = _places(stand)
    grid = Grid(
        stand[0].table,
        _note(stand),
        "",
        tuple(columns),
        tuple((row, tuple(_entry(at.get((row, column))) for column in columns)) for row in rows),
        stand[0].digits,
        key=_key(stand),
    )
    values = pd.DataFrame([[entry.value for entry in entries] for _, entries in grid.rows], rows, columns)
    most = float(values.max().max())
    return heat_map(grid.key, values, grid, (0.0, 1.0 if most <= 1 else most))


def _places(stand: Sequence[Figure]) -> tuple[list[str], list[str], dict[tuple[str, str], Figure]]:
    at = {figure.at: figure for figure in stand if figure.at}
    return list(dict.fromkeys(row for row, _ in at)), list(dict.fromkeys(column for _, column in at)), at


def _entry(figure: Figure | None) -> Entry:
    if figure is None or isinstance(figure.found, str):
        return Entry(math.nan)
    wrong = figure.verdict and figure.verdict != "exact"
    printed = f"printed {_minus(figure.printed)}" if figure.printed else ""
    return Entry(figure.found, printed, str(figure.verdict) if wrong else "")


def _key(stand: Sequence[Figure]) -> str:
    return f"published-{stand[0].key.partition(':')[0]}"


def _said(stand: Sequence[Figure]) -> Iterator[str]:
    """Why numbers are not reproduced, those with one reason together, and what else is to be known."""
    wrong = [figure for figure in stand if figure.why]
    for why in dict.fromkeys(figure.why for figure in wrong):
        named = [_compared(figure) for figure in wrong if figure.why == why]
        yield f"Not reproduced: {'; '.join(named)}. {why}"
    otherwise = [figure for figure in stand if figure.at and figure.agreement not in (None, "exact")]
    if otherwise:
        named = [f"{', '.join(figure.at or ())} ({_recomputed(figure)}, found {figure.text})" for figure in otherwise]
        yield f"Recomputed before with another result: {'; '.join(named)}."
    remarked = [figure for figure in stand if figure.remark]
    for remark in dict.fromkeys(figure.remark for figure in remarked):
        named = [figure.claim for figure in remarked if figure.remark == remark]
        yield f"{sentence('; '.join(named))}: {remark}"


def _compared(figure: Figure) -> str:
    """A number in print beside what the records give."""
    named = ", ".join(figure.at) if figure.at else figure.claim
    return f"{named} (printed {_minus(figure.printed)}, found {_minus(figure.text) or 'nothing'})"


def _minus(text: str) -> str:
    """The text with a true minus sign before a number."""
    return text.replace("-", MINUS) if text[:1] == "-" else text
