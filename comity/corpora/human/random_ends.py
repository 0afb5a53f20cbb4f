"""How repeated prisoner's dilemmas that end by chance are kept: tidy Parquet, R data files, and CSV.

Each reader moves the columns of one layout into ours and adds nothing. What a source says twice (what the other did, a
last action) is read too, so that the checks of `comity.fidelity.reading` find where it contradicts itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from comity.corpora.errors import CorpusError
from comity.corpora.human.files import SourceFile
from comity.corpora.human.layouts import (
    CHOICES,
    COURSE,
    Payoffs,
    Told,
    before,
    coded,
    from_zero,
    numbers,
    payoffs_of,
    refuse_first,
    renamed,
    seen_of_partner,
)

_SEEN = {"c": "1", "d": "0"}
"""What the one partner did, as the share of partners who cooperated."""

_OURS = {"R": "payoff_R", "S": "payoff_S", "T": "payoff_T", "P": "payoff_P"}


def df_all(files: Sequence[SourceFile]) -> Told:
    """Dal Bó and Fréchette (2011), every decision: a player is known inside one match only."""
    [file] = files
    table = renamed(file, {"condition": "treatment", "session": "session", "action": "action"})
    match, player = file.frame["match"].astype(str), file.frame["player_in_match"].astype(str)
    table = table.assign(
        population="people", unit=match, agent=match + "/" + player, stretch=file.frame["supergame"].astype(str),
        round=from_zero(file, "round"),
    )  # fmt: skip
    table["pay"] = before(table, numbers(file, "payoff"), COURSE)
    return Told(table, _pairs_of_matches(file, table, match), payoffs_of(file, table["condition"], _OURS))


def df_all_r(files: Sequence[SourceFile]) -> Told:
    """The same as R data: DF2011all."""
    [file] = files
    frame = file.frame
    r, delta = numbers(file, "r"), numbers(file, "delta")
    match = frame["group"].astype(str)
    table = pd.DataFrame(
        {
            "population": "people",
            "condition": [f"r{one:g}_delta{two:g}" for one, two in zip(r, delta, strict=True)],
            "session": frame["date"].astype(str),
            "unit": match,
            "agent": match + "/" + frame["id"].astype(str),
            "stretch": frame["supergame"].astype(str),
            "round": from_zero(file, "period"),
            "action": coded(file, "coop", {"1": "C", "0": "D", "true": "C", "false": "D"}),
        }
    )
    payoffs = {str(name): _df_payoffs(str(name)) for name in table["condition"].unique()}
    return Told(table, _pairs_of_matches(file, table, match), payoffs)


def _pairs_of_matches(file: SourceFile, table: pd.DataFrame, match: pd.Series[str]) -> pd.DataFrame:
    """Who played whom: the two players of every match, of one session and supergame."""
    where = ["condition", "session", "stretch", "match"]
    seats = table.assign(match=match)[[*where, "agent"]].drop_duplicates()
    ends = seats.groupby(where, sort=False)["agent"].agg(["first", "last", "size"]).reset_index()
    wrong = ends["size"] != 2
    if wrong.any():
        name, found = ends.loc[wrong, "match"].iloc[0], int(ends.loc[wrong, "size"].iloc[0])
        players = "1 player" if found == 1 else f"{found} players"
        raise CorpusError(f"{file.path}: match {name} has {players}, where there should be two")
    return ends.rename(columns={"first": "agent", "last": "neighbour"}).drop(columns=["match", "size"])


def df_subjects(files: Sequence[SourceFile]) -> Told:
    """Dal Bó and Fréchette (2011), the last part of each session, by participant."""
    [file] = files
    table = renamed(
        file,
        {"condition": "treatment", "agent": "participant", "stretch": "supergame", "action": "action"},
    )
    table = table.assign(population="people", session="not told", round=from_zero(file, "round"))
    table["neighbours"] = seen_of_partner(table, coded(file, "opponent_action", CHOICES))
    table["pay"] = before(table, numbers(file, "payoff"), COURSE)
    return Told(table, payoffs=payoffs_of(file, table["condition"], _OURS))


def df_subjects_r(files: Sequence[SourceFile]) -> Told:
    """The same as R data: DF2011."""
    [file] = files
    frame = file.frame
    condition = frame["treatment"].astype(str).map(_df_treatment)
    table = pd.DataFrame(
        {
            "population": "people",
            "condition": condition,
            "session": "not told",
            "agent": frame["id"].astype(str),
            "stretch": frame["game"].astype(str),
            "round": from_zero(file, "period"),
            "action": coded(file, "choice", CHOICES),
        }
    )
    if "other.choice" in frame:
        table["neighbours"] = seen_of_partner(table, coded(file, "other.choice", CHOICES))
    else:
        table["neighbours"] = coded(file, "input", {"cc": "1", "dc": "1", "cd": "0", "dd": "0"}, empty=True)
    payoffs = {str(name): _df_payoffs(str(name)) for name in condition.unique()}
    return Told(table, payoffs=payoffs)


def _df_treatment(label: str) -> str:
    """A treatment as we call it: "D75R32", of the R data, is "r32_delta0.75"; other labels stay as they are."""
    known = re.fullmatch(r"D(\d+)R(\d+)", label.strip(), re.IGNORECASE)
    return f"r{known[2]}_delta0.{known[1]}" if known else label


def _df_payoffs(condition: str) -> Payoffs:
    """The points of a treatment as Dal Bó and Fréchette (2011) print them: only what cooperation pays differs."""
    known = re.match(r"r(\d+)_", condition)
    return {"R": float(known[1]), "S": 12.0, "T": 50.0, "P": 25.0} if known else {}


def frd(files: Sequence[SourceFile]) -> Told:
    """Fudenberg, Rand and Dreber (2012): what was chosen, and what was carried out."""
    [file] = files
    table = renamed(
        file,
        {
            "condition": "treatment", "agent": "participant", "stretch": "supergame", "action": "intended_action",
            "executed": "realised_action",
        },
    )  # fmt: skip
    table = table.assign(population="people", session="not told", round=from_zero(file, "round"))
    table["neighbours"] = coded(file, "previous_opponent_realised_action", _SEEN, empty=True)
    return Told(table, payoffs=payoffs_of(file, table["condition"], _OURS))


def frd_r(files: Sequence[SourceFile]) -> Told:
    """The same as R data: FRD2012. What was carried out in a round is told with the round after it."""
    [file] = files
    frame = file.frame
    bc, error = numbers(file, "bc"), numbers(file, "error")
    table = pd.DataFrame(
        {
            "population": "people",
            "condition": [f"bc{float(one)}_error{float(two)}" for one, two in zip(bc, error, strict=True)],
            "session": "not told",
            "agent": frame["id"].astype(str),
            "stretch": frame["game"].astype(str),
            "round": from_zero(file, "period"),
            "action": coded(file, "choice", CHOICES),
            "neighbours": coded(file, "last.other", _SEEN, empty=True),
        }
    )
    last = table.assign(round=table["round"] - 1, executed=coded(file, "last.choice", CHOICES, empty=True))
    keys = [*COURSE, "round"]
    table = table.merge(last.loc[last["round"] >= 0, [*keys, "executed"]], on=keys, how="left")
    payoffs = {
        str(name): {"R": 2 * (ratio - 1), "S": -2.0, "T": 2 * ratio, "P": 0.0}
        for name, ratio in zip(table["condition"], map(float, bc), strict=True)
    }
    return Told(table, payoffs=payoffs)


def nv(files: Sequence[SourceFile]) -> Told:
    """Nay and Vorobeychik (2016): an agent is one person's play of one game."""
    [file] = files
    condition = file.frame["study_code"].astype(str) + "_" + file.frame["game_variant"].astype(str)
    table = renamed(file, {"agent": "episode", "action": "action"})
    table = table.assign(
        population="people", condition=condition, session=condition, stretch="game", round=from_zero(file, "round")
    )
    table["neighbours"] = coded(file, "previous_opponent_action", _SEEN, empty=True)
    return Told(table, payoffs=payoffs_of(file, condition, _OURS))


