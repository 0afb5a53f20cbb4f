"""Tests of what agents got: against a number, against another agent, or one mechanism against another.

The unit is the episode (`units`). A t test takes one value per unit. A mixed model takes all episodes and gives every
game, opponent and replicate an intercept of its own (`fits`). A binomial model takes single yes-or-no values and
clusters them by unit. All rows of a table are one family, corrected by Holm.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean
from typing import Literal, TypeAlias

import pandas as pd

from comity.metrics.fits import binomial_fit, mixed_fit
from comity.metrics.metric import Metric, MetricError
from comity.metrics.result import NOTHING, Row, markdown, or_none
from comity.metrics.standards import standards
from comity.metrics.units import (
    KEYS,
    UNITS,
    Key,
    Unit,
    averaged,
    by_match,
    episode_values,
    single_values,
    what_is_missing,
    what_was_drawn,
)
from comity.records.spec import Cell
from comity.records.tables import Tables
from comity.stats.bayes import SCALE, jzs_of
from comity.stats.means import TTest, one_sample, paired, two_sample
from comity.stats.multiplicity import holm
from comity.words.phrases import some

Model: TypeAlias = Literal["t", "mixed", "binomial"]
Compared: TypeAlias = Literal["agent", "mechanism"]

EVERY = "all"
"""Stands for all labels."""
MEASURED = (
    "difference",
    "low",
    "high",
    "error",
    "t",
    "df",
    "p",
    "p_holm",
    "d",
    "d_low",
    "d_high",
    "log10_bf",
    "log10_bf_above",
    "log10_bf_below",
    "mean",
    "mean_against",
    "n",
    "n_against",
)
"""What every row holds beside the metric, what is compared and its keys; None where there is no such number."""

_NAMED = 12
"""So many rows are explained one by one in the notes."""
_LARGE = 300
"""From so many digits on a Bayes factor is told by their number alone."""


@dataclass(frozen=True)
class Question:
    """What is to be tested.

    between: whether agents or mechanisms are compared. labels: which of them; all where none is named. against: whom
    each of them is compared with, value: the number they are held against, or baseline: the name of a standard that
    needs no player (`standards`); one of the three. by: for what there is a row. paired: by what episodes are paired,
    for a paired t test. unit: what is one draw. games: which are taken, and agents: whose episodes are taken where
    mechanisms are compared; all where none is named. scale: of the prior of Bayes factors.
    """

    between: Compared = "agent"
    labels: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    value: float | None = None
    baseline: str | None = None
    by: tuple[Key, ...] = ()
    paired: tuple[Key, ...] = ()
    unit: Unit = "match"
    games: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    model: Model = "t"
    scale: float = SCALE


@dataclass(frozen=True)
class Answers:
    """Tests, one per row, and what a reader must know besides.

    by: the columns that name a row. rows: the metric, these columns and `MEASURED`: the difference (of two means, of a
    mean from the number, in a binomial model of log-odds) with its 95 % interval and standard error; t, in a binomial
    model of single values also called z, with its degrees of freedom, p and p corrected by Holm; Cohen's d with its
    interval; Bayes factors, as logarithms to the base of 10, for a difference, for a positive and for a negative one;
    both means, and how many units each rests on.
    """

    title: str
    by: tuple[str, ...]
    rows: list[Row]
    notes: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Of JSON and CSV."""
        return ("metric", *self.by, *MEASURED)

    @property
    def heads(self) -> tuple[str, ...]:
        """Of what is made to be read."""
        return (*self.by, "difference", "95 % interval", "t", "df", "p (Holm)", *self._effects, "n")

    @property
    def _effects(self) -> tuple[str, ...]:
        if all(row["d"] is None for row in self.rows):
            return ()
        return ("d", "BF", "BF of its side")

    def shown(self) -> list[tuple[str, ...]]:
        """The rows as they are made to be read, under `heads`."""
        return [tuple(self._shown(row)) for row in self.rows]

    def _shown(self, row: Row) -> Iterator[str]:
        yield from (str(row[key]) for key in self.by)
        yield from (_number(row["difference"]), _between(row["low"], row["high"]))
        yield from (_number(row["t"], 2), _number(row["df"], 1), _chance(row["p_holm"]))
        if self._effects:
            side = "above" if row["difference"] is None or row["difference"] > 0 else "below"
            yield _size(row["d"], row["d_low"], row["d_high"])
            yield from (_factor(row["log10_bf"]), _factor(row[f"log10_bf_{side}"]))
        yield f"{row['n']:,}" if row["n_against"] is None else f"{row['n']:,} and {row['n_against']:,}"

    def as_markdown(self) -> str:
        """The rows as a Markdown table, and the notes below it."""
        return markdown(self.heads, self.by, self.shown(), self.notes)


