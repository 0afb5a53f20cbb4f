"""From the names and fields of a plan file to cells and agents that can be played.

Everything is looked up, checked against the signature of what it names, and built once, so that whatever cannot be
played is said before anything is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isclose

from comity.core.errors import BadParameter, BadStack, RuleError
from comity.core.flow import Game
from comity.core.space import to_json
from comity.records.levels import shortened
from comity.records.spec import Cell, Spec
from comity.runs.complaints import Complaints, Place
from comity.runs.crossed import obstacle
from comity.runs.design import Calling, Matching, Plan, Population
from comity.runs.factors import Design, Factor
from comity.runs.fields import FUNCTION, MODEL, WAITED_FOR, Kind, catalogue, fields_of, problems_of
from comity.runs.graph_files import with_graphs
from comity.runs.shape import Document, Entry, MatchingTable, PopulationTable, RunTable, unknown
from comity.runs.texts import Texts
from comity.runs.varied import factors_of, level_place, order_problem, said, too_many, varied, with_levels, within
from comity.runs.wordings import wording_called
from comity.words.render import checked
from comity.words.wordings import STANDARD

MOST_PLAYERS = 1_000
MOST_MATCHES = 10**7
_LONG = 10**15
"""A larger number of matches is not written out."""
_FEW = 16
"""On more seats than this nobody wants every way to seat agents."""
RESERVED = "nature"
"""What tables call chance, so no agent may be called that."""


def built_plan(document: Document, text: str, texts: Texts, graph_texts: Texts, complaints: Complaints) -> Plan:
    """The plan a document means. Raises `PlanError` with everything that is wrong with it."""
    games = _labelled(_alone(document.games, "games", complaints), complaints)
    graphs: dict[str, str] = {}
    document = _with_graphs(document, graph_texts, graphs, complaints)
    stacks = _labelled(_stacks(document, complaints), complaints)
    agents = _labelled(_alone(document.agents, "agents", complaints), complaints)
    matching = _matching(document.matching, [agent.called for agent in agents], complaints)
    _check_stages(document, complaints)
    _refuse_twice({("replicates", n): label for n, label in enumerate(document.replicates)}, complaints)
    _refuse_reserved(agents, complaints)
    wordings = dict(_wordings(agents, texts, complaints))
    factors = factors_of(document.factors, {spec.name for stack in stacks for spec in stack.specs}, complaints)
    complaints.raise_any()
    cells = _Cells(len(agents), document.run.skip_impossible, complaints)
    varying = _Varying(document, factors, games, stacks)
    if factors:
        varying.try_levels(replace(cells, built=[], skipped=[], populations={}))
    conditions, balance = varying.conditions(complaints)
    complaints.raise_any()
    cells.build(games, conditions)
    _check_wordings(agents, wordings, cells.built, complaints)
    complaints.raise_any()
    crossed = _crossed(document.run, cells, complaints)
    plan = Plan(
        name=document.name,
        seed=document.seed,
        cells=tuple(cells.built),
        agents=tuple((agent.called, agent.specs[0]) for agent in agents),
        replicates=tuple(document.replicates),
        matching=matching,
        proposals=document.run.proposals,
        exact=document.run.exact,
        stages=document.run.stages,
        samples=document.run.samples or 1,
        crossed=tuple(cell for cell, why in crossed.items() if why is None),
        uncrossed=tuple(_as_ever(cell, why) for cell, why in crossed.items() if why is not None),
        populations=tuple(cells.populations.items()),
        skipped=tuple(cells.skipped),
        factors=factors,
        balance=balance,
        wordings=tuple(wordings.items()),
        graphs=tuple(graphs.items()),
        calling=Calling(**document.calls.model_dump()),
        text=text,
    )
    _refuse_sizes(plan, complaints)
    complaints.raise_any()
    return plan


@dataclass(frozen=True)
class _Written:
    """What stands at one place of the plan: a game, an agent, or a stack of mechanisms."""

    label: str | None
    specs: tuple[Spec, ...]
    place: Place

    @property
    def called(self) -> str:
        """What tables call it: its label, or else the names in it, a language model's own name among them."""
        return self.label or "+".join(map(_name, self.specs)) or "none"

    @property
    def in_full(self) -> str:
        """What it is called where the names alone do not tell it from others."""
        return self.label or "+".join(map(_spelled, self.specs)) or "none"


