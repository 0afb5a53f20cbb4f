"""A few turns in words: what an agent saw in short, what it did, what became of it, and what it said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from textwrap import shorten
from typing import Any, NamedTuple

from comity.core.decision import Decision
from comity.core.match import replaying
from comity.games.exchange.game import Exchange
from comity.games.exchange.log import Log
from comity.games.exchange.state import EVERYBODY, Result
from comity.games.exchange.turns import Action
from comity.games.exchange.views import Digest, Sight
from comity.metrics.exchange import exchange_of, log_in
from comity.records.record import Record
from comity.records.store import RunFile
from comity.records.tables import replayed
from comity.report.contents import Head, Part, Words
from comity.report.exchanges import Exchanges
from comity.report.results import Results
from comity.report.text import counted, prose
from comity.words.phrases import listed

TURNS = 3
"""So many turns of one agent are told: in phased rounds those of one round."""
MOST_EXAMPLES = 8
MOST_SAID = 500
"""So many characters of what a model said are shown."""
MOST_TOLD = 120
"""The same of a message to others."""
CUT = " \u2026"
MOST_LISTED = 8
"""So many agents or pieces are named, and the others counted."""


class _Turn(NamedTuple):
    """One decision of one agent. step, slot: where it is in the match."""

    step: int
    slot: int
    sight: Sight | Digest
    actions: tuple[Action, ...]


def turns(found: Exchanges, results: Results) -> Iterator[Part]:
    """A table for each composition: turns of the agent that handed in least, in the middle of its first exchange."""
    name = found.baseline if found.baseline is not None else found.mechanisms[0]
    examples = list(islice(_examples(results, name), MOST_EXAMPLES))
    tables = [table for run, record in examples if (table := _table(run, record)) is not None]
    if tables:
        yield Head("Example turns")
        yield from tables


def _examples(results: Results, mechanism: str) -> Iterator[tuple[RunFile, Record]]:
    """The first finished exchange of each composition under that mechanism, run by run."""
    seen: set[str] = set()
    for one in results.each.values():
        run = next(iter(one.runs.values()))
        played = one.tables.matches
        played = played[(played["status"] == "finished") & (played["mechanism"] == mechanism)]
        for number, agents in zip(played["match"], played["agents"], strict=True):
            if agents not in seen:
                seen.add(agents)
                record = one.record(int(number))
                if exchange_of(record.match.cell) is not None:
                    yield run, record


def _table(run: RunFile, record: Record) -> Words | None:
    game = exchange_of(record.match.cell)
    assert game is not None
    log = log_in(replayed(record))
    tasks = Counter(dict.fromkeys(range(1, game.agents + 1), 0))
    tasks.update(done.by for done in log.completions)
    agent = min(tasks, key=lambda one: (tasks[one], one))
    middle = (game.rounds + 1) // 2
    told = list(islice((turn for turn in _turns(record, agent) if turn.sight.round >= middle), TURNS))
    if not told:
        return None
    said = _said(run, record, told)
    rows = tuple(
        (
            _when(turn.sight),
            _saw(turn.sight),
            _did(turn.actions),
            _became(turn, game, log),
            *([said.get((turn.step, turn.slot), "")] if said else []),
        )
        for turn in told
    )
    who = record.match.agents[agent - 1]
    note = (
        f"Agent {agent} of {game.agents} in {prose(record.match.cell.game_label)} under "
        f"{prose(record.match.cell.mechanism_label)}; it handed in {counted(tasks[agent], 'task')} in all, the fewest."
    )
    columns = ("When", "It saw", "It did", "What became of it", *(["It said"] if said else []))
    return Words(f"Turns of {who}", note, columns, rows)


def _turns(record: Record, agent: int) -> Iterator[_Turn]:
    for step, match in enumerate(replaying(record.match.cell.built, record.choices)):
        if step == len(record.choices):
            return
        for slot, (decision, choice) in enumerate(zip(match.pending, record.choices[step], strict=True)):
            sight = _sight(decision)
            if decision.player == agent - 1 and sight is not None:
                yield _Turn(step, slot, sight, choice)


def _sight(decision: Decision[Any]) -> Sight | Digest | None:
    return next((fact for fact in reversed(decision.sees) if isinstance(fact, Sight | Digest)), None)


def _said(run: RunFile, record: Record, told: list[_Turn]) -> Mapping[tuple[int, int], str]:
    """What a model answered in these turns, the last time that it was asked; nothing of a script."""
    strategies = dict(run.header.agents)
    key = record.match.key(run.header.seed)
    played = {strategies.get(label) for label in record.match.agents}
    if not any(spec is not None and spec.name == "model" for spec in played):
        return {}
    places = {(turn.step, turn.slot) for turn in told}
    return {
        (call.draw.step, call.draw.slot): shorten(call.completion.text, MOST_SAID, placeholder=CUT)
        for call in run.calls()
        if call.draw.key == key and (call.draw.step, call.draw.slot) in places
    }


# In words


def _when(sight: Sight | Digest) -> str:
    return f"round {sight.round}" if sight.phase == "turn" else f"round {sight.round}, {sight.phase}"


def _saw(sight: Sight | Digest) -> str:
    if isinstance(sight, Digest):
        complete, lacking, owed = len(sight.complete), len(sight.needed), sight.owed
        held = ""
    else:
        pieces = set(sight.pieces)
        complete = sum(pieces.issuperset(task.pieces) for task in sight.tasks)
        lacking = len({piece for task in sight.tasks for piece in task.pieces} - pieces)
        owed, held = sight.requests, f"{counted(len(pieces), 'piece')} of its own; "
    asked = f"{counted(len(owed), 'open request')} to it"
    oldest = f", the oldest from round {min(request.round for request in owed)}" if owed else ""
    return f"{held}{counted(complete, 'complete task')}, {counted(lacking, 'piece')} lacking; {asked}{oldest}"


def _did(actions: tuple[Action, ...]) -> str:
    """What was done, in one line."""
    asked: dict[int, list[str]] = {}
    told: list[str] = []
    for action in actions:
        match action:
            case ("request", piece, to):
                asked.setdefault(to, []).append(str(piece))
            case ("share", pieces, to, *_):
                told.append(f"sent {_several(list(map(str, pieces)))} to agent {to}")
            case ("submit", task):
                told.append(f"handed in task {task}")
            case ("message", to, text):
                told.append(f"told agent {to}: {_quoted(text)}")
            case ("broadcast", text):
                told.append(f"told everybody: {_quoted(text)}")
    asking = [
        f"asked {'everybody' if to == EVERYBODY else f'agent {to}'} for {_several(of)}" for to, of in asked.items()
    ]
    return "; ".join([*asking, *told][:MOST_LISTED]) + _more([*asking, *told]) or "nothing"


def _quoted(text: str) -> str:
    return f"\u201c{shorten(text, MOST_TOLD, placeholder=CUT)}\u201d"


def _several(names: list[str]) -> str:
    return (
        listed(names)
        if len(names) <= MOST_LISTED
        else f"{', '.join(names[:MOST_LISTED])} and {len(names) - MOST_LISTED} more"
    )


def _more(told: list[str]) -> str:
    return f"; and {len(told) - MOST_LISTED} more" if len(told) > MOST_LISTED else ""


def _became(turn: _Turn, game: Exchange, log: Log) -> str:
    """What was refused, and of what was asked for how much came."""
    sight = turn.sight
    results = _results(turn, log)
    refused = Counter(result.refused for result in results if result.refused is not None)
    told = [f"{counted(number, 'action')} refused: {prose(str(why))}" for why, number in refused.items()]
    asked = {result.action[1] for result in results if result.action[0] == "request" and result.refused is None}
    if asked:
        came = [sent.round for sent in log.transfers if sent.to == sight.agent and sent.piece in asked]
        when = f", the last in round {max(came)}" if came else ""
        told.append(f"of {counted(len(asked), 'piece')} asked for {len(came)} came{when}")
    kinds = Counter(result.action[0] for result in results if result.refused is None)
    told += [
        f"{counted(kinds[kind], said)} done"
        for kind, said in (("share", "transfer"), ("submit", "task"))
        if kinds[kind]
    ]
    return "; ".join(told) or "nothing"


def _results(turn: _Turn, log: Log) -> list[Result]:
    """What became of the actions of the turn: the entries of that agent, round and phase that are these actions."""
    entries = [
        result
        for round, phase, agent, of in log.results
        if (round, phase, agent) == (turn.sight.round, turn.sight.phase, turn.sight.agent)
        for result in of
    ]
    left = Counter(turn.actions)
    found: list[Result] = []
    for result in entries:
        if left[result.action]:
            left[result.action] -= 1
            found.append(result)
    return found
