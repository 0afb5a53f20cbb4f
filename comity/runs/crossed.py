"""Matches that are worked out from answers and not played: each distinct question is asked a few times, once for all.

Where a game is a short tree of decisions, what an agent answered in one match it might as well have answered in any
other match that puts the same decision to it. So every distinct decision of a cell and replicate is asked k times, and
what a match pays is its expectation over its tree: chance by its odds, each player by how often it gave which answer (a
stated lottery counts with its odds). Answers to different decisions are independent draws and no decision comes twice
on a path, so the probability of a path is a product of independent factors, the mean of which is the product of their
means: the expectation is unbiased, whoever meets whom (Casella and Robert 1996, Rao-Blackwellisation, for the draws
that are left out; the metric `expected` does the same with matches that were played). But the matches of a replicate
share answers, so they are no independent draws.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from itertools import islice, product
from typing import Any, TypeAlias

from comity.core.chance import stream_key
from comity.core.decision import NATURE, Decision
from comity.core.errors import IllegalChoice, NotEnumerable, PlayerError, RuleError
from comity.core.flow import Decisions, Game
from comity.core.match import Match, Path, Reply, replay
from comity.core.space import Each, Lottery, Space, Text
from comity.records.record import Failure, Record
from comity.records.spec import Cell, MatchSpec
from comity.runs.design import ProposalPolicy
from comity.runs.dry import Hand, extremes, rolled

MOST_ENDS = 100_000
"""A match that can go on in more ways than this is not crossed."""
_TRIED = 4
"""So many dry plays, besides the extreme ones, tell whether a game can be crossed."""

Mixture: TypeAlias = tuple[tuple[Any, float], ...]
"""What an agent does at a decision: its choices, each with its share."""
Mixed: TypeAlias = Mixture | PlayerError
"""What the answers to a decision come to: a mixture, or why there is none."""
Crossing: TypeAlias = Generator[Decisions, Sequence[Mixed], Record]
"""Puts decisions, is sent what the answers to each come to, and returns a record."""


class AskedTwice(RuleError):
    """A player is asked the same question twice in one match, so that its answers there are one draw and not two."""


# What can be crossed


def obstacle(game: Game, samples: int, proposals: ProposalPolicy = "match") -> str | None:
    """Why the matches of a game are played and not crossed, as the end of a sentence; None where they can be crossed.

    They can where each player has at most one decision of each kind, none of them is free text, and the answers leave
    few enough ways through the tree (under `proposals` as in a plan). It is found out in dry plays.
    """
    hands = [*extremes(), *(rolled(stream_key(0, "crossed", number)) for number in range(_TRIED))]
    return next((found for hand in hands if (found := _obstacle(game, hand, samples, proposals))), None)


def _obstacle(game: Game, hand: Hand, samples: int, proposals: ProposalPolicy) -> str | None:
    match, asked, ways = Match(game), set[tuple[int, str]](), 1
    while match.pending:
        for decision in match.pending:
            ways *= 1 if decision.kind == "propose" and proposals == "tournament" else _ways(decision, samples)
            if decision.player != NATURE and (decision.player, decision.kind) in asked:
                return f"its players {_DOES.get(decision.kind, 'decide')} more than once"
            if _has_text(decision.options):
                return "its players write free text"
            asked.add((decision.player, decision.kind))
            if not _can_be_spelled(decision):
                return "what its players see cannot be written down"
        if ways > MOST_ENDS:
            return f"a match can go on in more than {MOST_ENDS:,} ways"
        step = len(match.choices)
        match.answer(tuple(hand.answer(decision, step, slot) for slot, decision in enumerate(match.pending)))
    return None


_DOES = {
    "act": "act",
    "propose": "propose",
    "approve": "vote",
    "sign": "sign",
    "speak": "speak",
    "sanction": "sanction",
    "predict": "predict",
}


def _ways(decision: Decision[Any], samples: int) -> int:
    """How many choices are possible there: as many as there are samples, or all where a lottery may be stated."""
    try:
        options = len(tuple(islice(decision.options, MOST_ENDS + 1)))
    except NotEnumerable:
        return samples
    return options if decision.player == NATURE or decision.kind in ("act", "predict") else min(options, samples)


def _has_text(space: Space[Any]) -> bool:
    return isinstance(space, Text) or (isinstance(space, Each) and any(map(_has_text, space.spaces)))


def _can_be_spelled(decision: Decision[Any]) -> bool:
    try:
        spelled(decision)
    except TypeError:
        return False
    return True


# Where answers lie


def stream(seed: int, cell: Cell, replicate: str, agent: str) -> int:
    """The key of all answers of one agent in one cell and replicate; `place` says where in it a decision lies."""
    return stream_key(seed, "crossed", cell.game_label, cell.mechanism_label, replicate, agent)


def place(decision: Decision[Any]) -> int:
    """A number of 62 bits for each decision, the same in every process; raises `TypeError` as `spelled` does."""
    return int.from_bytes(hashlib.blake2b(spelled(decision).encode(), digest_size=8).digest(), "little") >> 2


def spelled(value: Any) -> str:
    """A fact, or whatever is in one, as text that is the same in every process.

    Raises `TypeError` for what is no dataclass, tuple, set, number, text, truth value, enumeration or function.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return f"{_name(type(value))}({','.join(spelled(getattr(value, field.name)) for field in fields(value))})"
    if isinstance(value, tuple):
        return f"({','.join(map(spelled, value))})"
    if isinstance(value, frozenset):
        return f"{{{','.join(sorted(map(spelled, value)))}}}"
    if isinstance(value, Enum):
        return f"{_name(type(value))}.{value.name}"
    if value is None or isinstance(value, bool | int | float | str | Fraction):
        return repr(value)
    if callable(value) and hasattr(value, "__qualname__"):
        return _name(value)
    raise TypeError(f"a value of the type {type(value).__name__} cannot be written down")


