"""The same records as tidy tables: experiments, matches, moves, stage_decisions and proposals, one Parquet file each.

Of these the last two may be missing. Rows belong together by `exp_id`, and inside it by `match_id`; seats, rounds and
selected proposals count from 1, actions from 0, and stated probabilities are in per cent.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from comity.corpora.coopeval.account import ElectionAccount, MatchAccount, MoveAccount, PlayAccount, Tournament
from comity.corpora.coopeval.names import Names
from comity.corpora.coopeval.terms import Terms, terms
from comity.corpora.errors import CorpusError
from comity.corpora.located import Located

if TYPE_CHECKING:
    import pyarrow as pa

Row: TypeAlias = dict[str, Any]

_COLUMNS = {
    "experiments": {
        "exp_id": "text", "run": "text", "game": "text", "game_params": "text", "mechanism": "text",
        "num_rounds": "int", "discount": "float?", "window": "int?", "recursion_depth": "int?",
    },
    "matches": {
        "exp_id": "text", "match_id": "int", "agents": "texts", "payoffs": "floats",
        "selected_proposal": "int?", "selected_designer": "text?", "all_signed": "bool?",
    },
    "moves": {
        "exp_id": "text", "match_id": "int", "round": "int", "seat": "int", "action": "int?", "delegated": "bool?",
        "base_payoff": "float?", "payoff": "float", "probs": "floats?", "source": "text",
    },
    "stage_decisions": {"exp_id": "text", "match_id": "int", "stage": "text", "seat": "int", "votes": "bools"},
    "proposals": {"exp_id": "text", "agent": "text", "seat": "int", "values": "ints"},
}  # fmt: skip
"""The columns that are read and what they hold (an s: a list of them; a question mark: or nothing)."""

_NEEDED = ("experiments", "matches", "moves")


def is_parquet(path: Path) -> bool:
    """Whether this folder holds the tables and not the source's own files."""
    return any((path / f"{name}.parquet").is_file() for name in _NEEDED)


def tournaments(path: Path) -> tuple[list[Tournament], list[str]]:
    """The tournaments of these tables, and what the tables lack as a whole.

    Raises `CorpusError` where a table or a column that is needed is missing, or a game or mechanism is unknown.
    """
    tables = Tables(path)
    found = [tables.tournament(row) for row in tables.read("experiments").to_pylist()]
    missing = [name for name in _COLUMNS if name not in _NEEDED and not tables.has(name)]
    notes = [f"{name}.parquet is missing, so the proposals and ballots are not all known" for name in missing]
    return found, [*notes, tables.order_note]


