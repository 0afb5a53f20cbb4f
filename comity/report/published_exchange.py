"""Published figures on zero-cost collaboration, for comparison only.

From notes that others took of Yadav, Black and Sourbut (arXiv 2604.07821), Tables 1 and 2; not checked against the text
of the paper. Ten copies of one model, 20 rounds, two open tasks of four pieces each, five runs per cell.
"""

from __future__ import annotations

from typing import NamedTuple

NOT_CHECKED = (
    "Published numbers are from notes on Yadav, Black and Sourbut (2026) and were not checked against the text of the "
    "paper."
)


class PublishedModel(NamedTuple):
    """tasks: of all ten agents, with the half-width of the 95 % interval over five runs. Shares are per cent of 204
    tasks.

    auto_request: with asking automated. auto_share: with fulfilling automated.
    """

    name: str
    tasks: float
    half: float
    auto_request: float
    auto_share: float


MODELS = (
    PublishedModel("Gemini-2.5-Pro", 161.0, 2.9, 99.1, 89.2),
    PublishedModel("Claude Sonnet 4", 132.0, 9.6, 90.7, 80.3),
    PublishedModel("o3-mini", 102.8, 17.3, 17.2, 92.1),
    PublishedModel("DeepSeek-R1", 93.5, 8.7, 70.5, 75.5),
    PublishedModel("GPT-5-mini", 78.7, 8.6, 18.6, 95.3),
    PublishedModel("Gemini-2.5-Flash", 62.2, 7.3, 86.4, 25.6),
    PublishedModel("o3", 34.4, 2.6, 15.2, 94.9),
    PublishedModel("GPT-4.1-mini", 11.8, 1.6, 30.1, 14.4),
)
