"""What a run with models took: every call once, by agent and mechanism, with what it bought beside it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from comity.agents.brain import strategies
from comity.cli.took import print_took
from comity.llm.fake import FakeProvider, serving
from comity.metrics import table
from comity.records.store import RunFile
from comity.report.contents import Words
from comity.report.results import Results
from comity.report.sections import calls
from comity.report.took import Took, took
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from comity.runs.spelling import build_strategy

REPLICATES = 3


def agent(label: str, strategy: str, url: str, more: str = "") -> str:
    return (
        f'[[agents]]\nlabel = "{label}"\nname = "model"\nmodel = "openai-chat:{strategy}"\nbase_url = "{url}"\n'
        f'key = "OPENAI_API_KEY"\ntagged = true\nreasoning = false\nmax_tokens = 90\n{more}\n'
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two models and a script, with crossed stages, a design stage and repetition; one model has a price."""
    folder = tmp_path_factory.mktemp("calls")
    provider = FakeProvider(strategies(build_strategy))
    price = "input_price = 10\noutput_price = 30"
    with pytest.MonkeyPatch.context() as patch, serving(provider):
        patch.setenv("OPENAI_API_KEY", "sk-for-tests")
        text = (
            f'name = "p"\nseed = 5\nreplicates = {REPLICATES}\ngames = ["prisoners_dilemma"]\n'
            'mechanisms = ["none", "mediation", {name = "repetition", rounds = 2}]\n'
            f"{agent('kind', 'always_cooperate', provider.url_openai, price)}"
            f"{agent('mixed', 'random(p=0.4)', provider.url_openai)}"
            '[[agents]]\nname = "grim"\n[run]\nstages = "crossed"\nsamples = 2\nproposals = "tournament"\n'
        )
        run(parsed_plan(text), folder)
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> tuple[Results, Took]:
    with RunFile.open(folder) as file:
        results = Results.of(file)
        told = took(results)
        assert told is not None
        return results, told


def test_every_call_is_counted_once(folder: Path, found: tuple[Results, Took]) -> None:
    with RunFile.open(folder) as file:
        kept = list(file.calls())
    _, told = found
    assert told.total.account.calls == len(kept)
    assert {line.name: line.account.calls for line in told.agents} == Counter(call.draw.who for call in kept)
    assert sum(line.account.calls for line in told.mechanisms) == len(kept)
    assert told.total.account.output == sum(call.completion.usage.output for call in kept)
    assert told.total.account.cost == pytest.approx(sum(call.completion.cost or 0 for call in kept))


def test_calls_are_told_by_the_mechanism_they_were_made_under(found: tuple[Results, Took]) -> None:
    _, told = found
    asked = {line.name: line.account.calls for line in told.mechanisms}
    assert asked["none"] == REPLICATES * 2 * 2 * 2  # two models, two seats, two samples
    assert asked["repetition"] == REPLICATES * 2 * (2 * 3 * 2)  # each in two seats against three, two rounds
    assert set(asked) == {"none", "mediation", "repetition"}
    unique = {line.name: line.account.shared.unique for line in told.mechanisms}
    assert unique["none"] <= 2 * 2


def test_widths_are_those_of_the_leaderboard(found: tuple[Results, Took]) -> None:
    results, told = found
    rows = {row["agent"]: row for row in table(results.tables, "mean", ["agent"], dilemmas=results.social).rows}
    for line in told.agents:
        assert line.width == pytest.approx(rows[line.name]["high"] - rows[line.name]["low"])


def test_the_page_says_it(found: tuple[Results, Took], folder: Path) -> None:
    with RunFile.open(folder) as file:
        section = calls.section(Results.of(file))
    assert section is not None
    agents, mechanisms, said = section.parts
    assert isinstance(agents, Words)
    assert isinstance(mechanisms, Words)
    assert [row[0] for row in agents.rows] == ["kind", "mixed", "together"]
    assert [row[0] for row in mechanisms.rows] == ["none", "mediation", "repetition"]
    assert {len(row) for row in agents.rows} == {len(agents.columns)}
    dollars = agents.columns.index("US dollars")
    assert [row[dollars] for row in agents.rows][1] == "\u2013"
    assert "no price is known" in str(said)


def test_scripts_take_nothing(tmp_path: Path) -> None:
    run(parsed_plan('name = "p"\nseed = 1\ngames = ["chicken"]\nmechanisms = ["none"]\nagents = ["grim"]\n'), tmp_path)
    with RunFile.open(tmp_path) as file:
        assert took(Results.of(file)) is None


def test_a_command_prints_it(
    found: tuple[Results, Took], folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    with RunFile.open(folder) as file:
        print_took(Results.of(file))
    printed = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in printed if line.startswith("what it took")] == [
        "what it took, by mechanism",
        "what it took, by agent",
    ]
    together = next(line for line in printed if line.startswith("together"))
    assert f"{found[1].total.account.calls:,}" in together.split()
