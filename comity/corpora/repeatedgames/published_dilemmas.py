"""What was published on the Prisoner's Dilemma and the Battle of the Sexes, played by models and scripts.

The published t tests take a single round for a draw, and not all rounds: of the player in seat 1 all ten, of that in
seat 2 the tenth alone. They are worked out here as published, and again with one score per episode.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from comity.corpora.repeatedgames.frames import Frames
from comity.corpora.repeatedgames.verdicts import Figure, Table

if TYPE_CHECKING:
    import pandas as pd

    from comity.stats.means import TTest

GPT4, SCOT, CLAUDE, LLAMA = "GPT-4", "GPT-4 SCoT", "Claude 2", "Llama 2 70B chat"
DAVINCI_2, DAVINCI_3 = "text-davinci-002", "text-davinci-003"
ONCE, ALWAYS_J, ALWAYS_F = "defect once, then cooperate", "always J", "always F"
ALTERNATE = "alternate"
"""Who alternates, whichever option it starts with: each seat starts with the option its partner prefers."""

DILEMMA, SEXES = "Prisoner's Dilemma", "Battle of the Sexes"
_RESULTS = "results, in the text"
_MAP = "heat map of the figure on the game"
_ALL = "GPT-4 against all others, one draw per round as published"
_EPISODES = "GPT-4 against all others, one draw per episode"
_CUT = "What is printed is what stays of it when further digits are cut off."
_ONE_SIDED = "What is printed is the one-sided factor of the other game, the Battle of the Sexes."

PD_TESTS = Table("pd", DILEMMA, _ALL, _RESULTS)
PD_EPISODES = Table("pd-episodes", DILEMMA, _EPISODES, "not published")
PD_POINTS = Table("pd-points", DILEMMA, "Mean points per episode of ten rounds", "not published")
PD_DEFECTION = Table("pd-defection", DILEMMA, "Share of rounds in which player 1 defects", _MAP)
PD_SCORE = Table("pd-score", DILEMMA, "Points of player 1 over ten rounds", _MAP)
PD_COURSE = Table(
    "pd-course", DILEMMA, "GPT-4 and text-davinci-003 against a script that defects once", "example games"
)
PD_AFTER = Table("pd-after", DILEMMA, "How often GPT-4 cooperates after what was done a round before", "not published")
PD_LAST = Table("pd-last", DILEMMA, "Whether GPT-4 plays the last round otherwise", "supplement")

BOS_TESTS = Table("bos", SEXES, _ALL, _RESULTS)
BOS_EPISODES = Table("bos-episodes", SEXES, _EPISODES, "not published")
BOS_POINTS = Table("bos-points", SEXES, "Mean points per episode of ten rounds", "not published")
BOS_COORDINATION = Table("bos-coordination", SEXES, "Share of rounds in which both take the same option", _MAP)
BOS_COURSE = Table("bos-course", SEXES, "GPT-4 against a script that alternates", "example games")
BOS_LAST = Table("bos-last", SEXES, "Whether GPT-4 plays the last round otherwise", "supplement")

_PD_COLUMNS = (GPT4, DAVINCI_3, DAVINCI_2, CLAUDE, LLAMA, ONCE, ALWAYS_J, ALWAYS_F)
_PD_CONSTANT = ("0 80", "0 8", "0 80", "0 8", "0 80", "0 72", "0 80", "0 0")
PD_MAP: dict[str, tuple[str, ...]] = {
    GPT4: ("0 80", ".8 83", "0 80", ".7 43", "0 80", ".9 90", "0 80", ".9 45"),
    DAVINCI_3: (".2 23", ".1 77", ".9 98", ".2 18", ".9 98", ".1 74", ".9 98", ".4 20"),
    CLAUDE: (".9 68", ".9 88", ".9 98", ".9 53", ".9 98", ".8 88", ".9 98", ".8 40"),
    DAVINCI_2: _PD_CONSTANT,
    LLAMA: _PD_CONSTANT,
}
"""For each player 1 its share of defection and its points against every player 2, in the order of the columns."""

_BOS_COLUMNS = (GPT4, SCOT, DAVINCI_3, DAVINCI_2, CLAUDE, LLAMA, ALTERNATE, ALWAYS_J, ALWAYS_F)
BOS_MAP: dict[str, tuple[str, ...]] = {
    GPT4: (".6", "1", ".4", "1", ".5", "1", ".5", "1", ".6"),
    SCOT: (".9", "1", ".8", "1", ".8", "1", ".8", "1", ".9"),
    DAVINCI_3: (".6", "1", ".2", "1", ".2", "1", ".5", "1", "0"),
    DAVINCI_2: (".1", "1", ".1", "1", ".1", "1", ".5", "1", "0"),
    LLAMA: ("0", "1", ".1", "1", ".1", "1", ".5", "1", "0"),
    CLAUDE: (".2", ".9", ".4", ".9", ".5", ".9", ".6", ".9", ".2"),
}
"""For each player 1 the share of rounds in which it coordinates with every player 2, in the order of the columns."""


def dilemma(frames: Frames) -> Iterator[Figure]:
    """Every figure of the Prisoner's Dilemma."""
    moves = experiment(frames, "pd_main")
    yield from _dilemma_tests(moves)
    yield from _points(PD_POINTS, moves, _PD_POINTS)
    yield from _dilemma_map(moves)
    yield from _dilemma_course(moves)
    yield from _dilemma_after(moves)
    yield from _last_round(PD_LAST, moves, {"options": ("0.29", ".592"), "switches": ("0.70", ".401")})


