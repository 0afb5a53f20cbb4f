"""P4: how long it takes until there is something to work with: `import comity` and `comity --help`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.measure import Check, Timed, seconds
from benchmarks.peer import PYTHON

RUNS = 7
HEAVY = ("torch", "numpy", "pandas", "scipy", "altair", "jinja2", "pydantic")
COMMAND = Path(sys.executable).with_name("comity")


def main() -> None:
    print(f"\nP4  whole processes from start to end, {RUNS} times in turn (asked for: at most 0.3 s each of ours)")
    print(f"  checked  {nothing_heavy().what}")
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import comity": [sys.executable, "-c", "import comity"],
    }
    if COMMAND.exists():
        print(f"  checked  {helps().what}")
        commands["comity --help"] = [str(COMMAND), "--help"]
    else:
        print("  comity --help is not measured: the command is not installed beside this Python")
    if python := os.environ.get(PYTHON):
        commands["import axelrod"] = [python, "-c", "import axelrod"]
    runs: dict[str, list[Timed[None]]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            runs[name].append(process(command))
    for name, timings in runs.items():
        cpu, wall = [run.cpu for run in timings], [run.wall for run in timings]
        print(f"  {name:16} {seconds(median(cpu))} CPU, {seconds(median(wall))} wall (from {seconds(min(wall))})")


def process(command: Sequence[str]) -> Timed[None]:
    """A whole process."""
    begin = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with code {child.returncode}")
    return Timed(None, usage.ru_utime + usage.ru_stime, wall)


def nothing_heavy() -> Check:
    code = f"import comity, sys; print(*(name for name in {HEAVY} if name in sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return Check(f"import comity brings in {', '.join(found) or 'none of ' + ', '.join(HEAVY)}", not found)


def helps() -> Check:
    shown = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=False)
    return Check(
        "comity --help ends with code 0 and names its commands", not shown.returncode and "run" in shown.stdout
    )


if __name__ == "__main__":
    main()
