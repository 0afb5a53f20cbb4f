"""What people chose in repeated prisoner's dilemmas without a known end: Dal Bó and Fréchette (2011), read into ours.

Their six treatments cross what cooperation pays with how likely a match goes on; in each of 18 sessions everybody met
somebody new in every match. The moves are read from tidy Parquet, with one row for each player and round of a match.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from comity.core.errors import Diverged, IllegalChoice, RuleError
from comity.core.match import replay
from comity.core.outcome import stage_plays
from comity.corpora.columns import Row, read_rows
from comity.corpora.disagreements import Disagreement, differing, write_disagreements
from comity.corpora.ends import checked_out, checked_source
from comity.corpora.errors import CorpusError
from comity.records.record import Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.store import Header, RunFile

TABLE = "dal_bo_frechette_2011_all.parquet"
AGENT = "people"

_COLUMNS = {
    "session": "text", "match": "int", "player_in_match": "int", "supergame": "int", "round": "int", "action": "text",
    "opponent_action": "text", "payoff": "int", "payoff_R": "int", "payoff_S": "int", "payoff_T": "int",
    "payoff_P": "int", "continuation_probability": "float",
}  # fmt: skip
_OF_ONE = (
    "session", "supergame", "payoff_R", "payoff_S", "payoff_T", "payoff_P", "continuation_probability",
)  # fmt: skip
"""What must be the same in all rows of a match."""

_ACTIONS = {"C": "cooperate", "D": "defect"}
_NOT_READ = {
    "dal_bo_frechette_2011_subjects.parquet": "its choices are those of the last part of each session once more",
    "fudenberg_rand_dreber_2012.parquet": "it does not tell what the other did in the last round of a match",
    "nay_vorobeychik_2016.parquet": "it does not tell what the other did in the last round of a match",
}
"""Tables that lie beside it, and why no match of theirs can be played again, or need be."""


@dataclass(frozen=True)
class ImportedPeople:
    """What became of an import: how many matches are in the run, and where the source and our rules differ."""

    header: Header
    recorded: int
    disagreements: tuple[Disagreement, ...]

    def summary(self) -> tuple[str, ...]:
        """What a person is told of it, one line each."""
        return (f"{self.recorded:,} of {self.header.matches:,} matches imported", *self.header.notes)


def import_people(path: Path, out: Path) -> ImportedPeople:
    """Read the matches of the table in that folder into a new run in the folder `out`.

    Raises `CorpusError` where the source cannot be read, and `RunError` where the run cannot be written.
    """
    checked_source(path)
    checked_out(out)
    matches = _matches(read_rows(path / TABLE, _COLUMNS))
    if not matches:
        raise CorpusError(f"{path / TABLE} has no rows")
    read = list(_records(matches))
    records = [record for record, _ in read if record is not None]
    otherwise = tuple(disagreement for _, found in read for disagreement in found)
    header = _header(path, matches, otherwise, len(read) - len(records))
    with RunFile.create(out, header) as run:
        run.append(records)
    write_disagreements(out, otherwise)
    return ImportedPeople(header, len(records), otherwise)


def _matches(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each match, in the order in which the matches begin."""
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["match"]].append(row)
    return list(found.values())


def _header(path: Path, matches: list[list[Row]], otherwise: tuple[Disagreement, ...], refused: int) -> Header:
    plan = {"imported": "people", "from": str(path), "supergames": [rows[0]["supergame"] for rows in matches]}
    beside = [f"{name} is not read: {why}" for name, why in _NOT_READ.items() if (path / name).is_file()]
    unit = "each session is a replicate: in it everybody met somebody new in every match, and nobody is followed"
    notes = (unit, *beside, *differing(otherwise, refused))
    return Header("people 2011", "import", json.dumps(plan), 0, ((AGENT, None),), len(matches), notes=notes)


def _records(matches: Iterable[list[Row]]) -> Iterator[tuple[Record | None, list[Disagreement]]]:
    """Our record of each match, None where our rules cannot play it so; and where the two differ."""
    repeats: Counter[tuple[Cell, str]] = Counter()
    for index, rows in enumerate(matches):
        where = f"{TABLE}, match {rows[0]['match']}"
        cell, session = _cell(where, rows), rows[0]["session"]
        seats = _seats(rows)
        flaws = list(_unplayable(seats))
        record = None
        if not flaws:
            spec = MatchSpec(index, cell, (AGENT, AGENT), session, repeats[cell, session])
            repeats[cell, session] += 1
            record, flaws = _played(spec, *seats)
        yield record, [Disagreement(where, flaw) for flaw in flaws]


def _cell(where: str, rows: list[Row]) -> Cell:
    """The treatment of a match. Raises `CorpusError` where it is not one, or none that can be played here."""
    first = rows[0]
    for column in _OF_ONE:
        if any(row[column] != first[column] for row in rows):
            raise CorpusError(f"{where}: {column} must be the same in all rows of a match")
    chance = first["continuation_probability"]
    paid = {"reward": "R", "sucker": "S", "temptation": "T", "punishment": "P"}
    game = Spec.of("prisoners_dilemma", {field: first[f"payoff_{letter}"] for field, letter in paid.items()})
    going_on = Spec.of("random_continuation", {"chance": chance, "memory": "all"})
    cell = Cell(f"pd, R = {first['payoff_R']}", f"goes on {100 * chance:g} %", game, (going_on,))
    try:
        _ = cell.built
    except RuleError as error:
        raise CorpusError(f"{where}: its treatment cannot be played here: {error}") from error
    return cell


def _seats(rows: list[Row]) -> list[list[Row]]:
    """The rows of each player, round by round; who is told first sits first."""
    players: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        players[row["player_in_match"]].append(row)
    return [sorted(found, key=lambda row: row["round"]) for found in players.values()]


def _unplayable(seats: list[list[Row]]) -> Iterator[str]:
    """Why our rules cannot play it so."""
    if len(seats) != 2:
        yield f"it has {len(seats)} players, and there should be 2"
        return
    rounds = [[row["round"] for row in seat] for seat in seats]
    if rounds[0] != rounds[1] or rounds[0] != list(range(1, len(rounds[0]) + 1)):
        yield "both players must have the same rounds, without a gap"
        return
    for own, other in zip(*seats, strict=True):
        for told, done in ((own["opponent_action"], other["action"]), (other["opponent_action"], own["action"])):
            if told != done or done not in _ACTIONS:
                yield f"round {own['round']}: one is said to have done {done!r}, and the other to have met {told!r}"


def _played(spec: MatchSpec, first: list[Row], second: list[Row]) -> tuple[Record | None, list[str]]:
    """The record, and where the source says something else of a payoff. After the last round chance ended the match."""
    acts = [(_ACTIONS[one["action"]], _ACTIONS[two["action"]]) for one, two in zip(first, second, strict=True)]
    choices = tuple(step for number, act in enumerate(acts, 1) for step in (act, (number < len(acts),)))
    try:
        outcome = replay(spec.cell.built, choices).outcome
    except (Diverged, IllegalChoice) as error:
        return None, [f"it cannot be played so: {error}"]
    assert outcome is not None  # chance ends it where it is told to
    flaws = [
        f"round {row['round']}: player {seat + 1} is said to be paid {row['payoff']}, and our rules pay {paid:g}"
        for play, rows in zip(stage_plays(outcome), zip(first, second, strict=True), strict=True)
        for seat, (row, paid) in enumerate(zip(rows, play.outcome.payoffs, strict=True))
        if row["payoff"] != paid
    ]
    return Record(spec, "finished", choices, payoffs=outcome.payoffs), flaws
