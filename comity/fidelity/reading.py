"""A long table becomes observations, or is refused in one sentence.

A lag is never carried from one stretch or session to the next, nor over a round that is missing: where the table gives
one there, or one that its own rows contradict, it is wrong, and nobody could say how. A row with `valid` false has no
action that counts, as nobody chose it; that its neighbours saw it is kept in what they saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.fidelity.linked import ALWAYS, Links, checked_mutual, degrees, shares_before
from comity.fidelity.observations import NEEDED, Codes, FidelityError, Floats, Observations, lagged

ACTIONS: Mapping[str, float] = {"c": 1, "cooperate": 1, "1": 1, "true": 1, "d": 0, "defect": 0, "0": 0, "false": 0}
"""What an action may be called in a table, capitals or not; an empty field is no action."""

TRUTHS: Mapping[str, float] = {"true": 1, "1": 1, "false": 0, "0": 0}
"""What `valid` may be called."""

LINK_COLUMNS = ("session", "agent", "neighbour")
"""Columns that a table of links must have. `condition`, `stretch` and `round` may be there: without them a link holds
in all of them."""

LAST_ROUND = 9_999
"""The largest number that a round may have; what is measured has room for every round of every agent."""

_TOLERANCE = 0.006
"""A share of neighbours may be rounded to two decimals; shares among up to 80 neighbours lie further apart."""

Key: TypeAlias = tuple[str, str]
"""A population and a condition."""


def read_observations(table: pd.DataFrame, links: Links | None = None, *, keep_invalid: bool = False) -> Observations:
    """One population in one condition from its long table, as `comity.fidelity.observations.observations` says.

    links: [links, 4] as in `Observations`, with stretches and agents (of a session) as codes in the order of their
        first appearance in the table. keep_invalid: whether actions that an agent did not choose itself count all the
        same; none is then left out, and none is counted as such.

    Raises `FidelityError` with one sentence that names the row (counted from 1, without the header) and the column.
    """
    absent = [column for column in NEEDED if column not in table]
    if absent:
        raise FidelityError(f"the table has no column {', '.join(absent)}; needed are {', '.join(NEEDED)}")
    if not len(table):
        raise FidelityError("the table has no rows")
    read = _read(table)
    read.checked_once()
    action = read.action if keep_invalid else np.where(read.valid, read.action, np.nan)
    found = Observations(
        population=_only(table, "population"),
        condition=_only(table, "condition"),
        sessions=read.sessions,
        agents=read.agents,
        session_of=read.session_of,
        unit_of=read.unit_of,
        agent=read.agent,
        stretch=read.stretch,
        round=read.round,
        action=action,
        own=_own(read, keep_invalid),
        neighbours=read.lag("neighbours", low=0.0, high=1.0),
        degree=read.number("degree", low=0.0),
        pay=read.lag("pay"),
        best=read.lag("best"),
        links=None if links is None else _checked_links(links, read),
        invalid=0 if keep_invalid else int((~read.valid).sum()),
    )
    return found if links is None else _seeing(found, read)


def read_conditions(
    table: pd.DataFrame, links: pd.DataFrame | None = None, *, keep_invalid: bool = False
) -> dict[Key, Observations]:
    """Every population of a long table in every condition, by (population, condition), in the order of the table.

    links: one row per link, by label, with `LINK_COLUMNS` and maybe condition, stretch and round; each edge twice or
        once. Where several populations play in one session, what was seen of neighbours is worked out among all, and
        the links of a population whose neighbours are not all its own are not kept: it cannot be played again alone.
    """
    absent = [column for column in NEEDED if column not in table]
    if absent:
        raise FidelityError(f"the table has no column {', '.join(absent)}; needed are {', '.join(NEEDED)}")
    if not len(table):
        raise FidelityError("the table has no rows")
    for column in ("population", "condition"):
        _whole(table, column)
    found: dict[Key, Observations] = {}
    table = table.reset_index(drop=True)
    if links is not None:
        _checked_places(table, links)
    for condition, rows in table.groupby("condition", sort=False):
        among = None if links is None else links_from_table(rows, _links_under(links, rows, str(condition)))
        together = read_observations(rows.assign(population="all"), among, keep_invalid=keep_invalid)
        found |= {(name, str(condition)): part for name, part in _by_population(rows, together, keep_invalid).items()}
    wanted = [(str(name), str(of)) for name, of in zip(*_pairs(table), strict=True)]
    return {key: found[key] for key in wanted}


def links_from_table(table: pd.DataFrame, links: pd.DataFrame) -> Links:
    """Links by label as links by code, for the rows of a table of one condition; an edge may stand there once or twice.

    Raises `FidelityError` where a column is missing, or somebody or some stretch is not in the table.
    """
    absent = [column for column in LINK_COLUMNS if column not in links]
    if absent:
        raise FidelityError(f"the links have no column {', '.join(absent)}; needed are {', '.join(LINK_COLUMNS)}")
    agents = pd.MultiIndex.from_arrays([_text(table, "session"), _text(table, "agent")]).unique()
    ends = [_found(agents, links, name) for name in ("agent", "neighbour")]
    last = int(_whole_numbers(table, "round", low=0).max())
    round = _whole_numbers(links, "round", ALWAYS, last) if "round" in links else np.full(len(links), ALWAYS)
    stretches = pd.Index(_text(table, "stretch") if "stretch" in table else ["0"]).unique()
    if "stretch" in links:
        stretch = np.asarray(stretches.get_indexer(pd.Index(_text(links, "stretch"))))
        _refuse_first(links, stretch < 0, "stretch", "the table has no such stretch")
        rows = np.column_stack([stretch, round, *ends])
    else:
        every = np.arange(len(stretches)).repeat(len(links))
        rows = np.column_stack([every, *(np.tile(each, len(stretches)) for each in (round, *ends))])
    both = np.concatenate([rows, rows[:, [0, 1, 3, 2]]]).astype(np.int64)
    return np.unique(both, axis=0)


@dataclass(frozen=True)
class _Read:
    """The columns of a table, in the order of observations: by agent, stretch and round.

    rows: [rows], where each row stands in the table. action: [rows], what was done, whoever chose it. executed: [rows],
    what became of it.
    """

    table: pd.DataFrame
    rows: Codes
    sessions: tuple[str, ...]
    agents: tuple[str, ...]
    session_of: Codes
    unit_of: Codes
    agent: Codes
    stretch: Codes
    round: Codes
    action: Floats
    executed: Floats
    valid: NDArray[np.bool_]

    @property
    def follows(self) -> NDArray[np.bool_]:
        """[rows]: whether the row before is the round before, of the same agent in the same stretch."""
        return ~np.isnan(lagged(self.agent, self.stretch, self.round, np.zeros(len(self.rows))))

    def name(self, place: int) -> int:
        """The number of a row in the table."""
        return _row(self.table, int(self.rows[place]))

    def number(self, column: str, low: float = -np.inf, high: float = np.inf) -> Floats:
        """[rows]: the numbers of a column between two bounds; NaN where there is none."""
        if column not in self.table:
            return np.full(len(self.rows), np.nan)
        return _numbers(self.table, column, low, high)[self.rows]

    def lag(self, column: str, low: float = -np.inf, high: float = np.inf) -> Floats:
        """[rows]: the numbers of a column that tells of the round before. Refused where there is no round before."""
        values = self.number(column, low, high)
        self.refuse_unfounded(column, ~np.isnan(values))
        return values

    def refuse_unfounded(self, column: str, given: NDArray[np.bool_]) -> None:
        """Raise `FidelityError` where a lag is given that would reach over the start of a stretch, or over a gap."""
        wrong = given & ~self.follows
        if not wrong.any():
            return
        place = int(np.flatnonzero(wrong)[0])
        opens = place == 0 or (self.agent[place], self.stretch[place]) != (
            self.agent[place - 1],
            self.stretch[place - 1],
        )
        why = "the first round of a stretch, which has no round before" if opens else "a round that follows a gap"
        raise FidelityError(
            f"row {self.name(place)}: {column} is given in {why}; lags never reach over stretches, sessions or gaps"
        )

    def checked_once(self) -> None:
        """Raise `FidelityError` where an agent has two rows for one round, or no stretch starts with round 0."""
        again = (np.diff(self.agent) == 0) & (np.diff(self.stretch) == 0) & (np.diff(self.round) == 0)
        if again.any():
            place = int(np.flatnonzero(again)[0])
            first, second = sorted((self.name(place), self.name(place + 1)))
            raise FidelityError(
                f"rows {first} and {second} are both of agent {self.agents[self.agent[place]]!r} in round "
                f"{self.round[place]} of one stretch; an agent has one row for a round"
            )
        if self.round.min() > 0:
            raise FidelityError(f"rounds start with {self.round.min()}; within a stretch they are counted from 0")


def _read(table: pd.DataFrame) -> _Read:
    sessions, session = _coded(table, "session")
    names, named = _coded(table, "agent")
    agent, first = _joint(session, named, len(names))
    session_of = session[first]
    labels = tuple(names[each] for each in named[first])
    if len(set(labels)) < len(labels):  # names are used again in another session
        labels = tuple(f"{sessions[where]}/{label}" for where, label in zip(session_of, labels, strict=True))
    stretch = _coded(table, "stretch")[1] if "stretch" in table else np.zeros(len(table), dtype=np.intp)
    round = _whole_numbers(table, "round", low=0)
    rows = np.lexsort((round, stretch, agent))
    return _Read(
        table=table,
        rows=rows,
        sessions=sessions,
        agents=labels,
        session_of=session_of,
        unit_of=_units(table, session, agent, first),
        agent=agent[rows],
        stretch=stretch[rows],
        round=round[rows],
        action=_named(table, "action", ACTIONS)[rows],
        executed=_named(table, "executed" if "executed" in table else "action", ACTIONS)[rows],
        valid=_validity(table)[rows],
    )


def _units(table: pd.DataFrame, session: Codes, agent: Codes, first: Codes) -> Codes:
    """[agents]: the unit of each; each its own where the table does not say."""
    if "unit" not in table:
        return np.arange(len(first))
    names, named = _coded(table, "unit")
    unit = _joint(session, named, len(names))[0]
    _refuse_first(table, unit != unit[first][agent], "unit", "the same agent has another unit in an earlier row")
    return np.asarray(unit[first])


def _joint(outer: Codes, inner: Codes, n_inner: int) -> tuple[Codes, Codes]:
    """Pairs of codes as codes in the order of their first appearance, and the row of that, [codes]."""
    codes = pd.factorize(outer * n_inner + inner)[0]
    return codes, np.unique(codes, return_index=True)[1]


def _validity(table: pd.DataFrame) -> NDArray[np.bool_]:
    if "valid" not in table:
        return np.ones(len(table), dtype=bool)
    valid = _named(table, "valid", TRUTHS)
    _refuse_first(table, np.isnan(valid), "valid", "it must be true or false")
    return np.asarray(valid == 1)


def _own(read: _Read, keep_invalid: bool) -> Floats:
    """The own action of the round before, [rows]; one that is given must be the one of the row before."""
    if "own" in read.table:
        given = _named(read.table, "own", ACTIONS)[read.rows]
        read.refuse_unfounded("own", ~np.isnan(given))
        done = lagged(read.agent, read.stretch, read.round, read.executed)
        wrong = ~np.isnan(given) & (given != done)
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            before = {1.0: "cooperated", 0.0: "defected"}.get(done[place], "has no action")
            raise FidelityError(
                f"row {read.name(place)}: own is {given[place]:g}, but row {read.name(place - 1)}, the round before, "
                f"{before}"
            )
    counts = read.executed if keep_invalid else np.where(read.valid, read.executed, np.nan)
    return lagged(read.agent, read.stretch, read.round, counts)


def _seeing(found: Observations, read: _Read) -> Observations:
    """With what neighbours did and how many there were, from the links; what the table gives must agree with it."""
    share, degree = shares_before(found, read.executed), degrees(found)
    for column, given, linked in (("neighbours", found.neighbours, share), ("degree", found.degree, degree)):
        wrong = np.abs(given - linked) > _TOLERANCE  # where either is not known there is nothing to contradict
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            raise FidelityError(
                f"row {read.name(place)}: {column} is {given[place]:g}, and {linked[place]:g} by the links"
            )
    return replace(
        found,
        neighbours=np.where(np.isnan(found.neighbours), share, found.neighbours),
        degree=np.where(np.isnan(found.degree), degree, found.degree),
    )


def _checked_links(links: Links, read: _Read) -> Links:
    rows = np.asarray(links)
    if rows.ndim != 2 or rows.shape[1] != 4 or not np.issubdtype(rows.dtype, np.integer):
        raise FidelityError("links are rows of four whole numbers: stretch, round, agent, neighbour")
    ends = rows[:, 2:]
    if len(rows) and (ends.min() < 0 or ends.max() >= len(read.agents)):
        raise FidelityError(f"links name agents that are not there; codes are 0 to {len(read.agents) - 1}")
    if len(rows) and (rows[:, 0].min() < 0 or rows[:, 0].max() > read.stretch.max()):
        raise FidelityError(f"links name stretches that are not there; codes are 0 to {read.stretch.max()}")
    if (read.session_of[ends[:, 0]] != read.session_of[ends[:, 1]]).any():
        raise FidelityError("links join agents of different sessions; neighbours are of one session")
    checked_mutual(rows)
    return rows


def parted(together: Observations, part_of: Codes, names: Sequence[str]) -> dict[str, Observations]:
    """Observations of several populations, each for itself. part_of: [agents], which of the names each belongs to.

    What an agent saw of its neighbours stays, whoever they were; links only stay where the neighbours of all of a
    population are of it too.
    """
    missing = np.bincount(together.agent, ~together.known, minlength=together.n_agents)
    parts = {}
    for code, name in enumerate(names):
        stay = part_of == code
        part = replace(together.taking(stay), population=name, invalid=int(missing[stay].sum()))
        parts[name] = part if _is_closed(together, stay) else replace(part, links=None)
    return parts


def _by_population(rows: pd.DataFrame, together: Observations, keep_invalid: bool) -> dict[str, Observations]:
    """What each population did, of agents of several that were read together."""
    names, population = _coded(rows, "population")
    session = _coded(rows, "session")[1]
    agents, named = _coded(rows, "agent")
    agent, first = _joint(session, named, len(agents))
    of_agent = population[first]
    _refuse_first(
        rows, population != of_agent[agent], "population", "the same agent is of another one in an earlier row"
    )
    left_out = np.zeros(len(rows), dtype=bool) if keep_invalid else ~_validity(rows)
    count = np.bincount(population, left_out, minlength=len(names))
    parts = parted(together, of_agent, names)
    return {name: replace(parts[name], invalid=int(count[code])) for code, name in enumerate(names)}


def _is_closed(together: Observations, stay: NDArray[np.bool_]) -> bool:
    """Whether the neighbours of all who stay stay too."""
    links = together.links
    return links is None or bool((stay[links[:, 2]] == stay[links[:, 3]]).all())


def _links_under(links: pd.DataFrame, rows: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The links of one condition: those that say so, and where none says anything those of its sessions."""
    if "condition" in links:
        return links[_text(links, "condition") == condition]
    return links[_text(links, "session").isin(_text(rows, "session").unique())]


