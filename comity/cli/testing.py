"""The command that tests what agents got."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, cast

import typer

from comity.cli.app import RunPaths, app, refuse
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
from comity.cli.shown import print_table

if TYPE_CHECKING:
    from comity.metrics.tests import Answers
    from comity.metrics.units import Key

Between: TypeAlias = Literal["agent", "mechanism"]
Model: TypeAlias = Literal["t", "mixed", "binomial"]
Unit: TypeAlias = Literal["match", "replicate", "opponent", "pair", "game"]

KEYS = "match, game, mechanism, role, seat, replicate, repeat, opponent"


@app.command("test")
def answer_command(
    runs: RunPaths,
    metric: MetricName = "mean",
    agent: Annotated[str | None, typer.Option(help="Whose episodes, by name.", show_default="each")] = None,
    against: Annotated[
        str | None, typer.Option(help='Whom (or which mechanism) to compare with, by name; "all" for each other.')
    ] = None,
    value: Annotated[float | None, typer.Option(help="A number to hold the mean against.")] = None,
    baseline: Annotated[
        str | None, typer.Option(help="What to hold scores against that needs no player, by name: random, nash, ...")
    ] = None,
    between: Annotated[Between, typer.Option(help="What is compared.")] = "agent",
    paired_by: Annotated[str | None, typer.Option(help=f"Pair episodes by these of {KEYS}.")] = None,
    by: Annotated[str | None, typer.Option(help=f"One row for each of these of {KEYS}.")] = None,
    unit: Annotated[Unit, typer.Option(help="What is one draw; in a binomial model, what is a cluster.")] = "match",
    model: Annotated[
        Model, typer.Option(help="t tests; random intercepts of games, opponents, replicates; log-odds of yes or no.")
    ] = "t",
    games: Annotated[str | None, typer.Option(help="Which games, by name.", show_default="all")] = None,
    mechanisms: MechanismNames = None,
    scale: Annotated[
        float | None, typer.Option(help="Of the prior of Bayes factors.", show_default="0.7071, the root of a half")
    ] = None,
    json_: AsJSON = False,
    csv: AsCSV = False,
    markdown: AsMarkdown = False,
) -> None:
    """Test what agents got in episodes: t, Bayes factors, models."""
    one_form(json_, csv, markdown)
    from comity.metrics.tests import Question, answers
    from comity.stats.bayes import SCALE

    if scale is not None and not 0 < scale < float("inf"):
        refuse(f"--scale is a number above 0; found {scale:g}")
    agents = _names(agent)
    question = Question(
        between=between,
        labels=agents if between == "agent" else (),
        against=_names(against),
        value=value,
        baseline=baseline,
        by=cast("tuple[Key, ...]", _names(by)),
        paired=cast("tuple[Key, ...]", _names(paired_by)),
        unit=unit,
        games=tuple(name for name in _names(games) if name != "all"),
        agents=agents if between == "mechanism" else (),
        model=model,
        scale=scale or SCALE,
    )
    with read_runs(runs, metric, mechanisms) as (results, metrics):
        name = one_metric(metric, metrics)
        found = answers(results.tables, name, results.metrics[name], question, results.cells.values())
    _print(found, json_, csv, markdown)


def _names(listed: str | None) -> tuple[str, ...]:
    return tuple(listed_names(listed)) if listed else ()


def _print(found: Answers, json_: bool, csv: bool, markdown: bool) -> None:
    from comity.metrics.result import as_csv, as_json

    if json_:
        typer.echo(as_json(found.rows))
    elif csv:
        typer.echo(as_csv(found.rows, found.columns), nl=False)
    elif markdown:
        typer.echo(found.as_markdown())
    else:
        print_table(found)
