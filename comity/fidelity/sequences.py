"""What automata make of what was seen: for every choice the state an automaton would be in, and what it would do there.

The sign of a round is read from the next row of its stretch: what the agent did (`own`) and what its partner did
(`neighbours`). So lags are enough, and what was carried out counts where it differs from what was meant. Where a row in
the midst of a stretch has no lag, nobody knows the state from there to the end of the stretch, and these rows
are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from comity.core.errors import BadParameter
from comity.exact.automata import Automaton
from comity.fidelity.likelihood import summed
from comity.fidelity.observations import Codes, FidelityError, Floats, Observations

START = -1
"""The sign of a first round, which has no round before."""
UNKNOWN = -2
"""The sign of a row whose state cannot be known."""


@dataclass(frozen=True, eq=False)
class Signs:
    """The rows of observations in the order in which automata move through them.

    sign: [rows], the sign of the round before, `START` or `UNKNOWN`. batches: one array of rows for each round, those
    whose state is known; the stretches of a batch are a part of those of the batch before.
    """

    observations: Observations
    sign: Codes
    batches: tuple[Codes, ...]

    def states(self, automaton: Automaton) -> Codes:
        """[rows]: the state the automaton is in; its start where the state is not known."""
        then = np.asarray(automaton.then)
        found = np.full(len(self.sign), automaton.start)
        for rows in self.batches[1:]:
            found[rows] = then[found[rows - 1], self.sign[rows]]
        return found

    @property
    def counts(self) -> NDArray[np.bool_]:
        """[rows]: whether there is a choice and the state is known."""
        return np.asarray(self.observations.known & (self.sign != UNKNOWN))

    @property
    def left_out(self) -> int:
        """How many choices are left out because nobody knows what was seen before them."""
        return int((self.observations.known & (self.sign == UNKNOWN)).sum())


def signs(observed: Observations) -> Signs:
    """What each row has seen happen in the round before, for automata.

    Raises `FidelityError` where some row has several neighbours who differ, since for an automaton a partner either
    cooperated or did not, or where no row has seen anything.
    """
    seen = observed.neighbours[~np.isnan(observed.neighbours)]
    if not np.isin(seen, (0, 1)).all():
        raise FidelityError(
            f"strategies given as automata need one partner, who cooperated or did not; {observed.population}, "
            f"{observed.condition}, has shares of several neighbours, such as {seen[~np.isin(seen, (0, 1))][0]:.3g}"
        )
    sign = _plain(observed)
    batches = in_order(observed, sign != UNKNOWN)
    known = np.zeros(len(sign), dtype=bool)
    known[np.concatenate(batches)] = True
    return Signs(observed, np.where(known, sign, UNKNOWN), batches)


def agreements(moves: Signs, automaton: Automaton) -> tuple[Floats, Floats]:
    """How often each agent did what a deterministic automaton would have done, and how often not: [agents] twice.

    These are C and E of the likelihood. Raises `BadParameter` where the automaton mixes.
    """
    if not automaton.is_deterministic:
        raise BadParameter("only automata that never mix have a choice to agree with")
    counts, observed = moves.counts, moves.observations
    acts = np.asarray(automaton.cooperates, dtype=float)[moves.states(automaton)]
    same = (acts == observed.action)[counts].astype(float)
    who = observed.agent[counts]
    return summed(who, same, observed.n_agents), summed(who, 1 - same, observed.n_agents)


def _plain(observed: Observations) -> Codes:
    """[rows]: the sign by the lags of the row alone."""
    own, partner = observed.own, observed.neighbours
    seen = ~np.isnan(own) & ~np.isnan(partner)
    read = np.where(seen, 2 * (own == 0) + (partner == 0), UNKNOWN)
    return np.asarray(np.where(observed.round == 0, START, read), dtype=np.intp)


def in_order(observed: Observations, seen: NDArray[np.bool_]) -> tuple[Codes, ...]:
    """The rows of the first, second, ... round of every stretch, as far as everything before them was seen.

    seen: [rows], whether what happened in the round before is known. Each row follows on the one before it in the
    observations; the stretches of one part are among those of the part before.
    """
    reached = np.flatnonzero(observed.round == 0)
    found = [reached]
    while len(reached):
        later = reached + 1
        later = later[later < len(seen)]
        follows = (
            (observed.agent[later] == observed.agent[later - 1])
            & (observed.stretch[later] == observed.stretch[later - 1])
            & (observed.round[later] == observed.round[later - 1] + 1)
            & seen[later]
        )
        reached = later[follows]
        found.append(reached)
    return tuple(found)
