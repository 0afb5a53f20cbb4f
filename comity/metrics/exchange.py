"""What an exchange amounts to: measures of a log, each defined by events alone.

What is not defined is None and never a number: there is no response rate without requests, no inequality of nothing.
All shares lie in [0, 1]. Requests, transfers and tasks are those of the rules (see `comity.games.exchange`).
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from math import fsum

from comity.core.match import Match
from comity.core.named import layers
from comity.core.outcome import stage_plays
from comity.games.exchange.game import Exchange
from comity.games.exchange.log import Log
from comity.games.exchange.state import Answer, Request, Result, Transfer
from comity.records.spec import Cell

CHANCES = (1, 2, 5)
"""Within how many chances to share a response is counted, beside ever."""
_NEVER = sys.maxsize
"""Later than anything on the clock of a play."""


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
    def optimum(self) -> float | None:
        """The share of the most tasks that any agents could hand in together in this world by these rules.

        Of one agent, for whom no such number is known: of its open tasks, each handed in in every round.
        """
        if self.agent is None:
            return _share(self.tasks, self.game.most_tasks)
        return self.tasks / (self.game.open_tasks * self.game.rounds)

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

        A request counts where its addressee could share at least once while it was open. Without `chances`: truthful
        answers over these requests, however late. With: the probability of one by that many-th chance, by Kaplan and
        Meier (1958), since the end, or somebody else's answer, cuts some requests short before it; at the first chance
        none is cut short, and it is a plain share.
        """
        return _answered(self._tried) if chances is None else arrived_by(chances, self._tried)

    def response_to(self, requests: Iterable[Request]) -> float | None:
        """The share of these requests that were ever answered truthfully by whom they were made to."""
        return _answered(self._trials(requests))

    @property
    def coverage(self) -> float | None:
        """The share of the pieces that were lacked at a chance to ask and had been asked for when it was over."""
        lacked = [(len(pieces), len(asked)) for _, agent, pieces, asked in self.log.needed if self._mine(agent)]
        return _share(sum(asked for _, asked in lacked), sum(count for count, _ in lacked))

    @property
    def fulfilment(self) -> float | None:
        """The share of the pieces that were ever lacked for a task and that came in the end, asked for or not."""
        lacked = {(agent, piece) for _, agent, of, _ in self.log.needed if self._mine(agent) for piece in of}
        return _share(len(lacked & self._arrived.keys()), len(lacked))

    @property
    def valid(self) -> float | None:
        """The share of requests that could be made, for a piece that an open task needed; None without requests."""
        tried = [result for *_, result in self._requested]
        return _share(sum(self._is_valid(*request) for request in self._requested), len(tried))

    @property
    def delay(self) -> float | None:
        """The median number of rounds from first asking for a piece until it came, by Kaplan and Meier (1958).

        A piece that never came was waited for until the end. None where half or more never came, or none was asked for.
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
    def useless(self) -> int:
        """How many pieces were sent that no open task of their receiver needed."""
        return sum(not sent.needed for sent in self._sent)

    @property
    def held_back(self) -> int:
        """How often a complete task was not handed in: chances to do so, counted for each task."""
        handed_in = {(done.by, done.task, done.round) for done in self.log.completions}
        return sum(
            (agent, task, round) not in handed_in
            for round, agent, tasks in self.log.feasible
            if self._mine(agent)
            for task in tasks
        )

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
            "valid": self.valid,
            "fulfilment": self.fulfilment,
            "delay": self.delay,
            "submission": self.submission,
            "held_back": self.held_back,
            "falsification": self.falsification,
            "unsolicited": self.unsolicited,
            "useless": self.useless,
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

    @cached_property
    def _tried(self) -> list[tuple[int, bool]]:
        """For each request that counts how many chances its addressee took or let pass, and whether it answered truly.

        A wrong code ends a request for good, so it is as if every chance had been let pass.
        """
        return self._trials(self._owed)

    def _trials(self, requests: Iterable[Request]) -> list[tuple[int, bool]]:
        return [found for request in requests if (found := self._chances(request))[0]]

    def _chances(self, request: Request) -> tuple[int, bool]:
        """At which of its chances the addressee answered; how many it let pass where it never did."""
        answered = self._answers.get((request.to, request.by, request.piece))
        sent = self._arrived.get((request.by, request.piece))
        end = answered.at if answered is not None else sent.at if sent is not None else _NEVER
        passed = self._passed(request, end)
        if answered is None:
            return passed, False
        return (max(passed, 1), True) if answered.true else (_NEVER, False)

    def _passed(self, request: Request, end: int) -> int:
        """How often its addressee could share and see it until then.

        So after it was made, or from the next round on where all is seen later. Chances are in the order of time.
        """
        ticks = {"phased": 3, "simultaneous": 1, "sequential": self.game.agents}[self.game.schedule]
        seen = request.round * ticks if self.game.delay == "next_round" else request.at
        chances = self.log.chances[request.to - 1]
        return max(0, bisect_right(chances, end) - bisect_right(chances, seen))

    @cached_property
    def _answers(self) -> dict[tuple[int, int, int], Answer]:
        """The first answer of each to each about a piece."""
        return {(one.by, one.to, one.piece): one for one in reversed(self.log.answers)}

    @cached_property
    def _requested(self) -> list[tuple[int, int, Result]]:
        """Every request that was tried, with its round and by whom."""
        return [
            (round, agent, result)
            for round, _, agent, results in self.log.results
            if self._mine(agent)
            for result in results
            if result.action[0] == "request"
        ]

    def _is_valid(self, round: int, agent: int, result: Result) -> bool:
        automated = "request" in self.game.automation.of(
            agent
        )  # asks for what is needed when it asks, and nothing else
        return result.refused is None and (automated or result.action[1] in self._lacked[round, agent])

    @cached_property
    def _lacked(self) -> dict[tuple[int, int], tuple[int, ...]]:
        return {(round, agent): pieces for round, agent, pieces, _ in self.log.needed}

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


def _answered(tried: Sequence[tuple[int, bool]]) -> float | None:
    return _share(sum(truly for _, truly in tried), len(tried))


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
    return next((float(time) for time, surviving in _survival(waits) if surviving <= 0.5), None)


def arrived_by(time: int, waits: Iterable[tuple[int, bool]]) -> float | None:
    """The probability of the event by that time, where some waits are censored (Kaplan and Meier 1958).

    None where nothing was watched that long, unless the event has come to all before.
    """
    surviving, watched = 1.0, 0
    for when, left in _survival(waits):
        watched = when
        if when > time:
            break
        surviving = left
    return 1 - surviving if watched >= time or not surviving else None


def _survival(waits: Iterable[tuple[int, bool]]) -> Iterator[tuple[int, float]]:
    """At each time at which something happened the estimated share of what has not happened until then."""
    counts = Counter(waits)
    surviving, left = 1.0, sum(counts.values())
    for time in sorted({time for time, _ in counts}):
        surviving *= 1 - counts[time, True] / left
        left -= counts[time, True] + counts[time, False]
        yield time, surviving


@dataclass(frozen=True)
class Pair:
    """What one agent did for another in one exchange.

    by, to: their numbers. asked: how many requests the first got from the second. answered: how many of these it
    answered truthfully. sent: how many pieces reached the second from the first. useful: of these, how many an open
    task needed. false: of these, how many had a code that was made wrong.
    """

    by: int
    to: int
    asked: int
    answered: int
    sent: int
    useful: int
    false: int


def pairs(game: Exchange, log: Log) -> list[Pair]:
    """Who was asked by whom, and who helped whom: one entry for every two agents in either direction."""
    asked = Counter((request.to, request.by) for request in log.asked)
    truly = {(answer.by, answer.to, answer.piece) for answer in log.answers if answer.true}
    answered = Counter((by, to) for by, to, _ in truly)
    sent: Counter[tuple[int, int]] = Counter()
    useful: Counter[tuple[int, int]] = Counter()
    false: Counter[tuple[int, int]] = Counter()
    for transfer in log.transfers:
        between = (transfer.by, transfer.to)
        sent[between] += 1
        useful[between] += transfer.needed
        false[between] += not transfer.true
    return [
        Pair(*both, asked[both], answered[both], sent[both], useful[both], false[both])
        for both in permutations(range(1, game.agents + 1), 2)
    ]


@dataclass(frozen=True)
class Round:
    """What happened in one round of an exchange.

    tasks: handed in. requests, messages: made. transfers: pieces that reached somebody. refused: actions that could not
    be carried out. feasible: complete tasks when agents could hand in. response: the share of the requests made in it
    that were ever answered truthfully (see `Measures.response`), None without any that count.
    """

    round: int
    tasks: int
    requests: int
    messages: int
    transfers: int
    refused: int
    feasible: int
    response: float | None


def by_round(game: Exchange, log: Log) -> list[Round]:
    """What happened round by round."""
    whole = Measures(game, log)
    return [_round(whole, log, round) for round in range(1, game.rounds + 1)]


def _round(whole: Measures, log: Log, round: int) -> Round:
    results = [result for when, *_, of in log.results if when == round for result in of]
    asked = tuple(request for request in log.asked if request.round == round)
    done = [result.action[0] for result in results if result.refused is None]
    return Round(
        round,
        sum(completion.round == round for completion in log.completions),
        len(asked),
        sum(kind in ("message", "broadcast") for kind in done),
        sum(transfer.round == round for transfer in log.transfers),
        len(results) - len(done),
        sum(len(tasks) for when, _, tasks in log.feasible if when == round),
        whole.response_to(asked),
    )


def logs_in(match: Match) -> list[tuple[tuple[int, ...], Log]]:
    """Of each exchange in a match that is over which player sat in each seat, and what happened."""
    assert match.outcome is not None
    notes = [(play.players, note) for play in stage_plays(match.outcome) for note in play.outcome.notes]
    return [(players, note) for players, note in notes if isinstance(note, Log)]


def log_in(match: Match) -> Log:
    """What happened in a match that is over; in the first exchange of it, where there are several."""
    return logs_in(match)[0][1]


def exchange_of(cell: Cell) -> Exchange | None:
    """The exchange that is played in a cell, if it is one."""
    return next((layer for layer in layers(cell.built) if isinstance(layer, Exchange)), None)
