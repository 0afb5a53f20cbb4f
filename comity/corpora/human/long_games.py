"""How longer games are kept: a hundred rounds with partners, sixty against programs, ten with a language model."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from comity.corpora.errors import CorpusError
from comity.corpora.human.files import SourceFile
from comity.corpora.human.layouts import (
    CHOICES,
    COURSE,
    Told,
    before,
    coded,
    from_zero,
    numbers,
    refuse_first,
    renamed,
    seen_of_partner,
)


def montero(files: Sequence[SourceFile]) -> Told:
    """Montero-Porras et al. (2022), fix.csv and rand.csv: who met whom in every round is told."""
    tables, links = zip(*map(_montero_file, files), strict=True)
    table, met = pd.concat(tables, ignore_index=True), pd.concat(links, ignore_index=True)
    payoffs = {str(name): {"R": 3.0, "S": 0.0, "T": 4.0, "P": 1.0} for name in table["condition"].unique()}
    there = set(zip(table["condition"], table["session"], table["agent"], strict=True))
    ends = zip(met["condition"], met["session"], met["agent"], met["neighbour"], strict=True)
    kept = np.array([there >= {(*where, one), (*where, other)} for *where, one, other in ends], dtype=bool)
    lost = (f"{(~kept).sum()} meetings were with somebody who is not in the files",) if not kept.all() else ()
    return Told(table, met[kept], payoffs, lost)


def _montero_file(file: SourceFile) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = renamed(file, {"session": "session", "agent": "player", "action": "action_player"})
    condition = coded(file, "treatment", {"fix": "fixed partners", "rand": "shuffled partners"})
    table = table.assign(
        population="people", condition=condition, stretch="match", round=from_zero(file, "round"),
        valid=file.frame["who_played"].eq("user"),
    )  # fmt: skip
    low, high = np.sort(np.column_stack([table["agent"].astype(str), file.frame["opponent"].astype(str)]), axis=1).T
    pair = pd.Series(low, table.index) + " & " + pd.Series(high, table.index)
    table["unit"] = table["agent"].where(condition == "shuffled partners", pair)
    table["neighbours"] = seen_of_partner(table, coded(file, "action_opponent", CHOICES))
    table["pay"] = before(table, numbers(file, "payoff"), COURSE)
    links = table[["condition", "session", "stretch", "round"]].assign(agent=low, neighbour=high)
    return table, links.drop_duplicates()


def swarup(files: Sequence[SourceFile]) -> Told:
    """Swarup et al., one file for each rule that the programs follow; A cooperates (it pays 4 with A and 1 with B)."""
    payoffs = {file.path.stem: {"R": 4.0, "S": 1.0, "T": 5.0, "P": 2.0} for file in files}
    return Told(pd.concat(map(_swarup_file, files), ignore_index=True), payoffs=payoffs)


def _swarup_file(file: SourceFile) -> pd.DataFrame:
    codes = {"a": "C", "b": "D"}
    timed_out = coded(file, "timerTriggered", {"true": "true", "false": "false"}) == "true"
    table = renamed(file, {"agent": "UUID", "round": "roundOrder"})
    table = table.assign(
        population="people", condition=file.path.stem, session=table["agent"], stretch="game", valid=~timed_out,
        round=numbers(file, "roundOrder"),
    )  # fmt: skip
    action = file.frame["subjectDecision"].astype("string").str.casefold().map(codes)
    wrong = (action.isna() & ~timed_out).to_numpy(dtype=bool)
    refuse_first(file.path, file.frame, "subjectDecision", wrong, "allowed are A and B, or anything after a timeout")
    table["action"] = action
    table["neighbours"] = seen_of_partner(table, file.frame["oppDecision"].astype("string").str.casefold().map(codes))
    table["pay"] = before(table, numbers(file, "payoff"), COURSE)
    return table


_FRAMES = {
    str(number): frame
    for number, frame in enumerate(
        ("base", "project", "enemy", "competition", "war", "labour", "stats", "couple", "procurement", "discretion"), 1
    )
}
_ONE_TWO = {"1": "C", "2": "D"}
HUMAN = "ego_human.{}.player.{}"
ROUNDS = range(1, 11)


def engel_people(files: Sequence[SourceFile]) -> Told:
    """Engel et al. (2025), people with GPT-4: a row for each person, with columns for each round."""
    read = [_engel_file(file) for file in files]
    left = sum(count for _, count in read)
    table = pd.concat([part for part, _ in read], ignore_index=True)
    links = table.loc[table["agent"] == "person", ["condition", "session", "stretch", "agent"]].drop_duplicates()
    told = (f"{left} people who left before the tenth round are not in it, as in the publication",) if left else ()
    return Told(table, links.assign(neighbour="partner"), limits=told)


def _engel_file(file: SourceFile) -> tuple[pd.DataFrame, int]:
    """The rows of those who stayed, and how many did not."""
    stayed = file.frame[HUMAN.format(10, "other_choice")].notna()
    condition = coded(file, HUMAN.format(1, "treatment"), _FRAMES, empty=True)
    session = file.path.stem + "/" + file.frame["participant.label"].astype(str)
    rows = [
        pd.DataFrame(
            {
                "population": population, "condition": condition, "session": session, "unit": session, "agent": agent,
                "stretch": "game", "round": number - 1,
                "action": coded(file, HUMAN.format(number, column), _ONE_TWO, empty=True),
            }
        )[stayed]
        for population, agent, column in (("people", "person", "choice"), ("gpt-4", "partner", "other_choice"))
        for number in ROUNDS
    ]  # fmt: skip
    return pd.concat(rows, ignore_index=True), int((~stayed).sum())


def engel_models(files: Sequence[SourceFile]) -> Told:
    """Engel et al. (2025), a model with itself: a row for each choice of each thread of a conversation."""
    table = pd.concat(map(_engel_models_file, files), ignore_index=True)
    talks = table.groupby(["condition", "session", "stretch"], sort=False)["agent"]
    ends = talks.agg(["first", "last", "nunique"]).reset_index()
    wrong = ends["nunique"] != 2
    if wrong.any():
        where, found = ends.loc[wrong, "session"].iloc[0], ends.loc[wrong, "nunique"].iloc[0]
        raise CorpusError(f"{files[0].path}: conversation {where} has {found} threads, where there should be two")
    links = ends.rename(columns={"first": "agent", "last": "neighbour"}).drop(columns="nunique")
    return Told(table, links)


def _engel_models_file(file: SourceFile) -> pd.DataFrame:
    known = re.match(r"data(35|4)", file.path.stem)
    table = renamed(file, {"session": "convo", "unit": "convo", "agent": "thread"})
    return table.assign(
        population={"35": "gpt-3.5", "4": "gpt-4"}[known[1]] if known else file.path.stem,
        condition=coded(file, "treatment", _FRAMES),
        stretch="game",
        round=from_zero(file, "round_"),
        action=coded(file, "choice", _ONE_TWO),
    )
