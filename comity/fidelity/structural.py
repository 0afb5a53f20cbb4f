"""What choices reveal if people choose as a theory says: quantal response, cognitive hierarchy, social tastes.

Each model is for `comity.fidelity.likelihood`, which finds the parameters, their intervals and what the data do
not tell. Two kinds of data: `Plays`, choices in one-shot games of two players (any small normal form), and `Menus`,
choices between options that pay oneself and another. `replies` reads a repeated dilemma as menus: against the share of
neighbours who cooperated in the round before, each option has an expected payoff.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax

from comity.fidelity.likelihood import Grouping, Parameter, summed
from comity.fidelity.observations import Codes, FidelityError, Floats, Observations

Payoffs: TypeAlias = tuple[tuple[float, ...], ...]
Taste: TypeAlias = Literal["Fehr-Schmidt", "Charness-Rabin"]

HIGHEST_LEVEL = 15
"""Levels of thinking above this are left out of a cognitive hierarchy; with τ = 5 they are one in 14,000."""
LONGEST_PATH = 4_000
"""So many steps at most are gone along a branch of equilibria."""


@dataclass(frozen=True)
class Bimatrix:
    """A game of two players. row, column: what each is paid, [row's actions][column's actions]."""

    row: Payoffs
    column: Payoffs

    def __post_init__(self) -> None:
        shapes = {np.asarray(side, dtype=float).shape for side in (self.row, self.column)}
        if len(shapes) != 1 or len(next(iter(shapes))) != 2 or 0 in next(iter(shapes)):
            raise FidelityError("a game of two players needs two payoff tables of the same shape")

    def own(self, seat: int) -> Floats:
        """What the player of a seat is paid: [own actions, the other's actions]. seat: 0 row, 1 column."""
        return np.asarray(self.column, dtype=float).T if seat else np.asarray(self.row, dtype=float)


@dataclass(frozen=True)
class Stage:
    """A dilemma of two as one player is paid: both cooperate, only I, only the other, none (R, S, T, P)."""

    both: float
    sucker: float
    tempted: float
    neither: float

    @property
    def bimatrix(self) -> Bimatrix:
        """As a game of two; the first action cooperates."""
        own = ((self.both, self.sucker), (self.tempted, self.neither))
        return Bimatrix(own, tuple(zip(*own, strict=True)))


@dataclass(frozen=True, eq=False)
class Plays:
    """Choices in one-shot games.

    games: the games. agent, game, seat, action: [choices], who chose what where; seat 0 is the row player.
    grouping: sessions and units of the agents.
    """

    games: tuple[Bimatrix, ...]
    agent: Codes
    game: Codes
    seat: Codes
    action: Codes
    grouping: Grouping


@dataclass(frozen=True, eq=False)
class Menus:
    """Choices between options.

    own, behind, ahead: [choices, options], what each option pays the chooser, and how far it then is behind and ahead
    of the other (expectations where the payoffs are uncertain); NaN where there is no such option. chosen, agent:
    [choices]. grouping: sessions and units of the agents.
    """

    own: Floats
    behind: Floats
    ahead: Floats
    chosen: Codes
    agent: Codes
    grouping: Grouping


def first_choices(parts: Sequence[tuple[Observations, Stage]]) -> Plays:
    """What agents chose in the first rounds of stretches, before they saw anything, as plays of one-shot games.

    parts: conditions, each with its stage game. An agent of one condition is another than one of the next.
    """
    agents = np.cumsum([0, *(observed.n_agents for observed, _ in parts)])
    firsts = [np.flatnonzero((observed.round == 0) & observed.known) for observed, _ in parts]
    if not sum(map(len, firsts)):
        raise FidelityError("there is no choice in a first round, so nothing is known of how one-shot games are played")
    who = [
        observed.agent[rows] + agents[place]
        for place, ((observed, _), rows) in enumerate(zip(parts, firsts, strict=True))
    ]
    did = [1 - observed.action[rows] for (observed, _), rows in zip(parts, firsts, strict=True)]
    return Plays(
        games=tuple(stage.bimatrix for _, stage in parts),
        agent=np.concatenate(who),
        game=np.repeat(np.arange(len(parts)), [len(rows) for rows in firsts]),
        seat=np.zeros(sum(map(len, firsts)), dtype=np.intp),
        action=np.concatenate(did).astype(np.intp),
        grouping=Grouping.joint([observed for observed, _ in parts]),
    )


def allocations(
    own: ArrayLike, other: ArrayLike, chosen: ArrayLike, agent: ArrayLike, session_of: ArrayLike | None = None
) -> Menus:
    """Choices between allocations, such as dictator menus.

    own, other: [choices, options], what each option pays; NaN where there is none. session_of: [agents], one session
    unless given. Raises `FidelityError` where a choice is of an option that is not there.
    """
    mine, theirs = np.asarray(own, dtype=float), np.asarray(other, dtype=float)
    took, who = np.asarray(chosen, dtype=np.intp), np.asarray(agent, dtype=np.intp)
    if np.isnan((mine + theirs)[np.arange(len(took)), took]).any():
        raise FidelityError("a choice is of an option that its menu does not have")
    gap = theirs - mine
    agents = int(who.max()) + 1
    sessions = np.zeros(agents, dtype=np.intp) if session_of is None else np.asarray(session_of)
    return Menus(mine, np.maximum(gap, 0), np.maximum(-gap, 0), took, who, Grouping(sessions, np.arange(agents)))


def replies(parts: Sequence[tuple[Observations, Stage]]) -> Menus:
    """A repeated dilemma as menus: option 0 cooperates, and both are paid against the last round's neighbours.

    parts: conditions, each with its stage game. A neighbour is expected to cooperate with the chance m, the share that
    did in the round before; payoffs are per neighbour. Rows that have not seen a round are left out.
    """
    agents = np.cumsum([0, *(observed.n_agents for observed, _ in parts)])
    blocks, chosen, who = [], [], []
    for place, (observed, stage) in enumerate(parts):
        rows = observed.known & ~np.isnan(observed.neighbours)
        if not rows.any():
            raise FidelityError(
                f"{observed.population}, {observed.condition}, has no choice that answers to neighbours"
            )
        blocks.append(_against(observed.neighbours[rows], stage))
        chosen.append(1 - observed.action[rows])
        who.append(observed.agent[rows] + agents[place])
    own, behind, ahead = (np.concatenate([block[kind] for block in blocks]) for kind in range(3))
    return Menus(
        own,
        behind,
        ahead,
        np.concatenate(chosen).astype(np.intp),
        np.concatenate(who),
        Grouping.joint([observed for observed, _ in parts]),
    )


def _against(share: Floats, stage: Stage) -> tuple[Floats, Floats, Floats]:
    """Own payoff, behind and ahead of cooperating and of defecting, each [rows, 2]."""
    met, missed = share, 1 - share
    gap = stage.tempted - stage.sucker
    own = np.column_stack([met * stage.both + missed * stage.sucker, met * stage.tempted + missed * stage.neither])
    none = np.zeros(len(share))
    behind = np.column_stack([missed * max(gap, 0), met * max(-gap, 0)])
    ahead = np.column_stack([missed * max(-gap, 0) + none, met * max(gap, 0)])
    return own, behind, ahead


@dataclass(frozen=True, eq=False)
class _OfChoices:
    """What all models share: who chose, and how often."""

    data: Plays | Menus

    @property
    def grouping(self) -> Grouping:
        """Sessions and units as in the data."""
        return self.data.grouping

    @cached_property
    def choices(self) -> Floats:
        """[agents]"""
        return summed(self.data.agent, np.ones(len(self.data.agent)), self.grouping.n_agents)


@dataclass(frozen=True, eq=False)
class _OfPlays(_OfChoices):
    """What the models of one-shot games share."""

    data: Plays

    @property
    def blind(self) -> float:
        """The mean logarithm of how many actions there are."""
        data = self.data
        pairs = zip(data.game, data.seat, strict=True)
        return float(np.mean([math.log(len(data.games[game].own(int(seat)))) for game, seat in pairs]))

    def _scored(self, chances: dict[tuple[int, int], Floats]) -> Floats:
        """[agents], under chances of actions by (game, seat)."""
        data = self.data
        found = np.zeros(len(data.agent))
        for (game, seat), chance in chances.items():
            rows = (data.game == game) & (data.seat == seat)
            found[rows] = np.log(np.maximum(chance, 1e-300))[data.action[rows]]
        return summed(data.agent, found, self.grouping.n_agents)

    @cached_property
    def _places(self) -> tuple[tuple[int, int], ...]:
        """Which seats of which games somebody chose in."""
        return tuple(
            sorted({(int(game), int(seat)) for game, seat in zip(self.data.game, self.data.seat, strict=True)})
        )


@dataclass(frozen=True, eq=False)
class QuantalResponse(_OfPlays):
    """Logit quantal response equilibrium (McKelvey and Palfrey 1995): p = softmax(λ u(q)), q = softmax(λ v(p)).

    λ, per unit of payoff: 0 chooses at random, ∞ is a Nash equilibrium; equilibria are those on the branch that starts
    at λ = 0. Identified where some option pays more than another against what others do; from one choice of two options
    in one game any share between one half and the branch's end fits exactly, so that only several games test it.
    """

    title: str = field(default="logit quantal response equilibrium", init=False)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """λ, tried from a tenth of the inverse range of payoffs up to a hundred times it."""
        spans = [np.ptp(game.own(seat)) for game in self.data.games for seat in (0, 1)]
        unit = 1 / max(*spans, 1e-12)
        return (Parameter("lambda", 0.0, 300 * unit, tuple(unit * np.geomspace(0.1, 100, 16))),)

    def log_likelihoods(self, values: Floats) -> Floats:
        """[agents]"""
        found = {}
        for number, seat in self._places:
            found[number, seat] = quantal_equilibrium(self.data.games[number], float(values[0]))[seat]
        return self._scored(found)


@dataclass(frozen=True, eq=False)
class CognitiveHierarchy(_OfPlays):
    """Poisson cognitive hierarchy (Camerer, Ho and Chong 2004): level k is best against the levels below, as common as
    e^−τ τ^k / k! says; level 0 chooses at random, and equally good actions alike.

    τ: the mean level. Identified where levels choose differently; in a game with a dominant action all levels from 1 on
    agree, and τ says how many choose at random, e^−τ, no more.
    """

    title: str = field(default="Poisson cognitive hierarchy", init=False)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """τ, between 0 and 8 in steps of 0.02: the likelihood jumps where a level changes its mind."""
        return (Parameter("tau", 0.0, 8.0, tuple(np.linspace(0, 8, 401)), jumps=True),)

    def log_likelihoods(self, values: Floats) -> Floats:
        """[agents]"""
        played = {number: hierarchy(self.data.games[number], float(values[0])) for number, _ in self._places}
        return self._scored({(number, seat): played[number][seat] for number, seat in self._places})


@dataclass(frozen=True, eq=False)
class _OfMenus(_OfChoices):
    """What the models of menus share: an option is chosen in proportion to e^utility."""

    data: Menus

    @cached_property
    def _offered(self) -> NDArray[np.bool_]:
        """[choices, options]: whether there is such an option."""
        return np.asarray(~np.isnan(self.data.own))

    @cached_property
    def _sensitivity(self) -> Parameter:
        """λ, per unit of payoff."""
        spread = float(np.nanstd(self.data.own - np.nanmean(self.data.own, axis=1, keepdims=True)))
        unit = 1 / max(spread, 1e-12)
        return Parameter("lambda", 0.0, 300 * unit, (0.1 * unit, unit, 10 * unit))

    @property
    def blind(self) -> float:
        """The mean logarithm of how many options there are."""
        return float(np.log(self._offered.sum(axis=1)).mean())

    def _scored(self, utility: Floats) -> Floats:
        """[agents], under utilities [choices, options]."""
        taken = utility[np.arange(len(utility)), self.data.chosen]
        above = np.where(self._offered, utility - taken[:, None], -np.inf)
        return summed(self.data.agent, -np.logaddexp.reduce(above, axis=1), self.grouping.n_agents)


@dataclass(frozen=True, eq=False)
class SocialTaste(_OfMenus):
    """Logit choice by own payoff and by the difference to another's.

    Fehr and Schmidt (1999): U = own − α behind − β ahead, where `behind` is how much more the other has and `ahead` how
    much less. Charness and Rabin (2002), without reciprocity: U = own − ρ ahead + σ behind, the same plane with ρ = β
    and σ = −α. An option is chosen in proportion to e^(λ U). Identified where own payoffs, behind and ahead vary apart
    from each other over menus: in replies to one dilemma there are two numbers for three parameters, and only games
    with other payoffs tell them apart.
    """

    form: Taste = "Fehr-Schmidt"

    @property
    def title(self) -> str:
        return f"{self.form} tastes with logit choice"

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """λ, per unit of payoff, and the two tastes."""
        names = ("alpha", "beta") if self.form == "Fehr-Schmidt" else ("rho", "sigma")
        tastes = tuple(Parameter(name, -20.0, 20.0, (-0.3, 0.3, 1.0)) for name in names)
        return (self._sensitivity, *tastes)

    def log_likelihoods(self, values: Floats) -> Floats:
        """[agents]"""
        sensitivity, first, second = values
        behind, ahead = (first, second) if self.form == "Fehr-Schmidt" else (-second, first)
        data = self.data
        utility = sensitivity * (data.own - behind * data.behind - ahead * data.ahead)
        return self._scored(utility)


@dataclass(frozen=True, eq=False)
class QuantalReply(_OfMenus):
    """Logit reply to what neighbours did in the round before: an option is chosen in proportion to e^(λ payoff).

    The quantal response of McKelvey and Palfrey (1995) with beliefs as observed in place of those in equilibrium, so
    that it is defined on any graph. λ, per unit of payoff and neighbour. Identified where the options do not always
    pay the same; in a dilemma defecting pays more, so people who cooperate more often than half end at λ = 0, and the
    loss says how little the model explains.
    """

    title: str = field(default="logit reply to neighbours", init=False)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """λ"""
        return (self._sensitivity,)

    def log_likelihoods(self, values: Floats) -> Floats:
        """[agents]"""
        return self._scored(values[0] * self.data.own)


def hierarchy(game: Bimatrix, tau: float) -> tuple[Floats, Floats]:
    """How often each action is chosen in either seat under a Poisson cognitive hierarchy of mean level τ."""
    common = np.exp(
        [level * math.log(max(tau, 1e-300)) - tau - math.lgamma(level + 1) for level in range(HIGHEST_LEVEL + 1)]
    )
    common /= common.sum()
    pays = [game.own(seat) for seat in (0, 1)]
    levels = [[np.full(len(pay), 1 / len(pay))] for pay in pays]
    below = np.cumsum(common)
    met = [common[0] * levels[seat][0] for seat in (0, 1)]
    for level in range(1, HIGHEST_LEVEL + 1):
        best = [_best(pays[seat] @ met[1 - seat] / below[level - 1]) for seat in (0, 1)]
        for seat in (0, 1):
            levels[seat].append(best[seat])
            met[seat] = met[seat] + common[level] * best[seat]
    return met[0], met[1]


def _best(pay: Floats) -> Floats:
    good = pay >= pay.max() - 1e-9 * max(1.0, float(np.abs(pay).max()))
    return np.asarray(good / good.sum())


def quantal_equilibrium(game: Bimatrix, sensitivity: float) -> tuple[Floats, Floats]:
    """The logit equilibrium of a game for one λ on the branch that starts from choosing at random.

    Where the branch turns back, so that it passes a λ more than once, the first pass counts. Raises `FidelityError`
    where the branch cannot be followed so far.
    """
    scale = _span(game)
    target = sensitivity * scale
    if target <= 0:
        rows, columns = game.own(0).shape
        return np.full(rows, 1 / rows), np.full(columns, 1 / columns)
    path = _branch(game, 2.0 ** math.ceil(math.log2(max(target, 1.0))))
    places = np.array([point[-1] for point in path])
    after = int(np.argmax(places >= target))
    one, other = path[after - 1], path[after]
    part = (target - one[-1]) / (other[-1] - one[-1])
    point = (1 - part) * one + part * other
    point[-1] = target
    solved = _corrected(_Response(game, scale), point, None)
    if solved is None:
        raise FidelityError(f"no quantal response equilibrium was found near λ = {sensitivity:g}")
    rows = game.own(0).shape[0]
    return softmax(solved[:rows]), softmax(solved[rows:-1])


class _Response:
    """The conditions of a logit equilibrium for log weights x, y and λ: x − mean x = λ (u − mean u), the same for y."""

    def __init__(self, game: Bimatrix, scale: float) -> None:
        self.pays = [game.own(seat) / scale for seat in (0, 1)]
        self.sizes = [len(pay) for pay in self.pays]

    def __call__(self, point: Floats) -> tuple[Floats, Floats]:
        """How far the conditions are from holding, and the derivatives by log weights and λ."""
        split = self.sizes[0]
        weights = [point[:split], point[split:-1]]
        chances = [softmax(each) for each in weights]
        total = sum(self.sizes)
        misses, slopes = np.empty(total), np.zeros((total, total + 1))
        for seat, (start, other) in enumerate(((0, split), (split, 0))):
            rows = slice(start, start + self.sizes[seat])
            columns = slice(other, other + self.sizes[1 - seat])
            centred = self.pays[seat] - self.pays[seat].mean(axis=0)
            chance = chances[1 - seat]
            misses[rows] = weights[seat] - point[-1] * (centred @ chance)
            slopes[rows, rows] = np.eye(self.sizes[seat])
            slopes[rows, columns] = -point[-1] * centred @ (np.diag(chance) - np.outer(chance, chance))
            slopes[rows, -1] = -(centred @ chance)
        return misses, slopes


@lru_cache(maxsize=256)
def _branch(game: Bimatrix, reach: float) -> tuple[Floats, ...]:
    """Points (log weights, λ times the span of payoffs) along the branch of equilibria from λ = 0 until past `reach`.

    Followed by its length, not by λ, so that turns are no obstacle (Turocy 2005).
    """
    response = _Response(game, _span(game))
    point = np.zeros(sum(response.sizes) + 1)
    path, step = [point], 0.05
    ahead = np.zeros(len(point))
    ahead[-1] = 1
    for _ in range(LONGEST_PATH):
        along = _tangent(response(point)[1], ahead)
        moved = _corrected(response, point + step * along, along)
        if moved is None:
            step /= 2
            if step < 1e-7:
                break
            continue
        point, ahead = moved, along
        path.append(point)
        step = min(step * 1.3, 0.05 + 0.05 * abs(point[-1]))
        if point[-1] >= reach:
            return tuple(path)
    raise FidelityError(f"the quantal response equilibria of a game could be followed only to λ = {point[-1]:.3g}")


def _tangent(slopes: Floats, ahead: Floats) -> Floats:
    """The direction in which the conditions go on to hold, as near as can be to where the path came from."""
    along = np.linalg.svd(slopes)[2][-1]
    return np.asarray(along if along @ ahead > 0 else -along)


def _corrected(response: _Response, point: Floats, along: Floats | None) -> Floats | None:
    """The nearest point at which the conditions hold, across the path, or with λ as it is; None where there is none."""
    fixed = np.zeros(len(point))
    fixed[-1] = 1
    across = fixed if along is None else along
    start = point
    for _ in range(20):
        misses, slopes = response(point)
        system = np.vstack([slopes, across])
        try:
            move = np.linalg.solve(system, np.append(misses, across @ (point - start)))
        except np.linalg.LinAlgError:
            return None
        point = point - move
        if not np.isfinite(point).all() or np.abs(move).max() > 10:
            return None
        if np.abs(move).max() < 1e-10:
            return point
    return None


def _span(game: Bimatrix) -> float:
    return max(float(np.ptp(game.own(seat))) for seat in (0, 1)) or 1.0
