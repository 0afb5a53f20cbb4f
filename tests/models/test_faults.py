"""Studies while the provider fails in one way after the other: nothing becomes a move, nothing is paid twice."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from comity.llm.account import LineAccount
from comity.llm.fake import FakeProvider, Fault, Faults, serving
from comity.runs.plan import read_plan
from comity.runs.progress import Followed
from comity.runs.run import run
from tests.commands import called
from tests.models.studies import Found, answered_again, decisions, found, playing, strange, study, written

pytestmark = [pytest.mark.slow]

HEAVY = bool(os.environ.get("COMITY_HEAVY"))
RATES = (0.05, 0.1, 0.2, 0.4)
PASSING: dict[Fault, str] = {
    "rate_limit": "Overloaded",
    "rate_limit_bare": "Overloaded",
    "overloaded": "Overloaded",
    "server_error": "Unavailable",
    "bad_gateway_html": "Unavailable",
    "key_echo": "Unavailable",
    "hang": "TimedOut",
    "reset_before": "Unavailable",
    "reset_during": "Unavailable",
    "truncated_json": "Unavailable",
    "wrong_content_type": "Unavailable",
    "broken_off": "Unavailable",
}
"""Faults that another attempt can cure, and as what they are counted."""
HARMLESS: tuple[Fault, ...] = ("slow_drip", "no_usage", "duplicate_ids", "odd_usage", "odd_logprobs")
LASTING: dict[Fault, str] = {
    "empty_text": "malformed",
    "refusal": "refusal",
    "wrong_schema": "malformed",
    "length": "truncated",
    "content_filter": "filtered",
    "other_ending": "malformed",
}
"""Faults of the answer itself, and the cause of the matches that are forfeited for them."""


def at_rates(faults: list[Fault]) -> list[tuple[Fault, float]]:
    """Every fault at every rate; or else each at one of them, in turn."""
    if HEAVY:
        return [(fault, rate) for fault in faults for rate in RATES]
    return [(fault, RATES[place % len(RATES)]) for place, fault in enumerate(faults)]


@dataclass(frozen=True)
class Played:
    """A study that was played: the run, what it holds, what was asked by our account, and the provider."""

    run: Path
    found: Found
    asked: LineAccount
    provider: FakeProvider


def played(
    folder: Path, faults: Faults | None = None, calls: str = "", *, re_asks: int = 3, name: str = "run"
) -> Played:
    followed = Followed()
    with serving(playing(faults=faults)) as provider:
        plan = read_plan(written(folder, study(provider, calls, agent=f"re_asks = {re_asks}")))
        run(plan, folder / name, progress=followed)
    assert followed.account is not None
    return Played(folder / name, found(folder / name), followed.account.total, provider)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The study with nothing in its way."""
    return played(tmp_path_factory.mktemp("undisturbed"))


def sound(one: Played) -> None:
    """What holds whatever the provider does."""
    assert list(strange(one.found.records)) == []
    assert one.found.calls == one.found.draws == one.asked.completions
    assert one.provider.account.in_flight == 0
    assert one.asked.in_flight == one.asked.waiting == 0
    assert one.found.spent == pytest.approx(one.asked.spent)
    assert one.found.uncertain == pytest.approx(one.asked.uncertain)
    hung = sum(served.fault == "hang" for served in one.provider.account.log)
    assert answered_again(one.provider) <= max(0, one.asked.troubles.get("TimedOut", 0) - hung)


def struck(one: Played, fault: Fault) -> int:
    """How often the provider failed so."""
    return sum(served.fault == fault for served in one.provider.account.log)


def test_a_study_that_is_left_in_peace_is_what_the_strategies_would_have_played(undisturbed: Played) -> None:
    sound(undisturbed)
    assert undisturbed.found.causes == set()
    assert undisturbed.found.calls == decisions(undisturbed.found.records) > 100
    assert undisturbed.asked.troubles == undisturbed.asked.failures == {}
    assert undisturbed.provider.account.requests == undisturbed.found.calls + 2  # each model is tried out once


