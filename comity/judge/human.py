"""What people labelled, read from a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from pathlib import Path

from comity.judge.errors import JudgeError
from comity.judge.judging import HUMAN
from comity.judge.keeping import Judged
from comity.judge.taxonomy import Taxonomy

COLUMNS = ("id", "labels")


def human_labels(path: Path, taxonomy: Taxonomy, known: Collection[str]) -> Iterator[Judged]:
    """The labellings in a CSV file with the columns `id` and `labels`: names with semicolons between them, or nothing.

    known: the ids that there are. One line for each reason that was read by people, also where no label applies.
    Raises `JudgeError` with the file, the line, what was found and what is allowed.
    """
    seen: set[str] = set()
    for line, row in _rows(path):
        id_, labels = row["id"], tuple(filter(None, (name.strip() for name in row["labels"].split(";"))))
        if id_ not in known:
            raise JudgeError(f"{path}, line {line}: there is no reason with the id {id_!r}")
        if id_ in seen:
            raise JudgeError(f"{path}, line {line}: the reason {id_!r} stands there twice")
        seen.add(id_)
        for name in labels:
            if name not in taxonomy.names:
                names = ", ".join(taxonomy.names)
                raise JudgeError(f"{path}, line {line}: there is no label {name!r}; there are: {names}")
        yield Judged(id_, HUMAN, 1, tuple(name for name in taxonomy.names if name in labels))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise JudgeError(f"{path}: the labels cannot be read: {why}") from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        heads = reader.fieldnames or []
        if missing := [column for column in COLUMNS if column not in heads]:
            lacking = f"{missing[0]} is" if len(missing) == 1 else f"{' and '.join(missing)} are"
            raise JudgeError(f"{path}: labels of people need the columns {', '.join(COLUMNS)}; {lacking} missing")
        for row in reader:
            if any(row[column] is None for column in COLUMNS):
                raise JudgeError(f"{path}, line {reader.line_num}: an entry is missing")
            yield reader.line_num, row
    except csv.Error as error:
        raise JudgeError(f"{path}, line {reader.line_num}: this is not CSV: {error}") from None
