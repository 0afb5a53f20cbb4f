"""Commands for before a run: what a plan will cost, and plans of published studies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from comity.cli.app import PlanPath, app, refuse
from comity.cli.shown import Listing

if TYPE_CHECKING:
    from comity.runs.estimate import Estimate, Sum
    from comity.runs.spending import Range
    from comity.studies.study import Study

LATENCY = 10.0
CONCURRENCY = 64
_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_TIMES = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))

ModelNames = Annotated[
    list[str] | None,
    typer.Option("--model", help="A model in place of the agents, like openai:gpt-5.2; again for the next one."),
]


@app.command("estimate")
def estimate_command(
    plan: PlanPath,
    model: ModelNames = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many calls of one model are in flight at most.",
            show_default=f"calls.in_flight of the plan, or else {CONCURRENCY}",
        ),
    ] = None,
    latency: Annotated[float, typer.Option(min=0, help="How many seconds an answer takes.")] = LATENCY,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a plan will cost before anything is spent: calls, tokens, dollars, hours."""
    from comity.runs.estimate import estimate
    from comity.runs.models import check_without_keys, with_models
    from comity.runs.plan import read_plan

    read = with_models(plan, model) if model else read_plan(plan)
    check_without_keys(read)
    at_once = concurrency or read.calling.in_flight or CONCURRENCY
    found = estimate(read)
    if json_:
        typer.echo(_as_json(found, at_once, latency))
        return
    _mechanisms(found).print()
    typer.echo()
    _agents(found).print()
    typer.echo()
    _policies(found, tuple(_notes(found, at_once, latency))).print()


_SUMMED = ("calls", "tokens in", "tokens out", "US dollars", "new prompts", "shared prefix")


def _mechanisms(found: Estimate) -> Listing:
    rows = [{"mechanism": name, **_cells(total)} for (name,), total in found.by("mechanism").items()]
    rows.append({"mechanism": "total", **_cells(found.total)})
    return Listing(f"what {found.plan.name} will ask", ("mechanism", *_SUMMED), rows)


def _agents(found: Estimate) -> Listing:
    rows = [
        {"agent": label, "model": found.models[label].model, **_cells(total)}
        for (label,), total in found.by("agent").items()
    ]
    return Listing("by agent", ("agent", "model", *_SUMMED), rows)


def _cells(total: Sum) -> dict[str, Any]:
    shared = total.shared
    return {
        "calls": _calls(total.calls),
        "tokens in": _range(total.input),
        "tokens out": _range(total.output),
        "US dollars": _dollars(total.cost),
        "new prompts": _percent(shared.unique, shared.prompts),
        "shared prefix": _percent(shared.repeated, shared.characters),
    }


def _policies(found: Estimate, notes: tuple[str, ...]) -> Listing:
    rows = [
        {
            "policy": policy.name,
            "requests": _calls(policy.requests),
            "tokens in": _range(policy.input),
            "tokens out": _range(policy.output),
            "US dollars": _dollars(policy.cost),
        }
        for policy in found.policies
    ]
    return Listing("by policy", ("policy", "requests", "tokens in", "tokens out", "US dollars"), rows, notes)


def _notes(found: Estimate, at_once: int, latency: float) -> Iterator[str]:
    from comity.runs.spending import SLOWEST

    yield from _who(found)
    if found.plan.crossed:
        yield (
            f"crossed: each question {found.plan.samples} times in every replicate; what later stages ask depends on "
            "the answers: what is expected where models answer at random and, in brackets, from all alike to a bound "
            "that random answers stay below in about 97.5 % of runs; calls that ask again are not in it"
        )
    elif found.fixed:
        yield "calls: exact, because every match of a cell puts the same decisions; calls that ask again are not in it"
    else:
        yield (
            "calls: what is expected and, in brackets, a range of about 95 %, from dry plays, because matches differ "
            "in length; calls that ask again are not in it"
        )
    took = found.seconds(latency, at_once)
    yield (
        f"time: {_duration(took)}, with {latency:g} seconds for an answer and {at_once} calls of a model in flight; "
        f"the longest chain of answers that wait for one another has {found.chain.high:,.0f}, the slowest of them take "
        f"{SLOWEST:g} times as long"
    )
    yield from _assumed()
    rendered, asked = found.total.shared.prompts, found.total.calls.mean
    yield (
        f"prompts: {'all' if found.complete else 'a sample'}, {rendered:,} of {asked:,.0f}, rendered from plays with "
        "random answers; agents that answer more alike are asked more alike"
    )
    if not found.complete:
        yield (
            "sampled: tokens are those of the sample, scaled; of the whole plan fewer prompts are new and more of the "
            "prefix is shared, because it repeats itself more"
        )
    yield from _design(found)


