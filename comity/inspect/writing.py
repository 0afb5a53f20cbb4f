"""A run as a log that Inspect's viewer opens: one sample per match, one model event per question that was put."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from statistics import fmean

from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalLog,
    EvalMetric,
    EvalPlan,
    EvalResults,
    EvalSample,
    EvalScore,
    EvalSpec,
    EvalStats,
    write_eval_log,
)
from inspect_ai.model import ModelConfig

from comity.inspect.measures import MEASURES, measured
from comity.inspect.samples import Exported, total
from comity.llm.inspecting import PREFIX
from comity.records.calls import Call
from comity.records.spec import Spec
from comity.records.store import Header, RunError, RunFile
from comity.runs.fields import MODEL

MOST = 2_000
"""Inspect writes a log from memory, where every match of it is held."""


def write_eval(run: RunFile, path: Path, most: int = MOST) -> int:
    """Write the run as a log of Inspect, and give the number of its matches.

    Raises `RunError` where there are more than `most`, the name is not one of a log, or there is a file already.
    """
    if path.suffix != ".eval":
        raise RunError(f"{path} is not the name of a log of Inspect, which ends in .eval")
    if path.exists():
        raise RunError(f"{path} is there already: remove it, or choose another name")
    count = run.count()
    if count > most:
        raise RunError(f"{run.path} has {count:,} matches, and Inspect holds a log in memory: {most:,} at most")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_eval_log(_log(run, list(_samples(run))), path.resolve().as_posix())
    return count


def _samples(run: RunFile) -> Iterator[EvalSample]:
    seed, models, began = run.header.seed, models_of(run.header), _began(run)
    measures, calls = measured(run.records()), _by_match(run)
    players = max((len(record.match.agents) for record in run.records()), default=0)
    for record in run.records():
        match = record.match
        asked = calls.get(match.key(seed), {})
        yield Exported(record, measures[match.index], asked, models, seed, players, began).sample()


def _by_match(run: RunFile) -> dict[int, dict[tuple[int, int], list[Call]]]:
    """The calls of a run by the stream of draws they belong to, and there by (step, slot)."""
    found: dict[int, dict[tuple[int, int], list[Call]]] = {}
    for call in run.calls():
        found.setdefault(call.draw.key, {}).setdefault((call.draw.step, call.draw.slot), []).append(call)
    return found


def _began(run: RunFile) -> datetime:
    return datetime.fromtimestamp(run.path.stat().st_mtime, UTC)


def models_of(header: Header) -> dict[str, str]:
    """What Inspect is to call the model behind each label; a script is one of its own."""
    return {label: _model(label, spec) for label, spec in header.agents}


def _model(label: str, spec: Spec | None) -> str:
    if spec is None:
        return f"imported/{label}"
    if spec.name != MODEL:
        return f"scripted/{label}"
    return str(spec.parameters["model"]).removeprefix(PREFIX).replace(":", "/", 1)


def _log(run: RunFile, samples: Sequence[EvalSample]) -> EvalLog:
    header, digest, when = run.header, run.digest(), _began(run).isoformat()
    models = models_of(header)
    names = set(models.values())
    spec = EvalSpec(
        eval_id=digest[:22],
        run_id=digest[:22],
        task_id=digest[22:44],
        created=when,
        task=header.name,
        task_version=header.rules_version,
        dataset=EvalDataset(
            name=header.name, samples=len(samples), sample_ids=[sample.id for sample in samples], shuffled=False
        ),
        model=names.pop() if len(names) == 1 else "none/none",
        model_roles={label: ModelConfig(model=model) for label, model in models.items()},
        config=EvalConfig(),
        metadata={"plan": header.plan, "seed": header.seed, "origin": header.origin, "notes": list(header.notes)},
    )
    usages = total(pair for sample in samples for pair in sample.model_usage.items())
    by_role = total(pair for sample in samples for pair in sample.role_usage.items())
    return EvalLog(
        status="success" if run.is_complete() else "cancelled",
        eval=spec,
        plan=EvalPlan(),
        results=EvalResults(
            total_samples=header.matches, completed_samples=len(samples), scores=list(_results(samples))
        ),
        stats=EvalStats(started_at=when, completed_at=when, model_usage=usages, role_usage=by_role),
        samples=list(samples),
    )


def _results(samples: Sequence[EvalSample]) -> Iterator[EvalScore]:
    """The mean of each measure for each player; the intervals are ours to say, since matches share agents."""
    for measure in MEASURES:
        values = [(sample.scores or {})[measure].value for sample in samples]
        players = dict.fromkeys(player for value in values if isinstance(value, Mapping) for player in value)
        for player in players:
            told = [float(value[player] or 0) for value in values if isinstance(value, Mapping)]
            numbers = [number for number in told if not isnan(number)]
            mean = EvalMetric(name="mean", value=fmean(numbers) if numbers else float("nan"))
            yield EvalScore(
                name=player,
                scorer=measure,
                scored_samples=len(numbers),
                unscored_samples=len(values) - len(numbers),
                metrics={"mean": mean},
            )
