"""What was proposed, and what became of it: quality, votes, signatures and delegation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from comity.metrics import proposals
from comity.metrics.behaviour import adoption, votes
from comity.report.contents import Part, Prose, Section
from comity.report.figures import Figure, bars, stacked
from comity.report.grid import Entry, Grid, tinted
from comity.report.results import Results
from comity.report.sections.behaviour import errors
from comity.report.text import number, prose
from comity.report.told import entry
from comity.stats.proportions import exact

LEAD = (
    "Before they act, players propose a contract or a mediator, vote, and sign or delegate. A proposal is good if it "
    "makes cooperation stable once all accept it: as an equilibrium, or more, so that it pays whatever the others do."
)
PROPERTIES = (("equilibrium", "Nash"), ("dominant", "dominant"))
DESIGN = (("design_equilibrium", "Nash"), ("design_dominance", "dominant"))
BY_AGENT = (
    ("approval", "Approves"),
    ("approved", "Is approved"),
    ("signing", "Signs"),
    ("delegation", "Delegates"),
)
COUNTED = {
    "most approvals": "How many approve the proposal with most approvals",
    "signers": "How many sign",
    "delegators": "How many delegate",
}
MOST_NUMBERS = 6
"""Distributions over more numbers than this are tabled and not drawn."""


def section(results: Results) -> Section | None:
    """Quality, adoption and votes, where something is proposed."""
    if not {"propose", "approve", "sign"} & set(results.tables.decisions["kind"].unique()):
        return None
    parts: list[Part] = [Prose((LEAD,)), *_quality(results), *_adoption(results), *_by_agent(results), *_votes(results)]
    return Section("proposals", "Proposals, votes and adoption", tuple(parts))


# Quality


def _quality(results: Results) -> Iterator[Part]:
    made = proposals(results.tables, results.cells.values())
    made = made[made["game"].isin(results.dilemmas) & made["equilibrium"].notna()]
    if made.empty:
        return
    under = [mechanism for mechanism in results.mechanisms if mechanism in set(made["mechanism"])]
    columns = [(mechanism, name, said) for mechanism in under for name, said in PROPERTIES]
    rows = tuple(
        (agent, tuple(_share(made, mechanism, agent, name) for mechanism, name, _ in columns))
        for agent in results.agents
    )
    heads = tuple(f"{prose(mechanism)}: {said}" for mechanism, _, said in columns)
    games = ", ".join(map(prose, results.dilemmas))
    note = (
        "The share of an agent's different proposals (of a seat, cell and replicate) that make cooperation a Nash "
        f"equilibrium, and weakly dominant, over {games}; worked out exactly. Whiskers and brackets are exact 95 % "
        "intervals after Clopper and Pearson, as if proposals were independent."
    )
    yield _drawn("proposals-quality", Grid("Quality of proposals", note, "Agent", heads, rows))
    yield _over_games(results, under)


def _share(made: pd.DataFrame, mechanism: str, agent: str, name: str) -> Entry:
    """The share of the proposals of an agent under a mechanism, and its exact interval."""
    own = made.loc[(made["mechanism"] == mechanism) & (made["agent"] == agent), name]
    if own.empty:
        return Entry(math.nan)
    low, high = exact(int(own.sum()), len(own))
    return Entry(int(own.sum()) / len(own), f"{int(own.sum())} of {len(own)}", low=low, high=high)


def _drawn(key: str, table: Grid) -> Figure:
    values, low, high = (
        pd.DataFrame([[getattr(one, end) for one in entries] for _, entries in table.rows], columns=list(table.columns))
        for end in ("value", "low", "high")
    )
    heads = [head for head, _ in table.rows]
    return bars(key, values.set_axis(heads), table, low.set_axis(heads), high.set_axis(heads))


def _over_games(results: Results, under: Sequence[str]) -> Grid:
    """The same, each game with the same weight, as published."""
    measured = {name: results.measured(name, ["mechanism", "agent"], results.dilemmas) for name, _ in DESIGN}
    columns = [(mechanism, name, said) for mechanism in under for name, said in DESIGN]
    rows = tuple(
        (agent, tuple(entry(measured[name], (mechanism, agent)) for mechanism, name, _ in columns))
        for agent in results.agents
    )
    note = (
        "The same shares as published: the mean over games, each with the same weight. Brackets are 95 % intervals "
        "over replicates."
    )
    heads = tuple(f"{prose(mechanism)}: {said}" for mechanism, _, said in columns)
    return Grid("Quality of proposals, averaged over games", note, "Agent", heads, rows)


# Adoption


def _adoption(results: Results) -> Iterator[Grid]:
    found = adoption(results.tables)
    for mechanism in results.mechanisms:
        own = found[found["mechanism"] == mechanism]
        if own.empty:
            continue
        measures = list(dict.fromkeys(own["measure"]))
        known = {
            (game, measure): _with_error(share, error)
            for game, measure, share, error in zip(own["game"], own["measure"], own["share"], own["error"], strict=True)
        }
        rows = tuple(
            (prose(game), tuple(known.get((game, measure), Entry(math.nan)) for measure in measures))
            for game in results.games
            if game in set(own["game"])
        )
        note = (
            "Approvals: the share of all votes. Signatures, delegations: the share of all decisions to sign or to act. "
            "All signed, somebody or all delegated: the share of contracts and of plays under a mediator."
            f"{errors(results)}"
        )
        heads = tuple(measure.capitalize() for measure in measures)
        yield tinted(Grid(f"Adoption under {prose(mechanism)}", note, "Game", heads, rows))


def _with_error(share: float, error: float) -> Entry:
    return Entry(share, "" if math.isnan(error) else f"\u00b1 {number(error)}")


def _by_agent(results: Results) -> Iterator[Grid]:
    """Who approves, is approved, signs and delegates."""
    measured = {name: results.measured(name, ["mechanism", "agent"], results.games) for name, _ in BY_AGENT}
    for mechanism in results.mechanisms:
        told = [
            (name, head)
            for name, head in BY_AGENT
            if any((mechanism, agent) in measured[name] for agent in results.agents)
        ]
        rows = tuple(
            (agent, tuple(entry(measured[name], (mechanism, agent)) for name, _ in told)) for agent in results.agents
        )
        shown = [place for place in range(len(told)) if any(not math.isnan(row[place].value) for _, row in rows)]
        if shown:
            kept = tuple((agent, tuple(row[place] for place in shown)) for agent, row in rows)
            note = (
                "Over all games. Approves: of the proposals put to the vote, its own included. Is approved: of all "
                "voters, itself included. Signs and delegates: of the contracts and mediators that it could accept."
            )
            heads = tuple(told[place][1] for place in shown)
            yield Grid(f"Votes and adoption by agent under {prose(mechanism)}", note, "Agent", heads, kept)


# Votes


def _votes(results: Results) -> Iterator[Figure | Grid]:
    found = votes(results.tables)
    for place, (counted, caption) in enumerate(COUNTED.items()):
        own = found[found["counted"] == counted]
        if not own.empty:
            yield _distribution(results, f"votes-{place}", caption, own)


def _distribution(results: Results, key: str, caption: str, own: pd.DataFrame) -> Figure | Grid:
    numbers = sorted(own["number"].unique().tolist())
    known = {
        (mechanism, game, n): _with_error(share, error)
        for mechanism, game, n, share, error in own[["mechanism", "game", "number", "share", "error"]].itertuples(
            index=False, name=None
        )
    }
    cells = [key for key in results.cells if any((*key, n) in known for n in numbers)]
    several = len({mechanism for mechanism, _ in cells}) > 1
    heads = [f"{prose(mechanism)} \u00b7 {prose(game)}" if several else prose(game) for mechanism, game in cells]
    rows = tuple(
        (head, tuple(known.get((*cell, n), Entry(math.nan)) for n in numbers))
        for head, cell in zip(heads, cells, strict=True)
    )
    note = f"How often it is so many.{errors(results)}"
    table = Grid(caption, note, "Game", tuple(map(str, numbers)), rows, key=key)
    values = pd.DataFrame([[one.value for one in entries] for _, entries in rows], heads, list(table.columns))
    return stacked(key, values, table) if len(numbers) <= MOST_NUMBERS else tinted(table)
