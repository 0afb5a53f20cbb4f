"""Commands that play, keep, check and describe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from comity.cli.app import STOPPED, PlanPath, RunPath, app, goes_on, refuse
from comity.cli.asked import print_asked, print_troubles
from comity.cli.shown import print_table
from comity.cli.took import print_took
from comity.words.printable import printable

if TYPE_CHECKING:
    from comity.agents.human import Spoken
    from comity.core.flow import Game
    from comity.records.spec import Cell
    from comity.report.results import Results

importing = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Read published records into a run.")
app.add_typer(importing, name="import")

Listed: TypeAlias = Literal["games", "mechanisms", "agents", "metrics"]
GameName = Annotated[
    str, typer.Argument(metavar="GAME", help='A game, like chicken or "public_goods(players=4)".', show_default=False)
]
Mechanisms = Annotated[
    list[str] | None,
    typer.Option(
        "--mechanism", "-m", help='A mechanism, like "repetition(rounds=5)"; again for the next one outwards.'
    ),
]


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
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="A model in place of the agents, like openai:gpt-5.2; again for the next one."),
    ] = None,
    cap: Annotated[
        float | None, typer.Option(min=0, help="The most US dollars the run may spend.", show_default="of the plan")
    ] = None,
    in_flight: Annotated[
        int | None,
        typer.Option(min=1, help="How many calls of one model may wait at a time.", show_default="of the plan"),
    ] = None,
    report: Annotated[bool, typer.Option(help="Write report.html at the end.")] = True,
) -> None:
    """Play a plan, and keep every decision."""
    import os

    from comity.agents.agent import Halted
    from comity.records.store import FILE_NAME
    from comity.runs.models import with_calling, with_models
    from comity.runs.plan import read_plan
    from comity.runs.progress import Followed, shown
    from comity.runs.run import run as play_plan

    read = with_calling(with_models(plan, model) if model else read_plan(plan), cap, in_flight)
    folder = out or Path("runs") / read.name
    if resume and not (folder / FILE_NAME).exists():
        refuse(f"{folder} holds no run to go on with; leave --resume out to begin one")
    followed = Followed()
    try:
        with shown() as followed.progress:
            play_plan(read, folder, workers=workers or os.cpu_count() or 1, resume=resume, progress=followed)
    except KeyboardInterrupt:
        print_asked(followed.account)
        typer.echo(f"comity: interrupted; what was finished {goes_on(folder)}", err=True)
        raise
    except Halted as error:
        print_asked(followed.account)
        kept = f"The run has stopped; what was finished {goes_on(folder, error)}"
        typer.echo(f"comity: {printable(str(error)).rstrip('.')}. {kept}", err=True)
        raise typer.Exit(STOPPED) from None
    _show(folder, report=report)
    print_troubles(followed.account)


def _show(folder: Path, *, report: bool) -> None:
    """Read a run once, for the leaderboard and for the report."""
    from comity.records.store import RunFile
    from comity.report.results import Results

    with RunFile.open(folder) as file:
        results = Results.of(file, decisions=report)
        _print_leaderboard(results)
        _print_forfeits(results)
        _print_missed(results)
        print_took(results)
        typer.echo(f"records: {folder / 'run.sqlite'}")
        if report:
            from comity.report.page import FILE_NAME, write_page

            typer.echo(f"report:  {write_page(results, folder / FILE_NAME)}")


def _print_leaderboard(results: Results) -> None:
    from comity.metrics import table

    for by in ("agent", "mechanism"):
        print_table(table(results.tables, "mean", [by], dilemmas=results.social))


def _print_forfeits(results: Results) -> None:
    """How many matches have no end, by the cause of it."""
    played = results.tables.matches
    failures = (results.record(match).failure for match in played.loc[played["status"] == "forfeited", "match"])
    causes = Counter(failure.cause for failure in failures if failure)
    if causes:
        told = ", ".join(f"{count:,} {cause}" for cause, count in causes.most_common())
        typer.echo(f"forfeited matches by cause: {told}")


def _print_missed(results: Results) -> None:
    """How many answers are missing in matches that went on without them, by agent."""
    from comity.metrics.missed import missed

    found = missed(results.tables)
    if len(found):
        told = ", ".join(
            f"{missing:,} of {asked:,} of {agent}" for agent, missing, asked in found.itertuples(index=False)
        )
        typer.echo(f"missing answers by agent: {printable(told)}")


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
    from comity.runs.origins import origins_of

    with RunFile.open(run) as file:
        for path in export_run(file, to, origins_of(file)):
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
        from comity.metrics import metrics_of

        return ((name, metric.definition) for name, metric in metrics_of(()).items())
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
        _write_tree(out, text)
        typer.echo(str(out))


def _write_tree(path: Path, text: str) -> None:
    """Only where nothing is lost, or no more than another tree."""
    try:
        if path.is_file() and _beginning(path) not in (b"", b"EFG"):
            refuse(f"the tree is not written to {path}: this file is no tree, and would be lost")
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        refuse(f"the tree cannot be written to {path}: {error.strerror}")


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(3)


def _built(game: str, mechanisms: list[str] | None) -> Game:
    return _cell(game, mechanisms).built


def _cell(game: str, mechanisms: list[str] | None) -> Cell:
    from comity.records.spec import Cell
    from comity.runs.spelling import parse_spec

    return Cell(
        game,
        "+".join(mechanisms or ["none"]),
        parse_spec(game, "games"),
        tuple(parse_spec(mechanism, "mechanisms") for mechanism in mechanisms or []),
    )


@app.command("play")
def play_command(
    game: GameName,
    mechanism: Mechanisms = None,
    against: Annotated[str, typer.Option(help="The agent in every other seat.")] = "tit_for_tat",
    player: Annotated[int, typer.Option(min=1, help="Which player you are.")] = 1,
    seed: Annotated[int, typer.Option(help="The seed of whatever is left to chance.")] = 1,
    reasons: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Ask why after each action, and add your words to this table at the end."),
    ] = None,
    name: Annotated[str, typer.Option(help="With --reasons: what the table calls you.")] = "you",
) -> None:
    """Take a seat yourself, in the terminal."""
    from comity.agents.human import Spoken, play_in_terminal
    from comity.judge.rationales import check_addable
    from comity.runs.spelling import build_strategy

    cell = _cell(game, mechanism)
    built = cell.built
    if player > built.n_players:
        refuse(f"--player must be 1 to {built.n_players} in this game, not {player}")
    if reasons is not None:
        check_addable(reasons)  # told before anything is played, so that no words are lost
    spoken = None if reasons is None else Spoken()
    for line in play_in_terminal(built, player - 1, build_strategy(against), seed, _ask, spoken):
        typer.echo(printable(line))
    if reasons is not None and spoken is not None:
        _add_words(reasons, cell, spoken, player - 1, name)


def _add_words(path: Path, cell: Cell, spoken: Spoken, player: int, name: str) -> None:
    """Add what a person said, and when, to a table of people's reasons; a match is a session of its own."""
    from comity.core.match import replay
    from comity.fidelity.circumstances import circumstances
    from comity.judge.rationales import add_rationales, rationales_in
    from comity.records.record import Record
    from comity.records.spec import MatchSpec

    sessions = {one.session for one in rationales_in(path)} if path.exists() else set()
    number = next(n for n in range(1, len(sessions) + 2) if str(n) not in sessions)
    outcome = replay(cell.built, spoken.choices).outcome
    assert outcome is not None  # the person played to the end
    agents = tuple(name if seat == player else f"seat {seat + 1}" for seat in range(cell.built.n_players))
    record = Record(MatchSpec(number, cell, agents), "finished", tuple(spoken.choices), payoffs=outcome.payoffs)
    table = circumstances([record]).set_index("id")
    rows = [
        (str(number), name, int(row["round"]), words, row["action"], row["own"], row["neighbours"])
        for (step, slot), words in spoken.words.items()
        for row in [table.loc[f"{number}.{step}.{slot}"].to_dict()]
    ]
    add_rationales(path, rows)
    typer.echo(f"reasons: {len(rows)} added to {path}")


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


