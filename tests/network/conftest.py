"""What holds for runs with models here: a planted key, as in tests/models."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.models.studies import KEY


@pytest.fixture(scope="package", autouse=True)
def planted() -> Iterator[None]:
    """The key of the provider."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("OPENAI_API_KEY", KEY)
        yield
