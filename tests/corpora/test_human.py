"""`comity import human`: tidy tables become data sets with cards, and what is wrong is refused before anything is
written."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.corpora.errors import CorpusError
from comity.corpora.human.card import Card, read_card
from comity.corpora.human.dataset import HumanData, is_human, read_human
from comity.corpora.human.importing import import_human, layout_names
from comity.corpora.human.recovered import MODEL, PEOPLE, recovered
from comity.fidelity.observations import COLUMNS
from tests.commands import called

pytestmark = pytest.mark.slow

TIDY = """population,condition,session,agent,round,action,valid,age
people,networked,tuesday,ann,0,C,true,17
people,networked,tuesday,ann,1,D,true,17
people,networked,tuesday,bob,0,D,true,18
people,networked,tuesday,bob,1,C,false,18
people,control,friday,cat,0,cooperate,true,17
people,control,friday,cat,1,cooperate,true,17
"""
LINKS = "session,agent,neighbour\ntuesday,ann,bob\n"
ABOUT = """title = "A small network"
licence = "CC BY 4.0"
limits = ["it is an example"]

[payoffs.networked]
R = 7
S = 0
T = 10
P = 0

[protocol]
"time limit" = "20 seconds"
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "choices.csv").write_text(TIDY)
    (folder / "links.csv").write_text(LINKS)
    (folder / "card.toml").write_text(ABOUT)
    return folder


@pytest.fixture
def data(source: Path, tmp_path: Path) -> HumanData:
    import_human(str(source), tmp_path / "data")
    return read_human(tmp_path / "data")


def test_a_tidy_table_comes_back_with_its_links(data: HumanData) -> None:
    networked, control = data.conditions().values()
    assert list(data.conditions()) == ["networked", "control"]
    assert networked.agents == ("ann", "bob")
    assert np.array_equal(networked.action, [1, 0, 0, np.nan], equal_nan=True)
    assert np.array_equal(networked.neighbours, [np.nan, 0, np.nan, 1], equal_nan=True)
    assert networked.invalid == 1
    assert control.rates.tolist() == [1]
    assert np.isnan(control.neighbours).all()


def test_the_card_says_what_there_is(data: HumanData, source: Path) -> None:
    card = data.card
    assert (card.title, card.licence, card.citation) == ("A small network", "CC BY 4.0", "not stated")
    assert (card.subjects, card.sessions, card.decisions) == (3, 2, 5)
    assert card.links
    assert card.ids
    networked = card.conditions["networked"]
    assert networked.payoffs == {"R": 7, "S": 0, "T": 10, "P": 0}
    assert (networked.invalid, networked.rounds) == (1, 2)
    assert networked.cooperation == pytest.approx(1 / 3)
    assert card.limits == ("it is an example", "columns that are not read: age")
    assert card.protocol == {"time limit": "20 seconds"}
    assert set(card.files) == {"choices.csv", "links.csv"}
    assert all(len(digest) == 64 for digest in card.files.values())


def test_parquet_says_the_same_as_csv(source: Path, data: HumanData, tmp_path: Path) -> None:
    pd.read_csv(source / "choices.csv").to_parquet(source / "choices.parquet")
    (source / "choices.csv").unlink()
    import_human(str(source), tmp_path / "again")
    for one, other in zip(
        data.observations.values(), read_human(tmp_path / "again").observations.values(), strict=True
    ):
        assert np.array_equal(one.action, other.action, equal_nan=True)
        assert np.array_equal(one.neighbours, other.neighbours, equal_nan=True)


def test_what_nobody_chose_may_be_kept_when_it_is_read(data: HumanData, tmp_path: Path) -> None:
    kept = read_human(tmp_path / "data", keep_invalid=True).conditions()["networked"]
    assert kept.action.tolist() == [1, 0, 0, 1]
    assert kept.invalid == 0


def test_a_population_is_chosen_by_name(data: HumanData) -> None:
    assert data.population() == data.population("people") == "people"
    with pytest.raises(CorpusError, match="no population 'models'; there are 'people'"):
        data.conditions("models")


def changed(text: str, old: str, new: str) -> Callable[[Path], None]:
    def change(source: Path) -> None:
        path = source / text
        path.write_text(path.read_text().replace(old, new, 1))

    return change


