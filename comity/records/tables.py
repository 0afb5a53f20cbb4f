"""Records become tables, once; whatever is measured later is a function of these tables.

Every number here is worked out again by replaying the record, so a table cannot say what the rules do not. A match of
which only the payoffs are known has outcomes and no plays; a forfeited one has decisions and no payoffs. An answer that
is missing is nothing: neither an action nor a choice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache, partial
from itertools import chain
from math import nan
from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa

from comity.core.decision import NATURE, Decision
from comity.core.flow import Choices, Decisions
from comity.core.match import Match, replaying
from comity.core.named import Named, Scale, Seated, named_game, scale_under, seated_game
from comity.core.outcome import StagePlay, stage_plays
from comity.core.space import Lottery, may_be_missing, to_json
from comity.mechanisms.matching import Standings
from comity.mechanisms.mediation import Delegated
from comity.mechanisms.neighbourhood import Surroundings
from comity.mechanisms.presentation import FACTORS
from comity.mechanisms.repetition import History
from comity.records.levels import PRESENTATION
from comity.records.record import Record
from comity.records.spec import Cell

_INT, _FLOAT, _TEXT, _TRUTH = pa.int64(), pa.float64(), pa.string(), pa.bool_()
_CELL = [("game", _TEXT), ("mechanism", _TEXT), ("replicate", _TEXT)]
_WHO = [("seat", _INT), ("role", _TEXT), ("agent", _TEXT)]

SCHEMAS: dict[str, pa.Schema] = {
    "matches": pa.schema(
        [
            ("match", _INT),
            *_CELL,
            ("repeat", _INT),
            ("agents", _TEXT),
            ("players", _INT),
            ("status", _TEXT),
            ("plays", _INT),
            ("decisions", _INT),
            ("drawn", _TRUTH),
            ("shared", _TRUTH),
            ("failure", _TEXT),
        ]
    ),
    "outcomes": pa.schema(
        [("match", _INT), *_CELL, ("player", _INT), *_WHO, ("status", _TEXT), ("payoff", _FLOAT), ("score", _FLOAT)]
    ),
    "plays": pa.schema(
        [
            ("match", _INT),
            *_CELL,
            ("play", _INT),
            ("round", _INT),
            ("path", _TEXT),
            ("seat", _INT),
            ("player", _INT),
            ("role", _TEXT),
            ("agent", _TEXT),
            ("action", _TEXT),
            ("cooperated", _TRUTH),
            ("delegated", _TRUTH),
            ("payoff", _FLOAT),
            ("base_payoff", _FLOAT),
        ]
    ),
    "decisions": pa.schema(
        [
            ("match", _INT),
            ("step", _INT),
            ("slot", _INT),
            ("player", _INT),
            *_WHO,
            ("kind", _TEXT),
            ("round", _INT),
            ("choice", _TEXT),
            ("probability", _FLOAT),
            ("lottery", _TEXT),
            ("missing", _TEXT),
        ]
    ),
}
"""The columns of each table and what they hold; `docs/reference/run-schema.md` says what they mean."""

BATCH = 2_000
"""So many matches are held as rows before they become a piece of a table."""
ANSWERS = 200_000
"""Or so many answers, where matches are long."""
_KEPT = 2_000
"""A match of more answers than this is not kept when it was replayed: it hardly comes again, and would fill memory."""

CHANCE = "nature"
"""What the tables call chance, as an agent and as a role."""

RowOf: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True)
class Tables:
    """The four tables of one run or several, each sorted by match and then in its natural order.

    matches: one row per match. outcomes: one per player of a match. plays: one per seat of each play of the stage game.
    decisions: one per decision, chance's included; empty where they were not asked for.
    """

    matches: pd.DataFrame
    outcomes: pd.DataFrame
    plays: pd.DataFrame
    decisions: pd.DataFrame


@dataclass(frozen=True)
class Origins:
    """Where choices come from, as far as records do not say it and their run does.

    drawing: the agents whose every answer is a draw, as those of people and models are; None: all of them.
    anew: whether proposals are made anew in each match.
    crossed: the games and mechanisms, by label, whose matches were worked out from answers that they share.
    """

    drawing: frozenset[str] | None = frozenset()
    anew: bool = False
    crossed: frozenset[tuple[str, str]] = frozenset()

    def are_drawn(self, record: Record) -> bool:
        """Whether some of the answers in the match were drawn, whatever the record says."""
        return self.drawing is None or not self.drawing.isdisjoint(record.match.agents) or self.are_crossed(record)

    def are_crossed(self, record: Record) -> bool:
        """Whether the match was worked out from answers that it shares with others."""
        return (record.match.cell.game_label, record.match.cell.mechanism_label) in self.crossed


def tables(runs: Iterable[Record], origins: Origins = Origins(), *, decisions: bool = True) -> Tables:
    """The tables of these records, which come in the order of their matches.

    Raises `Diverged` where a record does not follow from the rules.
    """
    pieces = list(arrow_tables(runs, origins, decisions=decisions))
    frames = {name: _frame([piece[name] for piece in pieces], schema) for name, schema in SCHEMAS.items()}
    return Tables(**frames)


def joined(parts: Sequence[Tables]) -> Tables:
    """Several runs as one: the matches of each run are numbered on from those of the runs before it."""
    if len(parts) == 1:
        return parts[0]
    shifts = first_numbers(parts)
    return Tables(
        **{field.name: _stacked([vars(part)[field.name] for part in parts], shifts) for field in fields(Tables)}
    )


def first_numbers(parts: Sequence[Tables]) -> list[int]:
    """The number that match 0 of each run has when they are `joined`."""
    sizes = [max((int(frame["match"].max()) + 1 for frame in _numbered(part)), default=0) for part in parts]
    return [sum(sizes[:place]) for place in range(len(parts))]


def _numbered(part: Tables) -> Iterator[pd.DataFrame]:
    """The tables that name matches, if they name any: outcomes may name some that have no record."""
    return (frame for frame in (part.matches, part.outcomes) if len(frame))


def _stacked(frames: Sequence[pd.DataFrame], shifts: Sequence[int]) -> pd.DataFrame:
    shifted = [frame.assign(match=frame["match"] + shift) for frame, shift in zip(frames, shifts, strict=True)]
    return pd.concat(shifted, ignore_index=True)


def arrow_tables(
    records: Iterable[Record], origins: Origins = Origins(), *, decisions: bool = True
) -> Iterator[dict[str, pa.Table]]:
    """The tables piece by piece, `BATCH` matches at a time, so that a run of any length passes through."""
    for batch in _batches(records):
        walks = [_walk(record.match.cell, record.choices, decisions) for record in batch]
        rows: dict[str, Callable[[Record, _Walk], Iterator[RowOf]]] = {
            "matches": partial(_matches, origins),
            "outcomes": _outcomes,
            "plays": _plays,
            "decisions": _decisions,
        }
        for record, walk in zip(batch, walks, strict=True):
            record.agreeing(walk.match)
        yield {
            name: _table(list(chain.from_iterable(map(of_match, batch, walks))), SCHEMAS[name])
            for name, of_match in rows.items()
        }


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """The records in pieces of no more than `BATCH` matches, and not many more than `ANSWERS` answers."""
    batch: list[Record] = []
    answers = 0
    for record in records:
        batch.append(record)
        answers += sum(map(len, record.choices))
        if len(batch) == BATCH or answers >= ANSWERS:
            yield batch
            batch, answers = [], 0
    if batch:
        yield batch


def _table(rows: list[RowOf], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _frame(pieces: Sequence[pa.Table], schema: pa.Schema) -> pd.DataFrame:
    whole = pa.concat_tables(pieces) if pieces else schema.empty_table()
    frame: pd.DataFrame = whole.to_pandas(types_mapper={_TRUTH: pd.BooleanDtype()}.get)
    return frame


def replayed(record: Record) -> Match:
    """The match played again from its choices, or as it was when its tables were made, where that is not long ago.

    Raises `Diverged` as `Record.replayed`.
    """
    return record.agreeing(_walk(record.match.cell, record.choices, True).match)


@dataclass(frozen=True)
class _Walk:
    """What a match is by its cell and its choices alone: the match, replayed, and the rows that do not name agents.

    nature: whether chance moved, but for how the game is told, which no script reads. proposing: whether anything was
        proposed.
    plays: (player, columns from play to role, columns from action on).
    decisions: (player, columns from step to role, columns from kind to choice).
    """

    match: Match
    n_plays: int
    nature: bool
    proposing: bool
    plays: tuple[tuple[int, RowOf, RowOf], ...]
    decisions: tuple[tuple[int, RowOf, RowOf], ...]


def _walk(cell: Cell, choices: tuple[Choices, ...], with_decisions: bool) -> _Walk:
    """Replay. Deterministic agents make the same choices match after match, so walks are kept for a while."""
    walk = _walked_once if sum(map(len, choices)) <= _KEPT else _walked
    return walk(cell, choices, with_decisions)


def _walked(cell: Cell, choices: tuple[Choices, ...], with_decisions: bool) -> _Walk:
    named = _named(cell)
    nature = proposing = False
    telling = FACTORS if any(spec.name == PRESENTATION for spec in cell.stack) else ()
    decisions: list[tuple[int, RowOf, RowOf]] = []
    for step, match in enumerate(replaying(cell.built, choices)):
        if step == len(choices):
            break
        nature = nature or any(each.player == NATURE and each.kind not in telling for each in match.pending)
        proposing = proposing or any(decision.kind == "propose" for decision in match.pending)
        if with_decisions:
            decisions.extend(_put(named, step, match.pending, choices[step]))
    plays = () if match.outcome is None else tuple(stage_plays(match.outcome))
    rows = tuple(row for number, play in enumerate(plays) for row in _played(named, number, play))
    return _Walk(match, len(plays), nature, proposing, rows, tuple(decisions))


_walked_once = lru_cache(maxsize=2_000)(_walked)


@lru_cache(maxsize=1_000)
def _named(cell: Cell) -> Named:
    return named_game(cell.built)


@lru_cache(maxsize=1_000)
def _group(cell: Cell) -> tuple[Seated, Scale]:
    """The game that names the players' seats, and between what their scores lie."""
    return seated_game(cell.built), scale_under(cell.built)


