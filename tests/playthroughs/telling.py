"""One playthrough as text: the rules as each seat knows them, the first decision of every kind, and the match."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from comity.core.chance import Address, stream_key
from comity.core.decision import NATURE, Decision
from comity.core.flow import Game
from comity.core.match import Match
from comity.core.space import Drawable, Each, Integer, Lottery, OneOf, Space, Text
from comity.games.exchange.turns import Turn
from comity.words.phrases import listed
from comity.words.render import render, render_rules
from comity.words.transcript import transcript

_MESSAGES = ("Let us all gain.", "", 'I "promise"\nnothing.', "\x1b[31mRed\x1b[0m talk.")


def told(name: str, game: Game) -> str:
    """The playthrough of that name."""
    match, decisions = _played(game, stream_key("playthrough", name))
    parts = [name, repr(game), *_rules(game), *_decisions(decisions)]
    return "\n\n".join([*parts, f"== the match ==\n{transcript(game, match.choices)}"]) + "\n"


def _played(game: Game, key: int) -> tuple[Match, list[Decision[Any]]]:
    """A match in which everybody picks at its address, and every decision a player had to make."""
    match, decisions = Match(game), list[Decision[Any]]()
    while match.pending:
        step = len(match.choices)
        decisions += (decision for decision in match.pending if decision.player != NATURE)
        match.answer(tuple(_picked(d.options, Address(key, step, slot)) for slot, d in enumerate(match.pending)))
    return match, decisions


def _picked(space: Space[Any], address: Address) -> Any:
    match space:
        case Each(_, spaces):
            return tuple(_picked(part, Address(address.word, 0, i)) for i, part in enumerate(spaces))
        case Integer(None, None):
            return OneOf((-2, -1, 0, 1, 2)).draw(address)
        case Turn():
            return _turn(space, address)
        case Text():
            return OneOf(_MESSAGES).draw(address)
        case OneOf((True, False)):
            return Lottery((True, False), (0.8, 0.2)).draw(address)  # contracts should come to bind
        case Drawable():
            return space.draw(address)
        case _:
            return OneOf(tuple(space)).draw(address)


def _turn(space: Turn, address: Address) -> tuple[Any, ...]:
    """A few actions, possible or not."""
    words = [Address(address.word, 0, slot).word for slot in range(1 + address.word % 4)]
    codes = [((word % 1000,),) if space.codes else () for word in words]
    actions = {
        "request": [("request", 1 + word % 9, word // 9 % 5) for word in words],
        "share": [
            ("share", (1 + word % 9,), 1 + word // 9 % 4, *code) for word, code in zip(words, codes, strict=True)
        ],
        "submit": [("submit", 1 + word % 7) for word in words],
        "message": [("message", 1 + word % 3, _MESSAGES[word % 4] or "Well?") for word in words],
        "broadcast": [("broadcast", _MESSAGES[word % 4] or "Well?") for word in words],
    }
    return tuple(actions[space.kinds[word // 50 % len(space.kinds)]][place] for place, word in enumerate(words))


def _rules(game: Game) -> Iterator[str]:
    """The rules, once for all players who read the same."""
    readers: dict[str, list[str]] = {}
    for player in range(game.n_players):
        _, rules = render_rules(game, player).split("\n", 1)
        readers.setdefault(rules, []).append(f"player {player + 1}")
    return (f"== the rules for {listed(players)} ==\n{rules}" for rules, players in readers.items())


def _decisions(decisions: list[Decision[Any]]) -> Iterator[str]:
    """The first decision of every kind, and the last of all if it shows more than they do."""
    *earlier, last = decisions
    first = {decision.kind: decision for decision in reversed(decisions)}
    for kind in dict.fromkeys(decision.kind for decision in decisions):
        yield f"== the first decision to {kind} ==\n{render(first[kind])}"
    looks_back = any((decision.player, decision.kind) == (last.player, last.kind) for decision in earlier)
    if looks_back or len(last.sees) > len(first[last.kind].sees):
        yield f"== the last decision ==\n{render(last)}"
