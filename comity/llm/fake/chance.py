"""Chance of the fake provider: every draw is a function of what it is drawn for, never of what was drawn before."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True)
class Chance:
    """A place that a draw lies at, and from which others are reached; equal places hold equal draws."""

    place: bytes = b""

    @classmethod
    def of(cls, *parts: int | str) -> Chance:
        """The place that is named by these parts."""
        return cls().at(*parts)

    def at(self, *parts: int | str) -> Chance:
        """The place that is named by these parts, as seen from here."""
        text = "\x1f".join([f"{type(part).__name__}:{part}" for part in parts])
        return Chance(hashlib.blake2b(self.place + text.encode("utf-8", "surrogatepass"), digest_size=16).digest())

    def uniform(self) -> float:
        """The number in [0, 1) that lies here, a multiple of 2**-53."""
        return (int.from_bytes(self.place[:8], "little") >> 11) * _UNIT

    def below(self, size: int) -> int:
        """One of the numbers 0 .. size-1, each as likely as any other."""
        return int(self.uniform() * size)
