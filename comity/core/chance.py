"""Chance has an address, never a place in a stream.

A draw is a pure function of (seed, match, step, slot): who replied first, how many workers played, and whether the
match was resumed cannot change it. One draw is one 64-bit word, made by the finaliser of SplitMix64 (Steele, Lea and
Flood, OOPSLA 2014, figure 8) over the parts of the address; `uniforms` is the same function over arrays, so that a
whole round robin played at once draws exactly what its matches draw one by one. No library's generator is used: how it
turns a seed into numbers may change from version to version, and a plan with a seed must not.
"""

from __future__ import annotations

import hashlib
import math
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

    def order(self, size: int) -> tuple[int, ...]:
        """The order of the numbers 0 .. size-1 that lies here: that of as many random words, made from this one."""
        word = self.word
        return tuple(sorted(range(size), key=lambda number: _mixed(word ^ number)))


def cut(probability: float) -> int:
    """Where to cut the 53 bits of a draw: `uniform() < probability` exactly if they are less than this."""
    return math.ceil(probability * 2**53)


def streams(keys: NDArray[np.uint64], steps: NDArray[np.uint64] | np.uint64) -> NDArray[np.uint64]:
    """What the draws of a step share, for arrays of keys and steps (of shapes that broadcast); see `bits`."""
    return _mixed_array(keys ^ steps)


def words(streams: NDArray[np.uint64], slot: int) -> NDArray[np.uint64]:
    """`Address(key, step, slot).word` for streams of keys and steps."""
    import numpy as np

    return _mixed_array(streams ^ np.uint64(slot))


def bits(streams: NDArray[np.uint64], slot: int) -> NDArray[np.uint64]:
    """The 53 bits of which `Address(key, step, slot).uniform()` makes its number, for streams of keys and steps."""
    import numpy as np

    found = words(streams, slot)
    found >>= np.uint64(11)
    return found


def uniforms(keys: NDArray[np.uint64], step: int, slot: int) -> NDArray[np.float64]:
    """What `Address(key, step, slot).uniform()` gives, for an array of keys at once."""
    import numpy as np

    return bits(streams(keys, np.uint64(step)), slot).astype(np.float64) * _UNIT


def _mixed_array(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """`_mixed` of every word; the array is overwritten."""
    import numpy as np

    shifted = np.empty_like(words)
    words += np.uint64(_GOLDEN)
    words ^= np.right_shift(words, np.uint64(30), out=shifted)
    words *= np.uint64(_FIRST)
    words ^= np.right_shift(words, np.uint64(27), out=shifted)
    words *= np.uint64(_SECOND)
    words ^= np.right_shift(words, np.uint64(31), out=shifted)
    return words
