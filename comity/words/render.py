"""A decision as the text that is put to whoever must make it.

People are shown it in the order of the facts (`render`). Models are shown what stands unchanged first (`sections`):
what their providers have read before, they need not read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from comity.core.decision import Decision, Fact
from comity.core.flow import Game
from comity.core.space import Space
from comity.exact.strategic_form import StrategicFormRule
from comity.games.exchange.conditions import Instruction
from comity.games.normal_form import NormalForm
from comity.games.sequential import SequentialTrustGame
from comity.mechanisms.contracting import Contracting
from comity.mechanisms.mediation import DELEGATE, Mediation
from comity.mechanisms.observation import Observation
from comity.mechanisms.rescaling import Rescaled
from comity.words.phrases import joined
from comity.words.presentation import as_told, rules_as_told, tellings
from comity.words.wording import Frame, Wording
from comity.words.wordings import PLAIN


def render(decision: Decision[Any], wording: Wording = PLAIN) -> str:
    """The decision in words: who is asked, all that player knows, the question, and what may be answered.

    Everything in `sees` is said, outermost first, and nothing else. Raises `NoWords` at a fact, kind or space that the
    wording does not cover, and `BadWording` if two options would be called the same.
    """
    decision, wording = as_told(decision, wording)
    lines, frame = _told(decision.player, decision.sees, wording)
    question = wording.question(decision, frame)
    reply = wording.say("answers.reply", allowed=wording.answering(decision).allowed(decision.options))
    return joined([*lines, "", question, reply])


def render_rules(game: Game, player: int, wording: Wording = PLAIN) -> str:
    """What that player knows of the game before it starts."""
    lines, _ = _told(player, game.rules, rules_as_told(game.rules, wording))
    return joined(lines)


def _told(player: int, facts: Iterable[Fact], wording: Wording) -> tuple[list[str], Frame]:
    frame = Frame(wording, reader=player)
    known = tuple(facts)
    lines = [_addressed(player, known, wording)]
    for fact in known:
        lines += frame.lines(fact)
        frame = frame.after(fact)
    return lines, frame


def _addressed(player: int, facts: Sequence[Fact], wording: Wording) -> str:
    if any(isinstance(fact, Observation) for fact in facts):
        return wording.say("names.you_observe")
    aimed = any(isinstance(fact, Instruction) for fact in facts)  # whoever is told an aim is not told another one
    return wording.say("names.you_play" if aimed else "names.you_are", player=wording.player(player))


class Sections(NamedTuple):
    """A decision in words, in three parts that together say all of it.

    rules: the payoff rule and the rules of the mechanisms, outermost first. They stand unchanged through a match for
        the same player, and where nothing tells seats apart they are the same for all players.
    news: who is asked, and what changes: what was played, who sits where, what was proposed, elected, signed or said.
    question: what is asked. What may be answered, and in which form, is for whoever asks to add.
    """

    rules: str
    news: str
    question: str


def sections(decision: Decision[Any], wording: Wording = PLAIN) -> Sections:
    """The decision in words, what is shared first.

    The rules are told from the reader's own seat and as before anybody has met ("the other player"), so that they do
    not depend on whom a player meets. Raises as `render` does.
    """
    return sections_as_told(*as_told(decision, wording))


def sections_as_told(decision: Decision[Any], wording: Wording) -> Sections:
    """The same of what `as_told` gives."""
    setting, news = list[Fact](), [_addressed(decision.player, decision.sees, wording)]
    now = Frame(wording, reader=decision.player)
    for fact in decision.sees:
        after = now.after(fact)
        if wording.is_rule(fact):
            setting.append(fact)
        else:
            news += now.lines(fact)
            if after is not now:
                setting.append(fact)
        now = after
    rules = _rules(decision.player, tuple(setting), wording)
    return Sections(rules, joined(news), joined([wording.question(decision, now)]))


@lru_cache(maxsize=10_000)
def _rules(player: int, setting: Sequence[Fact], wording: Wording) -> str:
    """The rules among these facts, of which the others say who sits where; decision after decision has the same."""
    lines, frame = list[str](), Frame(wording, reader=player, shared=True)
    for fact in setting:
        if wording.is_rule(fact):
            lines += frame.lines(fact)
        frame = frame.after_rule(fact)
    return joined(lines)


def checked(game: Game, wording: Wording) -> None:
    """Raise `NoWords` or `BadWording` unless the wording tells every player the rules and keeps its options apart.

    So a wording that does not fit is found before the first match, and so is a presentation: see `tellings`.
    """
    for rules, told in tellings(game, wording):
        for player in range(game.n_players):
            _told(player, rules, told)
        for options in _option_sets(rules):
            told.named(options)


def _option_sets(rules: Iterable[Fact]) -> Iterator[tuple[str, ...]]:
    """What is to be told apart in a game of these rules, as far as the rules say it."""
    delegate: tuple[str, ...] = ()
    for rule in rules:
        match rule:
            case Mediation():
                delegate = (DELEGATE,)
            case Contracting(actions):
                yield actions
            case NormalForm() | Rescaled():
                yield from ((*actions, *delegate) for actions in rule.actions)
            case SequentialTrustGame():
                yield from rule.at_once.actions
            case StrategicFormRule(plans):
                yield from plans
            case _:
                pass


def allowed(space: Space[Any], wording: Wording = PLAIN) -> str:
    """What may be answered, as a phrase after "answer with"."""
    return wording.allowed(space)
