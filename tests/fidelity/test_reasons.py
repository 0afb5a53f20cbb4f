"""Reasons compared like choices: exact distances, ceilings that work, consistency that is held out, and the command."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from comity.fidelity.circumstances import circumstances
from comity.fidelity.observations import FidelityError
from comity.fidelity.reasons import Told, consistency, distances, profile, told
from comity.judge.errors import JudgeError
from comity.judge.rationales import add_rationales, circumstances_in, keep_circumstances, rationales_in
from comity.llm.fake import serving
from comity.records.store import RunFile
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from tests.commands import called
from tests.models.studies import playing

NAMES = ("fair", "greedy", "habit")


def population(seed: int, name: str, weights: tuple[float, float], sessions: int = 8, agents: int = 8) -> Told:
    """Agents of ten rounds whose reasons follow the neighbours' share, and whose choices follow the reasons.

    weights: log-odds of "fair" where no neighbour cooperated, and how much more where all did. A fair one cooperates
    nine times in ten, a greedy one once; habit comes by chance.
    """
    rng = np.random.default_rng(seed)
    rows, given = [], []
    for session in range(sessions):
        for agent in range(agents):
            taste, own = rng.normal(0, 0.7), math.nan
            for round in range(10):
                share = math.nan if round == 0 else float(rng.integers(0, 5)) / 4
                odds = weights[0] + weights[1] * (0.5 if round == 0 else share) + taste
                fair = rng.random() < 1 / (1 + math.exp(-odds))
                action = float(rng.random() < (0.9 if fair else 0.1))
                rows.append((name, f"s{session}", f"a{agent}", round, action, own, share))
                given.append((float(fair), float(not fair), float(rng.random() < 0.3)))
                own = action
    columns = ("population", "session", "agent", "round", "action", "own", "neighbours")
    return told(pd.DataFrame(rows, columns=list(columns)), NAMES, given, name)


def small(labels: list[tuple[float, ...]], names: tuple[str, ...] = ("a", "b")) -> Told:
    n = len(labels)
    table = pd.DataFrame(
        {
            "population": "p",
            "session": [f"s{row}" for row in range(n)],
            "agent": "one",
            "round": 0,
            "action": 1.0,
            "own": math.nan,
            "neighbours": math.nan,
        }
    )
    return told(table, names, labels, "p")


def test_distances_are_those_of_the_formulas() -> None:
    one, other = small([(1, 0), (1, 0), (1, 1), (0, 0)]), small([(0, 1), (0, 1), (0, 1), (0, 1)])
    found = {(apart.kind, apart.within): apart.value for apart in distances(one, other, draws=100)}
    # Mentions: (3/4, 1/4) against (0, 1). Shares of reasons: (3/4, 1/4) against (0, 1).
    assert found["variation", "all situations together"] == pytest.approx(0.75)
    middle = np.array([0.375, 0.625])
    entropy = -(middle * np.log2(middle)).sum() - 0.5 * -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))
    assert found["divergence", "all situations together"] == pytest.approx(entropy)
    assert found["difference", "each situation"] == pytest.approx(0.75)
    disjoint = distances(small([(1, 0)] * 4), other, draws=100)
    assert [apart.value for apart in disjoint] == pytest.approx([1.0] * 6)


def test_a_profile_tells_shares_by_situation() -> None:
    of = population(1, "p", (-1, 2))
    rows = {(share.situation, share.label): share for share in profile(of, draws=200)}
    first = of.given[of.observations.round == 0]
    assert rows["first round", "fair"].value == pytest.approx(first[:, 0].mean())
    assert rows["first round", "fair"].reasons == 64
    everywhere = rows["all", "habit"]
    assert everywhere.value == pytest.approx(of.given[:, 2].mean())
    assert everywhere.low < everywhere.value < everywhere.high
    assert rows["after cooperation, all", "fair"].value > rows["after cooperation, none", "fair"].value + 0.2
    assert sum(rows[name, "fair"].reasons for name, label in rows if label == "fair" and name != "all") == 640


@pytest.mark.slow
def test_people_are_like_people_and_others_are_not() -> None:
    """The same reasons in the same situations pass; the same reasons overall, given in other situations, fail there."""
    people = population(1, "people", (-2, 4))
    verdicts = [
        {
            (apart.kind, apart.within): apart.verdict
            for apart in distances(population(seed, "same", (-2, 4)), people, draws=500)
        }
        for seed in range(2, 8)
    ]
    assert not any("unlike people" in one.values() for one in verdicts)
    turned = {
        (apart.kind, apart.within): apart for apart in distances(population(20, "turned", (2, -4)), people, draws=500)
    }
    assert turned["difference", "each situation"].verdict == "unlike people"
    assert turned["variation", "each situation"].verdict == "unlike people"
    assert turned["variation", "all situations together"].verdict != "unlike people"


def test_a_single_agent_has_no_ceiling() -> None:
    alone = population(1, "people", (0, 0), sessions=1, agents=1)
    [first, *_] = distances(population(2, "c", (0, 0), sessions=2, agents=2), alone, draws=100)
    assert (math.isnan(first.margin), first.verdict) == (True, "no ceiling")


@pytest.mark.slow
def test_consistency_is_held_out_skill() -> None:
    of = population(3, "p", (-1, 2))
    found = {skill.by: skill for skill in consistency(of)}
    entropy = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    share = float(of.observations.action.mean())
    base = -(share * math.log(share) + (1 - share) * math.log(1 - share))
    assert found["reasons"].value == pytest.approx(1 - entropy / base, abs=0.05)
    assert found["reasons"].low < found["reasons"].value < found["reasons"].high
    assert found["added"].low > 0.3
    assert found["reasons"].value > found["situation"].value + 0.2


@pytest.mark.slow
def test_words_that_only_retell_the_situation_add_nothing_and_random_ones_tell_nothing() -> None:
    of = population(4, "p", (-1, 2))
    own = np.nan_to_num(of.observations.own, nan=0.5)
    rng = np.random.default_rng(5)
    random = {
        skill.by: skill for skill in consistency(Told(NAMES, of.observations, rng.random(of.given.shape).round()))
    }
    assert abs(random["reasons"].value) < 0.02
    retold = np.stack([own, 1 - own, own * 0], axis=1)
    again = {skill.by: skill for skill in consistency(Told(NAMES, of.observations, retold))}
    assert abs(again["added"].value) < 0.01


def test_where_consistency_is_not_known_it_says_why() -> None:
    alike = consistency(small([(1, 0)] * 30))
    assert [skill.why for skill in alike] == ["all choices are the same"] * 4
    assert all(math.isnan(skill.value) for skill in alike)
    assert "it takes 20" in consistency(small([(1, 0)] * 5))[0].why


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(FidelityError, match="labelled by different labels"):
        distances(small([(1, 0)]), small([(1, 0)], ("a", "c")), draws=100)
    with pytest.raises(FidelityError, match="missing: action"):
        told(pd.DataFrame({"population": ["p"], "session": ["s"], "agent": ["a"], "round": [0]}), ("a",), [[1]], "p")
    with pytest.raises(FidelityError, match="every reason needs a number"):
        small([(math.nan, 0)])


LABELS = """
name = "two kinds"

