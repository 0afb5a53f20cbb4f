"""A whole run from Python: a plan, its records, a table."""

from pathlib import Path
from tempfile import TemporaryDirectory

from comity.metrics import table
from comity.records.store import RunFile
from comity.records.tables import tables
from comity.runs.plan import read_plan
from comity.runs.run import run

PLAN = """
name = "example"
seed = 1
games = ["prisoners_dilemma"]
mechanisms = ["none", "repetition", "contracting"]
agents = ["tit_for_tat", "always_defect", "rational"]
"""

with TemporaryDirectory() as folder:
    plan = Path(folder) / "plan.toml"
    plan.write_text(PLAN)
    run(read_plan(plan), Path(folder) / "run")
    with RunFile.open(Path(folder) / "run") as file:
        print(table(tables(file.records()), "mean", ["mechanism", "agent"]).as_markdown())
