"""Does a run say what the rules say? Every match is played again from its choices, and every draw is drawn again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from comity.core.chance import Address
from comity.core.decision import NATURE, Decision
from comity.core.errors import Diverged
from comity.core.match import Match, replaying
from comity.core.space import Drawable, Lottery
from comity.records.record import Record
from comity.records.spec import MatchSpec
from comity.records.store import RunFile


@dataclass(frozen=True)
class Divergence:
    """Where a record stops following from the rules: in which match, at which step of it, and how."""

    match: MatchSpec
    step: int
    reason: str

    def __str__(self) -> str:
        cell = self.match.cell
        return (
            f"match {self.match.index} ({cell.game_label} under {cell.mechanism_label}, "
            f"{self.match.who}), step {self.step}: {self.reason}"
        )


def check(file: RunFile) -> Iterator[Divergence]:
    """The first divergence of each match that has one, in the order of the matches.

    Payoffs are compared to the last bit. In a run that was played from a plan, what chance and the stated lotteries
    gave is compared too: it follows from the seed.
    """
    seed = file.header.seed if file.header.origin == "plan" else None
    for record in file.records():
        try:
            _follow(record, seed)
        except Diverged as error:
            yield Divergence(record.match, error.step, error.reason)


def _follow(record: Record, seed: int | None) -> None:
    """Play the record again. Raises `Diverged`."""
    for step, match in enumerate(replaying(record.match.cell.built, record.choices)):
        if seed is not None and step < len(record.choices):
            _compare_draws(record, match, step, record.match.key(seed))
    record.agreeing(match)


def _compare_draws(record: Record, match: Match, step: int, key: int) -> None:
    for slot, (decision, choice) in enumerate(zip(match.pending, record.choices[step], strict=True)):
        chances = _drawn_from(record, decision, (step, slot))
        if chances is None:
            continue
        drawn = chances.draw(Address(key, step, slot))
        if (type(drawn), drawn) != (type(choice), choice):
            raise Diverged(step, f"by the seed the draw {decision.kind!r} is {drawn!r}, the record says {choice!r}")


def _drawn_from(record: Record, decision: Decision[Any], place: tuple[int, int]) -> Drawable[Any] | None:
    if decision.player == NATURE:
        assert isinstance(decision.options, Drawable)
        return decision.options
    lottery: Lottery[Any] | None = record.lotteries.get(place)
    return lottery
