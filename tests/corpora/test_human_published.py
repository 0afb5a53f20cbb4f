"""Figures that are known of the published choices of people, from the data that lie beside the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from comity.corpora.errors import CorpusError
from comity.corpora.human.dataset import HumanData, read_human
from comity.corpora.human.importing import import_human
from comity.fidelity.observations import Observations

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "human"


def imported(folder: Path, layout: str, out: Path) -> HumanData:
    import_human(str(folder), out, layout)
    return read_human(out)


def after(found: Observations, own: int, other: int) -> float:
    """P(C | own last action, the partner's), over all rows."""
    here = (found.own == own) & (found.neighbours == other)
    return float(found.action[here].mean())


def test_several_layouts_in_one_folder_are_a_choice(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="choose one with --layout"):
        import_human(str(folder), tmp_path / "data")


def test_every_decision_of_dal_bo_and_frechette(folder: Path, tmp_path: Path) -> None:
    data = imported(folder, "dal_bo_frechette_2011_all", tmp_path / "data")
    rates = {"r32_delta0.5": 0.098, "r32_delta0.75": 0.203, "r40_delta0.5": 0.180, "r40_delta0.75": 0.587,
             "r48_delta0.5": 0.353, "r48_delta0.75": 0.764}  # fmt: skip
    assert {name: round(each.cooperation, 3) for name, each in data.card.conditions.items()} == rates
    assert data.card.decisions == 37_042
    assert data.card.sessions == 18
    assert all(len(found.sessions) == 3 for found in data.conditions().values())
    assert not data.card.ids


MEMORY_ONE = {
    "r32_delta0.5": (0.028, 0.581, 0.194, 1.000),
    "r40_delta0.5": (0.084, 0.419, 0.280, 0.844),
    "r48_delta0.5": (0.026, 0.160, 0.440, 1.000),
    "r32_delta0.75": (0.027, 0.393, 0.352, 0.962),
    "r40_delta0.75": (0.094, 0.481, 0.407, 0.978),
    "r48_delta0.75": (0.167, 0.588, 0.412, 0.984),
}
"""P(C) after DD, DC, CD and CC, the own action first."""


def test_subjects_of_dal_bo_and_frechette_remember_one_round(folder: Path, tmp_path: Path) -> None:
    data = imported(folder, "dal_bo_frechette_2011_subjects", tmp_path / "data")
    assert (data.card.subjects, data.card.decisions) == (266, 7_358)
    for condition, found in data.conditions().items():
        memory = [after(found, own, other) for own, other in ((0, 0), (0, 1), (1, 0), (1, 1))]
        assert memory == pytest.approx(MEMORY_ONE[condition], abs=0.0006)


def test_fudenberg_rand_and_dreber_forgive(folder: Path, tmp_path: Path) -> None:
    data = imported(folder, "fudenberg_rand_dreber_2012", tmp_path / "data")
    assert (data.card.subjects, data.card.decisions) == (384, 13_126)
    forgiving = {"bc1.5_error0.125": 0.24, "bc2.0_error0.125": 0.42, "bc2.5_error0.125": 0.50, "bc4.0_error0.125": 0.47,
                 "bc4.0_error0.0625": 0.67, "bc4.0_error0.0": 0.48}  # fmt: skip
    otherwise = {0.0: 0.0, 0.0625: 0.052, 0.125: 0.126}
    slips: dict[float, list[float]] = {error: [] for error in otherwise}
    for condition, found in data.conditions().items():
        assert after(found, 1, 0) == pytest.approx(forgiving[condition], abs=0.0051)
        chosen = found.action[:-1][np.diff(found.agent * 100 + found.stretch) == 0]
        done = found.own[1:][np.diff(found.agent * 100 + found.stretch) == 0]
        slips[float(condition.partition("error")[2])].extend(chosen != done)
    for error, rate in otherwise.items():
        assert np.mean(slips[error]) == pytest.approx(rate, abs=0.0006)


def test_nay_and_vorobeychik_are_plays_of_nobody(folder: Path, tmp_path: Path) -> None:
    data = imported(folder, "nay_vorobeychik_2016", tmp_path / "data")
    assert (data.card.subjects, data.card.decisions) == (32_614, 168_386)
    assert not data.card.ids
    declines = {"AM_18": (0.63, 0.31, 0.16, 0.07)}
    for condition, rates in declines.items():
        course = data.conditions()[condition].once().trajectory[0]
        assert course[[0, 7, 8, 9]] == pytest.approx(rates, abs=0.0051)