def answers(tables: Tables, name: str, measure: Metric, question: Question, cells: Iterable[Cell] = ()) -> Answers:
    """The answers to a question about a metric of these tables.

    name: of the metric. cells: those the matches were played in, for baselines. A row that cannot be tested has no
    numbers, and a note says why. Raises `MetricError` where the question makes no sense.
    """
    _check(name, measure, question)
    everything = _values(tables, name, measure, question)
    if question.baseline is not None:
        everything = _above(everything, standards(cells, name, question.baseline))
    if everything["value"].isna().all():
        raise MetricError(f"no episode here has a value of {name}, so nothing can be tested")
    pairs = _pairs(everything, question)
    values = everything[everything["label"].isin({label for pair in pairs for label in pair})]
    found = [_row(*place, question) for place in _places(values, pairs, question)]
    rows = [
        {"metric": name, **row, "p_holm": or_none(p)}
        for (row, _), p in zip(
            found, holm([math.nan if row["p"] is None else row["p"] for row, _ in found]), strict=True
        )
    ]
    columns = (question.between, "against", *question.by)
    notes = [*_notes(question, len(rows)), *_explained([note for _, of in found for note in of])]
    more = (*what_was_drawn(tables, values), *what_is_missing(tables, values))
    title = f"{measure.title} of {'an agent' if question.between == 'agent' else 'a mechanism'} against "
    return Answers(title + ("another" if question.against else "a number"), columns, rows, (*notes, *more))


# What is asked


def _check(name: str, measure: Metric, asked: Question) -> None:
    if (asked.value is not None) + (asked.baseline is not None) + bool(asked.against) != 1:
        raise MetricError("a test is against others or a number: give one of --against, --value and --baseline")
    if asked.baseline is not None and asked.model == "binomial":
        raise MetricError("a baseline is a number for each game, and log-odds are held against one: leave --model out")
    if asked.paired and (asked.model != "t" or not asked.against):
        raise MetricError("episodes are paired for t tests of one against another: leave --paired-by out, or --model")
    if asked.paired and asked.unit != "match":
        raise MetricError("what episodes are paired by is the unit: leave one of --paired-by and --unit out")
    if asked.model == "mixed" and asked.unit != "match":
        raise MetricError(
            "a mixed model takes episodes, with intercepts for games, opponents and replicates: leave --unit out"
        )
    if asked.value is not None and not math.isfinite(asked.value):
        raise MetricError(f"--value is a number; found {asked.value:g}")
    if asked.model == "binomial" and asked.value is not None and not 0 < asked.value < 1:
        raise MetricError(f"a share is held against a number between 0 and 1; found {asked.value:g}")
    for option, keys in (("--by", asked.by), ("--paired-by", asked.paired)):
        wrong = [key for key in keys if key not in KEYS or key == asked.between]
        if wrong or len(set(keys)) < len(keys):
            known = ", ".join(key for key in KEYS if key != asked.between)
            raise MetricError(f"{option} takes different keys of {known}; found {', '.join(keys)}")
    if set(asked.by) & set(asked.paired):
        raise MetricError("what rows are by cannot pair episodes within a row: leave it out of one of the two")


def _values(tables: Tables, name: str, measure: Metric, asked: Question) -> pd.DataFrame:
    """The values that are to be compared, with a column `label`."""
    take = single_values if asked.model == "binomial" else episode_values
    found = take(tables, measure, name)
    if asked.games:
        _there("game", asked.games, found["game"])
        found = found[found["game"].isin(asked.games)]
    played = found["game"].unique().tolist()
    if measure.unit == "points" and len(played) > 1 and "game" not in asked.by:
        raise MetricError(
            f"{measure.title} is counted in the points of each game, and {some(played, _NAMED)} cannot be averaged: "
            "ask for it by game, or take one game"
        )
    if asked.model == "binomial" and not found["value"].dropna().isin((0, 1)).all():
        raise MetricError(
            f"a binomial model is of what is yes or no in every play, such as cooperation, and {name} has other values"
        )
    if asked.between == "agent":
        return found.assign(label=found["agent"])
    _there("agent", asked.agents, found["agent"])
    chosen = found[found["agent"].isin(asked.agents)] if asked.agents else found
    taken = chosen if asked.model == "binomial" else by_match(chosen)
    return taken.assign(label=taken["mechanism"])


