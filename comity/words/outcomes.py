"""How plays ended, in words: who played what for how many points, what was learned on the way, and the plays inside.

An outcome is shown as it stands in the fact, that is, as its reader saw it: what was hidden is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from comity.core.outcome import Outcome, Play
from comity.mechanisms.matching import Encounter, Standing, Standings
from comity.mechanisms.repetition import History
from comity.mechanisms.sanctions import Ended, Sanctions
from comity.words.phrases import indented, sentence
from comity.words.wording import Frame, Renderer


def outcome_lines(outcome: Outcome, frame: Frame) -> Iterator[str]:
    """The outcome as a tree: its summary, and further in the plays it is made of."""
    yield from summary(outcome, frame)
    plays = unsettled(outcome).parts
    at_once = len({play.round for play in plays}) == 1 < len(plays)
    for play in plays:
        yield from indented(_between(play, frame) if at_once else _in_round(play, frame))


def summary(outcome: Outcome, frame: Frame) -> Iterator[str]:
    """The outcome without the plays it is made of: who is paid what, what was learned, and the pay before settling."""
    yield headline(outcome, frame)
    yield from indented(_notes(outcome, frame))
    while settles(outcome):
        outcome = outcome.parts[0].outcome
        yield from indented(frame.tell("outcomes.before_settling", payoffs=_paid(outcome, frame)))


def _notes(outcome: Outcome, frame: Frame) -> Iterator[str]:
    for note in outcome.notes:
        yield from frame.lines(note)
        frame = frame.after(note)


def headline(outcome: Outcome, frame: Frame) -> str:
    """Who finally played what, for how many points."""
    if not outcome.actions:
        return frame.say("outcomes.all_paid", payoffs=_paid(outcome, frame))
    payoffs = outcome.payoffs or (None,) * len(outcome.actions)
    plays = [
        _played(frame.name(seat), action, payoff, frame)
        for seat, (action, payoff) in enumerate(zip(outcome.actions, payoffs, strict=True))
    ]
    return frame.say("outcomes.all_played", plays=frame.wording.listed(plays))


def _played(who: str, action: str | None, payoff: float | None, frame: Frame) -> str:
    """What one of them did, for how many points where that is told; or that it had no answer."""
    if action is None:
        return frame.say("outcomes.unanswered", who=who)
    if payoff is None:
        return frame.say("outcomes.played", who=who, action=frame.shown(action))
    return frame.say("outcomes.played_for", who=who, action=frame.shown(action), points=frame.points(payoff))


def _paid(outcome: Outcome, frame: Frame) -> str:
    if not outcome.payoffs:
        return frame.say("outcomes.paid_unseen", units=frame.wording.unit[1])
    return frame.wording.listed(
        [
            frame.say("outcomes.paid", points=frame.points(payoff), who=frame.name(player))
            for player, payoff in enumerate(outcome.payoffs)
        ]
    )


def settles(outcome: Outcome) -> bool:
    """Whether the outcome only settles what its single part left: after a contract, or after sanctions."""
    after = outcome.actions or any(isinstance(note, Sanctions) for note in outcome.notes)
    return len(outcome.parts) == 1 and bool(after)


def unsettled(outcome: Outcome) -> Outcome:
    """The outcome as it was before anything was settled."""
    while settles(outcome):
        outcome = outcome.parts[0].outcome
    return outcome


def _in_round(play: Play, frame: Frame) -> list[str]:
    first, *rest = frame.within(play.players).lines(play.outcome)
    return [*frame.tell("outcomes.round", number=play.round + 1, outcome=first), *rest]


def _between(play: Play, frame: Frame) -> list[str]:
    first, *rest = frame.within(play.players).lines(play.outcome)
    return [*frame.tell("outcomes.group", players=sentence(frame.names(play.players)), outcome=first), *rest]


def history(fact: History, frame: Frame) -> Iterator[str]:
    """The rounds a player is shown, oldest first, and how many there were: what stays the same longest comes first."""
    for play in fact.past:
        yield from _in_round(play, frame)
    yield from frame.tell("outcomes.rounds_played", rounds=fact.played)


Told: TypeAlias = dict[int, list[str]]
"""The lines of plays and encounters already put into words, by identity: what partners have in common comes again."""


def standings(fact: Standings, frame: Frame) -> Iterator[str]:
    """What a player is shown of a group: its own past, then its partners'; what was known before lies further in."""
    told: Told = {}
    for standing in (fact.own, *fact.partners):
        yield from _standing("outcomes.did", standing, frame, told)
    yield from frame.tell("outcomes.rounds_played", rounds=fact.played)


def _standing(key: str, standing: Standing, frame: Frame, told: Told) -> Iterator[str]:
    yield from frame.tell(key if standing.encounters else f"{key}_nothing", who=frame.name(standing.player))
    for encounter in standing.encounters:
        yield from indented(_encounter(encounter, frame, told))


def _encounter(encounter: Encounter, frame: Frame, told: Told) -> list[str]:
    lines = told.get(id(encounter))
    if lines is None:
        lines = told[id(encounter)] = list(_play(encounter.play, frame, told))
        for earlier in encounter.before:
            lines += indented(_standing("outcomes.had_done", earlier, frame, told))
    return lines


def _play(play: Play, frame: Frame, told: Told) -> list[str]:
    lines = told.get(id(play))
    if lines is None:
        lines = told[id(play)] = _in_round(play, frame)
    return lines


def ended(fact: Ended, frame: Frame) -> Iterator[str]:
    """How the game ended that something now follows."""
    first, *rest = frame.lines(fact.outcome)
    yield from frame.tell("outcomes.ended", outcome=first)
    yield from rest


OUTCOMES: dict[type, Renderer] = {
    Outcome: outcome_lines,
    History: history,
    Standings: standings,
    Ended: ended,
}
"""Outcomes, and the facts that show them."""
