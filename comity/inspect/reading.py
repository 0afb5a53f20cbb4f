"""Matches that Inspect played, back as a run of ours: to be replayed, measured and reported like any other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, read_eval_log

from comity.inspect.measures import STORE, row_of
from comity.records.spec import Spec
from comity.records.store import Header, Row, RunError, RunFile


@dataclass(frozen=True)
class Imported:
    """What was read: how many matches, and what was left out, in words."""

    matches: int
    notes: tuple[str, ...]


def import_eval(paths: Sequence[Path], out: Path) -> Imported:
    """Write the matches of these logs as a run into that folder.

    A sample that ended in an error has no match: a provider failed it, and no player. It is counted in the notes.
    Raises `RunError` where a log cannot be read or has none of our matches, and where the folder holds a run already.
    """
    logs = [_log(path) for path in paths]
    rows = [row._replace(match=index) for index, row in enumerate(row for log in logs for row in _rows(log))]
    if not rows:
        raise RunError(f"{', '.join(map(str, paths))}: there is no match of comity in it")
    notes = tuple(note for path, log in zip(paths, logs, strict=True) for note in _notes(path, log))
    header = Header(
        name=logs[0].eval.task.removeprefix("comity/"),
        origin="import",
        plan=f"Played by Inspect: {', '.join(log.eval.task for log in logs)}",
        seed=_seed(logs[0]),
        agents=tuple(_agents(logs).items()),
        matches=len(rows),
        notes=notes,
    )
    with RunFile.create(out, header) as run:
        run.append_rows(rows)
    return Imported(len(rows), notes)


def _log(path: Path) -> EvalLog:
    try:
        return read_eval_log(path.resolve().as_posix(), resolve_attachments=True)
    except OSError as error:
        raise RunError(f"{path}: the log cannot be read: {error.strerror or error}") from None
    except Exception as error:  # a damaged log fails wherever its reader happens to be
        raise RunError(f"{path} is no log of Inspect, or a damaged one ({type(error).__name__})") from None


def _held(log: EvalLog) -> Iterator[dict[str, Any]]:
    return (sample.store[STORE] for sample in log.samples or () if STORE in sample.store)


def _rows(log: EvalLog) -> Iterator[Row]:
    """The matches in the order of the task, epoch by epoch."""
    try:
        yield from map(row_of, _held(log))
    except (KeyError, TypeError):
        raise RunError(f"{log.location}: a match in it is not as comity kept it") from None


def _notes(path: Path, log: EvalLog) -> Iterator[str]:
    samples = log.samples or []
    lost = sum(STORE not in sample.store for sample in samples)
    if lost:
        yield f"{path.name}: {lost} of {len(samples)} samples ended in an error and have no match"


def _seed(log: EvalLog) -> int:
    return next((int(held["seed"]) for held in _held(log)), 0)


def _agents(logs: Sequence[EvalLog]) -> dict[str, Spec | None]:
    """Who is behind each label; a language model is known to Inspect alone."""
    found: dict[str, Spec | None] = {}
    for log in logs:
        for sample in log.samples or ():
            described = sample.metadata.get("match", {}).get("agents", {})
            for label in json.loads(sample.store[STORE]["record"]["agents"]) if STORE in sample.store else ():
                scripted = described.get(label, {}).get("name") not in (None, "model")
                found[label] = Spec.from_json(described[label]) if scripted else None
    return found
