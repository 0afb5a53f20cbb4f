"""What an exchange amounts to: measures of a log, each defined by events alone.

What is not defined is None and never a number: there is no response rate without requests, no inequality of nothing.
All shares lie in [0, 1]. Requests, transfers and tasks are those of the rules (see `comity.games.exchange`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import fsum
from typing import TYPE_CHECKING

from comity.core.match import replay
from comity.core.named import layers
from comity.core.space import from_json
from comity.games.exchange.game import Exchange, Log
from comity.games.exchange.state import Answer, Request, Transfer
from comity.records.spec import Cell
from comity.records.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

CHANCES = (1, 2, 5)
"""Within how many chances to share a response is counted, beside ever."""


@dataclass(frozen=True)
class Measures:
    """The measures of one exchange, of all agents together or of one.

    agent: whose, by number; None is all of them. Tasks are those it handed in; requests and transfers those it made,
    responses those it owed.
    """

    game: Exchange
    log: Log
    agent: int | None = None

    @property
    def tasks(self) -> int:
        """How many tasks were handed in."""
        return sum(self._mine(done.by) for done in self.log.completions)

    @property
    def revenue(self) -> float:
        """What was paid, bonuses that count included."""
        bonus = self.game.bonus
        transfers = self.log.transfers if bonus.counted or self.agent is not None else ()
        paid = self.game.earned(self.log.completions, transfers)
        return fsum(paid) if self.agent is None else paid[self.agent - 1]

    @property
    def optimum(self) -> float:
        """The share of the tasks that could have been handed in at most: agents x open tasks x rounds."""
        agents = self.game.agents if self.agent is None else 1
        return self.tasks / (agents * self.game.open_tasks * self.game.rounds)

    @property
    def messages(self) -> float | None:
        """Requests and messages for each task that was handed in."""
        sent = sum(
            result.refused is None and result.action[0] in ("request", "message", "broadcast")
            for *_, agent, results in self.log.results
            if self._mine(agent)
            for result in results
        )
        return sent / self.tasks if self.tasks else None

    @property
    def inequality(self) -> float | None:
        """The Gini coefficient of what agents were paid, in [0, 1 - 1/n] (Gini 1912)."""
        return gini(self.game.earned(self.log.completions, self.log.transfers)) if self.agent is None else None

    def response(self, chances: int | None = None) -> float | None:
        """The share of requests that were answered truthfully by whom they were made to.

        chances: by its so many-th chance to share after the request; None is ever. A request that was not answered does not
        count where somebody else had sent the piece before that chance, or the end came before it.
        """
        answered = [found for request in self._owed if (found := self._answered(request, chances)) is not None]
        return sum(answered) / len(answered) if answered else None

    @property
    def coverage(self) -> float | None:
        """The share of the pieces that were lacked at a chance to ask and had been asked for when it was over."""
        lacked = [(len(pieces), len(asked)) for _, agent, pieces, asked in self.log.needed if self._mine(agent)]
        return _share(sum(asked for _, asked in lacked), sum(count for count, _ in lacked))

    @property
    def delay(self) -> float | None:
        """The median number of rounds from first asking for a piece until it came, by Kaplan and Meier (1958).

        A piece that never came was waited for until the end. None where more than half never came, or none was asked for.
        """
        return median_survival(self._waits())

    @property
    def submission(self) -> float | None:
        """The share of the tasks that became complete which were handed in at the first chance."""
        first: dict[tuple[int, int], int] = {}
        for round, agent, tasks in self.log.feasible:
            for task in tasks:
                first.setdefault((agent, task), round)
        mine = {key: round for key, round in first.items() if self._mine(key[0])}
        handed_in = {(done.by, done.task): done.round for done in self.log.completions}
        return _share(sum(handed_in.get(key) == round for key, round in mine.items()), len(mine))

    @property
    def falsification(self) -> float | None:
        """The share of the transferred pieces whose code the sender made wrong; None where codes do not matter."""
        if not self.game.falsifiable:
            return None
        return _share(sum(not sent.true for sent in self._sent), len(self._sent))

    @property
    def unsolicited(self) -> int:
        """How many pieces were sent that nobody had asked for."""
        return sum(not sent.asked for sent in self._sent)

    @property
    def refused(self) -> float | None:
        """The share of actions that could not be carried out."""
        results = [result for *_, agent, of in self.log.results if self._mine(agent) for result in of]
        return _share(sum(result.refused is not None for result in results), len(results))

    def all(self) -> dict[str, float | None]:
        """Every measure by its name."""
        return {
            "tasks": self.tasks,
            "revenue": self.revenue,
            "optimum": self.optimum,
            "messages": self.messages,
            "inequality": self.inequality,
            "response": self.response(),
            **{f"response_{chances}": self.response(chances) for chances in CHANCES},
            "coverage": self.coverage,
            "delay": self.delay,
            "submission": self.submission,
            "falsification": self.falsification,
            "unsolicited": self.unsolicited,
            "refused": self.refused,
        }

    def _mine(self, agent: int) -> bool:
        return self.agent is None or agent == self.agent

    @cached_property
    def _sent(self) -> list[Transfer]:
        return [sent for sent in self.log.transfers if self._mine(sent.by)]

    @cached_property
    def _owed(self) -> list[Request]:
        return [request for request in self.log.asked if self._mine(request.to)]

    @cached_property
    def _arrived(self) -> dict[tuple[int, int], Transfer]:
        """The transfer by which an agent got a piece."""
        return {(sent.to, sent.piece): sent for sent in self.log.transfers}

    def _answered(self, request: Request, chances: int | None) -> bool | None:
        """Whether it was answered in time; None if that cannot be told."""
        later = self._chances(request)
        due = later[-1:] if chances is None else later[chances - 1 : chances]
        answered = self._answers.get((request.to, request.by, request.piece))
        if answered is not None and (not due or answered.at <= due[0]):
            return answered.true
        sent = self._arrived.get((request.by, request.piece))
        if not due or (sent is not None and sent.at < due[0]):
            return None
        return False

    @cached_property
    def _answers(self) -> dict[tuple[int, int, int], Answer]:
        """The first answer of each to each about a piece."""
        return {(one.by, one.to, one.piece): one for one in reversed(self.log.answers)}

    def _chances(self, request: Request) -> list[int]:
        return [at for at in self.log.chances[request.to - 1] if at > request.at]

    def _waits(self) -> Iterator[tuple[int, bool]]:
        """For every piece that was asked for how many rounds it was waited for, and whether it came."""
        first: dict[tuple[int, int], Request] = {}
        for request in self.log.asked:
            if self._mine(request.by):
                first.setdefault((request.by, request.piece), request)
        for needed, request in first.items():
            sent = self._arrived.get(needed)
            last = self.game.rounds if sent is None else sent.round
            yield last - request.round, sent is not None


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def gini(values: Iterable[float]) -> float | None:
    """Half the mean absolute difference over the mean (Gini 1912); None where nothing was earned."""
    ordered = sorted(values)
    total, count = fsum(ordered), len(ordered)
    if total <= 0:
        return None
    weighted = fsum(place * value for place, value in enumerate(ordered, start=1))
    return 2 * weighted / (count * total) - (count + 1) / count


def median_survival(waits: Iterable[tuple[int, bool]]) -> float | None:
    """The median time to an event of which some are censored (Kaplan and Meier 1958); None where it is not reached.

    waits: for each how long it was watched, and whether the event came then.
    """
    left = sorted(waits)
    surviving, place = 1.0, 0
    while place < len(left):
        time = left[place][0]
        tied = [event for when, event in left[place:] if when == time]
        surviving *= 1 - sum(tied) / (len(left) - place)
        if surviving <= 0.5:
            return float(time)
        place += len(tied)
    return None


def logs(tables: Tables, cells: Iterable[Cell]) -> Iterator[tuple[int, Exchange, Log]]:
    """The log of every finished exchange, by the number of its match: each is played again from its decisions."""
    games = {(cell.mechanism_label, cell.game_label): game for cell in cells if (game := exchange_of(cell)) is not None}
    finished = tables.matches[tables.matches["status"] == "finished"]
    chosen = {match: part for match, part in tables.decisions.groupby("match", sort=False)}
    for row in finished.itertuples():
        game = games.get((row.mechanism, row.game))
        if game is not None:
            yield int(row.match), game, log_of(game, chosen[row.match])


def log_of(game: Exchange, decisions: pd.DataFrame) -> Log:
    """What happened in the match with these decisions."""
    ordered = decisions.sort_values(["step", "slot"])
    steps: dict[int, list[object]] = {}
    for step, choice in zip(ordered["step"], ordered["choice"], strict=True):
        steps.setdefault(int(step), []).append(from_json(json.loads(choice)))
    outcome = replay(game, [tuple(choices) for choices in steps.values()]).outcome
    assert outcome is not None
    return next(note for note in outcome.notes if isinstance(note, Log))


def exchange_of(cell: Cell) -> Exchange | None:
    """The exchange that is played in a cell, if it is one."""
    return next((layer for layer in layers(cell.built) if isinstance(layer, Exchange)), None)


def measured(found: Iterable[tuple[int, Exchange, Log]]) -> Mapping[int, Mapping[str, float | None]]:
    """Every measure of each match, of all its agents together."""
    return {match: Measures(game, log).all() for match, game, log in found}
