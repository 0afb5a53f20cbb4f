"""No reply is taken for a move that it does not make; every reply is an answer, or why it is none."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from math import inf, log, nan
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from comity.core.decision import Decision
from comity.core.errors import PlayerError
from comity.core.space import YES_NO, Each, Lottery, OneOf
from comity.games.exchange.turns import Turn
from comity.words.forms import Form, again, spelled
from comity.words.objects import NotStrict, own_lines, strict
from comity.words.reading import Unread, read_answer
from comity.words.refusals import is_refusal
from comity.words.wordings import PLAIN
from tests.words.replies import ACTIONS, DECISIONS, FORMS, LONG, Case, cases, is_as_labelled, reading

pytestmark = pytest.mark.slow

CORPUS = {case.id: case for case in cases()}
HUGE = [case for case in CORPUS.values() if len(case.text) > LONG // 2]
FILES = sorted({case.id.split(":")[0] for case in CORPUS.values()})


@pytest.mark.parametrize("file", FILES)
def test_the_corpus_is_read_as_labelled(file: str) -> None:
    of_file = [case for case in CORPUS.values() if case.id.startswith(f"{file}:")]
    assert [case.id for case in of_file if not is_as_labelled(case)] == []


def test_no_reply_of_the_corpus_becomes_a_wrong_move(capsys: pytest.CaptureFixture[str]) -> None:
    classes, wrong = Counter[str](), list[str]()
    for case in CORPUS.values():
        read, unread = reading(case)
        classes[unread.cause if unread else "read"] += 1
        if unread is None and (case.cause is not None or repr(read) != repr(case.read)):
            wrong.append(case.id)
    with capsys.disabled():
        counts = ", ".join(f"{count} {name}" for name, count in classes.most_common())
        sys.stdout.write(f"\n{len(CORPUS)} replies: {counts}\n")
    assert wrong == []


def test_the_corpus_is_large_and_holds_no_reply_twice() -> None:
    written = [case for case in CORPUS.values() if " cut " not in case.id]
    told = Counter((case.text, case.decision, case.form, case.finish, case.alternatives) for case in written)
    assert [reply[0][:80] for reply, times in told.items() if times > 1] == []
    assert len({case.text for case in written}) >= 500
    assert {case.cause for case in written} == {"refusal", "truncated", "malformed", "illegal", "filtered", None}


@pytest.mark.slow
@pytest.mark.parametrize("case", HUGE, ids=[case.id for case in HUGE])
def test_a_huge_reply_is_read_at_once(case: Case) -> None:
    assert min(_seconds(case) for _ in range(3)) < 0.1


def _seconds(case: Case) -> float:
    start = time.process_time()
    reading(case)
    return time.process_time() - start


def test_there_are_huge_replies() -> None:
    assert len(HUGE) > 25


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_what_is_said_of_a_reply_is_short_and_one_line(file: str) -> None:
    of_file = [case for case in CORPUS.values() if case.id.startswith(f"{file}:")]
    for case, unread in [(case, unread) for case in of_file if (unread := reading(case)[1])]:
        assert len(str(unread)) < 500
        assert str(unread).isprintable()
        assert unread.shape in str(unread)
        asked_again = again(case.text, unread, case.form)
        assert len(asked_again) < 3000
        assert unread.found in asked_again
        assert unread.shape in asked_again


def test_what_is_no_answer_is_a_failure_of_the_player() -> None:
    with pytest.raises(PlayerError) as failure:
        read_answer("", DECISIONS["dilemma"], PLAIN, Form())
    assert failure.value.cause == "malformed"
    assert str(failure.value) == 'the reply is empty; wanted is {"answer": <one of "cooperate", "defect">}'


signs = st.sampled_from(
    ['{"answer": ', '"cooperate"', "{", "}", "[", "]", '"', "\\", "\n", ":", ",", "```", "json", " "]
)
texts = st.text(max_size=40) | st.lists(signs | st.text(max_size=3), max_size=30).map("".join)
kinds = st.sampled_from(sorted(DECISIONS))
forms = st.sampled_from(sorted(FORMS))
alternatives = st.lists(st.tuples(st.text(max_size=4) | st.just("coop"), st.floats()), max_size=4)


@given(texts, kinds, forms, st.sampled_from(["stop", "length", "filter", "other"]), alternatives)
def test_any_text_is_an_answer_or_is_told_why_not(text: str, kind: str, form: str, finish: Any, tokens: Any) -> None:
    decision = DECISIONS[kind]
    case = Case("any", text, decision, FORMS[form], cause=None, finish=finish, alternatives=tuple(tokens))
    read, unread = reading(case)
    if unread is None:
        assert all(choice in decision.options for choice in (read if isinstance(read, Lottery) else [read]))
    else:
        assert unread.cause in ("refusal", "truncated", "malformed", "illegal", "filtered")


@st.composite
def slips(draw: st.DrawFn) -> tuple[str, str, str]:
    """A decision, a form that is one object and nothing else, and a perfect reply with up to three slips of the pen."""
    kind = draw(kinds)
    form = draw(st.sampled_from(["plain", "bare schema", "bare lottery"]))
    text = spelled(draw(replies(kind, form)), DECISIONS[kind], PLAIN, FORMS[form])
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text)))
        taken = draw(st.integers(0, 1))
        put = draw(st.sampled_from(["", *'{}[]":,\\ \n0123456789-+.eE_tfnN/*', *text]) | st.characters())
        text = text[:place] + put + text[place + taken :]
    return kind, form, text


def replies(kind: str, form: str) -> st.SearchStrategy[Any]:
    """Replies that are possible there."""
    decision = DECISIONS[kind]
    if form == "bare lottery" and isinstance(decision.options, OneOf) and decision.options != YES_NO:
        return lotteries_over(tuple(decision.options))
    return choices(decision.options)


def choices(space: Any) -> st.SearchStrategy[Any]:
    match space:
        case Turn():
            return st.lists(st.sampled_from(space.kinds).flatmap(lambda kind: actions(kind, space)), max_size=3).map(
                tuple
            )
        case Each(_, spaces):
            return st.tuples(*map(choices, spaces))
        case _ if hasattr(space, "most"):
            return st.text(st.characters(exclude_categories=["Cs"]), max_size=space.most)
        case _ if getattr(space, "low", 0) is None:
            return st.integers(-(2**53), 2**53)
        case _:
            return st.sampled_from(list(space))


def actions(kind: str, space: Turn) -> st.SearchStrategy[Any]:
    number = st.integers(-5, 10**6)
    several = st.lists(st.tuples(number, number), min_size=1, max_size=3).map(
        lambda pairs: tuple(zip(*pairs, strict=True))
    )
    text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
    match kind:
        case "request":
            return st.tuples(st.just(kind), number, number)
        case "share":
            shares = st.tuples(several, number)
            return shares.map(lambda made: (kind, made[0][0], made[1], *(made[0][1:] if space.codes else ())))
        case "submit":
            return st.tuples(st.just(kind), number)
        case "message":
            return st.tuples(st.just(kind), number, text)
        case _:
            return st.tuples(st.just(kind), text)


@st.composite
def lotteries_over(draw: st.DrawFn, options: tuple[Any, ...]) -> Lottery[Any]:
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=len(options) - 1, max_size=len(options) - 1)))
    percents = [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
    return Lottery(options, tuple(percent / 100 for percent in percents))


@settings(max_examples=300)
@given(slips())
@example(("dilemma", "plain", '{"answer": "Defect"}'))
@example(("dilemma", "bare lottery", '{"answer": {"cooperate": 07, "defect": 93}}'))
@example(("sign", "plain", '{"answer": 1}'))
def test_a_slip_of_the_pen_changes_no_move(slip: tuple[str, str, str]) -> None:
    """What is read from a damaged reply is what its JSON says to a reader that knows nothing of ours, or nothing."""
    kind, form, text = slip
    decision = DECISIONS[kind]
    try:
        read = read_answer(text, decision, PLAIN, FORMS[form])
    except Unread:
        return
    literal = json.loads(text.removeprefix("\ufeff"))
    assert list(literal) == ["answer"]
    assert says(literal["answer"], read, decision.options)


def says(value: Any, read: Any, space: Any) -> bool:
    """Whether the value of JSON, taken literally, is what was read."""
    if isinstance(read, Lottery):
        return {name: p / 100 for name, p in value.items()} == dict(read.chances())
    if isinstance(space, Each):
        pairs = zip(value, read, space.spaces, strict=True)
        named = sorted(value) == sorted(map(PLAIN.part, space.names))
        return named and all(says(value[PLAIN.part(n)], r, s) for n, (_, r, s) in zip(space.names, pairs, strict=True))
    if isinstance(read, str) and isinstance(space, OneOf):
        exact = value.strip() == read
        return exact or (value.strip().lower() == read.lower() and value.strip() not in space.options)
    if isinstance(space, Turn):
        return len(value) == len(read) and all(map(says_action, value, read))
    if isinstance(read, tuple):
        return list(read) == value and all(type(part) is int for part in value)
    return type(value) is type(read) and value == read


FIELDS = {
    "request": ("do", "piece", "to"),
    "share": ("do", "pieces", "to", "codes"),
    "submit": ("do", "task"),
    "message": ("do", "to", "text"),
    "broadcast": ("do", "text"),
}


def says_action(value: Any, read: Any) -> bool:
    """Whether the object, taken literally, is the action that was read."""
    parts = [list(part) if isinstance(part, tuple) else part for part in read]
    exact = json.dumps(dict(zip(FIELDS[read[0]], parts, strict=False)), sort_keys=True)
    return json.dumps(value, sort_keys=True) == exact


@given(st.text(), st.sampled_from(list(ACTIONS)))
def test_reasons_never_change_the_answer(reasons: str, action: str) -> None:
    decision = DECISIONS["dilemma"]
    text = spelled(action, decision, PLAIN, Form(), reasons=reasons)
    read, unread = reading(Case("any", text, decision, Form(), cause=None))
    assert unread or read == action


@given(st.text(), st.sampled_from(list(ACTIONS)))
def test_reasons_inside_the_object_may_hold_anything(reasons: str, action: str) -> None:
    decision, form = DECISIONS["dilemma"], Form(structured=True)
    assert read_answer(spelled(action, decision, PLAIN, form, reasons=reasons), decision, PLAIN, form) == action


def test_a_refusal_is_told_from_reasons() -> None:
    assert is_refusal("I'm sorry, but I can't help with that.")
    assert not is_refusal("I can't be sure that the other player cooperates, so I defect.")
    assert not is_refusal("x" * LONG + "I can't help with that.")


def test_probabilities_of_one_token_count_together() -> None:
    form, tokens = FORMS["token"], [("coop", -1.5), (" Coop", -1.5), ("CO", -1.5), ("de", -1.5)]
    read = read_answer("cooperate", DECISIONS["dilemma"], PLAIN, form, alternatives=tokens)
    assert read.options == ("cooperate", "defect")
    assert read.probabilities == pytest.approx((0.75, 0.25))


def test_a_probability_that_is_missing_is_left_out() -> None:
    form, decision = FORMS["token"], DECISIONS["dilemma"]
    tokens = [("cooperate", log(0.6)), ("defect", log(0.4)), ("def", None), ("coop", nan), ("c", inf), ("d", -inf)]
    read = read_answer("defect", decision, PLAIN, form, alternatives=tokens)
    assert read.probabilities == pytest.approx((0.6, 0.4))
    with pytest.raises(Unread, match="only 0% of the probability"):
        read_answer("defect", decision, PLAIN, form, alternatives=[("defect", None)])


@pytest.mark.parametrize(
    ("text", "tokens", "said"),
    [
        ("Keep", {"I": 0.9, "We": 0.1}, "only 0% of the probability of the first token lies on the options"),
        ("Keep", {"Keep": 0.5, "I": 0.45}, "45% of the probability of the first token may be of an option or not"),
        ("Keep", {"Invest": 0.99, "Kept": 0.01}, "the probabilities of the first token are not those of this reply"),
    ],
)
def test_why_probabilities_do_not_count(text: str, tokens: dict[str, float], said: str) -> None:
    given = [(token, log(p)) for token, p in tokens.items()]
    with pytest.raises(Unread) as unread:
        read_answer(text, DECISIONS["trust"], PLAIN, FORMS["token"], alternatives=given)
    assert (unread.value.cause, unread.value.found) == ("malformed", said)


pieces = st.sampled_from(
    ["I", "In", "Inv", "Invest", " invest", "K", "Ke", "Keep", "keep", "Kept", "We", "As", "", "A"]
)


@given(st.sampled_from(["Invest", "Keep"]), st.dictionaries(pieces, st.floats(0.001, 1), min_size=1))
def test_no_reply_is_played_as_an_option_that_only_other_words_begin_like(text: str, shares: dict[str, float]) -> None:
    """Whatever is read gives the written option a chance, and each about what its own tokens have."""
    total = sum(shares.values())
    chance = {token: share / total for token, share in shares.items()}
    decision = DECISIONS["trust"]
    tokens = [(token, log(p)) for token, p in chance.items()]
    try:
        read = read_answer(text, decision, PLAIN, FORMS["token"], alternatives=tokens)
    except Unread:
        return
    told = dict(read.chances())
    own = {name: sum(p for token, p in chance.items() if begins(token.strip(), name)) for name in told}
    assert told[text] >= 0.01
    assert own[text] > 0
    assert all(abs(told[name] - own[name] / sum(own.values())) <= 0.1 for name in told)
    assert sum(p for token, p in chance.items() if token in ("I", "K")) <= 0.05 + 1e-9
    assert sum(own.values()) >= 0.5 - 1e-9


def begins(token: str, name: str) -> bool:
    return len(token) > 1 and name.lower().startswith(token.lower())


def test_an_empty_token_begins_no_name() -> None:
    decision = Decision(0, "act", OneOf(("only",)))
    with pytest.raises(Unread, match="only 0% of the probability"):
        read_answer("only", decision, PLAIN, FORMS["token"], alternatives=[("", -0.1), (" ", -0.1)])
    assert read_answer("only", decision, PLAIN, FORMS["token"], alternatives=[("on", -0.1)]) == Lottery(("only",), (1,))


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", '{"a": -Infinity}', '{"a": 1, "a": 1}', "[1,]", "{'a': 1}", "01", ""]
)
def test_json_is_read_to_the_letter(text: str) -> None:
    with pytest.raises(NotStrict):
        strict(text)


def test_objects_are_found_by_their_lines() -> None:
    text = '{"a": {}}\nno {}\n{}no\n  {"b":\n{"c": "}"}\n} \r\n{"d": [{"e": {}}]}\n[\n{}'
    found = [(text[span.start : span.end], span.inside) for span in own_lines(text, depth=2)]
    assert found == [('{"a": {}}', False), ('{"c": "}"}', True), ('{"b":\n{"c": "}"}\n}', False), ("{}", True)]


@pytest.mark.parametrize(("probability", "enough"), [(0.51, True), (0.49, False)])
def test_half_of_the_probability_must_lie_on_the_options(probability: float, enough: bool) -> None:
    tokens = [("cooperate", log(probability)), ("Sure", log(1 - probability))]
    decision = DECISIONS["dilemma"]
    if enough:
        read = read_answer("cooperate", decision, PLAIN, FORMS["token"], alternatives=tokens)
        assert read == Lottery(("cooperate", "defect"), (1.0, 0.0))
    else:
        with pytest.raises(Unread, match="only 49% of the probability"):
            read_answer("cooperate", decision, PLAIN, FORMS["token"], alternatives=tokens)


def test_no_part_of_a_perfect_reply_is_an_answer() -> None:
    replies: list[tuple[str, str, Any]] = [
        ("contract", "reasons", (1, -2)),
        ("approvals", "plain", (True, False, True)),
        ("mediated", "lottery", Lottery(("cooperate", "defect", "delegate"), (0.2, 0.3, 0.5))),
        ("order", "schema", (2, 0, 1)),
    ]
    for kind, form, reply in replies:
        decision, asked = DECISIONS[kind], FORMS[form]
        text = spelled(reply, decision, PLAIN, asked)
        assert read_answer(text, decision, PLAIN, asked) == reply
        for length in range(len(text)):
            with pytest.raises(Unread):
                read_answer(text[:length], decision, PLAIN, asked)
