"""What a tournament asks again and again is worked out once: games are values, and equal games have equal answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


def once(function: Callable[P, T]) -> Callable[P, T]:
    """The function, which remembers its last 4096 answers. Its arguments are values: they hash and never change."""
    return cast("Callable[P, T]", lru_cache(maxsize=4096)(function))
