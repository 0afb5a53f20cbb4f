"""Whether a learner that may use everything finds people in a candidate, or tells them apart.

A table of contexts sees the own last action and the share of neighbours. Gradient boosting sees the degree, the round,
the action before the last and what was paid as well, and any way in which they go together. It is fitted once: its
interval comes from drawing people again and weighing the losses it already made, so that the uncertainty of the fit is
not in it. It describes; verdicts rest on tables, which are fitted anew in every draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from comity.fidelity.contexts import before_last, folds_of
from comity.fidelity.observations import Codes, FidelityError, Floats, Observations

FOLDS = 5
"""So many parts of the sessions (of the units, with one session) are held out in turn."""

_SETTINGS: Mapping[str, Any] = {
    "max_iter": 60,
    "learning_rate": 0.15,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 40,
    "early_stopping": False,
    "random_state": 0,
}
_LEAST = 0.001


@dataclass(frozen=True, eq=False)
class LearntSkill:
    """D3 with gradient boosting.

    features: what it was given. losses: nats a choice of people, by who predicted: "candidate", "people" (other
    people), "marginal" and "persistence". over: the skill over each of the last two, [draws]; the first draw is of
    people as they are.
    """

    features: tuple[str, ...]
    losses: Mapping[str, float]
    over: Mapping[str, Floats]


def learnt_skill(candidate: Observations, human: Observations, weights: Floats) -> LearntSkill:
    """[L(floor) - L(q_S)] / [L(floor) - L(q_E)] with learnt rules.

    q_S is learnt from the candidate, q_E from people in other sessions (of other units, with one session); both
    foretell the same choices of people. weights: [draws, agents], how often each person counts in each draw. Raises
    `FidelityError` where the choices of either side are all the same, or people cannot be held out in turn.
    """
    names = _features(candidate, human)
    (seen, acted, _), (met, chosen, who) = (_rows(side, names) for side in (candidate, human))
    part = folds_of(human, FOLDS)[who]
    predicted = {
        "candidate": _learnt(seen, acted, met, candidate.population),
        "people": np.empty(len(chosen)),
        "marginal": np.empty(len(chosen)),
        "persistence": np.empty(len(chosen)),
    }
    repeats = met[:, 0] == chosen
    for fold in _parts(part, human):
        inside, others = part == fold, part != fold
        again = (repeats[others].sum() + 0.5) / (others.sum() + 1)
        predicted["people"][inside] = _learnt(met[others], chosen[others], met[inside], human.population)
        predicted["marginal"][inside] = (chosen[others].sum() + 0.5) / (others.sum() + 1)
        predicted["persistence"][inside] = np.where(met[inside, 0] == 1, again, 1 - again)
    return _scored(names, predicted, chosen, who, human.n_agents, weights)


def _scored(
    names: Sequence[str], predicted: Mapping[str, Floats], chosen: Floats, who: Codes, agents: int, weights: Floats
) -> LearntSkill:
    number = np.bincount(who, minlength=agents)
    lost = {name: _losses(stated, chosen) for name, stated in predicted.items()}
    drawn = np.vstack([np.ones((1, agents)), weights])
    means = {name: drawn @ np.bincount(who, each, minlength=agents) / (drawn @ number) for name, each in lost.items()}
    over = {
        floor: np.divide(
            means[floor] - means["candidate"],
            means[floor] - means["people"],
            out=np.full(len(drawn), np.nan),
            where=means[floor] > means["people"],
        )
        for floor in ("marginal", "persistence")
    }
    return LearntSkill(tuple(names), {name: float(each[0]) for name, each in means.items()}, over)


@dataclass(frozen=True)
class Told:
    """D5 with gradient boosting.

    area: the area under the curve of telling the candidate's choices from people's; 1/2 where nobody could. halves: of
    telling one half of people from the other, in several splits. features: what it was given, beside the choice.
    """

    area: float
    halves: tuple[float, ...]
    features: tuple[str, ...]


def told_apart_by_learning(
    candidate: Observations, human: Observations, rng: np.random.Generator, splits: int = 5
) -> Told:
    """A classifier two-sample test (Lopez-Paz and Oquab 2017) on single choices, with agents held out whole.

    The mean over five parts of agents that were held out. splits: how many random halves of people, of whole sessions
    (of units, with one session), are told apart in the same way. Raises `FidelityError` where there are too few agents.
    """
    names = _features(candidate, human)
    (seen, acted, its), (met, chosen, who) = (_rows(side, names) for side in (candidate, human))
    ones, others = np.column_stack([seen, acted]), np.column_stack([met, chosen])
    area = _area(ones, others, folds_of(candidate, FOLDS)[its], folds_of(human, FOLDS)[who])
    whole = folds_of(human, human.n_agents)  # each session, or unit, by itself
    codes = np.unique(whole)
    if len(codes) < 4:
        raise FidelityError(f"halves of {human.population} cannot be told apart: there are only {len(codes)} to split")
    halves = []
    for _ in range(splits):
        order = rng.permutation(len(codes))
        place = np.empty(int(codes.max()) + 1, dtype=np.intp)
        place[codes] = order
        mine = (place[whole] % 2 == 0)[who]
        part = (place[whole] // 2 % FOLDS)[who]
        halves.append(_area(others[mine], others[~mine], part[mine], part[~mine]))
    return Told(area, tuple(halves), names)


def _area(ones: Floats, others: Floats, of_one: Codes, of_other: Codes) -> float:
    from sklearn.metrics import roc_auc_score

    areas = []
    for fold in np.intersect1d(of_one, of_other):
        here, there = of_one == fold, of_other == fold
        taught = np.concatenate([ones[~here], others[~there]])
        labels = np.concatenate([np.ones((~here).sum()), np.zeros((~there).sum())])
        if labels.min() == labels.max():
            continue
        model = _taught(taught, labels, _balanced(labels))
        asked = np.concatenate([ones[here], others[there]])
        truth = np.concatenate([np.ones(here.sum()), np.zeros(there.sum())])
        areas.append(float(roc_auc_score(truth, _foretold(model, asked))))
    if not areas:
        raise FidelityError("there are too few agents to hold some out and tell the others apart")
    return float(np.mean(areas))


def _balanced(labels: Floats) -> Floats:
    share = float(labels.mean())
    return np.where(labels == 1, 1 - share, share)


def _taught(seen: Floats, labels: Floats, weights: Floats | None = None) -> Any:
    """A classifier, taught on one core: it is small, and threads that wait for each other cost more than they save."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it comes with scikit-learn

    with threadpool_limits(1, user_api="openmp"):
        return HistGradientBoostingClassifier(**_SETTINGS).fit(seen, labels, sample_weight=weights)


