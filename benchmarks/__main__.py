"""`python -m benchmarks` runs every benchmark, `python -m benchmarks NAME...` those named."""

from __future__ import annotations

import os
import platform
import sys

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"  # before NumPy is imported, here and in the peer

from benchmarks import (  # noqa: E402
    coverage,
    crossed,
    dynamics_finite,
    dynamics_ratings,
    dynamics_replicator,
    exact,
    exchange,
    flow,
    functions,
    intervals,
    known_answers,
    memory,
    models,
    network,
    round_robin,
    shares,
    sizes,
    start,
    whole_run,
)

BENCHMARKS = {
    "round_robin": round_robin.main,
    "exact": exact.main,
    "functions": functions.main,
    "start": start.main,
    "flow": flow.main,
    "whole_run": whole_run.main,
    "replicator": dynamics_replicator.main,
    "finite": dynamics_finite.main,
    "ratings": dynamics_ratings.main,
    "intervals": intervals.main,
    "coverage": coverage.main,
    "sizes": sizes.main,
    "shares": shares.main,
    "memory": memory.main,
    "known_answers": known_answers.main,
    "models": models.main,
    "crossed": crossed.main,
    "exchange": exchange.main,
    "network": network.main,
}


def main() -> None:
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise SystemExit(f"no benchmark is called {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, one thread for linear algebra")
    for name in names:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
