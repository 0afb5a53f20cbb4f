"""A person takes a seat: shown what a decision shows, asked again until the answer can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from comity.core.chance import stream_key
from comity.core.decision import NATURE, Decision
from comity.core.flow import Choices, Game
from comity.core.match import Match, Reply, receive
from comity.strategies.strategy import Strategy
from comity.words.parse import Unreadable, read_reply
from comity.words.presentation import as_told
from comity.words.render import render
from comity.words.transcript import describe_outcome
from comity.words.wordings import PLAIN

Ask = Callable[[str], str]


@dataclass(frozen=True)
class Human:
    """A person at a terminal. `ask` shows a text and returns the typed line."""

    name: str
    ask: Ask

    def decide(self, decision: Decision[Any]) -> Any:
        """Show the decision and ask until the answer is one of its options."""
        told, wording = as_told(decision, PLAIN)
        question = f"\n{render(decision)}\n> "
        while True:
            try:
                return read_reply(self.ask(question), told.options, wording.answering(told))
            except Unreadable as error:
                question = f"{error}\n> "


WHY = "Why? (in your own words; an empty line says nothing)\n> "


@dataclass
class Spoken:
    """What a person said of its actions, by step and slot, and the choices of the match it was said in."""

    words: dict[tuple[int, int], str] = field(default_factory=dict)
    choices: list[Choices] = field(default_factory=list)


def play_in_terminal(
    game: Game, player: int, others: Strategy, seed: int, ask: Ask, spoken: Spoken | None = None
) -> Iterator[str]:
    """Play game as that player against `others` in every other seat; yields the lines to show besides the questions.

    spoken: where given, the person is asked why after each of its actions, and this is filled with what it says.
    """
    person = Human("you", ask)
    seats = [others.begin(game, seat) for seat in range(game.n_players)]
    key, match, told = stream_key(seed, "terminal"), Match(game), PLAIN
    while match.pending:
        told = next((as_told(decision, PLAIN)[1] for decision in match.pending if decision.player == player), told)
        replies = [_reply(decision, player, person, seats) for decision in match.pending]
        if spoken is not None:
            own = [slot for slot, asked in enumerate(match.pending) if (asked.player, asked.kind) == (player, "act")]
            words = {(len(match.choices), slot): said for slot in own if (said := ask(WHY).strip())}
            spoken.words |= words
        receive(match, replies, key)
    if spoken is not None:
        spoken.choices = match.choices
    assert match.outcome is not None
    yield ""
    yield describe_outcome(match.outcome.seen_by(player), reader=player, wording=told)


def _reply(decision: Decision[Any], player: int, person: Human, seats: list[Callable[..., Reply]]) -> Reply:
    if decision.player == NATURE:
        return None
    return person.decide(decision) if decision.player == player else seats[decision.player](decision)