[[labels]]
name = "selfish"
title = "Selfish"
definition = "The player picks what pays itself best; what others get does not matter to it."
keywords = ["my payoff", "brings me"]

[[labels]]
name = "kind"
title = "Kind"
definition = "The player wants others to be well off, also where that costs it something."
keywords = ["both of us", "together"]
"""
HEAD = ("population", "session", "agent", "round", "text", "action", "own", "neighbours")


def people_file(path: Path, rows: list[tuple[Any, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        writer.writerows(rows)
    return path


def people_rows() -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for session in range(4):
        for agent in range(4):
            own: Any = ""
            for round in range(4):
                kind = (session + agent + round) % 3 > 0
                text = "Let us stay together." if kind else "I look at my payoff."
                rows.append(("people", session, f"p{agent}", round, text, int(kind), own, "" if round == 0 else 0.5))
                own = int(kind)
    return rows


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (("people", 1, "a", "x", "t", 1, "", ""), "line 2: round must be a whole number from 0 to 999999999, not 'x'"),
        (("people", 1, "a", 0, "t", 2, "", ""), "line 2: action must be 1 or 0"),
        (("people", 1, "a", 0, "t", 1, "", 7), "line 2: neighbours must be from 0 to 1"),
        (("people", "", "a", 0, "t", 1, "", ""), "population, session and agent must be named"),
        (("", 1, "a", 0, "t", 1, "", ""), "population, session and agent must be named"),
        (("people", 1, "a", "9" * 20, "t", 1, "", ""), "round must be a whole number from 0 to 999999999, not '9{20}'"),
        (("people", 1, "a", 0), "not as many fields"),
    ],
)
def test_a_table_of_reasons_is_checked(tmp_path: Path, row: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(JudgeError, match=sentence):
        rationales_in(people_file(tmp_path / "people.csv", [row]))


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("session,agent,round\n1,a,0\n")
    with pytest.raises(JudgeError, match="missing: population, text; there are: session, agent, round"):
        rationales_in(tmp_path / "people.csv")


def test_what_was_kept_of_reasons_comes_back_and_is_refused_where_it_was_changed(tmp_path: Path) -> None:
    rows = rationales_in(people_file(tmp_path / "people.csv", [("people", 1, "a", 0, "t", 1, "", 0.5)]))
    keep_circumstances(tmp_path, rows)
    [kept] = circumstances_in(tmp_path)
    assert kept[:6] == ("1.a.0", "people", "1", "a", 0, 1.0)
    assert math.isnan(kept[6])
    assert kept[7] == 0.5
    path = tmp_path / "circumstances.csv"
    whole = path.read_bytes()
    twice = whole + whole.splitlines(keepends=True)[1]
    wrong = whole.replace(b"1,,0.5", b"x,,0.5")
    for damaged in (b"", b"\xff\xfe", b"id,population\n", twice, wrong, whole + b"a,b\n"):
        path.write_bytes(damaged)
        with pytest.raises(JudgeError, match=r"circumstances\.csv: this is not what was kept of the reasons"):
            circumstances_in(tmp_path)


def test_words_that_could_not_be_added_are_refused_before_they_are_said(tmp_path: Path) -> None:
    other = people_file(tmp_path / "other.csv", [("people", 1, "a", 0, "t", 1, "", "")])
    other.write_text("population,session,agent,round,text\np,1,a,0,t\n")
    for path, sentence in (
        (other, "words can be added to a table with the columns"),
        (tmp_path / "no" / "table.csv", "there is no folder"),
    ):
        refused = called(["play", "prisoners_dilemma", "--reasons", str(path)])
        assert refused.returncode == 2
        assert sentence in refused.stderr
        assert "Which action" not in refused.stdout
    mine = tmp_path / "mine.csv"
    mine.write_text("population,session,agent,round,text,action,own,neighbours\npeople,1,a,0,t,1,,")  # no last line end
    add_rationales(mine, [("2", "b", 0, "so", 0.0, math.nan, math.nan)])
    assert [(one.session, one.action) for one in rationales_in(mine)] == [("1", 1.0), ("2", 0.0)]


@pytest.mark.slow
def test_situations_of_a_run_are_those_of_its_records(tmp_path: Path) -> None:
    plan = """
    name = "pair"
    seed = 1
    games = ["prisoners_dilemma"]
    mechanisms = [{name = "random_continuation", chance = 0.7}]
    agents = ["tit_for_tat", "alternate"]
    """
    run(parsed_plan(plan), tmp_path / "run", workers=1)
    with RunFile.open(tmp_path / "run") as file:
        found = circumstances(file.records()).set_index("id")
        for record in file.records():
            acts = [(step, choices) for step, choices in enumerate(record.choices) if len(choices) == 2]
            for round, (step, choices) in enumerate(acts):
                for seat in range(2):
                    row = found.loc[f"{record.match.index}.{step}.{seat}"]
                    assert (row["population"], row["round"]) == (record.match.agents[seat], round)
                    assert row["action"] == (choices[seat] == "cooperate")
                    if round:
                        assert row["own"] == (acts[round - 1][1][seat] == "cooperate")
                        assert row["neighbours"] == (acts[round - 1][1][1 - seat] == "cooperate")
                    else:
                        assert pd.isna(row["own"])


@pytest.mark.slow
def test_models_and_people_are_judged_alike_and_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    (tmp_path / "kinds.toml").write_text(LABELS)
    with serving(playing()) as provider:
        plan = f"""
        name = "models"
        seed = 1
        games = ["prisoners_dilemma"]
        mechanisms = [{{name = "repetition", rounds = 4}}]
        agents = [{{label = "m", name = "model", model = "openai-chat:random(p=0.6)", max_tokens = 300, tagged = true,
            base_url = "{provider.url_openai}", key = "OPENAI_API_KEY"}}]
        replicates = 6
        """.replace("tagged = true,\n            base", "tagged = true, base")
        (tmp_path / "plan.toml").write_text(plan)
        done = called(["run", str(tmp_path / "plan.toml"), "--out", str(tmp_path / "run"), "--no-report"])
        assert done.returncode == 0, done.stderr
    common = ("--taxonomy", str(tmp_path / "kinds.toml"), "--model", "keywords")
    assert called(["judge", str(tmp_path / "run"), *common, "--shortest", "5"]).returncode == 0
    words = people_file(tmp_path / "people.csv", people_rows())
    done = called(["judge", "--reasons", str(words), "--out", str(tmp_path / "people"), *common])
    assert done.returncode == 0, done.stderr
    assert "reasons: 64 of 64" in done.stdout

    def rows(*arguments: str) -> list[dict[str, Any]]:
        printed = called(["reasons", *arguments, "--draws", "200", "--json"])
        assert printed.returncode == 0, printed.stderr
        found: list[dict[str, Any]] = json.loads(printed.stdout)
        return found

    run_, people = str(tmp_path / "run"), str(tmp_path / "people")
    shares = {(row["population"], row["label"]): row["value"] for row in rows(run_, people)}
    assert shares["m", "Selfish"] == 1
    assert shares["people", "Kind"] == pytest.approx(np.mean([row[5] for row in people_rows()]))
    apart = {(row["kind"], row["within"]): row for row in rows(run_, "--against", people)}
    assert apart["variation", "all situations together"]["value"] == pytest.approx(shares["people", "Kind"])
    assert apart["variation", "all situations together"]["verdict"] == "unlike people"
    told_all = {(row["population"], row["by"]): row["value"] for row in rows(people, "--what", "consistency")}
    assert told_all["people", "reasons"] > 0.8
    refused = called(["reasons", run_, "--what", "distance"])
    assert (refused.returncode, "needs --against" in refused.stderr) == (2, True)
    assert called(["reasons", run_, "--judge", "nobody"]).returncode == 2


@pytest.mark.slow
def test_a_person_at_the_terminal_says_why_and_is_added_to_the_table(tmp_path: Path) -> None:
    words = tmp_path / "words.csv"
    played = ("play", "prisoners_dilemma", "-m", "repetition(rounds=3)", "--reasons", str(words), "--name", "ana")
    typed = 'cooperate\nWe both gain, together.\ndefect\nMy payoff, "now".\ncooperate\n\n'
    for _ in range(2):
        done = called(played, stdin=typed)
        assert done.returncode == 0, done.stderr
        assert "reasons: 2 added to" in done.stdout
    found = rationales_in(words)
    assert [(one.session, one.agent, one.round, one.action) for one in found] == [
        (session, "ana", round, action) for session in "12" for round, action in ((0, 1.0), (1, 0.0))
    ]
    assert found[1].reason.text == 'My payoff, "now".'
    assert math.isnan(found[0].own)
    assert (found[1].own, found[1].neighbours) == (1.0, 1.0)  # it met tit for tat, which had cooperated
    (tmp_path / "other.csv").write_text("name,age\n")
    refused = called((*played[:4], "--reasons", str(tmp_path / "other.csv")), stdin=typed)
    assert (refused.returncode, "missing: population" in refused.stderr) == (2, True)
