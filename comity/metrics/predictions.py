"""How well agents foresee what others do: as players before they act, and as observers of games that others played.

A prediction is right if it names what was finally played. Predictions of matches that ended without payoffs are left
out: of those nobody knows how the play they were about would have ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from math import nan
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from comity.core.named import layers
from comity.core.space import from_json
from comity.mechanisms.observation import Observed
from comity.mechanisms.prediction import others_of
from comity.metrics.cells import cell_of, cells_by_label
from comity.metrics.metric import WHERE, Metric, decisions_of
from comity.records.spec import Cell
from comity.records.tables import Tables
from comity.stats.estimate import combined, mean_of

PREDICT = "predict"
"""The kind of decision."""

COLUMNS = (*WHERE, "player", "observer", "round", "of", "predicted", "actual", "right", "probability", "brier")

_CELL = ["mechanism", "game"]
_COURSE = [*_CELL, "observer", "agent"]
_SOURCE = "Akata et al. (2025), predictions of the partner's next move by players and by observers"

_Shares: TypeAlias = Mapping[str, float]
_Actions: TypeAlias = Mapping[tuple[int, int, int], str]
"""What was played: by match, play and seat."""


class _Seen(NamedTuple):
    """What one prediction says of one seat. shares: how likely each action was called; None without a lottery."""

    of: int
    predicted: str
    shares: _Shares | None


def predictions(tables: Tables, cells: Iterable[Cell]) -> pd.DataFrame:
    """Every prediction with what then happened: one row for each seat that it was about.

    Columns: match, mechanism, game, replicate, role, agent and player (of whoever predicted); observer: whether it took
    no part in what it predicted; round, counted from 0; of: the seat whose action it is, counted from 0; predicted,
    actual: the two actions; right: whether they are the same; probability: what a stated lottery gave to the actual
    action, NaN where none was stated; brier: half the sum of the squared differences between what was stated for each
    action and what happened (0 or 1), from 0 for a prediction that is certain and right to 1 for one that is certain
    and wrong (Brier 1950, halved: with two actions it is the squared error of the probability of either). A prediction
    without a lottery counts as certain.

    cells: those of the matches. Raises `MetricError` where the tables have no decisions.
    """
    known = cells_by_label(cells)
    made = _made(tables)
    watched = {key: _watched(cell_of(known, *key).built) for key in _keys(made)}
    played = _Played.of(tables.plays)
    each = ({str(name): entry for name, entry in one.items()} for one in made.to_dict("records"))
    rows = [row for one in each for row in _rows(one, watched, played)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"observer": bool, "right": bool})


def accuracy_by_round(found: pd.DataFrame) -> pd.DataFrame:
    """How often every agent was right in each round, from what `predictions` gives.

    One row for each, with the columns mechanism, game, observer, agent, round (counted from 0), share, half, low, high,
    replicates and predictions. share: of the predictions of that round, in the mean over replicates. half: how far
    Student's interval over replicates reaches to each side, NaN with one; low, high: its ends, within 0 and 1.
    """
    rows = [(*key, *_spread(part)) for key, part in found.groupby([*_COURSE, "round"], sort=False)]
    spread = ["share", "half", "low", "high", "replicates", "predictions"]
    courses = pd.DataFrame(rows, columns=[*_COURSE, "round", *spread])
    return courses.sort_values([*_COURSE, "round"], key=_in_first_order, ignore_index=True)


def first_right(found: pd.DataFrame) -> pd.DataFrame:
    """From which round on every prediction of an episode is right, from what `predictions` gives.

    One row for each match and player who predicted, with the columns of an occurrence but for the value, player,
    observer, first and rounds. first: the round, counted from 1 as people count; missing where the last prediction is
    wrong. rounds: how many rounds were predicted.
    """
    keys = [*WHERE, "player", "observer"]
    rows = [(*key, *_settled(part)) for key, part in found.groupby(keys, sort=False)]
    return pd.DataFrame(rows, columns=[*keys, "first", "rounds"]).astype({"first": "Int64"})


def prediction_metrics(cells: Iterable[Cell]) -> dict[str, Metric]:
    """The metrics of predictions, for `table`: prediction and brier.

    A player who was to predict and of whom no prediction counts has the value NaN. Cells without predictions have no
    rows.
    """
    known = tuple(cells)
    return {
        "prediction": Metric(
            "Predictions right",
            "the share of an agent's predictions of what others do that are right, every one counted once",
            "share",
            _SOURCE,
            lambda tables: _occurrences(tables, known, "right"),
            decisions=True,
        ),
        "brier": Metric(
            "Brier score",
            "the mean Brier score of an agent's predictions, halved: 0 is certain and right, 1 certain and wrong; "
            "where no lottery was stated, the prediction counts as certain",
            "share",
            "Brier (1950), verification of forecasts expressed in terms of probability",
            lambda tables: _occurrences(tables, known, "brier"),
            best="low",
            decisions=True,
        ),
    }


# What was predicted


def _made(tables: Tables) -> pd.DataFrame:
    """The decisions to predict and who made them. number: the how-manieth of this player in this seat of the match."""
    decisions = decisions_of(tables, "predictions are decisions")
    made = decisions[decisions["kind"] == PREDICT].sort_values(["match", "step", "slot"])
    made = made[["match", "player", "seat", "round", "choice", "lottery"]]
    stated = made["lottery"].astype(object).where(made["lottery"].notna(), None)  # a missing text may be a NaN
    made = made.assign(lottery=stated, number=made.groupby(["match", "player", "seat"]).cumcount())
    return made.merge(tables.outcomes[[*WHERE, "player"]], on=["match", "player"])


def _keys(made: pd.DataFrame) -> list[tuple[str, str]]:
    return list(made[_CELL].drop_duplicates().itertuples(index=False, name=None))


def _watched(game: Any) -> Observed | None:
    """The recorded game that is watched, where there is one."""
    return next((layer for layer in layers(game) if isinstance(layer, Observed)), None)


class _Played(NamedTuple):
    """What was played, and in which play of its match a player is in a seat for the n-th time."""

    actions: _Actions
    plays: Mapping[tuple[int, int, int, int], int]

    @classmethod
    def of(cls, plays: pd.DataFrame) -> _Played:
        ordered = plays.sort_values(["match", "play", "seat"])
        matches, numbers, seats, players = (ordered[name].tolist() for name in ("match", "play", "seat", "player"))
        places = ordered.groupby(["match", "player", "seat"]).cumcount().tolist()
        actions = dict(zip(zip(matches, numbers, seats, strict=True), ordered["action"].tolist(), strict=True))
        return cls(actions, dict(zip(zip(matches, players, seats, places, strict=True), numbers, strict=True)))

    def action(self, made: Mapping[str, Any], seat: int) -> str | None:
        """What the seat did in the play that the prediction is about; None where there is no such play."""
        play = self.plays.get((made["match"], made["player"], made["seat"], made["number"]))
        return None if play is None else self.actions.get((made["match"], play, seat))


def _rows(
    made: Mapping[str, Any], watched: Mapping[tuple[str, str], Observed | None], played: _Played
) -> Iterator[tuple[Any, ...]]:
    game = watched[made["mechanism"], made["game"]]
    head = tuple(made[name] for name in (*WHERE, "player"))
    for seen in _seen(made["choice"], made["lottery"], None if game is None else game.watched, made["seat"]):
        actual = played.action(made, seen.of) if game is None else _watched_action(game, made["number"], seen.of)
        if actual is not None and (game is None or played.action(made, made["seat"]) is not None):
            right = seen.predicted == actual
            stated = nan if seen.shares is None else seen.shares.get(actual, 0.0)
            brier = float(not right) if seen.shares is None else _brier(seen.shares, actual)
            yield *head, game is not None, made["round"], seen.of, seen.predicted, actual, right, stated, brier


def _watched_action(game: Observed, number: int, seat: int) -> str:
    """What the seat did where an observer predicts for the n-th time; one that is repeated sees it all again."""
    return game.moves[number % len(game.moves)][seat]


@lru_cache(maxsize=10_000)
def _seen(choice: str, lottery: str | None, watched: int | None, seat: int) -> tuple[_Seen, ...]:
    """What the recorded choice, and the lottery that it was drawn from, say of each seat."""
    predicted = _each(from_json(json.loads(choice)))
    of = others_of(seat, len(predicted) + 1) if watched is None else (watched,)
    stated = None if lottery is None else [(_each(from_json(option)), odds) for option, odds in json.loads(lottery)]
    shares = [None if stated is None else _margin(stated, place) for place in range(len(predicted))]
    return tuple(map(_Seen, of, predicted, shares))


def _each(choice: str | tuple[str, ...]) -> tuple[str, ...]:
    return choice if isinstance(choice, tuple) else (choice,)


def _margin(stated: list[tuple[tuple[str, ...], float]], place: int) -> _Shares:
    """How likely each action at that place is."""
    shares: dict[str, float] = {}
    for option, odds in stated:
        shares[option[place]] = shares.get(option[place], 0.0) + odds
    return shares


def _brier(shares: _Shares, actual: str) -> float:
    return sum((share - (action == actual)) ** 2 for action, share in ({actual: 0.0} | dict(shares)).items()) / 2


# What becomes of it


def _spread(part: pd.DataFrame) -> tuple[float, float, float, float, int, int]:
    by_replicate = part.groupby("replicate")["right"].agg(["mean", "size"])
    spread = combined([mean_of(by_replicate["mean"], 1 / int(by_replicate["size"].min()))], [1.0])
    half = (spread.high - spread.low) / 2
    low, high = (float(np.clip(end, 0, 1)) for end in (spread.low, spread.high))
    return spread.value, half, low, high, len(by_replicate), len(part)


def _in_first_order(labels: pd.Series) -> Any:
    return labels if labels.name == "round" else pd.factorize(labels)[0]


def _settled(part: pd.DataFrame) -> tuple[int | None, int]:
    """From which round on all is right, and how many rounds there are."""
    by_round = part.groupby("round")["right"].all()
    wrong = by_round.index[~by_round]
    if not len(wrong):
        return int(by_round.index[0]) + 1, len(by_round)
    after = by_round.index[by_round.index > wrong[-1]]
    return (int(after[0]) + 1 if len(after) else None), len(by_round)


def _occurrences(tables: Tables, cells: tuple[Cell, ...], column: str) -> pd.DataFrame:
    """The value of every prediction, and NaN for every player who was to predict and has none."""
    found, made, outcomes = predictions(tables, cells), _made(tables), tables.outcomes
    seats = made.merge(outcomes[["match", "player"]], on=["match", "player"])[[*_CELL, "seat"]].drop_duplicates()
    asked = pd.MultiIndex.from_frame(outcomes[[*_CELL, "seat"]]).isin(pd.MultiIndex.from_frame(seats))
    heard = pd.MultiIndex.from_frame(outcomes[["match", "player"]]).isin(
        pd.MultiIndex.from_frame(found[["match", "player"]])
    )
    values = found[WHERE].assign(value=found[column].astype(float))
    return pd.concat([values, outcomes[asked & ~heard][WHERE].assign(value=nan)], ignore_index=True)
