"""Commands about exchanges: what agents did in them, and what their losses are due to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from comity.cli.app import RunPaths, app, refuse
from comity.cli.shown import Listing

if TYPE_CHECKING:
    from comity.metrics.decomposition import Loss, Part
    from comity.metrics.exchanges import Effect, Played, Replies

AsJSON = Annotated[bool, typer.Option("--json", help="Print a list of rows as JSON.")]
AsCSV = Annotated[bool, typer.Option("--csv", help="Print CSV.")]

BRIEF: dict[str, tuple[str, ...]] = {
    "condition": (
        "mechanism",
        "agents",
        "worlds",
        "tasks",
        "optimum",
        "score",
        "helpfulness",
        "response",
        "coverage",
        "submission",
    ),
    "agent": ("mechanism", "agent", "seats", "tasks", "revenue", "response", "coverage", "submission", "refused"),
    "pair": ("mechanism", "agent", "seat", "helps", "helps_seat", "asked", "answered", "sent", "useful", "response"),
    "round": ("mechanism", "agents", "round", "tasks", "requests", "messages", "transfers", "refused", "response"),
}
"""What a row can be for, and which of its columns a terminal shows unless all are asked for."""
NOTES: dict[str, tuple[str, ...]] = {
    "condition": (
        "means over worlds; optimum, response, coverage and submission are shares; a dash where not defined",
        "score: 0 where nobody answers, 1 the most that scripts hand in under the same rules, world by world",
        "helpfulness: the p at which agents who answer each open request with probability p hand in as much",
    ),
    "agent": ("means over seats and worlds; of requests those it made, of responses those it owed",),
    "pair": ("means over worlds: the second asked the first, the first answered and sent; response: of all requests",),
    "round": ("means over worlds; response: of the requests made in that round the share ever answered truthfully",),
}


@app.command("exchange")
def exchange_command(
    runs: RunPaths,
    by: Annotated[
        str | None,
        typer.Option(help='What a row is for: "condition", "agent", "pair" or "round".', show_default="condition"),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(help="Compare every condition with this one, world by world, such as none.", show_default=False),
    ] = None,
    measure: Annotated[str, typer.Option(help="With --against: what is compared.")] = "tasks",
    all_: Annotated[bool, typer.Option("--all", help="Show every column.")] = False,
    json_: AsJSON = False,
    csv: AsCSV = False,
) -> None:
    """Measure exchanges: tasks, responses, coverage, delays, inequality, helpfulness, and effects of conditions."""
    from comity.metrics.exchanges import NoExchange, NotPaired

    if by is not None and by not in BRIEF:
        refuse(f"--by is {', '.join(BRIEF)}, not {by!r}")
    if by is not None and against is not None:
        refuse("--by says what a row is for and --against compares conditions; ask for one of them")
    if json_ and csv:
        refuse("--json and --csv are two forms of one table; ask for one of them")
    try:
        listing = _effects(runs, against, measure) if against else _measured(runs, by or "condition", all_)
    except (NoExchange, NotPaired) as error:
        refuse(str(error))
    listing.print(json=json_, csv=csv)


def _measured(runs: Sequence[Path], by: str, everything: bool) -> Listing:
    found, read = _played(runs)
    rows = _rows_by(by, found, read)
    columns = tuple(rows[0])
    return Listing(f"exchanges by {by}", columns, rows, NOTES[by], columns if everything else BRIEF[by])


def _rows_by(by: str, found: Sequence[Played], read: Replies) -> list[dict[str, Any]]:
    from comity.metrics.exchanges import by_agent, by_condition, by_pair, of_rounds

    match by:
        case "condition":
            return by_condition(found, read)
        case "agent":
            return by_agent(found, read)
        case "pair":
            return by_pair(found)
        case _:
            return of_rounds(found)


def _played(runs: Sequence[Path]) -> tuple[list[Played], Replies]:
    """The finished exchanges of the runs in these folders, each run read once, and what became of models' replies."""
    from comity.metrics.exchanges import played_by, replies
    from comity.records.store import RunFile

    with ExitStack() as stack:
        files: dict[Path, RunFile] = {}
        for folder in runs:
            file = stack.enter_context(RunFile.open(folder))
            files.setdefault(file.path.resolve(), file)
        opened = list(files.values())
        return played_by(opened), replies(opened)


def _effects(runs: Sequence[Path], against: str, measure: str) -> Listing:
    from comity.metrics.exchanges import effects

    found, _ = _played(runs)
    rows = [_effect(effect) for effect in effects(found, against, measure)]
    said = (
        f"{measure}, compared with {against} by the same agents in the same worlds; 95 % intervals (Student)",
        "change: relative to the baseline; p_holm: corrected for all rows",
    )
    return Listing(f"effects on {measure}", tuple(rows[0]), rows, said)


def _effect(effect: Effect) -> dict[str, Any]:
    from comity.metrics.exchanges import called

    return {
        "mechanism": effect.mechanism,
        "agents": called(effect.agents),
        "worlds": effect.worlds,
        "baseline": effect.baseline,
        "value": effect.value,
        "difference": effect.difference.value,
        "low": effect.difference.low,
        "high": effect.difference.high,
        "change": effect.change,
        "p_holm": effect.p_holm,
    }


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

    if json_ and csv:
        refuse("--json and --csv are two forms of one table; ask for one of them")
    with opened(runs) as results:
        assists = helped(agent for run in results.runs.values() for agent in run.header.agents)
        try:
            found = losses(results.tables, results.cells.values(), assists)
        except NotDecomposable as error:
            refuse(str(error))
    rows = [row for loss in found for row in _rows(loss, interactions)]
    said = (
        "scores: 0 is nothing (or all defect), 1 the most (or all cooperate); the parts of a loss sum to it (Shapley)",
        "perceive, where it is automated, comes before the others, which depend on it; whose: the agents automated",
        "alone: what automating that side and nothing else adds; 95 % intervals over worlds (Student)",
    )
    columns = (
        "condition",
        "agents",
        "whose",
        "part",
        "value",
        "low",
        "high",
        "alone",
        "alone_low",
        "alone_high",
        "units",
    )
    some = any(loss.whose for loss in found)
    brief = tuple(column for column in columns if column not in (() if some else ("whose",)) and "alone_" not in column)
    Listing("what is lost, and to which side", columns, rows, said, brief).print(json=json_, csv=csv)


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
    from comity.metrics.exchanges import called

    return {
        "condition": loss.condition,
        "agents": called(loss.agents),
        "whose": ", ".join(map(str, loss.whose)) or "all",
        "part": part.name,
        "value": part.estimate.value,
        "low": part.estimate.low,
        "high": part.estimate.high,
        "alone": None if alone is None else alone.estimate.value,
        "alone_low": None if alone is None else alone.estimate.low,
        "alone_high": None if alone is None else alone.estimate.high,
        "units": loss.units,
    }
