"""Long tables become observations: lags stay inside stretches, and what is wrong is said in one sentence."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.fidelity.linked import links_of_graphs
from comity.fidelity.observations import FidelityError, Observations, observations
from comity.fidelity.reading import read_conditions, read_observations


def table(rows: list[tuple[Any, ...]], **columns: Any) -> pd.DataFrame:
    """Rows of session, agent, stretch, round and action."""
    frame = pd.DataFrame(rows, columns=["session", "agent", "stretch", "round", "action"])
    return frame.assign(population="people", condition="plain", **columns)


TWO = [("s", "ann", "1", 0, "C"), ("s", "ann", "1", 1, "D"), ("s", "bob", "1", 0, "D"), ("s", "bob", "1", 1, "C")]
PAIR = links_of_graphs([(0, -1, [(0, 1)])])


def listed(values: Any) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


@given(data=st.data())
def test_lags_are_those_of_the_round_before_in_whatever_order_rows_come(data: st.DataObject) -> None:
    keys = data.draw(
        st.lists(
            st.tuples(st.sampled_from("xy"), st.sampled_from("ab"), st.sampled_from("12"), st.integers(0, 4)),
            unique=True,
            min_size=1,
            max_size=30,
        )
    )
    if min(round for *_, round in keys) > 0:
        keys.append(("x", "a", "1", 0))
    actions = {key: data.draw(st.sampled_from([0, 1, None]), label=str(key)) for key in keys}
    found = observations(table([(*key, action) for key, action in actions.items()]))
    assert len(found.round) == len(keys)
    sessions, stretches = found.sessions, list(dict.fromkeys(stretch for _, _, stretch, _ in keys))
    for place in range(len(keys)):
        agent = found.agent[place]
        session = sessions[found.session_of[agent]]
        name = found.agents[agent].split("/")[-1]
        key = (session, name, stretches[found.stretch[place]], int(found.round[place]))
        assert listed([found.action[place]]) == [actions[key]]
        assert listed([found.own[place]]) == [actions.get((*key[:3], key[3] - 1))]


@pytest.mark.parametrize("words", [("C", "D"), ("cooperate", "Defect"), (1, 0), (1.0, 0.0), (True, False), ("1", "0")])
def test_an_action_may_be_called_what_people_call_it(words: tuple[Any, Any]) -> None:
    rows = [
        (session, agent, stretch, round, words["CD".index(action)]) for session, agent, stretch, round, action in TWO
    ]
    assert list(observations(table(rows)).action) == [1, 0, 0, 1]


def test_neighbours_did_what_the_links_say() -> None:
    found = observations(table(TWO), PAIR)
    assert listed(found.neighbours) == [None, 0, None, 1]
    assert list(found.degree) == [1, 1, 1, 1]


def test_what_nobody_chose_is_no_action_and_is_counted_but_was_seen() -> None:
    rows = table(TWO, valid=[False, True, True, True])
    found = read_observations(rows, PAIR)
    assert listed(found.action) == [None, 0, 0, 1]
    assert listed(found.own) == [None, None, None, 0]
    assert listed(found.neighbours) == [None, 0, None, 1]
    assert found.invalid == 1
    assert [found.taking(stay).invalid for stay in ([True, False], [False, True])] == [1, 0]
    kept = read_observations(rows, PAIR, keep_invalid=True)
    assert listed(kept.action) == [1, 0, 0, 1]
    assert listed(kept.own) == [None, 1, None, 0]
    assert kept.invalid == 0


def test_lags_are_of_what_was_carried_out() -> None:
    found = observations(table(TWO, executed=["D", None, "D", None]), PAIR)
    assert listed(found.action) == [1, 0, 0, 1]
    assert listed(found.own) == [None, 0, None, 0]
    assert listed(found.neighbours) == [None, 0, None, 0]


def test_names_may_be_used_again_in_another_session() -> None:
    found = observations(table([("s", "ann", "1", 0, "C"), ("t", "ann", "1", 0, "D")]))
    assert found.agents == ("s/ann", "t/ann")
    assert list(found.rates) == [1, 0]


def test_halves_do_not_cut_units_apart() -> None:
    found = observations(table([*TWO, ("s", "cat", "1", 0, "C")], unit=["p", "p", "p", "p", "q"]))
    assert found.unit_of[0] == found.unit_of[1] != found.unit_of[2]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"own": ["C", None, None, None]}, "row 1: own is given in the first round of a stretch"),
        ({"own": [None, "D", None, None]}, "row 2: own is 0, but row 1, the round before, cooperated"),
        ({"neighbours": [None, None, 0.5, None]}, "row 3: neighbours is given in the first round of a stretch"),
        ({"neighbours": [None, 1.5, None, None]}, "row 2: neighbours is '1.5'; allowed is 0 to 1, or nothing"),
        ({"pay": [7, None, None, None]}, "row 1: pay is given in the first round of a stretch"),
        ({"degree": [None, -1, None, None]}, "row 2: degree is '-1.0'; allowed is 0 or more, or nothing"),
        ({"valid": [True, None, True, True]}, "row 2: valid is nothing; it must be true or false"),
        ({"valid": ["yes", True, True, True]}, "row 1: valid is 'yes'; allowed are true, 1, false, 0"),
        ({"action": ["C", "D", "A", "C"]}, "row 3: action is 'A'; allowed are c, cooperate"),
        ({"action": [1, 0, 2, 1]}, "row 3: action is '2'"),
        ({"round": [0, 1, 0, 1.5]}, "row 4: round is '1.5'; allowed is a whole number from 0"),
        ({"round": [0, 1, 0, 1e9]}, "row 4: round is '1000000000.0'; allowed is a whole number from 0 to 9999"),
        ({"round": [0, 0, 0, 1]}, "rows 1 and 2 are both of agent 'ann' in round 0 of one stretch"),
        ({"round": [1, 2, 1, 2]}, "rounds start with 1; within a stretch they are counted from 0"),
        ({"agent": ["ann", None, "bob", "bob"]}, "row 2: agent is nothing"),
        ({"unit": ["p", "q", "q", "q"]}, "row 2: unit is 'q'; the same agent has another unit"),
        ({"condition": ["a", "a", "b", "b"]}, "several conditions ('a', 'b')"),
        ({"population": ["a", "a", "b", "b"]}, "several populations ('a', 'b')"),
    ],
)
def test_a_wrong_table_is_refused_in_a_sentence(columns: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FidelityError) as raised:
        observations(table(TWO).assign(**columns))
    assert sentence in str(raised.value)


def test_who_comes_later_has_no_last_action_of_who_went_before() -> None:
    late = [("s", "ann", "1", 0, "C"), ("s", "ann", "1", 1, "C"), ("s", "bob", "1", 2, "D")]
    assert listed(observations(table(late)).own) == [None, 1, None]


def test_a_lag_over_a_gap_is_refused_and_one_that_is_not_given_is_unknown() -> None:
    gap = [("s", "ann", "1", 0, "C"), ("s", "ann", "1", 2, "D")]
    assert listed(observations(table(gap)).own) == [None, None]
    with pytest.raises(FidelityError, match="own is given in a round that follows a gap"):
        observations(table(gap, own=[None, "C"]))


def test_a_column_that_is_missing_is_named() -> None:
    with pytest.raises(FidelityError, match="no column round, action"):
        observations(table(TWO).drop(columns=["round", "action"]))
    with pytest.raises(FidelityError, match="no rows"):
        observations(table([]))


@pytest.mark.parametrize(
    ("links", "sentence"),
    [
        ([[0, -1, 0, 1]], "not mutual"),
        ([[0, -1, 0, 0]], "with itself"),
        ([[0, -1, 0, 1], [0, -1, 0, 1], [0, -1, 1, 0], [0, -1, 1, 0]], "twice"),
        ([[0, -1, 0, 2], [0, -1, 2, 0]], "codes are 0 to 1"),
        ([[1, -1, 0, 1], [1, -1, 1, 0]], "stretches that are not there"),
        ([[0, 0, 1]], "four whole numbers"),
    ],
)
def test_wrong_links_are_refused(links: list[list[int]], sentence: str) -> None:
    with pytest.raises(FidelityError, match=sentence):
        observations(table(TWO), np.array(links))


def test_links_join_no_sessions() -> None:
    rows = table([("s", "ann", "1", 0, "C"), ("t", "bob", "1", 0, "D")])
    with pytest.raises(FidelityError, match="different sessions"):
        observations(rows, PAIR)


def test_a_share_that_contradicts_the_links_is_refused() -> None:
    with pytest.raises(FidelityError, match="row 2: neighbours is 1, and 0 by the links"):
        observations(table(TWO, neighbours=[None, 1, None, None]), PAIR)


def mixed() -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = table([*TWO, ("t", "ann", "1", 0, "C"), ("t", "ann", "1", 1, "C"), ("t", "bob", "1", 0, "C")])
    rows = rows.assign(
        population=["people", "people", "model", "model", "people", "people", "people"],
        condition=["mixed"] * 4 + ["pure"] * 3,
        valid=[True, True, True, False, True, True, True],
    )
    return rows, pd.DataFrame({"session": ["s", "t"], "agent": ["ann", "bob"], "neighbour": ["bob", "ann"]})


def test_every_population_and_condition_is_read_for_itself() -> None:
    found = read_conditions(*mixed())
    assert list(found) == [("people", "mixed"), ("model", "mixed"), ("people", "pure")]
    person, model, pure = found.values()
    assert (person.agents, model.agents, pure.agents) == (("ann",), ("bob",), ("ann", "bob"))
    assert listed(person.neighbours) == [None, 0]
    assert (person.invalid, model.invalid, pure.invalid) == (0, 1, 0)
    assert person.links is None
    assert model.links is None
    assert pure.links is not None
    assert len(pure.links) == 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"agent": ["ann", "eve"]}, "row 2: agent is 'eve'; the table has nobody of that name in that session"),
        ({"session": ["s", "u"]}, "row 2: session is 'u'; the table has no such session"),
        ({"stretch": ["1", "9"]}, "row 2: stretch is '9'; the table has no such stretch"),
        ({"condition": ["mixed", "other"]}, "row 2: condition is 'other'; the table has no such condition"),
        ({"round": [0, "x"]}, "row 2: round is 'x'; allowed is a whole number from -1 to 1"),
    ],
)
def test_links_by_label_must_be_of_the_table(change: dict[str, Any], sentence: str) -> None:
    rows, links = mixed()
    with pytest.raises(FidelityError) as raised:
        read_conditions(rows, links.assign(**change))
    assert sentence in str(raised.value)


def test_rows_are_named_as_in_the_whole_table() -> None:
    rows, links = mixed()
    with pytest.raises(FidelityError, match="row 6: action is 'maybe'"):
        read_conditions(rows.assign(action=["C", "D", "D", "C", "C", "maybe", "C"]), links)


def test_many_rows_are_read_in_few_passes() -> None:
    agents, rounds = 400, 50
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(
        {
            "population": "people", "condition": "plain", "session": "s", "agent": np.repeat(np.arange(agents), rounds),
            "round": np.tile(np.arange(rounds), agents), "action": rng.integers(0, 2, agents * rounds),
        }
    )  # fmt: skip
    with patch.object(Observations, "tally", side_effect=AssertionError("nothing is measured while reading")):
        found = observations(rows.sample(frac=1, random_state=2))
    ordered = found.action.reshape(agents, rounds)[np.argsort(np.array(found.agents, dtype=int))]
    assert (ordered.ravel() == rows["action"]).all()
