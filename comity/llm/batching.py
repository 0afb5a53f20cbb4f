"""A batch as pydantic-ai takes it: requests in, a ticket out, and what came of each once the provider is done.

The ticket is plain data: whoever holds it, and a key of the same account, can ask for the answers from another process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from comity.llm.asking import batched, speaks
from comity.llm.request import Request

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.models import Model
    from pydantic_ai.models.batch import Batch, BatchResult

FAMILIES = ("openai", "anthropic")
"""The families of wire formats whose batches are tried against a provider of our own; Google's are not."""


def takes_batches(model: Model) -> bool:
    """Whether the provider has a batch endpoint, pydantic-ai reaches it, and it was tried here."""
    return model.batch_max_requests is not None and any(speaks(model, family) for family in FAMILIES)


async def submit(model: Model, asked: Mapping[str, Request]) -> str:
    """Send all requests as one batch. The ticket."""
    encoded = [await model.batch_encode(batched(model, name, request)) for name, request in asked.items()]
    return _tickets().dump_json(await model.batch_create(encoded)).decode()


async def collect(model: Model, ticket: str) -> tuple[Batch, Mapping[str, BatchResult]] | None:
    """What came of each request, by its name; None while the provider is not done."""
    batch = await model.batch_status(_tickets().validate_json(ticket))
    if batch.status != "ended":
        return None
    return batch, {result.custom_id: result for result in await model.batch_results(batch)}


def response(model: Model, result: BatchResult, request: Request) -> ModelResponse:
    """The response to one request of a batch. Raises what asking for it alone would have raised."""
    return model.batch_decode(result, batched(model, result.custom_id, request))


def _tickets() -> TypeAdapter[Batch]:
    from pydantic import TypeAdapter
    from pydantic_ai.models.batch import Batch

    return TypeAdapter(Batch)
