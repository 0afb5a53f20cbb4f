"""What can be wrong with a question to judges; what is wrong with one of their answers is `reading.Unread`."""

from __future__ import annotations

from comity.core.errors import ComityError


class JudgeError(ComityError):
    """Reasons cannot be judged as asked; the message is one sentence: what it is about, what was found and allowed."""