@pytest.mark.parametrize(("fault", "rate"), at_rates(list(PASSING)))
def test_what_another_attempt_cures_changes_nothing(
    fault: Fault, rate: float, undisturbed: Played, tmp_path: Path
) -> None:
    faults = Faults({fault: rate}, retry_after=0.05)
    one = played(tmp_path, faults, f"attempts = 20\ntimeout = {0.6 if fault == 'hang' else 60}")
    sound(one)
    assert one.found.digest == undisturbed.found.digest
    assert one.found.calls == undisturbed.found.calls
    assert one.asked.failures == {}
    before_the_first_match = 6
    assert 0 < one.asked.troubles[PASSING[fault]] >= struck(one, fault) - before_the_first_match
    assert one.asked.retries == sum(one.asked.troubles.values())


@pytest.mark.parametrize(("fault", "rate"), at_rates(list(HARMLESS)))
def test_what_leaves_the_answer_as_it_was_changes_nothing(
    fault: Fault, rate: float, undisturbed: Played, tmp_path: Path
) -> None:
    one = played(tmp_path, Faults({fault: rate}, drip=0.1))
    sound(one)
    assert one.found.digest == undisturbed.found.digest
    assert struck(one, fault) > 0
    assert one.asked.attempts == one.asked.calls == one.found.calls
    if fault in ("no_usage", "odd_usage"):
        assert one.found.spent > undisturbed.found.spent  # a bound is counted where the provider says nothing
    else:
        assert one.found.spent == pytest.approx(undisturbed.found.spent)


@pytest.mark.parametrize(("fault", "rate"), at_rates(list(LASTING)))
def test_an_answer_that_stays_unreadable_forfeits_the_match_and_moves_nobody(
    fault: Fault, rate: float, undisturbed: Played, tmp_path: Path
) -> None:
    one = played(tmp_path, Faults({fault: rate}), re_asks=1)
    sound(one)
    assert one.found.causes <= {LASTING[fault]}
    assert one.found.causes or rate < 0.2
    assert one.found.calls > decisions(one.found.records)  # what could not be read was paid for, too
    assert bounded(one.run, undisturbed.run) == 24
    finished = {record.match: record for record in undisturbed.found.records}
    for record in one.found.records:
        whole = finished[record.match]
        assert record.failure is not None or len(record.choices) == len(whole.choices)


def test_a_provider_that_never_recovers_forfeits_what_it_owes(undisturbed: Played, tmp_path: Path) -> None:
    for name, faults, calls, cause in (
        ("late", {"hang": 0.15}, "attempts = 1\ntimeout = 0.5", "timeout"),
        ("broken", {"server_error": 0.15}, "attempts = 1", "provider"),
    ):
        one = played(tmp_path / name, Faults(faults), calls)  # type: ignore[arg-type]
        sound(one)
        assert one.found.causes == {cause}
        assert one.asked.retries == 0
        assert bounded(one.run, undisturbed.run) == 24


def test_all_faults_at_once(undisturbed: Played, tmp_path: Path) -> None:
    faults = Faults(dict.fromkeys([*PASSING, *HARMLESS, *LASTING], 0.02), retry_after=0.05, drip=0.1)
    one = played(tmp_path, faults, "attempts = 20\ntimeout = 0.8")
    sound(one)
    assert one.found.causes <= {*LASTING.values()}
    assert {served.fault for served in one.provider.account.log} > {*PASSING, *LASTING}


def bounded(run: Path, truth: Path) -> int:
    """Assert that the truth lies between the worst cases of that run; how many numbers were compared."""
    compared = 0
    for by in ("mechanism", "mechanism,agent"):
        low = table(run, "--by", by, "--missing", "lowest")
        high = table(run, "--by", by, "--missing", "highest")
        for key, value in table(truth, "--by", by).items():
            assert low[key] - 1e-9 <= value <= high[key] + 1e-9, key
            compared += 1
    return compared


def table(run: Path, *options: str) -> dict[tuple[str, str, str], float]:
    """The values of the printed table by metric, mechanism and agent."""
    printed = called(["table", str(run), "--metric", "mean,cooperation", "--games", "all", "--json", *options])
    assert printed.returncode == 0, printed.stderr
    rows = json.loads(printed.stdout)
    return {(row["metric"], row["mechanism"], row.get("agent", "")): row["value"] for row in rows}
