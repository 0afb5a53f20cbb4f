"""A source of people's choices becomes a data set with a card, after every check that observations must pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from comity.corpora.errors import CorpusError
from comity.corpora.human.card import Card, Treatment
from comity.corpora.human.dataset import checked_folder, write_aggregates, write_human
from comity.corpora.human.files import SourceFile, source_files
from comity.corpora.human.layouts import Layout, Told
from comity.corpora.human.published import LAYOUTS
from comity.corpora.human.recovered import NAME as RECOVERED
from comity.corpora.human.recovered import recovered, recovered_card
from comity.corpora.human.tidy import NAME as TIDY
from comity.corpora.human.tidy import is_links, read_about, tidy_layout
from comity.fidelity.observations import COLUMNS, FidelityError, Observations
from comity.fidelity.reading import ACTIONS, TRUTHS, Key, read_conditions

_TEXTS = ("population", "condition", "session", "unit", "agent", "stretch")


@dataclass(frozen=True)
class ImportedHuman:
    """What became of an import."""

    card: Card

    def summary(self) -> tuple[str, ...]:
        """What a person is told of it, one line each."""
        card = self.card
        counted = "people" if card.ids or card.kind == "aggregates" else "agents (a person may be several)"
        conditions = (
            f"  {name}: {each.subjects:,}"
            + (f" in {each.sessions:,} session{'s' * (each.sessions != 1)}" if card.sessions_known else "")
            + f", {each.decisions:,} decisions, {each.cooperation:.1%} cooperated"
            + (f", {each.invalid:,} row{'s' * (each.invalid != 1)} that nobody chose" if each.invalid else "")
            for name, each in card.conditions.items()
        )
        return (
            f"{card.title} ({card.name})",
            f"{card.subjects:,} {counted}, {card.decisions:,} decisions, licence: {card.licence}",
            *conditions,
            *(f"missing: {each}" for each in card.missing),
            *(f"note: {each}" for each in card.limits),
        )


def import_human(source: str, out: Path, layout: str | None = None) -> ImportedHuman:
    """Read what people did from a file or folder, in a layout that is recognised by its columns, into the folder `out`.

    source: a path, or "recovered" for the published aggregates that come with comity. layout: one of `layout_names`,
    where a folder holds several. Raises `CorpusError` where something is wrong; nothing is written then.
    """
    checked_folder(out)
    if source == RECOVERED and not Path(source).exists():
        card = recovered_card()
        write_aggregates(out, card, recovered())
        return ImportedHuman(card)
    if layout is not None and layout not in layout_names():
        raise CorpusError(f"there is no layout {layout!r}; there are {', '.join(layout_names())}")
    found, files = _chosen(Path(source), layout)
    form = found.form_of(next(file for file in files if not is_links(file)))
    assert form is not None  # that is how the files were chosen
    try:
        told = form.read(files)
        observations = read_conditions(told.table, told.links)
    except FidelityError as error:
        raise CorpusError(f"{', '.join(str(file.path) for file in files)}: {error}") from error
    card = _card(found, files, told, observations)
    write_human(out, card, _canonical(told.table), None if told.links is None else _canonical_links(told.links))
    return ImportedHuman(card)


def layout_names() -> tuple[str, ...]:
    """All layouts that can be read."""
    return (*LAYOUTS, TIDY)


def _chosen(source: Path, layout: str | None) -> tuple[Layout, Sequence[SourceFile]]:
    """The layout of the files, and those that have it."""
    files = source_files(source)
    tidy = tidy_layout(read_about(source if source.is_dir() else source.parent))
    by_layout: dict[str, list[SourceFile]] = {}
    for file in files:
        if is_links(file):
            continue
        fitting = next((each for each in (*LAYOUTS.values(), tidy) if each.form_of(file)), None)
        if fitting is not None:
            by_layout.setdefault(fitting.name, []).append(file)
    if layout is None and len(by_layout) != 1:
        raise CorpusError(_undecided(source, by_layout))
    name = layout or next(iter(by_layout))
    if name not in by_layout:
        raise CorpusError(f"{source} holds no file in the layout {name}")
    chosen = {**LAYOUTS, TIDY: tidy}[name]
    found = by_layout[name]
    if len(found) > 1 and not chosen.several:
        names = ", ".join(file.path.name for file in found)
        raise CorpusError(f"{source} holds several files in the layout {name} ({names}); name one of them")
    if len({chosen.form_of(file) for file in found}) > 1:
        raise CorpusError(f"{source} holds the layout {name} in several forms; name one of the files")
    beside = source_files(source.parent) if source.is_file() and name == TIDY else files
    return chosen, [*found, *(file for file in beside if name == TIDY and is_links(file))]


def _undecided(source: Path, by_layout: Mapping[str, Sequence[SourceFile]]) -> str:
    if by_layout:
        return f"{source} holds several layouts ({', '.join(by_layout)}); choose one with --layout"
    return (
        f"{source} holds no table in a layout that can be read; a tidy one needs the columns population, condition, "
        f"session, agent, round, action, and the published ones are {', '.join(LAYOUTS)}"
    )


def _card(layout: Layout, files: Sequence[SourceFile], told: Told, found: Mapping[Key, Observations]) -> Card:
    conditions = tuple(dict.fromkeys(condition for _, condition in found))
    populations = tuple(dict.fromkeys(population for population, _ in found))
    treatments = {
        name: _treatment(told, name, [each for (_, of), each in found.items() if of == name]) for name in conditions
    }
    rows = told.table[["session", "agent", "population"]].astype(str)
    return Card(
        name=layout.name,
        title=layout.title,
        kind="individuals",
        source=layout.source,
        licence=layout.licence,
        citation=layout.citation,
        populations=populations,
        conditions=treatments,
        subjects=len(rows.drop_duplicates()),
        sessions=rows["session"].nunique() if layout.sessions_known else 0,
        decisions=sum(each.decisions for each in treatments.values()),
        ids=layout.ids,
        sessions_known=layout.sessions_known,
        links=told.links is not None,
        missing=layout.missing,
        limits=(*layout.limits, *told.limits),
        protocol=layout.protocol,
        files={file.path.name: file.digest for file in files},
    )


def _treatment(told: Told, name: str, found: Sequence[Observations]) -> Treatment:
    decisions = sum(int(each.known.sum()) for each in found)
    if not decisions:
        raise CorpusError(f"the condition {name!r} has no action that anybody chose")
    cooperated = sum(float(each.action[each.known].sum()) for each in found)
    return Treatment(
        payoffs=told.payoffs.get(name, {}),
        subjects=sum(each.n_agents for each in found),
        sessions=len({session for each in found for session in each.sessions}),
        rounds=max(each.n_rounds for each in found),
        decisions=decisions,
        invalid=sum(each.invalid for each in found),
        cooperation=cooperated / decisions,
    )


def _canonical(table: pd.DataFrame) -> pd.DataFrame:
    """The columns in their order, each of one type. The table has passed every check."""
    columns: dict[str, Any] = {}
    for name in COLUMNS:
        if name not in table:
            continue
        if name in _TEXTS:
            columns[name] = table[name].astype(str)
        elif name == "round":
            columns[name] = pd.to_numeric(table[name]).astype("int64")
        elif name in ("action", "executed", "own"):
            columns[name] = _in_words(table[name], ACTIONS).astype("Int8")
        elif name == "valid":
            columns[name] = _in_words(table[name], TRUTHS) == 1
        else:
            columns[name] = pd.to_numeric(table[name]).astype("float64")
    return pd.DataFrame(columns)


def _in_words(values: pd.Series, words: Mapping[str, float]) -> pd.Series[float]:
    spelled = values.astype("string").str.strip().str.casefold().str.removesuffix(".0")
    return spelled.map(words).astype("Float64")


def _canonical_links(links: pd.DataFrame) -> pd.DataFrame:
    named = [name for name in ("condition", "session", "stretch", "agent", "neighbour") if name in links]
    found = links[named].astype(str)
    if "round" in links:
        found["round"] = pd.to_numeric(links["round"]).astype("int64")
    return found
