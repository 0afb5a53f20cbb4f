"""The layout of our own: a CSV or Parquet file with the columns of `COLUMNS`, links beside it, and what a card says."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from comity.corpora.errors import CorpusError
from comity.corpora.human.card import PROTOCOL
from comity.corpora.human.files import SourceFile
from comity.corpora.human.layouts import Form, Layout, Payoffs, Told
from comity.fidelity.observations import COLUMNS, NEEDED
from comity.fidelity.reading import LINK_COLUMNS

NAME = "tidy"
LINKS = "links"
"""The name of the file of links, without its ending."""
ABOUT = "card.toml"
"""What a person says of a data set of hers, beside the table."""

_TEXTS = ("title", "source", "licence", "citation")
_TRUTHS = ("ids", "sessions_known")
_KEYS = (*_TEXTS, *_TRUTHS, "missing", "limits", "payoffs", "protocol")


@dataclass(frozen=True)
class About:
    """What `card.toml` says; what it leaves out stays unknown."""

    texts: Mapping[str, str] = field(default_factory=dict)
    ids: bool = True
    sessions_known: bool = True
    missing: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    payoffs: Mapping[str, Payoffs] = field(default_factory=dict)
    protocol: Mapping[str, str] = field(default_factory=dict)


def tidy_layout(about: About) -> Layout:
    """The layout of tidy tables, with what was said of this one."""
    unsaid = "not stated"
    return Layout(
        name=NAME,
        title=about.texts.get("title", "a data set without a title"),
        source=about.texts.get("source", unsaid),
        licence=about.texts.get("licence", unsaid),
        citation=about.texts.get("citation", unsaid),
        forms=(Form(frozenset(NEEDED), lambda files: _read(files, about)),),
        ids=about.ids,
        sessions_known=about.sessions_known,
        missing=about.missing,
        limits=about.limits,
        protocol=about.protocol,
    )


def is_links(file: SourceFile) -> bool:
    """Whether the file holds links and no choices."""
    return file.path.stem == LINKS and file.columns >= set(LINK_COLUMNS)


def read_about(folder: Path) -> About:
    """What `card.toml` in a folder says; nothing where there is none. Raises `CorpusError` where it is not as it should
    be: `title`, `source`, `licence`, `citation` are text, `ids` and `sessions_known` true or false, `missing` and
    `limits` lists of sentences, `payoffs` a table of R, S, T, P by condition, `protocol` a table of text.
    """
    path = folder / ABOUT
    if not path.is_file():
        return About()
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CorpusError(f"{path} cannot be read: {error}") from error
    for key in entries:
        if key not in _KEYS:
            raise CorpusError(f"{path}: there is no key {key!r}; allowed are {', '.join(_KEYS)}")
    said: dict[str, Any] = {
        **{key: _a(path, key, entries[key], bool, "true or false") for key in _TRUTHS if key in entries},
        **{key: _sentences(path, key, entries.get(key, [])) for key in ("missing", "limits")},
    }
    games = _a(path, "payoffs", entries.get("payoffs", {}), dict, "a table")
    return About(
        texts={key: _a(path, key, entries[key], str, "text") for key in _TEXTS if key in entries},
        payoffs={condition: _game(path, condition, game) for condition, game in games.items()},
        protocol=_protocol(path, entries.get("protocol", {})),
        **said,
    )


def _read(files: Sequence[SourceFile], about: About) -> Told:
    [table] = [file for file in files if not is_links(file)]
    links = next((file.frame for file in files if is_links(file)), None)
    ours = [column for column in COLUMNS if column in table.columns]
    others = [str(column) for column in table.frame.columns if column not in COLUMNS]
    said = (f"columns that are not read: {', '.join(others)}",) if others else ()
    return Told(table.frame[ours], links, about.payoffs, said)


def _protocol(path: Path, entries: Any) -> dict[str, str]:
    found: dict[str, str] = _a(path, "protocol", entries, dict, "a table")
    for key, value in found.items():
        if key not in PROTOCOL:
            raise CorpusError(f"{path}: protocol has no key {key!r}; allowed are {', '.join(PROTOCOL)}")
        _a(path, f"protocol.{key}", value, str, "text")
    return found


def _game(path: Path, condition: str, game: Any) -> Payoffs:
    numbers = _a(path, f"payoffs.{condition}", game, dict, "a table")
    good = sorted(numbers) == ["P", "R", "S", "T"] and all(type(value) in (int, float) for value in numbers.values())
    if not good:
        raise CorpusError(f"{path}: payoffs.{condition} must give R, S, T and P as numbers")
    return {name: float(numbers[name]) for name in "RSTP"}


def _sentences(path: Path, key: str, value: Any) -> tuple[str, ...]:
    return tuple(
        _a(path, key, each, str, "a list of sentences") for each in _a(path, key, value, list, "a list of sentences")
    )


def _a(path: Path, key: str, value: Any, kind: type, words: str) -> Any:
    if not isinstance(value, kind):
        raise CorpusError(f"{path}: {key} is {str(value)[:40]!r}, where {words} belongs")
    return value