def written(name: str, content: bytes) -> Callable[[Path], None]:
    def write(source: Path) -> None:
        (source / name).write_bytes(content)

    return write


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            changed("choices.csv", "ann,1,D", "ann,1,E"),
            "choices.csv, {source}/links.csv: row 2: action is 'E'; allowed",
        ),
        (changed("choices.csv", "ann,1,D", "ann,0,D"), "rows 1 and 2 are both of agent 'ann' in round 0"),
        (changed("choices.csv", "ann,1,D", "ann,one,D"), "row 2: round is 'one'; allowed is a whole number from 0"),
        (changed("choices.csv", "bob,1,C,false", "bob,1,C,maybe"), "row 4: valid is 'maybe'"),
        (changed("choices.csv", "round", "period"), "needs the columns population, condition, session, agent, round"),
        (
            changed("choices.csv", "people,networked,tuesday,ann,1", ",networked,tuesday,ann,1"),
            "row 2: population is nothing",
        ),
        (
            changed("choices.csv", "ann,0,C,true,17", "ann,0,C,true,17,18,19,20"),
            "choices.csv cannot be read: its rows have more fields than its first line",
        ),
        (changed("links.csv", "bob", "eve"), "row 1: neighbour is 'eve'; the table has nobody of that name"),
        (changed("links.csv", "tuesday", "monday"), "row 1: session is 'monday'; the table has no such session"),
        (changed("card.toml", "licence", "license"), "card.toml: there is no key 'license'; allowed are title, source"),
        (
            changed("card.toml", "R = 7", "R = 'seven'"),
            "card.toml: payoffs.networked must give R, S, T and P as numbers",
        ),
        (changed("card.toml", "time limit", "time"), "card.toml: protocol has no key 'time'; allowed are information"),
        (changed("card.toml", "title =", "title"), "card.toml cannot be read"),
        (written("choices.csv", b"\xff\xfe\x00"), "it is not UTF-8 text"),
        (written("choices.csv", b""), "choices.csv is empty"),
        (written("more.parquet", b"PAR1 no"), "more.parquet cannot be read"),
        (written("more.csv", TIDY.encode()), "several files in the layout tidy (choices.csv, more.csv)"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(
    source: Path, tmp_path: Path, change: Callable[[Path], None], sentence: str
) -> None:
    change(source)
    done = called(["import", "human", str(source), "--out", str(tmp_path / "data")])
    assert done.returncode == 2
    assert sentence.format(source=source) in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_places_that_cannot_be_read_or_written_are_named(source: Path, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "something").write_text("mine")
    for arguments, sentence in (
        (["nowhere", "--out", str(tmp_path / "data")], "nowhere does not exist"),
        ([str(full), "--out", str(tmp_path / "data")], "holds no table; files that can be read end in .parquet, .csv"),
        ([str(source), "--out", str(full)], "is not empty; choose another folder"),
        ([str(source), "--out", str(source / "choices.csv")], "is a file, not a folder"),
        ([str(source), "--out", str(tmp_path / "data"), "--layout", "tidi"], "no layout 'tidi'; there are dal_bo"),
        ([str(source), "--out", str(tmp_path / "data"), "--layout", "swarup"], "no file in the layout swarup"),
    ):
        done = called(["import", "human", *arguments])
        assert done.returncode == 2
        assert sentence in done.stderr
    assert (full / "something").read_text() == "mine"


def test_the_command_tells_what_was_read(source: Path, tmp_path: Path) -> None:
    done = called(["import", "human", str(source), "--out", str(tmp_path / "deep" / "data")])
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "A small network (tidy)",
        "3 people, 5 decisions, licence: CC BY 4.0",
        "  networked: 2 in 1 session, 3 decisions, 33.3% cooperated, 1 row that nobody chose",
        "  control: 1 in 1 session, 2 decisions, 100.0% cooperated",
        "note: it is an example",
        "note: columns that are not read: age",
    ]
    assert is_human(tmp_path / "deep" / "data")
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["data"]


def test_columns_without_rows_and_conditions_without_choices_are_refused(source: Path, tmp_path: Path) -> None:
    (source / "links.csv").unlink()
    (source / "choices.csv").write_text(TIDY.splitlines()[0] + "\n")
    with pytest.raises(CorpusError, match="the table has no rows"):
        import_human(str(source), tmp_path / "data")
    (source / "choices.csv").write_text(
        TIDY.replace("cat,0,cooperate,true", "cat,0,,true").replace("cat,1,cooperate", "cat,1,")
    )
    with pytest.raises(CorpusError, match="the condition 'control' has no action that anybody chose"):
        import_human(str(source), tmp_path / "data")