def _design(found: Estimate) -> Iterator[str]:
    """What is to be known of the design before anything is spent on it."""
    from comity.runs.lint import telling

    yield from (f"balance: {sentence}" for sentence in found.plan.balance)
    yield from (f"{warned.about}: {warned.sentence}" for warned in telling(found.plan))


def _who(found: Estimate) -> Iterator[str]:
    scripts = [label for label, _ in found.plan.agents if label not in found.models]
    if found.assumed:
        yield "models: the plan has none; every agent is counted as if it were one, without a price"
    elif scripts:
        yield f"scripts: {', '.join(scripts)} cost nothing"
    if found.unpriced and not found.assumed:
        yield (
            f"dollars: without {', '.join(found.unpriced)}, of which no price is known; "
            "an agent can be given an input_price and an output_price"
        )
    if found.plan.calling.cap is not None:
        yield _capped(found.plan.calling.cap, found.total.cost)


def _capped(cap: float, cost: Range | None) -> str:
    if cost is None:
        return f"cap: {cap:,.2f} dollars, with nothing to compare it with, because no price is known"
    if cost.high <= cap:
        return f"cap: {cap:,.2f} dollars, enough for the most that is estimated ({cost.high:,.2f})"
    likely = "will probably" if cost.mean > cap else "may"
    return f"cap: the run {likely} be stopped by its cap of {cap:,.2f} dollars; it can be resumed with a higher one"


def _assumed() -> Iterator[str]:
    from comity.runs.spending import ASKED_AGAIN, HIDDEN, PER_CHARACTER, REASONS

    per_token = f"{1 / PER_CHARACTER.high:g} to {1 / PER_CHARACTER.low:g} characters to a token"
    again = f"{ASKED_AGAIN.low - 1:.0%} to {ASKED_AGAIN.high - 1:.0%} of the calls asked again"
    reasons = f"{_range(REASONS)} tokens of reasons where they are asked for"
    hidden = ", ".join(f"{_range(HIDDEN[effort])} with {effort} effort" for effort in ("low", "medium", "high"))
    yield f"assumed: {per_token}; {again}; {reasons}; hidden reasoning of {hidden}, and none where no effort is given"


def _calls(calls: Range) -> str:
    if calls.exact:
        return f"{calls.mean:,.0f}"
    return f"{calls.mean:,.0f} ({calls.low:,.0f} to {calls.high:,.0f})"


def _range(numbers: Range) -> str:
    low, high = _short(numbers.low), _short(numbers.high)
    return low if low == high else f"{low} to {high}"


def _short(number: float) -> str:
    for size, unit in _UNITS:
        if number >= size:
            return f"{number / size:.3g}{unit}" if number < 999.5 * size else f"{number / size:,.0f}{unit}"
    return f"{number:.0f}"


def _dollars(cost: Range | None) -> str | None:
    return None if cost is None else f"{cost.mean:,.2f} ({cost.low:,.2f} to {cost.high:,.2f})"


def _percent(part: int, whole: int) -> str | None:
    return f"{part / whole:.0%}" if whole else None


def _duration(seconds: Range) -> str:
    for size, unit in _TIMES:
        if seconds.low >= size:
            return f"{seconds.low / size:.1f} to {seconds.high / size:.1f} {unit}"
    return f"{seconds.low:.0f} to {seconds.high:.0f} seconds"


