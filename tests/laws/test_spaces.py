"""Law 6: a space contains what it lists, refuses what only looks alike, and its JSON schema says the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from comity.core.chance import Address
from comity.core.errors import BadParameter, NotEnumerable
from comity.core.space import Each, Integer, Lottery, Number, OneOf, Ordering, Space, Text, from_json, to_json
from tests.generators import Script, atoms, every_entry, integers, keys, lotteries, one_ofs, pick, played, spaces

values = st.recursive(atoms, lambda inside: st.lists(inside, max_size=3).map(tuple), max_leaves=4)


def twins(choice: Any) -> Iterator[Any]:
    """Values of another type that Python takes for equal, or a hand might write instead."""
    if isinstance(choice, bool):
        yield from (int(choice), float(choice), str(choice))
    elif isinstance(choice, int):
        yield from (float(choice), str(choice), *([bool(choice)] if choice in (0, 1) else []))
    elif isinstance(choice, str):
        yield from ((choice,), f"{choice} ")
    elif isinstance(choice, tuple):
        yield list(choice)
        for place, part in enumerate(choice):
            yield from ((*choice[:place], twin, *choice[place + 1 :]) for twin in twins(part))


def is_listed(choice: Any, listed: list[Any]) -> bool:
    """Whether the list has this very choice, compared by its spelling and so by its type."""
    return any(repr(choice) == repr(other) for other in listed)


numbers = st.integers(1, 6).map(Number)
"""Spaces for chance alone, which no player is asked about."""


@given(spaces() | numbers)
def test_a_space_contains_what_it_lists_and_no_look_alike(space: Space[Any]) -> None:
    spelled = set(map(repr, space))  # as `is_listed`, for lists of any length
    for choice in space:
        assert choice in space
        for twin in twins(choice):
            assert (twin in space) == (repr(twin) in spelled)


@given(spaces() | numbers, values)
def test_a_space_contains_nothing_else(space: Space[Any], value: Any) -> None:
    assert (value in space) == is_listed(value, list(space))


@given(spaces())
def test_a_space_lists_nothing_twice(space: Space[Any]) -> None:
    listed = list(map(repr, space))
    assert len(set(listed)) == len(listed)


def written(space: Space[Any], choice: Any) -> Any:
    """A choice as the schema asks for it: the parts of `Each` by their names."""
    if isinstance(space, Each):
        return {n: written(s, part) for n, s, part in zip(space.names, space.spaces, choice, strict=True)}
    return to_json(choice)


@given(spaces())
def test_the_schema_admits_every_choice(space: Space[Any]) -> None:
    schema = json.loads(json.dumps(space.schema()))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for choice in space:
        assert validator.is_valid(written(space, choice))


@given(one_ofs() | integers() | lotteries() | numbers | st.integers(1, 4).map(Ordering) | st.just(Text(2)), values)
def test_the_schema_admits_nothing_else(space: Space[Any], value: Any) -> None:
    assert Draft202012Validator(space.schema()).is_valid(to_json(value)) == (value in space)


@given(spaces(), values, st.sampled_from(["left out", "added", "other"]))
def test_the_schema_of_parts_asks_for_each_of_them(space: Space[Any], value: Any, fault: str) -> None:
    both = Each(("first", "second"), (space, OneOf(("a", "b"))))
    answer = written(both, next(iter(both)))
    if fault == "left out":
        del answer["second"]
    else:
        answer["third" if fault == "added" else "second"] = to_json(value)
    fine = fault == "other" and value in both.spaces[1]
    assert Draft202012Validator(both.schema()).is_valid(answer) == fine


def test_every_choice_of_every_game_is_admitted_by_its_schema() -> None:
    for game in every_entry().values():
        match, put = played(game, Script(8), 8)
        for decisions, choices in zip(put, match.choices, strict=True):
            for decision, choice in zip(decisions, choices, strict=True):
                schema = json.loads(json.dumps(decision.options.schema()))
                assert Draft202012Validator(schema).is_valid(written(decision.options, choice))
                assert str(decision.options)


@given(st.one_of(one_ofs(), lotteries(), numbers, st.integers(1, 5).map(Ordering)), keys, st.integers(0, 9))
def test_what_is_drawn_lies_inside(space: Any, key: int, step: int) -> None:
    drawn = space.draw(Address(key, step, 0))
    assert drawn in space
    assert is_listed(drawn, list(space))
    assert dict(space.chances())[drawn] > 0
    assert sum(share for _, share in space.chances()) == pytest.approx(1)


@pytest.mark.parametrize(
    "space",
    [
        OneOf(("a", "b", "c")),
        OneOf((True, False)),
        Lottery(("a", "b", "c"), (0.5, 0.0, 0.5)),
        Lottery((1, 2, 3, 4), (0.1, 0.2, 0.3, 0.4)),
        Ordering(1),
        Ordering(3),
    ],
    ids=str,
)
def test_draws_are_as_frequent_as_their_chances(space: Any) -> None:
    n = 3000
    drawn = [space.draw(Address(5, step, 1)) for step in range(n)]
    for choice, share in space.chances():
        deviation = (n * share * (1 - share)) ** 0.5
        assert abs(drawn.count(choice) - n * share) <= 4 * deviation


@given(keys, st.integers(0, 4))
def test_numbers_and_words_without_bounds(key: int, step: int) -> None:
    number = pick(Integer(), iter([Address(key, step, 0).uniform()]))
    assert number in Integer()
    assert (number in Integer(low=0)) == (number >= 0)
    assert (number in Integer(high=0)) == (number <= 0)
    assert True not in Integer()
    assert 1.0 not in Integer()
    assert "x" * step in Text(most=step)
    assert "x" * (step + 1) not in Text(most=step)


@pytest.mark.parametrize(
    "space", [Integer(), Integer(low=0), Integer(high=0), Text(), Each(("a",), (Text(),))], ids=str
)
def test_what_has_no_end_is_not_listed(space: Space[Any]) -> None:
    with pytest.raises(NotEnumerable, match="cannot be listed"):
        list(space)


@given(values)
def test_a_choice_survives_json(value: Any) -> None:
    assert repr(from_json(json.loads(json.dumps(to_json(value))))) == repr(value)


@pytest.mark.parametrize(
    ("options", "shares"),
    [((), ()), (("a",), (0.5,)), (("a", "b"), (1.5, -0.5)), (("a", "b"), (1.0,)), (("a", "b"), (0.5, 0.5001))],
)
def test_a_lottery_of_no_shares_of_one_is_refused(options: tuple[str, ...], shares: tuple[float, ...]) -> None:
    with pytest.raises(BadParameter):
        Lottery(options, shares)


def test_parts_without_names_are_refused() -> None:
    with pytest.raises(BadParameter, match="one name for each part"):
        Each(("a", "b"), (Text(),))


def test_whole_numbers_end_where_payoffs_cannot_hold_them() -> None:
    assert all(number in Integer() for number in (2**53, -(2**53)))
    assert not any(number in Integer() for number in (2**53 + 1, -(2**53) - 1, 10**400))


def test_numbers_that_are_many_are_drawn_and_not_listed() -> None:
    many = Number(2**53)
    assert 0 <= many.draw(Address(5, 0, 0)) < 2**53
    with pytest.raises(NotEnumerable, match="too many to be listed"):
        iter(many)
    for below in (0, 2**53 + 1):
        with pytest.raises(BadParameter, match="below some number from 1 to"):
            Number(below)