def _checked_places(table: pd.DataFrame, links: pd.DataFrame) -> None:
    """Raise `FidelityError` where links are of a condition or session that the table does not have."""
    for column in ("condition", "session"):
        if column in links:
            lost = ~_text(links, column).isin(_text(table, column).unique())
            _refuse_first(links, lost.to_numpy(), column, f"the table has no such {column}")


def _pairs(table: pd.DataFrame) -> tuple[pd.Series[str], pd.Series[str]]:
    pairs = table[["population", "condition"]].drop_duplicates()
    return pairs["population"].astype(str), pairs["condition"].astype(str)


def _found(agents: pd.MultiIndex, links: pd.DataFrame, column: str) -> Codes:
    places = np.asarray(agents.get_indexer(pd.MultiIndex.from_arrays([_text(links, "session"), _text(links, column)])))
    _refuse_first(links, places < 0, column, "the table has nobody of that name in that session")
    return places


def _coded(table: pd.DataFrame, column: str) -> tuple[tuple[str, ...], Codes]:
    """The labels of a column in the order of their first appearance, and which each row has, [rows]."""
    codes, labels = pd.factorize(table[column])
    _refuse_first(table, codes < 0, column, "nothing stands there")
    return tuple(map(str, labels)), codes


def _text(table: pd.DataFrame, column: str) -> pd.Series[str]:
    _whole(table, column)
    return table[column].astype(str)


