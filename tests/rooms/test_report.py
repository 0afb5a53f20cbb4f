"""The parts of a report by themselves: text, figures, facts, and the numbers that are its own."""

from __future__ import annotations

import math
from itertools import product
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.records.record import Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.tables import Tables, tables
from comity.report.facts import facts_of, spelled
from comity.report.figures import SVG, Figure, heat_map, lines
from comity.report.grid import Entry, Grid, grid_of
from comity.report.numbers import cooperation_by_round, in_blocks, payoffs_against, population_cells
from comity.report.text import counted, distinct, number
from comity.words.printable import printable
from tests.report.runs import records

NOTHING = Grid("a caption", "", "", (), ())


@given(st.text())
def test_printable_text_can_be_seen(text: str) -> None:
    shown = printable(text)
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;https://example.org\x07link\x1b]8;;\x07", "link"),
        ("a\x00b\u202ec", "abc"),
        ("one\ntwo\tthree", "one\ntwo three"),
        ("größer 😀", "größer 😀"),
    ],
)
def test_what_steers_a_terminal_is_dropped_whole(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.12345, "0.123"), (-0.5, "\u22120.500"), (-0.0001, "0.000"), (math.nan, "–"), (2, "2.000")]
)
def test_numbers_are_printed_to_three_digits(value: float, shown: str) -> None:
    assert number(value) == shown


@given(st.lists(st.sampled_from(["a", "a #2", "a\x00", "b", "a #3"])))
def test_labels_that_print_alike_are_told_apart(labels: list[str]) -> None:
    shown = distinct(labels)
    assert len(set(shown)) == len(labels)
    assert all(new.startswith(printable(old)) for new, old in zip(shown, labels, strict=True))


def test_counting() -> None:
    assert [counted(n, "match", "matches") for n in (0, 1, 1234)] == ["0 matches", "1 match", "1,234 matches"]


def texts(figure: Figure) -> list[str]:
    return ["".join(text.itertext()) for text in ET.fromstring(figure.svg).iter(f"{{{SVG}}}text")]


def test_a_heat_map_prints_every_number_and_leaves_gaps_empty() -> None:
    values = pd.DataFrame([[0.25, math.nan], [-0.5, 1.5]], ["none", "repetition"], ["stag hunt", "chicken"])
    figure = heat_map("key", values, NOTHING)
    assert [text for text in texts(figure) if text in ("0.25", "–", "−0.50", "1.50")] == ["0.25", "−0.50", "–", "1.50"]
    tints = [float(path.get("fill-opacity", "nan")) for path in ET.fromstring(figure.svg).iter(f"{{{SVG}}}path")]
    assert tints == pytest.approx(
        [0.03 + 0.25 * 0.47, 0.03, 0.5], abs=0.006
    )  # clipped to the scale, and no square for the gap
    assert "Lowest −0.50 for repetition and stag hunt; highest 1.50 for repetition and chicken." in figure.alt


def test_lines_have_one_panel_each_even_where_there_is_nothing() -> None:
    values = pd.DataFrame({"<b>&": [1.0, 0.5, 0.0], "never": [math.nan] * 3}, index=[1, 2, 3])
    figure = lines("key", values, 3, NOTHING)
    assert [text for text in texts(figure) if text in ("<b>&", "never")] == ["<b>&", "never"]
    drawn = [path.get("d", "") for path in ET.fromstring(figure.svg).iter(f"{{{SVG}}}path") if path.get("d")]
    assert len(drawn) == 1
    assert drawn[0].count("L") == 2
    assert "From the first to the last round: <b>& 1.00 to 0.00." in figure.alt


def test_a_figure_follows_the_colours_of_the_page_and_is_always_the_same() -> None:
    values = pd.DataFrame([[0.5]], ["none"], ["chicken"])
    first, second = heat_map("key", values, NOTHING), heat_map("key", values, NOTHING)
    assert first == second
    fills = {element.get("fill") for element in ET.fromstring(first.svg).iter()} - {None, "none"}
    assert fills == {"currentColor", "var(--tint)"}
    assert "width" not in ET.fromstring(first.svg).attrib


def test_a_grid_is_the_frame_it_is_made_of() -> None:
    frame = pd.DataFrame({"1": [0.5, 1.0]}, index=["a", "b"])
    assert grid_of(frame, "caption", "note", "agent").rows == (("a", (Entry(0.5),)), ("b", (Entry(1.0),)))


