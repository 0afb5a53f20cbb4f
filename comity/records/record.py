"""All that is needed to replay one match, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from comity.core.errors import Diverged
from comity.core.flow import Choices
from comity.core.match import Match, replay
from comity.core.space import Lottery
from comity.records.spec import MatchSpec

Status: TypeAlias = Literal["finished", "forfeited", "payoffs_only", "expected"]

RULES_VERSION = "1"
"""Raised whenever a change to games or mechanisms makes the choices of an older record mean something else."""


@dataclass(frozen=True)
class Failure:
    """Why a player had no answer: whose decision it was (step and slot within the match), of which kind, and why.

    kind: of the decision, such as "act" or "propose". cause: the class of the reason: "none", a script has no answer;
        "illegal", what was answered is not allowed; of a function "malformed" or "exception"; and of a language model
        "refusal", "truncated", "malformed", "filtered", "timeout" or "provider".
    """

    player: int
    step: int
    slot: int
    kind: str
    reason: str
    cause: str = "none"


@dataclass(frozen=True)
class Record:
    """One match as it was played.

    status: "finished"; "forfeited", a player could not answer and the match ended there, without payoffs; or
        "payoffs_only", an imported match whose source kept the payoffs and not all choices; or "expected", a match that
        was not played, because what its players earn on average is known exactly, and is recorded as the payoffs.
    choices: the answers, one tuple per step, as far as they go.
    lotteries: the answers among them that were drawn from a stated lottery, by (step, slot).
    payoffs: one number per player; empty when forfeited.
    misses: the answers that are missing although the match went on, because its rules allow that (the choice is then
        None), in the order of steps and slots. They are neither forfeits nor moves.
    """

    match: MatchSpec
    status: Status
    choices: tuple[Choices, ...] = ()
    lotteries: Mapping[tuple[int, int], Lottery[Any]] = field(default_factory=dict)
    payoffs: tuple[float, ...] = ()
    failure: Failure | None = None
    misses: tuple[Failure, ...] = ()

    def replayed(self) -> Match:
        """The match played again from its choices.

        Raises `Diverged` where the rules do not follow the record, or end in other payoffs.
        """
        return self.agreeing(replay(self.match.cell.built, self.choices))

    def agreeing(self, match: Match) -> Match:
        """The match that was played again from these choices. Raises `Diverged` unless it ends as the record says."""
        if self.status == "finished":
            if match.outcome is None:
                raise Diverged(len(self.choices), "the record ends before the match does")
            if match.outcome.payoffs != self.payoffs:
                raise Diverged(
                    len(self.choices), f"the rules pay {match.outcome.payoffs}, the record says {self.payoffs}"
                )
        return match
