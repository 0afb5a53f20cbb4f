"""What the rules can pay a player, and what they pay players who mix.

Both are worked out layer by layer, from the game at the bottom of a stack to the outermost mechanism, and without
playing: a mechanism scales, adds up or passes on what the game below it pays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement, product
from math import fsum, prod
from typing import TypeAlias

from comity.core.errors import NotEnumerable
from comity.core.flow import Game, StageGame
from comity.core.match import tree
from comity.core.named import Named, Seated, layers, named_game
from comity.core.outcome import Outcome, stage_plays
from comity.exact.strategic_form import StrategicForm
from comity.exact.tree import leaves
from comity.games.exchange.game import Exchange
from comity.mechanisms.belief import Informed
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.forcing import Forced
from comity.mechanisms.graphs import neighbours_of
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.neighbourhood import Neighbourhood
from comity.mechanisms.network import Networked, PerEdge
from comity.mechanisms.noise import Misperceived, Trembling
from comity.mechanisms.observation import Observed
from comity.mechanisms.personas import Personified
from comity.mechanisms.prediction import Predicted
from comity.mechanisms.presentation import Presented
from comity.mechanisms.repetition import Continued, Repeated
from comity.mechanisms.sanctions import Sanctioned
from comity.mechanisms.talk import CheapTalk
from comity.metrics.metric import MetricError

MOST_PROFILES = 100_000
"""A game with more profiles than this is not listed."""
_MOST_NODES = 100_000

Shares: TypeAlias = Mapping[str, float]
"""Actions with their probabilities; an action that is not named is never played."""
Mixed: TypeAlias = Mapping[int, Shares]
"""How a player mixes in each seat of the stage game that it has."""
_Network: TypeAlias = Networked | PerEdge


@dataclass(frozen=True)
class Range:
    """What a match can be to one player.

    low, high: it is paid no less and no more than this. seats: the seat it has in each play of the stage game that it
    takes part in, as many as there can be.
    """

    low: float
    high: float
    seats: tuple[int, ...]

    def moved(self, low: float, high: float) -> Range:
        """The range where something between these two is added."""
        return replace(self, low=self.low + low, high=self.high + high)

    def times(self, least: float, most: float) -> Range:
        """The range of the payoff times a factor between these two, which are not negative."""
        return replace(self, low=min(self.low * least, self.low * most), high=max(self.high * least, self.high * most))


Ranges: TypeAlias = tuple[Range, ...]


def ranges(game: Game) -> Ranges:
    """For each player what a match of this game can be to it.

    The bounds of a stage game are its lowest and highest payoff over all profiles, and so they are through every
    mechanism that pays what is played. Repetition and reputation pay weighted means, networks means or sums. Sanctions
    move both ends by all the points that may be given. A contract moves them by the largest difference of two of its
    payments, where these are bounded. Where they are not there are no bounds: its payments are then left out (see
    `has_unbounded_payments`). An exchange pays an agent nothing at least, and at most for every open task in
    every round and for every piece that anybody lacks. A bound need not be attained where several layers have to be at
    their worst at once.

    Raises `MetricError` for a game that has neither rules known here nor a tree that can be listed.
    """
    match game:
        case Repeated():
            return tuple(replace(one, seats=one.seats * game.rounds) for one in ranges(game.base))
        case Continued():
            return _continued(game)
        case Rotated():
            return _rotated(game)
        case Networked() | PerEdge():
            return _on_edges(game)
        case Neighbourhood():
            return _among_neighbours(game)
        case Contracted():
            return _contracted(game)
        case Sanctioned():
            return _sanctioned(game)
        case (
            Mediated()
            | CheapTalk()
            | Trembling()
            | Misperceived()
            | Predicted()
            | Informed()
            | Personified()
            | Presented()
        ):
            return ranges(game.base)
        case Observed():
            return (Range(0.0, 1.0, (0,) * len(game.moves)),)
        case Forced():
            return tuple(Range(0.0, 1.0, (player,) * len(game.recorded)) for player in range(game.n_players))
        case StrategicForm():  # which pays averages of what its base pays
            return tuple(replace(one, seats=(player,)) for player, one in enumerate(ranges(game.base)))
        case Exchange():
            return _exchanged(game)
        case StageGame():
            return _stage(game)
        case _:
            return _listed(game)


def has_unbounded_payments(game: Game) -> bool:
    """Whether somewhere in the stack a contract may be proposed whose payments have no bounds."""
    contracts = (layer for layer in layers(game) if isinstance(layer, Contracted))
    return any(None in (contract.low, contract.high) for contract in contracts)


def _continued(game: Continued) -> Ranges:
    """Every round but the last possible one weighs 1 - chance, however many there are."""
    rounds = 1 if game.chance == 0 else game.most
    least = 1.0 if game.chance == 1 or game.most == 1 else 1 - game.chance
    most = 1.0 if game.chance == 1 or rounds == 1 else (1 - game.chance) * (rounds - 1) + 1
    return tuple(replace(one.times(least, most), seats=one.seats * rounds) for one in ranges(game.base))


def _rotated(game: Rotated) -> Ranges:
    base = ranges(game.base)
    seated = [base[player % len(base)] for player in range(game.population)]
    return tuple(replace(one, seats=one.seats * game.rounds) for one in seated)


def _on_edges(game: _Network) -> Ranges:
    base = ranges(game.base)
    return tuple(_of_neighbours(game, player, base) for player in range(game.players))


def _of_neighbours(game: _Network, player: int, base: Ranges) -> Range:
    met = [base[edge.index(player)] for edge in game.links if player in edge]
    share = 1 / len(met) if game.pay == "mean" else 1.0
    seats = (player,) if isinstance(game, Networked) else tuple(seat for one in met for seat in one.seats)
    return Range(share * fsum(one.low for one in met), share * fsum(one.high for one in met), seats)


def _among_neighbours(game: Neighbourhood) -> Ranges:
    """Every neighbour in every round; one that is not there pays nothing."""
    base = ranges(game.base)
    low, high = min(0.0, *(one.low for one in base)), max(0.0, *(one.high for one in base))
    times = game.degrees if game.pay == "sum" else (1,) * game.n_players
    return tuple(Range(low * n, high * n, (node,) * game.total_rounds) for node, n in enumerate(times))


def _contracted(game: Contracted) -> Ranges:
    """A player receives its own payment less the mean of the others', so the difference of two payments at most."""
    most = 0 if game.low is None or game.high is None else game.high - game.low
    return tuple(one.moved(-most, most) for one in ranges(game.base))


