"""What may stand on what, and the sentence that says why not."""

from __future__ import annotations

from itertools import product
from typing import Literal, TypeAlias

from comity.core.errors import BadParameter, BadStack
from comity.core.flow import Game, StageGame
from comity.core.named import NamedStage


def needs_stage_game(mechanism: str, base: object) -> None:
    """Raise `BadStack` unless base is a game of one simultaneous action."""
    if not isinstance(base, StageGame):
        raise BadStack(
            f"{mechanism} speaks about the one action each player takes at once, and {label(base)} has no such action: "
            f"put {mechanism} nearer to the base game, or take the strategic form first"
        )


def needs_common_actions(mechanism: str, base: StageGame) -> None:
    """Raise `BadStack` unless every seat of base has the same actions."""
    if len(set(base.actions)) > 1:
        raise BadStack(
            f"{mechanism} names one action for any player, but the seats of {label(base)} have different actions"
        )


def needs_interchangeable_seats(mechanism: str, base: object) -> None:
    """Raise `BadStack` unless base is a base game for two in which it does not matter who sits where."""
    if not isinstance(base, NamedStage):
        raise BadStack(f"{mechanism} stands on a base game; put it before the other mechanisms, not on {label(base)}")
    needs_common_actions(mechanism, base)
    needs_players(mechanism, base, 2)
    for mine, theirs in product(*base.actions):
        if base.payoffs((mine, theirs)) != base.payoffs((theirs, mine))[::-1]:
            raise BadStack(
                f"{mechanism} needs interchangeable seats, but the seats of {label(base)} are paid differently"
            )


def needs_players(mechanism: str, base: Game, n_players: int) -> None:
    """Raise `BadStack` unless base is for that many players."""
    if base.n_players != n_players:
        raise BadStack(f"{mechanism} needs a game for {n_players} players, but {label(base)} is for {base.n_players}")


def checked_seats(seats: tuple[int, ...], base: Game) -> None:
    """Raise `BadParameter` unless these are one or more different seats of base, counted from 1."""
    if not seats or len(set(seats)) < len(seats) or not all(1 <= seat <= base.n_players for seat in seats):
        raise BadParameter(
            f"seats must be one or more different ones of the seats 1 to {base.n_players}, not {list(seats)}"
        )


MOST_ROUNDS = 10_000
"""More rounds than this are refused: a match keeps all of them, and shows them again and again."""


def checked_rounds(rounds: int) -> None:
    """Raise `BadParameter` unless there is at least one round, and no more than `MOST_ROUNDS`."""
    if not 1 <= rounds <= MOST_ROUNDS:
        raise BadParameter(f"the number of rounds must be 1 to {MOST_ROUNDS:,}, not {rounds:,}")


def checked_share(name: str, share: float) -> None:
    """Raise `BadParameter` unless share is between 0 and 1."""
    if not 0 <= share <= 1:
        raise BadParameter(f"{name} must lie between 0 and 1, not {share:g}")


Memory: TypeAlias = int | Literal["all"]
"""How many past rounds are shown."""


def checked_memory(memory: Memory) -> None:
    """Raise `BadParameter` unless memory is a number of rounds that is not negative, or "all"."""
    if memory != "all" and (isinstance(memory, str) or memory < 0):
        raise BadParameter(f'memory must be 0 or more rounds, or "all", not {memory!r}')


def label(game: object) -> str:
    """The name of a game as a sentence says it."""
    return type(game).__name__
