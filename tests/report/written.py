"""The report of a run, written as the command writes it."""

from __future__ import annotations

from pathlib import Path

from comity.report.page import FILE_NAME, folder_of, write_page
from comity.report.results import opened


def write_report(run: Path, out: Path | None = None) -> Path:
    """Write the report of a run, into its folder unless `out` names a file, and say where it is."""
    with opened([run], decisions=True) as results:
        return write_page(results, out or folder_of(run) / FILE_NAME)
