"""Scripts whose results are known, played and compared: whether the laboratory measures what it should."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from comity.cli.app import refuse
from comity.cli.shown import Listing

if TYPE_CHECKING:
    from comity.studies.exchange_reference import Compared

WORLDS = 10
PROCESSES = 2
COLUMNS = ("agent", "expected", "found", "sd", "errors", "at_most", "within", "rule")


def reference_table(study: str, worlds: int | None, *, json: bool, csv: bool) -> None:
    """Print the table of that study's reference agents; exits with 1 where one is not as expected."""
    from comity.studies.catalogue import study_called
    from comity.studies.exchange import EXCHANGE
    from comity.studies.exchange_reference import ERRORS

    if study_called(study) is not EXCHANGE:
        refuse(f"the study {study} has no scripts whose results are known; {EXCHANGE.name} has")
    if json and csv:
        refuse("--json and --csv are two forms of one table; ask for one of them")
    found = _all_compared(worlds or WORLDS)
    beyond = [one.reference.name for one in found if not one.within]
    notes = (
        f"tasks of all agents together, means over {worlds or WORLDS} worlds; sd: over worlds; at_most: what any could",
        f"errors: the difference in standard errors of both; within: at most {ERRORS}, and the last digit printed",
        f"not as expected: {', '.join(beyond)}" if beyond else "all as expected",
    )
    Listing("reference agents", COLUMNS, [_row(one) for one in found], notes).print(json=json, csv=csv)
    if beyond:
        raise typer.Exit(1)


def _all_compared(worlds: int) -> list[Compared]:
    """Every reference, in the order of the table; played in two processes, with a line on how far it is."""
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    from comity.studies.exchange_reference import REFERENCES, compared

    found: dict[int, Compared] = {}
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        pending = {pool.submit(compared, one, worlds): place for place, one in enumerate(REFERENCES)}
        for done in as_completed(pending):
            found[pending[done]] = done.result()
            if sys.stderr.isatty():
                last = len(found) == len(REFERENCES)
                typer.echo(f"\r{len(found)} of {len(REFERENCES)} agents played", err=True, nl=last)
    return [found[place] for place in range(len(REFERENCES))]


def _row(one: Compared) -> dict[str, Any]:
    reference = one.reference
    ranged = f"{reference.expected:g} to {reference.most:g}" if reference.most is not None else reference.expected
    return {
        "agent": reference.name,
        "expected": ranged,
        "found": round(one.found, 1),
        "sd": round(one.spread, 1),
        "errors": None if one.errors is None else round(one.errors, 1),
        "at_most": round(one.most, 1),
        "within": one.within,
        "rule": reference.rule,
    }
