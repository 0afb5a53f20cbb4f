"""The command that has reasons judged."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from math import isfinite
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from comity.cli.app import STOPPED, app, goes_on, refuse
from comity.cli.shown import Listing
from comity.words.printable import printable

if TYPE_CHECKING:
    from comity.judge.commission import Commission, Reached
    from comity.judge.estimate import Estimated
    from comity.judge.judging import Progress
    from comity.judge.keeping import Judgements, Terms
    from comity.judge.reason import Level, Reason
    from comity.llm.account import Account
    from comity.llm.batch import Waiting
    from comity.llm.endpoint import Price

Context: TypeAlias = Literal["reason", "game", "prompt", "action"]
Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high"]

Show: TypeAlias = Callable[..., None]
"""Shows what a function makes of what it is told, unless something was shown a moment ago."""

FEWEST = 80
"""Answers of models with fewer characters hold an answer and no reason; as in the published study."""
EVERY_ON_TERMINAL, EVERY_ELSEWHERE = 0.1, 5.0
"""Seconds between two lines of progress."""
_ADVICE = {
    "truncated": "Allow longer answers with --max-tokens, or less hidden reasoning with --effort.",
    "provider": "When the provider is well again, --resume tries once more.",
    "timeout": "When the provider is well again, --resume tries once more.",
}
_NONE = "Let another model judge, and try it with --limit first."
"""What to do where nothing could be labelled, by the most frequent cause."""
PAGE = "reasons.html"
"""The page about reasons from a file; those of a run stand in its report."""


@app.command()
def judge(
    run: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="The folder of a run.", show_default=False)
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help='Who judges, like openai:gpt-5.2; again for a second judge. "keywords" needs no model.',
            show_default=False,
        ),
    ] = None,
    reasons: Annotated[
        Path | None,
        typer.Option(
            help="A file of reasons instead of a run: Parquet, or CSV of people's own words.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder for judgements.", show_default="that of the run")
    ] = None,
    taxonomy: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Labels: published, exchange, or a TOML file of your own.")
    ] = "published",
    context: Annotated[Context, typer.Option(help="What a judge sees besides the reason.")] = "reason",
    passes: Annotated[int, typer.Option(min=1, help="How often each judge judges each reason.")] = 1,
    human: Annotated[
        Path | None, typer.Option(help="What people labelled: CSV with the columns id and labels.", show_default=False)
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Judge so many, drawn by chance.", show_default="all")
    ] = None,
    shortest: Annotated[
        int | None,
        typer.Option(min=1, help="Leave out answers with fewer characters.", show_default="80; 1 for a CSV of people"),
    ] = None,
    cap: Annotated[float | None, typer.Option(min=0, help="The most US dollars.", show_default="no limit")] = None,
    in_flight: Annotated[int, typer.Option(min=1, help="How many calls of one model may wait at a time.")] = 16,
    max_tokens: Annotated[int, typer.Option(min=1, help="The longest answer, hidden reasoning included.")] = 2_000,
    temperature: Annotated[
        float | None, typer.Option(min=0, help="Of the sampling.", show_default="the provider's")
    ] = None,
    effort: Annotated[
        Effort | None, typer.Option(help="How much hidden reasoning.", show_default="the provider's")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="An endpoint of your own.", show_default=False)] = None,
    key: Annotated[
        str | None, typer.Option(help="The NAME of the variable with the key.", show_default="the provider's")
    ] = None,
    input_price: Annotated[
        float | None, typer.Option(min=0, help="US dollars per million tokens read.", show_default="list price")
    ] = None,
    output_price: Annotated[
        float | None, typer.Option(min=0, help="And per million written.", show_default="list price")
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="Ask in batches: mostly half the price, and up to a day to wait.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with judgements that are there.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take, and stop.")] = False,
) -> None:
    """Label the reasons that models gave, by one or more judges."""
    from comity.judge.commission import Commission, foreseen
    from comity.llm.request import Settings

    if (run is None) == (reasons is None):
        refuse("name a run, or a file of reasons with --reasons, and not both")
    if reasons is not None and out is None:
        refuse("--reasons needs --out, the folder where the judgements go")
    if not model:
        refuse('--model is missing: name who judges, like openai:gpt-5.2, or "keywords"')
    if (input_price is None) != (output_price is None):
        refuse("--input-price and --output-price are given together or not at all")
    fewest = shortest or (1 if _are_people(reasons) else FEWEST)
    terms, found = _asked(run, reasons, taxonomy, context, fewest, limit)
    folder = out or _folder(run)
    order = Commission(
        terms,
        tuple(model),
        passes,
        Settings(temperature=temperature, max_tokens=max_tokens, effort=effort),
        cap,
        in_flight,
        base_url,
        key,
        _price(input_price, output_price),
        batch,
    )
    _print_estimate(foreseen(order, found, folder))
    if not dry_run:
        if reasons is not None and _are_people(reasons):
            _keep_circumstances(folder, reasons)
        _judge(order, found, folder, human, resume)


def _are_people(reasons: Path | None) -> bool:
    """Whether these are people's own words, which are in CSV and often short."""
    return reasons is not None and reasons.suffix.lower() == ".csv"


