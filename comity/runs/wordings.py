"""The wordings that the agents of a plan are asked in: ours by name, the user's own by the name of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from comity.core.errors import BadParameter
from comity.words.wording import Wording
from comity.words.wordings import STANDARD, installed, standard, wording_from

Texts: TypeAlias = Callable[[str], str]
"""The text of a wording by the name a plan calls it. Raises `BadParameter` where there is none."""


def beside(folder: Path) -> Texts:
    """Wordings are files, found from this folder, or come with a plugin."""

    def text(name: str) -> str:
        if name in installed():
            return installed()[name]
        path = folder / name
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
            raise BadParameter(
                f"the wording {name!r} is neither one of ours ({', '.join((*STANDARD, *installed()))}) nor a file "
                f"that can be read ({path}: {reason})"
            ) from None

    return text


def kept(texts: Iterable[tuple[str, str]]) -> Texts:
    """Wordings as a run has kept them."""
    known = dict(texts)

    def text(name: str) -> str:
        if name not in known:
            raise BadParameter(f"there is no wording called {name!r}; there are: {', '.join([*STANDARD, *known])}")
        return known[name]

    return text


def wording_called(name: str, texts: Mapping[str, str]) -> Wording:
    """One of ours, or the one with that text. Raises `BadParameter` where the text is no wording."""
    return standard(name) if name in STANDARD else wording_from(texts[name], name)
