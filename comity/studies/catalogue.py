"""The studies by name."""

from __future__ import annotations

from collections.abc import Mapping

from comity.runs.shape import unknown
from comity.studies.coopeval import COOPEVAL
from comity.studies.exchange import EXCHANGE
from comity.studies.network import NETWORK
from comity.studies.repeatedgames import REPEATED_GAMES
from comity.studies.study import Study, StudyError
from comity.studies.trade_off import TRADE_OFF

STUDIES: Mapping[str, Study] = {study.name: study for study in (COOPEVAL, REPEATED_GAMES, EXCHANGE, TRADE_OFF, NETWORK)}
"""What `comity study` can write."""


def study_called(name: str) -> Study:
    """The study of that name. Raises `StudyError` where there is none."""
    if name not in STUDIES:
        raise StudyError(unknown("study", name, list(STUDIES)))
    return STUDIES[name]
