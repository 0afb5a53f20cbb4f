"""What tokens cost, from the tables of genai-prices that come with it; nothing is fetched."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from comity.llm.endpoint import Price
from comity.llm.request import Usage

MILLION = 1_000_000

_PROVIDERS = {
    "openai-chat": "openai",
    "openai-responses": "openai",
    "google-gla": "google",
    "xai": "x-ai",
}
"""What genai-prices calls a provider, where that differs from the prefix of the model string."""


@lru_cache(maxsize=1_000)
def price_of(model: str, served: str | None = None, *, batch: bool = False) -> Price | None:
    """The price of a model string such as "openai:gpt-5.2", or else of the name under which it was served.

    It is today's standard price, without the surcharge that some providers take for very long prompts (from 200,000
    tokens on). batch: today's price of what is asked in a batch, mostly half of that; the standard price where the
    tables have no other. None where no price is known.
    """
    provider, _, name = model.partition(":")
    provider = _PROVIDERS.get(provider, provider)
    return _listed(provider, name, batch) or (_listed(provider, served, batch) if served else None)


def _listed(provider: str, name: str, batch: bool) -> Price | None:
    from genai_prices.data_snapshot import get_snapshot

    try:
        _, model = get_snapshot().find_provider_model(name, None, provider, None)
    except LookupError:
        return None
    prices = model.get_prices(datetime.now(UTC), {"processing": "batch"} if batch else None)
    paid, answer = _base(prices, "input_mtok"), _base(prices, "output_mtok")
    if paid is None or answer is None:
        return None
    return Price(paid, answer, _base(prices, "cache_read_mtok"))


def _base(prices: object, name: str) -> float | None:
    """A price before any surcharge, in US dollars per million tokens."""
    price = getattr(prices, name, None)
    if price is None:
        return None
    return float(getattr(price, "base", price))


def cost(usage: Usage, price: Price | None) -> float | None:
    """What a completion cost in US dollars; None where no price is known.

    Writing into a provider's cache, which some charge extra, is not asked for here and not counted.
    """
    if price is None:
        return None
    cached = price.input if price.cached is None else price.cached
    paid = (usage.input - usage.cached) * price.input + usage.cached * cached + usage.output * price.output
    return paid / MILLION
