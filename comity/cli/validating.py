"""The command that holds agents against people."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from comity.cli.app import RunPath, app, refuse
from comity.cli.shown import Listing
from comity.words.printable import printable

if TYPE_CHECKING:
    from comity.corpora.human.card import Card
    from comity.fidelity.aggregates import Known
    from comity.fidelity.audit import Audit
    from comity.fidelity.bounds import Number
    from comity.fidelity.comparison import Comparison, Finding
    from comity.fidelity.kept import Fidelity
    from comity.fidelity.observations import Observations
    from comity.fidelity.parity import Item
    from comity.fidelity.statistic import Level
    from comity.fidelity.verdict import Verdicts

ByCondition: TypeAlias = "dict[str, Known]"

SEED = 1
"""Resamples and floors are the same every time."""

NOTES = (
    "value, low, high: the statistic with two bounds, each of which holds with 95 % (a distance may lie below both, as "
    "drawing again adds noise to it, and to the ceiling too); ceiling: the mean distance of two "
    "halves of people; margin: its 95th percentile, or the smallest effect of interest if that is larger",
    "PASS: certainly within the margin, and better than every cheap rule that can be told from people; FAIL: certainly "
    "beyond it, or worse than such a rule; p after Holm where a level rests on it",
)
SKILL_NOTE = (
    "skill: 0 as near to people as the cheap rule, 1 as near as people, not clipped; none where the rule is as near to "
    "people as people are"
)


@dataclass(frozen=True)
class _Side:
    """What one folder holds. by: population and condition. said: what is known of the experiment, by condition.

    notes: what its card says of its limits. untold: levels of which nothing may be said, and why.
    """

    by: Mapping[tuple[str, str], Known]
    said: Mapping[str, Mapping[str, str]]
    notes: tuple[str, ...] = ()
    populations: tuple[str, ...] = ()
    untold: Mapping[Level, str] = field(default_factory=dict)


@app.command("fidelity")
def fidelity_command(
    run: RunPath,
    against: Annotated[
        Path,
        typer.Option(metavar="HUMAN", help="People: a folder of `comity import human`, or a run.", show_default=False),
    ],
    population: Annotated[
        str | None, typer.Option(help="Who of the run is compared, by label.", show_default="the only one")
    ] = None,
    people: Annotated[
        str | None, typer.Option(help="Which population people are, by label.", show_default="the only one")
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(metavar="A=B", help="Condition A of the run is B of people; again for a further one."),
    ] = None,
    calibrate: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            min=0,
            max=0.99,
            help="How many of people's sessions are for fitting floors; the others judge.",
            show_default="a third, or as many as leave ten",
        ),
    ] = None,
    tuned: Annotated[
        bool, typer.Option("--tuned", help="Say that the agents were tuned on these people: verdicts are in-sample.")
    ] = False,
    smallest: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE", help="The smallest effect of interest of a statistic, like M2=0.05; again for another."
        ),
    ] = None,
    perturbed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME: HOW'",
            help="An audit: the same agents asked otherwise. HOW is another population of the run, or conditions of it "
            "as in --condition, with semicolons between; again for a further one.",
        ),
    ] = None,
    draws: Annotated[int, typer.Option(min=100, help="How often everything is drawn again.")] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="What resamples and floors are drawn with.")] = SEED,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep all of it in a file that `comity report` can show.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Print every statistic and cheap rule, not those alone that verdicts rest on.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print all of it as JSON, as --out keeps it.")] = False,
) -> None:
    """Hold agents against people: aggregate, individual differences and decision rule, each with a verdict."""
    from comity.fidelity.kept import to_json, write

    if out is not None and out.is_dir():
        refuse(f"{out} is a folder; --out names a file")
    if out is not None and not out.parent.is_dir():
        refuse(f"{out}: there is no folder {out.parent} to write it to")
    asked = Asked(
        run,
        against,
        population,
        people,
        condition or (),
        calibrate,
        tuned,
        smallest or (),
        perturbed or (),
        draws,
        seed,
    )
    kept = worked_out(asked).kept
    if out is not None:
        write(kept, out)
    if json_:
        typer.echo(to_json(kept))
        return
    _print(kept, every)


# What is compared


@dataclass(frozen=True)
class Asked:
    """What is compared, and how, as the options of `comity fidelity` say it."""

    run: Path
    against: Path
    population: str | None = None
    people: str | None = None
    condition: Sequence[str] = ()
    calibrate: float | None = None
    tuned: bool = False
    smallest: Sequence[str] = ()
    perturbed: Sequence[str] = ()
    draws: int = 2_000
    seed: int = SEED


@dataclass(frozen=True)
class Found:
    """What was found, and what was compared: the candidate and people, by people's conditions."""

    kept: Fidelity
    candidate: ByCondition
    people: ByCondition


