"""The two frames of the 2025 study of repeated games: what models and scripts played, and what people played.

They are worked out from the tables of a run and from what its header keeps, so that whatever is measured on them is a
function of records. Their columns are those of the source's tidy tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from comity.corpora.repeatedgames.account import (
    PEOPLE_LABELS,
    VERSIONS,
    Pair,
    Person,
    coordinated,
)
from comity.corpora.repeatedgames.kept import Kept
from comity.records.store import Header
from comity.records.tables import Tables

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Frames:
    """The moves of the study, one row each; the columns are those of `DECISIONS` and `PEOPLE`.

    `decisions`: one row per episode, round and seat. `people`: one row per participant, game and round.
    """

    decisions: pd.DataFrame
    people: pd.DataFrame


DECISIONS: Mapping[str, str] = {
    "experiment": "str",
    "game_id": "str",
    "family": "str",
    "payoff_matrix": "str",
    "episode": "str",
    "round": "int64",
    "n_rounds": "int64",
    "seat": "int64",
    "player": "str",
    "player_is_llm": "bool",
    "opponent": "str",
    "option": "int64",
    "action": "str",
    "opponent_option": "int64",
    "opponent_action": "str",
    "payoff": "int64",
    "opponent_payoff": "int64",
    "label_option1": "str",
    "label_option2": "str",
    "payoff_unit": "str",
    "cover_story": "str",
    "stated_end_probability": "float64",
    "variant": "str",
}
"""The columns of `Frames.decisions` and what they hold; rounds, seats and options count from 1."""

PEOPLE: Mapping[str, str] = {
    "participant": "int64",
    "game_id": "str",
    "game_order": "int64",
    "round": "int64",
    "action_label": "str",
    "payoff": "int64",
    "opponent_action_label": "str",
    "condition_label": "str",
    "guess_after_game": "str",
    "coordination_in_source": "int64",
    "human_history": "str",
    "gpt4_base_would_play": "str",
    "gpt4_scot_would_play": "str",
    "version_served": "str",
    "row_consistent": "bool",
}
"""The columns of `Frames.people` and what they hold; text that is not known is missing."""

Row: TypeAlias = tuple[Any, ...]


def frames(tables: Tables, header: Header) -> Frames:
    """The frames of an imported run. Raises `CorpusError` where the run was not imported from this source."""
    kept = Kept.of(header)
    matches = dict(_matches(tables.plays))
    first = len(kept.ids)
    episodes = (row for match, found in matches.items() if match < first for row in _episode(kept, match, found))
    people = (row for place, told in enumerate(kept.people) for row in _person(kept, told, matches.get(first + place)))
    return Frames(_frame(episodes, DECISIONS), _frame(people, PEOPLE))


def _frame(rows: Iterable[Row], columns: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns)).astype(dict(columns))


@dataclass(frozen=True)
class _Match:
    """One match: its game and mechanism, who sat in each seat, and by round what both did and were paid."""

    game: str
    mechanism: str
    agents: tuple[str, str]
    actions: tuple[tuple[str, str], ...]
    payoffs: tuple[Pair, ...]


def _matches(plays: pd.DataFrame) -> Iterator[tuple[int, _Match]]:
    """Every match that was played, by its index; its rows lie together, by play and then by seat."""
    columns = ["match", "game", "mechanism", "agent", "action", "payoff"]
    rows = zip(*(plays[column].tolist() for column in columns), strict=True)
    for match, group in groupby(rows, key=itemgetter(0)):
        _, games, mechanisms, agents, actions, payoffs = zip(*group, strict=True)
        paid = tuple(map(int, payoffs))
        rounds = range(0, len(paid), 2)
        yield (
            match,
            _Match(
                games[0],
                mechanisms[0],
                (agents[0], agents[1]),
                tuple((actions[row], actions[row + 1]) for row in rounds),
                tuple((paid[row], paid[row + 1]) for row in rounds),
            ),
        )


def _episode(kept: Kept, match: int, played: _Match) -> Iterator[Row]:
    """The rows of one episode, those of seat 1 first."""
    game, telling = kept.games[played.game], kept.telling(match, played.mechanism)
    name = kept.ids[match]
    taken = [_options(kept, played, seat) for seat in (0, 1)]
    for seat, other in ((0, 1), (1, 0)):
        who, whom = played.agents[seat], played.agents[other]
        for round, paid in enumerate(played.payoffs):
            own, others = taken[seat][round], taken[other][round]
            yield (
                name.rpartition("/")[0],
                game.id,
                game.family,
                json.dumps(game.matrix),
                name,
                round + 1,
                len(played.payoffs),
                seat + 1,
                who,
                who in kept.models,
                whom,
                own + 1,
                game.meaning(seat, own),
                others + 1,
                game.meaning(other, others),
                paid[seat],
                paid[other],
                *telling.labels,
                telling.unit,
                telling.story,
                telling.end,
                game.variant,
            )


def _options(kept: Kept, played: _Match, seat: int) -> list[int]:
    known = kept.options[played.game][seat]
    return [known[actions[seat]] for actions in played.actions]


def _person(kept: Kept, told: Mapping[str, Any], played: _Match | None) -> Iterator[Row]:
    """The rows of one game of a participant; its moves stand in the header where no game can produce them."""
    if played is None and "moves" not in told:
        return
    person = _account(kept, told, played)
    answers = kept.responses.get(person.game.id)
    for round, (move, score, answer) in enumerate(zip(person.moves, person.scores, person.answered, strict=True)):
        history = person.moves[:round]
        would = [answers[version][history] if answers else None for version in VERSIONS]
        yield (
            person.participant,
            person.game.id,
            person.order,
            round + 1,
            move,
            score,
            answer,
            person.condition,
            person.guess,
            person.coordination[round],
            history,
            *would,
            served(answer, *would),
            answer is not None,
        )


def _account(kept: Kept, told: Mapping[str, Any], played: _Match | None) -> Person:
    if played is None:
        game, moves, scores = kept.games[told["game"]], told["moves"], tuple(told["scores"])
    else:
        game = kept.games[played.game]
        moves = "".join(PEOPLE_LABELS[option] for option in _options(kept, played, 1))
        scores = tuple(paid[1] for paid in played.payoffs)
    odd = told.get("coordination_otherwise", ())
    rule = (coordinated(game.id, score) for score in scores)
    coordination = tuple(1 - one if round in odd else one for round, one in enumerate(rule, 1))
    rounds = tuple(range(1, len(scores) + 1))
    return Person(
        "the run", told["participant"], game, told["order"], rounds, moves, scores,
        told["condition"], told["guess"], coordination,
    )  # fmt: skip


def served(answer: str | None, base: str | None, scot: str | None) -> str:
    """Which version of GPT-4 made that move: "Base", "SCoT", "either" where both would have, or "unknown"."""
    if base is None or scot is None:
        return "unknown"
    if base == scot:
        return "either"
    return {base: "Base", scot: "SCoT"}.get(answer or "", "unknown")
