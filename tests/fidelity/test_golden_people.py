"""What others found in the same data: strategy frequencies and memory-one tables to the printed digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from comity.corpora.human.dataset import read_human
from comity.corpora.human.importing import import_human
from comity.fidelity.automata_fits import frequencies
from comity.fidelity.mixtures import contexts, mixture
from comity.fidelity.observations import Observations
from comity.fidelity.repertoire import FIVE, TWENTY

SFEM = {
    "r32_delta0.5": (44, (0.920, 0.000, 0.000, 0.080, 0.000), 0.940, -199.15),
    "r40_delta0.5": (50, (0.783, 0.078, 0.040, 0.098, 0.000), 0.864, -524.87),
    "r48_delta0.5": (46, (0.533, 0.072, 0.000, 0.376, 0.019), 0.912, -456.05),
    "r32_delta0.75": (44, (0.648, 0.000, 0.000, 0.352, 0.000), 0.904, -528.00),
    "r40_delta0.75": (38, (0.109, 0.296, 0.267, 0.327, 0.000), 0.909, -310.91),
    "r48_delta0.75": (44, (0.000, 0.127, 0.305, 0.568, 0.000), 0.970, -201.44),
}
"""People, shares of ALLD, ALLC, GRIM, TFT, WSLS, β and log likelihood (Dal Bó and Fréchette 2011, by stratEst)."""
AFTER = {
    "r32_delta0.5": (0.028, 0.581, 0.194, 1.000),
    "r40_delta0.5": (0.084, 0.419, 0.280, 0.844),
    "r48_delta0.5": (0.026, 0.160, 0.440, 1.000),
    "r32_delta0.75": (0.027, 0.393, 0.352, 0.962),
    "r40_delta0.75": (0.094, 0.481, 0.407, 0.978),
    "r48_delta0.75": (0.167, 0.588, 0.412, 0.984),
}
"""P(C) after DD, DC, CD, CC, own act first."""


@pytest.fixture(scope="module")
def dal_bo_frechette(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Observations]:
    """By treatment, as the importer reads them."""
    return imported(shared_data / "human" / "dal_bo_frechette_2011_subjects.parquet", tmp_path_factory.mktemp("df"))


@pytest.fixture(scope="module")
def fudenberg_rand_dreber(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Observations]:
    """By treatment. What was meant is the action, and what was carried out is what strategies answer to."""
    return imported(shared_data / "human" / "fudenberg_rand_dreber_2012.parquet", tmp_path_factory.mktemp("frd"))


def imported(source: Path, folder: Path) -> dict[str, Observations]:
    import_human(str(source), folder / "people")
    return read_human(folder / "people").conditions()


@pytest.mark.parametrize("treatment", SFEM)
def test_strategy_frequencies_of_dal_bo_and_frechette(
    dal_bo_frechette: dict[str, Observations], treatment: str
) -> None:
    people, shares, beta, height = SFEM[treatment]
    found = frequencies(dal_bo_frechette[treatment], FIVE)
    assert found.data.observed.n_agents == people
    assert tuple(found.shares.round(3)) == pytest.approx(shares, abs=1e-9)
    assert round(found.beta, 3) == beta
    assert round(found.log_likelihood, 2) == height
    assert found.data.left_out == 0
    assert found.gap < 1e-4


@pytest.mark.parametrize("treatment", AFTER)
def test_memory_one_of_dal_bo_and_frechette(dal_bo_frechette: dict[str, Observations], treatment: str) -> None:
    data = contexts(dal_bo_frechette[treatment], "memory-one")
    shares = data.cooperated.sum(axis=0) / data.chosen.sum(axis=0)
    assert tuple(shares[[4, 3, 2, 1]].round(3)) == AFTER[treatment]
    # One class is the table itself, but for the prior of a hundredth of a choice.
    pooled = mixture(dal_bo_frechette[treatment], "memory-one", 1, np.random.default_rng(0))
    assert pooled.parameters[0] == pytest.approx(shares, abs=1e-3)


def test_more_strategies_explain_more(dal_bo_frechette: dict[str, Observations]) -> None:
    observed = dal_bo_frechette["r40_delta0.75"]
    five, twenty = frequencies(observed, FIVE), frequencies(observed, TWENTY)
    assert twenty.log_likelihood > five.log_likelihood
    assert twenty.beta > five.beta
    assert twenty.shares.sum() == pytest.approx(1)


ELEVEN = ("ALLC", "TFT", "TF2T", "TF3T", "2TFT", "2TF2T", "GRIM", "GRIM2", "GRIM3", "ALLD", "DTFT")
NOISY = {
    "bc1.5_error0.125": (0.00, 0.19, 0.05, 0.01, 0.06, 0.00, 0.14, 0.06, 0.06, 0.29, 0.15),
    "bc2.0_error0.125": (0.03, 0.06, 0.00, 0.03, 0.07, 0.11, 0.07, 0.18, 0.28, 0.17, 0.00),
    "bc2.5_error0.125": (0.00, 0.09, 0.17, 0.05, 0.02, 0.11, 0.11, 0.02, 0.24, 0.14, 0.05),
    "bc4.0_error0.125": (0.06, 0.07, 0.20, 0.09, 0.03, 0.12, 0.04, 0.05, 0.11, 0.23, 0.00),
}
"""The shares of eleven strategies where one move in eight goes wrong (Fudenberg, Rand and Dreber 2012)."""


@pytest.mark.parametrize("treatment", NOISY)
def test_strategy_frequencies_of_fudenberg_rand_and_dreber(
    fudenberg_rand_dreber: dict[str, Observations], treatment: str
) -> None:
    found = frequencies(fudenberg_rand_dreber[treatment], {name: TWENTY[name] for name in ELEVEN})
    assert found.shares == pytest.approx(np.array(NOISY[treatment]), abs=0.01)


def test_errors_make_people_lenient(fudenberg_rand_dreber: dict[str, Observations]) -> None:
    """Who waits for a second or third defection is rare where moves never go wrong, and common where they do."""
    lenient = [list(TWENTY).index(name) for name in ("TF2T", "TF3T", "2TF2T", "GRIM2", "GRIM3")]
    exact, noisy = (frequencies(fudenberg_rand_dreber[f"bc4.0_error{error}"], TWENTY) for error in ("0.0", "0.0625"))
    assert exact.shares[lenient].sum() < 0.25
    assert noisy.shares[lenient].sum() > 0.7
