"""The written playthroughs: where they lie, what they should say, and writing them anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.playthroughs.stacks import PLAYED, REFUSED
from tests.playthroughs.telling import told

FOLDER = Path(__file__).parent / "golden"
COMMAND = "python -m tests.playthroughs"
REFUSALS = "refused"

NAMES = (*PLAYED, REFUSALS)
"""Every file, without its ending."""


def place(name: str) -> Path:
    """Where the text of that name lies."""
    return FOLDER / f"{name}.txt"


def text(name: str) -> str:
    """What the text of that name should say."""
    if name == REFUSALS:
        return "".join(f"{stack}\n  {sentence}\n" for stack, sentence in REFUSED.items())
    return told(name, PLAYED[name])


def written() -> Iterator[str]:
    """The names of the texts that lie there."""
    return (path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.txt"))


def write_all() -> None:
    """Write every text anew, and remove those that no playthrough has any more."""
    for name in set(written()) - set(NAMES):
        place(name).unlink()
    for name in NAMES:
        place(name).parent.mkdir(parents=True, exist_ok=True)
        place(name).write_text(text(name), encoding="utf-8")