def _whole(table: pd.DataFrame, column: str) -> None:
    """Raise `FidelityError` where a row has nothing in the column."""
    _refuse_first(table, table[column].isna().to_numpy(), column, "nothing stands there")


def _only(table: pd.DataFrame, column: str) -> str:
    labels, _ = _coded(table, column)
    if len(labels) > 1:
        some = ", ".join(map(repr, labels[:3])) + (", ..." if len(labels) > 3 else "")
        raise FidelityError(f"the table has several {column}s ({some}), where observations are of one; choose one")
    return labels[0]


def _named(table: pd.DataFrame, column: str, words: Mapping[str, float]) -> Floats:
    """[rows]: 1 or 0 as the words say; NaN where nothing stands. Numbers and truth values are words too."""
    codes, labels = pd.factorize(table[column])
    meanings = [words.get(_word(label), -1.0) for label in labels]
    values = np.array([*meanings, np.nan])[codes]  # code -1, nothing, is the last
    allowed = ", ".join(words) + (", or nothing" if words is ACTIONS else "")
    _refuse_first(table, values < 0, column, f"allowed are {allowed}")
    return values


def _word(label: object) -> str:
    """A value as it is spelled in `ACTIONS`: 1.0 is "1", True is "true", " C" is "c"."""
    if isinstance(label, float | np.floating) and float(label).is_integer():
        return str(int(label))
    return str(label).strip().casefold()


