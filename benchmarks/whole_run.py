"""A whole `comity run` of scripted agents, storage included: decisions per second of wall time."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.measure import Check, Timed, seconds, timed

PLAN = Path(__file__).resolve().parents[1] / "comity" / "plans" / "demo.toml"
REPLICATES = 20
COMMAND = Path(sys.executable).with_name("comity")
TARGET = 25_000
RUNS = 3


def main() -> None:
    print(
        f"\nwhole comity run of the shipped plan, {REPLICATES} replicates, {os.cpu_count()} cores, no report "
        f"(asked for: at least {TARGET:,} decisions per second)"
    )
    missing = next((path for path in (COMMAND, PLAN) if not path.exists()), None)
    if missing is not None:
        print(f"  not measured: there is no {missing}")
        return
    try:
        runs = [one_run() for _ in range(RUNS)]
    except subprocess.CalledProcessError as error:
        print(f"  not measured: comity run ended with code {error.returncode}: {error.stderr.strip()}")
        return
    (decisions, checked), walls, cpus = runs[0].result, [run.wall for run in runs], [run.cpu for run in runs]
    wall, cpu = median(walls), median(cpus)
    print(f"  checked  {checked.what}")
    print(f"  ours     {seconds(wall)} wall (from {seconds(min(walls))} to {seconds(max(walls))}, {RUNS} runs)")
    print(f"           {decisions / wall:,.0f} decisions per second, from the start of the process to its end")
    print(f"           {seconds(cpu)} CPU of all its processes: {decisions / cpu:,.0f} decisions per CPU second")


def one_run() -> Timed[tuple[int, Check]]:
    """What a run took, all its processes together, and what it holds."""
    with tempfile.TemporaryDirectory() as folder:
        plan, out = Path(folder) / "plan.toml", Path(folder) / "run"
        plan.write_text(f"replicates = {REPLICATES}\n{PLAN.read_text(encoding='utf-8')}", encoding="utf-8")
        order = [COMMAND, "run", plan, "--out", out, "--no-report"]
        cpu = children()
        run = timed(partial(subprocess.run, order, capture_output=True, text=True, check=True))
        return Timed(stored(out), children() - cpu, run.wall)


def children() -> float:
    """The CPU seconds of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def stored(folder: Path) -> tuple[int, Check]:
    """How many decisions the run holds, and whether it is whole; every 50th match is replayed to its payoffs."""
    from comity.records.store import RunFile

    decisions = 0
    with RunFile.open(folder) as file:
        for record in file.records():
            decisions += sum(map(len, record.choices))
            if record.match.index % 50 == 0:
                record.replayed()
        whole = file.is_complete()
    return decisions, Check(
        f"the run is whole, {decisions:,} decisions; every 50th match replays to its payoffs", whole
    )


if __name__ == "__main__":
    main()
