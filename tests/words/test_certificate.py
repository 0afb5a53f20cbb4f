"""However a game is told, it is the same game: the payoff table is read back from the text alone, and compared.

The reader here knows what the shipped wordings sound like and nothing of how they are filled: it finds who chooses what
and who gets how much in each payoff sentence, in figures or in words. From the table that was told, best replies and
equilibria are worked out anew, and they must be those of the game by the labels that were told. In the published script
of Akata et al. (2025) one seat was told another game than the one that was scored: a telling like that must not pass.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.decision import NATURE, Decision
from comity.core.errors import BadStack
from comity.core.flow import Game
from comity.core.match import Match, receive
from comity.core.space import Lottery
from comity.games.matrix import BattleOfTheSexes, MatrixGame, PrisonersDilemma
from comity.games.normal_form import NormalForm
from comity.games.ordinal import ordinal_games
from comity.mechanisms.presentation import FACTORS, Presentation, presented
from comity.words.forms import Form, answer_shape, form_at, prompt, spelled
from comity.words.numerals import in_words
from comity.words.phrases import number
from comity.words.presentation import as_told
from comity.words.reading import read_answer
from comity.words.render import checked, render, sections
from comity.words.wording import Wording
from comity.words.wordings import STANDARD, standard
from tests.generators import bimatrices, dilemmas, keys, payoff_numbers

pytestmark = pytest.mark.slow

Table = dict[tuple[str, str], tuple[float, float]]
"""(own label, other's label) to (own pay, other's pay), as a seat is told them."""

WORDINGS = {name: standard(name) for name in STANDARD}


# Reading a table back


def _vocabulary(small: str, tens: str) -> dict[str, int]:
    return {
        **{word: value for value, word in enumerate(small.split())},
        **{word: 10 * value for value, word in enumerate(tens.split(), start=2)},
    }


ENGLISH = _vocabulary(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
    "twenty thirty forty fifty sixty seventy eighty ninety",
)
GERMAN = _vocabulary(
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn",
    "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
) | {"ein": 1, "eine": 1}


def english(said: str) -> int:
    """The whole number that is said in English."""
    total = current = 0
    for word in re.split("[ -]", said):
        if word == "thousand":
            total, current = 1000 * current, 0
        else:
            current = 100 * current if word == "hundred" else current + ENGLISH[word]
    return total + current


def german(said: str) -> int:
    """The whole number that is said in German."""
    for word, times in (("tausend", 1000), ("hundert", 100)):
        if word in said:
            count, rest = said.split(word, 1)
            return times * german(count) + (german(rest) if rest else 0)
    if said in GERMAN:
        return GERMAN[said]
    ones, tens = said.split("und", 1)
    return GERMAN[ones] + GERMAN[tens]


def value_of(said: str) -> float:
    """The number that is said, in figures or in either language."""
    if re.fullmatch(r"-?\d+(\.\d+)?", said):
        return float(said)
    sign, said = (-1, said.removeprefix("minus ")) if said.startswith("minus ") else (1, said)
    whole, _, digits = said.replace(" Komma ", " point ").partition(" point ")
    read, words = (english, ENGLISH) if re.split("[ -]", whole)[0] in ENGLISH else (german, GERMAN)
    decimals = "".join(str(words[digit]) for digit in digits.split())
    return sign * float(f"{read(whole)}.{decimals or 0}")


ROWS = {
    "plain": r"If you choose (.+) and the other player chooses (.+): you get (.+) and the other player gets (.+)\.",
    "terse": r"you (.+) and the other (.+): you (.+) and the other (.+)\.",
    "german": r"Wenn du (.+) wählst und der andere Spieler (.+) wählt: du bekommst (.+) und der andere Spieler bekommt "
    r"(.+)\.",
}
"""The payoff sentences of the shipped wordings, by the language they come from."""


def table_told(rules: str) -> Table:
    """The payoff table that the text tells."""
    found: Table = {}
    for line in rules.split("\n"):
        for row in ROWS.values():
            if match := re.fullmatch(row, line):
                own, other, paid, others_paid = match.groups()
                assert (own, other) not in found, "a cell is told twice"
                found[own, other] = (amount(paid), amount(others_paid))
                break
    return found


def amount(text: str) -> float:
    """An amount in figures or in words, with its unit."""
    said, _, unit = text.rpartition(" ")
    assert unit in UNITS
    return value_of(said)


UNITS = {name for wording in WORDINGS.values() for unit in wording.units.values() for name in unit[:2]}


@pytest.mark.parametrize("language", ["plain", "german"])
def test_numbers_are_said_as_they_are_read(language: str) -> None:
    say = standard(language).say
    for value in (*range(2_000), *range(2_000, 1_000_000, 997), 999_999, 0.5, 12.0305, 100.01):
        for signed in (value, -value) if value else (value,):
            assert value_of(str(in_words(number(signed), say))) == signed


@pytest.mark.parametrize(
    ("figures", "english", "german"),
    [
        ("0", "zero", "null"),
        ("-1", "minus one", "minus eins"),
        ("21", "twenty-one", "einundzwanzig"),
        ("101", "one hundred one", "einhunderteins"),
        ("121", "one hundred twenty-one", "einhunderteinundzwanzig"),
        ("1001", "one thousand one", "eintausendeins"),
        ("21300", "twenty-one thousand three hundred", "einundzwanzigtausenddreihundert"),
        ("-2.05", "minus two point zero five", "minus zwei Komma null fünf"),
        ("1000000", None, None),
        ("0.33333", None, None),
        ("1e+20", None, None),
    ],
)
def test_numbers_in_words(figures: str, english: str | None, german: str | None) -> None:
    assert in_words(figures, standard("plain").say) == english
    assert in_words(figures, standard("german").say) == german


# What follows from a table


@dataclass(frozen=True)
class Theory:
    """The best replies of one seat to each action of the other, and the pure equilibria, by their names."""

    best: Mapping[str, frozenset[str]]
    equilibria: frozenset[tuple[str, str]]


def theory(table: Table) -> Theory:
    """What the table says of itself."""
    own, others = dict.fromkeys(a for a, _ in table), dict.fromkeys(b for _, b in table)
    best = {b: _best({a: table[a, b][0] for a in own}) for b in others}
    theirs = {a: _best({b: table[a, b][1] for b in others}) for a in own}
    equilibria = frozenset((a, b) for a, b in itertools.product(own, others) if a in best[b] and b in theirs[a])
    return Theory(best, equilibria)


def _best(paid: Mapping[str, float]) -> frozenset[str]:
    return frozenset(action for action, pay in paid.items() if pay == max(paid.values()))


def theory_of(game: NormalForm, seat: int, called: Mapping[str, str]) -> Theory:
    """What the game says of itself, by its own methods, with actions as they are called."""
    other = 1 - seat
    profiles = [(a, b) if seat == 0 else (b, a) for a in game.actions[seat] for b in game.actions[other]]
    best = {called[p[other]]: frozenset(called[a] for a in game.best_replies(seat, p)) for p in profiles}
    equilibria = frozenset((called[p[seat]], called[p[other]]) for p in game.pure_equilibria())
    return Theory(best, equilibria)


def certify(game: NormalForm, seat: int, called: Mapping[str, str], rules: str) -> None:
    """Fail unless the text tells that seat this game, the actions being called so."""
    told = table_told(rules)
    paid = {
        (called[p[seat]], called[p[1 - seat]]): (game.payoffs(p)[seat], game.payoffs(p)[1 - seat])
        for p in game.profiles()
    }
    assert told == paid
    assert theory(told) == theory_of(game, seat, called)


# Games and presentations


def levels(factor: str) -> st.SearchStrategy[str]:
    return st.sampled_from((*FACTORS[factor], "random"))


@st.composite
def presentations(draw: st.DrawFn, game: NormalForm) -> Game:
    """The game under a presentation, each factor at any level."""
    names = list(dict.fromkeys(action for actions in game.actions for action in actions))
    given = draw(st.permutations(["Blau", "Cyan", "Dunkelrot", "Elfenbein", "Farn", "Grün"])).copy()[: len(names)]
    labels = draw(st.sampled_from(["own", "random", tuple(given)]))
    fields = {factor: draw(levels(factor)) for factor in FACTORS if factor != "labels"}
    fields["language"] = draw(st.sampled_from(["", fields["language"]]))
    return presented(game, labels, **fields)  # type: ignore[arg-type]


def decisions(game: Game, key: int) -> tuple[Match, tuple[Decision[Any], ...]]:
    """The match at the first decisions of the players, and these."""
    match = Match(game)
    while match.pending[0].player == NATURE:
        receive(match, [None] * len(match.pending), key)
    return match, match.pending


def calling(decision: Decision[Any], game: NormalForm, wording: Wording) -> dict[str, str]:
    """What the actions are called there."""
    _, words = as_told(decision, wording)
    return {action: words.shown(action) for actions in game.actions for action in actions}


def cells(most: int) -> st.SearchStrategy[MatrixGame]:
    """Bimatrices in which the seats have actions of different names, and such in which they have the same."""
    pairs = st.tuples(payoff_numbers, payoff_numbers)
    same = st.tuples(*(st.tuples(pairs, pairs),) * 2).map(lambda rows: MatrixGame(("x", "y"), ("x", "y"), rows))
    return st.one_of(bimatrices(most), same)


@given(st.data(), cells(3), st.sampled_from(sorted(WORDINGS)), keys)
@settings(max_examples=120, deadline=None)
def test_every_telling_tells_the_game_that_is_paid(
    data: st.DataObject, game: MatrixGame, wording_name: str, key: int
) -> None:
    wording, told = WORDINGS[wording_name], data.draw(presentations(game))
    checked(told, wording)
    match, pending = decisions(told, key)
    for seat, decision in enumerate(pending):
        called = calling(decision, game, wording)
        certify(game, seat, called, sections(decision, wording).rules)
    check_answers(match, pending, game, wording)


def check_answers(match: Match, pending: tuple[Decision[Any], ...], game: MatrixGame, wording: Wording) -> None:
    """Every option shown, written as it is shown, is read as the action that is paid as the text says."""
    tables = [table_told(sections(decision, wording).rules) for decision in pending]
    form = Form(reasoning=False)
    shown = [answer_shape(decision, wording, form_at(decision, wording, form)).schema()["enum"] for decision in pending]
    for own, other in itertools.product(*shown):
        read = tuple(
            read_answer(json.dumps({"answer": name}), decision, wording, form)
            for name, decision in zip((own, other), pending, strict=True)
        )
        assert game.payoffs(read) == tables[0][own, other] == tables[1][other, own][::-1]
    assert match.pending == pending


@pytest.mark.parametrize("name", WORDINGS)
@pytest.mark.parametrize(("factor", "level"), [(f, level) for f in FACTORS for level in (*FACTORS[f], "random")])
def test_every_level_of_every_factor_tells_the_game(name: str, factor: str, level: str) -> None:
    game, wording = BattleOfTheSexes(preferred=21, other=-7.25, apart=-101), WORDINGS[name]
    told = presented(game, **{factor: level})  # type: ignore[arg-type]
    checked(told, wording)
    _, pending = decisions(told, 5)
    for seat, decision in enumerate(pending):
        certify(game, seat, calling(decision, game, wording), sections(decision, wording).rules)


# What else holds of every telling


@given(st.data(), dilemmas(), st.sampled_from(sorted(WORDINGS)), keys)
@settings(max_examples=60, deadline=None)
def test_both_seats_of_a_symmetric_game_are_asked_in_the_same_words(
    data: st.DataObject, game: PrisonersDilemma, wording_name: str, key: int
) -> None:
    wording = WORDINGS[wording_name]
    _, (first, second) = decisions(data.draw(presentations(game)), key)
    one, other = sections(first, wording), sections(second, wording)
    assert (one.rules, one.question) == (other.rules, other.question)
    form = Form("lottery", structured=True)
    assert prompt(first, wording, form).schema == prompt(second, wording, form).schema


@given(st.data(), cells(2), st.sampled_from(sorted(WORDINGS)), keys)
@settings(max_examples=60, deadline=None)
def test_what_is_asked_and_what_is_read_agree_in_every_form(
    data: st.DataObject, game: MatrixGame, wording_name: str, key: int
) -> None:
    wording = WORDINGS[wording_name]
    _, pending = decisions(data.draw(presentations(game)), key)
    for decision in pending:
        for form in (Form(), Form("lottery"), Form("token", reasoning=False), Form(structured=True)):
            text = prompt(decision, wording, form).user
            for option in decision.options:
                label = calling(decision, game, wording)[option]
                assert label in text
                answer = read_answer(spelled(option, decision, wording, form), decision, wording, form)
                assert option in (answer, *getattr(answer, "options", ()))
                if form.answer == "lottery" and isinstance(answer, Lottery):
                    assert dict(answer.chances())[option] == 1


@pytest.mark.parametrize("name", WORDINGS)
def test_what_one_seat_is_told_of_a_game_the_other_is_told_of_its_twin(name: str) -> None:
    """All 144 ordinal games, each told in a way of its own: every seat reads the game that is scored."""
    for key, game in enumerate(ordinal_games()):
        drawn = dict.fromkeys(FACTORS, "random")
        (first, second), (twin_first, twin_second) = (
            [sections(decision, WORDINGS[name]).rules for decision in decisions(presented(one, **drawn), key)[1]]  # type: ignore[arg-type]
            for one in (game, game.twin)
        )
        assert (first, second) == (twin_second, twin_first)
        assert (first == second) == (game == game.twin)


# The test of the test


def swapped_for_seat_two(game: MatrixGame) -> MatrixGame:
    """The game that the published script told its second player: both cells off the diagonal exchanged."""
    (a, b), (c, d) = game.cells
    return replace(game, cells=((a, c), (b, d)))


ORDINAL = MatrixGame(("x", "y"), ("x", "y"), (((4, 3), (2, 4)), ((3, 1), (1, 2))))


@pytest.mark.parametrize("numbers", FACTORS["numbers"])
def test_a_telling_with_the_cells_off_the_diagonal_exchanged_does_not_pass(numbers: str) -> None:
    _, (_, told_right) = decisions(presented(ORDINAL, "random", numbers=numbers), 3)  # type: ignore[arg-type]
    _, (_, told_wrong) = decisions(presented(swapped_for_seat_two(ORDINAL), "random", numbers=numbers), 3)  # type: ignore[arg-type]
    wording = WORDINGS["plain"]
    called = calling(told_right, ORDINAL, wording)
    certify(ORDINAL, 1, called, sections(told_right, wording).rules)
    with pytest.raises(AssertionError):
        certify(ORDINAL, 1, called, sections(told_wrong, wording).rules)
    with pytest.raises(AssertionError):
        assert theory(table_told(sections(told_wrong, wording).rules)) == theory_of(ORDINAL, 1, called)


def test_labels_that_change_places_do_not_pass() -> None:
    _, (decision, _) = decisions(presented(ORDINAL, ("J", "F")), 1)
    rules = sections(decision, WORDINGS["plain"]).rules
    certify(ORDINAL, 0, {"x": "J", "y": "F"}, rules)
    with pytest.raises(AssertionError):
        certify(ORDINAL, 0, {"x": "F", "y": "J"}, rules)


def test_a_sentence_that_is_missing_does_not_pass() -> None:
    _, (decision, _) = decisions(presented(ORDINAL), 1)
    lines = sections(decision, WORDINGS["plain"]).rules.split("\n")
    with pytest.raises(AssertionError):
        certify(ORDINAL, 0, {"x": "x", "y": "y"}, "\n".join(lines[:-1]))


def told_alone(**fields: Any) -> Iterator[str]:
    _, pending = decisions(presented(BattleOfTheSexes(), **fields), 2)
    yield from (render(decision) for decision in pending)


def test_a_presentation_of_nothing_tells_the_game_as_it_is() -> None:
    _, plain = decisions(BattleOfTheSexes(), 2)
    assert list(told_alone()) == [render(decision) for decision in plain]
    assert Presentation() == presented(BattleOfTheSexes()).rules[0]


def test_a_presentation_stands_once() -> None:
    with pytest.raises(BadStack, match="stands only once"):
        presented(presented(ORDINAL))
