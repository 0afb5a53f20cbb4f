"""How far a run is: one line that renews itself on a terminal, and a plain line now and then elsewhere."""

from __future__ import annotations

import io

import pytest

from comity.llm.account import Account, LineAccount
from comity.runs.count import Reached
from comity.runs.progress import shown

TO_THE_END = "\x1b[K"
"""Clears what an older, longer line has left behind."""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_renews_itself_and_is_ended() -> None:
    terminal = Terminal()
    with shown(terminal) as progress:
        progress(Reached(1_500, 200_000, 1234.5, 160.9))
        progress(Reached(1_600, 200_000, 1234.5, 160.0))  # too soon after the last to be read
        progress(Reached(200_000, 200_000, 9.0, 0.0))
    first, last = terminal.getvalue().removesuffix("\n").replace(TO_THE_END, "").split("\r")[1:]
    assert first == "1,500 of 200,000 matches, 1,234 a second, 2:41 left"
    assert last.rstrip() == "200,000 of 200,000 matches, 9 a second, 0:00 left"
    assert terminal.getvalue().endswith("\n")


def test_a_line_is_ended_when_the_run_is_interrupted() -> None:
    def interrupted() -> None:
        with shown(terminal) as progress:
            progress(Reached(1, 2, 1.0, 1.0))
            raise KeyboardInterrupt

    terminal = Terminal()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.getvalue().endswith(f"left{TO_THE_END}\n")


def test_elsewhere_a_short_run_says_nothing_and_a_long_one_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    with shown(stream) as progress:
        progress(Reached(1, 2, 1.0, 1.0))
    assert stream.getvalue() == ""
    monkeypatch.setattr("comity.runs.progress.EVERY_ELSEWHERE", 0.0)
    with shown(stream) as progress:
        progress(Reached(1, 3, 0.5, 3725.0))
        progress(Reached(2, 3, 0.5, 2.0))
    assert stream.getvalue().splitlines() == [
        "1 of 3 matches, 0.5 a second, 1:02:05 left",
        "2 of 3 matches, 0.5 a second, 0:02 left",
    ]


def test_what_models_are_asked_is_said_under_the_matches_and_renewed_with_them() -> None:
    first = LineAccount(calls=120, attempts=130, input=4_000, output=900, spent=0.5, in_flight=7)
    second = LineAccount(calls=30, attempts=30, kept=2, failures={"TimedOut": 3}, spent=1.5)
    terminal = Terminal()
    with shown(terminal) as progress:
        progress(Reached(10, 40, 1.0, 30.0, Account({"a:one": first, "b:two": second}), seconds=10.0, played=10))
        progress(Reached(40, 40, 1.0, 0.0, Account({"a:one": first, "b:two": second}), seconds=10.0, played=40))
    before, after = terminal.getvalue().split("\x1b[3A")
    lines = before.replace(TO_THE_END, "").splitlines()
    assert [line for line in lines if line.startswith("  ")] == [
        "  a:one: 120 calls, $0.5, 7 in flight, 12 a second, 10 sent again, 4,900 tokens",
        "  b:two: 30 calls, $1.50, failed: 3 TimedOut, 0 in flight, 3 a second, 0 tokens, 2 from the store",
        "  in all: 150 calls, $2.00, failed: 3 TimedOut, about $6.00 more to come, 7 in flight, 15 a second, "
        "10 sent again, 4,900 tokens, 2 from the store",
    ]
    assert "40 of 40 matches" in after
    assert "about $0.00 more to come" in after


def test_where_there_is_little_room_calls_dollars_and_failures_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comity.runs.progress._width", lambda stream: 79)
    line = LineAccount(
        calls=12_345, attempts=12_400, input=4_000_000, output=900_000, spent=12.5, in_flight=170,
        failures={"TimedOut": 3, "Unavailable": 12},
    )  # fmt: skip
    long = "openrouter:anthropic/claude-sonnet-4.5-20250929"
    servers = [f"openai-chat:x at http://127.0.0.1:{port}/v1" for port in (8001, 8002)]
    terminal = Terminal()
    with shown(terminal) as progress:
        lines = dict.fromkeys((f"{long} at https://a.very.long.example/v1", *servers), line)
        progress(Reached(10, 40, 1.0, 30.0, Account(lines), seconds=10.0, played=10))
    rows = [row[2:] for row in terminal.getvalue().replace(TO_THE_END, "").splitlines() if row.startswith("  ")]
    said = "12,345 calls, $12.50, failed: 3 TimedOut; 12 Unavailable"
    assert max(map(len, rows)) <= 77
    assert [row.partition(": 12,3")[2] for row in rows[:3]] == [said.removeprefix("12,3")] * 3
    assert rows[0].startswith("openrout")
    assert "example" not in rows[0]
    assert len({row.partition(": 12,3")[0] for row in rows}) == 4, "each is told from the others"
    assert rows[3].startswith("in all: 37,035 calls, $37.50, failed: 9 TimedOut; 36 Unavailable")


def test_a_model_cannot_write_to_the_terminal_by_its_name() -> None:
    stream = Terminal()
    with shown(stream) as progress:
        progress(Reached(1, 1, 1.0, 0.0, Account({"a:\x1b[2Jone": LineAccount()})))
    assert "\x1b[2J" not in stream.getvalue()
