"""What a run asked of its models, found in its file when it has ended, by agent and mechanism."""

from __future__ import annotations

from collections.abc import Iterator

from comity.records.store import RunFile
from comity.runs.account import Call, text_of
from comity.runs.crossed import stream
from comity.runs.design import Plan
from comity.runs.drive import design_key


def asked(plan: Plan, file: RunFile) -> Iterator[Call]:
    """Every call of the run that was answered, in the order of the file; the plan is the one it was made by.

    A call belongs to a match, to the design stage of an agent, or, crossed, to all matches of a cell and replicate; its
    address says to which.
    """
    mechanisms = dict(_mechanisms(plan))
    for call in file.calls():
        mechanism = mechanisms[call.draw.key]
        yield Call(call.draw.who, mechanism, text_of(call.request), call.completion, call.draw.ask > 0)


def _mechanisms(plan: Plan) -> Iterator[tuple[int, str]]:
    """The mechanism that each stream of draws belongs to."""
    for block in plan.blocks():
        cell, replicate = block.cell, block.replicate
        for agent, _ in plan.agents:
            yield design_key(plan, cell, replicate, agent), cell.mechanism_label
            yield stream(plan.seed, cell, replicate, agent), cell.mechanism_label
        for spec in block.matches():
            yield spec.key(plan.seed), cell.mechanism_label
