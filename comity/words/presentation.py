"""A decision and a wording as a presentation has them told.

This is the only place where a presentation takes effect, and every door of this room goes through it: what is asked,
which answer is wanted and what is read from it are told by the same labels, in the same order. A wording that tells a
presentation already says so (`Wording.presented`), and passes unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from comity.core.decision import Decision, Fact
from comity.core.flow import Game
from comity.core.named import layers
from comity.core.space import Each, OneOf, Space
from comity.games.symmetric import PublicGoods
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.mediation import DELEGATE, Mediation
from comity.mechanisms.presentation import LETTERS, RANDOM, Presentation, Presented, needs_presentation_last
from comity.words.wording import BadWording, Wording
from comity.words.wordings import called, standard


def as_told(decision: Decision[Any], wording: Wording) -> tuple[Decision[Any], Wording]:
    """The decision with its options in the order in which they are asked for, and the wording that tells it.

    Where no presentation is in force both are given back as they are. Raises `BadWording` for a level that the wording
    does not have.
    """
    presentation = _among(decision.sees)
    if presentation is None or wording.presented is not None:
        return decision, wording
    told = decision if presentation.question == "given" else replace(decision, options=_turned(decision.options))
    return told, told_by(presentation, wording)


def options_as_told(decision: Decision[Any]) -> Space[Any]:
    """The options of a decision in the order in which they are asked for."""
    presentation = _among(decision.sees)
    given = presentation is None or presentation.question == "given"
    return decision.options if given else _turned(decision.options)


def rules_as_told(rules: Iterable[Fact], wording: Wording) -> Wording:
    """The wording that tells these rules. Raises `BadWording` as `as_told` does."""
    presentation = _among(rules)
    return wording if presentation is None or wording.presented is not None else told_by(presentation, wording)


def _among(facts: Iterable[Fact]) -> Presentation | None:
    for fact in facts:
        if type(fact) is Presentation:
            return fact
    return None


def _turned(space: Space[Any]) -> Space[Any]:
    """The same choices, those that are listed in the opposite order; yes comes before no in any order."""
    if type(space) is OneOf and bool not in map(type, space):
        return replace(space, options=space.options[::-1])
    if type(space) is Each:
        return Each(space.names, tuple(map(_turned, space.spaces)))
    return space


@lru_cache(maxsize=10_000)
def told_by(presentation: Presentation, wording: Wording) -> Wording:
    """The wording with the levels of the presentation in force.

    Its labels go before those of the wording, and those before the labels of the language. Raises `BadWording` where
    there is no such language, unit, story or goal, and where a label cannot be one.
    """
    language = standard(presentation.language) if presentation.language else wording
    for action, label in presentation.labels:
        called(f"the label of {action}", label, "presentation")
    _check_there(f"stories.{presentation.story}", "story", language)
    _check_there(f"goals.{presentation.goal}", "goal", language)
    if presentation.unit not in language.units:
        raise _missing("unit", presentation.unit, language, tuple(language.units))
    return replace(
        language,
        name=wording.name,
        labels={**language.labels, **wording.labels, **dict(presentation.labels)},
        unit=language.units[presentation.unit],
        players=wording.players or language.players,
        presented=presentation,
    )


def _check_there(key: str, factor: str, wording: Wording) -> None:
    table, _, level = key.partition(".")
    if level != "none" and key not in wording.templates:
        there = (name.partition(".")[2] for name in wording.templates if name.startswith(f"{table}."))
        raise _missing(factor, level, wording, ("none", *there))


def _missing(factor: str, level: str, wording: Wording, there: tuple[str, ...]) -> BadWording:
    return BadWording(f"the wording {wording.name!r} has no {factor} {level!r}: it has {', '.join(there)}")


def tellings(game: Game, wording: Wording) -> Iterator[tuple[tuple[Fact, ...], Wording]]:
    """The rules of a game as they can come to be told, each level of a drawn factor at least once, and in which words.

    Raises `BadStack` where a presentation does not stand last, and `BadWording` where it cannot tell this game.
    """
    needs_presentation_last(game)
    outermost = next(layers(game))
    if not isinstance(outermost, Presented):
        yield game.rules, wording
        return
    rules = outermost.base.rules
    for presentation in outermost.tellings:
        _check_sentences(presentation, rules)
        told = told_by(presentation, wording)
        if outermost.labels == RANDOM:
            _check_letters(told, rules)
        yield (presentation, *rules), replace(told, strict=True)


def _check_letters(wording: Wording, rules: Iterable[Fact]) -> None:
    """Raise `BadWording` where what is no action, and keeps its label, could be called as a letter that is drawn."""
    kept = wording.shown(DELEGATE)
    if kept.upper() in LETTERS and any(isinstance(rule, Mediation) for rule in rules):
        raise BadWording(
            f"the wording {wording.name!r} calls {DELEGATE!r} {kept!r}, and labels that are drawn may call an action so"
        )


def _check_sentences(presentation: Presentation, rules: Iterable[Fact]) -> None:
    """Raise `BadWording` where an order of payoff sentences is asked for, and there are none."""
    for rule in rules:
        if isinstance(rule, PublicGoods | TravellersDilemma) and presentation.rules != "by_own":
            raise BadWording(
                f"rules = {presentation.rules!r} puts payoff sentences in order, and {type(rule).__name__} is told "
                'without them: leave rules = "by_own", or put rescaling on it, which tells it as a table'
            )