_NAMED_BY = {MODEL: "model", FUNCTION: "call"}
"""The field of an agent by which tables call it, where that is not its name."""


def _name(spec: Spec) -> str:
    return str(spec.parameters.get(_NAMED_BY.get(spec.name, ""), spec.name))


def _spelled(spec: Spec) -> str:
    fields = ", ".join(f"{key}={shortened(json.dumps(to_json(value), default=str))}" for key, value in spec.fields)
    return f"{spec.name}({fields})" if fields else spec.name


def _alone(entries: Sequence[Entry], kind: Kind, complaints: Complaints) -> Iterator[_Written]:
    """The games or the agents: each is one spec and is built on its own."""
    for number, entry in enumerate(entries):
        place = (kind, number)
        spec = _spec(entry, kind, place, complaints)
        if spec is not None:
            _try_to_build(spec, kind, place, complaints)
        yield _Written(entry.label, (spec or _as_written(entry),), place)


def _try_to_build(spec: Spec, kind: Kind, place: Place, complaints: Complaints) -> None:
    try:
        catalogue(kind)[spec.name](**spec.parameters)
    except RuleError as error:
        complaints.add(place, str(error))


def _with_graphs(document: Document, texts: Texts, read: dict[str, str], complaints: Complaints) -> Document:
    """The document with the graphs that its mechanisms name in files. read: is given the text of every file."""
    stacks = []
    for number, stack in enumerate(document.mechanisms):
        entries = []
        for height, entry in enumerate(stack.stack):
            builder = catalogue("mechanisms").get(entry.name)
            taken = () if builder is None else fields_of(builder)
            fields, problems = with_graphs(entry.fields, taken, texts, read)
            for field_name, problem in problems:
                complaints.add(("mechanisms", number, "stack", height, field_name), problem)
            entries.append(Entry(name=entry.name, label=entry.label, **fields))
        stacks.append(stack.model_copy(update={"stack": entries}))
    return document.model_copy(update={"mechanisms": stacks})


def _stacks(document: Document, complaints: Complaints) -> Iterator[_Written]:
    varied = frozenset(document.factors.levels) if document.factors else frozenset()
    for number, stack in enumerate(document.mechanisms):
        place = ("mechanisms", number)
        specs = [
            _spec(entry, "mechanisms", (*place, "stack", height), complaints, varied) or _as_written(entry)
            for height, entry in enumerate(stack.stack)
        ]
        if problem := order_problem(specs):
            complaints.add(place, problem)
        yield _Written(stack.label, tuple(specs), place)


def _labelled(written: Iterator[_Written], complaints: Complaints) -> list[_Written]:
    """Each with a label of its own."""
    found = list(written)
    counts = Counter(each.called for each in found)
    labelled = [replace(each, label=each.called if counts[each.called] == 1 else each.in_full) for each in found]
    _refuse_twice({each.place: each.called for each in labelled}, complaints)
    return labelled


def _refuse_twice(labels: Mapping[Place, str], complaints: Complaints) -> None:
    seen = set()
    for place, label in labels.items():
        if label in seen:
            complaints.add(place, f"the label {label!r} is used twice; each needs one of its own")
        seen.add(label)


def _wordings(agents: Sequence[_Written], texts: Texts, complaints: Complaints) -> Iterator[tuple[str, str]]:
    """The wordings of the user's own that agents name, with their texts."""
    for agent in agents:
        [spec] = agent.specs
        name = spec.parameters.get("wording")
        if spec.name not in WAITED_FOR or name is None or name in STANDARD:
            continue
        try:
            text = texts(name)
            wording_called(name, {name: text})
        except RuleError as error:
            complaints.add((*agent.place, "wording"), str(error))
        else:
            yield name, text


