"""Published layouts, made here from play of ours: what went in must come back, and lacks must be said.

The layouts are spelled out a second time and from the publishers' side, so that a misreading cannot hide here as well.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
import rdata

from comity.corpora.errors import CorpusError
from comity.corpora.human.dataset import HumanData, read_human
from comity.corpora.human.importing import import_human
from comity.corpora.human.layouts import before
from comity.fidelity.observations import Observations

Course = tuple[str, str]
"""What two players did, round by round, such as ("CCD", "DDD")."""


def courses(count: int, rounds: int, seed: int = 1) -> list[Course]:
    draws = random.Random(seed)
    return [("".join(draws.choices("CD", k=rounds)), "".join(draws.choices("CD", k=rounds))) for _ in range(count)]


def imported(source: Path, tmp_path: Path) -> HumanData:
    import_human(str(source), tmp_path / "data")
    return read_human(tmp_path / "data")


def test_what_was_before_is_of_the_round_before_and_of_nobody_else() -> None:
    rows = [("a", 3, "d"), ("a", 0, "x"), ("b", 4, "e"), ("a", 1, "y"), ("b", 0, "z")]
    table = pd.DataFrame(rows, columns=["agent", "round", "value"])
    assert before(table, table["value"], ["agent"]).fillna("").tolist() == ["", "", "", "x", ""]


def rows_of(found: Observations, agent: str) -> np.ndarray[Any, Any]:
    """Action, own last action and share of neighbours, by round."""
    here = found.agent == found.agents.index(agent)
    return np.stack([found.action[here], found.own[here], found.neighbours[here]])


def expected(own: str, other: str) -> np.ndarray[Any, Any]:
    """The same from what both did."""
    mine, theirs = ([float(action == "C") for action in actions] for actions in (own, other))
    return np.array([mine, [np.nan, *mine[:-1]], [np.nan, *theirs[:-1]]])


def agree(found: Observations, agent: str, own: str, other: str) -> None:
    assert np.array_equal(rows_of(found, agent), expected(own, other), equal_nan=True)


def r_file(path: Path, name: str, rows: list[dict[str, Any]], factors: tuple[str, ...] = ()) -> Path:
    """An R data file with one data frame."""
    frame = pd.DataFrame(rows)
    for column in frame.select_dtypes(exclude="number"):
        text = frame[column].astype(pd.StringDtype("python"))
        frame[column] = text.astype("category") if column in factors else text
    rdata.write_rda(path, {name: frame})
    return path


def test_subjects_of_dal_bo_and_frechette_as_r_data(tmp_path: Path) -> None:
    games = courses(4, 3)
    rows = [
        {
            "treatment": "D75R40", "id": 1 + number % 2, "game": 60 + number // 2, "period": round,
            "choice": own[round - 1].lower(), "other.choice": other[round - 1].lower(),
        }
        for number, (own, other) in enumerate(games)
        for round in (1, 2, 3)
    ]  # fmt: skip
    factors = ("treatment", "choice", "other.choice")
    data = imported(r_file(tmp_path / "DF2011.rda", "DF2011", rows, factors), tmp_path)
    [found] = data.conditions().values()
    assert (data.card.name, found.condition) == ("dal_bo_frechette_2011_subjects", "r40_delta0.75")
    assert data.card.conditions["r40_delta0.75"].payoffs == {"R": 40, "S": 12, "T": 50, "P": 25}
    assert not data.card.sessions_known
    for person in (0, 1):
        mine = rows_of(found, str(person + 1))
        whole = np.concatenate([expected(*games[number]) for number in (person, person + 2)], axis=1)
        assert np.array_equal(mine, whole, equal_nan=True)


def test_every_decision_of_dal_bo_and_frechette_as_r_data(tmp_path: Path) -> None:
    games = courses(3, 2)
    rows = [
        {
            "coop": int(both[seat][round - 1] == "C"), "date": 22206.2, "delta": 0.5, "group": 900 + number,
            "id": 10 * number + seat, "period": round, "r": 32, "supergame": number,
        }
        for number, both in enumerate(games)
        for seat in (0, 1)
        for round in (1, 2)
    ]  # fmt: skip
    data = imported(r_file(tmp_path / "DF2011all.rda", "DF2011all", rows), tmp_path)
    [found] = data.conditions().values()
    assert (data.card.ids, data.card.links, found.condition) == (False, True, "r32_delta0.5")
    assert found.sessions == ("22206.2",)
    for number, (one, other) in enumerate(games):
        agree(found, found.agents[2 * number], one, other)
        agree(found, found.agents[2 * number + 1], other, one)
        assert found.unit_of[2 * number] == found.unit_of[2 * number + 1]


def test_fudenberg_rand_and_dreber_as_r_data_tell_what_was_carried_out(tmp_path: Path) -> None:
    chosen, done, other = "CCD", "CDD", "DCC"
    rows = [
        {
            "treatment": "t", "id": 7, "game": 5, "period": round + 1, "choice": chosen[round].lower(),
            "last.choice": done[round - 1].lower() if round else None, "bc": "2.5", "error": "0.125",
            "last.other": other[round - 1].lower() if round else None,
        }
        for round in range(3)
    ]  # fmt: skip
    data = imported(r_file(tmp_path / "FRD2012.rda", "FRD2012", rows), tmp_path)
    found = data.conditions()["bc2.5_error0.125"]
    assert found.action.tolist() == [1, 1, 0]
    assert np.array_equal(found.own, [np.nan, 1, 0], equal_nan=True)
    assert np.array_equal(found.neighbours, [np.nan, 0, 1], equal_nan=True)
    assert data.card.conditions["bc2.5_error0.125"].payoffs == {"R": 3, "S": -2, "T": 5, "P": 0}


def test_nay_and_vorobeychik_as_r_data_have_plays_and_no_people(tmp_path: Path) -> None:
    games = courses(3, 3)
    rows = [
        {
            "period": round, "my.decision": own[round - 1], "other.decision1": other[round - 2] if round > 1 else "D",
            "data": "AM", "group": 18, "r": 0.07, "s": 0.0, "t": 0.12, "p": 0.04,
        }
        for own, other in games
        for round in (1, 2, 3)
    ]  # fmt: skip
    data = imported(r_file(tmp_path / "NV_games.rda", "NV_games", rows), tmp_path)
    [found] = data.conditions().values()
    assert found.condition == "AM_18"
    assert not data.card.ids
    assert any("names of subjects" in sentence for sentence in data.card.missing)
    for number, (own, other) in enumerate(games):
        agree(found, str(number + 1), own, other)


MONTERO = [
    "", "Unnamed: 0", "round", "player", "action_player", "opponent", "action_opponent", "payoff", "time_php",
    "time_js", "who_played", "treatment", "session", "player_id", "context",
]  # fmt: skip


def montero(folder: Path, treatment: str, meetings: list[list[tuple[int, int]]]) -> dict[int, str]:
    """The file of one treatment. meetings: by round, who met whom. Returns what everybody did."""
    draws = random.Random(treatment)
    players = sorted({player for pair in meetings[0] for player in pair})
    did = {player: "".join(draws.choices("CD", k=len(meetings))) for player in players}
    paid = {"CC": 3, "CD": 0, "DC": 4, "DD": 1}
    rows = []
    for round, pairs in enumerate(meetings):
        for player, other in [*pairs, *((b, a) for a, b in pairs)]:
            both = did[player][round] + did[other][round]
            rows.append(
                [0, 0, round + 1, f"s1usuario{player}", both[0], f"s1usuario{other}", both[1], paid[both], 0.5, 0.5,
                 "user" if player != 3 or round else "random", treatment, "s1", player, ""]
            )  # fmt: skip
    pd.DataFrame(rows, columns=MONTERO).to_csv(folder / f"{treatment}.csv", index=False)
    return did


def test_montero_porras_with_fixed_and_shuffled_partners(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    fixed = montero(source, "fix", [[(1, 2), (3, 4)]] * 4)
    turns = [[(1, 2), (3, 4)], [(1, 3), (2, 4)], [(1, 4), (2, 3)], [(1, 2), (3, 4)]]
    shuffled = montero(source, "rand", turns)
    data = imported(source, tmp_path)
    pairs, strangers = data.conditions()["fixed partners"], data.conditions()["shuffled partners"]
    agree(pairs, "s1usuario1", fixed[1], fixed[2])
    assert pairs.invalid == 1
    assert np.isnan(rows_of(pairs, "s1usuario3")[0, 0])
    agree(pairs, "s1usuario4", fixed[4], fixed[3])
    units = dict(zip(pairs.agents, pairs.unit_of, strict=True))
    assert units["s1usuario1"] == units["s1usuario2"] != units["s1usuario3"]
    agree(strangers, "s1usuario1", shuffled[1], "".join(shuffled[other][t] for t, other in enumerate((2, 3, 4, 2))))
    assert data.card.files.keys() == {"fix.csv", "rand.csv"}
    assert data.card.conditions["fixed partners"].payoffs == {"R": 3, "S": 0, "T": 4, "P": 1}


def test_romero_and_rosokha_have_sessions_in_their_names(tmp_path: Path) -> None:
    own, other = "CDDC", "DDCC"
    lines = [
        f"T1S2S0{n},{game},{t + 1},{a[t]},{b[t]}"
        for game in (1, 2)
        for n, a, b in ((1, own, other), (2, other, own))
        for t in range(4)
    ]
    path = tmp_path / "action_data_RR2018.csv"
    path.write_text("\n".join(["subject,supergame,period,action,opponentAction", *lines]) + "\n")
    [found] = imported(path, tmp_path).conditions().values()
    assert (found.condition, found.sessions) == ("T1", ("T1S2",))
    assert np.array_equal(rows_of(found, "T1S2S02"), np.tile(expected(other, own), 2), equal_nan=True)
    path.write_text(path.read_text().replace("T1S2S01,1,1", "Ann,1,1", 1))
    with pytest.raises(CorpusError, match=r"row 1: subject is 'Ann'; allowed are names such as T1S1S01"):
        import_human(str(path), tmp_path / "again")


def test_swarup_met_programs_and_a_timeout_is_nobodys_choice(tmp_path: Path) -> None:
    head = "UUID\troundOrder\tsubjectDecision\toppDecision\tpayoff\ttimerTriggered\toppBotName\ttimeCreated"
    lines = ["u1\t0\tA\tB\t1\tfalse\tPanda\t1", "u1\t1\tnone\tA\t0\ttrue\tKoala\t2", "u1\t2\tB\tA\t5\tfalse\tPanda\t3"]
    path = tmp_path / "tft.txt"
    path.write_text("\n".join([head, *lines]) + "\n")
    data = imported(path, tmp_path)
    found = data.conditions()["tft"]
    assert np.array_equal(found.action, [1, np.nan, 0], equal_nan=True)
    assert np.array_equal(found.own, [np.nan, 1, np.nan], equal_nan=True)
    assert np.array_equal(found.neighbours, [np.nan, 0, 1], equal_nan=True)
    assert found.invalid == 1
    path.write_text(path.read_text().replace("B\tA\t5\tfalse", "X\tA\t5\tfalse"))
    with pytest.raises(CorpusError, match=r"row 3: subjectDecision is 'X'"):
        import_human(str(path), tmp_path / "again")


def test_engel_people_play_with_a_model(tmp_path: Path) -> None:
    own, other = "CDCDCCDDCC", "CCDDCDCDDC"
    code = {"C": 1, "D": 2}

    def wide(label: str, last: bool) -> dict[str, Any]:
        row: dict[str, Any] = {"participant.label": label, "participant.code": "x"}
        for number in range(1, 11):
            stays = last or number < 10
            row[f"ego_human.{number}.player.treatment"] = 3
            row[f"ego_human.{number}.player.choice"] = code[own[number - 1]] if stays else None
            row[f"ego_human.{number}.player.other_choice"] = code[other[number - 1]] if stays else None
        return row

    path = tmp_path / "all_apps_wide-2023-08-11.csv"
    pd.DataFrame([wide("p1", True), wide("p2", False)]).to_csv(path, index=False)
    data = imported(path, tmp_path)
    assert data.card.populations == ("people", "gpt-4")
    agree(data.conditions("people")["enemy"], "person", own, other)
    agree(data.conditions("gpt-4")["enemy"], "partner", other, own)
    assert any(sentence.startswith("1 people who left") for sentence in data.card.limits)


def test_engel_models_play_with_themselves(tmp_path: Path) -> None:
    games = courses(2, 10)
    rows = [
        {"experiment": "e", "convo": f"c{n}", "thread": f"c{n}t{seat}", "thread_type": "GPTThread", "treatment": 1,
         "round_": t + 1, "choice": 1 if both[seat][t] == "C" else 2, "min_time": 5 * seat}
        for n, both in enumerate(games) for t in range(10) for seat in (0, 1)
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "data35_new.csv", index=False)
    data = imported(tmp_path / "data35_new.csv", tmp_path)
    assert data.population() == "gpt-3.5"
    found = data.conditions()["base"]
    for number, (one, other) in enumerate(games):
        agree(found, f"c{number}t0", one, other)
    pd.DataFrame(rows[::2]).to_csv(tmp_path / "data35_new.csv", index=False)
    with pytest.raises(CorpusError, match="conversation c0 has 1 threads, where there should be two"):
        import_human(str(tmp_path / "data35_new.csv"), tmp_path / "again")


def test_r_data_need_a_library_that_a_sentence_names(tmp_path: Path) -> None:
    path = r_file(tmp_path / "x.rda", "x", [{"a": 1}])
    with patch.dict(sys.modules, {"rdata": None}), pytest.raises(CorpusError, match=r"pip install 'comity\[r\]'"):
        import_human(str(path), tmp_path / "data")
    with pytest.raises(CorpusError, match="holds no table in a layout"):
        import_human(str(path), tmp_path / "data")
    path.write_bytes(b"no R data")
    with pytest.raises(CorpusError, match=r"x.rda cannot be read"):
        import_human(str(path), tmp_path / "data")
