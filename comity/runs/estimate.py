"""What a plan will cost, before anything is spent: calls, tokens, dollars, hours, and how much is asked twice.

Calls follow from the rules and are counted in dry plays (`comity.runs.dry`). Prompts are rendered in dry plays as well,
all of them where the plan is small and a sample where it is not. Everything after that is a range, by the assumptions
in `comity.runs.spending`. Nothing here reaches out: no provider is asked, no key is read.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from statistics import fmean, variance
from typing import Any, Literal, NamedTuple, TypeAlias

from comity.agents.agent import ScriptedAgent
from comity.agents.model import LanguageModel
from comity.core.chance import stream_key
from comity.core.decision import Decision
from comity.core.errors import NotSolvable, PlayerError
from comity.core.match import Decide
from comity.llm.endpoint import Price
from comity.llm.inspecting import PREFIX
from comity.llm.prices import price_of
from comity.records.spec import Cell, MatchSpec
from comity.runs.crossed import Mixture, mixture, obstacle, questions
from comity.runs.design import Block, Plan, ProposalPolicy
from comity.runs.drive import agents_of
from comity.runs.dry import (
    Asked,
    Dice,
    Known,
    Lengths,
    Pick,
    anything,
    design_steps,
    lengths,
    rolled,
    steps,
)
from comity.runs.models import models_of
from comity.runs.sharing import Reader, Shared
from comity.runs.spending import ASKED_AGAIN, NOTHING, Range, added, cost, seconds, tokens_in, tokens_out
from comity.runs.wordings import wording_called
from comity.stats.estimate import quantile
from comity.words.forms import prompt, spelled
from comity.words.wording import Wording

PROMPTS = 25_000
"""About so many prompts are rendered at most, and some of each cell, whatever the size of the plan."""
TOSSED = 3
"""In so many plays of a replicate is counted what crossed stages ask where all models answer at random."""
ANYBODY = "anybody"
"""The model string of an agent that stands for any model."""

Level: TypeAlias = Literal["agent", "mechanism", "game"]
Prices: TypeAlias = Callable[[LanguageModel], Price | None]


@dataclass(frozen=True)
class Line:
    """What one agent is asked in one cell, in all replicates.

    calls: without those that ask again. input, output: tokens, with them. cost: US dollars; None where no price is
    known. shared: of the prompts that were rendered.
    """

    agent: str
    mechanism: str
    game: str
    calls: Range
    input: Range
    output: Range
    cost: Range | None
    shared: Shared


class Sum(NamedTuple):
    """Several lines, added up. cost: of those with a price; None where none has one."""

    calls: Range
    input: Range
    output: Range
    cost: Range | None
    shared: Shared

    @classmethod
    def of(cls, lines: Iterable[Line]) -> Sum:
        """The sum of these."""
        every = tuple(lines)
        costs = [line.cost for line in every if line.cost is not None]
        return cls(
            added(line.calls for line in every),
            added(line.input for line in every),
            added(line.output for line in every),
            added(costs) if costs else None,
            sum((line.shared for line in every), Shared()),
        )


class Policy(NamedTuple):
    """What the plan would cost if calls were saved, or not saved, in one more way. cost: see `Sum`."""

    name: str
    requests: Range
    input: Range
    output: Range
    cost: Range | None


@dataclass(frozen=True)
class Estimate:
    """What a plan will cost.

    lines: one for each model and cell; scripted agents have none. models: by label. chain: how many answers follow one
    another at most. fixed: whether every match of a cell puts the same decisions, so that calls are exact. assumed:
    whether the plan has no models, and every agent was taken for one.
    """

    plan: Plan
    models: Mapping[str, LanguageModel]
    lines: tuple[Line, ...]
    chain: Range
    fixed: bool
    assumed: bool
    policies: tuple[Policy, ...]

    @cached_property
    def total(self) -> Sum:
        """All of it."""
        return Sum.of(self.lines)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The models of which no price is known."""
        return tuple(dict.fromkeys(self.models[line.agent].model for line in self.lines if line.cost is None))

    @property
    def complete(self) -> bool:
        """Whether every prompt of the plan was rendered, so that none had to be inferred from others."""
        return self.fixed and not self.plan.crossed and self.total.shared.prompts == round(self.total.calls.mean)

    def by(self, *levels: Level) -> dict[tuple[str, ...], Sum]:
        """The sums by agent, mechanism or game, in the order of the plan."""
        found: dict[tuple[str, ...], list[Line]] = defaultdict(list)
        for line in self.lines:
            found[tuple(getattr(line, level) for level in levels)].append(line)
        return {names: Sum.of(lines) for names, lines in found.items()}

    def seconds(self, latency: float, concurrency: int) -> Range:
        """How long it takes where an answer takes `latency` and so many calls of one model may be in flight."""
        calls: dict[str, Range] = defaultdict(lambda: NOTHING)
        for line in self.lines:
            model = self.models[line.agent].model
            calls[model] = calls[model].plus(line.calls)
        return seconds(self.chain, calls.values(), latency, concurrency)


