"""Judgements as arrays: who gave which label to which reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.judge.errors import JudgeError
from comity.judge.judging import HUMAN
from comity.judge.keeping import Judgements, Listed, Terms

CELL = ["game", "mechanism", "agent"]


class Rater(NamedTuple):
    """One pass of one judge; of people there is one."""

    judge: str
    number: int


@dataclass(frozen=True)
class Marks:
    """What was judged and how.

    reasons: one row for each, with `game`, `mechanism`, `agent`, `match` (its id where it was drawn alone), `length`.
    raters: the second axis of `given`. given: [reasons, raters, labels], 1 where the rater gave the label, 0 where it
    did not, NaN where it has no labelling. unread: how many answers were no labelling, by judge and cause.
    """

    terms: Terms
    reasons: pd.DataFrame
    raters: tuple[Rater, ...]
    given: NDArray[np.float64]
    unread: Mapping[tuple[str, str], int]

    @property
    def names(self) -> tuple[str, ...]:
        """The labels, by name."""
        return self.terms.taxonomy.names

    @property
    def titles(self) -> tuple[str, ...]:
        """The labels, by title."""
        return self.terms.taxonomy.titles

    @property
    def judges(self) -> tuple[str, ...]:
        """All judges but people."""
        return tuple(dict.fromkeys(rater.judge for rater in self.raters if rater.judge != HUMAN))

    def by(self, judge: str) -> NDArray[np.float64]:
        """The share of a judge's passes in which it gave each label: [reasons, labels]; NaN where none is read."""
        return _known_mean(self.given[:, [place for place, rater in enumerate(self.raters) if rater.judge == judge]])

    @cached_property
    def presence(self) -> NDArray[np.float64]:
        """The same over all judges but people, each counting the same: [reasons, labels]."""
        if not self.judges:
            return np.full((len(self.reasons), len(self.names)), np.nan)
        return _known_mean(np.stack([self.by(judge) for judge in self.judges], axis=1))

    @property
    def human(self) -> NDArray[np.float64] | None:
        """What people labelled: [reasons, labels]; None where there is nothing."""
        return self.by(HUMAN) if any(rater.judge == HUMAN for rater in self.raters) else None

    @property
    def matches(self) -> NDArray[np.intp]:
        """What each reason was drawn with, as a code."""
        return self._codes(["match"])

    @property
    def cells(self) -> NDArray[np.intp]:
        """The cell of each reason, as a code."""
        return self._codes(CELL)

    @property
    def strata(self) -> NDArray[np.intp]:
        """The game and mechanism of each reason, as a code: within these, matches are alike."""
        return self._codes(CELL[:2])

    def _codes(self, columns: list[str]) -> NDArray[np.intp]:
        return np.asarray(self.reasons.groupby(columns, sort=False).ngroup().to_numpy(), dtype=np.intp)

    def where(self, kept: NDArray[np.bool_]) -> Marks:
        """The same with some of the reasons only."""
        return replace(self, reasons=self.reasons[kept].reset_index(drop=True), given=self.given[kept])

    @cached_property
    def read(self) -> Marks:
        """The same with only the reasons that some judge has a labelling of."""
        return self.where(np.asarray(~np.isnan(self.presence).any(axis=1)))


def marks_of(file: Judgements) -> Marks:
    """Everything in a file of judgements. Raises `JudgeError` where it is damaged."""
    listed, judged = list(file.reasons()), list(file.judged())
    places = {reason.id: place for place, reason in enumerate(listed)}
    found = dict.fromkeys(Rater(one.judge, one.number) for one in judged if one.labels is not None)
    raters = sorted(found, key=lambda rater: (rater.judge == HUMAN, rater.judge, rater.number))
    column = {rater: place for place, rater in enumerate(raters)}
    label = {name: place for place, name in enumerate(file.terms.taxonomy.names)}
    given = np.full((len(listed), len(raters), len(label)), np.nan)
    unread: dict[tuple[str, str], int] = {}
    for one in judged:
        if one.labels is None:
            unread[one.judge, one.cause] = unread.get((one.judge, one.cause), 0) + 1
        elif one.id not in places or not label.keys() >= set(one.labels):
            raise JudgeError(f"{file.path} is damaged: a judgement is of a reason or with a label that is not there")
        else:
            place = places[one.id], column[Rater(one.judge, one.number)]
            given[place] = 0
            given[(*place, [label[name] for name in one.labels])] = 1
    return Marks(file.terms, _frame(listed), tuple(raters), given, unread)


def joined(parts: Mapping[str, Marks]) -> Marks:
    """The marks of several files as one; matches of different ones are told apart by their names.

    Raises `JudgeError` where they were judged by different labels or in different contexts.
    """
    first, *others = parts.values()
    for other in others:
        if (other.terms.taxonomy.digest, other.terms.level) != (first.terms.taxonomy.digest, first.terms.level):
            raise JudgeError("the reasons of these runs were judged by different terms and are not put together")
    raters = tuple(dict.fromkeys(rater for part in parts.values() for rater in part.raters))
    unread: dict[tuple[str, str], int] = {}
    for part in parts.values():
        for key, number in part.unread.items():
            unread[key] = unread.get(key, 0) + number
    frames = [part.reasons.assign(match=_within(name, part.reasons["match"])) for name, part in parts.items()]
    given = [_spread(part, raters) for part in parts.values()]
    return Marks(first.terms, pd.concat(frames, ignore_index=True), raters, np.concatenate(given), unread)


def _within(name: str, matches: Iterable[str]) -> list[str]:
    return [f"{name}/{match}" for match in matches]


def _spread(part: Marks, raters: Sequence[Rater]) -> NDArray[np.float64]:
    found = np.full((len(part.reasons), len(raters), len(part.names)), np.nan)
    found[:, [raters.index(rater) for rater in part.raters]] = part.given
    return found


def _frame(listed: Sequence[Listed]) -> pd.DataFrame:
    frame = pd.DataFrame(listed, columns=list(Listed._fields))
    alone = frame["match"] == ""
    return frame.assign(match=frame["match"].where(~alone, frame["id"]))[["id", *CELL, "match", "length"]]


def _known_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the second axis of what is known; NaN where nothing is."""
    known = ~np.isnan(values)
    sums, counts = np.where(known, values, 0).sum(axis=1), known.sum(axis=1)
    return np.asarray(np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0))