def _sanctioned(game: Sanctioned) -> Ranges:
    """From each of the others a player receives points, and to each it gives some at a cost."""
    others = game.n_players - 1
    given = [0.0, -game.cost * game.punish, -game.cost * game.reward]
    received = [0.0, -game.effect * game.punish, game.effect * game.reward]
    low, high = others * (min(given) + min(received)), others * (max(given) + max(received))
    return tuple(one.moved(low, high) for one in ranges(game.base))


def _exchanged(game: Exchange) -> Ranges:
    """Every task once, and a bonus for every piece that somebody lacks at first and the agent may send."""
    lacked = game.pieces * (game.agents - game.copies)
    numbers = range(1, game.agents + 1)
    tasks = game.bound / game.agents
    return tuple(Range(0.0, tasks + game.bonus.of(agent).each * lacked, (agent - 1,)) for agent in numbers)


def _stage(game: StageGame) -> Ranges:
    paid = list(zip(*map(game.payoffs, _profiles(game)), strict=True))
    if _is_interchangeable(game):
        paid = [tuple(payoff for seat in paid for payoff in seat)] * game.n_players
    return tuple(Range(min(payoffs), max(payoffs), (seat,)) for seat, payoffs in enumerate(paid))


def _profiles(game: StageGame) -> list[tuple[str, ...]]:
    """Every profile; where seats are interchangeable, one of those that differ only in who does what."""
    if _is_interchangeable(game):
        return list(combinations_with_replacement(game.actions[0], game.n_players))
    if prod(map(len, game.actions)) > MOST_PROFILES:
        raise MetricError(
            f"what {type(game).__name__} can pay is not listed: it has more than {MOST_PROFILES:,} profiles"
        )
    return list(product(*game.actions))


def _is_interchangeable(game: StageGame) -> bool:
    return isinstance(game, Seated) and len(set(game.roles)) == len(set(game.actions)) == 1


