"""What tokens cost."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.llm.endpoint import Price
from comity.llm.prices import cost, price_of
from comity.llm.request import Usage


@pytest.mark.parametrize(
    ("model", "same"),
    [
        ("openai:gpt-4o-mini", "openai-chat:gpt-4o-mini"),
        ("openai:gpt-4o-mini", "openai-responses:gpt-4o-mini-2024-07-18"),
        ("google:gemini-2.5-flash", "google-gla:gemini-2.5-flash"),
    ],
)
def test_one_model_has_one_price_by_all_its_names(model: str, same: str) -> None:
    price = price_of(model)
    assert price is not None
    assert price == price_of(same)
    assert 0 < price.input < price.output
    assert price.cached is not None
    assert price.cached < price.input


def test_a_price_that_does_not_change_any_more() -> None:
    assert price_of("openai:gpt-4o-mini") == Price(input=0.15, output=0.6, cached=0.075)


@pytest.mark.parametrize("model", ["vllm:some/model", "openai:nonesuch", "nonesuch:gpt-4o", "", ":", "openai:"])
def test_what_is_not_listed_has_no_price(model: str) -> None:
    assert price_of(model) is None


def test_the_name_it_was_served_under_helps() -> None:
    assert price_of("openai:my-own-alias") is None
    assert price_of("openai:my-own-alias", "gpt-4o-mini-2024-07-18") == price_of("openai:gpt-4o-mini")
    assert price_of("openai:gpt-4o", "gpt-4o-mini") == price_of("openai:gpt-4o") != price_of("openai:gpt-4o-mini")


def test_a_cost() -> None:
    usage = Usage(input=1_000_000, cached=400_000, output=100_000, reasoning=50_000)
    assert cost(usage, Price(2.0, 10.0)) == pytest.approx(3.0)
    assert cost(usage, Price(2.0, 10.0, cached=0.5)) == pytest.approx(2.4)
    assert cost(usage, None) is None


counts = st.integers(0, 10**7)
dollars = st.floats(0, 1000)


@given(counts, counts, counts, dollars, dollars, dollars)
def test_a_cost_grows_with_tokens_and_adds_up(
    fresh: int, cached: int, output: int, paid: float, answer: float, reread: float
) -> None:
    price = Price(paid, answer, reread)
    whole, first, second = (
        cost(usage, price)
        for usage in (Usage(fresh + cached, cached, output), Usage(fresh), Usage(cached, cached, output))
    )
    assert whole is not None
    assert first is not None
    assert second is not None
    assert whole == pytest.approx(first + second)
    assert whole >= max(first, second) >= 0


def test_the_tables_are_read_only_when_they_are_needed() -> None:
    code = "import sys, comity.llm.prices; sys.exit('genai_prices' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
