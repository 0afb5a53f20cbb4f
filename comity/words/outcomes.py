"""How plays ended, in words: who played what for how many points, what was learned on the way, and the plays inside.

An outcome is shown as it stands in the fact, that is, as its reader saw it: what was hidden is not there.
"""

from __future__ import annotations

from collections.abc import Iterator

from comity.core.outcome import Outcome, Play
from comity.mechanisms.matching import Standing, Standings
from comity.mechanisms.repetition import History
from comity.mechanisms.sanctions import Ended, Sanctions
from comity.words.phrases import indented, listed, points, sentence
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
        yield f"  Before that: {_paid(outcome, frame)}."


def _notes(outcome: Outcome, frame: Frame) -> Iterator[str]:
    for note in outcome.notes:
        yield from frame.lines(note)
        frame = frame.after(note)


def headline(outcome: Outcome, frame: Frame) -> str:
    """Who finally played what, for how many points."""
    if not outcome.actions:
        return f"{_paid(outcome, frame)}."
    pay = [f" ({points(payoff)})" for payoff in outcome.payoffs] or [""] * len(outcome.actions)
    played = zip(outcome.actions, pay, strict=True)
    return f"{listed([f'{frame.name(seat)} played {action}{paid}' for seat, (action, paid) in enumerate(played)])}."


def _paid(outcome: Outcome, frame: Frame) -> str:
    if not outcome.payoffs:
        return "points that are not shown"
    return listed([f"{points(payoff)} for {frame.name(player)}" for player, payoff in enumerate(outcome.payoffs)])


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
    return _headed(f"Round {play.round + 1}", play, frame)


def _between(play: Play, frame: Frame) -> list[str]:
    return _headed(sentence(frame.names(play.players)), play, frame)


def _headed(title: str, play: Play, frame: Frame) -> list[str]:
    first, *rest = frame.within(play.players).lines(play.outcome)
    return [f"{title}: {first}", *rest]


def history(fact: History, frame: Frame) -> Iterator[str]:
    """The rounds a player is shown, oldest first."""
    yield f"Rounds played so far: {fact.played}."
    for play in fact.past:
        yield from _in_round(play, frame)


def standings(fact: Standings, frame: Frame) -> Iterator[str]:
    """What a player is shown of a group: its own past, then its partners'; what was known before lies further in."""
    yield f"Rounds played so far: {fact.played}."
    for standing in (fact.own, *fact.partners):
        yield from _standing(f"What {frame.name(standing.player)} did", standing, frame)


def _standing(title: str, standing: Standing, frame: Frame) -> Iterator[str]:
    yield f"{title}:" if standing.encounters else f"{title}: nothing to show."
    for encounter in standing.encounters:
        yield from indented(_in_round(encounter.play, frame))
        for earlier in encounter.before:
            had_done = f"What {frame.name(earlier.player)} had done before"
            yield from indented(indented(_standing(had_done, earlier, frame)))


def ended(fact: Ended, frame: Frame) -> Iterator[str]:
    """How the game ended that something now follows."""
    first, *rest = frame.lines(fact.outcome)
    yield f"It has been played: {first}"
    yield from rest


OUTCOMES: dict[type, Renderer] = {
    Outcome: outcome_lines,
    History: history,
    Standings: standings,
    Ended: ended,
}
"""Outcomes, and the facts that show them."""
