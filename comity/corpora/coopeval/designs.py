"""What the agents proposed: mediator_design.json or contract_design.json, one design for each agent in each seat."""

from __future__ import annotations

from typing import Any

from comity.corpora.coopeval.names import Names
from comity.corpora.located import Located


def designs(file: Located, names: Names, kind: str) -> dict[str, Any]:
    """By player (as the source calls it) its mediator or contract (`kind`), as our rules have them."""
    read = _plan if kind == "mediator" else _transfers
    return {player: read(file[player][kind], names) for player in file.as_a(dict)}


def _plan(told: Located, names: Names) -> tuple[str, ...]:
    """The action for 1, 2, ... players who delegate; told as a list of [count, action]."""
    by_count = {}
    for pair in told:
        count, action = pair.some(2, "a count and an action")
        by_count[count.as_a(int)] = names.action(0, action)
    return tuple(by_count[count] for count in sorted(by_count))


def _transfers(told: Located, names: Names) -> tuple[Any, ...]:
    """The payment for each action, in the order of ours; what is not a whole number is left for the rules to refuse."""
    by_action = {names.action(0, told.key(name)): told[name].value for name in told.as_a(dict)}
    return tuple(by_action.get(action) for action in names.terms.base.actions[0])
