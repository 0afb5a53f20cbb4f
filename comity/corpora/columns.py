"""Tidy tables as Parquet, believed only if their columns are there and hold what they should."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from comity.corpora.errors import CorpusError

if TYPE_CHECKING:
    import pyarrow as pa

Row: TypeAlias = dict[str, Any]

_WORDS = {"text": "text", "int": "whole numbers", "float": "numbers", "bool": "true or false"}


def read_rows(path: Path, columns: Mapping[str, str]) -> list[Row]:
    """The rows of that file, in its order, with these columns only; what is not a number is nothing.

    columns: what each holds ("text", "int", "float" or "bool"; a question mark: or nothing). Raises `CorpusError` where
    the file cannot be read, or one of its columns is missing or holds something else.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise CorpusError(f"{path} is missing, and nothing can be read without it")
    try:
        file = pq.ParquetFile(path)
        absent = [column for column in columns if column not in file.schema_arrow.names]
        if absent:
            raise CorpusError(f"{path} has no column {', '.join(absent)}")
        table = file.read(list(columns))
    except (OSError, pa.ArrowException) as error:
        raise CorpusError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    for column, kind in columns.items():
        _check(path, column, kind, table[column])
    return [{column: None if entry != entry else entry for column, entry in row.items()} for row in table.to_pylist()]


def _check(path: Path, column: str, kind: str, found: pa.ChunkedArray) -> None:
    """Raise `CorpusError` unless the column holds what it should."""
    if not _holds(kind, found.type):
        raise CorpusError(f"{path}: the column {column} holds {found.type}, where {_WORDS[kind.rstrip('?')]} belong")
    if found.null_count and not kind.endswith("?"):
        raise CorpusError(f"{path} has {found.null_count} rows without {column}")


def _holds(kind: str, found: pa.DataType) -> bool:
    from pyarrow import types

    if types.is_null(found):  # a column without entries says nothing of what it would hold
        return kind.endswith("?")
    tests: dict[str, Callable[[Any], bool]] = {
        "text": lambda kind: types.is_string(kind) or types.is_large_string(kind),
        "int": types.is_integer,
        "float": types.is_floating,
        "bool": types.is_boolean,
    }
    return tests[kind.rstrip("?")](found)
