"""Scores of single plays of the stage game: what was got of what could be got, and who did the same as whom.

Each play counts once, whatever its round: nothing is discounted, and what a mechanism pays beside the stage game
(transfers, fines) is left out. So these say how the game was played, and `payoff` and `mean` what it brought. Whether
actions coincide is told from the actions alone, never from what they paid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import product
from math import isnan, nan, prod
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.core.flow import Game
from comity.core.named import NamedStage, named_game
from comity.exact.baselines import MOST_PROFILES, Extremes, extremes
from comity.exact.equilibria import Table, table
from comity.metrics.cells import Cells, cell_of, cells_by_label
from comity.metrics.metric import WHERE, Metric, MetricError
from comity.records.spec import Cell
from comity.records.tables import Tables
from comity.strategies.once import once

_CELL = ["mechanism", "game"]

Profile: TypeAlias = tuple[str, ...]


# The actions alone


def is_coordinated(actions: Sequence[Sequence[str]], profile: Profile) -> bool:
    """Whether all take the same option by its place in the list. actions: of each seat, in the order they are shown."""
    return len({listed.index(action) for listed, action in zip(actions, profile, strict=True)}) == 1


def is_mutual(meant: Sequence[str | None], profile: Profile) -> bool | None:
    """Whether all take the action that is meant of their seat; None where a seat has no such action."""
    if None in meant:
        return None
    return tuple(meant) == profile


# What was got of what could be got


@dataclass(frozen=True)
class Rules:
    """A stage game, what it pays exactly, and between what its payoffs lie."""

    game: NamedStage
    paid: Table
    ends: Extremes

    def share_of_max(self, profile: Profile, seat: int) -> Fraction | None:
        """What the seat is paid over the most that it could be: see `Extremes`."""
        return self.ends.share_of_max(seat, self.paid.paid[profile][seat])

    def range_share(self, profile: Profile, seat: int) -> Fraction | None:
        """How far what the seat is paid lies from its least to its most: see `Extremes`."""
        return self.ends.range_share(seat, self.paid.paid[profile][seat])

    def hindsight_regret(self, profile: Profile, seat: int) -> Fraction | None:
        """What the best reply to what the others did is paid more, over what the seat's payoffs range."""
        width = self.ends.high[seat] - self.ends.low[seat]
        best = max(self.paid.deviations(profile, seat))
        return (best - self.paid.paid[profile][seat]) / width if width else None

    def joint(self, profile: Profile, seat: int) -> Fraction | None:
        """What all are paid over the most that all could be paid together: see `Extremes`."""
        return self.ends.joint_share(self.paid.paid[profile])

    def coordination(self, profile: Profile, seat: int) -> bool:
        """See `is_coordinated`."""
        return is_coordinated(self.game.actions, profile)

    def mutual_cooperation(self, profile: Profile, seat: int) -> bool | None:
        """See `is_mutual`."""
        return is_mutual(self.game.cooperative, profile)

    def mutual_defection(self, profile: Profile, seat: int) -> bool | None:
        """See `is_mutual`."""
        return is_mutual(self.game.defective, profile)


Score: TypeAlias = Callable[[Rules, Profile, int], Fraction | bool | None]
"""What a seat gets of a profile; None where the game defines none for the seat."""


@once
def rules_of(game: NamedStage) -> Rules:
    """What the scores of a stage game rest on. Raises `NotSolvable` where it has too many profiles."""
    return Rules(game, table(game), extremes(game))


@once
def _values(game: NamedStage, score: Score) -> Mapping[Profile, tuple[float, ...]]:
    """For every profile the score of each seat, NaN where there is none."""
    rules = rules_of(game)
    return {
        profile: tuple(_number(score(rules, profile, seat)) for seat in range(game.n_players))
        for profile in product(*game.actions)
    }


def _number(value: Fraction | bool | None) -> float:
    return nan if value is None else float(value)


# The metrics


def score_metrics(cells: Iterable[Cell]) -> dict[str, Metric]:
    """The scores of plays in these cells, for `table`.

    share_of_max, range_share and hindsight_regret are a player's: the mean over its plays. joint, coordination,
    mutual_cooperation and mutual_defection are a match's: the mean over all its plays. A match without plays gives NaN.
    Where the named game is not played at once or is too large there is no row, nor where the game does not define the
    score; a remark says why. Raises `MetricError` where one label stands for two games.
    """
    known = cells_by_label(cells)

    def metric(
        title: str,
        definition: str,
        source: str,
        score: Score,
        per: Literal["player", "match"] = "player",
        best: Literal["high", "low"] = "high",
        unit: Literal["score", "share"] = "score",
    ) -> Metric:
        return Metric(
            title,
            f"{definition}; every play of the stage game counts the same",
            unit,
            source,
            partial(_occurrences, known, score, per),
            per=per,
            remarks=partial(_without_scores, known, score),
            best=best,
        )

    return {
        "share_of_max": metric(
            "Share of the maximum",
            "what a player is paid by the stage game over the most it could be paid in its seat",
            "Akata et al. (2025), the score of its table 1",
            Rules.share_of_max,
        ),
        "range_share": metric(
            "Share of the range",
            "what a player is paid by the stage game, on the scale from the least to the most it could be paid in its "
            "seat",
            "Luce and Raiffa (1957), utilities with two fixed points",
            Rules.range_share,
        ),
        "hindsight_regret": metric(
            "Regret in hindsight",
            "what the best reply to what the others did in that play would have been paid more, over the range of what "
            "a player can be paid in its seat",
            "Savage (1951), regret after the fact",
            Rules.hindsight_regret,
            best="low",
        ),
        "joint": metric(
            "Joint payoff",
            "what all seats are paid together by the stage game over the most they could be",
            "Ledyard (1995), group payoffs as the measure of efficiency",
            Rules.joint,
            per="match",
        ),
        "coordination": metric(
            "Coordination",
            "the share of plays in which all take the same option by its place in the list",
            "Akata et al. (2025), coordination in the battle of the sexes",
            Rules.coordination,
            per="match",
            unit="share",
        ),
        "mutual_cooperation": metric(
            "Mutual cooperation",
            "the share of plays in which all take the cooperative action of their seat",
            "Rapoport and Chammah (1965), the frequency of joint cooperation",
            Rules.mutual_cooperation,
            per="match",
            unit="share",
        ),
        "mutual_defection": metric(
            "Mutual defection",
            "the share of plays in which all take the defective action of their seat",
            "Rapoport and Chammah (1965), the frequency of joint defection",
            Rules.mutual_defection,
            per="match",
            unit="share",
            best="low",
        ),
    }