@dataclass(frozen=True)
class Tables:
    """The Parquet files of one folder."""

    folder: Path

    def has(self, name: str) -> bool:
        """Whether there is a table of that name."""
        return (self.folder / f"{name}.parquet").is_file()

    def read(self, name: str) -> pa.Table:
        """The columns of that table that are read here. Raises `CorpusError` where they are not as they should be."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path, columns = self.folder / f"{name}.parquet", _COLUMNS[name]
        try:
            file = pq.ParquetFile(path)
            absent = [column for column in columns if column not in file.schema_arrow.names]
            if absent:
                raise CorpusError(f"{path} has no column {', '.join(absent)}")
            table = file.read(list(columns)).select(list(columns)).cast(_schema(columns))
        except (OSError, pa.ArrowException) as error:
            raise CorpusError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
        return _without_gaps(path, table)

    @cached_property
    def _contents(self) -> dict[str, pa.Table]:
        return {name: self.read(name) for name in _COLUMNS if name in _NEEDED or self.has(name)}

    def rows(self, name: str, exp_id: str) -> list[Row]:
        """The rows of one tournament; none where there is no such table."""
        import pyarrow.compute as pc

        table = self._contents.get(name)
        return [] if table is None else table.filter(pc.equal(table["exp_id"], exp_id)).to_pylist()

    # The tables have no order of the agents, but the proposals were written down in that of the configuration

    @cached_property
    def _order(self) -> dict[str, int]:
        told = self._contents["proposals"]["agent"].to_pylist() if self.has("proposals") else []
        return {agent: place for place, agent in enumerate(dict.fromkeys(told))}

    @property
    def order_note(self) -> str:
        """Where the order of the agents is taken from, in words."""
        taken = "the order of the proposals" if self._order else "alphabetical order"
        return f"the tables do not keep the order in which the agents were configured; {taken} is taken for it"

    def roster(self, exp_id: str) -> tuple[str, ...]:
        """The agents of that tournament in the order of the configuration, as far as it is known."""
        agents = {agent for match in self.rows("matches", exp_id) for agent in match["agents"]}
        return tuple(sorted(agents, key=lambda agent: (self._order.get(agent, len(self._order)), agent)))

    def tournament(self, experiment: Row) -> Tournament:
        """The tournament of that row of experiments. Raises `CorpusError` where it has no matches."""
        exp_id = experiment["exp_id"]
        where = f"{self.folder / 'experiments.parquet'}, {exp_id}"
        roster = self.roster(exp_id)
        if not roster:
            raise CorpusError(f"{where}: there is no row of it in matches.parquet")
        names = Names(_terms(experiment, where, len(roster)), roster)
        return Tournament(exp_id, experiment["run"], names, (), Rows(self, exp_id, names).accounts)


def _schema(columns: Mapping[str, str]) -> pa.Schema:
    import pyarrow as pa

    plain = {"text": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    kinds = plain | {f"{name}s": pa.list_(kind) for name, kind in plain.items()}
    return pa.schema([(column, kinds[kind.rstrip("?")]) for column, kind in columns.items()])


def _without_gaps(path: Path, table: pa.Table) -> pa.Table:
    """The table. Raises `CorpusError` where an entry is missing that must be there."""
    for column, kind in _COLUMNS[path.stem].items():
        if not kind.endswith("?") and table[column].null_count:
            raise CorpusError(f"{path} has {table[column].null_count} rows without {column}")
    return table


def _terms(experiment: Row, where: str, agents: int) -> Terms:
    try:
        params = json.loads(experiment["game_params"])
    except (TypeError, json.JSONDecodeError) as error:
        raise CorpusError(f"{where}: game_params is not JSON") from error
    game = {"type": experiment["game"], "kwargs": params}
    columns = {"num_rounds": "num_rounds", "discount": "discount", "lookup_depth": "window"}
    given = {key: experiment[column] for key, column in columns.items()}
    if experiment["recursion_depth"] is not None:
        given["max_recursion_depth"] = experiment["recursion_depth"]
    return terms(Located(game, where), Located({"type": experiment["mechanism"], "kwargs": given}, where), agents)


@dataclass(frozen=True)
class Rows:
    """The rows of one tournament."""

    tables: Tables
    exp_id: str
    names: Names

    def accounts(self) -> Iterator[MatchAccount]:
        """Every match, in the order of `match_id`."""
        matches = sorted(self._rows("matches"), key=lambda row: row["match_id"])
        moves = _grouped(self._rows("moves"))
        if self.names.terms.rotates:
            yield self._population(matches, moves)
            return
        staged, proposed = _grouped(self._rows("stage_decisions")), self._proposed()
        for match in matches:
            number, agents = match["match_id"], self._agents(match)
            plays = tuple(self._plays(moves[number], self.names.everybody))
            election = self._election(match, staged[number], proposed) if self.names.terms.elected else None
            place = self.names.place(agents)
            yield MatchAccount(f"match {number}", place, agents, plays, election, tuple(match["payoffs"]))

    def _rows(self, name: str) -> list[Row]:
        return self.tables.rows(name, self.exp_id)

    def _agents(self, match: Row) -> tuple[str, ...]:
        if len(match["agents"]) != self.names.terms.seats:
            raise self._wrong(f"match {match['match_id']} has {len(match['agents'])} agents", "matches")
        return tuple(match["agents"])

    def _population(self, matches: list[Row], moves: Mapping[int, list[Row]]) -> MatchAccount:
        plays = [
            play
            for match in matches
            for play in self._plays(moves[match["match_id"]], self.names.players(self._agents(match)))
        ]
        plays.sort(key=lambda play: play.round)
        return MatchAccount("all its matches", 0, self.names.population, tuple(plays))

    def _plays(self, moves: Iterable[Row], players: tuple[int, ...]) -> Iterator[PlayAccount]:
        rounds: dict[int, dict[int, Row]] = defaultdict(dict)
        for move in moves:
            rounds[move["round"]][move["seat"] - 1] = move
        for number, by_seat in sorted(rounds.items()):
            if sorted(by_seat) != list(self.names.everybody):
                match = next(iter(by_seat.values()))["match_id"]
                raise self._wrong(f"match {match} has moves of {len(by_seat)} seats in round {number}")
            told = tuple(self._move(seat, by_seat[seat]) for seat in self.names.everybody)
            yield PlayAccount(number - 1, players, told)

    def _move(self, seat: int, move: Row) -> MoveAccount:
        stated = tuple(share / 100 for share in move["probs"] or ())
        return MoveAccount(
            self._action(seat, move), move["payoff"], bool(move["delegated"]), move["base_payoff"], stated
        )

    def _action(self, seat: int, move: Row) -> str | None:
        index = move["action"]
        if index is None or move["source"] == "payoffs_only":  # these were guessed from payoffs, as `check` does itself
            return None
        if not 0 <= index < len(self.names.terms.actions):
            raise self._wrong(f"match {move['match_id']} has action {index}, which the game has not")
        return self.names.terms.action(seat, index)

    def _wrong(self, what: str, table: str = "moves") -> CorpusError:
        return CorpusError(f"{self.tables.folder / table}.parquet, {self.exp_id}: {what}")

    # Elections

    def _proposed(self) -> dict[tuple[str, int], Any]:
        """By agent and seat its mediator or contract, as our rules have them."""
        read = self._plan if self.names.terms.elected == "mediator" else tuple
        return {(row["agent"], row["seat"] - 1): read(row["values"]) for row in self._rows("proposals")}

    def _plan(self, indexes: list[int]) -> tuple[str, ...]:
        return tuple(self.names.terms.action(0, index) for index in indexes)

    def _election(self, match: Row, staged: list[Row], proposed: Mapping[tuple[str, int], Any]) -> ElectionAccount:
        if match["selected_proposal"] is None or match["selected_designer"] is None:
            raise self._wrong(f"match {match['match_id']} does not say whose proposal won", "matches")
        staged = sorted(staged, key=lambda row: row["seat"])
        return ElectionAccount(
            proposals=tuple(proposed.get((agent, seat)) for seat, agent in enumerate(match["agents"])),
            ballots=tuple(tuple(row["votes"]) for row in staged if row["stage"] == "vote"),
            winner=match["selected_proposal"] - 1,
            designer=match["selected_designer"],
            signatures=tuple(row["votes"][0] for row in staged if row["stage"] == "sign"),
            all_signed=match["all_signed"],
        )


def _grouped(rows: Iterable[Row]) -> Mapping[int, list[Row]]:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["match_id"]].append(row)
    return groups