def _name(named: Any) -> str:
    return f"{named.__module__}.{named.__qualname__}"


# From answers to a record


def mixture(decision: Decision[Any], replies: Sequence[Reply]) -> Mixture:
    """How often each choice was answered; every lottery counts with its odds. Raises `IllegalChoice`."""
    shares: dict[str, list[tuple[Any, float]]] = {}
    for choice, share in (stated for reply in replies for stated in _stated(reply)):
        if choice not in decision.options:
            raise IllegalChoice(decision, choice)
        if share > 0:
            shares.setdefault(repr(choice), []).append((choice, share / len(replies)))
    return tuple((found[0][0], math.fsum(share for _, share in found)) for found in shares.values())


def _stated(reply: Reply) -> Iterable[tuple[Any, float]]:
    return reply.chances() if isinstance(reply, Lottery) else ((reply, 1.0),)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a match may be: how it got there, with what probability, and what its players were asked on the way."""

    path: Path = ()
    share: float = 1.0
    asked: Decisions = ()


@dataclass(frozen=True, slots=True)
class _Position:
    """What is next on a path: decisions, or at its end payoffs."""

    pending: Decisions
    payoffs: tuple[float, ...] = ()


_Open: TypeAlias = Sequence[tuple[_Place, _Position]]
"""The places where a match goes on."""


@lru_cache(maxsize=20_000)
def _position(cell: Cell, path: Path) -> _Position:
    """What comes after that path. Other matches go the same ways, so it is kept for a while."""
    match = replay(cell.built, path)
    return _Position(match.pending, () if match.outcome is None else match.outcome.payoffs)


def crossing(spec: MatchSpec) -> Crossing:
    """A match, from its first decisions to the record of its expectation.

    Each step of the tree puts the decisions of all paths that are still open, each once. A decision that is reached and
    has no mixture forfeits the match. Raises `AskedTwice` where a decision comes twice on a path, and `NotEnumerable`
    where there are more than `MOST_ENDS` paths.
    """
    ends: list[tuple[float, tuple[float, ...]]] = []
    places, step = [_Place()], 0
    while places:
        found = [(each, _position(spec.cell, each.path)) for each in places]
        ends += [(each.share, position.payoffs) for each, position in found if not position.pending]
        open_ = [(each, position) for each, position in found if position.pending]
        asked = _asked(open_)
        answers = dict(zip(asked, (yield asked), strict=True)) if asked else {}
        for decision, answer in answers.items():
            if isinstance(answer, PlayerError):
                return _forfeited(spec, step, decision, open_, answer)
        places = _at_most(one for each, position in open_ for one in _onward(each, position, answers))
        step += 1
    return Record(spec, "expected", payoffs=_mean(ends))


def questions(
    spec: MatchSpec, answered: Callable[[Decision[Any]], Mixture], kinds: Collection[tuple[int, str]]
) -> Iterator[Decision[Any]]:
    """Every question that a match puts, each once, where what players do is known; nothing is paid.

    kinds: the decisions there can be, by player and kind, which tell where a path can put no more.
    """
    places = [_Place()]
    while places:
        open_ = [(each, _position(spec.cell, each.path)) for each in places]
        answers = {decision: answered(decision) for decision in _asked(open_)}
        yield from answers
        onward = _at_most(one for each, position in open_ for one in _onward(each, position, answers))
        places = [one for one in onward if len(one.asked) < len(kinds)]


def _asked(open_: _Open) -> Decisions:
    """What the players are asked next, each question once."""
    return tuple(dict.fromkeys(one for _, position in open_ for one in position.pending if one.player != NATURE))


def _at_most(places: Iterator[_Place]) -> list[_Place]:
    found = list(islice(places, MOST_ENDS + 1))
    if len(found) > MOST_ENDS:
        raise NotEnumerable(f'it can go on in more than {MOST_ENDS:,} ways; take fewer samples, or stages = "match"')
    return found


def _onward(here: _Place, position: _Position, answers: Mapping[Decision[Any], Any]) -> Iterator[_Place]:
    own = tuple(decision for decision in position.pending if decision.player != NATURE)
    for number, decision in enumerate(own):
        if decision in here.asked or decision in own[:number]:
            raise AskedTwice(
                f"player {decision.player + 1} is asked the same question of the kind {decision.kind!r} twice, so its "
                'answers cannot be crossed; take stages = "match"'
            )
    shares = [_odds(decision) if decision.player == NATURE else answers[decision] for decision in position.pending]
    asked = here.asked + own
    for taken in product(*shares):
        share = math.prod((one for _, one in taken), start=here.share)
        yield _Place((*here.path, tuple(choice for choice, _ in taken)), share, asked)


def _odds(decision: Decision[Any]) -> Mixture:
    return tuple((choice, share) for choice, share in decision.options.chances() if share > 0)  # type: ignore[attr-defined]


def _mean(ends: Sequence[tuple[float, tuple[float, ...]]]) -> tuple[float, ...]:
    """The mean payoffs; the shares may fail to sum to one by rounding, and what all ends pay is the mean to the bit."""
    columns = zip(*(payoffs for _, payoffs in ends), strict=True)
    shares = [share for share, _ in ends]
    return tuple(float(one[0]) if len(set(one)) == 1 else _weighed(shares, one) for one in columns)


def _weighed(shares: Sequence[float], values: Sequence[float]) -> float:
    return math.fsum(share * value for share, value in zip(shares, values, strict=True)) / math.fsum(shares)


def _forfeited(spec: MatchSpec, step: int, decision: Decision[Any], open_: _Open, error: PlayerError) -> Record:
    """No choice is recorded: the match went on in several ways at once."""
    slot = next(position.pending.index(decision) for _, position in open_ if decision in position.pending)
    failure = Failure(decision.player, step, slot, decision.kind, str(error), error.cause)
    return Record(spec, "forfeited", failure=failure)
