"""Commands between our runs and Inspect's logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from comity.cli.app import RunPath, app, refuse
from comity.words.printable import printable

inspecting = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Between runs and the logs of Inspect (needs comity[inspect])."
)
app.add_typer(inspecting, name="inspect")


def _need_inspect() -> None:
    try:
        import inspect_ai  # noqa: F401 (asked for here, so that its absence is told in words)
    except ImportError:
        refuse("this needs Inspect, which is not installed: install comity[inspect]")


@inspecting.command("export")
def export_eval(
    run: RunPath,
    to: Annotated[Path, typer.Option(metavar="FILE.eval", help="The log to write.", show_default=False)],
    most: Annotated[int, typer.Option(min=1, help="Refuse runs with more matches than this.")] = 2_000,
) -> None:
    """Write a run as a log that `inspect view` opens."""
    _need_inspect()
    from comity.inspect.writing import write_eval
    from comity.records.store import RunFile

    with RunFile.open(run) as file:
        count = write_eval(file, to, most)
    typer.echo(f"{to}: {count} matches")


@inspecting.command("import")
def import_eval_command(
    logs: Annotated[list[Path], typer.Argument(metavar="LOG...", help="Logs of our tasks.", show_default=False)],
    out: Annotated[Path, typer.Option(metavar="RUN", help="The folder of the run to write.", show_default=False)],
) -> None:
    """Read the matches that Inspect played into a run, to replay, measure and report them."""
    _need_inspect()
    from comity.inspect.reading import import_eval

    found = import_eval(logs, out)
    typer.echo(f"{out}: {found.matches} matches")
    for note in found.notes:
        typer.echo(printable(note))
