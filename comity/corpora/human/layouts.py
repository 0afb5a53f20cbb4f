"""The published layouts in which people's choices are kept, and how each becomes a long table.

A layout is known by its columns. What it says is moved into the columns of `comity.fidelity.observations.COLUMNS` and
nothing is added: where a source has no names of subjects or sessions, its card says so. The data themselves are not
ours to hand on; a user brings the files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from comity.corpora.errors import CorpusError
from comity.corpora.human.files import SourceFile

Payoffs: TypeAlias = dict[str, float]


@dataclass(frozen=True)
class Told:
    """What was read of a source: the long table, the links where they are known, payoffs by condition (R, S, T, P), and
    what must be said of it besides."""

    table: pd.DataFrame
    links: pd.DataFrame | None = None
    payoffs: Mapping[str, Payoffs] = field(default_factory=dict)
    limits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """One way in which a layout is kept: the columns that it must have, and how files with them are read."""

    columns: frozenset[str]
    read: Callable[[Sequence[SourceFile]], Told]


@dataclass(frozen=True)
class Layout:
    """A published layout: what its card says, and the forms in which it is found.

    several: whether it may be spread over several files, each with other sessions or conditions.
    """

    name: str
    title: str
    source: str
    licence: str
    citation: str
    forms: tuple[Form, ...]
    ids: bool = True
    sessions_known: bool = True
    several: bool = False
    missing: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    protocol: Mapping[str, str] = field(default_factory=dict)

    def form_of(self, file: SourceFile) -> Form | None:
        """The form that a file has, if it has one of these."""
        return next((form for form in self.forms if form.columns <= file.columns), None)


def renamed(file: SourceFile, columns: Mapping[str, str]) -> pd.DataFrame:
    """Columns of a file under the names of ours: {ours: its}."""
    return pd.DataFrame({ours: file.frame[its] for ours, its in columns.items()})


def from_zero(file: SourceFile, column: str) -> pd.Series[int]:
    """The rounds of a column that counts from 1, counted from 0. Raises `CorpusError` for what is no such number."""
    found = numbers(file, column)
    wrong = ((found < 1) | (found % 1 != 0)).to_numpy(dtype=bool)
    refuse_first(file.path, file.frame, column, wrong, "allowed is a whole number from 1")
    return (found - 1).astype(int)


def coded(file: SourceFile, column: str, codes: Mapping[str, str], empty: bool = False) -> pd.Series[str]:
    """A column in other words. Raises `CorpusError` for a word that is not among these. empty: whether nothing may
    stand there, which is nothing then."""
    values = file.frame[column]
    words = values.astype("string").str.strip().str.removesuffix(".0").str.casefold()
    found = words.map(codes)
    wrong = found.isna() & ~(values.isna() & empty)
    refuse_first(file.path, file.frame, column, wrong.to_numpy(dtype=bool), f"allowed are {', '.join(codes)}")
    return found


def refuse_first(path: Path, frame: pd.DataFrame, column: str, wrong: np.ndarray, why: str) -> None:
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        value = frame[column].iloc[place]
        shown = "nothing" if pd.isna(value) else repr(str(value)[:40])
        raise CorpusError(f"{path}, row {place + 1}: {column} is {shown}; {why}")


def before(table: pd.DataFrame, values: pd.Series, by: Sequence[str]) -> pd.Series:
    """Of each row the value in the round before, of the same agent in the same stretch; nothing after a gap."""
    ordered = table.assign(_value=values).sort_values([*by, "round"], kind="stable")
    grouped = ordered.groupby(list(by), sort=False)
    follows = grouped["round"].shift() == ordered["round"] - 1
    return grouped["_value"].shift().where(follows).reindex(table.index)


COURSE = ("condition", "session", "agent", "stretch")
CHOICES = {"c": "C", "d": "D"}


def seen_of_partner(table: pd.DataFrame, other: pd.Series) -> pd.Series:
    """The share of partners who cooperated in the round before, of whom there is one: 1, 0 or nothing."""
    return before(table, other.map({"C": 1.0, "D": 0.0}), COURSE)


def numbers(file: SourceFile, column: str) -> pd.Series[float]:
    """A column of numbers. Raises `CorpusError` for what is none."""
    found = pd.to_numeric(file.frame[column].astype("string"), errors="coerce").astype(float)
    refuse_first(file.path, file.frame, column, ~np.isfinite(found.to_numpy()), "allowed is a number")
    return found


def payoffs_of(file: SourceFile, condition: pd.Series, columns: Mapping[str, str]) -> dict[str, Payoffs]:
    """The payoffs of each condition, as its first row has them. columns: by R, S, T, P."""
    first = ~condition.duplicated()
    rows = np.column_stack([numbers(file, column)[first] for column in columns.values()])
    return {
        str(name): dict(zip(columns, map(float, row), strict=True))
        for name, row in zip(condition[first], rows, strict=True)
    }
