"""Equal questions sent as one request stay separate draws: only the number of requests changes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from scipy.stats import chi2_contingency, chisquare

from comity.agents.brain import strategies
from comity.llm.fake import FakeProvider, serving
from comity.llm.request import Draw
from comity.records.record import Record
from comity.records.store import RunFile
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from comity.runs.spelling import build_strategy

pytestmark = pytest.mark.slow

REPEATS = 150
COOPERATES = 0.4


class Played(NamedTuple):
    """What a run holds, and how many requests the provider had. rows: the draws of its calls."""

    records: tuple[Record, ...]
    rows: tuple[Draw, ...]
    requests: int

    @property
    def outcomes(self) -> list[int]:
        """How often both cooperated, only the first did, only the second did, neither did."""
        seen = Counter(record.choices[0] for record in self.records)
        names = ("cooperate", "defect")
        return [seen[first, second] for first in names for second in names]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-for-tests")


def played(folder: Path, rest: str, *, coalesce: bool, repeats: int = REPEATS, in_flight: int = 4) -> Played:
    """One model that cooperates with a fixed probability, against itself, over HTTP."""
    provider = FakeProvider(strategies(build_strategy), seed=int(coalesce))
    with serving(provider):
        plan = f"""
name = "p"
seed = 5
games = ["prisoners_dilemma"]
mechanisms = ["none"]
[[agents]]
name = "model"
model = "openai-chat:random(p={COOPERATES})"
base_url = "{provider.url_openai}"
key = "OPENAI_API_KEY"
tagged = true
reasoning = false
max_tokens = 50
[matching]
repeats = {repeats}
[calls]
in_flight = {in_flight}
coalesce = {str(coalesce).lower()}
{rest}
"""
        run(parsed_plan(plan), folder)
        requests = provider.account.requests
    with RunFile.open(folder) as file:
        return Played(tuple(file.records()), tuple(call.draw for call in file.calls()), requests)


@pytest.mark.slow
def test_coalesced_draws_are_separate_and_unbiased(tmp_path: Path) -> None:
    alone = played(tmp_path / "alone", "", coalesce=False)
    joined = played(tmp_path / "joined", "", coalesce=True)
    for one in (alone, joined):
        assert {record.status for record in one.records} == {"finished"}
        assert len(one.rows) == len(set(one.rows)) == 2 * REPEATS
        p, q = COOPERATES, 1 - COOPERATES
        expected = [REPEATS * share for share in (p * p, p * q, q * p, q * q)]
        assert chisquare(one.outcomes, expected).pvalue > 1e-4
    assert chi2_contingency([alone.outcomes, joined.outcomes]).pvalue > 1e-4
    assert alone.requests >= 2 * REPEATS
    assert joined.requests < alone.requests / 3


def test_the_samples_of_a_crossed_question_are_one_request(tmp_path: Path) -> None:
    crossed = '[run]\nstages = "crossed"\nsamples = 8\n'
    alone = played(tmp_path / "alone", crossed, coalesce=False, repeats=1, in_flight=1)
    joined = played(tmp_path / "joined", crossed, coalesce=True, repeats=1, in_flight=1)
    for one in (alone, joined):
        [record] = one.records
        assert record.status == "expected"
        assert len(one.rows) == len(set(one.rows)) == 2 * 8
        assert {draw.slot for draw in one.rows} == set(range(8))
    assert joined.requests < alone.requests / 3
