"""A match told to an onlooker: step by step who decided what, and how each play within it ended.

It is worked out by replay, so it tells what the rules say and not what somebody wrote down. Players are counted as in
the outermost game throughout, and each play is told once, when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import cycle, groupby
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from comity.core.decision import NATURE, Decision, Seats
from comity.core.flow import Choices, Game
from comity.core.match import Match, replay
from comity.core.named import layers
from comity.core.outcome import Outcome
from comity.core.space import Each, Lottery, OneOf, Text
from comity.mechanisms.matching import Standings
from comity.mechanisms.neighbourhood import Neighbourhood, Surroundings
from comity.mechanisms.repetition import History
from comity.words.outcomes import outcome_lines, summary, unsettled
from comity.words.phrases import chosen, indented, joined, number, quoted, sentence
from comity.words.printable import printable_line
from comity.words.wording import Frame, Wording
from comity.words.wordings import PLAIN

Agents: TypeAlias = Mapping[int, str]
Lotteries: TypeAlias = Mapping[tuple[int, int], Lottery[Any]]

_WIDTH = 110
_NOBODY: Agents = MappingProxyType({})
_NOTHING_DRAWN: Lotteries = MappingProxyType({})
_ONLOOKER = Frame(PLAIN)


class Place(NamedTuple):
    """Which play within a larger one: its round, if it has one, and its players; None where all go on together.

    called: what a round is called there.
    """

    round: int | None
    players: tuple[int, ...] | None
    called: str = "round"


Path: TypeAlias = tuple[Place, ...]


def path_of(decision: Decision[Any]) -> Path:
    """In which play within which the decision is made, as far as its facts say; outermost first."""
    path: Path = ()
    round: int | None = None
    for fact in decision.sees:
        match fact:
            case Standings():
                round = fact.played
            case History() | Surroundings():
                path += (Place(fact.played, None),)
            case Seats():
                path += (Place(round, fact.players),)
                round = None
    return path


def describe_choice(decision: Decision[Any], choice: Any) -> str:
    """The choice in a few words, players counted as in the outermost game."""
    if decision.player == NATURE:
        return printable_line(_by_chance(decision.kind, choice))
    if choice is None and isinstance(decision.options, OneOf) and decision.options.missable:
        return "no answer"
    match decision.options:
        case Each(names):
            return printable_line(_labelled(decision, names, choice))
        case Text():
            return quoted(choice)
        case _:
            return printable_line(chosen(choice))


def _by_chance(kind: str, drawn: Any) -> str:
    match kind, drawn:
        case "match" | "personas", tuple():
            return f"order {chosen(drawn)}"
        case "continue", bool():
            return "another round" if drawn else "no further round"
        case "tie", int():
            return f"the proposal from seat {drawn + 1}"
        case (("tremble" | "misperceive"), int()):  # so many actions further on in the list, round to its start
            return f"{drawn} further on" if drawn else f"as {'chosen' if kind == 'tremble' else 'played'}"
        case _:
            return chosen(drawn)


def _labelled(decision: Decision[Any], names: Sequence[str], choice: tuple[Any, ...]) -> str:
    match decision.kind:
        case "approve":
            about = [_called(seat, decision) for seat in range(len(names))]
        case "sanction":
            about = [_called(seat, decision) for seat in range(len(names) + 1) if seat != decision.seat]
        case "predict":
            others = (seat for seat in range(len(names) + 1) if seat != decision.seat)
            called = [_called(seat, decision) for seat in others]
            return ", ".join(f"{chosen(part)} by {who}" for who, part in zip(called, choice, strict=True))
        case _:
            return ", ".join(f"{name} = {chosen(part)}" for name, part in zip(names, choice, strict=True))
    return ", ".join(f"{chosen(part)} to {who}" for who, part in zip(about, choice, strict=True))


def _called(seat: int, decision: Decision[Any]) -> str:
    """Who sits in that seat of the innermost game, as the outermost game counts."""
    for within in decision.facts(Seats):
        seat = within.players[seat]
    return _ONLOOKER.name(seat)


def describe_outcome(
    outcome: Outcome, agents: Agents = _NOBODY, reader: int | None = None, wording: Wording = PLAIN
) -> str:
    """The outcome as a tree of plays: who played what, for how many points.

    agents: the name of who plays, by player. reader: the player who is called "you", if it is told to one; what that
    player may see of it is the outcome's `seen_by`.
    """
    return joined(_result(outcome, Frame(wording, reader=reader, agents=agents)))


def transcript(
    game: Game, choices: Iterable[Choices], agents: Agents = _NOBODY, lotteries: Lotteries = _NOTHING_DRAWN
) -> str:
    """The match that these choices make, in words, as far as they go.

    agents: the name of who plays, by player. lotteries: the stated lotteries that choices were drawn from, by
    (step, slot). Raises `Diverged`, as `replay` does, where the rules do not ask what the choices answer.
    """
    steps = tuple(choices)
    outcome = replay(game, steps).outcome
    return joined(_lines(list(_told(game, steps, Frame(PLAIN, agents=agents), lotteries)), outcome))


class _Made(NamedTuple):
    """One choice, told: at which step, in which play (None for chance), of what kind, by whom and what."""

    step: int
    path: Path | None
    kind: str
    told: str


def _told(game: Game, steps: Sequence[Choices], frame: Frame, lotteries: Lotteries) -> Iterator[_Made]:
    match, parts = Match(game), _parts(game)
    for step, batch in enumerate(steps):
        part = next(parts) if any(decision.fact(Surroundings) for decision in match.pending[:1]) else ()
        for slot, (decision, choice) in enumerate(zip(match.pending, batch, strict=True)):
            told = describe_choice(decision, choice) + _drawn(decision, lotteries.get((step, slot)))
            if decision.player == NATURE:
                yield _Made(step, None, f"chance, {decision.kind}", told)
            else:
                path = (*path_of(decision)[:-1], *part) if part else path_of(decision)
                yield _Made(step, path, decision.kind, f"{frame.name(decision.player)}: {told}")
        match.answer(batch)


def _parts(game: Game) -> Iterator[Path]:
    """Where the rounds of a neighbourhood of several parts stand, in their order; () for ever where it has but one.

    The facts of a decision do not say its part. A neighbourhood that is itself repeated goes through them again.
    """
    inside = next((layer for layer in layers(game) if isinstance(layer, Neighbourhood)), None)
    if inside is None or len(inside.stretches) == 1:
        return cycle([()])
    return cycle(
        (Place(part, None, "part"), Place(round, None))
        for part, stretch in enumerate(inside.stretches)
        for round in range(stretch.rounds)
    )


def _drawn(decision: Decision[Any], lottery: Lottery[Any] | None) -> str:
    if lottery is None:
        return ""
    odds = (f"{describe_choice(decision, option)} {number(chance)}" for option, chance in lottery.chances())
    return f" (drawn from {', '.join(odds)})"


def _lines(made: Sequence[_Made], outcome: Outcome | None) -> Iterator[str]:
    ends = _ends(made)
    larger = {path[:-1] for paths in ends.values() for path in paths}
    heading: Path = ()
    told = 0
    for (step, path, kind), group in groupby(made, itemgetter(0, 1, 2)):
        entries = [one.told for one in group]
        told += len(entries)
        if path is not None:
            yield from _headed(path, heading)
            heading = path
        yield from _decided(f"[{step}] {kind}: ", entries, within=bool(path))
        for ended in ends.get(told - 1, ()):
            yield from _headed(ended, heading)
            heading = ended
            yield from _ended(ended, outcome, whole=ended not in larger)
    if outcome is not None:
        yield from _in_all(outcome) if larger else _result(outcome, _ONLOOKER)


def _ends(made: Sequence[_Made]) -> dict[int, list[Path]]:
    """For the last choice within each play, the plays that end with it, the innermost first."""
    located = [(at, one.path) for at, one in enumerate(made) if one.path]
    last = {path[:depth]: at for at, path in located for depth in range(len(path), 0, -1)}
    ends: dict[int, list[Path]] = {}
    for path, at in last.items():
        ends.setdefault(at, []).append(path)
    return {at: sorted(paths, key=len, reverse=True) for at, paths in ends.items()}


def _headed(path: Path, heading: Path) -> Iterator[str]:
    if path and path != heading:
        yield f"{sentence(', '.join(_titles(path)))}:"


def _titles(path: Path) -> Iterator[str]:
    frame = _ONLOOKER
    for place in path:
        who = "" if place.players is None else f"({frame.names(place.players)})"
        yield " ".join(filter(None, ["" if place.round is None else f"{place.called} {place.round + 1}", who]))
        frame = frame if place.players is None else frame.within(place.players)


def _decided(label: str, entries: Sequence[str], within: bool) -> list[str]:
    """One line, or one for each choice where one line would be too long."""
    one = label + "; ".join(entries)
    lines = [one] if len(one) <= _WIDTH else [label.rstrip(), *indented(entries)]
    return indented(lines) if within else lines


def _ended(path: Path, outcome: Outcome | None, whole: bool) -> list[str]:
    frame = _ONLOOKER
    for place in path:
        outcome = outcome and _inside(outcome, place)
        frame = frame if place.players is None else frame.within(place.players)
    return [] if outcome is None else indented(_result(outcome, frame, whole))


def _in_all(outcome: Outcome) -> list[str]:
    return ["In all:", *indented(_result(outcome, _ONLOOKER, whole=False))]


def _result(outcome: Outcome, frame: Frame, whole: bool = True) -> list[str]:
    first, *rest = outcome_lines(outcome, frame) if whole else summary(outcome, frame)
    return [sentence(first), *rest]


def _inside(outcome: Outcome, place: Place) -> Outcome | None:
    plays = (
        p for p in unsettled(outcome).parts if p.round == (place.round or 0) and place.players in (None, p.players)
    )
    return next((play.outcome for play in plays), None)
