"""One play in progress, and whoever drives it.

A match never waits, so anything may drive it: scripts (`play`), whatever waits (`play_async`), a record (`replay`), or
exact analysis (`tree`). Its state is the list of choices made so far, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from comity.core.chance import Address
from comity.core.decision import NATURE, Decision
from comity.core.errors import Diverged, IllegalChoice, NotEnumerable
from comity.core.flow import Choices, Decisions, Game
from comity.core.outcome import Outcome
from comity.core.space import Drawable, Lottery, may_be_missing

Reply: TypeAlias = Any
"""What a decider answers: a choice, or a `Lottery` over choices that the driver then draws.

Where an answer may be missing (`OneOf.missable`), None says that there is none; a lottery may not hold it.
"""
Decide: TypeAlias = Callable[[Decision[Any]], Reply]
Path: TypeAlias = tuple[Choices, ...]


class Match:
    """One play of a game, between two decisions.

    pending: the decisions of the present step; empty when the play is over.
    choices: the answers so far, one tuple per step.
    lotteries: the answers among them that were drawn from a stated lottery, by (step, slot).
    outcome: None until the play is over.
    """

    __slots__ = ("_flow", "choices", "lotteries", "outcome", "pending")

    def __init__(self, game: Game) -> None:
        self.pending: Decisions = ()
        self.choices: list[Choices] = []
        self.lotteries: dict[tuple[int, int], Lottery[Any]] = {}
        self.outcome: Outcome | None = None
        self._flow = game.play()
        self._advance(None)

    def answer(self, choices: Choices) -> None:
        """Answer every pending decision at once. Raises `IllegalChoice`, and then nothing has changed."""
        for decision, choice in zip(self.pending, choices, strict=True):
            if choice not in decision.options:
                raise IllegalChoice(decision, choice)
        self.choices.append(choices)
        self._advance(choices)

    def _advance(self, choices: Any) -> None:
        try:
            self.pending = self._flow.send(choices)  # to send None is to start it
        except StopIteration as end:
            self.pending, self.outcome = (), end.value


def settle(match: Match, decide: Decide, key: int) -> None:
    """Answer the present step: chance draws at its address under `key`, everybody else decides."""
    receive(match, [None if d.player == NATURE else decide(d) for d in match.pending], key)


def receive(match: Match, replies: Sequence[Reply], key: int) -> None:
    """Answer the present step with these replies (chance needs none), drawing what is left to chance under `key`."""
    step = len(match.choices)
    choices, lotteries = [], {}
    for slot, (decision, reply) in enumerate(zip(match.pending, replies, strict=True)):
        if decision.player == NATURE:
            choices.append(cast("Drawable[Any]", decision.options).draw(Address(key, step, slot)))
        elif isinstance(reply, Lottery):
            choices.append(_drawn(decision, reply, Address(key, step, slot)))
            lotteries[step, slot] = reply
        else:
            choices.append(reply)
    match.answer(tuple(choices))
    match.lotteries.update(lotteries)


def _drawn(decision: Decision[Any], lottery: Lottery[Any], address: Address) -> Any:
    for option in lottery:  # an illegal option is refused whether or not it would have been drawn
        if option not in decision.options or (option is None and may_be_missing(decision.options)):
            raise IllegalChoice(decision, option)
    return lottery.draw(address)


def play(game: Game, decide: Decide, key: int = 0) -> Match:
    """Play to the end with answers that are there at once; draws lie under `key` (see `core.chance`).

    Several plays are independent where their keys are hashes, such as `stream_key(seed, number)` makes. Numbers that
    differ in a few bits share draws: those of key 0 at step 1 are those of key 1 at step 0.
    """
    match = Match(game)
    while match.pending:
        settle(match, decide, key)
    return match


async def play_async(game: Game, decide: Callable[[Decision[Any]], Awaitable[Reply]], key: int = 0) -> Match:
    """Play to the end with answers that take time; the decisions of one step are put at once."""

    async def answer(decision: Decision[Any]) -> Reply:
        return None if decision.player == NATURE else await decide(decision)

    match = Match(game)
    while match.pending:
        receive(match, await asyncio.gather(*map(answer, match.pending)), key)
    return match


def replay(game: Game, choices: Iterable[Choices]) -> Match:
    """Play again from recorded choices, as far as they go.

    Raises `Diverged`, naming the step, where the rules do not ask what the record answers.
    """
    *_, match = replaying(game, choices)
    return match


def replaying(game: Game, choices: Iterable[Choices]) -> Iterator[Match]:
    """What `replay` does, one step at a time: the match before each recorded step is answered, and after the last."""
    match = Match(game)
    for step, batch in enumerate(choices):
        if match.outcome is not None:
            raise Diverged(step, "the record goes on where the rules have ended")
        if len(batch) != len(match.pending):
            raise Diverged(step, f"the record answers {len(batch)} decisions, the rules put {len(match.pending)}")
        yield match
        try:
            match.answer(batch)
        except IllegalChoice as error:
            raise Diverged(step, str(error)) from error
    yield match


@dataclass(frozen=True)
class Node:
    """A decision in the tree of a game, where each choice leads, and to which step of the match it belongs."""

    decision: Decision[Any]
    branches: Mapping[Any, Tree]
    step: int


Tree: TypeAlias = Node | Outcome


def tree(game: Game, path: Path = (), most: int | None = None) -> Tree:
    """The game from that path on, as a tree: the decisions of one step follow one another in their order.

    Raises `NotEnumerable` where a player may choose from more than a finite list, and where there are more than `most`
    nodes (leaves included). Costs one play of the prefix per step, so it is meant for games of up to some 10**5 leaves.
    """
    root: dict[Any, Tree] = {}
    ahead: list[_Bud] = [(root, None, replay(game, path), ())]
    made = 0
    while ahead:  # by hand and not by recursion: a tree may be deeper than Python's stack
        made += 1
        if most is not None and made > most:
            raise NotEnumerable(f"the tree of this game has more than {most} nodes")
        branches, choice, match, chosen = ahead.pop()
        if chosen and len(chosen) == len(match.pending):
            match, chosen = replay(game, (*match.choices, chosen)), ()
        branches[choice], onward = _grown(match, chosen)
        ahead.extend(reversed(onward))
    return root[None]


_Bud: TypeAlias = tuple[dict[Any, Tree], Any, Match, Choices]
"""Where a branch is to grow: among which branches, for which choice, in which match, after what in its present step."""


def _grown(match: Match, chosen: Choices) -> tuple[Tree, list[_Bud]]:
    if match.outcome is not None:
        return match.outcome, []
    decision = match.pending[len(chosen)]
    branches: dict[Any, Tree] = {}
    onward: list[_Bud] = [(branches, option, match, (*chosen, option)) for option in decision.options]
    return Node(decision, branches, len(match.choices)), onward
