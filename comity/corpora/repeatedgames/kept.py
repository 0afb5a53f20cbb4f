"""What no record of a match can hold, kept as JSON in the header of the run.

Who was asked in which experiment and told what; of people their conditions, guesses and the order of their games; what
GPT-4 answers to each history; and the moves that no game can produce. Matches are named by their index.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, product
from typing import Any

from comity.corpora.errors import CorpusError
from comity.corpora.repeatedgames.account import (
    PEOPLE_ROUNDS,
    VERSIONS,
    Episode,
    GameAccount,
    Labels,
    Responses,
    Source,
    Telling,
    coordinated,
)
from comity.corpora.repeatedgames.terms import Terms, episode_terms, person_terms
from comity.records.store import Header

IMPORTED = "repeated-games"

HISTORIES: tuple[str, ...] = tuple(
    "".join(moves) for length in range(PEOPLE_ROUNDS) for moves in product("FJ", repeat=length)
)
"""All that a person may have done before a round, in the order in which the answers to them are kept."""


def kept(source: Source, where: str) -> dict[str, Any]:
    """All of it, as JSON. Raises `CorpusError` where two experiments would have the same name and differ."""
    terms = [*map(episode_terms, source.episodes), *map(person_terms, source.people)]
    games = [episode.game for episode in source.episodes] + [person.game for person in source.people]
    return {
        "imported": IMPORTED,
        "from": where,
        "layout": source.layout,
        "games": _games(games, terms),
        "tellings": _tellings(source.episodes, terms),
        "models": sorted(_models(source.episodes)),
        "episodes": list(_spans(source.episodes)),
        "labels": "".join(label for episode in source.episodes for label in episode.telling.labels),
        "people": list(_people(source)),
        "responses": _spelled(source.responses),
    }


def _games(games: Iterable[GameAccount], terms: Iterable[Terms]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for game, term in zip(games, terms, strict=True):
        told = {"family": game.family, "matrix": game.matrix, "variant": game.variant, "actions": term.actions}
        if found.setdefault(game.id, told) != told:
            raise CorpusError(f"the game {game.id} has two families or two matrices, and must have one")
    return found


def _tellings(episodes: Sequence[Episode], terms: Sequence[Terms]) -> dict[str, Any]:
    """By the label of the mechanism how games were told there; letters aside, which may differ by match."""
    found: dict[str, Any] = {}
    for episode, term in zip(episodes, terms, strict=False):
        telling = episode.telling
        told = {"unit": telling.unit, "story": telling.story, "end": telling.end, "rounds": episode.rounds}
        label = term.cell.mechanism_label
        if found.setdefault(label, told) != told:
            raise CorpusError(f"{episode.where}, {episode.id}: it is told otherwise than others of {label!r}")
    return found


def _models(episodes: Iterable[Episode]) -> set[str]:
    return {
        player
        for episode in episodes
        for player, is_model in zip(episode.players, episode.models, strict=True)
        if is_model
    }


def _spans(episodes: Iterable[Episode]) -> Iterator[list[Any]]:
    """[experiment, its first match, how many follow each other, number of the first], over and over."""
    place = 0
    steps = ((episode.experiment, episode.number - index) for index, episode in enumerate(episodes))
    for (experiment, shift), group in groupby(steps):
        count = sum(1 for _ in group)
        yield [experiment, place, count, place + shift]
        place += count


def _people(source: Source) -> Iterator[dict[str, Any]]:
    for person in source.people:
        told: dict[str, Any] = {
            "participant": person.participant,
            "order": person.order,
            "condition": person.condition,
            "guess": person.guess,
        }
        pairs = enumerate(zip(person.scores, person.coordination, strict=True), 1)
        if odd := [round for round, (score, told_so) in pairs if told_so != coordinated(person.game.id, score)]:
            told["coordination_otherwise"] = odd
        if person.is_whole and None in person.answered:
            told |= {"game": person.game.id, "moves": person.moves, "scores": person.scores}
        yield told


def _spelled(responses: Responses) -> dict[str, dict[str, str]]:
    return {
        game: {version: "".join(answers[history] for history in HISTORIES) for version, answers in by_version.items()}
        for game, by_version in responses.items()
    }


@dataclass(frozen=True)
class Kept:
    """What `kept` wrote, read again."""

    plan: Mapping[str, Any]

    @classmethod
    def of(cls, header: Header) -> Kept:
        """What that run keeps. Raises `CorpusError` where it was not imported from this source."""
        if not is_imported(header):
            raise CorpusError(f"the run {header.name!r} was not imported from the study of repeated games")
        return cls(json.loads(header.plan))

    @cached_property
    def models(self) -> frozenset[str]:
        return frozenset(self.plan["models"])

    @cached_property
    def games(self) -> dict[str, GameAccount]:
        """By id."""
        return {
            name: GameAccount(name, told["family"], _matrix(told["matrix"]), told["variant"])
            for name, told in self.plan["games"].items()
        }

    @cached_property
    def options(self) -> dict[str, list[dict[str, int]]]:
        """By game and seat the option (0 or 1) that each of our actions is."""
        return {
            name: [{action: option for option, action in enumerate(actions)} for actions in told["actions"]]
            for name, told in self.plan["games"].items()
        }

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """EXPERIMENT/NUMBER of each episode, by its match; people's matches come after them."""
        spans = self.plan["episodes"]
        return tuple(f"{name}/{number + step}" for name, _, count, number in spans for step in range(count))

    def telling(self, match: int, mechanism: str) -> Telling:
        """How the episode of that match was told."""
        told, labels = self.plan["tellings"][mechanism], self.plan["labels"]
        return Telling(_pair(labels[2 * match : 2 * match + 2]), told["unit"], told["story"], told["end"])

    @property
    def people(self) -> list[dict[str, Any]]:
        """What is kept of each match of people, in the order of the matches."""
        return list(self.plan["people"])

    @cached_property
    def responses(self) -> Responses:
        return {
            game: {version: dict(zip(HISTORIES, answers, strict=True)) for version, answers in by_version.items()}
            for game, by_version in self.plan["responses"].items()
        }


def is_imported(header: Header) -> bool:
    """Whether the run was imported from this source."""
    if header.origin != "import":
        return False
    try:
        plan = json.loads(header.plan)
    except ValueError:
        return False
    return isinstance(plan, dict) and plan.get("imported") == IMPORTED


def complete_responses(found: Responses) -> bool:
    """Whether both versions answer every history in every game that is there, with a letter that is an option."""
    return all(
        set(by_version) == set(VERSIONS)
        and all(
            set(answers) == set(HISTORIES) and set(answers.values()) <= {"F", "J"} for answers in by_version.values()
        )
        for by_version in found.values()
    )


def _matrix(told: Any) -> Any:
    return tuple(tuple(tuple(cell) for cell in line) for line in told)


def _pair(letters: str) -> Labels:
    return letters[0], letters[1]