def sexes(frames: Frames) -> Iterator[Figure]:
    """Every figure of the Battle of the Sexes."""
    moves = experiment(frames, "bos_main")
    known = {"options": ("0.02", ".88"), "script": ("0.35", ".55"), "switches": ("0.28", ".60")}
    yield from _sexes_tests(moves)
    yield from _points(BOS_POINTS, moves, _BOS_POINTS)
    yield from _sexes_map(moves)
    yield from _sexes_course(moves)
    yield from _last_round(BOS_LAST, moves, known)


def experiment(frames: Frames, name: str) -> pd.DataFrame:
    """The moves of one experiment."""
    return frames.decisions[frames.decisions["experiment"] == name]


def met(moves: pd.DataFrame, player: str, opponent: str, seat: int = 1) -> pd.DataFrame:
    """The moves of a player in a seat against an opponent, round by round."""
    named = moves["opponent"].astype(str)
    against = named.str.startswith(ALTERNATE) if opponent == ALTERNATE else named == opponent
    return moves[against & (moves["player"] == player) & (moves["seat"] == seat)].sort_values("round")


def course(moves: pd.DataFrame) -> str:
    """The options of a player round by round, J for the first and F for the second: "JFFFFFFFFF"."""
    return "".join("JF"[int(option) - 1] for option in moves.sort_values("round")["option"])


# Means


def as_published(moves: pd.DataFrame) -> TTest:
    """GPT-4 against all others as the source compares them: every round in seat 1, and the tenth in seat 2."""
    counted = moves[(moves["seat"] == 1) | (moves["round"] == moves["n_rounds"])]
    return _gpt4_against_others(counted)


def by_episode(moves: pd.DataFrame, *, models_only: bool = False) -> TTest:
    """The same with one score per player and episode; SCoT, which is GPT-4 again, is not among other models."""
    found = scores(moves)
    if models_only:
        found = found[found["player_is_llm"].astype(bool) & (found["player"] != SCOT)]
    return _gpt4_against_others(found)


def scores(moves: pd.DataFrame) -> pd.DataFrame:
    """One row per player and episode: the points it has at the end."""
    by = ["game_id", "family", "episode", "seat", "player", "player_is_llm", "opponent"]
    return moves.groupby(by, sort=False, dropna=False)["payoff"].sum().reset_index()


def _gpt4_against_others(rows: pd.DataFrame) -> TTest:
    from comity.stats.means import two_sample

    is_gpt4 = (rows["player"] == GPT4).to_numpy(dtype=bool)
    values = rows["payoff"].to_numpy(dtype=float)
    return two_sample(values[is_gpt4], values[~is_gpt4])


