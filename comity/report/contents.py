"""What the page says, in the order it says it: values only, so that the template has nothing to decide."""

from __future__ import annotations

from dataclasses import dataclass

from comity.report.figures import Figure
from comity.report.grid import Grid


@dataclass(frozen=True)
class Warned:
    """Something the reader must know before the numbers."""

    head: str
    text: str


@dataclass(frozen=True)
class Transcript:
    """One match in words. title: which match it is, and whose. cut: how many lines are left out at the end."""

    title: str
    text: str
    cut: int


@dataclass(frozen=True)
class CellPart:
    """One game under one mechanism.

    key: its place in the page. digest: the numbers of its headline. gap: what is missing, in words. agents: how each
    did. against: who was paid what against whom. rounds: cooperation from round to round, where there are rounds.
    transcript: one match, where one is known move by move.
    """

    key: str
    game: str
    digest: str
    gap: str
    facts: tuple[tuple[str, str], ...]
    agents: Grid
    against: Grid | None
    rounds: Figure | None
    transcript: Transcript | None


@dataclass(frozen=True)
class Forfeit:
    """A match that ended without payoffs: its number, where it was played and by whom, and why it ended."""

    match: int
    mechanism: str
    game: str
    agents: str
    reason: str


@dataclass(frozen=True)
class Contents:
    """The whole page.

    complete: the sentence that says so, empty where the run is not. agents: how they did, where anything was played.
    maps: numbers by mechanism and game. rounds: cooperation over rounds, one figure per mechanism. cells:
    for each mechanism its games. gaps: what is missing, in sentences. forfeits_cut: how many forfeited matches are not
    listed. plan: the text the run was made from.
    """

    name: str
    kind: str
    lead: str
    warnings: tuple[Warned, ...]
    complete: str
    facts: tuple[tuple[str, str], ...]
    agents: Grid | None
    maps: tuple[Figure, ...]
    rounds: tuple[Figure, ...]
    cells: tuple[tuple[str, tuple[CellPart, ...]], ...]
    gaps: tuple[str, ...]
    forfeits: tuple[Forfeit, ...]
    forfeits_cut: int
    plan_title: str
    plan_note: str
    plan: str