def _there(what: str, asked: Iterable[str], column: pd.Series) -> None:
    known = column.unique().tolist()
    for label in asked:
        if label not in known:
            raise MetricError(f"there is no {what} {label!r} here; there are {some(known, _NAMED)}")


def _places(
    values: pd.DataFrame, pairs: Sequence[tuple[str, str | None]], asked: Question
) -> Iterator[tuple[Row, pd.DataFrame, pd.DataFrame | None]]:
    """For each row its labels, its values, and those it is compared with."""
    by = list(asked.by)
    combinations = values[by].drop_duplicates().to_dict("records") if by else [{}]
    for keys, (first, second) in product(combinations, pairs):
        here = values
        for key, label in keys.items():
            here = here[here[key] == label]
        row = {asked.between: first, "against": _held(asked) if second is None else second, **keys}
        yield row, here[here["label"] == first], None if second is None else here[here["label"] == second]


def _held(asked: Question) -> str:
    return str(asked.baseline) if asked.value is None else f"{asked.value:g}"


def _above(values: pd.DataFrame, standard: Mapping[tuple[str, str, str], float]) -> pd.DataFrame:
    """How far values lie above the standard of their cell and role, which stays beside them as `standard`."""
    where = zip(values["mechanism"], values["game"], values["role"].str.split(", "), strict=True)
    found = [
        fmean(standard.get((mechanism, game, role), math.nan) for role in roles) for mechanism, game, roles in where
    ]
    return values.assign(standard=found, value=values["value"] - found)


def _pairs(values: pd.DataFrame, asked: Question) -> list[tuple[str, str | None]]:
    """Who is compared with whom; None for the number. No pair comes twice, whichever of the two is named first."""
    known = values["label"].unique().tolist()
    _there(asked.between, [label for label in asked.labels if label != EVERY], values["label"])
    _there(asked.between, [label for label in asked.against if label != EVERY], values["label"])
    labels = known if not asked.labels or EVERY in asked.labels else list(asked.labels)
    if not asked.against:
        return [(label, None) for label in labels]
    against = known if EVERY in asked.against else list(asked.against)
    found: dict[frozenset[str], tuple[str, str | None]] = {}
    for first, second in product(labels, against):
        if first != second:
            found.setdefault(frozenset((first, second)), (first, second))
    if not found:
        raise MetricError(f"{asked.labels[0] if asked.labels else known[0]} cannot be compared with itself")
    return list(found.values())


# One row


def _row(keys: Row, first: pd.DataFrame, second: pd.DataFrame | None, asked: Question) -> tuple[Row, list[str]]:
    """The numbers of a row, and what is to be said of it."""
    named = " ".join([str(keys[asked.between]), "against", *(str(keys[key]) for key in ("against", *asked.by))])
    empty = keys | dict.fromkeys(MEASURED)
    empty |= {"n": int(first["value"].notna().sum())}
    empty |= {} if second is None else {"n_against": int(second["value"].notna().sum())}
    try:
        found, said = _answered(first, second, asked)
    except ValueError as error:
        return empty, [f"{named}: no test: {error}"]
    return empty | found | _standing(first, asked), [f"{named}: {one}" for one in said]


def _standing(first: pd.DataFrame, asked: Question) -> Row:
    """Both means where values are counted from a baseline."""
    if asked.baseline is None:
        return {}
    known = first[first["value"].notna()]
    sides = [averaged(known.assign(value=side), UNITS[asked.unit]) for side in _sides(known)]
    return {name: float(side["value"].mean()) for name, side in zip(("mean", "mean_against"), sides, strict=True)}


