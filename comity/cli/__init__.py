"""The door: one thin command per arrow of the line from a plan to a page.

Exit codes: 0 done, 1 a check failed, 2 bad input, 130 interrupted. Everything heavy is imported inside the command that
needs it, so that `comity --help` answers at once.
"""

from __future__ import annotations

from comity.cli import playing, reading
from comity.cli.app import app, refuse

__all__ = ["app", "main", "playing", "reading"]


def main() -> None:
    """Run the command line; what this package raises on purpose becomes one sentence and exit code 2."""
    from comity.core.errors import ComityError

    try:
        app()
    except ComityError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error.filename or 'the system'}: {error.strerror or error}")
