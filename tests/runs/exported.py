"""The tables of a run as bytes, to be compared."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from comity.records.export import export
from comity.records.store import RunFile
from comity.runs.origins import origins_of


def tables(folder: Path) -> dict[str, bytes]:
    """The exported files of a run, by name."""
    with RunFile.open(folder) as file, TemporaryDirectory() as exported:
        return {path.name: path.read_bytes() for path in export(file, Path(exported), origins_of(file))}