def _check_wordings(
    agents: Sequence[_Written], wordings: Mapping[str, str], cells: Sequence[Cell], complaints: Complaints
) -> None:
    """Every wording must have words for every cell, and keep its options apart."""
    for agent in agents:
        [spec] = agent.specs
        if spec.name not in WAITED_FOR:
            continue
        wording = wording_called(spec.parameters.get("wording", "plain"), wordings)
        for cell in cells:
            try:
                checked(cell.built, wording)
            except RuleError as error:
                place = (*agent.place, "wording")
                complaints.add(place, f"{cell.game_label} under {cell.mechanism_label}: {error}")


def _refuse_reserved(agents: Sequence[_Written], complaints: Complaints) -> None:
    for agent in agents:
        if agent.called == RESERVED:
            complaints.add(agent.place, f"the label {RESERVED!r} is what tables call chance; take another")


def _spec(
    entry: Entry, kind: Kind, place: Place, complaints: Complaints, varied: frozenset[str] = frozenset()
) -> Spec | None:
    """The spec that is written there, or None and a complaint. varied: fields that are given elsewhere, as factors."""
    known = catalogue(kind)
    if entry.name not in known:
        complaints.add((*place, "name"), unknown(kind.removesuffix("s"), entry.name, list(known)))
        return None
    found = problems_of(entry.name, entry.fields, known[entry.name])
    elsewhere = {field for field in fields_of(known[entry.name]) if f"{entry.name}.{field}" in varied}
    problems = {name: problem for name, problem in found if name in entry.fields or name not in elsewhere}
    for name, problem in problems.items():
        complaints.add((*place, name), problem)
    return None if problems else Spec.of(entry.name, entry.fields)


def _as_written(entry: Entry) -> Spec:
    """What stands in for a spec that cannot be used, so that the rest of the plan can still be read."""
    return Spec.of(entry.name, entry.fields)


def _matching(table: MatchingTable, agents: Sequence[str], complaints: Complaints) -> Matching:
    if table.kind == "sampled" and table.matches is None:
        complaints.add(("matching", "kind"), "a \"sampled\" matching needs the field 'matches': how many are drawn")
    if table.kind != "sampled" and table.matches is not None:
        complaints.add(("matching", "matches"), 'only a matching of the kind "sampled" has this field')
    if table.kind in ("alike", "one_among", "populations") and not table.self_play:
        where = f'must be true where the matching is "{table.kind}": everybody meets itself'
        complaints.add(("matching", "self_play"), where)
    alike, guest = table.kind == "alike", table.kind == "one_among"
    populations = tuple(_populations(table, agents, complaints))
    return Matching(table.matches, table.repeats, table.self_play, alike, guest, populations)


def _populations(table: MatchingTable, agents: Sequence[str], complaints: Complaints) -> Iterator[Population]:
    """The populations of a plan; what is wrong with one is said, and it is left out."""
    tables = table.populations or []
    if (table.kind == "populations") != bool(tables):
        problem = (
            'only a matching of the kind "populations" has this field'
            if tables
            else "a matching of \"populations\" needs the field 'populations': of each its label, and shares or nodes"
        )
        complaints.add(("matching", "populations" if tables else "kind"), problem)
    if table.kind != "populations" or not tables:
        return
    _refuse_twice({("matching", "populations", n): one.label for n, one in enumerate(tables)}, complaints)
    seen: dict[Population, str] = {}
    sound = True
    for number, one in enumerate(tables):
        place: Place = ("matching", "populations", number)
        problems = list(_problems_of(one, agents))
        for field_of, sentence in problems:
            complaints.add((*place, *field_of), sentence)
        found = Population(one.label, tuple((one.shares or {}).items()), tuple(one.nodes or ()))
        same = replace(found, label="")
        if same in seen:
            complaints.add(place, f"it is the same population as {seen[same]!r}")
        seen[same] = one.label
        sound = sound and not problems
        if not problems:
            yield found
    named = {agent for one in tables for agent in (*(one.shares or {}), *(one.nodes or ()))}
    for agent in agents if sound else ():
        if agent not in named:
            complaints.add(("matching", "populations"), f"the agent {agent!r} is in none of them")


