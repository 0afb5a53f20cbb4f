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

    A keyword that begins with "~" does not count where one of the `BEFORE` words before it in its sentence negates it;
    of any other kind of negation the judge knows nothing. A floor to compare models with and a way to try everything
    out without a key. Raises `JudgeError` where no label has keywords.
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
            if any(stem in lowered and _stands(whole, lowered, unless) for stem, whole, unless in words)
        }

    return Scripted(KEYWORDS, taxonomy, rule)


def _sought(word: str) -> tuple[str, re.Pattern[str], bool]:
    """The letters that must occur, which is fast to see, how they must stand, and whether a negation undoes them."""
    parts = word.lower().removeprefix("~").split("*")
    end = "" if word.endswith("*") else r"\b"
    return parts[0], re.compile(r"\b" + r"\w*".join(map(re.escape, parts)) + end), word.startswith("~")


BEFORE = 4
"""A negation undoes a keyword that comes so many words later at most."""
_NEGATION = re.compile(
    r"not|no|never|nothing|nobody|none|neither|nor|without|cannot|avoid|instead|hardly|rather|unlike|\w*n['\u2019]t"
)
_ENDS = re.compile(r"[.!?;:,]")


def _stands(sought: re.Pattern[str], text: str, unless_negated: bool) -> bool:
    return any(not (unless_negated and _negated(text[: found.start()])) for found in sought.finditer(text))


def _negated(before: str) -> bool:
    """Whether the last words of what comes before, in the same part of the sentence, negate what follows."""
    words = re.findall(r"[\w'\u2019]+", _ENDS.split(before)[-1])[-BEFORE:]
    return any(map(_NEGATION.fullmatch, words))
