"""The command `comity`, called as its entry point calls it but in this process, which saves a second for each call.

What only a process of its own can show, such as an interrupt or how the command is installed, is tested with one.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from comity.cli import main


@dataclass(frozen=True)
class Called:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def called(
    arguments: Sequence[str], *, stdin: str = "", environment: dict[str, str] | None = None, together: bool = False
) -> Called:
    """Call the command as a person would, in the present folder.

    environment: what is set besides while it runs. together: whether both streams are one, as in a terminal; it is
    the standard output then. Anything that would be a traceback is raised here.
    """
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["comity", *arguments]),
        patch.object(sys, "stdin", io.StringIO(stdin)),
        patch.dict(os.environ, environment or {}),
        redirect_stdout(out),
        redirect_stderr(out if together else err),
    ):
        status = _status()
    return Called(status, out.getvalue(), err.getvalue())


def _status() -> int:
    try:
        main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0
