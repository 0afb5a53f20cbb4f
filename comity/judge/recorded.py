"""The reasons in a run: what models said where they acted, as far as their answers were read."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from comity.core.decision import Decision
from comity.core.match import replaying
from comity.core.space import may_be_missing
from comity.games.exchange.game import PHASES
from comity.games.exchange.turns import Turn
from comity.judge.errors import JudgeError
from comity.judge.reason import LEVELS, Level, Reason
from comity.llm.request import Request
from comity.records.record import Record
from comity.records.spec import Cell
from comity.records.store import RunFile
from comity.words import actions
from comity.words.phrases import chosen, joined, points
from comity.words.wording import Frame
from comity.words.wordings import PLAIN

ACTIONS = frozenset({"act", *PHASES, "turn"})
"""The kinds of the decisions that have reasons: not proposals, votes, signatures and talk."""
SHORTEST = 80
"""Answers with fewer characters hold an answer and no reason; as in the published study."""

Place: TypeAlias = tuple[int, int, str]
"""Step, slot and agent."""


class _Said(NamedTuple):
    """What a model was asked first at some place, and its last answer there."""

    prompt: str
    text: str


def reasons_of(run: RunFile, level: Level) -> Iterator[Reason]:
    """The reason of each recorded action of a model, match by match.

    It is the visible text of the answer that was read, the last that was asked for. Cells whose stages were
    crossed have no matches of their own and so no reasons here. Raises `JudgeError` where the run
    holds no answer of a model, and `Diverged` where a record does not follow from the rules.
    """
    said = _said(run, "prompt" in LEVELS[level])
    if not said:
        raise JudgeError(f"{run.path}: no language model has played in this run, so there are no reasons to judge")
    for record in run.records():
        at = said.pop(record.match.key(run.header.seed), None)
        if at is not None:
            yield from _of_match(record, at)


def _said(run: RunFile, with_prompts: bool) -> dict[int, dict[Place, _Said]]:
    """What was said, by the key of the match."""
    found: dict[int, dict[Place, _Said]] = defaultdict(dict)
    for draw, request, completion in run.calls():
        place = draw.step, draw.slot, draw.who
        earlier = found[draw.key].get(place)
        prompt = (_shown(request) if with_prompts else "") if earlier is None else earlier.prompt
        found[draw.key][place] = _Said(prompt, completion.text)
    return dict(found)


def _shown(request: Request) -> str:
    return "\n\n".join(message.text for message in request.messages)


def _of_match(record: Record, said: Mapping[Place, _Said]) -> Iterator[Reason]:
    spec = record.match
    for step, match in enumerate(replaying(spec.cell.built, record.choices)):
        if step == len(record.choices):
            return
        for slot, (decision, choice) in enumerate(zip(match.pending, record.choices[step], strict=True)):
            found = said.get((step, slot, _who(record, decision)))
            is_missing = choice is None and may_be_missing(decision.options)
            if decision.kind in ACTIONS and found is not None and not is_missing:
                yield Reason(
                    id=f"{spec.index}.{step}.{slot}",
                    text=found.text,
                    game=spec.cell.game_label,
                    mechanism=spec.cell.mechanism_label,
                    agent=_who(record, decision),
                    match=str(spec.index),
                    rules=_rules(spec.cell),
                    prompt=found.prompt,
                    action=_action(decision, choice),
                    payoffs=_payoff(record, decision),
                )


def _action(decision: Decision[Any], choice: Any) -> str:
    """What was chosen, as a model would write it where it is a turn of several actions."""
    if isinstance(decision.options, Turn):
        return json.dumps(actions.spelled(choice, decision.options), ensure_ascii=False)
    return chosen(choice)


def _who(record: Record, decision: Decision[Any]) -> str:
    return record.match.agents[decision.player] if decision.player >= 0 else ""


def _payoff(record: Record, decision: Decision[Any]) -> str:
    if not record.payoffs:
        return "Nothing is known of it: the match was forfeited."
    return f"In the whole match the player got {points(record.payoffs[decision.player])}."


@lru_cache(maxsize=1_000)
def _rules(cell: Cell) -> str:
    """What all players know of the game before it starts, told to an onlooker."""
    frame, lines = Frame(PLAIN), list[str]()
    for fact in cell.built.rules:
        lines += frame.lines(fact)
        frame = frame.after(fact)
    return joined(lines)
