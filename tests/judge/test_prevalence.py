"""The corrected share: by hand, its refusals, and how often its interval holds the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from comity.judge.prevalence import Corrected, NotCorrectable, Refused, corrected, effective


@given(st.floats(0, 1), st.floats(0.55, 1), st.floats(0.55, 1))
def test_a_share_is_recovered_from_what_an_erring_judge_would_see(truth: float, hit: float, spared: float) -> None:
    apparent = truth * hit + (1 - truth) * (1 - spared)
    found = corrected(apparent, 500, hit, 80, spared, 120)
    assert found.value == pytest.approx(truth, abs=1e-9)
    assert 0 <= found.low <= found.high <= 1


def test_a_judge_without_error_and_much_to_go_by_gives_the_interval_of_a_share() -> None:
    found = corrected(0.3, 1_000, 1, 1e9, 1, 1e9)
    assert (found.low, found.high) == pytest.approx((0.27235, 0.32914), abs=2e-4)  # Agresti and Coull's


def test_few_labels_of_people_make_the_interval_wide() -> None:
    few, many = corrected(0.4, 1_000, 0.8, 20, 0.9, 30), corrected(0.4, 1_000, 0.8, 2_000, 0.9, 3_000)
    assert few.high - few.low > 3 * (many.high - many.low)


def test_what_comes_out_beyond_the_ends_is_clipped_and_said_to_be() -> None:
    below, above = corrected(0.05, 400, 0.9, 50, 0.9, 50), corrected(0.95, 400, 0.9, 50, 0.9, 50)
    assert (below.value, below.clipped) == (0, True)
    assert (above.value, above.clipped) == (1, True)
    assert not corrected(0.5, 400, 0.9, 50, 0.9, 50).clipped


def test_a_judge_no_better_than_chance_is_refused() -> None:
    with pytest.raises(NotCorrectable, match=r"sensitivity 0\.40 and specificity 0\.60 the judge is no better"):
        corrected(0.4, 400, 0.4, 50, 0.6, 50)
    with pytest.raises(NotCorrectable, match="too few reasons are labelled"):
        corrected(0.4, 400, 0.1, 400, 1.0, 1)
    with pytest.raises(NotCorrectable, match="all of the reasons, or to none"):
        corrected(0.4, 400, 0.9, 0, 0.9, 50)


def test_effective_counts() -> None:
    marks = np.repeat([1.0, 0.0, 1.0, 0.0, 1.0, 0.0], 10)
    together = effective(marks, np.repeat(np.arange(6), 10))
    assert together == pytest.approx(5)  # six draws, with one degree of freedom gone
    assert effective(marks, np.arange(60)) == 60
    assert effective(marks, np.r_[np.arange(59), 58]) <= 60
    assert effective(np.ones(8), np.arange(8)) == 8
    assert effective([], []) == 0


def simulated(
    truth: float, hit: float, spared: float, matches: int, people: int, rng: np.random.Generator, alike: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.intp], NDArray[np.bool_]]:
    """True labels, a judge's, matches of five reasons, and which reasons people labelled.

    alike: how often a reason repeats the first one of its match.
    """
    own = rng.random((matches, 5)) < truth
    true = np.where(rng.random((matches, 5)) < alike, own[:, :1], own).ravel()
    seen = np.where(true, rng.random(true.size) < hit, rng.random(true.size) >= spared)
    labelled = np.zeros(true.size, dtype=bool)
    labelled[rng.choice(true.size, people, replace=False)] = True
    return true, seen, np.repeat(np.arange(matches), 5), labelled


@pytest.mark.slow
@pytest.mark.parametrize(
    ("truth", "hit", "spared", "alike"),
    [(0.3, 0.8, 0.9, 0.0), (0.3, 0.8, 0.9, 0.6), (0.05, 0.7, 0.95, 0.3), (0.8, 0.9, 0.7, 0.6)],
)
def test_the_interval_holds_the_planted_share(truth: float, hit: float, spared: float, alike: float) -> None:
    rng, held, runs = np.random.default_rng(17), 0, 1_000
    off = []
    for _ in range(runs):
        true, seen, drawn, labelled = simulated(truth, hit, spared, 300, 200, rng, alike)
        yes, no = labelled & true, labelled & ~true
        try:
            found = corrected(
                float(seen.mean()),
                effective(seen, drawn),
                float(seen[yes].mean()),
                effective(seen[yes], drawn[yes]),
                float(1 - seen[no].mean()),
                effective(~seen[no], drawn[no]),
            )
        except NotCorrectable:
            runs -= 1
            continue
        held += found.low <= truth <= found.high
        off.append(found.value - truth)
    assert runs > 980
    assert 0.94 <= held / runs <= 0.99, held / runs
    assert abs(np.mean(off)) < 0.02


def test_refusals_are_values_beside_the_corrected(marks_with_people: object) -> None:
    from comity.judge.marks import Marks
    from comity.judge.prevalence import prevalences

    assert isinstance(marks_with_people, Marks)
    found = prevalences(marks_with_people, "erring")
    assert isinstance(found["alpha"], Corrected)
    assert found["alpha"].low <= 0.4 <= found["alpha"].high
    never = found["never"]
    assert isinstance(never, Refused)
    assert "all of the reasons, or to none" in never.why
    assert prevalences(marks_with_people, "nobody") == {}