def _numbers(table: pd.DataFrame, column: str, low: float, high: float) -> Floats:
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    lost = np.isnan(values) & table[column].notna().to_numpy()
    between = "a number" if low == -np.inf else f"{low:g} or more" if high == np.inf else f"{low:g} to {high:g}"
    wrong = lost | (values < low) | (values > high) | np.isinf(values)
    _refuse_first(table, wrong, column, f"allowed is {between}, or nothing")
    return values


def _whole_numbers(table: pd.DataFrame, column: str, low: int, high: int = LAST_ROUND) -> Codes:
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = ~np.isfinite(values) | (values != np.floor(values)) | (values < low) | (values > high)
    _refuse_first(table, wrong, column, f"allowed is a whole number from {low} to {high}")
    return values.astype(np.intp)


def _refuse_first(table: pd.DataFrame, wrong: NDArray[np.bool_], column: str, why: str) -> None:
    """Raise `FidelityError` for the first row that is wrong, if there is one."""
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        found = table[column].iloc[place]
        shown = "nothing" if pd.isna(found) else repr(str(found)[:40])
        raise FidelityError(f"row {_row(table, place)}: {column} is {shown}; {why}")


def _row(table: pd.DataFrame, place: int) -> int:
    """The number of a row, counted from 1; of a part of a table the number in the whole."""
    label = table.index[place]
    return int(label) + 1 if isinstance(label, int | np.integer) else place + 1
