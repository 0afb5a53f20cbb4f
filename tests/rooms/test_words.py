"""Words say what the facts say: all of it, nothing else, and the same numbers that score."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.decision import Decision
from comity.core.errors import Diverged
from comity.core.flow import Game
from comity.core.match import Match, replay
from comity.core.outcome import Outcome
from comity.core.space import YES_NO, Each, Integer, Lottery, OneOf, Ordering, Space, Text
from comity.games.matrix import MatchingPennies, MatrixGame, PrisonersDilemma
from comity.games.normal_form import NormalForm
from comity.games.sequential import SequentialTrustGame
from comity.games.symmetric import PublicGoods, SymmetricGame
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.repetition import Repeated
from comity.mechanisms.sanctions import Sanctioned
from comity.mechanisms.talk import CheapTalk, Talk
from comity.words.exchange import EXCHANGE
from comity.words.parse import Unreadable, read_reply
from comity.words.phrases import number, quoted
from comity.words.printable import printable_line
from comity.words.questions import QUESTIONS
from comity.words.render import allowed, render, render_rules
from comity.words.transcript import describe_choice, describe_outcome, transcript
from comity.words.wording import Frame, NoWords
from comity.words.wordings import FACTS, PLAIN
from tests.generators import (
    BASES,
    Script,
    bimatrices,
    every_entry,
    keys,
    played,
    spaces,
    stacks,
    symmetric_games,
)
from tests.words.seen import VARIED, changed, decisions_of, types_in

pytestmark = pytest.mark.slow

ENTRIES = every_entry()
everywhere = pytest.mark.parametrize("game", ENTRIES.values(), ids=ENTRIES.keys())

DILEMMA = PrisonersDilemma()


# Everything is said, and nothing else


@everywhere
def test_decisions_that_differ_read_differently_and_equal_ones_alike(game: Game) -> None:
    read: dict[str, Decision[Any]] = {}
    for decision in decisions_of(game):
        assert read.setdefault(render(decision), decision) == decision
    assert len(read) == len(set(read.values()))


@given(stacks(), keys)
def test_so_they_do_in_any_stack(game: Game, key: int) -> None:
    read: dict[str, Decision[Any]] = {}
    for decision in decisions_of(game, key):
        assert read.setdefault(render(decision), decision) == decision


@pytest.mark.parametrize("game", VARIED.values(), ids=VARIED.keys())
def test_changing_anything_in_what_is_seen_changes_the_text(game: Game) -> None:
    last = {decision.kind: decision for decision in decisions_of(game)}
    tried = 0
    for decision in last.values():
        text = render(decision)
        for sees in changed(decision.sees):
            try:
                other = render(replace(decision, sees=sees))
            except (IndexError, ValueError, NoWords):  # no such player, no such rule
                continue
            tried += 1
            assert other != text, sees
    assert tried


def test_between_them_those_games_show_every_type_of_fact() -> None:
    shown = {kind for game in VARIED.values() for decision in decisions_of(game) for kind in types_in(decision.sees)}
    assert set(FACTS) - set(EXCHANGE) - shown <= {NormalForm}  # those of exchanges: tests/words/test_exchange


@everywhere
def test_the_question_and_the_options_are_said(game: Game) -> None:
    for decision in {decision.kind: decision for decision in decisions_of(game)}.values():
        text = render(decision)
        assert render(replace(decision, options=OneOf(("something", "else")))) != text
        assert render(replace(decision, kind="act" if decision.kind != "act" else "speak")) != text


def test_what_annotates_a_game_is_shown_to_nobody() -> None:
    bare = MatrixGame(("up", "down"), ("left", "right"), (((1, 2), (3, 4)), ((5, 6), (7, 8))))
    annotated = replace(bare, cooperate=("up", "left"), defect=("down", "right"), role_names=("leader", "follower"))
    assert render_rules(bare, 0) == render_rules(annotated, 0)


# What is shown is what is scored

AND = re.compile(r", | and ")


def shown_table(game: Game, player: int) -> dict[tuple[str, ...], tuple[float, ...]]:
    """The table a player reads, by profile, both in the order of the seats."""
    table = {}
    for conditions, gains in re.findall(r"^If (.+): (.+)\.$", render_rules(game, player), re.MULTILINE):
        chosen = dict(_by_seat(r"chooses? (\S+)", part, player) for part in AND.split(conditions))
        paid = dict(_by_seat(r"gets? (\S+) points?", part, player) for part in AND.split(gains))
        profile = tuple(chosen[seat] for seat in range(game.n_players))
        table[profile] = tuple(float(paid[seat]) for seat in range(game.n_players))
    return table


def _by_seat(verb: str, said: str, reader: int) -> tuple[int, str]:
    found = re.fullmatch(rf"(?:you|player (\d+)) {verb}", said)
    assert found, said
    return (int(found[1]) - 1 if found[1] else reader), found[2]


def scored_table(game: NormalForm) -> dict[tuple[str, ...], tuple[float, ...]]:
    return {profile: game.payoffs(profile) for profile in game.profiles()}


TABLES = {
    name: game
    for name, game in BASES.items()
    if isinstance(game, NormalForm) and not isinstance(game, PublicGoods | SymmetricGame | TravellersDilemma)
}


@pytest.mark.parametrize("seat", [0, 1])
@pytest.mark.parametrize("game", TABLES.values(), ids=TABLES.keys())
def test_both_seats_of_a_named_game_are_shown_what_is_scored(game: NormalForm, seat: int) -> None:
    assert shown_table(game, seat) == scored_table(game)


@given(bimatrices())
def test_both_seats_of_any_bimatrix_are_shown_what_is_scored(game: MatrixGame) -> None:
    for seat in (0, 1):
        assert shown_table(game, seat) == scored_table(game)


@pytest.mark.parametrize("seat", [0, 1])
def test_so_are_both_seats_of_the_game_played_in_turn(seat: int) -> None:
    game = SequentialTrustGame()
    assert shown_table(game, seat) == scored_table(game.at_once)


def test_in_matching_pennies_each_seat_reads_its_own_pay() -> None:
    first, second = (render_rules(MatchingPennies(), seat) for seat in (0, 1))
    assert "If you choose heads and player 2 chooses heads: you get 1 point and player 2 gets -1 points." in first
    assert "If you choose heads and player 1 chooses heads: you get -1 points and player 1 gets 1 point." in second


@dataclass(frozen=True)
class ThreeWay(NormalForm):
    """A game for three without words of its own."""

    n_players: int = 3
    actions: tuple[tuple[str, ...], ...] = (("a", "b"), ("c",), ("d", "e"))

    def payoffs(self, profile: tuple[str, ...]) -> tuple[float, ...]:
        return (float(profile.count("a")), 2.0 * profile.count("e"), profile.count("b") - 0.5)


@pytest.mark.parametrize("seat", [0, 1, 2])
def test_any_other_normal_form_is_shown_as_its_table(seat: int) -> None:
    assert shown_table(ThreeWay(), seat) == scored_table(ThreeWay())


@pytest.mark.parametrize("seat", [0, 1, 2])
@pytest.mark.parametrize("game", [PublicGoods(), PublicGoods(4, 2.5)])
def test_the_public_goods_formula_pays_what_is_scored(game: PublicGoods, seat: int) -> None:
    text = render_rules(game, seat)
    found = re.search(r"if k players choose (\S+), each player gets (\S+) times k divided by (\S+) points", text)
    more = re.search(r"each player who chooses (\S+) gets (\S+) point more", text)
    assert found
    assert more
    for profile in game.profiles():
        share = float(found[2]) * profile.count(found[1]) / float(found[3])
        assert game.payoffs(profile)[seat] == pytest.approx(share + float(more[2]) * (profile[seat] == more[1]))


@pytest.mark.parametrize("seat", [0, 1])
@pytest.mark.parametrize("game", [TravellersDilemma(), TravellersDilemma(1.5, 3, 0.5, 4.25)])
def test_the_three_cases_of_the_travellers_dilemma_pay_what_is_scored(game: TravellersDilemma, seat: int) -> None:
    text = render_rules(game, seat)
    claims = re.search(r"each claim (.+) points, at the same time", text)
    cases = re.findall(
        r"If you claim (less|more) than .+: you get the lower claim (plus|minus) (\S+) points?, (.+)", text
    )
    assert claims
    assert tuple(re.split(r", | or ", claims[1])) == game.actions[seat]
    signs = {"plus": 1, "minus": -1}
    by_case = {compared: signs[sign] * float(amount) for compared, sign, amount, _ in cases}
    for mine, theirs in itertools.product(*game.actions):
        own, other = float(mine), float(theirs)
        paid = own if own == other else min(own, other) + by_case["less" if own < other else "more"]
        assert game.payoffs((mine, theirs) if seat == 0 else (theirs, mine))[seat] == pytest.approx(paid)


@given(symmetric_games())
def test_the_counts_of_a_symmetric_game_pay_what_is_scored(game: SymmetricGame) -> None:
    if game.players == 2:
        assert all(shown_table(game, seat) == scored_table(game) for seat in (0, 1))
        return
    paid = {}
    lines = re.findall(
        r"^If you choose (\S+) and, of the others, (.+): you get (\S+) points?\.$", render_rules(game, 1), re.MULTILINE
    )
    for own, others, points in lines:
        counted = re.findall(r"(\d+) chooses? (\w+)", others)
        paid[own, tuple(sorted("".join(name * int(count) for count, name in counted)))] = float(points)
    for profile in game.profiles():
        assert game.payoffs(profile)[1] == paid[profile[1], tuple(sorted((profile[0], *profile[2:])))]


def test_all_played_pay_is_told_as_settled_and_as_it_was_before() -> None:
    game = Contracted(DILEMMA)
    choices = (((0, -2), (0, 0)), ((True, False), (True, False)), (True, True), ("cooperate", "defect"))
    text = describe_outcome(_outcome(game, choices))
    assert "Player 1 played cooperate (2 points) and player 2 played defect (1 point)." in text
    assert "Before that: 0 points for player 1 and 3 points for player 2." in text


def _outcome(game: Game, choices: tuple[Any, ...]) -> Outcome:
    outcome = replay(game, choices).outcome
    assert outcome is not None
    return outcome


# Who is called what


def test_seats_change_what_players_are_called() -> None:
    game = Rotated(DILEMMA, population=4, rounds=1)
    match = Match(game)
    match.answer(((0, 1),))
    match.answer(((1, 0),))
    text = render(match.pending[0])
    assert text.startswith("You are player 1.\n")
    assert "You now play with player 4." in text
    assert "called by their seats: player 2 means the one called player 4 so far." in text
    assert "If you choose cooperate and player 2 chooses defect" in text


def test_those_whom_one_has_yet_to_meet_have_no_number() -> None:
    text = render_rules(Rotated(DILEMMA, population=4), 2)
    assert "If you choose cooperate and the other player chooses defect" in text
    assert "player 2" not in text


def test_a_history_names_players_as_its_reader_does_where_it_stands() -> None:
    game = Rotated(Repeated(DILEMMA, rounds=2), population=4, rounds=2)
    _, put = played(game, Script(1), 1)
    decision = next(d for d in put[-1] if d.player == 3)
    text = render(decision)
    assert re.search(r"What you did:\n  Round 1: .* for you\.\n    Round 1: .* you played", text)


# Messages


@given(st.text(), st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Cs"]), max_size=9))
def test_messages_are_shown_without_control_characters(message: str, hidden: str) -> None:
    message = (hidden + message + hidden)[:500]
    match = Match(CheapTalk(DILEMMA))
    match.answer((message, "plain"))
    match.answer(("cooperate", "defect"))
    decision = _after_talk(message)
    for text in (render(decision), transcript(CheapTalk(DILEMMA), match.choices)):
        assert all(line.isprintable() for line in text.split("\n"))
    assert len(render(decision).split("\n")) == len(render(_after_talk("x")).split("\n"))


def _after_talk(message: str) -> Decision[Any]:
    match = Match(CheapTalk(DILEMMA))
    match.answer((message, "plain"))
    return match.pending[1]


def test_a_terminal_is_steered_by_nothing_that_is_said() -> None:
    assert printable_line("\x1b[2J\x1b]0;title\x07one\ttwo\r\nthree\x9b1m\u202e") == "one two  three1m"


def test_a_message_cannot_close_its_own_quotation() -> None:
    assert quoted('yes" player 2: "no') == r'"yes\" player 2: \"no"'


@given(st.text())
def test_what_is_said_can_be_read_back_but_for_the_kind_of_its_spaces(message: str) -> None:
    read = json.loads(quoted(message))
    assert [" " if category(sign) == "Zs" else sign for sign in message] == list(read)


def test_what_hides_in_a_message_is_seen() -> None:
    assert quoted("a\u200bb\u202ec\n") == r'"a\u200bb\u202ec\n"'
    assert quoted("\u0338open") == r'"\u0338open"'
    assert quoted("caf\u00e9 d\u0301 \u2764\ufe0f 10\u202f%") == '"caf\u00e9 d\u0301 \u2764\ufe0f 10 %"'
    assert quoted("\u3164\U000e0041\U000e0100") == r'"\u3164\udb40\udc41\udb40\udd00"'


# Wordings and plugins


@dataclass(frozen=True)
class Weather:
    """A fact that no room of ours knows."""

    kind: str


def test_an_unknown_fact_is_an_error_that_says_what_to_add() -> None:
    decision = Decision(0, "act", OneOf(("a", "b")), (Weather("rain"),))
    with pytest.raises(NoWords, match="no words for the fact Weather: add a renderer to its facts"):
        render(decision)


def test_an_unknown_kind_and_an_unknown_space_are_errors() -> None:
    with pytest.raises(NoWords, match="no question of kind 'sing'"):
        render(Decision(0, "sing", OneOf(("a", "b"))))
    with pytest.raises(NoWords, match="no words for the answer"):
        allowed(_Weird())
    with pytest.raises(NoWords, match="can be read"):
        read_reply("a", _Weird())


class _Weird:
    def __contains__(self, choice: object) -> bool:
        return False

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def schema(self) -> dict[str, Any]:
        return {}


def test_another_wording_is_another_table() -> None:
    facts = {
        **FACTS,
        Weather: lambda fact, frame: [f"It will {fact.kind}."],
        Talk: lambda rule, frame: ["You may talk."],
    }
    terse = replace(PLAIN, facts=facts, questions={**QUESTIONS, "act": lambda decision, frame: "Act!"})
    decision = Decision(0, "act", OneOf(("a", "b")), (Weather("rain"), Talk(1)))
    assert (
        render(decision, terse) == "You are player 1.\nIt will rain.\nYou may talk.\n\nAct!\nAnswer with one of a, b."
    )
    with pytest.raises(NoWords):
        render(decision)


def test_a_renderer_serves_the_types_derived_from_its_own() -> None:
    assert PLAIN.lines(ThreeWay(), Frame(PLAIN, reader=0))[0] == (
        "You, player 2 and player 3 each choose one action, at the same time."
    )


@pytest.mark.parametrize(
    ("value", "said"), [(2, "2"), (2.0, "2"), (-0.0, "0"), (0.1 + 0.2, "0.3"), (10**400, str(10**400)), (1.25, "1.25")]
)
def test_numbers(value: float, said: str) -> None:
    assert number(value) == said


# Typed answers

PLAN = Each(("1 delegating", "2 delegating"), (OneOf(("cooperate", "defect")),) * 2)
CLAIMS = OneOf(("2", "3", "4"))


@pytest.mark.parametrize(
    ("typed", "space", "choice"),
    [
        ("cooperate", OneOf(("cooperate", "defect")), "cooperate"),
        (" Defect \n", OneOf(("cooperate", "defect")), "defect"),
        ("2", OneOf(("cooperate", "defect")), "defect"),
        ("3", CLAIMS, "3"),
        ("a", OneOf(("A", "a")), "a"),
        ("yes", YES_NO, True),
        ("N", YES_NO, False),
        ("-3", Integer(), -3),
        ("\u22123", Integer(-5, 5), -3),
        ("defect, 1", PLAN, ("defect", "cooperate")),
        ("yes;n", Each(("player 1", "player 2"), (YES_NO, YES_NO)), (True, False)),
        ("hello, you", Text(), "hello, you"),
        ("", Text(), ""),
        ("hello, you; -1", Each(("a", "b"), (Text(), Integer())), ("hello, you", -1)),
        ("1, 0, 2", Ordering(3), (1, 0, 2)),
        ("b", Lottery(("a", "b"), (0.5, 0.5)), "b"),
    ],
)
def test_a_typed_answer_is_read(typed: str, space: Space[Any], choice: Any) -> None:
    read = read_reply(typed, space)
    assert (type(read), read) == (type(choice), choice)


@pytest.mark.parametrize(
    ("typed", "space", "sentence"),
    [
        (
            "cooperte",
            OneOf(("cooperate", "defect")),
            '"cooperte" is not an answer here: answer with one of cooperate, defect',
        ),
        ("3", OneOf(("cooperate", "defect")), '"3" is not an answer here: answer with one of cooperate, defect'),
        ("0", OneOf(("cooperate", "defect")), '"0" is not an answer here: answer with one of cooperate, defect'),
        ("1", CLAIMS, '"1" is not an answer here: answer with one of 2, 3, 4'),
        ("AA", OneOf(("aa", "aA")), '"AA" is not an answer here: answer with one of aa, aA'),
        ("maybe", YES_NO, '"maybe" is not an answer here: answer with yes or no'),
        ("2.5", Integer(), '"2.5" is not an answer here: answer with a whole number'),
        ("1_0", Integer(), '"1_0" is not an answer here: answer with a whole number'),
        ("6", Integer(-5, 5), '"6" is not an answer here: answer with a whole number from -5 up to 5'),
        ("yes, maybe", Each(("a", "b"), (YES_NO, YES_NO)), '"maybe" is not an answer here: answer with yes or no'),
        ("0, 0", Ordering(2), '"0, 0" is not an answer here: answer with the numbers 0 to 1, each once'),
        ("four", Text(3), '"four" is not an answer here: answer with text of at most 3 characters'),
        ("", OneOf(("a", "b")), '"" is not an answer here: answer with one of a, b'),
    ],
)
def test_what_cannot_be_read_says_what_is_allowed(typed: str, space: Space[Any], sentence: str) -> None:
    with pytest.raises(Unreadable, match=f"^{re.escape(sentence)}"):
        read_reply(typed, space)


def test_too_few_values_name_the_parts() -> None:
    with pytest.raises(Unreadable, match="values for 1 choosing delegate and 2 choosing delegate, in this order"):
        read_reply("cooperate", PLAN)


@given(st.text(), spaces() | st.sampled_from([Text(5), Integer(), PLAN, CLAIMS, YES_NO]))
def test_a_reply_is_a_choice_or_unreadable_and_never_anything_else(typed: str, space: Space[Any]) -> None:
    try:
        choice = read_reply(typed, space)
    except Unreadable:
        return
    assert choice in space


@given(st.text())
def test_the_sentence_of_an_unreadable_reply_is_one_line(typed: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_reply(f"never {typed}", YES_NO)
    assert str(refusal.value).isprintable()


@everywhere
def test_every_choice_from_a_list_can_be_typed_as_it_is_shown(game: Game) -> None:
    for decision in {decision.kind: decision for decision in decisions_of(game)}.values():
        if isinstance(decision.options, OneOf):
            for option in decision.options:
                assert read_reply(describe_choice(decision, option), decision.options) == option


# Transcripts


@everywhere
def test_a_transcript_tells_every_step_and_what_everybody_is_paid(game: Game) -> None:
    match, _ = played(game, Script(9), 9)
    text = transcript(game, match.choices)
    assert {int(step) for step in re.findall(r"^ *\[(\d+)\]", text, re.MULTILINE)} == set(range(len(match.choices)))
    assert match.outcome is not None
    last = text[text.rfind("In all:") :] if "In all:" in text else text
    assert all(number(payoff) in last for payoff in match.outcome.payoffs)


def test_a_transcript_heads_every_round_and_ends_it_with_what_was_paid() -> None:
    game = Repeated(DILEMMA, rounds=2, discount=0.5)
    choices = (("cooperate", "defect"), ("defect", "defect"))
    assert transcript(
        game, choices, {0: "grim", 1: "random"}, {(0, 1): Lottery(("cooperate", "defect"), (0.25, 0.75))}
    ) == (
        "Round 1:\n"
        "  [0] act: player 1 (grim): cooperate; player 2 (random): defect (drawn from cooperate 0.25, defect 0.75)\n"
        "  Player 1 played cooperate (0 points) and player 2 played defect (3 points).\n"
        "Round 2:\n"
        "  [1] act: player 1 (grim): defect; player 2 (random): defect\n"
        "  Player 1 played defect (1 point) and player 2 played defect (1 point).\n"
        "In all:\n"
        "  0.5 points for player 1 and 2 points for player 2."
    )


def test_an_unfinished_match_is_told_as_far_as_it_goes() -> None:
    text = transcript(Repeated(DILEMMA, rounds=9), (("cooperate", "defect"),))
    assert text == "Round 1:\n  [0] act: player 1: cooperate; player 2: defect"


def test_choices_the_rules_do_not_ask_for_have_no_transcript() -> None:
    with pytest.raises(Diverged, match="at step 1"):
        transcript(Repeated(DILEMMA, rounds=2), (("cooperate", "defect"), ("cooperate", "dance")))


def test_a_transcript_does_not_repeat_the_past() -> None:
    game = Repeated(DILEMMA, rounds=40, memory="all")
    match, _ = played(game, Script(2), 2)
    assert len(transcript(game, match.choices).splitlines()) == 3 * 40 + 2


def test_a_choice_about_players_names_them_as_the_outermost_game_does() -> None:
    game = Rotated(Sanctioned(Mediated(DILEMMA)), population=4, rounds=1)
    match, put = played(game, Script(4), 4)
    groups = {player: play.players for play in match.outcome.parts for player in play.players} if match.outcome else {}
    for decision in itertools.chain(*put):
        if decision.kind == "approve":
            named = re.findall(r"player (\d)", describe_choice(decision, (True, False)))
            assert [int(n) - 1 for n in named] == list(groups[decision.player])
        if decision.kind == "sanction":
            [other] = set(groups[decision.player]) - {decision.player}
            assert describe_choice(decision, (-1,)) == f"-1 to player {other + 1}"


def test_an_outcome_can_be_told_to_one_of_its_players() -> None:
    outcome = _outcome(DILEMMA, (("cooperate", "defect"),))
    told = "Player 1 (grim) played cooperate (0 points) and you played defect (3 points)."
    assert describe_outcome(outcome, {0: "grim"}, reader=1) == told
