"""Chance has an address, never a place in a stream.

A draw is a pure function of (seed, match, step, slot): who replied first, how many workers played, and whether the
match was resumed cannot change it. One draw is one 64-bit word, made by the finaliser of SplitMix64 (Steele, Lea and
Flood, OOPSLA 2014, figure 8) over the parts of the address; `uniforms` is the same function over arrays, so that a
whole round robin played at once draws exactly what its matches draw one by one. Whoever needs more than one word asks
the address for a `generator`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_UNIT = 2.0**-53


def stream_key(*parts: int | str) -> int:
    """The 64-bit key of a stream of draws: a hash of what names it (seed, match, purpose)."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _mixed(word: int) -> int:
    word = (word + _GOLDEN) & _MASK
    word = ((word ^ (word >> 30)) * _FIRST) & _MASK
    word = ((word ^ (word >> 27)) * _SECOND) & _MASK
    return word ^ (word >> 31)


@dataclass(frozen=True, slots=True)
class Address:
    """Where one draw lies: the key of its match's stream, the step of the match, the slot within the step."""

    key: int
    step: int
    slot: int

    @property
    def word(self) -> int:
        """The 64 random bits that lie here."""
        return _mixed(_mixed(self.key ^ self.step) ^ self.slot)

    def uniform(self) -> float:
        """The number in [0, 1) that lies here, a multiple of 2**-53."""
        return (self.word >> 11) * _UNIT

    def generator(self) -> np.random.Generator:
        """A generator of its own for a draw that needs more than one number."""
        import numpy as np

        return np.random.Generator(np.random.Philox(key=[self.word, self.key]))


def uniforms(keys: NDArray[np.uint64], step: int, slot: int) -> NDArray[np.float64]:
    """What `Address(key, step, slot).uniform()` gives, for an array of keys at once."""
    import numpy as np

    inner = _mixed_array(keys ^ np.uint64(step))
    inner ^= np.uint64(slot)
    words = _mixed_array(inner)
    words >>= np.uint64(11)
    return words.astype(np.float64) * _UNIT


def _mixed_array(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    import numpy as np

    words = words + np.uint64(_GOLDEN)
    words ^= words >> np.uint64(30)
    words *= np.uint64(_FIRST)
    words ^= words >> np.uint64(27)
    words *= np.uint64(_SECOND)
    words ^= words >> np.uint64(31)
    return words
