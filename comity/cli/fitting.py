"""The command that fits strategies, classes and structural parameters to what people or agents did."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from comity.cli.app import app, refuse
from comity.cli.reading import AsCSV, AsJSON, AsMarkdown, one_form
from comity.cli.shown import Listing
from comity.words.printable import printable

if TYPE_CHECKING:
    from comity.fidelity.fits import Name, Part, Result, Settings, SideBySide
    from comity.fidelity.likelihood import Estimate
    from comity.fidelity.observations import Observations
    from comity.fidelity.structural import Stage

INTERVALS = "in brackets 95 % intervals; a dash: not known, and the note says why"
LOSS = "loss: mean negative log likelihood of a choice, in nats"

Data = Annotated[
    Path,
    typer.Argument(metavar="DATA", help="A run, or a folder of `comity import human`.", show_default=False),
]


@app.command("fits")
def fits_command(
    data: Data,
    model: Annotated[
        str,
        typer.Option(
            help="sfem (strategy frequencies), memory-one, semi-grim or moody (classes), reply or qre (quantal "
            "response), hierarchy (levels of thinking), fehr-schmidt or charness-rabin (tastes), aspiration or ewa "
            "(learning)."
        ),
    ] = "sfem",
    population: Annotated[str | None, typer.Option(help="Whose choices.", show_default="all")] = None,
    condition: Annotated[
        list[str] | None, typer.Option(help="Which condition; again for the next.", show_default="all")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="PEOPLE", help="Fit these people too, and put both side by side.")
    ] = None,
    against_population: Annotated[
        str | None, typer.Option(help="Whose choices of PEOPLE.", show_default="the only ones")
    ] = None,
    against_condition: Annotated[
        list[str] | None,
        typer.Option(help="Which condition of PEOPLE; one of each side may have two names.", show_default="all"),
    ] = None,
    strategies: Annotated[str, typer.Option(help="For sfem: five, seven or twenty.")] = "seven",
    classes: Annotated[
        int | None, typer.Option(min=1, help="How many classes.", show_default="as many as BIC says, up to 4")
    ] = None,
    payoffs: Annotated[
        str | None,
        typer.Option(metavar="R,S,T,P", help="What the game pays: both cooperate, only I, only the other, none."),
    ] = None,
    together: Annotated[
        bool, typer.Option("--together", help="Fit all conditions as one, where the model allows it.")
    ] = False,
    draws: Annotated[int, typer.Option(min=50, help="How often sessions and agents are drawn again.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn.")] = 0,
    json_: AsJSON = False,
    csv: AsCSV = False,
    markdown: AsMarkdown = False,
) -> None:
    """Fit strategies, classes and structural parameters to what people or agents did, with intervals."""
    from comity.fidelity.fits import TITLES, TOGETHER, Settings, named, repertoire

    one_form(json_, csv, markdown)
    name = named(model)
    if together and name not in TOGETHER:
        refuse(f"--together is for {', '.join(TOGETHER)}; {name} is fitted to one condition at a time")
    settings = Settings(repertoire(strategies), classes=classes, draws=draws, seed=seed)
    stage = None if payoffs is None else _stage(payoffs)
    found = _read(data, population, condition or ())
    if against is None:
        rows, notes = _alone(name, found, settings, stage, together)
        columns: tuple[str, ...] = ("population", "condition", "parameter", "value", "error", "low", "high")
        brief: tuple[str, ...] = ("population", "condition", "parameter", "estimate")
    else:
        people = _read(against, against_population, against_condition or ())
        rows, notes = _both(name, found, people, settings, stage, together)
        columns = ("condition", "parameter", "people", "candidate", "difference", "low", "high")
        brief = ("condition", "parameter", "of people", "of the candidate", "candidate minus people")
    if not rows:
        first, *others = notes
        refuse(f"{first}{f'; nor can it be fitted to any of {len(others):,} others' if others else ''}")
    rest = ("note", "agents", "choices", "log_likelihood", "bic", "loss", "own_loss", "blind_loss", "distance")
    full = [*columns, *(each for each in rest if each in rows[0])]
    title = TITLES[name]
    if markdown:
        _print_markdown(brief, rows)
        return
    if json_ or csv:
        for note in notes:
            typer.echo(printable(note), err=True)
        Listing(title, tuple(full), rows).print(json=json_, csv=csv)
    else:
        Listing(title, brief, rows, notes).print()


@dataclass(frozen=True)
class _Read:
    """What somebody did, by population and condition, the games, by condition, and what is said of the data."""

    folder: Path
    by: Mapping[tuple[str, str], Observations]
    stages: Mapping[str, Stage]
    said: tuple[str, ...] = ()

    def stage(self, condition: str, given: Stage | None) -> Stage | None:
        """The game of a condition; of its parts, which are named after it, the same."""
        return given or self.stages.get(condition) or self.stages.get(condition.rpartition(", part ")[0])

    def parts(self, population: str, given: Stage | None) -> list[Part]:
        return [
            (observed, self.stage(condition, given))
            for (name, condition), observed in self.by.items()
            if name == population
        ]


def _read(folder: Path, population: str | None, conditions: Sequence[str]) -> _Read:
    from comity.corpora.human.dataset import is_human

    read = _people(folder) if is_human(folder) else _run(folder)
    if not read.by:
        refuse(f"{folder} holds only aggregates, and fits need what every one of them did")
    for what, wanted, place in (("population", (population,) if population else (), 0), ("condition", conditions, 1)):
        there = list(dict.fromkeys(key[place] for key in read.by))
        for each in wanted:
            if each not in there:
                refuse(f"{folder} has no {what} {each!r}; there are {', '.join(map(repr, there))}")
    kept = {
        key: observed
        for key, observed in read.by.items()
        if population in (None, key[0]) and (not conditions or key[1] in conditions)
    }
    return _Read(folder, kept, read.stages, read.said)


def _people(folder: Path) -> _Read:
    from comity.corpora.human.dataset import read_human
    from comity.fidelity.structural import Stage

    data = read_human(folder)
    stages = {
        name: Stage(*(treatment.payoffs[each] for each in "RSTP"))
        for name, treatment in data.card.conditions.items()
        if treatment.payoffs.keys() >= set("RSTP")
    }
    card = data.card
    said = tuple(f"{card.name}: {each}" for each in (*(f"missing: {lack}" for lack in card.missing), *card.limits))
    return _Read(folder, data.observations, stages, said)


def _run(folder: Path) -> _Read:
    from comity.fidelity.fits import stage_of
    from comity.fidelity.from_run import condition_of, observations_of
    from comity.records.store import RunFile

    with RunFile.open(folder) as file:
        if not file.is_complete():
            whole = f"it has {file.count():,} of {file.header.matches:,} matches"
            typer.echo(printable(f"{folder} is not complete: {whole}"), err=True)
        by = observations_of(file.records())
        games = {condition_of(cell): stage_of(cell.built) for cell in file.cells()}
    return _Read(folder, by, {name: stage for name, stage in games.items() if stage is not None})


def _stage(spelled: str) -> Stage:
    from comity.fidelity.structural import Stage

    try:
        values = [float(part) for part in spelled.split(",")]
    except ValueError:
        values = []
    if len(values) != 4 or not all(map(math.isfinite, values)):
        refuse(f"--payoffs is four numbers R,S,T,P with commas between them, such as 3,0,5,1, not {spelled!r}")
    return Stage(*values)


def _alone(
    name: Name, read: _Read, settings: Settings, stage: Stage | None, together: bool
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """A row for each parameter of each population in each condition; what cannot be fitted is told in a note."""
    from comity.fidelity.fits import fit
    from comity.fidelity.observations import FidelityError

    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    for population in dict.fromkeys(population for population, _ in read.by):
        parts = read.parts(population, stage)
        for group in [parts] if together else [[part] for part in parts]:
            condition = "all together" if together else group[0][0].condition
            try:
                found = fit(name, group, settings)
            except FidelityError as error:
                where = f"{population}, {condition}"
                notes.append(str(error) if str(error).startswith(where) else f"{where}: {error}")
                continue
            rows += [_row(population, condition, found, estimate) for estimate in found.estimates]
            notes += [f"{population}, {condition}: {each}" for each in (_summary(found), *found.notes)]
            notes += _unknowns(f"{population}, {condition}", found.estimates)
    return rows, (INTERVALS, LOSS, *notes, *read.said) if rows else tuple(notes)


def _row(population: str, condition: str, found: Result, estimate: Estimate) -> dict[str, Any]:
    return {
        "population": population,
        "condition": condition,
        "parameter": estimate.name,
        "estimate": _spelled(estimate),
        **{part: getattr(estimate, part) for part in ("value", "error", "low", "high")},
        "note": estimate.note or None,
        "agents": found.agents,
        "choices": found.choices,
        "log_likelihood": found.log_likelihood,
        "bic": found.bic,
        "loss": found.loss,
        "blind_loss": found.blind,
    }


def _summary(found: Result) -> str:
    return (
        f"{found.agents:,} agents, {found.choices:,} choices, log likelihood {found.log_likelihood:.2f}, "
        f"BIC {found.bic:.1f}, loss {found.loss:.3f} (at random {found.blind:.3f})"
    )


def _unknowns(where: str, estimates: Sequence[Estimate]) -> list[str]:
    """What is not known, or has no interval, and why; each reason once."""
    reasons: dict[str, list[str]] = {}
    for estimate in estimates:
        if math.isnan(estimate.low):
            reasons.setdefault(estimate.note, []).append(estimate.name)
    return [f"{where}: {', '.join(names)}: {reason}" for reason, names in reasons.items()]


def _both(
    name: Name, read: _Read, people: _Read, settings: Settings, stage: Stage | None, together: bool
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """A row for each parameter of each condition that both sides have."""
    from comity.fidelity.fits import side_by_side

    ours, theirs = (_one_population(side) for side in (people, read))
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    for condition, human, candidate in _pairs(people.parts(ours, stage), read.parts(theirs, stage), together):
        found = side_by_side(name, human, candidate, settings)
        rows += [_row_of_both(condition, found, *estimates) for estimates in found.rows]
        notes.append(f"{condition}: {_summary_of_both(found)}")
        notes += [f"{condition}: {each}" for each in found.notes]
        notes += _unknowns(condition, [row[2] for row in found.rows])
    return rows, (f"people: {ours}; candidate: {theirs}", INTERVALS, LOSS, *notes, *people.said, *read.said)


def _one_population(read: _Read) -> str:
    populations = list(dict.fromkeys(population for population, _ in read.by))
    if len(populations) > 1:
        refuse(f"{read.folder} has several populations ({', '.join(map(repr, populations))}); choose one")
    return populations[0]


def _pairs(
    people: Sequence[Part], candidate: Sequence[Part], together: bool
) -> list[tuple[str, Sequence[Part], Sequence[Part]]]:
    """Which conditions stand side by side: those of one name, or the only ones."""
    if together:
        return [("all together", people, candidate)]
    if len(people) == len(candidate) == 1:
        return [(candidate[0][0].condition, people, candidate)]
    by_name = {part[0].condition: part for part in people}
    shared = [part for part in candidate if part[0].condition in by_name]
    if not shared:
        names = [", ".join(repr(part[0].condition) for part in side) for side in (candidate, people)]
        refuse(f"no condition has the same name on both sides: the candidate has {names[0]}, people have {names[1]}")
    return [(part[0].condition, [by_name[part[0].condition]], [part]) for part in shared]


def _row_of_both(
    condition: str, found: SideBySide, people: Estimate, candidate: Estimate, difference: Estimate
) -> dict[str, Any]:
    return {
        "condition": condition,
        "parameter": people.name,
        "of people": _spelled(people),
        "of the candidate": _spelled(candidate),
        "candidate minus people": _spelled(difference),
        "people": people.value,
        "candidate": candidate.value,
        "difference": difference.value,
        "low": difference.low,
        "high": difference.high,
        "note": difference.note or None,
        "loss": found.loss,
        "own_loss": found.own,
        "blind_loss": found.blind,
        "distance": found.distance,
    }


def _summary_of_both(found: SideBySide) -> str:
    far = "" if math.isnan(found.distance) else f"total variation of the shares {found.distance:.3f}; "
    own = "not known (one group only)" if math.isnan(found.own) else f"{found.own:.3f}"
    return (
        f"{far}loss of people's choices under people's fit {own}, under the candidate's {found.loss:.3f}, "
        f"at random {found.blind:.3f}"
    )


def _spelled(estimate: Estimate) -> str | None:
    if math.isnan(estimate.value):
        return None
    if math.isnan(estimate.low):
        return _number(estimate.value)
    return f"{_number(estimate.value)} [{_number(estimate.low)}, {_number(estimate.high)}]"


def _number(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"  # what rounds to 0 has no sign


def _print_markdown(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    from comity.cli.shown import NOTHING
    from comity.report.forms import markdown, piped

    cells = [[markdown(NOTHING if row[name] is None else str(row[name])) for name in columns] for row in rows]
    typer.echo(piped(list(columns), cells, numbers=False), nl=False)