def _problems_of(table: PopulationTable, agents: Sequence[str]) -> Iterator[tuple[Place, str]]:
    """What is wrong with a population, with the field of it where that stands."""
    if (table.shares is None) == (table.nodes is None):
        yield (
            (),
            "a population has either shares, of each agent its share of the seats, or nodes, the agent of each seat",
        )
        return
    shares = table.shares or {}
    for agent in dict.fromkeys((*shares, *(table.nodes or ()))):
        if agent not in agents:
            yield ("nodes" if table.nodes else "shares",), unknown("agent", agent, list(agents))
    if table.shares is not None and not isclose(sum(shares.values()), 1, abs_tol=1e-6):
        yield ("shares",), f"the shares must sum to 1, and they sum to {sum(shares.values()):.6g}"


@dataclass
class _Cells:
    """The cells built so far, and what stood in the way of others."""

    agents: int
    skip_impossible: bool
    complaints: Complaints
    built: list[Cell] = field(default_factory=list)
    populations: dict[Cell, int] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def build(self, games: Sequence[_Written], stacks: Sequence[_Written]) -> None:
        """Build every game under every stack."""
        for game in games:
            for stack in stacks:
                self.attempt(game, stack)
        if self.skipped and not self.built:
            self.complaints.add(("run", "skip_impossible"), "no mechanism can stand on any game, so nothing is left")

    def attempt(self, game: _Written, stack: _Written) -> None:
        """Build one game under one stack, or say what stands in the way."""
        try:
            self._build(game, stack)
        except BadStack as error:
            sentence = f"{stack.called} cannot stand on {game.called}: {error}"
            if self.skip_impossible:
                self.skipped.append(sentence)
            else:
                self.complaints.add(stack.place, f"{sentence} (run.skip_impossible = true leaves such cells out)")
        except RuleError as error:
            self.complaints.add(stack.place, f"{stack.called} on {game.called}: {error}")

    def _build(self, game: _Written, stack: _Written) -> None:
        [base] = game.specs
        seats: int | None = None
        specs: list[Spec] = []
        built = _of_size(catalogue("games")[base.name](**base.parameters))
        for written in stack.specs:
            mechanism = catalogue("mechanisms")[written.name]
            if "population" in fields_of(mechanism):
                seats = built.n_players
                specs.append(_populated(written, seats, self.agents))
            else:
                specs.append(written)
            built = _of_size(mechanism(built, **specs[-1].parameters))
        cell = Cell(game.called, stack.called, base, tuple(specs))
        self.built.append(cell)
        if seats is not None:
            self.populations[cell] = seats


@dataclass(frozen=True)
class _Varying:
    """The stacks of a plan in the conditions of its factors."""

    document: Document
    factors: tuple[Factor, ...]
    games: Sequence[_Written]
    stacks: Sequence[_Written]

    @property
    def _design(self) -> Design:
        table = self.document.factors
        return Design() if table is None else Design(table.design, table.runs, self.document.seed)

    def conditions(self, complaints: Complaints) -> tuple[list[_Written], tuple[str, ...]]:
        """Every stack in every condition, and how balanced these are."""
        many = too_many([stack.specs for stack in self.stacks], self.factors, self._design)
        if many:
            complaints.add(("factors",), many)
            return [], ()
        found = [(one, varied(one.called, one.specs, self.factors, self._design)) for one in self.stacks]
        for stack, made in found:
            for problem in made.problems:
                complaints.add(stack.place, problem)
        written = [_Written(label, specs, stack.place) for stack, made in found for label, specs in made.stacks]
        for label, count in Counter(each.called for each in written).items():
            if count > 1:
                complaints.add(("factors",), f"{count} conditions would be called {label!r}; each needs its own label")
        return written, tuple(f"{stack.called}: {made.balance}" for stack, made in found if made.balance)

    def try_levels(self, cells: _Cells) -> None:
        """Build the first levels together and then each other level alone, so that what cannot be is said where it
        stands, and once. Raises `PlanError`."""
        base = [_Written(one.called, with_levels(one.specs, self._levels(one)), one.place) for one in self.stacks]
        alone = [
            _Written(
                f"{one.called} with {said(each, level)}",
                with_levels(one.specs, {**self._levels(one), each: level}),
                level_place(each, level),
            )
            for one in self.stacks
            for each in self._levels(one)
            for level in range(1, len(each.levels))
        ]
        for stacks in (base, alone):
            for game in self.games:
                for stack in stacks:
                    cells.attempt(game, stack)
            cells.complaints.raise_any()

    def _levels(self, stack: _Written) -> dict[Factor, int]:
        """The factors in a stack, each at its first level."""
        return dict.fromkeys(within(stack.specs, self.factors), 0)