def _dilemma_tests(moves: pd.DataFrame) -> Iterator[Figure]:
    from comity.stats.bayes import jzs_of

    test, of = as_published(moves), PD_TESTS.figure
    factor = jzs_of(test)
    is_cut = math.floor(100 * test.t) == 391
    yield of("t", "t of Welch's test", test.t, printed="3.91", expected="3.9165", remark=_CUT if is_cut else "")
    yield of("df", "its degrees of freedom", test.freedom, printed="153.4", expected="153.44")
    yield of("p", "its p", test.p, 5, printed="< .001", expected=".00013")
    yield from _effect(PD_TESTS, test, (".33", ".326"), (".10", ".102"), (".55", ".550"))
    yield of("bf", "Bayes factor, two-sided", factor.either, printed="7.1", expected="6.13", because=_ONE_SIDED)
    yield of("bf-one-sided", "Bayes factor, one-sided", factor.above, 1, expected="12.2")
    yield from _proper(PD_EPISODES, moves, ("2.01", "33.0", ".053", ".53"), ("1.82", "45.9", ".075", ""))


def _sexes_tests(moves: pd.DataFrame) -> Iterator[Figure]:
    from comity.stats.bayes import jzs_of

    test, of = as_published(moves), BOS_TESTS.figure
    factor = jzs_of(test)
    yield of("t", "t of Welch's test", test.t, printed="2.83", expected="2.8304")
    yield of("df", "its degrees of freedom", test.freedom, printed="128.28", expected="128.28")
    yield of("p", "its p", test.p, 4, expected=".0054")
    yield from _effect(BOS_TESTS, test, (".28", ".284"), (".07", ".075"), (".50", ".494"))
    yield of("bf", "Bayes factor, two-sided", factor.either, printed="3.56", expected="3.56")
    yield of("bf-one-sided", "Bayes factor, one-sided", factor.above, expected="7.09")
    yield from _proper(BOS_EPISODES, moves, ("0.53", "20.9", ".60", ".29"), ("0.51", "", "", ""))


def _effect(
    table: Table, test: TTest, d: tuple[str, str], low: tuple[str, str], high: tuple[str, str]
) -> Iterator[Figure]:
    """Cohen's d and the interval that the source's software gives, each as printed and as recomputed before."""
    from comity.stats.means import approximate_effect_interval

    ends = approximate_effect_interval(test.d, test.sizes)
    told = zip(("d", "d-low", "d-high"), ("Cohen's d", "its interval, from", "its interval, to"), strict=True)
    for (key, claim), found, (printed, expected) in zip(told, (test.d, *ends), (d, low, high), strict=True):
        yield table.figure(key, claim, found, 3, printed=printed, expected=expected)


def _proper(table: Table, moves: pd.DataFrame, everybody: Sequence[str], models: Sequence[str]) -> Iterator[Figure]:
    """The tests with one score per episode; then t, degrees of freedom, p and Bayes factor as recomputed before."""
    from comity.stats.bayes import jzs_of

    for key, against, test, expected in (
        ("all", "against all others", by_episode(moves), everybody),
        ("models", "against other models", by_episode(moves, models_only=True), models),
    ):
        found = (("t", test.t, 2), ("df", test.freedom, 1), ("p", test.p, 3), ("bf", jzs_of(test).either, 2))
        for (name, value, digits), known in zip(found, expected, strict=True):
            yield table.figure(f"{key}-{name}", f"{_SAID[name]} {against}", value, digits, expected=known)


_SAID = {"t": "t of Welch's test", "df": "its degrees of freedom", "p": "its p", "bf": "two-sided Bayes factor"}

_PD_POINTS = {
    ALWAYS_F: "80.0",
    CLAUDE: "78.6",
    GPT4: "72.3",
    DAVINCI_3: "63.3",
    ONCE: "53.8",
    ALWAYS_J: "51.0",
    DAVINCI_2: "51.0",
    LLAMA: "51.0",
}
_BOS_POINTS = {
    SCOT: "73.2",
    DAVINCI_2: "55.4",
    LLAMA: "54.9",
    ALWAYS_J: "54.9",
    GPT4: "54.0",
    CLAUDE: "43.9",
    DAVINCI_3: "42.3",
    f"{ALTERNATE}, starting J": "37.2",
    f"{ALTERNATE}, starting F": "35.7",
    ALWAYS_F: "32.6",
}


