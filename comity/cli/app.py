"""The command, and how what goes wrong is told: one sentence and exit code 2, never a traceback."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from comity.words.printable import printable


class _Commands(TyperGroup):
    """Commands whose refusals of a value do not begin with the name of a Python class."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


app = typer.Typer(
    cls=_Commands,
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


def goes_on(folder: Path, error: Exception | None = None, *, again: str = "--resume") -> str:
    """What becomes of what a command was stopped in. error: what stopped it, where that was not a person."""
    from comity.llm.errors import CapReached

    how = f"{again} with a larger --cap" if error is not None and isinstance(error.__cause__, CapReached) else again
    return f"is kept in {folder}, and {how} goes on"


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
