"""A run as Parquet, for whoever reads it without comity: the tables of `comity.records.tables`, and the levels."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from comity.records.levels import COLUMNS, levels
from comity.records.store import RunError, RunFile
from comity.records.tables import SCHEMAS, Origins, arrow_tables

LEVELS = pa.schema(zip(COLUMNS, (pa.int64(), pa.string(), pa.string()), strict=True))
"""The level of every field of every mechanism in each match, see `comity.records.levels`."""
FILES = {**SCHEMAS, "levels": LEVELS}


def export(file: RunFile, folder: Path, origins: Origins) -> tuple[Path, ...]:
    """Write matches, outcomes, plays, decisions and levels of a complete run into that folder, and say where they are.

    origins: what the run says of its choices (`comity.runs.origins.origins_of`).

    The files are written piece by piece, so that a run of any length passes through, and get their names only when all
    of them are whole. Equal runs give equal bytes. Raises `RunError` for a run that lacks matches, and where the folder
    cannot be written; `Diverged` where a record does not follow from the rules.
    """
    if not file.is_complete():
        done, total = file.count(), file.header.matches
        raise RunError(f"{file.path} has {done:,} of {total:,} matches; resume the run before it is exported")
    paths = {name: folder / f"{name}.parquet" for name in FILES}
    unfinished = {name: path.with_suffix(".unfinished") for name, path in paths.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(file, unfinished, origins)
        for name, path in paths.items():
            unfinished[name].replace(path)
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"{folder} cannot be written: {getattr(error, 'strerror', None) or error}") from error
    finally:
        for path in unfinished.values():
            if folder.is_dir():
                path.unlink(missing_ok=True)
    return tuple(paths.values())


def _write(file: RunFile, paths: dict[str, Path], origins: Origins) -> None:
    with ExitStack() as opened:
        writers = {
            name: opened.enter_context(pq.ParquetWriter(path, FILES[name], compression="zstd"))
            for name, path in paths.items()
        }
        for tables in arrow_tables(file.records(), origins):
            for name, table in {**tables, "levels": _levels(file, tables)}.items():
                writers[name].write_table(table)


def _levels(file: RunFile, tables: dict[str, pa.Table]) -> pa.Table:
    """The levels of the matches of a piece."""
    cells = {(cell.mechanism_label, cell.game_label): cell for cell in file.cells()}
    found = levels(tables["matches"].to_pandas(), tables["decisions"].to_pandas(), cells)
    return pa.Table.from_pandas(found, schema=LEVELS, preserve_index=False)
