"""What the facts of a decision say about how others play: who is there, and what they did.

Every strategy reads its surroundings here and nowhere else, so the conventions are stated once:

- *To cooperate* is to play the action that the named game calls cooperative for that seat; everything else, the
  actions of neither name included, is not to cooperate. Where the game names no such action (matching pennies), the
  first action of the seat stands for it, and the last for the defective one.
- *The progress* of a decision is its innermost `History`, `Standings` or `Surroundings`. Under a `History` the last
  play is the last visible one between just the players who are together now. Under `Standings` there is no shared
  history: the last action of each present player is the one of its own most recent visible play, whoever it met there.
  Under `Surroundings` the last round is what the neighbours of that round did; whoever had no answer there is not
  among the others, as nobody knows what it would have done.
- *The others* are all other seats of the group that plays together; on a network with one action for all neighbours,
  the neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from comity.core.decision import Decision, Fact, Seats
from comity.core.errors import BadStack
from comity.core.flow import Game, StageGame
from comity.core.named import Named, named_game
from comity.core.outcome import Outcome, Play, inside
from comity.mechanisms.forcing import Forced
from comity.mechanisms.matching import Standing, Standings
from comity.mechanisms.neighbourhood import Neighbouring, Surroundings
from comity.mechanisms.network import Network
from comity.mechanisms.repetition import History
from comity.strategies.once import once

Progress: TypeAlias = History | Standings | Surroundings


@dataclass(frozen=True)
class Meaning:
    """For each seat of a game the action that stands for cooperation, and the one that stands for defection."""

    cooperative: tuple[str, ...]
    defective: tuple[str, ...]

    @property
    def n_seats(self) -> int:
        """How many seats that game has."""
        return len(self.cooperative)


@once
def meaning_of(game: Game) -> Meaning:
    """What the actions mean in the game under this stack of mechanisms.

    Raises `BadStack` where that game neither names nor lists the actions of a seat.
    """
    named = named_game(game)
    pairs = [_named_pair(named, seat) for seat in range(named.n_players)]
    return Meaning(tuple(first for first, _ in pairs), tuple(last for _, last in pairs))


def _named_pair(game: Named, seat: int) -> tuple[str, str]:
    cooperates, defects = game.cooperative[seat], game.defective[seat]
    if cooperates is not None and defects is not None:
        return cooperates, defects
    if not isinstance(game, StageGame | Forced):
        raise BadStack(
            f"{type(game).__name__} does not say which action of seat {seat + 1} cooperates and which defects"
        )
    actions = game.actions[seat]
    first = cooperates or next((action for action in actions if action != defects), actions[0])
    last = defects or next((action for action in reversed(actions) if action != first), first)
    return first, last


def progress_of(sees: Sequence[Fact]) -> Progress | None:
    """The innermost history, standings or surroundings among these facts."""
    return next((fact for fact in reversed(sees) if isinstance(fact, History | Standings | Surroundings)), None)


@dataclass(frozen=True, slots=True)
class Circle:
    """Who is together at a decision.

    seat: the decider's seat in the named game. others: the seats that it plays with.
    group: for each seat the player, as the progress of the decision counts players.
    Under `Surroundings`, where all seats are alike, the decider counts as seat 0 and its neighbours as those after it.
    """

    seat: int
    others: tuple[int, ...]
    group: tuple[int, ...]


def circle_of(decision: Decision[Any], n_seats: int) -> Circle:
    """Who is together at this decision of a game with so many seats.

    A player who has no seat yet (one who speaks before the groups are drawn) counts as in seat `player` modulo
    `n_seats`.
    """
    seat = decision.seat % n_seats
    group = tuple(range(n_seats))
    for fact in reversed(decision.sees):
        if type(fact) is Seats:
            group = inside(fact.players, group)
        elif type(fact) is Surroundings:
            return around(fact)
        elif type(fact) is History or type(fact) is Standings:
            break
    return Circle(seat, _others(decision.sees, seat, n_seats), group)


def around(surroundings: Surroundings) -> Circle:
    """A node with the neighbours of the last visible round that had an answer; with all while there is no round."""
    met = surroundings.past[-1].met if surroundings.past else None
    count = surroundings.degree if met is None else sum(one.action is not None for one in met)
    return Circle(0, tuple(range(1, count + 1)), tuple(range(count + 1)))


def _others(sees: Sequence[Fact], seat: int, n_seats: int) -> tuple[int, ...]:
    everybody = (*range(seat), *range(seat + 1, n_seats))
    for fact in reversed(sees):
        if type(fact) is Seats:
            break
        if type(fact) is Network:
            return tuple(other for other in everybody if any({seat, other} == set(edge) for edge in fact.edges))
    return everybody


def last_actions(progress: Progress | None, circle: Circle) -> tuple[str, ...] | None:
    """The last visible action of every seat, or None where that of any is not to be seen."""
    if isinstance(progress, History):
        return _shared_actions(progress, circle.group)
    if isinstance(progress, Surroundings):
        return _actions_around(progress)
    if progress is None:
        return None
    latest = {standing.player: _latest_action(standing) for standing in (progress.own, *progress.partners)}
    actions = [latest.get(player) for player in circle.group]
    return None if None in actions else tuple(cast("list[str]", actions))


def _actions_around(surroundings: Surroundings) -> tuple[str, ...] | None:
    """The last action of a node, and then those of the neighbours that had an answer; None where either is missing."""
    if not surroundings.past or surroundings.past[-1].action is None:
        return None
    look = surroundings.past[-1]
    actions = (look.action, *(one.action for one in look.met if one.action is not None))
    return cast("tuple[str, ...]", actions) if len(actions) > 1 else None


def last_cooperation(decision: Decision[Any], meaning: Meaning) -> tuple[bool, int, int] | None:
    """Whether the decider cooperated last, how many of the others did, and of how many; None where that is not seen."""
    progress = decision.sees[-1] if decision.sees and type(decision.sees[-1]) is Surroundings else None
    if progress is not None:  # the common case where there are many, and five times as fast as the general one
        return _cooperation_around(progress, meaning.cooperative[0])
    circle = circle_of(decision, meaning.n_seats)
    actions = last_actions(progress_of(decision.sees), circle)
    if actions is None or not circle.others:
        return None
    did = [action == name for action, name in zip(actions, meaning.cooperative, strict=False)]
    return did[circle.seat], sum(did[other] for other in circle.others), len(circle.others)


def _cooperation_around(surroundings: Surroundings, cooperative: str) -> tuple[bool, int, int] | None:
    if not surroundings.past:
        return None
    look = surroundings.past[-1]
    cooperating = known = 0
    for one in look.met:
        if one.action is not None:
            known += 1
            cooperating += one.action == cooperative
    if look.action is None or not known:
        return None
    return look.action == cooperative, cooperating, known


@dataclass(frozen=True, slots=True)
class Latest:
    """The last visible round as it was for the decider.

    own, paid: its own action, and what it was paid. others: of each other that was seen to act the action, and what it
    was paid. shares: over how many others a payoff is added up, 1 where it is a mean. A payoff is None where it was not
    to be seen.
    """

    own: str
    paid: float | None
    others: tuple[tuple[str, float | None], ...]
    shares: int


def latest(decision: Decision[Any], n_seats: int) -> Latest | None:
    """The last visible round, or None where not everything that was done in it is to be seen."""
    progress = progress_of(decision.sees)
    circle = circle_of(decision, n_seats)
    actions = last_actions(progress, circle)
    if actions is None:
        return None
    paid = _last_paid(progress, circle, len(actions))
    others = tuple((actions[other], paid[other]) for other in circle.others)
    summed = any(fact.pay == "sum" for fact in decision.sees if isinstance(fact, Neighbouring | Network))
    return Latest(actions[circle.seat], paid[circle.seat], others, max(len(others), 1) if summed else 1)


def _last_paid(progress: Progress | None, circle: Circle, count: int) -> Sequence[float | None]:
    """What each was paid in the last visible round, None where that is not to be seen."""
    unseen = (None,) * count
    if isinstance(progress, Surroundings):
        look = progress.past[-1]
        return (look.payoff, *(one.payoff for one in look.met if one.action is not None))
    if not isinstance(progress, History):
        return unseen
    outcomes = (play.outcome for play in reversed(progress.past) if play.players == circle.group)
    last = next((outcome for outcome in outcomes if outcome.actions), None)
    return unseen if last is None or len(last.payoffs) != count else last.payoffs


def _shared_actions(history: History, group: tuple[int, ...]) -> tuple[str, ...] | None:
    for play in reversed(history.past):
        for deed in reversed(deeds(play)):
            if deed.players == group:
                return deed.actions
    return None


def _latest_action(standing: Standing) -> str | None:
    for encounter in reversed(standing.encounters):
        play = encounter.play
        if play.outcome.actions:  # the common case: nothing but one play of the stage game
            action: str = play.outcome.actions[play.players.index(standing.player)]
            return action
        for deed in reversed(deeds(play)):
            if standing.player in deed.players:
                return deed.action_of(standing.player)
    return None


@dataclass(frozen=True, slots=True)
class Deed:
    """One visible play of the stage game: in seat i the player players[i] played actions[i]."""

    players: tuple[int, ...]
    actions: tuple[str, ...]

    def action_of(self, player: int) -> str:
        """What that player played, who took part."""
        return self.actions[self.players.index(player)]


def deeds(play: Play) -> list[Deed]:
    """The plays of the stage game inside this play, oldest first, with players counted as outside it."""
    return _deeds(play.outcome, play.players)


def _deeds(outcome: Outcome, players: tuple[int, ...]) -> list[Deed]:
    if outcome.actions or not outcome.parts:
        return [Deed(players, outcome.actions)]
    return [deed for play in outcome.parts for deed in _deeds(play.outcome, inside(players, play.players))]


def visible_deeds(progress: Progress | None) -> list[Deed]:
    """Every play of the stage game that can be seen, oldest first, each once."""
    if progress is None or isinstance(progress, Surroundings):  # of neighbours nobody knows who they are
        return []
    plays = progress.past if isinstance(progress, History) else _plays(progress)
    return [deed for play in plays for deed in deeds(play)]


def _plays(standings: Standings) -> list[Play]:
    found: dict[tuple[int, tuple[int, ...]], Play] = {}
    ahead = [standings.own, *standings.partners]
    while ahead:
        for encounter in ahead.pop().encounters:
            found[encounter.play.round, encounter.play.players] = encounter.play
            ahead.extend(encounter.before)
    return [found[when] for when in sorted(found)]