def _foretold(model: Any, asked: Floats) -> Floats:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="openmp"):
        return np.asarray(model.predict_proba(asked)[:, 1], dtype=float)


def _learnt(seen: Floats, acted: Floats, asked: Floats, whose: str) -> Floats:
    """P(C) in contexts, learnt from choices in others."""
    if not len(acted) or acted.min() == acted.max():
        raise FidelityError(f"there is nothing to learn from the choices of {whose}: they are all the same")
    return _foretold(_taught(seen, acted), asked)


def _losses(stated: Floats, chosen: Floats) -> Floats:
    p = stated.clip(_LEAST, 1 - _LEAST)
    return np.asarray(-np.log(np.where(chosen == 1, p, 1 - p)))


def _parts(part: Codes, human: Observations) -> NDArray[np.intp]:
    found = np.unique(part)
    if len(found) < 2:
        raise FidelityError(f"no other people are there to foretell {human.population} from")
    return found


def _columns(observed: Observations) -> dict[str, Floats]:
    return {
        "own last action": observed.own,
        "neighbours": observed.neighbours,
        "degree": observed.degree,
        "round": observed.round.astype(float),
        "action before the last": before_last(observed),
        "pay": observed.pay,
        "best neighbour's pay": observed.best,
    }


def _features(*sides: Observations) -> tuple[str, ...]:
    """What is known of both."""
    columns = [_columns(side) for side in sides]
    return tuple(name for name in columns[0] if not any(np.isnan(each[name]).all() for each in columns))


def _rows(observed: Observations, names: Sequence[str]) -> tuple[Floats, Floats, Codes]:
    """(contexts, choices, agents) of all choices that follow one of the same agent; the first column is that one."""
    columns = _columns(observed)
    if "own last action" not in names:
        raise FidelityError(f"{observed.population}: no choice follows another of the same agent")
    there = observed.known & ~np.isnan(observed.own)
    contexts = np.column_stack([columns[name][there] for name in names])
    return contexts, observed.action[there], observed.agent[there]
