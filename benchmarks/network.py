"""A network of some six hundred nodes: one whole match of scripts played, played again from its record, and tabled."""

from __future__ import annotations

from statistics import median

from benchmarks.measure import Check, timed
from comity.mechanisms.neighbourhood import Neighbourhood
from comity.records.record import Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.store import stored
from comity.records.tables import tables
from comity.runs.drive import ScriptedPlay, agents_of
from comity.runs.plan import parsed_plan

TARGET = 1.0
"""So many CPU seconds a match of 625 nodes and 51 rounds may take to play."""
RUNS = 5
CONDITIONS: dict[str, dict[str, object]] = {
    "lattice of 625, 51 rounds": {},
    "the same, neighbours change, 58 rounds": {"rewired": True, "rounds": 58},
    "scale-free, 604 nodes, 51 rounds": {"graph": "scale_free"},
    "lattice of 625, all rounds shown": {"memory": "all"},
}
AGENTS = ("always_cooperate", "tit_for_tat", "random", "moody")


def main() -> None:
    print(f"\none match on a network, CPU seconds (asked for: play in less than {TARGET:g})")
    print(f"  {'':66} {'decisions':>9} {'play':>6} {'replay':>6} {'tables':>6} {'stored':>6}")
    for name, fields in CONDITIONS.items():
        for agent in AGENTS:
            _row(name, fields, agent)


def _row(name: str, fields: dict[str, object], agent: str) -> None:
    plan = parsed_plan(
        f'name = "n"\nseed = 1\ngames = ["weak_prisoners_dilemma"]\nmechanisms = ["neighbourhood"]\n'
        f'agents = ["{agent}"]\n[matching]\nkind = "alike"\n'
    )
    cell = Cell("game", name, Spec.of("weak_prisoners_dilemma"), (Spec.of("neighbourhood", fields),))
    desk, game = ScriptedPlay(plan, agents_of(plan)), cell.built
    assert isinstance(game, Neighbourhood)
    rows = game.n_players * game.total_rounds
    seconds: list[tuple[float, float, float, float]] = []
    for repeat in range(RUNS):
        spec = MatchSpec(0, cell, (agent,) * game.n_players, repeat=repeat)
        played = timed(lambda spec=spec: next(desk.records([spec])))  # type: ignore[misc]
        record: Record = played.result
        again = timed(record.replayed)
        told = timed(lambda record=record: tables([record]))  # type: ignore[misc]
        written = timed(lambda record=record: stored(record))  # type: ignore[misc]
        Check("a row for every action", len(told.result.plays) == rows)
        seconds.append((played.cpu, again.cpu, told.cpu, written.cpu))
    decisions = sum(map(len, record.choices))
    middle = " ".join(f"{median(each):6.2f}" for each in zip(*seconds, strict=True))
    print(f"  {f'{name}, {agent}':66} {decisions:9,} {middle}")


if __name__ == "__main__":
    main()
