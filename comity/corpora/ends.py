"""Where an import comes from, and where it goes."""

from __future__ import annotations

from pathlib import Path

from comity.corpora.errors import CorpusError
from comity.records.store import FILE_NAME


def checked_source(path: Path) -> None:
    """Raise `CorpusError` unless there is a folder."""
    if not path.is_dir():
        raise CorpusError(f"{path} {'is a file, not a folder' if path.exists() else 'does not exist'}")


def checked_out(out: Path) -> None:
    """Raise `CorpusError` where a run lies already."""
    if (out / FILE_NAME).exists():
        raise CorpusError(f"{out} holds a run already; choose another folder")
