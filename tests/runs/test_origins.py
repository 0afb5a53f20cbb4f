"""What exported tables say of draws, which only the run knows: the same as the report's."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from comity.agents.agent import ScriptedAgent
from comity.records.export import export
from comity.records.record import Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.store import Header, RunFile
from comity.records.tables import Origins
from comity.report.results import Results
from comity.runs.origins import origins_of
from comity.runs.plan import Plan, parsed_plan
from comity.runs.run import run
from tests.commands import called
from tests.runs.mixing import Mixes

MODELS = """
agents = [{name = "model", label = "a", model = "test:a"}, {name = "always_cooperate", label = "b"}]
"""
SCRIPTS = """
agents = [{name = "always_defect", label = "a"}, {name = "always_cooperate", label = "b"}]
"""


def plan_of(agents: str, rest: str = "") -> Plan:
    return parsed_plan(
        f'name = "p"\nseed = 5\ngames = ["prisoners_dilemma"]\nmechanisms = ["none", "mediation"]\n{agents}\n{rest}',
        "a plan",
    )


def exported(folder: Path) -> pd.DataFrame:
    """The flags of matches in the file that the command writes, which are those that the report goes by."""
    written = called(["export", str(folder), "--to", str(folder / "tables")])
    assert written.returncode == 0, written.stderr
    found = pd.read_parquet(folder / "tables" / "matches.parquet")
    with RunFile.open(folder) as file:
        reported = Results.of(file).tables.matches
    for flag in ("drawn", "shared"):
        assert found[flag].tolist() == reported[flag].tolist()
    return found


def played(plan: Plan, folder: Path) -> pd.DataFrame:
    """The same with agents that always say the same, so that no record shows a draw."""
    run(plan, folder, agents={label: ScriptedAgent(label, Mixes(label)) for label, _ in plan.agents})
    return exported(folder)


def test_what_a_model_answered_is_a_draw(tmp_path: Path) -> None:
    found = played(plan_of(MODELS), tmp_path)
    with_model = found["agents"].str.contains('"a"')
    assert 0 < with_model.sum() < len(found)
    assert found.loc[with_model, "drawn"].all()


@pytest.mark.parametrize(("proposals", "shared"), [("match", False), ("tournament", True)])
def test_proposals_are_shared_where_they_are_made_before_play(proposals: str, shared: bool, tmp_path: Path) -> None:
    found = played(plan_of(SCRIPTS, f'[run]\nproposals = "{proposals}"'), tmp_path)
    assert (found.loc[found["mechanism"] == "mediation", "shared"] == shared).all()
    assert not found.loc[found["mechanism"] == "none", "shared"].any()


def test_matches_that_were_worked_out_rest_on_draws_that_they_share(tmp_path: Path) -> None:
    rest = '[run]\nstages = "crossed"\nsamples = 2\n'
    run(plan_of(SCRIPTS, rest), tmp_path)
    found = exported(tmp_path)
    assert set(found["status"]) == {"expected"}
    assert found[["drawn", "shared"]].all(axis=None)


def test_scripts_that_are_sure_are_no_draws(tmp_path: Path) -> None:
    run(plan_of(SCRIPTS), tmp_path)
    found = exported(tmp_path)
    assert not found.loc[found["mechanism"] == "none", ["drawn", "shared"]].any(axis=None)


def test_how_a_game_is_told_is_no_draw_to_scripts(tmp_path: Path) -> None:
    """Ten replicates of two sure scripts are ten copies, whatever the options were called."""
    stack = '["repetition", {name = "presentation", labels = "random", options = "random", question = "random"}]'
    text = f'name = "p"\nseed = 5\ngames = ["prisoners_dilemma"]\nmechanisms = [{stack}]\n'
    run(parsed_plan(text + 'agents = ["tit_for_tat", "always_defect"]', "a plan"), tmp_path / "sure")
    assert not exported(tmp_path / "sure")["drawn"].any()
    played(parsed_plan(text + MODELS, "a plan"), tmp_path / "models")
    assert exported(tmp_path / "models")["drawn"].any()


def test_what_somebody_else_played_was_drawn(tmp_path: Path) -> None:
    record = Record(
        MatchSpec(0, Cell("pd", "none", Spec.of("prisoners_dilemma")), ("a", "b")),
        "finished",
        (("defect", "defect"),),
        payoffs=(1.0, 1.0),
    )
    with RunFile.create(tmp_path, Header("i", "import", "", 1, (("a", None), ("b", None)), 1)) as file:
        file.append([record])
        assert origins_of(file) == Origins(drawing=None)
        [path, *_] = export(file, tmp_path / "by hand", origins_of(file))
    assert pd.read_parquet(path)["drawn"].all()
    assert exported(tmp_path)["drawn"].all()