def list_price(model: LanguageModel) -> Price | None:
    """The price of a model as a run has it: what the plan states, or else what is listed for its model string."""
    if model.price is not None:
        return model.price
    return price_of(_listed_as(model.model))


def _listed_as(model: str) -> str:
    """The model string under which a price is looked up: behind Inspect it is that of the provider."""
    if not model.startswith(PREFIX):
        return model
    return model.removeprefix(PREFIX).replace("/", ":", 1)


def estimate(plan: Plan, prices: Prices = list_price) -> Estimate:
    """What that plan will cost at these prices."""
    models = models_of(plan)
    assumed = not models
    if assumed:
        models = {label: LanguageModel(ANYBODY) for label, _ in plan.agents}
    surveys = _surveys(plan, models)
    priced = {label: prices(model) for label, model in models.items()}
    told = _Costing(plan, models, priced, surveys)
    return Estimate(
        plan,
        models,
        tuple(told.lines(told.own)),
        told.chain,
        all(survey.fixed for survey in surveys),
        assumed,
        tuple(told.policies()),
    )


class _Way(NamedTuple):
    """How questions are put. samples: how often each distinct one where stages are crossed; None: in each match."""

    proposals: ProposalPolicy
    samples: int | None


@dataclass
class _Sample:
    """Some prompts of one agent of one kind: how much was shared, and how many characters the answers had."""

    shared: Shared = field(default=Shared())
    answers: int = 0

    def add(self, other: _Sample) -> None:
        self.shared += other.shared
        self.answers += other.answers


@dataclass(frozen=True)
class _Survey:
    """What dry plays of one cell showed.

    match, design: how many decisions a match and the design stage of one agent put (design: None where nobody
    proposes). seated: how often each agent is each player, over all replicates. block: the first replicate.
    samples: prompts by agent and kind.
    """

    cell: Cell
    match: Lengths
    design: Lengths | None
    seated: Counter[tuple[str, int]]
    block: Block
    samples: dict[tuple[str, str], _Sample] = field(default_factory=dict)

    @property
    def fixed(self) -> bool:
        return self.match.fixed and (self.design is None or self.design.fixed)

    @property
    def proposes(self) -> bool:
        return self.design is not None


def _surveys(plan: Plan, models: Mapping[str, LanguageModel]) -> list[_Survey]:
    blocks: dict[Cell, list[Block]] = defaultdict(list)
    for block in plan.blocks():
        blocks[block.cell].append(block)
    surveys = [_counted(plan, cell, blocks[cell]) for cell in plan.cells]
    sizes = [_size(survey, models, plan.proposals) for survey in surveys]
    voices = _Voices(plan, models)
    for survey, size, most in zip(surveys, sizes, _shares(sizes, PROMPTS), strict=True):
        _Sampling(plan, survey, blocks[survey.cell], voices).render(size, max(most, 1))
    return surveys


def _counted(plan: Plan, cell: Cell, blocks: Sequence[Block]) -> _Survey:
    key = stream_key(plan.seed, "dry", cell.game_label, cell.mechanism_label)
    match = lengths(cell.built, key)
    design = lengths(cell.built, key, design_steps) if match.proposes else None
    seated: Counter[tuple[str, int]] = Counter()
    for block in blocks:
        seated.update(_seated(block))
    return _Survey(cell, match, design, seated, blocks[0])


def _seated(block: Block) -> Counter[tuple[str, int]]:
    """How often each agent is each player: equally often where everybody meets everybody."""
    agents, seats = block.seatings.agents, block.seatings.seats
    if block.matching.matches is None and block.seatings.population is None and not block.seatings.populations:
        each = block.count // len(agents)
        return Counter({(agent, player): each for agent in agents for player in range(seats)})
    return Counter((agent, player) for match in block.matches() for player, agent in enumerate(match.agents))


def _size(survey: _Survey, models: Mapping[str, LanguageModel], proposals: ProposalPolicy) -> int:
    """How many prompts a cell has in its matches, about."""
    asked: dict[int, float] = defaultdict(float)
    for player, kind in survey.match.decisions:
        if proposals == "match" or kind != "propose":
            asked[player] += survey.match.mean(player, kind)
    return math.ceil(sum(asked[player] * count for (label, player), count in survey.seated.items() if label in models))


