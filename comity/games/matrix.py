"""Two-player games given by a matrix: the classic ones by name, and any other from a plan.

Each named game checks the inequalities that make it what it is called, so that a typing error in a plan is not
reported as a finding about a prisoner's dilemma.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from comity.core.errors import BadParameter
from comity.games.normal_form import NormalForm, Payoffs, Profile

Pair: TypeAlias = tuple[float, float]


class Bimatrix(NormalForm):
    """A two-player game whose cells are written out: table[i][j] pays (first seat, second seat)."""

    @property
    def n_players(self) -> int:
        return 2

    @property
    @abstractmethod
    def table(self) -> tuple[tuple[Pair, ...], ...]:
        """table[i][j]: the payoffs when the first seat plays its action i and the second its action j."""

    @cached_property
    def _cells(self) -> dict[Profile, Payoffs]:
        first, second = self.actions
        return {(a, b): self.table[i][j] for i, a in enumerate(first) for j, b in enumerate(second)}

    def payoffs(self, profile: Profile) -> Payoffs:
        return self._cells[profile]


def _twice(*actions: str) -> tuple[tuple[str, ...], ...]:
    return (actions, actions)


@dataclass(frozen=True)
class _Dilemma(Bimatrix):
    """What the prisoner's dilemmas share: what the actions are called, and what the four payoffs are paid for."""

    reward: float
    sucker: float
    temptation: float
    punishment: float

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return _twice("cooperate", "defect")

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return ("cooperate", "cooperate")

    @property
    def defective(self) -> tuple[str | None, ...]:
        return ("defect", "defect")

    @property
    def table(self) -> tuple[tuple[Pair, ...], ...]:
        r, s, t, p = self.reward, self.sucker, self.temptation, self.punishment
        return (((r, r), (s, t)), ((t, s), (p, p)))


@dataclass(frozen=True)
class PrisonersDilemma(_Dilemma):
    """Defecting always pays more than cooperating, and both defecting pays less than both cooperating.

    Rapoport and Chammah (1965); payoffs by default as in CoopEval (2026). Raises `BadParameter` unless
    temptation > reward > punishment > sucker.
    """

    reward: float = 2
    sucker: float = 0
    temptation: float = 3
    punishment: float = 1

    def __post_init__(self) -> None:
        if not self.temptation > self.reward > self.punishment > self.sucker:
            raise BadParameter("a prisoner's dilemma needs temptation > reward > punishment > sucker")


@dataclass(frozen=True)
class WeakPrisonersDilemma(_Dilemma):
    """Who meets a defector may be paid the same whatever it does; but for that a prisoner's dilemma.

    Nowak and May (1992); payoffs by default as people were paid on networks, in units of their experiment (Grujić et
    al. 2010). Raises `BadParameter` unless temptation > reward > punishment >= sucker.
    """

    reward: float = 7
    sucker: float = 0
    temptation: float = 10
    punishment: float = 0

    def __post_init__(self) -> None:
        if not self.temptation > self.reward > self.punishment >= self.sucker:
            raise BadParameter("a weak prisoner's dilemma needs temptation > reward > punishment >= sucker")


@dataclass(frozen=True)
class StagHunt(Bimatrix):
    """Hunting the stag together pays best, hunting the hare alone is safe.

    Rousseau (1755); Skyrms (2004); payoffs by default as in CoopEval (2026). Raises `BadParameter` unless
    stag > hare >= safe > alone, where `hare` is paid to one who hunts hare against stag and `safe` when both hunt hare.
    """

    stag: float = 5
    alone: float = 0
    hare: float = 3
    safe: float = 3

    def __post_init__(self) -> None:
        if not self.stag > self.hare >= self.safe > self.alone:
            raise BadParameter("a stag hunt needs stag > hare >= safe > alone")

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return _twice("stag", "hare")

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return ("stag", "stag")

    @property
    def defective(self) -> tuple[str | None, ...]:
        return ("hare", "hare")

    @property
    def table(self) -> tuple[tuple[Pair, ...], ...]:
        return (
            ((self.stag, self.stag), (self.alone, self.hare)),
            ((self.hare, self.alone), (self.safe, self.safe)),
        )


@dataclass(frozen=True)
class Chicken(Bimatrix):
    """Whoever goes straight wins over one who swerves, but two who go straight crash.

    Rapoport and Chammah (1966), also called hawk-dove. Raises `BadParameter` unless win > tie > lose > crash.
    """

    tie: float = 3
    lose: float = 1
    win: float = 4
    crash: float = 0

    def __post_init__(self) -> None:
        if not self.win > self.tie > self.lose > self.crash:
            raise BadParameter("a game of chicken needs win > tie > lose > crash")

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return _twice("swerve", "straight")

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return ("swerve", "swerve")

    @property
    def defective(self) -> tuple[str | None, ...]:
        return ("straight", "straight")

    @property
    def table(self) -> tuple[tuple[Pair, ...], ...]:
        return (
            ((self.tie, self.tie), (self.lose, self.win)),
            ((self.win, self.lose), (self.crash, self.crash)),
        )