def _keep_circumstances(folder: Path, reasons: Path) -> None:
    """Keep beside the judgements in which situation each was said, for `comity reasons`."""
    from comity.judge.rationales import keep_circumstances, rationales_in

    rationales = rationales_in(reasons)
    folder.mkdir(parents=True, exist_ok=True)
    keep_circumstances(folder, rationales)


def _folder(run: Path | None) -> Path:
    assert run is not None
    return run.parent if run.is_file() else run


def _price(input: float | None, output: float | None) -> Price | None:
    from comity.llm.endpoint import Price

    return None if input is None or output is None else Price(input, output)


def _asked(
    run: Path | None, file: Path | None, taxonomy: str, level: Level, shortest: int, limit: int | None
) -> tuple[Terms, list[Reason]]:
    """By what is judged, and which reasons."""
    from comity.judge.errors import JudgeError
    from comity.judge.judging import sampled
    from comity.judge.keeping import Terms
    from comity.judge.reason import checked
    from comity.judge.taxonomies import taxonomy_called

    source = str(run or file)
    every = _in_file(file) if file is not None else _of_run(run, level)
    if not every:
        why = "it has no rows" if run is None else "no recorded match has an action that a model answered"
        raise JudgeError(f"{source}: there is no reason in it: {why}")
    long = [reason for reason in every if len(reason.text) >= shortest]
    if not long:
        raise JudgeError(f"{source}: none of the {len(every):,} answers has {shortest} characters (--shortest)")
    found = sampled(checked(long, level, source), limit)
    labels = taxonomy_called(taxonomy)
    left_out = len(every) - len(long)
    typer.echo(f"reasons: {len(found):,} of {len(every):,} answers; {left_out:,} have fewer than {shortest} characters")
    return Terms(labels, level, "a run" if file is None else file.name), found


def _in_file(file: Path) -> list[Reason]:
    from comity.judge.rationales import rationales_in
    from comity.judge.reason import reasons_in

    return [one.reason for one in rationales_in(file)] if _are_people(file) else reasons_in(file)


def _of_run(run: Path | None, level: Level) -> list[Reason]:
    from comity.judge.recorded import reasons_of
    from comity.records.store import RunFile

    assert run is not None
    with RunFile.open(run) as file:
        return list(reasons_of(file, level))


def _print_estimate(found: Sequence[Estimated]) -> None:
    columns = ("judge", "calls", "tokens read", "tokens written", "US dollars")
    rows = [
        dict(zip(columns, (one.judge, one.calls, *map(_between, (one.input, one.output)), _cost(one)), strict=True))
        for one in found
    ]
    if rows:
        notes = ("Without asking again: an answer that cannot be read is asked for up to three times more.",)
        Listing("what is left to be asked", columns, rows, notes).print()


def _between(span: tuple[float, float]) -> str:
    return f"{span[0]:,.0f} to {span[1]:,.0f}"


def _cost(one: Estimated) -> str:
    return "no price is known" if one.cost is None else f"{one.cost[0]:,.2f} to {one.cost[1]:,.2f}"