@importing.command("repeated-games")
def import_repeated_games_command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A clone of its repository, or its tidy Parquet.")],
    out: Annotated[Path, typer.Option(metavar="RUN", help="The folder of the run to write.", show_default=False)],
) -> None:
    """Read the published moves of "Playing repeated games with large language models" (2025)."""
    from comity.corpora.repeatedgames import import_repeated_games

    for line in import_repeated_games(path, out).summary():
        typer.echo(printable(line))


@importing.command("human")
def import_human_command(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help='A file or folder, or "recovered".')],
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The folder of the data set to write.", show_default=False)
    ],
    layout: Annotated[
        str | None, typer.Option(help="Which layout, where a folder holds several.", show_default=False)
    ] = None,
) -> None:
    """Read what people did, from published layouts or a tidy table, to hold agents against it."""
    from comity.corpora.human.importing import import_human

    for line in import_human(source, out, layout).summary():
        typer.echo(printable(line))


@importing.command("people")
def import_people_command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The folder of the tidy Parquet.")],
    out: Annotated[Path, typer.Option(metavar="RUN", help="The folder of the run to write.", show_default=False)],
) -> None:
    """Read what people did in repeated prisoner's dilemmas (Dal Bó and Fréchette, 2011)."""
    from comity.corpora.people import import_people

    for line in import_people(path, out).summary():
        typer.echo(printable(line))
