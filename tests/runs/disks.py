"""Runs on a disk that is too small, or that may only be read: a process has such a disk to itself.

unshare --mount --map-root-user python -m tests.runs.disks PLAN FOLDER full|read-only [KILOBYTES]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from comity.records.store import RunError, RunFile
from comity.runs.plan import read_plan
from comity.runs.run import run
from tests.runs.exported import tables

ALONE = ("unshare", "--mount", "--map-root-user")
"""What gives a process a view of the disks of its own; not every machine allows it."""


def refused(plan: Path, folder: Path) -> str:
    """The sentence with which the run is refused."""
    try:
        run(read_plan(plan), folder, resume=True)
    except RunError as error:
        return str(error)
    raise AssertionError("there was room enough")


def mount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "comity", disk], check=True)


def full(plan: Path, disk: Path, expected: dict[str, bytes], kilobytes: str) -> None:
    """A run that fills its disk says so, and goes on when there is more room."""
    mount(disk, f"size={kilobytes}k")
    sentence = refused(plan, disk / "run")
    assert "no more room on its disk" in sentence or "is it full?" in sentence, sentence
    mount(disk, "remount,size=100m")
    run(read_plan(plan), disk / "run", resume=True)
    assert tables(disk / "run") == expected


def read_only(plan: Path, disk: Path, expected: dict[str, bytes]) -> None:
    """On a disk that may only be read a run is read, and neither gone on with nor begun."""
    mount(disk, "size=100m")
    run(read_plan(plan), disk / "run")
    assert tables(disk / "run") == expected
    mount(disk, "remount,ro")
    assert "it may be read but not written" in refused(plan, disk / "run")
    assert "Read-only file system" in refused(plan, disk / "another")
    with RunFile.open(disk / "run") as file:
        assert sum(1 for _ in file.records()) == file.header.matches


def main() -> None:
    plan, folder, what, *kilobytes = sys.argv[1:]
    expected = tables(Path(folder) / "undisturbed")
    disk = Path(folder) / "disk"
    disk.mkdir(exist_ok=True)
    if what == "full":
        full(Path(plan), disk, expected, *kilobytes)
    else:
        read_only(Path(plan), disk, expected)


if __name__ == "__main__":
    main()