def _check_stages(document: Document, complaints: Complaints) -> None:
    run = document.run
    if run.stages == "crossed" and run.samples is None:
        complaints.add(("run", "stages"), "\"crossed\" needs the field 'samples': how often each question is asked")
    if run.stages != "crossed" and run.samples is not None:
        complaints.add(("run", "samples"), 'only a run with stages = "crossed" has this field')
    if run.stages == "crossed" and document.matching.repeats > 1:
        sentence = 'must be 1 where stages are "crossed": what is worked out again is the same; take more samples'
        complaints.add(("matching", "repeats"), f"{sentence}, not {document.matching.repeats}")


def _crossed(run: RunTable, cells: _Cells, complaints: Complaints) -> dict[Cell, str | None]:
    """For each cell why its matches are played, or None where they are crossed; nothing where none are to be."""
    if run.stages != "crossed" or run.samples is None:
        return {}
    populated = "a match of it is a whole population"
    found = {
        cell: populated if cell in cells.populations else obstacle(cell.built, run.samples, run.proposals)
        for cell in cells.built
    }
    if None not in found.values():
        complaints.add(("run", "stages"), f"no cell can be crossed: {_as_ever(*next(iter(found.items())))}")
    return found


def _as_ever(cell: Cell, why: str | None) -> str:
    return f"{cell.mechanism_label} on {cell.game_label} is played match by match and not crossed: {why}"


def _of_size(game: Game) -> Game:
    if game.n_players > MOST_PLAYERS:
        raise BadParameter(f"it has {game.n_players:,} players, and a match has {MOST_PLAYERS:,} at most")
    return game


def _populated(spec: Spec, seats: int, agents: int) -> Spec:
    """The mechanism with a population in which every agent takes every seat equally often."""
    everybody = seats * agents
    population = spec.parameters.get("population", everybody)
    if population % everybody:
        raise BadParameter(
            f"its population must be a multiple of {everybody} ({agents} agents in each of {seats} seats), "
            f"not {population}; left out, it is {everybody}"
        )
    return Spec.of(spec.name, {**spec.parameters, "population": population})


def _refuse_sizes(plan: Plan, complaints: Complaints) -> None:
    for cell in plan.cells:
        players = cell.built.n_players
        for number, population in enumerate(plan.matching.populations):
            if population.nodes and len(population.nodes) != players:
                complaints.add(
                    ("matching", "populations", number, "nodes"),
                    f"it has {len(population.nodes):,} agents, and {cell.game_label} under {cell.mechanism_label} has "
                    f"{players:,} seats",
                )
        if not plan.seatings(cell).count:
            complaints.add(
                ("matching", "self_play"),
                f"without self-play {len(plan.agents)} agents cannot take the {players} seats of {cell.game_label} "
                f"under {cell.mechanism_label}",
            )
    if plan.n_matches > MOST_MATCHES:
        complaints.add(("matching",), _too_many_matches(plan))


def _too_many_matches(plan: Plan) -> str:
    matches = f"{plan.n_matches:,}" if plan.n_matches < _LONG else f"more than {_LONG:,}"
    told = f"the plan has {matches} matches, and a run has {MOST_MATCHES:,} at most"
    seats = max(cell.built.n_players for cell in plan.cells)
    if seats <= _FEW:
        return f'{told}; draw a sample of them with kind = "sampled"'
    return (
        f"{told}: there are that many ways to seat {len(plan.agents)} agents on {seats:,} seats; take kind = "
        '"populations", which says who takes which share of the seats, or "alike", where each agent takes all of them'
    )
