"""The published numbers of the network experiment, from what was recovered of its figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from comity.corpora.human.recovered import MODEL, PEOPLE, Series, recovered
from comity.fidelity import published
from comity.fidelity.heterogeneity import distribution
from comity.fidelity.observations import FidelityError
from comity.fidelity.published import Row, published_table


def _side(population: str) -> dict[str, Series]:
    return {condition: series for (name, condition), series in recovered().items() if name == population}


@pytest.fixture(scope="module")
def rows() -> tuple[Row, ...]:
    return published_table(_side(PEOPLE), _side(MODEL), np.random.default_rng(1), number=4_000)


def _table(rows: tuple[Row, ...], *names: str) -> list[Row]:
    return [row for row in rows if row.table in names]


def test_the_macro_table_is_reproduced_to_every_digit(rows: tuple[Row, ...]) -> None:
    macro = _table(rows, "macro")
    assert len(macro) == 48
    assert {row.verdict for row in macro} == {"exact"}


def test_the_stars_come_out_but_for_one_that_lies_by_a_border(rows: tuple[Row, ...]) -> None:
    starred = _table(rows, "stars")
    assert len(starred) == 24
    missed = [(row.quantity, row.condition) for row in starred if row.verdict != "exact"]
    assert missed in ([], [("MAE", "lattice")])
    people, model = _side(PEOPLE)["lattice"], _side(MODEL)["lattice"]
    p = published.scrambled_p(model.trajectory, people.trajectory, np.random.default_rng(2), 20_000)
    assert p["mae"] == pytest.approx(0.05, abs=0.008)


def test_all_that_rests_on_series_is_within_the_last_digit(rows: tuple[Row, ...]) -> None:
    found = _table(rows, "flat lines", "shape", "contrasts", "excess variance", "excess persistence", "mood")
    assert len(found) == 8 + 54 + 8 + 12 + 8 + 24
    assert {row.verdict for row in found} <= {"exact", "last digit"}
    exact = [row for row in found if row.verdict == "exact"]
    assert len(exact) >= 0.85 * len(found)


def test_distances_of_distributions_are_within_their_bins(rows: tuple[Row, ...]) -> None:
    found = _table(rows, "rates", "distances of rates")
    assert len(found) == 4 * (4 + 9)
    assert {row.verdict for row in found} <= {"exact", "last digit", "within bins"}


def test_what_is_not_in_the_figures_is_named(rows: tuple[Row, ...]) -> None:
    beyond = [row for row in rows if row.verdict == "not reproducible here"]
    assert {row.table for row in beyond} == {"selection", "decision rule"}
    assert all(row.because and not row.recomputed for row in beyond)


def test_a_number_that_is_wrong_is_said_to_be_wrong() -> None:
    """With one series changed the table notices; with a condition left out there is none."""
    people, model = _side(PEOPLE), _side(MODEL)
    counts = (model["lattice"].cooperators[0] + 40, *model["lattice"].cooperators[1:])
    changed = model | {"lattice": replace(model["lattice"], cooperators=counts)}
    rows = published_table(people, changed, np.random.default_rng(1), number=200)
    wrong = {row.condition for row in _table(rows, "macro") if row.verdict == "not reproduced"}
    assert wrong == {"lattice"}
    with pytest.raises(FidelityError, match="needs the condition 'lattice control'"):
        published_table(people, {"lattice": model["lattice"]}, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("printed", "found", "verdict"),
    [
        (".102", 0.1024, "exact"),
        (".102", 0.1034, "last digit"),
        (".102", 0.1049, "within bins"),
        (".102", 0.106, "not reproduced"),
        ("**", "**", "exact"),
        ("**", "*", "not reproduced"),
        ("none", 0.01, "not reproduced"),
    ],
)
def test_a_verdict_goes_by_printed_digits(printed: str, found: float | str, verdict: str) -> None:
    assert Row("t", "q", "c", "printed", printed, found, bins=0.003).verdict == verdict


def test_flows_balance_for_a_known_rule() -> None:
    """A chain that cooperates with .6 after C and .3 after D, from its own steady state."""
    rng = np.random.default_rng(3)
    actions = np.empty((20_000, 40))
    actions[:, 0] = rng.random(20_000) < 3 / 7
    for when in range(1, 40):
        actions[:, when] = rng.random(20_000) < np.where(actions[:, when - 1] > 0, 0.6, 0.3)
    repeated = float((actions[:, 1:] == actions[:, :-1]).mean())
    found = published.mood(actions.mean(axis=0), repeated)
    assert (found.after_c, found.after_d, found.gap) == pytest.approx((0.6, 0.3, 0.3), abs=0.005)


def test_two_samples_of_people_are_nearer_than_people_and_identical_agents() -> None:
    rng = np.random.default_rng(4)
    people = distribution(rng.beta(2, 3, 600).round(2))
    apart = published.apart_w1(people, 300, rng, 200)
    identical = published.homogeneous_w1(people, 50, 300, rng, 200)
    assert apart.max() < identical.min()
