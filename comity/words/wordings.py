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

STANDARD = ("plain", "terse", "neutral")
"""The wordings that come with comity, by name."""

OPPOSITES = (
    ("words.yes", "words.no"),
    ("mechanisms.pays", "mechanisms.receives"),
    ("mechanisms.contract_binds", "mechanisms.contract_void"),
    ("mechanisms.pay_mean", "mechanisms.pay_sum"),
    ("games.claimed_less", "games.claimed_more"),
    ("games.gain_you", "games.lose_you"),
    ("games.gain_other", "games.lose_other"),
)
"""Pairs of templates that only their words tell apart: said alike, they would say nothing."""

_OWN_KEYS = ("base", "unit", "players", "labels")
_SEPARATORS = frozenset(',;:|"{}')
_LONGEST_NAME = 40
"""Names stand in lists and in answers: they are short, and hold no sign that separates one from the next."""


@cache
def standard(name: str) -> Wording:
    """The wording of that name that comes with comity. Raises `BadWording` if there is none."""
    if name not in STANDARD:
        raise BadWording(f"there is no wording {name!r}: those that come with comity are {', '.join(STANDARD)}")
    text = files("comity.words").joinpath("texts", f"{name}.toml").read_text(encoding="utf-8")
    return _plain(text) if name == "plain" else wording_from(text, f"{name}.toml")


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
        unit=_unit(content.get("unit", list(base.unit)), source),
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
    if key not in known:
        table = key.split(".")[0]
        there = sorted(name.removeprefix(f"{table}.") for name in known if name.startswith(f"{table}."))
        raise BadWording(f"{source} has {key!r}, which no wording has: the keys of {table} are {_list(there)}")
    if not isinstance(value, str) or not value.strip():
        raise _wrong(source, key, value, "text")
    if not all(line.isprintable() for line in value.split("\n")):
        raise _wrong(source, key, value, "text without control and format characters")
    offered, used = placeholders(known[key]), _placeholders_of(key, value, source)
    if used != offered:
        raise BadWording(f"{source}: {key} has {_braced(used)}, and it must have {_braced(offered)}")
    return value


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


def _unit(value: object, source: str) -> tuple[str, str]:
    match value:
        case [str(one), str(several)]:
            return (_called("unit", one, source), _called("unit", several, source))
        case _:
            raise _wrong(source, "unit", value, 'two names, of one and of several, such as ["coin", "coins"]')


def _players(value: object, reader: str, source: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _wrong(source, "players", value, 'a list of names, such as ["Ann", "Bo"]')
    names = tuple(_called("players", name, source) for name in value)
    if len({name.casefold() for name in (*names, reader)}) <= len(names):
        raise _wrong(source, "players", value, f"a list of names that differ from each other and from {reader!r}")
    return names


def _labels(value: object, source: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _wrong(source, "labels", value, "a table from what options are called in the game to their labels")
    return {option: _called(f"labels.{option}", label, source) for option, label in value.items()}


def _called(key: str, name: object, source: str) -> str:
    allowed = f"a name of 1 to {_LONGEST_NAME} characters on one line without any of {' '.join(sorted(_SEPARATORS))}"
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME:
        raise _wrong(source, key, name, allowed)
    if name != name.strip() or not name.isprintable() or _SEPARATORS & set(name):
        raise _wrong(source, key, name, allowed)
    return name


def _plain(text: str) -> Wording:
    content = tomllib.loads(text)
    tables = {table: entries for table, entries in content.items() if isinstance(entries, dict)}
    templates = {f"{table}.{key}": value for table, entries in tables.items() for key, value in entries.items()}
    one, several = content["unit"]
    return Wording("plain", templates, FACTS, QUESTIONS, ANSWERS, RULES, unit=(one, several))


PLAIN = standard("plain")
"""The wording for people: plain sentences, neutral in tone, options called as the game calls them."""
