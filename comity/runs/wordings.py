"""The wordings that the agents of a plan are asked in: ours by name, the user's own by the name of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from comity.runs.texts import Texts, text_of, texts_kept
from comity.words.wording import Wording
from comity.words.wordings import STANDARD, installed, standard, wording_from


def beside(folder: Path) -> Texts:
    """Wordings are files, found from this folder, or come with a plugin."""

    def text(name: str) -> str:
        if name in installed():
            return installed()[name]
        known = ", ".join((*STANDARD, *installed()))
        otherwise = f"the wording {name!r} is neither one of ours ({known}) nor a file that can be read"
        return text_of(folder / name, otherwise)

    return text


def kept(texts: Sequence[tuple[str, str]]) -> Texts:
    """Wordings as a run has kept them."""
    names = ", ".join([*STANDARD, *(name for name, _ in texts)])
    return texts_kept(texts, lambda name: f"there is no wording called {name!r}; there are: {names}")


def wording_called(name: str, texts: Mapping[str, str]) -> Wording:
    """One of ours, or the one with that text. Raises `BadParameter` where the text is no wording."""
    return standard(name) if name in STANDARD else wording_from(texts[name], name)
