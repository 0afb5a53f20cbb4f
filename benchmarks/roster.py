"""The thirty strategies of the benchmarks: as automata of ours, and under the names by which the peer knows them.

Half of them look back one round, the others further; ten mix. Whether both sides mean the same by a name is the check
that every benchmark makes before it prints a time.
"""

from __future__ import annotations

from dataclasses import dataclass

from comity.exact.automata import Automaton, Transitions, memory_one
from comity.exact.plain import PlainRepetition


@dataclass(frozen=True)
class Entry:
    """A strategy: our automaton, and the peer's name for it with the arguments it is made with."""

    automaton: Automaton
    name: str
    arguments: tuple[float | tuple[float, ...], ...] = ()


def machine(*states: tuple[str, int, int]) -> Automaton:
    """The machine whose states each play "C" or "D" and go on by what the other did: (plays, after C, after D)."""
    then: tuple[Transitions, ...] = tuple((c, d, c, d) for _, c, d in states)
    return Automaton(0, tuple(float(plays == "C") for plays, _, _ in states), then)


def cycle(plays: str) -> Automaton:
    """Plays this sequence over and over."""
    following = [(i + 1) % len(plays) for i in range(len(plays))]
    return machine(*((action, then, then) for action, then in zip(plays, following, strict=True)))


ROSTER: tuple[Entry, ...] = (
    Entry(machine(("C", 0, 0)), "Cooperator"),
    Entry(machine(("D", 0, 0)), "Defector"),
    Entry(machine(("C", 0, 1), ("D", 0, 1)), "TitForTat"),
    Entry(machine(("D", 1, 0), ("C", 1, 0)), "SuspiciousTitForTat"),
    Entry(machine(("D", 0, 1), ("C", 0, 1)), "Bully"),
    Entry(machine(("C", 1, 0), ("D", 1, 0)), "AntiTitForTat"),
    Entry(memory_one(1, 1, 0, 0, 1), "WinStayLoseShift"),
    Entry(memory_one(0, 0, 1, 1, 0), "WinShiftLoseStay"),
    Entry(memory_one(1, 0, 0, 1, 1), "Alternator"),
    Entry(machine(("C", 0, 1), ("D", 1, 1)), "Grudger"),
    Entry(machine(("C", 0, 1), ("C", 0, 2), ("D", 0, 2)), "TitFor2Tats"),
    Entry(machine(("C", 0, 1), ("D", 2, 1), ("D", 0, 1)), "TwoTitsForTat"),
    Entry(machine(("C", 0, 1), ("D", 2, 1), ("D", 3, 1), ("D", 0, 1)), "HardTitForTat"),
    Entry(machine(("C", 0, 1), ("C", 0, 2), ("D", 3, 2), ("D", 0, 1)), "HardTitFor2Tats"),
    Entry(cycle("CCD"), "CyclerCCD"),
    Entry(cycle("CCCD"), "CyclerCCCD"),
    Entry(machine(("C", 0, 1), ("D", 2, 2), ("D", 0, 1)), "Thumper"),
    Entry(machine(("D", 0, 1), ("D", 0, 2), ("C", 2, 0)), "Fortress3"),
    Entry(machine(("D", 0, 1), ("D", 0, 2), ("D", 0, 3), ("C", 3, 0)), "Fortress4"),
    Entry(machine(("C", 0, 1), ("C", 2, 0), ("D", 0, 1)), "UsuallyCooperates"),
    Entry(memory_one(0.5, 0.5, 0.5, 0.5, 0.5), "Random", (0.5,)),
    Entry(memory_one(1, 1, 0.33, 1, 0.33), "GTFT", (0.33,)),
    Entry(memory_one(1, 1, 0, 1, 2 / 3), "FirmButFair"),
    Entry(memory_one(1, 0.935, 0.229, 0.266, 0.42), "StochasticCooperator"),
    Entry(memory_one(1, 0.95, 0.05, 0.05, 0.95), "StochasticWSLS"),
    Entry(memory_one(1, 1, 0.1, 1, 0.1), "SoftJoss"),
    Entry(memory_one(1, 8 / 9, 1 / 2, 1 / 3, 0), "ZDExtort2"),
    Entry(memory_one(1, 1, 1 / 8, 1, 1 / 4), "ZDGTFT2"),
    Entry(memory_one(1, 3 / 4, 1 / 4, 1 / 2, 1 / 4), "ZDSet2"),
    Entry(memory_one(1, 0.7, 0.3, 0.7, 0.3), "ReactivePlayer", ((0.7, 0.3),)),
)


def dilemma(turns: int, noise: float | None) -> PlainRepetition:
    """The prisoner's dilemma both sides play (3, 0, 5, 1), every round counting the same."""
    actions = (("cooperate", "defect"),) * 2
    paid = ((3.0, 3.0), (0.0, 5.0), (5.0, 0.0), (1.0, 1.0))
    return PlainRepetition(actions, paid, (1 / turns,) * turns, noise)
