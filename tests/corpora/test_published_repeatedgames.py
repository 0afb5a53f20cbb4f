"""The published moves of the study of repeated games: all of them replay, and a run gives them back as they were."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from operator import itemgetter
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from comity.corpora.repeatedgames import Frames, Imported, frames, import_repeated_games, read_repeated_games
from comity.corpora.repeatedgames.frames import DECISIONS, PEOPLE
from comity.corpora.repeatedgames.names import EXPERIMENTS, MODELS, SCRIPTS
from comity.games.ordinal import OrdinalGame
from comity.records.record import Record
from comity.records.store import RunFile
from comity.records.tables import tables
from tests.corpora.repeated import LOOKUPS, Row, write_csv

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    """The folder of its tidy tables."""
    found = shared_data / "repeatedgames"
    if not found.is_dir():
        pytest.skip("needs the published moves, in the folder shared/data/repeatedgames beside the checkout")
    return found


@pytest.fixture(scope="module")
def imported(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Imported, Path]:
    """The import of the tidy tables, and where its run lies."""
    run = tmp_path_factory.mktemp("repeatedgames") / "run"
    return import_repeated_games(folder, run), run


@pytest.fixture(scope="module")
def records(imported: tuple[Imported, Path]) -> list[Record]:
    with RunFile.open(imported[1]) as run:
        return list(run.records())


@pytest.fixture(scope="module")
def found(imported: tuple[Imported, Path], records: list[Record]) -> Frames:
    return frames(tables(records, decisions=False), imported[0].header)


def test_every_choice_is_paid_as_recorded(imported: tuple[Imported, Path]) -> None:
    done = imported[0]
    assert (done.recorded, done.left_out, done.payoffs_only) == (3_914 + 390, 0, 3)
    assert done.decisions == 80_480 + 3_900
    assert [str(disagreement) for disagreement in done.disagreements] == [
        "human_decisions.parquet, participant 17 in bos: round 3: nobody is paid 7 for that move",
        "human_decisions.parquet, participant 17 in bos: round 8: nobody is paid 7 for that move",
        "human_decisions.parquet, participant 38 in bos: round 9: nobody is paid 7 for that move",
        "human_decisions.parquet, participant 153 in pd: round 10: nobody is paid 0 for that move",
    ]


def test_the_defects_of_the_source_stand_in_the_notes(imported: tuple[Imported, Path]) -> None:
    notes = "\n".join(imported[0].header.notes)
    assert "in all 3,600 episodes" in notes
    misprinted = [*range(17, 25), 58, 59, 60, 83, 84, 95, 96]
    assert f"they were paid: {', '.join(f'rg{number:03d}' for number in misprinted)}\n" in notes
    assert "in 3 episodes (60 choices) the rules that were told have the letters exchanged" in notes


def test_the_run_gives_the_tables_back(folder: Path, found: Frames) -> None:
    for ours, name, columns, key in (
        (found.decisions, "decisions", DECISIONS, ["episode", "seat", "round"]),
        (found.people, "human_decisions", PEOPLE, ["participant", "game_id", "round"]),
    ):
        told = pd.read_parquet(folder / f"{name}.parquet", columns=list(columns)).astype(dict(columns))
        assert list(ours) == list(columns)
        pd.testing.assert_frame_equal(
            ours.sort_values(key, ignore_index=True), told.sort_values(key, ignore_index=True)
        )


def test_all_but_the_misprinted_games_are_ordinal_games(records: list[Record]) -> None:
    played = {record.match.cell.game_label: record.match.cell.game for record in records}
    swept = {label: spec for label, spec in played.items() if label.startswith("rg")}
    ordinal = {label: spec for label, spec in swept.items() if spec.name == "ordinal"}
    assert (len(swept), len(ordinal)) == (144, 129)
    assert all(OrdinalGame(**spec.parameters).number == label for label, spec in ordinal.items())


def test_a_clone_with_the_same_moves_becomes_the_same_records(
    folder: Path, imported: tuple[Imported, Path], tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    written(folder, clone)
    again = import_repeated_games(clone, tmp_path / "run")
    assert (again.recorded, again.left_out, again.payoffs_only) == (4_304, 0, 3)
    with RunFile.open(imported[1]) as first, RunFile.open(tmp_path / "run") as second:
        assert second.digest() == first.digest()
        kept = [json.loads(file.header.plan) for file in (first, second)]
    for plan in kept:
        del plan["from"], plan["layout"]
    assert kept[0] == kept[1]
    assert len(read_repeated_games(clone).episodes) == 3_914


# The tidy tables in the layout of the source's own files


def written(folder: Path, clone: Path) -> None:
    """Write what the tidy tables tell as a clone would have it."""
    by_file: dict[str, list[Row]] = defaultdict(list)
    seats = defaultdict[tuple[str, str], dict[int, list[Row]]](lambda: {1: [], 2: []})
    for row in rows_of(folder / "decisions.parquet", "round"):
        seats[row["source_file"], row["episode"]][row["seat"]].append(row)
    for (file, _), found in seats.items():
        by_file[file].extend(_lines(file, found))
    people = rows_of(folder / "human_decisions.parquet", "participant", "game_order", "round")
    by_file["human_experiment/analysis/repgames.csv"] = [_answer(row) for row in people]
    for name, lines in by_file.items():
        write_csv(clone / name, lines)
    games = rows_of(folder / "games.parquet", "game_number")
    write_csv(clone / "all_games/144_games_info.csv", ({name: game[name] for name in INFO} for game in games), ";")
    answers = rows_of(folder / "gpt4_response_tables.parquet", "round")
    for (game, version), name in LOOKUPS.items():
        lookup = clone / "human_experiment/experiment/lookups" / name
        lookup.parent.mkdir(parents=True, exist_ok=True)
        told = (row for row in answers if (row["game"], row["version"]) == (game, version))
        lookup.write_text(json.dumps({row["human_history"]: row["gpt4_move"] for row in told}))


INFO = ["game_number", "game_name", "game_family"] + [
    f"r{i}_c{j}_p{seat}" for i in (1, 2) for j in (1, 2) for seat in (1, 2)
]


def rows_of(table: Path, *sorted_by: str) -> list[Row]:
    """Sorted stably: what the order leaves open stays as it lies in the table."""
    rows: list[Row] = pq.read_table(table).to_pylist()
    return sorted(rows, key=itemgetter(*sorted_by))


def _lines(file: str, seats: Mapping[int, list[Row]]) -> Iterator[Row]:
    for one, two in zip(seats[1], seats[2], strict=True):
        yield {
            "round": one["round"],
            **_besides(file, one),
            "player1": one["player_raw"],
            "player2": two["player_raw"],
            "answer1": one["action_label"],
            "answer2": two["action_label"],
            "points1": one["payoff"],
            "points2": two["payoff"],
            "total1": one["cumulative_payoff"],
            "total2": two["cumulative_payoff"],
        }


def _besides(file: str, row: Row) -> Row:
    """The columns that only some of the files have."""
    if "robustness" in file:
        options = {str(row["label_option1"]), str(row["label_option2"])}
        named = str(row["first_presented_label"])
        return {"option1": named, "option2": (options - {named}).pop(), "outcomes": row["payoff_unit"]}
    if "payoff_changes" in file:
        return {"payoff": str(row["variant"]).removeprefix("payoff ")}
    if file.startswith("all_games"):
        return {"choice_option1": row["label_option1"], "choice_option2": row["label_option2"]}
    return {}


def _answer(row: Row) -> Row:
    return {
        "id": row["participant"],
        "game": {"pd": "PD", "bos": "BoS"}[str(row["game_id"])],
        "action": row["action_code_in_source"],
        "score": row["payoff"],
        "opponent": row["condition_label"],
        "guess": row["guess_after_game"],
        "coordination": row["coordination_in_source"],
    }


def test_the_files_and_names_of_the_source_are_those_of_its_tables(folder: Path) -> None:
    told = pd.read_parquet(folder / "decisions.parquet", columns=["experiment", "source_file", "player", "player_raw"])
    swept = told["experiment"] == "all_games"
    files = told[~swept].set_index("experiment")["source_file"].to_dict()
    assert files == {experiment.name: experiment.path for experiment in EXPERIMENTS}
    named = told[told["player_raw"] != "Defect_once"][["player_raw", "player"]].drop_duplicates()
    assert set(named.itertuples(index=False, name=None)) == {*MODELS.items(), *SCRIPTS.items()}
