"""One model at one provider, reached through the wire formats of pydantic-ai; nothing here retries, counts or keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from comity.llm.request import Completion, Request, Settings


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens: of the prompt, of its cached part, and of the answer."""

    input: float
    output: float
    cached: float | None = None


@runtime_checkable
class Endpoint(Protocol):
    """One model at one provider.

    name: the model string as its users write it. line: what shares limits with it (the provider and the model).
    price: None where none is known.
    """

    @property
    def name(self) -> str: ...

    @property
    def line(self) -> str: ...

    @property
    def price(self) -> Price | None: ...

    def refusals(self, settings: Settings, *, schema: bool, alternatives: int, samples: int) -> Sequence[str]:
        """What of this the model does not offer, one sentence for each; nothing is sent."""
        ...

    async def send(self, request: Request, timeout: float, samples: int = 1) -> Sequence[Completion]:
        """Send the request once and give its completions, as many as samples. Raises `ModelError`."""
        ...

    async def check(self, timeout: float) -> None:
        """Find out, for as little as possible, whether key and model are accepted. Raises `ModelError`."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
