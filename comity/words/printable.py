"""Text that is safe to print.

Whoever plays may write anything, language models among them: what they wrote is shown, and steers nothing.
"""

from __future__ import annotations

import re

_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
"""An escape sequence: what steers a terminal is more than its first character."""


def printable(text: str) -> str:
    """The text without what steers a terminal or hides text: escape sequences, control and format characters.

    Line breaks stay; whatever else separates words becomes a space. It is still to be escaped for HTML.
    """
    return "\n".join(map(printable_line, _TERMINAL.sub("", text).split("\n")))


def printable_line(text: str) -> str:
    """The same on one line: line breaks become spaces too."""
    if text.isprintable():
        return text
    kept = (sign for sign in _TERMINAL.sub("", text) if sign.isspace() or sign.isprintable())
    return "".join(" " if sign.isspace() else sign for sign in kept)
