"""What scripted agents hand in, against an independent model of the published rules (200 worlds at most, 4 errors)."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from statistics import fmean, stdev

import pytest

from comity.studies.exchange_reference import REFERENCES, Reference
from tests.exchange.players import tasks

pytestmark = pytest.mark.slow

WORLDS = 15


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda reference: reference.name)
def test_scripts_hand_in_what_they_should(reference: Reference) -> None:
    found = [tasks(replace(reference.game, world=world), *reference.agents) for world in range(1, WORLDS + 1)]
    if reference.spread == 0:
        assert set(found) == {reference.expected}
        return
    error = sqrt(stdev(found) ** 2 / WORLDS + reference.spread**2 / reference.worlds)
    assert abs(fmean(found) - reference.expected) <= 4 * error + 0.05  # the expectation is printed to one digit
