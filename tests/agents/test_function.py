"""A Python function plays: told the decision as plain data, read strictly, never taken for a move it did not make."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from comity.agents.function import FunctionAgent, FunctionRefused, PythonFunction, told
from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.errors import BadParameter, NoAnswer
from comity.core.match import Match, play
from comity.games.exchange.game import Exchange
from comity.games.matrix import PrisonersDilemma
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.repetition import Repeated
from comity.records.store import RunFile
from comity.runs.models import ModelRefused
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from comity.words.wordings import PLAIN, standard
from tests.exchange.players import PERFECT

GAME = PrisonersDilemma()
DECISION: Decision[Any] = Match(GAME).pending[0]

OWN = """
import asyncio


class Strange(str):
    pass


def kind(decision):
    return "cooperate"


async def later(decision):
    await asyncio.sleep(0)
    return decision["options"][decision["seed"] % 2]


def broken(decision):
    raise ValueError("no idea\\x1b[2J")


def nothing(decision):
    return None


def learns(decision):
    return "defect" if decision["refused"] else "attack"


def perfect(decision):
    sight = decision["sees"][-1]
    held = set(sight["pieces"])
    if decision["kind"] == "submit":
        complete = [task for task in sight["tasks"] if held.issuperset(task["pieces"])]
        return [{"do": "submit", "task": task["number"]} for task in complete]
    if decision["kind"] == "share":
        return [{"do": "share", "pieces": [one["piece"]], "to": one["by"]} for one in sight["requests"]]
    asked = {one["piece"] for one in sight["asked"]}
    lacking = {piece for task in sight["tasks"] for piece in task["pieces"]} - held - asked
    return [{"do": "request", "piece": piece, "to": 0} for piece in sorted(lacking)]


