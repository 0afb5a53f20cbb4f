"""The strategies that frequencies are estimated of, each written out once as an automaton.

A table says what a strategy does without error. A sign is own action and the partner's in the round before, in the
order of `comity.exact.automata`: both cooperated, only I did, only the partner did, neither did. Tit for tat and its
kin look at the partner alone; grim and its kin at both, so that an own slip sets off the punishment too.
"""

from __future__ import annotations

from typing import TypeAlias

from comity.exact.automata import Automaton
from comity.strategies.finite_state import (
    ALWAYS_COOPERATE,
    ALWAYS_DEFECT,
    SUSPICIOUS_TIT_FOR_TAT,
    TIT_FOR_TAT,
    TIT_FOR_TWO_TATS,
    TWO_TITS_FOR_TAT,
    WIN_STAY_LOSE_SHIFT,
)

Repertoire: TypeAlias = dict[str, Automaton]
"""Strategies by their short names, in the order in which they are told."""


def _unless_both(clear: int, broken: int) -> tuple[int, int, int, int]:
    """To `clear` after a round in which both cooperated, else to `broken`."""
    return (clear, broken, broken, broken)


def _unless_partner(clear: int, broken: int) -> tuple[int, int, int, int]:
    """To `clear` after a round in which the partner cooperated, else to `broken`."""
    return (clear, broken, clear, broken)


def _always(state: int) -> tuple[int, int, int, int]:
    return (state,) * 4


TIT_FOR_THREE_TATS = Automaton(0, (1, 1, 1, 0), tuple(_unless_partner(0, state) for state in (1, 2, 3, 3)))
"""Defects where the partner defected in each of the last three rounds."""

TWO_TITS_FOR_TWO_TATS = Automaton(
    0, (1, 1, 0, 0), tuple(_unless_partner(*to) for to in ((0, 1), (0, 2), (3, 2), (0, 1)))
)
"""Defects where the partner defected twice running within the last three rounds."""

GRIM = Automaton(0, (1, 0), (_unless_both(0, 1), _always(1)))
"""Cooperates until anyone has defected, then never again."""

GRIM_TWO = Automaton(0, (1, 1, 0), (_unless_both(0, 1), _unless_both(0, 2), _always(2)))
"""Cooperates until two rounds running were not both cooperating, then never again."""

GRIM_THREE = Automaton(0, (1, 1, 1, 0), (_unless_both(0, 1), _unless_both(0, 2), _unless_both(0, 3), _always(3)))
"""Cooperates until three rounds running were not both cooperating, then never again."""

TWO_WIN_STAY = Automaton(
    0,
    (1, 0, 1, 0, 0),
    ((0, 3, 3, 1), (0, 3, 3, 2), (0, 3, 3, 2), (4, 3, 3, 1), (0, 3, 3, 1)),
)
"""Cooperates after two rounds in which both cooperated, after two in which neither did, and after one in which both
cooperated that followed one in which neither did; else it defects. The rounds before the first count as cooperating.

States by the last round: both after both or neither (cooperates), neither for the first time, neither again
(cooperates), one of the two, both after one of the two.
"""

TWO_ROUNDS_OF_PUNISHMENT = Automaton(0, (1, 0, 0), (_unless_both(0, 1), _always(2), _always(0)))
"""Cooperates until anyone defects, then defects twice whatever happens, and starts over."""

FALSE_COOPERATOR = Automaton(0, (1, 0), (_always(1), _always(1)))
"""Cooperates in the first round only."""

EXPLOITIVE_TIT_FOR_TWO_TATS = Automaton(3, (1, 1, 0, 0), (*TIT_FOR_TWO_TATS.then, _unless_partner(0, 1)))
EXPLOITIVE_TIT_FOR_THREE_TATS = Automaton(4, (1, 1, 1, 0, 0), (*TIT_FOR_THREE_TATS.then, _unless_partner(0, 1)))
EXPLOITIVE_GRIM_TWO = Automaton(3, (1, 1, 0, 0), (*GRIM_TWO.then, _unless_both(0, 1)))
EXPLOITIVE_GRIM_THREE = Automaton(4, (1, 1, 1, 0, 0), (*GRIM_THREE.then, _unless_both(0, 1)))
ALTERNATOR = Automaton(0, (0, 1), (_always(1), _always(0)))
"""Defects in the first round and takes turns with itself, whatever happens."""

TWENTY: Repertoire = {
    "ALLC": ALWAYS_COOPERATE,
    "TFT": TIT_FOR_TAT,
    "TF2T": TIT_FOR_TWO_TATS,
    "TF3T": TIT_FOR_THREE_TATS,
    "2TFT": TWO_TITS_FOR_TAT,
    "2TF2T": TWO_TITS_FOR_TWO_TATS,
    "GRIM": GRIM,
    "GRIM2": GRIM_TWO,
    "GRIM3": GRIM_THREE,
    "ALLD": ALWAYS_DEFECT,
    "WSLS": WIN_STAY_LOSE_SHIFT,
    "2WSLS": TWO_WIN_STAY,
    "T2": TWO_ROUNDS_OF_PUNISHMENT,
    "CtoD": FALSE_COOPERATOR,
    "DTFT": SUSPICIOUS_TIT_FOR_TAT,
    "DTF2T": EXPLOITIVE_TIT_FOR_TWO_TATS,
    "DTF3T": EXPLOITIVE_TIT_FOR_THREE_TATS,
    "DGRIM2": EXPLOITIVE_GRIM_TWO,
    "DGRIM3": EXPLOITIVE_GRIM_THREE,
    "DCALT": ALTERNATOR,
}
"""The twenty of Fudenberg, Rand and Dreber (2012) by the names of Romero and Rosokha (2018); with a D in front they
defect in the first round."""

FIVE: Repertoire = {name: TWENTY[name] for name in ("ALLD", "ALLC", "GRIM", "TFT", "WSLS")}
"""Those that Dal Bó and Fréchette (2011) found people to use, and win-stay lose-shift."""

SEVEN: Repertoire = FIVE | {name: TWENTY[name] for name in ("TF2T", "DTFT")}
"""The five, one that forgives and one that tries to exploit: what people and agents are compared by."""

REPERTOIRES: dict[str, Repertoire] = {"five": FIVE, "seven": SEVEN, "twenty": TWENTY}
