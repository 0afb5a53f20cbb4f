"""What was published on the sweep over all 144 games, and what is wrong with it.

Three things are. One of the models in print is not in the records. The matrices of fifteen games are misprinted. And
seat 2 was told every game with its off-diagonal cells exchanged, so half of all moves answer a game that is not the one
they are paid for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from comity.corpora.repeatedgames.frames import Frames
from comity.corpora.repeatedgames.published_dilemmas import (
    CLAUDE,
    DAVINCI_2,
    DAVINCI_3,
    GPT4,
    LLAMA,
    experiment,
    scores,
)
from comity.corpora.repeatedgames.verdicts import Figure, Table
from comity.games.ordinal import OrdinalGame, ordinal_games

if TYPE_CHECKING:
    import pandas as pd

    from comity.stats.means import TTest

INSTANT = "Claude Instant 1"
"""In the records, and not in print; text-davinci-002 is in print, and not in the records."""

_CHAPTER = "All 144 games"
FAMILIES = Table("families", _CHAPTER, "Mean score by family of games, as a share of the most there is", "Table 1")
SEATS = Table("seats", _CHAPTER, "Mean score over all games, as a share of the most there is", "Table 1")
SCRIPT = Table(
    "sweep-script", _CHAPTER, "GPT-4 less other models, as the source's script compares them", "results, in the text"
)
PROPER = Table("sweep", _CHAPTER, "GPT-4 less other models, in the same episode, both seats", "not published")
MATRICES = Table("matrices", _CHAPTER, "The games and their families", "not published")
SEAT_2 = Table("seat-2", _CHAPTER, "What seat 2 was told", "not published")
BASELINES = Table("baselines", _CHAPTER, "What those scores are to be read against", "not published")

MODELS = (LLAMA, CLAUDE, DAVINCI_3, GPT4, INSTANT)
_MOST = 4
_ROUNDS = 10
_FAMILIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Second Best": ((".486", ".735", ".692", ".763", ""), (".487", ".753", ".637", ".685", ".682")),
    "Biased": ((".632", ".794", ".761", ".798", ""), (".632", ".796", ".752", ".729", ".735")),
    "Cyclic": ((".634", ".749", ".793", ".806", ""), (".623", ".749", ".707", ".723", ".691")),
    "Unfair": ((".641", ".812", ".833", ".836", ""), (".627", ".752", ".732", ".726", ".721")),
    "PD Family": ((".731", ".838", ".841", ".871", ""), (".704", ".751", ".741", ".743", ".700")),
    "Win-win": ((".915", ".878", ".972", ".992", ""), (".915", ".802", ".813", ".933", ".878")),
}
"""By family, as the source labels them, what is printed and what was recomputed before, for each of the models."""
_OVERALL: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "both seats": ((".697", ".814", ".839", ".854", ""), (".684", ".775", ".742", ".772", ".754")),
    "seat 1": (("", "", "", "", ""), (".694", ".821", ".786", ".813", ".791")),
    "seat 2": (("", "", "", "", ""), (".673", ".730", ".697", ".731", ".716")),
}
_COUNTS = {"Biased": "44", "Win-win": "36", "Unfair": "19", "Cyclic": "18", "Second Best": "12", "Tragic": "8"}
_OTHER_RECORDS = (
    "Over both seats and all opponents the records give another score, and of one of the five models in print they "
    "hold none: they are not those behind the table."
)
_SEAT_TWICE = (
    "The earlier recomputation took the opponent's points in seat 2 where the script takes GPT-4's own in seat 1."
)
_SIGN = (
    "The number is right and its sign is not: half of the differences are GPT-4's points in seat 1 less themselves, "
    "and in the other half, where both sit in seat 2, Claude 2 has more."
)
_HALF = (
    "The script looks for Claude 2 where it means text-davinci-003, so half of the differences are zeros and the other "
    "half are GPT-4 in seat 1 less text-davinci-003 in seat 2."
)
_NOBODY = (
    "The records hold Claude Instant 1 in the place of text-davinci-002, and the script takes one seat of each: 144 "
    "differences and not 288."
)
_UPPER = "What is printed as the upper end is the effect itself."


def figures(frames: Frames) -> Iterator[Figure]:
    """Every figure of the sweep."""
    moves = experiment(frames, "all_games")
    found = scores(moves)
    yield from _families(found)
    yield from _script(found)
    yield from _proper(found)
    yield from _matrices(moves)
    yield from _seat_2(moves)
    yield from _baselines(moves)


# Scores


def _families(found: pd.DataFrame) -> Iterator[Figure]:
    share = found.assign(share=found["payoff"] / (_ROUNDS * _MOST))
    by_family = share.groupby(["family", "player"])["share"].mean()
    overall = {"both seats": share, "seat 1": share[share["seat"] == 1], "seat 2": share[share["seat"] == 2]}
    for family, told in _FAMILIES.items():
        yield from _row(FAMILIES, family, [float(by_family.get((family, model), math.nan)) for model in MODELS], told)
    for seats, told in _OVERALL.items():
        means = overall[seats].groupby("player")["share"].mean()
        yield from _row(SEATS, seats, [float(means.get(model, math.nan)) for model in MODELS], told)


def _row(
    table: Table, row: str, found: Sequence[float], told: tuple[tuple[str, ...], tuple[str, ...]]
) -> Iterator[Figure]:
    for model, value, printed, expected in zip(MODELS, found, *told, strict=True):
        yield table.cell(row, model, value, 3, printed=printed, expected=expected, because=_OTHER_RECORDS)


# Tests


def _script(found: pd.DataFrame) -> Iterator[Figure]:
    """The four comparisons as the script makes them; each pairs other rows than it means to."""
    from comity.stats.bayes import jzs_of
    from comity.stats.means import one_sample

    points = _Points(found)
    claude, llama = (one_sample(points.as_scripted(model)) for model in (CLAUDE, LLAMA))
    half = points.of(GPT4, DAVINCI_3, 1) - points.of(GPT4, DAVINCI_3, 2)
    davinci = one_sample(np.concatenate([np.zeros_like(half), half]))
    instant = one_sample(points.of(GPT4, INSTANT, 1) - points.of(GPT4, INSTANT, 2))
    for model, test, printed, expected, because in (
        (CLAUDE, claude, ("3.34", "287", ".20", ".08", ".31"), ("-0.93", "", "", "", ""), _SIGN),
        (DAVINCI_3, davinci, ("6.29", "287", ".37", ".25", ".49"), ("6.83", "", ".40", "", ""), _HALF),
        (DAVINCI_2, instant, ("8.45", "287", ".70", ".52", ".89"), ("3.88", "", ".32", "", ""), _NOBODY),
        (LLAMA, llama, ("7.27", "287", ".43", ".31", ".43"), ("10.82", "", ".64", "", ""), _UPPER),
    ):
        remark = "" if model == DAVINCI_2 else _SEAT_TWICE
        yield from _tested(SCRIPT, model, test, printed, expected, because, remark)
    factor = jzs_of(claude).either
    yield SCRIPT.figure(f"{CLAUDE}-bf", f"{CLAUDE}: two-sided Bayes factor", factor, 1, printed="14.8")


def _proper(found: pd.DataFrame) -> Iterator[Figure]:
    """Both seats, and what each of the two has in the same episode."""
    from comity.stats.bayes import jzs_of
    from comity.stats.means import one_sample

    points = _Points(found)
    for model, expected, factor in (
        (CLAUDE, ("-3.87", "287", "-.23"), "89.5"),
        (DAVINCI_3, ("1.19", "287", ".07"), "0.13"),
        (INSTANT, ("-0.76", "287", ""), ""),
        (LLAMA, ("8.71", "287", ".51"), ""),
    ):
        first = points.of(GPT4, model, 1) - points.of(GPT4, model, 2)
        second = points.of(model, GPT4, 2) - points.of(model, GPT4, 1)
        test = one_sample(np.concatenate([first, second]))
        yield from _tested(PROPER, model, test, ("",) * 5, (*expected, "", ""))
        claim = f"{model}: two-sided Bayes factor"
        yield PROPER.figure(f"{model}-bf", claim, jzs_of(test).either, 2, expected=factor)


def _tested(
    table: Table,
    model: str,
    test: TTest,
    printed: Sequence[str],
    expected: Sequence[str],
    because: str = "",
    remark: str = "",
) -> Iterator[Figure]:
    """t, its degrees of freedom, Cohen's d and its interval; the remark goes where something was expected."""
    found = (test.t, test.freedom, test.d, test.d_low, test.d_high)
    for (name, claim, digits), value, one, known in zip(_OF_A_TEST, found, printed, expected, strict=True):
        yield table.figure(
            f"{model}-{name}",
            f"{model}: {claim}",
            value,
            digits,
            printed=one,
            expected=known,
            because=because,
            remark=remark if known else "",
        )


