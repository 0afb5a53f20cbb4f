"""Zero-cost collaboration (Yadav, Black and Sourbut, arXiv 2604.07821)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from comity.games.exchange.conditions import SIDES, Side
from comity.studies.study import Part, Study

WORLDS = 3
WORLDS_IN_FULL = 10
COPIES = (1, 2, 3)


def _worlds(full: bool) -> Mapping[str, str]:
    return _games(full, "exchange", {"": ""})


def _copies(full: bool) -> Mapping[str, str]:
    """Every world three times: with one, two and three holders of each piece."""
    return _games(full, "exchange", {f", {count} held": f", copies = {count}" for count in COPIES})


def _compat(full: bool) -> Mapping[str, str]:
    return _games(full, "exchange_compat", {"": ""})


def _games(full: bool, game: str, variants: Mapping[str, str]) -> Mapping[str, str]:
    """A game for each world and variant. variants: what each adds to the label and to the fields."""
    worlds = range(1, (WORLDS_IN_FULL if full else WORLDS) + 1)
    lines = (
        f'    {{label = "world {world}{label}", name = "{game}", world = {world}{fields}}},'
        for world in worlds
        for label, fields in variants.items()
    )
    return {"worlds": "\n".join(lines)}


def _factorial(full: bool) -> Mapping[str, str]:
    """Every set of sides automated; without perceiving unless in full."""
    sides: tuple[Side, ...] = SIDES if full else SIDES[:3]
    subsets = [subset for size in range(len(sides) + 1) for subset in combinations(sides, size)]
    return {**_worlds(full), "automations": "\n".join(map(_automation, subsets))}


def _automation(sides: tuple[Side, ...]) -> str:
    named = ", ".join(f'"{side}"' for side in sides)
    label = f"auto {' + '.join(sides)}" if sides else "baseline"
    return f'    {{label = "{label}", name = "automation", sides = [{named}]}},'


EXCHANGE = Study(
    name="exchange",
    about="Ten agents exchange information that costs nothing to share (arXiv 2604.07821).",
    parts=(
        Part(
            "conditions",
            "The published conditions by clean rules: baseline, policy, bonus, hidden sections, one side automated.",
            "exchange",
            1,
            1,
            _worlds,
        ),
        Part(
            "decomposition",
            "Every set of sides automated: asking, sharing, handing in, and in full perceiving too.",
            "exchange_decomposition",
            1,
            1,
            _factorial,
        ),
        Part(
            "copies",
            "How much depends on one agent: each piece held by one, two or three.",
            "exchange_copies",
            1,
            1,
            _copies,
        ),
        Part(
            "compat",
            "The published conditions under the published rules, for comparison.",
            "exchange_compat",
            1,
            1,
            _compat,
        ),
    ),
    settings={"form": "choice", "reasoning": True, "structured": False, "re_asks": 3},
    differs=(
        "The prompts are not the published ones. Clean rules instead of the published ones, unless the part is "
        "compat: requests are structured and each action's result is seen, rounds have phases in which all act at "
        "the same time, nothing is shared unasked, no code can be falsified, pieces have no values, there is no "
        "company and no money. So perfect cooperators hand in every open task in every round, 400 in all, where "
        "the published reference was 204. Every condition changes one thing and nothing else, on the same worlds. "
        "A reply that cannot be read is asked for again; it is never an empty turn."
    ),
)
"""Ten copies of one model in each match, as published; worlds are games: conditions are compared world by world."""
