"""Every episode of the source, played again by our rules.

The choices are believed, and our game works out what they pay. Where that is not what the source says, there is a
disagreement; where the episode cannot even be played so, there is no record either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from comity.core.match import replay
from comity.core.outcome import Outcome, stage_plays
from comity.corpora.disagreements import Disagreement
from comity.corpora.repeatedgames.account import PEOPLE_LABELS, PEOPLE_ROUNDS, Episode, Pair, Person, Source
from comity.corpora.repeatedgames.names import PEOPLE, SERVED
from comity.corpora.repeatedgames.terms import Terms, episode_terms, person_terms
from comity.mechanisms.repetition import round_weights
from comity.records.record import Record
from comity.records.spec import MatchSpec


@dataclass(frozen=True)
class Reading:
    """One episode of the source, read.

    record: ours of it; None where it cannot be played by our rules. decisions: how many choices the source tells of it.
    """

    record: Record | None
    decisions: int
    disagreements: tuple[Disagreement, ...] = ()


def readings(source: Source) -> Iterator[Reading]:
    """Every episode, then every game of a participant, each numbered by its place."""
    seen: Counter[tuple[object, ...]] = Counter()
    for index, episode in enumerate(source.episodes):
        terms = episode_terms(episode)
        key = (terms.cell, episode.players)
        yield _episode(MatchSpec(index, terms.cell, episode.players, repeat=seen[key]), episode, terms)
        seen[key] += 1
    for index, person in enumerate(source.people, len(source.episodes)):
        terms = person_terms(person)
        replicate = f"p{person.participant:03d}"
        spec = MatchSpec(index, terms.cell, (SERVED, PEOPLE), replicate, seen[terms.cell, replicate])
        yield _person(spec, person, terms)
        seen[terms.cell, replicate] += 1


def _episode(spec: MatchSpec, episode: Episode, terms: Terms) -> Reading:
    flaws = [*episode.flaws, *_unplayable(episode)]
    record = None
    if len(flaws) == len(episode.flaws):
        choices = tuple(
            (terms.actions[0][labels.index(first)], terms.actions[1][labels.index(second)])
            for labels in (episode.telling.labels,)
            for first, second in episode.answers
        )
        outcome = _played(spec, choices)
        record = Record(spec, "finished", choices, payoffs=outcome.payoffs)
        flaws += _paid_otherwise(episode, outcome)
    return Reading(record, 2 * len(episode.answers), _disagreements(f"{episode.where}, {episode.id}", flaws))


def _person(spec: MatchSpec, person: Person, terms: Terms) -> Reading:
    where = f"{person.where}, participant {person.participant} in {person.game.id}"
    flaws = [*person.flaws, *_wrong_rounds(person.told, PEOPLE_ROUNDS)]
    if not person.is_whole:
        return Reading(None, len(person.moves), _disagreements(where, flaws))
    answered = person.answered
    impossible = [round for round, letter in enumerate(answered) if letter is None]
    flaws += [f"round {round + 1}: nobody is paid {person.scores[round]} for that move" for round in impossible]
    choices = tuple(
        (terms.actions[0][PEOPLE_LABELS.index(letter)], terms.actions[1][PEOPLE_LABELS.index(move)])
        for letter, move in zip(answered, person.moves, strict=True)
        if letter is not None
    )
    if impossible:
        payoffs = _told_payoffs(person)
        record = None if payoffs is None else Record(spec, "payoffs_only", payoffs=payoffs)
    else:
        record = Record(spec, "finished", choices, payoffs=_played(spec, choices).payoffs)
    return Reading(record, len(person.moves), _disagreements(where, flaws))


def _disagreements(where: str, flaws: list[str]) -> tuple[Disagreement, ...]:
    return tuple(Disagreement(where, flaw) for flaw in flaws)


def _unplayable(episode: Episode) -> Iterator[str]:
    """Why our rules cannot play it so."""
    yield from _wrong_rounds(episode.told, episode.rounds)
    for round, answers in zip(episode.told, episode.answers, strict=True):
        for seat, answer in enumerate(answers):
            if answer not in episode.telling.labels:
                yield f"round {round}: seat {seat + 1} chose {answer!r}, which is no option"


def _wrong_rounds(told: tuple[int, ...], rounds: int) -> Iterator[str]:
    if told != tuple(range(1, rounds + 1)):
        found = ", ".join(map(str, told[:rounds])) + (", ..." if len(told) > rounds else "")
        yield f"it has the rounds {found}, and there should be 1 to {rounds}"


def _played(spec: MatchSpec, choices: tuple[tuple[str, str], ...]) -> Outcome:
    outcome = replay(spec.cell.built, choices).outcome
    assert outcome is not None  # as many rounds were checked as are played
    return outcome


def _paid_otherwise(episode: Episode, outcome: Outcome) -> Iterator[str]:
    """Where the source says something else of a payoff or of a sum of payoffs."""
    ours = [play.outcome.payoffs for play in stage_plays(outcome)]
    sums = [0.0, 0.0]
    for number, (paid, told) in enumerate(zip(ours, episode.paid, strict=True)):
        totals = episode.totals[number] if episode.totals else None
        for seat in (0, 1):
            sums[seat] += paid[seat]
            where = f"round {number + 1}: seat {seat + 1} is said"
            if told[seat] != paid[seat]:
                yield f"{where} to be paid {told[seat]}, and our rules pay {paid[seat]:g}"
            if totals is not None and totals[seat] != sums[seat]:
                yield f"{where} to have {totals[seat]} in all, and our rules have paid {sums[seat]:g}"


def _told_payoffs(person: Person) -> tuple[float, ...] | None:
    """What both were paid in the mean of rounds, by the scores alone; None where a score is paid in no cell.

    In both games what the participant was paid tells what the other was paid, whoever did what.
    """
    cells: dict[int, Pair] = {cell[1]: cell for line in person.game.matrix for cell in line}
    if not set(person.scores) <= cells.keys():
        return None
    weights = round_weights(len(person.scores), 1)
    paid = [cells[score] for score in person.scores]
    return tuple(sum(weight * pair[seat] for weight, pair in zip(weights, paid, strict=True)) for seat in (0, 1))