def _shares(wanted: Sequence[int], most: int) -> list[int]:
    """How many each gets where all want so many and there are `most`: who wants little gets it, others get alike."""
    shares, left = [0] * len(wanted), most
    for place, number in enumerate(order := sorted(range(len(wanted)), key=lambda place: wanted[place])):
        shares[number] = min(wanted[number], left // (len(order) - place))
        left -= shares[number]
    return shares


class _Voices:
    """The texts of decisions as each model is asked, and what each has been asked so far."""

    def __init__(self, plan: Plan, models: Mapping[str, LanguageModel]) -> None:
        texts = dict(plan.wordings)
        self._models = models
        self._wordings: dict[str, Wording] = {
            model.wording: wording_called(model.wording, texts) for model in models.values()
        }
        self._readers = {label: Reader() for label in models}

    def asks(self, label: str, kind: str) -> bool:
        """Whether that agent is a model to which such decisions are put, and not made for it."""
        return label in self._models and kind not in self._models[label].assists

    def read(self, label: str, asked: Asked) -> _Sample:
        """What that agent is asked and what it has answered."""
        decision, choice = asked
        model = self._models[label]
        wording, form = self._wordings[model.wording], model.answers
        put = prompt(decision, wording, form)
        shared = self._readers[label].read("\n".join((put.system, put.user, put.schema or "")))
        return _Sample(shared, len(spelled(choice, decision, wording, form, reasons="")))


class _Sampling:
    """Renders the prompts of a cell, or some of them, from matches spread over all replicates."""

    def __init__(self, plan: Plan, survey: _Survey, blocks: Sequence[Block], voices: _Voices) -> None:
        self._plan = plan
        self._survey = survey
        self._blocks = blocks
        self._voices = voices
        self._designs: dict[tuple[str, str], Known] = {}
        self._every = 1
        self._passed = 0

    def render(self, size: int, most: int) -> None:
        """Render no more than about so many of the prompts that there are, and some of one match at least."""
        matches = sum(block.count for block in self._blocks)
        wanted = matches if size <= most else max(1, matches * most // size)
        self._every = max(1, math.ceil(size / matches / most))
        for spec in self._matches(matches, wanted):
            known = self._known(spec)
            self._note(spec.agents, steps(spec.cell.built, rolled(spec.key(self._plan.seed), known)))

    def _matches(self, matches: int, wanted: int) -> Iterator[MatchSpec]:
        """So many of them, one from each of as many equal stretches (shifted by multiples of the golden ratio)."""
        golden = (math.sqrt(5) - 1) / 2
        for stretch in range(wanted):
            shift = stretch * golden % 1 if wanted < matches else 0.0
            yield self._match(int((stretch + shift) * matches / wanted))

    def _match(self, place: int) -> MatchSpec:
        for block in self._blocks:
            if place < block.count:
                return block[place]
            place -= block.count
        raise IndexError(place)

    def _known(self, spec: MatchSpec) -> Known | None:
        """What each player has proposed before play."""
        if self._plan.proposals == "match" or not self._survey.proposes:
            return None
        return {player: self._design(spec, label)[player] for player, label in enumerate(spec.agents)}

    def _design(self, spec: MatchSpec, label: str) -> Known:
        if (label, spec.replicate) not in self._designs:
            game = spec.cell.built
            asked = list(design_steps(game, rolled(stream_key(spec.key(self._plan.seed), label))))
            self._note((label,) * game.n_players, asked)
            self._designs[label, spec.replicate] = {decision.player: choice for decision, choice in asked[-1]}
        return self._designs[label, spec.replicate]

    def _note(self, agents: Sequence[str], play: Iterable[Sequence[Asked]]) -> None:
        for asked in (asked for step in play for asked in step):
            label, kind = agents[asked[0].player], asked[0].kind
            if not self._voices.asks(label, kind):
                continue
            self._passed += 1
            if self._passed % self._every == 0:
                self._survey.samples.setdefault((label, kind), _Sample()).add(self._voices.read(label, asked))


class _Costing:
    """From what dry plays showed to the lines of an estimate, under one policy or another."""

    def __init__(
        self,
        plan: Plan,
        models: Mapping[str, LanguageModel],
        prices: Mapping[str, Price | None],
        surveys: Sequence[_Survey],
    ) -> None:
        self._plan = plan
        self._models = models
        self._prices = prices
        self._surveys = surveys
        self._scripts = {label: agent for label, agent in agents_of(plan).items() if label not in models}
        self._distinct = cache(self._counted)
        self.own = _Way(plan.proposals, plan.samples if plan.crossed else None)

    @property
    def chain(self) -> Range:
        """The longest chain of answers, in the plan's own policy."""
        longest = NOTHING
        for survey in self._surveys:
            longest = longest.largest(self._chain(survey))
        return longest

    def _chain(self, survey: _Survey) -> Range:
        designed = self._plan.proposals == "tournament" and survey.design is not None
        match = _steps(play.steps if designed else play.steps + play.proposing for play in survey.match.plays)
        if not designed or survey.design is None:
            return match
        return match.plus(_steps(play.steps + play.proposing for play in survey.design.plays))

    def lines(self, way: _Way) -> Iterator[Line]:
        """One line for each cell and model."""
        for survey in self._surveys:
            for label in self._models:
                yield self._line(survey, label, way)

    def _line(self, survey: _Survey, label: str, way: _Way) -> Line:
        model = self._models[label]
        calls = input = output = NOTHING
        for kind, number in self._calls(survey, label, way).items():
            sample = self._sample(survey, label, kind)
            asked = number.times(ASKED_AGAIN) if model.re_asks else number
            prompts = max(sample.shared.prompts, 1)
            calls = calls.plus(number)
            input = input.plus(asked.times(tokens_in(sample.shared.characters / prompts)))
            answer = tokens_out(model, sample.answers / prompts)
            output = output.plus(asked.times(answer))
        price = self._prices[label]
        paid = None if price is None else cost(price, input, output)
        mine = sum((found.shared for (who, _), found in survey.samples.items() if who == label), Shared())
        return Line(label, survey.cell.mechanism_label, survey.cell.game_label, calls, input, output, paid, mine)

    def _calls(self, survey: _Survey, label: str, way: _Way) -> dict[str, Range]:
        """How many calls of each kind."""
        designed = way.proposals == "tournament" and survey.design is not None
        crossed = self._distinct(survey.cell, way)
        found: dict[str, Range] = defaultdict(lambda: NOTHING)
        for player, kind in survey.match.decisions:
            if designed and kind == "propose":
                continue
            if crossed is not None:
                found[kind] = crossed.get((label, kind), NOTHING)
            else:
                found[kind] = found[kind].plus(_calls(survey.match, player, kind, survey.seated[label, player]))
        if designed and survey.design is not None and any(who == label for who, _ in survey.seated):
            for player, kind in survey.design.decisions:
                times = len(self._plan.replicates)
                found[kind] = found[kind].plus(_calls(survey.design, player, kind, times))
        return {kind: number for kind, number in found.items() if kind not in self._models[label].assists}

    def _counted(self, cell: Cell, way: _Way) -> Mapping[tuple[str, str], Range] | None:
        """How many calls of each agent and kind crossed stages have; None where the cell is not crossed.

        What later stages ask depends on the answers: the least is where all answer alike, what is expected and the most
        (97.5 %, by the spread that was counted) are those of replicates in which all models answer at random.
        """
        if way.samples is None or cell in dict(self._plan.populations):
            return None
        if obstacle(cell.built, way.samples, way.proposals) is not None:
            return None
        survey = next(survey for survey in self._surveys if survey.cell == cell)
        key = stream_key(self._plan.seed, "crossed", cell.game_label, cell.mechanism_label)
        picks: list[Pick] = [_alike, *(Dice(key ^ number) for number in range(TOSSED))]
        alike, *random = (_distinct(survey, way, pick, self._scripts) for pick in picks)
        samples, replicates = Range.exactly(way.samples), len(self._plan.replicates)
        return {
            asked: _between(alike[asked], [each[asked] for each in random], replicates).times(samples)
            for asked in random[0]
        }

    def _sample(self, survey: _Survey, label: str, kind: str) -> _Sample:
        """Prompts of that kind as this agent is asked, by all who are asked alike; of any kind where there is none."""
        alike = [who for who, model in self._models.items() if _asked_alike(model, self._models[label])]
        found, any_kind = _Sample(), _Sample()
        for (who, what), sample in survey.samples.items():
            if who in alike:
                any_kind.add(sample)
                if what == kind:
                    found.add(sample)
        return found if found.shared.prompts else any_kind

    def policies(self) -> Iterator[Policy]:
        """The plan as it is, and with each other policy alone."""
        lines = tuple(self.lines(self.own))
        yield _policy("as in the plan", lines)
        if any(survey.proposes for survey in self._surveys):
            other: ProposalPolicy = "match" if self._plan.proposals == "tournament" else "tournament"
            yield _policy(f'proposals = "{other}"', tuple(self.lines(self.own._replace(proposals=other))))
        if self.own.samples is not None:
            yield _policy('stages = "match"', tuple(self.lines(self.own._replace(samples=None))))
        elif any(self._distinct(survey.cell, self.own._replace(samples=1)) for survey in self._surveys):
            yield _policy("crossed, samples = 1", tuple(self.lines(self.own._replace(samples=1))))
        yield self._coalesced(lines)

    def _coalesced(self, lines: Sequence[Line]) -> Policy:
        """Every prompt sent once for all its answers, as far as prompts are known to be equal."""
        crossed = {(cell.mechanism_label, cell.game_label) for cell in self._plan.crossed}
        merged = [self._merged(line, (line.mechanism, line.game) in crossed) for line in lines]
        return _policy("coalesced, at best", merged)

    def _merged(self, line: Line, crossed: bool) -> Line:
        """Crossed, the samples of a question are one request; else all that were asked the same are."""
        shared = line.shared
        prompts = 1 / self._plan.samples if crossed else shared.unique / max(shared.prompts, 1)
        characters = 1 / self._plan.samples if crossed else shared.unique_characters / max(shared.characters, 1)
        requests = line.calls.times(Range.exactly(prompts))
        input = line.input.times(Range.exactly(characters))
        price = self._prices[line.agent]
        paid = None if price is None else cost(price, input, line.output)
        return Line(line.agent, line.mechanism, line.game, requests, input, line.output, paid, shared)


def _between(least: int, counted: Sequence[int], replicates: int) -> Range:
    """The sum over so many replicates of what was counted in a few: at the least, expected, and 97.5 % by Student's t.

    The spread is that of `_calls`; so few plays say little of it, which Student's t knows.
    """
    expected = fmean(counted) * replicates
    around = quantile(len(counted) - 1) * math.sqrt(variance(counted) * replicates * (1 + replicates / len(counted)))
    return Range(min(least * replicates, expected), expected, expected + around)


def _distinct(survey: _Survey, way: _Way, pick: Pick, scripts: Mapping[str, ScriptedAgent]) -> Counter[tuple[str, str]]:
    """How many different questions of each kind each agent is asked in the first replicate, where models go by `pick`.

    Proposals of a design stage are not among them.
    """
    designed = way.proposals == "tournament"
    known: dict[tuple[str, Decision[Any]], Mixture] = {}

    def answered(label: str, decision: Decision[Any]) -> Mixture:
        if (label, decision) not in known:
            times = 1 if designed and decision.kind == "propose" else way.samples or 1
            script = scripts.get(label)
            said = None if script is None else _said(script.sit(survey.cell.built, decision.player), decision)
            known[label, decision] = said or mixture(decision, [anything(decision.options, pick) for _ in range(times)])
        return known[label, decision]

    for spec in survey.block.matches():
        for _ in questions(spec, lambda asked: answered(spec.agents[asked.player], asked), survey.match.decisions):  # noqa: B023
            pass
    return Counter((label, asked.kind) for label, asked in known if not (designed and asked.kind == "propose"))


def _said(decide: Decide, decision: Decision[Any]) -> Mixture | None:
    """What a script says; None where it has no answer, which only a run forfeits."""
    try:
        return mixture(decision, [decide(decision)])
    except (PlayerError, NotSolvable):
        return None


def _alike(ways: int) -> int:
    return 0


def _policy(name: str, lines: Sequence[Line]) -> Policy:
    total = Sum.of(lines)
    return Policy(name, total.calls, total.input, total.output, total.cost)


def _asked_alike(one: LanguageModel, other: LanguageModel) -> bool:
    return (one.answers, one.wording) == (other.answers, other.wording)


def _calls(counted: Lengths, player: int, kind: str, times: int) -> Range:
    """How many such decisions so many plays put: the expectation and 95 % around it, by the spread that was counted.

    The spread is that of plays that are drawn anew, and of an expectation that was itself counted in some plays.
    """
    mean, variance = counted.mean(player, kind), counted.variance(player, kind)
    around = 2 * math.sqrt(variance * times * (1 + times / len(counted.plays)))
    expected = mean * times
    return Range(max(expected - around, 0), expected, expected + around)


def _steps(found: Iterable[int]) -> Range:
    every = tuple(found)
    return Range(min(every), math.fsum(every) / len(every), max(every))
