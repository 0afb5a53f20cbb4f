"""What holds for every run with models here: a planted key, and a client that does not take its time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from comity.llm import breaker, retry
from comity.llm.limits import Limits
from comity.runs import models
from tests.models.studies import KEY


@pytest.fixture(scope="package", autouse=True)
def planted() -> Iterator[None]:
    """The key of every provider."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("OPENAI_API_KEY", KEY)
        yield


@pytest.fixture(scope="package", autouse=True)
def impatient() -> Iterator[None]:
    """Pauses are a hundredth of what they are; what is counted stays as it is."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(retry, "FIRST_BACKOFF", retry.FIRST_BACKOFF / 100)
        patched.setattr("comity.llm.client.FIRST_BACKOFF", retry.FIRST_BACKOFF)
        patched.setattr(breaker, "FIRST_PAUSE", breaker.FIRST_PAUSE / 100)
        patched.setattr(models, "Limits", partial(Limits, pause=0.05, patience=3.0))
        yield
