"""Everything that can go wrong between us and a model.

ModelError
├── CallFailed           this call has no answer, others may; `cause` says why
│   ├── Unavailable      theirs: the provider failed (5xx, a broken answer, a lost connection) until the deadline
│   ├── Overloaded       theirs: the provider asked for patience (429, 529) until the deadline
│   ├── TimedOut         theirs: no answer came before the deadline
│   ├── Filtered         theirs: the provider withheld the answer
│   └── TooLong          ours: this prompt is longer than the model can read (its context window, 413)
└── RunStops             no further call of this run can be expected to succeed
    ├── BadRequest       ours: the provider refuses what is asked (400, 404, 422)
    ├── KeyRefused       key: it is missing, wrong, or may not use this model (401, 403)
    ├── OutOfMoney       money: the provider's account is empty (402, quota)
    │   └── CapReached   money: the cap of the run would be passed
    └── ProviderDown     theirs: the provider has failed for so long that it was given up

A `CallFailed` costs the match it happened in, and is recorded; a `RunStops` ends the run with everything kept, so that
it can be resumed when the reason is gone. Messages carry no keys: `llm.secrets` has seen to it.
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

Blame: TypeAlias = Literal["theirs", "ours", "money", "key"]


class ModelError(Exception):
    """A call to a model has no answer; the message is one sentence."""

    blame: ClassVar[Blame] = "theirs"


class CallFailed(ModelError):
    """This call has no answer.

    retry_after: the seconds the provider asked us to wait, if it did. sent: whether the provider may have worked on the
    call (and may charge for it).
    """

    cause: ClassVar[str] = "provider"

    def __init__(self, message: str, *, retry_after: float | None = None, sent: bool = True) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.sent = sent


class Unavailable(CallFailed):
    """The provider failed, or answered with something that is no answer."""


class Overloaded(CallFailed):
    """The provider asked for patience."""


class TimedOut(CallFailed):
    """No answer came in time."""

    cause = "timeout"


class Filtered(CallFailed):
    """The provider withheld the answer."""

    cause = "filtered"


class TooLong(CallFailed):
    """The prompt is longer than the model can read.

    It is no `BadRequest`: a match whose history has outgrown the model says nothing against shorter ones. Nothing was
    worked on, so whoever raises it says `sent=False`.
    """

    blame = "ours"


class RunStops(ModelError):
    """No further call can be expected to succeed.

    sent: whether the provider may have worked on the call that says so (and may charge for it).
    """

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent


class BadRequest(RunStops):
    """The provider refuses what is asked: a model, a setting or a size it does not have."""

    blame = "ours"


class KeyRefused(RunStops):
    """The key is missing or wrong, or may not use this model."""

    blame = "key"


class OutOfMoney(RunStops):
    """There is none left: the provider's account is empty, or see `CapReached`."""

    blame = "money"


class CapReached(OutOfMoney):
    """The cap of the run would be passed."""


class ProviderDown(RunStops):
    """The provider has failed for so long that it was given up."""
