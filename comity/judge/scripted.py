"""Judges that need no model: a function from text to labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from comity.judge.errors import JudgeError
from comity.judge.reading import Verdict
from comity.judge.reason import Reason
from comity.judge.taxonomy import Taxonomy

KEYWORDS = "keywords"
"""What the judge by keywords is called."""


@dataclass(frozen=True)
class Scripted:
    """A judge that is a function of the text; it costs nothing, and its labels are those of the taxonomy."""

    name: str
    taxonomy: Taxonomy
    rule: Callable[[str], Collection[str]]

    @property
    def how(self) -> str:
        return "scripted"

    async def judge(self, reason: Reason, number: int) -> Verdict:
        """See `comity.judge.judging.Judge`. Raises `ValueError` where the rule names a label there is not."""
        found = self.rule(reason.text)
        unknown = sorted(set(found) - set(self.taxonomy.names))
        if unknown:
            raise ValueError(f"the judge {self.name!r} names labels there are not: {', '.join(unknown)}")
        return Verdict(tuple(name for name in self.taxonomy.names if name in found))


def keywords(taxonomy: Taxonomy) -> Scripted:
    """The judge that gives a label where one of its keywords occurs, in small or large letters.

    A floor to compare models with and a way to try everything out without a key; it knows nothing of negation. Raises
    `JudgeError` where no label has keywords.
    """
    if not any(label.keywords for label in taxonomy.labels):
        raise JudgeError(
            f"the judge {KEYWORDS!r} needs keywords, and no label of the taxonomy {taxonomy.name!r} has any"
        )
    sought = {label.name: [_sought(word) for word in label.keywords] for label in taxonomy.labels}

    def rule(text: str) -> set[str]:
        lowered = " ".join(text.lower().split())
        return {
            name
            for name, words in sought.items()
            if any(stem in lowered and whole.search(lowered) for stem, whole in words)
        }

    return Scripted(KEYWORDS, taxonomy, rule)


def _sought(word: str) -> tuple[str, re.Pattern[str]]:
    """The letters that must occur, which is fast to see, and how they must stand."""
    stem = word.lower().removesuffix("*")
    end = "" if word.endswith("*") else r"\b"
    return stem, re.compile(rf"\b{re.escape(stem)}{end}")