NUMBER = 3
"""


@pytest.fixture(scope="module", autouse=True)
def own_module(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A module of the user's own in the present folder, under a name that nothing else has."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "own_functions_of_a_test.py").write_text(OWN)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        yield


def called(name: str) -> str:
    return f"own_functions_of_a_test:{name}"


def answer(function: Any, decision: Decision[Any] = DECISION, re_asks: int = 0) -> Any:
    agent = FunctionAgent("mine", PythonFunction("a:b", re_asks=re_asks), function, PLAIN)
    decide = agent.sit_down(GAME, decision.player)

    async def once() -> Any:
        return await decide(decision, Address(1, 2, 3))

    return asyncio.run(once())


def test_what_a_function_is_told_is_plain_and_whole() -> None:
    data = told(DECISION, PLAIN)
    assert json.loads(json.dumps(data)) == data
    assert (data["kind"], data["player"], data["options"]) == ("act", 1, ["cooperate", "defect"])
    assert data["schema"] == {"type": "string", "enum": ["cooperate", "defect"]}
    assert "Which action do you choose?" in data["text"]
    [rule] = data["sees"]
    assert rule["fact"] == "PrisonersDilemma"
    assert "cooperate" not in rule, "which action is meant to be kind is told to nobody"


@pytest.mark.parametrize(
    "game", [Repeated(GAME, rounds=2), Mediated(GAME), Contracted(GAME), Exchange(agents=3, rounds=1)]
)
def test_every_decision_can_be_told_as_json(game: Any) -> None:
    match = Match(game)
    for decision in match.pending:
        data = told(decision, standard("terse"))
        assert json.loads(json.dumps(data)) == data
        assert data["sees"]


def test_what_a_function_returns_is_read_strictly() -> None:
    class Strange(str):
        pass

    assert answer(lambda asked: "cooperate") == "cooperate"
    for value, cause in [
        ("attack", "illegal"),
        (None, "malformed"),
        (True, "malformed"),
        (0, "malformed"),
        (float("nan"), "malformed"),
        (["cooperate"], "malformed"),
        (("cooperate",), "malformed"),
        ({"answer": "cooperate"}, "malformed"),
        (Strange("cooperate"), "malformed"),
        (object(), "malformed"),
        (nested(), "malformed"),
    ]:
        with pytest.raises(NoAnswer) as failed:
            answer(lambda asked, value=value: value)
        assert failed.value.cause == cause
        assert str(failed.value).isprintable()
        assert len(str(failed.value)) < 500


def nested() -> list[Any]:
    inside: list[Any] = []
    inside.append(inside)
    return inside


def test_an_exception_is_no_move() -> None:
    def broken(asked: Any) -> Any:
        raise KeyError("a\x1b[31m\nb")

    with pytest.raises(NoAnswer, match="mine raised KeyError") as failed:
        answer(broken)
    assert failed.value.cause == "exception"
    assert str(failed.value).isprintable()


def test_it_is_asked_again_with_the_reason_and_a_seed_of_its_own() -> None:
    seen = list[dict[str, Any]]()

    def learns(asked: dict[str, Any]) -> Any:
        seen.append(asked)
        return "defect" if asked["refused"] else 7

    assert answer(learns, re_asks=1) == "defect"
    assert [one["refused"] for one in seen] == [
        None,
        {"answer": "7", "why": "7 stands where the name of an option belongs"},
    ]
    assert seen[0]["seed"] != seen[1]["seed"]
    with pytest.raises(NoAnswer):
        answer(learns, re_asks=0)


def test_what_it_does_to_its_data_stays_with_it() -> None:
    def spoils(asked: dict[str, Any]) -> Any:
        asked["sees"].clear()
        asked.clear()
        return "cooperate"

    assert answer(spoils) == "cooperate"
    assert len(told(DECISION, PLAIN)["sees"]) == 1


@pytest.mark.parametrize("call", ["mine", "mine.agent", "mine:", ":agent", "mine:a.b", "a-b:c", "mine:agent()"])
def test_a_call_is_spelled_as_module_and_function(call: str) -> None:
    with pytest.raises(BadParameter, match="call must be like"):
        PythonFunction(call)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("no_module_of_that_name:f", "no_module_of_that_name cannot be imported: ModuleNotFoundError"),
        (called("nobody"), "has no function nobody"),
        (called("NUMBER"), "has no function NUMBER"),
    ],
)
def test_a_function_that_is_not_there_is_refused(call: str, said: str) -> None:
    with pytest.raises(FunctionRefused, match=said):
        PythonFunction(call).found()


def plan(*names: str, games: str = '["prisoners_dilemma"]', matching: str = "", fields: str = "") -> str:
    agents = ", ".join(f'{{label = "{n}", name = "function", call = "{called(n)}"{fields}}}' for n in names)
    return (
        f'name = "own"\nseed = 1\ngames = {games}\nmechanisms = ["none"]\nagents = [{agents}, "tit_for_tat"]\n'
        + matching
    )


def test_functions_play_a_plan(tmp_path: Path) -> None:
    run(parsed_plan(plan("kind", "later", "broken", "nothing")), tmp_path / "run")
    run(parsed_plan(plan("kind", "later", "broken", "nothing")), tmp_path / "again")
    with RunFile.open(tmp_path / "run") as file, RunFile.open(tmp_path / "again") as again:
        assert file.digest() == again.digest()
        records = list(file.records())
    for record in records:
        fails = {"broken": "exception", "nothing": "malformed"}
        expected = {fails[agent] for agent in record.match.agents if agent in fails}
        assert (record.status == "forfeited") == bool(expected)
        if record.failure:
            assert record.failure.cause in expected
            assert record.failure.reason.isprintable()


def test_a_run_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="nobody: own_functions_of_a_test has no function nobody"):
        run(parsed_plan(plan("nobody")), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_function_plays_an_exchange_as_well_as_a_script(tmp_path: Path) -> None:
    game = Exchange(world=4, agents=4, rounds=3, pieces=16, per_task=2)
    fields = "world = 4, agents = 4, rounds = 3, pieces = 16, per_task = 2"
    text = plan("perfect", games=f'[{{name = "exchange", {fields}}}]', matching='[matching]\nkind = "alike"')
    run(parsed_plan(text.replace('"tit_for_tat"', '"exchanger"')), tmp_path / "run")
    seats = [PERFECT.begin(game, player) for player in range(4)]
    outcome = play(game, lambda decision: seats[decision.player](decision)).outcome
    assert outcome is not None
    with RunFile.open(tmp_path / "run") as file:
        assert [record.payoffs for record in file.records()] == [outcome.payoffs] * 2
    assert outcome.payoffs == (6.0,) * 4
