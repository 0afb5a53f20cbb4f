"""Who each player is told to be: texts of the user's own, dealt by chance or given seat by seat.

A persona changes nothing that is played or paid. It is told to its player alone, at every decision, and nobody else
learns of it. What was dealt is a draw like any other, so a record says who was whom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isclose
from typing import TypeAlias

from comity.core.decision import NATURE, Fact
from comity.core.errors import BadParameter
from comity.core.flow import Choices, Flow, Game, draw, told
from comity.core.match import Match
from comity.core.named import layers
from comity.core.outcome import Outcome
from comity.core.space import Ordering

DEAL = "personas"
"""The kind of the draw that deals the personas."""
MOST_CHARACTERS = 2_000

Dealt: TypeAlias = tuple[tuple[str, str | float], ...]
"""The fields of one persona, "label", "text" and "share", as pairs."""


@dataclass(frozen=True)
class Persona:
    """Who a player is, as it is told."""

    text: str


@dataclass(frozen=True)
class Personified:
    """base, in which every player is told who it is.

    personas: each with a `label`, a `text`, and the `share` of the players who are dealt it, by chance: as many as the
        shares say, what is left over by rounding going to the largest remainders (as pairs; in a plan as tables).
    nodes: the label of each player's persona in their order, instead of chance; personas then have no share.

    The labels are for tables and told to nobody. Raises `BadParameter` for fields that are missing or unknown, a text
    that is empty, too long or cannot be seen, labels or shares that do not fit, and other labels among the nodes.
    """

    base: Game
    personas: tuple[Dealt, ...]
    nodes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.personas:
            raise BadParameter("personas must have at least one persona")
        for number, persona in enumerate(self.personas):
            _checked_fields(number, dict(persona), ("label", "text") if self.nodes else ("label", "text", "share"))
        if len(self.texts) != len(self.personas):
            raise BadParameter("each persona needs a label of its own")
        if self.nodes:
            self._check_nodes()
        else:
            self._check_shares()

    def _check_nodes(self) -> None:
        if len(self.nodes) != self.n_players:
            raise BadParameter(f"nodes has {len(self.nodes):,} personas, and there are {self.n_players:,} players")
        for label in self.nodes:
            if label not in self.texts:
                raise BadParameter(f"nodes has {label!r}, and the personas are {', '.join(self.texts)}")

    def _check_shares(self) -> None:
        shares = self._shares
        if min(shares) < 0 or not isclose(sum(shares), 1, abs_tol=1e-6):
            raise BadParameter(f"the shares of the personas must not be negative and sum to 1, not {list(shares)}")

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @property
    def rules(self) -> tuple[Fact, ...]:
        """What all know; who a player is it learns when it is asked."""
        return self.base.rules

    @cached_property
    def texts(self) -> dict[str, str]:
        """The text of each persona, by label."""
        fields = map(dict, self.personas)
        return {str(persona["label"]): str(persona["text"]) for persona in fields}

    @cached_property
    def _shares(self) -> tuple[float, ...]:
        return tuple(float(dict(persona)["share"]) for persona in self.personas)

    @cached_property
    def _deck(self) -> tuple[str, ...]:
        """As many labels as there are players, to be dealt."""
        counts = apportioned(self._shares, self.n_players)
        return tuple(label for label, count in zip(self.texts, counts, strict=True) for _ in range(count))

    @property
    def known(self) -> tuple[str, ...]:
        """The label of each player's persona, where chance has nothing to deal: all are given, or all the same."""
        return self.nodes or (self._deck if len(set(self._deck)) == 1 else ())

    def dealt(self, order: Sequence[int]) -> tuple[str, ...]:
        """The label of each player's persona when chance gave that order: player order[i] gets the i-th of the deck."""
        found = dict(zip(order, self._deck, strict=True))
        return tuple(found[player] for player in range(self.n_players))

    def play(self) -> Flow[Outcome]:
        labels = self.known
        if not labels:
            order = yield from draw(DEAL, Ordering(self.n_players))
            labels = self.dealt(order)
        facts = [(Persona(self.texts[label]),) for label in labels]
        return (yield from told(self.base.play(), each=lambda player: facts[player]))


def apportioned(shares: Sequence[float], whole: int) -> tuple[int, ...]:
    """How many of a whole each share gets: rounded down, and what is left over to the largest remainders.

    Of equal remainders the first goes first (Hamilton's method).
    """
    quotas = [round(share * whole, 9) for share in shares]
    counts = [int(quota) for quota in quotas]
    order = sorted(range(len(shares)), key=lambda place: counts[place] - quotas[place])
    for place in order[: whole - sum(counts)]:
        counts[place] += 1
    return tuple(counts)


def personas_of(game: Game, choices: Sequence[Choices] = ()) -> tuple[str, ...]:
    """The label of each player's persona in a match, from its choices alone.

    Where personas are dealt again in later rounds, those of the first deal. Raises `BadParameter` where there are none
    in the game, or the choices end before they are dealt.
    """
    personified = next((layer for layer in layers(game) if isinstance(layer, Personified)), None)
    if personified is None:
        raise BadParameter(f"{type(game).__name__} has no personas")
    known = personified.known
    if known:
        return known
    match = Match(game)
    for batch in choices:
        for decision, choice in zip(match.pending, batch, strict=True):
            if decision.player == NATURE and decision.kind == DEAL:
                return personified.dealt(choice)
        match.answer(batch)
    raise BadParameter("the choices end before the personas are dealt")


def _checked_fields(number: int, persona: Mapping[str, object], needed: Sequence[str]) -> None:
    if set(persona) != set(needed):
        found = ", ".join(persona) or "nothing"
        raise BadParameter(f"persona {number + 1} must have the fields {', '.join(needed)}, and it has {found}")
    for name, most in (("label", 200), ("text", MOST_CHARACTERS)):
        said = persona[name]
        if not isinstance(said, str) or not said.strip() or len(said) > most or not said.isprintable():
            raise BadParameter(
                f"the {name} of persona {number + 1} must be 1 to {most:,} characters that can be seen, on one line"
            )
    if not isinstance(persona.get("share", 0.0), int | float):
        raise BadParameter(f"the share of persona {number + 1} must be a number, not {persona['share']!r}")
