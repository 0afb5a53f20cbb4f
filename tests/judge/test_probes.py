"""What labels should not follow: the length of the text, and the order of the labels; planted, and found."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from comity.judge.agreements import SETS, agreed
from comity.judge.judging import HUMAN
from comity.judge.marks import Marks, Rater
from comity.judge.probes import HOW_MANY, correlation, position, verbosity
from comity.judge.taxonomy import Label, Taxonomy
from tests.judge.conftest import TERMS


def marks(number: int = 600, passes: int = 2) -> Marks:
    """Alpha follows the length; the second pass gives beta, listed later there, less often; the third repeats."""
    rng = np.random.default_rng(6)
    agents = rng.integers(0, 2, number)
    length = rng.integers(100, 1_000, number) + 2_000 * agents
    base = np.column_stack([rng.random(number) < length / 3_000, rng.random(number) < 0.4, rng.random(number) < 0.2])
    second = base & ~(np.array([False, True, False]) & (rng.random((number, 3)) < 0.5))
    frame = pd.DataFrame(
        {
            "id": [str(place) for place in range(number)],
            "game": "chicken",
            "mechanism": "none",
            "agent": [f"agent {agent}" for agent in agents],
            "match": [f"m{place // 2}" for place in range(number)],
            "length": length,
        }
    )
    given = np.stack([base, second, base][:passes], axis=1).astype(float)
    return Marks(TERMS, frame, tuple(Rater("one", place + 1) for place in range(passes)), given, {})


def test_correlation_is_pearsons_and_ranks_make_it_spearmans() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=50), rng.normal(size=50)
    assert correlation(x, y).value == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert math.isnan(correlation(x, np.ones(50)).value)


def test_a_label_that_follows_the_length_is_found() -> None:
    whole = marks()
    found = {one.of: one for one in verbosity(whole, np.random.default_rng(1), 300)}
    assert list(found) == [HOW_MANY, "alpha", "beta", "never"]
    read = whole.read
    expected = spearmanr(read.reasons["length"], read.presence[:, 0]).statistic
    assert found["alpha"].overall.value == pytest.approx(expected)
    assert found["alpha"].overall.low > 0.4
    assert found["beta"].overall.low < 0 < found["beta"].overall.high
    assert found["alpha"].within.high < found["alpha"].overall.low, "most of it is that one agent writes longer"
    assert found["alpha"].within.low > 0


def test_an_order_that_matters_is_found() -> None:
    found = {one.label: one for one in position(marks(), np.random.default_rng(1), 300)}
    assert found["beta"].difference.low > 0.1
    assert found["beta"].difference.value == pytest.approx(found["beta"].stated - found["beta"].turned)
    assert found["alpha"].difference.value == 0
    assert found["alpha"].kappa.value == pytest.approx(1)
    assert found["beta"].kappa.high < 0.8
    assert math.isnan(found["beta"].same.value), "no order was repeated"
    again = {one.label: one for one in position(marks(passes=3), np.random.default_rng(1), 300)}
    assert again["beta"].same.value == pytest.approx(1)
    assert position(marks(passes=1), np.random.default_rng(1)) == ()


def rng_sets(number: int) -> Marks:
    """Two judges who agree on nearly nothing, by twelve labels."""
    rng = np.random.default_rng(4)
    labels = tuple(Label(f"l{place}", f"L{place}", "A label.") for place in range(12))
    whole = marks(number)
    given = (rng.random((number, 2, 12)) < 0.5).astype(float)
    terms = replace(TERMS, taxonomy=Taxonomy("twelve", labels))
    return replace(whole, terms=terms, raters=(Rater("one", 1), Rater("two", 1)), given=given)


def test_agreement_is_told_by_label_and_on_sets() -> None:
    one = marks()
    two = replace(one, raters=(Rater("one", 1), Rater("two", 1)))
    found = agreed(two, np.random.default_rng(1), 300)
    assert [row.of for row in found] == ["alpha", "beta", "never", SETS]
    assert found[0].alpha.value == pytest.approx(1)
    assert found[1].pairs["one", "two"].high < 0.8
    assert 0.5 < found[-1].alpha.value < 1
    assert found[-1].pairs == {}
    assert agreed(one, np.random.default_rng(1)) == (), "one judge has nobody to agree with"
    assert found[-1].alpha.units == 600
    many = rng_sets(3_000)
    assert agreed(many, np.random.default_rng(1), 100)[-1].alpha.units == 1_000, (
        "too many sets to compare each with each"
    )
    people = replace(one, raters=(Rater("one", 1), Rater(HUMAN, 1)))
    assert list(agreed(people, np.random.default_rng(1), 300)[0].pairs) == [("one", HUMAN)]