def worked_out(asked: Asked) -> Found:
    """Hold the agents of a run against people. Whatever cannot be compared is refused in one sentence."""
    import numpy as np

    from comity.fidelity.catalogue import STATISTICS

    candidate = _read(asked.run)
    judge = candidate if asked.against.resolve() == asked.run.resolve() else _read(asked.against)
    label, person = (
        _chosen(candidate, asked.population, "--population"),
        _chosen(judge, asked.people, "--people"),
    )
    pairs = _pairs(_conditions(candidate, label), _conditions(judge, person), asked.condition)
    held: ByCondition = {theirs: candidate.by[label, ours] for ours, theirs in pairs}
    judging: ByCondition = {theirs: judge.by[person, theirs] for _, theirs in pairs}
    shaken = _perturbations(asked.perturbed, candidate, label, pairs)
    found = _compared(
        held,
        judging,
        shaken,
        np.random.default_rng(asked.seed),
        {
            "share": asked.calibrate,
            "tuned": asked.tuned,
            "smallest": dict(_smallest(asked.smallest, STATISTICS)),
            "draws": asked.draws,
            "untold": judge.untold,
        },
        _Told(),
    )
    notes = tuple(dict.fromkeys((*judge.notes, *candidate.notes)))
    kept = _kept(*found, _parity(judge, candidate, pairs, judging, held), notes)
    return Found(kept, held, judging)


def _read(folder: Path) -> _Side:
    """A run, or a data set of people."""
    from comity.corpora.human.dataset import is_human
    from comity.records.store import FILE_NAME

    if is_human(folder):
        return _data_set(folder)
    if not folder.exists():
        refuse(f"{folder}: there is no such folder")
    if folder.is_dir() and not (folder / FILE_NAME).exists():
        refuse(f"{folder} holds neither a run nor data of `comity import human`")
    return _run(folder)


def _data_set(folder: Path) -> _Side:
    from comity.corpora.human.dataset import read_human
    from comity.fidelity.parity import payoffs_of

    data = read_human(folder)
    said: dict[str, dict[str, str]] = {}
    for name, treatment in data.card.conditions.items():
        said[name] = {**data.card.protocol, "rounds": str(treatment.rounds)}
        if treatment.payoffs.keys() >= set("RSTP"):
            said[name]["payoffs"] = payoffs_of(*(treatment.payoffs[each] for each in "RSTP"))
    missing = (f"missing: {each}" for each in data.card.missing)
    limits = tuple(f"{data.card.name}: {each}" for each in (*missing, *data.card.limits))
    by: dict[tuple[str, str], Known] = {**data.observations, **data.aggregates}
    return _Side(by, said, limits, tuple(dict.fromkeys(name for name, _ in by)), _untold(data.card))


def _untold(card: Card) -> dict[Level, str]:
    """The levels of which a data set says too little."""
    from comity.fidelity.statistic import LEVELS

    if not card.sessions_known:
        return dict.fromkeys(LEVELS, "it is not known which people took part together, so there is no ceiling")
    if not card.ids:
        return {"heterogeneity": "which choices are of one person is not known, so persons cannot differ"}
    return {}


def _run(folder: Path) -> _Side:
    from comity.fidelity.from_run import condition_of, observations_of
    from comity.fidelity.parity import of_game
    from comity.records.store import RunFile

    with RunFile.open(folder) as file:
        if not file.is_complete():
            whole = f"it has {file.count():,} of {file.header.matches:,} matches"
            typer.echo(printable(f"{folder} is not complete: {whole}"), err=True)
        by = observations_of(file.records())
        said = {condition_of(cell): of_game(cell.built) for cell in file.cells()}
    return _Side(by, said, (), tuple(dict.fromkeys(name for name, _ in by)))


