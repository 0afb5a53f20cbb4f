"""Which failures are tried again, how long after, and when a provider counts as down."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.llm.breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, Circuit
from comity.llm.errors import CallFailed, Filtered, Overloaded, TimedOut, TooLong, Unavailable
from comity.llm.retry import FIRST_BACKOFF, LONGEST_BACKOFF, Retries, counts

RETRIES = Retries()


@pytest.mark.parametrize("bad", [{"deadline": 0.0}, {"timeout": float("nan")}, {"attempts": 0}])
def test_what_leaves_no_attempt_is_refused_by_name(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        Retries(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("failure", [Filtered("no"), TooLong("long", sent=False), CallFailed("other")])
def test_what_would_be_the_same_again_is_not_tried_again(failure: CallFailed) -> None:
    assert RETRIES.pause(failure, failures=1, paid=0, left=100.0, chance=0.5) is None


@pytest.mark.parametrize("failure", [Unavailable("500"), Overloaded("429"), TimedOut("slow")])
def test_what_may_pass_is_tried_again(failure: CallFailed) -> None:
    assert RETRIES.pause(failure, failures=1, paid=1, left=100.0, chance=0.5) == FIRST_BACKOFF / 2


@given(failures=st.integers(1, 5_000), chance=st.floats(0.0, 1.0, exclude_max=True))
def test_law_the_backoff_has_full_jitter_under_a_bound_that_doubles(failures: int, chance: float) -> None:
    pause = RETRIES.pause(Overloaded("429"), failures, paid=0, left=math.inf, chance=chance)
    bound = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(failures - 1, 100))
    assert pause == pytest.approx(chance * bound)


def test_retry_after_is_honoured_where_it_is_longer_than_the_backoff() -> None:
    asked = Overloaded("429", retry_after=42.0)
    assert RETRIES.pause(asked, failures=1, paid=0, left=100.0, chance=0.9) == 42.0
    brief = Overloaded("429", retry_after=0.1)
    assert RETRIES.pause(brief, failures=1, paid=0, left=100.0, chance=0.5) == FIRST_BACKOFF / 2


def test_what_cannot_be_tried_before_the_deadline_fails_now() -> None:
    assert RETRIES.pause(Overloaded("429", retry_after=42.0), failures=1, paid=0, left=42.0, chance=0.0) is None


def test_attempts_that_may_be_paid_are_counted_and_others_are_not() -> None:
    assert counts(Unavailable("500"))
    assert counts(TimedOut("slow"))
    assert counts(Filtered("no"))
    assert not counts(Unavailable("no connection", sent=False))
    assert not counts(Overloaded("429"))
    last = RETRIES.attempts
    assert RETRIES.pause(Unavailable("500"), failures=last, paid=last - 1, left=100.0, chance=0.0) == 0.0
    assert RETRIES.pause(Unavailable("500"), failures=last, paid=last, left=100.0, chance=0.0) is None


LATENCY = 0.1


def failing(times: int, first: float = 0.0, last: float = 3.0, patience: float = 300.0) -> Circuit:
    """A circuit after so many failures in a row, evenly from the first moment to the last, each sent shortly before."""
    circuit = Circuit(patience)
    for number in range(times):
        at = first + (last - first) * number / max(1, times - 1)
        circuit.failed(at - LATENCY, at)
    return circuit


def test_a_circuit_opens_after_failures_in_a_row_if_the_last_was_sent_after_the_first_failed() -> None:
    assert not failing(FAILURES - 1).is_open
    assert not failing(100 * FAILURES, last=LATENCY / 2).is_open
    assert failing(FAILURES, last=LATENCY).is_open


def test_a_success_in_between_keeps_it_closed() -> None:
    circuit = failing(FAILURES - 1)
    circuit.succeeded()
    for number in range(FAILURES - 1):
        circuit.failed(9.0, 10.0 + number)
    assert not circuit.is_open


def test_one_tries_after_pauses_that_double_and_the_first_success_closes() -> None:
    circuit, now = failing(FAILURES, last=3.0), 3.0
    pause = FIRST_PAUSE
    for _ in range(10):
        assert circuit.next_probe == now + pause
        now = circuit.next_probe
        circuit.failed(now, now)
        pause = min(2 * pause, LONGEST_PAUSE)
    circuit.succeeded()
    assert not circuit.is_open
    for _ in range(FAILURES):
        circuit.failed(now, now)
    assert circuit.next_probe == now + FIRST_PAUSE


def test_what_was_sent_before_it_opened_is_no_probe_and_a_probe_told_to_wait_waits() -> None:
    circuit = failing(FAILURES, last=3.0)
    before = circuit.next_probe
    circuit.failed(sent_at=2.0, now=3.5)
    assert circuit.next_probe == before
    circuit.failed(sent_at=before, now=before, retry_after=77.0)
    assert circuit.next_probe == before + 77.0


def test_patience_begins_with_the_first_failure_and_does_not_end_before_the_circuit_is_open() -> None:
    assert failing(FAILURES, first=10.0, last=20.0, patience=300.0).down_at == 310.0
    assert failing(FAILURES, first=10.0, last=400.0, patience=300.0).down_at == 400.0
