"""The door: one thin command per arrow of the line from a plan to a page.

Exit codes: 0 done, 1 a check failed, 2 bad input, 130 interrupted. Everything heavy is imported inside the command that
needs it, so that `comity --help` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, TypeAlias

import typer

from comity.words.printable import printable

if TYPE_CHECKING:
    from comity.core.flow import Game
    from comity.metrics import ResultTable
    from comity.report.results import Results

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,  # laying out help in colours takes longer than everything else at the start
    pretty_exceptions_enable=False,
    help="Play agents in social dilemmas under mechanisms meant to sustain cooperation, and measure what happened.",
)
importing = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Read published records into a run.")
app.add_typer(importing, name="import")

Listed: TypeAlias = Literal["games", "mechanisms", "agents", "metrics"]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.", show_default=False)]
PlanPath = Annotated[Path, typer.Argument(metavar="PLAN", help="A plan, in TOML.", show_default=False)]
GameName = Annotated[
    str, typer.Argument(metavar="GAME", help='A game, like chicken or "public_goods(players=4)".', show_default=False)
]
Mechanisms = Annotated[
    list[str] | None,
    typer.Option(
        "--mechanism", "-m", help='A mechanism, like "repetition(rounds=5)"; again for the next one outwards.'
    ),
]


def main() -> None:
    """Run the command line; what this package raises on purpose becomes one sentence and exit code 2."""
    from comity.core.errors import ComityError

    try:
        app()
    except ComityError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename or 'the system'}: {error.strerror or error}")


def _refuse(sentence: str) -> NoReturn:
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


@app.command()
def run(
    plan: PlanPath,
    out: Annotated[
        Path | None, typer.Option(help="Where the run goes.", show_default="runs/NAME, by the name in the plan")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many processes play.", show_default="one per core")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was interrupted.")] = False,
    report: Annotated[bool, typer.Option(help="Write report.html at the end.")] = True,
) -> None:
    """Play a plan, and keep every decision."""
    import os

    from comity.runs.plan import read_plan
    from comity.runs.progress import shown
    from comity.runs.run import run as play_plan

    read = read_plan(plan)
    folder = out or Path("runs") / read.name
    with shown() as progress:
        try:
            play_plan(read, folder, workers=workers or os.cpu_count() or 1, resume=resume, progress=progress)
        except KeyboardInterrupt:
            typer.echo(f"comity: interrupted; what was finished is kept in {folder}, and --resume goes on", err=True)
            raise
    _show(folder, report=report)


def _show(folder: Path, *, report: bool) -> None:
    """Read a run once, for the leaderboard and for the report."""
    from comity.records.store import RunFile
    from comity.report.results import Results

    with RunFile.open(folder) as file:
        results = Results.of(file)
        _print_leaderboard(results)
        typer.echo(f"records: {folder / 'run.sqlite'}")
        if report:
            from comity.report.page import FILE_NAME, write_page

            typer.echo(f"report:  {write_page(results, folder / FILE_NAME)}")


def _print_leaderboard(results: Results) -> None:
    from comity.metrics import social_dilemmas, table

    dilemmas = social_dilemmas(results.cells.values())
    for by in ("agent", "mechanism"):
        _print_table(table(results.tables, "mean", [by], dilemmas=dilemmas))


@app.command("table")
def table_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="One run or several.", show_default=False)],
    metric: Annotated[str, typer.Option(help="What to measure; see `comity list metrics`.")] = "mean",
    by: Annotated[
        str, typer.Option(help="Of mechanism, game, agent, role, replicate: what each row is for.")
    ] = "mechanism",
    games: Annotated[
        str | None, typer.Option(help='Which games, by name; "all" takes all.', show_default="the social dilemmas")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print a list of rows as JSON.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
) -> None:
    """Turn runs into one table of numbers, each with what it rests on."""
    if json_ + csv + markdown > 1:
        _refuse("--json, --csv and --markdown are three forms of one table; ask for one of them")
    from comity.metrics import DESIGN_METRICS, design_metrics, table
    from comity.report.together import read_runs

    designs = metric in DESIGN_METRICS
    read = read_runs(runs, decisions=designs)
    measure = design_metrics(read.cells)[metric] if designs else metric
    for note in read.notes:
        typer.echo(printable(note), err=True)
    result = table(read.tables, measure, _names(by), _names(games) if games else None, dilemmas=read.dilemmas)
    if json_:
        typer.echo(result.as_json())
    elif csv:
        typer.echo(result.as_csv(), nl=False)
    elif markdown:
        typer.echo(result.as_markdown(), nl=False)
    else:
        _print_table(result)


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",")]


def _print_table(result: ResultTable) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=result.title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in result.columns:
        shown.add_column(column, justify="left" if column in result.by else "right", overflow="fold")
    for row in result.rows:
        shown.add_row(*(Text(_cell(row[column])) for column in result.columns))
    console = Console()
    console.print(shown)
    for note in result.notes:
        console.print(Text(printable(note), style="dim"))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else printable(str(value))


@app.command("report")
def report_command(
    run: RunPath,
    out: Annotated[Path | None, typer.Option(help="The file to write.", show_default="report.html in the run")] = None,
) -> None:
    """Write the report of a run: one page that opens offline."""
    from comity.report.page import write_report

    typer.echo(str(write_report(run, out)))


@app.command()
def replay(run: RunPath) -> None:
    """Play every match again from its choices and compare; the first divergence is shown."""
    from comity.records.check import check
    from comity.records.store import RunFile

    with RunFile.open(run) as file:
        divergences = list(check(file))
        unplayed = file.count_of("payoffs_only") + file.count_of("expected")
        replayed = file.count() - unplayed
    if divergences:
        typer.echo(printable(str(divergences[0])), err=True)
        typer.echo(f"{len(divergences)} of {replayed} matches diverge; the first is shown", err=True)
        raise typer.Exit(1)
    typer.echo(f"{replayed} matches replayed, every outcome the same")
    if unplayed:
        typer.echo(f"{unplayed} more have payoffs and no choices, so there is nothing to replay")


@app.command()
def export(
    run: RunPath,
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write into.", show_default=False)],
) -> None:
    """Write a run as tidy Parquet: matches, decisions, outcomes, plays."""
    from comity.records.export import export as export_run
    from comity.records.store import RunFile

    with RunFile.open(run) as file:
        for path in export_run(file, to):
            typer.echo(str(path))


@app.command("list")
def list_command(
    what: Annotated[Listed, typer.Argument(metavar="WHAT", help="games, mechanisms, agents or metrics")],
) -> None:
    """What there is, by the names that plans use."""
    import textwrap

    for name, meaning in _described(what):
        typer.echo(name)
        typer.echo(textwrap.fill(meaning, 110, initial_indent="    ", subsequent_indent="    "))


def _described(what: Listed) -> Iterable[tuple[str, str]]:
    if what == "metrics":
        from comity.metrics import METRICS, design_metrics

        return ((name, metric.definition) for name, metric in {**METRICS, **design_metrics(())}.items())
    from comity.runs.describe import described

    return described(what)


@app.command()
def cite(
    plan: PlanPath,
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Print BibTeX entries.")] = False,
) -> None:
    """The papers behind the games, mechanisms and agents that a plan uses."""
    from comity.runs.citations import cited
    from comity.runs.plan import read_plan

    for reference in cited(read_plan(plan)):
        typer.echo(reference.bibtex if bibtex else reference.text)


@app.command("tree")
def tree_command(
    game: GameName,
    mechanism: Mechanisms = None,
    out: Annotated[Path | None, typer.Option(help="The file to write.", show_default="standard output")] = None,
    most: Annotated[int, typer.Option(min=1, help="Refuse trees with more nodes than this.")] = 200_000,
) -> None:
    """Write the extensive form of a finite game in the .efg format."""
    from comity.exact.efg import write_efg

    text = write_efg(_built(game, mechanism), title=" + ".join([game, *(mechanism or [])]), most=most)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text)
        typer.echo(str(out))


def _built(game: str, mechanisms: list[str] | None) -> Game:
    from comity.records.spec import Cell
    from comity.runs.spelling import parse_spec

    return Cell(
        game,
        "+".join(mechanisms or ["none"]),
        parse_spec(game, "games"),
        tuple(parse_spec(mechanism, "mechanisms") for mechanism in mechanisms or []),
    ).built


@app.command("play")
def play_command(
    game: GameName,
    mechanism: Mechanisms = None,
    against: Annotated[str, typer.Option(help="The agent in every other seat.")] = "tit_for_tat",
    player: Annotated[int, typer.Option(min=1, help="Which player you are.")] = 1,
    seed: Annotated[int, typer.Option(help="The seed of whatever is left to chance.")] = 1,
) -> None:
    """Take a seat yourself, in the terminal."""
    from comity.agents.human import play_in_terminal
    from comity.runs.spelling import build_strategy

    built = _built(game, mechanism)
    if player > built.n_players:
        _refuse(f"--player must be 1 to {built.n_players} in this game, not {player}")
    for line in play_in_terminal(built, player - 1, build_strategy(against), seed, _ask):
        typer.echo(printable(line))


def _ask(question: str) -> str:
    try:
        return input(question)
    except EOFError:
        typer.echo()  # the prompt has ended no line
        raise KeyboardInterrupt from None


@importing.command("coopeval")
def import_coopeval_command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Its folders, or the folder of tidy Parquet.")],
    out: Annotated[Path, typer.Option(metavar="RUN", help="The folder of the run to write.", show_default=False)],
) -> None:
    """Read published CoopEval records: one tournament, a replicate, or a whole tree."""
    from comity.corpora.coopeval import import_coopeval

    for line in import_coopeval(path, out).summary():
        typer.echo(printable(line))


if __name__ == "__main__":
    main()
