"""The mechanisms by name: each makes a game from a game. A plan names them so; a plugin adds to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from comity.core.flow import Game
from comity.mechanisms.belief import Informed
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.exchanging import automation, instruction, transfer_bonus, visibility
from comity.mechanisms.forcing import Forced
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.neighbourhood import Neighbourhood
from comity.mechanisms.network import Networked, PerEdge
from comity.mechanisms.noise import Misperceived, Trembling
from comity.mechanisms.observation import Observed
from comity.mechanisms.personas import Personified
from comity.mechanisms.prediction import Predicted
from comity.mechanisms.presentation import presented
from comity.mechanisms.repetition import Continued, Repeated
from comity.mechanisms.rescaling import Rescaled
from comity.mechanisms.sanctions import Sanctioned
from comity.mechanisms.talk import CheapTalk

MECHANISMS: dict[str, Callable[..., Game]] = {
    "repetition": Repeated,
    "random_continuation": Continued,
    "reputation_first_order": Rotated,
    "reputation": partial(Rotated, depth=3),
    "mediation": Mediated,
    "contracting": Contracted,
    "cheap_talk": CheapTalk,
    "sanctions": Sanctioned,
    "execution_noise": Trembling,
    "monitoring_noise": Misperceived,
    "network": Networked,
    "network_per_edge": PerEdge,
    "neighbourhood": Neighbourhood,
    "prediction": Predicted,
    "observation": Observed,
    "forced": Forced,
    "belief": Informed,
    "personas": Personified,
    "presentation": presented,
    "rescaling": Rescaled,
    "automation": automation,
    "visibility": visibility,
    "instruction": instruction,
    "transfer_bonus": transfer_bonus,
}
"""What may stand in a stack. The stack with nothing in it is called "none"."""