def _put(named: Named, step: int, pending: Decisions, choices: Choices) -> Iterator[tuple[int, RowOf, RowOf]]:
    for slot, (decision, choice) in enumerate(zip(pending, choices, strict=True)):
        is_missing = choice is None and may_be_missing(decision.options)
        rest = (decision.kind, _round(decision), None if is_missing else _json(choice))
        if decision.player == NATURE:
            yield NATURE, (step, slot, NATURE, NATURE, CHANCE), rest
        else:
            seat = decision.seat % named.n_players
            yield decision.player, (step, slot, decision.player, seat, named.roles[seat]), rest


def _played(named: Named, number: int, play: StagePlay) -> Iterator[tuple[int, RowOf, RowOf]]:
    delegated = next((note.players for note in play.outcome.notes if isinstance(note, Delegated)), None)
    round, path = play.rounds[0] if play.rounds else 0, ".".join(map(str, play.rounds))
    for place, player in enumerate(play.players):
        seat = place % named.n_players
        action, cooperative = play.outcome.actions[place], named.cooperative[seat]
        yield (
            player,
            (number, round, path, seat, player, named.roles[seat]),
            (
                action,
                None if cooperative is None or action is None else action == cooperative,
                None if delegated is None else place in delegated,
                play.outcome.payoffs[place],
                play.base.payoffs[place],
            ),
        )


