"""Every structural fit by its name, as rows that a table or a page can show: one population, or two side by side.

What a model needs to know is asked for in one sentence: the payoffs of the game, one partner, rounds that were seen.
Intervals of strategies and classes come from drawing sessions and agents again; those of the others are by the observed
information, see `comity.fidelity.likelihood`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from comity.core.flow import Game
from comity.core.named import NamedStage, layers
from comity.fidelity import automata_fits
from comity.fidelity.automata_fits import frequencies
from comity.fidelity.likelihood import Estimate, Fit, Grouping, Model, compared, fitted
from comity.fidelity.mixtures import Form, Mixture, chosen, contexts, mixture, mixtures
from comity.fidelity.observations import FidelityError, Floats, Observations
from comity.fidelity.reinforcement import AspirationLearning, ExperienceWeighted
from comity.fidelity.repertoire import REPERTOIRES, SEVEN, Repertoire
from comity.fidelity.resampling import resampled
from comity.fidelity.shares import shares_of, total_variation
from comity.fidelity.structural import (
    CognitiveHierarchy,
    QuantalReply,
    QuantalResponse,
    SocialTaste,
    Stage,
    first_choices,
    replies,
)

Part: TypeAlias = tuple[Observations, Stage | None]
"""One condition, with its stage game where that is known."""
Name: TypeAlias = Literal[
    "sfem",
    "memory-one",
    "semi-grim",
    "moody",
    "reply",
    "qre",
    "hierarchy",
    "fehr-schmidt",
    "charness-rabin",
    "aspiration",
    "ewa",
]

TITLES: dict[Name, str] = {
    "sfem": "frequencies of strategies, and how likely a choice is the one of the strategy (beta)",
    "memory-one": "classes of memory-one rules",
    "semi-grim": "classes of memory-one rules with one chance after both mixed rounds",
    "moody": "classes of moody conditional cooperators, in log-odds",
    "reply": "logit reply to what neighbours did in the round before",
    "qre": "logit quantal response equilibrium of the first round",
    "hierarchy": "Poisson cognitive hierarchy of the first round",
    "fehr-schmidt": "inequity aversion with logit choice against the last round's neighbours",
    "charness-rabin": "social preferences with logit choice against the last round's neighbours",
    "aspiration": "aspiration learning",
    "ewa": "experience-weighted attraction",
}
"""What each fit is called above its table."""

TOGETHER: tuple[Name, ...] = ("reply", "qre", "hierarchy", "fehr-schmidt", "charness-rabin")
"""Fits that several conditions with different payoffs can be given to as one."""


SAME = "strategies joined by or agree equally often with every agent here, so only the sum of their shares is known"
UNITS = "the two sides were paid in different games, so parameters per unit of payoff are not in the same units"


@dataclass(frozen=True)
class Settings:
    """How to fit.

    strategies: those of "sfem". classes: how many, for mixtures; None for as many as BIC says, up to `most`.
    draws: how often sessions and agents are drawn again for the intervals of strategies and classes. seed: of all that
    is drawn.
    """

    strategies: Repertoire
    classes: int | None = None
    most: int = 4
    draws: int = 200
    seed: int = 0


@dataclass(frozen=True)
class Result:
    """What a fit found.

    estimates: the parameters. agents, choices: how many it rests on. log_likelihood: at the top. loss: the mean
    negative log likelihood of a choice in these data; blind: that of choosing at random. bic: −2 ln L + p ln N with N
    agents. notes: what a reader must know besides.
    """

    model: Name
    estimates: tuple[Estimate, ...]
    agents: int
    choices: int
    log_likelihood: float
    loss: float
    blind: float
    bic: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SideBySide:
    """The same fit of people and of a candidate.

    rows: the parameters of people, of the candidate, and the candidate's minus people's, each with its interval.
    distance: the total variation between shares of strategies or classes; NaN where the fit has none. own: the mean
    negative log likelihood of people's choices under people's fit without the session (or fifth of agents) that it is
    scored on; loss: under the candidate's fit; blind: at random. notes: what a reader must know besides.
    """

    model: Name
    rows: tuple[tuple[Estimate, Estimate, Estimate], ...]
    distance: float
    own: float
    loss: float
    blind: float
    notes: tuple[str, ...] = ()


def named(name: str) -> Name:
    """The fit of that name. Raises `FidelityError` where there is none."""
    for each in get_args(Name):
        if each == name:
            return each  # type: ignore[no-any-return]
    raise FidelityError(f"{name!r} is no structural fit; there are {', '.join(get_args(Name))}")


def repertoire(name: str) -> Repertoire:
    """The strategies of that name. Raises `FidelityError` where there is none."""
    if name not in REPERTOIRES:
        raise FidelityError(f"{name!r} is no list of strategies; there are {', '.join(REPERTOIRES)}")
    return REPERTOIRES[name]


def stage_of(game: Game) -> Stage | None:
    """The dilemma under a stack of mechanisms as its first seat is paid; None where it is no such game of two."""
    played = next((layer for layer in layers(game) if isinstance(layer, NamedStage)), None)
    if played is None or played.n_players != 2:
        return None
    acts = list(zip(played.cooperative, played.defective, strict=True))
    if any(action is None for pair in acts for action in pair):
        return None
    paid = [played.payoffs((str(acts[0][own]), str(acts[1][other])))[0] for own in (0, 1) for other in (0, 1)]
    return Stage(*map(float, paid))


def fit(name: Name, parts: Sequence[Part], settings: Settings | None = None) -> Result:
    """One fit of one population. parts: one condition, or several as one for those in `TOGETHER`.

    Raises `FidelityError` where the model cannot be fitted to such data, with what it lacks.
    """
    how = settings or Settings(SEVEN)
    if len(parts) != 1 and name not in TOGETHER:
        raise FidelityError(f"{name} is fitted to one condition at a time; found {len(parts)}")
    observed = parts[0][0]
    if name == "sfem":
        return _frequencies(observed, how)
    form = _form(name)
    return _classes(observed, form, how) if form else _told(name, fitted(_model(name, parts)))


def side_by_side(
    name: Name, people: Sequence[Part], candidate: Sequence[Part], settings: Settings | None = None
) -> SideBySide:
    """The same fit of people and of a candidate. Raises `FidelityError` as `fit`."""
    how = settings or Settings(SEVEN)
    if name == "sfem":
        return _strategies_side_by_side(people[0][0], candidate[0][0], how)
    form = _form(name)
    if form:
        return _classes_side_by_side(people[0][0], candidate[0][0], form, how)
    ours, theirs = (fitted(_model(name, side)) for side in (people, candidate))
    found = compared(ours, theirs, ours.model.grouping.folds())
    rows = tuple(zip(ours.estimates, theirs.estimates, found.differences, strict=True))
    notes = () if {stage for _, stage in people} == {stage for _, stage in candidate} else (UNITS,)
    return SideBySide(name, rows, math.nan, found.own, found.loss, found.blind, notes)


def _form(name: Name) -> Form | None:
    match name:
        case "memory-one" | "semi-grim" | "moody":
            return name
        case _:
            return None


def _model(name: Name, parts: Sequence[Part]) -> Model:
    """The model of that name with its data."""
    if name == "aspiration":
        observed, stage = parts[0]
        return AspirationLearning(observed, stage)
    known = [(observed, stage) for observed, stage in parts if stage is not None]
    if len(known) < len(parts):
        observed = next(observed for observed, stage in parts if stage is None)
        raise FidelityError(
            f"{name} needs the payoffs of the game (R,S,T,P: both cooperate, only I, only the other, none), and those "
            f"of {observed.condition} are not known"
        )
    makers: dict[Name, Callable[[], Model]] = {
        "reply": lambda: QuantalReply(replies(known)),
        "qre": lambda: QuantalResponse(first_choices(known)),
        "hierarchy": lambda: CognitiveHierarchy(first_choices(known)),
        "fehr-schmidt": lambda: SocialTaste(replies(known), "Fehr-Schmidt"),
        "charness-rabin": lambda: SocialTaste(replies(known), "Charness-Rabin"),
        "ewa": lambda: ExperienceWeighted(*known[0]),
    }
    return makers[name]()


def _told(name: Name, found: Fit) -> Result:
    clustered = "sessions" if found.model.grouping.by_session else "agents, or pairs that stay together"
    jumps = found.model.parameters[0].jumps
    notes = () if jumps else (f"intervals: robust errors, clustered by {clustered}",)
    return Result(
        name,
        found.estimates,
        int((found.model.choices > 0).sum()),
        int(found.model.choices.sum()),
        found.log_likelihood,
        found.loss,
        found.model.blind,
        found.bic,
        notes,
    )


def _weights(observed: Observations, how: Settings) -> Floats:
    """[draws, agents]: sessions, and agents in them, drawn again."""
    rng = np.random.default_rng(how.seed)
    return resampled({observed.condition: observed}, how.draws, rng)[observed.condition].weights


def _drawn(observed: Observations) -> str:
    if len(observed.sessions) > 1:
        return "intervals: sessions drawn again, and agents in them"
    return "intervals: agents drawn again; with one session, what differs between sessions is not in them"


def _frequencies(observed: Observations, how: Settings) -> Result:
    found = frequencies(observed, how.strategies)
    left = found.data.left_out
    same = any(" or " in row.name for row in found.table())
    agents = int((found.data.chosen > 0).sum())
    hidden = (
        f"resamples cannot find what nobody followed: a share of up to {1 - 0.05 ** (1 / agents):.3f} goes unseen "
        f"among {agents:,} agents one time in twenty"
    )
    lost = f"{left:,} choices are left out, as what was seen before them is not known"
    return Result(
        "sfem",
        found.table(found.redrawn(_weights(observed, how))),
        agents,
        int(found.data.chosen.sum()),
        found.log_likelihood,
        -found.log_likelihood / float(found.data.chosen.sum()),
        math.log(2),
        found.bic,
        (
            *([lost] if left else []),
            *([SAME] if same else []),
            *([hidden] if (found.shares < 1e-4).any() else []),
            _drawn(observed),
        ),
    )


def _mixture(observed: Observations, form: Form, how: Settings) -> Mixture:
    rng = np.random.default_rng(how.seed)
    if how.classes is not None:
        return mixture(observed, form, how.classes, rng)
    return chosen(mixtures(observed, form, rng, how.most))


def _classes(observed: Observations, form: Form, how: Settings) -> Result:
    found = _mixture(observed, form, how)
    by = "as asked" if how.classes is not None else f"by BIC, of up to {how.most}"
    return Result(
        form,
        found.table(found.redrawn(_weights(observed, how))),
        int((found.data.chosen.sum(axis=1) > 0).sum()),
        int(found.data.chosen.sum()),
        found.log_likelihood,
        -found.log_likelihood / float(found.data.chosen.sum()),
        math.log(2),
        found.bic,
        (f"{found.n_classes} class{'es' * (found.n_classes > 1)} {by}; the least cooperative first", _drawn(observed)),
    )


def _strategies_side_by_side(people: Observations, candidate: Observations, how: Settings) -> SideBySide:
    ours, theirs = (frequencies(side, how.strategies) for side in (people, candidate))
    groups = automata_fits.common_groups(ours.data.groups, theirs.data.groups)
    draws = [side.redrawn(_weights(side.data.observed, how)) for side in (ours, theirs)]
    tables = [side.table(each, groups) for side, each in zip((ours, theirs), draws, strict=True)]
    spreads = [np.column_stack([automata_fits.joined(each[0], groups), each[1]]) for each in draws]
    found = automata_fits.compared(ours, theirs, Grouping(people.session_of, people.unit_of).folds())
    rows = _differences(tables[0], tables[1], spreads[0], spreads[1])
    notes = (SAME,) if any(" or " in row[0].name for row in rows) else ()
    return SideBySide("sfem", rows, found.distance, found.own, found.loss, found.coin, notes)


def _classes_side_by_side(people: Observations, candidate: Observations, form: Form, how: Settings) -> SideBySide:
    """How common people's classes are on either side; and how well the candidate's own classes predict people."""
    ours, theirs = (_mixture(side, form, how) for side in (people, candidate))
    logs = [ours.log_likelihoods(contexts(side, form)) for side in (people, candidate)]
    found = [shares_of(each, np.ones((1, len(each)))).shares[0] for each in logs]
    spreads = [
        shares_of(each, _weights(side, how), 1e-5).shares for each, side in zip(logs, (people, candidate), strict=True)
    ]
    names = [f"share of people's class {number + 1}" for number in range(ours.n_classes)]
    tables = [
        tuple(
            Estimate.drawn(name, float(share), spread) for name, share, spread in zip(names, side, drawn.T, strict=True)
        )
        for side, drawn in zip(found, spreads, strict=True)
    ]
    return SideBySide(
        form,
        _differences(tables[0], tables[1], spreads[0], spreads[1]),
        float(total_variation(found[0], found[1])),
        _held_out(ours, how),
        theirs.loss(ours.data),
        math.log(2),
    )


def _held_out(found: Mixture, how: Settings) -> float:
    """The loss of these agents under classes, as many, fitted without the session or fifth that they are of."""
    observed = found.data.observed
    folds = Grouping(observed.session_of, observed.unit_of).folds()
    if len(np.unique(folds)) < 2:
        return math.nan
    total = 0.0
    for fold in np.unique(folds):
        inside = folds == fold
        rng = np.random.default_rng(how.seed)
        outside = mixture(observed, found.form, found.n_classes, rng, ~inside, starts=3)
        part = found.data.of(inside)
        total += outside.loss(part) * float(part.chosen.sum())
    return total / float(found.data.chosen.sum())


def _differences(
    people: Sequence[Estimate], candidate: Sequence[Estimate], ours: Floats, theirs: Floats
) -> tuple[tuple[Estimate, Estimate, Estimate], ...]:
    """Each parameter on both sides, and the candidate's minus people's; both sides are drawn independently."""
    return tuple(
        (one, other, Estimate.drawn(one.name, other.value - one.value, theirs[:, place] - ours[:, place]))
        for place, (one, other) in enumerate(zip(people, candidate, strict=True))
    )