def _occurrences(cells: Cells, score: Score, per: Literal["player", "match"], tables: Tables) -> pd.DataFrame:
    """The score of every player of every match; NaN where the match has no plays."""
    keys = ["match", "player"] if per == "player" else ["match"]
    rows = [
        _of_cell(game, score, keys, tables.plays[tables.plays["match"].isin(outcomes["match"])], outcomes)
        for cell, outcomes in _asked(cells, tables)
        if (game := _stage(cell.built)) is not None
    ]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=[*WHERE, "value"])


def _of_cell(
    game: NamedStage, score: Score, keys: list[str], plays: pd.DataFrame, outcomes: pd.DataFrame
) -> pd.DataFrame:
    """The occurrences of one cell. keys: of what a value is the mean over all plays."""
    found = plays.assign(value=_of_plays(game, score, plays)).groupby(keys)["value"].mean()
    rows = outcomes.join(found, on=keys)
    possible = (rows["seat"] % game.n_players).isin(_defined(game, score))
    unplayed = possible & ~rows["match"].isin(plays["match"])
    shown: pd.DataFrame = rows.loc[rows["value"].notna() | unplayed, [*WHERE, "value"]]
    return shown


def _of_plays(game: NamedStage, score: Score, plays: pd.DataFrame) -> NDArray[np.float64]:
    """The score of every row of plays, which are sorted by match, play and seat."""
    values, seats = _values(game, score), game.n_players
    if not np.array_equal(plays["seat"].to_numpy(), np.tile(np.arange(seats), len(plays) // seats)):
        raise MetricError(f"a play of {type(game).__name__} is of {seats} seats, and the plays of these tables are not")
    profiles = plays["action"].to_numpy(object).reshape(-1, seats).tolist()
    return np.array([values[tuple(profile)] for profile in profiles], np.float64).ravel()


@once
def _defined(game: NamedStage, score: Score) -> frozenset[int]:
    """The seats for which the game defines the score."""
    by_seat = zip(*_values(game, score).values(), strict=True)
    return frozenset(seat for seat, values in enumerate(by_seat) if not all(map(isnan, values)))


def _asked(cells: Cells, tables: Tables) -> Iterator[tuple[Cell, pd.DataFrame]]:
    """Each cell and its outcomes."""
    for (mechanism, game), outcomes in tables.outcomes.groupby(_CELL, sort=False):
        yield cell_of(cells, str(mechanism), str(game)), outcomes


def _stage(game: Game) -> NamedStage | None:
    """The named game under a stack, if its profiles can be listed."""
    named = named_game(game)
    return named if isinstance(named, NamedStage) and prod(map(len, named.actions)) <= MOST_PROFILES else None


def _without_scores(cells: Cells, score: Score, tables: Tables) -> Iterator[str]:
    """Which games lack the score for all their seats or for some, and why: one sentence for each reason."""
    lacking: dict[str, list[str]] = defaultdict(list)
    for cell, _ in _asked(cells, tables):
        why = _why_none(cell, score)
        if why is not None and cell.game_label not in lacking[why]:
            lacking[why].append(cell.game_label)
    for why, games in lacking.items():
        if games:
            yield f"not defined in {', '.join(games)}: {why}"


_WHY: Mapping[Score, str] = {
    Rules.share_of_max: "a seat can be paid less than nothing, or never more",
    Rules.range_share: "a seat is paid the same whatever is done",
    Rules.hindsight_regret: "a seat is paid the same whatever is done",
    Rules.joint: "a seat can be paid less than nothing, or all together never more",
    Rules.mutual_cooperation: "a seat has no action that cooperates",
    Rules.mutual_defection: "a seat has no action that defects",
}


def _why_none(cell: Cell, score: Score) -> str | None:
    game = _stage(cell.built)
    if game is None:
        return f"it is not played at once, or has more than {MOST_PROFILES:,} profiles"
    return None if len(_defined(game, score)) == game.n_players else _WHY[score]