@dataclass(frozen=True)
class BattleOfTheSexes(Bimatrix):
    """Both want to meet, each at a different place; the first seat prefers the ballet, the second the fight.

    Luce and Raiffa (1957); payoffs by default as in Akata et al. (2025). To cooperate is to give way to the other's
    preference. Raises `BadParameter` unless preferred > other > apart.
    """

    preferred: float = 10
    other: float = 7
    apart: float = 0

    def __post_init__(self) -> None:
        if not self.preferred > self.other > self.apart:
            raise BadParameter("a battle of the sexes needs preferred > other > apart")

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return _twice("ballet", "fight")

    @property
    def roles(self) -> tuple[str, ...]:
        return ("prefers_ballet", "prefers_fight")

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return ("fight", "ballet")

    @property
    def defective(self) -> tuple[str | None, ...]:
        return ("ballet", "fight")

    @property
    def table(self) -> tuple[tuple[Pair, ...], ...]:
        apart = (self.apart, self.apart)
        return (((self.preferred, self.other), apart), (apart, (self.other, self.preferred)))


@dataclass(frozen=True)
class MatchingPennies(Bimatrix):
    """The first seat wins the stake when the coins match, the second when they differ. Nothing to cooperate about.

    von Neumann (1928). Raises `BadParameter` unless the stake is positive.
    """

    stake: float = 1

    def __post_init__(self) -> None:
        if not self.stake > 0:
            raise BadParameter("matching pennies needs a positive stake")

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return _twice("heads", "tails")

    @property
    def roles(self) -> tuple[str, ...]:
        return ("matcher", "mismatcher")

    @property
    def table(self) -> tuple[tuple[Pair, ...], ...]:
        match, differ = (self.stake, -self.stake), (-self.stake, self.stake)
        return ((match, differ), (differ, match))


@dataclass(frozen=True)
class TrustGame(Bimatrix):
    """A truster may give or keep, a trustee give back or keep, both at once.

    After Berg, Dickhaut and McCabe (1995), in the simultaneous form of CoopEval (2026): the trustee gains by keeping
    whatever the truster does (or does not lose, once the truster has kept), and the truster then gains by keeping too.
    Raises `BadParameter` unless that is so and both giving is better for both than both keeping.
    """

    give_give: Pair = (10, 10)
    give_keep: Pair = (0, 20)
    keep_give: Pair = (6, 2)
    keep_keep: Pair = (4, 4)

    def __post_init__(self) -> None:
        truster = self.give_give[0] > self.keep_keep[0] > self.give_keep[0]
        trustee = self.give_keep[1] > self.give_give[1] > self.keep_keep[1] >= self.keep_give[1]
        if not (truster and trustee):
            raise BadParameter(
                "a trust game needs give_give > keep_keep > give_keep for the truster, "
                "and give_keep > give_give > keep_keep >= keep_give for the trustee"
            )

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return _twice("give", "keep")

    @property
    def roles(self) -> tuple[str, ...]:
        return ("truster", "trustee")

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return ("give", "give")

    @property
    def defective(self) -> tuple[str | None, ...]:
        return ("keep", "keep")

    @property
    def table(self) -> tuple[tuple[Pair, ...], ...]:
        return ((self.give_give, self.give_keep), (self.keep_give, self.keep_keep))


@dataclass(frozen=True)
class MatrixGame(Bimatrix):
    """Any two-player game, cell by cell.

    first_actions, second_actions: the names of the actions of each seat.
    cells: cells[i][j] pays (first seat, second seat).
    cooperate, defect: for each seat the action of that meaning, where there is one.
    """

    first_actions: tuple[str, ...]
    second_actions: tuple[str, ...]
    cells: tuple[tuple[Pair, ...], ...]
    cooperate: tuple[str | None, str | None] = (None, None)
    defect: tuple[str | None, str | None] = (None, None)
    role_names: tuple[str, str] = ("first", "second")

    def __post_init__(self) -> None:
        for seat, names in enumerate(self.actions):
            if len(set(names)) < len(names) or not names:
                raise BadParameter(f"the actions of seat {seat + 1} must be different names, not {list(names)}")
            for field, action in (("cooperate", self.cooperate[seat]), ("defect", self.defect[seat])):
                if action is not None and action not in names:
                    raise BadParameter(f"{field} names {action!r}, which is not an action of seat {seat + 1}")
        shape = (len(self.first_actions), len(self.second_actions))
        if len(self.cells) != shape[0] or any(len(row) != shape[1] for row in self.cells):
            raise BadParameter(f"cells must have {shape[0]} rows of {shape[1]} cells, one for each pair of actions")

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return (self.first_actions, self.second_actions)

    @property
    def roles(self) -> tuple[str, ...]:
        return self.role_names

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return self.cooperate

    @property
    def defective(self) -> tuple[str | None, ...]:
        return self.defect

    @property
    def table(self) -> tuple[tuple[Pair, ...], ...]:
        return self.cells
