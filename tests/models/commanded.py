"""The command `comity` as a process of its own, which like every test may reach this machine only."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from comity.cli import main
from comity.records.store import FILE_NAME


def started(path: Path, *options: str) -> subprocess.Popen[str]:
    """A process that plays the plan in that file into the folder `run` beside it, going on if there is something."""
    folder = path.parent / "run"
    command = [sys.executable, "-m", "tests.models.commanded", "run", str(path), "--out", str(folder)]
    resume = ["--resume"] if (folder / FILE_NAME).exists() else []
    return subprocess.Popen(
        [*command, *resume, "--no-report", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "COLUMNS": "200"},
    )


if __name__ == "__main__":
    import tests.conftest  # noqa: F401  # it watches over connections

    main()
