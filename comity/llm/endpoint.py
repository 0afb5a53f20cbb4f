"""One model at one provider, reached through the wire formats of pydantic-ai; nothing here retries, counts or keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from comity.llm.errors import ModelError
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
        """Send the request once and give its completions, from one to as many as samples. Raises `ModelError`."""
        ...

    async def check(self, timeout: float) -> None:
        """Find out, for as little as possible, whether key and model are accepted. Raises `ModelError`."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


@runtime_checkable
class BatchEndpoint(Endpoint, Protocol):
    """An endpoint that also takes many requests at once, and answers them when it suits the provider.

    batch_price: of what is asked so; None where none is known.
    """

    @property
    def batch_price(self) -> Price | None: ...

    def batch_refusals(self, settings: Settings) -> Sequence[str]:
        """Why this model cannot be asked so, one sentence for each reason; nothing is sent."""
        ...

    async def submit(self, asked: Mapping[str, Request], timeout: float) -> str:
        """Send requests, by names of 1 to 64 letters and digits. The ticket that their answers are asked for with.

        Raises `ModelError`; a `CallFailed` that says `sent=False`, or `Overloaded`, means that nothing was taken.
        """
        ...

    async def collect(
        self, ticket: str, asked: Mapping[str, Request], timeout: float
    ) -> Mapping[str, Completion | ModelError] | None:
        """What came of these requests of a batch, by their names; None while the provider is not done.

        Raises `ModelError` where the provider does not say; `BadRequest` where it knows no such batch.
        """
        ...
