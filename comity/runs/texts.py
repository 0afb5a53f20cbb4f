"""Texts that a plan names: read from files beside it, and read again as a run has kept them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from comity.core.errors import BadParameter

Texts: TypeAlias = Callable[[str], str]
"""A text by the name a plan calls it. Raises `BadParameter` where there is none."""


def text_of(path: Path, otherwise: str) -> str:
    """The text of that file. Raises `BadParameter` where it cannot be read: what is said otherwise, and the reason."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise BadParameter(f"{otherwise} ({path}: {reason})") from None


def texts_kept(texts: Iterable[tuple[str, str]], otherwise: Callable[[str], str]) -> Texts:
    """Those that a run has kept. otherwise: the sentence about a name that is not among them."""
    known = dict(texts)

    def text(name: str) -> str:
        if name not in known:
            raise BadParameter(otherwise(name))
        return known[name]

    return text
