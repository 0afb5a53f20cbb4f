"""The keys of the environment, and text without them.

A secret is the value of a variable that was read as a key, or whose name ends like one. Values of fewer than
`SHORTEST` characters are placeholders ("EMPTY", "none"), and taking them out would only garble what a model said.
What was once a secret stays one, even when the environment changes. It is known again as URLs, JSON and base64 write
it, the last also in the middle of something longer, such as a header of basic authentication.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

SHORTEST = 8
LONGEST_LINE = 300

_ENDINGS = ("_API_KEY", "_KEY", "_TOKEN", "_SECRET")
_known: dict[str, str] = {}
"""The name of the variable by its value, in every form that it is known in."""


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
    if not any(form in text for form in _known):  # much faster than the pattern, and nearly always so
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
        for form in _forms(value):
            _known.setdefault(form, name)


def _forms(value: str) -> Iterator[str]:
    """The ways in which a value may stand in a text."""
    data = value.encode("utf-8", "surrogateescape")
    yield from (value, json.dumps(value)[1:-1], quote(data, safe=""), quote(data), quote_plus(data))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield from (_inside(encode, data, before) for before in range(3))


def _inside(encode: Callable[[bytes], bytes], value: bytes, before: int) -> str:
    """What base64 makes of a value behind so many other bytes, without the signs that depend on its neighbours."""
    data = bytes(before) + value
    first, last = -(-8 * before // 6), 8 * len(data) // 6
    return encode(data).decode("ascii")[first:last]


@lru_cache(maxsize=1)
def _pattern(values: tuple[str, ...]) -> re.Pattern[str]:
    """Matches any of them; of two that begin alike, the longer."""
    return re.compile("|".join(map(re.escape, sorted(values, key=len, reverse=True))))
