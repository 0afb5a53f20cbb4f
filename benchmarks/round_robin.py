"""P1: thirty scripted strategies, everybody against everybody and itself, 200 turns, 10 times: 4,650 matches."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.chances import MOST, expected, furthest, spread
from benchmarks.flow import seated
from benchmarks.measure import Check, Row, in_turn
from benchmarks.peer import known_as, peer, with_peer
from benchmarks.roster import ROSTER, dilemma
from comity.core.match import play
from comity.exact.bulk import bulk_payoffs, bulk_play, every_pair, match_keys, round_robin
from comity.games.matrix import PrisonersDilemma
from comity.mechanisms.noise import Trembling
from comity.mechanisms.repetition import Repeated
from comity.strategies.finite_state import FiniteState
from comity.strategies.plain import plain_repetition

TURNS, REPETITIONS = 200, 10
AUTOMATA = [entry.automaton for entry in ROSTER]
MATCHES = len(every_pair(len(ROSTER))) * REPETITIONS


def main() -> None:
    row("P1  round robin with payoff matrix, noise .05", 0.05, results=True, pairs=5)
    row("P1  round robin with payoff matrix, no noise", None, results=True, pairs=3)
    row("P1b the same against the peer's play alone, without its results, noise .05", 0.05, results=False, pairs=3)


def row(name: str, noise: float | None, *, results: bool, pairs: int) -> None:
    rules, other = dilemma(TURNS, noise), peer()

    def ours() -> NDArray[np.float64]:
        return round_robin(partial(bulk_payoffs, rules, AUTOMATA), len(ROSTER), REPETITIONS, key=1)

    checks = [as_the_flow(noise), as_expected("our", ours(), noise)]
    orders = {"roster": known_as(ROSTER), "turns": TURNS, "repetitions": REPETITIONS, "noise": noise or 0}
    if other is not None:
        first = other.do("tournament", **orders, seed=0, results=True)
        checks.append(as_expected("the peer's", np.array(first.result), noise))
    mine, theirs = in_turn(pairs, ours, with_peer("tournament", **orders, seed=1, results=results), repeat=10)
    Row(name, checks, mine, theirs, MATCHES * TURNS, "turns", target=200).print()


def as_expected(whose: str, matrix: NDArray[np.float64], noise: float | None) -> Check:
    """A payoff matrix against the exact expectation; on the diagonal both sides tell one number for two seats."""
    first, second = every_pair(len(ROSTER)).T
    means = np.stack([matrix[first, second], matrix[second, first]], axis=1)
    z = furthest(means, expected(TURNS, noise), spread(TURNS, noise), REPETITIONS)
    return Check(f"{whose} payoffs against the exact expectation: at most {z:.2f} standard errors off", z <= MOST)


def as_the_flow(noise: float | None) -> Check:
    """A match of every pair, bulk against flow: equal choices and equal payoffs."""
    stage = PrisonersDilemma(3, 0, 5, 1)
    game = Repeated(stage if noise is None else Trembling(stage, noise), rounds=50, discount=0.9)
    rules = plain_repetition(game)
    assert rules is not None
    pairs = every_pair(len(ROSTER))
    keys = match_keys(3, len(pairs))
    bulk = bulk_play(rules, AUTOMATA, pairs, keys)
    same = True
    for m, (pair, key) in enumerate(zip(pairs.tolist(), keys.tolist(), strict=True)):
        seats = (FiniteState(AUTOMATA[place]).begin(game, player) for player, place in enumerate(pair))
        match = play(game, seated(seats), key)
        assert match.outcome is not None
        same &= bulk.choices(m) == tuple(match.choices) and tuple(bulk.payoffs[m]) == match.outcome.payoffs
    return Check("choices and payoffs of a match of every pair, in bulk and by the flow: equal", same)


if __name__ == "__main__":
    main()
