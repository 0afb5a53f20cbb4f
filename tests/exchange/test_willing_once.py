"""What the system would do for willing agents, they do themselves: worlds that differ in that alone are played once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comity.games.exchange.conditions import Automation, Side
from comity.games.exchange.game import Exchange
from comity.metrics.helpfulness import _felt, _tasks
from comity.strategies.exchanging import Exchanging

SMALL = Exchange(agents=5, rounds=6, pieces=30)


@pytest.mark.parametrize("sides", [("request",), ("submit",), ("request", "submit"), ("request", "share")])
@pytest.mark.parametrize("copies", [1, 2])
def test_sides_that_willing_agents_do_not_feel_change_no_task(sides: tuple[Side, ...], copies: int) -> None:
    for world in range(3):
        game = replace(SMALL, world=world, copies=copies, automation=Automation(sides))
        left = replace(game, automation=Automation(_felt(game)))
        assert left != game
        for p in (0.0, 0.4, 1.0):
            assert _tasks(game, Exchanging(answers=p)) == _tasks(left, Exchanging(answers=p))


def test_elsewhere_every_side_is_felt() -> None:
    automated = replace(SMALL, automation=Automation(("request", "share")))
    assert _felt(automated) == ("share",)
    assert _felt(replace(automated, schedule="sequential")) == ("request", "share")
    assert _felt(replace(automated, delay="next_round")) == ("request", "share")
