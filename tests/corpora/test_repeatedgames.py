"""The importer of the repeated games, on moves of our making: what was played comes back, and what is wrong is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from comity.core.outcome import stage_plays
from comity.corpora.errors import CorpusError
from comity.corpora.repeatedgames import Imported, frames, import_repeated_games, is_imported, read_repeated_games
from comity.corpora.repeatedgames.account import GameAccount
from comity.corpora.repeatedgames.frames import DECISIONS, PEOPLE, Frames
from comity.games.matrix import BattleOfTheSexes, MatrixGame, PrisonersDilemma
from comity.games.ordinal import OrdinalGame
from comity.records.check import check
from comity.records.record import Record
from comity.records.store import Header, RunFile
from comity.records.tables import tables
from tests.commands import called
from tests.corpora import repeated
from tests.corpora.repeated import RESPONSES, Row, write_clone, write_parquet

pytestmark = pytest.mark.slow

LAYOUTS = {"clone": write_clone, "parquet": write_parquet}
IMPOSSIBLE = "participant 2 in pd: round 1: nobody is paid 10 for that move"


@pytest.fixture(scope="module", params=LAYOUTS)
def imported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Imported, Path]:
    """The import of either layout, and where its run lies."""
    base = tmp_path_factory.mktemp(request.param)
    run = base / "run"
    return import_repeated_games(LAYOUTS[request.param](base / "source"), run), run


def records_of(run: Path) -> list[Record]:
    with RunFile.open(run) as file:
        return list(file.records())


def frames_of(run: Path) -> Frames:
    with RunFile.open(run) as file:
        return frames(tables(file.records(), decisions=False), file.header)


def told(columns: dict[str, str], rows: list[Row]) -> pd.DataFrame:
    """What the tidy tables say, in the columns of a frame."""
    return pd.DataFrame([{column: row[column] for column in columns} for row in rows]).astype(columns)


# What was played comes back


def test_the_frames_of_a_run_are_what_was_told(imported: tuple[Imported, Path]) -> None:
    found = frames_of(imported[1])
    decisions = [row for played in repeated.EPISODES for row in played.rows()]
    people = [row for person in repeated.PEOPLE for row in person.rows(RESPONSES)]
    assert_frame_equal(found.decisions, told(dict(DECISIONS), decisions))
    assert_frame_equal(found.people, told(dict(PEOPLE), people))


def test_every_match_is_recorded_and_replays(imported: tuple[Imported, Path]) -> None:
    done, run = imported
    matches = len(repeated.EPISODES) + len(repeated.PEOPLE)
    assert (done.recorded, done.left_out, done.payoffs_only) == (matches, 0, 1)
    assert done.decisions == sum(2 * len(played.letters) for played in repeated.EPISODES) + 40
    [disagreement] = done.disagreements
    assert str(disagreement).endswith(IMPOSSIBLE)
    assert f"{done.decisions:,} choices told" in done.summary()[0]
    with RunFile.open(run) as file:
        assert file.header == done.header
        assert file.is_complete()
        assert list(check(file)) == []
    for record, played in zip(records_of(run), repeated.EPISODES, strict=False):
        outcome = record.replayed().outcome
        assert outcome is not None
        assert [list(play.outcome.payoffs) for play in stage_plays(outcome)] == played.paid
        assert record.match.agents == played.names
        assert (record.match.replicate, record.match.cell.game_label) == ("1", played.game_id)


def test_both_layouts_become_the_same_records(tmp_path: Path) -> None:
    for name, write in LAYOUTS.items():
        import_repeated_games(write(tmp_path / name), tmp_path / f"run of {name}")
    digests = set()
    for name in LAYOUTS:
        with RunFile.open(tmp_path / f"run of {name}") as file:
            digests.add(file.digest())
    assert len(digests) == 1


def test_games_are_those_of_the_catalogue_where_they_pay_as_theirs(imported: tuple[Imported, Path]) -> None:
    built = {}
    for record in records_of(imported[1]):
        game: Any = record.match.cell.built
        while hasattr(game, "base"):
            game = game.base
        built[record.match.cell.game_label] = game
    assert built["rg001"] == OrdinalGame(1, 1)
    assert built["pd"] == PrisonersDilemma(8, 0, 10, 5)
    assert built["bos"] == BattleOfTheSexes(10, 7, 0)
    assert {name for name, game in built.items() if isinstance(game, MatrixGame)} == {"rg017", "bos_v3", "bos_v4"}


def test_mechanisms_say_what_was_announced_and_how_it_was_told(imported: tuple[Imported, Path]) -> None:
    stacks = {record.match.cell.mechanism_label: record.match.cell.stack for record in records_of(imported[1])}
    told = {label: {spec.name: spec.parameters for spec in stack} for label, stack in stacks.items()}
    ten = {"rounds": 10, "discount": 1, "memory": "all", "horizon": "announced"}
    assert told["main"] == told["gradation"] == told["people"] == {"repetition": ten}
    assert told["20 rounds"] == {"repetition": {**ten, "rounds": 20}}
    assert told["ends 40 %"] == {"repetition": {**ten, "rounds": 20, "discount": 0.6, "horizon": "chance"}}
    cooking = {"labels": ("J", "F"), "story": "cooking", "unit": "votes"}
    assert told["robust: cooking, J/F, audience votes"] == {"repetition": ten, "presentation": cooking}
    exchanged = {"labels": ("H", "R"), "story": "project", "unit": "bonus rewards"}
    assert told["robust: project, H/R, bonus rewards"]["presentation"] == exchanged


def test_each_participant_is_a_replicate_against_one_agent(imported: tuple[Imported, Path]) -> None:
    found = [record for record in records_of(imported[1]) if record.match.cell.mechanism_label == "people"]
    assert {record.match.agents for record in found} == {("GPT-4 (to people)", "people")}
    assert [(record.match.replicate, record.match.cell.game_label) for record in found] == [
        ("p001", "bos"),
        ("p001", "pd"),
        ("p002", "pd"),
        ("p002", "bos"),
    ]
    [lost] = [record for record in found if record.status == "payoffs_only"]
    scores = repeated.PEOPLE[2].paid
    assert lost.payoffs[1] == pytest.approx(sum(scores) / 10)
    partner = {8: 8, 0: 10, 10: 0, 5: 5}
    assert lost.payoffs[0] == pytest.approx(sum(partner[score] for score in scores) / 10)


def test_notes_name_the_defects_of_the_source(imported: tuple[Imported, Path]) -> None:
    notes = "\n".join(imported[0].header.notes)
    assert "seat 2 was told the wrong game in all 8 episodes" in notes
    assert "1 games of the sweep are misprinted" in notes
    assert "rg017" in notes
    assert "in 2 episodes (40 choices) the rules that were told have the letters exchanged" in notes
    assert "in 1 episodes a chance of ending" in notes
    assert "condition label is the last draw" in notes
    assert IMPOSSIBLE in notes


def test_agents_are_named_in_the_header(imported: tuple[Imported, Path]) -> None:
    header = imported[0].header
    assert header.origin == "import"
    assert [name for name, _ in header.agents][-2:] == ["GPT-4 (to people)", "people"]
    assert all(spec is None for _, spec in header.agents)
    assert is_imported(header)


def test_what_is_missing_of_a_clone_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    clone = write_clone(tmp_path / "clone")
    for name in ("all_games/144_games_info.csv", "human_experiment/experiment/lookups/pd_gpt4_lookup.json"):
        (clone / name).unlink()
    done = import_repeated_games(clone, tmp_path / "run")
    assert done.recorded == len(repeated.EPISODES) - 8 + 4
    assert {"all_games/144_games_info.csv is missing", "pd/ending_probs/data/pd_gpt4_1p.csv is missing"} <= set(
        done.header.notes
    )
    people = frames_of(tmp_path / "run").people
    assert len(people) == 40
    assert set(people["version_served"]) == {"unknown"}
    assert people["gpt4_base_would_play"].isna().all()


def test_tables_without_people_are_read(tmp_path: Path) -> None:
    def change(found: dict[str, list[Row]]) -> None:
        found["human_decisions"], found["gpt4_response_tables"] = [], []

    done = import_repeated_games(write_parquet(tmp_path / "tables", change), tmp_path / "run")
    assert done.recorded == len(repeated.EPISODES)
    assert "human_decisions.parquet is missing, so what people played is not known" in done.header.notes
    assert "every match replays by our rules to the recorded payoffs, round by round" in done.header.notes
    assert frames_of(tmp_path / "run").people.empty


def test_people_alone_are_read(tmp_path: Path) -> None:
    clone = write_clone(tmp_path / "clone")
    for folder in ("all_games", "pd", "bos"):
        shutil.rmtree(clone / folder)
    done = import_repeated_games(clone, tmp_path / "run")
    assert (done.recorded, done.payoffs_only) == (4, 1)
    found = frames_of(tmp_path / "run")
    assert (len(found.decisions), len(found.people)) == (0, 40)
    assert list(found.decisions) == list(DECISIONS)


def test_frames_of_another_run_are_refused() -> None:
    header = Header("other", "import", json.dumps({"imported": "coopeval"}), 0, (), 0)
    assert not is_imported(header)
    assert not is_imported(Header("a plan", "plan", 'name = "repeated-games"', 0, (), 0))
    with pytest.raises(CorpusError, match="the run 'other' was not imported from the study of repeated games"):
        frames(tables([]), header)


# Where the source and our rules differ


def first_of(experiment: str) -> Callable[[dict[str, list[Row]]], Row]:
    """The first row of an experiment, in the tidy tables."""

    def found(tables: dict[str, list[Row]]) -> Row:
        return next(row for row in tables["decisions"] if row["experiment"] == experiment)

    return found


def reading(tmp_path: Path, change: Callable[[dict[str, list[Row]]], None]) -> Imported:
    return import_repeated_games(write_parquet(tmp_path / "tables", change), tmp_path / "run")


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("payoff", 77, "round 1: seat 1 is said to be paid 77, and our rules pay"),
        ("cumulative_payoff", 77, "round 1: seat 1 is said to have 77 in all, and our rules have paid"),
        ("option", 3, "and option is 3 and not"),
        ("action", "surrender", "and action is 'surrender' and not"),
        ("opponent_payoff", 78, "is told 78 of the other's payoff, and the other tells"),
        ("opponent", "nobody", "is said to have met 'nobody', who is not in the other seat"),
    ],
)
def test_a_contradiction_of_the_tables_is_listed_and_ours_is_kept(
    tmp_path: Path, column: str, value: Any, words: str
) -> None:
    done = reading(tmp_path, lambda found: first_of("pd_main")(found).__setitem__(column, value))
    assert done.left_out == 0
    said = [str(disagreement) for disagreement in done.disagreements if not str(disagreement).endswith(IMPOSSIBLE)]
    assert all(line.startswith("decisions.parquet, pd_main/0: ") for line in said)
    assert any(words in line for line in said)
    listed = (tmp_path / "run" / "disagreements.jsonl").read_text().splitlines()
    assert [json.loads(line)["what"] for line in listed] == [disagreement.what for disagreement in done.disagreements]
    assert records_of(tmp_path / "run")[8].match.cell.game_label == "pd"
    kept = frames_of(tmp_path / "run").decisions
    ours = kept[(kept["episode"] == "pd_main/0") & (kept["seat"] == 1)]["payoff"]
    assert ours.tolist() == [paid for paid, _ in repeated.EPISODES[8].paid]


def test_an_episode_without_a_round_is_left_out_and_counted(tmp_path: Path) -> None:
    def change(found: dict[str, list[Row]]) -> None:
        found["decisions"] = [row for row in found["decisions"] if (row["episode"], row["round"]) != ("bos_main/1", 4)]

    done = reading(tmp_path, change)
    assert (done.left_out, len(done.disagreements)) == (1, 2)
    assert done.disagreements[0].what == "it has the rounds 1, 2, 3, 5, 6, 7, 8, 9, 10, and there should be 1 to 10"
    found = frames_of(tmp_path / "run").decisions
    assert "bos_main/1" not in set(found["episode"])
    assert {"bos_main/0", "pd_20_rounds/0"} <= set(found["episode"])
    with RunFile.open(tmp_path / "run") as file:
        assert not file.is_complete()


def test_a_letter_that_is_no_option_is_listed_and_left_out(tmp_path: Path) -> None:
    clone = write_clone(tmp_path / "clone")
    damage(clone / "pd/experiment_pd.csv", ",J,J,8,8,", ",J,Z,8,8,")
    done = import_repeated_games(clone, tmp_path / "run")
    assert done.left_out == 1
    [disagreement, _] = done.disagreements
    assert disagreement.match.startswith("pd/experiment_pd.csv, line ")
    assert disagreement.what.endswith("seat 2 chose 'Z', which is no option")


def test_points_of_a_clone_that_our_rules_do_not_pay_are_listed(tmp_path: Path) -> None:
    clone = write_clone(tmp_path / "clone")
    damage(clone / "pd/variations_robustness/data/experiment_robustness_checks_project.csv", ",0,10,", ",0,11,")
    done = import_repeated_games(clone, tmp_path / "run")
    assert done.left_out == 0
    assert any("seat 2 is said to be paid 11, and our rules pay 10" in str(line) for line in done.disagreements)


def damage(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_two_games_of_a_participant_that_are_told_twice_are_told_apart(tmp_path: Path) -> None:
    def change(found: dict[str, list[Row]]) -> None:
        again = [dict(row, participant=9) for row in found["human_decisions"] if row["participant"] == 1]
        found["human_decisions"] += again

    done = reading(tmp_path, change)
    assert done.recorded == len(repeated.EPISODES) + 6
    assert records_of(tmp_path / "run")[-1].match.replicate == "p009"


# What cannot be read


def edited(table: str, column: str, value: Any) -> Callable[[dict[str, list[Row]]], None]:
    """Another value in the first row of a table."""
    return lambda found: found[table][0].__setitem__(column, value)


def everywhere(table: str, column: str, value: Callable[[Any], Any]) -> Callable[[dict[str, list[Row]]], None]:
    """Other values in a whole column."""

    def change(found: dict[str, list[Row]]) -> None:
        for row in found[table]:
            row[column] = value(row[column])

    return change


def dropped(table: str, column: str) -> Callable[[dict[str, list[Row]]], None]:
    def change(found: dict[str, list[Row]]) -> None:
        for row in found[table]:
            del row[column]

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dropped("decisions", "payoff"), "decisions.parquet has no column payoff"),
        (dropped("games", "r2_c2_p2"), "games.parquet has no column r2_c2_p2"),
        (everywhere("decisions", "round", str), "the column round holds string, where whole numbers belong"),
        (everywhere("decisions", "player_is_llm", int), "the column player_is_llm holds int64, where true or false"),
        (everywhere("human_decisions", "payoff", float), "the column payoff holds double, where whole numbers belong"),
        (edited("decisions", "player", None), "decisions.parquet has 1 rows without player"),
        (
            edited("decisions", "payoff_unit", "dollars"),
            "all_games/0: payoff_unit is 'dollars' in one row and 'points'",
        ),
        (edited("decisions", "seat", 3), "all_games/0: it must have as many rows of seat 1 as of seat 2"),
        (
            everywhere("decisions", "episode", lambda name: name.replace("/", "-")),
            "found the episode 'all_games-0' where all_games/NUMBER belongs",
        ),
        (everywhere("decisions", "label_option2", lambda _: "N"), "labels must be two different letters, not"),
        (everywhere("decisions", "payoff_matrix", lambda _: "[[1]]"), "payoff_matrix holds '[[1]]', where two rows"),
        (everywhere("decisions", "payoff_matrix", lambda _: "none"), "payoff_matrix holds 'none', where two rows"),
        (everywhere("decisions", "payoff_matrix", lambda _: "[" * 100_000), "where two rows of two pairs"),
        (
            everywhere("decisions", "payoff_matrix", lambda _: f"[[[{10**400},8],[0,10]],[[10,0],[5,5]]]"),
            "where two rows of two pairs of whole numbers belong",
        ),
        (
            everywhere("decisions", "episode", lambda name: name.replace("/", "/" + "9" * 5_000)),
            "where all_games/NUMBER belongs",
        ),
        (
            everywhere("decisions", "stated_end_probability", lambda end: end and 1.5),
            "pd_end_40pct/0: pd cannot be played here so: discount must lie between 0 and 1, not -0.5",
        ),
        (
            everywhere("decisions", "game_id", lambda name: name.replace("rg001", "rgX")),
            "game_id holds 'rgX', where rg and a number belongs",
        ),
        (edited("games", "r1_c1_p1", 9), "rg001 is a game of other payoffs or another family than in games.parquet"),
        (edited("human_decisions", "action_label", "X"), "participant 1 in bos: action_label must be F or J"),
        (edited("human_decisions", "coordination_in_source", 2), "coordination_in_source must be 0 or 1"),
        (edited("human_decisions", "guess_after_game", "?"), "guess_after_game must be the same in all rows"),
        (lambda found: found["gpt4_response_tables"].pop(), "a move F or J of Base and of SCoT to each history"),
        (edited("gpt4_response_tables", "gpt4_move", "?"), "a move F or J of Base and of SCoT to each history"),
        (lambda found: found["games"].clear(), "games.parquet is missing, and nothing can be read without it"),
    ],
)
def test_tables_that_are_damaged_are_refused_in_a_sentence(
    tmp_path: Path, change: Callable[[dict[str, list[Row]]], None], words: str
) -> None:
    with pytest.raises(CorpusError) as error:
        import_repeated_games(write_parquet(tmp_path / "tables", change), tmp_path / "run")
    assert words in str(error.value)
    assert not (tmp_path / "run").exists()


def test_a_table_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "tables")
    (source / "decisions.parquet").write_text("experiment,game_id\n")
    with pytest.raises(CorpusError, match=r"decisions\.parquet cannot be read: "):
        read_repeated_games(source)


@pytest.mark.parametrize(
    ("file", "before", "after", "words"),
    [
        ("pd/experiment_pd.csv", "points1", "points", "experiment_pd.csv has no column points1"),
        ("pd/experiment_pd.csv", "\r\n2,", "\r\ntwo,", "line 3: found 'two' in the column round, where a whole number"),
        ("pd/experiment_pd.csv", "act_gpt4", "act_gpt5", "line 2: found 'act_gpt5' in the column player1; known are "),
        ("pd/experiment_pd.csv", "\r\n2,act_gpt4", "\r\n2,act_gpt35", "line 3: the players change within an episode"),
        ("pd/experiment_pd.csv", "\r\n3,", "\r\n3,4,", "line 4: it must have 9 entries, as the first line has"),
        ("bos/payoff_changes/experiment_payoff_changes.csv", "\r\n1,3,", "\r\n1,9,", "'9' in the column payoff; known"),
        (
            "pd/variations_robustness/data/experiment_robustness_checks_project.csv",
            "\r\n1,X,Q,",
            "\r\n1,X,Y,",
            "line 2: found the options X and Y, which are no pair of labels that is known",
        ),
        ("all_games/144_games_info.csv", "\r\n1;", "\r\n5;", "game_5.csv cannot be read: "),
        ("all_games/144_games_info.csv", "game_family", "family", "144_games_info.csv has no column game_family"),
        (
            "human_experiment/analysis/repgames.csv",
            "1,BoS,",
            "1,Chess,",
            "'Chess' in the column game; known are PD, BoS",
        ),
        (
            "human_experiment/analysis/repgames.csv",
            ",Human,",
            ",LLM,",
            "guess must be the same in all lines of one game",
        ),
        (
            "human_experiment/experiment/lookups/pd_gpt4_lookup.json",
            '"JJ":',
            '"JX":',
            "each history of at most 9 moves",
        ),
        ("human_experiment/experiment/lookups/pd_gpt4_lookup.json", "{", "", "pd_gpt4_lookup.json is not JSON"),
        (
            "human_experiment/experiment/lookups/pd_gpt4_lookup.json",
            "{",
            "[" * 100_000,
            "it is nested too deep",
        ),
        ("all_games/144_games_info.csv", "\r\n1;", f"\r\n{10**400};", "where no number is so large"),
    ],
)
def test_a_clone_that_is_damaged_is_refused_in_a_sentence(
    tmp_path: Path, file: str, before: str, after: str, words: str
) -> None:
    clone = write_clone(tmp_path / "clone")
    text = (clone / file).read_bytes()
    assert before.encode() in text
    (clone / file).write_bytes(text.replace(before.encode(), after.encode(), 1))
    with pytest.raises(CorpusError) as error:
        import_repeated_games(clone, tmp_path / "run")
    assert words in str(error.value)
    assert not (tmp_path / "run").exists()


def test_files_without_a_single_row_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pd").mkdir()
    names = "round,player1,player2,answer1,answer2,points1,points2,total1,total2\n"
    (tmp_path / "pd/experiment_pd.csv").write_text(names)
    with pytest.raises(CorpusError, match="holds no moves of repeated games: its files have no rows"):
        import_repeated_games(tmp_path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_clone_that_is_no_text_is_refused(tmp_path: Path) -> None:
    clone = write_clone(tmp_path / "clone")
    (clone / "pd/experiment_pd.csv").write_bytes(b"round,player1\n\xff\xfe")
    with pytest.raises(CorpusError, match=r"experiment_pd\.csv cannot be read: it is not UTF-8 text"):
        read_repeated_games(clone)


def test_a_folder_without_any_of_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="neither the tidy tables nor the files of the source"):
        read_repeated_games(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(CorpusError, match="file is a file, not a folder"):
        read_repeated_games(tmp_path / "file")


def test_the_command_says_what_it_did_and_refuses_in_a_sentence(tmp_path: Path) -> None:
    source, run = write_parquet(tmp_path / "tables"), str(tmp_path / "run")
    done = called(["import", "repeated-games", str(source), "--out", run])
    matches = len(repeated.EPISODES) + len(repeated.PEOPLE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{matches} of {matches} matches imported, 1 of them by their payoffs only; ")
    again = called(["import", "repeated-games", str(source), "--out", run])
    assert (again.returncode, again.stdout) == (2, "")
    assert "holds a run already; choose another folder" in again.stderr
    absent = called(["import", "repeated-games", str(tmp_path / "absent"), "--out", run])
    assert (absent.returncode, absent.stderr.count("\n")) == (2, 1)
    assert "absent does not exist" in absent.stderr


# What payoffs tell of moves


@given(st.lists(st.integers(0, 3), min_size=8, max_size=8), st.integers(0, 1), st.integers(0, 1), st.integers(0, 1))
def test_the_option_of_the_other_explains_what_one_was_paid(
    payoffs: list[int], seat: int, own: int, other: int
) -> None:
    a, b, c, d = zip(payoffs[:4], payoffs[4:], strict=True)
    game = GameAccount("any", "none", ((a, b), (c, d)))

    def paid(option: int) -> int:
        i, j = (own, option) if seat == 0 else (option, own)
        return game.matrix[i][j][seat]

    found = game.option(seat, paid(other), own)
    assert found is not None
    assert paid(found) == paid(other)
    assert game.option(seat, 4, own) is None


@pytest.mark.parametrize(("seat", "option"), list(product((0, 1), repeat=2)))
def test_options_are_called_as_the_source_calls_them(seat: int, option: int) -> None:
    for played in repeated.EPISODES:
        first, second = (((a, b), (c, d)) for (a, b), (c, d) in played.matrix)
        game = GameAccount(played.game_id, played.family, (first, second))
        assert game.meaning(seat, option) == played.action(seat, option)
