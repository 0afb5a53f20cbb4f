"""What a person is told while models are asked, and at the end."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from comity.cli.asked import print_asked
from comity.llm.account import Account, LineAccount
from comity.llm.fake import Faults, Latency, serving
from comity.runs.count import Reached
from comity.runs.progress import shown
from tests.commands import called
from tests.models.studies import found, playing, study, written

pytestmark = pytest.mark.slow


def test_the_account_has_a_row_for_each_model_and_says_what_went_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    one = LineAccount(
        calls=10, attempts=14, completions=9, failures={"TimedOut": 1}, troubles={"Overloaded": 3, "TimedOut": 1},
        input=4_000, cached=1_000, output=500, spent=0.25, uncertain=0.5, unpriced=2, kept=7,
    )  # fmt: skip
    two = LineAccount(calls=5, attempts=5, completions=5, input=100, output=10, spent=1.0)
    print_asked(Account({"openai:a at http://here/v1": one, "openai:b": two}))
    printed = capsys.readouterr().out
    told = [re.split(r"\s{2,}", line.strip()) for line in printed.splitlines() if line.strip()]
    assert told[0] == ["What was asked"]
    assert told[1] == ["model", "calls", "sent again", "failed", "tokens read", "tokens written", "spent"]
    assert told[2] == ["openai:a", "10", "4", "1", "4000", "500", "$0.25"]
    assert told[3] == ["openai:b", "5", "0", "0", "100", "10", "$1.00"]
    assert told[4] == ["in all", "15", "4", "1", "4100", "510", "$1.25"]
    assert [line for [line] in told[5:]] == [
        "openai:a: attempts that failed: 3 Overloaded, 1 TimedOut",
        "openai:a: calls without an answer: 1 TimedOut",
        "of the tokens read, 1,000 came from a provider's cache",
        "what failed may have cost $0.5 more",
        "answers without a known price: 2",
        "answers taken from what the run held already, and not counted here: 7",
    ]


def test_a_name_is_broken_between_its_words_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    line = LineAccount(calls=12_345, attempts=13_000, input=12_345_678, output=1_234_567, spent=1_234.5)
    print_asked(Account({"openrouter:anthropic/claude-sonnet-4.5-20250929": line, "openai:gpt-5.2": line}))
    lines = [row.rstrip() for row in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= 80
    place = next(place for place, row in enumerate(lines) if row.startswith("openrouter"))
    assert lines[place].startswith("openrouter:anthropic/claude-  ")
    assert lines[place + 1] == "sonnet-4.5-20250929"
    assert lines[place].split()[1:] == ["12345", "655", "0", "12345678", "1234567", "$1,234.50"]
    assert lines[place + 2].startswith("openai:gpt-5.2  ")


def test_one_model_at_two_servers_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    print_asked(Account({"openai:a at http://here/v1": LineAccount(), "openai:a at http://there/v1": LineAccount()}))
    printed = capsys.readouterr().out
    assert "http://here/v1" in printed
    assert "http://there/v1" in printed


@pytest.mark.parametrize("account", [None, Account({})])
def test_where_no_model_was_asked_nothing_is_told(account: Account | None, capsys: pytest.CaptureFixture[str]) -> None:
    print_asked(account)
    assert capsys.readouterr().out == ""


def test_a_run_that_stops_says_why_and_what_it_waits_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comity.runs.progress.EVERY_ELSEWHERE", 0)
    with shown() as progress:
        account = Account({"openai:a": LineAccount(in_flight=3)}, stopped="the run was interrupted.")
        progress(Reached(1, 9, 1.0, 8.0, account, 1.0, 1))
    assert "stopping, 3 in flight (an interrupt ends the wait): the run was interrupted\n" in capsys.readouterr().err


def test_a_run_tells_its_forfeits_by_cause(tmp_path: Path) -> None:
    with serving(playing(faults=Faults({"refusal": 0.3}))) as provider:
        path = written(tmp_path, study(provider, agent="re_asks = 0", mechanisms='["none"]'))
        ended = called(["run", str(path), "--out", str(tmp_path / "run"), "--no-report"])
    lost = sum(record.failure is not None for record in found(tmp_path / "run").records)
    assert lost > 0
    assert f"forfeited matches by cause: {lost} refusal\n" in ended.stdout


def test_lines_on_a_narrow_terminal_are_cut_and_not_broken(tmp_path: Path) -> None:
    with serving(playing(latency=Latency(0.2))) as provider:
        path = written(tmp_path, study(provider, mechanisms='["none"]'))
        shown = on_terminal(["run", str(path), "--out", str(tmp_path / "run"), "--no-report"], columns=50)
    renewed = shown.partition("Mean score")[0]
    lines = [line for line in re.split(r"\x1b\[K|\r\n|\r", renewed.replace("\x1b[3A", "")) if line]
    assert len(lines) >= 8
    assert 40 < max(map(len, lines)) <= 49
    assert all("calls, $" in line for line in lines if line.startswith("  "))
    assert "8 of 8 matches" in renewed
    assert "what it took, by agent" in shown


def on_terminal(arguments: list[str], columns: int) -> str:
    """What the command shows on a terminal of that width."""
    here, there = pty.openpty()
    os.set_blocking(here, True)
    subprocess.run(["stty", "cols", str(columns), "rows", "40"], stdin=there, check=True)
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = [sys.executable, "-m", "tests.models.commanded", *arguments]
    with subprocess.Popen(command, stdout=there, stderr=there, stdin=there, env=environment) as process:
        os.close(there)
        told = b""
        while True:
            try:
                piece = os.read(here, 65536)
            except OSError:  # nobody writes any more
                break
            if not piece:
                break
            told += piece
        assert process.wait(60) == 0, told
    os.close(here)
    return told.decode()
