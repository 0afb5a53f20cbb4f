"""The door: one thin command per arrow of the line from a plan to a page.

Exit codes: 0 done, 1 a check failed or nothing could be judged, 2 bad input, 3 a run stopped before its end and can be
resumed (no money, a provider that is down, a key that is refused), 130 interrupted. Everything heavy is imported inside
the command that needs it, so that `comity --help` answers at once.
"""

from __future__ import annotations

# The order in which `comity --help` lists the commands.
from comity.cli import playing  # isort: split

from comity.cli import planning  # isort: split

from comity.cli import reading  # isort: split

from comity.cli import designing  # isort: split

from comity.cli import testing  # isort: split

from comity.cli import remembering  # isort: split

from comity.cli import games  # isort: split

from comity.cli import judging  # isort: split

from comity.cli import explaining  # isort: split

from comity.cli import validating  # isort: split

from comity.cli import fitting  # isort: split

from comity.cli import exchanging, inspecting, observing, probing, serving
from comity.cli.app import app, refuse

__all__ = [
    "app",
    "designing",
    "exchanging",
    "explaining",
    "fitting",
    "games",
    "inspecting",
    "judging",
    "main",
    "observing",
    "planning",
    "playing",
    "probing",
    "reading",
    "remembering",
    "serving",
    "testing",
    "validating",
]


def main() -> None:
    """Run the command line; what this package raises on purpose becomes one sentence and exit code 2."""
    from comity.core.errors import ComityError

    try:
        app()
    except ComityError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error.filename or 'the system'}: {error.strerror or error}")
