"""The source's own layout: one folder for each tournament.

config.json says what was played by whom; records.jsonl tells the matches; mediator_design.json or contract_design.json
the proposals; matchup_payoffs.json what everybody was paid in each round. Only config.json must be there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from comity.corpora.coopeval import lines, pay
from comity.corpora.coopeval.account import MatchAccount, Tournament
from comity.corpora.coopeval.designs import designs
from comity.corpora.coopeval.names import Names, roster
from comity.corpora.coopeval.terms import terms
from comity.corpora.located import Located, json_lines, read_json

CONFIG, RECORDS, PAYOFFS = "config.json", "records.jsonl", "matchup_payoffs.json"
_PARTS = ("game", "mechanism", "agents")
_STAMP = re.compile(r"_\d{8}_\d{6}$")


def tournament_folders(path: Path) -> list[Path]:
    """The folders of tournaments at or below path, sorted by name."""
    if (path / CONFIG).is_file():
        return [path]
    return sorted(config.parent for config in path.rglob(CONFIG) if _is_of_a_tournament(config))


def _is_of_a_tournament(config: Path) -> bool:
    """Whether this can be the configuration of a tournament (in a whole tree there are others)."""
    text = config.read_bytes()
    return all(f'"{part}"'.encode() in text for part in _PARTS)


def replicates(folders: list[Path]) -> dict[Path, str]:
    """For each folder the name of its replicate: that of the folder it lies in, without the time stamp.

    Where two replicates would have the same name, the folder above is named too.
    """
    above = {folder: folder.resolve().parent for folder in folders}
    short = {parent: _STAMP.sub("", parent.name) or "1" for parent in above.values()}
    often = Counter(short.values())
    long = {parent: f"{parent.parent.name}/{parent.name}" for parent in short}
    return {folder: short[up] if often[short[up]] == 1 else long[up] for folder, up in above.items()}


def tournament(folder: Path, replicate: str) -> Tournament:
    """The tournament in that folder. Raises `CorpusError` where its configuration cannot be understood."""
    config = read_json(folder / CONFIG)
    agents = roster(config["agents"])
    names = Names(terms(config["game"], config["mechanism"], len(agents)), agents)
    files = Files(folder, names)
    notes = (*files.lacking(), *_untold(config["mechanism"]))
    return Tournament(f"{replicate}/{folder.resolve().name}", replicate, names, notes, files.accounts)


def _untold(mechanism: Located) -> list[str]:
    key = "include_prior_distributions"
    given = mechanism["kwargs"]
    if given.has(key) and given[key].as_a(bool):
        return ["its players were also shown counts of all earlier actions, which our rules do not show"]
    return []


@dataclass(frozen=True)
class Files:
    """The files of one tournament."""

    folder: Path
    names: Names

    def lacking(self) -> list[str]:
        """What is not in the folder, in words."""
        if self._has(RECORDS):
            missing = self._kind and not self._has(self._design)
            return [f"it has no {self._design}, so the proposals are not known"] if missing else []
        if self._has(PAYOFFS):
            return [f"it has no {RECORDS}; what is known of it is read from {PAYOFFS}"]
        return [f"it has neither {RECORDS} nor {PAYOFFS}, so nothing of it could be read"]

    def accounts(self) -> Iterator[MatchAccount]:
        """Every match, in the order of the file."""
        for account in self._read():
            yield replace(account, where=account.where.removeprefix(f"{self.folder}/"))

    def _read(self) -> Iterator[MatchAccount]:
        if not self._has(RECORDS):
            yield from self._paid()
            return
        paid = {account.place: account.payoffs for account in self._paid()}
        for account in map(self._reader(), json_lines(self.folder / RECORDS)):
            yield replace(account, payoffs=paid.get(account.place, ()))

    def _paid(self) -> Iterator[MatchAccount]:
        if not self._has(PAYOFFS):
            return iter(())
        read = pay.population if self.names.terms.rotates else pay.matches
        return read(read_json(self.folder / PAYOFFS), self.names)

    def _reader(self) -> Callable[[Located], MatchAccount]:
        if self._kind:
            known = self.folder / self._design
            proposed = designs(read_json(known), self.names, self._kind) if known.is_file() else {}
            return partial(lines.election, names=self.names, kind=self._kind, designs=proposed)
        return partial(lines.population if self.names.terms.rotates else lines.rounds, names=self.names)

    @property
    def _kind(self) -> str:
        return self.names.terms.elected

    @property
    def _design(self) -> str:
        return f"{self._kind}_design.json"

    def _has(self, name: str) -> bool:
        return (self.folder / name).is_file()
