"""What was published on people who met GPT-4, and which version of it they met.

People were to meet GPT-4 as it is ("Base") or with SCoT ("Prompted"). The version was drawn anew in every round, and
what is kept as a person's condition is the last of these draws. So effects of the condition, which are worked out here
as published, are not effects of what people met; effects of the version that was served are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from comity.corpora.repeatedgames.frames import Frames
from comity.corpora.repeatedgames.verdicts import Figure, Table

if TYPE_CHECKING:
    import pandas as pd

    from comity.stats.bayes import BayesFactor
    from comity.stats.estimate import Estimate

_CHAPTER = "People against GPT-4"
EFFECTS = Table("people", _CHAPTER, "Prompted less Base, by the condition in the records", "results, in the text")
PROPER = Table("people-proper", _CHAPTER, "The same with one draw per person, and what was meant", "not published")
MEANS = Table("people-means", _CHAPTER, "Means by condition", "figure on people")
ROUNDS = Table("people-rounds", _CHAPTER, "Cooperation of people in the Prisoner's Dilemma", "not published")
ASSIGNMENT = Table("people-assignment", _CHAPTER, "Whether the condition says which version was met", "not published")
SERVED = Table(
    "people-served", _CHAPTER, "What people had against either version, where the two differ", "not published"
)
WRONG = Table("people-wrong", _CHAPTER, "What does not fit in the records of people", "not published")

_GAMES = {"bos": "Battle of the Sexes", "pd": "Prisoner's Dilemma"}
_INTERVAL_AND_FACTORS = (
    ("low", "b, from"),
    ("high", "b, to"),
    ("bf", "one-sided Bayes factor, one mean per person"),
    ("bf-two-sided", "two-sided Bayes factor, one mean per person"),
)
_OF_A_MODEL = (("b", "b"), ("t", "t"), ("df", "its degrees of freedom"), *_INTERVAL_AND_FACTORS)
_OF_SHARES = (("b", "b"), ("z", "z"), *_INTERVAL_AND_FACTORS)
_MEANING = (
    "What is counted as cooperation by both is a score of 5, which is what both have when both defect; cooperation by "
    "both stands in the next table."
)
_NO_ROUTE = "One mean per person gives {:.2f} on one side and {:.2f} on both."
_INTERVAL = "The interval in print is that of another effect, of mutual defection in the Prisoner's Dilemma."
_BY_ROUND = (".48", ".54", ".61", ".56", ".47", ".48", ".47", ".46", ".39", ".30")


def figures(frames: Frames) -> Iterator[Figure]:
    """Every figure of the people."""
    people = frames.people
    sexes, dilemma = (people[people["game_id"] == game] for game in _GAMES)
    yield from _pay(sexes, dilemma)
    yield from _shares(people, sexes, dilemma)
    yield from _proper(people, sexes, dilemma)
    yield from _means(people, sexes, dilemma)
    yield from _rounds(dilemma)
    yield from _assignment(people)
    yield from _late(sexes)
    yield from _served(people)
    yield from _wrong(sexes, dilemma)


# Effects of the condition


def prompted(rows: pd.DataFrame) -> NDArray[np.float64]:
    """1 where the condition in the records is Prompted, else 0."""
    return _yes(rows["condition_label"] == "Prompted")


def _design(rows: pd.DataFrame) -> NDArray[np.float64]:
    return np.column_stack([np.ones(len(rows)), prompted(rows)])


def _persons(rows: pd.DataFrame) -> NDArray[np.object_]:
    return rows["participant"].to_numpy(dtype=object)


def by_person(rows: pd.DataFrame, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One mean per person: of those in the condition Prompted, and of those in Base."""
    means = rows.assign(value=values, prompted=prompted(rows)).groupby("participant")[["value", "prompted"]].mean()
    value, is_prompted = means["value"].to_numpy(dtype=float), means["prompted"].to_numpy(dtype=float) > 0.5
    return value[is_prompted], value[~is_prompted]


def _factor(rows: pd.DataFrame, values: NDArray[np.float64]) -> BayesFactor:
    from comity.stats.bayes import jzs_of
    from comity.stats.means import two_sample

    return jzs_of(two_sample(*by_person(rows, values), pooled=True))


