"""How a game, a mechanism or an agent is spelled on one line: `name` or `name(field=value, ...)`, values as in TOML."""

from __future__ import annotations

import re
import tomllib

from comity.core.errors import BadParameter
from comity.core.space import to_json
from comity.records.catalogues import strategies
from comity.records.spec import Spec
from comity.runs.fields import FUNCTION, MODEL, Kind, catalogue, problems_of
from comity.runs.shape import unknown
from comity.strategies.strategy import Strategy

_SPELLED = re.compile(r"\s*(?P<name>\w+)\s*(?:\((?P<fields>.*)\))?\s*", re.DOTALL)


def parse_spec(text: str, kind: Kind) -> Spec:
    """The spec that is spelled so.

    Raises `BadParameter` where it is not spelled well, names what there is not, or has fields that cannot be.
    """
    spelled = _SPELLED.fullmatch(text)
    if spelled is None:
        raise BadParameter(f"{text!r} is not spelled like name or name(field=value, ...)")
    try:
        fields = tomllib.loads(f"it = {{{spelled['fields'] or ''}}}")["it"]
    except tomllib.TOMLDecodeError as error:
        raise BadParameter(f"the fields in {text!r} are not spelled like field=value, field=value: {error}") from None
    return _checked(Spec.of(spelled["name"], fields), kind)


def build_strategy(text: str) -> Strategy:
    """The strategy that is spelled so."""
    spec = parse_spec(text, "agents")
    if spec.name == MODEL:
        raise BadParameter(f"{text!r} is a language model; here a scripted agent is wanted")
    if spec.name == FUNCTION:
        raise BadParameter(f"{text!r} is a function of your own; here a scripted agent is wanted")
    strategy: Strategy = strategies()[spec.name](**spec.parameters)
    return strategy


def _checked(spec: Spec, kind: Kind) -> Spec:
    entries = catalogue(kind)
    if spec.name not in entries:
        raise BadParameter(unknown(kind.removesuffix("s"), spec.name, list(entries)))
    fields = {name: to_json(value) for name, value in spec.fields}
    for field, problem in problems_of(spec.name, fields, entries[spec.name]):
        raise BadParameter(f"{spec.name}, {field}: {problem}")
    return spec
