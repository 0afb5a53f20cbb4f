"""People's own words for what they chose, from a table: what is judged, and beside it in which situation it was said.

One row for each rationale, in CSV. Nothing is filled in: what is not there is not known.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from comity.judge.errors import JudgeError
from comity.judge.reason import Reason

NEEDED = ("population", "session", "agent", "round", "text")
"""Columns that a table must have. It may have `action` and `own` (what was chosen, then and before), `neighbours` (the
share of others who cooperated before), and `id`, `game`, `mechanism`, `rules`, `prompt` and `payoffs` besides."""
KEPT = "circumstances.csv"
"""The file beside judgements that keeps what was known of each reason."""
COLUMNS = ("id", "population", "session", "agent", "round", "action", "own", "neighbours")
MOST_DIGITS = 9
_MEANS = {
    "1": 1.0,
    "0": 0.0,
    "C": 1.0,
    "D": 0.0,
    "cooperate": 1.0,
    "defect": 0.0,
    "true": 1.0,
    "false": 0.0,
    "": math.nan,
}


class Rationale(NamedTuple):
    """A reason, and when it was given: action and own are 1, 0 or NaN, neighbours is from 0 to 1 or NaN."""

    reason: Reason
    population: str
    session: str
    agent: str
    round: int
    action: float
    own: float
    neighbours: float


def rationales_in(path: Path) -> list[Rationale]:
    """The rationales in a CSV file, in its order; an id that is not given is session, agent and round.

    Raises `JudgeError` with the file, the line, the field, what was found and what is allowed.
    """
    return [_rationale(path, line, row) for line, row in _rows(path)]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise JudgeError(f"{path}: reasons are text in UTF-8, and byte {error.start + 1} of this is not") from None
    except OSError as error:
        raise JudgeError(f"{path}: the reasons cannot be read: {error.strerror}") from None
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        columns = reader.fieldnames or ()
        _check_columns(path, columns)
        for row in reader:
            if None in row or None in row.values():
                raise JudgeError(f"{path}, line {reader.line_num}: it has not as many fields as there are columns")
            yield reader.line_num, row
    except csv.Error as error:
        raise JudgeError(f"{path}, line {reader.line_num}: this is not CSV: {error}") from None


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        there = ", ".join(columns) or "none"
        raise JudgeError(
            f"{path}: reasons need the columns {', '.join(NEEDED)}; missing: {', '.join(missing)}; there are: {there}"
        )
    if len(set(columns)) < len(columns):
        raise JudgeError(f"{path}: a column stands there twice")


def _rationale(path: Path, line: int, row: dict[str, str]) -> Rationale:
    def refused(field: str, allowed: str) -> JudgeError:
        return JudgeError(f"{path}, line {line}: {field} must be {allowed}, not {row[field][:40]!r}")

    session, agent = row["session"].strip(), row["agent"].strip()
    if not session or not agent or not row["population"].strip():
        raise JudgeError(f"{path}, line {line}: population, session and agent must be named")
    if not row["round"].strip().isdecimal() or len(row["round"].strip()) > MOST_DIGITS:
        raise refused("round", f"a whole number from 0 to {'9' * MOST_DIGITS}")
    round = int(row["round"])
    for field in ("action", "own"):
        if row.get(field, "").strip() not in _MEANS:
            raise refused(field, "1 or 0, C or D, cooperate or defect, or empty")
    action, own = (_MEANS[row.get(field, "").strip()] for field in ("action", "own"))
    neighbours = _share(row.get("neighbours", "").strip())
    if neighbours is None:
        raise refused("neighbours", "from 0 to 1, or empty")
    reason = Reason(
        id=row.get("id") or f"{session}.{agent}.{round}",
        text=row["text"],
        game=row.get("game", ""),
        mechanism=row.get("mechanism", ""),
        agent=row["population"],
        match=session,
        rules=row.get("rules", ""),
        prompt=row.get("prompt", ""),
        action="" if math.isnan(action) else "cooperate" if action else "defect",
        payoffs=row.get("payoffs", ""),
    )
    return Rationale(reason, row["population"], session, agent, round, action, own, neighbours)


def _share(text: str) -> float | None:
    if not text:
        return math.nan
    try:
        share = float(text)
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None


def keep_circumstances(folder: Path, rationales: Sequence[Rationale]) -> None:
    """Write beside judgements when each reason was given; its words are not written.

    Raises `JudgeError` where something else was kept there of one of these reasons.
    """
    path = folder / KEPT
    lines = {one.reason.id: _line(one) for one in rationales}
    kept = {row[0]: row for row in _kept(path)}
    for id_, line in lines.items():
        if kept.get(id_, line) != line:
            raise JudgeError(
                f"{path}: of the reason {id_!r} something else was kept than is known now: judge elsewhere"
            )
    begun = path.with_suffix(".begun")
    with begun.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows((kept | lines).values())
    begun.replace(path)  # whoever is killed here leaves what was kept before


def circumstances_in(folder: Path) -> list[tuple[str, str, str, str, int, float, float, float]]:
    """What `keep_circumstances` wrote, with the `COLUMNS`. Raises `JudgeError` where it is not as it was written."""
    path = folder / KEPT
    return [_circumstance(path, *row) for row in _kept(path)]


def _circumstance(
    path: Path, id_: str, population: str, session: str, agent: str, round: str, action: str, own: str, neighbours: str
) -> tuple[str, str, str, str, int, float, float, float]:
    share = _share(neighbours)
    if not round.isdecimal() or len(round) > MOST_DIGITS or {action, own} - {"0", "1", ""} or share is None:
        raise _damaged(path)
    return id_, population, session, agent, int(round), _MEANS[action], _MEANS[own], share


def _kept(path: Path) -> list[list[str]]:
    """The rows of the file, without its head; none where there is no file."""
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = [*csv.reader(file, strict=True)] or [[]]
    except (UnicodeDecodeError, csv.Error):
        raise _damaged(path) from None
    if tuple(head) != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise _damaged(path)
    if len({row[0] for row in rows}) < len(rows):
        raise _damaged(path)
    return rows


def _damaged(path: Path) -> JudgeError:
    return JudgeError(
        f"{path}: this is not what was kept of the reasons; remove it, and have the same tables judged with --resume"
    )


def _line(of: Rationale) -> list[str]:
    numbers = ("" if math.isnan(value) else f"{value:g}" for value in (of.action, of.own, of.neighbours))
    return [of.reason.id, of.population, of.session, of.agent, str(of.round), *numbers]


WRITTEN = ("population", "session", "agent", "round", "text", "action", "own", "neighbours")
"""The columns of a table that is begun here."""


def check_addable(path: Path) -> None:
    """Raise `JudgeError` where words cannot be added to that table: it has other columns, or no folder to be in."""
    if not path.parent.is_dir():
        raise JudgeError(f"{path}: there is no folder {str(path.parent)!r} for a table of reasons")
    if not path.exists():
        return
    rationales_in(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = next(csv.reader(file), [])
    if tuple(head) != WRITTEN:
        raise JudgeError(f"{path}: words can be added to a table with the columns {', '.join(WRITTEN)}")


def add_rationales(path: Path, rows: Sequence[tuple[str, str, int, str, float, float, float]]) -> None:
    """Add people's words to a table, or begin one: session, agent, round, text, action, own, neighbours of each.

    Raises `JudgeError` as `check_addable`.
    """
    check_addable(path)
    begun = path.exists()
    unended = begun and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if unended:
            file.write("\r\n")
        if not begun:
            writer.writerow(WRITTEN)
        for session, agent, round, text, *numbers in rows:
            known = ("" if math.isnan(value) else f"{value:g}" for value in numbers)
            writer.writerow(["people", session, agent, round, text, *known])
