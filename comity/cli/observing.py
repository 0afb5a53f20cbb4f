"""The command that lets agents watch games that were played before."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from comity.cli.app import RunPath, app, refuse


@app.command("observe")
def observe_command(
    run: RunPath,
    match: Annotated[
        list[int],
        typer.Option("--match", min=0, help="The number of a match in the run; again for the next one."),
    ],
    out: Annotated[Path, typer.Option(metavar="PLAN", help="The file to write.", show_default=False)],
    seat: Annotated[Literal["1", "2"], typer.Option(help="Whose actions are to be predicted.")] = "2",
    agent: Annotated[
        list[str] | None,
        typer.Option("--agent", help='A scripted observer, like composed(predict="pattern"); again for the next one.'),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="A model that observes, like openai:gpt-5.2; again for the next."),
    ] = None,
) -> None:
    """Write a plan in which agents watch recorded games and predict the next move of a player."""
    from comity.records.store import RunFile
    from comity.runs.observing import observing, spelled
    from comity.runs.plan import parsed_plan

    if not agent and not model:
        refuse("nobody is to observe: name a script with --agent or a model with --model")
    if out.exists():
        refuse(f"{out} is there already; take another name for the plan")
    with RunFile.open(run) as file:
        records = [file.record(number) for number in dict.fromkeys(match)]
        plan = observing(file.header.name, records, int(seat), agent or (), model or ())
    text = spelled(plan)
    parsed_plan(text, "the plan of observers")
    out.write_text(text, encoding="utf-8")
    typer.echo(str(out))
