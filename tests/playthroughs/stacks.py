"""Which playthroughs there are: every base game under every mechanism, and the nested stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from comity.core.errors import BadStack
from comity.core.flow import Game
from comity.games.catalogue import GAMES
from comity.games.matrix import MatrixGame
from comity.games.ordinal import OrdinalGame
from comity.games.symmetric import SymmetricGame
from comity.mechanisms.catalogue import MECHANISMS
from tests.generators import TWO_PERSONAS, put_again

Stack: TypeAlias = Callable[[Game], Game]

_EXAMPLES: dict[str, Game] = {
    "ordinal": OrdinalGame(1, 11),
    "matrix": MatrixGame(
        ("up", "down"), ("left", "middle", "right"), (((3, 1), (0, 0.5), (2, -1)), ((1, 2), (4, 0), (0, 1)))
    ),
    "symmetric": SymmetricGame(3, ("stay", "go"), ((0, 1, 2.5), (4, 2, -1))),
    "exchange": GAMES["exchange"](agents=3, rounds=2, pieces=9, per_task=2),
    "exchange_compat": GAMES["exchange_compat"](agents=3, rounds=2),
}

BASES: dict[str, Game] = {name: _EXAMPLES.get(name) or game() for name, game in GAMES.items()}
"""One game of each entry of the catalogue; those that have no defaults are given by an example."""


def _under(name: str, **fields: object) -> Stack:
    return lambda base: MECHANISMS[name](base, **fields)


def _in_groups(name: str, **fields: object) -> Stack:
    """Rotation with two groups, whatever the number of seats."""
    return lambda base: MECHANISMS[name](base, population=2 * base.n_players, **fields)


def _moves(base: Game) -> tuple[tuple[str, ...], ...]:
    """Two rounds in which all take their first action, and then their last."""
    actions: tuple[tuple[str, ...], ...] = getattr(base, "actions", ((), ()))
    return tuple(tuple(options[place] for options in actions if options) for place in (0, -1))


STACKS: dict[str, Stack] = {
    "none": lambda base: base,
    "repetition": _under("repetition", rounds=2),
    "random_continuation": _under("random_continuation", most=3),
    "reputation_first_order": _in_groups("reputation_first_order", rounds=2),
    "reputation": _in_groups("reputation", rounds=3, matching="balanced", horizon="announced"),
    "mediation": _under("mediation"),
    "contracting": _under("contracting"),
    "cheap_talk": _under("cheap_talk"),
    "sanctions": _under("sanctions", reward=1),
    "execution_noise": _under("execution_noise", noise=0.25),
    "monitoring_noise": lambda base: MECHANISMS["repetition"](
        MECHANISMS["monitoring_noise"](base, noise=0.25), rounds=2
    ),
    "network": _under("network", players=3),
    "network_per_edge": _under("network_per_edge", players=3),
    "neighbourhood": _under(
        "neighbourhood",
        graph="star",
        size=(4,),
        parts=((("rounds", 2),), (("rewired", True), ("rounds", 2))),
        horizon="announced",
    ),
    "prediction": lambda base: MECHANISMS["repetition"](MECHANISMS["prediction"](base, recall=True), rounds=2),
    "observation": lambda base: MECHANISMS["observation"](base, moves=_moves(base), memory=1),
    "forced": lambda base: put_again(MECHANISMS["repetition"](base, rounds=2)),
    "belief": _under("belief", about="defects_once", seats=(2,)),
    "personas": _under("personas", personas=TWO_PERSONAS),
    "presentation": lambda base: MECHANISMS["presentation"](
        MECHANISMS["repetition"](base, rounds=2),
        **dict.fromkeys(("labels", "options", "question", "rules", "unit", "story", "goal"), "random"),
        numbers="words",
    ),
    "rescaling": _under("rescaling", times=10, plus=-5),
    "automation": _under("automation", sides=("share", "perceive"), agents=(1, 2)),
    "visibility": _under("visibility", hide=("scores", "receipts"), show=("ranks",)),
    "instruction": _under("instruction", aims=("policy", "Be brief."), stories=("points", "business", "score_board")),
    "transfer_bonus": _under("transfer_bonus", agents=(2, 3)),
}
"""A small stack of each mechanism. Monitoring noise is shown under repetition, without which nobody looks back."""


def _nested() -> dict[str, Game]:
    repeated, rotated = STACKS["repetition"], STACKS["reputation_first_order"]
    mediated, contracted, talked = STACKS["mediation"], STACKS["contracting"], STACKS["cheap_talk"]
    dilemma = BASES["prisoners_dilemma"]
    return {
        "nested/repetition_of_mediation": repeated(mediated(dilemma)),
        "nested/reputation_of_contracting": rotated(contracted(BASES["public_goods"])),
        "nested/repetition_of_cheap_talk": repeated(talked(BASES["trust_game_sequential"])),
        "nested/reputation_of_repetition_of_mediation": rotated(repeated(mediated(dilemma))),
    }


def _single() -> Iterator[tuple[str, Game | BadStack]]:
    for game, base in BASES.items():
        for mechanism, stack in STACKS.items():
            try:
                yield f"{game}/{mechanism}", stack(base)
            except BadStack as refusal:
                yield f"{game}/{mechanism}", refusal


_ALL = dict(_single())

PLAYED: dict[str, Game] = {name: game for name, game in _ALL.items() if not isinstance(game, BadStack)} | _nested()
"""The games that are played through, by the name of their file."""

REFUSED: dict[str, str] = {name: str(refusal) for name, refusal in _ALL.items() if isinstance(refusal, BadStack)}
"""The sentences that refuse the others."""