def _chosen(side: _Side, name: str | None, option: str) -> str:
    known = ", ".join(map(repr, side.populations))
    if name is None and len(side.populations) > 1:
        refuse(f"there are several populations ({known}); choose one with {option}")
    if name is not None and name not in side.populations:
        refuse(f"{option} {name!r} is not a population; there are {known}")
    return name or side.populations[0]


def _conditions(side: _Side, population: str) -> list[str]:
    return [condition for name, condition in side.by if name == population]


def _pairs(ours: Sequence[str], theirs: Sequence[str], asked: Sequence[str]) -> list[tuple[str, str]]:
    """Which condition of the run is which of people; unless said those of one name, or the only ones."""
    if asked:
        return _paired(asked, ours, theirs, "--condition")
    shared = [(name, name) for name in ours if name in theirs]
    if not shared and len(ours) == len(theirs) == 1:
        return [(ours[0], theirs[0])]
    if not shared:
        refuse(
            "no condition has the same name on both sides, so say with --condition A=B which is which; the run has "
            f"{_listed(ours)}, people have {_listed(theirs)}"
        )
    return shared


def _paired(asked: Sequence[str], ours: Sequence[str], theirs: Sequence[str], option: str) -> list[tuple[str, str]]:
    """The pairs that were asked for, each condition once."""
    pairs = [_pair(each, ours, theirs, option) for each in asked]
    for place, named in ((0, "run"), (1, "people")):
        twice = [pair[place] for pair in pairs if sum(pair[place] == other[place] for other in pairs) > 1]
        if twice:
            refuse(f"the condition {twice[0]!r} of the {named} is named twice by {option}")
    return pairs


def _pair(asked: str, ours: Sequence[str], theirs: Sequence[str], option: str) -> tuple[str, str]:
    """A and B of A=B; either may hold the sign itself."""
    parts = asked.split("=")
    splits = [("=".join(parts[:at]).strip(), "=".join(parts[at:]).strip()) for at in range(1, len(parts))]
    found = next(((first, second) for first, second in splits if first in ours and second in theirs), None)
    if found is None:
        refuse(
            f"{option} {asked.strip()!r} does not say which condition of the run is which of people; the run has "
            f"{_listed(ours)}, people have {_listed(theirs)}"
        )
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))


def _perturbations(
    asked: Sequence[str], side: _Side, label: str, pairs: Sequence[tuple[str, str]]
) -> dict[str, dict[str, Known]]:
    """By the name of each perturbation, what was done under it by people's conditions."""
    from comity.fidelity.audit import AS_IT_IS

    found: dict[str, dict[str, Known]] = {}
    for each in asked:
        name, held = _perturbation(each, side, label, pairs)
        if name in (*found, AS_IT_IS):
            refuse(f"--perturbed {each!r}: {name!r} is the name of another one")
        found[name] = held
    return found


def _perturbation(
    asked: str, side: _Side, label: str, pairs: Sequence[tuple[str, str]]
) -> tuple[str, dict[str, Known]]:
    """The name of a perturbation, and what was done under it by people's conditions."""
    name, found, how = asked.partition(": ")
    if not found or not name.strip() or not how.strip():
        refuse(f"--perturbed {asked!r} is not a name, a colon, a space and what was perturbed")
    if how.strip() in side.populations:
        other = how.strip()
        made = {second: side.by[other, first] for first, second in pairs if (other, first) in side.by}
        if not made:
            refuse(f"--perturbed {asked!r}: {other} did nothing in a condition that is compared")
        return name.strip(), made
    if "=" not in how:
        known = f"populations are {_listed(side.populations)}"
        refuse(f"--perturbed {asked!r} names neither a population of the run nor its conditions, as A=B; {known}")
    ours, theirs = _conditions(side, label), [second for _, second in pairs]
    shaken = _paired(how.split(";"), ours, theirs, f"--perturbed {name.strip()!r}")
    return name.strip(), {second: side.by[label, first] for first, second in shaken}


def _smallest(asked: Sequence[str], statistics: Sequence[Any]) -> Iterator[tuple[str, float]]:
    keys = {each.key for each in statistics if each.kind != "score"} | {"M7"}
    named = set[str]()
    for each in asked:
        key, found, text = each.partition("=")
        if key.strip() in named:
            refuse(f"--smallest {each!r}: {key.strip()} is named twice")
        if not found or key.strip() not in keys:
            refuse(f"--smallest {each!r} is not KEY=VALUE with a statistic that has a distance, such as M2=0.05")
        named.add(key.strip())
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 <= value < math.inf:
            refuse(f"--smallest {each!r}: the smallest effect of interest is a number from 0, not {text!r}")
        yield key.strip(), value


