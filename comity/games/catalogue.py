"""The base games by name. A plan names them so; a plugin adds to them (see `comity.records.catalogues`)."""

from __future__ import annotations

from collections.abc import Callable

from comity.core.named import Named
from comity.games.exchange.game import exchange, exchange_compat
from comity.games.matrix import (
    BattleOfTheSexes,
    Chicken,
    MatchingPennies,
    MatrixGame,
    PrisonersDilemma,
    StagHunt,
    TrustGame,
    WeakPrisonersDilemma,
)
from comity.games.ordinal import OrdinalGame
from comity.games.sequential import SequentialTrustGame
from comity.games.symmetric import PublicGoods, SymmetricGame
from comity.games.travellers import TravellersDilemma

GAMES: dict[str, Callable[..., Named]] = {
    "prisoners_dilemma": PrisonersDilemma,
    "weak_prisoners_dilemma": WeakPrisonersDilemma,
    "public_goods": PublicGoods,
    "travellers_dilemma": TravellersDilemma,
    "trust_game": TrustGame,
    "trust_game_sequential": SequentialTrustGame,
    "stag_hunt": StagHunt,
    "chicken": Chicken,
    "battle_of_the_sexes": BattleOfTheSexes,
    "matching_pennies": MatchingPennies,
    "ordinal": OrdinalGame,
    "matrix": MatrixGame,
    "symmetric": SymmetricGame,
    "exchange": exchange,
    "exchange_compat": exchange_compat,
}
