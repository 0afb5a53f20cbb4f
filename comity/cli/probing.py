"""Commands that ask agents what they would do where people stood, and score what they said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from comity.cli.app import RunPath, RunPaths, app, refuse
from comity.cli.reading import AsCSV, AsJSON
from comity.cli.shown import Listing

if TYPE_CHECKING:
    from comity.fidelity.probes import Scored
    from comity.records.record import Record

Answers: TypeAlias = Literal["lottery", "choice", "token"]
SAMPLES = 20
"""How often a model that answers with a choice is asked at each history."""
NOTES = (
    "log loss in nats per choice, and expected calibration error (ECE): 0 is best; slope: 1 is calibrated, less is too "
    "sure; in brackets 95 % intervals over people, sessions drawn again and then agents in them",
    "coin, marginal, persistence: skill; 0 is no better than this floor, 1 as good as the table of what other people "
    "did in the same context (own last action, share of neighbours who cooperated), above 1 better; a dash where the "
    "floor is no worse than that table",
)


@app.command("probe")
def probe_command(
    run: RunPath,
    out: Annotated[Path, typer.Option(metavar="PLAN", help="The file to write.", show_default=False)],
    agent: Annotated[
        list[str] | None, typer.Option("--agent", help="A script, like moody(slope=1.0); again for the next one.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", help="A model, like openai:gpt-5.2; again for the next.")
    ] = None,
    agents: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A TOML file with agents as in a plan: `agents = [...]`.")
    ] = None,
    form: Annotated[Answers, typer.Option(help="How models given by --model answer.")] = "lottery",
    samples: Annotated[
        int | None,
        typer.Option(min=1, help="How often each decision is put.", show_default=f"1; {SAMPLES} for --form choice"),
    ] = None,
    game: Annotated[str | None, typer.Option(help="Only matches of this game, by label.", show_default="all")] = None,
    mechanism: Annotated[
        str | None, typer.Option(help="Only matches under this stack, by label.", show_default="all")
    ] = None,
    most: Annotated[
        int | None, typer.Option(min=1, help="At most so many matches, by lot.", show_default="all")
    ] = None,
    rounds: Annotated[
        str | None, typer.Option(help="Only at these rounds, like 1,2,10.", show_default="all of them")
    ] = None,
) -> None:
    """Write a plan that asks agents, at each recorded history of people, what they would do."""
    from comity.runs.observing import spelled
    from comity.runs.plan import parsed_plan
    from comity.runs.probing import probed, probing

    who = list(_agents(agent or (), model or (), agents, form))
    if not who:
        refuse("nobody is to be asked: name a script with --agent, a model with --model, or a file with --agents")
    if out.exists():
        refuse(f"{out} is there already; take another name for the plan")
    name, records = _recorded(run, game, mechanism)
    often = samples or (SAMPLES if model and form == "choice" else 1)
    text = spelled(probing(name, probed(records, most), who, often, _numbers(rounds)))
    parsed_plan(text, "the plan of probes")
    out.write_text(text, encoding="utf-8")
    typer.echo(str(out))


def _agents(
    scripts: Sequence[str], models: Sequence[str], file: Path | None, form: Answers
) -> Iterator[dict[str, Any]]:
    from comity.runs.observing import scripted
    from comity.studies.roster import read_roster

    yield from map(scripted, scripts)
    for model in models:
        yield {"label": model, "name": "model", "model": model, "form": form, "reasoning": False}
    if file is not None:
        yield from (dict(entry) for entry in read_roster(file))


def _recorded(run: Path, game: str | None, mechanism: str | None) -> tuple[str, list[Record]]:
    """What the run is called, and its matches of that game under that stack."""
    from comity.records.store import RunFile

    with RunFile.open(run) as file:
        every = list(file.records())
        name = file.header.name
    for what, wanted in (("game", game), ("mechanism", mechanism)):
        there = sorted({getattr(record.match.cell, f"{what}_label") for record in every})
        if wanted is not None and wanted not in there:
            refuse(f"the run has no {what} {wanted!r}; there are: {', '.join(there)}")
    taken = [
        record
        for record in every
        if game in (None, record.match.cell.game_label) and mechanism in (None, record.match.cell.mechanism_label)
    ]
    return name, taken


def _numbers(rounds: str | None) -> list[int]:
    parts = [part.strip() for part in rounds.split(",")] if rounds else []
    if not all(part.isdecimal() and int(part) for part in parts):
        refuse(f"--rounds is a list of whole numbers from 1, such as 1,2,10, not {rounds!r}")
    return sorted({int(part) for part in parts})


@app.command("probed")
def probed_command(
    runs: RunPaths,
    draws: Annotated[int, typer.Option(min=100, help="How often people are drawn again.")] = 1_000,
    json_: AsJSON = False,
    csv: AsCSV = False,
) -> None:
    """Score what agents said where people stood: log loss, calibration, and skill against simple predictions."""
    from comity.fidelity.probes import probes_of, scored
    from comity.records.store import RunFile
    from comity.runs.origins import origins_of

    if json_ and csv:
        refuse("--json and --csv are two forms of one table; ask for one of them")
    rows, notes = list[dict[str, Any]](), list[str]()
    for folder in runs:
        with RunFile.open(folder) as file:
            drawing = origins_of(file).drawing
            found = probes_of(file.records(), drawing or ())
        for probes in found:
            result = scored(probes, draws)
            notes += result.notes
            rows.append({"agent": probes.agent, "condition": probes.people.condition, **_scores(result)})
    told = rows if json_ or csv else list(map(_brief, rows))
    apart = json_ or csv or len({row["condition"] for row in rows}) > 1
    columns = tuple(name for name in told[0] if apart or name != "condition")
    Listing("answers where people stood", columns, told, (*NOTES, *dict.fromkeys(notes))).print(json=json_, csv=csv)


def _scores(result: Scored) -> dict[str, Any]:
    """One row, with both ends of each interval."""
    row: dict[str, Any] = {
        "choices": result.choices,
        "people": result.agents,
        "sessions": result.sessions,
        "cooperated": result.rate,
        "predicted": result.said,
    }
    for name in ("log_loss", "brier", "ece", "intercept", "slope"):
        row |= _measured(name, getattr(result.point, name), getattr(result.draws, name))
    for floor in result.point.skill:
        row |= _measured(f"skill_{floor}", result.point.skill[floor], result.draws.skill[floor])
    return row


def _measured(name: str, point: Any, draws: Any) -> dict[str, float]:
    import numpy as np

    known = draws[np.isfinite(draws)]
    low, high = np.quantile(known, (0.025, 0.975)) if known.size else (np.nan, np.nan)
    return {name: float(point[0]), f"{name}_low": float(low), f"{name}_high": float(high)}


def _brief(row: dict[str, Any]) -> dict[str, Any]:
    """The row as people read it: the log loss with its interval, and the rest without theirs."""
    told: dict[str, Any] = {name: row[name] for name in ("agent", "condition", "choices", "cooperated", "predicted")}
    told["log loss"] = f"{row['log_loss']:.3f} [{row['log_loss_low']:.3f}, {row['log_loss_high']:.3f}]"
    told |= {name: row[name] for name in ("slope", "ece")}
    return told | {name.removeprefix("skill_"): row[name] for name in row if name in _SKILLS}


_SKILLS = ("skill_coin", "skill_marginal", "skill_persistence")
