"""The source's own layout: a clone of its repository, with one CSV file for each experiment.

The sweep of all games has a file that says what the games are and a file for each of them. What GPT-4 answers people is
in JSON. Any of the experiments may be missing.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from comity.corpora.errors import CorpusError
from comity.corpora.located import read_json
from comity.corpora.repeatedgames.account import (
    LARGEST,
    PEOPLE_LABELS,
    Episode,
    GameAccount,
    Labels,
    Pair,
    Person,
    Responses,
    Source,
    Telling,
)
from comity.corpora.repeatedgames.kept import complete_responses
from comity.corpora.repeatedgames.names import (
    ANSWERS,
    BOS,
    DEFECT_ONCE,
    EXPERIMENTS,
    INFO,
    LOOKUPS,
    MODELS,
    PARTNERS,
    PD,
    SCRIPTS,
    SWEEP,
    SWEEP_FOLDER,
    USUAL,
    Experiment,
)
from comity.corpora.repeatedgames.terms import is_robustness

_ROUNDS = 10
_MOVES = ("round", "player1", "player2", "answer1", "answer2", "points1", "points2", "total1", "total2")
_CELLS = tuple(f"r{i}_c{j}_p{seat}" for i in (1, 2) for j in (1, 2) for seat in (1, 2))
_PEOPLE = ("id", "game", "action", "score", "opponent", "guess", "coordination")
_PLAYED = {"PD": PD, "BoS": BOS}


def is_clone(path: Path) -> bool:
    """Whether this folder holds any of the source's own files."""
    names = (INFO, ANSWERS, *(experiment.path for experiment in EXPERIMENTS))
    return any((path / name).is_file() for name in names)


def read_clone(path: Path) -> Source:
    """What the clone tells. Raises `CorpusError` where a file that is there is not as it should be."""
    names = [INFO, *(experiment.path for experiment in EXPERIMENTS), ANSWERS, *LOOKUPS.values()]
    missing = [name for name in names if not (path / name).is_file()]
    told = [_experiment(path, experiment) for experiment in EXPERIMENTS if experiment.path not in missing]
    sweep = [] if INFO in missing else _sweep(path)
    has_answers = set(LOOKUPS.values()).isdisjoint(missing)
    people = [] if ANSWERS in missing else _people(path)
    return Source(
        "the source's own files",
        tuple(replace(episode, where=_inside(episode.where, path)) for episode in chain(sweep, *told)),
        tuple(replace(person, where=_inside(person.where, path)) for person in people),
        _responses(path) if has_answers else {},
        tuple(f"{name} is missing" for name in missing),
    )


def _inside(where: str, path: Path) -> str:
    return where.removeprefix(f"{path}/")


# Lines of CSV


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a CSV file: where it stands, and its entries by column."""

    where: str
    entries: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.entries[column]

    def number(self, column: str) -> int:
        """The whole number in that column. Raises `CorpusError` where it is none."""
        text = self.entries[column]
        try:
            found = int(text)
        except ValueError:
            raise self.wrong(f"found {text[:60]!r} in the column {column}, where a whole number belongs") from None
        if abs(found) > LARGEST:
            raise self.wrong(f"found {text[:60]!r} in the column {column}, where no number is so large")
        return found

    def among(self, column: str, allowed: Iterable[str]) -> str:
        """The entry of that column. Raises `CorpusError` where it is none of those allowed."""
        text, known = self.entries[column], tuple(allowed)
        if text not in known:
            raise self.wrong(f"found {text[:60]!r} in the column {column}; known are {', '.join(known)}")
        return text

    def wrong(self, what: str) -> CorpusError:
        """The error that says so of this line."""
        return CorpusError(f"{self.where}: {what}")


def _lines(path: Path, columns: Iterable[str], delimiter: str = ",") -> Iterator[_Line]:
    """The lines of that file. Raises `CorpusError` where it cannot be read, or a column or an entry is missing."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter, strict=True)
            absent = [column for column in columns if column not in (reader.fieldnames or ())]
            if absent:
                raise CorpusError(f"{path} has no column {', '.join(absent)}")
            for row in reader:
                line = _Line(f"{path}, line {reader.line_num}", row)
                if None in row or None in row.values():
                    raise line.wrong(f"it must have {len(reader.fieldnames or ())} entries, as the first line has")
                yield line
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} cannot be read: it is not UTF-8 text") from error
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from error
    except csv.Error as error:
        raise CorpusError(f"{path} cannot be read: {error}") from error


# Episodes


def _sweep(path: Path) -> Iterator[Episode]:
    """Every episode of the sweep of all games, numbered through."""
    number = 0
    for line in _lines(path / INFO, ("game_number", "game_family", *_CELLS), ";"):
        cells = [line.number(column) for column in _CELLS]
        a, b, c, d = ((cells[place], cells[place + 1]) for place in range(0, 8, 2))
        game = GameAccount(f"rg{line.number('game_number'):03d}", line["game_family"], ((a, b), (c, d)))
        file = path / SWEEP_FOLDER / f"game_{line.number('game_number')}.csv"
        moves = _lines(file, (*_MOVES, "choice_option1", "choice_option2"))
        for lines in _episodes(moves):
            telling = Telling((lines[0]["choice_option1"], lines[0]["choice_option2"]))
            yield _episode(f"{SWEEP}/{number}", lines, game, telling, _ROUNDS)
            number += 1


