"""P3: strategies that a user writes in Python, four of them, everybody against everybody."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.chances import MOST, furthest
from benchmarks.flow import seated
from benchmarks.measure import Check, Row, in_turn
from benchmarks.peer import known_as, peer, with_peer
from benchmarks.roster import ROSTER, dilemma
from comity.core.match import play
from comity.exact.automata_payoffs import expected_payoffs
from comity.exact.bulk import bulk_payoffs, match_keys
from comity.exact.lean import lean_payoffs, lean_play
from comity.games.matrix import PrisonersDilemma
from comity.mechanisms.noise import Trembling
from comity.mechanisms.repetition import Repeated
from comity.strategies.functions import FromHistories
from comity.strategies.plain import plain_repetition

TURNS, TIMES = 200, 20


def tit_for_tat(own: Sequence[bool], others: Sequence[bool]) -> bool:
    return not others or others[-1]


def win_stay_lose_shift(own: Sequence[bool], others: Sequence[bool]) -> bool:
    return not own or own[-1] == others[-1]


def generous(own: Sequence[bool], others: Sequence[bool]) -> bool | float:
    return True if not others or others[-1] else 0.33


def mostly_cooperates(own: Sequence[bool], others: Sequence[bool]) -> bool | float:
    if not own:
        return True
    if own[-1]:
        return 0.935 if others[-1] else 0.229
    return 0.266 if others[-1] else 0.42


NAMES = ("TitForTat", "WinStayLoseShift", "GTFT", "StochasticCooperator")
RULES = (tit_for_tat, win_stay_lose_shift, generous, mostly_cooperates)
KNOWN = tuple(next(entry for entry in ROSTER if entry.name == name) for name in NAMES)
ONCE = np.array([[i, j] for i in range(4) for j in range(4)])
PAIRS = np.tile(ONCE, (TIMES, 1))


def main() -> None:
    row("P3  four strategies as Python functions, no noise", None)
    row("P3  four strategies as Python functions, noise .05", 0.05)


def row(name: str, noise: float | None) -> None:
    rules, other, keys = dilemma(TURNS, noise), peer(), match_keys(5, len(PAIRS))

    def ours() -> NDArray[np.float64]:
        return lean_payoffs(rules, RULES, PAIRS, keys)

    checks = [as_the_flow(noise), as_expected("our", ours(), noise)]
    orders = {"roster": known_as(KNOWN), "pairs": PAIRS.tolist(), "turns": TURNS, "noise": noise or 0}
    if other is not None:
        rounds = np.array(other.do("matches", **orders, seed=0, results=True).result)
        signs = 2 * rounds[..., 0] + rounds[..., 1]
        checks.append(as_expected("the peer's", np.array(rules.paid)[signs].mean(axis=1), noise))
    mine, theirs = in_turn(11, ours, with_peer("matches", **orders, seed=1, results=False), repeat=3)
    Row(name, checks, mine, theirs, len(PAIRS) * TURNS, "turns", target=10).print()


def as_expected(whose: str, paid: NDArray[np.float64], noise: float | None) -> Check:
    """The payoffs [match, seat] against the exact expectation of the same strategies as automata."""
    automata, rules = [entry.automaton for entry in KNOWN], dilemma(TURNS, noise)
    exact = expected_payoffs(rules, automata, ONCE)
    many = bulk_payoffs(rules, automata, np.repeat(ONCE, 400, axis=0), match_keys(6, 400 * len(ONCE)))
    sd = many.reshape(len(ONCE), 400, 2).std(axis=1)
    z = furthest(paid.reshape(TIMES, len(ONCE), 2).mean(axis=0), exact, sd, TIMES)
    return Check(f"{whose} payoffs against the exact expectation: at most {z:.2f} standard errors off", z <= MOST)


def as_the_flow(noise: float | None) -> Check:
    """Every pairing, the lean loop against the flow: equal choices and equal payoffs."""
    stage = PrisonersDilemma(3, 0, 5, 1)
    game = Repeated(stage if noise is None else Trembling(stage, noise), rounds=60, discount=0.9)
    rules = plain_repetition(game)
    assert rules is not None
    same = True
    for key, (i, j) in enumerate(ONCE.tolist()):
        match = play(game, seated(FromHistories(RULES[place]).begin(game, k) for k, place in enumerate((i, j))), key)
        lean = lean_play(rules, RULES[i], RULES[j], key)
        assert match.outcome is not None
        same &= lean.choices == tuple(match.choices) and lean.payoffs == match.outcome.payoffs
    return Check("choices and payoffs of every pairing, in the lean loop and by the flow: equal", same)


if __name__ == "__main__":
    main()
