"""The wordings that come with comity, and those that users write.

A wording is a TOML file of templates: tables of sentences, each under the key by which its renderer asks for it. A file
need not give all of them; what it leaves out is said as in the plain wording.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

from comity.words.exchange import EXCHANGE
from comity.words.exchange import RULES as RULES_OF_EXCHANGE
from comity.words.games import GAMES
from comity.words.games import RULES as RULES_OF_GAMES
from comity.words.mechanisms import MECHANISMS
from comity.words.mechanisms import RULES as RULES_OF_MECHANISMS
from comity.words.outcomes import OUTCOMES
from comity.words.phrases import some
from comity.words.printable import printable_line
from comity.words.questions import ANSWERS, QUESTIONS
from comity.words.wording import BadWording, Renderer, Wording

FACTS: dict[type, Renderer] = {**GAMES, **MECHANISMS, **OUTCOMES, **EXCHANGE}
"""The renderer of each type of fact. A plugin whose rules show a new type of fact adds its renderer here."""

RULES: frozenset[type] = RULES_OF_GAMES | RULES_OF_MECHANISMS | RULES_OF_EXCHANGE
"""The types of facts that say a rule and stand unchanged through a match; all others are news."""

STANDARD = ("plain", "terse", "neutral", "german")
"""The wordings that come with comity, by name."""

PLUGINS = "comity.wordings"
"""The group of entry points by which other distributions add wordings."""

OFFERED: dict[str, frozenset[str]] = {
    "stories": frozenset({"options", "units"}),
    "goals": frozenset({"units"}),
}
"""The tables to which a file may add templates under new names, and the placeholders that each of them has."""

OPPOSITES = (
    ("words.yes", "words.no"),
    ("mechanisms.pays", "mechanisms.receives"),
    ("mechanisms.contract_binds", "mechanisms.contract_void"),
    ("mechanisms.pay_mean", "mechanisms.pay_sum"),
    ("mechanisms.neighbours_stay", "mechanisms.neighbours_change"),
    ("mechanisms.shown_sum", "mechanisms.shown_none"),
    ("games.claimed_less", "games.claimed_more"),
    ("games.gain_you", "games.lose_you"),
    ("games.gain_other", "games.lose_other"),
)
"""Pairs of templates that only their words tell apart: said alike, they would say nothing."""

_OWN_KEYS = ("base", "unit", "units", "players", "labels")
_TAKEN = frozenset({"none", "random"})
_SEPARATORS = frozenset(',;:|"{}')
_LONGEST_NAME = 40
"""Names stand in lists and in answers: they are short, and hold no sign that separates one from the next."""


@cache
def standard(name: str) -> Wording:
    """The wording of that name that comes with comity or with a plugin. Raises `BadWording` if there is none."""
    if name not in STANDARD:
        return _added(name)
    text = files("comity.words").joinpath("texts", f"{name}.toml").read_text(encoding="utf-8")
    return _plain(text) if name == "plain" else wording_from(text, f"{name}.toml")


def _added(name: str) -> Wording:
    if name not in installed():
        there = ", ".join((*STANDARD, *installed()))
        raise BadWording(f"there is no wording {name!r}: those that come with comity are {there}")
    return replace(wording_from(installed()[name], f"the wording {name!r} of a plugin"), name=name)


@cache
def installed() -> Mapping[str, str]:
    """The TOML texts of the wordings that other distributions add, by name.

    An entry point is the text, or what gives it when called. Raises `BadWording` where one takes a name of ours.
    """
    from importlib.metadata import entry_points

    found: dict[str, str] = {}
    for entry in entry_points(group=PLUGINS):
        if entry.name in (*STANDARD, *found):
            raise BadWording(f"the plugin {entry.value} takes the name {entry.name!r}, which a wording has already")
        loaded = entry.load()
        found[entry.name] = loaded if isinstance(loaded, str) else str(loaded())
    return found


def wording_from(text: str, source: str) -> Wording:
    """The wording that this TOML text makes of its base, which is the plain one unless it names another.

    source: the name of the file, for what is wrong with it. Raises `BadWording` with one sentence that names the file,
    the key, what was found and what is allowed.
    """
    content = _parsed(text, source)
    base = _base(content.get("base", "plain"), source)
    templates = {**base.templates, **_templates(content, source, base.templates)}
    _checked_opposites(templates, source)
    players = _players(content.get("players", list(base.players)), templates["names.you"], source)
    return replace(
        base,
        name=_name_of(source),
        templates=templates,
        unit=_unit("unit", content.get("unit", list(base.unit)), source),
        units={**base.units, **_units(content.get("units", {}), source)},
        players=players,
        labels={**base.labels, **_labels(content.get("labels", {}), source)},
    )


def _name_of(source: str) -> str:
    return source.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".toml")


def _parsed(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadWording(f"{source} is not TOML: {error}") from None


def _base(name: object, source: str) -> Wording:
    if name not in STANDARD:
        raise _wrong(source, "base", name, f"one of {', '.join(STANDARD)}")
    return standard(str(name))


def _checked_opposites(templates: Mapping[str, str], source: str) -> None:
    for one, other in OPPOSITES:
        if templates[one].casefold() == templates[other].casefold():
            raise BadWording(
                f"{source}: {one} and {other} are both {printable_line(repr(templates[one]))}, and they must differ"
            )


def _wrong(source: str, key: str, found: object, allowed: str) -> BadWording:
    return BadWording(f"{source}: {key} is {printable_line(repr(found))}, and it must be {allowed}")


def _templates(content: Mapping[str, Any], source: str, known: Mapping[str, str]) -> dict[str, str]:
    """The templates of the file, each checked against the one it replaces."""
    return {key: _checked(key, value, source, known) for key, value in _entries(content, source, known)}


def _entries(content: Mapping[str, Any], source: str, known: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    tables = sorted({key.split(".")[0] for key in known})
    for table, entries in content.items():
        if table in _OWN_KEYS:
            continue
        if table not in tables:
            raise BadWording(
                f"{source} has {table!r}, which no wording has: the keys are {_list((*_OWN_KEYS, *tables))}"
            )
        if not isinstance(entries, dict):
            raise _wrong(source, table, entries, "a table of templates")
        yield from ((f"{table}.{key}", value) for key, value in entries.items())


def _checked(key: str, value: object, source: str, known: Mapping[str, str]) -> str:
    if key not in known and not _is_new(key, source):
        table = key.split(".")[0]
        there = sorted(name.removeprefix(f"{table}.") for name in known if name.startswith(f"{table}."))
        raise BadWording(f"{source} has {key!r}, which no wording has: the keys of {table} are {_list(there)}")
    if not isinstance(value, str) or not value.strip():
        raise _wrong(source, key, value, "text")
    if not all(line.isprintable() for line in value.split("\n")):
        raise _wrong(source, key, value, "text without control and format characters")
    offered = OFFERED.get(key.split(".")[0]) or placeholders(known[key])
    used = _placeholders_of(key, value, source)
    if used != offered:
        raise BadWording(f"{source}: {key} has {_braced(used)}, and it must have {_braced(offered)}")
    return value


def _is_new(key: str, source: str) -> bool:
    """Whether the key adds a template to a table that takes new ones. Raises `BadWording` for a name it cannot have."""
    table, _, name = key.partition(".")
    if table in OFFERED:
        _check_added(key, name, source)
    return table in OFFERED


def _check_added(key: str, name: str, source: str) -> None:
    if name in _TAKEN or not name.isidentifier():
        taken = ", ".join(sorted(_TAKEN))
        raise BadWording(f"{source} has {printable_line(key)!r}: a new name is one word, and none of {taken}")


def _placeholders_of(key: str, value: str, source: str) -> frozenset[str]:
    try:
        return placeholders(value)
    except ValueError:
        raise _wrong(
            source, key, value, "text in which braces hold the name of a placeholder and nothing else"
        ) from None


def placeholders(template: str) -> frozenset[str]:
    """The names in braces. Raises `ValueError` where braces hold anything but a name, as formats and attributes."""
    names = set()
    for _, name, form, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise ValueError(name)
        names.add(name)
    return frozenset(names)


def _braced(names: frozenset[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "no placeholder"


def _list(names: Any) -> str:
    return some(tuple(names), most=80)


def _unit(key: str, value: object, source: str) -> tuple[str, ...]:
    match value:
        case [str(), str()] | [str(), str(), str()]:
            return tuple(called(key, name, source) for name in value)
        case _:
            raise _wrong(source, key, value, 'two names, of one and of several, such as ["coin", "coins"]')


def _units(value: object, source: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise _wrong(source, "units", value, "a table of units, each with the names of one and of several")
    for name in value:
        _check_added(f"units.{name}", name, source)
    return {name: _unit(f"units.{name}", names, source) for name, names in value.items()}


def _players(value: object, reader: str, source: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _wrong(source, "players", value, 'a list of names, such as ["Ann", "Bo"]')
    names = tuple(called("players", name, source) for name in value)
    if len({name.casefold() for name in (*names, reader)}) <= len(names):
        raise _wrong(source, "players", value, f"a list of names that differ from each other and from {reader!r}")
    return names


def _labels(value: object, source: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _wrong(source, "labels", value, "a table from what options are called in the game to their labels")
    return {option: called(f"labels.{option}", label, source) for option, label in value.items()}


def called(key: str, name: object, source: str) -> str:
    """The name, if it can stand in lists and in answers. Raises `BadWording`, which says where it was found."""
    allowed = f"a name of 1 to {_LONGEST_NAME} characters on one line without any of {' '.join(sorted(_SEPARATORS))}"
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME:
        raise _wrong(source, key, name, allowed)
    if name != name.strip() or not name.isprintable() or _SEPARATORS & set(name):
        raise _wrong(source, key, name, allowed)
    return name


def _plain(text: str) -> Wording:
    content = tomllib.loads(text)
    tables = {table: entries for table, entries in content.items() if table not in _OWN_KEYS}
    templates = {f"{table}.{key}": value for table, entries in tables.items() for key, value in entries.items()}
    unit, units = tuple(content["unit"]), _units(content["units"], "plain.toml")
    return Wording("plain", templates, FACTS, QUESTIONS, ANSWERS, RULES, unit=unit, units=units)


PLAIN = standard("plain")
"""The wording for people: plain sentences, neutral in tone, options called as the game calls them."""