def _matches(origins: Origins, record: Record, walk: _Walk) -> Iterator[RowOf]:
    agents = record.match.agents
    drawn = record.status == "payoffs_only" or bool(record.lotteries) or walk.nature
    proposed = walk.proposing or record.status == "payoffs_only"
    yield (
        *_of_cell(record),
        record.match.repeat,
        json.dumps(agents),
        len(agents),
        record.status,
        walk.n_plays,
        sum(map(len, record.choices)),
        drawn or origins.are_drawn(record),
        (proposed and not origins.anew) or origins.are_crossed(record),
        None if record.failure is None else json.dumps(vars(record.failure)),
    )


def _outcomes(record: Record, walk: _Walk) -> Iterator[RowOf]:
    head, agents = _of_cell(record), record.match.agents
    group, scale = _group(record.match.cell)
    payoffs = record.payoffs or (nan,) * len(agents)
    for player, (agent, payoff) in enumerate(zip(agents, payoffs, strict=True)):
        seat = player % group.n_players
        score = _score(scale, payoff)
        yield (*head, player, seat, group.roles[seat], agent, record.status, payoff, score)


def _plays(record: Record, walk: _Walk) -> Iterator[RowOf]:
    head, agents = _of_cell(record), record.match.agents
    return ((*head, *before, agents[player], *after) for player, before, after in walk.plays)


def _decisions(record: Record, walk: _Walk) -> Iterator[RowOf]:
    index, agents, lotteries = record.match.index, record.match.agents, record.lotteries
    choices = chain.from_iterable(record.choices)
    missing = {(miss.step, miss.slot): miss.cause for miss in record.misses}
    for (player, before, after), choice in zip(walk.decisions, choices, strict=False):
        agent = CHANCE if player == NATURE else agents[player]
        yield (
            index,
            *before,
            agent,
            *after,
            *_stated(lotteries.get(place := (before[0], before[1])), choice),
            missing.get(place),
        )


def _of_cell(record: Record) -> RowOf:
    spec = record.match
    return (spec.index, spec.cell.game_label, spec.cell.mechanism_label, spec.replicate)


def _stated(lottery: Lottery[Any] | None, choice: Any) -> tuple[float, str | None]:
    """The probability of the choice, and the lottery it was drawn from."""
    return (nan, None) if lottery is None else (_probability(lottery, choice), _spelled(lottery))


def _probability(lottery: Lottery[Any], choice: Any) -> float:
    return sum(odds for option, odds in lottery.chances() if type(option) is type(choice) and option == choice)


@lru_cache(maxsize=1_000)
def _spelled(lottery: Lottery[Any]) -> str:
    return _json(tuple(lottery.chances()))


def _round(decision: Decision[Any]) -> int:
    for fact in decision.sees:
        if isinstance(fact, History | Standings | Surroundings):
            return fact.played
    return 0


def _score(scale: Scale, payoff: float) -> float:
    return scale.normalised(payoff) if scale.low != scale.high else nan


def _json(choice: Any) -> str:
    return json.dumps(to_json(choice))