_OF_A_TEST = (
    ("t", "t", 2),
    ("df", "its degrees of freedom", 0),
    ("d", "Cohen's d", 2),
    ("d-low", "Cohen's d, from", 2),
    ("d-high", "Cohen's d, to", 2),
)


class _Points:
    """Points at the end of an episode by game, in the order of the games."""

    def __init__(self, found: pd.DataFrame) -> None:
        self._by = found.set_index(["seat", "player", "opponent", "game_id"])["payoff"].sort_index()

    def of(self, first: str, second: str, seat: int) -> NDArray[np.float64]:
        """What the player in that seat has in the games of `first` in seat 1 with `second` in seat 2."""
        pair = (first, second) if seat == 1 else (second, first)
        return np.asarray(self._by.loc[(seat, *pair)], dtype=float)

    def as_scripted(self, model: str) -> NDArray[np.float64]:
        """GPT-4 less the model as the script has it: seat 1 less itself, then seat 2 of either."""
        own = self.of(GPT4, model, 1)
        return np.concatenate([own - own, self.of(model, GPT4, 2) - self.of(GPT4, model, 2)])


# What was told


def _matrices(moves: pd.DataFrame) -> Iterator[Figure]:
    """The misprints, and how many labels the rule on equilibria gives."""
    games = moves.drop_duplicates("game_id")
    played = dict(zip(games["game_id"], map(matrix_of, games["payoff_matrix"]), strict=True))
    labels = dict(zip(games["game_id"], games["family"], strict=True))
    right = {game.number: game for game in ordinal_games()}
    wrong = [name for name, table in played.items() if not _is_strict(table)]
    one_off = [name for name in wrong if (table_of(right[name]) != played[name]).sum() == 1]
    ruled = sum(right[name].family.casefold() == str(label).casefold() for name, label in labels.items())
    of = MATRICES.figure
    yield of("misprints", "games whose matrix ranks two cells alike", float(len(wrong)), 0, expected="15")
    claim = "of them, those that one number sets right"
    yield of("repaired", claim, float(len(one_off)), 0, expected="15")
    claim = "families that a rule on the equilibria of the right games gives"
    yield of("rule", claim, f"{ruled} of {len(labels)}", expected="144 of 144")
    for family, count in {**_COUNTS, "PD Family": "7"}.items():
        number = sum(label == family for label in labels.values())
        yield of(f"family-{family}", f"games of the family {family}", float(number), 0, expected=count)


