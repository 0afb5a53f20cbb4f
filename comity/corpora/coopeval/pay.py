"""matchup_payoffs.json, what every seat was paid in every round: a second witness, or all that is left to read."""

from __future__ import annotations

from collections.abc import Iterator

from comity.corpora.coopeval.account import MatchAccount, MoveAccount, PlayAccount
from comity.corpora.coopeval.names import Names, agent_name
from comity.corpora.located import Located


def matches(file: Located, names: Names) -> Iterator[MatchAccount]:
    """Every match: for each pairing its players, and by match, round and seat what they were paid."""
    for entry in file["profile"]:
        agents = tuple(agent for agent, _ in names.by_seat(entry, map(_player, entry["players"])))
        for match in entry["payoffs"]:
            plays = tuple(_play(number, paid, names) for number, paid in enumerate(match))
            yield MatchAccount(file.where, names.place(agents), agents, plays, payoffs=_total(plays, names))


def population(file: Located, names: Names) -> Iterator[MatchAccount]:
    """The one match of a population: who met whom is not told, so all that is left is what each player was paid."""
    paid = {}
    for entry in file["profile"]:
        seat, agent = names.player(entry, _player(entry["player"])[0])
        told = entry["points"].some(len(names.terms.weights), "a payoff for each round")
        paid[agent, seat] = names.terms.weighed([point.as_a(float) for point in told])
    everybody = [(agent, seat) for agent in names.roster for seat in names.everybody]
    if paid.keys() != set(everybody):
        raise file["profile"].wrong("every agent must stand here once in every seat")
    yield MatchAccount(file.where, 0, names.population, payoffs=tuple(paid[player] for player in everybody))


def _player(told: Located) -> tuple[str, Located]:
    return f"{agent_name(told)}#P{told['player_id'].as_a(int)}", told


def _total(plays: tuple[PlayAccount, ...], names: Names) -> tuple[float, ...]:
    """What the match pays; nothing where it has other rounds than configured."""
    if len(plays) != len(names.terms.weights):
        return ()
    paid = [[move.points for move in play.moves] for play in plays]
    return tuple(map(names.terms.weighed, zip(*paid, strict=True)))


def _play(number: int, paid: Located, names: Names) -> PlayAccount:
    points = [point.as_a(float) for point in paid.some(names.terms.seats, "a payoff for each seat")]
    return PlayAccount(number, names.everybody, tuple(MoveAccount(None, point) for point in points))