@pytest.mark.parametrize(
    ("game", "fact", "text"),
    [
        (Spec.of("trust_game"), "To cooperate is", "give"),
        (Spec.of("battle_of_the_sexes"), "To cooperate is", "fight for prefers_ballet; ballet for prefers_fight"),
        (Spec.of("matching_pennies"), "To cooperate is", "nothing: no action of this game means it"),
        (Spec.of("matching_pennies"), "Equilibria of the game alone, in pure actions", "none"),
        (Spec.of("stag_hunt"), "Equilibria of the game alone, in pure actions", "(stag, stag), (hare, hare)"),
        (Spec.of("public_goods", {"players": 13}), "Equilibria of the game alone, in pure actions", "not looked for"),
        (Spec.of("travellers_dilemma"), "Scale", "0 is a payoff of 2, 1 a payoff of 5"),
    ],
)
def test_the_facts_of_a_game(game: Spec, fact: str, text: str) -> None:
    assert dict(facts_of(Cell("game", "none", game)))[fact].startswith(text)


def test_a_game_in_turns_has_no_equilibria_in_actions() -> None:
    assert len(dict(facts_of(Cell("game", "none", Spec.of("trust_game_sequential"))))) == 4


def test_a_stack_is_told_with_every_parameter_from_the_inside_out() -> None:
    stack = (Spec.of("mediation"), Spec.of("repetition", {"rounds": 3, "memory": "all"}))
    told = dict(facts_of(Cell("game", "both", Spec.of("prisoners_dilemma"), stack)))
    repetition = 'repetition(rounds=3, discount=0.8, memory="all", horizon="chance")'
    assert told["Mechanism"] == f"mediation(recall=true), then {repetition}"
    assert spelled("grim", {}) == "grim"


@pytest.fixture(scope="module")
def measured() -> Tables:
    return tables(records(), decisions=False)


def test_who_was_paid_what_against_whom(measured: Tables) -> None:
    """In public goods with two contributors of three, one gets 1.5 * 2 / 3 and a free rider 1 more."""
    against = payoffs_against(measured)
    paid = against["none", "public_goods"]
    thirds = {"saint": 1.0, "turncoat": 1.0, "rogue": 0.0}
    for agent, other in product(thirds, thirds):
        contributors = [thirds[agent] + thirds[other] + third for third in thirds.values()]
        expected = sum(0.5 * k + 1 - thirds[agent] for k in contributors) / 3
        assert paid[agent, other] == pytest.approx(expected)


def test_populations_are_paid_by_meeting(measured: Tables) -> None:
    assert population_cells(measured) == {
        ("reputation_first_order", game) for game in ("prisoners_dilemma", "public_goods", "matching_pennies")
    }
    paid = payoffs_against(measured)["reputation_first_order", "prisoners_dilemma"]
    assert set(paid.index.get_level_values("agent")) == {"saint", "rogue", "turncoat"}
    for (agent, other), payoff in paid.items():
        if {agent, other} <= {"saint", "rogue"}:
            assert (
                payoff
                == {("saint", "saint"): 2, ("saint", "rogue"): 0, ("rogue", "saint"): 3, ("rogue", "rogue"): 1}[
                    agent, other
                ]
            )


def test_replicates_count_the_same_however_many_matches_they_have() -> None:
    cell = Cell("prisoners_dilemma", "none", Spec.of("prisoners_dilemma"))
    specs = [MatchSpec(index, cell, ("a", "b"), replicate) for index, replicate in enumerate("1112")]
    paid = [(0.0, 3.0), (0.0, 3.0), (0.0, 3.0), (2.0, 2.0)]
    acts = {(0.0, 3.0): ("cooperate", "defect"), (2.0, 2.0): ("cooperate", "cooperate")}
    played = [Record(spec, "finished", (acts[p],), payoffs=p) for spec, p in zip(specs, paid, strict=True)]
    assert payoffs_against(tables(played)).to_dict() == {
        ("none", "prisoners_dilemma", "a", "b"): 1.0,
        ("none", "prisoners_dilemma", "b", "a"): 2.5,
    }


def test_only_what_has_rounds_and_means_something_goes_over_rounds(measured: Tables) -> None:
    shares = cooperation_by_round(measured)
    cells = {key[:2] for key in shares.index.tolist()}
    assert cells == set(product(["repetition", "reputation_first_order"], ["prisoners_dilemma", "public_goods"]))
    assert shares["repetition", "public_goods", "turncoat"].to_dict() == {1: 1.0, 2: 0.0, 3: 0.0, 4: 0.0}


@given(st.integers(1, 400), st.integers(1, 30))
def test_blocks_of_rounds_are_few_and_cover_all(rounds: int, most: int) -> None:
    by_round = pd.DataFrame({"share": range(1, rounds + 1)}, index=pd.Index(range(1, rounds + 1)))
    blocks = in_blocks(by_round, most)
    ends = [*blocks.index[1:], rounds + 1]
    assert len(blocks) <= most
    assert blocks.index[0] == 1
    for first, end, share in zip(blocks.index, ends, blocks["share"], strict=True):
        assert share == pytest.approx((first + end - 1) / 2)
