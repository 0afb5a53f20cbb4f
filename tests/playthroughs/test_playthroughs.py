"""Every playthrough reads as it is written down."""

from __future__ import annotations

from difflib import unified_diff

import pytest

from tests.playthroughs.golden import COMMAND, NAMES, place, text, written


@pytest.mark.parametrize("name", NAMES)
def test_playthrough_reads_as_written(name: str) -> None:
    old = place(name).read_text(encoding="utf-8") if place(name).exists() else ""
    difference = "\n".join(unified_diff(old.splitlines(), text(name).splitlines(), "written", "played", lineterm=""))
    assert not difference, f"{name} has changed; if that is meant, run `{COMMAND}` and review:\n{difference}"


def test_no_playthrough_is_left_over() -> None:
    assert set(written()) <= set(NAMES), f"texts of no playthrough; run `{COMMAND}`"