def _pay(sexes: pd.DataFrame, dilemma: pd.DataFrame) -> Iterator[Figure]:
    """The points of a round, in a model with a level for each person."""
    from comity.stats.mixed import mixed

    for game, rows, printed, expected in (
        (
            "bos",
            sexes,
            (".74", "3.49", "193", ".32", "1.15", "80.6"),
            (".7363", "3.4846", "193", ".322", "1.150", "80.66", "40.3"),
        ),
        (
            "pd",
            dilemma,
            (".10", ".47", "", "-.31", ".51", ".2"),
            (".0979", ".469", "", "-.311", ".507", ".233", ".173"),
        ),
    ):
        paid = rows["payoff"].to_numpy(dtype=float)
        fit = mixed(paid, _design(rows), {"person": _persons(rows)}, intervals=False)
        effect, (low, high), factor = fit.effects[1], fit.wald()[1], _factor(rows, paid)
        found = (effect.value, effect.t, effect.freedom, low, high, factor.above, factor.either)
        yield from _told(f"{game}-pay", f"{_GAMES[game]}, points", _OF_A_MODEL, found, (*printed, ""), expected)


def _shares(people: pd.DataFrame, sexes: pd.DataFrame, dilemma: pd.DataFrame) -> Iterator[Figure]:
    """Shares of rounds, every round of a person taken for a draw of its own, as published."""
    for key, claim, rows, happened, printed, expected, because in (
        (
            "bos-coordination",
            "Battle of the Sexes, coordination",
            sexes,
            _paid_in_sexes(sexes),
            (".33", "3.59", ".15", ".51", "13.4"),
            (".3305", "3.586", ".150", ".511", "13.40", "6.72"),
            "",
        ),
        (
            "pd-defection",
            "Prisoner's Dilemma, what is called cooperation by both",
            dilemma,
            _paid_5(dilemma),
            (".24", "2.54", ".05", ".42", "6.5"),
            (".2350", "2.538", ".054", ".416", ".54", ".31"),
            _NO_ROUTE,
        ),
        (
            "guess",
            "guess that the partner was human",
            people,
            _guessed_human(people),
            (".54", "8.31", ".05", ".42", "17.6"),
            (".5372", "8.310", ".41", ".66", "17.61", "8.82"),
            _INTERVAL,
        ),
    ):
        effect, factor = _log_odds(rows, happened), _factor(rows, happened)
        found = (effect.value, effect.t, effect.low, effect.high, factor.above, factor.either)
        why = because.format(factor.above, factor.either)
        remark = _MEANING if key == "pd-defection" else ""
        yield from _told(key, claim, _OF_SHARES, found, (*printed, ""), expected, why, remark)


def _told(
    key: str,
    claim: str,
    named: Sequence[tuple[str, str]],
    found: Sequence[float],
    printed: Sequence[str],
    expected: Sequence[str],
    because: str = "",
    remark: str = "",
) -> Iterator[Figure]:
    """The figures of one effect; the remark goes with the estimate."""
    for (name, said), value, one, known in zip(named, found, printed, expected, strict=True):
        yield EFFECTS.figure(
            f"{key}-{name}",
            f"{claim}: {said}",
            value,
            max(_places(one), _places(known)),
            printed=one,
            expected=known,
            because=because,
            remark=remark if name == "b" else "",
        )


def _places(printed: str) -> int:
    return len(printed.partition(".")[2])


def _log_odds(rows: pd.DataFrame, happened: NDArray[np.float64], clusters: bool = False) -> Estimate:
    """How much the condition adds to the log-odds; with clusters the rows of a person may depend on each other."""
    from comity.stats.binomial import logistic

    return logistic(happened, _design(rows), _persons(rows) if clusters else None).coefficients[1]


def _yes(happened: pd.Series[bool]) -> NDArray[np.float64]:
    return np.asarray(happened.fillna(False), dtype=float)