def matrix_of(spelled: str) -> NDArray[np.int_]:
    """A payoff matrix as the records spell it: [row, column, player]."""
    return np.array(json.loads(spelled))


def table_of(game: OrdinalGame) -> NDArray[np.int_]:
    """The same of an enumerated game."""
    return np.array(game.table, dtype=int)


def _is_strict(table: NDArray[np.int_]) -> bool:
    return all(len(set(table[:, :, player].ravel().tolist())) == table[:, :, player].size for player in (0, 1))


def _seat_2(moves: pd.DataFrame) -> Iterator[Figure]:
    """What is seen in round one if seat 2 is told the off-diagonal cells in each other's place, and not otherwise."""
    opening = moves[moves["round"] == 1]
    games = opening.drop_duplicates("game_id")
    played = dict(zip(games["game_id"], map(matrix_of, games["payoff_matrix"]), strict=True))
    twins = {name: twin for name, table in played.items() if (twin := _twin(table, played))}
    of = SEAT_2.figure
    claim = "games that are another one, or themselves, with the players exchanged"
    yield of("twins", claim, float(len(twins)), 0, expected="121")
    second = opening.assign(second=opening["option"] == 2).groupby(["player", "seat", "game_id"])["second"].mean() > 0.5
    for model, expected in {GPT4: "0 of 26", CLAUDE: "0 of 27", DAVINCI_3: "0 of 3", INSTANT: "4 of 28"}.items():
        left = [name for name, twin in twins.items() if second.get((model, 1, twin), False)]
        taken = f"{sum(bool(second.get((model, 2, name), False)) for name in left)} of {len(left)}"
        yield of(
            f"{model}-twins",
            f"{model} in seat 2 opens with option 2 where it does so in seat 1",
            taken,
            expected=expected,
        )
    for seat, share, dominant in ((1, ".817", "49"), (2, ".992", "2")):
        mine = opening[(opening["player"] == GPT4) & (opening["seat"] == seat)]
        claim = f"share of games that GPT-4 opens with option 1 in seat {seat}"
        yield of(f"first-{seat}", claim, float((mine["option"] == 1).mean()), 3, expected=share)
        better = [name for name, table in played.items() if _dominant(table, seat)]
        chosen = mine[mine["game_id"].isin(better)]["option"] == 2
        claim = f"% of openings with option 2 in seat {seat} where it is strictly dominant ({len(better)} games)"
        yield of(f"dominant-{seat}", claim, 100 * float(chosen.mean()), 0, expected=dominant)


