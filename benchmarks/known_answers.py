"""How often populations of which it is known what must be said get that verdict: the rates told in the docs.

Each trial draws people and makes ten candidates of some of them (`comity.fidelity.known.trial`); further trials are of
people against people only. Every rate stands with its Wilson interval.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from comity.fidelity.known import ALL, POPULATIONS, trial
from comity.fidelity.statistic import Level
from comity.fidelity.verdict import Word
from comity.stats.proportions import wilson

TRIALS, OF_PEOPLE = 60, 60
"""So many trials of all ten populations, and so many more of people against people."""

SEED = 11


def main() -> None:
    """Print a row for each population: by level, how often which word was said."""
    said: dict[tuple[str, Level], Counter[Word]] = defaultdict(Counter)
    for number in range(TRIALS + OF_PEOPLE):
        names = list(POPULATIONS) if number < TRIALS else ["people"]
        for name, verdicts in trial(np.random.default_rng([SEED, number]), names).items():
            for each in verdicts.levels:
                said[name, each.level][each.verdict.word] += 1
    print("population                            " + "".join(f"{level:36s}" for level in ALL))
    for name, known in POPULATIONS.items():
        print(f"{known.title[:36]:38s}" + "".join(f"{_told(said[name, level]):36s}" for level in ALL))


def _told(words: Counter[Word]) -> str:
    """The most frequent word with its rate and interval in %, and the other words with their counts."""
    (first, count), *rest = words.most_common()
    n = words.total()
    low, high = wilson(count, n)
    others = "".join(f" {word[0]}{number}" for word, number in rest)
    return f"{first} {count}/{n} [{100 * low:.0f}, {100 * high:.0f}]{others}"
