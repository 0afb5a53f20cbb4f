"""Which contracts make a profile an equilibrium, by exact search over whole-number payments.

Under the transfers t, a seat that leaves its action c of a profile for a gains what it would gain in the base game plus
t[a] - t[c]: what it receives for its own action is all that it moves, as the rest is shared among the others. So the
contracts that support a profile are those in which t[c] - t[a] is at least some whole number for each pair (c, a), and
whatever nobody plays may be paid as little as that allows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TypeAlias

from comity.core.flow import StageGame
from comity.core.named import named_game
from comity.core.space import Integer
from comity.games.normal_form import Profile, deviated
from comity.mechanisms.contracting import Contracted
from comity.strategies.stages import paid_in, profiles_with

Demands: TypeAlias = Mapping[tuple[str, str], int]
"""For each pair of actions (c, a) by how much the payment for c must exceed that for a."""
Transfers: TypeAlias = tuple[int, ...]


def efficient_contract(terms: Contracted) -> Transfers | None:
    """The cheapest contract within the bounds under which the efficient profile is a weakly dominant equilibrium.

    Where the bounds allow none: under which it is an equilibrium. None if they do not allow that either.
    """
    return next(supporting(terms, efficient_profile(terms.base)), None)


def efficient_profile(base: StageGame) -> Profile:
    """Full cooperation if no profile pays more in all, else the first profile that pays most in all."""
    totals = {profile: sum(paid) for profile, paid in paid_in(base).paid.items()}
    most = max(totals.values())
    best = [profile for profile, total in totals.items() if total == most]
    cooperative = named_game(base).cooperative
    return next((profile for profile in best if profile == cooperative), best[0])


def supporting(terms: Contracted, profile: Profile) -> Iterator[Transfers]:
    """The cheapest contracts within the bounds that support a profile: by weak dominance, and as an equilibrium."""
    for demands in (_to_be_dominant(terms.base, profile), _to_be_equilibrium(terms.base, profile)):
        found = _cheapest(terms, demands)
        if found is not None:
            yield found


def _to_be_equilibrium(base: StageGame, profile: Profile) -> Demands:
    """What makes the profile a Nash equilibrium: no seat gains by leaving it alone."""
    demands: dict[tuple[str, str], int] = {}
    for seat, action in enumerate(profile):
        for other in base.actions[seat]:
            _demand(demands, (action, other), math.ceil(_gain(base, profile, seat, other)))
    return demands


def _to_be_dominant(base: StageGame, profile: Profile) -> Demands:
    """What makes each seat's action of the profile weakly dominate its others: never worse, and somewhere better."""
    demands: dict[tuple[str, str], int] = {}
    for seat, action in enumerate(profile):
        for other in base.actions[seat]:
            gains = [_gain(base, where, seat, other) for where in profiles_with(base, seat, action)]
            least = math.ceil(max(gains))
            _demand(demands, (action, other), least if least > min(gains) else least + 1)
    return demands


def _gain(base: StageGame, profile: Profile, seat: int, action: str) -> Fraction:
    paid = paid_in(base).paid
    return paid[deviated(profile, seat, action)][seat] - paid[profile][seat]


def _demand(demands: dict[tuple[str, str], int], pair: tuple[str, str], least: int) -> None:
    if pair[0] != pair[1]:
        demands[pair] = max(least, demands.get(pair, least))


def _cheapest(terms: Contracted, demands: Demands) -> Transfers | None:
    """The contract with the smallest sum of absolute payments that meets the demands; of several the first in order."""
    completed = (_completed(terms, paid, demands) for paid in _vertices(terms, demands))
    return min(filter(None, completed), key=lambda transfers: (size(transfers), transfers), default=None)


def _vertices(terms: Contracted, demands: Demands) -> Iterator[Mapping[str, int]]:
    """Payments for the actions that somebody plays, among which those of a cheapest contract are.

    The cheapest payments are found where nothing can be moved a little at no cost, as in any linear program: each is
    zero, or at a bound, or just far enough from one that is.
    """
    played = [action for action in terms.actions if any(action == kept for kept, _ in demands)]
    for order in itertools.permutations(played):
        ahead: list[dict[str, int]] = [{}]
        for action in order:
            ahead = [{**paid, action: more} for paid in ahead for more in _payments(terms, demands, action, paid)]
        yield from ahead


def _payments(terms: Contracted, demands: Demands, action: str, paid: Mapping[str, int]) -> set[int]:
    """What may be paid for an action, those paid already given."""
    fixed = {
        _nearest_to_zero(terms.low, terms.high),
        *(bound for bound in (terms.low, terms.high) if bound is not None),
    }
    found = fixed | {start + least for start in fixed for (kept, _), least in demands.items() if kept == action}
    for other, payment in paid.items():
        found |= {payment + ahead for ahead in _ties(demands, action, other)}
    return {payment for payment in found if payment in Integer(terms.low, terms.high)}


def _ties(demands: Demands, action: str, other: str) -> set[int]:
    """By how much two played actions' payments differ where a demand ties them, directly or through a third action."""
    direct = {demands.get((action, other)), -demands[other, action] if (other, action) in demands else None}
    shared = {
        least - demands[other, left]
        for (kept, left), least in demands.items()
        if kept == action and (other, left) in demands
    }
    return {tie for tie in direct | shared if tie is not None}


def _completed(terms: Contracted, paid: Mapping[str, int], demands: Demands) -> Transfers | None:
    """The transfers with these payments for what is played, or None where the demands cannot be met."""
    transfers = []
    for action in terms.actions:
        caps = [paid[kept] - least for (kept, left), least in demands.items() if left == action]
        most = min(caps if terms.high is None else [*caps, terms.high], default=None)
        payment = paid[action] if action in paid else _nearest_to_zero(terms.low, most)
        if most is not None and payment > most:
            return None
        transfers.append(payment)
    return tuple(transfers)


def _nearest_to_zero(low: int | None, high: int | None) -> int:
    below = 0 if high is None else min(high, 0)
    return below if low is None else max(low, below)


def size(transfers: Transfers) -> int:
    """The sum of the absolute payments."""
    return sum(map(abs, transfers))


def nothing(terms: Contracted) -> Transfers:
    """The contract that pays nothing for every action, or as little as its bounds allow."""
    return (_nearest_to_zero(terms.low, terms.high),) * len(terms.actions)
