"""The repeated-games study as plans: its games, its opponents, its calls, and that all of it can be played."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from comity.games.ordinal import FAMILIES, OrdinalGame
from comity.metrics.factors import levels
from comity.records.store import RunFile
from comity.records.tables import tables
from comity.runs.design import Plan
from comity.runs.estimate import estimate
from comity.runs.models import models_of
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from comity.runs.spending import Range
from comity.studies.repeatedgames import EPISODES, EPISODES_IN_FULL, REPEATED_GAMES
from comity.studies.study import StudyError

pytestmark = pytest.mark.slow

PARTS = [part.name for part in REPEATED_GAMES.parts]
SCRIPTS = [
    {"label": "planner", "name": "best_reply_to_prediction"},
    {"label": "shifting", "name": "win_stay_lose_shift"},
]
ROUNDS = 10


def plan_of(part: str, *, full: bool = False, scripts: bool = False, replicates: int | None = None) -> Plan:
    roster = SCRIPTS if scripts else None
    return parsed_plan(REPEATED_GAMES.plan(roster, part=part, full=full, replicates=replicates))


def games_of(plan: Plan) -> list[OrdinalGame]:
    games = [OrdinalGame(**cell.game.parameters) for cell in plan.cells]
    assert [cell.game_label for cell in plan.cells] == [game.number for game in games]
    return games


def test_in_full_it_has_every_game_and_else_every_family() -> None:
    everything = Counter(game.family for game in games_of(plan_of("games", full=True)))
    assert sum(everything.values()) == 144
    assert list(everything.values()).count(44) == 1
    few = games_of(plan_of("games"))
    assert {game.family for game in few} == set(FAMILIES)
    assert sum(game.is_symmetric for game in few) == 12


def test_there_are_as_many_episodes_as_are_sound_and_fewer_unless_asked() -> None:
    assert len(plan_of("prisoners").replicates) == EPISODES
    assert len(plan_of("prisoners", full=True).replicates) == EPISODES_IN_FULL == 10
    assert len(plan_of("prisoners", replicates=3).replicates) == 3


def test_everybody_is_asked_in_every_round_and_where_it_predicts_twice() -> None:
    plan = plan_of("prisoners", replicates=1)
    models, agents = len(models_of(plan)), len(plan.agents)
    asked = estimate(plan).by("mechanism")
    acts = 2 * models * agents * ROUNDS  # each model in each seat against everybody
    predictions = {"ten rounds": 0, "seat 1 predicts first": 1, "seat 2 predicts first": 1}
    for (mechanism,), total in asked.items():
        seats = predictions.get(mechanism, 2)
        assert total.calls == Range.exactly(acts + seats * models * agents * ROUNDS)


def test_the_plans_say_what_differs_from_what_was_published() -> None:
    head = " ".join(line.removeprefix("# ") for line in REPEATED_GAMES.plan().splitlines() if line.startswith("#"))
    for said in ("seat 2 is told the game that it plays", "letters drawn anew", "`comity observe`", "drawn"):
        assert said in head


def test_a_part_there_is_not_is_refused() -> None:
    with pytest.raises(StudyError, match="did you mean 'battle'"):
        REPEATED_GAMES.plan(part="batle")


@pytest.mark.parametrize("part", PARTS)
def test_scripts_play_every_part_to_its_end(tmp_path: Path, part: str) -> None:
    run(plan_of(part, scripts=True, replicates=1), tmp_path / "run", workers=1)
    with RunFile.open(tmp_path / "run") as file:
        found = tables(file.records())
        cells = {record.match.cell for record in file.records()}
    assert (found.matches["status"] == "finished").all()
    if part == "robustness":
        told = levels(found, tuple(cells))
        assert {"presentation.story", "presentation.unit", "repetition.horizon", "rescaling.times"} <= set(
            told["factor"]
        )
    if part == "games":
        drawn = found.decisions[found.decisions["kind"] == "labels"]
        assert drawn.groupby("match").size().eq(2).all()
        assert drawn["choice"].nunique() > 5


def test_a_partner_that_takes_turns_is_met_by_who_predicts_it(tmp_path: Path) -> None:
    """Social chain-of-thought in scripts: in step with the alternating partner before the end."""
    run(plan_of("battle", scripts=True, replicates=1), tmp_path / "run", workers=1)
    with RunFile.open(tmp_path / "run") as file:
        played = tables(file.records()).plays
    taken = played[(played["mechanism"] == "seat 1 predicts first") & (played["round"] >= 7)]
    firsts = taken[(taken["seat"] == 0) & (taken["agent"] == "planner")].set_index(["match", "round"])["action"]
    seconds = taken[(taken["seat"] == 1) & (taken["agent"] == "alternate")].set_index(["match", "round"])["action"]
    both = firsts.to_frame("first").join(seconds.to_frame("second"), how="inner")
    assert len(both) == 3
    assert (both["first"] == both["second"]).all()
