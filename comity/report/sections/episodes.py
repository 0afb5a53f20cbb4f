"""Single episodes of each cell side by side: what both did round by round, chosen by a rule and not by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from comity.metrics.pairings import ends_of
from comity.report.contents import Part, Prose, Section
from comity.report.figures import Figure
from comity.report.grid import Entry, Grid
from comity.report.results import Key, Results
from comity.report.strips import Strip, strips
from comity.report.text import counted, prose

MOST_CELLS = 6
"""Of more cells those are shown in which episodes differ most."""
MOST_ROUNDS = 30
"""So many rounds of an episode are drawn."""
RULE = (
    "Of each cell three episodes of two players: the one in which both together were paid least per round, the median "
    "(of two, the lower), and the one in which they were paid most; of those that tie, the first played."
)
CHOSEN = (
    " Of {cells} those {most} are shown in which the least and the most differ most, as a share of the most that both "
    "can be paid together."
)
MEANING = "C: the action that cooperates. D: any other."
PLACES = "The numbers are the places of the options in the list of the seat; the first is tinted."


def section(results: Results) -> Section | None:
    """Three episodes of each cell; None where no two players met for several rounds."""
    paid = _paid(results.rounds)
    if paid.empty:
        return None
    spread = _spread(results, paid)
    shown = [key for key in results.cells if key in spread]
    lead = RULE
    if len(shown) > MOST_CELLS:
        lead += CHOSEN.format(cells=counted(len(shown), "cell"), most=MOST_CELLS)
        most = sorted(shown, key=lambda key: -spread[key])[
            :MOST_CELLS
        ]  # sorting is stable: the first of those that tie
        shown = [key for key in shown if key in most]
    rounds = results.rounds.set_index("match")
    figures = [_figure(results, key, paid[paid["key"] == key], rounds, place) for place, key in enumerate(shown)]
    parts: tuple[Part, ...] = (Prose((lead,)), *figures)
    return Section("episodes", "Single episodes", parts)


def _paid(rounds: pd.DataFrame) -> pd.DataFrame:
    """What both players of an episode were paid together per round: columns match, key and joint."""
    of_two = rounds[rounds["players"] == 2]
    if of_two.empty:
        return pd.DataFrame(columns=["match", "key", "joint"])
    by_match = of_two.groupby("match", sort=False)
    joint = 2 * by_match["base_payoff"].mean()
    cells = by_match[["mechanism", "game"]].first()
    return pd.DataFrame(
        {"match": joint.index, "key": list(cells.itertuples(index=False, name=None)), "joint": joint.to_numpy(float)}
    )


def _spread(results: Results, paid: pd.DataFrame) -> dict[Key, float]:
    """How much the best-paid episode of each cell is above the worst-paid, over the most that can be paid."""
    by_cell = paid.groupby("key", sort=False)["joint"].agg(["min", "max"])
    found = {}
    for key, low, high in by_cell.itertuples(name=None):
        ends = ends_of(results.cells[key])
        most = float(ends.joint) if ends is not None and ends.joint > 0 else 1.0
        found[key] = float(high - low) / most
    return found


def _chosen(paid: pd.DataFrame) -> Iterator[tuple[str, int]]:
    """The episodes with the least, the median and the most, each once, and what they are."""
    ordered = paid.sort_values(["joint", "match"], kind="stable")
    matches, joint = ordered["match"].tolist(), ordered["joint"].tolist()
    most = joint.index(joint[-1])  # the first of those that tie
    taken: set[int] = set()
    for what, place in (("least", 0), ("median", (len(matches) - 1) // 2), ("most", most)):
        if matches[place] not in taken:
            taken.add(matches[place])
            yield what, matches[place]


def _figure(results: Results, key: Key, paid: pd.DataFrame, rounds: pd.DataFrame, place: int) -> Figure:
    mechanism, game = key
    found = [
        strip for what, match in _chosen(paid) for strip in _strips(what, match, rounds.loc[[match]].reset_index())
    ]
    columns = max(len(strip.signs) for strip, _ in found)
    rows = tuple((f"{strip.panel}, {strip.row}", _entries(strip, payoffs, columns)) for strip, payoffs in found)
    by_option = rounds.loc[paid["match"].iloc[0], "basis"].iloc[0] != "cooperation"
    note = PLACES if by_option else MEANING
    note += (
        " Behind each seat what it was paid by the stage game in all, and in the table below its rounds what they paid."
    )
    if int(rounds.loc[paid["match"].tolist(), "turn"].max()) >= MOST_ROUNDS:
        note += f" The first {MOST_ROUNDS} rounds."
    name = f"episodes-{place}"
    caption = f"Episodes of {prose(game)} under {prose(mechanism)}"
    table = Grid(caption, note, "Episode and seat", tuple(map(str, range(1, columns + 1))), rows, digits=0, key=name)
    return strips(name, [strip for strip, _ in found], table)


def _strips(what: str, match: int, rounds: pd.DataFrame) -> Iterator[tuple[Strip, Sequence[float]]]:
    """The strip of each seat, and what each round paid it."""
    per_round = rounds["base_payoff"].mean() * 2
    panel = f"Paid {what}, {per_round:g} a round together: match {match}"
    for seat, part in rounds.groupby("seat", sort=True):
        total = part["base_payoff"].sum()
        cut = part.head(MOST_ROUNDS)
        by_option = cut["basis"].iloc[0] != "cooperation"
        own = cut["own"].astype(bool).tolist()
        places = [str(option + 1) if option >= 0 else "?" for option in cut["option"].astype(int)]
        signs = places if by_option else ["C" if kind else "D" for kind in own]
        row = f"seat {int(str(seat)) + 1}, {cut['agent'].iloc[0]}: {total:g}"
        yield Strip(panel, row, signs, own), cut["base_payoff"].tolist()


def _entries(strip: Strip, payoffs: Sequence[float], columns: int) -> tuple[Entry, ...]:
    """The acts as numbers (1 where tinted), with what each round paid in small print."""
    found = [
        Entry(float(dark), f"{sign}, paid {paid:g}")
        for dark, sign, paid in zip(strip.dark, strip.signs, payoffs, strict=True)
    ]
    return (*found, *[Entry(float("nan"))] * (columns - len(found)))
