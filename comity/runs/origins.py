"""What a run says of its choices and its records do not: which are draws, and which are shared by several matches."""

from __future__ import annotations

from comity.records.store import RunFile
from comity.records.tables import Origins
from comity.runs.fields import WAITED_FOR
from comity.runs.plan import plan_of


def origins_of(run: RunFile) -> Origins:
    """Where the choices in a run come from.

    What people, models and functions answered was drawn, whether a lottery is on record or not; only scripts say so.
    And a plan says whether proposals are made anew in each match, and which matches were worked out from shared
    answers. Raises `BadParameter` where a plugin that the run needs is missing.
    """
    if run.header.origin != "plan":
        return Origins(drawing=None)
    for cell in run.cells():
        cell.built  # noqa: B018  # a plugin that is missing is told of as such, and not as a mistake in the plan
    plan = plan_of(run.header, f"the plan of {run.path}")
    return Origins(
        frozenset(label for label, spec in plan.agents if spec.name in WAITED_FOR),
        plan.proposals == "match",
        frozenset((cell.game_label, cell.mechanism_label) for cell in plan.crossed),
    )
