"""Commands about why and when agents cooperate: curves over what is at stake, and reasons that are compared."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from comity.cli.app import RunPaths, app, refuse
from comity.cli.reading import AsCSV, AsJSON, AsMarkdown, one_form
from comity.cli.shown import Listing
from comity.words.printable import printable

if TYPE_CHECKING:
    import pandas as pd

    from comity.fidelity.curves import Curve, Measured
    from comity.fidelity.reasons import Told

Row: TypeAlias = dict[str, Any]

CURVE_NOTES = (
    "shares that cooperated, over all levels and at the first and the last; threshold: where it is halfway; slope: the "
    "steepest change of the share per unit; in brackets 95 % intervals; lapses: how often it cooperates at the end "
    "where it mostly does not, and defects at the other",
    "trade: a trade-off is seen where a logistic curve beats a constant rate by likelihood ratio (p < 0.05) and by "
    "BIC, both tempered by how much matches (of five agents or more the agents, of people sessions) differ in their "
    "slopes; where none is seen, there is no threshold to be told",
)
_MEASURED = ("threshold", "slope", "low", "high")


@app.command("curve")
def curve_command(
    runs: RunPaths,
    over: Annotated[
        str,
        typer.Option(
            help="What was varied: a number of the game or of a mechanism, like temptation, multiplier or chance.",
            show_default=False,
        ),
    ],
    against: Annotated[
        list[Path] | None,
        typer.Option(metavar="DATA", help="People's choices: an imported run, or a data set; again for another."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="NUMBER=VALUE", help="Only games where this holds, like chance=0.5; again for another."),
    ] = None,
    json_: AsJSON = False,
    csv: AsCSV = False,
    markdown: AsMarkdown = False,
) -> None:
    """Draw cooperation as a curve over what is at stake, and say whether a trade-off is weighed."""
    one_form(json_, csv, markdown)
    held = dict(map(_held, where or ()))
    rows, notes = _curves("", runs, over, held)
    for folder in against or ():
        others, more = _curves("against: ", [folder], over, held)
        rows, notes = [*rows, *others], (*notes, *more)
    told = [_flat(row) if json_ or csv else _read(row) for row in rows]
    _print(f"cooperation over {over}", told, (*CURVE_NOTES, *dict.fromkeys(notes)), json_, csv, markdown)


def _held(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not name.strip() or not math.isfinite(number):
        refuse(f"--where is NUMBER=VALUE, such as chance=0.5, not {text!r}")
    return name.strip(), number


def _curves(before: str, runs: Sequence[Path], over: str, held: Mapping[str, float]) -> tuple[list[Row], Sequence[str]]:
    """One row for each agent and for all together, and what must be said besides."""
    from comity.fidelity.swept import curves_of, mixed

    rows, cluster = _swept(runs, over, held)
    found = curves_of(rows, cluster)
    return [_row(f"{before}{name}", curve) for name, curve in found.items()], mixed(rows)


def _swept(runs: Sequence[Path], over: str, held: Mapping[str, float]) -> tuple[pd.DataFrame, str]:
    """What was chosen in these runs, and what of it depends on each other: of people who were imported, a session."""
    import pandas as pd

    from comity.corpora.human.dataset import is_human
    from comity.fidelity.swept import swept
    from comity.records.store import RunFile
    from comity.records.tables import tables

    if len(runs) == 1 and is_human(runs[0]):
        return _of_people(runs[0], over, held), "replicate"
    parts, imported = [], True
    for number, folder in enumerate(runs):
        with RunFile.open(folder) as file:
            imported = imported and file.header.origin == "import"
            found = swept(tables(file.records(), decisions=False), file.cells(), over, held)
        marked = {name: f"{number}:" + found[name].astype(str) for name in ("match", "replicate")}
        parts.append(found.assign(**marked))
    return pd.concat(parts, ignore_index=True), "replicate" if imported else "match"


def _of_people(folder: Path, over: str, held: Mapping[str, float]) -> pd.DataFrame:
    """What was chosen in a data set of people; every population is an agent, and a session is what is drawn."""
    import pandas as pd

    from comity.corpora.human.dataset import read_human
    from comity.fidelity.swept import swept_people

    data = read_human(folder)
    payoffs = {name: treatment.payoffs for name, treatment in data.card.conditions.items()}
    return pd.concat([swept_people(data.conditions(name), payoffs, over, held) for name in data.card.populations])


def _row(name: str, curve: Curve) -> Row:
    return {
        "agent": name,
        "choices": int(curve.chosen.sum()),
        "levels": len(curve.levels),
        "cooperated": curve.rate,
        "from": float(curve.cooperated[0] / curve.chosen[0]),
        "to": float(curve.cooperated[-1] / curve.chosen[-1]),
        **{name: getattr(curve, name) for name in _MEASURED},
        "p": curve.p,
        "bic": curve.bic,
        "dispersion": curve.dispersion,
        "seen": curve.seen,
    }


def _flat(row: Row) -> Row:
    """The row as programs read it: a column for each number, None where the levels do not bound it."""
    return dict(_parts(row))


def _parts(row: Row) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if name in _MEASURED:
            called = _LAPSES.get(name, name)
            yield from ((called + end, _finite(getattr(value, part))) for part, end in _ENDS.items())
        else:
            yield name, value


_LAPSES = {"low": "lapse_bottom", "high": "lapse_top"}
_ENDS = {"value": "", "low": "_low", "high": "_high"}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _read(row: Row) -> Row:
    """The row as people read it: a number with its interval in one place, and the lapses without theirs."""
    brief = {name: row[name] for name in ("agent", "choices", "levels", "cooperated", "from", "to")}
    brief |= {name: _spelled(row[name]) for name in ("threshold", "slope")}
    low, high = (_finite(row[name].value) for name in ("low", "high"))
    lapses = None if low is None or high is None else f"{low:.2f}, {high:.2f}"
    return {**brief, "lapses": lapses, "p": row["p"], "trade": _SEEN[row["seen"]]}


_SEEN = {"trade-off": "seen", "no trade-off seen": "none", "too few levels": "few levels"}


def _spelled(found: Measured) -> str | None:
    if math.isnan(found.value):
        return None
    ends = "" if math.isnan(found.low) else f" [{_end(found.low)}, {_end(found.high)}]"
    return f"{_end(found.value)}{ends}"


def _end(value: float) -> str:
    if math.isinf(value):
        return "open"
    return f"{value:.3g}"


def _print(title: str, rows: Sequence[Row], notes: Sequence[str], json: bool, csv: bool, markdown: bool) -> None:
    columns = tuple(rows[0])
    if markdown:
        from comity.report.forms import markdown as escaped
        from comity.report.forms import piped

        cells = [[escaped(_cell(row[name])) for name in columns] for row in rows]
        typer.echo(piped(list(columns), cells, numbers=False), nl=False)
    else:
        Listing(title, columns, rows, tuple(map(printable, notes))).print(json=json, csv=csv)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


# Reasons

What: TypeAlias = Literal["profile", "distance", "consistency"]
REASON_TITLES: dict[What, str] = {
    "profile": "shares of reasons with each label",
    "distance": "how far reasons are from people's",
    "consistency": "whether reasons tell what is done",
}
REASON_NOTES: dict[What, tuple[str, ...]] = {
    "profile": ("shares of reasons with the label; 95 % intervals, sessions drawn again and then agents in them",),
    "distance": (
        "variation: total variation of the labels' shares of all mentions; divergence: Jensen-Shannon, in bits; "
        "difference: mean over labels of the difference in shares of reasons; 95 % intervals, both sides drawn again",
        "ceiling, margin: mean and 95th percentile between two halves of people at the same sizes",
    ),
    "consistency": (
        "1 - held-out log-loss over that of the base rate: 0 tells nothing, 1 everything; fitted without the agents "
        "that are scored, 95 % intervals; added: what reasons add to the situation (own last action, neighbours)",
    ),
}


@app.command("reasons")
def reasons_command(
    data: Annotated[
        list[Path],
        typer.Argument(
            metavar="JUDGED...", help="Folders with judgements: of runs, or of people's words.", show_default=False
        ),
    ],
    against: Annotated[
        Path | None,
        typer.Option(metavar="JUDGED", help="A folder with judgements of people's words.", show_default=False),
    ] = None,
    what: Annotated[
        What | None, typer.Option(help="Which table.", show_default="profile; distance with --against")
    ] = None,
    judge: Annotated[str | None, typer.Option(help="Whose labels.", show_default="the mean of all judges")] = None,
    all_: Annotated[bool, typer.Option("--all", help="The profile in each situation too.")] = False,
    draws: Annotated[int, typer.Option(min=100, help="How often sessions and agents are drawn again.")] = 1_000,
    json_: AsJSON = False,
    csv: AsCSV = False,
) -> None:
    """Compare the reasons that agents and people give, and say whether they tell what is done."""
    one_form(json_, csv, False)
    table: What = what or ("distance" if against else "profile")
    if table == "distance" and against is None:
        refuse("--what distance needs --against: the folder with judgements of people's words")
    found = [told for folder in data for told in _told(folder, judge)]
    people = [] if against is None else _told(against, judge)
    if table == "distance":
        rows = [row for told in found for other in people for row in _apart(told, other, draws)]
    elif table == "profile":
        rows = [row for told in (*found, *people) for row in _profile(told, draws, all_)]
    else:
        rows = [row for told in (*found, *people) for row in _consistent(told, draws)]
    columns = tuple(name for name in rows[0] if name != "why" or json_ or csv or any(row["why"] for row in rows))
    Listing(REASON_TITLES[table], columns, rows, REASON_NOTES[table]).print(json=json_, csv=csv)


def _told(folder: Path, judge: str | None) -> list[Told]:
    """The labelled reasons in that folder, one for each population."""
    import numpy as np

    from comity.fidelity.reasons import told
    from comity.judge.keeping import Judgements
    from comity.judge.marks import marks_of

    place = folder.parent if folder.is_file() else folder
    with Judgements.open(place) as file:
        marks = marks_of(file)
    raters = {rater.judge for rater in marks.raters}
    if judge is not None and judge not in raters:
        refuse(f"{place}: nothing was labelled by {judge!r}; judges are: {', '.join(sorted(raters)) or 'none'}")
    given = marks.presence if judge is None else marks.by(judge)
    known = ~np.isnan(given).any(axis=1)
    there = _circumstances(place)
    ids = marks.reasons["id"]
    kept = known & ids.isin(there.index).to_numpy()
    if not kept.any():
        refuse(f"{place}: no labelled reason has a situation that is known")
    table, labels = there.loc[ids[kept]], given[kept]
    return [
        told(part, marks.titles, labels[(table["population"] == population).to_numpy()], str(population))
        for population, part in table.groupby("population", sort=False)
    ]


def _circumstances(folder: Path) -> pd.DataFrame:
    """In which situation each reason was given, by id."""
    import pandas as pd

    from comity.fidelity.circumstances import circumstances
    from comity.judge.rationales import COLUMNS, KEPT, circumstances_in
    from comity.records.store import FILE_NAME, RunFile

    if (folder / KEPT).exists():
        found = pd.DataFrame(circumstances_in(folder), columns=list(COLUMNS))
    elif (folder / FILE_NAME).exists():
        with RunFile.open(folder) as file:
            found = circumstances(file.records())
    else:
        refuse(
            f"{folder} has judgements, and neither a run nor {KEPT} that says in which situation a reason was given: "
            "have people's words judged from a CSV file"
        )
    return found.set_index("id")


def _profile(told: Told, draws: int, everywhere: bool) -> list[Row]:
    from comity.fidelity.reasons import profile

    name = told.observations.population
    return [
        {"population": name, **vars(share)} for share in profile(told, draws) if everywhere or share.situation == "all"
    ]


def _apart(told: Told, people: Told, draws: int) -> list[Row]:
    from comity.fidelity.reasons import distances

    pair = {"population": told.observations.population, "against": people.observations.population}
    return [{**pair, **vars(apart), "verdict": apart.verdict} for apart in distances(told, people, draws)]


def _consistent(told: Told, draws: int) -> list[Row]:
    from comity.fidelity.reasons import consistency

    return [{"population": told.observations.population, **vars(skill)} for skill in consistency(told, draws)]
