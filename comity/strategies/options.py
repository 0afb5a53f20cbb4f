"""Acting by the place of an option in the list, whatever it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from comity.core.decision import Decision
from comity.core.errors import BadParameter
from comity.core.flow import Game, StageGame
from comity.core.match import Decide
from comity.core.named import named_game
from comity.strategies.once import once
from comity.strategies.seen import meaning_of


@dataclass(frozen=True)
class SameOption:
    """Takes one option by its place in the list of the game's actions, from 1 on, in every round.

    A game of several steps has no such list: there the action that cooperates is the first option, and the one that
    defects the second. Raises `BadParameter` where a seat has fewer options.
    """

    option: int = 1

    def __post_init__(self) -> None:
        if self.option < 1:
            raise BadParameter(f"option must be 1 or more, the place of an option in the list; not {self.option}")

    def begin(self, game: Game, player: int) -> Decide:
        listed = options_of(game)

        def decide(decision: Decision[Any]) -> str:
            seat = decision.seat % len(listed)
            if self.option > len(listed[seat]):
                raise BadParameter(f"there is no option {self.option} in seat {seat + 1}: it has {len(listed[seat])}")
            return listed[seat][self.option - 1]

        return decide


@once
def options_of(game: Game) -> tuple[tuple[str, ...], ...]:
    """For each seat of the named game its actions in their order; of a game of several steps those with a meaning."""
    named = named_game(game)
    if isinstance(named, StageGame):
        return named.actions
    meaning = meaning_of(game)
    return tuple(zip(meaning.cooperative, meaning.defective, strict=True))
