"""What the source tells of an episode and of a person, in one form for both of its layouts.

An account is believed nowhere yet: `check` plays it again and says where it cannot be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]
Labels: TypeAlias = tuple[str, str]
Matrix: TypeAlias = tuple[tuple[Pair, Pair], tuple[Pair, Pair]]
"""matrix[i][j] pays (seat 1, seat 2) when they take their options i + 1 and j + 1."""

Responses: TypeAlias = Mapping[str, Mapping[str, Mapping[str, str]]]
"""What GPT-4 answers people: by game, by version (`VERSIONS`) and by the person's moves so far, such as "FJF"."""

LARGEST = 2**40
"""Payoffs and their sums are no larger: so many rounds as there may be of them are added up without error."""

VERSIONS = ("Base", "SCoT")
PEOPLE_ROUNDS = 10
PEOPLE_LABELS: Labels = ("J", "F")
"""The options as people saw them, in either game: J is the first, which cooperates or which seat 1 prefers."""


@dataclass(frozen=True)
class GameAccount:
    """One game: its name in tables, the family the source gives it, and what it paid.

    variant: which of several gradations of payoffs it is, such as "payoff 3"; else empty.
    """

    id: str
    family: str
    matrix: Matrix
    variant: str = ""

    def meaning(self, seat: int, option: int) -> str:
        """What the source calls an option (0 or 1) of a seat (0 or 1).

        In the prisoner's dilemma whether it cooperates, in the battle of the sexes whether it is the one that the seat
        itself prefers, elsewhere which of the two it is.
        """
        if self.id == "pd":
            return ("cooperate", "defect")[option]
        if not self.id.startswith("bos"):
            return f"option{option + 1}"
        here, there = self.matrix[option][option][seat], self.matrix[1 - option][1 - option][seat]
        if here == there:
            return "indifferent"
        return "preferred" if here > there else "other"

    def option(self, seat: int, paid: int, taken: int) -> int | None:
        """What the other took (0 or 1), if that seat took `taken` and was paid so; None where nothing explains it."""
        for other in (0, 1):
            i, j = (taken, other) if seat == 0 else (other, taken)
            if self.matrix[i][j][seat] == paid:
                return other
        return None


@dataclass(frozen=True)
class Telling:
    """How a game was told to its players.

    labels: the letters of the first and the second option. unit: what was paid. story: the cover story.
    end: the stated probability that the episode ends after a round; None where the number of rounds was told.
    """

    labels: Labels
    unit: str = "points"
    story: str = "plain game"
    end: float | None = None


@dataclass(frozen=True)
class Episode:
    """Rounds of one game between the same two players.

    where: the file (and line) it was read from. id: EXPERIMENT/NUMBER. rounds: how many there should be.
    models: whether each player is a language model. told: the number of each round, as written.
    answers: by round the letter that each seat chose. paid: by round what each seat is said to be paid.
    totals: by round what each seat is said to have been paid so far; empty where that is not told.
    flaws: where the source contradicts itself, in words.
    """

    where: str
    id: str
    game: GameAccount
    telling: Telling
    players: tuple[str, str]
    models: tuple[bool, bool]
    rounds: int
    told: tuple[int, ...]
    answers: tuple[Labels, ...]
    paid: tuple[Pair, ...]
    totals: tuple[Pair, ...] = ()
    flaws: tuple[str, ...] = ()

    @property
    def experiment(self) -> str:
        return self.id.rpartition("/")[0]

    @property
    def number(self) -> int:
        """Which episode of its experiment it is."""
        return int(self.id.rpartition("/")[2])


@dataclass(frozen=True)
class Person:
    """One game of one participant, who sits in seat 2, against GPT-4.

    order: whether it was the participant's first game (1) or the second (2). told: the number of each round.
    moves: the letters chosen, such as "JJFJFFFFFF". scores: what the participant was paid in each round.
    condition: which version of GPT-4 the source says was played against; see the note on it in `notes`.
    guess: what the participant took the other for. coordination: the source's column of that name.
    """

    where: str
    participant: int
    game: GameAccount
    order: int
    told: tuple[int, ...]
    moves: str
    scores: tuple[int, ...]
    condition: str
    guess: str
    coordination: tuple[int, ...]
    flaws: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all rounds are told, in their order."""
        return self.told == tuple(range(1, PEOPLE_ROUNDS + 1))

    @property
    def answered(self) -> tuple[str | None, ...]:
        """The letters GPT-4 must have chosen, for the participant to be paid so; None where no letter explains it."""
        found = (
            self.game.option(1, score, PEOPLE_LABELS.index(move))
            for move, score in zip(self.moves, self.scores, strict=True)
        )
        return tuple(None if option is None else PEOPLE_LABELS[option] for option in found)


@dataclass(frozen=True)
class Source:
    """All that was found at a place.

    layout: what its files are called as a whole. notes: what they lack, in words.
    """

    layout: str
    episodes: tuple[Episode, ...]
    people: tuple[Person, ...]
    responses: Responses
    notes: tuple[str, ...] = ()


def coordinated(game: str, score: int) -> int:
    """What the source's column `coordination` should hold, were it consistent.

    In the battle of the sexes whether both took the same; in the prisoner's dilemma whether both defected.
    """
    return int(score == 5) if game == "pd" else int(score > 0)
