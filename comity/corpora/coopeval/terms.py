"""What CoopEval's games and mechanisms are called here.

Tables and no logic: each of our fields says where it is found in the source's configuration, and a game given by a
matrix is believed only if our game pays what every cell of the matrix says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TypeAlias

from comity.core.errors import RuleError
from comity.core.flow import StageGame
from comity.core.named import named_game
from comity.corpora.located import Located
from comity.games.normal_form import NormalForm
from comity.mechanisms.repetition import round_weights
from comity.records.catalogues import games
from comity.records.spec import Cell, Spec

Way: TypeAlias = tuple[str | int, ...]
"""The way to a value inside the source's parameters: names of entries, then places in a list."""


@dataclass(frozen=True)
class GameTerm:
    """One game of the source: its name here, the source's names for its actions, and where our fields are found.

    actions: in the order of ours; empty where they are numbered (CLAIM_0, CLAIM_1, ...).
    """

    name: str
    actions: tuple[str, ...]
    fields: Mapping[str, Way]


@dataclass(frozen=True)
class MechanismTerm:
    """One mechanism of the source: its name here, where our fields are found, and what they are in the main study.

    fixed: fields of ours that the source does not vary. elected: what is elected before play, if anything is.
    """

    name: str
    fields: Mapping[str, str] = field(default_factory=dict)
    study: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    elected: str = ""


_MATRIX = "payoff_matrix"
_WHOLE = ("players", "claims")

GAMES: Mapping[str, GameTerm] = {
    "PrisonersDilemma": GameTerm(
        "prisoners_dilemma",
        ("COOPERATE", "DEFECT"),
        {
            "reward": (_MATRIX, "CC", 0),
            "sucker": (_MATRIX, "CD", 0),
            "temptation": (_MATRIX, "CD", 1),
            "punishment": (_MATRIX, "DD", 0),
        },
    ),
    "StagHunt": GameTerm(
        "stag_hunt",
        ("STAG", "HARE"),
        {
            "stag": (_MATRIX, "SS", 0),
            "alone": (_MATRIX, "SH", 0),
            "hare": (_MATRIX, "SH", 1),
            "safe": (_MATRIX, "HH", 0),
        },
    ),
    "TrustGame": GameTerm(
        "trust_game",
        ("GIVE", "KEEP"),
        {
            "give_give": (_MATRIX, "GG"),
            "give_keep": (_MATRIX, "GK"),
            "keep_give": (_MATRIX, "KG"),
            "keep_keep": (_MATRIX, "KK"),
        },
    ),
    "MatchingPennies": GameTerm("matching_pennies", ("HEADS", "TAILS"), {"stake": (_MATRIX, "HH", 0)}),
    "PublicGoods": GameTerm(
        "public_goods", ("CONTRIBUTE", "FREE_RIDE"), {"players": ("num_players",), "multiplier": ("multiplier",)}
    ),
    "TravellersDilemma": GameTerm(
        "travellers_dilemma",
        (),
        {
            "min_claim": ("min_claim",),
            "claims": ("num_actions",),
            "spacing": ("claim_spacing",),
            "bonus": ("bonus",),
        },
    ),
}

_ROUNDS = {"rounds": "num_rounds", "discount": "discount", "memory": "lookup_depth"}
_ROTATION = {**_ROUNDS, "depth": "max_recursion_depth"}
_STUDY = {"rounds": 15, "discount": 0.8, "memory": 3}
_FORGETFUL = {"recall": False}

MECHANISMS: Mapping[str, MechanismTerm] = {
    "NoMechanism": MechanismTerm("none"),
    "Repetition": MechanismTerm("repetition", _ROUNDS, _STUDY),
    "ReputationFirstOrder": MechanismTerm("reputation_first_order", _ROTATION, {**_STUDY, "depth": 1}),
    "Reputation": MechanismTerm("reputation", _ROTATION, {**_STUDY, "depth": 3}),
    "Mediation": MechanismTerm("mediation", fixed=_FORGETFUL, elected="mediator"),
    "Contracting": MechanismTerm("contracting", fixed=_FORGETFUL, elected="contract"),
}


@dataclass(frozen=True)
class Terms:
    """A game under a mechanism of the source, in our terms.

    cell: what is played. base: the stage game. weights: how much each round counts in the payoff of a match.
    rotates: whether a population meets in changing groups. elected: what is elected before play ("mediator",
        "contract"); empty where nothing is.
    actions: the source's names of the actions, in the order of ours.
    """

    cell: Cell
    base: NormalForm
    weights: tuple[float, ...]
    rotates: bool
    elected: str
    actions: tuple[str, ...]

    @property
    def seats(self) -> int:
        """How many take part in one play."""
        return self.base.n_players

    def action(self, seat: int, index: int) -> str:
        """Our name of the action the source numbers so."""
        return self.base.actions[seat][index]

    def weighed(self, points: Sequence[float]) -> float:
        """The payoff of a match in whose rounds one was paid so, added from the first round on."""
        return sum(weight * point for weight, point in zip(self.weights, points, strict=True))


