"""The card of a data set: where it comes from, what may be done with it, what is in it and what is not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from comity.corpora.errors import CorpusError
from comity.corpora.located import Located, read_json

CARD = "card.json"
VERSION = 1
"""Raised whenever a card, or what lies beside it, comes to mean something else."""

Kind: TypeAlias = Literal["individuals", "aggregates"]

PROTOCOL = ("information", "horizon", "time limit", "order", "labels", "comprehension", "leakage")
"""What a protocol-parity checklist asks besides payoffs, agents and rounds: what players were shown, how the end was
announced, how long they had, what they had played before, whether labels were counter-balanced, whether it was tested
that they understood, and since when a model may have read about it."""


@dataclass(frozen=True)
class Treatment:
    """One condition of a data set.

    payoffs: of the stage game by R, S, T, P (both cooperate, sucker, temptation, both defect); empty where not known.
    subjects, sessions: how many. rounds: of the longest stretch. decisions: actions that count. invalid: rows without
    one because nobody chose it. cooperation: the share of decisions that cooperated.
    """

    payoffs: Mapping[str, float]
    subjects: int
    sessions: int
    rounds: int
    decisions: int
    invalid: int
    cooperation: float


@dataclass(frozen=True)
class Card:
    """What there is to know of a data set before anything is measured.

    kind: "individuals", or "aggregates" where only series and distributions are known.
    populations: who is in it. conditions: by name. subjects, sessions, decisions: in all.
    ids: whether the rows of one person can be told to be hers. sessions_known: whether it is known who took part
        together. links: whether it is known who met whom, so that play can be simulated on the same links.
    missing, limits: what the source lacks and what follows from it, each a sentence.
    protocol: what is known of `PROTOCOL`. files: the SHA-256 of every file that was read.
    """

    name: str
    title: str
    kind: Kind
    source: str
    licence: str
    citation: str
    populations: tuple[str, ...]
    conditions: Mapping[str, Treatment]
    subjects: int
    sessions: int
    decisions: int
    ids: bool
    sessions_known: bool
    links: bool
    missing: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    protocol: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Keep it beside the data."""
        text = json.dumps({"version": VERSION, **asdict(self)}, indent=2, ensure_ascii=False)
        (folder / CARD).write_text(text + "\n", encoding="utf-8")


def read_card(folder: Path) -> Card:
    """The card of the data set in a folder. Raises `CorpusError` where there is none, or it is not as we write it."""
    if not (folder / CARD).is_file():
        raise CorpusError(
            f"{folder} holds no data set of people: there is no {CARD} in it; `comity import human` makes one"
        )
    entries = read_json(folder / CARD)
    if entries["version"].value != VERSION:
        raise entries["version"].wrong(f"found {entries['version'].value!r}, where this comity reads version {VERSION}")
    kind: Kind
    match entries["kind"].value:
        case "individuals" | "aggregates" as kind:
            pass
        case other:
            raise entries["kind"].wrong(f'found {other!r}; allowed are "individuals" and "aggregates"')
    fields: dict[str, Any] = {
        **{name: entries[name].as_a(str) for name in ("name", "title", "source", "licence", "citation")},
        **{name: entries[name].as_a(int) for name in ("subjects", "sessions", "decisions")},
        **{name: entries[name].as_a(bool) for name in ("ids", "sessions_known", "links")},
        **{name: _texts(entries[name]) for name in ("populations", "missing", "limits")},
        **{name: _named_texts(entries[name]) for name in ("protocol", "files")},
        "conditions": {name: _treatment(entries["conditions"][name]) for name in entries["conditions"].as_a(dict)},
    }
    return Card(kind=kind, **fields)


def _texts(entries: Located) -> tuple[str, ...]:
    return tuple(entry.as_a(str) for entry in entries)


def _named_texts(entries: Located) -> dict[str, str]:
    return {name: entries[name].as_a(str) for name in entries.as_a(dict)}


def _treatment(entries: Located) -> Treatment:
    counts: dict[str, Any] = {
        name: entries[name].as_a(int) for name in ("subjects", "sessions", "rounds", "decisions", "invalid")
    }
    payoffs = {name: entries["payoffs"][name].as_a(float) for name in entries["payoffs"].as_a(dict)}
    return Treatment(payoffs=payoffs, cooperation=entries["cooperation"].as_a(float), **counts)
