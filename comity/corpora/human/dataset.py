"""A data set of people as a folder: a card, and beside it the long table and its links, or series where nothing is
known of individuals. The card is written last, so that a folder with a card is whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

from comity.corpora.errors import CorpusError
from comity.corpora.human.card import CARD, Card, read_card
from comity.corpora.human.recovered import Series
from comity.corpora.located import read_json
from comity.fidelity.observations import FidelityError, Observations
from comity.fidelity.reading import Key, read_conditions

TABLE = "observations.parquet"
LINKS = "links.parquet"
SERIES = "series.json"


@dataclass(frozen=True)
class HumanData:
    """What people did, and what there is to know of it.

    observations: by population and condition; empty where only aggregates are known. aggregates: the series then.
    """

    card: Card
    observations: Mapping[Key, Observations]
    aggregates: Mapping[Key, Series] = field(default_factory=dict)

    def population(self, name: str | None = None) -> str:
        """That population, or the only one. Raises `CorpusError` where there is none of that name, or several."""
        if name is None and len(self.card.populations) == 1:
            return self.card.populations[0]
        known = ", ".join(map(repr, self.card.populations))
        if name is None:
            raise CorpusError(f"the data set {self.card.name} has several populations ({known}); choose one")
        if name not in self.card.populations:
            raise CorpusError(f"the data set {self.card.name} has no population {name!r}; there are {known}")
        return name

    def conditions(self, population: str | None = None) -> dict[str, Observations]:
        """What a population did, by condition. Raises `CorpusError` as `population`."""
        chosen = self.population(population)
        return {condition: found for (name, condition), found in self.observations.items() if name == chosen}

    def series(self, population: str | None = None) -> dict[str, Series]:
        """The aggregates of a population, by condition. Raises `CorpusError` as `population`."""
        chosen = self.population(population)
        return {condition: found for (name, condition), found in self.aggregates.items() if name == chosen}


def is_human(folder: Path) -> bool:
    """Whether a data set of people lies in that folder."""
    return (folder / CARD).is_file()


def read_human(folder: Path, *, keep_invalid: bool = False) -> HumanData:
    """The data set that `comity import human` wrote into that folder.

    keep_invalid: whether actions that nobody chose count all the same. Raises `CorpusError` where it cannot be read.
    """
    card = read_card(folder)
    if card.kind == "aggregates":
        series = [Series.from_json(entry) for entry in read_json(folder / SERIES)]
        return HumanData(card, {}, {(each.population, each.condition): each for each in series})
    table = _parquet(folder / TABLE)
    links = _parquet(folder / LINKS) if card.links else None
    try:
        return HumanData(card, read_conditions(table, links, keep_invalid=keep_invalid))
    except FidelityError as error:
        raise CorpusError(f"{folder / TABLE}: {error}") from error


def checked_folder(out: Path) -> None:
    """Raise `CorpusError` unless a data set can be written there: nothing, or an empty folder."""
    if out.exists() and not out.is_dir():
        raise CorpusError(f"{out} is a file, not a folder")
    if out.is_dir() and any(out.iterdir()):
        raise CorpusError(f"{out} is not empty; choose another folder")


def write_human(out: Path, card: Card, table: pd.DataFrame, links: pd.DataFrame | None) -> None:
    """Write a data set of individuals, all of it or nothing. Raises `CorpusError` where it cannot be written."""

    def parts(folder: Path) -> None:
        table.to_parquet(folder / TABLE, index=False, compression="zstd")
        if links is not None:
            links.to_parquet(folder / LINKS, index=False, compression="zstd")

    _write(out, card, parts)


def write_aggregates(out: Path, card: Card, series: Mapping[Key, Series]) -> None:
    """Write a data set of aggregates, all of it or nothing. Raises `CorpusError` where it cannot be written."""

    def parts(folder: Path) -> None:
        entries = [each.to_json() for each in series.values()]
        (folder / SERIES).write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    _write(out, card, parts)


def _write(out: Path, card: Card, parts: Callable[[Path], None]) -> None:
    """Make the folder beside its place, and put it there when it is whole."""
    checked_folder(out)
    made: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        made = Path(mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        parts(made)
        card.write(made)
        made.chmod(0o755)
        if out.is_dir():
            out.rmdir()
        made.rename(out)
    except OSError as error:
        raise CorpusError(f"{out} cannot be written: {error.strerror}") from error
    finally:
        if made is not None and made.exists():
            shutil.rmtree(made)


def _parquet(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise CorpusError(f"{path} is missing, and nothing can be read without it")
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:  # what is no Parquet is a ValueError of pyarrow
        raise CorpusError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