@given(line=st.integers(0, 6), field=st.integers(0, 7), text=st.text(max_size=6))
@settings(max_examples=40)
def test_whatever_stands_in_a_field_is_read_or_refused(line: int, field: int, text: str) -> None:
    rows = list(csv.reader(TIDY.splitlines()))
    rows[line][field] = text
    with TemporaryDirectory() as folder:
        path = Path(folder) / "choices.csv"
        with path.open("w", newline="", encoding="utf-8", errors="replace") as file:
            csv.writer(file).writerows(rows)
        refusal = None
        try:
            import_human(str(path), Path(folder) / "data")
        except CorpusError as error:
            refusal = str(error)
        if refusal is None:
            assert read_human(Path(folder) / "data").observations
        else:
            assert len(refusal.splitlines()) == 1
            assert not (Path(folder) / "data").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda card: card.pop("subjects"), "'subjects' is missing"),
        (lambda card: card.update(version=99), "found 99, where this comity reads version 1"),
        (lambda card: card.update(kind="rumours"), "found 'rumours'; allowed are"),
        (lambda card: card.update(ids="yes"), 'at ids: found "yes" where true or false belongs'),
        (lambda card: card["conditions"]["control"].pop("rounds"), "at conditions.control: 'rounds' is missing"),
    ],
)
def test_a_card_that_is_not_ours_is_refused(
    data: HumanData, tmp_path: Path, change: Callable[[dict[str, Any]], Any], sentence: str
) -> None:
    path = tmp_path / "data" / "card.json"
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))
    with pytest.raises(CorpusError) as raised:
        read_human(tmp_path / "data")
    assert sentence in str(raised.value)


def test_a_folder_without_a_card_is_no_data_set(tmp_path: Path) -> None:
    assert not is_human(tmp_path)
    with pytest.raises(CorpusError, match="holds no data set of people"):
        read_human(tmp_path)


def test_a_data_set_that_was_changed_by_hand_is_checked_again(data: HumanData, tmp_path: Path) -> None:
    path = tmp_path / "data" / "observations.parquet"
    table = pd.read_parquet(path)
    assert set(table.columns) <= set(COLUMNS)
    table.loc[0, "round"] = 1
    table.to_parquet(path)
    with pytest.raises(CorpusError, match=r"observations.parquet: rows 1 and 2 are both of agent 'ann'"):
        read_human(tmp_path / "data")
    path.unlink()
    with pytest.raises(CorpusError, match="is missing, and nothing can be read without it"):
        read_human(tmp_path / "data")


def test_aggregates_stay_aggregates(tmp_path: Path) -> None:
    done = called(["import", "human", "recovered", "--out", str(tmp_path / "data")])
    assert done.returncode == 0
    assert "note: aggregates only" in done.stdout
    found = read_human(tmp_path / "data")
    assert found.card.kind == "aggregates"
    assert not found.observations
    assert not (tmp_path / "data" / "observations.parquet").exists()
    assert found.aggregates == recovered()
    assert list(found.series(PEOPLE)) == list(found.series(MODEL)) == list(found.card.conditions)
    with pytest.raises(CorpusError, match="several populations"):
        found.series()


def test_series_that_contradict_themselves_are_refused(tmp_path: Path) -> None:
    import_human("recovered", tmp_path / "data")
    path = tmp_path / "data" / "series.json"
    series = json.loads(path.read_text())
    series[1]["histogram"][0] += 1
    path.write_text(json.dumps(series))
    with pytest.raises(CorpusError, match=r"at \[1\].histogram: counts 605 agents, where there are 604"):
        read_human(tmp_path / "data")


def test_recovered_rates_are_spread_inside_their_bins() -> None:
    for series in recovered().values():
        assert len(series.rates) == series.agents
        steps = series.rates * series.rounds
        assert np.allclose(steps, np.round(steps))
        bins = np.minimum(np.round(steps).astype(int) * 27 // series.rounds, 26)
        assert np.array_equal(np.bincount(bins, minlength=27), series.histogram)
        assert abs(series.rates.mean() - series.trajectory.mean()) < 0.002


def test_recovered_series_are_those_of_the_published_table() -> None:
    """Mean and SD of individual rates, and the share that cooperated in the first round, as the paper prints them."""
    printed = {
        (PEOPLE, "lattice"): (0.368, 0.170, 0.594),
        (PEOPLE, "heterogeneous"): (0.405, 0.158, 0.633),
        (PEOPLE, "lattice control"): (0.292, 0.209, 0.394),
        (PEOPLE, "heterogeneous control"): (0.322, 0.209, 0.407),
        (MODEL, "lattice"): (0.291, 0.069, 0.701),
        (MODEL, "heterogeneous"): (0.314, 0.148, 0.727),
        (MODEL, "lattice control"): (0.238, 0.047, 0.722),
        (MODEL, "heterogeneous control"): (0.361, 0.089, 0.765),
    }
    for key, (mean, spread, first) in printed.items():
        series = recovered()[key]
        assert series.trajectory.mean() == pytest.approx(mean, abs=0.0011)
        assert series.rates.std() == pytest.approx(spread, abs=0.003)
        assert series.trajectory[0] == pytest.approx(first, abs=0.0006)


def test_every_layout_has_a_name_of_its_own() -> None:
    assert len(set(layout_names())) == len(layout_names())
    assert "tidy" in layout_names()
    assert tomllib.loads(ABOUT)["payoffs"]["networked"]["T"] == 10


def test_a_card_survives_being_written(data: HumanData, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    data.card.write(folder)
    again = read_card(folder)
    assert isinstance(again, Card)
    assert again == data.card
