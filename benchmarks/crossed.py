"""F1, F4, F5: how many calls crossed stages need for the standard error that the published plan has.

Six agents of known policy, everybody against everybody, in games without a mechanism, under mediation and contracting
(players forget the vote, as published). At every decision an agent has a lottery over two choices that follows from its
name and the decision; three times in four it proposes what all others propose most often, too. A lottery is stated as
it is, stated as one that differs from asking to asking (and is right on average), or not stated: only a choice drawn
from it is. Both plans are simulated replicate by replicate. What is compared is the mean over all cells of the payoff
tensor (an agent, and the set of its opponents) of the variance between replicates, and the calls of a replicate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from operator import methodcaller
from statistics import fmean, variance
from typing import Any, Literal, NamedTuple, TypeAlias

from benchmarks.measure import seconds, timed
from comity.core.chance import Address, stream_key
from comity.core.decision import NATURE, Decision
from comity.core.match import Reply
from comity.core.space import Each, Integer, Lottery
from comity.records.record import Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.runs.crossed import Mixture, crossing, mixture, place, stream
from comity.runs.design import ProposalPolicy
from comity.runs.drive import designing, playing

AGENTS = tuple("abcdef")
SEED = 4
REPLICATES = {"prisoners_dilemma": 200, "public_goods": 30}
"""So many replicates give the variance, """
FEW = {"prisoners_dilemma": 6, "public_goods": 3}
"""of the matches among so many of the agents;"""
COUNTED = 3
"""where these are not all, so many replicates with all of them give the calls."""
PUBLISHED = 3
"""So many replicates the published study has; where a crossed plan needs fewer than one, it still takes one."""
TARGET = 1 / 5

Kind: TypeAlias = Literal["stated", "stated, differing", "choices"]
KINDS: tuple[Kind, ...] = ("stated", "stated, differing", "choices")
SAMPLES: Mapping[Kind, tuple[int, ...]] = {"stated": (1,), "stated, differing": (1, 3), "choices": (1, 3)}
Tensor: TypeAlias = Mapping[tuple[str, tuple[str, ...]], float]
Proposed: TypeAlias = Mapping[int, Any]


class Played(NamedTuple):
    """One replicate: what every agent was paid on average in which company, and how many calls it took."""

    tensor: Tensor
    calls: int


class Plan(NamedTuple):
    """How one plan did in one cell: the calls of a replicate, and the mean variance of an entry of the tensor."""

    calls: float
    variance: float
    mean: float

    def share(self, published: Plan, least: float = 0.0) -> float:
        """Its calls of those of the published plan at the same standard error, after `least` replicates at least.

        least: as a share of the replicates of the published plan.
        """
        replicates = max(self.variance / published.variance, least)
        return replicates * self.calls / published.calls


# Agents


@cache
def policy(name: str, decision: Decision[Any]) -> Lottery[Any]:
    """What an agent does there: a lottery over two choices, the odds of the first between 1 and 9 in 10."""
    word = stream_key(name, place(decision))
    usual, other = _proposals(name, decision) if decision.kind == "propose" else _choices(decision, word)
    chance = 0.75 if decision.kind == "propose" else (1 + word % 9) / 10
    return Lottery((usual, other), (chance, 1 - chance))


def _choices(decision: Decision[Any], word: int) -> tuple[Any, Any]:
    options = tuple(decision.options)
    first, second = Address(word, 0, 0).order(len(options))[:2]
    return options[first], options[second]


def _proposals(name: str, decision: Decision[Any]) -> tuple[Any, Any]:
    """What everybody likes to propose, and what only this agent does."""
    assert isinstance(decision.options, Each)
    own = AGENTS.index(name)
    if isinstance(decision.options.spaces[0], Integer):
        parts = len(decision.options.spaces)
        return (*(0,) * (parts - 1), -2), (own + 1, *(0,) * (parts - 1))
    plans = tuple(decision.options)
    return plans[len(plans) // 2], plans[own % (len(plans) // 2)]


def answer(kind: Kind, name: str, decision: Decision[Any], address: Address) -> Reply:
    """What an agent of that kind answers to the draw at that address."""
    lottery = policy(name, decision)
    if kind == "choices":
        return lottery.draw(address)
    if kind == "stated":
        return lottery
    [usual, other], [chance, _] = lottery.options, lottery.probabilities
    tilt = 0.8 * min(chance, 1 - chance) * (1 if address.uniform() < 0.5 else -1)
    return Lottery((usual, other), (chance + tilt, 1 - chance - tilt))


# The two plans


@dataclass
class Replicate:
    """One replicate of one cell, with agents of one kind; it counts the calls."""

    cell: Cell
    kind: Kind
    number: int
    calls: int = 0
    agents: Sequence[str] = AGENTS
    _designed: dict[str, Proposed] = field(default_factory=dict)

    def matches(self) -> Iterator[MatchSpec]:
        ways = product(self.agents, repeat=self.cell.built.n_players)
        return (MatchSpec(index, self.cell, who, str(self.number)) for index, who in enumerate(ways))

    def ask(self, name: str, decision: Decision[Any], address: Address) -> Reply:
        self.calls += 1
        return answer(self.kind, name, decision, address)

    def proposals(self, name: str) -> Proposed:
        """What an agent proposes in the design stage."""
        if name not in self._designed:
            key = stream_key(SEED, "design", self.cell.mechanism_label, self.cell.game_label, self.number, name)
            self._designed[name] = driven(
                designing(self.cell, key),
                lambda decision, step, slot: self.ask(name, decision, Address(key, step, slot)),
            )
        return self._designed[name]

    def published(self) -> Played:
        """Every match asks anew, but for proposals."""
        return self._played(driven(playing(spec, SEED), self._in_match(spec)) for spec in self.matches())

    def _in_match(self, spec: MatchSpec) -> Callable[[Decision[Any], int, int], Reply]:
        key = spec.key(SEED)

        def reply(decision: Decision[Any], step: int, slot: int) -> Reply:
            name = spec.agents[decision.player]
            if decision.kind == "propose":
                return self.proposals(name)[decision.player]
            return self.ask(name, decision, Address(key, step, slot))

        return reply

    def crossed(self, samples: int, proposals: ProposalPolicy) -> Played:
        """Every question is asked so many times, once for all matches."""
        known: dict[tuple[str, Decision[Any]], Mixture] = {}

        def mixed(name: str, decision: Decision[Any]) -> Mixture:
            if (name, decision) not in known:
                known[name, decision] = mixture(decision, replies(name, decision))
            return known[name, decision]

        def replies(name: str, decision: Decision[Any]) -> list[Reply]:
            if decision.kind == "propose" and proposals == "tournament":
                return [self.proposals(name)[decision.player]]
            key, where = stream(SEED, self.cell, str(self.number), name), place(decision)
            return [self.ask(name, decision, Address(key, where, sample)) for sample in range(samples)]

        return self._played(
            driven(crossing(spec), lambda asked, step, slot, who=spec.agents: mixed(who[asked.player], asked))  # type: ignore[misc]
            for spec in self.matches()
        )

    def _played(self, records: Iterator[Record]) -> Played:
        paid: dict[tuple[str, tuple[str, ...]], list[float]] = defaultdict(list)
        for record in records:
            who = record.match.agents
            for player, payoff in enumerate(record.payoffs):
                paid[who[player], tuple(sorted((*who[:player], *who[player + 1 :])))].append(payoff)
        return Played({company: fmean(payoffs) for company, payoffs in paid.items()}, self.calls)


def driven(asking: Any, reply: Callable[[Decision[Any], int, int], Any]) -> Any:
    """Drive a flow of decisions to its end."""
    step = 0
    try:
        decisions = next(asking)
        while True:
            answers = [
                None if decision.player == NATURE else reply(decision, step, slot)
                for slot, decision in enumerate(decisions)
            ]
            decisions = asking.send(answers)
            step += 1
    except StopIteration as end:
        return end.value


# The comparison


def cells() -> Iterator[Cell]:
    for game in REPLICATES:
        yield Cell(game, "none", Spec(game))
        for mechanism in ("mediation", "contracting"):
            yield Cell(game, mechanism, Spec(game), (Spec.of(mechanism, {"recall": False}),))


def simulated(cell: Cell, kind: Kind, one: Callable[[Replicate], Played], *, certain: bool = False) -> Plan:
    """A plan in one cell, over many replicates; where it is certain, two show it."""
    game = cell.game_label
    few, replicates = AGENTS[: FEW[game]], 2 if certain else REPLICATES[game]
    played = [one(Replicate(cell, kind, number, agents=few)) for number in range(replicates)]
    counted = played if few == AGENTS else [one(Replicate(cell, kind, number)) for number in range(COUNTED)]
    columns = {company: [each.tensor[company] for each in played] for company in played[0].tensor}
    return Plan(
        fmean(each.calls for each in counted),
        fmean(variance(column) for column in columns.values()),
        fmean(fmean(column) for column in columns.values()),
    )


def main() -> None:
    print("\ncrossed   calls for the standard error of the published plan, of its calls; six agents")
    print(f"  {'cell':<32}{'answers':<20}{'crossed plan':<26}{'calls a replicate':>20}{'variance':>10}", end="")
    print(f"{'calls':>8}{f'({PUBLISHED} replicates)':>16}")
    work = timed(lambda: [compared(cell, kind) for cell in cells() for kind in KINDS])
    reached = [share <= TARGET for share in work.result if share is not None]
    print(f"  target    {TARGET:.0%} of the calls with stated lotteries: in {sum(reached)} of {len(reached)} cells")
    print(f"  took {seconds(work.cpu)} CPU, {seconds(work.wall)} wall")


def _ways(cell: Cell, kind: Kind) -> Iterator[tuple[int, ProposalPolicy]]:
    """The crossed plans that are tried."""
    yield from ((samples, "tournament") for samples in SAMPLES[kind])
    if kind == "stated" and cell.stack and cell.built.n_players == 2:
        yield 1, "match"


def compared(cell: Cell, kind: Kind) -> float | None:
    """Print how each crossed plan does; gives, for stated lotteries, the share of calls of the first of them."""
    published = simulated(cell, kind, Replicate.published)
    name, shares = f"{cell.mechanism_label}, {cell.game_label}", []
    for samples, proposals in _ways(cell, kind):
        certain = kind == "stated" and (proposals == "match" or not cell.stack)
        found = simulated(cell, kind, methodcaller("crossed", samples, proposals), certain=certain)
        shares.append(found.share(published))
        told = f"samples = {samples}, {proposals}"
        sizes = f"{found.calls:,.0f} of {published.calls:,.0f}"
        print(f"  {name:<32}{kind:<20}{told:<26}{sizes:>20}{found.variance / published.variance:>10.2f}", end="")
        print(f"{shares[-1]:>8.1%}{found.share(published, 1 / PUBLISHED):>16.1%}", flush=True)
    return shares[0] if kind == "stated" else None


if __name__ == "__main__":
    main()
