"""The plain flow: decisions per second through `play`, on one core."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from benchmarks.measure import Check, timed
from comity.core.decision import Decision
from comity.core.flow import Game
from comity.core.match import Decide, Match, Reply, play
from comity.games.matrix import PrisonersDilemma
from comity.games.symmetric import PublicGoods
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.noise import Trembling
from comity.mechanisms.repetition import Repeated
from comity.strategies.finite_state import TIT_FOR_TAT, FiniteState

TARGET = 80_000
RUNS = 7


def main() -> None:
    print(f"\nplain flow, decisions per CPU second on one core (asked for: at least {TARGET:,})")
    repeated = Repeated(PrisonersDilemma(), rounds=200)
    row("prisoner's dilemma x 200, always defect", repeated, lambda: always_last, 20)
    row("prisoner's dilemma x 200, tit for tat", repeated, lambda: tit_for_tat(repeated), 20)
    trembling = Repeated(Trembling(PrisonersDilemma()), rounds=200)
    row("the same with execution noise, tit for tat", trembling, lambda: tit_for_tat(trembling), 10)
    row("public goods for 3 x 15, always defect", Repeated(PublicGoods()), lambda: always_last, 100)
    row("rotated prisoner's dilemma, 6 players, always defect", Rotated(PrisonersDilemma()), lambda: always_last, 50)
    mediated = Repeated(Mediated(PrisonersDilemma()), rounds=10)
    row("repeated mediated prisoner's dilemma, first option", mediated, lambda: always_first, 50)


def row(name: str, game: Game, decider: Callable[[], Decide], matches: int) -> None:
    check = Check("every match ends", play(game, decider()).outcome is not None)
    decisions = matches * sum(len(step) for step in play(game, decider()).choices)

    def work() -> list[Match]:
        return [play(game, decider(), key) for key in range(matches)]

    rates = [decisions / timed(work).cpu for _ in range(RUNS)]
    print(f"  {name:54} {median(rates):9,.0f}  (from {min(rates):,.0f} to {max(rates):,.0f}; checked: {check.what})")


def always_last(decision: Decision[Any]) -> Reply:
    *_, last = decision.options
    return last


def always_first(decision: Decision[Any]) -> Reply:
    return next(iter(decision.options))


def tit_for_tat(game: Game) -> Decide:
    return seated(FiniteState(TIT_FOR_TAT).begin(game, player) for player in range(game.n_players))


def seated(deciders: Iterable[Decide]) -> Decide:
    """Decides as each player's own decider does."""
    seats = tuple(deciders)
    return lambda decision: seats[decision.player](decision)


if __name__ == "__main__":
    main()
