"""The scripted study of exchanges: all reference agents under all automations and interventions, played and measured.

Ten copies of each agent in each world, under the clean rules and under the published ones; then every measure of every
match, the reference scripts and fitted helpfulness of every world, and the effects of all conditions.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tomli_w

from benchmarks.measure import Check, Timed, seconds, timed
from comity.metrics.exchanges import Played, by_condition, effects, played_by
from comity.records.store import RunFile
from comity.runs.plan import read_plan
from comity.runs.run import run

WORLDS = 3
WORKERS = 2
SIDES = ("request", "share", "submit")
AGENTS: Mapping[str, Mapping[str, Any]] = {
    "P2": {},
    "P3": {"asks": "one"},
    "Z1": {"asks": "none", "answers": 0.0},
    "Z2": {"answers": 0.0},
    "Z3": {"asks": "none"},
    "Z4": {"submits": False},
    "Z5": {"reciprocal": True},
    **{f"R({p:g})": {"answers": p} for p in (0.1, 0.25, 0.5, 0.75, 0.9)},
    **{f"R1({p:g})": {"answers": p, "once": True} for p in (0.1, 0.25, 0.5, 0.75, 0.9)},
    "L": {"lies": True},
    "S": {"asks": "again"},
    "H": {"waits": 2},
    "F": {"forgets": 0.1},
    "M": {"misreads": 0.1},
    "B": {"asks": "public"},
    "U1": {"asks": "none", "pushes": True},
    "E": {"asks": "everything"},
}
"""The reference agents, as all ten of a match are; and two who forget to ask and who misread."""
CONDITIONS: list[str | dict[str, Any]] = [
    "none",
    {"label": "policy", "name": "instruction", "aims": ["policy"]},
    {"label": "bonus", "name": "transfer_bonus", "each": 0.1, "asked": True},
    {"label": "scores hidden", "name": "visibility", "hide": ["scores"]},
    *(
        {"label": f"auto {' + '.join(sides)}", "name": "automation", "sides": list(sides)}
        for size in range(1, len(SIDES) + 1)
        for sides in combinations(SIDES, size)
    ),
    {"label": "auto perceive", "name": "automation", "sides": ["perceive"]},
]


def _plan(rules: str) -> dict[str, Any]:
    return {
        "name": rules,
        "seed": 1,
        "games": [{"label": f"world {world}", "name": rules, "world": world} for world in range(1, WORLDS + 1)],
        "mechanisms": CONDITIONS,
        "agents": [{"label": label, "name": "exchanger", **fields} for label, fields in AGENTS.items()],
        "matching": {"kind": "alike"},
    }


def _measured(folder: Path) -> list[Played]:
    with RunFile.open(folder) as file:
        return played_by([file])


def main() -> None:
    print(f"\nexchange  {len(AGENTS)} scripts, {len(CONDITIONS)} conditions, {WORLDS} worlds; {WORKERS} workers")
    with TemporaryDirectory() as folder:
        for rules in ("exchange", "exchange_compat"):
            _of_rules(rules, Path(folder))


def _of_rules(rules: str, folder: Path) -> None:
    plan, kept = folder / f"{rules}.toml", folder / rules
    plan.write_text(tomli_w.dumps(_plan(rules)), encoding="utf-8")
    playing = timed(lambda: run(read_plan(plan), kept, workers=WORKERS))
    reading = timed(lambda: _measured(kept))
    rows = timed(lambda: by_condition(reading.result))
    changes = timed(lambda: effects(reading.result))
    perfect = next(row for row in rows.result if row["mechanism"] == "none" and row["agents"] == "P2 x10")
    Check("every match is there", len(reading.result) == len(AGENTS) * len(CONDITIONS) * WORLDS)
    Check("no more is handed in than can be", all(row["optimum"] <= 1 for row in rows.result))
    Check("perfect cooperators answer everything", perfect["response"] == 1)
    print(f"  {rules}: {len(reading.result):,} matches")
    steps: dict[str, Timed[Any]] = {"play": playing, "replay": reading, "measure": rows, "effects": changes}
    for what, step in steps.items():
        print(f"    {what:<8}{seconds(step.wall):>9} wall")
    print(f"    {'in all':<8}{seconds(sum(step.wall for step in steps.values())):>9} wall")
