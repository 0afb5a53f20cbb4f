"""The same moves as tidy tables: decisions, games, human_decisions and gpt4_response_tables, one Parquet file each.

Of these the last two may be missing. Rows belong together by `episode`, or by `participant` and `game_id`; rounds,
seats and options count from 1.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from comity.corpora.columns import Row, read_rows
from comity.corpora.errors import CorpusError
from comity.corpora.repeatedgames.account import (
    LARGEST,
    PEOPLE_LABELS,
    Episode,
    GameAccount,
    Labels,
    Matrix,
    Person,
    Responses,
    Source,
    Telling,
)
from comity.corpora.repeatedgames.kept import complete_responses

_COLUMNS = {
    "decisions": {
        "experiment": "text", "game_id": "text", "family": "text", "payoff_matrix": "text", "episode": "text",
        "round": "int", "n_rounds": "int", "seat": "int", "player": "text", "player_is_llm": "bool", "opponent": "text",
        "action_label": "text", "option": "int", "action": "text", "opponent_action_label": "text",
        "opponent_option": "int", "opponent_action": "text", "payoff": "int", "opponent_payoff": "int",
        "cumulative_payoff": "int", "label_option1": "text", "label_option2": "text", "payoff_unit": "text",
        "cover_story": "text", "stated_end_probability": "float?", "variant": "text",
    },
    "games": {
        "game_number": "int", "game_family": "text",
        **{f"r{i}_c{j}_p{seat}": "int" for i in (1, 2) for j in (1, 2) for seat in (1, 2)},
    },
    "human_decisions": {
        "participant": "int", "game_id": "text", "family": "text", "payoff_matrix": "text", "game_order": "int",
        "round": "int", "condition_label": "text", "action_label": "text", "payoff": "int",
        "opponent_action_label": "text?", "guess_after_game": "text", "coordination_in_source": "int",
    },
    "gpt4_response_tables": {"game": "text", "version": "text", "human_history": "text", "gpt4_move": "text"},
}  # fmt: skip
"""The columns that are read and what they hold (a question mark: or nothing)."""

_NEEDED = ("decisions", "games")
_DIGITS = 9
"""Numbers of episodes have no more than these."""
_SHOWN = 60
"""So much of what was found is shown."""
_OF_ONE = (
    "experiment", "game_id", "family", "payoff_matrix", "n_rounds", "label_option1", "label_option2", "payoff_unit",
    "cover_story", "stated_end_probability", "variant",
)  # fmt: skip
"""What must be the same in all rows of an episode."""


def is_parquet(path: Path) -> bool:
    """Whether this folder holds the tables and not the source's own files."""
    return any((path / f"{name}.parquet").is_file() for name in _NEEDED)


def read_parquet(path: Path) -> Source:
    """What the tables tell. Raises `CorpusError` where one that is needed is missing, or one is not as it should be."""
    missing = [name for name in _COLUMNS if name not in _NEEDED and not (path / f"{name}.parquet").is_file()]
    tables = {name: read_rows(path / f"{name}.parquet", _COLUMNS[name]) for name in _COLUMNS if name not in missing}
    lacking = {"human_decisions": "what people played", "gpt4_response_tables": "what GPT-4 answers people"}
    return Source(
        "tidy tables",
        tuple(_episodes(path / "decisions.parquet", tables)),
        tuple(_people(path / "human_decisions.parquet", tables.get("human_decisions", []))),
        _responses(path / "gpt4_response_tables.parquet", tables.get("gpt4_response_tables", [])),
        tuple(f"{name}.parquet is missing, so {lacking[name]} is not known" for name in missing),
    )


def _grouped(rows: Iterable[Row], *keys: str) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in keys)].append(row)
    return groups


# Episodes


def _episodes(path: Path, tables: Mapping[str, list[Row]]) -> Iterator[Episode]:
    swept = {game.id: game for game in map(_swept, tables["games"])}
    for (episode,), rows in _grouped(tables["decisions"], "episode").items():
        yield _episode(f"{path.name}", episode, rows, swept)


def _swept(row: Row) -> GameAccount:
    cells = [[(row[f"r{i}_c{j}_p1"], row[f"r{i}_c{j}_p2"]) for j in (1, 2)] for i in (1, 2)]
    (a, b), (c, d) = cells
    return GameAccount(f"rg{row['game_number']:03d}", row["game_family"], ((a, b), (c, d)))


def _episode(where: str, episode: str, rows: list[Row], swept: Mapping[str, GameAccount]) -> Episode:
    """The episode of these rows. Raises `CorpusError` where they are not of one episode."""
    first = rows[0]
    for column in _OF_ONE:
        other = next((row[column] for row in rows if row[column] != first[column]), first[column])
        if other != first[column]:
            one, another = (repr(entry)[:_SHOWN] for entry in (first[column], other))
            raise CorpusError(f"{where}, {episode}: {column} is {one} in one row and {another} in another")
    experiment, _, number = episode.rpartition("/")
    if experiment != first["experiment"] or not (number.isdecimal() and len(number) <= _DIGITS):
        raise CorpusError(f"{where}: found the episode {episode[:_SHOWN]!r} where {first['experiment']}/NUMBER belongs")
    labels = (first["label_option1"], first["label_option2"])
    if any(len(label) != 1 for label in labels) or labels[0] == labels[1]:
        raise CorpusError(f"{where}, {episode}: the labels must be two different letters, not {labels}")
    seats = [sorted((row for row in rows if row["seat"] == seat), key=lambda row: row["round"]) for seat in (1, 2)]
    if len(seats[0]) != len(seats[1]) or len(seats[0]) + len(seats[1]) != len(rows):
        raise CorpusError(f"{where}, {episode}: it must have as many rows of seat 1 as of seat 2, and no others")
    pairs = list(zip(*seats, strict=True))
    game = _game(where, first, swept)
    return Episode(
        where,
        episode,
        game,
        Telling(labels, first["payoff_unit"], first["cover_story"], first["stated_end_probability"]),
        (seats[0][0]["player"], seats[1][0]["player"]),
        (seats[0][0]["player_is_llm"], seats[1][0]["player_is_llm"]),
        first["n_rounds"],
        tuple(one["round"] for one, _ in pairs),
        tuple((one["action_label"], two["action_label"]) for one, two in pairs),
        tuple((one["payoff"], two["payoff"]) for one, two in pairs),
        tuple((one["cumulative_payoff"], two["cumulative_payoff"]) for one, two in pairs),
        tuple(_contradictions(pairs, labels, game)),
    )