def _judge(order: Commission, found: Sequence[Reason], folder: Path, human: Path | None, resume: bool) -> None:
    import asyncio

    from comity.agents.agent import Halted
    from comity.judge.commission import carried_out, tried
    from comity.judge.keeping import Judgements

    there, again = Judgements.are_in(folder), "--resume --batch" if order.batch else "--resume"
    if resume or not there:  # otherwise it is refused below
        asyncio.run(tried(order, found, folder, human))
    opened = Judgements.open(folder, writable=True) if resume and there else Judgements.create(folder, order.terms)
    with opened as file:
        try:
            with _shown() as show:
                told = partial(show, _line), partial(show, _waiting_line)
                reached = asyncio.run(carried_out(order, found, file, human, *told))
        except KeyboardInterrupt:
            typer.echo(f"comity: interrupted; what was judged {goes_on(folder, again=again)}", err=True)
            raise
        except Halted as error:
            kept = f"Judging has stopped; what was judged {goes_on(folder, error, again=again)}"
            typer.echo(f"comity: {printable(str(error))} {kept}", err=True)
            raise typer.Exit(STOPPED) from None
        _print_end(reached, file.path)
        labelled = _print_unread(file, order)
    if order.terms.source != "a run":
        _write_page(folder)
    if not labelled:
        raise typer.Exit(1)


def _print_end(reached: Reached, path: Path) -> None:
    progress, total = reached.progress, reached.account.total
    typer.echo(f"judged: {progress.done:,}, of these {progress.unread:,} without a labelling")
    if total.calls or total.kept:
        unpriced = f", {total.unpriced:,} answers of unknown price" if total.unpriced else ""
        typer.echo(f"calls: {total.calls:,}, {total.input + total.output:,} tokens, ${total.spent:,.4f}{unpriced}")
    typer.echo(f"judgements: {path}")


def _print_unread(file: Judgements, order: Commission) -> bool:
    """Say why judgements have no labelling. Whether any of these judges labelled any reason."""
    judged = [one for one in file.judged() if one.judge in order.judges]
    causes = Counter(one.cause for one in judged if one.labels is None)
    labelled = len(judged) > causes.total()
    if causes:
        told = ", ".join(f"{count:,} {cause}" for cause, count in causes.most_common())
        typer.echo(f"without a labelling, by cause: {told}")
    if causes and not labelled:
        [(cause, _)] = causes.most_common(1)
        said = next(one.said for one in judged if one.cause == cause)
        typer.echo(
            f"comity: nothing could be labelled: {printable(said).rstrip('.')}. {_ADVICE.get(cause, _NONE)}", err=True
        )
    return labelled


def _write_page(folder: Path) -> None:
    from comity.report.judged import write_judged

    typer.echo(f"report: {write_judged(folder, folder / PAGE)}")


@contextmanager
def _shown() -> Iterator[Show]:
    """How far judging is, on standard error: one line that renews itself on a terminal, now and then one elsewhere."""
    renews, width = sys.stderr.isatty(), 0
    every = EVERY_ON_TERMINAL if renews else EVERY_ELSEWHERE
    after = monotonic() + (0 if renews else every)

    def show(words: Callable[..., str], *told: object) -> None:
        nonlocal after, width
        now = monotonic()
        if now < after:
            return
        after = now + every
        text = words(*told)
        sys.stderr.write(f"\r{text:<{width}}" if renews else f"{text}\n")
        sys.stderr.flush()
        width = len(text)

    try:
        yield show
    finally:
        if renews and width:
            sys.stderr.write("\n")


def _line(progress: Progress, account: Account) -> str:
    parts = [f"{progress.done:,} of {progress.total:,} judged", f"{progress.rate:,.3g} a second"]
    if isfinite(progress.remaining):
        minutes, seconds = divmod(round(progress.remaining), 60)
        parts.append(f"{minutes}:{seconds:02} left")
    return ", ".join([*parts, f"{progress.unread:,} unread", f"${account.total.spent:,.4f}"])


def _waiting_line(waiting: Waiting) -> str:
    hours, seconds = divmod(round(waiting.seconds), 3600)
    return f"waiting for {waiting.requests:,} answers of a batch, {hours}:{seconds // 60:02}:{seconds % 60:02}"
