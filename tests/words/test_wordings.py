"""A wording is data: every wording says every fact, and a file that could not is refused in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import permutations
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings

from comity.core.decision import NATURE, Decision, Seats
from comity.core.flow import Game
from comity.core.match import Match
from comity.core.outcome import Outcome
from comity.core.space import YES_NO, Each, Integer, OneOf, Ordering
from comity.exact.strategic_form import StrategicForm
from comity.games.catalogue import GAMES
from comity.games.exchange.conditions import SIDES, STORIES, Automation, Bonus
from comity.games.exchange.game import Exchange
from comity.games.exchange.state import Reason, Result
from comity.games.exchange.views import Visibility
from comity.games.matrix import MatrixGame, PrisonersDilemma, StagHunt
from comity.games.sequential import SequentialTrustGame
from comity.games.symmetric import PublicGoods
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.contracting import Contracted, Signatures
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.neighbourhood import Look, Met, Surroundings
from comity.mechanisms.network import PerEdge
from comity.mechanisms.noise import Noise
from comity.mechanisms.presentation import FACTORS, Presentation, presented
from comity.mechanisms.repetition import Repeated
from comity.mechanisms.talk import CheapTalk
from comity.runs.wordings import beside, wording_called
from comity.words.forms import Form, again, prompt
from comity.words.presentation import told_by
from comity.words.reading import Unread, read_answer
from comity.words.render import checked, render, render_rules
from comity.words.wording import BadWording, Frame, NoWords, Wording
from comity.words.wordings import PLAIN, STANDARD, installed, placeholders, standard, wording_from
from tests.generators import Script, every_entry, keys, played, stacks
from tests.words.replies import FORMS
from tests.words.seen import VARIED, changed, decisions_of
from tests.words.test_exchange import RICH, seen

DILEMMA = PrisonersDilemma()
TERSE = standard("terse")
COLOURS = wording_from(
    """
    unit = ["coin", "coins"]
    players = ["Ann", "Bo", "Cy"]
    [labels]
    cooperate = "blue"
    defect = "green"
    contribute = "pool"
    free_ride = "hold"
    delegate = "hand over"
    """,
    "colours.toml",
)
WORDINGS = {**{name: standard(name) for name in STANDARD}, "colours": COLOURS}
in_every_wording = pytest.mark.parametrize("wording", WORDINGS.values(), ids=WORDINGS.keys())
ENTRIES = every_entry()


def test_only_names_that_change_are_told() -> None:
    for players in permutations(range(4), 2):
        for reader in players:
            first, *more = Frame(PLAIN, reader=reader).lines(Seats(players))
            [other] = set(players) - {reader}
            assert first == f"You now play with player {other + 1}."
            told = dict(re.findall(r"(player \d) means (?:the one called )?(you|player \d)", " ".join(more)))
            assert told == {
                f"player {seat + 1}": "you" if player == reader else f"player {player + 1}"
                for seat, player in enumerate(players)
                if seat != player
            }
            assert bool(more) == bool(told)


def test_the_neutral_wording_names_every_action_of_the_games_that_come_with_comity() -> None:
    neutral = standard("neutral")
    named = {name: entry for name, entry in GAMES.items() if name not in ("matrix", "symmetric", *_EXCHANGES)}
    for name, entry in named.items():
        game: Any = entry()
        for actions in getattr(game, "at_once", game).actions:
            tokens = ["2", "3", "4", "5"] if name == "travellers_dilemma" else ["A0", "A1"]
            assert list(map(neutral.shown, actions)) == tokens


# Every wording says everything


@pytest.mark.slow
@in_every_wording
@pytest.mark.parametrize("game", ENTRIES.values(), ids=ENTRIES.keys())
def test_decisions_that_differ_read_differently_and_equal_ones_alike(game: Game, wording: Wording) -> None:
    checked(game, wording)
    read: dict[str, Decision[Any]] = {}
    for decision in decisions_of(game):
        assert read.setdefault(render(decision, wording), decision) == decision
    assert len(read) == len(set(read.values()))


@pytest.mark.slow
@pytest.mark.parametrize("game", VARIED.values(), ids=VARIED.keys())
def test_changing_anything_in_what_is_seen_changes_the_terse_text_too(game: Game) -> None:
    tried = 0
    for decision in {decision.kind: decision for decision in decisions_of(game)}.values():
        text = render(decision, TERSE)
        for sees in changed(decision.sees):
            try:
                other = render(replace(decision, sees=sees), TERSE)
            except (IndexError, ValueError, NoWords):  # no such player, no such rule
                continue
            tried += 1
            assert other != text, sees
    assert tried


@dataclass(frozen=True)
class Overheard(Mapping[str, str]):
    """Templates that note which of them were filled, and with what."""

    templates: Mapping[str, str]
    filled: dict[str, set[str]] = field(default_factory=dict)

    def __getitem__(self, key: str) -> str:
        self.filled.setdefault(key, set())
        return _Noting(self.templates[key], self.filled[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self.templates)

    def __len__(self) -> int:
        return len(self.templates)


class _Noting(str):
    """A template that notes what it is filled with."""

    names: set[str]

    def __new__(cls, text: str, names: set[str]) -> _Noting:
        noting = super().__new__(cls, text)
        noting.names = names
        return noting

    def format_map(self, values: Any, /) -> str:
        self.names |= set(values)
        return super().format_map(values)


def test_every_template_is_asked_for_and_offers_just_what_it_is_given() -> None:
    templates = Overheard(PLAIN.templates)
    wording = replace(PLAIN, templates=templates)
    for game in (*VARIED.values(), *_SELDOM):
        for player in range(game.n_players):
            render_rules(game, player, wording)
        for decision in decisions_of(game):
            render(decision, wording)
            checked(game, wording)
    for decision in of_exchanges():
        render(decision, wording)
    for space in (
        Integer(1),
        Integer(None, 1),
        Ordering(3),
        Each(("a",), (YES_NO,)),
        Each(("a", "b"), (YES_NO, Integer())),
    ):
        wording.allowed(space)
    frame = Frame(wording, reader=2, shared=True, agents={0: "grim"})
    frame.parties(3).everybody_alike()
    frame.name(0)
    unanswered = Surroundings(1, 1, (Look(0, None, 0.0, (Met(0, None, 0.0),)),))
    nobody = Outcome((0.0, 1.0), (None, "cooperate"))
    for fact in (Noise(), Signatures((True, True)), Outcome(()), unanswered, nobody):
        wording.lines(fact, frame)
    wording.lines(TravellersDilemma(), Frame(wording))
    render(Decision(0, "propose", OneOf((1, 2))), wording)
    ask_in_every_form(wording)
    tell_every_level(wording)
    named = replace(wording, players=COLOURS.players)
    named.lines(RICH, Frame(named, reader=0))
    assert set(PLAIN.templates) == set(templates.filled)
    assert {key: placeholders(PLAIN.templates[key]) for key in templates.filled} == templates.filled


def ask_in_every_form(wording: Wording) -> None:
    """Fill the templates around answers."""
    seven = OneOf(tuple("abcdefg"))
    for form in FORMS.values():
        for space in (seven, YES_NO, Ordering(2)):
            decision: Decision[Any] = Decision(0, "act", space)
            prompt(decision, wording, form)
            with pytest.raises(Unread) as failure:
                read_answer("Hm.", decision, wording, form)
            again("Hm.", failure.value, form)
    prompt(decisions_of(VARIED["observation"])[0], wording, Form())


def tell_every_level(wording: Wording) -> None:
    """Fill the templates of presentations, with some numbers that need every word for numbers."""
    told = told_by(Presentation(numbers="words"), wording)
    for number in (*range(21), *range(20, 100, 10), 21, 101, 1100, -2, 0.5):
        told.points(number)
    told_by(Presentation(numbers="words"), standard("german")).points(-1)
    for factor in ("story", "goal"):
        for level in FACTORS[factor][1:]:
            game = presented(DILEMMA, **{factor: level})  # type: ignore[arg-type]
            render_rules(game, 0, wording)


_EXCHANGES = ("exchange", "exchange_compat")
"""The games whose actions are turns, which have no names."""


def of_exchanges() -> Iterator[Decision[Any]]:
    """Decisions of exchanges under all kinds of rules, with every reason for which an action can be refused."""
    for game in of_all_kinds():
        yield from seen(game)
    [first, *_] = seen(Exchange(agents=4))
    for reason in get_args(Reason):
        sight = replace(RICH, results=(Result(("submit", 1), reason),))
        yield replace(first, sees=(*first.sees[:-1], sight))
    talk = tuple(Result(action, None) for action in (("message", 2, "a"), ("broadcast", "b"), ("request", 1, 0)))
    yield replace(first, sees=(*first.sees[:-1], replace(RICH, results=talk)))


def of_all_kinds() -> Iterator[Exchange]:
    small: dict[str, Any] = {"agents": 4, "rounds": 3, "pieces": 12, "per_task": 2, "copies": 2}
    for aim in ("neutral", "policy", "competitive", "saboteur"):
        yield Exchange(**small, instructions=(aim,), visibility=Visibility(ranks=True))
    yield Exchange(**small, schedule="sequential", stale=True, unsolicited=True, falsifiable=True)
    yield Exchange(**small, schedule="simultaneous", delay="next_round", bonus=Bonus(0.1, counted=False))
    yield Exchange(**small, bonus=Bonus(0.1, asked=False), stories=STORIES)
    for asked in (True, False):
        yield Exchange(**small, bonus=Bonus(0.1, asked, agents=(1,)))
    yield Exchange(**small, automation=Automation(("request",), asks="first"))
    for side in SIDES:
        yield Exchange(**small, falsifiable=True, automation=Automation((side,)))


_SELDOM: list[Game] = [
    Repeated(DILEMMA, rounds=2, memory=1, horizon="hidden"),
    Repeated(DILEMMA, rounds=2, memory=0, horizon="announced"),
    replace(VARIED["repeated per edge"], base=replace(VARIED["repeated per edge"].base, pay="sum")),  # type: ignore[type-var,attr-defined]
    CheapTalk(DILEMMA),
    CheapTalk(PerEdge(SequentialTrustGame(), players=3)),
    Repeated(StrategicForm(SequentialTrustGame()), rounds=1),
    Contracted(DILEMMA, 0, 2),
]


@given(stacks(), keys)
@settings(max_examples=25)
def test_terse_loses_nothing_in_any_stack(game: Game, key: int) -> None:
    read: dict[str, Decision[Any]] = {}
    for decision in decisions_of(game, key):
        assert read.setdefault(render(decision, TERSE), decision) == decision


# Labels, the unit and the players


NAMES = re.compile(r"\b(cooperate|defect|contribute|free_ride|delegate|points?|player \d(?! coin))\b")


@pytest.mark.parametrize(
    "game",
    [
        Rotated(Repeated(Mediated(DILEMMA), rounds=2), population=4, rounds=2),
        Repeated(Contracted(PublicGoods()), rounds=2),
        VARIED["repeated sanctioned contracted"],
        VARIED["repeated misperceived trembling"],
    ],
    ids=["mediation", "contracting", "sanctions", "noise"],
)
def test_what_has_a_label_is_never_called_otherwise(game: Game) -> None:
    for decision in decisions_of(game):
        found = NAMES.findall(render(decision, COLOURS))
        assert all(name.startswith("player ") and int(name[7:]) > 3 for name in found), found


def test_an_option_is_read_back_by_its_label() -> None:
    match = Match(Mediated(DILEMMA))
    [propose, _] = match.pending
    match.answer((("cooperate", "defect"),) * 2)
    match.answer(((True, True),) * 2)
    match.answer((0,))
    [act, _] = match.pending
    wording = COLOURS.answering(act)
    assert wording.named(act.options) == {"blue": "cooperate", "green": "defect", "hand over": "delegate"}
    assert wording.named(YES_NO) == {"yes": True, "no": False}
    assert isinstance(propose.options, Each)
    assert wording.parts(propose.options.names) == {
        "1 choosing hand over": "1 delegating",
        "2 choosing hand over": "2 delegating",
    }
    assert wording.parts(("player 1", "player 4", "defect")) == {
        "Ann": "player 1",
        "player 4": "player 4",
        "green": "defect",
    }


@pytest.mark.slow
@in_every_wording
@pytest.mark.parametrize("game", VARIED.values(), ids=VARIED.keys())
def test_every_option_and_every_part_can_be_read_back(game: Game, wording: Wording) -> None:
    for decision in decisions_of(game):
        naming = wording.answering(decision)
        match decision.options:
            case OneOf(options):
                assert [naming.named(options)[naming.shown(option)] for option in options] == list(options)
            case Each(names):
                assert [naming.parts(names)[naming.part(name)] for name in names] == list(names)


def labelled(**labels: str) -> Wording:
    lines = (f'{option} = "{label}"' for option, label in labels.items())
    return wording_from("[labels]\n" + "\n".join(lines), "mine.toml")


def test_labels_may_swap_names() -> None:
    swapped = labelled(cooperate="defect", defect="cooperate")
    checked(DILEMMA, swapped)
    assert "If you choose defect and player 2 chooses defect: you get 2 points" in render_rules(DILEMMA, 0, swapped)


@pytest.mark.parametrize(
    ("game", "labels"),
    [
        (DILEMMA, {"cooperate": "blue", "defect": "blue"}),
        (DILEMMA, {"cooperate": "defect"}),
        (DILEMMA, {"cooperate": "blue", "defect": "Blue"}),
        (DILEMMA, {"cooperate": "A", "defect": "\uff21"}),
        (Mediated(DILEMMA), {"delegate": "defect"}),
        (SequentialTrustGame(), {"give": "keep"}),
        (StrategicForm(SequentialTrustGame()), {"give": "keep"}),
        (Contracted(MatrixGame(("a", "b"), ("c", "d"), (((0, 0),) * 2,) * 2)), {"a": "x", "c": "x"}),
    ],
    ids=["both", "another's", "case", "width", "delegate", "in turn", "plans", "across seats in a contract"],
)
def test_two_options_of_one_decision_cannot_share_a_label(game: Game, labels: dict[str, str]) -> None:
    with pytest.raises(BadWording, match=r"'mine' calls both .+; options of one decision need different labels"):
        checked(game, labelled(**labels))


def test_options_of_different_decisions_may_share_a_label() -> None:
    same = labelled(cooperate="A", defect="B", stag="A", hare="B")
    checked(DILEMMA, same)
    checked(StagHunt(), same)


def test_a_collision_that_the_rules_do_not_show_is_refused_at_the_decision() -> None:
    decision = Decision(0, "act", OneOf(("a", "b")))
    with pytest.raises(BadWording, match="calls both 'a' and 'b' 'b'"):
        render(decision, labelled(a="b"))


def test_what_is_said_is_shown_as_it_was_said() -> None:
    match = Match(CheapTalk(DILEMMA, messages=("cooperate", "blue")))
    [speak, _] = match.pending
    assert render(speak, COLOURS).endswith("Answer with one of cooperate, blue.")
    match.answer(("cooperate", "blue"))
    text = render(match.pending[0], COLOURS)
    assert 'from you: "cooperate"' in text
    assert 'from Bo: "blue"' in text
    assert text.endswith("Answer with one of blue, green.")


def test_what_fills_a_template_is_never_read_as_one() -> None:
    match = Match(CheapTalk(MatrixGame(("{who}", "b"), ("{0.__class__}", "d"), (((0, 0),) * 2,) * 2)))
    match.answer(("{player} {", "}{number!r}"))
    text = render(match.pending[0])
    assert 'from you: "{player} {"' in text
    assert 'from player 2: "}{number!r}"' in text
    assert "If you choose {who} and player 2 chooses {0.__class__}: " in text


def test_the_unit_has_a_form_for_one_and_a_form_for_several() -> None:
    text = render_rules(DILEMMA, 0, COLOURS)
    assert "you get 1 coin and Bo gets 1 coin." in text
    assert "you get 0 coins and Bo gets 3 coins." in text


# A wording is a value


def test_the_digest_is_that_of_the_content() -> None:
    again = wording_from('[labels]\ndefect = "green"\ncooperate = "blue"', "one.toml")
    other = wording_from('[labels]\ncooperate = "blue"\ndefect = "green"', "two.toml")
    assert again.digest == other.digest
    assert hash(again) == hash(other)
    assert wording_from("", "plain.toml") == PLAIN
    different = [PLAIN, TERSE, COLOURS, again, wording_from('unit = ["coin", "coins"]', "c.toml"), labelled(a="b")]
    assert len({wording.digest for wording in different}) == len(different)
    assert re.fullmatch("[0-9a-f]{64}", PLAIN.digest)


def test_every_standard_wording_is_there_by_its_name() -> None:
    assert [standard(name).name for name in STANDARD] == list(STANDARD)
    with pytest.raises(BadWording, match="there is no wording 'posh': those that come with comity are plain, terse"):
        standard("posh")


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution that adds two wordings: one is a text, the other is given by a function."""
    about = tmp_path / "latin-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: latin\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[comity.wordings]\nlatin = latin_words:TEXT\nbad = latin_words:bad\n")
    (tmp_path / "latin_words.py").write_text(
        "TEXT = '[questions]\\nact = \"Quid agis?\"'\ndef bad():\n    return '[gmaes]'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    installed.cache_clear()
    yield
    installed.cache_clear()
    standard.cache_clear()


def test_a_plugin_adds_wordings_by_name(plugin: None) -> None:
    assert standard("latin").name == "latin"
    assert render(Match(DILEMMA).pending[0], standard("latin")).split("\n")[-2] == "Quid agis?"
    told = presented(DILEMMA, language="latin")
    assert render(Match(told).pending[0]).split("\n")[-2] == "Quid agis?"
    with pytest.raises(BadWording, match=r"there is no wording 'posh': .*, latin, bad"):
        standard("posh")
    with pytest.raises(BadWording, match="the wording 'bad' of a plugin has 'gmaes', which no wording has"):
        standard("bad")
    assert wording_called("latin", {"latin": beside(Path())("latin")}).templates["questions.act"] == "Quid agis?"


def test_a_plugin_takes_no_name_of_ours(plugin: None, tmp_path: Path) -> None:
    (tmp_path / "latin-1.0.dist-info" / "entry_points.txt").write_text("[comity.wordings]\nterse = latin_words:TEXT\n")
    with pytest.raises(BadWording, match="takes the name 'terse', which a wording has already"):
        standard("latin")


def test_german_says_everything_in_its_own_words() -> None:
    """Nothing is left in English but what is the same word in both languages."""
    german = standard("german")
    same = {key for key, template in german.templates.items() if template == PLAIN.templates[key]}
    of_exchanges = {f"exchange.{key}" for key in ("held_code", "holds", "numbered", "score", "rank", "completion")}
    alike = {"names.agent", "numbers.minus", "outcomes.all_played", "outcomes.all_paid", "outcomes.group"}
    assert same <= alike | of_exchanges  # they hold no word of their own
    assert german.units.keys() == PLAIN.units.keys()
    assert all(len(unit) == 3 for unit in german.units.values())


REFUSED = {
    "not toml": ("a = ", "mine.toml is not TOML: "),
    "unknown base": ('base = "posh"', "mine.toml: base is 'posh', and it must be one of plain, terse"),
    "base of a wrong type": ("base = 3", "mine.toml: base is 3, and it must be one of plain, terse"),
    "base is a list": ("base = []", "mine.toml: base is [], and it must be one of plain, terse"),
    "unknown table": ('[gmaes]\nrow = "x"', "mine.toml has 'gmaes', which no wording has: the keys are base, unit, "),
    "unknown key": ('[games]\nrwo = "x"', "mine.toml has 'games.rwo', which no wording has: the keys of games are "),
    "no table": ("games = 3", "mine.toml: games is 3, and it must be a table of templates"),
    "no text": ("[games]\nrow = 3", "mine.toml: games.row is 3, and it must be text"),
    "empty": ('[games]\nrow = " "', "mine.toml: games.row is ' ', and it must be text"),
    "nested": ("[games.row]\na = 3", "mine.toml: games.row is {'a': 3}, and it must be text"),
    "hidden": (
        '[questions]\nact = "a\\u202eb"',
        "mine.toml: questions.act is 'a\\u202eb', and it must be text without",
    ),
    "unknown placeholder": (
        '[games]\nrow = "{choices} {payoffs} {secret}"',
        "mine.toml: games.row has {choices}, {payoffs}, {secret}, and it must have {choices}, {payoffs}",
    ),
    "missing placeholder": (
        '[games]\nrow = "{choices}"',
        "mine.toml: games.row has {choices}, and it must have {choices}, {payoffs}",
    ),
    "placeholder where there is none": (
        '[questions]\nact = "{x}?"',
        "mine.toml: questions.act has {x}, and it must have no placeholder",
    ),
    "attribute": ('[games]\nrow = "{choices.x} {payoffs}"', "text in which braces hold the name of a placeholder"),
    "item": ('[games]\nrow = "{choices[0]} {payoffs}"', "text in which braces hold the name of a placeholder"),
    "format": ('[games]\nrow = "{choices:>9} {payoffs}"', "text in which braces hold the name of a placeholder"),
    "nested format": ('[games]\nrow = "{choices:{payoffs}}"', "text in which braces hold the name of a placeholder"),
    "conversion": ('[games]\nrow = "{choices!r} {payoffs}"', "text in which braces hold the name of a placeholder"),
    "position": ('[games]\nrow = "{} {payoffs}"', "text in which braces hold the name of a placeholder"),
    "open brace": ('[games]\nrow = "{choices"', "text in which braces hold the name of a placeholder"),
    "opposites": (
        '[words]\nyes = "Maybe"\nno = "maybe"',
        "mine.toml: words.yes and words.no are both 'Maybe', and they must differ",
    ),
    "unit": ('unit = "coin"', "mine.toml: unit is 'coin', and it must be two names, of one and of several"),
    "unit of four": ('unit = ["a", "b", "c", "d"]', "mine.toml: unit is ['a', 'b', 'c', 'd'], and it must be two"),
    "units": ("units = 3", "mine.toml: units is 3, and it must be a table of units"),
    "one of the units": ("[units]\nshells = 3", "mine.toml: units.shells is 3, and it must be two names"),
    "a unit by a taken name": (
        '[units]\nrandom = ["a", "b"]',
        "mine.toml has 'units.random': a new name is one word, and none of none, random",
    ),
    "a goal by a taken name": ('[goals]\nnone = "{units}"', "mine.toml has 'goals.none': a new name is one word"),
    "a story of two words": ('[stories]\n"a b" = "{units} {options}"', "mine.toml has 'stories.a b': a new name is"),
    "a story without its options": (
        '[stories]\npicnic = "{units}"',
        "mine.toml: stories.picnic has {units}, and it must have {options}, {units}",
    ),
    "empty unit": ('unit = ["", "b"]', "mine.toml: unit is '', and it must be a name of 1 to 40 characters"),
    "players": ("players = 2", "mine.toml: players is 2, and it must be a list of names"),
    "players alike": ('players = ["A", "a"]', "mine.toml: players is ['A', 'a'], and it must be a list of names that"),
    "a player called you": ('players = ["You"]', "a list of names that differ from each other and from 'you'"),
    "a player of a wrong type": ("players = [1]", "mine.toml: players is 1, and it must be a name"),
    "labels": ("labels = 1", "mine.toml: labels is 1, and it must be a table"),
    "label": ("[labels]\na = 1", "mine.toml: labels.a is 1, and it must be a name of 1 to 40 characters"),
    "label with a comma": ('[labels]\na = "b, c"', "mine.toml: labels.a is 'b, c', and it must be a name"),
    "label with a break": ('[labels]\na = "b\\nc"', "mine.toml: labels.a is 'b\\nc', and it must be a name"),
    "label with space around": ('[labels]\na = " b"', "mine.toml: labels.a is ' b', and it must be a name"),
    "long label": (f'[labels]\na = "{"b" * 41}"', "and it must be a name of 1 to 40 characters"),
}


@pytest.mark.parametrize(("text", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_is_no_wording_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(BadWording, match=re.escape(sentence)) as refusal:
        wording_from(text, "mine.toml")
    assert str(refusal.value).startswith("mine.toml")
    assert str(refusal.value).isprintable()


def test_a_template_that_is_not_there_is_named() -> None:
    with pytest.raises(NoWords, match=r"the wording 'plain' has no template 'games\.nothing'"):
        PLAIN.say("games.nothing", who="you")


def test_what_chance_decides_is_asked_of_nobody() -> None:
    _, put = played(Repeated(Mediated(DILEMMA), rounds=2), Script(1), 1)
    drawn = [decision for step in put for decision in step if decision.player == NATURE]
    for decision in drawn:
        with pytest.raises(NoWords, match="no question of kind"):
            render(decision)


def test_the_reference_names_every_template_and_its_placeholders() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "wordings.md").read_text(encoding="utf-8")
    _, *sections = page.split("\n### `[")
    listed: dict[str, tuple[str, ...]] = {}
    for section in sections:
        table, rows = section.split("]`", 1)
        for key, names in re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", rows, re.MULTILINE):
            listed[f"{table}.{key}"] = tuple(re.findall(r"`(\w+)`", names))
    assert listed == {key: tuple(sorted(placeholders(template))) for key, template in PLAIN.templates.items()}
