"""CoopEval (Tewolde, Zhang, Guzman Piedrahita, Conitzer and Jin, ICML 2026, arXiv 2604.15267)."""

from __future__ import annotations

from comity.studies.study import Part, Study

COOPEVAL = Study(
    name="coopeval",
    about="Six games under six mechanisms, played by six agents made of five models (CoopEval, ICML 2026).",
    parts=(
        Part("main", "The main study.", "coopeval", replicates=3, replicates_in_full=3),
        Part(
            "ablations",
            "The ablations: twelve variations of memory and continuation in the prisoner's dilemma.",
            "coopeval_ablations",
            replicates=3,
            replicates_in_full=3,
        ),
    ),
    settings={"form": "lottery", "reasoning": True, "temperature": 1.0, "re_asks": 5, "wording": "neutral"},
    differs=(
        'The prompts are not the published ones. They say the same rules in words of comity (wording = "neutral"): '
        "actions are A0 and A1 and have no meaning of their own, and the aim that is stated is one's own total. What "
        'differs still: claims stay numbers, where they were A0 to A3; who delegates chooses "delegate", where that '
        "was the last A; the general part stands in a system message; rounds stand with the earliest first, those of "
        "repetition with their points; players of a population are called player 1, 2, ..., and its groups by seat; "
        "each seat of matching pennies is shown its own payoffs, where both were shown those of the first; who is "
        "asked again is shown the end of a bad answer. As published, players under repetition and reputation are told "
        'the chance of another round, and not that all 15 rounds are always played. horizon = "announced" tells them '
        "the number instead; random_continuation in place of repetition makes the chance true."
    ),
)
"""Every model states a lottery in whole percent, at temperature 1, and is asked again up to five times.

A model that takes no temperature is left at its own, which the plan says.

Its main study has 23,664 calls in each of three replicates, its twelve ablations 5,760, without those that ask again.
"""
