"""The battery that every strategy and every rule passes, over every catalogue game under every mechanism."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from comity.core.decision import NATURE
from comity.core.flow import Game
from comity.core.match import Match, receive, replay
from comity.core.space import from_json, to_json
from comity.strategies.catalogue import RULES, STRATEGIES, composed
from comity.strategies.strategy import Strategy
from tests.generators import every_entry, every_exchange
from tests.strategies.seats import match_of, seated

pytestmark = pytest.mark.slow

WITH_LOTTERIES: dict[str, dict[str, Any]] = {
    "memory_one": {"first": 0.5, "both": 0.75, "sucker": 0.25, "tempted": 0.5, "neither": 0.5},
    "level_k": {"k": 0, "anchor": "uniform"},
    "noisy": {"of": "rational", "p": 0.25},
    "conditional_contributor": {"first": 0.5},
}


@cache
def games() -> dict[str, Game]:
    return every_entry()


@cache
def exchanges() -> dict[str, Game]:
    return every_exchange()


EXCHANGERS = frozenset({STRATEGIES["exchanger"]})
"""The strategies that play exchanges and nothing else."""


def strategies() -> list[Any]:
    named = [pytest.param(make, {}, id=name) for name, make in STRATEGIES.items()]
    return named + [pytest.param(STRATEGIES[name], p, id=f"{name}, mixing") for name, p in WITH_LOTTERIES.items()]


@pytest.mark.parametrize(("make", "parameters"), strategies())
def test_every_strategy_plays_every_game(make: Callable[..., Strategy], parameters: dict[str, Any]) -> None:
    """Its choices are legal (a match refuses others), follow from the address, and replay to the same outcome."""
    strategy = make(**parameters)
    assert strategy == make(**parameters)
    assert hash(strategy) == hash(make(**parameters))
    for name, game in (exchanges() if make in EXCHANGERS else games()).items():
        match = match_of(game, strategy, key=3)
        again = match_of(game, strategy, key=3)
        assert (again.choices, again.lotteries) == (match.choices, match.lotteries), name
        written = [from_json(to_json(choices)) for choices in match.choices]
        assert replay(game, written).outcome == match.outcome, name


def one_step(match: Match, decide: Callable[[Any], Any], key: int) -> None:
    if match.pending:
        receive(match, [None if d.player == NATURE else decide(d) for d in match.pending], key)


@pytest.mark.parametrize(("make", "parameters"), strategies())
def test_matches_played_side_by_side_do_not_touch(make: Callable[..., Strategy], parameters: dict[str, Any]) -> None:
    """One strategy object sits in two matches at once, and plays both as if the other were not there."""
    if make in EXCHANGERS:
        pytest.skip("plays exchanges only")
    strategy = make(**parameters)
    other = STRATEGIES["random"](p=0.5)
    for name in ("repetition of prisoners_dilemma", "reputation of public_goods", "mediation of stag_hunt"):
        game = games()[name]
        alone = [match_of(game, strategy, other, key=key).choices for key in (1, 2)]
        matches, deciders = [Match(game), Match(game)], [seated(game, (strategy, other)) for _ in range(2)]
        while any(match.pending for match in matches):
            for match, decide, key in zip(matches, deciders, (1, 2), strict=True):
                one_step(match, decide, key)
        assert [match.choices for match in matches] == alone


@pytest.mark.parametrize(("kind", "rule"), [(kind, rule) for kind, rules in RULES.items() for rule in rules])
def test_every_rule_plays_wherever_it_is_asked(kind: str, rule: str) -> None:
    acting = "rational" if rule == "as_act" else "win_stay_lose_shift"
    strategy = composed(act=acting, **{kind: rule})
    asked = 0
    for name, game in games().items():
        match = match_of(game, strategy, STRATEGIES["random"](), key=5)
        assert replay(game, match.choices).outcome == match.outcome, name
        asked += sum(kind in ("delegate", d.kind) for d in Match(game).pending)
    assert asked or kind in ("approve", "sign", "sanction")


def test_every_rule_has_a_name_for_each_kind_of_decision() -> None:
    kinds = {"propose", "approve", "sign", "speak", "sanction", "predict", "delegate"}
    assert set(RULES) == kinds
    assert set(inspect.signature(composed).parameters) == {"act", *kinds}


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_entry_says_what_it_is_and_what_its_fields_are(name: str) -> None:
    entry = STRATEGIES[name]
    sentence = (inspect.getdoc(entry) or "").split("\n\n")[0]
    assert sentence.endswith(".")
    assert all(p.default is not inspect.Parameter.empty for p in inspect.signature(entry).parameters.values())
