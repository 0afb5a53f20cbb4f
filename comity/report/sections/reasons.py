"""Why players say they act: the labels that judges gave to their reasons, and how far these may be trusted."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from comity.judge.aggregate import by, differences, of_marks
from comity.judge.agreement import Agreement
from comity.judge.agreements import SETS, agreed
from comity.judge.errors import JudgeError
from comity.judge.keeping import FILE_NAME, Judgements
from comity.judge.marks import Marks, joined, marks_of
from comity.judge.prevalence import Corrected, Refused, prevalences
from comity.judge.probes import HOW_MANY, position, verbosity
from comity.report.contents import Head, Part, Prose, Section, Words
from comity.report.figures import Figure, heat_map, radar
from comity.report.grid import Entry, Grid
from comity.report.results import Results
from comity.report.text import counted, distinct, prose
from comity.stats.estimate import Estimate
from comity.words.phrases import listed

SEEN = {
    "reason": "the reason alone",
    "game": "the reason and the rules of the game",
    "prompt": "the reason, the rules, and what the player was asked",
    "action": "the reason, the rules, what the player was asked, did and was paid",
}
"""What a judge saw at each level of context."""
WHAT = (
    "A reason may carry several labels, so shares do not add up to 1. A share is over all judges and passes, each "
    "judge counting the same; an answer that could not be read gives no label and counts nowhere."
)
BRACKETS = "Brackets are 95 % intervals; matches are the draws, so there is none where a cell has one match."
COMPARED = (("mechanism", "Mechanism"), ("game", "Game"), ("agent", "Agent"))
"""What shares are told by."""
MOST_AXES = 8
"""A polygon with more corners is not read: it has those of the labels that are most frequent."""
MOST_POLYGONS = 12


def section(results: Results) -> Section | None:
    """What was judged of the reasons in these runs; None where nothing was."""
    files = {name: run.path.parent for name, run in results.runs.items() if (run.path.parent / FILE_NAME).exists()}
    try:
        found = {}
        for name, folder in files.items():
            with Judgements.open(folder) as file:
                found[name] = marks_of(file)
        marks = next(iter(found.values())) if len(found) == 1 else joined(found) if found else None
    except JudgeError as error:
        return Section("reasons", "Reasons", (Prose((f"The reasons are not told: {error}.",)),))
    return None if marks is None else Section("reasons", "Reasons", tuple(parts(marks)))


def parts(marks: Marks) -> Iterator[Part]:
    """Everything the page says of judged reasons; the same judgements give the same parts."""
    yield Prose((_lead(marks), WHAT))
    if len(marks.read.reasons):
        yield _shares(marks)
        for column, corner in COMPARED:
            yield from _compared(marks, column, corner)
        yield from _differences(marks)
        yield Head("How far the labels may be trusted")
        yield from _agreement(marks)
        yield from _prevalence(marks)
        yield from _verbosity(marks)
        yield from _position(marks)
    yield from _unread(marks)


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _lead(marks: Marks) -> str:
    passes = {judge: sum(rater.judge == judge for rater in marks.raters) for judge in marks.judges}
    who = [name if count == 1 else f"{name} ({count} passes)" for name, count in passes.items()]
    unread = sum(marks.unread.values())
    people = 0 if marks.human is None else int((~np.isnan(marks.human[:, 0])).sum())
    labels = counted(len(marks.names), "label")
    return " ".join(
        (
            f"{counted(len(marks.reasons), 'reason')} judged by {listed(who) if who else 'nobody'}, by the taxonomy "
            f"“{marks.terms.taxonomy.name}” with {labels}; judges saw {SEEN[marks.terms.level]}.",
            f"{counted(unread, 'judgement')} could not be read.",
            f"People labelled {people:,} of the reasons." if people else "No reason was labelled by people.",
        )
    )


def _entry(found: Estimate | Agreement) -> Entry:
    return Entry(found.value, low=found.low, high=found.high)


def _shares(marks: Marks) -> Grid:
    """Over everything: cells that count the same beside all reasons pooled, and each judge by itself."""
    equal, pooled = of_marks(marks, equal=True), of_marks(marks, equal=False)
    own = {judge: np.nanmean(marks.read.by(judge), axis=0) for judge in marks.judges if len(marks.judges) > 1}
    rows = tuple(
        (title, (_entry(equal[place]), _entry(pooled[place]), *(Entry(float(share[place])) for share in own.values())))
        for place, title in enumerate(marks.titles)
    )
    cells, reasons = len(np.unique(marks.read.cells)), len(marks.read.reasons)
    note = (
        f"Of {reasons:,} reasons in {counted(cells, 'cell')} of game, mechanism and agent. Every cell counts the "
        "same in the first column, every reason in the second: where one cell has most of the reasons, the second "
        f"mostly tells of it. {BRACKETS}"
    )
    columns = ("Cells alike", "Pooled", *(f"{judge} alone, pooled" for judge in own))
    return Grid("Share of reasons with each label", note, "Label", columns, rows, key="reasons-shares")


def _compared(marks: Marks, column: str, corner: str) -> Iterator[Part]:
    """A heat map with the table of shares, and polygons, for each value of the column."""
    found = by(marks, [column])
    heads = [prose(head) if column != "agent" else head for head in distinct(value for [value] in found)]
    if len(heads) < 2 and column != "mechanism":
        return
    rows = tuple(
        (title, tuple(_entry(shares[place]) for shares in found.values())) for place, title in enumerate(marks.titles)
    )
    values = pd.DataFrame([[entry.value for entry in row] for _, row in rows], list(marks.titles), heads)
    note = f"Cells of game, mechanism and agent count the same. {BRACKETS}"
    caption = f"Labels by {corner.lower()}"
    table = Grid(caption, note, "Label", tuple(heads), rows, digits=2, key=f"reasons-{column}")
    yield heat_map(f"reasons-{column}", values, table)
    if len(marks.titles) > 2 and len(heads) <= MOST_POLYGONS:
        yield _profiles(marks, table, corner)


def _profiles(marks: Marks, table: Grid, corner: str) -> Figure:
    """A polygon for each column of the table, over the labels that are most frequent, by their short names."""
    frequent = np.argsort([-share.value for share in of_marks(marks, equal=True)], kind="stable")[:MOST_AXES]
    axes = [int(place) for place in np.sort(frequent)]
    rows = tuple((head, tuple(table.rows[axis][1][place] for axis in axes)) for place, head in enumerate(table.columns))
    names = tuple(prose(marks.names[axis]) for axis in axes)
    values = pd.DataFrame([[entry.value for entry in row] for _, row in rows], list(table.columns), list(names))
    left_out = len(marks.names) - len(axes)
    note = f"{table.note} {counted(left_out, 'label')} that are rarer are left out." if left_out else table.note
    caption = f"Profile of each {corner.lower()}"
    return radar(f"{table.key}-profile", values, Grid(caption, note, corner, names, rows, 2, f"{table.key}-profile"))


def _differences(marks: Marks) -> Iterator[Part]:
    found = differences(marks)
    if not found:
        return
    rows = tuple(
        (title, tuple(map(Entry, (one.spread, one.f, one.within, one.p, one.adjusted, one.v))))
        for title, one in zip(marks.titles, found, strict=True)
    )
    note = (
        "Over the games and agents that every mechanism has, counting the same. Spread is the largest share of a "
        "mechanism less the smallest. Welch's F compares the mechanisms with errors clustered by match; the "
        "adjusted p-value is after Benjamini and Hochberg over all labels. Cramér's V, over all reasons, describes "
        "and proves nothing."
    )
    columns = ("Spread", "F", "Degrees of freedom", "p", "p adjusted", "Cramér's V")
    yield Grid("Differences between mechanisms", note, "Label", columns, rows, key="reasons-differences")


def _agreement(marks: Marks) -> Iterator[Part]:
    found = agreed(marks, _rng())
    if not found:
        yield Prose(
            ("There is one judge and nobody to compare it with: how far its labels can be repeated is not known.",)
        )
        return
    pairs = list(found[0].pairs)
    titles = dict(zip(marks.names, marks.titles, strict=True))
    rows = tuple(
        (
            titles.get(one.of, one.of),
            tuple(_entry(value) for value in (one.percent, one.alpha, one.fleiss))
            + tuple(_entry(one.pairs[pair]) if pair in one.pairs else Entry(math.nan) for pair in pairs),
        )
        for one in found
    )
    note = (
        "Each judge by its first pass, people as one rater. Label by label it is asked whether a label was given; "
        f"for the {SETS} it is Krippendorff's alpha with the distance MASI, over fewer reasons drawn by chance "
        "where more than 2,000 sets differ. 0 is what chance would do, 1 is perfect. Brackets are 95 % intervals "
        "by resampling matches; a dash stands where nearly all say the same."
    )
    columns = ("Agreement", "Krippendorff's α", "Fleiss' κ", *(f"κ {one} – {other}" for one, other in pairs))
    yield Grid("How far judges agree", note, "Label", columns, rows, digits=2, key="reasons-agreement")


def _prevalence(marks: Marks) -> Iterator[Part]:
    for place, judge in enumerate(marks.judges):
        found = prevalences(marks, judge)
        if found:
            rows = tuple(
                (title, _corrected(found[name])) for title, name in zip(marks.titles, marks.names, strict=True)
            )
            note = (
                "Put right for the judge's sensitivity and specificity on the reasons that people labelled too "
                "(Rogan and Gladen); the interval, after Lang and Reiczigel, carries the uncertainty of all three. "
                "A dash says why in small print. Supposed: people are right, and they labelled reasons drawn by "
                "chance."
            )
            columns = ("Corrected", "As judged, pooled", "Sensitivity", "Specificity")
            caption = f"Shares corrected for the errors of {judge}"
            yield Grid(caption, note, "Label", columns, rows, key=f"reasons-corrected-{place + 1}")


def _corrected(found: Corrected | Refused) -> tuple[Entry, ...]:
    if isinstance(found, Refused):
        return Entry(math.nan, gap=found.why), Entry(found.apparent), Entry(math.nan), Entry(math.nan)
    gap = "clipped: the estimate lies beyond 0 to 1" if found.clipped else ""
    value = Entry(found.value, gap=gap, low=found.low, high=found.high)
    return value, Entry(found.apparent), Entry(found.sensitivity), Entry(found.specificity)


def _verbosity(marks: Marks) -> Iterator[Part]:
    titles = dict(zip(marks.names, marks.titles, strict=True)) | {HOW_MANY: "Number of labels"}
    rows = tuple((titles[one.of], (_entry(one.overall), _entry(one.within))) for one in verbosity(marks, _rng()))
    note = (
        "Rank correlations of the length of the text with how many labels it got, and with each label: over all "
        "reasons, and with the mean of each cell taken off, so that it is not the agents that differ. Brackets are "
        "95 % intervals by resampling matches."
    )
    yield Grid("Labels and the length of the text", note, "", ("Overall", "Within cells"), rows, 2, "reasons-verbosity")


def _position(marks: Marks) -> Iterator[Part]:
    found = position(marks, _rng())
    for place, judge in enumerate(dict.fromkeys(one.judge for one in found)):
        titles = dict(zip(marks.names, marks.titles, strict=True))
        rows = tuple(
            (
                titles[one.label],
                (Entry(one.stated), Entry(one.turned), _entry(one.difference), _entry(one.kappa), _entry(one.same)),
            )
            for one in found
            if one.judge == judge
        )
        note = (
            "The same reasons with the labels listed from first to last and from last to first. κ is how far both "
            "passes agree reason by reason; beside it the same for two passes in the same order, which is what "
            f"repetition alone does. {BRACKETS}"
        )
        columns = ("In order", "In reverse", "Difference", "κ of both", "κ in the same order")
        caption = f"What the order of the labels does to {judge}"
        yield Grid(caption, note, "Label", columns, rows, key=f"reasons-position-{place + 1}")


def _unread(marks: Marks) -> Iterator[Part]:
    if marks.unread:
        rows = tuple((judge, cause, f"{number:,}") for (judge, cause), number in sorted(marks.unread.items()))
        note = "These answers gave no label, and none was put in their place."
        yield Words("Judgements that could not be read", note, ("Judge", "Why", "How many"), rows)