def _experiment(path: Path, experiment: Experiment) -> Iterator[Episode]:
    """Every episode of one of the other experiments."""
    graded, robust = 0 not in experiment.games, is_robustness(experiment.name)
    columns = (*_MOVES, *(("payoff",) if graded else ()), *(("option1", "option2", "outcomes") if robust else ()))
    for place, lines in enumerate(_episodes(_lines(path / experiment.path, columns))):
        first = lines[0]
        gradation = int(first.among("payoff", map(str, experiment.games))) if graded else 0
        game = experiment.games[gradation]
        letters = (first["option1"], first["option2"]) if robust else USUAL[0]
        unit = first["outcomes"] if robust else "points"
        telling = Telling(_labels(letters, lines, game), unit, experiment.story, experiment.end)
        yield _episode(f"{experiment.name}/{gradation or place}", lines, game, telling, experiment.rounds)


def _episodes(lines: Iterable[_Line]) -> Iterator[list[_Line]]:
    """The lines of each episode: one begins wherever round 1 does."""
    found: list[_Line] = []
    for line in lines:
        if found and line.number("round") == 1:
            yield found
            found = []
        found.append(line)
    if found:
        yield found


def _episode(name: str, lines: list[_Line], game: GameAccount, telling: Telling, rounds: int) -> Episode:
    first = lines[0]
    players = [_player(first, f"player{seat}", game) for seat in (1, 2)]
    for line in lines:
        if any(line[column] != first[column] for column in ("player1", "player2")):
            raise line.wrong(f"the players change within an episode, at round {line['round']}")
    (one, one_is_model), (two, two_is_model) = players
    return Episode(
        first.where,
        name,
        game,
        telling,
        (one, two),
        (one_is_model, two_is_model),
        rounds,
        tuple(line.number("round") for line in lines),
        tuple((line["answer1"], line["answer2"]) for line in lines),
        tuple(_both(line, "points") for line in lines),
        tuple(_both(line, "total") for line in lines),
    )


def _both(line: _Line, column: str) -> Pair:
    return line.number(f"{column}1"), line.number(f"{column}2")


def _player(line: _Line, column: str, game: GameAccount) -> tuple[str, bool]:
    """The readable name of a player, and whether it is a language model."""
    raw = line.among(column, (*MODELS, *SCRIPTS, DEFECT_ONCE))
    if raw == DEFECT_ONCE:
        return PARTNERS[game.id], False
    return (MODELS[raw], True) if raw in MODELS else (SCRIPTS[raw], False)


def _labels(letters: Labels, lines: list[_Line], game: GameAccount) -> Labels:
    """Which of the two letters is the first option: as the rules told it, unless only the other way fits what was paid.

    The files say which letters there were, and not which is which; in some episodes payments and rules have them
    exchanged.
    """
    usual = next((pair for pair in USUAL if set(pair) == set(letters)), None)
    if usual is None:
        raise lines[0].wrong(f"found the options {' and '.join(letters)}, which are no pair of labels that is known")
    exchanged = (usual[1], usual[0])
    return exchanged if _fits(exchanged, lines, game) and not _fits(usual, lines, game) else usual


def _fits(labels: Labels, lines: Iterable[_Line], game: GameAccount) -> bool:
    """Whether every round is paid as the game pays it under these labels."""
    return all(
        {line["answer1"], line["answer2"]} <= set(labels)
        and game.matrix[labels.index(line["answer1"])][labels.index(line["answer2"])] == _both(line, "points")
        for line in lines
    )


# People


def _people(path: Path) -> Iterator[Person]:
    """Every game of every participant. The order of the lines is that of the rounds, and of the games."""
    games: dict[int, dict[str, list[_Line]]] = defaultdict(lambda: defaultdict(list))
    for line in _lines(path / ANSWERS, _PEOPLE):
        games[line.number("id")][line.among("game", _PLAYED)].append(line)
    for participant, by_game in sorted(games.items()):
        for order, (game, lines) in enumerate(by_game.items(), 1):
            yield _person(participant, _PLAYED[game], order, lines)


def _person(participant: int, game: GameAccount, order: int, lines: list[_Line]) -> Person:
    first = lines[0]
    for line in lines:
        for column in ("opponent", "guess"):
            if line[column] != first[column]:
                raise line.wrong(f"{column} must be the same in all lines of one game of a participant")
    return Person(
        first.where,
        participant,
        game,
        order,
        tuple(range(1, len(lines) + 1)),
        "".join(PEOPLE_LABELS[1 - int(line.among("action", ("0", "1")))] for line in lines),
        tuple(line.number("score") for line in lines),
        first["opponent"],
        first["guess"],
        tuple(int(line.among("coordination", ("0", "1"))) for line in lines),
    )


def _responses(path: Path) -> Responses:
    found: dict[str, dict[str, dict[str, str]]] = {}
    for (game, version), name in LOOKUPS.items():
        told = read_json(path / name)
        answers = {history: told[history].as_a(str) for history in told.as_a(dict)}
        found.setdefault(game, {})[version] = answers
    if not complete_responses(found):
        raise CorpusError(
            f"{path / LOOKUPS['pd', 'Base']} and its neighbours must give a move F or J to each history of at most "
            "9 moves"
        )
    return found
