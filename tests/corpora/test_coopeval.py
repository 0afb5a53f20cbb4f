"""The CoopEval importer on tournaments of our own making: what was played comes back, and what is wrong is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from comity.core.space import Lottery
from comity.corpora.coopeval import Import, Reading, import_coopeval, read_coopeval
from comity.corpora.errors import CorpusError
from comity.records.record import Record
from comity.records.store import RunFile
from tests.corpora.source import GAMES, MECHANISMS, ROSTER, ROTATING, Tournament, played, write, write_parquet

LABELS = {
    "NoMechanism": "none",
    "Repetition": "repetition[rounds=4]",
    "ReputationFirstOrder": "reputation_first_order[rounds=4]",
    "Reputation": "reputation[rounds=4]",
    "Mediation": "mediation",
    "Contracting": "contracting",
}


def folder_of(tmp_path: Path, game: str, mechanism: str) -> tuple[Tournament, Path]:
    tournament = played(game, mechanism)
    return tournament, write(tournament, tmp_path / "run7_20260101_000000" / f"{mechanism}_{game}")


def finished(source: Import) -> dict[tuple[str, ...], Record]:
    readings = list(source.readings())
    assert [reading.disagreements for reading in readings if reading.disagreements] == []
    records = {reading.record.match.agents: reading.record for reading in readings if reading.record is not None}
    assert len(records) == len(readings)
    return records


def rewritten(path: Path, change: Callable[[Any], Any]) -> None:
    """Change the first line of records.jsonl, or a whole file of JSON."""
    first, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([json.dumps(change(json.loads(first))) + "\n", *rest]))


def one_reading(folder: Path) -> Reading:
    """Of the match in the first line."""
    return next(iter(read_coopeval(folder).readings()))


def said(reading: Reading) -> str:
    return "\n".join(disagreement.what for disagreement in reading.disagreements)


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_what_was_played_comes_back(tmp_path: Path, game: str, mechanism: str) -> None:
    tournament, folder = folder_of(tmp_path, game, mechanism)
    source = read_coopeval(folder)
    records = finished(source)
    assert records.keys() == tournament.matches.keys()
    for agents, match in tournament.matches.items():
        record = records[agents]
        assert record.status == "finished"
        assert record.choices == tuple(match.choices)
        assert match.outcome is not None
        assert record.payoffs == match.outcome.payoffs
        assert record.replayed().outcome == match.outcome
    cell = next(iter(records.values())).match.cell
    assert cell.built == MECHANISMS[mechanism][1](GAMES[game].ours, len(ROSTER))
    assert cell.mechanism_label == LABELS[mechanism]
    assert {record.match.replicate for record in records.values()} == {"run7"}
    assert source.matches == len(records)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_tables_tell_the_same_as_the_folders(tmp_path: Path, mechanism: str) -> None:
    designed = {"run7/d": played("StagHunt", "Mediation")}  # its proposals tell the order of the agents
    games = ("PublicGoods", "TrustGame")
    tournaments = designed | {f"run7/{mechanism}_{game}": played(game, mechanism) for game in games}
    for name, tournament in tournaments.items():
        write(tournament, tmp_path / "folders" / name)
    tables = write_parquet(tournaments, tmp_path / "tables")
    told = list(read_coopeval(tables).records())
    assert plain(told) == plain(read_coopeval(tmp_path / "folders").records())
    assert all(record.lotteries for record in told)


def test_tables_without_proposals_do_not_tell_the_order_of_the_agents(tmp_path: Path) -> None:
    source = read_coopeval(write_parquet({"run1/t": played("TrustGame", "Reputation")}, tmp_path / "tables"))
    assert source.agents == tuple(sorted(ROSTER))
    assert any("alphabetical order is taken for it" in note for note in source.notes)
    [record] = source.records()
    assert record.status == "finished"


def plain(records: Any) -> list[Any]:
    """The records without what only the tables tell (stated probabilities), sorted by game and agents."""
    found = [(r.match.cell, r.match.replicate, r.match.agents, r.status, r.choices, r.payoffs) for r in records]
    return sorted(found, key=lambda entry: (entry[0].game_label, entry[0].mechanism_label, entry[2]))


def test_stated_probabilities_are_kept_where_they_were_drawn_from(tmp_path: Path) -> None:
    tables = write_parquet({"run1/m": played("StagHunt", "Mediation")}, tmp_path / "tables")
    for record in read_coopeval(tables).records():
        acting = len(record.choices) - 1
        assert set(record.lotteries) == {(acting, 0), (acting, 1)}
        for (step, slot), lottery in record.lotteries.items():
            assert lottery.options == ("stag", "hare", "delegate")
            assert dict(lottery.chances())[record.choices[step][slot]] == 0.6
        assert all(isinstance(lottery, Lottery) for lottery in record.lotteries.values())


def test_the_place_of_a_match_is_that_of_its_agents_and_not_of_its_line(tmp_path: Path) -> None:
    _, folder = folder_of(tmp_path, "PublicGoods", "NoMechanism")
    by_index = sorted((record.match.index, record.match.agents) for record in read_coopeval(folder).records())
    assert [index for index, _ in by_index] == list(range(8))
    zeta, alpha = ROSTER
    assert [agents for _, agents in by_index][:3] == [(zeta, zeta, zeta), (zeta, zeta, alpha), (zeta, alpha, zeta)]


def test_a_tree_of_replicates_becomes_one_run(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for run in ("main/run1_20260101_101010", "main/run2_20260102_101010", "more/ablations1_20260103_101010"):
        for number, mechanism in enumerate(("Mediation", "Reputation")):
            write(played("TrustGame", mechanism, seed=number), tree / run / mechanism.lower())
    done = import_coopeval(tree, tmp_path / "out")
    assert (done.recorded, done.left_out, done.payoffs_only, done.disagreements) == (15, 0, 0, ())
    with RunFile.open(tmp_path / "out") as run_file:
        records = list(run_file.records())
        assert run_file.is_complete()
        assert run_file.header == done.header
    assert [record.match.index for record in records] == list(range(15))
    assert {record.match.replicate for record in records} == {"run1", "run2", "ablations1"}
    assert done.header.origin == "import"
    assert done.header.agents == tuple((agent, None) for agent in ROSTER)
    assert json.loads(done.header.plan)["tournaments"][0] == "run1/mediation"
    assert done.summary()[0] == "15 of 15 matches imported"
    for record in records:
        record.replayed()


def test_replicates_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for above in ("a", "b"):
        write(played("StagHunt", "NoMechanism"), tmp_path / above / "run1_20260101_101010" / "t")
    replicates = {record.match.replicate for record in read_coopeval(tmp_path).records()}
    assert replicates == {"a/run1_20260101_101010", "b/run1_20260101_101010"}


@pytest.mark.parametrize(
    ("mechanism", "changes", "label"),
    [
        ("Repetition", {"num_rounds": 15, "lookup_depth": 2}, "repetition[memory=2]"),
        ("Repetition", {"num_rounds": 15}, "repetition"),
        ("Reputation", {"num_rounds": 15, "discount": 0.7}, "reputation[discount=0.7]"),
        ("Reputation", {"num_rounds": 15, "lookup_depth": 4, "max_recursion_depth": 4}, "reputation[memory=4,depth=4]"),
        ("ReputationFirstOrder", {"num_rounds": 15}, "reputation_first_order"),
    ],
)
def test_labels_say_what_differs_from_the_main_study(
    tmp_path: Path, mechanism: str, changes: dict[str, Any], label: str
) -> None:
    folder = write(played("PrisonersDilemma", mechanism), tmp_path / "run1" / "t", changes)
    [tournament] = read_coopeval(folder).tournaments
    assert tournament.names.terms.cell.mechanism_label == label


def test_a_game_with_other_payoffs_has_a_label_of_its_own(tmp_path: Path) -> None:
    folder = write(played("TravellersDilemma", "NoMechanism"), tmp_path / "run1" / "t")
    change_config(folder, lambda config: config["game"]["kwargs"].update(bonus=1.5))
    [tournament] = read_coopeval(folder).tournaments
    assert tournament.names.terms.cell.game_label == "travellers_dilemma[bonus=1.5]"


# Where the source and our rules differ


def test_a_wrong_payoff_is_listed_and_ours_is_kept(tmp_path: Path) -> None:
    tournament, folder = folder_of(tmp_path, "TrustGame", "Repetition")

    def change(line: Any) -> Any:
        line[2][1]["points"] += 0.5
        return line

    rewritten(folder / "records.jsonl", change)
    reading = one_reading(folder)
    assert reading.record is not None
    assert reading.record.payoffs == outcome_of(tournament, reading.record).payoffs
    [disagreement] = reading.disagreements
    assert disagreement.tournament == "run7/Repetition_TrustGame"
    assert disagreement.match == "records.jsonl, line 1"
    assert disagreement.what.startswith("player 2 in round 3 is said to be paid")


@pytest.mark.parametrize("mechanism", ["Repetition", "Reputation", "Contracting"])
def test_a_second_witness_that_says_something_else_is_listed(tmp_path: Path, mechanism: str) -> None:
    _, folder = folder_of(tmp_path, "TrustGame", mechanism)

    def change(paid: Any) -> Any:
        entry = paid["profile"][0]
        points = entry["points"] if mechanism == "Reputation" else entry["payoffs"][0][0]
        points[0] += 5
        return paid

    rewritten(folder / "matchup_payoffs.json", change)
    readings = list(read_coopeval(folder).readings())
    [disagreement] = [disagreement for reading in readings for disagreement in reading.disagreements]
    assert disagreement.what.startswith("player 1 is said to be paid ")
    assert all(reading.record is not None for reading in readings)


def outcome_of(tournament: Tournament, record: Record) -> Any:
    return tournament.matches[record.match.agents].outcome


def test_a_selected_proposal_that_did_not_lead_is_listed_and_left_out(tmp_path: Path) -> None:
    _, folder = folder_of(tmp_path, "PublicGoods", "Contracting")

    def change(line: Any) -> Any:
        for vote in line[0]["votes"]:
            vote["votes"] = {"1": False, "2": True, "3": False}
        line[0]["selected_contract_index"] = 3
        return line

    rewritten(folder / "records.jsonl", change)
    done = import_coopeval(folder, tmp_path / "out")
    assert (done.recorded, done.left_out) == (7, 1)
    [disagreement] = done.disagreements
    assert "the proposal of player 3 is said to be selected, and others have more approvals" in str(disagreement)
    assert any("because our rules cannot play them so: 1" in note for note in done.header.notes)
    with RunFile.open(tmp_path / "out") as run_file:
        assert not run_file.is_complete()
    listed = (tmp_path / "out" / "disagreements.jsonl").read_text().splitlines()
    assert [json.loads(line)["match"] for line in listed] == ["records.jsonl, line 1"]


def test_a_delegated_move_that_does_not_follow_the_mediator_is_listed(tmp_path: Path) -> None:
    _, folder = folder_of(tmp_path, "PrisonersDilemma", "Mediation")
    lines = (folder / "records.jsonl").read_text().splitlines()
    place, move = next(
        (place, number)
        for place, line in enumerate(lines)
        for number, move in enumerate(json.loads(line)[0]["moves"])
        if "mediated" in move
    )
    changed = json.loads(lines[place])
    old = changed[0]["moves"][move]["action"].split(".")[1]
    new = {"COOPERATE": "DEFECT", "DEFECT": "COOPERATE"}[old]
    changed[0]["moves"][move]["action"] = f"PrisonersDilemmaAction.{new}"
    lines[place] = json.dumps(changed)
    (folder / "records.jsonl").write_text("\n".join(lines))
    [disagreement] = [d for reading in read_coopeval(folder).readings() for d in reading.disagreements]
    assert f"is said to have played '{new.lower()}', where the mediator plays '{old.lower()}'" in disagreement.what


def test_a_wrong_designer_and_a_wrong_conclusion_are_listed(tmp_path: Path) -> None:
    _, folder = folder_of(tmp_path, "StagHunt", "Contracting")

    def change(line: Any) -> Any:
        line[0]["all_signed"] = not line[0]["all_signed"]
        other = 1 if line[0]["selected_contract_index"] == 2 else 2
        line[0]["selected_contract_designer_name"] = f"{ROSTER[0]}#P{other}"
        return line

    rewritten(folder / "records.jsonl", change)
    assert "the winning proposal is said to be by" in said(one_reading(folder))
    assert "which the signatures contradict" in said(one_reading(folder))


def test_a_contract_our_rules_do_not_allow_is_listed_and_left_out(tmp_path: Path) -> None:
    _, folder = folder_of(tmp_path, "StagHunt", "Contracting")
    designs = json.loads((folder / "contract_design.json").read_text())
    designs[f"{ROSTER[0]}#P1"]["contract"]["StagHuntAction.STAG"] = 1.5
    (folder / "contract_design.json").write_text(json.dumps(designs))
    readings = list(read_coopeval(folder).readings())
    assert sum(reading.record is None for reading in readings) == 2
    assert all("it cannot be played so" in said(reading) for reading in readings if reading.record is None)


@pytest.mark.parametrize("rounds", [3, 5])
@pytest.mark.parametrize("told", ["records.jsonl", "matchup_payoffs.json"])
def test_another_number_of_rounds_is_listed_and_left_out(tmp_path: Path, rounds: int, told: str) -> None:
    _, folder = folder_of(tmp_path, "MatchingPennies", "Repetition")
    change_config(folder, lambda config: config["mechanism"]["kwargs"].update(num_rounds=rounds))
    if told != "records.jsonl":
        (folder / "records.jsonl").unlink()
    reading = one_reading(folder)
    assert reading.record is None
    assert said(reading) == f"it has 4 rounds, and {rounds} are configured"


def test_a_population_in_which_somebody_plays_twice_in_a_round_is_left_out(tmp_path: Path) -> None:
    _, folder = folder_of(tmp_path, "StagHunt", "Reputation")

    def change(line: Any) -> Any:
        line[0] = line[1]
        return line

    rewritten(folder / "records.jsonl", change)
    reading = one_reading(folder)
    assert reading.record is None
    assert "it cannot be played so" in said(reading)


def test_the_same_match_told_twice_is_listed_and_taken_once(tmp_path: Path) -> None:
    _, folder = folder_of(tmp_path, "StagHunt", "NoMechanism")
    with (folder / "records.jsonl").open("a") as file:
        file.write((folder / "records.jsonl").read_text().splitlines()[0])
    readings = list(read_coopeval(folder).readings())
    assert [reading.record is None for reading in readings] == [False] * 4 + [True]
    assert "have met before in this tournament" in said(readings[-1])


# What is absent


def test_without_designs_only_payoffs_are_known(tmp_path: Path) -> None:
    tournament, folder = folder_of(tmp_path, "TrustGame", "Contracting")
    (folder / "contract_design.json").unlink()
    done = import_coopeval(folder, tmp_path / "out")
    assert (done.recorded, done.payoffs_only) == (4, 4)
    assert any("it has no contract_design.json" in note for note in done.header.notes)
    with RunFile.open(tmp_path / "out") as run_file:
        for record in run_file.records():
            assert record.status == "payoffs_only"
            assert record.choices == ()
            assert record.payoffs == pytest.approx(outcome_of(tournament, record).payoffs, abs=1e-12)


def test_a_design_that_is_missing_costs_the_matches_it_was_used_in(tmp_path: Path) -> None:
    _, folder = folder_of(tmp_path, "TrustGame", "Mediation")
    designs = json.loads((folder / "mediator_design.json").read_text())
    del designs[f"{ROSTER[1]}#P2"]
    (folder / "mediator_design.json").write_text(json.dumps(designs))
    for record in read_coopeval(folder).records():
        assert record.status == ("payoffs_only" if record.match.agents[1] == ROSTER[1] else "finished")


@pytest.mark.parametrize("game", ["PublicGoods", "PrisonersDilemma", "TrustGame", "StagHunt"])
def test_without_records_moves_follow_from_payoffs_where_these_admit_no_others(tmp_path: Path, game: str) -> None:
    tournament, folder = folder_of(tmp_path, game, "Repetition")
    (folder / "records.jsonl").unlink()
    for agents, record in finished(read_coopeval(folder)).items():
        assert record.choices == tuple(tournament.matches[agents].choices)
    done = import_coopeval(folder, tmp_path / "out")
    assert any("are taken from payoffs that admit no others" in note for note in done.header.notes)


@pytest.mark.parametrize(
    ("game", "mechanism"),
    [
        ("MatchingPennies", "NoMechanism"),
        ("TravellersDilemma", "Repetition"),
        ("PrisonersDilemma", "Reputation"),
        ("PublicGoods", "ReputationFirstOrder"),
        ("PrisonersDilemma", "Contracting"),
    ],
)
def test_without_records_the_rest_is_payoffs_only(tmp_path: Path, game: str, mechanism: str) -> None:
    tournament, folder = folder_of(tmp_path, game, mechanism)
    (folder / "records.jsonl").unlink()
    records = finished(read_coopeval(folder))
    assert records.keys() == tournament.matches.keys()
    for agents, record in records.items():
        assert record.status == "payoffs_only"
        assert record.payoffs == pytest.approx(tournament.matches[agents].outcome.payoffs, abs=1e-12)  # type: ignore[union-attr]


def test_what_is_not_told_is_counted(tmp_path: Path) -> None:
    _, folder = folder_of(tmp_path, "PrisonersDilemma", "NoMechanism")
    shutil.copytree(folder, folder.with_name("empty"))
    for name in ("records.jsonl", "matchup_payoffs.json"):
        (folder.with_name("empty") / name).unlink()
    change_config(folder.with_name("empty"), lambda config: config["mechanism"].update(type="Mediation"))
    lines = (folder / "records.jsonl").read_text().splitlines(keepends=True)
    (folder / "records.jsonl").write_text("".join(lines[:3]))
    done = import_coopeval(folder.parent, tmp_path / "out")
    assert (done.recorded, done.left_out) == (3, 5)
    notes = "\n".join(done.header.notes)
    assert "run7/NoMechanism_PrisonersDilemma: 1 of its 4 matches are not told" in notes
    assert "run7/empty: it has neither records.jsonl nor matchup_payoffs.json" in notes


# What cannot be read


def change_config(folder: Path, change: Callable[[Any], Any]) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["game"].update(type="Chess"), "'Chess' is no game that is known here; known are PrisonersDilemma"),
        (lambda c: c["mechanism"].update(type="Magic"), "'Magic' is no mechanism that is known here"),
        (lambda c: c["mechanism"]["kwargs"].pop("discount"), "at mechanism.kwargs: 'discount' is missing"),
        (lambda c: c["mechanism"]["kwargs"].update(num_rounds="many"), 'found "many" where a whole number belongs'),
        (lambda c: c["mechanism"]["kwargs"].update(num_rounds=0), "number of rounds must be 1 to 10,000, not 0"),
        (
            lambda c: c["game"]["kwargs"]["payoff_matrix"].update(DC=[4, 0]),
            "found [4, 0], where a PrisonersDilemma pays",
        ),
        (
            lambda c: c["game"]["kwargs"]["payoff_matrix"].update(CC=[2]),
            "found 1 where there should be a payoff for each seat",
        ),
        (lambda c: c["game"]["kwargs"]["payoff_matrix"].update(CC=["2", 2]), 'found "2" where a number belongs'),
        (lambda c: c["game"]["kwargs"]["payoff_matrix"].update(CC=[9, 9]), "cannot be played here"),
        (lambda c: c["agents"].append(c["agents"][0]), "2 agents are called maker/zeta(CoT)"),
        (lambda c: c["agents"].clear(), "there are no agents"),
        (lambda c: c.update(agents="all"), 'at agents: found "all" where a list belongs'),
    ],
)
def test_a_configuration_that_is_not_understood(tmp_path: Path, change: Callable[[Any], Any], words: str) -> None:
    _, folder = folder_of(tmp_path, "PrisonersDilemma", "Repetition")
    change_config(folder, change)
    with pytest.raises(CorpusError) as error:
        read_coopeval(folder)
    assert words in str(error.value)
    assert "config.json" in str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda line: line[0][0].update(player="nobody#P1"), "'nobody#P1' is none of the configured agents"),
        (lambda line: line[0][0].update(player=ROSTER[0]), "is none of the configured agents with a seat"),
        (lambda line: line[0][0].update(player=f"{ROSTER[0]}#P2"), "each of the seats 1 to 2 must stand here once"),
        (lambda line: line[0][0].update(action="StagHuntAction.FISH"), "'FISH' is no action of this game"),
        (lambda line: line[0][0].update(points="a lot"), 'at [0][0].points: found "a lot" where a number belongs'),
        (lambda line: line[0][0].pop("points"), "'points' is missing"),
        (lambda line: line.clear(), "a match must have a round"),
    ],
)
def test_a_record_that_is_not_understood(tmp_path: Path, change: Callable[[Any], Any], words: str) -> None:
    _, folder = folder_of(tmp_path, "StagHunt", "Repetition")

    def changed(line: Any) -> Any:
        change(line)
        return line

    rewritten(folder / "records.jsonl", changed)
    with pytest.raises(CorpusError) as error:
        list(read_coopeval(folder).readings())
    assert words in str(error.value)
    assert "records.jsonl, line 1" in str(error.value)


def test_a_truncated_line_leaves_no_run_behind(tmp_path: Path) -> None:
    _, folder = folder_of(tmp_path, "StagHunt", "NoMechanism")
    text = (folder / "records.jsonl").read_text()
    (folder / "records.jsonl").write_text(text[: len(text) - 20])
    with pytest.raises(CorpusError, match=r"records\.jsonl, line 4 is not JSON"):
        import_coopeval(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_broken_configuration_is_not_passed_over(tmp_path: Path) -> None:
    _, folder = folder_of(tmp_path, "StagHunt", "NoMechanism")
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text[:-2])
    with pytest.raises(CorpusError, match=r"config\.json is not JSON"):
        read_coopeval(folder.parent)


def test_what_is_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="does not exist"):
        read_coopeval(tmp_path / "absent")
    (tmp_path / "file").write_text("")
    with pytest.raises(CorpusError, match="is a file, not a folder"):
        read_coopeval(tmp_path / "file")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "config.json").write_text("{}")
    with pytest.raises(CorpusError, match="holds no records of CoopEval"):
        read_coopeval(tmp_path)


def test_a_run_is_not_written_over(tmp_path: Path) -> None:
    _, folder = folder_of(tmp_path, "StagHunt", "NoMechanism")
    import_coopeval(folder, tmp_path / "out")
    with pytest.raises(CorpusError, match="holds a run already"):
        import_coopeval(folder, tmp_path / "out")


def test_twins_in_one_replicate_are_refused(tmp_path: Path) -> None:
    _, folder = folder_of(tmp_path, "StagHunt", "NoMechanism")
    shutil.copytree(folder, folder.with_name("again"))
    with pytest.raises(CorpusError, match="are the same game under the same mechanism in one replicate"):
        read_coopeval(folder.parent)


def test_tables_that_are_not_whole(tmp_path: Path) -> None:
    tables = write_parquet({"run1/t": played("StagHunt", "Contracting")}, tmp_path / "tables")
    (tables / "proposals.parquet").unlink()
    assert {record.status for record in read_coopeval(tables).records()} == {"payoffs_only"}
    (tables / "stage_decisions.parquet").unlink()
    assert {record.status for record in read_coopeval(tables).records()} == {"payoffs_only"}
    (tables / "moves.parquet").write_bytes(b"no parquet")
    with pytest.raises(CorpusError, match=r"moves\.parquet cannot be read: Parquet magic bytes"):
        read_coopeval(tables)
    (tables / "moves.parquet").unlink()
    with pytest.raises(CorpusError, match=r"moves\.parquet cannot be read"):
        read_coopeval(tables)
    shutil.copy(tables / "matches.parquet", tables / "moves.parquet")
    with pytest.raises(CorpusError, match=r"moves\.parquet has no column round, seat, action"):
        read_coopeval(tables)


def changed_table(tables: Path, name: str, **columns: Any) -> None:
    """The table with every entry of these columns replaced."""
    table = pq.read_table(tables / f"{name}.parquet")
    for column, entry in columns.items():
        place = table.column_names.index(column)
        table = table.set_column(place, column, pa.array([entry] * len(table)))
    pq.write_table(table, tables / f"{name}.parquet")


@pytest.mark.parametrize(
    ("name", "columns", "words"),
    [
        ("moves", {"payoff": None}, r"moves\.parquet has 8 rows without payoff"),
        ("moves", {"payoff": "much"}, r"moves\.parquet cannot be read: Failed to parse string: 'much'"),
        ("moves", {"action": 9}, r"moves\.parquet, run1/t: match 0 has action 9, which the game has not"),
        ("moves", {"seat": 1}, r"moves\.parquet, run1/t: match 0 has moves of 1 seats in round 1"),
        ("matches", {"agents": ["one"]}, r"matches\.parquet, run1/t: match 0 has 1 agents"),
        ("matches", {"selected_proposal": None}, r"run1/t: match 0 does not say whose proposal won"),
        ("matches", {"exp_id": "other"}, r"experiments\.parquet, run1/t: there is no row of it in matches\.parquet"),
        ("experiments", {"game_params": "{"}, r"experiments\.parquet, run1/t: game_params is not JSON"),
        ("experiments", {"game": "Chess"}, r"'Chess' is no game that is known here"),
    ],
)
def test_tables_with_entries_that_cannot_be(tmp_path: Path, name: str, columns: dict[str, Any], words: str) -> None:
    tables = write_parquet({"run1/t": played("StagHunt", "Contracting")}, tmp_path / "tables")
    changed_table(tables, name, **columns)
    with pytest.raises(CorpusError, match=words):
        list(read_coopeval(tables).readings())


def test_stated_probabilities_that_are_none_are_listed_and_left_aside(tmp_path: Path) -> None:
    tables = write_parquet({"run1/t": played("StagHunt", "NoMechanism")}, tmp_path / "tables")
    changed_table(tables, "moves", probs=[100, 20])
    for reading in read_coopeval(tables).readings():
        assert "what player 1 stated is left aside" in said(reading)
        assert reading.record is not None
        assert reading.record.lotteries == {}
    changed_table(tables, "moves", probs=[100, 0], action=1, payoff=3.0, base_payoff=3.0)
    changed_table(tables, "matches", payoffs=[3.0, 3.0])
    for reading in read_coopeval(tables).readings():
        assert "player 2 played 'hare', which it had given no probability" in said(reading)


def test_the_payoff_of_a_match_is_compared_too(tmp_path: Path) -> None:
    tables = write_parquet({"run1/t": played("StagHunt", "NoMechanism")}, tmp_path / "tables")
    changed_table(tables, "matches", payoffs=[9.0, 9.0])
    changed_table(tables, "moves", base_payoff=8.0)
    for reading in read_coopeval(tables).readings():
        assert "player 2 is said to be paid 9 for the match, and our rules pay" in said(reading)
        assert "is said to be paid 8 before transfers, and our rules pay" in said(reading)


def test_the_generator_makes_both_kinds_of_tournament() -> None:
    assert len(played("PublicGoods", "NoMechanism").matches) == 8
    for mechanism in ROTATING:
        [agents] = played("PublicGoods", mechanism).matches
        assert agents == (ROSTER[0],) * 3 + (ROSTER[1],) * 3
