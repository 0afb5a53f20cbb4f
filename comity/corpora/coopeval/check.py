"""Every match of the source, played again by our rules.

An account is turned into the answers it gives (who proposed, approved, signed, met whom and did what); our game asks
for them one by one and works out the rest. Where that contradicts what the source says of the match, there is a
disagreement; where the game cannot even be played so, there is no record either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import isclose

from comity.core.errors import Diverged, IllegalChoice
from comity.core.outcome import StagePlay, stage_plays
from comity.corpora.coopeval.account import ElectionAccount, MatchAccount, MoveAccount, PlayAccount, Tournament
from comity.corpora.coopeval.retelling import Retelling
from comity.corpora.coopeval.terms import Terms
from comity.games.normal_form import NormalForm
from comity.mechanisms.voting import leaders
from comity.records.record import Record
from comity.records.spec import MatchSpec

TOLERANCE = 1e-9
"""How far two payoffs may lie apart (relative to their size, where that is above one) and still be called equal."""


@dataclass(frozen=True)
class Disagreement:
    """The source says of a match what our rules do not."""

    tournament: str
    match: str
    what: str

    def __str__(self) -> str:
        return f"{self.tournament}, {self.match}: {self.what}"


@dataclass(frozen=True)
class Reading:
    """One match of the source, read.

    record: ours of it; None where it cannot be played by our rules.
    disagreements: where the source and our rules differ.
    unknown: what the source lacks, where it tells no more than payoffs; else empty.
    restored: whether its moves are not told but follow from its payoffs.
    """

    tournament: str
    record: Record | None
    disagreements: tuple[Disagreement, ...] = ()
    unknown: str = ""
    restored: bool = False


def readings(tournament: Tournament, first: int = 0) -> Iterator[Reading]:
    """Every match the source tells of that tournament; `first` is the index of its first match in the import."""
    seen: set[int] = set()
    for account, restored in _restored(list(tournament.accounts()), tournament.names.terms):
        if account.place in seen:
            again = f"{' and '.join(account.agents)} have met before in this tournament"
            yield Reading(tournament.name, None, (Disagreement(tournament.name, account.where, again),))
        else:
            seen.add(account.place)
            yield _reading(tournament, account, restored, first)


def _reading(tournament: Tournament, account: MatchAccount, restored: bool, first: int) -> Reading:
    """That match as our rules have it, and where they differ from what is told."""
    terms = tournament.names.terms
    spec = MatchSpec(first + account.place, terms.cell, account.agents, tournament.replicate)
    rounds, told = len(terms.weights), {play.round for play in account.plays}
    if told and told != set(range(rounds)):
        other = Disagreement(tournament.name, account.where, f"it has {len(told)} rounds, and {rounds} are configured")
        return Reading(tournament.name, None, (other,))
    unknown = _unknown(account)
    if unknown:
        record = Record(spec, "payoffs_only", payoffs=_told_payoffs(account, terms.weights))
        return Reading(tournament.name, record, unknown=unknown)
    played, found = _played(spec, account, terms)
    differences = tuple(Disagreement(tournament.name, account.where, what) for what in found)
    return Reading(tournament.name, played, differences, restored=restored)


def _played(spec: MatchSpec, account: MatchAccount, terms: Terms) -> tuple[Record | None, list[str]]:
    found = _election_flaws(account)
    if account.election and not _can_have_won(account.election):
        return None, found
    retelling = Retelling(account, terms.rotates)
    try:
        match = retelling.play(spec.cell.built)
    except (Diverged, IllegalChoice, OverflowError) as error:
        return None, [*found, f"it cannot be played so: {error}"]
    assert match.outcome is not None  # a retelling that stops earlier has diverged
    found += retelling.flaws + list(_play_flaws(account, stage_plays(match.outcome)))
    found += _match_flaws(account, match.outcome.payoffs)
    return Record(spec, "finished", tuple(match.choices), match.lotteries, match.outcome.payoffs), found


# What the source lacks


def _unknown(account: MatchAccount) -> str:
    """What is missing to play the match again; empty where nothing is."""
    if not account.plays:
        return "its moves"
    if any(move.action is None for play in account.plays for move in play.moves):
        return "some of its moves"
    return _unknown_of(account.election, len(account.agents)) if account.election else ""


def _unknown_of(election: ElectionAccount, players: int) -> str:
    if any(proposal is None for proposal in election.proposals):
        return "some of its proposals"
    if len(election.ballots) != players:
        return "some of its ballots"
    return "" if election.all_signed is None or len(election.signatures) == players else "some of its signatures"


def _restored(accounts: list[MatchAccount], terms: Terms) -> Iterator[tuple[MatchAccount, bool]]:
    """The matches with lost moves restored from payoffs, and whether they were.

    Either all matches of the tournament or none: the matches whose payoffs admit one course of play only are no fair
    sample (in the traveller's dilemma they are those in which the claims are equal).
    """
    complete = [replace(account, plays=tuple(_inferred(play, terms) for play in account.plays)) for account in accounts]
    if any(_unknown(account) for account in complete):
        complete = accounts
    return ((new, new != old) for old, new in zip(accounts, complete, strict=True))


def _inferred(play: PlayAccount, terms: Terms) -> PlayAccount:
    """The play with lost moves restored, where only one profile of actions is paid so."""
    if terms.elected or all(move.action is not None for move in play.moves):
        return play
    possible = [profile for profile in terms.base.profiles() if _explains(profile, terms.base, play.moves)]
    if len(possible) != 1:
        return play
    moves = (replace(move, action=action) for move, action in zip(play.moves, possible[0], strict=True))
    return replace(play, moves=tuple(moves))


def _explains(profile: tuple[str, ...], game: NormalForm, moves: tuple[MoveAccount, ...]) -> bool:
    paid = game.payoffs(profile)
    return all(
        move.action in (None, action) and _equal(payoff, move.points)
        for move, action, payoff in zip(moves, profile, paid, strict=True)
    )


def _told_payoffs(account: MatchAccount, weights: tuple[float, ...]) -> tuple[float, ...]:
    if not account.plays:
        return account.payoffs
    totals = [0.0] * len(account.agents)
    for play in account.plays:
        for player, move in zip(play.players, play.moves, strict=True):
            totals[player] += weights[play.round] * move.points
    return tuple(totals)


# Comparing


def _can_have_won(election: ElectionAccount) -> bool:
    return election.winner in leaders(election.ballots)


def _election_flaws(account: MatchAccount) -> list[str]:
    election = account.election
    if election is None:
        return []
    found = []
    if not _can_have_won(election):
        found.append(
            f"the proposal of player {election.winner + 1} is said to be selected, and others have more approvals"
        )
    elif account.agents[election.winner] != election.designer:
        found.append(
            f"the winning proposal is said to be by {election.designer}, who is not player {election.winner + 1}"
        )
    if election.all_signed not in (None, all(election.signatures)):
        found.append(f"all_signed is {election.all_signed}, which the signatures contradict")
    return found


def _play_flaws(account: MatchAccount, ours: Iterable[StagePlay]) -> Iterator[str]:
    for told, play in zip(account.plays, ours, strict=True):
        for seat, move in enumerate(told.moves):
            who = f"player {play.players[seat] + 1} in round {told.round + 1}"
            yield from _move_flaws(who, move, play, seat)


def _move_flaws(who: str, move: MoveAccount, play: StagePlay, seat: int) -> Iterator[str]:
    action, paid, base = play.outcome.actions[seat], play.outcome.payoffs[seat], play.base.payoffs[seat]
    if move.action != action:
        by = "the mediator plays" if move.delegated else "our rules have"
        yield f"{who} is said to have played {move.action!r}, where {by} {action!r}"
    if not _equal(move.points, paid):
        yield f"{who} is said to be paid {move.points:.12g}, and our rules pay {paid:.12g}"
    if move.base_points is not None and not _equal(move.base_points, base):
        yield f"{who} is said to be paid {move.base_points:.12g} before transfers, and our rules pay {base:.12g}"


def _match_flaws(account: MatchAccount, ours: tuple[float, ...]) -> list[str]:
    return [
        f"player {player + 1} is said to be paid {told:.12g} for the match, and our rules pay {paid:.12g}"
        for player, (told, paid) in enumerate(zip(account.payoffs or ours, ours, strict=True))
        if not _equal(told, paid)
    ]


def _equal(told: float, ours: float) -> bool:
    return isclose(told, ours, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
