"""What the source's games and experiments are in our terms: a game of the catalogue, repeated as it was announced."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from comity.core.errors import BadParameter, RuleError
from comity.corpora.errors import CorpusError
from comity.corpora.repeatedgames.account import PEOPLE_ROUNDS, Episode, GameAccount, Person, Telling
from comity.corpora.repeatedgames.names import LEVELS, MECHANISMS, PEOPLE, STORIES
from comity.games.matrix import Bimatrix
from comity.records.catalogues import games
from comity.records.spec import Cell, Spec

_COLUMNS = 12


@dataclass(frozen=True)
class Terms:
    """A game under what was announced of its repetition.

    actions: by seat our names of the first and the second option.
    """

    cell: Cell
    actions: tuple[tuple[str, str], tuple[str, str]]


def episode_terms(episode: Episode) -> Terms:
    """In which terms that episode was played. Raises `CorpusError` where no game of ours is so."""
    label = _mechanism_label(episode.experiment, episode.telling)
    varied = episode.telling if is_robustness(episode.experiment) else None
    where = f"{episode.where}, {episode.id}"
    return _playable(where, episode.game, label, episode.rounds, episode.telling.end, varied)


def person_terms(person: Person) -> Terms:
    """In which terms that participant played. Raises `CorpusError` as `episode_terms` does."""
    return _playable(f"{person.where}, participant {person.participant}", person.game, PEOPLE, PEOPLE_ROUNDS)


def is_misprinted(game: GameAccount) -> bool:
    """Whether a game of the sweep is not strict ordinal: a player is not paid each of 1 to 4 in one cell."""
    cells = [cell for line in game.matrix for cell in line]
    return is_swept(game) and any(sorted(cell[seat] for cell in cells) != [1, 2, 3, 4] for seat in (0, 1))


def is_swept(game: GameAccount) -> bool:
    """Whether it belongs to the sweep of all ordinal games, whose numbers begin so."""
    return game.id.startswith("rg")


def is_robustness(experiment: str) -> bool:
    """Whether the experiment varies how a game is told; in all others that is the same for all, letters aside."""
    return "_robust_" in experiment


def _mechanism_label(experiment: str, telling: Telling) -> str:
    if is_robustness(experiment):
        return f"robust: {STORIES.get(telling.story, telling.story)}, {'/'.join(telling.labels)}, {telling.unit}"
    return MECHANISMS.get(experiment, experiment)


def _playable(
    where: str, game: GameAccount, label: str, rounds: int, end: float | None = None, varied: Telling | None = None
) -> Terms:
    try:
        return _terms(game, label, rounds, end, varied)
    except (RuleError, CorpusError) as error:
        raise CorpusError(f"{where}: {game.id} cannot be played here so: {error}") from error


@cache
def _terms(game: GameAccount, label: str, rounds: int, end: float | None, varied: Telling | None) -> Terms:
    spec = _game(game)
    repeated = {"rounds": rounds, "discount": 1.0, "memory": "all", "horizon": "announced"}
    if end is not None:
        repeated |= {"discount": round(1 - end, 9), "horizon": "chance"}
    first, second = _built(spec).actions
    stack = (Spec.of("repetition", repeated), *((_presentation(varied),) if varied else ()))
    cell = Cell(game.id, label, spec, stack)
    _ = cell.built  # raises where it cannot be played
    return Terms(cell, ((first[0], first[1]), (second[0], second[1])))


def _presentation(telling: Telling) -> Spec:
    """How it was told, by the names our levels have; a unit that ours lack keeps the name it has in the source."""
    story = LEVELS.get(telling.story, telling.story)
    return Spec.of(
        "presentation", {"labels": telling.labels, "story": story, "unit": LEVELS.get(telling.unit, telling.unit)}
    )


def _game(game: GameAccount) -> Spec:
    """The game of the catalogue that has its name and pays as it did; else its matrix, cell by cell."""
    named = _named(game)
    if named is not None and _pays(named, game):
        return named
    actions = ("ballet", "fight") if game.id.startswith("bos") else ("A", "B")
    return Spec.of("matrix", {"first_actions": actions, "second_actions": actions, "cells": game.matrix})


def _named(game: GameAccount) -> Spec | None:
    (both_first, split), (other, both_second) = game.matrix
    if is_swept(game):
        row, column = divmod(_number(game) - 1, _COLUMNS)
        return Spec.of("ordinal", {"row": row + 1, "column": column + 1})
    if game.id.startswith("pd"):
        reward, sucker, temptation, punishment = both_first[0], split[0], other[0], both_second[0]
        fields = {"reward": reward, "sucker": sucker, "temptation": temptation, "punishment": punishment}
        return Spec.of("prisoners_dilemma", fields)
    if game.id.startswith("bos"):
        fields = {"preferred": both_first[0], "other": both_first[1], "apart": split[0]}
        return Spec.of("battle_of_the_sexes", fields)
    return None


def _number(game: GameAccount) -> int:
    number = game.id.removeprefix("rg")
    if not number.isdecimal():
        raise CorpusError(f"game_id holds {game.id!r}, where rg and a number belongs, such as rg001")
    return int(number)


def _pays(spec: Spec, game: GameAccount) -> bool:
    try:
        return _built(spec).table == game.matrix
    except BadParameter:
        return False


def _built(spec: Spec) -> Bimatrix:
    built = games()[spec.name](**spec.parameters)
    assert isinstance(built, Bimatrix)  # as all the games named here are
    return built
