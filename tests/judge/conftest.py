"""Marks with planted truth, and reasons to judge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from comity.judge.judging import HUMAN
from comity.judge.keeping import Terms
from comity.judge.marks import Marks, Rater
from comity.judge.reason import Reason
from comity.judge.taxonomy import Label, Taxonomy

THREE = Taxonomy(
    "three",
    (
        Label("alpha", "Alpha", "The player says alpha.", ("alpha",)),
        Label("beta", "Beta", "The player says beta.", ("beta*",)),
        Label("never", "Never", "The player says never.", ("never",)),
    ),
)
TERMS = Terms(THREE, "reason", "a test")


def reasons(number: int = 12, games: Sequence[str] = ("chicken", "stag_hunt")) -> list[Reason]:
    """Reasons that say alpha, or beta, or both, in turn, in matches of two."""
    words = ("alpha", "betas", "alpha and beta")
    return [
        Reason(
            f"r{place}",
            f"I say {words[place % 3]} because it is number {place}.",
            games[place % len(games)],
            "none" if place % 4 < 2 else "repetition",
            f"agent {place % 2}",
            f"{games[place % len(games)]}/{'none' if place % 4 < 2 else 'repetition'}/{place // 8}",
            rules=f"A game about {games[place % len(games)]}.",
            prompt="What do you do?",
            action="cooperate",
            payoffs="2 points",
        )
        for place in range(number)
    ]


@pytest.fixture
def marks_with_people() -> Marks:
    """1,500 reasons, 40 % alpha, a judge that hits 85 % and spares 90 %, and people who labelled 300."""
    rng = np.random.default_rng(23)
    true = np.column_stack([rng.random(1_500) < 0.4, rng.random(1_500) < 0.1, np.zeros(1_500, dtype=bool)])
    seen = np.where(true, rng.random(true.shape) < 0.85, rng.random(true.shape) >= 0.9).astype(float)
    people = np.where((np.arange(1_500) % 5 == 0)[:, None], true.astype(float), np.nan)
    frame = pd.DataFrame(
        {
            "id": [f"r{place}" for place in range(1_500)],
            "game": "chicken",
            "mechanism": "none",
            "agent": "somebody",
            "match": [f"m{place // 3}" for place in range(1_500)],
            "length": 100,
        }
    )
    return Marks(TERMS, frame, (Rater("erring", 1), Rater(HUMAN, 1)), np.stack([seen, people], axis=1), {})
