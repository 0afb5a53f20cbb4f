"""A whole plan is played and kept.

Matches are played in shards, here or in other processes, and each shard is written when it is finished, all of it or
nothing; a run that was stopped goes on with the matches that are missing. Which process played what, and when, changes
nothing that is read back.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from math import inf
from multiprocessing import get_context, parent_process
from pathlib import Path
from time import monotonic
from typing import TypeAlias

from comity.agents.agent import Agent, ScriptedAgent
from comity.records.spec import MatchSpec
from comity.records.store import FILE_NAME, Header, Row, RunError, RunFile, stored, taken
from comity.runs.count import Count, Progress
from comity.runs.design import Block, Plan
from comity.runs.drive import ScriptedPlay, agents_of
from comity.runs.models import Models
from comity.runs.plan import plan_of
from comity.runs.waiting import play_waiting, play_with_models

SHARD = 250
"""How many matches are played and written at once."""
SEATS = 2_500
"""Or so many seats, where matches are of many players: else a few such matches would be one shard, and lost at once."""
HEAD_START = 1.0
"""For so many seconds this process plays alone: it takes about as long to start others."""


def run(
    plan: Plan,
    folder: Path,
    *,
    workers: int = 1,
    resume: bool = False,
    progress: Progress | None = None,
    agents: Mapping[str, Agent] | None = None,
) -> None:
    """Play every match of the plan that is not recorded yet, and record it in the folder.

    workers: how many processes play; agents that wait are all asked from this one.
    agents: who sits behind the labels, where it is not whom the plan names.
    Raises `ModelRefused` where a model cannot be asked as the plan says, before anything is written; `RunError` where
    the folder holds a run and resume is False, or the run of another plan, where it cannot be written, and where a
    process is lost; `PlayStopped` where a match cannot be played; `Halted` where no model can be asked any more. In
    every case, and after an interrupt, what was finished is kept, and what was paid for.
    """
    models = Models.of(plan) if agents is None else None
    seated = agents_of(plan) if agents is None else agents
    scripted = {label: agent for label, agent in seated.items() if isinstance(agent, ScriptedAgent)}
    _refuse_taken(plan, folder, resume)
    if models is not None and models.asked:
        asyncio.run(Models.of(plan).check())
    with _opened(plan, folder, resume) as file:
        count = Count(plan.n_matches, file.count(), progress)
        if models is not None and models.waits:
            asyncio.run(play_with_models(plan, models, file, missing(plan, file), count))
        elif len(scripted) < len(seated):
            asyncio.run(play_waiting(plan, seated, file, missing(plan, file), count))
        else:
            shards = _shards(plan, file)
            _play_here(_Desk(plan, scripted), shards, file, count, inf if workers == 1 else HEAD_START)
            _play_in_processes((plan, None if agents is None else scripted), shards, file, count, workers)
        if not file.is_complete():
            raise RunError(f"{file.path} lacks matches that were played; resume the run")


def _refuse_taken(plan: Plan, folder: Path, resume: bool) -> None:
    """Refuse a folder in which this plan cannot be played, before any model is asked for anything."""
    if not (folder / FILE_NAME).exists():
        return
    if not resume:
        raise RunError(taken(folder))
    with RunFile.open(folder) as file:
        _refuse_others(plan, file)


def _opened(plan: Plan, folder: Path, resume: bool) -> RunFile:
    """The file of the run, new or to be gone on with."""
    if resume and (folder / FILE_NAME).exists():
        file = RunFile.open(folder, writable=True)
        _refuse_others(plan, file)
    else:
        header = Header(
            plan.name,
            "plan",
            plan.text,
            plan.seed,
            plan.agents,
            plan.n_matches,
            notes=plan.skipped,
            wordings=plan.wordings,
            graphs=plan.graphs,
        )
        file = RunFile.create(folder, header)
    path = folder / "plan.toml"
    try:
        path.write_text(file.header.plan, encoding="utf-8")
    except OSError as error:
        file.close()
        raise RunError(f"{path} cannot be written: {error.strerror}") from error
    return file


def _refuse_others(plan: Plan, file: RunFile) -> None:
    """Close the file and raise `RunError` unless it is a run of this plan."""
    header = file.header
    compared = {
        "seed": (header.seed, plan.seed),
        "agents": (_labels(header.agents), _labels(plan.agents)),
        "matches": (header.matches, plan.n_matches),
    }
    differs = next((f": {what} {there}, not {here}" for what, (there, here) in compared.items() if there != here), None)
    if differs is None and plan_of(header, f"the plan in {file.path}") != plan:
        differs = ", the one in plan.toml beside it"
    if differs is not None:
        file.close()
        raise RunError(f"{file.path} is the run of another plan{differs}")


def _labels(agents: Iterable[tuple[str, object]]) -> str:
    return ", ".join(label for label, _ in agents)


@dataclass(frozen=True)
class Piece:
    """Some matches of one block: its number in the plan, and their places in it."""

    block: int
    places: tuple[int, ...]


Shard: TypeAlias = tuple[Piece, ...]
Seating: TypeAlias = tuple[Plan, Mapping[str, ScriptedAgent] | None]
"""What another process needs to play: the plan, and the agents where they are not the strategies of the plan."""


def _shards(plan: Plan, file: RunFile) -> Iterator[Shard]:
    """What is not recorded yet, in shards of some `SHARD` matches or `SEATS` seats."""
    gathered: list[Piece] = []
    blocks = tuple(plan.blocks())
    filled = 0.0
    for piece in _pieces(plan, file):
        gathered.append(piece)
        filled += len(piece.places) / _at_once(blocks[piece.block])
        if filled >= 1:
            yield tuple(gathered)
            gathered.clear()
            filled = 0.0
    if gathered:
        yield tuple(gathered)


def _pieces(plan: Plan, file: RunFile) -> Iterator[Piece]:
    for number, block in enumerate(plan.blocks()):
        at_once = _at_once(block)
        for start in range(0, block.count, at_once):
            places = range(start, min(start + at_once, block.count))
            done = file.done(block.first + places.start, block.first + places.stop)
            missing = tuple(place for place in places if block.first + place not in done)
            if missing:
                yield Piece(number, missing)


def _at_once(block: Block) -> int:
    """How many matches of a block are a shard."""
    return max(1, min(SHARD, SEATS // block.cell.built.n_players))


class _Desk:
    """Where shards are played. Every process has its own."""

    def __init__(self, plan: Plan, agents: Mapping[str, ScriptedAgent]) -> None:
        self._scripted = ScriptedPlay(plan, agents)
        self._blocks = tuple(plan.blocks())

    def play(self, shard: Shard) -> list[Row]:
        rows: list[Row] = []
        for piece in shard:
            block = self._blocks[piece.block]
            rows.extend(map(stored, self._scripted.records([block[place] for place in piece.places])))
        return rows


def _play_here(desk: _Desk, shards: Iterator[Shard], file: RunFile, count: Count, seconds: float) -> None:
    """Play shards in this process, for so many seconds at least if there are enough of them."""
    until = monotonic() + seconds
    for shard in shards:
        rows = desk.play(shard)
        file.append_rows(rows)
        count.add(len(rows))
        if monotonic() > until:
            return


def _play_in_processes(seating: Seating, shards: Iterator[Shard], file: RunFile, count: Count, workers: int) -> None:
    """Play the remaining shards in other processes, a few of them at a time; this one writes."""
    first = tuple(islice(shards, 2 * workers))
    if not first:
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _sit_down, seating)
    try:
        pending = {pool.submit(_play_there, shard) for shard in first}
        while pending:
            finished, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in finished:
                rows = future.result()
                file.append_rows(rows)
                count.add(len(rows))
            pending |= {pool.submit(_play_there, shard) for shard in islice(shards, len(finished))}
    except BrokenProcessPool as error:
        raise RunError(
            f"{file.path}: a process that played matches was lost (was there memory enough?); "
            "what was finished is kept, and the run can be resumed"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


_desk: _Desk
"""The desk of a process that plays for another one."""


def _sit_down(plan: Plan, agents: Mapping[str, ScriptedAgent] | None) -> None:
    """Make this process ready to play. It leaves interrupts to the one that keeps the run, and ends when that ends."""
    global _desk  # noqa: PLW0603  # a process has one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _desk = _Desk(plan, agents_of(plan) if agents is None else agents)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _play_there(shard: Shard) -> list[Row]:
    return _desk.play(shard)


def missing(plan: Plan, file: RunFile) -> Iterator[MatchSpec]:
    """The matches of the plan that are not recorded yet."""
    blocks = tuple(plan.blocks())
    for piece in _pieces(plan, file):
        yield from (blocks[piece.block][place] for place in piece.places)