class _Told:
    """Says on a terminal what is being worked out, on one line that is wiped in the end."""

    def __init__(self) -> None:
        self.shown = sys.stderr.isatty()

    def __call__(self, what: str) -> None:
        if self.shown:
            typer.echo(f"\r\x1b[K{printable(what)[:100]}", err=True, nl=False)

    def done(self) -> None:
        if self.shown:
            typer.echo("\r\x1b[K", err=True, nl=False)


def _compared(
    candidate: Mapping[str, Known],
    people: Mapping[str, Known],
    perturbed: Mapping[str, Mapping[str, Known]],
    rng: Any,
    options: Mapping[str, Any],
    told: _Told,
) -> tuple[Comparison, Verdicts, Audit | None]:
    from comity.fidelity.aggregates import compare_aggregates
    from comity.fidelity.audit import audit_of, audited
    from comity.fidelity.catalogue import STATISTICS
    from comity.fidelity.comparison import compare, reference
    from comity.fidelity.floors import FLOORS
    from comity.fidelity.verdict import verdicts

    ours, theirs = _in_full(candidate), _in_full(people)
    others = {name: _in_full(each) for name, each in perturbed.items()}
    if ours is None or theirs is None or None in others.values():
        draws = options["draws"]
        found = compare_aggregates(candidate, people, STATISTICS, rng, draws)
        more = {name: compare_aggregates(each, people, STATISTICS, rng, draws) for name, each in perturbed.items()}
        return found, verdicts(found), audit_of({"as it is": found, **more}) if more else None
    judges = reference(theirs, ours, STATISTICS, FLOORS, rng, **options)
    found = compare(ours, judges, rng, progress=told)
    shaken = {name: each for name, each in others.items() if each is not None}
    audit = audited(found, shaken, judges, rng, told) if shaken else None
    told.done()
    return found, verdicts(found, audit.levels if audit else None), audit


def _in_full(side: Mapping[str, Known]) -> dict[str, Observations] | None:
    """The same where all of it is known in full."""
    from comity.fidelity.observations import Observations

    full = {name: each for name, each in side.items() if isinstance(each, Observations)}
    return full if len(full) == len(side) else None


def _parity(
    judge: _Side,
    candidate: _Side,
    pairs: Sequence[tuple[str, str]],
    people: Mapping[str, Known],
    held: Mapping[str, Known],
) -> dict[str, tuple[Item, ...]]:
    """The checklist of each condition."""
    from comity.fidelity.observations import Observations
    from comity.fidelity.parity import checklist, of_observations

    def known(of: Known) -> dict[str, str]:
        if isinstance(of, Observations):
            return of_observations(of)
        return {"agents": str(of.agents), "rounds": str(len(of.trajectory))}

    return {
        theirs: checklist(
            {**judge.said.get(theirs, {}), **known(people[theirs])},
            {**candidate.said.get(ours.rpartition(", part ")[0] or ours, {}), **known(held[theirs])},
        )
        for ours, theirs in pairs
    }


def _kept(
    comparison: Comparison,
    verdicts: Verdicts,
    audit: Audit | None,
    parity: Mapping[str, tuple[Item, ...]],
    notes: tuple[str, ...],
) -> Fidelity:
    from comity.fidelity.kept import Fidelity

    return Fidelity(comparison, verdicts, parity, audit, notes)


# What is printed


def _print(kept: Fidelity, every: bool) -> None:
    said = kept.verdicts
    rows = [
        {"level": each.level, "verdict": each.verdict.word, "why": "; ".join(each.verdict.reasons)}
        for each in said.levels
    ]
    rows.append({"level": "stand-in", "verdict": said.surrogate.word, "why": "; ".join(said.surrogate.reasons)})
    in_sample = tuple(f"IN-SAMPLE: {why}" for why in said.in_sample)
    Listing(
        f"{said.candidate} against {said.people}: {said.pattern}",
        ("level", "verdict", "why"),
        rows,
        (*in_sample, *said.unsaid, *kept.notes),
    ).print()
    _print_statistics(kept, every)
    _print_floors(kept, every)
    _print_audit(kept)
    _print_parity(kept)
    typer.echo(printable(f"\n{said.candidate} against {said.people}: {said.pattern}"))


