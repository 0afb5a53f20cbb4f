"""Asked where people stood: what an agent said at recorded histories, held against what people did there (D4).

Every probe is a match under `forced`: its game holds what was recorded, and its choices are what the agent answered. So
whatever is scored here can be computed again from the records alone. A stated lottery counts with its probabilities;
where choices were drawn, their share does, moved half a choice inward; and a script without a lottery is certain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from comity.core.match import replay
from comity.core.space import Lottery
from comity.fidelity.contexts import N_CONTEXTS, context_cells, folds_of
from comity.fidelity.from_run import observations_of
from comity.fidelity.observations import Codes, FidelityError, Floats, Observations, Weighted
from comity.fidelity.resampling import resampled
from comity.fidelity.rules import ForcedScores, forced_scores
from comity.mechanisms.forcing import Forced
from comity.records.record import Record
from comity.records.spec import Cell, MatchSpec

PEOPLE = "people"
"""What whoever was recorded is called here."""
ENOUGH = 20
"""So many drawn answers at each history are wanted, where none is a stated lottery."""
FLOORS = ("coin", "marginal", "persistence")
"""What predictions are held against: one half, other people's mean, and what they do after the same own action."""
_FORCED = "forced"


@dataclass(frozen=True, eq=False)
class Probes:
    """What one agent answered at the recorded histories of people in one condition.

    people: what was recorded. predicted: [rows of people], P(C) as the agent states or shows it; NaN where it was not
    asked or never answered. answers: [rows], how many answers that rests on. stated: whether all answers were stated
    lotteries or follow from a rule, so that more of them would say the same. missed: answers that are missing.
    """

    agent: str
    people: Observations
    predicted: Floats
    answers: Codes
    stated: bool
    missed: int = 0

    @property
    def counted(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """[rows]: where both the people's action and the agent's answer are known."""
        return self.people.known & ~np.isnan(self.predicted)


@dataclass(frozen=True, eq=False)
class Scored:
    """The scores of one agent's probes. point: one draw. draws: people drawn again, session by session and then agent
    by agent. choices, agents, sessions: how many of people were counted. rate: how often they cooperated there; said:
    the mean of what was predicted. notes: what a reader must know besides."""

    point: ForcedScores
    draws: ForcedScores
    choices: int
    agents: int
    sessions: int
    rate: float
    said: float
    notes: tuple[str, ...] = ()


@dataclass
class _Gathered:
    """The records of one agent in one condition: the people's matches in the order they came, and what was answered.

    said: by match, seat and act the sum of P(C) and the number of answers; certain: whether no answer was a draw.
    """

    records: dict[str, Record] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    said: dict[tuple[str, int, int], list[float]] = field(default_factory=lambda: defaultdict(list))
    shared: set[tuple[str, int, int]] = field(default_factory=set)
    certain: bool = True
    missed: int = 0


def probes_of(records: Iterable[Record], drawing: Collection[str] = ()) -> list[Probes]:
    """What every agent answered, by condition, in the order of the records.

    drawing: agents whose every answer is a draw, such as models. Raises `FidelityError` where no record is a probe.
    """
    gathered: dict[tuple[str, str], _Gathered] = {}
    for record in records:
        game = record.match.cell.built
        if isinstance(game, Forced) and record.status == "finished":
            for agent in dict.fromkeys(record.match.agents):
                place = gathered.setdefault((agent, _condition(record.match.cell)), _Gathered())
                _gather(place, record, game, agent, agent in drawing)
    if not gathered:
        raise FidelityError("no match of this run is a probe: they are played by a plan that comity probe wrote")
    return [_probes(agent, found) for (agent, _), found in gathered.items()]


def _condition(cell: Cell) -> str:
    return " ".join((cell.game_label, *(spec.name for spec in cell.stack if spec.name != _FORCED)))


def _gather(found: _Gathered, record: Record, game: Forced, agent: str, draws: bool) -> None:
    source = record.match.cell.mechanism_label
    if source not in found.records:
        found.records[source] = _as_recorded(record, game, len(found.records))
        found.sessions[source] = game.session
    places = _act_numbers(game)
    for step, (choices, number) in enumerate(zip(record.choices, places, strict=True)):
        for seat, choice in enumerate(choices):
            if record.match.agents[seat] != agent:
                continue
            if choice is None:
                found.missed += 1
                continue
            lottery = record.lotteries.get((step, seat))
            key = source, seat, number
            found.said[key].append(_chance(lottery, choice, game.cooperative[seat]))
            if lottery is None and draws:
                found.certain = False
                found.shared.add(key)


def _as_recorded(record: Record, game: Forced, index: int) -> Record:
    """The match that the probe was made of."""
    cell = record.match.cell
    stack = tuple(spec for spec in cell.stack if spec.name != _FORCED)
    below = Cell(cell.game_label, "+".join(spec.name for spec in stack) or "none", cell.game, stack)
    outcome = replay(below.built, game.steps).outcome
    assert outcome is not None  # the game was built, so its record is whole
    spec = MatchSpec(index, below, (PEOPLE,) * game.n_players)
    return Record(spec, "finished", game.steps, payoffs=outcome.payoffs)


def _act_numbers(game: Forced) -> Sequence[int]:
    """Of each step of a probe, which of all recorded steps in which players acted it is, counted from 0."""
    if game.rounds:
        return sorted({number - 1 for number in game.rounds})
    return range(len(game.recorded))


def _chance(lottery: Lottery[object] | None, choice: object, cooperative: str | None) -> float:
    if lottery is None:
        return float(choice == cooperative)
    return sum(odds for option, odds in lottery.chances() if option == cooperative)


def _probes(agent: str, found: _Gathered) -> Probes:
    observed = observations_of(found.records.values())
    if len(observed) != 1:
        raise FidelityError(f"the probes of {agent} are of several conditions or parts; probe each of them by itself")
    [people] = observed.values()
    sources = list(found.records)
    sessions = [found.sessions[source] or f"match {number}" for number, source in enumerate(sources)]
    names = tuple(dict.fromkeys(sessions))
    matches = np.array([names.index(session) for session in sessions])
    people = replace(people, population=PEOPLE, sessions=names, session_of=matches[people.session_of])
    predicted = np.full(len(people.agent), np.nan)
    answers = np.zeros(len(people.agent), dtype=np.intp)
    for row, key in enumerate(_keys(people, sources, found)):
        said = found.said.get(key)
        if said:
            answers[row] = len(said)
            predicted[row] = (sum(said) + 0.5) / (len(said) + 1) if key in found.shared else sum(said) / len(said)
    return Probes(agent, people, predicted, answers, found.certain, found.missed)


def _keys(people: Observations, sources: Sequence[str], found: _Gathered) -> Iterator[tuple[str, int, int]]:
    """Of each row of people the match, the seat and the act: rows are sorted by agent, and acts follow each other."""
    seats = [(source, seat) for source in sources for seat in range(len(found.records[source].match.agents))]
    number, last = 0, -1
    for agent in people.agent.tolist():
        number = number + 1 if agent == last else 0
        last = agent
        yield (*seats[agent], number)


def scored(probes: Probes, draws: int = 1_000, seed: int = 0) -> Scored:
    """Log-loss, Brier score and calibration of one agent's probes, with its skill against floors and other people.

    Skill is [L(floor) - L] / [L(floor) - L(q_E)], where q_E is the table of what other people did in the same context
    (own last action by the share of neighbours who cooperated), as in D3; floors and table are of people in other
    sessions than the one that is predicted. Raises `FidelityError` where nothing can be scored.
    """
    people, rows = probes.people, probes.counted
    if not rows.any():
        raise FidelityError(f"{probes.agent} has no answer at any place where people's choice is known")
    own = np.where(np.isnan(people.own), 2, people.own).astype(np.intp)
    contexts = context_cells(people)
    contexts = np.where(contexts >= 0, contexts, N_CONTEXTS + (own < 2))
    floors = {
        "coin": np.full(len(own), 0.5),
        "marginal": _of_others(people, np.zeros_like(own), 1),
        "persistence": _of_others(people, own, 3),
    }
    table = _of_others(people, contexts, N_CONTEXTS + 2)
    again: Weighted = resampled({PEOPLE: people}, draws, np.random.default_rng(seed))[PEOPLE]

    def score(weights: Floats) -> ForcedScores:
        return forced_scores(
            probes.predicted[rows],
            people.action[rows],
            people.agent[rows],
            weights,
            {name: floor[rows] for name, floor in floors.items()},
            table[rows],
        )

    return Scored(
        score(np.ones((1, people.n_agents))),
        score(again.weights),
        int(rows.sum()),
        len(np.unique(people.agent[rows])),
        len(np.unique(people.session_of[people.agent[rows]])),
        float(people.action[rows].mean()),
        float(probes.predicted[rows].mean()),
        tuple(_notes(probes)),
    )


def _of_others(people: Observations, codes: Codes, n: int) -> Floats:
    """[rows]: the share of other people, held out fold by fold, who cooperated in a row of that code; with half a
    choice of either kind more. In-sample where there is only one fold."""
    cooperated, chosen = people.tally(codes, n)
    folds = folds_of(people)
    size = int(folds.max()) + 1
    parts = [np.vstack([part[folds == fold].sum(axis=0) for fold in range(size)]) for part in (cooperated, chosen)]
    yes, every = (part.sum(axis=0) - part if size > 1 else part for part in parts)
    shares = (yes + 0.5) / (every + 1)
    return np.asarray(shares[folds[people.agent], codes])


def _notes(probes: Probes) -> Iterator[str]:
    if not probes.stated and (fewest := int(probes.answers[probes.counted].min())) < ENOUGH:
        yield f"{probes.agent}: {fewest} drawn answers at some histories, and {ENOUGH} are wanted: scores are too bad"
    if len(np.unique(folds_of(probes.people))) < 2:
        yield "there is one group of people, so floors and the table of other people are in-sample"
    if probes.missed:
        yield f"{probes.agent}: {probes.missed:,} answers are missing and left out"
