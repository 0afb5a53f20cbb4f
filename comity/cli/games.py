"""Commands about games alone, before anybody plays them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from comity.cli.app import app, refuse
from comity.cli.playing import GameName
from comity.cli.reading import AsCSV, AsJSON, one_form
from comity.cli.shown import Listing

if TYPE_CHECKING:
    from comity.core.flow import StageGame
    from comity.exact.baselines import Baseline, Extremes
    from comity.games.ordinal import OrdinalGame


@app.command()
def ordinal(
    family: Annotated[
        str | None, typer.Option(help='Only games of this family, like "PD family".', show_default="all")
    ] = None,
    json_: AsJSON = False,
    csv: AsCSV = False,
) -> None:
    """The 144 strict ordinal 2x2 games: place, name, family, payoffs, equilibria, neighbours."""
    from comity.games.ordinal import ordinal_games

    one_form(json_, csv)
    wanted = None if family is None else _family(family)
    rows = [_ordinal_row(game) for game in ordinal_games() if wanted in (None, game.family)]
    brief = ("number", "row", "column", "title", "family", "payoffs", "equilibria")
    said = (
        "payoffs: rows are the first player's actions A and B, cells what the first and the second player are paid",
        'in a plan: {name = "ordinal", row = ..., column = ...}',
    )
    title = f"{len(rows)} strict ordinal games" if wanted is None else f"{len(rows)} games of the family {wanted}"
    Listing(title, (*brief, "neighbours", "twin"), rows, said, brief).print(json=json_, csv=csv)


def _family(name: str) -> str:
    from comity.games.ordinal import FAMILIES
    from comity.runs.shape import unknown

    spelled = {family.lower(): family for family in FAMILIES}
    if name.lower() not in spelled:
        refuse(unknown("family", name, list(FAMILIES)))
    return spelled[name.lower()]


def _ordinal_row(game: OrdinalGame) -> dict[str, Any]:
    cells = [" ".join(f"{first},{second}" for first, second in line) for line in game.table]
    equilibria = [" ".join(profile) for profile in game.pure_equilibria()]
    return {
        "number": game.number,
        "row": game.row,
        "column": game.column,
        "title": game.title,
        "family": game.family,
        "payoffs": " / ".join(cells),
        "equilibria": ", ".join(equilibria) or None,
        "neighbours": " ".join(neighbour.number for neighbour in game.neighbours),
        "twin": game.twin.number,
    }


@app.command("baselines")
def baselines_command(game: GameName, json_: AsJSON = False, csv: AsCSV = False) -> None:
    """What chance, the first option, equilibrium, caution and taking turns would earn in a game."""
    from comity.exact.baselines import baselines, extremes

    one_form(json_, csv)
    stage = _stage(game)
    found, ends = baselines(stage), extremes(stage)
    rows = [_baseline_row(one, ends, seat) for one in found for seat in range(stage.n_players)]
    columns = ("baseline", "seat", "payoff", "share_of_max", "range_share", "joint")
    said = tuple(f"{one.name}: {one.meaning}" for one in found)
    Listing(f"baselines of {game}", columns, rows, said).print(json=json_, csv=csv)


def _stage(game: str) -> StageGame:
    from comity.core.flow import StageGame
    from comity.records.spec import Cell
    from comity.runs.spelling import parse_spec

    built = Cell(game, "none", parse_spec(game, "games")).built
    if not isinstance(built, StageGame):
        refuse(f"{game} is not played in one step by all at once, so it has no profiles to take baselines of")
    return built


def _baseline_row(baseline: Baseline, ends: Extremes, seat: int) -> dict[str, Any]:
    payoff = baseline.payoffs[seat]
    exact = {
        "payoff": payoff,
        "share_of_max": ends.share_of_max(seat, payoff),
        "range_share": ends.range_share(seat, payoff),
        "joint": ends.joint_share(baseline.payoffs),
    }
    numbers = {name: None if value is None else float(value) for name, value in exact.items()}
    return {"baseline": baseline.name, "seat": seat + 1, **numbers}
