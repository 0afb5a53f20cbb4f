"""The matches of a cell that arrays take over from the flow: plain repetitions between finite automata.

They are played at once, or, if the plan asks for what is exact, worked out and not played. The law of this file: a
record that is played here equals, choice by choice and to the last bit, the one that the flow would make; and one that
is worked out holds the expectation of what the flow would pay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np

from comity.agents.agent import ScriptedAgent
from comity.exact.automata import Automaton
from comity.exact.automata_payoffs import expected_payoffs
from comity.exact.bulk import bulk_play
from comity.exact.plain import PlainRepetition
from comity.records.record import Record
from comity.records.spec import Cell, MatchSpec
from comity.strategies.plain import plain_repetition


class Arrays:
    """Knows which matches arrays can take, and makes their records.

    exact: whether they are worked out instead of played.
    """

    def __init__(self, agents: Mapping[str, ScriptedAgent], seed: int, *, exact: bool = False) -> None:
        found = ((label, getattr(agent.strategy, "automaton", None)) for label, agent in agents.items())
        self._automata: dict[str, Automaton] = {label: known for label, known in found if known is not None}
        self._seed = seed
        self._exact = exact
        self._rules: dict[Cell, PlainRepetition | None] = {}
        self._worth = lru_cache(maxsize=100_000)(self._worth_of)

    def take(self, spec: MatchSpec) -> bool:
        """Whether that match is a plain repetition between automata."""
        return self._rules_of(spec.cell) is not None and all(label in self._automata for label in spec.agents)

    def records(self, batch: Sequence[MatchSpec]) -> Iterator[Record]:
        """The records of matches of one cell, all of which they can `take`, in their order."""
        rules = self._rules_of(batch[0].cell) if batch else None
        if rules is None:
            return iter(())
        return map(self._expected, batch) if self._exact else self._played(rules, batch)

    def _played(self, rules: PlainRepetition, batch: Sequence[MatchSpec]) -> Iterator[Record]:
        labels = sorted({label for spec in batch for label in spec.agents})
        pairs = np.array([[labels.index(label) for label in spec.agents] for spec in batch], np.intp)
        keys = np.array([spec.key(self._seed) for spec in batch], np.uint64)
        played = bulk_play(rules, [self._automata[label] for label in labels], pairs, keys)
        for place, (spec, payoffs) in enumerate(zip(batch, played.payoffs.tolist(), strict=True)):
            yield Record(spec, "finished", played.choices(place), played.lotteries(place), tuple(payoffs))

    def _expected(self, spec: MatchSpec) -> Record:
        return Record(spec, "expected", payoffs=self._worth(spec.cell, spec.agents))

    def _worth_of(self, cell: Cell, labels: tuple[str, ...]) -> tuple[float, ...]:
        """What these agents earn on average; worked out pair by pair, so that no bit depends on the batch."""
        rules = self._rules_of(cell)
        assert rules is not None
        automata = [self._automata[label] for label in labels]
        [payoffs] = expected_payoffs(rules, automata, np.array([[0, 1]], np.intp)).tolist()
        return tuple(payoffs)

    def _rules_of(self, cell: Cell) -> PlainRepetition | None:
        if cell not in self._rules:
            self._rules[cell] = plain_repetition(cell.built)
        return self._rules[cell]
