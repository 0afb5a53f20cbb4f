"""Everything that can go wrong in play, in two families.

ComityError
├── PlayerError          theirs: a player chose what it may not choose, or had no answer
│   ├── IllegalChoice
│   └── NoAnswer
└── RuleError            ours: a rule, a record or a question is wrong
    ├── BadParameter     a game or mechanism was asked for with impossible fields
    ├── BadStack         a mechanism cannot stand on that game
    ├── NotNamed         the names of roles and actions were asked of a game that has none
    ├── NotEnumerable    an exact answer was asked of something without a finite list, or with too long a one
    ├── NotSolvable      an equilibrium was asked of a game that the stated method does not solve
    └── Diverged         a record does not follow from the rules

The command line turns `BadParameter` and `BadStack` into exit code 2; none of these is ever turned into a move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comity.core.decision import Decision


class ComityError(Exception):
    """Whatever this package raises on purpose."""


class PlayerError(ComityError):
    """A player did what the rules do not allow, or did nothing; `cause` is the class of the reason in one word."""

    cause: str = "none"


class IllegalChoice(PlayerError):
    """A choice that is not among the options of its decision."""

    cause = "illegal"

    def __init__(self, decision: Decision[Any], choice: object) -> None:
        self.decision = decision
        self.choice = choice
        who = f"player {decision.player + 1}" if decision.player >= 0 else "chance"
        super().__init__(
            f"{who} chose {choice!r} at a decision of kind {decision.kind!r}, which allows {decision.options}"
        )


class NoAnswer(PlayerError):
    """A player has no answer to a decision."""

    def __init__(self, reason: str, cause: str = "none") -> None:
        super().__init__(reason)
        self.cause = cause


class RuleError(ComityError):
    """A rule, a record or a question to the rules is wrong."""


class BadParameter(RuleError, ValueError):
    """A game or mechanism was asked for with a field it cannot have."""


class BadStack(RuleError, ValueError):
    """A mechanism was put on a game it cannot stand on."""


class NotNamed(RuleError, AttributeError):
    """The names of roles and actions were asked of a game that has none."""


class NotEnumerable(RuleError):
    """A finite list was asked of something that has none, or one that is longer than was allowed."""


class NotSolvable(RuleError):
    """An equilibrium was asked of a game that the stated method does not solve."""


class Diverged(RuleError):
    """A record does not follow from the rules it names."""

    def __init__(self, step: int, reason: str) -> None:
        self.step = step
        self.reason = reason
        super().__init__(f"at step {step}: {reason}")
