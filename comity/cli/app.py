"""The command, and how what goes wrong is told: one sentence and exit code 2, never a traceback."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from comity.words.printable import printable

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,  # laying out help in colours takes longer than everything else at the start
    pretty_exceptions_enable=False,
    help="Play agents in social dilemmas under mechanisms meant to sustain cooperation, and measure what happened.",
)

RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.", show_default=False)]
RunPaths = Annotated[list[Path], typer.Argument(metavar="RUN...", help="One run or several.", show_default=False)]
PlanPath = Annotated[Path, typer.Argument(metavar="PLAN", help="A plan, in TOML.", show_default=False)]
STOPPED = 3
"""The exit code of a run that models cannot be asked for any more; it can be resumed."""


def refuse(sentence: str) -> NoReturn:
    """Leave with this sentence and exit code 2."""
    typer.echo(f"comity: {printable(sentence)}", err=True)
    sys.exit(2)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"comity {version('comity')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    pass