def _game(where: str, row: Row, swept: Mapping[str, GameAccount]) -> GameAccount:
    found = GameAccount(row["game_id"], row["family"], _matrix(where, row["payoff_matrix"]), row.get("variant") or "")
    known = swept.get(found.id, found)
    if known != replace(found, variant=known.variant):
        raise CorpusError(f"{where}: {found.id} is a game of other payoffs or another family than in games.parquet")
    return found


def _matrix(where: str, text: str) -> Matrix:
    wrong = CorpusError(
        f"{where}: payoff_matrix holds {text[:_SHOWN]!r}, where two rows of two pairs of whole numbers belong"
    )
    try:
        (a, b), (c, d) = [[_cell(cell) for cell in line] for line in json.loads(text)]
    except (ValueError, TypeError, RecursionError) as error:
        raise wrong from error
    return ((a, b), (c, d))


def _cell(told: Sequence[Any]) -> tuple[int, int]:
    first, second = told
    if type(first) is not int or type(second) is not int:
        raise TypeError("payoffs are whole numbers")
    if max(abs(first), abs(second)) > LARGEST:
        raise ValueError("payoffs are no larger than what can be added up without error")
    return first, second


def _contradictions(pairs: Iterable[tuple[Row, Row]], labels: Labels, game: GameAccount) -> Iterator[str]:
    """Where what a row says of the choice, or of the other seat, is not what stands elsewhere."""
    for one, two in pairs:
        for own, other in ((one, two), (two, one)):
            where = f"round {own['round']}: seat {own['seat']}"
            for column, ours in _chosen(own, labels, game):
                if own[column] != ours:
                    yield f"{where} chose {own['action_label']!r}, and {column} is {own[column]!r} and not {ours!r}"
            if own["opponent"] != other["player"]:
                yield f"{where} is said to have met {own['opponent']!r}, who is not in the other seat"
            for column in ("action_label", "option", "action", "payoff"):
                if own[f"opponent_{column}"] != other[column]:
                    said = own[f"opponent_{column}"]
                    yield f"{where} is told {said!r} of the other's {column}, and the other tells {other[column]!r}"


def _chosen(row: Row, labels: Labels, game: GameAccount) -> Iterator[tuple[str, Any]]:
    """What the columns that follow from the letter must hold."""
    if row["action_label"] in labels:
        option = labels.index(row["action_label"])
        yield "option", option + 1
        yield "action", game.meaning(row["seat"] - 1, option)


# People


def _people(path: Path, rows: list[Row]) -> Iterator[Person]:
    groups = _grouped(rows, "participant", "game_id")
    for _, found in sorted(groups.items(), key=lambda group: (group[0][0], group[1][0]["game_order"])):
        yield _person(path.name, sorted(found, key=lambda row: row["round"]))


def _person(where: str, rows: list[Row]) -> Person:
    first = rows[0]
    where_inside = f"{where}, participant {first['participant']} in {first['game_id']}"
    for column in ("game_order", "condition_label", "guess_after_game", "family", "payoff_matrix"):
        if len({row[column] for row in rows}) > 1:
            raise CorpusError(f"{where_inside}: {column} must be the same in all rows")
    moves = "".join(row["action_label"] for row in rows)
    if len(moves) != len(rows) or not set(moves) <= set(PEOPLE_LABELS):
        raise CorpusError(f"{where_inside}: action_label must be F or J in every row")
    if not {row["coordination_in_source"] for row in rows} <= {0, 1}:
        raise CorpusError(f"{where_inside}: coordination_in_source must be 0 or 1 in every row")
    person = Person(
        where,
        first["participant"],
        _game(where, first, {}),
        first["game_order"],
        tuple(row["round"] for row in rows),
        moves,
        tuple(row["payoff"] for row in rows),
        first["condition_label"],
        first["guess_after_game"],
        tuple(row["coordination_in_source"] for row in rows),
    )
    told = tuple(row["opponent_action_label"] for row in rows)
    differing = [
        round for round, ours, theirs in zip(person.told, person.answered, told, strict=True) if ours != theirs
    ]
    return replace(
        person, flaws=tuple(f"round {round}: what GPT-4 is said to have played is not paid so" for round in differing)
    )


def _responses(path: Path, rows: list[Row]) -> Responses:
    found: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows:
        by_version = found.setdefault(row["game"].lower(), {})
        by_version.setdefault(row["version"], {})[row["human_history"]] = row["gpt4_move"]
    if not complete_responses(found):
        raise CorpusError(
            f"{path}: for each game there must be a move F or J of Base and of SCoT to each history of at most 9 moves"
        )
    return found
