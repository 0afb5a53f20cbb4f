"""From a plan file to a plan, or to the sentences that say what is wrong with it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from comity.records.spec import Spec
from comity.runs.complaints import Place, lines_of
from comity.runs.plan import Plan, PlanError, parsed_plan, read_plan

START = 'name = "p"\nseed = 1\n'
SMALL = START + 'games = ["prisoners_dilemma"]\nmechanisms = ["none"]\nagents = ["tit_for_tat"]\n'


def plan_of(**fields: str) -> Plan:
    """The small plan with some of its fields written otherwise (in TOML)."""
    return parsed_plan(text_of(**fields))


def text_of(**fields: str) -> str:
    written = {
        "name": '"p"',
        "seed": "1",
        "games": '["prisoners_dilemma"]',
        "mechanisms": '["none"]',
        "agents": '["tit_for_tat"]',
    }
    return "".join(f"{key} = {value}\n" for key, value in {**written, **fields}.items())


def complaints(text: str) -> list[str]:
    with pytest.raises(PlanError) as raised:
        parsed_plan(text, "p.toml")
    return str(raised.value).splitlines()


def test_a_plan_is_every_game_under_every_stack() -> None:
    plan = plan_of(
        games='["prisoners_dilemma", {name = "public_goods", players = 4}]',
        mechanisms='["none", ["mediation", "repetition"], {name = "repetition", rounds = 3}]',
    )
    assert [(cell.game_label, cell.mechanism_label) for cell in plan.cells] == [
        (game, mechanism)
        for game in ("prisoners_dilemma", "public_goods")
        for mechanism in ("none", "mediation+repetition", "repetition")
    ]
    assert plan.cells[4].built.n_players == 4
    assert plan.cells[4].stack == (Spec.of("mediation"), Spec.of("repetition"))
    assert plan.cells[5].stack == (Spec.of("repetition", {"rounds": 3}),)


def test_what_is_written_otherwise_means_the_same() -> None:
    otherwise = """
    name = "p"
    seed = 1
    [[games]]
    name = "prisoners_dilemma"
    [[mechanisms]]
    stack = []
    [[mechanisms]]
    name = "repetition"
    rounds = 3
    [[agents]]
    name = "tit_for_tat"
    [matching]
    [run]
    proposals = "match"
    """
    plan = plan_of(mechanisms='["none", {stack = [{name = "repetition", rounds = 3}]}]')
    assert parsed_plan(otherwise) == plan
    assert parsed_plan(otherwise).text == otherwise


def test_labels_are_names_unless_that_would_confuse_them() -> None:
    plan = plan_of(
        games="""["stag_hunt", {name = "stag_hunt", stag = 6},
                  {name = "chicken", win = 5}, {name = "chicken", label = "c"}]""",
        mechanisms="""[{name = "repetition", rounds = 3}, {name = "repetition", rounds = 4},
                       ["mediation", "repetition"]]""",
        agents='["random", {name = "random", p = 0.25}, {name = "random", p = 0.1, label = "rare"}]',
    )
    assert list(dict.fromkeys(cell.game_label for cell in plan.cells)) == [
        "stag_hunt",
        "stag_hunt(stag=6)",
        "chicken",
        "c",
    ]
    mechanisms = list(dict.fromkeys(cell.mechanism_label for cell in plan.cells))
    assert mechanisms == ["repetition(rounds=3)", "repetition(rounds=4)", "mediation+repetition"]
    assert [label for label, _ in plan.agents] == ["random", "random(p=0.25)", "rare"]


def test_replicates_are_numbered_or_named() -> None:
    assert plan_of(replicates="3").replicates == ("1", "2", "3")
    assert plan_of(replicates='["May", "June"]').replicates == ("May", "June")


def test_fields_reach_what_is_built() -> None:
    plan = parsed_plan(
        START
        + """
        mechanisms = ["none"]
        [[games]]
        name = "matrix"
        first_actions = ["u", "d"]
        second_actions = ["l", "r"]
        cells = [[[1, 2], [3, 4]], [[5.5, 6], [7, 8]]]
        cooperate = ["u", "l"]
        [[agents]]
        name = "automaton"
        start = 1
        cooperates = [1, 0.5]
        then = [[0, 1, 0, 1], [1, 1, 0, 0]]
        """
    )
    assert plan.cells[0].built.payoffs(("d", "l")) == (5.5, 6)  # type: ignore[attr-defined]
    assert dict(plan.agents)["automaton"].parameters["cooperates"] == (1, 0.5)


def test_a_population_is_all_agents_in_every_seat() -> None:
    plan = plan_of(
        mechanisms="""["reputation", ["reputation_first_order", "repetition"],
                       {name = "reputation", population = 12, label = "many"}]""",
        agents='["tit_for_tat", "grim", "random"]',
        matching="{repeats = 2}",
    )
    once, nested, twice = ([match.agents for match in plan.matches() if match.cell == cell] for cell in plan.cells)
    assert once == nested == [("tit_for_tat", "tit_for_tat", "grim", "grim", "random", "random")] * 2
    assert twice == [once[0] * 2] * 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            SMALL.replace("seed = 1", "sed = 1"),
            ["p.toml: the field 'seed' is missing", "line 2, sed: there is no field"],
        ),
        (SMALL.replace("= 1", "= 1.5"), ["p.toml, line 2, seed: must be a valid integer, not 1.5"]),
        (SMALL.replace("= 1", "= -1"), ["p.toml, line 2, seed: must be greater than or equal to 0, not -1"]),
        (SMALL.replace('"p"', '"../p"'), ['line 1, name: must be a word that can be a folder\'s name, not "../p"']),
        (SMALL + "replicates = 0", ["p.toml, line 6, replicates: must be how many"]),
        (SMALL + 'replicates = ["a", "a"]', ["p.toml, line 6, replicates, entry 2: the label 'a' is used twice"]),
        (text_of(games="[]"), ["p.toml, line 3, games: must have at least one entry"]),
        (text_of(games="[3]"), ["p.toml, line 3, games, entry 1: must be a name or a table, not 3"]),
        (
            text_of(games='["prisoners_dilemna"]'),
            ["entry 1: there is no game called 'prisoners_dilemna'; did you mean 'prisoners_dilemma'?"],
        ),
        (text_of(mechanisms='["repitition"]'), ["p.toml, line 4, mechanisms, entry 1: there is no mechanism called"]),
        (text_of(agents='["zzz"]'), ["p.toml, line 5, agents, entry 1: there is no agent called 'zzz'; there are: "]),
        (
            text_of(games='[\n"stag_hunt",\n{name = "public_goods", plyers = 3}]'),
            ["line 5, games, entry 2, plyers: there is no field of public_goods", "did you mean 'players'?"],
        ),
        (
            text_of(games='[{name = "public_goods", players = "three"}]'),
            ['p.toml, line 3, games, entry 1, players: must be a valid integer, not "three"'],
        ),
        (
            text_of(mechanisms='[{name = "repetition", memory = 1.5}]'),
            ["p.toml, line 4, mechanisms, entry 1, memory: must be a valid integer or must be 'all', not 1.5"],
        ),
        (text_of(mechanisms='[{name = "repetition", rounds = true}]'), ["rounds: must be a valid integer, not true"]),
        (text_of(mechanisms='[{name = "repetition", discount = inf}]'), ["discount: must be text, a finite number"]),
        (
            text_of(mechanisms='[{name = "repetition", horizon = "soon"}]'),
            ["horizon: must be 'chance', 'announced' or 'hidden', not \"soon\""],
        ),
        (text_of(agents='[{name = "random", p = {x = 1}}]'), ["p: must be text, a finite number, true or false"]),
        (text_of(games='["matrix"]'), ["needs the field 'first_actions'", "'second_actions'", "'cells'"]),
        (text_of(games='[{name = "stag_hunt", stag = 0}]'), ["line 3, games, entry 1: a stag hunt needs stag > hare"]),
        (text_of(agents='[{name = "random", p = 1.5}]'), ["line 5, agents, entry 1: "]),
        (
            text_of(mechanisms='[{name = "repetition", rounds = 0}]'),
            ["line 4, mechanisms, entry 1: ", "1 to 10,000, not 0"],
        ),
        (
            text_of(games='["trust_game_sequential"]', mechanisms='["none", "mediation"]'),
            ["line 4, mechanisms, entry 2: mediation cannot stand on trust_game_sequential: mediation speaks about"],
        ),
        (text_of(mechanisms='["none", "none"]'), ["line 4, mechanisms, entry 2: the label 'none' is used twice"]),
        (text_of(mechanisms='[["repetition", "none"]]'), ["there is no mechanism called 'none'"]),
        (text_of(mechanisms="[{stack = [], rounds = 3}]"), ["entry 1, rounds: there is no field called 'rounds'"]),
        (text_of(agents='[{name = "grim", label = "nature"}]'), ["the label 'nature' is what tables call chance"]),
        (
            text_of(agents='[{name = "grim", label = "a\\tb"}]'),
            ["label: must be text that can be seen, without control"],
        ),
        (text_of(agents='[{name = "grim", label = "  "}]'), ["label: must be text that can be seen, without control"]),
        (text_of(agents='[{name = "grim", label = "a\\u202eb"}]'), ["label: must be text that can be seen"]),
        (text_of(matching='{kind = "sampled"}'), ["matching, kind: a \"sampled\" matching needs the field 'matches'"]),
        (text_of(matching="{matches = 3}"), ['matches: only a matching of the kind "sampled" has this field']),
        (text_of(matching='{knd = "product"}'), ["knd: there is no field called 'knd'; did you mean 'kind'?"]),
        (text_of(matching="{repeats = 0}"), ["matching, repeats: must be greater than or equal to 1, not 0"]),
        (text_of(matching="{self_play = false}"), ["without self-play 1 agents cannot take the 2 seats"]),
        (text_of(matching="{repeats = 100_000_000}"), ["100,000,000 matches, and a run has 10,000,000 at most"]),
        (text_of(run='{proposals = "never"}'), ["run, proposals: must be 'match' or 'tournament', not \"never\""]),
        (text_of(games='[{name = "public_goods", players = 2_000}]'), ["2,000 players, and a match has 1,000 at most"]),
        (
            text_of(mechanisms='[{name = "reputation", population = 3}]'),
            ["population must be a multiple of 2 (1 agents in each of 2 seats), not 3; left out, it is 2"],
        ),
        (
            text_of(games='["trust_game_sequential"]', mechanisms='["mediation"]', run="{skip_impossible = true}"),
            ["run, skip_impossible: no mechanism can stand on any game"],
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, expected: list[str]) -> None:
    found = complaints(text)
    for sentence in expected:
        assert any(sentence in line for line in found), found
        assert all(line.startswith("p.toml") for line in found)


def test_a_cell_that_is_wrong_is_not_called_impossible() -> None:
    assert complaints(text_of(games='[{name = "public_goods", players = 2_000}]')) == [
        "p.toml, line 4, mechanisms, entry 1: none on public_goods: it has 2,000 players, and a match has 1,000 at most"
    ]


def test_everything_that_is_wrong_is_said_at_once_in_the_order_of_the_text() -> None:
    text = text_of(
        games='["prisoners_dilemna", {name = "public_goods", players = 2.5}]',
        mechanisms='["none", ["mediation", {name = "repetition", round = 2}]]',
        agents='["grim", "grim"]',
    )
    found = complaints(text + '[matching]\nkind = "sampled"')
    assert [line.split(":")[0] for line in found] == [
        "p.toml, line 3, games, entry 1",
        "p.toml, line 3, games, entry 2, players",
        "p.toml, line 4, mechanisms, entry 2, entry 2, round",
        "p.toml, line 5, agents, entry 2",
        "p.toml, line 7, matching, kind",
    ]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ('name = "p"\nseed =\n', "p.toml, line 2, column "),
        ('name = "p"\nseed = 1\nseed = 2\n', "p.toml, line 3, column "),
        ('games = [\n"stag_hunt",\n', "p.toml, line 2: "),
    ],
)
def test_what_is_not_toml_is_said_with_its_line(text: str, start: str) -> None:
    [line] = complaints(text)
    assert line.startswith(start)
    assert ": this is not TOML: " in line


def test_cells_that_cannot_be_may_be_left_out() -> None:
    plan = plan_of(
        games='["trust_game_sequential", "stag_hunt"]',
        mechanisms='["none", "mediation"]',
        run="{skip_impossible = true}",
    )
    assert [(cell.game_label, cell.mechanism_label) for cell in plan.cells] == [
        ("trust_game_sequential", "none"),
        ("stag_hunt", "none"),
        ("stag_hunt", "mediation"),
    ]
    [reason] = plan.skipped
    assert reason.startswith("mediation cannot stand on trust_game_sequential: ")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"nowhere\.toml: the plan cannot be read: No such file"):
        read_plan(tmp_path / "nowhere.toml")
    (tmp_path / "latin.toml").write_bytes('name = "pl\xe4n"'.encode("latin-1"))
    with pytest.raises(PlanError, match=r"latin.toml: a plan is text in UTF-8, and byte 11 of this is not"):
        read_plan(tmp_path / "latin.toml")
    with pytest.raises(PlanError, match="cannot be read: Is a directory"):
        read_plan(tmp_path)


WRITTEN = '''# a comment [with] brackets = "and quotes"
plain = 1
"quoted key" = 'a # b'
dotted.key.deep = [1, [2,
  3], {x = "]", y = [
  4]}]  # ]
text = """two
lines "" with = [brackets] \\"""
end"""
raw = \'\'\'
it's\'\'\'
[table]
a = 1979-05-27 07:32:00
[table.'sub.table']
b = { c.d = 1, e = [ ] }
[[list]]
name = "first"
[[list.inner]]
z = 0
[[list]]
name = "second"
[[list.inner]]
z = 1
[[list.inner]]
z = 2
'''


def test_every_key_and_element_has_its_line() -> None:
    lines = lines_of(WRITTEN)
    assert set(lines) == set(places(tomllib.loads(WRITTEN)))
    expected: dict[Place, int] = {
        ("plain",): 2,
        ("quoted key",): 3,
        ("dotted", "key", "deep", 1, 0): 4,
        ("dotted", "key", "deep", 1, 1): 5,
        ("dotted", "key", "deep", 2, "y", 0): 6,
        ("text",): 7,
        ("raw",): 10,
        ("table", "a"): 13,
        ("table", "sub.table", "b", "c", "d"): 15,
        ("list", 0, "inner", 0, "z"): 19,
        ("list", 1): 20,
        ("list", 1, "inner", 1, "z"): 25,
    }
    assert {place: lines[place] for place in expected} == expected


def places(value: Any, place: Place = ()) -> Any:
    """Every place of a document."""
    if place:
        yield place
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield from places(entry, (*place, key))
