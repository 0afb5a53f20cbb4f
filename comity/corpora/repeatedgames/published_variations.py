"""What was published on GPT-4 in the two games told or paid otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from comity.corpora.repeatedgames.frames import Frames
from comity.corpora.repeatedgames.published_dilemmas import GPT4, coordination, course, experiment
from comity.corpora.repeatedgames.verdicts import Figure, Table

if TYPE_CHECKING:
    import pandas as pd

_CHAPTER = "The two games told or paid otherwise"
GRADATION = Table(
    "gradation", _CHAPTER, "Battle of the Sexes paid from 10 and 7 by steps to 7 and 10", "figure on the game"
)
SEXES = Table("told-bos", _CHAPTER, "Battle of the Sexes told otherwise", "figure on robustness")
DILEMMA = Table("told-pd", _CHAPTER, "Prisoner's Dilemma told otherwise", "figure on robustness and its caption")
RATES = Table(
    "told-pd-rate",
    _CHAPTER,
    "Prisoner's Dilemma told otherwise: share of rounds in which both cooperate",
    "figure on robustness and supplement",
)
ENDING = Table("ending", _CHAPTER, "Prisoner's Dilemma with a stated chance to end after every round", "supplement")

CHANCES = (1, 40, 60, 80)
"""The chances to end, in percent."""
COVERS = {"game": "plain", "cooking": "cooking contest", "project": "shared project"}
"""The cover stories by the last word of the experiment."""
_PLAIN = {
    "points": {"F/J": ".1", "Q/X": "0", "H/R": ".7"},
    "dollars": {"F/J": ".1", "Q/X": "0", "H/R": ".7"},
    "coins": {"F/J": ".1", "Q/X": "0", "H/R": ".1"},
}
"""Mutual cooperation without a cover story, by unit and letters."""
_MOST = 0.1
_HIGH = "plain episodes in which both cooperate more than once"
_SWAPPED = "They are the letters H and R with points and with dollars: the figure has letters and units exchanged."


def gradation(frames: Frames) -> Iterator[Figure]:
    """GPT-4 against the script that alternates, from the game in which it prefers J to that in which it prefers F."""
    moves = experiment(frames, "bos_payoff_gradation")
    mine = moves[moves["player"] == GPT4]
    for number, option in enumerate("JJJFF", start=1):
        played, constant, of = mine[mine["game_id"] == f"bos_v{number}"], option * 10, GRADATION.figure
        yield of(f"{number}", f"GPT-4 at step {number}", course(played), printed=constant, expected=constant)
        rate = coordination(played)
        yield of(f"{number}-rate", f"its coordination at step {number}", rate, 1, printed=".5", expected=".5")


def told_sexes(frames: Frames) -> Iterator[Figure]:
    """The Battle of the Sexes with other letters and units, and under cover stories."""
    rates = [coordination(played) for cover in COVERS for _, played in _episodes(frames, f"bos_robust_{cover}")]
    told, all_of_them = f"{sum(rate == 0.5 for rate in rates)} of {len(rates)}", "27 of 27"
    claim = "episodes in which both take the same option in half of the rounds"
    yield SEXES.figure("half", claim, told, printed=all_of_them, expected=all_of_them)


def told_dilemma(frames: Frames) -> Iterator[Figure]:
    """The Prisoner's Dilemma told in as many ways."""
    found = {cover: dict(_cooperation(frames, f"pd_robust_{cover}")) for cover in COVERS}
    for cover, rates in found.items():
        for (unit, letters), rate in rates.items():
            expected = _PLAIN[unit][letters] if cover == "game" else ""
            yield RATES.cell(f"{COVERS[cover]}, {unit}", letters, rate, 1, expected=expected)
    high = {cover: [place for place, rate in rates.items() if rate > _MOST] for cover, rates in found.items()}
    exceptions = "; ".join(f"{letters} with {unit}" for unit, letters in sorted(high["game"], reverse=True))
    of = DILEMMA.figure
    yield of(
        "exceptions",
        _HIGH,
        exceptions,
        printed="F/J with coins; Q/X with coins",
        expected="H/R with points; H/R with dollars",
        because=_SWAPPED,
    )
    for cover, number, most in (("cooking", "3", ".2"), ("project", "0", ".1")):
        yield of(
            f"{cover}-high", f"such episodes, told as a {COVERS[cover]}", float(len(high[cover])), 0, expected=number
        )
        highest = max(found[cover].values())
        yield of(f"{cover}-most", f"the highest share, told as a {COVERS[cover]}", highest, 1, expected=most)


def _cooperation(frames: Frames, name: str) -> Iterator[tuple[tuple[str, str], float]]:
    """The share of rounds in which both cooperate, by unit and letters."""
    for _, played in _episodes(frames, name):
        first = played.iloc[0]
        letters = "/".join(sorted((str(first["label_option1"]), str(first["label_option2"]))))
        both = (played["action"] == "cooperate") & (played["opponent_action"] == "cooperate")
        yield (str(first["payoff_unit"]), letters), float(both.mean())


def _episodes(frames: Frames, name: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """GPT-4's moves in every episode of an experiment."""
    moves = experiment(frames, name)
    for episode, played in moves[moves["player"] == GPT4].groupby("episode", sort=False):
        yield str(episode), played


def ending(frames: Frames) -> Iterator[Figure]:
    """GPT-4 where it is told that the game may end after every round."""
    for percent in CHANCES:
        moves = experiment(frames, f"pd_end_{percent}pct")
        mine = moves[moves["player"] == GPT4]
        told = f"{int((mine['action'] == 'defect').sum())} of {len(mine)}"
        claim = f"rounds in which GPT-4 defects, with a chance of {percent} %"
        yield ENDING.figure(f"{percent}", claim, told, expected="180 of 180")