def terms(game: Located, mechanism: Located, agents: int) -> Terms:
    """The game and the mechanism (each with its `type` and `kwargs`) that `agents` agents play.

    Raises `CorpusError` where either is unknown here, lacks a parameter, or has impossible ones.
    """
    game_type, mechanism_type = _known(game, GAMES, "game"), _known(mechanism, MECHANISMS, "mechanism")
    base_spec = Spec.of(GAMES[game_type].name, _game_fields(GAMES[game_type], game["kwargs"]))
    fields = _mechanism_fields(MECHANISMS[mechanism_type], mechanism["kwargs"])
    try:
        found = _terms(game_type, base_spec, mechanism_type, fields, agents)
    except RuleError as error:
        raise game.wrong(f"{game_type} under {mechanism_type} cannot be played here: {error}") from error
    _check_matrix(found, game)
    return found


def _known(entry: Located, table: Mapping[str, Any], kind: str) -> str:
    name = entry["type"].as_a(str)
    if name not in table:
        raise entry["type"].wrong(f"{name!r} is no {kind} that is known here; known are {', '.join(table)}")
    return name


def _game_fields(term: GameTerm, given: Located) -> dict[str, Any]:
    return {field: _found(field, given, way) for field, way in term.fields.items()}


def _found(field: str, given: Located, way: Way) -> Any:
    for key in way:
        given = given[key] if isinstance(key, str) else given.some(2, "a payoff for each seat")[key]
    if field in _WHOLE:
        return given.as_a(int)
    return _pair(given) if isinstance(given.value, list) else _number(given)


def _number(given: Located) -> float:
    return given.as_a(int if type(given.value) is int else float)


def _pair(given: Located) -> tuple[float, ...]:
    return tuple(map(_number, given.some(2, "a payoff for each seat")))


def _mechanism_fields(term: MechanismTerm, given: Located) -> dict[str, Any]:
    return {field: _setting(term, field, given) for field in term.fields}


def _setting(term: MechanismTerm, field: str, given: Located) -> Any:
    key = term.fields[field]
    if field == "depth" and not given.has(key):  # the order of a reputation is what its name says
        return term.study[field]
    return given[key].as_a(float if field == "discount" else int)


def _terms(game_type: str, game: Spec, mechanism_type: str, fields: Mapping[str, Any], agents: int) -> Terms:
    term = MECHANISMS[mechanism_type]
    base = games()[game.name](**game.parameters)
    assert isinstance(base, NormalForm)  # as all the games of the table are
    rotates = "depth" in fields
    population = {"population": agents * base.n_players} if rotates else {}
    stack = () if term.name == "none" else (Spec.of(term.name, {**fields, **term.fixed, **population}),)
    cell = Cell(_game_label(game), _mechanism_label(term, fields), game, stack)
    _ = cell.built  # raises where it cannot be played
    weights = round_weights(fields["rounds"], fields["discount"]) if fields else (1.0,)
    return Terms(cell, base, weights, rotates, term.elected, _action_names(GAMES[game_type], base))


def _action_names(term: GameTerm, base: StageGame) -> tuple[str, ...]:
    return term.actions or tuple(f"CLAIM_{index}" for index in range(len(base.actions[0])))


def _game_label(game: Spec) -> str:
    usual = games()[game.name]()
    return _label(game.name, {key: value for key, value in game.fields if value != getattr(usual, key)})


def _mechanism_label(term: MechanismTerm, fields: Mapping[str, Any]) -> str:
    return _label(term.name, {key: value for key, value in fields.items() if value != term.study[key]})


def _label(name: str, different: Mapping[str, Any]) -> str:
    """The name, and what differs from the main study: repetition[memory=2]."""
    settings = ",".join(f"{key}={value}" for key, value in different.items())
    return f"{name}[{settings}]" if settings else name


def _check_matrix(found: Terms, game: Located) -> None:
    """Raise `CorpusError` unless our game pays what every cell of the source's matrix says."""
    if not game["kwargs"].has(_MATRIX):
        return
    for places in product(range(len(found.actions)), repeat=found.seats):
        cell = game["kwargs"][_MATRIX]["".join(found.actions[place][0] for place in places)]
        ours = found.base.payoffs(tuple(found.action(seat, place) for seat, place in enumerate(places)))
        if _pair(cell) != ours:
            raise cell.wrong(
                f"found {cell.value}, where a {named_game(found.cell.built).__class__.__name__} pays {list(ours)}"
            )