def _points(table: Table, moves: pd.DataFrame, expected: dict[str, str]) -> Iterator[Figure]:
    """The mean points of everybody, in both seats and against all."""
    found = scores(moves).groupby("player")["payoff"].mean()
    for player in expected:
        yield table.figure(player, player, float(found.get(player, math.nan)), 2, expected=expected[player])


# Pairings


def _dilemma_map(moves: pd.DataFrame) -> Iterator[Figure]:
    for place, (table, digits, measure) in enumerate(((PD_DEFECTION, 1, _defection), (PD_SCORE, 0, _total))):
        for player, row in PD_MAP.items():
            for opponent, told in zip(_PD_COLUMNS, row, strict=True):
                printed = told.split()[place]
                found = measure(met(moves, player, opponent))
                yield table.cell(player, opponent, found, digits, printed=printed, expected=printed)


def _defection(moves: pd.DataFrame) -> float:
    return float((moves["action"] == "defect").mean())


def _total(moves: pd.DataFrame) -> float:
    return float(moves["payoff"].sum())


def _sexes_map(moves: pd.DataFrame) -> Iterator[Figure]:
    for player, row in BOS_MAP.items():
        for opponent, told in zip(_BOS_COLUMNS, row, strict=True):
            rate = coordination(met(moves, player, opponent))
            yield BOS_COORDINATION.cell(player, opponent, rate, 1, printed=told, expected=told)


def coordination(moves: pd.DataFrame) -> float:
    """The share of rounds in which both take the same option."""
    return float((moves["option"] == moves["opponent_option"]).mean())


# Courses of play


def _dilemma_course(moves: pd.DataFrame) -> Iterator[Figure]:
    of, grim = PD_COURSE.figure, "JFFFFFFFFF"
    first, second = (course(met(moves, GPT4, ONCE, seat)) for seat in (1, 2))
    yield of("gpt4", "GPT-4 in seat 1: J, then nine times F", first, printed=grim, expected=grim)
    yield of("gpt4-second", "the same in seat 2", second, expected=grim)
    forgiving = course(met(moves, DAVINCI_3, ONCE))
    yield of("davinci-3", "text-davinci-003 in seat 1", forgiving)
    yield of(
        "davinci-3-forgives",
        "the round from which text-davinci-003 cooperates to the end",
        float(settled(forgiving, "J")),
        0,
        expected="3",
    )


def _dilemma_after(moves: pd.DataFrame) -> Iterator[Figure]:
    """Whether GPT-4 never cooperates again; who it does so with is told."""
    mine = moves[moves["player"] == GPT4].sort_values(["episode", "seat", "round"])
    before = mine.groupby(["episode", "seat"])[["action", "opponent_action"]].shift()
    for own, other, claim, expected in (
        ("cooperate", "cooperate", "after cooperation of both", ""),
        ("cooperate", "defect", "after GPT-4 alone cooperated", ".00"),
        ("defect", "cooperate", "after the other alone cooperated", ".00"),
        ("defect", "defect", "after defection of both", ".00"),
    ):
        after = mine[((before["action"] == own) & (before["opponent_action"] == other)).fillna(False)]
        again = after[after["action"] == "cooperate"]
        partners = sorted(set(map(str, again["opponent"]))) if expected else []
        remark = f"{len(again)} of {len(after)} times, with {', '.join(partners)}." if partners else ""
        share = len(again) / len(after) if len(after) else math.nan
        yield PD_AFTER.figure(f"{own}-{other}", claim, share, expected=expected, remark=remark)


def settled(played: str, options: str) -> int:
    """The round from which a course of play is as wanted to the end, one more than there are where it never is.

    options: the wanted option of every round, or one for all.
    """
    wanted = options if len(options) == len(played) else options * len(played)
    wrong = [number for number, (made, right) in enumerate(zip(played, wanted, strict=True), start=1) if made != right]
    return (wrong[-1] if wrong else 0) + 1