def _as_json(found: Estimate, at_once: int, latency: float) -> str:
    import json

    whole = {
        "plan": found.plan.name,
        "exact": found.fixed,
        "complete": found.complete,
        "assumed": found.assumed,
        "unpriced": found.unpriced,
        "total": _summed(found.total),
        "chain": found.chain._asdict(),
        "seconds": found.seconds(latency, at_once)._asdict(),
        "latency": latency,
        "concurrency": at_once,
        "lines": [
            {"mechanism": mechanism, "game": game, "agent": agent, "model": found.models[agent].model, **_summed(total)}
            for (mechanism, game, agent), total in found.by("mechanism", "game", "agent").items()
        ],
        "policies": [
            {name: value._asdict() if hasattr(value, "_asdict") else value for name, value in policy._asdict().items()}
            for policy in found.policies
        ],
    }
    return json.dumps(whole, indent=1)


def _summed(total: Sum) -> dict[str, Any]:
    shared = total.shared
    return {
        "calls": total.calls._asdict(),
        "input_tokens": total.input._asdict(),
        "output_tokens": total.output._asdict(),
        "cost": None if total.cost is None else total.cost._asdict(),
        "prompts_rendered": shared.prompts,
        "unique_prompts": shared.unique,
        "shared_prefix": shared.prefix,
    }


@app.command("study")
def study_command(
    name: Annotated[str, typer.Argument(metavar="STUDY", help='The name of a study, or "list".')],
    model: ModelNames = None,
    models: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A TOML file with the agents to play: `agents = [...]`.")
    ] = None,
    part: Annotated[
        str | None, typer.Option(help="Which plan of the study; see `comity study list`.", show_default="the first")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="As many games and episodes as sound numbers take, where it is smaller else.")
    ] = False,
    replicates: Annotated[
        int | None, typer.Option(min=1, help="How many replicates.", show_default="of the study")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="PLAN", help="The file to write.", show_default="standard output")
    ] = None,
    reference: Annotated[
        bool, typer.Option("--reference", help="Play scripts whose results are known, and compare (exchange only).")
    ] = False,
    worlds: Annotated[
        int | None, typer.Option(min=2, help="With --reference: in how many worlds.", show_default="10")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="With --reference: print a list of rows as JSON.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="With --reference: print CSV.")] = False,
) -> None:
    """Write the plan of a published study, to be played with models of your own."""
    from comity.runs.models import check_without_keys
    from comity.runs.plan import parsed_plan
    from comity.runs.wordings import beside
    from comity.studies.catalogue import STUDIES, study_called
    from comity.studies.roster import named, read_roster

    if name == "list":
        _list_studies(STUDIES.values())
        return
    if reference:
        from comity.cli.references import reference_table

        reference_table(name, worlds, json=json_, csv=csv)
        return
    if worlds or json_ or csv:
        refuse("--worlds, --json and --csv belong to --reference")
    if model and models:
        refuse("--model and --models name the agents twice; give one of them")
    roster = read_roster(models) if models else named(model) if model else None
    text = study_called(name).plan(roster, part=part, replicates=replicates, full=full)
    check_without_keys(parsed_plan(text, f"study {name}", beside((out or Path()).parent)))
    if out is None:
        typer.echo(text, nl=False)
    else:
        _write_plan(out, text)
        typer.echo(str(out))


def _list_studies(studies: Iterable[Study]) -> None:
    import textwrap

    for study in studies:
        typer.echo(textwrap.fill(f"{study.name}: {study.about}", 110, subsequent_indent="    "))
        for part in study.parts:
            line = f"--part {part.name}: {part.about}"
            typer.echo(textwrap.fill(line, 110, initial_indent="    ", subsequent_indent="        "))


def _write_plan(path: Path, text: str) -> None:
    """Only where nothing is lost."""
    content = text.encode()
    try:
        if path.exists() and path.read_bytes() != content:
            refuse(
                f"the plan is not written to {path}: what this file holds would be lost; move it or name another one"
            )
        path.write_bytes(content)
    except OSError as error:
        refuse(f"the plan cannot be written to {path}: {error.strerror}")
