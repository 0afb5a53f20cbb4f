"""Commands about designs: what a plan cannot tell apart, and what its factors explained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from comity.cli.app import PlanPath, RunPaths, app
from comity.cli.reading import (
    AsCSV,
    AsJSON,
    AsMarkdown,
    MechanismNames,
    MetricName,
    listed_names,
    one_form,
    one_metric,
    read_runs,
)
from comity.cli.shown import Listing
from comity.words.printable import printable, printable_line

if TYPE_CHECKING:
    from comity.metrics.factors import Variance

COLUMNS = (
    "factor",
    "level",
    "levels",
    "matches",
    "mean",
    "mean_low",
    "mean_high",
    "freedom",
    "eta_squared",
    "omega_squared",
    "low",
    "high",
    "p",
)
"""Of JSON and CSV: a row for each factor, with its share, and one for each of its levels, with its mean."""
_SHARES = ("factor", "levels", "freedom", "eta_squared", "omega_squared", "low", "high", "p")
_MEANS = ("factor", "level", "mean", "mean_low", "mean_high", "matches")


@app.command("factors")
def factors_command(
    runs: RunPaths,
    metric: MetricName = "cooperation",
    interactions: Annotated[bool, typer.Option("--interactions", help="Take every two factors together too.")] = False,
    games: Annotated[str | None, typer.Option(help="Which games, by name.", show_default="all")] = None,
    mechanisms: MechanismNames = None,
    json_: AsJSON = False,
    csv: AsCSV = False,
    markdown: AsMarkdown = False,
) -> None:
    """Say what each factor of a design explains, and the mean at each of its levels."""
    one_form(json_, csv, markdown)
    from comity.metrics.factors import variance

    taken = listed_names(games) if games else None
    with read_runs(runs, metric, mechanisms, decisions=True) as (read, names):
        name, cells = one_metric(metric, names), read.cells.values()
        found = variance(read.tables, cells, name, taken, metrics=read.metrics, interactions=interactions)
    rows = list(_rows(found))
    if json_ or csv:
        Listing("", COLUMNS, rows).print(json=json_, csv=csv)
        return
    shares = [row for row in rows if row["level"] is None]
    shares.append(dict.fromkeys(COLUMNS) | {"factor": "not explained", "eta_squared": found.residual})
    means = [row for row in rows if row["level"] is not None]
    told = (
        Listing(f"what explains {metric}", _SHARES, shares, found.notes),
        Listing(f"{metric} at each level, other factors as they are", _MEANS, means),
    )
    for listing in told:
        typer.echo(_as_markdown(listing)) if markdown else listing.print()


def _rows(found: Variance) -> Iterator[dict[str, Any]]:
    for share in found.shares:
        yield dict.fromkeys(COLUMNS) | {
            "factor": share.factor,
            "levels": share.levels,
            "matches": found.matches,
            "freedom": share.freedom,
            "eta_squared": share.eta,
            "omega_squared": share.omega,
            "low": share.low,
            "high": share.high,
            "p": share.p,
        }
        for mean in found.means:
            if mean.factor == share.factor:
                yield dict.fromkeys(COLUMNS) | {
                    "factor": mean.factor,
                    "level": mean.level,
                    "matches": mean.matches,
                    "mean": mean.value,
                    "mean_low": mean.low,
                    "mean_high": mean.high,
                }


def _as_markdown(listing: Listing) -> str:
    lines = [listing.columns, tuple("---" for _ in listing.columns)]
    lines += [tuple(_cell(row[column]) for column in listing.columns) for row in listing.rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([table, *map(printable_line, listing.notes)]) + "\n"


def _cell(value: Any) -> str:
    if value is None or value != value:
        return "-"
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return printable_line(text).replace("|", r"\|")


@app.command("lint")
def lint_command(
    plan: PlanPath,
    strict: Annotated[bool, typer.Option("--strict", help="Leave with exit code 1 if there is a warning.")] = False,
) -> None:
    """Warn of what a plan cannot tell apart, or tells players wrongly."""
    from comity.runs.lint import lint
    from comity.runs.plan import read_plan

    read = read_plan(plan)
    found = lint(read)
    for sentence in read.balance:
        typer.echo(printable(f"balance: {sentence}"))
    for warned in found:
        typer.echo(printable(f"{warned.about}: {warned.sentence}"))
    if not found:
        typer.echo("nothing to warn of")
    if found and strict:
        raise typer.Exit(1)
