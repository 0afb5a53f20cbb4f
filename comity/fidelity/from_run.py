"""Records of a run become observations, so that whatever is measured of people is measured of agents too.

A session is a match: nobody meets anybody of another. A condition is a game under a stack of mechanisms, and where a
neighbourhood is played in parts, one of them. An answer that is missing is no action; a match that was forfeited has no
outcome and is not here. Neighbours are those of the graph of a round, and in every other game the co-players of a play.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle

import numpy as np

from comity.core.named import Named, layers, named_game
from comity.core.outcome import Outcome, StagePlay, stage_plays
from comity.fidelity.linked import ALWAYS, Edges, Grid, Links, degrees, links_of_graphs, shares_of_neighbours
from comity.fidelity.observations import Codes, FidelityError, Floats, Observations, lagged
from comity.fidelity.reading import Key, parted
from comity.mechanisms.neighbourhood import Neighbourhood, graphs_of
from comity.records.record import Record
from comity.records.spec import Cell


def observations_of(records: Iterable[Record]) -> dict[Key, Observations]:
    """What the agents of these matches did, by (population, condition), in the order of the records.

    A population is what plays in all seats of a match: the label of an agent, or of a mixture, such as
    "80% reasoner + 20% coin". Every agent of a mixture is a population too, by its label; where it plays in several
    compositions of one condition they are kept apart, as "coin in 80% reasoner + 20% coin". What such a part saw of its
    neighbours is known; its links are not kept, as it cannot be played again alone.

    Raises `FidelityError` where nothing was finished, a game does not say which action cooperates, or somebody acts
    twice in one round, and `Diverged` where a record does not follow from the rules.
    """
    gathered: dict[tuple[str, str], _Gathered] = {}
    for record in records:
        outcome = record.replayed().outcome
        if outcome is not None:
            _gather(gathered, record, outcome)
    if not gathered:
        raise FidelityError("the run has no match that was finished, so there is nothing to compare")
    found: dict[Key, Observations] = {}
    for (mixture, condition), matches in gathered.items():
        together = matches.observations(mixture, condition)
        found[mixture, condition] = together
        if len(matches.labels) > 1:
            others = [other for (name, where), other in gathered.items() if where == condition and name != mixture]
            found |= {
                (name, condition): replace(part, population=name)
                for name, part in _parts(together, matches, mixture, others)
            }
    return found


def condition_of(cell: Cell, part: int | None = None) -> str:
    """What the condition of a cell is called: the game, the mechanisms, and the part where there are several."""
    under = f"{cell.game_label} under {cell.mechanism_label}" if cell.stack else cell.game_label
    return under if part is None else f"{under}, part {part + 1}"


def mixture_of(agents: Sequence[str]) -> str:
    """What a composition is called: the label that all agents share, or all with their shares, the largest first."""
    counts = Counter(agents)
    if len(counts) == 1:
        return agents[0]
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return " + ".join(f"{count / len(agents):.0%} {label}" for label, count in ordered)


@dataclass
class _Gathered:
    """The plays of the matches of one composition in one condition, side by side.

    plays: of each stage play the agents, as codes, with the stretch and the round, what they did and were paid.
    graphs: who was whose neighbour, by session and stretch, and by round; the edges of each play as pairs of codes.
    unit_of: of each agent; the members of a group that plays as a whole share one.
    """

    labels: dict[str, int] = field(default_factory=dict)
    stretches: dict[tuple[int, ...], int] = field(default_factory=dict)
    sessions: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    label_of: list[int] = field(default_factory=list)
    session_of: list[int] = field(default_factory=list)
    unit_of: list[int] = field(default_factory=list)
    plays: list[tuple[Codes, int, int, Floats, Floats]] = field(default_factory=list)
    graphs: dict[tuple[int, int], dict[int, list[Links]]] = field(default_factory=dict)
    shown: str = "sum"

    def observations(self, population: str, condition: str) -> Observations:
        """All rows in the order of `Observations`, with what follows from the links."""
        columns = [np.concatenate([play[0] for play in self.plays])]
        columns += [np.repeat([play[n] for play in self.plays], [len(play[0]) for play in self.plays]) for n in (1, 2)]
        agent, stretch, round = columns
        action, payoff = (np.concatenate([play[n] for play in self.plays]) for n in (3, 4))
        order = np.lexsort((round, stretch, agent))
        agent, stretch, round, action, payoff = (each[order] for each in (agent, stretch, round, action, payoff))
        if ((np.diff(agent) == 0) & (np.diff(stretch) == 0) & (np.diff(round) == 0)).any():
            raise FidelityError(
                f"in {condition} agents act more than once in a round, so that no action is the last one"
            )
        unknown = np.full(len(agent), np.nan)
        rows = Observations(
            population=population,
            condition=condition,
            sessions=tuple(self.sessions),
            agents=tuple(self.agents),
            session_of=np.array(self.session_of),
            unit_of=np.array(self.unit_of),
            agent=agent,
            stretch=stretch,
            round=round,
            action=action,
            own=lagged(agent, stretch, round, action),
            neighbours=unknown,
            degree=unknown,
            pay=lagged(agent, stretch, round, payoff),
            best=unknown,
            links=links_of_graphs(_settled(self.graphs)),
            invalid=int(np.isnan(action).sum()),
        )
        rows = replace(rows, neighbours=shares_of_neighbours(rows), degree=degrees(rows))
        return replace(rows, best=best_of_neighbours(rows, payoff, self.shown))


def best_of_neighbours(observations: Observations, payoff: Floats, shown: str) -> Floats:
    """[rows]: the largest payoff among an agent's neighbours in the round before, as it was shown.

    payoff: [rows], what each was paid in the round. shown: "sum", as it is; "normalised", times the number of one's own
    neighbours over the number of its; "none", not shown, and so NaN.
    """
    if shown == "none" or observations.links is None:
        return np.full(len(payoff), np.nan)
    return Grid(observations).best_before(payoff, normalised=shown == "normalised")


def _gather(gathered: dict[tuple[str, str], _Gathered], record: Record, outcome: Outcome) -> None:
    """Add a match to those of its composition and condition."""
    cell, agents = record.match.cell, record.match.agents
    named, mixture = named_game(cell.built), mixture_of(agents)
    around = next((layer for layer in layers(cell.built) if isinstance(layer, Neighbourhood)), None)
    codes: dict[str, Codes] = {}
    for play, edges in _with_edges(record, outcome, around):
        parts = around is not None and len(around.stretches) > 1
        condition = condition_of(cell, play.rounds[-2] if parts else None)
        matches = gathered.setdefault((mixture, condition), _Gathered())
        if condition not in codes:
            codes[condition] = _seat(matches, record, together=around is None and len(play.players) == len(agents))
            matches.shown = "sum" if around is None else around.shown
        of = codes[condition]
        who = of[list(play.players)]
        stretch = matches.stretches.setdefault(play.rounds[:-1], len(matches.stretches))
        round = play.rounds[-1] if play.rounds else 0
        paid = np.array(play.outcome.payoffs, dtype=float)
        matches.plays.append((who, stretch, round, _cooperated(named, play, condition), paid))
        course = matches.graphs.setdefault((matches.session_of[of[0]], stretch), {})
        course.setdefault(round, []).append(_shifted(edges, who))


def _seat(matches: _Gathered, record: Record, together: bool) -> Codes:
    """Give the agents of a match their codes, [players]. together: whether halves must not cut the match apart."""
    first, players = len(matches.agents), len(record.match.agents)
    session = len(matches.sessions)
    name = f"match {record.match.index}"
    matches.sessions.append(name)
    matches.agents += [f"{name}, player {player + 1}" for player in range(players)]
    matches.label_of += [matches.labels.setdefault(label, len(matches.labels)) for label in record.match.agents]
    matches.session_of += [session] * players
    matches.unit_of += [first] * players if together else range(first, first + players)
    return np.arange(first, first + players)


def _with_edges(record: Record, outcome: Outcome, around: Neighbourhood | None) -> Iterator[tuple[StagePlay, Edges]]:
    """Every play of the stage game with who was whose neighbour in it, as pairs of seats."""
    plays = stage_plays(outcome)
    if around is None:
        for play in plays:
            seats = range(len(play.players))
            yield play, [(a, b) for a in seats for b in seats if a < b]
        return
    graphs = graphs_of(record.match.cell.built, record.choices)
    for play, tied in zip(plays, cycle(graphs), strict=False):
        yield play, tied.edges


def _cooperated(named: Named, play: StagePlay, condition: str) -> Floats:
    """[seats]: 1, 0, or NaN where there was no answer."""
    cooperative = [named.cooperative[place % named.n_players] for place in range(len(play.players))]
    if None in cooperative:
        raise FidelityError(f"{condition} does not say which action of every role cooperates")
    pairs = zip(play.outcome.actions, cooperative, strict=True)
    return np.array([np.nan if action is None else float(action == each) for action, each in pairs])


def _shifted(edges: Edges, who: Codes) -> Links:
    """Edges between seats as edges between the codes of who sits in them."""
    return np.asarray(who[np.array(list(edges), dtype=np.intp).reshape(-1, 2)])


def _settled(graphs: Mapping[tuple[int, int], Mapping[int, Sequence[Links]]]) -> Iterator[tuple[int, int, Links]]:
    """The graphs of every session and stretch, by round, as one that always holds where they are all the same."""
    for (_, stretch), rounds in graphs.items():
        each = {round: np.concatenate(pieces) for round, pieces in rounds.items()}
        first = next(iter(each.values()))
        if all(np.array_equal(edges, first) for edges in each.values()):
            yield stretch, ALWAYS, first
        else:
            yield from ((stretch, round, edges) for round, edges in each.items())


def _parts(
    together: Observations, matches: _Gathered, mixture: str, others: Sequence[_Gathered]
) -> Iterator[tuple[str, Observations]]:
    """Every agent of a mixture for itself; named after the mixture where it plays in other compositions too."""
    names = [
        f"{label} in {mixture}" if any(label in other.labels for other in others) else label for label in matches.labels
    ]
    yield from parted(together, np.array(matches.label_of), names).items()