def _print_statistics(kept: Fidelity, every: bool) -> None:
    from comity.fidelity.verdict import RULES

    resting = {key for rule in RULES.values() for key in (*rule.passes, *rule.skills, *rule.stands, *rule.parts)}
    words = {(each.key, each.condition): each for each in kept.verdicts.statistics}
    taken = [found for found in kept.comparison.findings if every or found.key in resting]
    rows = [_row(found, words.get((found.key, found.condition))) for found in taken]
    columns = tuple(rows[0])
    heads = ("condition", "statistic", "value", "low", "high", "people", "ceiling", "margin", "verdict")
    brief = tuple(name for name in heads if any(row[name] is not None for row in rows))
    unknown = sorted({f"{found.key}: {reason}" for found in taken for reason in found.reasons})
    titles = "; ".join(f"{key}: {title}" for key, title in {found.key: found.title for found in taken}.items())
    Listing("\nstatistics (* primary)", columns, rows, (titles, *NOTES, *unknown), brief).print()


def _row(found: Finding, judged: Any) -> dict[str, Any]:
    return {
        "condition": found.condition,
        "statistic": f"{found.key}{'*' if found.primary else ''}",
        "what": found.title,
        "value": _known(found.value.value),
        "low": _known(found.value.low),
        "high": _known(found.value.high),
        "candidate": _known(found.candidate.value) if found.candidate else None,
        "people": _known(found.people.value) if found.people else None,
        "ceiling": _known(found.ceiling.mean),
        "margin": _known(found.margin),
        "p": _known(judged.p) if judged else None,
        "verdict": judged.verdict.word if judged else None,
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _print_floors(kept: Fidelity, every: bool) -> None:
    rows = [
        {
            "condition": found.condition,
            "statistic": found.key,
            "cheap rule": f"{floor.name}{'*' if floor.bar else ''}",
            "distance": _known(floor.distance.value),
            "candidate": _known(found.distance.value),
            "skill": _spelled(floor.skill),
            "gain": _spelled(floor.gain),
        }
        for found in kept.comparison.findings
        for floor in found.floors
        if every or (found.primary and floor.bar)
    ]
    if rows:
        notes = (f"{SKILL_NOTE}; gain: how much nearer the candidate is; * what the verdict rests on",)
        Listing("\ncheap rules", tuple(rows[0]), rows, notes).print()


def _spelled(number: Number) -> str | None:
    if math.isnan(number.value):
        return None
    ends = "" if math.isnan(number.low) else f" [{number.low:.2f}, {number.high:.2f}]"
    return f"{number.value:.2f}{ends}"


def _print_audit(kept: Fidelity) -> None:
    if kept.audit is None:
        return
    rows = [
        {"level": level, **{name: words[name] for name in kept.audit.perturbations}}
        for level, words in kept.audit.levels.items()
    ]
    Listing("\nperturbation audit", ("level", *kept.audit.perturbations), rows).print()
    primary = {(each.key, each.condition) for each in kept.comparison.findings if each.primary}
    shaken = [
        {
            "condition": each.condition,
            "statistic": each.key,
            "value": _known(each.value.value),
            "low": _known(each.value.low),
            "high": _known(each.value.high),
            "between perturbations (SD)": _known(each.spread),
            "turns": "yes" if each.turns else "no",
        }
        for each in kept.audit.statistics
        if (each.key, each.condition) in primary
    ]
    if shaken:
        Listing("\nprimary statistics under perturbation", tuple(shaken[0]), shaken).print()


def _print_parity(kept: Fidelity) -> None:
    """The checklist; what is the same in all conditions stands there once."""
    items: dict[Item, list[str]] = {}
    for condition, listed in kept.parity.items():
        for item in listed:
            items.setdefault(item, []).append(condition)
    rows = [
        {
            "item": item.name,
            "people": item.people,
            "candidate": item.candidate,
            "agreement": item.agreement,
            "condition": "all" if len(where) == len(kept.parity) else ", ".join(where),
        }
        for item, where in items.items()
    ]
    columns = ("item", "people", "candidate", "agreement", "condition")
    Listing("\nwere they in the same experiment?", columns, rows).print()