def nv_r(files: Sequence[SourceFile]) -> Told:
    """The same as R data: NV_games. A play begins where the rounds begin anew."""
    [file] = files
    round = from_zero(file, "period")
    group = file.frame["group"].astype("string").str.removesuffix(".0")
    condition = file.frame["data"].astype(str) + "_" + group.astype(str)
    codes = {"1": "C", "0": "D", "true": "C", "false": "D", **CHOICES}
    table = pd.DataFrame(
        {
            "population": "people",
            "condition": condition,
            "session": condition,
            "agent": (round == 0).cumsum().astype(str),
            "stretch": "game",
            "round": round,
            "action": coded(file, "my.decision", codes),
        }
    )
    seen = coded(file, "other.decision1", codes, empty=True).map({"C": 1.0, "D": 0.0})
    table["neighbours"] = seen.where(round > 0)
    return Told(table, payoffs=payoffs_of(file, condition, {"R": "r", "S": "s", "T": "t", "P": "p"}))


def rr(files: Sequence[SourceFile]) -> Told:
    """Romero and Rosokha (2018): the names of subjects hold treatment and session."""
    [file] = files
    parts = file.frame["subject"].astype("string").str.extract(r"^(T\d+)(S\d+)(S\d+)$")
    refuse_first(
        file.path,
        file.frame,
        "subject",
        parts[0].isna().to_numpy(dtype=bool),
        "allowed are names such as T1S1S01: treatment, session, subject",
    )
    table = renamed(file, {"agent": "subject", "stretch": "supergame", "action": "action"})
    table = table.assign(
        population="people", condition=parts[0], session=parts[0] + parts[1], round=from_zero(file, "period")
    )
    table["neighbours"] = seen_of_partner(table, coded(file, "opponentAction", CHOICES))
    return Told(table)
