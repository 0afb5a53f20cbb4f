"""Models among scripts, every wire and every form in one plan, and what is done with such a run afterwards."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from comity.llm.fake import Faults, canned, serving
from comity.llm.fake.server import FakeProvider
from comity.records.store import RunFile
from tests.commands import called
from tests.models.studies import decisions, found, playing, strange, study, written

pytestmark = pytest.mark.slow

WORDING = """
[labels]
cooperate = "blue"
defect = "green"

[games]
normal_form = "{everybody} each pick a card, at the same time."

[questions]
act = "Which card do you pick?"
"""
PLAYED = {
    "chat": "grim",
    "responses": "tit_for_tat",
    "claude": "random(p=0.4)",
    "gemini": "tit_for_tat",
    "token": "random(p=0.4)",
    "own words": "tit_for_tat",
    "script": "tit_for_tat",
    "always_defect": "always_defect",
}
"""The strategy behind each label of the mixed plan."""


def mixed(provider: FakeProvider) -> str:
    def agent(label: str, model: str, url: str, more: str) -> str:
        return (
            f'{{label = "{label}", name = "model", model = "{model}:{PLAYED[label]}", base_url = "{url}",'
            f' key = "OPENAI_API_KEY", tagged = true, max_tokens = 300, {more}}}'
        )

    openai, url = provider.url_openai, provider.url
    agents = [
        agent("chat", "openai-chat", openai, 'structured = true, wording = "terse", temperature = 0.7, seed = 1'),
        agent("responses", "openai-responses", openai, "reasoning = false, top_p = 0.9"),
        agent("claude", "anthropic", url, 'form = "lottery"'),
        agent("gemini", "google", url, 'form = "lottery", structured = true, reasoning = false, temperature = 1'),
        agent("token", "openai-chat", openai, 'form = "token", reasoning = false'),
        agent("own words", "openai-chat", openai, 'wording = "cards.toml"'),
    ]
    return f"""
name = "mixed"
seed = 2
games = ["prisoners_dilemma"]
mechanisms = [
  "none", {{name = "repetition", rounds = 2}}, "mediation", "cheap_talk", {{name = "reputation", rounds = 2}},
]
agents = [{", ".join(agents)}, {{label = "script", name = "tit_for_tat"}}, "always_defect"]
[run]
proposals = "tournament"
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mixed plan, played."""
    folder = tmp_path_factory.mktemp("mixed")
    (folder / "cards.toml").write_text(WORDING, encoding="utf-8")
    with serving(playing()) as provider:
        path = written(folder, mixed(provider))
        ended = called(
            ["run", str(path), "--out", str(folder / "run"), "--workers", "2"], environment={"COLUMNS": "120"}
        )
        assert ended.returncode == 0, ended.stderr
        told = ended.stdout[ended.stdout.index("what it took, by agent") :]
        lines = [line.split() for line in told.splitlines()[2:]]
        assert {"token", "own"} <= {line[0] for line in lines if line}
        assert provider.account.requests == found(folder / "run").calls + 6  # each endpoint is tried out once
    return folder / "run"


def test_everybody_plays_its_strategy_whatever_the_wire_the_form_and_the_words(played: Path) -> None:
    one = found(played)
    assert one.causes == set()
    assert list(strange(one.records, PLAYED, draws={"token"})) == []
    assert len(one.records) == 4 * 64 + 1
    with RunFile.open(played) as file:
        calls = list(file.calls())
    assert {call.draw.who for call in calls} == PLAYED.keys() - {"script", "always_defect"}
    assert all("pick a card" in call.request.messages[1].text for call in calls if call.draw.who == "own words")
    assert {bool(call.completion.alternatives) for call in calls if call.draw.who == "token"} == {True, False}


def test_such_a_run_is_replayed_exported_and_reported(played: Path, tmp_path: Path) -> None:
    replayed = called(["replay", str(played)])
    assert (replayed.returncode, replayed.stdout) == (0, "257 matches replayed, every outcome the same\n")
    assert called(["export", str(played), "--to", str(tmp_path)]).returncode == 0
    exported = pd.read_parquet(tmp_path / "decisions.parquet")
    taken = exported[exported["agent"].isin(PLAYED)]
    assert len(taken) == decisions(found(played).records)
    page = (played / "report.html").read_text(encoding="utf-8")
    for label in PLAYED:
        assert label in page


def test_a_report_tells_failures_by_cause(tmp_path: Path) -> None:
    faults = Faults({"refusal": 0.15, "content_filter": 0.15, "server_error": 0.15, "length": 0.1})
    with serving(playing(faults=faults)) as provider:
        path = written(tmp_path, study(provider, "attempts = 1", agent="re_asks = 0"))
        ended = called(["run", str(path), "--out", str(tmp_path / "run")])
    assert ended.returncode == 0, ended.stderr
    assert "calls without an answer" in ended.stdout
    causes = found(tmp_path / "run").causes
    assert causes == {"refusal", "filtered", "provider", "truncated"}
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Forfeited matches by cause" in page
    for words in ("refused to answer", "the provider withheld the answer", "the provider failed", "was cut off"):
        assert words in page


def test_models_in_place_of_the_agents_of_a_plan(tmp_path: Path) -> None:
    plan = 'name = "two"\nseed = 1\ngames = ["prisoners_dilemma"]\nmechanisms = ["none"]\nagents = ["grim", "random"]\n'
    answer = canned('I see.\n{"answer": "cooperate"}')
    with serving(FakeProvider(answer)) as provider:
        at = {"VLLM_BASE_URL": provider.url_openai, "OLLAMA_BASE_URL": provider.url_openai}
        options = ["--model", "vllm:one", "--model", "ollama:two", "--no-report", "--out", str(tmp_path / "run")]
        ended = called(["run", str(written(tmp_path, plan)), *options], environment=at)
        assert ended.returncode == 0, ended.stderr
        again = called(["run", str(tmp_path / "plan.toml"), *options, "--resume"], environment=at)
        assert again.returncode == 0, again.stderr
    records = found(tmp_path / "run").records
    assert [record.match.agents for record in records] == [
        (first, second) for first in ("vllm:one", "ollama:two") for second in ("vllm:one", "ollama:two")
    ]
    assert {record.choices for record in records} == {(("cooperate", "cooperate"),)}
