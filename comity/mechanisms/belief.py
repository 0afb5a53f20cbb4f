"""What players are told of their partner beforehand, whether it is so or not (Akata et al. 2025)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from comity.core.decision import Fact
from comity.core.errors import BadParameter, BadStack
from comity.core.flow import Flow, Game, told
from comity.core.named import Named, named_game
from comity.core.outcome import Outcome
from comity.mechanisms.stacking import checked_seats, needs_players

About: TypeAlias = Literal["errs", "defects_once", "person_or_program"]


class Belief:
    """Something that one player is told of the other."""


@dataclass(frozen=True)
class Errs(Belief):
    """The other sometimes makes mistakes (after Fudenberg et al. 2012, as an instruction in Akata et al. 2025)."""


@dataclass(frozen=True)
class DefectsOnce(Belief):
    """The other will take the one action once, and the other one ever after."""

    once: str
    then: str


@dataclass(frozen=True)
class PersonOrProgram(Belief):
    """The other may be a person or a program."""


@dataclass(frozen=True)
class Informed:
    """base, in which the players in `seats` are told something about the other player, at every decision.

    What is told may be false: nothing here makes the partner err, defect or be a person. The stack of the cell says
    what was told and to whom, so the record keeps it. It is told in private; who is not told does not know of it.

    about: "errs": the other sometimes makes mistakes. "defects_once": the other will defect once and then cooperate,
        said with the names of these actions. "person_or_program": the other may be either.
    seats: who is told, counted from 1.

    Raises `BadStack` unless base is for two players, and for "defects_once" unless the game says which action of the
    other cooperates and which defects.
    """

    base: Game
    about: About = "errs"
    seats: tuple[int, ...] = (1, 2)

    def __post_init__(self) -> None:
        needs_players("belief", self.base, 2)
        checked_seats(self.seats, self.base)
        if self.about not in ("errs", "defects_once", "person_or_program"):
            raise BadParameter(f'about must be "errs", "defects_once" or "person_or_program", not {self.about!r}')
        assert self._beliefs  # looked up now, so that what cannot be told is refused before anything is played

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @property
    def rules(self) -> tuple[Fact, ...]:
        return self.base.rules

    def play(self) -> Flow[Outcome]:
        return told(self.base.play(), each=lambda player: self._beliefs.get(player, ()))

    @cached_property
    def _beliefs(self) -> dict[int, tuple[Fact, ...]]:
        return {seat - 1: (self._belief(2 - seat),) for seat in self.seats}

    def _belief(self, other: int) -> Belief:
        match self.about:
            case "errs":
                return Errs()
            case "defects_once":
                return _defecting_once(named_game(self.base), other)
            case "person_or_program":
                return PersonOrProgram()


def without_beliefs(game: Game) -> Game:
    """What is played under beliefs, which change nothing of it."""
    while isinstance(game, Informed):
        game = game.base
    return game


def _defecting_once(named: Named, seat: int) -> DefectsOnce:
    once, then = named.defective[seat], named.cooperative[seat]
    if once is None or then is None:
        raise BadStack(
            f"belief cannot say that player {seat + 1} defects once: {type(named).__name__} does not say which of its "
            "actions cooperates and which defects"
        )
    return DefectsOnce(once, then)