def _twin(table: NDArray[np.int_], played: dict[str, NDArray[np.int_]]) -> str:
    """The game with the players exchanged, empty where there is none."""
    exchanged = table.transpose(1, 0, 2)[:, :, ::-1]
    return next((name for name, other in played.items() if (other == exchanged).all()), "")


def _dominant(table: NDArray[np.int_], seat: int) -> bool:
    """Whether option 2 is better for the seat whatever the other does."""
    own = table[:, :, 0] if seat == 1 else table[:, :, 1].T
    return bool((own[1] > own[0]).all())


def _baselines(moves: pd.DataFrame) -> Iterator[Figure]:
    """The same scores of play that needs no thought, and the most that two can have together."""
    games = moves.drop_duplicates("game_id")
    played = np.array([matrix_of(spelled) for spelled in games["payoff_matrix"]], dtype=float) / _MOST
    family = games["family"].astype(str).to_numpy()
    first, best = played[:, 0, 0].mean(axis=-1), played.mean(axis=-1).max(axis=(1, 2))
    of = BASELINES.figure
    strict = np.array([_is_strict(matrix_of(spelled)) for spelled in games["payoff_matrix"]])
    yield of("random", "both play at random, games without misprint", float(played[strict].mean()), 3, expected=".625")
    right = np.array([table_of(game) for game in ordinal_games()]) / _MOST
    remark = f"Without the misprints {right[:, 0, 0].mean():.3f}."
    yield of("first", "both always take option 1", float(first.mean()), 3, expected=".757", remark=remark)
    for name, share in (("PD Family", ".857"), ("Win-win", "1.0"), ("Second Best", ".583")):
        yield of(
            f"first-{name}", f"the same in the family {name}", float(first[family == name].mean()), 3, expected=share
        )
    remark = f"Without the misprints {right.mean(axis=-1).max(axis=(1, 2)).mean():.3f}."
    yield of("best", "the most that two can have together", float(best.mean()), 3, expected=".861", remark=remark)
