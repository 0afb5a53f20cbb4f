"""What the Mean of a whole tournament is identical to: a frequency of actions, if transfers cancel out.

With all agents against all, averaged over all matches and seats and weighted by round as payoffs are. In the
prisoner's dilemma and the public goods game it is the share of cooperation, in the traveller's dilemma the expected
lower claim on the scale of the claims, in the trust game the share of trust; the trustee does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from comity.games.travellers import TravellersDilemma
from comity.records.tables import Tables

CELL = ["mechanism", "game", "replicate"]


def frequencies(tables: Tables, weights: Mapping[str, tuple[float, ...]]) -> dict[tuple[str, ...], float]:
    """By mechanism, game and replicate what the Mean must be; `weights` has those of the rounds by mechanism."""
    plays = pd.concat(_observed(tables.plays))
    by_round = plays.groupby([*CELL, "match", "round"], sort=False)["seen"].mean().reset_index()
    weight = [
        weights[mechanism][round] for mechanism, round in zip(by_round["mechanism"], by_round["round"], strict=True)
    ]
    by_match = by_round.assign(seen=by_round["seen"] * weight).groupby([*CELL, "match"], sort=False)["seen"].sum()
    means = by_match.groupby(level=CELL, sort=False).mean().reset_index()
    return dict(zip(zip(*(means[key] for key in CELL), strict=True), means["seen"], strict=True))


def _observed(plays: pd.DataFrame) -> Iterator[pd.DataFrame]:
    shared = plays[plays["game"].isin(["prisoners_dilemma", "public_goods"])]
    trusters = plays[(plays["game"] == "trust_game") & (plays["role"] == "truster")]
    for rows in (shared, trusters):
        yield rows.assign(seen=rows["cooperated"].astype(float))
    yield _lower_claims(plays[plays["game"] == "travellers_dilemma"])


def _lower_claims(plays: pd.DataFrame) -> pd.DataFrame:
    claims = list(TravellersDilemma().values.values())
    low = plays.assign(seen=plays["action"].astype(float)).groupby(["match", "play"])["seen"].transform("min")
    return plays.assign(seen=(low - claims[0]) / (claims[-1] - claims[0]))
