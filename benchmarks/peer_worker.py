"""Runs in the peer's own environment, not in ours: does what it is told line by line, and times it there.

Reads one JSON object per line, {"do": ..., ...}, and answers each with {"cpu": ..., "wall": ..., "result": ...}.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from typing import Any

import axelrod  # type: ignore[import-not-found]

warnings.simplefilter("ignore")


def players(entries: list[tuple[str, list[Any]]]) -> list[Any]:
    return [
        getattr(axelrod, name)(*(tuple(value) if isinstance(value, list) else value for value in arguments))
        for name, arguments in entries
    ]


def version() -> str:
    return str(axelrod.__version__)


def tournament(
    roster: list[Any], turns: int, repetitions: int, noise: float, seed: int, results: bool
) -> list[list[float]] | None:
    """A round robin, everybody with itself too; with results the payoff matrix, per turn."""
    play = axelrod.Tournament(players(roster), turns=turns, repetitions=repetitions, noise=noise, seed=seed).play
    found = play(progress_bar=False, build_results=results)
    return [[float(mean) for mean in row] for row in found.payoff_matrix] if results else None


def matches(
    roster: list[Any], pairs: list[list[int]], turns: int, noise: float, seed: int, results: bool
) -> list[list[list[int]]] | None:
    """Matches one by one; with results who defected in each round."""
    first, second = players(roster), players(roster)
    played = []
    for m, (i, j) in enumerate(pairs):
        rounds = axelrod.Match((first[i], second[j]), turns=turns, noise=noise, seed=seed + m).play()
        if results:
            played.append([[int(action is axelrod.Action.D) for action in actions] for actions in rounds])
    return played if results else None


WORK = {work.__name__: work for work in (version, tournament, matches)}


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # so that nothing but answers is among the answers
    for line in sys.stdin:
        order = json.loads(line)
        work: Any = WORK[order.pop("do")]
        cpu, wall = time.process_time(), time.perf_counter()
        result = work(**order)
        taken = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        print(json.dumps({**taken, "result": result}), file=answers, flush=True)


if __name__ == "__main__":
    main()
