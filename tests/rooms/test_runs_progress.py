"""How far a run is: one line that renews itself on a terminal, and a plain line now and then elsewhere."""

from __future__ import annotations

import io

import pytest

from comity.runs.progress import shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_renews_itself_and_is_ended() -> None:
    terminal = Terminal()
    with shown(terminal) as progress:
        progress(1_500, 200_000, 1234.5, 160.9)
        progress(1_600, 200_000, 1234.5, 160.0)  # too soon after the last to be read
        progress(200_000, 200_000, 9.0, 0.0)
    first, last = terminal.getvalue().removesuffix("\n").split("\r")[1:]
    assert first == "1,500 of 200,000 matches, 1,234 a second, 2:41 left"
    assert last.rstrip() == "200,000 of 200,000 matches, 9 a second, 0:00 left"
    assert len(last) == len(first)
    assert terminal.getvalue().endswith("\n")


def test_a_line_is_ended_when_the_run_is_interrupted() -> None:
    def interrupted() -> None:
        with shown(terminal) as progress:
            progress(1, 2, 1.0, 1.0)
            raise KeyboardInterrupt

    terminal = Terminal()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.getvalue().endswith("left\n")


def test_elsewhere_a_short_run_says_nothing_and_a_long_one_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    with shown(stream) as progress:
        progress(1, 2, 1.0, 1.0)
    assert stream.getvalue() == ""
    monkeypatch.setattr("comity.runs.progress.EVERY_ELSEWHERE", 0.0)
    with shown(stream) as progress:
        progress(1, 3, 0.5, 3725.0)
        progress(2, 3, 0.5, 2.0)
    assert stream.getvalue().splitlines() == [
        "1 of 3 matches, 0.5 a second, 1:02:05 left",
        "2 of 3 matches, 0.5 a second, 0:02 left",
    ]