def _sexes_course(moves: pd.DataFrame) -> Iterator[Figure]:
    of = BOS_COURSE.figure
    plain, prompted, second = met(moves, GPT4, ALTERNATE), met(moves, SCOT, ALTERNATE), met(moves, SCOT, ALTERNATE, 2)
    partner = "".join("JF"[int(option) - 1] for option in prompted["opponent_option"])
    yield of("gpt4", "GPT-4 in seat 1 insists on J", course(plain), printed="J" * 10, expected="J" * 10)
    yield of("gpt4-points", "its points", _total(plain), 0, expected="50")
    yield of("scot", "GPT-4 with SCoT in seat 1", course(prompted), printed="JJJJJFJFJF", expected="JJJJJFJFJF")
    yield of("scot-partner", "its partner, the script that alternates", partner, expected="JFJFJFJFJF")
    yield of("scot-points", "its points", _total(prompted), 0, expected="71")
    step = float(settled(course(prompted), partner))
    yield of("scot-step", "the round from which it is in step", step, 0, printed="5", expected="5")
    fails = course(second)
    yield of("scot-second", "GPT-4 with SCoT in seat 2", fails, expected="JFFFJFFFFF")
    yield of("scot-second-rate", "its coordination there", coordination(second), 1, expected=".3")
    rate = coordination(met(moves, GPT4, ALTERNATE, 2))
    yield of("gpt4-second-rate", "coordination of GPT-4 in seat 2 without SCoT", rate, 1, expected=".5")


# The last round


def _last_round(table: Table, moves: pd.DataFrame, expected: dict[str, tuple[str, str]]) -> Iterator[Figure]:
    """Whether GPT-4's options, and its changes of option, differ in round ten; expected: chi-square and p of each."""
    apart, mixed = gpt4_games(moves, "seat"), gpt4_games(moves, "episode")
    chosen = [[one == "J" for one in made] for made in apart]
    changed, cut = ([[a != b for a, b in pairwise(made)] for made in games] for games in (apart, mixed))
    for key, claim, happened, chances in (
        ("options", "whether J is taken as often as before", chosen, 9),
        ("script", "changes of option, as the source's script cuts and counts them", cut, 9),
        ("switches", "changes of option, both seats of a game against itself told apart", changed, 9),
        ("proper", "changes of option, of eight earlier chances and not nine", changed, 8),
    ):
        found = _chi_square(_early_and_late(happened, chances))
        for name, value, known in zip(("chi-square", "p"), found, expected.get(key, ("", "")), strict=True):
            digits = len(known.partition(".")[2]) or 3
            yield table.figure(f"{key}-{name}", f"{name} of {claim}", value, digits, expected=known)


def gpt4_games(moves: pd.DataFrame, apart: str) -> list[str]:
    """GPT-4's options in tens, one for each game and seat.

    apart: "seat"; or "episode" for tens as the source's script cuts them, which mixes the seats of a game against
    itself.
    """
    mine = moves[moves["player"] == GPT4].sort_values(["episode", "round", "seat"])
    by = ["episode", "seat"] if apart == "seat" else ["episode"]
    made = ["".join("JF"[int(option) - 1] for option in chosen) for _, chosen in mine.groupby(by)["option"]]
    return [options[start : start + 10] for options in made for start in range(0, len(options), 10)]


def _early_and_late(happened: list[list[bool]], chances: int) -> list[list[int]]:
    """How often it did and did not happen before the last round, of so many chances per game, and in it."""
    early, late = sum(sum(one[:-1]) for one in happened), sum(one[-1] for one in happened)
    return [[early, chances * len(happened) - early], [late, len(happened) - late]]


def _chi_square(counts: list[list[int]]) -> tuple[float, float]:
    """The chi-square of two by two counts, with Yates's correction, and p; NaN where a row or column is empty."""
    from scipy.stats import chi2_contingency

    if not all(map(sum, [*counts, *zip(*counts, strict=True)])):
        return math.nan, math.nan
    found = chi2_contingency(counts)
    return float(found.statistic), float(found.pvalue)
