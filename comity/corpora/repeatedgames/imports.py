"""From the published moves to a run of ours.

The source is read and played again whole before the run is made, so a source that is broken in its last line leaves no
run behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from comity.corpora.disagreements import Disagreement, differing, write_disagreements
from comity.corpora.ends import checked_out, checked_source
from comity.corpora.errors import CorpusError
from comity.corpora.repeatedgames.account import Source
from comity.corpora.repeatedgames.check import Reading, readings
from comity.corpora.repeatedgames.clone import is_clone, read_clone
from comity.corpora.repeatedgames.kept import IMPORTED, kept
from comity.corpora.repeatedgames.names import PEOPLE, SERVED, SWEEP, USUAL
from comity.corpora.repeatedgames.parquet import is_parquet, read_parquet
from comity.corpora.repeatedgames.terms import is_misprinted
from comity.records.store import Header, RunFile


@dataclass(frozen=True)
class Imported:
    """What became of an import.

    recorded: how many matches are in the run. payoffs_only: how many of them without their choices. decisions: how
    many choices the source tells. disagreements: all places where the source and our rules differ, or the source
    contradicts itself; they also stand in a file beside the run.
    """

    header: Header
    recorded: int
    payoffs_only: int
    decisions: int
    disagreements: tuple[Disagreement, ...]

    @property
    def left_out(self) -> int:
        """How many matches are not in the run, because they cannot be played by our rules."""
        return self.header.matches - self.recorded

    def summary(self) -> tuple[str, ...]:
        """What a person is told of it, one line each."""
        known = f", {self.payoffs_only} of them by their payoffs only" if self.payoffs_only else ""
        counts = (
            f"{self.recorded:,} of {self.header.matches:,} matches imported{known}; {self.decisions:,} choices told"
        )
        return (counts, *self.header.notes)


def read_repeated_games(path: Path) -> Source:
    """What lies there: the tidy tables as Parquet, or a clone of the source's repository.

    Raises `CorpusError` where path holds neither, or what it holds cannot be understood.
    """
    checked_source(path)
    if not is_parquet(path) and not is_clone(path):
        raise CorpusError(
            f"{path} holds no moves of repeated games: neither the tidy tables nor the files of the source"
        )
    source = read_parquet(path) if is_parquet(path) else read_clone(path)
    if not source.episodes and not source.people:
        raise CorpusError(f"{path} holds no moves of repeated games: its files have no rows")
    return source


def import_repeated_games(path: Path, out: Path) -> Imported:
    """Read what lies at path into a new run in the folder `out`.

    Raises `CorpusError` where the source cannot be read, and `RunError` where the run cannot be written.
    """
    source = read_repeated_games(path)
    checked_out(out)
    found = list(readings(source))
    otherwise = tuple(disagreement for reading in found for disagreement in reading.disagreements)
    header = _header(source, path, found, otherwise)
    records = [reading.record for reading in found if reading.record is not None]
    with RunFile.create(out, header) as run:
        run.append(records)
    write_disagreements(out, otherwise)
    payoffs_only = sum(record.status == "payoffs_only" for record in records)
    told = sum(reading.decisions for reading in found)
    return Imported(header, len(records), payoffs_only, told, otherwise)


def _header(source: Source, path: Path, found: list[Reading], otherwise: tuple[Disagreement, ...]) -> Header:
    plan = json.dumps(kept(source, str(path)))
    refused = sum(reading.record is None for reading in found)
    notes = (*source.notes, *_defects(source), *differing(otherwise, refused))
    agents = tuple((agent, None) for agent in _agents(source))
    return Header(f"{IMPORTED} {path.resolve().name}", "import", plan, 0, agents, len(found), notes=notes)


def _agents(source: Source) -> Iterable[str]:
    found = dict.fromkeys(player for episode in source.episodes for player in episode.players)
    return (*found, *((SERVED, PEOPLE) if source.people else ()))


def _defects(source: Source) -> Iterator[str]:
    """What of the source cannot be told by records, in words; only of what was found there."""
    if swept := sum(episode.experiment == SWEEP for episode in source.episodes):
        yield (
            f"seat 2 was told the wrong game in all {swept:,} episodes of the sweep of all games (its two cells off "
            "the diagonal exchanged); its choices answer that game, and are paid by the other"
        )
    if misprinted := sorted({episode.game.id for episode in source.episodes if is_misprinted(episode.game)}):
        yield (
            f"{len(misprinted)} games of the sweep are misprinted and no strict ordinal games; they are recorded as "
            f"they were paid: {', '.join(misprinted)}"
        )
    if exchanged := [e for e in source.episodes if e.telling.labels[::-1] in USUAL and e.experiment != SWEEP]:
        rows = 2 * sum(len(episode.answers) for episode in exchanged)
        yield (
            f"in {len(exchanged)} episodes ({rows} choices) the rules that were told have the letters exchanged "
            "against what was paid; choices are recorded by what they were paid"
        )
    if ending := sum(episode.telling.end is not None for episode in source.episodes):
        yield (
            f"in {ending} episodes a chance of ending after each round was stated and all rounds were played; a match "
            "pays what that chance makes it worth, and its rounds what they paid"
        )
    if source.people:
        yield (
            "the version of GPT-4 that people met was drawn anew in every round, and the condition label is the last "
            "draw; it is kept, and is no treatment"
        )
    if source.episodes:
        yield "the order in which a question named the options differed by round, and is not kept"
