"""Commands about exchanges: what agents did in them, and what their losses are due to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from comity.cli.app import RunPaths, app, refuse
from comity.cli.shown import Listing

if TYPE_CHECKING:
    from comity.metrics.decomposition import Loss, Part

AsJSON = Annotated[bool, typer.Option("--json", help="Print a list of rows as JSON.")]
AsCSV = Annotated[bool, typer.Option("--csv", help="Print CSV.")]


@app.command("exchange")
def exchange_command(
    runs: RunPaths,
    by: Annotated[str, typer.Option(help='What a row is for: "condition" or "agent".')] = "condition",
    json_: AsJSON = False,
    csv: AsCSV = False,
) -> None:
    """Measure exchanges: tasks, responses, coverage, delays, inequality, helpfulness."""
    from comity.metrics.exchanges import NoExchange, by_agent, by_condition
    from comity.report.results import opened

    if by not in ("condition", "agent"):
        refuse(f'--by is "condition" or "agent", not {by!r}')
    with opened(runs, decisions=True) as results:
        try:
            rows = (by_agent if by == "agent" else by_condition)(results.tables, results.cells.values())
        except NoExchange as error:
            refuse(str(error))
    said = (
        "means over worlds; response, coverage, submission, falsification and refused are shares; a dash where not defined",
        "score: 0 where nobody answers, 1 where every side is automated, in the same worlds",
        "helpfulness: the p at which agents who answer each open request with probability p hand in as much",
    )
    columns = tuple(rows[0])
    Listing(f"exchanges by {by}", columns, rows, said).print(json=json_, csv=csv)


@app.command("decompose")
def decompose_command(
    runs: RunPaths,
    interactions: Annotated[bool, typer.Option("--interactions", help="Also how sides work together.")] = False,
    json_: AsJSON = False,
    csv: AsCSV = False,
) -> None:
    """Say which side of agents a loss is due to: automate each, alone and with others, on the same environment."""
    from comity.metrics.decomposition import NotDecomposable, helped, losses
    from comity.report.results import opened

    with opened(runs) as results:
        assists = helped(agent for run in results.runs.values() for agent in run.header.agents)
        try:
            found = losses(results.tables, results.cells.values(), assists)
        except NotDecomposable as error:
            refuse(str(error))
    rows = [row for loss in found for row in _rows(loss, interactions)]
    said = (
        "scores: 0 is nothing (or all defect), 1 the most (or all cooperate); the parts of a loss sum to it (Shapley)",
        "alone: what automating that side and nothing else adds",
    )
    columns = ("condition", "agents", "part", "value", "low", "high", "alone", "units")
    Listing("what is lost, and to which side", columns, rows, said).print(json=json_, csv=csv)


def _rows(loss: Loss, interactions: bool) -> Iterator[dict[str, Any]]:
    yield _row(loss, loss.own)
    yield _row(loss, loss.whole)
    yield _row(loss, loss.total)
    for part, alone in zip(loss.parts, loss.alone, strict=True):
        yield _row(loss, part, alone)
    if interactions:
        for part in loss.interactions:
            yield _row(loss, part)


def _row(loss: Loss, part: Part, alone: Part | None = None) -> dict[str, Any]:
    estimate = part.estimate
    return {
        "condition": loss.condition,
        "agents": _called(loss.agents),
        "part": part.name,
        "value": estimate.value,
        "low": _known(estimate.low),
        "high": _known(estimate.high),
        "alone": None if alone is None else alone.estimate.value,
        "units": loss.units,
    }


def _known(value: float) -> float | None:
    return None if value != value else value


def _called(agents: Sequence[str]) -> str:
    """Who plays, each once."""
    counts = {agent: agents.count(agent) for agent in dict.fromkeys(agents)}
    return ", ".join(agent if count == 1 else f"{agent} x{count}" for agent, count in counts.items())
