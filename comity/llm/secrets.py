"""The keys of the environment, and text without them.

A secret is the value of a variable that was read as a key, or whose name ends like one. Values of fewer than
`SHORTEST` characters are placeholders ("EMPTY", "none"), and taking them out would only garble what a model said.
What was once a secret stays one, even when the environment changes.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache

SHORTEST = 8
LONGEST_LINE = 300

_ENDINGS = ("_API_KEY", "_KEY", "_TOKEN", "_SECRET")
_known: dict[str, str] = {}
"""The name of the variable by its value."""


def key(name: str) -> str | None:
    """The key in the environment variable of that name, None where there is none; from now on it is a secret."""
    _learn()
    value = os.environ.get(name, "").strip()
    _keep(name, value)
    return value or None


def redacted(text: str) -> str:
    """The text with `[NAME]` in place of each secret."""
    if not _known:
        _learn()
    if not _known:
        return text
    return _pattern(tuple(_known)).sub(lambda found: f"[{_known[found[0]]}]", text)


def one_line(text: str) -> str:
    """What a provider said, as part of a message: redacted, without control characters, and not long."""
    shown = "".join(sign if sign.isprintable() else " " for sign in redacted(text)[: 100 * LONGEST_LINE])
    line = " ".join(shown.split())
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"


def _learn() -> None:
    for name, value in os.environ.items():
        if name.upper().endswith(_ENDINGS):
            _keep(name, value.strip())


def _keep(name: str, value: str) -> None:
    if len(value) >= SHORTEST:
        _known.setdefault(value, name)


@lru_cache(maxsize=1)
def _pattern(values: tuple[str, ...]) -> re.Pattern[str]:
    """Matches any of them; of two that begin alike, the longer."""
    return re.compile("|".join(map(re.escape, sorted(values, key=len, reverse=True))))