def _listed(game: Game) -> Ranges:
    """By every way the game can end."""
    outcomes = _outcomes(game)
    seats = _seats_of(game, outcomes)
    ends = zip(*(outcome.payoffs for outcome in outcomes), strict=True)
    return tuple(Range(min(paid), max(paid), seats[player]) for player, paid in enumerate(ends))


def _outcomes(game: Game) -> list[Outcome]:
    try:
        return [leaf.outcome for leaf in leaves(tree(game, most=_MOST_NODES))]
    except NotEnumerable as error:
        raise MetricError(f"what {type(game).__name__} can pay is not listed: {error}") from error


def _seats_of(game: Game, outcomes: Sequence[Outcome]) -> list[tuple[int, ...]]:
    """For each player its seats in that way to end in which it plays most often."""
    named = named_game(game)
    found: list[tuple[int, ...]] = [()] * game.n_players
    for outcome in outcomes:
        plays = [play.players for play in stage_plays(outcome)]
        for player, most in enumerate(found):
            seats = tuple(players.index(player) % named.n_players for players in plays if player in players)
            found[player] = max(most, seats, key=len)
    return found


# Players who mix


def mixed_payoffs(game: Game, mixed: Sequence[Mixed]) -> tuple[float, ...]:
    """What each player is paid on average where all mix independently, each in the same way in every play.

    mixed: for each player. In a rotation a player meets a random one of those in each other seat, and where neighbours
    change a random one of the others, each as likely as it has neighbours. Exact for what the
    stage game pays. What a mechanism pays beside that (transfers, sanctions) is left out, and so is what it does for
    players (mediators, noise): the actions are those that are finally played. Raises `MetricError` where the stage game
    cannot end with those actions, or has too many profiles.
    """
    match game:
        case Rotated():
            return _mixed_in_rotation(game, mixed)
        case Networked():
            return _mixed_on_edges(game, [{0: one[seat], 1: one[seat]} for seat, one in enumerate(mixed)])
        case PerEdge():
            return _mixed_on_edges(game, mixed)
        case Neighbourhood():
            return _mixed_among_neighbours(game, mixed)
        case Observed():
            return (_mixed_observer(game, mixed[0][0]),)
        case Forced():
            return tuple(_mixed_answers(game, player, one[player]) for player, one in enumerate(mixed))
        case Named():
            return _mixed_stage(game, [one[seat] for seat, one in enumerate(mixed)])
        case _:
            return mixed_payoffs(_base(game), mixed)


def actions_of(game: Named) -> tuple[tuple[str, ...], ...]:
    """What each seat may do, in any of the ways the game can end; nothing of an exchange, whose ends have no list."""
    if isinstance(game, StageGame | Neighbourhood | Forced):
        return game.actions
    if isinstance(game, Exchange):
        return ((),) * game.n_players
    if isinstance(game, Observed):
        return (game.base.actions[game.watched],)
    return tuple(tuple(dict.fromkeys(actions)) for actions in zip(*_ends(game), strict=True))


def _base(game: Game) -> Game:
    for layer in layers(game):
        if layer is not game:
            return layer
    raise MetricError(f"what {type(game).__name__} pays players who mix cannot be told: its actions have no names")


def _mixed_in_rotation(game: Rotated, mixed: Sequence[Mixed]) -> tuple[float, ...]:
    seats = game.base.n_players
    typical = [_mean(mixed[seat::seats]) for seat in range(seats)]
    paid = []
    for player, own in enumerate(mixed):
        seat = player % seats
        paid.append(mixed_payoffs(game.base, [*typical[:seat], own, *typical[seat + 1 :]])[seat])
    return tuple(paid)


def _mean(mixed: Sequence[Mixed]) -> Mixed:
    return {seat: _mean_lottery([one[seat] for one in mixed]) for seat in mixed[0]}


def _mean_lottery(shares: Sequence[Shares]) -> Shares:
    named = dict.fromkeys(action for one in shares for action in one)
    return {action: fsum(one.get(action, 0.0) for one in shares) / len(shares) for action in named}


def _mixed_on_edges(game: _Network, mixed: Sequence[Mixed]) -> tuple[float, ...]:
    met: list[list[float]] = [[] for _ in range(game.players)]
    for edge in game.links:
        for player, payoff in zip(edge, mixed_payoffs(game.base, [mixed[p] for p in edge]), strict=True):
            met[player].append(payoff)
    return tuple(fsum(paid) / (len(paid) if game.pay == "mean" else 1) for paid in met)


