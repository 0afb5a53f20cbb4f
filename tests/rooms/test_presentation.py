"""A presentation changes nothing but how a game is told, what it draws is kept, and what it cannot vary it refuses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given

from comity.core.chance import stream_key
from comity.core.decision import NATURE, Decision
from comity.core.errors import BadParameter, BadStack, ComityError
from comity.core.flow import Game
from comity.core.match import Match, play, replay
from comity.core.named import layers
from comity.core.space import OneOf, from_json, to_json
from comity.exact.strategic_form import StrategicForm
from comity.games.matrix import BattleOfTheSexes, MatrixGame, PrisonersDilemma
from comity.games.sequential import SequentialTrustGame
from comity.games.symmetric import PublicGoods, SymmetricGame
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.presentation import (
    FACTORS,
    LETTERS,
    Presentation,
    Presented,
    needs_presentation_last,
    presented,
)
from comity.mechanisms.repetition import Repeated
from comity.mechanisms.rescaling import Rescaled
from comity.mechanisms.talk import CheapTalk
from comity.runs.crossed import obstacle
from comity.runs.dry import lengths
from comity.runs.plan import Plan, PlanError, parsed_plan
from comity.strategies.plain import plain_repetition
from comity.words.forms import Form, prompt, spelled
from comity.words.parse import Unreadable, read_reply
from comity.words.presentation import as_told
from comity.words.reading import read_answer
from comity.words.render import checked, render, render_rules
from comity.words.wording import BadWording
from comity.words.wordings import PLAIN, STANDARD, standard, wording_from
from tests.generators import Script, every_entry, games, keys, played

DILEMMA = PrisonersDilemma()
DRAWN: dict[str, Any] = dict.fromkeys(FACTORS, "random")


def first_seen(game: Game, key: int) -> Decision[Any]:
    _, put = played(game, Script(key), key)
    return next(decision for step in put for decision in step if decision.player != NATURE)


def told(game: Game, key: int) -> Presentation:
    found = first_seen(game, key).fact(Presentation)
    assert found is not None
    return found


# It changes nothing


@given(games(), keys)
def test_what_is_played_and_paid_is_that_of_the_base(base: Game, key: int) -> None:
    numbered = isinstance(base, TravellersDilemma)
    game = presented(base, **{**DRAWN, "labels": "own" if numbered else "random"})
    match, put = played(game, Script(key), key)
    draws = sum(step[0].player == NATURE for step in put)
    without = Match(base)
    for choices in match.choices[draws:]:
        without.answer(choices)
    assert match.outcome == without.outcome
    for shown, plain in zip(put[draws:], played(base, Script(key), key)[1], strict=False):
        for decision, bare in zip(shown, plain, strict=True):
            assert (decision.player, decision.kind, decision.options) == (bare.player, bare.kind, bare.options)
            assert isinstance(decision.sees[0], Presentation)


def test_replay_gives_the_levels_again() -> None:
    game = presented(Repeated(DILEMMA, rounds=2), **DRAWN)
    match = play(game, lambda decision: "defect", 8)
    written = json.loads(json.dumps([to_json(choices) for choices in match.choices]))
    assert replay(game, map(from_json, written)).outcome == match.outcome
    assert {told(game, key) for key in (8, 8)} == {told(game, 8)}


# What is drawn


def test_every_factor_that_is_random_is_one_draw_of_its_name() -> None:
    _, put = played(presented(BattleOfTheSexes(), **DRAWN), Script(1), 1)
    drawn = [decision.kind for [decision, *_] in put if decision.player == NATURE]
    assert drawn == ["labels", "labels", *list(FACTORS)[1:]]


def test_nothing_is_drawn_where_every_level_is_given() -> None:
    _, put = played(presented(BattleOfTheSexes(), rules="by_other", story="project"), Script(1), 1)
    assert len(put) == 1


@pytest.mark.parametrize("factor", [factor for factor in FACTORS if factor not in ("labels", "rules")])
def test_each_level_is_drawn_as_often_as_any_other(factor: str) -> None:
    game = presented(DILEMMA, **cast(Any, {factor: "random"}))
    counts = Counter(getattr(told(game, stream_key("level", n)), factor) for n in range(600))
    assert counts.keys() == set(FACTORS[factor])
    expected = 600 / len(counts)
    assert all(abs(count - expected) < 5 * expected**0.5 for count in counts.values())


def test_labels_are_letters_drawn_without_replacement_and_one_for_each_name() -> None:
    firsts = Counter[str]()
    for number in range(2_400):
        labels = dict(told(presented(DILEMMA, "random"), stream_key("labels", number)).labels)
        assert list(labels) == ["cooperate", "defect"]
        assert len(set(labels.values())) == 2
        firsts[labels["cooperate"]] += 1
    assert firsts.keys() == set(LETTERS)
    assert all(abs(count - 100) < 50 for count in firsts.values())


def test_all_orders_of_sentences_are_drawn() -> None:
    game = presented(DILEMMA, rules="random")
    orders = Counter(told(game, stream_key("order", number)).order for number in range(2_400))
    assert len(orders) == 24
    assert all(abs(count - 100) < 50 for count in orders.values())


def test_what_comes_before_the_draw_is_the_first_level() -> None:
    known = presented(DILEMMA, **DRAWN).rules[0]
    assert known == Presentation(
        (("cooperate", "A"), ("defect", "B")), rules="random", language="plain", order=(0, 1, 2, 3)
    )


# What is refused

IMPOSSIBLE: list[tuple[Callable[[], object], str]] = [
    (lambda: presented(DILEMMA, options=cast(Any, "shuffled")), "options must be 'given', 'reversed' or 'random', not"),
    (lambda: presented(DILEMMA, question=cast(Any, 3)), "question must be 'given', 'reversed' or 'random', not 3"),
    (
        lambda: presented(DILEMMA, rules=cast(Any, "given")),
        "rules must be 'by_own', 'by_other' or 'random', not 'given'",
    ),
    (lambda: presented(DILEMMA, numbers=cast(Any, "roman")), "numbers must be 'figures', 'words' or 'random'"),
    (lambda: presented(DILEMMA, unit=""), "unit must be the name of one, such as 'points', not ''"),
    (lambda: presented(DILEMMA, "J"), """labels must be "own", "random" or a list of labels, not 'J'"""),
    (lambda: presented(DILEMMA, ("J",)), "labels has 1 labels, and there are 2 actions: cooperate, defect"),
    (
        lambda: presented(MatrixGame(("a", "b"), ("c", "a"), (((0, 0),) * 2,) * 2), ("J", "F")),
        "labels has 2 labels, and there are 3 actions: a, b, c",
    ),
    (lambda: Presentation(order=(0, 1)), "order must be a permutation"),
    (lambda: Presentation(rules="random", order=(1, 2)), "order must be a permutation"),
    (lambda: Presentation(options="random"), "options must be 'given' or 'reversed', not 'random'"),
]


@pytest.mark.parametrize(("build", "sentence"), IMPOSSIBLE)
def test_an_impossible_level_is_refused(build: Callable[[], object], sentence: str) -> None:
    with pytest.raises(BadParameter) as refusal:
        build()
    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)


UNFIT: list[tuple[Callable[[], object], str]] = [
    (lambda: presented(TravellersDilemma(), "random"), "the actions of TravellersDilemma are numbers"),
    (
        lambda: presented(StrategicForm(SequentialTrustGame()), "random"),
        "labels name the actions of SequentialTrustGame",
    ),
    (lambda: presented(presented(DILEMMA)), "a game is told in one way"),
    (
        lambda: presented(SymmetricGame(2, tuple(f"a{n}" for n in range(25)), ((0,) * 25,) * 25), "random"),
        "there are 24 letters to draw labels from, and 25 actions",
    ),
    (lambda: presented(PublicGoods(10), rules="random"), 'rules = "random" draws an order of payoff sentences, and'),
    (lambda: needs_presentation_last(Repeated(presented(DILEMMA))), "presentation tells the whole game, Repeated"),
]


@pytest.mark.parametrize(("build", "sentence"), UNFIT)
def test_what_a_game_does_not_have_is_not_varied(build: Callable[[], object], sentence: str) -> None:
    with pytest.raises(BadStack) as refusal:
        build()
    assert str(refusal.value).startswith(sentence)


SHELLS = """
[units]
shells = ["shell", "shells"]
[stories]
beach = "On a beach, {options} bring {units}."
[goals]
much = "Take {units}."
"""
UNTOLD: list[tuple[Callable[[], Game], str, str]] = [
    (
        lambda: presented(DILEMMA, story="beach"),
        "",
        "the wording 'mine' has no story 'beach': it has none, cooking, pro",
    ),
    (
        lambda: presented(DILEMMA, goal="much"),
        "",
        "the wording 'mine' has no goal 'much': it has none, own, joint, relat",
    ),
    (
        lambda: presented(DILEMMA, unit="shells"),
        "",
        "the wording 'mine' has no unit 'shells': it has points, dollars, ",
    ),
    (
        lambda: presented(DILEMMA, unit="shells", language="random"),
        SHELLS,
        "the wording 'plain' has no unit 'shells': it has points,",
    ),
    (lambda: presented(DILEMMA, language="latin"), "", "there is no wording 'latin': those that come with comity are"),
    (
        lambda: presented(DILEMMA, ("J", "a, b")),
        "",
        "presentation: the label of defect is 'a, b', and it must be a name",
    ),
    (lambda: presented(DILEMMA, ("J", "j")), "", "the wording 'mine' calls both 'cooperate' and 'defect'"),
    (
        lambda: presented(Mediated(DILEMMA), "random"),
        '[labels]\ndelegate = "q"',
        "the wording 'mine' calls 'delegate' 'q', and labels that are drawn may call an action so",
    ),
    (
        lambda: presented(PrisonersDilemma(sucker=1 / 3), numbers="random"),
        "",
        'numbers = "words" says amounts below a million with up to four decimals, and 0.333333333333 is none',
    ),
    (
        lambda: presented(PublicGoods(), rules="by_other"),
        "",
        "rules = 'by_other' puts payoff sentences in order, and Pub",
    ),
    (
        lambda: presented(TravellersDilemma(), rules="random"),
        "",
        "rules = 'random' puts payoff sentences in order, and Tr",
    ),
    (lambda: Repeated(presented(DILEMMA)), "", "presentation tells the whole game, Repeated included: put it last"),
]


@pytest.mark.parametrize(("build", "text", "sentence"), UNTOLD)
def test_a_wording_that_cannot_tell_it_is_found_before_the_first_match(
    build: Callable[[], Game], text: str, sentence: str
) -> None:
    with pytest.raises(ComityError) as refusal:
        checked(build(), wording_from(text, "mine.toml"))
    assert str(refusal.value).startswith(sentence)
    assert isinstance(refusal.value, BadWording | BadStack)


def test_a_wording_of_your_own_may_have_more_levels() -> None:
    game = presented(DILEMMA, ("J", "F"), unit="shells", story="beach", goal="much")
    mine = wording_from(SHELLS, "mine.toml")
    checked(game, mine)
    assert render_rules(game, 0, mine).split("\n")[1:3] == ["On a beach, J and F bring shells.", "Take shells."]
    assert "you get 3 shells" in render_rules(game, 0, mine)


def test_rescaled_public_goods_have_sentences_to_put_in_order() -> None:
    checked(presented(Rescaled(PublicGoods(2, 1.5)), rules="by_other"), PLAIN)


# What else a level does


def test_delegating_is_asked_for_in_the_order_of_the_question() -> None:
    match = Match(presented(Mediated(DILEMMA), question="reversed", labels=("J", "F")))
    match.answer((("cooperate", "defect"),) * 2)
    match.answer(((True, True),) * 2)
    match.answer((0,))
    decision, wording = as_told(match.pending[0], PLAIN)
    assert list(wording.named(decision.options)) == ["delegate", "F", "J"]
    assert list(match.pending[0].options) == ["cooperate", "defect", "delegate"]


def test_a_person_types_what_it_is_shown() -> None:
    decision = first_seen(presented(DILEMMA, ("J", "F"), question="reversed"), 1)
    shown, wording = as_told(decision, PLAIN)
    assert [read_reply(typed, shown.options, wording) for typed in ("J", "f", "1", "2")] == [
        "cooperate",
        "defect",
        "defect",
        "cooperate",
    ]
    with pytest.raises(Unreadable, match="answer with one of F, J"):
        read_reply("cooperate", shown.options, wording)
    assert read_reply("ja", first_sign().options, standard("german")) is True


def first_sign() -> Decision[Any]:
    match = Match(Mediated(DILEMMA))
    match.answer((("cooperate", "defect"),) * 2)
    [decision, _] = match.pending
    return Decision(0, "sign", decision.options.spaces[0])  # type: ignore[attr-defined]


ENTRIES = {name: game for name, game in every_entry().items() if not isinstance(game, Presented)}


@pytest.mark.slow
@pytest.mark.parametrize("name", STANDARD)
@pytest.mark.parametrize("base", ENTRIES.values(), ids=ENTRIES.keys())
def test_every_game_is_asked_and_answered_in_every_way(base: Game, name: str) -> None:
    numbered = any(isinstance(layer, TravellersDilemma | StrategicForm) for layer in layers(base))
    formula = any(isinstance(layer, TravellersDilemma | PublicGoods) for layer in layers(base))
    game = presented(
        base,
        **cast(Any, DRAWN | {"labels": "own" if numbered else "random", "rules": "by_own" if formula else "random"}),
    )
    checked(game, standard(name))
    for key in (1, 2):
        _, put = played(game, Script(key), key)
        for decision in [one for step in put for one in step if one.player != NATURE][-4:]:
            for form in (Form(), Form("lottery", structured=True), Form("token", reasoning=False)):
                text = prompt(decision, standard(name), form).user
                assert render(decision, standard(name))
                if isinstance(decision.options, OneOf):
                    for option in decision.options:
                        said = spelled(option, decision, standard(name), form)
                        read = read_answer(said, decision, standard(name), form)
                        assert read == option or dict(read.chances())[option] == 1
                        _, words = as_told(decision, standard(name))
                        assert words.answering(decision).shown(option) in text


# What else there is to do with a game


def test_dry_plays_count_what_is_asked_and_not_what_is_drawn() -> None:
    counted = lengths(presented(Repeated(DILEMMA, rounds=5), **DRAWN), 3)
    assert counted.fixed
    assert dict(counted.decisions) == {(0, "act"): 5, (1, "act"): 5}


def test_arrays_leave_it_to_the_flow() -> None:
    assert plain_repetition(Repeated(DILEMMA)) is not None
    assert plain_repetition(presented(Repeated(DILEMMA))) is None


def test_few_levels_can_be_crossed_and_many_are_said_to_be_too_many() -> None:
    assert obstacle(presented(DILEMMA, options="random", unit="random"), 5) is None
    assert obstacle(presented(DILEMMA, **DRAWN), 5) == "a match can go on in more than 100,000 ways"


PLAN = """
name = "p"
seed = 1
games = ["prisoners_dilemma"]
mechanisms = [{{stack = [{stack}]}}]
agents = [{agents}]
"""
MODEL = '{name = "model", model = "test:a"}'


def plan_of(stack: str, agents: str = MODEL) -> Plan:
    return parsed_plan(PLAN.format(stack=stack, agents=agents))


def test_a_plan_names_its_fields() -> None:
    [cell] = plan_of(
        '"repetition", {name = "presentation", labels = ["J", "F"], rules = "by_other", goal = "own"}'
    ).cells
    game = cell.built
    assert isinstance(game, Presented)
    assert (game.labels, game.sentences, game.goal) == (("J", "F"), "by_other", "own")


@pytest.mark.parametrize(
    ("stack", "agents", "sentence"),
    [
        ('{name = "presentation", rules = "by_row"}', MODEL, "rules: must be 'by_own', 'by_other' or 'random', not"),
        ('{name = "presentation", labels = ["J"]}', MODEL, "labels has 1 labels, and there are 2 actions"),
        ('"presentation", "repetition"', '"tit_for_tat"', "presentation tells the whole game, so it must be the last"),
        ('{name = "presentation", story = "beach"}', MODEL, "the wording 'plain' has no story 'beach'"),
    ],
)
def test_a_plan_with_a_mistake_is_refused(stack: str, agents: str, sentence: str) -> None:
    with pytest.raises(PlanError, match="line") as refusal:
        plan_of(stack, agents)
    assert sentence in str(refusal.value)


def test_talk_is_told_and_said_as_it_is() -> None:
    match = Match(presented(CheapTalk(DILEMMA, messages=("cooperate", "J")), ("J", "F")))
    decision, wording = as_told(match.pending[0], PLAIN)
    assert list(wording.answering(decision).named(decision.options)) == ["cooperate", "J"]