def _sides(known: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    return known["value"] + known["standard"], known["standard"]


def _answered(first: pd.DataFrame, second: pd.DataFrame | None, asked: Question) -> tuple[Row, list[str]]:
    if asked.model == "mixed":
        return mixed_fit(first, second, asked.value, asked.between)
    if asked.model == "binomial":
        return binomial_fit(first, second, asked.value, UNITS[asked.unit])
    return (_paired if asked.paired else _unpaired)(first, second, asked)


def _unpaired(first: pd.DataFrame, second: pd.DataFrame | None, asked: Question) -> tuple[Row, list[str]]:
    columns = UNITS[asked.unit]
    values = averaged(first, columns)
    if second is None:
        test = one_sample(values["value"], asked.value or 0.0)
        return _tested(test, asked.scale) | {"mean": float(values["value"].mean())}, _unsaid(test)
    others = averaged(second, columns)
    both = len(values.merge(others, on=columns))
    means = {"mean": float(values["value"].mean()), "mean_against": float(others["value"].mean())}
    test = two_sample(values["value"], others["value"])
    said = [f"{both:,} are on both sides and count as draws of either; --paired-by compares them"] if both else []
    return _tested(test, asked.scale) | means, [*_unsaid(test), *said]


def _paired(first: pd.DataFrame, second: pd.DataFrame | None, asked: Question) -> tuple[Row, list[str]]:
    keys = list(asked.paired)
    sides = [averaged(side, keys) for side in (first, second) if side is not None]
    both = sides[0].merge(sides[1], on=keys, suffixes=("", "_against"))
    left = sum(len(side) - len(both) for side in sides)
    test = paired(both["value"], both["value_against"])
    means = {"mean": float(both["value"].mean()), "mean_against": float(both["value_against"].mean())}
    said = [f"{left:,} left out, for one side has none of that {', '.join(keys)}"] if left else []
    return _tested(test, asked.scale) | means | {"n_against": None}, [*_unsaid(test), *said]


def _unsaid(test: TTest) -> list[str]:
    return [] if test.difference.error else ["no spread at all, so nothing can be said of chance"]


def _tested(test: TTest, scale: float) -> Row:
    factor, difference = jzs_of(test, scale), test.difference
    return {
        "difference": difference.value,
        "low": or_none(difference.low if difference.error else math.nan),
        "high": or_none(difference.high if difference.error else math.nan),
        "error": difference.error,
        "t": or_none(test.t),
        "df": or_none(test.freedom if difference.error else math.nan),
        "p": or_none(test.p),
        "d": or_none(test.d),
        "d_low": or_none(test.d_low),
        "d_high": or_none(test.d_high),
        "log10_bf": or_none(factor.log / math.log(10)),
        "log10_bf_above": or_none(factor.log_above / math.log(10)),
        "log10_bf_below": or_none(factor.log_below / math.log(10)),
        "n": test.sizes[0],
        "n_against": test.sizes[1] if len(test.sizes) > 1 else None,
    }


# What a reader must know besides


_MEANT: dict[Unit, str] = {
    "match": "an episode (a match)",
    "replicate": "a replicate of a cell",
    "opponent": "an opponent",
    "pair": "a pair of agents",
    "game": "a game",
}


def _notes(asked: Question, rows: int) -> Iterator[str]:
    if asked.model == "t":
        what = f"a pair of episodes by {', '.join(asked.paired)}" if asked.paired else _MEANT[asked.unit]
        yield f"the unit is {what}: all that belongs to it is averaged first, and units count alike"
        kind = "paired" if asked.paired else "Welch's" if asked.against else "of one sample"
        yield f"t tests, {kind}, two-sided; in brackets the 95 % interval of d, by the noncentral t distribution"
        yield (
            f"BF: how many times likelier the data are with an effect than without (JZS, scale {asked.scale:.4g}); of "
            "its side: with an effect that can only be on the side where the difference is"
        )
    elif asked.model == "mixed":
        yield "episodes as rows; REML; degrees of freedom after Satterthwaite; each row is a model of its own"
    else:
        yield (
            f"log-odds of single values; errors are robust to what goes on within {_MEANT[asked.unit]}, and t is "
            "Student's with one degree of freedom less than there are of these"
        )
    if rows > 1:
        yield f"p (Holm) is corrected for all {rows} rows"


def _explained(notes: Sequence[str]) -> Iterator[str]:
    yield from notes[:_NAMED]
    if len(notes) > _NAMED:
        yield f"and {len(notes) - _NAMED} more notes on single rows"


def _number(value: float | None, digits: int = 3) -> str:
    return NOTHING if value is None else f"{value:.{digits}f}"


def _between(low: float | None, high: float | None) -> str:
    return NOTHING if low is None or high is None else f"{low:.3f} to {high:.3f}"


def _size(d: float | None, low: float | None, high: float | None) -> str:
    return NOTHING if d is None or low is None or high is None else f"{d:.2f} ({low:.2f} to {high:.2f})"


def _chance(p: float | None) -> str:
    return NOTHING if p is None else "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def _factor(log10: float | None) -> str:
    if log10 is None:
        return NOTHING
    return f"{10**log10:.3g}" if abs(log10) < _LARGE else f"1e{log10:+.0f}"
