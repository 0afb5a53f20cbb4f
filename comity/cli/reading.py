"""Commands that turn what runs recorded into numbers and pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from comity.cli.app import RunPaths, app, refuse
from comity.cli.shown import Listing, print_table
from comity.words.printable import printable

if TYPE_CHECKING:
    from comity.metrics import Contrasts, MetaGame, Metric, ResultTable, RoleMetaGame
    from comity.records.tables import Tables
    from comity.report.held import Held
    from comity.report.results import Results

MetricNames = Annotated[
    str, typer.Option("--metric", help="What to measure, one or several; see `comity list metrics`.")
]
MetricName = Annotated[str, typer.Option(help="What to measure; see `comity list metrics`.")]
Games = Annotated[
    str | None, typer.Option(help='Which games, by name; "all" takes all.', show_default="the social dilemmas")
]
MechanismNames = Annotated[str | None, typer.Option(help="Which mechanisms, by name.", show_default="all")]
AsJSON = Annotated[bool, typer.Option("--json", help="Print a list of rows as JSON.")]
AsCSV = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")]
Convention: TypeAlias = Literal["lowest", "highest", "cooperation", "defection", "random"]
Compared: TypeAlias = Literal["agent", "role", "mechanism"]


@app.command("table")
def table_command(
    runs: RunPaths,
    metric: MetricNames = "mean",
    by: Annotated[
        str | None,
        typer.Option(
            help="Of mechanism, game, agent, role, replicate: what each row is for.",
            show_default="mechanism; mechanism,agent for ranks",
        ),
    ] = None,
    games: Games = None,
    mechanisms: MechanismNames = None,
    missing: Annotated[
        Convention | None,
        typer.Option(help="What missing matches are taken to have been.", show_default="missing"),
    ] = None,
    json_: AsJSON = False,
    csv: AsCSV = False,
    markdown: AsMarkdown = False,
) -> None:
    """Turn runs into tables of numbers, each with its interval and with what it rests on."""
    one_form(json_, csv, markdown)
    taken = listed_names(games) if games else None
    with read_runs(runs, metric, mechanisms) as (read, names):
        found = [
            _table(read, name, listed_names(by) if by else _usual(read.metrics[name]), taken, missing) for name in names
        ]
    _print(found, json_, csv, markdown)


def _table(
    read: Results, metric: str, by: Sequence[str], games: Sequence[str] | None, missing: Convention | None
) -> ResultTable:
    from comity.metrics import table
    from comity.metrics.missing import assumed

    if missing:
        return assumed(read.tables, read.cells.values(), missing, metric, by, games, dilemmas=read.social)
    return table(read.tables, metric, by, games, metrics=read.metrics, dilemmas=read.social)


def _usual(metric: Metric) -> list[str]:
    """What rows are for unless said; the ranks of all agents together have the same mean whatever happens."""
    return ["mechanism", "agent"] if metric.unit == "rank" else ["mechanism"]


def one_form(json_: bool, csv: bool, markdown: bool = False) -> None:
    """Refuse to print a table in several forms at once."""
    if json_ + csv + markdown > 1:
        refuse("--json, --csv and --markdown are three forms of one table; ask for one of them")


_BETWEEN_NAMES = re.compile(r",(?![^\[(]*[\])])")
"""A comma, but not one inside the brackets of a label."""


def listed_names(listed: str) -> list[str]:
    """The names that an option lists, between commas."""
    return [name.strip() for name in _BETWEEN_NAMES.split(listed)]


@contextmanager
def read_runs(
    runs: Sequence[Path], metric: str, mechanisms: str | None, *, decisions: bool = False
) -> Iterator[tuple[Results, list[str]]]:
    """The runs, and the names of the metrics; what is to be said of the runs goes to the standard error."""
    from comity.metrics import asked, metrics_of, under
    from comity.report.results import opened

    names, known = asked(listed_names(metric)), metrics_of(())
    with opened(runs, decisions=decisions or any(known[name].decisions for name in names)) as results:
        for note in (*results.incomplete, *results.mixed):
            typer.echo(printable(note), err=True)
        yield (
            (replace(results, tables=under(results.tables, listed_names(mechanisms))) if mechanisms else results),
            names,
        )


def _print(found: Sequence[ResultTable], json_: bool, csv: bool, markdown: bool) -> None:
    from comity.metrics.result import as_csv, as_json

    if json_:
        typer.echo(as_json([row for result in found for row in result.rows]))
    elif csv:
        typer.echo(as_csv([row for result in found for row in result.rows], found[0].columns), nl=False)
    else:
        for result in found:
            typer.echo(result.as_markdown()) if markdown else print_table(result)


@app.command("contrast")
def contrast_command(
    runs: RunPaths,
    between: Annotated[Compared, typer.Option(help="What is compared.")] = "mechanism",
    metric: MetricName = "mean",
    games: Games = None,
    mechanisms: MechanismNames = None,
    json_: AsJSON = False,
    csv: AsCSV = False,
) -> None:
    """Compare agents or mechanisms pair by pair, corrected for their number."""
    one_form(json_, csv)
    found, notes = _contrasts(runs, metric, between, games, mechanisms)
    rows = [
        {
            "first": pair.first,
            "second": pair.second,
            "difference": pair.difference.value,
            "low": pair.difference.low,
            "high": pair.difference.high,
            "p": pair.p,
            "p_holm": pair.p_holm,
            "p_bh": pair.p_bh,
            "told_apart": pair.is_separable,
            "replicates": pair.replicates,
        }
        for pair in found.pairs
    ]
    said = (*notes, *(f"rank of {label}: {_between(*ranks)}" for label, ranks in found.ranks.items()))
    brief = ("first", "second", "difference", "low", "high", "p_holm")
    listing = Listing(
        f"{metric} between {between}s", (*brief, "p", "p_bh", "told_apart", "replicates"), rows, said, brief
    )
    listing.print(json=json_, csv=csv)


def _between(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"


def _contrasts(
    runs: Sequence[Path], metric: str, between: Compared, games: str | None, mechanisms: str | None
) -> tuple[Contrasts, tuple[str, ...]]:
    from comity.metrics import contrasts

    taken = listed_names(games) if games else None
    with read_runs(runs, metric, mechanisms) as (read, names):
        name = one_metric(metric, names)
        found, notes = contrasts(read.tables, name, between, taken, metrics=read.metrics, dilemmas=read.social)
    if len(found.labels) < 2:
        there = ", ".join(found.labels) or "none"
        refuse(f"it takes two {between}s or more with a value on the same games to compare; there is {there}")
    return found, notes


def one_metric(metric: str, names: Sequence[str]) -> str:
    """The only one of these metrics; several that one name stands for are refused."""
    if len(names) > 1:
        refuse(f"{metric} stands for several metrics ({', '.join(names)}); ask for one of them")
    return names[0]


@app.command("plan-size")
def plan_size_command(
    runs: RunPaths,
    difference: Annotated[float, typer.Option("--difference", "-d", help="What is to be seen, in the metric's units.")],
    power: Annotated[float, typer.Option("--power", "-p", help="How likely it is to be seen.")] = 0.8,
    between: Annotated[Compared, typer.Option(help="What is to be compared.")] = "mechanism",
    metric: MetricName = "mean",
    games: Games = None,
    mechanisms: MechanismNames = None,
    json_: AsJSON = False,
    csv: AsCSV = False,
) -> None:
    """Say how many replicates it takes to see a difference, judged by a pilot run."""
    one_form(json_, csv)
    from comity.metrics.planning import needed

    pilot, notes = _contrasts(runs, metric, between, games, mechanisms)
    found = needed(pilot, difference, power)
    rows = [pair._asdict() for pair in found]
    said = (*notes, *_needing([pair.among_all for pair in found], difference, power))
    listing = Listing(f"replicates to see {metric} differ", ("first", "second", "alone", "among_all"), rows, said)
    listing.print(json=json_, csv=csv)


def _needing(replicates: Sequence[int | None], difference: float, power: float) -> Iterator[str]:
    yield (
        f"so many replicates of every cell find a true difference of {difference:g} with a power of {power:g} "
        "(two-sided, 5 %): if the pair alone is looked at, or among all of these pairs"
    )
    yield "the spread is the pilot's, itself an estimate: from few replicates the true number may be several times off"
    known = [number for number in replicates if number is not None]
    if known:
        yield f"the most that is needed: {max(known)}"
    if len(known) < len(replicates):
        yield "no number where the pilot has one replicate only, because that tells no spread"


@app.command("tensor")
def tensor_command(
    runs: RunPaths,
    games: Annotated[
        str | None, typer.Option(help='Which games, by name; "all" takes all.', show_default="all")
    ] = None,
    mechanisms: MechanismNames = None,
    roles: Annotated[
        bool, typer.Option("--roles", help="Keep the seats apart instead of averaging over them.")
    ] = False,
    score: Annotated[bool, typer.Option("--score", help="Count in scores, not in the points of the game.")] = False,
    json_: AsJSON = False,
    csv: AsCSV = False,
) -> None:
    """Print what agents are paid for whom they meet, one row per agent, seat and co-players."""
    one_form(json_, csv)
    with read_runs(runs, "payoff", mechanisms) as (read, _):
        taken = _among(read.games, games)
        found = _by_cell(read.tables, "score" if score else "payoff", roles)
    cells = {key: paid for key, paid in found.items() if key[1] in taken}
    rows = [{"mechanism": key[0], "game": key[1], **row} for key, paid in cells.items() for row in paid.rows()]
    if not rows:
        refuse("there is no tensor: where all play in one match, or one alone, no payoff is for meeting others")
    columns = ("mechanism", "game", *(["seat"] if roles else []), "agent", "others", "value")
    said = (
        "over replicates with equal weight; in populations no payoff is for meeting certain others",
        *(f"nobody was paid in {' '.join(key)} as {hole}" for key, paid in cells.items() for hole in paid.missing),
    )
    Listing("payoffs among agents", columns, rows, said).print(json=json_, csv=csv)


def _by_cell(
    tables: Tables, column: Literal["payoff", "score"], roles: bool
) -> Mapping[tuple[str, str], MetaGame | RoleMetaGame]:
    from comity.metrics import meta_games

    if roles:
        return meta_games(tables, column=column, roles=True)
    return meta_games(tables, column=column)


def _among(played: Sequence[str], asked: str | None) -> Sequence[str]:
    named = listed_names(asked or "all")
    unknown = [game for game in named if game not in (*played, "all")]
    if unknown:
        refuse(f"there is no game {unknown[0]!r} here; there are {', '.join(played)}")
    return played if "all" in named else named


@app.command("influence")
def influence_command(
    runs: RunPaths,
    metric: MetricName = "mean",
    by: Annotated[str, typer.Option(help="Of mechanism, game, agent, role, replicate: what a number is for.")] = (
        "mechanism,game,agent"
    ),
    games: Annotated[str | None, typer.Option(help="Which games, by name.", show_default="all")] = None,
    mechanisms: MechanismNames = None,
    most: Annotated[int, typer.Option(min=1, help="How many matches are shown.")] = 10,
    json_: AsJSON = False,
    csv: AsCSV = False,
) -> None:
    """Find the single matches that move a number most, and say what was special about them."""
    one_form(json_, csv)
    from comity.metrics.influence import influence, named

    with read_runs(runs, metric, mechanisms, decisions=True) as (read, names):
        found = influence(read.tables, read.metrics[one_metric(metric, names)], listed_names(by))
        found = found[found["game"].isin(_among(read.games, games))].head(most)
        rows = [{str(column): value for column, value in row.items()} for row in found.to_dict("records")]
        said = tuple(named(read.tables, read.cells.values(), int(match)) for match in dict.fromkeys(found["match"]))
    Listing(f"matches that move {metric}", tuple(map(str, found.columns)), rows, said).print(json=json_, csv=csv)


@app.command("report")
def report_command(
    runs: RunPaths,
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write.", show_default="report.html or comparison.html in the (first) run"),
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option(
            help="A folder for every figure (SVG, PNG, CSV) and table (CSV, LaTeX, Markdown).", show_default="none"
        ),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Set the runs side by side; else they are one body of evidence.")
    ] = False,
    capability: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="Of exchanges: how capable each agent is, as label = number, to set against its score.",
            show_default="none",
        ),
    ] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Of exchanges: published figures (from a secondary source) beside ours.")
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="HUMAN",
            help="Hold the agents against people: a folder of `comity import human`, a run, or what `comity fidelity "
            "--out` wrote.",
            show_default="none",
        ),
    ] = None,
    population: Annotated[
        str | None, typer.Option(help="With --against: who of the run is compared.", show_default="the only one")
    ] = None,
    people: Annotated[
        str | None, typer.Option(help="With --against: which population people are.", show_default="the only one")
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A=B", help="With --against: condition A of the run is B of people; again for a further one."
        ),
    ] = None,
    tuned: Annotated[
        bool, typer.Option("--tuned", help="With --against: the agents were tuned on these people.")
    ] = False,
    smallest: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="With --against: the smallest effect of interest of a statistic, like M2=0.05; again for another.",
        ),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(min=100, help="With --against: how often everything is drawn again.", show_default="2000"),
    ] = None,
) -> None:
    """Write the report of runs: one page that opens offline."""
    from comity.report.capability import Beside, read_capability
    from comity.report.exchanges import has_exchanges
    from comity.report.held import populations
    from comity.report.page import COMPARISON, FILE_NAME, folder_of, write_page
    from comity.report.results import opened

    page = out or folder_of(runs[0]) / (COMPARISON if compare else FILE_NAME)
    added = capability is not None or published
    if added and compare:
        refuse("--capability and --published add to the report of runs, and not to one that sets them side by side")
    how = {"population": population, "people": people, "condition": condition, "smallest": smallest, "tuned": tuned}
    given = {name: value for name, value in (how | {"draws": draws}).items() if value}
    if against is None and given:
        refuse(f"--{next(iter(given))} says how agents are held against people, and --against is missing")
    if against is not None and (compare or len(runs) > 1):
        refuse("--against is for the report of one run")
    held = None if against is None else _held(runs[0], against, given)
    with opened(runs, decisions=True) as measured:
        if added and not has_exchanges(measured):
            refuse("--capability and --published are about exchanges, and there is none in these runs")
        capable = {} if capability is None else read_capability(capability, measured.agents)
        if held is not None and held.candidate not in populations(measured.tables.matches):
            refuse(f"{against} is about {held.candidate!r}, and nobody of that name played in {runs[0]}")
        results = replace(measured, beside=Beside(capable, published, held))
        typer.echo(str(write_page(results, page, files, compare=compare)))


def _held(run: Path, against: Path, given: Mapping[str, Any]) -> Held:
    """The agents of the run held against people, or what was found before and kept in a file.

    given: the options that say how, by their names.
    """
    from comity.cli.validating import Asked, worked_out
    from comity.corpora.human.dataset import is_human, read_human
    from comity.corpora.human.recovered import NAME
    from comity.fidelity.kept import read
    from comity.report.held import Held, fitted

    if against.suffix == ".json":
        if given:
            refuse(f"{against} holds what was compared already; --{next(iter(given))} needs the people themselves")
        if not against.is_file():
            refuse(f"{against}: there is no such file; `comity fidelity --out` writes it")
        return Held(read(against))
    found = worked_out(Asked(run, against, **given))
    is_recovered = is_human(against) and read_human(against).card.name == NAME
    return Held(found.kept, fitted(found.people, found.candidate), is_recovered)
