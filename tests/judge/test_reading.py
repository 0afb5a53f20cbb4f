"""An answer is a labelling or it is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.judge.reading import Unread, Verdict, read_verdict
from comity.llm.request import Completion, Finish
from tests.judge.conftest import THREE


def read(text: str, finish: Finish = "stop") -> Verdict:
    return read_verdict(Completion(text, finish=finish), THREE)


def test_an_answer_is_read() -> None:
    assert read('{"labels": ["beta", "alpha"], "confidence": 0.5}') == Verdict(("alpha", "beta"), 0.5)
    assert read(' {"confidence": 1, "labels": []}\n') == Verdict((), 1.0)
    assert read('```json\n{"labels": ["never"], "confidence": 0}\n```') == Verdict(("never",), 0.0)


BAD = [
    ("", "malformed"),
    ("alpha", "malformed"),
    ("The labels are alpha and beta.", "malformed"),
    ("I cannot help with that.", "malformed"),
    ('Here it is: {"labels": ["alpha"], "confidence": 1}', "malformed"),
    ('{"labels": ["alpha"], "confidence": 1} I hope that helps.', "malformed"),
    ('{"labels": ["alpha"], "confidence": 1}{"labels": ["beta"], "confidence": 1}', "malformed"),
    ('{"labels": ["alpha"], "labels": ["beta"], "confidence": 1}', "malformed"),
    ('["alpha"]', "malformed"),
    ('"alpha"', "malformed"),
    ("null", "malformed"),
    ('{"labels": ["alpha"], "confidence": NaN}', "malformed"),
    ('{"labels": ["alpha"], "confidence": Infinity}', "malformed"),
    ('{"labels": ["alpha"], "confidence": 0.9', "malformed"),
    ("{'labels': ['alpha'], 'confidence': 1}", "malformed"),
    ('{"labels": ["alpha"], "confidence": 0.5 + 0.4}', "malformed"),
    ("[" * 100_000, "malformed"),
    ("x" * 200_000, "malformed"),
    ('{"labels": ["alpha"]}', "illegal"),
    ('{"confidence": 1}', "illegal"),
    ('{"labels": ["alpha"], "confidence": 1, "why": "because"}', "illegal"),
    ('{"labels": "alpha", "confidence": 1}', "illegal"),
    ('{"labels": {"alpha": true}, "confidence": 1}', "illegal"),
    ('{"labels": [1], "confidence": 1}', "illegal"),
    ('{"labels": [["alpha"]], "confidence": 1}', "illegal"),
    ('{"labels": null, "confidence": 1}', "illegal"),
    ('{"labels": ["Alpha"], "confidence": 1}', "illegal"),
    ('{"labels": ["other"], "confidence": 1}', "illegal"),
    ('{"labels": ["alpha "], "confidence": 1}', "illegal"),
    ('{"labels": ["\u0430lpha"], "confidence": 1}', "illegal"),
    ('{"labels": ["\\ud800"], "confidence": 1}', "illegal"),
    ('{"labels": ["alpha", "alpha"], "confidence": 1}', "illegal"),
    ('{"labels": ["alpha"], "confidence": "high"}', "illegal"),
    ('{"labels": ["alpha"], "confidence": true}', "illegal"),
    ('{"labels": ["alpha"], "confidence": 1.01}', "illegal"),
    ('{"labels": ["alpha"], "confidence": -0.1}', "illegal"),
    ('{"labels": ["alpha"], "confidence": null}', "illegal"),
    ('{"labels": ["alpha"], "confidence": 1e999}', "illegal"),
]


@pytest.mark.parametrize(("text", "cause"), BAD)
def test_everything_else_is_no_labelling(text: str, cause: str) -> None:
    with pytest.raises(Unread) as caught:
        read(text)
    assert caught.value.cause == cause
    said = str(caught.value)
    assert len(said) < 400
    assert said.isprintable()


def test_a_cut_or_withheld_answer_is_none_even_if_it_could_be_read() -> None:
    good = '{"labels": ["alpha"], "confidence": 1}'
    for finish, cause in (("length", "truncated"), ("filter", "filtered"), ("other", "malformed")):
        with pytest.raises(Unread) as caught:
            read(good, finish)  # type: ignore[arg-type]
        assert caught.value.cause == cause


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.sampled_from(THREE.names),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["labels", "confidence", "x"]), inner),
)


@given(json_values)
def test_whatever_is_read_says_what_it_says(value: Any) -> None:
    try:
        found = read(json.dumps(value))
    except Unread:
        return
    assert set(value) == {"labels", "confidence"}
    assert sorted(found.labels) == sorted(value["labels"])
    assert set(found.labels) <= set(THREE.names)
    assert found.confidence == value["confidence"]
    assert not isinstance(value["confidence"], bool)


@given(st.text())
def test_reading_is_total(text: str) -> None:
    try:
        found = read(text)
    except Unread:
        return
    assert json.loads(text.strip().removeprefix("```json").strip("`")).keys() == {"labels", "confidence"}
    assert set(found.labels) <= set(THREE.names)