def _mixed_among_neighbours(game: Neighbourhood, mixed: Sequence[Mixed]) -> tuple[float, ...]:
    """The mean over the rounds, of which those in a part with neighbours that change are each like the other."""
    each = [one[seat] for seat, one in enumerate(mixed)]
    rounds = Counter[bool]()
    for stretch in game.stretches:
        rounds[stretch.rewired] += stretch.rounds
    paid = [0.0] * game.n_players
    for changes, number in rounds.items():
        met = _meeting_anybody(game, each) if changes else _meeting_the_same(game, each)
        paid = [total + number / game.total_rounds * one for total, one in zip(paid, met, strict=True)]
    return tuple(paid)


def _meeting_the_same(game: Neighbourhood, each: Sequence[Shares]) -> list[float]:
    paid = []
    for own, others in zip(each, neighbours_of(game.links, game.n_players), strict=True):
        met = [_of_tie(game, own, each[other]) for other in others]
        paid.append(fsum(met) / (len(met) if game.pay == "mean" else 1))
    return paid


def _meeting_anybody(game: Neighbourhood, each: Sequence[Shares]) -> list[float]:
    """Where ties are drawn: whoever is met is any of the others, each as likely as it has neighbours."""
    totals = _weighted(each, game.degrees)
    ends = sum(game.degrees)
    paid = []
    for own, degree in zip(each, game.degrees, strict=True):
        others = {
            action: max(total - degree * own.get(action, 0.0), 0.0) / (ends - degree)
            for action, total in totals.items()
        }
        paid.append(_of_tie(game, own, others) * (degree if game.pay == "sum" else 1))
    return paid


def _weighted(each: Sequence[Shares], weights: Sequence[int]) -> dict[str, float]:
    totals: dict[str, float] = {}
    for shares, weight in zip(each, weights, strict=True):
        for action, share in shares.items():
            totals[action] = totals.get(action, 0.0) + weight * share
    return totals


def _of_tie(game: Neighbourhood, own: Shares, other: Shares) -> float:
    return fsum(
        mine * theirs * game.base.payoffs((action, reply))[0]
        for action, mine in own.items()
        for reply, theirs in other.items()
    )


def _mixed_observer(game: Observed, shares: Shares) -> float:
    """The share of its predictions that are right on average, if it predicts every round with these probabilities."""
    return fsum(shares.get(profile[game.watched], 0.0) for profile in game.moves) / len(game.moves)


def _mixed_answers(game: Forced, player: int, shares: Shares) -> float:
    """The share of a player's recorded actions that it answers too on average, with these probabilities throughout."""
    known = [profile[player] for _, profile in game.recorded if profile[player] is not None]
    return fsum(shares.get(action, 0.0) for action in known) / len(known) if known else 0.0


def _mixed_stage(game: Named, shares: Sequence[Shares]) -> tuple[float, ...]:
    played = [[(action, share) for action, share in one.items() if share > 0] for one in shares]
    if prod(map(len, played)) > MOST_PROFILES:
        raise MetricError(f"what {type(game).__name__} pays on average needs more than {MOST_PROFILES:,} profiles")
    paid, totals = _paying(game), [0.0] * game.n_players
    for drawn in product(*played):
        chance = prod(share for _, share in drawn)
        for seat, payoff in enumerate(paid(tuple(action for action, _ in drawn))):
            totals[seat] += chance * payoff
    return tuple(totals)


def _paying(game: Named) -> Callable[[tuple[str, ...]], tuple[float, ...]]:
    """What is paid by what was played."""
    if isinstance(game, StageGame):
        return game.payoffs
    ends = _ends(game)

    def paid(profile: tuple[str, ...]) -> tuple[float, ...]:
        if profile not in ends:
            raise MetricError(
                f"{type(game).__name__} cannot end with {', '.join(profile)}, so what it pays is not known"
            )
        return ends[profile]

    return paid


def _ends(game: Game) -> Mapping[tuple[str, ...], tuple[float, ...]]:
    return {outcome.actions: outcome.payoffs for outcome in _outcomes(game)}
