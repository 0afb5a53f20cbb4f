"""CoopEval (Tewolde, Zhang, Guzman Piedrahita, Conitzer and Jin, ICML 2026, arXiv 2604.15267)."""

from __future__ import annotations

from comity.studies.study import Study

COOPEVAL = Study(
    name="coopeval",
    about="Six games under six mechanisms, played by six agents made of five models (CoopEval, ICML 2026).",
    replicates=3,
    settings={"form": "lottery", "reasoning": True, "temperature": 1.0, "re_asks": 5},
    ablations=True,
)
"""Every model states a lottery in whole percent, at temperature 1, and is asked again up to five times.

Its main study has 23,664 calls in each of three replicates, its twelve ablations 5,760, without those that ask again.
"""
