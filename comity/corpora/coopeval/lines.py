"""The lines of records.jsonl: one match each, in one of three shapes.

Plays in rounds (no mechanism: one play without the list around it), plays of a population (the whole tournament in one
line, the groups of a round one after another), and one play after an election.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comity.corpora.coopeval.account import ElectionAccount, MatchAccount, MoveAccount, PlayAccount
from comity.corpora.coopeval.names import Names, Seated
from comity.corpora.located import Located


def rounds(line: Located, names: Names) -> MatchAccount:
    """The match of a line that lists the plays of the same players."""
    plays = [_moves(play, names) for play in (line if names.terms.cell.stack else [line])]
    seatings = {tuple(agent for agent, _ in moves) for moves in plays}
    if len(seatings) != 1:
        raise line.wrong("a match must have a round, and the same players in all of them")
    [agents] = seatings
    told = tuple(PlayAccount(number, names.everybody, _told(moves, names)) for number, moves in enumerate(plays))
    return MatchAccount(line.where, names.place(agents), agents, told)


def population(line: Located, names: Names) -> MatchAccount:
    """The one match of a population, in which everybody plays once in every round."""
    plays = []
    for number, group in enumerate(line):
        moves = _moves(group, names)
        players = names.players(agent for agent, _ in moves)
        plays.append(PlayAccount(number // len(names.roster), players, _told(moves, names)))
    return MatchAccount(line.where, 0, names.population, tuple(plays))


def election(line: Located, names: Names, kind: str, designs: Mapping[str, Any]) -> MatchAccount:
    """The match of a line that tells an election of a mediator or a contract (`kind`) and the play after it."""
    [told] = line.some(1, "one election")
    moves = _moves(told["moves"], names)
    agents = tuple(agent for agent, _ in moves)
    play = PlayAccount(0, names.everybody, _told(moves, names))
    elected = ElectionAccount(
        proposals=tuple(designs.get(f"{agent}#P{seat + 1}") for seat, agent in enumerate(agents)),
        ballots=_ballots(told["votes"], names),
        winner=told[f"selected_{kind}_index"].as_a(int) - 1,
        designer=_designer(told, names, kind),
        signatures=_signatures(told["signatures"], names) if kind == "contract" else (),
        all_signed=told["all_signed"].as_a(bool) if kind == "contract" else None,
    )
    return MatchAccount(line.where, names.place(agents), agents, (play,), elected)


def _moves(play: Located, names: Names) -> list[Seated]:
    return names.by_seat(play, ((move["player"].as_a(str), move) for move in play))


def _told(moves: list[Seated], names: Names) -> tuple[MoveAccount, ...]:
    return tuple(_move(move, seat, names) for seat, (_, move) in enumerate(moves))


def _move(move: Located, seat: int, names: Names) -> MoveAccount:
    delegated = move.has("mediated") and move["mediated"].as_a(bool)
    return MoveAccount(names.action(seat, move["action"]), move["points"].as_a(float), delegated)


def _ballots(votes: Located, names: Names) -> tuple[tuple[bool, ...], ...]:
    by_seat = names.by_seat(votes, ((vote["voter_name"].as_a(str), vote["votes"]) for vote in votes))
    return tuple(tuple(vote[str(seat + 1)].as_a(bool) for seat in names.everybody) for _, vote in by_seat)


def _designer(told: Located, names: Names, kind: str) -> str:
    """The agent the source names as the proposer; with its seat, where that is not the seat whose proposal won."""
    named = told[f"selected_{kind}_designer_name"].as_a(str)
    seat, agent = names.player(told[f"selected_{kind}_designer_name"], named)
    return agent if seat + 1 == told[f"selected_{kind}_index"].value else named


def _signatures(signatures: Located, names: Names) -> tuple[bool, ...]:
    named = ((name, signatures[name]["agree"]) for name in signatures.as_a(dict))
    return tuple(agree.as_a(bool) for _, agree in names.by_seat(signatures, named))
