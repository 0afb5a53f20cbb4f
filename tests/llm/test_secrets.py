"""Keys, and text without them."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.llm import secrets
from comity.llm.secrets import LONGEST_LINE, key, one_line, redacted


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", {})


def test_a_key_that_was_read_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_MY_LABORATORY", " planted-secret-1 ")
    assert key("OF_MY_LABORATORY") == "planted-secret-1"
    assert redacted("401: planted-secret-1, planted-secret-1!") == "401: [OF_MY_LABORATORY], [OF_MY_LABORATORY]!"


@pytest.mark.parametrize("name", ["A_API_KEY", "a_token", "B_SECRET", "C_KEY"])
def test_what_is_named_like_a_key_is_a_secret(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "planted-secret-2")
    assert redacted("so planted-secret-2") == f"so [{name}]"


@pytest.mark.parametrize(
    ("name", "value"), [("A_API_KEY", "EMPTY"), ("A_API_KEY", ""), ("KEYBOARD", "planted-secret-3")]
)
def test_what_is_no_secret(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert redacted("EMPTY is planted-secret-3") == "EMPTY is planted-secret-3"


def test_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOBODYS_API_KEY", raising=False)
    assert key("NOBODYS_API_KEY") is None
    monkeypatch.setenv("NOBODYS_API_KEY", "  ")
    assert key("NOBODYS_API_KEY") is None


def test_of_two_keys_that_begin_alike_the_longer_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_KEY", "planted-secret")
    monkeypatch.setenv("TWO_KEY", "planted-secret-longer")
    assert redacted("planted-secret-longer planted-secret") == "[TWO_KEY] [ONE_KEY]"


def test_a_key_that_is_changed_stays_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_KEY", "planted-secret-old")
    assert key("ONE_KEY") == "planted-secret-old"
    monkeypatch.setenv("ONE_KEY", "planted-secret-new")
    assert key("ONE_KEY") == "planted-secret-new"
    assert redacted("planted-secret-old planted-secret-new") == "[ONE_KEY] [ONE_KEY]"


@given(st.text(), st.text(alphabet=string.ascii_letters + string.digits + "-_.*+?()[]\\$^|", min_size=8), st.text())
def test_no_text_keeps_a_key(before: str, value: str, after: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "_known", {})
        patch.setenv("Z_TOKEN", value)
        assert key("Z_TOKEN") == value
        assert value not in redacted(before + value + after).replace("[Z_TOKEN]", "\0")


@given(st.text(max_size=2000))
def test_a_line_is_a_line(text: str) -> None:
    line = one_line(text)
    assert len(line) <= LONGEST_LINE
    assert line.isprintable()
    assert line == one_line(line)


def test_a_line_is_redacted_before_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    value = "planted-secret-4"
    monkeypatch.setenv("ONE_KEY", value)
    for before in range(LONGEST_LINE - len(value) - 3, LONGEST_LINE + 3):
        assert "plant" not in one_line("x" * before + value + "y" * 50)


def test_a_very_long_text_is_cut_without_a_piece_of_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_KEY", "planted-secret-5")
    for spaces in (100 * LONGEST_LINE - 7, 0, 10**6):
        assert "plant" not in one_line(" " * spaces + "planted-secret-5")