def _paid_in_sexes(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Coordination as the source has it: some pay."""
    return _yes(rows["payoff"] > 0)


def _paid_5(rows: pd.DataFrame) -> NDArray[np.float64]:
    """What the source takes for cooperation by both, and what is defection by both: a pay of 5."""
    return _yes(rows["payoff"] == 5)


def _guessed_human(rows: pd.DataFrame) -> NDArray[np.float64]:
    return _yes(rows["guess_after_game"] == "Human")


def _cooperates(rows: pd.DataFrame) -> NDArray[np.float64]:
    return _yes(rows["action_label"] == "J")


def _both_cooperate(rows: pd.DataFrame) -> NDArray[np.float64]:
    return _cooperates(rows) * _yes(rows["opponent_action_label"] == "J")


def _proper(people: pd.DataFrame, sexes: pd.DataFrame, dilemma: pd.DataFrame) -> Iterator[Figure]:
    """The rounds of one person are no draws of their own; and cooperation by both is that both cooperate."""
    of = PROPER.figure
    level = _level(sexes, _paid_in_sexes(sexes))
    clustered = _log_odds(sexes, _paid_in_sexes(sexes), clusters=True)
    yield of("coordination-z", "Battle of the Sexes, coordination: z, clustered", clustered.t, expected="2.85")
    yield of("coordination-level-b", "the same with a level for each person: b", level.value, 3, expected=".354")
    yield of("coordination-level-z", "and z", level.t, expected="2.89")
    clustered, level = _log_odds(dilemma, _paid_5(dilemma), clusters=True), _level(dilemma, _paid_5(dilemma))
    yield of("defection-z", "Prisoner's Dilemma, defection by both: z, clustered", clustered.t, expected="1.21")
    yield of("defection-p", "its p", clustered.p, expected=".23")
    yield of("defection-level-p", "the same with a level for each person: p", level.p, expected=".27")
    true = _log_odds(dilemma, _both_cooperate(dilemma))
    yield of("cooperation-b", "Prisoner's Dilemma, cooperation by both: b", true.value, 3, expected="-.043")
    yield of("cooperation-z", "its z", true.t, expected="-.45")
    clustered = _log_odds(dilemma, _both_cooperate(dilemma), clusters=True)
    yield of("cooperation-clustered-z", "its z, clustered", clustered.t)
    own = _log_odds(dilemma, _cooperates(dilemma), clusters=True)
    yield of("own-p", "Prisoner's Dilemma, cooperation of people: p, clustered", own.p, expected=".41")
    guesses = people.drop_duplicates(["participant", "game_id"])
    once = _log_odds(guesses, _guessed_human(guesses))
    yield of("guess-z", "guess, counted once per game and not ten times: z", once.t, expected="2.63")
    clustered = _log_odds(guesses, _guessed_human(guesses), clusters=True)
    yield of("guess-clustered-z", "the same, clustered: z", clustered.t)


def _level(rows: pd.DataFrame, happened: NDArray[np.float64]) -> Estimate:
    """How much the condition adds to the log-odds of a person, whose level is drawn; as R's glmer approximates it."""
    from comity.stats.binomial import logistic_mixed

    return logistic_mixed(happened, _design(rows), _persons(rows), nodes=1).coefficients[1]


def _means(people: pd.DataFrame, sexes: pd.DataFrame, dilemma: pd.DataFrame) -> Iterator[Figure]:
    for claim, rows, values, digits, expected in (
        ("Battle of the Sexes, points", sexes, sexes["payoff"].to_numpy(dtype=float), 2, ("4.34", "5.08")),
        ("Battle of the Sexes, coordination", sexes, _paid_in_sexes(sexes), 3, (".542", ".622")),
        ("Prisoner's Dilemma, points", dilemma, dilemma["payoff"].to_numpy(dtype=float), 2, ("6.11", "6.21")),
        ("Prisoner's Dilemma, defection by both", dilemma, _paid_5(dilemma), 3, ("", "")),
        ("Prisoner's Dilemma, cooperation by both", dilemma, _both_cooperate(dilemma), 3, (".373", ".363")),
        ("Prisoner's Dilemma, cooperation of people", dilemma, _cooperates(dilemma), 3, (".500", ".455")),
        ("Guess that the partner was human", people, _guessed_human(people), 3, (".423", ".556")),
    ):
        is_prompted = prompted(rows) > 0.5
        for condition, found, known in zip(
            ("Base", "Prompted"), (values[~is_prompted], values[is_prompted]), expected, strict=True
        ):
            yield MEANS.cell(claim, condition, float(found.mean()), digits, expected=known)


# What people do


def _rounds(dilemma: pd.DataFrame) -> Iterator[Figure]:
    """By round, and after what happened in the round before."""
    cooperates = dilemma.assign(cooperates=_cooperates(dilemma))
    by_round = cooperates.groupby("round")["cooperates"].mean()
    for number, expected in enumerate(_BY_ROUND, start=1):
        rate = float(by_round.get(number, math.nan))
        yield ROUNDS.figure(f"{number}", f"round {number}", rate, 3, expected=expected)
    before = cooperates.sort_values("round").groupby("participant")[["action_label", "opponent_action_label"]].shift()
    for own, other, claim, expected in (
        ("J", "J", "after cooperation of both", ".90"),
        ("J", "F", "after the person alone cooperated", ".30"),
        ("F", "J", "after GPT-4 alone cooperated", ".26"),
        ("F", "F", "after defection of both", ".17"),
    ):
        after = _yes((before["action_label"] == own) & (before["opponent_action_label"] == other)) > 0.5
        rate = float(cooperates.loc[before.index[after], "cooperates"].mean())
        yield ROUNDS.figure(f"after-{own}{other}", claim, rate, 3, expected=expected)


# What was served


def _assignment(people: pd.DataFrame) -> Iterator[Figure]:
    """The rounds in which the versions differ and GPT-4's move is that of one of them."""
    from scipy.stats import binomtest

    told = informative(people)
    last = ((told["round"] == 10) & (told["game_order"] == 2)).to_numpy(dtype=bool)
    right = (told["version_served"] == "SCoT").to_numpy(dtype=bool) == (prompted(told) > 0.5)
    hits, others = int(right[~last].sum()), int((~last).sum())
    of = ASSIGNMENT.figure
    yield of("informative", "rounds in which GPT-4's move tells the version", float(len(told)), 0, expected="1153")
    neither = float((people["version_served"] == "unknown").sum())
    yield of("neither", "rounds in which the versions differ and it fits neither", neither, 0, expected="3")
    claim = "the condition is right in the last round of the second game"
    yield of("last", claim, f"{int(right[last].sum())} of {int(last.sum())}", expected="47 of 47")
    yield of("others", "the condition is right in all other rounds", f"{hits} of {others}", expected="555 of 1106")
    p = float(binomtest(hits, others).pvalue) if others else math.nan
    yield of("others-p", "p of that if a coin decides", p, expected=".93")
    ordered = told.sort_values(["participant", "game_order", "round"])
    before = ordered.groupby(["participant", "game_order"])["version_served"].shift()
    changed = (before != ordered["version_served"])[before.notna()]
    claim = "% of times at which the version changes from one such round of a game to the next"
    yield of("switches", claim, 100 * float(changed.mean()), 0, expected="48")
    yield of("switches-n", "how many such pairs of rounds there are", float(len(changed)), 0, expected="841")
    scot = float((told["version_served"] == "SCoT").mean())
    yield of("scot", "% of such rounds that SCoT is served", 100 * scot, 1, expected="50.2")


def informative(people: pd.DataFrame) -> pd.DataFrame:
    """The rounds in which it shows which version a person met."""
    return people[people["version_served"].isin(["Base", "SCoT"])]


def _late(sexes: pd.DataFrame) -> Iterator[Figure]:
    """The published effect without the one round that the condition in the records belongs to."""
    from comity.stats.bayes import jzs_of
    from comity.stats.means import two_sample

    early = sexes[~((sexes["round"] == 10) & (sexes["game_order"] == 2)).to_numpy(dtype=bool)]
    test = two_sample(*by_person(early, early["payoff"].to_numpy(dtype=float)), pooled=True)
    claim = "Battle of the Sexes, points without the last round of the second game, one mean per person"
    of = ASSIGNMENT.figure
    yield of("early-b", f"{claim}: difference", test.difference.value, expected=".55")
    yield of("early-t", "its t", test.t, expected="2.58")
    yield of("early-p", "its p", test.p, 3, expected=".011")
    yield of("early-bf", "its two-sided Bayes factor", jzs_of(test).either, 1, expected="3.4")


def _served(people: pd.DataFrame) -> Iterator[Figure]:
    """A draw within each person, so this is an effect of what was met."""
    told = informative(people)
    for game, claim, share, expected in (
        ("bos", "% coordination", _paid_in_sexes, {"SCoT": ("6.49", "64.9", "461"), "Base": ("2.43", "34.7", "453")}),
        (
            "pd",
            "% cooperation by both",
            _both_cooperate,
            {"SCoT": ("3.64", "0", "118"), "Base": ("9.12", "31.4", "121")},
        ),
    ):
        rows = told[told["game_id"] == game]
        for version, (points, percent, number) in expected.items():
            met = rows[rows["version_served"] == version]
            paid = float(met["payoff"].to_numpy(dtype=float).mean())
            row = f"{_GAMES[game]}, {version}"
            yield SERVED.cell(row, "points", paid, 2, expected=points)
            yield SERVED.cell(row, claim, 100 * float(share(met).mean()), 1, expected=percent)
            yield SERVED.cell(row, "rounds", float(len(met)), 0, expected=number)


def _wrong(sexes: pd.DataFrame, dilemma: pd.DataFrame) -> Iterator[Figure]:
    impossible = sum(int((~rows["row_consistent"].astype(bool)).sum()) for rows in (sexes, dilemma))
    of = WRONG.figure
    yield of("impossible", "rounds with points that the move cannot have", float(impossible), 0, expected="4")
    odd = sum(
        int((rows["coordination_in_source"].to_numpy(dtype=float) != rule).sum())
        for rows, rule in ((sexes, _paid_in_sexes(sexes)), (dilemma, _paid_5(dilemma)))
    )
    claim = "rounds whose column on coordination is not what the points say"
    yield of("coordination", claim, float(odd), 0, expected="32")
