"""The comparisons of models in the 144 games of Akata et al. (2025), asked of the imported records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.door.test_cli import comity

pytestmark = pytest.mark.slow

RECOMPUTED = {
    "Claude 2": (-3.87, -0.23, 89.5),
    "Claude Instant 1": (-0.76, -0.04, None),
    "text-davinci-003": (1.19, 0.07, 0.13),
    "Llama 2 70B chat": (8.71, 0.51, None),
}
"""GPT-4 against each, match by match: t with 287 degrees of freedom, d, and the Bayes factor."""


def test_models_are_compared_match_by_match(shared_data: Path, tmp_path: Path) -> None:
    done = comity("import", "repeated-games", shared_data / "repeatedgames", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    games = ",".join(f"rg{number:03}" for number in range(1, 145))
    asked = ("--agent", "GPT-4", "--against", ",".join(RECOMPUTED), "--metric", "share_of_max", "--paired-by", "match")
    shown = comity("test", tmp_path / "run", *asked, "--games", games, "--mechanisms", "main", "--json").stdout
    rows = json.loads(shown)
    assert [row["against"] for row in rows] == list(RECOMPUTED)
    for row, (t, d, factor) in zip(rows, RECOMPUTED.values(), strict=True):
        assert (row["n"], row["df"]) == (288, 287)
        assert (round(row["t"], 2), round(row["d"], 2)) == (t, d)
        assert factor is None or 10 ** row["log10_bf"] == pytest.approx(factor, abs=0.05)
