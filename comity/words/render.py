"""A decision as the text that is put to whoever must make it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from comity.core.decision import Decision, Fact
from comity.core.flow import Game
from comity.core.space import Space
from comity.words.games import GAMES
from comity.words.mechanisms import MECHANISMS
from comity.words.outcomes import OUTCOMES
from comity.words.phrases import joined
from comity.words.questions import ANSWERS, QUESTIONS
from comity.words.wording import Frame, Renderer, Wording

FACTS: dict[type, Renderer] = {**GAMES, **MECHANISMS, **OUTCOMES}
"""The renderer of each type of fact. A plugin whose rules show a new type of fact adds its renderer here."""

PLAIN = Wording(FACTS, QUESTIONS, ANSWERS)
"""The wording for people: plain sentences, neutral in tone, actions called as the game calls them."""


def render(decision: Decision[Any], wording: Wording = PLAIN) -> str:
    """The decision in words: who is asked, all that player knows, the question, and what may be answered.

    Everything in `sees` is said, outermost first, and nothing else. Raises `NoWords` at a fact, kind or space that the
    wording does not cover.
    """
    lines, frame = _told(decision.player, decision.sees, wording)
    question = wording.question(decision, frame)
    return joined([*lines, "", question, f"Answer with {wording.allowed(decision.options)}."])


def render_rules(game: Game, player: int, wording: Wording = PLAIN) -> str:
    """What that player knows of the game before it starts."""
    lines, _ = _told(player, game.rules, wording)
    return joined(lines)


def _told(player: int, facts: Iterable[Fact], wording: Wording) -> tuple[list[str], Frame]:
    frame = Frame(wording, reader=player)
    lines = [f"You are player {player + 1}."]
    for fact in facts:
        lines += frame.lines(fact)
        frame = frame.after(fact)
    return lines, frame


def allowed(space: Space[Any], wording: Wording = PLAIN) -> str:
    """What may be answered, as a phrase after "answer with"."""
    return wording.allowed(space)
