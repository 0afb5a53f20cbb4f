"""How much of what a model is asked it has been asked before: whole prompts, and beginnings of prompts."""

from __future__ import annotations

from dataclasses import dataclass, fields

BLOCK = 64
"""Beginnings are compared in steps of so many characters (about 16 tokens, what local servers cache at a time)."""


@dataclass(frozen=True)
class Shared:
    """Some prompts, counted.

    prompts, characters: all of them. unique, unique_characters: those that were not asked before, word for word.
    repeated: characters in blocks at the beginning of a prompt up to which some prompt before it reads the same.
    """

    prompts: int = 0
    characters: int = 0
    unique: int = 0
    unique_characters: int = 0
    repeated: int = 0

    def __add__(self, other: Shared) -> Shared:
        return Shared(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Shared)))

    @property
    def prefix(self) -> float:
        """The share of the characters that lies in a beginning that was read before."""
        return self.repeated / self.characters if self.characters else 0.0


class Reader:
    """Whoever is asked, and remembers what it was asked. Two prompts are taken for equal if 64-bit hashes are."""

    def __init__(self) -> None:
        self._prompts: set[int] = set()
        self._beginnings: set[int] = set()

    def read(self, text: str) -> Shared:
        """Read a prompt; how much of it was new."""
        whole, size = hash(text), len(text)
        if whole in self._prompts:
            return Shared(1, size, repeated=size)
        self._prompts.add(whole)
        return Shared(1, size, 1, size, self._repeated(text))

    def _repeated(self, text: str) -> int:
        known, beginning, repeated = True, 0, 0
        for end in range(BLOCK, len(text) + 1, BLOCK):
            beginning = hash((beginning, text[end - BLOCK : end]))
            known = known and beginning in self._beginnings
            if known:
                repeated = end
            else:
                self._beginnings.add(beginning)
        return repeated
