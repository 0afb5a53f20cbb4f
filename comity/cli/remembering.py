"""The command that says what agents do over the rounds of repeated games."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from comity.cli.app import RunPaths, app
from comity.cli.reading import AsCSV, AsJSON, AsMarkdown, one_form
from comity.cli.shown import NOTHING, Listing
from comity.words.printable import printable

if TYPE_CHECKING:
    import pandas as pd

    from comity.metrics.memory import Forgiveness, MemoryOne

Row: TypeAlias = dict[str, Any]
What: TypeAlias = Literal["memory-one", "forgiveness", "turns"]

NEVER = "never"
"""What stands where it takes for ever."""

TITLES: dict[What, str] = {
    "memory-one": "cooperation in the first round, and after each kind of last round (own act first)",
    "forgiveness": "cooperation after so many defections of the partner",
    "turns": "changing and taking turns",
}
NOTES: dict[What, tuple[str, ...]] = {
    "memory-one": (
        "shares of all rounds; in brackets 95 % intervals with whole episodes as draws, and the rounds they are of",
        "nearest: the strategy, erring now and then, that makes what was done most likely; agreement: the share of "
        "rounds in which it does the same",
    ),
    "forgiveness": (
        "shares of all rounds; in brackets 95 % intervals with whole episodes as draws, and the rounds they are of",
        "again: the share that cooperates in some round after the first defection; wait: the rounds until then, median",
    ),
    "turns": (
        "shares of all rounds; in brackets 95 % intervals with whole episodes as draws, and the rounds they are of",
        "since: the first round from which both take the option of the same place to the end, median over episodes",
    ),
}
LACKING: dict[What, str] = {
    "memory-one": "several rounds between the same players",
    "forgiveness": "several rounds between the same players and an action that means to cooperate",
    "turns": "several rounds between the same players",
}
"""What no match has, where there are no rows."""


@app.command("memory")
def memory_command(
    runs: RunPaths,
    by: Annotated[
        str | None,
        typer.Option(help="Of game, mechanism, role: what rows are for beside agents.", show_default="agents alone"),
    ] = None,
    what: Annotated[What, typer.Option(help="Which table.")] = "memory-one",
    json_: AsJSON = False,
    csv: AsCSV = False,
    markdown: AsMarkdown = False,
) -> None:
    """Say what agents do after what they saw in repeated games: memory-one fits, unforgiveness, taking turns."""
    one_form(json_, csv, markdown)
    keys = tuple(dict.fromkeys((*(by.replace(" ", "").split(",") if by else ()), "agent")))
    rows = _rows(_rounds(runs, keys), what, keys)
    if not rows:
        typer.echo(f"no match of these runs has {LACKING[what]}", err=True)
        if not (json_ or csv or markdown):
            return
    told = [_flat(row) for row in rows] if json_ or csv else [_read(row) for row in rows]
    columns = tuple(dict.fromkeys(name for row in told for name in row)) or keys
    full = [{name: row.get(name) for name in columns} for row in told]
    if markdown:
        typer.echo(_markdown(columns, full), nl=False)
    else:
        Listing(TITLES[what], columns, full, NOTES[what]).print(json=json_, csv=csv)


def _rounds(runs: Sequence[Path], keys: Sequence[str]) -> pd.DataFrame:
    """The rounds of these runs; what is to be said of the runs goes to the standard error."""
    from comity.metrics.episodes import rounds_of
    from comity.metrics.memory import keys_of
    from comity.report.results import opened

    keys_of(keys)
    with opened(runs) as results:
        for note in (*results.incomplete, *results.mixed):
            typer.echo(printable(note), err=True)
        return rounds_of(results.tables, results.cells.values())


def _rows(rounds: pd.DataFrame, what: What, keys: Sequence[str]) -> list[Row]:
    """What was found, one row for each combination of the keys, with shares and times as they are."""
    from comity.metrics.memory import forgiveness, memory_one
    from comity.metrics.turns import turns

    if what == "memory-one":
        return [_fit(keys, fit) for fit in memory_one(rounds, keys)]
    if what == "forgiveness":
        return [_forgiven(keys, one) for one in forgiveness(rounds, keys)]
    return [
        dict(zip(keys, one.key, strict=True)) | {name: part for name, part in vars(one).items() if name != "key"}
        for one in turns(rounds, keys)
    ]


def _fit(keys: Sequence[str], fit: MemoryOne) -> Row:
    from comity.metrics.episodes import AFTER

    rest = {name: vars(fit)[name] for name in ("rounds", "episodes", "likelihood", "constant", "predicted")}
    return {
        **dict(zip(keys, fit.key, strict=True)),
        "basis": fit.basis,
        **dict(zip(AFTER, fit.after, strict=True)),
        **rest,
        "nearest": " ".join(fit.nearest) or None,
        "agreement": fit.agreement,
    }


def _forgiven(keys: Sequence[str], found: Forgiveness) -> Row:
    return {
        **dict(zip(keys, found.key, strict=True)),
        **{f"after_{number}": share for number, share in enumerate(found.after)},
        "again": found.again,
        "wait": found.wait,
    }


def _flat(row: Row) -> dict[str, Any]:
    """The row as programs read it: a column for every number; a time that never comes is a word."""
    told: dict[str, Any] = {}
    for name, value in row.items():
        if is_dataclass(value):
            parts = vars(value)
            told |= {name: parts["value"]} | {f"{name}_{part}": of for part, of in parts.items() if part != "value"}
        else:
            told[name] = value
    return {name: NEVER if isinstance(one, float) and math.isinf(one) else one for name, one in told.items()}


def _read(row: Row) -> dict[str, Any]:
    """The row as people read it: a share, a time or a count in one place each."""
    return {name: _spelled(value) for name, value in row.items()}


def _spelled(value: Any) -> Any:
    if not is_dataclass(value):
        return None if isinstance(value, float) and math.isnan(value) else value
    of = vars(value)
    if math.isnan(of["value"]):
        return None
    ends = "" if math.isnan(of["low"]) else f" [{_number(of['low'])}, {_number(of['high'])}]"
    return f"{_number(of['value'])}{ends} {of['rounds']}" if "rounds" in of else f"{_number(of['value'])}{ends}"


def _number(value: float) -> str:
    if math.isinf(value):
        return NEVER
    return f"{value:.2f}"


def _markdown(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    from comity.report.forms import markdown, piped

    return piped(list(columns), [[markdown(_cell(row[name])) for name in columns] for row in rows], numbers=False)


def _cell(value: Any) -> str:
    if value is None:
        return NOTHING
    return f"{value:.3f}" if isinstance(value, float) else str(value)
