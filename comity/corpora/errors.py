"""What can be wrong with a corpus as a whole; what is wrong with one match is a disagreement and not an error."""

from __future__ import annotations

from comity.core.errors import ComityError


class CorpusError(ComityError):
    """A corpus cannot be read; the message is one sentence that names the file, what was found and what is allowed."""
