"""An exchange in words: everything that is seen is told, what is hidden is not, and what others write stays theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import islice
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from comity.core.decision import Decision
from comity.games.exchange.conditions import Automated, Automation, Bonus, Framed, Instruction, Rules
from comity.games.exchange.game import Exchange
from comity.games.exchange.state import Message, Request, Result, Task
from comity.games.exchange.turns import KINDS, Turn
from comity.games.exchange.views import Digest, Receipt, Sight, Visibility
from comity.words import actions
from comity.words.exchange import _ranges
from comity.words.forms import Form, prompt
from comity.words.parse import Unreadable, read_reply
from comity.words.render import render, sections
from comity.words.wording import Frame
from comity.words.wordings import PLAIN, STANDARD, standard, wording_from
from tests.exchange.players import PERFECT, Anything
from tests.words.attempts import ATTEMPTS

COMPAT: dict[str, Any] = {"schedule": "sequential", "stale": True, "unsolicited": True, "falsifiable": True}
SMALL: dict[str, Any] = {"agents": 4, "rounds": 3, "pieces": 12, "per_task": 2}
SWITCHES = [switch.name for switch in fields(Visibility)]


def seen(game: Exchange, seed: int | None = None) -> Iterator[Decision[Any]]:
    """The decisions of a play by cooperators, or by players who do anything."""
    seats = [
        (PERFECT if seed is None else Anything(seed + player)).begin(game, player) for player in range(game.agents)
    ]
    play: Any = game.play()
    choices: Any = None
    while True:
        try:
            decisions = play.send(choices)
        except StopIteration:
            return
        yield from decisions
        choices = tuple(seats[decision.player](decision) for decision in decisions)


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("rules", [{}, COMPAT], ids=["clean", "compat"])
def test_each_switch_changes_its_own_section_and_nothing_else(switch: str, rules: dict[str, Any]) -> None:
    for seed in (None, 3):
        base = Exchange(**SMALL, **rules)
        with_it, without = (replace(base, visibility=replace(Visibility(), **{switch: on})) for on in (True, False))
        heads = set()
        for one, other in zip(seen(with_it, seed), seen(without, seed), strict=True):
            shown, hidden = render(one).split("\n"), render(other).split("\n")
            first = next(place for place, line in enumerate(shown) if line != hidden[place])
            assert shown[:first] + shown[first + len(shown) - len(hidden) :] == hidden
            taken = shown[first : first + len(shown) - len(hidden)]
            heads.add(taken[0].split(":")[0])
            assert all(line.startswith("  ") for line in taken[1:])
        assert len(heads) == 1, "a section has a heading of its own"


RICH = Sight(
    round=4,
    phase="turn",
    agent=1,
    tasks=(Task(7, (1, 5)), Task(11, (2, 9))),
    pieces=(1, 2, 3, 8),
    codes=(10, 20, 30, 80),
    directory=((1, 2, 3, 8), (4, 5), (6,), ()),
    requests=(Request(2, 1, 3, 4, 9), Request(3, 1, 8, 2, 4)),
    asked=(Request(1, 2, 5, 4, 9), Request(1, 3, 6, 2, 4)),
    messages=(Message(2, 1, "hello", 3), Message(3, 0, "to all", 4)),
    results=(Result(("request", 5, 2), None), Result(("share", (1,), 3, (10,)), "not_asked_for")),
    did=((2, (Result(("request", 6, 3), None),)), (3, (Result(("submit", 3), "pieces_missing"),))),
    scores=(1.0, 2.0, 0.5, 0.0),
    ranks=(2, 1, 3, 4),
    completions=((2, 1), (1, 2), (2, 2)),
    exchanges=((2, 3, 2), (2, 3, 2), (4, 1, 3)),
    receipts=(Receipt(4, 8, 3),),
)
UNTOLD = {Sight: {"phase", "agent"}, Digest: {"phase", "agent"}, Request: {"at", "by", "to"}}
"""What the question says, whom the text is for, and the clock; who asks whom is told by the other of the two."""


def changes(value: Any) -> Iterator[Any]:
    """The value with one thing in it changed."""
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
        case str():
            yield f"{value}x"
        case tuple() if hasattr(value, "_fields"):
            record: Any = value
            kept = {"to"} if value in RICH.requests else {"by"} if isinstance(value, Request) else set()
            names = set(value._fields) - {"at", "refused", "action"} - kept
            yield from (
                record._replace(**{name: new}) for name in sorted(names) for new in changes(getattr(value, name))
            )
        case tuple():
            for place, part in enumerate(value):
                yield from ((*value[:place], new, *value[place + 1 :]) for new in changes(part))


def rich(**changed: Any) -> Sight:
    """The sight above with some fields otherwise."""
    return replace(RICH, **changed)


def told(fact: Any, **wording: Any) -> str:
    return "\n".join(Frame(PLAIN, reader=0).lines(fact))


@pytest.mark.parametrize("name", sorted({part.name for part in fields(Sight)} - UNTOLD[Sight] - {"codes", "pieces"}))
def test_everything_that_is_seen_is_told(name: str) -> None:
    value = getattr(RICH, name)
    if name == "round":  # the question says it, and which requests are older
        assert told(RICH) != told(rich(round=5))
        return
    others = list(changes(value)) if name != "directory" else [(value[0], *rest) for rest in changes(value[1:])]
    others.append(value[:-1])
    order = sorted if name == "completions" else tuple  # who was quicker in a round is not told
    texts = [told(rich(**{name: other})) for other in (value, *others)]
    assert others
    assert len(set(texts)) == len({repr(order(other)) for other in (value, *others)})


def test_what_is_held_is_told_with_its_codes_where_codes_matter() -> None:
    assert "You hold, each piece with its code: 1:10, 2:20, 3:30, 8:80." in told(RICH)
    assert "You hold: 1-3, 8." in told(rich(codes=None))
    assert told(RICH) != told(rich(codes=(10, 20, 30, 81)))


@pytest.mark.parametrize("name", ["completions", "exchanges", "receipts", "did"])
def test_what_is_empty_differs_from_what_is_hidden(name: str) -> None:
    assert told(rich(**{name: ()})) != told(rich(**{name: None}))


DIGEST = Digest(4, "turn", 1, (7,), ((5, (2, 3), (2,)), (6, (4,), ())), (Request(2, 1, 3, 4, 9),), (30,))


def test_a_digest_is_told_whole() -> None:
    others = [
        replace(DIGEST, complete=()),
        replace(DIGEST, complete=(7, 8)),
        replace(DIGEST, needed=DIGEST.needed[:1]),
        replace(DIGEST, needed=((5, (2,), (2,)), DIGEST.needed[1])),
        replace(DIGEST, needed=((5, (2, 3), ()), DIGEST.needed[1])),
        replace(DIGEST, owed=()),
        replace(DIGEST, owed=(Request(2, 1, 4, 4, 9),)),
        replace(DIGEST, owed=(Request(2, 1, 3, 3, 9),)),
        replace(DIGEST, codes=(31,)),
    ]
    assert len({told(DIGEST), *map(told, others)}) == 1 + len(others)


def test_every_rule_is_told() -> None:
    rule = Exchange().rule
    changed: dict[str, Any] = {
        "agents": 11, "rounds": 21, "pieces": 101, "per_task": 5, "open_tasks": 3, "pay": 2.0, "copies": 2,
        "schedule": "sequential", "delay": "next_round", "stale": True, "unsolicited": True, "falsifiable": True,
        "bonus": Bonus(0.1),
    }  # fmt: skip
    assert set(changed) == {part.name for part in fields(Rules)}
    others = [replace(rule, **{name: value}) for name, value in changed.items()]
    others += [replace(rule, bonus=Bonus(0.1, asked=False)), replace(rule, bonus=Bonus(0.1, counted=False))]
    assert len({told(rule), *map(told, others)}) == 1 + len(others)
    aims = ("neutral", "policy", "competitive", "saboteur", "Be quick.")
    assert len({told(Instruction(aim)) for aim in aims}) == len(aims)
    assert told(Framed("business")) != told(Framed("score_board"))
    assert told(Automated(("request",))) != told(Automated(("request",), "first"))
    assert told(Automated(("share",))) == told(Automated(("share",), "first"))


@pytest.mark.parametrize("asked", [True, False])
def test_a_bonus_for_some_is_not_told_as_one_for_all(asked: bool) -> None:
    rule = Exchange().rule
    to_all, to_some = (told(replace(rule, bonus=Bonus(0.1, asked, agents=agents))) for agents in ((), (2,)))
    assert "Whoever sends" in to_all
    assert "Whoever sends" not in to_some
    assert "you are paid 0.1 points" in to_some


def test_whoever_is_told_an_aim_is_told_no_other() -> None:
    decision = next(iter(seen(Exchange(**SMALL), 1)))
    text = "\n".join(sections(decision, standard("neutral")))
    assert "Aim at as high a total of all players" in text
    assert "your own total payoff" not in text
    assert "You are player 1." in text


def test_nobody_is_told_whether_a_code_is_true() -> None:
    honest = Exchange(**SMALL, **COMPAT)
    for decision in seen(honest, 5):
        sight: Any = decision.sees[-1]
        assert not any(hasattr(receipt, "true") for receipt in sight.receipts or ())


numbers = st.lists(st.integers(1, 30), unique=True, max_size=20)


@given(numbers)
def test_ranges_lose_nothing(found: list[int]) -> None:
    back: list[int] = []
    for part in filter(None, _ranges(found).split(", ")):
        first, _, last = part.partition("-")
        back += range(int(first), int(last or first) + 1)
    assert back == found


one_action = st.one_of(
    st.tuples(st.just("request"), st.integers(1, 3), st.integers(0, 3)),
    st.tuples(st.just("share"), st.lists(st.integers(1, 3), min_size=1, max_size=2).map(tuple), st.integers(1, 3)),
    st.tuples(st.just("submit"), st.integers(1, 3)),
    st.tuples(st.just("message"), st.integers(1, 3), st.sampled_from(["a", 'a"; tell all "b'])),
    st.tuples(st.just("broadcast"), st.sampled_from(["a", "b"])),
)
several = st.lists(st.builds(Result, one_action, st.sampled_from([None, None, "not_held"])), max_size=4).map(tuple)


ASKED, REFUSED = (Result(("request", 2, 1), refused) for refused in (None, "not_held"))


@settings(max_examples=300)
@example((ASKED, ASKED, ASKED, REFUSED), (ASKED, ASKED, REFUSED, REFUSED))
@given(several, several)
def test_actions_that_are_told_at_once_stay_apart(one: tuple[Result, ...], other: tuple[Result, ...]) -> None:
    for name, value in (("results", lambda found: found), ("did", lambda found: ((1, found),))):
        texts = {told(rich(**{name: value(found)})) for found in (one, other)}
        assert len(texts) == len({one, other})


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_what_others_write_stays_on_its_line_between_quotation_marks(attempt: str) -> None:
    plain = told(rich(messages=(Message(2, 1, "hello", 3),))).split("\n")
    other = told(rich(messages=(Message(2, 1, attempt, 3),))).split("\n")
    assert len(plain) == len(other)
    [place] = [place for place, pair in enumerate(zip(plain, other, strict=True)) if pair[0] != pair[1]]
    assert other[place].startswith('  round 3, player 2 to you: "')
    assert other[place].endswith('"')
    assert other[place].isprintable()


@pytest.mark.parametrize("name", STANDARD)
def test_every_wording_has_words_for_every_exchange(name: str) -> None:
    wording = standard(name)
    for game in (Exchange(**SMALL), Exchange(**SMALL, **COMPAT, visibility=Visibility(ranks=True))):
        for automation in (Automation(), Automation(("perceive",)), Automation(("request", "submit"))):
            for decision in islice(seen(replace(game, automation=automation), 2), 40):
                assert render(decision, wording)


def test_names_of_a_users_own_keep_the_numbers_that_answers_use() -> None:
    wording = wording_from('players = ["Ann", "Bo", "Cy", "Di"]', "named.toml")
    text = "\n".join(Frame(wording, reader=0).lines(RICH))
    assert "Bo (2) asks for 3" in text
    assert "player 2" not in text


@pytest.mark.slow
@pytest.mark.parametrize(("memory", "most"), [("all", 12_500), (3, 6_000)])
def test_prompts_of_a_long_exchange_stay_short(memory: Any, most: int) -> None:
    """Ten agents, twenty rounds, a hundred pieces: the longest prompt in characters."""
    lengths = [len(prompt(decision, PLAIN, Form()).user) for decision in seen(Exchange(memory=memory))]
    assert len(lengths) == 600
    assert max(lengths) < most
    assert max(lengths[:10]) < 2_100


def test_what_stands_through_a_match_stands_first() -> None:
    texts = {sections(decision).rules for decision in seen(Exchange(**SMALL))}
    assert len(texts) == 1


TURN = Turn(KINDS)


@pytest.mark.parametrize(
    ("typed", "turn"),
    [
        ("", ()),
        ("  ", ()),
        ("request 4 from 2", (("request", 4, 2),)),
        ("Request 4 from all", (("request", 4, 0),)),
        ("share 3 5 with 2; submit 7", (("share", (3, 5), 2), ("submit", 7))),
        ("message 2 please send 4 from 3", (("message", 2, "please send 4 from 3"),)),
        ("broadcast  hello   there", (("broadcast", "hello there"),)),
    ],
)
def test_a_person_types_a_turn(typed: str, turn: Any) -> None:
    assert read_reply(typed, TURN) == turn


@pytest.mark.parametrize(
    "typed",
    ["4 from 2", "request 4", "request four from 2", "share with 2", "submit", ";", "submit 7;", "give 4 to 2", "[]"],
)
def test_what_is_typed_otherwise_is_no_turn(typed: str) -> None:
    with pytest.raises(Unreadable, match="request PIECE from AGENT"):
        read_reply(typed, TURN)


def test_codes_are_typed_with_their_pieces() -> None:
    space = Turn(("share",), codes=True)
    assert read_reply("share 3:700 5:12 with 2", space) == (("share", (3, 5), 2, (700, 12)),)
    with pytest.raises(Unreadable, match="PIECE:CODE"):
        read_reply("share 3 5 with 2", space)


def test_an_unknown_number_is_legal_and_refused_by_the_rules() -> None:
    turn = actions.read([{"do": "request", "piece": 999, "to": 77}], TURN)
    game = Exchange(**SMALL)
    play = game.play()
    asked = next(play)
    after = play.send((turn, *[()] * (len(asked) - 1)))
    sight: Any = after[0].sees[-1]
    assert sight.results == (Result(("request", 999, 77), "no_such_agent"),)
    assert "ask player 77 for 999: refused, there is no such player" in render(after[0])
