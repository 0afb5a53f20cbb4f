"""P2: what the same thirty strategies earn, exactly, where the peer plays ten repetitions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.chances import MOST, furthest, spread
from benchmarks.measure import Check, Row, in_turn
from benchmarks.peer import known_as, peer, with_peer
from benchmarks.roster import ROSTER, dilemma
from comity.exact.automata import Automaton, sign
from comity.exact.automata_payoffs import expected_payoffs
from comity.exact.bulk import every_pair
from comity.exact.plain import PlainRepetition

TURNS, REPETITIONS, NOISE = 200, 10, 0.05
AUTOMATA = [entry.automaton for entry in ROSTER]


def main() -> None:
    rules, pairs, other = dilemma(TURNS, NOISE), every_pair(len(ROSTER)), peer()

    def ours() -> NDArray[np.float64]:
        return expected_payoffs(rules, AUTOMATA, pairs)

    checks = [precise(rules, pairs, ours())]
    orders = {"roster": known_as(ROSTER), "turns": TURNS, "repetitions": REPETITIONS, "noise": NOISE, "results": True}
    if other is not None:
        matrix = np.array(other.do("tournament", **orders, seed=0).result)
        means = np.stack([matrix[pairs[:, 0], pairs[:, 1]], matrix[pairs[:, 1], pairs[:, 0]]], axis=1)
        z = furthest(means, ours(), spread(TURNS, NOISE), REPETITIONS)
        checks.append(Check(f"the peer's means: at most {z:.2f} standard errors off ours", z <= MOST))
    mine, theirs = in_turn(5, ours, with_peer("tournament", **orders, seed=1), repeat=20)
    name = "P2  exact payoffs of 465 pairs, 200 turns, noise .05, against 10 sampled repetitions"
    Row(name, checks, mine, theirs, len(pairs), "pairs", target=500).print()


def precise(rules: PlainRepetition, pairs: NDArray[np.intp], paid: NDArray[np.float64]) -> Check:
    """Against the definition, followed in longer floating point numbers, one joint state at a time."""
    if np.finfo(np.longdouble).eps > 1e-18:
        return Check("(no longer floating point numbers on this machine: precision not compared)", True)
    some = range(0, len(pairs), 7)
    error = max(
        float(np.abs(by_definition(rules, AUTOMATA[pairs[i, 0]], AUTOMATA[pairs[i, 1]]) - paid[i]).max()) for i in some
    )
    return Check(f"{len(some)} pairs by the definition in 64-bit significands: at most {error:.1e} off", error <= 1e-12)


def by_definition(rules: PlainRepetition, first: Automaton, second: Automaton) -> NDArray[np.longdouble]:
    """The expected payoffs of two automata, in long double."""
    likely = {(first.start, second.start): np.longdouble(1)}
    totals = np.zeros(2, np.longdouble)
    tremble, paid = np.longdouble(rules.noise or 0), np.array(rules.paid, np.longdouble)
    for weight in rules.weights:
        after: dict[tuple[int, int], np.longdouble] = {}
        for (mine, theirs), chance in likely.items():
            one, two = (
                np.longdouble(meant) * (1 - tremble) + (1 - np.longdouble(meant)) * tremble
                for meant in (first.cooperates[mine], second.cooperates[theirs])
            )
            for a, b, share in (
                (True, True, one * two),
                (True, False, one * (1 - two)),
                (False, True, (1 - one) * two),
                (False, False, (1 - one) * (1 - two)),
            ):
                totals += weight * chance * share * paid[sign(a, b)]
                place = (first.then[mine][sign(a, b)], second.then[theirs][sign(b, a)])
                after[place] = after.get(place, np.longdouble(0)) + chance * share
        likely = after
    return totals


if __name__ == "__main__":
    main()
