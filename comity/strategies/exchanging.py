"""Scripted agents for exchanges: what a perfect cooperator does, and every way to fall short of it on purpose.

They act on what they see and on nothing else. Where one is to act by chance, the chance is a function of the world, of
the agent and of what it is for, so that the same agent in the same world does the same under every condition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from comity.core.chance import Address, stream_key
from comity.core.decision import Decision
from comity.core.errors import BadParameter, BadStack
from comity.core.flow import Game
from comity.core.match import Decide
from comity.core.named import layers
from comity.core.space import Text
from comity.games.exchange.game import Exchange
from comity.games.exchange.state import EVERYBODY, Request
from comity.games.exchange.turns import Action
from comity.games.exchange.views import Digest, Sight
from comity.games.exchange.world import CODES

Asking: TypeAlias = Literal["all", "one", "public", "none", "everything", "again"]


@dataclass(frozen=True)
class Coins:
    """The chance of one agent in one world; equal questions get equal answers."""

    world: int
    agent: int

    def uniform(self, what: str, *of: int) -> float:
        """A number in [0, 1) for this purpose."""
        return Address(stream_key(self.world, "coin", what, self.agent, *of), 0, 0).uniform()


@dataclass(frozen=True)
class Needs:
    """What an agent knows of itself, whether it sees everything or a digest.

    complete: the tasks it can hand in. lacking: the pieces it lacks, each with who holds it and who has been asked.
    owed: open requests to it.
    """

    complete: tuple[int, ...]
    lacking: tuple[tuple[int, tuple[int, ...], tuple[int, ...]], ...]
    owed: tuple[Request, ...]

    @classmethod
    def seen(cls, sight: Sight | Digest) -> Needs:
        """What the sight says of them."""
        if isinstance(sight, Digest):
            return cls(sight.complete, sight.needed, sight.owed)
        held = set(sight.pieces)
        complete = tuple(task.number for task in sight.tasks if held.issuperset(task.pieces))
        missing = sorted({piece for task in sight.tasks for piece in task.pieces} - held)
        asked: dict[int, list[int]] = {}
        for request in sight.asked:
            asked.setdefault(request.piece, []).append(request.to)
        lacking = tuple((piece, _holders(sight, piece), tuple(asked.get(piece, ()))) for piece in missing)
        return cls(complete, lacking, sight.requests)


def _codes(sight: Sight | Digest) -> dict[int, int] | None:
    """The codes of pieces as they are seen; None where codes do not matter."""
    if sight.codes is None:
        return None
    pieces = sight.pieces if isinstance(sight, Sight) else tuple(request.piece for request in sight.owed)
    return dict(zip(pieces, sight.codes, strict=True))


def _holders(sight: Sight, piece: int) -> tuple[int, ...]:
    return tuple(agent for agent, pieces in enumerate(sight.directory, start=1) if piece in pieces)


@dataclass(frozen=True)
class Exchanging:
    """An agent that asks, answers and hands in by rule; by default the perfect cooperator.

    asks: "all" asks every holder of a missing piece, "one" the first, once; "public" everybody at once; "none" nobody;
        "everything" asks every holder also for what it does not need; "again" asks every holder at every turn anew, and
        for what it holds itself.
    forgets: the probability that it never asks for a piece.
    answers: the probability that it answers an open request at a turn; once: whether each request has one chance only.
    reciprocal: whether it answers only who has sent it something before.
    lies: whether it states a wrong code with everything it sends. pushes: whether it sends everything to everybody
        unasked, as far as it may.
    hopes: whether at a whole turn it hands in what it has only just asked for, which works where answers are instant.
    waits: for how many turns it keeps a complete task back, which it has to remember; None never hands in.
    misreads: the probability that it takes one piece, holder or task for another, where it sees everything itself; a
        digest it reads right.
    garbles: the probability that nothing of what it says at a turn can be read, so that it does nothing.
    """

    asks: Asking = "all"
    forgets: float = 0.0
    answers: float = 1.0
    once: bool = False
    reciprocal: bool = False
    lies: bool = False
    pushes: bool = False
    waits: int | None = 0
    misreads: float = 0.0
    hopes: bool = False
    garbles: float = 0.0

    def __post_init__(self) -> None:
        for name in ("forgets", "answers", "misreads", "garbles"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadParameter(f"{name} is a probability, not {getattr(self, name)!r}")
        if self.waits is not None and self.waits < 0:
            raise BadParameter(f"waits must be 0 turns or more, not {self.waits}")

    @property
    def remembers(self) -> bool:
        """Whether it goes by anything but what it sees at the moment."""
        return bool(self.waits)

    def begin(self, game: Game, player: int) -> Decide:
        """Sit down as that player of one match."""
        exchange = exchange_under(game)
        seat = _Seat(self, exchange, Coins(exchange.world, player + 1))

        def decide(decision: Decision[Any]) -> Any:
            besides = _BESIDES.get(decision.kind)
            return besides(decision) if besides else seat.decide(decision)

        return decide


def _silent(decision: Decision[Any]) -> str:
    """No text, or the last of the listed messages."""
    return "" if isinstance(decision.options, Text) else str(list(decision.options)[-1])


def _without_sanctions(decision: Decision[Any]) -> tuple[int, ...]:
    spaces: tuple[Any, ...] = decision.options.spaces  # type: ignore[attr-defined]
    return (0,) * len(spaces)


_BESIDES: dict[str, Decide] = {"speak": _silent, "sanction": _without_sanctions}
"""What it does where an exchange is part of something else: it says nothing, and sanctions nobody."""


def exchange_under(game: Game) -> Exchange:
    """The exchange that is played. Raises `BadStack` where there is none."""
    for layer in layers(game):
        if isinstance(layer, Exchange):
            return layer
    raise BadStack("this strategy plays exchanges only")


class _Seat:
    """One agent in one match. It goes by what it sees, and remembers nothing but since when its tasks are complete."""

    def __init__(self, rule: Exchanging, game: Exchange, coins: Coins) -> None:
        self._rule, self._game, self._coins = rule, game, coins
        self._since: dict[int, int] = {}

    def decide(self, decision: Decision[Any]) -> tuple[Action, ...]:
        sight = decision.sees[-1]
        if not isinstance(sight, Sight | Digest):
            raise BadStack("this strategy acts on what an exchange shows")
        if self._garbles(decision.kind, sight.round):
            return ()
        needs = Needs.seen(sight)
        does: dict[str, Callable[[Sight | Digest, Needs], Iterator[Action]]] = {
            "share": self._shares,
            "submit": self._submits,
            "request": self._requests,
        }
        kinds = decision.options.kinds  # type: ignore[attr-defined]
        meant = [action for kind, doing in does.items() if kind in kinds for action in doing(sight, needs)]
        if self._rule.hopes and decision.kind == "turn" and "submit" in kinds and isinstance(sight, Sight):
            meant += [("submit", task.number) for task in sight.tasks if task.number not in needs.complete]
        return tuple(meant) if isinstance(sight, Digest) else tuple([self._misread(sight, one) for one in meant])

    def _garbles(self, kind: str, round: int) -> bool:
        return self._rule.garbles > 0 and self._coins.uniform(f"garbled {kind}", round) < self._rule.garbles

    def _misread(self, sight: Sight, action: Action) -> Action:
        """The action, or one that names something else by mistake."""
        match action:
            case ("request", piece, to) if self._errs("request", sight.round, piece, to):
                return ("request", piece, to % self._game.agents + 1)
            case ("share", pieces, to, *codes) if self._errs("share", sight.round, to, *pieces):
                return ("share", pieces, to % self._game.agents + 1, *codes)
            case ("submit", task) if self._errs("submit", sight.round, task):
                return ("submit", task + self._game.agents)
            case _:
                return action

    def _errs(self, what: str, *of: int) -> bool:
        return self._rule.misreads > 0 and self._coins.uniform(f"misread {what}", *of) < self._rule.misreads

    def _shares(self, sight: Sight | Digest, needs: Needs) -> Iterator[Action]:
        by_asker: dict[int, list[int]] = {}
        for request in needs.owed:
            if self._answers(sight, request):
                by_asker.setdefault(request.by, []).append(request.piece)
        for by, pieces in by_asker.items():
            yield self._share(sight, tuple(pieces), by)
        if self._rule.pushes and isinstance(sight, Sight):
            yield from self._push(sight)

    def _answers(self, sight: Sight | Digest, request: Request) -> bool:
        if self._rule.reciprocal and not self._has_received_from(sight, request.by):
            return False
        if self._rule.answers == 1:
            return True
        round = request.round if self._rule.once else sight.round  # one chance is one coin, whenever it is looked at
        return self._coins.uniform("answer", round, request.by, request.piece) < self._rule.answers

    def _has_received_from(self, sight: Sight | Digest, other: int) -> bool:
        receipts = sight.receipts if isinstance(sight, Sight) else None
        return any(receipt.by == other for receipt in receipts or ())

    def _push(self, sight: Sight) -> Iterator[Action]:
        for other in range(1, self._game.agents + 1):
            fresh = tuple(
                piece for piece in sight.pieces if other != sight.agent and piece not in sight.directory[other - 1]
            )
            if fresh:
                yield self._share(sight, fresh, other)

    def _share(self, sight: Sight | Digest, pieces: tuple[int, ...], to: int) -> Action:
        known = _codes(sight)
        if known is None:
            return ("share", pieces, to)
        codes = tuple((known[piece] + self._rule.lies) % CODES for piece in pieces)
        return ("share", pieces, to, codes)

    def _submits(self, sight: Sight | Digest, needs: Needs) -> Iterator[Action]:
        if self._rule.waits is None:
            return
        for task in needs.complete:
            if sight.round - self._since.setdefault(task, sight.round) >= self._rule.waits:
                yield ("submit", task)

    def _requests(self, sight: Sight | Digest, needs: Needs) -> Iterator[Action]:
        if self._rule.asks != "none":
            yield from self._asks_for(sight, needs)
        if self._rule.asks == "everything" and isinstance(sight, Sight):
            yield from self._asks_for_more(sight, {piece for piece, *_ in needs.lacking})
        if self._rule.asks == "again" and isinstance(sight, Sight):
            other = sight.agent % self._game.agents + 1
            yield from (("request", piece, other) for piece in sight.pieces)

    def _asks_for(self, sight: Sight | Digest, needs: Needs) -> Iterator[Action]:
        for piece, holders, asked in needs.lacking:
            if self._rule.forgets and self._coins.uniform("forget", piece) < self._rule.forgets:
                continue
            match self._rule.asks:
                case "one":
                    yield from (("request", piece, holder) for holder in holders[:1] if not asked)
                case "public":
                    if not set(holders) <= set(asked):
                        yield ("request", piece, EVERYBODY)
                case "again":
                    yield from (("request", piece, holder) for holder in holders)
                case _:
                    yield from (("request", piece, holder) for holder in holders if holder not in asked)

    def _asks_for_more(self, sight: Sight, needed: set[int]) -> Iterator[Action]:
        held, asked = set(sight.pieces), {(request.to, request.piece) for request in sight.asked}
        for piece in range(1, self._game.pieces + 1):
            if piece in held or piece in needed:
                continue
            yield from (("request", piece, holder) for holder in _holders(sight, piece) if (holder, piece) not in asked)
